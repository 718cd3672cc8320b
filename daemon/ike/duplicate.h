/* SPDX-License-Identifier: BSD-2-Clause */
/* Several IKE SAs with one peer: which go. */
#ifndef TANUKI_IKE_DUPLICATE_H
#define TANUKI_IKE_DUPLICATE_H

#include <stdbool.h>
#include <stdint.h>

struct child_sa;
struct id;
struct ike_sa;

/*
 * Its identities are proven, and those with the same ones find it without a walk over all; or not
 * any more (nothing happens if they never were).
 */
void duplicate_learn_ids(struct ike_sa *sa);
void duplicate_forget_ids(struct ike_sa *sa);

/*
 * sa is up: did both sides initiate at once, so that two SAs carry the same child?  Then the
 * one with the lowest nonce goes; its initiator deletes it (the rule of RFC 7296 2.8.1, which
 * has none for this case).
 */
void duplicate_check(struct ike_sa *sa);

/*
 * We are about to send IKE_AUTH: has the peer begun an IKE SA meanwhile that is up, with the child that is
 * wanted?  Then ours is not needed, and the peer hears no more of it.  So of two that are both up at
 * the end, each side has seen that they crossed.  Its own SPI; 0: no.
 */
uint64_t duplicate_overtaken_by(const struct ike_sa *sa);

/*
 * The peer agrees to a child in an IKE SA that we have begun: has it begun another one meanwhile, with the
 * same child, that is up and stays?  Then this one is not even installed: packets would take it until
 * it goes again.  peer_id: sa does not know it yet.
 */
bool duplicate_gives_way(const struct ike_sa *sa, const struct id *peer_id,
			 const struct child_sa *c);

/*
 * The peer says that sa is its only IKE SA with us (2.4): those of the same identities that
 * were up before sa began are leftovers.  One that came up later is the peer's other
 * initiation, or ours, which crossed: it stays.
 */
void duplicate_initial_contact(struct ike_sa *sa);

/* May we say so?  Not while another SA with the same address is up or coming up. */
bool duplicate_is_first(const struct ike_sa *sa);

#endif
