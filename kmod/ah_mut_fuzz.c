// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as headers in front of AH: refused, or what AH sees of them, of which it
 * sees the same once more.  The first byte says which family.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "ah_mut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int (*mutable)(__u8 *header, unsigned int len), const uint8_t *data,
		  unsigned int len)
{
	uint8_t *header = malloc(len + 1), *once = malloc(len + 1);

	if (!header || !once)
		abort();
	memcpy(header, data, len);
	if (!mutable(header, len)) {
		memcpy(once, header, len);
		if (mutable(header, len) || memcmp(header, once, len))
			abort();
	}
	free(header);
	free(once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && size < 4096)
		check(data[0] & 1 ? ah_mutable6 : ah_mutable4, data + 1, (unsigned int)size - 1);
	return 0;
}
