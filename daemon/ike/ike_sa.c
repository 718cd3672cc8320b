/* SPDX-License-Identifier: BSD-2-Clause */
/* IKE SAs: tables, timers, and what entering a state means. */
#include "ike/ike_sa.h"

#include "base/log.h"
#include "crypto/rng.h"
#include "ike/child_sa.h"
#include "ike/config_payload.h"
#include "ike/create.h"
#include "ike/dispatch.h"
#include "ike/duplicate.h"
#include "ike/engine_int.h"
#include "ike/exchange.h"
#include "ike/informational.h"
#include "ike/reauth.h"
#include "ike/rekey_ike.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *ike_state_name(enum ike_state state)
{
	static const char *const names[] = {
		[IKE_NEW] = "new",
		[IKE_INIT_SENT] = "init_sent",
		[IKE_AUTH_SENT] = "auth_sent",
		[IKE_HALF_OPEN] = "half_open",
		[IKE_ESTABLISHED] = "established",
		[IKE_REPLACED] = "replaced",
		[IKE_DELETING] = "deleting",
		[IKE_GONE] = "gone",
	};
	return names[state];
}

const char *ike_sa_remote(const struct ike_sa *sa)
{
	return sa->config ? sa->config->name : NULL;
}

/* ---- keys ---- */

static struct sk_ops sk_ops_of(struct cipher *c)
{
	return (struct sk_ops){ .ctx = c,
				.iv_bytes = cipher_iv_bytes(c),
				.block_bytes = cipher_block_bytes(c),
				.icv_bytes = cipher_icv_bytes(c),
				.seal = cipher_seal,
				.open = cipher_open };
}

static int make_ciphers(struct ike_keys *k, const struct keymat_input *in, bool initiator)
{
	struct cipher **i = initiator ? &k->out_cipher : &k->in_cipher;
	struct cipher **r = initiator ? &k->in_cipher : &k->out_cipher;
	int e = cipher_new(&in->encr, &in->integ, secret_slice(&k->km.ei), secret_slice(&k->km.ai),
			   i);
	if (e == 0)
		e = cipher_new(&in->encr, &in->integ, secret_slice(&k->km.er),
			       secret_slice(&k->km.ar), r);
	return e;
}

int ike_keys_new(const struct keymat_input *input, bool initiator, struct ike_keys **ret)
{
	struct ike_keys *k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	int r = keymat_derive(input, &k->km);
	if (r == 0)
		r = make_ciphers(k, input, initiator);
	if (r < 0) {
		ike_keys_free(k);
		return r;
	}
	k->in = sk_ops_of(k->in_cipher);
	k->out = sk_ops_of(k->out_cipher);
	*ret = k;
	return 0;
}

void ike_keys_free(struct ike_keys *k)
{
	if (!k)
		return;
	keymat_done(&k->km);
	cipher_free(k->in_cipher);
	cipher_free(k->out_cipher);
	free(k);
}

/* ---- sending ---- */

void ike_sa_send(struct ike_sa *sa, struct slice message)
{
	struct engine *e = sa->engine;
	struct slice datagram;
	int r = 0;
	while (fragment_next(&message, &datagram) && r == 0)
		r = udp_send(e->ports.udp, &sa->local, &sa->peer, sa->natt, datagram);
	if (r < 0)
		LOG(DEBUG, "send_failed", F_ADDR("peer", &sa->peer), F_STR("error", strerror(-r)));
}

static void on_window_send(void *arg, struct slice message, int attempt)
{
	struct ike_sa *sa = arg;
	mobike_sending(sa, attempt);
	if (attempt > 0) {
		message = fragment_try_request(sa, attempt, message);
		sa->engine->counters.n_retransmits++;
		LOG(DEBUG, "retransmit", F_STR("remote", ike_sa_remote(sa)),
		    F_ADDR("peer", &sa->peer), F_SPI64("ike_spi_i", sa->spi_i),
		    F_INT("message_id", window_request_id(&sa->window)), F_INT("attempt", attempt));
	}
	ike_sa_send(sa, message);
}

static void on_window_silent(void *arg)
{
	struct ike_sa *sa = arg;
	sa->engine->counters.n_silent++;
	dispatch_trigger(sa, ON_SILENT);
}

static const struct window_ops window_ops = { .send = on_window_send, .silent = on_window_silent };

bool ike_sa_is_full(const struct ike_sa *sa)
{
	size_t n = 0;
	const struct child_sa *c;
	LIST_EACH(c, &sa->children, node)
		n++;
	return n >= LIMIT_CHILDREN_PER_SA;
}

/* ---- timers ---- */

static void on_life(void *arg)
{
	struct ike_sa *sa = arg;
	if (sa->state != IKE_GONE && sa->state != IKE_NEW) {
		enum trigger owed = sa->owed >= 0 ? (enum trigger)sa->owed : ON_EXPIRE;
		sa->owed = -1;
		dispatch_trigger(sa, owed);
		return;
	}
	ike_sa_free(sa);
}

void ike_sa_heard(struct ike_sa *sa)
{
	sa->heard_ms = engine_now_ms(sa->engine);
}

/* RFC 7296 2.4: ask only if nothing authentic came for a while */
static void on_idle(void *arg)
{
	struct ike_sa *sa = arg;
	int64_t quiet_ms = engine_now_ms(sa->engine) - sa->heard_ms;
	int64_t delay_ms = sa->config->dpd_delay_ms;
	if (quiet_ms < delay_ms) {
		loop_timer_arm(sa->idle, delay_ms - quiet_ms);
		return;
	}
	loop_timer_arm(sa->idle, delay_ms);
	sa->want_liveness = true;
	informational_next(sa);
}

static void on_keepalive(void *arg)
{
	struct ike_sa *sa = arg;
	loop_timer_arm(sa->keepalive, sa->policy->timers.natt_keepalive_ms);
	(void)udp_keepalive(sa->engine->ports.udp, &sa->local, &sa->peer);
}

static void on_reauth(void *arg)
{
	struct ike_sa *sa = arg;
	struct err err = { 0 };
	int r = reauth_start(sa, &err);
	if (r == 0)
		return;
	LOG(WARNING, "reauth_failed", F_STR("remote", ike_sa_remote(sa)), F_ADDR("peer", &sa->peer),
	    F_STR("error", err.text));
	/* Without a child there is nothing to keep up; it ends in its time. */
	if (r != -ENOENT && r != -ESTALE)
		loop_timer_arm(sa->handover.timer, LIMIT_REKEY_RETRY_MS);
}

void ike_sa_keep_nat_open(struct ike_sa *sa)
{
	int64_t every_ms = sa->policy->timers.natt_keepalive_ms;
	if (!sa->nat_local || !every_ms)
		loop_timer_disarm(sa->keepalive);
	else if (!loop_timer_armed(sa->keepalive))
		loop_timer_arm(sa->keepalive, every_ms);
}

static bool is_listed(const struct peer_config *config, const struct addr *a)
{
	for (uint8_t i = 0; config && i < config->n_peer_addrs; i++)
		if (addr_eq(&config->peer_addrs[i], a))
			return true;
	return false;
}

bool ike_sa_is_at(const struct ike_sa *sa, const struct addr *peer)
{
	if (addr_eq(&sa->peer, peer))
		return true;
	if (sa->mobike.on && addr_eq(&sa->mobike.home_peer, peer))
		return true;
	return is_listed(sa->config, peer) && (sa->mobike.on || is_listed(sa->config, &sa->peer));
}

static void on_soft(void *arg)
{
	struct ike_sa *sa = arg;
	/* It is made anew as a whole. */
	if (reauth_is_yielding(sa))
		return;
	if (create_add_rekey_ike(sa) < 0)
		loop_timer_arm(sa->soft, LIMIT_RETRY_FIRST_MS);
	informational_next(sa);
}

static void on_later(void *arg)
{
	informational_next(arg);
}

static void disarm_all(struct ike_sa *sa)
{
	loop_timer_disarm(sa->life);
	loop_timer_disarm(sa->idle);
	loop_timer_disarm(sa->soft);
	loop_timer_disarm(sa->handover.timer);
	loop_timer_disarm(sa->keepalive);
}

/* ---- birth and death ---- */

static int choose_spi(struct engine *e, struct ike_sa *sa)
{
	for (int i = 0; i < LIMIT_SPI_TRIES; i++) {
		uint64_t spi;
		if (rng_public(&spi, sizeof(spi)) < 0)
			return -EIO;
		spi &= (UINT64_C(1) << LIMIT_SPI_ENGINE_SHIFT) - 1;
		spi |= (uint64_t)e->ports.number << LIMIT_SPI_ENGINE_SHIFT;
		if (spi == 0)
			continue;
		int r = hash_add(&e->by_spi, &sa->by_spi, spi);
		if (r == -EEXIST)
			continue;
		if (r < 0)
			return r;
		if (sa->initiator)
			sa->spi_i = spi;
		else
			sa->spi_r = spi;
		return 0;
	}
	return -EIO;
}

static int make_timers(struct engine *e, struct ike_sa *sa)
{
	sa->life = loop_timer_new(e->ports.loop, on_life, sa);
	sa->idle = loop_timer_new(e->ports.loop, on_idle, sa);
	sa->keepalive = loop_timer_new(e->ports.loop, on_keepalive, sa);
	sa->soft = loop_timer_new(e->ports.loop, on_soft, sa);
	sa->later = loop_timer_new(e->ports.loop, on_later, sa);
	sa->handover.timer = loop_timer_new(e->ports.loop, on_reauth, sa);
	if (!sa->life || !sa->idle || !sa->keepalive || !sa->soft || !sa->later ||
	    !sa->handover.timer)
		return -ENOMEM;
	for (size_t i = 0; i < N_ELEMENTS(sa->assembly); i++)
		assembly_init(&sa->assembly[i], e->ports.loop, &e->fragments_bytes);
	return window_init(&sa->window, e->ports.loop, &sa->policy->timers, &window_ops, sa);
}

static void forget_fragments(struct ike_sa *sa)
{
	fragment_source_done(&sa->sent_request);
	fragment_source_done(&sa->sent_reply);
	for (size_t i = 0; i < N_ELEMENTS(sa->assembly); i++)
		assembly_done(&sa->assembly[i]);
}

static void release(struct ike_sa *sa)
{
	window_done(&sa->window);
	loop_timer_free(sa->life);
	loop_timer_free(sa->idle);
	loop_timer_free(sa->keepalive);
	loop_timer_free(sa->soft);
	loop_timer_free(sa->later);
	loop_timer_free(sa->handover.timer);
	ike_sa_forget_handshake(sa);
	forget_fragments(sa);
	ike_keys_free(sa->keys);
	waiters_drop(&sa->coming);
	waiters_drop(&sa->going);
	policy_unref(sa->policy);
	free(sa);
}

int ike_sa_new(struct engine *e, bool initiator, struct ike_sa **ret)
{
	return ike_sa_new_of(e, e->policy, initiator, ret);
}

void ike_sa_discard(struct ike_sa *sa)
{
	if (sa)
		loop_timer_arm(sa->life, 0);
}

int ike_sa_new_of(struct engine *e, struct policy *policy, bool initiator, struct ike_sa **ret)
{
	if (e->n_sas >= (size_t)e->limits.ike_sas)
		return -EMFILE;
	struct ike_sa *sa = calloc(1, sizeof(*sa));
	if (!sa)
		return -ENOMEM;
	*sa = (struct ike_sa){ .engine = e,
			       .policy = policy_ref(policy),
			       .initiator = initiator,
			       .state = IKE_NEW,
			       .owed = -1,
			       .created_ms = engine_now_ms(e) };
	list_init(&sa->children);
	list_init(&sa->creates);
	list_init(&sa->coming);
	list_init(&sa->going);
	list_init(&sa->node);
	list_init(&sa->half_open);
	list_init(&sa->same_ids);
	sa->handshake = calloc(1, sizeof(*sa->handshake));
	int r = sa->handshake ? make_timers(e, sa) : -ENOMEM;
	if (r == 0)
		r = choose_spi(e, sa);
	if (r < 0) {
		release(sa);
		return r;
	}
	list_add(&e->sas, &sa->node);
	e->n_sas++;
	sa->created_nth = ++e->n_events;
	*ret = sa;
	return 0;
}

static void leave_half_open(struct ike_sa *sa)
{
	list_remove(&sa->half_open);
	sa->engine->n_half_open--;
}

void ike_sa_free(struct ike_sa *sa)
{
	struct engine *e;
	struct child_sa *c;
	struct create *create;
	if (!sa)
		return;
	e = sa->engine;
	exchange_free(TAKE(sa->busy));
	LIST_EACH(create, &sa->creates, node)
		create_free(create);
	LIST_EACH(c, &sa->children, node)
		child_sa_free(c);
	if (sa->state == IKE_HALF_OPEN)
		leave_half_open(sa);
	config_release(e, &sa->inner);
	hash_remove(&e->by_spi, &sa->by_spi);
	duplicate_forget_ids(sa);
	if (sa->in_by_init)
		hash_remove(&e->by_init, &sa->by_init);
	list_remove(&sa->node);
	e->n_sas--;
	release(sa);
}

void ike_sa_forget_handshake(struct ike_sa *sa)
{
	struct handshake *h = sa->handshake;
	if (!h)
		return;
	sa->handshake = NULL;
	ke_free(h->ke);
	bytes_done(&h->request);
	bytes_done(&h->response);
	free(h);
}

/* ---- states ---- */

static void log_up(const struct ike_sa *sa)
{
	char local[ID_TEXT_MAX_BYTES], peer[ID_TEXT_MAX_BYTES], algs[PROPOSAL_TEXT_MAX_BYTES];
	const char *nat = sa->nat_local && sa->nat_peer ? "both"
			  : sa->nat_local               ? "local"
			  : sa->nat_peer                ? "peer"
							: "none";
	LOG(INFO, "ike_sa_up", F_STR("remote", ike_sa_remote(sa)), F_ADDR("peer", &sa->peer),
	    F_ADDR("local", &sa->local), F_SPI64("ike_spi_i", sa->spi_i),
	    F_SPI64("ike_spi_r", sa->spi_r),
	    F_STR("role", sa->initiator ? "initiator" : "responder"),
	    F_STR("local_id", id_text(&sa->local_id, local)),
	    F_STR("peer_id", id_text(&sa->peer_id, peer)),
	    F_STR("algorithms", proposal_text(&sa->algorithms.proposal, algs)), F_STR("nat", nat),
	    F_SPI64("replaces", sa->replaces_spi));
}

void ike_sa_set_ids(struct ike_sa *sa, const struct id *local, const struct id *peer)
{
	duplicate_forget_ids(sa);
	sa->local_id = *local;
	sa->peer_id = *peer;
	duplicate_learn_ids(sa);
}

static void enter_established(struct ike_sa *sa)
{
	struct engine *e = sa->engine;
	int64_t hard_ms = sa->config->lifetime.hard_ms;

	sa->up_ms = engine_now_ms(e);
	if (!sa->up_nth)
		sa->up_nth = ++e->n_events;
	e->counters.n_ike_up++;
	ike_sa_heard(sa);
	disarm_all(sa);
	if (hard_ms) {
		sa->life_ends_ms = sa->up_ms + hard_ms;
		loop_timer_arm(sa->life, hard_ms);
		loop_timer_arm(sa->soft, hard_ms / 100 * create_soft_percent());
	}
	if (!sa->handover.auth_ms) {
		sa->handover.auth_ms = sa->up_ms;
		sa->handover.auth_initiator = sa->initiator;
	}
	reauth_arm(sa);
	if (sa->config->dpd_delay_ms)
		loop_timer_arm(sa->idle, sa->config->dpd_delay_ms);
	ike_sa_keep_nat_open(sa);
	mobike_settle(sa);
	ike_sa_forget_handshake(sa);
	log_up(sa);
}

/* It was up, and is not any more. */
static void leave_established(struct ike_sa *sa)
{
	struct child_sa *c;
	struct ike_sa *heir = rekey_ike_heir(sa);
	const char *why = sa->down_why ? sa->down_why : "unknown";

	if (heir)
		rekey_ike_inherit(heir);

	/* What nobody inherited: at once, so that it does not follow each child. */
	config_release(sa->engine, &sa->inner);
	sa->engine->counters.n_ike_down++;
	LIST_EACH(c, &sa->children, node) {
		c->by_command = sa->by_command;
		child_sa_down(c, why);
		child_sa_uninstall(c);
	}
	reauth_hand_on(sa);
	create_end_all(sa, why);
	LOG(INFO, "ike_sa_down", F_STR("remote", ike_sa_remote(sa)), F_ADDR("peer", &sa->peer),
	    F_SPI64("ike_spi_i", sa->spi_i), F_SPI64("ike_spi_r", sa->spi_r), F_STR("reason", why));
}

void ike_sa_acquire_failed(struct ike_sa *sa)
{
	if (sa->handshake)
		initiate_drop_acquire(sa->engine, &sa->handshake->ask.wish);
}

static void enter_gone(struct ike_sa *sa)
{
	struct child_sa *c;
	LIST_EACH(c, &sa->children, node)
		child_sa_end(c);
	config_release(sa->engine, &sa->inner);
	ike_sa_acquire_failed(sa);
	create_end_all(sa, sa->down_why ? sa->down_why : "the IKE SA did not come up");
	disarm_all(sa);
	window_abandon(&sa->window);
	ike_sa_forget_handshake(sa);
	forget_fragments(sa);
	ike_keys_free(TAKE(sa->keys));
	/* The last reply may be asked for again; without one there is nothing to stay for. */
	int64_t linger_ms = sa->up_ms ? LIMIT_LINGER_MS : LIMIT_LINGER_REFUSED_MS;
	loop_timer_arm(sa->life, window_has_reply(&sa->window) ? linger_ms : 0);
	/* What was to be replaced by it goes on as it was. */
	reauth_go_on(sa);
	if (sa->wanted)
		keepup_child_down(sa->engine, sa->wanted, sa->by_command);
}

void ike_sa_entered(struct ike_sa *sa, enum ike_state from)
{
	if (from == IKE_HALF_OPEN)
		leave_half_open(sa);
	if ((from == IKE_ESTABLISHED && sa->state != IKE_REPLACED) || from == IKE_REPLACED)
		leave_established(sa);
	switch (sa->state) {
	case IKE_HALF_OPEN:
		list_add(&sa->engine->half_open, &sa->half_open);
		sa->engine->n_half_open++;
		loop_timer_arm(sa->life, sa->policy->timers.half_open_ms);
		break;
	case IKE_ESTABLISHED:
		enter_established(sa);
		break;
	case IKE_REPLACED:
		loop_timer_disarm(sa->soft);
		loop_timer_arm(sa->life, LIMIT_REPLACED_MS);
		break;
	case IKE_DELETING:
		disarm_all(sa);
		break;
	case IKE_GONE:
		enter_gone(sa);
		break;
	default:
		break;
	}
}
