/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CHILD_SAs.  Their keys pass through here once, on the way to the kernel; what stays is
 * what is needed to find, show and remove them.
 */
#include "ike/child_sa.h"

#include "base/log.h"
#include "ike/carry.h"
#include "ike/config_payload.h"
#include "ike/create.h"
#include "ike/engine_int.h"
#include "ike/ike_sa.h"
#include "ike/informational.h"
#include "ike/move.h"
#include "ike/reauth.h"
#include "ike/removal.h"
#include "policy/comp.h"
#include "policy/policy_spd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's own limit is a safety net, in case the daemon does not live to delete it. */
enum { KERNEL_GRACE_SEC = 60 };

const char *child_state_name(enum child_state state)
{
	static const char *const names[] = {
		[CHILD_NEW] = "connecting", [CHILD_UP] = "up", [CHILD_DELETING] = "deleting"
	};
	return names[state];
}

/* ---- life ---- */

static void on_life_end(void *arg)
{
	struct child_sa *c = arg;
	child_sa_down(c, "lifetime");
	informational_next(c->sa);
}

static void on_soft_end(void *arg)
{
	child_sa_grown_old(arg);
}

static void on_turn(void *arg)
{
	child_sa_complete(arg);
}

static int make_timers(struct loop *l, struct child_sa *c)
{
	c->life = loop_timer_new(l, on_life_end, c);
	c->soft = loop_timer_new(l, on_soft_end, c);
	c->turn = loop_timer_new(l, on_turn, c);
	return c->life && c->soft && c->turn ? 0 : -ENOMEM;
}

static void free_timers(struct child_sa *c)
{
	loop_timer_free(c->life);
	loop_timer_free(c->soft);
	loop_timer_free(c->turn);
}

static void disarm_timers(struct child_sa *c)
{
	loop_timer_disarm(c->life);
	loop_timer_disarm(c->soft);
	loop_timer_disarm(c->turn);
}

int child_sa_new(struct ike_sa *sa, const struct child_config *config, uint32_t spi_in,
		 struct child_sa **ret)
{
	struct child_sa *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = (struct child_sa){ .sa = sa, .config = config, .spi_in = spi_in, .state = CHILD_NEW };
	list_init(&c->node);
	list_init(&c->going);
	c->removal = calloc(1, sizeof(*c->removal));
	if (make_timers(sa->engine->ports.loop, c) < 0 || !c->removal ||
	    hash_add(&sa->engine->children_in, &c->by_spi_in, spi_in) < 0) {
		free_timers(c);
		free(c->removal);
		free(c);
		return -ENOMEM;
	}
	c->in_table = true;
	*ret = c;
	return 0;
}

static void forget_late(struct child_sa *c)
{
	if (!c->late)
		return;
	c->sa->engine->n_late--;
	secret_wipe(c->late, sizeof(*c->late));
	free(TAKE(c->late));
}

static void forget_cpis(struct child_sa *c)
{
	if (c->cpi_in)
		hash_remove(&c->sa->engine->cpis_in, &c->by_cpi_in);
	c->cpi_in = c->cpi_out = 0;
}

void child_sa_free(struct child_sa *c)
{
	if (!c)
		return;
	if (c->completing || c->n_moving)
		c->sa->engine->ports.kernel->ops->cancel(c->sa->engine->ports.kernel, c);
	forget_late(c);
	child_sa_uninstall(c);
	if (c->in_table)
		hash_remove(&c->sa->engine->children_in, &c->by_spi_in);
	forget_cpis(c);
	list_remove(&c->node);
	free_timers(c);
	waiters_drop(&c->going);
	free(c->removal);
	free(c);
}

void child_sa_end(struct child_sa *c)
{
	waiters_call(&c->going, 0, "gone");
	child_sa_free(c);
}

int child_sa_change_spi(struct child_sa *c, uint32_t spi_in)
{
	struct hash *table = &c->sa->engine->children_in;
	if (c->in_table)
		hash_remove(table, &c->by_spi_in);
	c->in_table = false;
	int r = hash_add(table, &c->by_spi_in, spi_in);
	if (r < 0)
		return r;
	c->in_table = true;
	c->spi_in = spi_in;
	return 0;
}

int child_sa_set_cpis(struct child_sa *c, uint16_t cpi_in, uint16_t cpi_out)
{
	forget_cpis(c);
	int r = hash_add(&c->sa->engine->cpis_in, &c->by_cpi_in, cpi_in);
	if (r < 0)
		return r;
	c->cpi_in = cpi_in;
	c->cpi_out = cpi_out;
	return 0;
}

struct child_sa *child_sa_find_cpi_in(const struct engine *e, uint32_t cpi)
{
	struct hash_node *n = hash_find(&e->cpis_in, cpi);
	return n ? CONTAINER_OF(n, struct child_sa, by_cpi_in) : NULL;
}

struct child_sa *child_sa_find_in(const struct engine *e, uint32_t spi)
{
	struct hash_node *n = hash_find(&e->children_in, spi);
	return n ? CONTAINER_OF(n, struct child_sa, by_spi_in) : NULL;
}

struct child_sa *child_sa_find_out(const struct ike_sa *sa, uint8_t protocol, uint32_t spi)
{
	struct child_sa *c;
	LIST_EACH(c, &sa->children, node)
		if (c->spi_out == spi && child_config_protocol(c->config) == protocol)
			return c;
	return NULL;
}

/* ---- what the kernel gets ---- */

static void set_addr(union keydb_addr *ret, const struct addr *a)
{
	struct sockaddr_storage ss;
	struct addr bare = *a;
	bare.port = 0;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &ss, addr_to_sockaddr(&bare, &ss));
}

static void set_ids(const struct child_sa *c, struct kernel_child *ret)
{
	set_addr(&ret->in.id.src, &c->peer);
	set_addr(&ret->in.id.dst, &c->local);
	set_addr(&ret->out.id.src, &c->local);
	set_addr(&ret->out.id.dst, &c->peer);
	ret->in.id.spi = c->spi_in;
	ret->out.id.spi = c->spi_out;
	ret->in.id.proto = ret->out.id.proto = policy_spd_proto(c->config);
}

static const struct transform *find(const struct proposal *p, uint8_t type)
{
	for (uint8_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type == type && p->transforms[i].id != 0)
			return &p->transforms[i];
	return NULL;
}

struct child_algs {
	const struct keydb_alg_info *encr, *integ;
	size_t encr_bytes, integ_bytes;
};

static int find_encr(const struct transform *t, bool integ, struct child_algs *ret)
{
	const struct alg *alg = t ? alg_find(t->type, t->id) : NULL;
	if (!alg || !alg->esp || alg->aead == integ)
		return -ENOTSUP;
	ret->encr = keydb_alg_by_ike(alg->aead ? KEYDB_ALG_AEAD : KEYDB_ALG_ENCR, t->id);
	ret->encr_bytes = transform_key_bytes(t);
	return ret->encr ? 0 : -ENOTSUP;
}

/* ESP has a cipher, and a MAC if that brings none; AH has a MAC. */
static int find_algs(const struct proposal *algorithms, struct child_algs *ret)
{
	const struct transform *encr = find(algorithms, TRANSFORM_ENCR);
	const struct transform *integ = find(algorithms, TRANSFORM_INTEG);
	bool ah = algorithms->protocol == PROPOSAL_AH;
	struct child_algs a = { 0 };

	if (integ) {
		a.integ = keydb_alg_by_ike(KEYDB_ALG_AUTH, integ->id);
		a.integ_bytes = transform_key_bytes(integ);
	}
	if ((integ && !a.integ) || (ah && (encr || !integ)))
		return -ENOTSUP;
	if (!ah && find_encr(encr, integ != NULL, &a) < 0)
		return -ENOTSUP;
	*ret = a;
	return 0;
}

size_t child_sa_keymat_bytes(const struct proposal *algorithms)
{
	struct child_algs a;
	if (find_algs(algorithms, &a) < 0)
		return 0;
	return 2 * (a.encr_bytes + a.integ_bytes);
}

/* RFC 7296 2.17: the encryption key comes before the integrity key. */
static int set_keys(struct keydb_sa *sa, const struct child_algs *a, struct rd *keymat)
{
	struct slice encr = rd_slice(keymat, a->encr_bytes);
	struct slice integ = rd_slice(keymat, a->integ_bytes);
	bool aead = a->encr && a->encr->kind == KEYDB_ALG_AEAD;

	if (keymat->bad)
		return -ENOTSUP;
	if (a->encr &&
	    keydb_alg_set(aead ? &sa->aead : &sa->encr, a->encr, encr.p, encr.len, 0) < 0)
		return -ENOTSUP;
	if (a->integ && keydb_alg_set(&sa->auth, a->integ, integ.p, integ.len, 0) < 0)
		return -ENOTSUP;
	return 0;
}

static uint64_t or_infinite(uint64_t limit)
{
	return limit ? limit : KEYDB_INFINITE;
}

static uint64_t soft(uint64_t limit)
{
	return limit ? limit / 100 * create_soft_percent() +
			       limit % 100 * create_soft_percent() / 100
		     : KEYDB_INFINITE;
}

static void set_limits(const struct lifetime *life, struct keydb_limits *ret)
{
	uint64_t sec = life->hard_ms ? (uint64_t)life->hard_ms / 1000 + KERNEL_GRACE_SEC : 0;
	*ret = (struct keydb_limits){ .soft_bytes = soft(life->bytes),
				      .hard_bytes = or_infinite(life->bytes),
				      .soft_packets = soft(life->packets),
				      .hard_packets = or_infinite(life->packets),
				      .soft_add_sec = KEYDB_INFINITE,
				      .hard_add_sec = or_infinite(sec),
				      .soft_use_sec = KEYDB_INFINITE,
				      .hard_use_sec = KEYDB_INFINITE };
}

/* RFC 4301 5.1.2, RFC 6040: what an outer header shares with the inner one. */
static uint32_t header_flags(const struct child_config *config)
{
	static const uint32_t dscp[COPY_DSCP_N] = {
		[COPY_DSCP_IN] = KEYDB_SA_DONT_ENCAP_DSCP | KEYDB_SA_DECAP_DSCP,
		[COPY_DSCP_BOTH] = KEYDB_SA_DECAP_DSCP,
		[COPY_DSCP_OFF] = KEYDB_SA_DONT_ENCAP_DSCP,
	};
	return dscp[config->copy_dscp] | (config->hide_ecn ? KEYDB_SA_NOECN : 0);
}

static void set_comp(const struct child_sa *c, struct comp *ret)
{
	if (c->cpi_in)
		*ret = (struct comp){ .cpi_in = c->cpi_in,
				      .cpi_out = c->cpi_out,
				      .mode = policy_spd_mode(c->mode),
				      .flags = c->mode == CHILD_TUNNEL ? header_flags(c->config)
								       : 0 };
}

static void set_common(const struct child_sa *c, struct keydb_sa *sa)
{
	/* behind IPComp there is no header left to be made */
	enum child_mode mode = c->cpi_in ? CHILD_TRANSPORT : c->mode;
	sa->mode = policy_spd_mode(mode);
	sa->state = KEYDB_SA_MATURE;
	sa->reqid = c->reqid;
	sa->if_id = c->config->if_id;
	if (mode == CHILD_TUNNEL)
		sa->flags |= KEYDB_SA_AF_UNSPEC;
	if (mode != CHILD_TRANSPORT)
		sa->flags |= header_flags(c->config);
	if (c->esn)
		sa->flags |= KEYDB_SA_ESN;
	/* RFC 4302 2.6: the kernel's own way is 8 bytes for IPv4 too, which nobody else understands */
	if (c->algorithms.protocol == PROPOSAL_AH && addr_len(&c->local) == 4)
		sa->flags |= KEYDB_SA_ALIGN4;
	set_limits(&c->config->lifetime, &sa->limits);
}

static void set_host(const struct ts_list *l, union keydb_addr *ret, uint8_t *ret_bits)
{
	set_addr(ret, &l->ts[0].first);
	*ret_bits = addr_bits(&l->ts[0].first);
}

/* BEET: the kernel makes the inner header of what arrives from the SA's own selector. */
static void set_inner(const struct child_sa *c, struct kernel_child *ret)
{
	struct keydb_selector *in = &ret->in.sel, *out = &ret->out.sel;
	if (c->mode != CHILD_BEET)
		return;
	set_host(&c->peer_ts, &in->src, &in->src_bits);
	set_host(&c->local_ts, &in->dst, &in->dst_bits);
	set_host(&c->local_ts, &out->src, &out->src_bits);
	set_host(&c->peer_ts, &out->dst, &out->dst_bits);
	in->src_port_any = in->dst_port_any = out->src_port_any = out->dst_port_any = true;
}

static void set_encap(const struct child_sa *c, struct kernel_child *ret)
{
	if (!c->encap)
		return;
	ret->in.encap_src_port = ret->out.encap_dst_port = c->peer.port;
	ret->in.encap_dst_port = ret->out.encap_src_port = c->local.port;
	if (c->mode == CHILD_TRANSPORT && addr_is_set(&c->original_peer))
		set_addr(&ret->in.encap_oa, &c->original_peer);
}

static int set_policies(const struct child_sa *c, struct kernel_child *ret, struct err *err)
{
	const struct policy_spd_ends ends = {
		.local = c->local, .peer = c->peer, .reqid = c->reqid, .comp = c->cpi_in != 0
	};
	size_t n;
	if (!c->config->install_policy)
		return 0;
	int r = policy_spd_build(c->config, &ends, &c->local_ts, &c->peer_ts, ret->policies,
				 KERNEL_CHILD_POLICIES_MAX, &n, err);
	if (r == 0)
		ret->n_policies = (uint8_t)n;
	return r;
}

int child_sa_kernel(const struct child_sa *c, struct slice keymat, bool initiator,
		    struct kernel_child *ret, struct err *err)
{
	struct rd r = rd_of_slice(keymat);
	struct child_algs a;

	memset(ret, 0, sizeof(*ret));
	set_ids(c, ret);
	set_common(c, &ret->in);
	set_common(c, &ret->out);
	set_encap(c, ret);
	set_inner(c, ret);
	set_comp(c, &ret->comp);
	/* what arrives is marked, or its policy would not know it */
	ret->in.output_mark =
		(struct keydb_mark){ .value = c->config->mark, .mask = c->config->mark_mask };
	if (ret->out.mode == KEYDB_MODE_TUNNEL && c->algorithms.protocol == PROPOSAL_ESP &&
	    !c->no_tfc)
		ret->out.tfc_pad_bytes = c->config->tfc_bytes;
	uint32_t window_pkts = c->config->replay_window_pkts;
	/* RFC 4304, and the kernel insists: extended numbers need a window */
	ret->in.replay_window_pkts = c->esn && window_pkts == 0 ? 32 : window_pkts;
	ret->out.replay_window_pkts = c->esn ? ret->in.replay_window_pkts : 0;
	/* RFC 7296 2.17: keys of the SA from initiator to responder come first */
	struct keydb_sa *first = initiator ? &ret->out : &ret->in;
	struct keydb_sa *second = initiator ? &ret->in : &ret->out;
	if (find_algs(&c->algorithms, &a) < 0 || set_keys(first, &a, &r) < 0 ||
	    set_keys(second, &a, &r) < 0 || !rd_done(&r))
		return err_set(err, -ENOTSUP, "the kernel library does not know the algorithm");
	return set_policies(c, ret, err);
}

int child_sa_defer_out(struct child_sa *c, struct kernel_child *kc)
{
	if (!c->late) {
		c->late = malloc(sizeof(*c->late));
		if (!c->late)
			return -ENOMEM;
		c->sa->engine->n_late++;
	}
	*c->late = kc->out;
	kc->in_only = true;
	return 0;
}

static void on_completed(void *arg, int result, const char *reason)
{
	struct child_sa *c = arg;
	c->completing = false;
	if (result == 0) {
		reauth_go_on(c->sa);
		return;
	}
	LOG(WARNING, "child_incomplete", F_STR("remote", ike_sa_remote(c->sa)),
	    F_STR("child", c->config->name), F_SPI32("spi_out", c->spi_out),
	    F_STR("error", reason && reason[0] ? reason : strerror(-result)));
	child_sa_down(c, "kernel");
	informational_next(c->sa);
}

void child_sa_complete(struct child_sa *c)
{
	struct kernel *k = c->sa->engine->ports.kernel;
	struct kernel_child kc;
	if (!c->late || c->redundant || c->state != CHILD_UP)
		return;
	memset(&kc, 0, sizeof(kc));
	set_ids(c, &kc);
	kc.out = *c->late;
	forget_late(c);
	loop_timer_disarm(c->turn);
	int r = k->ops->child_complete(k, &kc, on_completed, c);
	secret_wipe(&kc, sizeof(kc));
	c->completing = r == 0;
	if (r < 0)
		on_completed(c, r, NULL);
}

/* ---- other addresses ---- */

/* It is gone from the kernel, and its IKE SA is where nothing else works either. */
static void on_moved(void *arg, int result, const char *reason)
{
	struct child_sa *c = arg;
	c->n_moving--;
	if (result == 0)
		return;
	LOG(WARNING, "child_not_moved", F_STR("remote", ike_sa_remote(c->sa)),
	    F_STR("child", c->config->name), F_SPI32("spi_in", c->spi_in),
	    F_STR("error", reason && reason[0] ? reason : strerror(-result)));
	c->sa->down_why = "not_moved";
	c->sa->want_delete = true;
	informational_next(c->sa);
}

static bool is_there(const struct child_sa *c, const struct addr *local, const struct addr *peer,
		     bool encap)
{
	if (c->encap != encap)
		return false;
	if (!encap)
		return addr_eq(&c->local, local) && addr_eq(&c->peer, peer);
	return addr_eq_port(&c->local, local) && addr_eq_port(&c->peer, peer);
}

static bool may_move(const struct child_sa *c, const struct addr *local, const struct addr *peer,
		     bool encap)
{
	bool same_hosts = addr_eq(&c->local, local) && addr_eq(&c->peer, peer);
	if (c->mode == CHILD_TRANSPORT)
		return same_hosts && c->encap == encap && !c->cpi_in;
	/* IPComp's states are no SAs, and AH is padded by the family of its outer header. */
	if (c->cpi_in ||
	    (c->algorithms.protocol == PROPOSAL_AH && local->family != c->local.family))
		return false;
	return same_hosts || carry_may_move(c, local, peer);
}

/* What waits for its turn goes along. */
static void move_late(struct child_sa *c)
{
	if (!c->late)
		return;
	set_addr(&c->late->id.src, &c->local);
	set_addr(&c->late->id.dst, &c->peer);
	c->late->encap_src_port = c->encap ? c->local.port : 0;
	c->late->encap_dst_port = c->encap ? c->peer.port : 0;
}

int child_sa_move(struct child_sa *c, const struct addr *local, const struct addr *peer, bool encap)
{
	struct kernel *k = c->sa->engine->ports.kernel;
	struct kernel_child ids;
	struct kernel_move to;

	if (!c->in_kernel || is_there(c, local, peer, encap))
		return 0;
	if (!may_move(c, local, peer, encap))
		return -ENOTSUP;
	memset(&to, 0, sizeof(to));
	memset(&ids, 0, sizeof(ids));
	set_ids(c, &ids);
	to.in = ids.in.id;
	to.out = ids.out.id;
	set_addr(&to.local, local);
	set_addr(&to.peer, peer);
	to.local_port = encap ? local->port : 0;
	to.peer_port = encap ? peer->port : 0;
	int r = k->ops->child_move(k, &to, on_moved, c);
	if (r < 0)
		return r;
	c->n_moving++;
	c->moved_ms = engine_now_ms(c->sa->engine);
	c->local = *local;
	c->peer = *peer;
	c->encap = encap;
	move_late(c);
	return 0;
}

void child_sa_uninstall(struct child_sa *c)
{
	struct kernel_child ids;
	if (!c->in_kernel)
		return;
	c->in_kernel = false;
	set_ids(c, &ids);
	c->removal->in = ids.in.id;
	c->removal->out = ids.out.id;
	c->removal->reqid = c->reqid;
	removal_ask(c->sa->engine, TAKE(c->removal), c->replaced ? LIMIT_UNDER_WAY_MS : 0);
}

/* ---- up and down ---- */

static void log_up(const struct child_sa *c)
{
	char local[TS_LIST_TEXT_MAX_BYTES], peer[TS_LIST_TEXT_MAX_BYTES];
	char algs[PROPOSAL_TEXT_MAX_BYTES];
	LOG(INFO, "child_sa_up", F_STR("remote", ike_sa_remote(c->sa)),
	    F_STR("child", c->config->name), F_ADDR("peer", &c->sa->peer),
	    F_ADDR("local", &c->sa->local), F_SPI64("ike_spi_i", c->sa->spi_i),
	    F_SPI64("ike_spi_r", c->sa->spi_r), F_SPI32("spi_in", c->spi_in),
	    F_SPI32("spi_out", c->spi_out), F_STR("mode", child_mode_name(c->mode)),
	    F_STR("ts_local", ts_list_text(&c->local_ts, local)),
	    F_STR("ts_peer", ts_list_text(&c->peer_ts, peer)),
	    F_STR("algorithms", proposal_text(&c->algorithms, algs)),
	    F_STR("narrowed", carry_is_whole(c)  ? "no"
			      : c->more_possible ? "more"
						 : "yes"),
	    F_STR("encap", c->encap ? "udp" : "none"),
	    F_STR("ipcomp", c->cpi_in ? "deflate" : "none"), F_INT("reqid", c->reqid),
	    F_SPI32("replaces", c->replaces));
}

/* Who goes when this one is there: what it follows, which may have been rekeyed meanwhile. */
static void set_successor(struct child_sa *c)
{
	const struct child_sa *old = c->replaces ? child_sa_find_in(c->sa->engine, c->replaces)
						 : NULL;
	struct child_sa *before = c->follows ? carry_find_same(c, &c->sa->peer_id) : NULL;
	if (old)
		c->followed_by = old->followed_by;
	if (!before)
		return;
	before->followed_by = c->spi_in;
	before->sa->handover.followed_spi = ike_sa_own_spi(c->sa);
}

void child_sa_up(struct child_sa *c)
{
	struct engine *e = c->sa->engine;
	int64_t hard_ms = c->config->lifetime.hard_ms;

	list_add(&c->sa->children, &c->node);
	c->state = CHILD_UP;
	c->up_ms = engine_now_ms(e);
	e->counters.n_child_up++;
	if (hard_ms) {
		c->life_ends_ms = c->up_ms + hard_ms;
		loop_timer_arm(c->life, hard_ms);
		loop_timer_arm(c->soft, (int64_t)soft((uint64_t)hard_ms));
	}
	if (c->late)
		loop_timer_arm(c->turn, c->follows ? LIMIT_FOLLOW_MS : LIMIT_TURN_MS);
	set_successor(c);
	log_up(c);
	/* The peer may have moved while the kernel worked. */
	move_along(c->sa);
	create_child_up(c);
	config_update(c->sa);
	keepup_child_up(e, c->config);
}

void child_sa_grown_old(struct child_sa *c)
{
	if (c->state != CHILD_UP)
		return;
	if (create_add_rekey(c) < 0)
		loop_timer_arm(c->soft, LIMIT_RETRY_FIRST_MS);
	informational_next(c->sa);
}

struct child_sa *child_sa_successor(const struct child_sa *c)
{
	struct child_sa *s;
	LIST_EACH(s, &c->sa->children, node)
		if (s->state == CHILD_UP && s->replaces == c->spi_in)
			return s;
	s = c->followed_by ? child_sa_find_in(c->sa->engine, c->followed_by) : NULL;
	return s && s->state == CHILD_UP ? s : NULL;
}

static void log_down(const struct child_sa *c)
{
	LOG(INFO, "child_sa_down", F_STR("remote", ike_sa_remote(c->sa)),
	    F_STR("child", c->config->name), F_ADDR("peer", &c->sa->peer),
	    F_SPI64("ike_spi_i", c->sa->spi_i), F_SPI64("ike_spi_r", c->sa->spi_r),
	    F_SPI32("spi_in", c->spi_in), F_SPI32("spi_out", c->spi_out),
	    F_STR("reason", c->down_why));
}

void child_sa_retire(struct child_sa *c, const char *why)
{
	if (c->state != CHILD_UP)
		return;
	c->state = CHILD_DELETING;
	c->replaced = true;
	c->down_why = why;
	disarm_timers(c);
	c->sa->engine->counters.n_child_down++;
	log_down(c);
}

void child_sa_down(struct child_sa *c, const char *why)
{
	if (c->state != CHILD_UP)
		return;
	c->state = CHILD_DELETING;
	c->down_why = why;
	disarm_timers(c);
	/* Whether the peer listens already or not: there is no other way left. */
	struct child_sa *successor = child_sa_successor(c);
	if (!successor && c->sa->engine->n_late)
		successor = carry_find_same(c, &c->sa->peer_id);
	c->replaced = successor != NULL;
	if (successor)
		child_sa_complete(successor);
	else
		removal_hurry(c->sa->engine, c->reqid);
	child_sa_uninstall(c);
	c->sa->engine->counters.n_child_down++;
	log_down(c);
	config_update(c->sa);
	keepup_child_down(c->sa->engine, c->config, c->by_command);
}
