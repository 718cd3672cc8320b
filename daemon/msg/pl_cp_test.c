/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration and EAP payloads. */
#include "msg/pl_test.h"

/* CFG_REQUEST of an address (empty) and a name server. */
#define CP "01 000000 0001 0000 0003 0004 0a000001"
#define EAP_REQUEST "01 2a 0006 01 78"
#define EAP_SUCCESS "03 2a 0004"

static void test_attributes_are_stepped_through(void **state)
{
	struct pl_cp_attribute attribute;
	struct parsed p;
	struct rd r;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_CP, CP), 0);
	assert_int_equal(p.set.cp.type, CFG_REQUEST);
	assert_int_equal(p.set.cp.n_attributes, 2);
	r = rd_of_slice(p.set.cp.attributes);
	assert_true(pl_cp_next(&r, &attribute));
	assert_int_equal(attribute.type, 1);
	assert_int_equal(attribute.value.len, 0);
	assert_true(pl_cp_next(&r, &attribute));
	assert_int_equal(attribute.type, 3);
	assert_int_equal(attribute.value.len, 4);
	assert_false(pl_cp_next(&r, &attribute));
	parsed_done(&p);
}

static void test_emitting_gives_the_same_bytes(void **state)
{
	(void)state;
	assert_emits(PL_CP, CP, CP);
	assert_emits(PL_CP, "02 000000", "02 000000");
	assert_emits(PL_EAP, EAP_REQUEST, EAP_REQUEST);
	assert_emits(PL_EAP, EAP_SUCCESS, EAP_SUCCESS);
}

static void test_reserved_bits_are_ignored(void **state)
{
	struct pl_cp_attribute attribute;
	struct parsed p;
	struct rd r;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_CP, "01 ffffff 8001 0000"), 0);
	r = rd_of_slice(p.set.cp.attributes);
	assert_true(pl_cp_next(&r, &attribute));
	assert_int_equal(attribute.type, 1);
	parsed_done(&p);
}

static void test_attributes_must_fit(void **state)
{
	static const char why[] = "an attribute does not fit the payload";

	(void)state;
	assert_truncations_rejected(PL_CP, CP, 4);
	assert_rejected(PL_CP, "01 000000 00", why);
	assert_rejected(PL_CP, "01 000000 000100", why);
	assert_rejected(PL_CP, "01 000000 0003 0004 0a0000", why);
	assert_rejected(PL_CP, "01 000000 0003 ffff 0a000001", why);
}

static void test_the_number_of_attributes_is_limited(void **state)
{
	static uint8_t bytes[4 + 4 * 1000];
	struct parsed p;

	(void)state;
	assert_int_equal(parse_bytes(&p, PL_CP, bytes, 4 + 4 * PL_CP_ATTRIBUTES_MAX), 0);
	assert_int_equal(p.set.cp.n_attributes, PL_CP_ATTRIBUTES_MAX);
	parsed_done(&p);
	assert_int_equal(parse_bytes(&p, PL_CP, bytes, 4 + 4 * (PL_CP_ATTRIBUTES_MAX + 1)),
			 -EBADMSG);
	assert_string_equal(p.why, "too many attributes");
	parsed_done(&p);
	assert_int_equal(parse_bytes(&p, PL_CP, bytes, sizeof(bytes)), -EBADMSG);
	parsed_done(&p);
}

static void test_eap_lengths_must_be_right(void **state)
{
	static const char why[] = "EAP length is not the payload's";

	(void)state;
	assert_truncations_rejected(PL_EAP, EAP_REQUEST, hex_bytes(EAP_REQUEST));
	assert_rejected(PL_EAP, "01 2a 0005 01 78", why);
	assert_rejected(PL_EAP, "01 2a 0007 01 78", why);
	assert_rejected(PL_EAP, "01 2a 0003", why);
	assert_rejected(PL_EAP, "01 2a 0004", "EAP message without a type");
	assert_rejected(PL_EAP, "02 2a 0004", "EAP message without a type");
	assert_rejected(PL_EAP, "03 2a 0005 01", "EAP success or failure with data");
	assert_rejected(PL_EAP, "04 2a 0005 01", "EAP success or failure with data");
	assert_rejected(PL_EAP, "00 2a 0005 01", "EAP code is not known");
	assert_rejected(PL_EAP, "05 2a 0005 01", "EAP code is not known");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("attributes are stepped through", test_attributes_are_stepped_through),
		UNIT("emitting gives the same bytes", test_emitting_gives_the_same_bytes),
		UNIT("reserved bits are ignored", test_reserved_bits_are_ignored),
		UNIT("attributes must fit the payload", test_attributes_must_fit),
		UNIT("the number of attributes is limited",
		     test_the_number_of_attributes_is_limited),
		UNIT("lengths and codes of EAP must be right", test_eap_lengths_must_be_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
