/* SPDX-License-Identifier: BSD-2-Clause */
/* A PF_KEY socket: messages out, whole messages in. */
#ifndef LIBPFKEY_PFKEY_IO_H
#define LIBPFKEY_PFKEY_IO_H

#include <stddef.h>
#include <stdint.h>

struct sadb_msg;

/*
 * Opens a socket of the current network namespace with buffers as large as the kernel gives them.
 * Returns the descriptor, -EPERM, -EPROTONOSUPPORT (the kernel has no AF_KEY), or another errno.
 */
int pfkey_io_open(void);

/* 0 or negative errno; a message is sent whole. */
int pfkey_io_send(int fd, const void *msg, size_t len);

/*
 * Waits wait_ms (-1: for ever) for the next message.  *ret is the caller's to free and to wipe:
 * it may have keys.  Its length agrees with its header.  0, -ETIMEDOUT, -EBADMSG (the message is
 * gone), other negative errno.
 */
int pfkey_io_recv(int fd, int wait_ms, struct sadb_msg **ret, size_t *ret_len);

/* Wipes and frees; NULL is allowed. */
void pfkey_io_free(struct sadb_msg *msg, size_t len);

/* Throws away what waits in the socket. */
void pfkey_io_drain(int fd);

/* Milliseconds of the monotonic clock. */
int64_t pfkey_io_now_ms(void);

#endif
