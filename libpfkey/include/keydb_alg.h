/* SPDX-License-Identifier: BSD-2-Clause */
/* keydb's table of algorithms: the same thing under its names in PF_KEY, XFRM, setkey and IKE. */
#ifndef KEYDB_ALG_H
#define KEYDB_ALG_H

#include <keydb_model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers of ours: they never change, so that they may be stored and sent. */
enum keydb_alg_id {
	KEYDB_ALG_ID_NONE = 0,
	KEYDB_ALG_DES_CBC = 1,
	KEYDB_ALG_3DES_CBC = 2,
	KEYDB_ALG_CAST128_CBC = 3,
	KEYDB_ALG_BLOWFISH_CBC = 4,
	KEYDB_ALG_NULL = 5,
	KEYDB_ALG_AES_CBC = 6,
	KEYDB_ALG_AES_CTR = 7,
	KEYDB_ALG_CAMELLIA_CBC = 8,
	KEYDB_ALG_TWOFISH_CBC = 9,
	KEYDB_ALG_SERPENT_CBC = 10,
	KEYDB_ALG_SM4_CBC = 11,
	KEYDB_ALG_HMAC_MD5 = 32,
	KEYDB_ALG_HMAC_SHA1 = 33,
	KEYDB_ALG_HMAC_SHA256 = 34,
	KEYDB_ALG_HMAC_SHA384 = 35,
	KEYDB_ALG_HMAC_SHA512 = 36,
	KEYDB_ALG_HMAC_RIPEMD160 = 37,
	KEYDB_ALG_AES_XCBC_MAC = 38,
	KEYDB_ALG_AES_CMAC = 39,
	KEYDB_ALG_HMAC_SM3 = 40,
	KEYDB_ALG_AUTH_NULL = 41,
	KEYDB_ALG_AES_GCM_8 = 64,
	KEYDB_ALG_AES_GCM_12 = 65,
	KEYDB_ALG_AES_GCM_16 = 66,
	KEYDB_ALG_AES_CCM_8 = 67,
	KEYDB_ALG_AES_CCM_12 = 68,
	KEYDB_ALG_AES_CCM_16 = 69,
	KEYDB_ALG_AES_GMAC = 70, /* RFC 4543 in ESP: integrity only */
	KEYDB_ALG_CHACHA20_POLY1305 = 71,
	KEYDB_ALG_DEFLATE = 96,
	KEYDB_ALG_LZS = 97,
	KEYDB_ALG_LZJH = 98,
};

/* One row per algorithm. */
struct keydb_alg_info {
	uint16_t id;      /* enum keydb_alg_id */
	uint8_t kind;     /* enum keydb_alg_kind */
	uint8_t pfkey_id; /* SADB_AALG_*, SADB_X_EALG_*, SADB_X_CALG_*; 0 = PF_KEY has none */
	uint16_t ike_transform_id; /* RFC 7296 3.3.2: ENCR or INTEG; IPCOMP's 3.10.1. 0 = none */
	const char *xfrm_name;     /* "cbc(aes)" */
	const char *setkey_name;   /* "aes-cbc" */
	uint16_t key_min_bits, key_max_bits, key_step_bits; /* without the salt */
	uint16_t salt_bits;
	uint16_t icv_bits; /* default (RFC 4868 for SHA-2) */
	uint8_t iv_bytes, block_bytes;
};

/* All rows; *ret_n is their number. */
const struct keydb_alg_info *keydb_alg_table(size_t *ret_n);
/* The lookups return NULL if there is no such row. */
const struct keydb_alg_info *keydb_alg_by_id(uint16_t id);
/* Also by setkey's older names ("rijndael-cbc", "hmac-sha2-256"). */
const struct keydb_alg_info *keydb_alg_by_setkey(enum keydb_alg_kind kind, const char *name);
/*
 * The kernel has one name for three ICV lengths of GCM: icv_bits chooses; if no row has it (0,
 * or a MAC cut unusually) the first of that name.
 */
const struct keydb_alg_info *keydb_alg_by_xfrm(enum keydb_alg_kind kind, const char *name,
					       uint16_t icv_bits);
const struct keydb_alg_info *keydb_alg_by_pfkey(enum keydb_alg_kind kind, uint8_t pfkey_id);
/* In IKE ciphers and AEADs share their numbers: either kind finds the rows of both. */
const struct keydb_alg_info *keydb_alg_by_ike(enum keydb_alg_kind kind, uint16_t transform_id);
/*
 * Fills *ret with algorithm info, key (key_len bytes, salt included) and the ICV length
 * (0 = the row's default); -EINVAL if the key has a wrong length.
 */
int keydb_alg_set(struct keydb_alg *ret, const struct keydb_alg_info *info, const void *key,
		  size_t key_len, uint16_t icv_bits);

#ifdef __cplusplus
}
#endif

#endif
