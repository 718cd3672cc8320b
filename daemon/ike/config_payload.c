/* SPDX-License-Identifier: BSD-2-Clause */
/* Inner addresses: asked for, leased, set up, given back. */
#include "ike/config_payload.h"

#include "base/log.h"
#include "ike/child.h"
#include "ike/config_read.h"
#include "ike/create.h"
#include "ike/engine_int.h"
#include "ike/narrow.h"
#include "msg/cp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the monitor is to be told; there before there is something to tell. */
struct inner_release {
	struct list node; /* engine.releases, while it could not be told */
	uint64_t holder;
	bool ours;
};

/* The addresses that a gateway gave us last: we would like to have them again. */
struct inner_memory {
	struct list node; /* engine.inner_memories */
	char remote[POLICY_NAME_MAX_BYTES];
	struct addr addr[INNER_FAMILIES];
};

/* ---- both ---- */

static bool has_any(const struct addr addr[INNER_FAMILIES])
{
	return addr_is_set(&addr[INNER_V4]) || addr_is_set(&addr[INNER_V6]);
}

static int begin_holder(struct engine *e, struct inner_state *inner, bool ours)
{
	inner->release = calloc(1, sizeof(*inner->release));
	if (!inner->release)
		return -ENOMEM;
	inner->holder = (uint64_t)e->ports.number << LIMIT_SPI_ENGINE_SHIFT | ++e->n_holders;
	inner->ours = ours;
	return 0;
}

static int tell(struct engine *e, const struct inner_release *r)
{
	struct address_port *a = e->ports.addresses;
	return r->ours ? a->ops->inner_drop(a, r->holder) : a->ops->lease_put(a, r->holder);
}

static void tell_or_keep(struct engine *e, struct inner_release *r)
{
	if (tell(e, r) == 0) {
		free(r);
		return;
	}
	list_add(&e->releases, &r->node);
	loop_timer_arm(e->release_timer, LIMIT_REMOVAL_RETRY_MS);
}

void config_retry(void *arg)
{
	struct engine *e = arg;
	struct inner_release *r;
	LIST_EACH(r, &e->releases, node) {
		if (tell(e, r) < 0)
			break;
		list_remove(&r->node);
		free(r);
	}
	if (!list_empty(&e->releases))
		loop_timer_arm(e->release_timer, LIMIT_REMOVAL_RETRY_MS);
}

void config_forget(struct inner_state *inner)
{
	free(inner->release);
	free(inner->set);
	memset(inner, 0, sizeof(*inner));
}

void config_release(struct engine *e, struct inner_state *inner)
{
	struct inner_release *r = TAKE(inner->release);
	if (r) {
		r->holder = inner->holder;
		r->ours = inner->ours;
		tell_or_keep(e, r);
	}
	config_forget(inner);
}

void config_forget_all(struct engine *e)
{
	struct inner_release *r;
	struct inner_memory *m;
	LIST_EACH(r, &e->releases, node) {
		list_remove(&r->node);
		free(r);
	}
	LIST_EACH(m, &e->inner_memories, node) {
		list_remove(&m->node);
		free(m);
	}
}

static struct inner_memory *find_memory(const struct engine *e, const char *remote)
{
	struct inner_memory *m;
	LIST_EACH(m, &e->inner_memories, node)
		if (strcmp(m->remote, remote) == 0)
			return m;
	return NULL;
}

/* Without memory for it we get another address next time. */
static void remember(struct engine *e, const char *remote, const struct addr addr[INNER_FAMILIES])
{
	struct inner_memory *m = find_memory(e, remote);
	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			return;
		snprintf(m->remote, sizeof(m->remote), "%s", remote);
		list_add(&e->inner_memories, &m->node);
	}
	memcpy(m->addr, addr, sizeof(m->addr));
}

/* NULL leaves a field of the log out. */
static const char *text_of(const struct addr *a, char buf[ADDR_TEXT_MAX_BYTES])
{
	return addr_is_set(a) ? addr_text(a, buf) : NULL;
}

static void log_commit(const struct ike_sa *sa)
{
	char v4[ADDR_TEXT_MAX_BYTES], v6[ADDR_TEXT_MAX_BYTES], id[ID_TEXT_MAX_BYTES];
	const struct inner_state *i = &sa->inner;
	LOG(INFO, i->ours ? "inner_address_got" : "inner_address_leased",
	    F_STR("remote", ike_sa_remote(sa)), F_ADDR("peer", &sa->peer),
	    F_STR("peer_id", id_text(&sa->peer_id, id)),
	    F_STR("inner4", text_of(&i->addr[INNER_V4], v4)),
	    F_STR("inner6", text_of(&i->addr[INNER_V6], v6)),
	    F_INT("name_servers", i->set ? i->set->dns.n_servers : 0),
	    F_INT("domains", i->set ? i->set->dns.n_domains : 0));
}

void config_commit(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	if (!x->work.inner.holder)
		return;
	/* A request that could not be answered was processed before. */
	config_release(x->engine, &sa->inner);
	sa->inner = x->work.inner;
	memset(&x->work.inner, 0, sizeof(x->work.inner));
	if (sa->inner.ours)
		remember(x->engine, sa->config->name, sa->inner.addr);
	log_commit(sa);
}

void config_move(struct ike_sa *from, struct ike_sa *to)
{
	if (!from->inner.holder || to->inner.holder)
		return;
	to->inner = from->inner;
	memset(&from->inner, 0, sizeof(from->inner));
	config_update(to);
}

/* Each address as a selector; ours: only if they are ours (else: only if the peer's). */
static void hosts_of(const struct inner_state *inner, bool ours, struct ts_list *ret)
{
	*ret = (struct ts_list){ 0 };
	for (unsigned int i = 0; inner->holder && inner->ours == ours && i < INNER_FAMILIES; i++)
		if (addr_is_set(&inner->addr[i]))
			ts_of_addr(&inner->addr[i], &ret->ts[ret->n++]);
}

/* What this exchange has got, or its SA has. */
static const struct inner_state *state_of(const struct exchange *x)
{
	return x->work.inner.holder ? &x->work.inner : &x->sa->inner;
}

/* ---- client: the request ---- */

/* Both, unless the entry's other side is of one family. */
static void wanted_families(const struct child_config *child, bool ret[INNER_FAMILIES])
{
	ret[INNER_V4] = ret[INNER_V6] = child->peer_ts.n == 0;
	for (uint8_t i = 0; i < child->peer_ts.n; i++) {
		unsigned int family = inner_family(&child->peer_ts.ts[i].first);
		if (family < INNER_FAMILIES)
			ret[family] = true;
	}
}

/* The child that we ask for needs an inner address. */
static bool is_client(const struct exchange *x)
{
	const struct handshake *h = x->sa->handshake;
	return h && x->engine->ports.addresses && x->sa->config->mode_cfg && h->ask.wish.child &&
	       child_config_is_client(h->ask.wish.child);
}

void config_add_request(struct exchange *x, struct msg_writer *mw)
{
	static const struct addr none[INNER_FAMILIES] = { { { 0 }, 0, 0, 0 } };
	uint8_t buf[CONFIG_ATTRIBUTES_MAX_BYTES];
	struct wr w = wr_of(buf, sizeof(buf));
	bool wants[INNER_FAMILIES];
	if (!is_client(x))
		return;
	const struct inner_memory *m = find_memory(x->engine, x->sa->config->name);
	wanted_families(x->sa->handshake->ask.wish.child, wants);
	config_write_request(&w, wants, m ? m->addr : none);
	msg_writer_add_cp(mw,
			  &(struct pl_cp){ .type = CFG_REQUEST, .attributes = wr_slice_of(&w) });
}

static void all_of_family(unsigned int family, struct ts *ret)
{
	struct addr like;
	static const uint8_t zeros[ADDR_MAX_BYTES] = { 0 };
	REQUIRE(addr_from_bytes(slice_of(zeros, family == INNER_V4 ? 4 : 16), &like) == 0);
	struct addr_prefix all = addr_whole(&like);
	ts_of_prefix(&all, 0, 0, ret);
}

static void all_wanted(const struct child_config *child, struct ts_list *ret)
{
	bool wants[INNER_FAMILIES];
	wanted_families(child, wants);
	ret->n = 0;
	for (unsigned int i = 0; i < INNER_FAMILIES; i++)
		if (wants[i])
			all_of_family(i, &ret->ts[ret->n++]);
}

void config_wish(const struct ike_sa *sa, const struct child_config *child, struct ts_list *ret_tsi,
		 struct ts_list *ret_tsr)
{
	hosts_of(&sa->inner, true, ret_tsi);
	if (ret_tsi->n == 0)
		all_wanted(child, ret_tsi);
	if (child->peer_ts.n == 0)
		all_wanted(child, ret_tsr);
}

/* ---- client: the reply ---- */

static void log_refused(const struct exchange *x, const struct config_reply *reply)
{
	for (uint16_t i = 0; i < reply->n_refused && i < CONFIG_REFUSED_MAX; i++)
		LOG(WARNING, "config_attribute_refused", F_STR("remote", ike_sa_remote(x->sa)),
		    F_ADDR("peer", &x->sa->peer),
		    F_STR("attribute", cp_name(reply->refused[i].type)),
		    F_BYTES("value", reply->refused[i].value));
	if (reply->n_refused > CONFIG_REFUSED_MAX)
		LOG(WARNING, "config_attributes_refused", F_STR("remote", ike_sa_remote(x->sa)),
		    F_ADDR("peer", &x->sa->peer), F_INT("number", reply->n_refused));
}

static bool is_outside(const struct ike_sa *sa, const struct addr *a)
{
	return addr_eq(a, &sa->peer) || addr_eq(a, &sa->local);
}

static void add_routes(const struct ts_list *l, struct inner_set *set)
{
	struct addr_prefix p[INNER_ROUTES_MAX];
	for (uint8_t i = 0; i < l->n; i++) {
		int n = ts_prefixes(&l->ts[i], p, N_ELEMENTS(p));
		for (int j = 0; j < n && set->n_routes < INNER_ROUTES_MAX; j++) {
			bool there = false;
			p[j].addr.port = 0;
			for (uint8_t k = 0; k < set->n_routes && !there; k++)
				there = set->routes[k].bits == p[j].bits &&
					addr_eq(&set->routes[k].addr, &p[j].addr);
			/* Only what has an inner address to come from. */
			unsigned int family = inner_family(&p[j].addr);
			if (!there && family < INNER_FAMILIES && addr_is_set(&set->addr[family]))
				set->routes[set->n_routes++] = p[j];
		}
	}
}

/* RFC 8598 8: whoever sends everything to the gateway has no domains that are an exception. */
static void drop_domains_of_full_tunnel(struct inner_set *set)
{
	for (uint8_t i = 0; i < set->n_routes; i++)
		if (set->routes[i].bits == 0)
			set->dns.n_domains = 0;
}

static struct inner_set *set_of(const struct exchange *x, const struct config_reply *reply)
{
	struct ts selectors[POLICY_TS_MAX];
	struct ts_list peer_ts = { 0 };
	struct inner_set *set = calloc(1, sizeof(*set));
	if (!set)
		return NULL;
	snprintf(set->remote, sizeof(set->remote), "%s", x->sa->config->name);
	set->holder = x->work.inner.holder;
	set->peer = x->sa->peer;
	set->local = x->sa->local;
	set->peer.port = set->local.port = 0;
	set->dns = reply->dns;
	memcpy(set->addr, reply->addr, sizeof(set->addr));
	size_t n = narrow_from_payload(&x->pl->tsr, selectors, N_ELEMENTS(selectors));
	for (size_t i = 0; i < n; i++)
		(void)!narrow_add(&peer_ts, &selectors[i]);
	add_routes(&peer_ts, set);
	drop_domains_of_full_tunnel(set);
	return set;
}

static enum verdict no_address(struct exchange *x, const char *hint)
{
	reason_set(&x->reason, REASON_NO_ADDRESS, "CP");
	reason_hint(&x->reason, "%s", hint);
	config_release(x->engine, &x->work.inner);
	return child_orphan(x);
}

static enum verdict on_set_up(struct exchange *x, int result, struct slice text)
{
	if (result == 0)
		return child_accept(x);
	config_release(x->engine, &x->work.inner);
	reason_set(&x->reason, REASON_KERNEL, "inner address");
	if (text.len)
		reason_hint(&x->reason, "%.*s", (int)text.len, (const char *)text.p);
	else
		reason_hint(&x->reason, "%s", strerror(-result));
	return child_orphan(x);
}

static enum verdict set_up(struct exchange *x, const struct config_reply *reply)
{
	struct inner_state *inner = &x->work.inner;
	int r = begin_holder(x->engine, inner, true);
	if (r == 0)
		inner->set = set_of(x, reply);
	if (r < 0 || !inner->set) {
		config_forget(inner);
		return no_address(x, "out of memory");
	}
	memcpy(inner->addr, reply->addr, sizeof(inner->addr));
	return exchange_inner_set(x, inner->set, on_set_up);
}

enum verdict config_accept(struct exchange *x)
{
	struct config_reply reply;
	bool wants[INNER_FAMILIES];
	/* Without a child the peer says why; the reason is the child's. */
	if (!is_client(x) || !payload_has(x->pl, PL_SA))
		return child_accept(x);
	if (!payload_has(x->pl, PL_CP) || x->pl->cp.type != CFG_REPLY)
		return no_address(x, "the peer did not answer the configuration request");
	wanted_families(x->sa->handshake->ask.wish.child, wants);
	config_read_reply(&x->pl->cp, wants, &reply);
	log_refused(x, &reply);
	for (unsigned int i = 0; i < INNER_FAMILIES; i++)
		if (is_outside(x->sa, &reply.addr[i]))
			reply.addr[i] = (struct addr){ 0 };
	if (!has_any(reply.addr))
		return no_address(x, "the peer gave no address that we can use");
	return set_up(x, &reply);
}

bool config_narrow_local(const struct exchange *x, struct ts_list *l)
{
	struct ts_list own, narrowed;
	bool more;
	hosts_of(state_of(x), true, &own);
	if (own.n == 0 || narrow(l->ts, l->n, &own, &narrowed, &more) < 0)
		return false;
	*l = narrowed;
	return true;
}

static bool same_set(const struct inner_set *a, const struct inner_set *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void config_update(struct ike_sa *sa)
{
	struct address_port *a = sa->engine->ports.addresses;
	const struct child_sa *c;
	if (!sa->inner.set)
		return;
	struct inner_set *set = malloc(sizeof(*set));
	if (!set)
		return;
	memcpy(set, sa->inner.set, sizeof(*set));
	memset(set->routes, 0, sizeof(set->routes));
	set->n_routes = 0;
	set->peer = sa->peer;
	set->local = sa->local;
	set->peer.port = set->local.port = 0;
	LIST_EACH(c, &sa->children, node)
		if (c->state == CHILD_UP && child_config_is_client(c->config))
			add_routes(&c->peer_ts, set);
	if (!same_set(set, sa->inner.set) && a->ops->inner_set(a, set, NULL, NULL) == 0)
		memcpy(sa->inner.set, set, sizeof(*set));
	free(set);
}

/* ---- gateway ---- */

bool config_was_asked(const struct exchange *x)
{
	struct config_request q = { 0 };
	if (payload_has(x->pl, PL_CP))
		config_read_request(&x->pl->cp, &q);
	return q.address[INNER_V4] || q.address[INNER_V6];
}

static enum verdict on_leased(struct exchange *x, int result, struct slice data)
{
	if (result == 0) {
		memcpy(x->work.inner.addr, data.p, sizeof(x->work.inner.addr));
		return child_answer(x);
	}
	config_release(x->engine, &x->work.inner);
	/* 3.15.4: a family that we do not have is ignored */
	if (result == -EAFNOSUPPORT)
		return child_answer(x);
	reason_set(&x->reason, REASON_NO_ADDRESS, "CP");
	reason_hint(&x->reason, "%s",
		    result == -ENOSPC ? "all addresses of the pool are in use" : strerror(-result));
	return child_refuse(x, N_INTERNAL_ADDRESS_FAILURE);
}

enum verdict config_answer(struct exchange *x)
{
	const struct pool_config *pool = x->work.config->pool;
	struct config_request q;
	if (!pool || !x->engine->ports.addresses || !config_was_asked(x))
		return child_answer(x);
	config_read_request(&x->pl->cp, &q);
	if (begin_holder(x->engine, &x->work.inner, false) < 0)
		return on_leased(x, -ENOMEM, (struct slice){ 0 });
	struct lease_ask ask;
	memset(&ask, 0, sizeof(ask));
	ask.holder = x->work.inner.holder;
	ask.pool = pool->number;
	ask.only = payload_notify(x->pl, N_INITIAL_CONTACT) != NULL;
	ask.id = x->work.peer_id;
	memcpy(ask.wants, q.address, sizeof(ask.wants));
	memcpy(ask.suggested, q.suggested, sizeof(ask.suggested));
	return exchange_lease(x, &ask, on_leased);
}

void config_add_response(const struct exchange *x, struct msg_writer *mw)
{
	uint8_t buf[CONFIG_ATTRIBUTES_MAX_BYTES];
	struct wr w = wr_of(buf, sizeof(buf));
	struct config_request q;
	if (!x->work.inner.holder || x->work.inner.ours)
		return;
	config_read_request(&x->pl->cp, &q);
	config_write_reply(&w, &q, x->work.config->pool, x->work.inner.addr);
	msg_writer_add_cp(mw, &(struct pl_cp){ .type = CFG_REPLY, .attributes = wr_slice_of(&w) });
}

bool config_peer_list(const struct exchange *x, const struct child_config *child,
		      struct ts_list *allowed)
{
	struct ts_list leased, common;
	bool more;
	hosts_of(state_of(x), false, &leased);
	if (child->peer_inner && leased.n == 0)
		return false;
	/* An entry that has the address among others lets the client have its own only. */
	if (child->peer_inner)
		*allowed = leased;
	else if (leased.n && child->mode == CHILD_TUNNEL &&
		 narrow(leased.ts, leased.n, allowed, &common, &more) == 0)
		*allowed = common;
	return true;
}

void config_wish_peer(const struct ike_sa *sa, struct ts_list *ret)
{
	hosts_of(&sa->inner, false, ret);
}

void config_add_about(const struct exchange *x, struct msg_writer *mw)
{
	uint8_t buf[CONFIG_ATTRIBUTES_MAX_BYTES];
	struct wr w = wr_of(buf, sizeof(buf));
	struct config_request q;
	/* CFG_SET: nothing is accepted, and a response without CFG_ACK says so (3.15.1) */
	if (x->pl->cp.type != CFG_REQUEST)
		return;
	config_read_request(&x->pl->cp, &q);
	config_write_about(&w, &q);
	msg_writer_add_cp(mw, &(struct pl_cp){ .type = CFG_REPLY, .attributes = wr_slice_of(&w) });
}
