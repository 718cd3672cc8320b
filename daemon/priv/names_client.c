/* SPDX-License-Identifier: BSD-2-Clause */
/* Names to the resolver, addresses back. */
#include "priv/names_client.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "priv/call.h"
#include "priv/channel.h"
#include "priv/request.h"

struct names_client {
	struct names port;
	struct channel *channel; /* NULL: the resolver is gone */
	struct calls calls;
	struct request_gate gate;
};

static struct names_client *client_of(struct names *n)
{
	return CONTAINER_OF(n, struct names_client, port);
}

/* The monitor notices too; who waits has a limit of its own. */
static void on_closed(void *arg, int result)
{
	struct names_client *c = arg;
	(void)c;
	LOG(DEBUG, "resolver_gone", F_STR("reason", result < 0 ? strerror(-result) : "ended"));
}

static void on_frame(void *arg, struct frame *f)
{
	struct names_client *c = arg;
	struct call call;
	const char *why;

	if (request_admit(&c->gate, f, &why) < 0) {
		LOG(ERROR, "bad_request", F_INT("kind", f->kind), F_STR("why", why));
		return;
	}
	const struct request_addresses *a = request_body(f);
	if (calls_take(&c->calls, f->id, &call) && call.on_addresses)
		call.on_addresses(call.arg, a->result, a->addrs, a->n);
}

static int resolve(struct names *n, const char *name, names_done_fn done, void *arg)
{
	struct names_client *c = client_of(n);
	struct call call = { .on_addresses = done, .arg = arg };
	struct request_name question;

	memset(&question, 0, sizeof(question));
	if (strlen(name) >= sizeof(question.name))
		return -ENAMETOOLONG;
	strcpy(question.name, name);
	uint32_t id = calls_add(&c->calls, &call);
	int r = id == 0 ? -ENOMEM
			: channel_send(c->channel, REQUEST_NAME, id,
				       slice_of(&question, sizeof(question)));
	if (id != 0 && r < 0)
		(void)!calls_take(&c->calls, id, &call);
	return r;
}

static void cancel(struct names *n, void *arg)
{
	calls_cancel(&client_of(n)->calls, arg);
}

static const struct names_ops ops = { .resolve = resolve, .cancel = cancel };

struct names_client *names_client_new(struct loop *l, int sock)
{
	struct names_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->port.ops = &ops;
	calls_init(&c->calls);
	c->gate = (struct request_gate){ .from = PROCESS_RESOLVER, .to = PROCESS_ENGINE };
	c->channel = channel_new(l, sock, on_frame, on_closed, c);
	if (!c->channel) {
		free(c);
		return NULL;
	}
	return c;
}

void names_client_free(struct names_client *c)
{
	if (!c)
		return;
	channel_free(c->channel);
	calls_done(&c->calls);
	free(c);
}

struct names *names_client_port(struct names_client *c)
{
	return &c->port;
}
