/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/prf.h"

#include <errno.h>

#include "base/unit.h"
#include "crypto/alg.h"
#include "crypto/crypto.h"

/* clang-format off */
/* RFC 4231 4.2, 4.3; RFC 2202 3 */
static const struct {
	uint16_t prf;
	const char *key, *data, *out;
} hmac_rows[] = {
	{ PRF_HMAC_SHA1, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
	  "b617318655057264e28bc0b6fb378c8ef146be00" },
	{ PRF_HMAC_SHA2_256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ PRF_HMAC_SHA2_384, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
	  "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
	  "faea9ea9076ede7f4af152e8b2fa9cb6" },
	{ PRF_HMAC_SHA2_512, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
	  "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	  "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
	{ PRF_HMAC_SHA1, "4a656665", "what do ya want for nothing?",
	  "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ PRF_HMAC_SHA2_256, "4a656665", "what do ya want for nothing?",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ PRF_HMAC_SHA2_384, "4a656665", "what do ya want for nothing?",
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649" },
	{ PRF_HMAC_SHA2_512, "4a656665", "what do ya want for nothing?",
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
};

/* prf+(00..1f, "nonce-of-the-initiator" | "nonce-of-the-responder" | 00..0f), 100 bytes */
static const struct {
	uint16_t prf;
	const char *out;
} plus_rows[] = {
	{ PRF_HMAC_SHA1,
	  "eb3820580bcfb2bc8b7618893afc196398f72b5a492e5c9b12cfa1352c302764"
	  "f90434ab88068a016517a5e3edfb74ebb40212ec743989e1a00a150d954c4591"
	  "978852d9246c08e18b4bb30f94ffc805878ff3c8b0e972003f3c373922baa736"
	  "e00be9e2" },
	{ PRF_HMAC_SHA2_256,
	  "b6460a4565557a08c0e1636b27d0d2b5eca97947cf77b2fe5510bdedda41e0ac"
	  "af8fe9f36f03bb8f35da939a7b7ab380aa856e529d6cf1ff5dda8a21dbe89199"
	  "13ac7415f06b54a0658ecb01841506409ce046344b3da9745d7efaf0daaf5fe0"
	  "cb575eb8" },
	{ PRF_HMAC_SHA2_384,
	  "a7379516922719d4b622796c7b67261ebfa02153efd7b222f500f87f36f69467"
	  "8820c393b419ff9e649e9087a12858d2ebc2d3357805dbc627f672add1c28c0e"
	  "f89851a7f57b900d65d8d818134aa991f0cb4653d9704132b7446282ef7e9d80"
	  "9cafd289" },
	{ PRF_HMAC_SHA2_512,
	  "41ad7b0e3d289804f0f8fac4485281cbf3e204c8e5ba84ead57394bdb8a564ba"
	  "ed6b84e08be8c9f54dee41d0ed3d8cf905f8bd9675a374d2ef917e515e95aff4"
	  "a4aecf4af951e707ae975136d950aa6125fc531b04df2d9b26543f23ed42dc4e"
	  "d2d3554c" },
};

/* the key "open sesame", "octets to be signed" */
static const struct {
	uint16_t prf;
	const char *out;
} psk_rows[] = {
	{ PRF_HMAC_SHA1,
	  "1f2ad9e98c94bba5d8f6a7d8b12ea3ffeb63a5b1" },
	{ PRF_HMAC_SHA2_256,
	  "7b9b9d7fb9c45199b4b30034881091e42ae743d4ecd700edaa117ab95bc7ac31" },
	{ PRF_HMAC_SHA2_384,
	  "d73de2679deeed35dad3035a4a6f3337e1a5bfbc7b24a57989d722dbfc45182b"
	  "30ed07ce2dd81d7d3713d49f7005907c" },
	{ PRF_HMAC_SHA2_512,
	  "aebde8d8804c4b62036f57b0670ec6e926f68404e63a38d6cd8b3755bf65a94e"
	  "5faa6587827a86fa861dc62aaf1c494b8dcdca5e4c2a90329e29be857e08726b" },
};
/* clang-format on */

static struct slice text(const char *s)
{
	return slice_of(s, strlen(s));
}

static void check(uint16_t prf, struct slice key, const struct slice *parts, size_t n,
		  const char *expected_hex)
{
	uint8_t out[PRF_MAX_BYTES], expected[PRF_MAX_BYTES];
	size_t len = 0, expected_len = unit_hex(expected_hex, expected, sizeof(expected));
	assert_int_equal(prf_compute(prf, key, parts, n, out, &len), 0);
	assert_int_equal(len, expected_len);
	assert_int_equal(len, prf_bytes(prf));
	assert_memory_equal(out, expected, len);
}

static void known_hmacs(void **state)
{
	uint8_t key[32];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(hmac_rows); i++) {
		size_t key_len = unit_hex(hmac_rows[i].key, key, sizeof(key));
		struct slice data = text(hmac_rows[i].data);
		check(hmac_rows[i].prf, slice_of(key, key_len), &data, 1, hmac_rows[i].out);
	}
}

static void long_key(void **state)
{
	uint8_t key[131];
	struct slice data = text("Test Using Larger Than Block-Size Key - Hash Key First");
	(void)state;
	memset(key, 0xaa, sizeof(key));
	check(PRF_HMAC_SHA2_256, slice_of(key, sizeof(key)), &data, 1,
	      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void empty_key(void **state)
{
	(void)state;
	check(PRF_HMAC_SHA2_256, (struct slice){ 0 }, NULL, 0,
	      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void parts_are_joined(void **state)
{
	const struct slice parts[] = { text("what do ya "), text(""), text("want for "),
				       text("nothing?") };
	(void)state;
	check(PRF_HMAC_SHA2_256, text("Jefe"), parts, 4, hmac_rows[5].out);
}

static void known_prf_plus(void **state)
{
	uint8_t key[32], tail[16], expected[100], out[100];
	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 16; i++)
		tail[i] = i;
	const struct slice seed[] = { text("nonce-of-the-initiator"),
				      text("nonce-of-the-responder"), slice_of(tail, 16) };
	for (size_t i = 0; i < N_ELEMENTS(plus_rows); i++) {
		assert_int_equal(unit_hex(plus_rows[i].out, expected, 100), 100);
		for (size_t len = 0; len <= 100; len++) {
			memset(out, 0xee, sizeof(out));
			assert_int_equal(prf_plus(plus_rows[i].prf, slice_of(key, 32), seed, 3, out,
						  len),
					 0);
			assert_memory_equal(out, expected, len);
			if (len < 100)
				assert_int_equal(out[len], 0xee);
		}
	}
}

static void prf_plus_has_255_blocks(void **state)
{
	static uint8_t out[256 * 20];
	struct slice seed[15] = { 0 };
	(void)state;
	assert_int_equal(prf_plus(PRF_HMAC_SHA1, text("k"), seed, 14, out, 255 * 20), 0);
	assert_int_equal(prf_plus(PRF_HMAC_SHA1, text("k"), seed, 1, out, 255 * 20 + 1), -EINVAL);
	assert_int_equal(prf_plus(PRF_HMAC_SHA1, text("k"), seed, 15, out, 20), -EINVAL);
}

static void known_psk_auth(void **state)
{
	uint8_t expected[PRF_MAX_BYTES], out[PRF_MAX_BYTES];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(psk_rows); i++) {
		size_t len = 0, n = unit_hex(psk_rows[i].out, expected, sizeof(expected));
		assert_int_equal(prf_psk_auth(psk_rows[i].prf, text("open sesame"),
					      text("octets to be signed"), out, &len),
				 0);
		assert_int_equal(len, n);
		assert_memory_equal(out, expected, n);
	}
}

static void psk_verify_takes_the_right_value_only(void **state)
{
	const struct slice psk = text("open sesame"), octets = text("octets to be signed");
	uint8_t auth[PRF_MAX_BYTES + 1] = { 0 };
	size_t len = unit_hex(psk_rows[1].out, auth, sizeof(auth));
	(void)state;
	assert_int_equal(prf_psk_verify(PRF_HMAC_SHA2_256, psk, octets, slice_of(auth, len)), 0);
	for (size_t n = 0; n <= sizeof(auth); n++)
		if (n != len)
			assert_int_equal(prf_psk_verify(PRF_HMAC_SHA2_256, psk, octets,
							slice_of(auth, n)),
					 -EKEYREJECTED);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		auth[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(prf_psk_verify(PRF_HMAC_SHA2_256, psk, octets,
						slice_of(auth, len)),
				 -EKEYREJECTED);
		auth[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void empty_psk_is_refused(void **state)
{
	uint8_t out[PRF_MAX_BYTES];
	size_t len;
	(void)state;
	assert_int_equal(prf_psk_auth(PRF_HMAC_SHA2_256, text(""), text("x"), out, &len), -EINVAL);
	assert_int_equal(prf_psk_verify(PRF_HMAC_SHA2_256, text(""), text("x"), text("")), -EINVAL);
}

static void unknown_prf_is_refused(void **state)
{
	uint8_t out[PRF_MAX_BYTES];
	size_t len;
	(void)state;
	assert_int_equal(prf_bytes(99), 0);
	assert_int_equal(prf_compute(99, text("k"), NULL, 0, out, &len), -ENOTSUP);
	assert_int_equal(prf_plus(99, text("k"), NULL, 0, out, 1), -ENOTSUP);
	assert_int_equal(prf_psk_auth(99, text("k"), text("x"), out, &len), -ENOTSUP);
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
		UNIT("HMACs are those of RFC 4231 and RFC 2202", known_hmacs),
		UNIT("a key longer than the block is hashed", long_key),
		UNIT("an empty key and no data give the known value", empty_key),
		UNIT("parts are joined", parts_are_joined),
		UNIT("prf+ gives the known bytes at every length, and no more", known_prf_plus),
		UNIT("prf+ ends after 255 blocks", prf_plus_has_255_blocks),
		UNIT("AUTH of a pre-shared key has the known values", known_psk_auth),
		UNIT("verify refuses each wrong bit and length",
		     psk_verify_takes_the_right_value_only),
		UNIT("an empty pre-shared key is refused", empty_psk_is_refused),
		UNIT("an unknown PRF is refused", unknown_prf_is_refused),
	};
	return cmocka_run_group_tests_name("prf", tests, NULL, end);
}
