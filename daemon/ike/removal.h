/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes children out of the kernel, for certain: a request that could not be made is made
 * again.  The memory for it is there before the child is installed.
 */
#ifndef TANUKI_IKE_REMOVAL_H
#define TANUKI_IKE_REMOVAL_H

#include "base/list.h"
#include "kernel/kernel.h"

#include <stdint.h>

struct engine;

struct removal {
	struct list node; /* engine.removals, while it waits */
	int64_t due_ms;   /* when it is asked for, by the loop's clock */
	bool delayed;     /* it was asked for in vain */
	uint32_t reqid;
	struct keydb_sa_id in, out;
};

/* Asks the kernel, after so many milliseconds or later; r is the engine's from here on. */
void removal_ask(struct engine *e, struct removal *r, int64_t after_ms);
/* What waits, and has the reqid (0: any), is asked for now. */
void removal_hurry(struct engine *e, uint32_t reqid);
/* A timer's function: arg is the engine. */
void removal_on_timer(void *arg);
/* Forgets what could not be asked for. */
void removal_forget_all(struct engine *e);

#endif
