/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE's algorithms in one table: number on the wire, words in the configuration, sizes.
 * RFC 7296 3.3.2 and the IANA registry "IKEv2 Parameters".
 */
#ifndef TANUKI_CRYPTO_ALG_H
#define TANUKI_CRYPTO_ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum transform_type {
	TRANSFORM_ENCR = 1,
	TRANSFORM_PRF = 2,
	TRANSFORM_INTEG = 3,
	TRANSFORM_KE = 4,
	TRANSFORM_ESN = 5,
};

enum {
	ENCR_NULL = 11,
	ENCR_AES_CBC = 12,
	ENCR_AES_CTR = 13,
	ENCR_AES_GCM_16 = 20,
	ENCR_CHACHA20_POLY1305 = 28,
};
enum {
	PRF_HMAC_SHA1 = 2,
	PRF_HMAC_SHA2_256 = 5,
	PRF_HMAC_SHA2_384 = 6,
	PRF_HMAC_SHA2_512 = 7,
};
enum {
	INTEG_NONE = 0,
	INTEG_HMAC_SHA1_96 = 2,
	INTEG_HMAC_SHA2_256_128 = 12,
	INTEG_HMAC_SHA2_384_192 = 13,
	INTEG_HMAC_SHA2_512_256 = 14,
};
enum {
	KE_NONE = 0,
	KE_MODP_2048 = 14,
	KE_MODP_3072 = 15,
	KE_MODP_4096 = 16,
	KE_ECP_256 = 19,
	KE_ECP_384 = 20,
	KE_ECP_521 = 21,
	KE_CURVE25519 = 31,
};
enum { ESN_NO = 0, ESN_YES = 1 };

/* key_bits 0: the algorithm has one key size (no attribute on the wire). */
struct transform {
	uint8_t type;
	uint16_t id;
	uint16_t key_bits;
};

enum { ALG_WORDS_MAX = 8, ALG_KEY_SIZES_MAX = 3 };

struct alg {
	uint8_t type; /* enum transform_type */
	uint16_t id;
	const char *name; /* "AES_GCM_16": for people */
	/* in racoon.conf: "aes_gcm16"; NULL ends */
	const char *words[ALG_WORDS_MAX];
	/* ENCR: sizes to choose from, the default first; 0 ends */
	uint16_t key_bits[ALG_KEY_SIZES_MAX];
	bool fixed_key; /* ENCR: one key size, no attribute on the wire */
	bool aead;
	bool ike; /* usable in an IKE SA (crypto implements it) */
	bool esp; /* usable in ESP (the kernel implements it) */
	uint8_t salt_bytes, iv_bytes, block_bytes, icv_bytes;
	uint16_t output_bytes; /* PRF, INTEG: of the full hash, which is also the key's length */
	uint16_t public_bytes; /* KE: length of key exchange data */
	/* EVP names: ENCR one per key size, PRF and INTEG the digest, KE type and group */
	const char *openssl[ALG_KEY_SIZES_MAX];
};

/* All rows, for configuration and tests. */
const struct alg *alg_table(size_t *ret_n);
/* NULL if we do not know it. */
const struct alg *alg_find(uint8_t type, uint16_t id);
/* By racoon.conf's word, case ignored: "aes", "14", "prf_sha256".  NULL if there is none. */
const struct alg *alg_find_word(uint8_t type, const char *word);
/*
 * May this many key bits stand behind the word in the configuration?  0 (nothing said) always
 * may; an algorithm of one size takes that size too.
 */
bool alg_takes_bits(const struct alg *alg, uint16_t bits);
/* The transform for the wire: bits 0 means the default size.  alg_takes_bits() must be true. */
struct transform transform_of(const struct alg *alg, uint16_t bits);
/* "AES_GCM_16_256"; unknown ones as "ENCR(99)_128"; buf returned. */
enum { TRANSFORM_TEXT_MAX_BYTES = 48 };
const char *transform_text(const struct transform *t, char *buf);
/* "ENCR", "PRF", "INTEG", "KE", "ESN"; "TYPE?" for others. */
const char *transform_type_name(uint8_t type);
/*
 * Key material bytes of an ENCR transform, the salt included, or of an INTEG or PRF transform;
 * 0 if we do not know the algorithm or it has no keys of that size.
 */
size_t transform_key_bytes(const struct transform *t);
bool transform_eq(const struct transform *a, const struct transform *b);

#endif
