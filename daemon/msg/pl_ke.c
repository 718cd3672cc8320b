/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key Exchange payload, RFC 7296 3.4.
 *
 *     | group (2) | reserved (2) |
 *     | key exchange data        |
 */
#include <errno.h>

#include "msg/pl.h"

int pl_ke_parse(struct rd body, struct pl_ke *ret, const char **why)
{
	struct pl_ke ke = { .group = rd_u16(&body) };

	rd_skip(&body, 2);
	ke.data = rd_rest(&body);
	if (!rd_done(&body) || ke.data.len == 0) {
		*why = "no key exchange data";
		return -EBADMSG;
	}
	*ret = ke;
	return 0;
}

void pl_ke_emit(struct wr *w, const struct pl_ke *ke)
{
	wr_u16(w, ke->group);
	wr_zero(w, 2);
	wr_slice(w, ke->data);
}
