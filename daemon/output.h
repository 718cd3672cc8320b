/* SPDX-License-Identifier: BSD-2-Clause */
/* Where log lines go: stderr, in the background the system log too. */
#ifndef TANUKI_OUTPUT_H
#define TANUKI_OUTPUT_H

#include <stdbool.h>

#include "base/log.h"

/* Call it before processes are started and files cannot be opened any more. */
void output_open(bool to_syslog);
/* A log_sink_fn; arg is not used. */
void output_line(void *arg, enum log_level level, const char *line);

#endif
