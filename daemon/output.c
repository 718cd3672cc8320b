/* SPDX-License-Identifier: BSD-2-Clause */
/* One line, one write; a line that cannot be written is lost. */
#include "output.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* After our own log.h: syslog.h has macros of the names of our levels. */
#include "output_syslog.h"

static bool syslog_too;

void output_open(bool to_syslog)
{
	syslog_too = to_syslog;
	if (to_syslog)
		output_syslog_open();
	log_set_sink(output_line, NULL);
}

void output_line(void *arg, enum log_level level, const char *line)
{
	struct iovec parts[] = {
		{ .iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line) },
		{ .iov_base = (void *)(uintptr_t) "\n", .iov_len = 1 },
	};

	(void)arg;
	(void)!writev(STDERR_FILENO, parts, N_ELEMENTS(parts));
	if (syslog_too)
		output_syslog_line((int)level, line);
}
