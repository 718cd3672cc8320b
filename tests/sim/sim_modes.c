/* SPDX-License-Identifier: BSD-2-Clause */
/* What a child can be besides ESP in a tunnel: both sides come to the same, or say why not. */
#include "sim/scenario.h"

#include <errno.h>

static void host_in(const char *text, struct ts_list *ret)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	ret->n = 1;
	ts_of_addr(&a, &ret->ts[0]);
}

static void beet(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	(void)p;
	(void)peer;
	child->mode = CHILD_BEET;
	host_in("10.1.0.1", node == SIM_A ? &child->local_ts : &child->peer_ts);
	host_in("10.2.0.1", node == SIM_A ? &child->peer_ts : &child->local_ts);
}

static void bound_end_to_end(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = beet;
	for (int i = 0; i < 2; i++) {
		o.v6 = i; /* inner IPv4 in outer IPv6 too */
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		assert_int_equal(child_of(s, SIM_A)->in.mode, KEYDB_MODE_BEET);
		assert_int_equal(child_of(s, SIM_B)->out.mode, KEYDB_MODE_BEET);
		assert_int_equal(child_of(s, SIM_B)->n_policies, 3);
		sim_rekey(s, SIM_B, "a/net");
		sim_run(s, 60000);
		assert_true(sim_is_settled(s));
		assert_int_equal(child_of(s, SIM_A)->in.mode, KEYDB_MODE_BEET);
		sim_free(s);
	}
}

static void beet_at_a(struct policy *p, struct peer_config *peer, struct child_config *child,
		      int node)
{
	beet(p, peer, child, node);
	if (node == SIM_B)
		child->mode = CHILD_TUNNEL;
}

/* The number is for private use: who is not set to BEET does not read it so. */
static void beet_on_one_side(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = beet_at_a;
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start(&o);
		assert_int_equal(sim_initiate(s, i), 0);
		sim_run(s, 60000);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
		assert_true(sim_logged("event=negotiation_failed", "mode", "beet"));
		sim_free(s);
	}
}

/* ---- AH ---- */

static void ah(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	(void)p;
	(void)peer;
	(void)node;
	child->n_proposals = 1;
	child->proposals[0] = (struct proposal){
		PROPOSAL_AH, 1, { { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 } }
	};
}

static void authentic_only(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = ah;
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start(&o);
		come_up(s, i);
		assert_int_equal(child_of(s, SIM_A)->in.id.proto, KEYDB_PROTO_AH);
		assert_int_equal(child_of(s, SIM_B)->policies[0].templates[0].proto,
				 KEYDB_PROTO_AH);
		uint32_t spi = child_of(s, SIM_A)->in.id.spi;
		sim_rekey(s, SIM_A, "b/net");
		sim_run(s, 60000);
		assert_true(sim_is_settled(s));
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 1);
		assert_int_not_equal(child_of(s, SIM_A)->in.id.spi, spi);
		/* its deletion names AH too: the other side follows */
		assert_int_equal(sim_terminate(s, SIM_B, "a/net"), 0);
		sim_run(s, 5000);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
		assert_true(sim_is_settled(s));
		sim_free(s);
	}
}

/* An ESP child and an AH child of one IKE SA, which go at the same time. */
static void ah_beside_esp(struct policy *p, struct peer_config *peer, struct child_config *child,
			  int node)
{
	sim_two_nets(p, peer, child, node);
	ah(p, peer, child, node);
}

static void both_protocols(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = ah_beside_esp;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_int_equal(sim_initiate_more(s, SIM_A), 0);
	sim_run(s, 5000);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 2);
	assert_int_equal(sim_terminate(s, SIM_A, "b/net"), 0);
	assert_int_equal(sim_terminate(s, SIM_A, "b/more"), 0);
	sim_run(s, 5000);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
	assert_true(sim_is_settled(s));
	sim_free(s);
}

static void ah_against_esp(struct policy *p, struct peer_config *peer, struct child_config *child,
			   int node)
{
	if (node == SIM_A)
		ah(p, peer, child, node);
}

static void refused(const struct sim_options *o, const char *word)
{
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start(o);
		assert_int_equal(sim_initiate(s, i), 0);
		sim_run(s, 60000);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
		assert_true(sim_logged("event=negotiation_failed", "no_common_proposal", word));
		assert_true(sim_agrees(s));
		sim_free(s);
	}
}

static void protocols_differ(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = ah_against_esp;
	refused(&o, "protocol");
}

static void force_nat(struct policy *p, struct peer_config *peer, struct child_config *child,
		      int node)
{
	ah(p, peer, child, node);
	peer->nat_force = true;
}

static void ah_behind_nat(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = force_nat;
	refused(&o, "NAT");
}

/* ---- IPComp ---- */

static void check_comp(const struct sim *s, uint8_t mode)
{
	const struct kernel_child *a = child_of(s, SIM_A), *b = child_of(s, SIM_B);
	assert_int_not_equal(a->comp.cpi_in, 0);
	assert_int_equal(a->comp.cpi_in, b->comp.cpi_out);
	assert_int_equal(a->comp.cpi_out, b->comp.cpi_in);
	assert_int_equal(a->comp.mode, mode);
	/* the header is IPComp's to make */
	assert_int_equal(a->in.mode, KEYDB_MODE_TRANSPORT);
	for (uint8_t i = 0; i < a->n_policies; i++) {
		const struct keydb_template *t = a->policies[i].templates;
		bool out = a->policies[i].dir == KEYDB_DIR_OUT;
		assert_int_equal(a->policies[i].n_templates, 2);
		assert_int_equal(t[0].proto, KEYDB_PROTO_IPCOMP);
		assert_int_equal(t[0].mode, mode);
		assert_int_equal(t[0].level, out ? KEYDB_LEVEL_UNIQUE : KEYDB_LEVEL_USE);
		assert_int_equal(t[1].proto, KEYDB_PROTO_ESP);
		assert_int_equal(t[1].mode, KEYDB_MODE_TRANSPORT);
		assert_int_equal(t[1].level, KEYDB_LEVEL_UNIQUE);
	}
}

static void compressed(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.ipcomp = true;
	for (int i = 0; i < 4; i++) {
		o.transport = i & 1;
		uint8_t mode = o.transport ? KEYDB_MODE_TRANSPORT : KEYDB_MODE_TUNNEL;
		struct sim *s = start(&o);
		come_up(s, i / 2);
		check_comp(s, mode);
		uint16_t cpi = child_of(s, SIM_A)->comp.cpi_in;
		sim_rekey(s, SIM_A, "b/net");
		sim_run(s, 60000);
		assert_true(sim_is_settled(s));
		check_comp(s, mode);
		assert_int_not_equal(child_of(s, SIM_A)->comp.cpi_in, cpi);
		sim_free(s);
	}
}

static void comp_at_a(struct policy *p, struct peer_config *peer, struct child_config *child,
		      int node)
{
	(void)p;
	(void)peer;
	child->ipcomp = node == SIM_A;
}

/* 2.22: no notify in the answer means no compression; nothing else changes. */
static void not_compressed(const struct sim_options *o)
{
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start(o);
		come_up(s, i);
		assert_int_equal(child_of(s, SIM_A)->comp.cpi_in, 0);
		assert_int_equal(child_of(s, SIM_B)->comp.cpi_out, 0);
		assert_int_equal(child_of(s, SIM_A)->in.mode, KEYDB_MODE_TUNNEL);
		assert_int_equal(child_of(s, SIM_A)->policies[0].n_templates, 1);
		sim_free(s);
	}
}

static void compression_on_one_side(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = comp_at_a;
	not_compressed(&o);
}

static void compression_of_two_families(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.ipcomp = o.v6 = true; /* around IPv4 nets */
	not_compressed(&o);
}

static void taken_cpi(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.ipcomp = true;
	struct sim *s = start(&o);
	kernel_fake_fail_next(s->nodes[SIM_B].kernel, -EEXIST);
	come_up(s, SIM_A);
	check_comp(s, KEYDB_MODE_TUNNEL);
	sim_free(s);
}

/* Somebody deletes the state that decompresses: without it the child is of no use. */
static void lost_comp(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.ipcomp = true;
	for (int in = 0; in < 2; in++) {
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		const struct kernel_child *c = child_of(s, SIM_A);
		struct keydb_event ev = { .kind = KEYDB_EVENT_SA_CHANGE, .deleted = true };
		ev.sa.id = in ? c->in.id : c->out.id;
		ev.sa.id.proto = KEYDB_PROTO_IPCOMP;
		ev.sa.id.spi = in ? c->comp.cpi_in : c->comp.cpi_out;
		engine_kernel_event(s->nodes[SIM_A].engine, &ev);
		assert_true(sim_logged("event=child_sa_down", "reason=lost_in_kernel", "spi_in="));
		sim_run(s, 5000);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("BEET joins two hosts, of another family than the wire's too",
		     bound_end_to_end),
		UNIT("BEET on one side only is refused, and leaves nothing", beet_on_one_side),
		UNIT("AH comes up, is rekeyed and deleted as AH", authentic_only),
		UNIT("AH and ESP live in one IKE SA, and are deleted in one message",
		     both_protocols),
		UNIT("IPComp is agreed with a CPI on either side, and anew when rekeyed",
		     compressed),
		UNIT("IPComp on one side only leaves the tunnel as it is", compression_on_one_side),
		UNIT("IPComp is not used for one family inside another",
		     compression_of_two_families),
		UNIT("another CPI is chosen when the kernel has it already", taken_cpi),
		UNIT("a child whose IPComp states are gone goes too", lost_comp),
		UNIT("AH against ESP has no common proposal", protocols_differ),
		UNIT("AH is refused behind a NAT, which it cannot pass", ah_behind_nat),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
