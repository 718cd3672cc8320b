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

struct gather *gather_new(struct list *gathers, engine_done_fn done, void *arg)
{
	struct gather *g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->done = done;
	g->arg = arg;
	list_add(gathers, &g->node);
	return g;
}

void gather_free(struct gather *g)
{
	if (!g)
		return;
	list_remove(&g->node);
	free(g);
}

static void end(struct gather *g)
{
	engine_done_fn done = g->done;
	if (g->n_open || !g->complete)
		return;
	list_remove(&g->node);
	if (done)
		done(g->arg, g->result, g->text);
	free(g);
}

void gather_done(void *arg, int result, const char *text)
{
	struct gather *g = arg;
	g->n_open--;
	if (g->result == 0) {
		g->result = result;
		snprintf(g->text, sizeof(g->text), "%s", text);
	}
	end(g);
}

bool gather_close(struct gather *g)
{
	g->complete = true;
	if (g->n_open)
		return true;
	gather_free(g);
	return false;
}
