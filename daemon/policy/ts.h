/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic selectors, RFC 7296 3.13.1, as sets of packets. */
#ifndef TANUKI_POLICY_TS_H
#define TANUKI_POLICY_TS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"

enum { POLICY_TS_MAX = 16 };

/*
 * Addresses first..last, ports lo..hi; for ICMP type and code stand in the ports' upper and
 * lower byte.  port_lo 65535 with port_hi 0 is OPAQUE: packets whose ports cannot be seen.
 */
struct ts {
	struct addr first, last;   /* same family; ports of the addrs unused */
	uint16_t port_lo, port_hi; /* 0..65535 = any */
	uint8_t proto;             /* 0 = any */
};

struct ts_list {
	uint8_t n;
	struct ts ts[POLICY_TS_MAX];
};

/* "10.0.0.0/24[any] any", "10.0.0.1-10.0.0.9[80-90] tcp" for logs; buf returned. */
enum { TS_TEXT_MAX_BYTES = 2 * ADDR_TEXT_MAX_BYTES + 32, TS_LIST_TEXT_MAX_BYTES = 512 };
const char *ts_text(const struct ts *ts, char *buf);
/* Joined by ", "; cut if it is too long; "none" if the list is empty. */
const char *ts_list_text(const struct ts_list *l, char *buf);

bool ts_eq(const struct ts *a, const struct ts *b);
bool ts_port_any(const struct ts *ts);
/* ICMP, ICMPv6 and Mobility Header (RFC 4301 4.4.1.1) */
bool ts_has_types(const struct ts *ts);
bool ts_port_opaque(const struct ts *ts);
/* a is inside b. */
bool ts_subset(const struct ts *a, const struct ts *b);
/* The leading bits that all addresses of it have in common: a prefix's length. */
uint8_t ts_common_bits(const struct ts *ts);
/* Is a inside one selector of the list? */
bool ts_in_list(const struct ts *a, const struct ts_list *l);
/* Has each selector of one a place in one of the other?  (Then both are the same packets.) */
bool ts_list_covers(const struct ts_list *l, const struct ts_list *inner);
bool ts_list_same(const struct ts_list *a, const struct ts_list *b);
/* Do packets go from one to the other?  Not between two families or two protocols. */
bool ts_makes_packets(const struct ts *local, const struct ts *peer);
/* The same for some pair of two lists; an empty one is everything. */
bool ts_lists_make_packets(const struct ts_list *local, const struct ts_list *peer);
/* Their intersection; false if it is empty. */
bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *ret);

/* All addresses of a prefix; port 0 = any. */
void ts_of_prefix(const struct addr_prefix *p, uint8_t proto, uint16_t port, struct ts *ret);
/* One address, every protocol and port. */
void ts_of_addr(const struct addr *a, struct ts *ret);
/*
 * The addresses of ts as prefixes in ascending order: their number, or -E2BIG if they are more
 * than max (ret is then of no use).
 */
MUST_USE int ts_prefixes(const struct ts *ts, struct addr_prefix *ret, size_t max);

#endif
