/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where an IKE SA and its children are: RFC 7296 2.11, 2.23.  Whoever is behind a NAT may come from
 * another address or port at any time; we learn it from authentic packets only, and only if we are
 * not behind a NAT ourselves (else anybody could lead our traffic away for good).
 */
#ifndef TANUKI_IKE_MOVE_H
#define TANUKI_IKE_MOVE_H

#include <stdbool.h>

#include "base/addr.h"

struct child_sa;
struct engine;
struct exchange;
struct ike_sa;

/*
 * The IKE SA's messages go there from now on, from there (with ports), and its children follow.
 * If a child cannot, the IKE SA is to be deleted: it is made anew.
 */
void move_ike_sa(struct ike_sa *sa, const struct addr *local, const struct addr *peer, bool natt);
/* Children that are not where their IKE SA is go there. */
void move_along(struct ike_sa *sa);
/* A message of the SA was authentic and new: the peer is where it came from. */
void move_follow(const struct exchange *x);
/*
 * The kernel took an authentic ESP packet of this child from another address or port
 * (KEYDB_EVENT_MAPPING): the NAT has changed its mind, for IKE too.
 */
void move_mapping(struct child_sa *c, const struct addr *peer);

#endif
