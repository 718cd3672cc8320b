/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tokens of a setkey script.  White space separates, '#' starts a comment anywhere but in
 * a quoted string and in "unique#N" (so -DP prints large reqids, also with use and require), and
 * the marks ; [ ] / , stand for themselves.  What follows -P up to the ';' is one token, the policy.
 */
#ifndef TANUKI_TOOLS_SETKEY_LEX_H
#define TANUKI_TOOLS_SETKEY_LEX_H

#include "setkey.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_STRING, /* text is what stands between the quotes */
	TOKEN_MARK,   /* one character of ;[]/, */
	TOKEN_BAD,    /* a control character */
	TOKEN_OPEN,   /* a string that is not closed */
};

struct token {
	enum token_kind kind;
	const char *text; /* borrowed from the script; no terminating zero */
	size_t len;
	struct place at;
};

struct lexer {
	const char *begin, *p, *end;
	struct place at; /* of p */
};

struct lexer lex_of(const char *text, size_t len, struct place first);
struct token lex_next(struct lexer *l);
/* Does the '#' at p of the text from begin to end start a comment? */
bool lex_is_comment(const char *begin, const char *p, const char *end);
/* The rest of the command up to its ';' (which stays) without blanks around it; comments inside
 * are part of the text.  TOKEN_END if there is no ';', TOKEN_BAD if there is a control character. */
struct token lex_policy(struct lexer *l);
/* The place of the byte at offset in a token that may go over several lines. */
struct place token_place(const struct token *t, size_t offset);
bool token_is(const struct token *t, const char *word);
bool token_is_mark(const struct token *t, char mark);
/* For messages, into buf: the word, escaped and cut; never a key (long hex and strings are
 * not shown). */
enum { TOKEN_TEXT_MAX_BYTES = 64 };
const char *token_text(const struct token *t, char *buf);

/* Tells in a stream of text where a command ends; all zero is the start.  A piece of text must
 * not end within "unique#N". */
struct lex_scan {
	bool in_string, in_comment;
};
/* Offset behind the next ';' in text, or 0 if there is none and all of it is scanned. */
size_t lex_scan(struct lex_scan *s, const char *text, size_t len);

#endif
