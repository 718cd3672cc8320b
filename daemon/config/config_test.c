/* SPDX-License-Identifier: BSD-2-Clause */
/* racoon.conf: what files mean, and what the errors say. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unit.h"
#include "config/config.h"
#include "config/schema.h"
#include "policy/pool.h"

static char warned[4096];

static void note_warning(void *arg, const char *text)
{
	(void)arg;
	size_t used = strlen(warned);
	snprintf(warned + used, sizeof(warned) - used, "%s\n", text);
}

static const struct config_options options = { .warn = note_warning };

static struct policy *good(const char *text)
{
	struct policy *p = NULL;
	struct err err = { 0 };
	warned[0] = '\0';
	if (config_parse("test.conf", text, strlen(text), &options, &p, &err))
		fail_msg("%s", err.text);
	return p;
}

/* The text is refused, and this is said about it. */
static void bad(const char *text, const char *said)
{
	struct policy *p = NULL;
	struct err err = { 0 };
	warned[0] = '\0';
	int rc = config_parse("test.conf", text, strlen(text), &options, &p, &err);
	if (rc >= 0) {
		policy_unref(p);
		fail_msg("accepted: %s", text);
	}
	if (!strstr(err.text, said))
		fail_msg("\"%s\" does not say \"%s\"", err.text, said);
	assert_null(p);
	assert_int_equal(rc, err.code);
}

#define REMOTE                                                            \
	"remote \"gw\" { remote_address 192.0.2.2; exchange_mode ike2;\n" \
	" authentication_method pre_shared_key; }\n"

static const struct peer_config *only_peer(const struct policy *p)
{
	assert_false(list_empty(&p->peers));
	return LIST_ENTRY(p->peers.next, const struct peer_config, node);
}

static const struct child_config *only_child(const struct policy *p)
{
	const struct peer_config *peer = only_peer(p);
	assert_false(list_empty(&peer->children));
	return LIST_ENTRY(peer->children.next, const struct child_config, node);
}

static void an_empty_file_has_defaults(void **state)
{
	(void)state;
	struct policy *p = good("# nothing\n");
	assert_string_equal(p->psk_path, "/etc/racoon/psk.txt");
	assert_string_equal(p->control_path, "/run/tanukid/tanukid.sock");
	assert_true(list_empty(&p->peers));
	assert_int_equal(p->port, 500);
	assert_int_equal(p->natt_port, 4500);
	assert_true(p->timers.retransmit_tries > 0);
	policy_unref(p);
}

static void a_tunnel_is_read(void **state)
{
	(void)state;
	struct policy *p = good(
		"path pre_shared_key \"/etc/psk.txt\"; log debug;\n"
		"listen { isakmp 192.0.2.1 [500]; isakmp_natt 192.0.2.1 [4500]; adminsock \"/run/s\"; }\n"
		"timer { counter 7; interval 500ms; natt_keepalive 10 sec; phase1 1 min; }\n"
		"sainfo address 10.1.0.0/24 [80] tcp address fd02::/64 any {\n"
		"  remote \"gw\"; name \"lan\"; mode tunnel; install_policy on; esn on; replay_window 1024;\n"
		"  lifetime time 1 hour; lifetime byte 4GB; pfs_group ecp256; priority 77;\n"
		"  encryption_algorithm aes_gcm16 256, aes 128; authentication_algorithm hmac_sha256; }\n"
		"remote \"gw\" { remote_address 192.0.2.2, 2001:db8::2 [501], \"gw.example\";\n"
		"  exchange_mode ike2; my_identifier fqdn \"a.example\"; peers_identifier keyid tag \"b\";\n"
		"  initiate on; mobike on; dpd_delay 30; nonce_size 48; lifetime time 2 hour;\n"
		"  proposal { encryption_algorithm aes_gcm16 128; prf_algorithm prf_sha256;\n"
		"    dh_group curve25519, 14; authentication_method pre_shared_key; } }\n");
	const struct peer_config *peer = only_peer(p);
	const struct child_config *c = only_child(p);
	assert_string_equal(p->psk_path, "/etc/psk.txt");
	assert_int_equal(p->n_listen, 1);
	assert_int_equal(p->timers.retransmit_first_ms, 500);
	assert_int_equal(p->timers.half_open_ms, 60000);
	assert_int_equal(peer->n_peer_addrs, 2);
	assert_int_equal(peer->peer_addrs[1].port, 501);
	assert_string_equal(peer->peer_name, "gw.example");
	assert_int_equal(peer->local_id.type, ID_FQDN);
	assert_int_equal(peer->peer_ids[0].type, ID_KEY_ID);
	assert_true(peer->verify_id);
	assert_int_equal(peer->initiate, INITIATE_AT_START);
	assert_true(peer->mobike);
	assert_int_equal(peer->dpd_delay_ms, 30000);
	assert_int_equal(peer->lifetime.hard_ms, 7200000);
	assert_int_equal(peer->n_proposals, 1);
	assert_int_equal(peer->proposals[0].n_transforms, 4);
	assert_string_equal(c->name, "lan");
	assert_int_equal(c->local_ts.ts[0].port_lo, 80);
	assert_int_equal(c->local_ts.ts[0].proto, 6);
	assert_int_equal(c->peer_ts.ts[0].proto, 0);
	assert_int_equal(c->n_proposals, 2); /* the AEAD alone, then cipher and MAC */
	assert_int_equal(c->pfs_group, KE_ECP_256);
	assert_int_equal(c->priority, 77);
	assert_true(c->reqid > 0x3fff);
	assert_int_equal(c->lifetime.bytes, 4ull << 30);
	policy_unref(p);
}

static void limits_are_read(void **state)
{
	(void)state;
	struct policy *p =
		good("limits { cookie_threshold 0; half_open_per_source 5; half_open 50;\n"
		     "  ike_sas 1000; error_rate 0; error_burst 3; }\n");
	assert_int_equal(p->limits.cookie_threshold, 0);
	assert_int_equal(p->limits.half_open_per_source, 5);
	assert_int_equal(p->limits.half_open, 50);
	assert_int_equal(p->limits.ike_sas, 1000);
	assert_int_equal(p->limits.error_rate, 0);
	assert_int_equal(p->limits.error_burst, 3);
	policy_unref(p);
	p = good("limits { half_open 300; }");
	assert_int_equal(p->limits.half_open, 300);
	assert_int_equal(p->limits.cookie_threshold, 100);
	policy_unref(p);
	bad("limits { half_open_per_source 10; }",
	    "test.conf:1:1: cookie_threshold (100) must be below half_open_per_source (10)");
	bad("limits { half_open 100; }", "must be below half_open (100)");
	bad("limits { half_open 0; }", "a number from 1 to 100000");
	bad("limits { error_rate 1001; }", "a number from 0 to 1000");
	bad("limits { error_rate -1; }", "a number from 0 to 1000");
	bad("limits { halfopen 7; }", "did you mean \"half_open\"?");
	bad("limits 7;", "a { } block expected after \"limits\"");
}

static void a_misspelt_word_is_named_with_the_nearest(void **state)
{
	(void)state;
	bad("remote \"gw\" {\n\texchange_mod ike2;\n}",
	    "test.conf:2:2: unknown word \"exchange_mod\" in "
	    "remote; did you mean \"exchange_mode\"?");
	bad("sianfo anonymous { }", "did you mean \"sainfo\"?");
	bad("log debgu;", "did you mean \"debug\"?");
	bad("listen { isakmp 192.0.2; }", "test.conf:1:17: \"192.0.2\": an IPv4 or IPv6 address");
	bad("remote \"gw\" { exchange_mode ike2; authentication_method psk;\n"
	    " proposal { encryption_algorithm aes_gmc16; } }",
	    "did you mean \"aes_gcm16\"?");
}

static void syntax_errors_have_a_place(void **state)
{
	(void)state;
	bad("log info", "test.conf:1:9: ';' is missing after \"info\"");
	bad("listen {", "'}' is missing");
	bad("log \"info", "test.conf:1:5: this string never ends");
	bad("}", "cannot begin with \"}\"");
	bad("log info; $", "test.conf:1:11: '$' has no meaning");
	bad("log info debug;", "\"debug\": ';' expected before this");
	bad("log { }", "\"log\" takes no { } block");
	bad("timer;", "a { } block expected");
	bad("timer { counter many; }", "a number from 1 to 100 expected");
	bad("timer { interval 5 fortnights; }", "a unit expected");
	bad("a { b { c { d { e { f { g { h { i { } } } } } } } } }", "nested too deeply");
}

static void remotes_are_checked(void **state)
{
	(void)state;
	bad("remote anonymous { exchange_mode main; }", "IKEv1");
	bad("remote anonymous { }", "exchange_mode is missing");
	bad("remote anonymous { exchange_mode ike2; }", "authentication_method is missing");
	bad("remote anonymous { exchange_mode ike2; authentication_method rsasig; }",
	    "pre_shared_key only");
	bad(REMOTE REMOTE, "there is a remote of this name already");
	bad("remote \"a\" inherit \"b\" { }", "no remote of this name stands above");
	bad("remote \"a/b\" { }", "no '/'");
	bad("remote \"a\" { exchange_mode ike2; authentication_method psk;\n"
	    " proposal { encryption_algorithm aes 128; dh_group 14; } }",
	    "hash_algorithm (or integrity_algorithm and prf_algorithm) is missing in this proposal");
	bad("remote \"a\" { certificate_type x509 \"c\" \"k\"; }",
	    "certificates are not supported");
	bad("remote \"a\" { nonce_size 8; }", "a number from 16 to 256");
}

static void fragments_are_on_off_or_of_a_size(void **state)
{
	static const struct {
		const char *said;
		enum fragments use;
		uint16_t bytes;
	} cases[] = { { "", FRAGMENTS_ON, 0 },
		      { "ike_frag on;", FRAGMENTS_ON, 0 },
		      { "ike_frag off;", FRAGMENTS_OFF, 0 },
		      { "ike_frag force;", FRAGMENTS_FORCE, 0 },
		      { "ike_frag 1400;", FRAGMENTS_ON, 1400 } };
	char text[256];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		snprintf(text, sizeof(text),
			 "remote anonymous { exchange_mode ike2; authentication_method psk; %s }\n"
			 "sainfo anonymous { remote \"anonymous\"; }\n",
			 cases[i].said);
		struct policy *p = good(text);
		assert_int_equal(only_peer(p)->fragments, cases[i].use);
		assert_int_equal(only_peer(p)->fragment_bytes, cases[i].bytes);
		policy_unref(p);
	}
	bad("remote \"a\" { ike_frag 100; }", "a number from 160 to 9000");
	bad("remote \"a\" { ike_frag big; }", "big");
}

static void reauth_is_off_or_a_time(void **state)
{
	static const struct {
		const char *said;
		int64_t ms;
	} cases[] = { { "", 0 },
		      { "reauth off;", 0 },
		      { "reauth time 8 hour;", 8 * 3600 * 1000 },
		      { "reauth time 10;", 10000 } };
	char text[256];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		snprintf(text, sizeof(text),
			 "remote anonymous { exchange_mode ike2; authentication_method psk; %s }\n",
			 cases[i].said);
		struct policy *p = good(text);
		assert_int_equal(only_peer(p)->reauth_ms, cases[i].ms);
		policy_unref(p);
	}
	bad("remote \"a\" { reauth on; }", "off, time");
	bad("remote \"a\" { reauth time 9 sec; }", "from 10 to");
	bad("remote \"a\" { reauth time; }", "a number");
	bad("remote \"a\" { mobike perhaps; }", "expected");
	bad("remote \"a\" { reauth off 3; }", "expected before this");
}

static void sainfos_are_checked(void **state)
{
	(void)state;
	bad("sainfo anonymous { }", "belongs to no remote");
	bad(REMOTE "sainfo anonymous { remote \"wg\"; }", "there is none of the name wg");
	bad(REMOTE "sainfo address 10.0.0.0/33 any anonymous { }", "an address, a net or a range");
	bad(REMOTE "sainfo address 10.0.0.9-10.0.0.1 any anonymous { }", "not below its first");
	bad(REMOTE "sainfo address 10.0.0.1 [x] any anonymous { }", "a port expected");
	bad(REMOTE "sainfo address 10.0.0.1 [90-80] tcp anonymous { }", "a port expected");
	bad(REMOTE "sainfo address 10.0.0.1 [80-] tcp anonymous { }", "a port expected");
	bad(REMOTE "sainfo address 10.0.0.1 [8] icmp anonymous { }", "write \"type\"");
	bad(REMOTE "sainfo address 10.0.0.1 tcp type 8 anonymous { }", "have types");
	bad(REMOTE "sainfo address 10.0.0.1 icmp type 256 anonymous { }", "0 to 255");
	bad(REMOTE "sainfo address 10.0.0.1 icmp type 3-4 code 1 anonymous { }", "to one type");
	bad(REMOTE "sainfo address 10.0.0.1 any, anonymous anonymous { }", "stands alone");
	bad(REMOTE "sainfo address 10.0.0.1 any address 10.0.0.2 any, { }", "expected");
	bad(REMOTE "sainfo address 10.0.0.1 nope anonymous { }", "a protocol expected");
	bad(REMOTE "sainfo address 10.0.0.1 any address fd00::1 any { mode transport; }",
	    "one family");
	bad(REMOTE "sainfo anonymous { encryption_algorithm aes; }",
	    "authentication_algorithm is missing");
	bad(REMOTE "sainfo anonymous { encryption_algorithm idea; }", "not known or not safe");
	bad(REMOTE "sainfo anonymous { encryption_algorithm aes 100; }", "no key of this size");
	bad(REMOTE "sainfo anonymous { name \"a\"; }\nsainfo anonymous { name \"a\"; }", "already");
	bad(REMOTE "sainfo anonymous { protocol ipcomp; }", "esp");
	bad(REMOTE "sainfo anonymous { if_id 0; }", "a number from 1");
	bad(REMOTE "sainfo anonymous { mark x; }", "a mark is a number");
	bad(REMOTE "sainfo anonymous { mark 0x100000000; }", "a mark is a number");
	bad(REMOTE "sainfo anonymous { mark 1/; }", "a mark is a number");
	bad(REMOTE "sainfo anonymous { mark 1/0; }", "a mark is a number");
	bad(REMOTE "sainfo anonymous { mark 3/1; }", "with bits of the mask");
	bad(REMOTE "sainfo anonymous { copy_dscp bot; }", "did you mean \"both\"?");
	bad(REMOTE "sainfo anonymous { tfc_padding 65536; }", "a number from 0 to 65535");
	bad(REMOTE "sainfo anonymous { ipcomp on; tfc_padding 1400; }", "neither with mode beet");
	bad(REMOTE "sainfo address 10.0.0.1 any address 10.0.0.2 any { mode beet; ipcomp on; }",
	    "neither with mode beet");
	bad(REMOTE "sainfo anonymous { mode transport; tfc_padding 1400; }", "ESP in a tunnel");
	bad(REMOTE "sainfo anonymous { protocol ah; tfc_padding 1400; }", "ESP in a tunnel");
	bad(REMOTE "sainfo anonymous { protocol ah; encryption_algorithm aes; }",
	    "encrypts nothing");
	bad(REMOTE "sainfo anonymous { protocol ah; authentication_algorithm non_auth; }",
	    "nothing without integrity");
	bad(REMOTE "sainfo anonymous { mode beet; }", "between one host on either side");
	bad(REMOTE "sainfo address 10.0.0.1 any address 10.2.0.0/24 any { mode beet; }",
	    "between one host on either side");
	bad(REMOTE "sainfo anonymous { mode tunel; }", "did you mean \"tunnel\"?");
	bad(REMOTE "sainfo anonymous { replay_window 5000; }", "a number from 0 to 4096");
}

static void a_sainfo_has_several_selectors(void **state)
{
	(void)state;
	struct policy *p = good(
		REMOTE
		"sainfo address 10.1.0.0/24 any, address 10.3.0.0/24 [1000-2000] tcp,\n"
		"  address 10.1.0.9 icmp type 8, address 10.1.0.9 icmp type 3 code 1-4\n"
		"  address 10.2.0.0/24 any, address fd00::/8 icmp6 type 128-129 { single_pair on; }\n");
	const struct child_config *c = only_child(p);
	assert_int_equal(c->local_ts.n, 4);
	assert_int_equal(c->peer_ts.n, 2);
	assert_int_equal(c->local_ts.ts[1].port_lo, 1000);
	assert_int_equal(c->local_ts.ts[1].port_hi, 2000);
	assert_int_equal(c->local_ts.ts[2].port_lo, 0x0800);
	assert_int_equal(c->local_ts.ts[2].port_hi, 0x08ff);
	assert_int_equal(c->local_ts.ts[3].port_lo, 0x0301);
	assert_int_equal(c->local_ts.ts[3].port_hi, 0x0304);
	assert_int_equal(c->peer_ts.ts[1].port_lo, 0x8000);
	assert_int_equal(c->peer_ts.ts[1].port_hi, 0x81ff);
	assert_true(c->single_pair);
	policy_unref(p);
}

static void too_many_selectors(void **state)
{
	char text[2048] = REMOTE "sainfo address 10.0.0.0 any";
	(void)state;
	for (int i = 0; i < POLICY_TS_MAX; i++)
		strcat(text, ", address 10.0.0.0 any");
	strcat(text, " anonymous { }");
	bad(text, "more than 16 selectors");
}

static void policies_without_protection(void **state)
{
	(void)state;
	struct policy *p = good(
		"policy none address 10.1.0.0/24 any address 10.1.0.1 any;\n"
		"policy discard address 0.0.0.0/0 tcp address 10.9.0.0/16 [25] tcp { name \"smtp\"; priority 9; }\n");
	const struct plain_policy *a = LIST_ENTRY(p->plain.next, struct plain_policy, node);
	const struct plain_policy *b = LIST_ENTRY(p->plain.prev, struct plain_policy, node);
	assert_int_equal(a->action, PLAIN_BYPASS);
	assert_string_equal(a->name, "policy1");
	assert_int_equal(a->priority, 0);
	assert_int_equal(b->action, PLAIN_DISCARD);
	assert_string_equal(b->name, "smtp");
	assert_int_equal(b->priority, 9);
	assert_int_equal(b->peer_ts.ts[0].port_lo, 25);
	assert_int_equal(b->line, 2);
	policy_unref(p);
	bad("policy ipsec address 10.0.0.1 any address 10.0.0.2 any;", "none, discard");
	bad("policy none anonymous address 10.0.0.2 any;", "names both sides");
	bad("policy none address 10.0.0.1 any;", "expected");
	bad("policy none address 10.0.0.1 any address 10.0.0.2 any { prio 3; }",
	    "unknown word \"prio\" in policy");
	bad("policy none address 10.0.0.1 any address 10.0.0.2 any { priority 0; }", "1 to");
	bad("policy none address 10.0.0.1 any address fd00::1 any;", "no packet");
	bad("policy none address 10.0.0.1 any address 10.0.0.2 any { name \"a\"; }\n"
	    "policy none address 10.0.0.1 any address 10.0.0.3 any { name \"a\"; }",
	    "already");
}

static void words_without_meaning_only_warn(void **state)
{
	(void)state;
	struct policy *p =
		good("padding { randomize on; }\n"
		     "remote anonymous { exchange_mode ike2, main; doi ipsec_doi; passive on;\n"
		     "  proposal_check obey; generate_policy on; mode_cfg off;\n"
		     "  authentication_method { local psk; remote psk; } }\n"
		     "sainfo anonymous { compression_algorithm deflate; pfs_group 14; }\n");
	assert_non_null(strstr(warned, "test.conf:2:46: \"doi\" is ignored"));
	assert_non_null(strstr(warned, "IKEv1 is not tried"));
	assert_int_equal(only_peer(p)->initiate, INITIATE_NEVER);
	assert_false(only_peer(p)->verify_id); /* racoon's default while IKEv1 is in the list */
	assert_true(only_child(p)->install_policy);
	assert_int_equal(only_child(p)->local_ts.n, 0);
	assert_int_equal(only_child(p)->pfs_group, 14);
	policy_unref(p);
}

static void a_child_inherits_and_overrides(void **state)
{
	(void)state;
	struct policy *p =
		good(REMOTE "remote 192.0.2.9 [600] inherit \"gw\" { initiate off; dpd_delay 5; }");
	const struct peer_config *peer = policy_find_by_name(p, "192.0.2.9");
	assert_non_null(peer);
	assert_int_equal(peer->n_peer_addrs, 1);
	assert_int_equal(peer->peer_addrs[0].port, 600);
	assert_int_equal(peer->initiate, INITIATE_NEVER);
	assert_int_equal(peer->dpd_delay_ms, 5000);
	policy_unref(p);
}

/* ---- inner addresses ---- */

#define GATEWAY                                                                             \
	"remote anonymous { exchange_mode ike2; authentication_method psk; passive on; }\n" \
	"sainfo address 10.2.0.0/16 any clientaddr { install_policy on; }\n"

static const struct pool_config *pool_of(const struct policy *p, const char *name)
{
	const struct pool_config *pool = policy_find_pool(p, name);
	assert_non_null(pool);
	return pool;
}

static void assert_range(const struct pool_config *pool, unsigned int family, const char *first,
			 uint32_t size)
{
	char text[ADDR_TEXT_MAX_BYTES];
	assert_string_equal(addr_text(&pool->first[family], text), first);
	assert_int_equal(pool->size[family], size);
}

static void racoons_mode_cfg_is_read(void **state)
{
	(void)state;
	struct policy *p =
		good("mode_cfg { network4 10.9.0.1; pool_size 100; netmask4 255.255.255.0;\n"
		     " dns4 10.2.0.53, 10.2.0.54; dns4 10.2.0.55; wins4 10.2.0.60;\n"
		     " default_domain \"Corp.Example\"; split_dns \"a.example\", \"b.example\";\n"
		     " split_network include 10.2.0.0/255.255.0.0, 10.3.0.0/16;\n"
		     " auth_source system; banner \"/etc/motd\"; auth_throttle 1; pfs_group 2;\n"
		     " save_passwd off; conf_source local; accounting none; }\n" GATEWAY);
	const struct pool_config *pool = pool_of(p, "");
	assert_range(pool, INNER_V4, "10.9.0.1", 100);
	assert_int_equal(pool->size[INNER_V6], 0);
	assert_int_equal(pool->dns.n_servers, 3);
	assert_int_equal(pool->n_nbns, 1);
	assert_int_equal(pool->dns.n_domains, 3);
	assert_string_equal(pool->dns.domains[0], "corp.example");
	assert_string_equal(pool->dns.domains[2], "b.example");
	assert_int_equal(pool->n_subnets, 2);
	assert_int_equal(pool->subnets[0].bits, 16);
	assert_non_null(strstr(warned, "auth_source"));
	assert_ptr_equal(only_peer(p)->pool, pool);
	assert_true(only_child(p)->peer_inner);
	assert_false(only_child(p)->local_inner);
	policy_unref(p);
}

static void nets_and_ranges_say_how_many_there_are(void **state)
{
	static const struct {
		const char *text, *first;
		unsigned int family;
		uint32_t size;
	} cases[] = {
		{ "network4 10.9.0.0/24;", "10.9.0.1", INNER_V4, 254 },
		{ "network4 10.9.0.100/24;", "10.9.0.100", INNER_V4, 155 },
		{ "network4 10.9.0.0/24; pool_size 10;", "10.9.0.1", INNER_V4, 10 },
		{ "network4 10.9.0.0/30; pool_size 10;", "10.9.0.1", INNER_V4, 2 },
		{ "network4 10.9.0.0/31;", "10.9.0.0", INNER_V4, 2 },
		{ "network4 10.9.0.7;", "10.9.0.7", INNER_V4, 255 },
		{ "network4 10.9.0.7-10.9.0.7;", "10.9.0.7", INNER_V4, 1 },
		{ "network4 10.9.0.7-10.9.1.6;", "10.9.0.7", INNER_V4, 256 },
		{ "network4 10.0.0.0/8;", "10.0.0.1", INNER_V4, POOL_SIZE_MAX },
		{ "network6 fd09::/112;", "fd09::1", INNER_V6, 65535 },
		{ "network6 fd09::/64;", "fd09::1", INNER_V6, POOL_SIZE_MAX },
		{ "network6 fd09::10-fd09::1f;", "fd09::10", INNER_V6, 16 },
	};
	char text[256];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		snprintf(text, sizeof(text), "pool \"p\" { %s }", cases[i].text);
		struct policy *p = good(text);
		assert_range(pool_of(p, "p"), cases[i].family, cases[i].first, cases[i].size);
		policy_unref(p);
	}
}

static void clients_and_pools_belong_together(void **state)
{
	(void)state;
	struct policy *p = good(
		"remote \"gw\" { remote_address 192.0.2.2; exchange_mode ike2; mode_cfg on;\n"
		" authentication_method psk; }\n"
		"remote \"c1\" { exchange_mode ike2; authentication_method psk; pool \"p\"; }\n"
		"remote \"c2\" { exchange_mode ike2; authentication_method psk; }\n"
		"sainfo clientaddr address 10.2.0.0/16 any { remote \"gw\"; }\n"
		"sainfo anonymous { remote \"gw\"; name \"all\"; }\n"
		"pool \"p\" { network4 10.9.0.0/24; lease fqdn \"boss\" 10.9.0.9;\n"
		"  lease address 192.0.2.9 10.9.0.10; }\n"
		"mode_cfg { network6 fd09::/112; lease keyid tag \"k\" fd09::7; }\n"
		"path resolvconf \"/usr/sbin/resolvconf\";");
	const struct peer_config *gw = policy_find_by_name(p, "gw");
	const struct child_config *child = only_child(p);
	assert_true(gw->mode_cfg);
	assert_null(gw->pool);
	assert_true(child->local_inner && child_config_is_client(child));
	assert_true(child_config_is_client(
		LIST_ENTRY(child->node.next, const struct child_config, node)));
	assert_string_equal(policy_find_by_name(p, "c1")->pool->name, "p");
	assert_ptr_equal(policy_find_by_name(p, "c2")->pool, pool_of(p, ""));
	assert_int_equal(pool_of(p, "p")->n_fixed, 2);
	assert_int_equal(pool_of(p, "p")->fixed[1].id.type, ID_IPV4_ADDR);
	assert_string_equal(p->resolver_path, "/usr/sbin/resolvconf");
	policy_unref(p);
	p = good("path resolvconf \"\";");
	assert_true(p->resolver_off);
	policy_unref(p);
}

#define CLIENT                                                            \
	"remote \"gw\" { remote_address 192.0.2.2; exchange_mode ike2;\n" \
	" authentication_method pre_shared_key; mode_cfg on; }\n"

static void pools_are_checked(void **state)
{
	(void)state;
	bad("mode_cfg { network4 fd09::1; }", "IPv4");
	bad("mode_cfg { network6 10.9.0.1; }", "IPv6");
	bad("mode_cfg { network4 x; }", "address, a net or a range");
	bad("mode_cfg { network4 10.9.0.9-10.9.0.1; }", "not below");
	bad("mode_cfg { network4 10.9.0.1-10.99.0.1; }", "at most");
	bad("mode_cfg { network4 127.0.0.0/24; }", "addresses of hosts");
	bad("mode_cfg { network4 255.255.255.1; }", "addresses of hosts");
	bad("mode_cfg { pool_size 0; }", "1");
	bad("mode_cfg { netmask4 255.0.255.0; }", "netmask");
	bad("mode_cfg { dns4 fd09::1; }", "IPv4");
	bad("mode_cfg { dns4 224.0.0.1; }", "host");
	bad("mode_cfg { dns4 10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8,10.0.0.9; }",
	    "more than 8");
	bad("mode_cfg { dns4 10.0.0.1; split_dns \"a;reboot\"; }", "no domain name");
	bad("mode_cfg { dns4 10.0.0.1; default_domain \"$(x)\"; }", "no domain name");
	bad("mode_cfg { split_dns \"a.example\"; }", "without a name server");
	bad("mode_cfg { split_network include 10.2.0.0; }", "a net expected");
	bad("mode_cfg { split_network include 10.2.0.0/255.0.255.0; }", "a net expected");
	bad("mode_cfg { split_network exclude 10.2.0.0/16; }", "include");
	bad("mode_cfg { conf_source radius; }", "RADIUS");
	bad("mode_cfg { accounting radius; }", "accounting");
	bad("mode_cfg { lease fqdn \"a\" 10.9.0.1; }", "not in the pool");
	bad("mode_cfg { network4 10.9.0.0/24; lease fqdn \"a\" 10.9.0.1; lease fqdn \"b\" 10.9.0.1; }",
	    "another one's");
	bad("mode_cfg { network4 10.9.0.0/24; lease fqdn \"a\" 10.9.0.1; lease fqdn \"A\" 10.9.0.2; }",
	    "two leases");
	bad("mode_cfg { network4 10.9.0.0/24; lease fqdn \"a\" 10.9.0.1, 10.9.0.2; }",
	    "one address of each family");
	bad("mode_cfg { } mode_cfg { }", "already");
	bad("pool \"\" { }", "name");
	bad("pool \"a b\" { }", "name");
	bad("pool \"-\" { }", "name");
	bad("pool { }", "name");
	bad("mode_cfg on;", "{ }");
	bad("mode_cfg { netwrok4 10.9.0.1; }", "network4");
	bad("remote \"x\" { exchange_mode ike2; authentication_method psk; pool \"p\"; }",
	    "no pool");
	bad("pool \"p\" { } remote \"x\" { exchange_mode ike2; authentication_method psk; mode_cfg on; pool \"p\"; }",
	    "client has no pool");
	bad(REMOTE "sainfo clientaddr address 10.2.0.0/16 any { remote \"gw\"; }", "mode_cfg on");
	bad(REMOTE "sainfo address 10.2.0.0/16 any clientaddr { remote \"gw\"; }", "needs a pool");
	bad(CLIENT "sainfo clientaddr clientaddr { remote \"gw\"; }", "one side");
	bad(CLIENT "sainfo clientaddr anonymous { remote \"gw\"; mode transport; }", "tunnel mode");
	bad("path resolvconf \"resolvconf\";", "full path");
}

static char *printed(const struct policy *p)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	config_print(p, f);
	fclose(f);
	return text;
}

static void what_is_printed_means_the_same(void **state)
{
	(void)state;
	struct policy *p = good(
		"path pre_shared_key \"/etc/psk.txt\"; privsep { user \"u\"; }\n"
		"timer { kernel_check 7 sec; } limits { half_open 1000; error_rate 3; }\n" REMOTE
		"remote anonymous { exchange_mode ike2; authentication_method psk; nat_traversal force; ike_frag force; reauth time 1 hour;\n"
		" my_identifier user_fqdn \"u@example\"; peers_identifier address 192.0.2.7;\n"
		" peers_identifier fqdn \"x.example\"; verify_identifier off; }\n"
		"sainfo address 10.0.0.1-10.0.0.9 [53] udp address fd00::/8 any { remote \"gw\"; esn on; }\n"
		"sainfo address fd00::1 any address fd00::2 any { protocol ah; esn on; }\n"
		"sainfo address fd00::3 any address fd00::4 any { if_id 7; mark 0x10/0xff; copy_dscp both;\n"
		"  copy_ecn off; tfc_padding 1400; }\n"
		"sainfo address fd00::5 any address fd00::6 any { mark 42; copy_dscp off; ipcomp on; }\n"
		"sainfo address 10.0.0.1 any address 10.0.0.2 any { mode beet; install_policy on; }\n"
		"sainfo address 192.0.2.1 any address 192.0.2.2 any { mode transport;\n"
		"  encryption_algorithm aes 256; authentication_algorithm hmac_sha256;\n"
		"  lifetime packet 1000; install_policy on; }\n"
		"sainfo address 10.0.0.0/24 [80-90] tcp, address 10.0.1.0/24 icmp type 3 code 1-4\n"
		"  address 10.2.0.0/24 any, address 10.3.0.0/24 icmp type 8-9 { single_pair on; }\n"
		"policy discard address 10.0.0.0/24 any, address 10.1.0.0/24 tcp\n"
		"  address 10.2.0.0/24 [25] tcp { priority 9; }\n"
		"mode_cfg { network4 10.9.0.0/24; network6 fd09::/112; netmask4 255.255.255.0;\n"
		"  dns4 10.2.0.53; dns6 fd02::53; nbns4 10.2.0.60; split_dns \"b.example\";\n"
		"  default_domain \"a.example\"; split_network include 10.2.0.0/16, fd02::/64;\n"
		"  lease fqdn \"boss\" 10.9.0.9, fd09::9; lease address 192.0.2.9 10.9.0.10; }\n"
		"pool \"p\" { network4 10.8.0.1; }\n"
		"remote \"c\" { exchange_mode ike2; authentication_method psk; pool \"p\"; }\n"
		"remote \"s\" { exchange_mode ike2; authentication_method psk; mode_cfg on; }\n"
		"sainfo address 10.2.0.0/16 any clientaddr { remote \"c\"; }\n"
		"sainfo clientaddr anonymous { remote \"s\"; }\n"
		"path resolvconf \"/sbin/resolvconf\";\n");
	char *first = printed(p);
	struct policy *again = good(first);
	char *second = printed(again);
	assert_string_equal(first, second);
	free(first);
	free(second);
	policy_unref(p);
	policy_unref(again);
}

static void files_are_included_once_found(void **state)
{
	(void)state;
	char dir[] = "/tmp/config-test.XXXXXX", path[64], text[256];
	struct policy *p = NULL;
	struct err err = { 0 };
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/part.conf", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(REMOTE, f);
	fclose(f);
	snprintf(text, sizeof(text), "path include \"%s\";\ninclude \"p*.conf\";\n", dir);
	assert_int_equal(config_parse("t", text, strlen(text), NULL, &p, &err), 0);
	assert_non_null(policy_find_by_name(p, "gw"));
	policy_unref(p);
	f = fopen(path, "w");
	fprintf(f, "include \"%s\";\n", path);
	fclose(f);
	p = NULL;
	assert_true(config_load(path, NULL, &p, &err) < 0);
	assert_non_null(strstr(err.text, "include each other"));
	unlink(path);
	rmdir(dir);
	bad("include \"/nonexistent/*.conf\";", "no file matches");
}

static void every_row_can_be_reached(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_n_words; i++) {
		const struct word *w = &schema_words[i];
		assert_non_null(w->apply);
		assert_non_null(w->syntax);
		assert_non_null(w->deflt);
		assert_true(strlen(w->help) > 0);
		for (size_t j = 0; j < i; j++)
			assert_false(schema_words[j].section == w->section &&
				     strcmp(schema_words[j].name, w->name) == 0);
	}
}

/* Real files: each either loads or is refused with a place and a reason. */
static void real_files_are_understood(void **state)
{
	(void)state;
	const char *corpus = getenv("TANUKI_CORPUS");
	char path[4096];
	if (!corpus)
		UNIT_SKIP("TANUKI_CORPUS is not set");
	snprintf(path, sizeof(path), "%s/racoon", corpus);
	DIR *d = opendir(path);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		struct policy *p = NULL;
		struct err err = { 0 };
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/racoon/%s", corpus, e->d_name);
		int rc = config_load(path, &options, &p, &err);
		int line = 0, column = 0, at = 0;
		print_message("%s: %s\n", e->d_name, rc ? err.text : "loads");
		if (rc &&
		    (strncmp(err.text, path, strlen(path)) != 0 ||
		     sscanf(err.text + strlen(path), ":%d:%d: %n", &line, &column, &at) != 2 ||
		     at == 0))
			fail_msg("%s: no place in \"%s\"", e->d_name, err.text);
		policy_unref(p);
	}
	closedir(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("an empty file has defaults", an_empty_file_has_defaults),
		UNIT("a tunnel is read", a_tunnel_is_read),
		UNIT("a misspelt word is named with the nearest",
		     a_misspelt_word_is_named_with_the_nearest),
		UNIT("limits are read, and none lets strangers keep others out", limits_are_read),
		UNIT("syntax errors have a place", syntax_errors_have_a_place),
		UNIT("remotes are checked", remotes_are_checked),
		UNIT("sainfos are checked", sainfos_are_checked),
		UNIT("fragments are on, off or of a size", fragments_are_on_off_or_of_a_size),
		UNIT("a sainfo has several selectors, with ranges of ports and types",
		     a_sainfo_has_several_selectors),
		UNIT("a sainfo has sixteen selectors at most", too_many_selectors),
		UNIT("policies without protection", policies_without_protection),
		UNIT("reauth is off or a time", reauth_is_off_or_a_time),
		UNIT("words without meaning only warn", words_without_meaning_only_warn),
		UNIT("a child inherits and overrides", a_child_inherits_and_overrides),
		UNIT("racoon's mode_cfg is read", racoons_mode_cfg_is_read),
		UNIT("nets and ranges say how many there are",
		     nets_and_ranges_say_how_many_there_are),
		UNIT("clients and pools belong together", clients_and_pools_belong_together),
		UNIT("pools are checked", pools_are_checked),
		UNIT("what is printed means the same", what_is_printed_means_the_same),
		UNIT("files are included once found", files_are_included_once_found),
		UNIT("every row can be reached", every_row_can_be_reached),
		UNIT("real files are understood", real_files_are_understood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
