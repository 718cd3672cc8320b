/* SPDX-License-Identifier: BSD-2-Clause */
/* Lengths added up by hand from the RFCs' pictures, and both directions against each other. */
#include "policy/overhead.h"

#include "base/unit.h"

/* clang-format off */
#define ESP1(encr, bits) { PROPOSAL_ESP, 1, { { TRANSFORM_ENCR, encr, bits } } }
#define ESP2(encr, bits, integ) \
	{ PROPOSAL_ESP, 2, { { TRANSFORM_ENCR, encr, bits }, { TRANSFORM_INTEG, integ, 0 } } }
#define AH(integ) { PROPOSAL_AH, 1, { { TRANSFORM_INTEG, integ, 0 } } }

static const struct proposal gcm = ESP1(ENCR_AES_GCM_16, 256);
static const struct proposal chacha = ESP1(ENCR_CHACHA20_POLY1305, 0);
static const struct proposal cbc_sha1 = ESP2(ENCR_AES_CBC, 128, INTEG_HMAC_SHA1_96);
static const struct proposal cbc_256 = ESP2(ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128);
static const struct proposal cbc_384 = ESP2(ENCR_AES_CBC, 192, INTEG_HMAC_SHA2_384_192);
static const struct proposal cbc_512 = ESP2(ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_512_256);
static const struct proposal ctr_256 = ESP2(ENCR_AES_CTR, 128, INTEG_HMAC_SHA2_256_128);
static const struct proposal null_256 = ESP2(ENCR_NULL, 0, INTEG_HMAC_SHA2_256_128);
static const struct proposal ah_sha1 = AH(INTEG_HMAC_SHA1_96);
static const struct proposal ah_256 = AH(INTEG_HMAC_SHA2_256_128);
static const struct proposal ah_384 = AH(INTEG_HMAC_SHA2_384_192);
static const struct proposal ah_512 = AH(INTEG_HMAC_SHA2_512_256);

enum { V4, V6 };

static const struct row {
	struct overhead o; /* algorithms, mode, outer, inner, udp */
	uint32_t inner_bytes, outer_bytes; /* of one packet */
	uint32_t mtu, mss;                 /* for a wire of 1500 */
} rows[] = {
	/* 20 + 8 + 8 + (100 + 2, to 4) + 16 */
	{ { &gcm,      CHILD_TUNNEL,    V4, V4, false }, 100, 156, 1446, 1406 },
	{ { &gcm,      CHILD_TUNNEL,    V4, V4, true  }, 100, 164, 1438, 1398 },
	{ { &gcm,      CHILD_TUNNEL,    V6, V6, false }, 100, 176, 1426, 1366 },
	{ { &gcm,      CHILD_TUNNEL,    V6, V6, true  }, 100, 184, 1418, 1358 },
	{ { &gcm,      CHILD_TUNNEL,    V4, V6, false }, 100, 156, 1446, 1386 },
	{ { &gcm,      CHILD_TUNNEL,    V6, V4, false }, 100, 176, 1426, 1386 },
	{ { &gcm,      CHILD_TRANSPORT, V4, V4, false }, 100, 136, 1466, 1426 },
	{ { &gcm,      CHILD_TRANSPORT, V4, V4, true  }, 100, 144, 1458, 1418 },
	{ { &gcm,      CHILD_TRANSPORT, V6, V6, false }, 100, 136, 1466, 1406 },
	{ { &gcm,      CHILD_BEET,      V4, V4, false }, 100, 136, 1466, 1426 },
	{ { &gcm,      CHILD_BEET,      V6, V4, false }, 100, 156, 1446, 1406 },
	{ { &gcm,      CHILD_BEET,      V4, V6, false }, 100, 116, 1486, 1426 },
	{ { &chacha,   CHILD_TUNNEL,    V4, V4, false }, 100, 156, 1446, 1406 },
	/* 20 + 8 + 16 + (100 + 2, to 16) + 12 */
	{ { &cbc_sha1, CHILD_TUNNEL,    V4, V4, false }, 100, 168, 1438, 1398 },
	{ { &cbc_256,  CHILD_TUNNEL,    V4, V4, false }, 100, 172, 1438, 1398 },
	{ { &cbc_256,  CHILD_TUNNEL,    V4, V4, true  }, 100, 180, 1422, 1382 },
	{ { &cbc_256,  CHILD_TUNNEL,    V6, V4, false }, 100, 192, 1406, 1366 },
	{ { &cbc_384,  CHILD_TUNNEL,    V4, V4, false }, 100, 180, 1422, 1382 },
	{ { &cbc_512,  CHILD_TUNNEL,    V4, V4, false }, 100, 188, 1422, 1382 },
	{ { &cbc_512,  CHILD_TRANSPORT, V6, V6, true  }, 100, 168, 1430, 1370 },
	/* 20 + 8 + 8 + (100 + 2, to 4) + 16 */
	{ { &ctr_256,  CHILD_TUNNEL,    V4, V4, false }, 100, 156, 1446, 1406 },
	/* no IV */
	{ { &null_256, CHILD_TUNNEL,    V4, V4, false }, 100, 148, 1454, 1414 },
	/* 20 + (12 + 12) + 100 */
	{ { &ah_sha1,  CHILD_TUNNEL,    V4, V4, false }, 100, 144, 1456, 1416 },
	{ { &ah_256,   CHILD_TUNNEL,    V4, V4, false }, 100, 148, 1452, 1412 },
	/* (12 + 16, to 8) */
	{ { &ah_256,   CHILD_TUNNEL,    V6, V6, false }, 100, 172, 1428, 1368 },
	{ { &ah_256,   CHILD_TRANSPORT, V4, V4, false }, 100, 128, 1472, 1432 },
	{ { &ah_256,   CHILD_TRANSPORT, V6, V6, false }, 100, 132, 1468, 1408 },
	{ { &ah_384,   CHILD_TUNNEL,    V6, V4, false }, 100, 180, 1420, 1380 },
	{ { &ah_512,   CHILD_TUNNEL,    V4, V6, false }, 100, 164, 1436, 1376 },
	{ { &ah_512,   CHILD_TUNNEL,    V6, V6, false }, 100, 188, 1412, 1352 },
};
/* clang-format on */

static void by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		const struct row *r = &rows[i];
		uint32_t got[] = { overhead_outer_bytes(&r->o, r->inner_bytes),
				   overhead_inner_mtu(&r->o, 1500), overhead_mss(&r->o, 1500) };
		uint32_t want[] = { r->outer_bytes, r->mtu, r->mss };
		if (memcmp(got, want, sizeof(got)) != 0)
			fail_msg("row %zu: %u %u %u, not %u %u %u", i, got[0], got[1], got[2],
				 want[0], want[1], want[2]);
	}
}

/* The longest that fits does, and one byte more does not. */
static void both_directions(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		const struct overhead *o = &rows[i].o;
		for (uint32_t mtu = 0; mtu < 9100; mtu++) {
			uint32_t inner = overhead_inner_mtu(o, mtu);
			uint32_t header = o->inner_v6 ? 40 : 20;
			assert_true(inner == 0 || overhead_outer_bytes(o, inner) <= mtu);
			assert_true(overhead_outer_bytes(o, inner ? inner + 1 : header) > mtu);
		}
	}
}

static void nothing_fits(void **state)
{
	const struct proposal unknown = ESP1(99, 0), bare = ESP1(ENCR_AES_CBC, 128);
	const struct proposal none = { .protocol = PROPOSAL_AH };
	const struct proposal *const bad[] = { &unknown, &bare, &none };
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		const struct overhead o = { .algorithms = bad[i] };
		assert_int_equal(overhead_outer_bytes(&o, 100), 0);
		assert_int_equal(overhead_inner_mtu(&o, 1500), 0);
		assert_int_equal(overhead_mss(&o, 1500), 0);
	}
	assert_int_equal(overhead_outer_bytes(&rows[0].o, 19), 0);
	assert_int_equal(overhead_outer_bytes(&rows[0].o, 65536), 0);
	assert_int_equal(overhead_inner_mtu(&rows[0].o, 65536), 0);
	/* a packet fits, and no TCP in it */
	assert_int_equal(overhead_inner_mtu(&rows[0].o, 80), 26);
	assert_int_equal(overhead_mss(&rows[0].o, 80), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("lengths are those of the RFCs, for each cipher, mode, family and encapsulation",
		     by_hand),
		UNIT("the longest packet fits, and a longer one does not", both_directions),
		UNIT("where nothing fits, that is said", nothing_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
