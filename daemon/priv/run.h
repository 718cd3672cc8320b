/* SPDX-License-Identifier: BSD-2-Clause */
/* Running another program: with a time limit, without a shell, with nothing of ours. */
#ifndef TANUKI_PRIV_RUN_H
#define TANUKI_PRIV_RUN_H

#include "base/attr.h"
#include "base/err.h"

enum { RUN_INPUT_MAX_BYTES = 32 * 1024 };

/*
 * Runs args[0] with these arguments (NULL ends them), input (NULL: nothing) on its standard input,
 * a small environment and no descriptor of ours, and waits limit_ms for its end; then it is
 * killed, with all that it started in its process group.  0: it said that all is well; -ETIMEDOUT;
 * -ECHILD: it said something else, or was killed; err then has what it wrote.
 */
MUST_USE int run_program(const char *const args[], const char *input, int limit_ms,
			 struct err *err);

#endif
