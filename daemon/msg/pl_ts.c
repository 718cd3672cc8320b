/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traffic Selector payloads (TSi, TSr), RFC 7296 3.13.
 *
 *     payload:  | number (1) | reserved (3)                     |
 *     selector: | type (1)   | IP protocol (1) | length (2)     |
 *               | start port (2)               | end port (2)   |
 *               | first address (4 or 16)                       |
 *               | last address                                  |
 */
#include <errno.h>
#include <string.h>

#include "msg/pl.h"

enum {
	SELECTOR_HEADER_BYTES = 4,
	OPAQUE_PORT_LO = 65535,
	OPAQUE_PORT_HI = 0,
};

/* 0 for types that we do not know. */
static size_t address_bytes(uint8_t type)
{
	switch (type) {
	case TS_IPV4_ADDR_RANGE:
		return 4;
	case TS_IPV6_ADDR_RANGE:
		return 16;
	default:
		return 0;
	}
}

static const char *range_fault(const struct pl_selector *s)
{
	bool opaque = s->port_lo == OPAQUE_PORT_LO && s->port_hi == OPAQUE_PORT_HI;

	if (s->port_lo > s->port_hi && !opaque)
		return "port range is upside down";
	if (memcmp(s->first.p, s->last.p, s->first.len) > 0)
		return "address range is upside down";
	return NULL;
}

static int read_range(struct rd *r, struct pl_selector *s, const char **why)
{
	size_t len = address_bytes(s->type);

	s->port_lo = rd_u16(r);
	s->port_hi = rd_u16(r);
	s->first = rd_slice(r, len);
	s->last = rd_slice(r, len);
	if (!rd_done(r)) {
		*why = "selector length does not fit its type";
		return -EBADMSG;
	}
	*why = range_fault(s);
	return *why ? -EBADMSG : 0;
}

static int read_selector(struct rd *r, struct pl_selector *s, const char **why)
{
	uint16_t len;
	struct rd sub;

	s->type = rd_u8(r);
	s->proto = rd_u8(r);
	len = rd_u16(r);
	/* A length below the header's wraps and cannot be there. */
	sub = rd_sub(r, (size_t)len - SELECTOR_HEADER_BYTES);
	if (sub.bad) {
		*why = "a selector does not fit the payload";
		return -EBADMSG;
	}
	if (address_bytes(s->type))
		return read_range(&sub, s, why);
	s->body = rd_rest(&sub);
	return 0;
}

static int read_selectors(struct rd *body, struct pl_selector *selectors, size_t n,
			  const char **why)
{
	for (size_t i = 0; i < n; i++) {
		int rc = read_selector(body, &selectors[i], why);
		if (rc)
			return rc;
	}
	if (rd_done(body))
		return 0;
	*why = "more selectors than the payload says";
	return -EBADMSG;
}

int pl_ts_parse(struct rd body, struct arena *a, struct pl_ts *ret, const char **why)
{
	uint8_t n = rd_u8(&body);
	struct pl_selector *selectors;
	int rc;

	rd_skip(&body, 3);
	if (n == 0 || n > PL_TS_SELECTORS_MAX) {
		*why = n ? "too many selectors" : "no selectors";
		return -EBADMSG;
	}
	/* Checked before allocating: the number is no more than what there are bytes for. */
	if (rd_left(&body) / SELECTOR_HEADER_BYTES < n) {
		*why = "fewer selectors than the payload says";
		return -EBADMSG;
	}
	selectors = arena_array(a, n, sizeof(*selectors));
	if (!selectors)
		return -ENOMEM;
	rc = read_selectors(&body, selectors, n, why);
	if (rc)
		return rc;
	*ret = (struct pl_ts){ .n = n, .selectors = selectors };
	return 0;
}

static void emit_selector(struct wr *w, const struct pl_selector *s)
{
	struct wr_len len;
	size_t start = wr_used(w);

	wr_u8(w, s->type);
	wr_u8(w, s->proto);
	len = wr_open_len16(w, start);
	if (address_bytes(s->type)) {
		wr_u16(w, s->port_lo);
		wr_u16(w, s->port_hi);
		wr_slice(w, s->first);
		wr_slice(w, s->last);
	} else {
		wr_slice(w, s->body);
	}
	wr_close_len16(w, len);
}

void pl_ts_emit(struct wr *w, const struct pl_ts *ts)
{
	wr_u8(w, ts->n);
	wr_zero(w, 3);
	for (size_t i = 0; i < ts->n; i++)
		emit_selector(w, &ts->selectors[i]);
}
