/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key material.  Lives in memory that is not dumped and is wiped when it is done;
 * never copied by assignment, never a log field.  For one thread per process.
 */
#ifndef TANUKI_BASE_SECRET_H
#define TANUKI_BASE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/wire.h"

/* Owns len bytes at p; all zero is an empty secret. */
struct secret {
	uint8_t *p;
	size_t len;
};

/* Allocates len zeroed bytes; -ENOMEM.  *ret must be empty. */
MUST_USE int secret_init(struct secret *ret, size_t len);
MUST_USE int secret_init_copy(struct secret *ret, struct slice from);
/* Wipes and releases; empty and repeated calls are fine. */
void secret_done(struct secret *s);
/* Moves the bytes; *from is empty afterwards. */
struct secret secret_take(struct secret *from);
/* Borrows the bytes for a call. */
struct slice secret_slice(const struct secret *s);
/* Compares in constant time. */
MUST_USE bool secret_eq(struct slice a, struct slice b);
/* Wipes memory in a way that the compiler keeps. */
void secret_wipe(void *p, size_t len);

#endif
