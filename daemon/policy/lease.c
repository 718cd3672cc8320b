/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of leases.
 *
 *	owners   by pool and identity ---> its leases: fixed, then unused, then used ones
 *	ranges   one of each pool and family: address ---> lease, and the unused ones in the
 *	         order in which they became so
 *	holds    by holder ---> one lease of each family
 */
#include "policy/lease.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "policy/pool.h"

enum { ENGINE_SHIFT = 56, CURSOR_SLOT_BITS = 32 };

struct owner {
	struct hash_node node; /* lease_table.owners */
	struct id id;
	struct list leases[INNER_FAMILIES]; /* struct lease.of_owner */
	size_t n_leases;
};

struct range;

struct lease {
	struct list of_owner;
	struct list unused; /* range.unused, while nobody holds it and it is not fixed */
	struct owner *owner;
	struct range *range;
	uint32_t slot, n_holders;
	bool fixed;
	int64_t used_sec;
};

struct range {
	const struct pool_config *pool;
	unsigned int family;
	struct addr first;
	uint32_t size;
	uint32_t fresh; /* below it no slot is free */
	struct lease **slots;
	struct list unused;
};

struct hold {
	struct hash_node node; /* lease_table.holds, by holder */
	struct lease *leases[INNER_FAMILIES];
};

struct lease_table {
	uint8_t key[16];
	struct range *ranges; /* INNER_FAMILIES for each pool */
	size_t n_pools, n_leases;
	struct hash owners, holds;
	uint64_t version;
};

/* ---- owners ---- */

/* Identities that are equal by id_eq() have one key. */
static uint64_t owner_key(const struct lease_table *t, uint16_t pool, const struct id *id)
{
	uint8_t text[3 + POLICY_ID_MAX_BYTES] = { (uint8_t)(pool >> 8), (uint8_t)pool, id->type };
	size_t at = id->type == ID_FQDN ? 0 : id->len;
	if (id->type == ID_RFC822_ADDR)
		while (at > 0 && id->body[at - 1] != '@')
			at--;
	/* Without an @ case counts everywhere. */
	at = at || id->type == ID_FQDN ? at : id->len;
	for (size_t i = 0; i < id->len; i++)
		text[3 + i] = i < at ? id->body[i] : (uint8_t)tolower(id->body[i]);
	return hash_sip(t->key, text, 3u + id->len);
}

static struct owner *find_owner(const struct lease_table *t, uint16_t pool, const struct id *id)
{
	struct hash_node *n = hash_find(&t->owners, owner_key(t, pool, id));
	return n ? CONTAINER_OF(n, struct owner, node) : NULL;
}

static struct owner *need_owner(struct lease_table *t, uint16_t pool, const struct id *id)
{
	struct owner *o = find_owner(t, pool, id);
	if (o)
		return o;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->id = *id;
	for (unsigned int i = 0; i < INNER_FAMILIES; i++)
		list_init(&o->leases[i]);
	if (hash_add(&t->owners, &o->node, owner_key(t, pool, id)) < 0) {
		free(o);
		return NULL;
	}
	return o;
}

static void forget_owner(struct lease_table *t, struct owner *o)
{
	if (!o || o->n_leases)
		return;
	hash_remove(&t->owners, &o->node);
	free(o);
}

/* ---- leases ---- */

/* At the front of what its owner has: the next one to be taken. */
static void put_first(struct list *head, struct list *node)
{
	list_remove(node);
	list_add(head->next, node);
}

static struct lease *add_lease(struct lease_table *t, struct owner *o, struct range *r,
			       uint32_t slot)
{
	struct lease *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	*l = (struct lease){ .owner = o, .range = r, .slot = slot };
	list_init(&l->of_owner);
	list_init(&l->unused);
	list_add(&o->leases[r->family], &l->of_owner);
	o->n_leases++;
	r->slots[slot] = l;
	t->n_leases++;
	t->version++;
	return l;
}

/* Becomes somebody else's. */
static void hand_over(struct lease_table *t, struct lease *l, struct owner *to)
{
	struct owner *from = l->owner;
	list_remove(&l->of_owner);
	list_add(&to->leases[l->range->family], &l->of_owner);
	to->n_leases++;
	l->owner = to;
	from->n_leases--;
	forget_owner(t, from);
	t->version++;
}

static void take(struct lease_table *t, struct lease *l, int64_t now_sec)
{
	l->n_holders++;
	l->used_sec = now_sec;
	list_remove(&l->unused);
	if (!l->fixed) {
		list_remove(&l->of_owner);
		list_add(&l->owner->leases[l->range->family], &l->of_owner);
	}
	t->version++;
}

static void give_back(struct lease_table *t, struct lease *l, int64_t now_sec)
{
	l->used_sec = now_sec;
	t->version++;
	if (--l->n_holders || l->fixed)
		return;
	list_add(&l->range->unused, &l->unused);
	put_first(&l->owner->leases[l->range->family], &l->of_owner);
}

/* ---- which one ---- */

static struct lease *at_addr(const struct range *r, const struct addr *a, uint32_t *ret_slot)
{
	int64_t offset = addr_is_set(a) ? pool_offset(&r->first, a) : -1;
	*ret_slot = UINT32_MAX;
	if (offset < 0 || offset >= r->size)
		return NULL;
	*ret_slot = (uint32_t)offset;
	return r->slots[offset];
}

/* What the identity has already, if it is for this IKE SA. */
static struct lease *own_lease(const struct range *r, const struct owner *o,
			       const struct lease_ask *ask)
{
	const struct list *all = &o->leases[r->family];
	struct lease *first = list_empty(all) ? NULL
					      : LIST_ENTRY(all->next, struct lease, of_owner);
	uint32_t slot;
	struct lease *suggested = at_addr(r, &ask->suggested[r->family], &slot);
	if (!first || first->fixed)
		return first;
	if (suggested && suggested->owner == o)
		return suggested;
	if (first->n_holders == 0 || ask->only)
		return first;
	return NULL;
}

static uint32_t fresh_slot(struct range *r)
{
	while (r->fresh < r->size && r->slots[r->fresh])
		r->fresh++;
	return r->fresh;
}

/* 0 or negative errno; *ret is not held yet. */
static int choose(struct lease_table *t, struct range *r, struct owner *o,
		  const struct lease_ask *ask, struct lease **ret)
{
	struct lease *own = own_lease(r, o, ask);
	uint32_t slot;
	if (own)
		return *ret = own, 0;
	if (at_addr(r, &ask->suggested[r->family], &slot) || slot >= r->size)
		slot = fresh_slot(r);
	if (slot < r->size)
		return (*ret = add_lease(t, o, r, slot)) ? 0 : -ENOMEM;
	if (list_empty(&r->unused))
		return -ENOSPC;
	*ret = LIST_ENTRY(r->unused.next, struct lease, unused);
	if ((*ret)->owner != o)
		hand_over(t, *ret, o);
	return 0;
}

static struct range *range_of(const struct lease_table *t, uint16_t pool, unsigned int family)
{
	return &t->ranges[(size_t)pool * INNER_FAMILIES + family];
}

/* Fills the hold; fails if none of the families could be served. */
static int get_all(struct lease_table *t, struct owner *o, const struct lease_ask *ask,
		   int64_t now_sec, struct hold *h)
{
	int result = -EAFNOSUPPORT;
	size_t n = 0;
	for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
		struct range *r = range_of(t, ask->pool, i);
		if (!ask->wants[i] || !r->size)
			continue;
		int r_one = choose(t, r, o, ask, &h->leases[i]);
		if (r_one < 0) {
			result = r_one;
			continue;
		}
		take(t, h->leases[i], now_sec);
		n++;
	}
	return n ? 0 : result;
}

int lease_get(struct lease_table *t, const struct lease_ask *ask, int64_t now_sec,
	      struct addr ret[INNER_FAMILIES])
{
	if (ask->pool >= t->n_pools)
		return -ENOENT;
	struct hold *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	int r = hash_add(&t->holds, &h->node, ask->holder);
	if (r < 0) {
		free(h);
		return r;
	}
	struct owner *o = need_owner(t, ask->pool, &ask->id);
	r = o ? get_all(t, o, ask, now_sec, h) : -ENOMEM;
	if (r < 0) {
		forget_owner(t, o);
		hash_remove(&t->holds, &h->node);
		free(h);
		return r;
	}
	for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
		const struct lease *l = h->leases[i];
		ret[i] = l ? pool_addr(&l->range->first, l->slot) : (struct addr){ 0 };
	}
	return 0;
}

static void end_hold(struct lease_table *t, struct hold *h, int64_t now_sec)
{
	for (unsigned int i = 0; i < INNER_FAMILIES; i++)
		if (h->leases[i])
			give_back(t, h->leases[i], now_sec);
	hash_remove(&t->holds, &h->node);
}

void lease_put(struct lease_table *t, uint64_t holder, int64_t now_sec)
{
	struct hash_node *n = hash_find(&t->holds, holder);
	if (!n)
		return;
	struct hold *h = CONTAINER_OF(n, struct hold, node);
	end_hold(t, h, now_sec);
	free(h);
}

void lease_put_all(struct lease_table *t, uint8_t engine, int64_t now_sec)
{
	struct hash_node *n = hash_next(&t->holds, NULL);
	while (n) {
		struct hold *h = CONTAINER_OF(n, struct hold, node);
		bool hit = n->key >> ENGINE_SHIFT == engine;
		if (hit)
			end_hold(t, h, now_sec);
		n = hash_next(&t->holds, n);
		if (hit)
			free(h);
	}
}

/* ---- an earlier life ---- */

static struct range *find_range(const struct lease_table *t, const char *pool, unsigned int family)
{
	for (size_t i = 0; i < t->n_pools && family < INNER_FAMILIES; i++) {
		struct range *r = range_of(t, (uint16_t)i, family);
		if (strcmp(r->pool->name, pool) == 0)
			return r;
	}
	return NULL;
}

int lease_restore(struct lease_table *t, const char *pool, const struct id *id,
		  const struct addr *addr, int64_t used_sec)
{
	struct range *r = find_range(t, pool, inner_family(addr));
	uint32_t slot = UINT32_MAX;
	struct lease *there = r ? at_addr(r, addr, &slot) : NULL;
	if (there && there->fixed && id_eq(&there->owner->id, id))
		return there->used_sec = used_sec, 0;
	if (there)
		return -EEXIST;
	if (!r || slot >= r->size)
		return -ENOENT;
	struct owner *o = need_owner(t, r->pool->number, id);
	struct lease *l = o ? add_lease(t, o, r, slot) : NULL;
	if (!l) {
		forget_owner(t, o);
		return -ENOMEM;
	}
	l->used_sec = used_sec;
	list_add(&r->unused, &l->unused);
	return 0;
}

/* ---- views ---- */

bool lease_next(const struct lease_table *t, uint64_t *cursor, struct lease_view *ret)
{
	uint64_t at = *cursor >> CURSOR_SLOT_BITS;
	uint32_t slot = (uint32_t)*cursor;
	for (; at < t->n_pools * INNER_FAMILIES; at++, slot = 0) {
		const struct range *r = &t->ranges[at];
		while (slot < r->size && !r->slots[slot])
			slot++;
		if (slot >= r->size)
			continue;
		const struct lease *l = r->slots[slot];
		*ret = (struct lease_view){ .pool = r->pool,
					    .id = &l->owner->id,
					    .addr = pool_addr(&r->first, slot),
					    .n_holders = l->n_holders,
					    .fixed = l->fixed,
					    .used_sec = l->used_sec };
		*cursor = at << CURSOR_SLOT_BITS | (slot + 1);
		return true;
	}
	*cursor = at << CURSOR_SLOT_BITS;
	return false;
}

size_t lease_count(const struct lease_table *t)
{
	return t->n_leases;
}

uint64_t lease_version(const struct lease_table *t)
{
	return t->version;
}

/* ---- life ---- */

static int add_fixed(struct lease_table *t, const struct pool_config *pool,
		     const struct pool_fixed *fixed)
{
	struct owner *o = need_owner(t, pool->number, &fixed->id);
	if (!o)
		return -ENOMEM;
	for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
		struct range *r = range_of(t, pool->number, i);
		uint32_t slot;
		/* One that is outside of the range, or written twice, is refused with the file. */
		if (at_addr(r, &fixed->addr[i], &slot) || slot >= r->size)
			continue;
		struct lease *l = add_lease(t, o, r, slot);
		if (!l)
			return -ENOMEM;
		l->fixed = true;
		put_first(&o->leases[i], &l->of_owner);
	}
	forget_owner(t, o);
	return 0;
}

static int add_pool(struct lease_table *t, const struct pool_config *pool)
{
	for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
		struct range *r = range_of(t, pool->number, i);
		r->slots = calloc(pool->size[i] ? pool->size[i] : 1, sizeof(*r->slots));
		if (!r->slots)
			return -ENOMEM;
		r->size = pool->size[i];
	}
	for (uint32_t i = 0; i < pool->n_fixed; i++)
		if (add_fixed(t, pool, &pool->fixed[i]) < 0)
			return -ENOMEM;
	return 0;
}

static int fill(struct lease_table *t, const struct policy *p)
{
	const struct pool_config *pool;
	LIST_EACH(pool, &p->pools, node)
		t->n_pools++;
	t->ranges = calloc(t->n_pools ? t->n_pools * INNER_FAMILIES : 1, sizeof(*t->ranges));
	if (!t->ranges || hash_init(&t->owners) < 0 || hash_init(&t->holds) < 0)
		return -ENOMEM;
	LIST_EACH(pool, &p->pools, node) {
		for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
			struct range *r = range_of(t, pool->number, i);
			*r = (struct range){ .pool = pool, .family = i, .first = pool->first[i] };
			list_init(&r->unused);
		}
	}
	LIST_EACH(pool, &p->pools, node)
		if (add_pool(t, pool) < 0)
			return -ENOMEM;
	return 0;
}

struct lease_table *lease_table_new(const struct policy *p)
{
	struct lease_table *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	hash_random(t->key, sizeof(t->key));
	if (fill(t, p) < 0) {
		lease_table_free(t);
		return NULL;
	}
	return t;
}

static void free_range(struct lease_table *t, struct range *r)
{
	for (uint32_t i = 0; r->slots && i < r->size; i++) {
		struct lease *l = r->slots[i];
		if (!l)
			continue;
		l->owner->n_leases--;
		forget_owner(t, l->owner);
		free(l);
	}
	free(r->slots);
}

void lease_table_free(struct lease_table *t)
{
	if (!t)
		return;
	struct hash_node *n = t->holds.buckets ? hash_next(&t->holds, NULL) : NULL;
	while (n) {
		struct hold *h = CONTAINER_OF(n, struct hold, node);
		hash_remove(&t->holds, n);
		n = hash_next(&t->holds, n);
		free(h);
	}
	for (size_t i = 0; t->ranges && i < t->n_pools * INNER_FAMILIES; i++)
		free_range(t, &t->ranges[i]);
	free(t->ranges);
	hash_done(&t->owners);
	hash_done(&t->holds);
	free(t);
}
