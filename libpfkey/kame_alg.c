/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel supports, as the last answer to REGISTER said; and the rates of soft limits. */
#include "kame_int.h"
#include "sadb_codec.h"

#include <pthread.h>
#include <string.h>

enum { ALGS_MAX = 256, RATE_DEFAULT_PERCENT = PFKEY_SOFT_LIFETIME_RATE, N_RATES = 4 };

const int libipsec_opt = LIBIPSEC_OPT_NATT | LIBIPSEC_OPT_SEC_CTX;

/* Of the whole process: one thread registers, any thread checks keys. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list {
	struct sadb_alg algs[ALGS_MAX];
	size_t n;
} auth, encr;
static u_int rates[N_RATES] = { RATE_DEFAULT_PERCENT, RATE_DEFAULT_PERCENT, RATE_DEFAULT_PERCENT,
				RATE_DEFAULT_PERCENT };

static void keep(struct list *list, const struct sadb_alg *algs, size_t n)
{
	list->n = n < ALGS_MAX ? n : ALGS_MAX;
	if (list->n)
		memcpy(list->algs, algs, list->n * sizeof(*algs));
}

int pfkey_set_supported(struct sadb_msg *msg, int len)
{
	struct sadb_message m;
	const char *why;
	if (!msg || len < 0)
		return kame_fail(KAME_INVAL_ARGUMENT, NULL);
	if (sadb_decode(PFKEY_REPLY, msg, (size_t)len, &m, &why))
		return kame_fail(KAME_INVAL_SADBMSG, why);
	if (m.type != SADB_REGISTER)
		return kame_fail(KAME_INVAL_MSGTYPE, NULL);
	if (m.error)
		return kame_fail_errno(m.error);
	pthread_mutex_lock(&lock);
	keep(&auth, m.auth_algs, m.n_auth_algs);
	keep(&encr, m.encr_algs, m.n_encr_algs);
	pthread_mutex_unlock(&lock);
	kame_ok();
	return 0;
}

/* With the lock held. */
static int find(u_int supported, u_int alg_id, struct sadb_alg *ret)
{
	const struct list *list;
	switch (supported) {
	case SADB_EXT_SUPPORTED_AUTH:
		list = &auth;
		break;
	case SADB_EXT_SUPPORTED_ENCRYPT:
		list = &encr;
		break;
	default:
		return kame_fail(KAME_INVAL_ARGUMENT, NULL);
	}
	if (!list->n)
		return kame_fail(KAME_DO_GET_SUPP_LIST, NULL);
	for (size_t i = 0; i < list->n; i++) {
		if (list->algs[i].sadb_alg_id == alg_id) {
			*ret = list->algs[i];
			kame_ok();
			return 0;
		}
	}
	return kame_fail(KAME_NOT_SUPPORTED, "the kernel does not have the algorithm");
}

int ipsec_get_keylen(u_int supported, u_int alg_id, struct sadb_alg *alg0)
{
	if (!alg0)
		return kame_fail(KAME_INVAL_ARGUMENT, NULL);
	pthread_mutex_lock(&lock);
	int rc = find(supported, alg_id, alg0);
	pthread_mutex_unlock(&lock);
	return rc;
}

int ipsec_check_keylen(u_int supported, u_int alg_id, u_int keylen_bits)
{
	struct sadb_alg alg;
	if (ipsec_get_keylen(supported, alg_id, &alg))
		return -1;
	if (keylen_bits < alg.sadb_alg_minbits || keylen_bits > alg.sadb_alg_maxbits)
		return kame_fail(KAME_INVAL_KEYLEN, NULL);
	return 0;
}

int ipsec_check_keylen2(u_int satype, u_int alg_id, u_int keylen_bits)
{
	switch (satype) {
	case SADB_SATYPE_ESP:
		return ipsec_check_keylen(SADB_EXT_SUPPORTED_ENCRYPT, alg_id, keylen_bits);
	case SADB_SATYPE_AH:
		return ipsec_check_keylen(SADB_EXT_SUPPORTED_AUTH, alg_id, keylen_bits);
	default:
		return kame_fail(KAME_INVAL_ARGUMENT, NULL);
	}
}

u_int pfkey_set_softrate(u_int type, u_int rate_percent)
{
	if (type >= N_RATES)
		return (u_int)kame_fail(KAME_INVAL_ARGUMENT, NULL);
	if (!rate_percent || rate_percent > 100)
		rate_percent = 100;
	__atomic_store_n(&rates[type], rate_percent, __ATOMIC_RELAXED);
	return rate_percent;
}

u_int pfkey_get_softrate(u_int type)
{
	if (type >= N_RATES)
		return (u_int)kame_fail(KAME_INVAL_ARGUMENT, NULL);
	return __atomic_load_n(&rates[type], __ATOMIC_RELAXED);
}
