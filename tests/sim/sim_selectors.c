/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic selectors, RFC 7296 2.9: who narrows what, who gets what, and who gets nothing. */
#include "sim/scenario.h"

#include "ike/child_sa.h"
#include "ike/engine_int.h"
#include "ike/narrow.h"
#include "policy/policy_spd.h"
#include "policy/reqid.h"

#include <errno.h>

/* ---- words ---- */

/* "10.1.0.0/16", "10.1.0.0/16 6 80-90": net, protocol, ports. */
static struct ts ts_of(const char *text)
{
	char net[64] = "";
	unsigned int proto = 0, lo = 0, hi = 65535;
	struct addr_prefix p;
	struct ts ts;
	assert_true(sscanf(text, "%63s %u %u-%u", net, &proto, &lo, &hi) >= 1);
	assert_int_equal(addr_parse_prefix(net, &p), 0);
	ts_of_prefix(&p, (uint8_t)proto, 0, &ts);
	ts.port_lo = (uint16_t)lo;
	ts.port_hi = (uint16_t)hi;
	return ts;
}

/* Separated by commas; "" is empty. */
static struct ts_list list_of(const char *text)
{
	struct ts_list l = { 0 };
	char copy[512], *at = copy, *word;
	snprintf(copy, sizeof(copy), "%s", text);
	while (text[0] && (word = strsep(&at, ",")))
		l.ts[l.n++] = ts_of(word);
	return l;
}

/* The youngest child that is up. */
static struct child_sa *last_child(const struct sim *s, int node)
{
	struct ike_sa *sa;
	struct child_sa *c, *found = NULL;
	LIST_EACH(sa, &s->nodes[node].engine->sas, node)
		LIST_EACH(c, &sa->children, node)
			if (c->state == CHILD_UP)
				found = c;
	return found;
}

static void expect_ts(const struct child_sa *c, const char *local, const char *peer)
{
	char got[TS_LIST_TEXT_MAX_BYTES];
	const struct ts_list l = list_of(local), p = list_of(peer);
	assert_non_null(c);
	if (!ts_list_same(&c->local_ts, &l))
		fail_msg("local is %s, not %s", ts_list_text(&c->local_ts, got), local);
	if (!ts_list_same(&c->peer_ts, &p))
		fail_msg("peer is %s, not %s", ts_list_text(&c->peer_ts, got), peer);
}

/* What the tweak makes of both sides' first sainfo, and of b's second one if there is one. */
static struct wanted {
	const char *local[SIM_NODES], *peer[SIM_NODES];
	const char *more_local, *more_peer;
	bool single[SIM_NODES], tunnel_anywhere;
} wanted;

static void as_wanted(struct policy *p, struct peer_config *peer, struct child_config *child,
		      int node)
{
	(void)p;
	child->local_ts = list_of(wanted.local[node]);
	child->peer_ts = list_of(wanted.peer[node]);
	child->single_pair = wanted.single[node];
	if (node != SIM_B || !wanted.more_local)
		return;
	struct child_config *more = peer_config_add_child(peer, "more");
	REQUIRE(more);
	more->n_proposals = child->n_proposals;
	memcpy(more->proposals, child->proposals, sizeof(more->proposals));
	more->install_policy = true;
	more->local_ts = list_of(wanted.more_local);
	more->peer_ts = list_of(wanted.more_peer);
}

static struct sim *start_wanted(const struct wanted *w)
{
	struct sim_options o = plain();
	wanted = *w;
	o.tweak = as_wanted;
	return start(&o);
}

/* A packet of node a, from..to, asks for an SA. */
static void acquire(struct sim *s, const char *from, const char *to, uint8_t proto, uint16_t sport,
		    uint16_t dport)
{
	struct sim_node *n = &s->nodes[SIM_A];
	struct keydb_event ev = { .kind = KEYDB_EVENT_ACQUIRE, .seq = 7 };
	struct sockaddr_storage ss;
	struct addr src, dst;
	assert_int_equal(addr_parse(from, &src), 0);
	assert_int_equal(addr_parse(to, &dst), 0);
	memcpy(&ev.sa.id.src, &ss, addr_to_sockaddr(&s->wire.ends[SIM_A].addr, &ss));
	memcpy(&ev.sa.id.dst, &ss, addr_to_sockaddr(&n->peer->peer_addrs[0], &ss));
	memcpy(&ev.sel.src, &ss, addr_to_sockaddr(&src, &ss));
	memcpy(&ev.sel.dst, &ss, addr_to_sockaddr(&dst, &ss));
	ev.sa.id.proto = KEYDB_PROTO_ESP;
	ev.sa.reqid = n->child->reqid;
	ev.sel.src_bits = ev.sel.dst_bits = addr_bits(&src);
	ev.sel.proto = proto;
	ev.sel.src_port = sport;
	ev.sel.dst_port = dport;
	ev.policy.sel = ev.sel;
	engine_kernel_event(n->engine, &ev);
	sim_run(s, 1000);
}

/* Both sides have so many children, all agreed on. */
static void expect_children(struct sim *s, size_t n)
{
	char text[4096];
	if (!sim_run_until(s, sim_is_settled, LONG_MS))
		fail_msg("%s", sim_difference(s, text, sizeof(text)));
	for (int i = 0; i < SIM_NODES; i++)
		assert_int_equal(kernel_fake_count(s->nodes[i].kernel), n);
}

/* ---- what is agreed on ---- */

static void several_selectors(void **state)
{
	const struct wanted w = {
		.local = { "10.1.0.0/16,10.3.0.0/16 6 80-90", "10.2.0.0/16,10.4.0.0/24" },
		.peer = { "10.2.0.0/16,10.4.0.0/24", "10.1.0.0/16,10.3.0.0/16 6 80-90" }
	};
	(void)state;
	struct sim *s = start_wanted(&w);
	come_up(s, SIM_A);
	for (int i = 0; i < SIM_NODES; i++) {
		expect_ts(last_child(s, i), w.local[i], w.peer[i]);
		/* two pairs of all protocols; ports 80-90 are three runs, to two nets; three directions */
		assert_int_equal(child_of(s, i)->n_policies, 3 * (2 + 2 * 3));
		assert_int_equal(child_of(s, i)->out.reqid, s->nodes[i].child->reqid);
	}
	assert_true(sim_logged("event=child_sa_up", "narrowed=no", ""));
	sim_free(s);
}

/* Case 26, and group 38: a peer that asks for everything gets what the configuration gives it. */
static void the_responder_narrows(void **state)
{
	const struct wanted w = { .local = { "0.0.0.0/0", "10.2.0.0/16,10.4.0.0/24" },
				  .peer = { "0.0.0.0/0", "10.1.0.0/16 6 0-65535" } };
	(void)state;
	struct sim *s = start_wanted(&w);
	come_up(s, SIM_A);
	expect_ts(last_child(s, SIM_A), "10.1.0.0/16 6 0-65535", "10.2.0.0/16,10.4.0.0/24");
	expect_ts(last_child(s, SIM_B), "10.2.0.0/16,10.4.0.0/24", "10.1.0.0/16 6 0-65535");
	/* a's traps stay for the rest: the kernel must not lead that to this SA */
	assert_int_not_equal(child_of(s, SIM_A)->out.reqid, s->nodes[SIM_A].child->reqid);
	assert_int_equal(policy_reqid_base(child_of(s, SIM_A)->out.reqid),
			 s->nodes[SIM_A].child->reqid);
	/* b's configuration has no other packets than these */
	assert_int_equal(child_of(s, SIM_B)->out.reqid, s->nodes[SIM_B].child->reqid);
	assert_true(sim_logged("event=child_sa_up", "narrowed=yes", ""));
	sim_free(s);
}

static void nothing_in_common(void **state)
{
	static const struct wanted rows[] = {
		/* other nets; other protocols; other ports; a family each */
		{ .local = { "10.1.0.0/16", "10.9.0.0/16" },
		  .peer = { "10.2.0.0/16", "10.1.0.0/16" } },
		{ .local = { "10.1.0.0/16 6", "10.2.0.0/16 17" },
		  .peer = { "10.2.0.0/16 6", "10.1.0.0/16 17" } },
		{ .local = { "10.1.0.0/16 6 80-90", "10.2.0.0/16" },
		  .peer = { "10.2.0.0/16", "10.1.0.0/16 6 91-99" } },
		{ .local = { "10.1.0.0/16", "" }, .peer = { "fd00::/8", "" } },
		{ .local = { "10.1.0.0/16 6", "" }, .peer = { "10.2.0.0/16 17", "" } },
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct sim *s = start_wanted(&rows[i]);
		assert_int_equal(sim_initiate(s, SIM_A), 0);
		sim_run(s, 3000);
		expect_children(s, 0);
		assert_true(sim_logged("event=negotiation_failed", "remote=a ",
				       "reason=selector_mismatch"));
		assert_true(sim_logged("remote=a ", "ours=", "theirs="));
		assert_true(sim_logged("event=negotiation_failed", "remote=b ",
				       "what=TS_UNACCEPTABLE"));
		/* the IKE SA stands without it (1.2) */
		assert_int_equal(sim_n_up(s, SIM_A), 1);
		sim_free(s);
	}
}

/* b has a sainfo for each net, a has one for both. */
static const struct wanted two_of_one = { .local = { "10.1.0.0/16", "10.2.0.0/16" },
					  .peer = { "10.0.0.0/8", "10.1.0.0/16" },
					  .more_local = "10.4.0.0/16",
					  .more_peer = "10.1.0.0/16" };

/* Case 26: what the packet asks for is in the result, whichever entry that takes. */
static void the_packet_chooses(void **state)
{
	(void)state;
	struct sim *s = start_wanted(&two_of_one);
	acquire(s, "10.1.0.7", "10.4.0.9", 17, 1000, 53);
	expect_children(s, 1);
	expect_ts(last_child(s, SIM_A), "10.1.0.0/16", "10.4.0.0/16");
	assert_string_equal(last_child(s, SIM_B)->config->name, "more");
	/* 2.9: ADDITIONAL_TS_POSSIBLE */
	assert_true(sim_logged("event=child_sa_up", "remote=b ", "narrowed=more"));
	/* the kernel may ask for the rest at once */
	assert_int_equal(kernel_fake_acquires_failed(s->nodes[SIM_A].kernel), 1);
	/* and it does: the next packet gets a child of its own, which the kernel can tell apart */
	acquire(s, "10.1.0.7", "10.2.0.9", 17, 1000, 53);
	expect_children(s, 2);
	expect_ts(last_child(s, SIM_A), "10.1.0.0/16", "10.2.0.0/16");
	const struct kernel_child *x = kernel_fake_child(s->nodes[SIM_A].kernel, 0);
	const struct kernel_child *y = kernel_fake_child(s->nodes[SIM_A].kernel, 1);
	assert_int_not_equal(x->out.reqid, y->out.reqid);
	assert_int_equal(sim_n_up(s, SIM_A), 1);
	sim_free(s);
}

static void an_icmp_packet_chooses_no_type(void **state)
{
	const struct wanted wide = { .local = { "10.1.0.0/16", "10.2.0.0/16" },
				     .peer = { "10.2.0.0/16", "10.1.0.0/16" } };
	const struct wanted narrow = { .local = { "10.1.0.0/16", "10.2.0.0/16" },
				       .peer = { "10.2.0.0/16 1 2048-2303,10.2.0.0/16 6",
						 "10.1.0.0/16" } };
	(void)state;
	struct sim *s = start_wanted(&wide);
	acquire(s, "10.1.0.7", "10.2.0.9", 1, 8, 0);
	expect_children(s, 1);
	expect_ts(last_child(s, SIM_A), "10.1.0.0/16", "10.2.0.0/16");
	sim_free(s);
	/* only echo requests are wanted: type 8, all codes */
	s = start_wanted(&narrow);
	acquire(s, "10.1.0.7", "10.2.0.9", 1, 3, 1);
	expect_children(s, 0);
	assert_true(sim_logged("event=acquire_ignored", "", ""));
	acquire(s, "10.1.0.7", "10.2.0.9", 1, 8, 0);
	expect_children(s, 1);
	expect_ts(last_child(s, SIM_A), "10.1.0.0/16", "10.2.0.0/16 1 2048-2303,10.2.0.0/16 6");
	sim_free(s);
}

/* ---- single pairs ---- */

static const struct wanted b_wants_pairs = { .local = { "10.1.0.0/16", "10.2.0.0/16" },
					     .peer = { "10.2.0.0/16", "10.1.0.0/16" },
					     .single = { false, true } };

static void a_pair_is_required(void **state)
{
	(void)state;
	/* without a packet nobody knows which */
	struct sim *s = start_wanted(&b_wants_pairs);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 3000);
	expect_children(s, 0);
	assert_true(sim_logged("event=negotiation_failed", "remote=a ", "reason=single_pair"));
	assert_true(
		sim_logged("event=negotiation_failed", "remote=b ", "what=SINGLE_PAIR_REQUIRED"));
	sim_free(s);
	/* with one, the responder takes the pair out of what is asked for, in IKE_AUTH ... */
	s = start_wanted(&b_wants_pairs);
	acquire(s, "10.1.0.7", "10.2.0.9", 17, 1000, 53);
	expect_children(s, 1);
	expect_ts(last_child(s, SIM_A), "10.1.0.7", "10.2.0.9");
	/* ... and in CREATE_CHILD_SA */
	acquire(s, "10.1.0.7", "10.2.0.10", 17, 1000, 53);
	expect_children(s, 2);
	expect_ts(last_child(s, SIM_B), "10.2.0.10", "10.1.0.7");
	assert_true(sim_logged("event=child_sa_up", "remote=b ", "narrowed=more"));
	sim_free(s);
}

static void we_ask_for_a_pair(void **state)
{
	struct wanted w = b_wants_pairs;
	(void)state;
	w.single[SIM_A] = true;
	w.single[SIM_B] = false;
	struct sim *s = start_wanted(&w);
	acquire(s, "10.1.0.7", "10.2.0.9", 17, 1000, 53);
	acquire(s, "10.1.0.8", "10.2.0.9", 17, 1000, 53);
	expect_children(s, 2);
	expect_ts(last_child(s, SIM_A), "10.1.0.8", "10.2.0.9");
	for (int i = 0; i < SIM_NODES; i++)
		assert_int_not_equal(kernel_fake_child(s->nodes[i].kernel, 0)->out.reqid,
				     kernel_fake_child(s->nodes[i].kernel, 1)->out.reqid);
	sim_free(s);
}

/* ---- a peer that does not keep to the rules ---- */

/* What the responder's next calls of narrow() are to give, instead. */
static const char *instead[2];
static size_t n_instead;

int __real_narrow(const struct ts *asked, size_t n, const struct ts_list *allowed,
		  struct ts_list *ret, bool *ret_more);
int __wrap_narrow(const struct ts *asked, size_t n, const struct ts_list *allowed,
		  struct ts_list *ret, bool *ret_more);
int __wrap_narrow(const struct ts *asked, size_t n, const struct ts_list *allowed,
		  struct ts_list *ret, bool *ret_more)
{
	if (n_instead == 0)
		return __real_narrow(asked, n, allowed, ret, ret_more);
	*ret = list_of(instead[--n_instead]);
	*ret_more = false;
	return 0;
}

/* TSr is narrowed first. */
static void answer_instead(const char *tsr, const char *tsi)
{
	instead[1] = tsr;
	instead[0] = tsi;
	n_instead = 2;
}

static const struct wanted usual = { .local = { "10.1.0.0/16", "10.2.0.0/16" },
				     .peer = { "10.2.0.0/16", "10.1.0.0/16" } };

/* Group 37. */
static void a_responder_that_widens_gets_nothing(void **state)
{
	static const char *const rows[][2] = {
		{ "10.0.0.0/8", "10.1.0.0/16" },  { "10.2.0.0/16", "0.0.0.0/0" },
		{ "10.3.0.0/16", "10.1.0.0/16" }, { "10.2.0.0/16,10.3.0.0/16", "10.1.0.0/16" },
		{ "fd00::/8", "fd01::/16" },
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		/* in IKE_AUTH, then in CREATE_CHILD_SA */
		struct sim *s = start_wanted(&usual);
		for (int round = 0; round < 2; round++) {
			sim_log_clear();
			answer_instead(rows[i][0], rows[i][1]);
			assert_int_equal(sim_initiate(s, SIM_A), 0);
			sim_run(s, 3000);
			assert_int_equal(n_instead, 0);
			expect_children(s, 0);
			assert_true(sim_logged("event=negotiation_failed", "remote=b ",
					       "reason=selector_mismatch"));
			assert_int_equal(engine_counters(s->nodes[SIM_A].engine)->n_child_up, 0);
			assert_int_equal(sim_n_up(s, SIM_A), 1);
		}
		sim_free(s);
	}
}

/* Case 27, the initiator: an answer to a rekey that has less is no successor. */
static void a_rekey_is_not_narrowed_by_the_answer(void **state)
{
	(void)state;
	struct sim *s = start_wanted(&usual);
	come_up(s, SIM_A);
	uint32_t before = child_of(s, SIM_A)->in.id.spi;
	/* b's own check would not let it pass */
	struct child_sa *old = last_child(s, SIM_B);
	const struct ts_list whole = old->local_ts;
	old->local_ts = list_of("10.2.7.0/24");
	answer_instead("10.2.7.0/24", "10.1.0.0/16");
	sim_grow_old(s, SIM_A);
	sim_run(s, 3000);
	assert_int_equal(n_instead, 0);
	assert_true(
		sim_logged("event=negotiation_failed", "remote=b ", "reason=selector_mismatch"));
	assert_int_equal(child_of(s, SIM_A)->in.id.spi, before);
	last_child(s, SIM_B)->local_ts = whole;
	/* it is tried again, and then it is whole */
	sim_run(s, 60000);
	expect_children(s, 1);
	assert_int_not_equal(child_of(s, SIM_A)->in.id.spi, before);
	expect_ts(last_child(s, SIM_A), "10.1.0.0/16", "10.2.0.0/16");
	sim_free(s);
}

/* Case 27, the responder: 2.9.2. */
static void a_rekey_is_not_narrowed_by_the_request(void **state)
{
	(void)state;
	struct sim *s = start_wanted(&usual);
	come_up(s, SIM_A);
	last_child(s, SIM_A)->local_ts = list_of("10.1.3.0/24");
	sim_grow_old(s, SIM_A);
	sim_run(s, 3000);
	assert_true(sim_logged("remote=a ", "reason=selector_mismatch", "carries more"));
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 1);
	expect_ts(last_child(s, SIM_B), "10.2.0.0/16", "10.1.0.0/16");
	sim_free(s);
}

/* Case 27: what was narrowed is rekeyed as it is, with its reqid. */
static void a_rekey_keeps_what_was_agreed_on(void **state)
{
	(void)state;
	for (int i = 0; i < SIM_NODES; i++) {
		struct sim *s = start_wanted(&two_of_one);
		acquire(s, "10.1.0.7", "10.4.0.9", 17, 1000, 53);
		expect_children(s, 1);
		uint32_t reqid = child_of(s, SIM_A)->out.reqid, spi = child_of(s, SIM_A)->in.id.spi;
		sim_grow_old(s, i);
		sim_run(s, 3000);
		expect_children(s, 1);
		assert_int_not_equal(child_of(s, SIM_A)->in.id.spi, spi);
		assert_int_equal(child_of(s, SIM_A)->out.reqid, reqid);
		expect_ts(last_child(s, SIM_A), "10.1.0.0/16", "10.4.0.0/16");
		assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
		sim_free(s);
	}
}

/* ---- peers against each other ---- */

/*
 * a has two identities, for b two peers: "b" is x.example, "b2" is y.example.  b takes both by one
 * entry, with or without one more for x.example only.
 */
static const char *of_x = "10.9.0.0/16", *of_y = "10.9.0.0/16", *b_gives = "10.9.0.0/16";
static const char *b_has_plain;

static void name(struct id *id, char letter)
{
	*id = (struct id){ .type = ID_FQDN, .len = 9, .body = "?.example" };
	id->body[0] = (uint8_t)letter;
}

static void two_clients(struct policy *p, struct peer_config *peer, struct child_config *child,
			int node)
{
	struct plain_policy *plain;
	peer->initial_contact = false;
	if (node == SIM_B) {
		peer->n_peer_addrs = 0;
		peer->verify_id = false;
		name(&peer->local_id, 'b');
		child->local_ts = list_of("10.2.0.0/16");
		child->peer_ts = list_of(b_gives);
		if (b_has_plain) {
			plain = policy_add_plain(p, "nobody");
			REQUIRE(plain);
			plain->action = PLAIN_DISCARD;
			plain->local_ts = list_of("10.2.0.0/16");
			plain->peer_ts = list_of(b_has_plain);
		}
		return;
	}
	struct peer_config *second = policy_add_peer(p, "b2");
	REQUIRE(second);
	struct list node_ = second->node;
	struct child_config *more = peer_config_add_child(second, "net");
	REQUIRE(more);
	struct list children = second->children;
	name(&peer->local_id, 'x');
	peer->verify_id = false;
	*second = *peer;
	second->node = node_;
	second->children = children;
	snprintf(second->name, sizeof(second->name), "b2");
	name(&second->local_id, 'y');
	more->n_proposals = child->n_proposals;
	memcpy(more->proposals, child->proposals, sizeof(more->proposals));
	/* a's own kernel is not what is looked at */
	child->install_policy = more->install_policy = false;
	child->local_ts = list_of(of_x);
	more->local_ts = list_of(of_y);
	child->peer_ts = more->peer_ts = list_of("10.2.0.0/16");
}

static void second_initiates(struct sim *s)
{
	const struct peer_config *second = policy_find_by_name(s->nodes[SIM_A].policy, "b2");
	struct err err = { 0 };
	assert_int_equal(engine_initiate(s->nodes[SIM_A].engine, second, NULL, ENGINE_WHY_COMMAND,
					 NULL, NULL, &err),
			 0);
	sim_run(s, 3000);
	assert_true(sim_run_until(s, sim_is_quiet, LONG_MS));
}

static struct sim *start_clients(const char *x, const char *y, const char *given)
{
	struct sim_options o = plain();
	of_x = x;
	of_y = y;
	b_gives = given;
	o.tweak = two_clients;
	struct sim *s = start(&o);
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 1000);
	return s;
}

/* Group 38: two clients with the same address inside, or with one in the net of the other. */
static void no_client_takes_anothers_traffic(void **state)
{
	static const char *const rows[][2] = { { "10.9.0.5", "10.9.0.5" },
					       { "10.9.0.0/24", "10.9.0.5" },
					       { "10.9.0.5", "10.9.0.0/24" },
					       { "10.9.0.5 6 0-65535", "10.9.0.5 6 80-80" } };
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct sim *s = start_clients(rows[i][0], rows[i][1], "10.9.0.0/16");
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 1);
		uint32_t spi = child_of(s, SIM_B)->out.id.spi;
		second_initiates(s);
		/* the second is who it says, and gets no child */
		assert_int_equal(sim_n_up(s, SIM_B), 2);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 1);
		assert_int_equal(child_of(s, SIM_B)->out.id.spi, spi);
		assert_true(sim_logged("event=negotiation_failed", "reason=selector_taken",
				       "x.example has them"));
		assert_true(sim_logged("remote=b2 ", "what=TS_UNACCEPTABLE", ""));
		/* when the first is gone, it is free */
		assert_int_equal(sim_terminate(s, SIM_A, "b"), 0);
		sim_run(s, 3000);
		second_initiates(s);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 1);
		assert_int_not_equal(child_of(s, SIM_B)->out.id.spi, spi);
		sim_free(s);
	}
}

static void other_addresses_are_free(void **state)
{
	static const char *const rows[][2] = { { "10.9.0.5", "10.9.0.6" },
					       { "10.9.0.5 6", "10.9.0.5 17" },
					       { "10.9.0.5 6 80-80", "10.9.0.5 6 81-90" } };
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct sim *s = start_clients(rows[i][0], rows[i][1], "10.9.0.0/16");
		second_initiates(s);
		assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 2);
		/* both come from one address here, so only the reqid tells them apart */
		assert_int_not_equal(kernel_fake_child(s->nodes[SIM_B].kernel, 0)->out.reqid,
				     kernel_fake_child(s->nodes[SIM_B].kernel, 1)->out.reqid);
		assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
		sim_free(s);
	}
}

/* One identity twice is one peer: it may come again, from elsewhere too. */
static void the_same_client_may_come_again(void **state)
{
	struct sim_options o = plain();
	(void)state;
	of_x = "10.9.0.5";
	of_y = "10.9.0.5";
	b_gives = "10.9.0.0/16";
	o.tweak = two_clients;
	struct sim *s = start(&o);
	struct peer_config *second =
		LIST_ENTRY(s->nodes[SIM_A].policy->peers.prev, struct peer_config, node);
	second->local_id = s->nodes[SIM_A].peer->local_id;
	assert_int_equal(sim_initiate(s, SIM_A), 0);
	sim_run(s, 1000);
	second_initiates(s);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 2);
	assert_int_equal(sim_log_count("event=negotiation_failed"), 0);
	sim_free(s);
}

/* A narrower entry is the administrator's order: its traffic is not taken by a narrow wish. */
static void a_wide_entry_stays_behind_a_narrow_one(void **state)
{
	const struct wanted site = { .local = { "10.1.0.0/16", "10.2.0.0/16" },
				     .peer = { "10.2.0.0/16", "10.1.0.0/16" } };
	(void)state;
	struct sim *s = start_wanted(&site);
	come_up(s, SIM_A);
	const struct child_sa *c = last_child(s, SIM_B);
	uint32_t of_site = child_of(s, SIM_B)->policies[0].priority;
	/* another peer of b, by an entry for 10.0.0.0/8, names one host of the site */
	struct child_config wide = *c->config;
	struct policy_spd_ends ends = { .local = c->local, .peer = c->peer };
	struct ts host = ts_of("10.1.0.7");
	wide.peer_ts = list_of("10.0.0.0/8");
	assert_true(policy_spd_child_priority(&wide, &ends, &c->local_ts.ts[0], &host) > of_site);
	sim_free(s);
	/* and where it lies in what the other one has, it is refused: it would get nothing */
	b_has_plain = "10.9.1.0/24";
	s = start_clients("10.9.1.7", "10.9.0.0/16", "10.9.0.0/16");
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 0);
	assert_true(sim_logged("reason=selector_taken", "the policy nobody is for them", ""));
	/* the wide one has more than that */
	second_initiates(s);
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), 1);
	sim_free(s);
	b_has_plain = NULL;
}

/* 255 children of one entry can be told apart. */
static void too_many_narrowed(void **state)
{
	struct wanted w = b_wants_pairs;
	char to[32];
	(void)state;
	struct sim *s = start_wanted(&w);
	for (int i = 0; i < POLICY_REQID_VARIANTS - 1; i++) {
		snprintf(to, sizeof(to), "10.2.0.%d", i + 1);
		acquire(s, "10.1.0.7", to, 17, 1000, 53);
	}
	assert_int_equal(kernel_fake_count(s->nodes[SIM_B].kernel), POLICY_REQID_VARIANTS - 1);
	acquire(s, "10.1.0.7", "10.2.1.1", 17, 1000, 53);
	assert_true(sim_run_until(s, sim_is_quiet, LONG_MS));
	for (int i = 0; i < SIM_NODES; i++)
		assert_int_equal(kernel_fake_count(s->nodes[i].kernel), POLICY_REQID_VARIANTS - 1);
	assert_true(sim_logged("event=negotiation_failed", "reason=overload", "narrowed"));
	/* what goes makes room */
	assert_int_equal(sim_terminate(s, SIM_A, "b/net"), 0);
	sim_run(s, 6000);
	expect_children(s, 0);
	acquire(s, "10.1.0.7", "10.2.1.1", 17, 1000, 53);
	expect_children(s, 1);
	sim_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("several selectors on both sides, ports among them", several_selectors),
		UNIT("a peer that asks for everything gets its part", the_responder_narrows),
		UNIT("nothing in common: refused with both sides' selectors", nothing_in_common),
		UNIT("what the packet asks for is in the result", the_packet_chooses),
		UNIT("an ICMP packet chooses no type, unless it must",
		     an_icmp_packet_chooses_no_type),
		UNIT("SINGLE_PAIR_REQUIRED is said, and obeyed", a_pair_is_required),
		UNIT("single_pair asks for the packet's addresses", we_ask_for_a_pair),
		UNIT("a responder that widens gets nothing", a_responder_that_widens_gets_nothing),
		UNIT("a rekey is not narrowed by the answer",
		     a_rekey_is_not_narrowed_by_the_answer),
		UNIT("a rekey is not narrowed by the request",
		     a_rekey_is_not_narrowed_by_the_request),
		UNIT("a rekey keeps what was agreed on", a_rekey_keeps_what_was_agreed_on),
		UNIT("no client takes another's traffic", no_client_takes_anothers_traffic),
		UNIT("other addresses, protocols and ports are free", other_addresses_are_free),
		UNIT("the same client may come again", the_same_client_may_come_again),
		UNIT("a wide entry stays behind a narrow one",
		     a_wide_entry_stays_behind_a_narrow_one),
		UNIT("narrowed children have a limit", too_many_narrowed),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
