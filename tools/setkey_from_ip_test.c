/* SPDX-License-Identifier: BSD-2-Clause */
/* Listings as iproute2 prints them, what becomes of them, and what is refused. */
#include "base/unit.h"

#include "setkey_from_ip.h"
#include "setkey_word.h"

#include <stdlib.h>

enum { TEXT_BYTES = 4096, MESSAGE_BYTES = 1024 };

static char script_text[TEXT_BYTES], messages[MESSAGE_BYTES];

static void report(void *arg, const struct script_message *m)
{
	size_t used = strlen(messages);
	(void)arg;
	snprintf(messages + used, sizeof(messages) - used, "%s:%u: %s\n", m->file, m->at.line,
		 m->text);
}

static int convert(const char *listing)
{
	struct script input = {
		.file = "ip",
		.text = listing,
		.len = strlen(listing),
		.first = { 1, 1 },
		.report = report,
	};
	FILE *f = fmemopen(script_text, sizeof(script_text), "w");
	messages[0] = '\0';
	memset(script_text, 0, sizeof(script_text));
	int rc = setkey_from_ip(&input, f);
	fclose(f);
	return rc;
}

static void becomes(const char *listing, const char *script)
{
	int rc = convert(listing);
	assert_string_equal(script_text, script);
	assert_string_equal(messages, "");
	assert_int_equal(rc, 0);
}

/* One error, with nothing but its comment (and what is said of the others) in the script. */
static void refused(const char *listing, uint32_t line, const char *why)
{
	char want[MESSAGE_BYTES];
	int rc = convert(listing);
	snprintf(want, sizeof(want), "ip:%u: %s\n", line, why);
	assert_string_equal(messages, want);
	assert_int_equal(rc, 1);
	snprintf(want, sizeof(want), "# line %u: left out: %s\n", line, why);
	if (!strstr(script_text, want))
		fail_msg("no comment in %s", script_text);
}

#define AES "0x000102030405060708090a0b0c0d0e0f"
#define SHA1 AES "10111213"
#define GCM AES "10111213"
#define SHA256 AES "101112131415161718191a1b1c1d1e1f"

#define HEAD "src 192.0.2.1 dst 192.0.2.2\n"
#define NO_SELECTOR "\tsel src 0.0.0.0/0 dst 0.0.0.0/0 uid 0\n"
#define LIMITS                                                  \
	"\tlifetime config:\n"                                  \
	"\t  limit: soft (INF)(bytes), hard (INF)(bytes)\n"     \
	"\t  limit: soft (INF)(packets), hard (INF)(packets)\n" \
	"\t  expire add: soft 0(sec), hard 0(sec)\n"            \
	"\t  expire use: soft 0(sec), hard 0(sec)\n"            \
	"\tlifetime current:\n"                                 \
	"\t  0(bytes), 0(packets)\n"                            \
	"\t  add 2026-11-25 19:10:56 use -\n"
#define STATS "\tstats:\n\t  replay-window 0 replay 0 failed 0\n"
#define REPLAY "\tanti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000\n"

static void a_tunnel_is_an_add(void **state)
{
	(void)state;
	becomes(HEAD "\tproto esp spi 0x00001001(4097) reqid 5(0x00000005) mode tunnel\n"
		     "\treplay-window 32 seq 0x00000000 flag af-unspec (0x00100000)\n"
		     "\tauth-trunc hmac(sha1) " SHA1 " (160 bits) 96\n"
		     "\tenc cbc(aes) " AES " (128 bits)\n" REPLAY LIMITS STATS,
		"add 192.0.2.1 192.0.2.2 esp 0x00001001 -m tunnel -r 32 -u 5 -E aes-cbc " AES
		" -A hmac-sha1 " SHA1 ";\n");
}

static void a_short_listing_has_a_note_that_it_tells_less(void **state)
{
	(void)state;
	becomes(HEAD "\tproto comp spi 0x00000033 reqid 0 mode transport\n"
		     "\treplay-window 0 \n"
		     "\tcomp deflate \n" REPLAY "\tsel src 0.0.0.0/0 dst 0.0.0.0/0 \n"
		     "src 10.0.0.0/8 dst 10.3.0.0/16 \n"
		     "\tdir in action block priority 7 ptype main \n",
		"add 192.0.2.1 192.0.2.2 ipcomp 0x00000033 -m transport -C deflate;\n"
		"spdadd 10.0.0.0/8 10.3.0.0/16 any -P in prio high + 1073741817 discard;\n"
		"# line 1: limits and some flags of SAs are not in the listing: ip -s xfrm state\n"
		"# line 7: limits are not in the listing: ip -s xfrm policy\n");
}

static void aead_takes_its_row_by_the_icv(void **state)
{
	(void)state;
	becomes("src 2001:db8::1 dst 2001:db8::2\n"
		"\tproto esp spi 0x00001003(4099) reqid 0(0x00000000) mode beet\n"
		"\treplay-window 0 seq 0x00000000 flag esn (0x10000000)\n"
		"\taead rfc4106(gcm(aes)) " GCM " (160 bits) 96\n"
		"\tanti-replay esn context:\n"
		"\t seq-hi 0x0, seq 0x0, oseq-hi 0x0, oseq 0x0\n"
		"\t replay_window 64, bitmap-length 2\n"
		"\t 00000000 00000000 \n"
		"\tsel src ::/0 dst ::/0 uid 0\n" LIMITS STATS,
		"add 2001:db8::1 2001:db8::2 esp 0x00001003 -m beet -r 64 -esn "
		"-E aes-gcm-12 " GCM ";\n");
}

static void unusual_icvs_stay(void **state)
{
	(void)state;
	becomes(HEAD "\tproto ah spi 0x00001001 reqid 0 mode transport\n\treplay-window 0\n"
		     "\tauth-trunc hmac(sha256) " SHA256 " 96\n" LIMITS,
		"add 192.0.2.1 192.0.2.2 ah 0x00001001 -m transport -A hmac-sha256 " SHA256
		" -icv 96;\n");
	/* A kernel that tells no length has the one from before RFC 4868. */
	becomes(HEAD "\tproto ah spi 0x00001001 reqid 0 mode transport\n\treplay-window 0\n"
		     "\tauth hmac(sha256) " SHA256 "\n" LIMITS,
		"add 192.0.2.1 192.0.2.2 ah 0x00001001 -m transport -A hmac-sha256 " SHA256
		" -icv 96;\n");
}

static void empty_keys_are_keys(void **state)
{
	(void)state;
	becomes(HEAD "\tproto esp spi 0x00001004 reqid 0 mode transport\n\treplay-window 0 \n"
		     "\tauth-trunc digest_null  0\n\tenc ecb(cipher_null) \n" LIMITS,
		"add 192.0.2.1 192.0.2.2 esp 0x00001004 -m transport -E null -A null;\n");
}

static void what_only_the_kernel_names_keeps_its_name(void **state)
{
	(void)state;
	becomes(HEAD "\tproto esp spi 0x00001004 reqid 0 mode transport\n\treplay-window 0 \n"
		     "\tauth-trunc hmac(sha1) 0x0102 96\n\tenc cbc(xyz) 0x0001\n" LIMITS,
		"add 192.0.2.1 192.0.2.2 esp 0x00001004 -m transport -E \"cbc(xyz)\" 0x0001 "
		"-A \"hmac(sha1)\" 0x0102;\n");
}

static void marks_and_encapsulation(void **state)
{
	(void)state;
	becomes(HEAD
		"\tproto esp spi 0x00001006 reqid 0 mode tunnel\n\treplay-window 0 flag af-unspec\n"
		"\tmark 0x5/0xff output-mark 0x9\n\tenc cbc(aes) " AES "\n"
		"\tencap type espinudp sport 4501 dport 4502 addr 10.1.2.3\n" REPLAY
		"\tif_id 0x12c\n\ttfcpad 100\n" LIMITS,
		"add 192.0.2.1[4501] 192.0.2.2[4502] esp-udp 10.1.2.3 0x00001006 -m tunnel "
		"-if_id 300 -mark 0x5/0xff -output_mark 0x9/0xffffffff -tfc 100 -E aes-cbc " AES
		";\n");
	becomes(HEAD "\tproto esp spi 0x00001006 reqid 0 mode transport\n\treplay-window 0 \n"
		     "\tenc cbc(aes) " AES "\n"
		     "\tencap type espintcp sport 4501 dport 4502 addr 0.0.0.0\n" LIMITS,
		"add 192.0.2.1[4501] 192.0.2.2[4502] esp-udp 0x00001006 -m transport -encap tcp "
		"-E aes-cbc " AES ";\n");
}

static void extra_flags_may_be_glued_to_the_flags(void **state)
{
	(void)state;
	becomes(HEAD "\tproto ah spi 0x00010051(65617) reqid 0(0x00000000) mode transport\n"
		     "\treplay-window 0 seq 0x00000000 flag noecn wildrecvextra_flag "
		     "dont-encap-dscp oseq-may-wrap (0x00001000)\n"
		     "\tauth-trunc hmac(sha1) " SHA1 " (160 bits) 96\n" NO_SELECTOR LIMITS,
		"add 192.0.2.1 192.0.2.2 ah 0x00010051 -m transport -f noecn -f dont-encap-dscp "
		"-f oseq-may-wrap -f wildrecv -A hmac-sha1 " SHA1 ";\n");
}

static void limits_are_read_with_s(void **state)
{
	(void)state;
	becomes(HEAD "\tproto esp spi 0x00001009 reqid 0 mode transport\n\treplay-window 0 \n"
		     "\tenc ecb(cipher_null) \n"
		     "\tlifetime config:\n"
		     "\t  limit: soft 1000(bytes), hard 2000(bytes)\n"
		     "\t  limit: soft 3(packets), hard (INF)(packets)\n"
		     "\t  expire add: soft 100(sec), hard 200(sec)\n"
		     "\t  expire use: soft 0(sec), hard 400(sec)\n",
		"add 192.0.2.1 192.0.2.2 esp 0x00001009 -m transport -lh 200 -ls 100 -uh 400 "
		"-bh 2000 -bs 1000 -ps 3 -E null;\n");
}

static void one_line_listings_are_the_same(void **state)
{
	(void)state;
	becomes("src 192.0.2.1 dst 192.0.2.2\\\tproto esp spi 0x00001004 reqid 0 mode transport\\"
		"\treplay-window 0 \\\tenc ecb(cipher_null) \\\tlifetime config:\\"
		"\t  expire add: soft 0(sec), hard 9(sec)\\\n"
		"src ::/0 dst 2001:db8::/32 \\\tdir out priority 2147483648 ptype main \\"
		"\ttmpl src :: dst ::\\\t\tproto esp reqid 0 mode transport\\\t\tlevel use \\"
		"\tif_id 0x9\\\tlifetime config:\\\t  expire add: soft 0(sec), hard 7(sec)\\\n",
		"add 192.0.2.1 192.0.2.2 esp 0x00001004 -m transport -lh 9 -E null;\n"
		"spdadd ::/0 2001:db8::/32 any -if_id 9 -lh 7 -P out ipsec esp/transport//use;\n");
}

static void what_ip_shows_first_comes_last_and_sas_come_first(void **state)
{
	(void)state;
	becomes("src 10.0.0.0/8 dst 10.2.0.0/16 \n\tdir out priority 2147483648 ptype main \n" LIMITS
		"src 10.0.0.0/8 dst 10.1.0.0/16 \n\tdir out priority 2147483648 ptype main \n" LIMITS
			HEAD
		"\tproto esp spi 0x00001004 reqid 0 mode transport\n\treplay-window 0 \n"
		"\tenc ecb(cipher_null) \n" LIMITS,
		"add 192.0.2.1 192.0.2.2 esp 0x00001004 -m transport -E null;\n"
		"spdadd 10.0.0.0/8 10.1.0.0/16 any -P out none;\n"
		"spdadd 10.0.0.0/8 10.2.0.0/16 any -P out none;\n");
}

static void a_policy_has_all_its_templates(void **state)
{
	(void)state;
	becomes("src 10.0.0.0/8 dst 10.4.0.0/16 proto tcp sport 80 dport 1000 uid 0\n"
		"\tdir fwd action allow index 10 priority 2147483648 ptype sub share any flag "
		"localok icmp (0x00000003)\n" LIMITS "\tmark 0x5/0x7 \n"
		"\ttmpl src 192.0.2.1 dst 192.0.2.2\n"
		"\t\tproto comp spi 0x00000000(0) reqid 7(0x00000007) mode tunnel\n"
		"\t\tlevel use share any \n"
		"\t\tenc-mask ffffffff auth-mask ffffffff comp-mask ffffffff\n"
		"\ttmpl src 0.0.0.0 dst 0.0.0.0\n"
		"\t\tproto esp spi 0x00000301(769) reqid 20000(0x00004e20) mode transport\n"
		"\t\tlevel required share any \n"
		"\t\tenc-mask ffffffff auth-mask ffffffff comp-mask ffffffff\n"
		"\tif_id 0x9\n",
		"spdadd 10.0.0.0/8[80] 10.4.0.0/16[1000] 6 -if_id 9 -mark 0x5/0x7 -sub -f localok "
		"-f icmp -P fwd ipsec ipcomp/tunnel/192.0.2.1-192.0.2.2/use:7 "
		"esp/transport//unique#20000,spi=0x00000301;\n");
}

static void what_is_not_the_users_is_left_out_with_a_note(void **state)
{
	(void)state;
	becomes(HEAD "\tproto esp spi 0x00005001 reqid 3 mode tunnel\n\treplay-window 0 \n" REPLAY
		     "\tsel src 192.0.2.1/32 dst 192.0.2.2/32 \n"
		     "src 0.0.0.0/0 dst 0.0.0.0/0 \n\tsocket in priority 0 ptype main \n",
		"# line 1: a larval SA\n# line 6: a socket's policy\n");
}

static void counters_that_start_anew_are_noted(void **state)
{
	(void)state;
	becomes(HEAD "\tproto esp spi 0x00001004 reqid 0 mode transport\n\treplay-window 0 \n"
		     "\tenc ecb(cipher_null) \n"
		     "\tanti-replay context: seq 0x0, oseq 0x7, bitmap 0x00000000\n" LIMITS,
		"add 192.0.2.1 192.0.2.2 esp 0x00001004 -m transport -E null;\n"
		"# line 1: its sequence numbers start anew\n");
}

#define ESP HEAD "\tproto esp spi 0x00001004 reqid 0 mode transport\n"
#define POLICY "src 10.0.0.0/8 dst 10.4.0.0/16 \n\tdir in priority 0 ptype main \n"

static void what_setkey_cannot_say_is_refused_as_a_whole(void **state)
{
	(void)state;
	refused("src 2001:db8::1 dst 2001:db8::2\n\tproto route2 reqid 0 mode ro\n", 2,
		"setkey has no SAs of Mobile IPv6");
	refused(ESP "\tcoa 2001:db8::8\n", 3, "setkey has no care-of addresses");
	refused(ESP "\tdir out\n", 3, "setkey has no SAs of one direction");
	refused(ESP "\taead rfc4106(gcm(aes)) <<Keys hidden>> 96\n", 3,
		"the keys are hidden; list without nokeys");
	refused(ESP "\tsel src 10.0.0.0/8 dst 10.0.0.0/8 proto 255\n", 3,
		"to setkey protocol 255 is any protocol");
	refused(ESP "\tsel src 10.0.0.0/8 dst 10.0.0.0/8 dev nosuch0\n", 3,
		"there is no interface nosuch0 here");
	refused("src 10.0.0.0/8 dst 10.4.0.0/16 uid 1000\n\tdir in priority 0 ptype main \n", 1,
		"setkey cannot say that only a user's packets count");
	refused(POLICY "\ttmpl src 192.0.2.1 dst 192.0.2.2\n"
		       "\t\tproto esp reqid 0 mode tunnel\n"
		       "\t\tenc-mask 0000000f auth-mask ffffffff comp-mask ffffffff\n",
		5, "setkey cannot choose algorithms in a template");
	refused(POLICY "\tcrypto offload parameters: dev eth2 mode packet\n", 3,
		"setkey cannot have a device do a policy");
	refused("src 10.0.0.0/8 dst 10.4.0.0/16 \n\tdir in action block priority 0 ptype main \n"
		"\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 0 mode tunnel\n",
		1, "setkey's discard has no templates");
	refused("Default policies:\n in:  block\n fwd: block\n out: accept\n", 1,
		"setkey cannot set the kernel's default policies");
}

static void what_nobody_knows_is_refused(void **state)
{
	(void)state;
	refused("hello\n", 1, "not a line of \"ip xfrm state\" or \"ip xfrm policy\"");
	refused(ESP "\tnewthing 7\n", 3, "newthing is not known");
	refused(ESP "\treplay-window 0 flag nosuch\n", 3, "no such flag of SAs");
	refused(ESP "\treplay-window many\n", 3, "expected replay window, a number");
	refused("src 192.0.2.1 dst 2001:db8::1\n", 1, "addresses of two families");
	refused("src 192.0.2.1\n", 1, "expected dst");
	refused(HEAD, 1, "an SA has a protocol and a mode");
	refused(ESP "\tenc cbc(aes) 0x000\n", 3, "the key is too long or its last byte incomplete");
	refused(ESP "\tlifetime config:\n\t  limit: soft 1(byte), hard 2(bytes)\n", 4,
		"expected a soft and a hard limit");
	refused(POLICY "\tproto esp\n", 3, "proto is not known");
}

static void no_message_holds_a_key(void **state)
{
	(void)state;
	assert_int_equal(convert(ESP "\tenc cbc(aes) " SHA256 "xy\n"), 1);
	assert_null(strstr(messages, "0102030405"));
	assert_null(strstr(script_text, "0102030405"));
	assert_int_equal(convert(ESP "\t" SHA256 "\n"), 1);
	assert_null(strstr(messages, "0102030405"));
}

/* The rest is converted when an entry is not. */
static void an_error_costs_only_its_entry(void **state)
{
	(void)state;
	assert_int_equal(convert(ESP "\tcoa 2001:db8::8\n" HEAD
				     "\tproto esp spi 0x00001005 reqid 0 mode transport\n"
				     "\treplay-window 0 \n\tenc ecb(cipher_null) \n" LIMITS),
			 1);
	assert_non_null(strstr(script_text, "esp 0x00001005 -m transport -E null;\n"));
	assert_null(strstr(script_text, "0x00001004"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tunnel_is_an_add),
		cmocka_unit_test(a_short_listing_has_a_note_that_it_tells_less),
		cmocka_unit_test(aead_takes_its_row_by_the_icv),
		cmocka_unit_test(unusual_icvs_stay),
		cmocka_unit_test(empty_keys_are_keys),
		cmocka_unit_test(what_only_the_kernel_names_keeps_its_name),
		cmocka_unit_test(marks_and_encapsulation),
		cmocka_unit_test(extra_flags_may_be_glued_to_the_flags),
		cmocka_unit_test(limits_are_read_with_s),
		cmocka_unit_test(one_line_listings_are_the_same),
		cmocka_unit_test(what_ip_shows_first_comes_last_and_sas_come_first),
		cmocka_unit_test(a_policy_has_all_its_templates),
		cmocka_unit_test(what_is_not_the_users_is_left_out_with_a_note),
		cmocka_unit_test(counters_that_start_anew_are_noted),
		cmocka_unit_test(what_setkey_cannot_say_is_refused_as_a_whole),
		cmocka_unit_test(what_nobody_knows_is_refused),
		cmocka_unit_test(no_message_holds_a_key),
		cmocka_unit_test(an_error_costs_only_its_entry),
	};
	return cmocka_run_group_tests_name("setkey_from_ip", tests, NULL, NULL);
}
