/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy extension: a head, then requests, each with its own length in bytes.
 *
 *    0       1       2       3       4       5       6       7
 *   | length / 8    | 18            | type          | dir   |   -   |
 *   | id                            | priority                      |
 *   | bytes         | protocol      | mode  | level |       -       |   request
 *   | reqid                         | -                             |
 *   | source sockaddr, destination sockaddr without a gap, or nothing
 *
 * MIGRATE has pairs of requests: the old ends, then the new ones.
 */
#include "sadb_codec_int.h"

#include <errno.h>
#include <string.h>

/* ---- decoding ---- */

/*
 * PF_KEY numbers the directions from 1; Linux' AF_KEY shows per-socket ones, too, as 4 and 5.  An
 * index ends in its own.
 */
static bool decode_linux_dir(struct sadb_dec *d, const struct sadb_x_policy *x)
{
	struct keydb_policy *p = &d->m->policy;
	bool by_id = d->m->type == SADB_X_SPDGET || d->m->type == SADB_X_SPDDELETE2;
	uint8_t id_dir = x->sadb_x_policy_id % 8;
	if (by_id && !x->sadb_x_policy_id && !x->sadb_x_policy_dir)
		return true; /* there is no such policy, but it may be asked for */
	if (x->sadb_x_policy_id && (by_id || d->way == PFKEY_REPLY)) {
		p->dir = id_dir;
		return id_dir <= KEYDB_DIR_SOCKET_OUT || sadb_refuse(d, "unknown direction");
	}
	if (!x->sadb_x_policy_dir || x->sadb_x_policy_dir >= IPSEC_DIR_MAX)
		return sadb_refuse(d, "unknown direction");
	p->dir = (uint8_t)(x->sadb_x_policy_dir - 1);
	return true;
}

/* Elsewhere a direction is in or out, and an index is a number. */
static bool decode_dir(struct sadb_dec *d, const struct sadb_x_policy *x)
{
	if (d->layout->is_linux)
		return decode_linux_dir(d, x);
	if (x->sadb_x_policy_dir != IPSEC_DIR_INBOUND && x->sadb_x_policy_dir != IPSEC_DIR_OUTBOUND)
		return sadb_refuse(d, "unknown direction");
	d->m->policy.dir = (uint8_t)(x->sadb_x_policy_dir - 1);
	return true;
}

/* Tunnels have two addresses; other modes may. */
static bool decode_ends(struct sadb_dec *d, struct sadb_span s, struct keydb_template *ret)
{
	if (!s.n)
		return ret->mode != KEYDB_MODE_TUNNEL ||
		       sadb_refuse(d, "a tunnel request needs two addresses");
	if (!sadb_take_sockaddr(d->layout, &s, &ret->src) ||
	    !sadb_take_sockaddr(d->layout, &s, &ret->dst) ||
	    ret->src.sa.sa_family != ret->dst.sa.sa_family)
		return sadb_refuse(d, "two addresses expected in a request");
	ret->family = ret->src.sa.sa_family;
	return true;
}

/* KAME's is 8 bytes long and has a reqid of 16 bits at their end. */
bool sadb_take_request(const struct sadb_layout *l, struct sadb_span *s,
		       struct sadb_x_ipsecrequest *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!sadb_take(s, ret, l->request_len))
		return false;
	if (!l->is_linux)
		ret->sadb_x_ipsecrequest_reqid = ret->sadb_x_ipsecrequest_reserved1;
	return true;
}

static bool decode_request(struct sadb_dec *d, struct sadb_span *s, struct keydb_template *ret)
{
	struct sadb_x_ipsecrequest x;
	struct sadb_span rest = *s;
	memset(ret, 0, sizeof(*ret));
	if (!sadb_take_request(d->layout, &rest, &x))
		return sadb_refuse(d, "request too short");
	if (x.sadb_x_ipsecrequest_len < d->layout->request_len || x.sadb_x_ipsecrequest_len > s->n)
		return sadb_refuse(d, "request of a wrong length");
	struct sadb_span ends = { rest.p, x.sadb_x_ipsecrequest_len - d->layout->request_len };
	s->p += x.sadb_x_ipsecrequest_len;
	s->n -= x.sadb_x_ipsecrequest_len;
	if (!x.sadb_x_ipsecrequest_proto || x.sadb_x_ipsecrequest_proto > UINT8_MAX)
		return sadb_refuse(d, "unknown protocol of a request");
	if (!x.sadb_x_ipsecrequest_mode ||
	    !sadb_take_mode(d->layout, x.sadb_x_ipsecrequest_mode, &ret->mode))
		return sadb_refuse(d, "unknown mode of a request");
	if (x.sadb_x_ipsecrequest_level > IPSEC_LEVEL_UNIQUE)
		return sadb_refuse(d, "unknown level of a request");
	ret->proto = (uint8_t)x.sadb_x_ipsecrequest_proto;
	ret->level = x.sadb_x_ipsecrequest_level;
	ret->reqid = x.sadb_x_ipsecrequest_reqid;
	return decode_ends(d, ends, ret);
}

static bool decode_pair(struct sadb_dec *d, struct sadb_span *s, size_t i)
{
	struct keydb_template *from = &d->m->policy.templates[i], *to = &d->m->moved[i];
	if (!decode_request(d, s, from) || !decode_request(d, s, to))
		return false;
	if (!from->family || !to->family)
		return sadb_refuse(d, "a migration needs addresses");
	if (from->proto != to->proto || from->mode != to->mode || from->reqid != to->reqid)
		return sadb_refuse(d, "the requests of a migration differ");
	return true;
}

bool sadb_ext_decode_policy(struct sadb_dec *d, uint16_t type, struct sadb_span ext)
{
	struct sadb_x_policy x;
	struct keydb_policy *p = &d->m->policy;
	(void)type;
	sadb_take(&ext, &x, sizeof(x));
	if (x.sadb_x_policy_type > IPSEC_POLICY_BYPASS)
		return sadb_refuse(d, "unknown policy type");
	if (!decode_dir(d, &x))
		return false;
	p->action = (uint8_t)x.sadb_x_policy_type;
	p->index = x.sadb_x_policy_id;
	p->priority = d->layout->is_linux ? x.sadb_x_policy_priority : 0; /* theirs is another */
	for (p->n_templates = 0; ext.n; p->n_templates++) {
		if (p->n_templates == KEYDB_TEMPLATES_MAX)
			return sadb_refuse(d, "more than 6 requests");
		if (d->subject == SUBJECT_MIGRATE
			    ? !decode_pair(d, &ext, p->n_templates)
			    : !decode_request(d, &ext, &p->templates[p->n_templates]))
			return false;
	}
	return true;
}

/* ---- encoding ---- */

static void put_request(struct sadb_enc *e, const struct keydb_template *t)
{
	struct sadb_x_ipsecrequest x = {
		.sadb_x_ipsecrequest_proto = t->proto,
		.sadb_x_ipsecrequest_mode = t->mode,
		.sadb_x_ipsecrequest_level = t->level,
		.sadb_x_ipsecrequest_reqid = t->reqid,
	};
	bool ends = sadb_family_bits(&t->src) && sadb_family_bits(&t->dst);
	size_t at = e->used;
	if (t->mode == KEYDB_MODE_ANY)
		sadb_fail(e, -EINVAL, "a request needs a mode");
	if (e->way == PFKEY_REQUEST && t->mode > KEYDB_MODE_BEET)
		sadb_fail(e, -EOPNOTSUPP, "PF_KEY has no number for the mode");
	if (e->way == PFKEY_REQUEST && t->spi)
		sadb_fail(e, -EOPNOTSUPP, "PF_KEY cannot carry the SPI of a request");
	if (t->mode == KEYDB_MODE_TUNNEL && !ends)
		sadb_fail(e, -EINVAL, "a tunnel request needs two addresses");
	sadb_put(e, &x, sizeof(x));
	if (ends) {
		sadb_put_sockaddr(e, &t->src, sadb_port_of(&t->src));
		sadb_put_sockaddr(e, &t->dst, sadb_port_of(&t->dst));
	}
	if (e->error)
		return;
	x.sadb_x_ipsecrequest_len = (uint16_t)(e->used - at);
	memcpy(e->buf + at, &x, sizeof(x));
}

/* Deletions and questions name a policy, they do not describe it. */
static bool with_requests(const struct sadb_enc *e)
{
	uint8_t type = e->m->type;
	if (e->way == PFKEY_REPLY)
		return type != SADB_ACQUIRE;
	return type == SADB_X_SPDADD || type == SADB_X_SPDUPDATE || type == SADB_X_SPDSETIDX ||
	       type == SADB_X_MIGRATE;
}

static void put_requests(struct sadb_enc *e)
{
	const struct keydb_policy *p = &e->m->policy;
	if (p->n_templates > KEYDB_TEMPLATES_MAX) {
		sadb_fail(e, -EINVAL, "more than 6 requests");
		return;
	}
	for (size_t i = 0; i < p->n_templates; i++) {
		put_request(e, &p->templates[i]);
		if (e->subject == SUBJECT_MIGRATE)
			put_request(e, &e->m->moved[i]);
	}
}

void sadb_ext_encode_policy(struct sadb_enc *e, uint16_t type)
{
	const struct keydb_policy *p = &e->m->policy;
	struct sadb_x_policy x = {
		.sadb_x_policy_type = p->action,
		.sadb_x_policy_dir = (uint8_t)(p->dir + 1),
		.sadb_x_policy_id = p->index,
		.sadb_x_policy_priority = p->priority,
	};
	(void)type;
	sadb_put(e, &x, sizeof(x));
	if (p->action == KEYDB_ACTION_IPSEC && with_requests(e))
		put_requests(e);
}
