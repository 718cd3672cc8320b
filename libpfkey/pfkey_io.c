/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls of PF_KEY sockets. */
#include "pfkey_io.h"

#include <errno.h>
#include <linux/pfkeyv2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RECEIVE_BUFFER_BYTES = 4 << 20, SEND_BUFFER_BYTES = 128 << 10 };

int pfkey_io_open(void)
{
	int size = RECEIVE_BUFFER_BYTES, send = SEND_BUFFER_BYTES;
	int fd = socket(PF_KEY, SOCK_RAW | SOCK_CLOEXEC, PF_KEY_V2);
	if (fd < 0)
		return errno == EAFNOSUPPORT ? -EPROTONOSUPPORT : -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof(send));
	return fd;
}

int pfkey_io_send(int fd, const void *msg, size_t len)
{
	ssize_t n;
	do
		n = send(fd, msg, len, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

int64_t pfkey_io_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Length of the next message, without taking it. */
static ssize_t wait_for(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t byte;
	for (;;) {
		ssize_t n = recv(fd, &byte, sizeof(byte), MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		int rc = poll(&p, 1, wait_ms);
		if (rc == 0)
			return -ETIMEDOUT;
		if (rc < 0 && errno != EINTR)
			return -errno;
	}
}

int pfkey_io_recv(int fd, int wait_ms, struct sadb_msg **ret, size_t *ret_len)
{
	ssize_t n = wait_for(fd, wait_ms);
	if (n < 0)
		return (int)n;
	size_t size = (size_t)n < sizeof(struct sadb_msg) ? sizeof(struct sadb_msg) : (size_t)n;
	struct sadb_msg *msg = calloc(1, size);
	if (!msg)
		return -ENOMEM;
	ssize_t got = recv(fd, msg, size, MSG_DONTWAIT);
	if (got < 0) {
		int error = errno;
		free(msg);
		return error == EAGAIN ? -ETIMEDOUT : -error;
	}
	if ((size_t)got < sizeof(*msg) || got % 8 || got / 8 > UINT16_MAX) {
		pfkey_io_free(msg, size);
		return -EBADMSG;
	}
	/*
	 * Linux counts wrong when a policy has a tunnel and a transport request of two families:
	 * the header then says more than there is.
	 */
	msg->sadb_msg_len = (uint16_t)(got / 8);
	*ret = msg;
	*ret_len = (size_t)got;
	return 0;
}

void pfkey_io_free(struct sadb_msg *msg, size_t len)
{
	if (!msg)
		return;
	explicit_bzero(msg, len);
	free(msg);
}

void pfkey_io_drain(int fd)
{
	uint8_t byte;
	/* What is longer than the buffer is cut and gone. */
	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0 || errno == EINTR)
		;
}
