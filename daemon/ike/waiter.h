/* SPDX-License-Identifier: BSD-2-Clause */
/* Callers who wait for something to come up or to go. */
#ifndef TANUKI_IKE_WAITER_H
#define TANUKI_IKE_WAITER_H

#include "base/attr.h"
#include "base/list.h"
#include "base/loop.h"
#include "ike/engine.h"

struct waiter {
	struct list node;
	engine_done_fn done;
	void *arg;
};

/* -EMFILE: LIMIT_WAITERS_PER_SA; -ENOMEM.  done NULL: nothing to do. */
MUST_USE int waiters_add(struct list *waiters, engine_done_fn done, void *arg);
/* They wait for something else now. */
void waiters_move(struct list *from, struct list *to);
/* Calls each once; the list is empty then. */
void waiters_call(struct list *waiters, int result, const char *text);
/* Forgets those with this arg, or all. */
void waiters_forget(struct list *waiters, const void *arg);
void waiters_drop(struct list *waiters);

/*
 * One caller who waits for several things: counts answers and passes the first failure on (or
 * the last success) when all are there.
 */
struct gather {
	struct list node; /* engine.gathers */
	struct loop_timer *timer;
	engine_done_fn done;
	void *arg;
	size_t n_open;
	bool complete; /* nothing is added any more */
	int result;
	char text[REASON_TEXT_MAX_BYTES];
};

/* NULL without memory; done may be NULL. */
struct gather *gather_new(struct list *gathers, struct loop *l, engine_done_fn done, void *arg);
/* An engine_done_fn whose arg is the gather; the caller has counted it in n_open. */
void gather_done(void *arg, int result, const char *text);
/*
 * All have been asked: true if done will be called, later, never before this returns.  any: there
 * was something to ask, even if all its answers are here already.  Else the gather is gone.
 */
bool gather_close(struct gather *g, bool any);
void gather_free(struct gather *g);

#endif
