/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HMAC as PRF.  One context per PRF is kept and keyed anew for each call; after the call
 * it gets an empty key, so that nothing of the secret stays behind.
 */
#include "crypto/prf.h"

#include <errno.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/alg.h"
#include "crypto/crypto_int.h"

enum { PRF_PLUS_BLOCKS_MAX = 255, PRF_PLUS_PARTS_MAX = 16 };

size_t prf_bytes(uint16_t prf)
{
	const struct alg *alg = alg_find(TRANSFORM_PRF, prf);
	return alg ? alg->output_bytes : 0;
}

static int key_context(uint16_t prf, struct slice key, EVP_MAC_CTX **ret)
{
	const struct alg *alg = alg_find(TRANSFORM_PRF, prf);
	if (!alg)
		return -ENOTSUP;
	EVP_MAC_CTX *mac = crypto_hmac(alg);
	if (!mac)
		return crypto_fail(-EIO);
	int result = crypto_hmac_key(mac, key);
	if (result == 0)
		*ret = mac;
	return result;
}

static int forget_key(EVP_MAC_CTX *mac)
{
	return crypto_hmac_key(mac, (struct slice){ 0 });
}

int prf_compute(uint16_t prf, struct slice key, const struct slice *parts, size_t n_parts,
		uint8_t ret[PRF_MAX_BYTES], size_t *ret_len)
{
	EVP_MAC_CTX *mac = NULL;
	int result = key_context(prf, key, &mac);
	if (result < 0)
		return result;
	result = crypto_hmac_compute(mac, parts, n_parts, ret);
	int forgotten = forget_key(mac);
	if (result == 0 && forgotten == 0)
		*ret_len = prf_bytes(prf);
	return result < 0 ? result : forgotten;
}

/* T1 | T2 | ..., Tn = prf(K, Tn-1 | S | n): the parts are already [Tn-1, S..., n]. */
static int expand(EVP_MAC_CTX *mac, size_t block, struct slice *parts, size_t n_parts, uint8_t *out,
		  size_t len)
{
	uint8_t t[PRF_MAX_BYTES], n = 0;
	int result = 0;
	parts[0] = (struct slice){ 0 };
	parts[n_parts - 1] = slice_of(&n, 1);
	for (size_t at = 0; at < len && result == 0; at += block) {
		n++;
		result = crypto_hmac_compute(mac, parts, n_parts, t);
		if (result == 0)
			memcpy(out + at, t, len - at < block ? len - at : block);
		parts[0] = slice_of(t, block);
	}
	secret_wipe(t, sizeof(t));
	return result;
}

int prf_plus(uint16_t prf, struct slice key, const struct slice *seed, size_t n_seed, uint8_t *out,
	     size_t len)
{
	struct slice parts[PRF_PLUS_PARTS_MAX];
	size_t block = prf_bytes(prf);
	EVP_MAC_CTX *mac = NULL;
	if (n_seed > PRF_PLUS_PARTS_MAX - 2 || (block && len > PRF_PLUS_BLOCKS_MAX * block))
		return -EINVAL;
	int result = key_context(prf, key, &mac);
	if (result < 0)
		return result;
	if (n_seed)
		memcpy(parts + 1, seed, n_seed * sizeof(*seed));
	result = expand(mac, block, parts, n_seed + 2, out, len);
	int forgotten = forget_key(mac);
	if (result == 0)
		result = forgotten;
	if (result < 0)
		secret_wipe(out, len);
	return result;
}

int prf_psk_auth(uint16_t prf, struct slice psk, struct slice octets, uint8_t ret[PRF_MAX_BYTES],
		 size_t *ret_len)
{
	static const char pad[] = "Key Pad for IKEv2"; /* without its terminating zero */
	const struct slice pad_part = slice_of(pad, sizeof(pad) - 1);
	uint8_t key[PRF_MAX_BYTES];
	size_t key_len;
	/* An empty key would authenticate everybody. */
	if (psk.len == 0)
		return -EINVAL;
	int result = prf_compute(prf, psk, &pad_part, 1, key, &key_len);
	if (result == 0)
		result = prf_compute(prf, slice_of(key, key_len), &octets, 1, ret, ret_len);
	secret_wipe(key, sizeof(key));
	return result;
}

int prf_psk_verify(uint16_t prf, struct slice psk, struct slice octets, struct slice auth)
{
	uint8_t expected[PRF_MAX_BYTES];
	size_t len;
	int result = prf_psk_auth(prf, psk, octets, expected, &len);
	if (result == 0 && !secret_eq(slice_of(expected, len), auth))
		result = -EKEYREJECTED;
	secret_wipe(expected, sizeof(expected));
	return result;
}
