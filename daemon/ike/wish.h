/* SPDX-License-Identifier: BSD-2-Clause */
/* What an initiator is to make, and for whom. */
#ifndef TANUKI_IKE_WISH_H
#define TANUKI_IKE_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "ike/engine.h"
#include "kernel/kernel.h"
#include "policy/policy.h"
#include "policy/ts.h"

/* What an initiator wants; a plain value. */
struct wish {
	const struct child_config *child;
	enum engine_why why;
	struct addr peer, local; /* local may be unset */
	/* From an ACQUIRE: the packet, and the selector of the policy that wanted it. */
	bool has_packet, has_policy;
	uint8_t n_tried;        /* of its entry's addresses, before this one */
	bool single, looked_up; /* a child per pair of addresses (2.9); the name is resolved */
	struct ts packet_local, packet_peer, policy_local, policy_peer;
	uint32_t reqid; /* of that policy */
	/* Our SPI of a child in another IKE SA, whose selectors it is to have; 0 = none. */
	uint32_t follows;
	bool has_larval; /* an ACQUIRE waits for the result */
	uint32_t acquire_seq;
	struct keydb_sa_id larval;
};

#endif
