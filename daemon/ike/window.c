/* SPDX-License-Identifier: BSD-2-Clause */
/* Message ids, retransmission with exponential back-off, reply cache. */
#include "ike/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STAY_MAX = 100 }; /* attempts, if the waits do not grow */

static void arm(struct window *w)
{
	loop_timer_arm(w->timer, w->wait_ms);
}

static void drop_request(struct window *w)
{
	loop_timer_disarm(w->timer);
	free(w->request);
	w->request = NULL;
	w->request_len = 0;
	w->pending = false;
	w->held = false;
}

static void on_timer(void *arg)
{
	struct window *w = arg;
	if (w->held) {
		arm(w);
		return;
	}
	if (w->attempt >= w->last_attempt) {
		drop_request(w);
		w->ops->silent(w->arg);
		return;
	}
	w->attempt++;
	w->n_retransmits++;
	w->wait_ms = w->wait_ms * w->timers->retransmit_factor_percent / 100;
	arm(w);
	w->ops->send(w->arg, window_pending(w), w->attempt);
}

int window_init(struct window *w, struct loop *l, const struct policy_timers *timers,
		const struct window_ops *ops, void *arg)
{
	*w = (struct window){ .ops = ops, .arg = arg, .timers = timers, .loop = l };
	w->timer = loop_timer_new(l, on_timer, w);
	return w->timer ? 0 : -ENOMEM;
}

void window_done(struct window *w)
{
	loop_timer_free(w->timer);
	free(w->request);
	free(w->reply);
	*w = (struct window){ 0 };
}

uint32_t window_request_id(const struct window *w)
{
	return w->next_id;
}

bool window_is_pending(const struct window *w)
{
	return w->pending;
}

static uint8_t *copy_of(struct slice message)
{
	uint8_t *copy = malloc(message.len);
	if (copy)
		memcpy(copy, message.p, message.len);
	return copy;
}

int window_request(struct window *w, struct slice message)
{
	uint8_t *copy;
	if (w->pending)
		return -EBUSY;
	if (w->next_id == UINT32_MAX)
		return -EOVERFLOW;
	copy = copy_of(message);
	if (!copy)
		return -ENOMEM;
	w->request = copy;
	w->request_len = message.len;
	w->pending = true;
	w->attempt = w->reshaped_attempt = 0;
	w->last_attempt = w->timers->retransmit_tries - 1;
	w->wait_ms = w->timers->retransmit_first_ms;
	w->first_sent_ms = loop_now_ms(w->loop);
	arm(w);
	w->ops->send(w->arg, message, 0);
	return 0;
}

int window_reshape(struct window *w, struct slice message)
{
	uint8_t *copy = w->pending ? copy_of(message) : NULL;
	if (!copy)
		return -ENOMEM;
	free(w->request);
	w->request = copy;
	w->request_len = message.len;
	w->wait_ms = w->timers->retransmit_first_ms;
	w->last_attempt += w->attempt - w->reshaped_attempt;
	w->reshaped_attempt = w->attempt;
	arm(w);
	return 0;
}

struct slice window_pending(const struct window *w)
{
	return slice_of(w->request, w->request_len);
}

void window_answered(struct window *w)
{
	drop_request(w);
	w->next_id++;
}

int window_replace(struct window *w, struct slice message)
{
	drop_request(w);
	return window_request(w, message);
}

void window_abandon(struct window *w)
{
	drop_request(w);
}

void window_hold(struct window *w, bool held)
{
	w->held = held && w->pending;
}

void window_again(struct window *w)
{
	if (!w->pending || w->held)
		return;
	w->wait_ms = w->timers->retransmit_first_ms;
	w->last_attempt = w->attempt + w->timers->retransmit_tries;
	loop_timer_arm(w->timer, 0);
}

void window_stay(struct window *w, int64_t ms)
{
	int64_t wait_ms = w->wait_ms;
	int last = w->attempt;
	for (ms -= wait_ms; ms > 0 && last < w->attempt + STAY_MAX; last++) {
		wait_ms = wait_ms * w->timers->retransmit_factor_percent / 100;
		ms -= wait_ms;
	}
	if (w->pending && last > w->last_attempt)
		w->last_attempt = last;
}

void window_hurry(struct window *w, int attempts)
{
	if (w->last_attempt > w->attempt + attempts)
		w->last_attempt = w->attempt + attempts;
}

bool window_takes_response(const struct window *w, uint32_t id)
{
	return w->pending && !w->held && id == w->next_id;
}

int window_attempts(const struct window *w)
{
	return w->attempt + 1;
}

int64_t window_tried_ms(const struct window *w)
{
	return loop_now_ms(w->loop) - w->first_sent_ms;
}

enum window_verdict window_take_request(const struct window *w, uint32_t id, uint64_t hash,
					struct slice *ret_reply)
{
	if (id == w->expect_id)
		return id == UINT32_MAX ? WINDOW_STALE : WINDOW_FRESH;
	if (!window_is_answered(w, id) || hash != w->reply_to)
		return WINDOW_STALE;
	*ret_reply = window_reply(w);
	return WINDOW_AGAIN;
}

int window_replied(struct window *w, uint64_t hash, struct slice reply)
{
	uint8_t *copy = copy_of(reply);
	if (!copy)
		return -ENOMEM;
	free(w->reply);
	w->reply = copy;
	w->reply_len = reply.len;
	w->reply_to = hash;
	w->has_reply = true;
	w->expect_id++;
	return 0;
}

bool window_has_reply(const struct window *w)
{
	return w->has_reply;
}

struct slice window_reply(const struct window *w)
{
	return slice_of(w->reply, w->reply_len);
}

bool window_is_answered(const struct window *w, uint32_t id)
{
	return w->has_reply && id == w->expect_id - 1;
}

int window_reshape_reply(struct window *w, struct slice reply)
{
	uint8_t *copy = copy_of(reply);
	if (!copy)
		return -ENOMEM;
	free(w->reply);
	w->reply = copy;
	w->reply_len = reply.len;
	return 0;
}
