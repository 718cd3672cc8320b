/* SPDX-License-Identifier: BSD-2-Clause */
/* The child part of IKE_AUTH and CREATE_CHILD_SA. */
#ifndef TANUKI_IKE_CHILD_H
#define TANUKI_IKE_CHILD_H

#include "ike/exchange.h"

/* Fills in the selectors and the mode of a new child that is wished for. */
void child_wish_selectors(const struct ike_sa *sa, struct child_ask *ask);
/*
 * Initiator: chooses an SPI and adds what x->work.ask says: N(USE_TRANSPORT_MODE), SA, [Ni, [KEi]],
 * TSi, TSr.  -EIO, -EAGAIN.
 */
MUST_USE int child_add_request(struct exchange *x, struct msg_writer *mw);

/*
 * Responder: chooses entry (that of x->work.old, if a child is rekeyed), selectors and algorithms
 * from the request, installs the SAs and then calls x->work.after_child.  In CREATE_CHILD_SA also
 * the key exchange.  There is a child in x->work.child, or x->work.child_notify
 * and x->reason say why not: the IKE SA comes up all the same (RFC 7296 1.2).
 */
enum verdict child_answer(struct exchange *x);
/* There is none, and this notify says why; then x->work.after_child. */
enum verdict child_refuse(struct exchange *x, uint16_t notify);
/* Adds the child part of the response: what was agreed, or the notify. */
void child_add_response(const struct exchange *x, struct msg_writer *mw);

/*
 * Initiator: checks the response against what we offered, installs and then calls
 * x->work.after_child.  Without a child x->reason says why; if the peer has one,
 * x->work.orphan_spi is what it is to delete.
 */
enum verdict child_accept(struct exchange *x);
/* The peer has a child that we do not want or cannot have; x->reason says why. */
enum verdict child_orphan(struct exchange *x);
/* Initiator: the response has no child but a notify, which becomes the reason. */
enum verdict child_refused(struct exchange *x);

#endif
