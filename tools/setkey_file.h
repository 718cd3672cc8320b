/* SPDX-License-Identifier: BSD-2-Clause */
/* "setkey FILE": messages of PF_KEY that were written into a file. */
#ifndef TANUKI_TOOLS_SETKEY_FILE_H
#define TANUKI_TOOLS_SETKEY_FILE_H

#include <keydb_message.h>
#include <stdio.h>

/* at_bytes: where the message begins in the file. */
typedef void (*file_report_fn)(void *arg, size_t at_bytes, const char *why);

struct file_show {
	FILE *out;
	bool ports; /* -p */
	enum keydb_layout layout;
	file_report_fn report;
	void *report_arg;
};

/*
 * Prints the messages in len bytes, SAs and policies of dumps as -D and -DP do, others field by
 * field.  A message that cannot be read is reported and left out; what is behind one of a wrong
 * length cannot be found.  Returns the number of reports.
 */
size_t file_show(const struct file_show *show, const void *bytes, size_t len);

#endif
