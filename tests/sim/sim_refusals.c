/* SPDX-License-Identifier: BSD-2-Clause */
/* Each refusal: one record with its reason on each side, nothing left behind. */
#include "ike/engine_int.h"
#include "sim/scenario.h"

#include <errno.h>

/* ---- refusals: one record each, nothing left ---- */

static void expect_refusal(struct sim *s, int node, const char *reason, const char *what)
{
	char r[64], w[80];
	snprintf(r, sizeof(r), "reason=%s ", reason);
	snprintf(w, sizeof(w), "what=%s", what);
	assert_int_equal(sim_initiate(s, node), 0);
	assert_true(sim_run_until(s, sim_is_down, LONG_MS));
	if (!sim_logged("event=negotiation_failed", r, w))
		fail_msg("no record with %s%s", r, w);
	assert_int_equal(s->nodes[node].n_done, 1);
	assert_true(s->nodes[node].last_result < 0);
	/* one record per side at most, however often the request came */
	assert_in_range(sim_log_count("event=negotiation_failed"), 1, 2);
}

static void wrong_psk(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.psk[SIM_B] = "something else";
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start(&o);
		expect_refusal(s, i, "wrong_key", "AUTH");
		assert_true(sim_logged("reason=peer_refused", "what=AUTHENTICATION_FAILED", ""));
		assert_int_equal(sim_log_count("something else"), 0);
		assert_int_equal(sim_log_count("tanuki and kitsune"), 0);
		sim_free(s);
	}
}

static void no_key(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.psk[SIM_B] = "";
	struct sim *s = start(&o);
	expect_refusal(s, SIM_A, "no_key", "psk");
	sim_free(s);
	s = start(&o);
	expect_refusal(s, SIM_B, "no_key", "psk");
	sim_free(s);
}

/* Whatever goes wrong with the check, nobody is let in. */
static void failing_checks(void **state)
{
	static const int results[] = { -EIO, -ENOMEM, -ENOKEY, -ECONNRESET };
	struct sim_options o = plain();
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(results); i++) {
		for (int node = 0; node < SIM_NODES; node++) {
			struct sim *s = start(&o);
			keeper_fake_break_verify(s->nodes[node].keeper, results[i]);
			assert_int_equal(sim_initiate(s, SIM_A), 0);
			assert_true(sim_run_until(s, sim_is_down, LONG_MS));
			assert_true(s->nodes[SIM_A].last_result < 0);
			assert_int_equal(engine_counters(s->nodes[node].engine)->n_ike_up, 0);
			sim_free(s);
		}
	}
}

static void no_proposal(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.ike[SIM_A] = "aes_gcm16:128/prf_sha256/curve25519";
	o.ike[SIM_B] = "aes_gcm16:128/prf_sha256/modp2048";
	struct sim *s = start(&o);
	expect_refusal(s, SIM_A, "no_common_proposal", "KE");
	assert_true(sim_logged("what=KE", "ours=MODP_2048", "theirs=CURVE25519"));
	assert_true(sim_logged("reason=peer_refused", "what=NO_PROPOSAL_CHOSEN", "without proof"));
	sim_free(s);
	o.ike[SIM_A] = "aes:256/prf_sha256/hmac_sha256/modp2048";
	s = start(&o);
	expect_refusal(s, SIM_A, "no_common_proposal", "ENCR");
	sim_free(s);
}

static void unknown_peer(struct policy *p, struct peer_config *peer, struct child_config *child,
			 int node)
{
	(void)p;
	(void)child;
	if (node == SIM_B)
		peer->peer_addrs[0].ip[3] = 99;
}

static void unknown_address(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = unknown_peer;
	struct sim *s = start(&o);
	expect_refusal(s, SIM_A, "unknown_peer", "address");
	sim_free(s);
}

static void other_identity(struct policy *p, struct peer_config *peer, struct child_config *child,
			   int node)
{
	(void)p;
	(void)child;
	peer->local_id = (struct id){ .type = ID_FQDN, .len = 3, .body = "a.x" };
	peer->local_id.body[0] = node == SIM_A ? 'a' : 'b';
	peer->n_peer_ids = 1;
	peer->peer_ids[0] = peer->local_id;
	peer->peer_ids[0].body[0] = node == SIM_A ? 'b' : 'c';
}

static void unknown_identity(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = other_identity;
	struct sim *s = start(&o);
	expect_refusal(s, SIM_A, "unknown_peer", "IDi");
	assert_true(sim_logged("what=IDi", "ours=c.x", "theirs=a.x"));
	sim_free(s);
	s = start(&o);
	expect_refusal(s, SIM_B, "id_mismatch", "IDr");
	sim_free(s);
}

static void silent_peer(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.wire.loss_percent = 100;
	struct sim *s = start(&o);
	expect_refusal(s, SIM_A, "peer_silent", "IKE_SA_INIT");
	assert_true(sim_logged("reason=peer_silent", "5 tries in 11.2 s", ""));
	assert_int_equal(s->wire.ends[SIM_A].n_sent, 5);
	sim_free(s);
}

/* The IKE SA is up, without a child. */
static void expect_childless(const struct sim_options *o, const char *reason, const char *what)
{
	char r[64], w[80];
	struct sim *s = start(o);
	snprintf(r, sizeof(r), "reason=%s ", reason);
	snprintf(w, sizeof(w), "what=%s", what);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 5000);
	assert_true(sim_is_settled(s));
	assert_int_equal(sim_n_up(s, SIM_A), 1);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
	if (!sim_logged("event=negotiation_failed", r, w))
		fail_msg("no record with %s%s", r, w);
	assert_int_equal(s->nodes[SIM_A].n_done, 1);
	assert_true(s->nodes[SIM_A].last_result < 0);
	/* the next attempt takes its place */
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 5000);
	assert_true(sim_is_settled(s));
	assert_int_equal(sim_n_up(s, SIM_A), 1);
	sim_free(s);
}

static void no_esp_proposal(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.esp[SIM_A] = "aes_gcm16:128";
	o.esp[SIM_B] = "aes:128/hmac_sha256";
	expect_childless(&o, "no_common_proposal", "ENCR");
}

static void other_subnet(struct policy *p, struct peer_config *peer, struct child_config *child,
			 int node)
{
	(void)p;
	(void)peer;
	if (node == SIM_A) {
		child->local_ts.ts[0].first.ip[1] = 9;
		child->local_ts.ts[0].last.ip[1] = 9;
	}
}

static void selector_mismatch(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = other_subnet;
	expect_childless(&o, "selector_mismatch", "TSi");
}

static void other_mode(struct policy *p, struct peer_config *peer, struct child_config *child,
		       int node)
{
	(void)p;
	(void)peer;
	child->mode = node == SIM_A ? CHILD_TRANSPORT : CHILD_TUNNEL;
}

static void mode_mismatch(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = other_mode;
	/* the responder falls back to a tunnel, which the initiator deletes */
	expect_childless(&o, "mode_mismatch", "mode");
}

static void wide(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	struct addr_prefix all;
	(void)p;
	(void)peer;
	if (node != SIM_A)
		return;
	assert_int_equal(addr_parse_prefix("0.0.0.0/0", &all), 0);
	ts_of_prefix(&all, 0, 0, &child->local_ts.ts[0]);
	ts_of_prefix(&all, 0, 0, &child->peer_ts.ts[0]);
}

static void answer_too_wide(void **state)
{
	struct sim_options o = plain();
	(void)state;
	for (int side = 0; side < 2; side++) {
		struct sim *s = start(&o);
		assert_int_equal(sim_initiate(s, SIM_A), 0);
		/* IKE_AUTH is on its way: now pretend that we had asked for less */
		sim_run(s, 25);
		struct ike_sa *sa =
			LIST_ENTRY(s->nodes[SIM_A].engine->sas.next, struct ike_sa, node);
		assert_int_equal(sa->state, IKE_AUTH_SENT);
		struct ts_list *asked = side ? &sa->handshake->ask.tsi : &sa->handshake->ask.tsr;
		asked->ts[0].first.ip[2] = asked->ts[0].last.ip[2] = 7;
		sim_run(s, 5000);
		assert_true(sim_logged("reason=selector_mismatch", "what=TSi,TSr", ""));
		assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
		assert_true(sim_is_settled(s));
		sim_free(s);
	}
}

static void narrowed(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = wide;
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start(&o);
		come_up(s, i);
		const struct kernel_child *c = child_of(s, SIM_A);
		assert_int_equal(c->policies[0].sel.src_bits, 16);
		assert_int_equal(c->policies[0].sel.dst_bits, 16);
		sim_free(s);
	}
}

/* ---- the kernel says no ---- */

static void spi_taken(void **state)
{
	struct sim_options o = plain();
	(void)state;
	struct sim *s = start(&o);
	kernel_fake_fail_next(s->nodes[SIM_B].kernel, -EEXIST);
	come_up(s, SIM_A);
	assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
	sim_free(s);
}

static void kernel_fails(void **state)
{
	struct sim_options o = plain();
	(void)state;
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start(&o);
		kernel_fake_fail_next(s->nodes[i].kernel, -ENOMEM);
		assert_int_equal(sim_initiate(s, SIM_A), 0);
		sim_run(s, 5000);
		assert_true(sim_is_settled(s));
		assert_int_equal(sim_n_up(s, SIM_A), 1);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
		assert_true(sim_logged("reason=kernel", "what=child", ""));
		sim_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a wrong key is refused with the reason, and is in no log", wrong_psk),
		UNIT("no key is a refusal with the reason", no_key),
		UNIT("a check of a proof that fails in any way lets nobody in", failing_checks),
		UNIT("no common proposal names the transform type", no_proposal),
		UNIT("an unknown address is refused with the reason", unknown_address),
		UNIT("an unknown identity is refused with the reason", unknown_identity),
		UNIT("a silent peer is given up after all tries", silent_peer),
		UNIT("no common ESP proposal leaves the IKE SA without a child", no_esp_proposal),
		UNIT("selectors without overlap leave the IKE SA without a child",
		     selector_mismatch),
		UNIT("tunnel against transport leaves the IKE SA without a child", mode_mismatch),
		UNIT("an answer that is wider than the offer is deleted", answer_too_wide),
		UNIT("wide selectors are narrowed to what both allow", narrowed),
		UNIT("a responder whose SPI is taken chooses another", spi_taken),
		UNIT("a kernel that fails leaves no half of a child", kernel_fails),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
