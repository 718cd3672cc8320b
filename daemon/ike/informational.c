/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INFORMATIONAL exchanges, RFC 7296 1.4, 1.4.1, 2.4, 2.21:
 *
 *	SK {D(ESP or AH, our inbound SPIs), ...} -->
 *	                              <-- SK {D(ESP or AH, the paired SPIs), ...}
 *	SK {D(IKE)}                   -->
 *	                              <-- SK {}
 *	SK {}  (are you there?)       -->
 *	                              <-- SK {}
 *
 * What is deleted leaves the kernel at once, on both sides.  Deletes that cross are answered
 * without D: each side finishes its own.
 */
#include "ike/informational.h"

#include "base/log.h"
#include "ike/config_payload.h"
#include "ike/create.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"
#include "ike/exchange.h"
#include "ike/mobike.h"
#include "ike/reauth.h"
#include "ike/rules.h"

#include <errno.h>
#include <string.h>

/* ---- requests of the peer ---- */

/* The children that a request deletes, or is to delete. */
struct doomed {
	struct child_sa *children[LIMIT_CHILDREN_PER_SA];
	size_t n;
	bool ike;
};

static void doom(struct doomed *d, struct child_sa *c)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->children[i] == c)
			return;
	if (d->n < LIMIT_CHILDREN_PER_SA)
		d->children[d->n++] = c;
}

bool informational_deletes_ike(const struct payload_set *pl)
{
	for (size_t i = 0; i < pl->n_deletes; i++)
		if (pl->deletes[i].protocol == PROTOCOL_IKE)
			return true;
	return false;
}

bool informational_deletes(const struct payload_set *pl, uint32_t spi_out)
{
	for (size_t i = 0; i < pl->n_deletes; i++)
		for (size_t j = 0; j < pl->deletes[i].n_spis; j++)
			if (pl_delete_spi(&pl->deletes[i], j) == spi_out)
				return true;
	return false;
}

static void read_deletes(const struct exchange *x, struct doomed *d)
{
	*d = (struct doomed){ 0 };
	for (size_t i = 0; i < x->pl->n_deletes; i++) {
		const struct pl_delete *del = &x->pl->deletes[i];
		d->ike |= del->protocol == PROTOCOL_IKE;
		for (size_t j = 0; del->protocol != PROTOCOL_IKE && j < del->n_spis; j++) {
			struct child_sa *c =
				child_sa_find_out(x->sa, del->protocol, pl_delete_spi(del, j));
			/* 1.4.1: what we asked to delete ourselves is on its way out already */
			if (c && !c->delete_sent)
				doom(d, c);
			else if (!c)
				create_note_delete(x->sa, pl_delete_spi(del, j));
		}
	}
}

static void add_deletes_of(struct msg_writer *mw, uint8_t protocol, const struct doomed *d)
{
	uint32_t spis[LIMIT_CHILDREN_PER_SA];
	uint16_t n = 0;
	for (size_t i = 0; i < d->n; i++)
		if (child_config_protocol(d->children[i]->config) == protocol)
			spis[n++] = d->children[i]->spi_in;
	if (n)
		msg_writer_add_delete(mw, protocol, spis, n);
}

/* 3.11: the SPIs of one payload are of one protocol. */
static void add_deletes(struct msg_writer *mw, const struct doomed *d)
{
	add_deletes_of(mw, PROTOCOL_ESP, d);
	add_deletes_of(mw, PROTOCOL_AH, d);
}

static int reply_deletes(struct exchange *x, const struct doomed *d)
{
	struct msg_writer mw;
	exchange_begin_reply(x, &mw);
	add_deletes(&mw, d);
	mobike_add_reply(x, &mw);
	return exchange_end(x, &mw);
}

enum verdict on_delete_request(struct exchange *x)
{
	struct doomed d;
	read_deletes(x, &d);
	if (d.ike) {
		if (exchange_reply_empty(x) < 0)
			return V_DROP;
		if (!x->sa->down_why)
			x->sa->down_why = "peer_deleted";
		return V_DELETE;
	}
	if (reply_deletes(x, &d) < 0)
		return V_DROP;
	for (size_t i = 0; i < d.n; i++) {
		struct child_sa *successor = child_sa_successor(d.children[i]);
		if (successor)
			child_sa_complete(successor);
		if (successor)
			child_sa_retire(d.children[i],
					successor->sa == x->sa ? "rekeyed" : "reauthenticated");
		else
			child_sa_down(d.children[i], "peer_deleted");
		child_sa_end(d.children[i]);
	}
	return V_OK;
}

enum verdict on_delete_crossing(struct exchange *x)
{
	struct doomed d;
	read_deletes(x, &d);
	if (exchange_reply_empty(x) < 0)
		return V_DROP;
	return d.ike ? V_DELETE : V_OK;
}

/* RFC 4478 2: of use to who has begun; the other one cannot demand it. */
enum verdict on_auth_lifetime(struct exchange *x)
{
	struct rd sec = rd_of_slice(payload_notify(x->pl, N_AUTH_LIFETIME)->data);
	if (exchange_reply_empty(x) < 0)
		return V_DROP;
	if (x->sa->handover.auth_initiator)
		reauth_demanded(x->sa, rd_u32(&sec));
	return V_OK;
}

enum verdict on_liveness_request(struct exchange *x)
{
	struct msg_writer mw;
	exchange_begin_reply(x, &mw);
	if (payload_has(x->pl, PL_CP))
		config_add_about(x, &mw);
	mobike_add_reply(x, &mw);
	if (exchange_end(x, &mw) < 0)
		return V_DROP;
	mobike_take_list(x);
	return V_OK;
}

enum verdict on_fatal_notify(struct exchange *x)
{
	bool auth = payload_notify(x->pl, N_AUTHENTICATION_FAILED);
	if (exchange_reply_empty(x) < 0)
		return V_DROP;
	x->sa->down_why = auth ? "peer_says_authentication_failed" : "peer_says_invalid_syntax";
	reason_set(&x->reason, REASON_PEER_REFUSED,
		   notify_name(auth ? N_AUTHENTICATION_FAILED : N_INVALID_SYNTAX));
	return V_OK;
}

enum verdict on_bad_request(struct exchange *x)
{
	bool critical = x->fault == -EPROTONOSUPPORT;
	const uint8_t type = x->grammar.payload;

	reason_set(&x->reason, REASON_MALFORMED, payload_name(type));
	reason_hint(&x->reason, "%s", x->grammar.why ? x->grammar.why : "");
	if (!critical) {
		x->sa->down_why = "malformed_request";
		return exchange_refuse(x, N_INVALID_SYNTAX);
	}
	/* 2.5: once the SA is up, only the request is refused */
	return exchange_reply_notify(x, N_UNSUPPORTED_CRITICAL_PAYLOAD, slice_of(&type, 1)) < 0
		       ? V_DROP
		       : V_OK;
}

/* ---- responses ---- */

enum verdict on_informational_response(struct exchange *x)
{
	struct child_sa *c;
	if (x->sa->create)
		return informational_unexpected(x);
	if (!mobike_answered(x)) {
		x->grammar.why = "COOKIE2 is not the one that was sent";
		(void)on_bad_response(x);
		return V_DELETE;
	}
	LIST_EACH(c, &x->sa->children, node)
		if (c->delete_sent)
			child_sa_end(c);
	return V_OK;
}

enum verdict on_delete_response(struct exchange *x)
{
	(void)x;
	return V_OK;
}

/* 2.21.4: no state may change because of it; retransmission finds out. */
enum verdict on_hint(struct exchange *x)
{
	for (size_t i = 0; i < x->pl->n_notifies; i++) {
		uint16_t type = x->pl->notifies[i].type;
		LOG(DEBUG, "unprotected_notify", F_ADDR("peer", &x->peer),
		    F_STR("notify", notify_name(type)), F_SPI64("ike_spi_i", x->sa->spi_i));
		if (x->sa->handshake && notify_is_error(type)) {
			x->sa->handshake->hint = type;
			snprintf(x->sa->handshake->hint_text, sizeof(x->sa->handshake->hint_text),
				 "%s", notify_name(type));
		}
	}
	return V_DROP;
}

/* ---- ends ---- */

int informational_build_delete(struct exchange *x, uint32_t id)
{
	struct msg_writer mw;
	exchange_begin_request(x, &mw, EXCHANGE_INFORMATIONAL, id);
	msg_writer_add_delete_ike(&mw);
	return exchange_end(x, &mw);
}

/* The delete takes its turn: while a request is out, it waits (2.3, window of 1). */
static enum verdict delete_ike(struct exchange *x)
{
	struct window *w = &x->sa->window;
	if (window_is_pending(w)) {
		x->sa->want_delete = true;
		return V_DROP;
	}
	return informational_build_delete(x, window_request_id(w)) < 0 ? V_DELETE : V_OK;
}

enum verdict informational_unexpected(struct exchange *x)
{
	x->grammar.why = "the answer is not one to our request";
	(void)on_bad_response(x);
	return V_DELETE;
}

enum verdict on_bad_response(struct exchange *x)
{
	reason_set(&x->reason, REASON_MALFORMED, payload_name(x->grammar.payload));
	reason_hint(&x->reason, "%s", x->grammar.why ? x->grammar.why : "");
	x->sa->down_why = "malformed_response";
	return informational_build_delete(x, window_request_id(&x->sa->window) + 1) < 0 ? V_DELETE
											: V_OK;
}

enum verdict on_peer_silent(struct exchange *x)
{
	x->sa->down_why = "peer_silent";
	return V_OK;
}

enum verdict on_forget(struct exchange *x)
{
	(void)x;
	return V_OK;
}

enum verdict on_expire(struct exchange *x)
{
	if (!x->sa->redundant)
		x->sa->down_why = x->sa->handover.ends_by_auth ? "not_reauthenticated" : "lifetime";
	return delete_ike(x);
}

enum verdict on_terminate(struct exchange *x)
{
	if (!x->sa->down_why)
		x->sa->down_why = "command";
	return delete_ike(x);
}

enum verdict on_terminate_later(struct exchange *x)
{
	x->sa->want_delete = true;
	return V_OK;
}

/* ---- what an SA says next ---- */

static void children_to_delete(const struct ike_sa *sa, struct doomed *ret)
{
	struct child_sa *c;
	*ret = (struct doomed){ 0 };
	LIST_EACH(c, &sa->children, node)
		if (c->state == CHILD_DELETING)
			doom(ret, c);
}

static void mark_deletes_sent(struct ike_sa *sa)
{
	struct child_sa *c;
	LIST_EACH(c, &sa->children, node)
		c->delete_sent |= c->state == CHILD_DELETING;
}

/* Deletes of children; an empty message asks whether the peer is alive. */
static int send_informational(struct ike_sa *sa, const struct doomed *d)
{
	struct msg_writer mw;
	struct exchange *x = exchange_new(sa->engine, sa, ON_START, NULL);
	if (!x)
		return -ENOMEM;
	exchange_begin_request(x, &mw, EXCHANGE_INFORMATIONAL, window_request_id(&sa->window));
	add_deletes(&mw, d);
	if (d->n == 0)
		mobike_add_probe(sa, &mw);
	int r = exchange_end(x, &mw);
	if (r == 0)
		r = exchange_send_request(x);
	exchange_free(x);
	return r;
}

void informational_next(struct ike_sa *sa)
{
	struct doomed d;
	bool up = sa->state == IKE_ESTABLISHED || sa->state == IKE_REPLACED;
	if (!up || sa->busy || window_is_pending(&sa->window))
		return;
	/* Children that are retired still receive until the peer has answered their delete. */
	if (sa->want_delete && !(sa->handover.superseded && !list_empty(&sa->children))) {
		sa->want_delete = false;
		dispatch_trigger(sa, ON_TERMINATE);
		return;
	}
	if (sa->state == IKE_REPLACED)
		return;
	if (mobike_next(sa))
		return;
	children_to_delete(sa, &d);
	if (d.n == 0 && (create_next(sa) || !sa->want_liveness))
		return;
	sa->want_liveness = false;
	if (send_informational(sa, &d) < 0) {
		LOG(ERROR, "informational_not_sent", F_ADDR("peer", &sa->peer));
		return;
	}
	if (d.n)
		mark_deletes_sent(sa);
}
