/* SPDX-License-Identifier: BSD-2-Clause */
/* The names port of a real engine: every question goes to the resolver process. */
#ifndef TANUKI_PRIV_NAMES_CLIENT_H
#define TANUKI_PRIV_NAMES_CLIENT_H

#include "base/loop.h"
#include "priv/names.h"

struct names_client;

/* Takes over sock.  NULL without memory.  When the resolver is gone, questions fail (-EPIPE). */
struct names_client *names_client_new(struct loop *l, int sock);
void names_client_free(struct names_client *c);
struct names *names_client_port(struct names_client *c);

#endif
