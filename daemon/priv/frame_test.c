/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames and channels over a socket pair. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unit.h"
#include "priv/channel.h"

static uint8_t buf[FRAME_BODY_MAX_BYTES];

static void a_frame_arrives_whole(void **state)
{
	int pair[2];
	struct frame f;

	(void)state;
	assert_int_equal(frame_pair(pair), 0);
	assert_int_equal(frame_send(pair[0], 7, 99, slice_of("hello", 5), NULL, 0), 0);
	assert_int_equal(frame_recv(pair[1], buf, &f), 1);
	assert_int_equal(f.kind, 7);
	assert_int_equal(f.id, 99);
	assert_true(slice_eq(f.body, slice_of("hello", 5)));
	assert_int_equal(f.n_fds, 0);
	close(pair[0]);
	assert_int_equal(frame_recv(pair[1], buf, &f), 0);
	assert_int_equal(frame_send(pair[1], 7, 0, slice_of(NULL, 0), NULL, 0), -EPIPE);
	close(pair[1]);
}

static void the_longest_body_fits_and_no_more(void **state)
{
	static uint8_t body[FRAME_BODY_MAX_BYTES + 1];
	int pair[2];
	struct frame f;

	(void)state;
	assert_int_equal(frame_pair(pair), 0);
	assert_int_equal(frame_send(pair[0], 1, 0, slice_of(body, sizeof(body)), NULL, 0),
			 -EMSGSIZE);
	assert_int_equal(frame_send(pair[0], 1, 0, slice_of(body, sizeof(body) - 1), NULL, 0), 0);
	assert_int_equal(frame_recv(pair[1], buf, &f), 1);
	assert_int_equal(f.body.len, FRAME_BODY_MAX_BYTES);
	/* One that some other program cut together is refused. */
	static uint8_t raw[FRAME_HEAD_BYTES + FRAME_BODY_MAX_BYTES + 1];
	assert_int_equal(send(pair[0], raw, sizeof(raw), 0), sizeof(raw));
	assert_int_equal(frame_recv(pair[1], buf, &f), -EBADMSG);
	close(pair[0]);
	close(pair[1]);
}

static void a_frame_shorter_than_its_head_is_refused(void **state)
{
	int pair[2];
	struct frame f;

	(void)state;
	assert_int_equal(frame_pair(pair), 0);
	for (size_t len = 1; len < FRAME_HEAD_BYTES; len++) {
		assert_int_equal(send(pair[0], "\0\0\0\0\0\0\0\0", len, 0), len);
		assert_int_equal(frame_recv(pair[1], buf, &f), -EBADMSG);
	}
	close(pair[0]);
	close(pair[1]);
}

static void descriptors_travel_with_the_frame(void **state)
{
	int pair[2], pipe_fds[2];
	struct frame f;
	char byte = 0;

	(void)state;
	assert_int_equal(frame_pair(pair), 0);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(frame_send(pair[0], 1, 0, slice_of("x", 1), &pipe_fds[0], 1), 0);
	close(pipe_fds[0]);
	assert_int_equal(frame_recv(pair[1], buf, &f), 1);
	assert_int_equal(f.n_fds, 1);
	assert_int_equal(write(pipe_fds[1], "y", 1), 1);
	assert_int_equal(read(f.fds[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	assert_true(fcntl(f.fds[0], F_GETFD) & FD_CLOEXEC);
	frame_close_fds(&f);
	close(pipe_fds[1]);
	close(pair[0]);
	close(pair[1]);
}

static void a_lie_about_descriptors_is_refused(void **state)
{
	const uint8_t says_one[FRAME_HEAD_BYTES] = { 0, 1, 0, 1 };
	int pair[2];
	struct frame f;

	(void)state;
	assert_int_equal(frame_pair(pair), 0);
	assert_int_equal(send(pair[0], says_one, sizeof(says_one), 0), sizeof(says_one));
	assert_int_equal(frame_recv(pair[1], buf, &f), -EBADMSG);
	close(pair[0]);
	close(pair[1]);
}

/* ---- channels ---- */

struct receiver {
	struct loop *loop;
	struct channel *channel;
	unsigned int n, n_wanted, n_closed;
	int closed_with;
	bool free_at_once;
};

static void on_frame(void *arg, struct frame *f)
{
	struct receiver *r = arg;

	assert_int_equal(f->id, r->n);
	if (++r->n == r->n_wanted)
		loop_stop(r->loop);
	if (r->free_at_once)
		channel_free(TAKE(r->channel));
}

static void on_closed(void *arg, int result)
{
	struct receiver *r = arg;

	r->n_closed++;
	r->closed_with = result;
	loop_stop(r->loop);
}

static void start(struct receiver *a, struct receiver *b)
{
	int pair[2];

	a->loop = b->loop = loop_new();
	assert_non_null(a->loop);
	assert_int_equal(frame_pair(pair), 0);
	a->channel = channel_new(a->loop, pair[0], on_frame, on_closed, a);
	b->channel = channel_new(b->loop, pair[1], on_frame, on_closed, b);
	assert_non_null(a->channel);
	assert_non_null(b->channel);
}

static void end(struct receiver *a, struct receiver *b)
{
	channel_free(a->channel);
	channel_free(b->channel);
	loop_free(a->loop);
}

static void what_a_slow_end_does_not_take_is_queued_in_order(void **state)
{
	static const uint8_t body[20000];
	struct receiver a = { 0 }, b = { .n_wanted = 100 };

	(void)state;
	start(&a, &b);
	for (uint32_t id = 0; id < b.n_wanted; id++)
		assert_int_equal(channel_send(a.channel, 1, id, slice_of(body, sizeof(body))), 0);
	assert_true(channel_queued_bytes(a.channel) > 0);
	assert_int_equal(loop_run(a.loop), 0);
	assert_int_equal(b.n, 100);
	assert_int_equal(channel_queued_bytes(a.channel), 0);
	end(&a, &b);
}

static void the_queue_has_a_limit(void **state)
{
	static const uint8_t body[90000];
	struct receiver a = { 0 }, b = { 0 };
	int r = 0, n;

	(void)state;
	start(&a, &b);
	for (n = 0; n < 1000 && r == 0; n++)
		r = channel_send(a.channel, 1, 0, slice_of(body, sizeof(body)));
	assert_int_equal(r, -ENOBUFS);
	assert_true(channel_queued_bytes(a.channel) <= CHANNEL_QUEUE_MAX_BYTES);
	end(&a, &b);
}

static void the_other_end_closing_is_told_once(void **state)
{
	struct receiver a = { 0 }, b = { 0 };

	(void)state;
	start(&a, &b);
	channel_free(TAKE(a.channel));
	assert_int_equal(loop_run(b.loop), 0);
	assert_int_equal(b.n_closed, 1);
	assert_int_equal(b.closed_with, 0);
	assert_int_equal(channel_send(b.channel, 1, 0, slice_of(NULL, 0)), -EPIPE);
	end(&a, &b);
}

static void a_channel_may_be_freed_in_its_callback(void **state)
{
	struct receiver a = { 0 }, b = { .n_wanted = 1, .free_at_once = true };

	(void)state;
	start(&a, &b);
	assert_int_equal(channel_send(a.channel, 1, 0, slice_of("x", 1)), 0);
	assert_int_equal(channel_send(a.channel, 1, 1, slice_of("x", 1)), 0);
	assert_int_equal(loop_run(b.loop), 0);
	assert_int_equal(b.n, 1);
	assert_null(b.channel);
	end(&a, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a frame arrives whole", a_frame_arrives_whole),
		UNIT("the longest body fits and no more", the_longest_body_fits_and_no_more),
		UNIT("a frame shorter than its head is refused",
		     a_frame_shorter_than_its_head_is_refused),
		UNIT("descriptors travel with the frame", descriptors_travel_with_the_frame),
		UNIT("a lie about descriptors is refused", a_lie_about_descriptors_is_refused),
		UNIT("what a slow end does not take is queued in order",
		     what_a_slow_end_does_not_take_is_queued_in_order),
		UNIT("the queue has a limit", the_queue_has_a_limit),
		UNIT("the other end closing is told once", the_other_end_closing_is_told_once),
		UNIT("a channel may be freed in its callback",
		     a_channel_may_be_freed_in_its_callback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
