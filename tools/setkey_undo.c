/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All or nothing.  The kernel has no transactions, so a script that fails is taken back entry by
 * entry.  Two things cannot come back: the counters of an SA that was deleted (its sequence
 * numbers begin at 0 again), and a larval SA, which is the kernel's own question to an IKE daemon.
 */
#include "setkey_undo.h"

#include "base/addr.h"
#include "base/fmt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256, BATCH_COMMANDS = 256, REASON_MAX_BYTES = 128 };

/* ---- the journal ---- */

static int note(struct undo *u, const struct command *c)
{
	if (u->n == u->room) {
		size_t more = u->room ? 2 * u->room : FIRST_ROOM;
		void *grown = reallocarray(u->at, more, sizeof(*u->at));
		if (!grown)
			return -ENOMEM;
		u->at = grown;
		u->room = more;
	}
	u->at[u->n] = command_list_end(&u->list);
	int rc = command_list_add(&u->list, c);
	if (!rc)
		u->n++;
	return rc;
}

static int note_sa(struct undo *u, enum command_kind kind, struct place at,
		   const struct keydb_sa *sa)
{
	struct command c;
	memset(&c, 0, sizeof(c));
	c.kind = kind;
	c.at = at;
	c.sa = *sa;
	int rc = note(u, &c);
	explicit_bzero(&c, sizeof(c));
	return rc;
}

static int note_policy(struct undo *u, enum command_kind kind, struct place at,
		       const struct keydb_policy *p)
{
	struct command c;
	memset(&c, 0, sizeof(c));
	c.kind = kind;
	c.at = at;
	c.policy = *p;
	c.policy.index = 0;
	return note(u, &c);
}

int undo_note_added(struct undo *u, const struct command *c)
{
	struct command opposite = *c;
	opposite.kind = c->kind == COMMAND_SPDADD ? COMMAND_SPDDELETE : COMMAND_DELETE;
	int rc = note(u, &opposite);
	explicit_bzero(&opposite, sizeof(opposite));
	return rc;
}

/* ---- what is there before ---- */

struct before {
	struct undo *u;
	const struct command *c;
};

static int on_doomed_sa(void *arg, const struct keydb_sa *sa)
{
	const struct before *b = arg;
	if (sa->state == KEYDB_SA_LARVAL || sa->state == KEYDB_SA_DEAD)
		return 0;
	if (b->c->kind == COMMAND_DELETEALL && !command_matches_sa(b->c, sa))
		return 0;
	b->u->used_sas += sa->usage.packets > 0 || sa->seq_out > 0;
	return note_sa(b->u, COMMAND_ADD, b->c->at, sa);
}

/* Those of sockets outlive a flush. */
static int on_doomed_policy(void *arg, const struct keydb_policy *p)
{
	const struct before *b = arg;
	if (p->dir > KEYDB_DIR_FWD || p->sub)
		return 0;
	return note_policy(b->u, COMMAND_SPDADD, b->c->at, p);
}

static int before_sa(struct undo *u, struct keydb *k, const struct command *c, const char **ret_why)
{
	struct keydb_sa old;
	int rc = keydb_sa_get(k, &c->sa.id, &old);
	if (!rc && old.state == KEYDB_SA_LARVAL) {
		*ret_why = "this SA is larval, which could not be undone";
		rc = -EOPNOTSUPP;
	} else if (!rc) {
		bool gone = c->kind == COMMAND_DELETE;
		u->used_sas += gone && (old.usage.packets > 0 || old.seq_out > 0);
		rc = note_sa(u, gone ? COMMAND_ADD : COMMAND_UPDATE, c->at, &old);
	} else if (rc == -ESRCH) {
		rc = 0;
	}
	explicit_bzero(&old, sizeof(old));
	return rc;
}

static int before_policy(struct undo *u, struct keydb *k, const struct command *c)
{
	struct keydb_policy old;
	int rc = keydb_policy_get(k, &c->policy, &old);
	if (!rc)
		return note_policy(u, COMMAND_SPDUPDATE, c->at, &old);
	if (rc != -ENOENT)
		return rc;
	return c->kind == COMMAND_SPDUPDATE ? note_policy(u, COMMAND_SPDDELETE, c->at, &c->policy)
					    : 0;
}

int undo_note_before(struct undo *u, struct keydb *k, const struct command *c, const char **ret_why)
{
	struct before b = { .u = u, .c = c };
	switch (c->kind) {
	case COMMAND_UPDATE:
	case COMMAND_DELETE:
		return before_sa(u, k, c, ret_why);
	case COMMAND_FLUSH:
	case COMMAND_DELETEALL:
		return keydb_sa_dump(k, c->sa.id.proto, on_doomed_sa, &b);
	case COMMAND_SPDUPDATE:
	case COMMAND_SPDDELETE:
		return before_policy(u, k, c);
	case COMMAND_SPDFLUSH:
		return keydb_policy_dump(k, on_doomed_policy, &b);
	default:
		return 0;
	}
}

/* ---- taking back ---- */

/* It already is as it should be: another command had failed, or somebody else was faster. */
static bool is_as_wanted(enum command_kind kind, int result)
{
	switch (kind) {
	case COMMAND_ADD:
		return result == -EEXIST;
	case COMMAND_DELETE:
		return result == -ESRCH;
	case COMMAND_SPDDELETE:
		return result == -ENOENT;
	default:
		return false;
	}
}

static void say(const struct script *script, struct place at, bool is_warning, const char *text)
{
	struct script_message m = {
		.file = script->file, .at = at, .is_warning = is_warning, .text = text
	};
	script->report(script->report_arg, &m);
}

static void say_resisted(const struct script *script, const struct command *c,
			 const struct keydb_op *op)
{
	char text[COMMAND_TEXT_MAX_BYTES + REASON_MAX_BYTES], command[COMMAND_TEXT_MAX_BYTES];
	struct fmt f = fmt_of(text, sizeof(text));
	fmt_add(&f, "not undone: %s: %s", command_text(c, command),
		op->reason[0] ? op->reason : strerror(-op->result));
	say(script, c->at, false, text);
}

/* Takes the latest n (up to BATCH_COMMANDS) back; returns how many resisted. */
static size_t take_back(struct undo *u, struct keydb *k, const struct script *script,
			struct command *commands, size_t n)
{
	struct keydb_op ops[BATCH_COMMANDS];
	size_t resisted = 0;
	for (size_t i = 0; i < n; i++) {
		struct command_cursor cursor = u->at[u->n - 1 - i];
		if (!cursor.chunk)
			cursor = command_list_start(&u->list);
		(void)command_list_next(&cursor, &commands[i]);
		ops[i] = command_op(&commands[i]);
	}
	int rc = keydb_batch(k, ops, n);
	for (size_t i = 0; rc && i < n; i++) {
		if (!ops[i].result || is_as_wanted(commands[i].kind, ops[i].result))
			continue;
		resisted++;
		say_resisted(script, &commands[i], &ops[i]);
	}
	explicit_bzero(commands, n * sizeof(*commands));
	u->n -= n;
	return resisted;
}

void undo_all(struct undo *u, struct keydb *k, const struct script *script)
{
	struct command *commands = calloc(BATCH_COMMANDS, sizeof(*commands));
	char text[REASON_MAX_BYTES];
	struct fmt f = fmt_of(text, sizeof(text));
	size_t resisted = commands ? 0 : u->n, all = u->n;
	while (commands && u->n)
		resisted += take_back(u, k, script, commands,
				      u->n < BATCH_COMMANDS ? u->n : BATCH_COMMANDS);
	free(commands);
	if (resisted)
		fmt_add(&f, "%zu of %zu changes could not be undone", resisted, all);
	else
		fmt_add(&f, "nothing is changed: what was done is undone");
	say(script, (struct place){ 0 }, false, text);
	if (!u->used_sas)
		return;
	f = fmt_of(text, sizeof(text));
	fmt_add(&f, "%zu SAs that were put back count their packets from 0 again", u->used_sas);
	say(script, (struct place){ 0 }, true, text);
}

void undo_done(struct undo *u)
{
	command_list_done(&u->list);
	free(u->at);
	*u = (struct undo){ 0 };
}
