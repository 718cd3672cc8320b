/* SPDX-License-Identifier: BSD-2-Clause */
/* CREATE_CHILD_SA: rekeying of children and further children, one thing at a time. */
#include "sim/scenario.h"

#include "ike/engine_int.h"

#include <errno.h>

/* ---- words ---- */

static const char *name_of(int node)
{
	return node == SIM_A ? "b" : "a";
}

static uint32_t spi_of(const struct sim *s, int node)
{
	return child_of(s, node)->in.id.spi;
}

/* Everything is at rest, both sides have one IKE SA and so many children, all usable. */
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

static void pfs(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	(void)p;
	(void)peer;
	(void)node;
	child->pfs_group = KE_CURVE25519;
}

/* ---- rekeying a child ---- */

static void rekey_once(const struct sim_options *o, int node)
{
	struct sim *s = start(o);
	come_up(s, SIM_A);
	uint32_t before[] = { spi_of(s, SIM_A), spi_of(s, SIM_B) };
	sim_grow_old(s, node);
	sim_run(s, 1000);
	expect_rest(s, 1);
	assert_int_not_equal(spi_of(s, SIM_A), before[SIM_A]);
	assert_int_not_equal(spi_of(s, SIM_B), before[SIM_B]);
	assert_int_equal(sim_log_count("event=child_sa_up"), 4);
	assert_int_equal(sim_log_count("reason=rekeyed"), 2);
	assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
	assert_int_equal(sim_log_count("event=ike_sa_up"), 2);
	sim_free(s);
}

static void rekey_from_each_side(void **state)
{
	struct sim_options o = plain();
	(void)state;
	for (int i = 0; i < SIM_NODES; i++) {
		o = plain();
		rekey_once(&o, i);
		o.tweak = pfs;
		rekey_once(&o, i);
		o.v6 = true;
		rekey_once(&o, i);
		o.v6 = false;
		o.transport = true;
		rekey_once(&o, i);
		o.nat = true;
		rekey_once(&o, i);
	}
}

static bool look(struct sim *s)
{
	/* a peer that does not answer any more is another story */
	if (engine_counters(s->nodes[SIM_A].engine)->n_silent ||
	    engine_counters(s->nodes[SIM_B].engine)->n_silent)
		return true;
	if (!sim_can_talk(s))
		fail_msg("seed %llu: one sends what the other cannot take at %lld ms",
			 (unsigned long long)s->options.seed, (long long)loop_now_ms(s->loop));
	return false;
}

/* No moment without an SA in each direction that the other side can receive on. */
static void make_before_break(void **state)
{
	int n_whole = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct sim_options o = plain();
		o.seed = seed;
		o.wire.delay_max_ms = 60;
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		s->wire.options.loss_percent = seed > 10 ? 20 : 0;
		sim_grow_old(s, (int)(seed & 1));
		if (seed % 4 == 3)
			sim_grow_old(s, (int)!(seed & 1));
		if (!sim_run_until(s, look, 60000)) {
			assert_true(sim_logged("reason=rekeyed", "", ""));
			expect_rest(s, 1);
			n_whole++;
		}
		sim_free(s);
	}
	assert_in_range(n_whole, 36, 40);
}

static void by_time(struct policy *p, struct peer_config *peer, struct child_config *child,
		    int node)
{
	(void)p;
	(void)peer;
	(void)node;
	child->lifetime.hard_ms = 60000;
}

static void lifetimes_lead_to_rekeys(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = by_time;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	sim_run(s, 20 * 60000);
	expect_rest(s, 1);
	/* twenty lives of a minute, of which at most a fifth is not used */
	assert_in_range(sim_log_count("reason=rekeyed"), 2 * 19, 2 * 30);
	assert_int_equal(sim_log_count("reason=lifetime"), 0);
	assert_int_equal(sim_log_count("event=ike_sa_up"), 2);
	sim_free(s);
}

static void limits_go_to_the_kernel(struct policy *p, struct peer_config *peer,
				    struct child_config *child, int node)
{
	(void)p;
	(void)peer;
	(void)node;
	child->lifetime.bytes = 1000000;
	child->lifetime.packets = 1000;
}

static void soft_limits(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = limits_go_to_the_kernel;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	const struct keydb_limits *l = &child_of(s, SIM_A)->out.limits;
	assert_int_equal(l->hard_bytes, 1000000);
	assert_in_range(l->soft_bytes, 800000, 920000);
	assert_in_range(l->soft_packets, 800, 920);
	sim_free(s);
}

static void both_rekey_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct sim_options o = plain();
		o.seed = seed;
		o.tweak = seed & 1 ? pfs : NULL;
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		sim_grow_old(s, SIM_A);
		sim_run(s, (int64_t)(seed % 7) * 5);
		sim_grow_old(s, SIM_B);
		sim_run(s, 1000);
		expect_rest(s, 1);
		assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
		sim_free(s);
	}
}

static void rekey_against_delete(void **state)
{
	(void)state;
	for (int delay_ms = 0; delay_ms <= 40; delay_ms += 5) {
		struct sim_options o = plain();
		for (int i = 0; i < SIM_NODES; i++) {
			struct sim *s = start(&o);
			come_up(s, SIM_A);
			sim_grow_old(s, i);
			sim_run(s, delay_ms);
			char target[16];
			snprintf(target, sizeof(target), "%s/net", name_of(!i));
			assert_int_equal(sim_terminate(s, !i, target), 0);
			sim_run(s, 5000);
			/* the delete was meant: nothing comes back by itself */
			expect_rest(s, 0);
			sim_free(s);
		}
	}
}

/* After a rekey with the peer's answer narrowed, the old child stays and the new one goes. */
static void never_narrower(void **state)
{
	struct sim_options o = plain();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	uint32_t before = spi_of(s, SIM_A);
	/* b's configuration shrinks under its SAs, as a peer's may */
	s->nodes[SIM_B].child->local_ts.ts[0].last.ip[2] = 7;
	sim_grow_old(s, SIM_A);
	sim_run(s, 3000);
	assert_true(sim_logged("event=negotiation_failed", "reason=selector_mismatch", ""));
	assert_int_equal(spi_of(s, SIM_A), before);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 1);
	/* and it is tried again */
	s->nodes[SIM_B].child->local_ts.ts[0].last.ip[2] = 255;
	sim_run(s, 60000);
	expect_rest(s, 1);
	assert_int_not_equal(spi_of(s, SIM_A), before);
	sim_free(s);
}

static void pfs_on_one_side(struct policy *p, struct peer_config *peer, struct child_config *child,
			    int node)
{
	if (node == SIM_A)
		pfs(p, peer, child, node);
}

static void pfs_mismatch(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = pfs_on_one_side;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	/* who has none accepts it ... */
	sim_grow_old(s, SIM_A);
	sim_run(s, 1000);
	expect_rest(s, 1);
	assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
	/* ... and who wants it refuses without, with the reason */
	sim_grow_old(s, SIM_B);
	sim_run(s, 1000);
	assert_true(sim_logged("event=negotiation_failed", "reason=no_common_proposal", "what=KE"));
	assert_true(sim_logged("event=negotiation_failed", "reason=peer_refused", "pfs_group"));
	assert_true(sim_is_up(s));
	sim_free(s);
}

static void kernel_refuses_the_new_one(void **state)
{
	(void)state;
	for (int who = 0; who < SIM_NODES; who++) {
		struct sim_options o = plain();
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		uint32_t before = spi_of(s, SIM_A);
		kernel_fake_fail_next(s->nodes[who].kernel, -ENOMEM);
		sim_grow_old(s, SIM_A);
		sim_run(s, 1500);
		assert_int_equal(spi_of(s, SIM_A), before);
		assert_true(sim_logged("event=negotiation_failed", "reason=kernel", ""));
		/* later it works */
		sim_run(s, 60000);
		expect_rest(s, 1);
		assert_int_not_equal(spi_of(s, SIM_A), before);
		sim_free(s);
	}
}

/* The answer to a rekey is lost, the old child's life ends, and traffic wants to go on. */
static void traffic_does_not_double_a_rekey(void **state)
{
	(void)state;
	for (int expired = 0; expired < SIM_NODES; expired++) {
		struct sim_options o = plain();
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		struct tap t = { .lose_nth = { 0, 1 } };
		tap_set(s, &t);
		sim_grow_old(s, SIM_A);
		sim_run(s, 100);
		sim_expire(s, expired);
		sim_acquire(s, SIM_A);
		sim_acquire(s, SIM_B);
		sim_run(s, 100);
		sim_acquire(s, SIM_B);
		sim_run(s, 5000);
		expect_rest(s, 1);
		sim_free(s);
	}
}

/* ---- rekeying the IKE SA ---- */

/* What was agreed on for the messages of the node's only IKE SA. */
static uint16_t fragment_bytes_of(struct sim *s, int node)
{
	return LIST_ENTRY(s->nodes[node].engine->sas.next, struct ike_sa, node)->fragment_bytes;
}

static void rekey_ike_once(const struct sim_options *o, int node)
{
	struct sim *s = start(o);
	come_up(s, SIM_A);
	uint32_t before = spi_of(s, SIM_A);
	uint16_t fragment_bytes = fragment_bytes_of(s, SIM_A);
	sim_rekey(s, node, name_of(node));
	sim_run(s, 1000);
	expect_rest(s, 1);
	/* the child goes on as it is, and fragments do */
	assert_int_equal(spi_of(s, SIM_A), before);
	assert_int_not_equal(fragment_bytes, 0);
	assert_int_equal(fragment_bytes_of(s, SIM_A), fragment_bytes);
	assert_int_equal(fragment_bytes_of(s, SIM_B), fragment_bytes);
	assert_int_equal(sim_log_count("event=ike_sa_up"), 4);
	assert_int_equal(sim_log_count("event=child_sa_down"), 0);
	assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
	assert_true(sim_logged("event=ike_sa_down", "reason=rekeyed", ""));
	/* and the new one serves: a rekey of the child, another IKE SA, a delete */
	sim_grow_old(s, !node);
	sim_run(s, 1000);
	expect_rest(s, 1);
	assert_int_not_equal(spi_of(s, SIM_A), before);
	sim_rekey(s, !node, name_of(!node));
	sim_run(s, 1000);
	expect_rest(s, 1);
	assert_int_equal(sim_terminate(s, node, name_of(node)), 0);
	assert_true(sim_run_until(s, sim_is_down, 1000));
	sim_free(s);
}

static void rekey_ike_from_each_side(void **state)
{
	(void)state;
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim_options o = plain();
		rekey_ike_once(&o, i);
		o.ike[SIM_A] = o.ike[SIM_B] = "aes:256/prf_sha384/hmac_sha256/ecp256";
		rekey_ike_once(&o, i);
		o.v6 = true;
		rekey_ike_once(&o, i);
		o.v6 = false;
		o.nat = true;
		rekey_ike_once(&o, i);
	}
}

static void both_rekey_ike_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct sim_options o = plain();
		o.seed = seed;
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		sim_rekey(s, SIM_A, "b");
		sim_run(s, (int64_t)(seed % 7) * 5);
		sim_rekey(s, SIM_B, "a");
		sim_run(s, 1000);
		expect_rest(s, 1);
		assert_int_equal(sim_log_count("event=child_sa_down"), 0);
		assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
		sim_free(s);
	}
}

static void ike_by_time(struct policy *p, struct peer_config *peer, struct child_config *child,
			int node)
{
	by_time(p, peer, child, node);
	peer->lifetime.hard_ms = 100000;
}

static void long_life(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = ike_by_time;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	sim_run(s, 60 * 60000);
	expect_rest(s, 1);
	assert_int_equal(sim_log_count("reason=lifetime"), 0);
	/* a life has 80 to 92 of 100 seconds; where both sides begin at once, two come up */
	assert_in_range(engine_counters(s->nodes[SIM_A].engine)->n_ike_up, 36, 60);
	assert_in_range(engine_counters(s->nodes[SIM_A].engine)->n_child_up, 60, 100);
	sim_free(s);
}

static void other_group(struct policy *p, struct peer_config *peer, struct child_config *child,
			int node)
{
	(void)p;
	(void)child;
	sim_proposal(node == SIM_A ? "aes_gcm16:128/prf_sha256/curve25519,ecp256"
				   : "aes_gcm16:128/prf_sha256/ecp256,curve25519",
		     PROPOSAL_IKE, &peer->proposals[0]);
}

static void group_of_the_peer(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = other_group;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	/* a asks with what was agreed; then b's configuration changes its mind */
	sim_proposal("aes_gcm16:128/prf_sha256/ecp256", PROPOSAL_IKE,
		     &s->nodes[SIM_B].peer->proposals[0]);
	sim_rekey(s, SIM_A, "b");
	sim_run(s, 1000);
	expect_rest(s, 1);
	assert_true(sim_logged("event=ike_sa_up", "ECP_256", "role=initiator"));
	assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
	sim_free(s);
}

/* ---- further children ---- */

static void one_ike_sa_for_all(void **state)
{
	struct sim_options o = plain();
	struct err err = { 0 };
	(void)state;
	o.tweak = sim_two_nets;
	struct sim *s = start(&o);
	assert_int_equal(engine_initiate(s->nodes[SIM_A].engine, s->nodes[SIM_A].peer, NULL,
					 ENGINE_WHY_COMMAND, NULL, NULL, &err),
			 0);
	sim_run(s, 2000);
	expect_rest(s, 2);
	assert_int_equal(sim_log_count("event=ike_sa_up"), 2);
	sim_free(s);
}

static void a_child_more_from_each_side(void **state)
{
	(void)state;
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim_options o = plain();
		o.tweak = sim_two_nets;
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		assert_int_equal(sim_initiate_more(s, i), 0);
		sim_run(s, 2000);
		expect_rest(s, 2);
		assert_int_equal(sim_log_count("event=ike_sa_up"), 2);
		/* it goes alone, and comes again */
		assert_int_equal(sim_terminate(s, i, i == SIM_A ? "b/more" : "a/more"), 0);
		sim_run(s, 2000);
		expect_rest(s, 1);
		assert_int_equal(sim_initiate_more(s, !i), 0);
		sim_run(s, 2000);
		expect_rest(s, 2);
		sim_free(s);
	}
}

static void both_want_more(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct sim_options o = plain();
		o.seed = seed;
		o.tweak = sim_two_nets;
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		assert_int_equal(sim_initiate_more(s, SIM_A), 0);
		sim_run(s, (int64_t)(seed % 5) * 5);
		assert_in_range(sim_initiate_more(s, SIM_B), 0, 1);
		sim_run(s, 2000);
		expect_rest(s, 2);
		assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
		sim_free(s);
	}
}

/* A peer that makes one child per IKE SA answers NO_ADDITIONAL_SAS. */
static void a_full_ike_sa(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = sim_two_nets;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	struct ike_sa *sa = LIST_ENTRY(s->nodes[SIM_A].engine->sas.next, struct ike_sa, node);
	sa->no_more_children = true;
	assert_int_equal(sim_initiate_more(s, SIM_A), 0);
	sim_run(s, 2000);
	/* the other child gets an IKE SA of its own */
	assert_int_equal(sim_n_up(s, SIM_A), 2);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 2);
	assert_true(sim_is_settled(s));
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a child is rekeyed from each side, in every mode", rekey_from_each_side),
		UNIT("no moment of a rekey is without an SA that the other side has",
		     make_before_break),
		UNIT("lifetimes lead to rekeys and not to ends", lifetimes_lead_to_rekeys),
		UNIT("the kernel gets soft limits below the hard ones", soft_limits),
		UNIT("of two rekeys at once one child stays", both_rekey_at_once),
		UNIT("a rekey does not bring back what is deleted", rekey_against_delete),
		UNIT("a rekey does not narrow what is carried", never_narrower),
		UNIT("perfect forward secrecy on one side only is taken or named", pfs_mismatch),
		UNIT("a kernel that refuses the new child leaves the old one",
		     kernel_refuses_the_new_one),
		UNIT("traffic that waits for a rekey does not get a child beside it",
		     traffic_does_not_double_a_rekey),
		UNIT("an IKE SA is rekeyed from each side, and its children go on",
		     rekey_ike_from_each_side),
		UNIT("of two rekeys of the IKE SA at once one stays", both_rekey_ike_at_once),
		UNIT("an hour of rekeys is one life of the tunnel", long_life),
		UNIT("a rekey is tried again with the group that the peer wants",
		     group_of_the_peer),
		UNIT("all sainfos of a peer share one IKE SA", one_ike_sa_for_all),
		UNIT("another child comes and goes from each side", a_child_more_from_each_side),
		UNIT("of one child that both sides want at once one stays", both_want_more),
		UNIT("where a peer wants no more children, the next has its own IKE SA",
		     a_full_ike_sa),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
