/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protection of SK and SKF payloads in one direction of an IKE SA: AES-CBC with HMAC
 * (encrypt, then MAC, RFC 7296 3.14) or an AEAD (RFC 5282, RFC 7634).
 *
 *	| aad ...            | iv | text (padded, pad length last) | icv |
 *
 * aad is everything in front of the IV: IKE header, payloads before SK, SK's own generic
 * header (and the fragment numbers of SKF).  With HMAC the MAC covers aad, iv and
 * ciphertext; with an AEAD aad is the associated data and the nonce is salt | iv.
 */
#ifndef TANUKI_CRYPTO_CIPHER_H
#define TANUKI_CRYPTO_CIPHER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/wire.h"
#include "crypto/alg.h"

enum { CIPHER_IV_MAX_BYTES = 16, CIPHER_ICV_MAX_BYTES = 32 };

struct cipher;

/*
 * A cipher for one direction.  key: SK_ei or SK_er as transform_key_bytes(encr) says (an AEAD's
 * salt at its end); integ_key: SK_ai or SK_ar, empty for an AEAD.  integ: NULL or INTEG_NONE for
 * an AEAD.  Keys are copied, and wiped by cipher_free().  -ENOTSUP: not an algorithm for IKE, or
 * no such combination; -EINVAL: wrong key length; -ENOMEM.
 */
MUST_USE int cipher_new(const struct transform *encr, const struct transform *integ,
			struct slice key, struct slice integ_key, struct cipher **ret);
void cipher_free(struct cipher *c);

/* Lengths on the wire.  text must be a multiple of block_bytes (1 for an AEAD). */
size_t cipher_iv_bytes(const struct cipher *c);
size_t cipher_block_bytes(const struct cipher *c);
size_t cipher_icv_bytes(const struct cipher *c);

/*
 * Encrypts text (len bytes, already padded) in place and writes the IV and the ICV.  ctx is the
 * struct cipher.  An AEAD's IV counts up from 1 and never repeats under a key; CBC's is random.
 * Allocates only at the first call.  -EINVAL: len is 0 or no multiple of the block; -EOVERFLOW:
 * the key has no IV left; -ENOMEM; -EIO: the library failed, text is then wiped.
 */
MUST_USE int cipher_seal(void *ctx, struct slice aad, uint8_t *iv, uint8_t *text, size_t len,
			 uint8_t *icv);

/*
 * Checks and decrypts text in place.  Any failure, wrong lengths of iv, text or icv included, is
 * -EBADMSG; text is then of no use (wiped or still encrypted, never plaintext).
 */
MUST_USE int cipher_open(void *ctx, struct slice aad, struct slice iv, uint8_t *text, size_t len,
			 struct slice icv);

DEFINE_FREEP(struct cipher, cipher_free)

#endif
