/* SPDX-License-Identifier: BSD-2-Clause */
/* Leases -> lines -> leases. */
#include "policy/lease_text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "policy/pool.h"

enum { LINE_MAX_BYTES = 1024, WORDS = 6 };

static const char head[] = "tanuki-leases 1";

/* ---- writing ---- */

static const char *hex(const struct id *id, char buf[2 * POLICY_ID_MAX_BYTES + 1])
{
	buf[0] = 0;
	for (size_t i = 0; i < id->len && i < POLICY_ID_MAX_BYTES; i++)
		snprintf(buf + 2 * i, 3, "%02x", id->body[i]);
	return buf;
}

static void write_one(FILE *out, const struct lease_view *v)
{
	char body[2 * POLICY_ID_MAX_BYTES + 1], addr[ADDR_TEXT_MAX_BYTES];
	fprintf(out, "lease %s %u %s %s %" PRId64 "\n", v->pool->name[0] ? v->pool->name : "-",
		v->id->type, hex(v->id, body), addr_text(&v->addr, addr), v->used_sec);
}

int lease_text_write(const struct lease_table *t, char **ret, size_t *ret_len)
{
	struct lease_view v;
	uint64_t cursor = 0;
	size_t n = 0, len = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return -ENOMEM;
	fprintf(out, "%s\n", head);
	while (lease_next(t, &cursor, &v)) {
		/* One that was never used has nothing to be remembered for. */
		if (v.fixed && v.used_sec == 0)
			continue;
		write_one(out, &v);
		n++;
	}
	fprintf(out, "end %zu\n", n);
	bool failed = ferror(out);
	if (fclose(out) != 0 || failed) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	*ret_len = len;
	return 0;
}

/* ---- reading ---- */

struct line {
	char pool[POOL_NAME_MAX_BYTES];
	struct id id;
	struct addr addr;
	int64_t used_sec;
};

/* Takes the next line out of *text; false at the end. */
static bool next_line(struct slice *text, struct slice *ret)
{
	if (text->len == 0)
		return false;
	const uint8_t *end = memchr(text->p, '\n', text->len);
	size_t len = end ? (size_t)(end - text->p) : text->len;
	*ret = slice_of(text->p, len);
	len += end != NULL;
	*text = slice_of(text->p + len, text->len - len);
	return true;
}

static bool to_number(const char *word, int64_t max, int64_t *ret)
{
	char *end;
	if (word[0] < '0' || word[0] > '9')
		return false;
	errno = 0;
	long long n = strtoll(word, &end, 10);
	if (errno || *end || n > max)
		return false;
	*ret = n;
	return true;
}

static bool to_id(const char *type, const char *body, struct id *ret)
{
	uint8_t bytes[POLICY_ID_MAX_BYTES];
	size_t len = strlen(body) / 2;
	int64_t n;
	if (!to_number(type, UINT8_MAX, &n) || strlen(body) % 2 || len > sizeof(bytes))
		return false;
	for (size_t i = 0; i < len; i++) {
		char digits[3] = { body[2 * i], body[2 * i + 1] };
		if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
			return false;
		bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return id_set(ret, (uint8_t)n, slice_of(bytes, len)) == 0;
}

/* The words of a line, cut in place; how many, WORDS + 1 if there are more. */
static size_t split(char *line, char *words[WORDS])
{
	char *at = line, *word;
	size_t n = 0;
	while ((word = strsep(&at, " "))) {
		if (n < WORDS)
			words[n] = word;
		n++;
	}
	return n;
}

static bool parse_line(struct slice text, struct line *ret)
{
	char copy[LINE_MAX_BYTES], *words[WORDS];
	if (text.len >= sizeof(copy) || memchr(text.p, 0, text.len))
		return false;
	memcpy(copy, text.p, text.len);
	copy[text.len] = 0;
	if (split(copy, words) != WORDS || strcmp(words[0], "lease") != 0 ||
	    strlen(words[1]) >= sizeof(ret->pool))
		return false;
	strcpy(ret->pool, strcmp(words[1], "-") == 0 ? "" : words[1]);
	return to_id(words[2], words[3], &ret->id) && addr_parse(words[4], &ret->addr) == 0 &&
	       ret->addr.scope_id == 0 && to_number(words[5], INT64_MAX, &ret->used_sec);
}

/* Where a well-formed line is, for sorting. */
struct found {
	int64_t used_sec;
	struct slice line;
};

static int by_use(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	if (x->used_sec != y->used_sec)
		return x->used_sec < y->used_sec ? -1 : 1;
	return x->line.p < y->line.p ? -1 : 1;
}

static bool is_end(struct slice line, size_t n)
{
	char expected[64];
	struct fmt f = fmt_of(expected, sizeof(expected));
	fmt_add(&f, "end %zu", n);
	return slice_eq(line, slice_of(expected, f.used));
}

static size_t count_lines(struct slice text)
{
	struct slice line;
	size_t n = 0;
	while (next_line(&text, &line))
		n++;
	return n;
}

/* The well-formed lines into list (which has room); how many. */
static size_t find_all(struct slice text, struct found *list, struct lease_text_result *ret)
{
	struct slice line;
	struct line l;
	size_t n = 0;
	ret->cut = true;
	while (next_line(&text, &line)) {
		ret->cut = !is_end(line, n + ret->n_malformed);
		if (!ret->cut)
			continue;
		if (parse_line(line, &l))
			list[n++] = (struct found){ l.used_sec, line };
		else
			ret->n_malformed++;
	}
	return n;
}

static int restore(struct lease_table *t, const struct found *list, size_t n,
		   struct lease_text_result *ret)
{
	struct line l;
	for (size_t i = 0; i < n; i++) {
		REQUIRE(parse_line(list[i].line, &l));
		int r = lease_restore(t, l.pool, &l.id, &l.addr, l.used_sec);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			ret->n_foreign++;
		else
			ret->n_restored++;
	}
	return 0;
}

int lease_text_read(struct lease_table *t, const char *text, size_t len,
		    struct lease_text_result *ret)
{
	struct slice all = slice_of(text, len), line;
	struct lease_text_result result = { 0 };

	if (len > LEASE_TEXT_MAX_BYTES || !next_line(&all, &line) ||
	    !slice_eq(line, slice_of(head, sizeof(head) - 1)))
		return -EINVAL;
	struct found *list = calloc(count_lines(all) + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	size_t n = find_all(all, list, &result);
	qsort(list, n, sizeof(*list), by_use);
	int r = restore(t, list, n, &result);
	free(list);
	*ret = result;
	return r;
}
