/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of racoon.conf: numbers with units, choices, addresses. */
#include "config/args.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "base/fmt.h"

struct unit {
	const char *word;
	uint64_t factor;
};

static const struct unit time_units[] = {
	{ "sec", 1000 },     { "secs", 1000 },     { "second", 1000 },  { "seconds", 1000 },
	{ "min", 60000 },    { "mins", 60000 },    { "minute", 60000 }, { "minutes", 60000 },
	{ "hour", 3600000 }, { "hours", 3600000 }, { "day", 86400000 }, { "days", 86400000 },
	{ "ms", 1 },
};

static const struct unit byte_units[] = {
	{ "B", 1 },           { "byte", 1 },        { "bytes", 1 },       { "KB", 1ull << 10 },
	{ "MB", 1ull << 20 }, { "GB", 1ull << 30 }, { "TB", 1ull << 40 },
};

struct args args_of(const struct statement *st, size_t next, struct err *err)
{
	return (struct args){ .st = st, .next = next, .err = err };
}

const struct token *args_here(const struct args *a)
{
	return &a->st->tokens[a->next < a->st->n_tokens ? a->next : a->st->n_tokens - 1];
}

bool args_left(const struct args *a)
{
	return a->next < a->st->n_tokens;
}

int args_error(const struct args *a, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX_BYTES];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	const struct token *t = args_here(a);
	return args_left(a) ? token_error(a->err, -EINVAL, t, "\"%s\": %s", t->text, text)
			    : token_error(a->err, -EINVAL, t, "after \"%s\": %s", t->text, text);
}

bool args_take_word(struct args *a, const char *word)
{
	if (!args_left(a) || args_here(a)->kind != TOKEN_WORD ||
	    strcmp(args_here(a)->text, word) != 0)
		return false;
	a->next++;
	return true;
}

bool args_take_punct(struct args *a, char punct)
{
	if (!args_left(a) || !token_is(args_here(a), punct))
		return false;
	a->next++;
	return true;
}

int args_word(struct args *a, const char *what, const char **ret)
{
	if (!args_left(a) || args_here(a)->kind == TOKEN_PUNCT)
		return args_error(a, "%s expected", what);
	*ret = a->st->tokens[a->next++].text;
	return 0;
}

int args_string(struct args *a, const char *what, const char **ret)
{
	if (!args_left(a) || args_here(a)->kind != TOKEN_STRING)
		return args_error(a, "%s expected, in quotation marks", what);
	*ret = a->st->tokens[a->next++].text;
	return 0;
}

int args_number(struct args *a, int64_t min, int64_t max, int64_t *ret)
{
	const char *word = args_left(a) ? args_here(a)->text : "";
	char *end;
	errno = 0;
	long long v = strtoll(word, &end, 0);
	if (word[0] == '\0' || *end || errno || v < min || v > max)
		return args_error(a, "a number from %lld to %lld expected", (long long)min,
				  (long long)max);
	a->next++;
	*ret = v;
	return 0;
}

int args_choice(struct args *a, const char *const *words, size_t n, size_t *ret)
{
	const char *word = args_left(a) ? args_here(a)->text : "";
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], word) == 0) {
			a->next++;
			*ret = i;
			return 0;
		}
	}
	char list[256];
	struct fmt f = fmt_of(list, sizeof(list));
	for (size_t i = 0; i < n; i++)
		fmt_add(&f, "%s%s", i ? ", " : "", words[i]);
	const char *near = fmt_nearest(word, words, n);
	return args_error(a, "one of %s expected%s%s%s", list, near ? "; did you mean \"" : "",
			  near ? near : "", near ? "\"?" : "");
}

int args_bool(struct args *a, bool *ret)
{
	static const char *const words[] = { "off", "on" };
	size_t i;
	int rc = args_choice(a, words, N_ELEMENTS(words), &i);
	if (rc == 0)
		*ret = i == 1;
	return rc;
}

static const struct unit *find_unit(const char *word, const struct unit *units, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(units[i].word, word) == 0)
			return &units[i];
	}
	return NULL;
}

/* "10 sec", "10sec" or "10": *ret_unit is NULL if there is none. */
static int take_amount(struct args *a, const struct unit *units, size_t n_units,
		       const char *unit_names, uint64_t *ret, const struct unit **ret_unit)
{
	const char *word = args_left(a) ? args_here(a)->text : "";
	char *end;
	errno = 0;
	unsigned long long v = strtoull(word, &end, 10);
	if (word[0] < '0' || word[0] > '9' || errno || v > UINT32_MAX)
		return args_error(a, "a number from 0 to %u expected", UINT32_MAX);
	const struct unit *unit = NULL;
	if (*end) {
		unit = find_unit(end, units, n_units);
		if (!unit)
			return args_error(a, "a unit expected: %s", unit_names);
	}
	a->next++;
	if (!unit && args_left(a) && args_here(a)->kind == TOKEN_WORD) {
		unit = find_unit(args_here(a)->text, units, n_units);
		if (!unit)
			return args_error(a, "a unit expected: %s", unit_names);
		a->next++;
	}
	*ret = v;
	*ret_unit = unit;
	return 0;
}

int args_duration(struct args *a, int64_t default_unit_ms, int64_t *ret_ms)
{
	const struct unit *unit = NULL;
	uint64_t n = 0;
	int rc = take_amount(a, time_units, N_ELEMENTS(time_units), "sec, min, hour or day", &n,
			     &unit);
	if (rc == 0)
		*ret_ms = (int64_t)n * (unit ? (int64_t)unit->factor : default_unit_ms);
	return rc;
}

int args_bytes(struct args *a, uint64_t *ret)
{
	const struct unit *unit = NULL;
	uint64_t n = 0;
	const struct args at = *a;
	int rc = take_amount(a, byte_units, N_ELEMENTS(byte_units), "B, KB, MB, GB or TB", &n,
			     &unit);
	if (rc)
		return rc;
	if (!unit)
		return args_error(a, "a unit expected: B, KB, MB, GB or TB");
	if (n && n > UINT64_MAX / unit->factor)
		return args_error(&at, "too many bytes");
	*ret = n * unit->factor;
	return 0;
}

int args_port(struct args *a, uint16_t *ret)
{
	int64_t n;
	int rc = args_number(a, 1, UINT16_MAX, &n);
	if (rc == 0)
		*ret = (uint16_t)n;
	return rc;
}

int args_addr(struct args *a, struct addr *ret)
{
	struct addr found;
	if (!args_left(a) || addr_parse(args_here(a)->text, &found))
		return args_error(a, "an IPv4 or IPv6 address expected");
	a->next++;
	if (args_take_punct(a, '[')) {
		int rc = args_port(a, &found.port);
		if (rc)
			return rc;
		if (!args_take_punct(a, ']'))
			return args_error(a, "']' expected after the port");
	}
	*ret = found;
	return 0;
}

int args_end(const struct args *a)
{
	return args_left(a) ? args_error(a, "';' expected before this") : 0;
}
