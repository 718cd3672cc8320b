/* SPDX-License-Identifier: BSD-2-Clause */
/* The model as XFRM netlink messages. */
#include "xfrm_codec.h"

#include <errno.h>
#include <linux/udp.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

enum { REPLAY_SMALL_MAX_PKTS = 32 }; /* what fits into xfrm_usersa_info's bitmap */

/* A message being written; sticky: after the first error nothing more happens. */
struct enc {
	struct nl_msg *m;
	int error;
	const char *why;
};

static void fail(struct enc *e, int error, const char *why)
{
	if (!e->error) {
		e->error = error;
		e->why = why;
	}
}

static void put_body(struct enc *e, const void *body, size_t len)
{
	if (!e->error && nlmsg_append(e->m, (void *)(uintptr_t)body, len, NLMSG_ALIGNTO) < 0)
		fail(e, -EMSGSIZE, "message too long");
}

static void put(struct enc *e, int type, const void *data, size_t len)
{
	if (!e->error && nla_put(e->m, type, (int)len, data) < 0)
		fail(e, -EMSGSIZE, "message too long");
}

static void put_u32(struct enc *e, int type, uint32_t value)
{
	put(e, type, &value, sizeof(value));
}

static int finish(const struct enc *e, const char **ret_why)
{
	*ret_why = e->error ? e->why : "";
	return e->error;
}

/* The family of two addresses, of which one may be absent. */
static uint16_t family_of(struct enc *e, const union keydb_addr *a, const union keydb_addr *b)
{
	uint16_t fa = xfrm_addr_family(a), fb = xfrm_addr_family(b);
	if (fa && fb && fa != fb)
		fail(e, -EINVAL, "source and destination are of two families");
	return fb ? fb : fa;
}

static uint16_t port_mask(bool any, uint16_t mask)
{
	return any ? 0 : htons(mask ? mask : UINT16_MAX);
}

/*
 * Fills *ret, which is all zero: the kernel compares selectors byte by byte, padding included.
 * For the same reason no structure here is assigned or returned as a whole.
 */
static void selector(struct enc *e, const struct keydb_selector *s, struct xfrm_selector *ret)
{
	ret->family = family_of(e, &s->src, &s->dst);
	uint8_t max = xfrm_family_bits(ret->family);
	if (s->src_bits > max || s->dst_bits > max)
		fail(e, -EINVAL, "prefix longer than the address");
	if (!ret->family) /* ports without a family would match nothing */
		return;
	ret->saddr = xfrm_addr_to_kernel(&s->src);
	ret->daddr = xfrm_addr_to_kernel(&s->dst);
	ret->prefixlen_s = s->src_bits;
	ret->prefixlen_d = s->dst_bits;
	ret->proto = s->proto;
	ret->ifindex = (int)s->ifindex;
	ret->sport_mask = port_mask(s->src_port_any, s->src_port_mask);
	ret->dport_mask = port_mask(s->dst_port_any, s->dst_port_mask);
	ret->sport = s->src_port_any ? 0 : htons(s->src_port);
	ret->dport = s->dst_port_any ? 0 : htons(s->dst_port);
}

/* The kernel counts to a byte or packet limit, but has no limit at 0 seconds. */
static uint64_t amount(uint64_t limit)
{
	return limit ? limit : XFRM_INF;
}

static uint64_t seconds(uint64_t limit)
{
	return limit == KEYDB_INFINITE ? 0 : limit;
}

static struct xfrm_lifetime_cfg lifetime(const struct keydb_limits *l)
{
	return (struct xfrm_lifetime_cfg){
		.soft_byte_limit = amount(l->soft_bytes),
		.hard_byte_limit = amount(l->hard_bytes),
		.soft_packet_limit = amount(l->soft_packets),
		.hard_packet_limit = amount(l->hard_packets),
		.soft_add_expires_seconds = seconds(l->soft_add_sec),
		.hard_add_expires_seconds = seconds(l->hard_add_sec),
		.soft_use_expires_seconds = seconds(l->soft_use_sec),
		.hard_use_expires_seconds = seconds(l->hard_use_sec),
	};
}

static void put_mark(struct enc *e, const struct keydb_mark *mark)
{
	struct xfrm_mark x = { .v = mark->value, .m = mark->mask };
	if (x.v || x.m)
		put(e, XFRMA_MARK, &x, sizeof(x));
}

static void put_if_id(struct enc *e, uint32_t if_id)
{
	if (if_id)
		put_u32(e, XFRMA_IF_ID, if_id);
}

static void put_ctx(struct enc *e, uint8_t doi, uint8_t alg, const char *text, uint16_t len)
{
	struct {
		struct xfrm_user_sec_ctx head;
		char text[KEYDB_CTX_MAX_BYTES];
	} x = { .head = { .exttype = XFRMA_SEC_CTX, .ctx_alg = alg, .ctx_doi = doi } };
	if (!len)
		return;
	if (len > sizeof(x.text)) {
		fail(e, -EINVAL, "security context too long");
		return;
	}
	x.head.ctx_len = len;
	x.head.len = (uint16_t)(sizeof(x.head) + len);
	memcpy(x.text, text, len);
	put(e, XFRMA_SEC_CTX, &x, x.head.len);
}

static bool has_alg(const struct keydb_alg *a)
{
	return a->id != KEYDB_ALG_ID_NONE || a->name[0];
}

/* The three attributes for keys share their beginning: name, then lengths, then the key. */
struct key_attr {
	char name[KEYDB_ALG_NAME_MAX_BYTES];
	uint32_t lengths[2];
	uint8_t key[KEYDB_KEY_MAX_BYTES];
};

static void put_alg(struct enc *e, int type, const struct keydb_alg *a)
{
	struct key_attr x;
	bool with_icv = type != XFRMA_ALG_CRYPT && type != XFRMA_ALG_COMP;
	const struct keydb_alg_info *info = keydb_alg_by_id(a->id);
	size_t key_bytes = (size_t)(a->key_bits + 7) / 8;
	size_t head = sizeof(x.name) + sizeof(uint32_t) * (with_icv ? 2 : 1);

	if (!has_alg(a))
		return;
	if (key_bytes > sizeof(x.key)) {
		fail(e, -EINVAL, "key too long");
		return;
	}
	memset(&x, 0, sizeof(x));
	snprintf(x.name, sizeof(x.name), "%.*s", (int)sizeof(x.name) - 1,
		 a->name[0] ? a->name
		 : info     ? info->xfrm_name
			    : "");
	if (!x.name[0])
		fail(e, -EINVAL, "unknown algorithm");
	x.lengths[0] = a->key_bits;
	x.lengths[1] = a->icv_bits ? a->icv_bits : info ? info->icv_bits : 0;
	memcpy((uint8_t *)&x + head, a->key, key_bytes);
	put(e, type, &x, head + key_bytes);
	explicit_bzero(&x, sizeof(x));
}

/* The kernel's big window; it also carries every ESN (RFC 4303 2.2.1). */
static void put_replay(struct enc *e, const struct keydb_sa *sa)
{
	union {
		struct xfrm_replay_state_esn head; /* and its bitmap */
		uint8_t room[sizeof(struct xfrm_replay_state_esn) + KEYDB_REPLAY_MAX_PKTS / 8];
	} x;
	uint32_t window = sa->replay_window_pkts;
	bool esn = sa->flags & KEYDB_SA_ESN;

	if (window > KEYDB_REPLAY_MAX_PKTS)
		fail(e, -EINVAL, "replay window over 4096 packets");
	if (esn && !window)
		fail(e, -EINVAL, "extended sequence numbers need a replay window");
	if (e->error || (!esn && window <= REPLAY_SMALL_MAX_PKTS))
		return;
	memset(&x, 0, sizeof(x));
	x.head.replay_window = window;
	x.head.bmp_len = (window + 31) / 32;
	put(e, XFRMA_REPLAY_ESN_VAL, &x, sizeof(x.head) + x.head.bmp_len * sizeof(uint32_t));
}

static void put_encap(struct enc *e, const struct keydb_sa *sa)
{
	struct xfrm_encap_tmpl x;
	memset(&x, 0, sizeof(x));
	x.encap_type = sa->encap_type == KEYDB_ENCAP_UDP ? UDP_ENCAP_ESPINUDP : sa->encap_type;
	x.encap_sport = htons(sa->encap_src_port);
	x.encap_dport = htons(sa->encap_dst_port);
	x.encap_oa = xfrm_addr_to_kernel(&sa->encap_oa);
	if (x.encap_sport || x.encap_dport)
		put(e, XFRMA_ENCAP, &x, sizeof(x));
}

static void put_options(struct enc *e, const struct keydb_sa *sa, uint32_t offload_ifindex)
{
	uint32_t extra = xfrm_flags_to_kernel(xfrm_sa_extra_flags, sa->flags);
	put_encap(e, sa);
	put_mark(e, &sa->id.mark);
	put_if_id(e, sa->if_id);
	put_ctx(e, sa->ctx_doi, sa->ctx_alg, sa->ctx, sa->ctx_len);
	if (extra)
		put_u32(e, XFRMA_SA_EXTRA_FLAGS, extra);
	if (sa->tfc_pad_bytes)
		put_u32(e, XFRMA_TFCPAD, sa->tfc_pad_bytes);
	if (sa->output_mark.value || sa->output_mark.mask) {
		put_u32(e, XFRMA_SET_MARK, sa->output_mark.value);
		put_u32(e, XFRMA_SET_MARK_MASK, sa->output_mark.mask);
	}
	if (offload_ifindex) {
		struct xfrm_user_offload x;
		memset(&x, 0, sizeof(x));
		x.ifindex = (int)offload_ifindex;
		x.flags = (uint8_t)sa->offload_flags;
		put(e, XFRMA_OFFLOAD_DEV, &x, sizeof(x));
	}
}

/* What every message with an SA in it begins with; *ret is all zero. */
static void sa_info(struct enc *e, const struct keydb_sa *sa, struct xfrm_usersa_info *ret)
{
	ret->family = family_of(e, &sa->id.src, &sa->id.dst);
	if (!ret->family)
		fail(e, -EINVAL, "an SA needs addresses");
	selector(e, &sa->sel, &ret->sel);
	ret->id.daddr = xfrm_addr_to_kernel(&sa->id.dst);
	ret->id.spi = htonl(sa->id.spi);
	ret->id.proto = sa->id.proto;
	ret->saddr = xfrm_addr_to_kernel(&sa->id.src);
	ret->lft = lifetime(&sa->limits);
	ret->seq = sa->kernel_seq;
	ret->reqid = sa->reqid;
	ret->mode = xfrm_mode_to_kernel(sa->mode);
	ret->flags = (uint8_t)xfrm_flags_to_kernel(xfrm_sa_flags, sa->flags);
}

int xfrm_encode_sa(struct nl_msg *m, const struct keydb_sa *sa, uint32_t offload_ifindex,
		   const char **ret_why)
{
	struct enc e = { .m = m };
	struct xfrm_usersa_info x;
	memset(&x, 0, sizeof(x));
	sa_info(&e, sa, &x);
	if (!(sa->flags & KEYDB_SA_ESN) && sa->replay_window_pkts <= REPLAY_SMALL_MAX_PKTS)
		x.replay_window = (uint8_t)sa->replay_window_pkts;
	put_body(&e, &x, sizeof(x));
	put_alg(&e, XFRMA_ALG_AUTH_TRUNC, &sa->auth);
	put_alg(&e, XFRMA_ALG_CRYPT, &sa->encr);
	put_alg(&e, XFRMA_ALG_AEAD, &sa->aead);
	put_alg(&e, XFRMA_ALG_COMP, &sa->comp);
	put_replay(&e, sa);
	put_options(&e, sa, offload_ifindex);
	return finish(&e, ret_why);
}

int xfrm_encode_sa_id(struct nl_msg *m, const struct keydb_sa_id *id, const char **ret_why)
{
	struct enc e = { .m = m };
	struct xfrm_usersa_id x;
	memset(&x, 0, sizeof(x));
	x.daddr = xfrm_addr_to_kernel(&id->dst);
	x.spi = htonl(id->spi);
	x.family = xfrm_addr_family(&id->dst);
	x.proto = id->proto;
	if (!x.family)
		fail(&e, -EINVAL, "an SA is named by its destination");
	put_body(&e, &x, sizeof(x));
	put_mark(&e, &id->mark);
	if (xfrm_addr_family(&id->src) == x.family) {
		xfrm_address_t src = xfrm_addr_to_kernel(&id->src);
		put(&e, XFRMA_SRCADDR, &src, sizeof(src));
	}
	return finish(&e, ret_why);
}

int xfrm_encode_allocspi(struct nl_msg *m, const struct keydb_sa *larval, uint32_t min,
			 uint32_t max, const char **ret_why)
{
	struct enc e = { .m = m };
	struct xfrm_userspi_info x;
	memset(&x, 0, sizeof(x));
	sa_info(&e, larval, &x.info);
	x.min = min;
	x.max = max;
	put_body(&e, &x, sizeof(x));
	put_mark(&e, &larval->id.mark);
	put_if_id(&e, larval->if_id);
	return finish(&e, ret_why);
}

/* The kernel's 0 includes the address options of Mobile IPv6; 255 means ESP, AH and IPCOMP. */
static uint8_t proto_to_kernel(uint8_t proto)
{
	return proto == KEYDB_PROTO_ANY ? IPPROTO_RAW : proto;
}

int xfrm_encode_sa_dump(struct nl_msg *m, uint8_t proto, const struct keydb_selector *filter)
{
	struct enc e = { .m = m };
	struct xfrm_address_filter x;
	const char *why;
	uint8_t kernel_proto = proto_to_kernel(proto);
	put(&e, XFRMA_PROTO, &kernel_proto, sizeof(kernel_proto));
	if (filter && xfrm_addr_family(&filter->src)) {
		memset(&x, 0, sizeof(x));
		x.saddr = xfrm_addr_to_kernel(&filter->src);
		x.daddr = xfrm_addr_to_kernel(&filter->dst);
		x.family = family_of(&e, &filter->src, &filter->dst);
		x.splen = filter->src_bits;
		x.dplen = filter->dst_bits;
		put(&e, XFRMA_ADDRESS_FILTER, &x, sizeof(x));
	}
	return finish(&e, &why);
}

int xfrm_encode_sa_flush(struct nl_msg *m, uint8_t proto)
{
	struct enc e = { .m = m };
	struct xfrm_usersa_flush x = { .proto = proto_to_kernel(proto) };
	const char *why;
	put_body(&e, &x, sizeof(x));
	return finish(&e, &why);
}

static uint16_t template_family(struct enc *e, const struct keydb_template *t, uint16_t inner)
{
	uint16_t family = family_of(e, &t->src, &t->dst);
	if (family && t->family && family != t->family)
		fail(e, -EINVAL, "a request's family is not that of its addresses");
	return t->family ? t->family : family ? family : inner;
}

/* *ret is all zero. */
static void template(struct enc *e, const struct keydb_template *t, uint16_t inner,
		     struct xfrm_user_tmpl *ret)
{
	if (t->mode == KEYDB_MODE_ANY)
		fail(e, -EINVAL, "a request needs a mode");
	if (t->mode == KEYDB_MODE_TUNNEL &&
	    !(xfrm_addr_family(&t->src) && xfrm_addr_family(&t->dst)))
		fail(e, -EINVAL, "a tunnel request needs two addresses");
	if (t->mode != KEYDB_MODE_TRANSPORT) { /* there the ends are the packet's own */
		ret->id.daddr = xfrm_addr_to_kernel(&t->dst);
		ret->saddr = xfrm_addr_to_kernel(&t->src);
	}
	ret->id.spi = htonl(t->spi);
	ret->id.proto = t->proto;
	ret->family = template_family(e, t, inner);
	ret->reqid = t->reqid;
	ret->mode = xfrm_mode_to_kernel(t->mode);
	ret->optional = t->level == KEYDB_LEVEL_USE;
	ret->aalgos = UINT32_MAX;
	ret->ealgos = UINT32_MAX;
	ret->calgos = UINT32_MAX;
}

static void put_templates(struct enc *e, const struct keydb_policy *p)
{
	struct xfrm_user_tmpl x[KEYDB_TEMPLATES_MAX];
	uint16_t inner = family_of(e, &p->sel.src, &p->sel.dst);
	if (p->action != KEYDB_ACTION_IPSEC)
		return;
	if (p->n_templates > KEYDB_TEMPLATES_MAX || !p->n_templates) {
		fail(e, -EINVAL, "an ipsec policy has 1 to 6 requests");
		return;
	}
	memset(x, 0, sizeof(x));
	for (size_t i = 0; i < p->n_templates; i++) {
		template(e, &p->templates[i], inner, &x[i]);
		inner = x[i].family; /* what a tunnel made of the packet */
	}
	put(e, XFRMA_TMPL, x, p->n_templates * sizeof(x[0]));
}

static void put_policy_key(struct enc *e, const struct keydb_policy *p)
{
	struct xfrm_userpolicy_type type;
	memset(&type, 0, sizeof(type));
	type.type = XFRM_POLICY_TYPE_SUB;
	put_mark(e, &p->mark);
	put_if_id(e, p->if_id);
	put_ctx(e, p->ctx_doi, p->ctx_alg, p->ctx, p->ctx_len);
	if (p->sub)
		put(e, XFRMA_POLICY_TYPE, &type, sizeof(type));
}

int xfrm_encode_policy(struct nl_msg *m, const struct keydb_policy *p, const char **ret_why)
{
	struct enc e = { .m = m };
	struct xfrm_userpolicy_info x;
	memset(&x, 0, sizeof(x));
	selector(&e, &p->sel, &x.sel);
	if (!x.sel.family)
		fail(&e, -EINVAL, "a policy needs addresses");
	if (p->dir > KEYDB_DIR_FWD)
		fail(&e, -EOPNOTSUPP, "per-socket policies are set by their sockets");
	if (p->action > KEYDB_ACTION_IPSEC)
		fail(&e, -EOPNOTSUPP, "entrust and bypass are for sockets only");
	x.lft = lifetime(&p->limits);
	x.priority = p->priority;
	x.index = p->index;
	x.dir = p->dir;
	x.action = p->action == KEYDB_ACTION_DISCARD ? XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW;
	x.flags = (uint8_t)xfrm_flags_to_kernel(xfrm_policy_flags, p->flags);
	put_body(&e, &x, sizeof(x));
	put_templates(&e, p);
	put_policy_key(&e, p);
	return finish(&e, ret_why);
}

int xfrm_encode_policy_id(struct nl_msg *m, const struct keydb_policy *p, const char **ret_why)
{
	struct enc e = { .m = m };
	struct xfrm_userpolicy_id x;
	memset(&x, 0, sizeof(x));
	x.index = p->index;
	x.dir = p->index ? p->index % 8 : p->dir; /* an index ends in its direction */
	if (!p->index) {
		selector(&e, &p->sel, &x.sel);
		if (!x.sel.family)
			fail(&e, -EINVAL, "a policy is named by its addresses or its index");
	}
	put_body(&e, &x, sizeof(x));
	put_policy_key(&e, p);
	return finish(&e, ret_why);
}
