/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments of messages: each is opened alone, all together are a message. */
#include "msg/skf.h"

#include <errno.h>

size_t skf_room(const struct sk_ops *ops, size_t message_bytes)
{
	size_t overhead = IKE_HEADER_BYTES + PAYLOAD_HEADER_BYTES + SKF_NUMBERS_BYTES +
			  ops->iv_bytes + ops->icv_bytes;
	size_t text = message_bytes > overhead ? message_bytes - overhead : 0;

	text -= text % ops->block_bytes;
	return text > 0 ? text - 1 : 0; /* the pad length */
}

/* RFC 7383 2.5.3 speaks of payloads in clear text that no exchange has. */
static bool is_alone(const struct payload_set *outer)
{
	return outer->present == payload_bit(PL_SKF) && outer->n_unknowns == 0;
}

int skf_open(const struct msg *m, uint8_t *datagram, const struct sk_ops *ops,
	     struct slice *ret_chunk, bool *ret_authentic, const char **why)
{
	const struct pl_skf *skf = &m->outer.skf;
	size_t body_at = skf->offset_bytes + PAYLOAD_HEADER_BYTES + SKF_NUMBERS_BYTES;
	struct slice text, chunk;
	int rc;

	REQUIRE(datagram == m->datagram.p && !m->opened);
	*ret_authentic = false;
	*why = "a fragment with payloads in clear text";
	if (!is_alone(&m->outer))
		return -EBADMSG;
	rc = sk_decrypt(datagram, body_at, skf->body.len, ops, &text, why);
	if (rc)
		return -EBADMSG;
	*ret_authentic = true;
	*why = "pad length is larger than the content of SKF";
	if (!sk_unpad(text, &chunk))
		return -EBADMSG;
	*why = "an empty fragment";
	if (chunk.len == 0)
		return -EBADMSG;
	*why = NULL;
	*ret_chunk = chunk;
	return 0;
}

int skf_join(struct msg *m, struct slice chain, uint8_t first, struct arena *a, uint8_t *ret_type,
	     const char **why)
{
	REQUIRE(!m->opened);
	m->opened = true;
	return sk_walk_inner(m, chain, first, 0, a, ret_type, why);
}
