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

void removal_ask(struct engine *e, struct removal *r)
{
	int result = ask(e, r);
	if (result == 0) {
		free(r);
		return;
	}
	LOG(WARNING, "removal_delayed", F_SPI32("spi_in", r->in.spi),
	    F_SPI32("spi_out", r->out.spi), F_STR("error", strerror(-result)));
	list_add(&e->removals, &r->node);
	loop_timer_arm(e->removal_timer, LIMIT_REMOVAL_RETRY_MS);
}

void removal_retry(void *arg)
{
	struct engine *e = arg;
	struct removal *r;
	LIST_EACH(r, &e->removals, node) {
		if (ask(e, r) < 0)
			break;
		list_remove(&r->node);
		free(r);
	}
	if (!list_empty(&e->removals))
		loop_timer_arm(e->removal_timer, LIMIT_REMOVAL_RETRY_MS);
	else if (e->stopping)
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
