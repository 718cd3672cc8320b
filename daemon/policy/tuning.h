/* SPDX-License-Identifier: BSD-2-Clause */
/* What an administrator sets for all peers alike: waits, retries and limits. */
#ifndef TANUKI_POLICY_TUNING_H
#define TANUKI_POLICY_TUNING_H

#include <stdint.h>

/*
 * A request is sent retransmit_tries times.  It waits retransmit_first_ms for its response, and
 * factor times as long after each further try; then the peer counts as silent.  The defaults
 * (2 s, 1.8, 5 tries) give up after 2 + 3.6 + 6.5 + 11.7 + 21 = 44.7 s; racoon waited 5 x 10 s.
 */
struct policy_timers {
	int64_t retransmit_first_ms;
	int retransmit_tries;
	int retransmit_factor_percent; /* 180 = 1.8 */
	int64_t natt_keepalive_ms;     /* 0 = none */
	int64_t half_open_ms;          /* a responder forgets a peer that does not go on */
	int64_t kernel_check_ms;       /* the kernel is compared with what is wanted; 0 = never */
};

/*
 * What peers that have proven nothing may cost us (RFC 7296 2.6, 2.21.4).  A source is an IPv4
 * address or an IPv6 network of 64 bits.  cookie_threshold is below the two that follow it: what
 * fills those has shown that its address is true, so forged requests keep nobody out.
 */
struct policy_limits {
	int cookie_threshold; /* half-open IKE SAs from which on a COOKIE is demanded; 0: always */
	int half_open_per_source; /* further requests of it are dropped */
	int half_open;            /* further requests of anybody are dropped */
	int ike_sas;              /* of all states */
	int error_rate;           /* unprotected errors that are sent, per second; 0: none */
	int error_burst;          /* so many of them at once */
};

#endif
