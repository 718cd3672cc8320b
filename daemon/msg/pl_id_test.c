/* SPDX-License-Identifier: BSD-2-Clause */
/* ID and AUTH payloads. */
#include "msg/pl_test.h"

#define ID_V4 "01 000000 0a000001"
#define ID_FQDN "02 000000 67772e6578616d706c65"
#define AUTH "02 000000 0102030405060708090a0b0c0d0e0f10"

static void test_an_identity_is_read(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_IDI, ID_FQDN), 0);
	assert_int_equal(p.set.idi.type, 2);
	assert_int_equal(p.set.idi.data.len, 10);
	assert_memory_equal(p.set.idi.data.p, "gw.example", 10);
	parsed_done(&p);
	assert_int_equal(parse_hex(&p, PL_IDR, ID_V4), 0);
	assert_int_equal(p.set.idr.type, 1);
	assert_int_equal(p.set.idi.type, 0);
	parsed_done(&p);
}

static void test_emitting_gives_the_same_bytes(void **state)
{
	(void)state;
	assert_emits(PL_IDI, ID_V4, ID_V4);
	assert_emits(PL_IDR, ID_FQDN, ID_FQDN);
	assert_emits(PL_AUTH, AUTH, AUTH);
}

static void test_lengths_must_fit_the_type(void **state)
{
	static const char *const hex[] = {
		"01 000000",
		"01 000000 0a0000",
		"01 000000 0a00000102",
		"02 000000",
		"03 000000",
		"05 000000 0a000001",
		"05 000000 000102030405060708090a0b0c0d0e0f10",
		"09 000000",
		"0b 000000",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(hex); i++)
		assert_rejected(PL_IDI, hex[i], "length does not fit the ID type");
}

static void test_unknown_types_may_have_any_length(void **state)
{
	(void)state;
	assert_emits(PL_IDI, "0d 000000", "0d 000000");
	assert_emits(PL_IDI, "c8 000000 01", "c8 000000 01");
}

static void test_truncated_identities_are_rejected(void **state)
{
	(void)state;
	assert_truncations_rejected(PL_IDI, ID_V4, hex_bytes(ID_V4));
	assert_truncations_rejected(PL_IDR, ID_FQDN, 5);
}

static void test_auth_is_read(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_AUTH, AUTH), 0);
	assert_int_equal(p.set.auth.method, 2);
	assert_int_equal(p.set.auth.data.len, 16);
	parsed_done(&p);
}

static void test_auth_data_must_not_be_empty(void **state)
{
	(void)state;
	assert_truncations_rejected(PL_AUTH, AUTH, 5);
	assert_rejected(PL_AUTH, "02 000000", "no authentication data");
}

static void test_reserved_bytes_are_ignored_and_sent_as_zero(void **state)
{
	(void)state;
	assert_emits(PL_IDI, "01 ffffff 0a000001", ID_V4);
	assert_emits(PL_AUTH, "02 ffffff 01", "02 000000 01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("an identity is read", test_an_identity_is_read),
		UNIT("emitting gives the same bytes", test_emitting_gives_the_same_bytes),
		UNIT("lengths must fit the ID type", test_lengths_must_fit_the_type),
		UNIT("unknown ID types may have any length",
		     test_unknown_types_may_have_any_length),
		UNIT("truncated identities are rejected", test_truncated_identities_are_rejected),
		UNIT("AUTH is read", test_auth_is_read),
		UNIT("authentication data must not be empty", test_auth_data_must_not_be_empty),
		UNIT("reserved bytes are ignored and sent as zero",
		     test_reserved_bytes_are_ignored_and_sent_as_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
