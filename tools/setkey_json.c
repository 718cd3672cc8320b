/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Members of the model as members of JSON objects.  What there is not (no address, no limit, mark
 * or if_id) has no member; a word whose number nobody has named here is "other-N".
 */
#include "setkey_json.h"

#include "setkey_json_write.h"

#include "base/addr.h"
#include "base/fmt.h"

#include <stdio.h>
#include <string.h>

enum { WORD_BYTES = 32 };

/* What of an SA an event fills. */
enum extent { EXTENT_NONE, EXTENT_PROTO, EXTENT_ID, EXTENT_LARVAL, EXTENT_ALL };

/* ---- words ---- */

struct word {
	uint32_t value;
	const char *word;
};

/* clang-format off */
static const struct word protos[] = {
	{ KEYDB_PROTO_ANY, "any" }, { KEYDB_PROTO_ESP, "esp" }, { KEYDB_PROTO_AH, "ah" },
	{ KEYDB_PROTO_IPCOMP, "ipcomp" }, { 0, NULL },
};
static const struct word modes[] = {
	{ KEYDB_MODE_ANY, "any" }, { KEYDB_MODE_TRANSPORT, "transport" },
	{ KEYDB_MODE_TUNNEL, "tunnel" }, { KEYDB_MODE_BEET, "beet" }, { 0, NULL },
};
static const struct word states[] = {
	{ KEYDB_SA_LARVAL, "larval" }, { KEYDB_SA_MATURE, "mature" },
	{ KEYDB_SA_DYING, "dying" }, { KEYDB_SA_DEAD, "dead" }, { 0, NULL },
};
static const struct word encaps[] = {
	{ KEYDB_ENCAP_UDP, "udp" }, { KEYDB_ENCAP_UDP_NON_IKE, "udp-non-ike" },
	{ KEYDB_ENCAP_TCP, "tcp" }, { 0, NULL },
};
static const struct word dirs[] = {
	{ KEYDB_DIR_IN, "in" }, { KEYDB_DIR_OUT, "out" }, { KEYDB_DIR_FWD, "fwd" },
	{ KEYDB_DIR_SOCKET_IN, "socket-in" }, { KEYDB_DIR_SOCKET_OUT, "socket-out" }, { 0, NULL },
};
static const struct word actions[] = {
	{ KEYDB_ACTION_DISCARD, "discard" }, { KEYDB_ACTION_NONE, "none" },
	{ KEYDB_ACTION_IPSEC, "ipsec" }, { KEYDB_ACTION_ENTRUST, "entrust" },
	{ KEYDB_ACTION_BYPASS, "bypass" }, { 0, NULL },
};
static const struct word levels[] = {
	{ KEYDB_LEVEL_DEFAULT, "default" }, { KEYDB_LEVEL_USE, "use" },
	{ KEYDB_LEVEL_REQUIRE, "require" }, { KEYDB_LEVEL_UNIQUE, "unique" }, { 0, NULL },
};
static const struct word sa_flags[] = {
	{ KEYDB_SA_NOECN, "noecn" }, { KEYDB_SA_DECAP_DSCP, "decap-dscp" },
	{ KEYDB_SA_NOPMTUDISC, "nopmtudisc" }, { KEYDB_SA_ESN, "esn" }, { KEYDB_SA_ICMP, "icmp" },
	{ KEYDB_SA_AF_UNSPEC, "af-unspec" }, { KEYDB_SA_DONT_ENCAP_DSCP, "dont-encap-dscp" },
	{ KEYDB_SA_OSEQ_MAY_WRAP, "oseq-may-wrap" }, { KEYDB_SA_WILDRECV, "wildrecv" },
	{ KEYDB_SA_ALIGN4, "align4" }, { 0, NULL },
};
static const struct word policy_flags[] = {
	{ KEYDB_POLICY_LOCALOK, "localok" }, { KEYDB_POLICY_ICMP, "icmp" }, { 0, NULL },
};
/* clang-format on */

static void put_word(struct json *j, const char *name, const struct word *words, uint32_t value)
{
	char other[WORD_BYTES];
	for (; words->word; words++) {
		if (words->value == value) {
			json_word(j, name, words->word);
			return;
		}
	}
	struct fmt f = fmt_of(other, sizeof(other));
	fmt_add(&f, "other-%u", value);
	json_word(j, name, other);
}

static void put_flags(struct json *j, const char *name, const struct word *words, uint32_t flags)
{
	if (!flags)
		return;
	json_open(j, name, '[');
	for (; words->word; words++)
		if (flags & words->value)
			json_word(j, NULL, words->word);
	json_close(j, ']');
}

/* ---- parts ---- */

static void put_number(struct json *j, const char *name, uint64_t value)
{
	if (value)
		json_number(j, name, value);
}

static void put_addr(struct json *j, const char *name, const union keydb_addr *a)
{
	struct addr addr;
	char text[ADDR_TEXT_MAX_BYTES];
	if (addr_from_sockaddr(&a->sa, sizeof(*a), &addr))
		return;
	addr.port = 0;
	json_word(j, name, addr_text(&addr, text));
}

static bool has_addr(const union keydb_addr *a)
{
	struct addr addr;
	return !addr_from_sockaddr(&a->sa, sizeof(*a), &addr);
}

static uint16_t port_of(const union keydb_addr *a)
{
	struct addr addr;
	return addr_from_sockaddr(&a->sa, sizeof(*a), &addr) ? 0 : addr.port;
}

static void put_mark(struct json *j, const char *name, const struct keydb_mark *m)
{
	if (!m->value && !m->mask)
		return;
	json_open(j, name, '{');
	json_number(j, "value", m->value);
	json_number(j, "mask", m->mask);
	json_close(j, '}');
}

static void put_ctx(struct json *j, uint8_t doi, uint8_t alg, const char *text, uint16_t len)
{
	if (!len || len > KEYDB_CTX_MAX_BYTES)
		return;
	json_open(j, "ctx", '{');
	json_number(j, "doi", doi);
	json_number(j, "alg", alg);
	/* The kernel's contexts end in a zero or not, as whoever set them counted. */
	json_text(j, "text", text, strnlen(text, len));
	json_close(j, '}');
}

static void put_limits(struct json *j, const struct keydb_limits *l)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "soft_bytes", l->soft_bytes },     { "hard_bytes", l->hard_bytes },
		{ "soft_packets", l->soft_packets }, { "hard_packets", l->hard_packets },
		{ "soft_add_sec", l->soft_add_sec }, { "hard_add_sec", l->hard_add_sec },
		{ "soft_use_sec", l->soft_use_sec }, { "hard_use_sec", l->hard_use_sec },
	};
	json_open(j, "limits", '{');
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		if (rows[i].value != KEYDB_INFINITE)
			put_number(j, rows[i].name, rows[i].value);
	json_close(j, '}');
}

static void put_usage(struct json *j, const struct keydb_usage *u)
{
	json_open(j, "usage", '{');
	json_number(j, "bytes", u->bytes);
	json_number(j, "packets", u->packets);
	put_number(j, "add_time_sec", u->add_time);
	put_number(j, "use_time_sec", u->use_time);
	put_number(j, "last_time_sec", u->last_time);
	json_close(j, '}');
}

static void put_selector(struct json *j, const char *name, const struct keydb_selector *s)
{
	if (!has_addr(&s->src) && !has_addr(&s->dst))
		return;
	json_open(j, name, '{');
	put_addr(j, "src", &s->src);
	json_number(j, "src_bits", s->src_bits);
	put_addr(j, "dst", &s->dst);
	json_number(j, "dst_bits", s->dst_bits);
	put_number(j, "proto", s->proto);
	if (!s->src_port_any) {
		json_number(j, "src_port", s->src_port);
		put_number(j, "src_port_mask", s->src_port_mask);
	}
	if (!s->dst_port_any) {
		json_number(j, "dst_port", s->dst_port);
		put_number(j, "dst_port_mask", s->dst_port_mask);
	}
	put_number(j, "ifindex", s->ifindex);
	json_close(j, '}');
}

/* ---- SAs ---- */

static void put_alg(struct json *j, const char *name, const struct keydb_alg *a, bool keys)
{
	const struct keydb_alg_info *info = keydb_alg_by_id(a->id);
	size_t len = a->key_bits / 8u;
	if (!info && !a->name[0])
		return;
	json_open(j, name, '{');
	if (info)
		json_word(j, "name", info->setkey_name);
	if (a->name[0])
		json_text(j, "kernel_name", a->name, strnlen(a->name, sizeof(a->name)));
	else if (info)
		json_word(j, "kernel_name", info->xfrm_name);
	put_number(j, "icv_bits", a->icv_bits ? a->icv_bits : info ? info->icv_bits : 0);
	json_number(j, "key_bits", a->key_bits);
	if (keys)
		json_hex(j, "key", a->key, len < sizeof(a->key) ? len : sizeof(a->key));
	json_close(j, '}');
}

static void put_encap(struct json *j, const struct keydb_sa *sa)
{
	if (!sa->encap_src_port && !sa->encap_dst_port)
		return;
	json_open(j, "encap", '{');
	put_word(j, "type", encaps, sa->encap_type);
	json_number(j, "src_port", sa->encap_src_port);
	json_number(j, "dst_port", sa->encap_dst_port);
	put_addr(j, "original_addr", &sa->encap_oa);
	json_close(j, '}');
}

static void put_offload(struct json *j, const struct keydb_sa *sa)
{
	if (!sa->offload_device[0])
		return;
	json_open(j, "offload", '{');
	json_text(j, "device", sa->offload_device,
		  strnlen(sa->offload_device, sizeof(sa->offload_device)));
	json_word(j, "dir", sa->offload_flags & KEYDB_OFFLOAD_INBOUND ? "in" : "out");
	json_word(j, "kind", sa->offload_flags & KEYDB_OFFLOAD_PACKET ? "packet" : "crypto");
	json_close(j, '}');
}

static void put_sa_id(struct json *j, const struct keydb_sa_id *id)
{
	put_addr(j, "src", &id->src);
	put_addr(j, "dst", &id->dst);
	put_number(j, "src_port", port_of(&id->src));
	put_number(j, "dst_port", port_of(&id->dst));
	put_word(j, "proto", protos, id->proto);
	json_number(j, "spi", id->spi);
	put_mark(j, "mark", &id->mark);
}

static void put_sa_rest(struct json *j, const struct keydb_sa *sa, bool keys)
{
	put_word(j, "state", states, sa->state);
	put_flags(j, "flags", sa_flags, sa->flags);
	json_number(j, "replay_window_pkts", sa->replay_window_pkts);
	put_alg(j, "encr", &sa->encr, keys);
	put_alg(j, "auth", &sa->auth, keys);
	put_alg(j, "aead", &sa->aead, keys);
	put_alg(j, "comp", &sa->comp, keys);
	put_encap(j, sa);
	put_selector(j, "sel", &sa->sel);
	put_limits(j, &sa->limits);
	put_usage(j, &sa->usage);
	put_number(j, "if_id", sa->if_id);
	put_number(j, "tfc_pad_bytes", sa->tfc_pad_bytes);
	put_mark(j, "output_mark", &sa->output_mark);
	json_number(j, "seq_out", sa->seq_out);
	json_number(j, "seq_in", sa->seq_in);
	put_ctx(j, sa->ctx_doi, sa->ctx_alg, sa->ctx, sa->ctx_len);
	put_offload(j, sa);
}

static void put_sa(struct json *j, const struct keydb_sa *sa, enum extent extent, bool keys)
{
	if (extent == EXTENT_PROTO) {
		put_word(j, "proto", protos, sa->id.proto);
		return;
	}
	put_sa_id(j, &sa->id);
	if (extent >= EXTENT_LARVAL)
		put_word(j, "mode", modes, sa->mode);
	json_number(j, "reqid", sa->reqid);
	put_number(j, "kernel_seq", sa->kernel_seq);
	if (extent == EXTENT_ALL)
		put_sa_rest(j, sa, keys);
}

void setkey_json_sa(void *file, const struct keydb_sa *sa)
{
	struct json j = { .file = file };
	json_open(&j, NULL, '{');
	json_word(&j, "type", "sa");
	put_sa(&j, sa, EXTENT_ALL, true);
	json_close(&j, '}');
	json_end_line(&j);
}

/* ---- policies ---- */

static bool is_v4(uint16_t family)
{
	struct addr a = { .family = family };
	return addr_len(&a) == sizeof(struct in_addr);
}

static void put_template(struct json *j, const struct keydb_template *t)
{
	json_open(j, NULL, '{');
	put_word(j, "proto", protos, t->proto);
	put_word(j, "mode", modes, t->mode);
	put_addr(j, "src", &t->src);
	put_addr(j, "dst", &t->dst);
	put_number(j, "src_port", port_of(&t->src));
	put_number(j, "dst_port", port_of(&t->dst));
	if (t->family)
		json_word(j, "family", is_v4(t->family) ? "ipv4" : "ipv6");
	put_word(j, "level", levels, t->level);
	put_number(j, "reqid", t->reqid);
	put_number(j, "spi", t->spi);
	json_close(j, '}');
}

static void put_policy(struct json *j, const struct keydb_policy *p)
{
	put_word(j, "dir", dirs, p->dir);
	put_word(j, "action", actions, p->action);
	json_number(j, "priority", p->priority);
	put_number(j, "index", p->index);
	put_flags(j, "flags", policy_flags, p->flags);
	json_bool(j, "sub", p->sub);
	put_selector(j, "sel", &p->sel);
	json_open(j, "templates", '[');
	for (size_t i = 0; i < p->n_templates && i < KEYDB_TEMPLATES_MAX; i++)
		put_template(j, &p->templates[i]);
	json_close(j, ']');
	put_limits(j, &p->limits);
	put_usage(j, &p->usage);
	put_mark(j, "mark", &p->mark);
	put_number(j, "if_id", p->if_id);
	if (p->tag)
		json_word(j, "data_path", "tanuki");
	put_ctx(j, p->ctx_doi, p->ctx_alg, p->ctx, p->ctx_len);
}

void setkey_json_policy(void *file, const struct keydb_policy *p)
{
	struct json j = { .file = file };
	json_open(&j, NULL, '{');
	json_word(&j, "type", "policy");
	put_policy(&j, p);
	json_close(&j, '}');
	json_end_line(&j);
}

/* ---- events ---- */

/* clang-format off */
static const struct {
	const char *word;
	bool with_hard, with_policy;
	enum extent sa;
} event_rows[] = {
	[KEYDB_EVENT_ACQUIRE]       = { "acquire", false, true, EXTENT_LARVAL },
	[KEYDB_EVENT_EXPIRE]        = { "expire", true, false, EXTENT_ALL },
	[KEYDB_EVENT_POLICY_EXPIRE] = { "spdexpire", true, true, EXTENT_NONE },
	[KEYDB_EVENT_MAPPING]       = { "mapping", false, false, EXTENT_ID },
	[KEYDB_EVENT_FLUSH_SA]      = { "flush", false, false, EXTENT_PROTO },
	[KEYDB_EVENT_FLUSH_POLICY]  = { "spdflush", false, false, EXTENT_NONE },
	[KEYDB_EVENT_SA_CHANGE]     = { "set", false, false, EXTENT_ALL },
	[KEYDB_EVENT_POLICY_CHANGE] = { "spdset", false, true, EXTENT_NONE },
	[KEYDB_EVENT_OVERRUN]       = { "overrun", false, false, EXTENT_NONE },
};
/* clang-format on */

static const char *event_word(const struct keydb_event *e)
{
	if (e->deleted && e->kind == KEYDB_EVENT_SA_CHANGE)
		return "delete";
	if (e->deleted && e->kind == KEYDB_EVENT_POLICY_CHANGE)
		return "spddelete";
	return event_rows[e->kind].word;
}

static void put_mapping(struct json *j, const struct keydb_event *e)
{
	put_number(j, "old_port", e->sa.encap_src_port);
	put_addr(j, "new_addr", &e->new_addr);
	put_number(j, "new_port", port_of(&e->new_addr));
}

void setkey_json_event(void *file, const struct keydb_event *e, const struct timeval *now)
{
	struct json j = { .file = file };
	if (e->kind >= N_ELEMENTS(event_rows))
		return;
	json_open(&j, NULL, '{');
	json_word(&j, "type", "event");
	json_word(&j, "event", event_word(e));
	json_seconds(&j, "time_sec", (uint64_t)now->tv_sec, (uint32_t)now->tv_usec);
	if (event_rows[e->kind].with_hard)
		json_bool(&j, "hard", e->hard);
	if (e->kind == KEYDB_EVENT_ACQUIRE)
		json_number(&j, "seq", e->seq);
	if (e->kind == KEYDB_EVENT_MAPPING)
		put_mapping(&j, e);
	if (event_rows[e->kind].sa != EXTENT_NONE) {
		json_open(&j, "sa", '{');
		put_sa(&j, &e->sa, event_rows[e->kind].sa, false);
		json_close(&j, '}');
	}
	if (event_rows[e->kind].with_policy) {
		json_open(&j, "policy", '{');
		put_policy(&j, &e->policy);
		json_close(&j, '}');
	}
	put_selector(&j, "packet", &e->sel);
	json_close(&j, '}');
	json_end_line(&j);
}
