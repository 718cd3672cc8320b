/* SPDX-License-Identifier: BSD-2-Clause */
/* Notify and Delete payloads. */
#include "msg/notify.h"
#include "msg/pl_test.h"

#define COOKIE "00 00 4006 0102030405060708"
#define REKEY "03 04 4009 c0ffee01"
#define DELETE_IKE "01 00 0000"
#define DELETE_ESP "03 04 0002 c0ffee01 c0ffee02"

static void test_a_notify_is_read(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_NOTIFY, COOKIE), 0);
	assert_int_equal(p.notify.type, N_COOKIE);
	assert_int_equal(p.notify.spi.len, 0);
	assert_int_equal(p.notify.data.len, 8);
	parsed_done(&p);
	assert_int_equal(parse_hex(&p, PL_NOTIFY, REKEY), 0);
	assert_int_equal(p.notify.type, N_REKEY_SA);
	assert_int_equal(p.notify.protocol, PROTOCOL_ESP);
	assert_int_equal(p.notify.spi.len, 4);
	assert_int_equal(p.notify.data.len, 0);
	parsed_done(&p);
}

static void test_emitting_gives_the_same_bytes(void **state)
{
	(void)state;
	assert_emits(PL_NOTIFY, COOKIE, COOKIE);
	assert_emits(PL_NOTIFY, REKEY, REKEY);
	assert_emits(PL_DELETE, DELETE_IKE, DELETE_IKE);
	assert_emits(PL_DELETE, DELETE_ESP, DELETE_ESP);
}

static void test_an_spi_size_that_lies_is_rejected(void **state)
{
	static const char why[] = "notify is too short for its fields or its SPI";

	(void)state;
	assert_truncations_rejected(PL_NOTIFY, REKEY, hex_bytes(REKEY));
	assert_rejected(PL_NOTIFY, "03 05 4009 c0ffee01", why);
	assert_rejected(PL_NOTIFY, "03 ff 4009 c0ffee01", why);
}

static void test_a_delete_is_read(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_DELETE, DELETE_ESP), 0);
	assert_int_equal(p.delete.protocol, PROTOCOL_ESP);
	assert_int_equal(p.delete.n_spis, 2);
	assert_true(pl_delete_spi(&p.delete, 0) == 0xc0ffee01);
	assert_true(pl_delete_spi(&p.delete, 1) == 0xc0ffee02);
	assert_int_equal(pl_delete_spi(&p.delete, 2), 0);
	parsed_done(&p);
	assert_int_equal(parse_hex(&p, PL_DELETE, DELETE_IKE), 0);
	assert_int_equal(p.delete.n_spis, 0);
	assert_int_equal(pl_delete_spi(&p.delete, 0), 0);
	parsed_done(&p);
}

static void test_the_number_of_spis_must_be_right(void **state)
{
	static const char why[] = "number of SPIs contradicts the length";

	(void)state;
	assert_truncations_rejected(PL_DELETE, DELETE_ESP, hex_bytes(DELETE_ESP));
	assert_rejected(PL_DELETE, "03 04 0001 c0ffee01 c0ffee02", why);
	assert_rejected(PL_DELETE, "03 04 0000 c0ffee01", why);
	assert_rejected(PL_DELETE, "03 04 ffff c0ffee01", why);
	assert_rejected(PL_DELETE, "01 00 0000 00", why);
}

static void test_protocol_and_spi_size_must_fit(void **state)
{
	(void)state;
	assert_rejected(PL_DELETE, "00 00 0000", "delete of an unknown protocol");
	assert_rejected(PL_DELETE, "04 04 0001 c0ffee01", "delete of an unknown protocol");
	assert_rejected(PL_DELETE, "03 08 0001 c0ffee01c0ffee02",
			"SPI size does not fit the protocol");
	assert_rejected(PL_DELETE, "02 00 0001", "SPI size does not fit the protocol");
	assert_rejected(PL_DELETE, "01 08 0001 0102030405060708",
			"SPI size does not fit the protocol");
	assert_rejected(PL_DELETE, "01 00 0001", "delete of an IKE SA with SPIs");
}

static void test_the_number_of_spis_is_limited(void **state)
{
	static uint8_t bytes[4 + 4 * (PL_DELETE_SPIS_MAX + 1)];
	struct parsed p;

	(void)state;
	for (size_t n = PL_DELETE_SPIS_MAX; n <= PL_DELETE_SPIS_MAX + 1; n++) {
		struct wr w = wr_of(bytes, sizeof(bytes));
		wr_u8(&w, PROTOCOL_AH);
		wr_u8(&w, 4);
		wr_u16(&w, (uint16_t)n);
		wr_zero(&w, 4 * n);
		assert_int_equal(parse_bytes(&p, PL_DELETE, bytes, wr_used(&w)),
				 n > PL_DELETE_SPIS_MAX ? -EBADMSG : 0);
		parsed_done(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a notify is read", test_a_notify_is_read),
		UNIT("emitting gives the same bytes", test_emitting_gives_the_same_bytes),
		UNIT("an SPI size that lies is rejected", test_an_spi_size_that_lies_is_rejected),
		UNIT("a delete is read", test_a_delete_is_read),
		UNIT("the number of SPIs must be right", test_the_number_of_spis_must_be_right),
		UNIT("protocol and SPI size of a delete must fit",
		     test_protocol_and_spi_size_must_fit),
		UNIT("the number of SPIs is limited", test_the_number_of_spis_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
