/* SPDX-License-Identifier: BSD-2-Clause */
/* What every unit test includes: cmocka in the order it needs, and a few helpers. */
#ifndef TANUKI_BASE_UNIT_H
#define TANUKI_BASE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A table row for cmocka_run_group_tests() whose name is a sentence. */
/* clang-format off */
#define UNIT(sentence, fn) { (sentence), (fn), NULL, NULL, NULL }
/* clang-format on */

/* Skips the test that is running and says why. */
#define UNIT_SKIP(reason)                              \
	do {                                           \
		print_message("skip: %s\n", (reason)); \
		skip();                                \
	} while (0)

/* Turns hex text (blanks ignored) into bytes; returns their number. */
static inline size_t __attribute__((unused)) unit_hex(const char *hex, uint8_t *ret, size_t max)
{
	size_t n = 0;
	unsigned int byte;
	for (int used; sscanf(hex, " %2x%n", &byte, &used) == 1 && n < max; hex += used)
		ret[n++] = (uint8_t)byte;
	return n;
}

#endif
