/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounds-checked cursors over network bytes (big endian).  A reader is passed by
 * value to a payload parser, which so cannot read beyond its parent.  Both kinds
 * remember the first fault: read or write everything, check once at the end.
 */
#ifndef TANUKI_BASE_WIRE_H
#define TANUKI_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* Borrowed bytes; p may be NULL only if len is 0. */
struct slice {
	const uint8_t *p;
	size_t len;
};

struct rd {
	const uint8_t *p, *end;
	bool bad;
};

/* Capacity is end - start bytes; p is the next byte to write. */
struct wr {
	uint8_t *start, *p, *end;
	bool bad;
};

/* A length field (2 bytes) that is filled in when its structure is complete. */
struct wr_len {
	size_t field_at, counted_from;
};

struct rd rd_of(const void *p, size_t len);
struct rd rd_of_slice(struct slice s);
/* Bytes not yet read; 0 after a fault. */
size_t rd_left(const struct rd *r);
/* Reads after a fault or past the end return 0 (or an empty slice) and set bad. */
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
void rd_skip(struct rd *r, size_t len);
struct slice rd_slice(struct rd *r, size_t len);
struct slice rd_rest(struct rd *r);
/* A reader over the next len bytes; a bad one if they are not there. */
struct rd rd_sub(struct rd *r, size_t len);
/* Copies exactly len bytes; zeroes dst on a fault. */
void rd_copy(struct rd *r, void *dst, size_t len);
/* True if everything was read and nothing went wrong. */
MUST_USE bool rd_done(const struct rd *r);

struct wr wr_of(void *buf, size_t capacity);
/* Bytes written so far. */
size_t wr_used(const struct wr *w);
/* What was written, borrowed from the buffer; empty after a fault. */
struct slice wr_slice_of(const struct wr *w);
void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_u64(struct wr *w, uint64_t v);
void wr_zero(struct wr *w, size_t len);
void wr_bytes(struct wr *w, const void *p, size_t len);
void wr_slice(struct wr *w, struct slice s);
/* Reserves len bytes and returns where they are, NULL on a fault. */
uint8_t *wr_reserve(struct wr *w, size_t len);
/* Opens a 16-bit length field here that counts from counted_from (an offset, as of wr_used()). */
struct wr_len wr_open_len16(struct wr *w, size_t counted_from);
/* Fills it in with the bytes written since; more than 65,535 is a fault. */
void wr_close_len16(struct wr *w, struct wr_len l);

struct slice slice_of(const void *p, size_t len);
/* Plain comparison: not for secrets. */
bool slice_eq(struct slice a, struct slice b);

#endif
