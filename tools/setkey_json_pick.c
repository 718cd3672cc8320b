/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests in the lab: reads JSON lines from stdin and prints of each the members that the
 * arguments name ("sel.src", "templates.0.mode"), with a blank between them and "-" for what is
 * not there.  Fails at the first line that is no JSON object.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *member(json_t *at, const char *path)
{
	char name[64];
	size_t len = strcspn(path, ".");
	if (!len)
		return at;
	snprintf(name, sizeof(name), "%.*s", (int)len, path);
	at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
			       : json_object_get(at, name);
	return path[len] ? member(at, path + len + 1) : at;
}

static void print(const json_t *value)
{
	if (json_is_string(value))
		fputs(json_string_value(value), stdout);
	else if (value)
		json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
	else
		putchar('-');
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t room = 0, n = 0;
	while (getline(&line, &room, stdin) > 0) {
		json_error_t error;
		json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
		n++;
		if (!json_is_object(object)) {
			fprintf(stderr, "line %zu: %s\n", n, error.text);
			return EXIT_FAILURE;
		}
		for (int i = 1; i < argc; i++) {
			if (i > 1)
				putchar(' ');
			print(member(object, argv[i]));
		}
		putchar('\n');
		json_decref(object);
	}
	free(line);
	return EXIT_SUCCESS;
}
