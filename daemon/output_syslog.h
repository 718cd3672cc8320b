/* SPDX-License-Identifier: BSD-2-Clause */
/* The system log; apart, because <syslog.h> and base/log.h have names in common. */
#ifndef TANUKI_OUTPUT_SYSLOG_H
#define TANUKI_OUTPUT_SYSLOG_H

void output_syslog_open(void);
/* level: an enum log_level. */
void output_syslog_line(int level, const char *line);

#endif
