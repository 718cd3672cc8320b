/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start and end of the crypto layer.  crypto/ is the only folder that knows OpenSSL; its
 * functions return 0 or a negative errno and never log.  One thread uses it.
 */
#ifndef TANUKI_CRYPTO_CRYPTO_H
#define TANUKI_CRYPTO_CRYPTO_H

#include "base/attr.h"

/*
 * Loads everything that would open a file later (OpenSSL's configuration, providers, entropy),
 * so that a process can enter its sandbox.  Optional: without it, things are loaded when they
 * are first used.  -EIO if the library lacks an algorithm of alg_table() that says .ike.
 */
MUST_USE int crypto_start(void);
/* Releases what is cached; afterwards everything may be used again. */
void crypto_end(void);

#endif
