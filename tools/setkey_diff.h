/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's tables against a script that says all that shall be in them.  Larval SAs, policies
 * of sockets and sub-policies are nobody's business here: they are left alone.
 */
#ifndef TANUKI_TOOLS_SETKEY_DIFF_H
#define TANUKI_TOOLS_SETKEY_DIFF_H

#include "setkey.h"

struct diff;

/*
 * Reads the tables and compares.  The script may add, update, spdadd, spdupdate and flush what it
 * has said before; all else is reported, and entries that are there twice: -EINVAL.  -ENOMEM, or
 * what the kernel said (reported too).  In RFC mode the copies for forwarded packets are wanted.
 */
MUST_USE int diff_make(struct keydb *k, const struct script *script,
		       const struct command_list *list, bool rfc_mode, struct diff **ret);
bool diff_is_empty(const struct diff *d);
/* "-" lines for what the kernel has, "+" lines for what the script wants, to a FILE. */
void diff_print(const struct diff *d, void *file, const char *script_name);
/*
 * Appends the commands that make the tables equal: SAs come before the policies that need them
 * and go after them.  -ENOMEM
 */
MUST_USE int diff_commands(const struct diff *d, struct command_list *out);
/* Wipes and frees; takes NULL. */
void diff_free(struct diff *d);

#endif
