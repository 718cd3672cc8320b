/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor's side of its connection to the clerk. */
#ifndef TANUKI_PRIV_CLERK_H
#define TANUKI_PRIV_CLERK_H

#include "base/attr.h"
#include "base/loop.h"
#include "policy/inner.h"
#include "priv/call.h"

struct clerk_client;

typedef void (*clerk_lost_fn)(void *arg, const char *why);

/* Takes over sock.  NULL without memory: it stays the caller's. */
struct clerk_client *clerk_client_new(struct loop *l, int sock, clerk_lost_fn on_lost, void *arg);
/* What was asked is still carried out. */
void clerk_client_free(struct clerk_client *c);

/*
 * The file of the leases is this text from now on; done (NULL: nobody waits) comes later.  Negative
 * errno: it was not asked.
 */
MUST_USE int clerk_client_store(struct clerk_client *c, const char *text, size_t len,
				call_result_fn done, void *arg);
/* The link's name servers, NULL: none; what goes wrong is logged. */
void clerk_client_names(struct clerk_client *c, const char *link, const struct inner_dns *dns);

#endif
