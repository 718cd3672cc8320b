/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clerk process: writes the file of the leases and tells the resolver of name servers, for
 * the monitor, which can neither open files nor start programs.  It is root without
 * capabilities; it hears nobody but the monitor.  When that is gone, however it went, the clerk
 * takes back what it told the resolver.
 */
#ifndef TANUKI_PRIV_CLERK_PROCESS_H
#define TANUKI_PRIV_CLERK_PROCESS_H

#include "base/attr.h"
#include "policy/policy.h"

struct clerk_start {
	const struct policy *policy;
	const char *state_path; /* an existing folder; its files are described in tanukid(8) */
	int sock;               /* requests come from here; its end is ours */
};

#define CLERK_LEASES "leases"
#define CLERK_NAMES "names"

/* Runs until the monitor is gone; the process' exit status. */
MUST_USE int clerk_process_run(const struct clerk_start *start);

/*
 * Replaces the file name in the folder dir by what stands in fd, so that after a crash there is
 * the old one or the new one, whole.  Negative errno.
 */
MUST_USE int clerk_replace(int dir, const char *name, int fd);

#endif
