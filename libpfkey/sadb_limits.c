/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Linux' PF_KEY has no words for, one row per reason.  A request that says such a thing is
 * refused: leaving it out would install something else than what was asked for.
 */
#include "sadb_codec_int.h"

#include <errno.h>

#ifndef IPPROTO_MH
#define IPPROTO_MH 135
#endif

enum { REPLAY_MAX_PKTS = IPSEC_REPLAYWSIZE };

/* ---- SAs ---- */

static bool has_alg(const struct keydb_alg *a)
{
	return a->id || a->name[0];
}

static bool is_aead(const struct keydb_sa *sa)
{
	return has_alg(&sa->aead);
}

static bool is_esn(const struct keydb_sa *sa)
{
	return sa->flags & KEYDB_SA_ESN;
}

static bool has_big_window(const struct keydb_sa *sa)
{
	return sa->replay_window_pkts > REPLAY_MAX_PKTS;
}

static bool has_mark(const struct keydb_sa *sa)
{
	return sa->id.mark.value || sa->id.mark.mask;
}

static bool has_output_mark(const struct keydb_sa *sa)
{
	return sa->output_mark.value || sa->output_mark.mask;
}

static bool has_if_id(const struct keydb_sa *sa)
{
	return sa->if_id != 0;
}

static bool has_padding(const struct keydb_sa *sa)
{
	return sa->tfc_pad_bytes != 0;
}

static bool has_offload(const struct keydb_sa *sa)
{
	return sa->offload_device[0] != 0;
}

static bool has_extra_flags(const struct keydb_sa *sa)
{
	return sa->flags &
	       ~(KEYDB_SA_NOECN | KEYDB_SA_DECAP_DSCP | KEYDB_SA_NOPMTUDISC | KEYDB_SA_ESN);
}

static bool has_original_address(const struct keydb_sa *sa)
{
	return sadb_family_bits(&sa->encap_oa) != 0;
}

static bool is_nameless(const struct keydb_alg *a)
{
	const struct keydb_alg_info *info = keydb_alg_by_id(a->id);
	return has_alg(a) && (!info || !info->pfkey_id);
}

static bool has_unknown_alg(const struct keydb_sa *sa)
{
	return is_nameless(&sa->encr) || is_nameless(&sa->auth) || is_nameless(&sa->comp);
}

static bool has_other_icv(const struct keydb_sa *sa)
{
	const struct keydb_alg_info *info = keydb_alg_by_id(sa->auth.id);
	if (!info)
		return false;
	uint16_t bits = sa->auth.icv_bits ? sa->auth.icv_bits : info->icv_bits;
	return bits != sadb_icv_bits(info);
}

static bool has_selector(const struct keydb_sa *sa)
{
	const struct keydb_selector *s = &sa->sel;
	if (!sadb_family_bits(&s->src) && !sadb_family_bits(&s->dst))
		return false;
	return s->dst_bits || s->proto || !s->src_port_any || !s->dst_port_any || s->ifindex;
}

static bool is_big(const struct keydb_limits *l)
{
	return (l->soft_packets > UINT32_MAX && l->soft_packets != KEYDB_INFINITE) ||
	       (l->hard_packets > UINT32_MAX && l->hard_packets != KEYDB_INFINITE);
}

static bool has_big_packet_limit(const struct keydb_sa *sa)
{
	return is_big(&sa->limits);
}

static bool has_other_mode(const struct keydb_sa *sa)
{
	return sa->mode > KEYDB_MODE_BEET;
}

/* clang-format off */
static const struct {
	bool (*says)(const struct keydb_sa *sa);
	const char *why;
} sa_rows[] = {
	{ is_aead, "PF_KEY cannot carry AEAD algorithms" },
	{ is_esn, "PF_KEY cannot carry extended sequence numbers" },
	{ has_big_window, "PF_KEY cannot carry a replay window over 32 packets" },
	{ has_mark, "PF_KEY cannot carry a mark" },
	{ has_output_mark, "PF_KEY cannot carry an output mark" },
	{ has_if_id, "PF_KEY cannot carry an if_id" },
	{ has_padding, "PF_KEY cannot carry traffic flow padding" },
	{ has_offload, "PF_KEY cannot carry an offload device" },
	{ has_extra_flags, "PF_KEY cannot carry these flags of the SA" },
	{ has_original_address, "PF_KEY cannot carry the original address of NAT traversal" },
	{ has_unknown_alg, "PF_KEY has no number for the algorithm" },
	{ has_other_icv, "PF_KEY cannot carry the length of the authentication code" },
	{ has_selector, "PF_KEY cannot carry more of an SA's selector than the source" },
	{ has_big_packet_limit, "PF_KEY cannot carry a packet limit over 32 bits" },
	{ has_other_mode, "PF_KEY has no number for the mode" },
};
/* clang-format on */

void sadb_check_sa(struct sadb_enc *e)
{
	for (size_t i = 0; i < sizeof(sa_rows) / sizeof(sa_rows[0]); i++)
		if (sa_rows[i].says(&e->m->sa))
			sadb_fail(e, -EOPNOTSUPP, sa_rows[i].why);
}

/* ---- policies ---- */

static bool policy_has_mark(const struct keydb_policy *p)
{
	return p->mark.value || p->mark.mask;
}

static bool policy_has_if_id(const struct keydb_policy *p)
{
	return p->if_id != 0;
}

static bool is_sub(const struct keydb_policy *p)
{
	return p->sub;
}

static bool policy_has_flags(const struct keydb_policy *p)
{
	return p->flags != 0;
}

static bool is_per_socket(const struct keydb_policy *p)
{
	return p->dir > KEYDB_DIR_FWD || p->action > KEYDB_ACTION_IPSEC;
}

static bool has_interface(const struct keydb_policy *p)
{
	return p->sel.ifindex != 0;
}

static bool has_port_mask(const struct keydb_policy *p)
{
	return (!p->sel.src_port_any && p->sel.src_port_mask &&
		p->sel.src_port_mask != UINT16_MAX) ||
	       (!p->sel.dst_port_any && p->sel.dst_port_mask && p->sel.dst_port_mask != UINT16_MAX);
}

static bool has_types(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6 || proto == IPPROTO_MH;
}

/*
 * The code 0 of a type is left to PF_KEY, where it means any code: "icmp6 135,0" stands in
 * countless scripts, which always got that.  But the type 0 would let everything through.
 */
static bool has_port_zero(const struct keydb_policy *p)
{
	const struct keydb_selector *s = &p->sel;
	if (!s->src_port_any && !s->src_port)
		return true;
	return !s->dst_port_any && !s->dst_port && (s->src_port_any || !has_types(s->proto));
}

static bool policy_has_big_limit(const struct keydb_policy *p)
{
	return is_big(&p->limits);
}

static bool has_proto_255(const struct keydb_policy *p)
{
	return p->sel.proto == IPSEC_PROTO_ANY;
}

static bool any_template(const struct keydb_policy *p,
			 bool (*says)(const struct keydb_policy *p, const struct keydb_template *t))
{
	for (size_t i = 0; i < p->n_templates && i < KEYDB_TEMPLATES_MAX; i++)
		if (p->action == KEYDB_ACTION_IPSEC && says(p, &p->templates[i]))
			return true;
	return false;
}

static bool template_spi(const struct keydb_policy *p, const struct keydb_template *t)
{
	(void)p;
	return t->spi != 0;
}

static bool has_template_spi(const struct keydb_policy *p)
{
	return any_template(p, template_spi);
}

/* Linux reads a request's reqid at the level "unique" only, and replaces large ones. */
static bool template_reqid(const struct keydb_policy *p, const struct keydb_template *t)
{
	(void)p;
	return t->reqid && (t->level != KEYDB_LEVEL_UNIQUE || t->reqid > KEYDB_REQID_MANUAL_MAX);
}

static bool has_template_reqid(const struct keydb_policy *p)
{
	return any_template(p, template_reqid);
}

static bool template_optional(const struct keydb_policy *p, const struct keydb_template *t)
{
	return p->dir == KEYDB_DIR_OUT && t->level == KEYDB_LEVEL_USE &&
	       t->mode != KEYDB_MODE_TRANSPORT;
}

static bool has_optional_tunnel(const struct keydb_policy *p)
{
	return any_template(p, template_optional);
}

static bool template_family(const struct keydb_policy *p, const struct keydb_template *t)
{
	return t->mode == KEYDB_MODE_TRANSPORT && t->family && t->family != p->sel.dst.sa.sa_family;
}

static bool has_template_family(const struct keydb_policy *p)
{
	return any_template(p, template_family);
}

/* Linux reads the addresses of tunnels only, and forgets those of BEET without a word. */
static bool template_ends(const struct keydb_policy *p, const struct keydb_template *t)
{
	(void)p;
	return t->mode == KEYDB_MODE_BEET &&
	       (sadb_family_bits(&t->src) || sadb_family_bits(&t->dst));
}

static bool has_beet_ends(const struct keydb_policy *p)
{
	return any_template(p, template_ends);
}

static bool template_mode(const struct keydb_policy *p, const struct keydb_template *t)
{
	(void)p;
	return t->mode > KEYDB_MODE_BEET;
}

static bool has_template_mode(const struct keydb_policy *p)
{
	return any_template(p, template_mode);
}

/* clang-format off */
static const struct {
	bool (*says)(const struct keydb_policy *p);
	const char *why;
} policy_rows[] = {
	{ policy_has_mark, "PF_KEY cannot carry a mark" },
	{ policy_has_if_id, "PF_KEY cannot carry an if_id" },
	{ is_sub, "PF_KEY cannot carry sub-policies" },
	{ policy_has_flags, "PF_KEY cannot carry flags of a policy" },
	{ is_per_socket, "per-socket policies are set by their sockets" },
	{ has_interface, "PF_KEY cannot carry an interface" },
	{ has_port_mask, "PF_KEY cannot carry a part of a port" },
	{ has_port_zero, "PF_KEY cannot tell port 0 (or ICMP type 0) from any port" },
	{ has_proto_255, "PF_KEY cannot tell protocol 255 from any protocol" },
	{ policy_has_big_limit, "PF_KEY cannot carry a packet limit over 32 bits" },
	{ has_template_spi, "PF_KEY cannot carry the SPI of a request" },
	{ has_template_reqid, "PF_KEY carries reqids up to 16383, at the level unique" },
	{ has_optional_tunnel, "PF_KEY refuses the level use for tunnels going out" },
	{ has_template_family, "PF_KEY cannot carry the family of a request without addresses" },
	{ has_beet_ends, "PF_KEY carries the addresses of tunnel requests only" },
	{ has_template_mode, "PF_KEY has no number for the mode" },
};
/* clang-format on */

void sadb_check_policy(struct sadb_enc *e)
{
	const struct keydb_policy *p = &e->m->policy;
	bool adds = e->m->type == SADB_X_SPDADD || e->m->type == SADB_X_SPDUPDATE ||
		    e->m->type == SADB_X_SPDSETIDX;
	for (size_t i = 0; i < sizeof(policy_rows) / sizeof(policy_rows[0]); i++)
		if (policy_rows[i].says(p))
			sadb_fail(e, -EOPNOTSUPP, policy_rows[i].why);
	if (adds && p->action == KEYDB_ACTION_IPSEC && !p->n_templates)
		sadb_fail(e, -EINVAL, "an ipsec policy has 1 to 6 requests");
}
