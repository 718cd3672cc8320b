/* SPDX-License-Identifier: BSD-2-Clause */
/* "ip xfrm state". */
#include "setkey_from_ip_read.h"

#include <errno.h>
#include <string.h>

enum {
	SHA256_OLD_ICV_BITS = 96, /* where ip shows none: before RFC 4868 came to the kernel */
	KEY_DIGITS_MAX = 2 + 2 * KEYDB_KEY_MAX_BYTES,
};

static struct keydb_sa *sa_of(struct ip_reader *r)
{
	return &r->c.sa;
}

static int sa_proto(struct ip_reader *r)
{
	uint8_t proto = 0;
	int rc = ip_proto(r, &proto);
	if (!rc && proto != KEYDB_PROTO_ESP && proto != KEYDB_PROTO_AH &&
	    proto != KEYDB_PROTO_IPCOMP)
		rc = err_set(&r->err, -EOPNOTSUPP, "setkey has no SAs of Mobile IPv6");
	sa_of(r)->id.proto = proto;
	return rc;
}

static int sa_spi(struct ip_reader *r)
{
	return ip_u32(r, "SPI", &sa_of(r)->id.spi);
}

static int sa_reqid(struct ip_reader *r)
{
	return ip_u32(r, "reqid", &sa_of(r)->reqid);
}

static int sa_mode(struct ip_reader *r)
{
	return ip_mode(r, &sa_of(r)->mode);
}

static int sa_window(struct ip_reader *r)
{
	return ip_u32(r, "replay window", &sa_of(r)->replay_window_pkts);
}

/* ---- flags ---- */

static const struct choice flags[] = {
	/* clang-format off */
	{ "noecn",           KEYDB_SA_NOECN,           NULL },
	{ "decap-dscp",      KEYDB_SA_DECAP_DSCP,      NULL },
	{ "nopmtudisc",      KEYDB_SA_NOPMTUDISC,      NULL },
	{ "wildrecv",        KEYDB_SA_WILDRECV,        NULL },
	{ "icmp",            KEYDB_SA_ICMP,            NULL },
	{ "af-unspec",       KEYDB_SA_AF_UNSPEC,       NULL },
	{ "align4",          KEYDB_SA_ALIGN4,          NULL },
	{ "esn",             KEYDB_SA_ESN,             NULL },
	{ "dont-encap-dscp", KEYDB_SA_DONT_ENCAP_DSCP, NULL },
	{ "oseq-may-wrap",   KEYDB_SA_OSEQ_MAY_WRAP,   NULL },
	/* clang-format on */
};

/* iproute2 forgets the blank: "flag wildrecvextra_flag dont-encap-dscp". */
static struct token without_extra(struct token t)
{
	static const char extra[] = "extra_flag";
	size_t len = sizeof(extra) - 1;
	if (t.len >= len && !memcmp(t.text + t.len - len, extra, len))
		t.len -= len;
	return t;
}

/* All words up to the end of the line; "(0x10)" is their sum. */
static int sa_flags(struct ip_reader *r)
{
	struct token t;
	while ((t = ip_next(r)).kind == TOKEN_WORD) {
		int flag = 0, rc = 0;
		t = without_extra(t);
		if (t.len && t.text[0] != '(')
			rc = word_choose(&t, "flag of SAs", flags, N_ELEMENTS(flags), &flag,
					 &r->err);
		if (rc)
			return rc;
		sa_of(r)->flags |= (uint32_t)flag;
	}
	return 0;
}

/* ---- algorithms ---- */

/* The key if one is there, and "(N bits)" behind it. */
static struct token take_key(struct ip_reader *r)
{
	struct token t = ip_peek(r), none = { .kind = TOKEN_END };
	if (t.len < 2 || memcmp(t.text, "0x", 2) != 0)
		return none;
	ip_next(r);
	struct token bits = ip_peek(r);
	if (bits.len && bits.text[0] == '(') {
		ip_next(r);
		ip_next(r);
	}
	return t;
}

/*
 * An algorithm that setkey has no name for, and a key that is none of its row's, go by the kernel's
 * name: what the kernel had it takes again.
 */
static int take_alg(struct ip_reader *r, enum keydb_alg_kind kind, bool has_icv,
		    struct keydb_alg *ret)
{
	static const struct token empty = { .kind = TOKEN_STRING, .text = "" };
	struct token name = ip_next(r);
	if (!name.len || name.len >= sizeof(ret->name))
		return err_set(&r->err, -EINVAL, "expected an algorithm");
	if (ip_take(r, "<<Keys"))
		return err_set(&r->err, -EOPNOTSUPP, "the keys are hidden; list without nokeys");
	struct token key = take_key(r);
	uint64_t icv_bits = 0;
	int rc = has_icv ? ip_number(r, "length of the ICV", UINT16_MAX, &icv_bits) : 0;
	if (!rc && (key.len > KEY_DIGITS_MAX || key.len % 2))
		rc = err_set(&r->err, -EINVAL, "the key is too long or its last byte incomplete");
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->name, name.text, name.len);
	if (!rc) /* "0x" alone is no key to setkey */
		rc = word_key_unchecked(key.len > 2 ? &key : &empty, ret, &r->err);
	const struct keydb_alg_info *info = keydb_alg_by_xfrm(kind, ret->name, (uint16_t)icv_bits);
	ret->id = info ? info->id : KEYDB_ALG_ID_NONE;
	ret->icv_bits = has_icv ? (uint16_t)icv_bits : info ? info->icv_bits : 0;
	r->is_algless = false;
	return rc;
}

static int sa_auth(struct ip_reader *r)
{
	struct keydb_alg *a = &sa_of(r)->auth;
	int rc = take_alg(r, KEYDB_ALG_AUTH, false, a);
	if (!rc && a->id == KEYDB_ALG_HMAC_SHA256)
		a->icv_bits = SHA256_OLD_ICV_BITS;
	return rc;
}

static int sa_auth_trunc(struct ip_reader *r)
{
	return take_alg(r, KEYDB_ALG_AUTH, true, &sa_of(r)->auth);
}

static int sa_enc(struct ip_reader *r)
{
	return take_alg(r, KEYDB_ALG_ENCR, false, &sa_of(r)->encr);
}

static int sa_aead(struct ip_reader *r)
{
	return take_alg(r, KEYDB_ALG_AEAD, true, &sa_of(r)->aead);
}

static int sa_comp(struct ip_reader *r)
{
	return take_alg(r, KEYDB_ALG_COMP, false, &sa_of(r)->comp);
}

/* ---- options ---- */

static int sa_mark(struct ip_reader *r)
{
	return ip_mark(r, &sa_of(r)->id.mark);
}

static int sa_output_mark(struct ip_reader *r)
{
	return ip_mark(r, &sa_of(r)->output_mark);
}

static int sa_if_id(struct ip_reader *r)
{
	return ip_u32(r, "if_id", &sa_of(r)->if_id);
}

static int sa_tfcpad(struct ip_reader *r)
{
	return ip_u32(r, "tfcpad", &sa_of(r)->tfc_pad_bytes);
}

static int sa_sel(struct ip_reader *r)
{
	return ip_selector(r, &sa_of(r)->sel);
}

static int sa_security(struct ip_reader *r)
{
	struct keydb_sa *sa = sa_of(r);
	return ip_context(r, &sa->ctx_doi, &sa->ctx_alg, &sa->ctx_len, sa->ctx);
}

static int encap_port(struct ip_reader *r, const char *word, uint16_t *ret)
{
	uint64_t n = 0;
	int rc = ip_take(r, word) ? ip_number(r, "port", UINT16_MAX, &n)
				  : err_set(&r->err, -EINVAL, "expected %s", word);
	if (!rc)
		*ret = (uint16_t)n;
	return rc;
}

static bool is_zero(const union keydb_addr *a)
{
	struct addr addr;
	return addr_from_sockaddr(&a->sa, sizeof(*a), &addr) || addr_is_any(&addr);
}

/* "encap type espinudp sport 4500 dport 4500 addr 0.0.0.0" */
static int sa_encap(struct ip_reader *r)
{
	static const struct choice types[] = {
		{ "espinudp", KEYDB_ENCAP_UDP, NULL },
		{ "espinudp-nonike", KEYDB_ENCAP_UDP_NON_IKE, NULL },
		{ "espintcp", KEYDB_ENCAP_TCP, NULL },
	};
	struct keydb_sa *sa = sa_of(r);
	int type = 0;
	if (!ip_take(r, "type"))
		return err_set(&r->err, -EINVAL, "expected type");
	int rc = ip_choose(r, "encapsulation", types, N_ELEMENTS(types), &type);
	sa->encap_type = (uint8_t)type;
	if (!rc)
		rc = encap_port(r, "sport", &sa->encap_src_port);
	if (!rc)
		rc = encap_port(r, "dport", &sa->encap_dst_port);
	if (!rc && !sa->encap_src_port && !sa->encap_dst_port)
		rc = err_set(&r->err, -EOPNOTSUPP, "setkey has no encapsulation without ports");
	if (!rc && ip_take(r, "addr"))
		rc = ip_address(r, &sa->encap_oa);
	if (!rc && is_zero(&sa->encap_oa))
		memset(&sa->encap_oa, 0, sizeof(sa->encap_oa));
	return rc;
}

/* "crypto offload parameters: dev eth0 dir out [mode packet]" */
static int sa_offload(struct ip_reader *r)
{
	static const struct choice dirs[] = { { "in", KEYDB_OFFLOAD_INBOUND, NULL },
					      { "out", 0, NULL } };
	static const struct choice kinds[] = { { "crypto", 0, NULL },
					       { "packet", KEYDB_OFFLOAD_PACKET, NULL } };
	struct keydb_sa *sa = sa_of(r);
	int dir = 0, kind = 0;
	if (!ip_take(r, "offload") || !ip_take(r, "parameters:") || !ip_take(r, "dev"))
		return err_set(&r->err, -EINVAL, "expected offload parameters");
	struct token dev = ip_next(r);
	if (!dev.len || dev.len >= sizeof(sa->offload_device))
		return err_set(&r->err, -EINVAL, "expected the name of a device");
	memcpy(sa->offload_device, dev.text, dev.len);
	int rc = ip_take(r, "dir") ? ip_choose(r, "direction", dirs, N_ELEMENTS(dirs), &dir)
				   : err_set(&r->err, -EINVAL, "expected dir");
	if (!rc && ip_take(r, "mode"))
		rc = ip_choose(r, "kind of offload", kinds, N_ELEMENTS(kinds), &kind);
	sa->offload_flags = (uint32_t)dir | (uint32_t)kind;
	return rc;
}

static int sa_coa(struct ip_reader *r)
{
	return err_set(&r->err, -EOPNOTSUPP, "setkey has no care-of addresses");
}

static int sa_dir(struct ip_reader *r)
{
	return err_set(&r->err, -EOPNOTSUPP, "setkey has no SAs of one direction");
}

/* ---- sequence numbers ---- */

/* "seq 0x5, oseq 0x7, bitmap 0x00000000", and the same for ESN; or the words of a bitmap. */
int ip_replay(struct ip_reader *r)
{
	uint32_t n;
	while (ip_peek(r).kind == TOKEN_WORD) {
		n = 0;
		int rc = 0;
		if (ip_take(r, "replay_window"))
			rc = sa_window(r);
		else if (ip_take(r, "bitmap-length"))
			ip_next(r);
		else if (ip_take(r, "bitmap") || ip_take(r, "seq") || ip_take(r, "seq-hi") ||
			 ip_take(r, "oseq") || ip_take(r, "oseq-hi"))
			rc = ip_u32(r, "sequence number", &n);
		else
			return ip_skip_line(r);
		if (rc)
			return rc;
		r->has_counters = r->has_counters || n;
	}
	return 0;
}

static int sa_replay(struct ip_reader *r)
{
	ip_take(r, "esn");
	if (!ip_take(r, "context:"))
		return err_set(&r->err, -EINVAL, "expected an anti-replay context");
	r->block = IP_BLOCK_REPLAY;
	return ip_replay(r);
}

static int sa_stats(struct ip_reader *r)
{
	r->block = IP_BLOCK_NUMBERS;
	return 0;
}

/* The number by which the kernel and a daemon talk about the SA. */
static int sa_seq(struct ip_reader *r)
{
	ip_next(r);
	return 0;
}

const struct ip_keyword ip_sa_keywords[] = {
	/* clang-format off */
	{ "proto",         IP_SA, sa_proto },
	{ "spi",           IP_SA, sa_spi },
	{ "reqid",         IP_SA, sa_reqid },
	{ "mode",          IP_SA, sa_mode },
	{ "replay-window", IP_SA, sa_window },
	{ "seq",           IP_SA, sa_seq },
	{ "flag",          IP_SA, sa_flags },
	{ "extra_flag",    IP_SA, sa_flags },
	{ "mark",          IP_SA, sa_mark },
	{ "output-mark",   IP_SA, sa_output_mark },
	{ "auth",          IP_SA, sa_auth },
	{ "auth-trunc",    IP_SA, sa_auth_trunc },
	{ "enc",           IP_SA, sa_enc },
	{ "aead",          IP_SA, sa_aead },
	{ "comp",          IP_SA, sa_comp },
	{ "encap",         IP_SA, sa_encap },
	{ "if_id",         IP_SA, sa_if_id },
	{ "tfcpad",        IP_SA, sa_tfcpad },
	{ "sel",           IP_SA, sa_sel },
	{ "security",      IP_SA, sa_security },
	{ "crypto",        IP_SA, sa_offload },
	{ "packet",        IP_SA, sa_offload },
	{ "coa",           IP_SA, sa_coa },
	{ "dir",           IP_SA, sa_dir },
	{ "anti-replay",   IP_SA, sa_replay },
	{ "lastused",      IP_SA, ip_skip_line },
	{ "lifetime",      IP_SA, ip_lifetime },
	{ "stats:",        IP_SA, sa_stats },
	{ "",              0,     NULL },
	/* clang-format on */
};

static bool is_open(const struct keydb_selector *s)
{
	return !s->src_bits && !s->dst_bits && !s->proto && s->src_port_any && s->dst_port_any &&
	       !s->ifindex && is_zero(&s->src) && is_zero(&s->dst);
}

int ip_sa_finish(struct ip_reader *r)
{
	struct keydb_sa *sa = sa_of(r);
	if (!sa->id.proto || !sa->mode)
		return err_set(&r->err, -EINVAL, "an SA has a protocol and a mode");
	if (r->is_algless || !sa->id.spi)
		r->skip = "a larval SA";
	/* The kernel gives an SA without a selector an open one of its own family. */
	if (sa->sel.src.sa.sa_family == sa->id.dst.sa.sa_family && is_open(&sa->sel) &&
	    !(sa->flags & KEYDB_SA_AF_UNSPEC)) {
		memset(&sa->sel, 0, sizeof(sa->sel));
		sa->sel.src_port_any = sa->sel.dst_port_any = true;
	}
	return 0;
}
