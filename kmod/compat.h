/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that this module is built for.  No other
 * file asks for a version; the TK_ macros come from Kbuild's probes.
 */
#ifndef TANUKI_COMPAT_H
#define TANUKI_COMPAT_H

#include <linux/crypto.h>
#include <net/dst.h>
#include <net/ip6_route.h>
#include <net/xfrm.h>
#if __has_include(<net/gso.h>)
#include <net/gso.h>
#endif

/* The new entry holds one reference, and one on @dev. */
static inline void *tk_dst_alloc(struct dst_ops *ops, struct net_device *dev)
{
#ifdef TK_DST_ALLOC_REF
	return dst_alloc(ops, dev, 1, DST_OBSOLETE_FORCE_CHK, 0);
#else
	return dst_alloc(ops, dev, DST_OBSOLETE_FORCE_CHK, 0);
#endif
}

static inline int tk_decode_session(struct net *net, struct sk_buff *skb,
				    struct flowi *fl, unsigned int family)
{
#ifdef TK_DECODE_NET
	return xfrm_decode_session(net, skb, fl, family);
#else
	return xfrm_decode_session(skb, fl, family);
#endif
}

static inline struct xfrm_state *
tk_find_acq(struct net *net, const struct xfrm_mark *mark,
	    const struct xfrm_tmpl *tmpl, const xfrm_address_t *daddr,
	    const xfrm_address_t *saddr, u16 family)
{
#ifdef TK_FIND_ACQ_CPU
	return xfrm_find_acq(net, mark, tmpl->mode, tmpl->reqid, 0, UINT_MAX,
			     tmpl->id.proto, daddr, saddr, 1, family);
#else
	return xfrm_find_acq(net, mark, tmpl->mode, tmpl->reqid, 0,
			     tmpl->id.proto, daddr, saddr, 1, family);
#endif
}

/* The bits of a flow's type of service, and those of them that IPv4 routes by. */
static inline u8 tk_flow_tos(const struct flowi *fl)
{
#ifdef TK_FLOW_DSCP
	return inet_dscp_to_dsfield(fl->flowi_dscp);
#else
	return fl->flowi_tos;
#endif
}

static inline void tk_set_route_tos(struct flowi4 *fl4, u8 tos)
{
#ifdef TK_FLOW_DSCP
	fl4->flowi4_dscp = inet_dsfield_to_dscp(tos);
#elif defined(IPTOS_RT_MASK)
	fl4->flowi4_tos = tos & IPTOS_RT_MASK;
#else
	fl4->flowi4_tos = tos & INET_DSCP_MASK;
#endif
}

/* The head of a function that a cipher calls when it is done. */
#ifdef TK_CRYPTO_REQUEST
#define TK_CRYPTO_DONE(name, data, err) \
	static void name(struct crypto_async_request *data, int err)
#define tk_crypto_skb(request) ((struct sk_buff *)(request)->data)
#else
#define TK_CRYPTO_DONE(name, data, err) static void name(void *data, int err)
#define tk_crypto_skb(data) ((struct sk_buff *)(data))
#endif

static inline u32 tk_route_cookie(const struct dst_entry *dst)
{
	if (dst->ops->family != AF_INET6 || dst->xfrm)
		return 0;
	return rt6_get_cookie(container_of(dst, struct rt6_info, dst));
}

#endif
