/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes children out of the kernel, for certain: a request that could not be made is made
 * again.  The memory for it is there before the child is installed.
 */
#ifndef TANUKI_IKE_REMOVAL_H
#define TANUKI_IKE_REMOVAL_H

#include "base/list.h"
#include "kernel/kernel.h"

struct engine;

struct removal {
	struct list node; /* engine.removals, while it could not be asked for */
	struct keydb_sa_id in, out;
};

/* Asks the kernel, now or later; r is the engine's from here on. */
void removal_ask(struct engine *e, struct removal *r);
/* A timer's function: arg is the engine. */
void removal_retry(void *arg);
/* Forgets what could not be asked for. */
void removal_forget_all(struct engine *e);

#endif
