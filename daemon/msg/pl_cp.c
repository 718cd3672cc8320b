/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration payload, RFC 7296 3.15.
 *
 *     payload:   | CFG type (1) | reserved (3)              |
 *     attribute: |R| type (15 bits)        | length (2)     |
 *                | value                                    |
 */
#include <errno.h>

#include "msg/pl.h"

enum { ATTRIBUTE_TYPE_MASK = 0x7fff };

bool pl_cp_next(struct rd *r, struct pl_cp_attribute *ret)
{
	struct pl_cp_attribute attribute;

	if (rd_left(r) == 0)
		return false;
	attribute.type = rd_u16(r) & ATTRIBUTE_TYPE_MASK;
	attribute.value = rd_slice(r, rd_u16(r));
	if (r->bad)
		return false;
	*ret = attribute;
	return true;
}

int pl_cp_parse(struct rd body, struct pl_cp *ret, const char **why)
{
	struct pl_cp cp = { .type = rd_u8(&body) };
	struct pl_cp_attribute attribute;

	rd_skip(&body, 3);
	cp.attributes = slice_of(body.p, rd_left(&body));
	while (cp.n_attributes <= PL_CP_ATTRIBUTES_MAX && pl_cp_next(&body, &attribute))
		cp.n_attributes++;
	if (cp.n_attributes > PL_CP_ATTRIBUTES_MAX) {
		*why = "too many attributes";
		return -EBADMSG;
	}
	if (!rd_done(&body)) {
		*why = "an attribute does not fit the payload";
		return -EBADMSG;
	}
	*ret = cp;
	return 0;
}

void pl_cp_emit(struct wr *w, const struct pl_cp *cp)
{
	wr_u8(w, cp->type);
	wr_zero(w, 3);
	wr_slice(w, cp->attributes);
}
