/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a setkey script: parsed or refused with a reason.  Every command of it can be named,
 * and entries are written so that they are read as the same.
 */
#include "model_unit.h"
#include "setkey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, const struct script_message *m)
{
	size_t *errors = arg;
	if (!m->text[0])
		abort();
	*errors += !m->is_warning;
}

static int parse(const char *text, size_t len, struct command_list *ret, size_t *errors)
{
	struct script script = {
		.file = "fuzz",
		.text = text,
		.len = len,
		.first = { 1, 1 },
		.numeric = true,
		.report = count,
		.report_arg = errors,
	};
	return setkey_parse(&script, ret);
}

static bool is_entry(enum command_kind kind)
{
	return kind == COMMAND_ADD || kind == COMMAND_UPDATE || kind == COMMAND_SPDADD ||
	       kind == COMMAND_SPDUPDATE;
}

static char *written(const struct command *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	setkey_write_entry(f, c);
	fclose(f);
	return text;
}

static void again(struct command *c)
{
	struct command_list list = { 0 };
	struct command back;
	size_t errors = 0;
	char *text = written(c);
	if (parse(text, strlen(text), &list, &errors) || errors || list.count != 1)
		abort();
	struct command_cursor cursor = command_list_start(&list);
	if (!command_list_next(&cursor, &back))
		abort();
	back.at = c->at;
	if (c->kind == COMMAND_ADD || c->kind == COMMAND_UPDATE) {
		model_plain_sa(&c->sa);
		model_plain_sa(&back.sa);
	}
	if (memcmp(c, &back, sizeof(back)) != 0)
		abort();
	command_list_done(&list);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct command_list list = { 0 };
	size_t errors = 0;
	int rc = parse((const char *)data, size, &list, &errors);
	if ((rc != 0) != (errors != 0))
		abort();
	struct command_cursor cursor = command_list_start(&list);
	for (struct command c; !rc && command_list_next(&cursor, &c);) {
		char text[COMMAND_TEXT_MAX_BYTES];
		if (!command_text(&c, text)[0])
			abort();
		if (is_entry(c.kind))
			again(&c);
	}
	command_list_done(&list);
	return 0;
}
