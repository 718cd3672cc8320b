/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages about SAs. */
#include "kame_send.h"

#include <arpa/inet.h>
#include <string.h>

enum { SPI_MAX = 0x0fffffff, SPI_MIN = 0x100, KEY_MAX_BYTES = UINT16_MAX / 8 };

static void put_ends(struct kame_msg *m, const struct sockaddr *src, const struct sockaddr *dst)
{
	if (!src || !dst) {
		kame_bad(m, KAME_INVAL_ARGUMENT, NULL);
		return;
	}
	if (src->sa_family != dst->sa_family)
		kame_bad(m, KAME_FAMILY_MISMATCH, NULL);
	kame_put_addr(m, SADB_EXT_ADDRESS_SRC, src, kame_family_bits(src), IPSEC_ULPROTO_ANY);
	kame_put_addr(m, SADB_EXT_ADDRESS_DST, dst, kame_family_bits(dst), IPSEC_ULPROTO_ANY);
}

static void put_sa2(struct kame_msg *m, u_int mode, uint32_t reqid)
{
	struct sadb_x_sa2 x = { .sadb_x_sa2_mode = (uint8_t)mode, .sadb_x_sa2_reqid = reqid };
	if (mode > IPSEC_MODE_BEET)
		kame_bad(m, KAME_INVAL_ARGUMENT, "unknown mode");
	kame_put_ext(m, SADB_X_EXT_SA2, &x, sizeof(x), NULL, 0);
}

struct natt {
	uint8_t type;
	uint16_t sport, dport; /* in network order */
};

/* The original address and the fragment size have no meaning on Linux. */
static void put_natt(struct kame_msg *m, const struct natt *n)
{
	struct sadb_x_nat_t_type type = { .sadb_x_nat_t_type_type = n->type };
	struct sadb_x_nat_t_port sport = { .sadb_x_nat_t_port_port = n->sport };
	struct sadb_x_nat_t_port dport = { .sadb_x_nat_t_port_port = n->dport };
	if (!n->type)
		return;
	kame_put_ext(m, SADB_X_EXT_NAT_T_TYPE, &type, sizeof(type), NULL, 0);
	kame_put_ext(m, SADB_X_EXT_NAT_T_SPORT, &sport, sizeof(sport), NULL, 0);
	kame_put_ext(m, SADB_X_EXT_NAT_T_DPORT, &dport, sizeof(dport), NULL, 0);
}

/* ---- GETSPI ---- */

int pfkey_send_getspi_nat(int so, u_int satype, u_int mode, struct sockaddr *src,
			  struct sockaddr *dst, u_int8_t natt_type, u_int16_t sport,
			  u_int16_t dport, u_int32_t min, u_int32_t max, u_int32_t reqid,
			  u_int32_t seq)
{
	struct kame_msg m;
	struct sadb_spirange range = { .sadb_spirange_min = min ? min : SPI_MIN,
				       .sadb_spirange_max = max ? max : SPI_MAX };
	kame_begin(&m, SADB_GETSPI, satype, seq);
	if (min > max || (min && min < SPI_MIN))
		kame_bad(&m, KAME_INVAL_SPI, NULL);
	put_sa2(&m, mode, reqid);
	put_ends(&m, src, dst);
	if (min || max) /* else the kernel's own range */
		kame_put_ext(&m, SADB_EXT_SPIRANGE, &range, sizeof(range), NULL, 0);
	put_natt(&m, &(struct natt){ natt_type, sport, dport });
	return kame_finish(so, &m);
}

int pfkey_send_getspi(int so, u_int satype, u_int mode, struct sockaddr *src, struct sockaddr *dst,
		      u_int32_t min, u_int32_t max, u_int32_t reqid, u_int32_t seq)
{
	return pfkey_send_getspi_nat(so, satype, mode, src, dst, 0, 0, 0, min, max, reqid, seq);
}

/* ---- ADD and UPDATE ---- */

/* Which algorithms and keys a protocol goes with. */
static void check_algs(struct kame_msg *m, const struct pfkey_send_sa_args *a)
{
	switch (a->satype) {
	case SADB_SATYPE_ESP:
		if (a->e_type == SADB_EALG_NONE)
			kame_bad(m, KAME_NO_ALGS, NULL);
		break;
	case SADB_SATYPE_AH:
		if (a->e_type != SADB_EALG_NONE)
			kame_bad(m, KAME_INVAL_ALGS, NULL);
		else if (a->a_type == SADB_AALG_NONE)
			kame_bad(m, KAME_NO_ALGS, NULL);
		break;
	case SADB_X_SATYPE_IPCOMP:
		if (a->e_type == SADB_X_CALG_NONE)
			kame_bad(m, KAME_NO_ALGS, NULL);
		else if (a->a_type != SADB_AALG_NONE)
			kame_bad(m, KAME_INVAL_ALGS, NULL);
		break;
	default:
		kame_bad(m, KAME_INVAL_SATYPE, NULL);
	}
	if (a->e_type > UINT8_MAX || a->a_type > UINT8_MAX)
		kame_bad(m, KAME_INVAL_ALGS, NULL);
	if (a->e_keylen > KEY_MAX_BYTES || a->a_keylen > KEY_MAX_BYTES ||
	    ((a->e_keylen || a->a_keylen) && !a->keymat))
		kame_bad(m, KAME_INVAL_KEYLEN, NULL);
}

static void put_sa(struct kame_msg *m, const struct pfkey_send_sa_args *a)
{
	struct sadb_sa x = {
		.sadb_sa_spi = a->spi,
		.sadb_sa_replay = (uint8_t)(a->wsize > UINT8_MAX ? UINT8_MAX : a->wsize),
		.sadb_sa_auth = (uint8_t)a->a_type,
		.sadb_sa_encrypt = (uint8_t)a->e_type,
		.sadb_sa_flags = a->flags,
	};
	kame_put_ext(m, SADB_EXT_SA, &x, sizeof(x), NULL, 0);
}

/* Hard limits as PF_KEY carries them; the structure of the newer calls has less room. */
struct hard {
	uint32_t alloc;
	uint64_t bytes, addtime, usetime;
};

/* Not hard * rate: that overflows. */
static uint64_t soft(u_int type, uint64_t hard)
{
	u_int rate = pfkey_get_softrate(type);
	return hard / 100 * rate + hard % 100 * rate / 100;
}

static void put_lifetimes(struct kame_msg *m, const struct hard *h)
{
	struct sadb_lifetime x = { .sadb_lifetime_allocations = h->alloc,
				   .sadb_lifetime_bytes = h->bytes,
				   .sadb_lifetime_addtime = h->addtime,
				   .sadb_lifetime_usetime = h->usetime };
	kame_put_ext(m, SADB_EXT_LIFETIME_HARD, &x, sizeof(x), NULL, 0);
	x.sadb_lifetime_allocations = (uint32_t)soft(SADB_X_LIFETIME_ALLOCATIONS, h->alloc);
	x.sadb_lifetime_bytes = soft(SADB_X_LIFETIME_BYTES, h->bytes);
	x.sadb_lifetime_addtime = soft(SADB_X_LIFETIME_ADDTIME, h->addtime);
	x.sadb_lifetime_usetime = soft(SADB_X_LIFETIME_USETIME, h->usetime);
	kame_put_ext(m, SADB_EXT_LIFETIME_SOFT, &x, sizeof(x), NULL, 0);
}

/* Linux wants ESP's and AH's key extensions even for algorithms without keys. */
static void put_keys(struct kame_msg *m, const struct pfkey_send_sa_args *a)
{
	struct sadb_key encr = { .sadb_key_bits = (uint16_t)(a->e_keylen * 8) };
	struct sadb_key auth = { .sadb_key_bits = (uint16_t)(a->a_keylen * 8) };
	if (m->bad)
		return;
	if (a->satype == SADB_SATYPE_ESP)
		kame_put_ext(m, SADB_EXT_KEY_ENCRYPT, &encr, sizeof(encr), a->keymat, a->e_keylen);
	if (a->a_keylen || a->satype == SADB_SATYPE_AH)
		kame_put_ext(m, SADB_EXT_KEY_AUTH, &auth, sizeof(auth),
			     a->a_keylen ? a->keymat + a->e_keylen : NULL, a->a_keylen);
}

static void put_ctx(struct kame_msg *m, const struct pfkey_send_sa_args *a)
{
	struct sadb_x_sec_ctx x = { .sadb_x_ctx_alg = a->ctxalg,
				    .sadb_x_ctx_doi = a->ctxdoi,
				    .sadb_x_ctx_len = a->ctxstrlen };
	if (a->ctxstr && a->ctxstrlen)
		kame_put_ext(m, SADB_X_EXT_SEC_CTX, &x, sizeof(x), a->ctxstr, a->ctxstrlen);
}

static int send_sa(const struct pfkey_send_sa_args *a, u_int type, const struct hard *h)
{
	struct kame_msg m;
	kame_begin(&m, type, a->satype, a->seq);
	check_algs(&m, a);
	put_sa(&m, a);
	put_sa2(&m, a->mode, a->reqid);
	put_ends(&m, a->src, a->dst);
	put_keys(&m, a);
	put_lifetimes(&m, h);
	put_natt(&m, &(struct natt){ a->l_natt_type, a->l_natt_sport, a->l_natt_dport });
	put_ctx(&m, a);
	return kame_finish(a->so, &m);
}

static int send_args(struct pfkey_send_sa_args *a, u_int type)
{
	if (!a)
		return kame_fail(KAME_INVAL_ARGUMENT, NULL);
	a->type = type;
	return send_sa(a, type,
		       &(struct hard){ a->l_alloc, a->l_bytes, a->l_addtime, a->l_usetime });
}

int pfkey_send_add2(struct pfkey_send_sa_args *args)
{
	return send_args(args, SADB_ADD);
}

int pfkey_send_update2(struct pfkey_send_sa_args *args)
{
	return send_args(args, SADB_UPDATE);
}

/* ---- the same with their arguments in a row ---- */

#define SA_ARGS                                                                               \
	int so, u_int satype, u_int mode, struct sockaddr *src, struct sockaddr *dst,         \
		u_int32_t spi, u_int32_t reqid, u_int wsize, caddr_t keymat, u_int e_type,    \
		u_int e_keylen, u_int a_type, u_int a_keylen, u_int flags, u_int32_t l_alloc, \
		u_int64_t l_bytes, u_int64_t l_addtime, u_int64_t l_usetime, u_int32_t seq
#define SA                                                  \
	((struct pfkey_send_sa_args){ .so = so,             \
				      .satype = satype,     \
				      .mode = mode,         \
				      .src = src,           \
				      .dst = dst,           \
				      .spi = spi,           \
				      .reqid = reqid,       \
				      .wsize = wsize,       \
				      .keymat = keymat,     \
				      .e_type = e_type,     \
				      .e_keylen = e_keylen, \
				      .a_type = a_type,     \
				      .a_keylen = a_keylen, \
				      .flags = flags,       \
				      .seq = seq })
#define HARD (&(struct hard){ l_alloc, l_bytes, l_addtime, l_usetime })
#define NATT_ARGS \
	u_int8_t natt_type, u_int16_t sport, u_int16_t dport, struct sockaddr *oa, u_int16_t frag

static int send_sa_natt(struct pfkey_send_sa_args a, u_int type, const struct hard *h,
			u_int8_t natt_type, u_int16_t sport, u_int16_t dport)
{
	a.l_natt_type = natt_type;
	a.l_natt_sport = sport;
	a.l_natt_dport = dport;
	return send_sa(&a, type, h);
}

int pfkey_send_add(SA_ARGS)
{
	return send_sa(&SA, SADB_ADD, HARD);
}

int pfkey_send_update(SA_ARGS)
{
	return send_sa(&SA, SADB_UPDATE, HARD);
}

int pfkey_send_add_nat(SA_ARGS, NATT_ARGS)
{
	(void)oa;
	(void)frag;
	return send_sa_natt(SA, SADB_ADD, HARD, natt_type, sport, dport);
}

int pfkey_send_update_nat(SA_ARGS, NATT_ARGS)
{
	(void)oa;
	(void)frag;
	return send_sa_natt(SA, SADB_UPDATE, HARD, natt_type, sport, dport);
}

/* ---- by name ---- */

static int send_named(int so, u_int type, u_int satype, struct sockaddr *src, struct sockaddr *dst,
		      const uint32_t *spi)
{
	struct kame_msg m;
	kame_begin(&m, type, satype, 0);
	if (spi) {
		struct sadb_sa x = { .sadb_sa_spi = *spi };
		kame_put_ext(&m, SADB_EXT_SA, &x, sizeof(x), NULL, 0);
	}
	put_ends(&m, src, dst);
	return kame_finish(so, &m);
}

int pfkey_send_delete(int so, u_int satype, u_int mode, struct sockaddr *src, struct sockaddr *dst,
		      u_int32_t spi)
{
	(void)mode; /* it never said which SA */
	return send_named(so, SADB_DELETE, satype, src, dst, &spi);
}

int pfkey_send_delete_all(int so, u_int satype, u_int mode, struct sockaddr *src,
			  struct sockaddr *dst)
{
	(void)mode;
	return send_named(so, SADB_DELETE, satype, src, dst, NULL);
}

int pfkey_send_get(int so, u_int satype, u_int mode, struct sockaddr *src, struct sockaddr *dst,
		   u_int32_t spi)
{
	(void)mode;
	return send_named(so, SADB_GET, satype, src, dst, &spi);
}
