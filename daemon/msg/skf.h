/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Encrypted Fragment payload, RFC 7383: a message's inner chain is cut into pieces, and
 * each is protected by itself, so that none needs to be kept that is not authentic.
 *
 *     HDR, SK  {            IDi, AUTH, SA, TSi, TSr          }
 *     HDR, SKF(1 of 2) { IDi, AUTH, S }   HDR, SKF(2 of 2) { A, TSi, TSr }
 *
 * msg_writer_add_skf() writes one.
 */
#ifndef TANUKI_MSG_SKF_H
#define TANUKI_MSG_SKF_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/wire.h"
#include "msg/payload.h"
#include "msg/sk.h"

enum { SKF_NUMBERS_BYTES = 4 }; /* fragment number and total, between header and IV */

/* How much of an inner chain fits into an IKE message (header included) of so many bytes; may be 0. */
size_t skf_room(const struct sk_ops *ops, size_t message_bytes);

/*
 * Checks and decrypts the fragment that m is, in place; *ret_chunk is its piece of the inner
 * chain, borrowed from datagram, which is what m was parsed from.  m stays unopened.  -EBADMSG
 * with *why, whatever is wrong: nothing of it deserves an answer (2.6), but *ret_authentic
 * tells whether it was the peer.  Other payloads beside SKF and pieces without a byte are refused.
 */
MUST_USE int skf_open(const struct msg *m, uint8_t *datagram, const struct sk_ops *ops,
		      struct slice *ret_chunk, bool *ret_authentic, const char **why);

/*
 * m is the last fragment to come, chain what all pieces make together, first the type that
 * fragment 1 gave: m becomes the message that was cut.  chain must live as long as m.  m->opened
 * is true afterwards; -EBADMSG and -ENOMEM with *ret_type and *why as of sk_open().
 */
MUST_USE int skf_join(struct msg *m, struct slice chain, uint8_t first, struct arena *a,
		      uint8_t *ret_type, const char **why);

#endif
