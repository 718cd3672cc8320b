/* SPDX-License-Identifier: BSD-2-Clause */
/* Callers who wait. */
#include "ike/waiter.h"

#include "ike/limits.h"

#include <errno.h>
#include <stdlib.h>

int waiters_add(struct list *waiters, engine_done_fn done, void *arg)
{
	size_t n = 0;
	struct waiter *w;
	if (!done)
		return 0;
	LIST_EACH(w, waiters, node)
		n++;
	if (n >= LIMIT_WAITERS_PER_SA)
		return -EMFILE;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->done = done;
	w->arg = arg;
	list_add(waiters, &w->node);
	return 0;
}

/* The callback may add and forget: each is taken out before it is called. */
void waiters_move(struct list *from, struct list *to)
{
	struct waiter *w;
	LIST_EACH(w, from, node) {
		list_remove(&w->node);
		list_add(to, &w->node);
	}
}

void waiters_call(struct list *waiters, int result, const char *text)
{
	while (!list_empty(waiters)) {
		struct waiter *w = LIST_ENTRY(waiters->next, struct waiter, node);
		engine_done_fn done = w->done;
		void *arg = w->arg;
		list_remove(&w->node);
		free(w);
		done(arg, result, text);
	}
}

static void forget(struct list *waiters, const void *arg, bool all)
{
	struct waiter *w;
	LIST_EACH(w, waiters, node) {
		if (!all && w->arg != arg)
			continue;
		list_remove(&w->node);
		free(w);
	}
}

void waiters_forget(struct list *waiters, const void *arg)
{
	forget(waiters, arg, false);
}

void waiters_drop(struct list *waiters)
{
	forget(waiters, NULL, true);
}

void gather_free(struct gather *g)
{
	if (!g)
		return;
	list_remove(&g->node);
	loop_timer_free(g->timer);
	free(g);
}

/* All answers are here. */
static void end(void *arg)
{
	struct gather *g = arg;
	engine_done_fn done = g->done;
	list_remove(&g->node);
	if (done)
		done(g->arg, g->result, g->text);
	gather_free(g);
}

struct gather *gather_new(struct list *gathers, struct loop *l, engine_done_fn done, void *arg)
{
	struct gather *g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->done = done;
	g->arg = arg;
	g->timer = loop_timer_new(l, end, g);
	if (!g->timer) {
		free(g);
		return NULL;
	}
	list_add(gathers, &g->node);
	return g;
}

void gather_done(void *arg, int result, const char *text)
{
	struct gather *g = arg;
	g->n_open--;
	if (g->result == 0) {
		g->result = result;
		snprintf(g->text, sizeof(g->text), "%s", text);
	}
	if (g->n_open == 0 && g->complete)
		end(g);
}

bool gather_close(struct gather *g, bool any)
{
	g->complete = true;
	if (g->n_open)
		return true;
	if (any)
		loop_timer_arm(g->timer, 0);
	else
		gather_free(g);
	return any;
}
