/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions that wait for their answers. */
#ifndef TANUKI_PRIV_CALL_H
#define TANUKI_PRIV_CALL_H

#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/list.h"
#include "base/wire.h"

/* The answer of the monitor; the same type as kernel_done_fn. */
typedef void (*call_result_fn)(void *arg, int result, const char *reason);
/* The answer of the keeper; the same type as keeper_done_fn. */
typedef void (*call_auth_fn)(void *arg, int result, struct slice auth);

struct request_differences;
/* What the monitor found in the kernel; borrowed. */
typedef void (*call_differences_fn)(void *arg, const struct request_differences *d);
struct request_lease;
struct request_leases;
/* The monitor's table of leases; borrowed. */
typedef void (*call_lease_fn)(void *arg, const struct request_lease *lease);
typedef void (*call_leases_fn)(void *arg, const struct request_leases *leases);

/* The answer of the resolver; the same type as names_done_fn. */
typedef void (*call_addresses_fn)(void *arg, int result, const struct addr *addrs, size_t n);

/* Whom to tell; a member that is NULL is not told. */
struct call {
	struct list node;
	uint32_t id;
	call_result_fn on_result;
	call_auth_fn on_auth;
	call_differences_fn on_differences;
	call_addresses_fn on_addresses;
	call_lease_fn on_lease;
	call_leases_fn on_leases;
	void *arg;
};

struct calls {
	struct list waiting; /* oldest first: answers mostly come in that order */
	uint32_t last_id;
};

void calls_init(struct calls *c);
/* Forgets all of them; nobody is told. */
void calls_done(struct calls *c);
/* Remembers whom to tell (copied); the id to send, never 0.  0 without memory. */
MUST_USE uint32_t calls_add(struct calls *c, const struct call *call);
/* Takes the question with this id out: true and *ret. */
MUST_USE bool calls_take(struct calls *c, uint32_t id, struct call *ret);
/* Questions with this arg will tell nobody; their answers are still expected. */
void calls_cancel(struct calls *c, const void *arg);

#endif
