/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rekeying of IKE SAs, both roles, RFC 7296 1.3.2, 2.8.2, 2.18, 2.25:
 *
 *	SK {SA(new SPIi), Ni, KEi} -->
 *	                           <-- SK {SA(new SPIr), Nr, KEr}
 *	                           <-- SK {N(why not)}
 *	SK {D(IKE)}                -->    the last request over the old SA
 *
 * The new SA is the heir of the old one.  The initiator's has the children at once.  The
 * responder's gets them when the peer shows that it has the answer: by the delete of the old SA
 * or by a request over the new one.  Until then the old SA is IKE_REPLACED: it answers, but
 * makes nothing new.
 *
 * When both rekey at once, both answer; the new SA with the lowest nonce is deleted by who asked
 * for it, and the other one is the heir.
 */
#include "ike/rekey_ike.h"

#include "base/log.h"
#include "crypto/rng.h"
#include "ike/child_sa.h"
#include "ike/config_payload.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"
#include "ike/informational.h"
#include "ike/mobike.h"
#include "ike/move.h"
#include "ike/reauth.h"
#include "ike/rules.h"

#include <errno.h>
#include <string.h>

enum { IKE_SPI_BYTES = 8 };

/* ---- heirs ---- */

static struct ike_sa *find_own(const struct engine *e, uint64_t own_spi)
{
	struct hash_node *n = own_spi ? hash_find(&e->by_spi, own_spi) : NULL;
	return n ? CONTAINER_OF(n, struct ike_sa, by_spi) : NULL;
}

struct ike_sa *rekey_ike_heir(const struct ike_sa *sa)
{
	struct ike_sa *heir = find_own(sa->engine, sa->heir_spi);
	bool alive = heir && (heir->state == IKE_ESTABLISHED || heir->state == IKE_REPLACED);
	return alive && heir->replaces_spi == ike_sa_own_spi(sa) ? heir : NULL;
}

static void move_children(struct ike_sa *from, struct ike_sa *to)
{
	struct child_sa *c;
	struct create *create;
	LIST_EACH(c, &from->children, node) {
		list_remove(&c->node);
		list_add(&to->children, &c->node);
		c->sa = to;
		/* A delete that nobody answered any more is sent again. */
		c->delete_sent = false;
	}
	LIST_EACH(create, &from->creates, node) {
		if (create->kind == CREATE_REKEY_IKE || create == from->create)
			continue;
		list_remove(&create->node);
		list_add(&to->creates, &create->node);
	}
}

bool rekey_ike_is_open(const struct ike_sa *heir)
{
	const struct ike_sa *old = find_own(heir->engine, heir->replaces_spi);
	return old && old->state == IKE_REPLACED && old->create;
}

void rekey_ike_inherit(struct ike_sa *heir)
{
	struct ike_sa *old = find_own(heir->engine, heir->replaces_spi);
	if (!old || rekey_ike_heir(old) != heir || old->busy)
		return;
	move_children(old, heir);
	config_move(old, heir);
	if (old->wanted)
		heir->wanted = TAKE(old->wanted);
	heir->no_more_children |= old->no_more_children;
	reauth_inherit(heir, old);
	move_along(heir);
	informational_next(heir);
}

static int heir_new(struct ike_sa *old, bool initiator, struct ike_sa **ret)
{
	struct ike_sa *sa;
	int r = ike_sa_new_of(old->engine, old->policy, initiator, &sa);
	if (r < 0)
		return r;
	ike_sa_forget_handshake(sa);
	*ret = sa;
	return 0;
}

/* All but keys and SPIs is as it was. */
static void take_after(struct ike_sa *sa, const struct ike_sa *old)
{
	sa->config = old->config;
	sa->local = old->local;
	sa->peer = old->peer;
	sa->natt = old->natt;
	sa->nat_supported = old->nat_supported;
	sa->nat_local = old->nat_local;
	sa->nat_peer = old->nat_peer;
	sa->fragment_bytes = old->fragment_bytes;
	ike_sa_set_ids(sa, &old->local_id, &old->peer_id);
	sa->handover.auth_ms = old->handover.auth_ms;
	sa->handover.auth_limit_ms = old->handover.auth_limit_ms;
	sa->handover.auth_initiator = old->handover.auth_initiator;
	sa->handover.n_failed = old->handover.n_failed;
	sa->created_nth = old->created_nth;
	sa->up_nth = old->up_nth;
	sa->replaces_spi = ike_sa_own_spi(old);
}

/* Ours that yields is deleted at once; the peer's that yields is given a while for that. */
void rekey_ike_came_up(struct exchange *x, struct ike_sa *next)
{
	struct ike_sa *sa = x->sa, *rival = rekey_ike_heir(sa);
	/* It may be elsewhere since the heir was begun. */
	move_ike_sa(next, &sa->local, &sa->peer, sa->natt);
	mobike_inherit(next, sa);
	if (x->work.next_yields) {
		next->down_why = "redundant";
		next->by_command = true;
		next->want_delete = true;
		informational_next(next);
		return;
	}
	if (rival) {
		rival->redundant = true;
		rival->down_why = "redundant";
		loop_timer_arm(rival->life, LIMIT_REPLACED_MS);
	}
	sa->heir_spi = ike_sa_own_spi(next);
	/* Whoever wanted to be rid of the old one wants it of the new one. */
	next->by_command = sa->by_command;
	next->down_why = sa->down_why;
	next->want_delete = sa->want_delete;
	sa->want_delete = false;
	sa->down_why = "rekeyed";
	informational_next(next);
}

/* ---- both ---- */

static void agreed_transform(const struct chosen *c, uint8_t type, struct transform *ret)
{
	const struct transform *t = chosen_transform(c, type);
	*ret = t ? *t : (struct transform){ .type = type };
}

/* Keys of 2.18: from SK_d of the old SA, with its PRF. */
static int make_keys(const struct exchange *x, struct ike_sa *next, const struct chosen *chosen)
{
	const struct keymat *old = &x->sa->keys->km;
	struct keymat_input in = { .prf = chosen_id(chosen, TRANSFORM_PRF),
				   .nonce_i = x->work.nonce_i,
				   .nonce_r = x->work.nonce_r,
				   .spi_i = next->spi_i,
				   .spi_r = next->spi_r,
				   .shared = secret_slice(&x->work.shared),
				   .old_d = secret_slice(&old->d),
				   .old_prf = old->prf };
	agreed_transform(chosen, TRANSFORM_ENCR, &in.encr);
	agreed_transform(chosen, TRANSFORM_INTEG, &in.integ);
	return ike_keys_new(&in, next->initiator, &next->keys);
}

static void agree(struct exchange *x, struct ike_sa *next, const struct chosen *chosen)
{
	next->algorithms = *chosen;
	next->algorithms.spi = (struct slice){ 0 };
	nonce_min_set(&next->nonce_min, x->work.nonce_i, x->work.nonce_r);
	take_after(next, x->sa);
}

static uint64_t spi_of(struct slice spi)
{
	struct rd r = rd_of_slice(spi);
	return rd_u64(&r);
}

static struct slice put_spi(uint64_t spi, uint8_t ret[IKE_SPI_BYTES])
{
	struct wr w = wr_of(ret, IKE_SPI_BYTES);
	wr_u64(&w, spi);
	return wr_slice_of(&w);
}

/* ---- initiator ---- */

uint16_t rekey_ike_group(const struct ike_sa *sa)
{
	uint16_t group = chosen_id(&sa->algorithms, TRANSFORM_KE);
	struct offers offers;
	proposal_offers_ike(sa->config, &offers);
	return proposal_has_group(&offers, group) ? group : proposal_first_group(&offers);
}

int rekey_ike_build(struct exchange *x, struct create *c, uint32_t id)
{
	uint8_t spi[IKE_SPI_BYTES];
	struct msg_writer mw;
	int r = c->next ? 0 : heir_new(x->sa, true, &c->next);
	if (r == 0)
		r = ke_new(c->group, &x->work.ke);
	x->work.nonce_len = x->sa->config->nonce_bytes;
	if (r == 0)
		r = rng_public(x->work.nonce, x->work.nonce_len);
	if (r < 0)
		return r;
	proposal_offers_ike(x->sa->config, &c->ask.offers);
	exchange_begin_request(x, &mw, EXCHANGE_CREATE_CHILD_SA, id);
	proposal_emit(&mw, &c->ask.offers, put_spi(c->next->spi_i, spi));
	msg_writer_add_nonce(&mw, slice_of(x->work.nonce, x->work.nonce_len));
	msg_writer_add_ke(&mw, c->group, ke_public(x->work.ke));
	return exchange_end(x, &mw);
}

/* The peer has an SA that we cannot have: the old one ends too, since nobody agrees on it. */
static enum verdict cannot_follow(struct exchange *x, enum reason_code code, const char *what)
{
	if (x->reason.code == REASON_NONE)
		reason_set(&x->reason, code, what);
	x->sa->down_why = "rekey_failed";
	(void)!informational_build_delete(x, window_request_id(&x->sa->window) + 1);
	return V_OK;
}

static int read_answer(struct exchange *x, struct create *c, struct chosen *chosen)
{
	int r = proposal_check(&c->ask.offers, &x->pl->sa, chosen, &x->reason);
	if (r < 0)
		return r;
	c->next->spi_r = spi_of(chosen->spi);
	if (c->next->spi_r == 0 || x->pl->ke.group != c->group ||
	    chosen_id(chosen, TRANSFORM_KE) != c->group)
		return -EBADMSG;
	r = ke_derive(c->ke, x->pl->ke.data, &x->work.shared);
	return r < 0 ? r : make_keys(x, c->next, chosen);
}

enum verdict on_ike_rekey_response(struct exchange *x)
{
	struct create *c = x->sa->create;
	const struct ike_sa *rival = rekey_ike_heir(x->sa);
	struct chosen chosen;

	if (!c || c->kind != CREATE_REKEY_IKE) {
		(void)informational_unexpected(x);
		return V_OK;
	}
	x->work.nonce_i = slice_of(c->nonce, c->nonce_len);
	x->work.nonce_r = x->pl->nonce.data;
	if (read_answer(x, c, &chosen) < 0)
		return cannot_follow(x, REASON_INVALID_KE, "KE");
	agree(x, c->next, &chosen);
	bool yields = rival && nonce_min_is_lower(&c->next->nonce_min, &rival->nonce_min);
	/* 2.8: the delete is the last request over the old SA */
	if (!yields && informational_build_delete(x, window_request_id(&x->sa->window) + 1) < 0)
		x->out = (struct slice){ 0 };
	x->work.next_yields = yields;
	x->work.next = TAKE(c->next);
	x->work.created = create_take(x->sa);
	return yields ? V_DELETE : V_OK;
}

/* ---- responder ---- */

static enum verdict not_now(struct exchange *x)
{
	LOG(DEBUG, "rekey_request_refused", F_STR("remote", ike_sa_remote(x->sa)),
	    F_ADDR("peer", &x->sa->peer), F_STR("with", notify_name(N_TEMPORARY_FAILURE)));
	return exchange_refuse(x, N_TEMPORARY_FAILURE);
}

/* 2.25.1: while a child of it is being made, rekeyed or closed by us */
static bool is_occupied(const struct ike_sa *sa)
{
	const struct child_sa *c;
	LIST_EACH(c, &sa->children, node)
		if (c->delete_sent)
			return true;
	return sa->want_delete || sa->engine->stopping ||
	       (sa->create && sa->create->kind != CREATE_REKEY_IKE);
}

static int answer_ke(struct exchange *x, uint16_t group)
{
	int r = ke_new(group, &x->work.ke);
	if (r == 0)
		r = ke_derive(x->work.ke, x->pl->ke.data, &x->work.shared);
	x->work.nonce_len = x->sa->config->nonce_bytes;
	if (r == 0)
		r = rng_public(x->work.nonce, x->work.nonce_len);
	x->work.nonce_i = x->pl->nonce.data;
	x->work.nonce_r = slice_of(x->work.nonce, x->work.nonce_len);
	return r;
}

static int build_answer(struct exchange *x, const struct chosen *chosen)
{
	uint8_t spi[IKE_SPI_BYTES];
	struct msg_writer mw;
	exchange_begin_reply(x, &mw);
	proposal_emit_chosen(&mw, chosen, put_spi(x->work.next->spi_r, spi));
	msg_writer_add_nonce(&mw, x->work.nonce_r);
	msg_writer_add_ke(&mw, ke_group(x->work.ke), ke_public(x->work.ke));
	return exchange_end(x, &mw);
}

static enum verdict accept_rekey(struct exchange *x, const struct chosen *chosen)
{
	int r = answer_ke(x, x->pl->ke.group);
	if (r == -EBADMSG) {
		reason_set(&x->reason, REASON_INVALID_KE, "KE");
		return exchange_refuse(x, N_INVALID_SYNTAX);
	}
	if (r == 0)
		r = heir_new(x->sa, false, &x->work.next);
	if (r == 0) {
		x->work.next->spi_i = spi_of(chosen->spi);
		r = make_keys(x, x->work.next, chosen);
	}
	if (r == 0)
		r = build_answer(x, chosen);
	if (r < 0) {
		ike_sa_discard(TAKE(x->work.next));
		return not_now(x);
	}
	agree(x, x->work.next, chosen);
	return V_OK;
}

enum verdict on_ike_rekey_request(struct exchange *x)
{
	struct offers ours;
	struct chosen chosen;
	struct wr w = wr_of(x->notify_data, sizeof(x->notify_data));

	if (is_occupied(x->sa))
		return not_now(x);
	proposal_offers_ike(x->sa->config, &ours);
	if (proposal_choose(&ours, &x->pl->sa, x->pl->ke.group, false, &chosen, &x->reason) < 0)
		return exchange_refuse(x, N_NO_PROPOSAL_CHOSEN);
	/* 2.18: never without a key exchange */
	uint16_t group = chosen_id(&chosen, TRANSFORM_KE);
	if (group == KE_NONE || spi_of(chosen.spi) == 0) {
		reason_set(&x->reason, REASON_MALFORMED, group == KE_NONE ? "KE" : "SPI");
		return exchange_refuse(x, N_NO_PROPOSAL_CHOSEN);
	}
	if (x->pl->ke.group != group) {
		wr_u16(&w, group);
		x->notify_len = 2;
		return exchange_refuse(x, N_INVALID_KE_PAYLOAD);
	}
	return accept_rekey(x, &chosen);
}

/* Both rekeyed, and the peer's is the one that stays: what became of ours does not matter. */
enum verdict on_ike_rekey_overtaken(struct exchange *x)
{
	if (!x->sa->create)
		return informational_unexpected(x);
	x->work.created = create_take(x->sa);
	return V_OK;
}
