/* SPDX-License-Identifier: BSD-2-Clause */
/* Every construct of a setkey script is read as meant, and every mistake is shown in its place. */
#include "base/unit.h"

#include "setkey_lex.h"

#include "base/addr.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

enum { LOG_BYTES = 8192 };

/* A parsed script: its commands and what was said about it. */
struct parsed {
	struct command_list list;
	int rc;
	char log[LOG_BYTES];
};

static void log_message(void *arg, const struct script_message *m)
{
	struct parsed *r = arg;
	size_t used = strlen(r->log);
	snprintf(r->log + used, sizeof(r->log) - used, "%u:%u: %s%s\n", m->at.line, m->at.column,
		 m->is_warning ? "warning: " : "", m->text);
}

static void parse_bytes(const char *text, size_t len, struct parsed *r)
{
	struct script script = {
		.file = "test",
		.text = text,
		.len = len,
		.first = { 1, 1 },
		.numeric = true,
		.report = log_message,
		.report_arg = r,
	};
	memset(r, 0, sizeof(*r));
	r->rc = setkey_parse(&script, &r->list);
}

static void parse(const char *text, struct parsed *r)
{
	parse_bytes(text, strlen(text), r);
}

/* Parses one command that must be right and makes that many entries; returns the first. */
static struct command parse_n(const char *text, size_t n)
{
	struct parsed r;
	struct command c;
	parse(text, &r);
	assert_string_equal(r.log, "");
	assert_int_equal(r.rc, 0);
	assert_int_equal(r.list.count, n);
	struct command_cursor cursor = command_list_start(&r.list);
	assert_true(command_list_next(&cursor, &c));
	command_list_done(&r.list);
	return c;
}

static struct command parse_one(const char *text)
{
	return parse_n(text, 1);
}

static void assert_address(const union keydb_addr *a, const char *text)
{
	char buf[ADDR_TEXT_MAX_BYTES];
	struct addr addr;
	assert_int_equal(addr_from_sockaddr(&a->sa, sizeof(*a), &addr), 0);
	assert_string_equal(addr_text(&addr, buf), text);
}

static void assert_key(const struct keydb_alg *alg, const char *name, const char *hex)
{
	uint8_t key[KEYDB_KEY_MAX_BYTES];
	size_t len = unit_hex(hex, key, sizeof(key));
	const struct keydb_alg_info *info = keydb_alg_by_id(alg->id);
	assert_non_null(info);
	assert_string_equal(info->setkey_name, name);
	assert_int_equal(alg->key_bits, len * 8);
	assert_memory_equal(alg->key, key, len);
}

/* ---- tokens ---- */

static void blanks_and_comments_separate_words(void **state)
{
	static const char text[] = "add#comment ; \"\n\t10.0.0.1/24[500] \"a;b#c\";";
	static const struct {
		enum token_kind kind;
		const char *text;
		struct place at;
	} want[] = {
		/* clang-format off */
		{ TOKEN_WORD,   "add",      { 1, 1 } },
		{ TOKEN_WORD,   "10.0.0.1", { 2, 2 } },
		{ TOKEN_MARK,   "/",        { 2, 10 } },
		{ TOKEN_WORD,   "24",       { 2, 11 } },
		{ TOKEN_MARK,   "[",        { 2, 13 } },
		{ TOKEN_WORD,   "500",      { 2, 14 } },
		{ TOKEN_MARK,   "]",        { 2, 17 } },
		{ TOKEN_STRING, "a;b#c",    { 2, 19 } },
		{ TOKEN_MARK,   ";",        { 2, 26 } },
		{ TOKEN_END,    "",         { 2, 27 } },
		/* clang-format on */
	};
	struct lexer l = lex_of(text, strlen(text), (struct place){ 1, 1 });
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(want); i++) {
		struct token t = lex_next(&l);
		assert_int_equal(t.kind, want[i].kind);
		assert_int_equal(t.len, strlen(want[i].text));
		assert_memory_equal(t.text, want[i].text, t.len);
		assert_int_equal(t.at.line, want[i].at.line);
		assert_int_equal(t.at.column, want[i].at.column);
	}
}

static void policy_is_one_token_up_to_its_semicolon(void **state)
{
	static const char text[] = "  # a; comment\n in ipsec # b;\n  esp/transport//use ; next";
	static const char want[] = "in ipsec # b;\n  esp/transport//use";
	struct lexer l = lex_of(text, strlen(text), (struct place){ 1, 1 });
	struct token t = lex_policy(&l);
	(void)state;
	assert_int_equal(t.kind, TOKEN_WORD);
	assert_int_equal(t.len, strlen(want));
	assert_memory_equal(t.text, want, t.len);
	assert_int_equal(t.at.line, 2);
	assert_int_equal(t.at.column, 2);
	struct place use = token_place(&t, t.len - 3);
	assert_int_equal(use.line, 3);
	assert_int_equal(use.column, 18);
	struct token end = lex_next(&l);
	assert_true(token_is_mark(&end, ';'));
}

static void scan_finds_the_end_of_a_command_across_pieces(void **state)
{
	struct lex_scan s = { 0 };
	(void)state;
	assert_int_equal(lex_scan(&s, "add \"x;", 7), 0);
	assert_int_equal(lex_scan(&s, "y\" # no;", 8), 0);
	assert_int_equal(lex_scan(&s, "no; \n z; w;", 11), 8);
}

static void messages_never_show_what_may_be_a_key(void **state)
{
	char buf[TOKEN_TEXT_MAX_BYTES];
	static const char hex[] = "0x00112233445566778899aabbccddeeff", word[] = "tun\x01nel";
	struct token t = { .kind = TOKEN_WORD, .text = hex, .len = sizeof(hex) - 1 };
	(void)state;
	assert_string_equal(token_text(&t, buf), "0x...");
	t = (struct token){ .kind = TOKEN_STRING, .text = "secret", .len = 6 };
	assert_string_equal(token_text(&t, buf), "\"...\"");
	t = (struct token){ .kind = TOKEN_OPEN, .text = "secret", .len = 6 };
	assert_string_equal(token_text(&t, buf), "\"...\"");
	t = (struct token){ .kind = TOKEN_WORD, .text = word, .len = sizeof(word) - 1 };
	assert_string_equal(token_text(&t, buf), "tun\\x01nel");
}

/* ---- SAs ---- */

static void add_takes_every_option(void **state)
{
	struct command c = parse_one(
		"add 192.0.2.1 192.0.2.2 esp 0x12345678 -m tunnel -r 32 -u 16383 -f zero-pad\n"
		" -f nocyclic-seq -lh 3600 -ls 2880 -bh 1000000 -bs 800000 -ctx 1 1 \"u:r:t:s0\"\n"
		" -E aes-cbc 0x00112233445566778899aabbccddeeff\n"
		" -A hmac-sha1 \"12345678901234567890\";");
	(void)state;
	assert_int_equal(c.kind, COMMAND_ADD);
	assert_address(&c.sa.id.src, "192.0.2.1");
	assert_address(&c.sa.id.dst, "192.0.2.2");
	assert_int_equal(c.sa.id.proto, KEYDB_PROTO_ESP);
	assert_int_equal(c.sa.id.spi, 0x12345678);
	assert_int_equal(c.sa.mode, KEYDB_MODE_TUNNEL);
	assert_int_equal(c.sa.flags, KEYDB_SA_AF_UNSPEC);
	assert_int_equal(c.sa.replay_window_pkts, 32);
	assert_int_equal(c.sa.reqid, 16383);
	assert_int_equal(c.sa.limits.hard_add_sec, 3600);
	assert_int_equal(c.sa.limits.soft_add_sec, 2880);
	assert_int_equal(c.sa.limits.hard_bytes, 1000000);
	assert_int_equal(c.sa.limits.soft_bytes, 800000);
	assert_int_equal(c.sa.limits.hard_use_sec, 0);
	assert_int_equal(c.sa.ctx_doi, 1);
	assert_int_equal(c.sa.ctx_alg, 1);
	assert_int_equal(c.sa.ctx_len, 8);
	assert_memory_equal(c.sa.ctx, "u:r:t:s0", 8);
	assert_key(&c.sa.encr, "aes-cbc", "00112233445566778899aabbccddeeff");
	assert_int_equal(c.sa.auth.key_bits, 160);
	assert_memory_equal(c.sa.auth.key, "12345678901234567890", 20);
	assert_int_equal(c.sa.encap_src_port, 0);
}

static void options_left_out_have_the_defaults(void **state)
{
	struct command c = parse_one("add 2001:db8::1 2001:db8::2 esp 9876 -E null;");
	(void)state;
	assert_address(&c.sa.id.src, "2001:db8::1");
	assert_int_equal(c.sa.id.spi, 9876);
	assert_int_equal(c.sa.mode, KEYDB_MODE_ANY);
	assert_int_equal(c.sa.flags, 0);
	assert_int_equal(c.sa.replay_window_pkts, 0);
	assert_int_equal(c.sa.reqid, 0);
	assert_int_equal(c.sa.limits.hard_add_sec, 0);
	assert_int_equal(c.sa.encr.key_bits, 0);
	assert_int_equal(c.sa.auth.id, KEYDB_ALG_ID_NONE);
	assert_int_equal(c.sa.sel.src.sa.sa_family, 0);
}

static void limits_have_64_bits(void **state)
{
	struct command c =
		parse_one("add 192.0.2.1 192.0.2.2 esp 0x200 -lh 0 -bs 5000000000 -E null;");
	(void)state;
	assert_int_equal(c.sa.limits.hard_add_sec, 0);
	assert_true(c.sa.limits.soft_bytes == 5000000000);
}

static void aead_key_holds_the_salt(void **state)
{
	struct command c = parse_one("add 192.0.2.1 192.0.2.2 esp 0x200 -m transport -E aes-gcm-16 "
				     "0x00112233445566778899aabbccddeeff01020304;");
	(void)state;
	assert_key(&c.sa.aead, "aes-gcm-16", "00112233445566778899aabbccddeeff01020304");
	assert_int_equal(c.sa.aead.icv_bits, 128);
	assert_int_equal(c.sa.encr.id, KEYDB_ALG_ID_NONE);
}

static void sha256_has_the_icv_of_rfc4868(void **state)
{
	struct command c = parse_one("add 192.0.2.1 192.0.2.2 ah 0x300 -A hmac-sha256 0x"
				     "000102030405060708090a0b0c0d0e0f"
				     "101112131415161718191a1b1c1d1e1f;");
	(void)state;
	assert_int_equal(c.sa.id.proto, KEYDB_PROTO_AH);
	assert_int_equal(c.sa.auth.icv_bits, 128);
}

static void old_names_of_algorithms_work(void **state)
{
	static const char *const lines[] = {
		"add 192.0.2.1 192.0.2.2 esp 300 -E simple;",
		"add 192.0.2.1 192.0.2.2 esp 300 -E rijndael-cbc \"1234567890123456\";",
		"add 192.0.2.1 192.0.2.2 esp 300 -E 3des-cbc \"123456789012345678901234\";",
		"add 192.0.2.1 192.0.2.2 ah 300 -A hmac-md5 \"1234567890123456\";",
		"add 192.0.2.1 192.0.2.2 ah 300 -A hmac-sha2-256 \"12345678901234567890123456789012\";",
		"add 192.0.2.1 192.0.2.2 esp 300 -E null -A null;",
		"add 192.0.2.1 192.0.2.2 esp 300 -E null \"\" -A null \"\";",
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(lines); i++)
		parse_one(lines[i]);
}

static void odd_hex_digits_put_the_first_alone(void **state)
{
	struct command c = parse_one("add 192.0.2.1 192.0.2.2 ah 300 -A hmac-md5 "
				     "0x1020304050607080900112233445566;");
	(void)state;
	assert_key(&c.sa.auth, "hmac-md5", "01020304050607080900112233445566");
}

static void udp_encapsulation_has_ports_and_original_address(void **state)
{
	struct command c = parse_one("add 192.0.2.1[4500] 192.0.2.2[14500] esp-udp 10.0.0.1 0x200 "
				     "-m transport -E null;");
	(void)state;
	assert_int_equal(c.sa.id.proto, KEYDB_PROTO_ESP);
	assert_int_equal(c.sa.encap_src_port, 4500);
	assert_int_equal(c.sa.encap_dst_port, 14500);
	assert_address(&c.sa.encap_oa, "10.0.0.1");
	c = parse_one("add 192.0.2.1 192.0.2.2 esp-udp 512 -E null;");
	assert_int_equal(c.sa.encap_src_port, 4500);
	assert_int_equal(c.sa.encap_dst_port, 4500);
	assert_int_equal(c.sa.encap_oa.sa.sa_family, 0);
}

static void ipcomp_takes_a_compression(void **state)
{
	struct command c =
		parse_one("add 192.0.2.1 192.0.2.2 ipcomp 0x1000 -m tunnel -C deflate -R;");
	(void)state;
	assert_int_equal(c.sa.id.proto, KEYDB_PROTO_IPCOMP);
	assert_int_not_equal(c.sa.comp.id, KEYDB_ALG_ID_NONE);
}

static void get_delete_and_update_name_an_sa(void **state)
{
	(void)state;
	assert_int_equal(parse_one("get 192.0.2.1 192.0.2.2 ah 0x300;").kind, COMMAND_GET);
	assert_int_equal(parse_one("delete -n46 192.0.2.1 192.0.2.2 esp 300 -m tunnel;").kind,
			 COMMAND_DELETE);
	assert_int_equal(parse_one("update 192.0.2.1 192.0.2.2 esp 300 -E null;").kind,
			 COMMAND_UPDATE);
	struct command c = parse_one("delete 192.0.2.1[4500] 192.0.2.2[4500] esp-udp 300;");
	assert_int_equal(c.sa.id.spi, 300);
	c = parse_one("deleteall 2001:db8::1 2001:db8::2 esp;");
	assert_int_equal(c.kind, COMMAND_DELETEALL);
	assert_int_equal(c.sa.id.spi, 0);
	assert_int_equal(c.sa.id.proto, KEYDB_PROTO_ESP);
}

static void flush_and_dump_take_a_protocol_or_all(void **state)
{
	(void)state;
	assert_int_equal(parse_one("flush;").sa.id.proto, KEYDB_PROTO_ANY);
	assert_int_equal(parse_one("flush esp;").sa.id.proto, KEYDB_PROTO_ESP);
	assert_int_equal(parse_one("dump ah ;").sa.id.proto, KEYDB_PROTO_AH);
	assert_int_equal(parse_one("dump ipcomp;").kind, COMMAND_DUMP);
	assert_int_equal(parse_one("spddump;").kind, COMMAND_SPDDUMP);
	assert_int_equal(parse_one("spdflush;").kind, COMMAND_SPDFLUSH);
}

static void exit_ends_the_script(void **state)
{
	static const char *const words[] = { "exit", "quit;", "bye # all" };
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(words); i++)
		assert_int_equal(parse_one(words[i]).kind, COMMAND_EXIT);
	parse_n("flush; exit; this is not read", 2);
}

/* ---- policies ---- */

static void policy_has_ranges_protocol_and_requests(void **state)
{
	struct command c = parse_one(
		"spdadd 192.0.2.0/24[any] 10.1.0.0/16 [ 80 ] tcp -P out prio high + 10 ipsec\n"
		"\tesp/tunnel/192.0.2.1-198.51.100.2/unique:7 # why\n"
		"\tah/transport//require;");
	const struct keydb_policy *p = &c.policy;
	(void)state;
	assert_int_equal(c.kind, COMMAND_SPDADD);
	assert_address(&p->sel.src, "192.0.2.0");
	assert_int_equal(p->sel.src_bits, 24);
	assert_true(p->sel.src_port_any);
	assert_address(&p->sel.dst, "10.1.0.0");
	assert_int_equal(p->sel.dst_bits, 16);
	assert_false(p->sel.dst_port_any);
	assert_int_equal(p->sel.dst_port, 80);
	assert_int_equal(p->sel.proto, 6);
	assert_int_equal(p->dir, KEYDB_DIR_OUT);
	assert_int_equal(p->action, KEYDB_ACTION_IPSEC);
	assert_int_equal(p->priority, 0x40000000 - 10);
	assert_int_equal(p->n_templates, 2);
	assert_address(&p->templates[0].dst, "198.51.100.2");
	assert_int_equal(p->templates[0].level, KEYDB_LEVEL_UNIQUE);
	assert_int_equal(p->templates[0].reqid, 7);
	assert_int_equal(p->templates[1].proto, KEYDB_PROTO_AH);
	assert_int_equal(p->templates[1].mode, KEYDB_MODE_TRANSPORT);
}

static void priorities_count_from_their_base(void **state)
{
	static const struct {
		const char *text;
		uint32_t priority;
	} want[] = {
		/* clang-format off */
		{ "",                      0x80000000 },
		{ "prio 10 ",              0x80000000 - 10 },
		{ "priority -10 ",         0x80000000 + 10 },
		{ "prio low ",             0xc0000000 },
		{ "prio def ",             0x80000000 },
		{ "priority high ",        0x40000000 },
		{ "prio low - 1 ",         0xc0000000 + 1 },
		{ "prio def + 100 ",       0x80000000 - 100 },
		/* clang-format on */
	};
	char line[128];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(want); i++) {
		snprintf(line, sizeof(line), "spdadd ::/0 ::/0 any -P in %snone;", want[i].text);
		assert_int_equal(parse_one(line).policy.priority, want[i].priority);
	}
}

static void upper_protocols_have_names_and_numbers(void **state)
{
	static const struct {
		const char *word;
		uint8_t proto;
	} want[] = {
		{ "any", 0 }, { "255", 0 },  { "tcp", 6 },   { "udp", 17 },   { "icmp", 1 },
		{ "ip4", 4 }, { "gre", 47 }, { "108", 108 }, { "icmp6", 58 }, { "ipv6-icmp", 58 },
	};
	char line[128];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(want); i++) {
		snprintf(line, sizeof(line), "spdadd 10.0.0.1 10.0.0.2 %s -P in discard;",
			 want[i].word);
		struct command c = parse_one(line);
		assert_int_equal(c.policy.sel.proto, want[i].proto);
		assert_int_equal(c.policy.sel.src_bits, 32);
		assert_true(c.policy.sel.src_port_any && c.policy.sel.dst_port_any);
	}
}

static void icmp_type_and_code_stand_in_the_ports(void **state)
{
	struct command c = parse_one("spdadd ::/0 ::/0 icmp6 135,0 -P out none;");
	(void)state;
	assert_int_equal(c.policy.sel.src_port, 135);
	assert_false(c.policy.sel.src_port_any);
	assert_int_equal(c.policy.sel.dst_port, 0);
	assert_false(c.policy.sel.dst_port_any);
	c = parse_one("spdadd 10.0.0.0/8 10.0.0.0/8 icmp 0 -P out none;");
	assert_int_equal(c.policy.sel.src_port, 0);
	assert_false(c.policy.sel.src_port_any);
	assert_true(c.policy.sel.dst_port_any);
}

static void gre_key_is_split_over_the_ports(void **state)
{
	struct command c = parse_one("spdadd 10.0.0.1 10.0.0.2 gre 1.2.3.4 -P out none;");
	(void)state;
	assert_int_equal(c.policy.sel.src_port, 0x0102);
	assert_int_equal(c.policy.sel.dst_port, 0x0304);
	c = parse_one("spdadd 10.0.0.1 10.0.0.2 gre 65537 -P out none;");
	assert_int_equal(c.policy.sel.src_port, 1);
	assert_int_equal(c.policy.sel.dst_port, 1);
	assert_false(c.policy.sel.dst_port_any);
}

static void port_zero_and_service_names_are_ports(void **state)
{
	struct command c = parse_one(
		"spdadd 0.0.0.0/0[0] 0.0.0.0/0[domain] udp -P in ipsec esp/transport//use;");
	(void)state;
	assert_true(c.policy.sel.src_port_any);
	assert_int_equal(c.policy.sel.dst_port, 53);
}

static void transport_requests_leave_the_family_to_the_packet(void **state)
{
	struct command c = parse_one(
		"spdupdate ::1 ::2 any -ctx 1 1 \"a:b:c\" -P in ipsec esp/transport//use;");
	(void)state;
	assert_int_equal(c.kind, COMMAND_SPDUPDATE);
	assert_int_equal(c.policy.templates[0].family, 0);
	assert_int_equal(c.policy.ctx_len, 5);
}

static void spddelete_needs_the_direction_only(void **state)
{
	struct command c = parse_one("spddelete 10.0.0.1 10.0.0.2 any -P fwd;");
	(void)state;
	assert_int_equal(c.kind, COMMAND_SPDDELETE);
	assert_int_equal(c.policy.dir, KEYDB_DIR_FWD);
	c = parse_one("spddelete 10.0.0.1 10.0.0.2 any -P in ipsec esp/transport//require;");
	assert_int_equal(c.policy.dir, KEYDB_DIR_IN);
}

/* ---- mistakes ---- */

struct mistake {
	const char *text, *message;
};

static void assert_mistakes(const struct mistake *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct parsed r;
		parse(m[i].text, &r);
		/* the message may go on: policy texts are another library's */
		if (strncmp(r.log, m[i].message, strlen(m[i].message)))
			fail_msg("%s\n got %s want %s", m[i].text, r.log, m[i].message);
		assert_int_equal(r.rc, -EINVAL);
		command_list_done(&r.list);
	}
}

static void wrong_commands_are_shown(void **state)
{
	static const struct mistake mistakes[] = {
		{ "spdad ::1;", "1:1: spdad: no such command (did you mean spdadd?)\n" },
		{ "\n  flsh;", "2:3: flsh: no such command (did you mean flush?)\n" },
		{ "xyzzy;", "1:1: xyzzy: no such command\n" },
		{ "\"add\";", "1:1: \"...\": no such command\n" },
		{ "flush", "1:6: end of file: expected ';'\n" },
		{ "flush esp esp;", "1:11: esp: expected ';'\n" },
		{ "flush tpc;", "1:7: tpc: no such protocol\n" },
		{ "dump esp-old;", "1:6: esp-old: the ESP of RFC 1827 is not in Linux, use esp\n" },
		{ "spdflush 1;", "1:10: 1: expected ';'\n" },
		{ "getspi ::1 ::1 esp;", "1:19: ;: expected SPI, a number\n" },
		{ "flush;\x01;", "1:7: \\x01: a control character cannot stand here\n" },
		{ "dump \"esp;", "1:6: \"...\": the string is not closed\n" },
	};
	(void)state;
	assert_mistakes(mistakes, N_ELEMENTS(mistakes));
}

static void wrong_sa_names_are_shown(void **state)
{
	static const struct mistake mistakes[] = {
		{ "add;", "1:4: ;: expected an address\n" },
		{ "add nosuch ::1 esp 300;", "1:5: nosuch: not a numeric address\n" },
		{ "add 10.0.0.256 ::1 esp 300;", "1:5: 10.0.0.256: not a numeric address\n" },
		{ "add 10.0.0.1 ::1 esp 300 -E null;",
		  "1:14: ::1: is not of the source's address family\n" },
		{ "add -4 ::1 ::1 esp 300;", "1:8: ::1: has no IPv4 address\n" },
		{ "add -6 10.0.0.1 ::1 esp 300;", "1:8: 10.0.0.1: has no IPv6 address\n" },
		{ "add 10.0.0.1[500 10.0.0.2 esp 300;",
		  "1:18: 10.0.0.2: expected ']' behind the port\n" },
		{ "add 10.0.0.1[] 10.0.0.2 esp 300;", "1:14: ]: expected a port\n" },
		{ "add 10.0.0.1[500] 10.0.0.2 esp 300 -E null;",
		  "1:14: 500: only esp-udp SAs have ports\n" },
		{ "add 10.0.0.1[65536] 10.0.0.2 esp-udp 300 -E null;",
		  "1:14: 65536: port must be 0 to 65535\n" },
		{ "add 10.0.0.1[any] 10.0.0.2 esp-udp 300 -E null;",
		  "1:14: any: esp-udp needs a port number\n" },
		{ "add 10.0.0.1 10.0.0.2 ;", "1:23: ;: expected a protocol\n" },
		{ "add 10.0.0.1 10.0.0.2 eps 300;",
		  "1:23: eps: no such protocol (did you mean esp?)\n" },
		{ "add 10.0.0.1 10.0.0.2 tcp 300;",
		  "1:23: tcp: TCP-MD5 (RFC 2385) keys are set by socket options in Linux\n" },
		{ "add 10.0.0.1 10.0.0.2 ah-old 300;",
		  "1:23: ah-old: the AH of RFC 1826 is not in Linux, use ah\n" },
		{ "add 10.0.0.1 10.0.0.2 esp 0;", "1:27: 0: SPI must be 1 to 4294967295\n" },
		{ "add 10.0.0.1 10.0.0.2 esp 0x100000000;",
		  "1:27: 0x...: SPI must be 1 to 4294967295\n" },
		{ "add 10.0.0.1 10.0.0.2 esp 12x;", "1:27: 12x: expected SPI, a number\n" },
		{ "add 10.0.0.1 10.0.0.2 esp ;", "1:27: ;: expected SPI, a number\n" },
		{ "add 10.0.0.1 10.0.0.2 ipcomp 65536 -C deflate;",
		  "1:30: 65536: CPI must be 1 to 65535\n" },
		{ "add 10.0.0.1 10.0.0.2 esp-udp nosuch 300;",
		  "1:31: nosuch: not a numeric address\n" },
		{ "get 10.0.0.1 10.0.0.2 esp 300 -E null;", "1:31: -E: get takes no algorithm\n" },
		{ "deleteall 10.0.0.1 10.0.0.2 esp 300;", "1:33: 300: expected ';'\n" },
	};
	(void)state;
	assert_mistakes(mistakes, N_ELEMENTS(mistakes));
}

#define ADD "add 10.0.0.1 10.0.0.2 esp 300 " /* the next word is in column 31 */

static void wrong_sa_options_are_shown(void **state)
{
	static const struct mistake mistakes[] = {
		{ ADD "-m tunel;", "1:34: tunel: no such mode (did you mean tunnel?)\n" },
		{ ADD "-m;", "1:33: ;: expected a mode\n" },
		{ ADD "-r 4097;", "1:34: 4097: replay window must be 0 to 4096\n" },
		{ ADD "-r -1;", "1:34: -1: expected replay window, a number\n" },
		{ ADD "-u 4294967296;", "1:34: 4294967296: reqid must be 0 to 4294967295\n" },
		{ ADD "-f zeropad;", "1:34: zeropad: no such flag (did you mean zero-pad?)\n" },
		{ ADD "-f cyclic-seq;",
		  "1:34: cyclic-seq: sequence numbers wrap with oseq-may-wrap only\n" },
		{ ADD "-lh 1h;", "1:35: 1h: expected seconds, a number\n" },
		{ ADD "-ls x;", "1:35: x: expected seconds, a number\n" },
		{ ADD "-bh x;", "1:35: x: expected bytes, a number\n" },
		{ ADD "-bs 99999999999999999999;",
		  "1:35: 0x...: bytes must be 0 to 18446744073709551614\n" },
		{ ADD "-ctx 256 1 \"a\";", "1:36: 256: context DOI must be 0 to 255\n" },
		{ ADD "-ctx 1 x \"a\";", "1:38: x: expected context algorithm, a number\n" },
		{ ADD "-ctx 1 1 a;", "1:40: a: expected the context as \"text\"\n" },
		{ ADD "-ctx 1 1 \"\";", "1:40: \"...\": a context has 1 to 127 bytes\n" },
		{ ADD "-e null;", "1:31: -e: no such option" },
		{ ADD "null;", "1:31: null: no such option\n" },
		{ ADD "-E null", "1:38: end of file: expected ';'\n" },
	};
	(void)state;
	assert_mistakes(mistakes, N_ELEMENTS(mistakes));
}

static void wrong_algorithms_and_keys_are_shown_without_the_key(void **state)
{
	static const struct mistake mistakes[] = {
		{ ADD ";", "1:23: esp: needs -E (null for authentication alone)\n" },
		{ "add ::1 ::1 ah 300;", "1:13: ah: needs -A\n" },
		{ "add ::1 ::1 ipcomp 300;", "1:13: ipcomp: needs -C\n" },
		{ "add ::1 ::1 ah 300 -E null;", "1:13: ah: needs -A\n" },
		{ "add ::1 ::1 ah 300 -A null -E null;", "1:31: null: only esp encrypts\n" },
		{ "add ::1 ::1 ipcomp 300 -C deflate -A null;",
		  "1:38: null: ipcomp does not authenticate\n" },
		{ ADD "-E null -C deflate;", "1:42: deflate: only ipcomp compresses\n" },
		{ ADD "-E aes-gcm-16 0x00112233445566778899aabbccddeeff01020304 -A null;",
		  "1:91: null: the cipher authenticates itself, -A is too much\n" },
		{ ADD "-E aes-cbb \"1234567890123456\";",
		  "1:34: aes-cbb: no such encryption algorithm (did you mean aes-cbc?)\n" },
		{ ADD "-E hmac-sha1 \"x\";", "1:34: hmac-sha1: no such encryption algorithm" },
		{ ADD "-E null -A md5 \"x\";", "1:42: md5: no such authentication algorithm" },
		{ ADD "-E des-deriv \"12345678\";",
		  "1:34: des-deriv: des-deriv is not in Linux\n" },
		{ ADD "-E des-32iv \"12345678\";", "1:34: des-32iv: DES with a 32-bit IV" },
		{ "add ::1 ::1 ah 300 -A keyed-md5 \"x\";", "1:23: keyed-md5: keyed MD5" },
		{ "add ::1 ::1 ah 300 -A tcp-md5 \"x\";", "1:23: tcp-md5: TCP-MD5" },
		{ "add ::1 ::1 ipcomp 300 -C oui;", "1:27: oui: the compression id oui names" },
		{ ADD "-E aes-cbc;", "1:41: ;: expected a key, \"text\" or 0x and hex digits\n" },
		{ ADD "-E aes-cbc secret;",
		  "1:42: \"...\": expected a key, \"text\" or 0x and hex digits\n" },
		{ ADD "-E aes-cbc 00112233445566778899aabbccddeeff;",
		  "1:42: \"...\": expected a key" },
		{ ADD "-E 00112233445566778899aabbccddeeff;", "1:34: 0x...: no such encryption" },
		{ ADD "-E aes-cbc \"secret\";",
		  "1:42: \"...\": the key has 48 bits, aes-cbc takes" },
		{ ADD "-E aes-cbc 0x00112233445566zz;", "1:42: \"...\": the key is longer than" },
		{ ADD "-E aes-gcm-16 0x00112233445566778899aabbccddeeff;",
		  "1:45: \"...\": the key has 128 bits, aes-gcm-16 takes" },
		{ ADD "-E null -A hmac-sha1 \"x\";",
		  "1:52: \"...\": the key has 8 bits, hmac-sha1 takes" },
	};
	(void)state;
	assert_mistakes(mistakes, N_ELEMENTS(mistakes));
}

static void wrong_selectors_are_shown(void **state)
{
	static const struct mistake mistakes[] = {
		{ "spdadd tagged \"x\" -P in none;", "1:8: tagged: Linux has no packet tags" },
		{ "spdadd 10.0.0.0/33 ::1 any -P in none;",
		  "1:17: 33: this address has only 32 bits\n" },
		{ "spdadd ::/129 ::1 any -P in none;",
		  "1:11: 129: prefix length must be 0 to 128\n" },
		{ "spdadd ::/ ::1 any -P in none;", "1:12: ::1: expected prefix length" },
		{ "spdadd ::1 10.0.0.1 any -P in none;",
		  "1:12: 10.0.0.1: is not of the source's address family\n" },
		{ "spdadd ::1[70000] ::1 tcp -P in none;",
		  "1:12: 70000: port must be 0 to 65535\n" },
		{ "spdadd ::1[nosuchservice] ::1 tcp -P in none;",
		  "1:12: nosuchservice: no such service\n" },
		{ "spdadd ::1 ::1 -P in none;", "1:16: -P: no such protocol\n" },
		{ "spdadd ::1 ::1 tpc -P in none;", "1:16: tpc: no such protocol (did you mean" },
		{ "spdadd ::1 ::1 256 -P in none;", "1:16: 256: protocol must be 0 to 255\n" },
		{ "spdadd ::1 ::1 tcp 8 -P in none;", "1:20: 8: tcp takes no type or key\n" },
		{ "spdadd ::1 ::1 icmp6 echo -P in none;",
		  "1:22: echo: expected type, a number\n" },
		{ "spdadd ::1 ::1 icmp6 256 -P in none;", "1:22: 256: type must be 0 to 255\n" },
		{ "spdadd ::1 ::1 icmp6 1,256 -P in none;", "1:24: 256: code must be 0 to 255\n" },
		{ "spdadd ::1[5] ::1 icmp6 1,2 -P in none;",
		  "1:25: 1: a type or key cannot stand beside ports\n" },
		{ "spdadd ::1 ::1 gre 1.2.3 -P in none;", "1:20: 1.2.3: expected GRE key" },
		{ "spdadd ::1 ::1 gre 4294967296 -P in none;", "1:20: 4294967296: GRE key must" },
		{ "spdadd ::1[5] ::1 gre -P in none;", "1:12: 5: gre has a key, not ports\n" },
		{ "spdadd ::1 ::1 any;", "1:19: ;: expected -P and the policy\n" },
		{ "spdadd ::1 ::1 any -ctx 1;", "1:26: ;: expected context algorithm" },
		{ "spdadd ::1 ::1 any -p in none;", "1:20: -p: no such option\n" },
	};
	(void)state;
	assert_mistakes(mistakes, N_ELEMENTS(mistakes));
}

#define SPD "spdadd ::1 ::2 any -P " /* the policy starts in column 23 */

static void wrong_policies_are_shown(void **state)
{
	static const struct mistake mistakes[] = {
		{ SPD "in none", "1:20: -P: the policy is not ended by ';'\n" },
		{ SPD ";", "1:23: : expected in, out or fwd\n" },
		{ SPD "in;", "1:23: in: expected an action behind it\n" },
		{ SPD "inn none;", "1:23: inn: " },
		{ SPD "in nnoe;", "1:26: nnoe: " },
		{ SPD "in\nipsec\n esp/tunel//use;", "3:6: tunel: " },
		{ SPD "in ipsec epp/transport//use;", "1:32: epp: " },
		{ SPD "in ipsec esp/transport//usse;", "1:47: usse: " },
		{ SPD "in prio 99999999999 none;", "1:31: 99999999999: " },
		{ SPD "in none\x02;", "1:30: \\x02: a control character cannot stand here\n" },
		{ SPD "in bypass;", "1:23: in bypass: entrust and bypass are for sockets only\n" },
		{ SPD "in ipsec esp/transport/10.0.0.1-10.0.0.2/use;", "1:23: " },
		{ SPD "in ipsec esp/tunnel//use;", "1:" },
		{ SPD "in none\nspdadd ::1 ::2 any -P out none;", "2:1: spdadd: " },
	};
	(void)state;
	assert_mistakes(mistakes, N_ELEMENTS(mistakes));
}

static void missing_semicolon_behind_a_policy_is_guessed(void **state)
{
	struct parsed r;
	(void)state;
	parse(SPD "in none\nspdflush;", &r);
	assert_non_null(strstr(r.log, "(is a ';' missing before it?)"));
	command_list_done(&r.list);
}

static void all_mistakes_of_a_script_are_shown_and_none_invented(void **state)
{
	struct parsed r;
	(void)state;
	parse("flsh;\nadd ;\nflush;\nspdadd 10.0.0.1 ;\ndump esp", &r);
	assert_string_equal(r.log, "1:1: flsh: no such command (did you mean flush?)\n"
				   "2:5: ;: expected an address\n"
				   "4:17: ;: expected an address\n"
				   "5:9: end of file: expected ';'\n");
	command_list_done(&r.list);
}

static void messages_stop_after_twenty(void **state)
{
	struct parsed r;
	char text[512] = "";
	(void)state;
	for (int i = 0; i < 2 * SCRIPT_ERRORS_MAX; i++)
		strcat(text, "x;\n");
	parse(text, &r);
	size_t lines = 0;
	for (const char *p = r.log; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, SCRIPT_ERRORS_MAX);
	command_list_done(&r.list);
}

static void reserved_spi_is_a_warning(void **state)
{
	struct parsed r;
	(void)state;
	parse("add ::1 ::1 esp 200 -E null;", &r);
	assert_int_equal(r.rc, 0);
	assert_string_equal(r.log, "1:17: warning: 200: SPIs up to 255 are reserved (RFC 4303)\n");
	command_list_done(&r.list);
}

/* ---- the list ---- */

static void list_gives_back_what_was_put_in(void **state)
{
	struct command_list list = { 0 };
	struct command in, out;
	(void)state;
	enum { N = 2000 };
	for (uint32_t i = 0; i < N; i++) {
		memset(&in, (int)(i % 3 ? 0 : i), sizeof(in));
		in.kind = i % 2 ? COMMAND_ADD : COMMAND_SPDADD;
		in.at = (struct place){ i, ~i };
		memset(in.sa.encr.key, (int)i, i % KEYDB_KEY_MAX_BYTES);
		assert_int_equal(command_list_add(&list, &in), 0);
	}
	struct command_cursor cursor = command_list_start(&list);
	for (uint32_t i = 0; i < N; i++) {
		memset(&in, (int)(i % 3 ? 0 : i), sizeof(in));
		in.kind = i % 2 ? COMMAND_ADD : COMMAND_SPDADD;
		in.at = (struct place){ i, ~i };
		memset(in.sa.encr.key, (int)i, i % KEYDB_KEY_MAX_BYTES);
		assert_true(command_list_next(&cursor, &out));
		assert_memory_equal(&in, &out, sizeof(in));
	}
	assert_false(command_list_next(&cursor, &out));
	command_list_done(&list);
	assert_null(list.first);
}

static void command_text_names_the_entry_without_its_key(void **state)
{
	char buf[COMMAND_TEXT_MAX_BYTES];
	struct command c = parse_one("add 192.0.2.1 192.0.2.2 ah 0x300 -A hmac-md5 "
				     "\"1234567890123456\";");
	(void)state;
	assert_string_equal(command_text(&c, buf), "add 192.0.2.1 192.0.2.2 ah 0x00000300");
	c = parse_one("spdadd 192.0.2.0/24 10.0.0.1[80] tcp -P in none;");
	assert_string_equal(command_text(&c, buf), "spdadd 192.0.2.0/24 10.0.0.1/32[80] 6 -P in");
	c = parse_one("flush esp;");
	assert_string_equal(command_text(&c, buf), "flush");
}

/* ---- other people's files ---- */

static void parse_corpus_file(const char *dir, const char *name)
{
	char path[4096];
	static char text[1 << 20];
	struct parsed r;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t len = fread(text, 1, sizeof(text), f);
	fclose(f);
	parse_bytes(text, len, &r);
	/* Shell scripts around a script are no scripts; they must be refused with a place. */
	bool is_shell = memmem(text, len, "#!/bin/sh", 9) != NULL;
	if (!is_shell)
		assert_string_equal(r.log, "");
	else
		assert_true(r.rc == 0 || strchr(r.log, ':'));
	print_message("# %s: %zu commands\n", name, r.list.count);
	command_list_done(&r.list);
}

static void scripts_from_the_wild_parse(void **state)
{
	const char *corpus = getenv("TANUKI_CORPUS");
	char dir[3072];
	size_t files = 0;
	(void)state;
	if (!corpus) {
		print_message("# TANUKI_CORPUS names no folder of real scripts\n");
		skip();
	}
	snprintf(dir, sizeof(dir), "%s/setkey", corpus);
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		parse_corpus_file(dir, e->d_name);
		files++;
	}
	closedir(d);
	assert_true(files > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_and_comments_separate_words),
		cmocka_unit_test(policy_is_one_token_up_to_its_semicolon),
		cmocka_unit_test(scan_finds_the_end_of_a_command_across_pieces),
		cmocka_unit_test(messages_never_show_what_may_be_a_key),
		cmocka_unit_test(add_takes_every_option),
		cmocka_unit_test(options_left_out_have_the_defaults),
		cmocka_unit_test(limits_have_64_bits),
		cmocka_unit_test(aead_key_holds_the_salt),
		cmocka_unit_test(sha256_has_the_icv_of_rfc4868),
		cmocka_unit_test(old_names_of_algorithms_work),
		cmocka_unit_test(odd_hex_digits_put_the_first_alone),
		cmocka_unit_test(udp_encapsulation_has_ports_and_original_address),
		cmocka_unit_test(ipcomp_takes_a_compression),
		cmocka_unit_test(get_delete_and_update_name_an_sa),
		cmocka_unit_test(flush_and_dump_take_a_protocol_or_all),
		cmocka_unit_test(exit_ends_the_script),
		cmocka_unit_test(policy_has_ranges_protocol_and_requests),
		cmocka_unit_test(priorities_count_from_their_base),
		cmocka_unit_test(upper_protocols_have_names_and_numbers),
		cmocka_unit_test(icmp_type_and_code_stand_in_the_ports),
		cmocka_unit_test(gre_key_is_split_over_the_ports),
		cmocka_unit_test(port_zero_and_service_names_are_ports),
		cmocka_unit_test(transport_requests_leave_the_family_to_the_packet),
		cmocka_unit_test(spddelete_needs_the_direction_only),
		cmocka_unit_test(wrong_commands_are_shown),
		cmocka_unit_test(wrong_sa_names_are_shown),
		cmocka_unit_test(wrong_sa_options_are_shown),
		cmocka_unit_test(wrong_algorithms_and_keys_are_shown_without_the_key),
		cmocka_unit_test(wrong_selectors_are_shown),
		cmocka_unit_test(wrong_policies_are_shown),
		cmocka_unit_test(missing_semicolon_behind_a_policy_is_guessed),
		cmocka_unit_test(all_mistakes_of_a_script_are_shown_and_none_invented),
		cmocka_unit_test(messages_stop_after_twenty),
		cmocka_unit_test(reserved_spi_is_a_warning),
		cmocka_unit_test(list_gives_back_what_was_put_in),
		cmocka_unit_test(command_text_names_the_entry_without_its_key),
		cmocka_unit_test(scripts_from_the_wild_parse),
	};
	return cmocka_run_group_tests_name("setkey_parse", tests, NULL, NULL);
}
