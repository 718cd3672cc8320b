/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of an IKE SA and of its Child SAs. */
#include "ike/keymat.h"

#include "crypto/prf.h"

#include <errno.h>
#include <string.h>

/* SKEYSEED: 2.14, or 2.18 where an IKE SA goes before. */
static int derive_seed(const struct keymat_input *in, struct slice nonces,
		       uint8_t ret[PRF_MAX_BYTES], size_t *ret_len)
{
	const struct slice parts[] = { in->shared, nonces };
	if (in->old_d.len)
		return prf_compute(in->old_prf, in->old_d, parts, N_ELEMENTS(parts), ret, ret_len);
	return prf_compute(in->prf, nonces, &in->shared, 1, ret, ret_len);
}

/* One stretch of prf+ cut into the seven keys, in the order of 2.14. */
static int cut(struct keymat *km, struct slice all)
{
	struct secret *const keys[] = {
		&km->d, &km->ai, &km->ar, &km->ei, &km->er, &km->pi, &km->pr
	};
	struct rd r = rd_of_slice(all);
	for (size_t i = 0; i < N_ELEMENTS(keys); i++)
		rd_copy(&r, keys[i]->p, keys[i]->len);
	return rd_done(&r) ? 0 : -EIO;
}

static int make_room(const struct keymat_input *in, struct keymat *km, size_t *ret_total)
{
	size_t prf_len = prf_bytes(in->prf);
	size_t encr_len = transform_key_bytes(&in->encr);
	size_t integ_len = in->integ.id == INTEG_NONE ? 0 : transform_key_bytes(&in->integ);
	if (!prf_len || !encr_len || (in->integ.id != INTEG_NONE && !integ_len))
		return -ENOTSUP;

	struct {
		struct secret *key;
		size_t len;
	} const room[] = { { &km->d, prf_len },   { &km->ai, integ_len }, { &km->ar, integ_len },
			   { &km->ei, encr_len }, { &km->er, encr_len },  { &km->pi, prf_len },
			   { &km->pr, prf_len } };
	*ret_total = 0;
	for (size_t i = 0; i < N_ELEMENTS(room); i++) {
		if (room[i].len && secret_init(room[i].key, room[i].len) < 0)
			return -ENOMEM;
		*ret_total += room[i].len;
	}
	return 0;
}

static int expand(const struct keymat_input *in, struct slice seed, struct keymat *km)
{
	struct secret all = { 0 };
	struct wr spis = wr_of((uint8_t[16]){ 0 }, 16);
	size_t total;
	int r = make_room(in, km, &total);
	if (r < 0)
		return r;
	r = secret_init(&all, total);
	if (r < 0)
		return r;
	wr_u64(&spis, in->spi_i);
	wr_u64(&spis, in->spi_r);
	const struct slice parts[] = { in->nonce_i, in->nonce_r, wr_slice_of(&spis) };
	r = prf_plus(in->prf, seed, parts, N_ELEMENTS(parts), all.p, all.len);
	if (r == 0)
		r = cut(km, secret_slice(&all));
	secret_done(&all);
	return r;
}

int keymat_derive(const struct keymat_input *in, struct keymat *ret)
{
	uint8_t nonces[512], seed[PRF_MAX_BYTES];
	size_t seed_len;
	struct keymat km = { .prf = in->prf };
	struct wr w = wr_of(nonces, sizeof(nonces));

	wr_slice(&w, in->nonce_i);
	wr_slice(&w, in->nonce_r);
	if (w.bad)
		return -EINVAL;
	int r = derive_seed(in, wr_slice_of(&w), seed, &seed_len);
	if (r == 0)
		r = expand(in, slice_of(seed, seed_len), &km);
	secret_wipe(seed, sizeof(seed));
	if (r < 0) {
		keymat_done(&km);
		return r;
	}
	*ret = km;
	return 0;
}

void keymat_done(struct keymat *km)
{
	secret_done(&km->d);
	secret_done(&km->ai);
	secret_done(&km->ar);
	secret_done(&km->ei);
	secret_done(&km->er);
	secret_done(&km->pi);
	secret_done(&km->pr);
}

int keymat_child(uint16_t prf, struct slice sk_d, struct slice shared, struct slice nonce_i,
		 struct slice nonce_r, size_t len, struct secret *ret)
{
	const struct slice parts[] = { shared, nonce_i, nonce_r };
	struct secret out = { 0 };
	int r = secret_init(&out, len);
	if (r < 0)
		return r;
	r = prf_plus(prf, sk_d, parts, N_ELEMENTS(parts), out.p, out.len);
	if (r < 0) {
		secret_done(&out);
		return r;
	}
	*ret = secret_take(&out);
	return 0;
}

int keymat_signed_octets(uint16_t prf, struct slice first_message, struct slice nonce,
			 struct slice sk_p, struct slice id_body, struct secret *ret)
{
	uint8_t mac[PRF_MAX_BYTES];
	size_t mac_len;
	struct secret out = { 0 };
	int r = prf_compute(prf, sk_p, &id_body, 1, mac, &mac_len);
	if (r < 0)
		return r;
	r = secret_init(&out, first_message.len + nonce.len + mac_len);
	if (r < 0)
		return r;
	struct wr w = wr_of(out.p, out.len);
	wr_slice(&w, first_message);
	wr_slice(&w, nonce);
	wr_bytes(&w, mac, mac_len);
	*ret = secret_take(&out);
	return 0;
}
