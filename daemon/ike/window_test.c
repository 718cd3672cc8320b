/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/window.h"

#include <errno.h>

#include "base/unit.h"

struct world {
	struct loop *loop;
	struct window w;
	struct policy_timers timers;
	int n_sent, n_silent, last_attempt;
	int64_t sent_ms[16];
	uint8_t last[64];
	size_t last_len;
};

static void on_send(void *arg, struct slice message, int attempt)
{
	struct world *x = arg;
	x->sent_ms[x->n_sent++] = loop_now_ms(x->loop);
	x->last_attempt = attempt;
	memcpy(x->last, message.p, message.len);
	x->last_len = message.len;
}

static void on_silent(void *arg)
{
	struct world *x = arg;
	x->n_silent++;
}

static const struct window_ops ops = { .send = on_send, .silent = on_silent };

static int begin(void **state)
{
	static struct world x;
	x = (struct world){ .timers = { .retransmit_first_ms = 1000,
					.retransmit_tries = 4,
					.retransmit_factor_percent = 200 } };
	x.loop = loop_new_virtual();
	assert_non_null(x.loop);
	assert_int_equal(window_init(&x.w, x.loop, &x.timers, &ops, &x), 0);
	*state = &x;
	return 0;
}

static int end(void **state)
{
	struct world *x = *state;
	window_done(&x->w);
	loop_free(x->loop);
	return 0;
}

static void run(struct world *x, int64_t ms)
{
	int64_t end_ms = loop_now_ms(x->loop) + ms;
	while (loop_now_ms(x->loop) < end_ms)
		if (!loop_virtual_step(x->loop, end_ms - loop_now_ms(x->loop)))
			break;
}

static struct slice text(const char *s)
{
	return slice_of(s, strlen(s));
}

/* A new way: at once, and as often as the first time. */
static void begins_again(void **state)
{
	struct world *x = *state;
	int64_t start_ms = loop_now_ms(x->loop);
	window_again(&x->w); /* nothing is out */
	assert_int_equal(window_request(&x->w, text("hello")), 0);
	run(x, 3500); /* 0, 1000, 3000 */
	assert_int_equal(x->n_sent, 3);
	window_again(&x->w);
	run(x, 60000);
	assert_int_equal(x->sent_ms[3] - start_ms, 3500);
	assert_int_equal(x->sent_ms[4] - x->sent_ms[3], 2000);
	assert_int_equal(x->n_sent, 7);
	assert_int_equal(x->n_silent, 1);
}

static void stays_as_long_as_asked(void **state)
{
	struct world *x = *state;
	assert_int_equal(window_request(&x->w, text("hello")), 0);
	window_stay(&x->w, 2000); /* 15 s anyway */
	window_stay(&x->w, 100000);
	run(x, 100000);
	assert_int_equal(x->n_silent, 0);
	run(x, 100000);
	assert_int_equal(x->n_silent, 1);
	assert_int_equal(x->n_sent, 7); /* 1 + 2 + 4 + 8 + 16 + 32 + 64 s */
}

static void backs_off(void **state)
{
	struct world *x = *state;
	int64_t start_ms = loop_now_ms(x->loop);
	assert_int_equal(window_request(&x->w, text("hello")), 0);
	run(x, 60000);
	assert_int_equal(x->n_sent, 4);
	assert_int_equal(x->sent_ms[1] - start_ms, 1000);
	assert_int_equal(x->sent_ms[2] - start_ms, 3000);
	assert_int_equal(x->sent_ms[3] - start_ms, 7000);
	assert_int_equal(x->n_silent, 1);
	assert_int_equal(window_attempts(&x->w), 4);
	assert_false(window_is_pending(&x->w));
	/* the same bytes each time */
	assert_memory_equal(x->last, "hello", 5);
}

static void one_at_a_time(void **state)
{
	struct world *x = *state;
	assert_int_equal(window_request(&x->w, text("one")), 0);
	assert_int_equal(window_request(&x->w, text("two")), -EBUSY);
	assert_int_equal(window_request_id(&x->w), 0);
	assert_true(window_takes_response(&x->w, 0));
	assert_false(window_takes_response(&x->w, 1));
	window_answered(&x->w);
	assert_int_equal(window_request_id(&x->w), 1);
	assert_false(window_takes_response(&x->w, 0));
	assert_false(window_takes_response(&x->w, 1));
	run(x, 60000);
	assert_int_equal(x->n_sent, 1);
	assert_int_equal(x->n_silent, 0);
	assert_int_equal(window_request(&x->w, text("two")), 0);
	assert_true(window_takes_response(&x->w, 1));
}

static void replaced(void **state)
{
	struct world *x = *state;
	assert_int_equal(window_request(&x->w, text("one")), 0);
	run(x, 2000);
	assert_int_equal(window_replace(&x->w, text("again")), 0);
	assert_int_equal(window_request_id(&x->w), 0);
	assert_true(window_takes_response(&x->w, 0));
	assert_int_equal(x->last_attempt, 0);
	assert_int_equal(x->last_len, 5);
}

static void held(void **state)
{
	struct world *x = *state;
	assert_int_equal(window_request(&x->w, text("one")), 0);
	window_hold(&x->w, true);
	assert_false(window_takes_response(&x->w, 0));
	run(x, 20000);
	assert_int_equal(x->n_sent, 1);
	window_hold(&x->w, false);
	run(x, 1500);
	assert_int_equal(x->n_sent, 2);
}

static void hurried(void **state)
{
	struct world *x = *state;
	assert_int_equal(window_request(&x->w, text("one")), 0);
	window_hurry(&x->w, 1);
	window_hurry(&x->w, 9);
	run(x, 60000);
	assert_int_equal(x->n_sent, 2);
	assert_int_equal(x->n_silent, 1);
}

static void given_up(void **state)
{
	struct world *x = *state;
	assert_int_equal(window_request(&x->w, text("one")), 0);
	window_abandon(&x->w);
	run(x, 60000);
	assert_int_equal(x->n_sent, 1);
	assert_int_equal(x->n_silent, 0);
}

static void reshaped(void **state)
{
	struct world *x = *state;
	int64_t start_ms = loop_now_ms(x->loop);
	assert_int_equal(window_reshape(&x->w, text("none")), -ENOMEM);
	assert_int_equal(window_request(&x->w, text("whole")), 0);
	run(x, 3500);
	assert_int_equal(x->n_sent, 3);
	assert_int_equal(window_reshape(&x->w, text("cut")), 0);
	assert_int_equal(window_pending(&x->w).len, 3);
	assert_int_equal(window_request_id(&x->w), 0);
	run(x, 60000);
	/* two tries of the whole do not count, and the waits begin with the first one again */
	assert_int_equal(x->n_sent, 6);
	assert_int_equal(x->sent_ms[3] - start_ms, 4500);
	assert_int_equal(x->sent_ms[4] - start_ms, 6500);
	assert_memory_equal(x->last, "cut", 3);
	assert_int_equal(x->n_silent, 1);
}

static void reply_reshaped(void **state)
{
	struct world *x = *state;
	struct slice again;
	assert_false(window_is_answered(&x->w, 0));
	assert_false(window_is_answered(&x->w, UINT32_MAX));
	assert_int_equal(window_replied(&x->w, 77, text("whole")), 0);
	assert_true(window_is_answered(&x->w, 0));
	assert_false(window_is_answered(&x->w, 1));
	assert_int_equal(window_reshape_reply(&x->w, text("cut")), 0);
	assert_int_equal(window_take_request(&x->w, 0, 77, &again), WINDOW_AGAIN);
	assert_memory_equal(again.p, "cut", 3);
	assert_int_equal(window_reply(&x->w).len, 3);
}

static void replies_are_kept(void **state)
{
	struct world *x = *state;
	struct slice again;
	char reply[] = "reply";
	assert_false(window_has_reply(&x->w));
	assert_int_equal(window_take_request(&x->w, 0, 77, &again), WINDOW_FRESH);
	/* looking at it does not use it up */
	assert_int_equal(window_take_request(&x->w, 0, 77, &again), WINDOW_FRESH);
	assert_int_equal(window_replied(&x->w, 77, text(reply)), 0);
	reply[0] = 'X';
	assert_int_equal(window_take_request(&x->w, 0, 77, &again), WINDOW_AGAIN);
	assert_int_equal(again.len, 5);
	assert_memory_equal(again.p, "reply", 5);
	assert_int_equal(window_take_request(&x->w, 1, 78, &again), WINDOW_FRESH);
}

static void wrong_ids(void **state)
{
	struct world *x = *state;
	struct slice again;
	assert_int_equal(window_take_request(&x->w, 1, 1, &again), WINDOW_STALE);
	assert_int_equal(window_take_request(&x->w, UINT32_MAX, 1, &again), WINDOW_STALE);
	assert_int_equal(window_replied(&x->w, 77, text("a")), 0);
	/* another message with the old id */
	assert_int_equal(window_take_request(&x->w, 0, 78, &again), WINDOW_STALE);
	assert_int_equal(window_replied(&x->w, 79, text("b")), 0);
	assert_int_equal(window_take_request(&x->w, 0, 77, &again), WINDOW_STALE);
	assert_int_equal(window_take_request(&x->w, 3, 1, &again), WINDOW_STALE);
}

static void ids_end(void **state)
{
	struct world *x = *state;
	struct slice again;
	x->w.next_id = UINT32_MAX;
	assert_int_equal(window_request(&x->w, text("one")), -EOVERFLOW);
	x->w.expect_id = UINT32_MAX;
	assert_int_equal(window_take_request(&x->w, UINT32_MAX, 1, &again), WINDOW_STALE);
}

#define CASE(sentence, fn)                         \
	{                                          \
		(sentence), (fn), begin, end, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("a request is repeated with growing waits, then given up", backs_off),
		CASE("a new way is tried at once, and as often again", begins_again),
		CASE("a request stays out as long as asked", stays_as_long_as_asked),
		CASE("one request is out at a time", one_at_a_time),
		CASE("a replaced request keeps its id", replaced),
		CASE("nothing is repeated while the response is looked at", held),
		CASE("a refusal without proof shortens the wait", hurried),
		CASE("a request can be given up", given_up),
		CASE("a request can be cut smaller, and is tried anew", reshaped),
		CASE("a reply can be cut smaller", reply_reshaped),
		CASE("a repeated request gets the same reply", replies_are_kept),
		CASE("other ids are stale", wrong_ids),
		CASE("ids do not wrap", ids_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
