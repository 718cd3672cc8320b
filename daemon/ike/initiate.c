/* SPDX-License-Identifier: BSD-2-Clause */
/* From a wish (traffic, configuration, command) to an IKE SA that is being negotiated. */
#include "base/log.h"
#include "ike/child_sa.h"
#include "ike/create.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"
#include "ike/informational.h"
#include "ike/lookup.h"
#include "ike/reauth.h"
#include "policy/pool.h"

#include <errno.h>
#include <string.h>

static const char *why_word(enum engine_why why)
{
	static const char *const words[] = { [ENGINE_WHY_TRAFFIC] = "traffic",
					     [ENGINE_WHY_CONFIG] = "config",
					     [ENGINE_WHY_COMMAND] = "command",
					     [ENGINE_WHY_REAUTH] = "reauth" };
	return words[why];
}

/* By name: the SA may be of an older snapshot of the policy. */
static bool same_config(const struct child_config *a, const struct child_config *b)
{
	return a == b ||
	       (strcmp(a->name, b->name) == 0 && strcmp(a->peer->name, b->peer->name) == 0);
}

static const struct child_sa *child_of(const struct ike_sa *sa, const struct child_config *child)
{
	const struct child_sa *c;
	LIST_EACH(c, &sa->children, node)
		if (c->state == CHILD_UP && same_config(c->config, child))
			return c;
	return NULL;
}

const struct child_sa *initiate_find_up(const struct engine *e, const struct child_config *child,
					const struct addr *peer)
{
	const struct ike_sa *sa;
	LIST_EACH(sa, &e->sas, node) {
		bool up = ike_sa_is_up(sa) || sa->state == IKE_REPLACED;
		if (!up || sa->want_delete || (peer && !ike_sa_is_at(sa, peer)))
			continue;
		const struct child_sa *c = child_of(sa, child);
		if (c)
			return c;
	}
	return NULL;
}

/* Does what is being negotiated serve this wish too?  (One storm of ACQUIREs, one negotiation.) */
static bool serves(const struct ike_sa *sa, const struct wish *w)
{
	const struct wish *old = sa->handshake ? &sa->handshake->ask.wish : NULL;
	bool on_its_way = sa->state == IKE_INIT_SENT || sa->state == IKE_AUTH_SENT;
	if (!on_its_way || sa->want_delete || !old || !same_config(old->child, w->child) ||
	    !ike_sa_is_at(sa, &w->peer))
		return false;
	/* Without selectors of its own, an entry serves whatever policy asked. */
	if (w->child->local_ts.n && w->child->peer_ts.n)
		return true;
	return old->has_policy == w->has_policy &&
	       (!w->has_policy || (ts_eq(&old->policy_local, &w->policy_local) &&
				   ts_eq(&old->policy_peer, &w->policy_peer)));
}

static struct ike_sa *find_on_its_way(struct engine *e, const struct wish *w, size_t *ret_n)
{
	struct ike_sa *sa, *found = NULL;
	*ret_n = 0;
	LIST_EACH(sa, &e->sas, node) {
		if (sa->handshake && sa->wanted && same_config(sa->wanted, w->child))
			++*ret_n;
		if (!found && serves(sa, w))
			found = sa;
	}
	return found;
}

/* A client's child needs an IKE SA that has an inner address, or asks for one. */
static bool has_inner(const struct ike_sa *sa, const struct child_config *child)
{
	const struct handshake *h = sa->handshake;
	if (child->peer_inner)
		return sa->inner.holder && !sa->inner.ours;
	if (!child_config_is_client(child))
		return true;
	return sa->inner.ours ||
	       (h && h->ask.wish.child && child_config_is_client(h->ask.wish.child));
}

/* An IKE SA with the peer of this wish that can have one more child. */
static bool is_home(const struct ike_sa *sa, const struct wish *w)
{
	bool there = sa->state == IKE_INIT_SENT || sa->state == IKE_AUTH_SENT || ike_sa_is_up(sa);
	return there && sa->config == w->child->peer && ike_sa_is_at(sa, &w->peer) &&
	       (!addr_is_set(&w->local) || addr_eq(&sa->local, &w->local) || sa->mobike.on) &&
	       !sa->want_delete && !sa->no_more_children && !ike_sa_is_full(sa) &&
	       !reauth_is_yielding(sa) && has_inner(sa, w->child);
}

static struct ike_sa *find_home(struct engine *e, const struct wish *w)
{
	struct ike_sa *sa;
	LIST_EACH(sa, &e->sas, node)
		if (is_home(sa, w))
			return sa;
	return NULL;
}

/* Somebody wants the same already: then they wait together. */
static int join_create(struct engine *e, const struct wish *w, engine_done_fn done, void *arg)
{
	struct ike_sa *sa;
	LIST_EACH(sa, &e->sas, node) {
		struct create *c = ike_sa_is_at(sa, &w->peer) ? create_find(sa, w) : NULL;
		if (c)
			return waiters_add(&c->coming, done, arg);
	}
	return -ENOENT;
}

/* IKE SAs of earlier attempts that have no child (any more) and can have none are of no use. */
static void retire_childless(struct engine *e, const struct wish *w)
{
	struct ike_sa *sa;
	LIST_EACH(sa, &e->sas, node) {
		const struct child_sa *c;
		bool has_child = false;
		if (!ike_sa_is_up(sa) || !sa->wanted || !same_config(sa->wanted, w->child) ||
		    !addr_eq(&sa->peer, &w->peer))
			continue;
		LIST_EACH(c, &sa->children, node)
			has_child |= c->state == CHILD_UP;
		if (has_child || sa->want_delete)
			continue;
		sa->down_why = "no_child";
		sa->by_command = true;
		sa->want_delete = true;
		informational_next(sa);
	}
}

static int set_addresses(struct engine *e, const struct wish *w, struct ike_sa *sa, struct err *err)
{
	const struct peer_config *config = w->child->peer;
	char text[ADDR_TEXT_MAX_BYTES];

	sa->peer = w->peer;
	if (sa->peer.port == 0)
		sa->peer.port = 500;
	sa->local = addr_is_set(&w->local) ? w->local : config->local_addr;
	if (!addr_is_set(&sa->local)) {
		int r = udp_source(e->ports.udp, &sa->peer, &sa->local);
		if (r < 0)
			return err_set(err, r, "no way to %s: %s", addr_text(&sa->peer, text),
				       strerror(-r));
	}
	if (sa->local.port == 0)
		sa->local.port = e->policy->port;
	return 0;
}

static void log_start(const struct ike_sa *sa, const struct wish *w)
{
	LOG(INFO, "negotiation_started", F_STR("remote", ike_sa_remote(sa)),
	    F_STR("child", w->child->name), F_ADDR("peer", &sa->peer), F_ADDR("local", &sa->local),
	    F_STR("why", why_word(w->why)), F_SPI64("ike_spi_i", sa->spi_i));
}

int initiate_begin(struct engine *e, const struct wish *w, struct ike_sa **ret, struct err *err)
{
	struct ike_sa *sa;
	int r = ike_sa_new(e, true, &sa);
	if (r < 0)
		return err_set(err, r, "no IKE SA can be made: %s", strerror(-r));
	sa->config = w->child->peer;
	sa->wanted = w->child;
	sa->handshake->ask.wish = *w;
	r = set_addresses(e, w, sa, err);
	if (r < 0) {
		ike_sa_free(sa);
		return r;
	}
	log_start(sa, w);
	/* The kernel hears of a failure from whoever takes the wish; the caller does not. */
	dispatch_trigger(sa, ON_START);
	if (sa->state != IKE_INIT_SENT)
		return err_set(err, -EIO, "IKE_SA_INIT could not be sent");
	*ret = sa;
	return 0;
}

/* The next of the entry's addresses; false: all were tried. */
static bool next_address(struct wish *w)
{
	const struct peer_config *config = w->child->peer;
	uint8_t at = 0;
	if (w->n_tried + 1 >= config->n_peer_addrs)
		return false;
	while (at < config->n_peer_addrs && !addr_eq(&config->peer_addrs[at], &w->peer))
		at++;
	if (at == config->n_peer_addrs)
		return false;
	w->peer = config->peer_addrs[(at + 1) % config->n_peer_addrs];
	w->local = (struct addr){ 0 };
	w->n_tried++;
	return true;
}

/* At the first address from this one on to which there is a way. */
static int begin_anywhere(struct engine *e, struct wish *w, struct ike_sa **ret, struct err *err)
{
	int r;
	do {
		r = initiate_begin(e, w, ret, err);
	} while (r < 0 && next_address(w));
	return r;
}

bool initiate_elsewhere(struct ike_sa *sa)
{
	struct wish *old = &sa->handshake->ask.wish, w = *old;
	struct ike_sa *next;
	struct err err = { 0 };
	/* What is to take another one over has its peer where that is. */
	if (sa->engine->stopping || sa->want_delete || sa->handover.takes_spi ||
	    w.child->peer->policy != sa->engine->policy || !next_address(&w) ||
	    begin_anywhere(sa->engine, &w, &next, &err) < 0)
		return false;
	waiters_move(&sa->coming, &next->coming);
	old->has_larval = false;
	sa->wanted = NULL;
	return true;
}

/* One more child in an IKE SA that is there (RFC 7296 1.3.1). */
static int add_to(struct ike_sa *sa, const struct wish *w, engine_done_fn done, void *arg)
{
	int r = create_add_child(sa, w, done, arg);
	if (r < 0)
		return r;
	log_start(sa, w);
	informational_next(sa);
	return 0;
}

static int nobody_waits(struct err *err, int r)
{
	return r < 0 ? err_set(err, r, "nobody more can wait: %s", strerror(-r)) : 0;
}

int initiate_wish(struct engine *e, const struct wish *w, engine_done_fn done, void *arg,
		  struct err *err)
{
	size_t n;
	if (e->stopping)
		return err_set(err, -ESHUTDOWN, "the daemon is about to end");
	/* SAs hold the snapshot that their entries belong to: it must be the present one. */
	if (w->child->peer->policy != e->policy)
		return err_set(err, -ESTALE, "the configuration has changed");
	if (w->why != ENGINE_WHY_TRAFFIC && initiate_find_up(e, w->child, &w->peer))
		return 1;
	if (lookup_is_due(e, w))
		return nobody_waits(err, lookup_wish(e, w, done, arg));
	int r = join_create(e, w, done, arg);
	if (r != -ENOENT)
		return nobody_waits(err, r);
	struct ike_sa *sa = find_on_its_way(e, w, &n);
	struct ike_sa *home = sa ? NULL : find_home(e, w);
	if (!home && w->child->peer_inner)
		return err_set(err, -EADDRNOTAVAIL, "%s is a client: it has to connect first",
			       w->child->peer->name);
	if (home)
		return nobody_waits(err, add_to(home, w, done, arg));
	if (!sa && n >= LIMIT_INITIATIONS_PER_CHILD)
		return err_set(err, -EMFILE, "%zu negotiations of this entry are on their way", n);
	if (!sa) {
		retire_childless(e, w);
		struct wish copy = *w;
		r = begin_anywhere(e, &copy, &sa, err);
		if (r < 0)
			return r;
	}
	return nobody_waits(err, waiters_add(&sa->coming, done, arg));
}

/* ---- command ---- */

static int start_one(struct engine *e, const struct child_config *child, enum engine_why why,
		     struct gather *g, struct err *err)
{
	const struct peer_config *peer = child->peer;
	struct wish w = { .child = child, .why = why };
	if (peer->n_peer_addrs == 0 && !lookup_is_due(e, &w))
		return err_set(err, -EDESTADDRREQ, "%s: no address to go to", peer->name);
	if (peer->n_peer_addrs)
		w.peer = peer->peer_addrs[0];
	g->n_open++;
	int r = initiate_wish(e, &w, gather_done, g, err);
	if (r != 0)
		g->n_open--;
	return r;
}

int engine_initiate(struct engine *e, const struct peer_config *peer,
		    const struct child_config *child, enum engine_why why, engine_done_fn done,
		    void *arg, struct err *err)
{
	const struct child_config *c;
	struct err why_not = { 0 };
	struct gather *g = gather_new(&e->gathers, e->ports.loop, done, arg);
	int r = -ENOENT;
	if (!g)
		return err_set(err, -ENOMEM, "out of memory");
	err_set(&why_not, -ENOENT, "%s has no sainfo", peer->name);
	LIST_EACH(c, &peer->children, node) {
		if (child && c != child)
			continue;
		r = start_one(e, c, why, g, &why_not);
		if (r >= 0)
			continue;
		/* What has been started goes on; the caller hears of this one at the end. */
		g->result = r;
		snprintf(g->text, sizeof(g->text), "%s", why_not.text);
		break;
	}
	if (gather_close(g, false))
		return 0;
	return r < 0 ? err_set(err, r, "%s", why_not.text) : r;
}

/* ---- traffic ---- */

static bool to_addr(const union keydb_addr *from, struct addr *ret)
{
	return from->sa.sa_family != 0 && addr_from_sockaddr(&from->sa, sizeof(*from), ret) == 0;
}

struct run {
	uint16_t lo, hi;
};

/*
 * The numbers that a port (or type, code: bits) and its mask stand for, as far as they are a run.  The
 * kernel has port 0 for protocols without ports: that is any.
 */
static struct run run_of(bool any, uint16_t port, uint16_t mask, uint16_t bits)
{
	any |= bits == UINT16_MAX && port == 0 && mask == 0;
	uint16_t open = any ? bits : mask ? ~mask & bits : 0;
	return (struct run){ .lo = port & ~open & bits, .hi = (port | open) & bits };
}

/* RFC 4301 4.4.1.1; the kernel has the type as source port and the code as destination port. */
static void set_types(const struct keydb_selector *sel, struct ts *ret)
{
	struct run type = run_of(sel->src_port_any, sel->src_port, sel->src_port_mask, 0xff);
	struct run code = run_of(sel->dst_port_any, sel->dst_port, sel->dst_port_mask, 0xff);
	ret->port_lo = (uint16_t)(type.lo << 8 | code.lo);
	ret->port_hi = (uint16_t)(type.hi << 8 | code.hi);
}

/* One side of a kernel selector. */
static bool to_ts(const union keydb_addr *a, uint8_t bits, const struct keydb_selector *sel,
		  bool is_src, struct ts *ret)
{
	struct addr_prefix p = { .bits = bits };
	struct run ports =
		is_src ? run_of(sel->src_port_any, sel->src_port, sel->src_port_mask, UINT16_MAX)
		       : run_of(sel->dst_port_any, sel->dst_port, sel->dst_port_mask, UINT16_MAX);
	if (!to_addr(a, &p.addr))
		return false;
	ts_of_prefix(&p, sel->proto, 0, ret);
	if (ts_has_types(ret)) {
		set_types(sel, ret);
	} else {
		ret->port_lo = ports.lo;
		ret->port_hi = ports.hi;
	}
	return true;
}

static bool to_pair(const struct keydb_selector *sel, struct ts *ret_src, struct ts *ret_dst)
{
	return to_ts(&sel->src, sel->src_bits, sel, true, ret_src) &&
	       to_ts(&sel->dst, sel->dst_bits, sel, false, ret_dst);
}

/* The youngest child that carries the packet of this wish, NULL: none. */
static struct child_sa *find_carrier(const struct engine *e, const struct wish *w)
{
	const struct ike_sa *sa;
	struct child_sa *c, *found = NULL;
	LIST_EACH(sa, &e->sas, node) {
		if (sa->want_delete || !ike_sa_is_at(sa, &w->peer))
			continue;
		LIST_EACH(c, &sa->children, node)
			if (c->state == CHILD_UP && same_config(c->config, w->child) &&
			    ts_in_list(&w->packet_local, &c->local_ts) &&
			    ts_in_list(&w->packet_peer, &c->peer_ts) &&
			    (!found || c->up_ms >= found->up_ms))
				found = c;
	}
	return found;
}

/*
 * The child came up or moved a moment ago, and this packet is one of those that waited for it; or the child
 * waits until the peer listens, and there is no time left for that.
 */
static bool is_late(const struct engine *e, const struct wish *w)
{
	struct child_sa *c = find_carrier(e, w);
	if (c && c->late) {
		child_sa_complete(c);
		return true;
	}
	if (!c)
		return false;
	int64_t since_ms = c->moved_ms > c->up_ms ? c->moved_ms : c->up_ms;
	return engine_now_ms(e) - since_ms < LIMIT_ACQUIRE_QUIET_MS;
}

static bool read_acquire(const struct engine *e, const struct keydb_event *ev, struct wish *w)
{
	*w = (struct wish){ .why = ENGINE_WHY_TRAFFIC,
			    .reqid = ev->sa.reqid,
			    .has_larval = true,
			    .acquire_seq = ev->seq,
			    .larval = ev->sa.id };
	w->has_packet = to_pair(&ev->sel, &w->packet_local, &w->packet_peer);
	w->has_policy = to_pair(&ev->policy.sel, &w->policy_local, &w->policy_peer);
	if (!w->has_packet || !to_addr(&ev->sa.id.dst, &w->peer))
		return false;
	/* what asks for IPComp says nothing about what comes behind it */
	uint8_t protocol = ev->sa.id.proto == KEYDB_PROTO_AH    ? PROPOSAL_AH
			   : ev->sa.id.proto == KEYDB_PROTO_ESP ? PROPOSAL_ESP
								: 0;
	w->child = policy_find_acquire(e->policy, protocol, w->reqid, &w->packet_local,
				       &w->packet_peer);
	if (!w->child)
		return false;
	/* The entry's port, if it names this address; a wildcard source is the kernel's to choose. */
	w->peer.port = 0;
	for (uint8_t i = 0; i < w->child->peer->n_peer_addrs; i++)
		if (addr_eq(&w->peer, &w->child->peer->peer_addrs[i]))
			w->peer.port = w->child->peer->peer_addrs[i].port;
	if (!to_addr(&ev->sa.id.src, &w->local) || addr_is_any(&w->local))
		w->local = (struct addr){ 0 };
	w->local.port = 0;
	return true;
}

void initiate_drop_acquire(struct engine *e, struct wish *w)
{
	struct kernel *k = e->ports.kernel;
	if (!w->has_larval)
		return;
	w->has_larval = false;
	(void)k->ops->acquire_failed(k, &w->larval, w->acquire_seq);
}

void initiate_acquire(struct engine *e, const struct keydb_event *ev)
{
	struct kernel *k = e->ports.kernel;
	struct wish w;
	struct err err = { 0 };

	if (!read_acquire(e, ev, &w)) {
		LOG(INFO, "acquire_ignored", F_STR("reason", "no sainfo wants this packet"),
		    F_INT("reqid", ev->sa.reqid));
		(void)k->ops->acquire_failed(k, &ev->sa.id, ev->seq);
		return;
	}
	if (is_late(e, &w)) {
		LOG(DEBUG, "acquire_late", F_STR("child", w.child->name));
		return;
	}
	/* Not answered: the kernel asks again when its larval SA has expired, not with each packet. */
	if (refusal_is_fresh(e, w.child->peer->name)) {
		LOG(DEBUG, "acquire_too_soon", F_STR("child", w.child->name));
		return;
	}
	if (initiate_wish(e, &w, NULL, NULL, &err) < 0)
		LOG(WARNING, "cannot_initiate", F_STR("remote", w.child->peer->name),
		    F_STR("child", w.child->name), F_STR("error", err.text));
}
