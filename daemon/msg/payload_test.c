/* SPDX-License-Identifier: BSD-2-Clause */
/* The payload table and the walk along chains. */
#include "msg/payload.h"

#include <errno.h>
#include <stdlib.h>

#include "base/unit.h"
#include "msg/msg_test.h"

#define NONCE_16 "000102030405060708090a0b0c0d0e0f"

/* Result of one walk. */
struct walked {
	struct payload_set set;
	struct arena arena;
	uint8_t *bytes;
	uint8_t type;
	const char *why;
};

static int walk_bytes(struct walked *w, uint8_t first, const uint8_t *bytes, size_t len)
{
	*w = (struct walked){ .bytes = malloc(len ? len : 1) };
	assert_non_null(w->bytes);
	if (len > 0)
		memcpy(w->bytes, bytes, len);
	arena_init(&w->arena, MSG_ARENA_BYTES);
	return payload_walk(slice_of(w->bytes, len), first, IKE_HEADER_BYTES, &w->arena, &w->set,
			    &w->type, &w->why);
}

static int walk(struct walked *w, uint8_t first, const char *hex)
{
	uint8_t bytes[1024];

	return walk_bytes(w, first, bytes, unit_hex(hex, bytes, sizeof(bytes)));
}

static void walked_done(struct walked *w)
{
	arena_clear(&w->arena);
	free(w->bytes);
}

static void assert_rejected(uint8_t first, const char *hex, uint8_t type, const char *why)
{
	struct walked w;

	assert_int_equal(walk(&w, first, hex), -EBADMSG);
	assert_string_equal(w.why, why);
	assert_int_equal(w.type, type);
	walked_done(&w);
}

static void test_every_row_is_sound(void **state)
{
	uint64_t bits = 0;
	size_t n;
	const struct payload *rows = payload_table(&n);

	(void)state;
	assert_int_equal(n, PL_EAP - PL_SA + 1 + 1); /* and SKF */
	for (size_t i = 0; i < n; i++) {
		const struct payload *row = &rows[i];
		assert_ptr_equal(payload_find(row->type), row);
		assert_string_equal(payload_name(row->type), row->name);
		assert_true(row->max >= 1 && row->parse && row->emit);
		assert_true(payload_bit(row->type) != 0);
		assert_true((bits & payload_bit(row->type)) == 0);
		bits |= payload_bit(row->type);
	}
}

static void test_numbers_without_a_row_are_nothing(void **state)
{
	static const uint8_t types[] = { 0, 1, 5, 13, 32, 49, 96, 97, 128, 255 };
	struct payload_set set = { .present = UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(types); i++) {
		assert_null(payload_find(types[i]));
		assert_string_equal(payload_name(types[i]), "unknown payload");
		assert_int_equal(payload_count(&set, types[i]), 0);
	}
	assert_false(payload_has(&set, 32));
	assert_false(payload_has(&set, 97));
}

static void test_no_row_reads_less_than_its_minimum(void **state)
{
	uint8_t chain[PAYLOAD_HEADER_BYTES + 64] = { 0 };
	size_t n;
	const struct payload *rows = payload_table(&n);
	struct walked w;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (uint8_t len = 0; len < rows[i].min_body_bytes; len++) {
			chain[3] = PAYLOAD_HEADER_BYTES + len;
			assert_int_equal(walk_bytes(&w, rows[i].type, chain, chain[3]), -EBADMSG);
			assert_string_equal(w.why, "payload is too short");
			assert_int_equal(w.type, rows[i].type);
			walked_done(&w);
		}
	}
}

static void test_an_empty_chain_is_fine(void **state)
{
	struct walked w;

	(void)state;
	assert_int_equal(walk(&w, PL_NO_NEXT, ""), 0);
	assert_true(w.set.present == 0);
	walked_done(&w);
	assert_rejected(PL_NO_NEXT, "00", PL_NO_NEXT, "bytes after the last payload");
	assert_rejected(PL_NONCE, "", PL_NONCE, "chain ends within a payload's header");
}

static void test_a_chain_is_taken_apart(void **state)
{
	struct walked w;

	(void)state;
	assert_int_equal(walk(&w, PL_KE,
			      "28000009 001f0000 aa"
			      "29000014" NONCE_16 "2b000008 00004000"
			      "29000006 abcd"
			      "00000008 00004007"),
			 0);
	assert_true(w.set.present == (payload_bit(PL_KE) | payload_bit(PL_NONCE) |
				      payload_bit(PL_NOTIFY) | payload_bit(PL_VENDOR)));
	assert_int_equal(w.set.ke.group, 31);
	assert_int_equal(w.set.nonce.data.len, 16);
	assert_int_equal(w.set.n_notifies, 2);
	assert_int_equal(payload_count(&w.set, PL_NOTIFY), 2);
	assert_int_equal(w.set.n_vendors, 1);
	assert_ptr_equal(payload_notify(&w.set, 16391), &w.set.notifies[1]);
	assert_null(payload_notify(&w.set, 16390));
	assert_false(payload_has(&w.set, PL_SA));
	assert_int_equal(w.set.sa.n_proposals, 0);
	walked_done(&w);
}

static void test_payload_lengths_must_fit(void **state)
{
	(void)state;
	assert_rejected(PL_NONCE, "000000", PL_NONCE, "chain ends within a payload's header");
	assert_rejected(PL_NONCE, "00000000" NONCE_16, PL_NONCE,
			"payload length is smaller than its header");
	assert_rejected(PL_NONCE, "00000003" NONCE_16, PL_NONCE,
			"payload length is smaller than its header");
	assert_rejected(PL_NONCE, "00000015" NONCE_16, PL_NONCE, "payload runs past the end");
	assert_rejected(PL_NONCE, "0000ffff" NONCE_16, PL_NONCE, "payload runs past the end");
	assert_rejected(PL_NONCE, "00000014" NONCE_16 "00", PL_NONCE,
			"bytes after the last payload");
	assert_rejected(PL_NONCE, "2b000014" NONCE_16, PL_VENDOR,
			"chain ends within a payload's header");
}

static void test_a_payload_of_65535_bytes_is_read(void **state)
{
	static uint8_t bytes[UINT16_MAX] = { 0, 0, 0xff, 0xff };
	struct walked w;

	(void)state;
	assert_int_equal(walk_bytes(&w, PL_VENDOR, bytes, sizeof(bytes)), 0);
	assert_int_equal(w.set.vendors[0].id.len, UINT16_MAX - 4);
	walked_done(&w);
}

static void test_reserved_and_critical_bits_of_known_payloads_are_ignored(void **state)
{
	struct walked w;

	(void)state;
	assert_int_equal(walk(&w, PL_NONCE, "00ff0014" NONCE_16), 0);
	assert_int_equal(w.set.nonce.data.len, 16);
	assert_int_equal(w.set.n_unknowns, 0);
	walked_done(&w);
}

static void test_unknown_payloads_are_recorded_and_skipped(void **state)
{
	struct walked w;

	(void)state;
	assert_int_equal(walk(&w, 200,
			      "21000004"
			      "01800006 abcd"
			      "28ff0004"
			      "00000014" NONCE_16),
			 -EBADMSG); /* 0x21 is SA, which may not be of 2 bytes */
	walked_done(&w);
	assert_int_equal(walk(&w, 200, "c9000004 01800006 abcd 28ff0004 00000014" NONCE_16), 0);
	assert_int_equal(w.set.n_unknowns, 3);
	assert_int_equal(w.set.unknowns[0].type, 200);
	assert_false(w.set.unknowns[0].critical);
	assert_int_equal(w.set.unknowns[1].type, 201);
	assert_true(w.set.unknowns[1].critical);
	assert_int_equal(w.set.unknowns[1].body.len, 2);
	/* Type 1 is IKEv1's SA: nothing that IKEv2 knows. */
	assert_int_equal(w.set.unknowns[2].type, 1);
	assert_true(w.set.present == payload_bit(PL_NONCE));
	walked_done(&w);
}

static void test_a_second_one_is_counted_but_not_read(void **state)
{
	struct walked w;

	(void)state;
	assert_int_equal(walk(&w, PL_KE, "22000009 001f0000 aa 00000009 00130000 bb"), 0);
	assert_int_equal(payload_count(&w.set, PL_KE), 2);
	assert_int_equal(w.set.ke.group, 31);
	walked_done(&w);
}

static void test_sk_ends_the_chain(void **state)
{
	uint8_t body[16];
	struct wr out = wr_of(body, sizeof(body));
	struct walked w;

	(void)state;
	assert_int_equal(walk(&w, PL_VENDOR, "2e000004 2700000a 010203040506"), 0);
	assert_int_equal(w.set.sk.first_inner, PL_AUTH);
	assert_int_equal(w.set.sk.offset_bytes, IKE_HEADER_BYTES + 4);
	assert_int_equal(w.set.sk.body.len, 6);
	payload_find(PL_SK)->emit(&out, &w.set, 0);
	assert_int_equal(wr_used(&out), 6);
	assert_memory_equal(body, "\x01\x02\x03\x04\x05\x06", 6);
	walked_done(&w);
	assert_rejected(PL_SK, "28000006 0102 00000014" NONCE_16, PL_SK,
			"bytes after the last payload");
	assert_rejected(PL_SK, "00000004", PL_SK, "payload is too short");
}

/* A chain of n payloads of one type with the same body. */
static int walk_many(struct walked *w, uint8_t type, size_t n, struct slice body)
{
	static uint8_t bytes[65536];
	struct wr out = wr_of(bytes, sizeof(bytes));

	for (size_t i = 0; i < n; i++) {
		wr_u8(&out, i + 1 < n ? type : PL_NO_NEXT);
		wr_u8(&out, 0);
		wr_u16(&out, (uint16_t)(PAYLOAD_HEADER_BYTES + body.len));
		wr_slice(&out, body);
	}
	assert_false(out.bad);
	return walk_bytes(w, type, bytes, wr_used(&out));
}

static void test_limits_of_repeated_types_hold(void **state)
{
	static const uint8_t body[] = { PROTOCOL_IKE, 0, 0, 0 }; /* suits all of them */
	size_t n;
	const struct payload *rows = payload_table(&n);
	struct walked w;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (rows[i].max == 1)
			continue;
		assert_int_equal(walk_many(&w, rows[i].type, rows[i].max, slice_of(body, 4)), 0);
		assert_int_equal(payload_count(&w.set, rows[i].type), rows[i].max);
		walked_done(&w);
		assert_int_equal(walk_many(&w, rows[i].type, rows[i].max + 1u, slice_of(body, 4)),
				 -EBADMSG);
		assert_string_equal(w.why, "too many payloads of this type");
		assert_int_equal(w.type, rows[i].type);
		walked_done(&w);
	}
}

static void test_limits_of_the_chain_hold(void **state)
{
	static const uint8_t ke[] = { 0, 31, 0, 0, 1 };
	struct walked w;

	(void)state;
	assert_int_equal(walk_many(&w, PL_KE, PAYLOADS_MAX, slice_of(ke, sizeof(ke))), 0);
	assert_int_equal(payload_count(&w.set, PL_KE), PAYLOADS_MAX);
	walked_done(&w);
	assert_int_equal(walk_many(&w, PL_KE, PAYLOADS_MAX + 1, slice_of(ke, sizeof(ke))),
			 -EBADMSG);
	assert_string_equal(w.why, "too many payloads");
	walked_done(&w);
	assert_int_equal(walk_many(&w, PL_KE, 300, slice_of(ke, sizeof(ke))), -EBADMSG);
	walked_done(&w);
	assert_int_equal(walk_many(&w, 77, UNKNOWNS_MAX, slice_of(ke, sizeof(ke))), 0);
	walked_done(&w);
	assert_int_equal(walk_many(&w, 77, UNKNOWNS_MAX + 1, slice_of(ke, sizeof(ke))), -EBADMSG);
	assert_string_equal(w.why, "too many unknown payloads");
	walked_done(&w);
}

/* A message that fills every limit at once. */
static void test_the_arena_has_room_for_all_limits(void **state)
{
	static uint8_t body[65536];
	static struct pl_transform transforms[PL_SA_TRANSFORMS_MAX];
	static struct pl_proposal proposals[PL_SA_PROPOSALS_MAX];
	static struct pl_selector selectors[PL_TS_SELECTORS_MAX];
	static struct pl_notify notifies[NOTIFIES_MAX];
	struct payload_set set = { .n_notifies = NOTIFIES_MAX, .notifies = notifies };
	struct ike_header h = { .spi_i = 1, .exchange = EXCHANGE_IKE_AUTH };
	struct arena arena;
	struct msg_writer mw;
	struct slice datagram;
	struct msg m;
	uint8_t type;
	const char *why;

	(void)state;
	for (size_t i = 0; i < PL_SA_PROPOSALS_MAX; i++)
		proposals[i] = (struct pl_proposal){ .num = (uint8_t)(i + 1),
						     .n_transforms = PL_SA_TRANSFORMS_MAX /
								     PL_SA_PROPOSALS_MAX,
						     .transforms = transforms };
	set.sa = (struct pl_sa){ .n_proposals = PL_SA_PROPOSALS_MAX, .proposals = proposals };
	set.tsi = (struct pl_ts){ .n = PL_TS_SELECTORS_MAX, .selectors = selectors };
	set.tsr = set.tsi;
	set.counts[PL_SA - PAYLOAD_FIRST_TYPE] = 1;
	set.counts[PL_TSI - PAYLOAD_FIRST_TYPE] = 1;
	set.counts[PL_TSR - PAYLOAD_FIRST_TYPE] = 1;
	set.counts[PL_NOTIFY - PAYLOAD_FIRST_TYPE] = NOTIFIES_MAX;
	msg_writer_init(&mw, body, sizeof(body), &h);
	write_set(&mw, &set);
	assert_int_equal(msg_writer_end(&mw, &datagram), 0);
	assert_int_equal(header_parse(datagram, &h, &why), 0);
	arena_init(&arena, MSG_ARENA_BYTES);
	/* Outer and inner payloads share the arena of a message. */
	assert_int_equal(msg_parse(datagram, &h, &arena, &m, &type, &why), 0);
	assert_int_equal(msg_parse(datagram, &h, &arena, &m, &type, &why), 0);
	assert_true(survives_rewriting(&m, &m.outer));
	arena_clear(&arena);
}

static void test_a_full_arena_is_an_error(void **state)
{
	uint8_t bytes[64];
	size_t len = unit_hex("00000018 01000000 07000010 0000ffff 0a000000 0a0000ff", bytes,
			      sizeof(bytes));
	struct payload_set set;
	struct arena arena;
	const char *why;
	uint8_t type;
	int rc = -ENOMEM;

	(void)state;
	for (size_t limit = 0; rc == -ENOMEM; limit += 16) {
		assert_true(limit < 1024);
		arena_init(&arena, limit);
		rc = payload_walk(slice_of(bytes, len), PL_TSI, 0, &arena, &set, &type, &why);
		if (rc == -ENOMEM)
			assert_string_equal(why, "out of memory");
		arena_clear(&arena);
	}
	assert_int_equal(rc, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("every row is sound and found by its type", test_every_row_is_sound),
		UNIT("numbers without a row are nothing", test_numbers_without_a_row_are_nothing),
		UNIT("no row reads less than its minimum", test_no_row_reads_less_than_its_minimum),
		UNIT("an empty chain is fine", test_an_empty_chain_is_fine),
		UNIT("a chain is taken apart", test_a_chain_is_taken_apart),
		UNIT("payload lengths must fit", test_payload_lengths_must_fit),
		UNIT("a payload of 65,535 bytes is read", test_a_payload_of_65535_bytes_is_read),
		UNIT("reserved and critical bits of known payloads are ignored",
		     test_reserved_and_critical_bits_of_known_payloads_are_ignored),
		UNIT("unknown payloads are recorded and skipped",
		     test_unknown_payloads_are_recorded_and_skipped),
		UNIT("a second one of a single type is counted but not read",
		     test_a_second_one_is_counted_but_not_read),
		UNIT("SK ends the chain", test_sk_ends_the_chain),
		UNIT("the limits of repeated types hold", test_limits_of_repeated_types_hold),
		UNIT("the limits of the chain hold", test_limits_of_the_chain_hold),
		UNIT("the arena has room for all limits", test_the_arena_has_room_for_all_limits),
		UNIT("a full arena is an error", test_a_full_arena_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
