/* SPDX-License-Identifier: BSD-2-Clause */
/* A pool of inner addresses, and what else its clients are told: mode_cfg of racoon.conf. */
#ifndef TANUKI_POLICY_POOL_H
#define TANUKI_POLICY_POOL_H

#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/list.h"
#include "policy/id.h"
#include "policy/inner.h"

enum {
	POOL_NAME_MAX_BYTES = 64,
	POOL_SIZE_MAX = 1 << 18,
	POOL_NBNS_MAX = 4,
	POOL_SUBNETS_MAX = 16,
	POOL_FIXED_MAX = 4096,
};

/* Who has this identity always gets these; nobody else does. */
struct pool_fixed {
	struct id id;
	struct addr addr[INNER_FAMILIES]; /* unset: any of the pool */
};

struct pool_config {
	struct list node;               /* in policy.pools */
	char name[POOL_NAME_MAX_BYTES]; /* "": that of mode_cfg { } */
	uint16_t number;                /* its place in the list */
	struct addr first[INNER_FAMILIES];
	uint32_t size[INNER_FAMILIES]; /* addresses from first on; 0: none of this family */
	struct addr netmask4;          /* unset: not told */
	struct inner_dns dns;
	uint8_t n_nbns, n_subnets;
	struct addr nbns[POOL_NBNS_MAX];
	struct addr_prefix subnets[POOL_SUBNETS_MAX];
	uint32_t n_fixed;
	struct pool_fixed *fixed; /* owned */
	int line;                 /* in the configuration, for messages */
};

/* The offset-th address after first; unset if there is no such address of the family. */
struct addr pool_addr(const struct addr *first, uint32_t offset);
/* How far it lies behind first, or -1: before it, of another family, or 2^32 and more. */
int64_t pool_offset(const struct addr *first, const struct addr *a);

/* Adds one; -E2BIG, -ENOMEM. */
MUST_USE int pool_add_fixed(struct pool_config *pool, const struct pool_fixed *fixed);
void pool_config_free(struct pool_config *pool);

struct policy;
struct child_config;
/* Adds a pool without addresses; the snapshot's.  NULL without memory, or if the name does not fit. */
struct pool_config *policy_add_pool(struct policy *p, const char *name);
const struct pool_config *policy_find_pool(const struct policy *p, const char *name);

/*
 * Has a child of this entry inner addresses on our side?  By its own word, or because the
 * entry is a client's and says nothing else.  The same of the peer's side has only the word.
 */
bool child_config_is_client(const struct child_config *child);

#endif
