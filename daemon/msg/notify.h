/* SPDX-License-Identifier: BSD-2-Clause */
/* Notify message types, RFC 7296 3.10.1 and later RFCs: numbers, names, sizes. */
#ifndef TANUKI_MSG_NOTIFY_H
#define TANUKI_MSG_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "msg/pl.h"

enum notify_type {
	/* Errors. */
	N_UNSUPPORTED_CRITICAL_PAYLOAD = 1,
	N_INVALID_IKE_SPI = 4,
	N_INVALID_MAJOR_VERSION = 5,
	N_INVALID_SYNTAX = 7,
	N_INVALID_MESSAGE_ID = 9,
	N_INVALID_SPI = 11,
	N_NO_PROPOSAL_CHOSEN = 14,
	N_INVALID_KE_PAYLOAD = 17,
	N_AUTHENTICATION_FAILED = 24,
	N_SINGLE_PAIR_REQUIRED = 34,
	N_NO_ADDITIONAL_SAS = 35,
	N_INTERNAL_ADDRESS_FAILURE = 36,
	N_FAILED_CP_REQUIRED = 37,
	N_TS_UNACCEPTABLE = 38,
	N_INVALID_SELECTORS = 39,
	N_UNACCEPTABLE_ADDRESSES = 40,  /* RFC 4555 */
	N_UNEXPECTED_NAT_DETECTED = 41, /* RFC 4555 */
	N_TEMPORARY_FAILURE = 43,
	N_CHILD_SA_NOT_FOUND = 44,
	/* Status. */
	N_STATUS_FIRST = 16384,
	N_INITIAL_CONTACT = 16384,
	N_SET_WINDOW_SIZE = 16385,
	N_ADDITIONAL_TS_POSSIBLE = 16386,
	N_IPCOMP_SUPPORTED = 16387,
	N_NAT_DETECTION_SOURCE_IP = 16388,
	N_NAT_DETECTION_DESTINATION_IP = 16389,
	N_COOKIE = 16390,
	N_USE_TRANSPORT_MODE = 16391,
	N_HTTP_CERT_LOOKUP_SUPPORTED = 16392,
	N_REKEY_SA = 16393,
	N_ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
	N_NON_FIRST_FRAGMENTS_ALSO = 16395,
	N_MOBIKE_SUPPORTED = 16396, /* RFC 4555, to NO_NATS_ALLOWED */
	N_ADDITIONAL_IP4_ADDRESS = 16397,
	N_ADDITIONAL_IP6_ADDRESS = 16398,
	N_NO_ADDITIONAL_ADDRESSES = 16399,
	N_UPDATE_SA_ADDRESSES = 16400,
	N_COOKIE2 = 16401,
	N_NO_NATS_ALLOWED = 16402,
	N_AUTH_LIFETIME = 16403,      /* RFC 4478 */
	N_REDIRECT_SUPPORTED = 16406, /* RFC 5685 */
	N_REDIRECT = 16407,
	N_REDIRECTED_FROM = 16408,
	N_TICKET_LT_OPAQUE = 16409, /* RFC 5723 */
	N_TICKET_REQUEST = 16410,
	N_TICKET_ACK = 16411,
	N_TICKET_NACK = 16412,
	N_TICKET_OPAQUE = 16413,
	N_EAP_ONLY_AUTHENTICATION = 16417,         /* RFC 5998 */
	N_CHILDLESS_IKEV2_SUPPORTED = 16418,       /* RFC 6023 */
	N_IKEV2_MESSAGE_ID_SYNC_SUPPORTED = 16420, /* RFC 6311 */
	N_IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED = 16421,
	N_IKEV2_MESSAGE_ID_SYNC = 16422,
	N_IPSEC_REPLAY_COUNTER_SYNC = 16423,
	N_IKEV2_FRAGMENTATION_SUPPORTED = 16430, /* RFC 7383 */
	N_SIGNATURE_HASH_ALGORITHMS = 16431,     /* RFC 7427 */
	N_USE_PPK = 16435,                       /* RFC 8784 */
	N_PPK_IDENTITY = 16436,
	N_NO_PPK_AUTH = 16437,
	N_INTERMEDIATE_EXCHANGE_SUPPORTED = 16438, /* RFC 9242 */
	/* Of the range for private use: strongSwan's number, and ours, for BEET mode. */
	N_USE_BEET_MODE = 40961,
};

enum {
	NOTIFY_COOKIE_MAX_BYTES = 64,
	NOTIFY_NAT_HASH_BYTES = 20,
};

/* A row of the notify table. */
struct notify {
	uint16_t type;
	uint16_t min_bytes, max_bytes; /* of the notification data */
	bool child_spi;                /* names a Child SA: AH or ESP with a 4-byte SPI */
	const char *name;              /* "NO_PROPOSAL_CHOSEN" */
};

/* All rows, for tests. */
const struct notify *notify_table(size_t *ret_n);
/* NULL if we do not know the type. */
const struct notify *notify_find(uint16_t type);
/* The name; "unknown error" or "unknown status" for others. */
const char *notify_name(uint16_t type);

static inline bool notify_is_error(uint16_t type)
{
	return type < N_STATUS_FIRST;
}

/* True unless the type is known and its data or SPI are not as its RFC says. */
MUST_USE bool notify_well_formed(const struct pl_notify *n);

#endif
