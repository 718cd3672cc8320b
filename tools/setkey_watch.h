/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at the kernel's tables until interrupted. */
#ifndef TANUKI_TOOLS_SETKEY_WATCH_H
#define TANUKI_TOOLS_SETKEY_WATCH_H

#include <sys/time.h>

#include "setkey.h"

/*
 * Prints a line for each event to stdout.  Returns only after an error: what keydb_events_*()
 * give, -EIO if stdout is gone.
 */
struct watch_options {
	bool epoch; /* -xx: seconds since 1970 instead of the time of day */
	bool json;  /* --json: as setkey_json_event() does */
	bool hex;   /* -H: the kernel's message behind it */
};
MUST_USE int watch_events(const struct watch_options *options);
/* Prints the SAD to stdout each second, a line for an SA.  Returns as above. */
MUST_USE int watch_sad(struct keydb *k, const struct print_options *options);

/* The single lines, to a FILE. */
void watch_print_event(void *file, const struct keydb_event *e, const struct timeval *now,
		       bool epoch);
/* "0000 10 00 ... 00  ................", 16 bytes in a line; keys are not left out. */
void watch_print_hex(void *file, const void *bytes, size_t len);
void watch_print_short(void *file, const struct keydb_sa *sa, uint64_t now_sec);

#endif
