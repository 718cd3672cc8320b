/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket with real clients and an engine that does what the test says. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unit.h"
#include "ctl/ctl.h"
#include "ctl/request.h"
#include "ike/engine.h"

/* ---- an engine of the test's own ---- */

static struct {
	int initiate_result, terminate_result;
	engine_done_fn done;
	void *done_arg;
	const struct peer_config *peer;
	const struct child_config *child;
	char targets[8][64];
	size_t n_targets, n_forgotten;
	size_t n_sas;
} engine;

int engine_initiate(struct engine *e, const struct peer_config *peer,
		    const struct child_config *child, enum engine_why why, engine_done_fn done,
		    void *arg, struct err *err)
{
	(void)e;
	assert_int_equal(why, ENGINE_WHY_COMMAND);
	engine.peer = peer;
	engine.child = child;
	engine.done = done;
	engine.done_arg = arg;
	if (engine.initiate_result < 0)
		return err_set(err, engine.initiate_result, "cannot start");
	return engine.initiate_result;
}

int engine_terminate(struct engine *e, const char *target, engine_done_fn done, void *arg,
		     struct err *err)
{
	(void)e;
	snprintf(engine.targets[engine.n_targets++], sizeof(engine.targets[0]), "%s", target);
	engine.done = done;
	engine.done_arg = arg;
	if (engine.terminate_result < 0)
		return err_set(err, engine.terminate_result, "nothing is up under \"%s\"", target);
	return 0;
}

int engine_rekey(struct engine *e, const char *target, struct err *err)
{
	(void)e;
	snprintf(engine.targets[engine.n_targets++], sizeof(engine.targets[0]), "%s", target);
	if (engine.terminate_result < 0)
		return err_set(err, engine.terminate_result, "nothing is up under \"%s\"", target);
	return 2;
}

int engine_reauth(struct engine *e, const char *target, struct err *err)
{
	(void)e;
	snprintf(engine.targets[engine.n_targets++], sizeof(engine.targets[0]), "%s", target);
	if (engine.terminate_result < 0)
		return err_set(err, engine.terminate_result, "nothing is up under \"%s\"", target);
	return 1;
}

void engine_forget(struct engine *e, const void *arg)
{
	(void)e;
	if (engine.done_arg == arg)
		engine.n_forgotten++;
}

int engine_each_sa(const struct engine *e, engine_sa_fn fn, void *arg)
{
	static const struct ts_list no_ts;
	const struct engine_child_view child = { .state = "up",
						 .spi_in = 0x1234,
						 .spi_out = 0xabcd,
						 .mode = CHILD_TUNNEL,
						 .local_ts = &no_ts,
						 .peer_ts = &no_ts,
						 .left_ms = -1 };
	struct engine_sa_view view = { .state = "established",
				       .initiator = true,
				       .spi_i = 1,
				       .spi_r = 2,
				       .n_children = 1,
				       .children = &child };
	int r = 0;

	(void)e;
	for (size_t i = 0; i < engine.n_sas && r == 0; i++) {
		view.initiator = i % 2 == 0;
		r = fn(arg, &view);
	}
	return r;
}

int engine_each_refusal(const struct engine *e, engine_refusal_fn fn, void *arg)
{
	static const struct reason reason = { .code = REASON_WRONG_KEY };
	const struct engine_refusal_view view = { .remote = "gw", .reason = &reason, .n = 3 };

	(void)e;
	return fn(arg, &view);
}

const struct engine_counters *engine_counters(const struct engine *e)
{
	static const struct engine_counters counters = { .n_received = 42 };
	(void)e;
	return &counters;
}

size_t engine_n_sas(const struct engine *e)
{
	(void)e;
	return engine.n_sas;
}

size_t engine_n_half_open(const struct engine *e)
{
	(void)e;
	return 0;
}

const char *reason_word(enum reason_code code)
{
	return code == REASON_WRONG_KEY ? "wrong_key" : "?";
}

const char *reason_text(const struct reason *r, char buf[REASON_TEXT_MAX_BYTES])
{
	snprintf(buf, REASON_TEXT_MAX_BYTES, "reason %d", (int)r->code);
	return buf;
}

/* The monitor's part: answers when the test says so. */
static struct {
	ctl_kernel_fn done;
	void *arg;
	int result, n_forgotten;
} kernel;

static int kernel_diff(void *arg, ctl_kernel_fn done, void *done_arg)
{
	assert_ptr_equal(arg, &kernel);
	kernel.done = done;
	kernel.arg = done_arg;
	return kernel.result;
}

static struct {
	ctl_leases_fn done;
	void *arg;
	uint64_t cursor;
	int result;
} lease_list;

static int leases(void *arg, uint64_t cursor, ctl_leases_fn done, void *done_arg)
{
	assert_ptr_equal(arg, &kernel);
	lease_list.cursor = cursor;
	lease_list.done = done;
	lease_list.arg = done_arg;
	return lease_list.result;
}

static void kernel_forget(void *arg, void *done_arg)
{
	(void)arg;
	kernel.n_forgotten += done_arg == kernel.arg;
}

/* ---- server and client on one loop ---- */

enum { DEADLINE_MS = 5000 };

struct fixture {
	struct loop *loop;
	struct policy *policy;
	struct ctl *ctl;
	struct sockaddr_un where;
	struct loop_timer *deadline;
};

/* What the client got: a line, or the end. */
struct client {
	struct fixture *f;
	int fd;
	struct loop_fd *event;
	char line[256 * 1024];
	size_t used;
	bool closed;
};

static void on_client_readable(void *arg, int fd)
{
	struct client *c = arg;
	ssize_t n = recv(fd, c->line + c->used, sizeof(c->line) - 1 - c->used, 0);

	if (n <= 0) {
		c->closed = true;
		loop_fd_free(TAKE(c->event));
		loop_stop(c->f->loop);
		return;
	}
	c->used += (size_t)n;
	c->line[c->used] = 0;
	if (memchr(c->line, '\n', c->used))
		loop_stop(c->f->loop);
}

static void on_deadline(void *arg)
{
	(void)arg;
	fail_msg("nothing came in %d ms", DEADLINE_MS);
}

static int setup(void **state)
{
	static struct fixture f;
	char dir[] = "/tmp/ctl_test.XXXXXX";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&f, 0, sizeof(f));
	memset(&engine, 0, sizeof(engine));
	assert_non_null(mkdtemp(dir));
	f.where.sun_family = AF_UNIX;
	snprintf(f.where.sun_path, sizeof(f.where.sun_path), "%s/s", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&f.where, sizeof(f.where)), 0);
	assert_int_equal(listen(fd, 128), 0);
	f.loop = loop_new();
	f.deadline = loop_timer_new(f.loop, on_deadline, NULL);
	f.policy = policy_new();
	struct peer_config *peer = policy_add_peer(f.policy, "gw");
	assert_non_null(peer_config_add_child(peer, "net"));
	const struct ctl_ports ports = {
		.loop = f.loop,
		.policy = f.policy,
		.version = "9.9",
		.data_path = "tanuki",
		.owner_uid = geteuid(),
		.kernel_diff = kernel_diff,
		.leases = leases,
		.monitor_forget = kernel_forget,
		.monitor_arg = &kernel,
	};
	f.ctl = ctl_new(&ports, fd);
	assert_non_null(f.ctl);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ctl_free(f->ctl);
	policy_unref(f->policy);
	loop_timer_free(f->deadline);
	loop_free(f->loop);
	unlink(f->where.sun_path);
	*strrchr(f->where.sun_path, '/') = 0;
	rmdir(f->where.sun_path);
	return 0;
}

static struct client *connect_client(struct fixture *f)
{
	struct client *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->f = f;
	c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&f->where, sizeof(f->where)), 0);
	c->event = loop_fd_new(f->loop, c->fd, on_client_readable, c);
	return c;
}

static void disconnect(struct client *c)
{
	loop_fd_free(c->event);
	close(c->fd);
	free(c);
}

static void say(struct client *c, const char *text)
{
	assert_int_equal(send(c->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The next line as JSON; NULL when the server closed. */
static json_t *hear(struct client *c)
{
	while (!c->closed && !memchr(c->line, '\n', c->used)) {
		loop_timer_arm(c->f->deadline, DEADLINE_MS);
		assert_int_equal(loop_run(c->f->loop), 0);
	}
	loop_timer_disarm(c->f->deadline);
	char *end = memchr(c->line, '\n', c->used);
	if (!end)
		return NULL;
	json_t *json = json_loadb(c->line, (size_t)(end - c->line), 0, NULL);
	assert_non_null(json);
	c->used -= (size_t)(end + 1 - c->line);
	memmove(c->line, end + 1, c->used);
	return json;
}

static json_t *ask(struct client *c, const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "{\"version\":1,\"command\":%s}\n", command);
	say(c, line);
	return hear(c);
}

static const char *error_code(const json_t *reply)
{
	return json_string_value(json_object_get(json_object_get(reply, "error"), "code"));
}

static const json_t *result(const json_t *reply)
{
	assert_int_equal(json_integer_value(json_object_get(reply, "version")), 1);
	assert_true(json_is_true(json_object_get(reply, "ok")));
	return json_object_get(reply, "result");
}

static void on_turn_over(void *arg)
{
	loop_stop(arg);
}

/* Runs what is ready, and no more. */
static void turn(struct fixture *f)
{
	struct loop_timer *t = loop_timer_new(f->loop, on_turn_over, f->loop);
	loop_timer_arm(t, 20);
	assert_int_equal(loop_run(f->loop), 0);
	loop_timer_free(t);
}

/* ---- tests ---- */

static void the_version_is_told(void **state)
{
	struct client *c = connect_client(*state);
	json_t *reply = ask(c, "\"version\"");

	assert_string_equal(json_string_value(json_object_get(result(reply), "daemon")), "9.9");
	json_decref(reply);
	disconnect(c);
}

static void sas_are_shown_with_their_children(void **state)
{
	struct client *c = connect_client(*state);

	engine.n_sas = 2;
	json_t *reply = ask(c, "\"show-sa\"");
	const json_t *sa = json_array_get(result(reply), 0);
	const json_t *child = json_array_get(json_object_get(sa, "children"), 0);
	assert_int_equal(json_array_size(result(reply)), 2);
	assert_string_equal(json_string_value(json_object_get(sa, "spi_i")), "0x0000000000000001");
	assert_string_equal(json_string_value(json_object_get(sa, "role")), "initiator");
	assert_string_equal(json_string_value(json_object_get(child, "spi_out")), "0x0000abcd");
	json_decref(reply);
	disconnect(c);
}

static void peers_are_shown_with_their_last_refusal(void **state)
{
	struct client *c = connect_client(*state);
	json_t *reply = ask(c, "\"show-peers\"");
	const json_t *peer = json_array_get(result(reply), 0);
	const json_t *refusal = json_object_get(peer, "last_refusal");

	assert_string_equal(json_string_value(json_object_get(peer, "name")), "gw");
	assert_string_equal(json_string_value(json_object_get(refusal, "code")), "wrong_key");
	json_decref(reply);
	disconnect(c);
}

static void status_counts(void **state)
{
	struct client *c = connect_client(*state);
	json_t *reply = ask(c, "\"status\"");
	const json_t *counters = json_object_get(result(reply), "counters");

	assert_int_equal(json_integer_value(json_object_get(counters, "received")), 42);
	assert_string_equal(json_string_value(json_object_get(result(reply), "data_path")),
			    "tanuki");
	json_decref(reply);
	disconnect(c);
}

static void the_kernel_is_compared_when_it_answers(void **state)
{
	static const struct ctl_difference list[] = {
		{ "policy_missing", "out 10.0.1.0/24 > 10.0.2.0/24" },
	};
	const struct ctl_kernel k = {
		.n_sas = 4, .n_policies = 5, .n = 1, .n_all = 70, .list = list
	};
	struct fixture *f = *state;
	struct client *c = connect_client(f);

	say(c, "{\"version\":1,\"command\":\"kernel\",\"name\":\"diff\"}\n");
	turn(f);
	assert_int_equal(c->used, 0);
	kernel.done(kernel.arg, &k);
	json_t *reply = hear(c);
	const json_t *first = json_array_get(json_object_get(result(reply), "differences"), 0);
	assert_int_equal(json_integer_value(json_object_get(result(reply), "sas")), 4);
	assert_int_equal(json_integer_value(json_object_get(result(reply), "different")), 70);
	assert_string_equal(json_string_value(json_object_get(first, "what")), "policy_missing");
	assert_string_equal(json_string_value(json_object_get(first, "entry")),
			    "out 10.0.1.0/24 > 10.0.2.0/24");
	json_decref(reply);
	kernel.n_forgotten = 0;
	disconnect(c);
	turn(f);
	assert_int_equal(kernel.n_forgotten, 1);
}

static void a_kernel_that_cannot_be_read_is_an_error(void **state)
{
	const struct ctl_kernel k = { .result = -EIO };
	struct fixture *f = *state;
	struct client *c = connect_client(f);

	say(c, "{\"version\":1,\"command\":\"kernel\",\"name\":\"diff\"}\n");
	turn(f);
	kernel.done(kernel.arg, &k);
	json_t *reply = hear(c);
	assert_string_equal(error_code(reply), "EIO");
	json_decref(reply);
	disconnect(c);
}

static void of_the_kernel_only_diff_is_known(void **state)
{
	struct client *c = connect_client(*state);

	say(c, "{\"version\":1,\"command\":\"kernel\",\"name\":\"flush\"}\n");
	json_t *reply = hear(c);
	assert_string_equal(error_code(reply), "EINVAL");
	json_decref(reply);
	kernel.result = -ENOMEM;
	say(c, "{\"version\":1,\"command\":\"kernel\",\"name\":\"diff\"}\n");
	reply = hear(c);
	kernel.result = 0;
	assert_string_equal(error_code(reply), "ENOMEM");
	json_decref(reply);
	disconnect(c);
}

static void leases_come_in_parts(void **state)
{
	const struct id id = { .type = ID_FQDN, .len = 9, .body = "a.example" };
	struct addr addr;
	assert_int_equal(addr_parse("10.9.0.1", &addr), 0);
	const struct ctl_lease list[] = {
		{ .pool = "p", .id = &id, .addr = &addr, .n_holders = 2, .used_sec = 1000 },
	};
	struct ctl_leases part = { .n = 1, .n_all = 2, .list = list, .cursor = UINT64_MAX };
	struct client *c = connect_client(*state);

	say(c, "{\"version\":1,\"command\":\"show-leases\"}\n");
	turn(*state);
	assert_int_equal(lease_list.cursor, 0);
	lease_list.done(lease_list.arg, &part);
	json_t *reply = hear(c);
	const json_t *one = json_array_get(json_object_get(result(reply), "leases"), 0);
	assert_int_equal(json_integer_value(json_object_get(result(reply), "number")), 2);
	assert_string_equal(json_string_value(json_object_get(one, "identity")), "a.example");
	assert_string_equal(json_string_value(json_object_get(one, "address")), "10.9.0.1");
	assert_string_equal(json_string_value(json_object_get(one, "pool")), "p");
	assert_true(json_is_true(json_object_get(one, "in_use")));
	assert_string_equal(json_string_value(json_object_get(result(reply), "next")),
			    "18446744073709551615");
	json_decref(reply);

	say(c, "{\"version\":1,\"command\":\"show-leases\",\"name\":\"18446744073709551615\"}\n");
	turn(*state);
	assert_true(lease_list.cursor == UINT64_MAX);
	part.end = true;
	lease_list.done(lease_list.arg, &part);
	reply = hear(c);
	assert_true(json_is_null(json_object_get(result(reply), "next")));
	json_decref(reply);
	disconnect(c);
}

static void leases_that_cannot_be_asked_for_are_an_error(void **state)
{
	static const char *const names[] = { "-1", "1x", "+1", "x" };
	struct client *c = connect_client(*state);
	char line[128];

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		snprintf(line, sizeof(line),
			 "{\"version\":1,\"command\":\"show-leases\",\"name\":\"%s\"}\n", names[i]);
		say(c, line);
		json_t *reply = hear(c);
		assert_string_equal(error_code(reply), "EINVAL");
		json_decref(reply);
	}
	lease_list.result = -ENOBUFS;
	say(c, "{\"version\":1,\"command\":\"show-leases\"}\n");
	json_t *reply = hear(c);
	lease_list.result = 0;
	assert_string_equal(error_code(reply), "ENOBUFS");
	json_decref(reply);
	disconnect(c);
}

static void establishing_waits_for_the_engine(void **state)
{
	struct fixture *f = *state;
	struct client *c = connect_client(f);

	say(c, "{\"version\":1,\"command\":\"establish-sa\",\"name\":\"gw/net\"}\n");
	turn(f);
	assert_int_equal(c->used, 0);
	assert_string_equal(engine.child->name, "net");
	engine.done(engine.done_arg, 0, "");
	json_t *reply = hear(c);
	assert_string_equal(json_string_value(json_object_get(result(reply), "state")),
			    "established");
	json_decref(reply);
	disconnect(c);
}

static void a_refusal_gives_its_reason(void **state)
{
	struct fixture *f = *state;
	struct client *c = connect_client(f);

	say(c, "{\"version\":1,\"command\":\"establish-sa\",\"name\":\"gw\"}\n");
	turn(f);
	assert_null(engine.child);
	engine.done(engine.done_arg, -EACCES, "wrong key");
	json_t *reply = hear(c);
	assert_string_equal(error_code(reply), "EACCES");
	json_decref(reply);
	/* And the connection goes on. */
	json_decref(ask(c, "\"status\""));
	disconnect(c);
}

static void an_unknown_name_is_refused(void **state)
{
	struct client *c = connect_client(*state);
	json_t *reply = ask(c, "\"establish-sa\",\"name\":\"gx\"");

	assert_string_equal(error_code(reply), "ENOENT");
	assert_null(engine.peer);
	json_decref(reply);
	disconnect(c);
}

static void what_is_up_is_answered_at_once(void **state)
{
	struct client *c = connect_client(*state);

	engine.initiate_result = 1;
	json_t *reply = ask(c, "\"establish-sa\",\"name\":\"gw\"");
	assert_string_equal(json_string_value(json_object_get(result(reply), "state")),
			    "was established");
	json_decref(reply);
	disconnect(c);
}

static void the_time_of_a_command_runs_out(void **state)
{
	struct client *c = connect_client(*state);
	json_t *reply = ask(c, "\"establish-sa\",\"name\":\"gw\",\"timeout_ms\":10");

	assert_string_equal(error_code(reply), "ETIMEDOUT");
	assert_true(engine.n_forgotten > 0);
	json_decref(reply);
	disconnect(c);
}

static void a_client_that_leaves_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct client *c = connect_client(f);

	say(c, "{\"version\":1,\"command\":\"establish-sa\",\"name\":\"gw\"}\n");
	turn(f);
	assert_int_equal(ctl_n_clients(f->ctl), 1);
	disconnect(c);
	turn(f);
	assert_int_equal(ctl_n_clients(f->ctl), 0);
	assert_true(engine.n_forgotten > 0);
}

static void deleting_one_or_all(void **state)
{
	struct fixture *f = *state;
	struct client *c = connect_client(f);

	say(c, "{\"version\":1,\"command\":\"delete-sa\",\"name\":\"gw/net\"}\n");
	turn(f);
	assert_string_equal(engine.targets[0], "gw/net");
	engine.done(engine.done_arg, 0, "");
	json_t *reply = hear(c);
	assert_int_equal(json_integer_value(json_object_get(result(reply), "deleted")), 1);
	json_decref(reply);

	engine.n_sas = 2;
	say(c, "{\"version\":1,\"command\":\"delete-sa\",\"name\":\"all\"}\n");
	turn(f);
	/* Our own SPI of each: the initiator's, then the responder's. */
	assert_string_equal(engine.targets[1], "0x0000000000000001");
	assert_string_equal(engine.targets[2], "0x0000000000000002");
	engine.done(engine.done_arg, 0, "");
	turn(f);
	assert_int_equal(c->used, 0);
	engine.done(engine.done_arg, 0, "");
	reply = hear(c);
	assert_int_equal(json_integer_value(json_object_get(result(reply), "deleted")), 2);
	json_decref(reply);
	disconnect(c);
}

static void deleting_what_is_not_there_says_so(void **state)
{
	struct client *c = connect_client(*state);

	engine.terminate_result = -ENOENT;
	json_t *reply = ask(c, "\"delete-sa\",\"name\":\"gw\"");
	assert_string_equal(error_code(reply), "ENOENT");
	json_decref(reply);
	reply = ask(c, "\"delete-sa\",\"name\":\"all\"");
	assert_int_equal(json_integer_value(json_object_get(result(reply), "deleted")), 0);
	json_decref(reply);
	disconnect(c);
}

static void rekeying_is_begun(void **state)
{
	struct client *c = connect_client(*state);

	json_t *reply = ask(c, "\"rekey-sa\",\"name\":\"gw/net\"");
	assert_int_equal(json_integer_value(json_object_get(result(reply), "rekeying")), 2);
	assert_string_equal(engine.targets[0], "gw/net");
	json_decref(reply);
	engine.terminate_result = -ENOENT;
	reply = ask(c, "\"rekey-sa\",\"name\":\"gw\"");
	assert_string_equal(error_code(reply), "ENOENT");
	json_decref(reply);
	disconnect(c);
}

static void reauthentication_is_begun(void **state)
{
	struct client *c = connect_client(*state);

	json_t *reply = ask(c, "\"reauth-sa\",\"name\":\"gw\"");
	assert_int_equal(json_integer_value(json_object_get(result(reply), "reauthenticating")), 1);
	assert_string_equal(engine.targets[0], "gw");
	json_decref(reply);
	engine.terminate_result = -ENOENT;
	reply = ask(c, "\"reauth-sa\",\"name\":\"wg\"");
	assert_string_equal(error_code(reply), "ENOENT");
	json_decref(reply);
	disconnect(c);
}

static void events_are_log_lines(void **state)
{
	struct fixture *f = *state;
	struct client *c = connect_client(f);

	ctl_log_line(f->ctl, LOG_INFO, "event=before");
	json_decref(ask(c, "\"events\""));
	ctl_log_line(f->ctl, LOG_WARNING, "event=x peer=\"a\\b\"");
	json_t *event = hear(c);
	const json_t *record = json_object_get(event, "event");
	assert_string_equal(json_string_value(json_object_get(record, "line")),
			    "event=x peer=\"a\\b\"");
	assert_string_equal(json_string_value(json_object_get(record, "level")), "warning");
	json_decref(event);
	disconnect(c);
}

static void one_that_does_not_read_events_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct client *c = connect_client(f);
	char line[1000];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = 0;
	json_decref(ask(c, "\"events\""));
	for (int i = 0; i < 2000; i++)
		ctl_log_line(f->ctl, LOG_INFO, line);
	loop_fd_free(TAKE(c->event));
	turn(f);
	assert_int_equal(ctl_n_clients(f->ctl), 0);
	disconnect(c);
}

static void a_line_may_come_in_pieces_or_with_others(void **state)
{
	struct fixture *f = *state;
	struct client *c = connect_client(f);

	say(c, "{\"version\":1,\"comm");
	turn(f);
	say(c, "and\":\"status\"}\n{\"version\":1,\"command\":\"version\"}\n");
	json_t *first = hear(c), *second = hear(c);
	assert_non_null(json_object_get(result(first), "counters"));
	assert_non_null(json_object_get(result(second), "daemon"));
	json_decref(first);
	json_decref(second);
	disconnect(c);
}

static void talking_into_a_running_command_is_refused(void **state)
{
	struct client *c = connect_client(*state);

	say(c, "{\"version\":1,\"command\":\"establish-sa\",\"name\":\"gw\"}\n"
	       "{\"version\":1,\"command\":\"status\"}\n");
	json_t *reply = hear(c);
	assert_string_equal(error_code(reply), "EBUSY");
	json_decref(reply);
	assert_null(hear(c));
	disconnect(c);
}

static void too_long_a_line_ends_the_connection(void **state)
{
	static char line[CTL_LINE_MAX_BYTES + 1];
	struct client *c = connect_client(*state);

	memset(line, ' ', sizeof(line) - 1);
	say(c, line);
	json_t *reply = hear(c);
	assert_string_equal(error_code(reply), "EMSGSIZE");
	json_decref(reply);
	assert_null(hear(c));
	disconnect(c);
}

static void nonsense_is_answered_and_the_connection_stays(void **state)
{
	struct client *c = connect_client(*state);

	say(c, "\377\376 nonsense\n");
	json_t *reply = hear(c);
	assert_string_equal(error_code(reply), "EINVAL");
	json_decref(reply);
	json_decref(ask(c, "\"status\""));
	disconnect(c);
}

static void there_may_be_so_many_clients(void **state)
{
	struct fixture *f = *state;
	struct client *clients[CTL_CLIENTS_MAX];

	for (size_t i = 0; i < CTL_CLIENTS_MAX; i++) {
		clients[i] = connect_client(f);
		turn(f);
	}
	assert_int_equal(ctl_n_clients(f->ctl), CTL_CLIENTS_MAX);
	struct client *c = connect_client(f);
	json_t *reply = hear(c);
	assert_string_equal(error_code(reply), "EACCES");
	json_decref(reply);
	assert_null(hear(c));
	disconnect(c);
	disconnect(clients[0]);
	turn(f);
	c = connect_client(f);
	json_decref(ask(c, "\"status\""));
	disconnect(c);
	for (size_t i = 1; i < CTL_CLIENTS_MAX; i++)
		disconnect(clients[i]);
}

static void other_users_are_turned_away(void **state)
{
	struct fixture *f = *state;

	ctl_free(TAKE(f->ctl));
	unlink(f->where.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&f->where, sizeof(f->where)), 0);
	assert_int_equal(listen(fd, 1), 0);
	const struct ctl_ports ports = { .loop = f->loop,
					 .policy = f->policy,
					 .owner_uid = geteuid() + 1 };
	f->ctl = ctl_new(&ports, fd);
	struct client *c = connect_client(f);
	json_t *reply = hear(c);
	assert_string_equal(error_code(reply), "EACCES");
	assert_int_equal(ctl_n_clients(f->ctl), 0);
	json_decref(reply);
	assert_null(hear(c));
	disconnect(c);
}

#define CTL(sentence, fn)                               \
	{                                               \
		(sentence), (fn), setup, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CTL("the version is told", the_version_is_told),
		CTL("SAs are shown with their children", sas_are_shown_with_their_children),
		CTL("peers are shown with their last refusal",
		    peers_are_shown_with_their_last_refusal),
		CTL("status counts", status_counts),
		CTL("the kernel is compared when it answers",
		    the_kernel_is_compared_when_it_answers),
		CTL("a kernel that cannot be read is an error",
		    a_kernel_that_cannot_be_read_is_an_error),
		CTL("of the kernel only diff is known", of_the_kernel_only_diff_is_known),
		CTL("leases come in parts", leases_come_in_parts),
		CTL("leases that cannot be asked for are an error",
		    leases_that_cannot_be_asked_for_are_an_error),
		CTL("establishing waits for the engine", establishing_waits_for_the_engine),
		CTL("a refusal gives its reason", a_refusal_gives_its_reason),
		CTL("an unknown name is refused", an_unknown_name_is_refused),
		CTL("what is up is answered at once", what_is_up_is_answered_at_once),
		CTL("the time of a command runs out", the_time_of_a_command_runs_out),
		CTL("a client that leaves is forgotten", a_client_that_leaves_is_forgotten),
		CTL("deleting one, or all", deleting_one_or_all),
		CTL("deleting what is not there says so", deleting_what_is_not_there_says_so),
		CTL("rekeying is begun, and not waited for", rekeying_is_begun),
		CTL("reauthentication is begun, and not waited for", reauthentication_is_begun),
		CTL("events are log lines", events_are_log_lines),
		CTL("one that does not read events is dropped",
		    one_that_does_not_read_events_is_dropped),
		CTL("a line may come in pieces, or with others",
		    a_line_may_come_in_pieces_or_with_others),
		CTL("talking into a running command is refused",
		    talking_into_a_running_command_is_refused),
		CTL("too long a line ends the connection", too_long_a_line_ends_the_connection),
		CTL("nonsense is answered, and the connection stays",
		    nonsense_is_answered_and_the_connection_stays),
		CTL("there may be so many clients", there_may_be_so_many_clients),
		CTL("other users are turned away", other_users_are_turned_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
