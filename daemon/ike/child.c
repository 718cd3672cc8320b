/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The child part of IKE_AUTH and CREATE_CHILD_SA, RFC 7296 1.2, 1.3.1, 2.7, 2.9, 2.17, 2.23.1.
 *
 * Initiator: TSi is ours, TSr the peer's; the packet that asked for the child stands first in
 * both.  Responder: the first entry whose selectors and mode fit narrows them.  Transport mode
 * behind a NAT works on the addresses that this side sees.
 */
#include "ike/child.h"

#include "ike/carry.h"
#include "ike/compress.h"
#include "ike/config_payload.h"
#include "ike/create.h"
#include "ike/duplicate.h"
#include "ike/engine_int.h"
#include "ike/narrow.h"
#include "policy/pool.h"
#include "policy/reqid.h"

#include <errno.h>
#include <string.h>

enum { SELECTORS_MAX = 32 };

/* ---- selectors ---- */

static void add_ts(struct msg_writer *mw, uint8_t type, const struct ts_list *l)
{
	struct pl_selector s[POLICY_TS_MAX];
	for (uint8_t i = 0; i < l->n; i++) {
		const struct ts *ts = &l->ts[i];
		bool v4 = addr_len(&ts->first) == 4;
		s[i] = (struct pl_selector){ .type = v4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE,
					     .proto = ts->proto,
					     .port_lo = ts->port_lo,
					     .port_hi = ts->port_hi,
					     .first = addr_slice(&ts->first),
					     .last = addr_slice(&ts->last) };
	}
	msg_writer_add_ts(mw, type, &(struct pl_ts){ .n = l->n, .selectors = s });
}

/* One side of what is wished for. */
struct side {
	const struct ts_list *config;
	const struct addr *host;          /* of the IKE SA */
	const struct ts *policy, *packet; /* NULL: there is none */
	bool single;                      /* the packet's address only */
};

/* An answer to an ICMP message has another type: where all of them are wanted, none is chosen. */
static struct ts first_choice(const struct ts *packet, const struct ts_list *want)
{
	struct ts ts = { 0 }, open;
	if (!packet)
		return ts;
	ts = open = *packet;
	open.port_lo = 0;
	open.port_hi = UINT16_MAX;
	return ts_has_types(&ts) && ts_in_list(&open, want) ? open : ts;
}

/* RFC 7296 2.9: the packet's own selector first, if it lies in what we want. */
static void wish_list(const struct side *s, struct ts_list *ret)
{
	struct ts_list want = *s->config;
	if (want.n == 0) {
		want.n = 1;
		if (s->policy)
			want.ts[0] = *s->policy;
		else
			ts_of_addr(s->host, &want.ts[0]);
	}
	struct ts packet = first_choice(s->packet, &want);
	bool has_packet = s->packet && ts_in_list(&packet, &want);
	if (has_packet && s->single)
		narrow_to_address(&want, &packet.first, &want);
	*ret = (struct ts_list){ 0 };
	if (has_packet && want.n < POLICY_TS_MAX)
		ret->ts[ret->n++] = packet;
	for (uint8_t i = 0; i < want.n; i++)
		if (ret->n == 0 || !ts_eq(&ret->ts[0], &want.ts[i]))
			ret->ts[ret->n++] = want.ts[i];
}

static void texts(struct reason *r, const struct ts_list *our_local, const struct ts_list *our_peer,
		  const struct ts_list *their_local, const struct ts_list *their_peer)
{
	char a[TS_LIST_TEXT_MAX_BYTES], b[TS_LIST_TEXT_MAX_BYTES];
	reason_ours(r, "%.110s === %.110s", our_local->n ? ts_list_text(our_local, a) : "any",
		    our_peer->n ? ts_list_text(our_peer, b) : "any");
	reason_theirs(r, "%.110s === %.110s", ts_list_text(their_local, a),
		      ts_list_text(their_peer, b));
}

/* ---- modes ---- */

/* How each is asked for and agreed to: a tunnel needs no word (1.3.1). */
static const uint16_t mode_notifies[CHILD_MODES_N] = {
	[CHILD_TRANSPORT] = N_USE_TRANSPORT_MODE,
	[CHILD_BEET] = N_USE_BEET_MODE,
};

static void add_mode(struct msg_writer *mw, enum child_mode mode)
{
	if (mode_notifies[mode])
		msg_writer_add_notify(mw, mode_notifies[mode], (struct slice){ 0 });
}

static enum child_mode read_mode(const struct exchange *x)
{
	for (int mode = CHILD_TRANSPORT; mode < CHILD_MODES_N; mode++)
		if (payload_notify(x->pl, mode_notifies[mode]))
			return (enum child_mode)mode;
	return CHILD_TUNNEL;
}

static void mode_mismatch(struct reason *why, enum child_mode ours, enum child_mode theirs)
{
	reason_set(why, REASON_MODE_MISMATCH, "mode");
	reason_ours(why, "%s", child_mode_name(ours));
	reason_theirs(why, "%s", child_mode_name(theirs));
}

/* ---- initiator: the request ---- */

void child_wish_selectors(const struct ike_sa *sa, struct child_ask *ask)
{
	const struct wish *w = &ask->wish;
	const struct side local = { .config = &w->child->local_ts,
				    .host = &sa->local,
				    .policy = w->has_policy ? &w->policy_local : NULL,
				    .packet = w->has_packet ? &w->packet_local : NULL,
				    .single = w->single || w->child->single_pair };
	const struct side peer = { .config = &w->child->peer_ts,
				   .host = &sa->peer,
				   .policy = w->has_policy ? &w->policy_peer : NULL,
				   .packet = w->has_packet ? &w->packet_peer : NULL,
				   .single = local.single };
	const struct child_sa *before = w->follows ? child_sa_find_in(sa->engine, w->follows)
						   : NULL;
	if (before) {
		/* 2.9.2 holds for what is made anew, too. */
		ask->tsi = before->local_ts;
		ask->tsr = before->peer_ts;
		ask->mode = before->mode;
		return;
	}
	wish_list(&local, &ask->tsi);
	wish_list(&peer, &ask->tsr);
	ask->mode = w->child->mode;
	if (child_config_is_client(w->child))
		config_wish(sa, w->child, &ask->tsi, &ask->tsr);
	if (w->child->peer_inner)
		config_wish_peer(sa, &ask->tsr);
}

/* What CREATE_CHILD_SA has and IKE_AUTH has not: a nonce, and maybe a key exchange. */
static void add_exchange(const struct exchange *x, struct msg_writer *mw)
{
	if (x->work.nonce_len)
		msg_writer_add_nonce(mw, slice_of(x->work.nonce, x->work.nonce_len));
	if (x->work.ke)
		msg_writer_add_ke(mw, ke_group(x->work.ke), ke_public(x->work.ke));
}

int child_add_request(struct exchange *x, struct msg_writer *mw)
{
	struct child_ask *ask = x->work.ask;
	uint8_t spi[4];
	struct wr w = wr_of(spi, sizeof(spi));
	uint16_t group = x->work.ke ? ke_group(x->work.ke) : KE_NONE;

	int r = engine_new_esp_spi(x->engine, &ask->spi);
	if (r < 0)
		return r;
	wr_u32(&w, ask->spi);
	proposal_offers_child(ask->wish.child, &group, group != KE_NONE, &ask->offers);
	add_mode(mw, ask->mode);
	r = compress_offer(x, mw);
	if (r < 0)
		return r;
	proposal_emit(mw, &ask->offers, slice_of(spi, sizeof(spi)));
	add_exchange(x, mw);
	add_ts(mw, PL_TSI, &ask->tsi);
	add_ts(mw, PL_TSR, &ask->tsr);
	return 0;
}

/* ---- both: into the kernel ---- */

static uint32_t spi_of(struct slice spi)
{
	struct rd r = rd_of_slice(spi);
	return rd_u32(&r);
}

/* Among the children that are there: 0, or negative with x->reason. */
static int take_place(struct child_sa *c, struct exchange *x)
{
	const struct id *peer = x->work.peer_id.type != ID_NONE ? &x->work.peer_id
								: &x->sa->peer_id;
	if (!carry_check(c, peer, &x->reason))
		return -EADDRINUSE;
	struct child_sa *before = carry_find_same(c, peer);
	c->follows = before && !payload_notify(x->pl, N_INITIAL_CONTACT) ? before->spi_in : 0;
	int r = carry_choose_reqid(c, &c->reqid);
	if (r < 0) {
		reason_set(&x->reason, REASON_OVERLOAD, "child");
		reason_hint(&x->reason,
			    "%d children of this sainfo are narrowed to different traffic",
			    POLICY_REQID_VARIANTS - 1);
	}
	return r;
}

/* 0, or negative with the reason why this child cannot be in x->reason. */
static int fill(struct child_sa *c, struct exchange *x, const struct addr *local,
		const struct addr *peer, const struct chosen *chosen)
{
	const struct ike_sa *sa = x->sa;
	const struct child_sa *old = x->work.old;
	c->spi_out = spi_of(chosen->spi);
	c->algorithms = chosen->proposal;
	c->esn = chosen_id(chosen, TRANSFORM_ESN) == ESN_YES;
	c->local = *local;
	c->peer = *peer;
	c->no_tfc = payload_notify(x->pl, N_ESP_TFC_PADDING_NOT_SUPPORTED);
	/* 2.23: encapsulation if there is a NAT, not because port 4500 is in use */
	c->encap = sa->nat_local || sa->nat_peer;
	c->reqid = c->config->reqid;
	if (!c->config->install_policy && x->work.ask && x->work.ask->wish.reqid)
		c->reqid = x->work.ask->wish.reqid;
	c->replaces = x->work.replaces;
	nonce_min_set(&c->nonce_min, x->work.nonce_i, x->work.nonce_r);
	if (old) {
		c->reqid = old->reqid;
		return 0;
	}
	return take_place(c, x);
}

/* Computes the keys and asks the kernel. */
static enum verdict install(struct exchange *x, resume_fn fn)
{
	const struct ike_keys *keys = x->sa->keys;
	bool initiator = x->trigger == ON_RESPONSE;
	struct child_sa *c = x->work.child;
	struct secret keymat = { 0 };
	struct kernel_child kc;
	struct err err = { 0 };
	enum verdict v;

	int r = keymat_child(keys->km.prf, secret_slice(&keys->km.d), secret_slice(&x->work.shared),
			     x->work.nonce_i, x->work.nonce_r,
			     child_sa_keymat_bytes(&c->algorithms), &keymat);
	if (r == 0)
		r = child_sa_kernel(c, secret_slice(&keymat), initiator, &kc, &err);
	if (r == 0 && !initiator && (c->replaces || c->follows))
		r = child_sa_defer_out(c, &kc);
	if (r == 0)
		v = exchange_install(x, &kc, fn);
	else
		v = fn(x, r, slice_of(err.text, strlen(err.text)));
	secret_wipe(&kc, sizeof(kc));
	secret_done(&keymat);
	return v;
}

static void kernel_refused(struct exchange *x, int result, struct slice text)
{
	/* Nobody knows what an overdue request does: it is undone then. */
	if (result != -ETIMEDOUT)
		x->work.child->in_kernel = false;
	reason_set(&x->reason, REASON_KERNEL, "child");
	if (text.len)
		reason_hint(&x->reason, "%.*s", (int)text.len, (const char *)text.p);
	else
		reason_hint(&x->reason, "%s", strerror(-result));
}

/* ---- responder ---- */

/* A request's selectors in both readings of transport mode (2.23.1). */
struct asked {
	struct ts i[SELECTORS_MAX], r[SELECTORS_MAX];
	size_t n_i, n_r;
	enum child_mode mode;
};

static void read_asked(const struct exchange *x, struct asked *a)
{
	a->n_i = narrow_from_payload(&x->pl->tsi, a->i, SELECTORS_MAX);
	a->n_r = narrow_from_payload(&x->pl->tsr, a->r, SELECTORS_MAX);
	a->mode = read_mode(x);
}

static void first_few(const struct ts *ts, size_t n, struct ts_list *ret)
{
	ret->n = (uint8_t)(n < POLICY_TS_MAX ? n : POLICY_TS_MAX);
	memcpy(ret->ts, ts, ret->n * sizeof(*ts));
}

static void substitute(struct ts *ts, size_t n, const struct addr *addr)
{
	for (size_t i = 0; i < n; i++) {
		ts[i].first = ts[i].last = *addr;
		ts[i].first.port = ts[i].last.port = 0;
	}
}

static void or_host(const struct ts_list *l, const struct addr *host, bool transport,
		    struct ts_list *ret)
{
	*ret = *l;
	if (l->n || !transport)
		return;
	ret->n = 1;
	ts_of_addr(host, &ret->ts[0]);
}

/* What was found to fit a request. */
struct fit {
	const struct child_config *config;
	struct ts_list local_ts, peer_ts;
	bool more; /* something else that was asked for would have been acceptable too */
	int points;
};

/* 2.9: each pair of addresses gets a child of its own, so the packet's must be known. */
static bool to_single_pair(const struct child_config *c, const struct asked *a,
			   struct ts_list *local, struct ts_list *peer, struct reason *why)
{
	if (!c->single_pair)
		return true;
	if (a->n_i == 0 || a->n_r == 0 || !addr_eq(&a->i[0].first, &a->i[0].last) ||
	    !addr_eq(&a->r[0].first, &a->r[0].last)) {
		reason_set(why, REASON_SINGLE_PAIR, "TSi,TSr");
		return false;
	}
	narrow_to_address(local, &a->r[0].first, local);
	narrow_to_address(peer, &a->i[0].first, peer);
	return true;
}

/* 2.9.2: what a child carries it carries after rekeying too. */
static bool carries_all(const struct exchange *x, const struct ts_list *local,
			const struct ts_list *peer)
{
	const struct child_sa *old = x->work.old;
	return !old ||
	       (ts_list_covers(local, &old->local_ts) && ts_list_covers(peer, &old->peer_ts));
}

static void selector_mismatch(struct reason *why, const char *what, const struct asked *a,
			      const struct ts_list *local, const struct ts_list *peer)
{
	struct ts_list their_l, their_p;
	first_few(a->r, a->n_r, &their_l);
	first_few(a->i, a->n_i, &their_p);
	reason_set(why, REASON_SELECTOR_MISMATCH, what);
	texts(why, local, peer, &their_l, &their_p);
}

/* 2.9: what they would choose first, if it is allowed, is in what is agreed on. */
static bool has_first_choice(const struct fit *f, const struct asked *a)
{
	return a->n_i > 0 && a->n_r > 0 && ts_in_list(&a->i[0], &f->peer_ts) &&
	       ts_in_list(&a->r[0], &f->local_ts);
}

/* Tries one entry; false if its selectors or its mode do not fit. */
static bool try_config(const struct exchange *x, const struct child_config *c,
		       const struct asked *a, struct fit *ret, struct reason *why)
{
	struct ts_list local, peer;
	bool transport = c->mode == CHILD_TRANSPORT, more_l, more_p;
	struct fit f = { .config = c };

	or_host(&c->local_ts, &x->local, transport, &local);
	or_host(&c->peer_ts, &x->peer, transport, &peer);
	bool has_address = config_peer_list(x, c, &peer);
	if (!to_single_pair(c, a, &local, &peer, why))
		return false;
	int rl = narrow(a->r, a->n_r, &local, &f.local_ts, &more_l);
	int rp = narrow(a->i, a->n_i, &peer, &f.peer_ts, &more_p);
	if (rl == 0 && !has_address) {
		reason_set(why, REASON_ADDRESS_REQUIRED, "CP");
		return false;
	}
	if (rl < 0 || rp < 0) {
		selector_mismatch(why,
				  rl < 0 && rp < 0 ? "TSi,TSr"
				  : rl < 0         ? "TSr"
						   : "TSi",
				  a, &local, &peer);
		return false;
	}
	if (!ts_lists_make_packets(&f.local_ts, &f.peer_ts)) {
		selector_mismatch(why, "TSi,TSr", a, &local, &peer);
		reason_hint(why, "no packet is of both: families or protocols differ");
		return false;
	}
	if (!carries_all(x, &f.local_ts, &f.peer_ts)) {
		selector_mismatch(why, "TSi,TSr", a, &x->work.old->local_ts, &x->work.old->peer_ts);
		reason_hint(why, "what is rekeyed carries more");
		return false;
	}
	f.more = more_l || more_p || c->single_pair;
	if (c->mode != a->mode || (transport && (!narrow_is_host(&f.local_ts, &x->local) ||
						 !narrow_is_host(&f.peer_ts, &x->peer)))) {
		mode_mismatch(why, c->mode, a->mode);
		return false;
	}
	f.points = 1 + ts_list_same(&f.local_ts, &c->local_ts) +
		   ts_list_same(&f.peer_ts, &c->peer_ts) + 4 * has_first_choice(&f, a);
	*ret = f;
	return true;
}

/* A mismatch that tells more than one of selectors. */
static bool is_telling(enum reason_code code)
{
	return code == REASON_MODE_MISMATCH || code == REASON_ADDRESS_REQUIRED;
}

/* The entry that fits best. */
static bool find_config(struct exchange *x, const struct asked *a, struct fit *best)
{
	const struct child_config *c;
	struct fit f;
	bool more = false;
	struct reason why, closest = { 0 };

	*best = (struct fit){ 0 };
	reason_set(&closest, REASON_SELECTOR_MISMATCH, "sainfo");
	LIST_EACH(c, &x->work.config->children, node) {
		if (x->work.old && c != x->work.old->config)
			continue;
		if (try_config(x, c, a, &f, &why)) {
			more |= best->points > 0;
			if (f.points > best->points)
				*best = f;
		} else if (!is_telling(closest.code)) {
			closest = why;
		}
	}
	if (best->points == 0)
		x->reason = closest;
	/* 2.9: selectors of other entries are possible in an SA of their own. */
	best->more |= more;
	return best->points > 0;
}

/*
 * 2.23.1: in transport mode the selectors are read with the addresses that we see.  A tunnel
 * is what remains if no entry wants transport mode: then they mean what they say.
 */
static bool find_fit(struct exchange *x, struct fit *ret)
{
	struct asked a, seen;
	read_asked(x, &a);
	if (a.mode != CHILD_TUNNEL) {
		bool transport = a.mode == CHILD_TRANSPORT;
		seen = a;
		if (transport && x->sa->nat_peer)
			substitute(seen.i, seen.n_i, &x->peer);
		if (transport && x->sa->nat_local)
			substitute(seen.r, seen.n_r, &x->local);
		if (find_config(x, &seen, ret))
			return true;
		/* the peer may live with a tunnel, and undoes it if not (1.3.1) */
		a.mode = CHILD_TUNNEL;
		struct reason first = x->reason;
		if (find_config(x, &a, ret)) {
			reason_set(&x->reason, REASON_NONE, NULL);
			return true;
		}
		x->reason = first;
		return false;
	}
	return find_config(x, &a, ret);
}

enum verdict child_refuse(struct exchange *x, uint16_t notify)
{
	child_sa_free(TAKE(x->work.child));
	x->work.child_notify = notify;
	return x->work.after_child(x);
}

static enum verdict on_installed(struct exchange *x, int result, struct slice text);

static enum verdict try_spi(struct exchange *x)
{
	uint32_t spi;
	int r = engine_new_esp_spi(x->engine, &spi);
	if (r == 0)
		r = child_sa_change_spi(x->work.child, spi);
	if (r == 0)
		r = compress_answer(x);
	x->work.child_tries++;
	return r < 0 ? on_installed(x, r, (struct slice){ 0 }) : install(x, on_installed);
}

static enum verdict on_installed(struct exchange *x, int result, struct slice text)
{
	if (result == 0)
		return x->work.after_child(x);
	x->work.child->in_kernel = result == -ETIMEDOUT && x->work.child->in_kernel;
	if (result == -EEXIST && x->work.child_tries < LIMIT_ESP_SPI_TRIES)
		return try_spi(x);
	kernel_refused(x, result, text);
	if (result == -E2BIG || result == -ERANGE)
		return child_refuse(x, N_TS_UNACCEPTABLE);
	return child_refuse(x, x->work.nonce_len ? N_TEMPORARY_FAILURE : N_NO_ADDITIONAL_SAS);
}

/* RFC 3948, RFC 4302 3.3.3.1: AH covers the addresses, and there is no AH in UDP. */
static bool passes_nat(struct exchange *x, const struct chosen *chosen)
{
	if (chosen->proposal.protocol != PROPOSAL_AH || !(x->sa->nat_local || x->sa->nat_peer))
		return true;
	reason_set(&x->reason, REASON_NO_COMMON_PROPOSAL, "protocol");
	reason_hint(&x->reason, "AH does not pass the NAT that was found: use protocol esp");
	return false;
}

/* What NAT hid: the address that the peer put into its selectors (RFC 3948 3.1.2). */
static void note_original(const struct exchange *x, struct child_sa *c)
{
	struct ts ts;
	if (c->mode == CHILD_TRANSPORT && x->sa->nat_peer &&
	    narrow_from_payload(&x->pl->tsi, &ts, 1) == 1)
		c->original_peer = ts.first;
}

/*
 * In CREATE_CHILD_SA: with our group, if perfect forward secrecy is configured; without, the peer may
 * still have it, with the group of the IKE SA.
 */
static void offers_of(const struct exchange *x, const struct child_config *config,
		      struct offers *ret)
{
	const uint16_t lax[] = { chosen_id(&x->sa->algorithms, TRANSFORM_KE), KE_NONE };
	if (x->work.nonce_len == 0)
		proposal_offers_esp(config, ret);
	else if (config->pfs_group != KE_NONE)
		proposal_offers_child(config, &config->pfs_group, 1, ret);
	else
		proposal_offers_child(config, lax, N_ELEMENTS(lax), ret);
}

/* The key exchange that the proposal asks for, if any; 0 or the notify that answers (1.3.1). */
static uint16_t answer_ke(struct exchange *x, const struct chosen *chosen)
{
	uint16_t group = chosen_id(chosen, TRANSFORM_KE);
	struct wr w = wr_of(x->notify_data, sizeof(x->notify_data));
	if (x->work.nonce_len == 0 || group == KE_NONE)
		return 0;
	if (!payload_has(x->pl, PL_KE) || x->pl->ke.group != group) {
		wr_u16(&w, group);
		x->notify_len = 2;
		return N_INVALID_KE_PAYLOAD;
	}
	if (ke_new(group, &x->work.ke) < 0) {
		reason_set(&x->reason, REASON_INTERNAL, "KE");
		return N_TEMPORARY_FAILURE;
	}
	if (ke_derive(x->work.ke, x->pl->ke.data, &x->work.shared) < 0) {
		reason_set(&x->reason, REASON_INVALID_KE, "KE");
		return N_INVALID_SYNTAX;
	}
	return 0;
}

static uint16_t notify_of_misfit(const struct exchange *x)
{
	if (x->reason.code == REASON_MODE_MISMATCH)
		return N_NO_PROPOSAL_CHOSEN;
	if (x->reason.code == REASON_SINGLE_PAIR)
		return N_SINGLE_PAIR_REQUIRED;
	/* 2.19, 3.15.4 */
	if (x->reason.code == REASON_ADDRESS_REQUIRED)
		return config_was_asked(x) ? N_INTERNAL_ADDRESS_FAILURE : N_FAILED_CP_REQUIRED;
	return N_TS_UNACCEPTABLE;
}

enum verdict child_answer(struct exchange *x)
{
	struct offers ours;
	struct chosen chosen;
	struct fit fit;
	uint32_t spi;
	uint16_t notify;

	if (!find_fit(x, &fit))
		return child_refuse(x, notify_of_misfit(x));
	offers_of(x, fit.config, &ours);
	if (proposal_choose(&ours, &x->pl->sa, payload_has(x->pl, PL_KE) ? x->pl->ke.group : 0,
			    x->work.nonce_len == 0, &chosen, &x->reason) < 0 ||
	    !passes_nat(x, &chosen))
		return child_refuse(x, N_NO_PROPOSAL_CHOSEN);
	if (spi_of(chosen.spi) < LIMIT_ESP_SPI_MIN) {
		reason_set(&x->reason, REASON_MALFORMED, "SPI");
		return child_refuse(x, N_NO_PROPOSAL_CHOSEN);
	}
	notify = answer_ke(x, &chosen);
	if (notify)
		return child_refuse(x, notify);
	if (engine_new_esp_spi(x->engine, &spi) < 0 ||
	    child_sa_new(x->sa, fit.config, spi, &x->work.child) < 0) {
		reason_set(&x->reason, REASON_INTERNAL, "child");
		return child_refuse(x, N_NO_ADDITIONAL_SAS);
	}
	struct child_sa *c = x->work.child;
	c->mode = fit.config->mode;
	c->local_ts = fit.local_ts;
	c->peer_ts = fit.peer_ts;
	c->more_possible = fit.more;
	if (fill(c, x, &x->local, &x->peer, &chosen) < 0)
		return child_refuse(x, x->reason.code == REASON_OVERLOAD ? N_NO_ADDITIONAL_SAS
									 : N_TS_UNACCEPTABLE);
	note_original(x, c);
	if (compress_answer(x) < 0) {
		reason_set(&x->reason, REASON_INTERNAL, "CPI");
		return child_refuse(x, N_NO_ADDITIONAL_SAS);
	}
	x->work.chosen = chosen;
	x->work.child_tries = 1;
	return install(x, on_installed);
}

void child_add_response(const struct exchange *x, struct msg_writer *mw)
{
	const struct child_sa *c = x->work.child;
	uint8_t spi[4];
	struct wr w = wr_of(spi, sizeof(spi));

	if (!c) {
		msg_writer_add_notify(mw, x->work.child_notify,
				      slice_of(x->notify_data, x->notify_len));
		return;
	}
	wr_u32(&w, c->spi_in);
	add_mode(mw, c->mode);
	compress_add_response(x, mw);
	proposal_emit_chosen(mw, &x->work.chosen, slice_of(spi, sizeof(spi)));
	add_exchange(x, mw);
	add_ts(mw, PL_TSI, &c->peer_ts);
	add_ts(mw, PL_TSR, &c->local_ts);
	if (c->more_possible)
		msg_writer_add_notify(mw, N_ADDITIONAL_TS_POSSIBLE, (struct slice){ 0 });
}

/* ---- initiator: the response ---- */

enum verdict child_orphan(struct exchange *x)
{
	struct child_sa *c = TAKE(x->work.child);
	child_sa_free(c);
	x->work.orphan_spi = x->work.ask->spi;
	return x->work.after_child(x);
}

enum verdict child_refused(struct exchange *x)
{
	const struct child_ask *ask = x->work.ask;
	uint16_t type = 0;
	char text[REASON_FIELD_MAX_BYTES];
	const struct ts_list none = { 0 };

	for (size_t i = x->pl->n_notifies; i-- > 0;)
		if (notify_is_error(x->pl->notifies[i].type))
			type = x->pl->notifies[i].type;
	reason_set(&x->reason, REASON_PEER_REFUSED, type ? notify_name(type) : "child");
	if (type == N_NO_PROPOSAL_CHOSEN)
		reason_ours(&x->reason, "%s", proposal_offers_text(&ask->offers, text));
	x->work.asks_single = type == N_SINGLE_PAIR_REQUIRED && ask->wish.has_packet &&
			      !ask->wish.single;
	if (type == N_TS_UNACCEPTABLE || type == N_SINGLE_PAIR_REQUIRED) {
		texts(&x->reason, &ask->tsi, &ask->tsr, &none, &none);
		x->reason.theirs[0] = 0;
	}
	return x->work.after_child(x);
}

static enum verdict on_accepted(struct exchange *x, int result, struct slice text)
{
	/* The kernel waits for an SA of the trap: what is narrowed has another reqid, and more may come. */
	if (result == 0 && x->work.child->reqid != x->work.ask->wish.reqid)
		initiate_drop_acquire(x->engine, &x->work.ask->wish);
	if (result == 0)
		return x->work.after_child(x);
	kernel_refused(x, result, text);
	return child_orphan(x);
}

static bool read_list(const struct pl_ts *pl, struct ts_list *ret)
{
	struct ts ts[SELECTORS_MAX];
	size_t n = narrow_from_payload(pl, ts, SELECTORS_MAX);
	*ret = (struct ts_list){ 0 };
	for (size_t i = 0; i < n; i++)
		if (narrow_add(ret, &ts[i]) < 0)
			return false;
	return n == pl->n;
}

/* What the peer lets us send from may be more than the address that it gave us. */
static bool keep_inner(const struct exchange *x, struct ts_list *local)
{
	return !child_config_is_client(x->work.ask->wish.child) || config_narrow_local(x, local);
}

/* The selectors of the response, as we see addresses; false if they are not what we offered. */
static bool take_selectors(struct exchange *x, bool transport, struct ts_list *local,
			   struct ts_list *peer)
{
	const struct ike_sa *sa = x->sa;
	const struct child_ask *ask = x->work.ask;
	bool read = read_list(&x->pl->tsi, local);
	read = read_list(&x->pl->tsr, peer) && read;

	if (transport && sa->nat_local)
		narrow_substitute(local, &sa->local);
	if (transport && sa->nat_peer)
		narrow_substitute(peer, &sa->peer);
	if (read && narrow_is_within(local, &ask->tsi) && narrow_is_within(peer, &ask->tsr) &&
	    carries_all(x, local, peer) && keep_inner(x, local))
		return true;
	reason_set(&x->reason, REASON_SELECTOR_MISMATCH, "TSi,TSr");
	texts(&x->reason, &ask->tsi, &ask->tsr, local, peer);
	return false;
}

static bool take_mode(struct exchange *x, enum child_mode *ret)
{
	*ret = read_mode(x);
	if (*ret == x->work.ask->mode)
		return true;
	mode_mismatch(&x->reason, x->work.ask->mode, *ret);
	return false;
}

enum verdict child_accept(struct exchange *x)
{
	const struct ike_sa *sa = x->sa;
	const struct child_ask *ask = x->work.ask;
	struct ts_list local, peer;
	struct chosen chosen;
	enum child_mode mode;

	if (!payload_has(x->pl, PL_SA))
		return child_refused(x);
	if (!take_mode(x, &mode) || !take_selectors(x, mode == CHILD_TRANSPORT, &local, &peer) ||
	    proposal_check(&ask->offers, &x->pl->sa, &chosen, &x->reason) < 0 ||
	    !passes_nat(x, &chosen))
		return child_orphan(x);
	if (spi_of(chosen.spi) < LIMIT_ESP_SPI_MIN) {
		reason_set(&x->reason, REASON_MALFORMED, "SPI");
		return child_orphan(x);
	}
	if (child_sa_new(x->sa, ask->wish.child, ask->spi, &x->work.child) < 0) {
		reason_set(&x->reason, REASON_INTERNAL, "child");
		return child_orphan(x);
	}
	struct child_sa *c = x->work.child;
	c->mode = mode;
	c->local_ts = local;
	c->peer_ts = peer;
	c->ours = true;
	c->more_possible = payload_notify(x->pl, N_ADDITIONAL_TS_POSSIBLE) != NULL;
	if (fill(c, x, &sa->local, &sa->peer, &chosen) < 0)
		return child_orphan(x);
	if (x->work.old)
		c->original_peer = x->work.old->original_peer;
	if (compress_accept(x) < 0 || (sa->create && create_is_redundant(sa->create, c)))
		return child_orphan(x);
	if (duplicate_gives_way(sa, &x->work.peer_id, c)) {
		x->sa->handover.gave_way = true;
		return child_orphan(x);
	}
	return install(x, on_accepted);
}
