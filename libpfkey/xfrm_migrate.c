/* SPDX-License-Identifier: BSD-2-Clause */
/* XFRM_MSG_MIGRATE (RFC 4555's address changes, Mobile IPv6): the model as a message and back. */
#include "xfrm_codec.h"

#include <errno.h>
#include <netlink/attr.h>
#include <string.h>

/* ---- encoding ---- */

static int put_pair(const struct keydb_template *from, const struct keydb_template *to,
		    struct xfrm_user_migrate *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->old_family = xfrm_addr_family(&from->dst);
	ret->new_family = xfrm_addr_family(&to->dst);
	if (!ret->old_family || ret->old_family != xfrm_addr_family(&from->src) ||
	    !ret->new_family || ret->new_family != xfrm_addr_family(&to->src))
		return -EINVAL;
	ret->old_daddr = xfrm_addr_to_kernel(&from->dst);
	ret->old_saddr = xfrm_addr_to_kernel(&from->src);
	ret->new_daddr = xfrm_addr_to_kernel(&to->dst);
	ret->new_saddr = xfrm_addr_to_kernel(&to->src);
	ret->proto = from->proto;
	ret->mode = xfrm_mode_to_kernel(from->mode);
	ret->reqid = from->reqid;
	return 0;
}

static int put_kmaddress(struct nl_msg *m, const struct xfrm_migration *x)
{
	struct xfrm_user_kmaddress k;
	memset(&k, 0, sizeof(k));
	k.family = xfrm_addr_family(&x->km_src);
	if (!k.family)
		return 0;
	k.local = xfrm_addr_to_kernel(&x->km_src);
	k.remote = xfrm_addr_to_kernel(&x->km_dst);
	return nla_put(m, XFRMA_KMADDRESS, sizeof(k), &k) < 0 ? -EMSGSIZE : 0;
}

int xfrm_encode_migration(struct nl_msg *m, const struct xfrm_migration *x, const char **ret_why)
{
	struct xfrm_user_migrate pairs[KEYDB_TEMPLATES_MAX];
	size_t n = x->policy.n_templates;
	int rc = xfrm_encode_policy_id(m, &x->policy, ret_why);
	if (rc)
		return rc;
	*ret_why = "a migration has 1 to 6 pairs of requests";
	if (!n || n > KEYDB_TEMPLATES_MAX)
		return -EINVAL;
	*ret_why = "a migration needs addresses";
	for (size_t i = 0; i < n && !rc; i++)
		rc = put_pair(&x->policy.templates[i], &x->moved[i], &pairs[i]);
	if (rc)
		return rc;
	*ret_why = "message too long";
	if (nla_put(m, XFRMA_MIGRATE, (int)(n * sizeof(pairs[0])), pairs) < 0)
		return -EMSGSIZE;
	rc = put_kmaddress(m, x);
	if (!rc)
		*ret_why = "";
	return rc;
}

/* ---- decoding ---- */

static void take_ends(const xfrm_address_t *src, const xfrm_address_t *dst, uint16_t family,
		      struct keydb_template *ret)
{
	ret->src = xfrm_addr_from_kernel(src, family, 0);
	ret->dst = xfrm_addr_from_kernel(dst, family, 0);
	ret->family = family;
}

static int take_pair(const struct xfrm_user_migrate *x, struct keydb_template *from,
		     struct keydb_template *to)
{
	if (!xfrm_family_bits(x->old_family) || !xfrm_family_bits(x->new_family))
		return -EBADMSG;
	memset(from, 0, sizeof(*from));
	from->proto = x->proto;
	from->mode = xfrm_mode_from_kernel(x->mode);
	from->level = x->reqid ? KEYDB_LEVEL_UNIQUE : KEYDB_LEVEL_REQUIRE;
	from->reqid = x->reqid;
	*to = *from;
	take_ends(&x->old_saddr, &x->old_daddr, x->old_family, from);
	take_ends(&x->new_saddr, &x->new_daddr, x->new_family, to);
	return 0;
}

/* One attribute has several pairs, or each has one: the kernel reads it so and writes it so. */
static int take_pairs(struct nlattr *a, struct xfrm_migration *ret)
{
	struct xfrm_user_migrate x;
	size_t n = (size_t)nla_len(a) / sizeof(x);
	for (size_t i = 0; i < n; i++) {
		size_t at = ret->policy.n_templates;
		if (at == KEYDB_TEMPLATES_MAX)
			return -EBADMSG;
		memcpy(&x, (const uint8_t *)nla_data(a) + i * sizeof(x), sizeof(x));
		int rc = take_pair(&x, &ret->policy.templates[at], &ret->moved[at]);
		if (rc)
			return rc;
		ret->policy.n_templates++;
	}
	return 0;
}

static int take_kmaddress(struct nlattr *a, struct xfrm_migration *ret)
{
	struct xfrm_user_kmaddress x;
	if ((size_t)nla_len(a) < sizeof(x))
		return -EBADMSG;
	memcpy(&x, nla_data(a), sizeof(x));
	if (!xfrm_family_bits(x.family))
		return -EBADMSG;
	ret->km_src = xfrm_addr_from_kernel(&x.local, x.family, 0);
	ret->km_dst = xfrm_addr_from_kernel(&x.remote, x.family, 0);
	return 0;
}

static int take_attr(struct nlattr *a, struct xfrm_migration *ret)
{
	switch (nla_type(a)) {
	case XFRMA_MIGRATE:
		return take_pairs(a, ret);
	case XFRMA_KMADDRESS:
		return take_kmaddress(a, ret);
	default:
		return 0;
	}
}

int xfrm_decode_migration(const void *body, size_t len, struct xfrm_migration *ret)
{
	size_t at = NLMSG_ALIGN(sizeof(struct xfrm_userpolicy_id));
	memset(ret, 0, sizeof(*ret));
	int rc = xfrm_decode_policy_id(body, len, &ret->policy);
	if (rc)
		return rc;
	ret->policy.action = KEYDB_ACTION_IPSEC;
	int left = len > at ? (int)(len - at) : 0;
	struct nlattr *a = (void *)((uintptr_t)body + at);
	for (; nla_ok(a, left); a = nla_next(a, &left)) {
		rc = take_attr(a, ret);
		if (rc)
			return rc;
	}
	return ret->policy.n_templates ? 0 : -EBADMSG;
}
