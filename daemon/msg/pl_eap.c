/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extensible Authentication Protocol payload, RFC 7296 3.16 and RFC 3748 4.
 *
 *     | code (1) | identifier (1) | length (2), of all of this |
 *     | type (1), of requests and responses only | type data   |
 */
#include <errno.h>

#include "msg/pl.h"

enum { EAP_REQUEST = 1, EAP_RESPONSE = 2, EAP_SUCCESS = 3, EAP_FAILURE = 4, EAP_HEADER_BYTES = 4 };

static const char *eap_fault(uint8_t code, size_t len)
{
	switch (code) {
	case EAP_REQUEST:
	case EAP_RESPONSE:
		return len > EAP_HEADER_BYTES ? NULL : "EAP message without a type";
	case EAP_SUCCESS:
	case EAP_FAILURE:
		return len == EAP_HEADER_BYTES ? NULL : "EAP success or failure with data";
	default:
		return "EAP code is not known";
	}
}

int pl_eap_parse(struct rd body, struct pl_eap *ret, const char **why)
{
	struct slice message = slice_of(body.p, rd_left(&body));
	uint8_t code = rd_u8(&body);

	rd_skip(&body, 1);
	if (rd_u16(&body) != message.len || body.bad) {
		*why = "EAP length is not the payload's";
		return -EBADMSG;
	}
	*why = eap_fault(code, message.len);
	if (*why)
		return -EBADMSG;
	ret->message = message;
	return 0;
}

void pl_eap_emit(struct wr *w, const struct pl_eap *eap)
{
	wr_slice(w, eap->message);
}
