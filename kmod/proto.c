// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who does ESP and AH.
 *
 * The core has one slot for each in either family, and registering a type overwrites
 * what is there: so we look first, and take both families' slots or none.  Our bundles work
 * with anybody's types.  The input handlers do nothing but call xfrm_input(), which
 * finds the SA and its type.
 */
#include <linux/icmpv6.h>
#include <net/ah.h>
#include <net/esp.h>
#include <net/icmp.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include "proto.h"

static char *types = "auto";
module_param(types, charp, 0444);
MODULE_PARM_DESC(types, "whose ESP and AH: own, core, or auto: own where the core has none (default)");

/* A protocol of ours; registered: it has the slots, or had them. */
struct tk_proto {
	const struct xfrm_type *type;
	struct xfrm4_protocol protocol4;
	struct xfrm6_protocol protocol6;
	bool registered;
};

static const struct xfrm_type *slot(u16 family, u8 proto)
{
	const struct xfrm_state_afinfo *afinfo;
	const struct xfrm_type *type = NULL;

	rcu_read_lock();
	afinfo = xfrm_state_afinfo_get_rcu(family);
	if (afinfo)
		type = proto == IPPROTO_AH ? READ_ONCE(afinfo->type_ah) :
					     READ_ONCE(afinfo->type_esp);
	rcu_read_unlock();
	return type;
}

/* Errors from the way, about packets that an SA of ours sent (RFC 4301 8.2.1). */

static struct xfrm_state *find(const struct sk_buff *skb, const void *daddr, const u8 *header,
			       u8 proto, u16 family)
{
	__be32 spi = proto == IPPROTO_AH ? ((const struct ip_auth_hdr *)header)->spi :
					   ((const struct ip_esp_hdr *)header)->spi;

	return xfrm_state_lookup(dev_net(skb->dev), skb->mark, daddr, spi, proto, family);
}

static int error4(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	u8 type = icmp_hdr(skb)->type, proto = iph->protocol;
	struct xfrm_state *x;

	if (type != ICMP_REDIRECT &&
	    (type != ICMP_DEST_UNREACH || icmp_hdr(skb)->code != ICMP_FRAG_NEEDED))
		return 0;
	x = find(skb, &iph->daddr, skb->data + iph->ihl * 4, proto, AF_INET);
	if (!x)
		return 0;
	if (type == ICMP_REDIRECT)
		ipv4_redirect(skb, dev_net(skb->dev), 0, proto);
	else
		ipv4_update_pmtu(skb, dev_net(skb->dev), info, 0, proto);
	xfrm_state_put(x);
	return 0;
}

static int error6(struct sk_buff *skb, u8 proto, u8 type, int offset, __be32 info)
{
	const struct ipv6hdr *ip6h = (const struct ipv6hdr *)skb->data;
	struct net *net = dev_net(skb->dev);
	struct xfrm_state *x;

	if (type != ICMPV6_PKT_TOOBIG && type != NDISC_REDIRECT)
		return 0;
	x = find(skb, &ip6h->daddr, skb->data + offset, proto, AF_INET6);
	if (!x)
		return 0;
	if (type == NDISC_REDIRECT)
		ip6_redirect(skb, net, skb->dev->ifindex, 0, sock_net_uid(net, NULL));
	else
		ip6_update_pmtu(skb, net, info, 0, 0, sock_net_uid(net, NULL));
	xfrm_state_put(x);
	return 0;
}

static int error6_esp(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type, u8 code,
		      int offset, __be32 info)
{
	return error6(skb, IPPROTO_ESP, type, offset, info);
}

static int error6_ah(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type, u8 code,
		     int offset, __be32 info)
{
	return error6(skb, IPPROTO_AH, type, offset, info);
}

static int received(struct sk_buff *skb, int err)
{
	return 0;
}

#define TK_PROTO(of, error) {				\
	.type = (of),					\
	.protocol4 = {					\
		.handler = xfrm4_rcv,			\
		.input_handler = xfrm_input,		\
		.cb_handler = received,			\
		.err_handler = error4,			\
	},						\
	.protocol6 = {					\
		.handler = xfrm6_rcv,			\
		.input_handler = xfrm_input,		\
		.cb_handler = received,			\
		.err_handler = (error),			\
	},						\
}

static struct tk_proto protos[] = {
	TK_PROTO(&tk_esp_type, error6_esp),
	TK_PROTO(&tk_ah_type, error6_ah),
};

static bool has_slot(const struct tk_proto *p, u16 family)
{
	return slot(family, p->type->proto) == p->type;
}

const char *tk_proto_whose(u8 proto)
{
	const struct tk_proto *p = &protos[proto == IPPROTO_AH];

	if (!p->registered)
		return "core";
	return has_slot(p, AF_INET) && has_slot(p, AF_INET6) ? "own" : "lost";
}

void tk_proto_check(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(protos); i++)
		if (protos[i].registered &&
		    (!has_slot(&protos[i], AF_INET) || !has_slot(&protos[i], AF_INET6)))
			pr_warn_once("tanuki: another module has overwritten our ESP or AH: new SAs are its\n");
}

static int register_type(const struct tk_proto *p)
{
	int err;

	if (slot(AF_INET, p->type->proto) || slot(AF_INET6, p->type->proto))
		return -EEXIST;
	err = xfrm_register_type(p->type, AF_INET);
	if (err)
		return err;
	err = xfrm_register_type(p->type, AF_INET6);
	if (err)
		xfrm_unregister_type(p->type, AF_INET);
	return err;
}

static int register_proto(struct tk_proto *p)
{
	int err = xfrm4_protocol_register(&p->protocol4, p->type->proto);

	if (err)
		return err;
	err = xfrm6_protocol_register(&p->protocol6, p->type->proto);
	if (err)
		goto no_protocol6;
	err = register_type(p);
	p->registered = !err;
	if (!err)
		return 0;
	xfrm6_protocol_deregister(&p->protocol6, p->type->proto);
no_protocol6:
	xfrm4_protocol_deregister(&p->protocol4, p->type->proto);
	return err;
}

/* A slot that was overwritten is not ours to empty. */
static void unregister_proto(struct tk_proto *p)
{
	if (has_slot(p, AF_INET))
		xfrm_unregister_type(p->type, AF_INET);
	if (has_slot(p, AF_INET6))
		xfrm_unregister_type(p->type, AF_INET6);
	xfrm6_protocol_deregister(&p->protocol6, p->type->proto);
	xfrm4_protocol_deregister(&p->protocol4, p->type->proto);
	p->registered = false;
}

void tk_proto_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(protos); i++)
		if (protos[i].registered)
			unregister_proto(&protos[i]);
}

int tk_proto_init(void)
{
	bool own = !strcmp(types, "own");
	int i, err = 0;

	if (!strcmp(types, "core"))
		return 0;
	if (!own && strcmp(types, "auto"))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(protos) && !err; i++) {
		err = register_proto(&protos[i]);
		if (err == -EEXIST && !own)
			err = 0;
	}
	if (err)
		tk_proto_exit();
	return err;
}
