/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: messages in fragments, with a cipher that leaves text as it is.  Input: exchange
 * type, flags; then fragments, each: length (1 byte), its datagram from the first payload on.
 * What comes out of all that open is joined, as if it were a whole.
 */
#include "msg/msg_test.h"
#include "msg/skf.h"

enum { JOINED_MAX_BYTES = 16384 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int open_null(void *ctx, struct slice aad, struct slice iv, uint8_t *text, size_t len,
		     struct slice icv)
{
	(void)ctx, (void)iv;
	REQUIRE(text == aad.p + aad.len && icv.p == text + len);
	return 0;
}

static const struct sk_ops ops = { .block_bytes = 1, .open = open_null };

/* The last fragment that opened; it borrows from datagram. */
struct opened {
	struct arena arena;
	struct msg m;
	uint8_t first;
	bool any;
};

static void take(struct opened *o, const struct ike_header *header, uint8_t *datagram, size_t len,
		 struct wr *joined)
{
	struct slice chunk;
	struct msg m;
	const char *why;
	uint8_t type;
	bool authentic;

	if (msg_parse(slice_of(datagram, len), header, &o->arena, &m, &type, &why) < 0 ||
	    !payload_has(&m.outer, PL_SKF) ||
	    skf_open(&m, datagram, &ops, &chunk, &authentic, &why) < 0)
		return;
	REQUIRE(authentic && chunk.len > 0);
	if (m.outer.skf.number == 1)
		o->first = m.outer.skf.first_inner;
	wr_slice(joined, chunk);
	o->m = m;
	o->any = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t datagram[IKE_HEADER_BYTES + UINT8_MAX], joined[JOINED_MAX_BYTES];
	struct rd r = rd_of(data, size);
	struct ike_header header = { .spi_i = 1, .exchange = rd_u8(&r), .next_payload = PL_SKF };
	struct wr w = wr_of(joined, sizeof(joined));
	struct opened o = { .any = false };
	const char *why;
	uint8_t type;

	header.flags = rd_u8(&r) & IKE_FLAG_RESPONSE ? IKE_FLAG_RESPONSE : IKE_FLAG_INITIATOR;
	arena_init(&o.arena, MSG_ARENA_BYTES);
	while (rd_left(&r) > 0) {
		size_t len = rd_u8(&r);
		struct slice body = rd_slice(&r, len < rd_left(&r) ? len : rd_left(&r));
		memcpy(datagram + IKE_HEADER_BYTES, body.p, body.len);
		take(&o, &header, datagram, IKE_HEADER_BYTES + body.len, &w);
	}
	if (o.any && !w.bad && skf_join(&o.m, wr_slice_of(&w), o.first, &o.arena, &type, &why) == 0)
		require_sound(&o.m);
	arena_clear(&o.arena);
	return 0;
}
