/* SPDX-License-Identifier: BSD-2-Clause */
/* mode_cfg { } and pool "name" { }: inner addresses for clients, and what they are told. */
#include "config/build_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/pool.h"

enum { SIZE_DEFAULT = 255 };

/* ---- addresses ---- */

static int wrong_family(const struct args *at, unsigned int family)
{
	return args_error(at, "an IPv%d address expected", family == INNER_V4 ? 4 : 6);
}

/* All of a net from the address on: of IPv4 not the net's own and not the broadcast address. */
static uint32_t hosts_from(const struct addr_prefix *net, struct addr *first)
{
	struct addr lowest, highest;
	addr_prefix_range(net, &lowest, &highest);
	bool ends = addr_len(first) == 4 && net->bits < 31;
	if ((ends || addr_len(first) == 16) && addr_eq(first, &lowest))
		*first = pool_addr(first, 1);
	int64_t last = pool_offset(first, &highest);
	if (last < 0 || last >= POOL_SIZE_MAX)
		return POOL_SIZE_MAX;
	return (uint32_t)last + !ends;
}

/* FIRST | FIRST/BITS | FIRST-LAST */
static int take_network(struct args *a, unsigned int family, struct pool_draft *d)
{
	char text[2 * ADDR_TEXT_MAX_BYTES];
	const struct args at = *a;
	struct addr_prefix net;
	struct addr last;
	const char *word;
	int rc = args_word(a, "an address, a net or a range", &word);
	if (rc)
		return rc;
	snprintf(text, sizeof(text), "%s", word);
	char *dash = strchr(text, '-');
	if (dash)
		*dash++ = '\0';
	if (addr_parse_prefix(text, &net) || (dash && addr_parse(dash, &last)))
		return args_error(&at, "an address, a net or a range expected");
	if (inner_family(&net.addr) != family)
		return wrong_family(&at, family);
	int64_t offset = dash ? pool_offset(&net.addr, &last) : 0;
	if (dash && (offset < 0 || offset >= POOL_SIZE_MAX))
		return args_error(&at,
				  "a range ends not below its first address, and has at most "
				  "%d",
				  POOL_SIZE_MAX);
	d->pool->first[family] = net.addr;
	d->size[family] = dash ? (uint32_t)offset + 1 : 0;
	if (!dash && net.bits < addr_bits(&net.addr))
		d->size[family] = hosts_from(&net, &d->pool->first[family]);
	d->given[family] = true;
	return 0;
}

static int take_addrs(struct args *a, unsigned int family, struct addr *list, uint8_t *n,
		      uint8_t max)
{
	do {
		const struct args at = *a;
		struct addr addr;
		int rc = args_addr(a, &addr);
		if (rc)
			return rc;
		if (inner_family(&addr) != family)
			return wrong_family(&at, family);
		if (!inner_host_ok(&addr) || addr.port)
			return args_error(&at, "this is no address of a host");
		if (*n == max)
			return args_error(&at, "more than %u addresses", max);
		list[(*n)++] = addr;
	} while (args_take_punct(a, ','));
	return 0;
}

/* Contiguous ones from the left: their number, or -1. */
static int bits_of_mask(const struct addr *mask)
{
	uint32_t m = (uint32_t)mask->ip[0] << 24 | (uint32_t)mask->ip[1] << 16 |
		     (uint32_t)mask->ip[2] << 8 | mask->ip[3];
	int bits = 0;
	while (bits < 32 && m & UINT32_C(1) << (31 - bits))
		bits++;
	return bits == 32 || m << bits == 0 ? bits : -1;
}

static int take_netmask(struct args *a, struct addr *ret)
{
	const struct args at = *a;
	struct addr mask;
	int rc = args_addr(a, &mask);
	if (rc)
		return rc;
	if (inner_family(&mask) != INNER_V4 || bits_of_mask(&mask) < 0)
		return args_error(&at, "a netmask expected, like 255.255.255.0");
	*ret = mask;
	return 0;
}

/* NET/BITS, or NET/MASK as racoon had it */
static int take_subnet(struct args *a, struct pool_config *pool)
{
	char text[2 * ADDR_TEXT_MAX_BYTES];
	const struct args at = *a;
	struct addr_prefix net;
	struct addr mask, last;
	const char *word;
	int rc = args_word(a, "a net", &word);
	if (rc)
		return rc;
	snprintf(text, sizeof(text), "%s", word);
	char *slash = strchr(text, '/');
	bool dotted = slash && addr_parse(slash + 1, &mask) == 0 &&
		      inner_family(&mask) == INNER_V4 && bits_of_mask(&mask) >= 0;
	if (dotted)
		snprintf(slash, sizeof(text) - (size_t)(slash - text), "/%d", bits_of_mask(&mask));
	if (!slash || addr_parse_prefix(text, &net))
		return args_error(&at, "a net expected, like 10.2.0.0/16");
	if (pool->n_subnets == POOL_SUBNETS_MAX)
		return args_error(&at, "more than %d nets", POOL_SUBNETS_MAX);
	addr_prefix_range(&net, &net.addr, &last);
	pool->subnets[pool->n_subnets++] = net;
	return 0;
}

/* include|local_lan NET, ... */
static int take_split_network(struct build *b, struct args *a, struct pool_config *pool)
{
	static const char *const kinds[] = { "include", "local_lan" };
	const struct args at = *a;
	size_t kind;
	int rc = args_choice(a, kinds, N_ELEMENTS(kinds), &kind);
	if (rc)
		return rc;
	if (kind == 1) {
		build_warn(b, args_here(&at),
			   "local_lan is ignored: what is not sent through the "
			   "tunnel is the client's to say");
		a->next = a->st->n_tokens;
		return 0;
	}
	do {
		rc = take_subnet(a, pool);
	} while (rc == 0 && args_take_punct(a, ','));
	return rc;
}

static int take_domains(struct args *a, struct inner_dns *dns, bool first)
{
	do {
		const struct args at = *a;
		const char *word;
		int rc = args_word(a, "a domain name", &word);
		if (rc)
			return rc;
		if (dns->n_domains == INNER_DOMAINS_MAX)
			return args_error(&at, "more than %d domain names", INNER_DOMAINS_MAX);
		char *to = dns->domains[dns->n_domains];
		if (inner_domain_set(to, slice_of(word, strlen(word))) < 0)
			return args_error(&at, "this is no domain name");
		dns->n_domains++;
		/* The default domain is told before the others. */
		if (first && dns->n_domains > 1) {
			char copy[INNER_DOMAIN_MAX_BYTES];
			memcpy(copy, to, sizeof(copy));
			memmove(dns->domains[1], dns->domains[0],
				(dns->n_domains - 1u) * sizeof(dns->domains[0]));
			memcpy(dns->domains[0], copy, sizeof(copy));
		}
	} while (!first && args_take_punct(a, ','));
	return 0;
}

/* IDENTITY ADDRESS [, ADDRESS] */
static int take_lease(struct args *a, struct pool_config *pool)
{
	const struct args at = *a;
	struct pool_fixed fixed = { 0 };
	int rc = take_identity(a, &fixed.id);
	if (rc)
		return rc;
	if (fixed.id.type == ID_NONE)
		return args_error(&at, "an identity expected, like fqdn \"a.example\"");
	do {
		const struct args here = *a;
		struct addr addr;
		rc = args_addr(a, &addr);
		if (rc)
			return rc;
		unsigned int family = inner_family(&addr);
		if (addr_is_set(&fixed.addr[family]) || addr.port)
			return args_error(&here, "one address of each family");
		fixed.addr[family] = addr;
	} while (args_take_punct(a, ','));
	rc = pool_add_fixed(pool, &fixed);
	return rc ? args_error(&at, rc == -E2BIG ? "more than %d leases" : "out of memory",
			       POOL_FIXED_MAX)
		  : 0;
}

static int take_pool_word(struct build *b, const struct word *w, struct args *a,
			  struct pool_draft *d)
{
	struct pool_config *pool = d->pool;
	int64_t n;
	int rc;
	switch (w->arg) {
	case POOL_NETWORK4:
		return take_network(a, INNER_V4, d);
	case POOL_NETWORK6:
		return take_network(a, INNER_V6, d);
	case POOL_NETMASK4:
		return take_netmask(a, &pool->netmask4);
	case POOL_SIZE:
		rc = args_number(a, w->min, w->max, &n);
		if (rc == 0)
			d->size_given = (uint32_t)n;
		return rc;
	case POOL_DNS4:
		return take_addrs(a, INNER_V4, pool->dns.servers, &pool->dns.n_servers,
				  INNER_DNS_MAX);
	case POOL_DNS6:
		return take_addrs(a, INNER_V6, pool->dns.servers, &pool->dns.n_servers,
				  INNER_DNS_MAX);
	case POOL_NBNS4:
		return take_addrs(a, INNER_V4, pool->nbns, &pool->n_nbns, POOL_NBNS_MAX);
	case POOL_DEFAULT_DOMAIN:
		return take_domains(a, &pool->dns, true);
	case POOL_SPLIT_DNS:
		return take_domains(a, &pool->dns, false);
	case POOL_SPLIT_NETWORK:
		return take_split_network(b, a, pool);
	default:
		return take_lease(a, pool);
	}
}

int apply_pool_word(struct build *b, const struct word *w, struct args *a, void *target)
{
	int rc = take_pool_word(b, w, a, target);
	return rc ? rc : args_end(a);
}

/* Where users and their attributes come from: only here. */
int apply_pool_source(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)target;
	if (args_take_word(a, "local") || args_take_word(a, "none"))
		return args_end(a);
	return token_error(b->err, -EOPNOTSUPP, &a->st->tokens[0], "\"%s\": %s", w->name, w->help);
}

/* ---- the whole ---- */

static int check_fixed(struct build *b, const struct token *at, const struct pool_config *pool,
		       const struct pool_fixed *f, uint8_t *taken[INNER_FAMILIES])
{
	char id[ID_TEXT_MAX_BYTES];
	for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
		if (!addr_is_set(&f->addr[i]))
			continue;
		int64_t offset = pool_offset(&pool->first[i], &f->addr[i]);
		if (offset < 0 || offset >= pool->size[i])
			return token_error(b->err, -EINVAL, at,
					   "the lease of %.200s is not in the pool",
					   id_text(&f->id, id));
		if (taken[i][offset]++)
			return token_error(b->err, -EINVAL, at,
					   "the lease of %.200s is another one's too",
					   id_text(&f->id, id));
	}
	return 0;
}

static bool has_twice(const struct pool_config *pool, uint32_t i)
{
	for (uint32_t j = 0; j < i; j++)
		if (id_eq(&pool->fixed[j].id, &pool->fixed[i].id))
			return true;
	return false;
}

static int check_leases(struct build *b, const struct token *at, const struct pool_config *pool)
{
	uint8_t *taken[INNER_FAMILIES];
	char id[ID_TEXT_MAX_BYTES];
	int rc = 0;
	for (unsigned int i = 0; i < INNER_FAMILIES; i++)
		taken[i] = calloc(pool->size[i] + 1u, 1);
	if (!taken[INNER_V4] || !taken[INNER_V6])
		rc = token_error(b->err, -ENOMEM, at, "out of memory");
	for (uint32_t i = 0; i < pool->n_fixed && rc == 0; i++) {
		if (has_twice(pool, i))
			rc = token_error(b->err, -EINVAL, at, "%.200s has two leases",
					 id_text(&pool->fixed[i].id, id));
		else
			rc = check_fixed(b, at, pool, &pool->fixed[i], taken);
	}
	for (unsigned int i = 0; i < INNER_FAMILIES; i++)
		free(taken[i]);
	return rc;
}

static int set_sizes(struct build *b, const struct token *at, const struct pool_draft *d)
{
	struct pool_config *pool = d->pool;
	for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
		if (!d->given[i])
			continue;
		uint32_t wanted = d->size_given ? d->size_given : SIZE_DEFAULT;
		/* A net or a range says where it ends; pool_size may only make it smaller. */
		if (d->size[i])
			pool->size[i] = d->size_given && d->size_given < d->size[i] ? d->size_given
										    : d->size[i];
		else
			pool->size[i] = wanted;
		struct addr last = pool_addr(&pool->first[i], pool->size[i] - 1);
		if (!inner_host_ok(&pool->first[i]) || !inner_host_ok(&last))
			return token_error(b->err, -EINVAL, at, "these are no addresses of hosts");
	}
	return 0;
}

static int add_pool(struct build *b, struct args *a, const char *name, bool named)
{
	const struct token *at = &a->st->tokens[0];
	if (named &&
	    (name[0] == '\0' || strcmp(name, "-") == 0 || strlen(name) >= POOL_NAME_MAX_BYTES ||
	     strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			  "0123456789._-") != strlen(name)))
		return token_error(b->err, -EINVAL, at,
				   "a pool's name has 1 to %d letters, digits, '.', '_' and '-'",
				   POOL_NAME_MAX_BYTES - 1);
	if (policy_find_pool(b->policy, name))
		return token_error(b->err, -EINVAL, at, "there is a pool of this name already");
	struct pool_draft d = { .pool = policy_add_pool(b->policy, name) };
	if (!d.pool)
		return token_error(b->err, -ENOMEM, at, "out of memory");
	d.pool->line = at->line;
	int rc = schema_apply(b, IN_POOL, a->st->children, &d);
	if (rc == 0)
		rc = set_sizes(b, at, &d);
	if (rc == 0 && d.pool->dns.n_domains && !d.pool->dns.n_servers)
		rc = token_error(b->err, -EINVAL, at,
				 "domains are of no use without a name server (dns4, dns6)");
	return rc ? rc : check_leases(b, at, d.pool);
}

int apply_pool(struct build *b, const struct word *w, struct args *a, void *target)
{
	const char *name = "";
	int rc = 0;
	(void)target;
	if (!a->st->block)
		return args_error(a, "a { } block expected");
	if (w->arg == POOL_NAMED)
		rc = args_word(a, "the pool's name", &name);
	if (rc == 0)
		rc = args_end(a);
	return rc ? rc : add_pool(b, a, name, w->arg == POOL_NAMED);
}

int apply_remote_pool(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct remote_draft *d = target;
	(void)b;
	(void)w;
	int rc = args_word(a, "the name of a pool", &d->pool);
	return rc ? rc : args_end(a);
}

/* A client asks, it is not asked: mode_cfg's pool serves the others that name none. */
static int link_remote(struct build *b, struct remote_draft *d)
{
	const struct token *at = &d->st->tokens[0];
	if (d->pool && d->peer->mode_cfg)
		return token_error(b->err, -EINVAL, at,
				   "remote %s: a client has no pool: \"mode_cfg on\" asks the peer",
				   d->peer->name);
	if (!d->peer->mode_cfg)
		d->peer->pool = policy_find_pool(b->policy, d->pool ? d->pool : "");
	if (d->pool && !d->peer->pool)
		return token_error(b->err, -ENOENT, at, "remote %s: there is no pool \"%s\"",
				   d->peer->name, d->pool);
	return 0;
}

int pools_link(struct build *b)
{
	struct remote_draft *d;
	LIST_EACH(d, &b->remotes, node) {
		int rc = link_remote(b, d);
		if (rc)
			return rc;
	}
	return 0;
}
