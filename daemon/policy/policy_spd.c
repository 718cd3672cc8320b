/* SPDX-License-Identifier: BSD-2-Clause */
/* Selectors and configuration -> SPD entries of the kernel. */
#include "policy/policy_spd.h"

#include <errno.h>
#include <string.h>

#include "policy/pool.h"

enum {
	PIECES_MAX = 32, /* of one range; one of ports has 30 at most */
	PORT_BITS = 16,
	/* Steps of the priority: bits of both prefixes, then protocol and ports, then the class. */
	BIT_STEP = 16,
	REST_STEP = 4,
};

/* A run of ports as the kernel matches it: bits under a mask; mask 0 is any. */
struct port_piece {
	uint16_t port, mask;
};

/* One selector as pieces: every prefix with every port piece. */
struct pieces {
	const struct ts *ts;
	struct addr_prefix prefixes[PIECES_MAX];
	struct port_piece ports[PIECES_MAX];
	size_t n_prefixes, n_ports;
};

/* What is being built, and for whom: a child (or its traps), or a plain policy. */
struct spd {
	const struct child_config *child;
	const struct policy_spd_ends *ends;
	const struct plain_policy *plain;
	enum policy_spd_class class;
	uint32_t priority; /* of the pair that is at hand */
	struct keydb_policy *entries;
	size_t n, max;
	struct err *err;
};

static int refuse(struct spd *s, int code, const struct ts *ts, const char *why)
{
	char text[TS_TEXT_MAX_BYTES];
	return err_set(s->err, code, "selector %s: %s", ts_text(ts, text), why);
}

/* The largest aligned run of ports that begins at lo and does not pass hi. */
static struct port_piece largest_run(uint32_t lo, uint32_t hi, uint32_t *ret_next)
{
	uint32_t size = 1;
	while (size < 1u << PORT_BITS && lo % (2 * size) == 0 && lo + 2 * size - 1 <= hi)
		size *= 2;
	*ret_next = lo + size;
	return (struct port_piece){ .port = (uint16_t)lo, .mask = (uint16_t) ~(size - 1) };
}

static int cut_ports(struct spd *s, struct pieces *p)
{
	uint32_t at = p->ts->port_lo, hi = p->ts->port_hi;
	if (ts_port_opaque(p->ts))
		return refuse(s, -ERANGE, p->ts, "the kernel cannot match OPAQUE ports");
	if (at > hi)
		return refuse(s, -ERANGE, p->ts, "the ports are no range");
	for (p->n_ports = 0; at <= hi; p->n_ports++) {
		if (p->n_ports == PIECES_MAX)
			return refuse(s, -E2BIG, p->ts, "the ports make too many policies");
		p->ports[p->n_ports] = largest_run(at, hi, &at);
	}
	return 0;
}

static int cut(struct spd *s, const struct ts *ts, struct pieces *ret)
{
	ret->ts = ts;
	int n = ts_prefixes(ts, ret->prefixes, PIECES_MAX);
	if (n < 0)
		return refuse(s, n, ts, "the addresses make too many policies");
	ret->n_prefixes = (size_t)n;
	return cut_ports(s, ret);
}

static void set_port(struct port_piece p, uint16_t *port, uint16_t *mask, bool *any)
{
	*any = p.mask == 0;
	*port = p.port;
	*mask = p.mask == UINT16_MAX ? 0 : p.mask;
}

static void set_ports(struct keydb_selector *sel, struct port_piece src, struct port_piece dst)
{
	set_port(src, &sel->src_port, &sel->src_port_mask, &sel->src_port_any);
	set_port(dst, &sel->dst_port, &sel->dst_port_mask, &sel->dst_port_any);
}

/*
 * RFC 4301 4.4.1.1: type and code are the upper and the lower byte of the port.  The kernel has the
 * type as source port and the code as destination port, in either direction.
 */
static void set_type(struct port_piece p, struct keydb_selector *sel)
{
	const uint16_t upper = 0xff00;
	struct port_piece type = { .port = p.port >> 8, .mask = p.mask >> 8 };
	struct port_piece code = { .port = p.port & 0xff, .mask = p.mask & 0xff };
	type.mask |= type.mask ? upper : 0;
	code.mask |= code.mask ? upper : 0;
	set_ports(sel, type, code);
}

static void set_addr(union keydb_addr *ret, const struct addr *a)
{
	struct sockaddr_storage ss;
	struct addr bare = *a;
	bare.port = 0;
	socklen_t len = addr_to_sockaddr(&bare, &ss);
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &ss, len);
}

uint32_t policy_spd_priority(uint32_t given, const struct ts *local, const struct ts *peer,
			     enum policy_spd_class class)
{
	unsigned int bits = ts_common_bits(local) + ts_common_bits(peer);
	unsigned int rest =
		(local->proto || peer->proto) + !ts_port_any(local) + !ts_port_any(peer);
	if (given && class == POLICY_SPD_CHILD)
		return given - 1;
	if (given)
		return given;
	return POLICY_SPD_PRIORITY_WIDEST - BIT_STEP * bits - REST_STEP * rest - class;
}

/* *ret is the list itself, or the end's address for an empty one; all addresses without one. */
static void own_selectors(const struct ts_list *l, const struct addr *end, const struct addr *like,
			  struct ts_list *ret)
{
	struct addr_prefix whole = addr_whole(like);
	*ret = *l;
	if (l->n > 0)
		return;
	ret->n = 1;
	if (addr_is_set(end))
		ts_of_addr(end, &ret->ts[0]);
	else
		ts_of_prefix(&whole, 0, 0, &ret->ts[0]);
}

/* What the traps of the entry are for. */
static void whole_of(const struct child_config *child, const struct policy_spd_ends *ends,
		     struct ts_list *ret_local, struct ts_list *ret_peer)
{
	own_selectors(&child->local_ts, &ends->local, &ends->peer, ret_local);
	own_selectors(&child->peer_ts, &ends->peer, &ends->peer, ret_peer);
}

uint32_t policy_spd_child_priority(const struct child_config *child,
				   const struct policy_spd_ends *ends, const struct ts *local,
				   const struct ts *peer)
{
	struct addr_prefix all = addr_whole(&ends->peer);
	struct ts_list l, p;
	struct ts any;
	ts_of_prefix(&all, 0, 0, &any);
	uint32_t best = policy_spd_priority(child->priority, &any, &any, POLICY_SPD_CHILD);
	whole_of(child, ends, &l, &p);
	/* An inner address is the gateway's choice: it counts as if the entry had it. */
	if (child_config_is_client(child))
		l = (struct ts_list){ .n = 1, .ts = { *local } };
	if (child->peer_inner)
		p = (struct ts_list){ .n = 1, .ts = { *peer } };
	for (uint8_t i = 0; i < l.n; i++) {
		for (uint8_t j = 0; j < p.n; j++) {
			if (!ts_subset(local, &l.ts[i]) || !ts_subset(peer, &p.ts[j]))
				continue;
			uint32_t one = policy_spd_priority(child->priority, &l.ts[i], &p.ts[j],
							   POLICY_SPD_CHILD);
			best = one < best ? one : best;
		}
	}
	return best;
}

bool policy_spd_is_whole(const struct child_config *child, const struct policy_spd_ends *ends,
			 const struct ts_list *local_ts, const struct ts_list *peer_ts)
{
	struct ts_list l, p;
	whole_of(child, ends, &l, &p);
	return ts_list_covers(local_ts, &l) && ts_list_covers(peer_ts, &p);
}

uint8_t policy_spd_proto(const struct child_config *child)
{
	return child_config_protocol(child) == PROPOSAL_AH ? KEYDB_PROTO_AH : KEYDB_PROTO_ESP;
}

uint8_t policy_spd_mode(enum child_mode mode)
{
	static const uint8_t modes[CHILD_MODES_N] = {
		[CHILD_TUNNEL] = KEYDB_MODE_TUNNEL,
		[CHILD_TRANSPORT] = KEYDB_MODE_TRANSPORT,
		[CHILD_BEET] = KEYDB_MODE_BEET,
	};
	return modes[mode];
}

/* Is there an outer header with addresses of its own? */
static bool has_ends(enum child_mode mode)
{
	return mode != CHILD_TRANSPORT;
}

/* reqid and level of a template: one SA alone, if we can name it. */
static void name_sa(const struct spd *s, struct keydb_template *t)
{
	t->reqid = s->ends->reqid ? s->ends->reqid : s->child->reqid;
	t->level = t->reqid ? KEYDB_LEVEL_UNIQUE : KEYDB_LEVEL_REQUIRE;
}

static struct keydb_template make_template(const struct spd *s, uint8_t proto, enum child_mode mode,
					   bool out, uint16_t family)
{
	struct addr_prefix any = addr_whole(&s->ends->peer);
	const struct addr *peer = &s->ends->peer;
	const struct addr *local = addr_is_set(&s->ends->local) ? &s->ends->local : &any.addr;
	struct keydb_template t = { .family = family,
				    .proto = proto,
				    .mode = policy_spd_mode(mode) };
	name_sa(s, &t);
	if (has_ends(mode)) {
		t.family = peer->family;
		set_addr(&t.src, out ? local : peer);
		set_addr(&t.dst, out ? peer : local);
	}
	return t;
}

/* What goes through IPComp first comes to ESP with its outer header. */
static void set_templates(const struct spd *s, bool out, struct keydb_policy *p)
{
	uint16_t family = p->sel.src.sa.sa_family;
	uint8_t proto = policy_spd_proto(s->child);
	struct keydb_template *t = p->templates;
	enum child_mode mode = s->child->mode;
	if (s->ends->comp) {
		*t = make_template(s, KEYDB_PROTO_IPCOMP, mode, out, family);
		/* RFC 3173 2.2: what does not get shorter arrives as it was */
		if (!out)
			t->level = KEYDB_LEVEL_USE;
		family = t++->family;
		mode = CHILD_TRANSPORT;
	}
	*t++ = make_template(s, proto, mode, out, family);
	p->n_templates = (uint8_t)(t - p->templates);
}

static void swap_ends(struct keydb_selector *sel, bool ports)
{
	struct keydb_selector was = *sel;
	sel->src = was.dst;
	sel->dst = was.src;
	sel->src_bits = was.dst_bits;
	sel->dst_bits = was.src_bits;
	if (!ports)
		return;
	sel->src_port = was.dst_port;
	sel->dst_port = was.src_port;
	sel->src_port_mask = was.dst_port_mask;
	sel->dst_port_mask = was.src_port_mask;
	sel->src_port_any = was.dst_port_any;
	sel->dst_port_any = was.src_port_any;
}

static int add_entry(struct spd *s, const struct keydb_selector *out_sel, uint8_t dir)
{
	bool out = dir == KEYDB_DIR_OUT;
	const struct ts of = { .proto = out_sel->proto };
	if (s->n == s->max)
		return err_set(s->err, -E2BIG, "the selectors make more than %zu policies", s->max);
	struct keydb_policy *p = &s->entries[s->n++];
	memset(p, 0, sizeof(*p));
	p->sel = *out_sel;
	if (!out)
		swap_ends(&p->sel, !ts_has_types(&of));
	p->dir = dir;
	p->priority = s->priority;
	p->limits = (struct keydb_limits){
		KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE,
		KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE,
	};
	if (s->plain) {
		p->action = s->plain->action == PLAIN_BYPASS ? KEYDB_ACTION_NONE
							     : KEYDB_ACTION_DISCARD;
		return 0;
	}
	p->action = KEYDB_ACTION_IPSEC;
	p->if_id = s->child->if_id;
	p->mark = (struct keydb_mark){ .value = s->child->mark, .mask = s->child->mark_mask };
	set_templates(s, out, p);
	return 0;
}

static int add_directions(struct spd *s, const struct keydb_selector *sel)
{
	static const uint8_t dirs[] = { KEYDB_DIR_OUT, KEYDB_DIR_IN, KEYDB_DIR_FWD };
	/* What is forwarded was not ours to protect in transport mode. */
	size_t n = s->plain || has_ends(s->child->mode) ? 3 : 2;
	for (size_t i = 0; i < n; i++) {
		int result = add_entry(s, sel, dirs[i]);
		if (result < 0)
			return result;
	}
	return 0;
}

/* A packet has one type: where both sides name some, add_pair() has made them the same. */
static int add_types(struct spd *s, const struct pieces *local, const struct pieces *peer,
		     struct keydb_selector *sel)
{
	const struct pieces *p = ts_port_any(local->ts) ? peer : local;
	for (size_t i = 0; i < p->n_ports; i++) {
		set_type(p->ports[i], sel);
		int result = add_directions(s, sel);
		if (result < 0)
			return result;
	}
	return 0;
}

/* Every port piece of one side with every one of the other. */
static int add_ports(struct spd *s, const struct pieces *local, const struct pieces *peer,
		     struct keydb_selector *sel)
{
	if (ts_has_types(local->ts))
		return add_types(s, local, peer, sel);
	for (size_t i = 0; i < local->n_ports; i++) {
		for (size_t j = 0; j < peer->n_ports; j++) {
			set_ports(sel, local->ports[i], peer->ports[j]);
			int result = add_directions(s, sel);
			if (result < 0)
				return result;
		}
	}
	return 0;
}

static int add_prefixes(struct spd *s, const struct pieces *local, const struct pieces *peer,
			uint8_t proto)
{
	for (size_t i = 0; i < local->n_prefixes; i++) {
		for (size_t j = 0; j < peer->n_prefixes; j++) {
			struct keydb_selector sel = { .proto = proto };
			set_addr(&sel.src, &local->prefixes[i].addr);
			set_addr(&sel.dst, &peer->prefixes[j].addr);
			sel.src_bits = local->prefixes[i].bits;
			sel.dst_bits = peer->prefixes[j].bits;
			int result = add_ports(s, local, peer, &sel);
			if (result < 0)
				return result;
		}
	}
	return 0;
}

/* Both sides' types become those that both have. */
static int join_types(struct spd *s, struct ts *local, struct ts *peer)
{
	uint16_t lo = local->port_lo > peer->port_lo ? local->port_lo : peer->port_lo;
	uint16_t hi = local->port_hi < peer->port_hi ? local->port_hi : peer->port_hi;
	if (!ts_has_types(local) || ts_port_any(local) || ts_port_any(peer) ||
	    ts_port_opaque(local) || ts_port_opaque(peer))
		return 0;
	if (lo > hi)
		return refuse(s, -ERANGE, local, "both sides must name the same types");
	local->port_lo = peer->port_lo = lo;
	local->port_hi = peer->port_hi = hi;
	return 0;
}

static uint32_t priority_of(const struct spd *s, const struct ts *local, const struct ts *peer)
{
	if (s->class == POLICY_SPD_CHILD)
		return policy_spd_child_priority(s->child, s->ends, local, peer);
	return policy_spd_priority(s->plain ? s->plain->priority : s->child->priority, local, peer,
				   s->class);
}

static int add_pair(struct spd *s, const struct ts *local, const struct ts *peer)
{
	struct pieces local_pieces, peer_pieces;
	/* The protocol of one side holds for both, and tells how to read the ports. */
	struct ts l = *local, p = *peer;
	s->priority = priority_of(s, local, peer);
	l.proto = p.proto = local->proto ? local->proto : peer->proto;
	int result = join_types(s, &l, &p);
	if (result == 0)
		result = cut(s, &l, &local_pieces);
	if (result == 0)
		result = cut(s, &p, &peer_pieces);
	return result < 0 ? result : add_prefixes(s, &local_pieces, &peer_pieces, l.proto);
}

static int build(struct spd *s, const struct ts_list *local_ts, const struct ts_list *peer_ts)
{
	char local[TS_LIST_TEXT_MAX_BYTES], peer[TS_LIST_TEXT_MAX_BYTES];
	for (uint8_t i = 0; i < local_ts->n; i++) {
		for (uint8_t j = 0; j < peer_ts->n; j++) {
			if (!ts_makes_packets(&local_ts->ts[i], &peer_ts->ts[j]))
				continue;
			int result = add_pair(s, &local_ts->ts[i], &peer_ts->ts[j]);
			if (result < 0)
				return result;
		}
	}
	if (s->n == 0)
		return err_set(s->err, -ENOENT, "no packet goes from %s to %s",
			       ts_list_text(local_ts, local), ts_list_text(peer_ts, peer));
	return 0;
}

static int build_for_child(struct spd *s, const struct ts_list *local_ts,
			   const struct ts_list *peer_ts, size_t *ret_n)
{
	const struct policy_spd_ends *ends = s->ends;
	if (!addr_is_set(&ends->peer))
		return err_set(s->err, -EINVAL, "the peer's address is not known");
	if (has_ends(s->child->mode) && addr_is_set(&ends->local) &&
	    ends->local.family != ends->peer.family)
		return err_set(s->err, -EINVAL, "a tunnel's ends are of one family");
	int result = build(s, local_ts, peer_ts);
	if (result == 0)
		*ret_n = s->n;
	return result;
}

int policy_spd_build(const struct child_config *child, const struct policy_spd_ends *ends,
		     const struct ts_list *local_ts, const struct ts_list *peer_ts,
		     struct keydb_policy *ret, size_t max, size_t *ret_n, struct err *err)
{
	struct spd s = { .child = child,
			 .ends = ends,
			 .class = POLICY_SPD_CHILD,
			 .entries = ret,
			 .max = max,
			 .err = err };
	return build_for_child(&s, local_ts, peer_ts, ret_n);
}

int policy_spd_traps(const struct child_config *child, const struct policy_spd_ends *ends,
		     struct keydb_policy *ret, size_t max, size_t *ret_n, struct err *err)
{
	struct ts_list local_ts, peer_ts;
	struct spd s = { .child = child,
			 .ends = ends,
			 .class = POLICY_SPD_TRAP,
			 .entries = ret,
			 .max = max,
			 .err = err };
	whole_of(child, ends, &local_ts, &peer_ts);
	return build_for_child(&s, &local_ts, &peer_ts, ret_n);
}

int policy_spd_plain(const struct plain_policy *plain, struct keydb_policy *ret, size_t max,
		     size_t *ret_n, struct err *err)
{
	struct spd s = {
		.plain = plain, .class = POLICY_SPD_PLAIN, .entries = ret, .max = max, .err = err
	};
	int result = build(&s, &plain->local_ts, &plain->peer_ts);
	if (result == 0)
		*ret_n = s.n;
	return result;
}
