/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns the port's calls into the requests of priv/request.h. */
#include "kernel/kernel_monitor.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/secret.h"
#include "priv/client.h"

static_assert((int)KERNEL_CHILD_POLICIES_MAX == (int)REQUEST_POLICIES_MAX,
	      "a child of the port fits into a request");

struct kernel_monitor {
	struct kernel port;
	struct client *client;
};

static struct client *client_of(struct kernel *k)
{
	return CONTAINER_OF(k, struct kernel_monitor, port)->client;
}

static int child_install(struct kernel *k, const struct kernel_child *child, kernel_done_fn done,
			 void *arg)
{
	if (child->n_policies > REQUEST_POLICIES_MAX)
		return -E2BIG;
	struct request_child *request = calloc(1, sizeof(*request));
	if (!request)
		return -ENOMEM;
	request->in = child->in;
	request->out = child->out;
	request->comp = child->comp;
	request->in_only = child->in_only;
	request->n_policies = child->n_policies;
	memcpy(request->policies, child->policies, child->n_policies * sizeof(child->policies[0]));
	size_t used = offsetof(struct request_child, policies) +
		      child->n_policies * sizeof(child->policies[0]);
	int r = client_ask(client_of(k), REQUEST_CHILD_INSTALL, slice_of(request, used), done, arg);
	secret_wipe(request, sizeof(*request));
	free(request);
	return r;
}

static int child_complete(struct kernel *k, const struct kernel_child *child, kernel_done_fn done,
			  void *arg)
{
	struct request_complete request;

	memset(&request, 0, sizeof(request));
	request.in = child->in.id;
	request.out = child->out;
	int r = client_ask(client_of(k), REQUEST_CHILD_COMPLETE,
			   slice_of(&request, sizeof(request)), done, arg);
	secret_wipe(&request, sizeof(request));
	return r;
}

static int child_move(struct kernel *k, const struct kernel_move *move, kernel_done_fn done,
		      void *arg)
{
	struct request_move request;

	memset(&request, 0, sizeof(request));
	request.in = move->in;
	request.out = move->out;
	request.local = move->local;
	request.peer = move->peer;
	request.local_port = move->local_port;
	request.peer_port = move->peer_port;
	return client_ask(client_of(k), REQUEST_CHILD_MOVE, slice_of(&request, sizeof(request)),
			  done, arg);
}

static int child_remove(struct kernel *k, const struct kernel_child *child, kernel_done_fn done,
			void *arg)
{
	struct request_remove request;

	memset(&request, 0, sizeof(request));
	request.in = child->in.id;
	request.out = child->out.id;
	return client_ask(client_of(k), REQUEST_CHILD_REMOVE, slice_of(&request, sizeof(request)),
			  done, arg);
}

static int acquire_failed(struct kernel *k, const struct keydb_sa_id *larval, uint32_t seq)
{
	struct request_acquire request;

	memset(&request, 0, sizeof(request));
	request.larval = *larval;
	request.seq = seq;
	return client_tell(client_of(k), REQUEST_ACQUIRE_FAILED,
			   slice_of(&request, sizeof(request)));
}

static void cancel(struct kernel *k, void *arg)
{
	client_cancel(client_of(k), arg);
}

static const struct kernel_ops ops = {
	.child_install = child_install,
	.child_complete = child_complete,
	.child_move = child_move,
	.child_remove = child_remove,
	.acquire_failed = acquire_failed,
	.cancel = cancel,
};

struct kernel_monitor *kernel_monitor_new(struct client *client)
{
	struct kernel_monitor *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->port.ops = &ops;
	k->client = client;
	return k;
}

void kernel_monitor_free(struct kernel_monitor *k)
{
	free(k);
}

struct kernel *kernel_monitor_port(struct kernel_monitor *k)
{
	return &k->port;
}
