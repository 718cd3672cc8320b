/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is a body what our own code could have sent?  Each check names the first field that is
 * not.  What passes is safe to hand to the kernel library: lengths, enums, truth values
 * and text ends are right; whether it is wise was the engine's decision.
 */
#include "priv/request_check.h"

#include <string.h>

#include "base/addr.h"

enum { SPI_MIN = 256, ICV_MAX_BITS = 512, PRF_AUTH_MAX_BYTES = 64 };
enum {
	SA_FLAGS = KEYDB_SA_NOECN | KEYDB_SA_DECAP_DSCP | KEYDB_SA_NOPMTUDISC | KEYDB_SA_ESN |
		   KEYDB_SA_ICMP | KEYDB_SA_AF_UNSPEC | KEYDB_SA_DONT_ENCAP_DSCP |
		   KEYDB_SA_OSEQ_MAY_WRAP | KEYDB_SA_ALIGN4
};

/* Passes the first complaint on. */
#define CHECK(what)                        \
	do {                               \
		const char *why_ = (what); \
		if (why_)                  \
			return why_;       \
	} while (0)

/* A foreign byte in a bool would be undefined behaviour as soon as it is read as one. */
static bool is_bool(const bool *b)
{
	return *(const unsigned char *)b <= 1;
}

static bool is_text(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

/* False for a family that we do not know; *ret is unset for "no address". */
static bool get_addr(const union keydb_addr *a, struct addr *ret)
{
	*ret = (struct addr){ 0 };
	return a->sa.sa_family == 0 || addr_from_sockaddr(&a->sa, sizeof(*a), ret) == 0;
}

static const char *check_id(const struct keydb_sa_id *id)
{
	struct addr src, dst;

	if (!get_addr(&id->src, &src) || !get_addr(&id->dst, &dst) || !addr_is_set(&src) ||
	    !addr_is_set(&dst) || src.family != dst.family)
		return "sa: addresses";
	if (id->spi < SPI_MIN)
		return "sa: spi";
	if (id->proto != KEYDB_PROTO_ESP && id->proto != KEYDB_PROTO_AH)
		return "sa: protocol";
	return NULL;
}

static const char *check_alg(const struct keydb_alg *alg, enum keydb_alg_kind kind)
{
	if (!is_text(alg->name, sizeof(alg->name)))
		return "algorithm: name";
	if (alg->id == KEYDB_ALG_ID_NONE)
		return alg->name[0] ? "algorithm: name without number" : NULL;
	const struct keydb_alg_info *info = keydb_alg_by_id(alg->id);
	if (!info || info->kind != kind)
		return "algorithm: number";
	if (alg->key_bits > 8 * KEYDB_KEY_MAX_BYTES || alg->icv_bits > ICV_MAX_BITS)
		return "algorithm: size";
	return NULL;
}

static const char *check_selector(const struct keydb_selector *s, bool may_be_unset)
{
	struct addr src, dst;

	if (!is_bool(&s->src_port_any) || !is_bool(&s->dst_port_any))
		return "selector: ports";
	if (!get_addr(&s->src, &src) || !get_addr(&s->dst, &dst) || src.family != dst.family)
		return "selector: addresses";
	if (!addr_is_set(&src) && !may_be_unset)
		return "selector: no addresses";
	if (s->src_bits > addr_bits(&src) || s->dst_bits > addr_bits(&dst))
		return "selector: prefix length";
	return NULL;
}

static const char *check_sa_algs(const struct keydb_sa *sa)
{
	CHECK(check_alg(&sa->encr, KEYDB_ALG_ENCR));
	CHECK(check_alg(&sa->auth, KEYDB_ALG_AUTH));
	CHECK(check_alg(&sa->aead, KEYDB_ALG_AEAD));
	CHECK(check_alg(&sa->comp, KEYDB_ALG_COMP));
	if (sa->encr.id == 0 && sa->auth.id == 0 && sa->aead.id == 0)
		return "sa: no algorithm";
	return NULL;
}

const char *request_check_sa(const struct keydb_sa *sa)
{
	struct addr oa;

	CHECK(check_id(&sa->id));
	CHECK(check_sa_algs(sa));
	CHECK(check_selector(&sa->sel, true));
	if (sa->mode != KEYDB_MODE_TRANSPORT && sa->mode != KEYDB_MODE_TUNNEL &&
	    sa->mode != KEYDB_MODE_BEET)
		return "sa: mode";
	if (sa->flags & ~(uint32_t)SA_FLAGS)
		return "sa: flags";
	if (sa->replay_window_pkts > KEYDB_REPLAY_MAX_PKTS)
		return "sa: replay window";
	/* Elsewhere nothing would tell the padding from the packet: RFC 4303 2.7. */
	if (sa->tfc_pad_bytes &&
	    (sa->mode != KEYDB_MODE_TUNNEL || sa->id.proto != KEYDB_PROTO_ESP ||
	     sa->tfc_pad_bytes > UINT16_MAX))
		return "sa: padding";
	if (!get_addr(&sa->encap_oa, &oa))
		return "sa: original address";
	/* Security contexts and offload are nobody's to ask for yet. */
	if (sa->ctx_len != 0 || sa->offload_device[0] != 0)
		return "sa: context or device";
	return NULL;
}

/* inner: the packet's family as it comes to this template. */
static const char *check_template(const struct keydb_template *t, uint16_t inner)
{
	struct addr src, dst;

	if (!get_addr(&t->src, &src) || !get_addr(&t->dst, &dst) || src.family != dst.family)
		return "template: addresses";
	if (t->family != (addr_is_set(&src) ? src.family : inner))
		return "template: family";
	if (t->proto != KEYDB_PROTO_ESP && t->proto != KEYDB_PROTO_AH &&
	    t->proto != KEYDB_PROTO_IPCOMP)
		return "template: protocol";
	if (t->mode != KEYDB_MODE_TRANSPORT && t->mode != KEYDB_MODE_TUNNEL &&
	    t->mode != KEYDB_MODE_BEET)
		return "template: mode";
	if (t->level > KEYDB_LEVEL_UNIQUE)
		return "template: level";
	return NULL;
}

const char *request_check_policy(const struct keydb_policy *p)
{
	CHECK(check_selector(&p->sel, false));
	if (p->dir > KEYDB_DIR_FWD)
		return "policy: direction";
	if (p->action != KEYDB_ACTION_IPSEC)
		return "policy: action";
	if (p->n_templates == 0 || p->n_templates > KEYDB_TEMPLATES_MAX)
		return "policy: number of templates";
	uint16_t family = p->sel.src.sa.sa_family;
	for (unsigned int i = 0; i < p->n_templates; i++) {
		CHECK(check_template(&p->templates[i], family));
		family = p->templates[i].family;
	}
	if (p->index != 0 || p->ctx_len != 0)
		return "policy: index or context";
	return NULL;
}

static const char *check_comp(const struct comp *c, const struct keydb_sa *in,
			      const struct keydb_sa *out)
{
	if (c->cpi_in == 0 && c->cpi_out == 0)
		return NULL;
	if (!comp_cpi_is_good(c->cpi_in) || !comp_cpi_is_good(c->cpi_out))
		return "comp: CPI";
	if (c->mode != KEYDB_MODE_TUNNEL && c->mode != KEYDB_MODE_TRANSPORT)
		return "comp: mode";
	if (in->mode != KEYDB_MODE_TRANSPORT || out->mode != KEYDB_MODE_TRANSPORT)
		return "comp: the SA's mode";
	return c->flags & ~(uint32_t)SA_FLAGS ? "comp: flags" : NULL;
}

const char *request_check_child(const void *body, struct slice extra)
{
	const struct request_child *child = body;

	CHECK(request_check_sa(&child->in));
	CHECK(request_check_sa(&child->out));
	CHECK(check_comp(&child->comp, &child->in, &child->out));
	if (!is_bool(&child->in_only))
		return "child: which SAs";
	if (child->n_policies > REQUEST_POLICIES_MAX)
		return "number of policies";
	if (extra.len != child->n_policies * sizeof(child->policies[0]))
		return "size of the policies";
	for (unsigned int i = 0; i < child->n_policies; i++)
		CHECK(request_check_policy(&child->policies[i]));
	return NULL;
}

const char *request_check_complete(const void *body, struct slice extra)
{
	const struct request_complete *complete = body;

	(void)extra;
	CHECK(check_id(&complete->in));
	return request_check_sa(&complete->out);
}

const char *request_check_move(const void *body, struct slice extra)
{
	const struct request_move *move = body;
	struct addr local, peer;

	(void)extra;
	CHECK(check_id(&move->in));
	CHECK(check_id(&move->out));
	if (!get_addr(&move->local, &local) || !get_addr(&move->peer, &peer) ||
	    !addr_is_set(&local) || !addr_is_set(&peer) || local.family != peer.family)
		return "move: addresses";
	return !move->local_port == !move->peer_port ? NULL : "move: ports";
}

const char *request_check_remove(const void *body, struct slice extra)
{
	const struct request_remove *remove = body;

	(void)extra;
	CHECK(check_id(&remove->in));
	return check_id(&remove->out);
}

const char *request_check_acquire(const void *body, struct slice extra)
{
	const struct request_acquire *acquire = body;
	struct addr src, dst;

	(void)extra;
	/* A larval SA has no SPI yet. */
	if (!get_addr(&acquire->larval.src, &src) || !get_addr(&acquire->larval.dst, &dst) ||
	    !addr_is_set(&dst) || src.family != dst.family)
		return "larval: addresses";
	if (acquire->larval.proto != KEYDB_PROTO_ESP && acquire->larval.proto != KEYDB_PROTO_AH)
		return "larval: protocol";
	return NULL;
}

const char *request_check_psk(const void *body, struct slice extra)
{
	const struct request_psk *psk = body;

	if (!is_text(psk->key.peer_id, sizeof(psk->key.peer_id)))
		return "identity";
	if (psk->key.peer_addr.family != 0 && addr_len(&psk->key.peer_addr) == 0)
		return "address";
	if (psk->octets_bytes > KEEPER_OCTETS_MAX_BYTES || psk->octets_bytes == 0 ||
	    psk->auth_bytes > KEEPER_AUTH_MAX_BYTES ||
	    extra.len != (size_t)psk->octets_bytes + psk->auth_bytes)
		return "lengths";
	return NULL;
}

const char *request_check_sockets(const void *body, struct slice extra)
{
	const struct request_sockets *s = body;

	(void)extra;
	if (s->n > FRAME_FDS_MAX)
		return "number of sockets";
	for (unsigned int i = 0; i < s->n; i++) {
		if (s->roles[i] >= __SOCKET_ROLE_N)
			return "socket's role";
	}
	return NULL;
}

const char *request_check_result(const void *body, struct slice extra)
{
	const struct request_result *r = body;

	(void)extra;
	if (r->result > 0)
		return "result";
	return is_text(r->reason, sizeof(r->reason)) ? NULL : "reason";
}

const char *request_check_auth(const void *body, struct slice extra)
{
	const struct request_auth *a = body;

	(void)extra;
	if (a->result > 0)
		return "result";
	return a->auth_bytes <= KEEPER_AUTH_MAX_BYTES ? NULL : "length";
}

const char *request_check_name(const void *body, struct slice extra)
{
	const struct request_name *n = body;

	(void)extra;
	return is_text(n->name, sizeof(n->name)) && n->name[0] ? NULL : "name";
}

const char *request_check_addresses(const void *body, struct slice extra)
{
	const struct request_addresses *a = body;

	(void)extra;
	if (a->result > 0 || a->n > N_ELEMENTS(a->addrs) || (a->result < 0 && a->n > 0))
		return "number of addresses";
	for (uint32_t i = 0; i < a->n; i++)
		if (addr_len(&a->addrs[i]) == 0)
			return "address";
	return NULL;
}

const char *request_check_differences(const void *body, struct slice extra)
{
	const struct request_differences *d = body;

	(void)extra;
	if (d->result > 0 || d->n > REQUEST_DIFFERENCES_MAX || d->n > d->n_all)
		return "number of differences";
	for (uint32_t i = 0; i < d->n; i++) {
		if (!is_text(d->list[i].what, sizeof(d->list[i].what)) ||
		    !is_text(d->list[i].entry, sizeof(d->list[i].entry)))
			return "difference";
	}
	return NULL;
}
