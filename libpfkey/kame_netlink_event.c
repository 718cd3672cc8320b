/* SPDX-License-Identifier: BSD-2-Clause */
/* What XFRM tells, in PF_KEY's words, with all that Linux' AF_KEY writes. */
#include "kame_session.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum {
	COMB_HARD_ADD_SEC = 24 * 60 * 60, /* AF_KEY's proposal in an ACQUIRE */
	COMB_SOFT_ADD_SEC = 20 * 60 * 60,
	COMB_HARD_USE_SEC = 8 * 60 * 60,
	COMB_SOFT_USE_SEC = 7 * 60 * 60,
	COMB_REPLAY_PKTS = 32,
	COMBS_MAX = KAME_REPLY_MAX_BYTES / sizeof(struct sadb_comb) / 2,
	TEMPLATE_ALGS = 32, /* a template of XFRM has a bit for each lower number */
};

/* ---- writing ---- */

/* Encodes m into s->reply: its length, or 0. */
static size_t encode(struct kame_session *s, const struct sadb_message *m, uint8_t satype)
{
	const char *why;
	struct sadb_msg h;
	size_t len = 0;
	if (sadb_encode(PFKEY_REPLY, m, s->reply, sizeof(s->reply), &len, &why))
		return 0;
	memcpy(&h, s->reply, sizeof(h));
	h.sadb_msg_satype = satype;
	memcpy(s->reply, &h, sizeof(h));
	return len;
}

void kame_netlink_reply(struct kame_session *s, const struct sadb_message *m, uint8_t satype,
			struct kame_list *to)
{
	size_t len = encode(s, m, satype);
	if (len)
		kame_list_add(to, s->reply, len);
	explicit_bzero(s->reply, len);
}

/* AF_KEY tells the source of an SA's selector, also an open one, unless it is that of the SA. */
static void set_sa(struct sadb_message *m, const struct keydb_sa *sa)
{
	union keydb_addr *from = &m->sa.sel.src;
	m->sa = *sa;
	m->whole = true;
	if (!xfrm_addr_family(from) && sa->state != KEYDB_SA_LARVAL)
		from->sa.sa_family = sa->id.dst.sa.sa_family;
	xfrm_address_t a = xfrm_addr_to_kernel(from), b = xfrm_addr_to_kernel(&sa->id.src);
	if (!memcmp(&a, &b, sizeof(a)))
		from->sa.sa_family = AF_UNSPEC;
}

static void set_policy(struct sadb_message *m, const struct keydb_policy *p)
{
	m->policy = *p;
	m->whole = true;
	m->refcnt = 1; /* netlink does not tell */
}

/* ---- proposals ---- */

static void set_comb(struct sadb_comb *c, const struct sadb_alg *auth, const struct sadb_alg *encr)
{
	memset(c, 0, sizeof(*c));
	c->sadb_comb_auth = auth->sadb_alg_id;
	c->sadb_comb_auth_minbits = auth->sadb_alg_minbits;
	c->sadb_comb_auth_maxbits = auth->sadb_alg_maxbits;
	if (encr) {
		c->sadb_comb_encrypt = encr->sadb_alg_id;
		c->sadb_comb_encrypt_minbits = encr->sadb_alg_minbits;
		c->sadb_comb_encrypt_maxbits = encr->sadb_alg_maxbits;
	}
	c->sadb_comb_hard_addtime = COMB_HARD_ADD_SEC;
	c->sadb_comb_soft_addtime = COMB_SOFT_ADD_SEC;
	c->sadb_comb_hard_usetime = COMB_HARD_USE_SEC;
	c->sadb_comb_soft_usetime = COMB_SOFT_USE_SEC;
}

/* An AEAD is no half of a pair. */
static bool is_proposed(const struct sadb_alg *a, enum keydb_alg_kind kind)
{
	return a->sadb_alg_id < TEMPLATE_ALGS && keydb_alg_by_pfkey(kind, a->sadb_alg_id);
}

/* Every algorithm of AH, or every pair of ESP: how many were written. */
static size_t set_combs(const struct kame_algs *a, uint8_t proto, struct sadb_comb *ret, size_t max)
{
	size_t n = 0, n_encr = proto == KEYDB_PROTO_ESP ? a->n_encr : 1;
	for (size_t i = 0; i < n_encr; i++) {
		const struct sadb_alg *encr = proto == KEYDB_PROTO_ESP ? &a->encr[i] : NULL;
		if (encr && !is_proposed(encr, KEYDB_ALG_ENCR))
			continue;
		for (size_t k = 0; k < a->n_auth && n < max; k++)
			if (is_proposed(&a->auth[k], KEYDB_ALG_AUTH))
				set_comb(&ret[n++], &a->auth[k], encr);
	}
	return n;
}

/* ---- events ---- */

static void remember(struct kame_session *s, const struct keydb_event *e)
{
	struct kame_acquire *a = &s->acquires[s->next_acquire++ % KAME_ACQUIRES_MAX];
	a->seq = e->seq;
	a->id = e->sa.id;
	a->mode = e->sa.mode;
	a->reqid = e->sa.reqid;
	a->if_id = e->sa.if_id;
}

static void on_acquire(struct kame_session *s, const struct keydb_event *e, struct sadb_message *m,
		       struct kame_list *to)
{
	struct sadb_comb combs[COMBS_MAX];
	remember(s, e);
	m->seq = e->seq;
	m->pid = 0;
	m->sa.id = e->sa.id;
	m->policy.action = KEYDB_ACTION_IPSEC;
	m->policy.dir = KEYDB_DIR_OUT;
	m->policy.index = e->policy.index;
	m->policy.priority = e->policy.priority;
	m->combs = combs;
	if (e->sa.id.proto == KEYDB_PROTO_ESP || e->sa.id.proto == KEYDB_PROTO_AH) {
		m->n_combs = set_combs(&s->algs, e->sa.id.proto, combs, COMBS_MAX);
		m->combs_replay = COMB_REPLAY_PKTS;
	}
	kame_netlink_reply(s, m, sadb_satype(e->sa.id.proto), to);
}

static void on_mapping(struct kame_session *s, const struct keydb_event *e, struct sadb_message *m,
		       struct kame_list *to)
{
	m->sa = e->sa;
	m->new_addr = e->new_addr;
	m->seq = m->pid = 0;
	kame_netlink_reply(s, m, sadb_satype(e->sa.id.proto), to);
}

static void on_expire(struct kame_session *s, const struct keydb_event *e, struct sadb_message *m,
		      struct kame_list *to)
{
	set_sa(m, &e->sa);
	m->hard = e->hard;
	m->seq = m->pid = 0;
	kame_netlink_reply(s, m, sadb_satype(e->sa.id.proto), to);
}

static void on_sa(struct kame_session *s, const struct keydb_event *e, struct sadb_message *m,
		  struct kame_list *to)
{
	set_sa(m, &e->sa);
	if (e->deleted)
		m->sa.state = KEYDB_SA_DEAD;
	else if (m->type == SADB_GET) /* else it is as it was then */
		m->sa.state = xfrm_sa_state(&e->sa, (uint64_t)time(NULL));
	kame_netlink_reply(s, m, sadb_satype(e->sa.id.proto), to);
}

static void on_flush(struct kame_session *s, const struct keydb_event *e, struct sadb_message *m,
		     struct kame_list *to)
{
	kame_netlink_reply(s, m, sadb_satype(e->sa.id.proto), to);
}

/* Sub-policies are not PF_KEY's. */
static void on_policy(struct kame_session *s, const struct keydb_event *e, struct sadb_message *m,
		      struct kame_list *to)
{
	set_policy(m, &e->policy);
	if (e->kind == KEYDB_EVENT_POLICY_EXPIRE)
		m->seq = m->pid = 0;
	if (!e->policy.sub)
		kame_netlink_reply(s, m, SADB_SATYPE_UNSPEC, to);
}

/* clang-format off */
static const struct {
	uint16_t nl_type;
	uint8_t type;
	void (*make)(struct kame_session *s, const struct keydb_event *e, struct sadb_message *m,
		     struct kame_list *to);
} rows[] = {
	{ XFRM_MSG_ACQUIRE, SADB_ACQUIRE, on_acquire },
	{ XFRM_MSG_EXPIRE, SADB_EXPIRE, on_expire },
	{ XFRM_MSG_POLEXPIRE, SADB_X_SPDEXPIRE, on_policy },
	{ XFRM_MSG_MAPPING, SADB_X_NAT_T_NEW_MAPPING, on_mapping },
	{ XFRM_MSG_NEWSA, SADB_ADD, on_sa },
	{ XFRM_MSG_UPDSA, SADB_UPDATE, on_sa },
	{ XFRM_MSG_DELSA, SADB_DELETE, on_sa },
	{ XFRM_MSG_FLUSHSA, SADB_FLUSH, on_flush },
	{ XFRM_MSG_NEWPOLICY, SADB_X_SPDADD, on_policy },
	{ XFRM_MSG_UPDPOLICY, SADB_X_SPDUPDATE, on_policy },
	{ XFRM_MSG_DELPOLICY, SADB_X_SPDDELETE, on_policy },
	{ XFRM_MSG_FLUSHPOLICY, SADB_X_SPDFLUSH, on_flush },
};
/* clang-format on */

/* A deletion by index is another message than one by selector. */
static uint8_t type_of(size_t row, const struct nlmsghdr *h)
{
	struct keydb_policy id;
	if (h->nlmsg_type == XFRM_MSG_DELPOLICY &&
	    !xfrm_decode_policy_id(nlmsg_data(h), (size_t)nlmsg_datalen(h), &id) && id.index)
		return SADB_X_SPDDELETE2;
	return rows[row].type;
}

/* m has the type already, or 0: the event's own. */
static void make_event(struct kame_session *s, const struct nlmsghdr *h, struct sadb_message *m,
		       struct kame_list *to)
{
	struct keydb_event e;
	if (!xfrm_decode_event(h->nlmsg_type, nlmsg_data(h), (size_t)nlmsg_datalen(h), &e)) {
		data_path_show_event(&s->path, &e);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (rows[i].nl_type != h->nlmsg_type)
				continue;
			m->type = m->type ? m->type : type_of(i, h);
			rows[i].make(s, &e, m, to);
		}
	}
	explicit_bzero(&e, sizeof(e));
	explicit_bzero(m, sizeof(*m));
}

static void make_migration(struct kame_session *s, const struct nlmsghdr *h, struct sadb_message *m,
			   struct kame_list *to)
{
	struct xfrm_migration x;
	if (xfrm_decode_migration(nlmsg_data(h), (size_t)nlmsg_datalen(h), &x))
		return;
	m->type = SADB_X_MIGRATE;
	m->seq = m->pid = 0;
	m->policy = x.policy;
	memcpy(m->moved, x.moved, sizeof(m->moved));
	m->km_src = x.km_src;
	m->km_dst = x.km_dst;
	kame_netlink_reply(s, m, sadb_satype(x.policy.templates[0].proto), to);
}

void kame_netlink_event(struct kame_session *s, const struct nlmsghdr *h, struct kame_list *to)
{
	struct sadb_message m;
	sadb_message_init(&m, 0);
	m.seq = h->nlmsg_seq;
	m.pid = h->nlmsg_pid;
	if (h->nlmsg_type == XFRM_MSG_MIGRATE)
		make_migration(s, h, &m, to);
	else
		make_event(s, h, &m, to);
}

/* ---- answers ---- */

void kame_netlink_answer(struct kame_session *s, const struct nlmsghdr *h, struct kame_request *q)
{
	bool asked = q->type == SADB_GET || q->type == SADB_GETSPI || q->type == SADB_X_SPDGET;
	struct sadb_message m;
	sadb_message_init(&m, asked ? q->type : 0);
	m.seq = q->msg ? q->msg->sadb_msg_seq : 0;
	m.pid = q->msg ? q->msg->sadb_msg_pid : 0;
	if (q->msg)
		make_event(s, h, &m, &q->answers);
}

size_t kame_netlink_entry(struct kame_session *s, const struct nlmsghdr *h,
			  const struct kame_request *q)
{
	struct sadb_message m;
	struct keydb_event e;
	size_t len = 0;
	sadb_message_init(&m, q->type);
	m.seq = s->dump.count + 1;
	m.pid = q->msg->sadb_msg_pid;
	if (xfrm_decode_event(h->nlmsg_type, nlmsg_data(h), (size_t)nlmsg_datalen(h), &e))
		return 0;
	data_path_show_event(&s->path, &e);
	if (e.kind == KEYDB_EVENT_SA_CHANGE && q->type == SADB_DUMP) {
		set_sa(&m, &e.sa);
		m.sa.state = xfrm_sa_state(&e.sa, (uint64_t)time(NULL));
		len = encode(s, &m, sadb_satype(e.sa.id.proto));
	} else if (e.kind == KEYDB_EVENT_POLICY_CHANGE && q->type == SADB_X_SPDDUMP &&
		   !e.policy.sub) {
		set_policy(&m, &e.policy);
		len = encode(s, &m, SADB_SATYPE_UNSPEC);
	}
	if (len)
		s->dump.count++;
	explicit_bzero(&e, sizeof(e));
	explicit_bzero(&m, sizeof(m));
	return len;
}

void kame_netlink_repeat(struct kame_session *s, const struct kame_request *q, struct kame_list *to)
{
	struct sadb_message m;
	const char *why;
	if (!sadb_decode(PFKEY_REQUEST, q->msg, q->len, &m, &why)) {
		if (m.type == SADB_ADD || m.type == SADB_UPDATE)
			m.sa.state = KEYDB_SA_MATURE;
		kame_netlink_reply(s, &m, q->msg->sadb_msg_satype, to);
	}
	explicit_bzero(&m, sizeof(m));
}
