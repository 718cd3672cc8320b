/* SPDX-License-Identifier: BSD-2-Clause */
/* The options that SAs and policies have in common. */
#include "setkey_parser.h"

#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>

enum { OPTIONS_MAX = 64 };

/* clang-format off */
static const struct {
	const char *word, *what;
	size_t offset;
} limits[PARSER_LIMITS] = {
	{ "-lh", "seconds", offsetof(struct keydb_limits, hard_add_sec) },
	{ "-ls", "seconds", offsetof(struct keydb_limits, soft_add_sec) },
	{ "-uh", "seconds", offsetof(struct keydb_limits, hard_use_sec) },
	{ "-us", "seconds", offsetof(struct keydb_limits, soft_use_sec) },
	{ "-bh", "bytes",   offsetof(struct keydb_limits, hard_bytes) },
	{ "-bs", "bytes",   offsetof(struct keydb_limits, soft_bytes) },
	{ "-ph", "packets", offsetof(struct keydb_limits, hard_packets) },
	{ "-ps", "packets", offsetof(struct keydb_limits, soft_packets) },
};
/* clang-format on */

/* 0 means no limit, to PF_KEY and to keydb; UINT64_MAX does too. */
int parser_limit(struct parser *p, struct keydb_limits *l)
{
	for (size_t i = 0; i < N_ELEMENTS(limits); i++) {
		uint64_t n = 0;
		if (!token_is(&p->tok, limits[i].word))
			continue;
		parser_advance(p);
		int rc = parser_number(p, limits[i].what, UINT64_MAX - 1, &n);
		memcpy((char *)l + limits[i].offset, &n, sizeof(n));
		return rc ? rc : 1;
	}
	return 0;
}

size_t parser_limit_words(const char *ret[PARSER_LIMITS])
{
	for (size_t i = 0; i < N_ELEMENTS(limits); i++)
		ret[i] = limits[i].word;
	return N_ELEMENTS(limits);
}

int parser_no_option(struct parser *p, const char *const *words, size_t n)
{
	const char *all[OPTIONS_MAX];
	struct err err = { 0 };
	size_t n_all = parser_limit_words(all);
	if (p->tok.kind == TOKEN_END)
		return parser_expect_end(p);
	for (size_t i = 0; i < n && n_all < OPTIONS_MAX; i++)
		all[n_all++] = words[i];
	return parser_check(p, &p->tok, word_unknown(&p->tok, "option", all, n_all, &err), &err);
}

int parser_mark(struct parser *p, struct keydb_mark *ret)
{
	uint64_t value = 0, mask = UINT32_MAX;
	int rc = parser_number(p, "mark", UINT32_MAX, &value);
	if (!rc && parser_take_mark(p, '/'))
		rc = parser_number(p, "mask", UINT32_MAX, &mask);
	*ret = (struct keydb_mark){ .value = (uint32_t)value, .mask = (uint32_t)mask };
	return rc;
}

int parser_device(struct parser *p, uint32_t *ret_ifindex)
{
	char name[IF_NAMESIZE] = "";
	struct err err = { 0 };
	uint64_t n = 0;
	struct token t = parser_advance(p);
	if (word_is_number(&t)) {
		int rc = word_number(&t, "interface", 1, INT32_MAX, &n, &err);
		*ret_ifindex = (uint32_t)n;
		return parser_check(p, &t, rc, &err);
	}
	if (t.kind != TOKEN_WORD)
		return parser_fail(p, &t, "expected a network interface");
	if (t.len < sizeof(name))
		memcpy(name, t.text, t.len);
	*ret_ifindex = if_nametoindex(name);
	return *ret_ifindex ? 0 : parser_fail(p, &t, "no such network interface here");
}
