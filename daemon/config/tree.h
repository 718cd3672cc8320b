/* SPDX-License-Identifier: BSD-2-Clause */
/* Tokens -> statements: words up to a ';', or up to a block of further statements. */
#ifndef TANUKI_CONFIG_TREE_H
#define TANUKI_CONFIG_TREE_H

#include "config/lex.h"

enum { TREE_TOKENS_MAX = 256, TREE_DEPTH_MAX = 8, TREE_INCLUDE_DEPTH_MAX = 10 };

struct statement {
	struct statement *next;
	struct statement *children; /* of the block */
	bool block;
	size_t n_tokens; /* at least 1 */
	struct token *tokens;
};

/*
 * Reads text (len bytes) and the files it includes; statements live in the arena.  "include"
 * and "path include" are carried out here, because what they bring is text.
 */
MUST_USE int tree_parse(const char *file, const char *text, size_t len, struct arena *arena,
			struct statement **ret, struct err *err);
/* The same for a file. */
MUST_USE int tree_load(const char *path, struct arena *arena, struct statement **ret,
		       struct err *err);

#endif
