/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper port of a real engine: every question goes to the keeper process. */
#ifndef TANUKI_PRIV_KEEPER_CLIENT_H
#define TANUKI_PRIV_KEEPER_CLIENT_H

#include "base/loop.h"
#include "priv/keeper.h"

struct keeper_client;

/* The keeper is gone; what was asked stays unanswered. */
typedef void (*keeper_client_lost_fn)(void *arg, const char *why);

/* Takes over sock.  NULL without memory. */
struct keeper_client *keeper_client_new(struct loop *l, int sock, keeper_client_lost_fn on_lost,
					void *arg);
void keeper_client_free(struct keeper_client *k);
struct keeper *keeper_client_port(struct keeper_client *k);

#endif
