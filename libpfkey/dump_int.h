/* SPDX-License-Identifier: BSD-2-Clause */
/* The printers of dump.c, for SAs and policies of which not all may be known. */
#ifndef LIBPFKEY_DUMP_INT_H
#define LIBPFKEY_DUMP_INT_H

#include "sadb_codec.h"
#include "sadb_layout.h"

#include <stdio.h>

/*
 * Prints what a decoded message says as setkey -D and -DP do.  An extension that is not among
 * m->present is left out or told to be missing, as KAME did; algorithms of no key are not shown.
 */
void dump_message_sa(const struct keydb_print *out, const struct sadb_message *m);
void dump_message_policy(const struct keydb_print *out, const struct sadb_message *m);

/* "in prio def ipsec", then each request behind delim. */
void dump_policy_words(FILE *f, const struct keydb_policy *p, const char *delim, bool ports);

/* " 00112233 44556677": groups of four bytes, eight groups in a line. */
void dump_hex(FILE *f, const void *bytes, size_t len);

#endif
