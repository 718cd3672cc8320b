/* SPDX-License-Identifier: BSD-2-Clause */
/* The event loop over libevent, and the calls that lead to either kind of loop. */
#include "base/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <time.h>

#include "base/loop_int.h"

struct real_loop {
	struct loop loop;
	struct event_base *base;
	bool stopping;
};

struct real_timer {
	struct loop_timer timer;
	struct event *event;
	int64_t deadline_ms;
};

struct loop_fd {
	struct event_base *base;
	struct event *on_read, *on_write;
	loop_fd_fn fn, write_fn;
	void *arg;
	int fd;
};

struct loop_signal {
	struct event *event;
	loop_fn fn;
	void *arg;
};

static struct real_loop *real_of(struct loop *l)
{
	return CONTAINER_OF(l, struct real_loop, loop);
}

static struct real_timer *real_timer_of(struct loop_timer *t)
{
	return CONTAINER_OF(t, struct real_timer, timer);
}

static int64_t real_now_ms(const struct loop *l)
{
	struct timespec now;
	(void)l;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t real_wall_sec(const struct loop *l)
{
	(void)l;
	return (int64_t)time(NULL);
}

static void real_free(struct loop *l)
{
	struct real_loop *real = real_of(l);
	event_base_free(real->base);
	free(real);
}

static int real_run(struct loop *l)
{
	struct real_loop *real = real_of(l);
	int r = 0;

	/* libevent forgets a stop that came before the start. */
	if (!real->stopping)
		r = event_base_dispatch(real->base);
	real->stopping = false;
	return r < 0 ? -EIO : 0;
}

static void real_stop(struct loop *l)
{
	struct real_loop *real = real_of(l);
	real->stopping = true;
	event_base_loopbreak(real->base);
}

static void schedule(struct real_timer *t, int64_t delay_ms)
{
	struct timeval tv = { .tv_sec = (time_t)(delay_ms / 1000),
			      .tv_usec = (suseconds_t)(delay_ms % 1000 * 1000) };
	/* Fails only without memory for the heap, which event_new()'s loop has had before. */
	REQUIRE(event_add(t->event, &tv) == 0);
}

static void on_timer_event(evutil_socket_t fd, short what, void *arg)
{
	struct real_timer *t = arg;
	int64_t left_ms = t->deadline_ms - real_now_ms(t->timer.loop);

	(void)fd;
	(void)what;
	/* libevent's coarse clock may be a tick early; our callers never see that. */
	if (left_ms > 0)
		schedule(t, left_ms);
	else
		t->timer.fn(t->timer.arg);
}

static struct loop_timer *real_timer_new(struct loop *l)
{
	struct real_timer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->event = event_new(real_of(l)->base, -1, 0, on_timer_event, t);
	if (!t->event) {
		free(t);
		return NULL;
	}
	return &t->timer;
}

static void real_timer_arm(struct loop_timer *timer, int64_t delay_ms)
{
	/* About 30 years: far beyond any use, and no sum overflows. */
	const int64_t max_ms = (int64_t)1000 * 1000 * 1000 * 1000;
	struct real_timer *t = real_timer_of(timer);

	if (delay_ms > max_ms)
		delay_ms = max_ms;
	t->deadline_ms = real_now_ms(timer->loop) + delay_ms;
	schedule(t, delay_ms);
}

static void real_timer_disarm(struct loop_timer *timer)
{
	event_del(real_timer_of(timer)->event);
}

static bool real_timer_armed(const struct loop_timer *timer)
{
	const struct real_timer *t = (const struct real_timer *)timer;
	return event_pending(t->event, EV_TIMEOUT, NULL) != 0;
}

static void real_timer_free(struct loop_timer *timer)
{
	struct real_timer *t = real_timer_of(timer);
	event_free(t->event);
	free(t);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct loop_fd *f = arg;
	(void)what;
	f->fn(f->arg, fd);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct loop_fd *f = arg;
	(void)what;
	f->write_fn(f->arg, fd);
}

static struct loop_fd *real_fd_new(struct loop *l, int fd, loop_fd_fn fn, void *arg)
{
	struct loop_fd *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	*f = (struct loop_fd){ .base = real_of(l)->base, .fn = fn, .arg = arg, .fd = fd };
	/* Two events: either callback may free the pair without the other one running. */
	f->on_read = event_new(f->base, fd, EV_READ | EV_PERSIST, on_readable, f);
	f->on_write = event_new(f->base, fd, EV_WRITE | EV_PERSIST, on_writable, f);
	if (!f->on_read || !f->on_write || event_add(f->on_read, NULL) < 0) {
		loop_fd_free(f);
		return NULL;
	}
	return f;
}

void loop_fd_want_write(struct loop_fd *f, loop_fd_fn write_fn)
{
	f->write_fn = write_fn;
	if (write_fn)
		REQUIRE(event_add(f->on_write, NULL) == 0);
	else
		event_del(f->on_write);
}

void loop_fd_free(struct loop_fd *f)
{
	if (!f)
		return;
	if (f->on_read)
		event_free(f->on_read);
	if (f->on_write)
		event_free(f->on_write);
	free(f);
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;
	(void)signo;
	(void)what;
	s->fn(s->arg);
}

static struct loop_signal *real_signal_new(struct loop *l, int signo, loop_fn fn, void *arg)
{
	struct loop_signal *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct loop_signal){ .fn = fn, .arg = arg };
	s->event = evsignal_new(real_of(l)->base, signo, on_signal, s);
	if (!s->event || event_add(s->event, NULL) < 0) {
		loop_signal_free(s);
		return NULL;
	}
	return s;
}

void loop_signal_free(struct loop_signal *s)
{
	if (!s)
		return;
	if (s->event)
		event_free(s->event);
	free(s);
}

static const struct loop_ops real_ops = {
	.free = real_free,
	.now_ms = real_now_ms,
	.wall_sec = real_wall_sec,
	.run = real_run,
	.stop = real_stop,
	.timer_new = real_timer_new,
	.timer_arm = real_timer_arm,
	.timer_disarm = real_timer_disarm,
	.timer_armed = real_timer_armed,
	.timer_free = real_timer_free,
	.fd_new = real_fd_new,
	.signal_new = real_signal_new,
};

static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (!config)
		return NULL;
	/* A cached time would count a timer's delay from before the callback that arms it. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct loop *loop_new(void)
{
	struct real_loop *real = calloc(1, sizeof(*real));

	if (!real)
		return NULL;
	real->loop.ops = &real_ops;
	real->base = base_new();
	if (!real->base) {
		free(real);
		return NULL;
	}
	return &real->loop;
}

void loop_free(struct loop *l)
{
	if (l)
		l->ops->free(l);
}

int64_t loop_now_ms(const struct loop *l)
{
	return l->ops->now_ms(l);
}

int64_t loop_wall_sec(const struct loop *l)
{
	return l->ops->wall_sec(l);
}

int loop_run(struct loop *l)
{
	return l->ops->run(l);
}

void loop_stop(struct loop *l)
{
	l->ops->stop(l);
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *arg)
{
	struct loop_timer *t = l->ops->timer_new(l);
	if (t)
		*t = (struct loop_timer){ .loop = l, .fn = fn, .arg = arg };
	return t;
}

void loop_timer_arm(struct loop_timer *t, int64_t delay_ms)
{
	t->loop->ops->timer_arm(t, delay_ms > 0 ? delay_ms : 0);
}

void loop_timer_disarm(struct loop_timer *t)
{
	if (t)
		t->loop->ops->timer_disarm(t);
}

bool loop_timer_armed(const struct loop_timer *t)
{
	return t->loop->ops->timer_armed(t);
}

void loop_timer_free(struct loop_timer *t)
{
	if (t)
		t->loop->ops->timer_free(t);
}

struct loop_fd *loop_fd_new(struct loop *l, int fd, loop_fd_fn fn, void *arg)
{
	return l->ops->fd_new ? l->ops->fd_new(l, fd, fn, arg) : NULL;
}

struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_fn fn, void *arg)
{
	return l->ops->signal_new ? l->ops->signal_new(l, signo, fn, arg) : NULL;
}
