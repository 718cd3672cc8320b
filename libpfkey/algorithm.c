/* SPDX-License-Identifier: BSD-2-Clause */
/* The one table of algorithms: PF_KEY number, XFRM name, setkey word, IKE transform, lengths. */
#include <keydb_alg.h>

#include <errno.h>
#include <string.h>

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/*
 * Columns: id, kind, PF_KEY, IKE, kernel, setkey, key min/max/step bits, salt bits, ICV bits,
 * IV bytes, block bytes.  HMAC keys have the hash's length (RFC 2403, 2404, 4868); the ICVs are
 * those of the RFCs, not of Linux' PF_KEY (SHA-256: 128, there 96).
 */
/* clang-format off */
static const struct keydb_alg_info rows[] = {
	{ KEYDB_ALG_DES_CBC, KEYDB_ALG_ENCR, 2, 2, "cbc(des)", "des-cbc", 64, 64, 0, 0, 0, 8, 8 },
	{ KEYDB_ALG_3DES_CBC, KEYDB_ALG_ENCR, 3, 3, "cbc(des3_ede)", "3des-cbc", 192, 192, 0, 0, 0, 8, 8 },
	{ KEYDB_ALG_CAST128_CBC, KEYDB_ALG_ENCR, 6, 6, "cbc(cast5)", "cast128-cbc", 40, 128, 8, 0, 0, 8, 8 },
	{ KEYDB_ALG_BLOWFISH_CBC, KEYDB_ALG_ENCR, 7, 7, "cbc(blowfish)", "blowfish-cbc", 40, 448, 8, 0, 0, 8, 8 },
	{ KEYDB_ALG_NULL, KEYDB_ALG_ENCR, 11, 11, "ecb(cipher_null)", "null", 0, 0, 0, 0, 0, 0, 1 },
	{ KEYDB_ALG_AES_CBC, KEYDB_ALG_ENCR, 12, 12, "cbc(aes)", "aes-cbc", 128, 256, 64, 0, 0, 16, 16 },
	{ KEYDB_ALG_AES_CTR, KEYDB_ALG_ENCR, 13, 13, "rfc3686(ctr(aes))", "aes-ctr", 128, 256, 64, 32, 0, 8, 1 },
	{ KEYDB_ALG_CAMELLIA_CBC, KEYDB_ALG_ENCR, 22, 23, "cbc(camellia)", "camellia-cbc", 128, 256, 64, 0, 0, 16, 16 },
	{ KEYDB_ALG_TWOFISH_CBC, KEYDB_ALG_ENCR, 253, 0, "cbc(twofish)", "twofish-cbc", 128, 256, 64, 0, 0, 16, 16 },
	{ KEYDB_ALG_SERPENT_CBC, KEYDB_ALG_ENCR, 252, 0, "cbc(serpent)", "serpent-cbc", 128, 256, 64, 0, 0, 16, 16 },
	{ KEYDB_ALG_SM4_CBC, KEYDB_ALG_ENCR, 24, 0, "cbc(sm4)", "sm4-cbc", 128, 128, 0, 0, 0, 16, 16 },

	{ KEYDB_ALG_HMAC_MD5, KEYDB_ALG_AUTH, 2, 1, "hmac(md5)", "hmac-md5", 128, 128, 0, 0, 96, 0, 0 },
	{ KEYDB_ALG_HMAC_SHA1, KEYDB_ALG_AUTH, 3, 2, "hmac(sha1)", "hmac-sha1", 160, 160, 0, 0, 96, 0, 0 },
	{ KEYDB_ALG_HMAC_SHA256, KEYDB_ALG_AUTH, 5, 12, "hmac(sha256)", "hmac-sha256", 256, 256, 0, 0, 128, 0, 0 },
	{ KEYDB_ALG_HMAC_SHA384, KEYDB_ALG_AUTH, 6, 13, "hmac(sha384)", "hmac-sha384", 384, 384, 0, 0, 192, 0, 0 },
	{ KEYDB_ALG_HMAC_SHA512, KEYDB_ALG_AUTH, 7, 14, "hmac(sha512)", "hmac-sha512", 512, 512, 0, 0, 256, 0, 0 },
	{ KEYDB_ALG_HMAC_RIPEMD160, KEYDB_ALG_AUTH, 8, 0, "hmac(rmd160)", "hmac-ripemd160", 160, 160, 0, 0, 96, 0, 0 },
	{ KEYDB_ALG_AES_XCBC_MAC, KEYDB_ALG_AUTH, 9, 5, "xcbc(aes)", "aes-xcbc-mac", 128, 128, 0, 0, 96, 0, 0 },
	{ KEYDB_ALG_AES_CMAC, KEYDB_ALG_AUTH, 0, 8, "cmac(aes)", "aes-cmac", 128, 128, 0, 0, 96, 0, 0 },
	{ KEYDB_ALG_HMAC_SM3, KEYDB_ALG_AUTH, 10, 0, "hmac(sm3)", "hmac-sm3", 256, 256, 0, 0, 256, 0, 0 },
	{ KEYDB_ALG_AUTH_NULL, KEYDB_ALG_AUTH, 251, 0, "digest_null", "null", 0, 0, 0, 0, 0, 0, 0 },

	{ KEYDB_ALG_AES_GCM_8, KEYDB_ALG_AEAD, 18, 18, "rfc4106(gcm(aes))", "aes-gcm-8", 128, 256, 64, 32, 64, 8, 1 },
	{ KEYDB_ALG_AES_GCM_12, KEYDB_ALG_AEAD, 19, 19, "rfc4106(gcm(aes))", "aes-gcm-12", 128, 256, 64, 32, 96, 8, 1 },
	{ KEYDB_ALG_AES_GCM_16, KEYDB_ALG_AEAD, 20, 20, "rfc4106(gcm(aes))", "aes-gcm-16", 128, 256, 64, 32, 128, 8, 1 },
	{ KEYDB_ALG_AES_CCM_8, KEYDB_ALG_AEAD, 14, 14, "rfc4309(ccm(aes))", "aes-ccm-8", 128, 256, 64, 24, 64, 8, 1 },
	{ KEYDB_ALG_AES_CCM_12, KEYDB_ALG_AEAD, 15, 15, "rfc4309(ccm(aes))", "aes-ccm-12", 128, 256, 64, 24, 96, 8, 1 },
	{ KEYDB_ALG_AES_CCM_16, KEYDB_ALG_AEAD, 16, 16, "rfc4309(ccm(aes))", "aes-ccm-16", 128, 256, 64, 24, 128, 8, 1 },
	{ KEYDB_ALG_AES_GMAC, KEYDB_ALG_AEAD, 23, 21, "rfc4543(gcm(aes))", "aes-gmac", 128, 256, 64, 32, 128, 8, 1 },
	{ KEYDB_ALG_CHACHA20_POLY1305, KEYDB_ALG_AEAD, 0, 28, "rfc7539esp(chacha20,poly1305)", "chacha20-poly1305", 256, 256, 0, 32, 128, 8, 1 },

	{ KEYDB_ALG_DEFLATE, KEYDB_ALG_COMP, 2, 2, "deflate", "deflate", 0, 0, 0, 0, 0, 0, 0 },
	{ KEYDB_ALG_LZS, KEYDB_ALG_COMP, 3, 3, "lzs", "lzs", 0, 0, 0, 0, 0, 0, 0 },
	{ KEYDB_ALG_LZJH, KEYDB_ALG_COMP, 4, 4, "lzjh", "lzjh", 0, 0, 0, 0, 0, 0, 0 },
};
/* clang-format on */

/* Words that setkey took through the years for the rows above. */
static const struct {
	const char *name;
	uint16_t id;
} aliases[] = {
	{ "rijndael-cbc", KEYDB_ALG_AES_CBC },      { "simple", KEYDB_ALG_NULL },
	{ "hmac-sha2-256", KEYDB_ALG_HMAC_SHA256 }, { "hmac-sha2-384", KEYDB_ALG_HMAC_SHA384 },
	{ "hmac-sha2-512", KEYDB_ALG_HMAC_SHA512 },
};

const struct keydb_alg_info *keydb_alg_table(size_t *ret_n)
{
	*ret_n = N_ROWS;
	return rows;
}

const struct keydb_alg_info *keydb_alg_by_id(uint16_t id)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

const struct keydb_alg_info *keydb_alg_by_setkey(enum keydb_alg_kind kind, const char *name)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].kind == kind && !strcmp(rows[i].setkey_name, name))
			return &rows[i];
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		const struct keydb_alg_info *row = keydb_alg_by_id(aliases[i].id);
		if (row->kind == kind && !strcmp(aliases[i].name, name))
			return row;
	}
	return NULL;
}

const struct keydb_alg_info *keydb_alg_by_xfrm(enum keydb_alg_kind kind, const char *name,
					       uint16_t icv_bits)
{
	const struct keydb_alg_info *first = NULL;
	for (size_t i = 0; i < N_ROWS; i++) {
		if (rows[i].kind != kind || strcmp(rows[i].xfrm_name, name))
			continue;
		if (rows[i].icv_bits == icv_bits)
			return &rows[i];
		if (!first)
			first = &rows[i];
	}
	return first;
}

const struct keydb_alg_info *keydb_alg_by_pfkey(enum keydb_alg_kind kind, uint8_t pfkey_id)
{
	for (size_t i = 0; pfkey_id && i < N_ROWS; i++)
		if (rows[i].kind == kind && rows[i].pfkey_id == pfkey_id)
			return &rows[i];
	return NULL;
}

static enum keydb_alg_kind ike_kind(enum keydb_alg_kind kind)
{
	return kind == KEYDB_ALG_AEAD ? KEYDB_ALG_ENCR : kind;
}

const struct keydb_alg_info *keydb_alg_by_ike(enum keydb_alg_kind kind, uint16_t transform_id)
{
	for (size_t i = 0; transform_id && i < N_ROWS; i++)
		if (ike_kind(rows[i].kind) == ike_kind(kind) &&
		    rows[i].ike_transform_id == transform_id)
			return &rows[i];
	return NULL;
}

static bool key_fits(const struct keydb_alg_info *info, size_t key_len)
{
	size_t salt_bytes = info->salt_bits / 8;
	if (key_len > KEYDB_KEY_MAX_BYTES || key_len < salt_bytes)
		return false;
	size_t bits = (key_len - salt_bytes) * 8;
	if (bits < info->key_min_bits || bits > info->key_max_bits)
		return false;
	return !info->key_step_bits || (bits - info->key_min_bits) % info->key_step_bits == 0;
}

int keydb_alg_set(struct keydb_alg *ret, const struct keydb_alg_info *info, const void *key,
		  size_t key_len, uint16_t icv_bits)
{
	if (!info || !key_fits(info, key_len))
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	ret->id = info->id;
	ret->key_bits = (uint16_t)(key_len * 8);
	ret->icv_bits = icv_bits ? icv_bits : info->icv_bits;
	memcpy(ret->name, info->xfrm_name, strlen(info->xfrm_name)); /* a row fits, see the test */
	if (key_len)
		memcpy(ret->key, key, key_len);
	return 0;
}
