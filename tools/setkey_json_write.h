/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes JSON (RFC 8259) to a FILE, value by value; the commas come by themselves. */
#ifndef TANUKI_TOOLS_SETKEY_JSON_WRITE_H
#define TANUKI_TOOLS_SETKEY_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where we are; { .file = f } is the start. */
struct json {
	void *file;       /* FILE * */
	bool needs_comma; /* something precedes in the object or array */
};

/* In an object each of these takes a name, a C string in ASCII; in an array and at the top NULL. */
void json_open(struct json *j, const char *name, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);
void json_number(struct json *j, const char *name, uint64_t value);
/*
 * len bytes as text.  What is not UTF-8 is taken as ISO 8859-1 as a whole, so that every byte
 * is told.
 */
void json_text(struct json *j, const char *name, const char *text, size_t len);
void json_word(struct json *j, const char *name, const char *word);
void json_bool(struct json *j, const char *name, bool value);
/* Bytes as a string of lower case hex digits. */
void json_hex(struct json *j, const char *name, const uint8_t *bytes, size_t len);
/* Seconds with six decimals. */
void json_seconds(struct json *j, const char *name, uint64_t sec, uint32_t usec);
/* Ends a top-level object's line. */
void json_end_line(struct json *j);

#endif
