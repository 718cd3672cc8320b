/* SPDX-License-Identifier: BSD-2-Clause */
/* A frame socket on an event loop: never blocks, queues what the other end is slow to take. */
#ifndef TANUKI_PRIV_CHANNEL_H
#define TANUKI_PRIV_CHANNEL_H

#include <stdint.h>

#include "base/attr.h"
#include "base/loop.h"
#include "priv/frame.h"

/* What may wait for a slow other end. */
enum { CHANNEL_QUEUE_MAX_BYTES = 4 * 1024 * 1024 };

struct channel;

/*
 * A frame came; everything in it is borrowed for the call, except descriptors that are taken by
 * setting them to -1.  The channel may be freed in it.
 */
typedef void (*channel_frame_fn)(void *arg, struct frame *f);
/*
 * The channel is of no use any more: result 0 the other end closed, else why (-EBADMSG).  Called
 * once at most; the owner frees the channel, here or later.
 */
typedef void (*channel_closed_fn)(void *arg, int result);

/* Takes over sock (closed by channel_free()).  NULL without memory: sock stays the caller's. */
struct channel *channel_new(struct loop *l, int sock, channel_frame_fn on_frame,
			    channel_closed_fn on_closed, void *arg);
void channel_free(struct channel *c);

/*
 * Sends now, or queues a copy.  -ENOBUFS when the queue is full, -EPIPE when the other end is
 * gone (on_closed then comes from the loop).
 */
MUST_USE int channel_send(struct channel *c, uint16_t kind, uint32_t id, struct slice body);
/* Bytes that wait. */
size_t channel_queued_bytes(const struct channel *c);

#endif
