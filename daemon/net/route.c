/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks the routing table for a source address.  Not with connect() on a socket: that
 * would meet our own IPsec policies and could start a negotiation.
 */
#include "net/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

struct route {
	struct nl_sock *sock;
	/* The question, and what came of it. */
	const struct addr *peer;
	struct addr local;
	int result;
};

static int on_answer(struct nl_msg *msg, void *arg)
{
	struct route *r = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *attrs[RTA_MAX + 1];
	const struct rtmsg *rtm;
	struct slice source;

	if (h->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(h, sizeof(*rtm), attrs, RTA_MAX, NULL) < 0)
		return NL_SKIP;
	rtm = nlmsg_data(h);
	/* IPv6 says "unreachable" by an answer, not by an error. */
	r->result = -ENETUNREACH;
	if ((rtm->rtm_type != RTN_UNICAST && rtm->rtm_type != RTN_LOCAL) || !attrs[RTA_PREFSRC])
		return NL_SKIP;
	source = slice_of(nla_data(attrs[RTA_PREFSRC]), (size_t)nla_len(attrs[RTA_PREFSRC]));
	if (source.len != addr_len(r->peer) || addr_from_bytes(source, &r->local) < 0)
		return NL_SKIP;
	if (r->local.family == AF_INET6 && addr_is_linklocal(&r->local) && attrs[RTA_OIF])
		r->local.scope_id = nla_get_u32(attrs[RTA_OIF]);
	r->result = 0;
	return NL_OK;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct route *r = arg;
	(void)from;
	r->result = e->error != 0 ? e->error : -EPROTO;
	return NL_STOP;
}

struct route *route_new(void)
{
	struct route *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->sock = nl_socket_alloc();
	if (!r->sock || nl_connect(r->sock, NETLINK_ROUTE) < 0 ||
	    nl_socket_set_nonblocking(r->sock) < 0) {
		route_free(r);
		return NULL;
	}
	/* One answer per question, which is either the route or an error. */
	nl_socket_disable_auto_ack(r->sock);
	nl_socket_disable_seq_check(r->sock);
	nl_socket_modify_cb(r->sock, NL_CB_VALID, NL_CB_CUSTOM, on_answer, r);
	nl_socket_modify_err_cb(r->sock, NL_CB_CUSTOM, on_error, r);
	return r;
}

void route_free(struct route *r)
{
	if (!r)
		return;
	nl_socket_free(r->sock);
	free(r);
}

static struct nl_msg *question(const struct addr *peer)
{
	struct rtmsg rtm = { .rtm_family = (uint8_t)peer->family, .rtm_dst_len = addr_bits(peer) };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST);

	if (!msg)
		return NULL;
	if (nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) < 0 ||
	    nla_put(msg, RTA_DST, (int)addr_len(peer), peer->ip) < 0 ||
	    (peer->scope_id != 0 && nla_put_u32(msg, RTA_OIF, peer->scope_id) < 0)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int route_source(struct route *r, const struct addr *peer, struct addr *ret_local)
{
	struct nl_msg *msg = question(peer);
	int sent;

	if (!msg)
		return -ENOMEM;
	r->peer = peer;
	r->result = -EPROTO;
	sent = nl_send_auto(r->sock, msg);
	nlmsg_free(msg);
	if (sent < 0)
		return -EIO;
	/* Its return value repeats, less exactly, what on_error() noted. */
	(void)nl_recvmsgs_default(r->sock);
	if (r->result == 0)
		*ret_local = r->local;
	return r->result;
}
