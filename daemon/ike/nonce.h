/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of two exchanges that crossed has the lowest nonce (RFC 7296 2.8.1). */
#ifndef TANUKI_IKE_NONCE_H
#define TANUKI_IKE_NONCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/wire.h"

/* The beginning of an exchange's lower nonce; what is behind it is never needed. */
struct nonce_min {
	uint8_t bytes[32];
};

/* The lower of both: octet by octet, and one that ends first is lower. */
void nonce_min_set(struct nonce_min *ret, struct slice a, struct slice b);
bool nonce_min_is_lower(const struct nonce_min *a, const struct nonce_min *b);

#endif
