/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE_SA_INIT, both roles, RFC 7296 1.2, 2.6, 2.7, 2.23:
 *
 *	initiator                               responder
 *	[N(COOKIE)], SAi1, KEi, Ni, N(NAT..) -->
 *	                                    <-- N(COOKIE): the same again, cookie first
 *	                                    <-- N(INVALID_KE_PAYLOAD): again, other group
 *	                                    <-- SAr1, KEr, Nr, N(NAT..)
 *
 * The responder keeps nothing until a request is acceptable (and, under load, has brought
 * a cookie).  Nothing here is authentic, so the initiator gives up only when its tries are
 * used up; what it was told meanwhile becomes the reason (2.21.1).  Once a response is
 * good, the keeper signs our AUTH and IKE_AUTH is sent (auth.c builds it).
 */
#include "base/log.h"
#include "crypto/rng.h"
#include "ike/auth.h"
#include "ike/cookie.h"
#include "ike/duplicate.h"
#include "ike/engine_int.h"
#include "ike/exchange.h"
#include "ike/rules.h"

#include <errno.h>
#include <string.h>

enum { HURRIED_TRIES = 2 };

/* ---- initiator: the request ---- */

static struct slice nonce_i(const struct handshake *h)
{
	return slice_of(h->nonce_i, h->nonce_i_len);
}

static int build_request(struct exchange *x)
{
	const struct ike_sa *sa = x->sa;
	struct handshake *h = sa->handshake;
	struct msg_writer mw;

	exchange_begin_request(x, &mw, EXCHANGE_IKE_SA_INIT, 0);
	/* 2.6: the cookie must be the first payload */
	if (h->cookie_len)
		msg_writer_add_notify(&mw, N_COOKIE, slice_of(h->cookie, h->cookie_len));
	proposal_emit(&mw, &h->offers, (struct slice){ 0 });
	msg_writer_add_ke(&mw, h->group, ke_public(h->ke));
	msg_writer_add_nonce(&mw, nonce_i(h));
	if (sa->config->nat_traversal &&
	    nat_emit(&mw, sa->spi_i, 0, &sa->local, &sa->peer, sa->config->nat_force) < 0)
		return -EIO;
	if (sa->config->fragments != FRAGMENTS_OFF)
		msg_writer_add_notify(&mw, N_IKEV2_FRAGMENTATION_SUPPORTED, (struct slice){ 0 });
	int r = exchange_end(x, &mw);
	/* 2.15: AUTH covers the message as it is sent */
	return r < 0 ? r : bytes_copy(&h->request, x->out);
}

static enum verdict cannot_start(struct exchange *x, const char *what, int r)
{
	reason_set(&x->reason, REASON_INTERNAL, what);
	reason_hint(&x->reason, "%s", strerror(-r));
	return V_DELETE;
}

enum verdict on_init_start(struct exchange *x)
{
	struct handshake *h = x->sa->handshake;

	proposal_offers_ike(x->sa->config, &h->offers);
	h->group = proposal_first_group(&h->offers);
	int r = ke_new(h->group, &h->ke);
	if (r < 0)
		return cannot_start(x, "KE", r);
	h->nonce_i_len = x->sa->config->nonce_bytes;
	r = rng_public(h->nonce_i, h->nonce_i_len);
	if (r == 0)
		r = build_request(x);
	return r < 0 ? cannot_start(x, "IKE_SA_INIT", r) : V_OK;
}

/* ---- initiator: answers that are not it yet ---- */

static bool may_retry(const struct handshake *h)
{
	return h->n_retries < LIMIT_INIT_RETRIES;
}

enum verdict on_init_cookie(struct exchange *x)
{
	struct handshake *h = x->sa->handshake;
	const struct pl_notify *n = payload_notify(x->pl, N_COOKIE);

	if (!may_retry(h) || n->data.len == 0 || n->data.len > sizeof(h->cookie))
		return V_DROP;
	memcpy(h->cookie, n->data.p, n->data.len);
	h->cookie_len = n->data.len;
	if (build_request(x) < 0)
		return V_DROP;
	h->n_retries++;
	x->again = true;
	return V_OK;
}

enum verdict on_init_invalid_ke(struct exchange *x)
{
	struct handshake *h = x->sa->handshake;
	struct rd r = rd_of_slice(payload_notify(x->pl, N_INVALID_KE_PAYLOAD)->data);
	uint16_t group = rd_u16(&r);
	struct ke *ke;

	/* 2.7: it must be another one that we offered; a forged one leads nowhere */
	if (!rd_done(&r) || !may_retry(h) || group == h->group ||
	    !proposal_has_group(&h->offers, group))
		return V_DROP;
	if (ke_new(group, &ke) < 0)
		return V_DROP;
	ke_free(h->ke);
	h->ke = ke;
	h->group = group;
	if (build_request(x) < 0)
		return V_DROP;
	h->n_retries++;
	x->again = true;
	return V_OK;
}

/* Remembers what may become the reason, and does not wait as long as it might. */
static enum verdict remember_hint(struct exchange *x, uint16_t notify, const char *text)
{
	struct handshake *h = x->sa->handshake;
	h->hint = notify;
	snprintf(h->hint_text, sizeof(h->hint_text), "%s", text);
	window_hurry(&x->sa->window, HURRIED_TRIES);
	return V_DROP;
}

enum verdict on_init_refused(struct exchange *x)
{
	for (size_t i = 0; i < x->pl->n_notifies; i++) {
		uint16_t type = x->pl->notifies[i].type;
		if (notify_is_error(type))
			return remember_hint(x, type, notify_name(type));
	}
	return V_DROP;
}

enum verdict on_init_silent(struct exchange *x)
{
	const struct ike_sa *sa = x->sa;
	const struct handshake *h = sa->handshake;
	const char *what = sa->state == IKE_INIT_SENT ? "IKE_SA_INIT" : "IKE_AUTH";
	double sec = (double)window_tried_ms(&sa->window) / 1000;
	int n = window_attempts(&sa->window);
	char text[REASON_FIELD_MAX_BYTES];

	if (!h->hint && !h->hint_text[0]) {
		bool goes_on = initiate_elsewhere(x->sa);
		reason_set(&x->reason, REASON_PEER_SILENT, what);
		reason_hint(&x->reason, "no answer to %d tries in %.1f s%s", n, sec,
			    goes_on ? "; the next address is tried" : "");
		return V_OK;
	}
	reason_set(&x->reason, REASON_PEER_REFUSED, h->hint ? notify_name(h->hint) : what);
	if (h->hint == N_NO_PROPOSAL_CHOSEN)
		reason_ours(&x->reason, "%s", proposal_offers_text(&h->offers, text));
	reason_hint(&x->reason, "%s, without proof, in answer to %s; %d tries in %.1f s",
		    h->hint_text, what, n, sec);
	return V_OK;
}

/* ---- initiator: the response ---- */

static void agreed_transform(const struct chosen *c, uint8_t type, struct transform *ret)
{
	const struct transform *t = chosen_transform(c, type);
	*ret = t ? *t : (struct transform){ .type = type };
}

/* Keys from what both sides have said. */
static int make_keys(struct exchange *x, struct ke *ke, struct slice ni, struct slice nr,
		     uint64_t spi_i, uint64_t spi_r, bool initiator)
{
	struct secret shared = { 0 };
	struct keymat_input in = { .prf = chosen_id(&x->work.chosen, TRANSFORM_PRF),
				   .nonce_i = ni,
				   .nonce_r = nr,
				   .spi_i = spi_i,
				   .spi_r = spi_r };
	int r = ke_derive(ke, x->pl->ke.data, &shared);
	if (r < 0)
		return r;
	agreed_transform(&x->work.chosen, TRANSFORM_ENCR, &in.encr);
	agreed_transform(&x->work.chosen, TRANSFORM_INTEG, &in.integ);
	in.shared = secret_slice(&shared);
	r = ike_keys_new(&in, initiator, &x->work.keys);
	secret_done(&shared);
	return r;
}

/* RFC 7383 2.3: both must have said that they can. */
static uint16_t agreed_fragment_bytes(const struct exchange *x, const struct peer_config *config)
{
	if (!payload_notify(x->pl, N_IKEV2_FRAGMENTATION_SUPPORTED))
		return 0;
	return fragment_first_bytes(config, &x->peer);
}

/* RFC 7296 2.23: with a NAT on the way everything moves to the other port. */
static void move_to_natt(struct ike_sa *sa)
{
	sa->natt = true;
	sa->peer.port = sa->policy->natt_port;
	sa->local.port = sa->policy->natt_port;
}

/* The keeper has signed: IKE_AUTH can go. */
static enum verdict on_signed(struct exchange *x, int result, struct slice auth)
{
	struct ike_sa *sa = x->sa;
	struct handshake *h = sa->handshake;

	if (result < 0 || auth.len > sizeof(x->work.auth))
		return auth_no_key(x, result);
	uint64_t other = duplicate_overtaken_by(sa);
	if (other) {
		sa->handover.gave_way = true;
		sa->handover.followed_spi = other;
		return V_DELETE;
	}
	memcpy(x->work.auth, auth.p, auth.len);
	x->work.auth_len = auth.len;
	if (auth_build_request(x) < 0 ||
	    bytes_copy(&h->response, slice_of(x->msg.datagram.p, x->msg.datagram.len)) < 0)
		return cannot_start(x, "IKE_AUTH", -ENOMEM);
	sa->spi_r = x->msg.header.spi_r;
	sa->keys = TAKE(x->work.keys);
	sa->algorithms = x->work.chosen;
	sa->local_id = x->work.local_id;
	sa->nat_supported = x->work.nat.supported;
	sa->nat_local = x->work.nat.local;
	sa->nat_peer = x->work.nat.peer;
	sa->fragment_bytes = x->work.fragment_bytes;
	memcpy(h->nonce_r, x->pl->nonce.data.p, x->pl->nonce.data.len);
	h->nonce_r_len = x->pl->nonce.data.len;
	nonce_min_set(&sa->nonce_min, nonce_i(h), slice_of(h->nonce_r, h->nonce_r_len));
	/* RFC 4555 3.3: then there is no need to change ports later */
	bool may_move = sa->nat_local || sa->nat_peer || (sa->config->mobike && sa->nat_supported);
	if (may_move && !sa->natt)
		move_to_natt(sa);
	return V_OK;
}

static enum verdict sign(struct exchange *x)
{
	const struct ike_sa *sa = x->sa;
	const struct handshake *h = sa->handshake;
	struct keeper_key key;

	auth_local_id(sa->config, &sa->local, &x->work.local_id);
	auth_key_of_config(sa->config, &sa->peer, &key);
	int r = auth_signed_octets(x->work.keys, true, slice_of(h->request.p, h->request.len),
				   x->pl->nonce.data, &x->work.local_id, &x->work.octets);
	return r < 0 ? on_signed(x, r, (struct slice){ 0 }) : exchange_sign(x, &key, on_signed);
}

static bool is_sane(const struct exchange *x)
{
	const struct handshake *h = x->sa->handshake;
	return x->msg.header.spi_r != 0 && x->pl->ke.group == h->group &&
	       !slice_eq(x->pl->nonce.data, nonce_i(h));
}

enum verdict on_init_response(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct handshake *h = sa->handshake;
	struct reason why;
	char text[REASON_TEXT_MAX_BYTES];

	if (!is_sane(x))
		return remember_hint(x, 0, "a response with a wrong SPI, group or nonce");
	if (proposal_check(&h->offers, &x->pl->sa, &x->work.chosen, &why) < 0)
		return remember_hint(x, 0, reason_text(&why, text));
	if (chosen_id(&x->work.chosen, TRANSFORM_KE) != h->group)
		return remember_hint(x, 0, "a response that chose another group");
	x->work.chosen.spi = (struct slice){ 0 };
	if (sa->config->nat_traversal &&
	    nat_check(x->pl, sa->spi_i, x->msg.header.spi_r, &x->local, &x->peer, &x->work.nat) < 0)
		return V_DROP;
	if (sa->config->nat_force && x->work.nat.supported)
		x->work.nat.local = true;
	x->work.fragment_bytes = agreed_fragment_bytes(x, sa->config);
	int r = make_keys(x, h->ke, nonce_i(h), x->pl->nonce.data, sa->spi_i, x->msg.header.spi_r,
			  true);
	if (r == -EBADMSG)
		return remember_hint(x, 0, "a response with impossible key exchange data");
	return r < 0 ? cannot_start(x, "keys", r) : sign(x);
}

/* ---- responder ---- */

static enum verdict demand_cookie(struct exchange *x)
{
	struct engine *e = x->engine;
	if (cookie_make(&e->cookies, engine_now_ms(e), x->pl->nonce.data, &x->peer,
			x->msg.header.spi_i, x->notify_data) < 0)
		return V_DROP;
	x->notify_len = COOKIE_BYTES;
	e->counters.n_cookies_demanded++;
	return exchange_refuse(x, N_COOKIE);
}

static bool brings_cookie(struct exchange *x)
{
	struct engine *e = x->engine;
	const struct pl_notify *n = payload_notify(x->pl, N_COOKIE);
	return n && cookie_valid(&e->cookies, engine_now_ms(e), n->data, x->pl->nonce.data,
				 &x->peer, x->msg.header.spi_i);
}

/*
 * The first entry for this address with a proposal in common.  IKE_AUTH looks again, when the
 * identity is known; until then the entry only lends its nonce size and NAT traversal.
 */
static const struct peer_config *choose_config(struct exchange *x)
{
	const struct peer_config *c = NULL;
	struct reason closest = { 0 };

	while ((c = policy_find_by_addr(x->engine->policy, &x->local, &x->peer, c))) {
		struct offers ours;
		proposal_offers_ike(c, &ours);
		if (proposal_choose(&ours, &x->pl->sa, x->pl->ke.group, false, &x->work.chosen,
				    &x->reason) == 0) {
			x->work.config = c;
			return c;
		}
		if (x->work.config)
			continue;
		closest = x->reason;
		x->work.config = c;
	}
	x->reason = closest;
	if (!x->work.config)
		reason_set(&x->reason, REASON_UNKNOWN_PEER, "address");
	return NULL;
}

static enum verdict want_group(struct exchange *x)
{
	uint16_t group = chosen_id(&x->work.chosen, TRANSFORM_KE);
	struct wr w = wr_of(x->notify_data, sizeof(x->notify_data));
	wr_u16(&w, group);
	x->notify_len = 2;
	LOG(DEBUG, "other_group_wanted", F_ADDR("peer", &x->peer), F_INT("theirs", x->pl->ke.group),
	    F_INT("ours", group));
	return exchange_refuse(x, N_INVALID_KE_PAYLOAD);
}

static int build_response(struct exchange *x, const struct peer_config *config, struct ke *ke)
{
	const struct ike_sa *sa = x->sa;
	const struct handshake *h = sa->handshake;
	struct msg_writer mw;

	exchange_begin_reply(x, &mw);
	proposal_emit_chosen(&mw, &x->work.chosen, (struct slice){ 0 });
	msg_writer_add_ke(&mw, ke_group(ke), ke_public(ke));
	msg_writer_add_nonce(&mw, slice_of(h->nonce_r, h->nonce_r_len));
	if (config->nat_traversal && x->work.nat.supported &&
	    nat_emit(&mw, sa->spi_i, sa->spi_r, &x->local, &x->peer, config->nat_force) < 0)
		return -EIO;
	if (config->fragments != FRAGMENTS_OFF &&
	    payload_notify(x->pl, N_IKEV2_FRAGMENTATION_SUPPORTED))
		msg_writer_add_notify(&mw, N_IKEV2_FRAGMENTATION_SUPPORTED, (struct slice){ 0 });
	return exchange_end(x, &mw);
}

/* All that can fail; the SA is new and goes again if it does. */
static int respond(struct exchange *x, const struct peer_config *config, struct ke *ke)
{
	struct ike_sa *sa = x->sa;
	struct handshake *h = sa->handshake;
	struct slice ni = x->pl->nonce.data;

	sa->spi_i = x->msg.header.spi_i;
	sa->local = x->local;
	sa->peer = x->peer;
	sa->natt = x->natt;
	memcpy(h->nonce_i, ni.p, ni.len);
	h->nonce_i_len = ni.len;
	h->nonce_r_len = config->nonce_bytes;
	int r = rng_public(h->nonce_r, h->nonce_r_len);
	if (r == 0 && config->nat_traversal)
		r = nat_check(x->pl, sa->spi_i, 0, &x->local, &x->peer, &x->work.nat);
	if (r == 0)
		r = make_keys(x, ke, nonce_i(h), slice_of(h->nonce_r, h->nonce_r_len), sa->spi_i,
			      sa->spi_r, false);
	if (r == 0)
		r = build_response(x, config, ke);
	if (r == 0)
		r = bytes_copy(&h->request, x->msg.datagram);
	if (r == 0)
		r = bytes_copy(&h->response, x->out);
	if (r == 0)
		r = hash_add(&x->engine->by_init, &sa->by_init,
			     engine_init_key(x->engine, &x->peer, x->hash));
	sa->in_by_init = r == 0;
	return r;
}

static void take_over(struct exchange *x, const struct peer_config *config)
{
	struct ike_sa *sa = x->sa;
	const struct handshake *h = sa->handshake;

	sa->keys = TAKE(x->work.keys);
	sa->algorithms = x->work.chosen;
	sa->algorithms.spi = (struct slice){ 0 };
	sa->nat_supported = x->work.nat.supported;
	sa->nat_local = x->work.nat.local || (config->nat_force && x->work.nat.supported);
	sa->nat_peer = x->work.nat.peer;
	sa->fragment_bytes = agreed_fragment_bytes(x, config);
	nonce_min_set(&sa->nonce_min, nonce_i(h), slice_of(h->nonce_r, h->nonce_r_len));
}

static enum verdict accept_request(struct exchange *x, const struct peer_config *config)
{
	CLEANUP(ke_freep)
	struct ke *ke = NULL;
	int r = ke_new(x->pl->ke.group, &ke);
	if (r == 0)
		r = ike_sa_new(x->engine, false, &x->sa);
	if (r < 0) {
		LOG(DEBUG, "init_dropped", F_ADDR("peer", &x->peer), F_STR("error", strerror(-r)));
		return V_DROP;
	}
	r = respond(x, config, ke);
	if (r == 0) {
		take_over(x, config);
		return V_OK;
	}
	ike_sa_free(TAKE(x->sa));
	if (r != -EBADMSG)
		return V_DROP;
	reason_set(&x->reason, REASON_INVALID_KE, "KE");
	return exchange_refuse(x, N_INVALID_SYNTAX);
}

/* Only looked at under load, when a cookie has shown that the address is true. */
static bool is_greedy(const struct engine *e, const struct addr *peer)
{
	size_t n = 0, max = (size_t)e->limits.half_open_per_source;
	struct addr_prefix source = { .addr = *peer, .bits = addr_bits(peer) };
	const struct ike_sa *sa;
	if (e->n_half_open < max)
		return false;
	if (source.bits > LIMIT_SOURCE_IPV6_BITS)
		source.bits = LIMIT_SOURCE_IPV6_BITS;
	LIST_EACH(sa, &e->half_open, half_open)
		n += addr_in_prefix(&sa->peer, &source);
	return n >= max;
}

enum verdict on_init_request(struct exchange *x)
{
	struct engine *e = x->engine;
	const struct policy_limits *l = &e->limits;

	if (e->stopping || e->n_half_open >= (size_t)l->half_open)
		return V_DROP;
	if (cookie_demanded(&e->cookies, engine_now_ms(e), e->n_half_open,
			    (size_t)l->cookie_threshold) &&
	    !brings_cookie(x))
		return demand_cookie(x);
	if (is_greedy(e, &x->peer))
		return V_DROP;
	const struct peer_config *config = choose_config(x);
	if (!config)
		return exchange_refuse(x, N_NO_PROPOSAL_CHOSEN);
	if (x->pl->ke.group != chosen_id(&x->work.chosen, TRANSFORM_KE))
		return want_group(x);
	return accept_request(x, config);
}

enum verdict on_init_bad_request(struct exchange *x)
{
	if (x->fault == -EPROTONOSUPPORT) {
		x->notify_data[0] = x->grammar.payload;
		x->notify_len = 1;
		return exchange_refuse(x, N_UNSUPPORTED_CRITICAL_PAYLOAD);
	}
	LOG(DEBUG, "malformed", F_ADDR("peer", &x->peer), F_STR("why", x->grammar.why));
	return exchange_refuse(x, N_INVALID_SYNTAX);
}
