/* SPDX-License-Identifier: BSD-2-Clause */
/* SAs and policies as commands of a script: one line each, from which setkey reads the same. */
#include "setkey.h"

#include "base/addr.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { PROTO_MOBILITY = 135 };

static void put_addr(FILE *f, const union keydb_addr *a)
{
	struct addr addr;
	char text[ADDR_TEXT_MAX_BYTES];
	if (!addr_from_sockaddr(&a->sa, sizeof(*a), &addr)) {
		addr.port = 0;
		fputs(addr_text(&addr, text), f);
	}
}

static bool has_addr(const union keydb_addr *a)
{
	struct addr addr;
	return !addr_from_sockaddr(&a->sa, sizeof(*a), &addr);
}

static unsigned int port_of(const union keydb_addr *a)
{
	struct addr addr;
	return addr_from_sockaddr(&a->sa, sizeof(*a), &addr) ? 0 : addr.port;
}

static const char *proto_word(uint8_t proto, bool udp)
{
	switch (proto) {
	case KEYDB_PROTO_ESP:
		return udp ? "esp-udp" : "esp";
	case KEYDB_PROTO_AH:
		return "ah";
	default:
		return "ipcomp";
	}
}

static void put_mode(FILE *f, uint8_t mode)
{
	static const char *const words[] = { "transport", "transport", "tunnel", "beet" };
	if (mode < N_ELEMENTS(words))
		fputs(words[mode], f);
	else
		fprintf(f, "%u", mode & ~(unsigned int)KEYDB_MODE_OTHER);
}

/* Security modules of the kernel count the zero at the end of a label. */
static void put_ctx(FILE *f, uint8_t doi, uint8_t alg, const char *text, uint16_t len)
{
	if (len)
		fprintf(f, " -ctx %u %u \"%.*s\"", doi, alg, (int)len, text);
}

static void put_mark(FILE *f, const char *option, const struct keydb_mark *m)
{
	if (m->value || m->mask)
		fprintf(f, " -%s 0x%x/0x%x", option, m->value, m->mask);
}

static void put_u32(FILE *f, const char *option, uint32_t value)
{
	if (value)
		fprintf(f, " -%s %u", option, value);
}

static void put_limit(FILE *f, const char *option, uint64_t limit)
{
	if (limit && limit != KEYDB_INFINITE)
		fprintf(f, " -%s %ju", option, (uintmax_t)limit);
}

static void put_limits(FILE *f, const struct keydb_limits *l)
{
	put_limit(f, "lh", l->hard_add_sec);
	put_limit(f, "ls", l->soft_add_sec);
	put_limit(f, "uh", l->hard_use_sec);
	put_limit(f, "us", l->soft_use_sec);
	put_limit(f, "bh", l->hard_bytes);
	put_limit(f, "bs", l->soft_bytes);
	put_limit(f, "ph", l->hard_packets);
	put_limit(f, "ps", l->soft_packets);
}

static void put_device(FILE *f, uint32_t ifindex)
{
	char name[IF_NAMESIZE];
	if (ifindex && if_indextoname(ifindex, name))
		fprintf(f, " -dev %s", name);
	else if (ifindex)
		fprintf(f, " -dev %u", ifindex);
}

/* ---- selectors ---- */

static bool has_types(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6 || proto == PROTO_MOBILITY;
}

/* Port 0 alone would be any. */
static void put_port(FILE *f, uint16_t port, uint16_t mask, bool any)
{
	if (any)
		return;
	fprintf(f, "[%u", port);
	if (mask || !port)
		fprintf(f, "/0x%x", mask ? mask : UINT16_MAX);
	fputc(']', f);
}

static void put_range(FILE *f, const union keydb_addr *a, uint8_t bits)
{
	fputc(' ', f);
	put_addr(f, a);
	fprintf(f, "/%u", bits);
}

static void put_type(FILE *f, uint16_t type, uint16_t mask, bool any)
{
	if (any)
		fputs("any", f);
	else
		fprintf(f, "%u", type);
	if (mask && !any)
		fprintf(f, "/0x%x", mask);
}

static void put_types(FILE *f, const struct keydb_selector *s)
{
	if (s->src_port_any && s->dst_port_any)
		return;
	fputc(' ', f);
	put_type(f, s->src_port, s->src_port_mask, s->src_port_any);
	if (s->dst_port_any)
		return;
	fputc(',', f);
	put_type(f, s->dst_port, s->dst_port_mask, false);
}

static uint32_t half_mask(uint16_t mask, bool any)
{
	return any ? 0 : mask ? mask : UINT16_MAX;
}

static void put_gre_key(FILE *f, const struct keydb_selector *s)
{
	uint32_t mask = half_mask(s->src_port_mask, s->src_port_any) << 16 |
			half_mask(s->dst_port_mask, s->dst_port_any);
	if (mask)
		fprintf(f, " %u", (uint32_t)s->src_port << 16 | s->dst_port);
	if (mask && mask != UINT32_MAX)
		fprintf(f, "/0x%x", mask);
}

static void put_selector(FILE *f, const struct keydb_selector *s)
{
	bool ports = s->proto != IPPROTO_GRE && !has_types(s->proto);
	put_range(f, &s->src, s->src_bits);
	put_port(f, s->src_port, s->src_port_mask, s->src_port_any || !ports);
	put_range(f, &s->dst, s->dst_bits);
	put_port(f, s->dst_port, s->dst_port_mask, s->dst_port_any || !ports);
	if (s->proto)
		fprintf(f, " %u", s->proto);
	else
		fputs(" any", f);
	if (has_types(s->proto))
		put_types(f, s);
	else if (s->proto == IPPROTO_GRE)
		put_gre_key(f, s);
}

/* ---- SAs ---- */

static bool is_usual_icv(const struct keydb_alg *a, const struct keydb_alg_info *info)
{
	return !a->icv_bits || (info && a->icv_bits == info->icv_bits);
}

/* With the kernel's name in quotes where ours would not be read with this key. */
static void put_alg_name(FILE *f, char option, const struct keydb_alg *a,
			 const struct keydb_alg_info *info)
{
	struct keydb_alg room;
	bool is_ours = info && !keydb_alg_set(&room, info, a->key, a->key_bits / 8u, 0);
	explicit_bzero(&room, sizeof(room));
	if (is_ours)
		fprintf(f, " -%c %s", option, info->setkey_name);
	else
		fprintf(f, " -%s \"%.*s\"", option == 'D' ? "aead" : (char[]){ option, '\0' },
			KEYDB_ALG_NAME_MAX_BYTES, a->name[0] || !info ? a->name : info->xfrm_name);
}

static void put_alg(FILE *f, char option, const struct keydb_alg *a)
{
	const struct keydb_alg_info *info = keydb_alg_by_id(a->id);
	if (!info && !a->name[0])
		return;
	put_alg_name(f, option, a, info);
	if (a->key_bits)
		fputs(" 0x", f);
	for (size_t i = 0; i < a->key_bits / 8u && i < sizeof(a->key); i++)
		fprintf(f, "%02x", a->key[i]);
	if (!is_usual_icv(a, info))
		fprintf(f, " -icv %u", a->icv_bits);
}

static void put_flags(FILE *f, const struct keydb_sa *sa)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		/* clang-format off */
		{ KEYDB_SA_NOECN,           "noecn" },
		{ KEYDB_SA_DECAP_DSCP,      "decap-dscp" },
		{ KEYDB_SA_NOPMTUDISC,      "nopmtudisc" },
		{ KEYDB_SA_ICMP,            "icmp" },
		{ KEYDB_SA_DONT_ENCAP_DSCP, "dont-encap-dscp" },
		{ KEYDB_SA_OSEQ_MAY_WRAP,   "oseq-may-wrap" },
		{ KEYDB_SA_WILDRECV,        "wildrecv" },
		{ KEYDB_SA_ALIGN4,          "align4" },
		/* clang-format on */
	};
	bool any = sa->flags & KEYDB_SA_AF_UNSPEC;
	bool usual = sa->mode == KEYDB_MODE_TUNNEL && !has_addr(&sa->sel.dst);
	for (size_t i = 0; i < N_ELEMENTS(words); i++)
		if (sa->flags & words[i].flag)
			fprintf(f, " -f %s", words[i].word);
	if (any != usual)
		fputs(any ? " -f af-unspec" : " -f no-af-unspec", f);
}

static void put_encap(FILE *f, const struct keydb_sa *sa)
{
	if (sa->encap_type == KEYDB_ENCAP_UDP_NON_IKE)
		fputs(" -encap udp-non-ike", f);
	else if (sa->encap_type == KEYDB_ENCAP_TCP)
		fputs(" -encap tcp", f);
}

static void put_sa_selector(FILE *f, const struct keydb_sa *sa)
{
	if (!has_addr(&sa->sel.dst))
		return;
	fputs(" -sel", f);
	put_selector(f, &sa->sel);
	put_device(f, sa->sel.ifindex);
}

static void put_offload(FILE *f, const struct keydb_sa *sa)
{
	if (sa->offload_device[0])
		fprintf(f, " -offload %.*s %s%s", KEYDB_DEVICE_MAX_BYTES, sa->offload_device,
			sa->offload_flags & KEYDB_OFFLOAD_INBOUND ? "in" : "out",
			sa->offload_flags & KEYDB_OFFLOAD_PACKET ? " packet" : "");
}

static void put_sa_end(FILE *f, const union keydb_addr *a, bool udp, uint16_t port)
{
	fputc(' ', f);
	put_addr(f, a);
	if (udp)
		fprintf(f, "[%u]", port);
}

static void put_sa_head(FILE *f, const struct keydb_sa *sa)
{
	bool udp = sa->encap_src_port || sa->encap_dst_port;
	put_sa_end(f, &sa->id.src, udp, sa->encap_src_port);
	put_sa_end(f, &sa->id.dst, udp, sa->encap_dst_port);
	fprintf(f, " %s", proto_word(sa->id.proto, udp));
	if (udp && has_addr(&sa->encap_oa)) {
		fputc(' ', f);
		put_addr(f, &sa->encap_oa);
	}
	fprintf(f, " 0x%08x -m ", sa->id.spi);
	put_mode(f, sa->mode);
}

static void put_sa(FILE *f, const struct keydb_sa *sa)
{
	put_sa_head(f, sa);
	put_u32(f, "r", sa->replay_window_pkts);
	if (sa->flags & KEYDB_SA_ESN)
		fputs(" -esn", f);
	put_u32(f, "u", sa->reqid);
	put_limits(f, &sa->limits);
	put_u32(f, "if_id", sa->if_id);
	put_mark(f, "mark", &sa->id.mark);
	put_mark(f, "output_mark", &sa->output_mark);
	put_u32(f, "tfc", sa->tfc_pad_bytes);
	put_flags(f, sa);
	put_encap(f, sa);
	put_sa_selector(f, sa);
	put_offload(f, sa);
	put_ctx(f, sa->ctx_doi, sa->ctx_alg, sa->ctx, sa->ctx_len);
	put_alg(f, 'E', &sa->encr);
	put_alg(f, keydb_alg_by_id(sa->aead.id) ? 'E' : 'D', &sa->aead);
	put_alg(f, 'A', &sa->auth);
	put_alg(f, 'C', &sa->comp);
	fputc(';', f);
}

/* ---- policies ---- */

/* As an offset from the nearest of three words, like "-DP". */
static void put_priority(FILE *f, uint32_t priority)
{
	static const struct {
		uint32_t below, base;
		const char *word;
	} bases[] = {
		{ KEYDB_PRIORITY_DEFAULT / 4 * 3, KEYDB_PRIORITY_HIGH, "high" },
		{ KEYDB_PRIORITY_DEFAULT / 4 * 5, KEYDB_PRIORITY_DEFAULT, "def" },
		{ UINT32_MAX, KEYDB_PRIORITY_LOW, "low" },
	};
	size_t i = 0;
	if (priority == KEYDB_PRIORITY_DEFAULT)
		return;
	while (i < N_ELEMENTS(bases) - 1 && priority >= bases[i].below)
		i++;
	fprintf(f, " prio %s", bases[i].word);
	if (priority < bases[i].base)
		fprintf(f, " + %u", bases[i].base - priority);
	else if (priority > bases[i].base)
		fprintf(f, " - %u", priority - bases[i].base);
}

static void put_template_end(FILE *f, const union keydb_addr *a, bool with_port)
{
	put_addr(f, a);
	if (with_port)
		fprintf(f, "[%u]", port_of(a));
}

static void put_ends(FILE *f, const struct keydb_template *t)
{
	bool with_port = port_of(&t->src) || port_of(&t->dst);
	if (!has_addr(&t->src) || !has_addr(&t->dst))
		return;
	put_template_end(f, &t->src, with_port);
	fputc('-', f);
	put_template_end(f, &t->dst, with_port);
}

static void put_request(FILE *f, const struct keydb_template *t)
{
	static const char *const levels[] = { "default", "use", "require", "unique" };
	if (t->proto == KEYDB_PROTO_ESP || t->proto == KEYDB_PROTO_AH ||
	    t->proto == KEYDB_PROTO_IPCOMP)
		fprintf(f, " %s/", proto_word(t->proto, false));
	else
		fprintf(f, " %u/", t->proto);
	put_mode(f, t->mode);
	fputc('/', f);
	put_ends(f, t);
	fprintf(f, "/%s", t->level < N_ELEMENTS(levels) ? levels[t->level] : "require");
	if (t->reqid)
		fprintf(f, "%c%u", t->reqid > KEYDB_REQID_MANUAL_MAX ? '#' : ':', t->reqid);
	if (t->spi)
		fprintf(f, ",spi=0x%08x", t->spi);
}

static void put_policy_options(FILE *f, const struct keydb_policy *p)
{
	put_ctx(f, p->ctx_doi, p->ctx_alg, p->ctx, p->ctx_len);
	put_u32(f, "if_id", p->if_id);
	put_mark(f, "mark", &p->mark);
	put_device(f, p->sel.ifindex);
	if (p->sub)
		fputs(" -sub", f);
	if (p->flags & KEYDB_POLICY_LOCALOK)
		fputs(" -f localok", f);
	if (p->flags & KEYDB_POLICY_ICMP)
		fputs(" -f icmp", f);
	put_limits(f, &p->limits);
}

static void put_policy(FILE *f, const struct keydb_policy *p)
{
	static const char *const dirs[] = { "in", "out", "fwd" };
	static const char *const actions[] = { "discard", "none", "ipsec" };
	put_selector(f, &p->sel);
	put_policy_options(f, p);
	fprintf(f, " -P %s", p->dir < N_ELEMENTS(dirs) ? dirs[p->dir] : "in");
	put_priority(f, p->priority);
	fprintf(f, " %s", p->action < N_ELEMENTS(actions) ? actions[p->action] : "none");
	for (size_t i = 0; i < p->n_templates && i < KEYDB_TEMPLATES_MAX; i++)
		put_request(f, &p->templates[i]);
	fputc(';', f);
}

void setkey_write_entry(void *file, const struct command *c)
{
	bool is_sa = c->kind == COMMAND_ADD || c->kind == COMMAND_UPDATE;
	fputs(command_word(c->kind), file);
	if (is_sa)
		put_sa(file, &c->sa);
	else
		put_policy(file, &c->policy);
	fputc('\n', file);
}
