/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers for the tests of payload parsers: bodies are given as hex text. */
#ifndef TANUKI_MSG_PL_TEST_H
#define TANUKI_MSG_PL_TEST_H

#include "base/unit.h"

#include <errno.h>
#include <stdlib.h>

#include "msg/payload.h"

enum { TEST_BODY_MAX_BYTES = 8192 };

/* What a parser under test writes to, with room for one payload of each repeated type. */
struct parsed {
	struct payload_set set;
	struct arena arena;
	const char *why;
	struct pl_notify notify;
	struct pl_delete delete;
	struct pl_vendor vendor;
	struct pl_cert cert, certreq;
	uint8_t *body;
};

static inline void parsed_done(struct parsed *p)
{
	arena_clear(&p->arena);
	free(p->body);
	p->body = NULL;
}

/* Parses an exact-size copy, so that the sanitizer sees every over-read. */
static inline int __attribute__((unused))
parse_bytes(struct parsed *p, uint8_t type, const uint8_t *bytes, size_t len)
{
	const struct payload *row = payload_find(type);

	assert_non_null(row);
	*p = (struct parsed){ .body = malloc(len ? len : 1) };
	assert_non_null(p->body);
	if (len > 0)
		memcpy(p->body, bytes, len);
	p->set.notifies = &p->notify;
	p->set.deletes = &p->delete;
	p->set.vendors = &p->vendor;
	p->set.certs = &p->cert;
	p->set.certreqs = &p->certreq;
	arena_init(&p->arena, MSG_ARENA_BYTES);
	return row->parse(&p->set, rd_of(p->body, len), &p->arena, &p->why);
}

static inline int __attribute__((unused)) parse_hex(struct parsed *p, uint8_t type, const char *hex)
{
	uint8_t bytes[TEST_BODY_MAX_BYTES];
	size_t len = unit_hex(hex, bytes, sizeof(bytes));

	return parse_bytes(p, type, bytes, len);
}

static inline void __attribute__((unused))
assert_rejected(uint8_t type, const char *hex, const char *why)
{
	struct parsed p;

	assert_int_equal(parse_hex(&p, type, hex), -EBADMSG);
	assert_string_equal(p.why, why);
	parsed_done(&p);
}

/* emit(parse(hex)) is expected. */
static inline void __attribute__((unused))
assert_emits(uint8_t type, const char *hex, const char *expected)
{
	uint8_t want[TEST_BODY_MAX_BYTES], out[TEST_BODY_MAX_BYTES];
	size_t len = unit_hex(expected, want, sizeof(want));
	struct wr w = wr_of(out, sizeof(out));
	struct parsed p;

	assert_int_equal(parse_hex(&p, type, hex), 0);
	payload_find(type)->emit(&w, &p.set, 0);
	assert_false(w.bad);
	assert_int_equal(wr_used(&w), len);
	assert_memory_equal(out, want, len);
	parsed_done(&p);
	/* And with every smaller buffer the writer faults. */
	for (size_t room = 0; room < len; room++) {
		assert_int_equal(parse_hex(&p, type, hex), 0);
		w = wr_of(out, room);
		payload_find(type)->emit(&w, &p.set, 0);
		assert_true(w.bad);
		parsed_done(&p);
	}
}

/* All beginnings of fewer than `below` bytes are rejected. */
static inline void __attribute__((unused))
assert_truncations_rejected(uint8_t type, const char *hex, size_t below)
{
	uint8_t bytes[TEST_BODY_MAX_BYTES];
	size_t len = unit_hex(hex, bytes, sizeof(bytes));
	struct parsed p;

	assert_true(below <= len);
	for (size_t i = 0; i < below; i++) {
		assert_int_equal(parse_bytes(&p, type, bytes, i), -EBADMSG);
		assert_non_null(p.why);
		parsed_done(&p);
	}
}

static inline size_t __attribute__((unused)) hex_bytes(const char *hex)
{
	uint8_t bytes[TEST_BODY_MAX_BYTES];
	return unit_hex(hex, bytes, sizeof(bytes));
}

#endif
