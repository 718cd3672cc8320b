/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CREATE_CHILD_SA for children, both roles, RFC 7296 1.3.1, 1.3.3, 2.8, 2.17, 2.25:
 *
 *	SK {[N(REKEY_SA, our inbound SPI)], [N(USE_TRANSPORT_MODE)], SA, Ni, [KEi,] TSi, TSr} -->
 *	                    <-- SK {[N(USE_TRANSPORT_MODE)], SA, Nr, [KEr,] TSi, TSr}
 *	                    <-- SK {N(INVALID_KE_PAYLOAD)}: again, with that group
 *	                    <-- SK {N(TEMPORARY_FAILURE)}: again, later
 *	                    <-- SK {N(CHILD_SA_NOT_FOUND)}: what we rekey is gone
 *	                    <-- SK {N(SINGLE_PAIR_REQUIRED)}: again, for the packet's addresses
 *	                    <-- SK {N(why there is no child)}
 *
 * A rekeyed child is replaced before it goes.  The responder installs its inbound SA before it
 * answers, and its outbound SA when the peer shows that it has the answer (the next request,
 * which is the delete of the old child).  The initiator installs both, and keeps the old ones
 * until the peer has answered the delete.
 */
#include "base/log.h"
#include "crypto/rng.h"
#include "ike/child.h"
#include "ike/create.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"
#include "ike/informational.h"
#include "ike/rekey_ike.h"
#include "ike/rules.h"

#include <errno.h>
#include <string.h>

/* ---- both ---- */

static int make_nonce(struct exchange *x)
{
	x->work.nonce_len = x->sa->config->nonce_bytes;
	return rng_public(x->work.nonce, x->work.nonce_len);
}

static struct slice own_nonce(const struct exchange *x)
{
	return slice_of(x->work.nonce, x->work.nonce_len);
}

/* ---- initiator: the request ---- */

static int prepare_rekey(struct exchange *x, struct create *c, struct msg_writer *mw)
{
	const struct child_sa *old = child_sa_find_in(x->engine, c->old_spi);
	if (!old)
		return -ENOENT;
	/* 2.9.2: not less than it carries */
	c->ask.tsi = old->local_ts;
	c->ask.tsr = old->peer_ts;
	c->ask.mode = old->mode;
	msg_writer_add_notify_spi(mw, N_REKEY_SA, child_config_protocol(old->config), c->old_spi,
				  (struct slice){ 0 });
	return 0;
}

static int build_request(struct exchange *x, struct create *c, uint32_t id)
{
	struct msg_writer mw;
	int r = 0;

	if (c->kind == CREATE_REKEY_IKE)
		return rekey_ike_build(x, c, id);
	exchange_begin_request(x, &mw, EXCHANGE_CREATE_CHILD_SA, id);
	x->work.ask = &c->ask;
	if (c->kind == CREATE_REKEY_CHILD)
		r = prepare_rekey(x, c, &mw);
	else
		child_wish_selectors(x->sa, &c->ask);
	if (r == 0)
		r = make_nonce(x);
	if (r == 0 && c->group != KE_NONE)
		r = ke_new(c->group, &x->work.ke);
	if (r == 0)
		r = child_add_request(x, &mw);
	return r < 0 ? r : exchange_end(x, &mw);
}

/* The request goes out now: what its answer needs is kept. */
static void keep_request(struct exchange *x, struct create *c)
{
	ke_free(c->ke);
	c->ke = TAKE(x->work.ke);
	memcpy(c->nonce, x->work.nonce, x->work.nonce_len);
	c->nonce_len = x->work.nonce_len;
	c->n_deleted = 0;
	x->sa->create = c;
}

static void log_request(const struct exchange *x, const struct create *c)
{
	if (c->kind == CREATE_REKEY_IKE)
		LOG(DEBUG, "ike_sa_asked_for", F_STR("remote", ike_sa_remote(x->sa)),
		    F_ADDR("peer", &x->sa->peer), F_SPI64("ike_spi_i", c->next->spi_i),
		    F_SPI64("replaces", ike_sa_own_spi(x->sa)));
	else
		LOG(DEBUG, "child_asked_for", F_STR("remote", ike_sa_remote(x->sa)),
		    F_STR("child", c->ask.wish.child->name), F_ADDR("peer", &x->sa->peer),
		    F_SPI32("spi_in", c->ask.spi), F_SPI32("replaces", c->old_spi));
}

enum verdict on_create_start(struct exchange *x)
{
	struct create *c = create_first(x->sa);
	if (!c)
		return V_DROP;
	c->group = c->kind == CREATE_REKEY_IKE ? rekey_ike_group(x->sa)
					       : c->ask.wish.child->pfs_group;
	if (build_request(x, c, window_request_id(&x->sa->window)) < 0) {
		create_postpone(x->sa, c, LIMIT_RETRY_FIRST_MS);
		loop_timer_arm(x->sa->later, LIMIT_RETRY_FIRST_MS);
		return V_DROP;
	}
	keep_request(x, c);
	log_request(x, c);
	return V_OK;
}

/* ---- initiator: the response ---- */

/* What only the peer has is a child to be deleted, like one that has lived. */
static void adopt_orphan(struct exchange *x, const struct create *c)
{
	struct child_sa *orphan;
	if (!x->work.orphan_spi)
		return;
	if (child_sa_new(x->sa, c->ask.wish.child, x->work.orphan_spi, &orphan) < 0) {
		x->sa->down_why = "no_memory";
		x->sa->want_delete = true;
		return;
	}
	orphan->state = CHILD_DELETING;
	list_add(&x->sa->children, &orphan->node);
}

/* Without a new child the old one goes on for a while; later it is tried again. */
static void try_rekey_again(struct exchange *x, struct create *c)
{
	struct ike_sa *sa = x->sa;
	const struct child_sa *old = child_sa_find_in(sa->engine, c->old_spi);
	bool child = old && old->state == CHILD_UP && !child_sa_successor(old);
	if (c->kind != CREATE_REKEY_IKE && !(c->kind == CREATE_REKEY_CHILD && child))
		return;
	create_postpone(sa, c, LIMIT_REKEY_RETRY_MS << (c->n_refused < 5 ? c->n_refused : 5));
	c->n_refused++;
	list_add(&sa->creates, &c->node);
	x->work.created = NULL;
}

static enum verdict commit_response(struct exchange *x)
{
	struct create *c = x->work.created = create_take(x->sa);
	adopt_orphan(x, c);
	if (x->reason.code != REASON_NONE)
		try_rekey_again(x, c);
	return V_OK;
}

/* The peer answered with a key exchange if, and only if, we offered one (1.3.1). */
static int take_ke(struct exchange *x, struct create *c)
{
	if (c->group == KE_NONE)
		return 0;
	if (!payload_has(x->pl, PL_KE) || x->pl->ke.group != c->group)
		return -EBADMSG;
	return ke_derive(c->ke, x->pl->ke.data, &x->work.shared);
}

enum verdict on_child_response(struct exchange *x)
{
	struct create *c = x->sa->create;
	if (!c || c->kind == CREATE_REKEY_IKE)
		return informational_unexpected(x);
	x->work.ask = &c->ask;
	x->work.old = child_sa_find_in(x->engine, c->old_spi);
	x->work.replaces = c->old_spi;
	x->work.nonce_i = slice_of(c->nonce, c->nonce_len);
	x->work.nonce_r = x->pl->nonce.data;
	x->work.after_child = commit_response;
	if (take_ke(x, c) < 0) {
		reason_set(&x->reason, REASON_INVALID_KE, "KE");
		x->work.orphan_spi = c->ask.spi;
		return commit_response(x);
	}
	return child_accept(x);
}

/* ---- initiator: refusals ---- */

static bool settled_meanwhile(const struct exchange *x, const struct create *c)
{
	const struct child_sa *old = child_sa_find_in(x->engine, c->old_spi);
	return c->kind == CREATE_REKEY_CHILD &&
	       (!old || old->state != CHILD_UP || child_sa_successor(old));
}

enum verdict on_create_other_group(struct exchange *x)
{
	struct create *c = x->sa->create;
	if (!c)
		return informational_unexpected(x);
	struct rd r = rd_of_slice(payload_notify(x->pl, N_INVALID_KE_PAYLOAD)->data);
	uint16_t group = rd_u16(&r);
	/* 2.7: it must be another one that we offered */
	if (!rd_done(&r) || c->n_groups >= LIMIT_CREATE_GROUPS || group == c->group ||
	    !proposal_has_group(&c->ask.offers, group))
		return on_create_refused(x);
	uint16_t before = c->group;
	c->group = group;
	if (build_request(x, c, window_request_id(&x->sa->window) + 1) < 0) {
		c->group = before;
		return on_create_refused(x);
	}
	c->n_groups++;
	keep_request(x, c);
	return V_OK;
}

/* 2.25: not at once, and not for ever. */
enum verdict on_create_later(struct exchange *x)
{
	struct create *c = x->sa->create;
	if (!c)
		return informational_unexpected(x);
	if (settled_meanwhile(x, c)) {
		create_give_up_rekey(x->sa, c);
		return V_OK;
	}
	x->sa->create = NULL;
	if (c->n_temporary >= LIMIT_TEMPORARY_TRIES) {
		x->sa->down_why = "out_of_step";
		x->sa->want_delete = true;
		return V_OK;
	}
	create_postpone(x->sa, c, (int64_t)LIMIT_TEMPORARY_MS << c->n_temporary++);
	LOG(DEBUG, "create_postponed", F_STR("remote", ike_sa_remote(x->sa)),
	    F_ADDR("peer", &x->sa->peer), F_SPI32("replaces", c->old_spi),
	    F_INT("attempt", c->n_temporary));
	return V_OK;
}

/* 2.25: the child is deleted without a word, and made anew. */
enum verdict on_rekey_not_found(struct exchange *x)
{
	struct create *c = x->sa->create;
	if (!c)
		return informational_unexpected(x);
	if (c->kind != CREATE_REKEY_CHILD)
		return on_create_refused(x);
	struct child_sa *old = child_sa_find_in(x->engine, c->old_spi);
	if (settled_meanwhile(x, c)) {
		create_give_up_rekey(x->sa, c);
		return V_OK;
	}
	reason_set(&x->reason, REASON_PEER_REFUSED, notify_name(N_CHILD_SA_NOT_FOUND));
	child_sa_down(old, "unknown_to_peer");
	child_sa_end(old);
	/* It goes on as a wish for a new child. */
	x->sa->create = NULL;
	c->kind = CREATE_CHILD;
	c->old_spi = 0;
	return V_OK;
}

/* 2.9: asked for again with the addresses of the packet only, if there was one. */
enum verdict on_create_single_pair(struct exchange *x)
{
	struct create *c = x->sa->create;
	if (!c)
		return informational_unexpected(x);
	if (c->kind != CREATE_CHILD || !c->ask.wish.has_packet || c->ask.wish.single)
		return on_create_refused(x);
	c->ask.wish.single = true;
	x->sa->create = NULL;
	return V_OK;
}

/* The children of IKE_AUTH have no key exchange of their own: who demands one refuses only now. */
static void suspect_pfs(struct exchange *x, const struct create *c)
{
	if (c->group == KE_NONE && payload_notify(x->pl, N_NO_PROPOSAL_CHOSEN))
		reason_hint(&x->reason,
			    "the peer may demand a key exchange for it, as pfs_group gives");
}

static enum verdict after_refusal(struct exchange *x)
{
	suspect_pfs(x, x->sa->create);
	return commit_response(x);
}

enum verdict on_create_refused(struct exchange *x)
{
	struct create *c = x->sa->create;
	if (!c)
		return informational_unexpected(x);
	if (settled_meanwhile(x, c)) {
		create_give_up_rekey(x->sa, c);
		return V_OK;
	}
	x->sa->no_more_children |= payload_notify(x->pl, N_NO_ADDITIONAL_SAS) != NULL;
	x->work.ask = &c->ask;
	x->work.after_child = after_refusal;
	return child_refused(x);
}

/* ---- responder ---- */

static enum verdict answer_notify(struct exchange *x, uint16_t notify)
{
	LOG(DEBUG, "child_request_refused", F_STR("remote", ike_sa_remote(x->sa)),
	    F_ADDR("peer", &x->sa->peer), F_STR("with", notify_name(notify)));
	return exchange_reply_notify(x, notify, (struct slice){ 0 }) < 0 ? V_DROP : V_OK;
}

/* The notify says which one, as the request did (2.25). */
static enum verdict answer_not_found(struct exchange *x, const struct pl_notify *n)
{
	struct rd spi = rd_of_slice(n->spi);
	struct msg_writer mw;
	LOG(DEBUG, "child_request_refused", F_STR("remote", ike_sa_remote(x->sa)),
	    F_ADDR("peer", &x->sa->peer), F_STR("with", notify_name(N_CHILD_SA_NOT_FOUND)));
	exchange_begin_reply(x, &mw);
	msg_writer_add_notify_spi(&mw, N_CHILD_SA_NOT_FOUND, n->protocol, rd_u32(&spi),
				  (struct slice){ 0 });
	return exchange_end(x, &mw) < 0 ? V_DROP : V_OK;
}

/* While the kernel was asked, we may have begun to close what is rekeyed. */
static bool is_closing(const struct exchange *x)
{
	const struct child_sa *old = child_sa_find_in(x->engine, x->work.replaces);
	return x->work.replaces && (!old || old->state != CHILD_UP);
}

static enum verdict reply_child(struct exchange *x)
{
	struct msg_writer mw;
	if (is_closing(x)) {
		child_sa_free(TAKE(x->work.child));
		return answer_notify(x, N_TEMPORARY_FAILURE);
	}
	exchange_begin_reply(x, &mw);
	child_add_response(x, &mw);
	return exchange_end(x, &mw) < 0 ? V_DROP : V_OK;
}

static enum verdict answer_child(struct exchange *x)
{
	const struct create *c = x->sa->create;
	/* 2.25.2: not while the IKE SA itself is rekeyed or closed */
	if (x->engine->stopping || x->sa->want_delete || (c && c->kind == CREATE_REKEY_IKE))
		return answer_notify(x, N_TEMPORARY_FAILURE);
	if (ike_sa_is_full(x->sa))
		return answer_notify(x, N_NO_ADDITIONAL_SAS);
	if (make_nonce(x) < 0)
		return answer_notify(x, N_TEMPORARY_FAILURE);
	x->work.nonce_i = x->pl->nonce.data;
	x->work.nonce_r = own_nonce(x);
	x->work.config = x->sa->config;
	x->work.after_child = reply_child;
	return child_answer(x);
}

enum verdict on_child_request(struct exchange *x)
{
	return answer_child(x);
}

enum verdict on_child_rekey_request(struct exchange *x)
{
	const struct pl_notify *n = payload_notify(x->pl, N_REKEY_SA);
	struct rd spi = rd_of_slice(n->spi);
	struct child_sa *old = child_sa_find_out(x->sa, n->protocol, rd_u32(&spi));

	/* It may be the one that we asked for, and whose answer is still on its way. */
	if (!old && x->sa->create)
		return answer_notify(x, N_TEMPORARY_FAILURE);
	if (!old)
		return answer_not_found(x, n);
	if (old->state != CHILD_UP)
		return answer_notify(x, N_TEMPORARY_FAILURE);
	x->work.old = old;
	x->work.replaces = old->spi_in;
	return answer_child(x);
}

/* 2.25.2: while the IKE SA is being deleted */
enum verdict on_child_request_deleting(struct exchange *x)
{
	return answer_notify(x, N_TEMPORARY_FAILURE);
}
