/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request of PF_KEY as one of netlink.
 *
 * What Linux' AF_KEY refuses before it asks XFRM is refused here with the same errno.  What netlink
 * has no request for, and what was refused, goes out as a harmless question: its acknowledgement is
 * the sign that the answer, which is ready then, may be received.
 */
#include "kame_session.h"
#include "keydb_int.h"
#include "pfkey_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIT(type) (1u << (type))

enum {
	SPI_MIN = 0x100, /* AF_KEY's own range */
	SPI_MAX = 0x0fffffff,
	CPI_MAX = 0xffff,
	REPLAY_MAX_PKTS = IPSEC_REPLAYWSIZE,
};

/* A request on its way: its header as it came, what it says. */
struct call {
	struct kame_session *s;
	struct kame_request *q;
	struct sadb_msg head;
	struct sadb_message m;
};

/* ---- what AF_KEY refuses: 0 or negative errno ---- */

static bool knows_satype(const struct call *c)
{
	return c->head.sadb_msg_satype == SADB_SATYPE_UNSPEC || c->m.sa.id.proto;
}

static bool has(const struct call *c, uint16_t ext)
{
	return c->m.present & BIT(ext);
}

/* A key extension without a key is for algorithms that take none. */
static bool is_empty_key(const struct call *c, uint16_t ext, const struct keydb_alg *a,
			 uint16_t null_id)
{
	return has(c, ext) && !a->key_bits && a->id != null_id;
}

static int check_sa(const struct call *c)
{
	const struct keydb_sa *sa = &c->m.sa;
	const struct keydb_alg *cipher = sa->aead.id ? &sa->aead : &sa->encr;
	if (!knows_satype(c) ||
	    (sa->id.proto == KEYDB_PROTO_ESP && !has(c, SADB_EXT_KEY_ENCRYPT)) ||
	    (sa->id.proto == KEYDB_PROTO_AH && !has(c, SADB_EXT_KEY_AUTH)) ||
	    has(c, SADB_EXT_LIFETIME_HARD) != has(c, SADB_EXT_LIFETIME_SOFT) ||
	    is_empty_key(c, SADB_EXT_KEY_AUTH, &sa->auth, KEYDB_ALG_AUTH_NULL) ||
	    is_empty_key(c, SADB_EXT_KEY_ENCRYPT, cipher, KEYDB_ALG_NULL))
		return -EINVAL;
	return sa->id.proto ? 0 : -EPROTONOSUPPORT;
}

static int check_sa_id(const struct call *c)
{
	return c->m.sa.id.proto ? 0 : -ESRCH;
}

static int check_getspi(const struct call *c)
{
	return c->m.sa.id.proto ? 0 : -EINVAL;
}

static int check_satype(const struct call *c)
{
	return knows_satype(c) ? 0 : -EINVAL;
}

static int check_policy(const struct call *c)
{
	return c->m.policy.action > KEYDB_ACTION_IPSEC ? -EINVAL : 0;
}

static int check_policy_id(const struct call *c)
{
	if (c->m.policy.dir > KEYDB_DIR_FWD)
		return -EINVAL;
	return c->m.policy.index ? 0 : -ENOENT;
}

static int check_migrate(const struct call *c)
{
	return c->m.policy.n_templates ? 0 : -EINVAL;
}

/* ---- what goes out: 0 or negative errno ---- */

/* AF_KEY reads less of an SA than the message can say. */
static int encode_sa(struct call *c)
{
	const char *why;
	struct keydb_sa *sa = &c->m.sa;
	sa->auth.icv_bits = 0; /* RFC 4868's */
	if (sa->replay_window_pkts > REPLAY_MAX_PKTS)
		sa->replay_window_pkts = REPLAY_MAX_PKTS;
	if (!has(c, SADB_X_EXT_NAT_T_TYPE))
		sa->encap_src_port = sa->encap_dst_port = 0;
	memset(&sa->encap_oa, 0, sizeof(sa->encap_oa));
	sa->sel.proto = 0;
	sa->sel.src_port_any = sa->sel.dst_port_any = true;
	return xfrm_encode_sa(c->s->nl, sa, 0, &why);
}

static int encode_sa_id(struct call *c)
{
	const char *why;
	return xfrm_encode_sa_id(c->s->nl, &c->m.sa.id, &why);
}

static int encode_getspi(struct call *c)
{
	const char *why;
	uint32_t min = SPI_MIN, max = SPI_MAX;
	if (c->m.sa.id.proto == KEYDB_PROTO_IPCOMP)
		max = CPI_MAX;
	if (has(c, SADB_EXT_SPIRANGE)) {
		min = c->m.spi_min;
		max = c->m.spi_max;
	}
	return xfrm_encode_allocspi(c->s->nl, &c->m.sa, min, max, &why);
}

static int encode_flush(struct call *c)
{
	return xfrm_encode_sa_flush(c->s->nl, c->m.sa.id.proto);
}

static int encode_dump(struct call *c)
{
	return xfrm_encode_sa_dump(c->s->nl, c->m.sa.id.proto, &c->m.filter);
}

static int encode_nothing(struct call *c)
{
	(void)c;
	return 0;
}

/*
 * AF_KEY takes end points from tunnels only; those of BEET, without which that works with nobody,
 * stay.  Reqids count at the level unique, and large ones are made anew.
 */
static void normalise_template(struct keydb_template *t)
{
	if (t->mode != KEYDB_MODE_TUNNEL && t->mode != KEYDB_MODE_BEET) {
		memset(&t->src, 0, sizeof(t->src));
		memset(&t->dst, 0, sizeof(t->dst));
		t->family = 0;
	}
	if (t->level != KEYDB_LEVEL_UNIQUE || t->reqid > KEYDB_REQID_MANUAL_MAX)
		t->reqid = 0;
}

/* The tag of the policy that is there, 0: it is the kernel's.  -ENOENT, other negative errno. */
static int tag_there(struct kame_session *s, const struct keydb_policy *p, uint32_t *ret)
{
	struct keydb *side = kame_session_side(s);
	struct keydb_policy there;
	int rc = side ? keydb_policy_get(side, p, &there) : -ENOBUFS;
	if (!rc)
		*ret = there.tag;
	return rc;
}

/*
 * A new policy goes where it belongs (data_path.h).  One that is there already in its other form
 * is in the way of an addition, and is moved by an update, which is then sent once more.
 */
static int place_policy(struct call *c, struct keydb_policy *p)
{
	struct kame_session *s = c->s;
	uint32_t tag = data_path_tag(&s->path), there = 0;
	if (!tag || !data_path_may_tag(p))
		return 0;
	uint32_t form = data_path_wants(p) ? tag : 0;
	int rc = tag_there(s, p, &there);
	if (!rc && there != form) {
		if (c->head.sadb_msg_type != SADB_X_SPDUPDATE)
			return -EEXIST;
		rc = keydb_policy_update(s->side, p);
	}
	p->if_id = form;
	return rc == -ENOENT ? 0 : rc;
}

/* One that is asked for by its name, or its index, is found in either form. */
static int find_policy(struct call *c, struct keydb_policy *p)
{
	uint32_t there = 0;
	if (!data_path_tag(&c->s->path) || !data_path_may_tag(p))
		return 0;
	int rc = tag_there(c->s, p, &there);
	p->if_id = there;
	return rc == -ENOENT ? 0 : rc; /* the kernel will say so */
}

static int encode_policy(struct call *c)
{
	const char *why;
	struct keydb_policy *p = &c->m.policy;
	p->index = 0;
	if (p->action == KEYDB_ACTION_IPSEC && !p->n_templates)
		p->action = KEYDB_ACTION_NONE;
	for (size_t i = 0; i < p->n_templates; i++)
		normalise_template(&p->templates[i]);
	int rc = keydb_policy_set_reqids(p);
	if (!rc)
		rc = place_policy(c, p);
	return rc ? rc : xfrm_encode_policy(c->s->nl, p, &why);
}

static int encode_policy_id(struct call *c)
{
	const char *why;
	int rc = find_policy(c, &c->m.policy);
	return rc ? rc : xfrm_encode_policy_id(c->s->nl, &c->m.policy, &why);
}

static int encode_policy_selector(struct call *c)
{
	c->m.policy.index = 0;
	return encode_policy_id(c);
}

static int encode_migrate(struct call *c)
{
	const char *why;
	struct xfrm_migration x = { .policy = c->m.policy,
				    .km_src = c->m.km_src,
				    .km_dst = c->m.km_dst };
	memcpy(x.moved, c->m.moved, sizeof(x.moved));
	x.policy.index = 0;
	if (data_path_tag(&c->s->path) && kame_session_side(c->s))
		keydb_netlink_give_back(c->s->side, &x.policy);
	return xfrm_encode_migration(c->s->nl, &x, &why);
}

/* ---- what needs no request: 0, or negative errno ---- */

static int join_negotiations(struct kame_session *s)
{
	static const int groups[] = { XFRMNLGRP_ACQUIRE, XFRMNLGRP_EXPIRE };
	if (s->registered)
		return 0;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int rc = kame_netlink_join(s->fd, groups[i]);
		if (rc)
			return rc;
	}
	kame_netlink_join(s->fd, XFRMNLGRP_MAPPING); /* since Linux 2.6.29 */
	return 0;
}

/* The type 0 asks for the algorithms only. */
static int do_register(struct call *c)
{
	struct kame_session *s = c->s;
	uint8_t satype = c->head.sadb_msg_satype;
	if (satype > SADB_SATYPE_MAX)
		return -EINVAL;
	if (s->registered & BIT(satype))
		return -EEXIST;
	int rc = satype ? join_negotiations(s) : 0;
	if (!rc)
		rc = kame_netlink_probe(&s->algs);
	if (rc)
		return rc;
	if (satype)
		s->registered |= BIT(satype);
	c->m.auth_algs = s->algs.auth;
	c->m.n_auth_algs = s->algs.n_auth;
	c->m.encr_algs = s->algs.encr;
	c->m.n_encr_algs = s->algs.n_encr;
	kame_netlink_reply(s, &c->m, satype, &c->q->answers);
	return 0;
}

static int do_promisc(struct call *c)
{
	struct sadb_msg answer = c->head;
	if (c->head.sadb_msg_len != sizeof(answer) / 8)
		return -EOPNOTSUPP; /* there is nobody to whom netlink would carry it */
	if (c->head.sadb_msg_satype > 1)
		return -EINVAL;
	c->s->promisc = c->head.sadb_msg_satype;
	answer.sadb_msg_errno = 0;
	return kame_list_add(&c->q->answers, &answer, sizeof(answer));
}

/* Not answered: the larval SA goes away, so that the next packet asks again. */
static void drop_acquire(struct kame_session *s, struct kame_acquire *a)
{
	struct keydb *side = kame_session_side(s);
	struct keydb_sa larval;
	memset(&larval, 0, sizeof(larval));
	larval.id = a->id;
	larval.mode = a->mode;
	larval.reqid = a->reqid;
	larval.if_id = a->if_id;
	larval.kernel_seq = a->seq;
	a->seq = 0;
	if (side)
		keydb_acquire_drop(side, &larval);
}

static int do_acquire(struct call *c)
{
	struct kame_session *s = c->s;
	if (c->head.sadb_msg_len != sizeof(c->head) / 8)
		return -EOPNOTSUPP;
	if (!c->head.sadb_msg_seq || !c->head.sadb_msg_errno)
		return 0;
	for (size_t i = 0; i < KAME_ACQUIRES_MAX; i++)
		if (s->acquires[i].seq == c->head.sadb_msg_seq)
			drop_acquire(s, &s->acquires[i]);
	return 0;
}

/* ---- the table ---- */

#define CREATE (NLM_F_CREATE | NLM_F_EXCL)

/* clang-format off */
static const struct row {
	int (*check)(const struct call *c);
	int (*encode)(struct call *c);
	int (*act)(struct call *c); /* instead of both */
	uint16_t nl_type, nl_flags;
} rows[SADB_MAX + 1] = {
	[SADB_GETSPI] = { check_getspi, encode_getspi, NULL, XFRM_MSG_ALLOCSPI, 0 },
	[SADB_UPDATE] = { check_sa, encode_sa, NULL, XFRM_MSG_UPDSA, NLM_F_REPLACE },
	[SADB_ADD] = { check_sa, encode_sa, NULL, XFRM_MSG_NEWSA, CREATE },
	[SADB_DELETE] = { check_sa_id, encode_sa_id, NULL, XFRM_MSG_DELSA, 0 },
	[SADB_GET] = { check_sa_id, encode_sa_id, NULL, XFRM_MSG_GETSA, 0 },
	[SADB_ACQUIRE] = { NULL, NULL, do_acquire, 0, 0 },
	[SADB_REGISTER] = { NULL, NULL, do_register, 0, 0 },
	[SADB_FLUSH] = { check_satype, encode_flush, NULL, XFRM_MSG_FLUSHSA, 0 },
	[SADB_DUMP] = { check_satype, encode_dump, NULL, XFRM_MSG_GETSA, NLM_F_DUMP },
	[SADB_X_PROMISC] = { NULL, NULL, do_promisc, 0, 0 },
	[SADB_X_SPDUPDATE] = { check_policy, encode_policy, NULL, XFRM_MSG_UPDPOLICY, NLM_F_REPLACE },
	[SADB_X_SPDADD] = { check_policy, encode_policy, NULL, XFRM_MSG_NEWPOLICY, CREATE },
	[SADB_X_SPDDELETE] = { NULL, encode_policy_selector, NULL, XFRM_MSG_DELPOLICY, 0 },
	[SADB_X_SPDGET] = { check_policy_id, encode_policy_id, NULL, XFRM_MSG_GETPOLICY, 0 },
	[SADB_X_SPDDUMP] = { NULL, encode_nothing, NULL, XFRM_MSG_GETPOLICY, NLM_F_DUMP },
	[SADB_X_SPDFLUSH] = { NULL, encode_nothing, NULL, XFRM_MSG_FLUSHPOLICY, 0 },
	[SADB_X_SPDSETIDX] = { check_policy, encode_policy, NULL, XFRM_MSG_NEWPOLICY, CREATE },
	[SADB_X_SPDDELETE2] = { check_policy_id, encode_policy_id, NULL, XFRM_MSG_DELPOLICY, 0 },
	[SADB_X_MIGRATE] = { check_migrate, encode_migrate, NULL, XFRM_MSG_MIGRATE, 0 },
};
/* clang-format on */

/* Starts a message of netlink over; the keys of the last one go. */
static void begin(struct kame_session *s, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = nlmsg_hdr(s->nl);
	explicit_bzero(h, h->nlmsg_len);
	h->nlmsg_len = NLMSG_HDRLEN;
	h->nlmsg_type = type;
	h->nlmsg_flags = flags | NLM_F_REQUEST;
	if ((flags & NLM_F_DUMP) != NLM_F_DUMP)
		h->nlmsg_flags |= NLM_F_ACK;
}

/* Writes the request's netlink message: 0 or negative errno. */
static int translate(struct call *c)
{
	const struct row *row = &rows[c->head.sadb_msg_type];
	const char *why;
	if (!row->encode && !row->act)
		return -EOPNOTSUPP;
	if (c->head.sadb_msg_type == SADB_ACQUIRE)
		return row->act(c); /* its errno is not an error of ours */
	if (sadb_decode(PFKEY_REQUEST, c->q->msg, c->q->len, &c->m, &why))
		return -EINVAL;
	if (row->act)
		return row->act(c);
	int rc = row->check ? row->check(c) : 0;
	if (rc)
		return rc;
	begin(c->s, row->nl_type, row->nl_flags);
	c->q->dump = row->nl_flags == NLM_F_DUMP;
	return row->encode(c);
}

/* The question, which every kernel with XFRM answers (and every SELinux policy knows). */
static void begin_token(struct kame_session *s)
{
	uint32_t flags = 0;
	begin(s, XFRM_MSG_GETSADINFO, 0);
	nlmsg_append(s->nl, &flags, sizeof(flags), NLMSG_ALIGNTO); /* it has room */
}

/* ---- sending ---- */

static int send_now(struct kame_session *s, struct kame_request *q, struct nlmsghdr *h)
{
	h->nlmsg_seq = q->seq = ++s->seq;
	h->nlmsg_pid = s->portid; /* events repeat it */
	if (q->dump) {
		s->dump.running = true;
		s->dump.changed = false;
		s->dump.count = 0;
		s->dump.seq = q->seq;
	}
	int rc = pfkey_io_send(s->fd, h, h->nlmsg_len);
	if (rc && q->dump)
		s->dump.running = false;
	return rc;
}

/* A socket of netlink has one dump at a time. */
static int send_or_keep(struct kame_session *s, struct kame_request *q)
{
	struct nlmsghdr *h = nlmsg_hdr(s->nl);
	if (!q->dump || !s->dump.running)
		return send_now(s, q, h);
	q->nl = malloc(h->nlmsg_len);
	if (!q->nl)
		return -ENOMEM;
	memcpy(q->nl, h, h->nlmsg_len);
	q->unsent = true;
	return 0;
}

int kame_netlink_send_later(struct kame_session *s, struct kame_request *q)
{
	q->unsent = false;
	return send_now(s, q, q->nl);
}

int kame_netlink_send_barrier(struct kame_session *s)
{
	struct kame_request *q = kame_requests_add(&s->requests, NULL, 0);
	if (!q)
		return -ENOMEM;
	begin_token(s);
	int rc = send_now(s, q, nlmsg_hdr(s->nl));
	if (rc)
		kame_requests_drop(&s->requests, q);
	return rc;
}

/* What AF_KEY does not even answer. */
static int check_head(const struct sadb_msg *h, size_t len)
{
	if (h->sadb_msg_version != PF_KEY_V2 || h->sadb_msg_reserved ||
	    h->sadb_msg_type == SADB_RESERVED || h->sadb_msg_type > SADB_MAX)
		return -EINVAL;
	return len % 8 || h->sadb_msg_len != len / 8 ? -EMSGSIZE : 0;
}

static bool is_answered(const struct call *c)
{
	return c->head.sadb_msg_type != SADB_ACQUIRE || c->q->error || c->q->echo;
}

static int run(struct call *c)
{
	struct kame_session *s = c->s;
	c->q->type = c->head.sadb_msg_type;
	c->q->echo = s->promisc;
	int rc = translate(c);
	explicit_bzero(&c->m, sizeof(c->m));
	if (rc)
		c->q->dump = false;
	c->q->error = -rc;
	if (!is_answered(c)) {
		kame_requests_drop(&s->requests, c->q);
		return 0;
	}
	if (rc || rows[c->q->type].act)
		begin_token(s);
	rc = send_or_keep(s, c->q);
	begin(s, 0, 0);
	if (rc)
		kame_requests_drop(&s->requests, c->q);
	return rc;
}

int kame_netlink_send(struct kame_session *s, const void *msg, size_t len)
{
	struct call c = { .s = s };
	if (len < sizeof(c.head))
		return -EMSGSIZE;
	memcpy(&c.head, msg, sizeof(c.head));
	int rc = check_head(&c.head, len);
	if (rc)
		return rc;
	c.q = kame_requests_add(&s->requests, msg, len);
	return c.q ? run(&c) : -ENOBUFS;
}

int kame_netlink_join(int fd, int group)
{
	return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) ? -errno
											  : 0;
}
