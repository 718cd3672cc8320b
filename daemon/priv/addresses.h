/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inner addresses in the monitor: executes the requests of engines about them.  Leases are in
 * one table for all engines, whose file the clerk writes; ours are set up on this machine.
 */
#ifndef TANUKI_PRIV_ADDRESSES_H
#define TANUKI_PRIV_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/loop.h"
#include "policy/policy.h"
#include "priv/clerk.h"
#include "priv/request.h"

struct addresses;

/* Does this configuration give inner addresses, or ask for them?  Else there need be no clerk. */
bool addresses_wanted(const struct policy *p);

/*
 * Reads the leases in the folder state_path, and removes what an earlier life has left in the
 * network, wanted or not.  clerk is borrowed, NULL if there is none.
 */
MUST_USE int addresses_new(struct loop *l, const struct policy *p, const char *state_path,
			   struct clerk_client *clerk, struct addresses **ret, struct err *err);
/* Takes all that was set up away, and lets the clerk write the leases. */
void addresses_free(struct addresses *a);

bool addresses_handles(unsigned int kind);
/* The answer to an engine's request; its body is borrowed. */
typedef void (*addresses_answer_fn)(void *arg, uint16_t kind, struct slice body);
/* Executes an admitted frame; answers at once, or not at all. */
void addresses_request(struct addresses *a, int engine, const struct frame *f,
		       addresses_answer_fn answer, void *arg);
/* The engine is gone, and its IKE SAs with it. */
void addresses_engine_gone(struct addresses *a, int engine);

DEFINE_FREEP(struct addresses, addresses_free)

#endif
