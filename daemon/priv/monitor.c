/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start: keeper first (a bad psk.txt ends it all before anything is open), then the
 * engine, then the sockets and the kernel, and only then the privileges go.
 *
 * End: on SIGTERM the engine is told to delete its SAs and has 4 s to do it.  Whatever
 * the reason, everything that was installed is removed, and the lifeline's end kills
 * who is still there.
 *
 *   starting -> running (the engine said it is ready) -> stopping -> gone
 */
#include "priv/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "policy/policy_spd.h"
#include "policy/pool.h"
#include "priv/addresses.h"
#include "priv/broker.h"
#include "priv/channel.h"
#include "priv/children.h"
#include "priv/clerk.h"
#include "priv/clerk_process.h"
#include "priv/keeper_process.h"
#include "priv/resolver_process.h"
#include "priv/sandbox.h"

enum { STOP_LIMIT_MS = 4000, WAIT_LIMIT_MS = 1000, ENGINE = 0 };
/* The programs that it still has to start may take so long. */
enum { CLERK_WAIT_LIMIT_MS = 6000 };
/* Acquires and mappings are repeated by the next packet: no reason to store many for a busy engine. */
enum { REPEATED_QUEUED_MAX_BYTES = 512 * 1024 };

struct monitor {
	const struct monitor_options *options;
	struct loop *loop;
	struct broker *broker;
	struct clerk_client *clerk_client;
	struct addresses *addresses;
	struct channel *channel;
	struct request_gate gate;
	int engine_sock; /* the channel's */
	struct child_process keeper, engine, resolver, clerk;
	struct loop_signal *on_term, *on_int, *on_hup, *on_child;
	struct loop_timer *stop_timer;
	struct sandbox_user user;
	char root[256];
	int lifeline[2], engine_pair[2], keeper_pair[2], ready_pair[2], resolver_pair[2],
		clerk_pair[2];
	bool stopping, failed, has_pid_file, has_control;
	unsigned int n_events_dropped;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_pair(int pair[2])
{
	close_fd(&pair[0]);
	close_fd(&pair[1]);
}

/* ---- the end ---- */

static void on_stop_limit(void *arg)
{
	struct monitor *m = arg;
	LOG(WARNING, "stop_too_slow", F_INT("limit_ms", STOP_LIMIT_MS));
	loop_stop(m->loop);
}

static void begin_stop(struct monitor *m)
{
	if (m->stopping)
		return;
	m->stopping = true;
	LOG(NOTIFY, "stopping");
	sd_notify(0, "STOPPING=1");
	if (m->engine.pid == 0 || channel_send(m->channel, REQUEST_STOP, 0, slice_of(NULL, 0)) < 0)
		loop_stop(m->loop);
	else
		loop_timer_arm(m->stop_timer, STOP_LIMIT_MS);
}

static void fail(struct monitor *m)
{
	m->failed = true;
	begin_stop(m);
}

/* One of ours ended.  Expected is only an engine that was told to stop. */
static void on_end(struct monitor *m, const struct child_process *c, int status)
{
	char text[CHILD_STATUS_TEXT_MAX_BYTES];

	if (m->stopping && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	LOG(ERROR, "process_died", F_STR("process", c->name),
	    F_STR("how", child_process_status_text(status, text)));
	fail(m);
}

static void reap(struct monitor *m)
{
	int status;

	if (child_process_reap(&m->keeper, &status))
		on_end(m, &m->keeper, status);
	if (child_process_reap(&m->resolver, &status))
		on_end(m, &m->resolver, status);
	if (child_process_reap(&m->clerk, &status))
		on_end(m, &m->clerk, status);
	if (child_process_reap(&m->engine, &status)) {
		on_end(m, &m->engine, status);
		loop_stop(m->loop);
	}
}

static void on_child_signal(void *arg)
{
	reap(arg);
}

static void on_stop_signal(void *arg)
{
	begin_stop(arg);
}

static void on_hup_signal(void *arg)
{
	(void)arg;
	LOG(WARNING, "reload_unsupported", F_STR("reason", "reload is not supported yet: restart"));
}

/* ---- the engine's requests, the kernel's events ---- */

static void on_event(void *arg, int engine, const struct keydb_event *event)
{
	struct monitor *m = arg;
	struct request_event message;

	(void)engine; /* there is one */
	bool comes_again = event->kind == KEYDB_EVENT_ACQUIRE || event->kind == KEYDB_EVENT_MAPPING;
	if (comes_again && channel_queued_bytes(m->channel) > REPEATED_QUEUED_MAX_BYTES) {
		if (m->n_events_dropped++ == 0)
			LOG(WARNING, "events_dropped", F_STR("reason", "the engine is busy"));
		return;
	}
	memset(&message, 0, sizeof(message));
	message.event = *event;
	int r = channel_send(m->channel, REQUEST_EVENT, 0, slice_of(&message, sizeof(message)));
	if (r < 0)
		LOG(WARNING, "event_lost", F_STR("reason", strerror(-r)));
}

static void on_ready(struct monitor *m)
{
	LOG(NOTIFY, "ready");
	sd_notify(0, "READY=1");
	if (m->options->ready_fd >= 0 && write(m->options->ready_fd, "", 1) != 1)
		LOG(DEBUG, "nobody_waits");
}

static void answer(struct monitor *m, uint16_t kind, uint32_t id, struct slice body)
{
	int r = channel_send(m->channel, kind, id, body);

	/* One that stops may be gone before the last answer; it asked for removals only. */
	if (r < 0 && m->stopping) {
		LOG(DEBUG, "answer_lost", F_STR("reason", strerror(-r)));
	} else if (r < 0) {
		/* An engine that does not hear what became of its SAs cannot go on. */
		LOG(ERROR, "answer_lost", F_STR("reason", strerror(-r)));
		fail(m);
	}
}

static void answer_result(struct monitor *m, uint32_t id, const struct request_result *result)
{
	answer(m, REQUEST_RESULT, id, slice_of(result, sizeof(*result)));
}

/* Whom addresses_request() answers. */
struct asked {
	struct monitor *m;
	uint32_t id;
};

static void on_addresses_answer(void *arg, uint16_t kind, struct slice body)
{
	const struct asked *asked = arg;
	answer(asked->m, kind, asked->id, body);
}

static void answer_diff(struct monitor *m, uint32_t id)
{
	struct request_differences *d = calloc(1, sizeof(*d));

	if (!d) {
		LOG(WARNING, "answer_lost", F_STR("reason", "out of memory"));
		return;
	}
	broker_diff(m->broker, d);
	int r = channel_send(m->channel, REQUEST_DIFFERENCES, id, slice_of(d, sizeof(*d)));
	if (r < 0)
		LOG(WARNING, "answer_lost", F_STR("reason", strerror(-r)));
	free(d);
}

static void on_frame(void *arg, struct frame *f)
{
	struct monitor *m = arg;
	struct request_result result;
	const char *why = "";
	int r = request_admit(&m->gate, f, &why);

	if (r == -EBADMSG) {
		LOG(ERROR, "bad_request", F_INT("kind", f->kind), F_STR("why", why));
		m->failed = true;
		loop_stop(m->loop);
	} else if (r < 0) {
		LOG(ERROR, "bad_request", F_STR("request", request_row(f->kind)->name),
		    F_STR("why", why));
		memset(&result, 0, sizeof(result));
		result.result = r;
		request_set_reason(&result, why);
		answer_result(m, f->id, &result);
	} else if (f->kind == REQUEST_READY) {
		on_ready(m);
	} else if (f->kind == REQUEST_KERNEL_DIFF) {
		answer_diff(m, f->id);
	} else if (addresses_handles(f->kind)) {
		struct asked asked = { .m = m, .id = f->id };
		addresses_request(m->addresses, ENGINE, f, on_addresses_answer, &asked);
	} else if (broker_request(m->broker, ENGINE, f, &result)) {
		answer_result(m, f->id, &result);
	}
}

static void on_closed(void *arg, int result)
{
	struct monitor *m = arg;

	if (result < 0)
		LOG(ERROR, "engine_lost", F_STR("reason", strerror(-result)));
	/* SIGCHLD will say how it ended.  One that closed its socket and lives is broken. */
	m->failed |= !m->stopping;
	loop_timer_arm(m->stop_timer, WAIT_LIMIT_MS);
}

/* ---- the start ---- */

static int run_keeper(void *arg)
{
	struct monitor *m = arg;
	const struct keeper_start start = {
		.psk_path = m->options->policy->psk_path,
		.user = m->user,
		.root = m->root,
		.engine_sock = m->keeper_pair[1],
		.ready_fd = m->ready_pair[1],
	};

	close_pair(m->engine_pair);
	close_pair(m->clerk_pair);
	close_fd(&m->keeper_pair[0]);
	close_fd(&m->ready_pair[0]);
	return keeper_process_run(&start);
}

static int run_resolver(void *arg)
{
	struct monitor *m = arg;

	close_pair(m->engine_pair);
	close_pair(m->keeper_pair);
	close_pair(m->clerk_pair);
	close_fd(&m->resolver_pair[0]);
	return resolver_process_run(m->resolver_pair[1], &m->user, m->options->policy);
}

static int run_clerk(void *arg)
{
	struct monitor *m = arg;
	const struct clerk_start start = {
		.policy = m->options->policy,
		.state_path = m->options->state_path,
		.sock = m->clerk_pair[1],
	};

	close_fd(&m->clerk_pair[0]);
	return clerk_process_run(&start);
}

static int run_engine(void *arg)
{
	struct monitor *m = arg;
	struct err err = { 0 };
	const struct monitor_engine start = {
		.policy = m->options->policy,
		.monitor_sock = m->engine_pair[1],
		.keeper_sock = m->keeper_pair[0],
		.resolver_sock = m->resolver_pair[0],
	};

	close_fd(&m->engine_pair[0]);
	close_pair(m->clerk_pair);
	int contained = sandbox_become(&m->user, m->root, &err);
	if (contained < 0) {
		LOG(ERROR, "engine_failed", F_STR("reason", err.text));
		return EXIT_FAILURE;
	}
	LOG(DEBUG, "engine_start", F_STR("chroot", contained ? "no" : "yes"));
	return m->options->engine(&start);
}

/* The keeper has said why on its own log line. */
static int wait_for_keeper(struct monitor *m, struct err *err)
{
	char byte;
	ssize_t n;

	close_fd(&m->ready_pair[1]);
	do
		n = read(m->ready_pair[0], &byte, 1);
	while (n < 0 && errno == EINTR);
	close_fd(&m->ready_pair[0]);
	return n == 1 ? 0 : err_set(err, -ECHILD, "the keeper could not start");
}

static int start_resolver(struct monitor *m, struct err *err)
{
	const struct peer_config *peer;
	bool has_names = false;

	LIST_EACH(peer, &m->options->policy->peers, node)
		has_names |= peer->by_name;
	if (!has_names)
		return 0;
	int r = frame_pair(m->resolver_pair);
	if (r < 0)
		return err_set(err, r, "socketpair: %s", strerror(-r));
	r = child_process_start(&m->resolver, "resolver", m->lifeline, run_resolver, m, err);
	close_fd(&m->resolver_pair[1]);
	return r;
}

/* The first one: nobody else's descriptors are there yet. */
static int start_clerk(struct monitor *m, struct err *err)
{
	if (!addresses_wanted(m->options->policy))
		return 0;
	int r = sockets_make_folder(m->options->state_path, 0700, err);
	if (r < 0)
		return r;
	r = frame_pair(m->clerk_pair);
	if (r < 0)
		return err_set(err, r, "socketpair: %s", strerror(-r));
	r = child_process_start(&m->clerk, "clerk", NULL, run_clerk, m, err);
	close_fd(&m->clerk_pair[1]);
	return r;
}

static int start_processes(struct monitor *m, struct err *err)
{
	if (pipe2(m->lifeline, O_CLOEXEC) < 0 || pipe2(m->ready_pair, O_CLOEXEC) < 0)
		return err_set(err, -errno, "pipe: %s", strerror(errno));
	int r = frame_pair(m->engine_pair);
	if (r == 0)
		r = frame_pair(m->keeper_pair);
	if (r < 0)
		return err_set(err, r, "socketpair: %s", strerror(-r));
	r = child_process_start(&m->keeper, "keeper", m->lifeline, run_keeper, m, err);
	if (r == 0)
		r = wait_for_keeper(m, err);
	close_fd(&m->keeper_pair[1]);
	if (r == 0)
		r = start_resolver(m, err);
	if (r == 0)
		r = child_process_start(&m->engine, "engine", m->lifeline, run_engine, m, err);
	close_fd(&m->keeper_pair[0]);
	close_fd(&m->resolver_pair[0]);
	close_fd(&m->engine_pair[1]);
	return r;
}

static int send_sockets(struct monitor *m, struct err *err)
{
	const struct policy *policy = m->options->policy;
	struct sockets s;

	memset(&s, 0, sizeof(s));
	int r = sockets_open_udp(&s, policy, m->options->families, err);
	if (r == 0)
		r = sockets_open_control(&s, policy->control_path, err);
	s.list.tanuki = broker_has_tanuki(m->broker);
	if (r == 0) {
		m->has_control = policy->control_path[0] != 0;
		r = frame_send(m->engine_sock, REQUEST_SOCKETS, 0,
			       slice_of(&s.list, sizeof(s.list)), s.fds, s.list.n);
		if (r < 0)
			(void)err_set(err, r, "handing the sockets out: %s", strerror(-r));
	}
	sockets_close(&s);
	return r;
}

/* What somebody else has there stays, and is told of. */
static int add_policies(struct monitor *m, const struct keydb_policy *policies, size_t n,
			const char *peer, const char *name, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = broker_add_trap(m->broker, &policies[i], err);
		if (r == -EEXIST)
			LOG(WARNING, "trap_refused", F_STR("remote", peer), F_STR("child", name),
			    F_STR("reason", err->text));
		else if (r < 0)
			return r;
	}
	return 0;
}

static int add_child_traps(struct monitor *m, const struct child_config *child, struct err *err)
{
	const struct peer_config *peer = child->peer;
	const struct policy_spd_ends ends = { .local = peer->local_addr,
					      .peer = peer->peer_addrs[0] };
	struct keydb_policy traps[REQUEST_POLICIES_MAX];
	size_t n;
	int r = policy_spd_traps(child, &ends, traps, N_ELEMENTS(traps), &n, err);

	if (r == 0)
		r = add_policies(m, traps, n, peer->name, child->name, err);
	return r < 0 ? err_prefix(err, "traffic of %s/%s", peer->name, child->name) : 0;
}

static int add_plain(struct monitor *m, const struct plain_policy *plain, struct err *err)
{
	struct keydb_policy policies[REQUEST_POLICIES_MAX];
	size_t n;
	int r = policy_spd_plain(plain, policies, N_ELEMENTS(policies), &n, err);

	if (r == 0)
		r = add_policies(m, policies, n, NULL, plain->name, err);
	return r < 0 ? err_prefix(err, "policy %s", plain->name) : 0;
}

/* Where traffic may start a negotiation, and we know with whom. */
static bool wants_traps(const struct peer_config *peer, const struct child_config *child)
{
	/* Inner addresses are not known before they are given. */
	bool inner = child->peer_inner || child_config_is_client(child);
	return peer->initiate != INITIATE_NEVER && peer->n_peer_addrs > 0 &&
	       child->install_policy && !inner;
}

static int add_traps(struct monitor *m, struct err *err)
{
	const struct policy *policy = m->options->policy;
	struct peer_config *peer;
	struct child_config *child;
	struct plain_policy *plain;
	int r = 0;

	LIST_EACH(plain, &policy->plain, node)
		if (r == 0)
			r = add_plain(m, plain, err);
	LIST_EACH(peer, &policy->peers, node) {
		LIST_EACH(child, &peer->children, node) {
			if (r == 0 && wants_traps(peer, child))
				r = add_child_traps(m, child, err);
		}
	}
	return r;
}

/* What one that was killed has left goes, what is missing comes; and so from now on. */
static int reconcile(struct monitor *m, struct err *err)
{
	const struct policy *policy = m->options->policy;
	struct peer_config *peer;
	struct child_config *child;

	LIST_EACH(peer, &policy->peers, node) {
		LIST_EACH(child, &peer->children, node) {
			if (broker_own(m->broker, child->reqid) < 0)
				return err_set(err, -ENOMEM, "out of memory");
		}
	}
	broker_watch(m->broker, policy->timers.kernel_check_ms);
	broker_reconcile(m->broker);
	return 0;
}

static int open_loop(struct monitor *m, struct err *err)
{
	m->loop = loop_new();
	if (!m->loop)
		return err_set(err, -ENOMEM, "out of memory");
	m->on_term = loop_signal_new(m->loop, SIGTERM, on_stop_signal, m);
	m->on_int = loop_signal_new(m->loop, SIGINT, on_stop_signal, m);
	m->on_hup = loop_signal_new(m->loop, SIGHUP, on_hup_signal, m);
	m->on_child = loop_signal_new(m->loop, SIGCHLD, on_child_signal, m);
	m->stop_timer = loop_timer_new(m->loop, on_stop_limit, m);
	if (!m->on_term || !m->on_int || !m->on_hup || !m->on_child || !m->stop_timer)
		return err_set(err, -ENOMEM, "out of memory");
	m->gate = (struct request_gate){ .from = PROCESS_ENGINE, .to = PROCESS_MONITOR };
	m->channel = channel_new(m->loop, m->engine_pair[0], on_frame, on_closed, m);
	if (!m->channel)
		return err_set(err, -ENOMEM, "out of memory");
	m->engine_sock = m->engine_pair[0];
	m->engine_pair[0] = -1;
	return 0;
}

static void on_clerk_lost(void *arg, const char *why)
{
	struct monitor *m = arg;

	/* SIGCHLD says how it ended. */
	LOG(ERROR, "clerk_lost", F_STR("reason", why));
	fail(m);
}

static int open_addresses(struct monitor *m, struct err *err)
{
	const struct monitor_options *o = m->options;

	if (m->clerk_pair[0] >= 0) {
		m->clerk_client = clerk_client_new(m->loop, m->clerk_pair[0], on_clerk_lost, m);
		if (!m->clerk_client)
			return err_set(err, -ENOMEM, "out of memory");
		m->clerk_pair[0] = -1;
	}
	return addresses_new(m->loop, o->policy, o->state_path, m->clerk_client, &m->addresses,
			     err);
}

static int write_pid(struct monitor *m, struct err *err)
{
	const char *path = m->options->pid_path;

	if (!path)
		return 0;
	FILE *f = fopen(path, "we");
	if (!f)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	m->has_pid_file = true;
	fprintf(f, "%d\n", (int)getpid());
	return fclose(f) == 0 ? 0 : err_set(err, -errno, "%s: %s", path, strerror(errno));
}

static int start(struct monitor *m, struct err *err)
{
	const struct monitor_options *o = m->options;
	int r = sandbox_find_user(o->policy->privsep_user, o->policy->privsep_group, &m->user, err);

	if (r == 0)
		r = sockets_make_folder(m->root, 0755, err);
	if (r == 0)
		r = start_clerk(m, err);
	if (r == 0)
		r = start_processes(m, err);
	if (r == 0)
		r = open_loop(m, err);
	/* Before the sockets: this loads the kernel's part, and with it their bypass option. */
	if (r == 0)
		r = broker_new(m->loop, on_event, m, &m->broker, err);
	if (r == 0)
		r = open_addresses(m, err);
	if (r == 0)
		r = send_sockets(m, err);
	if (r == 0)
		r = write_pid(m, err);
	if (r == 0)
		r = add_traps(m, err);
	if (r == 0)
		r = reconcile(m, err);
	if (r == 0)
		r = sandbox_keep_net_admin(err);
	return r < 0 ? r : sandbox_filter(PROCESS_MONITOR, err);
}

static void clean_up(struct monitor *m)
{
	const struct monitor_options *o = m->options;

	broker_free(m->broker);
	addresses_free(m->addresses);
	clerk_client_free(m->clerk_client);
	channel_free(m->channel);
	close_pair(m->engine_pair);
	close_pair(m->keeper_pair);
	close_pair(m->resolver_pair);
	close_pair(m->clerk_pair);
	/* The keeper ends by itself when the engine is gone; the lifeline is for the others. */
	child_process_wait(&m->keeper, m->failed ? 0 : WAIT_LIMIT_MS);
	close_pair(m->lifeline);
	child_process_wait(&m->engine, WAIT_LIMIT_MS);
	child_process_wait(&m->keeper, WAIT_LIMIT_MS);
	child_process_wait(&m->resolver, WAIT_LIMIT_MS);
	child_process_wait(&m->clerk, CLERK_WAIT_LIMIT_MS);
	if (m->has_pid_file)
		(void)unlink(o->pid_path);
	if (m->has_control)
		(void)unlink(o->policy->control_path);
	loop_timer_free(m->stop_timer);
	loop_signal_free(m->on_term);
	loop_signal_free(m->on_int);
	loop_signal_free(m->on_hup);
	loop_signal_free(m->on_child);
	loop_free(m->loop);
}

int monitor_run(const struct monitor_options *options)
{
	struct monitor m = { .options = options,
			     .lifeline = { -1, -1 },
			     .engine_pair = { -1, -1 },
			     .keeper_pair = { -1, -1 },
			     .ready_pair = { -1, -1 },
			     .resolver_pair = { -1, -1 },
			     .clerk_pair = { -1, -1 } };
	struct err err = { 0 };

	log_set_process("monitor");
	signal(SIGPIPE, SIG_IGN);
	snprintf(m.root, sizeof(m.root), "%s/empty", options->run_path);
	int r = start(&m, &err);
	if (r < 0) {
		LOG(ERROR, "start_failed", F_STR("reason", err.text));
		m.failed = true;
	} else {
		/* Whoever ended before there was somebody to listen is noticed now. */
		reap(&m);
		if (loop_run(m.loop) < 0)
			m.failed = true;
	}
	clean_up(&m);
	LOG(NOTIFY, "stopped");
	return m.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
