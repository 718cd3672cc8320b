/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PF_KEY messages: the header, the walk over the extensions, and which message has which.
 *
 *    0       1       2       3       4       5       6       7
 *   | ver 2 | type  | errno |satype | length / 8    | reserved      |
 *   | sequence number               | pid                           |
 *   | length / 8    | ext. type     | ...          more extensions
 *
 * Everything is a multiple of 8 bytes long and in host order but SPIs, addresses and ports.
 */
#include "sadb_codec_int.h"

#include <errno.h>
#include <string.h>

#define BIT(type) (1u << (type))
#define ADDRS (BIT(SADB_EXT_ADDRESS_SRC) | BIT(SADB_EXT_ADDRESS_DST))
#define SA BIT(SADB_EXT_SA)
#define SA2 BIT(SADB_X_EXT_SA2)
#define LIMITS (BIT(SADB_EXT_LIFETIME_HARD) | BIT(SADB_EXT_LIFETIME_SOFT))
#define CURRENT BIT(SADB_EXT_LIFETIME_CURRENT)
#define KEYS (BIT(SADB_EXT_KEY_AUTH) | BIT(SADB_EXT_KEY_ENCRYPT))
#define PROXY BIT(SADB_EXT_ADDRESS_PROXY)
#define CTX BIT(SADB_X_EXT_SEC_CTX)
#define POLICY BIT(SADB_X_EXT_POLICY)
#define PORTS (BIT(SADB_X_EXT_NAT_T_SPORT) | BIT(SADB_X_EXT_NAT_T_DPORT))
#define NATT (BIT(SADB_X_EXT_NAT_T_TYPE) | PORTS | BIT(SADB_X_EXT_NAT_T_OA))
#define SA_PARTS (SA2 | LIMITS | CURRENT | PROXY | NATT | CTX)
#define ALGS (BIT(SADB_EXT_SUPPORTED_AUTH) | BIT(SADB_EXT_SUPPORTED_ENCRYPT))

/* What a message must and may carry, on its way to the kernel [0] and back [1]. */
struct message_row {
	const char *name;
	uint8_t subject;
	bool way[2]; /* there is such a message */
	struct {
		uint32_t must, may;
	} exts[2];
};

/* clang-format off */
static const struct message_row rows[SADB_MAX + 1] = {
	[SADB_GETSPI] = { "GETSPI", SUBJECT_SA, { true, true },
		{ { ADDRS, BIT(SADB_EXT_SPIRANGE) | SA2 | NATT }, { SA | ADDRS, SA_PARTS } } },
	[SADB_UPDATE] = { "UPDATE", SUBJECT_SA, { true, true },
		{ { SA | ADDRS, SA_PARTS | KEYS }, { SA | ADDRS, SA_PARTS } } },
	[SADB_ADD] = { "ADD", SUBJECT_SA, { true, true },
		{ { SA | ADDRS, SA_PARTS | KEYS }, { SA | ADDRS, SA_PARTS } } },
	[SADB_DELETE] = { "DELETE", SUBJECT_SA, { true, true },
		{ { SA | ADDRS, 0 }, { SA | ADDRS, SA_PARTS } } },
	[SADB_GET] = { "GET", SUBJECT_SA, { true, true },
		{ { SA | ADDRS, 0 }, { SA | ADDRS, SA_PARTS | KEYS } } },
	[SADB_ACQUIRE] = { "ACQUIRE", SUBJECT_SA, { true, true },
		{ { 0, 0 }, { ADDRS, POLICY | BIT(SADB_EXT_PROPOSAL) | CTX } } },
	[SADB_REGISTER] = { "REGISTER", SUBJECT_NONE, { true, true }, { { 0, 0 }, { 0, ALGS } } },
	[SADB_EXPIRE] = { "EXPIRE", SUBJECT_SA, { false, true },
		{ { 0, 0 }, { SA | ADDRS, SA_PARTS } } },
	[SADB_FLUSH] = { "FLUSH", SUBJECT_NONE, { true, true }, { { 0, 0 }, { 0, 0 } } },
	[SADB_DUMP] = { "DUMP", SUBJECT_SA, { true, true },
		{ { 0, BIT(SADB_X_EXT_FILTER) }, { SA | ADDRS, SA_PARTS | KEYS } } },
	[SADB_X_PROMISC] = { "X_PROMISC", SUBJECT_NONE, { true, true }, { { 0, 0 }, { 0, 0 } } },
	[SADB_X_SPDUPDATE] = { "X_SPDUPDATE", SUBJECT_POLICY, { true, true },
		{ { ADDRS | POLICY, LIMITS | CTX }, { ADDRS | POLICY, LIMITS | CURRENT | CTX } } },
	[SADB_X_SPDADD] = { "X_SPDADD", SUBJECT_POLICY, { true, true },
		{ { ADDRS | POLICY, LIMITS | CTX }, { ADDRS | POLICY, LIMITS | CURRENT | CTX } } },
	[SADB_X_SPDDELETE] = { "X_SPDDELETE", SUBJECT_POLICY, { true, true },
		{ { ADDRS | POLICY, CTX }, { ADDRS | POLICY, LIMITS | CURRENT | CTX } } },
	[SADB_X_SPDGET] = { "X_SPDGET", SUBJECT_POLICY, { true, true },
		{ { POLICY, 0 }, { ADDRS | POLICY, LIMITS | CURRENT | CTX } } },
	[SADB_X_SPDDUMP] = { "X_SPDDUMP", SUBJECT_POLICY, { true, true },
		{ { 0, 0 }, { ADDRS | POLICY, LIMITS | CURRENT | CTX } } },
	[SADB_X_SPDFLUSH] = { "X_SPDFLUSH", SUBJECT_NONE, { true, true }, { { 0, 0 }, { 0, 0 } } },
	[SADB_X_SPDSETIDX] = { "X_SPDSETIDX", SUBJECT_POLICY, { true, true },
		{ { ADDRS | POLICY, LIMITS | CTX }, { ADDRS | POLICY, LIMITS | CURRENT | CTX } } },
	[SADB_X_SPDEXPIRE] = { "X_SPDEXPIRE", SUBJECT_POLICY, { false, true },
		{ { 0, 0 }, { ADDRS | POLICY, LIMITS | CURRENT | CTX } } },
	[SADB_X_SPDDELETE2] = { "X_SPDDELETE2", SUBJECT_POLICY, { true, true },
		{ { POLICY, 0 }, { POLICY, ADDRS | LIMITS | CURRENT | CTX } } },
	[SADB_X_NAT_T_NEW_MAPPING] = { "X_NAT_T_NEW_MAPPING", SUBJECT_MAPPING, { false, true },
		{ { 0, 0 }, { SA | ADDRS | PORTS, 0 } } },
	[SADB_X_MIGRATE] = { "X_MIGRATE", SUBJECT_MIGRATE, { true, true },
		{ { ADDRS | POLICY, BIT(SADB_X_EXT_KMADDRESS) },
		  { ADDRS | POLICY, BIT(SADB_X_EXT_KMADDRESS) } } },
};
/* clang-format on */

static const struct message_row *row_of(enum pfkey_way way, uint8_t type)
{
	return type <= SADB_MAX && rows[type].way[way] ? &rows[type] : NULL;
}

const char *sadb_type_name(uint8_t type)
{
	return type <= SADB_MAX && rows[type].name ? rows[type].name : "?";
}

/* clang-format off */
static const struct {
	uint8_t proto, satype;
} satypes[] = {
	{ KEYDB_PROTO_ESP, SADB_SATYPE_ESP },
	{ KEYDB_PROTO_AH, SADB_SATYPE_AH },
	{ KEYDB_PROTO_IPCOMP, SADB_X_SATYPE_IPCOMP },
};
/* clang-format on */

uint8_t sadb_satype(uint8_t proto)
{
	for (size_t i = 0; i < sizeof(satypes) / sizeof(satypes[0]); i++)
		if (satypes[i].proto == proto)
			return satypes[i].satype;
	return SADB_SATYPE_UNSPEC;
}

uint8_t sadb_proto(uint8_t satype)
{
	for (size_t i = 0; i < sizeof(satypes) / sizeof(satypes[0]); i++)
		if (satypes[i].satype == satype)
			return satypes[i].proto;
	return KEYDB_PROTO_ANY;
}

static void no_limits(struct keydb_limits *l)
{
	*l = (struct keydb_limits){
		.soft_bytes = KEYDB_INFINITE,
		.hard_bytes = KEYDB_INFINITE,
		.soft_packets = KEYDB_INFINITE,
		.hard_packets = KEYDB_INFINITE,
		.soft_add_sec = KEYDB_INFINITE,
		.hard_add_sec = KEYDB_INFINITE,
		.soft_use_sec = KEYDB_INFINITE,
		.hard_use_sec = KEYDB_INFINITE,
	};
}

void sadb_message_init(struct sadb_message *m, uint8_t type)
{
	memset(m, 0, sizeof(*m));
	m->type = type;
	no_limits(&m->sa.limits);
	no_limits(&m->policy.limits);
	m->sa.sel.src_port_any = m->sa.sel.dst_port_any = true;
	m->policy.sel.src_port_any = m->policy.sel.dst_port_any = true;
}

/* ---- decoding ---- */

bool sadb_refuse(struct sadb_dec *d, const char *why)
{
	if (!d->why)
		d->why = why;
	return false;
}

/* The next extension, whole; its type is in *ret_type. */
static bool next_ext(struct sadb_dec *d, struct sadb_span *s, struct sadb_span *ret,
		     uint16_t *ret_type)
{
	struct sadb_ext head;
	if (s->n < sizeof(head))
		return sadb_refuse(d, "rest too short for an extension");
	memcpy(&head, s->p, sizeof(head));
	size_t bytes = (size_t)head.sadb_ext_len * 8;
	if (!bytes)
		return sadb_refuse(d, "extension of length 0");
	if (bytes > s->n)
		return sadb_refuse(d, "extension longer than the message");
	if (head.sadb_ext_type == SADB_EXT_RESERVED)
		return sadb_refuse(d, "extension of type 0");
	*ret = (struct sadb_span){ s->p, bytes };
	*ret_type = head.sadb_ext_type;
	s->p += bytes;
	s->n -= bytes;
	return true;
}

static bool decode_ext(struct sadb_dec *d, uint16_t type, struct sadb_span ext, uint32_t wanted)
{
	const struct sadb_ext_row *row = &sadb_ext_rows[type];
	if (ext.n < row->min_bytes)
		return sadb_refuse(d, "extension too short");
	if (row->max_bytes && ext.n > row->max_bytes)
		return sadb_refuse(d, "extension too long");
	if (d->m->present & BIT(type))
		return sadb_refuse(d, "extension twice");
	d->m->present |= BIT(type);
	return !(wanted & BIT(type)) || !row->decode || row->decode(d, type, ext);
}

static bool decode_exts(struct sadb_dec *d, struct sadb_span s, uint32_t wanted)
{
	while (s.n) {
		struct sadb_span ext;
		uint16_t type = 0;
		if (!next_ext(d, &s, &ext, &type))
			return false;
		type = type < SADB_EXT_NUMBERS ? d->layout->ext[type] : 0;
		if (type && !decode_ext(d, type, ext, wanted))
			return false;
	}
	return true;
}

static bool decode_head(struct sadb_dec *d, struct sadb_span *s)
{
	struct sadb_msg head;
	size_t len = s->n;
	if (!sadb_take(s, &head, sizeof(head)))
		return sadb_refuse(d, "shorter than a header");
	if (head.sadb_msg_version != PF_KEY_V2)
		return sadb_refuse(d, "not version 2");
	if ((size_t)head.sadb_msg_len * 8 != len)
		return sadb_refuse(d, "length does not match");
	sadb_message_init(d->m, head.sadb_msg_type);
	d->m->error = head.sadb_msg_errno;
	d->m->refcnt = head.sadb_msg_reserved;
	d->m->seq = head.sadb_msg_seq;
	d->m->pid = head.sadb_msg_pid;
	d->m->promisc = head.sadb_msg_type == SADB_X_PROMISC && head.sadb_msg_satype;
	d->m->satype = head.sadb_msg_satype;
	if (head.sadb_msg_type != SADB_X_PROMISC) /* there it says on or off */
		d->m->sa.id.proto = sadb_proto(head.sadb_msg_satype);
	return true;
}

static bool same_family(const struct sadb_dec *d, const union keydb_addr *a,
			const union keydb_addr *b)
{
	if (d->is_lax && (!a->sa.sa_family || !b->sa.sa_family))
		return true;
	return a->sa.sa_family == b->sa.sa_family;
}

/* The algorithm is in one extension, its key in another. */
static void drop_lone_key(struct keydb_alg *a)
{
	if (!a->name[0])
		explicit_bzero(a, sizeof(*a));
}

/* An AEAD's number is among those of ciphers, and its key where theirs is. */
static void move_aead_key(struct keydb_sa *sa)
{
	if (!sa->aead.name[0])
		return;
	sa->aead.key_bits = sa->encr.key_bits;
	memcpy(sa->aead.key, sa->encr.key, sizeof(sa->aead.key));
}

/* The model has no encapsulation without a port. */
static void drop_lone_encap(struct keydb_sa *sa)
{
	if (!sa->encap_src_port && !sa->encap_dst_port)
		sa->encap_type = KEYDB_ENCAP_UDP;
}

/* What can be said only when all extensions have been read. */
static bool finish(struct sadb_dec *d)
{
	struct sadb_message *m = d->m;
	struct keydb_sa *sa = &m->sa;
	if (d->subject == SUBJECT_SA && !same_family(d, &sa->id.src, &sa->id.dst))
		return sadb_refuse(d, "source and destination are of two families");
	if (!same_family(d, &m->policy.sel.src, &m->policy.sel.dst))
		return sadb_refuse(d, "source and destination are of two families");
	if (d->subject == SUBJECT_MAPPING) {
		m->new_addr.sin.sin_port = htons(sa->encap_dst_port);
		sa->encap_dst_port = 0;
	}
	m->hard = m->type == SADB_EXPIRE && m->present & BIT(SADB_EXT_LIFETIME_HARD);
	sa->kernel_seq = d->subject == SUBJECT_SA && m->type != SADB_DUMP ? m->seq : 0;
	drop_lone_encap(sa);
	move_aead_key(sa);
	drop_lone_key(&sa->encr);
	drop_lone_key(&sa->auth);
	return true;
}

static bool decode(struct sadb_dec *d, struct sadb_span s)
{
	enum pfkey_way way = d->way;
	if (!decode_head(d, &s))
		return false;
	const struct message_row *row = row_of(way, d->m->type);
	if (!row)
		return sadb_refuse(d, "unknown message type");
	d->subject = row->subject;
	if (!decode_exts(d, s, row->exts[way].must | row->exts[way].may))
		return false;
	if (!d->m->error && (d->m->present & row->exts[way].must) != row->exts[way].must)
		return sadb_refuse(d, "a mandatory extension is missing");
	return finish(d);
}

/* Whatever is there counts, for a type that is a question and an answer too. */
static bool read_lax(struct sadb_dec *d, struct sadb_span s)
{
	if (!decode_head(d, &s))
		return false;
	switch (d->m->type) {
	case SADB_X_SPDACQUIRE: /* KAME's, with the contents of the others */
	case SADB_X_SPDEXPIRE:
		d->subject = SUBJECT_POLICY;
		break;
	case SADB_X_PROMISC: /* a message in a message, or nothing */
		return true;
	default:
		d->subject = d->m->type <= SADB_MAX ? rows[d->m->type].subject : SUBJECT_NONE;
	}
	return decode_exts(d, s, UINT32_MAX) && finish(d);
}

int sadb_read(enum keydb_layout layout, const void *buf, size_t len, struct sadb_message *ret,
	      const char **ret_why)
{
	struct sadb_dec d = {
		.m = ret, .way = PFKEY_REPLY, .layout = &sadb_layouts[layout], .is_lax = true
	};
	bool ok = read_lax(&d, (struct sadb_span){ buf, len });
	*ret_why = ok ? "" : d.why;
	return ok ? 0 : -EBADMSG;
}

int sadb_decode(enum pfkey_way way, const void *buf, size_t len, struct sadb_message *ret,
		const char **ret_why)
{
	struct sadb_dec d = { .m = ret, .way = way, .layout = &sadb_layouts[KEYDB_LAYOUT_LINUX] };
	bool ok = decode(&d, (struct sadb_span){ buf, len });
	*ret_why = ok ? "" : d.why;
	return ok ? 0 : -EBADMSG;
}

int sadb_decode_policy(const void *buf, size_t len, struct keydb_policy *ret, const char **ret_why)
{
	struct sadb_message m;
	struct sadb_dec d = { .m = &m,
			      .way = PFKEY_REPLY, /* a dump's too: of sockets, by their ids */
			      .subject = SUBJECT_POLICY,
			      .layout = &sadb_layouts[KEYDB_LAYOUT_LINUX] };
	struct sadb_span s = { buf, len }, ext;
	uint16_t type = 0;
	sadb_message_init(&m, SADB_X_SPDADD);
	if (!next_ext(&d, &s, &ext, &type) ||
	    (type != SADB_X_EXT_POLICY && !sadb_refuse(&d, "not a policy")) ||
	    !decode_ext(&d, type, ext, POLICY)) {
		*ret_why = d.why;
		return -EBADMSG;
	}
	*ret_why = "";
	*ret = m.policy;
	return 0;
}

/* ---- encoding ---- */

void sadb_fail(struct sadb_enc *e, int error, const char *why)
{
	if (!e->error) {
		e->error = error;
		e->why = why;
	}
}

void sadb_put(struct sadb_enc *e, const void *data, size_t len)
{
	if (len > e->size - e->used)
		sadb_fail(e, -EMSGSIZE, "message too long");
	if (e->error || !len)
		return;
	memcpy(e->buf + e->used, data, len);
	e->used += len;
}

void sadb_pad(struct sadb_enc *e)
{
	static const uint8_t zeroes[8];
	sadb_put(e, zeroes, -e->used & 7);
}

/* Writes one extension and sets its length when that is known. */
static void encode_ext(struct sadb_enc *e, uint16_t type)
{
	size_t at = e->used;
	sadb_ext_rows[type].encode(e, type);
	sadb_pad(e);
	if (e->error)
		return;
	size_t words = (e->used - at) / 8;
	if (words > UINT16_MAX) {
		sadb_fail(e, -EMSGSIZE, "extension too long");
		return;
	}
	struct sadb_ext head = { .sadb_ext_len = (uint16_t)words, .sadb_ext_type = type };
	memcpy(e->buf + at, &head, sizeof(head));
}

static void encode_exts(struct sadb_enc *e, uint32_t must, uint32_t may)
{
	for (uint16_t type = 1; type <= SADB_EXT_MAX; type++) {
		const struct sadb_ext_row *row = &sadb_ext_rows[type];
		if (must & BIT(type) || (may & BIT(type) && row->has && row->has(e->m, type)))
			encode_ext(e, type);
	}
}

static void put_head(struct sadb_enc *e)
{
	const struct sadb_message *m = e->m;
	bool policy = e->subject == SUBJECT_POLICY || e->subject == SUBJECT_MIGRATE;
	struct sadb_msg head = {
		.sadb_msg_version = PF_KEY_V2,
		.sadb_msg_type = m->type,
		.sadb_msg_errno = m->error,
		.sadb_msg_satype = policy ? SADB_SATYPE_UNSPEC : sadb_satype(m->sa.id.proto),
		.sadb_msg_reserved = e->way == PFKEY_REPLY ? m->refcnt : 0,
		.sadb_msg_seq = m->seq,
		.sadb_msg_pid = m->pid,
	};
	if (m->type == SADB_X_PROMISC)
		head.sadb_msg_satype = m->promisc;
	sadb_put(e, &head, sizeof(head));
}

static void set_length(struct sadb_enc *e)
{
	struct sadb_msg head;
	if (e->used / 8 > UINT16_MAX)
		sadb_fail(e, -EMSGSIZE, "message too long");
	if (e->error)
		return;
	memcpy(&head, e->buf, sizeof(head));
	head.sadb_msg_len = (uint16_t)(e->used / 8);
	memcpy(e->buf, &head, sizeof(head));
}

/* A request must not say more than its extensions do. */
static void check(struct sadb_enc *e)
{
	bool writes_sa = e->m->type == SADB_ADD || e->m->type == SADB_UPDATE;
	if (e->way == PFKEY_REPLY)
		return;
	if (e->subject == SUBJECT_SA && writes_sa)
		sadb_check_sa(e);
	else if (e->subject == SUBJECT_SA && (e->m->sa.id.mark.value || e->m->sa.id.mark.mask))
		sadb_fail(e, -EOPNOTSUPP, "PF_KEY cannot carry a mark");
	if (e->subject == SUBJECT_POLICY)
		sadb_check_policy(e);
}

int sadb_encode(enum pfkey_way way, const struct sadb_message *m, void *buf, size_t size,
		size_t *ret_len, const char **ret_why)
{
	struct sadb_enc e = { .m = m, .way = way, .buf = buf, .size = size, .why = "" };
	const struct message_row *row = row_of(way, m->type);
	if (row) {
		e.subject = row->subject;
		check(&e);
		put_head(&e);
		if (!m->error)
			encode_exts(&e, row->exts[way].must, row->exts[way].may);
		set_length(&e);
	} else {
		sadb_fail(&e, -EOPNOTSUPP, "PF_KEY has no such message");
	}
	*ret_why = e.why;
	if (!e.error)
		*ret_len = e.used;
	return e.error;
}

int sadb_encode_policy(const struct keydb_policy *p, void *buf, size_t size, size_t *ret_len,
		       const char **ret_why)
{
	struct sadb_message m;
	struct sadb_enc e = {
		.m = &m, .subject = SUBJECT_POLICY, .buf = buf, .size = size, .why = ""
	};
	sadb_message_init(&m, SADB_X_SPDADD);
	m.policy = *p;
	encode_ext(&e, SADB_X_EXT_POLICY);
	*ret_why = e.why;
	if (!e.error)
		*ret_len = e.used;
	return e.error;
}
