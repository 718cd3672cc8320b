/* SPDX-License-Identifier: BSD-2-Clause */
/* kdebug_sadb()'s form of a message: every extension, field by field. */
#ifndef LIBPFKEY_KAME_DEBUG_H
#define LIBPFKEY_KAME_DEBUG_H

#include <keydb_message.h>

#include <stdio.h>

/*
 * Prints a message of len bytes, keys included, up to the first thing that does not fit into it,
 * which is told by KAME's words.  len may be shorter than the header says.
 */
void kame_debug(FILE *f, enum keydb_layout layout, const void *msg, size_t len);

#endif
