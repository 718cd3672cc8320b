/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE_AUTH, both roles, RFC 7296 1.2, 2.15, 2.21.2:
 *
 *	SK {IDi, [N(INITIAL_CONTACT)], [IDr], AUTH, [CP], [N(USE_TRANSPORT_MODE)], SAi2, TSi, TSr} -->
 *	                       <-- SK {IDr, AUTH, [CP], [N(USE_TRANSPORT_MODE)], SAr2, TSi, TSr}
 *	                       <-- SK {IDr, AUTH, N(why there is no child)}
 *	                       <-- SK {N(AUTHENTICATION_FAILED)}
 *
 * The responder checks the peer before it uses its own key: keeper verifies, keeper signs,
 * inner addresses (config_payload.c), child (child.c, kernel), reply.  The initiator checks
 * identity and proof, then what it was given, then the child.
 * The keeper computes all with pre-shared keys, so each step may suspend the exchange.
 */
#include "ike/auth.h"

#include "base/log.h"
#include "ike/child.h"
#include "ike/config_payload.h"
#include "ike/create.h"
#include "ike/duplicate.h"
#include "ike/engine_int.h"
#include "ike/mobike.h"
#include "ike/reauth.h"
#include "ike/rules.h"

#include <errno.h>
#include <string.h>

enum { ID_FIXED_BYTES = 4 }; /* type and reserved, in front of the identity itself */

/* ---- pieces ---- */

void auth_local_id(const struct peer_config *config, const struct addr *local, struct id *ret)
{
	if (config->local_id.type == ID_NONE)
		id_of_addr(local, ret);
	else
		*ret = config->local_id;
}

static void key_of_id(const struct id *id, const struct addr *peer, struct keeper_key *ret)
{
	memset(ret, 0, sizeof(*ret));
	id_text(id, ret->peer_id);
	ret->peer_addr = *peer;
}

void auth_key_of_config(const struct peer_config *config, const struct addr *peer,
			struct keeper_key *ret)
{
	struct id id;
	id_of_addr(peer, &id);
	for (uint8_t i = config->n_peer_ids; i-- > 0;)
		if (config->peer_ids[i].type != ID_NONE)
			id = config->peer_ids[i];
	key_of_id(&id, peer, ret);
}

static int octets(const struct ike_keys *keys, bool initiator, struct slice message,
		  struct slice nonce, struct slice id_body, struct secret *ret)
{
	struct slice sk_p = secret_slice(initiator ? &keys->km.pi : &keys->km.pr);
	return keymat_signed_octets(keys->km.prf, message, nonce, sk_p, id_body, ret);
}

int auth_signed_octets(const struct ike_keys *keys, bool initiator, struct slice message,
		       struct slice nonce, const struct id *id, struct secret *ret)
{
	uint8_t body[ID_FIXED_BYTES + POLICY_ID_MAX_BYTES];
	struct wr w = wr_of(body, sizeof(body));
	pl_id_emit(&w, &(struct pl_id){ .type = id->type, .data = slice_of(id->body, id->len) });
	return w.bad ? -EINVAL : octets(keys, initiator, message, nonce, wr_slice_of(&w), ret);
}

/* The ID payload's body as the peer sent it, its reserved bytes included: AUTH covers them. */
static struct slice received_id_body(const struct pl_id *id)
{
	return slice_of(id->data.p - ID_FIXED_BYTES, id->data.len + ID_FIXED_BYTES);
}

static void add_id(struct msg_writer *mw, uint8_t type, const struct id *id)
{
	msg_writer_add_id(mw, type,
			  &(struct pl_id){ .type = id->type, .data = slice_of(id->body, id->len) });
}

enum verdict auth_no_key(struct exchange *x, int result)
{
	char text[ID_TEXT_MAX_BYTES];
	if (result == -ENOKEY) {
		reason_set(&x->reason, REASON_NO_KEY, "psk");
		if (x->work.peer_id.type != ID_NONE)
			reason_theirs(&x->reason, "%.200s", id_text(&x->work.peer_id, text));
		return V_DELETE;
	}
	reason_set(&x->reason, REASON_INTERNAL, "keeper");
	reason_hint(&x->reason, "%s", strerror(-result));
	return V_DELETE;
}

/* ---- initiator: the request ---- */

int auth_build_request(struct exchange *x)
{
	const struct peer_config *config = x->sa->config;
	struct msg_writer mw;

	exchange_begin_request(x, &mw, EXCHANGE_IKE_AUTH, 1);
	add_id(&mw, PL_IDI, &x->work.local_id);
	if (config->initial_contact && !x->sa->handover.takes_spi && duplicate_is_first(x->sa))
		msg_writer_add_notify(&mw, N_INITIAL_CONTACT, (struct slice){ 0 });
	/* 2.15: a wish, of use only if we know one identity */
	if (config->n_peer_ids == 1 && config->peer_ids[0].type != ID_NONE)
		add_id(&mw, PL_IDR, &config->peer_ids[0]);
	msg_writer_add_auth(&mw, AUTH_METHOD_SHARED_KEY, slice_of(x->work.auth, x->work.auth_len));
	config_add_request(x, &mw);
	x->work.ask = &x->sa->handshake->ask;
	child_wish_selectors(x->sa, x->work.ask);
	int r = child_add_request(x, &mw);
	mobike_add_auth(x, &mw);
	return r < 0 ? r : exchange_end(x, &mw);
}

/* ---- responder ---- */

static enum verdict auth_failed(struct exchange *x)
{
	return exchange_refuse(x, N_AUTHENTICATION_FAILED);
}

/* Would this entry have agreed to the algorithms that we have? */
static bool allows_algorithms(const struct peer_config *config, const struct chosen *c)
{
	struct pl_transform transforms[POLICY_TRANSFORMS_MAX];
	struct pl_proposal p = { .num = 1, .protocol = c->proposal.protocol };
	struct pl_sa sa = { .n_proposals = 1, .proposals = &p };
	struct offers ours;
	struct chosen ignored;
	struct reason why;

	for (uint8_t i = 0; i < c->proposal.n_transforms; i++) {
		const struct transform *t = &c->proposal.transforms[i];
		transforms[i] = (struct pl_transform){ .type = t->type,
						       .id = t->id,
						       .key_bits = t->key_bits };
	}
	p.n_transforms = c->proposal.n_transforms;
	p.transforms = transforms;
	proposal_offers_ike(config, &ours);
	return proposal_choose(&ours, &sa, 0, false, &ignored, &why) == 0;
}

/* What speaks for an entry, 0 = it cannot be. */
static int score(const struct exchange *x, const struct peer_config *c, const struct id *wanted)
{
	int points = 1;
	struct id local;
	if (!peer_config_accepts_id(c, &x->work.peer_id, &x->peer) ||
	    !allows_algorithms(c, &x->sa->algorithms))
		return 0;
	auth_local_id(c, &x->local, &local);
	if (peer_config_names_id(c, &x->work.peer_id, &x->peer))
		points += 2;
	if (wanted->type != ID_NONE && id_eq(wanted, &local))
		points += 4;
	return points;
}

static const struct peer_config *choose_config(struct exchange *x, const struct id *wanted)
{
	const struct peer_config *c = NULL, *best = NULL;
	int best_points = 0;
	while ((c = policy_find_by_addr(x->sa->policy, &x->local, &x->peer, c))) {
		int points = score(x, c, wanted);
		if (points > best_points) {
			best = c;
			best_points = points;
		}
	}
	return best;
}

static enum verdict unknown_identity(struct exchange *x)
{
	char text[ID_TEXT_MAX_BYTES];
	const struct peer_config *c = policy_find_by_addr(x->sa->policy, &x->local, &x->peer, NULL);

	reason_set(&x->reason, REASON_UNKNOWN_PEER, "IDi");
	reason_theirs(&x->reason, "%.200s", id_text(&x->work.peer_id, text));
	if (c && c->n_peer_ids)
		reason_ours(&x->reason, "%.200s", id_text(&c->peer_ids[0], text));
	else if (c)
		reason_ours(&x->reason, "%s", addr_text(&x->peer, text));
	x->work.config = c;
	return auth_failed(x);
}

/* RFC 4478: how long this authentication is good for. */
static void add_lifetime(struct msg_writer *mw, const struct peer_config *config)
{
	uint8_t bytes[4];
	struct wr w = wr_of(bytes, sizeof(bytes));
	if (!config->reauth_ms)
		return;
	wr_u32(&w, (uint32_t)(config->reauth_ms / 1000));
	msg_writer_add_notify(mw, N_AUTH_LIFETIME, wr_slice_of(&w));
}

/* All steps are done: the reply, and what the SA has become. */
static enum verdict reply_and_commit(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct msg_writer mw;

	exchange_begin_reply(x, &mw);
	add_id(&mw, PL_IDR, &x->work.local_id);
	msg_writer_add_auth(&mw, AUTH_METHOD_SHARED_KEY, slice_of(x->work.auth, x->work.auth_len));
	config_add_response(x, &mw);
	child_add_response(x, &mw);
	mobike_add_auth(x, &mw);
	add_lifetime(&mw, x->work.config);
	if (exchange_end(x, &mw) < 0) {
		reason_set(&x->reason, REASON_INTERNAL, "reply");
		return auth_failed(x);
	}
	sa->config = x->work.config;
	mobike_agree(x);
	ike_sa_set_ids(sa, &x->work.local_id, &x->work.peer_id);
	config_commit(x);
	if (payload_notify(x->pl, N_INITIAL_CONTACT))
		duplicate_initial_contact(sa);
	return V_OK;
}

static enum verdict on_responder_signed(struct exchange *x, int result, struct slice auth)
{
	const struct handshake *h = x->sa->handshake;
	if (result < 0 || auth.len > sizeof(x->work.auth)) {
		auth_no_key(x, result);
		return auth_failed(x);
	}
	memcpy(x->work.auth, auth.p, auth.len);
	x->work.auth_len = auth.len;
	x->work.nonce_i = slice_of(h->nonce_i, h->nonce_i_len);
	x->work.nonce_r = slice_of(h->nonce_r, h->nonce_r_len);
	x->work.after_child = reply_and_commit;
	return config_answer(x);
}

static void wrong_key(struct exchange *x)
{
	char text[ID_TEXT_MAX_BYTES];
	reason_set(&x->reason, REASON_WRONG_KEY, "AUTH");
	reason_theirs(&x->reason, "%.200s", id_text(&x->work.peer_id, text));
}

static enum verdict on_peer_verified(struct exchange *x, int result, struct slice unused)
{
	const struct handshake *h = x->sa->handshake;
	struct keeper_key key;
	(void)unused;

	if (result == -EKEYREJECTED) {
		wrong_key(x);
		return auth_failed(x);
	}
	if (result < 0) {
		auth_no_key(x, result);
		return auth_failed(x);
	}
	if (x->work.config->mobike && mobike_sees_nat(x)) {
		reason_set(&x->reason, REASON_NAT, "NO_NATS_ALLOWED");
		return exchange_refuse(x, N_UNEXPECTED_NAT_DETECTED);
	}
	int r = auth_signed_octets(x->sa->keys, false, slice_of(h->response.p, h->response.len),
				   slice_of(h->nonce_i, h->nonce_i_len), &x->work.local_id,
				   &x->work.octets);
	if (r < 0)
		return on_responder_signed(x, r, (struct slice){ 0 });
	key_of_id(&x->work.peer_id, &x->peer, &key);
	return exchange_sign(x, &key, on_responder_signed);
}

static enum verdict wrong_method(struct exchange *x)
{
	reason_set(&x->reason, REASON_AUTH_METHOD, "AUTH");
	reason_ours(&x->reason, "shared key (%d)", AUTH_METHOD_SHARED_KEY);
	reason_theirs(&x->reason, "method %u", x->pl->auth.method);
	return auth_failed(x);
}

static enum verdict verify_peer(struct exchange *x)
{
	const struct handshake *h = x->sa->handshake;
	struct keeper_key key;
	int r = octets(x->sa->keys, true, slice_of(h->request.p, h->request.len),
		       slice_of(h->nonce_r, h->nonce_r_len), received_id_body(&x->pl->idi),
		       &x->work.octets);
	if (r < 0)
		return on_peer_verified(x, r, (struct slice){ 0 });
	key_of_id(&x->work.peer_id, &x->peer, &key);
	return exchange_verify(x, &key, x->pl->auth.data, on_peer_verified);
}

enum verdict on_auth_request(struct exchange *x)
{
	struct id wanted = { 0 };

	if (x->engine->stopping)
		return V_DROP;
	if (id_set(&x->work.peer_id, x->pl->idi.type, x->pl->idi.data) < 0) {
		reason_set(&x->reason, REASON_UNKNOWN_PEER, "IDi");
		reason_hint(&x->reason, "an identity of type %u and %zu bytes", x->pl->idi.type,
			    x->pl->idi.data.len);
		return auth_failed(x);
	}
	if (payload_has(x->pl, PL_IDR) && id_set(&wanted, x->pl->idr.type, x->pl->idr.data) < 0)
		wanted.type = ID_NONE;
	x->work.config = choose_config(x, &wanted);
	if (!x->work.config)
		return unknown_identity(x);
	if (x->pl->auth.method != AUTH_METHOD_SHARED_KEY)
		return wrong_method(x);
	auth_local_id(x->work.config, &x->local, &x->work.local_id);
	return verify_peer(x);
}

enum verdict on_auth_unsupported(struct exchange *x)
{
	reason_set(&x->reason, REASON_AUTH_METHOD, "AUTH");
	reason_ours(&x->reason, "shared key (%d)", AUTH_METHOD_SHARED_KEY);
	reason_theirs(&x->reason, "%s", payload_has(x->pl, PL_AUTH) ? "no child" : "EAP");
	return auth_failed(x);
}

/* ---- initiator: the response ---- */

/*
 * The responder holds an SA for us already, so it must hear that we refuse it (2.21.2): an
 * INFORMATIONAL, which the rule's state waits for.
 */
static enum verdict tell_failure(struct exchange *x)
{
	struct msg_writer mw;
	exchange_begin_request(x, &mw, EXCHANGE_INFORMATIONAL, 2);
	msg_writer_add_notify(&mw, N_AUTHENTICATION_FAILED, (struct slice){ 0 });
	if (exchange_end(x, &mw) < 0)
		x->out = (struct slice){ 0 };
	return V_DELETE;
}

/* 2.9: the IKE SA is up without the child, which is asked for again by the packet's addresses. */
static void ask_for_single_pair(const struct exchange *x)
{
	struct wish wish = x->sa->handshake->ask.wish;
	wish.single = true;
	wish.has_larval = false;
	if (create_add_child(x->sa, &wish, NULL, NULL) < 0)
		LOG(WARNING, "cannot_initiate", F_STR("remote", ike_sa_remote(x->sa)),
		    F_STR("child", wish.child->name), F_STR("error", "out of memory"));
}

static enum verdict commit_response(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct child_sa *orphan;

	ike_sa_set_ids(sa, &sa->local_id, &x->work.peer_id);
	mobike_agree(x);
	config_commit(x);
	if (x->work.asks_single)
		ask_for_single_pair(x);
	const struct pl_notify *lifetime = payload_notify(x->pl, N_AUTH_LIFETIME);
	struct rd sec = rd_of_slice(lifetime ? lifetime->data : (struct slice){ 0 });
	if (lifetime) {
		sa->handover.auth_ms = engine_now_ms(x->engine);
		sa->handover.auth_initiator = true;
		reauth_demanded(sa, rd_u32(&sec));
	}
	/* What only the peer has is a child to be deleted, like one that has lived. */
	if (x->work.orphan_spi && child_sa_new(sa, sa->wanted, x->work.orphan_spi, &orphan) == 0) {
		orphan->state = CHILD_DELETING;
		orphan->sa = sa;
		list_add(&sa->children, &orphan->node);
	} else if (x->work.orphan_spi) {
		sa->want_delete = true;
	}
	return V_OK;
}

static enum verdict on_responder_verified(struct exchange *x, int result, struct slice unused)
{
	struct handshake *h = x->sa->handshake;
	(void)unused;
	if (result == -EKEYREJECTED) {
		wrong_key(x);
		return tell_failure(x);
	}
	if (result < 0) {
		auth_no_key(x, result);
		return tell_failure(x);
	}
	x->work.ask = &h->ask;
	x->work.nonce_i = slice_of(h->nonce_i, h->nonce_i_len);
	x->work.nonce_r = slice_of(h->nonce_r, h->nonce_r_len);
	x->work.after_child = commit_response;
	return config_accept(x);
}

static enum verdict wrong_identity(struct exchange *x)
{
	const struct peer_config *c = x->sa->config;
	char text[ID_TEXT_MAX_BYTES];

	reason_set(&x->reason, REASON_ID_MISMATCH, "IDr");
	reason_theirs(&x->reason, "%.200s", id_text(&x->work.peer_id, text));
	if (c->n_peer_ids && c->peer_ids[0].type != ID_NONE)
		reason_ours(&x->reason, "%.200s", id_text(&c->peer_ids[0], text));
	else
		reason_ours(&x->reason, "%s", addr_text(&x->sa->peer, text));
	return tell_failure(x);
}

enum verdict on_auth_response(struct exchange *x)
{
	const struct ike_sa *sa = x->sa;
	const struct handshake *h = sa->handshake;
	struct keeper_key key;

	if (id_set(&x->work.peer_id, x->pl->idr.type, x->pl->idr.data) < 0 ||
	    !peer_config_accepts_id(sa->config, &x->work.peer_id, &sa->peer))
		return wrong_identity(x);
	if (x->pl->auth.method != AUTH_METHOD_SHARED_KEY) {
		wrong_method(x);
		return tell_failure(x);
	}
	int r = octets(sa->keys, false, slice_of(h->response.p, h->response.len),
		       slice_of(h->nonce_i, h->nonce_i_len), received_id_body(&x->pl->idr),
		       &x->work.octets);
	if (r < 0)
		return on_responder_verified(x, r, (struct slice){ 0 });
	key_of_id(&x->work.peer_id, &sa->peer, &key);
	return exchange_verify(x, &key, x->pl->auth.data, on_responder_verified);
}

enum verdict on_auth_refused(struct exchange *x)
{
	const char *name = "IKE_AUTH";
	char text[ID_TEXT_MAX_BYTES];

	for (size_t i = x->pl->n_notifies; i-- > 0;)
		if (notify_is_error(x->pl->notifies[i].type))
			name = notify_name(x->pl->notifies[i].type);
	reason_set(&x->reason, REASON_PEER_REFUSED, name);
	reason_ours(&x->reason, "%.200s", id_text(&x->sa->local_id, text));
	reason_hint(&x->reason, "the peer does not know our identity, or its key differs");
	return V_OK;
}

enum verdict on_auth_bad_response(struct exchange *x)
{
	struct msg_writer mw;
	if (x->fault) {
		reason_set(&x->reason, REASON_MALFORMED, "IKE_AUTH");
		reason_hint(&x->reason, "%s", x->grammar.why ? x->grammar.why : "");
	} else {
		reason_set(&x->reason, REASON_AUTH_METHOD, "AUTH");
		reason_theirs(&x->reason, "EAP");
	}
	exchange_begin_request(x, &mw, EXCHANGE_INFORMATIONAL, 2);
	msg_writer_add_delete_ike(&mw);
	if (exchange_end(x, &mw) < 0)
		x->out = (struct slice){ 0 };
	return V_DELETE;
}
