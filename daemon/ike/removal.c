/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes children out of the kernel. */
#include "ike/removal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ike/engine_int.h"

static int ask(struct engine *e, const struct removal *r)
{
	struct kernel *k = e->ports.kernel;
	struct kernel_child ids;
	memset(&ids, 0, sizeof(ids));
	ids.in.id = r->in;
	ids.out.id = r->out;
	return k->ops->child_remove(k, &ids, NULL, NULL);
}

static void ask_or_wait(struct engine *e, struct removal *r)
{
	int result = ask(e, r);
	if (result == 0) {
		list_remove(&r->node);
		free(r);
		return;
	}
	if (!r->delayed)
		LOG(WARNING, "removal_delayed", F_SPI32("spi_in", r->in.spi),
		    F_SPI32("spi_out", r->out.spi), F_STR("error", strerror(-result)));
	r->delayed = true;
	r->due_ms = engine_now_ms(e) + LIMIT_REMOVAL_RETRY_MS;
}

/* For the one that is due first. */
static void arm(struct engine *e)
{
	const struct removal *r, *first = NULL;
	LIST_EACH(r, &e->removals, node)
		if (!first || r->due_ms < first->due_ms)
			first = r;
	if (first)
		loop_timer_arm(e->removal_timer, first->due_ms > engine_now_ms(e)
							 ? first->due_ms - engine_now_ms(e)
							 : 0);
}

static void ask_for_due(struct engine *e)
{
	int64_t now_ms = engine_now_ms(e);
	struct removal *r;
	LIST_EACH(r, &e->removals, node)
		if (r->due_ms <= now_ms)
			ask_or_wait(e, r);
	arm(e);
}

void removal_ask(struct engine *e, struct removal *r, int64_t after_ms)
{
	r->due_ms = engine_now_ms(e) + (e->stopping ? 0 : after_ms);
	list_add(&e->removals, &r->node);
	ask_for_due(e);
}

void removal_hurry(struct engine *e, uint32_t reqid)
{
	struct removal *r;
	LIST_EACH(r, &e->removals, node)
		if (!reqid || r->reqid == reqid)
			r->due_ms = engine_now_ms(e);
	ask_for_due(e);
}

void removal_on_timer(void *arg)
{
	struct engine *e = arg;
	ask_for_due(e);
	if (list_empty(&e->removals) && e->stopping)
		engine_check_stopped(e);
}

void removal_forget_all(struct engine *e)
{
	struct removal *r;
	LIST_EACH(r, &e->removals, node) {
		list_remove(&r->node);
		free(r);
	}
}
