// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mirror of the tagged OUT policies.
 *
 * The key manager's notifier says what changes; it may be called in any context and
 * allocates without sleeping.  What it cannot mirror it does not forget: the
 * namespace is incomplete then, and hook.c lets nothing pass until a work has read
 * the SPD again.  A policy stays in the mirror until its removal was announced, also
 * when it is dead already: between the two the core has the new one and we would
 * have none.
 *
 * Lookups take no lock.  Policies are hashed by their prefixes; for each pair of
 * prefix lengths that occurs, one probe finds the candidates.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "proto.h"
#include "tanuki.h"

#define RESYNC_DELAY	(HZ / 10)

/* A pair of prefix lengths, for as long as a policy has it. */
struct tk_shape {
	struct list_head node;
	struct rcu_head rcu;
	unsigned int users;
	u8 plen_s;
	u8 plen_d;
};

static const struct rhashtable_params params = {
	.head_offset = offsetof(struct tk_pol, hash),
	.key_offset = offsetof(struct tk_pol, key),
	.key_len = sizeof(struct tk_key),
	.automatic_shrinking = true,
};

static struct list_head *shapes_of(struct tk_net *tn, u16 family)
{
	return &tn->shapes[family == AF_INET6];
}

static void copy_prefix(xfrm_address_t *to, const xfrm_address_t *from, u8 plen, u16 family)
{
	if (family == AF_INET)
		to->a4 = plen ? from->a4 & htonl(~0U << (32 - min_t(u8, plen, 32))) : 0;
	else
		ipv6_addr_prefix(&to->in6, &from->in6, min_t(u8, plen, 128));
}

static void make_key(struct tk_key *key, const xfrm_address_t *saddr, u8 plen_s,
		     const xfrm_address_t *daddr, u8 plen_d, u16 family)
{
	memset(key, 0, sizeof(*key));
	copy_prefix(&key->saddr, saddr, plen_s, family);
	copy_prefix(&key->daddr, daddr, plen_d, family);
	key->family = family;
	key->plen_s = plen_s;
	key->plen_d = plen_d;
}

/* Lookup */

static bool match4(const struct xfrm_selector *sel, const struct flowi *fl)
{
	const struct flowi4 *fl4 = &fl->u.ip4;

	return addr4_match(fl4->daddr, sel->daddr.a4, sel->prefixlen_d) &&
	       addr4_match(fl4->saddr, sel->saddr.a4, sel->prefixlen_s) &&
	       !((xfrm_flowi_dport(fl, &fl4->uli) ^ sel->dport) & sel->dport_mask) &&
	       !((xfrm_flowi_sport(fl, &fl4->uli) ^ sel->sport) & sel->sport_mask);
}

static bool match6(const struct xfrm_selector *sel, const struct flowi *fl)
{
	const struct flowi6 *fl6 = &fl->u.ip6;

	return addr_match(&fl6->daddr, &sel->daddr, sel->prefixlen_d) &&
	       addr_match(&fl6->saddr, &sel->saddr, sel->prefixlen_s) &&
	       !((xfrm_flowi_dport(fl, &fl6->uli) ^ sel->dport) & sel->dport_mask) &&
	       !((xfrm_flowi_sport(fl, &fl6->uli) ^ sel->sport) & sel->sport_mask);
}

bool tk_selector_match(const struct xfrm_selector *sel, const struct flowi *fl, u16 family)
{
	if (sel->family != family && sel->family != AF_UNSPEC)
		return false;
	if (sel->proto && sel->proto != fl->flowi_proto)
		return false;
	if (sel->ifindex && sel->ifindex != fl->flowi_oif)
		return false;
	return family == AF_INET ? match4(sel, fl) : match6(sel, fl);
}

static bool policy_match(const struct xfrm_policy *pol, const struct flowi *fl, u16 family)
{
	return (fl->flowi_mark & pol->mark.m) == pol->mark.v &&
	       tk_selector_match(&pol->selector, fl, family);
}

/* The lower number goes first, and with equal ones the policy that came first. */
static bool precedes(const struct xfrm_policy *a, const struct xfrm_policy *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->index < b->index;
}

struct tk_pol *tk_spd_lookup(struct tk_net *tn, const struct flowi *fl, u16 family)
{
	struct tk_pol *tp, *best = NULL;
	struct rhlist_head *list, *pos;
	xfrm_address_t saddr, daddr;
	struct tk_shape *shape;
	struct tk_key key;

	xfrm_flowi_addr_get(fl, &saddr, &daddr, family);
	list_for_each_entry_rcu(shape, shapes_of(tn, family), node) {
		make_key(&key, &saddr, shape->plen_s, &daddr, shape->plen_d, family);
		list = rhltable_lookup(&tn->table, &key, params);
		rhl_for_each_entry_rcu(tp, pos, list, hash)
			if ((!best || precedes(tp->pol, best->pol)) &&
			    policy_match(tp->pol, fl, family))
				best = tp;
	}
	return best;
}

/* Changes, all under the lock */

static struct tk_shape *shape_get(struct tk_net *tn, const struct tk_key *key)
{
	struct list_head *shapes = shapes_of(tn, key->family);
	struct tk_shape *shape;

	list_for_each_entry(shape, shapes, node)
		if (shape->plen_s == key->plen_s && shape->plen_d == key->plen_d) {
			shape->users++;
			return shape;
		}
	shape = kzalloc(sizeof(*shape), GFP_ATOMIC);
	if (!shape)
		return NULL;
	shape->users = 1;
	shape->plen_s = key->plen_s;
	shape->plen_d = key->plen_d;
	list_add_rcu(&shape->node, shapes);
	return shape;
}

static void shape_put(struct tk_shape *shape)
{
	if (--shape->users)
		return;
	list_del_rcu(&shape->node);
	kfree_rcu(shape, rcu);
}

static void pol_free(struct tk_pol *tp)
{
	if (tp->cache)
		tk_cache_clear(tp);
	free_percpu(tp->cache);
	xfrm_pol_put(tp->pol);
	kfree(tp);
}

static void pol_free_rcu(struct rcu_head *head)
{
	pol_free(container_of(head, struct tk_pol, rcu));
}

static struct tk_pol *pol_alloc(struct xfrm_policy *pol)
{
	const struct xfrm_selector *sel = &pol->selector;
	struct tk_pol *tp = kzalloc(sizeof(*tp), GFP_ATOMIC);

	if (!tp)
		return NULL;
	xfrm_pol_hold(pol);
	tp->pol = pol;
	tp->retry = jiffies;
	make_key(&tp->key, &sel->saddr, sel->prefixlen_s, &sel->daddr, sel->prefixlen_d,
		 pol->family);
	tp->cache = alloc_percpu_gfp(struct tk_cache, GFP_ATOMIC);
	if (tp->cache)
		return tp;
	pol_free(tp);
	return NULL;
}

static bool is_mirrored(struct tk_net *tn, const struct tk_pol *new)
{
	struct rhlist_head *list, *pos;
	struct tk_pol *tp;

	list = rhltable_lookup(&tn->table, &new->key, params);
	rhl_for_each_entry_rcu(tp, pos, list, hash)
		if (tp->pol == new->pol)
			return true;
	return false;
}

/* While a policy is mirrored, the module cannot be removed: the core would ignore it. */
static int pol_link(struct tk_net *tn, struct tk_pol *tp)
{
	int err;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	tp->shape = shape_get(tn, &tp->key);
	err = tp->shape ? rhltable_insert(&tn->table, &tp->hash, params) : -ENOMEM;
	if (err) {
		if (tp->shape)
			shape_put(tp->shape);
		module_put(THIS_MODULE);
		return err;
	}
	list_add(&tp->node, &tn->policies);
	WRITE_ONCE(tn->npolicies, tn->npolicies + 1);
	return 0;
}

static void pol_unlink(struct tk_net *tn, struct tk_pol *tp)
{
	rhltable_remove(&tn->table, &tp->hash, params);
	shape_put(tp->shape);
	list_del(&tp->node);
	WRITE_ONCE(tn->npolicies, tn->npolicies - 1);
	call_rcu(&tp->rcu, pol_free_rcu);
	module_put(THIS_MODULE);
}

static int add(struct tk_net *tn, struct xfrm_policy *pol)
{
	struct tk_pol *tp = pol_alloc(pol);
	int err;

	if (!tp)
		return -ENOMEM;
	rcu_read_lock();
	err = is_mirrored(tn, tp) ? -EEXIST : pol_link(tn, tp);
	rcu_read_unlock();
	if (err)
		pol_free(tp);
	return err == -EEXIST ? 0 : err;
}

static void incomplete(struct tk_net *tn)
{
	if (tn->gone)
		return;
	WRITE_ONCE(tn->missed, tn->missed + 1);
	schedule_delayed_work(&tn->resync, RESYNC_DELAY);
}

/* Removes what is dead; with @like only what has the prefixes of this one. */
static void sweep(struct tk_net *tn, const struct xfrm_policy *like)
{
	struct tk_pol *tp, *next;

	list_for_each_entry_safe(tp, next, &tn->policies, node)
		if (tp->pol->walk.dead && (!like || tp->pol->index == like->index))
			pol_unlink(tn, tp);
}

static bool is_ours(const struct xfrm_policy *pol, int dir)
{
	return pol->if_id == tk_tag && dir == XFRM_POLICY_OUT;
}

static void policy_event(struct tk_net *tn, struct xfrm_policy *pol, int dir, u32 event)
{
	spin_lock_bh(&tn->lock);
	/* The new one first: there is no moment without a policy. */
	if (pol && is_ours(pol, dir) && !pol->walk.dead && !tn->gone && add(tn, pol))
		incomplete(tn);
	/* The replaced policy had the same index. */
	if (event != XFRM_MSG_NEWPOLICY)
		sweep(tn, event == XFRM_MSG_UPDPOLICY ? pol : NULL);
	spin_unlock_bh(&tn->lock);
}

static int notify_policy(struct xfrm_policy *pol, int dir, const struct km_event *c)
{
	/* (Not every caller sets c->net.) */
	struct net *net = pol ? xp_net(pol) : c->net;

	policy_event(tk_net(net), pol, dir, c->event);
	tk_proto_check();
	return 0;
}

/* The core calls the next two without asking whether they are there. */
static int acquire(struct xfrm_state *x, struct xfrm_tmpl *tmpl, struct xfrm_policy *pol)
{
	return -EINVAL;
}

static struct xfrm_policy *compile_policy(struct sock *sk, int opt, u8 *data, int len, int *dir)
{
	*dir = -EOPNOTSUPP;
	return NULL;
}

struct xfrm_mgr tk_spd_km = {
	.notify_policy = notify_policy,
	.acquire = acquire,
	.compile_policy = compile_policy,
};

/* Reading all of it */

static int resync_one(struct xfrm_policy *pol, int dir, int nth, void *data)
{
	struct tk_net *tn = data;
	int err = 0;

	if (!is_ours(pol, dir))
		return 0;
	spin_lock(&tn->lock);
	if (!tn->gone)
		err = add(tn, pol);
	spin_unlock(&tn->lock);
	return err;
}

void tk_spd_resync(struct tk_net *tn)
{
	unsigned int missed = READ_ONCE(tn->missed);
	struct xfrm_policy_walk walk;
	int err;

	xfrm_policy_walk_init(&walk, XFRM_POLICY_TYPE_ANY);
	err = xfrm_policy_walk(tn->net, &walk, resync_one, tn);
	xfrm_policy_walk_done(&walk, tn->net);
	spin_lock_bh(&tn->lock);
	if (!err || err == -ENOENT)	/* an empty SPD */
		WRITE_ONCE(tn->caught_up, missed);
	else
		incomplete(tn);
	spin_unlock_bh(&tn->lock);
}

static void resync_work(struct work_struct *work)
{
	tk_spd_resync(container_of(work, struct tk_net, resync.work));
}

void tk_spd_forget_bundles(struct tk_net *tn)
{
	struct tk_pol *tp;

	spin_lock_bh(&tn->lock);
	list_for_each_entry(tp, &tn->policies, node)
		tk_cache_clear(tp);
	spin_unlock_bh(&tn->lock);
}

int tk_spd_init(struct tk_net *tn)
{
	spin_lock_init(&tn->lock);
	INIT_LIST_HEAD(&tn->shapes[0]);
	INIT_LIST_HEAD(&tn->shapes[1]);
	INIT_LIST_HEAD(&tn->policies);
	INIT_DELAYED_WORK(&tn->resync, resync_work);
	return rhltable_init(&tn->table, &params);
}

void tk_spd_exit(struct tk_net *tn)
{
	struct tk_pol *tp, *next;

	spin_lock_bh(&tn->lock);
	tn->gone = true;
	spin_unlock_bh(&tn->lock);
	cancel_delayed_work_sync(&tn->resync);
	spin_lock_bh(&tn->lock);
	list_for_each_entry_safe(tp, next, &tn->policies, node)
		pol_unlink(tn, tp);
	spin_unlock_bh(&tn->lock);
	rhltable_destroy(&tn->table);
}
