/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages about policies. */
#include "kame_send.h"
#include "sadb_codec.h"

#include <string.h>

/* What is common to the messages that name a policy by its selector. */
struct spd {
	struct sockaddr *src, *dst;
	u_int prefs, prefd, proto;
	uint64_t ltime, vtime;
	caddr_t policy;
	int policylen;
	uint32_t seq;
};

static void put_policy(struct kame_msg *m, caddr_t policy, int len)
{
	struct keydb_policy p;
	const char *why = NULL;
	if (m->bad)
		return;
	if (!policy || len <= 0 || sadb_decode_policy(policy, (size_t)len, &p, &why)) {
		kame_bad(m, KAME_INVAL_POLICY, why);
		return;
	}
	if (p.action > KEYDB_ACTION_IPSEC)
		kame_bad(m, KAME_INVAL_POLICY, "entrust and bypass are for sockets only");
	struct sadb_x_policy head;
	memcpy(&head, policy, sizeof(head));
	kame_put(m, policy, (size_t)head.sadb_x_policy_len * 8);
}

static int send_spd(int so, u_int type, const struct spd *s)
{
	struct kame_msg m;
	struct sadb_lifetime hard = { .sadb_lifetime_addtime = s->ltime,
				      .sadb_lifetime_usetime = s->vtime };
	kame_begin(&m, type, SADB_SATYPE_UNSPEC, s->seq);
	kame_put_addr(&m, SADB_EXT_ADDRESS_SRC, s->src, s->prefs, s->proto);
	kame_put_addr(&m, SADB_EXT_ADDRESS_DST, s->dst, s->prefd, s->proto);
	if (!m.bad && s->src->sa_family != s->dst->sa_family)
		kame_bad(&m, KAME_FAMILY_MISMATCH, NULL);
	kame_put_ext(&m, SADB_EXT_LIFETIME_HARD, &hard, sizeof(hard), NULL, 0);
	put_policy(&m, s->policy, s->policylen);
	return kame_finish(so, &m);
}

#define SPD_ARGS                                                                                   \
	int so, struct sockaddr *src, u_int prefs, struct sockaddr *dst, u_int prefd, u_int proto, \
		caddr_t policy, int policylen, u_int32_t seq
#define SPD                                     \
	(&(struct spd){ .src = src,             \
			.dst = dst,             \
			.prefs = prefs,         \
			.prefd = prefd,         \
			.proto = proto,         \
			.policy = policy,       \
			.policylen = policylen, \
			.seq = seq })

int pfkey_send_spdadd(SPD_ARGS)
{
	return send_spd(so, SADB_X_SPDADD, SPD);
}

int pfkey_send_spdupdate(SPD_ARGS)
{
	return send_spd(so, SADB_X_SPDUPDATE, SPD);
}

int pfkey_send_spddelete(SPD_ARGS)
{
	return send_spd(so, SADB_X_SPDDELETE, SPD);
}

int pfkey_send_spdsetidx(SPD_ARGS)
{
	return send_spd(so, SADB_X_SPDSETIDX, SPD);
}

int pfkey_send_spdadd2(int so, struct sockaddr *src, u_int prefs, struct sockaddr *dst, u_int prefd,
		       u_int proto, u_int64_t ltime, u_int64_t vtime, caddr_t policy, int policylen,
		       u_int32_t seq)
{
	struct spd s = *SPD;
	s.ltime = ltime;
	s.vtime = vtime;
	return send_spd(so, SADB_X_SPDADD, &s);
}

int pfkey_send_spdupdate2(int so, struct sockaddr *src, u_int prefs, struct sockaddr *dst,
			  u_int prefd, u_int proto, u_int64_t ltime, u_int64_t vtime,
			  caddr_t policy, int policylen, u_int32_t seq)
{
	struct spd s = *SPD;
	s.ltime = ltime;
	s.vtime = vtime;
	return send_spd(so, SADB_X_SPDUPDATE, &s);
}

/* ---- migration ---- */

/* Where IKE is to talk: two addresses without a gap. */
static void put_kmaddress(struct kame_msg *m, const struct sockaddr *local,
			  const struct sockaddr *remote)
{
	struct sadb_x_kmaddress head = { .sadb_x_kmaddress_reserved = 0 };
	uint8_t ends[2 * sizeof(struct sockaddr_in6)];
	if (!local && !remote)
		return;
	if (!local || !remote)
		kame_bad(m, KAME_INVAL_ARGUMENT, NULL);
	else if (!kame_family_bits(local) || !kame_family_bits(remote))
		kame_bad(m, KAME_INVAL_FAMILY, NULL);
	else if (local->sa_family != remote->sa_family)
		kame_bad(m, KAME_FAMILY_MISMATCH, NULL);
	if (m->bad)
		return;
	size_t len = sysdep_sa_len(local);
	memcpy(ends, local, len);
	memcpy(ends + len, remote, len);
	kame_put_ext(m, SADB_X_EXT_KMADDRESS, &head, sizeof(head), ends, 2 * len);
}

/* Its pairs of requests make sense in the whole message only. */
static void put_pairs(struct kame_msg *m, caddr_t policy, int len)
{
	struct sadb_x_policy head;
	if (m->bad)
		return;
	if (policy && len >= (int)sizeof(head))
		memcpy(&head, policy, sizeof(head));
	if (!policy || len < (int)sizeof(head) || head.sadb_x_policy_exttype != SADB_X_EXT_POLICY ||
	    head.sadb_x_policy_len * 8 != len)
		kame_bad(m, KAME_INVAL_POLICY, NULL);
	kame_put(m, policy, (size_t)len);
}

static void check_migration(struct kame_msg *m)
{
	struct sadb_message x;
	const char *why;
	if (m->bad)
		return;
	kame_set_length(m);
	if (sadb_decode(PFKEY_REQUEST, m->buf, m->used, &x, &why))
		kame_bad(m, KAME_INVAL_POLICY, why);
	else if (!x.policy.n_templates)
		kame_bad(m, KAME_INVAL_POLICY, "a migration has pairs of requests");
}

int pfkey_send_migrate(int so, struct sockaddr *local, struct sockaddr *remote,
		       struct sockaddr *src, u_int prefs, struct sockaddr *dst, u_int prefd,
		       u_int proto, caddr_t policy, int policylen, u_int32_t seq)
{
	struct kame_msg m;
	kame_begin(&m, SADB_X_MIGRATE, SADB_SATYPE_UNSPEC, seq);
	put_kmaddress(&m, local, remote);
	kame_put_addr(&m, SADB_EXT_ADDRESS_SRC, src, prefs, proto);
	kame_put_addr(&m, SADB_EXT_ADDRESS_DST, dst, prefd, proto);
	put_pairs(&m, policy, policylen);
	check_migration(&m);
	return kame_finish(so, &m);
}

/* ---- by number ---- */

static int send_by_id(int so, u_int type, uint32_t spid)
{
	struct kame_msg m;
	struct sadb_x_policy policy = { .sadb_x_policy_id = spid };
	kame_begin(&m, type, SADB_SATYPE_UNSPEC, 0);
	kame_put_ext(&m, SADB_X_EXT_POLICY, &policy, sizeof(policy), NULL, 0);
	return kame_finish(so, &m);
}

int pfkey_send_spddelete2(int so, u_int32_t spid)
{
	return send_by_id(so, SADB_X_SPDDELETE2, spid);
}

int pfkey_send_spdget(int so, u_int32_t spid)
{
	return send_by_id(so, SADB_X_SPDGET, spid);
}
