/* SPDX-License-Identifier: BSD-2-Clause */
/* Port: looks names of peers up.  It may take long; nothing of the engine waits in a call. */
#ifndef TANUKI_PRIV_NAMES_H
#define TANUKI_PRIV_NAMES_H

#include <stddef.h>

#include "base/addr.h"

struct names;

/* n addresses of both families in the resolver's order; borrowed.  Or result, negative errno. */
typedef void (*names_done_fn)(void *arg, int result, const struct addr *addrs, size_t n);

struct names_ops {
	/* 0: done will be called, once, later.  Negative errno: it will not. */
	int (*resolve)(struct names *n, const char *name, names_done_fn done, void *arg);
	/* Forgets a callback whose owner goes away. */
	void (*cancel)(struct names *n, void *arg);
};

/* Implementations embed this as their first member. */
struct names {
	const struct names_ops *ops;
};

#endif
