/* SPDX-License-Identifier: BSD-2-Clause */
/* NAT detection, RFC 7296 2.23: pure functions. */
#ifndef TANUKI_IKE_NAT_H
#define TANUKI_IKE_NAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "msg/payload.h"
#include "msg/writer.h"

/* What the two kinds of NAT_DETECTION notifies say. */
struct nat {
	bool supported;   /* the peer sent both kinds */
	bool local, peer; /* who is behind a NAT */
};

/* SHA-1(SPIi | SPIr | address | port); the port is that of a.  -EIO. */
MUST_USE int nat_hash(uint64_t spi_i, uint64_t spi_r, const struct addr *a, uint8_t ret[20]);

/*
 * Adds both notifies for a message that goes from local to peer, with the SPIs of its header.
 * lie: pretend to be behind a NAT (nat_traversal force): the source's hash is of no address.
 */
MUST_USE int nat_emit(struct msg_writer *mw, uint64_t spi_i, uint64_t spi_r,
		      const struct addr *local, const struct addr *peer, bool lie);

/* Compares the notifies of a message that came from peer to local. */
MUST_USE int nat_check(const struct payload_set *pl, uint64_t spi_i, uint64_t spi_r,
		       const struct addr *local, const struct addr *peer, struct nat *ret);

#endif
