/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reauthentication (RFC 7296 2.8.3, RFC 4478), make before break: another IKE SA with the same
 * children is made while the old one carries the traffic, and takes it over.
 */
#ifndef TANUKI_IKE_REAUTH_H
#define TANUKI_IKE_REAUTH_H

#include <stdbool.h>

#include "base/attr.h"
#include "ike/child_sa.h"
#include "ike/ike_sa.h"

/*
 * Begins; nothing if it is on its way.  -ESTALE: the SA is not up any more; -ENOENT: it has no child,
 * or its entry is not in the configuration any more; and what initiate_begin() says.
 */
MUST_USE int reauth_start(struct ike_sa *old, struct err *err);
/* It is established, or has learned a limit: when it is to be reauthenticated, and when it ends without. */
void reauth_arm(struct ike_sa *sa);
/* The peer demands to be reauthenticated so soon (RFC 4478); 0 is at once. */
void reauth_demanded(struct ike_sa *sa, uint32_t sec);
/*
 * Of two IKE SAs with one peer this one is to go; its children go on in the other one, where they are
 * made if need be.  Nothing if it does that already.  why: static, for the log.
 */
void reauth_yield(struct ike_sa *sa, struct ike_sa *to, const char *why);
/* Something about this SA or its children has changed: goes on with what it is part of. */
void reauth_go_on(struct ike_sa *sa);
/* An heir is what the SA before was, here too. */
void reauth_inherit(struct ike_sa *heir, struct ike_sa *old);
/* It ends, and the peer has made its children anew in another one: what waits in it goes there. */
void reauth_hand_on(struct ike_sa *sa);
/* Has the peer made its children anew?  Then it is about to go. */
bool reauth_is_followed(const struct ike_sa *sa);
/* Is it on its way into another one?  Then nothing new begins in it. */
bool reauth_is_yielding(const struct ike_sa *sa);

/* A child that is up in this SA and carries all that c does, by the same entry; NULL: none. */
struct child_sa *reauth_find_cover(const struct ike_sa *sa, const struct child_sa *c);

#endif
