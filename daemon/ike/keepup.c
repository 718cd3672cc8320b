/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Children that are to be up always (initiate on): started at start, and again when they
 * go down, with a wait that doubles while they do not come up.
 */
#include "base/log.h"
#include "ike/engine_int.h"
#include "ike/lookup.h"

#include <stdlib.h>
#include <string.h>

struct keepup {
	struct list node;
	struct engine *engine;
	const struct child_config *child; /* of engine.policy */
	struct loop_timer *timer;
	int64_t wait_ms, up_ms;
	unsigned int n_tries;
};

static void again_later(struct keepup *k)
{
	int64_t lived_ms = engine_now_ms(k->engine) - k->up_ms;
	if (loop_timer_armed(k->timer))
		return;
	/* What lived well is missed at once; what dies young (refused, deleted) is not hurried. */
	if (k->up_ms && lived_ms >= LIMIT_LONG_LIFE_MS) {
		k->up_ms = 0;
		loop_timer_arm(k->timer, 0);
		return;
	}
	loop_timer_arm(k->timer, k->wait_ms);
	k->wait_ms = k->wait_ms * 2 < LIMIT_RETRY_MAX_MS ? k->wait_ms * 2 : LIMIT_RETRY_MAX_MS;
}

/* Each try takes the next of the peer's addresses. */
static void on_time(void *arg)
{
	struct keepup *k = arg;
	const struct peer_config *peer = k->child->peer;
	struct wish w = { .child = k->child, .why = ENGINE_WHY_CONFIG };
	struct err err = { 0 };

	if (initiate_find_up(k->engine, k->child, NULL) ||
	    (peer->n_peer_addrs == 0 && !lookup_is_due(k->engine, &w)))
		return;
	if (peer->n_peer_addrs)
		w.peer = peer->peer_addrs[k->n_tries++ % peer->n_peer_addrs];
	if (initiate_wish(k->engine, &w, NULL, NULL, &err) >= 0)
		return;
	LOG(WARNING, "cannot_initiate", F_STR("remote", peer->name), F_STR("child", k->child->name),
	    F_STR("error", err.text));
	again_later(k);
}

static void add(struct engine *e, const struct child_config *child)
{
	struct keepup *k = calloc(1, sizeof(*k));
	if (!k)
		return;
	*k = (struct keepup){ .engine = e, .child = child, .wait_ms = LIMIT_RETRY_FIRST_MS };
	k->timer = loop_timer_new(e->ports.loop, on_time, k);
	if (!k->timer) {
		free(k);
		return;
	}
	list_add(&e->keepups, &k->node);
	loop_timer_arm(k->timer, 0);
}

void keepup_start(struct engine *e)
{
	const struct peer_config *peer;
	const struct child_config *child;
	LIST_EACH(peer, &e->policy->peers, node) {
		if (peer->initiate != INITIATE_AT_START)
			continue;
		LIST_EACH(child, &peer->children, node)
			add(e, child);
	}
}

void keepup_stop(struct engine *e)
{
	struct keepup *k;
	LIST_EACH(k, &e->keepups, node) {
		list_remove(&k->node);
		loop_timer_free(k->timer);
		free(k);
	}
}

/* By name: SAs may be of an older snapshot. */
static struct keepup *find(struct engine *e, const struct child_config *child)
{
	struct keepup *k;
	LIST_EACH(k, &e->keepups, node)
		if (strcmp(k->child->name, child->name) == 0 &&
		    strcmp(k->child->peer->name, child->peer->name) == 0)
			return k;
	return NULL;
}

void keepup_child_up(struct engine *e, const struct child_config *child)
{
	struct keepup *k = find(e, child);
	if (!k)
		return;
	k->wait_ms = LIMIT_RETRY_FIRST_MS;
	k->up_ms = engine_now_ms(e);
	loop_timer_disarm(k->timer);
}

void keepup_child_down(struct engine *e, const struct child_config *child, bool by_command)
{
	struct keepup *k = by_command || e->stopping ? NULL : find(e, child);
	if (k)
		again_later(k);
}
