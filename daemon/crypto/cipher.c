/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SK protection.  A direction is either sealed or opened, so each of the two contexts is
 * made when it is first used and then kept with its key schedule.
 */
#include "crypto/cipher.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/secret.h"
#include "crypto/crypto_int.h"
#include "crypto/rng.h"

enum { HMAC_MAX_BYTES = 64, NONCE_MAX_BYTES = 16, COUNTER_BYTES = 8 };

struct cipher {
	const struct alg *encr;
	EVP_CIPHER *evp; /* the cache's */
	size_t icv_bytes;
	struct secret key; /* the salt at its end */
	EVP_CIPHER_CTX *seal, *open;
	EVP_MAC_CTX *mac; /* keyed; NULL for an AEAD */
	uint64_t counter; /* the last IV used by an AEAD */
};

static bool aead(const struct cipher *c)
{
	return c->encr->aead;
}

/* Which INTEG row belongs to the transform; *ret NULL for none. */
static int find_integ(const struct alg *encr, const struct transform *t, const struct alg **ret)
{
	bool wanted = t && t->id != INTEG_NONE;
	const struct alg *integ = wanted ? alg_find(TRANSFORM_INTEG, t->id) : NULL;
	if (encr->aead == wanted || (wanted && (!integ || !integ->ike)))
		return -ENOTSUP;
	*ret = integ;
	return 0;
}

static int set_mac(struct cipher *c, const struct alg *integ, struct slice key)
{
	EVP_MAC_CTX *unkeyed = crypto_hmac(integ);
	if (!unkeyed)
		return crypto_fail(-EIO);
	c->mac = EVP_MAC_CTX_dup(unkeyed);
	if (!c->mac)
		return crypto_fail(-ENOMEM);
	return crypto_hmac_key(c->mac, key);
}

static int new_checked(const struct alg *encr, uint16_t key_bits, const struct alg *integ,
		       struct slice key, struct slice integ_key, struct cipher **ret)
{
	CLEANUP(cipher_freep)
	struct cipher *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->encr = encr;
	c->icv_bytes = integ ? integ->icv_bytes : encr->icv_bytes;
	c->evp = crypto_cipher(encr, key_bits);
	if (!c->evp)
		return crypto_fail(-ENOTSUP);
	int result = secret_init_copy(&c->key, key);
	if (result == 0 && integ)
		result = set_mac(c, integ, integ_key);
	if (result == 0)
		*ret = TAKE(c);
	return result;
}

int cipher_new(const struct transform *encr_t, const struct transform *integ_t, struct slice key,
	       struct slice integ_key, struct cipher **ret)
{
	const struct alg *encr = alg_find(TRANSFORM_ENCR, encr_t->id), *integ;
	size_t key_bytes = transform_key_bytes(encr_t);
	if (!encr || !encr->ike || key_bytes == 0)
		return -ENOTSUP;
	int result = find_integ(encr, integ_t, &integ);
	if (result < 0)
		return result;
	if (key.len != key_bytes || integ_key.len != (integ ? integ->output_bytes : 0))
		return -EINVAL;
	uint16_t key_bits = encr->fixed_key ? encr->key_bits[0] : encr_t->key_bits;
	return new_checked(encr, key_bits, integ, key, integ_key, ret);
}

void cipher_free(struct cipher *c)
{
	if (!c)
		return;
	secret_done(&c->key);
	EVP_CIPHER_CTX_free(c->seal);
	EVP_CIPHER_CTX_free(c->open);
	EVP_MAC_CTX_free(c->mac);
	free(c);
}

size_t cipher_iv_bytes(const struct cipher *c)
{
	return c->encr->iv_bytes;
}

size_t cipher_block_bytes(const struct cipher *c)
{
	return c->encr->block_bytes;
}

size_t cipher_icv_bytes(const struct cipher *c)
{
	return c->icv_bytes;
}

static EVP_CIPHER_CTX *new_context(const struct cipher *c, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	if (ctx && EVP_CipherInit_ex2(ctx, c->evp, c->key.p, NULL, encrypt, NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static EVP_CIPHER_CTX *context(struct cipher *c, int encrypt)
{
	EVP_CIPHER_CTX **slot = encrypt ? &c->seal : &c->open;
	if (!*slot)
		*slot = new_context(c, encrypt);
	return *slot;
}

/* ENCR's IV as OpenSSL wants it: salt | iv for an AEAD. */
static const uint8_t *nonce_of(const struct cipher *c, const uint8_t *iv,
			       uint8_t buf[NONCE_MAX_BYTES])
{
	size_t salt_bytes = c->encr->salt_bytes;
	memcpy(buf, c->key.p + c->key.len - salt_bytes, salt_bytes);
	memcpy(buf + salt_bytes, iv, c->encr->iv_bytes);
	return buf;
}

/* Encrypts or decrypts in place; an AEAD still needs its tag and the final call. */
static bool crypt(struct cipher *c, EVP_CIPHER_CTX *ctx, struct slice aad, const uint8_t *iv,
		  uint8_t *text, size_t len)
{
	uint8_t nonce[NONCE_MAX_BYTES];
	int n;
	if (EVP_CipherInit_ex2(ctx, NULL, NULL, nonce_of(c, iv, nonce), -1, NULL) != 1)
		return false;
	if (aead(c) && aad.len && EVP_CipherUpdate(ctx, NULL, &n, aad.p, (int)aad.len) != 1)
		return false;
	return len == 0 || (EVP_CipherUpdate(ctx, text, &n, text, (int)len) == 1 && n == (int)len);
}

static bool lengths_ok(const struct cipher *c, struct slice aad, size_t len)
{
	if (aad.len > INT_MAX || len > INT_MAX)
		return false;
	/* There is at least the pad length. */
	return len > 0 && len % c->encr->block_bytes == 0;
}

static int compute_icv(struct cipher *c, struct slice aad, const uint8_t *iv, const uint8_t *text,
		       size_t len, uint8_t ret[HMAC_MAX_BYTES])
{
	const struct slice parts[] = { aad, slice_of(iv, c->encr->iv_bytes), slice_of(text, len) };
	return crypto_hmac_compute(c->mac, parts, N_ELEMENTS(parts), ret);
}

/* RFC 5282 3.1: an IV must never repeat under a key, so it counts. */
static int next_iv(struct cipher *c, uint8_t *iv)
{
	if (!aead(c))
		return rng_public(iv, c->encr->iv_bytes);
	if (c->counter == UINT64_MAX)
		return -EOVERFLOW;
	struct wr w = wr_of(iv, COUNTER_BYTES);
	wr_u64(&w, ++c->counter);
	return 0;
}

static int finish_seal(struct cipher *c, struct slice aad, const uint8_t *iv, const uint8_t *text,
		       size_t len, uint8_t *icv)
{
	uint8_t mac[HMAC_MAX_BYTES], unused[NONCE_MAX_BYTES];
	int n;
	if (aead(c)) {
		bool ok = EVP_CipherFinal_ex(c->seal, unused, &n) == 1 &&
			  EVP_CIPHER_CTX_ctrl(c->seal, EVP_CTRL_AEAD_GET_TAG, (int)c->icv_bytes,
					      icv) == 1;
		return ok ? 0 : crypto_fail(-EIO);
	}
	int result = compute_icv(c, aad, iv, text, len, mac);
	if (result == 0)
		memcpy(icv, mac, c->icv_bytes);
	return result;
}

int cipher_seal(void *ctx, struct slice aad, uint8_t *iv, uint8_t *text, size_t len, uint8_t *icv)
{
	struct cipher *c = ctx;
	if (!lengths_ok(c, aad, len))
		return -EINVAL;
	EVP_CIPHER_CTX *evp = context(c, 1);
	int result = evp ? next_iv(c, iv) : crypto_fail(-ENOMEM);
	if (result < 0)
		return result;
	if (!crypt(c, evp, aad, iv, text, len))
		result = crypto_fail(-EIO);
	if (result == 0)
		result = finish_seal(c, aad, iv, text, len, icv);
	if (result < 0)
		secret_wipe(text, len);
	return result;
}

/* The MAC is checked before a byte is decrypted. */
static int open_mac(struct cipher *c, EVP_CIPHER_CTX *evp, struct slice aad, struct slice iv,
		    uint8_t *text, size_t len, struct slice icv)
{
	uint8_t mac[HMAC_MAX_BYTES];
	if (compute_icv(c, aad, iv.p, text, len, mac) < 0 ||
	    CRYPTO_memcmp(mac, icv.p, c->icv_bytes) != 0)
		return -EBADMSG;
	return crypt(c, evp, aad, iv.p, text, len) ? 0 : crypto_fail(-EBADMSG);
}

static int open_aead(struct cipher *c, EVP_CIPHER_CTX *evp, struct slice aad, struct slice iv,
		     uint8_t *text, size_t len, struct slice icv)
{
	uint8_t tag[CIPHER_ICV_MAX_BYTES], unused[NONCE_MAX_BYTES];
	int n;
	memcpy(tag, icv.p, icv.len);
	if (crypt(c, evp, aad, iv.p, text, len) &&
	    EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, (int)icv.len, tag) == 1 &&
	    EVP_CipherFinal_ex(evp, unused, &n) == 1)
		return 0;
	/* What was decrypted is not authentic. */
	secret_wipe(text, len);
	return crypto_fail(-EBADMSG);
}

int cipher_open(void *ctx, struct slice aad, struct slice iv, uint8_t *text, size_t len,
		struct slice icv)
{
	struct cipher *c = ctx;
	if (!lengths_ok(c, aad, len) || iv.len != c->encr->iv_bytes || icv.len != c->icv_bytes)
		return -EBADMSG;
	EVP_CIPHER_CTX *evp = context(c, 0);
	if (!evp)
		return crypto_fail(-EBADMSG);
	if (aead(c))
		return open_aead(c, evp, aad, iv, text, len, icv);
	return open_mac(c, evp, aad, iv, text, len, icv);
}
