/* SPDX-License-Identifier: BSD-2-Clause */
/* The setkey commands about security associations. */
#include "setkey_parser.h"

#include <errno.h>
#include <string.h>

enum {
	NAT_T_PORT = 4500,      /* RFC 3948 */
	RESERVED_SPI_MAX = 255, /* RFC 4303 2.1 */
	CPI_MAX = 0xffff,       /* RFC 3173 3.3 */
	PROTO_UDP = 256,        /* esp-udp: ESP in UDP */
};

/* An SA command on its way; the tokens are where to point when they do not fit together. */
struct draft {
	struct command *c;
	struct address_flags flags;
	struct endpoint src, dst;
	struct token proto_at, spi_at, encr_at, auth_at, comp_at;
	bool is_udp;
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
	int rc = parser_check(p, &e->port_at, word_port(&e->port_at, IPPROTO_UDP, ret, &err), &err);
	if (rc)
		return rc;
	return *ret ? 0 : parser_fail(p, &e->port_at, "esp-udp needs a port number");
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
	bool is_new = d->c->kind == COMMAND_ADD || d->c->kind == COMMAND_UPDATE;
	uint64_t max = proto == KEYDB_PROTO_IPCOMP ? CPI_MAX : UINT32_MAX, spi = 0;
	struct err err = { 0 };
	d->spi_at = parser_advance(p);
	int rc = word_number(&d->spi_at, proto == KEYDB_PROTO_IPCOMP ? "CPI" : "SPI", 1, max, &spi,
			     &err);
	if (rc)
		return parser_check(p, &d->spi_at, rc, &err);
	if (is_new && proto != KEYDB_PROTO_IPCOMP && spi <= RESERVED_SPI_MAX)
		parser_say(p, &d->spi_at, true, "SPIs up to 255 are reserved (RFC 4303)");
	d->c->sa.id.spi = (uint32_t)spi;
	return 0;
}

static const struct choice modes[] = {
	{ "any", KEYDB_MODE_ANY, NULL },
	{ "transport", KEYDB_MODE_TRANSPORT, NULL },
	{ "tunnel", KEYDB_MODE_TUNNEL, NULL },
};

/* How Linux pads and counts cannot be chosen; it does what RFC 4303 wants. */
static const struct choice pad_flags[] = {
	{ "zero-pad", 0, NULL },
	{ "random-pad", 0, NULL },
	{ "seq-pad", 0, NULL },
	{ "nocyclic-seq", 0, NULL },
	{ "cyclic-seq", 0, "sequence numbers never wrap in Linux" },
};

static int option_mode(struct parser *p, struct draft *d)
{
	struct err err = { 0 };
	struct token t = parser_advance(p);
	int mode = 0, rc = word_choose(&t, "mode", modes, N_ELEMENTS(modes), &mode, &err);
	d->c->sa.mode = (uint8_t)mode;
	/* A tunnel carries both families, whatever the family of its ends. */
	if (mode == KEYDB_MODE_TUNNEL)
		d->c->sa.flags |= KEYDB_SA_AF_UNSPEC;
	else
		d->c->sa.flags &= ~(uint32_t)KEYDB_SA_AF_UNSPEC;
	return parser_check(p, &t, rc, &err);
}

static int option_flag(struct parser *p, struct draft *d)
{
	struct err err = { 0 };
	struct token t = parser_advance(p);
	int ignored = 0;
	(void)d;
	return parser_check(
		p, &t, word_choose(&t, "flag", pad_flags, N_ELEMENTS(pad_flags), &ignored, &err),
		&err);
}

static int option_replay(struct parser *p, struct draft *d)
{
	uint64_t n = 0;
	int rc = parser_number(p, "replay window", KEYDB_REPLAY_MAX_PKTS, &n);
	d->c->sa.replay_window_pkts = (uint32_t)n;
	return rc;
}

static int option_reqid(struct parser *p, struct draft *d)
{
	uint64_t n = 0;
	int rc = parser_number(p, "reqid", UINT32_MAX, &n);
	d->c->sa.reqid = (uint32_t)n;
	return rc;
}

/* 0 means no limit, to PF_KEY and to keydb. */
static int take_limit(struct parser *p, const char *what, uint64_t *ret)
{
	return parser_number(p, what, UINT64_MAX - 1, ret);
}

static int option_hard_time(struct parser *p, struct draft *d)
{
	return take_limit(p, "seconds", &d->c->sa.limits.hard_add_sec);
}

static int option_soft_time(struct parser *p, struct draft *d)
{
	return take_limit(p, "seconds", &d->c->sa.limits.soft_add_sec);
}

static int option_hard_bytes(struct parser *p, struct draft *d)
{
	return take_limit(p, "bytes", &d->c->sa.limits.hard_bytes);
}

static int option_soft_bytes(struct parser *p, struct draft *d)
{
	return take_limit(p, "bytes", &d->c->sa.limits.soft_bytes);
}

static int option_ctx(struct parser *p, struct draft *d)
{
	struct keydb_sa *sa = &d->c->sa;
	memset(sa->ctx, 0, sizeof(sa->ctx));
	return parser_ctx(p, &sa->ctx_doi, &sa->ctx_alg, &sa->ctx_len, sa->ctx);
}

/* NAME [KEY] of -E, -A and -C into *ret; a null algorithm has no key or an empty one. */
static int parse_algorithm(struct parser *p, char option, struct token *ret_at,
			   const struct keydb_alg_info **ret_info, struct keydb_alg *ret)
{
	struct err err = { 0 };
	*ret_at = parser_advance(p);
	int rc = word_algorithm(ret_at, option, ret_info, &err);
	if (rc)
		return parser_check(p, ret_at, rc, &err);
	bool keyless = (*ret_info)->key_max_bits == 0 && (*ret_info)->salt_bits == 0;
	struct token key = { .kind = TOKEN_STRING, .text = "", .at = ret_at->at };
	bool is_key = p->tok.kind == TOKEN_STRING || word_is_number(&p->tok);
	if (!keyless || (option != 'C' && is_key))
		key = parser_advance(p);
	memset(ret, 0, sizeof(*ret));
	return parser_check(p, &key, word_key(&key, *ret_info, ret, &err), &err);
}

static int option_encr(struct parser *p, struct draft *d)
{
	const struct keydb_alg_info *info = NULL;
	struct keydb_alg alg;
	memset(&alg, 0, sizeof(alg));
	int rc = parse_algorithm(p, 'E', &d->encr_at, &info, &alg);
	if (!rc && info->kind == KEYDB_ALG_AEAD)
		d->c->sa.aead = alg;
	else if (!rc)
		d->c->sa.encr = alg;
	explicit_bzero(&alg, sizeof(alg));
	return rc;
}

static int option_auth(struct parser *p, struct draft *d)
{
	const struct keydb_alg_info *info = NULL;
	return parse_algorithm(p, 'A', &d->auth_at, &info, &d->c->sa.auth);
}

static int option_comp(struct parser *p, struct draft *d)
{
	const struct keydb_alg_info *info = NULL;
	return parse_algorithm(p, 'C', &d->comp_at, &info, &d->c->sa.comp);
}

/* Linux always sends the CPI that was given, which is what -R asks for. */
static int option_raw_cpi(struct parser *p, struct draft *d)
{
	(void)p;
	(void)d;
	return 0;
}

struct sa_option {
	int (*parse)(struct parser *p, struct draft *d);
	bool is_algorithm; /* add and update only */
};

/* clang-format off */
static const struct choice option_words[] = {
	{ "-m", 0, NULL }, { "-r", 1, NULL }, { "-u", 2, NULL }, { "-f", 3, NULL },
	{ "-lh", 4, NULL }, { "-ls", 5, NULL }, { "-bh", 6, NULL }, { "-bs", 7, NULL },
	{ "-ctx", 8, NULL }, { "-E", 9, NULL }, { "-A", 10, NULL }, { "-C", 11, NULL },
	{ "-R", 12, NULL },
};

static const struct sa_option options[] = {
	[0]  = { option_mode,       false },
	[1]  = { option_replay,     false },
	[2]  = { option_reqid,      false },
	[3]  = { option_flag,       false },
	[4]  = { option_hard_time,  false },
	[5]  = { option_soft_time,  false },
	[6]  = { option_hard_bytes, false },
	[7]  = { option_soft_bytes, false },
	[8]  = { option_ctx,        false },
	[9]  = { option_encr,       true },
	[10] = { option_auth,       true },
	[11] = { option_comp,       true },
	[12] = { option_raw_cpi,    true },
};
/* clang-format on */

static int parse_options(struct parser *p, struct draft *d)
{
	bool is_new = d->c->kind == COMMAND_ADD || d->c->kind == COMMAND_UPDATE;
	while (!token_is_mark(&p->tok, ';')) {
		struct err err = { 0 };
		int i = 0;
		struct token t = p->tok;
		int rc =
			word_choose(&t, "option", option_words, N_ELEMENTS(option_words), &i, &err);
		if (rc && t.kind == TOKEN_END)
			return parser_expect_end(p);
		if (rc)
			return parser_check(p, &t, rc, &err);
		if (options[i].is_algorithm && !is_new)
			return parser_fail(p, &t, "%s takes no algorithm",
					   command_word(d->c->kind));
		parser_advance(p);
		rc = options[i].parse(p, d);
		if (rc)
			return rc;
	}
	return 0;
}

/* Which algorithms the protocol needs and refuses. */
static int check_algorithms(struct parser *p, const struct draft *d)
{
	uint8_t proto = d->c->sa.id.proto;
	bool is_aead = d->c->sa.aead.id != KEYDB_ALG_ID_NONE;
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
		rc = parse_options(p, &d);
	if (!rc && (c->kind == COMMAND_ADD || c->kind == COMMAND_UPDATE))
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
