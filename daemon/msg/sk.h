/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Encrypted payload, RFC 7296 3.14 and RFC 5282, with the cipher as a set of function
 * pointers, since msg and crypto do not know each other.
 *
 *     |<---------------- aad ---------------->|<- iv ->|<------- text ------->|<- icv ->|
 *     | IKE header | outer payloads | SK hdr  |   IV   | inner, pad, pad len  |   ICV   |
 *
 * All four are contiguous in the buffer, in both directions.  An AEAD takes aad as its
 * associated data (RFC 5282 5.1).  Encrypt-then-MAC computes its ICV over everything from
 * aad.p up to the ICV: aad.len + iv_bytes + text_len bytes (RFC 7296 3.14).
 */
#ifndef TANUKI_MSG_SK_H
#define TANUKI_MSG_SK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/wire.h"
#include "msg/payload.h"

enum { SK_BLOCK_MAX_BYTES = 64 };

/* One direction of one IKE SA. */
struct sk_ops {
	void *ctx;          /* handed to seal and open */
	size_t iv_bytes;    /* on the wire: 8 for GCM (the salt is not), 16 for AES-CBC */
	size_t block_bytes; /* text is padded to a multiple: 1 for AEAD and counter modes */
	size_t icv_bytes;
	/* Fills iv, encrypts text in place, then writes icv.  0 or negative errno. */
	int (*seal)(void *ctx, struct slice aad, uint8_t *iv, uint8_t *text, size_t text_len,
		    uint8_t *icv);
	/* Checks icv (in constant time), only then decrypts text in place.  -EBADMSG: not authentic. */
	int (*open)(void *ctx, struct slice aad, struct slice iv, uint8_t *text, size_t text_len,
		    struct slice icv);
};

/*
 * Checks and decrypts in place what stands behind an encrypted payload's header: body_bytes of
 * IV, text and ICV from body_at on in the datagram.  *ret_text is the text with its padding,
 * authentic from here on.  -EBADMSG with *why: sizes do not fit the cipher, or not authentic;
 * what open returned.
 */
MUST_USE int sk_decrypt(uint8_t *datagram, size_t body_at, size_t body_bytes,
			const struct sk_ops *ops, struct slice *ret_text, const char **why);
/* Takes padding and pad length off; false if there is less than that. */
MUST_USE bool sk_unpad(struct slice text, struct slice *ret);
/*
 * Decodes the inner chain of m, which may not hold an encrypted payload again.  -EBADMSG,
 * -ENOMEM as payload_walk(); m->inner is empty then.
 */
MUST_USE int sk_walk_inner(struct msg *m, struct slice chain, uint8_t first, size_t base,
			   struct arena *a, uint8_t *ret_type, const char **why);

/*
 * Opens the SK payload of m and decodes what is in it to m->inner.  datagram is the writable
 * buffer that m was parsed from: the text is decrypted in place, so who needs the bytes as
 * they came (a hash for the reply cache) takes it before.
 * -EBADMSG: sizes do not fit, not authentic, or the content is malformed; m->opened tells
 *   which: false if nothing proved who sent it (then be silent), true if the peer did (then
 *   N(INVALID_SYNTAX) is the answer, 2.21.2 and 2.21.3).  *ret_type as of payload_walk().
 * -ENOMEM.  After a failure m->inner is empty.
 */
MUST_USE int sk_open(struct msg *m, uint8_t *datagram, const struct sk_ops *ops, struct arena *a,
		     uint8_t *ret_type, const char **why);

#endif
