/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificate and Certificate Request payloads, RFC 7296 3.6 and 3.7.
 *
 *     | encoding (1) | certificate, or hashes of the trusted authorities |
 */
#include <errno.h>

#include "msg/pl.h"

int pl_cert_parse(struct rd body, struct pl_cert *ret, const char **why)
{
	struct pl_cert cert = { .encoding = rd_u8(&body) };

	cert.data = rd_rest(&body);
	if (!rd_done(&body)) {
		*why = "no certificate encoding";
		return -EBADMSG;
	}
	*ret = cert;
	return 0;
}

void pl_cert_emit(struct wr *w, const struct pl_cert *cert)
{
	wr_u8(w, cert->encoding);
	wr_slice(w, cert->data);
}
