/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames over SOCK_SEQPACKET: sendmsg(2) and recvmsg(2) with their ancillary data. */
#include "priv/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* The largest frame (a PSK request) must fit beside a queue of small ones. */
enum { BUFFER_BYTES = 4 * FRAME_BODY_MAX_BYTES };

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
};

int frame_pair(int ret[2])
{
	int pair[2], bytes = BUFFER_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		/* Best effort: beyond net.core.wmem_max only root may go. */
		if (setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
			(void)!setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	}
	ret[0] = pair[0];
	ret[1] = pair[1];
	return 0;
}

static void attach_fds(struct msghdr *msg, union control *control, const int *fds, size_t n_fds)
{
	size_t bytes = n_fds * sizeof(int);

	if (n_fds == 0)
		return;
	memset(control, 0, sizeof(*control));
	msg->msg_control = control->bytes;
	msg->msg_controllen = CMSG_SPACE(bytes);
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(c), fds, bytes);
}

int frame_send(int sock, uint16_t kind, uint32_t id, struct slice body, const int *fds,
	       size_t n_fds)
{
	uint8_t head[FRAME_HEAD_BYTES];
	struct wr w = wr_of(head, sizeof(head));
	union control control;
	struct iovec parts[] = {
		{ .iov_base = head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)(uintptr_t)body.p, .iov_len = body.len },
	};
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = N_ELEMENTS(parts) };
	ssize_t n;

	if (body.len > FRAME_BODY_MAX_BYTES || n_fds > FRAME_FDS_MAX)
		return -EMSGSIZE;
	wr_u16(&w, kind);
	wr_u16(&w, (uint16_t)n_fds);
	wr_u32(&w, id);
	attach_fds(&msg, &control, fds, n_fds);
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *msg, struct frame *f)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && f->n_fds < FRAME_FDS_MAX; i++)
			memcpy(&f->fds[f->n_fds++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

void frame_close_fds(struct frame *f)
{
	for (size_t i = 0; i < f->n_fds; i++) {
		if (f->fds[i] >= 0)
			close(f->fds[i]);
	}
	f->n_fds = 0;
}

int frame_recv(int sock, uint8_t *buf, struct frame *ret)
{
	uint8_t head[FRAME_HEAD_BYTES];
	union control control;
	struct iovec parts[] = {
		{ .iov_base = head, .iov_len = sizeof(head) },
		{ .iov_base = buf, .iov_len = FRAME_BODY_MAX_BYTES },
	};
	struct msghdr msg = { .msg_iov = parts,
			      .msg_iovlen = N_ELEMENTS(parts),
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct frame f = { 0 };
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n == 0 || errno == ECONNRESET ? 0 : -errno;

	take_fds(&msg, &f);
	struct rd r = rd_of(head, (size_t)n < sizeof(head) ? (size_t)n : sizeof(head));
	f.kind = rd_u16(&r);
	uint16_t said_fds = rd_u16(&r);
	f.id = rd_u32(&r);
	if (!rd_done(&r) || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || said_fds != f.n_fds) {
		frame_close_fds(&f);
		return -EBADMSG;
	}
	f.body = slice_of(buf, (size_t)n - sizeof(head));
	*ret = f;
	return 1;
}
