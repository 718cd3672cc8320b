/* SPDX-License-Identifier: BSD-2-Clause */
/* IKE fragments, RFC 7383: how they help, and that nothing of them can be abused. */
#include "sim/scenario.h"

#include "ike/engine_int.h"
#include "ike/exchange.h"
#include "ike/limits.h"
#include "msg/notify.h"
#include "msg/skf.h"
#include "msg/writer.h"

enum { SMALL_BYTES = 160, PATH_BYTES = 600, IP_UDP_BYTES = 28, NEXT_PAYLOAD_AT = 16 };

static void small(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	(void)p;
	(void)child;
	(void)node;
	peer->fragment_bytes = SMALL_BYTES;
}

/* Identities so long that IKE_AUTH does not fit into PATH_BYTES. */
static void long_names(struct policy *p, struct peer_config *peer, struct child_config *child,
		       int node)
{
	char name[POLICY_ID_MAX_BYTES];
	size_t len = sizeof(name) < 240 ? sizeof(name) : 240;
	(void)p;
	(void)child;
	memset(name, 'x', sizeof(name));
	name[0] = node == SIM_A ? 'a' : 'b';
	assert_int_equal(id_set(&peer->local_id, ID_FQDN, slice_of(name, len)), 0);
	name[0] = node == SIM_A ? 'b' : 'a';
	assert_int_equal(id_set(&peer->peer_ids[0], ID_FQDN, slice_of(name, len)), 0);
	peer->n_peer_ids = 1;
}

static const struct engine_counters *counters(const struct sim *s, int node)
{
	return engine_counters(s->nodes[node].engine);
}

static size_t stored(const struct sim *s, int node)
{
	return s->nodes[node].engine->fragments_bytes;
}

static void end(struct sim *s)
{
	assert_int_equal(stored(s, SIM_A), 0);
	assert_int_equal(stored(s, SIM_B), 0);
	sim_free(s);
}

/* ---- use ---- */

static bool no_longer_than_small(void *arg, const struct wire_end *from, uint8_t *bytes,
				 size_t *len)
{
	int *n = arg;
	(void)from;
	if (bytes[NEXT_PAYLOAD_AT] == PL_SKF) {
		++*n;
		/* each ends at the size, or just before a block's end */
		assert_true(*len + IP_UDP_BYTES + 4 <= SMALL_BYTES + 20);
	}
	return true;
}

static void cut_and_joined(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = small;
	for (int i = 0; i < 8; i++) {
		int n = 0;
		o.v6 = i & 1;
		o.nat = !o.v6 && (i & 2);
		o.ike[0] = o.ike[1] = i & 4 ? "aes:256/prf_sha512/hmac_sha512/ecp384" : NULL;
		struct sim *s = start(&o);
		s->wire.tap = no_longer_than_small;
		s->wire.tap_arg = &n;
		come_up(s, SIM_A);
		assert_true(n >= 4);
		assert_int_equal(counters(s, SIM_A)->n_fragmented, 1);
		assert_int_equal(counters(s, SIM_B)->n_reassembled, 1);
		assert_int_equal(counters(s, SIM_B)->n_fragmented, 1);
		assert_int_equal(counters(s, SIM_A)->n_reassembled, 1);
		assert_int_equal(counters(s, SIM_A)->n_fragments + counters(s, SIM_B)->n_fragments,
				 n);
		end(s);
	}
}

static void off_at_b(struct policy *p, struct peer_config *peer, struct child_config *child,
		     int node)
{
	small(p, peer, child, node);
	if (node == SIM_B)
		peer->fragments = FRAGMENTS_OFF;
}

static void only_if_agreed(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = off_at_b;
	for (int node = 0; node < SIM_NODES; node++) {
		struct sim *s = start(&o);
		come_up(s, node);
		assert_int_equal(counters(s, SIM_A)->n_fragmented, 0);
		assert_int_equal(counters(s, SIM_B)->n_fragmented, 0);
		end(s);
	}
}

/* One side cuts small, the other has the usual size: it answers in the same form. */
static void small_at_a(struct policy *p, struct peer_config *peer, struct child_config *child,
		       int node)
{
	if (node == SIM_A)
		small(p, peer, child, node);
}

static void same_form_back(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = small_at_a;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_int_equal(counters(s, SIM_B)->n_fragmented, 1);
	end(s);
}

static void any_one_is_lost(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = small;
	for (int node = 0; node < SIM_NODES; node++) {
		for (int nth = 1; nth <= 6; nth++) {
			struct tap t = { .n = 0 };
			t.lose_nth[node] = nth;
			struct sim *s = start(&o);
			tap_set(s, &t);
			come_up(s, SIM_A);
			assert_int_equal(counters(s, SIM_B)->n_reassembled, 1);
			end(s);
		}
	}
}

static void bad_wire(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = small;
	o.wire = (struct wire_options){
		.loss_percent = 10, .duplicate_percent = 30, .delay_min_ms = 5, .delay_max_ms = 300
	};
	for (uint64_t seed = 1; seed <= 100; seed++) {
		o.seed = seed;
		struct sim *s = start(&o);
		assert_int_equal(sim_initiate(s, SIM_A), 0);
		assert_true(sim_run_until(s, sim_is_quiet, LONG_MS));
		sim_run(s, LIMIT_FRAGMENTS_MS);
		if (!counters(s, SIM_A)->n_silent)
			assert_true(sim_is_up(s) && sim_agrees(s));
		end(s);
	}
}

/* ---- sizes that shrink ---- */

/* A path that drops IP fragments, and so what is longer than its MTU. */
static bool narrow_path(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	(void)arg;
	(void)from;
	(void)bytes;
	return *len + IP_UDP_BYTES + 20 <= PATH_BYTES;
}

static void narrower_path(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = long_names;
	for (int v6 = 0; v6 < 2; v6++) {
		o.v6 = v6;
		struct sim *s = start(&o);
		s->wire.tap = narrow_path;
		assert_int_equal(sim_initiate(s, SIM_A), 0);
		assert_true(sim_run_until(s, sim_is_up, LONG_MS));
		assert_true(sim_agrees(s));
		assert_true(sim_logged("event=fragments_shrunk", "bytes=576", "remote=b"));
		assert_int_equal(counters(s, SIM_A)->n_fragmented, 1);
		end(s);
	}
}

static void off(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	long_names(p, peer, child, node);
	peer->fragments = FRAGMENTS_OFF;
}

static void narrower_path_without(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = off;
	struct sim *s = start(&o);
	s->wire.tap = narrow_path;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, LONG_MS);
	assert_int_equal(sim_n_up(s, SIM_A), 0);
	assert_true(sim_logged("reason=peer_silent", "IKE_AUTH", ""));
	end(s);
}

static void forced(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	long_names(p, peer, child, node);
	peer->fragments = FRAGMENTS_FORCE;
}

static void narrower_path_forced(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = forced;
	struct sim *s = start(&o);
	s->wire.tap = narrow_path;
	come_up(s, SIM_A);
	assert_int_equal(counters(s, SIM_A)->n_retransmits, 0);
	end(s);
}

/* Loses what is long from one side only. */
struct one_way {
	int node;
	size_t longest_bytes;
};

static bool narrow_one_way(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	const struct one_way *w = arg;
	(void)bytes;
	return from != &from->wire->ends[w->node] || *len <= w->longest_bytes;
}

static void many_selectors(struct policy *p, struct peer_config *peer, struct child_config *child,
			   int node)
{
	long_names(p, peer, child, node);
	struct ts_list *l = node == SIM_A ? &child->local_ts : &child->peer_ts;
	while (l->n < N_ELEMENTS(l->ts)) {
		struct ts *ts = &l->ts[l->n++];
		*ts = l->ts[0];
		ts->first.ip[1] = ts->last.ip[1] = (uint8_t)(10 * l->n);
	}
}

/* The request comes through, but not the reply: who answers learns it by being asked again. */
static void reply_shrinks(void **state)
{
	struct sim_options o = plain();
	struct one_way w = { .node = SIM_B, .longest_bytes = 544 };
	(void)state;
	o.tweak = many_selectors;
	o.ike[0] = o.ike[1] = "aes:256/prf_sha512/hmac_sha512/ecp384";
	struct sim *s = start(&o);
	s->wire.tap = narrow_one_way;
	s->wire.tap_arg = &w;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	assert_true(sim_run_until(s, sim_is_up, LONG_MS));
	assert_true(sim_agrees(s));
	assert_true(sim_logged("event=fragments_shrunk", "bytes=576", "remote=a"));
	assert_true(counters(s, SIM_A)->n_reassembled > 0);
	end(s);
}

/* ---- a peer's nonsense: node a's keys in the hands of the test ---- */

static struct ike_sa *sa_of(struct sim *s, int node)
{
	struct engine *e = s->nodes[node].engine;
	assert_false(list_empty(&e->sas));
	return LIST_ENTRY(e->sas.next, struct ike_sa, node);
}

struct attack {
	struct sim *s;
	struct ike_sa *sa; /* a's */
	uint8_t chain[64];
	size_t len;
	uint8_t exchange;
	uint32_t id;
};

/* An IKE SA that is up, and an INFORMATIONAL request that was never sent. */
static struct attack attack_of(struct sim *s)
{
	struct attack a = { .s = s,
			    .sa = sa_of(s, SIM_A),
			    .exchange = EXCHANGE_INFORMATIONAL,
			    .id = window_request_id(&sa_of(s, SIM_A)->window) };
	struct wr w = wr_of(a.chain, sizeof(a.chain));
	for (int i = 0; i < 3; i++) {
		wr_u8(&w, i < 2 ? PL_NOTIFY : 0);
		wr_u8(&w, 0);
		wr_u16(&w, 12);
		wr_u32(&w, N_INITIAL_CONTACT);
		wr_u32(&w, 0);
	}
	a.len = wr_used(&w);
	return a;
}

static size_t build(struct attack *a, uint8_t *buf, size_t size, uint16_t number, uint16_t total,
		    struct slice content)
{
	struct ike_header h = { .spi_i = a->sa->spi_i,
				.spi_r = a->sa->spi_r,
				.exchange = a->exchange,
				.flags = IKE_FLAG_INITIATOR,
				.message_id = a->id };
	struct slice message = { 0 };
	struct msg_writer mw;
	msg_writer_init(&mw, buf, size, &h);
	msg_writer_add_skf(&mw, &a->sa->keys->out, PL_NOTIFY, number, total, content);
	assert_int_equal(msg_writer_end(&mw, &message), 0);
	return message.len;
}

static void send_content(struct attack *a, uint16_t number, uint16_t total, struct slice content)
{
	uint8_t buf[2048];
	size_t len = build(a, buf, sizeof(buf), number, total, content);
	inject(a->s, SIM_A, buf, len);
	sim_run(a->s, 5);
}

/* The right piece of the chain. */
static struct slice piece(const struct attack *a, uint16_t number, uint16_t total)
{
	size_t size = a->len / total, at = (number - 1u) * size;
	return slice_of(a->chain + at, number == total ? a->len - at : size);
}

static void send_piece(struct attack *a, uint16_t number, uint16_t total)
{
	send_content(a, number, total, piece(a, number, total));
}

static uint64_t n_answers(const struct attack *a)
{
	return a->s->wire.ends[SIM_B].n_sent;
}

static struct sim *start_up(void)
{
	struct sim_options o = plain();
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	return s;
}

static void answered_when_whole(void **state)
{
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	(void)state;
	send_piece(&a, 3, 3);
	send_piece(&a, 1, 3);
	assert_int_equal(n_answers(&a), before);
	assert_true(stored(s, SIM_B) > 0);
	send_piece(&a, 2, 3);
	assert_int_equal(n_answers(&a), before + 1);
	end(s);
}

static void numbers(void **state)
{
	static const uint16_t bad[][2] = { { 0, 0 }, { 0, 2 }, { 3, 2 }, { 1, 0 } };
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(bad); i++)
		send_content(&a, bad[i][0], bad[i][1], slice_of("abc", 3));
	assert_int_equal(n_answers(&a), before);
	assert_int_equal(stored(s, SIM_B), 0);
	assert_int_equal(counters(s, SIM_B)->n_fragments, 0);
	end(s);
}

static void total_changes(void **state)
{
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	(void)state;
	send_piece(&a, 1, 2);
	send_piece(&a, 2, 3);
	/* of the set that was given up */
	send_piece(&a, 2, 2);
	send_piece(&a, 1, 2);
	send_piece(&a, 3, 3);
	assert_int_equal(n_answers(&a), before);
	send_piece(&a, 1, 3);
	assert_int_equal(n_answers(&a), before + 1);
	end(s);
}

static void the_first_counts(void **state)
{
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	(void)state;
	send_piece(&a, 1, 2);
	send_content(&a, 1, 2, slice_of("something else", 14));
	assert_int_equal(counters(s, SIM_B)->n_fragments, 1);
	send_piece(&a, 2, 2);
	assert_int_equal(n_answers(&a), before + 1);
	assert_false(sim_logged("malformed", "", ""));
	end(s);
}

static void forged(void **state)
{
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	uint8_t buf[512];
	(void)state;
	for (uint16_t i = 1; i <= 2; i++) {
		size_t len = build(&a, buf, sizeof(buf), i, 2, slice_of("abcdef", 6));
		buf[len - 1] ^= 1;
		inject(s, SIM_A, buf, len);
		/* a larger total does not throw away what is there, if it is forged */
		len = build(&a, buf, sizeof(buf), i, 60, slice_of("abcdef", 6));
		buf[len - 1] ^= 1;
		inject(s, SIM_A, buf, len);
		sim_run(s, 5);
		send_piece(&a, i, 2);
	}
	assert_int_equal(n_answers(&a), before + 1);
	end(s);
}

static void empty(void **state)
{
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	(void)state;
	send_content(&a, 1, 2, slice_of("", 0));
	send_content(&a, 2, 2, slice_of("", 0));
	assert_int_equal(n_answers(&a), before);
	assert_int_equal(counters(s, SIM_B)->n_fragments, 0);
	end(s);
}

static void other_ids(void **state)
{
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	struct attack next = a, old = a;
	uint64_t before = n_answers(&a);
	(void)state;
	next.id++;
	old.id -= 2;
	send_piece(&a, 1, 2);
	send_piece(&next, 1, 2);
	send_piece(&next, 2, 2);
	send_piece(&old, 2, 2);
	assert_int_equal(n_answers(&a), before);
	assert_int_equal(counters(s, SIM_B)->n_fragments, 1);
	send_piece(&a, 2, 2);
	assert_int_equal(n_answers(&a), before + 1);
	end(s);
}

static void asked_again(void **state)
{
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint8_t first[512];
	size_t len = build(&a, first, sizeof(first), 1, 2, piece(&a, 1, 2));
	uint64_t before = n_answers(&a);
	(void)state;
	inject(s, SIM_A, first, len);
	sim_run(s, 5);
	send_piece(&a, 2, 2);
	assert_int_equal(n_answers(&a), before + 1);
	/* 2.6.1: the first one asks for the reply again, as it was or cut anew; others do not */
	send_piece(&a, 2, 2);
	assert_int_equal(n_answers(&a), before + 1);
	inject(s, SIM_A, first, len);
	sim_run(s, 5);
	assert_int_equal(n_answers(&a), before + 2);
	send_piece(&a, 1, 3);
	assert_int_equal(n_answers(&a), before + 3);
	send_piece(&a, 2, 3);
	send_piece(&a, 3, 3);
	assert_int_equal(n_answers(&a), before + 3);
	/* a forged one does not */
	len = build(&a, first, sizeof(first), 1, 4, slice_of("x", 1));
	first[len - 1] ^= 1;
	inject(s, SIM_A, first, len);
	sim_run(s, 5);
	assert_int_equal(n_answers(&a), before + 3);
	end(s);
}

static void too_many(void **state)
{
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	(void)state;
	send_content(&a, 1, 65535, slice_of("abc", 3));
	assert_true(sim_logged("event=negotiation_failed", "reason=overload", "what=SKF"));
	assert_int_equal(stored(s, SIM_B), 0);
	assert_int_equal(n_answers(&a), before);
	/* an SA that is up does not suffer */
	assert_true(sim_is_up(s));
	send_piece(&a, 1, 2);
	send_piece(&a, 2, 2);
	assert_int_equal(n_answers(&a), before + 1);
	end(s);
}

static void too_long(void **state)
{
	static const uint8_t zeros[1000];
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	(void)state;
	for (uint16_t i = 1; i <= 16; i++)
		send_content(&a, i, 20, slice_of(zeros, sizeof(zeros)));
	assert_int_equal(stored(s, SIM_B), 16000);
	send_content(&a, 17, 20, slice_of(zeros, sizeof(zeros)));
	assert_int_equal(stored(s, SIM_B), 0);
	assert_true(sim_logged("reason=overload", "what=SKF", ""));
	end(s);
}

static void one_per_hour(void **state)
{
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	(void)state;
	for (uint16_t i = 1; i <= 3; i++) {
		send_piece(&a, i, 3);
		assert_true(stored(s, SIM_B) > 0);
		sim_run(s, 3600000);
		assert_int_equal(stored(s, SIM_B), 0);
	}
	assert_int_equal(n_answers(&a), before);
	end(s);
}

static void malformed_whole(void **state)
{
	static const uint8_t nested[] = { 0, 0, 0, 10, 0, 1, 0, 1, 7, 7 };
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	(void)state;
	/* the chain says that a notify comes first; an SK inside would come second */
	uint8_t chain[18] = { PL_SKF, 0, 0, 8, 0, 0, 0x40, 0 };
	memcpy(chain + 8, nested, sizeof(nested));
	send_content(&a, 1, 2, slice_of(chain, 9));
	send_content(&a, 2, 2, slice_of(chain + 9, 9));
	/* authentic, and so told: INVALID_SYNTAX, and the end (RFC 7296 2.21.3) */
	assert_int_equal(n_answers(&a), before + 1);
	assert_int_equal(sim_n_up(s, SIM_B), 0);
	end(s);
}

static void not_agreed(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = off_at_b;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	send_piece(&a, 1, 1);
	assert_int_equal(n_answers(&a), before);
	assert_int_equal(counters(s, SIM_B)->n_fragments, 0);
	end(s);
}

static void not_first_message(void **state)
{
	struct sim *s = start_up();
	struct attack a = attack_of(s);
	uint64_t before = n_answers(&a);
	uint8_t buf[512];
	(void)state;
	a.exchange = EXCHANGE_IKE_SA_INIT;
	a.id = 0;
	size_t len = build(&a, buf, sizeof(buf), 1, 2, slice_of("abc", 3));
	/* a new one: no SPI of the responder yet */
	memset(buf + 8, 0, 8);
	inject(s, SIM_A, buf, len);
	sim_run(s, 100);
	assert_int_equal(n_answers(&a), before);
	assert_int_equal(s->nodes[SIM_B].engine->n_half_open, 0);
	end(s);
}

/* Loses all protected messages of a, so that b waits for IKE_AUTH. */
static bool no_auth(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	(void)arg;
	(void)from;
	(void)len;
	return bytes[NEXT_PAYLOAD_AT] != PL_SK && bytes[NEXT_PAYLOAD_AT] != PL_SKF;
}

static void half_open_attack(void **state)
{
	struct sim_options o = plain();
	(void)state;
	struct sim *s = start(&o);
	s->wire.tap = no_auth;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 100);
	assert_int_equal(s->nodes[SIM_B].engine->n_half_open, 1);
	struct attack a = attack_of(s);
	a.exchange = EXCHANGE_IKE_AUTH;
	send_content(&a, 2, 60, slice_of("abc", 3));
	assert_int_equal(stored(s, SIM_B), 3);
	/* 5: an attack, or a broken sender: the connection ends, with all that it stored */
	send_content(&a, 1, 65, slice_of("abc", 3));
	assert_int_equal(s->nodes[SIM_B].engine->n_half_open, 0);
	assert_int_equal(stored(s, SIM_B), 0);
	assert_true(sim_logged("reason=overload", "what=SKF", ""));
	sim_run(s, LONG_MS);
	end(s);
}

static void half_open_forgets(void **state)
{
	struct sim_options o = plain();
	(void)state;
	struct sim *s = start(&o);
	s->wire.tap = no_auth;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 100);
	struct attack a = attack_of(s);
	a.exchange = EXCHANGE_IKE_AUTH;
	send_content(&a, 2, 60, slice_of("abc", 3));
	assert_int_equal(stored(s, SIM_B), 3);
	sim_run(s, LONG_MS);
	assert_int_equal(engine_n_sas(s->nodes[SIM_B].engine), 0);
	end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("IKE_AUTH is cut and joined, over both families and NAT", cut_and_joined),
		UNIT("nothing is cut unless both want it", only_if_agreed),
		UNIT("who is asked in small fragments answers in small fragments", same_form_back),
		UNIT("any one fragment may be lost", any_one_is_lost),
		UNIT("fragments may be lost, doubled and out of order", bad_wire),
		UNIT("what does not come through is cut smaller", narrower_path),
		UNIT("without fragments a narrow path is silence", narrower_path_without),
		UNIT("small fragments can be forced from the first try", narrower_path_forced),
		UNIT("a reply that does not come through is cut smaller", reply_shrinks),
		UNIT("a request is answered when all fragments are there", answered_when_whole),
		UNIT("fragment numbers that cannot be are dropped", numbers),
		UNIT("a larger total begins anew, a smaller one is dropped", total_changes),
		UNIT("a fragment that is here stays, whatever comes", the_first_counts),
		UNIT("a forged fragment neither enters nor displaces", forged),
		UNIT("empty fragments are dropped", empty),
		UNIT("fragments of other message ids are dropped", other_ids),
		UNIT("fragment 1 of the last request gets the reply again", asked_again),
		UNIT("a message of too many fragments is refused", too_many),
		UNIT("a message of too many bytes is refused", too_long),
		UNIT("one fragment per hour is nothing", one_per_hour),
		UNIT("what is malformed as a whole is answered so", malformed_whole),
		UNIT("fragments that were not agreed on are dropped", not_agreed),
		UNIT("IKE_SA_INIT has no fragments", not_first_message),
		UNIT("too many fragments before authentication end the IKE SA", half_open_attack),
		UNIT("fragments of who does not go on are forgotten", half_open_forgets),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
