/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenSSL objects that live as long as the process.  Fetching an algorithm costs more than
 * using it on a short message, so each row of the table is fetched once.
 */
#ifndef TANUKI_CRYPTO_CRYPTO_INT_H
#define TANUKI_CRYPTO_CRYPTO_INT_H

#include <openssl/evp.h>

#include "base/wire.h"
#include "crypto/alg.h"

/* All getters return NULL if the library does not have it; the objects stay the cache's. */
EVP_CIPHER *crypto_cipher(const struct alg *encr, uint16_t key_bits);
/* An HMAC context with its digest set and no key of interest: copy it, or use it and wipe it. */
EVP_MAC_CTX *crypto_hmac(const struct alg *prf_or_integ);
/* Ready for EVP_PKEY_generate() in the group. */
EVP_PKEY_CTX *crypto_keygen(const struct alg *ke);

/*
 * HMAC of parts[0] | parts[1] | ... under the key that the context has; writes the full output.
 * -EIO.
 */
MUST_USE int crypto_hmac_compute(EVP_MAC_CTX *mac, const struct slice *parts, size_t n_parts,
				 uint8_t *ret);
/* Sets the key; an empty one is allowed.  -EIO. */
MUST_USE int crypto_hmac_key(EVP_MAC_CTX *mac, struct slice key);

/* Empties OpenSSL's error queue, which nobody reads, and returns code. */
int crypto_fail(int code);

#endif
