/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the words of one statement, one after the other, with errors that point at them. */
#ifndef TANUKI_CONFIG_ARGS_H
#define TANUKI_CONFIG_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "config/tree.h"

struct args {
	const struct statement *st;
	size_t next;
	struct err *err;
};

struct args args_of(const struct statement *st, size_t next, struct err *err);
/* The word that comes next, or the statement's last one if there is none: for errors. */
const struct token *args_here(const struct args *a);
bool args_left(const struct args *a);
/* True, and passes it, if the next word is this one. */
bool args_take_word(struct args *a, const char *word);
bool args_take_punct(struct args *a, char punct);
/* -EINVAL with the place and what was expected. */
int args_error(const struct args *a, const char *fmt, ...) PRINTF(2, 3);

/* Each reads one value; -EINVAL with err filled, *ret then untouched. */
MUST_USE int args_word(struct args *a, const char *what, const char **ret);   /* word or string */
MUST_USE int args_string(struct args *a, const char *what, const char **ret); /* "..." only */
MUST_USE int args_number(struct args *a, int64_t min, int64_t max, int64_t *ret);
/* One of the words; *ret is its index.  A misspelt one is named with the nearest. */
MUST_USE int args_choice(struct args *a, const char *const *words, size_t n, size_t *ret);
MUST_USE int args_bool(struct args *a, bool *ret);
/* "8 hour"; a number without a unit counts as default_unit_ms. */
MUST_USE int args_duration(struct args *a, int64_t default_unit_ms, int64_t *ret_ms);
MUST_USE int args_bytes(struct args *a, uint64_t *ret);
/* "192.0.2.1 [500]": the port is optional. */
MUST_USE int args_addr(struct args *a, struct addr *ret);
MUST_USE int args_port(struct args *a, uint16_t *ret);
/* Nothing may be left. */
MUST_USE int args_end(const struct args *a);

#endif
