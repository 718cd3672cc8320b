/* SPDX-License-Identifier: BSD-2-Clause */
/* Vectors computed with Python's hmac from the formulas of RFC 7296 2.13 to 2.18. */
#include "ike/keymat.h"

#include <errno.h>

#include "base/unit.h"

static uint8_t ni[32], nr[24], shared[32];

static struct keymat_input input(void)
{
	for (size_t i = 0; i < sizeof(ni); i++)
		ni[i] = (uint8_t)(0x10 + i);
	for (size_t i = 0; i < sizeof(nr); i++)
		nr[i] = (uint8_t)(0x40 + i);
	for (size_t i = 0; i < sizeof(shared); i++)
		shared[i] = (uint8_t)(0x80 + i);
	return (struct keymat_input){
		.prf = PRF_HMAC_SHA2_256,
		.encr = { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 },
		.integ = { TRANSFORM_INTEG, INTEG_NONE, 0 },
		.shared = slice_of(shared, sizeof(shared)),
		.nonce_i = slice_of(ni, sizeof(ni)),
		.nonce_r = slice_of(nr, sizeof(nr)),
		.spi_i = UINT64_C(0x0102030405060708),
		.spi_r = UINT64_C(0x1112131415161718),
	};
}

static void assert_hex(struct slice got, const char *hex)
{
	uint8_t want[256];
	size_t len = unit_hex(hex, want, sizeof(want));
	assert_int_equal(got.len, len);
	assert_memory_equal(got.p, want, len);
}

static void assert_key(const struct secret *got, const char *hex)
{
	assert_hex(secret_slice(got), hex);
}

static const char *const sk_d = "480b6b6ac759dfb36286552c56dce7bfe31fcb102450332cd11b1ee20d08a7d2";
static const char *const gcm_pi =
	"11fadd40ba834380ec288691842cd1e0430ea70495c29fdacf1e69725ba425a3";

static void an_aead(void **state)
{
	struct keymat_input in = input();
	struct keymat km = { 0 };
	(void)state;
	assert_int_equal(keymat_derive(&in, &km), 0);
	assert_key(&km.d, sk_d);
	assert_int_equal(km.ai.len, 0);
	assert_int_equal(km.ar.len, 0);
	assert_key(&km.ei, "05073cbb4aa6671c4697b9a6c82b74d77cd0c8ea");
	assert_key(&km.er, "0b34c2dbbf46e6c1992728a8d34354f184b5767a");
	assert_key(&km.pi, gcm_pi);
	assert_key(&km.pr, "f8288709a42e24090372e6c7232eea0393085dd52e2666dc4a24743febf3998b");
	keymat_done(&km);
	keymat_done(&km);
}

static void cipher_and_mac(void **state)
{
	struct keymat_input in = input();
	struct keymat km = { 0 };
	(void)state;
	in.encr = (struct transform){ TRANSFORM_ENCR, ENCR_AES_CBC, 256 };
	in.integ = (struct transform){ TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 };
	assert_int_equal(keymat_derive(&in, &km), 0);
	assert_key(&km.ai, "05073cbb4aa6671c4697b9a6c82b74d77cd0c8ea0b34c2dbbf46e6c1992728a8");
	assert_key(&km.ar, "d34354f184b5767a11fadd40ba834380ec288691842cd1e0430ea70495c29fda");
	assert_key(&km.ei, "cf1e69725ba425a3f8288709a42e24090372e6c7232eea0393085dd52e2666dc");
	assert_key(&km.er, "4a24743febf3998b0e29c180c39773b3d89c5e54d92e8b6ae5efa82d8e757895");
	assert_key(&km.pi, "ccb6da8470d1adb8aa6e5927c150b7834fa333c53fd4ae5bc39c6a17e54ba23b");
	assert_key(&km.pr, "0be4383638282b78be807d0b531ea3300f6e0f76e792f368432e54c877b2efdd");
	keymat_done(&km);
}

static void a_child(void **state)
{
	uint8_t d[32];
	struct keymat_input in = input();
	struct secret out = { 0 };
	(void)state;
	unit_hex(sk_d, d, sizeof(d));
	assert_int_equal(keymat_child(in.prf, slice_of(d, sizeof(d)), (struct slice){ 0 },
				      in.nonce_i, in.nonce_r, 72, &out),
			 0);
	assert_key(&out, "a8f1f5a33037d9d4646893ccaea2d9b4fc7c33fdc0a10ec8ab0a77228e160755"
			 "aef723e921e5ae12071187f0a3c14472c55a8a51e0122638cac51f6f561a7884"
			 "1f93e113e7c8f5e1");
	secret_done(&out);
}

static void a_child_with_pfs(void **state)
{
	uint8_t d[32];
	struct keymat_input in = input();
	struct secret out = { 0 };
	(void)state;
	unit_hex(sk_d, d, sizeof(d));
	assert_int_equal(keymat_child(in.prf, slice_of(d, sizeof(d)), in.shared, in.nonce_i,
				      in.nonce_r, 40, &out),
			 0);
	assert_key(&out, "5e77afea2da28195c1d6a6f3febc457546c3474bc550c7d8c03ff2f3fd26c921"
			 "4e2cd239f7bf85c6");
	secret_done(&out);
}

/* The old SA's PRF makes SKEYSEED, the new one's the keys. */
static void an_ike_sa_from_another(void **state)
{
	uint8_t old_d[64];
	struct keymat_input in = input();
	struct keymat km = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(old_d); i++)
		old_d[i] = (uint8_t)i;
	in.old_d = slice_of(old_d, sizeof(old_d));
	in.old_prf = PRF_HMAC_SHA2_512;
	assert_int_equal(keymat_derive(&in, &km), 0);
	assert_key(&km.d, "160b6488eb855beb63dc39e546c10d1f300bff8701b148fdf76a0b0371c191fa");
	assert_key(&km.ei, "51703bd7bdbfcce76f946228c26c9c09c6cb72ab");
	assert_key(&km.pr, "3d875fdbece9cd8e4887c68bdb5586507f210cd5614effe243a84a68e048413c");
	keymat_done(&km);
}

static void signed_octets(void **state)
{
	static const uint8_t message[] = "first message", id[] = { 2, 0, 0, 0, 'a', '.', 'x' };
	uint8_t sk_p[32], mac[32];
	struct keymat_input in = input();
	struct secret out = { 0 };
	(void)state;
	unit_hex(gcm_pi, sk_p, sizeof(sk_p));
	unit_hex("7c71b599a320a144d592ea3ec03e5c0aff79aaec2318e2d8b60c5d6c4aa40127", mac,
		 sizeof(mac));
	assert_int_equal(keymat_signed_octets(in.prf, slice_of(message, 13), in.nonce_r,
					      slice_of(sk_p, sizeof(sk_p)),
					      slice_of(id, sizeof(id)), &out),
			 0);
	assert_int_equal(out.len, 13 + sizeof(nr) + sizeof(mac));
	assert_memory_equal(out.p, message, 13);
	assert_memory_equal(out.p + 13, nr, sizeof(nr));
	assert_memory_equal(out.p + 13 + sizeof(nr), mac, sizeof(mac));
	secret_done(&out);
}

static void unknown_algorithms(void **state)
{
	struct keymat_input in = input();
	struct keymat km = { 0 };
	(void)state;
	in.prf = 99;
	assert_int_equal(keymat_derive(&in, &km), -ENOTSUP);
	in = input();
	in.encr.id = 99;
	assert_int_equal(keymat_derive(&in, &km), -ENOTSUP);
	in = input();
	in.integ = (struct transform){ TRANSFORM_INTEG, 99, 0 };
	assert_int_equal(keymat_derive(&in, &km), -ENOTSUP);
	assert_null(km.d.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("an AEAD has no integrity keys", an_aead),
		UNIT("a cipher and a MAC get their keys in the RFC's order", cipher_and_mac),
		UNIT("a child's keys come from SK_d and the nonces", a_child),
		UNIT("a new key exchange comes before the nonces", a_child_with_pfs),
		UNIT("a rekeyed IKE SA gets its keys from SK_d of the old one",
		     an_ike_sa_from_another),
		UNIT("what is signed is message, nonce and identity's MAC", signed_octets),
		UNIT("unknown algorithms are refused and leave nothing", unknown_algorithms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
