/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of policies for forwarded packets.
 *
 * RFC 4301 checks forwarded packets against the inbound policy, Linux against policies of its
 * own direction "fwd".  In RFC mode each command on an "in" policy therefore does the same to a
 * copy for fwd, unless the script has a command of its own for that fwd policy.
 */
#ifndef TANUKI_TOOLS_SETKEY_FWD_H
#define TANUKI_TOOLS_SETKEY_FWD_H

#include "setkey_same.h"

/* What the script itself does to fwd.  All zero is nothing. */
struct own_fwd {
	struct entry_key *keys; /* without the direction, sorted */
	size_t n;
};

/* Collects what all fwd commands of the script are about.  -ENOMEM */
MUST_USE int own_fwd_collect(struct own_fwd *own, const struct command_list *list);
/* Is c about an "in" policy of which fwd needs a copy? */
bool own_fwd_needs_copy(const struct own_fwd *own, const struct command *c);
/* A forwarded packet may have come through any SA of the right kind: unique becomes require. */
struct keydb_policy own_fwd_copy(const struct keydb_policy *in);
void own_fwd_done(struct own_fwd *own);

#endif
