/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests out, results and events in. */
#include "priv/client.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "priv/channel.h"

struct client {
	struct channel *channel;
	struct calls calls;
	struct request_gate gate;
	const struct client_handlers *handlers;
	void *arg;
};

int client_receive_sockets(int sock, struct request_sockets *ret, int fds[FRAME_FDS_MAX],
			   struct err *err)
{
	struct request_gate gate = { .from = PROCESS_MONITOR, .to = PROCESS_ENGINE };
	uint8_t *buf = malloc(FRAME_BODY_MAX_BYTES);
	const char *why = "the monitor is gone";
	struct frame f = { 0 };

	if (!buf)
		return err_set(err, -ENOMEM, "out of memory");
	int r = frame_recv(sock, buf, &f);
	if (r == 1)
		r = request_admit(&gate, &f, &why);
	else if (r == 0)
		r = -EPIPE;
	if (r == 0 && f.kind != REQUEST_SOCKETS) {
		why = "not the sockets";
		r = -EBADMSG;
	}
	if (r == 0) {
		memcpy(ret, request_body(&f), sizeof(*ret));
		memcpy(fds, f.fds, sizeof(f.fds));
	} else {
		frame_close_fds(&f);
		(void)err_set(err, r, "waiting for the sockets: %s", why);
	}
	free(buf);
	return r;
}

static void on_result(struct client *c, const struct frame *f)
{
	const struct request_result *answer = request_body(f);
	struct call call;

	/* One that nobody waits for any more was answered to be complete. */
	if (calls_take(&c->calls, f->id, &call) && call.on_result)
		call.on_result(call.arg, answer->result, answer->reason);
}

static void on_differences(struct client *c, const struct frame *f)
{
	struct call call;

	if (calls_take(&c->calls, f->id, &call) && call.on_differences)
		call.on_differences(call.arg, request_body(f));
}

static void on_lease(struct client *c, const struct frame *f)
{
	struct call call;

	if (calls_take(&c->calls, f->id, &call) && call.on_lease)
		call.on_lease(call.arg, request_body(f));
}

static void on_leases(struct client *c, const struct frame *f)
{
	struct call call;

	if (calls_take(&c->calls, f->id, &call) && call.on_leases)
		call.on_leases(call.arg, request_body(f));
}

static void on_closed(void *arg, int result)
{
	struct client *c = arg;
	c->handlers->on_lost(c->arg, result == 0 ? "the monitor is gone" : strerror(-result));
}

static void on_frame(void *arg, struct frame *f)
{
	struct client *c = arg;
	const char *why;

	if (request_admit(&c->gate, f, &why) < 0) {
		c->handlers->on_lost(c->arg, why);
		return;
	}
	switch (f->kind) {
	case REQUEST_RESULT:
		on_result(c, f);
		break;
	case REQUEST_DIFFERENCES:
		on_differences(c, f);
		break;
	case REQUEST_LEASE:
		on_lease(c, f);
		break;
	case REQUEST_LEASES:
		on_leases(c, f);
		break;
	case REQUEST_EVENT:
		c->handlers->on_event(c->arg,
				      &((const struct request_event *)request_body(f))->event);
		break;
	case REQUEST_STOP:
		c->handlers->on_stop(c->arg);
		break;
	default: /* REQUEST_SOCKETS: they come before there is a client */
		c->handlers->on_lost(c->arg, "unexpected message");
	}
}

struct client *client_new(struct loop *l, int sock, const struct client_handlers *handlers,
			  void *arg)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	calls_init(&c->calls);
	c->gate = (struct request_gate){ .from = PROCESS_MONITOR, .to = PROCESS_ENGINE };
	c->handlers = handlers;
	c->arg = arg;
	c->channel = channel_new(l, sock, on_frame, on_closed, c);
	if (!c->channel) {
		free(c);
		return NULL;
	}
	return c;
}

void client_free(struct client *c)
{
	if (!c)
		return;
	channel_free(c->channel);
	calls_done(&c->calls);
	free(c);
}

static int ask(struct client *c, enum request_kind kind, struct slice body, struct call call)
{
	uint32_t id = calls_add(&c->calls, &call);

	if (id == 0)
		return -ENOMEM;
	int r = channel_send(c->channel, (uint16_t)kind, id, body);
	if (r < 0)
		(void)!calls_take(&c->calls, id, &call);
	return r;
}

int client_ask(struct client *c, enum request_kind kind, struct slice body, call_result_fn done,
	       void *arg)
{
	return ask(c, kind, body, (struct call){ .on_result = done, .arg = arg });
}

int client_ask_differences(struct client *c, call_differences_fn done, void *arg)
{
	return ask(c, REQUEST_KERNEL_DIFF, slice_of(NULL, 0),
		   (struct call){ .on_differences = done, .arg = arg });
}

int client_ask_lease(struct client *c, const struct lease_ask *question, call_lease_fn done,
		     void *arg)
{
	return ask(c, REQUEST_LEASE_GET, slice_of(question, sizeof(*question)),
		   (struct call){ .on_lease = done, .arg = arg });
}

int client_ask_leases(struct client *c, uint64_t cursor, call_leases_fn done, void *arg)
{
	const struct request_lease_list list = { .cursor = cursor };
	return ask(c, REQUEST_LEASE_LIST, slice_of(&list, sizeof(list)),
		   (struct call){ .on_leases = done, .arg = arg });
}

int client_tell(struct client *c, enum request_kind kind, struct slice body)
{
	return channel_send(c->channel, (uint16_t)kind, 0, body);
}

void client_cancel(struct client *c, void *arg)
{
	calls_cancel(&c->calls, arg);
}
