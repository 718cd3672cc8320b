/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting the other processes, and noticing how they end. */
#ifndef TANUKI_PRIV_CHILDREN_H
#define TANUKI_PRIV_CHILDREN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"

/* pid 0: it is gone, or never was. */
struct child_process {
	const char *name; /* "keeper", static */
	pid_t pid;
};

/* Runs in the new process; what it returns is its exit status. */
typedef int (*child_main_fn)(void *arg);

/*
 * Forks.  The new process ignores the signals that are meant for the monitor, carries name in its
 * log lines and in ps(1), and is killed when the monitor's end of the lifeline closes (NULL: it
 * has to notice the monitor's end itself).
 */
MUST_USE int child_process_start(struct child_process *c, const char *name, const int *lifeline,
				 child_main_fn main, void *arg, struct err *err);

/*
 * Collects one that ended without waiting: true and its wait status.  c->pid is 0 then.
 */
MUST_USE bool child_process_reap(struct child_process *c, int *ret_status);
/* Waits for it, at most so long. */
void child_process_wait(struct child_process *c, int limit_ms);
/* "signal 11 (Segmentation fault)" or "status 1" into buf, returned. */
enum { CHILD_STATUS_TEXT_MAX_BYTES = 64 };
const char *child_process_status_text(int status, char *buf);

#endif
