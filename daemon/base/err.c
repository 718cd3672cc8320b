/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors for humans. */
#include "base/err.h"

#include <stdarg.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, fmt);
	if (vsnprintf(err->text, sizeof(err->text), fmt, args) < 0)
		err->text[0] = '\0';
	va_end(args);
	return code;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX_BYTES];
	va_list args;
	size_t used, tail;

	if (!err)
		return 0;
	va_start(args, fmt);
	if (vsnprintf(text, sizeof(text) - sizeof(": "), fmt, args) < 0)
		text[0] = '\0';
	va_end(args);
	used = strlen(text);
	memcpy(text + used, ": ", 2);
	used += 2;

	/* What does not fit is cut at the end: the context comes first. */
	tail = strnlen(err->text, sizeof(text) - used - 1);
	memmove(err->text + used, err->text, tail);
	memcpy(err->text, text, used);
	err->text[used + tail] = '\0';
	return err->code;
}
