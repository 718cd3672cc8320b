/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel of tests: remembers what was installed, answers late, fails on demand.
 * Requests run in the order of the calls, each delay_ms after it was made, also when nobody
 * waits for the answer any more.
 */
#include "kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/secret.h"

enum request_kind { INSTALL, COMPLETE, MOVE, REMOVE };

struct request {
	struct list node;
	enum request_kind kind;
	int forced;          /* negative: what it fails with */
	kernel_done_fn done; /* NULL: nobody waits */
	void *arg;
	int64_t due_ms;
	struct kernel_child child; /* MOVE: only the ids */
	struct kernel_move move;
};

struct installed {
	struct list node;
	bool complete;
	struct kernel_child child;
};

struct kernel_fake {
	struct kernel port;
	struct loop *loop;
	struct loop_timer *timer;
	int64_t delay_ms;
	int fail_next;
	struct list requests, children;
	size_t n_children, n_acquires_failed, n_moves;
};

static struct kernel_fake *fake_of(struct kernel *k)
{
	return CONTAINER_OF(k, struct kernel_fake, port);
}

static bool same_addr(const union keydb_addr *a, const union keydb_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* RFC 4301 4.1: what the kernel looks an inbound SA up by. */
static bool same_sa(const struct keydb_sa_id *a, const struct keydb_sa_id *b)
{
	return a->spi == b->spi && a->proto == b->proto && same_addr(&a->dst, &b->dst);
}

static bool clashes(const struct kernel_child *a, const struct kernel_child *b)
{
	return same_sa(&a->in.id, &b->in.id) || same_sa(&a->in.id, &b->out.id) ||
	       same_sa(&a->out.id, &b->in.id) || same_sa(&a->out.id, &b->out.id);
}

static struct installed *find(struct kernel_fake *f, const struct kernel_child *child)
{
	struct installed *i;
	LIST_EACH(i, &f->children, node)
		if (clashes(&i->child, child))
			return i;
	return NULL;
}

static void wipe_free(void *p, size_t len)
{
	secret_wipe(p, len);
	free(p);
}

static int install(struct kernel_fake *f, const struct request *r)
{
	struct installed *i;
	if (r->forced < 0)
		return r->forced;
	if (find(f, &r->child))
		return -EEXIST;
	i = malloc(sizeof(*i));
	if (!i)
		return -ENOMEM;
	i->child = r->child;
	i->complete = !r->child.in_only;
	list_add(&f->children, &i->node);
	f->n_children++;
	return 0;
}

static int complete(struct kernel_fake *f, const struct request *r)
{
	struct installed *i = find(f, &r->child);
	if (r->forced < 0)
		return r->forced;
	if (!i || !same_sa(&i->child.in.id, &r->child.in.id))
		return -ENOENT;
	if (i->complete)
		return -EALREADY;
	i->child.out = r->child.out;
	/* Its outbound SA is the youngest now, and so is it. */
	list_remove(&i->node);
	list_add(&f->children, &i->node);
	i->complete = true;
	return 0;
}

static void forget(struct kernel_fake *f, struct installed *i)
{
	list_remove(&i->node);
	f->n_children--;
	wipe_free(i, sizeof(*i));
}

static void move_sa(struct keydb_sa *sa, const union keydb_addr *src, const union keydb_addr *dst,
		    uint16_t src_port, uint16_t dst_port)
{
	sa->id.src = *src;
	sa->id.dst = *dst;
	sa->encap_src_port = src_port;
	sa->encap_dst_port = dst_port;
}

static int move_child(struct kernel_fake *f, const struct request *r)
{
	const struct kernel_move *m = &r->move;
	struct installed *i = find(f, &r->child);
	if (!i || !same_sa(&i->child.in.id, &m->in) || !same_sa(&i->child.out.id, &m->out))
		return -ENOENT;
	if (r->forced < 0) {
		forget(f, i);
		return r->forced;
	}
	f->n_moves++;
	move_sa(&i->child.in, &m->peer, &m->local, m->peer_port, m->local_port);
	move_sa(&i->child.out, &m->local, &m->peer, m->local_port, m->peer_port);
	return 0;
}

static int remove_child(struct kernel_fake *f, const struct request *r)
{
	struct installed *i = find(f, &r->child);
	if (i)
		forget(f, i);
	return 0;
}

static void answer(struct kernel_fake *f, struct request *r)
{
	static int (*const run[])(struct kernel_fake *, const struct request *) = {
		[INSTALL] = install,
		[COMPLETE] = complete,
		[MOVE] = move_child,
		[REMOVE] = remove_child,
	};
	int result = run[r->kind](f, r);
	kernel_done_fn done = r->done;
	void *arg = r->arg;
	list_remove(&r->node);
	wipe_free(r, sizeof(*r));
	if (done)
		done(arg, result, result < 0 ? strerror(-result) : "");
}

static void arm(struct kernel_fake *f)
{
	int64_t now_ms = loop_now_ms(f->loop);
	if (list_empty(&f->requests))
		return;
	struct request *r = LIST_ENTRY(f->requests.next, struct request, node);
	loop_timer_arm(f->timer, r->due_ms > now_ms ? r->due_ms - now_ms : 0);
}

static void on_due(void *arg)
{
	struct kernel_fake *f = arg;
	if (!list_empty(&f->requests))
		answer(f, LIST_ENTRY(f->requests.next, struct request, node));
	arm(f);
}

static int ask(struct kernel *k, enum request_kind kind, const struct kernel_child *child,
	       const struct kernel_move *move, kernel_done_fn done, void *arg)
{
	struct kernel_fake *f = fake_of(k);
	struct request *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->kind = kind;
	if (move)
		r->move = *move;
	r->done = done;
	r->arg = arg;
	r->due_ms = loop_now_ms(f->loop) + f->delay_ms;
	r->child = *child;
	if (kind != REMOVE) {
		r->forced = f->fail_next;
		f->fail_next = 0;
	}
	list_add(&f->requests, &r->node);
	arm(f);
	return 0;
}

static int child_install(struct kernel *k, const struct kernel_child *child, kernel_done_fn done,
			 void *arg)
{
	return ask(k, INSTALL, child, NULL, done, arg);
}

static int child_complete(struct kernel *k, const struct kernel_child *child, kernel_done_fn done,
			  void *arg)
{
	return ask(k, COMPLETE, child, NULL, done, arg);
}

static int child_remove(struct kernel *k, const struct kernel_child *child, kernel_done_fn done,
			void *arg)
{
	return ask(k, REMOVE, child, NULL, done, arg);
}

static int child_move(struct kernel *k, const struct kernel_move *move, kernel_done_fn done,
		      void *arg)
{
	struct kernel_child ids = { .in.id = move->in, .out.id = move->out };
	return ask(k, MOVE, &ids, move, done, arg);
}

static int acquire_failed(struct kernel *k, const struct keydb_sa_id *larval, uint32_t seq)
{
	(void)larval;
	(void)seq;
	fake_of(k)->n_acquires_failed++;
	return 0;
}

static void cancel(struct kernel *k, void *arg)
{
	struct request *r;
	LIST_EACH(r, &fake_of(k)->requests, node)
		if (r->arg == arg)
			r->done = NULL;
}

static const struct kernel_ops fake_ops = {
	.child_install = child_install,
	.child_complete = child_complete,
	.child_move = child_move,
	.child_remove = child_remove,
	.acquire_failed = acquire_failed,
	.cancel = cancel,
};

struct kernel_fake *kernel_fake_new(struct loop *l, int64_t delay_ms)
{
	struct kernel_fake *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->port.ops = &fake_ops;
	f->loop = l;
	f->delay_ms = delay_ms;
	list_init(&f->requests);
	list_init(&f->children);
	f->timer = loop_timer_new(l, on_due, f);
	if (!f->timer) {
		free(f);
		return NULL;
	}
	return f;
}

void kernel_fake_free(struct kernel_fake *f)
{
	struct request *r;
	struct installed *i;
	if (!f)
		return;
	LIST_EACH(r, &f->requests, node) {
		list_remove(&r->node);
		wipe_free(r, sizeof(*r));
	}
	LIST_EACH(i, &f->children, node)
		forget(f, i);
	loop_timer_free(f->timer);
	free(f);
}

struct kernel *kernel_fake_port(struct kernel_fake *f)
{
	return &f->port;
}

void kernel_fake_set_delay(struct kernel_fake *f, int64_t delay_ms)
{
	f->delay_ms = delay_ms;
}

void kernel_fake_fail_next(struct kernel_fake *f, int result)
{
	f->fail_next = result;
}

size_t kernel_fake_count(const struct kernel_fake *f)
{
	return f->n_children;
}

const struct kernel_child *kernel_fake_child(const struct kernel_fake *f, size_t index)
{
	const struct installed *i;
	LIST_EACH(i, &f->children, node)
		if (index-- == 0)
			return &i->child;
	return NULL;
}

bool kernel_fake_is_complete(const struct kernel_fake *f, size_t index)
{
	const struct installed *i;
	LIST_EACH(i, &f->children, node)
		if (index-- == 0)
			return i->complete;
	return false;
}

size_t kernel_fake_acquires_failed(const struct kernel_fake *f)
{
	return f->n_acquires_failed;
}

size_t kernel_fake_n_moves(const struct kernel_fake *f)
{
	return f->n_moves;
}

size_t kernel_fake_n_open(const struct kernel_fake *f)
{
	size_t n = 0;
	const struct request *r;
	LIST_EACH(r, &f->requests, node)
		n++;
	return n;
}
