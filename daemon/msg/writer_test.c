/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages as they are built: chaining, lengths, padding, faults. */
#include "msg/writer.h"

#include "base/unit.h"
#include "msg/msg_test.h"
#include "msg/notify.h"

static const struct ike_header init_request = {
	.spi_i = 0x0102030405060708,
	.exchange = EXCHANGE_IKE_SA_INIT,
	.flags = IKE_FLAG_INITIATOR,
};

static const struct ike_header auth_request = {
	.spi_i = 0x0102030405060708,
	.spi_r = 0x1112131415161718,
	.exchange = EXCHANGE_IKE_AUTH,
	.flags = IKE_FLAG_INITIATOR,
	.message_id = 1,
};

static struct slice text(const char *s)
{
	return slice_of(s, strlen(s));
}

static void assert_bytes(struct slice got, const char *hex)
{
	uint8_t want[1024];
	size_t len = unit_hex(hex, want, sizeof(want));

	assert_int_equal(got.len, len);
	assert_memory_equal(got.p, want, len);
}

static void test_payloads_are_chained_and_lengths_filled_in(void **state)
{
	uint8_t buf[512];
	struct msg_writer mw;
	struct slice message;

	(void)state;
	msg_writer_init(&mw, buf, sizeof(buf), &init_request);
	msg_writer_add_ke(&mw, 31, text("ke"));
	msg_writer_add_nonce(&mw, text("0123456789abcdef"));
	msg_writer_add_notify(&mw, N_COOKIE, text("c"));
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	assert_bytes(message, "0102030405060708 0000000000000000 22 20 22 08 00000000 00000043"
			      "2800000a 001f0000 6b65"
			      "29000014 30313233343536373839616263646566"
			      "00000009 00004006 63");
}

static void test_a_message_without_payloads_is_a_header(void **state)
{
	uint8_t buf[64];
	struct msg_writer mw;
	struct slice message;

	(void)state;
	msg_writer_init(&mw, buf, sizeof(buf), &init_request);
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	assert_bytes(message, "0102030405060708 0000000000000000 00 20 22 08 00000000 0000001c");
}

static void add_everything(struct msg_writer *mw)
{
	static const struct pl_transform transforms[] = { { .type = 1, .id = 20, .key_bits = 256 },
							  { .type = 5 } };
	static const uint8_t addr[4] = { 10, 1, 0, 0 };
	struct pl_proposal proposal = { .num = 1,
					.protocol = PROTOCOL_ESP,
					.spi = slice_of(addr, 4),
					.n_transforms = 2,
					.transforms = transforms };
	struct pl_selector selector = { .type = TS_IPV4_ADDR_RANGE,
					.port_hi = 65535,
					.first = slice_of(addr, 4),
					.last = slice_of(addr, 4) };
	struct pl_ts ts = { .n = 1, .selectors = &selector };
	struct pl_id id = { .type = 2, .data = text("gw.example") };
	static const uint32_t spis[] = { 0xc0ffee01, 0xc0ffee02 };

	msg_writer_add_id(mw, PL_IDI, &id);
	msg_writer_add_id(mw, PL_IDR, &id);
	msg_writer_add_cert(mw, 4, text("cert"));
	msg_writer_add_certreq(mw, 4, text("ca"));
	msg_writer_add_auth(mw, 2, text("auth"));
	msg_writer_add_cp(mw, &(struct pl_cp){ .type = CFG_REQUEST });
	msg_writer_add_sa(mw, &(struct pl_sa){ .n_proposals = 1, .proposals = &proposal });
	msg_writer_add_ts(mw, PL_TSI, &ts);
	msg_writer_add_ts(mw, PL_TSR, &ts);
	msg_writer_add_ke(mw, 19, text("key"));
	msg_writer_add_nonce(mw, text("0123456789abcdef"));
	msg_writer_add_notify_spi(mw, N_REKEY_SA, PROTOCOL_ESP, 0xc0ffee01, text(""));
	msg_writer_add_delete_ike(mw);
	msg_writer_add_delete(mw, PROTOCOL_ESP, spis, 2);
	msg_writer_add_vendor(mw, text("tanuki"));
	msg_writer_add_eap(mw, slice_of("\x03\x2a\x00\x04", 4));
}

static void test_all_payloads_can_be_read_again(void **state)
{
	uint8_t buf[1024];
	struct msg_writer mw;
	struct slice message = { 0 };
	struct ike_header h;
	struct arena arena;
	struct msg m;
	uint8_t type;
	const char *why;

	(void)state;
	msg_writer_init(&mw, buf, sizeof(buf), &auth_request);
	add_everything(&mw);
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	arena_init(&arena, MSG_ARENA_BYTES);
	assert_int_equal(header_parse(message, &h, &why), 0);
	assert_int_equal(msg_parse(message, &h, &arena, &m, &type, &why), 0);
	assert_int_equal(m.outer.sa.proposals[0].transforms[0].key_bits, 256);
	assert_int_equal(m.outer.certs[0].encoding, 4);
	assert_int_equal(m.outer.deletes[0].protocol, PROTOCOL_IKE);
	assert_true(pl_delete_spi(&m.outer.deletes[1], 1) == 0xc0ffee02);
	assert_true(notify_well_formed(&m.outer.notifies[0]));
	assert_int_equal(m.outer.n_vendors, 1);
	assert_int_equal(m.outer.eap.message.len, 4);
	assert_int_equal(m.outer.tsr.n, 1);
	assert_true(survives_rewriting(&m, &m.outer));
	arena_clear(&arena);
}

static void test_every_smaller_buffer_is_an_error(void **state)
{
	uint8_t buf[1024];
	struct toy toy = { .key = 7 };
	struct sk_ops ops = toy_ops(&toy, 8, 4);
	struct msg_writer mw;
	struct slice message = { 0 };
	size_t full;

	(void)state;
	msg_writer_init(&mw, buf, sizeof(buf), &auth_request);
	msg_writer_open_sk(&mw, &ops);
	add_everything(&mw);
	msg_writer_close_sk(&mw);
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	full = message.len;
	for (size_t room = 0; room < full; room++) {
		msg_writer_init(&mw, buf, room, &auth_request);
		msg_writer_open_sk(&mw, &ops);
		add_everything(&mw);
		msg_writer_close_sk(&mw);
		assert_int_equal(msg_writer_end(&mw, &message), -ENOBUFS);
	}
	assert_int_equal(toy.seals, 1);
}

static void test_a_payload_that_is_too_long_is_an_error(void **state)
{
	static uint8_t data[UINT16_MAX], buf[2 * UINT16_MAX];
	struct msg_writer mw;
	struct slice message;

	(void)state;
	msg_writer_init(&mw, buf, sizeof(buf), &init_request);
	msg_writer_add_vendor(&mw, slice_of(data, sizeof(data) - 4));
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	msg_writer_init(&mw, buf, sizeof(buf), &init_request);
	msg_writer_add_vendor(&mw, slice_of(data, sizeof(data) - 3));
	assert_int_equal(msg_writer_end(&mw, &message), -ENOBUFS);
}

static void test_sk_is_padded_to_the_block(void **state)
{
	static const struct {
		size_t block, vendor, padding;
	} cases[] = {
		{ 1, 0, 0 }, { 1, 5, 0 }, { 16, 0, 11 }, { 16, 11, 0 }, { 16, 12, 15 }, { 4, 3, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		uint8_t buf[256];
		struct toy toy = { .key = 1 };
		struct sk_ops ops = toy_ops(&toy, 16, cases[i].block);
		struct msg_writer mw;
		struct slice message;
		size_t text_len = 4 + cases[i].vendor + cases[i].padding + 1;
		msg_writer_init(&mw, buf, sizeof(buf), &auth_request);
		msg_writer_open_sk(&mw, &ops);
		msg_writer_add_vendor(&mw, slice_of("0123456789abcdef", cases[i].vendor));
		msg_writer_close_sk(&mw);
		assert_int_equal(msg_writer_end(&mw, &message), 0);
		assert_int_equal(message.len, 28 + 4 + 16 + text_len + TOY_ICV_BYTES);
		assert_int_equal(text_len % cases[i].block, 0);
	}
}

/* The seal operation sees exactly what the drawing in sk.h says. */
static int seal_in_place(void *ctx, struct slice aad, uint8_t *iv, uint8_t *plain, size_t len,
			 uint8_t *icv)
{
	(void)ctx;
	assert_int_equal(aad.len, 28 + 4);
	assert_ptr_equal(iv, aad.p + aad.len);
	assert_ptr_equal(plain, iv + 8);
	assert_ptr_equal(icv, plain + len);
	/* Header and payload lengths are final: the ICV covers them. */
	assert_int_equal(aad.p[27], 28 + 4 + 8 + 12 + 4);
	assert_int_equal(aad.p[31], 4 + 8 + 12 + 4);
	assert_int_equal(aad.p[28], PL_VENDOR);
	assert_memory_equal(plain,
			    "\x00\x00\x00\x0a"
			    "tanuki\x00\x01",
			    12);
	return 0;
}

static void test_seal_gets_contiguous_parts_with_final_lengths(void **state)
{
	uint8_t buf[256];
	struct sk_ops ops = {
		.iv_bytes = 8, .block_bytes = 4, .icv_bytes = 4, .seal = seal_in_place
	};
	struct msg_writer mw;
	struct slice message;

	(void)state;
	msg_writer_init(&mw, buf, sizeof(buf), &auth_request);
	msg_writer_open_sk(&mw, &ops);
	msg_writer_add_vendor(&mw, text("tanuki"));
	msg_writer_close_sk(&mw);
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	assert_int_equal(message.len, 56);
}

static void test_what_seal_returns_is_reported(void **state)
{
	uint8_t buf[256];
	struct toy toy = { .fail = -EIO };
	struct sk_ops ops = toy_ops(&toy, 8, 1);
	struct msg_writer mw;
	struct slice message = { 0 };

	(void)state;
	msg_writer_init(&mw, buf, sizeof(buf), &auth_request);
	msg_writer_open_sk(&mw, &ops);
	msg_writer_close_sk(&mw);
	assert_int_equal(msg_writer_end(&mw, &message), -EIO);
	assert_null(message.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("payloads are chained and lengths filled in",
		     test_payloads_are_chained_and_lengths_filled_in),
		UNIT("a message without payloads is a header",
		     test_a_message_without_payloads_is_a_header),
		UNIT("all payloads can be read again", test_all_payloads_can_be_read_again),
		UNIT("every smaller buffer is an error, and nothing is sealed then",
		     test_every_smaller_buffer_is_an_error),
		UNIT("a payload that is too long is an error",
		     test_a_payload_that_is_too_long_is_an_error),
		UNIT("SK is padded to the block, with the least", test_sk_is_padded_to_the_block),
		UNIT("seal gets contiguous parts with final lengths",
		     test_seal_gets_contiguous_parts_with_final_lengths),
		UNIT("what seal returns is reported", test_what_seal_returns_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
