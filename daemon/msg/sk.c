/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the Encrypted payload: sizes, then authenticity, then padding, then what is inside. */
#include "msg/sk.h"

#include <errno.h>

int sk_decrypt(uint8_t *datagram, size_t body_at, size_t body_bytes, const struct sk_ops *ops,
	       struct slice *ret_text, const char **why)
{
	size_t overhead = ops->iv_bytes + ops->icv_bytes;
	uint8_t *text = datagram + body_at + ops->iv_bytes;
	size_t text_len;
	int rc;

	/* At least the pad length is encrypted. */
	*why = "SK payload is too short for the cipher";
	if (body_bytes <= overhead)
		return -EBADMSG;
	text_len = body_bytes - overhead;
	*why = "SK payload is not a multiple of the cipher's block";
	if (text_len % ops->block_bytes)
		return -EBADMSG;
	rc = ops->open(ops->ctx, slice_of(datagram, body_at),
		       slice_of(datagram + body_at, ops->iv_bytes), text, text_len,
		       slice_of(text + text_len, ops->icv_bytes));
	*why = rc ? "not authentic" : NULL;
	if (rc == 0)
		*ret_text = slice_of(text, text_len);
	return rc;
}

bool sk_unpad(struct slice text, struct slice *ret)
{
	size_t pad_bytes = text.p[text.len - 1];

	if (pad_bytes + 1 > text.len)
		return false;
	*ret = slice_of(text.p, text.len - 1 - pad_bytes);
	return true;
}

int sk_walk_inner(struct msg *m, struct slice chain, uint8_t first, size_t base, struct arena *a,
		  uint8_t *ret_type, const char **why)
{
	static const uint8_t encrypted[] = { PL_SK, PL_SKF };
	int rc = payload_walk(chain, first, base, a, &m->inner, ret_type, why);

	for (size_t i = 0; rc == 0 && i < N_ELEMENTS(encrypted); i++) {
		if (!payload_has(&m->inner, encrypted[i]))
			continue;
		*ret_type = encrypted[i];
		*why = "SK inside SK";
		rc = -EBADMSG;
	}
	if (rc)
		m->inner = (struct payload_set){ 0 };
	return rc;
}

int sk_open(struct msg *m, uint8_t *datagram, const struct sk_ops *ops, struct arena *a,
	    uint8_t *ret_type, const char **why)
{
	size_t body_at = m->outer.sk.offset_bytes + PAYLOAD_HEADER_BYTES;
	struct slice text, chain;
	int rc;

	REQUIRE(datagram == m->datagram.p && !m->opened);
	*ret_type = PL_SK;
	*why = "no SK payload";
	if (!payload_has(&m->outer, PL_SK))
		return -EBADMSG;
	rc = sk_decrypt(datagram, body_at, m->outer.sk.body.len, ops, &text, why);
	if (rc)
		return rc;
	m->opened = true;
	*why = "pad length is larger than the content of SK";
	if (!sk_unpad(text, &chain))
		return -EBADMSG;
	return sk_walk_inner(m, chain, m->outer.sk.first_inner, (size_t)(text.p - datagram), a,
			     ret_type, why);
}
