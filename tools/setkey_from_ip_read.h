/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the reader of ip's listings: words, and what the files of the reader share.
 *
 * An entry begins with a line that is not indented; its other lines are KEYWORD [VALUE...] groups,
 * one or more in a line.  A line indented by a tab and a blank belongs to the block that the line
 * before began ("lifetime config:").
 */
#ifndef TANUKI_TOOLS_SETKEY_FROM_IP_READ_H
#define TANUKI_TOOLS_SETKEY_FROM_IP_READ_H

#include "setkey_word.h"

/* In which part of a listing a keyword has its meaning. */
enum ip_part { IP_SA = 1u << 0, IP_POLICY = 1u << 1, IP_TEMPLATE = 1u << 2 };

/* What the indented lines behind a keyword are. */
enum ip_block { IP_BLOCK_NONE, IP_BLOCK_LIMITS, IP_BLOCK_REPLAY, IP_BLOCK_NUMBERS };

struct ip_reader {
	const char *p, *end; /* the rest of the line */
	struct place at;     /* of the line */
	enum ip_part part;
	enum ip_block block;
	struct command c; /* the entry */
	bool is_algless;  /* an SA without algorithms so far: larval */
	bool is_blocking; /* a policy's action */
	bool has_counters, has_limits;
	const char *skip; /* why the entry is left out on purpose */
	struct err err;
};

/* A keyword and what reads its values: 0, or a negative errno with r->err set. */
struct ip_keyword {
	const char *word;
	unsigned int parts; /* enum ip_part */
	int (*read)(struct ip_reader *r);
};
/* Ends with an empty word. */
extern const struct ip_keyword ip_sa_keywords[], ip_policy_keywords[];

/* ---- words (setkey_from_ip_word.c) ---- */

/* The next word of the line, of kind TOKEN_END behind the last one. */
struct token ip_next(struct ip_reader *r);
struct token ip_peek(const struct ip_reader *r);
/* Is the next word this one?  Then it is taken. */
bool ip_take(struct ip_reader *r, const char *word);
/* The rest of the line without blanks at its ends. */
struct token ip_rest(struct ip_reader *r);

/* Each takes one word; what follows it in parentheses, or a ',', does not count. */
MUST_USE int ip_number(struct ip_reader *r, const char *what, uint64_t max, uint64_t *ret);
MUST_USE int ip_u32(struct ip_reader *r, const char *what, uint32_t *ret);
MUST_USE int ip_address(struct ip_reader *r, union keydb_addr *ret);
MUST_USE int ip_choose(struct ip_reader *r, const char *what, const struct choice *choices,
		       size_t n, int *ret);
/* "VALUE/MASK", or "VALUE" with all bits of the mask. */
MUST_USE int ip_mark(struct ip_reader *r, struct keydb_mark *ret);

/* "src A/N dst A/N [proto P] ..." to the end of the line, the first word being src. */
MUST_USE int ip_selector(struct ip_reader *r, struct keydb_selector *ret);
/* A line of the block "lifetime config:". */
MUST_USE int ip_limits(struct ip_reader *r, struct keydb_limits *ret);

/* Keywords of SAs and policies alike. */
MUST_USE int ip_context(struct ip_reader *r, uint8_t *ret_doi, uint8_t *ret_alg, uint16_t *ret_len,
			char ret_ctx[KEYDB_CTX_MAX_BYTES]);
MUST_USE int ip_lifetime(struct ip_reader *r);
MUST_USE int ip_proto(struct ip_reader *r, uint8_t *ret);
MUST_USE int ip_mode(struct ip_reader *r, uint8_t *ret);
MUST_USE int ip_skip_line(struct ip_reader *r);
MUST_USE int ip_share(struct ip_reader *r);

/* ---- entries ---- */

/* A line of the block "anti-replay ...". */
MUST_USE int ip_replay(struct ip_reader *r);
/* What is to be set right when all of the entry is read; may set r->skip. */
MUST_USE int ip_sa_finish(struct ip_reader *r);
MUST_USE int ip_policy_finish(struct ip_reader *r);

#endif
