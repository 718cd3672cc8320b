/* SPDX-License-Identifier: BSD-2-Clause */
/* An IKE SA that is elsewhere now, and its children with it. */
#include "ike/move.h"

#include "base/log.h"
#include "ike/child_sa.h"
#include "ike/exchange.h"
#include "ike/ike_sa.h"
#include "ike/informational.h"

#include <errno.h>

static bool is_encapsulated(const struct ike_sa *sa)
{
	return sa->nat_local || sa->nat_peer;
}

/* Its ESP comes from elsewhere, and ours would go nowhere: only new SAs help. */
static void give_up(struct ike_sa *sa)
{
	if (!sa->down_why)
		sa->down_why = "peer_moved";
	sa->want_delete = true;
}

void move_along(struct ike_sa *sa)
{
	struct child_sa *c;
	if (sa->state != IKE_ESTABLISHED || sa->want_delete || sa->mobike.unsettled)
		return;
	LIST_EACH(c, &sa->children, node)
		if (child_sa_move(c, &sa->local, &sa->peer, is_encapsulated(sa)) < 0)
			give_up(sa);
}

void move_ike_sa(struct ike_sa *sa, const struct addr *local, const struct addr *peer, bool natt)
{
	if (addr_eq_port(&sa->peer, peer) && addr_eq_port(&sa->local, local))
		return;
	if (sa->state == IKE_ESTABLISHED)
		LOG(INFO, "peer_moved", F_STR("remote", ike_sa_remote(sa)),
		    F_ADDR("from", &sa->peer), F_ADDR("to", peer), F_SPI64("ike_spi_i", sa->spi_i),
		    F_SPI64("ike_spi_r", sa->spi_r));
	sa->peer = *peer;
	sa->local = *local;
	sa->natt = natt;
	if (!sa->mobike.unsettled) {
		sa->mobike.home_peer = *peer;
		sa->mobike.home_local = *local;
	}
	move_along(sa);
}

/* While an SA is being made the initiator moves to port 4500. */
static bool may_follow(const struct ike_sa *sa)
{
	return sa->state == IKE_HALF_OPEN || (sa->nat_peer && !sa->nat_local);
}

/* RFC 4555 3.8: then IKE's messages prove nothing about where the peer wants to be. */
static bool is_told(const struct ike_sa *sa)
{
	return sa->mobike.on && sa->state != IKE_HALF_OPEN;
}

void move_follow(const struct exchange *x)
{
	bool message = x->trigger == ON_REQUEST || x->trigger == ON_RESPONSE;
	if (message && x->msg.opened && may_follow(x->sa) && !is_told(x->sa))
		move_ike_sa(x->sa, &x->local, &x->peer, x->natt);
}

void move_mapping(struct child_sa *c, const struct addr *peer)
{
	struct ike_sa *sa = c->sa;
	/* While the kernel is at it, its news are old. */
	if (sa->state != IKE_ESTABLISHED || !may_follow(sa) || !c->encap || c->n_moving ||
	    sa->mobike.unsettled || peer->family != c->peer.family || peer->port == 0 ||
	    addr_eq_port(peer, &c->peer))
		return;
	move_ike_sa(sa, &sa->local, peer, sa->natt);
	informational_next(sa);
}
