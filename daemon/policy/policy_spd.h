/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which SPD entries we want for a child: from its configuration (traps, which make the
 * kernel ask for SAs) or from negotiated selectors.  Both come from one function, so that
 * a child that was not narrowed replaces its own traps.
 *
 *	local_ts x peer_ts  ->  out             local -> peer   through local end -> peer end
 *	                        in              peer -> local   through peer end -> local end
 *	                        fwd (tunnel)    as in
 *
 * Of two entries that match a packet, the kernel takes the one with the lower priority.  An entry's
 * priority follows from the selectors of the configuration, the narrower ones first; what a peer
 * narrows them to does not count, or it could take precedence over the traffic of another peer.
 */
#ifndef TANUKI_POLICY_POLICY_SPD_H
#define TANUKI_POLICY_POLICY_SPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <keydb.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/err.h"
#include "policy/policy.h"

/* The priority of the widest selectors that are not given one; narrower ones count down. */
enum { POLICY_SPD_PRIORITY_WIDEST = 100000 };

/* For the same selectors: a child goes before the trap that asked for it, a plain policy before both. */
enum policy_spd_class { POLICY_SPD_TRAP, POLICY_SPD_CHILD, POLICY_SPD_PLAIN };

/* Both ends of the tunnel, or of the transport connection. */
struct policy_spd_ends {
	struct addr local; /* unset: the kernel chooses by its routes */
	struct addr peer;
	uint32_t reqid; /* 0: the child's */
	bool comp;      /* through IPComp first, RFC 7296 2.22 */
};

/*
 * The entries for each pair of a local and a peer selector of one family and protocol, at most
 * max into ret, their number in *ret_n; nothing of ret counts on failure.  Ranges of addresses
 * and ports are cut into pieces that the kernel can match.  err says which selector it was.
 * -EINVAL: peer's end is not set; -ERANGE: the kernel cannot match it (OPAQUE ports); -ENOENT: no pair; -E2BIG: more than max.
 */
MUST_USE int policy_spd_build(const struct child_config *child, const struct policy_spd_ends *ends,
			      const struct ts_list *local_ts, const struct ts_list *peer_ts,
			      struct keydb_policy *ret, size_t max, size_t *ret_n, struct err *err);

/* The same with the child's own selectors; an empty list means the end's address. */
MUST_USE int policy_spd_traps(const struct child_config *child, const struct policy_spd_ends *ends,
			      struct keydb_policy *ret, size_t max, size_t *ret_n, struct err *err);

/* The entries of a plain policy, in all three directions; no ends.  As policy_spd_build(). */
MUST_USE int policy_spd_plain(const struct plain_policy *plain, struct keydb_policy *ret,
			      size_t max, size_t *ret_n, struct err *err);

/* KEYDB_MODE_* of a child's SAs and templates. */
uint8_t policy_spd_mode(enum child_mode mode);

/* KEYDB_PROTO_ESP or KEYDB_PROTO_AH. */
uint8_t policy_spd_proto(const struct child_config *child);

/* Lower wins.  given: what the configuration says, 0 = nothing. */
uint32_t policy_spd_priority(uint32_t given, const struct ts *local, const struct ts *peer,
			     enum policy_spd_class class);
/* That of the entries which policy_spd_build() makes of this pair. */
uint32_t policy_spd_child_priority(const struct child_config *child,
				   const struct policy_spd_ends *ends, const struct ts *local,
				   const struct ts *peer);
/* Are these all the packets that the traps of the entry are for?  Then a child replaces them. */
bool policy_spd_is_whole(const struct child_config *child, const struct policy_spd_ends *ends,
			 const struct ts_list *local_ts, const struct ts_list *peer_ts);

#endif
