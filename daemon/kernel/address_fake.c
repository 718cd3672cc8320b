/* SPDX-License-Identifier: BSD-2-Clause */
/* Inner addresses of tests: answers late, in order, and fails on demand. */
#include "kernel/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/loop.h"

enum address_request { GET, PUT, SET, DROP };

struct request {
	struct list node;
	enum address_request kind;
	int64_t due_ms;
	int forced; /* negative: what it fails with */
	struct lease_ask ask;
	struct inner_set set;
	uint64_t holder;
	address_lease_fn on_lease; /* NULL: nobody waits */
	address_done_fn on_done;
	void *arg;
};

struct set_up {
	struct list node;
	struct inner_set set;
};

struct address_fake {
	struct address_port port;
	struct loop *loop;
	struct loop_timer *timer;
	int64_t delay_ms;
	int fail_next;
	struct lease_table *leases;
	struct list requests, sets;
};

static struct address_fake *fake_of(struct address_port *a)
{
	return CONTAINER_OF(a, struct address_fake, port);
}

static void drop(struct address_fake *f, uint64_t holder)
{
	struct set_up *s;
	LIST_EACH(s, &f->sets, node) {
		if (s->set.holder != holder)
			continue;
		list_remove(&s->node);
		free(s);
	}
}

static int set_up(struct address_fake *f, const struct inner_set *set)
{
	struct set_up *s;
	const char *fault = inner_set_fault(set);
	REQUIRE(!fault);
	LIST_EACH(s, &f->sets, node) {
		if (s->set.holder != set->holder)
			continue;
		s->set = *set;
		return 0;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->set = *set;
	list_add(&f->sets, &s->node);
	return 0;
}

static void answer(struct address_fake *f, struct request *r)
{
	struct addr addr[INNER_FAMILIES] = { 0 };
	int result = r->forced;
	int64_t now_sec = loop_wall_sec(f->loop);
	list_remove(&r->node);
	if (r->kind == GET)
		result = lease_get(f->leases, &r->ask, now_sec, addr);
	else if (r->kind == PUT)
		lease_put(f->leases, r->holder, now_sec);
	else if (r->kind == DROP)
		drop(f, r->holder);
	else if (result == 0)
		result = set_up(f, &r->set);
	if (r->on_lease)
		r->on_lease(r->arg, result, addr);
	else if (r->on_done)
		r->on_done(r->arg, result, result < 0 ? strerror(-result) : "");
	free(r);
}

static void arm(struct address_fake *f)
{
	const struct request *first;
	if (list_empty(&f->requests))
		return;
	first = LIST_ENTRY(f->requests.next, struct request, node);
	loop_timer_arm(f->timer, first->due_ms - loop_now_ms(f->loop));
}

static void on_due(void *arg)
{
	struct address_fake *f = arg;
	if (!list_empty(&f->requests))
		answer(f, LIST_ENTRY(f->requests.next, struct request, node));
	arm(f);
}

static struct request *request_new(struct address_fake *f, enum address_request kind, void *arg)
{
	struct request *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->kind = kind;
	r->arg = arg;
	r->due_ms = loop_now_ms(f->loop) + f->delay_ms;
	list_add(&f->requests, &r->node);
	arm(f);
	return r;
}

static int fake_get(struct address_port *a, const struct lease_ask *ask, address_lease_fn done,
		    void *arg)
{
	struct request *r = request_new(fake_of(a), GET, arg);
	if (!r)
		return -ENOMEM;
	r->ask = *ask;
	r->on_lease = done;
	return 0;
}

static int fake_put(struct address_port *a, uint64_t holder)
{
	struct request *r = request_new(fake_of(a), PUT, NULL);
	if (!r)
		return -ENOMEM;
	r->holder = holder;
	return 0;
}

static int fake_set(struct address_port *a, const struct inner_set *set, address_done_fn done,
		    void *arg)
{
	struct address_fake *f = fake_of(a);
	struct request *r = request_new(f, SET, arg);
	if (!r)
		return -ENOMEM;
	r->set = *set;
	r->on_done = done;
	r->forced = f->fail_next;
	f->fail_next = 0;
	return 0;
}

static int fake_drop(struct address_port *a, uint64_t holder)
{
	struct request *r = request_new(fake_of(a), DROP, NULL);
	if (!r)
		return -ENOMEM;
	r->holder = holder;
	return 0;
}

static void fake_cancel(struct address_port *a, void *arg)
{
	struct request *r;
	LIST_EACH(r, &fake_of(a)->requests, node) {
		if (r->arg != arg)
			continue;
		r->on_lease = NULL;
		r->on_done = NULL;
	}
}

static const struct address_ops fake_ops = { .lease_get = fake_get,
					     .lease_put = fake_put,
					     .inner_set = fake_set,
					     .inner_drop = fake_drop,
					     .cancel = fake_cancel };

struct address_fake *address_fake_new(struct loop *l, const struct policy *p, int64_t delay_ms)
{
	struct address_fake *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->port.ops = &fake_ops;
	f->loop = l;
	f->delay_ms = delay_ms;
	list_init(&f->requests);
	list_init(&f->sets);
	f->leases = lease_table_new(p);
	f->timer = loop_timer_new(l, on_due, f);
	if (!f->leases || !f->timer) {
		address_fake_free(f);
		return NULL;
	}
	return f;
}

void address_fake_free(struct address_fake *f)
{
	struct request *r;
	struct set_up *s;
	if (!f)
		return;
	LIST_EACH(r, &f->requests, node)
		free(r);
	LIST_EACH(s, &f->sets, node)
		free(s);
	loop_timer_free(f->timer);
	lease_table_free(f->leases);
	free(f);
}

struct address_port *address_fake_port(struct address_fake *f)
{
	return &f->port;
}

struct lease_table *address_fake_leases(struct address_fake *f)
{
	return f->leases;
}

size_t address_fake_count(const struct address_fake *f)
{
	const struct set_up *s;
	size_t n = 0;
	LIST_EACH(s, &f->sets, node)
		n++;
	return n;
}

const struct inner_set *address_fake_set(const struct address_fake *f, size_t index)
{
	const struct set_up *s;
	LIST_EACH(s, &f->sets, node)
		if (index-- == 0)
			return &s->set;
	return NULL;
}

void address_fake_fail_next(struct address_fake *f, int result)
{
	f->fail_next = result;
}

size_t address_fake_n_open(const struct address_fake *f)
{
	const struct request *r;
	size_t n = 0;
	LIST_EACH(r, &f->requests, node)
		n++;
	return n;
}
