/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's side of its connection to the monitor. */
#ifndef TANUKI_PRIV_CLIENT_H
#define TANUKI_PRIV_CLIENT_H

#include "base/attr.h"
#include "base/err.h"
#include "base/loop.h"
#include "priv/call.h"
#include "priv/request.h"

struct client;

/* All from the loop. */
struct client_handlers {
	void (*on_event)(void *arg, const struct keydb_event *event); /* borrowed */
	void (*on_stop)(void *arg);
	/* The monitor is gone, or sent what it must not: nothing can be asked any more. */
	void (*on_lost)(void *arg, const char *why);
};

/*
 * Waits (blocking, at start) for the descriptors that the monitor opened; they then belong to the
 * caller, in the order of ret->roles.  Negative errno with err.
 */
MUST_USE int client_receive_sockets(int sock, struct request_sockets *ret, int fds[FRAME_FDS_MAX],
				    struct err *err);

/* Takes over sock; handlers is borrowed for its life.  NULL without memory. */
struct client *client_new(struct loop *l, int sock, const struct client_handlers *handlers,
			  void *arg);
void client_free(struct client *c);

/*
 * Sends a request; done (NULL: nobody waits) gets its answer later, never before this returned.
 * Negative errno: it was not sent, and done will not be called.
 */
MUST_USE int client_ask(struct client *c, enum request_kind kind, struct slice body,
			call_result_fn done, void *arg);
/* Asks what differs in the kernel; as client_ask(). */
MUST_USE int client_ask_differences(struct client *c, call_differences_fn done, void *arg);
/* Asks for an inner address, and for the leases behind the cursor (0: from the first on). */
MUST_USE int client_ask_lease(struct client *c, const struct lease_ask *question,
			      call_lease_fn done, void *arg);
MUST_USE int client_ask_leases(struct client *c, uint64_t cursor, call_leases_fn done, void *arg);
/* Sends what has no answer. */
MUST_USE int client_tell(struct client *c, enum request_kind kind, struct slice body);
/* Calls with this arg stay unanswered; the requests still run. */
void client_cancel(struct client *c, void *arg);

DEFINE_FREEP(struct client, client_free)

#endif
