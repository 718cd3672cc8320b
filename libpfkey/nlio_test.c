/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and replies, with a socket pair in the kernel's place: its answers are written before
 * the request is sent, so everything happens in one thread and in a known order.
 */
#include "nlio.h"

#include <errno.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { TYPE = 0x20, TIMEOUT_MS = 50 };

struct fixture {
	struct nlio io;
	int kernel; /* the other end */
	uint32_t values[64];
	size_t n_values;
	int refuse_at; /* the callback fails at this value */
};

static int setup(void **state)
{
	int fds[2];
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	f->kernel = fds[1];
	assert_int_equal(nlio_init(&f->io, fds[0], TIMEOUT_MS), 0);
	f->io.seq = 100;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	close(f->io.fd);
	close(f->kernel);
	nlio_done(&f->io);
	free(f);
	return 0;
}

/* ---- what the kernel says ---- */

struct says {
	uint16_t type, flags;
	uint32_t seq;
	uint32_t value;    /* of data */
	int error;         /* of NLMSG_ERROR and NLMSG_DONE */
	const char *words; /* of an extended acknowledgement */
};

static size_t compose(uint8_t *at, const struct says *s)
{
	struct nl_msg *m = nlmsg_alloc_size(1024);
	struct nlmsghdr *h = nlmsg_put(m, 0, s->seq, s->type, 0, s->flags);
	struct nlmsgerr e = { .error = s->error, .msg = { .nlmsg_len = 300 } };
	assert_non_null(h);
	if (s->type == NLMSG_ERROR)
		assert_int_equal(nlmsg_append(m, &e, sizeof(e), NLMSG_ALIGNTO), 0);
	else if (s->type == NLMSG_DONE)
		assert_int_equal(nlmsg_append(m, (void *)(uintptr_t)&s->error, 4, NLMSG_ALIGNTO),
				 0);
	else
		assert_int_equal(nlmsg_append(m, (void *)(uintptr_t)&s->value, 4, NLMSG_ALIGNTO),
				 0);
	if (s->words)
		assert_int_equal(nla_put_string(m, NLMSGERR_ATTR_MSG, s->words), 0);
	size_t len = NLMSG_ALIGN(h->nlmsg_len);
	memcpy(at, h, len);
	nlmsg_free(m);
	return len;
}

/* One datagram with n messages. */
static void say(struct fixture *f, const struct says *s, size_t n)
{
	_Alignas(8) uint8_t buf[4096];
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		len += compose(buf + len, &s[i]);
	assert_int_equal(send(f->kernel, buf, len, 0), len);
}

#define SAY(f, ...)                                    \
	say((f), (const struct says[]){ __VA_ARGS__ }, \
	    sizeof((const struct says[]){ __VA_ARGS__ }) / sizeof(struct says))

#define DATA(s, v)                                     \
	{                                              \
		.type = TYPE, .seq = (s), .value = (v) \
	}
#define ACK(s, e)                                                                    \
	{                                                                            \
		.type = NLMSG_ERROR, .seq = (s), .error = (e), .flags = NLM_F_CAPPED \
	}
#define ACK_WORDS(s, e, w)                                                   \
	{                                                                    \
		.type = NLMSG_ERROR, .seq = (s), .error = (e), .words = (w), \
		.flags = NLM_F_CAPPED | NLM_F_ACK_TLVS                       \
	}
#define DONE(s, e)                                           \
	{                                                    \
		.type = NLMSG_DONE, .seq = (s), .error = (e) \
	}
#define CHANGED(s, v)                                                            \
	{                                                                        \
		.type = TYPE, .seq = (s), .value = (v), .flags = NLM_F_DUMP_INTR \
	}

static int on_value(void *arg, const struct nlmsghdr *h)
{
	struct fixture *f = arg;
	assert_true(f->n_values < 64);
	memcpy(&f->values[f->n_values], nlmsg_data(h), 4);
	if (f->refuse_at && f->values[f->n_values] == (uint32_t)f->refuse_at)
		return -ECANCELED;
	f->n_values++;
	return 0;
}

static struct nlmsghdr *request(void)
{
	static struct nlmsghdr h;
	h = (struct nlmsghdr){ .nlmsg_len = sizeof(h), .nlmsg_type = TYPE };
	return &h;
}

/* ---- requests ---- */

static void an_answer_comes_before_its_acknowledgement(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	SAY(f, DATA(101, 7));
	SAY(f, ACK(101, 0));
	assert_int_equal(nlio_request(&f->io, request(), on_value, f, &ack), 0);
	assert_int_equal(f->n_values, 1);
	assert_int_equal(f->values[0], 7);
	struct nlmsghdr sent;
	assert_int_equal(recv(f->kernel, &sent, sizeof(sent), 0), sizeof(sent));
	assert_int_equal(sent.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(sent.nlmsg_seq, 101);
}

static void an_error_brings_the_kernels_words(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	SAY(f, ACK_WORDS(101, -EINVAL, "window too big"));
	assert_int_equal(nlio_request(&f->io, request(), NULL, NULL, &ack), -EINVAL);
	assert_string_equal(ack.words, "window too big");
}

static void words_are_cut_to_their_room(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	char words[301];
	memset(words, 'w', 300);
	words[300] = 0;
	SAY(f, ACK_WORDS(101, -EINVAL, words));
	assert_int_equal(nlio_request(&f->io, request(), NULL, NULL, &ack), -EINVAL);
	assert_int_equal(strlen(ack.words), NLIO_WORDS_MAX_BYTES - 1);
}

/* Without NETLINK_CAP_ACK the request stands between the error and the words. */
static void words_are_found_behind_a_repeated_request(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		uint8_t request[20]; /* 18 bytes and their padding */
		struct nlattr attr;
		char words[4];
	} x = { .h = { .nlmsg_len = sizeof(x),
		       .nlmsg_type = NLMSG_ERROR,
		       .nlmsg_seq = 101,
		       .nlmsg_flags = NLM_F_ACK_TLVS },
		.e = { .error = -EPERM, .msg = { .nlmsg_len = NLMSG_HDRLEN + 18 } },
		.attr = { .nla_len = 8, .nla_type = NLMSGERR_ATTR_MSG },
		.words = "no!" };
	assert_int_equal(send(f->kernel, &x, sizeof(x), 0), sizeof(x));
	assert_int_equal(nlio_request(&f->io, request(), NULL, NULL, &ack), -EPERM);
	assert_string_equal(ack.words, "no!");
}

static void a_silent_kernel_times_out(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	assert_int_equal(nlio_request(&f->io, request(), NULL, NULL, &ack), -ETIMEDOUT);
	assert_int_equal(ack.error, -ETIMEDOUT);
}

static void a_late_answer_belongs_to_nobody(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	SAY(f, DATA(99, 1), ACK(99, -EEXIST));
	SAY(f, DATA(101, 2));
	SAY(f, ACK(101, 0));
	assert_int_equal(nlio_request(&f->io, request(), on_value, f, &ack), 0);
	assert_int_equal(f->n_values, 1);
	assert_int_equal(f->values[0], 2);
}

static void a_torn_acknowledgement_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	struct nlmsghdr h = { .nlmsg_len = sizeof(h), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 101 };
	assert_int_equal(send(f->kernel, &h, sizeof(h), 0), sizeof(h));
	assert_int_equal(nlio_request(&f->io, request(), NULL, NULL, &ack), -EBADMSG);
}

/* ---- batches ---- */

static void silence_before_the_last_acknowledgement_is_success(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr msgs[3];
	struct nlio_ack acks[3];
	for (size_t i = 0; i < 3; i++)
		msgs[i] = *request();
	SAY(f, ACK_WORDS(102, -EEXIST, "there"));
	SAY(f, ACK(103, 0));
	assert_int_equal(nlio_batch(&f->io, msgs, sizeof(msgs), 3, acks), 0);
	assert_int_equal(acks[0].error, 0);
	assert_int_equal(acks[1].error, -EEXIST);
	assert_string_equal(acks[1].words, "there");
	assert_int_equal(acks[2].error, 0);
	assert_int_equal(recv(f->kernel, msgs, sizeof(msgs), 0), sizeof(msgs));
	assert_int_equal(msgs[0].nlmsg_flags, NLM_F_REQUEST);
	assert_int_equal(msgs[2].nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(msgs[2].nlmsg_seq, 103);
}

static void without_the_last_answer_nothing_counts_as_done(void **state)
{
	struct fixture *f = *state;
	struct nlmsghdr msgs[3];
	struct nlio_ack acks[3];
	for (size_t i = 0; i < 3; i++)
		msgs[i] = *request();
	SAY(f, ACK(102, -EEXIST));
	assert_int_equal(nlio_batch(&f->io, msgs, sizeof(msgs), 3, acks), -ETIMEDOUT);
	assert_int_equal(acks[0].error, -ETIMEDOUT);
	assert_int_equal(acks[1].error, -EEXIST);
	assert_int_equal(acks[2].error, -ETIMEDOUT);
}

/* ---- dumps ---- */

static void a_dump_is_handed_out_whole(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	SAY(f, DATA(101, 1), DATA(101, 2));
	SAY(f, DATA(77, 9), DATA(101, 3), DONE(101, 0));
	assert_int_equal(nlio_dump(&f->io, request(), on_value, f, &ack), 0);
	assert_int_equal(f->n_values, 3);
	assert_int_equal(f->values[2], 3);
}

static void a_dump_of_a_changing_table_is_read_again(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	SAY(f, DATA(101, 1), CHANGED(101, 2), DONE(101, 0));
	SAY(f, DATA(102, 5), DONE(102, 0));
	assert_int_equal(nlio_dump(&f->io, request(), on_value, f, &ack), 0);
	assert_int_equal(f->n_values, 1);
	assert_int_equal(f->values[0], 5);
}

static void a_table_that_never_rests_is_taken_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	for (uint32_t i = 1; i <= NLIO_DUMP_TRIES; i++)
		SAY(f, CHANGED(100 + i, i), DONE(100 + i, 0));
	assert_int_equal(nlio_dump(&f->io, request(), on_value, f, &ack), 0);
	assert_int_equal(f->n_values, 1);
	assert_int_equal(f->values[0], NLIO_DUMP_TRIES);
}

static void a_dump_that_fails_hands_out_nothing(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	SAY(f, DATA(101, 1), DONE(101, -ENOMEM));
	assert_int_equal(nlio_dump(&f->io, request(), on_value, f, &ack), -ENOMEM);
	SAY(f, DATA(102, 1));
	assert_int_equal(nlio_dump(&f->io, request(), on_value, f, &ack), -ETIMEDOUT);
	SAY(f, ACK(103, -EPERM));
	assert_int_equal(nlio_dump(&f->io, request(), on_value, f, &ack), -EPERM);
	assert_int_equal(f->n_values, 0);
}

static void the_receiver_may_stop_a_dump(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	f->refuse_at = 2;
	SAY(f, DATA(101, 1), DATA(101, 2), DATA(101, 3), DONE(101, 0));
	assert_int_equal(nlio_dump(&f->io, request(), on_value, f, &ack), -ECANCELED);
	assert_int_equal(f->n_values, 1);
	assert_int_equal(ack.error, 0);
}

static void a_datagram_that_ends_in_the_middle_is_refused(void **state)
{
	struct fixture *f = *state;
	struct nlio_ack ack;
	struct nlmsghdr h[2] = {
		{ .nlmsg_len = sizeof(h[0]), .nlmsg_type = TYPE, .nlmsg_seq = 101 },
		{ .nlmsg_len = 400, .nlmsg_type = TYPE, .nlmsg_seq = 101 }
	};
	assert_int_equal(send(f->kernel, h, sizeof(h), 0), sizeof(h));
	assert_int_equal(nlio_dump(&f->io, request(), on_value, f, &ack), -EBADMSG);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_answer_comes_before_its_acknowledgement),
		CASE(an_error_brings_the_kernels_words),
		CASE(words_are_cut_to_their_room),
		CASE(words_are_found_behind_a_repeated_request),
		CASE(a_silent_kernel_times_out),
		CASE(a_late_answer_belongs_to_nobody),
		CASE(a_torn_acknowledgement_is_an_error),
		CASE(silence_before_the_last_acknowledgement_is_success),
		CASE(without_the_last_answer_nothing_counts_as_done),
		CASE(a_dump_is_handed_out_whole),
		CASE(a_dump_of_a_changing_table_is_read_again),
		CASE(a_table_that_never_rests_is_taken_as_it_is),
		CASE(a_dump_that_fails_hands_out_nothing),
		CASE(the_receiver_may_stop_a_dump),
		CASE(a_datagram_that_ends_in_the_middle_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
