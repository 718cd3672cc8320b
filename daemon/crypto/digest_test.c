/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/digest.h"

#include "base/unit.h"
#include "crypto/crypto.h"
#include "crypto/rng.h"

static void known_digests(void **state)
{
	const struct slice parts[] = { slice_of("a", 1), slice_of("", 0), slice_of("bc", 2) };
	uint8_t out[32], expected[32];
	(void)state;
	unit_hex("a9993e364706816aba3e25717850c26c9cd0d89d", expected, 32);
	assert_int_equal(digest_sha1(parts, 3, out), 0);
	assert_memory_equal(out, expected, DIGEST_SHA1_BYTES);
	unit_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", expected, 32);
	assert_int_equal(digest_sha256(parts, 3, out), 0);
	assert_memory_equal(out, expected, DIGEST_SHA256_BYTES);
	unit_hex("da39a3ee5e6b4b0d3255bfef95601890afd80709", expected, 32);
	assert_int_equal(digest_sha1(NULL, 0, out), 0);
	assert_memory_equal(out, expected, DIGEST_SHA1_BYTES);
}

static void random_bytes_differ(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 }, c[33] = { 0 };
	(void)state;
	assert_int_equal(rng_public(a, 32), 0);
	assert_int_equal(rng_public(b, 32), 0);
	assert_memory_not_equal(a, b, 32);
	assert_int_equal(rng_private(c, 32), 0);
	assert_memory_not_equal(a, c, 32);
	assert_int_equal(c[32], 0);
	assert_int_equal(rng_public(a, 0), 0);
}

static void start_and_end(void **state)
{
	uint8_t out[32];
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(crypto_start(), 0);
		assert_int_equal(crypto_start(), 0);
		crypto_end();
		crypto_end();
		assert_int_equal(digest_sha1(NULL, 0, out), 0);
	}
	crypto_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("SHA-1 and SHA-256 give the known values over joined parts", known_digests),
		UNIT("random bytes differ and keep to their length", random_bytes_differ),
		UNIT("the layer starts with every algorithm, ends, and works again", start_and_end),
	};
	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
