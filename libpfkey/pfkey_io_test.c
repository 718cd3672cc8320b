/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages over a socket; a pair of sockets stands for the kernel. */
#include "pfkey_io.h"

#include <errno.h>
#include <linux/pfkeyv2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { BIG_BYTES = 200000 };

static int ends[2]; /* ours, the kernel's */

static int open_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
}

static int close_pair(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* libipsec and setkey had room for 32 KiB, and called longer ones invalid. */
static void an_answer_may_be_long(void **state)
{
	uint8_t *big = calloc(1, BIG_BYTES);
	struct sadb_msg *got = NULL;
	size_t len = 0;
	int size = 4 * BIG_BYTES;
	(void)state;
	big[BIG_BYTES - 1] = 7;
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	assert_int_equal(pfkey_io_send(ends[1], big, BIG_BYTES), 0);
	assert_int_equal(pfkey_io_recv(ends[0], 0, &got, &len), 0);
	assert_int_equal(len, BIG_BYTES);
	assert_int_equal(((uint8_t *)got)[BIG_BYTES - 1], 7);
	assert_int_equal(got->sadb_msg_len, BIG_BYTES / 8);
	pfkey_io_free(got, len);
	free(big);
}

static void what_is_no_message_is_taken_and_told(void **state)
{
	uint8_t torn[sizeof(struct sadb_msg) + 1] = { 0 };
	struct sadb_msg *got = NULL;
	size_t len = 0;
	(void)state;
	assert_int_equal(pfkey_io_send(ends[1], torn, 4), 0);
	assert_int_equal(pfkey_io_send(ends[1], torn, sizeof(torn)), 0);
	assert_int_equal(pfkey_io_recv(ends[0], 0, &got, &len), -EBADMSG);
	assert_int_equal(pfkey_io_recv(ends[0], 0, &got, &len), -EBADMSG);
	assert_int_equal(pfkey_io_recv(ends[0], 0, &got, &len), -ETIMEDOUT);
	assert_null(got);
}

static void draining_takes_all_that_waits(void **state)
{
	uint8_t message[sizeof(struct sadb_msg)] = { 0 };
	struct sadb_msg *got = NULL;
	size_t len = 0;
	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(pfkey_io_send(ends[1], message, sizeof(message)), 0);
	pfkey_io_drain(ends[0]);
	assert_int_equal(pfkey_io_recv(ends[0], 0, &got, &len), -ETIMEDOUT);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_may_be_long),
		TEST(what_is_no_message_is_taken_and_told),
		TEST(draining_takes_all_that_waits),
	};
	return cmocka_run_group_tests_name("pfkey_io", tests, NULL, NULL);
}
