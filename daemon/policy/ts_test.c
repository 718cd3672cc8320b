/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/ts.h"

#include <errno.h>

#include "policy/policy_unit.h"

static void check_text(struct ts ts, const char *expected)
{
	char buf[TS_TEXT_MAX_BYTES];
	assert_string_equal(ts_text(&ts, buf), expected);
}

static void selectors_as_text(void **state)
{
	(void)state;
	check_text(unit_net("10.0.0.0/24"), "10.0.0.0/24[any] any");
	check_text(unit_net("10.0.0.1/32"), "10.0.0.1[any] any");
	check_text(unit_net("0.0.0.0/0"), "0.0.0.0/0[any] any");
	check_text(unit_ts("10.0.0.1-10.0.0.9", 6, 80, 90), "10.0.0.1-10.0.0.9[80-90] tcp");
	check_text(unit_ts("2001:db8::/64", 17, 53, 53), "2001:db8::/64[53] udp");
	check_text(unit_ts("2001:db8::/64", 58, 65535, 0), "2001:db8::/64[opaque] icmp6");
	check_text(unit_ts("10.0.0.1/32", 132, 0, 0), "10.0.0.1[0] 132");
}

static void lists_as_text(void **state)
{
	struct ts_list l = { 0 };
	char buf[TS_LIST_TEXT_MAX_BYTES];
	(void)state;
	assert_string_equal(ts_list_text(&l, buf), "none");
	l.ts[l.n++] = unit_net("10.0.0.0/24");
	l.ts[l.n++] = unit_net("2001:db8::/64");
	assert_string_equal(ts_list_text(&l, buf), "10.0.0.0/24[any] any, 2001:db8::/64[any] any");
	for (l.n = 0; l.n < POLICY_TS_MAX; l.n++)
		l.ts[l.n] = unit_ts("2001:db8:1111:2222:3333:4444:5555:6661-"
				    "2001:db8:1111:2222:3333:4444:5555:6669",
				    17, 10000, 20000);
	assert_int_equal(strlen(ts_list_text(&l, buf)), TS_LIST_TEXT_MAX_BYTES - 1);
}

static void constructors(void **state)
{
	const struct addr a = unit_addr("192.0.2.1");
	struct addr with_port = a;
	struct addr_prefix p;
	struct ts ts;
	(void)state;
	with_port.port = 500;
	ts_of_addr(&with_port, &ts);
	assert_int_equal(ts.first.port, 0);
	assert_true(addr_eq(&ts.first, &a) && addr_eq(&ts.last, &a) && ts_port_any(&ts));
	assert_int_equal(ts.proto, 0);
	assert_int_equal(addr_parse_prefix("10.1.2.3/8", &p), 0);
	ts_of_prefix(&p, 6, 443, &ts);
	check_text(ts, "10.0.0.0/8[443] tcp");
}

/* Each row: a, b, their intersection ("" for none). */
static void intersections(void **state)
{
	static const struct {
		const char *a, *b, *common;
	} rows[] = {
		{ "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16" },
		{ "10.0.0.0/24", "10.0.1.0/24", "" },
		{ "10.0.0.0-10.0.0.9", "10.0.0.5-10.0.0.20", "10.0.0.5-10.0.0.9" },
		{ "10.0.0.0-10.0.0.9", "10.0.0.9-10.0.0.20", "10.0.0.9-10.0.0.9" },
		{ "0.0.0.0/0", "::/0", "" },
		{ "2001:db8::/32", "2001:db8:1::/48", "2001:db8:1::/48" },
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		const struct ts a = unit_net(rows[i].a), b = unit_net(rows[i].b);
		struct ts ab, ba;
		bool any = rows[i].common[0] != '\0';
		assert_int_equal(ts_intersect(&a, &b, &ab), any);
		assert_int_equal(ts_intersect(&b, &a, &ba), any);
		if (!any)
			continue;
		const struct ts expected = unit_net(rows[i].common);
		assert_true(ts_eq(&ab, &expected) && ts_eq(&ba, &expected));
		assert_true(ts_subset(&ab, &a) && ts_subset(&ab, &b));
		assert_int_equal(ts_subset(&a, &b), ts_eq(&a, &ab));
	}
}

static void no_intersection_changes_nothing(void **state)
{
	const struct ts a = unit_net("10.0.0.0/24"), b = unit_net("10.0.1.0/24");
	struct ts ret = unit_net("192.0.2.0/24");
	const struct ts was = ret;
	(void)state;
	assert_false(ts_intersect(&a, &b, &ret));
	assert_memory_equal(&ret, &was, sizeof(ret));
}

static bool port_protos(uint8_t proto_a, uint16_t lo_a, uint16_t hi_a, uint8_t proto_b,
			uint16_t lo_b, uint16_t hi_b, struct ts *ret)
{
	const struct ts a = unit_ts("10.0.0.0/8", proto_a, lo_a, hi_a);
	const struct ts b = unit_ts("10.0.0.0/8", proto_b, lo_b, hi_b);
	struct ts turned;
	bool any = ts_intersect(&a, &b, ret);
	assert_int_equal(ts_intersect(&b, &a, &turned), any);
	if (any)
		assert_true(ts_eq(ret, &turned));
	return any;
}

static void protocols_and_ports_intersect(void **state)
{
	struct ts ts;
	(void)state;
	assert_true(port_protos(0, 0, 65535, 6, 80, 80, &ts));
	assert_true(ts.proto == 6 && ts.port_lo == 80 && ts.port_hi == 80);
	assert_true(port_protos(6, 10, 100, 6, 50, 200, &ts));
	assert_true(ts.port_lo == 50 && ts.port_hi == 100);
	assert_false(port_protos(6, 0, 65535, 17, 0, 65535, &ts));
	assert_false(port_protos(6, 1, 2, 6, 3, 4, &ts));
}

static void opaque_ports_are_in_any_only(void **state)
{
	const struct ts opaque = unit_ts("10.0.0.0/8", 6, 65535, 0);
	const struct ts any = unit_ts("10.0.0.0/8", 6, 0, 65535);
	const struct ts low = unit_ts("10.0.0.0/8", 6, 0, 1023);
	const struct ts all_but_0 = unit_ts("10.0.0.0/8", 6, 1, 65535);
	struct ts ts;
	(void)state;
	assert_true(ts_port_opaque(&opaque) && !ts_port_any(&opaque));
	assert_true(ts_subset(&opaque, &any));
	assert_true(ts_subset(&opaque, &opaque));
	assert_false(ts_subset(&any, &opaque));
	assert_false(ts_intersect(&opaque, &low, &ts));
	assert_false(ts_intersect(&all_but_0, &opaque, &ts));
}

static void subset_of_lists(void **state)
{
	struct ts_list l = { .n = 2, .ts = { unit_net("10.0.0.0/24"), unit_net("10.0.1.0/24") } };
	const struct ts inside = unit_net("10.0.1.8/29"), across = unit_net("10.0.0.0/23");
	(void)state;
	assert_true(ts_in_list(&inside, &l));
	assert_false(ts_in_list(&across, &l));
	l.n = 1;
	assert_false(ts_in_list(&inside, &l));
}

static void check_prefixes(const char *range, const char *const *expected, size_t n)
{
	const struct ts ts = unit_net(range);
	struct addr_prefix got[256];
	char text[ADDR_TEXT_MAX_BYTES];
	assert_int_equal(ts_prefixes(&ts, got, N_ELEMENTS(got)), n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(addr_prefix_text(&got[i], text), expected[i]);
	for (size_t max = 0; max < n; max++)
		assert_int_equal(ts_prefixes(&ts, got, max), -E2BIG);
}

static void ranges_as_prefixes(void **state)
{
	static const char *const whole4[] = { "0.0.0.0/0" };
	static const char *const whole6[] = { "::/0" };
	static const char *const one[] = { "255.255.255.255/32" };
	static const char *const run[] = { "10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/30",
					   "10.0.0.8/31" };
	static const char *const six[] = { "2001:db8::fffe/127", "2001:db8::1:0/128" };
	(void)state;
	check_prefixes("0.0.0.0/0", whole4, 1);
	check_prefixes("::/0", whole6, 1);
	check_prefixes("255.255.255.255/32", one, 1);
	check_prefixes("10.0.0.1-10.0.0.9", run, 4);
	check_prefixes("2001:db8::fffe-2001:db8::1:0", six, 2);
}

static void widest_range_has_62_prefixes(void **state)
{
	const struct ts ts = unit_net("0.0.0.1-255.255.255.254");
	struct addr_prefix got[64];
	(void)state;
	assert_int_equal(ts_prefixes(&ts, got, 62), 62);
	assert_int_equal(ts_prefixes(&ts, got, 61), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("selectors are printed", selectors_as_text),
		UNIT("lists are printed, and cut", lists_as_text),
		UNIT("an address and a prefix make selectors", constructors),
		UNIT("address ranges intersect, in either order", intersections),
		UNIT("without an intersection nothing is written", no_intersection_changes_nothing),
		UNIT("protocols and ports intersect", protocols_and_ports_intersect),
		UNIT("OPAQUE ports are part of ANY and of nothing else",
		     opaque_ports_are_in_any_only),
		UNIT("a selector lies in one of a list or not", subset_of_lists),
		UNIT("ranges are cut into the fewest prefixes", ranges_as_prefixes),
		UNIT("the widest range of IPv4 has 62 prefixes", widest_range_has_62_prefixes),
	};
	return cmocka_run_group_tests_name("ts", tests, NULL, NULL);
}
