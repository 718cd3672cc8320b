/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects of libnl-route become messages; the kernel's errno is noted as it is. */
#include "net/links.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/route/rule.h>
#include <netlink/socket.h>
#include <string.h>

struct links {
	struct nl_sock *sock;
	int error; /* what the kernel said last */
};

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct links *l = arg;
	(void)from;
	l->error = e->error;
	return NL_STOP;
}

int links_new(struct links **ret, struct err *err)
{
	CLEANUP(links_freep)
	struct links *l = calloc(1, sizeof(*l));

	if (!l)
		return err_set(err, -ENOMEM, "out of memory");
	l->sock = nl_socket_alloc();
	if (!l->sock || nl_connect(l->sock, NETLINK_ROUTE) < 0)
		return err_set(err, -errno, "rtnetlink: %s", strerror(errno));
	nl_socket_modify_err_cb(l->sock, NL_CB_CUSTOM, on_error, l);
	*ret = TAKE(l);
	return 0;
}

void links_free(struct links *l)
{
	if (!l)
		return;
	nl_socket_free(l->sock);
	free(l);
}

/* Sends what was built (built < 0: could not be) and waits for the kernel's word. */
static int finish(struct links *l, int built, struct nl_msg *msg)
{
	if (built < 0)
		return built == -NLE_NOMEM ? -ENOMEM : -EINVAL;
	l->error = 0;
	int r = nl_send_auto(l->sock, msg);
	nlmsg_free(msg);
	if (r < 0)
		return -EIO;
	r = nl_wait_for_ack(l->sock);
	if (l->error)
		return l->error;
	return r < 0 ? -EIO : 0;
}

static struct nl_addr *nl_addr_of(const struct addr *a, uint8_t bits)
{
	struct nl_addr *n = nl_addr_build(a->family, a->ip, addr_len(a));
	if (n)
		nl_addr_set_prefixlen(n, bits);
	return n;
}

/* ---- links ---- */

int links_add(struct links *l, const char *name, const char *kind, uint32_t *ret_link)
{
	struct rtnl_link *link = rtnl_link_alloc(), *made = NULL;
	struct nl_msg *msg = NULL;

	if (!link)
		return -ENOMEM;
	rtnl_link_set_name(link, name);
	rtnl_link_set_flags(link, IFF_UP);
	int built = rtnl_link_set_type(link, kind);
	if (built == 0)
		built = rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &msg);
	int r = finish(l, built, msg);
	rtnl_link_put(link);
	if (r < 0)
		return r;
	if (rtnl_link_get_kernel(l->sock, 0, name, &made) < 0)
		return -ENODEV;
	*ret_link = (uint32_t)rtnl_link_get_ifindex(made);
	rtnl_link_put(made);
	return 0;
}

int links_remove(struct links *l, uint32_t index)
{
	struct rtnl_link *link = rtnl_link_alloc();
	struct nl_msg *msg = NULL;

	if (!link)
		return -ENOMEM;
	rtnl_link_set_ifindex(link, (int)index);
	int built = rtnl_link_build_delete_request(link, &msg);
	int r = finish(l, built, msg);
	rtnl_link_put(link);
	return r == -ENODEV ? 0 : r;
}

/* ---- items ---- */

static int address(struct links *l, const struct links_item *i, bool put)
{
	struct rtnl_addr *a = rtnl_addr_alloc();
	struct nl_addr *local = nl_addr_of(&i->dst.addr, addr_bits(&i->dst.addr));
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (a && local) {
		rtnl_addr_set_ifindex(a, (int)i->link);
		int built = rtnl_addr_set_local(a, local);
		/* It is ours alone, and wanted now. */
		rtnl_addr_set_flags(a, IFA_F_NODAD);
		if (built == 0)
			built = put ? rtnl_addr_build_add_request(a, NLM_F_CREATE | NLM_F_REPLACE,
								  &msg)
				    : rtnl_addr_build_delete_request(a, 0, &msg);
		r = finish(l, built, msg);
	}
	nl_addr_put(local);
	rtnl_addr_put(a);
	return r;
}

static int to_link(struct rtnl_route *route, const struct links_item *i)
{
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *source = nl_addr_of(&i->source, addr_bits(&i->source));
	int r = hop && source ? 0 : -NLE_NOMEM;

	if (r == 0) {
		rtnl_route_nh_set_ifindex(hop, (int)i->link);
		rtnl_route_add_nexthop(route, hop);
		r = rtnl_route_set_pref_src(route, source);
	} else {
		rtnl_route_nh_free(hop);
	}
	nl_addr_put(source);
	return r;
}

static int fill_route(struct rtnl_route *route, struct nl_addr *dst, const struct links_item *i)
{
	rtnl_route_set_table(route, i->table);
	rtnl_route_set_scope(route, i->kind == LINKS_ROUTE ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
	rtnl_route_set_protocol(route, RTPROT_STATIC);
	int r = rtnl_route_set_type(route, i->kind == LINKS_ROUTE ? RTN_UNICAST : RTN_THROW);
	if (r == 0)
		r = rtnl_route_set_dst(route, dst);
	return r == 0 && i->kind == LINKS_ROUTE ? to_link(route, i) : r;
}

static int route(struct links *l, const struct links_item *i, bool put)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct nl_addr *dst = nl_addr_of(&i->dst.addr, i->dst.bits);
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (route && dst) {
		int built = fill_route(route, dst, i);
		if (built == 0)
			built = put ? rtnl_route_build_add_request(
					      route, NLM_F_CREATE | NLM_F_REPLACE, &msg)
				    : rtnl_route_build_del_request(route, 0, &msg);
		r = finish(l, built, msg);
	}
	nl_addr_put(dst);
	rtnl_route_put(route);
	return r;
}

/* IPv6 has no rule for packets without a source; a rule of a source can go and look. */
static void let_it_find_a_source(const struct links_item *i, struct nl_msg *msg)
{
	struct fib_rule_hdr *h = nlmsg_data(nlmsg_hdr(msg));
	if (i->source.family == AF_INET6)
		h->flags |= FIB_RULE_FIND_SADDR;
}

static int rule(struct links *l, const struct links_item *i, bool put)
{
	struct rtnl_rule *rule = rtnl_rule_alloc();
	struct nl_addr *source = nl_addr_of(&i->source, addr_bits(&i->source));
	struct nl_msg *msg = NULL;
	int r = -ENOMEM;

	if (rule && source) {
		rtnl_rule_set_family(rule, i->source.family);
		rtnl_rule_set_prio(rule, i->priority);
		rtnl_rule_set_table(rule, i->table);
		rtnl_rule_set_action(rule, FR_ACT_TO_TBL);
		int built = rtnl_rule_set_src(rule, source);
		if (built == 0)
			built = put ? rtnl_rule_build_add_request(rule, NLM_F_CREATE | NLM_F_EXCL,
								  &msg)
				    : rtnl_rule_build_delete_request(rule, 0, &msg);
		if (built == 0)
			let_it_find_a_source(i, msg);
		r = finish(l, built, msg);
	}
	nl_addr_put(source);
	rtnl_rule_put(rule);
	return r;
}

static int change(struct links *l, const struct links_item *i, bool put)
{
	switch (i->kind) {
	case LINKS_ADDR:
		return address(l, i, put);
	case LINKS_ROUTE:
	case LINKS_PASS:
		return route(l, i, put);
	case LINKS_RULE:
		return rule(l, i, put);
	default:
		return -EINVAL;
	}
}

int links_put(struct links *l, const struct links_item *item)
{
	int r = change(l, item, true);
	return r == -EEXIST ? 0 : r;
}

int links_take(struct links *l, const struct links_item *item)
{
	int r = change(l, item, false);
	bool gone = r == -ENOENT || r == -ESRCH || r == -ENODEV || r == -EADDRNOTAVAIL;
	return gone ? 0 : r;
}

/* ---- what an earlier life has left ---- */

static bool is_left_link(struct rtnl_link *link, const struct links_leftovers *what)
{
	const char *kind = rtnl_link_get_type(link), *name = rtnl_link_get_name(link);
	size_t len = strlen(what->prefix);

	return kind && name && strcmp(kind, what->kind) == 0 &&
	       strncmp(name, what->prefix, len) == 0 && name[len] != '\0' &&
	       strspn(name + len, "0123456789") == strlen(name + len);
}

static int clean_links(struct links *l, const struct links_leftovers *what)
{
	struct nl_cache *cache;
	struct nl_object *o;
	int n = 0;

	if (rtnl_link_alloc_cache(l->sock, AF_UNSPEC, &cache) < 0)
		return -EIO;
	for (o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *link = (struct rtnl_link *)o;
		if (is_left_link(link, what) &&
		    links_remove(l, (uint32_t)rtnl_link_get_ifindex(link)) == 0)
			n++;
	}
	nl_cache_free(cache);
	return n;
}

static bool is_left_table(uint32_t table, const struct links_leftovers *what)
{
	return table >= what->first_table && table <= what->last_table;
}

/* How many there are, or (remove) how many went. */
static int clean_rules(struct links *l, const struct links_leftovers *what, bool remove)
{
	struct nl_cache *cache;
	struct nl_object *o;
	int n = 0;

	if (rtnl_rule_alloc_cache(l->sock, AF_UNSPEC, &cache) < 0)
		return -EIO;
	for (o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct rtnl_rule *rule = (struct rtnl_rule *)o;
		struct nl_msg *msg = NULL;
		if (rtnl_rule_get_prio(rule) != what->priority ||
		    !is_left_table(rtnl_rule_get_table(rule), what))
			continue;
		int built = remove ? rtnl_rule_build_delete_request(rule, 0, &msg) : 0;
		if (!remove || finish(l, built, msg) == 0)
			n++;
	}
	nl_cache_free(cache);
	return n;
}

/* Only these are left: a route to a link went with the link. */
static bool is_left_pass(struct rtnl_route *route, const struct links_leftovers *what,
			 struct links_item *ret)
{
	const struct nl_addr *dst = rtnl_route_get_dst(route);

	memset(ret, 0, sizeof(*ret));
	ret->kind = LINKS_PASS;
	ret->table = rtnl_route_get_table(route);
	if (!is_left_table(ret->table, what) || rtnl_route_get_type(route) != RTN_THROW || !dst)
		return false;
	ret->dst.bits = (uint8_t)nl_addr_get_prefixlen(dst);
	return addr_from_bytes(slice_of(nl_addr_get_binary_addr(dst), nl_addr_get_len(dst)),
			       &ret->dst.addr) == 0;
}

static int clean_routes(struct links *l, const struct links_leftovers *what)
{
	struct nl_cache *cache;
	struct nl_object *o;
	int n = 0;

	if (rtnl_route_alloc_cache(l->sock, AF_UNSPEC, 0, &cache) < 0)
		return -EIO;
	for (o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct links_item item;
		if (is_left_pass((struct rtnl_route *)o, what, &item) && links_take(l, &item) == 0)
			n++;
	}
	nl_cache_free(cache);
	return n;
}

int links_clean(struct links *l, const struct links_leftovers *what)
{
	int n_links = clean_links(l, what);
	int n_rules = n_links < 0 ? n_links : clean_rules(l, what, false);
	/* Without a rule there are no routes: to read all those of a router would take long. */
	if (n_rules <= 0)
		return n_rules < 0 ? n_rules : n_links;
	int n_routes = clean_routes(l, what);
	if (n_routes < 0)
		return n_routes;
	n_rules = clean_rules(l, what, true);
	return n_rules < 0 ? n_rules : n_links + n_routes + n_rules;
}
