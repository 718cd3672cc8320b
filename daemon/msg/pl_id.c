/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who somebody is and the proof of it: Identification (IDi, IDr; RFC 7296 3.5) and
 * Authentication (3.8) payloads, of one shape.
 *
 *     | ID type or auth method (1) | reserved (3) |
 *     | identification or authentication data     |
 */
#include <errno.h>

#include "msg/pl.h"

/* Sizes by ID type; types that are not listed may have any. */
static const struct {
	uint8_t type;
	uint16_t min_bytes, max_bytes;
} id_sizes[] = {
	{ 1, 4, 4 },           /* ID_IPV4_ADDR */
	{ 2, 1, UINT16_MAX },  /* ID_FQDN */
	{ 3, 1, UINT16_MAX },  /* ID_RFC822_ADDR */
	{ 5, 16, 16 },         /* ID_IPV6_ADDR */
	{ 9, 1, UINT16_MAX },  /* ID_DER_ASN1_DN */
	{ 10, 1, UINT16_MAX }, /* ID_DER_ASN1_GN */
	{ 11, 1, UINT16_MAX }, /* ID_KEY_ID */
};

static bool id_size_fits(const struct pl_id *id)
{
	for (size_t i = 0; i < N_ELEMENTS(id_sizes); i++) {
		if (id_sizes[i].type == id->type)
			return id->data.len >= id_sizes[i].min_bytes &&
			       id->data.len <= id_sizes[i].max_bytes;
	}
	return true;
}

int pl_id_parse(struct rd body, struct pl_id *ret, const char **why)
{
	struct pl_id id = { .type = rd_u8(&body) };

	rd_skip(&body, 3);
	id.data = rd_rest(&body);
	if (!rd_done(&body)) {
		*why = "too short for an identity";
		return -EBADMSG;
	}
	if (!id_size_fits(&id)) {
		*why = "length does not fit the ID type";
		return -EBADMSG;
	}
	*ret = id;
	return 0;
}

void pl_id_emit(struct wr *w, const struct pl_id *id)
{
	wr_u8(w, id->type);
	wr_zero(w, 3);
	wr_slice(w, id->data);
}

int pl_auth_parse(struct rd body, struct pl_auth *ret, const char **why)
{
	struct pl_auth auth = { .method = rd_u8(&body) };

	rd_skip(&body, 3);
	auth.data = rd_rest(&body);
	if (!rd_done(&body) || auth.data.len == 0) {
		*why = "no authentication data";
		return -EBADMSG;
	}
	*ret = auth;
	return 0;
}

void pl_auth_emit(struct wr *w, const struct pl_auth *auth)
{
	wr_u8(w, auth->method);
	wr_zero(w, 3);
	wr_slice(w, auth->data);
}
