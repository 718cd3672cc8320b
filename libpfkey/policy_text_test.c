/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy language: what it means, where errors are, and that dumps can be read back. */
#include <keydb.h>

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct keydb_policy parsed(const char *text)
{
	struct keydb_policy p;
	size_t at;
	const char *why = "";
	memset(&p, 0, sizeof(p));
	if (keydb_policy_parse(text, &p, &at, &why))
		fail_msg("'%s' at %zu: %s", text, at, why);
	return p;
}

static void directions_and_actions(void **state)
{
	(void)state;
	struct keydb_policy p = parsed("in none");
	assert_int_equal(p.dir, KEYDB_DIR_IN);
	assert_int_equal(p.action, KEYDB_ACTION_NONE);
	assert_int_equal(p.priority, KEYDB_PRIORITY_DEFAULT);
	p = parsed(" fwd\n\tdiscard ");
	assert_int_equal(p.dir, KEYDB_DIR_FWD);
	assert_int_equal(p.action, KEYDB_ACTION_DISCARD);
	assert_int_equal(parsed("out entrust").action, KEYDB_ACTION_ENTRUST);
	assert_int_equal(parsed("in bypass").action, KEYDB_ACTION_BYPASS);
	p = parsed("out");
	assert_int_equal(p.dir, KEYDB_DIR_OUT);
	assert_int_equal(p.priority, 0);
	assert_int_equal(p.n_templates, 0);
}

static void priorities(void **state)
{
	static const struct {
		const char *text;
		uint32_t priority;
	} rows[] = {
		{ "in prio def none", 0x80000000 },
		{ "in priority high none", 0x40000000 },
		{ "in prio low none", 0xc0000000 },
		{ "in prio high + 10 none", 0x40000000 - 10 },
		{ "in prio high+10 none", 0x40000000 - 10 },
		{ "in prio low - 1073741823 none", 0xffffffff },
		{ "in prio high + 1073741824 none", 0 },
		{ "in prio 7 none", 0x80000000 - 7 },
		{ "in prio -7 none", 0x80000000 + 7 },
		{ "in priority - 2147483647 none", 0xffffffff },
		{ "in prio 2147483647 none", 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(parsed(rows[i].text).priority, rows[i].priority);
}

static void requests(void **state)
{
	char host[INET6_ADDRSTRLEN];
	(void)state;
	struct keydb_policy p = parsed("out ipsec\n\tesp/tunnel/192.0.2.1-192.0.2.2/unique:7\n"
				       "ah/transport//use ipcomp/transport esp/transport/");
	assert_int_equal(p.n_templates, 4);
	const struct keydb_template *t = p.templates;
	assert_int_equal(t[0].proto, KEYDB_PROTO_ESP);
	assert_int_equal(t[0].mode, KEYDB_MODE_TUNNEL);
	assert_int_equal(t[0].level, KEYDB_LEVEL_UNIQUE);
	assert_int_equal(t[0].reqid, 7);
	assert_int_equal(t[0].family, AF_INET);
	assert_string_equal(inet_ntop(AF_INET, &t[0].dst.sin.sin_addr, host, sizeof(host)),
			    "192.0.2.2");
	assert_int_equal(t[1].proto, KEYDB_PROTO_AH);
	assert_int_equal(t[1].level, KEYDB_LEVEL_USE);
	assert_int_equal(t[1].src.sa.sa_family, AF_UNSPEC);
	assert_int_equal(t[2].proto, KEYDB_PROTO_IPCOMP);
	assert_int_equal(t[2].level, KEYDB_LEVEL_DEFAULT);
	assert_int_equal(t[3].mode, KEYDB_MODE_TRANSPORT);
}

static void ends_with_ports_scopes_and_wildcards(void **state)
{
	(void)state;
	struct keydb_policy p = parsed("out ipsec esp/tunnel/fe80::1%lo[4500]-fe80::2%lo[500]/");
	assert_int_equal(ntohs(p.templates[0].src.sin6.sin6_port), 4500);
	assert_int_equal(ntohs(p.templates[0].dst.sin6.sin6_port), 500);
	assert_int_not_equal(p.templates[0].src.sin6.sin6_scope_id, 0);
	p = parsed("out ipsec esp/transport/me-any/require");
	assert_int_equal(p.templates[0].level, KEYDB_LEVEL_REQUIRE);
	assert_int_equal(p.templates[0].src.sa.sa_family, AF_UNSPEC);
	assert_int_equal(parsed("in ipsec esp/transport/any-me/use").n_templates, 1);
	p = parsed("out ipsec esp/tunnel/1.2.3.4-5.6.7.8/ ah/transport//unique");
	assert_int_equal(p.n_templates, 2);
	assert_int_equal(p.templates[1].level, KEYDB_LEVEL_UNIQUE);
	assert_int_equal(p.templates[1].reqid, 0);
	assert_int_equal(parsed("out ipsec esp/transport//unique#70000").templates[0].reqid, 70000);
}

static void errors_say_where_and_why(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *why;
	} rows[] = {
		{ "", 0, "in, out or fwd expected" },
		{ "inn none", 0, "in, out or fwd expected" },
		{ "in ipsek", 3, "discard, none, ipsec, entrust or bypass expected" },
		{ "in prio none", 8, "number expected" },
		{ "in prio high + x none", 15, "number expected" },
		{ "in prio high + 1073741825 none", 15, "priority offset out of range" },
		{ "in prio 2147483648 none", 8, "priority out of range" },
		{ "in prio 99999999999999999999 none", 8, "priority out of range" },
		{ "out ipsec foo/transport", 10, "esp, ah or ipcomp expected" },
		{ "out ipsec esp", 13, "'/' and a mode expected" },
		{ "out ipsec esp/any", 14, "transport, tunnel or beet expected" },
		{ "out ipsec esp/tunnel//require", 10, "a tunnel needs two addresses" },
		{ "out ipsec esp/tunnel/me-any/require", 10, "a tunnel needs two addresses" },
		{ "in ipsec esp/transport/me-any/", 23, "me-any is for out" },
		{ "out ipsec esp/tunnel/1.2.3.4/require", 28, "'-' expected" },
		{ "out ipsec esp/tunnel/1.2.3.4-::1/require", 21, "addresses of two families" },
		{ "out ipsec 0/transport//", 10, "a request has a protocol" },
		{ "out ipsec esp/1/1.1.1.1-2.2.2.2/", 14, "this mode has a name" },
		{ "out ipsec esp/tunnel/host-1.2.3.4/", 21, "numeric address expected" },
		{ "out ipsec esp/tunnel/1.1.1.1[500]-2.2.2.2/", 21,
		  "both addresses need a port, or neither" },
		{ "out ipsec esp/tunnel/1.1.1.1[65536]-2.2.2.2/", 29, "port out of range" },
		{ "out ipsec esp/tunnel/1.1.1.1[5-2.2.2.2/", 30, "']' expected" },
		{ "out ipsec esp/transport//requires", 25,
		  "level expected: default, use, require, unique, unique:N" },
		{ "out ipsec esp/transport//unique:16384", 32, "reqid over 16383" },
		{ "out ipsec esp/transport//unique:x", 32, "number expected" },
		{ "out ipsec esp/transport//use # comment", 29, "esp, ah or ipcomp expected" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct keydb_policy p, before;
		size_t at = 999;
		const char *why = "";
		memset(&p, 0x5a, sizeof(p));
		before = p;
		assert_int_equal(keydb_policy_parse(rows[i].text, &p, &at, &why), -EINVAL);
		assert_string_equal(why, rows[i].why);
		assert_int_equal(at, rows[i].at);
		assert_memory_equal(&p, &before, sizeof(p));
	}
}

static void a_seventh_request_is_too_much(void **state)
{
	struct keydb_policy p;
	size_t at;
	const char *why = "";
	char text[256] = "out ipsec";
	(void)state;
	for (int i = 0; i < KEYDB_TEMPLATES_MAX; i++)
		strcat(text, " esp/transport");
	assert_int_equal(parsed(text).n_templates, KEYDB_TEMPLATES_MAX);
	strcat(text, " esp/transport");
	memset(&p, 0, sizeof(p));
	assert_int_equal(keydb_policy_parse(text, &p, &at, &why), -EINVAL);
	assert_string_equal(why, "more than 6 requests");
}

/* The lines of a dump between the selector and "created:". */
static char *printed(const struct keydb_policy *p)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	keydb_policy_print(&(struct keydb_print){ .file = f }, p, 0);
	fclose(f);
	char *policy = strchr(text, '\n') + 2, *end = strstr(text, "\n\tcreated");
	assert_non_null(end);
	*end = 0;
	memmove(text, policy, strlen(policy) + 1);
	return text;
}

static void a_dump_reads_back_as_the_same_policy(void **state)
{
	static const char *const texts[] = {
		"in prio def + 10 ipsec\n\tesp/tunnel/192.0.2.1-192.0.2.2/require",
		"out prio high - 1 ipsec\n\tesp/transport//unique:7\n\tah/transport//use",
		"fwd prio low + 1 ipsec\n\tesp/tunnel/2001:db8::1-2001:db8::2/unique#1234567",
		"out prio def ipsec\n\tipcomp/beet/192.0.2.1-192.0.2.2/default",
		"in prio def discard",
		"in prio high + 1073741823 none",
		"in prio low - 1073741823 none",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct keydb_policy p = parsed(texts[i]);
		char *text = printed(&p);
		assert_string_equal(text, texts[i]);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directions_and_actions),
		cmocka_unit_test(priorities),
		cmocka_unit_test(requests),
		cmocka_unit_test(ends_with_ports_scopes_and_wildcards),
		cmocka_unit_test(errors_say_where_and_why),
		cmocka_unit_test(a_seventh_request_is_too_much),
		cmocka_unit_test(a_dump_reads_back_as_the_same_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
