/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a packet is when it is protected, and how long it may be: pure functions.
 *
 *	ESP tunnel     | IP | UDP? | SPI, number | IV | IP ... | padding, 2 | ICV |
 *	ESP transport  | IP | UDP? | SPI, number | IV |    ... | padding, 2 | ICV |
 *	AH tunnel      | IP | AH with ICV, padded | IP ... |
 *
 * RFC 4303 2, RFC 4302 2, RFC 3948 2.  BEET is as long as transport mode, with the outer header in
 * place of the inner one.  What IPComp makes of a packet is never longer than that (RFC 3173 2.2).
 */
#ifndef TANUKI_POLICY_OVERHEAD_H
#define TANUKI_POLICY_OVERHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

struct overhead {
	const struct proposal *algorithms; /* as agreed: at most one transform of each type */
	enum child_mode mode;
	bool outer_v6, inner_v6; /* transport mode: one family, inner_v6 */
	bool udp;                /* encapsulated */
};

/*
 * Bytes of the packet on the wire for an inner packet of so many bytes, its IP header (without
 * options) included; 0 if it has less than that header, or we do not know the algorithms.
 */
uint32_t overhead_outer_bytes(const struct overhead *o, uint32_t inner_bytes);
/* The longest inner packet for a wire that takes mtu bytes, IP headers included; 0: none fits. */
uint32_t overhead_inner_mtu(const struct overhead *o, uint32_t mtu);
/* TCP's maximum segment size for it (RFC 9293 3.7.1: without options); 0: none fits. */
uint32_t overhead_mss(const struct overhead *o, uint32_t mtu);

#endif
