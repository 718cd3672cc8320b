/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of open questions. */
#include "priv/call.h"

void calls_init(struct calls *c)
{
	list_init(&c->waiting);
	c->last_id = 0;
}

void calls_done(struct calls *c)
{
	struct call *call;

	LIST_EACH(call, &c->waiting, node) {
		list_remove(&call->node);
		free(call);
	}
}

uint32_t calls_add(struct calls *c, const struct call *call)
{
	struct call *copy = malloc(sizeof(*copy));

	if (!copy)
		return 0;
	*copy = *call;
	if (++c->last_id == 0)
		c->last_id = 1;
	copy->id = c->last_id;
	list_add(&c->waiting, &copy->node);
	return copy->id;
}

bool calls_take(struct calls *c, uint32_t id, struct call *ret)
{
	struct call *call;

	LIST_EACH(call, &c->waiting, node) {
		if (call->id != id)
			continue;
		list_remove(&call->node);
		*ret = *call;
		free(call);
		return true;
	}
	return false;
}

void calls_cancel(struct calls *c, const void *arg)
{
	struct call *call;

	LIST_EACH(call, &c->waiting, node) {
		if (call->arg == arg) {
			call->on_result = NULL;
			call->on_auth = NULL;
			call->on_differences = NULL;
		}
	}
}
