/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that a peer, authenticated or not, can make the engine keep or do has its
 * bound here; and the numbers that other parts of the daemon rely on.
 */
#ifndef TANUKI_IKE_LIMITS_H
#define TANUKI_IKE_LIMITS_H

/*
 * Our SPIs carry the number of their engine, so that packets and kernel events find it:
 * IKE SPIs in bits 63..56, ESP SPIs in bits 31..24.  The rest is random.
 */
enum {
	LIMIT_SPI_ENGINE_SHIFT = 56,
	LIMIT_ESP_SPI_ENGINE_SHIFT = 24,
	LIMIT_ENGINES = 256,
	LIMIT_ESP_SPI_MIN = 256, /* RFC 4303 2.1: lower ones are reserved */
};

/* Messages */
enum {
	LIMIT_MESSAGE_BYTES = 4096,  /* longest message that we build */
	LIMIT_RECEIVE_BYTES = 16384, /* longest message that we look at */
	LIMIT_ARENA_BYTES = 131072,  /* parsed payloads of one message: two chains */
	LIMIT_NONCE_MAX_BYTES = 256,
	LIMIT_COOKIE_MAX_BYTES = 64, /* RFC 7296 2.6 */
};

/* Messages in fragments (RFC 7383 2.6, 5): one per direction of an SA is collected */
enum {
	LIMIT_FRAGMENTS = 64,       /* of one message, that we take and that we send */
	LIMIT_FRAGMENTS_MS = 45000, /* those of a message that is not complete then are forgotten */
	LIMIT_FRAGMENTS_STORED_BYTES = 16 * 1024 * 1024, /* by all SAs of an engine */
};

/* IKE SAs and half-open ones (RFC 7296 2.6) */
enum {
	/* how many, of one source and of all, is configured: struct policy_limits */
	LIMIT_SOURCE_IPV6_BITS = 64,    /* who has one address of such a network has them all */
	LIMIT_COOKIE_SECRET_MS = 60000, /* a secret makes cookies for so long, and is valid twice */
	LIMIT_COOKIE_HOLD_MS = 30000,   /* once demanded, cookies are demanded for so long */
	LIMIT_INIT_RETRIES = 5,         /* COOKIE and INVALID_KE_PAYLOAD answers obeyed */
	LIMIT_SPI_TRIES = 8,            /* random SPIs tried until one is free */
	LIMIT_ESP_SPI_TRIES = 3,        /* times that the kernel may say "taken" */
	LIMIT_CPI_TRIES = 32,           /* random CPIs, of which there are only 61184 */
	LIMIT_CHILDREN_PER_SA = 64,
	LIMIT_CREATES_PER_SA = 128, /* CREATE_CHILD_SA requests of ours that wait for their turn */
	LIMIT_CREATE_GROUPS = 3,    /* INVALID_KE_PAYLOAD answers obeyed for one of them */
	LIMIT_EARLY_DELETES = 8,    /* SPIs that the peer deleted before its answer was here */
	LIMIT_LINGER_MS = 30000,    /* a dead SA answers retransmissions for so long */
	LIMIT_LINGER_REFUSED_MS = 10000,   /* one that never was up */
	LIMIT_WAITERS_PER_SA = 64,         /* callers who wait for one SA */
	LIMIT_INITIATIONS_PER_CHILD = 256, /* of one entry, to different addresses */
};

/* Answers to unauthenticated messages outside of any SA (RFC 7296 2.21.4) */
enum {
	/* their rate is configured: struct policy_limits */
	LIMIT_REFUSAL_LOGS_BURST = 20, /* negotiation_failed records without a known peer */
	LIMIT_REFUSAL_LOG_MS = 500,
	LIMIT_REFUSAL_REPEAT_MS = 30000, /* the same refusal again is not logged */
};

/* Time */
enum {
	LIMIT_ACQUIRE_QUIET_MS =
		2000, /* an ACQUIRE that comes just after the child is up is late */
	/* Traffic that asks again for what was refused a moment ago waits for the next ACQUIRE */
	LIMIT_REFUSED_QUIET_MS = 5000,
	LIMIT_RETRY_FIRST_MS = 2000,  /* "initiate at start" tries again, doubling ... */
	LIMIT_RETRY_MAX_MS = 300000,  /* ... up to this */
	LIMIT_LONG_LIFE_MS = 60000,   /* what was up for so long is started again at once */
	LIMIT_REMOVAL_RETRY_MS = 500, /* a removal that could not be asked for is asked for again */
	/*
	 * What was replaced receives so long after both sides have agreed that it goes: packets may
	 * be under way, and the peer's kernel may take up the new SA later than its answer says.
	 */
	LIMIT_UNDER_WAY_MS = 1000,
	LIMIT_LOOKUP_MS = 5000, /* then an attempt goes on with the addresses known before */
	LIMIT_STOP_MS = 3000,   /* engine_stop() waits so long for answers */
	LIMIT_BUSY_MS = 30000,  /* keeper and kernel answer within this, or the exchange ends */
};

/* Rekeying (RFC 7296 2.8) */
enum {
	/* Of a lifetime, chosen at random for each SA: then a new one is asked for. */
	LIMIT_SOFT_MIN_PERCENT = 80,
	LIMIT_SOFT_MAX_PERCENT = 92,
	/* The peer rekeyed: so long we wait for a sign that it listens before we use the new SA */
	LIMIT_TURN_MS = 10000,
	LIMIT_TEMPORARY_MS =
		2000, /* after TEMPORARY_FAILURE, plus half at random; then longer, ... */
	LIMIT_TEMPORARY_TRIES = 8,    /* ... so often; then both sides disagree for good (2.25) */
	LIMIT_REKEY_RETRY_MS = 10000, /* a refused rekey is tried again, later and later */
	/* What the peer replaced, or asked for in vain, and does not delete: we do. */
	LIMIT_REPLACED_MS = 30000,
	/* Reauthentication: who did not begin the last time does so only then, of the time there is; */
	LIMIT_REAUTH_LATE_PERCENT = 96,
	LIMIT_REAUTH_MIN_SEC = 60, /* a peer cannot demand it more often */
	/* So long the outbound SA waits if the peer has made a child anew in another IKE SA. */
	LIMIT_FOLLOW_MS = 1000,
	LIMIT_CROSSING_MS = 60000, /* equal children of both sides within this time crossed */
};

/* MOBIKE (RFC 4555) */
enum {
	LIMIT_LOCAL_ADDRS = 64, /* of this machine, that we know of */
	LIMIT_MOBIKE_ADDRS = 8, /* more addresses of a peer, and of ours that it is told */
	LIMIT_COOKIE2_BYTES = 16,
	LIMIT_MOBIKE_ATTEMPTS = 2,         /* repeated so often in vain, a path is given up */
	LIMIT_MOBIKE_REFUSALS = 5,         /* of an update by the peer */
	LIMIT_MOBIKE_PATIENCE_MS = 300000, /* 3.11: who does not decide waits so long */
	LIMIT_LOOK_AROUND_MS = 200,        /* routes come after their addresses */
};

/* Refusals that are remembered for show and explain, newest per peer */
enum { LIMIT_REFUSALS = 256 };

#endif
