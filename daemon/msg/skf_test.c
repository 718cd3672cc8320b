/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments: cut, opened one by one, joined to the message that was. */
#include "msg/skf.h"

#include <stdlib.h>

#include "base/unit.h"
#include "msg/msg_test.h"

enum { IV_BYTES = 8, BLOCK_BYTES = 4, FRAGMENTS_MAX = 64 };

static const struct ike_header header = {
	.spi_i = 1,
	.spi_r = 2,
	.exchange = EXCHANGE_INFORMATIONAL,
	.flags = IKE_FLAG_INITIATOR,
	.message_id = 5,
};

static struct toy toy = { .key = 9 };

/* An inner chain: N(INITIAL_CONTACT), N(16385..) of some length each; the first type. */
static struct slice inner_chain(uint8_t *buf, size_t size, uint8_t *ret_first)
{
	struct sk_ops ops = toy_ops(&toy, IV_BYTES, BLOCK_BYTES);
	struct msg_writer mw;

	msg_writer_init(&mw, buf, size, &header);
	msg_writer_open_sk(&mw, &ops);
	msg_writer_add_vendor(&mw, slice_of("a vendor's long identification", 30));
	msg_writer_add_notify(&mw, 16384, slice_of("", 0));
	msg_writer_add_vendor(&mw, slice_of("and another one that is not short", 33));
	return msg_writer_inner(&mw, ret_first);
}

/* One fragment, written and taken apart again. */
struct piece {
	uint8_t datagram[512];
	struct arena arena;
	struct msg m;
	struct slice chunk;
	bool authentic;
	const char *why;
	uint8_t type;
};

static struct slice write_piece(uint8_t *buf, size_t size, uint16_t number, uint16_t total,
				struct slice chunk)
{
	struct sk_ops ops = toy_ops(&toy, IV_BYTES, BLOCK_BYTES);
	struct slice message = { 0 };
	struct msg_writer mw;

	msg_writer_init(&mw, buf, size, &header);
	msg_writer_add_skf(&mw, &ops, PL_VENDOR, number, total, chunk);
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	return message;
}

/* -1: the datagram itself is malformed. */
static int open_piece(struct piece *p, struct slice message)
{
	struct sk_ops ops = toy_ops(&toy, IV_BYTES, BLOCK_BYTES);
	struct ike_header h;
	struct slice datagram = slice_of(p->datagram, message.len);

	assert_true(message.len <= sizeof(p->datagram));
	memcpy(p->datagram, message.p, message.len);
	arena_init(&p->arena, MSG_ARENA_BYTES);
	p->authentic = false;
	if (header_parse(datagram, &h, &p->why) < 0 ||
	    msg_parse(datagram, &h, &p->arena, &p->m, &p->type, &p->why) < 0)
		return -1;
	return skf_open(&p->m, p->datagram, &ops, &p->chunk, &p->authentic, &p->why);
}

static void test_what_was_cut_is_joined(void **state)
{
	uint8_t buf[512], piece_buf[256], joined[256];
	uint8_t first;
	struct slice chain = inner_chain(buf, sizeof(buf), &first);
	struct wr w = wr_of(joined, sizeof(joined));
	struct piece p;

	(void)state;
	assert_int_equal(first, PL_VENDOR);
	for (size_t room = 1; room < 40; room += 6) {
		uint16_t total = (uint16_t)((chain.len + room - 1) / room);
		w = wr_of(joined, sizeof(joined));
		for (uint16_t i = 0; i < total; i++) {
			size_t at = i * room;
			size_t len = chain.len - at < room ? chain.len - at : room;
			struct slice message = write_piece(piece_buf, sizeof(piece_buf),
							   (uint16_t)(i + 1), total,
							   slice_of(chain.p + at, len));
			assert_int_equal(open_piece(&p, message), 0);
			assert_int_equal(p.m.outer.skf.number, i + 1);
			assert_int_equal(p.m.outer.skf.total, total);
			assert_int_equal(p.m.outer.skf.first_inner, i == 0 ? PL_VENDOR : 0);
			wr_slice(&w, p.chunk);
			if (i + 1 < total)
				arena_clear(&p.arena);
		}
		assert_int_equal(skf_join(&p.m, wr_slice_of(&w), first, &p.arena, &p.type, &p.why),
				 0);
		assert_true(p.m.opened);
		assert_int_equal(p.m.inner.n_vendors, 2);
		assert_int_equal(p.m.inner.n_notifies, 1);
		require_sound(&p.m);
		arena_clear(&p.arena);
	}
}

static void test_a_fragment_fills_the_room_it_was_given(void **state)
{
	static const size_t blocks[] = { 1, 4, 16 };
	uint8_t buf[512], text[512] = { 0 };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(blocks); i++) {
		struct sk_ops ops = toy_ops(&toy, IV_BYTES, blocks[i]);
		for (size_t size = 0; size < 300; size++) {
			size_t room = skf_room(&ops, size);
			struct slice message = { 0 };
			struct msg_writer mw;
			if (room == 0)
				continue;
			msg_writer_init(&mw, buf, sizeof(buf), &header);
			msg_writer_add_skf(&mw, &ops, PL_VENDOR, 1, 2, slice_of(text, room));
			assert_int_equal(msg_writer_end(&mw, &message), 0);
			assert_true(message.len <= size && message.len + blocks[i] > size);
		}
		assert_int_equal(skf_room(&ops, 28 + 8 + IV_BYTES + TOY_ICV_BYTES), 0);
		assert_true(skf_room(&ops, 28 + 8 + IV_BYTES + TOY_ICV_BYTES + 2 * blocks[i]) > 0);
	}
}

static void test_numbers_that_cannot_be_are_refused(void **state)
{
	static const uint16_t bad[][2] = { { 0, 0 }, { 0, 3 }, { 1, 0 }, { 4, 3 }, { 65535, 1 } };
	uint8_t buf[256];
	struct piece p;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		struct slice m =
			write_piece(buf, sizeof(buf), bad[i][0], bad[i][1], slice_of("abc", 3));
		assert_int_equal(open_piece(&p, m), -1);
		assert_string_equal(p.why, "fragment number is not within the total");
		assert_int_equal(p.type, PL_SKF);
		arena_clear(&p.arena);
	}
}

static void test_every_flipped_bit_is_detected(void **state)
{
	uint8_t buf[256];
	struct slice message = write_piece(buf, sizeof(buf), 2, 3, slice_of("abcdefgh", 8));
	struct piece p;

	(void)state;
	for (size_t bit = 0; bit < message.len * 8; bit++) {
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(open_piece(&p, message), 0);
		assert_false(p.authentic);
		arena_clear(&p.arena);
		buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(open_piece(&p, message), 0);
	arena_clear(&p.arena);
}

static void test_an_empty_fragment_is_refused(void **state)
{
	uint8_t buf[256];
	struct piece p;

	(void)state;
	assert_int_equal(open_piece(&p, write_piece(buf, sizeof(buf), 1, 2, slice_of("", 0))),
			 -EBADMSG);
	assert_true(p.authentic);
	assert_string_equal(p.why, "an empty fragment");
	arena_clear(&p.arena);
}

static void test_padding_beyond_the_content_is_refused(void **state)
{
	struct sk_ops ops = toy_ops(&toy, IV_BYTES, 1);
	uint8_t buf[256], text[4] = { 1, 2, 3, 200 };
	struct slice message = { 0 };
	struct msg_writer mw;
	struct piece p;

	(void)state;
	/* With blocks of 4 the last byte of the text is what the reader takes for the pad length. */
	ops.block_bytes = 1;
	msg_writer_init(&mw, buf, sizeof(buf), &header);
	mw.sk = &ops;
	mw.sk_len = msg_writer_open(&mw, PL_SKF);
	wr_u16(&mw.w, 1);
	wr_u16(&mw.w, 1);
	wr_zero(&mw.w, IV_BYTES);
	size_t text_at = wr_used(&mw.w);
	wr_bytes(&mw.w, text, sizeof(text));
	wr_zero(&mw.w, TOY_ICV_BYTES);
	msg_writer_close(&mw, mw.sk_len);
	mw.sk = NULL;
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	assert_int_equal(toy_seal(&toy, slice_of(buf, text_at - IV_BYTES), buf + text_at - IV_BYTES,
				  buf + text_at, sizeof(text), buf + text_at + sizeof(text)),
			 0);
	assert_int_equal(open_piece(&p, message), -EBADMSG);
	assert_true(p.authentic);
	assert_string_equal(p.why, "pad length is larger than the content of SKF");
	arena_clear(&p.arena);
}

/* Payloads in clear text before it: what broke others, and no exchange has. */
static void test_company_is_refused(void **state)
{
	static const uint8_t types[] = { PL_NOTIFY, PL_VENDOR, 200 };
	uint8_t buf[256];
	struct sk_ops ops = toy_ops(&toy, IV_BYTES, BLOCK_BYTES);
	struct piece p;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(types); i++) {
		struct slice message = { 0 };
		struct msg_writer mw;
		msg_writer_init(&mw, buf, sizeof(buf), &header);
		struct wr_len len = msg_writer_open(&mw, types[i]);
		wr_bytes(&mw.w, "\0\0\x40\0", 4);
		msg_writer_close(&mw, len);
		msg_writer_add_skf(&mw, &ops, PL_VENDOR, 1, 2, slice_of("abc", 3));
		assert_int_equal(msg_writer_end(&mw, &message), 0);
		assert_int_equal(open_piece(&p, message), -EBADMSG);
		assert_false(p.authentic);
		assert_string_equal(p.why, "a fragment with payloads in clear text");
		arena_clear(&p.arena);
	}
}

static void test_what_encrypts_is_not_found_inside(void **state)
{
	static const uint8_t types[] = { PL_SK, PL_SKF };
	static const uint8_t chain[] = { 0, 0, 0, 10, 0, 1, 0, 1, 7, 7 };
	uint8_t buf[256];
	struct piece p;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(types); i++) {
		assert_int_equal(
			open_piece(&p, write_piece(buf, sizeof(buf), 1, 1, slice_of("abc", 3))), 0);
		assert_int_equal(skf_join(&p.m, slice_of(chain, sizeof(chain)), types[i], &p.arena,
					  &p.type, &p.why),
				 -EBADMSG);
		assert_int_equal(p.type, types[i]);
		assert_true(p.m.opened);
		assert_true(p.m.inner.present == 0);
		arena_clear(&p.arena);
	}
}

static void test_one_fragment_is_no_message(void **state)
{
	uint8_t buf[256];
	struct grammar_result found;
	struct piece p;

	(void)state;
	assert_int_equal(open_piece(&p, write_piece(buf, sizeof(buf), 1, 2, slice_of("abc", 3))),
			 0);
	assert_int_equal(grammar_check(&p.m, &found), -EBADMSG);
	assert_int_equal(found.payload, PL_SKF);
	arena_clear(&p.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_cut_is_joined),
		cmocka_unit_test(test_a_fragment_fills_the_room_it_was_given),
		cmocka_unit_test(test_numbers_that_cannot_be_are_refused),
		cmocka_unit_test(test_every_flipped_bit_is_detected),
		cmocka_unit_test(test_an_empty_fragment_is_refused),
		cmocka_unit_test(test_padding_beyond_the_content_is_refused),
		cmocka_unit_test(test_company_is_refused),
		cmocka_unit_test(test_what_encrypts_is_not_found_inside),
		cmocka_unit_test(test_one_fragment_is_no_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
