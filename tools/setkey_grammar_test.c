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
#define AES_TAIL "00112233445566778899aabbccddeeff"
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

/* ---- KAME's grammar ---- */

static void every_command_and_its_parts(void **state)
{
	static const char *const good[] = {
		"",
		"# nothing but a comment",
		";;; flush;;",
		"flush;dump;spdflush;spddump;",
		"flush esp;flush ah;flush ipcomp;flush esp-udp;dump esp;dump ah;dump ipcomp;",
		"add# a comment\n10.0.0.1\n\t10.0.0.2 esp 300 # ; \"\n-E null;",
		"add -4 10.0.0.1 10.0.0.2 esp 300 -E null;",
		"add -6 ::1 ::2 esp 300 -E null;",
		"add -n -4 10.0.0.1 10.0.0.2 esp 300 -E null;",
		"add -n46 ::1 ::2 esp 300 -E null;",
		"update 10.0.0.1 10.0.0.2 esp 0x12c -E null;",
		"get 10.0.0.1 10.0.0.2 esp 300;",
		"get 10.0.0.1 10.0.0.2 ah 300 -m tunnel;",
		"getspi 10.0.0.1 10.0.0.2 esp 0;",
		"getspi -n 10.0.0.1 10.0.0.2 ipcomp 0 -m tunnel -u 5 -r 4 -f zero-pad -lh 1;",
		"delete 10.0.0.1 10.0.0.2 esp 300;",
		"delete 10.0.0.1[500] 10.0.0.2[4500] esp-udp 10.0.0.3 300;",
		"deleteall 10.0.0.1 10.0.0.2 esp;",
		"deleteall -6 ::1 ::2 ah;",
		"exit",
		"quit; and the rest is not looked at",
		"bye;",
	};
	(void)state;
	assert_good(good, N_ELEMENTS(good));
}

static void every_option_and_algorithm_of_an_sa(void **state)
{
	static const char *const good[] = {
		ADD "-m transport -r 32 -u 16383 -E null;",
		ADD "-m tunnel -r 0 -u 0 -E null;",
		ADD "-m any -f zero-pad -f random-pad -f seq-pad -f nocyclic-seq -E null;",
		ADD "-lh 3600 -ls 1800 -bh 0x100000 -bs 1 -E null;",
		ADD "-ctx 1 1 \"system_u:object_r:x_t:s0-s15:c0.c1023\" -E null;",
		ADD "-E des-cbc \"12345678\" -A hmac-md5 \"1234567890123456\";",
		ADD "-E 3des-cbc 0x000102030405060708090a0b0c0d0e0f1011121314151617;",
		ADD "-E blowfish-cbc \"12345\" -A null;",
		ADD "-E cast128-cbc \"12345\" -A aes-xcbc-mac " AES ";",
		ADD "-E twofish-cbc " AES " -A hmac-ripemd160 \"12345678901234567890\";",
		ADD "-E aes-cbc " AES " -A hmac-sha1 " SHA1 ";",
		ADD "-E rijndael-cbc " AES ";",
		ADD "-E aes-ctr " AES "01020304 -A hmac-sha2-256 " SHA256 ";",
		ADD "-E camellia-cbc " AES " -A hmac-sha2-384 " SHA256 AES_TAIL ";",
		ADD "-E simple -A hmac-sha384 " SHA256 AES_TAIL ";",
		ADD "-E null -A hmac-sha2-512 " SHA256 AES_TAIL AES_TAIL ";",
		ADD "-E null \"\" -A hmac-sha512 " SHA256 AES_TAIL AES_TAIL ";",
		ADD "-E aes-gcm-16 " AES "01020304;",
		ADD "-E aes-gcm-8 " AES AES_TAIL "01020304;",
		ADD "-E aes-ccm-16 " AES "010203;",
		ADD "-E aes-gmac " AES "01020304;",
		ADD "-E chacha20-poly1305 " SHA256 "01020304;",
		"add ::1 ::2 ah 300 -A hmac-sha1 " SHA1 ";",
		"add ::1 ::2 ah 300 -A null;",
		"add ::1 ::2 ipcomp 300 -C deflate;",
		"add ::1 ::2 ipcomp 300 -m tunnel -C lzs -R;",
		"add 10.0.0.1[4500] 10.0.0.2[4500] esp-udp 300 -E null;",
		"add 10.0.0.1 10.0.0.2[4501] esp-udp 192.0.2.9 0x300 -E null;",
	};
	(void)state;
	assert_good(good, N_ELEMENTS(good));
}

static void every_part_of_a_policy(void **state)
{
	static const char *const good[] = {
		"spdadd 10.0.0.1 10.0.0.2 any -P in none;",
		"spdadd -4 10.0.0.0/8 10.0.0.0/8[80] tcp -P out discard;",
		"spdadd -n6 ::/0[any] ::/0 [ 53 ] udp -P fwd ipsec esp/transport//use;",
		"spdadd 0.0.0.0/0[http] 0.0.0.0/0 tcp -P in none;",
		"spdadd fe80::1%lo fe80::2%lo any -P in none;",
		"spdupdate ::1 ::2 icmp6 135 -P in none;",
		"spdadd ::1 ::2 icmp6 135,0 -P in none;",
		"spdadd 10.0.0.1 10.0.0.2 icmp 0 -P in none;",
		"spdadd ::1 ::2 135 5,6 -P in none;",
		"spdadd 10.0.0.1 10.0.0.2 gre 1234 -P in none;",
		"spdadd 10.0.0.1 10.0.0.2 gre 10.0.0.9 -P in none;",
		"spdadd 10.0.0.1 10.0.0.2 ip4 -P in none;",
		"spdadd 10.0.0.1 10.0.0.2 255 -P in none;",
		"spdadd 10.0.0.1 10.0.0.2 ospf -P in none;",
		SPD "-ctx 1 1 \"a:b:c\" -P in none;",
		SPD "-P in priority 10 none;",
		SPD "-P in prio -10 none;",
		SPD "-P in prio - 10 none;",
		SPD "-P in prio 2147483647 none;",
		SPD "-P in prio -2147483647 none;",
		SPD "-P in prio low none;",
		SPD "-P in prio def+100 none;",
		SPD "-P in priority high - 1073741823 none;",
		SPD "-P in prio high + 1073741824 none;",
		SPD "-P in ipsec esp/transport;",
		SPD "-P in ipsec esp/transport/;",
		SPD "-P in ipsec esp/transport//;",
		SPD
		"-P in ipsec esp/transport//default ah/transport//use ipcomp/transport//require;",
		SPD "-P out ipsec esp/transport/me-any/unique;",
		SPD "-P in ipsec esp/transport/any-me/unique:16383;",
		SPD "-P in ipsec esp/tunnel/10.0.0.1-10.0.0.2/require;",
		SPD "-P in ipsec esp/tunnel/10.0.0.1[500]-10.0.0.2[4500]/require;",
		SPD "-P in ipsec\n\tesp / tunnel / 2001:db8::1 - 2001:db8::2 / require # why\n ;",
		SPD "-P in ipsec esp/tunnel/fe80::1%lo-fe80::2%lo/require;",
		"spddelete ::1 ::2 any -P in;",
		"spddelete ::1 ::2 icmp6 135,0 -P out prio 5 ipsec esp/transport//require;",
	};
	(void)state;
	assert_good(good, N_ELEMENTS(good));
}

/* Those of setkey(8) of KAME, FreeBSD, NetBSD and ipsec-tools, with other addresses. */
static void examples_of_older_manual_pages(void **state)
{
	static const char *const good[] = {
		"add 3ffe:501:4819::1 3ffe:501:481d::1 esp 123457\n"
		"\t-E des-cbc 0x3ffe05014819ffff ;\n",
		"add -6 2001:db8::1 2001:db8::2 esp 123457\n"
		"\t-E des-cbc 0x3ffe05014819ffff ;\n\n"
		"add 3ffe:501:4819::1 3ffe:501:481d::1 ah 123456\n"
		"\t-A hmac-sha1 \"AH SA configuration!\" ;\n",
		"add 10.0.11.41 10.0.11.33 esp 0x10001\n"
		"\t-E des-cbc 0x3ffe05014819ffff\n"
		"\t-A hmac-md5 \"authentication!!\" ;\n",
		"get 3ffe:501:4819::1 3ffe:501:481d::1 ah 123456 ;\n"
		"flush ;\ndump esp ;\n",
		"spdadd 10.0.11.41/32[21] 10.0.11.33/32[any] any\n"
		"\t-P out ipsec esp/tunnel/192.168.0.1-192.168.1.2/require ;\n",
		"add 10.1.10.34 10.1.10.36 esp 0x10001 -m tunnel -u 1 -E 3des-cbc\n"
		"\t0x6cb228189b4c6e82e66e46920a2cde29187de4ba01234567;\n",
		"spdadd ::/0 ::/0 icmp6 135,0 -P out none ;\n"
		"spdadd ::/0 ::/0 icmp6 136,0 -P in none ;\n",
		"spdadd 10.0.11.0/24 10.0.11.33/32 any -P out prio low - 5 ipsec\n"
		"\tah/transport//use esp/transport//unique:5 ;\n",
		"spdadd 192.0.2.1 192.0.2.2 any -ctx 1 1\n"
		"\t\"system_u:object_r:zzyzx_t:s0\"\n"
		"\t-P out ipsec esp/transport//require ;\n",
		"spdadd 0.0.0.0/0 0.0.0.0/0 gre 1234 -P out ipsec esp/transport//require ;\n",
		"add 2001:db8::1 2001:db8::2 ipcomp 2 -C deflate ;\n",
		"add 10.0.0.1 10.0.0.2 esp 0x10002 -E aes-gcm-16\n"
		"\t0x3132333435363738393031323334353637383930 ;\n",
		"add 10.0.0.1[4500] 10.0.0.2[4500] esp-udp 0x2222 -m tunnel\n"
		"\t-E aes-cbc \"kame8910kame8910\" -A hmac-sha1 \"kame1234567890123456\" ;\n",
	};
	(void)state;
	assert_good(good, N_ELEMENTS(good));
}

/* What each rule says to something else; other mistakes are in setkey_parse_test.c. */
static void mistakes_in_kames_grammar(void **state)
{
	static const struct mistake bad[] = {
		{ "add", "1:4: end of file: expected an address\n" },
		{ "add -x ::1 ::2 esp 300;", "1:5: -x: " },
		{ "add ::1", "1:8: end of file: expected an address\n" },
		{ "add ::1/64 ::2 esp 300;", "1:8: /: expected an address\n" },
		{ "add ::1 ::2 esp 300 -E null", "1:28: end of file: expected ';'\n" },
		{ "add ::1 ::2 esp -E null;", "1:17: -E: expected SPI, a number\n" },
		{ "add ::1 ::2 -m tunnel;", "1:13: -m: no such protocol" },
		{ "update ::1 ::2 esp 300;",
		  "1:16: esp: needs -E (null for authentication alone)" },
		{ "update ::1 ::2 esp 0 -E null;", "1:20: 0: SPI must be 1 to 4294967295\n" },
		{ "get ::1 ::2 esp;", "1:16: ;: expected SPI, a number\n" },
		{ "get ::1 10.0.0.1 esp 300;", "1:9: 10.0.0.1: is not of the source's address" },
		{ "getspi ::1 ::2 esp x;", "1:20: x: expected SPI, a number\n" },
		{ "getspi ::1 ::2 ipcomp 65536;", "1:23: 65536: CPI must be 0 to 65535\n" },
		{ "getspi ::1 ::2 esp 0 -A null;", "1:22: -A: getspi takes no algorithm\n" },
		{ "delete ::1 ::2 esp 0;", "1:20: 0: SPI must be 1 to 4294967295\n" },
		{ "delete ::1 ::2;", "1:15: ;: expected a protocol\n" },
		{ "deleteall ::1 ::2;", "1:18: ;: expected a protocol\n" },
		{ "deleteall ::1 ::2 esp -m tunnel;", "1:23: -m: expected ';'\n" },
		{ "flush tcp;", "1:7: tcp: TCP-MD5 (RFC 2385) keys are set by socket options" },
		{ "dump esp ah;", "1:10: ah: expected ';'\n" },
		{ "spddump all;", "1:9: all: expected ';'\n" },
		{ "spdflush esp;", "1:10: esp: expected ';'\n" },
		{ ADD "-E aes-cbc 0x;", "1:42: \"...\": expected a key" },
		{ ADD "-E aes-cbc \"not closed;", "1:42: \"...\": the string is not closed\n" },
		{ ADD "-u -5;", "1:34: -5: expected reqid, a number\n" },
		{ ADD "-f;", "1:33: ;: expected a flag\n" },
		{ ADD "-lh;", "1:34: ;: expected seconds, a number\n" },
		{ ADD "-ctx;", "1:35: ;: expected context DOI, a number\n" },
		{ ADD "-E;", "1:33: ;: expected an encryption algorithm\n" },
		{ ADD "-E null -A;", "1:41: ;: expected an authentication algorithm\n" },
		{ "add ::1 ::2 ipcomp 300 -C;", "1:26: ;: expected a compression algorithm\n" },
		{ "spdadd;", "1:7: ;: expected an address\n" },
		{ "spdadd ::1;", "1:11: ;: expected an address\n" },
		{ "spdadd ::1 ::2;", "1:15: ;: expected a protocol\n" },
		{ "spdadd ::1/x ::2 any -P in none;",
		  "1:12: x: expected prefix length, a number\n" },
		{ "spdadd ::1[x ::2 any -P in none;", "1:14: ::2: expected ']' behind the port\n" },
		{ "spdadd 10.0.0.0/33 10.0.0.1 any -P in none;",
		  "1:17: 33: this address has only" },
		{ "spdadd ::1 ::2 icmp6 1, -P in none;", "1:25: -P: expected code, a number\n" },
		{ SPD "-P", "1:20: -P: the policy is not ended by ';'\n" },
		{ SPD "-P up none;", "1:23: up: in, out or fwd expected\n" },
		{ SPD "-P in prio none;", "1:31: none: number expected\n" },
		{ SPD "-P in prio 2147483648 none;", "1:31: 2147483648: priority out of range\n" },
		{ SPD "-P in prio high + x none;", "1:38: x: number expected\n" },
		{ SPD "-P in prio high + 1073741825 none;", "1:38: 1073741825: priority offset" },
		{ SPD "-P in prio low - 1073741824 none;", "1:37: 1073741824: priority offset" },
		{ SPD "-P in drop;",
		  "1:26: drop: discard, none, ipsec, entrust or bypass expected\n" },
		{ SPD "-P in entrust;", "1:23: in entrust: entrust and bypass are for sockets" },
		{ SPD "-P in ipsec esp;", "1:35: ;: '/' and a mode expected\n" },
		{ SPD "-P in ipsec tcp/transport;", "1:32: tcp: esp, ah or ipcomp expected\n" },
		{ SPD "-P in ipsec esp/tunnel;", "1:32: esp: a tunnel needs two addresses\n" },
		{ SPD "-P in ipsec esp/tunnel/a-b/use;", "1:43: a-b: numeric address expected\n" },
		{ SPD "-P in ipsec esp/tunnel/::1/use;", "1:46: /: '-' expected\n" },
		{ SPD "-P in ipsec esp/tunnel/::1-10.0.0.1/use;",
		  "1:43: ::1-10.0.0.1: addresses of" },
		{ SPD "-P in ipsec esp/tunnel/::1[5]-::2/use;",
		  "1:43: ::1[5]-::2: both addresses" },
		{ SPD "-P in ipsec esp/tunnel/::1[x]-::2[5]/use;", "1:47: x]-::2[5]: number" },
		{ SPD "-P in ipsec esp/transport/me-any/use;",
		  "1:46: me-any: me-any is for out\n" },
		{ SPD "-P out ipsec esp/transport/any-me/use;",
		  "1:47: any-me: any-me is for in\n" },
		{ SPD "-P in ipsec esp/transport//sometimes;", "1:47: sometimes: level expected" },
		{ SPD "-P in ipsec esp/transport//unique:x;", "1:54: x: number expected\n" },
		{ "spddelete ::1 ::2 any;", "1:22: ;: expected -P and the policy\n" },
		{ "spddelete ::1 ::2 any -P;", "1:25: " },
		{ "spddelete ::1 ::2 any -P in nonsense;", "1:29: nonsense: discard, none, ipsec" },
		{ "spdadd tagged pf -P in none;", "1:15: pf: expected the tag as \"text\"\n" },
		{ "spdadd tagged \"pf\";", "1:19: ;: expected -P and the policy\n" },
		{ "spdadd tagged \"pf\" -P in nonee;", "1:26: nonee: discard, none, ipsec" },
		{ "spdadd tagged \"pf\" -P in none;", "1:8: tagged: Linux has no packet tags" },
	};
	(void)state;
	assert_bad(bad, N_ELEMENTS(bad));
}

/* Commands before and behind the mistake included. */
static void a_mistake_anywhere_refuses_the_whole_script(void **state)
{
	struct command_list list = { 0 };
	(void)state;
	assert_int_equal(parse("flush; spdflush;\n" ADD "-E nul;\nflush;", &list), -EINVAL);
	command_list_done(&list);
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
		cmocka_unit_test(every_command_and_its_parts),
		cmocka_unit_test(every_option_and_algorithm_of_an_sa),
		cmocka_unit_test(every_part_of_a_policy),
		cmocka_unit_test(examples_of_older_manual_pages),
		cmocka_unit_test(mistakes_in_kames_grammar),
		cmocka_unit_test(a_mistake_anywhere_refuses_the_whole_script),
		cmocka_unit_test(options_of_sas_that_pf_key_had_not),
		cmocka_unit_test(wrong_options_of_sas_that_pf_key_had_not),
		cmocka_unit_test(options_of_policies_that_pf_key_had_not),
		cmocka_unit_test(wrong_options_of_policies_that_pf_key_had_not),
		cmocka_unit_test(a_length_of_the_icv_chooses_the_row_of_the_table),
		cmocka_unit_test(a_tunnel_carries_both_families_unless_told_otherwise),
	};
	return cmocka_run_group_tests_name("setkey_grammar", tests, NULL, NULL);
}
