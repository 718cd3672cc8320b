/* SPDX-License-Identifier: BSD-2-Clause */
/* Several IKE SAs with one peer. */
#include "ike/duplicate.h"

#include "base/log.h"
#include "ike/child_sa.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"
#include "ike/reauth.h"

#include <ctype.h>
#include <string.h>

/* ---- by identity ---- */

/* Of both identities; letters count alike, as in id_eq(). */
static uint64_t hash_ids(const struct engine *e, const struct id *local, const struct id *peer)
{
	uint8_t text[2 * POLICY_ID_MAX_BYTES];
	size_t n = 0;
	for (uint16_t i = 0; i < local->len; i++)
		text[n++] = (uint8_t)tolower(local->body[i]);
	for (uint16_t i = 0; i < peer->len; i++)
		text[n++] = (uint8_t)tolower(peer->body[i]);
	return hash_sip(e->hash_key, text, n);
}

static struct ike_sa *find_by_ids(const struct engine *e, const struct id *local,
				  const struct id *peer)
{
	struct hash_node *n = hash_find(&e->by_ids, hash_ids(e, local, peer));
	return n ? CONTAINER_OF(n, struct ike_sa, by_ids) : NULL;
}

static bool has_ids(const struct ike_sa *sa, const struct id *local, const struct id *peer)
{
	return id_eq(&sa->local_id, local) && id_eq(&sa->peer_id, peer);
}

/* Those with the same identities, from the first on, round to it.  NULL: that was the last. */
static struct ike_sa *next_of(const struct ike_sa *first, const struct ike_sa *sa)
{
	struct ike_sa *next = CONTAINER_OF(sa->same_ids.next, struct ike_sa, same_ids);
	return next == first ? NULL : next;
}

void duplicate_learn_ids(struct ike_sa *sa)
{
	struct engine *e = sa->engine;
	struct ike_sa *first = find_by_ids(e, &sa->local_id, &sa->peer_id);
	if (first)
		list_add(&first->same_ids, &sa->same_ids);
	else
		sa->in_by_ids = hash_add(&e->by_ids, &sa->by_ids,
					 hash_ids(e, &sa->local_id, &sa->peer_id)) == 0;
}

void duplicate_forget_ids(struct ike_sa *sa)
{
	struct hash *by_ids = &sa->engine->by_ids;
	struct ike_sa *next = CONTAINER_OF(sa->same_ids.next, struct ike_sa, same_ids);
	if (sa->in_by_ids) {
		hash_remove(by_ids, &sa->by_ids);
		next->in_by_ids = next != sa &&
				  hash_add(by_ids, &next->by_ids, sa->by_ids.key) == 0;
	}
	sa->in_by_ids = false;
	list_remove(&sa->same_ids);
}

/* ---- what is the same ---- */

static bool same_ts(const struct ts_list *a, const struct ts_list *b)
{
	if (a->n != b->n)
		return false;
	for (uint8_t i = 0; i < a->n; i++)
		if (!ts_eq(&a->ts[i], &b->ts[i]))
			return false;
	return true;
}

static const struct child_sa *up_child(const struct ike_sa *sa)
{
	const struct child_sa *c;
	LIST_EACH(c, &sa->children, node)
		if (c->state == CHILD_UP)
			return c;
	return NULL;
}

static bool same_child(const struct ike_sa *a, const struct ike_sa *b)
{
	const struct child_sa *x = up_child(a), *y = up_child(b);
	return x && y && x->mode == y->mode && same_ts(&x->local_ts, &y->local_ts) &&
	       same_ts(&x->peer_ts, &y->peer_ts);
}

/* Each was begun before the other was up: neither replaces the other on purpose. */
static bool crossed(const struct ike_sa *a, const struct ike_sa *b)
{
	return a->initiator != b->initiator && a->created_nth < b->up_nth &&
	       b->created_nth < a->up_nth;
}

/* The child that the negotiation of sa is about. */
static bool has_wanted_child(const struct ike_sa *other, const struct wish *w)
{
	const struct child_sa *before = w->follows ? child_sa_find_in(other->engine, w->follows)
						   : NULL;
	const struct child_sa *c;
	if (before)
		return before->sa != other && reauth_find_cover(other, before);
	LIST_EACH(c, &other->children, node)
		if (c->state == CHILD_UP && strcmp(c->config->name, w->child->name) == 0 &&
		    (!w->has_packet || (ts_in_list(&w->packet_local, &c->local_ts) &&
					ts_in_list(&w->packet_peer, &c->peer_ts))))
			return true;
	return false;
}

uint64_t duplicate_overtaken_by(const struct ike_sa *sa)
{
	const struct ike_sa *other;
	LIST_EACH(other, &sa->engine->sas, node)
		if (ike_sa_is_up(other) && other->initiator != sa->initiator &&
		    !other->want_delete && sa->created_nth < other->up_nth &&
		    addr_eq(&other->peer, &sa->peer) &&
		    strcmp(other->config->name, sa->config->name) == 0 &&
		    has_wanted_child(other, &sa->handshake->ask.wish))
			return ike_sa_own_spi(other);
	return 0;
}

bool duplicate_gives_way(const struct ike_sa *sa, const struct id *peer_id,
			 const struct child_sa *c)
{
	const struct ike_sa *first = find_by_ids(sa->engine, &sa->local_id, peer_id);
	if (sa->state != IKE_AUTH_SENT)
		return false;
	for (const struct ike_sa *other = first; other; other = next_of(first, other))
		if (other->initiator != sa->initiator && ike_sa_is_up(other) &&
		    sa->created_nth < other->up_nth && has_ids(other, &sa->local_id, peer_id) &&
		    reauth_find_cover(other, c) &&
		    nonce_min_is_lower(&sa->nonce_min, &other->nonce_min))
			return true;
	return false;
}

/* One of the two, if they are the same twice. */
static void check_pair(struct ike_sa *sa, struct ike_sa *other)
{
	if (!ike_sa_is_up(other) || !crossed(sa, other) ||
	    !has_ids(other, &sa->local_id, &sa->peer_id) ||
	    !(sa->handover.gave_way || same_child(sa, other)))
		return;
	bool sa_loses = nonce_min_is_lower(&sa->nonce_min, &other->nonce_min);
	struct ike_sa *loser = sa_loses ? sa : other;
	if (!loser->initiator)
		return;
	LOG(DEBUG, "duplicate_ike_sa", F_STR("remote", ike_sa_remote(loser)),
	    F_SPI64("ike_spi_i", loser->spi_i), F_SPI64("ike_spi_r", loser->spi_r));
	reauth_yield(loser, sa_loses ? other : sa, "duplicate");
}

/* No SA is freed in this: those that go stay for a while (LIMIT_LINGER_MS), or till the loop turns. */
void duplicate_check(struct ike_sa *sa)
{
	for (struct ike_sa *other = next_of(sa, sa); other; other = next_of(sa, other))
		check_pair(sa, other);
}

static bool was_up(const struct ike_sa *sa)
{
	return sa->state == IKE_ESTABLISHED || sa->state == IKE_REPLACED ||
	       sa->state == IKE_DELETING;
}

void duplicate_initial_contact(struct ike_sa *sa)
{
	for (struct ike_sa *other = next_of(sa, sa); other; other = next_of(sa, other)) {
		if (!was_up(other) || other->up_nth > sa->created_nth ||
		    !has_ids(other, &sa->local_id, &sa->peer_id))
			continue;
		other->down_why = "initial_contact";
		other->by_command = true;
		dispatch_trigger(other, ON_REPLACED);
	}
}

bool duplicate_is_first(const struct ike_sa *sa)
{
	const struct ike_sa *other;
	LIST_EACH(other, &sa->engine->sas, node) {
		if (other == sa || !addr_eq(&other->peer, &sa->peer))
			continue;
		if (other->state == IKE_AUTH_SENT || other->state == IKE_ESTABLISHED ||
		    other->state == IKE_DELETING)
			return false;
	}
	return true;
}
