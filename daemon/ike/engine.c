/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine: its tables, what comes in from its owners, start and stop. */
#include "ike/engine.h"

#include "base/log.h"
#include "crypto/rng.h"
#include "ike/child_sa.h"
#include "ike/config_payload.h"
#include "ike/create.h"
#include "ike/dispatch.h"
#include "ike/engine_int.h"
#include "ike/informational.h"
#include "ike/lookup.h"
#include "ike/mobike.h"
#include "ike/move.h"
#include "ike/reauth.h"
#include "ike/removal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static void on_stop_limit(void *arg)
{
	struct engine *e = arg;
	engine_done_fn done = e->stop_done;
	e->stop_done = NULL;
	if (done)
		done(e->stop_arg, -ETIMEDOUT, "some peers did not answer the delete");
}

/* ---- addresses of this machine ---- */

static size_t find_address(const struct engine *e, const struct addr *a)
{
	size_t i = 0;
	while (i < e->n_addresses && !addr_eq(&e->addresses[i], a))
		i++;
	return i;
}

bool engine_has_address(const struct engine *e, const struct addr *a)
{
	return find_address(e, a) < e->n_addresses;
}

void engine_address(struct engine *e, const struct addr *local, bool added)
{
	size_t at = find_address(e, local);
	bool there = at < e->n_addresses;
	/* No peer is reached from one, and none is told of it. */
	if (addr_is_linklocal(local))
		return;
	if (added && !there && e->n_addresses < LIMIT_LOCAL_ADDRS)
		e->addresses[e->n_addresses++] = *local;
	else if (!added && there)
		e->addresses[at] = e->addresses[--e->n_addresses];
	loop_timer_arm(e->look_around, LIMIT_LOOK_AROUND_MS);
}

static void on_look_around(void *arg)
{
	struct engine *e = arg;
	if (!e->stopping)
		mobike_look_around(e);
}

static int make_tables(struct engine *e)
{
	int r = hash_init(&e->by_spi);
	if (r == 0)
		r = hash_init(&e->by_init);
	if (r == 0)
		r = hash_init(&e->by_ids);
	if (r == 0)
		r = hash_init(&e->children_in);
	if (r == 0)
		r = hash_init(&e->cpis_in);
	if (r == 0)
		r = rng_private(e->hash_key, sizeof(e->hash_key));
	if (r == 0)
		r = cookie_init(&e->cookies, engine_now_ms(e));
	e->stop_timer = loop_timer_new(e->ports.loop, on_stop_limit, e);
	e->look_around = loop_timer_new(e->ports.loop, on_look_around, e);
	e->removal_timer = loop_timer_new(e->ports.loop, removal_on_timer, e);
	e->release_timer = loop_timer_new(e->ports.loop, config_retry, e);
	bool timers = e->stop_timer && e->removal_timer && e->look_around && e->release_timer;
	return r == 0 && !timers ? -ENOMEM : r;
}

/* Its part of what is allowed to all of them together; 0 stays 0. */
static int share(const struct engine *e, int all)
{
	int n = e->policy->engines;
	return all / n + (all % n > 0);
}

/*
 * All that one source begins comes to one engine (policy/owner.h): its limit is not divided, but leaves
 * room for others.  What policy_limits says of the threshold holds for the parts, too.
 */
static void take_limits(struct engine *e)
{
	struct policy_limits *l = &e->limits;
	*l = e->policy->limits;
	int max = l->half_open_per_source;
	l->cookie_threshold /= e->policy->engines;
	l->half_open = share(e, l->half_open);
	if (e->policy->engines > 1 && max > l->half_open / 2)
		max = l->half_open / 2;
	l->half_open_per_source = max > l->cookie_threshold ? max : l->cookie_threshold + 1;
	l->ike_sas = share(e, l->ike_sas);
	l->error_rate = share(e, l->error_rate);
	l->error_burst = share(e, l->error_burst);
	e->error_replies = bucket_of_rate(l->error_burst, l->error_rate);
}

int engine_new(const struct engine_ports *ports, struct engine **ret)
{
	struct engine *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->ports = *ports;
	e->policy = policy_ref(ports->policy);
	list_init(&e->sas);
	list_init(&e->half_open);
	list_init(&e->refusals);
	list_init(&e->keepups);
	list_init(&e->gathers);
	list_init(&e->removals);
	list_init(&e->lookups);
	list_init(&e->inner_memories);
	list_init(&e->releases);
	take_limits(e);
	e->refusal_logs = bucket_of(LIMIT_REFUSAL_LOGS_BURST, LIMIT_REFUSAL_LOG_MS);
	int r = make_tables(e);
	if (r < 0) {
		engine_free(e);
		return r;
	}
	*ret = e;
	return 0;
}

void engine_free(struct engine *e)
{
	struct ike_sa *sa;
	struct gather *g;
	struct child_sa *c;
	if (!e)
		return;
	e->stopping = true;
	keepup_stop(e);
	LIST_EACH(sa, &e->sas, node) {
		LIST_EACH(c, &sa->children, node)
			c->in_kernel = false;
		config_forget(&sa->inner);
		ike_sa_free(sa);
	}
	LIST_EACH(g, &e->gathers, node)
		gather_free(g);
	lookup_forget_all(e);
	refusal_forget_all(e);
	removal_forget_all(e);
	config_forget_all(e);
	loop_timer_free(e->release_timer);
	loop_timer_free(e->removal_timer);
	loop_timer_free(e->stop_timer);
	loop_timer_free(e->look_around);
	hash_done(&e->by_spi);
	hash_done(&e->by_init);
	hash_done(&e->by_ids);
	hash_done(&e->children_in);
	hash_done(&e->cpis_in);
	policy_unref(e->policy);
	secret_wipe(e, sizeof(*e));
	free(e);
}

void engine_start(struct engine *e)
{
	/* The addresses of the start are nothing new. */
	loop_timer_disarm(e->look_around);
	keepup_start(e);
}

void engine_receive(struct engine *e, const struct udp_packet *packet)
{
	dispatch_packet(e, packet);
}

/* ---- numbers ---- */

uint64_t engine_init_key(const struct engine *e, const struct addr *peer, uint64_t message_hash)
{
	uint8_t buf[ADDR_MAX_BYTES + 10];
	struct wr w = wr_of(buf, sizeof(buf));
	wr_u64(&w, message_hash);
	wr_u16(&w, peer->port);
	wr_slice(&w, addr_slice(peer));
	struct slice all = wr_slice_of(&w);
	return hash_sip(e->hash_key, all.p, all.len);
}

int engine_new_esp_spi(struct engine *e, uint32_t *ret)
{
	for (int i = 0; i < LIMIT_SPI_TRIES; i++) {
		uint32_t spi;
		if (rng_public(&spi, sizeof(spi)) < 0)
			return -EIO;
		spi &= (1u << LIMIT_ESP_SPI_ENGINE_SHIFT) - 1;
		spi |= (uint32_t)e->ports.number << LIMIT_ESP_SPI_ENGINE_SHIFT;
		if (spi < LIMIT_ESP_SPI_MIN || child_sa_find_in(e, spi))
			continue;
		*ret = spi;
		return 0;
	}
	return -EAGAIN;
}

/* ---- kernel events ---- */

static struct child_sa *find_by_cpi(struct engine *e, uint32_t cpi)
{
	struct child_sa *c = child_sa_find_cpi_in(e, cpi);
	struct ike_sa *sa;
	if (c)
		return c;
	LIST_EACH(sa, &e->sas, node)
		LIST_EACH(c, &sa->children, node)
			if (c->cpi_out && c->cpi_out == cpi)
				return c;
	return NULL;
}

static struct child_sa *find_child(struct engine *e, const struct keydb_sa_id *id)
{
	uint8_t protocol = id->proto == KEYDB_PROTO_AH ? PROPOSAL_AH : PROPOSAL_ESP;
	struct child_sa *c = child_sa_find_in(e, id->spi);
	struct ike_sa *sa;
	if (id->proto == KEYDB_PROTO_IPCOMP)
		return find_by_cpi(e, id->spi);
	if (c && child_config_protocol(c->config) == protocol)
		return c;
	LIST_EACH(sa, &e->sas, node) {
		c = child_sa_find_out(sa, protocol, id->spi);
		if (c)
			return c;
	}
	return NULL;
}

static bool is_peer_of(const struct child_sa *c, const struct keydb_event *ev)
{
	struct addr dst;
	if (addr_from_sockaddr(&ev->sa.id.dst.sa, sizeof(ev->sa.id.dst), &dst) < 0)
		return false;
	uint32_t ours = ev->sa.id.proto == KEYDB_PROTO_IPCOMP ? c->cpi_in : c->spi_in;
	return addr_eq(&dst, ev->sa.id.spi == ours ? &c->local : &c->peer);
}

/* Most of its life is over; or the kernel has deleted one SA of the pair: the other is of no use. */
static void on_expire(struct engine *e, const struct keydb_event *ev)
{
	struct child_sa *c = find_child(e, &ev->sa.id);
	if (!c || !is_peer_of(c, ev))
		return;
	if (!ev->hard) {
		child_sa_grown_old(c);
		return;
	}
	child_sa_down(c, "lifetime");
	informational_next(c->sa);
}

/* It was deleted by somebody else: what is left of the pair is of no use. */
static void on_lost(struct engine *e, const struct keydb_event *ev)
{
	struct child_sa *c = find_child(e, &ev->sa.id);
	if (!ev->deleted || !c || !is_peer_of(c, ev))
		return;
	child_sa_down(c, "lost_in_kernel");
	informational_next(c->sa);
}

/* The peer's ESP comes from another address or port. */
static void on_mapping(struct engine *e, const struct keydb_event *ev)
{
	struct child_sa *c = child_sa_find_in(e, ev->sa.id.spi);
	struct addr peer;
	if (c && is_peer_of(c, ev) &&
	    addr_from_sockaddr(&ev->new_addr.sa, sizeof(ev->new_addr), &peer) == 0)
		move_mapping(c, &peer);
}

static void on_flush(struct engine *e)
{
	struct ike_sa *sa;
	struct child_sa *c;
	LIST_EACH(sa, &e->sas, node) {
		LIST_EACH(c, &sa->children, node)
			child_sa_down(c, "flushed");
		informational_next(sa);
	}
}

void engine_kernel_event(struct engine *e, const struct keydb_event *ev)
{
	switch (ev->kind) {
	case KEYDB_EVENT_ACQUIRE:
		initiate_acquire(e, ev);
		break;
	case KEYDB_EVENT_EXPIRE:
		on_expire(e, ev);
		break;
	case KEYDB_EVENT_MAPPING:
		on_mapping(e, ev);
		break;
	case KEYDB_EVENT_SA_CHANGE:
		on_lost(e, ev);
		break;
	case KEYDB_EVENT_FLUSH_SA:
		on_flush(e);
		break;
	default:
		break;
	}
}

/* ---- down by command ---- */

static void terminate_child(struct child_sa *c, struct gather *g)
{
	g->n_open++;
	if (waiters_add(&c->going, gather_done, g) < 0)
		g->n_open--;
	c->by_command = true;
	create_abandon_rekey(c);
	child_sa_down(c, "command");
}

static void terminate_sa(struct ike_sa *sa, struct gather *g, const char *why)
{
	if (g) {
		g->n_open++;
		if (waiters_add(&sa->going, gather_done, g) < 0)
			g->n_open--;
	}
	sa->by_command = true;
	if (!sa->down_why)
		sa->down_why = why;
	dispatch_trigger(sa, ON_TERMINATE);
}

/* What a target of engine_terminate() names. */
struct target {
	const char *child; /* name, NULL: the whole IKE SA */
	char peer[POLICY_NAME_MAX_BYTES];
	uint64_t ike_spi;
	uint32_t esp_spi;
	size_t n_found;
};

static struct target parse_target(const char *text)
{
	struct target t = { 0 };
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	if (strncmp(text, "0x", 2) == 0 && strspn(text + 2, "0123456789abcdefABCDEF") == len - 2) {
		if (len == 2 + 8)
			t.esp_spi = (uint32_t)strtoul(text, NULL, 16);
		if (len == 2 + 16)
			t.ike_spi = strtoull(text, NULL, 16);
	}
	if (len < sizeof(t.peer))
		memcpy(t.peer, text, len);
	t.child = slash ? slash + 1 : NULL;
	return t;
}

static bool names_peer(const struct target *t, const struct ike_sa *sa)
{
	return sa->config && strcmp(sa->config->name, t->peer) == 0;
}

static void terminate_children(struct ike_sa *sa, struct target *t, struct gather *g)
{
	struct child_sa *c;
	bool by_name = t->child && names_peer(t, sa);
	if (by_name)
		create_cancel(sa, t->child);
	LIST_EACH(c, &sa->children, node) {
		bool hit = by_name ? strcmp(c->config->name, t->child) == 0
				   : t->esp_spi && c->spi_in == t->esp_spi;
		if (!hit || c->state != CHILD_UP)
			continue;
		t->n_found++;
		terminate_child(c, g);
	}
	informational_next(sa);
}

int engine_terminate(struct engine *e, const char *text, engine_done_fn done, void *arg,
		     struct err *err)
{
	struct target t = parse_target(text);
	struct gather *g = gather_new(&e->gathers, e->ports.loop, done, arg);
	struct ike_sa *sa;
	if (!g)
		return err_set(err, -ENOMEM, "out of memory");
	LIST_EACH(sa, &e->sas, node) {
		if (sa->state == IKE_GONE)
			continue;
		terminate_children(sa, &t, g);
		if (t.child ||
		    !(names_peer(&t, sa) || (t.ike_spi && ike_sa_own_spi(sa) == t.ike_spi)))
			continue;
		t.n_found++;
		terminate_sa(sa, g, "command");
	}
	if (gather_close(g, t.n_found > 0))
		return 0;
	return err_set(err, -ENOENT, "nothing is up under the name %.64s", text);
}

static int rekey_children(struct ike_sa *sa, struct target *t)
{
	struct child_sa *c;
	bool by_name = t->child && names_peer(t, sa);
	LIST_EACH(c, &sa->children, node) {
		bool hit = by_name ? strcmp(c->config->name, t->child) == 0
				   : t->esp_spi && c->spi_in == t->esp_spi;
		if (!hit || c->state != CHILD_UP)
			continue;
		t->n_found++;
		if (create_add_rekey(c) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int rekey_sa(struct ike_sa *sa, struct target *t)
{
	bool hit = t->ike_spi ? ike_sa_own_spi(sa) == t->ike_spi
			      : !t->child && !t->esp_spi && names_peer(t, sa);
	if (!ike_sa_is_up(sa))
		return 0;
	t->n_found += hit;
	int r = hit ? create_add_rekey_ike(sa) : rekey_children(sa, t);
	informational_next(sa);
	return r;
}

int engine_rekey(struct engine *e, const char *text, struct err *err)
{
	struct target t = parse_target(text);
	struct ike_sa *sa;
	LIST_EACH(sa, &e->sas, node)
		if (rekey_sa(sa, &t) < 0)
			return err_set(err, -ENOMEM, "out of memory");
	if (t.n_found == 0)
		return err_set(err, -ENOENT, "nothing is up under the name %.64s", text);
	return (int)t.n_found;
}

int engine_reauth(struct engine *e, const char *text, struct err *err)
{
	struct target t = parse_target(text);
	struct ike_sa *sa;
	LIST_EACH(sa, &e->sas, node) {
		bool hit = t.ike_spi ? ike_sa_own_spi(sa) == t.ike_spi
				     : !t.child && !t.esp_spi && names_peer(&t, sa);
		/* What has just been begun is at the end of the list. */
		if (!hit || !ike_sa_is_up(sa) || reauth_is_followed(sa))
			continue;
		int r = reauth_start(sa, err);
		if (r < 0)
			return r;
		t.n_found++;
	}
	if (t.n_found == 0)
		return err_set(err, -ENOENT, "nothing is up under the name %.64s", text);
	return (int)t.n_found;
}

void engine_forget(struct engine *e, const void *arg)
{
	struct ike_sa *sa;
	struct gather *g;
	struct child_sa *c;
	struct create *create;
	LIST_EACH(g, &e->gathers, node)
		if (g->arg == arg)
			g->done = NULL;
	LIST_EACH(sa, &e->sas, node) {
		waiters_forget(&sa->coming, arg);
		waiters_forget(&sa->going, arg);
		LIST_EACH(create, &sa->creates, node)
			waiters_forget(&create->coming, arg);
		LIST_EACH(c, &sa->children, node)
			waiters_forget(&c->going, arg);
	}
	lookup_forget(e, arg);
	if (e->stop_arg == arg)
		e->stop_done = NULL;
}

/* ---- stop and reload ---- */

void engine_check_stopped(struct engine *e)
{
	const struct ike_sa *sa;
	engine_done_fn done = e->stop_done;
	LIST_EACH(sa, &e->sas, node)
		if (sa->state != IKE_GONE && sa->state != IKE_NEW)
			return;
	if (!list_empty(&e->removals))
		return;
	e->stop_done = NULL;
	loop_timer_disarm(e->stop_timer);
	if (done)
		done(e->stop_arg, 0, "stopped");
}

void engine_stop(struct engine *e, engine_done_fn done, void *arg)
{
	struct ike_sa *sa;
	keepup_stop(e);
	e->stopping = true;
	removal_hurry(e, 0);
	LIST_EACH(sa, &e->sas, node)
		if (sa->state != IKE_GONE)
			terminate_sa(sa, NULL, "shutdown");
	e->stop_done = done;
	e->stop_arg = arg;
	loop_timer_arm(e->stop_timer, LIMIT_STOP_MS);
	engine_check_stopped(e);
}

static const struct child_config *find_child_config(const struct peer_config *peer,
						    const char *name)
{
	const struct child_config *c;
	LIST_EACH(c, &peer->children, node)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static bool is_configured(const struct policy *p, const struct ike_sa *sa)
{
	const struct peer_config *peer = policy_find_by_name(p, sa->config->name);
	const struct child_sa *c;
	if (!peer || (sa->wanted && !find_child_config(peer, sa->wanted->name)))
		return false;
	LIST_EACH(c, &sa->children, node)
		if (!find_child_config(peer, c->config->name))
			return false;
	return true;
}

void engine_set_policy(struct engine *e, struct policy *p)
{
	struct ike_sa *sa;
	keepup_stop(e);
	policy_ref(p);
	policy_unref(e->policy);
	e->policy = p;
	take_limits(e);
	LIST_EACH(sa, &e->sas, node)
		if (sa->config && sa->state != IKE_GONE && !is_configured(p, sa))
			terminate_sa(sa, NULL, "reload");
	keepup_start(e);
}
