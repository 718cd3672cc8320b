/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port: inner addresses as the engine uses them.  Leases for our clients come from one place
 * for all engines, the monitor; what a gateway gave us as its client is set up there.
 */
#ifndef TANUKI_KERNEL_ADDRESS_H
#define TANUKI_KERNEL_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "policy/inner.h"
#include "policy/lease.h"

/* result: 0 with what lease_get() returned in addr, or its error. */
typedef void (*address_lease_fn)(void *arg, int result, const struct addr addr[INNER_FAMILIES]);
/* result: 0 or negative errno with words, or "". */
typedef void (*address_done_fn)(void *arg, int result, const char *reason);

struct address_port;

struct address_ops {
	/*
	 * ask is borrowed for the call.  done is never called before the function returned 0; a
	 * negative result means that it never will.  Requests are executed in the order of the
	 * calls: lease_put() also ends a lease_get() whose answer is still to come.
	 */
	int (*lease_get)(struct address_port *a, const struct lease_ask *ask, address_lease_fn done,
			 void *arg);
	int (*lease_put)(struct address_port *a, uint64_t holder);
	/* From now on this is what the holder has: addresses, routes, name servers.  done as above,
	 * or NULL. */
	int (*inner_set)(struct address_port *a, const struct inner_set *set, address_done_fn done,
			 void *arg);
	int (*inner_drop)(struct address_port *a, uint64_t holder);
	/* Forgets a callback whose owner goes away; its request still runs. */
	void (*cancel)(struct address_port *a, void *arg);
};

/* Implementations embed this as their first member. */
struct address_port {
	const struct address_ops *ops;
};

/* The fake (tests, simulation): a table of leases of its own, and what was set up. */
struct loop;
struct address_fake;
/* p is borrowed.  delay_ms: how long an answer takes on the loop's clock.  NULL without memory. */
struct address_fake *address_fake_new(struct loop *l, const struct policy *p, int64_t delay_ms);
void address_fake_free(struct address_fake *f);
struct address_port *address_fake_port(struct address_fake *f);
struct lease_table *address_fake_leases(struct address_fake *f);
/* Sets now there; index < count. */
size_t address_fake_count(const struct address_fake *f);
const struct inner_set *address_fake_set(const struct address_fake *f, size_t index);
/* The next inner_set fails with result; nothing is set up. */
void address_fake_fail_next(struct address_fake *f, int result);
/* Requests that are still to be executed. */
size_t address_fake_n_open(const struct address_fake *f);

#endif
