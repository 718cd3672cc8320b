/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/policy_spd.h"

#include <errno.h>

#include "policy/policy_unit.h"

enum { MAX = 96, ANY_LO = 0, ANY_HI = 65535, TCP = 6, UDP = 17, ICMP = 1, ICMP6 = 58 };

/* What one call gave. */
struct got {
	struct keydb_policy p[MAX];
	size_t n;
	struct err err;
	int result;
};

static struct child_config tunnel(void)
{
	return (struct child_config){
		.mode = CHILD_TUNNEL, .reqid = 70000, .if_id = 5, .mark = 0x10, .mark_mask = 0xff
	};
}

static struct policy_spd_ends ends4(void)
{
	struct policy_spd_ends e = { .local = unit_addr("192.0.2.1"),
				     .peer = unit_addr("192.0.2.2") };
	e.local.port = e.peer.port = 4500;
	return e;
}

static struct got build(const struct child_config *child, struct ts local, struct ts peer)
{
	const struct policy_spd_ends ends = ends4();
	const struct ts_list l = { .n = 1, .ts = { local } }, r = { .n = 1, .ts = { peer } };
	struct got g = { 0 };
	g.result = policy_spd_build(child, &ends, &l, &r, g.p, MAX, &g.n, &g.err);
	return g;
}

static void check_addr(const union keydb_addr *a, const char *expected)
{
	struct addr got = { 0 };
	char text[ADDR_TEXT_MAX_BYTES];
	if (a->sa.sa_family)
		assert_int_equal(addr_from_sockaddr(&a->sa, sizeof(*a), &got), 0);
	assert_string_equal(addr_text(&got, text), expected);
	assert_int_equal(got.port, 0);
}

static void check_net(const struct keydb_selector *s, const char *src, uint8_t src_bits,
		      const char *dst, uint8_t dst_bits)
{
	check_addr(&s->src, src);
	check_addr(&s->dst, dst);
	assert_int_equal(s->src_bits, src_bits);
	assert_int_equal(s->dst_bits, dst_bits);
}

static void check_template(const struct keydb_policy *p, const char *src, const char *dst)
{
	assert_int_equal(p->action, KEYDB_ACTION_IPSEC);
	assert_int_equal(p->n_templates, 1);
	check_addr(&p->templates[0].src, src);
	check_addr(&p->templates[0].dst, dst);
	assert_int_equal(p->templates[0].reqid, 70000);
	assert_int_equal(p->templates[0].level, KEYDB_LEVEL_UNIQUE);
	assert_int_equal(p->templates[0].proto, KEYDB_PROTO_ESP);
	assert_int_equal(p->index, 0);
	assert_int_equal(p->if_id, 5);
	assert_int_equal(p->mark.value, 0x10);
	assert_int_equal(p->mark.mask, 0xff);
	assert_true(p->limits.hard_bytes == KEYDB_INFINITE);
	assert_true(p->limits.hard_use_sec == KEYDB_INFINITE);
}

static void tunnel_has_three(void **state)
{
	const struct child_config c = tunnel();
	struct got g = build(&c, unit_net("10.0.0.0/24"), unit_net("10.1.0.0/16"));
	(void)state;
	assert_int_equal(g.result, 0);
	assert_int_equal(g.n, 3);
	assert_int_equal(g.p[0].dir, KEYDB_DIR_OUT);
	check_net(&g.p[0].sel, "10.0.0.0", 24, "10.1.0.0", 16);
	check_template(&g.p[0], "192.0.2.1", "192.0.2.2");
	assert_int_equal(g.p[1].dir, KEYDB_DIR_IN);
	assert_int_equal(g.p[2].dir, KEYDB_DIR_FWD);
	for (size_t i = 1; i < 3; i++) {
		check_net(&g.p[i].sel, "10.1.0.0", 16, "10.0.0.0", 24);
		check_template(&g.p[i], "192.0.2.2", "192.0.2.1");
	}
	for (size_t i = 0; i < 3; i++) {
		assert_true(g.p[i].sel.src_port_any && g.p[i].sel.dst_port_any);
		assert_int_equal(g.p[i].templates[0].mode, KEYDB_MODE_TUNNEL);
		assert_int_equal(g.p[i].templates[0].family, g.p[i].sel.src.sa.sa_family);
	}
}

static void transport_has_two(void **state)
{
	struct child_config c = tunnel();
	c.mode = CHILD_TRANSPORT;
	struct got g = build(&c, unit_net("192.0.2.1/32"), unit_net("192.0.2.2/32"));
	(void)state;
	assert_int_equal(g.result, 0);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.p[0].dir, KEYDB_DIR_OUT);
	assert_int_equal(g.p[1].dir, KEYDB_DIR_IN);
	for (size_t i = 0; i < 2; i++) {
		check_template(&g.p[i], "none", "none");
		assert_int_equal(g.p[i].templates[0].mode, KEYDB_MODE_TRANSPORT);
		assert_int_equal(g.p[i].templates[0].family, g.p[i].sel.src.sa.sa_family);
	}
}

static void families_may_differ_in_a_tunnel(void **state)
{
	const struct child_config c = tunnel();
	struct got g = build(&c, unit_net("2001:db8:a::/64"), unit_net("2001:db8:b::/64"));
	(void)state;
	assert_int_equal(g.result, 0);
	assert_int_equal(g.n, 3);
	check_net(&g.p[0].sel, "2001:db8:a::", 64, "2001:db8:b::", 64);
	check_template(&g.p[0], "192.0.2.1", "192.0.2.2");
	assert_int_not_equal(g.p[0].templates[0].family, g.p[0].sel.src.sa.sa_family);
}

static void proposals_choose_the_protocol(void **state)
{
	struct child_config c = tunnel();
	(void)state;
	c.n_proposals = 1;
	c.proposals[0].protocol = PROPOSAL_AH;
	struct got g = build(&c, unit_net("10.0.0.0/24"), unit_net("10.1.0.0/24"));
	assert_int_equal(g.p[0].templates[0].proto, KEYDB_PROTO_AH);
}

static void reqid_of_the_call_wins(void **state)
{
	struct child_config c = tunnel();
	struct policy_spd_ends ends = ends4();
	struct got g = { 0 };
	(void)state;
	ends.reqid = 80000;
	assert_int_equal(policy_spd_traps(&c, &ends, g.p, MAX, &g.n, &g.err), 0);
	assert_int_equal(g.p[0].templates[0].reqid, 80000);
	ends.reqid = c.reqid = 0;
	assert_int_equal(policy_spd_traps(&c, &ends, g.p, MAX, &g.n, &g.err), 0);
	assert_int_equal(g.p[0].templates[0].reqid, 0);
	assert_int_equal(g.p[0].templates[0].level, KEYDB_LEVEL_REQUIRE);
}

static void ports_turn_with_the_direction(void **state)
{
	const struct child_config c = tunnel();
	struct got g = build(&c, unit_ts("10.0.0.0/24", TCP, ANY_LO, ANY_HI),
			     unit_ts("10.1.0.0/24", TCP, 443, 443));
	(void)state;
	assert_int_equal(g.n, 3);
	assert_true(g.p[0].sel.src_port_any && !g.p[0].sel.dst_port_any);
	assert_int_equal(g.p[0].sel.dst_port, 443);
	assert_int_equal(g.p[0].sel.dst_port_mask, 0);
	assert_int_equal(g.p[0].sel.proto, TCP);
	assert_true(g.p[1].sel.dst_port_any && !g.p[1].sel.src_port_any);
	assert_int_equal(g.p[1].sel.src_port, 443);
}

static void one_protocol_holds_for_both(void **state)
{
	const struct child_config c = tunnel();
	struct got g = build(&c, unit_net("10.0.0.0/24"), unit_ts("10.1.0.0/24", UDP, 53, 53));
	(void)state;
	assert_int_equal(g.n, 3);
	assert_int_equal(g.p[0].sel.proto, UDP);
	g = build(&c, unit_ts("10.0.0.0/24", TCP, 1, 1), unit_ts("10.1.0.0/24", UDP, 53, 53));
	assert_int_equal(g.result, -ENOENT);
	g = build(&c, unit_net("10.0.0.0/24"), unit_net("2001:db8::/64"));
	assert_int_equal(g.result, -ENOENT);
	assert_string_equal(g.err.text, "no packet goes from 10.0.0.0/24[any] any to "
					"2001:db8::/64[any] any");
}

static bool matches(const struct keydb_selector *s, uint16_t port)
{
	uint16_t mask = s->dst_port_any ? 0 : s->dst_port_mask ? s->dst_port_mask : 0xffff;
	return ((port ^ s->dst_port) & mask) == 0;
}

static void port_ranges_become_masks(void **state)
{
	static const uint16_t rows[][3] = { { 1024, 2047, 1 },   { 80, 90, 3 },
					    { 32768, 65535, 1 }, { 65534, 65535, 1 },
					    { 0, 1, 1 },         { 7, 8, 2 },
					    { 1, 65535, 16 },    { 1, 65534, 30 } };
	const struct child_config c = tunnel();
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct got g = build(&c, unit_ts("10.0.0.0/24", TCP, ANY_LO, ANY_HI),
				     unit_ts("10.1.0.0/24", TCP, rows[i][0], rows[i][1]));
		assert_int_equal(g.result, 0);
		assert_int_equal(g.n, 3u * rows[i][2]);
		for (unsigned int port = 0; port <= 65535; port++) {
			unsigned int hits = 0;
			for (size_t k = 0; k < g.n; k += 3)
				hits += matches(&g.p[k].sel, (uint16_t)port);
			assert_int_equal(hits, port >= rows[i][0] && port <= rows[i][1]);
		}
	}
}

static void what_the_kernel_cannot_match(void **state)
{
	const struct child_config c = tunnel();
	const struct ts any = unit_ts("10.1.0.0/24", TCP, ANY_LO, ANY_HI);
	(void)state;
	struct got g = build(&c, unit_ts("10.0.0.0/24", TCP, 65535, 0), any);
	assert_int_equal(g.result, -ERANGE);
	assert_string_equal(g.err.text, "selector 10.0.0.0/24[opaque] tcp: the kernel cannot match "
					"OPAQUE ports");
	g = build(&c, unit_ts("10.0.0.0/24", TCP, 9, 8), any);
	assert_int_equal(g.result, -ERANGE);
	/* the longest of all on both sides: 30 pieces with each of 30 */
	g = build(&c, unit_ts("10.0.0.0/24", TCP, 1, 65534), unit_ts("10.1.0.0/24", TCP, 1, 65534));
	assert_int_equal(g.result, -E2BIG);
	assert_non_null(strstr(g.err.text, "more than 96 policies"));
	g = build(&c, unit_net("10.0.0.1-10.255.255.254"), unit_net("10.1.0.0/24"));
	assert_int_equal(g.result, -E2BIG);
	assert_int_equal(g.n, 0);
}

static void icmp_types_do_not_turn(void **state)
{
	const struct child_config c = tunnel();
	const struct ts any = unit_net("2001:db8:b::/64");
	(void)state;
	/* echo request, all codes */
	struct got g =
		build(&c, unit_ts("2001:db8:a::/64", ICMP6, 128 << 8, (128 << 8) + 255), any);
	assert_int_equal(g.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(g.p[i].sel.proto, ICMP6);
		assert_false(g.p[i].sel.src_port_any);
		assert_int_equal(g.p[i].sel.src_port, 128);
		assert_true(g.p[i].sel.dst_port_any);
	}
	/* destination unreachable, code 1 */
	g = build(&c, any, unit_ts("2001:db8:a::/64", ICMP6, 0x0101, 0x0101));
	assert_int_equal(g.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(g.p[i].sel.src_port, 1);
		assert_int_equal(g.p[i].sel.dst_port, 1);
		assert_false(g.p[i].sel.dst_port_any);
	}
	g = build(&c, unit_ts("2001:db8:a::/64", ICMP6, ANY_LO, ANY_HI), any);
	assert_true(g.p[0].sel.src_port_any && g.p[0].sel.dst_port_any);
}

/* As the kernel does it: type and code against both ports and masks. */
static bool matches_type(const struct keydb_selector *s, unsigned int type, unsigned int code)
{
	uint16_t type_mask = s->src_port_any ? 0 : s->src_port_mask ? s->src_port_mask : 0xffff;
	uint16_t code_mask = s->dst_port_any ? 0 : s->dst_port_mask ? s->dst_port_mask : 0xffff;
	return ((type ^ s->src_port) & type_mask) == 0 && ((code ^ s->dst_port) & code_mask) == 0;
}

static void icmp_ranges_become_masks(void **state)
{
	/* types 8 and 9; codes 1 to 3 of type 8; type 3 code 4 up to type 5 code 0; all but the ends */
	static const uint16_t rows[][3] = { { 0x0800, 0x09ff, 1 },
					    { 0x0801, 0x0803, 2 },
					    { 0x0304, 0x0500, 8 },
					    { 0x0001, 0xfffe, 30 } };
	const struct child_config c = tunnel();
	const struct ts any = unit_net("10.1.0.0/24");
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct got g = build(&c, unit_ts("10.0.0.0/24", ICMP, rows[i][0], rows[i][1]), any);
		assert_int_equal(g.result, 0);
		assert_int_equal(g.n, 3u * rows[i][2]);
		for (unsigned int both = 0; both <= 65535; both++) {
			unsigned int hits = 0;
			for (size_t k = 0; k < g.n; k += 3)
				hits += matches_type(&g.p[k].sel, both >> 8, both & 0xff);
			assert_int_equal(hits, both >= rows[i][0] && both <= rows[i][1]);
		}
	}
}

static void both_sides_types_are_one(void **state)
{
	const struct child_config c = tunnel();
	(void)state;
	struct got g = build(&c, unit_ts("10.0.0.0/24", ICMP, 0x0800, 0x08ff),
			     unit_ts("10.1.0.0/24", ICMP, 0x0000, 0x00ff));
	assert_int_equal(g.result, -ERANGE);
	g = build(&c, unit_ts("10.0.0.0/24", ICMP, 65535, 0), unit_net("10.1.0.0/24"));
	assert_int_equal(g.result, -ERANGE);
	g = build(&c, unit_ts("10.0.0.0/24", ICMP, 0x0800, 0x08ff),
		  unit_ts("10.1.0.0/24", ICMP, 0x0800, 0x0bff));
	assert_int_equal(g.result, 0);
	assert_int_equal(g.n, 3);
	assert_int_equal(g.p[0].sel.src_port, 8);
	assert_int_equal(g.p[0].sel.src_port_mask, 0);
}

static void ranges_become_prefixes(void **state)
{
	const struct child_config c = tunnel();
	struct got g = build(&c, unit_net("10.0.0.0-10.0.0.11"), unit_net("10.1.0.0/24"));
	(void)state;
	assert_int_equal(g.result, 0);
	assert_int_equal(g.n, 6);
	check_net(&g.p[0].sel, "10.0.0.0", 29, "10.1.0.0", 24);
	check_net(&g.p[3].sel, "10.0.0.8", 30, "10.1.0.0", 24);
}

static void every_pair_of_a_family(void **state)
{
	const struct child_config c = tunnel();
	const struct policy_spd_ends ends = ends4();
	const struct ts_list l = { .n = 3,
				   .ts = { unit_net("10.0.0.0/24"), unit_net("10.0.1.0/24"),
					   unit_net("2001:db8:a::/64") } };
	const struct ts_list r = { .n = 2,
				   .ts = { unit_net("10.1.0.0/24"), unit_net("2001:db8:b::/64") } };
	struct got g = { 0 };
	(void)state;
	assert_int_equal(policy_spd_build(&c, &ends, &l, &r, g.p, MAX, &g.n, &g.err), 0);
	assert_int_equal(g.n, 9);
	check_net(&g.p[0].sel, "10.0.0.0", 24, "10.1.0.0", 24);
	check_net(&g.p[3].sel, "10.0.1.0", 24, "10.1.0.0", 24);
	check_net(&g.p[6].sel, "2001:db8:a::", 64, "2001:db8:b::", 64);
	for (size_t max = 0; max < 9; max++) {
		size_t n = 77;
		assert_int_equal(policy_spd_build(&c, &ends, &l, &r, g.p, max, &n, &g.err), -E2BIG);
		assert_int_equal(n, 77);
	}
}

/* Of a child that carries all that its entry says. */
static uint32_t priority(struct child_config c, const char *local, const char *peer, uint8_t proto,
			 uint16_t lo, uint16_t hi)
{
	c.local_ts = (struct ts_list){ .n = 1, .ts = { unit_ts(local, proto, ANY_LO, ANY_HI) } };
	c.peer_ts = (struct ts_list){ .n = 1, .ts = { unit_ts(peer, proto, lo, hi) } };
	struct got g = build(&c, c.local_ts.ts[0], c.peer_ts.ts[0]);
	assert_int_equal(g.result, 0);
	for (size_t i = 1; i < g.n; i++)
		assert_int_equal(g.p[i].priority, g.p[0].priority);
	return g.p[0].priority;
}

static void narrower_first(void **state)
{
	static const char *const nets[] = { "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/24",
					    "10.0.0.1/32" };
	struct child_config c = tunnel();
	uint32_t last = UINT32_MAX;
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(nets); i++) {
		uint32_t any = priority(c, "10.9.0.0/16", nets[i], 0, ANY_LO, ANY_HI);
		uint32_t tcp = priority(c, "10.9.0.0/16", nets[i], TCP, ANY_LO, ANY_HI);
		uint32_t port = priority(c, "10.9.0.0/16", nets[i], TCP, 80, 80);
		assert_true(any < last && tcp < any && port < tcp);
		last = port;
	}
	assert_int_equal(priority(c, "0.0.0.0/0", "0.0.0.0/0", 0, ANY_LO, ANY_HI),
			 POLICY_SPD_PRIORITY_WIDEST - POLICY_SPD_CHILD);
	c.priority = 42;
	assert_int_equal(priority(c, "10.9.0.0/16", "10.0.0.1/32", TCP, 80, 80), 41);
}

static uint32_t narrowed(const struct child_config *c, const char *peer)
{
	struct got g = build(c, unit_net("10.0.0.0/24"), unit_net(peer));
	assert_int_equal(g.result, 0);
	return g.p[0].priority;
}

/* Or a peer that may be anywhere could take the traffic of one whose net is configured. */
static void narrowing_gives_no_precedence(void **state)
{
	struct child_config wide = tunnel(), narrow = tunnel(), anybody = tunnel();
	(void)state;
	wide.local_ts = narrow.local_ts = (struct ts_list){ 1, { unit_net("10.0.0.0/24") } };
	wide.peer_ts = (struct ts_list){ 1, { unit_net("10.0.0.0/8") } };
	narrow.peer_ts = (struct ts_list){ 1, { unit_net("10.2.0.0/16") } };
	assert_int_equal(narrowed(&wide, "10.2.0.5"), narrowed(&wide, "10.0.0.0/8"));
	assert_true(narrowed(&wide, "10.2.0.5") > narrowed(&narrow, "10.2.0.0/16"));
	assert_true(narrowed(&anybody, "10.2.0.5") > narrowed(&wide, "10.0.0.0/8"));
}

static void an_inner_address_counts_as_if_the_entry_had_it(void **state)
{
	struct child_config c = tunnel(), fixed = tunnel();
	(void)state;
	c.local_ts = (struct ts_list){ .n = 1, .ts = { unit_net("10.2.0.0/16") } };
	c.peer_inner = true;
	fixed.local_ts = c.local_ts;
	fixed.peer_ts = (struct ts_list){ .n = 1, .ts = { unit_net("10.9.0.1/32") } };
	struct got g = build(&c, unit_net("10.2.0.0/16"), unit_net("10.9.0.1/32"));
	struct got f = build(&fixed, unit_net("10.2.0.0/16"), unit_net("10.9.0.1/32"));
	assert_int_equal(g.p[0].priority, f.p[0].priority);
	/* but the other side is as wide as the entry, whatever the client narrows it to */
	struct got n = build(&c, unit_net("10.2.3.0/24"), unit_net("10.9.0.1/32"));
	assert_int_equal(n.p[0].priority, f.p[0].priority);
	c.peer_inner = false;
	c.local_inner = true;
	c.peer_ts = c.local_ts;
	c.local_ts.n = 0;
	g = build(&c, unit_net("10.9.0.1/32"), unit_net("10.2.0.0/16"));
	assert_int_equal(g.p[0].priority, f.p[0].priority);
}

static void plain_policies(void **state)
{
	struct plain_policy plain = { .action = PLAIN_DISCARD,
				      .local_ts = { 1, { unit_net("10.0.0.0/24") } },
				      .peer_ts = { 1, { unit_ts("10.1.0.0/16", TCP, 25, 25) } } };
	struct child_config c = tunnel();
	struct got g = { 0 };
	(void)state;
	assert_int_equal(policy_spd_plain(&plain, g.p, MAX, &g.n, &g.err), 0);
	assert_int_equal(g.n, 3);
	check_net(&g.p[0].sel, "10.0.0.0", 24, "10.1.0.0", 16);
	check_net(&g.p[2].sel, "10.1.0.0", 16, "10.0.0.0", 24);
	assert_int_equal(g.p[2].dir, KEYDB_DIR_FWD);
	for (size_t i = 0; i < g.n; i++) {
		assert_int_equal(g.p[i].action, KEYDB_ACTION_DISCARD);
		assert_int_equal(g.p[i].n_templates, 0);
		/* before what would protect the same */
		assert_true(g.p[i].priority <
			    priority(c, "10.0.0.0/24", "10.1.0.0/16", TCP, 25, 25));
		assert_true(g.p[i].priority >
			    priority(c, "10.0.0.0/25", "10.1.0.0/16", TCP, 25, 25));
	}
	plain.action = PLAIN_BYPASS;
	plain.priority = 7;
	assert_int_equal(policy_spd_plain(&plain, g.p, MAX, &g.n, &g.err), 0);
	assert_int_equal(g.p[0].action, KEYDB_ACTION_NONE);
	assert_int_equal(g.p[0].priority, 7);
}

static void traps_are_the_childs_own_selectors(void **state)
{
	struct child_config c = tunnel();
	const struct policy_spd_ends ends = ends4();
	struct got g = { 0 }, built;
	(void)state;
	c.local_ts = (struct ts_list){ .n = 1, .ts = { unit_net("10.0.0.0/24") } };
	c.peer_ts = (struct ts_list){ .n = 1, .ts = { unit_net("10.1.0.0/24") } };
	assert_int_equal(policy_spd_traps(&c, &ends, g.p, MAX, &g.n, &g.err), 0);
	built = build(&c, c.local_ts.ts[0], c.peer_ts.ts[0]);
	assert_int_equal(g.n, built.n);
	for (size_t i = 0; i < g.n; i++) {
		/* one that is narrowed must go first */
		assert_int_equal(built.p[i].priority, g.p[i].priority - 1);
		built.p[i].priority++;
	}
	assert_memory_equal(g.p, built.p, g.n * sizeof(g.p[0]));
	assert_true(policy_spd_is_whole(&c, &ends, &c.local_ts, &c.peer_ts));
	struct ts_list part = { .n = 1, .ts = { unit_net("10.1.0.0/25") } };
	assert_false(policy_spd_is_whole(&c, &ends, &c.local_ts, &part));
}

static void empty_lists_are_the_ends(void **state)
{
	struct child_config c = tunnel();
	struct policy_spd_ends ends = ends4();
	struct got g = { 0 };
	(void)state;
	c.mode = CHILD_TRANSPORT;
	assert_int_equal(policy_spd_traps(&c, &ends, g.p, MAX, &g.n, &g.err), 0);
	assert_int_equal(g.n, 2);
	check_net(&g.p[0].sel, "192.0.2.1", 32, "192.0.2.2", 32);
	check_net(&g.p[1].sel, "192.0.2.2", 32, "192.0.2.1", 32);
	/* our address is not known yet */
	ends.local = (struct addr){ 0 };
	assert_int_equal(policy_spd_traps(&c, &ends, g.p, MAX, &g.n, &g.err), 0);
	check_net(&g.p[0].sel, "0.0.0.0", 0, "192.0.2.2", 32);
}

static void unknown_ends(void **state)
{
	struct child_config c = tunnel();
	struct policy_spd_ends ends = ends4();
	struct got g = { 0 };
	(void)state;
	c.local_ts = (struct ts_list){ .n = 1, .ts = { unit_net("10.0.0.0/24") } };
	c.peer_ts = (struct ts_list){ .n = 1, .ts = { unit_net("10.1.0.0/24") } };
	ends.local = (struct addr){ 0 }; /* the kernel chooses */
	assert_int_equal(policy_spd_traps(&c, &ends, g.p, MAX, &g.n, &g.err), 0);
	check_template(&g.p[0], "0.0.0.0", "192.0.2.2");
	check_template(&g.p[1], "192.0.2.2", "0.0.0.0");
	ends.local = unit_addr("2001:db8::1");
	assert_int_equal(policy_spd_traps(&c, &ends, g.p, MAX, &g.n, &g.err), -EINVAL);
	ends = (struct policy_spd_ends){ .local = unit_addr("192.0.2.1") };
	assert_int_equal(policy_spd_traps(&c, &ends, g.p, MAX, &g.n, &g.err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a tunnel has out, in and fwd", tunnel_has_three),
		UNIT("a transport child has no fwd and no ends in its template", transport_has_two),
		UNIT("IPv6 goes through an IPv4 tunnel", families_may_differ_in_a_tunnel),
		UNIT("AH proposals make AH templates", proposals_choose_the_protocol),
		UNIT("the call's reqid wins over the child's", reqid_of_the_call_wins),
		UNIT("ports turn with the direction", ports_turn_with_the_direction),
		UNIT("the protocol of one side holds for both", one_protocol_holds_for_both),
		UNIT("port ranges become masks that match just them", port_ranges_become_masks),
		UNIT("what the kernel cannot match is refused with its selector",
		     what_the_kernel_cannot_match),
		UNIT("ICMP type and code do not turn with the direction", icmp_types_do_not_turn),
		UNIT("ICMP ranges become masks that match just them", icmp_ranges_become_masks),
		UNIT("both sides' ICMP types are those that both have", both_sides_types_are_one),
		UNIT("address ranges become prefixes", ranges_become_prefixes),
		UNIT("each pair of one family makes entries, up to the limit",
		     every_pair_of_a_family),
		UNIT("narrower selectors have the better priority", narrower_first),
		UNIT("what a peer narrows its selectors to gives it no precedence",
		     narrowing_gives_no_precedence),
		UNIT("an inner address counts as if the entry had it",
		     an_inner_address_counts_as_if_the_entry_had_it),
		UNIT("plain policies go before what protects the same", plain_policies),
		UNIT("traps are what an unnarrowed child gets", traps_are_the_childs_own_selectors),
		UNIT("empty lists are the ends' addresses", empty_lists_are_the_ends),
		UNIT("our end may be unknown, the peer's may not", unknown_ends),
	};
	return cmocka_run_group_tests_name("policy_spd", tests, NULL, NULL);
}
