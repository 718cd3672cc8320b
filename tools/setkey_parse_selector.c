/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selectors in setkey scripts:
 *
 *   RANGE    := ADDRESS ['/' BITS] ['[' PORT ['/' MASK] ']']
 *   selector := RANGE RANGE UPPER [TYPE ['/' MASK] [',' CODE ['/' MASK]] | KEY ['/' MASK]]
 */
#include "setkey_parser.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum { PREFIX_MAX_BITS = 128 };

static int parse_range(struct parser *p, const struct address_flags *flags, struct endpoint *e)
{
	int rc = parser_address(p, flags, e);
	if (rc)
		return rc;
	if (parser_take_mark(p, '/')) {
		uint64_t bits = 0;
		e->bits_at = p->tok;
		rc = parser_number(p, "prefix length", PREFIX_MAX_BITS, &bits);
		if (rc)
			return rc;
		e->bits = (int)bits;
	}
	rc = parser_port_brackets(p, e);
	if (rc)
		return rc;
	if (e->n_addrs > 1)
		return parser_fail(p, &e->at,
				   "has several addresses, a policy takes one (-4, -6?)");
	if (e->bits > addr_bits(&e->addrs[0]))
		return parser_fail(p, &e->bits_at, "this address has only %u bits",
				   addr_bits(&e->addrs[0]));
	return 0;
}

static bool has_icmp_types(uint8_t ip_proto)
{
	return ip_proto == IPPROTO_ICMP || ip_proto == IPPROTO_ICMPV6 || ip_proto == IPPROTO_MH;
}

/* Port 0 is any port, as it always was; but with a mask it is what the mask says. */
static int range_port(struct parser *p, const struct endpoint *e, uint8_t ip_proto,
		      uint16_t *ret_port, uint16_t *ret_mask, bool *ret_any)
{
	struct err err = { 0 };
	uint16_t port = 0;
	int rc = 0;
	if (e->has_port)
		rc = parser_check(p, &e->port_at, word_port(&e->port_at, ip_proto, &port, &err),
				  &err);
	if (!rc && (port || e->has_port_mask) && ip_proto == IPPROTO_GRE)
		rc = parser_fail(p, &e->port_at, "gre has a key, not ports");
	*ret_any = e->has_port_mask ? e->port_mask == 0 : port == 0;
	*ret_port = *ret_any ? 0 : port;
	*ret_mask = e->port_mask == UINT16_MAX ? 0 : e->port_mask;
	return rc;
}

/* "/MASK" behind a type, code or half of a key. */
static int parse_mask(struct parser *p, uint64_t max, uint64_t *ret)
{
	*ret = max;
	return parser_take_mark(p, '/') ? parser_number(p, "mask", max, ret) : 0;
}

/* ICMP type or code. */
static int parse_icmp_part(struct parser *p, const char *what, uint16_t *ret, uint16_t *ret_mask,
			   bool *ret_any)
{
	uint64_t n = 0, mask = 0;
	*ret = *ret_mask = 0;
	*ret_any = token_is(&p->tok, "any");
	if (*ret_any) {
		parser_advance(p);
		return 0;
	}
	int rc = parser_number(p, what, UINT8_MAX, &n);
	if (!rc)
		rc = parse_mask(p, UINT16_MAX, &mask);
	*ret_any = mask == 0;
	*ret = *ret_any ? 0 : (uint16_t)n;
	*ret_mask = mask == UINT16_MAX ? 0 : (uint16_t)mask;
	return rc;
}

static int parse_icmp_type(struct parser *p, struct keydb_selector *sel)
{
	int rc =
		parse_icmp_part(p, "type", &sel->src_port, &sel->src_port_mask, &sel->src_port_any);
	if (rc || !parser_take_mark(p, ','))
		return rc;
	return parse_icmp_part(p, "code", &sel->dst_port, &sel->dst_port_mask, &sel->dst_port_any);
}

static void put_half(uint16_t half, uint16_t mask, uint16_t *ret, uint16_t *ret_mask, bool *ret_any)
{
	*ret_any = mask == 0;
	*ret = *ret_any ? 0 : half;
	*ret_mask = mask == UINT16_MAX ? 0 : mask;
}

static int parse_gre_key(struct parser *p, struct keydb_selector *sel)
{
	struct err err = { 0 };
	struct token t = parser_advance(p);
	uint32_t key = 0;
	uint64_t mask = 0;
	int rc = parser_check(p, &t, word_gre_key(&t, &key, &err), &err);
	if (!rc)
		rc = parse_mask(p, UINT32_MAX, &mask);
	put_half((uint16_t)(key >> 16), (uint16_t)(mask >> 16), &sel->src_port, &sel->src_port_mask,
		 &sel->src_port_any);
	put_half((uint16_t)key, (uint16_t)mask, &sel->dst_port, &sel->dst_port_mask,
		 &sel->dst_port_any);
	return rc;
}

/* The ICMP type and code or the GRE key behind the protocol, if any. */
static int parse_upper_arg(struct parser *p, const struct token *upper, struct keydb_selector *sel)
{
	struct token t = p->tok;
	if (t.kind != TOKEN_WORD || t.text[0] == '-')
		return 0;
	if (!has_icmp_types(sel->proto) && sel->proto != IPPROTO_GRE)
		return parser_fail(p, &t, "%.*s takes no type or key", (int)upper->len,
				   upper->text);
	if (!sel->src_port_any || !sel->dst_port_any)
		return parser_fail(p, &t, "a type or key cannot stand beside ports");
	return sel->proto == IPPROTO_GRE ? parse_gre_key(p, sel) : parse_icmp_type(p, sel);
}

int parser_selector(struct parser *p, const struct address_flags *flags, struct keydb_selector *sel)
{
	struct endpoint src, dst;
	struct err err = { 0 };
	int rc = parse_range(p, flags, &src);
	if (!rc)
		rc = parse_range(p, flags, &dst);
	if (rc)
		return rc;
	if (!parser_same_family(&src.addrs[0], &dst.addrs[0]))
		return parser_fail(p, &dst.at, "is not of the source's address family");
	sel->src = word_keydb_addr(&src.addrs[0]);
	sel->dst = word_keydb_addr(&dst.addrs[0]);
	sel->src_bits = src.bits < 0 ? addr_bits(&src.addrs[0]) : (uint8_t)src.bits;
	sel->dst_bits = dst.bits < 0 ? addr_bits(&dst.addrs[0]) : (uint8_t)dst.bits;
	struct token upper = parser_advance(p);
	rc = parser_check(p, &upper, word_ip_proto(&upper, &sel->proto, &err), &err);
	if (!rc)
		rc = range_port(p, &src, sel->proto, &sel->src_port, &sel->src_port_mask,
				&sel->src_port_any);
	if (!rc)
		rc = range_port(p, &dst, sel->proto, &sel->dst_port, &sel->dst_port_mask,
				&sel->dst_port_any);
	return rc ? rc : parse_upper_arg(p, &upper, sel);
}
