/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers that are known by name: it is looked up again for every attempt, so that one whose address
 * has changed is found.  Without an answer in time, or with a bad one, what was known before counts.
 */
#ifndef TANUKI_IKE_LOOKUP_H
#define TANUKI_IKE_LOOKUP_H

#include <stdbool.h>

#include "base/attr.h"
#include "ike/engine.h"
#include "ike/ike_sa.h"

/* Has this wish to wait for a look-up first? */
bool lookup_is_due(const struct engine *e, const struct wish *w);
/* Looks up, then begins (initiate_wish()).  0: done will be called, if it is not NULL; negative errno. */
MUST_USE int lookup_wish(struct engine *e, const struct wish *w, engine_done_fn done, void *arg);
/* Whoever waits with this arg goes away. */
void lookup_forget(struct engine *e, const void *arg);
/* All of them, and nobody is told. */
void lookup_forget_all(struct engine *e);

#endif
