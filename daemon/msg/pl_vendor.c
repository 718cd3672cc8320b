/* SPDX-License-Identifier: BSD-2-Clause */
/* Vendor ID payload, RFC 7296 3.12: any bytes. */
#include <errno.h>

#include "msg/pl.h"

int pl_vendor_parse(struct rd body, struct pl_vendor *ret, const char **why)
{
	struct slice id = rd_rest(&body);

	if (!rd_done(&body)) {
		*why = "vendor ID is cut off";
		return -EBADMSG;
	}
	ret->id = id;
	return 0;
}

void pl_vendor_emit(struct wr *w, const struct pl_vendor *vendor)
{
	wr_slice(w, vendor->id);
}
