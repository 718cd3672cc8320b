/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: what is inside SK, with a cipher that leaves it as it is.  Input: exchange
 * type, flags, type of the first inner payload, then the plaintext with its padding.
 */
#include "msg/msg_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int open_null(void *ctx, struct slice aad, struct slice iv, uint8_t *text, size_t len,
		     struct slice icv)
{
	(void)ctx, (void)iv;
	REQUIRE(text == aad.p + aad.len && icv.p == text + len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sk_ops ops = { .block_bytes = 1, .open = open_null };
	static uint8_t buf[UINT16_MAX];
	struct rd r = rd_of(data, size);
	struct msg m = { .header = { .exchange = rd_u8(&r) } };
	struct pl_sk sk = { .offset_bytes = IKE_HEADER_BYTES };
	struct wr w = wr_of(buf, sizeof(buf));
	struct arena arena;
	const char *why;
	uint8_t type;

	m.header.flags = rd_u8(&r) & IKE_FLAG_RESPONSE ? IKE_FLAG_RESPONSE : IKE_FLAG_INITIATOR;
	sk.first_inner = rd_u8(&r);
	wr_zero(&w, IKE_HEADER_BYTES + PAYLOAD_HEADER_BYTES);
	sk.body = slice_of(w.p, rd_left(&r));
	wr_slice(&w, rd_rest(&r));
	m.datagram = wr_slice_of(&w);
	m.outer = (struct payload_set){ .present = payload_bit(PL_SK), .sk = sk };
	m.header.spi_i = 1;
	arena_init(&arena, MSG_ARENA_BYTES);
	if (!w.bad && sk_open(&m, buf, &ops, &arena, &type, &why) == 0)
		require_sound(&m);
	arena_clear(&arena);
	return 0;
}
