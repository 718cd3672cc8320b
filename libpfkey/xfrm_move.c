/* SPDX-License-Identifier: BSD-2-Clause */
/* An SA that moves: what the kernel told of it, as the message that makes it anew at other ends. */
#include "xfrm_codec.h"

#include <errno.h>
#include <linux/udp.h>
#include <netlink/attr.h>
#include <string.h>

/* What follows a fixed head of a message. */
struct tail {
	struct nlattr *first;
	int len;
};

static struct tail tail_of(struct xfrm_body m, size_t head_len)
{
	size_t at = NLMSG_ALIGN(head_len);
	return (struct tail){ .first = (void *)((uintptr_t)m.body + at),
			      .len = m.len > at ? (int)(m.len - at) : 0 };
}

static const struct nlattr *find(struct tail t, int type, size_t min_len)
{
	const struct nlattr *a = nla_find(t.first, t.len, type);
	return a && (size_t)nla_len(a) >= min_len ? a : NULL;
}

/* A locked-down kernel shows zeroes instead of keys. */
static bool is_hidden(const struct nlattr *a, size_t head_len)
{
	const uint8_t *p = nla_data(a);
	size_t len = (size_t)nla_len(a);
	struct xfrm_algo x;
	if (len < head_len || head_len < sizeof(x))
		return true;
	memcpy(&x, p, sizeof(x));
	size_t key_bytes = ((size_t)x.alg_key_len + 7) / 8;
	if (key_bytes > len - head_len)
		return true;
	for (size_t i = 0; i < key_bytes; i++)
		if (p[head_len + i])
			return false;
	return key_bytes > 0;
}

static int check_attr(const struct nlattr *a, bool *ret_has_key, const char **ret_why)
{
	size_t head_len = sizeof(struct xfrm_algo);
	switch (nla_type(a)) {
	case XFRMA_ALG_AUTH_TRUNC:
		head_len = sizeof(struct xfrm_algo_auth);
		break;
	case XFRMA_ALG_AEAD:
		head_len = sizeof(struct xfrm_algo_aead);
		break;
	case XFRMA_ALG_AUTH:
	case XFRMA_ALG_CRYPT:
		break;
	case XFRMA_OFFLOAD_DEV:
		*ret_why = "the device has the counters of the SA";
		return -EOPNOTSUPP;
	default:
		return 0;
	}
	*ret_has_key = true;
	*ret_why = "the kernel does not show the keys";
	return is_hidden(a, head_len) ? -EACCES : 0;
}

/* Counters come from the end of the SA's life; of what is told, some is no setting. */
static bool is_copied(int type)
{
	switch (type) {
	case XFRMA_ENCAP:
	case XFRMA_REPLAY_VAL:
	case XFRMA_REPLAY_ESN_VAL:
	case XFRMA_LTIME_VAL:
	case XFRMA_LASTUSED:
	case XFRMA_PAD:
		return false;
	default:
		return true;
	}
}

static int copy(struct nl_msg *m, const struct nlattr *a)
{
	return nla_put(m, nla_type(a), nla_len(a), nla_data(a)) < 0 ? -EMSGSIZE : 0;
}

static int put_settings(struct nl_msg *m, struct tail old, const char **ret_why)
{
	bool has_key = false;
	int left = old.len;
	for (struct nlattr *a = old.first; nla_ok(a, left); a = nla_next(a, &left)) {
		int rc = check_attr(a, &has_key, ret_why);
		if (!rc && is_copied(nla_type(a)))
			rc = copy(m, a);
		if (rc)
			return rc;
	}
	*ret_why = "the SA has no keys";
	return has_key ? 0 : -EINVAL;
}

/* NAT-OA belongs to the family it was told in. */
static int put_encap(struct nl_msg *m, struct tail old, uint16_t old_family,
		     const struct keydb_sa_move *to)
{
	struct xfrm_encap_tmpl x;
	const struct nlattr *a = find(old, XFRMA_ENCAP, sizeof(x));
	memset(&x, 0, sizeof(x));
	if (!to->encap_src_port && !to->encap_dst_port)
		return 0;
	x.encap_type = UDP_ENCAP_ESPINUDP;
	if (a && old_family == xfrm_addr_family(&to->dst))
		memcpy(&x, nla_data(a), sizeof(x));
	x.encap_sport = htons(to->encap_src_port);
	x.encap_dport = htons(to->encap_dst_port);
	return nla_put(m, XFRMA_ENCAP, sizeof(x), &x) < 0 ? -EMSGSIZE : 0;
}

/* Replay state, and what was counted: both are where a limit or a nonce hangs on. */
static int put_counters(struct nl_msg *m, struct tail last, const struct xfrm_usersa_info *info)
{
	const struct nlattr *esn =
		find(last, XFRMA_REPLAY_ESN_VAL, sizeof(struct xfrm_replay_state_esn));
	const struct nlattr *small = find(last, XFRMA_REPLAY_VAL, sizeof(struct xfrm_replay_state));
	if (!esn && !small)
		return -EBADMSG;
	if (nla_put(m, XFRMA_LTIME_VAL, sizeof(info->curlft), &info->curlft) < 0)
		return -EMSGSIZE;
	return copy(m, esn ? esn : small);
}

/* The last words of an SA that was deleted: the settings and counters behind its name. */
static int take_end(struct xfrm_body end, const struct xfrm_usersa_info *old,
		    struct xfrm_usersa_info *ret, struct tail *ret_tail)
{
	struct xfrm_usersa_id id;
	if (end.len < sizeof(id))
		return -EBADMSG;
	*ret_tail = tail_of(end, sizeof(id));
	const struct nlattr *a = find(*ret_tail, XFRMA_SA, sizeof(*ret));
	if (!a)
		return -EBADMSG;
	memcpy(ret, nla_data(a), sizeof(*ret));
	return ret->id.spi == old->id.spi && ret->id.proto == old->id.proto ? 0 : -EBADMSG;
}

static int move_head(struct xfrm_usersa_info *x, const struct keydb_sa_move *to)
{
	uint16_t family = xfrm_addr_family(&to->dst);
	if (!family || family != xfrm_addr_family(&to->src))
		return -EINVAL;
	x->family = family;
	x->id.daddr = xfrm_addr_to_kernel(&to->dst);
	x->saddr = xfrm_addr_to_kernel(&to->src);
	x->seq = 0;
	return 0;
}

int xfrm_encode_moved_sa(struct nl_msg *m, struct xfrm_body sa, struct xfrm_body end,
			 const struct keydb_sa_move *to, const char **ret_why)
{
	struct xfrm_usersa_info old, last, moved;
	*ret_why = "malformed SA";
	if (sa.len < sizeof(old))
		return -EBADMSG;
	memcpy(&old, sa.body, sizeof(old));
	last = moved = old;
	struct tail settings = tail_of(sa, sizeof(old)), counters = settings;
	int rc = end.len ? take_end(end, &old, &last, &counters) : 0;
	if (rc)
		return rc;
	*ret_why = "an SA needs addresses of one family";
	rc = move_head(&moved, to);
	if (rc)
		return rc;
	*ret_why = "message too long";
	if (nlmsg_append(m, &moved, sizeof(moved), NLMSG_ALIGNTO) < 0)
		return -EMSGSIZE;
	rc = put_settings(m, settings, ret_why);
	if (rc)
		return rc;
	*ret_why = "message too long";
	rc = put_encap(m, settings, old.family, to);
	if (!rc)
		rc = put_counters(m, counters, &last);
	if (!rc)
		*ret_why = "";
	return rc;
}
