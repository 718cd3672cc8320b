/* SPDX-License-Identifier: BSD-2-Clause */
/* Reauthentication, make before break: RFC 7296 2.8.3, RFC 4478. */
#include "sim/scenario.h"

#include "ike/child_sa.h"
#include "ike/engine_int.h"

#include <errno.h>

/* ---- words ---- */

static int64_t reauth_ms[SIM_NODES];
static bool two_nets, initiate_b;

static void tweak(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	peer->reauth_ms = reauth_ms[node];
	peer->initiate = node == SIM_B && initiate_b ? INITIATE_ON_DEMAND : INITIATE_NEVER;
	if (two_nets)
		sim_two_nets(p, peer, child, node);
}

static struct sim *start_with(int64_t a_ms, int64_t b_ms)
{
	struct sim_options o = plain();
	reauth_ms[SIM_A] = a_ms;
	reauth_ms[SIM_B] = b_ms;
	o.tweak = tweak;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	return s;
}

static uint64_t ike_spi(const struct sim *s, int node)
{
	const struct ike_sa *sa;
	LIST_EACH(sa, &s->nodes[node].engine->sas, node)
		if (ike_sa_is_up(sa))
			return ike_sa_own_spi(sa);
	return 0;
}

static bool cannot_talk(struct sim *s)
{
	return !sim_can_talk(s);
}

/* So long there is a way for packets at every moment. */
static void talk_for(struct sim *s, int64_t ms)
{
	if (sim_run_until(s, cannot_talk, ms))
		fail_msg("no way for packets at %lld ms", (long long)loop_now_ms(s->loop));
}

static void expect_rest(struct sim *s, size_t n_children)
{
	char text[4096];
	if (!sim_run_until(s, sim_is_settled, LONG_MS))
		fail_msg("%s", sim_difference(s, text, sizeof(text)));
	for (int i = 0; i < SIM_NODES; i++) {
		assert_int_equal(sim_n_up(s, i), 1);
		assert_int_equal(kernel_fake_count(s->nodes[i].kernel), n_children);
	}
}

/* ---- by command ---- */

static void make_before_break(void **state)
{
	(void)state;
	for (int node = 0; node < SIM_NODES; node++) {
		struct sim *s = start_with(0, 0);
		uint64_t before = ike_spi(s, SIM_A);
		uint32_t reqid = child_of(s, SIM_A)->out.reqid;
		sim_reauth(s, node);
		talk_for(s, 5000);
		expect_rest(s, 1);
		assert_int_not_equal(ike_spi(s, SIM_A), before);
		/* the policies lead to the new SAs without a change */
		assert_int_equal(child_of(s, SIM_A)->out.reqid, reqid);
		assert_int_equal(sim_log_count("event=ike_sa_up"), 4);
		assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
		assert_true(sim_logged("event=ike_sa_handed_over", "reason=reauthenticated", ""));
		/* never by INITIAL_CONTACT: that would end the old one at once */
		assert_false(sim_logged("reason=initial_contact", "", ""));
		sim_free(s);
	}
}

static void all_children_go_along(void **state)
{
	(void)state;
	two_nets = true;
	for (int node = 0; node < SIM_NODES; node++) {
		struct sim *s = start_with(0, 0);
		assert_int_equal(sim_initiate_more(s, SIM_A), 0);
		sim_run(s, 1000);
		expect_rest(s, 2);
		sim_reauth(s, node);
		talk_for(s, 5000);
		expect_rest(s, 2);
		assert_int_equal(sim_log_count("event=ike_sa_up"), 4);
		assert_int_equal(sim_log_count("event=child_sa_up"), 8);
		sim_free(s);
	}
	two_nets = false;
}

/*
 * The kernel of one side takes up the new SA long after its engine has agreed that the old one
 * goes: what it sends until then is still received.
 */
static void one_kernel_is_slow(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		struct sim *s = start_with(0, 0);
		int slow = i & 1, node = i >> 1 & 1;
		kernel_fake_set_delay(s->nodes[slow].kernel, 300);
		if (i & 4)
			sim_grow_old(s, node);
		else
			sim_reauth(s, node);
		talk_for(s, 5000);
		expect_rest(s, 1);
		assert_int_equal(sim_log_count("event=child_sa_up"), 4);
		sim_free(s);
	}
}

/* What is deleted at once takes along what would only have received for a moment more. */
static void nothing_lingers_after_a_delete(void **state)
{
	(void)state;
	struct sim *s = start_with(0, 0);
	sim_grow_old(s, SIM_A);
	sim_run(s, 100);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 2);
	assert_int_equal(sim_terminate(s, SIM_A, "b"), 0);
	sim_run(s, 100);
	assert_true(sim_is_down(s));
	sim_free(s);
}

/* What was narrowed stays as it is. */
static void selectors_are_kept(void **state)
{
	(void)state;
	struct sim *s = start_with(0, 0);
	struct ike_sa *sa;
	struct child_sa *c;
	LIST_EACH(sa, &s->nodes[SIM_A].engine->sas, node)
		LIST_EACH(c, &sa->children, node)
			c->peer_ts.ts[0].last.ip[2] = 7;
	sim_reauth(s, SIM_A);
	sim_run(s, 3000);
	LIST_EACH(sa, &s->nodes[SIM_A].engine->sas, node)
		LIST_EACH(c, &sa->children, node)
			assert_int_equal(c->peer_ts.ts[0].last.ip[2], 7);
	assert_int_equal(sim_n_up(s, SIM_A), 1);
	sim_free(s);
}

/* Both nodes, every loss: what is there at the end is one IKE SA with its child. */
static void over_a_bad_wire(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct sim_options o = plain();
		reauth_ms[SIM_A] = reauth_ms[SIM_B] = 0;
		o.seed = seed;
		o.tweak = tweak;
		o.wire.delay_max_ms = 60;
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		s->wire.options.loss_percent = 15;
		sim_reauth(s, (int)(seed & 1));
		if (seed % 3 == 0)
			sim_grow_old(s, (int)(seed >> 1 & 1));
		sim_run(s, 60000);
		s->wire.options.loss_percent = 0;
		expect_rest(s, 1);
		sim_free(s);
	}
}

/* ---- what goes wrong ---- */

static void a_refusal_leaves_the_old_one(void **state)
{
	(void)state;
	struct sim *s = start_with(100000, 0);
	uint64_t before = ike_spi(s, SIM_A);
	/* b's key is another one for a while */
	keeper_fake_break_verify(s->nodes[SIM_B].keeper, -EKEYREJECTED);
	sim_reauth(s, SIM_A);
	talk_for(s, 5000);
	assert_true(sim_logged("event=reauth_failed", "remote=b", ""));
	assert_int_equal(ike_spi(s, SIM_A), before);
	keeper_fake_break_verify(s->nodes[SIM_B].keeper, 0);
	/* and it is tried again */
	talk_for(s, 30000);
	assert_int_not_equal(ike_spi(s, SIM_A), before);
	sim_free(s);
}

static void a_refused_child_leaves_the_old_one(void **state)
{
	(void)state;
	struct sim *s = start_with(100000, 0);
	uint64_t before = ike_spi(s, SIM_A);
	s->nodes[SIM_B].child->local_ts.ts[0].first.ip[1] = 77;
	s->nodes[SIM_B].child->local_ts.ts[0].last.ip[1] = 77;
	sim_reauth(s, SIM_A);
	talk_for(s, 5000);
	assert_int_equal(ike_spi(s, SIM_A), before);
	assert_true(sim_logged("event=ike_sa_down", "reason=reauth_refused", ""));
	s->nodes[SIM_B].child->local_ts.ts[0].first.ip[1] = 2;
	s->nodes[SIM_B].child->local_ts.ts[0].last.ip[1] = 2;
	talk_for(s, 30000);
	assert_int_not_equal(ike_spi(s, SIM_A), before);
	sim_free(s);
}

static void without_it_the_sa_ends(void **state)
{
	(void)state;
	struct sim *s = start_with(60000, 0);
	keeper_fake_break_verify(s->nodes[SIM_B].keeper, -EKEYREJECTED);
	talk_for(s, 59000);
	assert_true(sim_run_until(s, sim_is_down, 60000));
	assert_true(sim_logged("event=ike_sa_down", "reason=not_reauthenticated", ""));
	sim_free(s);
}

/* The peer died and comes again without INITIAL_CONTACT: what is sent to it is late by a second. */
static void no_initial_contact(struct policy *p, struct peer_config *peer,
			       struct child_config *child, int node)
{
	tweak(p, peer, child, node);
	peer->initial_contact = false;
}

static void a_peer_that_forgot_is_not_waited_for_long(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = no_initial_contact;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	sim_crash(s, SIM_A);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 100);
	assert_false(sim_can_talk(s));
	sim_run(s, 1100);
	assert_true(sim_can_talk(s));
	sim_free(s);
}

/* ---- by time ---- */

static void by_time(void **state)
{
	(void)state;
	struct sim *s = start_with(60000, 0);
	talk_for(s, 20 * 60000);
	expect_rest(s, 1);
	/* twenty times a minute, of which at most a fifth is not used; both sides log it */
	assert_in_range(sim_log_count("event=ike_sa_handed_over"), 19, 27);
	assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
	assert_false(sim_logged("reason=not_reauthenticated", "", ""));
	sim_free(s);
}

/* Rekeying is no authentication: the time goes on. */
static void rekeying_does_not_count(void **state)
{
	(void)state;
	struct sim *s = start_with(60000, 0);
	for (int i = 0; i < 4; i++) {
		sim_run(s, 10000);
		sim_rekey(s, i & 1 ? SIM_B : SIM_A, i & 1 ? "a" : "b");
	}
	assert_int_equal(sim_log_count("event=ike_sa_handed_over"), 0);
	talk_for(s, 20000);
	assert_int_equal(sim_log_count("event=ike_sa_handed_over"), 1);
	expect_rest(s, 1);
	sim_free(s);
}

/* RFC 4478: b wants it, a has begun and is told. */
static void the_responder_demands_it(void **state)
{
	(void)state;
	struct sim *s = start_with(0, 100000);
	talk_for(s, 95000);
	expect_rest(s, 1);
	assert_true(sim_logged("event=ike_sa_handed_over", "remote=b", ""));
	assert_false(sim_logged("event=ike_sa_handed_over", "remote=a", ""));
	sim_free(s);
	/* the shorter one of both counts */
	s = start_with(80000, 1000000);
	talk_for(s, 75000);
	assert_int_equal(sim_log_count("event=ike_sa_handed_over"), 1);
	sim_free(s);
}

/* a does not hear of it, or does not know RFC 4478: b does it, if it knows where a is. */
static void the_responder_does_it_itself(void **state)
{
	struct ike_sa *sa;
	(void)state;
	initiate_b = true;
	struct sim *s = start_with(0, 100000);
	LIST_EACH(sa, &s->nodes[SIM_A].engine->sas, node)
		loop_timer_disarm(sa->handover.timer);
	talk_for(s, 95000);
	assert_int_equal(sim_log_count("event=ike_sa_handed_over"), 0);
	talk_for(s, 4000);
	assert_true(sim_logged("event=ike_sa_handed_over", "remote=a", ""));
	expect_rest(s, 1);
	sim_free(s);
	initiate_b = false;
}

/* A peer cannot have us authenticate again and again: it is the one that ends it then. */
static void no_demand_is_shorter_than_a_minute(void **state)
{
	(void)state;
	struct sim *s = start_with(0, 10000);
	sim_run(s, 9000);
	assert_int_equal(sim_log_count("event=negotiation_started"), 1);
	assert_true(sim_run_until(s, sim_is_down, 60000));
	assert_true(sim_logged("event=ike_sa_down", "remote=a", "reason=not_reauthenticated"));
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("the new SAs are there before the old ones go", make_before_break),
		UNIT("all children go along", all_children_go_along),
		UNIT("one kernel is slow", one_kernel_is_slow),
		UNIT("nothing lingers after a delete", nothing_lingers_after_a_delete),
		UNIT("selectors are kept", selectors_are_kept),
		UNIT("over a bad wire", over_a_bad_wire),
		UNIT("a refusal leaves the old one", a_refusal_leaves_the_old_one),
		UNIT("a refused child leaves the old one", a_refused_child_leaves_the_old_one),
		UNIT("without it the SA ends", without_it_the_sa_ends),
		UNIT("a peer that forgot everything is not waited for long",
		     a_peer_that_forgot_is_not_waited_for_long),
		UNIT("by time, again and again", by_time),
		UNIT("rekeying does not count", rekeying_does_not_count),
		UNIT("the responder demands it", the_responder_demands_it),
		UNIT("the responder does it itself", the_responder_does_it_itself),
		UNIT("no demand is shorter than a minute", no_demand_is_shorter_than_a_minute),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
