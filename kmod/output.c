// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dst_output() calls for a bundle, and what xfrm_output() calls between two
 * tunnels of one.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include "tanuki.h"

/* POST_ROUTING is behind the packet, with the addresses it will have inside. */
static int transform(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	if (dst->xfrm)
		return xfrm_output(sk, skb);
	/* Source NAT made another flow of it, which has no policy. */
	if (dst->ops->family == AF_INET)
		IPCB(skb)->flags |= IPSKB_REROUTED;
	else
		IP6CB(skb)->flags |= IP6SKB_REROUTED;
	return dst_output(net, sk, skb);
}

int tk_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct dst_entry *dst = skb_dst(skb);

	if (dst->ops->family == AF_INET)
		return NF_HOOK_COND(NFPROTO_IPV4, NF_INET_POST_ROUTING, net, sk, skb, skb->dev,
				    dst->dev, transform,
				    !(IPCB(skb)->flags & IPSKB_REROUTED));
	return NF_HOOK_COND(NFPROTO_IPV6, NF_INET_POST_ROUTING, net, sk, skb, skb->dev, dst->dev,
			    transform, !(IP6CB(skb)->flags & IP6SKB_REROUTED));
}

/*
 * xfrm_output() marks the packet as transformed, in the way of the family that the
 * first SA makes of it.  This SA may make another family of it; without a mark the
 * outer packet would be looked up once more at the end.
 */
static void mark_transformed(struct sk_buff *skb)
{
	if (skb_dst(skb)->xfrm->props.family == AF_INET)
		IPCB(skb)->flags |= IPSKB_XFRM_TRANSFORMED;
	else
		IP6CB(skb)->flags |= IP6SKB_XFRM_TRANSFORMED;
}

/* (The core's own of this kind is not exported for IPv4.) */
int tk_local_out4(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct iphdr *iph = ip_hdr(skb);

	iph->tot_len = htons(skb->len);
	ip_send_check(iph);
	mark_transformed(skb);
	skb = l3mdev_ip_out(sk, skb);
	if (!skb)
		return 0;
	skb->protocol = htons(ETH_P_IP);
	return nf_hook(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, sk, skb, NULL, skb_dst(skb)->dev,
		       dst_output);
}

int tk_local_out6(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	mark_transformed(skb);
	return __ip6_local_out(net, sk, skb);
}
