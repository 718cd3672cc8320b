/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPI is ours to choose for what we receive, like an SPI.  It has 16 bits, so it cannot carry
 * the engine's number; what another engine has taken the kernel says.
 */
#include "ike/compress.h"

#include "crypto/rng.h"
#include "ike/engine_int.h"
#include "policy/comp.h"

#include <errno.h>

/* ---- numbers ---- */

static int new_cpi(struct engine *e, uint16_t *ret)
{
	for (int i = 0; i < LIMIT_CPI_TRIES; i++) {
		uint16_t n;
		if (rng_public(&n, sizeof(n)) < 0)
			return -EIO;
		if (!comp_cpi_is_good(n) || child_sa_find_cpi_in(e, n))
			continue;
		*ret = n;
		return 0;
	}
	return -EAGAIN;
}

/*
 * Linux has a tunnel's compression in front of transport mode ESP, which it looks up by the outer
 * family: packets of another one would not find their way.
 */
static bool has_family(const struct ts_list *l, const struct addr *outer)
{
	for (uint8_t i = 0; i < l->n; i++)
		if (l->ts[i].first.family != outer->family)
			return false;
	return true;
}

static bool can_compress(const struct child_config *config, const struct ts_list *local,
			 const struct ts_list *peer, const struct addr *outer)
{
	return config->ipcomp && has_family(local, outer) && has_family(peer, outer);
}

/* ---- the notify ---- */

static void add(struct msg_writer *mw, uint16_t cpi)
{
	uint8_t data[3];
	struct wr w = wr_of(data, sizeof(data));
	wr_u16(&w, cpi);
	wr_u8(&w, COMP_DEFLATE);
	msg_writer_add_notify(mw, N_IPCOMP_SUPPORTED, slice_of(data, sizeof(data)));
}

/* The CPI for the algorithm that we know; 0: not offered, or no CPI that one may use. */
static uint16_t read_cpi(const struct payload_set *pl)
{
	for (size_t i = 0; i < pl->n_notifies; i++) {
		struct rd r = rd_of_slice(pl->notifies[i].data);
		uint16_t cpi = rd_u16(&r);
		uint8_t transform = rd_u8(&r);
		if (pl->notifies[i].type == N_IPCOMP_SUPPORTED && transform == COMP_DEFLATE &&
		    !r.bad && comp_cpi_is_good(cpi))
			return cpi;
	}
	return 0;
}

/* ---- initiator ---- */

int compress_offer(struct exchange *x, struct msg_writer *mw)
{
	struct child_ask *ask = x->work.ask;
	ask->cpi = 0;
	if (!can_compress(ask->wish.child, &ask->tsi, &ask->tsr, &x->sa->peer))
		return 0;
	int r = new_cpi(x->engine, &ask->cpi);
	if (r == 0)
		add(mw, ask->cpi);
	return r;
}

int compress_accept(struct exchange *x)
{
	uint16_t cpi_out = read_cpi(x->pl);
	if (!payload_notify(x->pl, N_IPCOMP_SUPPORTED))
		return 0;
	if (!x->work.ask->cpi || !cpi_out) {
		reason_set(&x->reason, REASON_MALFORMED, notify_name(N_IPCOMP_SUPPORTED));
		return -EPROTO;
	}
	int r = child_sa_set_cpis(x->work.child, x->work.ask->cpi, cpi_out);
	if (r < 0)
		reason_set(&x->reason, REASON_INTERNAL, "CPI");
	return r;
}

/* ---- responder ---- */

int compress_answer(struct exchange *x)
{
	struct child_sa *c = x->work.child;
	uint16_t cpi_in, cpi_out = read_cpi(x->pl);
	if (!cpi_out || !can_compress(c->config, &c->local_ts, &c->peer_ts, &c->peer))
		return 0;
	int r = new_cpi(x->engine, &cpi_in);
	return r < 0 ? r : child_sa_set_cpis(c, cpi_in, cpi_out);
}

void compress_add_response(const struct exchange *x, struct msg_writer *mw)
{
	if (x->work.child->cpi_in)
		add(mw, x->work.child->cpi_in);
}
