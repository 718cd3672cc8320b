/* SPDX-License-Identifier: BSD-2-Clause */
/* Read-only views of the engine for the control socket and for tests. */
#include "ike/child_sa.h"
#include "ike/create.h"
#include "ike/engine_int.h"
#include "ike/reauth.h"
#include "policy/overhead.h"

#include <string.h>

static int64_t left_ms(int64_t ends_ms, int64_t now_ms)
{
	if (ends_ms == 0)
		return -1;
	return ends_ms > now_ms ? ends_ms - now_ms : 0;
}

static const char *child_state(const struct child_sa *c)
{
	if (c->state == CHILD_UP && create_is_rekeying(c))
		return "rekeying";
	if (c->state == CHILD_UP && (c->late || c->redundant))
		return "replacing";
	return child_state_name(c->state);
}

enum { ETHERNET_BYTES = 1500 };

static bool has_v6(const struct ts_list *l)
{
	for (uint8_t i = 0; i < l->n; i++)
		if (addr_len(&l->ts[i].first) == 16)
			return true;
	return false;
}

static void view_sizes(const struct child_sa *c, struct engine_child_view *ret)
{
	const struct overhead o = { .algorithms = &c->algorithms,
				    .mode = c->mode,
				    .outer_v6 = addr_len(&c->local) == 16,
				    .inner_v6 = has_v6(&c->local_ts),
				    .udp = c->encap };
	ret->mtu = overhead_inner_mtu(&o, ETHERNET_BYTES);
	ret->mss = overhead_mss(&o, ETHERNET_BYTES);
}

static void view_child(const struct child_sa *c, int64_t now_ms, struct engine_child_view *ret)
{
	*ret = (struct engine_child_view){ .config = c->config,
					   .state = child_state(c),
					   .spi_in = c->spi_in,
					   .spi_out = c->spi_out,
					   .mode = c->mode,
					   .local_ts = &c->local_ts,
					   .peer_ts = &c->peer_ts,
					   .algorithms = &c->algorithms,
					   .udp_encap = c->encap,
					   .reqid = c->reqid,
					   .age_ms = c->up_ms ? now_ms - c->up_ms : 0,
					   .left_ms = left_ms(c->life_ends_ms, now_ms) };
	view_sizes(c, ret);
}

static size_t view_children(const struct ike_sa *sa, int64_t now_ms,
			    struct engine_child_view ret[LIMIT_CHILDREN_PER_SA])
{
	size_t n = 0;
	const struct child_sa *c;
	LIST_EACH(c, &sa->children, node)
		if (n < LIMIT_CHILDREN_PER_SA)
			view_child(c, now_ms, &ret[n++]);
	return n;
}

static const char *state_word(enum ike_state s)
{
	bool connecting = s == IKE_NEW || s == IKE_INIT_SENT || s == IKE_AUTH_SENT;
	return connecting ? "connecting" : ike_state_name(s);
}

static int view_sa(const struct ike_sa *sa, int64_t now_ms, engine_sa_fn fn, void *arg)
{
	struct engine_child_view children[LIMIT_CHILDREN_PER_SA];
	const struct engine_sa_view view = {
		.config = sa->config,
		.state = ike_sa_is_up(sa) && reauth_is_yielding(sa)
				 ? "handing_over"
				 : state_word(sa->redundant ? IKE_REPLACED : sa->state),
		.initiator = sa->initiator,
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.local = sa->local,
		.peer = sa->peer,
		.local_id = &sa->local_id,
		.peer_id = &sa->peer_id,
		.algorithms = sa->keys ? &sa->algorithms.proposal : NULL,
		.nat_local = sa->nat_local,
		.nat_peer = sa->nat_peer,
		.age_ms = now_ms - (sa->up_ms ? sa->up_ms : sa->created_ms),
		.left_ms = left_ms(sa->life_ends_ms, now_ms),
		.heard_ms = sa->heard_ms ? now_ms - sa->heard_ms : -1,
		.n_retransmits = sa->window.n_retransmits,
		.n_asked = create_count(sa) + sa->mobike.unsettled,
		.inner = sa->inner.holder ? sa->inner.addr : NULL,
		.inner_ours = sa->inner.ours,
		.inner_dns = sa->inner.set ? &sa->inner.set->dns : NULL,
		.n_children = view_children(sa, now_ms, children),
		.children = children,
	};
	return fn(arg, &view);
}

int engine_each_sa(const struct engine *e, engine_sa_fn fn, void *arg)
{
	const struct ike_sa *sa;
	LIST_EACH(sa, &e->sas, node) {
		bool shown = sa->state != IKE_GONE && sa->state != IKE_NEW;
		int r = !shown ? 0 : view_sa(sa, engine_now_ms(e), fn, arg);
		if (r)
			return r;
	}
	return 0;
}

const struct engine_counters *engine_counters(const struct engine *e)
{
	return &e->counters;
}

size_t engine_n_sas(const struct engine *e)
{
	size_t n = 0;
	const struct ike_sa *sa;
	LIST_EACH(sa, &e->sas, node)
		n += sa->state != IKE_GONE && sa->state != IKE_NEW;
	return n;
}

size_t engine_n_half_open(const struct engine *e)
{
	return e->n_half_open;
}
