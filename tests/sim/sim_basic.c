/* SPDX-License-Identifier: BSD-2-Clause */
/* Two engines over a good wire: each way to come up. */
#include "ike/limits.h"
#include "sim/scenario.h"

#include "msg/notify.h"
#include "msg/writer.h"

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

static int peer_port(void *arg, const struct engine_sa_view *v)
{
	uint16_t *port = arg;
	*port = v->peer.port;
	return 0;
}

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
	/* the responder has followed to where IKE_AUTH came from, and can speak first */
	uint16_t port = 0;
	engine_each_sa(s->nodes[SIM_B].engine, peer_port, &port);
	assert_int_equal(port, 14500);
	assert_int_equal(sim_terminate(s, SIM_B, "a"), 0);
	assert_true(sim_run_until(s, sim_is_down, 1000));
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

/* The last request of A's, and whether the wire lets it through. */
struct overheard {
	uint8_t bytes[1024];
	size_t len;
	bool hold;
};

static bool overhear(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	struct overheard *o = arg;
	bool request = !(bytes[19] & IKE_FLAG_RESPONSE);
	if (from != &from->wire->ends[SIM_A] || !request)
		return true;
	assert_true(*len <= sizeof(o->bytes));
	memcpy(o->bytes, bytes, *len);
	o->len = *len;
	return !o->hold;
}

/* Has B moved after it got what was overheard, from an address that A never had? */
static bool moves_b(struct sim *s, const struct overheard *o)
{
	struct addr stranger, b = s->wire.ends[SIM_B].addr;
	assert_int_equal(addr_parse("203.0.113.9", &stranger), 0);
	stranger.port = b.port = 4500;
	sim_log_clear();
	wire_inject(&s->wire, &stranger, &b, slice_of(o->bytes, o->len), 0);
	sim_run(s, 1);
	return sim_logged("event=peer_moved", "203.0.113.9", "remote=");
}

/* RFC 7296 2.23: only an authentic message that is not old says where the peer is. */
static void nobody_else_moves(void **state)
{
	struct sim_options options = plain();
	struct overheard o = { 0 };
	(void)state;
	options.nat = true;
	options.dpd_delay_ms = 5000;
	struct sim *s = start(&options);
	come_up(s, SIM_A);
	s->wire.tap = overhear;
	s->wire.tap_arg = &o;
	sim_run(s, 12000);
	assert_true(o.len > 0);
	assert_false(moves_b(s, &o)); /* replayed */
	o.hold = true;
	o.len = 0;
	sim_run(s, 6000);
	assert_true(o.len > 0);
	o.bytes[o.len - 1] ^= 1;
	assert_false(moves_b(s, &o)); /* forged */
	o.bytes[o.len - 1] ^= 1;
	assert_true(moves_b(s, &o)); /* the peer's own, through a new mapping */
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
	tap_set(s, &t);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	forge(s, &t, N_NO_PROPOSAL_CHOSEN, 0);
	forge(s, &t, N_AUTHENTICATION_FAILED, 0);
	for (size_t i = 0; i < N_ELEMENTS(groups); i++)
		forge(s, &t, N_INVALID_KE_PAYLOAD, groups[i]);
	assert_true(sim_run_until(s, sim_is_up, 5000));
	assert_true(sim_agrees(s));
	sim_free(s);
}

static void cookies_under_load(void **state)
{
	struct sim_options o = plain();
	struct tap t = { 0 };
	(void)state;
	o.tweak = anywhere;
	struct sim *s = start(&o);
	tap_set(s, &t);
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
	/* the true one comes through with a cookie */
	sim_run(s, 20000);
	assert_int_equal(sim_n_up(s, SIM_A), 1);
	assert_int_equal(sim_n_up(s, SIM_B), 1);
	sim_run(s, 60000);
	assert_int_equal(engine_n_sas(s->nodes[SIM_B].engine), 1);
	assert_true(sim_agrees(s));
	sim_free(s);
}

/* One true address that answers every demand for a cookie. */
static bool answer_cookies(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	struct tap *t = arg;
	uint8_t again[1024];
	size_t n_cookie = *len - 36, n_rest = t->lens[0] - 28;
	/* an answer of b whose only payload is N(COOKIE) */
	if (from != &from->wire->ends[SIM_B] || *len < 37 || bytes[16] != 41 || bytes[34] != 0x40 ||
	    bytes[35] != 0x06)
		return true;
	memcpy(again, t->messages[0], 28);
	memcpy(again, bytes, 8);
	memcpy(again + 28, bytes + 28, 8 + n_cookie);
	memcpy(again + 36 + n_cookie, t->messages[0] + 28, n_rest);
	again[16] = 41;
	again[28] = 33;
	size_t total = 36 + n_cookie + n_rest;
	again[26] = (uint8_t)(total >> 8);
	again[27] = (uint8_t)total;
	inject(CONTAINER_OF(from->wire, struct sim, wire), SIM_A, again, total);
	return true;
}

static void one_greedy_source(void **state)
{
	struct sim_options o = plain();
	struct tap t = { 0 };
	(void)state;
	struct sim *s = start(&o);
	tap_set(s, &t);
	t.lose_nth[SIM_A] = 1;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	s->wire.tap = answer_cookies;
	for (int i = 1; i <= 400; i++) {
		t.messages[0][6] = (uint8_t)(i >> 8);
		t.messages[0][7] = (uint8_t)i;
		inject(s, SIM_A, t.messages[0], t.lens[0]);
		sim_run(s, 5);
	}
	sim_run(s, 100);
	assert_true(engine_counters(s->nodes[SIM_B].engine)->n_cookies_demanded > 200);
	/* with cookies, but not more than one source may have */
	assert_int_equal(engine_n_half_open(s->nodes[SIM_B].engine),
			 s->nodes[SIM_B].policy->limits.half_open_per_source);
	sim_run(s, 60000);
	assert_int_equal(engine_n_half_open(s->nodes[SIM_B].engine), 0);
	sim_free(s);
}

static void tight(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	anywhere(p, peer, child, node);
	p->limits = (struct policy_limits){ .cookie_threshold = 1,
					    .half_open_per_source = 3,
					    .half_open = 8,
					    .ike_sas = 1000,
					    .error_rate = 0,
					    .error_burst = 1 };
}

/* A's first message once more, from another address and with another SPI, cookie and all. */
static void ask_from(struct sim *s, struct tap *t, const char *from)
{
	struct wire_end *end = &s->wire.ends[SIM_A];
	uint16_t port = end->addr.port;
	assert_int_equal(addr_parse(from, &end->addr), 0);
	end->addr.port = port;
	t->messages[0][7]++;
	inject(s, SIM_A, t->messages[0], t->lens[0]);
	sim_run(s, 50);
}

static void configured_limits(void **state)
{
	static const char *const sources[] = { "2001:db8:1::", "2001:db8:2::", "2001:db8:3::" };
	struct sim_options o = plain();
	struct tap t = { 0 };
	char text[64];
	(void)state;
	o.v6 = true;
	o.tweak = tight;
	struct sim *s = start(&o);
	const struct engine *b = s->nodes[SIM_B].engine;
	tap_set(s, &t);
	t.lose_nth[SIM_A] = 1;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	s->wire.tap = answer_cookies;
	for (size_t i = 0; i < N_ELEMENTS(sources); i++) {
		/* a /64 is one source */
		for (int k = 1; k <= 5; k++) {
			snprintf(text, sizeof(text), "%s%d", sources[i], k);
			ask_from(s, &t, text);
		}
		assert_int_equal(engine_n_half_open(b), i == 2 ? 8 : 3 * (i + 1));
	}
	/* all but the first brought one; with 8 nobody is answered any more */
	assert_int_equal(engine_counters(b)->n_cookies_demanded, 4 + 5 + 2);
	sim_free(s);
}

static void silent_by_configuration(void **state)
{
	struct sim_options o = plain();
	struct tap t = { 0 };
	(void)state;
	o.tweak = tight;
	struct sim *s = start(&o);
	tap_set(s, &t);
	come_up(s, SIM_A);
	sim_crash(s, SIM_B);
	inject(s, SIM_A, t.messages[2], t.lens[2]);
	sim_run(s, 100);
	assert_int_equal(engine_counters(s->nodes[SIM_B].engine)->n_error_replies, 0);
	/* a reload counts at once */
	s->nodes[SIM_B].policy->limits.error_rate = 10;
	engine_set_policy(s->nodes[SIM_B].engine, s->nodes[SIM_B].policy);
	for (int i = 0; i < 3; i++)
		inject(s, SIM_A, t.messages[2], t.lens[2]);
	sim_run(s, 50);
	assert_int_equal(engine_counters(s->nodes[SIM_B].engine)->n_error_replies, 1);
	sim_free(s);
}

static void replayed_init(void **state)
{
	struct sim_options o = plain();
	struct tap t = { 0 };
	(void)state;
	struct sim *s = start(&o);
	tap_set(s, &t);
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
	tap_set(s, &t);
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
	tap_set(s, &t);
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
		UNIT("forged and replayed packets move nobody behind a NAT", nobody_else_moves),
		UNIT("a NAT can be pretended", forced_nat),
		UNIT("a peer without NAT traversal is no obstacle", one_side_without_natt),
		UNIT("another group is tried when the peer asks for it", other_group),
		UNIT("forged refusals of IKE_SA_INIT change nothing", forged_answers),
		UNIT("a flood meets cookies, and a true peer gets through", cookies_under_load),
		UNIT("one source cannot hold all half-open IKE SAs", one_greedy_source),
		UNIT("limits are those of the configuration, and a /64 is one source",
		     configured_limits),
		UNIT("unprotected errors are sent at the configured rate, or not at all",
		     silent_by_configuration),
		UNIT("a replayed first message makes no IKE SA", replayed_init),
		UNIT("other versions are answered, but not without end", other_version),
		UNIT("a request for an unknown IKE SA is answered in clear", unknown_sa),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
