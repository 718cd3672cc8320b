/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Build-time program: copies a manual page from standard input and puts the rows of the
 * schema where a line "@WORDS section@" stands, so that the page cannot be out of date.
 */
#include <stdio.h>
#include <string.h>

#include "config/schema.h"

/* mdoc text: a '.' or a quote must not begin a line, a backslash is an escape. */
static void print_text(const char *text)
{
	if (text[0] == '.' || text[0] == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
	}
}

static void print_row(const struct word *w)
{
	/* mdoc ends an argument at a blank and takes '|' for punctuation: quote it all. */
	printf(".It Ic %s Li \"", w->name);
	for (const char *p = w->syntax; *p; p++) {
		if (*p == '"')
			fputs("\\(dq", stdout);
		else
			putchar(*p);
	}
	printf("\"\n");
	print_text(w->help);
	printf(".\n");
	if (w->deflt[0]) {
		printf("Default: ");
		print_text(w->deflt);
		printf(".\n");
	}
}

static int print_section(const char *name)
{
	int rows = 0;
	printf(".Bl -tag -width indent\n");
	for (size_t i = 0; i < schema_n_words; i++) {
		if (strcmp(schema_section_name(schema_words[i].section), name) != 0)
			continue;
		print_row(&schema_words[i]);
		rows++;
	}
	printf(".El\n");
	return rows;
}

int main(void)
{
	char line[1024], section[64];
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "@WORDS %63[^@]@", section) != 1) {
			fputs(line, stdout);
		} else if (print_section(section) == 0) {
			fprintf(stderr, "the schema has no section \"%s\"\n", section);
			return 1;
		}
	}
	return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
