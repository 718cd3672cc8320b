/* SPDX-License-Identifier: BSD-2-Clause */
/* Loss and damage, and each way to go down and to come back. */
#include "sim/scenario.h"

#include <errno.h>

/* ---- loss and damage ---- */

static void each_message_lost(void **state)
{
	struct sim_options o = plain();
	(void)state;
	for (int node = 0; node < SIM_NODES; node++) {
		for (int nth = 1; nth <= 2; nth++) {
			struct tap t = { 0 };
			struct sim *s = start(&o);
			t.lose_nth[node] = nth;
			tap_set(s, &t);
			come_up(s, SIM_A);
			/* a lost reply is repeated as it was, not made anew */
			assert_int_equal(engine_counters(s->nodes[SIM_B].engine)->n_answered_again,
					 node == SIM_B);
			assert_int_equal(engine_counters(s->nodes[SIM_A].engine)->n_retransmits, 1);
			sim_free(s);
		}
	}
}

/* Sends fifty damaged copies right behind each true datagram. */
static bool damage(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	struct sim *s = arg;
	int node = from == &s->wire.ends[SIM_A] ? SIM_A : SIM_B;
	struct addr src = s->wire.ends[node].addr, dst = s->wire.ends[!node].addr;
	uint8_t copy[4200];
	src.port = dst.port = 500;
	for (int i = 0; i < 50; i++) {
		size_t n = *len;
		memcpy(copy, bytes, n);
		for (uint32_t j = prng_below(&s->prng, 4) + 1; j > 0; j--)
			copy[prng_below(&s->prng, (uint32_t)n)] ^=
				(uint8_t)(1u << prng_below(&s->prng, 8));
		if (prng_percent(&s->prng, 20))
			n = prng_below(&s->prng, (uint32_t)n);
		else if (prng_percent(&s->prng, 10))
			n += prng_below(&s->prng, 64);
		/* half of them with a length that fits: they get further */
		if (n >= 28 && prng_percent(&s->prng, 50)) {
			copy[24] = copy[25] = 0;
			copy[26] = (uint8_t)(n >> 8);
			copy[27] = (uint8_t)n;
		}
		wire_inject(&s->wire, &src, &dst, slice_of(copy, n), prng_below(&s->prng, 20));
	}
	return true;
}

static void damaged_copies(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = anywhere;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		o.seed = seed;
		struct sim *s = start(&o);
		s->wire.tap = damage;
		s->wire.tap_arg = s;
		assert_int_equal(sim_initiate(s, SIM_A), 0);
		sim_run(s, 5000);
		(void)sim_terminate(s, SIM_A, "b");
		sim_run(s, 120000);
		/* forged first messages may hold half-open SAs for a while, nothing else */
		assert_int_equal(engine_n_sas(s->nodes[SIM_A].engine), 0);
		assert_int_equal(engine_n_sas(s->nodes[SIM_B].engine), 0);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
		sim_free(s);
	}
}

static void damage_after_up(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.dpd_delay_ms = 5000;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	s->wire.tap = damage;
	s->wire.tap_arg = s;
	sim_run(s, 60000);
	/* liveness checks went through all that, and nothing of it moved the SAs */
	assert_true(s->wire.ends[SIM_B].n_sent > 5);
	assert_true(sim_is_up(s));
	assert_int_equal(sim_log_count("event=ike_sa_down"), 0);
	sim_free(s);
}

/* ---- down ---- */

static void delete_ike(void **state)
{
	struct sim_options o = plain();
	(void)state;
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		assert_int_equal(sim_terminate(s, i, i == SIM_A ? "b" : "a"), 0);
		assert_true(sim_run_until(s, sim_is_down, 1000));
		assert_int_equal(s->nodes[i].last_result, 0);
		assert_true(sim_logged("event=ike_sa_down", "reason=command", ""));
		assert_true(sim_logged("event=ike_sa_down", "reason=peer_deleted", ""));
		assert_int_equal(sim_log_count("event=child_sa_down"), 2);
		assert_int_equal(sim_terminate(s, i, "b/net"), -ENOENT);
		sim_free(s);
	}
}

static void delete_child(void **state)
{
	struct sim_options o = plain();
	(void)state;
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		assert_int_equal(sim_terminate(s, i, i == SIM_A ? "b/net" : "a/net"), 0);
		sim_run(s, 1000);
		assert_true(sim_is_settled(s));
		assert_int_equal(sim_n_up(s, SIM_A), 1);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
		/* and up again */
		assert_int_equal(sim_initiate(s, SIM_A), 0);
		sim_run(s, 3000);
		assert_true(sim_is_up(s));
		sim_free(s);
	}
}

static void deletes_cross(void **state)
{
	struct sim_options o = plain();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_int_equal(sim_terminate(s, SIM_A, "b"), 0);
	assert_int_equal(sim_terminate(s, SIM_B, "a"), 0);
	assert_true(sim_run_until(s, sim_is_down, 1000));
	sim_free(s);
	s = start(&o);
	come_up(s, SIM_A);
	assert_int_equal(sim_terminate(s, SIM_A, "b/net"), 0);
	assert_int_equal(sim_terminate(s, SIM_B, "a/net"), 0);
	sim_run(s, 1000);
	assert_true(sim_is_settled(s));
	assert_int_equal(s->nodes[SIM_A].last_result, 0);
	assert_int_equal(s->nodes[SIM_B].last_result, 0);
	sim_free(s);
}

static void by_spi(void **state)
{
	struct sim_options o = plain();
	char target[32];
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	snprintf(target, sizeof(target), "0x%08x", child_of(s, SIM_B)->in.id.spi);
	assert_int_equal(sim_terminate(s, SIM_B, target), 0);
	sim_run(s, 1000);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
	assert_int_equal(sim_n_up(s, SIM_A), 1);
	sim_free(s);
}

static void dead_peer(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.dpd_delay_ms = 10000;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	sim_run(s, 60000);
	assert_true(sim_is_up(s));
	sim_crash(s, SIM_B);
	assert_true(sim_run_until(s, sim_is_down, 60000));
	assert_true(sim_logged("event=ike_sa_down", "reason=peer_silent", ""));
	sim_free(s);
}

static void initial_contact(void **state)
{
	struct sim_options o = plain();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	sim_crash(s, SIM_A);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 1000);
	assert_true(sim_is_up(s));
	assert_true(sim_agrees(s));
	assert_true(sim_logged("event=ike_sa_down", "reason=initial_contact", ""));
	sim_free(s);
}

static void both_at_once(void **state)
{
	struct sim_options o = plain();
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		o.seed = seed;
		o.wire.delay_max_ms = 40;
		struct sim *s = start(&o);
		assert_int_equal(sim_initiate(s, SIM_A), 0);
		sim_run(s, (int64_t)(seed % 5) * 10);
		assert_in_range(sim_initiate(s, SIM_B), 0, 1);
		sim_run(s, 5000);
		/* of two that crossed one stays, the same on both sides; or one was not gone on with */
		assert_true(sim_run_until(s, sim_is_settled, 30000));
		assert_true(sim_is_up(s));
		assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
		sim_free(s);
	}
}

static void short_lives(struct policy *p, struct peer_config *peer, struct child_config *child,
			int node)
{
	(void)p;
	if (node == SIM_A)
		child->lifetime.hard_ms = 60000;
	else
		peer->lifetime.hard_ms = 100000;
}

/* b insists on perfect forward secrecy from now on, which a does not offer; a wants no IKE SA. */
static void refuse_rekeys(struct sim *s, bool refuse)
{
	s->nodes[SIM_B].child->pfs_group = refuse ? KE_MODP_2048 : KE_NONE;
	s->nodes[SIM_A].peer->n_proposals = refuse ? 0 : 1;
}

static void lifetimes(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = short_lives;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	refuse_rekeys(s, true);
	sim_run(s, 61000);
	assert_true(sim_is_settled(s));
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
	assert_int_equal(sim_n_up(s, SIM_B), 1);
	sim_run(s, 60000);
	assert_true(sim_is_down(s));
	assert_true(sim_logged("event=ike_sa_down", "reason=lifetime", ""));
	sim_free(s);
	s = start(&o);
	come_up(s, SIM_A);
	sim_expire(s, SIM_B);
	sim_run(s, 1000);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
	sim_free(s);
}

/* Somebody deleted an SA of node's child by hand; the monitor's pass has found it. */
static void lose_sa(struct sim *s, int node, bool in)
{
	struct keydb_event ev = { .kind = KEYDB_EVENT_SA_CHANGE, .deleted = true };
	const struct kernel_child *c = child_of(s, node);
	ev.sa.id = in ? c->in.id : c->out.id;
	engine_kernel_event(s->nodes[node].engine, &ev);
}

static void lost_in_the_kernel(void **state)
{
	struct sim_options o = plain();
	(void)state;
	for (int in = 0; in < 2; in++) {
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		struct keydb_event other = { .kind = KEYDB_EVENT_SA_CHANGE, .deleted = true };
		other.sa.id = child_of(s, SIM_A)->in.id;
		other.sa.id.spi++;
		engine_kernel_event(s->nodes[SIM_A].engine, &other);
		assert_true(sim_is_up(s));
		lose_sa(s, SIM_A, in);
		sim_run(s, 1000);
		assert_true(sim_is_settled(s));
		assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
		assert_true(sim_logged("event=child_sa_down", "reason=lost_in_kernel", "remote=b"));
		/* traffic brings it back */
		sim_acquire(s, SIM_A);
		assert_true(sim_run_until(s, sim_is_up, 5000));
		sim_free(s);
	}
}

/* ---- by itself ---- */

static void storm_of_acquires(void **state)
{
	struct sim_options o = plain();
	(void)state;
	struct sim *s = start(&o);
	for (int i = 0; i < 20; i++)
		sim_acquire(s, SIM_A);
	assert_int_equal(sim_log_count("event=negotiation_started"), 1);
	assert_true(sim_logged("event=negotiation_started", "why=traffic", ""));
	assert_true(sim_run_until(s, sim_is_up, 5000));
	sim_acquire(s, SIM_A);
	sim_run(s, 1000);
	assert_int_equal(sim_log_count("event=negotiation_started"), 1);
	/* the packet's selector was merged into the subnet it lies in */
	assert_true(sim_is_up(s));
	assert_int_equal(child_of(s, SIM_A)->n_policies, 3);
	sim_free(s);
}

static void acquire_that_fails(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.wire.loss_percent = 100;
	struct sim *s = start(&o);
	sim_acquire(s, SIM_A);
	assert_true(sim_run_until(s, sim_is_down, LONG_MS));
	assert_int_equal(kernel_fake_acquires_failed(s->nodes[SIM_A].kernel), 1);
	sim_free(s);
}

/* The packets of a flow that is refused do not start a negotiation each. */
static void acquires_after_a_refusal(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.psk[SIM_B] = "another key";
	struct sim *s = start(&o);
	for (int i = 0; i < 20; i++) {
		sim_acquire(s, SIM_A);
		sim_run(s, 200);
	}
	assert_int_equal(sim_log_count("event=negotiation_started"), 1);
	sim_run(s, 5000);
	sim_acquire(s, SIM_A);
	assert_int_equal(sim_log_count("event=negotiation_started"), 2);
	sim_free(s);
}

static void at_start(struct policy *p, struct peer_config *peer, struct child_config *child,
		     int node)
{
	(void)p;
	(void)child;
	if (node == SIM_A)
		peer->initiate = INITIATE_AT_START;
}

static void kept_up(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = at_start;
	o.dpd_delay_ms = 10000;
	struct sim *s = start(&o);
	assert_true(sim_run_until(s, sim_is_up, 1000));
	assert_true(sim_logged("event=negotiation_started", "why=config", ""));
	/* the peer deletes it, and later dies: it comes back each time */
	assert_int_equal(sim_terminate(s, SIM_B, "a"), 0);
	sim_run(s, 500);
	assert_true(sim_is_down(s));
	assert_true(sim_run_until(s, sim_is_up, 10000));
	sim_crash(s, SIM_B);
	sim_run(s, 120000);
	assert_true(sim_is_up(s));
	/* a command is obeyed */
	assert_int_equal(sim_terminate(s, SIM_A, "b"), 0);
	sim_run(s, 120000);
	assert_true(sim_is_down(s));
	sim_free(s);
}

static void at_start_for_70_s(struct policy *p, struct peer_config *peer,
			      struct child_config *child, int node)
{
	at_start(p, peer, child, node);
	child->lifetime.hard_ms = node == SIM_A ? 70000 : 0;
}

static void missed_at_once(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = at_start_for_70_s;
	struct sim *s = start(&o);
	sim_run(s, 50000);
	refuse_rekeys(s, true);
	sim_run(s, 19990);
	assert_int_equal(sim_log_count("event=child_sa_up"), 2);
	assert_int_equal(sim_log_count("event=negotiation_failed") > 0, 1);
	refuse_rekeys(s, false);
	/* its time is over, and the next is up before anybody waits for long */
	sim_run(s, 1000);
	assert_int_equal(sim_log_count("event=child_sa_up"), 4);
	assert_true(sim_is_up(s));
	sim_free(s);
}

static void nat_that_forgets(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = at_start;
	o.nat = true;
	o.dpd_delay_ms = 10000;
	struct sim *s = start(&o);
	assert_true(sim_run_until(s, sim_is_up, 1000));
	/* a liveness check from inside comes through another mapping */
	s->wire.options.nat_shift = 20000;
	sim_run(s, 60000);
	assert_true(sim_logged("event=peer_moved", "14500", "24500"));
	assert_true(sim_is_up(s));
	assert_true(sim_agrees(s));
	assert_int_equal(child_of(s, SIM_B)->out.encap_dst_port, 24500);
	sim_free(s);
}

static void on_stopped(void *arg, int result, const char *text)
{
	int *n = arg;
	(void)text;
	assert_int_equal(result, 0);
	++*n;
}

static void stop_tells_the_peer(void **state)
{
	struct sim_options o = plain();
	int n = 0;
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	engine_stop(s->nodes[SIM_A].engine, on_stopped, &n);
	sim_run(s, 1000);
	assert_int_equal(n, 1);
	assert_true(sim_is_down(s));
	/* and nothing is accepted any more */
	assert_int_equal(sim_initiate(s, SIM_B), 0);
	sim_run(s, 1000);
	assert_int_equal(engine_n_sas(s->nodes[SIM_A].engine), 0);
	assert_true(sim_initiate(s, SIM_A) < 0);
	sim_free(s);
}

static void reload(void **state)
{
	struct sim_options o = plain();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	engine_set_policy(s->nodes[SIM_B].engine, s->nodes[SIM_B].policy);
	sim_run(s, 1000);
	assert_true(sim_is_up(s));
	struct policy *empty = policy_new();
	assert_non_null(empty);
	engine_set_policy(s->nodes[SIM_B].engine, empty);
	policy_unref(empty);
	assert_true(sim_run_until(s, sim_is_down, 1000));
	assert_true(sim_logged("event=ike_sa_down", "reason=reload", ""));
	sim_free(s);
}

static int last_refusal(void *arg, const struct engine_refusal_view *v)
{
	struct reason *r = arg;
	*r = *v->reason;
	assert_string_equal(v->remote, "b");
	return 0;
}

static void refusals_are_remembered(void **state)
{
	struct sim_options o = plain();
	struct reason r = { 0 };
	(void)state;
	o.wire.loss_percent = 100;
	struct sim *s = start(&o);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	assert_true(sim_run_until(s, sim_is_down, LONG_MS));
	engine_each_refusal(s->nodes[SIM_A].engine, last_refusal, &r);
	assert_int_equal(r.code, REASON_PEER_SILENT);
	/* until it comes up */
	s->wire.options.loss_percent = 0;
	come_up(s, SIM_A);
	r.code = REASON_NONE;
	engine_each_refusal(s->nodes[SIM_A].engine, last_refusal, &r);
	assert_int_equal(r.code, REASON_NONE);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("any one lost message is repaired", each_message_lost),
		UNIT("fifty damaged copies of each message do no harm", damaged_copies),
		UNIT("damaged copies do not move an IKE SA that is up", damage_after_up),
		UNIT("either side can delete the IKE SA", delete_ike),
		UNIT("either side can delete the child", delete_child),
		UNIT("deletes may cross", deletes_cross),
		UNIT("an SPI names what to delete", by_spi),
		UNIT("a dead peer is found by liveness checks", dead_peer),
		UNIT("INITIAL_CONTACT removes what a dead peer left", initial_contact),
		UNIT("of two simultaneous initiations one stays", both_at_once),
		UNIT("lifetimes that nothing prolongs end in deletes", lifetimes),
		UNIT("a child whose SA was deleted by hand ends on both sides", lost_in_the_kernel),
		UNIT("many ACQUIREs are one negotiation", storm_of_acquires),
		UNIT("the kernel hears of an ACQUIRE that failed", acquire_that_fails),
		UNIT("after a refusal the next packets start nothing", acquires_after_a_refusal),
		UNIT("what is to be up always comes back", kept_up),
		UNIT("a child whose time is over is replaced at once", missed_at_once),
		UNIT("a NAT that forgets its mapping is survived", nat_that_forgets),
		UNIT("stopping tells the peers", stop_tells_the_peer),
		UNIT("a reload deletes what is not configured any more", reload),
		UNIT("the last refusal of a peer is remembered until it comes up",
		     refusals_are_remembered),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
