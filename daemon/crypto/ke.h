/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ephemeral Diffie-Hellman as in KE payloads: MODP (RFC 3526), ECP (RFC 5903), Curve25519
 * (RFC 8031).  The tests of the peer's value are those of RFC 6989: range for MODP, on the
 * curve for ECP; Curve25519 refuses an all-zero result.
 */
#ifndef TANUKI_CRYPTO_KE_H
#define TANUKI_CRYPTO_KE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/secret.h"
#include "base/wire.h"

/* The longest key exchange data of any group (MODP 4096). */
enum { KE_PUBLIC_MAX_BYTES = 512 };

struct ke;

/* A fresh key pair in a group (IKEv2 transform id).  -ENOTSUP: unknown group; -ENOMEM; -EIO. */
MUST_USE int ke_new(uint16_t group, struct ke **ret);
void ke_free(struct ke *ke);

uint16_t ke_group(const struct ke *ke);
/* Our key exchange data, borrowed: RFC 7296 3.4 for MODP, x | y for ECP, 32 bytes for 31. */
struct slice ke_public(const struct ke *ke);

/*
 * The shared secret with a peer's key exchange data: MODP g^ir padded to the group's length, ECP
 * the x coordinate.  Success uses the private key up: a second call is -EALREADY.  -EBADMSG: the
 * peer's value has a wrong length or is not allowed; the key then stays good for another value.
 * *ret must be empty; untouched on failure.
 */
MUST_USE int ke_derive(struct ke *ke, struct slice peer, struct secret *ret);

DEFINE_FREEP(struct ke, ke_free)

#endif
