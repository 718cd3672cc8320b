/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does commands in the kernel.  Commands that add, change or delete one entry wait in a batch;
 * all others first send the batch, so the order of the script is kept.
 */
#include "setkey_fwd.h"
#include "setkey_undo.h"

#include "base/fmt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_COMMANDS = 256, REASON_MAX_BYTES = 256 };

/* What getspi chooses from, as KAME did (RFC 4303 2.1, RFC 3173 3.3). */
enum { SPI_MIN = 0x100, SPI_MAX = 0x0fffffff, CPI_MAX = 0xffff };

struct batch_entry {
	struct command command;
	struct keydb_policy copy; /* for fwd */
	bool has_copy;
};

struct applier {
	struct keydb *k;
	const struct script *script;
	const struct apply_options *options;
	struct print_options print;
	struct batch_entry *batch;
	size_t n_batch, failures;
	struct own_fwd own_fwd;
	struct undo undo; /* atomic */
};

/* ---- messages ---- */

static bool means_no_entry(enum command_kind kind, int error)
{
	if (error != -ESRCH && error != -ENOENT)
		return false;
	return kind == COMMAND_GET || kind == COMMAND_UPDATE || kind == COMMAND_DELETE ||
	       kind == COMMAND_SPDDELETE;
}

static void fail(struct applier *a, const struct command *c, const char *note, int error,
		 const char *reason)
{
	char text[COMMAND_TEXT_MAX_BYTES + REASON_MAX_BYTES], command[COMMAND_TEXT_MAX_BYTES];
	struct fmt f = fmt_of(text, sizeof(text));
	struct script_message m = { .file = a->script->file, .at = c->at, .text = text };
	fmt_add(&f, "%s%s: ", command_text(c, command), note);
	if (means_no_entry(c->kind, error))
		fmt_add(&f, "No entry");
	else if (reason[0])
		fmt_add(&f, "%s", reason);
	else
		fmt_add(&f, "%s", strerror(-error));
	a->failures++;
	a->script->report(a->script->report_arg, &m);
}

static void tell(const struct applier *a, const struct command *c)
{
	char command[COMMAND_TEXT_MAX_BYTES];
	if (a->options->verbose)
		fprintf(stderr, "%s:%u:%u: %s: done\n", a->script->file, c->at.line, c->at.column,
			command_text(c, command));
}

/* Reports rc of a call that was not in a batch. */
static void told(struct applier *a, const struct command *c, int rc)
{
	if (rc)
		fail(a, c, "", rc, keydb_error(a->k));
	else
		tell(a, c);
}

/* ---- batches ---- */

/* Remembers an entry that was added; without memory for that it goes at once. */
static void note_added(struct applier *a, const struct command *c)
{
	bool is_sa = c->kind == COMMAND_ADD || c->kind == COMMAND_GETSPI;
	if (!a->options->atomic || (!is_sa && c->kind != COMMAND_SPDADD))
		return;
	if (!undo_note_added(&a->undo, c))
		return;
	fail(a, c, "", -ENOMEM, "");
	if (is_sa)
		(void)keydb_sa_delete(a->k, &c->sa.id);
	else
		(void)keydb_policy_delete(a->k, &c->policy);
}

static void note_added_both(struct applier *a, const struct batch_entry *e, bool main, bool copy)
{
	struct command c;
	if (main)
		note_added(a, &e->command);
	if (!copy)
		return;
	c = e->command;
	c.policy = e->copy;
	note_added(a, &c);
}

/* Reports one entry; copy is the operation on its copy, or NULL. */
static void judge(struct applier *a, const struct batch_entry *e, const struct keydb_op *op,
		  const struct keydb_op *copy)
{
	const struct command *c = &e->command;
	bool copy_failed = copy && copy->result;
	/* Policies that were added in kernel mode have no copy to delete. */
	if (copy_failed && c->kind == COMMAND_SPDDELETE && copy->result == -ENOENT)
		copy_failed = false;
	note_added_both(a, e, !op->result, copy && !copy->result && !op->result);
	if (op->result) {
		fail(a, c, "", op->result, op->reason);
		/* Either both or none. */
		if (c->kind == COMMAND_SPDADD && copy && !copy_failed)
			(void)keydb_policy_delete(a->k, &e->copy);
	} else if (copy_failed) {
		fail(a, c, " (copy for fwd)", copy->result, copy->reason);
	} else {
		tell(a, c);
	}
}

static void send_batch(struct applier *a)
{
	struct keydb_op ops[2 * BATCH_COMMANDS];
	size_t n_ops = 0;
	if (a->n_batch == 0)
		return;
	for (size_t i = 0; i < a->n_batch; i++) {
		struct batch_entry *e = &a->batch[i];
		ops[n_ops++] = command_op(&e->command);
		if (!e->has_copy)
			continue;
		ops[n_ops] = command_op(&e->command);
		ops[n_ops++].policy = &e->copy;
	}
	int rc = keydb_batch(a->k, ops, n_ops);
	(void)rc; /* the first of the results below */
	for (size_t i = 0, at = 0; i < a->n_batch; i++) {
		const struct batch_entry *e = &a->batch[i];
		judge(a, e, &ops[at], e->has_copy ? &ops[at + 1] : NULL);
		at += e->has_copy ? 2 : 1;
	}
	explicit_bzero(a->batch, a->n_batch * sizeof(*a->batch));
	a->n_batch = 0;
}

/* Remembers what c is going to change or remove; false if it must not be done. */
static bool note_before(struct applier *a, const struct command *c)
{
	const char *why = "";
	int rc = undo_note_before(&a->undo, a->k, c, &why);
	if (rc)
		fail(a, c, "", rc, rc == -ENOMEM || why[0] ? why : keydb_error(a->k));
	return !rc;
}

/* The same for a command in a batch and its copy. */
static bool note_entry_before(struct applier *a, const struct batch_entry *e)
{
	struct command copy;
	if (!note_before(a, &e->command))
		return false;
	if (!e->has_copy)
		return true;
	copy = e->command;
	copy.policy = e->copy;
	return note_before(a, &copy);
}

/* To undo a change it must be known what was there: such commands are a batch of their own. */
static bool goes_alone(const struct applier *a, const struct command *c)
{
	return a->options->atomic && c->kind != COMMAND_ADD && c->kind != COMMAND_SPDADD;
}

static void put_in_batch(struct applier *a, const struct command *c)
{
	bool alone = goes_alone(a, c);
	if (alone)
		send_batch(a);
	if (alone && a->failures)
		return;
	struct batch_entry *e = &a->batch[a->n_batch++];
	e->command = *c;
	e->has_copy = a->options->rfc_mode && own_fwd_needs_copy(&a->own_fwd, c);
	if (e->has_copy)
		e->copy = own_fwd_copy(&c->policy);
	if (alone && !note_entry_before(a, e))
		a->n_batch = 0;
	if (alone || a->n_batch == BATCH_COMMANDS)
		send_batch(a);
}

/* ---- commands that go alone ---- */

static void do_get(struct applier *a, const struct command *c)
{
	struct keydb_sa sa;
	int rc = keydb_sa_get(a->k, &c->sa.id, &sa);
	if (!rc)
		setkey_print_sa(&sa, &a->print);
	explicit_bzero(&sa, sizeof(sa));
	told(a, c, rc);
}

/* SPI 0: the kernel chooses. */
static void do_getspi(struct applier *a, const struct command *c)
{
	bool is_ipcomp = c->sa.id.proto == KEYDB_PROTO_IPCOMP;
	uint32_t spi = c->sa.id.spi, max = is_ipcomp ? CPI_MAX : SPI_MAX;
	struct command reserved = *c;
	int rc = keydb_spi_alloc(a->k, &c->sa, spi ? spi : SPI_MIN, spi ? spi : max, &reserved.sa);
	if (!rc)
		setkey_print_sa(&reserved.sa, &a->print);
	told(a, c, rc);
	if (!rc)
		note_added(a, &reserved);
	explicit_bzero(&reserved, sizeof(reserved));
}

/* What deleteall found: the SAs between two addresses. */
struct matches {
	const struct command *wanted;
	struct keydb_sa_id *ids;
	size_t n, room;
};

static int on_match(void *arg, const struct keydb_sa *sa)
{
	struct matches *m = arg;
	if (!command_matches_sa(m->wanted, sa))
		return 0;
	if (m->n == m->room) {
		size_t more = m->room ? 2 * m->room : BATCH_COMMANDS;
		void *grown = reallocarray(m->ids, more, sizeof(*m->ids));
		if (!grown)
			return -ENOMEM;
		m->ids = grown;
		m->room = more;
	}
	m->ids[m->n++] = sa->id;
	return 0;
}

/* Deletes up to BATCH_COMMANDS of them; an SA that is gone meanwhile is no error. */
static void delete_some(struct applier *a, const struct command *c, const struct keydb_sa_id *ids,
			size_t n)
{
	struct keydb_op ops[BATCH_COMMANDS];
	memset(ops, 0, sizeof(ops));
	for (size_t i = 0; i < n; i++) {
		ops[i].kind = KEYDB_OP_SA_DELETE;
		ops[i].sa_id = &ids[i];
	}
	int rc = keydb_batch(a->k, ops, n);
	for (size_t i = 0; rc && i < n; i++)
		if (ops[i].result && ops[i].result != -ESRCH && ops[i].result != -ENOENT)
			fail(a, c, "", ops[i].result, ops[i].reason);
}

static void do_deleteall(struct applier *a, const struct command *c)
{
	struct matches m = { .wanted = c };
	size_t before = a->failures;
	int rc = keydb_sa_dump(a->k, c->sa.id.proto, on_match, &m);
	if (rc)
		told(a, c, rc);
	for (size_t i = 0; !rc && i < m.n; i += BATCH_COMMANDS)
		delete_some(a, c, m.ids + i, m.n - i < BATCH_COMMANDS ? m.n - i : BATCH_COMMANDS);
	free(m.ids);
	if (a->failures == before)
		tell(a, c);
}

static void do_flush(struct applier *a, const struct command *c)
{
	told(a, c, keydb_sa_flush(a->k, c->sa.id.proto));
}

static void do_dump(struct applier *a, const struct command *c)
{
	told(a, c, setkey_print_sad(a->k, c->sa.id.proto, &a->print));
}

static void do_spddump(struct applier *a, const struct command *c)
{
	told(a, c, setkey_print_spd(a->k, &a->print));
}

static void do_spdflush(struct applier *a, const struct command *c)
{
	told(a, c, keydb_policy_flush(a->k));
}

/* ---- the list ---- */

typedef void (*command_fn)(struct applier *a, const struct command *c);

static const command_fn lone_commands[] = {
	[COMMAND_GET] = do_get,
	[COMMAND_GETSPI] = do_getspi,
	[COMMAND_DELETEALL] = do_deleteall,
	[COMMAND_FLUSH] = do_flush,
	[COMMAND_DUMP] = do_dump,
	[COMMAND_SPDDUMP] = do_spddump,
	[COMMAND_SPDFLUSH] = do_spdflush,
};

static void apply_command(struct applier *a, const struct command *c)
{
	command_fn fn = c->kind < N_ELEMENTS(lone_commands) ? lone_commands[c->kind] : NULL;
	if (c->kind == COMMAND_EXIT)
		return;
	if (!fn) {
		put_in_batch(a, c);
		return;
	}
	send_batch(a);
	if (a->options->atomic && (a->failures || !note_before(a, c)))
		return;
	fn(a, c);
}

static int prepare(struct applier *a, const struct command_list *list)
{
	a->batch = calloc(BATCH_COMMANDS, sizeof(*a->batch));
	if (!a->batch)
		return -ENOMEM;
	return a->options->rfc_mode ? own_fwd_collect(&a->own_fwd, list) : 0;
}

static bool must_stop(const struct applier *a)
{
	return a->options->atomic && a->failures > 0;
}

static void applier_done(struct applier *a)
{
	if (a->batch)
		explicit_bzero(a->batch, BATCH_COMMANDS * sizeof(*a->batch));
	free(a->batch);
	own_fwd_done(&a->own_fwd);
	undo_done(&a->undo);
}

size_t setkey_apply(struct keydb *k, const struct script *script, const struct command_list *list,
		    const struct apply_options *options)
{
	struct applier a = {
		.k = k,
		.script = script,
		.options = options,
		.print = { .show_dead = options->show_dead,
			   .hide_socket_policies = options->hide_socket_policies,
			   .ports = options->ports,
			   .json = options->json },
	};
	struct command_cursor cursor = command_list_start(list);
	struct command c;
	memset(&c, 0, sizeof(c));
	int rc = prepare(&a, list);
	if (rc)
		fail(&a, &(struct command){ .kind = COMMAND_EXIT, .at = script->first }, "", rc,
		     "");
	while (!rc && !must_stop(&a) && command_list_next(&cursor, &c))
		apply_command(&a, &c);
	if (!rc && !must_stop(&a))
		send_batch(&a);
	if (must_stop(&a))
		undo_all(&a.undo, k, script);
	explicit_bzero(&c, sizeof(c));
	applier_done(&a);
	return a.failures;
}
