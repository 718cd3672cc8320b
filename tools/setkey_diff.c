/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both sides are lists of commands with an index of their keys' hashes, which is sorted; where
 * hashes meet, the keys and then the entries themselves are compared.
 */
#include "setkey_diff.h"

#include "setkey_fwd.h"
#include "setkey_same.h"

#include "base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

#define NO_PAIR SIZE_MAX

struct entry {
	uint64_t hash; /* of its key */
	struct command_cursor at;
	size_t pair; /* its index on the other side */
	bool gone;   /* by a later command of the script */
	bool same;   /* as its pair */
};

struct side {
	struct command_list list;
	struct entry *entries;
	size_t n, room;
	size_t *sorted; /* indices by hash, equal ones in their order */
};

struct diff {
	struct side kernel, wanted;
	const struct script *script;
	struct own_fwd own_fwd;
	uint32_t tag; /* of tanuki.ko, 0: it is not there */
	size_t errors;
};

/* ---- sides ---- */

static uint64_t key_hash(const struct entry_key *key)
{
	static const uint8_t unkeyed[16];
	return hash_sip(unkeyed, key, sizeof(*key));
}

static int side_add(struct side *s, const struct command *c)
{
	struct entry_key key;
	if (s->n == s->room) {
		size_t more = s->room ? 2 * s->room : FIRST_ROOM;
		void *grown = reallocarray(s->entries, more, sizeof(*s->entries));
		if (!grown)
			return -ENOMEM;
		s->entries = grown;
		s->room = more;
	}
	entry_key_of(c, &key);
	s->entries[s->n] = (struct entry){ .hash = key_hash(&key),
					   .at = command_list_end(&s->list),
					   .pair = NO_PAIR };
	int rc = command_list_add(&s->list, c);
	if (!rc)
		s->n++;
	return rc;
}

/* The caller wipes *ret. */
static void side_get(const struct side *s, size_t i, struct command *ret)
{
	struct command_cursor cursor = s->entries[i].at;
	if (!cursor.chunk)
		cursor = command_list_start(&s->list);
	if (!command_list_next(&cursor, ret))
		memset(ret, 0, sizeof(*ret));
}

static int by_hash(const void *x, const void *y, void *arg)
{
	const struct entry *entries = arg;
	size_t a = *(const size_t *)x, b = *(const size_t *)y;
	if (entries[a].hash != entries[b].hash)
		return entries[a].hash < entries[b].hash ? -1 : 1;
	return a < b ? -1 : 1;
}

static int side_sort(struct side *s)
{
	s->sorted = calloc(s->n + 1, sizeof(*s->sorted));
	if (!s->sorted)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		s->sorted[i] = i;
	qsort_r(s->sorted, s->n, sizeof(*s->sorted), by_hash, s->entries);
	return 0;
}

static void side_done(struct side *s)
{
	command_list_done(&s->list);
	free(s->entries);
	free(s->sorted);
}

/* ---- what the kernel has ---- */

static int on_sa(void *arg, const struct keydb_sa *sa)
{
	struct diff *d = arg;
	struct command c;
	if (sa->state == KEYDB_SA_LARVAL || sa->state == KEYDB_SA_DEAD)
		return 0;
	memset(&c, 0, sizeof(c));
	c.kind = COMMAND_ADD;
	c.sa = *sa;
	int rc = side_add(&d->kernel, &c);
	explicit_bzero(&c, sizeof(c));
	return rc;
}

static int on_policy(void *arg, const struct keydb_policy *p)
{
	struct diff *d = arg;
	struct command c;
	if (p->dir > KEYDB_DIR_FWD)
		return 0;
	memset(&c, 0, sizeof(c));
	c.kind = COMMAND_SPDADD;
	c.policy = *p;
	c.policy.index = 0;
	return side_add(&d->kernel, &c);
}

static int read_kernel(struct diff *d, struct keydb *k)
{
	int rc = keydb_sa_dump(k, KEYDB_PROTO_ANY, on_sa, d);
	if (!rc)
		rc = keydb_policy_dump(k, on_policy, d);
	struct script_message m = { .file = d->script->file, .text = keydb_error(k) };
	if (rc && rc != -ENOMEM)
		d->script->report(d->script->report_arg, &m);
	return rc;
}

/* ---- what the script wants ---- */

static void complain(struct diff *d, const struct command *c, const char *why)
{
	char text[2 * COMMAND_TEXT_MAX_BYTES], command[COMMAND_TEXT_MAX_BYTES];
	struct script_message m = { .file = d->script->file, .at = c->at, .text = text };
	snprintf(text, sizeof(text), "%s: %s", command_text(c, command), why);
	d->errors++;
	d->script->report(d->script->report_arg, &m);
}

/* A flush in the script takes what stands before it. */
static void forget(struct side *s, bool policies, uint8_t proto)
{
	for (size_t i = 0; i < s->n; i++) {
		struct command c;
		side_get(s, i, &c);
		bool is_sa = c.kind == COMMAND_ADD || c.kind == COMMAND_UPDATE;
		if (policies ? !is_sa : is_sa && (!proto || c.sa.id.proto == proto))
			s->entries[i].gone = true;
		explicit_bzero(&c, sizeof(c));
	}
}

/* Whoever writes the module's tag himself means what it has anyway. */
static int want_policy(struct diff *d, const struct command *c, bool rfc_mode)
{
	struct command plain = *c;
	if (d->tag && c->policy.dir == KEYDB_DIR_OUT && c->policy.if_id == d->tag)
		plain.policy.if_id = 0;
	int rc = side_add(&d->wanted, &plain);
	if (rc || !rfc_mode || !own_fwd_needs_copy(&d->own_fwd, c))
		return rc;
	struct command copy = *c;
	copy.policy = own_fwd_copy(&c->policy);
	return side_add(&d->wanted, &copy);
}

static int want(struct diff *d, const struct command *c, bool rfc_mode)
{
	switch (c->kind) {
	case COMMAND_ADD:
	case COMMAND_UPDATE:
		return side_add(&d->wanted, c);
	case COMMAND_SPDADD:
	case COMMAND_SPDUPDATE:
		return want_policy(d, c, rfc_mode);
	case COMMAND_FLUSH:
		forget(&d->wanted, false, c->sa.id.proto);
		return 0;
	case COMMAND_SPDFLUSH:
		forget(&d->wanted, true, 0);
		return 0;
	case COMMAND_EXIT:
		return 0;
	default:
		complain(d, c, "a script that is the whole content of the tables only adds");
		return 0;
	}
}

static int read_script(struct diff *d, const struct command_list *list, bool rfc_mode)
{
	struct command_cursor cursor = command_list_start(list);
	struct command c;
	memset(&c, 0, sizeof(c));
	int rc = rfc_mode ? own_fwd_collect(&d->own_fwd, list) : 0;
	while (!rc && command_list_next(&cursor, &c))
		rc = want(d, &c, rfc_mode);
	explicit_bzero(&c, sizeof(c));
	return rc;
}

static bool same_key(const struct command *a, const struct command *b)
{
	struct entry_key x, y;
	entry_key_of(a, &x);
	entry_key_of(b, &y);
	return !memcmp(&x, &y, sizeof(x));
}

/* Of commands about one entry the last counts, but adding it twice is a mistake. */
static void settle_twins(struct diff *d)
{
	struct side *s = &d->wanted;
	for (size_t i = 1; i < s->n; i++) {
		struct entry *first = &s->entries[s->sorted[i - 1]];
		struct command a, b;
		if (first->gone || first->hash != s->entries[s->sorted[i]].hash)
			continue;
		side_get(s, s->sorted[i - 1], &a);
		side_get(s, s->sorted[i], &b);
		first->gone = same_key(&a, &b);
		if (first->gone && (b.kind == COMMAND_ADD || b.kind == COMMAND_SPDADD))
			complain(d, &b, "is in the script twice");
		explicit_bzero(&a, sizeof(a));
		explicit_bzero(&b, sizeof(b));
	}
}

/* ---- both ---- */

static bool same_entry(const struct command *kernel, const struct command *wanted)
{
	return kernel->kind == COMMAND_ADD
		       ? entry_same_sa(&kernel->sa, &wanted->sa)
		       : !kernel->policy.stray &&
				 entry_same_policy(&kernel->policy, &wanted->policy);
}

static void pair(struct diff *d, size_t i, size_t j)
{
	struct entry *e = &d->kernel.entries[i], *w = &d->wanted.entries[j];
	struct command a, b;
	if (w->gone || e->pair != NO_PAIR || w->pair != NO_PAIR)
		return;
	side_get(&d->kernel, i, &a);
	side_get(&d->wanted, j, &b);
	if (same_key(&a, &b)) {
		e->pair = j;
		w->pair = i;
		e->same = w->same = same_entry(&a, &b);
	}
	explicit_bzero(&a, sizeof(a));
	explicit_bzero(&b, sizeof(b));
}

static void pair_all(struct diff *d)
{
	const struct side *k = &d->kernel, *w = &d->wanted;
	for (size_t i = 0, from = 0; i < k->n; i++) {
		uint64_t hash = k->entries[k->sorted[i]].hash;
		while (from < w->n && w->entries[w->sorted[from]].hash < hash)
			from++;
		for (size_t j = from; j < w->n && w->entries[w->sorted[j]].hash == hash; j++)
			pair(d, k->sorted[i], w->sorted[j]);
	}
}

int diff_make(struct keydb *k, const struct script *script, const struct command_list *list,
	      bool rfc_mode, struct diff **ret)
{
	struct keydb_data_path path;
	struct diff *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->script = script;
	d->tag = keydb_data_path(k, &path) ? 0 : path.tag;
	int rc = read_script(d, list, rfc_mode);
	if (!rc)
		rc = side_sort(&d->wanted);
	if (!rc)
		settle_twins(d);
	if (!rc && d->errors)
		rc = -EINVAL;
	if (!rc)
		rc = read_kernel(d, k);
	if (!rc)
		rc = side_sort(&d->kernel);
	if (rc) {
		diff_free(d);
		return rc;
	}
	pair_all(d);
	*ret = d;
	return 0;
}

void diff_free(struct diff *d)
{
	if (!d)
		return;
	side_done(&d->kernel);
	side_done(&d->wanted);
	own_fwd_done(&d->own_fwd);
	free(d);
}

/* ---- the answers ---- */

static bool is_new(const struct entry *wanted)
{
	return !wanted->gone && wanted->pair == NO_PAIR;
}

bool diff_is_empty(const struct diff *d)
{
	for (size_t i = 0; i < d->kernel.n; i++)
		if (!d->kernel.entries[i].same)
			return false;
	for (size_t i = 0; i < d->wanted.n; i++)
		if (is_new(&d->wanted.entries[i]))
			return false;
	return true;
}

static void print_line(FILE *f, char sign, const struct side *s, size_t i)
{
	struct command c;
	side_get(s, i, &c);
	if (c.kind == COMMAND_SPDADD && c.policy.stray)
		fputs("# tanuki.ko is there, but this policy is still the kernel's:\n", f);
	fputc(sign, f);
	setkey_write_entry(f, &c);
	explicit_bzero(&c, sizeof(c));
}

void diff_print(const struct diff *d, void *file, const char *script_name)
{
	if (diff_is_empty(d))
		return;
	fprintf(file, "--- kernel\n+++ %s\n", script_name);
	for (size_t i = 0; i < d->kernel.n; i++) {
		const struct entry *e = &d->kernel.entries[i];
		if (e->same)
			continue;
		print_line(file, '-', &d->kernel, i);
		if (e->pair != NO_PAIR)
			print_line(file, '+', &d->wanted, e->pair);
	}
	for (size_t i = 0; i < d->wanted.n; i++)
		if (is_new(&d->wanted.entries[i]))
			print_line(file, '+', &d->wanted, i);
}

static int put(struct command_list *out, struct command *c, enum command_kind kind)
{
	c->kind = kind;
	return command_list_add(out, c);
}

/* The kernel's update of an SA changes its limits, but no key: for that it must go first. */
static int change_sa(const struct diff *d, size_t i, struct command *wanted,
		     struct command_list *out)
{
	struct command kernel;
	int rc = 0;
	side_get(&d->kernel, d->wanted.entries[i].pair, &kernel);
	kernel.at = wanted->at;
	if (entry_same_sa_but_limits(&kernel.sa, &wanted->sa)) {
		rc = put(out, wanted, COMMAND_UPDATE);
	} else {
		rc = put(out, &kernel, COMMAND_DELETE);
		if (!rc)
			rc = put(out, wanted, COMMAND_ADD);
	}
	explicit_bzero(&kernel, sizeof(kernel));
	return rc;
}

/* What is new or changed, of SAs or of policies. */
static int put_wanted(const struct diff *d, bool policies, struct command_list *out)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < d->wanted.n; i++) {
		const struct entry *e = &d->wanted.entries[i];
		struct command c;
		if (e->gone || e->same)
			continue;
		side_get(&d->wanted, i, &c);
		bool is_policy = c.kind == COMMAND_SPDADD || c.kind == COMMAND_SPDUPDATE;
		if (is_policy && policies)
			rc = put(out, &c, is_new(e) ? COMMAND_SPDADD : COMMAND_SPDUPDATE);
		else if (!is_policy && !policies)
			rc = is_new(e) ? put(out, &c, COMMAND_ADD) : change_sa(d, i, &c, out);
		explicit_bzero(&c, sizeof(c));
	}
	return rc;
}

static int put_unwanted(const struct diff *d, bool policies, struct command_list *out)
{
	int rc = 0;
	for (size_t i = 0; !rc && i < d->kernel.n; i++) {
		struct command c;
		if (d->kernel.entries[i].pair != NO_PAIR)
			continue;
		side_get(&d->kernel, i, &c);
		if ((c.kind == COMMAND_SPDADD) == policies)
			rc = put(out, &c, policies ? COMMAND_SPDDELETE : COMMAND_DELETE);
		explicit_bzero(&c, sizeof(c));
	}
	return rc;
}

int diff_commands(const struct diff *d, struct command_list *out)
{
	int rc = put_wanted(d, false, out);
	if (!rc)
		rc = put_wanted(d, true, out);
	if (!rc)
		rc = put_unwanted(d, true, out);
	if (!rc)
		rc = put_unwanted(d, false, out);
	return rc;
}
