/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reauthentication, and everything else that moves children from one IKE SA to another that knows
 * nothing of it:
 *
 *	old, with its children          target
 *	    |                           IKE_SA_INIT, IKE_AUTH with the first child
 *	    |                           CREATE_CHILD_SA for each further child
 *	    D(children) -->             from here on the traffic is there, in both directions
 *	    D(IKE) -->
 *
 * The responder's outbound SAs wait until the peer shows that it has the answer, as with a rekeyed
 * child (child_sa.c); it knows that the new child follows one by the identities and the selectors.
 * old and target know each other by SPI, and heirs of both take that over.  Whoever has yields_spi set
 * does the moving; the other side only answers.
 */
#include "ike/reauth.h"

#include "base/log.h"
#include "ike/create.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"
#include "ike/informational.h"

#include <errno.h>
#include <string.h>

static struct ike_sa *find_own(const struct engine *e, uint64_t own_spi)
{
	struct hash_node *n = own_spi ? hash_find(&e->by_spi, own_spi) : NULL;
	return n ? CONTAINER_OF(n, struct ike_sa, by_spi) : NULL;
}

bool reauth_is_yielding(const struct ike_sa *sa)
{
	return sa->handover.yields_spi != 0 || sa->handover.superseded;
}

struct child_sa *reauth_find_cover(const struct ike_sa *sa, const struct child_sa *c)
{
	struct child_sa *other;
	LIST_EACH(other, &sa->children, node)
		if (other->state == CHILD_UP && !other->redundant && other->mode == c->mode &&
		    strcmp(other->config->name, c->config->name) == 0 &&
		    ts_list_covers(&other->local_ts, &c->local_ts) &&
		    ts_list_covers(&other->peer_ts, &c->peer_ts))
			return other;
	return NULL;
}

/* ---- when ---- */

/* How long the identities hold: what we want, or the peer if that is less; 0 = for ever. */
static int64_t limit_ms(const struct ike_sa *sa)
{
	int64_t ours = sa->config->reauth_ms, theirs = sa->handover.auth_limit_ms;
	if (!ours || !theirs)
		return ours ? ours : theirs;
	return ours < theirs ? ours : theirs;
}

/* It has inner addresses from us: we cannot ask for its new IKE SA in its place (RFC 7296 2.19). */
static bool is_clients(const struct ike_sa *sa)
{
	return sa->inner.holder && !sa->inner.ours;
}

/*
 * Who began does it again.  The other side has a reason only if that one does not, and can only if
 * it knows where to go.
 */
static int64_t begin_percent(const struct ike_sa *sa)
{
	if (sa->handover.auth_initiator)
		return create_soft_percent();
	return sa->config->n_peer_addrs && sa->config->initiate != INITIATE_NEVER && !is_clients(sa)
		       ? LIMIT_REAUTH_LATE_PERCENT
		       : 0;
}

static void arm_in(struct ike_sa *sa, int64_t wait_ms)
{
	loop_timer_arm(sa->handover.timer, wait_ms > 0 ? wait_ms : 0);
}

void reauth_arm(struct ike_sa *sa)
{
	int64_t limit = limit_ms(sa), percent = begin_percent(sa);
	int64_t ends_ms = sa->handover.auth_ms + limit, now_ms = engine_now_ms(sa->engine);
	loop_timer_disarm(sa->handover.timer);
	if (!limit)
		return;
	if (!sa->life_ends_ms || ends_ms < sa->life_ends_ms) {
		sa->life_ends_ms = ends_ms;
		sa->handover.ends_by_auth = true;
		loop_timer_arm(sa->life, ends_ms > now_ms ? ends_ms - now_ms : 0);
	}
	if (percent)
		arm_in(sa, sa->handover.auth_ms + limit / 100 * percent - now_ms);
}

void reauth_demanded(struct ike_sa *sa, uint32_t sec)
{
	int64_t left_ms = sec < LIMIT_REAUTH_MIN_SEC ? LIMIT_REAUTH_MIN_SEC * 1000
						     : (int64_t)sec * 1000;
	/* It counts from now on. */
	sa->handover.auth_limit_ms = engine_now_ms(sa->engine) - sa->handover.auth_ms + left_ms;
	if (!ike_sa_is_up(sa))
		return;
	reauth_arm(sa);
	/* At once, but not again and again. */
	if (sec < LIMIT_REAUTH_MIN_SEC)
		arm_in(sa, sa->handover.auth_ms + LIMIT_REAUTH_MIN_SEC * 1000 -
				   engine_now_ms(sa->engine));
}

/* ---- the beginning ---- */

static struct child_sa *first_child(const struct ike_sa *sa)
{
	struct child_sa *c;
	LIST_EACH(c, &sa->children, node)
		if (c->state == CHILD_UP && !c->redundant)
			return c;
	return NULL;
}

/* In the configuration as it is now. */
static const struct child_config *current_config(const struct child_sa *c)
{
	const struct peer_config *peer =
		policy_find_by_name(c->sa->engine->policy, c->config->peer->name);
	const struct child_config *child;
	if (!peer)
		return NULL;
	LIST_EACH(child, &peer->children, node)
		if (strcmp(child->name, c->config->name) == 0)
			return child;
	return NULL;
}

static struct wish wish_for(const struct child_sa *c, const struct child_config *config)
{
	struct wish w = { .child = config,
			  .why = ENGINE_WHY_REAUTH,
			  .peer = c->sa->peer,
			  .local = c->sa->local,
			  .reqid = c->reqid,
			  .follows = c->spi_in };
	w.peer.port = w.local.port = 0;
	for (uint8_t i = 0; i < config->peer->n_peer_addrs; i++)
		if (addr_eq(&w.peer, &config->peer->peer_addrs[i]))
			w.peer.port = config->peer->peer_addrs[i].port;
	return w;
}

static void join(struct ike_sa *old, struct ike_sa *target, const char *why)
{
	struct child_sa *c;
	old->handover.yields_why = why;
	old->handover.yields_spi = ike_sa_own_spi(target);
	target->handover.takes_spi = ike_sa_own_spi(old);
	LIST_EACH(c, &old->children, node)
		c->follow_asked = false;
}

int reauth_start(struct ike_sa *old, struct err *err)
{
	struct child_sa *c = first_child(old);
	const struct child_config *config = c ? current_config(c) : NULL;
	struct ike_sa *target;

	if (!ike_sa_is_up(old) || old->want_delete)
		return err_set(err, -ESTALE, "the IKE SA is not up");
	if (reauth_is_yielding(old))
		return 0;
	if (!config)
		return err_set(err, -ENOENT, "there is no child to keep up");
	if (is_clients(old))
		return err_set(err, -EOPNOTSUPP,
			       "the peer has an address from us: it has to begin");
	struct wish w = wish_for(c, config);
	int r = initiate_begin(old->engine, &w, &target, err);
	if (r < 0)
		return r;
	join(old, target, "reauthenticated");
	c->follow_asked = true;
	return 0;
}

/* ---- the end ---- */

static void part(struct ike_sa *old, struct ike_sa *target)
{
	old->handover.yields_spi = 0;
	if (target)
		target->handover.takes_spi = 0;
}

/* It stays as it is, and is tried again until its end. */
static void give_up(struct ike_sa *old, struct ike_sa *target)
{
	unsigned int n = old->handover.n_failed < 5 ? old->handover.n_failed : 5;
	part(old, target);
	old->handover.n_failed++;
	LOG(NOTIFY, "reauth_failed", F_STR("remote", ike_sa_remote(old)),
	    F_ADDR("peer", &old->peer), F_SPI64("ike_spi_i", old->spi_i),
	    F_SPI64("ike_spi_r", old->spi_r));
	if (ike_sa_is_up(old) && limit_ms(old))
		arm_in(old, (int64_t)LIMIT_REKEY_RETRY_MS << n);
}

static void retire_children(struct ike_sa *old, const struct ike_sa *target)
{
	struct child_sa *c;
	LIST_EACH(c, &old->children, node) {
		struct child_sa *cover = reauth_find_cover(target, c);
		if (c->state != CHILD_UP)
			continue;
		if (cover) {
			c->followed_by = cover->spi_in;
			child_sa_retire(c, old->handover.yields_why);
		} else {
			c->by_command = true;
			child_sa_down(c, "refused_elsewhere");
		}
	}
}

/* The traffic is there now: children are deleted, and when the peer has answered the IKE SA. */
static void supersede(struct ike_sa *old, struct ike_sa *target)
{
	LOG(INFO, "ike_sa_handed_over", F_STR("remote", ike_sa_remote(old)),
	    F_ADDR("peer", &old->peer), F_SPI64("ike_spi_i", target->spi_i),
	    F_SPI64("ike_spi_r", target->spi_r), F_SPI64("replaces", ike_sa_own_spi(old)),
	    F_STR("reason", old->handover.yields_why));
	retire_children(old, target);
	part(old, target);
	old->handover.followed_spi = ike_sa_own_spi(target);
	loop_timer_disarm(old->handover.timer);
	old->handover.superseded = true;
	old->by_command = true;
	old->down_why = old->handover.yields_why;
	old->want_delete = true;
	informational_next(old);
}

/* ---- in between ---- */

static bool is_asked_for(const struct ike_sa *target, const struct child_sa *c)
{
	const struct create *create;
	LIST_EACH(create, &target->creates, node)
		if (create->ask.wish.follows == c->spi_in)
			return true;
	return false;
}

static void ask_for(struct ike_sa *target, struct child_sa *c)
{
	const struct child_config *config = current_config(c);
	struct wish w;
	c->follow_asked = true;
	if (!config)
		return;
	w = wish_for(c, config);
	if (create_add_child(target, &w, NULL, NULL) < 0)
		LOG(WARNING, "cannot_initiate", F_STR("remote", ike_sa_remote(target)),
		    F_STR("child", c->config->name), F_STR("error", "out of memory"));
}

/* What waits in the old one is asked for in the new one; new keys for what goes are not needed. */
static void move_creates(struct ike_sa *old, struct ike_sa *target)
{
	struct create *create;
	LIST_EACH(create, &old->creates, node) {
		if (create->kind != CREATE_CHILD || create == old->create)
			continue;
		list_remove(&create->node);
		list_add(&target->creates, &create->node);
		create->due_ms = engine_now_ms(old->engine);
	}
}

bool reauth_is_followed(const struct ike_sa *sa)
{
	const struct ike_sa *next = find_own(sa->engine, sa->handover.followed_spi);
	return next && ike_sa_is_up(next);
}

void reauth_hand_on(struct ike_sa *sa)
{
	if (!reauth_is_followed(sa) || sa->by_command)
		return;
	struct ike_sa *next = find_own(sa->engine, sa->handover.followed_spi);
	/* Nobody will answer it any more. */
	sa->create = NULL;
	move_creates(sa, next);
	informational_next(next);
}

/* How far the children are. */
struct progress {
	bool waits, some;
};

static struct progress look(struct ike_sa *old, struct ike_sa *target)
{
	struct progress p = { .waits = old->create != NULL || old->busy != NULL };
	struct child_sa *c;
	LIST_EACH(c, &old->children, node) {
		const struct child_sa *cover = reauth_find_cover(target, c);
		if (c->state != CHILD_UP)
			continue;
		if (!cover && !c->follow_asked)
			ask_for(target, c);
		p.some |= cover != NULL;
		p.waits |= cover ? cover->late || cover->completing : is_asked_for(target, c);
	}
	return p;
}

static void go_on(struct ike_sa *old)
{
	struct ike_sa *target = find_own(old->engine, old->handover.yields_spi);
	bool ends = !target || target->state == IKE_GONE || target->state == IKE_DELETING ||
		    target->want_delete;

	if (!ike_sa_is_up(old) || old->want_delete) {
		/* Its heir has taken over, or it ends for another reason. */
		if (old->state != IKE_REPLACED)
			part(old, target);
		return;
	}
	if (ends) {
		/* It has a successor of its own, maybe: the peer may have been at it too. */
		struct ike_sa *next = target ? find_own(old->engine, target->handover.followed_spi)
					     : NULL;
		bool goes_there = next && next != old && ike_sa_is_up(next) && !next->want_delete;
		part(old, target);
		if (goes_there)
			reauth_yield(old, next, old->handover.yields_why);
		else
			give_up(old, NULL);
		return;
	}
	if (!ike_sa_is_up(target) || target->busy)
		return;
	move_creates(old, target);
	struct progress p = look(old, target);
	if (p.waits) {
		informational_next(target);
	} else if (p.some || !first_child(old)) {
		supersede(old, target);
	} else {
		target->down_why = "reauth_refused";
		target->by_command = true;
		target->want_delete = true;
		give_up(old, target);
		informational_next(target);
	}
}

void reauth_go_on(struct ike_sa *sa)
{
	struct ike_sa *old = sa->handover.yields_spi ? sa
						     : find_own(sa->engine, sa->handover.takes_spi);
	if (old && old->handover.yields_spi)
		go_on(old);
}

void reauth_yield(struct ike_sa *sa, struct ike_sa *to, const char *why)
{
	if (reauth_is_yielding(sa))
		return;
	join(sa, to, why);
	go_on(sa);
}

void reauth_inherit(struct ike_sa *heir, struct ike_sa *old)
{
	struct ike_sa *target = find_own(old->engine, old->handover.yields_spi);
	struct ike_sa *from = find_own(old->engine, old->handover.takes_spi);
	if (old->handover.followed_spi)
		heir->handover.followed_spi = old->handover.followed_spi;
	if (!old->handover.yields_spi && !old->handover.takes_spi)
		return;
	heir->handover.yields_why = old->handover.yields_why;
	heir->handover.yields_spi = old->handover.yields_spi;
	heir->handover.takes_spi = old->handover.takes_spi;
	old->handover.yields_spi = old->handover.takes_spi = 0;
	if (target)
		target->handover.takes_spi = ike_sa_own_spi(heir);
	if (from)
		from->handover.yields_spi = ike_sa_own_spi(heir);
	reauth_go_on(heir);
}
