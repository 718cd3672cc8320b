/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The composition root of an engine: sockets, kernel, keeper, control socket and the
 * engine itself meet here and nowhere else.
 *
 *	UDP --> engine_receive       engine --> kernel port --> monitor
 *	                             engine --> address port --> monitor
 *	monitor --> kernel events    engine --> keeper port --> keeper
 *	control socket --> commands
 */
#include "engine_process.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "crypto/crypto.h"
#include "ctl/ctl.h"
#include "ike/engine.h"
#include "kernel/address_monitor.h"
#include "kernel/kernel_monitor.h"
#include "net/udp.h"
#include "net/watch.h"
#include "output.h"
#include "priv/client.h"
#include "priv/keeper_client.h"
#include "priv/names_client.h"
#include "priv/sandbox.h"

#ifndef TANUKI_VERSION
#error "the build gives the version"
#endif

struct engine_process {
	const struct monitor_engine *start;
	struct request_sockets sockets;
	int fds[FRAME_FDS_MAX];
	int control_fd;
	struct loop *loop;
	struct udp_sockets *udp;
	struct watch *watch;
	struct client *client;
	struct kernel_monitor *kernel;
	struct address_monitor *addresses;
	struct keeper_client *keeper;
	struct names_client *names; /* NULL: there is no resolver */
	struct engine *engine;
	struct ctl *ctl;
	struct list questions; /* struct question */
	bool stopping, failed;
};

static void on_log_line(void *arg, enum log_level level, const char *line)
{
	struct engine_process *p = arg;

	output_line(NULL, level, line);
	if (p->ctl)
		ctl_log_line(p->ctl, level, line);
}

/* ---- what comes in ---- */

static void on_packet(void *arg, const struct udp_packet *packet)
{
	struct engine_process *p = arg;
	engine_receive(p->engine, packet);
}

static void on_address(void *arg, const struct addr *local, bool added)
{
	struct engine_process *p = arg;
	engine_address(p->engine, local, added);
	if (added)
		LOG(INFO, "address_added", F_ADDR("local", local));
	else
		LOG(INFO, "address_removed", F_ADDR("local", local));
}

static void on_kernel_event(void *arg, const struct keydb_event *event)
{
	struct engine_process *p = arg;
	engine_kernel_event(p->engine, event);
}

static void on_stopped(void *arg, int result, const char *text)
{
	struct engine_process *p = arg;

	if (result < 0)
		LOG(WARNING, "stop_incomplete", F_STR("reason", text));
	loop_stop(p->loop);
}

static void on_stop(void *arg)
{
	struct engine_process *p = arg;

	p->stopping = true;
	engine_stop(p->engine, on_stopped, p);
}

/* Without a monitor no SA can be made or removed. */
static void on_monitor_lost(void *arg, const char *why)
{
	struct engine_process *p = arg;

	LOG(ERROR, "monitor_lost", F_STR("reason", why));
	p->failed = true;
	loop_stop(p->loop);
}

/* The monitor will notice as well, and tell us to stop. */
static void on_keeper_lost(void *arg, const char *why)
{
	struct engine_process *p = arg;

	if (!p->stopping)
		LOG(ERROR, "keeper_lost", F_STR("reason", why));
}

static const struct client_handlers monitor_handlers = {
	.on_event = on_kernel_event,
	.on_stop = on_stop,
	.on_lost = on_monitor_lost,
};

/* ---- start ---- */

static int open_udp(struct engine_process *p, struct err *err)
{
	struct udp_socket_fd fds[UDP_SOCKETS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < p->sockets.n; i++) {
		if (p->sockets.roles[i] == SOCKET_CONTROL)
			p->control_fd = p->fds[i];
		else if (n < N_ELEMENTS(fds))
			fds[n++] = (struct udp_socket_fd){
				.fd = p->fds[i],
				.bound = p->sockets.bound[i],
				.natt = p->sockets.roles[i] == SOCKET_UDP_NATT,
			};
	}
	p->udp = udp_sockets_new(p->loop, fds, n, on_packet, p);
	return p->udp ? 0 : err_set(err, -ENOMEM, "UDP sockets: out of memory or descriptors");
}

/* What is there at the start is nothing new. */
static void know_address(void *arg, const struct addr *local, bool added)
{
	struct engine_process *p = arg;
	engine_address(p->engine, local, added);
}

static int open_processes(struct engine_process *p, struct err *err)
{
	p->client = client_new(p->loop, p->start->monitor_sock, &monitor_handlers, p);
	p->keeper = keeper_client_new(p->loop, p->start->keeper_sock, on_keeper_lost, p);
	if (p->client) {
		p->kernel = kernel_monitor_new(p->client);
		p->addresses = address_monitor_new(p->client);
	}
	if (p->start->resolver_sock >= 0)
		p->names = names_client_new(p->loop, p->start->resolver_sock);
	bool names = p->names || p->start->resolver_sock < 0;
	if (!p->client || !p->keeper || !p->kernel || !p->addresses || !names)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

static int open_engine(struct engine_process *p, struct err *err)
{
	const struct engine_ports ports = {
		.loop = p->loop,
		.udp = udp_sockets_port(p->udp),
		.kernel = kernel_monitor_port(p->kernel),
		.keeper = keeper_client_port(p->keeper),
		.names = p->names ? names_client_port(p->names) : NULL,
		.addresses = address_monitor_port(p->addresses),
		.policy = p->start->policy,
		.number = 0,
	};
	int r = engine_new(&ports, &p->engine);
	if (r < 0)
		return err_set(err, r, "engine: %s", strerror(-r));
	watch_each(p->watch, know_address, p);
	return 0;
}

/* ---- what the control socket asks the monitor ---- */

/* Who asked; freed with the answer. */
struct question {
	struct list node; /* in engine_process.questions */
	ctl_kernel_fn on_kernel;
	ctl_leases_fn on_leases;
	void *arg; /* NULL: nobody waits any more */
};

/* r: whether it could be asked. */
static int question_asked(struct engine_process *p, struct question *q, int r)
{
	if (r < 0)
		free(q);
	else
		list_add(&p->questions, &q->node);
	return r;
}

static void on_differences(void *arg, const struct request_differences *d)
{
	struct question *q = arg;
	struct ctl_difference list[REQUEST_DIFFERENCES_MAX];
	struct ctl_kernel k = { .result = d->result,
				.n_sas = d->n_sas,
				.n_policies = d->n_policies,
				.n = d->n,
				.n_all = d->n_all,
				.list = list };

	for (size_t i = 0; i < d->n; i++)
		list[i] = (struct ctl_difference){ d->list[i].what, d->list[i].entry };
	list_remove(&q->node);
	if (q->arg)
		q->on_kernel(q->arg, &k);
	free(q);
}

static int kernel_diff(void *arg, ctl_kernel_fn done, void *done_arg)
{
	struct engine_process *p = arg;
	struct question *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->on_kernel = done;
	q->arg = done_arg;
	return question_asked(p, q, client_ask_differences(p->client, on_differences, q));
}

static void on_leases(void *arg, const struct request_leases *r)
{
	struct question *q = arg;
	struct ctl_lease list[REQUEST_LEASES_MAX];
	struct ctl_leases leases = {
		.n = r->n, .n_all = r->n_all, .list = list, .end = r->end, .cursor = r->cursor
	};

	for (size_t i = 0; i < r->n; i++)
		list[i] = (struct ctl_lease){ .pool = r->list[i].pool,
					      .id = &r->list[i].id,
					      .addr = &r->list[i].addr,
					      .n_holders = r->list[i].n_holders,
					      .fixed = r->list[i].fixed,
					      .used_sec = r->list[i].used_sec };
	list_remove(&q->node);
	if (q->arg)
		q->on_leases(q->arg, &leases);
	free(q);
}

static int leases(void *arg, uint64_t cursor, ctl_leases_fn done, void *done_arg)
{
	struct engine_process *p = arg;
	struct question *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->on_leases = done;
	q->arg = done_arg;
	return question_asked(p, q, client_ask_leases(p->client, cursor, on_leases, q));
}

static void monitor_forget(void *arg, void *done_arg)
{
	struct engine_process *p = arg;
	struct question *q;

	LIST_EACH(q, &p->questions, node)
		if (q->arg == done_arg)
			q->arg = NULL;
}

static int open_control(struct engine_process *p, struct err *err)
{
	const struct ctl_ports ports = {
		.loop = p->loop,
		.engine = p->engine,
		.policy = p->start->policy,
		.version = TANUKI_VERSION,
		.data_path = p->sockets.tanuki ? "tanuki" : "kernel",
		.started_ms = loop_now_ms(p->loop),
		.owner_uid = 0,
		.kernel_diff = kernel_diff,
		.leases = leases,
		.monitor_forget = monitor_forget,
		.monitor_arg = p,
	};

	if (p->control_fd < 0)
		return 0;
	p->ctl = ctl_new(&ports, p->control_fd);
	return p->ctl ? 0 : err_set(err, -ENOMEM, "control socket: out of memory");
}

/* Everything that opens something; what is left to do then needs no new descriptor. */
static int prepare(struct engine_process *p, struct err *err)
{
	int r = client_receive_sockets(p->start->monitor_sock, &p->sockets, p->fds, err);

	if (r < 0)
		return r;
	r = crypto_start();
	if (r < 0)
		return err_set(err, r, "starting OpenSSL: %s", strerror(-r));
	p->loop = loop_new();
	if (!p->loop)
		return err_set(err, -ENOMEM, "out of memory");
	r = open_udp(p, err);
	if (r == 0)
		r = watch_new(p->loop, on_address, p, &p->watch, err);
	if (r == 0)
		r = open_processes(p, err);
	if (r == 0)
		r = open_engine(p, err);
	if (r == 0)
		r = open_control(p, err);
	if (r < 0)
		return r;
	int filtered = sandbox_filter(PROCESS_ENGINE, err);
	if (filtered == 1)
		LOG(DEBUG, "no_filter",
		    F_STR("reason", sandbox_has_filters() ? "kernel" : "build"));
	return filtered < 0 ? filtered : 0;
}

static int serve(struct engine_process *p, struct err *err)
{
	int r = client_tell(p->client, REQUEST_READY, slice_of(NULL, 0));

	if (r < 0)
		return err_set(err, r, "the monitor: %s", strerror(-r));
	engine_start(p->engine);
	r = loop_run(p->loop);
	return r < 0 ? err_set(err, r, "event loop: %s", strerror(-r)) : 0;
}

static void release(struct engine_process *p)
{
	struct question *q;

	log_set_sink(output_line, NULL);
	ctl_free(p->ctl);
	LIST_EACH(q, &p->questions, node)
		free(q);
	engine_free(p->engine);
	kernel_monitor_free(p->kernel);
	address_monitor_free(p->addresses);
	keeper_client_free(p->keeper);
	names_client_free(p->names);
	client_free(p->client);
	watch_free(p->watch);
	udp_sockets_free(p->udp);
	loop_free(p->loop);
	crypto_end();
}

int engine_process_run(const struct monitor_engine *start)
{
	struct engine_process p = { .start = start, .control_fd = -1 };
	struct err err = { 0 };

	list_init(&p.questions);
	log_set_sink(on_log_line, &p);
	int r = prepare(&p, &err);
	if (r == 0)
		r = serve(&p, &err);
	if (r < 0)
		LOG(ERROR, "engine_failed", F_STR("reason", err.text));
	release(&p);
	return r < 0 || p.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
