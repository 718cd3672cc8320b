/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/ke.h"

#include <errno.h>

#include "base/unit.h"
#include "crypto/crypto.h"
#include "crypto/ke_unit.h"

/* clang-format off */
/* RFC 8031 appendix A; RFC 5903 8.1 to 8.3 */
static const struct {
	uint16_t group;
	const char *i, *r, *public_i, *public_r, *shared;
} rows[] = {
	{ KE_CURVE25519,
	  "701fb4308655b476b6789b7325f9ea8cddd16a58533ff6d9e60009464a5f9d54",
	  "0854645253290d60ddadd0e030bacd9e5501efdc220755a1e978f1b839a05648",
	  "48d5ddd4061257ba166fa3f9bbdb74f1a4e81c089384fa77f790709f0dfbc766",
	  "0be7c1f5aad87d7e448662673298a443478b859745179eaf564c79c0ef6eee25",
	  "c74950607a12327f3204d94b6825bfb068b7f8319a9e3708ed3d43ce8130c950" },
	{ KE_ECP_256,
	  "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
	  "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
	  "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252"
	  "d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
	  "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e"
	  "8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
	  "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de" },
	{ KE_ECP_384,
	  "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee"
	  "3faef896783ab194",
	  "41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942e0308312916b8ed2"
	  "960e4bd55a7448fc",
	  "667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6de3ac808acb4bdb4"
	  "c88732aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38e"
	  "eb9fcff3c2c947dae69b4c634573a81c",
	  "e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d0d1ac43a0336def9"
	  "6fda41d0774a3571dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1ff"
	  "f83fa40142209dff5eaad96db9e6386c",
	  "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d0"
	  "9cf5d4a270f59746" },
	{ KE_ECP_521,
	  "0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a095aa85a30fe1c295"
	  "2c6771d937ba9777f5957b2639bab072462f68c27a57382d4a52",
	  "0145ba99a847af43793fdd0e872e7cdfa16be30fdc780f97bccc3f078380201e9c677d600b343757"
	  "a3bdbf2a3163e4c2f869cca7458aa4a4effc311f5cb151685eb9",
	  "0015417e84dbf28c0ad3c278713349dc7df153c897a1891bd98bab4357c9ecbee1e3bf42e00b8e38"
	  "0aeae57c2d107564941885942af5a7f4601723c4195d176ced3e017cae20b6641d2eeb695786d8c9"
	  "46146239d099e18e1d5a514c739d7cb4a10ad8a788015ac405d7799dc75e7b7d5b6cf2261a6a7f15"
	  "07438bf01beb6ca3926f9582",
	  "00d0b3975ac4b799f5bea16d5e13e9af971d5e9b984c9f39728b5e5739735a219b97c356436adc6e"
	  "95bb0352f6be64a6c2912d4ef2d0433ced2b6171640012d9460f015c68226383956e3bd066e797b6"
	  "23c27ce0eac2f551a10c2c724d9852077b87220b6536c5c408a1d2aebb8e86d678ae49cb57091f47"
	  "32296579ab44fcd17f0fc56a",
	  "01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04d1427e73ca4baa24"
	  "0a34786859810c06b3c715a3a8cc3151f2bee417996d19f3ddea" },
};
/* clang-format on */

static const uint16_t groups[] = { KE_CURVE25519, KE_ECP_256,   KE_ECP_384,  KE_ECP_521,
				   KE_MODP_2048,  KE_MODP_3072, KE_MODP_4096 };

static struct ke *new_ke(uint16_t group)
{
	struct ke *ke = NULL;
	assert_int_equal(ke_new(group, &ke), 0);
	return ke;
}

static void check_known(uint16_t group, const char *private_hex, const char *peer_hex,
			const char *shared_hex)
{
	uint8_t private[80], peer[160], shared[80];
	size_t private_len = unit_hex(private_hex, private, sizeof(private));
	size_t peer_len = unit_hex(peer_hex, peer, sizeof(peer));
	size_t shared_len = unit_hex(shared_hex, shared, sizeof(shared));
	CLEANUP(ke_freep)
	struct ke *ke = ke_unit_new(group, slice_of(private, private_len));
	CLEANUP(secret_done)
	struct secret got = { 0 };
	assert_non_null(ke);
	assert_int_equal(ke_derive(ke, slice_of(peer, peer_len), &got), 0);
	assert_int_equal(got.len, shared_len);
	assert_memory_equal(got.p, shared, shared_len);
}

static void known_secrets(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		check_known(rows[i].group, rows[i].i, rows[i].public_r, rows[i].shared);
		check_known(rows[i].group, rows[i].r, rows[i].public_i, rows[i].shared);
	}
}

/* 256 to the third power is 2^24, whatever the prime: two bytes in front of zeros. */
static void modp_secret_is_padded(void **state)
{
	const uint8_t three = 3;
	uint8_t peer[KE_PUBLIC_MAX_BYTES] = { 0 }, expected[KE_PUBLIC_MAX_BYTES] = { 0 };
	(void)state;
	for (size_t i = 4; i < N_ELEMENTS(groups); i++) {
		size_t len = alg_find(TRANSFORM_KE, groups[i])->public_bytes;
		CLEANUP(ke_freep)
		struct ke *ke = ke_unit_new(groups[i], slice_of(&three, 1));
		CLEANUP(secret_done)
		struct secret got = { 0 };
		memset(peer, 0, sizeof(peer));
		memset(expected, 0, sizeof(expected));
		peer[len - 2] = 1;
		expected[len - 4] = 1;
		assert_int_equal(ke_derive(ke, slice_of(peer, len), &got), 0);
		assert_int_equal(got.len, len);
		assert_memory_equal(got.p, expected, len);
	}
}

static void both_sides_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(groups); i++) {
		CLEANUP(ke_freep)
		struct ke *a = new_ke(groups[i]);
		CLEANUP(ke_freep)
		struct ke *b = new_ke(groups[i]);
		CLEANUP(secret_done)
		struct secret at_a = { 0 };
		CLEANUP(secret_done)
		struct secret at_b = { 0 };
		assert_int_equal(ke_group(a), groups[i]);
		assert_int_equal(ke_public(a).len, alg_find(TRANSFORM_KE, groups[i])->public_bytes);
		assert_false(slice_eq(ke_public(a), ke_public(b)));
		assert_int_equal(ke_derive(a, ke_public(b), &at_a), 0);
		assert_int_equal(ke_derive(b, ke_public(a), &at_b), 0);
		assert_true(secret_eq(secret_slice(&at_a), secret_slice(&at_b)));
	}
}

static void a_key_is_used_once(void **state)
{
	CLEANUP(ke_freep)
	struct ke *a = new_ke(KE_CURVE25519);
	CLEANUP(ke_freep)
	struct ke *b = new_ke(KE_CURVE25519);
	CLEANUP(secret_done)
	struct secret first = { 0 };
	struct secret second = { 0 };
	(void)state;
	assert_int_equal(ke_derive(a, ke_public(b), &first), 0);
	assert_int_equal(ke_derive(a, ke_public(b), &second), -EALREADY);
	assert_null(second.p);
}

static void wrong_lengths_are_refused(void **state)
{
	static uint8_t peer[KE_PUBLIC_MAX_BYTES + 8];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(groups); i++) {
		CLEANUP(ke_freep)
		struct ke *ke = new_ke(groups[i]);
		CLEANUP(ke_freep)
		struct ke *other = new_ke(groups[i]);
		CLEANUP(secret_done)
		struct secret s = { 0 };
		struct slice right = ke_public(other);
		memcpy(peer, right.p, right.len);
		for (size_t len = 0; len <= sizeof(peer); len++)
			if (len != right.len)
				assert_int_equal(ke_derive(ke, slice_of(peer, len), &s), -EBADMSG);
		assert_null(s.p);
		/* and the key is still good */
		assert_int_equal(ke_derive(ke, right, &s), 0);
	}
}

static void refused(struct ke *ke, const uint8_t *peer, size_t len)
{
	struct secret s = { 0 };
	assert_int_equal(ke_derive(ke, slice_of(peer, len), &s), -EBADMSG);
	assert_null(s.p);
}

static void get_prime(const struct ke *ke, uint8_t *ret, size_t len)
{
	BIGNUM *p = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(ke->key, OSSL_PKEY_PARAM_FFC_P, &p), 1);
	assert_int_equal(BN_bn2binpad(p, ret, (int)len), len);
	BN_free(p);
}

static void modp_range(void **state)
{
	uint8_t peer[KE_PUBLIC_MAX_BYTES], prime[KE_PUBLIC_MAX_BYTES];
	(void)state;
	for (size_t i = 4; i < N_ELEMENTS(groups); i++) {
		size_t len = alg_find(TRANSFORM_KE, groups[i])->public_bytes;
		CLEANUP(ke_freep)
		struct ke *ke = new_ke(groups[i]);
		CLEANUP(secret_done)
		struct secret s = { 0 };
		get_prime(ke, prime, len);
		memset(peer, 0, len);
		refused(ke, peer, len); /* 0 */
		peer[len - 1] = 1;
		refused(ke, peer, len); /* 1 */
		memcpy(peer, prime, len);
		refused(ke, peer, len); /* p */
		peer[len - 1]--;
		refused(ke, peer, len); /* p - 1 */
		memset(peer, 0xff, len);
		refused(ke, peer, len);
		memcpy(peer, prime, len);
		peer[len - 1] -= 2;
		assert_int_equal(ke_derive(ke, slice_of(peer, len), &s), 0); /* p - 2 */
	}
}

static void modp_two_is_allowed(void **state)
{
	uint8_t two[256] = { [255] = 2 };
	CLEANUP(ke_freep)
	struct ke *ke = new_ke(KE_MODP_2048);
	CLEANUP(secret_done)
	struct secret s = { 0 };
	(void)state;
	assert_int_equal(ke_derive(ke, slice_of(two, sizeof(two)), &s), 0);
	/* g is 2: what comes out is our own public value */
	assert_true(slice_eq(secret_slice(&s), ke_public(ke)));
}

static void points_off_the_curve(void **state)
{
	uint8_t peer[132];
	(void)state;
	for (size_t i = 1; i < 4; i++) {
		CLEANUP(ke_freep)
		struct ke *ke = new_ke(groups[i]);
		CLEANUP(ke_freep)
		struct ke *other = new_ke(groups[i]);
		struct slice right = ke_public(other);
		for (size_t byte = 0; byte < right.len; byte++) {
			memcpy(peer, right.p, right.len);
			peer[byte] ^= 1;
			refused(ke, peer, right.len);
		}
		memset(peer, 0, right.len);
		refused(ke, peer, right.len);
		memset(peer, 0xff, right.len);
		refused(ke, peer, right.len);
	}
}

/* RFC 7748 6.1: the points of small order, p among them as another way to write 0. */
static void points_of_small_order(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	};
	CLEANUP(ke_freep)
	struct ke *ke = new_ke(KE_CURVE25519);
	uint8_t peer[32];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(points); i++) {
		assert_int_equal(unit_hex(points[i], peer, sizeof(peer)), 32);
		refused(ke, peer, sizeof(peer));
	}
}

static void unknown_groups(void **state)
{
	static const uint16_t unknown[] = { KE_NONE, 1, 2, 5, 22, 99, 65535 };
	struct ke *ke = NULL;
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(unknown); i++)
		assert_int_equal(ke_new(unknown[i], &ke), -ENOTSUP);
	assert_null(ke);
	ke_free(NULL);
}

static int end(void **state)
{
	(void)state;
	crypto_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("the RFCs' key exchanges give their secrets", known_secrets),
		UNIT("a MODP secret is padded to the group's length", modp_secret_is_padded),
		UNIT("both sides agree in every group, with fresh keys", both_sides_agree),
		UNIT("a private key is used once", a_key_is_used_once),
		UNIT("every wrong length is refused and leaves the key good",
		     wrong_lengths_are_refused),
		UNIT("MODP values outside of 1 < r < p - 1 are refused", modp_range),
		UNIT("the smallest MODP value is allowed", modp_two_is_allowed),
		UNIT("points off the curve are refused", points_off_the_curve),
		UNIT("Curve25519's points of small order are refused", points_of_small_order),
		UNIT("groups that we do not have are refused", unknown_groups),
	};
	return cmocka_run_group_tests_name("ke", tests, NULL, end);
}
