/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/owner.h"

#include "policy/reqid.h"

static unsigned int part(const struct policy *p, uint32_t spread)
{
	return p->engines > 1 ? spread % (unsigned int)p->engines : 0;
}

static const struct peer_config *find_named(const struct policy *p, const struct addr *a)
{
	const struct peer_config *peer;
	LIST_EACH(peer, &p->peers, node)
		for (uint8_t i = 0; i < peer->n_peer_addrs; i++)
			if (addr_eq(&peer->peer_addrs[i], a))
				return peer;
	return NULL;
}

/* An earlier entry with one of its addresses; NULL: none. */
static const struct peer_config *find_relative(const struct peer_config *peer)
{
	for (uint8_t i = 0; i < peer->n_peer_addrs; i++) {
		const struct peer_config *first = find_named(peer->policy, &peer->peer_addrs[i]);
		if (first != peer)
			return first;
	}
	return NULL;
}

void owner_settle(struct policy *p)
{
	struct peer_config *peer;
	LIST_EACH(peer, &p->peers, node) {
		const struct peer_config *relative = p->engines > 1 ? find_relative(peer) : NULL;
		if (relative)
			peer->spread = relative->spread;
		else if (peer->n_peer_addrs)
			peer->spread = addr_spread(&peer->peer_addrs[0]);
		else
			peer->spread = policy_reqid(peer->name, "") / POLICY_REQID_VARIANTS;
	}
}

unsigned int owner_of_peer(const struct peer_config *peer)
{
	return part(peer->policy, peer->spread);
}

unsigned int owner_of_addr(const struct policy *p, const struct addr *a)
{
	const struct peer_config *peer = p->engines > 1 ? find_named(p, a) : NULL;
	return part(p, peer ? peer->spread : addr_spread(a));
}

static const struct peer_config *find_by_reqid(const struct policy *p, uint32_t reqid)
{
	const struct peer_config *peer;
	const struct child_config *child;
	LIST_EACH(peer, &p->peers, node)
		LIST_EACH(child, &peer->children, node)
			if (child->install_policy && child->reqid == policy_reqid_base(reqid))
				return peer;
	return NULL;
}

unsigned int owner_of_acquire(const struct policy *p, uint32_t reqid, const struct addr *a)
{
	const struct peer_config *peer = p->engines > 1 && reqid ? find_by_reqid(p, reqid) : NULL;
	return peer && !peer_config_is_anonymous(peer) ? owner_of_peer(peer) : owner_of_addr(p, a);
}
