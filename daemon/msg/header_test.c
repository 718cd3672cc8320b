/* SPDX-License-Identifier: BSD-2-Clause */
/* The IKE header: fields, refusals, flags. */
#include "msg/header.h"

#include <errno.h>

#include "base/unit.h"

/* An IKE_SA_INIT request with no payload. */
#define SPI_I "0102030405060708"
#define NO_SPI "0000000000000000"
#define INIT_REQUEST SPI_I NO_SPI "00 20 22 08 00000000 0000001c"

static int parse(const char *hex, struct ike_header *ret, const char **why)
{
	uint8_t bytes[64];
	size_t len = unit_hex(hex, bytes, sizeof(bytes));

	return header_parse(slice_of(bytes, len), ret, why);
}

static void assert_rejected(const char *hex, const char *expected)
{
	struct ike_header h = { .message_id = 77 };
	const char *why = NULL;

	assert_int_equal(parse(hex, &h, &why), -EBADMSG);
	assert_string_equal(why, expected);
	assert_int_equal(h.message_id, 77);
}

static void test_fields_are_where_the_rfc_draws_them(void **state)
{
	struct ike_header h;
	const char *why;

	(void)state;
	assert_int_equal(parse(SPI_I "1112131415161718 2e 20 23 20 00000001 0000001c", &h, &why),
			 0);
	assert_true(h.spi_i == 0x0102030405060708);
	assert_true(h.spi_r == 0x1112131415161718);
	assert_int_equal(h.next_payload, 46);
	assert_int_equal(h.major, 2);
	assert_int_equal(h.minor, 0);
	assert_int_equal(h.exchange, EXCHANGE_IKE_AUTH);
	assert_true(header_is_response(&h));
	assert_false(header_from_initiator(&h));
	assert_int_equal(h.message_id, 1);
	assert_int_equal(h.length, 28);
}

static void test_emitting_gives_the_same_bytes(void **state)
{
	uint8_t in[64], out[64];
	size_t len = unit_hex(INIT_REQUEST, in, sizeof(in));
	struct wr w = wr_of(out, sizeof(out));
	struct ike_header h;
	const char *why;

	(void)state;
	assert_int_equal(header_parse(slice_of(in, len), &h, &why), 0);
	header_emit(&w, &h);
	assert_int_equal(wr_used(&w), IKE_HEADER_BYTES);
	assert_memory_equal(in, out, len);
}

static void test_every_truncation_is_rejected(void **state)
{
	uint8_t bytes[64];
	struct ike_header h;
	const char *why;

	(void)state;
	unit_hex(INIT_REQUEST, bytes, sizeof(bytes));
	for (size_t len = 0; len < IKE_HEADER_BYTES; len++)
		assert_int_equal(header_parse(slice_of(bytes, len), &h, &why), -EBADMSG);
	assert_int_equal(header_parse(slice_of(NULL, 0), &h, &why), -EBADMSG);
}

static void test_length_must_be_the_datagrams(void **state)
{
	(void)state;
	assert_rejected(SPI_I NO_SPI "00 20 22 08 00000000 00000000",
			"length field is smaller than the header");
	assert_rejected(SPI_I NO_SPI "00 20 22 08 00000000 0000001b",
			"length field is smaller than the header");
	assert_rejected(SPI_I NO_SPI "00 20 22 08 00000000 0000001d",
			"datagram is shorter than the length field");
	assert_rejected(SPI_I NO_SPI "00 20 22 08 00000000 ffffffff",
			"datagram is shorter than the length field");
	assert_rejected(INIT_REQUEST "00", "datagram is longer than the length field");
}

static void test_other_major_versions_are_refused_with_the_header(void **state)
{
	static const char *const hex[] = {
		SPI_I NO_SPI "00 00 22 08 00000000 0000001c",
		SPI_I NO_SPI "00 10 22 08 00000000 0000001c",
		SPI_I NO_SPI "00 30 22 08 00000000 0000001c",
		SPI_I NO_SPI "00 ff 22 08 00000000 0000001c",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(hex); i++) {
		struct ike_header h = { 0 };
		const char *why = NULL;
		assert_int_equal(parse(hex[i], &h, &why), -EPROTONOSUPPORT);
		assert_string_equal(why, "major version is not 2");
		assert_true(h.spi_i == 0x0102030405060708);
	}
}

static void test_minor_version_and_reserved_flags_are_ignored(void **state)
{
	struct ike_header h;
	const char *why;

	(void)state;
	assert_int_equal(parse(SPI_I NO_SPI "00 29 22 cf 00000000 0000001c", &h, &why), 0);
	assert_int_equal(h.minor, 9);
	assert_int_equal(h.flags, IKE_FLAG_INITIATOR);
	assert_int_equal(parse(SPI_I NO_SPI "00 20 22 18 00000000 0000001c", &h, &why), 0);
	assert_true(header_from_initiator(&h));
}

static void test_version_and_reserved_flags_are_never_sent(void **state)
{
	uint8_t out[IKE_HEADER_BYTES];
	struct wr w = wr_of(out, sizeof(out));

	(void)state;
	header_emit(&w, &(struct ike_header){ .major = 2, .flags = 0xff });
	assert_int_equal(out[19], IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE);
}

static void test_initiator_spi_must_not_be_zero(void **state)
{
	struct ike_header h;
	const char *why;

	(void)state;
	assert_rejected(NO_SPI NO_SPI "00 20 22 08 00000000 0000001c", "initiator SPI is zero");
	assert_rejected(NO_SPI SPI_I "00 20 23 08 00000001 0000001c", "initiator SPI is zero");
	/* RFC 7296 1.5: but for INVALID_SPI from a stranger. */
	assert_int_equal(parse(NO_SPI NO_SPI "29 20 25 08 00000000 0000001c", &h, &why), 0);
}

static void test_an_init_request_has_no_responder_spi(void **state)
{
	struct ike_header h;
	const char *why;

	(void)state;
	assert_rejected(SPI_I SPI_I "00 20 22 08 00000000 0000001c",
			"responder SPI in an IKE_SA_INIT request");
	assert_int_equal(parse(SPI_I SPI_I "00 20 22 20 00000000 0000001c", &h, &why), 0);
	assert_int_equal(parse(SPI_I NO_SPI "00 20 22 20 00000000 0000001c", &h, &why), 0);
}

static void test_init_flags_must_agree_with_the_role(void **state)
{
	static const char *const hex[] = {
		SPI_I NO_SPI "00 20 22 00 00000000 0000001c",
		SPI_I NO_SPI "00 20 22 28 00000000 0000001c",
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(hex); i++)
		assert_rejected(
			hex[i],
			"initiator and response flags contradict each other in IKE_SA_INIT");
}

static void test_message_id_of_init_is_zero(void **state)
{
	(void)state;
	assert_rejected(SPI_I NO_SPI "00 20 22 08 00000001 0000001c",
			"message id of IKE_SA_INIT is not zero");
	assert_rejected(SPI_I NO_SPI "00 20 22 08 ffffffff 0000001c",
			"message id of IKE_SA_INIT is not zero");
}

static void test_exchanges_have_names(void **state)
{
	static const struct {
		uint8_t type;
		const char *name;
	} all[] = {
		{ 34, "IKE_SA_INIT" },      { 35, "IKE_AUTH" },          { 36, "CREATE_CHILD_SA" },
		{ 37, "INFORMATIONAL" },    { 43, "IKE_INTERMEDIATE" },  { 0, "unknown exchange" },
		{ 33, "unknown exchange" }, { 255, "unknown exchange" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(all); i++)
		assert_string_equal(exchange_name(all[i].type), all[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("fields are where the RFC draws them",
		     test_fields_are_where_the_rfc_draws_them),
		UNIT("emitting gives the same bytes", test_emitting_gives_the_same_bytes),
		UNIT("every truncation is rejected", test_every_truncation_is_rejected),
		UNIT("the length must be the datagram's", test_length_must_be_the_datagrams),
		UNIT("other major versions are refused, and the header is there to answer",
		     test_other_major_versions_are_refused_with_the_header),
		UNIT("minor version and reserved flags are ignored",
		     test_minor_version_and_reserved_flags_are_ignored),
		UNIT("version and reserved flags are never sent",
		     test_version_and_reserved_flags_are_never_sent),
		UNIT("the initiator SPI must not be zero", test_initiator_spi_must_not_be_zero),
		UNIT("an IKE_SA_INIT request has no responder SPI",
		     test_an_init_request_has_no_responder_spi),
		UNIT("IKE_SA_INIT's flags must agree with the role",
		     test_init_flags_must_agree_with_the_role),
		UNIT("the message id of IKE_SA_INIT is zero", test_message_id_of_init_is_zero),
		UNIT("exchanges have names", test_exchanges_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
