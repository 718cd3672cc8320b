/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers of cryptographic quality. */
#ifndef TANUKI_CRYPTO_RNG_H
#define TANUKI_CRYPTO_RNG_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* len bytes that others may see: nonces, SPIs, IVs.  -EIO; p is then zeroed. */
MUST_USE int rng_public(void *p, size_t len);
/* len bytes that stay secret (drawn from a generator of its own).  -EIO; p is then zeroed. */
MUST_USE int rng_private(void *p, size_t len);

#endif
