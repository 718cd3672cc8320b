/* SPDX-License-Identifier: BSD-2-Clause */
/* SK payloads: authenticity first, then padding, then what is inside. */
#include "msg/sk.h"

#include <stdlib.h>

#include "base/unit.h"
#include "msg/msg_test.h"

enum { SK_BODY_AT = IKE_HEADER_BYTES + PAYLOAD_HEADER_BYTES, IV_BYTES = 8, BLOCK_BYTES = 4 };

static const struct ike_header header = {
	.spi_i = 1,
	.spi_r = 2,
	.exchange = EXCHANGE_INFORMATIONAL,
	.flags = IKE_FLAG_INITIATOR,
	.message_id = 5,
};

/* One message and what became of it. */
struct opened {
	uint8_t *datagram;
	struct arena arena;
	struct msg m;
	struct toy toy;
	uint8_t type;
	const char *why;
};

static int open_bytes(struct opened *o, struct slice bytes, size_t iv_bytes, size_t block_bytes)
{
	struct sk_ops ops = toy_ops(&o->toy, iv_bytes, block_bytes);
	struct slice datagram;
	struct ike_header h;

	*o = (struct opened){ .datagram = malloc(bytes.len), .toy = { .key = 9 } };
	assert_non_null(o->datagram);
	memcpy(o->datagram, bytes.p, bytes.len);
	datagram = slice_of(o->datagram, bytes.len);
	arena_init(&o->arena, MSG_ARENA_BYTES);
	assert_int_equal(header_parse(datagram, &h, &o->why), 0);
	assert_int_equal(msg_parse(datagram, &h, &o->arena, &o->m, &o->type, &o->why), 0);
	return sk_open(&o->m, o->datagram, &ops, &o->arena, &o->type, &o->why);
}

static void opened_done(struct opened *o)
{
	arena_clear(&o->arena);
	free(o->datagram);
}

static struct slice sealed_nonce(uint8_t *buf, size_t size)
{
	struct toy toy = { .key = 9 };
	struct sk_ops ops = toy_ops(&toy, IV_BYTES, BLOCK_BYTES);
	struct slice message = { 0 };
	struct msg_writer mw;

	msg_writer_init(&mw, buf, size, &header);
	msg_writer_open_sk(&mw, &ops);
	msg_writer_add_nonce(&mw, slice_of("0123456789abcdef", 16));
	msg_writer_add_notify(&mw, 16384, slice_of("", 0));
	msg_writer_close_sk(&mw);
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	return message;
}

/* Seals a plaintext as it is given, padding and all. */
static struct slice sealed_text(uint8_t *buf, size_t size, uint8_t first_inner, struct slice plain)
{
	struct toy toy = { .key = 9 };
	struct wr w = wr_of(buf, size);
	struct ike_header h = header;
	size_t body = PAYLOAD_HEADER_BYTES + IV_BYTES + plain.len + TOY_ICV_BYTES;

	h.major = 2;
	h.next_payload = PL_SK;
	h.length = (uint32_t)(IKE_HEADER_BYTES + body);
	header_emit(&w, &h);
	wr_u8(&w, first_inner);
	wr_u8(&w, 0);
	wr_u16(&w, (uint16_t)body);
	wr_zero(&w, IV_BYTES);
	wr_slice(&w, plain);
	wr_zero(&w, TOY_ICV_BYTES);
	assert_false(w.bad);
	assert_int_equal(toy_seal(&toy, slice_of(buf, SK_BODY_AT), buf + SK_BODY_AT,
				  buf + SK_BODY_AT + IV_BYTES, plain.len, w.p - TOY_ICV_BYTES),
			 0);
	return wr_slice_of(&w);
}

static int open_text(struct opened *o, uint8_t first_inner, const char *hex)
{
	uint8_t buf[1024], plain[512];
	size_t len = unit_hex(hex, plain, sizeof(plain));

	return open_bytes(o, sealed_text(buf, sizeof(buf), first_inner, slice_of(plain, len)),
			  IV_BYTES, BLOCK_BYTES);
}

static void test_what_was_sealed_is_opened(void **state)
{
	uint8_t buf[256];
	struct opened o;

	(void)state;
	assert_int_equal(open_bytes(&o, sealed_nonce(buf, sizeof(buf)), IV_BYTES, BLOCK_BYTES), 0);
	assert_true(o.m.opened);
	assert_memory_equal(o.m.inner.nonce.data.p, "0123456789abcdef", 16);
	assert_int_equal(o.m.inner.n_notifies, 1);
	assert_false(payload_has(&o.m.outer, PL_NONCE));
	assert_true(survives_rewriting(&o.m, &o.m.inner));
	opened_done(&o);
}

static void test_every_flipped_bit_is_detected(void **state)
{
	uint8_t buf[256];
	struct slice message = sealed_nonce(buf, sizeof(buf));
	struct opened o;

	(void)state;
	/* The header's and the payload's lengths are checked before; SPIs and message id here. */
	for (size_t bit = 0; bit < message.len * 8; bit++) {
		size_t at = bit / 8;
		if ((at >= 16 && at < 20) || (at >= 24 && at < 28) || (at >= 29 && at < 32))
			continue;
		buf[at] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(open_bytes(&o, message, IV_BYTES, BLOCK_BYTES), -EBADMSG);
		assert_string_equal(o.why, "not authentic");
		assert_false(o.m.opened);
		assert_true(o.m.inner.present == 0);
		opened_done(&o);
		buf[at] ^= (uint8_t)(1u << bit % 8);
	}
}

static void test_reflected_messages_are_not_authentic(void **state)
{
	uint8_t buf[256];
	struct slice message = sealed_nonce(buf, sizeof(buf));
	struct opened o = { 0 };
	struct toy other = { .key = 10 };
	struct sk_ops ops = toy_ops(&other, IV_BYTES, BLOCK_BYTES);
	struct ike_header h;

	(void)state;
	arena_init(&o.arena, MSG_ARENA_BYTES);
	assert_int_equal(header_parse(message, &h, &o.why), 0);
	assert_int_equal(msg_parse(message, &h, &o.arena, &o.m, &o.type, &o.why), 0);
	assert_int_equal(sk_open(&o.m, buf, &ops, &o.arena, &o.type, &o.why), -EBADMSG);
	assert_false(o.m.opened);
	arena_clear(&o.arena);
}

/* A message whose SK body has len bytes of zeros. */
static void assert_size_rejected(size_t len, size_t block_bytes, const char *why)
{
	uint8_t buf[256];
	struct wr w = wr_of(buf, sizeof(buf));
	struct ike_header h = header;
	struct opened o;

	h.major = 2;
	h.next_payload = PL_SK;
	h.length = (uint32_t)(SK_BODY_AT + len);
	header_emit(&w, &h);
	wr_u16(&w, 0);
	wr_u16(&w, (uint16_t)(PAYLOAD_HEADER_BYTES + len));
	wr_zero(&w, len);
	assert_int_equal(open_bytes(&o, wr_slice_of(&w), IV_BYTES, block_bytes), -EBADMSG);
	assert_string_equal(o.why, why);
	assert_int_equal(o.type, PL_SK);
	assert_int_equal(o.toy.opens, 0);
	opened_done(&o);
}

static void test_sizes_are_checked_before_the_cipher_is_asked(void **state)
{
	(void)state;
	for (size_t len = 1; len <= IV_BYTES + TOY_ICV_BYTES; len++)
		assert_size_rejected(len, 1, "SK payload is too short for the cipher");
	assert_size_rejected(IV_BYTES + TOY_ICV_BYTES + 1, 4,
			     "SK payload is not a multiple of the cipher's block");
	assert_size_rejected(IV_BYTES + TOY_ICV_BYTES + 17, 16,
			     "SK payload is not a multiple of the cipher's block");
}

static void test_a_message_without_sk_is_not_opened(void **state)
{
	uint8_t buf[64];
	struct msg_writer mw;
	struct slice message;
	struct opened o;

	(void)state;
	msg_writer_init(&mw, buf, sizeof(buf), &header);
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	assert_int_equal(open_bytes(&o, message, IV_BYTES, BLOCK_BYTES), -EBADMSG);
	assert_string_equal(o.why, "no SK payload");
	opened_done(&o);
}

static void test_empty_content_is_fine(void **state)
{
	struct opened o;

	(void)state;
	assert_int_equal(open_text(&o, PL_NO_NEXT, "00000003"), 0);
	assert_true(o.m.opened);
	assert_true(o.m.inner.present == 0);
	opened_done(&o);
}

static void test_any_padding_that_aligns_is_accepted(void **state)
{
	struct opened o;

	(void)state;
	/* A vendor ID of 3 bytes, then 8 bytes of padding of any value. */
	assert_int_equal(open_text(&o, PL_VENDOR, "00000007 aabbcc 0102030405060708 08"), 0);
	assert_int_equal(o.m.inner.vendors[0].id.len, 3);
	opened_done(&o);
}

static void test_padding_longer_than_the_content_is_rejected(void **state)
{
	static const char *const hex[] = { "00000004", "000000ff", "0000000400000008" };
	struct opened o;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(hex); i++) {
		assert_int_equal(open_text(&o, PL_VENDOR, hex[i]), -EBADMSG);
		assert_string_equal(o.why, "pad length is larger than the content of SK");
		assert_true(o.m.opened); /* the peer itself sent this */
		opened_done(&o);
	}
}

static void test_malformed_content_is_the_peers_fault(void **state)
{
	struct opened o;

	(void)state;
	assert_int_equal(open_text(&o, PL_NONCE, "00000007 aabbcc 00"), -EBADMSG);
	assert_int_equal(o.type, PL_NONCE);
	assert_true(o.m.opened);
	assert_true(o.m.inner.present == 0);
	opened_done(&o);
	assert_int_equal(open_text(&o, PL_NO_NEXT, "00000007 aabbcc 00"), -EBADMSG);
	assert_string_equal(o.why, "bytes after the last payload");
	opened_done(&o);
}

static void test_sk_inside_sk_is_rejected(void **state)
{
	struct opened o;

	(void)state;
	assert_int_equal(open_text(&o, PL_SK, "00000007 aabbcc 00"), -EBADMSG);
	assert_string_equal(o.why, "SK inside SK");
	assert_int_equal(o.type, PL_SK);
	assert_true(o.m.inner.present == 0);
	opened_done(&o);
}

static void test_other_errors_of_the_cipher_come_through(void **state)
{
	uint8_t buf[256];
	struct slice message = sealed_nonce(buf, sizeof(buf));
	struct toy toy = { .key = 9, .fail = -ENOMEM };
	struct sk_ops ops = toy_ops(&toy, IV_BYTES, BLOCK_BYTES);
	struct opened o = { 0 };
	struct ike_header h;

	(void)state;
	arena_init(&o.arena, MSG_ARENA_BYTES);
	assert_int_equal(header_parse(message, &h, &o.why), 0);
	assert_int_equal(msg_parse(message, &h, &o.arena, &o.m, &o.type, &o.why), 0);
	assert_int_equal(sk_open(&o.m, buf, &ops, &o.arena, &o.type, &o.why), -ENOMEM);
	assert_false(o.m.opened);
	arena_clear(&o.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("what was sealed is opened", test_what_was_sealed_is_opened),
		UNIT("every flipped bit is detected", test_every_flipped_bit_is_detected),
		UNIT("reflected messages are not authentic",
		     test_reflected_messages_are_not_authentic),
		UNIT("sizes are checked before the cipher is asked",
		     test_sizes_are_checked_before_the_cipher_is_asked),
		UNIT("a message without SK is not opened", test_a_message_without_sk_is_not_opened),
		UNIT("empty content is fine", test_empty_content_is_fine),
		UNIT("any padding that aligns is accepted",
		     test_any_padding_that_aligns_is_accepted),
		UNIT("padding longer than the content is rejected",
		     test_padding_longer_than_the_content_is_rejected),
		UNIT("malformed content is the peer's fault",
		     test_malformed_content_is_the_peers_fault),
		UNIT("SK inside SK is rejected", test_sk_inside_sk_is_rejected),
		UNIT("other errors of the cipher come through",
		     test_other_errors_of_the_cipher_come_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
