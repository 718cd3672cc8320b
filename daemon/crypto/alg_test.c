/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/alg.h"

#include "base/attr.h"
#include "base/unit.h"

static void no_key_twice(void **state)
{
	size_t n;
	const struct alg *t = alg_table(&n);
	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(alg_find(t[i].type, t[i].id), &t[i]);
	assert_null(alg_find(TRANSFORM_ENCR, 99));
	assert_null(alg_find(TRANSFORM_KE, 2));
}

static void words_are_unique(void **state)
{
	size_t n;
	const struct alg *t = alg_table(&n);
	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t w = 0; w < ALG_WORDS_MAX && t[i].words[w]; w++)
			assert_ptr_equal(alg_find_word(t[i].type, t[i].words[w]), &t[i]);
}

static void rows_are_complete(void **state)
{
	size_t n;
	const struct alg *t = alg_table(&n);
	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_non_null(t[i].name);
		assert_true(t[i].ike || t[i].esp);
		assert_true(!t[i].aead || (t[i].salt_bytes && t[i].iv_bytes && t[i].icv_bytes));
		assert_true(t[i].type != TRANSFORM_KE || t[i].id == KE_NONE || t[i].public_bytes);
		assert_true(t[i].type != TRANSFORM_PRF || t[i].output_bytes);
		assert_true(t[i].type != TRANSFORM_INTEG || t[i].icv_bytes <= t[i].output_bytes);
		if (t[i].ike)
			assert_non_null(t[i].openssl[0]);
	}
}

static void configuration_words(void **state)
{
	static const struct {
		uint8_t type;
		const char *word;
		uint16_t id;
	} rows[] = {
		{ TRANSFORM_ENCR, "aes", ENCR_AES_CBC },
		{ TRANSFORM_ENCR, "rijndael", ENCR_AES_CBC },
		{ TRANSFORM_ENCR, "aes_gcm16", ENCR_AES_GCM_16 },
		{ TRANSFORM_ENCR, "AES_GCM_16", ENCR_AES_GCM_16 },
		{ TRANSFORM_ENCR, "null_enc", ENCR_NULL },
		{ TRANSFORM_PRF, "prf_sha256", PRF_HMAC_SHA2_256 },
		{ TRANSFORM_PRF, "sha384", PRF_HMAC_SHA2_384 },
		{ TRANSFORM_INTEG, "hmac_sha256", INTEG_HMAC_SHA2_256_128 },
		{ TRANSFORM_INTEG, "sha2_256", INTEG_HMAC_SHA2_256_128 },
		{ TRANSFORM_INTEG, "non_auth", INTEG_NONE },
		{ TRANSFORM_KE, "modp2048", KE_MODP_2048 },
		{ TRANSFORM_KE, "14", KE_MODP_2048 },
		{ TRANSFORM_KE, "ecp256", KE_ECP_256 },
		{ TRANSFORM_KE, "19", KE_ECP_256 },
		{ TRANSFORM_KE, "x25519", KE_CURVE25519 },
		{ TRANSFORM_KE, "curve25519", KE_CURVE25519 },
		{ TRANSFORM_KE, "31", KE_CURVE25519 },
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		const struct alg *alg = alg_find_word(rows[i].type, rows[i].word);
		assert_non_null(alg);
		assert_int_equal(alg->id, rows[i].id);
	}
	assert_null(alg_find_word(TRANSFORM_ENCR, "aes256"));
	assert_null(alg_find_word(TRANSFORM_KE, "modp1024"));
	assert_null(alg_find_word(TRANSFORM_KE, ""));
}

static void key_sizes(void **state)
{
	const struct alg *aes = alg_find(TRANSFORM_ENCR, ENCR_AES_CBC);
	const struct alg *chacha = alg_find(TRANSFORM_ENCR, ENCR_CHACHA20_POLY1305);
	(void)state;
	assert_true(alg_takes_bits(aes, 0) && alg_takes_bits(aes, 192));
	assert_false(alg_takes_bits(aes, 200));
	assert_true(alg_takes_bits(chacha, 256));
	assert_false(alg_takes_bits(chacha, 128));
	assert_int_equal(transform_of(aes, 0).key_bits, 128);
	assert_int_equal(transform_of(aes, 256).key_bits, 256);
	assert_int_equal(transform_of(chacha, 256).key_bits, 0);
}

static size_t key_bytes(uint8_t type, uint16_t id, uint16_t bits)
{
	const struct transform t = { .type = type, .id = id, .key_bits = bits };
	return transform_key_bytes(&t);
}

static void key_material_counts_the_salt(void **state)
{
	(void)state;
	assert_int_equal(key_bytes(TRANSFORM_ENCR, ENCR_AES_CBC, 256), 32);
	assert_int_equal(key_bytes(TRANSFORM_ENCR, ENCR_AES_GCM_16, 128), 20);
	assert_int_equal(key_bytes(TRANSFORM_ENCR, ENCR_AES_GCM_16, 256), 36);
	assert_int_equal(key_bytes(TRANSFORM_ENCR, ENCR_AES_CTR, 192), 28);
	assert_int_equal(key_bytes(TRANSFORM_ENCR, ENCR_CHACHA20_POLY1305, 0), 36);
	assert_int_equal(key_bytes(TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0), 20);
	assert_int_equal(key_bytes(TRANSFORM_INTEG, INTEG_HMAC_SHA2_384_192, 0), 48);
	assert_int_equal(key_bytes(TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0), 32);
}

static void unknown_key_sizes_have_no_length(void **state)
{
	(void)state;
	assert_int_equal(key_bytes(TRANSFORM_ENCR, ENCR_AES_CBC, 0), 0);
	assert_int_equal(key_bytes(TRANSFORM_ENCR, ENCR_AES_CBC, 129), 0);
	assert_int_equal(key_bytes(TRANSFORM_ENCR, ENCR_CHACHA20_POLY1305, 256), 0);
	assert_int_equal(key_bytes(TRANSFORM_ENCR, 99, 128), 0);
	assert_int_equal(key_bytes(77, 1, 0), 0);
}

static void check_text(struct transform t, const char *expected)
{
	char buf[TRANSFORM_TEXT_MAX_BYTES];
	assert_string_equal(transform_text(&t, buf), expected);
}

static void transforms_as_text(void **state)
{
	(void)state;
	check_text((struct transform){ TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, "AES_GCM_16_256");
	check_text((struct transform){ TRANSFORM_KE, KE_CURVE25519, 0 }, "CURVE25519");
	check_text((struct transform){ TRANSFORM_ESN, ESN_NO, 0 }, "NO_ESN");
	check_text((struct transform){ TRANSFORM_ENCR, 99, 128 }, "ENCR(99)_128");
	check_text((struct transform){ TRANSFORM_KE, 65535, 65535 }, "KE(65535)_65535");
	check_text((struct transform){ 255, 65535, 65535 }, "TYPE?(65535)_65535");
}

static void equality_counts_every_member(void **state)
{
	const struct transform a = { TRANSFORM_ENCR, ENCR_AES_CBC, 128 };
	const struct transform others[] = { { TRANSFORM_PRF, ENCR_AES_CBC, 128 },
					    { TRANSFORM_ENCR, ENCR_AES_CTR, 128 },
					    { TRANSFORM_ENCR, ENCR_AES_CBC, 256 } };
	(void)state;
	assert_true(transform_eq(&a, &a));
	for (size_t i = 0; i < N_ELEMENTS(others); i++)
		assert_false(transform_eq(&a, &others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("no number stands twice in the table", no_key_twice),
		UNIT("no word stands twice within a type", words_are_unique),
		UNIT("every row says what its type needs", rows_are_complete),
		UNIT("racoon.conf's words find their rows", configuration_words),
		UNIT("key sizes are those of the table", key_sizes),
		UNIT("key material counts the salt", key_material_counts_the_salt),
		UNIT("unknown key sizes have no length", unknown_key_sizes_have_no_length),
		UNIT("transforms are printed, unknown ones too", transforms_as_text),
		UNIT("equality counts every member", equality_counts_every_member),
	};
	return cmocka_run_group_tests_name("alg", tests, NULL, NULL);
}
