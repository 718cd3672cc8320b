/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stateless cookies of a responder, RFC 7296 2.6:
 *	version (1 byte) | first 16 bytes of HMAC-SHA2-256(secret, Ni | address | port | SPIi)
 * The secret changes every LIMIT_COOKIE_SECRET_MS; the one before stays valid.
 */
#ifndef TANUKI_IKE_COOKIE_H
#define TANUKI_IKE_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/wire.h"

enum { COOKIE_BYTES = 17, COOKIE_SECRET_BYTES = 32 };

struct cookie_jar {
	uint8_t secrets[2][COOKIE_SECRET_BYTES]; /* by the lowest bit of version */
	uint8_t version;
	int64_t changed_ms;
	int64_t demand_until_ms;
};

/* -EIO: no randomness. */
MUST_USE int cookie_init(struct cookie_jar *j, int64_t now_ms);
/* Must a request bring a cookie now, if so many half-open ones are too many?  Once demanded, demanded for LIMIT_COOKIE_HOLD_MS: so an
 * initiator whose first message was answered with a cookie never meets a responder that has
 * taken a delayed copy of that message instead. */
bool cookie_demanded(struct cookie_jar *j, int64_t now_ms, size_t n_half_open, size_t threshold);
/* The cookie for this request; -EIO. */
MUST_USE int cookie_make(struct cookie_jar *j, int64_t now_ms, struct slice nonce_i,
			 const struct addr *peer, uint64_t spi_i, uint8_t ret[COOKIE_BYTES]);
bool cookie_valid(struct cookie_jar *j, int64_t now_ms, struct slice cookie, struct slice nonce_i,
		  const struct addr *peer, uint64_t spi_i);

#endif
