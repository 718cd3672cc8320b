/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of algorithms, and transforms as text. */
#include "crypto/alg.h"

#include <stdio.h>
#include <strings.h>

#include "base/attr.h"

/*
 * Words: those of racoon.conf keep their meaning, the others are additions.  A hash word
 * ("sha256") names a PRF and an INTEG row, because hash_algorithm stands for both.
 */
/* clang-format off */
static const struct alg TABLE[] = {
	{ .type = TRANSFORM_ENCR, .id = ENCR_AES_CBC, .name = "AES_CBC",
	  .words = { "aes", "rijndael", "aes_cbc" }, .key_bits = { 128, 192, 256 },
	  .ike = true, .esp = true, .iv_bytes = 16, .block_bytes = 16,
	  .openssl = { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" } },
	{ .type = TRANSFORM_ENCR, .id = ENCR_AES_GCM_16, .name = "AES_GCM_16",
	  .words = { "aes_gcm16", "aes_gcm_16", "aes_gcm" }, .key_bits = { 128, 192, 256 },
	  .aead = true, .ike = true, .esp = true,
	  .salt_bytes = 4, .iv_bytes = 8, .block_bytes = 1, .icv_bytes = 16,
	  .openssl = { "AES-128-GCM", "AES-192-GCM", "AES-256-GCM" } },
	{ .type = TRANSFORM_ENCR, .id = ENCR_CHACHA20_POLY1305, .name = "CHACHA20_POLY1305",
	  .words = { "chacha20_poly1305", "chacha20poly1305", "chacha20" }, .key_bits = { 256 },
	  .fixed_key = true, .aead = true, .ike = true, .esp = true,
	  .salt_bytes = 4, .iv_bytes = 8, .block_bytes = 1, .icv_bytes = 16,
	  .openssl = { "ChaCha20-Poly1305" } },
	{ .type = TRANSFORM_ENCR, .id = ENCR_AES_CTR, .name = "AES_CTR",
	  .words = { "aes_ctr" }, .key_bits = { 128, 192, 256 },
	  .esp = true, .salt_bytes = 4, .iv_bytes = 8, .block_bytes = 1 },
	{ .type = TRANSFORM_ENCR, .id = ENCR_NULL, .name = "NULL",
	  .words = { "null_enc", "null" }, .fixed_key = true, .esp = true, .block_bytes = 1 },

	{ .type = TRANSFORM_PRF, .id = PRF_HMAC_SHA1, .name = "PRF_HMAC_SHA1",
	  .words = { "prf_sha1", "sha1", "hmac_sha1", "prf_hmac_sha1" },
	  .ike = true, .output_bytes = 20, .openssl = { "SHA1" } },
	{ .type = TRANSFORM_PRF, .id = PRF_HMAC_SHA2_256, .name = "PRF_HMAC_SHA2_256",
	  .words = { "prf_sha256", "sha256", "sha2_256", "prf_sha2_256", "hmac_sha256",
		     "hmac_sha2_256", "prf_hmac_sha2_256" },
	  .ike = true, .output_bytes = 32, .openssl = { "SHA256" } },
	{ .type = TRANSFORM_PRF, .id = PRF_HMAC_SHA2_384, .name = "PRF_HMAC_SHA2_384",
	  .words = { "prf_sha384", "sha384", "sha2_384", "prf_sha2_384", "hmac_sha384",
		     "hmac_sha2_384", "prf_hmac_sha2_384" },
	  .ike = true, .output_bytes = 48, .openssl = { "SHA384" } },
	{ .type = TRANSFORM_PRF, .id = PRF_HMAC_SHA2_512, .name = "PRF_HMAC_SHA2_512",
	  .words = { "prf_sha512", "sha512", "sha2_512", "prf_sha2_512", "hmac_sha512",
		     "hmac_sha2_512", "prf_hmac_sha2_512" },
	  .ike = true, .output_bytes = 64, .openssl = { "SHA512" } },

	{ .type = TRANSFORM_INTEG, .id = INTEG_NONE, .name = "NONE",
	  .words = { "non_auth", "none" }, .esp = true },
	{ .type = TRANSFORM_INTEG, .id = INTEG_HMAC_SHA1_96, .name = "HMAC_SHA1_96",
	  .words = { "hmac_sha1", "sha1", "hmac_sha1_96" },
	  .ike = true, .esp = true, .icv_bytes = 12, .output_bytes = 20, .openssl = { "SHA1" } },
	{ .type = TRANSFORM_INTEG, .id = INTEG_HMAC_SHA2_256_128, .name = "HMAC_SHA2_256_128",
	  .words = { "hmac_sha256", "sha256", "sha2_256", "hmac_sha2_256", "hmac_sha256_128",
		     "hmac_sha2_256_128" },
	  .ike = true, .esp = true, .icv_bytes = 16, .output_bytes = 32, .openssl = { "SHA256" } },
	{ .type = TRANSFORM_INTEG, .id = INTEG_HMAC_SHA2_384_192, .name = "HMAC_SHA2_384_192",
	  .words = { "hmac_sha384", "sha384", "sha2_384", "hmac_sha2_384", "hmac_sha384_192",
		     "hmac_sha2_384_192" },
	  .ike = true, .esp = true, .icv_bytes = 24, .output_bytes = 48, .openssl = { "SHA384" } },
	{ .type = TRANSFORM_INTEG, .id = INTEG_HMAC_SHA2_512_256, .name = "HMAC_SHA2_512_256",
	  .words = { "hmac_sha512", "sha512", "sha2_512", "hmac_sha2_512", "hmac_sha512_256",
		     "hmac_sha2_512_256" },
	  .ike = true, .esp = true, .icv_bytes = 32, .output_bytes = 64, .openssl = { "SHA512" } },

	{ .type = TRANSFORM_KE, .id = KE_NONE, .name = "NONE", .esp = true },
	{ .type = TRANSFORM_KE, .id = KE_CURVE25519, .name = "CURVE25519",
	  .words = { "curve25519", "x25519", "31" }, .ike = true, .esp = true,
	  .public_bytes = 32, .openssl = { "X25519", NULL } },
	{ .type = TRANSFORM_KE, .id = KE_ECP_256, .name = "ECP_256",
	  .words = { "ecp256", "19", "ecp_256" }, .ike = true, .esp = true,
	  .public_bytes = 64, .openssl = { "EC", "P-256" } },
	{ .type = TRANSFORM_KE, .id = KE_ECP_384, .name = "ECP_384",
	  .words = { "ecp384", "20", "ecp_384" }, .ike = true, .esp = true,
	  .public_bytes = 96, .openssl = { "EC", "P-384" } },
	{ .type = TRANSFORM_KE, .id = KE_ECP_521, .name = "ECP_521",
	  .words = { "ecp521", "21", "ecp_521" }, .ike = true, .esp = true,
	  .public_bytes = 132, .openssl = { "EC", "P-521" } },
	{ .type = TRANSFORM_KE, .id = KE_MODP_2048, .name = "MODP_2048",
	  .words = { "modp2048", "14", "modp_2048" }, .ike = true, .esp = true,
	  .public_bytes = 256, .openssl = { "DH", "modp_2048" } },
	{ .type = TRANSFORM_KE, .id = KE_MODP_3072, .name = "MODP_3072",
	  .words = { "modp3072", "15", "modp_3072" }, .ike = true, .esp = true,
	  .public_bytes = 384, .openssl = { "DH", "modp_3072" } },
	{ .type = TRANSFORM_KE, .id = KE_MODP_4096, .name = "MODP_4096",
	  .words = { "modp4096", "16", "modp_4096" }, .ike = true, .esp = true,
	  .public_bytes = 512, .openssl = { "DH", "modp_4096" } },

	{ .type = TRANSFORM_ESN, .id = ESN_NO, .name = "NO_ESN",
	  .words = { "no_esn", "off" }, .esp = true },
	{ .type = TRANSFORM_ESN, .id = ESN_YES, .name = "ESN",
	  .words = { "esn", "on" }, .esp = true },
};
/* clang-format on */

const struct alg *alg_table(size_t *ret_n)
{
	*ret_n = N_ELEMENTS(TABLE);
	return TABLE;
}

const struct alg *alg_find(uint8_t type, uint16_t id)
{
	for (size_t i = 0; i < N_ELEMENTS(TABLE); i++)
		if (TABLE[i].type == type && TABLE[i].id == id)
			return &TABLE[i];
	return NULL;
}

static bool has_word(const struct alg *alg, const char *word)
{
	for (size_t i = 0; i < ALG_WORDS_MAX && alg->words[i]; i++)
		if (strcasecmp(alg->words[i], word) == 0)
			return true;
	return false;
}

const struct alg *alg_find_word(uint8_t type, const char *word)
{
	for (size_t i = 0; i < N_ELEMENTS(TABLE); i++)
		if (TABLE[i].type == type && has_word(&TABLE[i], word))
			return &TABLE[i];
	return NULL;
}

static bool has_key_size(const struct alg *alg, uint16_t bits)
{
	for (size_t i = 0; i < ALG_KEY_SIZES_MAX; i++)
		if (bits && alg->key_bits[i] == bits)
			return true;
	return false;
}

bool alg_takes_bits(const struct alg *alg, uint16_t bits)
{
	return bits == 0 || has_key_size(alg, bits);
}

struct transform transform_of(const struct alg *alg, uint16_t bits)
{
	struct transform t = { .type = alg->type, .id = alg->id };
	if (!alg->fixed_key)
		t.key_bits = bits ? bits : alg->key_bits[0];
	return t;
}

const char *transform_type_name(uint8_t type)
{
	static const char *const names[] = {
		[TRANSFORM_ENCR] = "ENCR", [TRANSFORM_PRF] = "PRF", [TRANSFORM_INTEG] = "INTEG",
		[TRANSFORM_KE] = "KE",     [TRANSFORM_ESN] = "ESN",
	};
	return type < N_ELEMENTS(names) && names[type] ? names[type] : "TYPE?";
}

const char *transform_text(const struct transform *t, char *buf)
{
	const struct alg *alg = alg_find(t->type, t->id);
	char name[TRANSFORM_TEXT_MAX_BYTES - 8];
	if (alg)
		snprintf(name, sizeof(name), "%s", alg->name);
	else
		snprintf(name, sizeof(name), "%s(%u)", transform_type_name(t->type), t->id);
	if (t->key_bits)
		snprintf(buf, TRANSFORM_TEXT_MAX_BYTES, "%s_%u", name, t->key_bits);
	else
		snprintf(buf, TRANSFORM_TEXT_MAX_BYTES, "%s", name);
	return buf;
}

size_t transform_key_bytes(const struct transform *t)
{
	const struct alg *alg = alg_find(t->type, t->id);
	if (!alg)
		return 0;
	if (alg->type != TRANSFORM_ENCR)
		return alg->output_bytes;
	if (alg->fixed_key)
		return t->key_bits ? 0 : alg->key_bits[0] / 8u + alg->salt_bytes;
	return has_key_size(alg, t->key_bits) ? t->key_bits / 8u + alg->salt_bytes : 0;
}

bool transform_eq(const struct transform *a, const struct transform *b)
{
	return a->type == b->type && a->id == b->id && a->key_bits == b->key_bits;
}
