/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a datagram through header, walk and grammar; what was read can be rewritten. */
#include <stdlib.h>

#include "msg/msg_test.h"

enum { LENGTH_AT = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(struct slice datagram)
{
	struct ike_header h;
	struct arena arena;
	struct msg m;
	const char *why;
	uint8_t type;

	arena_init(&arena, MSG_ARENA_BYTES);
	if (header_parse(datagram, &h, &why) == 0 &&
	    msg_parse(datagram, &h, &arena, &m, &type, &why) == 0)
		require_sound(&m);
	arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct wr w = wr_of(copy, size);

	decode(slice_of(data, size));
	/* Again with the right length, so that changed sizes get past the header. */
	wr_bytes(&w, data, size);
	if (size >= IKE_HEADER_BYTES) {
		w = wr_of(copy + LENGTH_AT, sizeof(uint32_t));
		wr_u32(&w, (uint32_t)size);
		decode(slice_of(copy, size));
	}
	free(copy);
	return 0;
}
