/* SPDX-License-Identifier: BSD-2-Clause */
/* The notify table. */
#include "msg/notify.h"

enum { ANY = UINT16_MAX, CHILD_SPI_BYTES = 4 };

/* clang-format off */
static const struct notify notifies[] = {
	/* type                                 min max  SPI    name */
	{ N_UNSUPPORTED_CRITICAL_PAYLOAD,         1,  1, false, "UNSUPPORTED_CRITICAL_PAYLOAD" },
	{ N_INVALID_IKE_SPI,                      0, ANY, false, "INVALID_IKE_SPI" },
	{ N_INVALID_MAJOR_VERSION,                0, ANY, false, "INVALID_MAJOR_VERSION" },
	{ N_INVALID_SYNTAX,                       0, ANY, false, "INVALID_SYNTAX" },
	{ N_INVALID_MESSAGE_ID,                   4,  4, false, "INVALID_MESSAGE_ID" },
	{ N_INVALID_SPI,                          0, ANY, false, "INVALID_SPI" },
	{ N_NO_PROPOSAL_CHOSEN,                   0, ANY, false, "NO_PROPOSAL_CHOSEN" },
	{ N_INVALID_KE_PAYLOAD,                   2,  2, false, "INVALID_KE_PAYLOAD" },
	{ N_AUTHENTICATION_FAILED,                0, ANY, false, "AUTHENTICATION_FAILED" },
	{ N_SINGLE_PAIR_REQUIRED,                 0, ANY, false, "SINGLE_PAIR_REQUIRED" },
	{ N_NO_ADDITIONAL_SAS,                    0, ANY, false, "NO_ADDITIONAL_SAS" },
	{ N_INTERNAL_ADDRESS_FAILURE,             0, ANY, false, "INTERNAL_ADDRESS_FAILURE" },
	{ N_FAILED_CP_REQUIRED,                   0, ANY, false, "FAILED_CP_REQUIRED" },
	{ N_TS_UNACCEPTABLE,                      0, ANY, false, "TS_UNACCEPTABLE" },
	{ N_INVALID_SELECTORS,                    0, ANY, false, "INVALID_SELECTORS" },
	{ N_UNACCEPTABLE_ADDRESSES,               0, ANY, false, "UNACCEPTABLE_ADDRESSES" },
	{ N_UNEXPECTED_NAT_DETECTED,              0, ANY, false, "UNEXPECTED_NAT_DETECTED" },
	{ N_TEMPORARY_FAILURE,                    0, ANY, false, "TEMPORARY_FAILURE" },
	{ N_CHILD_SA_NOT_FOUND,                   0, ANY, false, "CHILD_SA_NOT_FOUND" },
	{ N_INITIAL_CONTACT,                      0, ANY, false, "INITIAL_CONTACT" },
	{ N_SET_WINDOW_SIZE,                      4,  4, false, "SET_WINDOW_SIZE" },
	{ N_ADDITIONAL_TS_POSSIBLE,               0, ANY, false, "ADDITIONAL_TS_POSSIBLE" },
	{ N_IPCOMP_SUPPORTED,                     3, ANY, false, "IPCOMP_SUPPORTED" },
	{ N_NAT_DETECTION_SOURCE_IP,             20, 20, false, "NAT_DETECTION_SOURCE_IP" },
	{ N_NAT_DETECTION_DESTINATION_IP,        20, 20, false, "NAT_DETECTION_DESTINATION_IP" },
	{ N_COOKIE,                               1, 64, false, "COOKIE" },
	{ N_USE_TRANSPORT_MODE,                   0, ANY, false, "USE_TRANSPORT_MODE" },
	{ N_HTTP_CERT_LOOKUP_SUPPORTED,           0, ANY, false, "HTTP_CERT_LOOKUP_SUPPORTED" },
	{ N_REKEY_SA,                             0, ANY, true,  "REKEY_SA" },
	{ N_ESP_TFC_PADDING_NOT_SUPPORTED,        0, ANY, false, "ESP_TFC_PADDING_NOT_SUPPORTED" },
	{ N_NON_FIRST_FRAGMENTS_ALSO,             0, ANY, false, "NON_FIRST_FRAGMENTS_ALSO" },
	{ N_MOBIKE_SUPPORTED,                     0, ANY, false, "MOBIKE_SUPPORTED" },
	{ N_ADDITIONAL_IP4_ADDRESS,               4,  4, false, "ADDITIONAL_IP4_ADDRESS" },
	{ N_ADDITIONAL_IP6_ADDRESS,              16, 16, false, "ADDITIONAL_IP6_ADDRESS" },
	{ N_NO_ADDITIONAL_ADDRESSES,              0, ANY, false, "NO_ADDITIONAL_ADDRESSES" },
	{ N_UPDATE_SA_ADDRESSES,                  0, ANY, false, "UPDATE_SA_ADDRESSES" },
	{ N_COOKIE2,                              8, 64, false, "COOKIE2" },
	{ N_NO_NATS_ALLOWED,                     12, 36, false, "NO_NATS_ALLOWED" },
	{ N_AUTH_LIFETIME,                        4,  4, false, "AUTH_LIFETIME" },
	{ N_REDIRECT_SUPPORTED,                   0, ANY, false, "REDIRECT_SUPPORTED" },
	{ N_REDIRECT,                             3, ANY, false, "REDIRECT" },
	{ N_REDIRECTED_FROM,                      3, ANY, false, "REDIRECTED_FROM" },
	{ N_TICKET_LT_OPAQUE,                     5, ANY, false, "TICKET_LT_OPAQUE" },
	{ N_TICKET_REQUEST,                       0, ANY, false, "TICKET_REQUEST" },
	{ N_TICKET_ACK,                           0, ANY, false, "TICKET_ACK" },
	{ N_TICKET_NACK,                          0, ANY, false, "TICKET_NACK" },
	{ N_TICKET_OPAQUE,                        1, ANY, false, "TICKET_OPAQUE" },
	{ N_EAP_ONLY_AUTHENTICATION,              0, ANY, false, "EAP_ONLY_AUTHENTICATION" },
	{ N_CHILDLESS_IKEV2_SUPPORTED,            0, ANY, false, "CHILDLESS_IKEV2_SUPPORTED" },
	{ N_IKEV2_MESSAGE_ID_SYNC_SUPPORTED,      0, ANY, false, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED" },
	{ N_IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED,  0, ANY, false, "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED" },
	{ N_IKEV2_MESSAGE_ID_SYNC,               12, 12, false, "IKEV2_MESSAGE_ID_SYNC" },
	{ N_IPSEC_REPLAY_COUNTER_SYNC,            4,  8, false, "IPSEC_REPLAY_COUNTER_SYNC" },
	{ N_IKEV2_FRAGMENTATION_SUPPORTED,        0, ANY, false, "IKEV2_FRAGMENTATION_SUPPORTED" },
	{ N_SIGNATURE_HASH_ALGORITHMS,            2, ANY, false, "SIGNATURE_HASH_ALGORITHMS" },
	{ N_USE_PPK,                              0, ANY, false, "USE_PPK" },
	{ N_PPK_IDENTITY,                         1, ANY, false, "PPK_IDENTITY" },
	{ N_NO_PPK_AUTH,                          1, ANY, false, "NO_PPK_AUTH" },
	{ N_INTERMEDIATE_EXCHANGE_SUPPORTED,      0, ANY, false, "INTERMEDIATE_EXCHANGE_SUPPORTED" },
	{ N_USE_BEET_MODE,                        0, ANY, false, "USE_BEET_MODE" },
};
/* clang-format on */

const struct notify *notify_table(size_t *ret_n)
{
	*ret_n = N_ELEMENTS(notifies);
	return notifies;
}

const struct notify *notify_find(uint16_t type)
{
	for (size_t i = 0; i < N_ELEMENTS(notifies); i++) {
		if (notifies[i].type == type)
			return &notifies[i];
	}
	return NULL;
}

const char *notify_name(uint16_t type)
{
	const struct notify *row = notify_find(type);

	if (row)
		return row->name;
	return notify_is_error(type) ? "unknown error" : "unknown status";
}

/* RFC 7296 1.3.3: the SA that is rekeyed is a Child SA; another protocol means nothing. */
static bool names_child_sa(const struct pl_notify *n)
{
	return (n->protocol == PROTOCOL_AH || n->protocol == PROTOCOL_ESP) &&
	       n->spi.len == CHILD_SPI_BYTES;
}

bool notify_well_formed(const struct pl_notify *n)
{
	const struct notify *row = notify_find(n->type);

	if (!row)
		return true;
	if (row->child_spi && !names_child_sa(n))
		return false;
	return n->data.len >= row->min_bytes && n->data.len <= row->max_bytes;
}
