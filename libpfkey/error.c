/* SPDX-License-Identifier: BSD-2-Clause */
/* Error texts, one per handle. */
#include "keydb_int.h"

#include <stdio.h>
#include <string.h>

void keydb_error_text(char *buf, size_t size, int error, const char *words)
{
	const char *text = strerrordesc_np(-error);
	if (!text)
		text = "Unknown error";
	if (words && words[0])
		snprintf(buf, size, "%s: %s", text, words);
	else
		snprintf(buf, size, "%s", text);
}

int keydb_error_set(struct keydb *k, int error, const char *words)
{
	keydb_error_text(k->error, sizeof(k->error), error, words);
	return error;
}

const char *keydb_error(const struct keydb *k)
{
	return k->error;
}
