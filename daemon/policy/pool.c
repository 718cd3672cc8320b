/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting addresses; a pool's life. */
#include "policy/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

struct addr pool_addr(const struct addr *first, uint32_t offset)
{
	struct addr a = *first;
	uint64_t carry = offset;
	for (size_t i = addr_len(first); i-- > 0 && carry;) {
		carry += a.ip[i];
		a.ip[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return carry ? (struct addr){ 0 } : a;
}

int64_t pool_offset(const struct addr *first, const struct addr *a)
{
	size_t len = addr_len(first);
	int64_t offset = 0, borrow = 0;
	if (len == 0 || first->family != a->family || addr_cmp(a, first) < 0)
		return -1;
	for (size_t i = len, shift = 0; i-- > 0; shift += 8) {
		int64_t d = (int64_t)a->ip[i] - first->ip[i] - borrow;
		borrow = d < 0;
		d += borrow * 256;
		if (d && shift >= 32)
			return -1;
		offset |= shift < 32 ? d << shift : 0;
	}
	return offset;
}

int pool_add_fixed(struct pool_config *pool, const struct pool_fixed *fixed)
{
	if (pool->n_fixed >= POOL_FIXED_MAX)
		return -E2BIG;
	struct pool_fixed *more =
		reallocarray(pool->fixed, pool->n_fixed + 1, sizeof(*pool->fixed));
	if (!more)
		return -ENOMEM;
	pool->fixed = more;
	pool->fixed[pool->n_fixed++] = *fixed;
	return 0;
}

void pool_config_free(struct pool_config *pool)
{
	if (!pool)
		return;
	free(pool->fixed);
	free(pool);
}

struct pool_config *policy_add_pool(struct policy *p, const char *name)
{
	size_t len = strlen(name);
	struct pool_config *pool = len < POOL_NAME_MAX_BYTES ? calloc(1, sizeof(*pool)) : NULL;
	if (!pool)
		return NULL;
	memcpy(pool->name, name, len);
	if (!list_empty(&p->pools))
		pool->number =
			(uint16_t)(LIST_ENTRY(p->pools.prev, struct pool_config, node)->number + 1);
	list_add(&p->pools, &pool->node);
	return pool;
}

const struct pool_config *policy_find_pool(const struct policy *p, const char *name)
{
	const struct pool_config *pool;
	LIST_EACH(pool, &p->pools, node)
		if (strcmp(pool->name, name) == 0)
			return pool;
	return NULL;
}

bool child_config_is_client(const struct child_config *child)
{
	return child->local_inner || (child->peer && child->peer->mode_cfg &&
				      child->mode == CHILD_TUNNEL && child->local_ts.n == 0);
}
