/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine process: everything that talks to a network, wired together. */
#ifndef TANUKI_ENGINE_PROCESS_H
#define TANUKI_ENGINE_PROCESS_H

#include "base/attr.h"
#include "priv/monitor.h"

/* A monitor_engine_fn. */
MUST_USE int engine_process_run(const struct monitor_engine *start);

#endif
