/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's hands in the kernel: executes the requests of engines, installs the
 * configuration's policies, and tells each engine what the kernel says about its SAs.
 */
#ifndef TANUKI_PRIV_BROKER_H
#define TANUKI_PRIV_BROKER_H

#include <stdbool.h>

#include <keydb.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/loop.h"
#include "priv/request.h"

struct broker;

/* An event for this engine; borrowed for the call. */
typedef void (*broker_event_fn)(void *arg, int engine, const struct keydb_event *event);

/* Opens the kernel's tables and its events.  Negative errno with err. */
MUST_USE int broker_new(struct loop *l, broker_event_fn on_event, void *arg, struct broker **ret,
			struct err *err);
/* Whether policies go to tanuki.ko, now and for the broker's life; it is logged too. */
bool broker_has_tanuki(const struct broker *b);
/* Takes all that was installed out of the kernel again, and logs how much it was. */
void broker_free(struct broker *b);

/*
 * Installs a policy of the configuration, which leads traffic to us.  -EEXIST: somebody else has
 * one there, it stays.
 */
MUST_USE int broker_add_trap(struct broker *b, const struct keydb_policy *trap, struct err *err);

/*
 * From now on what carries this reqid in the kernel is ours: it is removed if no child and no
 * trap has it (see reconcile.h).  -ENOMEM.
 */
MUST_USE int broker_own(struct broker *b, uint32_t reqid);
/* Compares the kernel with what was installed, repairs and logs; tells engines what they lost. */
void broker_reconcile(struct broker *b);
/* The same again and again, so long after the last one.  0: not any more. */
void broker_watch(struct broker *b, int64_t interval_ms);
/* Compares only. */
void broker_diff(struct broker *b, struct request_differences *ret);

/*
 * Executes an admitted frame of an engine.  True: *ret is the answer to send; false: this kind has
 * none.
 */
bool broker_request(struct broker *b, int engine, const struct frame *f,
		    struct request_result *ret);
/* True if this kind of request is executed here: by broker_request(), or broker_diff(). */
bool broker_handles(unsigned int kind);

DEFINE_FREEP(struct broker, broker_free)

#endif
