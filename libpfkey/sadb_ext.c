/* SPDX-License-Identifier: BSD-2-Clause */
/* The extensions of PF_KEY messages, one row each (RFC 2367 2.3; KAME's and Linux' own ones). */
#include "sadb_codec_int.h"

#include <errno.h>
#include <linux/udp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { V4_BITS = 32, V6_BITS = 128 };

/* ---- addresses ---- */

uint8_t sadb_family_bits(const union keydb_addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return V4_BITS;
	case AF_INET6:
		return V6_BITS;
	default:
		return 0;
	}
}

static size_t sockaddr_bytes(uint16_t family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* A BSD's: a byte for the length, one for the family; then all is as here. */
static bool take_bsd_sockaddr(const struct sadb_layout *l, struct sadb_span *s,
			      union keydb_addr *ret)
{
	if (s->n < 2)
		return false;
	uint16_t family = sadb_layout_family(l, s->p[1]);
	if (!family || s->p[0] != sockaddr_bytes(family) || !sadb_take(s, ret, s->p[0]))
		return false;
	ret->sa.sa_family = family;
	return true;
}

static bool take_sockaddr(struct sadb_span *s, union keydb_addr *ret)
{
	sa_family_t family;
	if (s->n < sizeof(family))
		return false;
	memcpy(&family, s->p, sizeof(family));
	return (family == AF_INET || family == AF_INET6) &&
	       sadb_take(s, ret, sockaddr_bytes(family));
}

bool sadb_take_sockaddr(const struct sadb_layout *l, struct sadb_span *s, union keydb_addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!(l->is_linux ? take_sockaddr(s, ret) : take_bsd_sockaddr(l, s, ret)))
		return false;
	if (ret->sa.sa_family == AF_INET)
		memset(ret->sin.sin_zero, 0, sizeof(ret->sin.sin_zero));
	return true;
}

void sadb_put_sockaddr(struct sadb_enc *e, const union keydb_addr *a, uint16_t port)
{
	union keydb_addr x = *a;
	if (!sadb_family_bits(a)) {
		sadb_fail(e, -EINVAL, "address missing");
		return;
	}
	if (a->sa.sa_family == AF_INET)
		x.sin.sin_port = port;
	else
		x.sin6.sin6_port = port;
	sadb_put(e, &x, sockaddr_bytes(a->sa.sa_family));
}

static uint16_t take_port(union keydb_addr *a)
{
	in_port_t *at = a->sa.sa_family == AF_INET ? &a->sin.sin_port : &a->sin6.sin6_port;
	uint16_t port = *at;
	*at = 0;
	return port;
}

uint16_t sadb_port_of(const union keydb_addr *a)
{
	return a->sa.sa_family == AF_INET ? a->sin.sin_port : a->sin6.sin6_port;
}

/* A selector's half: port 0 is "any port", protocol 255 "any protocol". */
static void set_selector(struct keydb_selector *sel, bool src, const struct sadb_address *x,
			 union keydb_addr *a)
{
	uint16_t port = ntohs(take_port(a));
	sel->proto = x->sadb_address_proto == IPSEC_PROTO_ANY ? 0 : x->sadb_address_proto;
	if (src) {
		sel->src = *a;
		sel->src_bits = x->sadb_address_prefixlen;
		sel->src_port = port;
		sel->src_port_any = !port;
	} else {
		sel->dst = *a;
		sel->dst_bits = x->sadb_address_prefixlen;
		sel->dst_port = port;
		sel->dst_port_any = !port;
	}
}

/* Linux dumps 0.0.0.0/0 for an SA without a selector. */
static void set_proxy(struct keydb_sa *sa, const struct sadb_address *x, union keydb_addr *a)
{
	if (!x->sadb_address_prefixlen)
		return;
	set_selector(&sa->sel, true, x, a);
	sa->sel.dst.sa.sa_family = a->sa.sa_family; /* anywhere */
}

static bool decode_address(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_address x;
	union keydb_addr a;
	size_t whole = ext.n;
	if (!sadb_take(&ext, &x, sizeof(x)) || !sadb_take_sockaddr(d->layout, &ext, &a))
		return sadb_refuse(d, "address of an unknown family");
	if (whole != ((sizeof(x) + sockaddr_bytes(a.sa.sa_family) + 7) & ~(size_t)7))
		return sadb_refuse(d, "address of a wrong length");
	if (x.sadb_address_prefixlen > sadb_family_bits(&a))
		return sadb_refuse(d, "prefix longer than the address");
	bool selects = d->subject == SUBJECT_POLICY || d->subject == SUBJECT_MIGRATE;
	if (type == SADB_EXT_ADDRESS_PROXY)
		set_proxy(&d->m->sa, &x, &a);
	else if (type == SADB_X_EXT_NAT_T_OA)
		d->m->sa.encap_oa = a;
	else if (selects)
		set_selector(&d->m->policy.sel, type == SADB_EXT_ADDRESS_SRC, &x, &a);
	else if (type == SADB_EXT_ADDRESS_SRC)
		d->m->sa.id.src = a;
	else if (d->subject == SUBJECT_MAPPING)
		d->m->new_addr = a;
	else
		d->m->sa.id.dst = a;
	return true;
}

static void put_address(struct sadb_enc *e, const union keydb_addr *a, uint8_t bits, uint8_t proto,
			uint16_t port)
{
	struct sadb_address x = { .sadb_address_proto = proto, .sadb_address_prefixlen = bits };
	sadb_put(e, &x, sizeof(x));
	sadb_put_sockaddr(e, a, port);
}

static void put_selector(struct sadb_enc *e, const struct keydb_selector *sel, bool src)
{
	uint8_t proto = sel->proto ? sel->proto : IPSEC_PROTO_ANY;
	if (src)
		put_address(e, &sel->src, sel->src_bits, proto,
			    sel->src_port_any ? 0 : htons(sel->src_port));
	else
		put_address(e, &sel->dst, sel->dst_bits, proto,
			    sel->dst_port_any ? 0 : htons(sel->dst_port));
}

/* The end of an SA: all of the address, no protocol. */
static void put_end(struct sadb_enc *e, const union keydb_addr *a)
{
	put_address(e, a, sadb_family_bits(a), 0, sadb_port_of(a));
}

static void encode_address(struct sadb_enc *e, uint16_t type)
{
	const struct sadb_message *m = e->m;
	bool selects = e->subject == SUBJECT_POLICY || e->subject == SUBJECT_MIGRATE;
	if (type == SADB_EXT_ADDRESS_PROXY)
		put_selector(e, &m->sa.sel, true);
	else if (type == SADB_X_EXT_NAT_T_OA)
		put_end(e, &m->sa.encap_oa);
	else if (selects)
		put_selector(e, &m->policy.sel, type == SADB_EXT_ADDRESS_SRC);
	else if (type == SADB_EXT_ADDRESS_SRC)
		put_end(e, &m->sa.id.src);
	else if (e->subject == SUBJECT_MAPPING)
		put_address(e, &m->new_addr, sadb_family_bits(&m->new_addr), 0, 0);
	else
		put_end(e, &m->sa.id.dst);
}

static bool has_address(const struct sadb_message *m, uint16_t type)
{
	if (type == SADB_EXT_ADDRESS_PROXY)
		return sadb_family_bits(&m->sa.sel.src) && (m->sa.sel.src_bits || m->whole);
	if (type == SADB_X_EXT_NAT_T_OA)
		return sadb_family_bits(&m->sa.encap_oa) != 0;
	return sadb_family_bits(&m->policy.sel.src) != 0; /* the policy that was deleted by id */
}

/* ---- the SA ---- */

static const struct {
	uint32_t model, pfkey;
} sa_flags[] = {
	{ KEYDB_SA_NOECN, SADB_SAFLAGS_NOECN },
	{ KEYDB_SA_DECAP_DSCP, SADB_SAFLAGS_DECAP_DSCP },
	{ KEYDB_SA_NOPMTUDISC, SADB_SAFLAGS_NOPMTUDISC },
};

uint16_t sadb_icv_bits(const struct keydb_alg_info *info)
{
	return info->id == KEYDB_ALG_HMAC_SHA256 ? 96 : info->icv_bits;
}

/* What no Linux ever had, by the names that KAME's setkey shows. */
static const char *bsd_auth_name(uint8_t number)
{
	switch (number) {
	case 249:
		return "md5";
	case 250:
		return "sha";
	case 252:
		return "tcp-md5";
	default:
		return NULL;
	}
}

/* The key stays: it comes in an extension of its own. */
static void set_alg(struct keydb_alg *a, enum keydb_alg_kind kind, uint8_t number)
{
	const struct keydb_alg_info *info = keydb_alg_by_pfkey(kind, number);
	if (!number)
		return;
	if (!info) { /* said by its number, so that it is not taken for absent */
		const char *name = kind == KEYDB_ALG_AUTH ? bsd_auth_name(number) : NULL;
		if (name)
			snprintf(a->name, sizeof(a->name), "%s", name);
		else
			snprintf(a->name, sizeof(a->name), "%u", number);
		return;
	}
	a->id = info->id;
	a->icv_bits = kind == KEYDB_ALG_AUTH ? sadb_icv_bits(info) : info->icv_bits;
	snprintf(a->name, sizeof(a->name), "%s", info->xfrm_name);
}

static void set_cipher(struct keydb_sa *sa, uint8_t number)
{
	if (sa->id.proto == KEYDB_PROTO_IPCOMP)
		set_alg(&sa->comp, KEYDB_ALG_COMP, number);
	else if (keydb_alg_by_pfkey(KEYDB_ALG_AEAD, number))
		set_alg(&sa->aead, KEYDB_ALG_AEAD, number);
	else
		set_alg(&sa->encr, KEYDB_ALG_ENCR, number);
}

static bool decode_sa(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_sa x;
	struct keydb_sa *sa = &d->m->sa;
	(void)type;
	sadb_take(&ext, &x, sizeof(x));
	if (x.sadb_sa_state > SADB_SASTATE_MAX)
		return sadb_refuse(d, "unknown state of an SA");
	sa->id.spi = ntohl(x.sadb_sa_spi);
	/* A bigger window may have been said already. */
	if (!(d->m->present & 1u << SADB_EXT_OTHER_REPLAY)) {
		d->m->sa_replay = x.sadb_sa_replay;
		sa->replay_window_pkts = (uint32_t)x.sadb_sa_replay * d->layout->window_unit;
	}
	d->m->sa_flags = x.sadb_sa_flags;
	sa->state = x.sadb_sa_state;
	for (size_t i = 0; i < sizeof(sa_flags) / sizeof(sa_flags[0]); i++)
		if (x.sadb_sa_flags & sa_flags[i].pfkey)
			sa->flags |= sa_flags[i].model;
	set_alg(&sa->auth, KEYDB_ALG_AUTH, x.sadb_sa_auth);
	if (d->layout->aes_ctr && x.sadb_sa_encrypt == d->layout->aes_ctr)
		x.sadb_sa_encrypt = SADB_X_EALG_AESCTR;
	set_cipher(sa, x.sadb_sa_encrypt);
	return true;
}

static uint8_t alg_number(const struct keydb_alg *a)
{
	const struct keydb_alg_info *info = keydb_alg_by_id(a->id);
	return info ? info->pfkey_id : 0;
}

static uint8_t cipher_number(const struct keydb_sa *sa)
{
	if (sa->id.proto == KEYDB_PROTO_IPCOMP)
		return alg_number(&sa->comp);
	return sa->aead.id ? alg_number(&sa->aead) : alg_number(&sa->encr);
}

static void encode_sa(struct sadb_enc *e, uint16_t type)
{
	const struct keydb_sa *sa = &e->m->sa;
	uint32_t window = sa->replay_window_pkts;
	struct sadb_sa x = {
		.sadb_sa_spi = htonl(sa->id.spi),
		.sadb_sa_replay = (uint8_t)(window > UINT8_MAX ? UINT8_MAX : window),
		.sadb_sa_state = sa->state,
		.sadb_sa_auth = alg_number(&sa->auth),
		.sadb_sa_encrypt = cipher_number(sa),
	};
	(void)type;
	for (size_t i = 0; i < sizeof(sa_flags) / sizeof(sa_flags[0]); i++)
		if (sa->flags & sa_flags[i].model)
			x.sadb_sa_flags |= sa_flags[i].pfkey;
	sadb_put(e, &x, sizeof(x));
}

/* 3 is BEET on Linux, and TCP-MD5 elsewhere. */
bool sadb_take_mode(const struct sadb_layout *l, uint8_t number, uint8_t *ret)
{
	bool is_other = !l->is_linux && number > IPSEC_MODE_TUNNEL;
	*ret = is_other ? KEYDB_MODE_OTHER | number : number;
	return number <= IPSEC_MODE_BEET;
}

static bool decode_sa2(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_x_sa2 x;
	(void)type;
	sadb_take(&ext, &x, sizeof(x));
	if (!sadb_take_mode(d->layout, x.sadb_x_sa2_mode, &d->m->sa.mode))
		return sadb_refuse(d, "unknown mode");
	d->m->sa.seq_out = x.sadb_x_sa2_sequence;
	d->m->sa.reqid = x.sadb_x_sa2_reqid;
	return true;
}

static bool has_sa2(const struct sadb_message *m, uint16_t type)
{
	(void)type;
	return m->sa.mode || m->sa.reqid;
}

static void encode_sa2(struct sadb_enc *e, uint16_t type)
{
	struct sadb_x_sa2 x = {
		.sadb_x_sa2_mode = e->m->sa.mode,
		.sadb_x_sa2_reqid = e->m->sa.reqid,
	};
	(void)type;
	sadb_put(e, &x, sizeof(x));
}

/* ---- keys ---- */

static struct keydb_alg *key_owner(struct keydb_sa *sa, uint16_t type)
{
	return type == SADB_EXT_KEY_AUTH ? &sa->auth : &sa->encr;
}

static bool decode_key(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_key x;
	struct keydb_alg *a = key_owner(&d->m->sa, type);
	sadb_take(&ext, &x, sizeof(x));
	size_t bytes = ((size_t)x.sadb_key_bits + 7) / 8;
	if (bytes > sizeof(a->key))
		return sadb_refuse(d, "key too long");
	if (!sadb_take(&ext, a->key, bytes))
		return sadb_refuse(d, "key shorter than its bits");
	a->key_bits = x.sadb_key_bits;
	return true;
}

static const struct keydb_alg *key_of(const struct sadb_message *m, uint16_t type)
{
	if (type == SADB_EXT_KEY_AUTH)
		return &m->sa.auth;
	return m->sa.aead.id ? &m->sa.aead : &m->sa.encr;
}

/* Linux wants the extension for every ESP, and that for every AH, also without a key. */
static bool has_key(const struct sadb_message *m, uint16_t type)
{
	uint8_t wants = type == SADB_EXT_KEY_AUTH ? KEYDB_PROTO_AH : KEYDB_PROTO_ESP;
	if (key_of(m, type)->key_bits)
		return true;
	return m->sa.id.proto == wants && (m->type == SADB_ADD || m->type == SADB_UPDATE);
}

static void encode_key(struct sadb_enc *e, uint16_t type)
{
	const struct keydb_alg *a = key_of(e->m, type);
	struct sadb_key x = { .sadb_key_bits = a->key_bits };
	size_t bytes = ((size_t)a->key_bits + 7) / 8;
	if (bytes > sizeof(a->key)) {
		sadb_fail(e, -EINVAL, "key too long");
		return;
	}
	sadb_put(e, &x, sizeof(x));
	sadb_put(e, a->key, bytes);
}

/* ---- lifetimes ---- */

static bool of_policy(enum sadb_subject subject)
{
	return subject == SUBJECT_POLICY;
}

/* 0 is "no limit" in PF_KEY. */
static uint64_t limit_from(uint64_t x)
{
	return x ? x : KEYDB_INFINITE;
}

static uint64_t limit_to(uint64_t x)
{
	return x == KEYDB_INFINITE ? 0 : x;
}

static uint32_t limit_to_u32(uint64_t x)
{
	return x == KEYDB_INFINITE ? 0 : x > UINT32_MAX ? UINT32_MAX : (uint32_t)x;
}

static bool decode_lifetime(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_lifetime x;
	bool policy = of_policy(d->subject);
	struct keydb_limits *l = policy ? &d->m->policy.limits : &d->m->sa.limits;
	struct keydb_usage *u = policy ? &d->m->policy.usage : &d->m->sa.usage;
	sadb_take(&ext, &x, sizeof(x));
	if (type == SADB_EXT_LIFETIME_CURRENT) {
		u->packets = x.sadb_lifetime_allocations;
		u->bytes = x.sadb_lifetime_bytes;
		u->add_time = x.sadb_lifetime_addtime;
		u->use_time = x.sadb_lifetime_usetime;
	} else if (type == SADB_EXT_LIFETIME_HARD) {
		l->hard_packets = limit_from(x.sadb_lifetime_allocations);
		l->hard_bytes = limit_from(x.sadb_lifetime_bytes);
		l->hard_add_sec = limit_from(x.sadb_lifetime_addtime);
		l->hard_use_sec = limit_from(x.sadb_lifetime_usetime);
	} else {
		l->soft_packets = limit_from(x.sadb_lifetime_allocations);
		l->soft_bytes = limit_from(x.sadb_lifetime_bytes);
		l->soft_add_sec = limit_from(x.sadb_lifetime_addtime);
		l->soft_use_sec = limit_from(x.sadb_lifetime_usetime);
	}
	return true;
}

static bool any_limit(const struct keydb_limits *l)
{
	return limit_to(l->soft_bytes) || limit_to(l->hard_bytes) || limit_to(l->soft_packets) ||
	       limit_to(l->hard_packets) || limit_to(l->soft_add_sec) ||
	       limit_to(l->hard_add_sec) || limit_to(l->soft_use_sec) || limit_to(l->hard_use_sec);
}

static bool any_usage(const struct keydb_usage *u)
{
	return u->bytes || u->packets || u->add_time || u->use_time;
}

/* Linux takes both limits or neither; an EXPIRE has the one that was reached. */
static bool has_lifetime(const struct sadb_message *m, uint16_t type)
{
	if (m->whole && m->type != SADB_EXPIRE)
		return true;
	if (type == SADB_EXT_LIFETIME_CURRENT)
		return m->whole || any_usage(&m->sa.usage) || any_usage(&m->policy.usage);
	if (m->type == SADB_EXPIRE)
		return m->hard == (type == SADB_EXT_LIFETIME_HARD);
	return any_limit(&m->sa.limits) || any_limit(&m->policy.limits);
}

static void encode_lifetime(struct sadb_enc *e, uint16_t type)
{
	bool policy = of_policy(e->subject);
	const struct keydb_limits *l = policy ? &e->m->policy.limits : &e->m->sa.limits;
	const struct keydb_usage *u = policy ? &e->m->policy.usage : &e->m->sa.usage;
	struct sadb_lifetime x = { .sadb_lifetime_allocations = 0 };
	if (type == SADB_EXT_LIFETIME_CURRENT) {
		x.sadb_lifetime_allocations = (uint32_t)u->packets;
		x.sadb_lifetime_bytes = u->bytes;
		x.sadb_lifetime_addtime = u->add_time;
		x.sadb_lifetime_usetime = u->use_time;
	} else if (type == SADB_EXT_LIFETIME_HARD) {
		x.sadb_lifetime_allocations = limit_to_u32(l->hard_packets);
		x.sadb_lifetime_bytes = limit_to(l->hard_bytes);
		x.sadb_lifetime_addtime = limit_to(l->hard_add_sec);
		x.sadb_lifetime_usetime = limit_to(l->hard_use_sec);
	} else {
		x.sadb_lifetime_allocations = limit_to_u32(l->soft_packets);
		x.sadb_lifetime_bytes = limit_to(l->soft_bytes);
		x.sadb_lifetime_addtime = limit_to(l->soft_add_sec);
		x.sadb_lifetime_usetime = limit_to(l->soft_use_sec);
	}
	sadb_put(e, &x, sizeof(x));
}

/* ---- SPI ranges ---- */

static bool decode_spirange(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_spirange x;
	(void)type;
	sadb_take(&ext, &x, sizeof(x));
	d->m->spi_min = x.sadb_spirange_min;
	d->m->spi_max = x.sadb_spirange_max;
	return x.sadb_spirange_min <= x.sadb_spirange_max || sadb_refuse(d, "no such SPIs");
}

static bool has_spirange(const struct sadb_message *m, uint16_t type)
{
	(void)type;
	return m->spi_min || m->spi_max;
}

static void encode_spirange(struct sadb_enc *e, uint16_t type)
{
	struct sadb_spirange x = {
		.sadb_spirange_min = e->m->spi_min,
		.sadb_spirange_max = e->m->spi_max,
	};
	(void)type;
	sadb_put(e, &x, sizeof(x));
}

/* ---- NAT traversal ---- */

static bool decode_natt_type(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_x_nat_t_type x;
	(void)type;
	sadb_take(&ext, &x, sizeof(x));
	d->m->sa.encap_type = x.sadb_x_nat_t_type_type == UDP_ENCAP_ESPINUDP
				      ? KEYDB_ENCAP_UDP
				      : x.sadb_x_nat_t_type_type;
	return true;
}

static bool has_natt(const struct sadb_message *m, uint16_t type)
{
	(void)type;
	return m->sa.encap_src_port || m->sa.encap_dst_port;
}

static void encode_natt_type(struct sadb_enc *e, uint16_t type)
{
	uint8_t encap = e->m->sa.encap_type;
	struct sadb_x_nat_t_type x = {
		.sadb_x_nat_t_type_type = encap == KEYDB_ENCAP_UDP ? UDP_ENCAP_ESPINUDP : encap,
	};
	(void)type;
	sadb_put(e, &x, sizeof(x));
}

static bool decode_natt_port(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_x_nat_t_port x;
	sadb_take(&ext, &x, sizeof(x));
	*(type == SADB_X_EXT_NAT_T_SPORT ? &d->m->sa.encap_src_port : &d->m->sa.encap_dst_port) =
		ntohs(x.sadb_x_nat_t_port_port);
	return true;
}

static void encode_natt_port(struct sadb_enc *e, uint16_t type)
{
	const struct sadb_message *m = e->m;
	struct sadb_x_nat_t_port x = { .sadb_x_nat_t_port_port = 0 };
	if (type == SADB_X_EXT_NAT_T_SPORT)
		x.sadb_x_nat_t_port_port = htons(m->sa.encap_src_port);
	else if (e->subject == SUBJECT_MAPPING)
		x.sadb_x_nat_t_port_port = sadb_port_of(&m->new_addr);
	else
		x.sadb_x_nat_t_port_port = htons(m->sa.encap_dst_port);
	sadb_put(e, &x, sizeof(x));
}

/* ---- security contexts ---- */

static bool decode_ctx(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_x_sec_ctx x;
	char text[KEYDB_CTX_MAX_BYTES] = "";
	(void)type;
	sadb_take(&ext, &x, sizeof(x));
	if (x.sadb_x_ctx_len > sizeof(text))
		return sadb_refuse(d, "security context too long");
	if (!sadb_take(&ext, text, x.sadb_x_ctx_len))
		return sadb_refuse(d, "security context shorter than it says");
	if (!x.sadb_x_ctx_len) /* as good as none */
		return true;
	if (of_policy(d->subject)) {
		d->m->policy.ctx_alg = x.sadb_x_ctx_alg;
		d->m->policy.ctx_doi = x.sadb_x_ctx_doi;
		d->m->policy.ctx_len = x.sadb_x_ctx_len;
		memcpy(d->m->policy.ctx, text, sizeof(text));
	} else {
		d->m->sa.ctx_alg = x.sadb_x_ctx_alg;
		d->m->sa.ctx_doi = x.sadb_x_ctx_doi;
		d->m->sa.ctx_len = x.sadb_x_ctx_len;
		memcpy(d->m->sa.ctx, text, sizeof(text));
	}
	return true;
}

static bool has_ctx(const struct sadb_message *m, uint16_t type)
{
	(void)type;
	return m->sa.ctx_len || m->policy.ctx_len;
}

static void encode_ctx(struct sadb_enc *e, uint16_t type)
{
	bool policy = of_policy(e->subject);
	const struct keydb_policy *p = &e->m->policy;
	const struct keydb_sa *sa = &e->m->sa;
	struct sadb_x_sec_ctx x = {
		.sadb_x_ctx_alg = policy ? p->ctx_alg : sa->ctx_alg,
		.sadb_x_ctx_doi = policy ? p->ctx_doi : sa->ctx_doi,
		.sadb_x_ctx_len = policy ? p->ctx_len : sa->ctx_len,
	};
	(void)type;
	if (x.sadb_x_ctx_len > KEYDB_CTX_MAX_BYTES) {
		sadb_fail(e, -EINVAL, "security context too long");
		return;
	}
	sadb_put(e, &x, sizeof(x));
	sadb_put(e, policy ? p->ctx : sa->ctx, x.sadb_x_ctx_len);
}

/* ---- lists of algorithms ---- */

static bool decode_supported(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_supported x;
	struct sadb_message *m = d->m;
	sadb_take(&ext, &x, sizeof(x));
	size_t n = ext.n / sizeof(struct sadb_alg); /* both are multiples of 8 */
	const struct sadb_alg *algs = (const void *)ext.p;
	if (type == SADB_EXT_SUPPORTED_AUTH) {
		m->auth_algs = algs;
		m->n_auth_algs = n;
	} else {
		m->encr_algs = algs;
		m->n_encr_algs = n;
	}
	return true;
}

static bool has_supported(const struct sadb_message *m, uint16_t type)
{
	return type == SADB_EXT_SUPPORTED_AUTH ? m->n_auth_algs : m->n_encr_algs;
}

static void encode_supported(struct sadb_enc *e, uint16_t type)
{
	const struct sadb_message *m = e->m;
	struct sadb_supported x = { .sadb_supported_reserved = 0 };
	sadb_put(e, &x, sizeof(x));
	if (type == SADB_EXT_SUPPORTED_AUTH)
		sadb_put(e, m->auth_algs, m->n_auth_algs * sizeof(struct sadb_alg));
	else
		sadb_put(e, m->encr_algs, m->n_encr_algs * sizeof(struct sadb_alg));
}

static bool decode_proposal(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_prop x;
	(void)type;
	sadb_take(&ext, &x, sizeof(x));
	if (ext.n % sizeof(struct sadb_comb))
		return sadb_refuse(d, "half a combination in a proposal");
	d->m->combs = (const void *)ext.p;
	d->m->n_combs = ext.n / sizeof(struct sadb_comb);
	d->m->combs_replay = x.sadb_prop_replay;
	return true;
}

static bool has_proposal(const struct sadb_message *m, uint16_t type)
{
	(void)type;
	return m->n_combs || m->combs_replay;
}

static void encode_proposal(struct sadb_enc *e, uint16_t type)
{
	struct sadb_prop x = { .sadb_prop_replay = e->m->combs_replay };
	(void)type;
	sadb_put(e, &x, sizeof(x));
	sadb_put(e, e->m->combs, e->m->n_combs * sizeof(struct sadb_comb));
}

/* ---- policies, migration, filters ---- */

static bool has_policy(const struct sadb_message *m, uint16_t type)
{
	(void)type;
	return m->policy.index != 0;
}

static bool decode_kmaddress(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_x_kmaddress x;
	(void)type;
	sadb_take(&ext, &x, sizeof(x));
	return (sadb_take_sockaddr(d->layout, &ext, &d->m->km_src) &&
		sadb_take_sockaddr(d->layout, &ext, &d->m->km_dst)) ||
	       sadb_refuse(d, "two addresses expected");
}

static bool has_kmaddress(const struct sadb_message *m, uint16_t type)
{
	(void)type;
	return sadb_family_bits(&m->km_src) != 0;
}

static void encode_kmaddress(struct sadb_enc *e, uint16_t type)
{
	struct sadb_x_kmaddress x = { .sadb_x_kmaddress_reserved = 0 };
	(void)type;
	sadb_put(e, &x, sizeof(x));
	sadb_put_sockaddr(e, &e->m->km_src, sadb_port_of(&e->m->km_src));
	sadb_put_sockaddr(e, &e->m->km_dst, sadb_port_of(&e->m->km_dst));
}

static void set_filter_addr(union keydb_addr *a, uint16_t family, const void *bytes)
{
	a->sa.sa_family = family;
	if (family == AF_INET)
		memcpy(&a->sin.sin_addr, bytes, sizeof(a->sin.sin_addr));
	else
		memcpy(&a->sin6.sin6_addr, bytes, sizeof(a->sin6.sin6_addr));
}

static bool decode_filter(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_x_filter x;
	struct keydb_selector *f = &d->m->filter;
	(void)type;
	sadb_take(&ext, &x, sizeof(x));
	if (x.sadb_x_filter_family != AF_INET && x.sadb_x_filter_family != AF_INET6)
		return sadb_refuse(d, "address of an unknown family");
	set_filter_addr(&f->src, x.sadb_x_filter_family,
			(const uint8_t *)&x + offsetof(struct sadb_x_filter, sadb_x_filter_saddr));
	set_filter_addr(&f->dst, x.sadb_x_filter_family,
			(const uint8_t *)&x + offsetof(struct sadb_x_filter, sadb_x_filter_daddr));
	f->src_bits = x.sadb_x_filter_splen;
	f->dst_bits = x.sadb_x_filter_dplen;
	if (f->src_bits > sadb_family_bits(&f->src) || f->dst_bits > sadb_family_bits(&f->dst))
		return sadb_refuse(d, "prefix longer than the address");
	return true;
}

static bool has_filter(const struct sadb_message *m, uint16_t type)
{
	(void)type;
	return sadb_family_bits(&m->filter.src) != 0;
}

static const void *addr_bytes(const union keydb_addr *a)
{
	return a->sa.sa_family == AF_INET ? (const void *)&a->sin.sin_addr : &a->sin6.sin6_addr;
}

static void encode_filter(struct sadb_enc *e, uint16_t type)
{
	const struct keydb_selector *f = &e->m->filter;
	size_t bytes = sadb_family_bits(&f->src) / 8u;
	struct sadb_x_filter x = {
		.sadb_x_filter_family = f->src.sa.sa_family,
		.sadb_x_filter_splen = f->src_bits,
		.sadb_x_filter_dplen = f->dst_bits,
	};
	(void)type;
	memcpy((uint8_t *)&x + offsetof(struct sadb_x_filter, sadb_x_filter_saddr),
	       addr_bytes(&f->src), bytes);
	memcpy((uint8_t *)&x + offsetof(struct sadb_x_filter, sadb_x_filter_daddr),
	       addr_bytes(&f->dst), bytes);
	sadb_put(e, &x, sizeof(x));
}

/* ---- what Linux does not have ---- */

/* FreeBSD counts in packets here, and shows an eighth of it. */
static bool decode_replay(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	uint32_t x[2];
	(void)type;
	sadb_take(&ext, x, sizeof(x));
	d->m->sa_replay = x[1] / d->layout->window_unit;
	d->m->sa.replay_window_pkts = x[1];
	return true;
}

static bool decode_tag(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_ext head[2]; /* and four bytes of nothing */
	(void)type;
	sadb_take(&ext, head, sizeof(head));
	sadb_take(&ext, d->m->tag, SADB_TAG_MAX_BYTES);
	d->m->tag[SADB_TAG_MAX_BYTES] = 0;
	return true;
}

enum { OTHER_WORD_BYTES = 8, TAG_BYTES = 8 + SADB_TAG_MAX_BYTES };

#define FIXED(type) sizeof(type), sizeof(type)
#define OPEN(type) sizeof(type), 0

/* Rows without functions are checked for their length and skipped: Linux does the same. */
/* clang-format off */
const struct sadb_ext_row sadb_ext_rows[SADB_EXT_ROWS] = {
	[SADB_EXT_SA] = { "SA", FIXED(struct sadb_sa), decode_sa, NULL, encode_sa },
	[SADB_EXT_LIFETIME_CURRENT] = { "LIFETIME_CURRENT", FIXED(struct sadb_lifetime),
		decode_lifetime, has_lifetime, encode_lifetime },
	[SADB_EXT_LIFETIME_HARD] = { "LIFETIME_HARD", FIXED(struct sadb_lifetime),
		decode_lifetime, has_lifetime, encode_lifetime },
	[SADB_EXT_LIFETIME_SOFT] = { "LIFETIME_SOFT", FIXED(struct sadb_lifetime),
		decode_lifetime, has_lifetime, encode_lifetime },
	[SADB_EXT_ADDRESS_SRC] = { "ADDRESS_SRC", OPEN(struct sadb_address),
		decode_address, has_address, encode_address },
	[SADB_EXT_ADDRESS_DST] = { "ADDRESS_DST", OPEN(struct sadb_address),
		decode_address, has_address, encode_address },
	[SADB_EXT_ADDRESS_PROXY] = { "ADDRESS_PROXY", OPEN(struct sadb_address),
		decode_address, has_address, encode_address },
	[SADB_EXT_KEY_AUTH] = { "KEY_AUTH", OPEN(struct sadb_key), decode_key, has_key, encode_key },
	[SADB_EXT_KEY_ENCRYPT] = { "KEY_ENCRYPT", OPEN(struct sadb_key),
		decode_key, has_key, encode_key },
	[SADB_EXT_IDENTITY_SRC] = { "IDENTITY_SRC", OPEN(struct sadb_ident), NULL, NULL, NULL },
	[SADB_EXT_IDENTITY_DST] = { "IDENTITY_DST", OPEN(struct sadb_ident), NULL, NULL, NULL },
	[SADB_EXT_SENSITIVITY] = { "SENSITIVITY", OPEN(struct sadb_sens), NULL, NULL, NULL },
	[SADB_EXT_PROPOSAL] = { "PROPOSAL", OPEN(struct sadb_prop),
		decode_proposal, has_proposal, encode_proposal },
	[SADB_EXT_SUPPORTED_AUTH] = { "SUPPORTED_AUTH", OPEN(struct sadb_supported),
		decode_supported, has_supported, encode_supported },
	[SADB_EXT_SUPPORTED_ENCRYPT] = { "SUPPORTED_ENCRYPT", OPEN(struct sadb_supported),
		decode_supported, has_supported, encode_supported },
	[SADB_EXT_SPIRANGE] = { "SPIRANGE", FIXED(struct sadb_spirange),
		decode_spirange, has_spirange, encode_spirange },
	[SADB_X_EXT_KMPRIVATE] = { "X_KMPRIVATE", OPEN(struct sadb_x_kmprivate), NULL, NULL, NULL },
	[SADB_X_EXT_POLICY] = { "X_POLICY", OPEN(struct sadb_x_policy),
		sadb_ext_decode_policy, has_policy, sadb_ext_encode_policy },
	[SADB_X_EXT_SA2] = { "X_SA2", FIXED(struct sadb_x_sa2), decode_sa2, has_sa2, encode_sa2 },
	[SADB_X_EXT_NAT_T_TYPE] = { "X_NAT_T_TYPE", FIXED(struct sadb_x_nat_t_type),
		decode_natt_type, has_natt, encode_natt_type },
	[SADB_X_EXT_NAT_T_SPORT] = { "X_NAT_T_SPORT", FIXED(struct sadb_x_nat_t_port),
		decode_natt_port, has_natt, encode_natt_port },
	[SADB_X_EXT_NAT_T_DPORT] = { "X_NAT_T_DPORT", FIXED(struct sadb_x_nat_t_port),
		decode_natt_port, has_natt, encode_natt_port },
	[SADB_X_EXT_NAT_T_OA] = { "X_NAT_T_OA", OPEN(struct sadb_address),
		decode_address, has_address, encode_address },
	[SADB_X_EXT_SEC_CTX] = { "X_SEC_CTX", OPEN(struct sadb_x_sec_ctx),
		decode_ctx, has_ctx, encode_ctx },
	[SADB_X_EXT_KMADDRESS] = { "X_KMADDRESS", OPEN(struct sadb_x_kmaddress),
		decode_kmaddress, has_kmaddress, encode_kmaddress },
	[SADB_X_EXT_FILTER] = { "X_FILTER", FIXED(struct sadb_x_filter),
		decode_filter, has_filter, encode_filter },
	[SADB_EXT_OTHER_REPLAY] = { "X_SA_REPLAY", OTHER_WORD_BYTES, OTHER_WORD_BYTES,
		decode_replay, NULL, NULL },
	[SADB_EXT_OTHER_TAG] = { "X_TAG", TAG_BYTES, TAG_BYTES, decode_tag, NULL, NULL },
	[SADB_EXT_OTHER_OAR] = { "X_NAT_T_OAR", OPEN(struct sadb_address), NULL, NULL, NULL },
	[SADB_EXT_OTHER_FRAG] = { "X_NAT_T_FRAG", OTHER_WORD_BYTES, OTHER_WORD_BYTES,
		NULL, NULL, NULL },
	[SADB_EXT_OTHER_PACKET] = { "X_PACKET", OTHER_WORD_BYTES, 0, NULL, NULL, NULL },
};
/* clang-format on */
