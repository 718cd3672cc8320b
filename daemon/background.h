/* SPDX-License-Identifier: BSD-2-Clause */
/* Leaving the terminal, but not before it is known that the start worked. */
#ifndef TANUKI_BACKGROUND_H
#define TANUKI_BACKGROUND_H

#include "base/attr.h"

/*
 * Forks.  In the new process it returns 0: stdin and stdout are empty, stderr is shown by the old
 * process until a byte is written to *ret_ready_fd.  The old process exits, 0 after that byte, 1
 * if the new process ended before.  Negative errno: nothing happened.
 */
MUST_USE int background_enter(int *ret_ready_fd);

#endif
