/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of text whose columns are as wide as their widest cell. */
#include <stdlib.h>
#include <string.h>

#include "tanukictl.h"

struct row {
	struct row *next;
	char *cells[TABLE_COLUMNS_MAX];
};

struct table {
	size_t n_columns;
	struct row *first, **last;
};

void table_add(struct table *t, const char *const *cells, size_t n)
{
	struct row *row = calloc(1, sizeof(*row));

	REQUIRE(row);
	for (size_t i = 0; i < t->n_columns; i++) {
		row->cells[i] = strdup(i < n && cells[i] ? cells[i] : "-");
		REQUIRE(row->cells[i]);
	}
	*t->last = row;
	t->last = &row->next;
}

struct table *table_new(const char *const *head, size_t n)
{
	struct table *t = calloc(1, sizeof(*t));

	REQUIRE(t && n <= TABLE_COLUMNS_MAX);
	t->n_columns = n;
	t->last = &t->first;
	table_add(t, head, n);
	return t;
}

void table_print(const struct table *t, FILE *out)
{
	int widths[TABLE_COLUMNS_MAX] = { 0 };

	for (const struct row *row = t->first; row; row = row->next) {
		for (size_t i = 0; i < t->n_columns; i++) {
			int len = (int)strlen(row->cells[i]);
			widths[i] = len > widths[i] ? len : widths[i];
		}
	}
	for (const struct row *row = t->first; row; row = row->next) {
		for (size_t i = 0; i + 1 < t->n_columns; i++)
			fprintf(out, "%-*s  ", widths[i], row->cells[i]);
		fprintf(out, "%s\n", row->cells[t->n_columns - 1]);
	}
}

void table_free(struct table *t)
{
	struct row *next;

	for (struct row *row = t ? t->first : NULL; row; row = next) {
		next = row->next;
		for (size_t i = 0; i < t->n_columns; i++)
			free(row->cells[i]);
		free(row);
	}
	free(t);
}
