/* SPDX-License-Identifier: BSD-2-Clause */
/* One look-up per peer, before there is anything that could wait for it; the resolver does the rest. */
#include "resolve.h"

#include "base/log.h"
#include "policy/owner.h"

static void resolve_peer(struct peer_config *peer)
{
	struct err err = { 0 };
	int n = addr_resolve(peer->peer_name, peer->peer_addrs, POLICY_ADDRS_MAX, &err);

	if (n < 0)
		LOG(WARNING, "peer_unresolved", F_STR("remote", peer->name),
		    F_STR("name", peer->peer_name), F_STR("reason", err.text));
	else
		peer->n_peer_addrs = (uint8_t)n;
}

void resolve_peers(struct policy *policy)
{
	struct peer_config *peer;

	LIST_EACH(peer, &policy->peers, node) {
		peer->by_name = peer->peer_name[0] && peer->n_peer_addrs == 0;
		if (peer->by_name)
			resolve_peer(peer);
	}
	owner_settle(policy);
}
