/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands.  What can be answered at once is; establish-sa and delete-sa are answered
 * when the engine says how they ended, with the connection as the engine's argument.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl/connection.h"
#include "ctl/request.h"
#include "ctl/view.h"
#include "ike/engine.h"

/* delete-sa all works on so many at once; more need another call. */
enum { DELETE_MAX = 1024 };

static void run_version(struct connection *c, const struct ctl_request *r)
{
	(void)r;
	connection_reply(c, ctl_reply_ok(json_pack("{s:s, s:i}", "daemon", c->ports->version,
						   "protocol", CTL_VERSION)));
}

static void run_status(struct connection *c, const struct ctl_request *r)
{
	(void)r;
	connection_reply(c, ctl_reply_ok(view_status(c->ports)));
}

static void run_show_sa(struct connection *c, const struct ctl_request *r)
{
	(void)r;
	connection_reply(c, ctl_reply_ok(view_sas(c->ports->engine)));
}

static void run_show_peers(struct connection *c, const struct ctl_request *r)
{
	(void)r;
	connection_reply(c, ctl_reply_ok(view_peers(c->ports->engine, c->ports->policy)));
}

static void run_events(struct connection *c, const struct ctl_request *r)
{
	(void)r;
	c->wants_events = true;
	connection_reply(c, ctl_reply_ok(json_pack("{s:b}", "events", 1)));
}

/* ---- establish-sa ---- */

static void on_established(void *arg, int result, const char *text)
{
	struct connection *c = arg;

	if (result < 0)
		connection_reply_error(c, result, text);
	else
		connection_reply(c, ctl_reply_ok(json_pack("{s:s}", "state", "established")));
}

static void run_establish_sa(struct connection *c, const struct ctl_request *r)
{
	const struct peer_config *peer;
	const struct child_config *child;
	struct err err = { 0 };
	int result = policy_find_target(c->ports->policy, r->name, &peer, &child, &err);

	if (result == 0) {
		c->busy = true;
		loop_timer_arm(c->deadline, r->timeout_ms);
		result = engine_initiate(c->ports->engine, peer, child, ENGINE_WHY_COMMAND,
					 on_established, c, &err);
	}
	if (result < 0)
		connection_reply_error(c, result, err.text);
	else if (result == 1)
		connection_reply(c, ctl_reply_ok(json_pack("{s:s}", "state", "was established")));
}

/* ---- delete-sa ---- */

static void finish_delete(struct connection *c)
{
	if (c->first_error.code < 0)
		connection_reply_error(c, c->first_error.code, c->first_error.text);
	else
		connection_reply(
			c, ctl_reply_ok(json_pack("{s:I}", "deleted", (json_int_t)c->n_done)));
}

static void note_error(struct connection *c, int code, const char *text)
{
	if (c->first_error.code == 0)
		(void)err_set(&c->first_error, code, "%s", text);
}

static void on_deleted(void *arg, int result, const char *text)
{
	struct connection *c = arg;

	if (result < 0)
		note_error(c, result, text);
	else
		c->n_done++;
	if (--c->n_pending == 0)
		finish_delete(c);
}

/* One more that on_deleted() will tell about, or not. */
static void delete_one(struct connection *c, const char *target)
{
	struct err err = { 0 };

	c->n_pending++;
	int r = engine_terminate(c->ports->engine, target, on_deleted, c, &err);
	if (r == 0)
		return;
	c->n_pending--;
	note_error(c, r, err.text);
}

struct spi_list {
	size_t n;
	uint64_t spis[DELETE_MAX];
};

static int add_spi(void *arg, const struct engine_sa_view *v)
{
	struct spi_list *list = arg;

	list->spis[list->n++] = v->initiator ? v->spi_i : v->spi_r;
	return list->n == DELETE_MAX;
}

static void delete_all(struct connection *c)
{
	char target[2 + 16 + 1];
	struct spi_list list = { 0 };

	/* The list first: deleting changes what is walked. */
	(void)engine_each_sa(c->ports->engine, add_spi, &list);
	for (size_t i = 0; i < list.n; i++) {
		snprintf(target, sizeof(target), "0x%016" PRIx64, list.spis[i]);
		delete_one(c, target);
	}
	/* One that went by itself meanwhile is gone as well. */
	if (c->first_error.code == -ENOENT)
		c->first_error.code = 0;
}

static void run_delete_sa(struct connection *c, const struct ctl_request *r)
{
	c->busy = true;
	c->n_done = 0;
	c->first_error.code = 0;
	/* Our own hold: an engine that answers at once does not end it too early. */
	c->n_pending = 1;
	loop_timer_arm(c->deadline, r->timeout_ms);
	if (strcmp(r->name, "all") == 0)
		delete_all(c);
	else
		delete_one(c, r->name);
	if (--c->n_pending == 0)
		finish_delete(c);
}

/* ---- rekey-sa, reauth-sa ---- */

static void reply_begun(struct connection *c, int n, const char *what, const struct err *err)
{
	if (n < 0)
		connection_reply_error(c, n, err->text);
	else
		connection_reply(c, ctl_reply_ok(json_pack("{s:i}", what, n)));
}

static void run_rekey_sa(struct connection *c, const struct ctl_request *r)
{
	struct err err = { 0 };
	reply_begun(c, engine_rekey(c->ports->engine, r->name, &err), "rekeying", &err);
}

static void run_reauth_sa(struct connection *c, const struct ctl_request *r)
{
	struct err err = { 0 };
	reply_begun(c, engine_reauth(c->ports->engine, r->name, &err), "reauthenticating", &err);
}

/* ---- kernel ---- */

static void on_kernel(void *arg, const struct ctl_kernel *k)
{
	struct connection *c = arg;

	if (k->result < 0)
		connection_reply_error(c, k->result, "the kernel's tables cannot be read");
	else
		connection_reply(c, ctl_reply_ok(view_kernel(k)));
}

static void run_kernel(struct connection *c, const struct ctl_request *r)
{
	int result = -EOPNOTSUPP;

	if (strcmp(r->name, "diff") != 0) {
		connection_reply_error(c, -EINVAL, "\"kernel\" knows \"diff\" only");
		return;
	}
	c->busy = true;
	loop_timer_arm(c->deadline, r->timeout_ms);
	if (c->ports->kernel_diff)
		result = c->ports->kernel_diff(c->ports->monitor_arg, on_kernel, c);
	if (result < 0)
		connection_reply_error(c, result, "the kernel cannot be asked");
}

/* ---- show-leases: a part at a time, however many there are ---- */

static void on_leases(void *arg, const struct ctl_leases *l)
{
	connection_reply(arg, ctl_reply_ok(view_leases(l)));
}

static void run_show_leases(struct connection *c, const struct ctl_request *r)
{
	uint64_t cursor = 0;
	char *end = NULL;
	int result = -EOPNOTSUPP;

	if (r->name[0])
		cursor = strtoull(r->name, &end, 10);
	if (end && (*end || r->name[0] < '0' || r->name[0] > '9')) {
		connection_reply_error(c, -EINVAL, "\"name\" is not what \"next\" was");
		return;
	}
	c->busy = true;
	loop_timer_arm(c->deadline, r->timeout_ms);
	if (c->ports->leases)
		result = c->ports->leases(c->ports->monitor_arg, cursor, on_leases, c);
	if (result < 0)
		connection_reply_error(c, result, "the monitor cannot be asked");
}

/* ---- the table ---- */

static void (*const handlers[])(struct connection *c, const struct ctl_request *r) = {
	[CTL_DELETE_SA] = run_delete_sa,     [CTL_ESTABLISH_SA] = run_establish_sa,
	[CTL_EVENTS] = run_events,           [CTL_KERNEL] = run_kernel,
	[CTL_REAUTH_SA] = run_reauth_sa,     [CTL_REKEY_SA] = run_rekey_sa,
	[CTL_SHOW_LEASES] = run_show_leases, [CTL_SHOW_PEERS] = run_show_peers,
	[CTL_SHOW_SA] = run_show_sa,         [CTL_STATUS] = run_status,
	[CTL_VERSION_COMMAND] = run_version,
};

void command_run(struct connection *c, const char *line, size_t len)
{
	struct ctl_request request;
	struct err err = { 0 };
	int r = ctl_request_parse(line, len, &request, &err);

	if (r < 0)
		connection_reply_error(c, r, err.text);
	else
		handlers[request.command](c, &request);
}
