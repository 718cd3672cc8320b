/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue of CREATE_CHILD_SA requests of ours, and what follows when a child is up.
 *
 * When both sides ask for the same at once (2.8.1), both answer as usual, and each can tell
 * from the nonces which of the two new children goes: the one whose exchange has the lowest.
 * Who asked for that one closes it, and who asked for the other one closes the old child.
 */
#include "ike/create.h"

#include "base/log.h"
#include "crypto/rng.h"
#include "ike/child_sa.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"
#include "ike/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the queue ---- */

static struct create *create_new(struct ike_sa *sa, enum create_kind kind, const struct wish *wish)
{
	struct create *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->kind = kind;
	c->ask.wish = *wish;
	c->due_ms = engine_now_ms(sa->engine);
	list_init(&c->coming);
	list_add(&sa->creates, &c->node);
	return c;
}

void create_free(struct create *c)
{
	if (!c)
		return;
	list_remove(&c->node);
	waiters_drop(&c->coming);
	ke_free(c->ke);
	ike_sa_discard(c->next);
	free(c);
}

void create_end(struct ike_sa *sa, struct create *c, int result, const char *text)
{
	list_remove(&c->node);
	waiters_call(&c->coming, result, text);
	if (result < 0 && c->kind == CREATE_CHILD) {
		initiate_drop_acquire(sa->engine, &c->ask.wish);
		keepup_child_down(sa->engine, c->ask.wish.child, sa->by_command);
	}
	create_free(c);
}

void create_end_all(struct ike_sa *sa, const char *text)
{
	struct create *c;
	sa->create = NULL;
	loop_timer_disarm(sa->later);
	LIST_EACH(c, &sa->creates, node)
		create_end(sa, c, -ECONNREFUSED, text);
}

size_t create_count(const struct ike_sa *sa)
{
	size_t n = 0;
	const struct create *c;
	LIST_EACH(c, &sa->creates, node)
		n++;
	return n;
}

int create_add_child(struct ike_sa *sa, const struct wish *wish, engine_done_fn done, void *arg)
{
	if (create_count(sa) >= LIMIT_CREATES_PER_SA)
		return -EMFILE;
	struct create *c = create_new(sa, CREATE_CHILD, wish);
	if (!c)
		return -ENOMEM;
	int r = waiters_add(&c->coming, done, arg);
	if (r < 0)
		create_free(c);
	return r;
}

static struct create *find_rekey(const struct ike_sa *sa, uint32_t old_spi)
{
	struct create *c;
	LIST_EACH(c, &sa->creates, node)
		if (c->kind == CREATE_REKEY_CHILD && c->old_spi == old_spi)
			return c;
	return NULL;
}

int create_add_rekey(struct child_sa *old)
{
	struct ike_sa *sa = old->sa;
	const struct wish wish = { .child = old->config,
				   .peer = sa->peer,
				   .local = sa->local,
				   .has_policy = true,
				   .policy_local = old->local_ts.ts[0],
				   .policy_peer = old->peer_ts.ts[0],
				   .reqid = old->reqid };
	if (old->state != CHILD_UP || find_rekey(sa, old->spi_in) || child_sa_successor(old))
		return 0;
	struct create *c = create_new(sa, CREATE_REKEY_CHILD, &wish);
	if (!c)
		return -ENOMEM;
	c->old_spi = old->spi_in;
	return 0;
}

int create_add_rekey_ike(struct ike_sa *sa)
{
	const struct wish none = { 0 };
	struct create *c;
	LIST_EACH(c, &sa->creates, node)
		if (c->kind == CREATE_REKEY_IKE)
			return 0;
	if (sa->state != IKE_ESTABLISHED)
		return 0;
	return create_new(sa, CREATE_REKEY_IKE, &none) ? 0 : -ENOMEM;
}

struct create *create_take(struct ike_sa *sa)
{
	struct create *c = TAKE(sa->create);
	list_remove(&c->node);
	return c;
}

static bool same_policy_ts(const struct wish *a, const struct wish *b)
{
	return a->has_policy == b->has_policy &&
	       (!a->has_policy || (ts_eq(&a->policy_local, &b->policy_local) &&
				   ts_eq(&a->policy_peer, &b->policy_peer)));
}

struct create *create_find(const struct ike_sa *sa, const struct wish *wish)
{
	struct create *c;
	bool fixed = wish->child->local_ts.n && wish->child->peer_ts.n;
	LIST_EACH(c, &sa->creates, node)
		if ((c->kind == CREATE_CHILD || c == sa->create) &&
		    c->ask.wish.child == wish->child &&
		    (fixed || same_policy_ts(&c->ask.wish, wish)))
			return c;
	return NULL;
}

/* ---- whose turn it is ---- */

static int64_t jitter(int64_t span)
{
	uint32_t random = 0;
	/* Without randomness there is none, which is no reason to wait. */
	(void)!rng_public(&random, sizeof(random));
	return span > 0 ? (int64_t)(random % (uint64_t)(span + 1)) : 0;
}

unsigned int create_soft_percent(void)
{
	return LIMIT_SOFT_MIN_PERCENT +
	       (unsigned int)jitter(LIMIT_SOFT_MAX_PERCENT - LIMIT_SOFT_MIN_PERCENT);
}

void create_postpone(struct ike_sa *sa, struct create *c, int64_t wait_ms)
{
	c->due_ms = engine_now_ms(sa->engine) + wait_ms + jitter(wait_ms / 2);
}

/* What is rekeyed may be gone by now, or its successor is here. */
static bool is_stale(const struct ike_sa *sa, const struct create *c)
{
	const struct child_sa *old = child_sa_find_in(sa->engine, c->old_spi);
	return c->kind == CREATE_REKEY_CHILD &&
	       (!old || old->state != CHILD_UP || child_sa_successor(old));
}

void create_give_up_rekey(struct ike_sa *sa, struct create *c)
{
	const struct child_sa *old = child_sa_find_in(sa->engine, c->old_spi);
	if (sa->create == c)
		sa->create = NULL;
	if (list_empty(&c->coming) || (old && child_sa_successor(old))) {
		create_end(sa, c, 0, "up");
		return;
	}
	c->kind = CREATE_CHILD;
	c->old_spi = 0;
	c->due_ms = engine_now_ms(sa->engine);
}

static void drop_stale(struct ike_sa *sa)
{
	struct create *c;
	LIST_EACH(c, &sa->creates, node)
		if (c != sa->create && is_stale(sa, c))
			create_give_up_rekey(sa, c);
}

struct create *create_first(const struct ike_sa *sa)
{
	struct create *c, *first = NULL;
	LIST_EACH(c, &sa->creates, node)
		if (!first || c->due_ms < first->due_ms)
			first = c;
	return first;
}

bool create_next(struct ike_sa *sa)
{
	drop_stale(sa);
	const struct create *c = create_first(sa);
	if (!c)
		return false;
	int64_t wait_ms = c->due_ms - engine_now_ms(sa->engine);
	if (wait_ms > 0) {
		loop_timer_arm(sa->later, wait_ms);
		return false;
	}
	dispatch_trigger(sa, ON_CREATE);
	return window_is_pending(&sa->window);
}

void create_cancel(struct ike_sa *sa, const char *child)
{
	struct create *c;
	LIST_EACH(c, &sa->creates, node) {
		if (c->kind == CREATE_REKEY_IKE || strcmp(c->ask.wish.child->name, child) != 0)
			continue;
		if (c == sa->create)
			c->unwanted = true;
		else
			create_free(c);
	}
}

/* ---- collisions ---- */

void create_note_delete(struct ike_sa *sa, uint32_t spi_out)
{
	struct create *c = sa->create;
	if (c && c->n_deleted < LIMIT_EARLY_DELETES)
		c->deleted_spis[c->n_deleted++] = spi_out;
}

static bool was_deleted(const struct create *c, uint32_t spi_out)
{
	for (size_t i = 0; i < c->n_deleted; i++)
		if (c->deleted_spis[i] == spi_out)
			return true;
	return false;
}

static bool same_ts(const struct ts_list *a, const struct ts_list *b)
{
	if (a->n != b->n)
		return false;
	for (uint8_t i = 0; i < a->n; i++)
		if (!ts_in_list(&a->ts[i], b) || !ts_in_list(&b->ts[i], a))
			return false;
	return true;
}

static bool is_recent(const struct child_sa *c)
{
	return engine_now_ms(c->sa->engine) - c->up_ms < LIMIT_CROSSING_MS;
}

/* Were these two made for the same, by both sides at once?  a is the new one. */
static bool crosses(const struct child_sa *a, const struct child_sa *b)
{
	if (a == b || b->state != CHILD_UP || a->ours == b->ours || a->sa != b->sa)
		return false;
	if (a->replaces || b->replaces)
		return a->replaces == b->replaces;
	return a->config == b->config && a->mode == b->mode && is_recent(b) &&
	       same_ts(&a->local_ts, &b->local_ts) && same_ts(&a->peer_ts, &b->peer_ts);
}

static struct child_sa *find_rival(const struct child_sa *c)
{
	struct child_sa *other;
	LIST_EACH(other, &c->sa->children, node)
		if (crosses(c, other))
			return other;
	return NULL;
}

bool create_is_redundant(const struct create *create, const struct child_sa *c)
{
	const struct child_sa *rival = find_rival(c);
	if (create->unwanted || was_deleted(create, c->spi_out))
		return true;
	return rival && nonce_min_is_lower(&c->nonce_min, &rival->nonce_min);
}

/* Ours came up: the old one is closed by us, the other new one by the peer. */
static void ours_is_up(struct child_sa *c)
{
	struct child_sa *rival = find_rival(c);
	struct child_sa *old = c->replaces ? child_sa_find_in(c->sa->engine, c->replaces) : NULL;
	if (rival && c->replaces)
		rival->redundant = true;
	if (old && old->sa == c->sa)
		child_sa_retire(old, "rekeyed");
}

/* The peer's came up: it closes the old one.  Ours may have been first, and yet be the loser. */
static void theirs_is_up(struct child_sa *c)
{
	struct child_sa *rival = c->replaces ? NULL : find_rival(c);
	if (rival && nonce_min_is_lower(&rival->nonce_min, &c->nonce_min))
		child_sa_retire(rival, "rekeyed");
}

void create_child_up(struct child_sa *c)
{
	if (c->ours)
		ours_is_up(c);
	else
		theirs_is_up(c);
}

bool create_is_rekeying(const struct child_sa *c)
{
	const struct create *create = c->sa->create;
	return create && create->kind == CREATE_REKEY_CHILD && create->old_spi == c->spi_in;
}

void create_abandon_rekey(const struct child_sa *c)
{
	if (create_is_rekeying(c))
		c->sa->create->unwanted = true;
}
