/* SPDX-License-Identifier: BSD-2-Clause */
/* Agreeing on IPComp for a child, RFC 7296 2.22: N(IPCOMP_SUPPORTED) with a CPI on either side. */
#ifndef TANUKI_IKE_COMPRESS_H
#define TANUKI_IKE_COMPRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "ike/exchange.h"

/* Initiator: offers it with a CPI in x->work.ask, if the entry wants it and the kernel can. */
MUST_USE int compress_offer(struct exchange *x, struct msg_writer *mw);
/*
 * Initiator: takes what the response says over to x->work.child.  -EPROTO: that is not what was
 * offered, x->reason says so; -ENOMEM, -EEXIST: our CPI was given to another child meanwhile.
 */
MUST_USE int compress_accept(struct exchange *x);
/* Responder: takes the offer, if there is one and the child's entry wants it; else nothing. */
MUST_USE int compress_answer(struct exchange *x);
/* Responder: says so, if x->work.child compresses. */
void compress_add_response(const struct exchange *x, struct msg_writer *mw);

#endif
