/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache of OpenSSL objects, one slot per row of the algorithm table. */
#include "crypto/crypto.h"
#include "crypto/crypto_int.h"

#include <errno.h>

#include <openssl/core_names.h>
#include <openssl/err.h>

#include "crypto/digest.h"
#include "crypto/rng.h"

enum { ROWS_MAX = 64, HMAC_OUTPUT_MAX_BYTES = 64 };

/* Which member is used depends on the row's type. */
struct cached {
	EVP_CIPHER *cipher[ALG_KEY_SIZES_MAX];
	EVP_MAC_CTX *hmac;
	EVP_PKEY_CTX *keygen;
};

static struct cached cache[ROWS_MAX];

static struct cached *cached_of(const struct alg *alg)
{
	size_t n;
	size_t index = (size_t)(alg - alg_table(&n));
	REQUIRE(index < n && index < ROWS_MAX);
	return &cache[index];
}

int crypto_fail(int code)
{
	ERR_clear_error();
	return code;
}

EVP_CIPHER *crypto_cipher(const struct alg *encr, uint16_t key_bits)
{
	size_t i = 0;
	while (i < ALG_KEY_SIZES_MAX && encr->key_bits[i] != key_bits)
		i++;
	if (i == ALG_KEY_SIZES_MAX || !encr->openssl[i])
		return NULL;
	struct cached *c = cached_of(encr);
	if (!c->cipher[i])
		c->cipher[i] = EVP_CIPHER_fetch(NULL, encr->openssl[i], NULL);
	return c->cipher[i];
}

static EVP_MAC_CTX *new_hmac(const char *digest)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac); /* the context holds its own reference */
	char name[16];
	snprintf(name, sizeof(name), "%s", digest);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end(),
	};
	if (ctx && EVP_MAC_init(ctx, (const uint8_t *)"", 0, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

EVP_MAC_CTX *crypto_hmac(const struct alg *prf_or_integ)
{
	struct cached *c = cached_of(prf_or_integ);
	if (!c->hmac && prf_or_integ->openssl[0])
		c->hmac = new_hmac(prf_or_integ->openssl[0]);
	return c->hmac;
}

int crypto_hmac_key(EVP_MAC_CTX *mac, struct slice key)
{
	/* A NULL key would mean "the key from before". */
	const uint8_t *p = key.len ? key.p : (const uint8_t *)"";
	return EVP_MAC_init(mac, p, key.len, NULL) == 1 ? 0 : crypto_fail(-EIO);
}

int crypto_hmac_compute(EVP_MAC_CTX *mac, const struct slice *parts, size_t n_parts, uint8_t *ret)
{
	size_t len;
	if (EVP_MAC_init(mac, NULL, 0, NULL) != 1)
		return crypto_fail(-EIO);
	for (size_t i = 0; i < n_parts; i++)
		if (parts[i].len && EVP_MAC_update(mac, parts[i].p, parts[i].len) != 1)
			return crypto_fail(-EIO);
	return EVP_MAC_final(mac, ret, &len, HMAC_OUTPUT_MAX_BYTES) == 1 ? 0 : crypto_fail(-EIO);
}

static EVP_PKEY_CTX *new_keygen(const char *type, const char *group)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (ctx && EVP_PKEY_keygen_init(ctx) == 1 &&
	    (!group || EVP_PKEY_CTX_set_group_name(ctx, group) == 1))
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

EVP_PKEY_CTX *crypto_keygen(const struct alg *ke)
{
	struct cached *c = cached_of(ke);
	if (!c->keygen && ke->openssl[0])
		c->keygen = new_keygen(ke->openssl[0], ke->openssl[1]);
	return c->keygen;
}

static bool load_ciphers(const struct alg *encr)
{
	for (size_t i = 0; i < ALG_KEY_SIZES_MAX && encr->key_bits[i]; i++)
		if (!crypto_cipher(encr, encr->key_bits[i]))
			return false;
	return true;
}

static bool load(const struct alg *alg)
{
	switch (alg->type) {
	case TRANSFORM_ENCR:
		return load_ciphers(alg);
	case TRANSFORM_PRF:
	case TRANSFORM_INTEG:
		return crypto_hmac(alg);
	case TRANSFORM_KE:
		return crypto_keygen(alg);
	default:
		return true;
	}
}

int crypto_start(void)
{
	size_t n;
	uint8_t byte, sha1[DIGEST_SHA1_BYTES], sha256[DIGEST_SHA256_BYTES];
	const struct alg *table = alg_table(&n);
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1)
		return crypto_fail(-EIO);
	for (size_t i = 0; i < n; i++)
		if (table[i].ike && !load(&table[i]))
			return crypto_fail(-EIO);
	/* Each hash and each generator is set up when it is first used. */
	if (digest_sha1(NULL, 0, sha1) < 0 || digest_sha256(NULL, 0, sha256) < 0)
		return -EIO;
	int result = rng_public(&byte, 1);
	return result < 0 ? result : rng_private(&byte, 1);
}

void crypto_end(void)
{
	for (size_t i = 0; i < ROWS_MAX; i++) {
		for (size_t k = 0; k < ALG_KEY_SIZES_MAX; k++)
			EVP_CIPHER_free(cache[i].cipher[k]);
		EVP_MAC_CTX_free(cache[i].hmac);
		EVP_PKEY_CTX_free(cache[i].keygen);
		cache[i] = (struct cached){ 0 };
	}
	digest_end();
}
