/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds messages: the chain of next-payload fields and all lengths are filled in behind. */
#include "msg/writer.h"

#include <errno.h>

enum {
	NEXT_PAYLOAD_AT = 16, /* offsets in the IKE header */
	LENGTH_AT = 24,
	CHILD_SPI_BYTES = 4,
};

void msg_writer_init(struct msg_writer *mw, void *buf, size_t capacity,
		     const struct ike_header *header)
{
	struct ike_header h = *header;

	h.next_payload = PL_NO_NEXT;
	h.major = IKE_MAJOR_VERSION;
	h.minor = 0;
	h.length = 0;
	*mw = (struct msg_writer){ .w = wr_of(buf, capacity), .next_at = NEXT_PAYLOAD_AT };
	header_emit(&mw->w, &h);
}

struct wr_len msg_writer_open(struct msg_writer *mw, uint8_t type)
{
	size_t start = wr_used(&mw->w);

	REQUIRE(!mw->sealed);
	wr_zero(&mw->w, 2);
	if (!mw->w.bad) {
		mw->w.start[mw->next_at] = type;
		mw->next_at = start;
	}
	return wr_open_len16(&mw->w, start);
}

void msg_writer_close(struct msg_writer *mw, struct wr_len len)
{
	wr_close_len16(&mw->w, len);
}

void msg_writer_add_sa(struct msg_writer *mw, const struct pl_sa *sa)
{
	struct wr_len len = msg_writer_open(mw, PL_SA);
	pl_sa_emit(&mw->w, sa);
	msg_writer_close(mw, len);
}

void msg_writer_add_ke(struct msg_writer *mw, uint16_t group, struct slice data)
{
	struct wr_len len = msg_writer_open(mw, PL_KE);
	pl_ke_emit(&mw->w, &(struct pl_ke){ .group = group, .data = data });
	msg_writer_close(mw, len);
}

void msg_writer_add_id(struct msg_writer *mw, uint8_t type, const struct pl_id *id)
{
	struct wr_len len = msg_writer_open(mw, type);
	pl_id_emit(&mw->w, id);
	msg_writer_close(mw, len);
}

void msg_writer_add_auth(struct msg_writer *mw, uint8_t method, struct slice data)
{
	struct wr_len len = msg_writer_open(mw, PL_AUTH);
	pl_auth_emit(&mw->w, &(struct pl_auth){ .method = method, .data = data });
	msg_writer_close(mw, len);
}

static void add_cert(struct msg_writer *mw, uint8_t type, uint8_t encoding, struct slice data)
{
	struct wr_len len = msg_writer_open(mw, type);
	pl_cert_emit(&mw->w, &(struct pl_cert){ .encoding = encoding, .data = data });
	msg_writer_close(mw, len);
}

void msg_writer_add_cert(struct msg_writer *mw, uint8_t encoding, struct slice data)
{
	add_cert(mw, PL_CERT, encoding, data);
}

void msg_writer_add_certreq(struct msg_writer *mw, uint8_t encoding, struct slice data)
{
	add_cert(mw, PL_CERTREQ, encoding, data);
}

void msg_writer_add_nonce(struct msg_writer *mw, struct slice nonce)
{
	struct wr_len len = msg_writer_open(mw, PL_NONCE);
	pl_nonce_emit(&mw->w, &(struct pl_nonce){ .data = nonce });
	msg_writer_close(mw, len);
}

static void add_notify(struct msg_writer *mw, const struct pl_notify *n)
{
	struct wr_len len = msg_writer_open(mw, PL_NOTIFY);
	pl_notify_emit(&mw->w, n);
	msg_writer_close(mw, len);
}

void msg_writer_add_notify(struct msg_writer *mw, uint16_t notify_type, struct slice data)
{
	add_notify(mw, &(struct pl_notify){ .type = notify_type, .data = data });
}

void msg_writer_add_notify_spi(struct msg_writer *mw, uint16_t notify_type, uint8_t protocol,
			       uint32_t spi, struct slice data)
{
	uint8_t bytes[CHILD_SPI_BYTES];
	struct wr w = wr_of(bytes, sizeof(bytes));

	wr_u32(&w, spi);
	add_notify(mw, &(struct pl_notify){ .protocol = protocol,
					    .type = notify_type,
					    .spi = wr_slice_of(&w),
					    .data = data });
}

void msg_writer_add_delete_ike(struct msg_writer *mw)
{
	struct wr_len len = msg_writer_open(mw, PL_DELETE);
	pl_delete_emit(&mw->w, &(struct pl_delete){ .protocol = PROTOCOL_IKE });
	msg_writer_close(mw, len);
}

void msg_writer_add_delete(struct msg_writer *mw, uint8_t protocol, const uint32_t *spis,
			   uint16_t n)
{
	struct wr_len len = msg_writer_open(mw, PL_DELETE);

	wr_u8(&mw->w, protocol);
	wr_u8(&mw->w, CHILD_SPI_BYTES);
	wr_u16(&mw->w, n);
	for (size_t i = 0; i < n; i++)
		wr_u32(&mw->w, spis[i]);
	msg_writer_close(mw, len);
}

void msg_writer_add_vendor(struct msg_writer *mw, struct slice id)
{
	struct wr_len len = msg_writer_open(mw, PL_VENDOR);
	pl_vendor_emit(&mw->w, &(struct pl_vendor){ .id = id });
	msg_writer_close(mw, len);
}

void msg_writer_add_ts(struct msg_writer *mw, uint8_t type, const struct pl_ts *ts)
{
	struct wr_len len = msg_writer_open(mw, type);
	pl_ts_emit(&mw->w, ts);
	msg_writer_close(mw, len);
}

void msg_writer_add_cp(struct msg_writer *mw, const struct pl_cp *cp)
{
	struct wr_len len = msg_writer_open(mw, PL_CP);
	pl_cp_emit(&mw->w, cp);
	msg_writer_close(mw, len);
}

void msg_writer_add_eap(struct msg_writer *mw, struct slice message)
{
	struct wr_len len = msg_writer_open(mw, PL_EAP);
	pl_eap_emit(&mw->w, &(struct pl_eap){ .message = message });
	msg_writer_close(mw, len);
}

void msg_writer_open_sk(struct msg_writer *mw, const struct sk_ops *ops)
{
	REQUIRE(!mw->sk);
	mw->sk = ops;
	mw->sk_len = msg_writer_open(mw, PL_SK);
	wr_zero(&mw->w, ops->iv_bytes);
	mw->text_at = wr_used(&mw->w);
}

struct slice msg_writer_inner(const struct msg_writer *mw, uint8_t *ret_first)
{
	REQUIRE(mw->sk);
	*ret_first = PL_NO_NEXT;
	if (mw->w.bad)
		return (struct slice){ 0 };
	*ret_first = mw->w.start[mw->sk_len.counted_from];
	return slice_of(mw->w.start + mw->text_at, wr_used(&mw->w) - mw->text_at);
}

void msg_writer_add_skf(struct msg_writer *mw, const struct sk_ops *ops, uint8_t first_inner,
			uint16_t number, uint16_t total, struct slice chunk)
{
	REQUIRE(!mw->sk);
	mw->sk = ops;
	mw->sk_len = msg_writer_open(mw, PL_SKF);
	if (!mw->w.bad)
		mw->w.start[mw->next_at] = number == 1 ? first_inner : PL_NO_NEXT;
	wr_u16(&mw->w, number);
	wr_u16(&mw->w, total);
	wr_zero(&mw->w, ops->iv_bytes);
	mw->text_at = wr_used(&mw->w);
	wr_slice(&mw->w, chunk);
	msg_writer_close_sk(mw);
}

/* Fills in the header's length; from here on nothing may be added. */
static void end_message(struct msg_writer *mw)
{
	struct wr field;

	if (mw->w.bad)
		return;
	field = wr_of(mw->w.start + LENGTH_AT, sizeof(uint32_t));
	wr_u32(&field, (uint32_t)wr_used(&mw->w));
}

/* Padding and pad length, so that the text is a multiple of the block. */
static void pad(struct msg_writer *mw)
{
	size_t block = mw->sk->block_bytes;
	size_t len = wr_used(&mw->w) - mw->text_at + 1;
	size_t padding = (block - len % block) % block;

	wr_zero(&mw->w, padding);
	wr_u8(&mw->w, (uint8_t)padding);
}

static int seal(struct msg_writer *mw, size_t text_len)
{
	const struct sk_ops *ops = mw->sk;
	uint8_t *text = mw->w.start + mw->text_at;
	uint8_t *iv = text - ops->iv_bytes;
	struct slice aad = slice_of(mw->w.start, mw->text_at - ops->iv_bytes);

	return ops->seal(ops->ctx, aad, iv, text, text_len, text + text_len);
}

void msg_writer_close_sk(struct msg_writer *mw)
{
	size_t text_len;

	REQUIRE(mw->sk && mw->sk->block_bytes > 0 && mw->sk->block_bytes <= SK_BLOCK_MAX_BYTES);
	pad(mw);
	text_len = wr_used(&mw->w) - mw->text_at;
	wr_zero(&mw->w, mw->sk->icv_bytes);
	msg_writer_close(mw, mw->sk_len);
	/* The ICV covers the header, so its length must be final before. */
	end_message(mw);
	if (!mw->w.bad)
		mw->error = seal(mw, text_len);
	mw->sk = NULL;
	mw->sealed = true;
}

int msg_writer_end(struct msg_writer *mw, struct slice *ret)
{
	REQUIRE(!mw->sk);
	if (!mw->sealed)
		end_message(mw);
	if (mw->w.bad)
		return -ENOBUFS;
	if (mw->error)
		return mw->error;
	*ret = wr_slice_of(&mw->w);
	return 0;
}
