/* SPDX-License-Identifier: BSD-2-Clause */
/* MOBIKE (RFC 4555): hosts that roam, lose and find addresses, and those who lie about it. */
#include "policy/pool.h"
#include "sim/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ike/mobike.h"
#include "priv/names.h"

#include "msg/header.h"

void __real_mobike_add_reply(const struct exchange *x, struct msg_writer *mw);
void __wrap_mobike_add_reply(const struct exchange *x, struct msg_writer *mw);

/* A peer that answers without what it was asked to repeat. */
static bool forgetful;

void __wrap_mobike_add_reply(const struct exchange *x, struct msg_writer *mw)
{
	if (!forgetful)
		__real_mobike_add_reply(x, mw);
}

static void mobile(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	(void)p;
	(void)child;
	(void)node;
	peer->mobike = true;
	peer->verify_id = false;
}

static void only_a(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	mobile(p, peer, child, node);
	peer->mobike = node == SIM_A;
}

static void no_natt(struct policy *p, struct peer_config *peer, struct child_config *child,
		    int node)
{
	mobile(p, peer, child, node);
	peer->nat_traversal = false;
}

static struct sim_options options(void)
{
	struct sim_options o = plain();
	o.tweak = mobile;
	o.dpd_delay_ms = 5000;
	return o;
}

struct spis {
	uint32_t in, out;
};

static struct spis spis_of(const struct sim *s)
{
	const struct kernel_child *c = child_of(s, SIM_B);
	return (struct spis){ c->in.id.spi, c->out.id.spi };
}

static struct addr at(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static bool is_at(const union keydb_addr *a, const char *text)
{
	struct addr is = { 0 }, want = at(text);
	assert_int_equal(addr_from_sockaddr(&a->sa, sizeof(*a), &is), 0);
	return addr_eq(&is, &want);
}

/* The same child, now between these; and both sides know it. */
static void lives_at(struct sim *s, struct spis before, const char *a, const char *b)
{
	struct spis now = spis_of(s);
	char text[2000];
	assert_true(sim_is_up(s));
	if (!sim_agrees(s))
		fail_msg("%s", sim_difference(s, text, sizeof(text)));
	assert_memory_equal(&now, &before, sizeof(now));
	assert_true(is_at(&child_of(s, SIM_B)->out.id.dst, a));
	assert_true(is_at(&child_of(s, SIM_A)->out.id.dst, b));
	assert_int_equal(sim_log_count("event=ike_sa_down"), 0);
	assert_int_equal(sim_log_count("event=child_sa_up"), 2);
}

static void roam(struct sim *s, int node, const char *from, const char *to)
{
	sim_remove_address(s, node, from);
	sim_run(s, 50);
	sim_add_address(s, node, to);
}

static void to_another_address(void **state)
{
	struct sim_options o = options();
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sim *s = start(&o);
		come_up(s, i); /* either side may be the one that decides */
		struct spis before = spis_of(s);
		roam(s, SIM_A, "192.0.2.1", "203.0.113.1");
		sim_run(s, 3000);
		lives_at(s, before, "203.0.113.1", "192.0.2.2");
		roam(s, SIM_A, "203.0.113.1", "192.0.2.1");
		sim_run(s, 3000);
		lives_at(s, before, "192.0.2.1", "192.0.2.2");
		sim_free(s);
	}
}

/* 3.3: with MOBIKE on both sides IKE leaves port 500 although there is no NAT. */
static void from_port_4500(void **state)
{
	struct sim_options o = options();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_true(sim_logged("event=ike_sa_up", "peer=192.0.2.2[4500]", "nat=none"));
	assert_int_equal(child_of(s, SIM_A)->out.encap_dst_port, 0);
	sim_free(s);
}

static void between_the_families(void **state)
{
	struct sim_options o = options();
	(void)state;
	struct sim *s = sim_new(&o);
	sim_log_clear();
	sim_add_address(s, SIM_B, "2001:db8::2"); /* told in IKE_AUTH */
	come_up(s, SIM_A);
	struct spis before = spis_of(s);
	roam(s, SIM_A, "192.0.2.1", "2001:db8::1");
	sim_run(s, 3000);
	lives_at(s, before, "2001:db8::1", "2001:db8::2");
	roam(s, SIM_A, "2001:db8::1", "192.0.2.1");
	sim_run(s, 3000);
	lives_at(s, before, "192.0.2.1", "192.0.2.2");
	sim_free(s);
}

static void behind_a_nat_and_out_again(void **state)
{
	struct sim_options o = options();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	struct spis before = spis_of(s);
	s->wire.options.nat_inside = at("10.0.0.1");
	s->wire.options.nat_outside = at("198.51.100.7");
	s->wire.options.nat_shift = 10000;
	roam(s, SIM_A, "192.0.2.1", "10.0.0.1");
	sim_run(s, 3000);
	lives_at(s, before, "198.51.100.7", "192.0.2.2");
	assert_int_equal(child_of(s, SIM_B)->out.encap_dst_port, 14500);
	assert_int_equal(child_of(s, SIM_A)->in.encap_dst_port, 4500);
	/* 3.8: the NAT takes another port, and a liveness check shows it */
	sim_run(s, 20000);
	s->wire.options.nat_shift = 20000;
	sim_run(s, 20000);
	lives_at(s, before, "198.51.100.7", "192.0.2.2");
	assert_int_equal(child_of(s, SIM_B)->out.encap_dst_port, 24500);
	roam(s, SIM_A, "10.0.0.1", "192.0.2.1");
	sim_run(s, 3000);
	lives_at(s, before, "192.0.2.1", "192.0.2.2");
	assert_int_equal(child_of(s, SIM_B)->out.encap_dst_port, 0);
	sim_free(s);
}

/* 3.5, 3.6: the responder's address goes, it says so from another one, and the initiator decides. */
static void the_responder_loses_its_address(void **state)
{
	struct sim_options o = options();
	(void)state;
	struct sim *s = start(&o);
	sim_add_address(s, SIM_B, "198.51.100.2");
	come_up(s, SIM_A);
	struct spis before = spis_of(s);
	sim_remove_address(s, SIM_B, "192.0.2.2");
	sim_run(s, 30000);
	lives_at(s, before, "192.0.2.1", "198.51.100.2");
	/* and one that was not there when the IKE SA was made */
	roam(s, SIM_B, "198.51.100.2", "198.51.100.3");
	sim_run(s, 30000);
	lives_at(s, before, "192.0.2.1", "198.51.100.3");
	sim_free(s);
}

/* ---- paths ---- */

static bool only_v6(void *arg, const struct addr *from, const struct addr *to)
{
	(void)arg;
	(void)from;
	return addr_len(to) == 16;
}

static bool nowhere(void *arg, const struct addr *from, const struct addr *to)
{
	(void)arg;
	(void)from;
	(void)to;
	return false;
}

/* No address changes, but one way is broken: the liveness check finds the other one. */
static void a_broken_way_is_left(void **state)
{
	struct sim_options o = options();
	(void)state;
	struct sim *s = start(&o);
	sim_add_address(s, SIM_A, "2001:db8::1");
	sim_add_address(s, SIM_B, "2001:db8::2");
	come_up(s, SIM_A);
	struct spis before = spis_of(s);
	s->wire.path = only_v6;
	sim_run(s, 30000);
	lives_at(s, before, "2001:db8::1", "2001:db8::2");
	sim_free(s);
}

/* Children stay where they are until an answer has come over the new way. */
static void no_way_is_used_untested(void **state)
{
	struct sim_options o = options();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	struct spis before = spis_of(s);
	s->wire.path = nowhere;
	roam(s, SIM_A, "192.0.2.1", "203.0.113.1");
	sim_run(s, 5000);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_A].kernel), 0);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_B].kernel), 0);
	s->wire.path = NULL;
	sim_run(s, 30000);
	lives_at(s, before, "203.0.113.1", "192.0.2.2");
	sim_free(s);
}

/* Without any address for a minute: who decides gives up, the responder waits longer (3.11). */
static void without_any_address_for_a_while(void **state)
{
	struct sim_options o = options();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	struct spis before = spis_of(s);
	sim_remove_address(s, SIM_A, "192.0.2.1");
	sim_run(s, 8000);
	sim_add_address(s, SIM_A, "203.0.113.1");
	sim_run(s, 5000);
	lives_at(s, before, "203.0.113.1", "192.0.2.2");
	sim_free(s);
}

/* It moves on before the first move is answered: the last one counts (3.5). */
static void the_latest_move_wins(void **state)
{
	struct sim_options o = options();
	(void)state;
	o.wire.delay_min_ms = o.wire.delay_max_ms = 400;
	struct sim *s = start(&o);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 6000);
	assert_true(sim_is_up(s));
	struct spis before = spis_of(s);
	roam(s, SIM_A, "192.0.2.1", "203.0.113.1");
	sim_run(s, 600);
	roam(s, SIM_A, "203.0.113.1", "203.0.113.9");
	sim_run(s, 600);
	roam(s, SIM_A, "203.0.113.9", "203.0.113.17");
	sim_run(s, 20000);
	lives_at(s, before, "203.0.113.17", "192.0.2.2");
	sim_free(s);
}

static void during_rekeys(void **state)
{
	struct sim_options o = options();
	char from[32] = "192.0.2.1", to[32];
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	for (int i = 0; i < 8; i++) {
		snprintf(to, sizeof(to), "203.0.113.%d", i + 1);
		sim_rekey(s, i & 1, i & 2 ? (i & 1 ? "a" : "b") : (i & 1 ? "a/net" : "b/net"));
		roam(s, SIM_A, from, to);
		snprintf(from, sizeof(from), "%s", to);
		sim_run(s, 40000);
		assert_true(sim_is_up(s) && sim_agrees(s));
		assert_true(is_at(&child_of(s, SIM_B)->out.id.dst, to));
	}
	assert_int_equal(sim_log_count("reason=peer_silent"), 0);
	sim_free(s);
}

/* A packet for the child is no reason for another one, wherever the peer is now. */
static void a_moved_peer_is_still_the_peer(void **state)
{
	struct sim_options o = options();
	(void)state;
	struct sim *s = start(&o);
	sim_add_address(s, SIM_B, "2001:db8::2");
	come_up(s, SIM_A);
	struct spis before = spis_of(s);
	roam(s, SIM_A, "192.0.2.1", "2001:db8::1");
	sim_run(s, 10000);
	assert_int_equal(sim_initiate(s, SIM_A), 1); /* by its configured address: it is up */
	sim_run(s, 3000);
	lives_at(s, before, "2001:db8::1", "2001:db8::2");
	sim_free(s);
}

/* Whose requests are lost. */
static bool lose_requests(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	(void)len;
	return from != &from->wire->ends[*(int *)arg] || bytes[19] & IKE_FLAG_RESPONSE;
}

static bool not_to_b(void *arg, const struct addr *from, const struct addr *to)
{
	struct addr b = at("192.0.2.2");
	(void)arg;
	(void)from;
	return !addr_eq(to, &b);
}

/* The peer's address that is in use is tried first, also if a request is out; and none behind it. */
static void which_address_of_the_peer(void **state)
{
	struct sim_options o = options();
	int a = SIM_A;
	(void)state;
	struct sim *s = start(&o);
	sim_add_address(s, SIM_B, "10.2.0.1"); /* inside of the tunnel */
	sim_add_address(s, SIM_B, "198.51.100.2");
	come_up(s, SIM_A);
	struct spis before = spis_of(s);
	s->wire.tap = lose_requests;
	s->wire.tap_arg = &a;
	sim_run(s, 5100); /* a liveness check is out */
	roam(s, SIM_A, "192.0.2.1", "203.0.113.1");
	s->wire.tap = NULL;
	sim_run(s, 3000);
	lives_at(s, before, "203.0.113.1", "192.0.2.2");
	s->wire.path = not_to_b;
	sim_run(s, 30000);
	lives_at(s, before, "203.0.113.1", "198.51.100.2");
	assert_false(sim_logged("event=ike_sa_moved", "peer=10.2.0.1", "remote=b"));
	sim_free(s);
}

/* A new address is told, one of the link alone is nobody's business. */
static void what_peers_are_told(void **state)
{
	struct sim_options o = options();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	uint64_t n = s->wire.ends[SIM_B].n_sent;
	sim_add_address(s, SIM_B, "fe80::1%1");
	sim_run(s, 1000);
	assert_int_equal(s->wire.ends[SIM_B].n_sent, n);
	sim_add_address(s, SIM_B, "198.51.100.2");
	sim_run(s, 1000);
	assert_int_equal(s->wire.ends[SIM_B].n_sent, n + 1);
	sim_free(s);
}

/* ---- who may not ---- */

static void without_the_peers_consent(void **state)
{
	struct sim_options o = options();
	(void)state;
	o.tweak = only_a;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	roam(s, SIM_A, "192.0.2.1", "203.0.113.1");
	sim_run(s, 10000);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_A].kernel), 0);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_B].kernel), 0);
	sim_free(s);
}

/* The last request of A's; held back or not. */
struct overheard {
	uint8_t bytes[1024];
	size_t len;
	bool hold;
};

static bool overhear(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	struct overheard *o = arg;
	if (from != &from->wire->ends[SIM_A] || bytes[19] & IKE_FLAG_RESPONSE)
		return true;
	assert_true(*len <= sizeof(o->bytes));
	memcpy(o->bytes, bytes, *len);
	o->len = *len;
	return !o->hold;
}

static void say_again_from(struct sim *s, const struct overheard *o, const char *text)
{
	struct addr from = at(text), to = s->wire.ends[SIM_B].addr;
	from.port = to.port = 4500;
	wire_inject(&s->wire, &from, &to, slice_of(o->bytes, o->len), 0);
	sim_run(s, 1);
}

/* Neither an old update nor a forged one, nor any other message, from wherever it comes. */
static void nobody_else_moves_anything(void **state)
{
	struct sim_options opt = options();
	struct overheard o = { 0 };
	(void)state;
	struct sim *s = start(&opt);
	come_up(s, SIM_A);
	struct spis before = spis_of(s);
	s->wire.tap = overhear;
	s->wire.tap_arg = &o;
	roam(s, SIM_A, "192.0.2.1", "203.0.113.1");
	sim_run(s, 2000);
	lives_at(s, before, "203.0.113.1", "192.0.2.2");
	size_t n = kernel_fake_n_moves(s->nodes[SIM_B].kernel);
	assert_true(o.len > 0);
	say_again_from(s, &o, "198.51.100.66"); /* the update, replayed */
	o.hold = true;
	sim_run(s, 6000);
	o.bytes[o.len - 1] ^= 1;
	say_again_from(s, &o, "198.51.100.66"); /* forged */
	o.bytes[o.len - 1] ^= 1;
	say_again_from(s, &o, "198.51.100.66"); /* a true liveness check, led astray (3.8) */
	o.hold = false;
	sim_run(s, 10000);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_B].kernel), n);
	assert_false(sim_logged("event=peer_moved", "198.51.100.66", "remote="));
	lives_at(s, before, "203.0.113.1", "192.0.2.2");
	sim_free(s);
}

/* An update from where no peer can be: refused, and tried again by the true one. */
static void led_to_impossible_places(void **state)
{
	static const char *const places[] = { "192.0.2.2", "127.0.0.1", "224.0.0.1",
					      "255.255.255.255", "0.0.0.0" };
	struct sim_options opt = options();
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(places); i++) {
		struct overheard o = { .hold = true };
		struct sim *s = start(&opt);
		come_up(s, SIM_A);
		struct spis before = spis_of(s);
		s->wire.tap = overhear;
		s->wire.tap_arg = &o;
		roam(s, SIM_A, "192.0.2.1", "203.0.113.1");
		sim_run(s, 300);
		assert_true(o.len > 0);
		say_again_from(s, &o, places[i]);
		assert_true(
			sim_logged("event=update_refused", "UNACCEPTABLE_ADDRESSES", places[i]));
		o.hold = false;
		sim_run(s, 30000);
		lives_at(s, before, "203.0.113.1", "192.0.2.2");
		sim_free(s);
	}
}

/* Led to a stranger: no answer to the check comes from there, and no traffic goes there (3.7). */
static void led_to_a_stranger(void **state)
{
	struct sim_options opt = options();
	struct overheard o = { .hold = true };
	(void)state;
	struct sim *s = start(&opt);
	come_up(s, SIM_A);
	struct spis before = spis_of(s);
	s->wire.tap = overhear;
	s->wire.tap_arg = &o;
	roam(s, SIM_A, "192.0.2.1", "203.0.113.1");
	sim_run(s, 300);
	say_again_from(s, &o, "198.51.100.66");
	sim_run(s, 400);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_B].kernel), 0);
	o.hold = false;
	sim_run(s, 60000);
	assert_false(sim_logged("event=ike_sa_moved", "peer=198.51.100.66", "remote="));
	/* ... and the liveness checks find out (3.8) */
	lives_at(s, before, "203.0.113.1", "192.0.2.2");
	sim_free(s);
}

/* 3.7: whoever cannot repeat COOKIE2 has not seen the question: the IKE SA is closed. */
static void without_cookie2(void **state)
{
	struct sim_options o = options();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	forgetful = true;
	roam(s, SIM_A, "192.0.2.1", "203.0.113.1");
	sim_run(s, 3000);
	forgetful = false;
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_B].kernel), 0);
	assert_true(sim_logged("event=ike_sa_down", "reason=malformed_response", "remote="));
	assert_true(sim_logged("COOKIE2 is not the one that was sent", "remote=", "event="));
	assert_true(sim_is_down(s));
	sim_free(s);
}

/* 3.9: without NAT traversal the addresses are protected. */
static void no_nats_allowed(void **state)
{
	struct sim_options o = options();
	(void)state;
	o.tweak = no_natt;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_true(sim_logged("event=ike_sa_up", "peer=192.0.2.2[500]", "nat=none"));
	struct spis before = spis_of(s);
	roam(s, SIM_A, "192.0.2.1", "203.0.113.1");
	sim_run(s, 3000);
	lives_at(s, before, "203.0.113.1", "192.0.2.2");
	/* ... into a net behind a NAT: refused, tried again, given up */
	s->wire.options.nat_inside = at("10.0.0.1");
	s->wire.options.nat_outside = at("198.51.100.7");
	roam(s, SIM_A, "203.0.113.1", "10.0.0.1");
	sim_run(s, 30000);
	assert_true(sim_log_count("notify=UNEXPECTED_NAT_DETECTED") >= 5);
	assert_true(sim_logged("event=ike_sa_down", "reason=update_refused", "remote="));
	sim_free(s);
	/* and from the start */
	o.nat = true;
	s = start(&o);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 5000);
	assert_true(sim_logged("event=negotiation_failed", "reason=nat_not_allowed", "remote="));
	assert_true(sim_is_down(s));
	sim_free(s);
}

/* ---- several addresses, without MOBIKE ---- */

static void three_addresses(struct policy *p, struct peer_config *peer, struct child_config *child,
			    int node)
{
	(void)p;
	(void)child;
	peer->verify_id = false;
	if (node == SIM_B)
		return;
	peer->n_peer_addrs = 3;
	peer->peer_addrs[0] = at("2001:db8::99"); /* no way there */
	peer->peer_addrs[1] = at("192.0.2.99");   /* nobody there */
	peer->peer_addrs[2] = at("192.0.2.2");
}

static void each_address_is_tried(void **state)
{
	struct sim_options o = options();
	(void)state;
	o.tweak = three_addresses;
	struct sim *s = start(&o);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 1000);
	assert_int_equal(sim_initiate(s, SIM_A), 0); /* the same one */
	sim_run(s, 60000);
	assert_true(sim_is_up(s) && sim_agrees(s));
	assert_int_equal(s->nodes[SIM_A].n_done, 2);
	assert_int_equal(s->nodes[SIM_A].last_result, 0);
	assert_true(sim_logged("event=negotiation_failed", "192.0.2.99", "next address"));
	assert_int_equal(sim_log_count("event=ike_sa_up"), 2);
	assert_int_equal(sim_initiate(s, SIM_A), 1); /* it is up, wherever */
	sim_free(s);
	/* nobody at any of them: told once, at the end */
	s = start(&o);
	s->wire.path = nowhere;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 120000);
	assert_int_equal(s->nodes[SIM_A].n_done, 1);
	assert_true(s->nodes[SIM_A].last_result < 0);
	assert_true(sim_is_down(s));
	sim_free(s);
}

/* ---- names ---- */

/* What the name stands for now, and who has asked; the answer comes when the test wants it. */
static struct {
	struct names port;
	struct addr addrs[2];
	size_t n;
	int result, n_asked;
	names_done_fn done;
	void *arg;
} names;

static int names_resolve(struct names *n, const char *name, names_done_fn done, void *arg)
{
	(void)n;
	assert_string_equal(name, "b.example");
	assert_null(names.done);
	names.n_asked++;
	names.done = done;
	names.arg = arg;
	return 0;
}

static void names_cancel(struct names *n, void *arg)
{
	(void)n;
	if (names.arg == arg)
		names.done = NULL;
}

static void names_answer(struct sim *s)
{
	names_done_fn done = names.done;
	names.done = NULL;
	sim_run(s, 10);
	if (done)
		done(names.arg, names.result, names.addrs, names.n);
}

static const struct names_ops names_ops = { .resolve = names_resolve, .cancel = names_cancel };

/* A knows B by its name, which had no address when it started. */
static void by_name(struct policy *p, struct peer_config *peer, struct child_config *child,
		    int node)
{
	(void)p;
	(void)child;
	peer->verify_id = false;
	if (node == SIM_B)
		return;
	peer->by_name = true;
	peer->n_peer_addrs = 0;
	strcpy(peer->peer_name, "b.example");
}

static struct sim *with_names(void)
{
	struct sim_options o = options();
	memset(&names, 0, sizeof(names));
	names.port.ops = &names_ops;
	names.addrs[0] = at("192.0.2.2");
	names.n = 1;
	o.tweak = by_name;
	o.names = &names.port;
	return start(&o);
}

static void looked_up_for_each_attempt(void **state)
{
	struct sim *s = with_names();
	(void)state;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	assert_int_equal(sim_initiate(s, SIM_A), 0); /* one question for both */
	names_answer(s);
	sim_run(s, 1000);
	assert_true(sim_is_up(s) && sim_agrees(s));
	assert_int_equal(s->nodes[SIM_A].n_done, 2);
	assert_int_equal(names.n_asked, 1);
	assert_int_equal(sim_terminate(s, SIM_A, "b"), 0);
	sim_run(s, 60000);
	/* it has moved, to the other family first of all, which leads nowhere */
	roam(s, SIM_B, "192.0.2.2", "198.51.100.2");
	names.addrs[0] = at("2001:db8::99");
	names.addrs[1] = at("198.51.100.2");
	names.n = 2;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	names_answer(s);
	sim_run(s, 1000);
	assert_true(sim_is_up(s) && sim_agrees(s));
	assert_int_equal(names.n_asked, 2);
	assert_true(is_at(&child_of(s, SIM_A)->out.id.dst, "198.51.100.2"));
	sim_free(s);
}

static void a_name_without_an_answer(void **state)
{
	struct sim *s = with_names();
	(void)state;
	/* nothing is known at all: said at once */
	names.result = -ENOENT;
	names.n = 0;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	names_answer(s);
	assert_int_equal(s->nodes[SIM_A].n_done, 1);
	assert_true(s->nodes[SIM_A].last_result < 0);
	/* known from before: what was good then may be good now */
	names.result = 0;
	names.n = 1;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	names_answer(s);
	sim_run(s, 1000);
	assert_true(sim_is_up(s));
	assert_int_equal(sim_terminate(s, SIM_A, "b"), 0);
	sim_run(s, 60000);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, LIMIT_LOOKUP_MS + 1000); /* nobody answers */
	assert_null(names.done);
	assert_true(sim_is_up(s) && sim_agrees(s));
	/* the daemon ends while a question is open */
	assert_int_equal(sim_terminate(s, SIM_A, "b"), 0);
	sim_run(s, 60000);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_free(s);
	assert_null(names.done);
}

static void with_inner(struct policy *p, struct peer_config *peer, struct child_config *child,
		       int node)
{
	mobile(p, peer, child, node);
	peer->mode_cfg = child->local_inner = node == SIM_A;
	child->peer_inner = node == SIM_B;
	if (node == SIM_A) {
		child->local_ts.n = 0;
		return;
	}
	child->peer_ts.n = 0;
	struct pool_config *pool = policy_add_pool(p, "");
	assert_non_null(pool);
	pool->first[INNER_V4] = at("10.9.0.1");
	pool->size[INNER_V4] = 1;
	peer->pool = pool;
}

/* The way from it leads through the tunnel that would have to move. */
static void never_from_an_inner_address(void **state)
{
	struct sim_options o = options();
	(void)state;
	o.tweak = with_inner;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_true(sim_logged("event=inner_address_got", "inner4=10.9.0.1", ""));
	sim_add_address(s, SIM_A, "10.9.0.1");
	sim_remove_address(s, SIM_A, "192.0.2.1");
	sim_run(s, 5000);
	assert_true(is_at(&child_of(s, SIM_A)->in.id.dst, "192.0.2.1"));
	sim_remove_address(s, SIM_A, "10.9.0.1");
	sim_add_address(s, SIM_A, "192.0.2.3");
	sim_run(s, 20000);
	assert_true(is_at(&child_of(s, SIM_A)->in.id.dst, "192.0.2.3"));
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a host that roams keeps its SAs, in either role", to_another_address),
		UNIT("MOBIKE uses port 4500 without a NAT", from_port_4500),
		UNIT("from IPv4 to IPv6 and back", between_the_families),
		UNIT("behind a NAT, which changes its mind, and out again",
		     behind_a_nat_and_out_again),
		UNIT("a responder that loses its address is found",
		     the_responder_loses_its_address),
		UNIT("a broken way is left for another one", a_broken_way_is_left),
		UNIT("no way is used untested", no_way_is_used_untested),
		UNIT("a while without any address is survived", without_any_address_for_a_while),
		UNIT("the latest move wins", the_latest_move_wins),
		UNIT("roaming during rekeys", during_rekeys),
		UNIT("a moved peer is still the peer", a_moved_peer_is_still_the_peer),
		UNIT("the peer's address in use is tried first, and none behind it",
		     which_address_of_the_peer),
		UNIT("peers are told of addresses, not of those of a link", what_peers_are_told),
		UNIT("nothing moves if one side does not want MOBIKE", without_the_peers_consent),
		UNIT("nobody else moves anything", nobody_else_moves_anything),
		UNIT("updates from impossible places are refused", led_to_impossible_places),
		UNIT("an update led to a stranger sends no traffic there", led_to_a_stranger),
		UNIT("a check answered without COOKIE2 closes the IKE SA", without_cookie2),
		UNIT("no NATs allowed: none are accepted", no_nats_allowed),
		UNIT("each address of the peer is tried", each_address_is_tried),
		UNIT("a name is looked up for each attempt", looked_up_for_each_attempt),
		UNIT("a name without an answer", a_name_without_an_answer),
		UNIT("never from an inner address", never_from_an_inner_address),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
