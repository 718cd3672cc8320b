/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests: a key exchange with a known private key. */
#ifndef TANUKI_CRYPTO_KE_UNIT_H
#define TANUKI_CRYPTO_KE_UNIT_H

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "crypto/ke_int.h"

static inline EVP_PKEY *ke_unit_from_number(const struct alg *alg, struct slice private)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, alg->openssl[0], NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *number = BN_bin2bn(private.p, (int)private.len, NULL);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, alg->openssl[1], 0);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(number);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* NULL if the library does not take the key; its public value is not there. */
static inline struct ke *ke_unit_new(uint16_t group, struct slice private)
{
	const struct alg *alg = alg_find(TRANSFORM_KE, group);
	struct ke *ke = calloc(1, sizeof(*ke) + 1 + KE_PUBLIC_MAX_BYTES);
	ke->alg = alg;
	if (group == KE_CURVE25519)
		ke->key = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, private.p,
							  private.len);
	else
		ke->key = ke_unit_from_number(alg, private);
	if (ke->key)
		return ke;
	ke_free(ke);
	return NULL;
}

#endif
