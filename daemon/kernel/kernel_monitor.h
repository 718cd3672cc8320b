/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel port of a real engine: every request goes to the monitor, which executes it. */
#ifndef TANUKI_KERNEL_KERNEL_MONITOR_H
#define TANUKI_KERNEL_KERNEL_MONITOR_H

#include "kernel/kernel.h"

struct client;
struct kernel_monitor;

/* client is borrowed and must outlive it.  NULL without memory. */
struct kernel_monitor *kernel_monitor_new(struct client *client);
void kernel_monitor_free(struct kernel_monitor *k);
struct kernel *kernel_monitor_port(struct kernel_monitor *k);

#endif
