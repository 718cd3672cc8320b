/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of a racoon.conf -> tokens that know where they stand. */
#ifndef TANUKI_CONFIG_LEX_H
#define TANUKI_CONFIG_LEX_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

enum token_kind {
	TOKEN_WORD,   /* letters, digits and what addresses, names and numbers are made of */
	TOKEN_STRING, /* "...", without the quotes */
	TOKEN_PUNCT,  /* one of { } ; , [ ] */
	TOKEN_END,
};

struct token {
	enum token_kind kind;
	const char *text; /* zero terminated, in the arena */
	const char *file;
	int line, column; /* from 1 */
};

struct lex {
	const char *file;
	const char *p, *end;
	int line, column;
	struct arena *arena;
};

/* All is borrowed and must outlive the tokens. */
void lex_init(struct lex *l, const char *file, const char *text, size_t len, struct arena *arena);
/* The next token; -EINVAL (unfinished string, stray byte) or -ENOMEM with err filled. */
MUST_USE int lex_next(struct lex *l, struct token *ret, struct err *err);
/* Fills err with "file:line:column: ..." and returns code. */
int token_error(struct err *err, int code, const struct token *t, const char *fmt, ...)
	PRINTF(4, 5);
bool token_is(const struct token *t, char punct);

#endif
