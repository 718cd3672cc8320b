// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bundles: stacks of dst entries, one for each SA.
 *
 *	skb -> element 0 --child--> element 1 --child--> path (an ordinary route)
 *	         | xfrm: SA 0         | xfrm: SA 1
 *	         | route: inner       | route: where SA 0's packets would go
 *
 * An element is the core's struct xfrm_dst below dst_ops of our own, so that
 * xfrm_output() can walk the stack.  It holds its SA, its route, its child (which
 * dst_destroy() releases, because ->xfrm is set) and this module.  Nothing tells an
 * element that its SA or route is over: it is asked on every use (bundle_ok()).
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/l3mdev.h>
#include "tanuki.h"
#include "trace.h"

/**
 * struct tk_dst - one element of a bundle
 * @xd: what the core knows of it
 * @all: in the list of all elements
 * @saddr: the flow's addresses that the bundle was made for
 * @daddr: see @saddr
 * @mark: the flow's mark
 * @tos: the flow's type of service
 * @by_addr: the bundle is for these two addresses only
 * @narrow: an SA's selector has to be asked before the bundle is used again
 */
struct tk_dst {
	struct xfrm_dst xd;	/* first: dst_entry, xfrm_dst and tk_dst are one address */
	struct list_head all;
	xfrm_address_t saddr;
	xfrm_address_t daddr;
	u32 mark;
	u8 tos;
	bool by_addr;
	bool narrow;
};

static LIST_HEAD(elements);	/* all, for those who wait for a network device */
static DEFINE_SPINLOCK(elements_lock);
static atomic_t alive = ATOMIC_INIT(0);

static struct xfrm_dst *xdst(const struct dst_entry *dst)
{
	return (struct xfrm_dst *)dst;
}

static struct tk_dst *tkdst(const struct dst_entry *dst)
{
	return (struct tk_dst *)dst;
}

int tk_bundles_alive(void)
{
	return atomic_read(&alive);
}

/* Is it still good? */

static bool element_ok(struct dst_entry *dst)
{
	struct xfrm_dst *xd = xdst(dst);
	u32 mtu;

	if (dst->xfrm->km.state != XFRM_STATE_VALID || xd->xfrm_genid != dst->xfrm->genid ||
	    !dst_check(xd->route, xd->route_cookie))
		return false;
	/* The core's ESP reads this one for its padding. */
	mtu = dst_mtu(xd->child);
	if (xd->child_mtu_cached != mtu)
		WRITE_ONCE(xd->child_mtu_cached, mtu);
	return true;
}

static bool bundle_ok(struct dst_entry *dst)
{
	struct xfrm_dst *top = xdst(dst);

	if (top->num_pols && top->policy_genid != atomic_read(&top->pols[0]->genid))
		return false;
	if (!netif_running(dst->dev) || !dst_check(top->path, top->path_cookie))
		return false;
	for (; dst->xfrm; dst = xdst(dst)->child)
		if (!element_ok(dst))
			return false;
	return true;
}

/* dst_ops */

static struct dst_entry *bundle_check(struct dst_entry *dst, u32 cookie)
{
	return dst->obsolete < 0 && bundle_ok(dst) ? dst : NULL;
}

static unsigned int bundle_mtu(const struct dst_entry *dst)
{
	const struct xfrm_dst *xd = xdst(dst);

	return min(xfrm_state_mtu(dst->xfrm, dst_mtu(xd->child)), dst_mtu(xd->route));
}

static unsigned int bundle_default_advmss(const struct dst_entry *dst)
{
	return dst_metric_advmss(xdst(dst)->path);
}

/*
 * What was learned of the flow belongs to its route.  In transport mode that route is
 * also what the bundle ends in, and its MTU is the outer one: written back, it would
 * shrink with each packet.
 */
static void bundle_update_pmtu(struct dst_entry *dst, struct sock *sk, struct sk_buff *skb,
			       u32 mtu, bool confirm_neigh)
{
	struct xfrm_dst *xd = xdst(dst);

	if (xd->route != xd->path)
		xd->route->ops->update_pmtu(xd->route, sk, skb, mtu, confirm_neigh);
}

static void bundle_redirect(struct dst_entry *dst, struct sock *sk, struct sk_buff *skb)
{
	struct dst_entry *route = xdst(dst)->route;

	route->ops->redirect(route, sk, skb);
}

static void bundle_negative_advice(struct sock *sk, struct dst_entry *dst)
{
	if (dst->obsolete)
		sk_dst_reset(sk);
}

/* The neighbour is the one of the outermost tunnel's peer. */
static const void *nexthop(const struct dst_entry *dst, const void *daddr)
{
	for (; dst->xfrm; dst = xdst(dst)->child)
		if (dst->xfrm->props.mode != XFRM_MODE_TRANSPORT)
			daddr = &dst->xfrm->id.daddr;
	return daddr;
}

static struct neighbour *bundle_neigh_lookup(const struct dst_entry *dst, struct sk_buff *skb,
					     const void *daddr)
{
	const struct dst_entry *path = xdst(dst)->path;

	return path->ops->neigh_lookup(path, skb, skb ? daddr : nexthop(dst, daddr));
}

static void bundle_confirm_neigh(const struct dst_entry *dst, const void *daddr)
{
	const struct dst_entry *path = xdst(dst)->path;

	path->ops->confirm_neigh(path, nexthop(dst, daddr));
}

static void bundle_destroy(struct dst_entry *dst)
{
	struct xfrm_dst *xd = xdst(dst);

	spin_lock_bh(&elements_lock);
	list_del(&tkdst(dst)->all);
	spin_unlock_bh(&elements_lock);
	dst_destroy_metrics_generic(dst);
	if (dst->ops->family == AF_INET6 && xd->u.rt6.rt6i_idev)
		in6_dev_put(xd->u.rt6.rt6i_idev);
	if (xd->num_pols)
		xfrm_pol_put(xd->pols[0]);
	dst_release(xd->route);
	xfrm_state_put(dst->xfrm);
	atomic_dec(&alive);
	/* (The caller goes on in the core; tk_bundle_exit() waits for it to return.) */
	module_put(THIS_MODULE);
}

#define TK_OPS(fam, out) {					\
	.family = (fam),				\
	.gc_thresh = 32768,				\
	.check = bundle_check,				\
	.default_advmss = bundle_default_advmss,	\
	.mtu = bundle_mtu,				\
	.cow_metrics = dst_cow_metrics_generic,		\
	.destroy = bundle_destroy,			\
	.negative_advice = bundle_negative_advice,	\
	.update_pmtu = bundle_update_pmtu,		\
	.redirect = bundle_redirect,			\
	.local_out = (out),				\
	.neigh_lookup = bundle_neigh_lookup,		\
	.confirm_neigh = bundle_confirm_neigh,		\
}

static struct dst_ops ops4 = TK_OPS(AF_INET, tk_local_out4);
static struct dst_ops ops6 = TK_OPS(AF_INET6, tk_local_out6);

/* Routes */

static struct dst_entry *route4(struct net *net, xfrm_address_t *saddr,
				const xfrm_address_t *daddr, const struct flowi_common *like,
				u8 tos)
{
	struct flowi4 fl4 = { .daddr = daddr->a4, .saddr = saddr->a4 };
	struct rtable *rt;

	tk_set_route_tos(&fl4, tos);
	fl4.flowi4_mark = like->flowic_mark;
	fl4.flowi4_l3mdev = l3mdev_master_ifindex_by_index(net, like->flowic_oif);
	fl4.flowi4_proto = like->flowic_proto;
	rt = __ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return ERR_CAST(rt);
	saddr->a4 = fl4.saddr;
	return &rt->dst;
}

static struct dst_entry *route6(struct net *net, xfrm_address_t *saddr,
				const xfrm_address_t *daddr, const struct flowi_common *like)
{
	struct flowi6 fl6 = { .daddr = daddr->in6, .saddr = saddr->in6 };
	struct dst_entry *dst;
	int err;

	fl6.flowi6_mark = like->flowic_mark;
	fl6.flowi6_l3mdev = l3mdev_master_ifindex_by_index(net, like->flowic_oif);
	fl6.flowi6_proto = like->flowic_proto;
	dst = ip6_route_output(net, NULL, &fl6);
	err = dst->error;
	if (!err && ipv6_addr_any(&saddr->in6))
		err = ipv6_dev_get_saddr(net, dst->dev, &daddr->in6, 0, &saddr->in6);
	if (!err)
		return dst;
	dst_release(dst);
	return ERR_PTR(err);
}

/* (The core routes a tunnel's packets by these, and not by their ports.) */
struct dst_entry *tk_route(struct net *net, xfrm_address_t *saddr,
			   const xfrm_address_t *daddr, u16 family, const struct flowi *fl,
			   const struct xfrm_state *x)
{
	struct flowi_common like = { .flowic_oif = fl->flowi_oif };

	if (x) {
		like.flowic_proto = x->encap ? IPPROTO_UDP : x->id.proto;
		if (x->props.smark.v || x->props.smark.m)
			like.flowic_mark = xfrm_smark_get(fl->flowi_mark, (struct xfrm_state *)x);
	}
	return family == AF_INET ? route4(net, saddr, daddr, &like, tk_flow_tos(fl)) :
				   route6(net, saddr, daddr, &like);
}

/* Making one */

/* For those in the core who take the entry for a route of its family. */
static bool fill4(struct rtable *rt, const struct dst_entry *route, const struct flowi *fl)
{
	const struct rtable *of = (const struct rtable *)route;

	rt->rt_iif = fl->flowi_iif;
	rt->rt_is_input = of->rt_is_input;
	rt->rt_flags = of->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST | RTCF_LOCAL);
	rt->rt_type = of->rt_type;
	rt->rt_uses_gateway = of->rt_uses_gateway;
	rt->rt_gw_family = of->rt_gw_family;
	if (of->rt_gw_family == AF_INET)
		rt->rt_gw4 = of->rt_gw4;
	else if (of->rt_gw_family == AF_INET6)
		rt->rt_gw6 = of->rt_gw6;
	rt->rt_pmtu = of->rt_pmtu;
	rt->rt_mtu_locked = of->rt_mtu_locked;
	return true;
}

static bool fill6(struct rt6_info *rt, const struct dst_entry *route)
{
	const struct rt6_info *of = (const struct rt6_info *)route;

	rt->rt6i_flags = of->rt6i_flags & (RTF_ANYCAST | RTF_LOCAL);
	rt->rt6i_gateway = of->rt6i_gateway;
	rt->rt6i_dst = of->rt6i_dst;
	rt->rt6i_src = of->rt6i_src;
	rt->rt6i_idev = in6_dev_get(rt->dst.dev);
	return rt->rt6i_idev;
}

static struct tk_dst *element_alloc(u16 family, struct net_device *dev)
{
	struct tk_dst *td;

	if (!dev || !try_module_get(THIS_MODULE))
		return NULL;
	td = tk_dst_alloc(family == AF_INET ? &ops4 : &ops6, dev);
	if (!td) {
		module_put(THIS_MODULE);
		return NULL;
	}
	memset((u8 *)td + sizeof(struct dst_entry), 0, sizeof(*td) - sizeof(struct dst_entry));
	atomic_inc(&alive);
	spin_lock_bh(&elements_lock);
	list_add(&td->all, &elements);
	spin_unlock_bh(&elements_lock);
	return td;
}

/* Takes over the references on @x, @route and @child, also when it fails. */
static struct dst_entry *element_create(struct xfrm_state *x, struct dst_entry *route,
					struct dst_entry *child, struct dst_entry *path,
					const struct flowi *fl)
{
	u16 family = route->ops->family;
	struct tk_dst *td = element_alloc(family, path->dev);
	struct dst_entry *dst = &td->xd.u.dst;

	if (!td) {
		xfrm_state_put(x);
		dst_release(route);
		dst_release(child);
		return ERR_PTR(-ENOMEM);
	}
	dst->xfrm = x;
	td->xd.xfrm_genid = x->genid;
	td->xd.route = route;
	td->xd.route_cookie = tk_route_cookie(route);
	td->xd.child = child;
	td->xd.child_mtu_cached = dst_mtu(child);
	td->xd.path = path;
	td->xd.path_cookie = tk_route_cookie(path);
	td->xd.num_xfrms = 1;
	dst->input = dst_discard;
	dst->output = tk_output;
	dst->header_len = x->props.header_len + (child->xfrm ? child->header_len : 0);
	dst->trailer_len = x->props.trailer_len + (child->xfrm ? child->trailer_len : 0);
	dst_copy_metrics(dst, route);
	if (family == AF_INET ? fill4(&td->xd.u.rt, route, fl) : fill6(&td->xd.u.rt6, route))
		return dst;
	dst_release(dst);
	return ERR_PTR(-ENODEV);
}

/* routes[i]: what would be taken by the packet that SA i gets; the last is the path. */
static int find_routes(struct net *net, const struct tk_chain *chain, const struct flowi *fl,
		       struct dst_entry **routes)
{
	int i;

	for (i = 0; i < chain->nx; i++) {
		struct xfrm_state *x = chain->x[i];
		xfrm_address_t saddr = x->props.saddr;

		if (x->props.mode == XFRM_MODE_TRANSPORT)
			routes[i + 1] = dst_clone(routes[i]);
		else
			routes[i + 1] = tk_route(net, &saddr, &x->id.daddr, x->props.family,
						 fl, x);
		if (IS_ERR(routes[i + 1]))
			break;
	}
	if (i == chain->nx)
		return 0;
	while (i >= 0)
		dst_release(routes[i--]);
	return -EHOSTUNREACH;
}

/* From the outermost inwards; takes over the chain's references, and one on @inner. */
static struct dst_entry *stack(struct net *net, struct tk_chain *chain, const struct flowi *fl,
			       struct dst_entry *inner)
{
	struct dst_entry *routes[XFRM_MAX_DEPTH + 1] = { inner };
	struct dst_entry *dst, *path;

	if (find_routes(net, chain, fl, routes)) {
		tk_chain_put(chain);
		return ERR_PTR(-EHOSTUNREACH);
	}
	path = routes[chain->nx];
	for (dst = path; chain->nx && !IS_ERR(dst);) {
		int i = --chain->nx;

		dst = element_create(chain->x[i], routes[i], dst, path, fl);
	}
	if (!IS_ERR(dst))
		return dst;
	while (chain->nx) {
		dst_release(routes[--chain->nx]);
		xfrm_state_put(chain->x[chain->nx]);
	}
	return dst;
}

/* Does an SA's selector leave out what the policy's has? */
static bool is_narrow(const struct xfrm_state *x)
{
	const struct xfrm_selector *sel = &x->sel;

	return sel->family && (sel->prefixlen_s || sel->prefixlen_d || sel->proto ||
			       sel->sport_mask || sel->dport_mask || sel->ifindex);
}

static void note_flow(struct dst_entry *dst, struct xfrm_policy *pol, const struct flowi *fl)
{
	struct tk_dst *td = tkdst(dst);
	struct dst_entry *d;

	xfrm_pol_hold(pol);
	td->xd.pols[0] = pol;
	td->xd.num_pols = 1;
	td->xd.policy_genid = atomic_read(&pol->genid);
	xfrm_flowi_addr_get(fl, &td->saddr, &td->daddr, dst->ops->family);
	td->mark = fl->flowi_mark;
	td->tos = tk_flow_tos(fl);
	/* The SAs up to the first tunnel were chosen by the flow's addresses. */
	td->by_addr = dst->xfrm->props.mode == XFRM_MODE_TRANSPORT;
	for (d = dst; d->xfrm; d = xdst(d)->child)
		td->narrow |= is_narrow(d->xfrm);
}

/* The cache */

static bool is_for(const struct dst_entry *dst, const struct flowi *fl,
		   const struct dst_entry *inner)
{
	const struct tk_dst *td = tkdst(dst);
	u16 family = dst->ops->family;
	xfrm_address_t saddr, daddr;

	if (td->xd.route != inner || td->mark != fl->flowi_mark || td->tos != tk_flow_tos(fl))
		return false;
	if (td->by_addr) {
		xfrm_flowi_addr_get(fl, &saddr, &daddr, family);
		if (!xfrm_addr_equal(&td->saddr, &saddr, family) ||
		    !xfrm_addr_equal(&td->daddr, &daddr, family))
			return false;
	}
	if (!td->narrow)
		return true;
	for (; dst->xfrm; dst = xdst(dst)->child)
		if (dst->xfrm->sel.family && !tk_selector_match(&dst->xfrm->sel, fl, family))
			return false;
	return true;
}

static void slot_drop(struct dst_entry __rcu **slot, struct dst_entry *dst)
{
	/* Whoever takes it out releases it. */
	if (cmpxchg((__force struct dst_entry **)slot, dst, NULL) == dst)
		dst_release(dst);
}

static struct dst_entry *cache_find(struct tk_pol *tp, const struct flowi *fl,
				    const struct dst_entry *inner)
{
	struct tk_cache *cache = raw_cpu_ptr(tp->cache);
	struct dst_entry *dst;
	int i;

	for (i = 0; i < TK_CACHE_SLOTS; i++) {
		dst = rcu_dereference(cache->slot[i]);
		if (!dst || !is_for(dst, fl, inner))
			continue;
		if (!bundle_ok(dst))
			slot_drop(&cache->slot[i], dst);
		else if (dst_hold_safe(dst))
			return dst;
	}
	return NULL;
}

static void cache_insert(struct tk_pol *tp, struct dst_entry *dst)
{
	struct tk_cache *cache = raw_cpu_ptr(tp->cache);
	unsigned int i = READ_ONCE(cache->next) % TK_CACHE_SLOTS;
	struct dst_entry *old;

	WRITE_ONCE(cache->next, i + 1);
	dst_hold(dst);
	old = xchg((__force struct dst_entry **)&cache->slot[i], dst);
	dst_release(old);
}

void tk_cache_clear(struct tk_pol *tp)
{
	int cpu, i;

	for_each_possible_cpu(cpu) {
		struct tk_cache *cache = per_cpu_ptr(tp->cache, cpu);

		for (i = 0; i < TK_CACHE_SLOTS; i++)
			dst_release(xchg((__force struct dst_entry **)&cache->slot[i], NULL));
	}
}

/* A policy that is dead and still mirrored protects, and leaves nothing behind. */
bool tk_bundle_lasts(const struct dst_entry *dst)
{
	return xdst(dst)->num_pols && !xdst(dst)->pols[0]->walk.dead;
}

static struct dst_entry *create(struct tk_net *tn, struct tk_pol *tp, const struct flowi *fl,
				struct dst_entry *inner)
{
	struct tk_chain chain;
	struct dst_entry *dst;
	int err, depth;

	err = tk_resolve(tn, tp, fl, inner->ops->family, &chain);
	if (err || !chain.nx)
		return ERR_PTR(err);
	if (!dst_hold_safe(inner)) {
		tk_chain_put(&chain);
		return ERR_PTR(-EHOSTUNREACH);
	}
	depth = chain.nx;
	dst = stack(tn->net, &chain, fl, inner);
	if (IS_ERR(dst))
		return dst;
	tk_count(tn, TK_STAT_BUNDLE);
	trace_tanuki_bundle(dst, tp->pol->index, depth);
	if (chain.skipped)
		return dst;
	note_flow(dst, tp->pol, fl);
	if (tk_bundle_lasts(dst))
		cache_insert(tp, dst);
	return dst;
}

struct dst_entry *tk_bundle_get(struct tk_net *tn, struct tk_pol *tp, const struct flowi *fl,
				struct dst_entry *inner)
{
	struct dst_entry *dst = cache_find(tp, fl, inner);
	enum tk_stat what = dst ? TK_STAT_CACHE_HIT : TK_STAT_CACHE_MISS;

	tk_count(tn, what);
	trace_tanuki_lookup(fl, inner->ops->family, tp->pol->index, what);
	return dst ?: create(tn, tp, fl, inner);
}

/* Network devices that go */

/* As the core does with its routes: the device is replaced by one that drops. */
static void let_go(struct tk_dst *td, struct net_device *dev)
{
	struct dst_entry *dst = &td->xd.u.dst;

	if (dst->dev != dev)
		return;
	WRITE_ONCE(dst->dev, blackhole_netdev);
	netdev_ref_replace(dev, blackhole_netdev, &dst->dev_tracker, GFP_ATOMIC);
	if (dst->ops->family == AF_INET6 && td->xd.u.rt6.rt6i_idev) {
		in6_dev_put(td->xd.u.rt6.rt6i_idev);
		td->xd.u.rt6.rt6i_idev = in6_dev_get(blackhole_netdev);
	}
}

static int netdev_event(struct notifier_block *nb, unsigned long event, void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct tk_net *tn = tk_net(dev_net(dev));
	struct tk_dst *td;

	if (event != NETDEV_DOWN && event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	if (tn)	/* (not in a namespace that could not be set up) */
		tk_spd_forget_bundles(tn);
	if (event == NETDEV_UNREGISTER) {
		spin_lock_bh(&elements_lock);
		list_for_each_entry(td, &elements, all)
			let_go(td, dev);
		spin_unlock_bh(&elements_lock);
	}
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = { .notifier_call = netdev_event };

int tk_bundle_watch(void)
{
	return register_netdevice_notifier(&netdev_notifier);
}

void tk_bundle_unwatch(void)
{
	unregister_netdevice_notifier(&netdev_notifier);
}

int tk_bundle_init(void)
{
	struct kmem_cache *cache;
	int err = -ENOMEM;

	cache = kmem_cache_create("tanuki_dst", sizeof(struct tk_dst), 0, SLAB_HWCACHE_ALIGN,
				  NULL);
	if (!cache)
		return err;
	ops4.kmem_cachep = cache;
	ops6.kmem_cachep = cache;
	err = dst_entries_init(&ops4);
	if (err)
		goto no_entries4;
	err = dst_entries_init(&ops6);
	if (!err)
		return 0;
	dst_entries_destroy(&ops4);
no_entries4:
	kmem_cache_destroy(cache);
	return err;
}

void tk_bundle_exit(void)
{
	/* No element is left, but the last one's destroy() may not have returned. */
	rcu_barrier();
	dst_entries_destroy(&ops6);
	dst_entries_destroy(&ops4);
	kmem_cache_destroy(ops4.kmem_cachep);
}
