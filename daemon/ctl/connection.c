/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buffers of one client.  Input grows up to the longest line, output up to a limit.  A
 * client has CTL_IDLE_LIMIT_MS to say something; a command brings its own time limit.
 */
#include "ctl/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/request.h"
#include "ike/engine.h"

enum { FIRST_BUFFER_BYTES = 4096 };

static void on_readable(void *arg, int fd);

/* Nobody is to answer any more. */
static void forget(struct connection *c)
{
	engine_forget(c->ports->engine, c);
	if (c->ports->monitor_forget)
		c->ports->monitor_forget(c->ports->monitor_arg, c);
}

static void on_deadline(void *arg)
{
	struct connection *c = arg;

	if (c->dead || !c->busy) {
		connection_free(c);
		return;
	}
	forget(c);
	connection_reply_error(c, -ETIMEDOUT, "it takes longer than the time given; it goes on");
}

struct connection *connection_new(const struct ctl_ports *ports, int fd, struct list *clients)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	list_init(&c->node);
	c->ports = ports;
	c->fd = -1;
	c->in = malloc(FIRST_BUFFER_BYTES);
	c->in_size = FIRST_BUFFER_BYTES;
	c->event = loop_fd_new(ports->loop, fd, on_readable, c);
	c->deadline = loop_timer_new(ports->loop, on_deadline, c);
	if (!c->in || !c->event || !c->deadline || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		connection_free(c);
		return NULL;
	}
	c->fd = fd;
	list_add(clients, &c->node);
	loop_timer_arm(c->deadline, CTL_IDLE_LIMIT_MS);
	return c;
}

void connection_free(struct connection *c)
{
	if (!c)
		return;
	forget(c);
	if (c->freed)
		*c->freed = true;
	list_remove(&c->node);
	loop_fd_free(c->event);
	loop_timer_free(c->deadline);
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	free(c->out);
	free(c);
}

/* ---- out ---- */

static void on_writable(void *arg, int fd)
{
	struct connection *c = arg;
	ssize_t n = send(fd, c->out, c->out_bytes, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		connection_free(c);
		return;
	}
	c->out_bytes -= (size_t)n;
	memmove(c->out, c->out + n, c->out_bytes);
	if (c->out_bytes > 0)
		return;
	loop_fd_want_write(c->event, NULL);
	if (c->closing)
		connection_free(c);
}

/* Queues text and a newline; false: too much, or no memory. */
static bool queue(struct connection *c, const char *text, size_t len)
{
	size_t need = c->out_bytes + len + 1;

	if (need > CTL_OUT_MAX_BYTES)
		return false;
	if (need > c->out_size) {
		size_t size = need < FIRST_BUFFER_BYTES ? FIRST_BUFFER_BYTES : need + need / 2;
		char *grown = realloc(c->out, size);
		if (!grown)
			return false;
		c->out = grown;
		c->out_size = size;
	}
	memcpy(c->out + c->out_bytes, text, len);
	c->out[need - 1] = '\n';
	c->out_bytes = need;
	loop_fd_want_write(c->event, on_writable);
	return true;
}

void connection_push(struct connection *c, const char *text, size_t len)
{
	if (c->dead || queue(c, text, len))
		return;
	/* Not here: a record may be written while this client's own command runs. */
	c->closing = true;
	c->dead = true;
	loop_timer_arm(c->deadline, 0);
}

void connection_reply(struct connection *c, json_t *reply)
{
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
	bool ok = text && queue(c, text, strlen(text));

	json_decref(reply);
	free(text);
	if (!ok) {
		connection_free(c);
		return;
	}
	c->busy = false;
	if (c->dead)
		return;
	if (c->wants_events)
		loop_timer_disarm(c->deadline);
	else
		loop_timer_arm(c->deadline, CTL_IDLE_LIMIT_MS);
}

void connection_reply_error(struct connection *c, int code, const char *text)
{
	connection_reply(c, ctl_reply_error(code, text));
}

/* ---- in ---- */

static void refuse_and_close(struct connection *c, int code, const char *text)
{
	forget(c);
	c->closing = true;
	connection_reply_error(c, code, text);
}

/* Room for more of the line; false: it is too long, or there is no memory. */
static bool make_room(struct connection *c)
{
	if (c->in_bytes < c->in_size)
		return true;
	if (c->in_size >= CTL_LINE_MAX_BYTES)
		return false;
	char *grown = realloc(c->in, c->in_size * 2);
	if (!grown)
		return false;
	c->in = grown;
	c->in_size *= 2;
	return true;
}

/* Runs each complete line; false: the connection was freed. */
static bool run_lines(struct connection *c)
{
	bool freed = false;
	char *end;

	c->freed = &freed;
	while (!c->busy && !c->closing && (end = memchr(c->in, '\n', c->in_bytes))) {
		size_t len = (size_t)(end - c->in);
		command_run(c, c->in, len);
		if (freed)
			return false;
		c->in_bytes -= len + 1;
		memmove(c->in, end + 1, c->in_bytes);
	}
	c->freed = NULL;
	return true;
}

static void on_readable(void *arg, int fd)
{
	struct connection *c = arg;
	ssize_t n = recv(fd, c->in + c->in_bytes, c->in_size - c->in_bytes, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		connection_free(c);
		return;
	}
	if (c->closing) /* what it says now is not heard */
		return;
	c->in_bytes += (size_t)n;
	if (!run_lines(c) || c->closing)
		return;
	if (c->busy && c->in_bytes > 0)
		refuse_and_close(c, -EBUSY, "the next request came before this one was answered");
	else if (!make_room(c))
		refuse_and_close(c, -EMSGSIZE, "the request is too long");
}
