/* SPDX-License-Identifier: BSD-2-Clause */
/* Stateless cookies. */
#include "ike/cookie.h"

#include "base/secret.h"
#include "crypto/alg.h"
#include "crypto/prf.h"
#include "crypto/rng.h"
#include "ike/limits.h"

#include <errno.h>
#include <string.h>

int cookie_init(struct cookie_jar *j, int64_t now_ms)
{
	*j = (struct cookie_jar){ .changed_ms = now_ms };
	return rng_private(j->secrets, sizeof(j->secrets));
}

static int turn(struct cookie_jar *j, int64_t now_ms)
{
	if (now_ms - j->changed_ms < LIMIT_COOKIE_SECRET_MS)
		return 0;
	/* Two periods without a request: the secret before is too old as well. */
	if (now_ms - j->changed_ms >= 2 * LIMIT_COOKIE_SECRET_MS &&
	    rng_private(j->secrets[j->version & 1], COOKIE_SECRET_BYTES) < 0)
		return -EIO;
	if (rng_private(j->secrets[(j->version + 1) & 1], COOKIE_SECRET_BYTES) < 0)
		return -EIO;
	j->version++;
	j->changed_ms = now_ms;
	return 0;
}

bool cookie_demanded(struct cookie_jar *j, int64_t now_ms, size_t n_half_open, size_t threshold)
{
	if (n_half_open >= threshold)
		j->demand_until_ms = now_ms + LIMIT_COOKIE_HOLD_MS;
	return now_ms < j->demand_until_ms;
}

static int make(const struct cookie_jar *j, uint8_t version, struct slice nonce_i,
		const struct addr *peer, uint64_t spi_i, uint8_t ret[COOKIE_BYTES])
{
	uint8_t rest[10], mac[PRF_MAX_BYTES];
	size_t mac_len;
	struct wr w = wr_of(rest, sizeof(rest));
	wr_u16(&w, peer->port);
	wr_u64(&w, spi_i);
	const struct slice parts[] = { nonce_i, addr_slice(peer), wr_slice_of(&w) };
	struct slice key = slice_of(j->secrets[version & 1], COOKIE_SECRET_BYTES);
	if (prf_compute(PRF_HMAC_SHA2_256, key, parts, N_ELEMENTS(parts), mac, &mac_len) < 0)
		return -EIO;
	ret[0] = version;
	memcpy(ret + 1, mac, COOKIE_BYTES - 1);
	return 0;
}

int cookie_make(struct cookie_jar *j, int64_t now_ms, struct slice nonce_i, const struct addr *peer,
		uint64_t spi_i, uint8_t ret[COOKIE_BYTES])
{
	int r = turn(j, now_ms);
	return r < 0 ? r : make(j, j->version, nonce_i, peer, spi_i, ret);
}

bool cookie_valid(struct cookie_jar *j, int64_t now_ms, struct slice cookie, struct slice nonce_i,
		  const struct addr *peer, uint64_t spi_i)
{
	uint8_t expected[COOKIE_BYTES];
	if (cookie.len != COOKIE_BYTES || turn(j, now_ms) < 0)
		return false;
	if (cookie.p[0] != j->version && cookie.p[0] != (uint8_t)(j->version - 1))
		return false;
	if (make(j, cookie.p[0], nonce_i, peer, spi_i, expected) < 0)
		return false;
	return secret_eq(cookie, slice_of(expected, sizeof(expected)));
}
