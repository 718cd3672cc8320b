/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop: timers, descriptors, signals.  Two kinds behind one interface: the
 * real one (libevent, monotonic clock) and a virtual one whose clock moves only when
 * a test moves it.  Nothing else in the daemon knows the time.
 */
#ifndef TANUKI_BASE_LOOP_H
#define TANUKI_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct loop;
struct loop_timer;
struct loop_fd;
struct loop_signal;

typedef void (*loop_fn)(void *arg);
typedef void (*loop_fd_fn)(void *arg, int fd);

/* NULL when out of memory. */
struct loop *loop_new(void);
struct loop *loop_new_virtual(void);
void loop_free(struct loop *l);

/* Monotonic milliseconds; wall-clock seconds since 1970 (virtual: derived from the former). */
int64_t loop_now_ms(const struct loop *l);
int64_t loop_wall_sec(const struct loop *l);

/*
 * Runs until loop_stop(), which also counts when it came before; 0, or negative errno.
 * Real loops only (-ENOTSUP).
 */
MUST_USE int loop_run(struct loop *l);
void loop_stop(struct loop *l);

/*
 * A timer calls fn(arg) once after it was armed; arming again replaces the deadline.
 * Never early; a delay below 0 is 0.  The owner frees it, before the loop; freeing or
 * disarming inside its own callback is fine.
 */
struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *arg);
void loop_timer_arm(struct loop_timer *t, int64_t delay_ms);
void loop_timer_disarm(struct loop_timer *t);
bool loop_timer_armed(const struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

/* Calls fn whenever fd is readable (level triggered).  The descriptor stays the caller's. */
struct loop_fd *loop_fd_new(struct loop *l, int fd, loop_fd_fn fn, void *arg);
/* Also (or no longer) calls on_writable when fd can be written; NULL ends it. */
void loop_fd_want_write(struct loop_fd *f, loop_fd_fn on_writable);
void loop_fd_free(struct loop_fd *f);

/* Calls fn when the process receives the signal; real loops only. */
struct loop_signal *loop_signal_new(struct loop *l, int signo, loop_fn fn, void *arg);
void loop_signal_free(struct loop_signal *s);

/*
 * Virtual loops: moves the clock to the next deadline, at most limit_ms ahead of now,
 * and runs what is due then, in order of deadline, then of arming.  Returns false when
 * nothing was due (the clock then stands at the limit).  What callbacks arm waits for the
 * next step, even with a delay of 0.
 */
MUST_USE bool loop_virtual_step(struct loop *l, int64_t limit_ms);

DEFINE_FREEP(struct loop, loop_free)

#endif
