/* SPDX-License-Identifier: BSD-2-Clause */
/* The setkey commands about policies. */
#include "setkey_parser.h"

#include "base/fmt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NO_POLICY_DIR = -1 };

static const struct choice dirs[] = {
	{ "in", KEYDB_DIR_IN, NULL },
	{ "out", KEYDB_DIR_OUT, NULL },
	{ "fwd", KEYDB_DIR_FWD, NULL },
};

static const char *const policy_words[] = {
	"in",     "out",       "fwd",     "priority", "prio", "low",     "def",
	"high",   "ipsec",     "discard", "none",     "esp",  "ah",      "ipcomp",
	"tunnel", "transport", "unique",  "require",  "use",  "default",
};

/* Reports what keydb_policy_parse() found at offset in the policy. */
static int fail_policy(struct parser *p, const struct token *policy, size_t offset, const char *why)
{
	char word[WORD_MAX_BYTES];
	struct token t = { .kind = TOKEN_WORD, .text = policy->text, .at = policy->at };
	if (offset > policy->len)
		offset = policy->len;
	t.text += offset;
	t.at = token_place(policy, offset);
	while (offset + t.len < policy->len && t.len + 1 < sizeof(word) &&
	       !strchr(" \t\r\n/#", t.text[t.len]))
		t.len++;
	if (t.len == 0) { /* '/' and the like, or the ';' */
		t.len = 1;
		t.text = offset < policy->len ? t.text : ";";
		return parser_fail(p, &t, "%s", why);
	}
	memcpy(word, t.text, t.len);
	word[t.len] = '\0';
	if (parser_is_verb(&t))
		return parser_fail(p, &t, "%s (is a ';' missing before it?)", why);
	const char *nearest = fmt_nearest(word, policy_words, N_ELEMENTS(policy_words));
	if (nearest && strcmp(nearest, word))
		return parser_fail(p, &t, "%s (did you mean %s?)", why, nearest);
	return parser_fail(p, &t, "%s", why);
}

/* The policy as a C string of the same length, comments and line ends as blanks. */
static char *policy_copy(const struct token *t)
{
	bool in_comment = false;
	char *text = malloc(t->len + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < t->len; i++) {
		const char *at = t->text + i;
		char c = *at;
		in_comment =
			c != '\n' &&
			(in_comment || (c == '#' && lex_is_comment(t->text, at, t->text + t->len)));
		text[i] = in_comment || strchr("\t\r\n\f\v", c) ? ' ' : c;
	}
	text[t->len] = '\0';
	return text;
}

/* family: of the packet that the request gets, and then of the one that it makes. */
static int check_template(struct parser *p, const struct token *policy, sa_family_t *family,
			  const struct keydb_template *t)
{
	bool has_ends = t->src.sa.sa_family && t->dst.sa.sa_family;
	if (t->mode == KEYDB_MODE_TUNNEL && !has_ends)
		return parser_fail(p, policy, "a tunnel needs the addresses of both ends");
	if (t->mode == KEYDB_MODE_TRANSPORT && has_ends && t->src.sa.sa_family != *family)
		return parser_fail(p, policy, "transport mode cannot change the address family");
	if (has_ends)
		*family = t->src.sa.sa_family;
	return 0;
}

static int check_policy(struct parser *p, const struct token *policy, const struct command *c)
{
	const struct keydb_policy *pol = &c->policy;
	sa_family_t family = pol->sel.src.sa.sa_family;
	if (pol->action == KEYDB_ACTION_ENTRUST || pol->action == KEYDB_ACTION_BYPASS)
		return parser_fail(p, policy, "entrust and bypass are for sockets only");
	for (size_t i = 0; i < pol->n_templates; i++) {
		int rc = check_template(p, policy, &family, &pol->templates[i]);
		if (rc)
			return rc;
	}
	if (pol->action == KEYDB_ACTION_IPSEC && !pol->n_templates && c->kind != COMMAND_SPDDELETE)
		return parser_fail(p, policy, "ipsec needs a request, like esp/transport//require");
	return 0;
}

/* The text behind -P into pol, whose selector is set. */
static int parse_policy_text(struct parser *p, const struct token *t, struct command *c)
{
	struct keydb_policy *pol = &c->policy;
	struct keydb_policy parsed;
	const char *why = NULL;
	size_t at = 0;
	char *text = policy_copy(t);
	if (!text)
		return -ENOMEM;
	memset(&parsed, 0, sizeof(parsed));
	int rc = keydb_policy_parse(text, &parsed, &at, &why);
	free(text);
	if (rc)
		return fail_policy(p, t, at, why ? why : "not a policy");
	pol->dir = parsed.dir;
	pol->action = parsed.action;
	pol->priority = parsed.priority;
	pol->n_templates = parsed.n_templates;
	memcpy(pol->templates, parsed.templates, sizeof(pol->templates));
	return check_policy(p, t, c);
}

/* "in", "out" or "fwd" alone, all that spddelete needs. */
static int lone_dir(const struct token *t)
{
	for (size_t i = 0; i < N_ELEMENTS(dirs); i++)
		if (token_is(t, dirs[i].word))
			return dirs[i].value;
	return NO_POLICY_DIR;
}

static int parse_policy(struct parser *p, struct command *c)
{
	struct token option = p->tok;
	if (!token_is(&option, "-P"))
		return parser_fail(p, &option, "expected -P and the policy");
	struct token policy = lex_policy(&p->lex);
	p->tok = lex_next(&p->lex);
	if (policy.kind == TOKEN_END)
		return parser_fail(p, &option, "the policy is not ended by ';'");
	if (policy.kind == TOKEN_BAD || policy.len == 0)
		return parser_fail(p, &policy, "expected in, out or fwd");
	int dir = lone_dir(&policy);
	if (dir != NO_POLICY_DIR && c->kind != COMMAND_SPDDELETE)
		return parser_fail(p, &policy, "expected an action behind it");
	if (dir != NO_POLICY_DIR) {
		c->policy.dir = (uint8_t)dir;
		return 0;
	}
	return parse_policy_text(p, &policy, c);
}

/* ---- options ---- */

static const struct choice flags[] = {
	{ "localok", KEYDB_POLICY_LOCALOK, NULL },
	{ "icmp", KEYDB_POLICY_ICMP, NULL },
};

static int option_flag(struct parser *p, struct keydb_policy *pol)
{
	struct err err = { 0 };
	struct token t = parser_advance(p);
	int flag = 0, rc = word_choose(&t, "flag", flags, N_ELEMENTS(flags), &flag, &err);
	pol->flags |= (uint8_t)flag;
	return parser_check(p, &t, rc, &err);
}

static int option_ctx(struct parser *p, struct keydb_policy *pol)
{
	memset(pol->ctx, 0, sizeof(pol->ctx));
	return parser_ctx(p, &pol->ctx_doi, &pol->ctx_alg, &pol->ctx_len, pol->ctx);
}

static int option_if_id(struct parser *p, struct keydb_policy *pol)
{
	uint64_t n = 0;
	int rc = parser_number(p, "interface id", UINT32_MAX, &n);
	pol->if_id = (uint32_t)n;
	return rc;
}

static int option_mark(struct parser *p, struct keydb_policy *pol)
{
	return parser_mark(p, &pol->mark);
}

static int option_device(struct parser *p, struct keydb_policy *pol)
{
	return parser_device(p, &pol->sel.ifindex);
}

static int option_sub(struct parser *p, struct keydb_policy *pol)
{
	(void)p;
	pol->sub = true;
	return 0;
}

static const struct {
	const char *word;
	int (*parse)(struct parser *p, struct keydb_policy *pol);
} options[] = {
	/* clang-format off */
	{ "-ctx",   option_ctx },
	{ "-dev",   option_device },
	{ "-f",     option_flag },
	{ "-if_id", option_if_id },
	{ "-mark",  option_mark },
	{ "-sub",   option_sub },
	/* clang-format on */
};

static int no_option(struct parser *p)
{
	const char *words[N_ELEMENTS(options)];
	if (p->tok.kind != TOKEN_WORD || p->tok.text[0] != '-')
		return parser_fail(p, &p->tok, "expected -P and the policy");
	for (size_t i = 0; i < N_ELEMENTS(options); i++)
		words[i] = options[i].word;
	return parser_no_option(p, words, N_ELEMENTS(options));
}

static int parse_option(struct parser *p, struct keydb_policy *pol)
{
	int rc = parser_limit(p, &pol->limits);
	if (rc)
		return rc < 0 ? rc : 0;
	for (size_t i = 0; i < N_ELEMENTS(options); i++) {
		if (!token_is(&p->tok, options[i].word))
			continue;
		parser_advance(p);
		return options[i].parse(p, pol);
	}
	return no_option(p);
}

/* ---- the commands ---- */

/* What packet filters of BSD call the packets; understood, so that the message can say so. */
static int parse_tagged(struct parser *p, struct command *c)
{
	struct token word = parser_advance(p);
	if (p->tok.kind != TOKEN_STRING)
		return parser_fail(p, &p->tok, "expected the tag as \"text\"");
	parser_advance(p);
	int rc = parse_policy(p, c);
	return rc ? rc : parser_fail(p, &word, "Linux has no packet tags, use addresses or -mark");
}

int parser_spd(struct parser *p, struct command *c)
{
	struct keydb_policy *pol = &c->policy;
	struct address_flags address_flags = { 0 };
	parser_address_flags(p, &address_flags);
	if (token_is(&p->tok, "tagged"))
		return parse_tagged(p, c);
	int rc = parser_selector(p, &address_flags, &pol->sel);
	while (!rc && !token_is(&p->tok, "-P"))
		rc = parse_option(p, pol);
	if (!rc)
		rc = parse_policy(p, c);
	if (!rc)
		rc = parser_expect_end(p);
	return rc ? rc : command_list_add(p->out, c);
}
