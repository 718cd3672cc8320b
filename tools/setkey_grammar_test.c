/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every rule of the grammar: what it takes, and where it points when it is given something else.
 * A script with a mistake makes no command at all that could be done.
 */
#include "base/unit.h"

#include "setkey.h"

#include <errno.h>
#include <stdlib.h>

enum { LOG_BYTES = 4096 };

#define AES "0x00112233445566778899aabbccddeeff"
#define SHA1 "0x000102030405060708090a0b0c0d0e0f10111213"
#define SHA256 "0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ADD "add 10.0.0.1 10.0.0.2 esp 300 " /* the next word is in column 31 */
#define SPD "spdadd ::1 ::2 any "            /* the next word is in column 20 */

static char log_text[LOG_BYTES];

static void log_message(void *arg, const struct script_message *m)
{
	size_t used = strlen(log_text);
	(void)arg;
	if (!m->is_warning)
		snprintf(log_text + used, sizeof(log_text) - used, "%u:%u: %s\n", m->at.line,
			 m->at.column, m->text);
}

static int parse(const char *text, struct command_list *out)
{
	struct script script = { .file = "test",
				 .text = text,
				 .len = strlen(text),
				 .first = { 1, 1 },
				 .numeric = true,
				 .report = log_message };
	log_text[0] = '\0';
	return setkey_parse(&script, out);
}

static void assert_good(const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct command_list list = { 0 };
		if (parse(lines[i], &list))
			fail_msg("%s\n %s", lines[i], log_text);
		command_list_done(&list);
	}
}

struct mistake {
	const char *text, *message;
};

/* The first message is meant; it may go on. */
static void assert_bad(const struct mistake *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct command_list list = { 0 };
		int rc = parse(m[i].text, &list);
		if (rc != -EINVAL || strncmp(log_text, m[i].message, strlen(m[i].message)))
			fail_msg("%s\n got %s want %s", m[i].text, log_text, m[i].message);
		command_list_done(&list);
	}
}

static struct command one(const char *text)
{
	struct command_list list = { 0 };
	struct command c;
	if (parse(text, &list))
		fail_msg("%s\n %s", text, log_text);
	struct command_cursor cursor = command_list_start(&list);
	assert_true(command_list_next(&cursor, &c));
	command_list_done(&list);
	return c;
}

/* ---- what Linux has and PF_KEY had not ---- */

static void options_of_sas_that_pf_key_had_not(void **state)
{
	static const char *const good[] = {
		ADD "-m beet -E null;",
		ADD "-m 5 -E null;",
		ADD "-esn -r 32 -E null;",
		ADD "-r 4096 -esn -E null;",
		ADD "-ph 10 -ps 5 -uh 0x10 -us 1 -E null;",
		ADD "-if_id 0xffffffff -mark 1 -mark 0x1/0xff -output_mark 1/2 -E null;",
		ADD "-m tunnel -tfc 1500 -E null;",
		ADD "-f noecn -f decap-dscp -f nopmtudisc -f icmp -f af-unspec -E null;",
		ADD "-f dont-encap-dscp -f oseq-may-wrap -f wildrecv -f align4 -E null;",
		ADD "-m tunnel -f no-af-unspec -E null;",
		ADD "-sel 10.0.0.0/8[80] 10.0.0.0/8[any] tcp -dev lo -E null;",
		ADD "-sel 0.0.0.0/0 0.0.0.0/0 icmp 8,0 -E null;",
		ADD "-m tunnel -sel fd00::/8 fd00::/8 gre 0.1.0.2/0xffff -E null;",
		ADD "-offload eth0 out -E null;",
		ADD "-offload eth0 in crypto -E null;",
		ADD "-offload eth0 in packet -E null;",
		ADD "-E null -A hmac-sha256 " SHA256 " -icv 96;",
		ADD "-icv 160 -E null -A hmac-sha1 " SHA1 ";",
		ADD "-E \"cbc(aes)\" " AES " -A \"hmac(md4)\" \"secret\";",
		ADD "-aead aes-gcm-16 " AES "01020304;",
		ADD "-aead \"new(x,y)\" 0x01 -icv 64;",
		"add 10.0.0.1 10.0.0.2 esp-udp 300 -encap udp -E null;",
		"add 10.0.0.1[1] 10.0.0.2[2] esp-udp 300 -encap udp-non-ike -E null;",
		"add 10.0.0.1[0] 10.0.0.2[2] esp-udp 300 -encap tcp -E null;",
		"get 10.0.0.1 10.0.0.2 esp 300 -mark 1/1;",
		"delete 10.0.0.1 10.0.0.2 esp 300 -mark 1/1;",
	};
	(void)state;
	assert_good(good, N_ELEMENTS(good));
}

static void wrong_options_of_sas_that_pf_key_had_not(void **state)
{
	static const struct mistake bad[] = {
		{ ADD "-m bet -E null;", "1:34: bet: no such mode (did you mean beet?)\n" },
		{ ADD "-m 1 -E null;", "1:34: 1: this mode has a name\n" },
		{ ADD "-m 128 -E null;", "1:34: 128: mode must be 0 to 127\n" },
		{ ADD "-esn -E null;", "1:31: -esn: needs a replay window, -r 32 or more\n" },
		{ ADD "-ph x;", "1:35: x: expected packets, a number\n" },
		{ ADD "-ps;", "1:34: ;: expected packets, a number\n" },
		{ ADD "-uh 1d;", "1:35: 1d: expected seconds, a number\n" },
		{ ADD "-us -1;", "1:35: -1: expected seconds, a number\n" },
		{ ADD "-if_id eth0;", "1:38: eth0: expected interface id, a number\n" },
		{ ADD "-if-id 1;", "1:31: -if-id: no such option (did you mean -if_id?)\n" },
		{ ADD "-mark 1/;", "1:39: ;: expected mask, a number\n" },
		{ ADD "-mark 0x100000000;", "1:37: 0x...: mark must be 0 to 4294967295\n" },
		{ ADD "-output_mark x;", "1:44: x: expected mark, a number\n" },
		{ ADD "-output-mark 1;", "1:31: -output-mark: no such option (did you mean" },
		{ ADD "-tfc 100 -E null;", "1:36: 100: only tunnels are padded, -m tunnel\n" },
		{ ADD "-tfc many;", "1:36: many: expected padding, a number\n" },
		{ ADD "-encap udp -E null;", "1:38: udp: -encap goes with esp-udp\n" },
		{ "add 10.0.0.1 10.0.0.2 esp-udp 300 -encap upd -E null;",
		  "1:42: upd: no such encapsulation (did you mean udp?)\n" },
		{ ADD "-sel 10.0.0.0/8;", "1:46: ;: expected an address\n" },
		{ ADD "-sel 10.0.0.0/8 10.0.0.0/33 any;", "1:56: 33: this address has only 32" },
		{ ADD "-sel 10.0.0.0/8 10.0.0.0/8 any 5 -E null;",
		  "1:62: 5: any takes no type or key\n" },
		{ ADD "-sel ::/0 ::/0 any -E null;",
		  "1:36: ::: transport mode cannot change the family\n" },
		{ ADD "-dev lo -E null;",
		  "1:36: lo: -dev is a part of the selector, needs -sel\n" },
		{ ADD "-sel ::/0 ::/0 any -dev nosuchdevice -E null;",
		  "1:55: nosuchdevice: no such network interface here\n" },
		{ ADD "-dev ;", "1:36: ;: expected a network interface\n" },
		{ ADD "-offload eth0;", "1:44: ;: expected a direction\n" },
		{ ADD "-offload eth0 inn;", "1:45: inn: no such direction (did you mean in?)\n" },
		{ ADD "-offload nameoftoomanyletters in;", "1:40: nameoftoomanyletters: expected" },
		{ ADD "-f no-ecn;", "1:34: no-ecn: no such flag (did you mean noecn?)\n" },
		{ ADD "-icv 96 -E null;", "1:36: 96: -icv goes with -A or a cipher that" },
		{ ADD "-icv 12 -E null;", "1:36: 12: the ICV has whole bytes, in bits" },
		{ ADD "-icv 0 -E null;", "1:36: 0: the ICV has whole bytes, in bits" },
		{ ADD "-icv 1024 -E null;", "1:36: 1024: ICV length must be 0 to 512\n" },
		{ "get 10.0.0.1 10.0.0.2 esp 300 -icv 96;",
		  "1:31: -icv: get takes no algorithm\n" },
		{ ADD "-aead aes-cbc " AES ";", "1:37: aes-cbc: no such cipher that authent" },
		{ ADD "-E \"\" " AES ";", "1:34: \"...\": the kernel's names have 1 to 63" },
		{ ADD "-E null -E null;", "1:42: null: such an algorithm is given already\n" },
		{ ADD "-E aes-cbc " AES " -aead aes-gcm-16 " AES "01020304;",
		  "1:83: aes-gcm-16: such an algorithm is given already\n" },
		{ "add 10.0.0.1[1/2] 10.0.0.2 esp-udp 300 -E null;",
		  "1:14: 1: only selectors have masks of ports\n" },
		{ "add 10.0.0.1[0] 10.0.0.2[0] esp-udp 300 -E null;",
		  "1:14: 0: esp-udp needs a port number\n" },
	};
	(void)state;
	assert_bad(bad, N_ELEMENTS(bad));
}

static void options_of_policies_that_pf_key_had_not(void **state)
{
	static const char *const good[] = {
		SPD "-if_id 7 -mark 0x1/0xff -dev lo -sub -f localok -f icmp -P in none;",
		SPD "-dev 4711 -P in none;",
		SPD "-lh 60 -ls 50 -uh 40 -us 30 -bh 20 -bs 10 -ph 9 -ps 8 -P in none;",
		SPD "-mark 1 -ctx 1 1 \"a\" -P in none;",
		"spddelete ::1 ::2 any -if_id 7 -mark 1 -sub -P in;",
		SPD "-P out ipsec esp/beet/10.0.0.1-10.0.0.2/unique:1;",
		SPD "-P out ipsec esp/transport//require:100000,spi=0x300 ah/transport//use:7;",
		SPD "-P out ipsec esp/transport//,spi=768 60/5//use;",
		SPD "-P out ipsec esp/transport//unique#100000;",
		SPD "-P out ipsec esp/transport//use #1 is a comment;\n;",
		SPD
		"-P out ipsec esp/tunnel/10.0.0.1-10.0.0.2/ ah/transport/10.0.0.1-10.0.0.2/use;",
		"spdadd ::1[80/0xfff0] ::2[0/0xffff] tcp -P in none;",
		"spdadd ::1 ::2 icmp6 any,3 -P in none;",
		"spdadd ::1 ::2 icmp6 128/0xfe -P in none;",
		"spdadd ::1 ::2 gre 1.2.0.0/0xffff0000 -P in none;",
	};
	(void)state;
	assert_good(good, N_ELEMENTS(good));
}

static void wrong_options_of_policies_that_pf_key_had_not(void **state)
{
	static const struct mistake bad[] = {
		{ SPD "-if_id;", "1:26: ;: expected interface id, a number\n" },
		{ SPD "-ifid 1;", "1:20: -ifid: no such option (did you mean -if_id?)\n" },
		{ SPD "-mark x;", "1:26: x: expected mark, a number\n" },
		{ SPD "-dev nosuchdevice;",
		  "1:25: nosuchdevice: no such network interface here\n" },
		{ SPD "-dev 0;", "1:25: 0: interface must be 1 to 2147483647\n" },
		{ SPD "-f localOK;", "1:23: localOK: no such flag (did you mean localok?)\n" },
		{ SPD "-f noecn;", "1:23: noecn: no such flag\n" },
		{ SPD "-lh soon;", "1:24: soon: expected seconds, a number\n" },
		{ SPD "sub -P in none;", "1:20: sub: any takes no type or key\n" },
		{ SPD "-P in ipsec;", "1:23: in ipsec: ipsec needs a request" },
		{ SPD "-P in ipsec esp/beet//use;", "1:32: esp: a tunnel needs two addresses\n" },
		{ SPD "-P in ipsec esp/transport//use:;", "1:51: ;: number expected\n" },
		{ SPD "-P in ipsec esp/transport//unique:16384;",
		  "1:54: 16384: reqid over 16383\n" },
		{ SPD "-P in ipsec esp/transport//use,;", "1:51: ;: spi=N expected\n" },
		{ SPD "-P in ipsec esp/transport//use,sip=1;", "1:51: sip=1: spi=N expected" },
		{ SPD "-P in ipsec esp/transport//use,spi 1;", "1:55: 1: '=' and an SPI expected" },
		{ SPD "-P in ipsec esp/transport//use,spi=x;", "1:55: x: number expected" },
		{ SPD "-P in ipsec esp/transport//use,spi=0x1ffffffff;",
		  "1:55: 0x...: SPI over 32" },
		{ SPD "-P in ipsec 255/transport//use;", "1:32: 255: protocol over 254\n" },
		{ SPD "-P in ipsec esp/128//use;", "1:36: 128: mode over 127\n" },
		{ "spdadd ::1[80/] ::2 tcp -P in none;", "1:15: ]: expected port mask" },
		{ "spdadd ::1[80/65536] ::2 tcp -P in none;", "1:15: 65536: port mask must be" },
		{ "spdadd ::1[0/1] ::2 gre -P in none;", "1:12: 0: gre has a key, not ports\n" },
		{ "spdadd ::1 ::2 icmp6 1/x -P in none;", "1:24: x: expected mask, a number\n" },
		{ "spdadd ::1 ::2 gre 1/x -P in none;", "1:22: x: expected mask, a number\n" },
	};
	(void)state;
	assert_bad(bad, N_ELEMENTS(bad));
}

static void a_length_of_the_icv_chooses_the_row_of_the_table(void **state)
{
	struct command c = one(ADD "-E aes-gcm-16 " AES "01020304 -icv 64;");
	(void)state;
	assert_int_equal(c.sa.aead.id, KEYDB_ALG_AES_GCM_8);
	assert_int_equal(c.sa.aead.icv_bits, 64);
	c = one(ADD "-E null -A hmac-sha256 " SHA256 " -icv 96;");
	assert_int_equal(c.sa.auth.id, KEYDB_ALG_HMAC_SHA256);
	assert_int_equal(c.sa.auth.icv_bits, 96);
	c = one(ADD "-E \"rfc4106(gcm(aes))\" " AES "01020304;");
	assert_int_equal(c.sa.aead.id, KEYDB_ALG_AES_GCM_16);
}

static void a_tunnel_carries_both_families_unless_told_otherwise(void **state)
{
	static const struct {
		const char *line;
		bool both;
	} want[] = {
		{ ADD "-m tunnel -E null;", true },
		{ ADD "-m transport -E null;", false },
		{ ADD "-m transport -f af-unspec -E null;", true },
		{ ADD "-f no-af-unspec -m tunnel -E null;", false },
		{ ADD "-m tunnel -sel ::/0 ::/0 any -E null;", false },
		{ ADD "-m tunnel -m transport -E null;", false },
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(want); i++)
		assert_int_equal(one(want[i].line).sa.flags, want[i].both ? KEYDB_SA_AF_UNSPEC : 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_sas_that_pf_key_had_not),
		cmocka_unit_test(wrong_options_of_sas_that_pf_key_had_not),
		cmocka_unit_test(options_of_policies_that_pf_key_had_not),
		cmocka_unit_test(wrong_options_of_policies_that_pf_key_had_not),
		cmocka_unit_test(a_length_of_the_icv_chooses_the_row_of_the_table),
		cmocka_unit_test(a_tunnel_carries_both_families_unless_told_otherwise),
	};
	return cmocka_run_group_tests_name("setkey_grammar", tests, NULL, NULL);
}
