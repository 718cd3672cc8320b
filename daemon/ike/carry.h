/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which child carries which packets: what is agreed with one peer takes nothing from another, and
 * children of one entry that were narrowed to different packets are told apart by the kernel.
 */
#ifndef TANUKI_IKE_CARRY_H
#define TANUKI_IKE_CARRY_H

#include <stdbool.h>

#include "base/attr.h"
#include "ike/child_sa.h"
#include "ike/reason.h"

/* The ends of a child's policies, as policy/policy_spd.h wants them. */
struct policy_spd_ends carry_ends(const struct child_sa *c);
/* Is it all that the child's entry is for?  Then it has the place of the entry's traps. */
bool carry_is_whole(const struct child_sa *c);

/*
 * Would this new child of the peer with this identity take packets that a child of another one
 * carries, or that a plain policy is for?  Its selectors, entry and ends are known.  Wider or narrower
 * entries are the administrator's order and take nothing; what lies in the traffic of an entry that
 * goes first, or meets that of one with the same rank, does.  False, and *why, if so.
 */
bool carry_check(const struct child_sa *c, const struct id *peer_id, struct reason *why);

/*
 * A child that is up in another IKE SA of the same peer and carries just the same, between the same
 * ends: this new one is to follow it (2.8.3).  The youngest; NULL: none.
 */
struct child_sa *carry_find_same(const struct child_sa *c, const struct id *peer_id);

/*
 * May this child go to other outer addresses?  Not if a child of another IKE SA with the same reqid
 * is there, whose packets the kernel would then send over this one.
 */
bool carry_may_move(const struct child_sa *c, const struct addr *local, const struct addr *peer);
/*
 * The reqid of a new child that does not rekey another one: that of its entry if it is whole, of a child
 * with the same selectors if there is one, else a variant that no other one has, since the kernel takes
 * any SA with the reqid.  Where others have made the policies it is theirs, c->reqid.  -EMFILE: there are
 * too many.
 */
MUST_USE int carry_choose_reqid(const struct child_sa *c, uint32_t *ret);

#endif
