/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leases: each rule by itself, then 200,000 random steps against what must hold after
 * each of them, and the time for one of many.
 */
#include <errno.h>
#include <time.h>

#include "base/unit.h"
#include "policy/lease.h"
#include "policy/pool.h"

static struct addr addr_of(const char *text)
{
	struct addr a;
	if (addr_parse(text, &a) < 0)
		fail_msg("%s", text);
	return a;
}

static struct id id_of(const char *text)
{
	struct id id = { .type = ID_FQDN, .len = (uint16_t)strlen(text) };
	memcpy(id.body, text, id.len);
	return id;
}

static struct policy *with_pool(uint32_t size4, uint32_t size6)
{
	struct policy *p = policy_new();
	assert_non_null(p);
	struct pool_config *pool = policy_add_pool(p, "");
	assert_non_null(pool);
	pool->first[INNER_V4] = addr_of("10.9.0.1");
	pool->first[INNER_V6] = addr_of("fd09::1");
	pool->size[INNER_V4] = size4;
	pool->size[INNER_V6] = size6;
	return p;
}

static void fix(struct policy *p, const char *who, const char *a4, const char *a6)
{
	struct pool_config *pool = LIST_ENTRY(p->pools.next, struct pool_config, node);
	struct pool_fixed f = { .id = id_of(who) };
	if (a4)
		f.addr[INNER_V4] = addr_of(a4);
	if (a6)
		f.addr[INNER_V6] = addr_of(a6);
	assert_int_equal(pool_add_fixed(pool, &f), 0);
}

static struct addr got[INNER_FAMILIES];

static struct lease_ask ask_of(uint64_t holder, const char *who)
{
	struct lease_ask ask = { .holder = holder, .wants = { true, true }, .id = id_of(who) };
	return ask;
}

static int get(struct lease_table *t, uint64_t holder, const char *who)
{
	struct lease_ask ask = ask_of(holder, who);
	return lease_get(t, &ask, (int64_t)holder, got);
}

static void assert_got(const char *a4, const char *a6)
{
	char text[ADDR_TEXT_MAX_BYTES];
	assert_string_equal(addr_text(&got[INNER_V4], text), a4);
	assert_string_equal(addr_text(&got[INNER_V6], text), a6);
}

/* ---- the rules ---- */

static void each_client_has_an_address_of_each_family(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(3, 3);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	(void)state;
	assert_int_equal(get(t, 1, "a"), 0);
	assert_got("10.9.0.1", "fd09::1");
	assert_int_equal(get(t, 2, "b"), 0);
	assert_got("10.9.0.2", "fd09::2");
	assert_int_equal(get(t, 2, "c"), -EEXIST);
	assert_int_equal(lease_count(t), 4);
}

static void who_comes_back_finds_its_address(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(3, 3);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	(void)state;
	assert_int_equal(get(t, 1, "a"), 0);
	assert_int_equal(get(t, 2, "b"), 0);
	lease_put(t, 1, 10);
	assert_int_equal(get(t, 3, "c"), 0);
	assert_got("10.9.0.3", "fd09::3");
	/* letters of a domain name count alike */
	assert_int_equal(get(t, 4, "A"), 0);
	assert_got("10.9.0.1", "fd09::1");
}

static void the_one_unused_longest_goes_to_another_when_all_are_taken(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(2, 2);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	(void)state;
	assert_int_equal(get(t, 1, "a"), 0);
	assert_int_equal(get(t, 2, "b"), 0);
	assert_int_equal(get(t, 3, "c"), -ENOSPC);
	lease_put(t, 2, 10);
	lease_put(t, 1, 11);
	assert_int_equal(get(t, 3, "c"), 0);
	assert_got("10.9.0.2", "fd09::2");
	assert_int_equal(get(t, 4, "a"), 0);
	assert_got("10.9.0.1", "fd09::1");
	assert_int_equal(get(t, 5, "b"), -ENOSPC);
	assert_int_equal(lease_count(t), 4);
}

static void an_ike_sa_can_take_over_before_the_old_one_is_gone(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(5, 5);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	struct lease_ask ask = ask_of(2, "a");
	(void)state;
	assert_int_equal(get(t, 1, "a"), 0);
	/* by the address that it suggests */
	ask.suggested[INNER_V4] = addr_of("10.9.0.1");
	ask.suggested[INNER_V6] = addr_of("fd09::1");
	assert_int_equal(lease_get(t, &ask, 2, got), 0);
	assert_got("10.9.0.1", "fd09::1");
	lease_put(t, 1, 3);
	assert_int_equal(get(t, 3, "b"), 0);
	assert_got("10.9.0.2", "fd09::2");
	/* or because it is the only one */
	ask = ask_of(4, "b");
	ask.only = true;
	assert_int_equal(lease_get(t, &ask, 4, got), 0);
	assert_got("10.9.0.2", "fd09::2");
	/* else it is another machine with the same identity */
	assert_int_equal(get(t, 5, "b"), 0);
	assert_got("10.9.0.3", "fd09::3");
}

static void a_suggestion_is_followed_only_if_the_address_is_free(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(4, 4);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	struct lease_ask ask = ask_of(2, "b");
	(void)state;
	assert_int_equal(get(t, 1, "a"), 0);
	/* another client's, used or not, and one outside of the pool */
	ask.suggested[INNER_V4] = addr_of("10.9.0.1");
	ask.suggested[INNER_V6] = addr_of("fd09::5");
	assert_int_equal(lease_get(t, &ask, 2, got), 0);
	assert_got("10.9.0.2", "fd09::2");
	lease_put(t, 1, 3);
	ask = ask_of(3, "c");
	ask.suggested[INNER_V4] = addr_of("10.9.0.1");
	ask.suggested[INNER_V6] = addr_of("fd09::4");
	assert_int_equal(lease_get(t, &ask, 3, got), 0);
	assert_got("10.9.0.3", "fd09::4");
}

static void a_fixed_address_is_its_identitys_alone(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(3, 3);
	fix(p, "boss", "10.9.0.2", NULL);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	(void)state;
	assert_int_equal(get(t, 1, "a"), 0);
	assert_int_equal(get(t, 2, "b"), 0);
	assert_got("10.9.0.3", "fd09::2");
	struct lease_ask ask = ask_of(3, "c");
	ask.suggested[INNER_V4] = addr_of("10.9.0.2");
	assert_int_equal(lease_get(t, &ask, 3, got), 0);
	assert_got("none", "fd09::3");
	lease_put(t, 3, 3);
	assert_int_equal(get(t, 4, "boss"), 0);
	assert_got("10.9.0.2", "fd09::3");
	/* again, also for a second IKE SA */
	assert_int_equal(get(t, 5, "boss"), 0);
	assert_got("10.9.0.2", "none");
	lease_put(t, 4, 4);
	lease_put(t, 5, 5);
	assert_int_equal(get(t, 6, "d"), 0);
	assert_got("none", "fd09::3");
}

static void a_family_that_the_pool_has_not_is_left_out(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(3, 0);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	struct lease_ask ask = ask_of(2, "b");
	(void)state;
	assert_int_equal(get(t, 1, "a"), 0);
	assert_got("10.9.0.1", "none");
	ask.wants[INNER_V4] = false;
	assert_int_equal(lease_get(t, &ask, 2, got), -EAFNOSUPPORT);
	ask.pool = 1;
	assert_int_equal(lease_get(t, &ask, 2, got), -ENOENT);
	assert_int_equal(lease_count(t), 1);
	lease_put(t, 77, 1);
}

static void an_engine_that_ends_holds_nothing_any_more(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(2, 2);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	(void)state;
	assert_int_equal(get(t, (UINT64_C(3) << 56) + 1, "a"), 0);
	assert_int_equal(get(t, (UINT64_C(4) << 56) + 1, "b"), 0);
	lease_put_all(t, 3, 7);
	assert_int_equal(get(t, 5, "c"), 0);
	assert_got("10.9.0.1", "fd09::1");
	assert_int_equal(get(t, 6, "d"), -ENOSPC);
}

static void an_earlier_life_is_remembered(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(3, 3);
	fix(p, "boss", "10.9.0.3", NULL);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	const struct id a = id_of("a"), b = id_of("b"), boss = id_of("boss");
	const struct addr one = addr_of("10.9.0.1"), two = addr_of("10.9.0.2"),
			  three = addr_of("10.9.0.3"), out = addr_of("10.9.0.4"),
			  six = addr_of("fd09::3");
	(void)state;
	assert_int_equal(lease_restore(t, "", &b, &two, 5), 0);
	assert_int_equal(lease_restore(t, "", &a, &one, 6), 0);
	assert_int_equal(lease_restore(t, "", &a, &six, 6), 0);
	assert_int_equal(lease_restore(t, "", &b, &one, 7), -EEXIST);
	assert_int_equal(lease_restore(t, "", &b, &out, 7), -ENOENT);
	assert_int_equal(lease_restore(t, "x", &b, &one, 7), -ENOENT);
	assert_int_equal(lease_restore(t, "", &b, &(struct addr){ 0 }, 7), -ENOENT);
	assert_int_equal(lease_restore(t, "", &a, &three, 7), -EEXIST);
	assert_int_equal(lease_restore(t, "", &boss, &three, 7), 0);
	assert_int_equal(get(t, 1, "a"), 0);
	assert_got("10.9.0.1", "fd09::3");
	/* b was longest away */
	assert_int_equal(get(t, 2, "c"), 0);
	assert_got("10.9.0.2", "fd09::1");
}

static void all_leases_can_be_walked(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(3, 3);
	fix(p, "boss", "10.9.0.3", NULL);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	struct lease_view v;
	uint64_t cursor = 0;
	(void)state;
	assert_int_equal(get(t, 9, "a"), 0);
	assert_true(lease_next(t, &cursor, &v));
	assert_int_equal(v.n_holders, 1);
	assert_int_equal(v.used_sec, 9);
	assert_false(v.fixed);
	assert_true(lease_next(t, &cursor, &v));
	assert_true(v.fixed);
	assert_int_equal(v.n_holders, 0);
	assert_memory_equal(v.id->body, "boss", 4);
	assert_true(lease_next(t, &cursor, &v));
	assert_int_equal(inner_family(&v.addr), INNER_V6);
	assert_false(lease_next(t, &cursor, &v));
	assert_false(lease_next(t, &cursor, &v));
}

/* ---- what must hold whatever happens ---- */

enum { N_HOLDERS = 64, N_NAMES = 40, POOL = 48, N_STEPS = 200000 };

struct model {
	bool held[N_HOLDERS];
	int name[N_HOLDERS];
	struct addr addr[N_HOLDERS][INNER_FAMILIES];
};

static uint32_t prng_state = 1;
static uint32_t prng(uint32_t below)
{
	prng_state = prng_state * 1664525 + 1013904223;
	return (prng_state >> 8) % below;
}

static const char *name_of(int n)
{
	static char text[16];
	snprintf(text, sizeof(text), "c%d", n);
	return text;
}

static void check_model(const struct model *m)
{
	for (int a = 0; a < N_HOLDERS; a++) {
		for (int b = 0; b < a && m->held[a]; b++) {
			if (!m->held[b] || m->name[a] == m->name[b])
				continue;
			for (int f = 0; f < INNER_FAMILIES; f++)
				assert_false(addr_is_set(&m->addr[a][f]) &&
					     addr_eq(&m->addr[a][f], &m->addr[b][f]));
		}
	}
}

/* How many different addresses are held, of this family. */
static unsigned int n_in_use(const struct model *m, int family)
{
	unsigned int n = 0;
	for (int a = 0; a < N_HOLDERS; a++) {
		bool first = m->held[a] && addr_is_set(&m->addr[a][family]);
		for (int b = 0; b < a && first; b++)
			first = !m->held[b] || !addr_eq(&m->addr[a][family], &m->addr[b][family]);
		n += first;
	}
	return n;
}

static void random_get(struct lease_table *t, struct model *m, int h, int64_t now)
{
	int name = (int)prng(N_NAMES);
	struct lease_ask ask = ask_of((uint64_t)h, name_of(name));
	struct addr first4 = addr_of("10.9.0.1");
	ask.only = prng(4) == 0;
	ask.wants[INNER_V4] = prng(8) != 0;
	if (prng(3) == 0)
		ask.suggested[INNER_V4] = pool_addr(&first4, prng(POOL + 2));
	int r = lease_get(t, &ask, now, got);
	if (m->held[h]) {
		assert_int_equal(r, -EEXIST);
		return;
	}
	if (r < 0) {
		assert_int_equal(r, -ENOSPC);
		assert_int_equal(n_in_use(m, INNER_V6), POOL);
		return;
	}
	m->held[h] = true;
	m->name[h] = name;
	memcpy(m->addr[h], got, sizeof(got));
	/* An address is refused only when all are in use (one belongs to nobody here). */
	if (ask.wants[INNER_V4] && !addr_is_set(&got[INNER_V4]))
		assert_int_equal(n_in_use(m, INNER_V4), POOL - 1);
	assert_true(ask.wants[INNER_V4] || !addr_is_set(&got[INNER_V4]));
}

static void no_two_clients_ever_have_one_address(void **state)
{
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(POOL, POOL);
	fix(p, "nobody", "10.9.0.7", NULL);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	static struct model m;
	(void)state;
	for (int64_t step = 0; step < N_STEPS; step++) {
		int h = (int)prng(N_HOLDERS);
		if (prng(5) < 3) {
			random_get(t, &m, h, step);
		} else {
			lease_put(t, (uint64_t)h, step);
			m.held[h] = false;
		}
		if (step % 16 == 0)
			check_model(&m);
		assert_true(lease_count(t) <= 2 * POOL);
	}
}

static int64_t cpu_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

/* One leaves and another one comes while the pool is full: microseconds for each. */
static int64_t turn_us(uint32_t size)
{
	enum { TURNS = 20000 };
	CLEANUP(policy_unrefp)
	struct policy *p = with_pool(size, size);
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(p);
	char name[32];
	for (uint32_t i = 0; i < size; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		assert_int_equal(get(t, i, name), 0);
	}
	int64_t begin_us = cpu_us();
	for (uint32_t i = 0; i < TURNS; i++) {
		snprintf(name, sizeof(name), "new%u", i);
		lease_put(t, i, i);
		assert_int_equal(get(t, size + i, name), 0);
	}
	return (cpu_us() - begin_us) * 1000 / TURNS;
}

static void a_lease_of_many_costs_what_one_of_few_costs(void **state)
{
	(void)state;
	int64_t few = turn_us(20000), many = turn_us(200000);
	print_message("ns for a lease: %ld of 20000, %ld of 200000\n", (long)few, (long)many);
	/* caches tell; a walk over the pool would be ten times as much */
	assert_true(many < 5 * few);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("each client has an address of each family",
		     each_client_has_an_address_of_each_family),
		UNIT("who comes back finds its address", who_comes_back_finds_its_address),
		UNIT("the one unused longest goes to another when all are taken",
		     the_one_unused_longest_goes_to_another_when_all_are_taken),
		UNIT("an IKE SA can take over before the old one is gone",
		     an_ike_sa_can_take_over_before_the_old_one_is_gone),
		UNIT("a suggestion is followed only if the address is free",
		     a_suggestion_is_followed_only_if_the_address_is_free),
		UNIT("a fixed address is its identity's alone",
		     a_fixed_address_is_its_identitys_alone),
		UNIT("a family that the pool has not is left out",
		     a_family_that_the_pool_has_not_is_left_out),
		UNIT("an engine that ends holds nothing any more",
		     an_engine_that_ends_holds_nothing_any_more),
		UNIT("an earlier life is remembered", an_earlier_life_is_remembered),
		UNIT("all leases can be walked", all_leases_can_be_walked),
		UNIT("no two clients ever have one address", no_two_clients_ever_have_one_address),
		UNIT("a lease of many costs what one of few costs",
		     a_lease_of_many_costs_what_one_of_few_costs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
