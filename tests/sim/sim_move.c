/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers that are elsewhere all of a sudden: NATs that change their mind. */
#include "sim/scenario.h"

#include <string.h>

#include "msg/header.h"

enum { OLD_PORT = 14500, NEW_PORT = 24500, NEW_SHIFT = 20000 };

static void find_peer(const char *text, struct addr *ret)
{
	assert_int_equal(addr_parse(text, ret), 0);
}

/* A is behind a NAT, B is not; the answers of both are quick. */
static struct sim *behind_nat(bool transport)
{
	struct sim_options o = plain();
	o.nat = true;
	o.transport = transport;
	o.dpd_delay_ms = 5000;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	return s;
}

struct spis {
	uint32_t in, out;
};

static struct spis spis_of(const struct sim *s)
{
	const struct kernel_child *c = child_of(s, SIM_B);
	return (struct spis){ c->in.id.spi, c->out.id.spi };
}

/* Nothing was made anew: the child is the same, and what was said about the end is nothing. */
static void same_as(struct sim *s, struct spis before)
{
	struct spis now = spis_of(s);
	assert_true(sim_is_up(s));
	assert_true(sim_agrees(s));
	assert_memory_equal(&now, &before, sizeof(now));
	assert_int_equal(sim_log_count("event=ike_sa_down"), 0);
	assert_int_equal(sim_log_count("event=child_sa_down"), 0);
	assert_int_equal(sim_log_count("event=ike_sa_up"), 2);
}

/* The kernel of B says that A's ESP comes from there. */
static void esp_comes_from(struct sim *s, const char *text, uint16_t port)
{
	struct keydb_event ev = { .kind = KEYDB_EVENT_MAPPING };
	struct addr from;
	struct sockaddr_storage ss;
	find_peer(text, &from);
	from.port = port;
	ev.sa.id = child_of(s, SIM_B)->in.id;
	memcpy(&ev.new_addr, &ss, addr_to_sockaddr(&from, &ss));
	engine_kernel_event(s->nodes[SIM_B].engine, &ev);
}

static void by_ike(void **state)
{
	struct sim *s = behind_nat(false);
	struct spis before = spis_of(s);
	(void)state;
	s->wire.options.nat_shift = NEW_SHIFT;
	sim_run(s, 20000); /* the next liveness check comes from there */
	assert_true(sim_logged("event=peer_moved", "14500", "24500"));
	assert_int_equal(child_of(s, SIM_B)->out.encap_dst_port, NEW_PORT);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_B].kernel), 1);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_A].kernel), 0);
	same_as(s, before);
	sim_free(s);
}

static void to_another_address(void **state)
{
	struct sim *s = behind_nat(false);
	struct spis before = spis_of(s);
	(void)state;
	find_peer("203.0.113.77", &s->wire.options.nat_outside);
	sim_run(s, 20000);
	assert_true(sim_logged("event=peer_moved", "203.0.113.77", "remote="));
	same_as(s, before);
	sim_free(s);
}

static void by_esp(void **state)
{
	struct sim *s = behind_nat(false);
	struct spis before = spis_of(s);
	(void)state;
	sim_run(s, 5000);
	s->wire.options.nat_shift = NEW_SHIFT;
	esp_comes_from(s, "198.51.100.7", NEW_PORT);
	sim_acquire(s, SIM_B); /* a packet of the moment between is no reason for another child */
	esp_comes_from(s, "198.51.100.7", NEW_PORT); /* told again until the kernel has moved it */
	sim_run(s, 100);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_B].kernel), 1);
	same_as(s, before);
	sim_free(s);
}

/* Whoever is behind a NAT follows nobody, and what is no move is none. */
static void what_moves_nobody(void **state)
{
	struct sim *s = behind_nat(false);
	struct keydb_event ev = { .kind = KEYDB_EVENT_MAPPING };
	struct spis before = spis_of(s);
	(void)state;
	esp_comes_from(s, "198.51.100.7", OLD_PORT);
	esp_comes_from(s, "198.51.100.7", 0);
	esp_comes_from(s, "2001:db8::7", NEW_PORT);
	ev.sa.id = child_of(s, SIM_B)->in.id;
	engine_kernel_event(s->nodes[SIM_B].engine, &ev); /* no address at all */
	ev.sa.id = child_of(s, SIM_A)->in.id;
	ev.new_addr = child_of(s, SIM_A)->in.id.dst;
	ev.new_addr.sin.sin_port = 4711;
	engine_kernel_event(s->nodes[SIM_A].engine, &ev);
	sim_run(s, 20000);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_A].kernel), 0);
	assert_int_equal(kernel_fake_n_moves(s->nodes[SIM_B].kernel), 0);
	assert_int_equal(sim_log_count("event=peer_moved"), 0);
	same_as(s, before);
	sim_free(s);
}

static void through_all_of_life(void **state)
{
	struct sim *s = behind_nat(false);
	(void)state;
	for (int i = 1; i <= 6; i++) {
		s->wire.options.nat_shift = (uint16_t)(10000 + 1000 * i);
		sim_rekey(s, i % 2, i % 2 ? (i % 3 ? "a" : "a/net") : (i % 3 ? "b/net" : "b"));
		sim_run(s, 30000);
		assert_true(sim_is_up(s));
		if (!sim_agrees(s)) {
			char text[2000];
			fail_msg("round %d: %s", i, sim_difference(s, text, sizeof(text)));
		}
		assert_int_equal(child_of(s, SIM_B)->out.encap_dst_port, 14500 + 1000 * i);
	}
	assert_int_equal(sim_log_count("reason=peer_silent"), 0);
	assert_int_equal(sim_log_count("reason=peer_moved"), 0);
	sim_free(s);
}

/* In transport mode the outer addresses are what is protected; ports are not. */
static void transport_mode(void **state)
{
	struct sim *s = behind_nat(true);
	struct spis before = spis_of(s);
	(void)state;
	s->wire.options.nat_shift = NEW_SHIFT;
	sim_run(s, 20000);
	same_as(s, before);
	find_peer("203.0.113.77", &s->wire.options.nat_outside);
	sim_run(s, 20000);
	assert_true(sim_logged("event=ike_sa_down", "reason=peer_moved", "remote="));
	sim_free(s);
}

/* The old kernel, or one that hides its keys: then it is made anew, as before. */
static void a_kernel_that_cannot(void **state)
{
	struct sim *s = behind_nat(false);
	(void)state;
	kernel_fake_fail_next(s->nodes[SIM_B].kernel, -95);
	s->wire.options.nat_shift = NEW_SHIFT;
	sim_run(s, 20000);
	assert_true(sim_logged("event=child_not_moved", "remote=", "child=net"));
	assert_true(sim_logged("event=ike_sa_down", "reason=not_moved", "remote="));
	assert_true(sim_is_down(s));
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 1000);
	assert_true(sim_is_up(s) && sim_agrees(s));
	sim_free(s);
}

/* Deleted while the kernel is at it: nothing stays, nobody is called. */
static void deleted_meanwhile(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.nat = true;
	o.kernel_delay_ms = 500;
	struct sim *s = start(&o);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	assert_true(sim_run_until(s, sim_is_up, 5000));
	s->wire.options.nat_shift = NEW_SHIFT;
	esp_comes_from(s, "198.51.100.7", NEW_PORT);
	assert_int_equal(sim_terminate(s, SIM_B, "a/net"), 0);
	sim_run(s, 5000);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_A].kernel), 0);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("IKE from another port of the NAT moves the SAs", by_ike),
		UNIT("a NAT with another address moves the SAs", to_another_address),
		UNIT("ESP from another port of the NAT moves the SAs, once", by_esp),
		UNIT("what proves nothing moves nobody", what_moves_nobody),
		UNIT("a NAT that changes its mind during rekeys is followed", through_all_of_life),
		UNIT("transport mode moves ports, not addresses", transport_mode),
		UNIT("what a kernel cannot move is made anew", a_kernel_that_cannot),
		UNIT("what is deleted while it moves goes", deleted_meanwhile),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
