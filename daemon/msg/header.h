/* SPDX-License-Identifier: BSD-2-Clause */
/* The IKE header, RFC 7296 3.1, and the exchange types. */
#ifndef TANUKI_MSG_HEADER_H
#define TANUKI_MSG_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/wire.h"

enum {
	IKE_HEADER_BYTES = 28,
	IKE_MAJOR_VERSION = 2,
};

enum exchange_type {
	EXCHANGE_IKE_SA_INIT = 34,
	EXCHANGE_IKE_AUTH = 35,
	EXCHANGE_CREATE_CHILD_SA = 36,
	EXCHANGE_INFORMATIONAL = 37,
	EXCHANGE_IKE_INTERMEDIATE = 43, /* RFC 9242 */
};

/* Bits of ike_header.flags; all others are sent as zero and ignored. */
enum ike_flag {
	IKE_FLAG_INITIATOR = 1u << 3, /* the sender is the IKE SA's original initiator */
	IKE_FLAG_VERSION = 1u << 4,   /* never set, always ignored */
	IKE_FLAG_RESPONSE = 1u << 5,
};

/* Host byte order. */
struct ike_header {
	uint64_t spi_i, spi_r;
	uint8_t next_payload;
	uint8_t major, minor;
	uint8_t exchange; /* enum exchange_type, or one that we do not know */
	uint8_t flags;    /* enum ike_flag */
	uint32_t message_id;
	uint32_t length; /* of the whole message */
};

/*
 * Reads the header of a datagram (without the non-ESP marker of RFC 3948).
 * -EBADMSG: too short, the length field is not the datagram's, or what 3.1 asks of the
 *   SPIs and the message id does not hold (SPIi zero, SPIr set in an IKE_SA_INIT request).
 * -EPROTONOSUPPORT: the major version is not 2; *ret is filled in, since the answer
 *   N(INVALID_MAJOR_VERSION) of 2.5 takes its SPIs and message id from it.
 * *why is a static text then, for the log.
 */
MUST_USE int header_parse(struct slice datagram, struct ike_header *ret, const char **why);

/* Writes the header as it is given, version and length included; reserved flags as zero. */
void header_emit(struct wr *w, const struct ike_header *h);

static inline bool header_is_response(const struct ike_header *h)
{
	return h->flags & IKE_FLAG_RESPONSE;
}

/* True if the sender is the original initiator of the IKE SA: then SPIr is ours. */
static inline bool header_from_initiator(const struct ike_header *h)
{
	return h->flags & IKE_FLAG_INITIATOR;
}

/* "IKE_SA_INIT"; "unknown exchange" for others. */
const char *exchange_name(uint8_t exchange);

#endif
