/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, below events/tanuki of tracefs; tanuki(4) says what is in them.  Addresses
 * are IPv6's there, IPv4's as ::ffff:192.0.2.1.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tanuki

#if !defined(TANUKI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TANUKI_TRACE_H

#include <linux/tracepoint.h>
#include "tanuki.h"

#ifndef TK_TRACE_REASON
#define TK_TRACE_REASON(member, name) { TK_STAT_##member, name },

static inline void tk_trace_addrs(struct in6_addr *from, struct in6_addr *to,
				  const struct flowi *fl, u16 family)
{
	if (family == AF_INET) {
		ipv6_addr_set_v4mapped(fl->u.ip4.saddr, from);
		ipv6_addr_set_v4mapped(fl->u.ip4.daddr, to);
	} else {
		*from = fl->u.ip6.saddr;
		*to = fl->u.ip6.daddr;
	}
}
#endif

#define TK_TRACE_ENUM(member, name) TRACE_DEFINE_ENUM(TK_STAT_##member);
TK_STATS(TK_TRACE_ENUM)

/* A packet with a policy and what became of it: a counter of ours. */
DECLARE_EVENT_CLASS(tanuki_flow,
	TP_PROTO(const struct flowi *fl, u16 family, u32 policy, enum tk_stat what),
	TP_ARGS(fl, family, policy, what),
	TP_STRUCT__entry(
		__field_struct(struct in6_addr, saddr)
		__field_struct(struct in6_addr, daddr)
		__field(u8, proto)
		__field(u32, policy)
		__field(u32, what)
	),
	TP_fast_assign(
		tk_trace_addrs(&__entry->saddr, &__entry->daddr, fl, family);
		__entry->proto = fl->flowi_proto;
		__entry->policy = policy;
		__entry->what = what;
	),
	TP_printk("%s src=%pI6c dst=%pI6c proto=%u policy=%u",
		  __print_symbolic(__entry->what, TK_STATS(TK_TRACE_REASON) { -1, "" }),
		  &__entry->saddr, &__entry->daddr, __entry->proto, __entry->policy)
);

DEFINE_EVENT(tanuki_flow, tanuki_lookup,
	TP_PROTO(const struct flowi *fl, u16 family, u32 policy, enum tk_stat what),
	TP_ARGS(fl, family, policy, what));
DEFINE_EVENT(tanuki_flow, tanuki_drop,
	TP_PROTO(const struct flowi *fl, u16 family, u32 policy, enum tk_stat what),
	TP_ARGS(fl, family, policy, what));

TRACE_EVENT(tanuki_bundle,
	TP_PROTO(const struct dst_entry *dst, u32 policy, int depth),
	TP_ARGS(dst, policy, depth),
	TP_STRUCT__entry(
		__field(u32, policy)
		__field(u32, spi)
		__field(u32, mtu)
		__field(int, depth)
	),
	TP_fast_assign(
		__entry->policy = policy;
		__entry->spi = be32_to_cpu(dst->xfrm->id.spi);
		__entry->mtu = dst_mtu(dst);
		__entry->depth = depth;
	),
	TP_printk("policy=%u depth=%d spi=%#x mtu=%u", __entry->policy, __entry->depth,
		  __entry->spi, __entry->mtu)
);

/* What an SA of ours made of a packet, or from one. */
DECLARE_EVENT_CLASS(tanuki_packet,
	TP_PROTO(const struct xfrm_state *x, const struct sk_buff *skb, int error),
	TP_ARGS(x, skb, error),
	TP_STRUCT__entry(
		__field(u32, spi)
		__field(u32, len)
		__field(int, error)
		__field(u8, proto)
	),
	TP_fast_assign(
		__entry->spi = be32_to_cpu(x->id.spi);
		__entry->len = skb->len;
		__entry->error = error;
		__entry->proto = x->id.proto;
	),
	TP_printk("proto=%u spi=%#x len=%u error=%d", __entry->proto, __entry->spi,
		  __entry->len, __entry->error)
);

DEFINE_EVENT(tanuki_packet, tanuki_out,
	TP_PROTO(const struct xfrm_state *x, const struct sk_buff *skb, int error),
	TP_ARGS(x, skb, error));
DEFINE_EVENT(tanuki_packet, tanuki_in,
	TP_PROTO(const struct xfrm_state *x, const struct sk_buff *skb, int error),
	TP_ARGS(x, skb, error));

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
