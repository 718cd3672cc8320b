/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of messages, one behind the other, as long as it may be. */
#include "setkey_file.h"

size_t file_show(const struct file_show *show, const void *bytes, size_t len)
{
	struct keydb_print out = { .file = show->out, .ports = show->ports };
	const uint8_t *p = bytes;
	size_t at = 0, message_len = 0, reports = 0;
	const char *why = "";
	while (at < len) {
		bool is_end = keydb_message_length(p + at, len - at, &message_len, &why) != 0;
		if (is_end ||
		    keydb_message_print(&out, show->layout, p + at, message_len, &why) != 0) {
			show->report(show->report_arg, at, why);
			reports++;
		}
		if (is_end)
			break;
		at += message_len;
	}
	return reports;
}
