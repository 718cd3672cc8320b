// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where packets meet the policies.
 *
 * LOCAL_OUT and FORWARD, first of all: rules about IPsec and flowtables shall see the
 * bundle, as they see the core's.  LOCAL_OUT, last of all, for what was rerouted in
 * between (destination NAT, a mark), and POST_ROUTING for what source NAT made
 * another flow of.  A packet that has a bundle, ours or the core's, is left alone.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include "tanuki.h"
#include "trace.h"

/* Everything that the steps below need to know of a packet. */
struct packet {
	struct tk_net *tn;
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	struct sock *sk;	/* a full one, or NULL */
	struct flowi fl;
	u16 family;
};

static bool is_transformed(const struct sk_buff *skb, u16 family)
{
	if (family == AF_INET)
		return IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED;
	return IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED;
}

static bool is_forwarded(const struct packet *p)
{
	if (p->state->hook == NF_INET_FORWARD)
		return true;
	if (p->family == AF_INET)
		return IPCB(p->skb)->flags & IPSKB_FORWARDED;
	return IP6CB(p->skb)->flags & IP6SKB_FORWARDED;
}

static bool was_translated(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	return ct && ct->status & IPS_NAT_MASK;
#else
	return false;
#endif
}

static bool is_active(const struct tk_net *tn)
{
	return READ_ONCE(tn->npolicies) ||
	       READ_ONCE(tn->missed) != READ_ONCE(tn->caught_up);
}

/* (A bridge shows its packets to FORWARD with an entry that is no route.) */
static bool is_candidate(const struct packet *p)
{
	const struct dst_entry *dst = skb_dst(p->skb);

	if (!dst || dst->xfrm || dst->flags & (DST_NOXFRM | DST_FAKE_RTABLE))
		return false;
	if (p->state->hook == NF_INET_POST_ROUTING && !was_translated(p->skb))
		return false;
	return !is_transformed(p->skb, p->family);
}

/* Neighbour discovery finds the way to the peer: it cannot need an SA with it. */
static bool is_neighbour_discovery(const struct packet *p)
{
	const struct flowi6 *fl6 = &p->fl.u.ip6;

	return p->family == AF_INET6 && fl6->flowi6_proto == IPPROTO_ICMPV6 &&
	       fl6->fl6_icmp_type >= NDISC_ROUTER_SOLICITATION &&
	       fl6->fl6_icmp_type <= NDISC_REDIRECT;
}

/* The policy of the socket goes before the SPD: IKE daemons let their packets pass so. */
static bool has_socket_policy(const struct packet *p)
{
	const struct xfrm_policy *pol;

	if (!p->sk)
		return false;
	pol = rcu_dereference(p->sk->sk_policy[XFRM_POLICY_OUT]);
	return pol && (READ_ONCE(p->sk->sk_mark) & pol->mark.m) == pol->mark.v &&
	       tk_selector_match(&pol->selector, &p->fl, p->family);
}

/* Size */

static bool is_too_big(const struct sk_buff *skb, unsigned int mtu)
{
	return skb_is_gso(skb) ? !skb_gso_validate_network_len(skb, mtu) : skb->len > mtu;
}

static bool may_fragment(const struct packet *p)
{
	return p->family == AF_INET && !(ip_hdr(p->skb)->frag_off & htons(IP_DF));
}

/* What is inside has to fit (RFC 4301 8.2.1): the sender learns how much does. */
static int refuse_forwarded(const struct packet *p, unsigned int mtu)
{
	if (p->family == AF_INET)
		icmp_send(p->skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
	else
		icmpv6_send(p->skb, ICMPV6_PKT_TOOBIG, 0, mtu);
	return -EMSGSIZE;
}

static bool asked_for_dont_fragment(const struct packet *p)
{
	if (!p->sk || p->sk->sk_protocol == IPPROTO_TCP)
		return false;
	if (p->family == AF_INET)
		return inet_sk(p->sk)->pmtudisc >= IP_PMTUDISC_DO;
	return inet6_sk(p->sk) && inet6_sk(p->sk)->pmtudisc >= IPV6_PMTUDISC_DO;
}

/* Who did not ask to be told gets the packet of ESP or AH fragmented. */
static int refuse_local(const struct packet *p, unsigned int mtu)
{
	if (!asked_for_dont_fragment(p)) {
		p->skb->ignore_df = 1;
		return 0;
	}
	xfrm_local_error(p->skb, mtu);
	return -EMSGSIZE;
}

static int check_size(const struct packet *p, const struct dst_entry *bundle)
{
	unsigned int mtu = dst_mtu(bundle);

	if (p->family == AF_INET6)
		mtu = max_t(unsigned int, mtu, IPV6_MIN_MTU);
	if (!is_too_big(p->skb, mtu) || may_fragment(p))
		return 0;
	return is_forwarded(p) ? refuse_forwarded(p, mtu) : refuse_local(p, mtu);
}

/* Verdicts */

/*
 * A stream knows how much fits from the entry its socket keeps, and spares the lookup
 * of the packets to come.  (Other sockets have more than one flow.)
 */
static void give_to_socket(const struct packet *p, struct dst_entry *bundle)
{
	if (!p->sk || p->sk->sk_protocol != IPPROTO_TCP || !tk_bundle_lasts(bundle) ||
	    rcu_access_pointer(p->sk->sk_dst_cache) != skb_dst(p->skb))
		return;
	dst_hold(bundle);
	sk_dst_set(p->sk, bundle);
}

/* Silent while the key managers work: the packet is lost, and the sender tries again. */
static unsigned int drop(const struct packet *p, const struct tk_pol *tp, int err)
{
	static const struct {
		int err;
		enum tk_stat what;
	} reasons[] = {
		{ -EINPROGRESS, TK_STAT_DROP_PENDING },
		{ -ESRCH, TK_STAT_DROP_NO_STATE },
		{ -EPERM, TK_STAT_DROP_BLOCK },
		{ -EMSGSIZE, TK_STAT_DROP_TOO_BIG },
		{ -EHOSTUNREACH, TK_STAT_DROP_NO_ROUTE },
		{ -EAFNOSUPPORT, TK_STAT_DROP_UNSUPPORTED },
		{ -ENOBUFS, TK_STAT_DROP_INCOMPLETE },
	};
	enum tk_stat what = TK_STAT_DROP_NO_MEMORY;
	int i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].err == err)
			what = reasons[i].what;
	tk_count(p->tn, what);
	trace_tanuki_drop(&p->fl, p->family, tp ? tp->pol->index : 0, what);
	if (err != -EINPROGRESS)
		return NF_DROP_ERR(err);
	kfree_skb(p->skb);
	return NF_STOLEN;
}

static unsigned int pass(const struct packet *p, enum tk_stat what)
{
	tk_count(p->tn, what);
	return NF_ACCEPT;
}

static unsigned int protect(const struct packet *p, struct tk_pol *tp)
{
	struct dst_entry *bundle;
	int err;

	bundle = tk_bundle_get(p->tn, tp, &p->fl, skb_dst(p->skb));
	if (IS_ERR(bundle))
		return drop(p, tp, PTR_ERR(bundle));
	if (!bundle)
		return pass(p, TK_STAT_PASS_OPTIONAL);
	err = check_size(p, bundle);
	give_to_socket(p, bundle);
	if (err) {
		dst_release(bundle);
		return drop(p, tp, err);
	}
	skb_dst_drop(p->skb);
	skb_dst_set(p->skb, bundle);
	return NF_ACCEPT;
}

static unsigned int apply(const struct packet *p, struct tk_pol *tp)
{
	struct xfrm_policy *pol = tp->pol;
	time64_t now = ktime_get_real_seconds();

	if (READ_ONCE(pol->curlft.use_time) != now)
		WRITE_ONCE(pol->curlft.use_time, now);
	if (pol->action != XFRM_POLICY_ALLOW)
		return drop(p, tp, -EPERM);
	/* Sub policies and security labels: what we cannot do must not pass. */
	if (pol->type != XFRM_POLICY_TYPE_MAIN || pol->security)
		return drop(p, tp, -EAFNOSUPPORT);
	return pol->xfrm_nr ? protect(p, tp) : NF_ACCEPT;
}

static unsigned int hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct packet p = {
		.tn = tk_net(state->net), .skb = skb, .state = state,
		.family = state->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6,
	};
	struct tk_pol *tp;

	if (!is_active(p.tn) || !is_candidate(&p))
		return NF_ACCEPT;
	p.sk = skb_to_full_sk(skb);
	if (tk_decode_session(state->net, skb, &p.fl, p.family) < 0)
		return drop(&p, NULL, -EAFNOSUPPORT);
	if (is_neighbour_discovery(&p))
		return NF_ACCEPT;
	if (has_socket_policy(&p))
		return pass(&p, TK_STAT_PASS_SOCKET);
	if (READ_ONCE(p.tn->missed) != READ_ONCE(p.tn->caught_up))
		return drop(&p, NULL, -ENOBUFS);
	tp = tk_spd_lookup(p.tn, &p.fl, p.family);
	return tp ? apply(&p, tp) : NF_ACCEPT;
}

#define TK_HOOK(family, num, prio) \
	{ .hook = hook, .pf = (family), .hooknum = (num), .priority = (prio) }

static const struct nf_hook_ops hooks[] = {
	TK_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, NF_IP_PRI_FIRST),
	TK_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, NF_IP_PRI_LAST),
	TK_HOOK(NFPROTO_IPV4, NF_INET_FORWARD, NF_IP_PRI_FIRST),
	TK_HOOK(NFPROTO_IPV4, NF_INET_POST_ROUTING, NF_IP_PRI_LAST),
	TK_HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT, NF_IP6_PRI_FIRST),
	TK_HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT, NF_IP6_PRI_LAST),
	TK_HOOK(NFPROTO_IPV6, NF_INET_FORWARD, NF_IP6_PRI_FIRST),
	TK_HOOK(NFPROTO_IPV6, NF_INET_POST_ROUTING, NF_IP6_PRI_LAST),
};

int tk_hook_register(struct net *net)
{
	return nf_register_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

void tk_hook_unregister(struct net *net)
{
	nf_unregister_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}
