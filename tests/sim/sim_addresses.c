/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inner addresses (RFC 7296 2.19, 3.15, RFC 8598): a is a client, b its gateway.
 *
 *	a  gets 10.9.0.x, fd09::x  ---  b  10.2.0.0/16, fd02::/16 behind it
 */
#include "ike/config_payload.h"
#include "ike/engine_int.h"
#include "ike/exchange.h"
#include "msg/cp.h"
#include "policy/lease.h"
#include "policy/pool.h"
#include "sim/scenario.h"

#include <errno.h>

/* ---- a client and its gateway ---- */

static struct addr addr_of(const char *text)
{
	struct addr a;
	REQUIRE(addr_parse(text, &a) == 0);
	return a;
}

static void net(const char *text, struct ts_list *l)
{
	struct addr_prefix p;
	REQUIRE(addr_parse_prefix(text, &p) == 0);
	ts_of_prefix(&p, 0, 0, &l->ts[l->n++]);
}

static void add_pool(struct policy *p, struct peer_config *peer)
{
	struct pool_config *pool = policy_add_pool(p, "");
	REQUIRE(pool);
	pool->first[INNER_V4] = addr_of("10.9.0.1");
	pool->first[INNER_V6] = addr_of("fd09::1");
	pool->size[INNER_V4] = pool->size[INNER_V6] = 3;
	pool->netmask4 = addr_of("255.255.255.0");
	pool->dns.servers[pool->dns.n_servers++] = addr_of("10.2.0.53");
	pool->dns.servers[pool->dns.n_servers++] = addr_of("fd02::53");
	strcpy(pool->dns.domains[pool->dns.n_domains++], "corp.example");
	pool->nbns[pool->n_nbns++] = addr_of("10.2.0.60");
	REQUIRE(addr_parse_prefix("10.2.0.0/16", &pool->subnets[pool->n_subnets++]) == 0);
	peer->pool = pool;
}

static void client(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	struct ts_list *inside = node == SIM_A ? &child->peer_ts : &child->local_ts;
	child->local_ts.n = child->peer_ts.n = 0;
	net("10.2.0.0/16", inside);
	net("fd02::/16", inside);
	peer->mode_cfg = node == SIM_A;
	child->local_inner = node == SIM_A;
	child->peer_inner = node == SIM_B;
	if (node == SIM_B)
		add_pool(p, peer);
}

static struct pool_config *pool_of(const struct policy *p)
{
	return LIST_ENTRY(p->pools.next, struct pool_config, node);
}

static struct sim_options with(void (*tweak)(struct policy *, struct peer_config *,
					     struct child_config *, int))
{
	struct sim_options o = plain();
	o.tweak = tweak;
	return o;
}

/* ---- what there is ---- */

static const struct inner_set *set_of(const struct sim *s)
{
	assert_int_equal(address_fake_count(s->nodes[SIM_A].addresses), 1);
	return address_fake_set(s->nodes[SIM_A].addresses, 0);
}

static size_t n_sets(const struct sim *s)
{
	return address_fake_count(s->nodes[SIM_A].addresses);
}

/* How many IKE SAs hold leases of b. */
static uint32_t n_holders(const struct sim *s)
{
	const struct lease_table *t = address_fake_leases(s->nodes[SIM_B].addresses);
	struct lease_view v;
	uint64_t cursor = 0;
	uint32_t n = 0;
	while (lease_next(t, &cursor, &v))
		n += v.n_holders;
	return n;
}

static void assert_addr(const struct addr *a, const char *text)
{
	char buf[ADDR_TEXT_MAX_BYTES];
	assert_string_equal(addr_text(a, buf), text);
}

/* The client's addresses end in this number. */
static void assert_has(const struct sim *s, unsigned int n)
{
	char v4[32], v6[32];
	snprintf(v4, sizeof(v4), "10.9.0.%u", n);
	snprintf(v6, sizeof(v6), "fd09::%u", n);
	assert_addr(&set_of(s)->addr[INNER_V4], v4);
	assert_addr(&set_of(s)->addr[INNER_V6], v6);
}

static bool nothing_left(struct sim *s)
{
	return sim_is_down(s) && n_sets(s) == 0 && n_holders(s) == 0;
}

static bool is_quiet_without_child(struct sim *s)
{
	return sim_is_quiet(s) && sim_n_up(s, SIM_A) == 1 && sim_n_up(s, SIM_B) == 1 &&
	       kernel_fake_count(s->nodes[SIM_A].kernel) == 0 &&
	       kernel_fake_count(s->nodes[SIM_B].kernel) == 0;
}

/* Initiates; the IKE SA comes up, but no child does, and a says this. */
static void come_up_childless(struct sim *s, const char *reason, const char *what)
{
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	assert_true(sim_run_until(s, is_quiet_without_child, 5000));
	assert_true(sim_logged("event=negotiation_failed", reason, what));
	assert_int_equal(s->nodes[SIM_A].n_done, 1);
	assert_true(s->nodes[SIM_A].last_result < 0);
}

/* Another client of b's takes its first address. */
static void somebody_else(struct sim *s)
{
	struct addr got[INNER_FAMILIES];
	struct lease_ask ask = { .holder = UINT64_MAX, .wants = { true, true } };
	struct addr there = addr_of("192.0.2.77");
	id_of_addr(&there, &ask.id);
	assert_int_equal(lease_get(address_fake_leases(s->nodes[SIM_B].addresses), &ask, 1, got),
			 0);
}

static void selector(const union keydb_addr *a, char *buf)
{
	struct addr addr;
	REQUIRE(addr_from_sockaddr(&a->sa, sizeof(*a), &addr) == 0);
	addr.port = 0;
	addr_text(&addr, buf);
}

/* ---- an address ---- */

static void a_client_gets_addresses(void **state)
{
	struct sim_options o = with(client);
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_has(s, 1);
	const struct inner_set *set = set_of(s);
	assert_string_equal(set->remote, "b");
	assert_addr(&set->peer, "192.0.2.2");
	assert_addr(&set->local, "192.0.2.1");
	assert_int_equal(set->n_routes, 2);
	assert_addr(&set->routes[0].addr, "10.2.0.0");
	assert_int_equal(set->routes[0].bits, 16);
	assert_addr(&set->routes[1].addr, "fd02::");
	assert_int_equal(set->dns.n_servers, 2);
	assert_addr(&set->dns.servers[1], "fd02::53");
	assert_int_equal(set->dns.n_domains, 1);
	assert_string_equal(set->dns.domains[0], "corp.example");
	assert_int_equal(n_holders(s), 2);
	assert_true(sim_logged("event=inner_address_got", "inner4=10.9.0.1", "inner6=fd09::1"));
	assert_true(sim_logged("event=inner_address_leased", "inner4=10.9.0.1", "inner6=fd09::1"));
	assert_int_equal(sim_terminate(s, SIM_A, "b"), 0);
	assert_true(sim_run_until(s, nothing_left, 2000));
	sim_free(s);
}

static void selectors_are_narrowed_to_the_address(void **state)
{
	struct sim_options o = with(client);
	char src[ADDR_TEXT_MAX_BYTES];
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	for (int node = SIM_A; node <= SIM_B; node++) {
		const struct kernel_child *c = child_of(s, node);
		assert_int_equal(c->n_policies, 6);
		for (uint8_t i = 0; i < c->n_policies; i++) {
			const struct keydb_policy *p = &c->policies[i];
			bool from_client = (node == SIM_A) == (p->dir == KEYDB_DIR_OUT);
			selector(from_client ? &p->sel.src : &p->sel.dst, src);
			assert_true(strcmp(src, "10.9.0.1") == 0 || strcmp(src, "fd09::1") == 0);
			assert_int_equal(from_client ? p->sel.src_bits : p->sel.dst_bits,
					 src[0] == '1' ? 32 : 128);
		}
	}
	sim_free(s);
}

static void only_v4(struct policy *p, struct peer_config *peer, struct child_config *child,
		    int node)
{
	client(p, peer, child, node);
	if (node == SIM_A)
		child->peer_ts.n = 1;
}

static void a_client_asks_for_the_families_that_it_can_use(void **state)
{
	struct sim_options o = with(only_v4);
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_addr(&set_of(s)->addr[INNER_V4], "10.9.0.1");
	assert_addr(&set_of(s)->addr[INNER_V6], "none");
	assert_int_equal(set_of(s)->dns.n_servers, 1);
	assert_int_equal(n_holders(s), 1);
	sim_free(s);
}

static void pool_of_v4(struct policy *p, struct peer_config *peer, struct child_config *child,
		       int node)
{
	client(p, peer, child, node);
	if (node == SIM_B)
		pool_of(p)->size[INNER_V6] = 0;
}

static void a_family_that_the_gateway_has_not_is_ignored(void **state)
{
	struct sim_options o = with(pool_of_v4);
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_addr(&set_of(s)->addr[INNER_V6], "none");
	assert_int_equal(set_of(s)->n_routes, 1);
	sim_free(s);
}

static void anonymous_selectors(struct policy *p, struct peer_config *peer,
				struct child_config *child, int node)
{
	client(p, peer, child, node);
	child->local_inner = child->peer_inner = false;
	if (node == SIM_A)
		child->peer_ts.n = 0;
}

static void a_client_without_selectors_takes_what_the_gateway_has(void **state)
{
	struct sim_options o = with(anonymous_selectors);
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_has(s, 1);
	assert_int_equal(set_of(s)->n_routes, 2);
	sim_free(s);
}

static void wide_entry(struct policy *p, struct peer_config *peer, struct child_config *child,
		       int node)
{
	client(p, peer, child, node);
	if (node != SIM_B)
		return;
	child->peer_inner = false;
	net("10.8.0.0/13", &child->peer_ts);
	net("fd00::/8", &child->peer_ts);
}

static void an_entry_with_the_whole_pool_gives_each_its_own_address(void **state)
{
	struct sim_options o = with(wide_entry);
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	for (uint8_t i = 0; i < child_of(s, SIM_B)->n_policies; i++) {
		const struct keydb_policy *p = &child_of(s, SIM_B)->policies[i];
		uint8_t bits = p->dir == KEYDB_DIR_OUT ? p->sel.dst_bits : p->sel.src_bits;
		assert_true(bits == 32 || bits == 128);
	}
	sim_free(s);
}

static void everything(struct policy *p, struct peer_config *peer, struct child_config *child,
		       int node)
{
	struct ts_list *inside = node == SIM_A ? &child->peer_ts : &child->local_ts;
	client(p, peer, child, node);
	inside->n = 0;
	net("0.0.0.0/0", inside);
	net("::/0", inside);
}

static void who_sends_everything_has_no_domains_of_its_own(void **state)
{
	struct sim_options o = with(everything);
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_int_equal(set_of(s)->routes[0].bits, 0);
	assert_int_equal(set_of(s)->dns.n_servers, 2);
	assert_int_equal(set_of(s)->dns.n_domains, 0);
	sim_free(s);
}

static void fixed_lease(struct policy *p, struct peer_config *peer, struct child_config *child,
			int node)
{
	struct pool_fixed f = { .addr = { addr_of("10.9.0.3"), addr_of("fd09::3") } };
	struct addr a = addr_of("192.0.2.1");
	client(p, peer, child, node);
	id_of_addr(&a, &f.id);
	if (node == SIM_B)
		REQUIRE(pool_add_fixed(pool_of(p), &f) == 0);
}

static void a_lease_of_the_configuration_goes_to_its_identity(void **state)
{
	struct sim_options o = with(fixed_lease);
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_has(s, 3);
	sim_free(s);
}

/* ---- it stays ---- */

static bool ike_is_rekeyed(struct sim *s)
{
	return sim_log_count("reason=rekeyed") >= 2 && sim_is_up(s) && sim_is_settled(s);
}

static void the_address_follows_a_rekeyed_ike_sa(void **state)
{
	struct sim_options o = with(client);
	(void)state;
	for (int node = SIM_A; node <= SIM_B; node++) {
		struct sim *s = start(&o);
		come_up(s, SIM_A);
		uint64_t holder = set_of(s)->holder;
		sim_rekey(s, node, node == SIM_A ? "b" : "a");
		assert_true(sim_run_until(s, ike_is_rekeyed, 5000));
		assert_has(s, 1);
		assert_int_equal(set_of(s)->holder, holder);
		assert_int_equal(set_of(s)->n_routes, 2);
		assert_int_equal(n_holders(s), 2);
		/* and a child that is made over the new one has it */
		sim_rekey(s, node, node == SIM_A ? "b/net" : "a/net");
		sim_run(s, 20000);
		assert_true(sim_is_up(s));
		assert_int_equal(set_of(s)->n_routes, 2);
		assert_int_equal(sim_terminate(s, SIM_B, "a"), 0);
		assert_true(sim_run_until(s, nothing_left, 5000));
		sim_free(s);
	}
}

static bool lose_all(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	(void)arg;
	(void)from;
	(void)bytes;
	(void)len;
	return false;
}

static void not_the_first(struct policy *p, struct peer_config *peer, struct child_config *child,
			  int node)
{
	client(p, peer, child, node);
	peer->initial_contact = false;
	peer->dpd_delay_ms = node == SIM_B ? 60000 : 0;
}

static bool a_is_down(struct sim *s)
{
	return sim_n_up(s, SIM_A) == 0 && sim_n_moving(s, SIM_A) == 0;
}

static bool b_has_one(struct sim *s)
{
	return sim_n_up(s, SIM_B) == 1 && sim_is_up(s);
}

static void a_new_ike_sa_has_the_address_before_the_old_one_is_gone(void **state)
{
	struct sim_options o = with(not_the_first);
	(void)state;
	struct sim *s = start(&o);
	somebody_else(s);
	come_up(s, SIM_A);
	assert_has(s, 2);
	/* a's is gone, and b does not know it */
	s->wire.tap = lose_all;
	assert_int_equal(sim_terminate(s, SIM_A, "b"), 0);
	assert_true(sim_run_until(s, a_is_down, 50000));
	s->wire.tap = NULL;
	assert_int_equal(sim_n_up(s, SIM_B), 1);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 1000);
	assert_int_equal(sim_n_up(s, SIM_B), 2);
	assert_has(s, 2);
	assert_int_equal(n_holders(s), 2 + 2 * 2);
	/* the old one goes, the address stays */
	assert_true(sim_run_until(s, b_has_one, LONG_MS));
	sim_run(s, 100);
	assert_int_equal(n_holders(s), 2 + 2);
	assert_has(s, 2);
	sim_free(s);
}

static bool has_two(struct sim *s)
{
	return n_sets(s) == 2;
}

/* The other side has what this one's youngest SA sends to (reqids are those of a client here). */
static bool is_heard(struct sim *s, int from)
{
	const struct kernel_fake *k = s->nodes[from].kernel, *other = s->nodes[!from].kernel;
	uint32_t spi = 0;
	for (size_t i = 0; i < kernel_fake_count(k); i++)
		if (kernel_fake_is_complete(k, i))
			spi = kernel_fake_child(k, i)->out.id.spi;
	for (size_t i = 0; i < kernel_fake_count(other); i++)
		if (kernel_fake_child(other, i)->in.id.spi == spi)
			return true;
	return false;
}

static bool cannot_talk(struct sim *s)
{
	return !is_heard(s, SIM_A) || !is_heard(s, SIM_B);
}

static void reauthentication_keeps_the_address(void **state)
{
	struct sim_options o = with(client);
	(void)state;
	o.kernel_delay_ms = 5;
	struct sim *s = start(&o);
	somebody_else(s);
	come_up(s, SIM_A);
	assert_has(s, 2);
	sim_reauth(s, SIM_A);
	assert_true(sim_run_until(s, has_two, 5000));
	assert_int_equal(n_holders(s), 2 + 2 * 2);
	assert_false(cannot_talk(s));
	assert_false(sim_run_until(s, cannot_talk, 5000));
	assert_true(sim_is_settled(s));
	assert_has(s, 2);
	assert_int_equal(set_of(s)->n_routes, 2);
	assert_int_equal(n_holders(s), 2 + 2);
	assert_true(sim_logged("event=ike_sa_handed_over", "reason=reauthenticated", ""));
	assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
	sim_free(s);
}

/* A gateway would have to ask its client for an address of its own. */
static void only_a_client_reauthenticates(void **state)
{
	struct sim_options o = with(client);
	struct err err = { 0 };
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_int_equal(engine_reauth(s->nodes[SIM_B].engine, "a", &err), -EOPNOTSUPP);
	sim_run(s, 5000);
	assert_true(sim_is_up(s));
	assert_has(s, 1);
	assert_int_equal(sim_log_count("event=ike_sa_up"), 2);
	sim_free(s);
}

static void a_client_that_crashed_has_its_address_again(void **state)
{
	struct sim_options o = with(client);
	(void)state;
	struct sim *s = start(&o);
	somebody_else(s);
	come_up(s, SIM_A);
	assert_has(s, 2);
	sim_crash(s, SIM_A);
	assert_int_equal(n_sets(s), 0);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	/* INITIAL_CONTACT takes the old IKE SA away */
	assert_true(sim_run_until(s, sim_is_up, 5000));
	sim_run(s, 100);
	assert_has(s, 2);
	assert_int_equal(n_holders(s), 2 + 2);
	sim_free(s);
}

static void leases_survive_the_gateways_restart(void **state)
{
	struct sim_options o = with(client);
	(void)state;
	struct sim *s = start(&o);
	somebody_else(s);
	come_up(s, SIM_A);
	sim_crash(s, SIM_B);
	sim_crash(s, SIM_A);
	assert_int_equal(n_holders(s), 0);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	assert_true(sim_run_until(s, sim_is_up, 5000));
	assert_has(s, 2);
	sim_free(s);
}

/* ---- no address: the IKE SA comes up all the same ---- */

static void full_pool(struct policy *p, struct peer_config *peer, struct child_config *child,
		      int node)
{
	client(p, peer, child, node);
	if (node == SIM_B)
		pool_of(p)->size[INNER_V4] = pool_of(p)->size[INNER_V6] = 1;
}

static void internal_address_failure_does_not_fail_the_ike_sa(void **state)
{
	struct sim_options o = with(full_pool);
	(void)state;
	struct sim *s = start(&o);
	somebody_else(s);
	come_up_childless(s, "reason=peer_refused", "what=INTERNAL_ADDRESS_FAILURE");
	assert_true(sim_logged("event=negotiation_failed", "reason=no_address",
			       "all addresses of the pool are in use"));
	assert_int_equal(n_sets(s), 0);
	/* when there is one, the next try gets it */
	lease_put(address_fake_leases(s->nodes[SIM_B].addresses), UINT64_MAX, 2);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	assert_true(sim_run_until(s, sim_is_up, 5000));
	assert_has(s, 1);
	sim_free(s);
}

static void no_client(struct policy *p, struct peer_config *peer, struct child_config *child,
		      int node)
{
	client(p, peer, child, node);
	if (node != SIM_A)
		return;
	peer->mode_cfg = child->local_inner = false;
	net("10.1.0.0/16", &child->local_ts);
}

static void failed_cp_required_does_not_fail_the_ike_sa(void **state)
{
	struct sim_options o = with(no_client);
	(void)state;
	struct sim *s = start(&o);
	come_up_childless(s, "reason=peer_refused", "what=FAILED_CP_REQUIRED");
	assert_true(sim_logged("event=negotiation_failed", "reason=address_required", "remote=a"));
	assert_int_equal(n_holders(s), 0);
	sim_free(s);
}

static void wrong_family(struct policy *p, struct peer_config *peer, struct child_config *child,
			 int node)
{
	only_v4(p, peer, child, node);
	if (node == SIM_B)
		pool_of(p)->size[INNER_V4] = 0;
}

static void a_pool_without_the_wanted_family_is_an_address_failure(void **state)
{
	struct sim_options o = with(wrong_family);
	(void)state;
	struct sim *s = start(&o);
	come_up_childless(s, "reason=peer_refused", "what=INTERNAL_ADDRESS_FAILURE");
	sim_free(s);
}

static void no_gateway(struct policy *p, struct peer_config *peer, struct child_config *child,
		       int node)
{
	client(p, peer, child, node);
	if (node != SIM_B)
		return;
	peer->pool = NULL;
	child->peer_inner = false;
}

static void without_an_answer_to_the_request_there_is_no_child(void **state)
{
	struct sim_options o = with(no_gateway);
	(void)state;
	struct sim *s = start(&o);
	come_up_childless(s, "reason=no_address", "did not answer");
	assert_int_equal(n_sets(s), 0);
	sim_free(s);
}

static void impatient(struct policy *p, struct peer_config *peer, struct child_config *child,
		      int node)
{
	client(p, peer, child, node);
	p->timers.half_open_ms = 1000;
	p->timers.retransmit_tries = 2;
}

static bool both_are_down(struct sim *s)
{
	return sim_is_down(s) && sim_n_moving(s, SIM_B) == 0;
}

static void a_lease_that_comes_too_late_is_given_back(void **state)
{
	struct sim_options o = with(impatient);
	(void)state;
	o.kernel_delay_ms = 5000;
	struct sim *s = start(&o);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 4000);
	/* the IKE SA is given up while the monitor still thinks */
	assert_true(address_fake_n_open(s->nodes[SIM_B].addresses) > 0);
	assert_true(sim_run_until(s, both_are_down, LONG_MS));
	assert_int_equal(n_holders(s), 0);
	assert_int_equal(lease_count(address_fake_leases(s->nodes[SIM_B].addresses)), 2);
	sim_free(s);
}

static void what_the_monitor_cannot_set_up_is_no_child(void **state)
{
	struct sim_options o = with(client);
	(void)state;
	struct sim *s = start(&o);
	address_fake_fail_next(s->nodes[SIM_A].addresses, -EPERM);
	come_up_childless(s, "reason=kernel", "inner address");
	assert_int_equal(n_sets(s), 0);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	assert_true(sim_run_until(s, sim_is_up, 5000));
	assert_has(s, 1);
	sim_free(s);
}

/* ---- what a gateway may not give ---- */

static void other_selectors(struct policy *p, struct peer_config *peer, struct child_config *child,
			    int node)
{
	client(p, peer, child, node);
	if (node != SIM_B)
		return;
	child->peer_inner = false;
	net("172.16.0.0/12", &child->peer_ts);
}

static void selectors_without_our_address_are_refused(void **state)
{
	struct sim_options o = with(other_selectors);
	(void)state;
	struct sim *s = start(&o);
	come_up_childless(s, "reason=selector_mismatch", "172.16.0.0/12");
	sim_free(s);
}

static void loopback_pool(struct policy *p, struct peer_config *peer, struct child_config *child,
			  int node)
{
	client(p, peer, child, node);
	if (node != SIM_B)
		return;
	pool_of(p)->first[INNER_V4] = addr_of("127.0.0.1");
	pool_of(p)->first[INNER_V6] = addr_of("fe80::1");
}

static void gateways_own_pool(struct policy *p, struct peer_config *peer,
			      struct child_config *child, int node)
{
	client(p, peer, child, node);
	if (node != SIM_B)
		return;
	pool_of(p)->first[INNER_V4] = addr_of("192.0.2.2");
	pool_of(p)->size[INNER_V6] = 0;
}

static void addresses_that_are_none_of_a_host_are_refused(void **state)
{
	struct sim_options o = with(loopback_pool);
	(void)state;
	struct sim *s = start(&o);
	come_up_childless(s, "reason=no_address", "no address that we can use");
	assert_true(sim_logged("event=config_attribute_refused", "attribute=INTERNAL_IP4_ADDRESS",
			       "value=7f000001"));
	assert_true(sim_logged("event=config_attribute_refused", "attribute=INTERNAL_IP6_ADDRESS",
			       "remote=b"));
	assert_int_equal(n_sets(s), 0);
	sim_free(s);
	o.tweak = gateways_own_pool;
	s = start(&o);
	come_up_childless(s, "reason=no_address", "no address that we can use");
	sim_free(s);
}

static void hostile_names(struct policy *p, struct peer_config *peer, struct child_config *child,
			  int node)
{
	static const char *const names[] = { "a;reboot",
					     "$(reboot)",
					     "a b",
					     "good.example",
					     "-o.example",
					     "../../etc/passwd",
					     "a\nnameserver 192.0.2.66" };
	client(p, peer, child, node);
	if (node != SIM_B)
		return;
	struct inner_dns *dns = &pool_of(p)->dns;
	dns->n_domains = 0;
	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		strcpy(dns->domains[dns->n_domains++], names[i]);
	dns->servers[0] = addr_of("127.0.0.53");
}

static void domains_with_shell_characters_are_left_out(void **state)
{
	struct sim_options o = with(hostile_names);
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	assert_int_equal(set_of(s)->dns.n_domains, 1);
	assert_string_equal(set_of(s)->dns.domains[0], "good.example");
	assert_int_equal(set_of(s)->dns.n_servers, 1);
	assert_addr(&set_of(s)->dns.servers[0], "fd02::53");
	assert_true(sim_logged("event=config_attribute_refused", "attribute=INTERNAL_DNS_DOMAIN",
			       "value=613b7265626f6f74"));
	assert_true(sim_logged("event=config_attribute_refused", "attribute=INTERNAL_IP4_DNS",
			       "value=7f000035"));
	/* six names and a server; four of them one by one */
	assert_true(sim_logged("event=config_attributes_refused", "number=7", "remote=b"));
	sim_free(s);
}

/* ---- INFORMATIONAL ---- */

static struct ike_sa *sa_of(const struct sim *s, int node)
{
	return LIST_ENTRY(s->nodes[node].engine->sas.next, struct ike_sa, node);
}

/* a asks, and the answer is opened with its keys. */
static void ask_about(struct sim *s, struct slice attributes, uint8_t type, struct exchange **ret)
{
	static struct tap t;
	struct ike_sa *sa = sa_of(s, SIM_A);
	struct exchange *x = exchange_new(s->nodes[SIM_A].engine, sa, ON_START, NULL);
	struct msg_writer mw;
	const char *why;
	uint8_t at;
	assert_non_null(x);
	t = (struct tap){ 0 };
	tap_set(s, &t);
	exchange_begin_request(x, &mw, EXCHANGE_INFORMATIONAL, window_request_id(&sa->window));
	msg_writer_add_cp(&mw, &(struct pl_cp){ .type = type, .attributes = attributes });
	assert_int_equal(exchange_end(x, &mw), 0);
	assert_int_equal(exchange_send_request(x), 0);
	exchange_free(x);
	sim_run(s, 100);
	s->wire.tap = NULL;
	assert_int_equal(t.n, 2);
	struct udp_packet packet = { .bytes = slice_of(t.messages[1], t.lens[1]) };
	x = exchange_new(s->nodes[SIM_A].engine, sa, ON_RESPONSE, &packet);
	assert_int_equal(header_parse(packet.bytes, &x->msg.header, &why), 0);
	assert_int_equal(msg_parse(slice_of(x->datagram, x->datagram_len), &x->msg.header,
				   &x->arena, &x->msg, &at, &why),
			 0);
	assert_int_equal(sk_open(&x->msg, x->datagram, &sa->keys->in, &x->arena, &at, &why), 0);
	*ret = x;
}

static void a_request_about_us_is_answered_without_an_address(void **state)
{
	struct sim_options o = with(client);
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	struct pl_cp_attribute a;
	struct exchange *x;
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	cp_emit(&w, CP_APPLICATION_VERSION, (struct slice){ 0 });
	cp_emit(&w, CP_SUPPORTED_ATTRIBUTES, (struct slice){ 0 });
	cp_emit(&w, CP_IP4_ADDRESS, (struct slice){ 0 });
	cp_emit(&w, 28672, slice_of("?", 1));
	ask_about(s, wr_slice_of(&w), CFG_REQUEST, &x);
	assert_true(payload_has(&x->msg.inner, PL_CP));
	assert_int_equal(x->msg.inner.cp.type, CFG_REPLY);
	struct rd r = rd_of_slice(x->msg.inner.cp.attributes);
	assert_true(pl_cp_next(&r, &a));
	assert_int_equal(a.type, CP_APPLICATION_VERSION);
	assert_memory_equal(a.value.p, "tanukid", a.value.len);
	assert_true(pl_cp_next(&r, &a));
	assert_int_equal(a.type, CP_SUPPORTED_ATTRIBUTES);
	assert_false(pl_cp_next(&r, &a));
	assert_true(rd_done(&r));
	exchange_free(x);
	assert_int_equal(n_holders(s), 2);
	assert_true(sim_is_up(s));
	sim_free(s);
}

static void what_the_peer_wants_to_set_is_not_accepted(void **state)
{
	struct sim_options o = with(client);
	struct addr evil = addr_of("10.66.0.1");
	uint8_t buf[64];
	struct wr w = wr_of(buf, sizeof(buf));
	struct exchange *x;
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	cp_emit_addr(&w, CP_IP4_ADDRESS, &evil, 32);
	cp_emit_addr(&w, CP_IP4_DNS, &evil, 32);
	ask_about(s, wr_slice_of(&w), CFG_SET, &x);
	assert_false(payload_has(&x->msg.inner, PL_CP));
	assert_int_equal(x->msg.inner.n_notifies, 0);
	exchange_free(x);
	/* neither by an answer, or a reply that nobody asked for */
	ask_about(s, wr_slice_of(&w), CFG_REPLY, &x);
	assert_false(payload_has(&x->msg.inner, PL_CP));
	exchange_free(x);
	ask_about(s, wr_slice_of(&w), 77, &x);
	exchange_free(x);
	assert_true(sim_is_up(s));
	assert_int_equal(address_fake_count(s->nodes[SIM_B].addresses), 0);
	sim_free(s);
}

/* ---- random lives ---- */

static void random_deed(struct sim *s)
{
	switch (prng_below(&s->prng, 11)) {
	case 0:
	case 1:
	case 2:
		(void)!sim_initiate(s, SIM_A);
		break;
	case 3:
		(void)!sim_terminate(s, SIM_A, "b");
		break;
	case 4:
		(void)!sim_terminate(s, SIM_B, "a");
		break;
	case 5:
		sim_rekey(s, SIM_A, "b");
		break;
	case 6:
		sim_rekey(s, SIM_B, "a");
		break;
	case 7:
		sim_rekey(s, prng_percent(&s->prng, 50) ? SIM_A : SIM_B, "a/net");
		break;
	case 8:
		sim_reauth(s, SIM_A);
		break;
	case 9:
		sim_reauth(s, SIM_B); /* which it refuses */
		break;
	default:
		sim_crash(s, prng_percent(&s->prng, 50) ? SIM_A : SIM_B);
		break;
	}
}

static int count_inner(void *arg, const struct engine_sa_view *v)
{
	uint32_t *n = arg;
	for (int i = 0; v->inner && i < INNER_FAMILIES; i++)
		*n += addr_is_set(&v->inner[i]);
	return 0;
}

static uint32_t n_inner(const struct sim *s, int node)
{
	uint32_t n = 0;
	engine_each_sa(s->nodes[node].engine, count_inner, &n);
	return n;
}

/* Nothing is on its way: what the engines say they have is what is there. */
static void check_quiet(struct sim *s, uint64_t seed)
{
	uint32_t set = 0;
	for (size_t i = 0; i < n_sets(s); i++)
		for (int f = 0; f < INNER_FAMILIES; f++)
			set += addr_is_set(
				&address_fake_set(s->nodes[SIM_A].addresses, i)->addr[f]);
	if (n_holders(s) != n_inner(s, SIM_B) || set != n_inner(s, SIM_A))
		fail_msg("seed %lu: %u leases held by %u, %u addresses of %u", (unsigned long)seed,
			 n_holders(s), n_inner(s, SIM_B), set, n_inner(s, SIM_A));
}

static void a_life(uint64_t seed)
{
	struct sim_options o = with(client);
	o.seed = seed;
	o.wire.loss_percent = (uint32_t)(seed % 4) * 8;
	o.wire.duplicate_percent = (uint32_t)(seed % 3) * 10;
	o.wire.delay_max_ms = 10 + (int64_t)(seed % 5) * 40;
	o.kernel_delay_ms = (int64_t)(seed % 7) * 5;
	o.dpd_delay_ms = 5000;
	struct sim *s = start(&o);
	for (int i = 0; i < 12; i++) {
		random_deed(s);
		sim_run(s, prng_below(&s->prng, 3000));
		if (sim_is_quiet(s))
			check_quiet(s, seed);
	}
	s->wire.options.loss_percent = 0;
	(void)sim_run_until(s, sim_is_settled, LONG_MS);
	check_quiet(s, seed);
	(void)!sim_terminate(s, SIM_A, "b");
	(void)!sim_terminate(s, SIM_B, "a");
	if (!sim_run_until(s, nothing_left, LONG_MS))
		fail_msg("seed %lu: %zu addresses, %u leases are left", (unsigned long)seed,
			 n_sets(s), n_holders(s));
	sim_free(s);
}

static void nothing_is_lost_or_left_in_any_life(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++)
		a_life(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a client gets addresses, routes and name servers", a_client_gets_addresses),
		UNIT("selectors are narrowed to the address",
		     selectors_are_narrowed_to_the_address),
		UNIT("a client asks for the families that it can use",
		     a_client_asks_for_the_families_that_it_can_use),
		UNIT("a family that the gateway has not is ignored",
		     a_family_that_the_gateway_has_not_is_ignored),
		UNIT("a client without selectors takes what the gateway has",
		     a_client_without_selectors_takes_what_the_gateway_has),
		UNIT("an entry with the whole pool gives each its own address",
		     an_entry_with_the_whole_pool_gives_each_its_own_address),
		UNIT("who sends everything has no domains of its own",
		     who_sends_everything_has_no_domains_of_its_own),
		UNIT("a lease of the configuration goes to its identity",
		     a_lease_of_the_configuration_goes_to_its_identity),
		UNIT("the address follows a rekeyed IKE SA", the_address_follows_a_rekeyed_ike_sa),
		UNIT("a new IKE SA has the address before the old one is gone",
		     a_new_ike_sa_has_the_address_before_the_old_one_is_gone),
		UNIT("reauthentication keeps the address", reauthentication_keeps_the_address),
		UNIT("only a client reauthenticates", only_a_client_reauthenticates),
		UNIT("a client that crashed has its address again",
		     a_client_that_crashed_has_its_address_again),
		UNIT("leases survive the gateway's restart", leases_survive_the_gateways_restart),
		UNIT("INTERNAL_ADDRESS_FAILURE does not fail the IKE SA",
		     internal_address_failure_does_not_fail_the_ike_sa),
		UNIT("FAILED_CP_REQUIRED does not fail the IKE SA",
		     failed_cp_required_does_not_fail_the_ike_sa),
		UNIT("a pool without the wanted family is an address failure",
		     a_pool_without_the_wanted_family_is_an_address_failure),
		UNIT("without an answer to the request there is no child",
		     without_an_answer_to_the_request_there_is_no_child),
		UNIT("a lease that comes too late is given back",
		     a_lease_that_comes_too_late_is_given_back),
		UNIT("what the monitor cannot set up is no child",
		     what_the_monitor_cannot_set_up_is_no_child),
		UNIT("selectors without our address are refused",
		     selectors_without_our_address_are_refused),
		UNIT("addresses that are none of a host are refused",
		     addresses_that_are_none_of_a_host_are_refused),
		UNIT("domains with shell characters are left out",
		     domains_with_shell_characters_are_left_out),
		UNIT("a request about us is answered without an address",
		     a_request_about_us_is_answered_without_an_address),
		UNIT("what the peer wants to set is not accepted",
		     what_the_peer_wants_to_set_is_not_accepted),
		UNIT("nothing is lost or left in any life", nothing_is_lost_or_left_in_any_life),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
