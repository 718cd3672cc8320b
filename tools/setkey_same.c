/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing what a script wants with what the kernel has. */
#include "setkey_same.h"

#include "base/addr.h"

#include <string.h>

/* Without port and what else a sockaddr holds; all zero for none. */
static void plain_address(const union keydb_addr *a, union keydb_addr *ret)
{
	struct addr addr;
	struct sockaddr_storage ss;
	memset(ret, 0, sizeof(*ret));
	if (addr_from_sockaddr(&a->sa, sizeof(*a), &addr))
		return;
	addr.port = 0;
	addr.scope_id = 0;
	memset(&ss, 0, sizeof(ss));
	addr_to_sockaddr(&addr, &ss);
	memcpy(ret, &ss, sizeof(*ret));
}

static bool same_address(const union keydb_addr *x, const union keydb_addr *y)
{
	union keydb_addr a, b;
	plain_address(x, &a);
	plain_address(y, &b);
	return !memcmp(&a, &b, sizeof(a));
}

static uint16_t port_mask(uint16_t mask, bool any)
{
	return any || mask == UINT16_MAX ? 0 : mask;
}

/* Security modules count the zero that ends a label. */
static uint16_t label_len(const char *ctx, uint16_t len)
{
	return (uint16_t)strnlen(ctx, len < KEYDB_CTX_MAX_BYTES ? len : KEYDB_CTX_MAX_BYTES);
}

static void selector_key(const struct keydb_selector *s, struct entry_key *ret)
{
	plain_address(&s->src, &ret->src);
	plain_address(&s->dst, &ret->dst);
	ret->src_bits = s->src_bits;
	ret->dst_bits = s->dst_bits;
	ret->proto = s->proto;
	ret->src_any = s->src_port_any;
	ret->dst_any = s->dst_port_any;
	ret->src_port = s->src_port_any ? 0 : s->src_port;
	ret->dst_port = s->dst_port_any ? 0 : s->dst_port;
	ret->src_port_mask = port_mask(s->src_port_mask, s->src_port_any);
	ret->dst_port_mask = port_mask(s->dst_port_mask, s->dst_port_any);
	ret->ifindex = s->ifindex;
}

void entry_key_of(const struct command *c, struct entry_key *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->is_policy = c->kind >= COMMAND_SPDADD && c->kind <= COMMAND_SPDDELETE;
	if (!ret->is_policy) { /* RFC 4301 4.1: the source does not matter */
		plain_address(&c->sa.id.dst, &ret->dst);
		ret->spi = c->sa.id.spi;
		ret->proto = c->sa.id.proto;
		ret->mark = c->sa.id.mark;
		return;
	}
	selector_key(&c->policy.sel, ret);
	ret->dir = c->policy.dir;
	ret->if_id = c->policy.if_id;
	ret->mark = c->policy.mark;
	ret->sub = c->policy.sub;
	ret->ctx_len = label_len(c->policy.ctx, c->policy.ctx_len);
	memcpy(ret->ctx, c->policy.ctx, ret->ctx_len);
}

static bool same_alg(const struct keydb_alg *a, const struct keydb_alg *b)
{
	const struct keydb_alg_info *info = keydb_alg_by_id(a->id);
	uint16_t icv_bits = info ? info->icv_bits : 0;
	if (a->id != b->id || a->key_bits != b->key_bits)
		return false;
	if (!info && strncmp(a->name, b->name, sizeof(a->name)) != 0)
		return false;
	if ((a->icv_bits ? a->icv_bits : icv_bits) != (b->icv_bits ? b->icv_bits : icv_bits))
		return false;
	size_t len = a->key_bits / 8u;
	return !memcmp(a->key, b->key, len < sizeof(a->key) ? len : sizeof(a->key));
}

static bool same_limit(uint64_t a, uint64_t b)
{
	return (a ? a : KEYDB_INFINITE) == (b ? b : KEYDB_INFINITE);
}

static bool same_limits(const struct keydb_limits *a, const struct keydb_limits *b)
{
	return same_limit(a->soft_bytes, b->soft_bytes) &&
	       same_limit(a->hard_bytes, b->hard_bytes) &&
	       same_limit(a->soft_packets, b->soft_packets) &&
	       same_limit(a->hard_packets, b->hard_packets) &&
	       same_limit(a->soft_add_sec, b->soft_add_sec) &&
	       same_limit(a->hard_add_sec, b->hard_add_sec) &&
	       same_limit(a->soft_use_sec, b->soft_use_sec) &&
	       same_limit(a->hard_use_sec, b->hard_use_sec);
}

/* A selector of the SA's own family that lets everything through is none. */
static bool has_selector(const struct keydb_sa *sa)
{
	const struct keydb_selector *s = &sa->sel;
	sa_family_t family = s->dst.sa.sa_family;
	union keydb_addr src, dst, none;
	if (!family)
		return false;
	plain_address(&s->src, &src);
	plain_address(&s->dst, &dst);
	memset(&none, 0, sizeof(none));
	none.sa.sa_family = family;
	return family != sa->id.dst.sa.sa_family || s->src_bits || s->dst_bits || s->proto ||
	       !s->src_port_any || !s->dst_port_any || s->ifindex ||
	       memcmp(&src, &none, sizeof(none)) != 0 || memcmp(&dst, &none, sizeof(none)) != 0;
}

static bool same_sa_selector(const struct keydb_sa *a, const struct keydb_sa *b)
{
	struct entry_key x, y;
	memset(&x, 0, sizeof(x));
	memset(&y, 0, sizeof(y));
	if (!has_selector(a) || !has_selector(b))
		return has_selector(a) == has_selector(b);
	selector_key(&a->sel, &x);
	selector_key(&b->sel, &y);
	return !memcmp(&x, &y, sizeof(x));
}

static uint8_t effective_mode(uint8_t mode)
{
	return mode == KEYDB_MODE_ANY ? KEYDB_MODE_TRANSPORT : mode;
}

static bool same_encap(const struct keydb_sa *a, const struct keydb_sa *b)
{
	return a->encap_src_port == b->encap_src_port && a->encap_dst_port == b->encap_dst_port &&
	       a->encap_type == b->encap_type && same_address(&a->encap_oa, &b->encap_oa);
}

static bool same_mark(const struct keydb_mark *a, const struct keydb_mark *b)
{
	return a->value == b->value && a->mask == b->mask;
}

static bool same_label(const struct keydb_sa *a, const struct keydb_sa *b)
{
	uint16_t len = label_len(a->ctx, a->ctx_len);
	return len == label_len(b->ctx, b->ctx_len) && !memcmp(a->ctx, b->ctx, len);
}

bool entry_same_sa_but_limits(const struct keydb_sa *kernel, const struct keydb_sa *wanted)
{
	const struct keydb_sa *a = kernel, *b = wanted;
	return same_address(&a->id.src, &b->id.src) &&
	       effective_mode(a->mode) == effective_mode(b->mode) && a->reqid == b->reqid &&
	       a->flags == b->flags && a->replay_window_pkts == b->replay_window_pkts &&
	       same_alg(&a->encr, &b->encr) && same_alg(&a->auth, &b->auth) &&
	       same_alg(&a->aead, &b->aead) && same_alg(&a->comp, &b->comp) && same_encap(a, b) &&
	       same_sa_selector(a, b) && same_label(a, b) && a->if_id == b->if_id &&
	       same_mark(&a->output_mark, &b->output_mark) &&
	       a->tfc_pad_bytes == b->tfc_pad_bytes && a->offload_flags == b->offload_flags &&
	       !strncmp(a->offload_device, b->offload_device, sizeof(a->offload_device));
}

bool entry_same_sa(const struct keydb_sa *kernel, const struct keydb_sa *wanted)
{
	return entry_same_sa_but_limits(kernel, wanted) &&
	       same_limits(&kernel->limits, &wanted->limits);
}

/* The kernel knows optional or not, and a reqid or none. */
static uint8_t effective_level(const struct keydb_template *t)
{
	if (t->level == KEYDB_LEVEL_USE)
		return KEYDB_LEVEL_USE;
	return t->reqid || t->level == KEYDB_LEVEL_UNIQUE ? KEYDB_LEVEL_UNIQUE
							  : KEYDB_LEVEL_REQUIRE;
}

static bool same_request(const struct keydb_template *a, const struct keydb_template *b)
{
	bool any_reqid = b->level == KEYDB_LEVEL_UNIQUE && !b->reqid;
	return a->proto == b->proto && effective_mode(a->mode) == effective_mode(b->mode) &&
	       effective_level(a) == effective_level(b) && (any_reqid || a->reqid == b->reqid) &&
	       a->spi == b->spi && same_address(&a->src, &b->src) && same_address(&a->dst, &b->dst);
}

bool entry_same_policy(const struct keydb_policy *kernel, const struct keydb_policy *wanted)
{
	const struct keydb_policy *a = kernel, *b = wanted;
	if (a->action != b->action || a->priority != b->priority || a->flags != b->flags ||
	    a->n_templates != b->n_templates || !same_limits(&a->limits, &b->limits))
		return false;
	for (size_t i = 0; i < a->n_templates && i < KEYDB_TEMPLATES_MAX; i++)
		if (!same_request(&a->templates[i], &b->templates[i]))
			return false;
	return true;
}
