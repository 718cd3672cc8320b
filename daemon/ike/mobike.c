/* SPDX-License-Identifier: BSD-2-Clause */
/* MOBIKE: paths, and what is said about them. */
#include "ike/mobike.h"

#include "base/log.h"
#include "crypto/rng.h"
#include "ike/engine_int.h"
#include "ike/exchange.h"
#include "ike/informational.h"
#include "ike/move.h"
#include "ike/nat.h"
#include "ike/rekey_ike.h"
#include "ike/rules.h"

#include <errno.h>
#include <string.h>

enum { NO_NATS_MAX_BYTES = 2 * ADDR_MAX_BYTES + 4 };

/* ---- addresses ---- */

/* Nobody else can be there. */
static bool is_nowhere(const struct engine *e, const struct addr *a)
{
	struct addr_prefix loopback = { 0 };
	const char *text = addr_len(a) == 4 ? "127.0.0.0/8" : "::1/128";
	return !addr_is_set(a) || addr_is_any(a) || addr_is_multicast(a) ||
	       addr_parse_prefix(text, &loopback) < 0 || addr_in_prefix(a, &loopback) ||
	       engine_has_address(e, a);
}

/* An address inside of what a tunnel protects is no way for the tunnel itself. */
static bool is_inside(const struct ts_list *list, const struct addr *a)
{
	for (uint8_t i = 0; i < list->n; i++) {
		const struct ts *t = &list->ts[i];
		bool whole = addr_is_any(&t->first);
		if (!whole && t->first.family == a->family && addr_cmp(a, &t->first) >= 0 &&
		    addr_cmp(a, &t->last) <= 0)
			return true;
	}
	return false;
}

static bool is_protected(const struct ike_sa *sa, const struct peer_config *config,
			 const struct addr *a)
{
	const struct child_config *child;
	const struct child_sa *c;
	LIST_EACH(child, &config->children, node)
		if (is_inside(&child->local_ts, a))
			return true;
	LIST_EACH(c, &sa->children, node)
		if (is_inside(&c->local_ts, a))
			return true;
	return false;
}

static bool same_place(const struct ike_sa *sa, const struct addr *local, const struct addr *peer)
{
	return addr_eq_port(&sa->local, local) && addr_eq_port(&sa->peer, peer);
}

static void set_place(struct ike_sa *sa, const struct addr *local, const struct addr *peer)
{
	sa->local = *local;
	sa->peer = *peer;
}

/* An inner address that we have from any peer: the way from it leads through a tunnel. */
static bool is_inner(const struct engine *e, const struct addr *a)
{
	const struct ike_sa *sa;
	LIST_EACH(sa, &e->sas, node)
		for (size_t i = 0; sa->inner.holder && sa->inner.ours && i < INNER_FAMILIES; i++)
			if (addr_eq(&sa->inner.addr[i], a))
				return true;
	return false;
}

/* ---- paths ---- */

struct path {
	struct addr local, peer;
};

enum { PATHS_MAX = 1 + LIMIT_MOBIKE_ADDRS + POLICY_ADDRS_MAX };

/* From where we would go to this address of the peer; false: there is no way now. */
static bool find_path(const struct ike_sa *sa, const struct addr *peer, struct path *ret)
{
	struct engine *e = sa->engine;
	const struct policy *p = sa->policy;
	struct path path = { .local = sa->config->local_addr, .peer = *peer };

	if (addr_is_set(&path.local) && path.local.family != peer->family)
		return false;
	if (!addr_is_set(&path.local) && udp_source(e->ports.udp, peer, &path.local) < 0)
		return false;
	if (is_inner(e, &path.local))
		return false;
	path.local.port = sa->natt ? p->natt_port : p->port;
	if (!addr_eq(peer, &sa->mobike.home_peer))
		path.peer.port = sa->natt ? p->natt_port : 500;
	*ret = path;
	return true;
}

static void add_path(const struct ike_sa *sa, const struct addr *peer, struct path *paths,
		     size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (addr_eq(&paths[i].peer, peer))
			return;
	if (*n < PATHS_MAX && find_path(sa, peer, &paths[*n]))
		++*n;
}

/* What the peer told, but what lies behind it is no way to it. */
static bool is_behind_peer(const struct ike_sa *sa, const struct addr *a)
{
	const struct child_config *child;
	const struct child_sa *c;
	LIST_EACH(child, &sa->config->children, node)
		if (is_inside(&child->peer_ts, a))
			return true;
	LIST_EACH(c, &sa->children, node)
		if (is_inside(&c->peer_ts, a))
			return true;
	return false;
}

/* The address that is in use first, then the configured ones, then what the peer told. */
static size_t find_paths(const struct ike_sa *sa, struct path paths[PATHS_MAX])
{
	const struct mobike *m = &sa->mobike;
	size_t n = 0;
	add_path(sa, &m->home_peer, paths, &n);
	for (uint8_t i = 0; i < sa->config->n_peer_addrs; i++)
		add_path(sa, &sa->config->peer_addrs[i], paths, &n);
	for (uint8_t i = 0; i < m->n_peer_addrs; i++)
		if (!is_behind_peer(sa, &m->peer_addrs[i]))
			add_path(sa, &m->peer_addrs[i], paths, &n);
	return n;
}

/* The next path in turn; nothing if there is none at all. */
static void next_path(struct ike_sa *sa)
{
	struct path paths[PATHS_MAX];
	size_t n = find_paths(sa, paths);
	if (n == 0)
		return;
	const struct path *p = &paths[sa->mobike.n_path++ % n];
	set_place(sa, &p->local, &p->peer);
}

static void search(struct ike_sa *sa)
{
	struct mobike *m = &sa->mobike;
	if (!m->searching)
		m->n_path = 0;
	m->searching = m->unsettled = true;
	/* What is out takes the first path when it goes out again: mobike_sending(). */
	if (window_is_pending(&sa->window)) {
		window_again(&sa->window);
		return;
	}
	next_path(sa);
	m->want_update = true;
}

/* Children go where the answer came from. */
static void arrive(struct ike_sa *sa)
{
	struct mobike *m = &sa->mobike;
	bool moved = !addr_eq_port(&m->home_local, &sa->local) ||
		     !addr_eq_port(&m->home_peer, &sa->peer);
	if (moved)
		LOG(INFO, "ike_sa_moved", F_STR("remote", ike_sa_remote(sa)),
		    F_ADDR("peer", &sa->peer), F_ADDR("local", &sa->local),
		    F_ADDR("from_peer", &m->home_peer), F_ADDR("from_local", &m->home_local),
		    F_SPI64("ike_spi_i", sa->spi_i), F_SPI64("ike_spi_r", sa->spi_r));
	m->home_local = sa->local;
	m->home_peer = sa->peer;
	m->unsettled = m->searching = false;
	m->n_refused = 0;
	ike_sa_keep_nat_open(sa);
	move_along(sa);
}

/* ---- notifies ---- */

static bool uses_nat_detection(const struct ike_sa *sa)
{
	return sa->nat_supported && sa->config->nat_traversal;
}

static size_t no_nats(const struct addr *from, const struct addr *to,
		      uint8_t buf[NO_NATS_MAX_BYTES])
{
	struct wr w = wr_of(buf, NO_NATS_MAX_BYTES);
	wr_slice(&w, addr_slice(from));
	wr_slice(&w, addr_slice(to));
	wr_u16(&w, from->port);
	wr_u16(&w, to->port);
	return wr_used(&w);
}

/* 3.9: without NAT traversal the addresses are part of what is protected. */
static void add_nat(const struct ike_sa *sa, struct msg_writer *mw)
{
	uint8_t buf[NO_NATS_MAX_BYTES];
	if (!uses_nat_detection(sa))
		msg_writer_add_notify(mw, N_NO_NATS_ALLOWED,
				      slice_of(buf, no_nats(&sa->local, &sa->peer, buf)));
	else if (nat_emit(mw, sa->spi_i, sa->spi_r, &sa->local, &sa->peer, sa->config->nat_force) <
		 0)
		LOG(ERROR, "nat_detection_failed");
}

bool mobike_sees_nat(const struct exchange *x)
{
	const struct pl_notify *n = payload_notify(x->pl, N_NO_NATS_ALLOWED);
	uint8_t buf[NO_NATS_MAX_BYTES];
	return n && !slice_eq(n->data, slice_of(buf, no_nats(&x->peer, &x->local, buf)));
}

/* Ours, but for the one in the header; none if we may use only one. */
static size_t add_list(const struct ike_sa *sa, const struct peer_config *config,
		       struct msg_writer *mw)
{
	const struct engine *e = sa->engine;
	size_t n = 0;
	if (addr_is_set(&config->local_addr))
		return 0;
	for (size_t i = 0; i < e->n_addresses && n < LIMIT_MOBIKE_ADDRS; i++) {
		const struct addr *a = &e->addresses[i];
		if (addr_eq(a, &sa->local) || addr_is_linklocal(a) || is_inner(e, a) ||
		    is_protected(sa, config, a))
			continue;
		msg_writer_add_notify(
			mw, addr_len(a) == 4 ? N_ADDITIONAL_IP4_ADDRESS : N_ADDITIONAL_IP6_ADDRESS,
			addr_slice(a));
		n++;
	}
	return n;
}

static bool has_list(const struct payload_set *pl)
{
	return payload_notify(pl, N_ADDITIONAL_IP4_ADDRESS) ||
	       payload_notify(pl, N_ADDITIONAL_IP6_ADDRESS) ||
	       payload_notify(pl, N_NO_ADDITIONAL_ADDRESSES);
}

/* The new list replaces the old one; what cannot be an address of a peer is left out. */
static void read_list(struct ike_sa *sa, const struct payload_set *pl)
{
	struct mobike *m = &sa->mobike;
	m->n_peer_addrs = 0;
	for (size_t i = 0; i < pl->n_notifies && m->n_peer_addrs < LIMIT_MOBIKE_ADDRS; i++) {
		const struct pl_notify *n = &pl->notifies[i];
		struct addr a;
		if (n->type != N_ADDITIONAL_IP4_ADDRESS && n->type != N_ADDITIONAL_IP6_ADDRESS)
			continue;
		if (addr_from_bytes(n->data, &a) == 0 && !is_nowhere(sa->engine, &a))
			m->peer_addrs[m->n_peer_addrs++] = a;
	}
}

static struct slice cookie_of(const struct mobike *m)
{
	return slice_of(m->cookie, sizeof(m->cookie));
}

/* ---- IKE_AUTH ---- */

void mobike_add_auth(const struct exchange *x, struct msg_writer *mw)
{
	const struct ike_sa *sa = x->sa;
	bool response = x->trigger == ON_REQUEST;
	const struct peer_config *config = response ? x->work.config : sa->config;
	uint8_t buf[NO_NATS_MAX_BYTES];

	if (!config->mobike || (response && !payload_notify(x->pl, N_MOBIKE_SUPPORTED)))
		return;
	msg_writer_add_notify(mw, N_MOBIKE_SUPPORTED, (struct slice){ 0 });
	(void)add_list(sa, config, mw);
	if (!response && !(x->work.nat.supported && config->nat_traversal))
		msg_writer_add_notify(mw, N_NO_NATS_ALLOWED,
				      slice_of(buf, no_nats(&sa->local, &sa->peer, buf)));
}

void mobike_agree(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	bool response = x->trigger == ON_REQUEST;
	const struct peer_config *config = response ? x->work.config : sa->config;
	if (!config->mobike || !payload_notify(x->pl, N_MOBIKE_SUPPORTED))
		return;
	sa->mobike.on = true;
	sa->mobike.decides = sa->initiator;
	read_list(sa, x->pl);
}

void mobike_settle(struct ike_sa *sa)
{
	struct mobike *m = &sa->mobike;
	if (!m->on || addr_is_set(&m->home_peer))
		return;
	m->home_local = sa->local;
	m->home_peer = sa->peer;
}

void mobike_inherit(struct ike_sa *heir, const struct ike_sa *old)
{
	struct mobike *m = &heir->mobike;
	*m = old->mobike;
	if (!m->on)
		return;
	heir->natt = old->natt;
	heir->nat_local = old->nat_local;
	heir->nat_peer = old->nat_peer;
	m->has_seen = false; /* the SPIs are part of that */
	m->asked = MOBIKE_OTHER;
	m->asked_elsewhere = m->searching = false;
	m->want_update |= m->unsettled && m->decides;
	m->want_check |= m->unsettled && !m->decides;
}

/* ---- requests of the peer ---- */

void mobike_add_reply(const struct exchange *x, struct msg_writer *mw)
{
	const struct ike_sa *sa = x->sa;
	const struct pl_notify *cookie = payload_notify(x->pl, N_COOKIE2);
	bool detects = payload_notify(x->pl, N_NAT_DETECTION_SOURCE_IP) &&
		       payload_notify(x->pl, N_NAT_DETECTION_DESTINATION_IP);

	if (!sa->mobike.on)
		return;
	if (cookie)
		msg_writer_add_notify(mw, N_COOKIE2, cookie->data);
	if (detects && uses_nat_detection(sa) &&
	    nat_emit(mw, sa->spi_i, sa->spi_r, &x->local, &x->peer, sa->config->nat_force) < 0)
		LOG(ERROR, "nat_detection_failed");
}

static bool is_known(const struct ike_sa *sa, const struct addr *a)
{
	for (uint8_t i = 0; i < sa->mobike.n_peer_addrs; i++)
		if (addr_eq(&sa->mobike.peer_addrs[i], a))
			return true;
	return false;
}

/* 3.6: where the request came from is one more address of the peer, if not the one in use. */
static void take_list(struct ike_sa *sa, const struct exchange *x)
{
	struct mobike *m = &sa->mobike;
	read_list(sa, x->pl);
	bool other = !addr_eq(&x->peer, &m->home_peer);
	if (other && !is_known(sa, &x->peer) && m->n_peer_addrs < LIMIT_MOBIKE_ADDRS &&
	    !is_nowhere(sa->engine, &x->peer))
		m->peer_addrs[m->n_peer_addrs++] = x->peer;
	/* The address in use is the peer's no more, so it says. */
	if (m->decides && sa->state == IKE_ESTABLISHED && other && !m->searching &&
	    !is_known(sa, &m->home_peer)) {
		search(sa);
		set_place(sa, &x->local, &x->peer);
	}
}

static struct ike_sa *heir_of(const struct ike_sa *sa)
{
	return sa->state == IKE_ESTABLISHED ? NULL : rekey_ike_heir(sa);
}

void mobike_take_list(struct exchange *x)
{
	struct ike_sa *heir = heir_of(x->sa);
	if (!x->sa->mobike.on || !has_list(x->pl) || mobike_sees_nat(x))
		return;
	take_list(x->sa, x);
	if (heir) {
		take_list(heir, x);
		informational_next(heir);
	}
}

/* What the peer's update makes of an SA; the check of the new way comes before the children move. */
static void apply_update(struct ike_sa *sa, const struct exchange *x, const struct nat *nat)
{
	struct mobike *m = &sa->mobike;
	bool moved = !addr_eq_port(&x->local, &m->home_local) ||
		     !addr_eq_port(&x->peer, &m->home_peer);
	if (moved && !same_place(sa, &x->local, &x->peer))
		LOG(INFO, "peer_moved", F_STR("remote", ike_sa_remote(sa)),
		    F_ADDR("from", &sa->peer), F_ADDR("to", &x->peer),
		    F_SPI64("ike_spi_i", sa->spi_i), F_SPI64("ike_spi_r", sa->spi_r));
	set_place(sa, &x->local, &x->peer);
	sa->natt = x->natt;
	if (nat->supported) {
		sa->nat_local = nat->local || sa->config->nat_force;
		sa->nat_peer = nat->peer;
	}
	m->unsettled = m->want_check = moved;
	if (!moved)
		arrive(sa);
}

static uint16_t refuse_update(const struct exchange *x)
{
	if (mobike_sees_nat(x))
		return N_UNEXPECTED_NAT_DETECTED;
	return is_nowhere(x->engine, &x->peer) ? N_UNACCEPTABLE_ADDRESSES : 0;
}

enum verdict on_update_request(struct exchange *x)
{
	struct ike_sa *sa = x->sa, *heir = heir_of(sa);
	struct nat nat = { 0 };
	struct msg_writer mw;

	/* Only who began the first IKE SA decides; without MOBIKE the notify says nothing. */
	if (!sa->mobike.on || sa->mobike.decides)
		return on_liveness_request(x);
	uint16_t refused = refuse_update(x);
	exchange_begin_reply(x, &mw);
	if (refused)
		msg_writer_add_notify(&mw, refused, (struct slice){ 0 });
	mobike_add_reply(x, &mw);
	if (exchange_end(x, &mw) < 0)
		return V_DROP;
	if (refused) {
		LOG(WARNING, "update_refused", F_STR("remote", ike_sa_remote(sa)),
		    F_ADDR("peer", &x->peer), F_STR("notify", notify_name(refused)));
		return V_OK;
	}
	if (uses_nat_detection(sa) &&
	    nat_check(x->pl, sa->spi_i, sa->spi_r, &x->local, &x->peer, &nat) < 0)
		return V_DROP;
	mobike_take_list(x);
	apply_update(sa, x, &nat);
	if (heir) {
		apply_update(heir, x, &nat);
		informational_next(heir);
	}
	return V_OK;
}

/* ---- our requests ---- */

/* UPDATE_SA_ADDRESSES with all that is to be said of us, or a check, or the list alone. */
static int send_request(struct ike_sa *sa, enum mobike_asked what)
{
	struct mobike *m = &sa->mobike;
	struct msg_writer mw;
	struct exchange *x = exchange_new(sa->engine, sa, ON_START, NULL);
	if (!x)
		return -ENOMEM;
	int r = rng_public(m->cookie, sizeof(m->cookie)) < 0 ? -EIO : 0;
	exchange_begin_request(x, &mw, EXCHANGE_INFORMATIONAL, window_request_id(&sa->window));
	if (what == MOBIKE_UPDATE)
		msg_writer_add_notify(&mw, N_UPDATE_SA_ADDRESSES, (struct slice){ 0 });
	if (what != MOBIKE_CHECK) {
		if (what == MOBIKE_UPDATE || !uses_nat_detection(sa))
			add_nat(sa, &mw);
		if (add_list(sa, sa->config, &mw) == 0)
			msg_writer_add_notify(&mw, N_NO_ADDITIONAL_ADDRESSES, (struct slice){ 0 });
	}
	if (what != MOBIKE_OTHER)
		msg_writer_add_notify(&mw, N_COOKIE2, cookie_of(m));
	if (r == 0)
		r = exchange_end(x, &mw);
	m->asked = what;
	if (r == 0)
		r = exchange_send_request(x);
	if (r < 0)
		m->asked = MOBIKE_OTHER;
	exchange_free(x);
	return r;
}

bool mobike_next(struct ike_sa *sa)
{
	struct mobike *m = &sa->mobike;
	enum mobike_asked what = m->want_update  ? MOBIKE_UPDATE
				 : m->want_check ? MOBIKE_CHECK
						 : MOBIKE_OTHER;
	if (!m->on || !(m->want_update || m->want_check || m->want_list))
		return false;
	m->want_list &= what == MOBIKE_CHECK;
	m->want_update &= what != MOBIKE_UPDATE;
	m->want_check &= what != MOBIKE_CHECK;
	if (send_request(sa, what) < 0)
		LOG(ERROR, "informational_not_sent", F_ADDR("peer", &sa->peer));
	return window_is_pending(&sa->window);
}

void mobike_add_probe(const struct ike_sa *sa, struct msg_writer *mw)
{
	if (sa->mobike.on && sa->mobike.decides && sa->nat_local && uses_nat_detection(sa))
		add_nat(sa, mw);
}

/* From the second repetition on, the way counts as broken (3.5). */
static bool is_way_broken(const struct ike_sa *sa, int attempt)
{
	return sa->mobike.decides && sa->state == IKE_ESTABLISHED &&
	       (sa->mobike.searching || attempt >= LIMIT_MOBIKE_ATTEMPTS);
}

void mobike_sending(struct ike_sa *sa, int attempt)
{
	struct mobike *m = &sa->mobike;
	if (!m->on)
		return;
	if (attempt > 0 && is_way_broken(sa, attempt)) {
		m->searching = m->unsettled = true;
		next_path(sa);
	}
	if (attempt == 0) {
		m->asked_local = sa->local;
		m->asked_peer = sa->peer;
		m->asked_elsewhere = false;
		/* 3.11: who decides needs time to find a way */
		if (!m->decides && sa->state == IKE_ESTABLISHED && !sa->down_why)
			window_stay(&sa->window, LIMIT_MOBIKE_PATIENCE_MS);
	}
	m->asked_elsewhere |= !same_place(sa, &m->asked_local, &m->asked_peer);
}

/* How the peer sees us: the same as before?  It has just said so over the way in use. */
static bool is_seen_as_before(const struct exchange *x)
{
	struct mobike *m = &x->sa->mobike;
	const struct pl_notify *n = payload_notify(x->pl, N_NAT_DETECTION_DESTINATION_IP);
	if (!n || n->data.len != sizeof(m->seen))
		return true;
	bool same = m->has_seen && memcmp(m->seen, n->data.p, sizeof(m->seen)) == 0;
	memcpy(m->seen, n->data.p, sizeof(m->seen));
	m->has_seen = true;
	return same;
}

/* 4.1: tried again, over another way; not for ever. */
static void on_refused(struct ike_sa *sa, uint16_t notify)
{
	struct mobike *m = &sa->mobike;
	LOG(WARNING, "update_refused_by_peer", F_STR("remote", ike_sa_remote(sa)),
	    F_ADDR("peer", &sa->peer), F_ADDR("local", &sa->local),
	    F_STR("notify", notify_name(notify)));
	if (++m->n_refused >= LIMIT_MOBIKE_REFUSALS) {
		sa->down_why = "update_refused";
		sa->want_delete = true;
		return;
	}
	if (notify == N_UNACCEPTABLE_ADDRESSES)
		next_path(sa);
	m->want_update = true;
}

static void on_updated(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct mobike *m = &sa->mobike;
	struct nat nat = { 0 };

	if (payload_notify(x->pl, N_UNEXPECTED_NAT_DETECTED)) {
		on_refused(sa, N_UNEXPECTED_NAT_DETECTED);
	} else if (payload_notify(x->pl, N_UNACCEPTABLE_ADDRESSES)) {
		on_refused(sa, N_UNACCEPTABLE_ADDRESSES);
	} else if (m->asked_elsewhere) {
		m->want_update = true; /* 3.5: there will be another one */
	} else {
		if (uses_nat_detection(sa) &&
		    nat_check(x->pl, sa->spi_i, sa->spi_r, &x->local, &x->peer, &nat) == 0 &&
		    nat.supported) {
			sa->nat_local = nat.local || sa->config->nat_force;
			sa->nat_peer = nat.peer;
		}
		(void)is_seen_as_before(x);
		arrive(sa);
	}
}

bool mobike_answered(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct mobike *m = &sa->mobike;
	const struct pl_notify *cookie = payload_notify(x->pl, N_COOKIE2);
	enum mobike_asked asked = m->asked;

	m->asked = MOBIKE_OTHER;
	if (!m->on)
		return true;
	if (asked != MOBIKE_OTHER && !(cookie && slice_eq(cookie->data, cookie_of(m))))
		return false;
	if (asked == MOBIKE_UPDATE)
		on_updated(x);
	else if (asked == MOBIKE_CHECK && m->asked_elsewhere)
		m->want_check = true;
	else if (asked == MOBIKE_CHECK)
		arrive(sa);
	else if (m->decides && !is_seen_as_before(x))
		m->want_update = true;
	return true;
}

void mobike_heard(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct mobike *m = &sa->mobike;
	if (!m->on || !m->searching || sa->state != IKE_ESTABLISHED)
		return;
	/* It is late, and came to an address that is gone. */
	if (sa->engine->n_addresses && !engine_has_address(sa->engine, &x->local)) {
		next_path(sa);
		m->want_update = true;
		return;
	}
	m->searching = false;
	set_place(sa, &x->local, &x->peer);
	bool home = addr_eq_port(&x->local, &m->home_local) &&
		    addr_eq_port(&x->peer, &m->home_peer);
	if (home && !m->want_update)
		m->unsettled = false;
	else
		m->want_update = true;
}

/* ---- the machine's addresses ---- */

/* 3.5: the address that we send from is gone: another one will do, and the peer is told. */
static void look_around_responder(struct ike_sa *sa)
{
	struct mobike *m = &sa->mobike;
	struct path p;
	m->want_list = true;
	if (engine_has_address(sa->engine, &sa->local) || !find_path(sa, &sa->peer, &p))
		return;
	p.peer = sa->peer;
	set_place(sa, &p.local, &p.peer);
	if (!m->unsettled)
		arrive(sa);
	if (window_is_pending(&sa->window))
		window_again(&sa->window);
}

static bool is_home_best(const struct ike_sa *sa)
{
	struct path paths[PATHS_MAX];
	return find_paths(sa, paths) > 0 && addr_eq(&paths[0].peer, &sa->mobike.home_peer) &&
	       addr_eq(&paths[0].local, &sa->mobike.home_local);
}

static void look_around(struct ike_sa *sa)
{
	struct mobike *m = &sa->mobike;
	if (!m->decides)
		look_around_responder(sa);
	else if (m->searching || !is_home_best(sa))
		search(sa);
	else
		m->want_list = true;
	informational_next(sa);
}

void mobike_look_around(struct engine *e)
{
	struct ike_sa *sa;
	LIST_EACH(sa, &e->sas, node)
		if (sa->mobike.on && sa->state == IKE_ESTABLISHED && !sa->want_delete)
			look_around(sa);
}
