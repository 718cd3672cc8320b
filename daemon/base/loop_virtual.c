/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loop whose clock moves only when a test moves it: a binary heap of timers, ordered
 * by deadline, then by the order in which they were armed.
 */
#include "base/loop.h"

#include <errno.h>

#include "base/loop_int.h"

/* The clock starts away from zero: a stray zero time then shows. */
static const int64_t start_ms = 1000;
/* 2026-01-01 00:00:00 UTC at the start. */
static const int64_t start_wall_sec = 1767225600;

struct virtual_timer {
	struct loop_timer timer;
	int64_t deadline_ms;
	uint64_t armed_nth; /* of all armings */
	size_t at;          /* 1 + index in the heap, 0: not armed */
};

struct virtual_loop {
	struct loop loop;
	int64_t now_ms;
	uint64_t n_armings;
	struct virtual_timer **heap;
	size_t n, capacity; /* room for every timer is made when it is created */
	size_t n_timers;
};

static struct virtual_loop *virtual_of(struct loop *l)
{
	return CONTAINER_OF(l, struct virtual_loop, loop);
}

static struct virtual_timer *virtual_timer_of(struct loop_timer *t)
{
	return CONTAINER_OF(t, struct virtual_timer, timer);
}

static bool before(const struct virtual_timer *a, const struct virtual_timer *b)
{
	if (a->deadline_ms != b->deadline_ms)
		return a->deadline_ms < b->deadline_ms;
	return a->armed_nth < b->armed_nth;
}

static void place(struct virtual_loop *v, size_t i, struct virtual_timer *t)
{
	v->heap[i] = t;
	t->at = i + 1;
}

static void sift_up(struct virtual_loop *v, size_t i)
{
	struct virtual_timer *t = v->heap[i];
	for (; i > 0 && before(t, v->heap[(i - 1) / 2]); i = (i - 1) / 2)
		place(v, i, v->heap[(i - 1) / 2]);
	place(v, i, t);
}

static void sift_down(struct virtual_loop *v, size_t i)
{
	struct virtual_timer *t = v->heap[i];
	for (size_t child; (child = 2 * i + 1) < v->n; i = child) {
		if (child + 1 < v->n && before(v->heap[child + 1], v->heap[child]))
			child++;
		if (!before(v->heap[child], t))
			break;
		place(v, i, v->heap[child]);
	}
	place(v, i, t);
}

static void virtual_timer_disarm(struct loop_timer *timer)
{
	struct virtual_loop *v = virtual_of(timer->loop);
	struct virtual_timer *t = virtual_timer_of(timer), *last;
	size_t i = t->at - 1;

	if (t->at == 0)
		return;
	t->at = 0;
	last = v->heap[--v->n];
	if (last == t)
		return;
	place(v, i, last);
	sift_up(v, i);
	sift_down(v, last->at - 1);
}

static void virtual_timer_arm(struct loop_timer *timer, int64_t delay_ms)
{
	struct virtual_loop *v = virtual_of(timer->loop);
	struct virtual_timer *t = virtual_timer_of(timer);

	virtual_timer_disarm(timer);
	t->deadline_ms = delay_ms < INT64_MAX - v->now_ms ? v->now_ms + delay_ms : INT64_MAX;
	t->armed_nth = v->n_armings++;
	place(v, v->n, t);
	sift_up(v, v->n++);
}

static bool virtual_timer_armed(const struct loop_timer *timer)
{
	return ((const struct virtual_timer *)timer)->at != 0;
}

static struct loop_timer *virtual_timer_new(struct loop *l)
{
	struct virtual_loop *v = virtual_of(l);
	struct virtual_timer *t;

	if (v->n_timers == v->capacity) {
		size_t capacity = v->capacity > 0 ? v->capacity * 2 : 64;
		void *heap = reallocarray(v->heap, capacity, sizeof(struct virtual_timer *));
		if (!heap)
			return NULL;
		v->heap = heap;
		v->capacity = capacity;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	v->n_timers++;
	return &t->timer;
}

static void virtual_timer_free(struct loop_timer *timer)
{
	virtual_timer_disarm(timer);
	virtual_of(timer->loop)->n_timers--;
	free(virtual_timer_of(timer));
}

static int64_t virtual_now_ms(const struct loop *l)
{
	return ((const struct virtual_loop *)l)->now_ms;
}

static int64_t virtual_wall_sec(const struct loop *l)
{
	return start_wall_sec + (virtual_now_ms(l) - start_ms) / 1000;
}

static int virtual_run(struct loop *l)
{
	(void)l;
	return -ENOTSUP;
}

static void virtual_stop(struct loop *l)
{
	(void)l;
}

static void virtual_free(struct loop *l)
{
	struct virtual_loop *v = virtual_of(l);
	free(v->heap);
	free(v);
}

static const struct loop_ops virtual_ops = {
	.free = virtual_free,
	.now_ms = virtual_now_ms,
	.wall_sec = virtual_wall_sec,
	.run = virtual_run,
	.stop = virtual_stop,
	.timer_new = virtual_timer_new,
	.timer_arm = virtual_timer_arm,
	.timer_disarm = virtual_timer_disarm,
	.timer_armed = virtual_timer_armed,
	.timer_free = virtual_timer_free,
};

struct loop *loop_new_virtual(void)
{
	struct virtual_loop *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->loop.ops = &virtual_ops;
	v->now_ms = start_ms;
	return &v->loop;
}

bool loop_virtual_step(struct loop *l, int64_t limit_ms)
{
	struct virtual_loop *v = virtual_of(l);
	/* What callbacks arm waits for the next step: none can keep this one going. */
	const uint64_t n_armings = v->n_armings;
	int64_t until_ms = limit_ms < INT64_MAX - v->now_ms ? v->now_ms + limit_ms : INT64_MAX;

	REQUIRE(l->ops == &virtual_ops && limit_ms >= 0);
	if (v->n == 0 || v->heap[0]->deadline_ms > until_ms) {
		v->now_ms = until_ms;
		return false;
	}
	if (v->heap[0]->deadline_ms > v->now_ms)
		v->now_ms = v->heap[0]->deadline_ms;
	while (v->n > 0 && v->heap[0]->deadline_ms <= v->now_ms &&
	       v->heap[0]->armed_nth < n_armings) {
		struct loop_timer *t = &v->heap[0]->timer;
		virtual_timer_disarm(t);
		t->fn(t->arg);
	}
	return true;
}
