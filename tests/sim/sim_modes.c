/* SPDX-License-Identifier: BSD-2-Clause */
/* What a child can be besides ESP in a tunnel: both sides come to the same, or say why not. */
#include "sim/scenario.h"

#include "ike/limits.h"
#include "msg/notify.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("BEET joins two hosts, of another family than the wire's too",
		     bound_end_to_end),
		UNIT("BEET on one side only is refused, and leaves nothing", beet_on_one_side),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
