/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic selectors: set operations and text. */
#include "policy/ts.h"

#include <errno.h>

#include "base/fmt.h"

enum { PORT_MAX = 65535, PROTO_ICMP = 1, PROTO_ICMP6 = 58, PROTO_MH = 135 };

bool ts_port_any(const struct ts *ts)
{
	return ts->port_lo == 0 && ts->port_hi == PORT_MAX;
}

bool ts_has_types(const struct ts *ts)
{
	return ts->proto == PROTO_ICMP || ts->proto == PROTO_ICMP6 || ts->proto == PROTO_MH;
}

bool ts_port_opaque(const struct ts *ts)
{
	return ts->port_lo == PORT_MAX && ts->port_hi == 0;
}

static void add_addrs(struct fmt *f, const struct ts *ts)
{
	char first[ADDR_TEXT_MAX_BYTES], last[ADDR_TEXT_MAX_BYTES];
	struct addr_prefix p;
	if (addr_eq(&ts->first, &ts->last))
		fmt_add(f, "%s", addr_text(&ts->first, first));
	else if (addr_range_prefix(&ts->first, &ts->last, &p) == 0)
		fmt_add(f, "%s", addr_prefix_text(&p, first));
	else
		fmt_add(f, "%s-%s", addr_text(&ts->first, first), addr_text(&ts->last, last));
}

static void add_ports(struct fmt *f, const struct ts *ts)
{
	if (ts_port_any(ts))
		fmt_add(f, "[any]");
	else if (ts_port_opaque(ts))
		fmt_add(f, "[opaque]");
	else if (ts->port_lo == ts->port_hi)
		fmt_add(f, "[%u]", ts->port_lo);
	else
		fmt_add(f, "[%u-%u]", ts->port_lo, ts->port_hi);
}

static void add_proto(struct fmt *f, uint8_t proto)
{
	static const struct {
		uint8_t proto;
		const char *name;
	} names[] = { { 0, "any" }, { 1, "icmp" }, { 6, "tcp" }, { 17, "udp" }, { 58, "icmp6" } };
	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		if (names[i].proto == proto) {
			fmt_add(f, " %s", names[i].name);
			return;
		}
	}
	fmt_add(f, " %u", proto);
}

static void add_ts(struct fmt *f, const struct ts *ts)
{
	add_addrs(f, ts);
	add_ports(f, ts);
	add_proto(f, ts->proto);
}

const char *ts_text(const struct ts *ts, char *buf)
{
	struct fmt f = fmt_of(buf, TS_TEXT_MAX_BYTES);
	add_ts(&f, ts);
	return buf;
}

const char *ts_list_text(const struct ts_list *l, char *buf)
{
	struct fmt f = fmt_of(buf, TS_LIST_TEXT_MAX_BYTES);
	if (l->n == 0)
		fmt_add(&f, "none");
	for (uint8_t i = 0; i < l->n; i++) {
		if (i > 0)
			fmt_add(&f, ", ");
		add_ts(&f, &l->ts[i]);
	}
	return buf;
}

bool ts_eq(const struct ts *a, const struct ts *b)
{
	return addr_eq(&a->first, &b->first) && addr_eq(&a->last, &b->last) &&
	       a->port_lo == b->port_lo && a->port_hi == b->port_hi && a->proto == b->proto;
}

bool ts_subset(const struct ts *a, const struct ts *b)
{
	struct ts common;
	return ts_intersect(a, b, &common) && ts_eq(a, &common);
}

bool ts_in_list(const struct ts *a, const struct ts_list *l)
{
	for (uint8_t i = 0; i < l->n; i++)
		if (ts_subset(a, &l->ts[i]))
			return true;
	return false;
}

bool ts_list_covers(const struct ts_list *l, const struct ts_list *inner)
{
	for (uint8_t i = 0; i < inner->n; i++)
		if (!ts_in_list(&inner->ts[i], l))
			return false;
	return true;
}

bool ts_list_same(const struct ts_list *a, const struct ts_list *b)
{
	return ts_list_covers(a, b) && ts_list_covers(b, a);
}

uint8_t ts_common_bits(const struct ts *ts)
{
	uint8_t bits = 0, all = addr_bits(&ts->first);
	while (bits < all && !((ts->first.ip[bits / 8] ^ ts->last.ip[bits / 8]) & 0x80 >> bits % 8))
		bits++;
	return bits;
}

static bool intersect_addrs(const struct ts *a, const struct ts *b, struct ts *ret)
{
	if (a->first.family != b->first.family)
		return false;
	ret->first = addr_cmp(&a->first, &b->first) > 0 ? a->first : b->first;
	ret->last = addr_cmp(&a->last, &b->last) < 0 ? a->last : b->last;
	return addr_cmp(&ret->first, &ret->last) <= 0;
}

static bool intersect_protos(const struct ts *a, const struct ts *b, struct ts *ret)
{
	ret->proto = a->proto ? a->proto : b->proto;
	return a->proto == b->proto || a->proto == 0 || b->proto == 0;
}

static bool intersect_ports(const struct ts *a, const struct ts *b, struct ts *ret)
{
	/* RFC 4301 4.4.1.1: ANY takes OPAQUE in, a range of numbers does not. */
	const struct ts *from = ts_port_any(a) ? b : a;
	ret->port_lo = from->port_lo;
	ret->port_hi = from->port_hi;
	if (ts_port_any(a) || ts_port_any(b))
		return true;
	if (ts_port_opaque(a) || ts_port_opaque(b))
		return ts_port_opaque(a) && ts_port_opaque(b);
	if (b->port_lo > ret->port_lo)
		ret->port_lo = b->port_lo;
	if (b->port_hi < ret->port_hi)
		ret->port_hi = b->port_hi;
	return ret->port_lo <= ret->port_hi;
}

bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *ret)
{
	struct ts common = { 0 };
	if (!intersect_addrs(a, b, &common) || !intersect_protos(a, b, &common) ||
	    !intersect_ports(a, b, &common))
		return false;
	*ret = common;
	return true;
}

bool ts_makes_packets(const struct ts *local, const struct ts *peer)
{
	return local->first.family == peer->first.family &&
	       (local->proto == peer->proto || local->proto == 0 || peer->proto == 0);
}

bool ts_lists_make_packets(const struct ts_list *local, const struct ts_list *peer)
{
	for (uint8_t i = 0; i < local->n; i++)
		for (uint8_t j = 0; j < peer->n; j++)
			if (ts_makes_packets(&local->ts[i], &peer->ts[j]))
				return true;
	return local->n == 0 || peer->n == 0;
}

void ts_of_prefix(const struct addr_prefix *p, uint8_t proto, uint16_t port, struct ts *ret)
{
	*ret = (struct ts){ .proto = proto, .port_lo = port, .port_hi = port ? port : PORT_MAX };
	addr_prefix_range(p, &ret->first, &ret->last);
}

void ts_of_addr(const struct addr *a, struct ts *ret)
{
	*ret = (struct ts){ .first = *a, .last = *a, .port_hi = PORT_MAX };
	ret->first.port = ret->last.port = 0;
}

/* The largest prefix that begins at first and does not pass last; its end in ret_end. */
static struct addr_prefix largest_prefix(const struct addr *first, const struct addr *last,
					 struct addr *ret_end)
{
	struct addr_prefix best = { .addr = *first, .bits = addr_bits(first) };
	*ret_end = *first;
	for (uint8_t bits = best.bits; bits-- > 0;) {
		struct addr_prefix p = { .addr = *first, .bits = bits };
		struct addr from, to;
		addr_prefix_range(&p, &from, &to);
		if (addr_cmp(&from, first) != 0 || addr_cmp(&to, last) > 0)
			break;
		best = p;
		*ret_end = to;
	}
	return best;
}

/* Adds one to an address; it is not the family's last. */
static void step(struct addr *a)
{
	for (size_t i = addr_len(a); i-- > 0;)
		if (++a->ip[i] != 0)
			return;
}

int ts_prefixes(const struct ts *ts, struct addr_prefix *ret, size_t max)
{
	struct addr at = ts->first, end;
	for (size_t n = 0; n < max; n++) {
		ret[n] = largest_prefix(&at, &ts->last, &end);
		if (addr_cmp(&end, &ts->last) >= 0)
			return (int)n + 1;
		at = end;
		step(&at);
	}
	return -E2BIG;
}
