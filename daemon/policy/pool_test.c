/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting addresses. */
#include "base/unit.h"
#include "policy/pool.h"

static struct addr addr_of(const char *text)
{
	struct addr a;
	if (addr_parse(text, &a) < 0)
		fail_msg("%s", text);
	return a;
}

static void check(const char *first, uint32_t offset, const char *there)
{
	struct addr f = addr_of(first), t = addr_of(there), got = pool_addr(&f, offset);
	assert_true(addr_eq(&got, &t));
	assert_int_equal(pool_offset(&f, &t), offset);
}

static void addresses_are_counted_over_every_border(void **state)
{
	(void)state;
	check("10.9.0.1", 0, "10.9.0.1");
	check("10.9.0.1", 254, "10.9.0.255");
	check("10.9.0.1", 255, "10.9.1.0");
	check("10.9.255.255", 1, "10.10.0.0");
	check("0.0.0.0", UINT32_MAX, "255.255.255.255");
	check("fd09::1", 65535, "fd09::1:0");
	check("fd09::ffff:ffff:ffff:ffff", 1, "fd09:0:0:1::");
	check("fd09::1", UINT32_MAX, "fd09::1:0:0");
}

static void what_does_not_exist_is_unset(void **state)
{
	struct addr last = addr_of("255.255.255.255"), none = { 0 };
	struct addr last6 = addr_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	(void)state;
	assert_false(addr_is_set(&(struct addr){ 0 }));
	struct addr a = pool_addr(&last, 1), b = pool_addr(&last6, 1), c = pool_addr(&none, 1);
	assert_false(addr_is_set(&a));
	assert_false(addr_is_set(&b));
	assert_false(addr_is_set(&c));
}

static void what_is_elsewhere_has_no_offset(void **state)
{
	struct addr first = addr_of("10.9.0.5"), before = addr_of("10.9.0.4");
	struct addr first6 = addr_of("fd09::1"), far = addr_of("fd09::1:0:0:1"), none = { 0 };
	(void)state;
	assert_int_equal(pool_offset(&first, &before), -1);
	assert_int_equal(pool_offset(&first, &first6), -1);
	assert_int_equal(pool_offset(&first6, &far), -1);
	assert_int_equal(pool_offset(&first, &none), -1);
	assert_int_equal(pool_offset(&none, &first), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("addresses are counted over every border",
		     addresses_are_counted_over_every_border),
		UNIT("what does not exist is unset", what_does_not_exist_is_unset),
		UNIT("what is elsewhere has no offset", what_is_elsewhere_has_no_offset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
