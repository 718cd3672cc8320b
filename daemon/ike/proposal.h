/* SPDX-License-Identifier: BSD-2-Clause */
/* Negotiation of algorithms, RFC 7296 2.7, 3.3 and RFC 5282 8: pure functions. */
#ifndef TANUKI_IKE_PROPOSAL_H
#define TANUKI_IKE_PROPOSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/wire.h"
#include "ike/reason.h"
#include "msg/pl.h"
#include "msg/writer.h"
#include "policy/policy.h"

/* A configured proposal that mixes AEADs with other ciphers becomes two on the wire. */
enum { PROPOSAL_OFFERS_MAX = 2 * POLICY_PROPOSALS_MAX };

/* What we offer or accept, in order of preference; proposal i has number i + 1 on the wire. */
struct offers {
	uint8_t n;
	struct proposal p[PROPOSAL_OFFERS_MAX];
};

/* For an IKE SA with this peer. */
void proposal_offers_ike(const struct peer_config *peer, struct offers *ret);
/* For a first Child SA: no key exchange, ESN as the entry says. */
void proposal_offers_esp(const struct child_config *child, struct offers *ret);

/*
 * For a Child SA of CREATE_CHILD_SA: the same with these key exchange groups, in order of
 * preference; KE_NONE means that none is acceptable too (2.17).
 */
void proposal_offers_child(const struct child_config *child, const uint16_t *groups,
			   uint8_t n_groups, struct offers *ret);

/* Adds the SA payload with all offers; spi is in each (empty in IKE_SA_INIT). */
void proposal_emit(struct msg_writer *mw, const struct offers *offers, struct slice spi);

/* What was agreed: at most one transform of each type. */
struct chosen {
	uint8_t num; /* of the initiator's proposal */
	struct proposal proposal;
	struct slice spi; /* the peer's, borrowed from the message */
};

/* NULL if there is none of the type. */
const struct transform *chosen_transform(const struct chosen *c, uint8_t type);
/* Its id, 0 if there is none. */
uint16_t chosen_id(const struct chosen *c, uint8_t type);
/* Adds the SA payload of the answer. */
void proposal_emit_chosen(struct msg_writer *mw, const struct chosen *c, struct slice spi);

/*
 * Responder: our most preferred proposal that the peer offers too.  prefer_group: a KE group
 * that saves a round trip if it is acceptable, 0 = none.  ignore_ke: in IKE_AUTH there is no
 * key exchange (1.2).  -ENOENT: nothing in common, *reason says which transform types failed
 * in the pair of proposals that comes closest.
 */
MUST_USE int proposal_choose(const struct offers *ours, const struct pl_sa *theirs,
			     uint16_t prefer_group, bool ignore_ke, struct chosen *ret,
			     struct reason *reason);

/*
 * Initiator: checks that the answer is one of our offers, cut to one transform of each type.
 * -EBADMSG: it is not, *reason says what.
 */
MUST_USE int proposal_check(const struct offers *ours, const struct pl_sa *answer,
			    struct chosen *ret, struct reason *reason);

/* Does any of the offers have this KE group?  (For INVALID_KE_PAYLOAD, 2.7.) */
bool proposal_has_group(const struct offers *offers, uint16_t group);
/* The group of our first preference, 0 if none. */
uint16_t proposal_first_group(const struct offers *offers);

/* All offers as text for logs, cut at the end of buf; buf returned. */
const char *proposal_offers_text(const struct offers *offers, char buf[REASON_FIELD_MAX_BYTES]);

#endif
