/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_unit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

enum { PROTO_MOBILITY = 135, PROTO_OPTIONS = 60, RESERVED_SPI_MAX = 255, DEFAULT_SEED = 20 };

/* ---- numbers ---- */

uint64_t model_case_seed(uint64_t n)
{
	const char *text = getenv("MODEL_SEED");
	return (text ? strtoull(text, NULL, 10) : DEFAULT_SEED) + n;
}

struct model_random model_random_of(uint64_t seed, uint32_t rarity)
{
	/* Neighbouring seeds shall not begin alike, and none is 0. */
	uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15u;
	return (struct model_random){ .state = state ? state : 1, .rarity = rarity };
}

/* xorshift64* */
uint32_t model_u32(struct model_random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (uint32_t)(r->state * 0x2545f4914f6cdd1du >> 32);
}

uint32_t model_below(struct model_random *r, uint32_t n)
{
	return (uint32_t)(((uint64_t)model_u32(r) * n) >> 32);
}

/* Is what need not be there? */
static bool some(struct model_random *r)
{
	return model_below(r, r->rarity) == 0;
}

static uint32_t some_u32(struct model_random *r)
{
	/* Small, large and odd ones alike. */
	return some(r) ? model_u32(r) >> model_below(r, 32) : 0;
}

static uint8_t one_of(struct model_random *r, const uint8_t *values, size_t n)
{
	return values[model_below(r, (uint32_t)n)];
}

#define ONE_OF(r, values) one_of((r), (values), N_ELEMENTS(values))

static void any_bytes(struct model_random *r, void *ret, size_t len)
{
	uint8_t *bytes = ret;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)model_u32(r);
}

/* ---- parts ---- */

static uint8_t family_bits(bool v6)
{
	return v6 ? 128 : 32;
}

static union keydb_addr open_addr(bool v6)
{
	union keydb_addr a;
	memset(&a, 0, sizeof(a));
	a.sa.sa_family = v6 ? AF_INET6 : AF_INET;
	return a;
}

union keydb_addr model_any_addr(struct model_random *r, bool v6)
{
	union keydb_addr a = open_addr(v6);
	uint8_t *bytes = v6 ? a.sin6.sin6_addr.s6_addr : (uint8_t *)&a.sin.sin_addr;
	any_bytes(r, bytes, family_bits(v6) / 8u);
	bytes[0] = v6 ? 0x20 : (uint8_t)(1 + model_below(r, 223)); /* global, unicast */
	if (v6 && model_below(r, 2))
		memset(bytes + 4, 0, 8); /* "::" in the text */
	return a;
}

static uint64_t any_limit(struct model_random *r)
{
	if (!some(r))
		return model_below(r, 2) ? 0 : KEYDB_INFINITE;
	return ((uint64_t)model_u32(r) << 31 | model_u32(r)) >> model_below(r, 62);
}

static void any_limits(struct model_random *r, struct keydb_limits *ret)
{
	*ret = (struct keydb_limits){ any_limit(r), any_limit(r), any_limit(r), any_limit(r),
				      any_limit(r), any_limit(r), any_limit(r), any_limit(r) };
}

static void any_mark(struct model_random *r, struct keydb_mark *ret)
{
	*ret = (struct keydb_mark){ some_u32(r), some_u32(r) };
}

static void any_ctx(struct model_random *r, uint8_t *doi, uint8_t *alg, uint16_t *len,
		    char ctx[KEYDB_CTX_MAX_BYTES])
{
	static const char label[] =
		"system_u:object_r:ipsec_spd_t:s0-s0:c0.c1023 #no;[comment],\\/"
		"'with~all=printable_ASCII^{but}<the>quotes|that@end$it%&*()+`!?";
	if (!some(r))
		return;
	*doi = (uint8_t)model_u32(r);
	*alg = (uint8_t)model_u32(r);
	*len = (uint16_t)(1 + model_below(r, sizeof(label) - 1));
	memcpy(ctx, label, *len);
}

static bool has_types(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6 || proto == PROTO_MOBILITY;
}

static void any_port(struct model_random *r, bool is_type, uint16_t *ret, uint16_t *ret_mask,
		     bool *ret_any)
{
	*ret_any = !some(r);
	if (*ret_any)
		return;
	*ret = (uint16_t)model_below(r, is_type ? UINT8_MAX + 1 : UINT16_MAX + 1);
	*ret = model_below(r, 8) ? *ret : 0;
	*ret_mask = (uint16_t)(some(r) ? 1 + model_below(r, UINT16_MAX - 1) : 0);
}

static void any_selector(struct model_random *r, bool v6, struct keydb_selector *s)
{
	static const uint8_t protos[] = { 0,           IPPROTO_TCP,   IPPROTO_ICMP, IPPROTO_ICMPV6,
					  IPPROTO_GRE, PROTO_MOBILITY };
	s->src = model_below(r, 8) ? model_any_addr(r, v6) : open_addr(v6);
	s->dst = model_below(r, 8) ? model_any_addr(r, v6) : open_addr(v6);
	s->src_bits = (uint8_t)model_below(r, family_bits(v6) + 1u);
	s->dst_bits = (uint8_t)model_below(r, family_bits(v6) + 1u);
	s->proto = model_below(r, 2) ? ONE_OF(r, protos) : (uint8_t)model_below(r, UINT8_MAX);
	bool is_type = has_types(s->proto);
	any_port(r, is_type, &s->src_port, &s->src_port_mask, &s->src_port_any);
	any_port(r, is_type, &s->dst_port, &s->dst_port_mask, &s->dst_port_any);
	s->ifindex = some(r) ? 1 + model_below(r, 5000) : 0;
}

static uint8_t any_mode(struct model_random *r)
{
	static const uint8_t usual[] = { KEYDB_MODE_TRANSPORT, KEYDB_MODE_TUNNEL, KEYDB_MODE_BEET };
	static const uint8_t other[] = { KEYDB_MODE_OTHER | 2, KEYDB_MODE_OTHER | 3,
					 KEYDB_MODE_OTHER | 5 };
	return some(r) && model_below(r, 2) ? ONE_OF(r, other) : ONE_OF(r, usual);
}

/* ---- SAs ---- */

/* By the kernel's name, with a key of any length. */
static void kernel_alg(struct model_random *r, const char *name, bool has_icv,
		       struct keydb_alg *ret)
{
	uint32_t len = model_below(r, KEYDB_KEY_MAX_BYTES + 1);
	memset(ret, 0, sizeof(*ret));
	strcpy(ret->name, name);
	ret->key_bits = (uint16_t)(len * 8);
	any_bytes(r, ret->key, len);
	ret->icv_bits = (uint16_t)(has_icv ? 8 + 8 * model_below(r, 64) : 0);
	const struct keydb_alg_info *info = keydb_alg_by_xfrm(KEYDB_ALG_AUTH, name, ret->icv_bits);
	ret->id = info ? info->id : KEYDB_ALG_ID_NONE;
}

static const struct keydb_alg_info *any_row(struct model_random *r, enum keydb_alg_kind kind)
{
	size_t n;
	const struct keydb_alg_info *row, *rows = keydb_alg_table(&n);
	do
		row = &rows[model_below(r, (uint32_t)n)];
	while (row->kind != kind);
	return row;
}

/* One of the table with any key length of it, or one that only the kernel knows. */
static void any_alg(struct model_random *r, enum keydb_alg_kind kind, struct keydb_alg *ret)
{
	const struct keydb_alg_info *row = any_row(r, kind);
	bool has_icv = kind == KEYDB_ALG_AUTH || kind == KEYDB_ALG_AEAD;
	uint8_t key[KEYDB_KEY_MAX_BYTES];
	uint32_t step = row->key_step_bits ? row->key_step_bits : 8;
	uint32_t steps = (uint32_t)(row->key_max_bits - row->key_min_bits) / step + 1;
	uint32_t bits = row->key_min_bits + step * model_below(r, steps) + row->salt_bits;
	any_bytes(r, key, sizeof(key));
	if (keydb_alg_set(ret, row, key, bits / 8, 0))
		abort();
	if (some(r) && model_below(r, 4) == 0)
		kernel_alg(r, "new(mode(x),y)", has_icv, ret);
	else if (some(r) && kind == KEYDB_ALG_AUTH && row->icv_bits && model_below(r, 4) == 0)
		kernel_alg(r, row->xfrm_name, true, ret); /* an HMAC takes any key */
	else if (some(r) && kind == KEYDB_ALG_AUTH && row->icv_bits)
		ret->icv_bits = (uint16_t)(8 + 8 * model_below(r, 64));
	explicit_bzero(key, sizeof(key));
}

static void any_algs(struct model_random *r, struct keydb_sa *sa)
{
	if (sa->id.proto == KEYDB_PROTO_AH)
		any_alg(r, KEYDB_ALG_AUTH, &sa->auth);
	else if (sa->id.proto == KEYDB_PROTO_IPCOMP)
		any_alg(r, KEYDB_ALG_COMP, &sa->comp);
	else if (some(r))
		any_alg(r, KEYDB_ALG_AEAD, &sa->aead);
	else
		any_alg(r, KEYDB_ALG_ENCR, &sa->encr);
	if (sa->encr.name[0] && model_below(r, 2))
		any_alg(r, KEYDB_ALG_AUTH, &sa->auth);
}

static void any_encap(struct model_random *r, bool v6, struct keydb_sa *sa)
{
	static const uint8_t types[] = { KEYDB_ENCAP_UDP, KEYDB_ENCAP_UDP_NON_IKE,
					 KEYDB_ENCAP_TCP };
	if (sa->id.proto != KEYDB_PROTO_ESP || model_below(r, 3))
		return;
	sa->encap_src_port = (uint16_t)(1 + model_below(r, UINT16_MAX));
	sa->encap_dst_port = (uint16_t)model_below(r, UINT16_MAX + 1);
	sa->encap_type = ONE_OF(r, types);
	if (some(r))
		sa->encap_oa = model_any_addr(r, v6);
}

static void any_offload(struct model_random *r, struct keydb_sa *sa)
{
	if (!some(r))
		return;
	strcpy(sa->offload_device, model_below(r, 2) ? "lo" : "enp129s0f1np1.5");
	sa->offload_flags = (model_below(r, 2) ? KEYDB_OFFLOAD_INBOUND : 0u) |
			    (model_below(r, 2) ? KEYDB_OFFLOAD_PACKET : 0u);
}

static uint32_t any_flags(struct model_random *r)
{
	uint32_t flags = 0;
	for (uint32_t bit = KEYDB_SA_NOECN; bit <= KEYDB_SA_ALIGN4; bit <<= 1)
		flags |= some(r) ? bit : 0;
	return flags;
}

static void any_sa_options(struct model_random *r, bool v6, struct keydb_sa *sa)
{
	any_limits(r, &sa->limits);
	any_mark(r, &sa->id.mark);
	any_mark(r, &sa->output_mark);
	sa->if_id = some_u32(r);
	sa->tfc_pad_bytes = sa->mode == KEYDB_MODE_TUNNEL ? some_u32(r) : 0;
	if (some(r)) /* a tunnel's inside may be of the other family */
		any_selector(r, sa->mode == KEYDB_MODE_TRANSPORT ? v6 : model_below(r, 2),
			     &sa->sel);
	any_ctx(r, &sa->ctx_doi, &sa->ctx_alg, &sa->ctx_len, sa->ctx);
	any_encap(r, v6, sa);
	any_offload(r, sa);
}

void model_any_sa(struct model_random *r, struct keydb_sa *ret)
{
	static const uint8_t protos[] = { KEYDB_PROTO_ESP, KEYDB_PROTO_ESP, KEYDB_PROTO_AH,
					  KEYDB_PROTO_IPCOMP };
	bool v6 = model_below(r, 2);
	memset(ret, 0, sizeof(*ret));
	ret->sel.src_port_any = ret->sel.dst_port_any = true;
	ret->id.src = model_any_addr(r, v6);
	ret->id.dst = model_any_addr(r, v6);
	ret->id.proto = ONE_OF(r, protos);
	ret->id.spi =
		ret->id.proto == KEYDB_PROTO_IPCOMP
			? 1 + model_below(r, UINT16_MAX)
			: RESERVED_SPI_MAX + 1 + model_below(r, UINT32_MAX - RESERVED_SPI_MAX);
	ret->mode = any_mode(r);
	ret->reqid = some_u32(r);
	ret->replay_window_pkts = some(r) ? model_below(r, KEYDB_REPLAY_MAX_PKTS + 1)
					  : model_below(r, 33);
	ret->flags = any_flags(r);
	if (!ret->replay_window_pkts)
		ret->flags &= ~(uint32_t)KEYDB_SA_ESN;
	any_algs(r, ret);
	any_sa_options(r, v6, ret);
}

/* ---- policies ---- */

static void set_port(union keydb_addr *a, uint16_t port)
{
	*(a->sa.sa_family == AF_INET6 ? &a->sin6.sin6_port : &a->sin.sin_port) = htons(port);
}

/* *v6: the family of the packet here, and of what it is behind the template. */
static void any_template(struct model_random *r, bool *v6, struct keydb_template *t)
{
	static const uint8_t protos[] = { KEYDB_PROTO_ESP, KEYDB_PROTO_AH, KEYDB_PROTO_IPCOMP };
	t->proto = some(r) && model_below(r, 4) == 0 ? PROTO_OPTIONS : ONE_OF(r, protos);
	t->mode = any_mode(r);
	t->level = (uint8_t)model_below(r, KEYDB_LEVEL_UNIQUE + 1);
	if (t->level == KEYDB_LEVEL_UNIQUE || (some(r) && t->level != KEYDB_LEVEL_DEFAULT))
		t->reqid = model_below(r, 2) ? 1 + model_below(r, KEYDB_REQID_MANUAL_MAX)
					     : some_u32(r);
	t->spi = some_u32(r);
	if (t->mode == KEYDB_MODE_TRANSPORT && !some(r))
		return;
	if (t->mode != KEYDB_MODE_TRANSPORT)
		*v6 = model_below(r, 2);
	t->src = model_any_addr(r, *v6);
	t->dst = model_any_addr(r, *v6);
	t->family = t->src.sa.sa_family;
	if (some(r) && model_below(r, 4) == 0) { /* of IKE; the kernel has no use for them */
		set_port(&t->src, (uint16_t)model_u32(r));
		set_port(&t->dst, (uint16_t)model_u32(r));
	}
}

void model_any_policy(struct model_random *r, struct keydb_policy *ret)
{
	bool v6 = model_below(r, 2);
	memset(ret, 0, sizeof(*ret));
	any_selector(r, v6, &ret->sel);
	ret->dir = (uint8_t)model_below(r, KEYDB_DIR_FWD + 1);
	ret->action = (uint8_t)model_below(r, KEYDB_ACTION_IPSEC + 1);
	ret->flags = (uint8_t)((some(r) ? KEYDB_POLICY_LOCALOK : 0u) |
			       (some(r) ? KEYDB_POLICY_ICMP : 0u));
	ret->sub = some(r);
	ret->priority = model_below(r, 2) ? model_u32(r) : KEYDB_PRIORITY_DEFAULT;
	any_limits(r, &ret->limits);
	any_mark(r, &ret->mark);
	ret->if_id = some_u32(r);
	any_ctx(r, &ret->ctx_doi, &ret->ctx_alg, &ret->ctx_len, ret->ctx);
	if (ret->action == KEYDB_ACTION_IPSEC)
		ret->n_templates = (uint8_t)(1 + model_below(r, KEYDB_TEMPLATES_MAX));
	for (size_t i = 0; i < ret->n_templates; i++)
		any_template(r, &v6, &ret->templates[i]);
}

/* ---- what means the same ---- */

static void plain_limits(struct keydb_limits *l)
{
	uint64_t *limits[] = { &l->soft_bytes,   &l->hard_bytes,   &l->soft_packets,
			       &l->hard_packets, &l->soft_add_sec, &l->hard_add_sec,
			       &l->soft_use_sec, &l->hard_use_sec };
	for (size_t i = 0; i < N_ELEMENTS(limits); i++)
		if (!*limits[i])
			*limits[i] = KEYDB_INFINITE;
}

static void no_selector(struct keydb_selector *s)
{
	memset(s, 0, sizeof(*s));
	s->src_port_any = s->dst_port_any = true;
}

static void plain_alg(struct keydb_alg *a)
{
	const struct keydb_alg_info *info = keydb_alg_by_id(a->id);
	if (!info)
		return;
	if (!a->name[0])
		strcpy(a->name, info->xfrm_name);
	if (!a->icv_bits)
		a->icv_bits = info->icv_bits;
}

void model_plain_sa(struct keydb_sa *sa)
{
	struct keydb_alg *algs[] = { &sa->encr, &sa->auth, &sa->aead, &sa->comp };
	for (size_t i = 0; i < N_ELEMENTS(algs); i++)
		plain_alg(algs[i]);
	plain_limits(&sa->limits);
	memset(&sa->usage, 0, sizeof(sa->usage));
	sa->seq_out = sa->seq_in = 0;
	sa->kernel_seq = 0;
	sa->state = KEYDB_SA_LARVAL;
	if (sa->mode == KEYDB_MODE_ANY)
		sa->mode = KEYDB_MODE_TRANSPORT;
	if (!sa->sel.src.sa.sa_family && !sa->sel.dst.sa.sa_family)
		no_selector(&sa->sel);
}

void model_plain_policy(struct keydb_policy *p)
{
	plain_limits(&p->limits);
	memset(&p->usage, 0, sizeof(p->usage));
	p->index = 0;
	if (p->action != KEYDB_ACTION_IPSEC) {
		memset(p->templates, 0, sizeof(p->templates));
		p->n_templates = 0;
	}
	uint16_t family = p->sel.dst.sa.sa_family;
	for (size_t i = 0; i < p->n_templates; i++) {
		struct keydb_template *t = &p->templates[i];
		if (!t->family)
			t->family = t->dst.sa.sa_family ? t->dst.sa.sa_family : family;
		family = t->family;
	}
}

static bool is_open(const struct keydb_selector *s)
{
	union keydb_addr none = open_addr(s->dst.sa.sa_family == AF_INET6);
	return !s->src_bits && !s->dst_bits && !s->proto && s->src_port_any && s->dst_port_any &&
	       !s->ifindex && !memcmp(&s->src, &none, sizeof(none)) &&
	       !memcmp(&s->dst, &none, sizeof(none));
}

void model_kernel_sa(struct keydb_sa *sa)
{
	model_plain_sa(sa);
	if (sa->sel.dst.sa.sa_family == sa->id.dst.sa.sa_family && is_open(&sa->sel) &&
	    !(sa->flags & KEYDB_SA_AF_UNSPEC))
		no_selector(&sa->sel);
}

void model_kernel_policy(struct keydb_policy *p)
{
	model_plain_policy(p);
	for (size_t i = 0; i < p->n_templates; i++) {
		struct keydb_template *t = &p->templates[i];
		if (t->level != KEYDB_LEVEL_USE)
			t->level = t->reqid ? KEYDB_LEVEL_UNIQUE : KEYDB_LEVEL_REQUIRE;
		set_port(&t->src, 0);
		set_port(&t->dst, 0);
		if (t->mode != KEYDB_MODE_TRANSPORT)
			continue;
		memset(&t->src, 0, sizeof(t->src));
		memset(&t->dst, 0, sizeof(t->dst));
	}
}
