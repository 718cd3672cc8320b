/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key material comes from pages of its own that core dumps leave out (MADV_DONTDUMP):
 * small secrets from slots of equal size, cut from 64 KiB chunks that stay with the
 * process, large ones from a mapping each.  One thread uses it.
 *
 * Builds with the address sanitizer take malloc() instead, which finds leaked and
 * overrun secrets.
 */
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define USE_MALLOC 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define USE_MALLOC 1
#endif
#ifndef USE_MALLOC
#define USE_MALLOC 0
#endif

enum {
	CHUNK_BYTES = 65536,
	SLOT_MIN_BYTES = 32,
	SLOT_MAX_BYTES = 4096,
	N_CLASSES = 8, /* 32, 64, ... 4096 */
};

struct slot {
	struct slot *next;
};

static struct slot *free_slots[N_CLASSES];

static size_t class_of(size_t len, size_t *ret_slot_bytes)
{
	size_t class = 0, bytes = SLOT_MIN_BYTES;
	for (; bytes < len; bytes *= 2)
		class ++;
	*ret_slot_bytes = bytes;
	return class;
}

static void *map_undumped(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (madvise(p, len, MADV_DONTDUMP) < 0) {
		munmap(p, len);
		return NULL;
	}
	return p;
}

static void give_slot(size_t class, void *p)
{
	struct slot *slot = p;
	slot->next = free_slots[class];
	free_slots[class] = slot;
}

static void *take_slot(size_t len)
{
	size_t slot_bytes, class = class_of(len, &slot_bytes);
	struct slot *slot;

	if (!free_slots[class]) {
		uint8_t *chunk = map_undumped(CHUNK_BYTES);
		if (!chunk)
			return NULL;
		for (size_t at = CHUNK_BYTES; at > 0; at -= slot_bytes)
			give_slot(class, chunk + at - slot_bytes);
	}
	slot = free_slots[class];
	free_slots[class] = slot->next;
	slot->next = NULL; /* the rest was wiped when it came back */
	return slot;
}

static uint8_t *take(size_t len)
{
	if (USE_MALLOC)
		return calloc(1, len);
	return len <= SLOT_MAX_BYTES ? take_slot(len) : map_undumped(len);
}

static void give(uint8_t *p, size_t len)
{
	size_t slot_bytes;

	explicit_bzero(p, len);
	if (USE_MALLOC)
		free(p);
	else if (len <= SLOT_MAX_BYTES)
		give_slot(class_of(len, &slot_bytes), p);
	else
		munmap(p, len);
}

int secret_init(struct secret *ret, size_t len)
{
	uint8_t *p = NULL;

	if (len > 0) {
		p = take(len);
		if (!p)
			return -ENOMEM;
	}
	*ret = (struct secret){ .p = p, .len = len };
	return 0;
}

int secret_init_copy(struct secret *ret, struct slice from)
{
	int r = secret_init(ret, from.len);
	if (r < 0)
		return r;
	if (from.len > 0)
		memcpy(ret->p, from.p, from.len);
	return 0;
}

void secret_done(struct secret *s)
{
	if (!s)
		return;
	if (s->p)
		give(s->p, s->len);
	*s = (struct secret){ 0 };
}

struct secret secret_take(struct secret *from)
{
	struct secret s = *from;
	*from = (struct secret){ 0 };
	return s;
}

struct slice secret_slice(const struct secret *s)
{
	return (struct slice){ .p = s->p, .len = s->len };
}

bool secret_eq(struct slice a, struct slice b)
{
	volatile uint8_t differ = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		differ |= a.p[i] ^ b.p[i];
	return differ == 0;
}

void secret_wipe(void *p, size_t len)
{
	if (len > 0)
		explicit_bzero(p, len);
}
