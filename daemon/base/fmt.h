/* SPDX-License-Identifier: BSD-2-Clause */
/* Text building in a fixed buffer that cuts instead of overflowing. */
#ifndef TANUKI_BASE_FMT_H
#define TANUKI_BASE_FMT_H

#include <stddef.h>

#include "base/attr.h"
#include "base/wire.h"

struct fmt {
	char *buf;
	size_t used, size; /* used never counts the terminating zero */
};

struct fmt fmt_of(char *buf, size_t size);
void fmt_add(struct fmt *f, const char *format, ...) PRINTF(2, 3);
/* Appends bytes as text: printable ASCII as it is, all else as \xNN. */
void fmt_add_escaped(struct fmt *f, struct slice bytes);

/*
 * The word of words[0..n-1] closest to word by edit distance, NULL if none is close
 * enough to be a likely misspelling (at most 2 edits, fewer for short words).
 */
const char *fmt_nearest(const char *word, const char *const *words, size_t n);

#endif
