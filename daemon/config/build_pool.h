/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of mode_cfg and pool, and those of remote about them. */
#ifndef TANUKI_CONFIG_BUILD_POOL_H
#define TANUKI_CONFIG_BUILD_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "config/schema.h"
#include "policy/inner.h"

/* A pool { } while it is read. */
struct pool_draft {
	struct pool_config *pool;
	bool given[INNER_FAMILIES];    /* there is a network4 or network6 */
	uint32_t size[INNER_FAMILIES]; /* as that says, 0: it says nothing */
	uint32_t size_given;           /* pool_size, 0: none */
};

/* What .arg means. */
enum { POOL_DEFAULT, POOL_NAMED };
enum {
	POOL_NETWORK4,
	POOL_NETWORK6,
	POOL_NETMASK4,
	POOL_SIZE,
	POOL_DNS4,
	POOL_DNS6,
	POOL_NBNS4,
	POOL_DEFAULT_DOMAIN,
	POOL_SPLIT_DNS,
	POOL_SPLIT_NETWORK,
	POOL_LEASE
};

int apply_pool(struct build *b, const struct word *w, struct args *a, void *target);
int apply_pool_word(struct build *b, const struct word *w, struct args *a, void *target);
int apply_pool_source(struct build *b, const struct word *w, struct args *a, void *target);
int apply_remote_pool(struct build *b, const struct word *w, struct args *a, void *target);

/* All remotes are read: each gets its pool. */
MUST_USE int pools_link(struct build *b);

#endif
