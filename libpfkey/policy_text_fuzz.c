/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: policy text; what is accepted must print, and an error must lie within the text. */
#include <keydb.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keydb_policy p;
	size_t at = 0;
	const char *why = NULL;
	char *text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = 0;
	memset(&p, 0, sizeof(p));
	if (!keydb_policy_parse(text, &p, &at, &why)) {
		char *out = NULL;
		size_t len;
		FILE *f = open_memstream(&out, &len);
		keydb_policy_print(&(struct keydb_print){ .file = f }, &p, 0);
		fclose(f);
		free(out);
	} else if (at > strlen(text) || !why) {
		abort();
	}
	free(text);
	return 0;
}
