/* SPDX-License-Identifier: BSD-2-Clause */
/* What a peer may give us for our network, and what not. */
#include <errno.h>

#include "base/unit.h"
#include "policy/inner.h"

static struct addr addr_of(const char *text)
{
	struct addr a;
	if (addr_parse(text, &a) < 0)
		fail_msg("%s", text);
	return a;
}

static struct slice text_of(const char *text)
{
	return slice_of(text, strlen(text));
}

static void only_addresses_of_hosts_pass(void **state)
{
	static const char *const good[] = { "10.9.0.1",      "192.0.2.255", "223.255.255.255",
					    "100.64.0.1",    "fd09::1",     "2001:db8::1",
					    "64:ff9b::a00:1" };
	static const char *const bad[] = {
		"0.0.0.0",
		"0.1.2.3",
		"127.0.0.1",
		"127.9.9.9",
		"169.254.1.1",
		"224.0.0.1",
		"255.255.255.255",
		"240.0.0.1",
		"::",
		"::1",
		"fe80::1",
		"ff02::1",
		"::a00:1",
		"::ffff:10.9.0.1",
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(good); i++) {
		struct addr a = addr_of(good[i]);
		if (!inner_host_ok(&a))
			fail_msg("%s", good[i]);
	}
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		struct addr a = addr_of(bad[i]);
		if (inner_host_ok(&a))
			fail_msg("%s", bad[i]);
	}
	assert_false(inner_host_ok(&(struct addr){ 0 }));
}

static void domain_names_are_names_and_nothing_else(void **state)
{
	static const char *const good[] = { "example.com",      "a",          "a.b.c.d",
					    "xn--bcher-kva.de", "corp.",      "_sip._udp.example",
					    "9.example",        "EXAMPLE.Org" };
	static const char *const bad[] = {
		"",
		".",
		"..",
		"a..b",
		".a",
		"a b",
		"a\tb",
		"a\nnameserver 192.0.2.66",
		"a;reboot",
		"$(reboot)",
		"`reboot`",
		"a|b",
		"a&b",
		"a'b",
		"a\"b",
		"a\\b",
		"a/b",
		"~a",
		"*.a",
		"-a",
		"a-",
		"-a.example",
		"--option",
		"a.-b",
		"b\xc3\xbc"
		"cher.de",
		"a%b",
		"a:b",
		"a,b",
		"a#b",
	};
	char name[300];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(good); i++)
		if (!inner_domain_ok(text_of(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < N_ELEMENTS(bad); i++)
		if (inner_domain_ok(text_of(bad[i])))
			fail_msg("%s", bad[i]);
	/* a zero byte does not end it */
	assert_false(inner_domain_ok(slice_of("a\0b", 3)));
	memset(name, 'a', sizeof(name));
	assert_true(inner_domain_ok(slice_of(name, 63)));
	assert_false(inner_domain_ok(slice_of(name, 64)));
	for (size_t i = 0; i < sizeof(name); i += 2)
		name[i + 1] = '.';
	assert_true(inner_domain_ok(slice_of(name, 253)));
	assert_true(inner_domain_ok(slice_of(name, 254))); /* the root's dot */
	assert_false(inner_domain_ok(slice_of(name, 255)));
}

static void every_byte_that_is_not_of_a_name_is_refused(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		const uint8_t name[] = { 'a', (uint8_t)c, 'b' };
		bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			      (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
		assert_int_equal(inner_domain_ok(slice_of(name, 3)), letter);
	}
}

static void a_name_is_kept_in_lower_case_without_the_last_dot(void **state)
{
	char name[INNER_DOMAIN_MAX_BYTES] = "x";
	(void)state;
	assert_int_equal(inner_domain_set(name, text_of("Corp.Example.")), 0);
	assert_string_equal(name, "corp.example");
	assert_int_equal(inner_domain_set(name, text_of("a b")), -EINVAL);
	assert_string_equal(name, "corp.example");
}

static struct inner_set right(void)
{
	struct inner_set set;
	memset(&set, 0, sizeof(set));
	strcpy(set.remote, "gw");
	set.peer = addr_of("192.0.2.2");
	set.local = addr_of("192.0.2.1");
	set.addr[INNER_V4] = addr_of("10.9.0.1");
	set.addr[INNER_V6] = addr_of("fd09::1");
	set.n_routes = 2;
	set.routes[0] = (struct addr_prefix){ addr_of("10.2.0.0"), 16 };
	set.routes[1] = (struct addr_prefix){ addr_of("::"), 0 };
	set.dns.n_servers = 1;
	set.dns.servers[0] = addr_of("10.2.0.53");
	set.dns.n_domains = 1;
	strcpy(set.dns.domains[0], "corp.example");
	return set;
}

/* clang-format off */
static void break_remote(struct inner_set *s) { memset(s->remote, 'x', sizeof(s->remote)); }
static void break_no_peer(struct inner_set *s) { s->peer.family = 0; }
static void break_families(struct inner_set *s) { s->local = addr_of("2001:db8::1"); }
static void break_unknown_family(struct inner_set *s) { s->addr[0].family = 77; }
static void break_swapped(struct inner_set *s) { s->addr[INNER_V6] = s->addr[INNER_V4]; }
static void break_loopback(struct inner_set *s) { s->addr[INNER_V4] = addr_of("127.0.0.1"); }
static void break_n_routes(struct inner_set *s) { s->n_routes = INNER_ROUTES_MAX + 1; }
static void break_bits(struct inner_set *s) { s->routes[0].bits = 33; }
static void break_host_bits(struct inner_set *s) { s->routes[0].bits = 8; }
static void break_no_route(struct inner_set *s) { s->routes[1].addr.family = 0; }
static void break_n_servers(struct inner_set *s) { s->dns.n_servers = INNER_DNS_MAX + 1; }
static void break_server(struct inner_set *s) { s->dns.servers[0] = addr_of("224.0.0.1"); }
static void break_n_domains(struct inner_set *s) { s->dns.n_domains = INNER_DOMAINS_MAX + 1; }
static void break_domain(struct inner_set *s) { strcpy(s->dns.domains[0], "a;b"); }
static void break_domain_end(struct inner_set *s) { memset(s->dns.domains[0], 'a', INNER_DOMAIN_MAX_BYTES); }
static void break_empty_domain(struct inner_set *s) { s->dns.domains[0][0] = 0; }
/* clang-format on */

static void a_set_with_one_wrong_field_has_a_fault(void **state)
{
	static void (*const breaks[])(struct inner_set *) = {
		break_remote,    break_no_peer,  break_families,   break_unknown_family,
		break_swapped,   break_loopback, break_n_routes,   break_bits,
		break_host_bits, break_no_route, break_n_servers,  break_server,
		break_n_domains, break_domain,   break_domain_end, break_empty_domain,
	};
	struct inner_set set = right();
	(void)state;
	assert_null(inner_set_fault(&set));
	for (size_t i = 0; i < N_ELEMENTS(breaks); i++) {
		set = right();
		breaks[i](&set);
		if (!inner_set_fault(&set))
			fail_msg("break %zu was not seen", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("only addresses of hosts pass", only_addresses_of_hosts_pass),
		UNIT("domain names are names and nothing else",
		     domain_names_are_names_and_nothing_else),
		UNIT("every byte that is not of a name is refused",
		     every_byte_that_is_not_of_a_name_is_refused),
		UNIT("a name is kept in lower case, without the last dot",
		     a_name_is_kept_in_lower_case_without_the_last_dot),
		UNIT("a set with one wrong field has a fault",
		     a_set_with_one_wrong_field_has_a_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
