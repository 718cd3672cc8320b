/* SPDX-License-Identifier: BSD-2-Clause */
/* The snapshot's life, and who is found in it. */
#include "policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fmt.h"
#include "base/log.h"
#include "policy/pool.h"
#include "policy/reqid.h"

enum {
	NEAREST_NAMES_MAX = 64,
	LIFETIME_MS = 8 * 3600 * 1000,
};

struct policy *policy_new(void)
{
	struct policy *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->refs = 1;
	list_init(&p->peers);
	list_init(&p->plain);
	list_init(&p->pools);
	p->timers = (struct policy_timers){
		.retransmit_first_ms = 2000,
		.retransmit_tries = 5,
		.retransmit_factor_percent = 180,
		.natt_keepalive_ms = 20000,
		.half_open_ms = 30000,
		.kernel_check_ms = 60000,
	};
	p->limits = (struct policy_limits){
		.cookie_threshold = 100,
		.half_open_per_source = 200,
		.half_open = 2000,
		.ike_sas = 100000,
		.error_rate = 10,
		.error_burst = 20,
	};
	p->engines = 1;
	p->port = 500;
	p->natt_port = 4500;
	p->log_level = LOG_INFO;
	return p;
}

struct policy *policy_ref(struct policy *p)
{
	if (p)
		p->refs++;
	return p;
}

static void peer_config_free(struct peer_config *peer)
{
	struct child_config *child;
	LIST_EACH(child, &peer->children, node)
		free(child);
	free(peer);
}

void policy_unref(struct policy *p)
{
	struct peer_config *peer;
	struct plain_policy *plain;
	struct pool_config *pool;
	if (!p || --p->refs > 0)
		return;
	LIST_EACH(peer, &p->peers, node)
		peer_config_free(peer);
	LIST_EACH(plain, &p->plain, node)
		free(plain);
	LIST_EACH(pool, &p->pools, node)
		pool_config_free(pool);
	free(p);
}

struct peer_config *policy_add_peer(struct policy *p, const char *name)
{
	size_t len = strlen(name);
	struct peer_config *peer = len < POLICY_NAME_MAX_BYTES ? calloc(1, sizeof(*peer)) : NULL;
	if (!peer)
		return NULL;
	memcpy(peer->name, name, len);
	peer->policy = p;
	peer->verify_id = true;
	peer->initiate = INITIATE_ON_DEMAND;
	peer->nat_traversal = true;
	peer->fragments = FRAGMENTS_ON;
	peer->initial_contact = true;
	peer->dpd_tries = 5;
	peer->nonce_bytes = 32;
	peer->lifetime.hard_ms = LIFETIME_MS;
	list_init(&peer->children);
	list_add(&p->peers, &peer->node);
	return peer;
}

struct child_config *peer_config_add_child(struct peer_config *peer, const char *name)
{
	size_t len = strlen(name);
	struct child_config *child = len < POLICY_NAME_MAX_BYTES ? calloc(1, sizeof(*child)) : NULL;
	if (!child)
		return NULL;
	memcpy(child->name, name, len);
	child->peer = peer;
	child->mode = CHILD_TUNNEL;
	child->replay_window_pkts = 64;
	child->lifetime.hard_ms = LIFETIME_MS;
	child->reqid = policy_reqid(peer->name, name);
	list_add(&peer->children, &child->node);
	return child;
}

uint8_t child_config_protocol(const struct child_config *child)
{
	return child->n_proposals ? child->proposals[0].protocol : PROPOSAL_ESP;
}

struct plain_policy *policy_add_plain(struct policy *p, const char *name)
{
	size_t len = strlen(name);
	struct plain_policy *plain = len < POLICY_NAME_MAX_BYTES ? calloc(1, sizeof(*plain)) : NULL;
	if (!plain)
		return NULL;
	memcpy(plain->name, name, len);
	list_add(&p->plain, &plain->node);
	return plain;
}

bool peer_config_is_anonymous(const struct peer_config *peer)
{
	return peer->n_peer_addrs == 0 && peer->peer_name[0] == '\0';
}

static bool has_addr(const struct peer_config *peer, const struct addr *a)
{
	for (uint8_t i = 0; i < peer->n_peer_addrs; i++)
		if (addr_eq(&peer->peer_addrs[i], a))
			return true;
	return false;
}

static bool uses_local(const struct peer_config *peer, const struct addr *local)
{
	if (!local || !addr_is_set(local) || !addr_is_set(&peer->local_addr))
		return true;
	return addr_eq(&peer->local_addr, local);
}

/* The first in the file after *after (NULL: of all) that is anonymous or has the address. */
static const struct peer_config *next_peer(const struct policy *p, const struct addr *local,
					   const struct addr *addr, const struct peer_config *after,
					   bool anonymous)
{
	const struct peer_config *peer;
	bool reached = !after;
	LIST_EACH(peer, &p->peers, node) {
		bool there = anonymous ? peer_config_is_anonymous(peer) : has_addr(peer, addr);
		if (reached && there && uses_local(peer, local))
			return peer;
		reached = reached || peer == after;
	}
	return NULL;
}

const struct peer_config *policy_find_by_addr(const struct policy *p, const struct addr *local,
					      const struct addr *peer,
					      const struct peer_config *after)
{
	const struct peer_config *found = NULL;
	if (!after || !peer_config_is_anonymous(after)) {
		found = next_peer(p, local, peer, after, false);
		after = NULL;
	}
	return found ? found : next_peer(p, local, peer, after, true);
}

/* By the first len bytes of name. */
static const struct peer_config *find_peer(const struct policy *p, const char *name, size_t len)
{
	const struct peer_config *peer;
	LIST_EACH(peer, &p->peers, node)
		if (strlen(peer->name) == len && memcmp(peer->name, name, len) == 0)
			return peer;
	return NULL;
}

const struct peer_config *policy_find_by_name(const struct policy *p, const char *name)
{
	return find_peer(p, name, strlen(name));
}

static const struct child_config *find_child(const struct peer_config *peer, const char *name)
{
	const struct child_config *child;
	LIST_EACH(child, &peer->children, node)
		if (strcmp(child->name, name) == 0)
			return child;
	return NULL;
}

static int unknown(struct err *err, const char *what, const char *name, const char *const *known,
		   size_t n)
{
	const char *near = fmt_nearest(name, known, n);
	if (near)
		return err_set(err, -ENOENT, "no %s \"%s\"; did you mean \"%s\"?", what, name,
			       near);
	return err_set(err, -ENOENT, "no %s \"%s\"", what, name);
}

static int unknown_peer(const struct policy *p, const char *name, struct err *err)
{
	const char *known[NEAREST_NAMES_MAX];
	const struct peer_config *peer;
	size_t n = 0;
	LIST_EACH(peer, &p->peers, node)
		if (n < N_ELEMENTS(known))
			known[n++] = peer->name;
	return unknown(err, "peer", name, known, n);
}

static int unknown_child(const struct peer_config *peer, const char *name, struct err *err)
{
	const char *known[NEAREST_NAMES_MAX];
	const struct child_config *child;
	size_t n = 0;
	LIST_EACH(child, &peer->children, node)
		if (n < N_ELEMENTS(known))
			known[n++] = child->name;
	int result = unknown(err, "child", name, known, n);
	return err ? err_prefix(err, "peer %s", peer->name) : result;
}

int policy_find_target(const struct policy *p, const char *target,
		       const struct peer_config **ret_peer, const struct child_config **ret_child,
		       struct err *err)
{
	const char *slash = strchr(target, '/');
	const struct peer_config *peer =
		find_peer(p, target, slash ? (size_t)(slash - target) : strlen(target));
	const struct child_config *child = NULL;
	if (!peer)
		return unknown_peer(p, target, err);
	if (slash) {
		child = find_child(peer, slash + 1);
		if (!child)
			return unknown_child(peer, slash + 1, err);
	}
	*ret_peer = peer;
	*ret_child = child;
	return 0;
}

/* An empty list in transport mode means the IKE SA's own address, as far as it is known. */
static bool end_wants(const struct child_config *child, const struct ts_list *l,
		      const struct addr *addrs, size_t n_addrs, const struct ts *packet)
{
	if (l->n > 0)
		return ts_in_list(packet, l);
	if (child->mode != CHILD_TRANSPORT || n_addrs == 0)
		return true;
	for (size_t i = 0; i < n_addrs; i++)
		if (addr_eq(&packet->first, &addrs[i]) && addr_eq(&packet->last, &addrs[i]))
			return true;
	return false;
}

static bool child_wants(const struct child_config *child, uint8_t protocol, uint32_t reqid,
			const struct ts *src, const struct ts *dst)
{
	const struct peer_config *peer = child->peer;
	size_t n_local = addr_is_set(&peer->local_addr) ? 1 : 0;
	if (protocol && protocol != child_config_protocol(child))
		return false;
	/* Policies of others carry reqids of theirs. */
	if (child->install_policy && reqid && child->reqid != policy_reqid_base(reqid))
		return false;
	return end_wants(child, &child->local_ts, &peer->local_addr, n_local, src) &&
	       end_wants(child, &child->peer_ts, peer->peer_addrs, peer->n_peer_addrs, dst);
}

const struct child_config *peer_config_find_child(const struct peer_config *peer, uint8_t protocol,
						  uint32_t reqid, const struct ts *src,
						  const struct ts *dst)
{
	const struct child_config *child;
	LIST_EACH(child, &peer->children, node)
		if (child_wants(child, protocol, reqid, src, dst))
			return child;
	return NULL;
}

const struct child_config *policy_find_acquire(const struct policy *p, uint8_t protocol,
					       uint32_t reqid, const struct ts *src,
					       const struct ts *dst)
{
	const struct peer_config *peer;
	LIST_EACH(peer, &p->peers, node) {
		const struct child_config *child =
			peer_config_find_child(peer, protocol, reqid, src, dst);
		if (child)
			return child;
	}
	return NULL;
}

bool peer_config_names_id(const struct peer_config *peer, const struct id *id,
			  const struct addr *peer_addr)
{
	if (peer->n_peer_ids == 0)
		return id_is_addr(id, peer_addr);
	for (uint8_t i = 0; i < peer->n_peer_ids; i++) {
		const struct id *allowed = &peer->peer_ids[i];
		if (allowed->type == ID_NONE ? id_is_addr(id, peer_addr) : id_eq(id, allowed))
			return true;
	}
	return false;
}

bool peer_config_accepts_id(const struct peer_config *peer, const struct id *id,
			    const struct addr *peer_addr)
{
	if (id->type == ID_NONE)
		return false;
	return !peer->verify_id || peer_config_names_id(peer, id, peer_addr);
}
