/* SPDX-License-Identifier: BSD-2-Clause */
/* Two engines in one process: set-up, words for tests. */
#include "sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ike/engine_int.h"
#include "policy/lease_text.h"

static const char *const default_psk = "tanuki and kitsune";

/* ---- policy ---- */

static const uint8_t types[] = { TRANSFORM_ENCR, TRANSFORM_PRF, TRANSFORM_INTEG, TRANSFORM_KE };

static void add_word(const char *word, struct proposal *p)
{
	char name[64];
	const char *colon = strchr(word, ':');
	size_t len = colon ? (size_t)(colon - word) : strlen(word);
	uint16_t bits = colon ? (uint16_t)atoi(colon + 1) : 0;

	REQUIRE(len < sizeof(name));
	memcpy(name, word, len);
	name[len] = 0;
	for (size_t i = 0; i < N_ELEMENTS(types); i++) {
		/* a word may be one of two types: the first that is not for PRFs wins */
		const struct alg *alg = alg_find_word(types[i], name);
		if (!alg || (types[i] == TRANSFORM_PRF && strncmp(name, "prf", 3) != 0))
			continue;
		REQUIRE(alg_takes_bits(alg, bits) && p->n_transforms < POLICY_TRANSFORMS_MAX);
		p->transforms[p->n_transforms++] = transform_of(alg, bits);
		return;
	}
	fprintf(stderr, "unknown algorithm %s\n", name);
	abort();
}

void sim_proposal(const char *text, uint8_t protocol, struct proposal *ret)
{
	char copy[256], *at = copy, *word;
	*ret = (struct proposal){ .protocol = protocol };
	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&at, "/, ")))
		if (word[0])
			add_word(word, ret);
}

/* Proposals are separated by semicolons. */
static uint8_t proposals(const char *text, uint8_t protocol,
			 struct proposal ret[POLICY_PROPOSALS_MAX])
{
	char copy[512], *at = copy, *part;
	uint8_t n = 0;
	snprintf(copy, sizeof(copy), "%s", text);
	while ((part = strsep(&at, ";")))
		sim_proposal(part, protocol, &ret[n++]);
	return n;
}

static struct addr address(const struct sim_options *o, int node)
{
	static const char *const v4[] = { "192.0.2.1", "192.0.2.2" };
	static const char *const v6[] = { "2001:db8::1", "2001:db8::2" };
	static const char *const inside[] = { "10.0.0.1", "192.0.2.2" };
	struct addr a;
	const char *text = o->v6 ? v6[node] : o->nat ? inside[node] : v4[node];
	REQUIRE(addr_parse(text, &a) == 0);
	return a;
}

static struct addr peer_address(const struct sim_options *o, int node)
{
	if (o->nat && node == SIM_B)
		return o->wire.nat_outside;
	return address(o, !node);
}

static void subnet(const char *text, struct ts_list *ret)
{
	struct addr_prefix p;
	REQUIRE(addr_parse_prefix(text, &p) == 0);
	ret->n = 1;
	ts_of_prefix(&p, 0, 0, &ret->ts[0]);
}

void sim_two_nets(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	struct child_config *more = peer_config_add_child(peer, "more");
	(void)p;
	REQUIRE(more);
	more->n_proposals = child->n_proposals;
	memcpy(more->proposals, child->proposals, sizeof(more->proposals));
	more->install_policy = true;
	subnet(node == SIM_A ? "10.3.0.0/16" : "10.4.0.0/16", &more->local_ts);
	subnet(node == SIM_A ? "10.4.0.0/16" : "10.3.0.0/16", &more->peer_ts);
}

static void make_policy(struct sim *s, int i)
{
	struct sim_node *node = &s->nodes[i];
	const struct sim_options *o = &s->options;
	struct policy *p = policy_new();
	REQUIRE(p);
	struct peer_config *peer = policy_add_peer(p, i == SIM_A ? "b" : "a");
	REQUIRE(peer);
	struct child_config *child = peer_config_add_child(peer, "net");
	REQUIRE(child);
	const char *ike = o->ike[i] ? o->ike[i] : "aes_gcm16:128/prf_sha256/curve25519";
	const char *esp = o->esp[i] ? o->esp[i] : "aes_gcm16:128";

	p->timers.retransmit_first_ms = 500;
	peer->n_peer_addrs = 1;
	peer->peer_addrs[0] = peer_address(o, i);
	peer->initiate = INITIATE_NEVER;
	peer->verify_id = !o->nat;
	peer->dpd_delay_ms = o->dpd_delay_ms;
	peer->n_proposals = proposals(ike, PROPOSAL_IKE, peer->proposals);
	child->n_proposals = proposals(esp, PROPOSAL_ESP, child->proposals);
	child->install_policy = true;
	child->mode = o->transport ? CHILD_TRANSPORT : CHILD_TUNNEL;
	child->ipcomp = o->ipcomp;
	if (!o->transport) {
		subnet(i == SIM_A ? "10.1.0.0/16" : "10.2.0.0/16", &child->local_ts);
		subnet(i == SIM_A ? "10.2.0.0/16" : "10.1.0.0/16", &child->peer_ts);
	}
	node->policy = p;
	node->peer = peer;
	node->child = child;
	if (o->tweak)
		o->tweak(p, peer, child, i);
}

/* ---- life ---- */

static void on_packet(void *arg, const struct udp_packet *packet)
{
	struct sim_node *node = arg;
	engine_receive(node->engine, packet);
}

static void start_daemon(struct sim *s, int i)
{
	struct sim_node *node = &s->nodes[i];
	const char *psk = s->options.psk[i] ? s->options.psk[i] : default_psk;

	node->kernel = kernel_fake_new(s->loop, s->options.kernel_delay_ms);
	node->keeper = keeper_fake_new(s->loop, s->options.keeper_delay_ms, psk[0] ? psk : NULL);
	node->addresses = address_fake_new(s->loop, node->policy, s->options.kernel_delay_ms);
	REQUIRE(node->kernel && node->keeper && node->addresses);
	const struct engine_ports ports = { .loop = s->loop,
					    .udp = &s->wire.ends[i].udp,
					    .kernel = kernel_fake_port(node->kernel),
					    .keeper = keeper_fake_port(node->keeper),
					    .names = s->options.names,
					    .addresses = address_fake_port(node->addresses),
					    .policy = node->policy,
					    .number = (uint8_t)i };
	REQUIRE(engine_new(&ports, &node->engine) == 0);
	engine_address(node->engine, &s->wire.ends[i].addr, true);
	for (size_t k = 0; k < N_ELEMENTS(s->wire.ends[i].more); k++)
		if (addr_is_set(&s->wire.ends[i].more[k]))
			engine_address(node->engine, &s->wire.ends[i].more[k], true);
	s->wire.ends[i].receive = on_packet;
	s->wire.ends[i].arg = node;
	engine_start(node->engine);
}

static void stop_daemon(struct sim_node *node)
{
	engine_free(node->engine);
	kernel_fake_free(node->kernel);
	keeper_fake_free(node->keeper);
	address_fake_free(node->addresses);
}

struct sim *sim_new(const struct sim_options *options)
{
	struct sim *s = calloc(1, sizeof(*s));
	REQUIRE(s);
	s->options = *options;
	s->prng = prng_of(options->seed);
	s->loop = loop_new_virtual();
	REQUIRE(s->loop);
	s->nodes[SIM_A].name = "a";
	s->nodes[SIM_B].name = "b";
	if (options->nat) {
		REQUIRE(addr_parse("10.0.0.1", &s->options.wire.nat_inside) == 0);
		REQUIRE(addr_parse("198.51.100.7", &s->options.wire.nat_outside) == 0);
		s->options.wire.nat_shift = 10000;
	}
	wire_init(&s->wire, s->loop, &s->prng, &s->options.wire);
	for (int i = 0; i < SIM_NODES; i++) {
		s->wire.ends[i].addr = address(&s->options, i);
		make_policy(s, i);
	}
	for (int i = 0; i < SIM_NODES; i++)
		start_daemon(s, i);
	return s;
}

void sim_free(struct sim *s)
{
	for (int i = 0; i < SIM_NODES; i++) {
		stop_daemon(&s->nodes[i]);
		policy_unref(s->nodes[i].policy);
	}
	wire_done(&s->wire);
	loop_free(s->loop);
	free(s);
}

void sim_crash(struct sim *s, int node)
{
	struct sim_node *n = &s->nodes[node];
	struct lease_text_result kept;
	char *leases = NULL;
	size_t len;
	REQUIRE(lease_text_write(address_fake_leases(n->addresses), &leases, &len) == 0);
	stop_daemon(n);
	start_daemon(s, node);
	REQUIRE(lease_text_read(address_fake_leases(n->addresses), leases, len, &kept) == 0);
	free(leases);
}

/* ---- addresses ---- */

void sim_add_address(struct sim *s, int node, const char *text)
{
	struct wire_end *end = &s->wire.ends[node];
	struct addr *free_one = addr_is_set(&end->addr) ? NULL : &end->addr, a;
	REQUIRE(addr_parse(text, &a) == 0);
	for (size_t i = 0; !free_one && i < N_ELEMENTS(end->more); i++)
		if (!addr_is_set(&end->more[i]))
			free_one = &end->more[i];
	REQUIRE(free_one);
	*free_one = a;
	engine_address(s->nodes[node].engine, &a, true);
}

void sim_remove_address(struct sim *s, int node, const char *text)
{
	struct wire_end *end = &s->wire.ends[node];
	struct addr a;
	REQUIRE(addr_parse(text, &a) == 0);
	if (addr_eq(&end->addr, &a))
		end->addr = (struct addr){ 0 };
	for (size_t i = 0; i < N_ELEMENTS(end->more); i++)
		if (addr_eq(&end->more[i], &a))
			end->more[i] = (struct addr){ 0 };
	engine_address(s->nodes[node].engine, &a, false);
}

/* ---- time ---- */

/* What is due next, or the clock moved on without it. */
static void step(struct sim *s, int64_t limit_ms)
{
	bool due = loop_virtual_step(s->loop, limit_ms);
	(void)due;
}

void sim_run(struct sim *s, int64_t ms)
{
	int64_t end_ms = loop_now_ms(s->loop) + ms;
	while (loop_now_ms(s->loop) < end_ms)
		step(s, end_ms - loop_now_ms(s->loop));
}

bool sim_run_until(struct sim *s, sim_condition_fn condition, int64_t limit_ms)
{
	int64_t end_ms = loop_now_ms(s->loop) + limit_ms;
	while (!condition(s)) {
		int64_t left_ms = end_ms - loop_now_ms(s->loop);
		if (left_ms <= 0)
			return false;
		step(s, left_ms);
	}
	return true;
}

/* ---- deeds ---- */

static void on_done(void *arg, int result, const char *text)
{
	struct sim_node *node = arg;
	node->n_done++;
	node->last_result = result;
	snprintf(node->last_text, sizeof(node->last_text), "%s", text);
}

int sim_initiate(struct sim *s, int node)
{
	struct sim_node *n = &s->nodes[node];
	struct err err = { 0 };
	return engine_initiate(n->engine, n->peer, n->child, ENGINE_WHY_COMMAND, on_done, n, &err);
}

int sim_initiate_more(struct sim *s, int node)
{
	const struct peer_config *peer = s->nodes[node].peer;
	struct err err = { 0 };
	return engine_initiate(s->nodes[node].engine, peer,
			       LIST_ENTRY(peer->children.prev, struct child_config, node),
			       ENGINE_WHY_COMMAND, NULL, NULL, &err);
}

int sim_terminate(struct sim *s, int node, const char *target)
{
	struct sim_node *n = &s->nodes[node];
	struct err err = { 0 };
	return engine_terminate(n->engine, target, on_done, n, &err);
}

static void to_keydb(const struct addr *a, union keydb_addr *ret)
{
	struct sockaddr_storage ss;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &ss, addr_to_sockaddr(a, &ss));
}

void sim_acquire(struct sim *s, int node)
{
	struct sim_node *n = &s->nodes[node];
	struct keydb_event ev = { .kind = KEYDB_EVENT_ACQUIRE, .seq = 7 };
	struct addr src = n->child->local_ts.n ? n->child->local_ts.ts[0].first
					       : s->wire.ends[node].addr;
	struct addr dst = n->child->peer_ts.n ? n->child->peer_ts.ts[0].first
					      : n->peer->peer_addrs[0];

	to_keydb(&s->wire.ends[node].addr, &ev.sa.id.src);
	to_keydb(&n->peer->peer_addrs[0], &ev.sa.id.dst);
	ev.sa.id.proto = KEYDB_PROTO_ESP;
	ev.sa.reqid = n->child->reqid;
	to_keydb(&src, &ev.sel.src);
	to_keydb(&dst, &ev.sel.dst);
	ev.sel.src_bits = ev.sel.dst_bits = addr_bits(&src);
	ev.sel.proto = 17;
	ev.sel.src_port = 1234;
	ev.sel.dst_port = 53;
	ev.policy.sel = ev.sel;
	engine_kernel_event(n->engine, &ev);
}

static void expire(struct sim *s, int node, bool hard)
{
	struct sim_node *n = &s->nodes[node];
	struct keydb_event ev = { .kind = KEYDB_EVENT_EXPIRE, .hard = hard };
	const struct kernel_child *c = kernel_fake_child(n->kernel, 0);
	if (!c)
		return;
	ev.sa = prng_percent(&s->prng, 50) ? c->in : c->out;
	engine_kernel_event(n->engine, &ev);
}

void sim_expire(struct sim *s, int node)
{
	expire(s, node, true);
}

void sim_grow_old(struct sim *s, int node)
{
	expire(s, node, false);
}

void sim_rekey(struct sim *s, int node, const char *target)
{
	struct err err = { 0 };
	(void)!engine_rekey(s->nodes[node].engine, target, &err);
}

void sim_reauth(struct sim *s, int node)
{
	struct err err = { 0 };
	(void)!engine_reauth(s->nodes[node].engine, node == SIM_A ? "b" : "a", &err);
}

/* ---- views ---- */

struct count {
	size_t n_up, n_moving;
};

static int count_sa(void *arg, const struct engine_sa_view *v)
{
	struct count *c = arg;
	if (strcmp(v->state, "established") == 0)
		c->n_up++;
	else
		c->n_moving++;
	c->n_moving += v->n_asked;
	for (size_t i = 0; i < v->n_children; i++)
		c->n_moving += strcmp(v->children[i].state, "up") != 0;
	return 0;
}

static struct count count(const struct sim *s, int node)
{
	struct count c = { 0 };
	engine_each_sa(s->nodes[node].engine, count_sa, &c);
	return c;
}

size_t sim_n_up(const struct sim *s, int node)
{
	return count(s, node).n_up;
}

size_t sim_n_moving(const struct sim *s, int node)
{
	return count(s, node).n_moving;
}

bool sim_is_quiet(struct sim *s)
{
	for (int i = 0; i < SIM_NODES; i++)
		if (sim_n_moving(s, i) > 0 || kernel_fake_n_open(s->nodes[i].kernel) > 0 ||
		    address_fake_n_open(s->nodes[i].addresses) > 0 ||
		    !list_empty(&s->nodes[i].engine->removals))
			return false;
	return s->wire.n_flying == 0;
}

bool sim_is_up(struct sim *s)
{
	return sim_n_up(s, SIM_A) == 1 && sim_n_up(s, SIM_B) == 1 &&
	       kernel_fake_count(s->nodes[SIM_A].kernel) == 1 &&
	       kernel_fake_count(s->nodes[SIM_B].kernel) == 1;
}

static bool can_receive(const struct kernel_fake *f, uint32_t spi)
{
	for (size_t i = 0; i < kernel_fake_count(f); i++)
		if (kernel_fake_child(f, i)->in.id.spi == spi)
			return true;
	return false;
}

/* As Linux chooses: the youngest SA that is there. */
static uint32_t sends_to(const struct sim_node *node)
{
	const struct kernel_fake *f = node->kernel;
	uint32_t spi = 0;
	for (size_t i = 0; i < kernel_fake_count(f); i++)
		if (kernel_fake_is_complete(f, i) &&
		    kernel_fake_child(f, i)->out.reqid == node->child->reqid)
			spi = kernel_fake_child(f, i)->out.id.spi;
	return spi;
}

bool sim_can_talk(struct sim *s)
{
	for (int i = 0; i < SIM_NODES; i++) {
		uint32_t spi = sends_to(&s->nodes[i]);
		if (spi == 0 || !can_receive(s->nodes[!i].kernel, spi))
			return false;
	}
	return true;
}

bool sim_is_down(struct sim *s)
{
	return sim_is_quiet(s) && sim_n_up(s, SIM_A) == 0 && sim_n_up(s, SIM_B) == 0 &&
	       kernel_fake_count(s->nodes[SIM_A].kernel) == 0 &&
	       kernel_fake_count(s->nodes[SIM_B].kernel) == 0;
}

/* ---- agreement ---- */

enum { SETS_MAX = 64 };

struct sa_fact {
	uint64_t spi_i, spi_r;
	bool initiator;
	struct proposal algorithms;
	size_t n_children;
	uint32_t spis[8][2]; /* in, out */
};

struct facts {
	struct sa_fact sas[SETS_MAX];
	size_t n, n_children;
};

static int note_sa(void *arg, const struct engine_sa_view *v)
{
	struct facts *f = arg;
	if (strcmp(v->state, "established") != 0 || f->n == SETS_MAX)
		return 0;
	struct sa_fact *sa = &f->sas[f->n++];
	*sa = (struct sa_fact){ .spi_i = v->spi_i,
				.spi_r = v->spi_r,
				.initiator = v->initiator,
				.algorithms = *v->algorithms };
	for (size_t i = 0; i < v->n_children && i < N_ELEMENTS(sa->spis); i++) {
		if (strcmp(v->children[i].state, "up") != 0)
			continue;
		sa->spis[sa->n_children][0] = v->children[i].spi_in;
		sa->spis[sa->n_children++][1] = v->children[i].spi_out;
		f->n_children++;
	}
	return 0;
}

static const struct sa_fact *counterpart(const struct facts *f, const struct sa_fact *sa)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->sas[i].spi_i == sa->spi_i && f->sas[i].spi_r == sa->spi_r &&
		    f->sas[i].initiator != sa->initiator)
			return &f->sas[i];
	return NULL;
}

static bool same_children(const struct sa_fact *a, const struct sa_fact *b)
{
	size_t n = 0;
	for (size_t i = 0; i < a->n_children; i++)
		for (size_t j = 0; j < b->n_children; j++)
			n += a->spis[i][0] == b->spis[j][1] && a->spis[i][1] == b->spis[j][0];
	return n == a->n_children && n == b->n_children;
}

static bool same_algs(const struct proposal *a, const struct proposal *b)
{
	if (a->n_transforms != b->n_transforms)
		return false;
	for (uint8_t i = 0; i < a->n_transforms; i++)
		if (!transform_eq(&a->transforms[i], &b->transforms[i]))
			return false;
	return true;
}

static bool same_key(const struct keydb_alg *a, const struct keydb_alg *b)
{
	return a->id == b->id && a->key_bits == b->key_bits && a->icv_bits == b->icv_bits &&
	       memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

static bool same_sa(const struct keydb_sa *a, const struct keydb_sa *b)
{
	return a->id.spi == b->id.spi && a->mode == b->mode &&
	       (a->encap_src_port != 0) == (b->encap_src_port != 0) &&
	       same_key(&a->aead, &b->aead) && same_key(&a->encr, &b->encr) &&
	       same_key(&a->auth, &b->auth);
}

static struct addr end_of(const union keydb_addr *a, uint16_t port)
{
	struct addr end = { 0 };
	(void)!addr_from_sockaddr(&a->sa, sizeof(*a), &end);
	end.port = port;
	return end;
}

/*
 * Does what is sent over one arrive at the other, from the host that it expects?  (From which port of
 * a NAT, is told by the kernel with the first packet.)
 */
static bool same_way(const struct sim *s, const struct keydb_sa *out, const struct keydb_sa *in)
{
	struct addr from = end_of(&out->id.src, out->encap_src_port);
	struct addr to = end_of(&out->id.dst, out->encap_dst_port);
	struct addr want_from = end_of(&in->id.src, in->encap_src_port);
	struct addr want_to = end_of(&in->id.dst, in->encap_dst_port);
	if (out->encap_dst_port && !wire_leads(&s->wire, &from, &to))
		return false;
	return addr_eq(&from, &want_from) && addr_eq_port(&to, &want_to);
}

/* Every SA to send with has one on the other side to receive with, at the right place. */
static bool all_arrive(const struct sim *s, int node)
{
	const struct kernel_fake *a = s->nodes[node].kernel, *b = s->nodes[!node].kernel;
	for (size_t i = 0; i < kernel_fake_count(a); i++) {
		const struct keydb_sa *out = &kernel_fake_child(a, i)->out;
		bool found = false;
		for (size_t j = 0; j < kernel_fake_count(b); j++) {
			const struct keydb_sa *in = &kernel_fake_child(b, j)->in;
			found |= in->id.spi == out->id.spi && same_way(s, out, in);
		}
		if (!found)
			return false;
	}
	return true;
}

static bool kernel_has(const struct kernel_fake *f, const struct kernel_child *other)
{
	for (size_t i = 0; i < kernel_fake_count(f); i++) {
		const struct kernel_child *c = kernel_fake_child(f, i);
		if (same_sa(&c->in, &other->out) && same_sa(&c->out, &other->in) &&
		    c->comp.cpi_in == other->comp.cpi_out && c->comp.cpi_out == other->comp.cpi_in)
			return true;
	}
	return false;
}

static const char *compare(struct sim *s)
{
	struct facts f[SIM_NODES] = { 0 };
	const struct kernel_fake *a = s->nodes[SIM_A].kernel, *b = s->nodes[SIM_B].kernel;

	for (int i = 0; i < SIM_NODES; i++)
		engine_each_sa(s->nodes[i].engine, note_sa, &f[i]);
	if (f[SIM_A].n != f[SIM_B].n)
		return "number of IKE SAs";
	for (size_t i = 0; i < f[SIM_A].n; i++) {
		const struct sa_fact *sa = &f[SIM_A].sas[i];
		const struct sa_fact *other = counterpart(&f[SIM_B], sa);
		if (!other)
			return "IKE SPIs";
		if (!same_algs(&sa->algorithms, &other->algorithms))
			return "algorithms";
		if (!same_children(sa, other))
			return "children";
	}
	if (kernel_fake_count(a) != f[SIM_A].n_children ||
	    kernel_fake_count(b) != f[SIM_B].n_children)
		return "kernel and engine";
	for (size_t i = 0; i < kernel_fake_count(a); i++)
		if (!kernel_has(b, kernel_fake_child(a, i)))
			return "keys";
	for (size_t i = 0; i < kernel_fake_count(a); i++)
		if (!kernel_fake_is_complete(a, i) || !kernel_fake_is_complete(b, i))
			return "a child that cannot send";
	if (!all_arrive(s, SIM_A) || !all_arrive(s, SIM_B))
		return "where they are";
	return NULL;
}

bool sim_agrees(struct sim *s)
{
	return compare(s) == NULL;
}

bool sim_is_settled(struct sim *s)
{
	return sim_is_quiet(s) && sim_agrees(s);
}

struct text {
	char *buf;
	size_t size, used;
};

static int print_sa(void *arg, const struct engine_sa_view *v)
{
	struct text *t = arg;
	if (t->used >= t->size)
		return 0;
	t->used += (size_t)snprintf(t->buf + t->used, t->size - t->used, "  %s %s %016llx %016llx",
				    v->state, v->initiator ? "initiator" : "responder",
				    (unsigned long long)v->spi_i, (unsigned long long)v->spi_r);
	for (size_t i = 0; i < v->n_children && t->used < t->size; i++)
		t->used += (size_t)snprintf(t->buf + t->used, t->size - t->used, " %s(%08x,%08x)",
					    v->children[i].state, v->children[i].spi_in,
					    v->children[i].spi_out);
	if (t->used < t->size)
		t->used += (size_t)snprintf(t->buf + t->used, t->size - t->used, "\n");
	return 0;
}

const char *sim_difference(struct sim *s, char *buf, size_t size)
{
	const char *what = compare(s);
	struct text t = { .buf = buf, .size = size };
	t.used = (size_t)snprintf(buf, size, "%s at %lld ms, %zu flying\n", what ? what : "none",
				  (long long)loop_now_ms(s->loop), s->wire.n_flying);
	for (int i = 0; i < SIM_NODES && t.used < size; i++) {
		t.used += (size_t)snprintf(buf + t.used, size - t.used, "%s: %zu in kernel\n",
					   s->nodes[i].name, kernel_fake_count(s->nodes[i].kernel));
		engine_each_sa(s->nodes[i].engine, print_sa, &t);
	}
	return buf;
}

/* ---- log ---- */

enum { LINES_MAX = 2048, LINE_MAX_BYTES = 1024 };
static char lines[LINES_MAX][LINE_MAX_BYTES];
static size_t n_lines;

static void on_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	if (getenv("SIM_LOG"))
		fprintf(stderr, "# %s\n", line);
	if (n_lines < LINES_MAX)
		snprintf(lines[n_lines++], LINE_MAX_BYTES, "%s", line);
}

void sim_log_capture(void)
{
	log_set_sink(on_line, NULL);
	if (getenv("SIM_LOG"))
		log_set_level(LOG_DEBUG);
}

void sim_log_clear(void)
{
	n_lines = 0;
}

bool sim_logged(const char *a, const char *b, const char *c)
{
	for (size_t i = 0; i < n_lines; i++)
		if (strstr(lines[i], a) && strstr(lines[i], b) && strstr(lines[i], c))
			return true;
	return false;
}

size_t sim_log_count(const char *word)
{
	size_t n = 0;
	for (size_t i = 0; i < n_lines; i++)
		n += strstr(lines[i], word) != NULL;
	return n;
}
