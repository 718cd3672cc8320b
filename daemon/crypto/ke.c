/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ephemeral Diffie-Hellman over EVP.
 *
 * EVP's own validation of a MODP value is an exponentiation of full length, nearly ten
 * times the exchange itself.  It is switched off: for the safe primes of RFC 3526,
 * RFC 6989 2.1 asks for 1 < r < p - 1 and nothing more, and a private key is used once.
 * For ECP, decoding the point checks that it is on the curve, whose cofactor is 1.
 */
#include "crypto/ke.h"
#include "crypto/ke_int.h"

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/dh.h>

#include "crypto/crypto_int.h"

/* SEC 1 encodes a point as 04 | x | y; the KE payload leaves the first byte out. */
enum { POINT_UNCOMPRESSED = 4 };

static bool ecp(const struct alg *alg)
{
	return strcmp(alg->openssl[0], "EC") == 0;
}

static bool modp(const struct alg *alg)
{
	return strcmp(alg->openssl[0], "DH") == 0;
}

/* Bytes of the encoding in front of the key exchange data. */
static size_t prefix_bytes(const struct alg *alg)
{
	return ecp(alg) ? 1 : 0;
}

static int generate(struct ke *ke)
{
	size_t len, size = prefix_bytes(ke->alg) + ke->alg->public_bytes;
	EVP_PKEY_CTX *keygen = crypto_keygen(ke->alg);
	if (!keygen || EVP_PKEY_generate(keygen, &ke->key) != 1 ||
	    EVP_PKEY_get_octet_string_param(ke->key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
					    ke->encoded, size, &len) != 1 ||
	    len != size)
		return crypto_fail(-EIO);
	return 0;
}

int ke_new(uint16_t group, struct ke **ret)
{
	const struct alg *alg = alg_find(TRANSFORM_KE, group);
	if (!alg || !alg->ike)
		return -ENOTSUP;
	CLEANUP(ke_freep)
	struct ke *ke = calloc(1, sizeof(*ke) + prefix_bytes(alg) + alg->public_bytes);
	if (!ke)
		return -ENOMEM;
	ke->alg = alg;
	int result = generate(ke);
	if (result == 0)
		*ret = TAKE(ke);
	return result;
}

void ke_free(struct ke *ke)
{
	if (!ke)
		return;
	EVP_PKEY_free(ke->key);
	free(ke);
}

uint16_t ke_group(const struct ke *ke)
{
	return ke->alg->id;
}

struct slice ke_public(const struct ke *ke)
{
	return slice_of(ke->encoded + prefix_bytes(ke->alg), ke->alg->public_bytes);
}

/* 1 < r < p - 1 over big-endian numbers of p's length; p is odd. */
static bool in_range(const BIGNUM *p, struct slice r)
{
	uint8_t p_minus_1[KE_PUBLIC_MAX_BYTES], any = 0;
	if (r.len > sizeof(p_minus_1) || BN_bn2binpad(p, p_minus_1, (int)r.len) < 0)
		return false;
	p_minus_1[r.len - 1] &= 0xfe;
	for (size_t i = 0; i + 1 < r.len; i++)
		any |= r.p[i];
	return (any || r.p[r.len - 1] > 1) && memcmp(r.p, p_minus_1, r.len) < 0;
}

static bool modp_allowed(const struct ke *ke, struct slice peer)
{
	BIGNUM *p = NULL;
	bool ok = EVP_PKEY_get_bn_param(ke->key, OSSL_PKEY_PARAM_FFC_P, &p) == 1 &&
		  in_range(p, peer);
	BN_free(p);
	return ok;
}

/* The peer's value as a key in our group; NULL if it is not allowed there. */
static EVP_PKEY *new_peer(const struct ke *ke, struct slice peer)
{
	uint8_t encoded[1 + KE_PUBLIC_MAX_BYTES] = { POINT_UNCOMPRESSED };
	size_t prefix = prefix_bytes(ke->alg);
	if (modp(ke->alg) && !modp_allowed(ke, peer))
		return NULL;
	memcpy(encoded + prefix, peer.p, peer.len);
	EVP_PKEY *key = EVP_PKEY_new();
	if (key && EVP_PKEY_copy_parameters(key, ke->key) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(key, encoded, prefix + peer.len) == 1)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static int derive_into(EVP_PKEY_CTX *ctx, struct secret *ret)
{
	size_t len;
	struct secret shared = { 0 };
	if (EVP_PKEY_derive(ctx, NULL, &len) != 1)
		return crypto_fail(-EIO);
	int result = secret_init(&shared, len);
	if (result < 0)
		return result;
	/* Fails on what the peer can cause: x25519 to zero, g^ir of 1 or p - 1. */
	if (EVP_PKEY_derive(ctx, shared.p, &len) == 1 && len == shared.len) {
		*ret = secret_take(&shared);
		return 0;
	}
	secret_done(&shared);
	return crypto_fail(-EBADMSG);
}

static int derive(const struct ke *ke, EVP_PKEY *peer, struct secret *ret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ke->key, NULL);
	int result = -EIO;
	if (ctx && EVP_PKEY_derive_init(ctx) == 1 &&
	    (!modp(ke->alg) || EVP_PKEY_CTX_set_dh_pad(ctx, 1) == 1) &&
	    EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1)
		result = derive_into(ctx, ret);
	EVP_PKEY_CTX_free(ctx);
	return crypto_fail(result);
}

static bool all_zero(const struct secret *s)
{
	uint8_t any = 0;
	for (size_t i = 0; i < s->len; i++)
		any |= s->p[i];
	return any == 0;
}

int ke_derive(struct ke *ke, struct slice peer, struct secret *ret)
{
	struct secret shared = { 0 };
	if (!ke->key)
		return -EALREADY;
	if (peer.len != ke->alg->public_bytes)
		return -EBADMSG;
	EVP_PKEY *peer_key = new_peer(ke, peer);
	if (!peer_key)
		return crypto_fail(-EBADMSG);
	int result = derive(ke, peer_key, &shared);
	EVP_PKEY_free(peer_key);
	/* RFC 7748 6.1: a point of small order contributes nothing.  In ECP, x may be zero. */
	if (result == 0 && ke->alg->id == KE_CURVE25519 && all_zero(&shared)) {
		secret_done(&shared);
		result = -EBADMSG;
	}
	if (result < 0)
		return result;
	EVP_PKEY_free(ke->key);
	ke->key = NULL;
	*ret = secret_take(&shared);
	return 0;
}
