/* SPDX-License-Identifier: BSD-2-Clause */
/* What a key exchange is inside: for ke.c, and for tests with known private keys. */
#ifndef TANUKI_CRYPTO_KE_INT_H
#define TANUKI_CRYPTO_KE_INT_H

#include <openssl/evp.h>

#include "crypto/alg.h"
#include "crypto/ke.h"

struct ke {
	const struct alg *alg;
	EVP_PKEY *key;     /* NULL when it was used */
	uint8_t encoded[]; /* our value: 04 | x | y for ECP, else as on the wire */
};

#endif
