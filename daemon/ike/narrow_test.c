/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/narrow.h"

#include <errno.h>

#include "base/unit.h"

static struct ts ts_of(const char *prefix, uint8_t proto, uint16_t lo, uint16_t hi)
{
	struct addr_prefix p;
	struct ts ts;
	assert_int_equal(addr_parse_prefix(prefix, &p), 0);
	ts_of_prefix(&p, proto, 0, &ts);
	ts.port_lo = lo;
	ts.port_hi = hi;
	return ts;
}

static struct ts any_of(const char *prefix)
{
	return ts_of(prefix, 0, 0, 65535);
}

static void the_common_part(void **state)
{
	const struct ts asked[] = { any_of("10.0.0.0/8"), any_of("2001:db8::/32") };
	struct ts_list allowed = { .n = 2, .ts = { any_of("10.1.0.0/16"), any_of("::/0") } };
	struct ts_list got;
	struct ts want[] = { any_of("10.1.0.0/16"), any_of("2001:db8::/32") };
	bool more;
	(void)state;
	assert_int_equal(narrow(asked, 2, &allowed, &got, &more), 0);
	assert_int_equal(got.n, 2);
	assert_true(ts_eq(&got.ts[0], &want[0]));
	assert_true(ts_eq(&got.ts[1], &want[1]));
}

static void packets_are_merged(void **state)
{
	const struct ts asked[] = { ts_of("10.1.0.5", 17, 53, 53), any_of("10.1.0.0/16") };
	struct ts_list allowed = { .n = 1, .ts = { any_of("10.0.0.0/8") } };
	struct ts_list got;
	bool more;
	(void)state;
	assert_int_equal(narrow(asked, 2, &allowed, &got, &more), 0);
	assert_int_equal(got.n, 1);
	assert_true(ts_eq(&got.ts[0], &asked[1]));
	/* on its own it stays */
	assert_int_equal(narrow(asked, 1, &allowed, &got, &more), 0);
	assert_true(ts_eq(&got.ts[0], &asked[0]));
}

static void nothing_in_common(void **state)
{
	const struct ts asked[] = { any_of("10.1.0.0/16"), ts_of("10.2.0.0/16", 6, 80, 80) };
	struct ts_list allowed = { .n = 1, .ts = { ts_of("10.2.0.0/16", 17, 0, 65535) } };
	struct ts_list got = { .n = 7 };
	bool more;
	(void)state;
	assert_int_equal(narrow(asked, 2, &allowed, &got, &more), -ENOENT);
	assert_int_equal(narrow(asked, 0, &allowed, &got, &more), -ENOENT);
	assert_int_equal(got.n, 7);
}

static void everything_allowed(void **state)
{
	const struct ts asked[] = { any_of("10.1.0.0/16") };
	const struct ts_list allowed = { 0 };
	struct ts_list got;
	bool more;
	(void)state;
	assert_int_equal(narrow(asked, 1, &allowed, &got, &more), 0);
	assert_true(ts_eq(&got.ts[0], &asked[0]));
}

static void too_many_pieces(void **state)
{
	struct ts asked[POLICY_TS_MAX + 1];
	const struct ts_list allowed = { 0 };
	struct ts_list got = { .n = 7 };
	bool more;
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(asked); i++) {
		asked[i] = any_of("10.0.0.0/24");
		asked[i].first.ip[1] = asked[i].last.ip[1] = (uint8_t)i;
	}
	/* the first choice stays (RFC 7296 2.9) */
	assert_int_equal(narrow(asked, N_ELEMENTS(asked), &allowed, &got, &more), 0);
	assert_true(more);
	assert_int_equal(got.n, POLICY_TS_MAX);
	assert_true(ts_eq(&got.ts[0], &asked[0]));
	assert_int_equal(narrow(asked, POLICY_TS_MAX, &allowed, &got, &more), 0);
	assert_false(more);
	assert_int_equal(got.n, POLICY_TS_MAX);
}

static void one_address_of_a_list(void **state)
{
	const struct ts_list l = { .n = 3,
				   .ts = { ts_of("10.1.0.0/16", 6, 80, 90), any_of("10.2.0.0/16"),
					   ts_of("10.0.0.0/8", 17, 0, 65535) } };
	const struct ts_list all = { 0 };
	struct ts want[] = { ts_of("10.1.0.5", 6, 80, 90), ts_of("10.1.0.5", 17, 0, 65535) };
	struct ts whole = any_of("10.1.0.5");
	struct ts_list got;
	struct addr a, b;
	(void)state;
	assert_int_equal(addr_parse("10.1.0.5", &a), 0);
	assert_int_equal(addr_parse("192.0.2.1", &b), 0);
	narrow_to_address(&l, &a, &got);
	assert_int_equal(got.n, 2);
	assert_true(ts_eq(&got.ts[0], &want[0]));
	assert_true(ts_eq(&got.ts[1], &want[1]));
	narrow_to_address(&l, &b, &got);
	assert_int_equal(got.n, 0);
	narrow_to_address(&all, &a, &got);
	assert_int_equal(got.n, 1);
	assert_true(ts_eq(&got.ts[0], &whole));
}

static void no_widening(void **state)
{
	struct ts_list offered = { .n = 2, .ts = { any_of("10.1.0.0/16"), any_of("10.2.0.0/16") } };
	struct ts_list got = { .n = 1, .ts = { any_of("10.1.2.0/24") } };
	(void)state;
	assert_true(narrow_is_within(&got, &offered));
	got.ts[0] = any_of("10.0.0.0/8");
	assert_false(narrow_is_within(&got, &offered));
	got.n = 0;
	assert_false(narrow_is_within(&got, &offered));
	/* one of two is too wide */
	got = (struct ts_list){ .n = 2, .ts = { any_of("10.2.0.0/24"), any_of("10.3.0.0/24") } };
	assert_false(narrow_is_within(&got, &offered));
}

static void payloads(void **state)
{
	static const uint8_t a[4] = { 10, 0, 0, 0 }, b[4] = { 10, 0, 0, 255 };
	const struct pl_selector selectors[] = {
		{ .type = TS_IPV4_ADDR_RANGE,
		  .port_hi = 65535,
		  .first = { a, 4 },
		  .last = { b, 4 } },
		/* OPAQUE ports, an unknown type, a range that runs backwards */
		{ .type = TS_IPV4_ADDR_RANGE,
		  .port_lo = 65535,
		  .first = { a, 4 },
		  .last = { b, 4 } },
		{ .type = 9, .port_hi = 65535 },
		{ .type = TS_IPV4_ADDR_RANGE,
		  .port_hi = 65535,
		  .first = { b, 4 },
		  .last = { a, 4 } },
		{ .type = TS_IPV6_ADDR_RANGE,
		  .port_hi = 65535,
		  .first = { a, 4 },
		  .last = { b, 4 } },
	};
	const struct pl_ts pl = { .n = N_ELEMENTS(selectors), .selectors = selectors };
	struct ts got[8], want = any_of("10.0.0.0/24");
	(void)state;
	assert_int_equal(narrow_from_payload(&pl, got, N_ELEMENTS(got)), 1);
	assert_true(ts_eq(&got[0], &want));
	assert_int_equal(narrow_from_payload(&pl, got, 0), 0);
}

static void hosts(void **state)
{
	struct addr a, b;
	struct ts_list l = { .n = 1, .ts = { ts_of("192.0.2.1", 17, 53, 53) } };
	(void)state;
	assert_int_equal(addr_parse("192.0.2.1", &a), 0);
	assert_int_equal(addr_parse("198.51.100.7", &b), 0);
	b.port = 4500;
	assert_true(narrow_is_host(&l, &a));
	assert_false(narrow_is_host(&l, &b));
	narrow_substitute(&l, &b);
	assert_true(narrow_is_host(&l, &b));
	assert_int_equal(l.ts[0].port_lo, 53);
	assert_int_equal(l.ts[0].first.port, 0);
	l.n = 0;
	assert_false(narrow_is_host(&l, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("both families are narrowed to the common part", the_common_part),
		UNIT("the packet's selector is merged into the one it lies in", packets_are_merged),
		UNIT("nothing in common is an error that changes nothing", nothing_in_common),
		UNIT("an empty list allows everything", everything_allowed),
		UNIT("of more pieces than fit the first stay", too_many_pieces),
		UNIT("one address of a list", one_address_of_a_list),
		UNIT("an answer must not be wider than the offer", no_widening),
		UNIT("selectors that we cannot use are left out", payloads),
		UNIT("transport mode's hosts are recognized and replaced", hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
