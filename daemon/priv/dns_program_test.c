/* SPDX-License-Identifier: BSD-2-Clause */
/* The words that the resolver's programs get, whole, at their limits too. */
#include "priv/dns_program.h"

#include "base/fmt.h"
#include "base/unit.h"

static struct inner_dns dns_of(const char *server, const char *domain)
{
	struct inner_dns dns;

	memset(&dns, 0, sizeof(dns));
	dns.n_servers = 1;
	assert_int_equal(addr_parse(server, &dns.servers[0]), 0);
	if (domain) {
		dns.n_domains = 1;
		strcpy(dns.domains[0], domain);
	}
	return dns;
}

/* "program word word" of each step, joined by "; ", with the input behind "<". */
static const char *plan_text(enum resolver_kind kind, const struct inner_dns *dns)
{
	static char text[RESOLVER_TEXT_MAX_BYTES * 2];
	struct resolver r = { .kind = kind, .path = "/p" };
	struct resolver_plan p;
	struct fmt f = fmt_of(text, sizeof(text));

	text[0] = '\0';
	resolver_plan(&r, "tanuki0", dns, &p);
	for (size_t i = 0; i < p.n; i++) {
		fmt_add(&f, "%s", i ? "; " : "");
		for (size_t n = 0; p.steps[i].args[n]; n++)
			fmt_add(&f, "%s%s", n ? " " : "", p.steps[i].args[n]);
		if (p.steps[i].input)
			fmt_add(&f, " < %s", p.steps[i].input);
	}
	return text;
}

static void resolvectl_gets_servers_and_domains(void **state)
{
	struct inner_dns some = dns_of("10.2.0.53", "corp.example");
	struct inner_dns all = dns_of("fd02::53", NULL);

	(void)state;
	assert_string_equal(plan_text(RESOLVER_RESOLVECTL, &some),
			    "/p dns tanuki0 10.2.0.53; /p domain tanuki0 ~corp.example; "
			    "/p default-route tanuki0 no");
	assert_string_equal(plan_text(RESOLVER_RESOLVECTL, &all),
			    "/p dns tanuki0 fd02::53; /p domain tanuki0 ~.; "
			    "/p default-route tanuki0 yes");
	assert_string_equal(plan_text(RESOLVER_RESOLVECTL, NULL), "/p revert tanuki0");
}

static void resolvconf_gets_lines(void **state)
{
	struct inner_dns dns = dns_of("10.2.0.53", "corp.example");

	(void)state;
	dns.servers[dns.n_servers++] = dns_of("fd02::53", NULL).servers[0];
	assert_string_equal(plan_text(RESOLVER_RESOLVCONF, &dns),
			    "/p -a tanuki0.tanukid < nameserver 10.2.0.53\nnameserver fd02::53\n");
	assert_string_equal(plan_text(RESOLVER_RESOLVCONF, NULL), "/p -d tanuki0.tanukid");
}

static void without_a_program_nothing_is_done(void **state)
{
	struct inner_dns dns = dns_of("10.2.0.53", NULL);

	(void)state;
	assert_string_equal(plan_text(RESOLVER_NONE, &dns), "");
	assert_string_equal(plan_text(RESOLVER_NONE, NULL), "");
}

static void the_longest_set_fits(void **state)
{
	struct inner_dns dns;

	(void)state;
	memset(&dns, 0, sizeof(dns));
	for (; dns.n_servers < INNER_DNS_MAX; dns.n_servers++)
		dns.servers[dns.n_servers] =
			dns_of("2001:db8:1111:2222:3333:4444:5555:6666", NULL).servers[0];
	for (; dns.n_domains < INNER_DOMAINS_MAX; dns.n_domains++) {
		char *d = dns.domains[dns.n_domains];
		for (int i = 0; i < INNER_DOMAIN_MAX_BYTES - 1; i++)
			d[i] = i % 64 == 63 ? '.' : 'x';
	}
	assert_null(inner_dns_fault(&dns));
	assert_non_null(strstr(plan_text(RESOLVER_RESOLVECTL, &dns), "default-route"));
	assert_non_null(strstr(plan_text(RESOLVER_RESOLVCONF, &dns), "6666\n"));
}

static void the_configured_program_counts(void **state)
{
	static struct policy policy;
	static struct resolver r;

	(void)state;
	strcpy(policy.resolver_path, "/opt/bin/resolvectl");
	resolver_find(&policy, &r);
	assert_int_equal(r.kind, RESOLVER_RESOLVECTL);
	assert_string_equal(r.path, "/opt/bin/resolvectl");
	strcpy(policy.resolver_path, "/opt/bin/set-dns");
	resolver_find(&policy, &r);
	assert_int_equal(r.kind, RESOLVER_RESOLVCONF);
	policy.resolver_off = true;
	resolver_find(&policy, &r);
	assert_int_equal(r.kind, RESOLVER_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("resolvectl gets servers and domains", resolvectl_gets_servers_and_domains),
		UNIT("resolvconf gets lines", resolvconf_gets_lines),
		UNIT("without a program nothing is done", without_a_program_nothing_is_done),
		UNIT("the longest set fits", the_longest_set_fits),
		UNIT("the configured program counts", the_configured_program_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
