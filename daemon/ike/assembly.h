/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fragments of one message that are here already (RFC 7383 2.6): of one direction of one
 * IKE SA, and only such as have proven to be the peer's.
 */
#ifndef TANUKI_IKE_ASSEMBLY_H
#define TANUKI_IKE_ASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/loop.h"
#include "base/wire.h"
#include "ike/bytes.h"

struct assembly {
	struct loop *loop;
	struct loop_timer *timer; /* made with the first fragment */
	size_t *stored_bytes;     /* of all assemblies of the engine */
	/* the message; total 0: there is none */
	uint32_t message_id;
	uint8_t exchange, first_inner;
	uint16_t total, n;
	size_t bytes, longest_bytes; /* of content; of the longest datagram */
	uint64_t first_hash;         /* of the datagram that was fragment 1 */
	struct bytes *pieces;        /* total of them */
};

/* A fragment; content is borrowed. */
struct fragment {
	uint32_t message_id;
	uint8_t exchange, first_inner;
	uint16_t number, total; /* 1 <= number <= total */
	struct slice content;   /* decrypted */
	uint64_t hash;          /* of the datagram as it came */
	size_t datagram_bytes;
};

/* loop and stored_bytes are borrowed for its life. */
void assembly_init(struct assembly *a, struct loop *l, size_t *stored_bytes);
/* Wipes and forgets what is stored; it can be used again. */
void assembly_reset(struct assembly *a);
void assembly_done(struct assembly *a);

/*
 * Before it is decrypted: can it be of use?  Not if it is here already, or belongs to a set with
 * fewer fragments than the one in hand (RFC 7383 2.5.2: sets only grow).  content is not looked
 * at.  False with *why, static.
 */
bool assembly_wants(const struct assembly *a, const struct fragment *f, const char **why);
/*
 * Stores an authentic fragment that is wanted; one of another message or of a larger set throws
 * away what was there.  1: the message is complete; 0: it is not yet; -E2BIG: it has more than
 * LIMIT_FRAGMENTS or LIMIT_RECEIVE_BYTES, and is forgotten; -ENOMEM: this one was not stored.
 */
MUST_USE int assembly_add(struct assembly *a, const struct fragment *f);
/* All pieces of a complete message in one; *ret must be empty.  -ENOMEM. */
MUST_USE int assembly_join(const struct assembly *a, struct bytes *ret);

#endif
