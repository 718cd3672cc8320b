/* SPDX-License-Identifier: BSD-2-Clause */
/* Non-blocking frames with a bounded queue; both are wiped, keys may be in them. */
#include "priv/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/list.h"
#include "base/secret.h"

/* So many frames in one go, then the other events get their turn. */
enum { FRAMES_PER_WAKE = 32 };

struct queued {
	struct list node;
	uint16_t kind;
	uint32_t id;
	size_t len;
	uint8_t body[];
};

struct channel {
	int sock;
	struct loop_fd *event;
	channel_frame_fn on_frame;
	channel_closed_fn on_closed;
	void *arg;
	struct list queue;
	size_t queued_bytes;
	uint8_t *buf;
	bool *freed; /* tells the function that is calling back */
};

static void free_queued(struct channel *c, struct queued *q)
{
	list_remove(&q->node);
	c->queued_bytes -= sizeof(*q) + q->len;
	secret_wipe(q->body, q->len);
	free(q);
}

static void close_with(struct channel *c, int result)
{
	/* Nothing more comes from the loop; the owner decides what this means. */
	loop_fd_free(c->event);
	c->event = NULL;
	c->on_closed(c->arg, result);
}

static void on_readable(void *arg, int sock)
{
	struct channel *c = arg;
	bool freed = false;

	c->freed = &freed;
	for (int i = 0; i < FRAMES_PER_WAKE; i++) {
		struct frame f;
		int r = frame_recv(sock, c->buf, &f);
		if (r == -EAGAIN)
			break;
		if (r <= 0) {
			c->freed = NULL;
			close_with(c, r);
			return;
		}
		c->on_frame(c->arg, &f);
		frame_close_fds(&f);
		if (freed)
			return;
		secret_wipe(c->buf, f.body.len);
	}
	c->freed = NULL;
}

static void on_writable(void *arg, int sock)
{
	struct channel *c = arg;
	struct queued *q;

	LIST_EACH(q, &c->queue, node) {
		int r = frame_send(sock, q->kind, q->id, slice_of(q->body, q->len), NULL, 0);
		if (r == -EAGAIN || r == -ENOBUFS)
			return;
		/* Another error is the other end's end: reading will tell. */
		free_queued(c, q);
	}
	loop_fd_want_write(c->event, NULL);
}

struct channel *channel_new(struct loop *l, int sock, channel_frame_fn on_frame,
			    channel_closed_fn on_closed, void *arg)
{
	struct channel *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	list_init(&c->queue);
	c->sock = -1;
	c->on_frame = on_frame;
	c->on_closed = on_closed;
	c->arg = arg;
	c->buf = malloc(FRAME_BODY_MAX_BYTES);
	c->event = loop_fd_new(l, sock, on_readable, c);
	if (!c->buf || !c->event || fcntl(sock, F_SETFL, O_NONBLOCK) < 0) {
		channel_free(c);
		return NULL;
	}
	c->sock = sock;
	return c;
}

void channel_free(struct channel *c)
{
	struct queued *q;

	if (!c)
		return;
	LIST_EACH(q, &c->queue, node)
		free_queued(c, q);
	if (c->freed)
		*c->freed = true;
	loop_fd_free(c->event);
	if (c->sock >= 0)
		close(c->sock);
	if (c->buf)
		secret_wipe(c->buf, FRAME_BODY_MAX_BYTES);
	free(c->buf);
	free(c);
}

static int enqueue(struct channel *c, uint16_t kind, uint32_t id, struct slice body)
{
	if (body.len > FRAME_BODY_MAX_BYTES)
		return -EMSGSIZE;
	size_t bytes = sizeof(struct queued) + body.len;
	if (c->queued_bytes + bytes > CHANNEL_QUEUE_MAX_BYTES)
		return -ENOBUFS;
	struct queued *q = malloc(bytes);
	if (!q)
		return -ENOMEM;
	q->kind = kind;
	q->id = id;
	q->len = body.len;
	if (body.len > 0)
		memcpy(q->body, body.p, body.len);
	list_add(&c->queue, &q->node);
	c->queued_bytes += bytes;
	loop_fd_want_write(c->event, on_writable);
	return 0;
}

int channel_send(struct channel *c, uint16_t kind, uint32_t id, struct slice body)
{
	if (!c->event)
		return -EPIPE;
	if (!list_empty(&c->queue))
		return enqueue(c, kind, id, body);
	int r = frame_send(c->sock, kind, id, body, NULL, 0);
	if (r == -EAGAIN || r == -ENOBUFS)
		return enqueue(c, kind, id, body);
	return r;
}

size_t channel_queued_bytes(const struct channel *c)
{
	return c->queued_bytes;
}
