/* SPDX-License-Identifier: BSD-2-Clause */
/* Both loops: what callbacks may do, and in which order they run. */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"

/* Collects what ran, as letters. */
struct diary {
	struct loop *loop;
	char text[64];
	struct loop_timer *timer;
	struct loop_fd *fd;
	int left;
};

static struct diary diary_of(struct loop *l)
{
	return (struct diary){ .loop = l };
}

static void note(struct diary *d, char c)
{
	size_t n = strlen(d->text);
	assert_true(n + 1 < sizeof(d->text));
	d->text[n] = c;
}

struct entry {
	struct diary *diary;
	char letter;
};

static void on_entry(void *arg)
{
	struct entry *e = arg;
	note(e->diary, e->letter);
}

static void on_rearm(void *arg)
{
	struct diary *d = arg;
	note(d, 'r');
	if (--d->left > 0)
		loop_timer_arm(d->timer, 0);
}

static void on_free_self(void *arg)
{
	struct diary *d = arg;
	note(d, 'f');
	loop_timer_free(d->timer);
	d->timer = NULL;
	if (d->left == 0)
		loop_stop(d->loop);
}

static void on_disarm_self(void *arg)
{
	struct diary *d = arg;
	note(d, 'd');
	loop_timer_disarm(d->timer);
	assert_false(loop_timer_armed(d->timer));
	loop_stop(d->loop);
}

static void test_virtual_timers_run_by_deadline_then_arming(void **state)
{
	CLEANUP(loop_freep)
	struct loop *l = loop_new_virtual();
	struct diary d = diary_of(l);
	static const int64_t delays_ms[] = { 30, 10, 20, 10, 30, 0 };
	struct entry entries[N_ELEMENTS(delays_ms)];
	struct loop_timer *timers[N_ELEMENTS(delays_ms)];
	int64_t start_ms = loop_now_ms(l);

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(delays_ms); i++) {
		entries[i] = (struct entry){ &d, (char)('a' + i) };
		timers[i] = loop_timer_new(l, on_entry, &entries[i]);
		loop_timer_arm(timers[i], delays_ms[i]);
	}
	assert_true(loop_virtual_step(l, 100));
	assert_string_equal(d.text, "f");
	assert_true(loop_virtual_step(l, 100));
	assert_string_equal(d.text, "fbd");
	assert_int_equal(loop_now_ms(l) - start_ms, 10);
	assert_true(loop_virtual_step(l, 100));
	assert_true(loop_virtual_step(l, 100));
	assert_string_equal(d.text, "fbdcae");
	assert_int_equal(loop_now_ms(l) - start_ms, 30);
	assert_false(loop_virtual_step(l, 100));
	assert_int_equal(loop_now_ms(l) - start_ms, 130);
	for (size_t i = 0; i < N_ELEMENTS(timers); i++)
		loop_timer_free(timers[i]);
}

static void test_virtual_clock_stops_at_the_limit(void **state)
{
	CLEANUP(loop_freep)
	struct loop *l = loop_new_virtual();
	struct diary d = diary_of(l);
	struct entry e = { &d, 'a' };
	struct loop_timer *t = loop_timer_new(l, on_entry, &e);
	int64_t start_ms = loop_now_ms(l), start_sec = loop_wall_sec(l);

	(void)state;
	loop_timer_arm(t, 5000);
	assert_false(loop_virtual_step(l, 4999));
	assert_int_equal(loop_now_ms(l) - start_ms, 4999);
	assert_int_equal(loop_wall_sec(l) - start_sec, 4);
	assert_string_equal(d.text, "");
	assert_true(loop_virtual_step(l, 1));
	assert_int_equal(loop_wall_sec(l) - start_sec, 5);
	assert_string_equal(d.text, "a");
	loop_timer_free(t);
}

static void test_virtual_arming_again_replaces_the_deadline(void **state)
{
	CLEANUP(loop_freep)
	struct loop *l = loop_new_virtual();
	struct diary d = diary_of(l);
	struct entry e = { &d, 'a' };
	struct loop_timer *t = loop_timer_new(l, on_entry, &e);

	(void)state;
	loop_timer_arm(t, 10);
	loop_timer_arm(t, 20);
	assert_true(loop_timer_armed(t));
	assert_false(loop_virtual_step(l, 19));
	assert_true(loop_virtual_step(l, 1));
	assert_false(loop_timer_armed(t));
	loop_timer_arm(t, 10);
	loop_timer_disarm(t);
	assert_false(loop_virtual_step(l, 1000));
	assert_string_equal(d.text, "a");
	loop_timer_arm(t, INT64_MAX);
	assert_false(loop_virtual_step(l, 1000));
	loop_timer_free(t);
}

static void test_virtual_a_timer_of_zero_waits_for_the_next_step(void **state)
{
	CLEANUP(loop_freep)
	struct loop *l = loop_new_virtual();
	struct diary d = diary_of(l);

	(void)state;
	d.left = 3;
	d.timer = loop_timer_new(l, on_rearm, &d);
	loop_timer_arm(d.timer, 5);
	assert_true(loop_virtual_step(l, 10));
	assert_string_equal(d.text, "r");
	assert_true(loop_virtual_step(l, 0));
	assert_true(loop_virtual_step(l, 0));
	assert_string_equal(d.text, "rrr");
	assert_false(loop_virtual_step(l, 0));
	loop_timer_free(d.timer);
}

/* Arms, disarms and frees at random; what runs must come in order and be armed. */
struct random_timer {
	struct loop *loop;
	struct loop_timer *timer;
	int64_t deadline_ms;
};

static void on_random(void *arg)
{
	struct random_timer *t = arg;
	assert_int_equal(loop_now_ms(t->loop), t->deadline_ms);
	t->deadline_ms = -1;
}

static void test_virtual_heap_keeps_its_order(void **state)
{
	enum { N_TIMERS = 200, N_ROUNDS = 20000 };
	CLEANUP(loop_freep)
	struct loop *l = loop_new_virtual();
	struct random_timer timers[N_TIMERS] = { 0 };
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < N_ROUNDS; round++) {
		struct random_timer *t = &timers[(size_t)rand_r(&seed) % N_TIMERS];
		int action = rand_r(&seed) % 8;
		int64_t delay_ms = rand_r(&seed) % 1000;
		if (!t->timer) {
			t->loop = l;
			t->timer = loop_timer_new(l, on_random, t);
		}
		if (action < 5) {
			t->deadline_ms = loop_now_ms(l) + delay_ms;
			loop_timer_arm(t->timer, delay_ms);
		} else if (action < 6) {
			loop_timer_disarm(t->timer);
		} else if (action < 7) {
			loop_timer_free(t->timer);
			t->timer = NULL;
		} else if (loop_virtual_step(l, 10)) {
			continue;
		}
	}
	for (size_t i = 0; i < N_TIMERS; i++)
		loop_timer_free(timers[i].timer);
}

static void test_virtual_loops_have_no_descriptors(void **state)
{
	CLEANUP(loop_freep)
	struct loop *l = loop_new_virtual();

	(void)state;
	assert_null(loop_fd_new(l, 0, NULL, NULL));
	assert_null(loop_signal_new(l, SIGUSR1, NULL, NULL));
	assert_int_equal(loop_run(l), -ENOTSUP);
	loop_fd_free(NULL);
	loop_signal_free(NULL);
	loop_timer_free(NULL);
	loop_free(NULL);
}

static void test_callbacks_may_free_or_disarm_their_timer(void **state)
{
	struct loop *loops[] = { loop_new(), loop_new_virtual() };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(loops); i++) {
		struct diary d = diary_of(loops[i]);
		static const loop_fn fns[] = { on_disarm_self, on_free_self };
		for (size_t k = 0; k < N_ELEMENTS(fns); k++) {
			struct loop_timer *t = loop_timer_new(loops[i], fns[k], &d);
			d.timer = t;
			loop_timer_arm(t, 1);
			if (i == 0)
				assert_int_equal(loop_run(loops[i]), 0);
			else
				assert_true(loop_virtual_step(loops[i], 1));
			if (d.timer)
				loop_timer_free(d.timer);
		}
		assert_string_equal(d.text, "df");
		loop_free(loops[i]);
	}
}

static void on_stop(void *arg)
{
	loop_stop(arg);
}

static void test_real_timers_are_never_early(void **state)
{
	CLEANUP(loop_freep)
	struct loop *l = loop_new();
	struct loop_timer *t = loop_timer_new(l, on_stop, l);

	(void)state;
	for (int i = 0; i < 10; i++) {
		int64_t start_ms = loop_now_ms(l);
		loop_timer_arm(t, 3);
		assert_true(loop_timer_armed(t));
		assert_int_equal(loop_run(l), 0);
		assert_true(loop_now_ms(l) - start_ms >= 3);
		assert_false(loop_timer_armed(t));
	}
	loop_timer_free(t);
	assert_true(loop_wall_sec(l) > 1700000000);
}

static void test_a_stop_before_the_start_counts(void **state)
{
	CLEANUP(loop_freep)
	struct loop *l = loop_new();
	struct loop_timer *t = loop_timer_new(l, on_stop, l);

	(void)state;
	loop_timer_arm(t, 3600 * 1000);
	loop_stop(l);
	assert_int_equal(loop_run(l), 0);
	loop_timer_free(t);
}

static void on_pipe_writable(void *arg, int fd)
{
	struct diary *d = arg;
	assert_int_equal(write(fd, "x", 1), 1);
	note(d, 'w');
	loop_fd_want_write(d->fd, NULL);
}

static void on_pipe_readable(void *arg, int fd)
{
	struct diary *d = arg;
	char c;
	/* One byte per call: level triggered, so the rest calls again. */
	assert_int_equal(read(fd, &c, 1), 1);
	note(d, c);
	if (c == 'x')
		loop_stop(d->loop);
}

static void test_descriptors_are_level_triggered(void **state)
{
	CLEANUP(loop_freep)
	struct loop *l = loop_new();
	struct diary d = diary_of(l);
	struct loop_fd *readable;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "ab", 2), 2);
	readable = loop_fd_new(l, fds[0], on_pipe_readable, &d);
	d.fd = loop_fd_new(l, fds[1], on_pipe_readable, &d);
	loop_fd_want_write(d.fd, on_pipe_writable);
	assert_int_equal(loop_run(l), 0);
	assert_int_equal(strlen(d.text), 4);
	assert_non_null(strchr(d.text, 'w'));
	assert_non_null(strchr(d.text, 'b'));
	loop_fd_free(d.fd);
	loop_fd_free(readable);
	close(fds[0]);
	close(fds[1]);
}

static void on_fd_free_self(void *arg, int fd)
{
	struct diary *d = arg;
	(void)fd;
	note(d, 'f');
	loop_fd_free(d->fd);
	loop_stop(d->loop);
}

static void test_a_callback_may_free_its_descriptor(void **state)
{
	CLEANUP(loop_freep)
	struct loop *l = loop_new();
	struct diary d = diary_of(l);
	int fds[2];

	(void)state;
	/* An end of a socket pair that is readable and writable at the same time. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], "a", 1), 1);
	d.fd = loop_fd_new(l, fds[0], on_fd_free_self, &d);
	loop_fd_want_write(d.fd, on_fd_free_self);
	assert_int_equal(loop_run(l), 0);
	assert_string_equal(d.text, "f");
	close(fds[0]);
	close(fds[1]);
}

static void test_signals_reach_the_loop(void **state)
{
	CLEANUP(loop_freep)
	struct loop *l = loop_new();
	struct loop_signal *s = loop_signal_new(l, SIGUSR1, on_stop, l);

	(void)state;
	raise(SIGUSR1);
	assert_int_equal(loop_run(l), 0);
	loop_signal_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("virtual timers run by deadline, then by arming",
		     test_virtual_timers_run_by_deadline_then_arming),
		UNIT("the virtual clock stops at the limit", test_virtual_clock_stops_at_the_limit),
		UNIT("arming again replaces the deadline",
		     test_virtual_arming_again_replaces_the_deadline),
		UNIT("a timer of zero waits for the next step",
		     test_virtual_a_timer_of_zero_waits_for_the_next_step),
		UNIT("the heap keeps its order", test_virtual_heap_keeps_its_order),
		UNIT("virtual loops have no descriptors and no signals",
		     test_virtual_loops_have_no_descriptors),
		UNIT("callbacks may free or disarm their timer",
		     test_callbacks_may_free_or_disarm_their_timer),
		UNIT("real timers are never early", test_real_timers_are_never_early),
		UNIT("a stop before the start counts", test_a_stop_before_the_start_counts),
		UNIT("descriptors are level triggered", test_descriptors_are_level_triggered),
		UNIT("a callback may free its descriptor", test_a_callback_may_free_its_descriptor),
		UNIT("signals reach the loop", test_signals_reach_the_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
