// SPDX-License-Identifier: BSD-2-Clause
#include "seal.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t *key_bytes(void)
{
	static uint8_t key[SEAL_KEY_MAX];

	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	return key;
}

static void must(int ok, const char *what)
{
	if (ok > 0)
		return;
	fprintf(stderr, "libcrypto: %s\n", what);
	exit(2);
}

/* The low half of @value. */
static void put32(uint8_t *at, uint64_t value)
{
	uint32_t low = htonl((uint32_t)value);

	memcpy(at, &low, 4);
}

/* SPI, the high half with ESN, the low half: what is authenticated beside the payload. */
static int aad_of(const struct seal_sa *sa, uint8_t aad[12])
{
	put32(aad, sa->spi);
	put32(aad + 4, sa->seq >> 32);
	put32(aad + (sa->esn ? 8 : 4), sa->seq);
	return sa->esn ? 12 : 8;
}

/* The IV for the cipher: with a salt before it, where there is one (RFC 4106 4). */
static void start_cipher(EVP_CIPHER_CTX *c, const struct seal_alg *a, const uint8_t *iv, int way)
{
	const EVP_CIPHER *cipher = EVP_get_cipherbyname(a->cipher);
	uint8_t nonce[16];

	must(cipher != NULL, a->cipher);
	memcpy(nonce, key_bytes() + a->key, a->salt);
	memcpy(nonce + a->salt, iv, a->iv);
	must(EVP_CipherInit_ex(c, cipher, NULL, key_bytes(), nonce, way), "init");
	EVP_CIPHER_CTX_set_padding(c, 0);
}

/* In place; a combined algorithm's tag at data + n is written, or else checked. */
static bool crypt(const struct seal_sa *sa, const uint8_t *iv, uint8_t *data, size_t n, int way)
{
	const struct seal_alg *a = sa->alg;
	EVP_CIPHER_CTX *c;
	uint8_t aad[12];
	int len = 0;
	bool ok;

	if (!a->cipher)
		return true;
	c = EVP_CIPHER_CTX_new();
	start_cipher(c, a, iv, way);
	if (!a->hash) {
		must(EVP_CipherUpdate(c, NULL, &len, aad, aad_of(sa, aad)), "AAD");
		if (!way)
			EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, a->icv, data + n);
	}
	must(EVP_CipherUpdate(c, data, &len, data, (int)n), "update");
	ok = EVP_CipherFinal_ex(c, data + len, &len) > 0;
	if (!a->hash && way)
		must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, a->icv, data + n), "tag");
	EVP_CIPHER_CTX_free(c);
	return ok;
}

/* The hash's key follows the cipher's bytes nowhere: all keys begin with 0. */
static void hash_icv(const struct seal_sa *sa, const uint8_t *data, size_t n, uint8_t *icv)
{
	const struct seal_alg *a = sa->alg;
	uint8_t *all = malloc(n + 4), full[EVP_MAX_MD_SIZE];

	must(all != NULL, "memory");
	memcpy(all, data, n);
	put32(all + n, sa->seq >> 32);
	must(HMAC(EVP_get_digestbyname(a->hash), key_bytes(), a->hash_key, all,
		  n + (sa->esn ? 4 : 0), full, NULL) != NULL,
	     a->hash);
	memcpy(icv, full, a->icv);
	free(all);
}

/* Returns how much it is. */
static size_t put_trailer(const struct seal_alg *a, const struct seal_trailer *t, size_t n,
			  uint8_t *at)
{
	size_t block = a->block < 4 ? 4 : a->block, pad = -(n + t->tfc + 2) & (block - 1);

	pad += t->more_pad * block;
	memset(at, 0, t->tfc);
	at += t->tfc;
	for (size_t i = 0; i < pad; i++)
		at[i] = t->bad_pad ? 0 : (uint8_t)(i + 1);
	at[pad] = t->bad_pad_len ? 255 : (uint8_t)pad;
	at[pad + 1] = t->next;
	return t->tfc + pad + 2;
}

size_t seal_esp(const struct seal_sa *sa, const struct seal_trailer *t, const void *plain, size_t n,
		uint8_t *out)
{
	const struct seal_alg *a = sa->alg;
	uint8_t *iv = out + 8, *data = iv + a->iv;

	put32(out, sa->spi);
	put32(out + 4, sa->seq);
	for (unsigned int i = 0; i < a->iv; i++)
		iv[i] = (uint8_t)(sa->seq * 7 + i);
	memcpy(data, plain, n);
	n += put_trailer(a, t, n, data + n);
	crypt(sa, iv, data, n, 1);
	if (a->hash)
		hash_icv(sa, out, 8 + a->iv + n, data + n);
	return 8 + a->iv + n + a->icv;
}

/* Checks what is behind the payload, RFC 4303 2.4. */
static const char *open_trailer(const uint8_t *data, size_t n, size_t *ret_n, uint8_t *ret_next)
{
	size_t pad = data[n - 2];

	if (pad + 2 > n)
		return "the pad length is more than the payload";
	for (size_t i = 0; i < pad; i++)
		if (data[n - 2 - pad + i] != i + 1)
			return "the padding does not count from 1";
	*ret_next = data[n - 1];
	*ret_n = n - 2 - pad;
	return NULL;
}

const char *seal_open_esp(const struct seal_sa *sa, const uint8_t *esp, size_t n, uint8_t *out,
			  size_t *ret_n, uint8_t *ret_next)
{
	const struct seal_alg *a = sa->alg;
	size_t head = 8 + a->iv, block = a->block < 4 ? 4 : a->block;
	uint8_t icv[EVP_MAX_MD_SIZE];

	if (n < head + 2 + a->icv || (n - head - a->icv) % block)
		return "the length is not one of ESP";
	n -= head + a->icv;
	memcpy(out, esp + head, n + a->icv);
	if (a->hash) {
		hash_icv(sa, esp, head + n, icv);
		if (memcmp(icv, esp + head + n, a->icv))
			return "the ICV is wrong";
	}
	if (!crypt(sa, esp + 8, out, n, 0))
		return "the ICV is wrong";
	return open_trailer(out, n, ret_n, ret_next);
}

void seal_ah_icv(const struct seal_sa *sa, const uint8_t *packet, size_t n, uint8_t *icv)
{
	hash_icv(sa, packet, n, icv);
}
