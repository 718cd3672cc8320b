/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The leases of the daemon and their file: read at start, written soon after each change, one
 * writing at a time.  Who writes is given from outside.
 */
#ifndef TANUKI_PRIV_LEASE_STORE_H
#define TANUKI_PRIV_LEASE_STORE_H

#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/loop.h"
#include "policy/lease.h"
#include "priv/call.h"

struct lease_store;

enum { LEASE_STORE_DELAY_MS = 500, LEASE_STORE_RETRY_MS = 10 * 1000 };

/* Writes the text (borrowed), then calls done from the loop; negative errno: it will not. */
typedef int (*lease_store_write_fn)(void *arg, const char *text, size_t len, call_result_fn done,
				    void *done_arg);

/*
 * Reads path, which need not be there; lines that are none are logged and left out.  A file that
 * cannot be read, or is something else, is an error: it is not replaced.  p is borrowed.
 */
MUST_USE int lease_store_new(struct loop *l, const struct policy *p, const char *path,
			     lease_store_write_fn write, void *arg, struct lease_store **ret,
			     struct err *err);
/* Asks for what is not written yet, and does not wait. */
void lease_store_free(struct lease_store *s);

struct lease_table *lease_store_table(struct lease_store *s);
/* The table may have changed. */
void lease_store_touch(struct lease_store *s);

DEFINE_FREEP(struct lease_store, lease_store_free)

#endif
