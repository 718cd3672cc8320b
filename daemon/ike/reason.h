/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a negotiation was refused: one structure, filled where the decision is made, that
 * becomes the log record, the last refusal of a peer (ctl), and the text for who asked.
 */
#ifndef TANUKI_IKE_REASON_H
#define TANUKI_IKE_REASON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"

enum reason_code {
	REASON_NONE,
	REASON_UNKNOWN_PEER,       /* no entry for the address, or for the identity */
	REASON_NO_COMMON_PROPOSAL, /* what: the transform types without overlap */
	REASON_INVALID_KE,         /* key exchange data or group that cannot be used */
	REASON_WRONG_KEY,          /* the peer's AUTH is not made with our key */
	REASON_NO_KEY,             /* we have no key for this peer */
	REASON_ID_MISMATCH,        /* the responder is not who we wanted */
	REASON_AUTH_METHOD,        /* a method that is not configured or not known */
	REASON_SELECTOR_MISMATCH,  /* no common traffic selectors */
	REASON_SELECTOR_TAKEN,     /* another peer, or a policy, has them */
	REASON_SINGLE_PAIR,        /* one address of each side was to be named */
	REASON_MODE_MISMATCH,      /* tunnel against transport */
	REASON_NO_ADDRESS,         /* no inner address could be given, or was */
	REASON_ADDRESS_REQUIRED,   /* the peer must ask for an inner address, and did not */
	REASON_PEER_REFUSED,       /* the peer said no: what is its notify */
	REASON_PEER_SILENT,        /* no answer to all tries */
	REASON_NAT,                /* addresses were changed on the way, and must not be */
	REASON_MALFORMED,          /* syntax, or an unsupported critical payload */
	REASON_KERNEL,             /* the kernel did not take the SA or policy */
	REASON_OVERLOAD,           /* a limit of ours */
	REASON_INTERNAL,           /* memory, randomness, the key process */
	REASON_CANCELLED,          /* by command, reload or shutdown */
	__REASON_N,
};

enum { REASON_FIELD_MAX_BYTES = 256 };

/* Texts are for people, never secret; text from the peer is escaped.  "" = nothing to say. */
struct reason {
	enum reason_code code;
	char what[64]; /* "KE", "TSi", "AUTHENTICATION_FAILED" */
	char ours[REASON_FIELD_MAX_BYTES];
	char theirs[REASON_FIELD_MAX_BYTES];
	char hint[REASON_FIELD_MAX_BYTES]; /* what to look at, or what else was seen */
};

/* "no_common_proposal": the stable word of the log and of JSON. */
const char *reason_word(enum reason_code code);
/* What to do about it, for people. */
const char *reason_advice(enum reason_code code);

/* Starts a reason: all fields but code and what are emptied.  what may be NULL. */
void reason_set(struct reason *r, enum reason_code code, const char *what);
void reason_ours(struct reason *r, const char *fmt, ...) PRINTF(2, 3);
void reason_theirs(struct reason *r, const char *fmt, ...) PRINTF(2, 3);
void reason_hint(struct reason *r, const char *fmt, ...) PRINTF(2, 3);

enum { REASON_TEXT_MAX_BYTES = 1024 };
/* One line: "no common proposal (KE): ours CURVE25519, theirs MODP_2048"; buf returned. */
const char *reason_text(const struct reason *r, char buf[REASON_TEXT_MAX_BYTES]);

/*
 * The one record of a refusal: event=negotiation_failed.  peer_name and story may be NULL.
 */
void reason_log(const struct reason *r, const char *peer_name, const struct addr *peer,
		const char *story);

#endif
