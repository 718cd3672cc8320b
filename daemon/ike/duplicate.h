/* SPDX-License-Identifier: BSD-2-Clause */
/* Several IKE SAs with one peer: which go. */
#ifndef TANUKI_IKE_DUPLICATE_H
#define TANUKI_IKE_DUPLICATE_H

#include <stdbool.h>

struct ike_sa;

/*
 * sa is up: did both sides initiate at once, so that two SAs carry the same child?  Then the
 * one with the lowest nonce goes; its initiator deletes it (the rule of RFC 7296 2.8.1, which
 * has none for this case).
 */
void duplicate_check(struct ike_sa *sa);

/*
 * The peer says that sa is its only IKE SA with us (2.4): those of the same identities that
 * were up before sa began are leftovers.  One that came up later is the peer's other
 * initiation, or ours, which crossed: it stays.
 */
void duplicate_initial_contact(struct ike_sa *sa);

/* May we say so?  Not while another SA with the same address is up or coming up. */
bool duplicate_is_first(const struct ike_sa *sa);

#endif
