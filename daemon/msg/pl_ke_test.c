/* SPDX-License-Identifier: BSD-2-Clause */
/* KE payloads. */
#include "msg/pl_test.h"

#define KE "001f 0000 0102030405060708"

static void test_group_and_data_are_read(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_KE, KE), 0);
	assert_int_equal(p.set.ke.group, 31);
	assert_int_equal(p.set.ke.data.len, 8);
	assert_int_equal(p.set.ke.data.p[7], 8);
	parsed_done(&p);
}

static void test_emitting_gives_the_same_bytes(void **state)
{
	(void)state;
	assert_emits(PL_KE, KE, KE);
	assert_emits(PL_KE, "ffff 0000 00", "ffff 0000 00");
}

static void test_data_must_not_be_empty(void **state)
{
	(void)state;
	assert_truncations_rejected(PL_KE, KE, 5);
	assert_rejected(PL_KE, "001f 0000", "no key exchange data");
}

static void test_reserved_bytes_are_ignored_and_sent_as_zero(void **state)
{
	(void)state;
	assert_emits(PL_KE, "001f ffff 01", "001f 0000 01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("group and data are read", test_group_and_data_are_read),
		UNIT("emitting gives the same bytes", test_emitting_gives_the_same_bytes),
		UNIT("key exchange data must not be empty", test_data_must_not_be_empty),
		UNIT("reserved bytes are ignored and sent as zero",
		     test_reserved_bytes_are_ignored_and_sent_as_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
