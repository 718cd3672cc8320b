/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the Encrypted payload: sizes, then authenticity, then padding, then what is inside. */
#include "msg/sk.h"

#include <errno.h>
#include <stdbool.h>

/* Where the parts of an SK payload are, all in one buffer. */
struct parts {
	struct slice aad, iv, icv;
	uint8_t *text;
	size_t text_len;
};

static const char *split(const struct pl_sk *sk, uint8_t *datagram, const struct sk_ops *ops,
			 struct parts *ret)
{
	size_t overhead = ops->iv_bytes + ops->icv_bytes;
	size_t body_at = sk->offset_bytes + PAYLOAD_HEADER_BYTES;

	/* At least the pad length is encrypted. */
	if (sk->body.len <= overhead)
		return "SK payload is too short for the cipher";
	ret->text_len = sk->body.len - overhead;
	if (ret->text_len % ops->block_bytes)
		return "SK payload is not a multiple of the cipher's block";
	ret->aad = slice_of(datagram, body_at);
	ret->iv = slice_of(datagram + body_at, ops->iv_bytes);
	ret->text = datagram + body_at + ops->iv_bytes;
	ret->icv = slice_of(ret->text + ret->text_len, ops->icv_bytes);
	return NULL;
}

/* The inner chain without padding and pad length; false if there is less than the padding. */
static bool unpad(const struct parts *p, struct slice *ret)
{
	size_t pad_bytes = p->text[p->text_len - 1];

	if (pad_bytes + 1 > p->text_len)
		return false;
	*ret = slice_of(p->text, p->text_len - 1 - pad_bytes);
	return true;
}

static int walk_inner(struct msg *m, const struct parts *p, struct arena *a, uint8_t *ret_type,
		      const char **why)
{
	struct slice chain;
	int rc;

	if (!unpad(p, &chain)) {
		*why = "pad length is larger than the content of SK";
		return -EBADMSG;
	}
	rc = payload_walk(chain, m->outer.sk.first_inner, (size_t)(p->text - m->datagram.p), a,
			  &m->inner, ret_type, why);
	if (rc == 0 && payload_has(&m->inner, PL_SK)) {
		*ret_type = PL_SK;
		*why = "SK inside SK";
		rc = -EBADMSG;
	}
	return rc;
}

int sk_open(struct msg *m, uint8_t *datagram, const struct sk_ops *ops, struct arena *a,
	    uint8_t *ret_type, const char **why)
{
	struct parts p = { .text_len = 0 };
	int rc;

	REQUIRE(datagram == m->datagram.p && !m->opened);
	*ret_type = PL_SK;
	*why = payload_has(&m->outer, PL_SK) ? split(&m->outer.sk, datagram, ops, &p)
					     : "no SK payload";
	if (*why)
		return -EBADMSG;
	rc = ops->open(ops->ctx, p.aad, p.iv, p.text, p.text_len, p.icv);
	if (rc) {
		*why = "not authentic";
		return rc;
	}
	m->opened = true;
	rc = walk_inner(m, &p, a, ret_type, why);
	if (rc)
		m->inner = (struct payload_set){ 0 };
	return rc;
}
