/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE fragmentation, RFC 7383: long messages leave in several datagrams, each protected by
 * itself, because networks drop IP fragments.  The window keeps a set of datagrams as it keeps
 * one: one behind the other, each with its length in its header.
 *
 * Sizes are those of IP datagrams.  A message that gets no answer is cut again, smaller (2.5.2):
 * by who asks after FRAGMENT_TRIES tries, by who answers when asked again as often.
 */
#ifndef TANUKI_IKE_FRAGMENT_H
#define TANUKI_IKE_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/wire.h"
#include "ike/bytes.h"
#include "msg/header.h"
#include "msg/sk.h"
#include "msg/writer.h"
#include "policy/policy.h"

struct exchange;
struct ike_header;
struct ike_sa;
struct udp_packet;

enum {
	FRAGMENT_TRIES = 2,           /* with one size */
	FRAGMENT_COMMON_BYTES = 1280, /* where one starts: IPv6's least MTU */
	FRAGMENT_SAFE_BYTES = 576,    /* what every IPv4 host must take; the smallest step */
};

/* A message before it was protected: what is needed to cut it smaller. */
struct fragment_source {
	struct ike_header header;
	uint8_t first_inner;
	uint16_t total;    /* datagrams that it was sent in last */
	int n_repeats;     /* of a reply */
	struct bytes text; /* the inner chain; empty: short enough for every path */
};

void fragment_source_done(struct fragment_source *s);
/* *to is released first; *from is empty afterwards. */
void fragment_source_move(struct fragment_source *to, struct fragment_source *from);

/* The longest datagram towards this peer at first; 0: the entry does not want fragments. */
uint16_t fragment_first_bytes(const struct peer_config *config, const struct addr *peer);

/* ---- sending ---- */

/* The first datagram of a set, taken off it; false when there is none left. */
bool fragment_next(struct slice *set, struct slice *ret_datagram);

/*
 * Around the end of a protected message, for exchange_end(): remembers the inner chain of mw if
 * it is long; then, once it is sealed, cuts it if its datagram would be too long.  limit_bytes:
 * the longest datagram, 0 = no fragments.  -ENOMEM, or what seal returned.
 */
MUST_USE int fragment_remember(struct exchange *x, const struct msg_writer *mw,
			       uint16_t limit_bytes);
MUST_USE int fragment_cut(struct exchange *x, const struct sk_ops *ops, uint16_t limit_bytes);

/*
 * Before try number attempt of the pending request, and when the peer asks again for what we
 * replied: what is to be sent, cut smaller if it is time and possible.  Borrowed from the window.
 */
struct slice fragment_try_request(struct ike_sa *sa, int attempt, struct slice request);
struct slice fragment_try_reply(struct ike_sa *sa, uint32_t message_id, struct slice reply);

/* ---- receiving ---- */

/*
 * x->msg is a fragment.  0: with it the message is complete, x->msg is that; -EINPROGRESS: it was
 * stored; -EBADMSG: it is nothing, or (x->msg.opened) the whole is malformed; -E2BIG: the message
 * is too large, call fragment_refused().
 */
MUST_USE int fragment_take(struct exchange *x, uint8_t *ret_type, const char **why);
/* The peer's message is beyond our limits: on record, and the end of an SA that is not up yet. */
void fragment_refused(struct ike_sa *sa);
/* Is it fragment 1 of the request that was answered last, in whatever size (2.6.1)? */
bool fragment_asks_again(struct ike_sa *sa, const struct udp_packet *p, const struct ike_header *h);

#endif
