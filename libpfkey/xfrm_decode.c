/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XFRM netlink messages as the model.  Nothing is believed: every length is checked against the
 * bytes that are there, structures are copied out before they are read.
 */
#include "xfrm_codec.h"

#include <errno.h>
#include <linux/udp.h>
#include <netlink/attr.h>
#include <stddef.h>
#include <string.h>

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* A message split into its attributes. */
struct dec {
	struct nlattr *attrs[XFRMA_MAX + 1];
	bool bad;
};

/* Least lengths. Attributes that are longer than we know are of a newer kernel, and fine. */
static const struct nla_policy attr_policy[XFRMA_MAX + 1] = {
	[XFRMA_ALG_AUTH] = { .minlen = sizeof(struct xfrm_algo) },
	[XFRMA_ALG_AUTH_TRUNC] = { .minlen = sizeof(struct xfrm_algo_auth) },
	[XFRMA_ALG_CRYPT] = { .minlen = sizeof(struct xfrm_algo) },
	[XFRMA_ALG_COMP] = { .minlen = sizeof(struct xfrm_algo) },
	[XFRMA_ALG_AEAD] = { .minlen = sizeof(struct xfrm_algo_aead) },
	[XFRMA_ENCAP] = { .minlen = sizeof(struct xfrm_encap_tmpl) },
	[XFRMA_TMPL] = { .minlen = sizeof(struct xfrm_user_tmpl) },
	[XFRMA_SA] = { .minlen = sizeof(struct xfrm_usersa_info) },
	[XFRMA_POLICY] = { .minlen = sizeof(struct xfrm_userpolicy_info) },
	[XFRMA_SEC_CTX] = { .minlen = sizeof(struct xfrm_user_sec_ctx) },
	[XFRMA_REPLAY_VAL] = { .minlen = sizeof(struct xfrm_replay_state) },
	[XFRMA_REPLAY_ESN_VAL] = { .minlen = sizeof(struct xfrm_replay_state_esn) },
	[XFRMA_LASTUSED] = { .minlen = sizeof(uint64_t) },
	[XFRMA_POLICY_TYPE] = { .minlen = sizeof(struct xfrm_userpolicy_type) },
	[XFRMA_MARK] = { .minlen = sizeof(struct xfrm_mark) },
	[XFRMA_TFCPAD] = { .minlen = sizeof(uint32_t) },
	[XFRMA_SA_EXTRA_FLAGS] = { .minlen = sizeof(uint32_t) },
	[XFRMA_OFFLOAD_DEV] = { .minlen = sizeof(struct xfrm_user_offload) },
	[XFRMA_SET_MARK] = { .minlen = sizeof(uint32_t) },
	[XFRMA_SET_MARK_MASK] = { .minlen = sizeof(uint32_t) },
	[XFRMA_IF_ID] = { .minlen = sizeof(uint32_t) },
};

/* Copies the fixed head and splits what follows it. */
static bool split(struct dec *d, const void *body, size_t len, void *ret_head, size_t head_len)
{
	size_t at = NLMSG_ALIGN(head_len);
	memset(d, 0, sizeof(*d));
	if (len < head_len || len > INT32_MAX)
		return false;
	memcpy(ret_head, body, head_len);
	if (len <= at)
		return true;
	struct nlattr *first = (void *)((uintptr_t)body + at);
	return nla_parse(d->attrs, XFRMA_MAX, first, (int)(len - at), attr_policy) == 0;
}

/* Copies len bytes of an attribute (the policy has checked its length); false if absent. */
static bool fetch(const struct dec *d, int type, void *ret, size_t len)
{
	if (!d->attrs[type])
		return false;
	memcpy(ret, nla_data(d->attrs[type]), len);
	return true;
}

static uint32_t fetch_u32(const struct dec *d, int type)
{
	uint32_t value = 0;
	fetch(d, type, &value, sizeof(value));
	return value;
}

static struct keydb_mark fetch_mark(const struct dec *d)
{
	struct xfrm_mark x = { 0, 0 };
	fetch(d, XFRMA_MARK, &x, sizeof(x));
	return (struct keydb_mark){ .value = x.v, .mask = x.m };
}

/* ---- heads ---- */

static void decode_port(uint16_t port, uint16_t mask, uint16_t *ret_port, uint16_t *ret_mask,
			bool *ret_any)
{
	*ret_any = mask == 0;
	*ret_port = mask ? ntohs(port) : 0;
	*ret_mask = mask == UINT16_MAX ? 0 : ntohs(mask);
}

static void no_selector(struct keydb_selector *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->src_port_any = ret->dst_port_any = true;
}

static bool decode_selector(const struct xfrm_selector *x, struct keydb_selector *ret)
{
	uint8_t max = xfrm_family_bits(x->family);
	no_selector(ret);
	if (x->family == AF_UNSPEC)
		return true;
	if (!max || x->prefixlen_s > max || x->prefixlen_d > max)
		return false;
	ret->src = xfrm_addr_from_kernel(&x->saddr, x->family, 0);
	ret->dst = xfrm_addr_from_kernel(&x->daddr, x->family, 0);
	ret->src_bits = x->prefixlen_s;
	ret->dst_bits = x->prefixlen_d;
	ret->proto = x->proto;
	ret->ifindex = (uint32_t)x->ifindex;
	decode_port(x->sport, x->sport_mask, &ret->src_port, &ret->src_port_mask,
		    &ret->src_port_any);
	decode_port(x->dport, x->dport_mask, &ret->dst_port, &ret->dst_port_mask,
		    &ret->dst_port_any);
	return true;
}

/* The kernel gives an SA without a selector that of its own family, open in all parts. */
static bool is_open(const struct xfrm_selector *x)
{
	return !x->prefixlen_s && !x->prefixlen_d && !x->proto && !x->sport_mask &&
	       !x->dport_mask && !x->ifindex && xfrm_addr_is_zero(&x->saddr, x->family) &&
	       xfrm_addr_is_zero(&x->daddr, x->family);
}

static uint64_t seconds(uint64_t limit)
{
	return limit ? limit : KEYDB_INFINITE;
}

static void decode_limits(const struct xfrm_lifetime_cfg *x, struct keydb_limits *ret)
{
	*ret = (struct keydb_limits){
		.soft_bytes = x->soft_byte_limit,
		.hard_bytes = x->hard_byte_limit,
		.soft_packets = x->soft_packet_limit,
		.hard_packets = x->hard_packet_limit,
		.soft_add_sec = seconds(x->soft_add_expires_seconds),
		.hard_add_sec = seconds(x->hard_add_expires_seconds),
		.soft_use_sec = seconds(x->soft_use_expires_seconds),
		.hard_use_sec = seconds(x->hard_use_expires_seconds),
	};
}

static void decode_usage(const struct xfrm_lifetime_cur *x, struct keydb_usage *ret)
{
	*ret = (struct keydb_usage){
		.bytes = x->bytes,
		.packets = x->packets,
		.add_time = x->add_time,
		.use_time = x->use_time,
	};
}

static bool decode_sa_info(const struct xfrm_usersa_info *x, struct keydb_sa *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!xfrm_family_bits(x->family) || x->mode >= KEYDB_MODE_OTHER ||
	    !decode_selector(&x->sel, &ret->sel))
		return false;
	ret->flags = xfrm_flags_from_kernel(xfrm_sa_flags, x->flags);
	if (x->sel.family == x->family && is_open(&x->sel) && !(ret->flags & KEYDB_SA_AF_UNSPEC))
		no_selector(&ret->sel);
	ret->id.src = xfrm_addr_from_kernel(&x->saddr, x->family, 0);
	ret->id.dst = xfrm_addr_from_kernel(&x->id.daddr, x->family, 0);
	ret->id.spi = ntohl(x->id.spi);
	ret->id.proto = x->id.proto;
	ret->mode = xfrm_mode_from_kernel(x->mode);
	ret->reqid = x->reqid;
	ret->kernel_seq = x->seq;
	ret->replay_window_pkts = x->replay_window;
	decode_limits(&x->lft, &ret->limits);
	decode_usage(&x->curlft, &ret->usage);
	return true;
}

static bool decode_policy_info(const struct xfrm_userpolicy_info *x, struct keydb_policy *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!decode_selector(&x->sel, &ret->sel))
		return false;
	decode_limits(&x->lft, &ret->limits);
	decode_usage(&x->curlft, &ret->usage);
	ret->priority = x->priority;
	ret->index = x->index;
	ret->dir = x->dir;
	ret->flags = (uint8_t)xfrm_flags_from_kernel(xfrm_policy_flags, x->flags);
	/* BLOCK or ALLOW; templates make the latter "ipsec". */
	ret->action = x->action == XFRM_POLICY_ALLOW ? KEYDB_ACTION_NONE : KEYDB_ACTION_DISCARD;
	return x->dir <= KEYDB_DIR_SOCKET_OUT;
}

/* ---- attributes of SAs ---- */

/* name, key bits, [ICV bits], key: struct xfrm_algo, xfrm_algo_auth, xfrm_algo_aead. */
static void decode_alg(struct dec *d, int type, enum keydb_alg_kind kind, struct keydb_alg *ret)
{
	bool with_icv = type == XFRMA_ALG_AUTH_TRUNC || type == XFRMA_ALG_AEAD;
	struct xfrm_algo_auth x = { .alg_trunc_len = 0 };
	size_t head = with_icv ? sizeof(x) : sizeof(struct xfrm_algo);

	if (!fetch(d, type, &x, head))
		return;
	size_t key_bytes = ((size_t)x.alg_key_len + 7) / 8;
	if (key_bytes > sizeof(ret->key) || key_bytes > (size_t)nla_len(d->attrs[type]) - head ||
	    x.alg_trunc_len > UINT16_MAX || !x.alg_name[0] ||
	    !memchr(x.alg_name, 0, sizeof(x.alg_name))) {
		d->bad = true;
		return;
	}
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->name, x.alg_name, strlen(x.alg_name));
	memcpy(ret->key, (const uint8_t *)nla_data(d->attrs[type]) + head, key_bytes);
	ret->key_bits = (uint16_t)x.alg_key_len;
	ret->icv_bits = (uint16_t)x.alg_trunc_len;
	const struct keydb_alg_info *info = keydb_alg_by_xfrm(kind, ret->name, ret->icv_bits);
	ret->id = info ? info->id : KEYDB_ALG_ID_NONE;
	if (info && !with_icv)
		ret->icv_bits = info->icv_bits;
}

static void decode_encap(struct dec *d, uint16_t family, struct keydb_sa *ret)
{
	struct xfrm_encap_tmpl x;
	if (!fetch(d, XFRMA_ENCAP, &x, sizeof(x)))
		return;
	if (!x.encap_type || x.encap_type > UINT8_MAX)
		d->bad = true;
	if (!x.encap_sport && !x.encap_dport) /* as good as none */
		return;
	ret->encap_type = x.encap_type == UDP_ENCAP_ESPINUDP ? KEYDB_ENCAP_UDP
							     : (uint8_t)x.encap_type;
	ret->encap_src_port = ntohs(x.encap_sport);
	ret->encap_dst_port = ntohs(x.encap_dport);
	if (!xfrm_addr_is_zero(&x.encap_oa, family))
		ret->encap_oa = xfrm_addr_from_kernel(&x.encap_oa, family, 0);
}

static void decode_replay(struct dec *d, struct keydb_sa *ret)
{
	struct xfrm_replay_state small;
	struct xfrm_replay_state_esn x = { .bmp_len = 0 };

	if (fetch(d, XFRMA_REPLAY_VAL, &small, sizeof(small))) {
		ret->seq_out = small.oseq;
		ret->seq_in = small.seq;
	}
	if (!fetch(d, XFRMA_REPLAY_ESN_VAL, &x, sizeof(x)))
		return;
	if (x.replay_window > KEYDB_REPLAY_MAX_PKTS ||
	    x.bmp_len > ((size_t)nla_len(d->attrs[XFRMA_REPLAY_ESN_VAL]) - sizeof(x)) / 4)
		d->bad = true;
	ret->replay_window_pkts = x.replay_window;
	ret->seq_out = (uint64_t)x.oseq_hi << 32 | x.oseq;
	ret->seq_in = (uint64_t)x.seq_hi << 32 | x.seq;
}

struct ctx_out {
	uint8_t *doi, *alg;
	uint16_t *len;
	char *text; /* KEYDB_CTX_MAX_BYTES */
};

static void decode_ctx(struct dec *d, struct ctx_out out)
{
	struct xfrm_user_sec_ctx x;
	if (!fetch(d, XFRMA_SEC_CTX, &x, sizeof(x)) || !x.ctx_len)
		return;
	if (x.ctx_len > KEYDB_CTX_MAX_BYTES ||
	    x.ctx_len > (size_t)nla_len(d->attrs[XFRMA_SEC_CTX]) - sizeof(x)) {
		d->bad = true;
		return;
	}
	*out.doi = x.ctx_doi;
	*out.alg = x.ctx_alg;
	*out.len = x.ctx_len;
	memcpy(out.text, (const char *)nla_data(d->attrs[XFRMA_SEC_CTX]) + sizeof(x), x.ctx_len);
}

static void decode_offload(const struct dec *d, struct keydb_sa *ret, uint32_t *ret_ifindex)
{
	struct xfrm_user_offload x = { .ifindex = 0 };
	if (fetch(d, XFRMA_OFFLOAD_DEV, &x, sizeof(x)))
		ret->offload_flags = x.flags;
	*ret_ifindex = (uint32_t)x.ifindex;
}

static bool has_alg(const struct keydb_alg *a)
{
	return a->name[0] != 0;
}

/* All attributes of an SA; the head is decoded already. */
static bool decode_sa_attrs(struct dec *d, struct keydb_sa *ret, uint32_t *ret_ifindex)
{
	decode_alg(d, XFRMA_ALG_AUTH, KEYDB_ALG_AUTH, &ret->auth);
	decode_alg(d, XFRMA_ALG_AUTH_TRUNC, KEYDB_ALG_AUTH, &ret->auth); /* says more */
	decode_alg(d, XFRMA_ALG_CRYPT, KEYDB_ALG_ENCR, &ret->encr);
	decode_alg(d, XFRMA_ALG_AEAD, KEYDB_ALG_AEAD, &ret->aead);
	decode_alg(d, XFRMA_ALG_COMP, KEYDB_ALG_COMP, &ret->comp);
	decode_encap(d, ret->id.dst.sa.sa_family, ret);
	decode_replay(d, ret);
	decode_ctx(d, (struct ctx_out){ &ret->ctx_doi, &ret->ctx_alg, &ret->ctx_len, ret->ctx });
	decode_offload(d, ret, ret_ifindex);
	ret->id.mark = fetch_mark(d);
	ret->flags |=
		xfrm_flags_from_kernel(xfrm_sa_extra_flags, fetch_u32(d, XFRMA_SA_EXTRA_FLAGS));
	ret->tfc_pad_bytes = fetch_u32(d, XFRMA_TFCPAD);
	ret->if_id = fetch_u32(d, XFRMA_IF_ID);
	ret->output_mark.value = fetch_u32(d, XFRMA_SET_MARK);
	ret->output_mark.mask = fetch_u32(d, XFRMA_SET_MARK_MASK);
	fetch(d, XFRMA_LASTUSED, &ret->usage.last_time, sizeof(ret->usage.last_time));
	/* Only an SA that waits for its keys has no algorithm at all. */
	ret->state = has_alg(&ret->auth) || has_alg(&ret->encr) || has_alg(&ret->aead) ||
				     has_alg(&ret->comp)
			     ? KEYDB_SA_MATURE
			     : KEYDB_SA_LARVAL;
	return !d->bad;
}

int xfrm_decode_sa(const void *body, size_t len, struct keydb_sa *ret,
		   uint32_t *ret_offload_ifindex)
{
	struct dec d;
	struct xfrm_usersa_info x;
	if (!split(&d, body, len, &x, sizeof(x)) || !decode_sa_info(&x, ret) ||
	    !decode_sa_attrs(&d, ret, ret_offload_ifindex))
		return -EBADMSG;
	return 0;
}

static bool is_over(uint64_t limit, uint64_t count)
{
	return limit != KEYDB_INFINITE && count >= limit;
}

uint8_t xfrm_sa_state(const struct keydb_sa *sa, uint64_t now_sec)
{
	const struct keydb_limits *l = &sa->limits;
	const struct keydb_usage *u = &sa->usage;
	if (sa->state != KEYDB_SA_MATURE)
		return sa->state;
	if (is_over(l->soft_bytes, u->bytes) || is_over(l->soft_packets, u->packets))
		return KEYDB_SA_DYING;
	if (u->add_time && now_sec > u->add_time && is_over(l->soft_add_sec, now_sec - u->add_time))
		return KEYDB_SA_DYING;
	if (u->use_time && now_sec > u->use_time && is_over(l->soft_use_sec, now_sec - u->use_time))
		return KEYDB_SA_DYING;
	return KEYDB_SA_MATURE;
}

/* ---- attributes of policies ---- */

static bool decode_template(const struct xfrm_user_tmpl *x, struct keydb_template *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!xfrm_family_bits(x->family) || x->mode >= KEYDB_MODE_OTHER)
		return false;
	if (x->mode != XFRM_MODE_TRANSPORT) {
		ret->src = xfrm_addr_from_kernel(&x->saddr, x->family, 0);
		ret->dst = xfrm_addr_from_kernel(&x->id.daddr, x->family, 0);
	}
	ret->family = x->family;
	ret->proto = x->id.proto;
	ret->mode = xfrm_mode_from_kernel(x->mode);
	ret->reqid = x->reqid;
	ret->spi = ntohl(x->id.spi);
	ret->level = x->optional ? KEYDB_LEVEL_USE
		     : x->reqid  ? KEYDB_LEVEL_UNIQUE
				 : KEYDB_LEVEL_REQUIRE;
	return true;
}

static void decode_templates(struct dec *d, struct keydb_policy *ret)
{
	struct xfrm_user_tmpl x;
	if (!d->attrs[XFRMA_TMPL])
		return;
	const uint8_t *at = nla_data(d->attrs[XFRMA_TMPL]);
	size_t n = (size_t)nla_len(d->attrs[XFRMA_TMPL]) / sizeof(x);
	if (n > KEYDB_TEMPLATES_MAX) {
		d->bad = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(&x, at + i * sizeof(x), sizeof(x));
		if (!decode_template(&x, &ret->templates[i]))
			d->bad = true;
	}
	ret->n_templates = (uint8_t)n;
	if (ret->action == KEYDB_ACTION_NONE)
		ret->action = KEYDB_ACTION_IPSEC;
}

static bool decode_policy_attrs(struct dec *d, struct keydb_policy *ret)
{
	struct xfrm_userpolicy_type type = { .type = XFRM_POLICY_TYPE_MAIN };
	decode_templates(d, ret);
	decode_ctx(d, (struct ctx_out){ &ret->ctx_doi, &ret->ctx_alg, &ret->ctx_len, ret->ctx });
	fetch(d, XFRMA_POLICY_TYPE, &type, sizeof(type));
	fetch(d, XFRMA_LASTUSED, &ret->usage.last_time, sizeof(ret->usage.last_time));
	ret->sub = type.type == XFRM_POLICY_TYPE_SUB;
	ret->mark = fetch_mark(d);
	ret->if_id = fetch_u32(d, XFRMA_IF_ID);
	return !d->bad;
}

int xfrm_decode_policy(const void *body, size_t len, struct keydb_policy *ret)
{
	struct dec d;
	struct xfrm_userpolicy_info x;
	if (!split(&d, body, len, &x, sizeof(x)) || !decode_policy_info(&x, ret) ||
	    !decode_policy_attrs(&d, ret))
		return -EBADMSG;
	return 0;
}

int xfrm_decode_policy_id(const void *body, size_t len, struct keydb_policy *ret)
{
	struct xfrm_userpolicy_id x;
	memset(ret, 0, sizeof(*ret));
	if (len < sizeof(x))
		return -EBADMSG;
	memcpy(&x, body, sizeof(x));
	ret->index = x.index;
	ret->dir = x.dir;
	return decode_selector(&x.sel, &ret->sel) && x.dir <= KEYDB_DIR_SOCKET_OUT ? 0 : -EBADMSG;
}

/* ---- events ---- */

static bool on_sa_change(const void *body, size_t len, struct keydb_event *ret)
{
	uint32_t ifindex;
	ret->kind = KEYDB_EVENT_SA_CHANGE;
	return xfrm_decode_sa(body, len, &ret->sa, &ifindex) == 0;
}

/* The id comes first, the SA as an attribute, its own attributes beside it. */
static bool on_sa_delete(const void *body, size_t len, struct keydb_event *ret)
{
	struct dec d;
	struct xfrm_usersa_id id;
	struct xfrm_usersa_info x;
	uint32_t ifindex;
	ret->kind = KEYDB_EVENT_SA_CHANGE;
	ret->deleted = true;
	return split(&d, body, len, &id, sizeof(id)) && fetch(&d, XFRMA_SA, &x, sizeof(x)) &&
	       decode_sa_info(&x, &ret->sa) && decode_sa_attrs(&d, &ret->sa, &ifindex);
}

static bool on_sa_flush(const void *body, size_t len, struct keydb_event *ret)
{
	struct dec d;
	struct xfrm_usersa_flush x;
	ret->kind = KEYDB_EVENT_FLUSH_SA;
	if (!split(&d, body, len, &x, sizeof(x)))
		return false;
	ret->sa.id.proto = x.proto == IPPROTO_RAW ? KEYDB_PROTO_ANY : x.proto;
	return true;
}

static bool on_expire(const void *body, size_t len, struct keydb_event *ret)
{
	struct dec d;
	struct xfrm_user_expire x;
	uint32_t ifindex;
	ret->kind = KEYDB_EVENT_EXPIRE;
	if (!split(&d, body, len, &x, sizeof(x)) || !decode_sa_info(&x.state, &ret->sa) ||
	    !decode_sa_attrs(&d, &ret->sa, &ifindex))
		return false;
	ret->hard = x.hard;
	ret->sa.state = x.hard ? KEYDB_SA_DEAD : KEYDB_SA_DYING;
	return true;
}

static bool on_policy_change(const void *body, size_t len, struct keydb_event *ret)
{
	ret->kind = KEYDB_EVENT_POLICY_CHANGE;
	return xfrm_decode_policy(body, len, &ret->policy) == 0;
}

static bool on_policy_delete(const void *body, size_t len, struct keydb_event *ret)
{
	struct dec d;
	struct xfrm_userpolicy_id id;
	struct xfrm_userpolicy_info x;
	ret->kind = KEYDB_EVENT_POLICY_CHANGE;
	ret->deleted = true;
	return split(&d, body, len, &id, sizeof(id)) && fetch(&d, XFRMA_POLICY, &x, sizeof(x)) &&
	       decode_policy_info(&x, &ret->policy) && decode_policy_attrs(&d, &ret->policy);
}

static bool on_policy_flush(const void *body, size_t len, struct keydb_event *ret)
{
	(void)body;
	(void)len;
	ret->kind = KEYDB_EVENT_FLUSH_POLICY;
	return true;
}

static bool on_policy_expire(const void *body, size_t len, struct keydb_event *ret)
{
	struct dec d;
	struct xfrm_user_polexpire x;
	ret->kind = KEYDB_EVENT_POLICY_EXPIRE;
	if (!split(&d, body, len, &x, sizeof(x)) || !decode_policy_info(&x.pol, &ret->policy))
		return false;
	ret->hard = x.hard;
	return decode_policy_attrs(&d, &ret->policy);
}

/*
 * The message does not say of which template, hence of which family, the larval SA is: the first
 * one with its protocol and end.  (Transport mode ends are the packet's.)
 */
static const struct keydb_template *acquire_template(const struct xfrm_user_acquire *x,
						     const struct keydb_policy *p)
{
	for (size_t i = 0; i < p->n_templates; i++) {
		const struct keydb_template *t = &p->templates[i];
		xfrm_address_t dst = xfrm_addr_to_kernel(&t->dst);
		if (t->proto == x->id.proto &&
		    (xfrm_addr_is_zero(&dst, t->family) ||
		     !memcmp(&dst, &x->id.daddr, xfrm_family_bits(t->family) / 8)))
			return t;
	}
	return NULL;
}

static bool on_acquire(const void *body, size_t len, struct keydb_event *ret)
{
	struct dec d;
	struct xfrm_user_acquire x;
	ret->kind = KEYDB_EVENT_ACQUIRE;
	if (!split(&d, body, len, &x, sizeof(x)) || !decode_selector(&x.sel, &ret->sel) ||
	    !decode_policy_info(&x.policy, &ret->policy) || !decode_policy_attrs(&d, &ret->policy))
		return false;
	const struct keydb_template *t = acquire_template(&x, &ret->policy);
	uint16_t family = t ? t->family : x.sel.family;
	if (!xfrm_family_bits(family))
		return false;
	ret->seq = ret->sa.kernel_seq = x.seq;
	ret->sa.id.src = xfrm_addr_from_kernel(&x.saddr, family, 0);
	ret->sa.id.dst = xfrm_addr_from_kernel(&x.id.daddr, family, 0);
	ret->sa.id.spi = ntohl(x.id.spi);
	ret->sa.id.proto = x.id.proto;
	ret->sa.id.mark = ret->policy.mark;
	ret->sa.if_id = ret->policy.if_id;
	ret->sa.sel = ret->sel;
	ret->sa.mode = t ? t->mode : KEYDB_MODE_TRANSPORT;
	ret->sa.reqid = t ? t->reqid : 0;
	return true;
}

static bool on_mapping(const void *body, size_t len, struct keydb_event *ret)
{
	struct dec d;
	struct xfrm_user_mapping x;
	ret->kind = KEYDB_EVENT_MAPPING;
	if (!split(&d, body, len, &x, sizeof(x)) || !xfrm_family_bits(x.id.family))
		return false;
	ret->sa.id.src = xfrm_addr_from_kernel(&x.old_saddr, x.id.family, 0);
	ret->sa.id.dst = xfrm_addr_from_kernel(&x.id.daddr, x.id.family, 0);
	ret->sa.id.spi = ntohl(x.id.spi);
	ret->sa.id.proto = x.id.proto;
	ret->sa.reqid = x.reqid;
	ret->sa.encap_src_port = ntohs(x.old_sport);
	ret->new_addr = xfrm_addr_from_kernel(&x.new_saddr, x.id.family, x.new_sport);
	return true;
}

/* clang-format off */
static const struct {
	uint16_t type;
	bool (*decode)(const void *body, size_t len, struct keydb_event *ret);
} event_table[] = {
	{ XFRM_MSG_ACQUIRE, on_acquire },
	{ XFRM_MSG_EXPIRE, on_expire },
	{ XFRM_MSG_POLEXPIRE, on_policy_expire },
	{ XFRM_MSG_MAPPING, on_mapping },
	{ XFRM_MSG_NEWSA, on_sa_change },
	{ XFRM_MSG_UPDSA, on_sa_change },
	{ XFRM_MSG_DELSA, on_sa_delete },
	{ XFRM_MSG_FLUSHSA, on_sa_flush },
	{ XFRM_MSG_NEWPOLICY, on_policy_change },
	{ XFRM_MSG_UPDPOLICY, on_policy_change },
	{ XFRM_MSG_DELPOLICY, on_policy_delete },
	{ XFRM_MSG_FLUSHPOLICY, on_policy_flush },
};
/* clang-format on */

int xfrm_decode_event(uint16_t type, const void *body, size_t len, struct keydb_event *ret)
{
	for (size_t i = 0; i < N_ELEMENTS(event_table); i++) {
		if (event_table[i].type != type)
			continue;
		memset(ret, 0, sizeof(*ret));
		return event_table[i].decode(body, len, ret) ? 0 : -EBADMSG;
	}
	return -ENOMSG;
}
