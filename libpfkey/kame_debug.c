/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kdebug_sadb(): a message as people debugging want it.  It reads the bytes, not the model: what
 * is wrong must be seen.
 */
#include "kame_debug.h"

#include "dump_int.h"
#include "sadb_codec_int.h"

#include <libpfkey.h>

#include <ctype.h>
#include <netinet/in.h>
#include <string.h>

struct debug {
	FILE *f;
	const struct sadb_layout *layout;
};

/* False ends the message. */
typedef bool (*debug_fn)(const struct debug *d, struct sadb_span ext);

/* ---- addresses ---- */

static void put_sockaddr(FILE *f, const union keydb_addr *a)
{
	bool is_v6 = sadb_family_bits(a) == 128;
	fprintf(f, "sockaddr{ len=%zu family=%u port=%u\n",
		is_v6 ? sizeof(a->sin6) : sizeof(a->sin), a->sa.sa_family,
		ntohs(is_v6 ? a->sin6.sin6_port : a->sin.sin_port));
	if (is_v6) {
		fprintf(f, "  flowinfo=0x%08x, scope_id=0x%08x\n", a->sin6.sin6_flowinfo,
			a->sin6.sin6_scope_id);
		dump_hex(f, &a->sin6.sin6_addr, sizeof(a->sin6.sin6_addr));
	} else {
		dump_hex(f, &a->sin.sin_addr, sizeof(a->sin.sin_addr));
	}
	fputs("  }\n", f);
}

static bool debug_sockaddr(const struct debug *d, struct sadb_span *s)
{
	union keydb_addr a;
	if (sadb_take_sockaddr(d->layout, s, &a)) {
		put_sockaddr(d->f, &a);
		return true;
	}
	fputs("kdebug_sockaddr: wrong address.\n", d->f);
	return false;
}

static bool debug_address(const struct debug *d, struct sadb_span ext)
{
	struct sadb_address x;
	uint8_t reserved[2];
	sadb_take(&ext, &x, sizeof(x));
	memcpy(reserved, (uint8_t *)&x + 6, sizeof(reserved));
	fprintf(d->f, "sadb_address{ proto=%u prefixlen=%u reserved=0x%02x%02x }\n",
		x.sadb_address_proto, x.sadb_address_prefixlen, reserved[0], reserved[1]);
	return debug_sockaddr(d, &ext);
}

static bool debug_kmaddress(const struct debug *d, struct sadb_span ext)
{
	uint8_t x[sizeof(struct sadb_x_kmaddress)];
	sadb_take(&ext, x, sizeof(x));
	fprintf(d->f, "sadb_x_kmaddress{ reserved=0x%02x%02x%02x%02x }\n", x[4], x[5], x[6], x[7]);
	return debug_sockaddr(d, &ext) && debug_sockaddr(d, &ext);
}

/* ---- SAs ---- */

static bool debug_sa(const struct debug *d, struct sadb_span ext)
{
	struct sadb_sa x;
	sadb_take(&ext, &x, sizeof(x));
	fprintf(d->f, "sadb_sa{ spi=%u replay=%u state=%u\n", ntohl(x.sadb_sa_spi),
		x.sadb_sa_replay, x.sadb_sa_state);
	fprintf(d->f, "  auth=%u encrypt=%u flags=0x%08x }\n", x.sadb_sa_auth, x.sadb_sa_encrypt,
		x.sadb_sa_flags);
	return true;
}

static bool debug_sa2(const struct debug *d, struct sadb_span ext)
{
	struct sadb_x_sa2 x;
	sadb_take(&ext, &x, sizeof(x));
	fprintf(d->f, "sadb_x_sa2{ mode=%u reqid=%u\n", x.sadb_x_sa2_mode, x.sadb_x_sa2_reqid);
	fprintf(d->f, "  reserved1=%u reserved2=%u sequence=%u }\n", x.sadb_x_sa2_reserved1,
		x.sadb_x_sa2_reserved2, x.sadb_x_sa2_sequence);
	return true;
}

/* KAME showed the lower half of these. */
static bool debug_lifetime(const struct debug *d, struct sadb_span ext)
{
	struct sadb_lifetime x;
	sadb_take(&ext, &x, sizeof(x));
	fprintf(d->f, "sadb_lifetime{ alloc=%u, bytes=%ju\n", x.sadb_lifetime_allocations,
		(uintmax_t)x.sadb_lifetime_bytes);
	fprintf(d->f, "  addtime=%ju, usetime=%ju }\n", (uintmax_t)x.sadb_lifetime_addtime,
		(uintmax_t)x.sadb_lifetime_usetime);
	return true;
}

static bool debug_key(const struct debug *d, struct sadb_span ext)
{
	struct sadb_key x;
	sadb_take(&ext, &x, sizeof(x));
	size_t bytes = x.sadb_key_bits / 8u;
	fprintf(d->f, "sadb_key{ bits=%u reserved=%u\n", x.sadb_key_bits, x.sadb_key_reserved);
	fputs("  key=", d->f);
	if (bytes > ext.n)
		fprintf(d->f, "kdebug_sadb_key: key length mismatch, bit:%zu len:%zu.\n", bytes,
			ext.n);
	dump_hex(d->f, ext.p, bytes < ext.n ? bytes : ext.n);
	fputs(" }\n", d->f);
	return true;
}

static bool debug_natt_type(const struct debug *d, struct sadb_span ext)
{
	struct sadb_x_nat_t_type x;
	sadb_take(&ext, &x, sizeof(x));
	fprintf(d->f, "sadb_x_nat_t_type{ type=%u }\n", x.sadb_x_nat_t_type_type);
	return true;
}

static bool debug_natt_port(const struct debug *d, struct sadb_span ext)
{
	struct sadb_x_nat_t_port x;
	sadb_take(&ext, &x, sizeof(x));
	fprintf(d->f, "sadb_x_nat_t_port{ port=%u }\n", ntohs(x.sadb_x_nat_t_port_port));
	return true;
}

static bool debug_replay(const struct debug *d, struct sadb_span ext)
{
	uint32_t x[2];
	sadb_take(&ext, x, sizeof(x));
	fprintf(d->f, "sadb_x_sa_replay{ replay=%u }\n", x[1]);
	return true;
}

/* ---- lists ---- */

static void put_comb(FILE *f, const struct sadb_comb *c)
{
	fprintf(f, "sadb_comb{ auth=%u encrypt=%u flags=0x%04x reserved=0x%08x\n",
		c->sadb_comb_auth, c->sadb_comb_encrypt, c->sadb_comb_flags, c->sadb_comb_reserved);
	fprintf(f, "  auth_minbits=%u auth_maxbits=%u encrypt_minbits=%u encrypt_maxbits=%u\n",
		c->sadb_comb_auth_minbits, c->sadb_comb_auth_maxbits, c->sadb_comb_encrypt_minbits,
		c->sadb_comb_encrypt_maxbits);
	fprintf(f, "  soft_alloc=%u hard_alloc=%u soft_bytes=%ju hard_bytes=%ju\n",
		c->sadb_comb_soft_allocations, c->sadb_comb_hard_allocations,
		(uintmax_t)c->sadb_comb_soft_bytes, (uintmax_t)c->sadb_comb_hard_bytes);
	/* Times, under the names that KAME printed. */
	fprintf(f, "  soft_alloc=%ju hard_alloc=%ju soft_bytes=%ju hard_bytes=%ju }\n",
		(uintmax_t)c->sadb_comb_soft_addtime, (uintmax_t)c->sadb_comb_hard_addtime,
		(uintmax_t)c->sadb_comb_soft_usetime, (uintmax_t)c->sadb_comb_hard_usetime);
}

static bool debug_proposal(const struct debug *d, struct sadb_span ext)
{
	struct sadb_prop x;
	struct sadb_comb comb;
	sadb_take(&ext, &x, sizeof(x));
	fprintf(d->f, "sadb_prop{ replay=%u\n", x.sadb_prop_replay);
	while (sadb_take(&ext, &comb, sizeof(comb)))
		put_comb(d->f, &comb);
	fputs("}\n", d->f);
	return true;
}

static bool debug_supported(const struct debug *d, struct sadb_span ext)
{
	struct sadb_supported x;
	struct sadb_alg a;
	sadb_take(&ext, &x, sizeof(x));
	fputs("sadb_sup{\n", d->f);
	while (sadb_take(&ext, &a, sizeof(a)))
		fprintf(d->f, "  { id=%u ivlen=%u min=%u max=%u }\n", a.sadb_alg_id,
			a.sadb_alg_ivlen, a.sadb_alg_minbits, a.sadb_alg_maxbits);
	fputs("}\n", d->f);
	return true;
}

static bool debug_identity(const struct debug *d, struct sadb_span ext)
{
	struct sadb_ident x;
	sadb_take(&ext, &x, sizeof(x));
	fprintf(d->f, "sadb_ident_%s{ type=%u id=%ju",
		x.sadb_ident_exttype == SADB_EXT_IDENTITY_SRC ? "src" : "dst", x.sadb_ident_type,
		(uintmax_t)x.sadb_ident_id);
	if (ext.n)
		fputs("\n  str=\"", d->f);
	for (size_t i = 0; i < ext.n && ext.p[i]; i++)
		fprintf(d->f, isprint(ext.p[i]) ? "%c" : "\\%03o", ext.p[i]);
	fputs(ext.n ? "\" }\n" : " }\n", d->f);
	return true;
}

static bool debug_packet(const struct debug *d, struct sadb_span ext)
{
	uint32_t x[2];
	sadb_take(&ext, x, sizeof(x));
	fprintf(d->f, "sadb_x_packet{ copylen=%u\n", x[1]);
	fputs("  packet=", d->f);
	dump_hex(d->f, ext.p, x[1] < ext.n ? x[1] : ext.n);
	fputs(" }\n", d->f);
	return true;
}

static bool debug_tag(const struct debug *d, struct sadb_span ext)
{
	const char *name = (const char *)ext.p + 8;
	fprintf(d->f, "sadb_x_tag{ name=\"%.*s\" }\n", (int)(ext.n - 8), name);
	return true;
}

static bool debug_ctx(const struct debug *d, struct sadb_span ext)
{
	struct sadb_x_sec_ctx x;
	sadb_take(&ext, &x, sizeof(x));
	size_t len = x.sadb_x_ctx_len < ext.n ? x.sadb_x_ctx_len : ext.n;
	fprintf(d->f, "sadb_x_sec_ctx{ alg=%u doi=%u len=%u\n", x.sadb_x_ctx_alg, x.sadb_x_ctx_doi,
		x.sadb_x_ctx_len);
	fprintf(d->f, "  ctx=\"%.*s\" }\n", (int)len, (const char *)ext.p);
	return true;
}

/* ---- policies ---- */

static bool debug_request(const struct debug *d, struct sadb_span *s)
{
	struct sadb_x_ipsecrequest x;
	struct sadb_span rest = *s;
	if (!sadb_take_request(d->layout, &rest, &x) || !x.sadb_x_ipsecrequest_len) {
		fputs("kdebug_sadb_x_policy: wrong policy struct.\n", d->f);
		return false;
	}
	fprintf(d->f, " { len=%u proto=%u mode=%u level=%u reqid=%u\n", x.sadb_x_ipsecrequest_len,
		x.sadb_x_ipsecrequest_proto, x.sadb_x_ipsecrequest_mode,
		x.sadb_x_ipsecrequest_level, x.sadb_x_ipsecrequest_reqid);
	size_t len = x.sadb_x_ipsecrequest_len, head = d->layout->request_len;
	if (len > s->n || len < head) {
		fputs("invalid ipsec policy length\n", d->f);
		return false;
	}
	rest.n = len - head;
	if (rest.n && (!debug_sockaddr(d, &rest) || !debug_sockaddr(d, &rest)))
		return false;
	fputs(" }\n", d->f);
	s->p += len;
	s->n -= len;
	return true;
}

static bool debug_policy(const struct debug *d, struct sadb_span ext)
{
	struct sadb_x_policy x;
	sadb_take(&ext, &x, sizeof(x));
	fprintf(d->f, "sadb_x_policy{ type=%u dir=%u id=%x", x.sadb_x_policy_type,
		x.sadb_x_policy_dir, x.sadb_x_policy_id);
	if (d->layout->is_linux)
		fprintf(d->f, " priority=%u", x.sadb_x_policy_priority);
	fputs(" }\n", d->f);
	while (x.sadb_x_policy_type == IPSEC_POLICY_IPSEC && ext.n)
		if (!debug_request(d, &ext))
			return false;
	return true;
}

/* ---- the walk ---- */

/* Extensions without a row have nothing to show but their head. */
/* clang-format off */
static const debug_fn rows[SADB_EXT_ROWS] = {
	[SADB_EXT_SA] = debug_sa,
	[SADB_EXT_LIFETIME_CURRENT] = debug_lifetime,
	[SADB_EXT_LIFETIME_HARD] = debug_lifetime,
	[SADB_EXT_LIFETIME_SOFT] = debug_lifetime,
	[SADB_EXT_ADDRESS_SRC] = debug_address,
	[SADB_EXT_ADDRESS_DST] = debug_address,
	[SADB_EXT_ADDRESS_PROXY] = debug_address,
	[SADB_EXT_KEY_AUTH] = debug_key,
	[SADB_EXT_KEY_ENCRYPT] = debug_key,
	[SADB_EXT_IDENTITY_SRC] = debug_identity,
	[SADB_EXT_IDENTITY_DST] = debug_identity,
	[SADB_EXT_PROPOSAL] = debug_proposal,
	[SADB_EXT_SUPPORTED_AUTH] = debug_supported,
	[SADB_EXT_SUPPORTED_ENCRYPT] = debug_supported,
	[SADB_X_EXT_POLICY] = debug_policy,
	[SADB_X_EXT_SA2] = debug_sa2,
	[SADB_X_EXT_NAT_T_TYPE] = debug_natt_type,
	[SADB_X_EXT_NAT_T_SPORT] = debug_natt_port,
	[SADB_X_EXT_NAT_T_DPORT] = debug_natt_port,
	[SADB_X_EXT_NAT_T_OA] = debug_address,
	[SADB_X_EXT_SEC_CTX] = debug_ctx,
	[SADB_X_EXT_KMADDRESS] = debug_kmaddress,
	[SADB_EXT_OTHER_REPLAY] = debug_replay,
	[SADB_EXT_OTHER_TAG] = debug_tag,
	[SADB_EXT_OTHER_OAR] = debug_address,
	[SADB_EXT_OTHER_PACKET] = debug_packet,
};
/* clang-format on */

static bool debug_ext(const struct debug *d, const struct sadb_ext *head, struct sadb_span ext)
{
	uint16_t number = head->sadb_ext_type;
	uint8_t row = number < SADB_EXT_NUMBERS ? d->layout->ext[number] : 0;
	if (!row) {
		fprintf(d->f, "kdebug_sadb: invalid ext_type %u was passed.\n", number);
		return true; /* KAME ended here, although the rest can be read */
	}
	if (ext.n < sadb_ext_rows[row].min_bytes) {
		fputs("kdebug_sadb: ext_len is too short for the type.\n", d->f);
		return false;
	}
	return !rows[row] || rows[row](d, ext);
}

static void debug_exts(const struct debug *d, struct sadb_span s)
{
	struct sadb_ext head;
	while (s.n >= sizeof(head)) {
		memcpy(&head, s.p, sizeof(head));
		size_t bytes = (size_t)head.sadb_ext_len * 8;
		fprintf(d->f, "sadb_ext{ len=%u type=%u }\n", head.sadb_ext_len,
			head.sadb_ext_type);
		if (!bytes) {
			fputs("kdebug_sadb: invalid ext_len=0 was passed.\n", d->f);
			return;
		}
		if (bytes > s.n) {
			fputs("kdebug_sadb: ext_len exceeds end of buffer.\n", d->f);
			return;
		}
		if (!debug_ext(d, &head, (struct sadb_span){ s.p, bytes }))
			return;
		s.p += bytes;
		s.n -= bytes;
	}
}

static void put_head(FILE *f, const struct sadb_msg *head)
{
	fprintf(f, "sadb_msg{ version=%u type=%u errno=%u satype=%u\n", head->sadb_msg_version,
		head->sadb_msg_type, head->sadb_msg_errno, head->sadb_msg_satype);
	fprintf(f, "  len=%u reserved=%u seq=%u pid=%u\n", head->sadb_msg_len,
		head->sadb_msg_reserved, head->sadb_msg_seq, head->sadb_msg_pid);
}

/* Takes a header and shortens the rest to what it says. */
static bool take_head(FILE *f, struct sadb_span *s, struct sadb_msg *ret)
{
	if (!sadb_take(s, ret, sizeof(*ret)))
		return false;
	put_head(f, ret);
	size_t said = (size_t)ret->sadb_msg_len * 8;
	size_t rest = said < sizeof(*ret) ? 0 : said - sizeof(*ret);
	if (rest < s->n)
		s->n = rest;
	return true;
}

/* What promiscuous mode overhears stands behind a header of its own. */
void kame_debug(FILE *f, enum keydb_layout layout, const void *msg, size_t len)
{
	struct debug d = { f, &sadb_layouts[layout] };
	struct sadb_span s = { msg, len };
	struct sadb_msg head = { .sadb_msg_type = SADB_X_PROMISC };
	bool more = true;
	while (more && head.sadb_msg_type == SADB_X_PROMISC)
		more = take_head(f, &s, &head);
	if (more)
		debug_exts(&d, s);
}
