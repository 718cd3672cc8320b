/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements and includes of racoon.conf. */
#include "config/tree.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX_BYTES = 16 << 20, PATH_MAX_BYTES = 4096, TOKENS_STEP = 16 };

struct tree {
	struct arena *arena;
	char include_path[PATH_MAX_BYTES];
	int include_depth;
};

static int parse_block(struct tree *t, struct lex *l, int depth, struct statement **ret,
		       struct err *err);
static int load_file(struct tree *t, const char *path, struct statement **ret, struct err *err);

static int keep(struct tree *t, struct statement *s, const struct token *tok, struct err *err)
{
	if (s->n_tokens == TREE_TOKENS_MAX)
		return token_error(err, -EINVAL, tok,
				   "more than %d words in one statement: "
				   "is a ';' missing before this?",
				   TREE_TOKENS_MAX);
	if (s->n_tokens % TOKENS_STEP == 0) {
		struct token *more =
			arena_array(t->arena, s->n_tokens + TOKENS_STEP, sizeof(*more));
		if (!more)
			return token_error(err, -ENOMEM, tok, "the configuration is too large");
		if (s->n_tokens)
			memcpy(more, s->tokens, s->n_tokens * sizeof(*more));
		s->tokens = more;
	}
	s->tokens[s->n_tokens++] = *tok;
	return 0;
}

/* Reads one statement that begins with first. */
static int parse_statement(struct tree *t, struct lex *l, int depth, const struct token *first,
			   struct statement *s, struct err *err)
{
	struct token tok = *first;
	for (;;) {
		if (token_is(&tok, ';') || token_is(&tok, '{'))
			break;
		if (tok.kind == TOKEN_END || token_is(&tok, '}'))
			return token_error(err, -EINVAL, &tok, "';' is missing after \"%s\"",
					   s->tokens[s->n_tokens - 1].text);
		int rc = keep(t, s, &tok, err);
		if (rc == 0)
			rc = lex_next(l, &tok, err);
		if (rc)
			return rc;
	}
	if (token_is(&tok, ';'))
		return 0;
	if (depth == TREE_DEPTH_MAX)
		return token_error(err, -EINVAL, &tok, "blocks are nested too deeply");
	s->block = true;
	return parse_block(t, l, depth + 1, &s->children, err);
}

/* Appends the statements of every file that the pattern matches. */
static int include(struct tree *t, const struct statement *s, struct statement ***tail,
		   struct err *err)
{
	const struct token *word = &s->tokens[0];
	if (s->n_tokens != 2 || s->tokens[1].kind != TOKEN_STRING)
		return token_error(err, -EINVAL, word, "include \"file or pattern\";");
	if (t->include_depth == TREE_INCLUDE_DEPTH_MAX)
		return token_error(err, -EINVAL, word, "more than %d files include each other",
				   TREE_INCLUDE_DEPTH_MAX);
	char path[2 * PATH_MAX_BYTES];
	const char *name = s->tokens[1].text;
	bool relative = name[0] != '/' && name[0] != '~' && t->include_path[0];
	snprintf(path, sizeof(path), "%s%s%s", relative ? t->include_path : "", relative ? "/" : "",
		 name);
	glob_t g;
	if (glob(path, GLOB_TILDE, NULL, &g))
		return token_error(err, -ENOENT, &s->tokens[1], "no file matches %s", path);
	int rc = 0;
	t->include_depth++;
	for (size_t i = 0; i < g.gl_pathc && rc == 0; i++) {
		rc = load_file(t, g.gl_pathv[i], *tail, err);
		while (**tail)
			*tail = &(**tail)->next;
	}
	t->include_depth--;
	globfree(&g);
	return rc;
}

static void note_include_path(struct tree *t, const struct statement *s)
{
	if (s->n_tokens == 3 && strcmp(s->tokens[0].text, "path") == 0 &&
	    strcmp(s->tokens[1].text, "include") == 0)
		snprintf(t->include_path, sizeof(t->include_path), "%s", s->tokens[2].text);
}

static int add_statement(struct tree *t, struct lex *l, int depth, const struct token *first,
			 struct statement ***tail, struct err *err)
{
	struct statement *s = arena_alloc(t->arena, sizeof(*s));
	if (!s)
		return token_error(err, -ENOMEM, first, "the configuration is too large");
	int rc = parse_statement(t, l, depth, first, s, err);
	if (rc)
		return rc;
	if (depth == 0 && strcmp(s->tokens[0].text, "include") == 0)
		return include(t, s, tail, err);
	if (depth == 0)
		note_include_path(t, s);
	**tail = s;
	*tail = &s->next;
	return 0;
}

/* Statements up to the block's '}' (depth > 0) or the end of the file. */
static int parse_block(struct tree *t, struct lex *l, int depth, struct statement **ret,
		       struct err *err)
{
	struct statement **tail = ret;
	for (;;) {
		struct token tok;
		int rc = lex_next(l, &tok, err);
		if (rc)
			return rc;
		if (token_is(&tok, ';'))
			continue; /* an empty statement, also behind a '}' */
		if (tok.kind == TOKEN_END && depth > 0)
			return token_error(err, -EINVAL, &tok, "'}' is missing");
		if (tok.kind == TOKEN_END || (token_is(&tok, '}') && depth > 0))
			return 0;
		if (tok.kind != TOKEN_WORD)
			return token_error(err, -EINVAL, &tok,
					   "a statement cannot begin with \"%s\"", tok.text);
		rc = add_statement(t, l, depth, &tok, &tail, err);
		if (rc)
			return rc;
	}
}

static int parse_text(struct tree *t, const char *file, const char *text, size_t len,
		      struct statement **ret, struct err *err)
{
	struct lex l;
	lex_init(&l, file, text, len, t->arena);
	return parse_block(t, &l, 0, ret, err);
}

static int read_all(const char *path, struct arena *arena, char **ret_text, size_t *ret_len,
		    struct err *err)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return err_set(err, -errno, "%s: %m", path);
	size_t cap = 4096, len = 0, n;
	char *text = malloc(cap);
	while (text && (n = fread(text + len, 1, cap - len, f)) > 0) {
		len += n;
		if (len == cap) {
			char *more = cap < FILE_MAX_BYTES ? realloc(text, cap * 2) : NULL;
			if (!more)
				free(text);
			text = more;
			cap *= 2;
		}
	}
	int rc = ferror(f) ? -EIO : 0;
	fclose(f);
	char *copy = text && rc == 0 ? arena_alloc(arena, len + 1) : NULL;
	if (copy) {
		memcpy(copy, text, len);
		*ret_text = copy;
		*ret_len = len;
	}
	free(text);
	if (rc)
		return err_set(err, rc, "%s: cannot be read", path);
	return copy ? 0 : err_set(err, -EFBIG, "%s: too large", path);
}

static int load_file(struct tree *t, const char *path, struct statement **ret, struct err *err)
{
	char *text = NULL;
	size_t len = 0, name_len = strlen(path);
	int rc = read_all(path, t->arena, &text, &len, err);
	if (rc)
		return rc;
	char *name = arena_alloc(t->arena, name_len + 1);
	if (!name)
		return err_set(err, -ENOMEM, "%s: too large", path);
	memcpy(name, path, name_len);
	return parse_text(t, name, text, len, ret, err);
}

int tree_parse(const char *file, const char *text, size_t len, struct arena *arena,
	       struct statement **ret, struct err *err)
{
	struct tree t = { .arena = arena };
	struct statement *list = NULL;
	int rc = parse_text(&t, file, text, len, &list, err);
	if (rc == 0)
		*ret = list;
	return rc;
}

int tree_load(const char *path, struct arena *arena, struct statement **ret, struct err *err)
{
	struct tree t = { .arena = arena };
	struct statement *list = NULL;
	int rc = load_file(&t, path, &list, err);
	if (rc == 0)
		*ret = list;
	return rc;
}
