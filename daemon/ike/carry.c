/* SPDX-License-Identifier: BSD-2-Clause */
/* Children against each other, by selectors, rank and reqid. */
#include "ike/carry.h"

#include "ike/engine_int.h"
#include "ike/exchange.h"
#include "policy/policy_spd.h"
#include "policy/reqid.h"

#include <errno.h>
#include <string.h>

/* ---- one child ---- */

struct policy_spd_ends carry_ends(const struct child_sa *c)
{
	return (struct policy_spd_ends){ .local = c->local, .peer = c->peer, .reqid = c->reqid };
}

bool carry_is_whole(const struct child_sa *c)
{
	const struct policy_spd_ends ends = carry_ends(c);
	return policy_spd_is_whole(c->config, &ends, &c->local_ts, &c->peer_ts);
}

/* Who is, or will be, at its other end; NULL: nobody has proven anything yet. */
static const struct id *peer_of(const struct child_sa *c)
{
	const struct ike_sa *sa = c->sa;
	if (sa->peer_id.type == ID_NONE && sa->busy)
		return &sa->busy->work.peer_id;
	return &sa->peer_id;
}

/* Does it lead packets anywhere?  What is only to be deleted does not. */
static bool is_live(const struct child_sa *c)
{
	return c->local_ts.n > 0 && (c->state != CHILD_DELETING || c->in_kernel);
}

/* ---- rank ---- */

/* Packets of one pair of selectors, and how early the kernel looks at it: lower is earlier. */
struct pair {
	struct ts local, peer;
	uint32_t priority;
};

static bool pair_of(const struct ts *local, const struct ts *peer, struct pair *ret)
{
	if (!ts_makes_packets(local, peer))
		return false;
	ret->local = *local;
	ret->peer = *peer;
	ret->local.proto = ret->peer.proto = local->proto ? local->proto : peer->proto;
	return true;
}

static bool meets(const struct pair *a, const struct pair *b)
{
	struct ts ignored;
	return ts_intersect(&a->local, &b->local, &ignored) &&
	       ts_intersect(&a->peer, &b->peer, &ignored);
}

static bool lies_in(const struct pair *a, const struct pair *b)
{
	return ts_subset(&a->local, &b->local) && ts_subset(&a->peer, &b->peer);
}

static bool takes(const struct pair *new, const struct pair *other)
{
	if (!meets(new, other) || new->priority < other->priority)
		return false;
	return new->priority == other->priority || lies_in(new, other);
}

static bool child_pair(const struct child_sa *c, uint8_t i, uint8_t j, struct pair *ret)
{
	const struct policy_spd_ends ends = carry_ends(c);
	if (!pair_of(&c->local_ts.ts[i], &c->peer_ts.ts[j], ret))
		return false;
	ret->priority =
		policy_spd_child_priority(c->config, &ends, &c->local_ts.ts[i], &c->peer_ts.ts[j]);
	return true;
}

static bool plain_pair(const struct plain_policy *p, uint8_t i, uint8_t j, struct pair *ret)
{
	if (!pair_of(&p->local_ts.ts[i], &p->peer_ts.ts[j], ret))
		return false;
	ret->priority = policy_spd_priority(p->priority, &p->local_ts.ts[i], &p->peer_ts.ts[j],
					    POLICY_SPD_PLAIN);
	return true;
}

/* ---- conflicts ---- */

static bool takes_from_child(const struct pair *new, const struct child_sa *other)
{
	struct pair p;
	for (uint8_t i = 0; i < other->local_ts.n; i++)
		for (uint8_t j = 0; j < other->peer_ts.n; j++)
			if (child_pair(other, i, j, &p) && takes(new, &p))
				return true;
	return false;
}

static bool takes_from_plain(const struct pair *new, const struct plain_policy *other)
{
	struct pair p;
	for (uint8_t i = 0; i < other->local_ts.n; i++)
		for (uint8_t j = 0; j < other->peer_ts.n; j++)
			if (plain_pair(other, i, j, &p) && takes(new, &p))
				return true;
	return false;
}

/* Can a packet be for both: do they share the interface, and a mark? */
static bool share_packets(const struct child_config *a, const struct child_config *b)
{
	return a->if_id == b->if_id && ((a->mark ^ b->mark) & a->mark_mask & b->mark_mask) == 0;
}

/* What is kept apart otherwise is no conflict; where others make the policies, it is their affair. */
static bool may_conflict(const struct child_sa *c, const struct child_sa *other,
			 const struct id *peer_id)
{
	const struct id *other_id = peer_of(other);
	return other != c && other->sa != c->sa && is_live(other) && c->config->install_policy &&
	       other->config->install_policy && share_packets(c->config, other->config) &&
	       other_id->type != ID_NONE && !id_eq(other_id, peer_id);
}

static void taken_by_child(struct reason *why, const struct pair *new, const struct child_sa *other)
{
	char a[TS_TEXT_MAX_BYTES], b[TS_TEXT_MAX_BYTES], id[ID_TEXT_MAX_BYTES];
	char l[TS_LIST_TEXT_MAX_BYTES], p[TS_LIST_TEXT_MAX_BYTES];
	reason_set(why, REASON_SELECTOR_TAKEN, "TSi,TSr");
	reason_ours(why, "%.110s === %.110s", ts_list_text(&other->local_ts, l),
		    ts_list_text(&other->peer_ts, p));
	reason_theirs(why, "%.110s === %.110s", ts_text(&new->local, a), ts_text(&new->peer, b));
	reason_hint(why, "%.200s has them", id_text(peer_of(other), id));
}

static void taken_by_plain(struct reason *why, const struct pair *new,
			   const struct plain_policy *other)
{
	char a[TS_TEXT_MAX_BYTES], b[TS_TEXT_MAX_BYTES];
	char l[TS_LIST_TEXT_MAX_BYTES], p[TS_LIST_TEXT_MAX_BYTES];
	reason_set(why, REASON_SELECTOR_TAKEN, "TSi,TSr");
	reason_ours(why, "%.110s === %.110s", ts_list_text(&other->local_ts, l),
		    ts_list_text(&other->peer_ts, p));
	reason_theirs(why, "%.110s === %.110s", ts_text(&new->local, a), ts_text(&new->peer, b));
	reason_hint(why, "the policy %s is for them", other->name);
}

static struct child_sa *next_child(const struct engine *e, struct child_sa *after)
{
	struct hash_node *n = hash_next(&e->children_in, after ? &after->by_spi_in : NULL);
	return n ? CONTAINER_OF(n, struct child_sa, by_spi_in) : NULL;
}

static bool is_free(const struct child_sa *c, const struct pair *new, const struct id *peer_id,
		    struct reason *why)
{
	const struct engine *e = c->sa->engine;
	const struct plain_policy *plain;
	struct child_sa *other = NULL;
	LIST_EACH(plain, &c->sa->policy->plain, node) {
		if (!takes_from_plain(new, plain))
			continue;
		taken_by_plain(why, new, plain);
		return false;
	}
	while ((other = next_child(e, other))) {
		if (!may_conflict(c, other, peer_id) || !takes_from_child(new, other))
			continue;
		taken_by_child(why, new, other);
		return false;
	}
	return true;
}

bool carry_check(const struct child_sa *c, const struct id *peer_id, struct reason *why)
{
	struct pair new;
	if (!c->config->install_policy)
		return true;
	for (uint8_t i = 0; i < c->local_ts.n; i++)
		for (uint8_t j = 0; j < c->peer_ts.n; j++)
			if (child_pair(c, i, j, &new) && !is_free(c, &new, peer_id, why))
				return false;
	return true;
}

/* ---- the same packets ---- */

static bool same_place(const struct child_sa *a, const struct child_sa *b)
{
	return a->config->reqid == b->config->reqid && addr_eq(&a->local, &b->local) &&
	       addr_eq(&a->peer, &b->peer);
}

static bool same_packets(const struct child_sa *a, const struct child_sa *b)
{
	return a->mode == b->mode && ts_list_same(&a->local_ts, &b->local_ts) &&
	       ts_list_same(&a->peer_ts, &b->peer_ts);
}

struct child_sa *carry_find_same(const struct child_sa *c, const struct id *peer_id)
{
	struct child_sa *other = NULL, *found = NULL;
	while ((other = next_child(c->sa->engine, other)))
		if (other->sa != c->sa && other->state == CHILD_UP && !other->redundant &&
		    strcmp(other->config->name, c->config->name) == 0 && same_place(c, other) &&
		    same_packets(c, other) && id_eq(&other->sa->peer_id, peer_id) &&
		    (!found || other->up_ms >= found->up_ms))
			found = other;
	return found;
}

/* ---- reqids ---- */

bool carry_may_move(const struct child_sa *c, const struct addr *local, const struct addr *peer)
{
	struct child_sa *other = NULL;

	while ((other = next_child(c->sa->engine, other))) {
		bool rival = other->sa != c->sa && is_live(other) && other->reqid == c->reqid &&
			     !same_packets(c, other);
		if (rival && addr_eq(&other->local, local) && addr_eq(&other->peer, peer))
			return false;
	}
	return true;
}

int carry_choose_reqid(const struct child_sa *c, uint32_t *ret)
{
	bool used[POLICY_REQID_VARIANTS] = { true }; /* the first is for whole ones */
	uint32_t base = c->config->reqid;
	struct child_sa *other = NULL;

	if (!c->config->install_policy || carry_is_whole(c)) {
		*ret = c->config->install_policy ? base : c->reqid;
		return 0;
	}
	while ((other = next_child(c->sa->engine, other))) {
		if (other == c || !is_live(other) || !same_place(c, other))
			continue;
		if (same_packets(c, other)) {
			*ret = other->reqid;
			return 0;
		}
		used[(other->reqid - base) % POLICY_REQID_VARIANTS] = true;
	}
	for (uint32_t i = 1; i < POLICY_REQID_VARIANTS; i++) {
		if (used[i])
			continue;
		*ret = base + i;
		return 0;
	}
	return -EMFILE;
}
