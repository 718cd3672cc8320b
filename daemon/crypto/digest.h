/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes without a key: SHA-1 for NAT detection (RFC 7296 2.23), SHA-256. */
#ifndef TANUKI_CRYPTO_DIGEST_H
#define TANUKI_CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/wire.h"

enum { DIGEST_SHA1_BYTES = 20, DIGEST_SHA256_BYTES = 32 };

/* Hash of parts[0] | parts[1] | ... into ret; -EIO if the library failed. */
MUST_USE int digest_sha1(const struct slice *parts, size_t n_parts, uint8_t ret[DIGEST_SHA1_BYTES]);
MUST_USE int digest_sha256(const struct slice *parts, size_t n_parts,
			   uint8_t ret[DIGEST_SHA256_BYTES]);
/* Releases what is cached (part of crypto_end()). */
void digest_end(void);

#endif
