/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration attributes -> values, and back. */
#include "ike/config_read.h"

#include <string.h>

#include "msg/cp.h"

/* Not the number: nobody needs it to attack an older one (RFC 7296 2.20). */
static const char application[] = "tanukid";

enum { NO_FAMILY = INNER_FAMILIES };

/* The family that an address attribute or a DNS attribute is of. */
static unsigned int family_of(uint16_t type)
{
	switch (type) {
	case CP_IP4_ADDRESS:
	case CP_IP4_DNS:
		return INNER_V4;
	case CP_IP6_ADDRESS:
	case CP_IP6_DNS:
		return INNER_V6;
	default:
		return NO_FAMILY;
	}
}

/* ---- the gateway's side ---- */

static void read_wish(const struct pl_cp_attribute *a, struct config_request *q)
{
	unsigned int family = family_of(a->type);
	struct addr addr;
	uint8_t bits;

	switch (a->type) {
	case CP_IP4_ADDRESS:
	case CP_IP6_ADDRESS:
		if (!q->address[family] && cp_value_addr(a, &addr, &bits) && inner_host_ok(&addr))
			q->suggested[family] = addr;
		q->address[family] = true;
		break;
	case CP_IP4_DNS:
	case CP_IP6_DNS:
		q->dns[family] = true;
		break;
	case CP_IP4_NETMASK:
		q->netmask = true;
		break;
	case CP_IP4_NBNS:
		q->nbns = true;
		break;
	case CP_DNS_DOMAIN:
		q->domains = true;
		break;
	case CP_APPLICATION_VERSION:
		q->version = true;
		break;
	case CP_SUPPORTED_ATTRIBUTES:
		q->supported = true;
		break;
	default: /* ignored, 3.15.1 */
		break;
	}
}

void config_read_request(const struct pl_cp *cp, struct config_request *ret)
{
	struct rd r = rd_of_slice(cp->attributes);
	struct config_request q = { 0 };
	struct pl_cp_attribute a;

	while (cp->type == CFG_REQUEST && pl_cp_next(&r, &a))
		read_wish(&a, &q);
	*ret = q;
}

static void write_dns(struct wr *w, const struct config_request *q, const struct inner_dns *dns)
{
	bool any = false;
	for (uint8_t i = 0; i < dns->n_servers; i++) {
		unsigned int family = inner_family(&dns->servers[i]);
		if (family >= INNER_FAMILIES || !q->dns[family])
			continue;
		cp_emit_addr(w, family == INNER_V4 ? CP_IP4_DNS : CP_IP6_DNS, &dns->servers[i],
			     addr_bits(&dns->servers[i]));
		any = true;
	}
	/* RFC 8598 3.2: never without a name server */
	for (uint8_t i = 0; any && q->domains && i < dns->n_domains; i++)
		cp_emit(w, CP_DNS_DOMAIN, slice_of(dns->domains[i], strlen(dns->domains[i])));
}

void config_write_about(struct wr *w, const struct config_request *q)
{
	if (q->version)
		cp_emit(w, CP_APPLICATION_VERSION, slice_of(application, sizeof(application) - 1));
	if (q->supported)
		cp_emit_supported(w);
}

void config_write_reply(struct wr *w, const struct config_request *q,
			const struct pool_config *pool, const struct addr addr[INNER_FAMILIES])
{
	const struct addr *v4 = &addr[INNER_V4], *v6 = &addr[INNER_V6];
	if (addr_is_set(v4))
		cp_emit_addr(w, CP_IP4_ADDRESS, v4, addr_bits(v4));
	if (addr_is_set(v4) && q->netmask && addr_is_set(&pool->netmask4))
		cp_emit(w, CP_IP4_NETMASK, addr_slice(&pool->netmask4));
	if (addr_is_set(v6))
		cp_emit_addr(w, CP_IP6_ADDRESS, v6, addr_bits(v6));
	write_dns(w, q, &pool->dns);
	for (uint8_t i = 0; q->nbns && i < pool->n_nbns; i++)
		cp_emit(w, CP_IP4_NBNS, addr_slice(&pool->nbns[i]));
	for (uint8_t i = 0; i < pool->n_subnets; i++) {
		const struct addr_prefix *net = &pool->subnets[i];
		unsigned int family = inner_family(&net->addr);
		if (addr_is_set(&addr[family]))
			cp_emit_addr(w, family == INNER_V4 ? CP_IP4_SUBNET : CP_IP6_SUBNET,
				     &net->addr, net->bits);
	}
	config_write_about(w, q);
}

/* ---- the client's side ---- */

void config_write_request(struct wr *w, const bool wants[INNER_FAMILIES],
			  const struct addr suggested[INNER_FAMILIES])
{
	static const uint16_t types[INNER_FAMILIES][2] = {
		[INNER_V4] = { CP_IP4_ADDRESS, CP_IP4_DNS },
		[INNER_V6] = { CP_IP6_ADDRESS, CP_IP6_DNS },
	};
	const struct slice empty = { 0 };
	for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
		if (!wants[i])
			continue;
		if (addr_is_set(&suggested[i]))
			cp_emit_addr(w, types[i][0], &suggested[i], addr_bits(&suggested[i]));
		else
			cp_emit(w, types[i][0], empty);
		cp_emit(w, types[i][1], empty);
	}
	cp_emit(w, CP_DNS_DOMAIN, empty);
}

static bool take_addr(const struct pl_cp_attribute *a, const bool wants[INNER_FAMILIES],
		      struct config_reply *ret)
{
	unsigned int family = family_of(a->type);
	struct addr addr;
	uint8_t bits;
	if (!cp_value_addr(a, &addr, &bits) || !inner_host_ok(&addr))
		return false;
	if (wants[family] && !addr_is_set(&ret->addr[family]))
		ret->addr[family] = addr;
	return true;
}

static bool take_server(const struct pl_cp_attribute *a, struct inner_dns *dns)
{
	struct addr addr;
	uint8_t bits;
	if (!cp_value_addr(a, &addr, &bits) || !inner_host_ok(&addr))
		return false;
	for (uint8_t i = 0; i < dns->n_servers; i++)
		if (addr_eq(&dns->servers[i], &addr))
			return true;
	if (dns->n_servers == INNER_DNS_MAX)
		return false;
	dns->servers[dns->n_servers++] = addr;
	return true;
}

static bool take_domain(const struct pl_cp_attribute *a, struct inner_dns *dns)
{
	char name[INNER_DOMAIN_MAX_BYTES];
	if (inner_domain_set(name, a->value) < 0)
		return false;
	for (uint8_t i = 0; i < dns->n_domains; i++)
		if (strcmp(dns->domains[i], name) == 0)
			return true;
	if (dns->n_domains == INNER_DOMAINS_MAX)
		return false;
	memcpy(dns->domains[dns->n_domains++], name, sizeof(name));
	return true;
}

/* False: the value cannot be used.  What we do not use at all is ignored (3.15.1). */
static bool read_gift(const struct pl_cp_attribute *a, const bool wants[INNER_FAMILIES],
		      struct config_reply *ret)
{
	switch (a->type) {
	case CP_IP4_ADDRESS:
	case CP_IP6_ADDRESS:
		return take_addr(a, wants, ret);
	case CP_IP4_DNS:
	case CP_IP6_DNS:
		return take_server(a, &ret->dns);
	case CP_DNS_DOMAIN:
		return take_domain(a, &ret->dns);
	default:
		return cp_well_formed(a);
	}
}

static void note_refused(const struct pl_cp_attribute *a, struct config_reply *ret)
{
	if (ret->n_refused < CONFIG_REFUSED_MAX) {
		ret->refused[ret->n_refused].type = a->type;
		ret->refused[ret->n_refused].value = a->value;
	}
	ret->n_refused++;
}

void config_read_reply(const struct pl_cp *cp, const bool wants[INNER_FAMILIES],
		       struct config_reply *ret)
{
	struct rd r = rd_of_slice(cp->attributes);
	struct pl_cp_attribute a;

	memset(ret, 0, sizeof(*ret));
	while (cp->type == CFG_REPLY && pl_cp_next(&r, &a))
		if (!read_gift(&a, wants, ret))
			note_refused(&a, ret);
	/* RFC 8598 3.2: domains without name servers mean nothing */
	if (ret->dns.n_servers == 0)
		ret->dns.n_domains = 0;
}
