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

static bool can_receive(const struct kernel_fake *f, uint32_t spi)
{
	for (size_t i = 0; i < kernel_fake_count(f); i++)
		if (kernel_fake_child(f, i)->in.id.spi == spi)
			return true;
	return false;
}

/* As Linux chooses: the youngest SA that is there. */
static uint32_t sends_to(const struct kernel_fake *f)
{
	uint32_t spi = 0;
	for (size_t i = 0; i < kernel_fake_count(f); i++)
		if (kernel_fake_is_complete(f, i))
			spi = kernel_fake_child(f, i)->out.id.spi;
	return spi;
}

static bool look(struct sim *s)
{
	/* a peer that does not answer any more is another story */
	if (engine_counters(s->nodes[SIM_A].engine)->n_silent ||
	    engine_counters(s->nodes[SIM_B].engine)->n_silent)
		return true;
	for (int i = 0; i < SIM_NODES; i++) {
		uint32_t spi = sends_to(s->nodes[i].kernel);
		if (spi == 0 || !can_receive(s->nodes[!i].kernel, spi))
			fail_msg("seed %llu: %s sends to 0x%08x, which is not there at %lld ms",
				 (unsigned long long)s->options.seed, s->nodes[i].name, spi,
				 (long long)loop_now_ms(s->loop));
	}
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

/* ---- further children ---- */

static void subnet(const char *text, struct ts_list *ret)
{
	struct addr_prefix p;
	REQUIRE(addr_parse_prefix(text, &p) == 0);
	ret->n = 1;
	ts_of_prefix(&p, 0, 0, &ret->ts[0]);
}

/* A second sainfo on both sides. */
static void two_nets(struct policy *p, struct peer_config *peer, struct child_config *child,
		     int node)
{
	struct child_config *more = peer_config_add_child(peer, "more");
	(void)p;
	REQUIRE(more);
	more->n_proposals = child->n_proposals;
	memcpy(more->proposals, child->proposals, sizeof(more->proposals));
	more->install_policy = true;
	subnet(node == SIM_A ? "10.3.0.0/16" : "10.4.0.0/16", &more->local_ts);
	subnet(node == SIM_A ? "10.4.0.0/16" : "10.3.0.0/16", &more->peer_ts);
}

static int initiate_more(struct sim *s, int node)
{
	const struct peer_config *peer = s->nodes[node].peer;
	struct err err = { 0 };
	return engine_initiate(s->nodes[node].engine, peer,
			       LIST_ENTRY(peer->children.prev, struct child_config, node),
			       ENGINE_WHY_COMMAND, NULL, NULL, &err);
}

static void one_ike_sa_for_all(void **state)
{
	struct sim_options o = plain();
	struct err err = { 0 };
	(void)state;
	o.tweak = two_nets;
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
		o.tweak = two_nets;
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		assert_int_equal(initiate_more(s, i), 0);
		sim_run(s, 2000);
		expect_rest(s, 2);
		assert_int_equal(sim_log_count("event=ike_sa_up"), 2);
		/* it goes alone, and comes again */
		assert_int_equal(sim_terminate(s, i, i == SIM_A ? "b/more" : "a/more"), 0);
		sim_run(s, 2000);
		expect_rest(s, 1);
		assert_int_equal(initiate_more(s, !i), 0);
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
		o.tweak = two_nets;
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		assert_int_equal(initiate_more(s, SIM_A), 0);
		sim_run(s, (int64_t)(seed % 5) * 5);
		assert_in_range(initiate_more(s, SIM_B), 0, 1);
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
	o.tweak = two_nets;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	struct ike_sa *sa = LIST_ENTRY(s->nodes[SIM_A].engine->sas.next, struct ike_sa, node);
	sa->no_more_children = true;
	assert_int_equal(initiate_more(s, SIM_A), 0);
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
		UNIT("all sainfos of a peer share one IKE SA", one_ike_sa_for_all),
		UNIT("another child comes and goes from each side", a_child_more_from_each_side),
		UNIT("of one child that both sides want at once one stays", both_want_more),
		UNIT("where a peer wants no more children, the next has its own IKE SA",
		     a_full_ike_sa),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
