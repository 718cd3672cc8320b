/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts a setkey script into tokens. */
#include "setkey_lex.h"

#include "base/fmt.h"

#include <ctype.h>
#include <string.h>

enum {
	SHOWN_BYTES = 40,     /* of a word in a message */
	KEY_MIN_DIGITS = 16,  /* 64 bits; longer than any other number */
	SHOWN_HEX_BYTES = 10, /* "0x" and an SPI; longer ones may be keys */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_mark(char c)
{
	return c == ';' || c == '[' || c == ']' || c == '/' || c == ',';
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static bool is_word(char c)
{
	return !is_control(c) && !is_blank(c) && !is_mark(c) && c != '"' && c != '#';
}

struct lexer lex_of(const char *text, size_t len, struct place first)
{
	return (struct lexer){ .begin = text, .p = text, .end = text + len, .at = first };
}

static void step(struct lexer *l)
{
	l->at.column++;
	if (*l->p++ == '\n') {
		l->at.line++;
		l->at.column = 1;
	}
}

bool lex_is_comment(const char *begin, const char *p, const char *end)
{
	static const char *const levels[] = { "unique", "use", "require" };
	bool is_number = p + 1 < end && p[1] >= '0' && p[1] <= '9';
	for (size_t i = 0; is_number && i < N_ELEMENTS(levels); i++) {
		size_t len = strlen(levels[i]);
		if ((size_t)(p - begin) >= len && !memcmp(p - len, levels[i], len))
			return false;
	}
	return true;
}

static void skip_blanks(struct lexer *l)
{
	bool in_comment = false;
	for (; l->p < l->end; step(l)) {
		if (*l->p == '\n')
			in_comment = false;
		else if (*l->p == '#')
			in_comment = in_comment || lex_is_comment(l->begin, l->p, l->end);
		if (!in_comment && !is_blank(*l->p))
			return;
	}
}

static struct token token_here(const struct lexer *l, enum token_kind kind)
{
	return (struct token){ .kind = kind, .text = l->p, .at = l->at };
}

static struct token lex_string(struct lexer *l)
{
	struct token t = token_here(l, TOKEN_STRING);
	step(l);
	t.text = l->p;
	while (l->p < l->end && *l->p != '"')
		step(l);
	t.len = (size_t)(l->p - t.text);
	if (l->p == l->end)
		t.kind = TOKEN_OPEN;
	else
		step(l);
	return t;
}

struct token lex_next(struct lexer *l)
{
	skip_blanks(l);
	struct token t = token_here(l, TOKEN_END);
	if (l->p == l->end)
		return t;
	if (*l->p == '"')
		return lex_string(l);
	if (is_word(*l->p)) {
		t.kind = TOKEN_WORD;
		while (l->p < l->end && is_word(*l->p))
			step(l);
	} else {
		t.kind = is_mark(*l->p) ? TOKEN_MARK : TOKEN_BAD;
		step(l);
	}
	t.len = (size_t)(l->p - t.text);
	return t;
}

struct token lex_policy(struct lexer *l)
{
	skip_blanks(l);
	struct token t = token_here(l, TOKEN_WORD);
	const char *text_end = l->p;
	while (l->p < l->end && *l->p != ';') {
		if (is_control(*l->p)) {
			t = token_here(l, TOKEN_BAD);
			t.len = 1;
			step(l);
			return t;
		}
		step(l);
		text_end = l->p;
		skip_blanks(l);
	}
	t.len = (size_t)(text_end - t.text);
	if (l->p == l->end)
		t.kind = TOKEN_END;
	return t;
}

struct place token_place(const struct token *t, size_t offset)
{
	struct place at = t->at;
	for (size_t i = 0; i < offset && i < t->len; i++) {
		at.column++;
		if (t->text[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return at;
}

bool token_is(const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD && t->len == strlen(word) && !memcmp(t->text, word, t->len);
}

bool token_is_mark(const struct token *t, char mark)
{
	return t->kind == TOKEN_MARK && *t->text == mark;
}

/* With or without 0x in front. */
static bool may_be_key(const struct token *t)
{
	size_t digits = 0;
	while (digits < t->len && isxdigit((unsigned char)t->text[digits]))
		digits++;
	if (t->len > SHOWN_HEX_BYTES && t->text[0] == '0' &&
	    (t->text[1] == 'x' || t->text[1] == 'X'))
		return true;
	return digits >= KEY_MIN_DIGITS;
}

const char *token_text(const struct token *t, char *buf)
{
	struct fmt f = fmt_of(buf, TOKEN_TEXT_MAX_BYTES);
	if (t->kind == TOKEN_END)
		fmt_add(&f, "end of file");
	else if (t->kind == TOKEN_STRING || t->kind == TOKEN_OPEN)
		fmt_add(&f, "\"...\"");
	else if (may_be_key(t))
		fmt_add(&f, "0x...");
	else
		fmt_add_escaped(&f, slice_of(t->text, t->len < SHOWN_BYTES ? t->len : SHOWN_BYTES));
	return buf;
}

size_t lex_scan(struct lex_scan *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s->in_comment)
			s->in_comment = text[i] != '\n';
		else if (text[i] == '"')
			s->in_string = !s->in_string;
		else if (s->in_string)
			continue;
		else if (text[i] == '#')
			s->in_comment = lex_is_comment(text, text + i, text + len);
		else if (text[i] == ';')
			return i + 1;
	}
	return 0;
}
