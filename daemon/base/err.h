/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An error that a human reads: a negative errno and a text that grows a context in
 * front ("psk.txt: line 3: key is empty").  Machine reasons travel as numbers.
 */
#ifndef TANUKI_BASE_ERR_H
#define TANUKI_BASE_ERR_H

#include "base/attr.h"

enum { ERR_TEXT_MAX_BYTES = 512 };

struct err {
	int code; /* negative errno, 0 = none */
	char text[ERR_TEXT_MAX_BYTES];
};

/* Fills err (NULL allowed) and returns code, so that "return err_set(...)" reads well. */
int err_set(struct err *err, int code, const char *fmt, ...) PRINTF(3, 4);
/* Puts "context: " in front of the text; returns err->code. */
int err_prefix(struct err *err, const char *fmt, ...) PRINTF(2, 3);

#endif
