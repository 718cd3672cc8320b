/* SPDX-License-Identifier: BSD-2-Clause */
/* Wishes that wait for the addresses of a name. */
#include "ike/lookup.h"

#include "base/log.h"
#include "ike/engine_int.h"
#include "priv/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One wish and whoever waits for it. */
struct hopeful {
	struct list node;
	struct wish wish;
	engine_done_fn done;
	void *arg;
};

/* One question about one peer; freed with its answer, or when it is too late for one. */
struct lookup {
	struct list node; /* engine.lookups */
	struct engine *engine;
	struct policy *policy; /* a reference: the owner of the wishes' entries */
	const struct peer_config *peer;
	struct list hopefuls;
	struct loop_timer *limit;
};

bool lookup_is_due(const struct engine *e, const struct wish *w)
{
	return e->ports.names && w->child->peer->by_name && !w->looked_up;
}

static void lookup_free(struct lookup *l)
{
	struct hopeful *h;
	l->engine->ports.names->ops->cancel(l->engine->ports.names, l);
	LIST_EACH(h, &l->hopefuls, node) {
		list_remove(&h->node);
		free(h);
	}
	list_remove(&l->node);
	loop_timer_free(l->limit);
	policy_unref(l->policy);
	free(l);
}

/* The entry in the engine's own snapshot, which is what the next wishes look at, too. */
static void learn(struct lookup *l, const struct addr *addrs, size_t n)
{
	struct peer_config *peer;
	LIST_EACH(peer, &l->policy->peers, node) {
		if (peer != l->peer)
			continue;
		peer->n_peer_addrs = (uint8_t)(n < POLICY_ADDRS_MAX ? n : POLICY_ADDRS_MAX);
		memcpy(peer->peer_addrs, addrs, peer->n_peer_addrs * sizeof(addrs[0]));
	}
}

static bool is_of(const struct peer_config *peer, const struct addr *a)
{
	for (uint8_t i = 0; i < peer->n_peer_addrs; i++)
		if (addr_eq(&peer->peer_addrs[i], a))
			return true;
	return false;
}

static int begin(struct engine *e, struct hopeful *h, struct err *err)
{
	const struct peer_config *peer = h->wish.child->peer;
	h->wish.looked_up = true;
	if (peer->n_peer_addrs == 0)
		return err_set(err, -EADDRNOTAVAIL, "%s: the name has no address", peer->name);
	if (!is_of(peer, &h->wish.peer)) {
		h->wish.peer = peer->peer_addrs[0];
		h->wish.local = (struct addr){ 0 };
	}
	return initiate_wish(e, &h->wish, h->done, h->arg, err);
}

static void go_on(struct lookup *l)
{
	struct engine *e = l->engine;
	struct hopeful *h;
	LIST_EACH(h, &l->hopefuls, node) {
		struct err err = { 0 };
		list_remove(&h->node);
		int r = begin(e, h, &err);
		if (r < 0) {
			LOG(WARNING, "cannot_initiate", F_STR("remote", l->peer->name),
			    F_STR("child", h->wish.child->name), F_STR("error", err.text));
			initiate_drop_acquire(e, &h->wish);
			keepup_child_down(e, h->wish.child, false);
		}
		if (r != 0 && h->done)
			h->done(h->arg, r < 0 ? r : 0, r < 0 ? err.text : "up");
		free(h);
	}
	lookup_free(l);
}

static void on_answer(void *arg, int result, const struct addr *addrs, size_t n)
{
	struct lookup *l = arg;
	if (result == 0 && n > 0)
		learn(l, addrs, n);
	go_on(l);
}

static void on_limit(void *arg)
{
	struct lookup *l = arg;
	LOG(WARNING, "name_unanswered", F_STR("remote", l->peer->name),
	    F_STR("name", l->peer->peer_name));
	go_on(l);
}

static struct lookup *find(struct engine *e, const struct peer_config *peer)
{
	struct lookup *l;
	LIST_EACH(l, &e->lookups, node)
		if (l->peer == peer)
			return l;
	return NULL;
}

static int lookup_new(struct engine *e, const struct peer_config *peer, struct lookup **ret)
{
	struct lookup *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = (struct lookup){ .engine = e, .peer = peer, .policy = policy_ref(e->policy) };
	list_init(&l->hopefuls);
	list_add(&e->lookups, &l->node);
	l->limit = loop_timer_new(e->ports.loop, on_limit, l);
	int r = l->limit ? e->ports.names->ops->resolve(e->ports.names, peer->peer_name, on_answer,
							l)
			 : -ENOMEM;
	if (r < 0) {
		lookup_free(l);
		return r;
	}
	loop_timer_arm(l->limit, LIMIT_LOOKUP_MS);
	*ret = l;
	return 0;
}

/* The same thing for the same packet, once (a storm of ACQUIREs). */
static bool is_wanted(const struct lookup *l, const struct wish *w, engine_done_fn done)
{
	const struct hopeful *h;
	size_t n = 0;
	LIST_EACH(h, &l->hopefuls, node) {
		n++;
		if (!done && h->wish.child == w->child && h->wish.why == w->why)
			return true;
	}
	return n >= LIMIT_WAITERS_PER_SA;
}

int lookup_wish(struct engine *e, const struct wish *w, engine_done_fn done, void *arg)
{
	const struct peer_config *peer = w->child->peer;
	struct lookup *l = find(e, peer);
	if (l && is_wanted(l, w, done))
		return done ? -EMFILE : 0;
	struct hopeful *h = calloc(1, sizeof(*h));
	int r = h ? 0 : -ENOMEM;
	if (r == 0 && !l)
		r = lookup_new(e, peer, &l);
	if (r < 0) {
		free(h);
		return r;
	}
	*h = (struct hopeful){ .wish = *w, .done = done, .arg = arg };
	list_add(&l->hopefuls, &h->node);
	return 0;
}

void lookup_forget(struct engine *e, const void *arg)
{
	struct lookup *l;
	struct hopeful *h;
	LIST_EACH(l, &e->lookups, node)
		LIST_EACH(h, &l->hopefuls, node)
			if (h->arg == arg)
				h->done = NULL;
}

void lookup_forget_all(struct engine *e)
{
	struct lookup *l;
	LIST_EACH(l, &e->lookups, node)
		lookup_free(l);
}
