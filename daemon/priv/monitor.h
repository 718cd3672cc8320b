/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor process: starts clerk, keeper and engine, hands sockets out, executes kernel
 * requests, and cleans up behind all of them.  docs/privsep.md has the drawing.
 */
#ifndef TANUKI_PRIV_MONITOR_H
#define TANUKI_PRIV_MONITOR_H

#include "base/attr.h"
#include "policy/policy.h"
#include "priv/sockets.h"

/* What an engine process starts with. */
struct monitor_engine {
	struct policy *policy;
	int monitor_sock, keeper_sock, resolver_sock; /* the last -1: nothing is known by name */
};

/*
 * The engine's main function, called in its own process, already without privileges; it enters
 * its system call filter itself when everything is open.  Returns the exit status.
 */
typedef int (*monitor_engine_fn)(const struct monitor_engine *start);

struct monitor_options {
	struct policy *policy;
	enum sockets_families families;
	const char *pid_path;   /* NULL: none is written */
	const char *run_path;   /* folder for what exists while we run: "/run/tanukid" */
	const char *state_path; /* folder for what outlives us: "/var/lib/tanukid" */
	int ready_fd;           /* gets one byte when the engine listens; -1: nobody waits */
	monitor_engine_fn engine;
};

/*
 * Runs until a signal or a failure ends the daemon; the exit status: 0 after SIGTERM or SIGINT, 1
 * if it could not start or a process died.  Nothing is left in the kernel in either case.
 */
MUST_USE int monitor_run(const struct monitor_options *options);

#endif
