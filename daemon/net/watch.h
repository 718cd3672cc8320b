/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The addresses of this machine, as they come and go (rtnetlink, no privilege needed).
 */
#ifndef TANUKI_NET_WATCH_H
#define TANUKI_NET_WATCH_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/err.h"

struct loop;
struct watch;

/*
 * An address can be used now (added), or no longer.  Link-local ones carry their scope;
 * tentative ones (duplicate address detection still runs) are not there yet.  borrowed.
 */
typedef void (*watch_fn)(void *arg, const struct addr *local, bool added);

/*
 * Reads all addresses (watch_is_local() works from here on, fn is not called for these)
 * and then calls fn from the loop for each change.  Opens a netlink socket: call it
 * before entering a sandbox.  When the kernel lost events, the addresses are read again
 * and fn gets the differences.  fn must not free the watch.  Negative errno with err.
 */
MUST_USE int watch_new(struct loop *l, watch_fn fn, void *arg, struct watch **ret, struct err *err);
void watch_free(struct watch *w);

/* True if a (the port does not count) is an address of this machine now. */
bool watch_is_local(const struct watch *w, const struct addr *a);
/*
 * Calls fn(arg, address, true) for each address there is: to choose what to listen on.
 */
void watch_each(const struct watch *w, watch_fn fn, void *arg);

DEFINE_FREEP(struct watch, watch_free)

#endif
