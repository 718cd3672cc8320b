/* SPDX-License-Identifier: BSD-2-Clause */
/* The setkey commands about security associations. */
#include "setkey_parse_sa.h"

#include <errno.h>
#include <string.h>

enum {
	NAT_T_PORT = 4500,      /* RFC 3948 */
	RESERVED_SPI_MAX = 255, /* RFC 4303 2.1 */
	CPI_MAX = 0xffff,       /* RFC 3173 3.3 */
	PROTO_UDP = 256,        /* esp-udp: ESP in UDP */
};

static const struct choice sa_protos[] = {
	/* clang-format off */
	{ "esp",     KEYDB_PROTO_ESP,    NULL },
	{ "ah",      KEYDB_PROTO_AH,     NULL },
	{ "ipcomp",  KEYDB_PROTO_IPCOMP, NULL },
	{ "esp-udp", PROTO_UDP,          NULL },
	{ "esp-old", 0, "the ESP of RFC 1827 is not in Linux, use esp" },
	{ "ah-old",  0, "the AH of RFC 1826 is not in Linux, use ah" },
	{ "tcp",     0, "TCP-MD5 (RFC 2385) keys are set by socket options in Linux" },
	/* clang-format on */
};

static int parse_proto(struct parser *p, struct draft *d)
{
	struct err err = { 0 };
	int value = 0;
	d->proto_at = parser_advance(p);
	int rc = word_choose(&d->proto_at, "protocol", sa_protos, N_ELEMENTS(sa_protos), &value,
			     &err);
	if (rc)
		return parser_check(p, &d->proto_at, rc, &err);
	d->is_udp = value == PROTO_UDP;
	d->c->sa.id.proto = d->is_udp ? KEYDB_PROTO_ESP : (uint8_t)value;
	return 0;
}

static int nat_port(struct parser *p, const struct endpoint *e, uint16_t *ret)
{
	struct err err = { 0 };
	*ret = NAT_T_PORT;
	if (!e->has_port)
		return 0;
	if (token_is(&e->port_at, "any"))
		return parser_fail(p, &e->port_at, "esp-udp needs a port number");
	int rc = parser_check(p, &e->port_at, word_port(&e->port_at, IPPROTO_UDP, ret, &err), &err);
	if (rc)
		return rc;
	if (e->has_port_mask)
		return parser_fail(p, &e->port_at, "only selectors have masks of ports");
	return 0;
}

/* Ports and the address before translation (RFC 3948), which only esp-udp has. */
static int parse_udp(struct parser *p, struct draft *d)
{
	struct keydb_sa *sa = &d->c->sa;
	struct endpoint oa;
	if (!d->is_udp) {
		const struct endpoint *e = d->src.has_port ? &d->src : &d->dst;
		return e->has_port ? parser_fail(p, &e->port_at, "only esp-udp SAs have ports") : 0;
	}
	int rc = nat_port(p, &d->src, &sa->encap_src_port);
	if (!rc)
		rc = nat_port(p, &d->dst, &sa->encap_dst_port);
	if (!rc && !sa->encap_src_port && !sa->encap_dst_port)
		rc = parser_fail(p, &d->src.port_at, "esp-udp needs a port number");
	if (rc || p->tok.kind != TOKEN_WORD || word_is_number(&p->tok))
		return rc;
	rc = parser_address(p, &d->flags, &oa);
	if (!rc && oa.n_addrs > 1)
		rc = parser_fail(p, &oa.at, "has several addresses");
	if (!rc)
		sa->encap_oa = word_keydb_addr(&oa.addrs[0]);
	return rc;
}

static int parse_spi(struct parser *p, struct draft *d)
{
	uint8_t proto = d->c->sa.id.proto;
	bool is_new = draft_is_new(d), may_be_zero = d->c->kind == COMMAND_GETSPI;
	uint64_t max = proto == KEYDB_PROTO_IPCOMP ? CPI_MAX : UINT32_MAX, spi = 0;
	struct err err = { 0 };
	d->spi_at = parser_advance(p);
	int rc = word_number(&d->spi_at, proto == KEYDB_PROTO_IPCOMP ? "CPI" : "SPI", !may_be_zero,
			     max, &spi, &err);
	if (rc)
		return parser_check(p, &d->spi_at, rc, &err);
	if (is_new && proto != KEYDB_PROTO_IPCOMP && spi <= RESERVED_SPI_MAX)
		parser_say(p, &d->spi_at, true, "SPIs up to 255 are reserved (RFC 4303)");
	d->c->sa.id.spi = (uint32_t)spi;
	return 0;
}

/* Which algorithms the protocol needs and refuses. */
static int check_algorithms(struct parser *p, const struct draft *d)
{
	uint8_t proto = d->c->sa.id.proto;
	bool is_aead = d->c->sa.aead.name[0];
	if (proto == KEYDB_PROTO_ESP && !d->encr_at.text)
		return parser_fail(p, &d->proto_at, "needs -E (null for authentication alone)");
	if (proto == KEYDB_PROTO_AH && !d->auth_at.text)
		return parser_fail(p, &d->proto_at, "needs -A");
	if (proto == KEYDB_PROTO_IPCOMP && !d->comp_at.text)
		return parser_fail(p, &d->proto_at, "needs -C");
	if (proto != KEYDB_PROTO_ESP && d->encr_at.text)
		return parser_fail(p, &d->encr_at, "only esp encrypts");
	if (proto == KEYDB_PROTO_IPCOMP && d->auth_at.text)
		return parser_fail(p, &d->auth_at, "ipcomp does not authenticate");
	if (proto != KEYDB_PROTO_IPCOMP && d->comp_at.text)
		return parser_fail(p, &d->comp_at, "only ipcomp compresses");
	if (is_aead && d->auth_at.text)
		return parser_fail(p, &d->auth_at,
				   "the cipher authenticates itself, -A is too much");
	return 0;
}

/* What goes through the SA in transport mode is of its own family. */
static bool fits_selector(const struct keydb_sa *sa)
{
	sa_family_t inner = sa->sel.src.sa.sa_family;
	bool wraps = sa->mode == KEYDB_MODE_TUNNEL || sa->mode == KEYDB_MODE_BEET ||
		     sa->mode & KEYDB_MODE_OTHER;
	return wraps || !inner || inner == sa->id.dst.sa.sa_family;
}

/* One command for each pair of addresses of one family. */
static int push_pairs(struct parser *p, const struct draft *d)
{
	struct command *c = d->c;
	size_t pairs = 0;
	for (size_t i = 0; i < d->src.n_addrs; i++)
		for (size_t j = 0; j < d->dst.n_addrs; j++)
			pairs += parser_same_family(&d->src.addrs[i], &d->dst.addrs[j]);
	if (pairs == 0)
		return parser_fail(p, &d->dst.at, "is not of the source's address family");
	if (pairs > 1 && c->kind == COMMAND_DELETE)
		return parser_fail(p, d->src.n_addrs > 1 ? &d->src.at : &d->dst.at,
				   "has several addresses, delete takes one");
	for (size_t i = 0; i < d->src.n_addrs; i++) {
		for (size_t j = 0; j < d->dst.n_addrs; j++) {
			if (!parser_same_family(&d->src.addrs[i], &d->dst.addrs[j]))
				continue;
			c->sa.id.src = word_keydb_addr(&d->src.addrs[i]);
			c->sa.id.dst = word_keydb_addr(&d->dst.addrs[j]);
			if (!fits_selector(&c->sa))
				return parser_fail(p, &d->sel_at,
						   "transport mode cannot change the family");
			int rc = command_list_add(p->out, c);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int parse_sa_ends(struct parser *p, struct draft *d)
{
	parser_address_flags(p, &d->flags);
	int rc = parser_address(p, &d->flags, &d->src);
	if (!rc)
		rc = parser_port_brackets(p, &d->src);
	if (!rc)
		rc = parser_address(p, &d->flags, &d->dst);
	if (!rc)
		rc = parser_port_brackets(p, &d->dst);
	if (!rc)
		rc = parse_proto(p, d);
	return rc;
}

int parser_sa(struct parser *p, struct command *c)
{
	struct draft d = { .c = c };
	int rc = parse_sa_ends(p, &d);
	if (!rc)
		rc = parse_udp(p, &d);
	if (!rc)
		rc = parse_spi(p, &d);
	if (!rc)
		rc = parser_sa_options(p, &d);
	if (!rc && draft_is_new(&d))
		rc = check_algorithms(p, &d);
	return rc ? rc : push_pairs(p, &d);
}

int parser_deleteall(struct parser *p, struct command *c)
{
	struct draft d = { .c = c };
	int rc = parse_sa_ends(p, &d);
	if (!rc)
		rc = parse_udp(p, &d);
	if (!rc)
		rc = parser_expect_end(p);
	return rc ? rc : push_pairs(p, &d);
}

/* flush and dump: all SAs or those of one protocol. */
int parser_table(struct parser *p, struct command *c)
{
	struct draft d = { .c = c };
	int rc = p->tok.kind == TOKEN_WORD ? parse_proto(p, &d) : 0;
	if (!rc)
		rc = parser_expect_end(p);
	return rc ? rc : command_list_add(p->out, c);
}
