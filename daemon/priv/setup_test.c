/* SPDX-License-Identifier: BSD-2-Clause */
/* Links and their items, against a kernel that the test plays and can let fail. */
#include "priv/setup.h"

#include <errno.h>

#include "base/fmt.h"
#include "base/unit.h"

enum { KERNEL_ITEMS_MAX = 1024, LINKS_MAX = 16 };

static struct {
	char links[LINKS_MAX][LINKS_NAME_MAX_BYTES]; /* by number; "": none */
	size_t n;
	struct links_item items[KERNEL_ITEMS_MAX];
	int fail_at; /* the so manieth call fails; 0: none does */
	int n_calls;
	size_t n_told;
	char names[64]; /* what was told last */
} kernel;

static bool fails(void)
{
	return ++kernel.n_calls == kernel.fail_at;
}

static int fake_add(void *arg, const char *name, uint32_t *ret_link)
{
	(void)arg;
	if (fails())
		return -EOPNOTSUPP;
	for (uint32_t i = 1; i < LINKS_MAX; i++)
		if (strcmp(kernel.links[i], name) == 0)
			return -EEXIST;
	for (uint32_t i = 1; i < LINKS_MAX; i++) {
		if (kernel.links[i][0])
			continue;
		strcpy(kernel.links[i], name);
		*ret_link = i;
		return 0;
	}
	return -ENOSPC;
}

static int fake_remove(void *arg, uint32_t link)
{
	(void)arg;
	assert_true(link < LINKS_MAX && kernel.links[link][0]);
	kernel.links[link][0] = '\0';
	return 0;
}

/* As the kernel has it: a route's destination is there once in a table. */
static size_t place_of(const struct links_item *item)
{
	for (size_t i = 0; i < kernel.n; i++) {
		const struct links_item *k = &kernel.items[i];
		bool route = k->kind == LINKS_ROUTE || k->kind == LINKS_PASS;
		bool like = item->kind == LINKS_ROUTE || item->kind == LINKS_PASS
				    ? route
				    : k->kind == item->kind;
		if (like && k->table == item->table && k->dst.bits == item->dst.bits &&
		    (k->link == item->link || k->kind != LINKS_ADDR) &&
		    addr_eq(&k->dst.addr, &item->dst.addr) &&
		    (route || addr_eq(&k->source, &item->source)))
			return i;
	}
	return kernel.n;
}

static int fake_put(void *arg, const struct links_item *item)
{
	(void)arg;
	if (fails())
		return -EIO;
	size_t i = place_of(item);
	if (i == kernel.n)
		kernel.n++;
	assert_true(kernel.n < KERNEL_ITEMS_MAX);
	kernel.items[i] = *item;
	return 0;
}

static int fake_take(void *arg, const struct links_item *item)
{
	size_t i = place_of(item);

	(void)arg;
	assert_true(i < kernel.n); /* it takes what it put, once */
	kernel.items[i] = kernel.items[--kernel.n];
	return 0;
}

static void fake_names(void *arg, const char *name, const struct inner_dns *dns)
{
	char text[ADDR_TEXT_MAX_BYTES];
	struct fmt f = fmt_of(kernel.names, sizeof(kernel.names));

	(void)arg;
	kernel.n_told++;
	fmt_add(&f, "%s", name);
	for (uint8_t i = 0; dns && i < dns->n_servers; i++)
		fmt_add(&f, " %s", addr_text(&dns->servers[i], text));
}

static const struct setup_ops ops = { .add = fake_add,
				      .remove = fake_remove,
				      .put = fake_put,
				      .take = fake_take,
				      .names = fake_names };

static struct setup *begin(void)
{
	struct setup *s = setup_new(&ops, NULL);

	memset(&kernel, 0, sizeof(kernel));
	assert_non_null(s);
	return s;
}

static void assert_nothing_left(void)
{
	assert_int_equal(kernel.n, 0);
	for (size_t i = 0; i < LINKS_MAX; i++)
		assert_string_equal(kernel.links[i], "");
}

static void end(struct setup *s)
{
	setup_free(s);
	assert_nothing_left();
}

static struct addr addr_of(const char *text)
{
	struct addr a = { 0 };
	if (text)
		assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct inner_set set_of(uint64_t holder, const char *remote, const char *v4, const char *v6)
{
	struct inner_set set;

	memset(&set, 0, sizeof(set));
	set.holder = holder;
	strcpy(set.remote, remote);
	set.peer = addr_of("192.0.2.2");
	set.local = addr_of("192.0.2.1");
	set.addr[INNER_V4] = addr_of(v4);
	set.addr[INNER_V6] = addr_of(v6);
	return set;
}

static void add_route(struct inner_set *set, const char *text)
{
	assert_int_equal(addr_parse_prefix(text, &set->routes[set->n_routes++]), 0);
}

static void add_server(struct inner_set *set, const char *text)
{
	set->dns.servers[set->dns.n_servers++] = addr_of(text);
}

static void set_ok(struct setup *s, const struct inner_set *set)
{
	struct err err = { 0 };

	assert_null(inner_set_fault(set));
	int r = setup_set(s, set, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
}

/* "addr|route|pass|rule what [source]" is there, in this link's table. */
static bool has(unsigned int number, const char *line)
{
	static const char *const kinds[] = { "addr", "route", "pass", "rule" };
	char text[256], dst[ADDR_TEXT_MAX_BYTES], source[ADDR_TEXT_MAX_BYTES];

	for (size_t i = 0; i < kernel.n; i++) {
		const struct links_item *k = &kernel.items[i];
		struct fmt f = fmt_of(text, sizeof(text));
		fmt_add(&f, "%s", kinds[k->kind]);
		if (k->dst.addr.family)
			fmt_add(&f, " %s", addr_prefix_text(&k->dst, dst));
		if (k->source.family)
			fmt_add(&f, " %s", addr_text(&k->source, source));
		if (strcmp(text, line) == 0 &&
		    (k->kind == LINKS_ADDR || k->table == SETUP_TABLE + number))
			return true;
	}
	return false;
}

static void a_set_is_a_link_with_addresses_routes_and_rules(void **state)
{
	struct setup *s = begin();
	struct inner_set set = set_of(1, "office", "10.9.0.1", "fd09::1");

	(void)state;
	add_route(&set, "10.2.0.0/16");
	add_route(&set, "fd02::/64");
	set_ok(s, &set);
	assert_string_equal(kernel.links[1], "tanuki0");
	assert_int_equal(kernel.n, 8);
	assert_true(has(0, "addr 10.9.0.1/32"));
	assert_true(has(0, "addr fd09::1/128"));
	assert_true(has(0, "route 10.2.0.0/16 10.9.0.1"));
	assert_true(has(0, "route fd02::/64 fd09::1"));
	assert_true(has(0, "pass 192.0.2.2/32"));
	assert_true(has(0, "rule 10.9.0.1"));
	assert_true(has(0, "rule 0.0.0.0"));
	assert_true(has(0, "rule fd09::1"));
	setup_drop(s, 2); /* nobody */
	assert_int_equal(kernel.n, 8);
	setup_drop(s, 1);
	assert_nothing_left();
	end(s);
}

static void routes_follow_the_set_and_nothing_else_is_touched(void **state)
{
	struct setup *s = begin();
	struct inner_set set = set_of(1, "office", "10.9.0.1", NULL);

	(void)state;
	add_route(&set, "10.2.0.0/16");
	set_ok(s, &set);
	kernel.n_calls = 0;
	set_ok(s, &set);
	assert_int_equal(kernel.n_calls, 0);
	add_route(&set, "10.3.0.0/16");
	set_ok(s, &set);
	assert_int_equal(kernel.n_calls, 1);
	set.routes[0] = set.routes[1];
	set.n_routes = 1;
	set.peer = addr_of("192.0.2.9"); /* it moved */
	set_ok(s, &set);
	assert_false(has(0, "route 10.2.0.0/16 10.9.0.1"));
	assert_true(has(0, "route 10.3.0.0/16 10.9.0.1"));
	assert_false(has(0, "pass 192.0.2.2/32"));
	assert_true(has(0, "pass 192.0.2.9/32"));
	end(s);
}

static void remotes_have_links_of_their_own_and_names_that_nobody_has(void **state)
{
	struct setup *s = begin();
	struct inner_set a = set_of(1, "a", "10.9.0.1", NULL);
	struct inner_set b = set_of(2, "b", "10.9.0.1", NULL);

	(void)state;
	strcpy(kernel.links[1], "tanuki1"); /* somebody else's */
	add_route(&a, "10.0.0.0/8");
	add_route(&b, "10.0.0.0/8");
	set_ok(s, &a);
	set_ok(s, &b);
	assert_string_equal(kernel.links[2], "tanuki0");
	assert_string_equal(kernel.links[3], "tanuki2");
	assert_true(has(0, "route 10.0.0.0/8 10.9.0.1"));
	assert_true(has(2, "route 10.0.0.0/8 10.9.0.1"));
	setup_drop(s, 1);
	assert_false(has(0, "route 10.0.0.0/8 10.9.0.1"));
	assert_true(has(2, "route 10.0.0.0/8 10.9.0.1"));
	set_ok(s, &a);
	assert_string_equal(kernel.links[2], "tanuki0");
	setup_free(s);
	assert_string_equal(kernel.links[1], "tanuki1");
	kernel.links[1][0] = '\0';
	assert_nothing_left();
}

static void one_ike_sa_replaces_another_without_a_gap(void **state)
{
	struct setup *s = begin();
	struct inner_set old = set_of(1, "office", "10.9.0.1", NULL);
	struct inner_set new = set_of(2, "office", "10.9.0.7", NULL);

	(void)state;
	add_route(&old, "10.2.0.0/16");
	add_route(&new, "10.2.0.0/16");
	set_ok(s, &old);
	set_ok(s, &new);
	assert_string_equal(kernel.links[2], "");
	assert_true(has(0, "addr 10.9.0.1/32"));
	assert_true(has(0, "addr 10.9.0.7/32"));
	assert_true(has(0, "route 10.2.0.0/16 10.9.0.7"));
	setup_drop(s, 1);
	assert_false(has(0, "addr 10.9.0.1/32"));
	assert_false(has(0, "rule 10.9.0.1"));
	assert_true(has(0, "route 10.2.0.0/16 10.9.0.7"));
	/* The other way round: the new one did not stay. */
	set_ok(s, &old);
	setup_drop(s, 1);
	assert_true(has(0, "route 10.2.0.0/16 10.9.0.7"));
	end(s);
}

static void name_servers_are_told_when_they_change_and_at_the_end(void **state)
{
	struct setup *s = begin();
	struct inner_set old = set_of(1, "office", "10.9.0.1", NULL);
	struct inner_set new = set_of(2, "office", "10.9.0.1", NULL);

	(void)state;
	set_ok(s, &old);
	assert_int_equal(kernel.n_told, 0);
	add_server(&old, "10.2.0.53");
	set_ok(s, &old);
	assert_string_equal(kernel.names, "tanuki0 10.2.0.53");
	set_ok(s, &old);
	assert_int_equal(kernel.n_told, 1);
	add_server(&new, "10.2.0.54");
	set_ok(s, &new);
	assert_string_equal(kernel.names, "tanuki0 10.2.0.54");
	setup_drop(s, 1);
	assert_int_equal(kernel.n_told, 2);
	setup_drop(s, 2);
	assert_string_equal(kernel.names, "tanuki0");
	assert_int_equal(kernel.n_told, 3);
	end(s);
}

static void whatever_fails_leaves_all_as_it_was(void **state)
{
	struct inner_set first = set_of(1, "office", "10.9.0.1", NULL);
	struct inner_set second = set_of(2, "office", "10.9.0.2", "fd09::2");
	struct inner_set changed = set_of(1, "office", "10.9.0.3", NULL);
	struct err err;

	(void)state;
	add_route(&first, "10.2.0.0/16");
	add_route(&second, "10.2.0.0/16");
	add_route(&changed, "10.4.0.0/16");
	for (int at = 1; at <= 12; at++) {
		struct setup *s = begin();
		kernel.fail_at = at;
		int r = setup_set(s, &first, &err);
		if (at <= 6) { /* link, address, route, pass, two rules */
			assert_true(r == (at == 1 ? -EOPNOTSUPP : -EIO));
			assert_nothing_left();
			setup_free(s);
			continue;
		}
		assert_int_equal(r, 0);
		kernel.n_calls = 0;
		kernel.fail_at = at - 6;
		r = setup_set(s, at % 2 ? &second : &changed, &err);
		assert_true(r == 0 || r == -EIO);
		if (r < 0) {
			assert_true(has(0, "addr 10.9.0.1/32"));
			assert_true(has(0, "route 10.2.0.0/16 10.9.0.1"));
			assert_int_equal(kernel.n, 5);
		}
		end(s);
	}
}

static void an_engines_holders_go_together(void **state)
{
	struct setup *s = begin();
	struct inner_set a = set_of(1ull << 56 | 1, "a", "10.9.0.1", NULL);
	struct inner_set b = set_of(2ull << 56 | 1, "b", "10.9.0.2", NULL);

	(void)state;
	set_ok(s, &a);
	set_ok(s, &b);
	setup_drop_all(s, 1);
	assert_false(has(0, "addr 10.9.0.1/32"));
	assert_true(has(1, "addr 10.9.0.2/32"));
	end(s);
}

static void too_many_are_refused(void **state)
{
	struct setup *s = begin();
	struct err err;

	(void)state;
	for (uint64_t i = 0; i < SETUP_HOLDERS_MAX; i++) {
		struct inner_set set = set_of(i, "office", "10.9.0.1", NULL);
		set.addr[INNER_V4].ip[3] = (uint8_t)(i + 1);
		for (uint8_t n = 0; n < INNER_ROUTES_MAX; n++) {
			add_route(&set, "10.0.0.0/24");
			set.routes[n].addr.ip[1] = (uint8_t)i;
			set.routes[n].addr.ip[2] = n;
		}
		set_ok(s, &set);
	}
	struct inner_set more = set_of(99, "office", "10.9.0.99", NULL);
	assert_int_equal(setup_set(s, &more, &err), -ENOSPC);
	/* One of them changes all that it has. */
	struct inner_set other = set_of(3, "office", "10.9.0.100", NULL);
	for (uint8_t n = 0; n < INNER_ROUTES_MAX; n++) {
		add_route(&other, "10.100.0.0/24");
		other.routes[n].addr.ip[2] = n;
	}
	set_ok(s, &other);
	struct inner_set stranger = set_of(3, "elsewhere", "10.9.0.100", NULL);
	assert_int_equal(setup_set(s, &stranger, &err), -EEXIST);
	end(s);
}

/* ---- random lives ---- */

static uint32_t dice(uint32_t sides)
{
	static uint64_t state = 88172645463325252ull;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % sides;
}

static struct inner_set random_set(uint64_t holder)
{
	static const char *const remotes[] = { "a", "b", "c" };
	struct inner_set set = set_of(holder, remotes[holder % 3], NULL, NULL);

	set.addr[INNER_V4] = addr_of("10.9.0.1");
	set.addr[INNER_V4].ip[3] = (uint8_t)(1 + dice(3));
	for (uint32_t n = dice(4); n > 0; n--) {
		add_route(&set, "10.0.0.0/16");
		set.routes[set.n_routes - 1].addr.ip[1] = (uint8_t)dice(4);
	}
	set.peer.ip[3] = (uint8_t)(2 + dice(2));
	return set;
}

static void random_lives_leave_nothing(void **state)
{
	struct setup *s = begin();
	struct inner_set now[6];
	bool there[6] = { 0 };
	char line[128], text[ADDR_TEXT_MAX_BYTES], prefix[ADDR_TEXT_MAX_BYTES];

	(void)state;
	for (int step = 0; step < 20000; step++) {
		uint32_t holder = dice(6);
		struct err err;
		kernel.n_calls = 0;
		kernel.fail_at = dice(8) == 0 ? (int)(1 + dice(5)) : 0;
		if (dice(3) == 0) {
			kernel.fail_at = 0;
			setup_drop(s, holder);
			there[holder] = false;
		} else {
			struct inner_set set = random_set(holder);
			if (setup_set(s, &set, &err) == 0) {
				now[holder] = set;
				there[holder] = true;
			}
		}
		/* Each holder has its addresses and a way to all its routes. */
		for (uint32_t i = 0; i < 6; i++) {
			if (!there[i])
				continue;
			addr_text(&now[i].addr[INNER_V4], text);
			snprintf(line, sizeof(line), "addr %.40s/32", text);
			assert_true(has(0, line));
			for (uint8_t n = 0; n < now[i].n_routes; n++) {
				bool found = false;
				addr_prefix_text(&now[i].routes[n], prefix);
				for (uint8_t last = 1; last <= 3 && !found; last++)
					for (unsigned int link = 0; link < 3 && !found; link++) {
						snprintf(line, sizeof(line),
							 "route %.40s 10.9.0.%u", prefix, last);
						found = has(link, line);
					}
				assert_true(found);
			}
		}
	}
	for (uint32_t i = 0; i < 6; i++)
		setup_drop(s, i);
	assert_nothing_left();
	end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a set is a link with addresses, routes and rules",
		     a_set_is_a_link_with_addresses_routes_and_rules),
		UNIT("routes follow the set, and nothing else is touched",
		     routes_follow_the_set_and_nothing_else_is_touched),
		UNIT("remotes have links of their own, and names that nobody has",
		     remotes_have_links_of_their_own_and_names_that_nobody_has),
		UNIT("one IKE SA replaces another without a gap",
		     one_ike_sa_replaces_another_without_a_gap),
		UNIT("name servers are told when they change, and at the end",
		     name_servers_are_told_when_they_change_and_at_the_end),
		UNIT("whatever fails leaves all as it was", whatever_fails_leaves_all_as_it_was),
		UNIT("an engine's holders go together", an_engines_holders_go_together),
		UNIT("too many are refused", too_many_are_refused),
		UNIT("random lives leave nothing", random_lives_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
