/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Builds a message: header, chained payloads, SK payload, lengths filled in behind.
 *
 *     msg_writer_init(&mw, buf, sizeof(buf), &header);
 *     msg_writer_open_sk(&mw, ops);
 *     msg_writer_add_auth(&mw, method, data);
 *     msg_writer_close_sk(&mw);
 *     r = msg_writer_end(&mw, &message);
 *
 * Sticky like struct wr: the first fault is kept, and msg_writer_end() reports it.
 */
#ifndef TANUKI_MSG_WRITER_H
#define TANUKI_MSG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/wire.h"
#include "msg/header.h"
#include "msg/payload.h"
#include "msg/sk.h"

struct msg_writer {
	struct wr w;
	int error;               /* first fault other than the buffer's end */
	size_t next_at;          /* where the type of the next payload goes */
	const struct sk_ops *sk; /* while an SK payload is open */
	bool sealed;
	struct wr_len sk_len;
	size_t text_at; /* where the SK payload's plaintext begins */
};

/*
 * Starts a message in buf.  Of the header, next payload and length are filled in at the end
 * and the version is 2.0; the other fields are taken as given.
 */
void msg_writer_init(struct msg_writer *mw, void *buf, size_t capacity,
		     const struct ike_header *header);

/* A payload by hand: write its body to mw->w between open and close. */
struct wr_len msg_writer_open(struct msg_writer *mw, uint8_t type);
void msg_writer_close(struct msg_writer *mw, struct wr_len len);

void msg_writer_add_sa(struct msg_writer *mw, const struct pl_sa *sa);
void msg_writer_add_ke(struct msg_writer *mw, uint16_t group, struct slice data);
/* type is PL_IDI or PL_IDR. */
void msg_writer_add_id(struct msg_writer *mw, uint8_t type, const struct pl_id *id);
void msg_writer_add_auth(struct msg_writer *mw, uint8_t method, struct slice data);
void msg_writer_add_cert(struct msg_writer *mw, uint8_t encoding, struct slice data);
void msg_writer_add_certreq(struct msg_writer *mw, uint8_t encoding, struct slice data);
void msg_writer_add_nonce(struct msg_writer *mw, struct slice nonce);
/* A notify without an SPI. */
void msg_writer_add_notify(struct msg_writer *mw, uint16_t notify_type, struct slice data);
/* A notify about a Child SA (protocol AH or ESP) with its 4-byte SPI. */
void msg_writer_add_notify_spi(struct msg_writer *mw, uint16_t notify_type, uint8_t protocol,
			       uint32_t spi, struct slice data);
/* Deletes the IKE SA itself. */
void msg_writer_add_delete_ike(struct msg_writer *mw);
/* Deletes n Child SAs by our inbound SPIs. */
void msg_writer_add_delete(struct msg_writer *mw, uint8_t protocol, const uint32_t *spis,
			   uint16_t n);
void msg_writer_add_vendor(struct msg_writer *mw, struct slice id);
/* type is PL_TSI or PL_TSR. */
void msg_writer_add_ts(struct msg_writer *mw, uint8_t type, const struct pl_ts *ts);
void msg_writer_add_cp(struct msg_writer *mw, const struct pl_cp *cp);
void msg_writer_add_eap(struct msg_writer *mw, struct slice message);

/* All payloads from here to msg_writer_close_sk() are inside SK.  ops must live until then. */
void msg_writer_open_sk(struct msg_writer *mw, const struct sk_ops *ops);
/* Pads (the least that is needed, with zeros), seals, adds the ICV and ends the message. */
void msg_writer_close_sk(struct msg_writer *mw);

/* What is inside SK so far, and the type of its first payload; borrowed, while SK is open. */
struct slice msg_writer_inner(const struct msg_writer *mw, uint8_t *ret_first);
/*
 * The whole of an SKF payload (RFC 7383 2.5): fragment number of total, 1 at first; chunk is its
 * part of the inner chain, which began with a payload of type first_inner.  Ends the message.
 */
void msg_writer_add_skf(struct msg_writer *mw, const struct sk_ops *ops, uint8_t first_inner,
			uint16_t number, uint16_t total, struct slice chunk);

/*
 * Ends the message (fills in the length) and returns it, borrowed from the buffer.
 * -ENOBUFS: the buffer is too small or a payload is longer than 65,535 bytes; what seal
 * returned if that failed.  The buffer holds no secrets of a sealed message, but may hold
 * its plaintext after a failure.
 */
MUST_USE int msg_writer_end(struct msg_writer *mw, struct slice *ret);

#endif
