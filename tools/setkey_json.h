/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SAs, policies and events as JSON: one object in one line for each, so that a table of any size
 * streams.  setkey(8), JSON, is the description of the members.
 *
 * Written straight into the FILE: a tree of values would leave copies of the keys in the heap, and
 * the limits and counters of the kernel have 64 bits without a sign.
 */
#ifndef TANUKI_TOOLS_SETKEY_JSON_H
#define TANUKI_TOOLS_SETKEY_JSON_H

#include <sys/time.h>

#include "setkey.h"

/* To a FILE; with the keys. */
void setkey_json_sa(void *file, const struct keydb_sa *sa);
void setkey_json_policy(void *file, const struct keydb_policy *p);
/* now is when the event was read; without keys. */
void setkey_json_event(void *file, const struct keydb_event *e, const struct timeval *now);

#endif
