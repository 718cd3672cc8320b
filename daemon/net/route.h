/* SPDX-License-Identifier: BSD-2-Clause */
/* From which address the kernel would send (rtnetlink); private to net/. */
#ifndef TANUKI_NET_ROUTE_H
#define TANUKI_NET_ROUTE_H

#include "base/addr.h"
#include "base/attr.h"

struct route;

/* Opens a netlink socket; NULL when memory or descriptors are out. */
struct route *route_new(void);
void route_free(struct route *r);
/*
 * The source address towards peer, without a port; link-local ones carry their scope.
 * The kernel answers at once, nothing blocks.  -ENETUNREACH, -EHOSTUNREACH, ...
 */
MUST_USE int route_source(struct route *r, const struct addr *peer, struct addr *ret_local);

#endif
