/* SPDX-License-Identifier: BSD-2-Clause */
/* KAME's formats, byte for byte. */
#include <keydb.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { NOV_22_2026_161002 = 1795363802 };

static union keydb_addr addr(const char *text)
{
	union keydb_addr a;
	memset(&a, 0, sizeof(a));
	if (inet_pton(AF_INET, text, &a.sin.sin_addr) == 1)
		a.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.sin6.sin6_addr) == 1)
		a.sa.sa_family = AF_INET6;
	return a;
}

static void set_alg(struct keydb_alg *a, uint16_t id, size_t key_len)
{
	uint8_t key[KEYDB_KEY_MAX_BYTES];
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	assert_int_equal(keydb_alg_set(a, keydb_alg_by_id(id), key, key_len, 0), 0);
}

static struct keydb_sa plain_sa(void)
{
	struct keydb_sa sa;
	memset(&sa, 0, sizeof(sa));
	sa.id.src = addr("192.1.2.45");
	sa.id.dst = addr("192.1.2.23");
	sa.id.spi = 0x12345678;
	sa.id.proto = KEYDB_PROTO_ESP;
	sa.mode = KEYDB_MODE_TUNNEL;
	sa.state = KEYDB_SA_MATURE;
	sa.replay_window_pkts = 4;
	sa.limits.hard_add_sec = 43200;
	sa.limits.soft_add_sec = 34560;
	sa.limits.hard_bytes = KEYDB_INFINITE;
	return sa;
}

static char *text;

static void begins_with(const char *start)
{
	if (strncmp(text, start, strlen(start)))
		fail_msg("'%s' does not begin with '%s'", text, start);
}

static const char *sa_text(const struct keydb_sa *sa, bool ports)
{
	size_t len;
	free(text);
	FILE *f = open_memstream(&text, &len);
	keydb_sa_print(&(struct keydb_print){ .file = f, .pid = 1234, .ports = ports }, sa, 1);
	fclose(f);
	return text;
}

static const char *policy_text(const struct keydb_policy *p, bool ports)
{
	size_t len;
	free(text);
	FILE *f = open_memstream(&text, &len);
	keydb_policy_print(&(struct keydb_print){ .file = f, .pid = 1234, .ports = ports }, p, 1);
	fclose(f);
	return text;
}

/* The line "\tcreated: ... \tcurrent: ..." and the age change from second to second. */
static void assert_lines(const char *got, const char *const *want)
{
	char line[512];
	for (; *want; want++) {
		size_t n = strcspn(got, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)n, got);
		if ((*want)[strlen(*want) - 1] == '*')
			assert_memory_equal(line, *want, strlen(*want) - 1);
		else
			assert_string_equal(line, *want);
		got += n + (got[n] == '\n');
	}
	assert_string_equal(got, "");
}

static void an_sa_looks_as_in_kame(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	set_alg(&sa.encr, KEYDB_ALG_AES_CBC, 16);
	set_alg(&sa.auth, KEYDB_ALG_HMAC_SHA256, 32);
	sa.usage.add_time = NOV_22_2026_161002;
	sa.usage.use_time = NOV_22_2026_161002 + 28;
	sa.usage.bytes = 84;
	sa.usage.packets = 1;
	assert_lines(
		sa_text(&sa, false),
		(const char *[]){
			"192.1.2.45 192.1.2.23 ",
			"\tesp mode=tunnel spi=305419896(0x12345678) reqid=0(0x00000000)",
			"\tE: aes-cbc  00010203 04050607 08090a0b 0c0d0e0f",
			"\tA: hmac-sha256  00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617"
			" 18191a1b 1c1d1e1f",
			"\tseq=0x00000000 replay=4 flags=0x00000000 state=mature ",
			"\tcreated: Nov 22 16:10:02 2026\tcurrent: *", "\tdiff: *",
			"\tlast: Nov 22 16:10:30 2026\thard: 0(s)\tsoft: 0(s)",
			"\tcurrent: 84(bytes)\thard: 0(bytes)\tsoft: 0(bytes)",
			"\tallocated: 1\thard: 0\tsoft: 0", "\tsadb_seq=1 pid=1234 refcnt=0",
			NULL });
	assert_non_null(strstr(text, "(s)\thard: 43200(s)\tsoft: 34560(s)\n"));
}

static void long_keys_break_after_32_bytes(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	sa.id.proto = KEYDB_PROTO_AH;
	set_alg(&sa.auth, KEYDB_ALG_HMAC_SHA384, 48);
	assert_non_null(strstr(sa_text(&sa, false), " 1c1d1e1f\n 20212223 24252627 "));
	assert_non_null(strstr(text, "\tah mode=tunnel "));
	assert_null(strstr(text, "\tE:"));
}

static void the_longest_key_is_whole(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	strcpy(sa.auth.name, "x");
	sa.auth.key_bits = 8 * KEYDB_KEY_MAX_BYTES;
	memset(sa.auth.key, 0xab, sizeof(sa.auth.key));
	sa_text(&sa, false);
	size_t n = 0;
	for (const char *p = strstr(text, "\tA: "); (p = strstr(p, " abababab")); p += 9)
		n++;
	assert_int_equal(n, KEYDB_KEY_MAX_BYTES / 4);
	assert_non_null(strstr(text, " abababab\n\tseq="));
}

static void ipcomp_runs_into_the_next_line(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	sa.id.proto = KEYDB_PROTO_IPCOMP;
	set_alg(&sa.comp, KEYDB_ALG_DEFLATE, 0);
	assert_non_null(strstr(sa_text(&sa, false), "\tC: deflate \tseq=0x"));
}

static void nat_traversal_shows_its_ports(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	sa.encap_src_port = 4500;
	sa.encap_dst_port = 14500;
	set_alg(&sa.encr, KEYDB_ALG_NULL, 0);
	sa_text(&sa, false);
	begins_with("192.1.2.45[4500] 192.1.2.23[14500] \n\tesp-udp mode=tunnel ");
	assert_non_null(strstr(text, "\tE: null \n"));
	sa.encap_oa = addr("10.0.0.1");
	assert_non_null(strstr(sa_text(&sa, false), ")\n\tNAT OA=10.0.0.1\n\tE:"));
	sa.encap_src_port = sa.encap_dst_port = 0;
	sa_text(&sa, true);
	begins_with("192.1.2.45[0] 192.1.2.23[0] \n\tesp mode");
}

static void times_that_never_were_are_20_blanks(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	assert_non_null(strstr(sa_text(&sa, false),
			       "\tlast:                     \thard: 0(s)\tsoft: 0(s)\n"));
	assert_non_null(strstr(text, "\tdiff: 0(s)\t"));
}

static void a_dump_can_have_one_time(void **state)
{
	struct keydb_sa sa = plain_sa();
	size_t len;
	(void)state;
	sa.usage.add_time = NOV_22_2026_161002;
	free(text);
	FILE *f = open_memstream(&text, &len);
	keydb_sa_print(&(struct keydb_print){ .file = f, .now = NOV_22_2026_161002 + 58 }, &sa, 1);
	fclose(f);
	assert_non_null(strstr(text, "\tcurrent: Nov 22 16:11:00 2026\n\tdiff: 58(s)\t"));
}

static void what_pf_key_cannot_say_is_one_line_more(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	assert_null(strstr(sa_text(&sa, false), "extra"));
	set_alg(&sa.aead, KEYDB_ALG_AES_GCM_16, 20);
	sa.flags = KEYDB_SA_ESN | KEYDB_SA_NOECN;
	sa.if_id = 7;
	sa.id.mark = (struct keydb_mark){ 1, 0xff };
	sa.mode = KEYDB_MODE_BEET;
	sa.sel.src = addr("10.1.0.0");
	sa.sel.dst = addr("10.2.0.0");
	sa.sel.src_bits = sa.sel.dst_bits = 24;
	sa.sel.src_port_any = true;
	sa.sel.dst_port = 80;
	sa.sel.proto = 6;
	sa_text(&sa, false);
	assert_non_null(
		strstr(text, "\tE: aes-gcm-16  00010203 04050607 08090a0b 0c0d0e0f 10111213\n"));
	assert_non_null(strstr(text, " flags=0x80000000 "));
	assert_non_null(strstr(text, "\tesp mode=beet spi="));
	assert_non_null(strstr(text, "\textra: esn if_id=7(0x00000007) mark=0x1/0xff "
				     "sel=10.1.0.0/24[any]-10.2.0.0/24[80]/6\n\tsadb_seq"));
	sa = plain_sa();
	set_alg(&sa.auth, KEYDB_ALG_HMAC_SHA256, 32);
	sa.auth.icv_bits = 96;
	assert_non_null(strstr(sa_text(&sa, false), "\textra: icv=96\n"));
}

static void unknown_names_become_numbers(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	strcpy(sa.encr.name, "cbc(new)");
	sa.mode = KEYDB_MODE_OTHER | 5;
	sa.id.proto = 43;
	sa.state = 9;
	sa_text(&sa, false);
	assert_non_null(strstr(text, "\t43 mode=5 spi="));
	assert_non_null(strstr(text, "\tE: cbc(new) \n"));
	assert_non_null(strstr(text, " state=9 \n"));
}

static void security_contexts_follow_the_lifetimes(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	sa.ctx_doi = 1;
	sa.ctx_alg = 1;
	sa.ctx_len = 5;
	strcpy(sa.ctx, "a:b:c");
	assert_non_null(strstr(sa_text(&sa, false), "\tsecurity context doi: 1\n"
						    "\tsecurity context algorithm: 1\n"
						    "\tsecurity context length: 5\n"
						    "\tsecurity context: a:b:c\n\tsadb_seq"));
}

/* ---- policies ---- */

static struct keydb_policy policy(const char *words)
{
	struct keydb_policy p;
	size_t at;
	const char *why;
	memset(&p, 0, sizeof(p));
	assert_int_equal(keydb_policy_parse(words, &p, &at, &why), 0);
	p.sel.src = addr("192.0.2.0");
	p.sel.dst = addr("192.0.1.1");
	p.sel.src_bits = 24;
	p.sel.dst_bits = 32;
	p.sel.src_port_any = p.sel.dst_port_any = true;
	p.index = 8;
	p.usage.add_time = NOV_22_2026_161002;
	return p;
}

static void a_policy_looks_as_in_kame(void **state)
{
	struct keydb_policy p =
		policy("in prio def + 10 ipsec "
		       "esp/tunnel/192.1.2.23-192.1.2.45/require ah/transport//use");
	(void)state;
	p.limits.hard_add_sec = KEYDB_INFINITE;
	assert_lines(policy_text(&p, false),
		     (const char *[]){
			     "192.0.2.0/24[any] 192.0.1.1[any] *", "\tin prio def + 10 ipsec",
			     "\tesp/tunnel/192.1.2.23-192.1.2.45/require", "\tah/transport//use",
			     "\tcreated: Nov 22 16:10:02 2026  lastused:                     ",
			     "\tlifetime: 0(s) validtime: 0(s)", "\tspid=8 seq=1 pid=1234",
			     "\trefcnt=1", NULL });
	assert_non_null(strstr(policy_text(&p, true),
			       "\tesp/tunnel/192.1.2.23[0]-192.1.2.45[0]/require\n"));
}

static void first_line_is(const struct keydb_policy *p, const char *want)
{
	char line[256];
	policy_text(p, false);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
	assert_string_equal(line, want);
}

static void upper_layers_show_ports_types_or_keys(void **state)
{
	struct keydb_policy p = policy("out none");
	(void)state;
	p.sel.proto = 6;
	p.sel.dst_port_any = false;
	p.sel.dst_port = 80;
	first_line_is(&p, "192.0.2.0/24[any] 192.0.1.1[80] tcp");
	p.sel.proto = 1;
	p.sel.src_port_any = false;
	p.sel.src_port = 8;
	p.sel.dst_port = 0;
	first_line_is(&p, "192.0.2.0/24 192.0.1.1 icmp 8,0");
	p.sel.src_port_any = p.sel.dst_port_any = true;
	first_line_is(&p, "192.0.2.0/24 192.0.1.1 icmp");
	p.sel.proto = 47;
	p.sel.src_port_any = p.sel.dst_port_any = false;
	p.sel.src_port = 1;
	p.sel.dst_port = 2;
	first_line_is(&p, "192.0.2.0/24 192.0.1.1 gre 65538");
	p.sel.proto = 253;
	p.sel.src_port_any = p.sel.dst_port_any = true;
	first_line_is(&p, "192.0.2.0/24[any] 192.0.1.1[any] 253");
}

static void names_of_protocols_are_those_of_the_system_each_time(void **state)
{
	struct keydb_policy p = policy("out none");
	char want[256];
	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int number = 1; number < 256; number++) {
			const struct protoent *entry = getprotobynumber(number);
			snprintf(want, sizeof(want), "%d", number);
			p.sel.proto = (uint8_t)number;
			policy_text(&p, false);
			size_t len = strcspn(text, "\n");
			text[len] = '\0';
			assert_string_equal(strrchr(text, ' ') + 1, entry ? entry->p_name : want);
		}
	}
}

static void sockets_policies_are_marked(void **state)
{
	struct keydb_policy p = policy("in none");
	(void)state;
	p.dir = KEYDB_DIR_SOCKET_OUT;
	p.priority = 0;
	policy_text(&p, false);
	begins_with("(per-socket policy) \n\tout(socket) none\n");
}

static void marks_and_interfaces_are_one_line_more(void **state)
{
	struct keydb_policy p = policy("in none");
	(void)state;
	p.if_id = 3;
	p.mark = (struct keydb_mark){ 2, 3 };
	p.flags = KEYDB_POLICY_LOCALOK;
	p.sub = true;
	assert_non_null(strstr(policy_text(&p, false), "\textra: localok sub if_id=3(0x00000003) "
						       "mark=0x2/0x3\n\tspid=8"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_sa_looks_as_in_kame),
		cmocka_unit_test(long_keys_break_after_32_bytes),
		cmocka_unit_test(the_longest_key_is_whole),
		cmocka_unit_test(ipcomp_runs_into_the_next_line),
		cmocka_unit_test(nat_traversal_shows_its_ports),
		cmocka_unit_test(times_that_never_were_are_20_blanks),
		cmocka_unit_test(a_dump_can_have_one_time),
		cmocka_unit_test(what_pf_key_cannot_say_is_one_line_more),
		cmocka_unit_test(unknown_names_become_numbers),
		cmocka_unit_test(security_contexts_follow_the_lifetimes),
		cmocka_unit_test(a_policy_looks_as_in_kame),
		cmocka_unit_test(upper_layers_show_ports_types_or_keys),
		cmocka_unit_test(names_of_protocols_are_those_of_the_system_each_time),
		cmocka_unit_test(sockets_policies_are_marked),
		cmocka_unit_test(marks_and_interfaces_are_one_line_more),
	};
	setenv("TZ", "UTC", 1);
	tzset();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(text);
	return failed;
}
