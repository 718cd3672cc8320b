/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has which inner address of our pools: leases, in memory, without a clock or a file.
 *
 * A lease binds an address to an identity and stays when nobody uses it any more: who comes
 * back finds it.  Only when a pool is used up, the address that was unused longest goes to
 * somebody else.  Holders are IKE SAs: several of one identity may hold one lease, so that an
 * IKE SA can replace another one before that is gone (RFC 7296 2.8.3).  All is done in
 * constant time, whatever the size of the pool.
 */
#ifndef TANUKI_POLICY_LEASE_H
#define TANUKI_POLICY_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "policy/id.h"
#include "policy/inner.h"
#include "policy/policy.h"

struct lease_table;

/* A plain value without pointers: it travels between processes. */
struct lease_ask {
	uint64_t holder; /* chosen by the engine, unique while it is held */
	uint16_t pool;   /* pool_config.number */
	bool wants[INNER_FAMILIES];
	/* It is the client's only IKE SA (INITIAL_CONTACT): what its identity holds is its own. */
	bool only;
	struct addr suggested[INNER_FAMILIES]; /* unset: any */
	struct id id;
};

/* p is borrowed.  NULL without memory. */
struct lease_table *lease_table_new(const struct policy *p);
void lease_table_free(struct lease_table *t);

/*
 * Addresses for a holder, one of each family that it wants and the pool has; unset: none.
 *	1. the fixed one of its identity;
 *	2. the suggested one, if it is its identity's;
 *	3. one that its identity had and does not use;
 *	4. one that its identity uses, if this is its only IKE SA;
 *	5. the suggested one, if nobody ever had it; 6. one that nobody had; 7. the one that
 *	   was unused longest.
 * -ENOENT: no such pool; -EAFNOSUPPORT: none of the families wanted; -ENOSPC: all in use;
 * -EEXIST: the holder has addresses already; -ENOMEM.  Nothing is held then.
 */
MUST_USE int lease_get(struct lease_table *t, const struct lease_ask *ask, int64_t now_sec,
		       struct addr ret[INNER_FAMILIES]);
/* The holder is gone; unknown ones are no error. */
void lease_put(struct lease_table *t, uint64_t holder, int64_t now_sec);
/* All holders with this in bits 63..56 are gone: an engine ended. */
void lease_put_all(struct lease_table *t, uint8_t engine, int64_t now_sec);

/*
 * A lease of an earlier life, used last at used_sec; to be called in the order of that.
 * -ENOENT: no such pool, or the address is not in it (any more); -EEXIST: somebody has the
 * address; -ENOMEM.
 */
MUST_USE int lease_restore(struct lease_table *t, const char *pool, const struct id *id,
			   const struct addr *addr, int64_t used_sec);

struct lease_view {
	const struct pool_config *pool;
	const struct id *id;
	struct addr addr;
	uint32_t n_holders; /* 0: nobody uses it now */
	bool fixed;
	int64_t used_sec; /* wall clock: since (or until) when; 0: never */
};
/* Walks all leases by pool and address; *cursor is 0 at first.  False at the end. */
bool lease_next(const struct lease_table *t, uint64_t *cursor, struct lease_view *ret);
size_t lease_count(const struct lease_table *t);
/* Counts changes that a file should know. */
uint64_t lease_version(const struct lease_table *t);

DEFINE_FREEP(struct lease_table, lease_table_free)

#endif
