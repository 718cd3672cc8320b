/* SPDX-License-Identifier: BSD-2-Clause */
/* One logfmt line per record, one write(2) per line. */
#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fmt.h"

enum {
	LINE_MAX_BYTES = 4096,
	TEXT_MAX_BYTES = 512, /* of one field's text, before escaping */
	HEX_MAX_BYTES = 32,
};

static const char *const level_names[] = {
	[LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_NOTIFY] = "notify",
	[LOG_INFO] = "info",   [LOG_DEBUG] = "debug",     [LOG_DEBUG2] = "debug2",
};

static enum log_level level_now = LOG_INFO;
static const char *process_name;
static log_sink_fn sink_fn;
static void *sink_arg;

static void add_time(struct fmt *f)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	fmt_add(f, "time=%s.%03ldZ", text, now.tv_nsec / 1000000);
}

static bool needs_quotes(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\')
			return true;
	}
	return len == 0;
}

static void add_text(struct fmt *f, const char *text)
{
	size_t len = strnlen(text, TEXT_MAX_BYTES + 1);
	bool cut = len > TEXT_MAX_BYTES;

	if (cut)
		len = TEXT_MAX_BYTES;
	if (!cut && !needs_quotes(text, len)) {
		fmt_add(f, "%s", text);
		return;
	}
	fmt_add(f, "\"");
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			fmt_add(f, "\\\"");
		else if (text[i] == '\\')
			fmt_add(f, "\\\\");
		else if (text[i] == '\n')
			fmt_add(f, "\\n");
		else
			fmt_add_escaped(f, slice_of(text + i, 1));
	}
	fmt_add(f, cut ? "...\"" : "\"");
}

static void add_hex(struct fmt *f, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len && i < HEX_MAX_BYTES; i++)
		fmt_add(f, "%02x", bytes.p[i]);
	if (bytes.len > HEX_MAX_BYTES)
		fmt_add(f, "...");
}

static void add_addr(struct fmt *f, const struct addr *a)
{
	char text[ADDR_TEXT_MAX_BYTES];
	fmt_add(f, "%s", a->port != 0 ? addr_text_port(a, text) : addr_text(a, text));
}

static void add_field(struct fmt *f, const struct log_field *field)
{
	if ((field->kind == LOG_F_STR && !field->str) ||
	    (field->kind == LOG_F_ADDR && !field->addr))
		return;
	fmt_add(f, " %s=", field->key);
	switch (field->kind) {
	case LOG_F_STR:
		add_text(f, field->str);
		break;
	case LOG_F_INT:
		fmt_add(f, "%lld", (long long)field->num);
		break;
	case LOG_F_HEX32:
		fmt_add(f, "0x%08llx", (unsigned long long)field->num);
		break;
	case LOG_F_HEX64:
		fmt_add(f, "0x%016llx", (unsigned long long)field->num);
		break;
	case LOG_F_ADDR:
		add_addr(f, field->addr);
		break;
	case LOG_F_BYTES:
		add_hex(f, field->bytes);
		break;
	}
}

static void write_stderr(const char *line, size_t len)
{
	ssize_t n;
	do
		n = write(STDERR_FILENO, line, len);
	while (n < 0 && errno == EINTR);
	/* A log that cannot be written is lost: there is nobody left to tell. */
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	char line[LINE_MAX_BYTES];
	struct fmt f = fmt_of(line, sizeof(line) - 1); /* room for the newline */

	if (level > level_now)
		return;
	add_time(&f);
	fmt_add(&f, " level=%s", level_names[level]);
	if (process_name)
		fmt_add(&f, " proc=%s", process_name);
	fmt_add(&f, " event=%s", event);
	for (size_t i = 0; i < n; i++)
		add_field(&f, &fields[i]);

	if (sink_fn) {
		sink_fn(sink_arg, level, line);
		return;
	}
	line[f.used] = '\n';
	write_stderr(line, f.used + 1);
}

void log_set_level(enum log_level level)
{
	level_now = level;
}

enum log_level log_level_now(void)
{
	return level_now;
}

void log_set_process(const char *name)
{
	process_name = name;
}

void log_set_sink(log_sink_fn fn, void *arg)
{
	sink_fn = fn;
	sink_arg = arg;
}
