/* SPDX-License-Identifier: BSD-2-Clause */
/* What the scenario tests share. */
#include "sim/scenario.h"

#include "crypto/crypto.h"

struct sim_options plain(void)
{
	return (struct sim_options){ .seed = 1,
				     .wire = { .delay_min_ms = 10, .delay_max_ms = 10 },
				     .keeper_delay_ms = 3,
				     .kernel_delay_ms = 2 };
}

struct sim *start(const struct sim_options *o)
{
	sim_log_clear();
	return sim_new(o);
}

void come_up(struct sim *s, int node)
{
	char text[4096];
	assert_int_equal(sim_initiate(s, node), 0);
	if (!sim_run_until(s, sim_is_up, 5000))
		fail_msg("not up: %s", sim_difference(s, text, sizeof(text)));
	sim_run(s, 100);
	assert_true(sim_is_up(s));
	if (!sim_agrees(s))
		fail_msg("%s", sim_difference(s, text, sizeof(text)));
}

void come_up_and_end(const struct sim_options *o, int node)
{
	struct sim *s = start(o);
	come_up(s, node);
	assert_int_equal(s->nodes[node].n_done, 1);
	assert_int_equal(s->nodes[node].last_result, 0);
	assert_int_equal(sim_log_count("event=ike_sa_up"), 2);
	assert_int_equal(sim_log_count("event=child_sa_up"), 2);
	assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
	sim_free(s);
}

const struct kernel_child *child_of(const struct sim *s, int node)
{
	const struct kernel_child *c = kernel_fake_child(s->nodes[node].kernel, 0);
	assert_non_null(c);
	return c;
}

void anywhere(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	(void)p;
	(void)child;
	if (node == SIM_B)
		peer->n_peer_addrs = 0;
	peer->verify_id = false;
}

static bool on_tap(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	struct tap *t = arg;
	int node = from == &from->wire->ends[SIM_A] ? SIM_A : SIM_B;
	if (t->n < N_ELEMENTS(t->messages)) {
		memcpy(t->messages[t->n], bytes, *len);
		t->lens[t->n++] = *len;
	}
	return ++t->n_of[node] != t->lose_nth[node];
}

void inject(struct sim *s, int from, uint8_t *bytes, size_t len)
{
	struct addr src = s->wire.ends[from].addr, dst = s->wire.ends[!from].addr;
	src.port = dst.port = 500;
	wire_inject(&s->wire, &src, &dst, slice_of(bytes, len), 1);
}

void tap_set(struct sim *s, struct tap *t)
{
	s->wire.tap = on_tap;
	s->wire.tap_arg = t;
}

int scenario_run(const struct CMUnitTest *tests, size_t n)
{
	sim_log_capture();
	if (crypto_start() < 0)
		return 1;
	int n_failed = _cmocka_run_group_tests("scenarios", tests, n, NULL, NULL);
	crypto_end();
	return n_failed;
}
