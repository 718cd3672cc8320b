/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests become changes of the table in installed.c, which makes them changes of the
 * kernel; events go the other way, by whose SA they are about.
 */
#include "priv/broker.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/fmt.h"
#include "priv/installed.h"
#include "priv/reconcile.h"

/* So many events in one go, then requests get their turn. */
enum { EVENTS_PER_WAKE = 64 };
/* Acquires belong to nobody yet: they go to the first engine. */
enum { ACQUIRE_ENGINE = 0 };

struct broker {
	struct keydb *keydb;
	struct keydb_events *events;
	struct loop_fd *event_fd;
	struct installed *installed;
	struct reconcile *reconcile;
	struct loop_timer *watch;
	int64_t watch_ms;
	bool tanuki;
	broker_event_fn on_event;
	void *arg;
};

typedef int (*handler_fn)(struct broker *b, int engine, const void *body, struct err *err);

static int on_child_install(struct broker *b, int engine, const void *body, struct err *err)
{
	return installed_add_child(b->installed, engine, body, err);
}

static int on_child_complete(struct broker *b, int engine, const void *body, struct err *err)
{
	return installed_complete_child(b->installed, engine, body, err);
}

static int on_child_move(struct broker *b, int engine, const void *body, struct err *err)
{
	return installed_move_child(b->installed, engine, body, err);
}

static int on_child_remove(struct broker *b, int engine, const void *body, struct err *err)
{
	int r = installed_remove_child(b->installed, engine, body);
	/* What is not there needs no removal. */
	(void)err;
	return r == -ENOENT ? 0 : r;
}

static int on_acquire_failed(struct broker *b, int engine, const void *body, struct err *err)
{
	const struct request_acquire *acquire = body;
	struct keydb_sa larval;

	(void)engine;
	(void)err;
	memset(&larval, 0, sizeof(larval));
	larval.id = acquire->larval;
	larval.kernel_seq = acquire->seq;
	/* If it is gone already, or stays its 30 seconds: nobody can do more about it. */
	(void)!keydb_acquire_drop(b->keydb, &larval);
	return 0;
}

static const struct {
	handler_fn handler;
	bool answered;
} handlers[__REQUEST_N] = {
	[REQUEST_CHILD_INSTALL] = { on_child_install, true },
	[REQUEST_CHILD_COMPLETE] = { on_child_complete, true },
	[REQUEST_CHILD_MOVE] = { on_child_move, true },
	[REQUEST_CHILD_REMOVE] = { on_child_remove, true },
	[REQUEST_ACQUIRE_FAILED] = { on_acquire_failed, false },
};

bool broker_handles(unsigned int kind)
{
	return kind == REQUEST_KERNEL_DIFF ||
	       (kind < N_ELEMENTS(handlers) && handlers[kind].handler);
}

bool broker_request(struct broker *b, int engine, const struct frame *f, struct request_result *ret)
{
	struct err err = { 0 };

	REQUIRE(f->kind < N_ELEMENTS(handlers) && handlers[f->kind].handler);
	memset(ret, 0, sizeof(*ret));
	ret->result = handlers[f->kind].handler(b, engine, request_body(f), &err);
	if (ret->result < 0)
		LOG(WARNING, "kernel_request_failed", F_STR("request", request_row(f->kind)->name),
		    F_STR("reason", err.text));
	request_set_reason(ret, err.text);
	return handlers[f->kind].answered;
}

/* ---- events ---- */

static void dispatch(struct broker *b, const struct keydb_event *event)
{
	int engine;

	switch (event->kind) {
	case KEYDB_EVENT_ACQUIRE:
		b->on_event(b->arg, ACQUIRE_ENGINE, event);
		break;
	case KEYDB_EVENT_EXPIRE:
	case KEYDB_EVENT_MAPPING:
		engine = installed_owner(b->installed, &event->sa.id);
		/* Somebody else's SA: setkey made it, or another daemon. */
		if (engine >= 0)
			b->on_event(b->arg, engine, event);
		break;
	case KEYDB_EVENT_OVERRUN:
		LOG(WARNING, "kernel_events_lost");
		/* What they said can be read from the tables. */
		broker_reconcile(b);
		break;
	default:
		break;
	}
}

static void on_events(void *arg, int fd)
{
	struct broker *b = arg;
	struct keydb_event event;

	(void)fd;
	for (int i = 0; i < EVENTS_PER_WAKE; i++) {
		memset(&event, 0, sizeof(event));
		int r = keydb_events_next(b->events, &event);
		if (r < 0)
			LOG(WARNING, "kernel_events_failed", F_STR("reason", strerror(-r)));
		if (r <= 0)
			return;
		dispatch(b, &event);
	}
}

/* ---- the kernel's truth ---- */

int broker_own(struct broker *b, uint32_t reqid)
{
	return reconcile_own(b->reconcile, reqid);
}

/* The engine learns it as it learns of every SA that the kernel gave up. */
static void on_lost(void *arg, int owner, const struct keydb_sa_id *id)
{
	struct broker *b = arg;
	struct keydb_event event;

	memset(&event, 0, sizeof(event));
	event.kind = KEYDB_EVENT_SA_CHANGE;
	event.deleted = true;
	event.sa.id = *id;
	b->on_event(b->arg, owner, &event);
}

void broker_reconcile(struct broker *b)
{
	struct differences d = { 0 };
	int r = reconcile_compare(b->reconcile, &d);

	if (r < 0)
		LOG(WARNING, "kernel_unreadable", F_STR("reason", strerror(-r)));
	else
		reconcile_repair(b->reconcile, &d, on_lost, b);
	differences_done(&d);
	if (b->watch_ms)
		loop_timer_arm(b->watch, b->watch_ms);
}

static void on_watch(void *arg)
{
	broker_reconcile(arg);
}

void broker_watch(struct broker *b, int64_t interval_ms)
{
	b->watch_ms = interval_ms;
	loop_timer_disarm(b->watch);
	if (interval_ms)
		loop_timer_arm(b->watch, interval_ms);
}

void broker_diff(struct broker *b, struct request_differences *ret)
{
	struct differences d = { 0 };

	memset(ret, 0, sizeof(*ret));
	ret->result = reconcile_compare(b->reconcile, &d);
	if (ret->result < 0)
		return;
	ret->n_sas = (uint32_t)d.n_sas;
	ret->n_policies = (uint32_t)d.n_policies;
	ret->n_all = (uint32_t)(d.n + d.n_more);
	for (; ret->n < d.n && ret->n < REQUEST_DIFFERENCES_MAX; ret->n++) {
		const struct difference *one = &d.list[ret->n];
		struct fmt f = fmt_of(ret->list[ret->n].what, sizeof(ret->list[ret->n].what));
		fmt_add(&f, "%s", reconcile_fault_name(one->fault));
		(void)difference_text(one, ret->list[ret->n].entry);
	}
	differences_done(&d);
}

/* ---- life ---- */

static int batch(void *arg, struct keydb_op *ops, size_t n)
{
	struct broker *b = arg;
	return keydb_batch(b->keydb, ops, n);
}

static int sa_move(void *arg, const struct keydb_sa_move *move, const char **ret_why)
{
	struct broker *b = arg;
	int r = keydb_sa_move(b->keydb, move);

	*ret_why = r < 0 ? keydb_error(b->keydb) : "";
	return r;
}

static int policy_get(void *arg, const struct keydb_policy *p, struct keydb_policy *ret)
{
	struct broker *b = arg;
	return keydb_policy_get(b->keydb, p, ret);
}

static int sa_dump(void *arg, keydb_sa_fn fn, void *fn_arg)
{
	struct broker *b = arg;
	return keydb_sa_dump(b->keydb, KEYDB_PROTO_ANY, fn, fn_arg);
}

static int policy_dump(void *arg, keydb_policy_fn fn, void *fn_arg)
{
	struct broker *b = arg;
	return keydb_policy_dump(b->keydb, fn, fn_arg);
}

static const struct reconcile_ops dump_ops = { .sa_dump = sa_dump,
					       .policy_dump = policy_dump,
					       .batch = batch };
static const struct installed_ops keydb_ops = { .batch = batch,
						.sa_move = sa_move,
						.policy_get = policy_get };

/*
 * Asked before there is a filter of system calls: a module that is loaded later is not found, and
 * what we install stays with the kernel.
 */
static int find_data_path(struct broker *b, struct err *err)
{
	struct keydb_data_path path;
	int r = keydb_data_path(b->keydb, &path);

	if (r < 0)
		return err_set(err, r, "the kernel's data path: %s", keydb_error(b->keydb));
	b->tanuki = path.tag != 0;
	if (b->tanuki)
		LOG(NOTIFY, "data_path", F_STR("path", "tanuki"), F_INT("tag", path.tag),
		    F_STR("esp", path.esp), F_STR("ah", path.ah));
	else
		LOG(INFO, "data_path", F_STR("path", "kernel"));
	return 0;
}

bool broker_has_tanuki(const struct broker *b)
{
	return b->tanuki;
}

static int open_kernel(struct broker *b, struct loop *l, struct err *err)
{
	int r = keydb_open(&b->keydb);

	if (r < 0)
		return err_set(err, r, "the kernel's IPsec tables: %s", strerror(-r));
	r = keydb_events_open(KEYDB_EVENTS_ACQUIRE | KEYDB_EVENTS_EXPIRE | KEYDB_EVENTS_MAPPING,
			      &b->events);
	if (r < 0)
		return err_set(err, r, "the kernel's IPsec events: %s", strerror(-r));
	r = find_data_path(b, err);
	if (r < 0)
		return r;
	b->event_fd = loop_fd_new(l, keydb_events_fd(b->events), on_events, b);
	b->installed = installed_new(&keydb_ops, b);
	b->watch = loop_timer_new(l, on_watch, b);
	if (b->installed)
		b->reconcile = reconcile_new(b->installed, &dump_ops, b);
	if (!b->event_fd || !b->installed || !b->watch || !b->reconcile)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

int broker_new(struct loop *l, broker_event_fn on_event, void *arg, struct broker **ret,
	       struct err *err)
{
	CLEANUP(broker_freep)
	struct broker *b = calloc(1, sizeof(*b));

	if (!b)
		return err_set(err, -ENOMEM, "out of memory");
	b->on_event = on_event;
	b->arg = arg;
	int r = open_kernel(b, l, err);
	if (r < 0)
		return r;
	*ret = TAKE(b);
	return 0;
}

void broker_free(struct broker *b)
{
	if (!b)
		return;
	if (b->installed) {
		size_t n = installed_remove_all(b->installed, INSTALLED_OWNER_ALL);
		if (n > 0)
			LOG(INFO, "kernel_cleaned", F_INT("entries", n));
	}
	reconcile_free(b->reconcile);
	loop_timer_free(b->watch);
	installed_free(b->installed);
	loop_fd_free(b->event_fd);
	keydb_events_close(b->events);
	keydb_close(b->keydb);
	free(b);
}

int broker_add_trap(struct broker *b, const struct keydb_policy *trap, struct err *err)
{
	return installed_add_trap(b->installed, trap, err);
}
