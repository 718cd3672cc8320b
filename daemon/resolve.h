/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of peers -> addresses, at start: later nobody here can ask a resolver. */
#ifndef TANUKI_RESOLVE_H
#define TANUKI_RESOLVE_H

#include "policy/policy.h"

/*
 * Gives each peer that is known by its name only the addresses that the name has now.  A name that
 * has none is logged: that peer can then come to us, but we cannot go to it.  Blocks.
 */
void resolve_peers(struct policy *policy);

#endif
