/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Giving up: what each process does without, once it has what it needs.  Every call is
 * final.  Errors are negative errno with err filled.
 */
#ifndef TANUKI_PRIV_SANDBOX_H
#define TANUKI_PRIV_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"
#include "priv/request.h"

struct sandbox_user {
	uid_t uid;
	gid_t gid;
};

/*
 * Looks up whom the processes without privileges run as: the names given, or (user "")
 * _tanuki if there is such a user, else nobody; group "" is the user's own.  -ENOENT.
 */
MUST_USE int sandbox_find_user(const char *user, const char *group, struct sandbox_user *ret,
			       struct err *err);

/*
 * Becomes that user for good, in an empty root, without capabilities, core dumps, children or
 * ways to gain anything.  root: an empty folder; one that cannot be entered is no error, the
 * result is then 1 (not contained), else 0.
 */
MUST_USE int sandbox_become(const struct sandbox_user *user, const char *root, struct err *err);

/* The monitor: keeps CAP_NET_ADMIN, loses every other capability. */
MUST_USE int sandbox_keep_net_admin(struct err *err);
/* The clerk: stays root, by name, and loses all capabilities, for all that it starts too. */
MUST_USE int sandbox_keep_root_only(struct err *err);

/*
 * Allows only the system calls that this process needs from now on; any other one kills it.
 * 1 if the kernel, or the build (sanitizers need more calls), has no filters, else 0.
 */
MUST_USE int sandbox_filter(enum process process, struct err *err);

/* True if sandbox_filter() is meant to work in this build. */
bool sandbox_has_filters(void);

/* SIGKILL comes when the other end of this pipe is closed: nobody outlives the monitor. */
MUST_USE int sandbox_hold_lifeline(int read_end, struct err *err);

#endif
