/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message ids of one IKE SA, window size 1 (RFC 7296 2.1 to 2.3): our request that waits
 * for its response and is retransmitted, and the last reply that we gave, kept to be sent
 * again as it is.
 */
#ifndef TANUKI_IKE_WINDOW_H
#define TANUKI_IKE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/loop.h"
#include "base/wire.h"
#include "policy/policy.h"

/* What the window does to the world. */
struct window_ops {
	void (*send)(void *arg, struct slice message, int attempt); /* attempt 0: first time */
	void (*silent)(void *arg); /* no response to all attempts; the request is forgotten */
};

struct window {
	const struct window_ops *ops;
	void *arg;
	const struct policy_timers *timers;
	struct loop *loop;
	struct loop_timer *timer;
	/* our requests */
	uint32_t next_id;
	bool pending, held;
	uint8_t *request;
	size_t request_len;
	int attempt, last_attempt, reshaped_attempt;
	int64_t wait_ms, first_sent_ms;
	uint64_t n_retransmits;
	/* the peer's requests */
	uint32_t expect_id;
	bool has_reply;
	uint64_t reply_to; /* hash of the request */
	uint8_t *reply;
	size_t reply_len;
};

/* ops and timers are borrowed for its life.  -ENOMEM. */
MUST_USE int window_init(struct window *w, struct loop *l, const struct policy_timers *timers,
			 const struct window_ops *ops, void *arg);
void window_done(struct window *w);

/* ---- our requests ---- */

/* The id that the next request must carry (while one is pending: that one's). */
uint32_t window_request_id(const struct window *w);
bool window_is_pending(const struct window *w);
/* Keeps a copy, sends it and arms the retransmission.  -EBUSY: one is pending;
 * -EOVERFLOW: the ids are used up (2.2: the SA must end); -ENOMEM. */
MUST_USE int window_request(struct window *w, struct slice message);
/* The pending request is answered: the next id is due.  window_replace() keeps the id instead
 * (IKE_SA_INIT with a cookie or another group, 2.6, 2.7) and sends another message. */
void window_answered(struct window *w);
MUST_USE int window_replace(struct window *w, struct slice message);
/* The same request in other datagrams (RFC 7383 2.5.2): the waits begin again, and tries of what
 * it was before do not count.  It is not sent by this.  -ENOMEM: as before. */
MUST_USE int window_reshape(struct window *w, struct slice message);
/* The pending request as it is sent; borrowed, empty if there is none. */
struct slice window_pending(const struct window *w);
/* Gives the pending request up without a word. */
void window_abandon(struct window *w);
/* While a response is looked at elsewhere (held), nothing is retransmitted. */
void window_hold(struct window *w, bool held);
/* The pending request goes out again at once, and its tries begin again: there is a new way. */
void window_again(struct window *w);
/* The pending request is tried for so long at least, from now on. */
void window_stay(struct window *w, int64_t ms);
/* At most so many more attempts (an unauthenticated refusal was seen, 2.21.1). */
void window_hurry(struct window *w, int attempts);
/* Is it the response to the pending request? */
bool window_takes_response(const struct window *w, uint32_t id);
/* How often and how long the last request was tried. */
int window_attempts(const struct window *w);
int64_t window_tried_ms(const struct window *w);

/* ---- the peer's requests ---- */

enum window_verdict {
	WINDOW_FRESH, /* the next request: process it */
	WINDOW_AGAIN, /* the last one again: *ret_reply is the answer */
	WINDOW_STALE, /* too old, too new, or another message with an old id: drop it */
};
/* hash: of the whole datagram. */
enum window_verdict window_take_request(const struct window *w, uint32_t id, uint64_t hash,
					struct slice *ret_reply);
/* Keeps a copy of the reply before it is sent, and expects the next id.  -ENOMEM: as before. */
MUST_USE int window_replied(struct window *w, uint64_t hash, struct slice reply);
bool window_has_reply(const struct window *w);
/* The reply to the last request; borrowed, empty if there is none. */
struct slice window_reply(const struct window *w);
/* Is id that of the request that was answered last? */
bool window_is_answered(const struct window *w, uint32_t id);
/* The same reply in other datagrams.  -ENOMEM: as before. */
MUST_USE int window_reshape_reply(struct window *w, struct slice reply);

#endif
