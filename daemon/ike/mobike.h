/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MOBIKE, RFC 4555: who began the first IKE SA decides where both sides are.
 *
 *	SK {N(UPDATE_SA_ADDRESSES), N(NAT_DETECTION_*), N(COOKIE2)} -->      over the new path
 *	                       <-- SK {N(NAT_DETECTION_*), N(COOKIE2)}       the way works: children move
 *	                       <-- SK {N(COOKIE2)}                           is somebody there?
 *	SK {N(COOKIE2)}        -->                                          children move
 *
 * The place of the IKE SA (sa->local, sa->peer) is where its messages go; children follow only when
 * an answer over the new path has shown that it leads to the peer (3.7).  Until then both are
 * "unsettled".
 */
#ifndef TANUKI_IKE_MOBIKE_H
#define TANUKI_IKE_MOBIKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "ike/limits.h"

struct engine;
struct exchange;
struct ike_sa;
struct msg_writer;

enum mobike_asked { MOBIKE_OTHER, MOBIKE_UPDATE, MOBIKE_CHECK };

struct mobike {
	bool on;        /* both sides said that they can */
	bool decides;   /* we began the first IKE SA of the line */
	bool unsettled; /* children are not where the IKE SA is */
	bool searching; /* what is sent again goes over another path each time */
	bool want_update, want_check, want_list;
	struct addr home_local, home_peer; /* where the children are */
	/* the request that is out */
	enum mobike_asked asked;
	struct addr asked_local, asked_peer;
	bool asked_elsewhere; /* it went over more than one path: its answer tells of none */
	uint8_t cookie[LIMIT_COOKIE2_BYTES];
	unsigned int n_path, n_refused;
	bool has_seen; /* how the peer sees us: of its NAT_DETECTION_DESTINATION_IP (3.8) */
	uint8_t seen[20];
	uint8_t n_peer_addrs; /* more addresses of the peer (3.4) */
	struct addr peer_addrs[LIMIT_MOBIKE_ADDRS];
};

/* ---- while the IKE SA is made (3.1 to 3.4) ---- */

/* Adds MOBIKE_SUPPORTED and what belongs to it to IKE_AUTH, if it is wanted and (response) asked for. */
void mobike_add_auth(const struct exchange *x, struct msg_writer *mw);
/* 3.9: does a request say that no NAT may be on its way, and there is one? */
bool mobike_sees_nat(const struct exchange *x);
/* Both have authenticated themselves: was it agreed on?  Of the peer's last message of IKE_AUTH. */
void mobike_agree(struct exchange *x);
/* It is established: this is where it is. */
void mobike_settle(struct ike_sa *sa);
/* An heir is where the SA before is, and goes on with what that had begun. */
void mobike_inherit(struct ike_sa *heir, const struct ike_sa *old);

/* ---- requests of the peer ---- */

/* Adds what each answer to an INFORMATIONAL has: COOKIE2 (3.7), NAT detection (3.8). */
void mobike_add_reply(const struct exchange *x, struct msg_writer *mw);
/* An INFORMATIONAL was answered: what it says of the peer's addresses counts. */
void mobike_take_list(struct exchange *x);

/* ---- our requests ---- */

/* Sends what is to be said next; false: nothing is. */
bool mobike_next(struct ike_sa *sa);
/* For a question whether the peer lives: adds what shows a change of the NAT (3.8). */
void mobike_add_probe(const struct ike_sa *sa, struct msg_writer *mw);
/* A request goes out (attempt 0) or again: over which path. */
void mobike_sending(struct ike_sa *sa, int attempt);
/*
 * The answer to our INFORMATIONAL.  False: it is not ours, and the IKE SA must be closed (3.7,
 * COOKIE2).
 */
MUST_USE bool mobike_answered(struct exchange *x);
/* Any authentic answer came: the path that it came over works. */
void mobike_heard(struct exchange *x);

/* ---- the machine's addresses ---- */

/* They, or the routes, may have changed: is there another way, or only another one? */
void mobike_look_around(struct engine *e);

#endif
