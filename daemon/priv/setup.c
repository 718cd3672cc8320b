/* SPDX-License-Identifier: BSD-2-Clause */
/* Wanted items are computed from all holders of a link, and compared with what is there. */
#include "priv/setup.h"

#include <errno.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"

/* Addresses, their rules and the one for packets without a source, the gateway, the routes. */
enum { ITEMS_PER_SET = 2 * INNER_FAMILIES + 2 + INNER_ROUTES_MAX };
/* Of all holders, and of what one of them had before. */
enum { ITEMS_MAX = (SETUP_HOLDERS_MAX + 1) * ITEMS_PER_SET };

struct items {
	size_t n;
	struct links_item list[ITEMS_MAX];
};

struct holder {
	struct list node; /* in tunnel.holders, the newest last */
	struct inner_set set;
};

struct tunnel {
	struct list node; /* in setup.tunnels */
	char remote[sizeof(((struct inner_set *)NULL)->remote)];
	char name[LINKS_NAME_MAX_BYTES];
	uint32_t number, link;
	struct list holders;
	struct items there;
	struct inner_dns dns; /* no servers: nobody was told of any */
};

struct setup {
	const struct setup_ops *ops;
	void *arg;
	struct list tunnels;
};

/* ---- what is wanted ---- */

/* Only one such thing can be there. */
static bool same_place(const struct links_item *a, const struct links_item *b)
{
	bool route = a->kind == LINKS_ROUTE || a->kind == LINKS_PASS;
	bool like = route ? b->kind == LINKS_ROUTE || b->kind == LINKS_PASS : a->kind == b->kind;
	return like && a->dst.bits == b->dst.bits && addr_eq(&a->dst.addr, &b->dst.addr) &&
	       (route || addr_eq(&a->source, &b->source));
}

static bool same_item(const struct links_item *a, const struct links_item *b)
{
	return a->kind == b->kind && same_place(a, b) && addr_eq(&a->source, &b->source);
}

/* Where there is such a thing already, the newer one counts.  What does not fit is left out. */
static void want(struct items *items, const struct links_item *item)
{
	for (size_t i = 0; i < items->n; i++) {
		if (!same_place(&items->list[i], item))
			continue;
		items->list[i] = *item;
		return;
	}
	if (items->n < ITEMS_MAX)
		items->list[items->n++] = *item;
}

static struct addr_prefix whole(const struct addr *a)
{
	return (struct addr_prefix){ .addr = *a, .bits = addr_bits(a) };
}

static void want_addresses(const struct tunnel *t, const struct inner_set *set, struct items *ret)
{
	for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
		if (!addr_is_set(&set->addr[i]))
			continue;
		struct links_item item = { .kind = LINKS_ADDR, .link = t->link };
		item.dst = whole(&set->addr[i]);
		want(ret, &item);
	}
}

static void want_routes(const struct tunnel *t, const struct inner_set *set, struct items *ret)
{
	for (uint8_t i = 0; i < set->n_routes; i++) {
		unsigned int family = inner_family(&set->routes[i].addr);
		if (family >= INNER_FAMILIES || !addr_is_set(&set->addr[family]))
			continue;
		struct links_item item = { .kind = LINKS_ROUTE,
					   .link = t->link,
					   .table = SETUP_TABLE + t->number,
					   .dst = set->routes[i],
					   .source = set->addr[family] };
		want(ret, &item);
	}
	/* Behind the routes: what carries the tunnel does not go through it. */
	struct links_item outside = { .kind = LINKS_PASS, .table = SETUP_TABLE + t->number };
	outside.dst = whole(&set->peer);
	outside.dst.addr.port = 0;
	want(ret, &outside);
}

static void want_rules(const struct tunnel *t, const struct inner_set *set, struct items *ret)
{
	struct links_item item = { .kind = LINKS_RULE,
				   .table = SETUP_TABLE + t->number,
				   .priority = SETUP_PRIORITY };
	for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
		if (!addr_is_set(&set->addr[i]))
			continue;
		item.source = set->addr[i];
		want(ret, &item);
		if (i != INNER_V4)
			continue;
		/* 0.0.0.0; for IPv6 the rule above looks for a source by itself */
		memset(item.source.ip, 0, sizeof(item.source.ip));
		want(ret, &item);
	}
}

/* In the order in which they can be made; backwards they can be removed. */
static void compute(const struct tunnel *t, struct items *ret)
{
	const struct holder *h;

	ret->n = 0;
	LIST_EACH(h, &t->holders, node)
		want_addresses(t, &h->set, ret);
	LIST_EACH(h, &t->holders, node)
		want_routes(t, &h->set, ret);
	LIST_EACH(h, &t->holders, node)
		want_rules(t, &h->set, ret);
}

/* ---- making it so ---- */

static const char *const kind_names[] = { [LINKS_ADDR] = "address",
					  [LINKS_ROUTE] = "route",
					  [LINKS_PASS] = "route",
					  [LINKS_RULE] = "rule" };

static int complain(const struct tunnel *t, const struct links_item *item, int r, struct err *err)
{
	char text[ADDR_TEXT_MAX_BYTES];
	return err_set(err, r, "%s: %s %s: %s", t->name, kind_names[item->kind],
		       item->kind == LINKS_RULE ? addr_text(&item->source, text)
						: addr_prefix_text(&item->dst, text),
		       strerror(-r));
}

static const struct links_item *find(const struct items *items, const struct links_item *like,
				     bool (*same)(const struct links_item *,
						  const struct links_item *))
{
	for (size_t i = 0; i < items->n; i++)
		if (same(&items->list[i], like))
			return &items->list[i];
	return NULL;
}

/* What cannot be removed now is told of, and forgotten: the next start looks for it. */
static void take(struct setup *s, const struct tunnel *t, const struct links_item *item)
{
	struct err err;
	int r = s->ops->take(s->arg, item);

	if (r < 0) {
		(void)complain(t, item, r, &err);
		LOG(WARNING, "inner_address_left", F_STR("remote", t->remote),
		    F_STR("reason", err.text));
	}
}

static void take_what_is_not_in(struct setup *s, struct tunnel *t, const struct items *wanted)
{
	for (size_t i = t->there.n; i-- > 0;)
		if (!find(wanted, &t->there.list[i], same_place))
			take(s, t, &t->there.list[i]);
	t->there = *wanted;
}

static int put_what_is_missing(struct setup *s, struct tunnel *t, const struct items *wanted,
			       struct err *err)
{
	for (size_t i = 0; i < wanted->n; i++) {
		const struct links_item *item = &wanted->list[i];
		if (find(&t->there, item, same_item))
			continue;
		/* (Only after removals that failed.) */
		int r = t->there.n < ITEMS_MAX ? s->ops->put(s->arg, item) : -ENOSPC;
		if (r < 0)
			return complain(t, item, r, err);
		want(&t->there, item);
	}
	return 0;
}

static void tell_names(struct setup *s, struct tunnel *t)
{
	static const struct inner_dns none;
	const struct inner_dns *dns = &none;

	if (!list_empty(&t->holders))
		dns = &LIST_ENTRY(t->holders.prev, struct holder, node)->set.dns;
	if (memcmp(dns, &t->dns, sizeof(*dns)) == 0)
		return;
	if (dns->n_servers || t->dns.n_servers)
		s->ops->names(s->arg, t->name, dns->n_servers ? dns : NULL);
	t->dns = *dns;
}

static int apply(struct setup *s, struct tunnel *t, struct err *err)
{
	struct items *wanted = malloc(sizeof(*wanted));

	if (!wanted)
		return err_set(err, -ENOMEM, "out of memory");
	compute(t, wanted);
	int r = put_what_is_missing(s, t, wanted, err);
	if (r == 0) {
		take_what_is_not_in(s, t, wanted);
		tell_names(s, t);
	}
	free(wanted);
	return r;
}

/* ---- links ---- */

static struct tunnel *find_tunnel(struct setup *s, const char *remote)
{
	struct tunnel *t;
	LIST_EACH(t, &s->tunnels, node)
		if (strcmp(t->remote, remote) == 0)
			return t;
	return NULL;
}

static bool is_taken(struct setup *s, uint32_t number)
{
	struct tunnel *t;
	LIST_EACH(t, &s->tunnels, node)
		if (t->number == number)
			return true;
	return false;
}

/* The first number whose name nobody has, neither we nor somebody else. */
static int add_link(struct setup *s, struct tunnel *t)
{
	int r = -EEXIST;
	for (t->number = 0; r == -EEXIST && t->number < SETUP_TUNNELS_MAX; t->number++) {
		if (is_taken(s, t->number))
			continue;
		snprintf(t->name, sizeof(t->name), SETUP_PREFIX "%u", t->number);
		r = s->ops->add(s->arg, t->name, &t->link);
	}
	t->number--;
	return r == -EEXIST ? -ENOSPC : r;
}

static struct tunnel *tunnel_new(struct setup *s, const char *remote, struct err *err)
{
	struct tunnel *t = calloc(1, sizeof(*t));

	if (!t) {
		(void)err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	list_init(&t->holders);
	snprintf(t->remote, sizeof(t->remote), "%s", remote);
	int r = add_link(s, t);
	if (r < 0) {
		free(t);
		(void)err_set(err, r, "a link for inner addresses (" SETUP_KIND "): %s",
			      strerror(-r));
		return NULL;
	}
	list_add(&s->tunnels, &t->node);
	return t;
}

static void tunnel_free(struct setup *s, struct tunnel *t)
{
	struct holder *h;

	LIST_EACH(h, &t->holders, node) {
		list_remove(&h->node);
		free(h);
	}
	tell_names(s, t);
	for (size_t i = t->there.n; i-- > 0;)
		take(s, t, &t->there.list[i]);
	int r = s->ops->remove(s->arg, t->link);
	if (r < 0)
		LOG(WARNING, "inner_address_left", F_STR("remote", t->remote),
		    F_STR("reason", strerror(-r)));
	list_remove(&t->node);
	free(t);
}

/* ---- holders ---- */

static struct holder *find_holder(struct setup *s, uint64_t holder, struct tunnel **ret_tunnel)
{
	struct tunnel *t;
	struct holder *h;
	LIST_EACH(t, &s->tunnels, node) {
		LIST_EACH(h, &t->holders, node) {
			if (h->set.holder != holder)
				continue;
			*ret_tunnel = t;
			return h;
		}
	}
	return NULL;
}

static size_t n_holders(const struct tunnel *t)
{
	const struct holder *h;
	size_t n = 0;
	LIST_EACH(h, &t->holders, node)
		n++;
	return n;
}

/* What is left of the tunnel: less, or nothing. */
static void shrink(struct setup *s, struct tunnel *t)
{
	struct err err;

	if (list_empty(&t->holders))
		tunnel_free(s, t);
	else if (apply(s, t, &err) < 0)
		LOG(WARNING, "inner_address_failed", F_STR("remote", t->remote),
		    F_STR("reason", err.text));
}

static int change_holder(struct setup *s, struct tunnel *t, struct holder *h,
			 const struct inner_set *set, struct err *err)
{
	struct err ignored;
	const struct inner_set old = h->set;

	h->set = *set;
	int r = apply(s, t, err);
	if (r < 0) {
		h->set = old;
		(void)!apply(s, t, &ignored);
	}
	return r;
}

static int add_holder(struct setup *s, struct tunnel *t, const struct inner_set *set,
		      struct err *err)
{
	struct holder *h = NULL;
	int r = -ENOSPC;

	if (n_holders(t) < SETUP_HOLDERS_MAX) {
		h = calloc(1, sizeof(*h));
		r = h ? 0 : -ENOMEM;
	}
	if (r < 0) {
		(void)err_set(err, r, "%s: %s", t->name, strerror(-r));
	} else {
		h->set = *set;
		list_add(&t->holders, &h->node);
		r = apply(s, t, err);
	}
	if (r < 0 && h) {
		list_remove(&h->node);
		free(h);
	}
	if (r < 0)
		shrink(s, t);
	return r;
}

int setup_set(struct setup *s, const struct inner_set *set, struct err *err)
{
	struct tunnel *t = NULL;
	struct holder *h = find_holder(s, set->holder, &t);

	if (h && strcmp(t->remote, set->remote) == 0)
		return change_holder(s, t, h, set, err);
	if (h)
		return err_set(err, -EEXIST, "the holder is another remote's");
	t = find_tunnel(s, set->remote);
	if (!t)
		t = tunnel_new(s, set->remote, err);
	return t ? add_holder(s, t, set, err) : err->code;
}

void setup_drop(struct setup *s, uint64_t holder)
{
	struct tunnel *t;
	struct holder *h = find_holder(s, holder, &t);

	if (!h)
		return;
	list_remove(&h->node);
	free(h);
	shrink(s, t);
}

void setup_drop_all(struct setup *s, uint8_t engine)
{
	struct tunnel *t;
	struct holder *h;

	LIST_EACH(t, &s->tunnels, node) {
		bool changed = false;
		LIST_EACH(h, &t->holders, node) {
			if (h->set.holder >> 56 != engine)
				continue;
			list_remove(&h->node);
			free(h);
			changed = true;
		}
		if (changed)
			shrink(s, t);
	}
}

struct setup *setup_new(const struct setup_ops *ops, void *arg)
{
	struct setup *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ops = ops;
	s->arg = arg;
	list_init(&s->tunnels);
	return s;
}

void setup_free(struct setup *s)
{
	struct tunnel *t;

	if (!s)
		return;
	LIST_EACH(t, &s->tunnels, node)
		tunnel_free(s, t);
	free(s);
}
