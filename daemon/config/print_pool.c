/* SPDX-License-Identifier: BSD-2-Clause */
/* Pools as racoon.conf text. */
#include "config/print_int.h"

#include "policy/pool.h"

static void print_range(const struct pool_config *p, unsigned int family, const char *word,
			FILE *out)
{
	char first[ADDR_TEXT_MAX_BYTES], last[ADDR_TEXT_MAX_BYTES];
	if (!p->size[family])
		return;
	struct addr end = pool_addr(&p->first[family], p->size[family] - 1);
	fprintf(out, "\t%s %s-%s;\n", word, addr_text(&p->first[family], first),
		addr_text(&end, last));
}

/* Those of one family. */
static void print_addrs(const struct addr *list, uint8_t n, unsigned int family, const char *word,
			FILE *out)
{
	char text[ADDR_TEXT_MAX_BYTES];
	for (uint8_t i = 0; i < n; i++)
		if (inner_family(&list[i]) == family)
			fprintf(out, "\t%s %s;\n", word, addr_text(&list[i], text));
}

static void print_fixed(const struct pool_fixed *f, FILE *out)
{
	char text[ADDR_TEXT_MAX_BYTES];
	const char *between = " ";
	print_identity(out, "\tlease", &f->id);
	for (unsigned int i = 0; i < INNER_FAMILIES; i++) {
		if (!addr_is_set(&f->addr[i]))
			continue;
		fprintf(out, "%s%s", between, addr_text(&f->addr[i], text));
		between = ", ";
	}
	fprintf(out, ";\n");
}

static void print_pool(const struct pool_config *p, FILE *out)
{
	char text[ADDR_TEXT_MAX_BYTES];
	if (p->name[0])
		fprintf(out, "pool \"%s\" {\n", p->name);
	else
		fprintf(out, "mode_cfg {\n");
	print_range(p, INNER_V4, "network4", out);
	print_range(p, INNER_V6, "network6", out);
	if (addr_is_set(&p->netmask4))
		fprintf(out, "\tnetmask4 %s;\n", addr_text(&p->netmask4, text));
	print_addrs(p->dns.servers, p->dns.n_servers, INNER_V4, "dns4", out);
	print_addrs(p->dns.servers, p->dns.n_servers, INNER_V6, "dns6", out);
	print_addrs(p->nbns, p->n_nbns, INNER_V4, "wins4", out);
	for (uint8_t i = 0; i < p->dns.n_domains; i++)
		fprintf(out, "\tsplit_dns \"%s\";\n", p->dns.domains[i]);
	for (uint8_t i = 0; i < p->n_subnets; i++)
		fprintf(out, "\tsplit_network include %s;\n",
			addr_prefix_text(&p->subnets[i], text));
	for (uint32_t i = 0; i < p->n_fixed; i++)
		print_fixed(&p->fixed[i], out);
	fprintf(out, "}\n");
}

void print_pools(const struct policy *policy, FILE *out)
{
	const struct pool_config *p;
	LIST_EACH(p, &policy->pools, node)
		print_pool(p, out);
}
