/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/cipher.h"

#include <errno.h>
#include <stdlib.h>

#include "base/unit.h"
#include "crypto/crypto.h"
#include "crypto/prf.h"

enum { BUF_BYTES = 256 };

/* clang-format off */
/* McGrew and Viega's test cases 4, 10 and 16 for AES-GCM; RFC 7634 appendix B */
static const struct {
	struct transform encr;
	const char *key, *salt, *iv, *aad, *plain, *sealed, *icv;
} aead_rows[] = {
	{ { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, "feffe9928665731c6d6a8f9467308308",
	  "cafebabe", "facedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ { TRANSFORM_ENCR, ENCR_AES_GCM_16, 192 },
	  "feffe9928665731c6d6a8f9467308308feffe9928665731c",
	  "cafebabe", "facedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c"
	  "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
	  "2519498e80f1478f37ba55bd6d27618c" },
	{ { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 },
	  "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "cafebabe", "facedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
	{ { TRANSFORM_ENCR, ENCR_CHACHA20_POLY1305, 0 },
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  "a0a1a2a3", "1011121314151617",
	  "c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029",
	  "0000000c000040010000000a00", "610394701f8d017f7c12924889",
	  "6b71bfe25236efd7cdc67066906315b2" },
};

/* RFC 3602 4, case 3; SP 800-38A F.2.3, F.2.5 */
static const struct {
	uint16_t key_bits;
	const char *key, *iv, *plain, *sealed;
} cbc_rows[] = {
	{ 128, "6c3ea0477630ce21a2ce334aa746c2cd", "c782dc4c098c66cbd9cd27d825682c81",
	  "5468697320697320612034382d62797465206d657373616765202865786163746c7920332041455320626c6f636b7329",
	  "d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c8579695d83ba2684" },
	{ 192, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", "000102030405060708090a0b0c0d0e0f",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
	  "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a" },
	{ 256, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	  "000102030405060708090a0b0c0d0e0f",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51",
	  "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d" },
};

/* Each INTEG with the PRF of the same hash, from which the test makes its MACs */
static const struct {
	uint16_t integ, prf;
	size_t key_bytes, icv_bytes;
} integ_rows[] = {
	{ INTEG_HMAC_SHA1_96, PRF_HMAC_SHA1, 20, 12 },
	{ INTEG_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, 32, 16 },
	{ INTEG_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384, 48, 24 },
	{ INTEG_HMAC_SHA2_512_256, PRF_HMAC_SHA2_512, 64, 32 },
};
/* clang-format on */

static const uint8_t counting[BUF_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

/* A message in one buffer, as it stands in a datagram. */
struct message {
	uint8_t bytes[2 * BUF_BYTES];
	struct slice aad, iv, icv;
	uint8_t *text;
	size_t len;
};

static void lay_out(struct message *m, size_t aad, size_t iv, size_t len, size_t icv)
{
	memset(m, 0, sizeof(*m));
	m->aad = slice_of(m->bytes, aad);
	m->iv = slice_of(m->bytes + aad, iv);
	m->text = m->bytes + aad + iv;
	m->len = len;
	m->icv = slice_of(m->text + len, icv);
}

static uint8_t *at(struct message *m, struct slice s)
{
	return m->bytes + (s.p - m->bytes);
}

static int seal(struct cipher *c, struct message *m)
{
	return cipher_seal(c, m->aad, at(m, m->iv), m->text, m->len, at(m, m->icv));
}

static int open_message(struct cipher *c, struct message *m)
{
	return cipher_open(c, m->aad, m->iv, m->text, m->len, m->icv);
}

static struct cipher *new_cipher(struct transform encr, uint16_t integ, size_t integ_key_bytes)
{
	const struct transform integ_t = { .type = TRANSFORM_INTEG, .id = integ };
	struct cipher *c = NULL;
	assert_int_equal(cipher_new(&encr, integ ? &integ_t : NULL,
				    slice_of(counting, transform_key_bytes(&encr)),
				    slice_of(counting, integ_key_bytes), &c),
			 0);
	return c;
}

static struct cipher *new_gcm(void)
{
	return new_cipher((struct transform){ TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, 0, 0);
}

static struct cipher *new_cbc(void)
{
	return new_cipher((struct transform){ TRANSFORM_ENCR, ENCR_AES_CBC, 256 },
			  INTEG_HMAC_SHA2_256_128, 32);
}

static void known_aead(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(aead_rows); i++) {
		uint8_t key[40], plain[BUF_BYTES], buf[BUF_BYTES];
		size_t key_len = unit_hex(aead_rows[i].key, key, 32);
		key_len += unit_hex(aead_rows[i].salt, key + key_len, 4);
		size_t len = unit_hex(aead_rows[i].plain, plain, sizeof(plain));
		size_t aad = unit_hex(aead_rows[i].aad, buf, sizeof(buf));
		struct message m;
		lay_out(&m, aad, 8, len, 16);
		memcpy(m.bytes, buf, aad);
		unit_hex(aead_rows[i].iv, at(&m, m.iv), 8);
		assert_int_equal(unit_hex(aead_rows[i].sealed, m.text, len), len);
		unit_hex(aead_rows[i].icv, at(&m, m.icv), 16);
		CLEANUP(cipher_freep)
		struct cipher *c = NULL;
		assert_int_equal(cipher_new(&aead_rows[i].encr, NULL, slice_of(key, key_len),
					    (struct slice){ 0 }, &c),
				 0);
		assert_int_equal(open_message(c, &m), 0);
		assert_memory_equal(m.text, plain, len);
	}
}

/* The MAC covers everything in front of it: one contiguous run of bytes. */
static void set_mac(struct message *m, uint16_t prf, size_t key_bytes)
{
	uint8_t mac[PRF_MAX_BYTES];
	size_t len;
	const struct slice all = slice_of(m->bytes, (size_t)(m->icv.p - m->bytes));
	assert_int_equal(prf_compute(prf, slice_of(counting, key_bytes), &all, 1, mac, &len), 0);
	memcpy(at(m, m->icv), mac, m->icv.len);
}

static void known_cbc(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cbc_rows); i++) {
		for (size_t j = 0; j < N_ELEMENTS(integ_rows); j++) {
			const struct transform encr = { TRANSFORM_ENCR, ENCR_AES_CBC,
							cbc_rows[i].key_bits };
			const struct transform integ = { TRANSFORM_INTEG, integ_rows[j].integ, 0 };
			uint8_t key[32], plain[BUF_BYTES];
			size_t key_len = unit_hex(cbc_rows[i].key, key, sizeof(key));
			size_t len = unit_hex(cbc_rows[i].plain, plain, sizeof(plain));
			struct message m;
			lay_out(&m, 32, 16, len, integ_rows[j].icv_bytes);
			memset(m.bytes, 0xad, 32);
			unit_hex(cbc_rows[i].iv, at(&m, m.iv), 16);
			unit_hex(cbc_rows[i].sealed, m.text, len);
			set_mac(&m, integ_rows[j].prf, integ_rows[j].key_bytes);
			CLEANUP(cipher_freep)
			struct cipher *c = NULL;
			assert_int_equal(cipher_new(&encr, &integ, slice_of(key, key_len),
						    slice_of(counting, integ_rows[j].key_bytes),
						    &c),
					 0);
			assert_int_equal(open_message(c, &m), 0);
			assert_memory_equal(m.text, plain, len);
		}
	}
}

static void check_round_trip(struct cipher *sealer, struct cipher *opener)
{
	const size_t block = cipher_block_bytes(sealer);
	for (size_t len = block; len <= 100; len += block) {
		struct message m;
		lay_out(&m, 28 + len % 5, cipher_iv_bytes(sealer), len, cipher_icv_bytes(sealer));
		memset(m.bytes, 0xad, m.aad.len);
		for (size_t i = 0; i < len; i++)
			m.text[i] = (uint8_t)i;
		assert_int_equal(seal(sealer, &m), 0);
		if (len > 8) {
			uint8_t plain[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
			assert_memory_not_equal(m.text, plain, 8);
		}
		assert_int_equal(open_message(opener, &m), 0);
		for (size_t i = 0; i < len; i++)
			assert_int_equal(m.text[i], (uint8_t)i);
	}
}

static void round_trips(void **state)
{
	static const uint16_t cbc_bits[] = { 128, 192, 256 };
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(aead_rows); i++) {
		CLEANUP(cipher_freep)
		struct cipher *a = new_cipher(aead_rows[i].encr, 0, 0);
		CLEANUP(cipher_freep)
		struct cipher *b = new_cipher(aead_rows[i].encr, 0, 0);
		check_round_trip(a, b);
		check_round_trip(a, a);
	}
	for (size_t i = 0; i < N_ELEMENTS(cbc_bits) * N_ELEMENTS(integ_rows); i++) {
		const struct transform t = { TRANSFORM_ENCR, ENCR_AES_CBC, cbc_bits[i / 4] };
		CLEANUP(cipher_freep)
		struct cipher *a =
			new_cipher(t, integ_rows[i % 4].integ, integ_rows[i % 4].key_bytes);
		CLEANUP(cipher_freep)
		struct cipher *b =
			new_cipher(t, integ_rows[i % 4].integ, integ_rows[i % 4].key_bytes);
		check_round_trip(a, b);
	}
}

static void aead_iv_counts(void **state)
{
	CLEANUP(cipher_freep)
	struct cipher *c = new_gcm();
	struct message m;
	(void)state;
	for (uint8_t i = 1; i <= 3; i++) {
		const uint8_t expected[8] = { 0, 0, 0, 0, 0, 0, 0, i };
		lay_out(&m, 28, 8, 16, 16);
		assert_int_equal(seal(c, &m), 0);
		assert_memory_equal(m.iv.p, expected, 8);
	}
}

static void cbc_iv_is_random(void **state)
{
	CLEANUP(cipher_freep)
	struct cipher *c = new_cbc();
	struct message a, b;
	(void)state;
	lay_out(&a, 28, 16, 16, 16);
	lay_out(&b, 28, 16, 16, 16);
	assert_int_equal(seal(c, &a), 0);
	assert_int_equal(seal(c, &b), 0);
	assert_memory_not_equal(a.iv.p, b.iv.p, 16);
	assert_memory_not_equal(a.text, b.text, 16);
}

/* The next to fail must be the bit, not the message: so an unchanged one passes in between. */
static void check_flips(struct cipher *c)
{
	struct message good, m;
	uint8_t plain[32];
	lay_out(&good, 28, cipher_iv_bytes(c), 32, cipher_icv_bytes(c));
	memset(good.text, 0x5a, 32);
	memset(plain, 0x5a, 32);
	assert_int_equal(seal(c, &good), 0);
	size_t total = 28 + cipher_iv_bytes(c) + 32 + cipher_icv_bytes(c);
	for (size_t bit = 0; bit < 8 * total; bit++) {
		lay_out(&m, 28, cipher_iv_bytes(c), 32, cipher_icv_bytes(c));
		memcpy(m.bytes, good.bytes, sizeof(m.bytes));
		m.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(open_message(c, &m), -EBADMSG);
		assert_memory_not_equal(m.text, plain, 8);
		m.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(open_message(c, &good), 0);
	assert_memory_equal(good.text, plain, 32);
}

static void every_flipped_bit_is_found(void **state)
{
	CLEANUP(cipher_freep)
	struct cipher *gcm = new_gcm();
	CLEANUP(cipher_freep)
	struct cipher *cbc = new_cbc();
	(void)state;
	check_flips(gcm);
	check_flips(cbc);
}

static void check_lengths(struct cipher *c, size_t len)
{
	struct message good, m;
	size_t iv = cipher_iv_bytes(c), icv = cipher_icv_bytes(c);
	lay_out(&good, 28, iv, len, icv);
	assert_int_equal(seal(c, &good), 0);
	for (size_t n = 0; n <= 40; n++) {
		m = good;
		if (n != iv)
			assert_int_equal(cipher_open(c, m.aad, slice_of(good.iv.p, n), m.text, len,
						     good.icv),
					 -EBADMSG);
		if (n != icv)
			assert_int_equal(cipher_open(c, m.aad, good.iv, m.text, len,
						     slice_of(good.icv.p, n)),
					 -EBADMSG);
		if (n != len)
			assert_int_equal(cipher_open(c, m.aad, good.iv, m.text, n, good.icv),
					 -EBADMSG);
	}
}

static void wrong_lengths_are_refused(void **state)
{
	CLEANUP(cipher_freep)
	struct cipher *gcm = new_gcm();
	CLEANUP(cipher_freep)
	struct cipher *cbc = new_cbc();
	struct message m;
	(void)state;
	check_lengths(gcm, 17);
	check_lengths(cbc, 32);
	for (size_t len = 0; len < 32; len++) {
		lay_out(&m, 28, 16, len, 16);
		assert_int_equal(seal(cbc, &m), len == 16 ? 0 : -EINVAL);
	}
	lay_out(&m, 28, 8, 0, 16);
	assert_int_equal(seal(gcm, &m), -EINVAL);
}

static int try_new(struct transform encr, uint16_t integ, size_t key_len, size_t integ_key_len)
{
	const struct transform integ_t = { .type = TRANSFORM_INTEG, .id = integ };
	struct cipher *c = NULL;
	int result = cipher_new(&encr, &integ_t, slice_of(counting, key_len),
				slice_of(counting, integ_key_len), &c);
	assert_true((result == 0) == (c != NULL));
	cipher_free(c);
	return result;
}

static void wrong_keys_are_refused(void **state)
{
	const struct transform gcm = { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 };
	const struct transform cbc = { TRANSFORM_ENCR, ENCR_AES_CBC, 128 };
	(void)state;
	for (size_t n = 0; n < 80; n++) {
		assert_int_equal(try_new(gcm, INTEG_NONE, n, 0), n == 36 ? 0 : -EINVAL);
		assert_int_equal(try_new(cbc, INTEG_HMAC_SHA1_96, n, 20), n == 16 ? 0 : -EINVAL);
		assert_int_equal(try_new(cbc, INTEG_HMAC_SHA1_96, 16, n), n == 20 ? 0 : -EINVAL);
	}
	assert_int_equal(try_new(gcm, INTEG_NONE, 36, 32), -EINVAL);
}

static void wrong_combinations_are_refused(void **state)
{
	const struct transform gcm = { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 };
	const struct transform cbc = { TRANSFORM_ENCR, ENCR_AES_CBC, 128 };
	const struct transform odd = { TRANSFORM_ENCR, ENCR_AES_CBC, 136 };
	const struct transform null = { TRANSFORM_ENCR, ENCR_NULL, 0 };
	const struct transform ctr = { TRANSFORM_ENCR, ENCR_AES_CTR, 128 };
	const struct transform unknown = { TRANSFORM_ENCR, 99, 128 };
	(void)state;
	assert_int_equal(try_new(gcm, INTEG_HMAC_SHA2_256_128, 36, 32), -ENOTSUP);
	assert_int_equal(try_new(cbc, INTEG_NONE, 16, 0), -ENOTSUP);
	assert_int_equal(try_new(cbc, 99, 16, 20), -ENOTSUP);
	assert_int_equal(try_new(odd, INTEG_HMAC_SHA1_96, 17, 20), -ENOTSUP);
	assert_int_equal(try_new(null, INTEG_HMAC_SHA1_96, 0, 20), -ENOTSUP);
	assert_int_equal(try_new(ctr, INTEG_HMAC_SHA1_96, 20, 20), -ENOTSUP);
	assert_int_equal(try_new(unknown, INTEG_HMAC_SHA1_96, 16, 20), -ENOTSUP);
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
		UNIT("known AEAD messages open", known_aead),
		UNIT("known CBC messages open under every integrity", known_cbc),
		UNIT("what one side seals the other opens, at every length", round_trips),
		UNIT("an AEAD's IV counts from 1", aead_iv_counts),
		UNIT("CBC's IV is random", cbc_iv_is_random),
		UNIT("every flipped bit is found, and no plaintext shown",
		     every_flipped_bit_is_found),
		UNIT("every wrong length of text, IV and ICV is refused",
		     wrong_lengths_are_refused),
		UNIT("every wrong key length is refused", wrong_keys_are_refused),
		UNIT("combinations that make no sense are refused", wrong_combinations_are_refused),
	};
	return cmocka_run_group_tests_name("cipher", tests, NULL, end);
}
