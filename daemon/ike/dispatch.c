/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * START READING HERE: the way of a message through the daemon.
 *
 *	net/udp.c        a datagram
 *	dispatch_packet  header, IKE SA by SPI, window (retransmission? answer from the cache)
 *	decode           payload walk, SK opened, grammar of the exchange
 *	rules.c          the first transition rule that matches
 *	init.c auth.c informational.c create_child.c   its handler: decides, computes, writes the reply
 *	finish           verdict: reply cached and sent, or request answered and the next one sent;
 *	                 the state moves to what the rule says, here and nowhere else
 *
 * Handlers may be suspended (V_SUSPEND) until the keeper or the kernel answers; the exchange
 * then waits in sa->busy and comes back through dispatch_resume().  Local events (timers,
 * commands) take the same table through dispatch_trigger().
 */
#include "ike/dispatch.h"

#include "base/log.h"
#include "ike/create.h"
#include "ike/duplicate.h"
#include "ike/engine_int.h"
#include "ike/informational.h"
#include "ike/mobike.h"
#include "ike/move.h"
#include "ike/reauth.h"
#include "ike/rekey_ike.h"
#include "ike/rules.h"

#include <errno.h>
#include <string.h>

/* ---- after a handler ---- */

/* The only place that assigns a state. */
static void move(struct ike_sa *sa, enum ike_state to, struct exchange *x)
{
	enum ike_state from = sa->state;
	if (from == to)
		return;
	sa->state = to;
	if (to == IKE_GONE || to == IKE_DELETING) {
		struct exchange *busy = sa->busy;
		sa->busy = NULL;
		if (busy != x)
			exchange_free(busy);
	}
	LOG(DEBUG, "state", F_STR("from", ike_state_name(from)), F_STR("to", ike_state_name(to)),
	    F_STR("story", x->rule->story), F_ADDR("peer", &sa->peer),
	    F_SPI64("ike_spi_i", sa->spi_i), F_SPI64("ike_spi_r", sa->spi_r));
	ike_sa_entered(sa, from);
}

/* An IKE SA that replaces this one is agreed on. */
static void bring_up_next(struct exchange *x)
{
	struct ike_sa *next = TAKE(x->work.next);
	if (!next)
		return;
	move(next, IKE_ESTABLISHED, x);
	rekey_ike_came_up(x, next);
}

/* One record per refusal, whatever became of the exchange. */
static void report(struct exchange *x)
{
	const char *remote = x->sa ? ike_sa_remote(x->sa) : NULL;
	const struct addr *peer = x->sa ? &x->sa->peer : &x->peer;
	if (x->work.config)
		remote = x->work.config->name;
	if (x->reason.code == REASON_NONE)
		return;
	bool anybody = !x->sa || x->sa->state == IKE_HALF_OPEN;
	refusal_add(x->engine, remote, peer, anybody, &x->reason, x->rule->story);
	if (x->sa)
		ike_sa_acquire_failed(x->sa);
}

/* Sends a reply back to where the request came from. */
static void send_back(struct engine *e, const struct addr *local, const struct addr *peer,
		      bool natt, struct slice message)
{
	struct slice datagram;
	while (fragment_next(&message, &datagram))
		(void)udp_send(e->ports.udp, local, peer, natt, datagram);
}

/* Steps of an exchange, not errors, and shorter than what they answer: a flood gains nothing by
 * them, and must not keep them from those who need them. */
static bool is_step(uint16_t notify)
{
	return notify == N_COOKIE || notify == N_INVALID_KE_PAYLOAD;
}

/* Errors outside of an SA are not authentic: never cached, and rate limited (2.21.4). */
static void reply_unprotected(struct exchange *x)
{
	struct engine *e = x->engine;
	bool step = is_step(x->notify);
	if (!step && !bucket_take(&e->error_replies, engine_now_ms(e)))
		return;
	if (exchange_reply_notify(x, x->notify, slice_of(x->notify_data, x->notify_len)) < 0)
		return;
	e->counters.n_error_replies += !step;
	send_back(e, &x->local, &x->peer, x->natt, x->out);
}

/* RFC 7296 2.1: the reply is kept before it is sent, and repeated as it is. */
static int reply(struct exchange *x)
{
	int r = x->out.len ? window_replied(&x->sa->window, x->hash, x->out) : -ENOMSG;
	if (r == 0) {
		send_back(x->engine, &x->local, &x->peer, x->natt, x->out);
		fragment_source_move(&x->sa->sent_reply, &x->source);
	}
	return r;
}

/* After the state moved: the child is up, whoever waited is told, the next thing is said. */
static void settle(struct ike_sa *sa, struct exchange *x)
{
	struct child_sa *c = TAKE(x->work.child);
	struct create *create = TAKE(x->work.created);
	char text[REASON_TEXT_MAX_BYTES];
	bool refused = x->reason.code != REASON_NONE;
	bool came_up = sa->state == IKE_ESTABLISHED && x->rule->from != IKE_ESTABLISHED;
	reason_text(&x->reason, text);
	if (!refused && (came_up || c))
		refusal_forget(sa->engine, ike_sa_remote(sa));
	if (c && sa->state == IKE_ESTABLISHED)
		child_sa_up(c);
	else
		child_sa_free(c);
	if (create)
		create_end(sa, create, refused ? -ECONNREFUSED : 0, refused ? text : "up");
	if (came_up)
		duplicate_check(sa);
	if (came_up && refused && sa->wanted)
		keepup_child_down(sa->engine, sa->wanted, false);
	if (sa->state == IKE_ESTABLISHED)
		waiters_call(&sa->coming, refused ? -ECONNREFUSED : 0, refused ? text : "up");
	if (sa->state == IKE_GONE || sa->state == IKE_DELETING)
		waiters_call(&sa->coming, sa->handover.gave_way ? 0 : -ECONNREFUSED,
			     sa->handover.gave_way ? "up"
			     : refused             ? text
						   : reason_word(REASON_CANCELLED));
	if (sa->state == IKE_GONE)
		waiters_call(&sa->going, 0, "gone");
	if (sa->engine->stopping)
		engine_check_stopped(sa->engine);
	reauth_go_on(sa);
	informational_next(sa);
}

static void finish_request(struct exchange *x, enum verdict v)
{
	if (!x->sa) {
		if (v == V_REPLY_ERROR)
			reply_unprotected(x);
		report(x);
		return;
	}
	if (v == V_REPLY_ERROR &&
	    exchange_reply_notify(x, x->notify, slice_of(x->notify_data, x->notify_len)) < 0)
		v = V_DROP;
	if (v == V_DROP || reply(x) < 0) {
		report(x);
		if (x->sa->state == IKE_NEW)
			ike_sa_free(TAKE(x->sa));
		return;
	}
	move_follow(x);
	if (x->msg.opened)
		ike_sa_heard(x->sa);
	report(x);
	bring_up_next(x);
	move(x->sa, v == V_OK ? x->rule->on_ok : x->rule->on_fail, x);
	settle(x->sa, x);
}

static int next_request(struct exchange *x)
{
	struct window *w = &x->sa->window;
	if (x->again)
		return window_replace(w, x->out);
	if (x->trigger == ON_RESPONSE)
		window_answered(w);
	return x->out.len ? exchange_send_request(x) : 0;
}

static void finish_rest(struct exchange *x, enum verdict v)
{
	struct ike_sa *sa = x->sa;
	if (x->trigger == ON_RESPONSE)
		window_hold(&sa->window, false);
	report(x);
	if (v == V_DROP || v == V_REPLY_ERROR)
		return;
	if (x->msg.opened)
		ike_sa_heard(sa);
	move_follow(x);
	if (x->trigger == ON_RESPONSE && x->msg.opened)
		mobike_heard(x);
	enum ike_state to = v == V_OK ? x->rule->on_ok : x->rule->on_fail;
	int r = next_request(x);
	if (r < 0 || (to == IKE_DELETING && !window_is_pending(&sa->window)))
		to = IKE_GONE;
	bring_up_next(x);
	move(sa, to, x);
	settle(sa, x);
}

static void finish(struct exchange *x, enum verdict v)
{
	if (v == V_SUSPEND) {
		x->sa->busy = x;
		window_hold(&x->sa->window, x->trigger == ON_RESPONSE);
		return;
	}
	if (x->sa && x->sa->busy == x)
		x->sa->busy = NULL;
	if (x->trigger == ON_REQUEST)
		finish_request(x, v);
	else
		finish_rest(x, v);
	exchange_free(x);
}

void dispatch_resume(struct exchange *x, int result, struct slice data)
{
	resume_fn fn = x->resume;
	x->resume = NULL;
	if (x->limit)
		loop_timer_disarm(x->limit);
	finish(x, fn(x, result, data));
}

/* ---- messages ---- */

static void drop(struct engine *e, const struct udp_packet *p, const char *why)
{
	e->counters.n_dropped++;
	LOG(DEBUG, "packet_dropped", F_STR("reason", why), F_ADDR("peer", &p->peer),
	    F_ADDR("local", &p->local), F_INT("bytes", p->bytes.len));
}

/*
 * Decodes and checks the form.  0: x->pl and x->grammar are filled in; -EBADMSG: nothing that
 * deserves an answer; -EPROTO: malformed, and whoever sent it should know (x->fault);
 * -EINPROGRESS: a fragment, not the last to come; -E2BIG: as fragment_take().
 */
static int decode(struct exchange *x, const struct ike_header *h, const char **why)
{
	uint8_t at = 0;
	bool may_answer = h->exchange == EXCHANGE_IKE_SA_INIT && !header_is_response(h);
	int r = msg_parse(slice_of(x->datagram, x->datagram_len), h, &x->arena, &x->msg, &at, why);

	if (r == 0 && payload_has(&x->msg.outer, PL_SK)) {
		if (!x->sa || !x->sa->keys)
			return *why = "encrypted before there are keys", -EBADMSG;
		r = sk_open(&x->msg, x->datagram, &x->sa->keys->in, &x->arena, &at, why);
		may_answer = x->msg.opened;
	}
	if (r == 0 && payload_has(&x->msg.outer, PL_SKF)) {
		r = fragment_take(x, &at, why);
		if (r == -EINPROGRESS || r == -E2BIG)
			return r;
		may_answer = x->msg.opened;
	}
	if (r == 0) {
		r = grammar_check(&x->msg, &x->grammar);
		at = x->grammar.payload;
		*why = r < 0 ? x->grammar.why : NULL;
	}
	x->pl = x->msg.opened ? &x->msg.inner : &x->msg.outer;
	if (r == 0)
		return 0;
	/* 2.5: exchanges that we do not know are ignored, even authentic ones */
	if (r == -ENOMEM || r == -EOPNOTSUPP || !may_answer)
		return -EBADMSG;
	x->fault = r;
	x->grammar.payload = at;
	return -EPROTO;
}

/*
 * What an authentic message tells, whatever it says: who speaks over an IKE SA has it, so it is the
 * heir of what it replaced (an answer may come from who is about to yield, while that is open).
 * And with a window of 1 (2.3) the next request means that our last answer is there: what the peer
 * rekeyed can be sent to, unless it is given up by this very request.
 */
static void peer_speaks(const struct exchange *x)
{
	struct child_sa *c;
	bool request = x->trigger == ON_REQUEST;
	if (!informational_deletes_ike(x->pl) && (request || !rekey_ike_is_open(x->sa)))
		rekey_ike_inherit(x->sa);
	if (!request)
		return;
	LIST_EACH(c, &x->sa->children, node)
		if (!informational_deletes(x->pl, c->spi_out))
			child_sa_complete(c);
}

static void handle(struct engine *e, struct ike_sa *sa, const struct udp_packet *p,
		   const struct ike_header *h, uint64_t hash)
{
	enum trigger on = header_is_response(h) ? ON_RESPONSE : ON_REQUEST;
	enum ike_state from = sa ? sa->state : IKE_NEW;
	const char *why = "out of memory";
	struct exchange *x = exchange_new(e, sa, on, p);

	if (!x) {
		drop(e, p, why);
		return;
	}
	x->hash = hash;
	x->msg.header = *h;
	int r = decode(x, h, &why);
	if (r == -EINPROGRESS) {
		exchange_free(x);
		return;
	}
	if (r == 0)
		x->rule = rules_find(from, on, (int)x->grammar.form, x->pl);
	else if (r == -EPROTO)
		x->rule = rules_find(from, on, FORM_BAD, NULL);
	if (!x->rule) {
		drop(e, p, why ? why : "not expected in this state");
		exchange_free(x);
		if (r == -E2BIG)
			fragment_refused(sa);
		return;
	}
	x->grammar.why = why;
	if (sa && x->msg.opened)
		peer_speaks(x);
	finish(x, x->rule->handler(x));
}

static void answer_again(struct ike_sa *sa, const struct udp_packet *p, uint32_t id,
			 struct slice reply)
{
	sa->engine->counters.n_answered_again++;
	send_back(sa->engine, &p->local, &p->peer, p->natt, fragment_try_reply(sa, id, reply));
}

/* A request of an SA: fresh, a retransmission, or nothing that we should look at. */
static void take_request(struct engine *e, struct ike_sa *sa, const struct udp_packet *p,
			 const struct ike_header *h, uint64_t hash)
{
	struct slice again;
	switch (window_take_request(&sa->window, h->message_id, hash, &again)) {
	case WINDOW_FRESH:
		handle(e, sa, p, h, hash);
		break;
	case WINDOW_AGAIN:
		answer_again(sa, p, h->message_id, again);
		break;
	case WINDOW_STALE:
		if (window_is_answered(&sa->window, h->message_id) && fragment_asks_again(sa, p, h))
			answer_again(sa, p, h->message_id, window_reply(&sa->window));
		else
			drop(e, p, "message id");
		break;
	}
}

static void take(struct engine *e, struct ike_sa *sa, const struct udp_packet *p,
		 const struct ike_header *h, uint64_t hash)
{
	if (sa->busy)
		drop(e, p, "another message is being processed");
	else if (sa->state == IKE_GONE && header_is_response(h))
		drop(e, p, "the IKE SA is gone");
	else if (!header_is_response(h))
		take_request(e, sa, p, h, hash);
	else if (window_takes_response(&sa->window, h->message_id))
		handle(e, sa, p, h, hash);
	else
		drop(e, p, "response to nothing");
}

/* ---- which SA ---- */

static struct ike_sa *find_sa(struct engine *e, const struct ike_header *h)
{
	bool we_initiated = !header_from_initiator(h);
	struct hash_node *n = hash_find(&e->by_spi, we_initiated ? h->spi_i : h->spi_r);
	struct ike_sa *sa = n ? CONTAINER_OF(n, struct ike_sa, by_spi) : NULL;

	if (!sa || sa->initiator != we_initiated || sa->spi_i != h->spi_i)
		return NULL;
	/* Until the responder's SPI is known, any will do. */
	if (sa->spi_r != h->spi_r && sa->state != IKE_INIT_SENT)
		return NULL;
	return sa;
}

/* The answer to a request for an SA that we do not have: it may help a peer (2.21.4). */
static void unknown_spi(struct engine *e, const struct udp_packet *p, const struct ike_header *h)
{
	struct exchange *x;
	drop(e, p, "unknown SPI");
	if (header_is_response(h) || h->spi_r == 0)
		return;
	x = exchange_new(e, NULL, ON_REQUEST, p);
	if (!x)
		return;
	x->msg.header = *h;
	x->notify = N_INVALID_IKE_SPI;
	reply_unprotected(x);
	exchange_free(x);
}

static void wrong_version(struct engine *e, const struct udp_packet *p, const struct ike_header *h)
{
	struct exchange *x;
	drop(e, p, "major version");
	if (header_is_response(h) || h->major <= IKE_MAJOR_VERSION)
		return;
	x = exchange_new(e, NULL, ON_REQUEST, p);
	if (!x)
		return;
	x->msg.header = *h;
	x->notify = N_INVALID_MAJOR_VERSION;
	reply_unprotected(x);
	exchange_free(x);
}

static void init_request(struct engine *e, const struct udp_packet *p, const struct ike_header *h,
			 uint64_t hash)
{
	struct hash_node *n = hash_find(&e->by_init, engine_init_key(e, &p->peer, hash));
	struct ike_sa *sa = n ? CONTAINER_OF(n, struct ike_sa, by_init) : NULL;
	if (sa)
		take(e, sa, p, h, hash);
	else if (h->message_id != 0)
		drop(e, p, "message id");
	else
		handle(e, NULL, p, h, hash);
}

void dispatch_packet(struct engine *e, const struct udp_packet *p)
{
	struct ike_header h;
	const char *why = "";

	e->counters.n_received++;
	if (p->bytes.len > LIMIT_RECEIVE_BYTES) {
		drop(e, p, "too long");
		return;
	}
	int r = header_parse(p->bytes, &h, &why);
	if (r == -EPROTONOSUPPORT)
		wrong_version(e, p, &h);
	else if (r < 0)
		drop(e, p, why);
	if (r < 0)
		return;
	uint64_t hash = hash_sip(e->hash_key, p->bytes.p, p->bytes.len);
	if (h.exchange == EXCHANGE_IKE_SA_INIT && !header_is_response(&h) &&
	    header_from_initiator(&h)) {
		init_request(e, p, &h, hash);
		return;
	}
	struct ike_sa *sa = find_sa(e, &h);
	if (sa)
		take(e, sa, p, &h, hash);
	else
		unknown_spi(e, p, &h);
}

/* ---- local events ---- */

void dispatch_trigger(struct ike_sa *sa, enum trigger trigger)
{
	const struct rule *rule = rules_find(sa->state, trigger, FORM_NONE, NULL);
	if (!rule)
		return;
	struct exchange *x = exchange_new(sa->engine, sa, trigger, NULL);
	if (!x) {
		/* Again later: no SA may hang in the air because memory was short. */
		if (trigger == ON_CREATE) {
			loop_timer_arm(sa->later, LIMIT_RETRY_FIRST_MS);
			return;
		}
		sa->owed = (int)trigger;
		loop_timer_arm(sa->life, LIMIT_RETRY_FIRST_MS);
		return;
	}
	x->rule = rule;
	finish(x, rule->handler(x));
}
