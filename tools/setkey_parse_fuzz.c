/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a setkey script: parsed or refused, and every command can be named. */
#include "setkey.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *arg, const struct script_message *m)
{
	size_t *bytes = arg;
	*bytes += strlen(m->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct command_list list = { 0 };
	size_t bytes = 0;
	struct script script = {
		.file = "fuzz",
		.text = (const char *)data,
		.len = size,
		.first = { 1, 1 },
		.numeric = true,
		.report = ignore,
		.report_arg = &bytes,
	};
	int rc = setkey_parse(&script, &list);
	struct command_cursor cursor = command_list_start(&list);
	for (struct command c; !rc && command_list_next(&cursor, &c);) {
		char text[COMMAND_TEXT_MAX_BYTES];
		bytes += strlen(command_text(&c, text));
	}
	command_list_done(&list);
	return 0;
}
