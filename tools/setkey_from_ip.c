/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader of ip's listings.  The text is cut into entries first, because they are written in
 * another order; then each is read, parsed back from what is going to be written, and written.
 */
#include "setkey_from_ip.h"

#include "setkey_from_ip_read.h"
#include "setkey_same.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

enum kind { KIND_OTHER, KIND_SA, KIND_POLICY };

/* A line that is not indented, and what follows it. */
struct entry {
	const char *text;
	size_t len;
	uint32_t line;
	enum kind kind;
};

struct converter {
	const struct script *input;
	FILE *out;
	struct entry *entries;
	size_t n, room;
	uint32_t policy_line, sa_line; /* of the first that tells no limits */
	int errors;
};

/* ---- cutting ---- */

/* A line ends at a newline, or with -o at a backslash in front of a tab or a newline. */
static const char *line_end(const char *p, const char *end)
{
	for (; p < end && *p != '\n'; p++)
		if (*p == '\\' && (p + 1 == end || p[1] == '\t' || p[1] == '\n'))
			return p;
	return p;
}

static enum kind kind_of(const char *p, const char *end)
{
	struct ip_reader r = { .p = p, .end = line_end(p, end) };
	if (!ip_take(&r, "src"))
		return KIND_OTHER;
	struct token addr = ip_next(&r);
	return memchr(addr.text, '/', addr.len) ? KIND_POLICY : KIND_SA;
}

static int add_entry(struct converter *v, const struct entry *e)
{
	if (v->n == v->room) {
		size_t room = v->room ? 2 * v->room : FIRST_ROOM;
		void *grown = reallocarray(v->entries, room, sizeof(*v->entries));
		if (!grown)
			return -ENOMEM;
		v->entries = grown;
		v->room = room;
	}
	v->entries[v->n++] = *e;
	return 0;
}

static int cut(struct converter *v)
{
	const char *p = v->input->text, *end = p ? p + v->input->len : p;
	for (uint32_t line = v->input->first.line; p < end; line++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *next = newline ? newline + 1 : end;
		bool blank = *p == ' ' || *p == '\t' || *p == '\n';
		struct entry e = { .text = p, .line = line, .kind = kind_of(p, end) };
		int rc = blank ? 0 : add_entry(v, &e);
		if (rc)
			return rc;
		if (v->n)
			v->entries[v->n - 1].len = (size_t)(next - v->entries[v->n - 1].text);
		p = next;
	}
	return 0;
}

/* ---- telling ---- */

/* A comment in the script, and an error for the user. */
static void tell(struct converter *v, uint32_t line, bool is_error, const char *what)
{
	struct script_message m = { .file = v->input->file, .at = { line, 1 }, .text = what };
	fprintf(v->out, "# line %u: %s%s\n", line, is_error ? "left out: " : "", what);
	if (!is_error)
		return;
	v->input->report(v->input->report_arg, &m);
	v->errors = v->errors < INT_MAX ? v->errors + 1 : v->errors;
}

/* ---- reading ---- */

static int read_keyword(struct ip_reader *r, const struct token *t)
{
	const struct ip_keyword *k = r->part == IP_SA ? ip_sa_keywords : ip_policy_keywords;
	char word[TOKEN_TEXT_MAX_BYTES];
	for (; k->word[0]; k++)
		if (k->parts & r->part && token_is(t, k->word))
			return k->read(r);
	return err_set(&r->err, -EOPNOTSUPP, "%s is not known", token_text(t, word));
}

static int read_block_line(struct ip_reader *r)
{
	struct keydb_limits *limits = r->part == IP_SA ? &r->c.sa.limits : &r->c.policy.limits;
	switch (r->block) {
	case IP_BLOCK_LIMITS:
		return ip_limits(r, limits);
	case IP_BLOCK_REPLAY:
		return ip_replay(r);
	default:
		return ip_skip_line(r);
	}
}

static int read_line(struct ip_reader *r)
{
	size_t len = (size_t)(r->end - r->p);
	struct token t;
	int rc = 0;
	if (r->block && len > 2 && r->p[0] == '\t' && r->p[1] == ' ')
		return read_block_line(r);
	r->block = IP_BLOCK_NONE;
	if (r->part == IP_TEMPLATE && !(len > 2 && r->p[0] == '\t' && r->p[1] == '\t'))
		r->part = IP_POLICY;
	while (!rc && (t = ip_next(r)).kind == TOKEN_WORD)
		rc = read_keyword(r, &t);
	return rc;
}

/* "src ADDRESS dst ADDRESS", or the selector of a policy. */
static int read_first_line(struct ip_reader *r)
{
	struct keydb_sa_id *id = &r->c.sa.id;
	if (r->part == IP_POLICY)
		return ip_selector(r, &r->c.policy.sel);
	ip_next(r);
	int rc = ip_address(r, &id->src);
	if (!rc)
		rc = ip_take(r, "dst") ? ip_address(r, &id->dst)
				       : err_set(&r->err, -EINVAL, "expected dst");
	if (!rc && id->src.sa.sa_family != id->dst.sa.sa_family)
		rc = err_set(&r->err, -EINVAL, "addresses of two families");
	return rc;
}

static const struct keydb_limits no_limits = { KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE,
					       KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE,
					       KEYDB_INFINITE, KEYDB_INFINITE };

static void start(struct ip_reader *r, const struct entry *e)
{
	memset(r, 0, sizeof(*r));
	r->at = (struct place){ e->line, 1 };
	r->c.at = r->at;
	if (e->kind == KIND_SA) {
		r->part = IP_SA;
		r->is_algless = true;
		r->c.kind = COMMAND_ADD;
		r->c.sa.sel.src_port_any = r->c.sa.sel.dst_port_any = true;
		r->c.sa.limits = no_limits;
	} else {
		r->part = IP_POLICY;
		r->c.kind = COMMAND_SPDADD;
		r->c.policy.limits = no_limits;
	}
}

/* On failure r->at is the line. */
static int read_entry(struct ip_reader *r, const struct entry *e)
{
	const char *end = e->text + e->len;
	int rc = 0;
	start(r, e);
	for (const char *p = e->text; !rc && p < end;) {
		const char *stop = line_end(p, end);
		r->p = p;
		r->end = stop;
		rc = p == e->text ? read_first_line(r) : read_line(r);
		if (!rc && stop < end && *stop == '\n')
			r->at.line++;
		p = stop < end ? stop + 1 : end;
	}
	if (rc)
		return rc;
	r->at = r->c.at; /* what follows is about all of it */
	return e->kind == KIND_SA ? ip_sa_finish(r) : ip_policy_finish(r);
}

/* ---- writing ---- */

static void ignore(void *arg, const struct script_message *m)
{
	struct err *err = arg;
	if (!m->is_warning)
		err_set(err, -EINVAL, "%s", m->text);
}

static bool same(const struct command *a, const struct command *b)
{
	struct entry_key x, y;
	if (a->kind != b->kind)
		return false;
	entry_key_of(a, &x);
	entry_key_of(b, &y);
	if (memcmp(&x, &y, sizeof(x)) != 0)
		return false;
	return a->kind == COMMAND_ADD ? entry_same_sa(&a->sa, &b->sa)
				      : entry_same_policy(&a->policy, &b->policy);
}

/* Does the line say what the listing said? */
static int check(const char *text, size_t len, struct ip_reader *r)
{
	struct command_list list = { 0 };
	struct command back;
	struct script script = {
		.file = "",
		.text = text,
		.len = len,
		.first = { 1, 1 },
		.numeric = true,
		.report = ignore,
		.report_arg = &r->err,
	};
	int rc = setkey_parse(&script, &list);
	struct command_cursor cursor = command_list_start(&list);
	if (!rc && (list.count != 1 || !command_list_next(&cursor, &back) || !same(&r->c, &back)))
		rc = err_set(&r->err, -EOPNOTSUPP, "setkey has no words for all of it");
	explicit_bzero(&back, sizeof(back));
	command_list_done(&list);
	return rc;
}

static int write_entry(struct converter *v, struct ip_reader *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return -ENOMEM;
	setkey_write_entry(f, &r->c);
	int rc = fclose(f) ? -ENOMEM : check(text, len, r);
	if (!rc)
		fwrite(text, 1, len, v->out);
	if (text)
		explicit_bzero(text, len);
	free(text);
	return rc;
}

/* What the listing did not say or the script does not. */
static void remember(struct converter *v, const struct ip_reader *r)
{
	uint32_t *line = r->part == IP_SA ? &v->sa_line : &v->policy_line;
	if (r->has_counters)
		tell(v, r->c.at.line, false, "its sequence numbers start anew");
	if (!r->has_limits)
		*line = r->c.at.line;
}

static int convert(struct converter *v, const struct entry *e)
{
	struct ip_reader r;
	int rc = read_entry(&r, e);
	if (!rc && r.skip)
		tell(v, e->line, false, r.skip);
	else if (!rc)
		rc = write_entry(v, &r);
	if (rc && rc != -ENOMEM)
		tell(v, r.at.line, true, r.err.text);
	else if (!rc && !r.skip)
		remember(v, &r);
	explicit_bzero(&r, sizeof(r));
	return rc == -ENOMEM ? rc : 0;
}

/* "Default policies:", or no listing at all. */
static void refuse(struct converter *v, const struct entry *e)
{
	static const char defaults[] = "Default policies:";
	bool is_default = e->len >= sizeof(defaults) - 1 &&
			  !memcmp(e->text, defaults, sizeof(defaults) - 1);
	tell(v, e->line, true,
	     is_default ? "setkey cannot set the kernel's default policies"
			: "not a line of \"ip xfrm state\" or \"ip xfrm policy\"");
}

static int convert_kind(struct converter *v, enum kind kind)
{
	int rc = 0;
	for (size_t i = v->n; !rc && i-- > 0;)
		if (v->entries[i].kind == kind)
			rc = convert(v, &v->entries[i]);
	return rc;
}

static void tell_unsaid(struct converter *v)
{
	if (v->sa_line)
		tell(v, v->sa_line, false,
		     "limits and some flags of SAs are not in the listing: ip -s xfrm state");
	if (v->policy_line)
		tell(v, v->policy_line, false, "limits are not in the listing: ip -s xfrm policy");
}

int setkey_from_ip(const struct script *input, void *file)
{
	struct converter v = { .input = input, .out = file };
	int rc = cut(&v);
	for (size_t i = 0; !rc && i < v.n; i++)
		if (v.entries[i].kind == KIND_OTHER)
			refuse(&v, &v.entries[i]);
	if (!rc)
		rc = convert_kind(&v, KIND_SA);
	if (!rc)
		rc = convert_kind(&v, KIND_POLICY);
	if (!rc)
		tell_unsaid(&v);
	free(v.entries);
	return rc ? rc : v.errors;
}
