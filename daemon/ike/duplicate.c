/* SPDX-License-Identifier: BSD-2-Clause */
/* Several IKE SAs with one peer. */
#include "ike/duplicate.h"

#include "base/log.h"
#include "ike/child_sa.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"
#include "ike/reauth.h"

#include <string.h>

static bool same_peers(const struct ike_sa *a, const struct ike_sa *b)
{
	return a->ids_hash == b->ids_hash && id_eq(&a->local_id, &b->local_id) &&
	       id_eq(&a->peer_id, &b->peer_id);
}

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
	const struct ike_sa *other;
	if (sa->state != IKE_AUTH_SENT)
		return false;
	LIST_EACH(other, &sa->engine->sas, node)
		if (other->initiator != sa->initiator && ike_sa_is_up(other) &&
		    sa->created_nth < other->up_nth && id_eq(&other->local_id, &sa->local_id) &&
		    id_eq(&other->peer_id, peer_id) && reauth_find_cover(other, c) &&
		    nonce_min_is_lower(&sa->nonce_min, &other->nonce_min))
			return true;
	return false;
}

void duplicate_check(struct ike_sa *sa)
{
	struct ike_sa *other;
	LIST_EACH(other, &sa->engine->sas, node) {
		if (other == sa || !ike_sa_is_up(other) || !crossed(sa, other) ||
		    !same_peers(sa, other) || !(sa->handover.gave_way || same_child(sa, other)))
			continue;
		bool sa_loses = nonce_min_is_lower(&sa->nonce_min, &other->nonce_min);
		struct ike_sa *loser = sa_loses ? sa : other;
		if (!loser->initiator)
			continue;
		LOG(DEBUG, "duplicate_ike_sa", F_STR("remote", ike_sa_remote(loser)),
		    F_SPI64("ike_spi_i", loser->spi_i), F_SPI64("ike_spi_r", loser->spi_r));
		reauth_yield(loser, sa_loses ? other : sa, "duplicate");
	}
}

void duplicate_initial_contact(struct ike_sa *sa)
{
	struct ike_sa *other;
	LIST_EACH(other, &sa->engine->sas, node) {
		bool was_up = other->state == IKE_ESTABLISHED || other->state == IKE_REPLACED ||
			      other->state == IKE_DELETING;
		if (other == sa || !was_up || other->up_nth > sa->created_nth ||
		    !same_peers(sa, other))
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
