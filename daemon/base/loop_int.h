/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two kinds of loop share; private to base/. */
#ifndef TANUKI_BASE_LOOP_INT_H
#define TANUKI_BASE_LOOP_INT_H

#include "base/loop.h"

/* Each kind embeds these as the first members of its own structs. */
struct loop {
	const struct loop_ops *ops;
};

struct loop_timer {
	struct loop *loop;
	loop_fn fn;
	void *arg;
};

/* Descriptors and signals: NULL members where a kind has none. */
struct loop_ops {
	void (*free)(struct loop *l);
	int64_t (*now_ms)(const struct loop *l);
	int64_t (*wall_sec)(const struct loop *l);
	int (*run)(struct loop *l);
	void (*stop)(struct loop *l);
	struct loop_timer *(*timer_new)(struct loop *l);
	void (*timer_arm)(struct loop_timer *t, int64_t delay_ms);
	void (*timer_disarm)(struct loop_timer *t);
	bool (*timer_armed)(const struct loop_timer *t);
	void (*timer_free)(struct loop_timer *t);
	struct loop_fd *(*fd_new)(struct loop *l, int fd, loop_fd_fn fn, void *arg);
	struct loop_signal *(*signal_new)(struct loop *l, int signo, loop_fn fn, void *arg);
};

#endif
