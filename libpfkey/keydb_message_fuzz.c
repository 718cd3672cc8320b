/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a file of PF_KEY messages, in the layout that it seems to have and in all others. */
#include <keydb_message.h>

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_file(const struct keydb_print *out, enum keydb_layout layout, const uint8_t *data,
		       size_t size)
{
	const char *why;
	size_t bytes;
	while (keydb_message_length(data, size, &bytes, &why) == 0) {
		if (!bytes || bytes > size)
			abort();
		int rc = keydb_message_print(out, layout, data, bytes, &why);
		if (!!rc != !!*why)
			abort();
		data += bytes;
		size -= bytes;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *sink;
	if (!sink)
		sink = fopen("/dev/null", "w");
	struct keydb_print out = { .file = sink, .ports = true };
	if (!keydb_layout_name(keydb_layout_detect(data, size)))
		abort();
	for (unsigned int i = 0; keydb_layout_name(i); i++)
		print_file(&out, i, data, size);
	return 0;
}
