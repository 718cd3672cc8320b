/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How to take back what was done to the kernel: a journal of opposite commands, done in reverse.
 * What is about to be removed or changed is noted before, as it is; what is added, afterwards.
 */
#ifndef TANUKI_TOOLS_SETKEY_UNDO_H
#define TANUKI_TOOLS_SETKEY_UNDO_H

#include "setkey.h"

/* All zero is empty. */
struct undo {
	struct command_list list;
	struct command_cursor *at; /* where each command of the list is */
	size_t n, room;
	size_t used_sas; /* SAs that carried packets and would be put back */
};

/* c was done and added an entry.  -ENOMEM */
MUST_USE int undo_note_added(struct undo *u, const struct command *c);
/*
 * c changes or removes entries and is going to be done alone.  -EOPNOTSUPP if it could not be
 * taken back (*ret_why says why), -ENOMEM, or what the kernel said.  Entries that are not there
 * are no error.
 */
MUST_USE int undo_note_before(struct undo *u, struct keydb *k, const struct command *c,
			      const char **ret_why);
/*
 * Takes all back, the latest first, and reports as the script's what became of it, each entry
 * that resisted with the place of the command that had touched it.
 */
void undo_all(struct undo *u, struct keydb *k, const struct script *script);
/* Wipes and frees. */
void undo_done(struct undo *u);

#endif
