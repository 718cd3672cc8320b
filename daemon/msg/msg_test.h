/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole messages for tests and fuzz targets, and a cipher that is none. */
#ifndef TANUKI_MSG_MSG_TEST_H
#define TANUKI_MSG_MSG_TEST_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "msg/grammar.h"
#include "msg/payload.h"
#include "msg/sk.h"
#include "msg/writer.h"

enum { TOY_ICV_BYTES = 4 };

/* The toy cipher's direction, and what it was called with. */
struct toy {
	uint8_t key;
	int seals, opens, fail;
};

/* FNV-1a over what an ICV covers: aad, IV and text are contiguous. */
static inline uint32_t toy_sum(const struct toy *t, struct slice aad, size_t more)
{
	uint32_t sum = 2166136261u ^ t->key;

	for (size_t i = 0; i < aad.len + more; i++)
		sum = (sum ^ aad.p[i]) * 16777619u;
	return sum;
}

static inline void toy_xor(const struct toy *t, const uint8_t *iv, size_t iv_len, uint8_t *text,
			   size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] ^= (uint8_t)(t->key + i + (iv_len ? iv[i % iv_len] : 0));
}

static inline size_t toy_iv_bytes(struct slice aad, const uint8_t *text)
{
	return (size_t)(text - aad.p) - aad.len;
}

static inline int toy_seal(void *ctx, struct slice aad, uint8_t *iv, uint8_t *text, size_t len,
			   uint8_t *icv)
{
	struct toy *t = ctx;
	size_t iv_len = toy_iv_bytes(aad, text);
	struct wr w = wr_of(icv, TOY_ICV_BYTES);

	t->seals++;
	if (t->fail)
		return t->fail;
	memset(iv, 0xa5, iv_len);
	toy_xor(t, iv, iv_len, text, len);
	wr_u32(&w, toy_sum(t, aad, iv_len + len));
	return 0;
}

static inline int toy_open(void *ctx, struct slice aad, struct slice iv, uint8_t *text, size_t len,
			   struct slice icv)
{
	struct toy *t = ctx;
	struct rd r = rd_of_slice(icv);

	t->opens++;
	if (t->fail)
		return t->fail;
	if (rd_u32(&r) != toy_sum(t, aad, iv.len + len) || !rd_done(&r))
		return -EBADMSG;
	toy_xor(t, iv.p, iv.len, text, len);
	return 0;
}

static inline struct sk_ops toy_ops(struct toy *t, size_t iv_bytes, size_t block_bytes)
{
	return (struct sk_ops){ .ctx = t,
				.iv_bytes = iv_bytes,
				.block_bytes = block_bytes,
				.icv_bytes = TOY_ICV_BYTES,
				.seal = toy_seal,
				.open = toy_open };
}

/* How many payloads of a type a set keeps: of types that come once, the first. */
static inline size_t kept(const struct payload_set *set, const struct payload *row)
{
	size_t n = payload_count(set, row->type);
	return row->max == 1 && n > 1 ? 1 : n;
}

/* Writes the known payloads of a set, in the table's order, but what is encrypted. */
static inline void write_set(struct msg_writer *mw, const struct payload_set *set)
{
	size_t n;
	const struct payload *rows = payload_table(&n);

	for (size_t i = 0; i < n; i++) {
		bool encrypted = rows[i].type == PL_SK || rows[i].type == PL_SKF;
		for (size_t k = 0; !encrypted && k < kept(set, &rows[i]); k++) {
			struct wr_len len = msg_writer_open(mw, rows[i].type);
			rows[i].emit(&mw->w, set, k);
			msg_writer_close(mw, len);
		}
	}
}

/*
 * Writes a set as a message, parses that and writes it again: true if both are the same
 * bytes.  What was parsed once must always survive this.
 */
static inline bool survives_rewriting(const struct msg *m, const struct payload_set *set)
{
	static uint8_t first[1 << 17], second[1 << 17];
	struct slice a = { 0 }, b = { 0 };
	struct arena arena;
	struct msg_writer mw;
	struct ike_header h;
	struct msg again;
	const char *why;
	uint8_t type;
	bool same;

	arena_init(&arena, MSG_ARENA_BYTES);
	msg_writer_init(&mw, first, sizeof(first), &m->header);
	write_set(&mw, set);
	same = msg_writer_end(&mw, &a) == 0 && header_parse(a, &h, &why) == 0 &&
	       msg_parse(a, &h, &arena, &again, &type, &why) == 0;
	msg_writer_init(&mw, second, sizeof(second), &m->header);
	if (same)
		write_set(&mw, &again.outer);
	same = same && msg_writer_end(&mw, &b) == 0 && slice_eq(a, b);
	arena_clear(&arena);
	return same;
}

/* What must hold for everything that a parser accepted; for fuzz targets. */
static inline void require_sound(const struct msg *m)
{
	struct grammar_result found;
	int rc = grammar_check(m, &found);

	REQUIRE(rc == 0 ? found.form < FORM_N : found.why != NULL);
	REQUIRE(survives_rewriting(m, m->opened ? &m->inner : &m->outer));
}

#endif
