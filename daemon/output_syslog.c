/* SPDX-License-Identifier: BSD-2-Clause */
/* syslog(3) behind two functions. */
#include "output_syslog.h"

#include <syslog.h>

void output_syslog_open(void)
{
	openlog("tanukid", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void output_syslog_line(int level, const char *line)
{
	/* error, warning, notify, info, debug, debug2 */
	static const int priorities[] = { LOG_ERR,  LOG_WARNING, LOG_NOTICE,
					  LOG_INFO, LOG_DEBUG,   LOG_DEBUG };
	const int n = (int)(sizeof(priorities) / sizeof(priorities[0]));

	syslog(level >= 0 && level < n ? priorities[level] : LOG_DEBUG, "%s", line);
}
