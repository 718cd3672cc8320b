/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the setkey parser share: one token is looked at ahead, and a function that
 * fails has reported why and where.  They return 0, -EINVAL or -ENOMEM.
 */
#ifndef TANUKI_TOOLS_SETKEY_PARSER_H
#define TANUKI_TOOLS_SETKEY_PARSER_H

#include "setkey_word.h"

struct parser {
	struct lexer lex;
	struct token tok; /* the next one */
	const struct script *script;
	struct command_list *out;
	size_t errors;
	bool over; /* "exit" was met */
};

/* An address or range as written; a name may have several addresses. */
struct endpoint {
	struct token at;
	struct addr addrs[WORD_ADDRS_MAX];
	size_t n_addrs;
	bool has_port;
	struct token port_at;
	bool has_port_mask; /* "[80/0xfff0]" */
	uint16_t port_mask;
	struct token bits_at;
	int bits; /* -1: not given */
};

/* Reports "word: why" at the token; an error counts, a warning does not. */
void parser_say(struct parser *p, const struct token *t, bool is_warning, const char *why);
/* Reports an error and returns -EINVAL. */
PRINTF(3, 4) int parser_fail(struct parser *p, const struct token *t, const char *format, ...);
/* Reports what a word_*() function put into err if rc says that it failed. */
int parser_check(struct parser *p, const struct token *t, int rc, const struct err *err);

/* The next token; the ';' that ends the command stays the next one. */
struct token parser_advance(struct parser *p);
/* Takes the mark if it is next. */
bool parser_take_mark(struct parser *p, char mark);
/* Takes a number of 0..max. */
MUST_USE int parser_number(struct parser *p, const char *what, uint64_t max, uint64_t *ret);
/* The ';' must be next; it stays. */
MUST_USE int parser_expect_end(struct parser *p);

void parser_address_flags(struct parser *p, struct address_flags *flags);
MUST_USE int parser_address(struct parser *p, const struct address_flags *flags,
			    struct endpoint *e);
/* "[port]" or "[port/mask]" behind an address, if it is there. */
MUST_USE int parser_port_brackets(struct parser *p, struct endpoint *e);
bool parser_same_family(const struct addr *a, const struct addr *b);
/* DOI ALGORITHM "CONTEXT": the label of a security module. */
MUST_USE int parser_ctx(struct parser *p, uint8_t *ret_doi, uint8_t *ret_alg, uint16_t *ret_len,
			char ret_ctx[KEYDB_CTX_MAX_BYTES]);
/* RANGE RANGE UPPER [UPPERARG] (setkey_parse_selector.c). */
MUST_USE int parser_selector(struct parser *p, const struct address_flags *flags,
			     struct keydb_selector *sel);
/* Is it a word that starts a command? */
bool parser_is_verb(const struct token *t);

/* ---- options that SAs and policies share (setkey_parse_option.c) ---- */

/* NAME of a network interface, or its number. */
MUST_USE int parser_device(struct parser *p, uint32_t *ret_ifindex);
/* VALUE[/MASK], the mask of all bits if left out. */
MUST_USE int parser_mark(struct parser *p, struct keydb_mark *ret);
/* One of -lh -ls -bh -bs -ph -ps -uh -us?  Then takes it with its number: 1; else 0. */
MUST_USE int parser_limit(struct parser *p, struct keydb_limits *l);
/* Their words, for the error about an unknown option; returns how many. */
enum { PARSER_LIMITS = 8 };
size_t parser_limit_words(const char *ret[PARSER_LIMITS]);
/* Reports that the next word is none of the options. */
int parser_no_option(struct parser *p, const char *const *words, size_t n);

/* ---- commands ---- */

/* The commands, called behind their first word with c->kind and c->at set: each appends to
 * p->out and leaves the ';' as the next token. */
int parser_sa(struct parser *p, struct command *c); /* add update get getspi delete */
int parser_deleteall(struct parser *p, struct command *c);
int parser_table(struct parser *p, struct command *c); /* flush dump */
int parser_spd(struct parser *p, struct command *c);   /* spdadd spdupdate spddelete */

#endif
