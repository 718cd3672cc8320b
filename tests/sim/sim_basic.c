/* SPDX-License-Identifier: BSD-2-Clause */
/* Two engines over a good wire: each way to come up, to be refused and to go down. */
#include "base/unit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "msg/notify.h"
#include "msg/writer.h"
#include "sim/sim.h"

enum { LONG_MS = 300000 };

static struct sim_options plain(void)
{
	return (struct sim_options){ .seed = 1,
				     .wire = { .delay_min_ms = 10, .delay_max_ms = 10 },
				     .keeper_delay_ms = 3,
				     .kernel_delay_ms = 2 };
}

static struct sim *start(const struct sim_options *o)
{
	sim_log_clear();
	return sim_new(o);
}

/* Initiates and expects one IKE SA with one child on both sides. */
static void come_up(struct sim *s, int node)
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

static void come_up_and_end(const struct sim_options *o, int node)
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

static const struct kernel_child *child_of(const struct sim *s, int node)
{
	const struct kernel_child *c = kernel_fake_child(s->nodes[node].kernel, 0);
	assert_non_null(c);
	return c;
}

/* ---- up ---- */

static void tunnel_v4(void **state)
{
	(void)state;
	struct sim_options o = plain();
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	const struct kernel_child *c = child_of(s, SIM_A);
	assert_int_equal(c->in.mode, KEYDB_MODE_TUNNEL);
	assert_int_equal(c->n_policies, 3);
	assert_int_equal(c->in.encap_src_port, 0);
	/* our SPIs carry the engine's number */
	assert_int_equal(c->in.id.spi >> 24, SIM_A);
	assert_int_equal(child_of(s, SIM_B)->in.id.spi >> 24, SIM_B);
	assert_true(sim_logged("event=negotiation_started", "why=command", "remote=b"));
	assert_true(sim_logged("event=child_sa_up", "ts_local=10.1.0.0/16[any]", "mode=tunnel") ||
		    sim_logged("event=child_sa_up", "10.1.0.0/16", "mode=tunnel"));
	sim_free(s);
}

static void tunnel_v6(void **state)
{
	(void)state;
	struct sim_options o = plain();
	o.v6 = true;
	come_up_and_end(&o, SIM_A);
	come_up_and_end(&o, SIM_B);
}

static void transport(void **state)
{
	(void)state;
	struct sim_options o = plain();
	o.transport = true;
	struct sim *s = start(&o);
	come_up(s, SIM_B);
	assert_int_equal(child_of(s, SIM_A)->in.mode, KEYDB_MODE_TRANSPORT);
	assert_int_equal(child_of(s, SIM_A)->n_policies, 2);
	sim_free(s);
	o.v6 = true;
	come_up_and_end(&o, SIM_A);
}

static void every_proposal(void **state)
{
	static const char *const ike[] = {
		"aes_gcm16:128/prf_sha256/curve25519",     "aes_gcm16:256/prf_sha384/ecp256",
		"aes:128/prf_sha256/hmac_sha256/modp2048", "aes:256/prf_sha512/hmac_sha512/ecp384",
		"chacha20/prf_sha256/curve25519",
	};
	static const char *const esp[] = {
		"aes_gcm16:128",       "aes_gcm16:256", "aes:128/hmac_sha256",
		"aes:256/hmac_sha512", "chacha20",      "null/hmac_sha256",
	};
	struct sim_options o = plain();
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(ike); i++) {
		o.ike[0] = o.ike[1] = ike[i];
		come_up_and_end(&o, SIM_A);
	}
	for (size_t i = 0; i < N_ELEMENTS(esp); i++) {
		o.ike[0] = o.ike[1] = NULL;
		o.esp[0] = o.esp[1] = esp[i];
		come_up_and_end(&o, SIM_A);
	}
}

static void second_choice(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.ike[SIM_A] = "aes:256,aes_gcm16:256/prf_sha256/hmac_sha256/curve25519,modp2048";
	o.ike[SIM_B] = "aes_gcm16:256,aes:128/prf_sha512,prf_sha256/hmac_sha256/curve25519";
	o.esp[SIM_A] = "aes:256,aes_gcm16:128/hmac_sha512,hmac_sha256";
	o.esp[SIM_B] = "aes:256/hmac_sha256";
	come_up_and_end(&o, SIM_A);
	come_up_and_end(&o, SIM_B);
}

static void esn(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	(void)p;
	(void)peer;
	(void)node;
	child->esn = true;
	child->replay_window_pkts = 128;
}

static void extended_numbers(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = esn;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_true(child_of(s, SIM_A)->in.flags & KEYDB_SA_ESN);
	assert_true(child_of(s, SIM_B)->out.flags & KEYDB_SA_ESN);
	sim_free(s);
}

/* ---- NAT ---- */

static void behind_nat(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.nat = true;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	const struct kernel_child *a = child_of(s, SIM_A), *b = child_of(s, SIM_B);
	assert_int_equal(a->out.encap_src_port, 4500);
	assert_int_equal(a->out.encap_dst_port, 4500);
	assert_int_equal(b->out.encap_dst_port, 14500);
	assert_int_equal(b->in.encap_src_port, 14500);
	assert_true(sim_logged("event=ike_sa_up", "nat=local", "role=initiator"));
	assert_true(sim_logged("event=ike_sa_up", "nat=peer", "role=responder"));
	sim_free(s);
	o.transport = true;
	s = start(&o);
	come_up(s, SIM_A);
	assert_int_equal(child_of(s, SIM_B)->in.mode, KEYDB_MODE_TRANSPORT);
	/* RFC 3948 3.1.2: the address that the NAT hides, for checksums */
	assert_int_equal(child_of(s, SIM_B)->in.encap_oa.sa.sa_family,
			 child_of(s, SIM_B)->in.id.src.sa.sa_family);
	sim_free(s);
}

static void force_nat(struct policy *p, struct peer_config *peer, struct child_config *child,
		      int node)
{
	(void)p;
	(void)child;
	peer->nat_force = node == SIM_A;
}

static void forced_nat(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = force_nat;
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start(&o);
		come_up(s, i);
		assert_int_equal(child_of(s, SIM_A)->out.encap_dst_port, 4500);
		assert_int_equal(child_of(s, SIM_B)->out.encap_dst_port, 4500);
		sim_free(s);
	}
}

static void no_natt(struct policy *p, struct peer_config *peer, struct child_config *child,
		    int node)
{
	(void)p;
	(void)child;
	peer->nat_traversal = node != SIM_A;
}

static void one_side_without_natt(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = no_natt;
	come_up_and_end(&o, SIM_A);
	come_up_and_end(&o, SIM_B);
}

/* ---- what the test sees and sends on the wire ---- */

struct tap {
	uint8_t messages[16][4096];
	size_t lens[16], n;
	int lose_nth[SIM_NODES]; /* 1: the first datagram of that end, 0: none */
	int n_of[SIM_NODES];
};

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

static void inject(struct sim *s, int from, uint8_t *bytes, size_t len)
{
	struct addr src = s->wire.ends[from].addr, dst = s->wire.ends[!from].addr;
	src.port = dst.port = 500;
	wire_inject(&s->wire, &src, &dst, slice_of(bytes, len), 1);
}

/* ---- IKE_SA_INIT ---- */

static void other_group(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.ike[SIM_A] = "aes_gcm16:128/prf_sha256/curve25519,ecp256";
	o.ike[SIM_B] = "aes_gcm16:128/prf_sha256/ecp256";
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	/* two more messages than the four that it takes at best */
	assert_int_equal(s->wire.ends[SIM_A].n_sent + s->wire.ends[SIM_B].n_sent, 6);
	sim_free(s);
}

/* An unprotected answer to A's first message, from nowhere. */
static void forge(struct sim *s, const struct tap *t, uint16_t notify, uint16_t group)
{
	uint8_t buf[256];
	const uint8_t data[2] = { (uint8_t)(group >> 8), (uint8_t)group };
	struct msg_writer mw;
	struct slice out;
	struct rd r = rd_of(t->messages[0], 8);
	const struct ike_header h = { .spi_i = rd_u64(&r),
				      .exchange = EXCHANGE_IKE_SA_INIT,
				      .flags = IKE_FLAG_RESPONSE };
	msg_writer_init(&mw, buf, sizeof(buf), &h);
	msg_writer_add_notify(&mw, notify, slice_of(data, notify == N_INVALID_KE_PAYLOAD ? 2 : 0));
	assert_int_equal(msg_writer_end(&mw, &out), 0);
	inject(s, SIM_B, buf, out.len);
}

static void forged_answers(void **state)
{
	static const uint16_t groups[] = { 1025, 14, 31, 0, 65535 };
	struct sim_options o = plain();
	struct tap t = { 0 };
	(void)state;
	struct sim *s = start(&o);
	s->wire.tap = on_tap;
	s->wire.tap_arg = &t;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	forge(s, &t, N_NO_PROPOSAL_CHOSEN, 0);
	forge(s, &t, N_AUTHENTICATION_FAILED, 0);
	for (size_t i = 0; i < N_ELEMENTS(groups); i++)
		forge(s, &t, N_INVALID_KE_PAYLOAD, groups[i]);
	assert_true(sim_run_until(s, sim_is_up, 5000));
	assert_true(sim_agrees(s));
	sim_free(s);
}

static void anywhere(struct policy *p, struct peer_config *peer, struct child_config *child,
		     int node)
{
	(void)p;
	(void)child;
	if (node == SIM_B)
		peer->n_peer_addrs = 0;
	peer->verify_id = false;
}

static void cookies_under_load(void **state)
{
	struct sim_options o = plain();
	struct tap t = { 0 };
	(void)state;
	o.tweak = anywhere;
	struct sim *s = start(&o);
	s->wire.tap = on_tap;
	s->wire.tap_arg = &t;
	t.lose_nth[SIM_A] = 1;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	/* the same request from very many addresses */
	for (int i = 0; i < 300; i++) {
		struct addr src, dst = s->wire.ends[SIM_B].addr;
		char text[64];
		snprintf(text, sizeof(text), "203.0.%d.%d", 113 + i / 200, 1 + i % 200);
		assert_int_equal(addr_parse(text, &src), 0);
		src.port = dst.port = 500;
		wire_inject(&s->wire, &src, &dst, slice_of(t.messages[0], t.lens[0]), 1);
	}
	sim_run(s, 50);
	assert_in_range(engine_n_half_open(s->nodes[SIM_B].engine), 50, 100);
	assert_true(engine_counters(s->nodes[SIM_B].engine)->n_cookies_demanded >= 200);
	/* what the flood was told is limited; the true one comes through with a cookie */
	assert_true(engine_counters(s->nodes[SIM_B].engine)->n_error_replies <= 40);
	sim_run(s, 20000);
	assert_int_equal(sim_n_up(s, SIM_A), 1);
	assert_int_equal(sim_n_up(s, SIM_B), 1);
	sim_run(s, 60000);
	assert_int_equal(engine_n_sas(s->nodes[SIM_B].engine), 1);
	assert_true(sim_agrees(s));
	sim_free(s);
}

static void replayed_init(void **state)
{
	struct sim_options o = plain();
	struct tap t = { 0 };
	(void)state;
	struct sim *s = start(&o);
	s->wire.tap = on_tap;
	s->wire.tap_arg = &t;
	come_up(s, SIM_A);
	uint64_t before = s->wire.ends[SIM_B].n_sent;
	for (int i = 0; i < 10; i++)
		inject(s, SIM_A, t.messages[0], t.lens[0]);
	sim_run(s, 1000);
	assert_int_equal(engine_n_sas(s->nodes[SIM_B].engine), 1);
	assert_int_equal(s->wire.ends[SIM_B].n_sent, before);
	assert_true(sim_is_settled(s));
	sim_free(s);
}

static void other_version(void **state)
{
	struct sim_options o = plain();
	struct tap t = { 0 };
	(void)state;
	struct sim *s = start(&o);
	s->wire.tap = on_tap;
	s->wire.tap_arg = &t;
	t.lose_nth[SIM_A] = 1;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	t.messages[0][17] = 0x30;
	for (int i = 0; i < 100; i++)
		inject(s, SIM_A, t.messages[0], t.lens[0]);
	sim_run(s, 20);
	assert_in_range(engine_counters(s->nodes[SIM_B].engine)->n_error_replies, 1, 25);
	assert_int_equal(engine_n_sas(s->nodes[SIM_B].engine), 0);
	sim_free(s);
}

static void unknown_sa(void **state)
{
	struct sim_options o = plain();
	struct tap t = { 0 };
	(void)state;
	struct sim *s = start(&o);
	s->wire.tap = on_tap;
	s->wire.tap_arg = &t;
	come_up(s, SIM_A);
	sim_crash(s, SIM_B);
	/* message 2 is A's IKE_AUTH */
	inject(s, SIM_A, t.messages[2], t.lens[2]);
	sim_run(s, 100);
	assert_int_equal(engine_counters(s->nodes[SIM_B].engine)->n_error_replies, 1);
	/* it says so in clear, which moves nothing */
	assert_int_equal(sim_n_up(s, SIM_A), 1);
	sim_free(s);
}

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
			s->wire.tap = on_tap;
			s->wire.tap_arg = &t;
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
		/* of two that crossed one stays, the same on both sides */
		assert_true(sim_is_settled(s));
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

static void lifetimes(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.tweak = short_lives;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
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
		UNIT("a tunnel over IPv4 comes up with the same keys on both sides", tunnel_v4),
		UNIT("a tunnel over IPv6 comes up from either side", tunnel_v6),
		UNIT("transport mode comes up over both families", transport),
		UNIT("every algorithm works for IKE and for ESP", every_proposal),
		UNIT("the common algorithms of long lists are found", second_choice),
		UNIT("extended sequence numbers are used if both sides have them",
		     extended_numbers),
		UNIT("a NAT moves IKE to 4500 and wraps ESP", behind_nat),
		UNIT("a NAT can be pretended", forced_nat),
		UNIT("a peer without NAT traversal is no obstacle", one_side_without_natt),
		UNIT("another group is tried when the peer asks for it", other_group),
		UNIT("forged refusals of IKE_SA_INIT change nothing", forged_answers),
		UNIT("a flood meets cookies, and a true peer gets through", cookies_under_load),
		UNIT("a replayed first message makes no IKE SA", replayed_init),
		UNIT("other versions are answered, but not without end", other_version),
		UNIT("a request for an unknown IKE SA is answered in clear", unknown_sa),
		UNIT("a wrong key is refused with the reason, and is in no log", wrong_psk),
		UNIT("no key is a refusal with the reason", no_key),
		UNIT("no common proposal names the transform type", no_proposal),
		UNIT("an unknown address is refused with the reason", unknown_address),
		UNIT("an unknown identity is refused with the reason", unknown_identity),
		UNIT("a silent peer is given up after all tries", silent_peer),
		UNIT("no common ESP proposal leaves the IKE SA without a child", no_esp_proposal),
		UNIT("selectors without overlap leave the IKE SA without a child",
		     selector_mismatch),
		UNIT("tunnel against transport leaves the IKE SA without a child", mode_mismatch),
		UNIT("wide selectors are narrowed to what both allow", narrowed),
		UNIT("a responder whose SPI is taken chooses another", spi_taken),
		UNIT("a kernel that fails leaves no half of a child", kernel_fails),
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
		UNIT("lifetimes end in deletes", lifetimes),
		UNIT("many ACQUIREs are one negotiation", storm_of_acquires),
		UNIT("the kernel hears of an ACQUIRE that failed", acquire_that_fails),
		UNIT("what is to be up always comes back", kept_up),
		UNIT("stopping tells the peers", stop_tells_the_peer),
		UNIT("a reload deletes what is not configured any more", reload),
		UNIT("the last refusal of a peer is remembered until it comes up",
		     refusals_are_remembered),
	};
	sim_log_capture();
	if (crypto_start() < 0)
		return 1;
	int n = cmocka_run_group_tests(tests, NULL, NULL);
	crypto_end();
	return n;
}
