/* SPDX-License-Identifier: BSD-2-Clause */
/* What the KAME interface prints, byte for byte. */
#include "sadb_codec.h"

#include <ipsec_strerror.h>
#include <libpfkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOV_22_2026_161002 = 1795363802, A_MINUTE_LATER = NOV_22_2026_161002 + 58 };

time_t __wrap_time(time_t *t);
time_t __wrap_time(time_t *t)
{
	if (t)
		*t = A_MINUTE_LATER;
	return A_MINUTE_LATER;
}

static union {
	struct sadb_msg head;
	uint8_t bytes[SADB_MESSAGE_MAX_BYTES];
} msg;
static char said[16384];

/* ---- what goes to stdout and stderr ---- */

static int kept[2];
static FILE *caught;

static void catch_output(void)
{
	fflush(stdout);
	caught = tmpfile();
	assert_non_null(caught);
	for (int fd = 0; fd < 2; fd++) {
		kept[fd] = dup(fd + 1);
		dup2(fileno(caught), fd + 1);
	}
}

static const char *release_output(void)
{
	fflush(stdout);
	for (int fd = 0; fd < 2; fd++) {
		dup2(kept[fd], fd + 1);
		close(kept[fd]);
	}
	rewind(caught);
	said[fread(said, 1, sizeof(said) - 1, caught)] = 0;
	fclose(caught);
	return said;
}

static const char *printed(void (*print)(struct sadb_msg *))
{
	catch_output();
	print(&msg.head);
	return release_output();
}

static void begins_with(const char *start)
{
	if (strncmp(said, start, strlen(start)))
		fail_msg("'%s' does not begin with '%s'", said, start);
}

/* ---- messages ---- */

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	return 0;
}

static void addr(union keydb_addr *a, const char *text, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	a->sin.sin_family = AF_INET;
	a->sin.sin_port = htons(port);
	assert_int_equal(inet_pton(AF_INET, text, &a->sin.sin_addr), 1);
}

static void make(const struct sadb_message *m)
{
	const char *why;
	size_t len;
	memset(&msg, 0, sizeof(msg));
	if (sadb_encode(PFKEY_REPLY, m, &msg, sizeof(msg), &len, &why))
		fail_msg("%s", why);
}

static struct sadb_message sa_message(void)
{
	static const uint8_t key[20] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
		0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01, 0x02, 0x03, 0x04
	};
	struct sadb_message m;
	sadb_message_init(&m, SADB_DUMP);
	m.seq = 1;
	m.pid = 1234;
	addr(&m.sa.id.src, "192.1.2.45", 0);
	addr(&m.sa.id.dst, "192.1.2.23", 0);
	m.sa.id.proto = KEYDB_PROTO_ESP;
	m.sa.id.spi = 0x12345678;
	m.sa.mode = KEYDB_MODE_TUNNEL;
	m.sa.state = KEYDB_SA_MATURE;
	m.sa.replay_window_pkts = 4;
	m.sa.limits.hard_add_sec = 43200;
	m.sa.limits.soft_add_sec = 34560;
	m.sa.usage.add_time = NOV_22_2026_161002;
	m.sa.usage.use_time = NOV_22_2026_161002 + 28;
	assert_int_equal(keydb_alg_set(&m.sa.encr, keydb_alg_by_id(KEYDB_ALG_AES_CBC), key, 16, 0),
			 0);
	assert_int_equal(
		keydb_alg_set(&m.sa.auth, keydb_alg_by_id(KEYDB_ALG_HMAC_SHA1), key, 20, 0), 0);
	return m;
}

#define LIFETIMES                                                          \
	"\tcreated: Nov 22 16:10:02 2026\tcurrent: Nov 22 16:11:00 2026\n" \
	"\tdiff: 58(s)\thard: 43200(s)\tsoft: 34560(s)\n"                  \
	"\tlast: Nov 22 16:10:30 2026\thard: 0(s)\tsoft: 0(s)\n"           \
	"\tcurrent: 0(bytes)\thard: 0(bytes)\tsoft: 0(bytes)\n"            \
	"\tallocated: 0\thard: 0\tsoft: 0\n"
#define KEYS                                                  \
	"\tE: aes-cbc  00112233 44556677 8899aabb ccddeeff\n" \
	"\tA: hmac-sha1  00112233 44556677 8899aabb ccddeeff 01020304\n"

static void an_sa_is_printed_as_setkey_does(void **state)
{
	struct sadb_message m = sa_message();
	(void)state;
	make(&m);
	assert_string_equal(printed(pfkey_sadump),
			    "192.1.2.45 192.1.2.23 \n"
			    "\tesp mode=tunnel spi=305419896(0x12345678) reqid=0(0x00000000)\n" KEYS
			    "\tseq=0x00000000 replay=4 flags=0x00000000 state=mature \n" LIFETIMES
			    "\tsadb_seq=1 pid=1234 refcnt=0\n");
}

static void ports_are_printed_when_they_are_wanted(void **state)
{
	struct sadb_message m = sa_message();
	(void)state;
	m.sa.encap_src_port = 4500;
	m.sa.encap_dst_port = 4501;
	addr(&m.sa.id.src, "192.1.2.45", 7);
	addr(&m.sa.encap_oa, "10.0.0.1", 0);
	make(&m);
	printed(pfkey_sadump_withports);
	begins_with("192.1.2.45[7][4500] 192.1.2.23[0][4501] \n"
		    "\tesp-udp mode=tunnel spi=305419896(0x12345678) reqid=0(0x00000000)\n"
		    "\tNAT OA=10.0.0.1\n\tE: aes-cbc  00112233");
	printed(pfkey_sadump);
	begins_with("192.1.2.45[4500] 192.1.2.23[4501] \n");
}

/* The flags and numbers are the message's, known here or not; keys and times may be missing. */
static void what_is_not_in_the_message_is_not_printed(void **state)
{
	struct sadb_message m = sa_message();
	(void)state;
	m.type = SADB_UPDATE;
	memset(&m.sa.usage, 0, sizeof(m.sa.usage));
	make(&m);
	caddr_t mhp[SADB_EXT_MAX + 1];
	assert_int_equal(pfkey_align(&msg.head, mhp), 0);
	((struct sadb_sa *)mhp[SADB_EXT_SA])->sadb_sa_flags = 0x40;
	((struct sadb_x_sa2 *)mhp[SADB_X_EXT_SA2])->sadb_x_sa2_sequence = 77;
	assert_string_equal(printed(pfkey_sadump),
			    "192.1.2.45 192.1.2.23 \n"
			    "\tesp mode=tunnel spi=305419896(0x12345678) reqid=0(0x00000000)\n"
			    "\tseq=0x0000004d replay=4 flags=0x00000040 state=mature \n"
			    "\tsadb_seq=1 pid=1234 refcnt=0\n");
}

static void compression_runs_into_the_next_line(void **state)
{
	struct sadb_message m = sa_message();
	(void)state;
	memset(&m.sa.encr, 0, sizeof(m.sa.encr));
	memset(&m.sa.auth, 0, sizeof(m.sa.auth));
	m.sa.id.proto = KEYDB_PROTO_IPCOMP;
	assert_int_equal(keydb_alg_set(&m.sa.comp, keydb_alg_by_id(KEYDB_ALG_DEFLATE), NULL, 0, 0),
			 0);
	make(&m);
	assert_non_null(strstr(printed(pfkey_sadump), "\tC: deflate \tseq=0x00000000"));
}

/* Takes the extension out of the message. */
static void take_out(uint16_t type)
{
	size_t at = sizeof(struct sadb_msg), len = msg.head.sadb_msg_len * 8u;
	struct sadb_ext ext;
	while (at < len) {
		memcpy(&ext, msg.bytes + at, sizeof(ext));
		size_t bytes = ext.sadb_ext_len * 8u;
		if (ext.sadb_ext_type == type) {
			memmove(msg.bytes + at, msg.bytes + at + bytes, len - at - bytes);
			msg.head.sadb_msg_len -= ext.sadb_ext_len;
			return;
		}
		at += bytes;
	}
	fail_msg("no extension %u", type);
}

static void missing_extensions_are_told(void **state)
{
	struct sadb_message m = sa_message();
	(void)state;
	make(&m);
	take_out(SADB_X_EXT_SA2);
	assert_string_equal(printed(pfkey_sadump), "192.1.2.45 192.1.2.23 no SA2 extension.\n");
	take_out(SADB_EXT_SA);
	assert_string_equal(printed(pfkey_sadump), "192.1.2.45 192.1.2.23 no SA extension.\n");
	take_out(SADB_EXT_ADDRESS_DST);
	assert_string_equal(printed(pfkey_sadump), "192.1.2.45  no ADDRESS_DST extension.\n");
	take_out(SADB_EXT_ADDRESS_SRC);
	assert_string_equal(printed(pfkey_sadump), "no ADDRESS_SRC extension.\n");
}

static void bad_messages_are_told_and_nothing_else(void **state)
{
	struct sadb_message m = sa_message();
	(void)state;
	make(&m);
	msg.head.sadb_msg_len = 3;
	assert_string_equal(printed(pfkey_sadump),
			    "Invalid PF_KEY message: extension longer than the message\n");
	assert_int_equal(__ipsec_errcode, EIPSEC_INVAL_SADBMSG);
	assert_string_equal(printed(pfkey_spdump),
			    "Invalid PF_KEY message: extension longer than the message\n");
	catch_output();
	pfkey_sadump(NULL);
	pfkey_spdump(NULL);
	kdebug_sadb(NULL);
	ipsec_hexdump(NULL, 4);
	ipsec_bindump("x", -1);
	assert_string_equal(release_output(), "");
}

/* ---- policies ---- */

static struct sadb_message policy_message(void)
{
	struct sadb_message m;
	struct keydb_policy *p = &m.policy;
	sadb_message_init(&m, SADB_X_SPDDUMP);
	m.seq = 1;
	m.pid = 1234;
	m.refcnt = 2;
	addr(&p->sel.src, "192.0.2.0", 0);
	addr(&p->sel.dst, "192.0.1.0", 0);
	p->sel.src_bits = p->sel.dst_bits = 24;
	p->sel.proto = IPPROTO_TCP;
	p->sel.dst_port_any = false;
	p->sel.dst_port = 80;
	p->dir = KEYDB_DIR_IN;
	p->index = 8;
	p->action = KEYDB_ACTION_IPSEC;
	p->priority = KEYDB_PRIORITY_DEFAULT - 10;
	p->n_templates = 1;
	p->templates[0].proto = KEYDB_PROTO_ESP;
	p->templates[0].mode = KEYDB_MODE_TUNNEL;
	p->templates[0].level = KEYDB_LEVEL_UNIQUE;
	p->templates[0].reqid = 7;
	addr(&p->templates[0].src, "192.1.2.23", 500);
	addr(&p->templates[0].dst, "192.1.2.45", 0);
	p->limits.hard_add_sec = 60;
	p->usage.add_time = NOV_22_2026_161002;
	return m;
}

#define POLICY_REST                                                         \
	"\tcreated: Nov 22 16:10:02 2026  lastused:                     \n" \
	"\tlifetime: 60(s) validtime: 0(s)\n"                               \
	"\tspid=8 seq=1 pid=1234\n"                                         \
	"\trefcnt=2\n"

/* sadb_encode() keeps no ports of requests, as the kernel does not: they are put back by hand. */
static void make_policy(const struct sadb_message *m)
{
	make(m);
	size_t at = 0;
	const uint32_t end = inet_addr("192.1.2.23");
	while (memcmp(msg.bytes + at, &end, sizeof(end)))
		at++;
	const uint16_t port = htons(500);
	memcpy(msg.bytes + at - sizeof(port), &port, sizeof(port));
}

static void a_policy_is_printed_as_setkey_does(void **state)
{
	struct sadb_message m = policy_message();
	(void)state;
	make_policy(&m);
	assert_string_equal(printed(pfkey_spdump),
			    "192.0.2.0/24[any] 192.0.1.0/24[80] tcp\n"
			    "\tin prio def + 10 ipsec\n"
			    "\tesp/tunnel/192.1.2.23-192.1.2.45/unique:7\n" POLICY_REST);
	assert_string_equal(printed(pfkey_spdump_withports),
			    "192.0.2.0/24[any] 192.0.1.0/24[80] tcp\n"
			    "\tin prio def + 10 ipsec\n"
			    "\tesp/tunnel/192.1.2.23[500]-192.1.2.45[0]/unique:7\n" POLICY_REST);
}

static void a_policy_without_selector_or_times_says_so(void **state)
{
	struct sadb_message m = policy_message();
	(void)state;
	m.policy.n_templates = 0;
	m.policy.action = KEYDB_ACTION_NONE;
	make(&m);
	take_out(SADB_EXT_ADDRESS_SRC);
	take_out(SADB_EXT_LIFETIME_CURRENT);
	take_out(SADB_EXT_LIFETIME_HARD);
	assert_string_equal(printed(pfkey_spdump), "(no selector, probably per-socket policy) \n"
						   "\tin prio def + 10 none\n"
						   "\tspid=8 seq=1 pid=1234\n"
						   "\trefcnt=2\n");
	take_out(SADB_X_EXT_POLICY);
	assert_string_equal(printed(pfkey_spdump), "(no selector, probably per-socket policy) "
						   "no X_POLICY extension.\n");
}

static void policies_of_sockets_can_be_left_out_and_are_counted(void **state)
{
	struct sadb_message m = policy_message();
	(void)state;
	m.policy.n_templates = 0;
	m.policy.action = KEYDB_ACTION_NONE;
	m.policy.index = 8 * 9 + KEYDB_DIR_SOCKET_OUT;
	m.policy.dir = KEYDB_DIR_SOCKET_OUT;
	make(&m);
	printed(pfkey_spdump);
	begins_with("(per-socket policy) \n\tout(socket) prio def + 10 none\n");
	pfkey_spdump_filter_socket_policy(1);
	assert_string_equal(printed(pfkey_spdump), "");
	assert_string_equal(printed(pfkey_spdump_withports), "");
	assert_int_equal(pfkey_spdump_filtered_count(), 2);
	pfkey_spdump_filter_socket_policy(0);
	assert_int_equal(pfkey_spdump_filtered_count(), 0);
	assert_true(*printed(pfkey_spdump));
}

static void the_text_of_a_policy_can_have_ports(void **state)
{
	struct sadb_message m = policy_message();
	caddr_t mhp[SADB_EXT_MAX + 1];
	(void)state;
	make_policy(&m);
	assert_int_equal(pfkey_align(&msg.head, mhp), 0);
	char *text = ipsec_dump_policy_withports(mhp[SADB_X_EXT_POLICY], "\n\t");
	assert_string_equal(text, "in prio def + 10 ipsec\n"
				  "\tesp/tunnel/192.1.2.23[500]-192.1.2.45[0]/unique:7");
	free(text);
	assert_null(ipsec_dump_policy_withports(NULL, NULL));
}

/* ---- debugging ---- */

static void hex_stands_in_groups_and_lines(void **state)
{
	uint8_t bytes[34];
	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	catch_output();
	ipsec_hexdump(bytes, sizeof(bytes));
	assert_string_equal(release_output(),
			    " 00010203 04050607 08090a0b 0c0d0e0f 10111213 14151617 18191a1b "
			    "1c1d1e1f\n 2021");
	catch_output();
	ipsec_bindump("ab", 2);
	assert_string_equal(release_output(), "ab");
}

static void an_sa_is_debugged_field_by_field(void **state)
{
	struct sadb_message m = sa_message();
	(void)state;
	m.sa.encap_src_port = m.sa.encap_dst_port = 4500;
	make(&m);
	assert_string_equal(printed(kdebug_sadb),
			    "sadb_msg{ version=2 type=10 errno=0 satype=3\n"
			    "  len=34 reserved=0 seq=1 pid=1234\n"
			    "sadb_ext{ len=2 type=1 }\n"
			    "sadb_sa{ spi=305419896 replay=4 state=1\n"
			    "  auth=3 encrypt=12 flags=0x00000000 }\n"
			    "sadb_ext{ len=4 type=2 }\n"
			    "sadb_lifetime{ alloc=0, bytes=0\n"
			    "  addtime=1795363802, usetime=1795363830 }\n"
			    "sadb_ext{ len=4 type=3 }\n"
			    "sadb_lifetime{ alloc=0, bytes=0\n"
			    "  addtime=43200, usetime=0 }\n"
			    "sadb_ext{ len=4 type=4 }\n"
			    "sadb_lifetime{ alloc=0, bytes=0\n"
			    "  addtime=34560, usetime=0 }\n"
			    "sadb_ext{ len=3 type=5 }\n"
			    "sadb_address{ proto=0 prefixlen=32 reserved=0x0000 }\n"
			    "sockaddr{ len=16 family=2 port=0\n"
			    " c001022d  }\n"
			    "sadb_ext{ len=3 type=6 }\n"
			    "sadb_address{ proto=0 prefixlen=32 reserved=0x0000 }\n"
			    "sockaddr{ len=16 family=2 port=0\n"
			    " c0010217  }\n"
			    "sadb_ext{ len=4 type=8 }\n"
			    "sadb_key{ bits=160 reserved=0\n"
			    "  key= 00112233 44556677 8899aabb ccddeeff 01020304 }\n"
			    "sadb_ext{ len=3 type=9 }\n"
			    "sadb_key{ bits=128 reserved=0\n"
			    "  key= 00112233 44556677 8899aabb ccddeeff }\n"
			    "sadb_ext{ len=2 type=19 }\n"
			    "sadb_x_sa2{ mode=2 reqid=0\n"
			    "  reserved1=0 reserved2=0 sequence=0 }\n"
			    "sadb_ext{ len=1 type=20 }\n"
			    "sadb_x_nat_t_type{ type=2 }\n"
			    "sadb_ext{ len=1 type=21 }\n"
			    "sadb_x_nat_t_port{ port=4500 }\n"
			    "sadb_ext{ len=1 type=22 }\n"
			    "sadb_x_nat_t_port{ port=4500 }\n");
}

static void a_policy_is_debugged_with_its_requests(void **state)
{
	struct sadb_message m = policy_message();
	(void)state;
	make(&m);
	assert_non_null(strstr(printed(kdebug_sadb),
			       "sadb_ext{ len=8 type=18 }\n"
			       "sadb_x_policy{ type=2 dir=1 id=8 priority=2147483638 }\n"
			       " { len=48 proto=50 mode=2 level=3 reqid=7\n"
			       "sockaddr{ len=16 family=2 port=500\n"
			       " c0010217  }\n"
			       "sockaddr{ len=16 family=2 port=0\n"
			       " c001022d  }\n"
			       " }\n"));
}

static void algorithms_and_combinations_are_debugged(void **state)
{
	static const struct sadb_alg auth[] = { { 3, 0, 160, 160, 0 } };
	static const struct sadb_comb combs[] = {
		{ .sadb_comb_auth = 3, .sadb_comb_encrypt = 12, .sadb_comb_hard_addtime = 28800 }
	};
	struct sadb_message m;
	(void)state;
	sadb_message_init(&m, SADB_REGISTER);
	m.auth_algs = auth;
	m.n_auth_algs = 1;
	make(&m);
	assert_non_null(strstr(printed(kdebug_sadb), "sadb_sup{\n"
						     "  { id=3 ivlen=0 min=160 max=160 }\n"
						     "}\n"));
	m = sa_message();
	m.type = SADB_ACQUIRE;
	m.combs = combs;
	m.n_combs = 1;
	m.combs_replay = 32;
	make(&m);
	assert_non_null(
		strstr(printed(kdebug_sadb),
		       "sadb_prop{ replay=32\n"
		       "sadb_comb{ auth=3 encrypt=12 flags=0x0000 reserved=0x00000000\n"
		       "  auth_minbits=0 auth_maxbits=0 encrypt_minbits=0 encrypt_maxbits=0\n"
		       "  soft_alloc=0 hard_alloc=0 soft_bytes=0 hard_bytes=0\n"
		       "  soft_alloc=0 hard_alloc=28800 soft_bytes=0 hard_bytes=0 }\n"
		       "}\n"));
}

/* Behind a header of their own. */
static void overheard_messages_are_debugged(void **state)
{
	struct sadb_msg flush = { .sadb_msg_version = 2, .sadb_msg_type = 9, .sadb_msg_len = 2 };
	(void)state;
	memset(&msg, 0, sizeof(msg));
	msg.head = flush;
	msg.head.sadb_msg_type = SADB_X_PROMISC;
	msg.head.sadb_msg_len = 4;
	memcpy(msg.bytes + sizeof(flush), &flush, sizeof(flush));
	assert_string_equal(printed(kdebug_sadb), "sadb_msg{ version=2 type=11 errno=0 satype=0\n"
						  "  len=4 reserved=0 seq=0 pid=0\n"
						  "sadb_msg{ version=2 type=9 errno=0 satype=0\n"
						  "  len=2 reserved=0 seq=0 pid=0\n");
}

/* KAME compared words with bytes and ran over the end, and ended at types that it did not know. */
static void debugging_stays_within_the_message(void **state)
{
	struct sadb_message m = sa_message();
	struct sadb_ext *ext = (struct sadb_ext *)(msg.bytes + sizeof(struct sadb_msg));
	(void)state;
	make(&m);
	ext->sadb_ext_type = 99;
	printed(kdebug_sadb);
	assert_non_null(strstr(said, "kdebug_sadb: invalid ext_type 99 was passed.\n"
				     "sadb_ext{ len=4 type=2 }\n"));
	ext->sadb_ext_len = 35;
	assert_non_null(
		strstr(printed(kdebug_sadb), "kdebug_sadb: ext_len exceeds end of buffer.\n"));
	ext->sadb_ext_len = 0;
	assert_non_null(
		strstr(printed(kdebug_sadb), "kdebug_sadb: invalid ext_len=0 was passed.\n"));
	make(&m);
	ext->sadb_ext_len = 1;
	assert_non_null(strstr(printed(kdebug_sadb), "ext_len is too short for the type.\n"));
}

#define CASE(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_sa_is_printed_as_setkey_does),
		CASE(ports_are_printed_when_they_are_wanted),
		CASE(what_is_not_in_the_message_is_not_printed),
		CASE(compression_runs_into_the_next_line),
		CASE(missing_extensions_are_told),
		CASE(bad_messages_are_told_and_nothing_else),
		CASE(a_policy_is_printed_as_setkey_does),
		CASE(a_policy_without_selector_or_times_says_so),
		CASE(policies_of_sockets_can_be_left_out_and_are_counted),
		CASE(the_text_of_a_policy_can_have_ports),
		CASE(hex_stands_in_groups_and_lines),
		CASE(an_sa_is_debugged_field_by_field),
		CASE(a_policy_is_debugged_with_its_requests),
		CASE(algorithms_and_combinations_are_debugged),
		CASE(overheard_messages_are_debugged),
		CASE(debugging_stays_within_the_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
