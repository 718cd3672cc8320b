/* SPDX-License-Identifier: BSD-2-Clause */
/* Nonce and Vendor ID payloads: nothing but bytes. */
#include "msg/pl_test.h"

#define NONCE_16 "000102030405060708090a0b0c0d0e0f"

static void test_lengths_from_16_to_256_are_accepted(void **state)
{
	static const size_t good[] = { 16, 17, 32, 255, 256 };
	static const size_t wrong[] = { 0, 1, 15, 257, 4096 };
	static uint8_t bytes[4096];
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(good); i++) {
		assert_int_equal(parse_bytes(&p, PL_NONCE, bytes, good[i]), 0);
		assert_int_equal(p.set.nonce.data.len, good[i]);
		parsed_done(&p);
	}
	for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
		assert_int_equal(parse_bytes(&p, PL_NONCE, bytes, wrong[i]), -EBADMSG);
		assert_string_equal(p.why, "nonce is not 16 to 256 bytes long");
		parsed_done(&p);
	}
}

static void test_a_nonce_is_emitted_as_it_came(void **state)
{
	(void)state;
	assert_emits(PL_NONCE, NONCE_16, NONCE_16);
}

static void test_a_vendor_id_is_any_bytes(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_VENDOR, ""), 0);
	assert_int_equal(p.vendor.id.len, 0);
	parsed_done(&p);
	assert_emits(PL_VENDOR, "afcad71368a1f1c96b8696fc77570100",
		     "afcad71368a1f1c96b8696fc77570100");
}

static void test_a_faulty_reader_is_rejected(void **state)
{
	struct rd bad = { .bad = true };
	struct pl_vendor vendor;
	struct pl_nonce nonce;
	const char *why = NULL;

	(void)state;
	assert_int_equal(pl_vendor_parse(bad, &vendor, &why), -EBADMSG);
	assert_int_equal(pl_nonce_parse(bad, &nonce, &why), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("nonces of 16 to 256 bytes are accepted, others rejected",
		     test_lengths_from_16_to_256_are_accepted),
		UNIT("a nonce is emitted as it came", test_a_nonce_is_emitted_as_it_came),
		UNIT("a vendor ID is any bytes, also none", test_a_vendor_id_is_any_bytes),
		UNIT("a faulty reader is rejected", test_a_faulty_reader_is_rejected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
