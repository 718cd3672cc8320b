/* SPDX-License-Identifier: BSD-2-Clause */
#include "setkey_json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ASCII_END = 0x80, CONTINUATION_MASK = 0xc0, CONTINUATION = 0x80 };

static void begin(struct json *j, const char *name)
{
	if (j->needs_comma)
		fputc(',', j->file);
	j->needs_comma = true;
	if (name)
		fprintf(j->file, "\"%s\":", name);
}

void json_open(struct json *j, const char *name, char bracket)
{
	begin(j, name);
	fputc(bracket, j->file);
	j->needs_comma = false;
}

void json_close(struct json *j, char bracket)
{
	fputc(bracket, j->file);
	j->needs_comma = true;
}

void json_number(struct json *j, const char *name, uint64_t value)
{
	begin(j, name);
	fprintf(j->file, "%" PRIu64, value);
}

/*
 * The length of the UTF-8 character at text, 0 if there is none (RFC 3629: no overlong forms, no
 * surrogates, nothing over U+10FFFF).
 */
static size_t utf8_length(const uint8_t *text, size_t len)
{
	static const struct {
		uint8_t first, last, second_min, second_max;
		size_t length;
	} rows[] = {
		{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = rows[i].length;
		if (text[0] < rows[i].first || text[0] > rows[i].last)
			continue;
		if (n > len ||
		    (n > 1 && (text[1] < rows[i].second_min || text[1] > rows[i].second_max)))
			return 0;
		for (size_t k = 2; k < n; k++)
			if ((text[k] & CONTINUATION_MASK) != CONTINUATION)
				return 0;
		return n;
	}
	return 0;
}

static bool is_utf8(const uint8_t *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_length(text + at, len - at);
		if (!n)
			return false;
	}
	return true;
}

void json_text(struct json *j, const char *name, const char *text, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)text;
	bool utf8 = is_utf8(bytes, len);
	begin(j, name);
	fputc('"', j->file);
	for (size_t i = 0; i < len; i++) {
		uint8_t c = bytes[i];
		if (c == '"' || c == '\\')
			fprintf(j->file, "\\%c", c);
		else if (c < ' ' || c == ASCII_END - 1 || (c >= ASCII_END && !utf8))
			fprintf(j->file, "\\u%04x", c);
		else
			fputc(c, j->file);
	}
	fputc('"', j->file);
}

void json_word(struct json *j, const char *name, const char *word)
{
	json_text(j, name, word, strlen(word));
}

void json_bool(struct json *j, const char *name, bool value)
{
	begin(j, name);
	fputs(value ? "true" : "false", j->file);
}

void json_hex(struct json *j, const char *name, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	begin(j, name);
	fputc('"', j->file);
	for (size_t i = 0; i < len; i++) {
		fputc(digits[bytes[i] >> 4], j->file);
		fputc(digits[bytes[i] & 0xf], j->file);
	}
	fputc('"', j->file);
}

void json_seconds(struct json *j, const char *name, uint64_t sec, uint32_t usec)
{
	begin(j, name);
	fprintf(j->file, "%" PRIu64 ".%06" PRIu32, sec, usec);
}

void json_end_line(struct json *j)
{
	fputc('\n', j->file);
	j->needs_comma = false;
}
