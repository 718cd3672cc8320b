/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of what a peer gives us for our network. */
#include "policy/inner.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { LABEL_MAX_BYTES = 63 };

unsigned int inner_family(const struct addr *a)
{
	switch (addr_len(a)) {
	case 4:
		return INNER_V4;
	case 16:
		return INNER_V6;
	default:
		return INNER_FAMILIES;
	}
}

static bool starts_with(const struct addr *a, struct slice head)
{
	return addr_len(a) >= head.len && memcmp(a->ip, head.p, head.len) == 0;
}

/* 0.0.0.0/8, 127.0.0.0/8, 240.0.0.0/4 */
static bool is_special_v4(const struct addr *a)
{
	return a->ip[0] == 0 || a->ip[0] == 127 || a->ip[0] >= 240;
}

/* ::/96 with ::1, ::ffff:0:0/96, and what stands for "this link" */
static bool is_special_v6(const struct addr *a)
{
	static const uint8_t zeros[12] = { 0 };
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	return starts_with(a, slice_of(zeros, sizeof(zeros))) ||
	       starts_with(a, slice_of(mapped, sizeof(mapped)));
}

bool inner_host_ok(const struct addr *a)
{
	unsigned int family = inner_family(a);
	if (family == INNER_FAMILIES || addr_is_any(a) || addr_is_multicast(a) ||
	    addr_is_linklocal(a) || a->scope_id != 0)
		return false;
	return family == INNER_V4 ? !is_special_v4(a) : !is_special_v6(a);
}

static bool is_label_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* A label may not look like an option of a program: it begins and ends without a hyphen. */
static bool label_ok(struct slice label)
{
	if (label.len == 0 || label.len > LABEL_MAX_BYTES || label.p[0] == '-' ||
	    label.p[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_label_char(label.p[i]))
			return false;
	return true;
}

bool inner_domain_ok(struct slice name)
{
	size_t begin = 0;
	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len >= INNER_DOMAIN_MAX_BYTES)
		return false;
	for (size_t i = 0; i <= name.len; i++) {
		if (i < name.len && name.p[i] != '.')
			continue;
		if (!label_ok(slice_of(name.p + begin, i - begin)))
			return false;
		begin = i + 1;
	}
	return true;
}

int inner_domain_set(char ret[INNER_DOMAIN_MAX_BYTES], struct slice name)
{
	if (!inner_domain_ok(name))
		return -EINVAL;
	if (name.p[name.len - 1] == '.')
		name.len--;
	memset(ret, 0, INNER_DOMAIN_MAX_BYTES);
	for (size_t i = 0; i < name.len; i++)
		ret[i] = (char)tolower(name.p[i]);
	return 0;
}

const char *inner_dns_fault(const struct inner_dns *dns)
{
	if (dns->n_servers > INNER_DNS_MAX || dns->n_domains > INNER_DOMAINS_MAX)
		return "name servers: number";
	for (uint8_t i = 0; i < dns->n_servers; i++)
		if (!inner_host_ok(&dns->servers[i]))
			return "name server";
	for (uint8_t i = 0; i < dns->n_domains; i++) {
		const char *end = memchr(dns->domains[i], 0, INNER_DOMAIN_MAX_BYTES);
		if (!end ||
		    !inner_domain_ok(slice_of(dns->domains[i], (size_t)(end - dns->domains[i]))))
			return "domain";
	}
	return NULL;
}

static bool is_prefix(const struct addr_prefix *p)
{
	struct addr first, last;
	if (!addr_is_set(&p->addr) || addr_len(&p->addr) == 0 || p->bits > addr_bits(&p->addr))
		return false;
	addr_prefix_range(p, &first, &last);
	return addr_eq(&first, &p->addr);
}

const char *inner_set_fault(const struct inner_set *set)
{
	if (!memchr(set->remote, 0, sizeof(set->remote)))
		return "remote";
	if (!addr_len(&set->peer) || !addr_len(&set->local) ||
	    set->peer.family != set->local.family)
		return "outer addresses";
	for (unsigned int i = 0; i < INNER_FAMILIES; i++)
		if (set->addr[i].family &&
		    (inner_family(&set->addr[i]) != i || !inner_host_ok(&set->addr[i])))
			return "inner address";
	if (set->n_routes > INNER_ROUTES_MAX)
		return "routes: number";
	for (uint8_t i = 0; i < set->n_routes; i++)
		if (!is_prefix(&set->routes[i]))
			return "route";
	return inner_dns_fault(&set->dns);
}
