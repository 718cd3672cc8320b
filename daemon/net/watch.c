/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follows the addresses of this machine.  Groups are joined first, then all addresses
 * are read, so that no change falls between.  Lost events (ENOBUFS) and a reading that
 * a change interrupted both lead to another reading, after which what was not seen
 * again is gone.
 */
#include "net/watch.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"

enum { RETRY_MS = 1000 };

/* An address may be there several times: on two interfaces, with two prefix lengths. */
struct entry {
	struct list node;
	struct addr addr;
	unsigned int ifindex;
	uint8_t prefix_bits;
	bool seen; /* in the reading that runs now */
};

struct watch {
	struct nl_sock *sock;
	struct loop_fd *fd;
	struct loop_timer *retry;
	watch_fn fn;
	void *arg;
	struct list entries;
	bool reading, again; /* a reading runs; another one must follow */
	bool silent;         /* the first reading tells nobody */
	int error;           /* of the reading */
};

static void tell(struct watch *w, const struct addr *a, bool added)
{
	if (!w->silent)
		w->fn(w->arg, a, added);
}

static struct entry *find(struct watch *w, const struct entry *like)
{
	struct entry *e;

	LIST_EACH(e, &w->entries, node)
		if (addr_eq(&e->addr, &like->addr) && e->ifindex == like->ifindex &&
		    e->prefix_bits == like->prefix_bits)
			return e;
	return NULL;
}

static void drop(struct watch *w, struct entry *e)
{
	struct addr a = e->addr;

	list_remove(&e->node);
	free(e);
	if (!watch_is_local(w, &a))
		tell(w, &a, false);
}

static void add(struct watch *w, const struct entry *like)
{
	bool known = watch_is_local(w, &like->addr);
	struct entry *e = malloc(sizeof(*e));

	if (!e) {
		w->error = -ENOMEM;
		return;
	}
	*e = *like;
	list_add(&w->entries, &e->node);
	if (!known)
		tell(w, &like->addr, true);
}

/* What a message is about; -EINVAL if that is no address. */
static int read_entry(struct nlmsghdr *h, struct entry *ret, uint32_t *ret_flags)
{
	struct nlattr *attrs[IFA_MAX + 1], *where;
	const struct ifaddrmsg *ifa;
	struct entry e = { .seen = true };

	if (nlmsg_parse(h, sizeof(*ifa), attrs, IFA_MAX, NULL) < 0)
		return -EINVAL;
	ifa = nlmsg_data(h);
	/* On point-to-point links IFA_ADDRESS is the other end. */
	where = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	if (!where || addr_from_bytes(slice_of(nla_data(where), (size_t)nla_len(where)), &e.addr))
		return -EINVAL;
	if (e.addr.family != ifa->ifa_family)
		return -EINVAL;
	if (e.addr.family == AF_INET6 && addr_is_linklocal(&e.addr))
		e.addr.scope_id = ifa->ifa_index;
	e.ifindex = ifa->ifa_index;
	e.prefix_bits = ifa->ifa_prefixlen;
	*ret_flags = attrs[IFA_FLAGS] ? nla_get_u32(attrs[IFA_FLAGS]) : ifa->ifa_flags;
	*ret = e;
	return 0;
}

static bool is_usable(uint32_t flags)
{
	if (flags & IFA_F_DADFAILED)
		return false;
	return !(flags & IFA_F_TENTATIVE) || (flags & IFA_F_OPTIMISTIC);
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct watch *w = arg;
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct entry like, *e;
	uint32_t flags;

	if (h->nlmsg_type != RTM_NEWADDR && h->nlmsg_type != RTM_DELADDR)
		return NL_SKIP;
	if (read_entry(h, &like, &flags) < 0)
		return NL_SKIP;
	e = find(w, &like);
	if (h->nlmsg_type == RTM_DELADDR || !is_usable(flags)) {
		if (e)
			drop(w, e);
	} else if (e) {
		e->seen = true;
	} else {
		add(w, &like);
	}
	return NL_OK;
}

static int start_reading(struct watch *w)
{
	struct ifaddrmsg ifa = { .ifa_family = AF_UNSPEC };
	struct entry *e;

	if (w->reading) {
		w->again = true;
		return 0;
	}
	LIST_EACH(e, &w->entries, node)
		e->seen = false;
	w->again = false;
	if (nl_send_simple(w->sock, RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa)) < 0)
		return -EIO;
	w->reading = true;
	return 0;
}

static void resync(void *arg)
{
	struct watch *w = arg;

	if (start_reading(w) < 0)
		w->error = -EIO;
}

static int on_interrupted(struct nl_msg *msg, void *arg)
{
	struct watch *w = arg;
	(void)msg;
	w->again = true;
	return NL_OK;
}

static int on_finish(struct nl_msg *msg, void *arg)
{
	struct watch *w = arg;
	struct entry *e;

	(void)msg;
	w->reading = false;
	if (w->again) {
		resync(w);
		return NL_STOP;
	}
	LIST_EACH(e, &w->entries, node)
		if (!e->seen)
			drop(w, e);
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct watch *w = arg;
	(void)from;
	w->reading = false;
	w->error = e->error;
	return NL_STOP;
}

static void on_readable(void *arg, int fd)
{
	struct watch *w = arg;
	int r = nl_recvmsgs_default(w->sock);

	(void)fd;
	/* NLE_NOMEM is ENOBUFS: events were lost. */
	if (r == -NLE_NOMEM)
		resync(w);
	if (w->error != 0) {
		LOG(WARNING, "address_watch_retry", F_INT("error", w->error));
		w->error = 0;
		loop_timer_arm(w->retry, RETRY_MS);
	}
}

static int open_socket(struct watch *w)
{
	int r;

	w->sock = nl_socket_alloc();
	if (!w->sock)
		return -NLE_NOMEM;
	/* Events and the reading share the socket: numbers do not follow each other. */
	nl_socket_disable_seq_check(w->sock);
	nl_socket_disable_auto_ack(w->sock);
	nl_socket_modify_cb(w->sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, w);
	nl_socket_modify_cb(w->sock, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, w);
	nl_socket_modify_cb(w->sock, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, w);
	nl_socket_modify_err_cb(w->sock, NL_CB_CUSTOM, on_error, w);
	r = nl_connect(w->sock, NETLINK_ROUTE);
	if (r == 0)
		r = nl_socket_add_memberships(w->sock, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, 0);
	return r;
}

static int read_first(struct watch *w, struct err *err)
{
	int r = start_reading(w);

	w->silent = true;
	while (r == 0 && w->reading && w->error == 0) {
		int n = nl_recvmsgs_default(w->sock);
		if (n < 0 && n != -NLE_NOMEM && n != -NLE_INTR)
			r = -EIO;
		else if (n == -NLE_NOMEM)
			r = start_reading(w);
	}
	w->silent = false;
	if (r == 0)
		r = w->error;
	if (r < 0)
		return err_set(err, r, "reading the local addresses failed");
	return nl_socket_set_nonblocking(w->sock) < 0 ? -EIO : 0;
}

int watch_new(struct loop *l, watch_fn fn, void *arg, struct watch **ret, struct err *err)
{
	CLEANUP(watch_freep)
	struct watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_set(err, -ENOMEM, "out of memory");
	w->fn = fn;
	w->arg = arg;
	list_init(&w->entries);
	r = open_socket(w);
	if (r < 0)
		return err_set(err, -EIO, "route netlink: %s", nl_geterror(r));
	r = read_first(w, err);
	if (r < 0)
		return r;
	w->fd = loop_fd_new(l, nl_socket_get_fd(w->sock), on_readable, w);
	w->retry = loop_timer_new(l, resync, w);
	if (!w->fd || !w->retry)
		return err_set(err, -ENOMEM, "out of memory");
	*ret = TAKE(w);
	return 0;
}

void watch_free(struct watch *w)
{
	struct entry *e;

	if (!w)
		return;
	loop_fd_free(w->fd);
	loop_timer_free(w->retry);
	nl_socket_free(w->sock);
	LIST_EACH(e, &w->entries, node)
		free(e);
	free(w);
}

bool watch_is_local(const struct watch *w, const struct addr *a)
{
	struct entry *e;

	LIST_EACH(e, &w->entries, node)
		if (addr_eq(&e->addr, a))
			return true;
	return false;
}

void watch_each(const struct watch *w, watch_fn fn, void *arg)
{
	struct entry *e;

	LIST_EACH(e, &w->entries, node)
		fn(arg, &e->addr, true);
}
