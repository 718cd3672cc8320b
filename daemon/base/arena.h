/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is released all at once: one arena per received message. */
#ifndef TANUKI_BASE_ARENA_H
#define TANUKI_BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used_bytes, limit_bytes;
};

/* No more than limit_bytes are ever handed out. */
void arena_init(struct arena *a, size_t limit_bytes);
/* Zeroed and aligned for any type; NULL when the limit or memory is reached. */
void *arena_alloc(struct arena *a, size_t bytes);
/* n elements of size bytes each, overflow checked. */
void *arena_array(struct arena *a, size_t n, size_t size);
/* Wipes and releases everything; the arena can be used again. */
void arena_clear(struct arena *a);

#endif
