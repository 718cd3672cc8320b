/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns the port's calls into the requests of priv/request.h. */
#include "kernel/address_monitor.h"

#include <errno.h>
#include <stdlib.h>

#include "base/list.h"
#include "priv/client.h"

struct address_monitor {
	struct address_port port;
	struct client *client;
	struct list waiting; /* struct waiting */
};

/* Who waits for a lease. */
struct waiting {
	struct list node;
	address_lease_fn done;
	void *arg; /* NULL: nobody any more */
};

static struct address_monitor *monitor_of(struct address_port *a)
{
	return CONTAINER_OF(a, struct address_monitor, port);
}

static void on_lease(void *arg, const struct request_lease *lease)
{
	struct waiting *w = arg;

	list_remove(&w->node);
	if (w->arg)
		w->done(w->arg, lease->result, lease->addr);
	free(w);
}

static int lease_ask(struct address_port *a, const struct lease_ask *ask, address_lease_fn done,
		     void *arg)
{
	struct address_monitor *m = monitor_of(a);
	struct waiting *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->done = done;
	w->arg = arg;
	int r = client_ask_lease(m->client, ask, on_lease, w);
	if (r < 0)
		free(w);
	else
		list_add(&m->waiting, &w->node);
	return r;
}

static int tell(struct address_port *a, enum request_kind kind, uint64_t holder)
{
	const struct request_holder r = { .holder = holder };
	return client_tell(monitor_of(a)->client, kind, slice_of(&r, sizeof(r)));
}

static int lease_back(struct address_port *a, uint64_t holder)
{
	return tell(a, REQUEST_LEASE_PUT, holder);
}

static int inner_set(struct address_port *a, const struct inner_set *set, address_done_fn done,
		     void *arg)
{
	return client_ask(monitor_of(a)->client, REQUEST_INNER_SET, slice_of(set, sizeof(*set)),
			  done, arg);
}

static int inner_drop(struct address_port *a, uint64_t holder)
{
	return tell(a, REQUEST_INNER_DROP, holder);
}

static void cancel(struct address_port *a, void *arg)
{
	struct address_monitor *m = monitor_of(a);
	struct waiting *w;

	LIST_EACH(w, &m->waiting, node)
		if (w->arg == arg)
			w->arg = NULL;
	client_cancel(m->client, arg);
}

static const struct address_ops ops = {
	.lease_get = lease_ask,
	.lease_put = lease_back,
	.inner_set = inner_set,
	.inner_drop = inner_drop,
	.cancel = cancel,
};

struct address_monitor *address_monitor_new(struct client *client)
{
	struct address_monitor *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->port.ops = &ops;
	m->client = client;
	list_init(&m->waiting);
	return m;
}

void address_monitor_free(struct address_monitor *m)
{
	struct waiting *w;

	if (!m)
		return;
	LIST_EACH(w, &m->waiting, node)
		free(w);
	free(m);
}

struct address_port *address_monitor_port(struct address_monitor *m)
{
	return &m->port;
}
