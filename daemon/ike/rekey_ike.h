/* SPDX-License-Identifier: BSD-2-Clause */
/* An IKE SA is replaced by another: its heir (RFC 7296 1.3.2, 2.8.2, 2.18). */
#ifndef TANUKI_IKE_REKEY_IKE_H
#define TANUKI_IKE_REKEY_IKE_H

#include "base/attr.h"
#include "ike/create.h"
#include "ike/exchange.h"

/* The established SA that was agreed on to replace this one; NULL: none. */
struct ike_sa *rekey_ike_heir(const struct ike_sa *sa);
/*
 * The peer uses the heir: children of the SA that it replaces, and what waits for them, become its
 * own.  Nothing if it is no heir, or has them already.
 */
void rekey_ike_inherit(struct ike_sa *heir);
/* Both sides rekeyed what this one replaces, and it is not decided yet which heir stays. */
bool rekey_ike_is_open(const struct ike_sa *heir);
/* Writes the request for c into x->out.  -ENOMEM, -EIO, -EMFILE. */
MUST_USE int rekey_ike_build(struct exchange *x, struct create *c, uint32_t id);
/* The group that such a request begins with. */
uint16_t rekey_ike_group(const struct ike_sa *sa);
/* For dispatch.c: x->work.next is established now; what it is to x->sa. */
void rekey_ike_came_up(struct exchange *x, struct ike_sa *next);

#endif
