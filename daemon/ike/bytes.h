/* SPDX-License-Identifier: BSD-2-Clause */
/* A message, or a part of one, that has to be kept. */
#ifndef TANUKI_IKE_BYTES_H
#define TANUKI_IKE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/wire.h"

/* Owns len bytes at p; all zero is empty. */
struct bytes {
	uint8_t *p;
	size_t len;
};

/* What was in *ret is released.  -ENOMEM. */
MUST_USE int bytes_copy(struct bytes *ret, struct slice from);
/* Wipes and releases; repeated calls are fine. */
void bytes_done(struct bytes *b);

static inline struct slice bytes_slice(const struct bytes *b)
{
	return slice_of(b->p, b->len);
}

#endif
