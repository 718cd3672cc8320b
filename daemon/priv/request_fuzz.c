/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a frame's body: the first byte is the kind; what passes is read through. */
#include <stdlib.h>
#include <string.h>

#include "priv/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct request_row *row = size > 0 ? request_row(data[0]) : NULL;
	const char *why;

	if (!row)
		return 0;
	struct request_gate gate = { .from = row->from, .to = row->to };
	/* Zeroes behind short inputs: a corpus file can name just the fields it is about. */
	size_t len = size - 1 > row->body_bytes ? size - 1 : row->body_bytes;
	uint8_t *body = calloc(1, len ? len : 1);
	REQUIRE(body);
	memcpy(body, data + 1, size - 1);
	struct frame f = { .kind = data[0], .body = slice_of(body, len) };
	if (request_admit(&gate, &f, &why) == 0 && f.kind == REQUEST_CHILD_INSTALL) {
		const struct request_child *c = request_body(&f);
		REQUIRE(keydb_alg_by_id(c->in.aead.id) || c->in.aead.id == KEYDB_ALG_ID_NONE);
		REQUIRE(c->n_policies <= REQUEST_POLICIES_MAX);
	}
	free(body);
	return 0;
}
