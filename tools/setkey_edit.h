/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines typed at a terminal, with the keys of an editor, a history and completion of words.  The
 * history holds keys, so it is never written to disk.
 */
#ifndef TANUKI_TOOLS_SETKEY_EDIT_H
#define TANUKI_TOOLS_SETKEY_EDIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"

struct editor;

/* An editor on standard input and output; NULL if they are no terminal or there is no memory. */
struct editor *editor_open(void);
/* Takes NULL. */
void editor_close(struct editor *e);
/*
 * Waits for a line: its length with the line end, 0 at the end of input, negative errno.  The line
 * is valid until the next call.  is_more: a command is begun and not ended, so another prompt.
 */
MUST_USE ssize_t editor_line(struct editor *e, bool is_more, const char **ret);

#endif
