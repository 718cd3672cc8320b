/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links, addresses, routes and rules in a namespace of our own, seen through the kernel's
 * answers: from which source it would send where.
 */
#include "net/links.h"

#include "net/netns_unit.h"
#include "net/route.h"

enum { TABLE = 72960, PRIORITY = 7296 };

static bool have_netns, have_links;
static struct links *links;
static struct route *question;
static uint32_t dummy;

static const struct links_leftovers ours = { .kind = "dummy",
					     .prefix = "test",
					     .priority = PRIORITY,
					     .first_table = TABLE,
					     .last_table = TABLE + 9 };

static struct addr addr_of(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct links_item item(enum links_kind kind, const char *dst, const char *source)
{
	struct links_item i = { .kind = kind };

	if (dst)
		assert_int_equal(addr_parse_prefix(dst, &i.dst), 0);
	if (source)
		i.source = addr_of(source);
	i.link = kind == LINKS_ADDR || kind == LINKS_ROUTE ? dummy : 0;
	i.table = kind == LINKS_ADDR ? 0 : TABLE;
	i.priority = kind == LINKS_RULE ? PRIORITY : 0;
	return i;
}

static void put(enum links_kind kind, const char *dst, const char *source)
{
	struct links_item i = item(kind, dst, source);
	assert_int_equal(links_put(links, &i), 0);
}

static void take(enum links_kind kind, const char *dst, const char *source)
{
	struct links_item i = item(kind, dst, source);
	assert_int_equal(links_take(links, &i), 0);
}

/* What the kernel would send from; NULL: it has no way. */
static void assert_source(const char *dst, const char *source)
{
	struct addr peer = addr_of(dst), local, expected;
	int r = route_source(question, &peer, &local);

	if (!source) {
		assert_true(r < 0);
		return;
	}
	expected = addr_of(source);
	assert_int_equal(r, 0);
	assert_true(addr_eq(&local, &expected));
}

static int begin(void **state)
{
	struct err err;

	(void)state;
	if (!have_netns)
		return 0;
	question = route_new();
	assert_non_null(question);
	assert_int_equal(links_new(&links, &err), 0);
	int r = links_add(links, "test0", "dummy", &dummy);
	have_links = r == 0;
	if (r != -EOPNOTSUPP)
		assert_int_equal(r, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (have_links)
		assert_int_not_equal(links_clean(links, &ours), -EIO);
	links_free(links);
	route_free(question);
	links = NULL;
	question = NULL;
	return 0;
}

static void need_links(void)
{
	if (!have_links)
		UNIT_SKIP("the kernel has no links of this kind");
}

static void a_tunnels_items_steer_what_has_no_source_yet(void **state)
{
	(void)state;
	need_links();
	put(LINKS_ADDR, "10.9.0.1", NULL);
	put(LINKS_ADDR, "fd09::1", NULL);
	put(LINKS_ROUTE, "10.0.0.0/8", "10.9.0.1");
	put(LINKS_ROUTE, "fd01::/16", "fd09::1");
	assert_source("10.1.2.3", NULL); /* (no rule leads to the table yet) */
	put(LINKS_RULE, NULL, "0.0.0.0");
	put(LINKS_RULE, NULL, "10.9.0.1");
	put(LINKS_RULE, NULL, "fd09::1");
	assert_source("10.1.2.3", "10.9.0.1");
	assert_source("fd01::5", "fd09::1");
	put(LINKS_PASS, "10.1.2.3", NULL);
	assert_source("10.1.2.3", NULL);
	assert_source("10.1.2.4", "10.9.0.1");
	take(LINKS_PASS, "10.1.2.3", NULL);
	assert_source("10.1.2.3", "10.9.0.1");
	take(LINKS_ROUTE, "fd01::/16", "fd09::1");
	assert_source("fd01::5", NULL);
}

static void what_is_there_can_be_put_again_and_what_is_gone_be_taken(void **state)
{
	(void)state;
	need_links();
	for (int i = 0; i < 2; i++) {
		put(LINKS_ADDR, "10.9.0.1", NULL);
		put(LINKS_ADDR, "10.9.0.2", NULL);
		put(LINKS_ROUTE, "10.0.0.0/8", "10.9.0.1");
		put(LINKS_PASS, "10.3.0.0/16", NULL);
		put(LINKS_RULE, NULL, "0.0.0.0");
	}
	put(LINKS_ROUTE, "10.0.0.0/8", "10.9.0.2"); /* replaced */
	assert_source("10.1.2.3", "10.9.0.2");
	for (int i = 0; i < 2; i++) {
		take(LINKS_RULE, NULL, "0.0.0.0");
		take(LINKS_PASS, "10.3.0.0/16", NULL);
		take(LINKS_ROUTE, "10.0.0.0/8", "10.9.0.2");
		take(LINKS_ADDR, "10.9.0.2", NULL);
	}
	assert_int_equal(links_remove(links, dummy), 0);
	take(LINKS_ADDR, "10.9.0.1", NULL); /* went with the link */
	assert_int_equal(links_remove(links, dummy), 0);
}

static void names_are_taken_once(void **state)
{
	uint32_t other;

	(void)state;
	need_links();
	assert_int_equal(links_add(links, "test0", "dummy", &other), -EEXIST);
	assert_int_equal(links_add(links, "test1", "no-such-kind", &other), -EOPNOTSUPP);
}

static void leftovers_go_and_what_is_of_others_stays(void **state)
{
	struct links_leftovers others = ours;
	uint32_t other;

	(void)state;
	need_links();
	assert_int_equal(links_add(links, "tester0", "dummy", &other), 0);
	put(LINKS_ADDR, "10.9.0.1", NULL);
	put(LINKS_ROUTE, "10.0.0.0/8", "10.9.0.1");
	put(LINKS_PASS, "10.3.0.0/16", NULL);
	put(LINKS_RULE, NULL, "0.0.0.0");
	put(LINKS_RULE, NULL, "fd09::1");
	/* The link (its route goes along), the pass, two rules. */
	assert_int_equal(links_clean(links, &ours), 4);
	assert_int_equal(links_clean(links, &ours), 0);
	assert_source("10.1.2.3", NULL);
	others.prefix = "tester";
	assert_int_equal(links_clean(links, &others), 1);
}

/* clang-format off */
#define WITH_LINKS(sentence, fn) { (sentence), (fn), begin, end, NULL }
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_LINKS("a tunnel's items steer what has no source yet",
			   a_tunnels_items_steer_what_has_no_source_yet),
		WITH_LINKS("what is there can be put again, and what is gone be taken",
			   what_is_there_can_be_put_again_and_what_is_gone_be_taken),
		WITH_LINKS("names are taken once", names_are_taken_once),
		WITH_LINKS("leftovers go, and what is of others stays",
			   leftovers_go_and_what_is_of_others_stays),
	};

	have_netns = netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
