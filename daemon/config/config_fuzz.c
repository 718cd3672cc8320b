/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as racoon.conf: an error or a snapshot that prints to what parses again. */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *printed(const struct policy *p, size_t *ret_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);
	REQUIRE(f);
	config_print(p, f);
	fclose(f);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *p = NULL, *again = NULL;
	struct err err;
	/* what it would include belongs to the file system, not to the parser */
	if (memmem(data, size, "include", 7) ||
	    config_parse("fuzz", (const char *)data, size, NULL, &p, &err))
		return 0;
	size_t len;
	char *text = printed(p, &len);
	REQUIRE(config_parse("again", text, len, NULL, &again, &err) == 0);
	free(text);
	policy_unref(again);
	policy_unref(p);
	return 0;
}
