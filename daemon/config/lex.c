/* SPDX-License-Identifier: BSD-2-Clause */
/* Lexer of racoon.conf: comments, strings, words, punctuation. */
#include "config/lex.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { WORD_MAX_BYTES = 1024, STRING_MAX_BYTES = 4096 };

void lex_init(struct lex *l, const char *file, const char *text, size_t len, struct arena *arena)
{
	*l = (struct lex){
		.file = file,
		.p = text,
		.end = text + len,
		.line = 1,
		.column = 1,
		.arena = arena,
	};
}

int token_error(struct err *err, int code, const struct token *t, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX_BYTES];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, code, "%s:%d:%d: %s", t->file, t->line, t->column, text);
}

bool token_is(const struct token *t, char punct)
{
	return t->kind == TOKEN_PUNCT && t->text[0] == punct;
}

static void advance(struct lex *l)
{
	if (*l->p == '\n') {
		l->line++;
		l->column = 1;
	} else {
		l->column++;
	}
	l->p++;
}

static void skip_blanks(struct lex *l)
{
	while (l->p < l->end) {
		if (*l->p == '#') {
			while (l->p < l->end && *l->p != '\n')
				advance(l);
		} else if (isspace((unsigned char)*l->p)) {
			advance(l);
		} else {
			return;
		}
	}
}

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("_-.:/%*+@~=", c));
}

static int take_text(struct lex *l, const char *from, size_t len, struct token *t, struct err *err)
{
	char *text = arena_alloc(l->arena, len + 1);
	if (!text)
		return token_error(err, -ENOMEM, t, "the configuration is too large");
	memcpy(text, from, len);
	t->text = text;
	return 0;
}

static int take_string(struct lex *l, struct token *t, struct err *err)
{
	t->kind = TOKEN_STRING;
	advance(l);
	const char *from = l->p;
	while (l->p < l->end && *l->p != '"') {
		if (*l->p == '\0')
			return token_error(err, -EINVAL, t, "a zero byte inside a string");
		advance(l);
	}
	size_t len = (size_t)(l->p - from);
	if (l->p == l->end)
		return token_error(err, -EINVAL, t, "this string never ends: \" is missing");
	if (len > STRING_MAX_BYTES)
		return token_error(err, -EINVAL, t, "this string is longer than %d bytes",
				   STRING_MAX_BYTES);
	advance(l);
	return take_text(l, from, len, t, err);
}

static int take_word(struct lex *l, struct token *t, struct err *err)
{
	t->kind = TOKEN_WORD;
	const char *from = l->p;
	while (l->p < l->end && is_word_byte(*l->p))
		advance(l);
	size_t len = (size_t)(l->p - from);
	if (len > WORD_MAX_BYTES)
		return token_error(err, -EINVAL, t, "this word is longer than %d bytes",
				   WORD_MAX_BYTES);
	return take_text(l, from, len, t, err);
}

int lex_next(struct lex *l, struct token *ret, struct err *err)
{
	skip_blanks(l);
	struct token t = {
		.kind = TOKEN_END,
		.text = "end of file",
		.file = l->file,
		.line = l->line,
		.column = l->column,
	};
	int rc = 0;
	if (l->p == l->end) {
		*ret = t;
		return 0;
	}
	if (*l->p == '"') {
		rc = take_string(l, &t, err);
	} else if (is_word_byte(*l->p)) {
		rc = take_word(l, &t, err);
	} else if (*l->p != '\0' && strchr("{};,[]", *l->p)) {
		t.kind = TOKEN_PUNCT;
		rc = take_text(l, l->p, 1, &t, err);
		advance(l);
	} else {
		unsigned char c = (unsigned char)*l->p;
		return isprint(c) ? token_error(err, -EINVAL, &t, "'%c' has no meaning here", c)
				  : token_error(err, -EINVAL, &t, "byte 0x%02x has no meaning here",
						c);
	}
	if (rc == 0)
		*ret = t;
	return rc;
}
