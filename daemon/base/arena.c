/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is released all at once. */
#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "base/secret.h"

enum { BLOCK_BYTES = 4096 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) uint8_t bytes[];
};

void arena_init(struct arena *a, size_t limit_bytes)
{
	*a = (struct arena){ .limit_bytes = limit_bytes };
}

static struct arena_block *add_block(struct arena *a, size_t bytes)
{
	size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		return NULL;
	block->size = size;
	block->next = a->blocks;
	a->blocks = block;
	return block;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *block = a->blocks;
	void *p;

	if (bytes > a->limit_bytes - a->used_bytes)
		return NULL;
	/* Cannot overflow: limits are far from SIZE_MAX, and calloc() refuses the rest. */
	bytes = bytes == 0 ? align : (bytes + align - 1) / align * align;
	if (bytes > a->limit_bytes - a->used_bytes)
		return NULL;
	if (!block || bytes > block->size - block->used)
		block = add_block(a, bytes);
	if (!block)
		return NULL;
	p = block->bytes + block->used;
	block->used += bytes;
	a->used_bytes += bytes;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes);
}

void arena_clear(struct arena *a)
{
	if (!a)
		return;
	for (struct arena_block *block = a->blocks, *next; block; block = next) {
		next = block->next;
		secret_wipe(block->bytes, block->used);
		free(block);
	}
	a->blocks = NULL;
	a->used_bytes = 0;
}
