/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of every message and event to its handler; the only place that moves a state. */
#ifndef TANUKI_IKE_DISPATCH_H
#define TANUKI_IKE_DISPATCH_H

#include "base/wire.h"
#include "ike/exchange.h"
#include "net/udp.h"

struct engine;
struct ike_sa;

/* A datagram from the network. */
void dispatch_packet(struct engine *e, const struct udp_packet *packet);
/* A local event of an SA; ON_START takes its request from the handler. */
void dispatch_trigger(struct ike_sa *sa, enum trigger trigger);
/* The keeper or the kernel answered a suspended exchange. */
void dispatch_resume(struct exchange *x, int result, struct slice data);

#endif
