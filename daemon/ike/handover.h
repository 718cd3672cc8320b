/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IKE SA knows of its authentication, and of others that its children go to or come from. */
#ifndef TANUKI_IKE_HANDOVER_H
#define TANUKI_IKE_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

struct loop_timer;

/* Of reauth.c.  IKE SAs know each other by their own SPIs, 0 = none; heirs take all of it over. */
struct handover {
	bool auth_initiator;   /* we began the IKE_AUTH */
	int64_t auth_ms;       /* when it was, 0: not yet */
	int64_t auth_limit_ms; /* the peer wants it again so long after (RFC 4478), 0 = no */
	struct loop_timer *timer;
	unsigned int n_failed;
	bool ends_by_auth;      /* ike_sa.life_ends_ms is for want of reauthentication */
	uint64_t yields_spi;    /* in which its children are being made anew, by us; ... */
	const char *yields_why; /* ... static, for the log */
	uint64_t takes_spi;     /* whose children are made anew in this one, by us */
	uint64_t followed_spi;  /* in which they were made anew, by either side */
	bool superseded;        /* they were: it goes when the peer has deleted what is left */
	bool gave_way; /* it was not gone on with: the peer's, which crossed it, has the child */
};

#endif
