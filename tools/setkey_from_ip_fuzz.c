/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a listing of "ip xfrm".  What comes out is a script without a mistake, with the
 * reason for everything that is left out, and written once more it stays as it is.
 */
#include "setkey_from_ip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, const struct script_message *m)
{
	size_t *messages = arg;
	if (!m->is_warning && (!m->text[0] || !m->at.line))
		abort();
	*messages += !m->is_warning;
}

static struct script script_of(const char *text, size_t len, size_t *messages)
{
	return (struct script){
		.file = "fuzz",
		.text = text,
		.len = len,
		.first = { 1, 1 },
		.numeric = true,
		.report = count,
		.report_arg = messages,
	};
}

/* The commands of the script, written again. */
static char *again(const char *text, size_t len, size_t *ret_n)
{
	struct command_list list = { 0 };
	size_t messages = 0, out_len;
	char *out = NULL;
	FILE *f = open_memstream(&out, &out_len);
	struct script script = script_of(text, len, &messages);
	if (setkey_parse(&script, &list) || messages)
		abort();
	struct command_cursor cursor = command_list_start(&list);
	for (struct command c; command_list_next(&cursor, &c);)
		setkey_write_entry(f, &c);
	*ret_n = list.count;
	command_list_done(&list);
	fclose(f);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t messages = 0, len, n, n_again;
	char *text = NULL;
	FILE *f = open_memstream(&text, &len);
	struct script input = script_of((const char *)data, size, &messages);
	int rc = setkey_from_ip(&input, f);
	fclose(f);
	if (rc < 0 || (size_t)rc != messages)
		abort();
	char *first = again(text, len, &n);
	char *second = again(first, strlen(first), &n_again);
	if (n != n_again || strcmp(first, second) != 0)
		abort();
	free(text);
	free(first);
	free(second);
	return 0;
}
