/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tanuki.ko: own bundles for the kernel's SPD and SAD.
 *
 * The core never matches an OUT policy that has an interface id: its lookups ask
 * for id 0.  The policies that have the id "tag" are ours: spdidx.c mirrors them,
 * hook.c looks packets up in that mirror, resolve.c finds the SAs of the policy's
 * templates, bundle.c stacks one dst entry for each of them, output.c hands the
 * packet to xfrm_output(), which walks the stack.  docs/kmod.md tells it at length.
 */
#ifndef TANUKI_H
#define TANUKI_H

#include <linux/list.h>
#include <linux/rhashtable.h>
#include <linux/netdevice.h>
#include <net/net_namespace.h>
#include <net/xfrm.h>
#include "compat.h"

#define TK_TAG_DEFAULT	0x54
#define TK_CACHE_SLOTS	4

/* The counters of /proc/net/tanuki_stat: member of the enum, name in the file. */
#define TK_STATS(X)				\
	X(CACHE_HIT, "CacheHit")		\
	X(CACHE_MISS, "CacheMiss")		\
	X(BUNDLE, "BundleCreated")		\
	X(PASS_SOCKET, "PassSocketPolicy")	\
	X(PASS_OPTIONAL, "PassOptional")	\
	X(ACQUIRE, "Acquire")			\
	X(DROP_PENDING, "DropPending")		\
	X(DROP_NO_STATE, "DropNoState")		\
	X(DROP_BLOCK, "DropBlock")		\
	X(DROP_TOO_BIG, "DropTooBig")		\
	X(DROP_UNSUPPORTED, "DropUnsupported")	\
	X(DROP_NO_ROUTE, "DropNoRoute")		\
	X(DROP_NO_MEMORY, "DropNoMemory")	\
	X(DROP_INCOMPLETE, "DropIncomplete")

#define TK_STAT_MEMBER(member, name) TK_STAT_##member,
enum tk_stat {
	TK_STATS(TK_STAT_MEMBER)
	TK_STAT_MAX
};

struct tk_stats {
	u64 count[TK_STAT_MAX];
};

/**
 * struct tk_net - the module's part of a network namespace
 * @net: the namespace
 * @lock: taken by everybody who changes @table, @shapes or @policies
 * @table: the mirrored policies by their prefixes
 * @shapes: the pairs of prefix lengths that occur in @table, for either family
 * @policies: the mirrored policies, in no order
 * @npolicies: how many there are
 * @missed: counts the policies that could not be mirrored
 * @caught_up: the value of @missed that @resync has dealt with; until both are equal,
 *	nothing passes
 * @gone: the namespace is on its way out
 * @resync: reads the SPD again
 * @stats: the counters
 */
struct tk_net {
	struct net *net;
	spinlock_t lock;
	struct rhltable table;
	struct list_head shapes[2];
	struct list_head policies;
	unsigned int npolicies;
	unsigned int missed;
	unsigned int caught_up;
	bool gone;
	struct delayed_work resync;
	struct tk_stats __percpu *stats;
};

/* What policies are hashed by: both prefixes, with the bits below them cleared. */
struct tk_key {
	xfrm_address_t saddr;
	xfrm_address_t daddr;
	u16 family;
	u8 plen_s;
	u8 plen_d;
};

/* The bundles that a policy used last, on one processor. */
struct tk_cache {
	struct dst_entry __rcu *slot[TK_CACHE_SLOTS];
	unsigned int next;
};

/**
 * struct tk_pol - a mirrored policy
 * @hash: in tk_net.table
 * @node: in tk_net.policies
 * @rcu: frees it, when no reader has it any more
 * @key: what it is hashed by
 * @shape: the pair of its prefix lengths
 * @pol: the policy, held
 * @cache: bundles that were made for it, held
 * @retry: no key manager answered: do not ask again before this time (jiffies)
 */
struct tk_pol {
	struct rhlist_head hash;
	struct list_head node;
	struct rcu_head rcu;
	struct tk_key key;
	struct tk_shape *shape;
	struct xfrm_policy *pol;
	struct tk_cache __percpu *cache;
	unsigned long retry;
};

/**
 * struct tk_chain - the SAs that a packet goes through
 * @x: held, the innermost first
 * @nx: how many
 * @skipped: an optional template had no SA: do not keep what comes of it
 */
struct tk_chain {
	struct xfrm_state *x[XFRM_MAX_DEPTH];
	int nx;
	bool skipped;
};

/* main.c */
extern unsigned int tk_tag;
struct tk_net *tk_net(const struct net *net);
/* All is set up: a policy that is tagged from now on is protected. */
bool tk_is_ready(void);

/* stats.c */
static inline void tk_count(struct tk_net *tn, enum tk_stat what)
{
	this_cpu_inc(tn->stats->count[what]);
}

int tk_stats_create(struct tk_net *tn);
void tk_stats_remove(struct tk_net *tn);

/* spdidx.c */
extern struct xfrm_mgr tk_spd_km;
int tk_spd_init(struct tk_net *tn);
void tk_spd_exit(struct tk_net *tn);
/* Reads the namespace's SPD.  May sleep. */
void tk_spd_resync(struct tk_net *tn);
/* The policy for a flow, or NULL.  Under RCU. */
struct tk_pol *tk_spd_lookup(struct tk_net *tn, const struct flowi *fl, u16 family);
bool tk_selector_match(const struct xfrm_selector *sel, const struct flowi *fl, u16 family);
/* Forgets the bundles that the namespace's policies have cached. */
void tk_spd_forget_bundles(struct tk_net *tn);

/* resolve.c */
/*
 * Finds the SAs for a policy's templates, and asks the key managers for those that
 * are missing: -EINPROGRESS while they are at it, -ESRCH when nobody is there to
 * ask.  Under RCU.  tk_chain_put() gives the SAs back.
 */
int tk_resolve(struct tk_net *tn, struct tk_pol *tp, const struct flowi *fl, u16 family,
	       struct tk_chain *chain);
void tk_chain_put(struct tk_chain *chain);

/* bundle.c */
int tk_bundle_init(void);
void tk_bundle_exit(void);
/* From here to there bundles let go of network devices that are unregistered. */
int tk_bundle_watch(void);
void tk_bundle_unwatch(void);
int tk_bundles_alive(void);
/*
 * The route for a packet from @saddr to @daddr; an unset @saddr is chosen by the
 * route.  A held entry or an error pointer.
 */
struct dst_entry *tk_route(struct net *net, xfrm_address_t *saddr,
			   const xfrm_address_t *daddr, u16 family, const struct flowi *fl,
			   const struct xfrm_state *x);
/*
 * A held bundle for the policy, from the cache or new; NULL where the policy's
 * templates are optional and none has an SA; an error pointer, as tk_resolve().
 */
struct dst_entry *tk_bundle_get(struct tk_net *tn, struct tk_pol *tp, const struct flowi *fl,
				struct dst_entry *inner);
/* May the bundle be used again by who comes by later? */
bool tk_bundle_lasts(const struct dst_entry *dst);
void tk_cache_clear(struct tk_pol *tp);

/* hook.c */
int tk_hook_register(struct net *net);
void tk_hook_unregister(struct net *net);

/* output.c */
int tk_output(struct net *net, struct sock *sk, struct sk_buff *skb);
int tk_local_out4(struct net *net, struct sock *sk, struct sk_buff *skb);
int tk_local_out6(struct net *net, struct sock *sk, struct sk_buff *skb);

#endif
