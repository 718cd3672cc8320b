/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at the kernel's tables until interrupted. */
#ifndef TANUKI_TOOLS_SETKEY_WATCH_H
#define TANUKI_TOOLS_SETKEY_WATCH_H

#include <sys/time.h>

#include "setkey.h"

/*
 * Prints a line for each event to stdout, with the time of day or, if epoch is set, seconds since
 * 1970, or with json as setkey_json_event() does.  Returns only after an error: what keydb_events_*() give, -EIO if stdout is gone.
 */
MUST_USE int watch_events(bool epoch, bool json);
/* Prints the SAD to stdout each second, a line for an SA.  Returns as above. */
MUST_USE int watch_sad(struct keydb *k, const struct print_options *options);

/* The single lines, to a FILE. */
void watch_print_event(void *file, const struct keydb_event *e, const struct timeval *now,
		       bool epoch);
void watch_print_short(void *file, const struct keydb_sa *sa, uint64_t now_sec);

#endif
