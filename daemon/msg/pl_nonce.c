/* SPDX-License-Identifier: BSD-2-Clause */
/* Nonce payload, RFC 7296 3.9: 16 to 256 random bytes and nothing else. */
#include <errno.h>

#include "msg/pl.h"

int pl_nonce_parse(struct rd body, struct pl_nonce *ret, const char **why)
{
	struct slice data = rd_rest(&body);

	if (!rd_done(&body) || data.len < PL_NONCE_MIN_BYTES || data.len > PL_NONCE_MAX_BYTES) {
		*why = "nonce is not 16 to 256 bytes long";
		return -EBADMSG;
	}
	ret->data = data;
	return 0;
}

void pl_nonce_emit(struct wr *w, const struct pl_nonce *nonce)
{
	wr_slice(w, nonce->data);
}
