/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic selectors: narrowing and substitution. */
#include "ike/narrow.h"

#include <errno.h>
#include <string.h>

static bool from_selector(const struct pl_selector *s, struct ts *ret)
{
	struct ts ts = { .proto = s->proto, .port_lo = s->port_lo, .port_hi = s->port_hi };
	size_t bytes = s->type == TS_IPV4_ADDR_RANGE ? 4 : s->type == TS_IPV6_ADDR_RANGE ? 16 : 0;

	if (!bytes || s->first.len != bytes || s->port_lo > s->port_hi)
		return false;
	if (addr_from_bytes(s->first, &ts.first) < 0 || addr_from_bytes(s->last, &ts.last) < 0)
		return false;
	if (addr_cmp(&ts.first, &ts.last) > 0)
		return false;
	*ret = ts;
	return true;
}

size_t narrow_from_payload(const struct pl_ts *pl, struct ts *ret, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < pl->n && n < max; i++)
		n += from_selector(&pl->selectors[i], &ret[n]);
	return n;
}

int narrow_add(struct ts_list *l, const struct ts *ts)
{
	uint8_t kept = 0;
	for (uint8_t i = 0; i < l->n; i++)
		if (ts_subset(ts, &l->ts[i]))
			return 0;
	for (uint8_t i = 0; i < l->n; i++)
		if (!ts_subset(&l->ts[i], ts))
			l->ts[kept++] = l->ts[i];
	l->n = kept;
	if (l->n >= POLICY_TS_MAX)
		return -E2BIG;
	l->ts[l->n++] = *ts;
	return 0;
}

/* True if all of it had room. */
static bool add_allowed(struct ts_list *l, const struct ts *asked, const struct ts_list *allowed)
{
	struct ts common;
	bool all = true;
	if (allowed->n == 0)
		return narrow_add(l, asked) == 0;
	for (uint8_t i = 0; i < allowed->n; i++)
		if (ts_intersect(asked, &allowed->ts[i], &common))
			all &= narrow_add(l, &common) == 0;
	return all;
}

int narrow(const struct ts *asked, size_t n_asked, const struct ts_list *allowed,
	   struct ts_list *ret, bool *ret_more)
{
	struct ts_list l = { 0 };
	bool all = true;
	for (size_t i = 0; i < n_asked; i++)
		all &= add_allowed(&l, &asked[i], allowed);
	if (l.n == 0)
		return -ENOENT;
	*ret = l;
	*ret_more = !all;
	return 0;
}

void narrow_to_address(const struct ts_list *l, const struct addr *a, struct ts_list *ret)
{
	struct ts_list out = { 0 };
	struct ts host, common;
	ts_of_addr(a, &host);
	if (l->n == 0)
		out.ts[out.n++] = host;
	for (uint8_t i = 0; i < l->n; i++)
		if (ts_intersect(&l->ts[i], &host, &common))
			/* each lies in one of l, so there is room */
			(void)!narrow_add(&out, &common);
	*ret = out;
}

bool narrow_is_within(const struct ts_list *got, const struct ts_list *offered)
{
	for (uint8_t i = 0; i < got->n; i++) {
		bool inside = false;
		for (uint8_t j = 0; j < offered->n && !inside; j++)
			inside = ts_subset(&got->ts[i], &offered->ts[j]);
		if (!inside)
			return false;
	}
	return got->n > 0;
}

static void set_host(struct ts *ts, const struct addr *addr)
{
	ts->first = ts->last = *addr;
	ts->first.port = ts->last.port = 0;
}

void narrow_substitute(struct ts_list *l, const struct addr *addr)
{
	for (uint8_t i = 0; i < l->n; i++)
		set_host(&l->ts[i], addr);
}

bool narrow_is_host(const struct ts_list *l, const struct addr *addr)
{
	for (uint8_t i = 0; i < l->n; i++)
		if (!addr_eq(&l->ts[i].first, addr) || !addr_eq(&l->ts[i].last, addr))
			return false;
	return l->n > 0;
}
