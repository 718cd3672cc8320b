// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a policy's templates to SAs.
 *
 * The core's own search is not exported.  What is exported finds the newest valid SA
 * for addresses, mode, protocol and reqid, and knows nothing of selectors: where that
 * one does not fit, all SAs are walked.  Both take the lock of the SAD, which is why
 * the result is kept in a bundle.
 */
#include "tanuki.h"

#define RETRY_DELAY	(HZ / 4)

/* What an SA has to be for one template of one flow. */
struct want {
	const struct xfrm_tmpl *tmpl;
	const struct flowi *fl;
	const xfrm_address_t *saddr;
	const xfrm_address_t *daddr;
	u16 family;		/* of the flow */
	u32 mark;
	struct xfrm_state *best;
};

void tk_chain_put(struct tk_chain *chain)
{
	while (chain->nx)
		xfrm_state_put(chain->x[--chain->nx]);
}

static bool selects(const struct xfrm_state *x, const struct want *w)
{
	return (!w->tmpl->id.spi || w->tmpl->id.spi == x->id.spi) &&
	       (!x->sel.family || tk_selector_match(&x->sel, w->fl, w->family));
}

static bool fits(const struct xfrm_state *x, const struct want *w)
{
	const struct xfrm_tmpl *tmpl = w->tmpl;

	return x->km.state == XFRM_STATE_VALID && x->props.family == tmpl->encap_family &&
	       x->props.reqid == tmpl->reqid && x->props.mode == tmpl->mode &&
	       x->id.proto == tmpl->id.proto && (w->mark & x->mark.m) == x->mark.v &&
	       (!x->if_id || x->if_id == tk_tag) &&
	       !(x->props.flags & XFRM_STATE_WILDRECV) &&
	       xfrm_state_addr_check(x, w->daddr, w->saddr, tmpl->encap_family) &&
	       selects(x, w);
}

/* One that has not reached its soft limit goes before one that has, then the newer one. */
static bool is_better(const struct xfrm_state *x, const struct xfrm_state *best)
{
	if (!best || x->km.dying != best->km.dying)
		return !best || best->km.dying;
	return x->curlft.add_time > best->curlft.add_time;
}

static int walk_one(struct xfrm_state *x, int nth, void *data)
{
	struct want *w = data;

	if (!fits(x, w) || !is_better(x, w->best))
		return 0;
	if (w->best)
		xfrm_state_put(w->best);
	xfrm_state_hold(x);
	w->best = x;
	return 0;
}

static struct xfrm_state *walk_all(struct net *net, struct want *w)
{
	struct xfrm_state_walk walk;

	xfrm_state_walk_init(&walk, w->tmpl->id.proto, NULL);
	xfrm_state_walk(net, &walk, walk_one, w);
	xfrm_state_walk_done(&walk, net);
	return w->best;
}

/* (strongSwan tags the SA with the policy's id too.) */
static struct xfrm_state *find_newest(struct net *net, const struct want *w, u32 if_id)
{
	const struct xfrm_tmpl *tmpl = w->tmpl;

	return xfrm_stateonly_find(net, w->mark, if_id, (xfrm_address_t *)w->daddr,
				   (xfrm_address_t *)w->saddr, tmpl->encap_family, tmpl->mode,
				   tmpl->id.proto, tmpl->reqid);
}

static struct xfrm_state *find(struct net *net, struct want *w)
{
	struct xfrm_state *x = find_newest(net, w, 0);

	if (!x)
		x = find_newest(net, w, tk_tag);
	if (!x || (selects(x, w) && !x->km.dying))
		return x;
	xfrm_state_put(x);
	return walk_all(net, w);
}

/* What the key manager is told of the packet that needs the SA (RFC 4301 4.4.1.2). */
static void set_selector(struct xfrm_selector *sel, const struct flowi *fl, u16 family)
{
	const union flowi_uli *uli = family == AF_INET ? &fl->u.ip4.uli : &fl->u.ip6.uli;

	xfrm_flowi_addr_get(fl, &sel->saddr, &sel->daddr, family);
	sel->family = family;
	sel->prefixlen_s = family == AF_INET ? 32 : 128;
	sel->prefixlen_d = sel->prefixlen_s;
	sel->proto = fl->flowi_proto;
	sel->dport = xfrm_flowi_dport(fl, uli);
	sel->sport = xfrm_flowi_sport(fl, uli);
	sel->dport_mask = sel->dport ? htons(0xffff) : 0;
	sel->sport_mask = sel->sport ? htons(0xffff) : 0;
	sel->ifindex = fl->flowi_oif;
}

/* Of those who find a larval SA, one asks. */
static bool claim(struct xfrm_state *x, const struct flowi *fl, u16 family)
{
	bool first;

	spin_lock_bh(&x->lock);
	first = !x->km.seq && x->km.state == XFRM_STATE_ACQ;
	if (first) {
		x->km.seq = xfrm_get_acqseq();
		set_selector(&x->sel, fl, family);
	}
	spin_unlock_bh(&x->lock);
	return first;
}

static int ask(struct tk_net *tn, struct tk_pol *tp, const struct want *w)
{
	struct xfrm_tmpl *tmpl = (struct xfrm_tmpl *)w->tmpl;
	struct xfrm_state *x;
	int err = 0;

	if (time_before(jiffies, READ_ONCE(tp->retry)))
		return -ESRCH;
	x = tk_find_acq(tn->net, &tp->pol->mark, tmpl, w->daddr, w->saddr, tmpl->encap_family);
	if (!x)
		return -ENOMEM;
	if (claim(x, w->fl, w->family)) {
		tk_count(tn, TK_STAT_ACQUIRE);
		err = km_query(x, tmpl, tp->pol);
		if (err) {
			/* Nobody listens: no larval SA is left to say that somebody will. */
			xfrm_state_delete(x);
			WRITE_ONCE(tp->retry, jiffies + RETRY_DELAY);
		}
	}
	xfrm_state_put(x);
	return err ? -ESRCH : -EINPROGRESS;
}

/* A tunnel has its own addresses, else they are those of what is inside. */
static int template_addresses(struct tk_net *tn, const struct xfrm_tmpl *tmpl,
			      const struct flowi *fl, xfrm_address_t *saddr,
			      xfrm_address_t *daddr)
{
	struct dst_entry *dst;

	if (tmpl->mode == XFRM_MODE_TRANSPORT)
		return 0;
	*daddr = tmpl->id.daddr;
	*saddr = tmpl->saddr;
	if (!xfrm_addr_any(saddr, tmpl->encap_family))
		return 0;
	dst = tk_route(tn->net, saddr, daddr, tmpl->encap_family, fl, NULL);
	if (IS_ERR(dst))
		return -EHOSTUNREACH;
	dst_release(dst);
	return 0;
}

static int resolve_one(struct tk_net *tn, struct tk_pol *tp, struct want *w,
		       struct tk_chain *chain)
{
	struct xfrm_state *x = find(tn->net, w);
	int err;

	if (x) {
		chain->x[chain->nx++] = x;
		return 0;
	}
	err = ask(tn, tp, w);
	if (!w->tmpl->optional)
		return err;
	chain->skipped = true;
	return 0;
}

/* Modes that the output path was built for; a family changes in a tunnel only. */
static bool is_supported(const struct xfrm_tmpl *tmpl, u16 inner)
{
	switch (tmpl->mode) {
	case XFRM_MODE_TUNNEL:
	case XFRM_MODE_BEET:
		return true;
	case XFRM_MODE_TRANSPORT:
		return tmpl->encap_family == inner;
	}
	return false;
}

/* Where the packet is after the templates so far. */
struct position {
	xfrm_address_t saddr;
	xfrm_address_t daddr;
	u16 family;
};

static int resolve_next(struct tk_net *tn, struct tk_pol *tp, struct want *w,
			struct position *at, struct tk_chain *chain)
{
	struct position next = *at;
	int err, nx = chain->nx;

	if (!is_supported(w->tmpl, at->family))
		return -EAFNOSUPPORT;
	err = template_addresses(tn, w->tmpl, w->fl, &next.saddr, &next.daddr);
	if (err)
		return err;
	next.family = w->tmpl->encap_family;
	w->saddr = &next.saddr;
	w->daddr = &next.daddr;
	w->best = NULL;
	err = resolve_one(tn, tp, w, chain);
	if (chain->nx > nx)
		*at = next;
	return err;
}

int tk_resolve(struct tk_net *tn, struct tk_pol *tp, const struct flowi *fl, u16 family,
	       struct tk_chain *chain)
{
	struct xfrm_policy *pol = tp->pol;
	struct want w = { .fl = fl, .family = family, .mark = pol->mark.v & pol->mark.m };
	struct position at = { .family = family };
	int i, err = 0;

	chain->nx = 0;
	chain->skipped = false;
	xfrm_flowi_addr_get(fl, &at.saddr, &at.daddr, family);
	for (i = 0; i < pol->xfrm_nr && !err; i++) {
		w.tmpl = &pol->xfrm_vec[i];
		err = resolve_next(tn, tp, &w, &at, chain);
	}
	if (err)
		tk_chain_put(chain);
	return err;
}
