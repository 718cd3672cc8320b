/* SPDX-License-Identifier: BSD-2-Clause */
/* The address port of a real engine: every request goes to the monitor, which executes it. */
#ifndef TANUKI_KERNEL_ADDRESS_MONITOR_H
#define TANUKI_KERNEL_ADDRESS_MONITOR_H

#include "kernel/address.h"

struct client;
struct address_monitor;

/* client is borrowed and must outlive it.  NULL without memory. */
struct address_monitor *address_monitor_new(struct client *client);
/* Whoever waits for an answer was cancelled before. */
void address_monitor_free(struct address_monitor *a);
struct address_port *address_monitor_port(struct address_monitor *a);

#endif
