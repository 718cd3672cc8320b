/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel tells without being asked: XFRM's multicast groups as events. */
#include "data_path.h"
#include "keydb_int.h"
#include "nlio.h"
#include "xfrm_codec.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { EVENT_BUFFER_BYTES = 4 << 20 };

struct netlink_events {
	struct keydb_events base; /* first */
	struct nl_sock *sock;
	struct data_path path;
	struct nlmsghdr *at; /* the next message of the datagram in buf */
	int left;            /* bytes from there on */
	_Alignas(8) uint8_t buf[NLIO_DATAGRAM_MAX_BYTES];
};

/* clang-format off */
static const struct {
	uint32_t mask;
	int group;
} groups[] = {
	{ KEYDB_EVENTS_ACQUIRE, XFRMNLGRP_ACQUIRE },
	{ KEYDB_EVENTS_EXPIRE, XFRMNLGRP_EXPIRE },
	{ KEYDB_EVENTS_SA, XFRMNLGRP_SA },
	{ KEYDB_EVENTS_POLICY, XFRMNLGRP_POLICY },
	{ KEYDB_EVENTS_MAPPING, XFRMNLGRP_MAPPING },
};
/* clang-format on */

static void netlink_events_close(struct keydb_events *base)
{
	struct netlink_events *e = (struct netlink_events *)base;
	nl_socket_free(e->sock);
	data_path_close(&e->path);
	explicit_bzero(e->buf, sizeof(e->buf)); /* SA_CHANGE carries keys */
	free(e);
}

/* Reads a datagram: 1, 0 if there is none, -ENOBUFS if some were lost, other negative errno. */
static int fill(struct netlink_events *e)
{
	for (;;) {
		struct sockaddr_nl from = { .nl_family = AF_NETLINK };
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(e->base.fd, e->buf, sizeof(e->buf), MSG_DONTWAIT,
				     (struct sockaddr *)&from, &from_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (from.nl_pid != 0)
			continue; /* another process, not the kernel */
		e->at = (void *)e->buf;
		e->left = (int)n;
		return 1;
	}
}

/* The next event of the datagram in hand: 1, or 0 if there is no more in it. */
static int take(struct netlink_events *e, struct keydb_event *ret)
{
	while (nlmsg_ok(e->at, e->left)) {
		struct nlmsghdr *h = e->at;
		e->at = nlmsg_next(h, &e->left);
		if (xfrm_decode_event(h->nlmsg_type, nlmsg_data(h), (size_t)nlmsg_datalen(h),
				      ret) != 0)
			continue;
		data_path_show_event(&e->path, ret);
		e->base.message = h;
		e->base.message_len = h->nlmsg_len;
		return 1;
	}
	e->left = 0;
	return 0;
}

static int netlink_events_next(struct keydb_events *base, struct keydb_event *ret)
{
	struct netlink_events *e = (struct netlink_events *)base;
	for (;;) {
		if (take(e, ret))
			return 1;
		int rc = fill(e);
		if (rc == -ENOBUFS) {
			memset(ret, 0, sizeof(*ret));
			ret->kind = KEYDB_EVENT_OVERRUN;
			return 1;
		}
		if (rc <= 0)
			return rc;
	}
}

static int join(struct nl_sock *sock, uint32_t mask)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (!(mask & groups[i].mask))
			continue;
		int rc = nl_socket_add_memberships(sock, groups[i].group, 0);
		if (rc)
			return rc == -NLE_PERM ? -EPERM : -EPROTONOSUPPORT;
	}
	return 0;
}

static int connect_events(struct netlink_events *e, uint32_t mask)
{
	int size = EVENT_BUFFER_BYTES;
	e->sock = nl_socket_alloc();
	if (!e->sock)
		return -ENOMEM;
	if (nl_connect(e->sock, NETLINK_XFRM))
		return -EPROTONOSUPPORT;
	e->base.fd = nl_socket_get_fd(e->sock);
	if (setsockopt(e->base.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(e->base.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	nl_socket_set_nonblocking(e->sock);
	return join(e->sock, mask);
}

int keydb_events_netlink_open(uint32_t mask, struct keydb_events **ret)
{
	struct netlink_events *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->base.next = netlink_events_next;
	e->base.close = netlink_events_close;
	e->at = (void *)e->buf;
	e->path = DATA_PATH_NONE;
	data_path_tag(&e->path);
	int rc = connect_events(e, mask);
	if (rc) {
		netlink_events_close(&e->base);
		return rc;
	}
	*ret = &e->base;
	return 0;
}
