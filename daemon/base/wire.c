/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounds-checked cursors: the only place where network bytes are taken apart. */
#include "base/wire.h"

#include <string.h>

struct rd rd_of(const void *p, size_t len)
{
	const uint8_t *bytes = p;
	/* NULL + 0 is undefined in C. */
	return (struct rd){ .p = bytes, .end = len > 0 ? bytes + len : bytes };
}

struct rd rd_of_slice(struct slice s)
{
	return rd_of(s.p, s.len);
}

size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

/* Advances by len bytes and returns where they are; NULL on a fault. */
static const uint8_t *advance(struct rd *r, size_t len)
{
	const uint8_t *at = r->p;
	if (r->bad || len > (size_t)(r->end - r->p)) {
		r->bad = true;
		r->p = r->end;
		return NULL;
	}
	if (len > 0)
		r->p += len;
	return at;
}

static uint64_t big_endian(struct rd *r, size_t len)
{
	const uint8_t *p = advance(r, len);
	uint64_t v = 0;
	if (!p)
		return 0;
	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t rd_u8(struct rd *r)
{
	return (uint8_t)big_endian(r, 1);
}

uint16_t rd_u16(struct rd *r)
{
	return (uint16_t)big_endian(r, 2);
}

uint32_t rd_u32(struct rd *r)
{
	return (uint32_t)big_endian(r, 4);
}

uint64_t rd_u64(struct rd *r)
{
	return big_endian(r, 8);
}

void rd_skip(struct rd *r, size_t len)
{
	advance(r, len);
}

struct slice rd_slice(struct rd *r, size_t len)
{
	const uint8_t *p = advance(r, len);
	if (!p)
		return (struct slice){ 0 };
	return (struct slice){ .p = p, .len = len };
}

struct slice rd_rest(struct rd *r)
{
	return rd_slice(r, rd_left(r));
}

struct rd rd_sub(struct rd *r, size_t len)
{
	struct rd sub = rd_of_slice(rd_slice(r, len));
	sub.bad = r->bad;
	return sub;
}

void rd_copy(struct rd *r, void *dst, size_t len)
{
	const uint8_t *p = advance(r, len);
	if (len == 0)
		return;
	if (p)
		memcpy(dst, p, len);
	else
		memset(dst, 0, len);
}

bool rd_done(const struct rd *r)
{
	return !r->bad && r->p == r->end;
}

struct wr wr_of(void *buf, size_t capacity)
{
	uint8_t *bytes = buf;
	return (struct wr){ .start = bytes,
			    .p = bytes,
			    .end = capacity > 0 ? bytes + capacity : bytes };
}

size_t wr_used(const struct wr *w)
{
	return (size_t)(w->p - w->start);
}

struct slice wr_slice_of(const struct wr *w)
{
	if (w->bad)
		return (struct slice){ 0 };
	return (struct slice){ .p = w->start, .len = wr_used(w) };
}

uint8_t *wr_reserve(struct wr *w, size_t len)
{
	uint8_t *at = w->p;
	if (w->bad || len > (size_t)(w->end - w->p)) {
		w->bad = true;
		return NULL;
	}
	if (len > 0)
		w->p += len;
	return at;
}

static void store(uint8_t *p, uint64_t v, size_t len)
{
	for (size_t i = len; i > 0; i--, v >>= 8)
		p[i - 1] = (uint8_t)v;
}

static void put(struct wr *w, uint64_t v, size_t len)
{
	uint8_t *p = wr_reserve(w, len);
	if (p)
		store(p, v, len);
}

void wr_u8(struct wr *w, uint8_t v)
{
	put(w, v, 1);
}

void wr_u16(struct wr *w, uint16_t v)
{
	put(w, v, 2);
}

void wr_u32(struct wr *w, uint32_t v)
{
	put(w, v, 4);
}

void wr_u64(struct wr *w, uint64_t v)
{
	put(w, v, 8);
}

void wr_zero(struct wr *w, size_t len)
{
	uint8_t *p = wr_reserve(w, len);
	if (p && len > 0)
		memset(p, 0, len);
}

void wr_bytes(struct wr *w, const void *p, size_t len)
{
	uint8_t *to = wr_reserve(w, len);
	/* memmove: a source inside the same buffer is allowed. */
	if (to && len > 0)
		memmove(to, p, len);
}

void wr_slice(struct wr *w, struct slice s)
{
	wr_bytes(w, s.p, s.len);
}

struct wr_len wr_open_len16(struct wr *w, size_t counted_from)
{
	struct wr_len l = { .field_at = wr_used(w), .counted_from = counted_from };
	wr_u16(w, 0);
	return l;
}

void wr_close_len16(struct wr *w, struct wr_len l)
{
	size_t len;

	if (w->bad)
		return;
	len = wr_used(w) - l.counted_from;
	if (len > UINT16_MAX)
		w->bad = true;
	else
		store(w->start + l.field_at, len, 2);
}

struct slice slice_of(const void *p, size_t len)
{
	return (struct slice){ .p = p, .len = len };
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}
