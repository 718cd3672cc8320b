/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One message between our processes: a head of 8 bytes {u16 kind, u16 descriptors, u32 id},
 * then the body, sent as one record of a SOCK_SEQPACKET pair, so that a message is
 * received whole or not at all.  Descriptors travel beside it (SCM_RIGHTS).
 */
#ifndef TANUKI_PRIV_FRAME_H
#define TANUKI_PRIV_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/wire.h"

enum { FRAME_HEAD_BYTES = 8, FRAME_BODY_MAX_BYTES = 96 * 1024, FRAME_FDS_MAX = 16 };

/* A received frame; the body is borrowed from the receiver's buffer, the descriptors are owned. */
struct frame {
	uint16_t kind;
	uint32_t id; /* chosen by who asks, repeated in the answer; 0 = needs none */
	struct slice body;
	size_t n_fds;
	int fds[FRAME_FDS_MAX];
};

/* Makes a connected pair; both ends are closed on exec.  0 or negative errno. */
MUST_USE int frame_pair(int ret[2]);

/*
 * Sends one frame; the descriptors stay the caller's.  -EAGAIN when a non-blocking socket
 * is full, -EPIPE when the other end is gone, -EMSGSIZE beyond the limits.
 */
MUST_USE int frame_send(int sock, uint16_t kind, uint32_t id, struct slice body, const int *fds,
			size_t n_fds);

/*
 * Receives one frame with its body in buf (aligned for any type, FRAME_BODY_MAX_BYTES).  1 if
 * there is one, 0 at the end of the stream, -EAGAIN when a non-blocking socket is empty, -EBADMSG
 * (shorter than its head, cut, or with other descriptors than it says; all of them are closed).
 */
MUST_USE int frame_recv(int sock, uint8_t *buf, struct frame *ret);

/* Closes the descriptors that nobody took (set to -1 what you take). */
void frame_close_fds(struct frame *f);

#endif
