/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets of all sizes: zeroed at first, moved, compared, gone. */
#include "base/secret.h"

#include "base/unit.h"

static void test_secrets_of_all_sizes(void **state)
{
	static const size_t lens[] = { 1, 16, 31, 32, 33, 64, 256, 4095, 4096, 4097, 100000 };
	struct secret secrets[N_ELEMENTS(lens)] = { 0 };

	(void)state;
	/* Twice: what comes back is used again, and must be zero again. */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < N_ELEMENTS(lens); i++) {
			assert_int_equal(secret_init(&secrets[i], lens[i]), 0);
			assert_int_equal(secrets[i].len, lens[i]);
			for (size_t j = 0; j < lens[i]; j++)
				assert_int_equal(secrets[i].p[j], 0);
			memset(secrets[i].p, (int)i + 1, lens[i]);
		}
		for (size_t i = 0; i < N_ELEMENTS(lens); i++) {
			for (size_t j = 0; j < lens[i]; j++)
				assert_int_equal(secrets[i].p[j], i + 1);
			secret_done(&secrets[i]);
			assert_null(secrets[i].p);
			assert_int_equal(secrets[i].len, 0);
		}
	}
}

static void test_many_small_secrets_do_not_overlap(void **state)
{
	enum { N_SECRETS = 5000 };
	struct secret *secrets = calloc(N_SECRETS, sizeof(*secrets));

	(void)state;
	for (size_t i = 0; i < N_SECRETS; i++)
		assert_int_equal(secret_init_copy(&secrets[i], slice_of(&i, sizeof(i))), 0);
	for (size_t i = 0; i < N_SECRETS; i++) {
		assert_memory_equal(secrets[i].p, &i, sizeof(i));
		secret_done(&secrets[i]);
	}
	free(secrets);
}

static void test_empty_secrets_are_fine(void **state)
{
	struct secret s = { 0 };

	(void)state;
	assert_int_equal(secret_init(&s, 0), 0);
	assert_null(s.p);
	assert_int_equal(secret_init_copy(&s, slice_of(NULL, 0)), 0);
	secret_done(&s);
	secret_done(&s);
	secret_done(NULL);
	secret_wipe(NULL, 0);
}

static void test_taking_moves_the_bytes(void **state)
{
	struct secret from = { 0 }, to;

	(void)state;
	assert_int_equal(secret_init_copy(&from, slice_of("key", 3)), 0);
	to = secret_take(&from);
	assert_null(from.p);
	assert_int_equal(from.len, 0);
	assert_true(slice_eq(secret_slice(&to), slice_of("key", 3)));
	secret_done(&to);
}

static void test_comparison(void **state)
{
	(void)state;
	assert_true(secret_eq(slice_of("abcd", 4), slice_of("abcd", 4)));
	assert_false(secret_eq(slice_of("abcd", 4), slice_of("abce", 4)));
	assert_false(secret_eq(slice_of("xbcd", 4), slice_of("abcd", 4)));
	assert_false(secret_eq(slice_of("abcd", 4), slice_of("abcd", 3)));
	assert_true(secret_eq(slice_of(NULL, 0), slice_of(NULL, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("secrets of all sizes start zeroed, also when used again",
		     test_secrets_of_all_sizes),
		UNIT("many small secrets do not overlap", test_many_small_secrets_do_not_overlap),
		UNIT("empty secrets are fine", test_empty_secrets_are_fine),
		UNIT("taking moves the bytes", test_taking_moves_the_bytes),
		UNIT("comparison sees every byte and the length", test_comparison),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
