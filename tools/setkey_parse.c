/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of setkey scripts, command by command:
 *
 *   add|update         setkey_parse_sa.c, its options in setkey_parse_sa_option.c
 *               [-n46] ADDR[port] ADDR[port] PROTO SPI {OPTION} ALGORITHM ;
 *   get|getspi|delete
 *               [-n46] ADDR[port] ADDR[port] PROTO SPI {OPTION} ;
 *   deleteall   [-n46] ADDR ADDR PROTO ;
 *   flush|dump  [PROTO] ;
 *   spdadd|spdupdate|spddelete      setkey_parse_spd.c, setkey_parse_selector.c
 *               [-n46] RANGE RANGE UPPER [UPPERARG] {OPTION} -P POLICY ;
 *   spddump ;  spdflush ;  exit
 *
 * After a mistake the loop goes on behind the next ';', so that one run shows many.
 */
#include "setkey_parser.h"

#include "base/fmt.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { MESSAGE_MAX_BYTES = ERR_TEXT_MAX_BYTES + TOKEN_TEXT_MAX_BYTES };

/* ---- messages ---- */

static void report(struct parser *p, struct place at, bool is_warning, const char *text)
{
	struct script_message m = {
		.file = p->script->file, .at = at, .is_warning = is_warning, .text = text
	};
	if (!is_warning)
		p->errors++;
	p->script->report(p->script->report_arg, &m);
}

void parser_say(struct parser *p, const struct token *t, bool is_warning, const char *why)
{
	char text[MESSAGE_MAX_BYTES], word[TOKEN_TEXT_MAX_BYTES];
	struct fmt f = fmt_of(text, sizeof(text));
	if (t->kind == TOKEN_OPEN)
		why = "the string is not closed";
	else if (t->kind == TOKEN_BAD)
		why = "a control character cannot stand here";
	fmt_add(&f, "%s: %s", token_text(t, word), why);
	report(p, t->at, is_warning, text);
}

int parser_fail(struct parser *p, const struct token *t, const char *format, ...)
{
	char why[ERR_TEXT_MAX_BYTES];
	va_list ap;
	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	parser_say(p, t, false, why);
	return -EINVAL;
}

int parser_check(struct parser *p, const struct token *t, int rc, const struct err *err)
{
	if (rc)
		parser_say(p, t, false, err->text);
	return rc ? -EINVAL : 0;
}

/* ---- tokens ---- */

struct token parser_advance(struct parser *p)
{
	struct token taken = p->tok;
	if (!token_is_mark(&taken, ';'))
		p->tok = lex_next(&p->lex);
	return taken;
}

bool parser_take_mark(struct parser *p, char mark)
{
	if (!token_is_mark(&p->tok, mark))
		return false;
	p->tok = lex_next(&p->lex);
	return true;
}

int parser_number(struct parser *p, const char *what, uint64_t max, uint64_t *ret)
{
	struct err err = { 0 };
	struct token t = parser_advance(p);
	return parser_check(p, &t, word_number(&t, what, 0, max, ret, &err), &err);
}

int parser_expect_end(struct parser *p)
{
	if (token_is_mark(&p->tok, ';'))
		return 0;
	return parser_fail(p, &p->tok, "expected ';'");
}

void parser_address_flags(struct parser *p, struct address_flags *flags)
{
	while (word_is_address_flag(&p->tok)) {
		struct token t = parser_advance(p);
		flags->numeric |= memchr(t.text, 'n', t.len) != NULL;
		flags->v4 |= memchr(t.text, '4', t.len) != NULL;
		flags->v6 |= memchr(t.text, '6', t.len) != NULL;
	}
}

int parser_port_brackets(struct parser *p, struct endpoint *e)
{
	if (!parser_take_mark(p, '['))
		return 0;
	if (p->tok.kind != TOKEN_WORD)
		return parser_fail(p, &p->tok, "expected a port");
	e->port_at = parser_advance(p);
	e->has_port = true;
	if (parser_take_mark(p, '/')) {
		uint64_t mask = 0;
		int rc = parser_number(p, "port mask", UINT16_MAX, &mask);
		if (rc)
			return rc;
		e->has_port_mask = true;
		e->port_mask = (uint16_t)mask;
	}
	return parser_take_mark(p, ']') ? 0
					: parser_fail(p, &p->tok, "expected ']' behind the port");
}

int parser_address(struct parser *p, const struct address_flags *flags, struct endpoint *e)
{
	struct address_flags wanted = *flags;
	struct err err = { 0 };
	memset(e, 0, sizeof(*e));
	e->bits = -1;
	if (p->tok.kind != TOKEN_WORD)
		return parser_fail(p, &p->tok, "expected an address");
	e->at = parser_advance(p);
	wanted.numeric = wanted.numeric || p->script->numeric;
	int rc = word_addresses(&e->at, &wanted, e->addrs, &e->n_addrs, &err);
	return parser_check(p, &e->at, rc, &err);
}

bool parser_same_family(const struct addr *a, const struct addr *b)
{
	return addr_len(a) == addr_len(b);
}

int parser_ctx(struct parser *p, uint8_t *ret_doi, uint8_t *ret_alg, uint16_t *ret_len,
	       char ret_ctx[KEYDB_CTX_MAX_BYTES])
{
	uint64_t doi = 0, alg = 0;
	int rc = parser_number(p, "context DOI", UINT8_MAX, &doi);
	if (!rc)
		rc = parser_number(p, "context algorithm", UINT8_MAX, &alg);
	if (rc)
		return rc;
	if (p->tok.kind != TOKEN_STRING)
		return parser_fail(p, &p->tok, "expected the context as \"text\"");
	if (p->tok.len == 0 || p->tok.len >= KEYDB_CTX_MAX_BYTES)
		return parser_fail(p, &p->tok, "a context has 1 to %d bytes",
				   KEYDB_CTX_MAX_BYTES - 1);
	struct token t = parser_advance(p);
	memcpy(ret_ctx, t.text, t.len);
	*ret_doi = (uint8_t)doi;
	*ret_alg = (uint8_t)alg;
	*ret_len = (uint16_t)t.len;
	return 0;
}

/* spddump, spdflush: the word is all. */
static int parse_bare(struct parser *p, struct command *c)
{
	int rc = parser_expect_end(p);
	return rc ? rc : command_list_add(p->out, c);
}

/* What follows is not read, so the ';' does not matter. */
static int parse_exit(struct parser *p, struct command *c)
{
	p->over = true;
	return command_list_add(p->out, c);
}

/* ---- commands ---- */

static const struct choice verbs[] = {
	/* clang-format off */
	{ "add",       COMMAND_ADD,       NULL },
	{ "update",    COMMAND_UPDATE,    NULL },
	{ "get",       COMMAND_GET,       NULL },
	{ "getspi",    COMMAND_GETSPI,    NULL },
	{ "delete",    COMMAND_DELETE,    NULL },
	{ "deleteall", COMMAND_DELETEALL, NULL },
	{ "flush",     COMMAND_FLUSH,     NULL },
	{ "dump",      COMMAND_DUMP,      NULL },
	{ "spdadd",    COMMAND_SPDADD,    NULL },
	{ "spdupdate", COMMAND_SPDUPDATE, NULL },
	{ "spddelete", COMMAND_SPDDELETE, NULL },
	{ "spddump",   COMMAND_SPDDUMP,   NULL },
	{ "spdflush",  COMMAND_SPDFLUSH,  NULL },
	{ "exit",      COMMAND_EXIT,      NULL },
	{ "quit",      COMMAND_EXIT,      NULL },
	{ "bye",       COMMAND_EXIT,      NULL },
	/* clang-format on */
};

static int (*const verb_parsers[])(struct parser *p, struct command *c) = {
	[COMMAND_ADD] = parser_sa,        [COMMAND_UPDATE] = parser_sa,
	[COMMAND_GET] = parser_sa,        [COMMAND_GETSPI] = parser_sa,
	[COMMAND_DELETE] = parser_sa,     [COMMAND_DELETEALL] = parser_deleteall,
	[COMMAND_FLUSH] = parser_table,   [COMMAND_DUMP] = parser_table,
	[COMMAND_SPDADD] = parser_spd,    [COMMAND_SPDUPDATE] = parser_spd,
	[COMMAND_SPDDELETE] = parser_spd, [COMMAND_SPDDUMP] = parse_bare,
	[COMMAND_SPDFLUSH] = parse_bare,  [COMMAND_EXIT] = parse_exit,
};

bool parser_is_verb(const struct token *t)
{
	for (size_t i = 0; i < N_ELEMENTS(verbs); i++)
		if (token_is(t, verbs[i].word))
			return true;
	return false;
}

static int parse_command(struct parser *p)
{
	struct err err = { 0 };
	struct command c;
	int kind = 0;
	struct token verb = parser_advance(p);
	int rc = word_choose(&verb, "command", verbs, N_ELEMENTS(verbs), &kind, &err);
	if (rc)
		return parser_check(p, &verb, rc, &err);
	memset(&c, 0, sizeof(c));
	c.kind = (enum command_kind)kind;
	c.at = verb.at;
	rc = verb_parsers[kind](p, &c);
	explicit_bzero(&c, sizeof(c));
	return rc;
}

static void skip_command(struct parser *p)
{
	while (p->tok.kind != TOKEN_END && !token_is_mark(&p->tok, ';'))
		parser_advance(p);
}

int setkey_parse(const struct script *script, struct command_list *out)
{
	struct parser p = {
		.lex = lex_of(script->text, script->len, script->first),
		.script = script,
		.out = out,
	};
	parser_advance(&p);
	while (!p.over && p.tok.kind != TOKEN_END && p.errors < SCRIPT_ERRORS_MAX) {
		if (parser_take_mark(&p, ';'))
			continue;
		int rc = parse_command(&p);
		if (rc == -ENOMEM)
			return rc;
		if (rc)
			skip_command(&p);
	}
	return p.errors ? -EINVAL : 0;
}
