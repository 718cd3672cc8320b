/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces of IKE_AUTH that IKE_SA_INIT needs too. */
#ifndef TANUKI_IKE_AUTH_H
#define TANUKI_IKE_AUTH_H

#include <stdbool.h>

#include "ike/exchange.h"

enum { AUTH_METHOD_SHARED_KEY = 2 };

/* Who we are to this peer: the entry's identity, or the address that we use. */
void auth_local_id(const struct peer_config *config, const struct addr *local, struct id *ret);
/* The key of a peer whose identity is not proven: the entry's, or its address. */
void auth_key_of_config(const struct peer_config *config, const struct addr *peer,
			struct keeper_key *ret);
/*
 * What the initiator (or responder) signs: its IKE_SA_INIT message, the other's nonce, and
 * prf(SK_p, its identity) with the identity as we emit it.  *ret must be empty.
 */
MUST_USE int auth_signed_octets(const struct ike_keys *keys, bool initiator, struct slice message,
				struct slice nonce, const struct id *id, struct secret *ret);
/* Builds the IKE_AUTH request into x->out from x->work (keys, auth, local_id); what it promises
 * is noted in the handshake. */
MUST_USE int auth_build_request(struct exchange *x);
/* The keeper did not sign: the reason, and V_DELETE. */
enum verdict auth_no_key(struct exchange *x, int result);

#endif
