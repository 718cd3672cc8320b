/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pseudo-random functions and what IKEv2 makes of them: prf+ and the AUTH value of a
 * pre-shared key.  RFC 7296 2.13, 2.15; RFC 4868.
 */
#ifndef TANUKI_CRYPTO_PRF_H
#define TANUKI_CRYPTO_PRF_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/wire.h"

/* The largest output of any PRF (SHA-512). */
enum { PRF_MAX_BYTES = 64 };

/* Output length of a PRF (IKEv2 transform id), which is its preferred key length; 0 if unknown. */
size_t prf_bytes(uint16_t prf);

/*
 * prf(key, parts[0] | parts[1] | ...) into ret, its length into *ret_len.  key may have any
 * length.  -ENOTSUP: unknown PRF.  The caller wipes ret if it is a secret.
 */
MUST_USE int prf_compute(uint16_t prf, struct slice key, const struct slice *parts, size_t n_parts,
			 uint8_t ret[PRF_MAX_BYTES], size_t *ret_len);

/*
 * prf+(key, seed[0] | seed[1] | ...) of RFC 7296 2.13: exactly len bytes into out, at most 14
 * parts.  -ENOTSUP: unknown PRF, -EINVAL: more than 255 blocks or too many parts.  Failures of the
 * library wipe out.
 */
MUST_USE int prf_plus(uint16_t prf, struct slice key, const struct slice *seed, size_t n_seed,
		      uint8_t *out, size_t len);

/*
 * AUTH data of a pre-shared key, RFC 7296 2.15: prf(prf(psk, "Key Pad for IKEv2"), octets).
 * -ENOTSUP: unknown PRF, -EINVAL: the key is empty.
 */
MUST_USE int prf_psk_auth(uint16_t prf, struct slice psk, struct slice octets,
			  uint8_t ret[PRF_MAX_BYTES], size_t *ret_len);

/* Compares with the AUTH data that a peer sent, in constant time; -EKEYREJECTED if it differs. */
MUST_USE int prf_psk_verify(uint16_t prf, struct slice psk, struct slice octets, struct slice auth);

#endif
