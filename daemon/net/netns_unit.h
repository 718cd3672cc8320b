/* SPDX-License-Identifier: BSD-2-Clause */
/* For unit tests of net/: a network namespace of the test's own. */
#ifndef TANUKI_NET_NETNS_UNIT_H
#define TANUKI_NET_NETNS_UNIT_H

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/unit.h"

enum { LOOPBACK_INDEX = 1 }; /* in every namespace */

/* Sends one request and waits for its acknowledgement; 0 or a netlink library error. */
static inline int netns_request(int protocol, struct nl_msg *msg)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r = nl_connect(sock, protocol);
	if (r == 0)
		r = nl_send_sync(sock, msg); /* frees msg */
	nl_socket_free(sock);
	return r;
}

static inline void netns_loopback(bool up)
{
	struct ifinfomsg ifi = { .ifi_index = LOOPBACK_INDEX,
				 .ifi_flags = up ? IFF_UP : 0,
				 .ifi_change = IFF_UP };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST);
	assert_int_equal(nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO), 0);
	assert_int_equal(netns_request(NETLINK_ROUTE, msg), 0);
}

static inline int netns_note_type(struct nl_msg *msg, void *arg)
{
	const struct rtmsg *rtm = nlmsg_data(nlmsg_hdr(msg));
	*(uint8_t *)arg = rtm->rtm_type;
	return NL_OK;
}

/* The kernel finishes an IPv6 address after it has acknowledged it. */
static inline bool netns_routes_to_itself(const struct addr *a)
{
	struct rtmsg rtm = { .rtm_family = (uint8_t)a->family, .rtm_dst_len = addr_bits(a) };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST);
	struct nl_sock *sock = nl_socket_alloc();
	uint8_t type = RTN_UNSPEC;

	assert_int_equal(nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put(msg, RTA_DST, (int)addr_len(a), a->ip), 0);
	assert_int_equal(nla_put_u32(msg, RTA_OIF, LOOPBACK_INDEX), 0);
	assert_int_equal(nl_connect(sock, NETLINK_ROUTE), 0);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, netns_note_type, &type);
	if (nl_send_auto(sock, msg) > 0 && nl_recvmsgs_default(sock) == 0 && type != RTN_UNSPEC)
		nl_recvmsgs_default(sock); /* the acknowledgement */
	nlmsg_free(msg);
	nl_socket_free(sock);
	return type == RTN_LOCAL;
}

/* Adds an address to the loopback interface, or takes it away; it is usable on return. */
static inline void netns_address(bool add, const char *text)
{
	int type = add ? RTM_NEWADDR : RTM_DELADDR;
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | (add ? NLM_F_CREATE : 0));
	struct addr_prefix p;
	struct ifaddrmsg ifa = { .ifa_index = LOOPBACK_INDEX, .ifa_flags = IFA_F_NODAD };

	assert_int_equal(addr_parse_prefix(text, &p), 0);
	ifa.ifa_family = (uint8_t)p.addr.family;
	ifa.ifa_prefixlen = p.bits;
	assert_int_equal(nlmsg_append(msg, &ifa, sizeof(ifa), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put(msg, IFA_LOCAL, (int)addr_len(&p.addr), p.addr.ip), 0);
	assert_int_equal(netns_request(NETLINK_ROUTE, msg), 0);
	for (int i = 0; add && !netns_routes_to_itself(&p.addr); i++) {
		assert_true(i < 5000);
		usleep(1000);
	}
}

/*
 * Makes loopback traffic meet the SPD and blocks all UDP of one family that leaves; false
 * where the kernel has no IPsec or the namespace is not wholly ours.
 */
static inline bool netns_block_udp(uint16_t family, bool block)
{
	struct xfrm_userpolicy_info policy = {
		.sel.family = family,
		.sel.proto = IPPROTO_UDP,
		.dir = XFRM_POLICY_OUT,
		.action = XFRM_POLICY_BLOCK,
		.lft = { XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0 },
	};
	struct xfrm_userpolicy_id id = { .sel = policy.sel, .dir = policy.dir };
	struct nl_msg *msg =
		nlmsg_alloc_simple(block ? XFRM_MSG_NEWPOLICY : XFRM_MSG_DELPOLICY, NLM_F_REQUEST);
	int fd = open("/proc/sys/net/ipv4/conf/lo/disable_xfrm", O_WRONLY | O_CLOEXEC);
	bool met = fd >= 0 && write(fd, "0", 1) == 1;

	if (fd >= 0)
		close(fd);
	if (block)
		assert_int_equal(nlmsg_append(msg, &policy, sizeof(policy), NLMSG_ALIGNTO), 0);
	else
		assert_int_equal(nlmsg_append(msg, &id, sizeof(id), NLMSG_ALIGNTO), 0);
	return netns_request(NETLINK_XFRM, msg) == 0 && met;
}

/* Enters a new namespace with its loopback up; false where this is not allowed. */
static inline bool netns_enter(void)
{
	struct addr v6 = { .family = AF_INET6, .ip[15] = 1 }; /* ::1 */

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	netns_loopback(true);
	for (int i = 0; i < 1000 && !netns_routes_to_itself(&v6); i++)
		usleep(1000);
	return true;
}

#endif
