/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of an IKE SA and of its Child SAs: pure functions of RFC 7296 2.14, 2.17. */
#ifndef TANUKI_IKE_KEYMAT_H
#define TANUKI_IKE_KEYMAT_H

#include <stdint.h>

#include "base/attr.h"
#include "base/secret.h"
#include "base/wire.h"
#include "crypto/alg.h"

/* SK_d, SK_a*, SK_e*, SK_p* of 2.14; ai and ar are empty with an AEAD. */
struct keymat {
	uint16_t prf;
	struct secret d, ai, ar, ei, er, pi, pr;
};

/* All borrowed. */
struct keymat_input {
	uint16_t prf;
	struct transform encr, integ; /* integ.id INTEG_NONE: an AEAD */
	struct slice shared;          /* g^ir */
	struct slice nonce_i, nonce_r;
	uint64_t spi_i, spi_r;
	/* Rekeying (2.18): SK_d and PRF of the IKE SA that is replaced; empty at first. */
	struct slice old_d;
	uint16_t old_prf;
};

/*
 * Computes all keys of an IKE SA.  *ret must be empty, and is again on failure: -ENOTSUP (an
 * algorithm that crypto does not know), -ENOMEM, -EIO.
 */
MUST_USE int keymat_derive(const struct keymat_input *in, struct keymat *ret);
/* Wipes; empty ones and repeated calls are fine. */
void keymat_done(struct keymat *km);

/*
 * KEYMAT = prf+(SK_d, [g^ir] | Ni | Nr), len bytes (2.17); shared is g^ir of a new key exchange, or
 * empty.
 */
MUST_USE int keymat_child(uint16_t prf, struct slice sk_d, struct slice shared,
			  struct slice nonce_i, struct slice nonce_r, size_t len,
			  struct secret *ret);

/*
 * Bytes that a party signs, 2.15: its first message | the other's nonce | prf(SK_p, ID body).
 * *ret must be empty; the caller calls secret_done().  -ENOMEM, -ENOTSUP.
 */
MUST_USE int keymat_signed_octets(uint16_t prf, struct slice first_message, struct slice nonce,
				  struct slice sk_p, struct slice id_body, struct secret *ret);

#endif
