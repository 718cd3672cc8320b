/* SPDX-License-Identifier: BSD-2-Clause */
/* The module's file, and which policies are the module's. */
#include "data_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* The thread's, since that is whose network namespace a socket is opened in. */
static const char file[] = "/proc/thread-self/net/tanuki_stat";

enum { FILE_MAX_BYTES = 4096, LINE_MAX_BYTES = 128 };

/* ---- the file ---- */

void data_path_close(struct data_path *d)
{
	if (d->fd >= 0)
		close(d->fd);
	*d = DATA_PATH_NONE;
}

static bool parse_number(const char *value, void *ret)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(value, &end, 10);
	*(uint32_t *)ret = (uint32_t)number;
	return value[0] >= '0' && value[0] <= '9' && !*end && !errno && number <= UINT32_MAX;
}

static bool parse_word(const char *value, void *ret)
{
	size_t len = strlen(value);
	if (!len || len >= KEYDB_WHOSE_MAX_BYTES)
		return false;
	memcpy(ret, value, len + 1);
	return true;
}

/* clang-format off */
static const struct row {
	const char *name;
	bool (*parse)(const char *value, void *ret);
	size_t offset;
} rows[] = {
	{ "Tag", parse_number, offsetof(struct keydb_data_path, tag) },
	{ "Esp", parse_word, offsetof(struct keydb_data_path, esp) },
	{ "Ah", parse_word, offsetof(struct keydb_data_path, ah) },
	{ "Policies", parse_number, offsetof(struct keydb_data_path, n_policies) },
};
/* clang-format on */

/* Returns the row's bit if the line has its name and a value; 0 if not. */
static unsigned int parse_line(char *line, struct keydb_data_path *ret)
{
	char *value = line + strcspn(line, " \t");
	if (*value)
		*value++ = 0;
	value += strspn(value, " \t");
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		if (!strcmp(line, rows[i].name))
			return rows[i].parse(value, (char *)ret + rows[i].offset) ? 1u << i : 0;
	return 0;
}

int data_path_parse(const char *text, size_t len, struct keydb_data_path *ret)
{
	struct keydb_data_path found;
	unsigned int seen = 0;
	memset(&found, 0, sizeof(found));
	while (len) {
		char line[LINE_MAX_BYTES];
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		if (n < sizeof(line)) {
			memcpy(line, text, n);
			line[n] = 0;
			seen |= parse_line(line, &found);
		}
		text += end ? n + 1 : n;
		len -= end ? n + 1 : n;
	}
	if (seen != (1u << N_ELEMENTS(rows)) - 1 || !found.tag)
		return -EBADMSG;
	*ret = found;
	return 0;
}

static int read_file(int fd, struct keydb_data_path *ret)
{
	char text[FILE_MAX_BYTES];
	size_t len = 0;
	ssize_t n = lseek(fd, 0, SEEK_SET);
	while (!n || (n > 0 && len < sizeof(text))) {
		n = read(fd, text + len, sizeof(text) - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return n < 0 ? -errno : data_path_parse(text, len, ret);
}

uint32_t data_path_tag(struct data_path *d)
{
	struct keydb_data_path now;
	if (d->tag)
		return d->tag;
	d->fd = open(file, O_RDONLY | O_CLOEXEC);
	if (d->fd >= 0 && !read_file(d->fd, &now))
		d->tag = now.tag;
	else
		data_path_close(d);
	return d->tag;
}

int data_path_read(struct data_path *d, struct keydb_data_path *ret)
{
	memset(ret, 0, sizeof(*ret));
	return data_path_tag(d) ? read_file(d->fd, ret) : 0;
}

/* ---- policies ---- */

static uint8_t direction(const struct keydb_policy *p)
{
	return p->index ? p->index % 8 : p->dir; /* an index ends in its direction */
}

bool data_path_may_tag(const struct keydb_policy *p)
{
	return direction(p) == KEYDB_DIR_OUT && !p->if_id && !p->sub && !p->ctx_len;
}

bool data_path_wants(const struct keydb_policy *p)
{
	if (!data_path_may_tag(p))
		return false;
	for (size_t i = 0; i < p->n_templates && i < KEYDB_TEMPLATES_MAX; i++)
		if (p->templates[i].mode > KEYDB_MODE_BEET)
			return false;
	return true;
}

void data_path_show(uint32_t tag, struct keydb_policy *p)
{
	uint32_t if_id = p->if_id;
	if (!tag)
		return;
	if (if_id == tag)
		p->if_id = 0;
	if (if_id == tag && data_path_may_tag(p))
		p->tag = tag;
	else
		p->if_id = if_id;
	p->stray = !p->tag && data_path_wants(p);
}

void data_path_show_event(struct data_path *d, struct keydb_event *e)
{
	/* Most policies have none, and then there is nothing to ask. */
	if (!e->policy.if_id)
		return;
	data_path_show(data_path_tag(d), &e->policy);
	/* What the module asks for has no tag; the one of the policy was taken for it. */
	if (e->kind == KEYDB_EVENT_ACQUIRE)
		e->sa.if_id = e->policy.if_id;
}
