/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The resolver: a process that looks names of peers up for the engine, which has neither files nor
 * sockets of that kind.  It has no privileges, but no filter either: what a look-up does is the
 * system's choice (nsswitch.conf).  It exists only if the configuration has names,
 * and asks for no other one.
 */
#ifndef TANUKI_PRIV_RESOLVER_PROCESS_H
#define TANUKI_PRIV_RESOLVER_PROCESS_H

#include "base/attr.h"
#include "policy/policy.h"
#include "priv/sandbox.h"

/* Runs until the engine's end of the socket is closed; the process' exit status. */
MUST_USE int resolver_process_run(int engine_sock, const struct sandbox_user *user,
				  const struct policy *policy);

/*
 * One question; *ret is complete on success, which may also say that there is no such name.
 * -EBADMSG: the configuration does not have this name.
 */
MUST_USE int resolver_answer(const struct policy *policy, const struct request_name *question,
			     struct request_addresses *ret);

#endif
