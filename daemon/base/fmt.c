/* SPDX-License-Identifier: BSD-2-Clause */
/* Text in fixed buffers, and the nearest word to a misspelt one. */
#include "base/fmt.h"

#include <stdarg.h>
#include <string.h>

enum { WORD_MAX_BYTES = 63 };

struct fmt fmt_of(char *buf, size_t size)
{
	REQUIRE(size > 0);
	buf[0] = '\0';
	return (struct fmt){ .buf = buf, .size = size };
}

void fmt_add(struct fmt *f, const char *format, ...)
{
	size_t left = f->size - f->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(f->buf + f->used, left, format, args);
	va_end(args);
	if (n < 0)
		f->buf[f->used] = '\0';
	else
		f->used += (size_t)n < left ? (size_t)n : left - 1;
}

void fmt_add_escaped(struct fmt *f, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t c = bytes.p[i];
		/* The backslash too: the text must read back as one thing only. */
		if (c >= 0x20 && c < 0x7f && c != '\\')
			fmt_add(f, "%c", c);
		else
			fmt_add(f, "\\x%02x", c);
	}
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;
	return least < c ? least : c;
}

/* Edits (insert, delete, replace, swap neighbours) that turn a into b. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_MAX_BYTES + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *reuse = before;
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t replace = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = min3(above[j] + 1, row[j - 1] + 1, replace);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min3(row[j], row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = reuse;
	}
	return above[b_len];
}

const char *fmt_nearest(const char *word, const char *const *words, size_t n)
{
	size_t len = strlen(word), best;
	const char *nearest = NULL;

	if (len > WORD_MAX_BYTES)
		return NULL;
	/* One more than allowed: 0 edits up to 2 letters, 1 up to 4, else 2. */
	best = len <= 2 ? 1 : len <= 4 ? 2 : 3;
	for (size_t i = 0; i < n; i++) {
		size_t other_len = strlen(words[i]), distance;
		if (other_len > WORD_MAX_BYTES)
			continue;
		distance = edit_distance(word, len, words[i], other_len);
		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
	}
	return nearest;
}
