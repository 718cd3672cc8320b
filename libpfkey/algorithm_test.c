/* SPDX-License-Identifier: BSD-2-Clause */
/* The algorithm table: each row is found under each of its names, lengths are those of the RFCs. */
#include <keydb_alg.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void each_row_is_found_under_every_name(void **state)
{
	size_t n;
	const struct keydb_alg_info *rows = keydb_alg_table(&n);
	(void)state;
	assert_true(n > 30);
	for (const struct keydb_alg_info *r = rows; r < rows + n; r++) {
		assert_true(strlen(r->xfrm_name) < KEYDB_ALG_NAME_MAX_BYTES);
		assert_ptr_equal(keydb_alg_by_id(r->id), r);
		assert_ptr_equal(keydb_alg_by_setkey(r->kind, r->setkey_name), r);
		assert_ptr_equal(keydb_alg_by_xfrm(r->kind, r->xfrm_name, r->icv_bits), r);
		if (r->pfkey_id)
			assert_ptr_equal(keydb_alg_by_pfkey(r->kind, r->pfkey_id), r);
		if (r->ike_transform_id)
			assert_ptr_equal(keydb_alg_by_ike(r->kind, r->ike_transform_id), r);
	}
}

static void no_two_rows_share_a_number_or_a_word(void **state)
{
	size_t n;
	const struct keydb_alg_info *rows = keydb_alg_table(&n);
	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(rows[i].id, rows[j].id);
			assert_false(rows[i].kind == rows[j].kind &&
				     !strcmp(rows[i].setkey_name, rows[j].setkey_name));
		}
	}
}

static void key_lengths_outside_a_row_are_refused(void **state)
{
	static const uint8_t key[KEYDB_KEY_MAX_BYTES + 1];
	size_t n;
	const struct keydb_alg_info *rows = keydb_alg_table(&n);
	(void)state;
	for (const struct keydb_alg_info *r = rows; r < rows + n; r++) {
		struct keydb_alg a;
		size_t salt = r->salt_bits / 8;
		size_t min = r->key_min_bits / 8 + salt, max = r->key_max_bits / 8 + salt;
		assert_int_equal(keydb_alg_set(&a, r, key, min, 0), 0);
		assert_int_equal(keydb_alg_set(&a, r, key, max, 0), 0);
		assert_int_equal(a.key_bits, max * 8);
		assert_int_equal(a.icv_bits, r->icv_bits);
		assert_string_equal(a.name, r->xfrm_name);
		assert_int_equal(keydb_alg_set(&a, r, key, max + 1, 0), -EINVAL);
		if (min)
			assert_int_equal(keydb_alg_set(&a, r, key, min - 1, 0), -EINVAL);
		if (r->key_step_bits > 8)
			assert_int_equal(keydb_alg_set(&a, r, key, min + 1, 0), -EINVAL);
	}
}

static void sha256_has_the_icv_of_rfc_4868(void **state)
{
	static const uint8_t key[32];
	struct keydb_alg a;
	const struct keydb_alg_info *r = keydb_alg_by_setkey(KEYDB_ALG_AUTH, "hmac-sha256");
	(void)state;
	assert_int_equal(keydb_alg_set(&a, r, key, sizeof(key), 0), 0);
	assert_int_equal(a.icv_bits, 128);
	assert_int_equal(keydb_alg_set(&a, r, key, sizeof(key), 96), 0);
	assert_int_equal(a.icv_bits, 96);
}

static void older_words_of_setkey_are_known(void **state)
{
	(void)state;
	assert_int_equal(keydb_alg_by_setkey(KEYDB_ALG_ENCR, "rijndael-cbc")->id,
			 KEYDB_ALG_AES_CBC);
	assert_int_equal(keydb_alg_by_setkey(KEYDB_ALG_AUTH, "hmac-sha2-512")->id,
			 KEYDB_ALG_HMAC_SHA512);
	assert_null(keydb_alg_by_setkey(KEYDB_ALG_ENCR, "hmac-sha2-512"));
	assert_null(keydb_alg_by_setkey(KEYDB_ALG_ENCR, ""));
}

static void the_icv_chooses_among_rows_of_one_name(void **state)
{
	const char *gcm = "rfc4106(gcm(aes))";
	(void)state;
	assert_int_equal(keydb_alg_by_xfrm(KEYDB_ALG_AEAD, gcm, 64)->id, KEYDB_ALG_AES_GCM_8);
	assert_int_equal(keydb_alg_by_xfrm(KEYDB_ALG_AEAD, gcm, 128)->id, KEYDB_ALG_AES_GCM_16);
	assert_int_equal(keydb_alg_by_xfrm(KEYDB_ALG_AUTH, "hmac(sha256)", 96)->id,
			 KEYDB_ALG_HMAC_SHA256);
	assert_null(keydb_alg_by_xfrm(KEYDB_ALG_AEAD, "hmac(sha256)", 96));
}

static void ike_numbers_ciphers_and_aeads_together(void **state)
{
	(void)state;
	assert_int_equal(keydb_alg_by_ike(KEYDB_ALG_ENCR, 20)->id, KEYDB_ALG_AES_GCM_16);
	assert_int_equal(keydb_alg_by_ike(KEYDB_ALG_AEAD, 12)->id, KEYDB_ALG_AES_CBC);
	assert_int_equal(keydb_alg_by_ike(KEYDB_ALG_AUTH, 12)->id, KEYDB_ALG_HMAC_SHA256);
	assert_null(keydb_alg_by_ike(KEYDB_ALG_ENCR, 0));
	assert_null(keydb_alg_by_pfkey(KEYDB_ALG_AEAD, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_found_under_every_name),
		cmocka_unit_test(no_two_rows_share_a_number_or_a_word),
		cmocka_unit_test(key_lengths_outside_a_row_are_refused),
		cmocka_unit_test(sha256_has_the_icv_of_rfc_4868),
		cmocka_unit_test(older_words_of_setkey_are_known),
		cmocka_unit_test(the_icv_chooses_among_rows_of_one_name),
		cmocka_unit_test(ike_numbers_ciphers_and_aeads_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
