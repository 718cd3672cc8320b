/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper process: reads the pre-shared keys, then only answers questions about them. */
#ifndef TANUKI_PRIV_KEEPER_PROCESS_H
#define TANUKI_PRIV_KEEPER_PROCESS_H

#include "base/attr.h"
#include "config/psk.h"
#include "priv/request.h"
#include "priv/sandbox.h"

struct keeper_start {
	const char *psk_path;
	struct sandbox_user user;
	const char *root; /* an empty folder */
	int engine_sock;  /* questions come from here; its end is ours */
	int ready_fd;     /* gets one byte when questions can be asked */
};

/* Runs until the engine is gone; the process' exit status.  Logs why it could not start. */
MUST_USE int keeper_process_run(const struct keeper_start *start);

/* One question (an admitted frame) against the keys; *ret is complete in any case. */
void keeper_answer(const struct psk_table *keys, const struct frame *f, struct request_auth *ret);

#endif
