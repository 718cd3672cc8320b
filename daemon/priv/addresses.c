/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests become calls of the table of leases, and of the set-up. */
#include "priv/addresses.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "net/links.h"
#include "policy/pool.h"
#include "priv/clerk_process.h"
#include "priv/lease_store.h"
#include "priv/setup.h"

struct addresses {
	struct loop *loop;
	const struct policy *policy;
	struct clerk_client *clerk;
	struct links *links;
	struct lease_store *store;
	struct setup *setup;
};

struct question {
	struct addresses *a;
	int engine;
	const void *body;
	addresses_answer_fn answer;
	void *arg;
};

/* ---- leases ---- */

static bool is_holder_of(uint64_t holder, int engine)
{
	return holder >> 56 == (uint64_t)engine;
}

static void on_lease_get(const struct question *q)
{
	const struct lease_ask *ask = q->body;
	struct request_lease lease;

	memset(&lease, 0, sizeof(lease));
	lease.result = -EPERM;
	if (is_holder_of(ask->holder, q->engine))
		lease.result = lease_get(lease_store_table(q->a->store), ask,
					 loop_wall_sec(q->a->loop), lease.addr);
	if (lease.result < 0)
		memset(lease.addr, 0, sizeof(lease.addr));
	lease_store_touch(q->a->store);
	q->answer(q->arg, REQUEST_LEASE, slice_of(&lease, sizeof(lease)));
}

static void on_lease_put(const struct question *q)
{
	const struct request_holder *r = q->body;

	if (!is_holder_of(r->holder, q->engine))
		return;
	lease_put(lease_store_table(q->a->store), r->holder, loop_wall_sec(q->a->loop));
	lease_store_touch(q->a->store);
}

static void take_entry(const struct lease_view *v, struct request_lease_entry *ret)
{
	snprintf(ret->pool, sizeof(ret->pool), "%s", v->pool->name);
	ret->id = *v->id;
	ret->addr = v->addr;
	ret->n_holders = v->n_holders;
	ret->fixed = v->fixed;
	ret->used_sec = v->used_sec;
}

static void on_lease_list(const struct question *q)
{
	const struct request_lease_list *r = q->body;
	const struct lease_table *t = lease_store_table(q->a->store);
	struct request_leases *leases = calloc(1, sizeof(*leases));
	struct lease_view view;

	if (!leases) {
		LOG(WARNING, "answer_lost", F_STR("reason", "out of memory"));
		return;
	}
	leases->cursor = r->cursor;
	leases->n_all = (uint32_t)lease_count(t);
	while (leases->n < REQUEST_LEASES_MAX && !leases->end) {
		leases->end = !lease_next(t, &leases->cursor, &view);
		if (!leases->end)
			take_entry(&view, &leases->list[leases->n++]);
	}
	q->answer(q->arg, REQUEST_LEASES, slice_of(leases, sizeof(*leases)));
	free(leases);
}

/* ---- ours ---- */

static bool is_client_of(const struct policy *p, const char *remote)
{
	const struct peer_config *peer;
	LIST_EACH(peer, &p->peers, node)
		if (peer->mode_cfg && strcmp(peer->name, remote) == 0)
			return true;
	return false;
}

static void on_inner_set(const struct question *q)
{
	const struct inner_set *set = q->body;
	struct request_result result;
	struct err err = { 0 };

	memset(&result, 0, sizeof(result));
	if (!is_holder_of(set->holder, q->engine) || !is_client_of(q->a->policy, set->remote))
		result.result = err_set(&err, -EPERM, "nobody's client");
	else
		result.result = setup_set(q->a->setup, set, &err);
	if (result.result < 0)
		LOG(WARNING, "inner_address_failed", F_STR("remote", set->remote),
		    F_STR("reason", err.text));
	request_set_reason(&result, err.text);
	q->answer(q->arg, REQUEST_RESULT, slice_of(&result, sizeof(result)));
}

static void on_inner_drop(const struct question *q)
{
	const struct request_holder *r = q->body;

	if (is_holder_of(r->holder, q->engine))
		setup_drop(q->a->setup, r->holder);
}

/* ---- the table ---- */

static void (*const handlers[__REQUEST_N])(const struct question *q) = {
	[REQUEST_LEASE_GET] = on_lease_get,   [REQUEST_LEASE_PUT] = on_lease_put,
	[REQUEST_LEASE_LIST] = on_lease_list, [REQUEST_INNER_SET] = on_inner_set,
	[REQUEST_INNER_DROP] = on_inner_drop,
};

bool addresses_handles(unsigned int kind)
{
	return kind < N_ELEMENTS(handlers) && handlers[kind];
}

void addresses_request(struct addresses *a, int engine, const struct frame *f,
		       addresses_answer_fn answer, void *arg)
{
	const struct question q = {
		.a = a, .engine = engine, .body = request_body(f), .answer = answer, .arg = arg
	};

	REQUIRE(addresses_handles(f->kind));
	handlers[f->kind](&q);
}

void addresses_engine_gone(struct addresses *a, int engine)
{
	setup_drop_all(a->setup, (uint8_t)engine);
	lease_put_all(lease_store_table(a->store), (uint8_t)engine, loop_wall_sec(a->loop));
	lease_store_touch(a->store);
}

/* ---- who does it ---- */

static int link_add(void *arg, const char *name, uint32_t *ret_link)
{
	struct addresses *a = arg;
	return links_add(a->links, name, SETUP_KIND, ret_link);
}

static int link_remove(void *arg, uint32_t link)
{
	struct addresses *a = arg;
	return links_remove(a->links, link);
}

static int item_put(void *arg, const struct links_item *item)
{
	struct addresses *a = arg;
	return links_put(a->links, item);
}

static int item_take(void *arg, const struct links_item *item)
{
	struct addresses *a = arg;
	return links_take(a->links, item);
}

static void names(void *arg, const char *link, const struct inner_dns *dns)
{
	struct addresses *a = arg;
	if (a->clerk)
		clerk_client_names(a->clerk, link, dns);
}

static const struct setup_ops setup_ops = {
	.add = link_add, .remove = link_remove, .put = item_put, .take = item_take, .names = names
};

static int write_leases(void *arg, const char *text, size_t len, call_result_fn done,
			void *done_arg)
{
	struct addresses *a = arg;
	return a->clerk ? clerk_client_store(a->clerk, text, len, done, done_arg) : -ENODEV;
}

/* ---- life ---- */

bool addresses_wanted(const struct policy *p)
{
	const struct peer_config *peer;

	if (!list_empty(&p->pools))
		return true;
	LIST_EACH(peer, &p->peers, node)
		if (peer->mode_cfg)
			return true;
	return false;
}

/* Without a way to look there is nothing of ours: that needs the same way. */
static void clean_leftovers(struct addresses *a)
{
	static const struct links_leftovers ours = {
		.kind = SETUP_KIND,
		.prefix = SETUP_PREFIX,
		.priority = SETUP_PRIORITY,
		.first_table = SETUP_TABLE,
		.last_table = SETUP_TABLE + SETUP_TUNNELS_MAX - 1,
	};
	int n = links_clean(a->links, &ours);

	if (n > 0)
		LOG(NOTIFY, "inner_addresses_cleaned", F_INT("entries", n));
	else if (n < 0)
		LOG(DEBUG, "inner_addresses_unreadable", F_STR("reason", strerror(-n)));
}

int addresses_new(struct loop *l, const struct policy *p, const char *state_path,
		  struct clerk_client *clerk, struct addresses **ret, struct err *err)
{
	CLEANUP(addresses_freep)
	struct addresses *a = calloc(1, sizeof(*a));
	char path[PATH_MAX];

	if (!a)
		return err_set(err, -ENOMEM, "out of memory");
	a->loop = l;
	a->policy = p;
	a->clerk = clerk;
	snprintf(path, sizeof(path), "%s/" CLERK_LEASES, state_path);
	int r = links_new(&a->links, err);
	if (r < 0)
		return r;
	clean_leftovers(a);
	a->setup = setup_new(&setup_ops, a);
	if (!a->setup)
		return err_set(err, -ENOMEM, "out of memory");
	r = lease_store_new(l, p, path, write_leases, a, &a->store, err);
	if (r < 0)
		return r;
	*ret = TAKE(a);
	return 0;
}

void addresses_free(struct addresses *a)
{
	if (!a)
		return;
	setup_free(a->setup);
	lease_store_free(a->store);
	links_free(a->links);
	free(a);
}
