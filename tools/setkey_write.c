/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SAs and policies as commands of a script: one line each, which setkey reads again.  What the
 * script has no word for stands behind it as a comment.
 */
#include "setkey.h"

#include "base/addr.h"

#include <netinet/in.h>
#include <stdio.h>

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

static const char *mode_word(uint8_t mode)
{
	static const char *const words[] = { "transport", "transport", "tunnel", "beet" };
	return mode < N_ELEMENTS(words) ? words[mode] : "unknown";
}

static void put_ctx(FILE *f, uint8_t doi, uint8_t alg, const char *text, uint16_t len)
{
	if (len)
		fprintf(f, " -ctx %u %u \"%.*s\"", doi, alg, (int)len, text);
}

static void put_mark(FILE *f, const char *name, const struct keydb_mark *m)
{
	if (m->value || m->mask)
		fprintf(f, " # %s=0x%x/0x%x", name, m->value, m->mask);
}

static void put_if_id(FILE *f, uint32_t if_id)
{
	if (if_id)
		fprintf(f, " # if_id=%u", if_id);
}

/* ---- SAs ---- */

static void put_limit(FILE *f, const char *option, uint64_t limit)
{
	if (limit && limit != KEYDB_INFINITE)
		fprintf(f, " -%s %ju", option, (uintmax_t)limit);
}

static void put_alg(FILE *f, char option, const struct keydb_alg *a)
{
	const struct keydb_alg_info *info = keydb_alg_by_id(a->id);
	if (!info && !a->name[0])
		return;
	fprintf(f, " -%c %s", option, info ? info->setkey_name : a->name);
	if (a->key_bits)
		fputs(" 0x", f);
	for (size_t i = 0; i < a->key_bits / 8u && i < sizeof(a->key); i++)
		fprintf(f, "%02x", a->key[i]);
}

static void put_sa_extra(FILE *f, const struct keydb_sa *sa)
{
	uint32_t flags = sa->flags;
	if (sa->mode == KEYDB_MODE_TUNNEL)
		flags &= ~(uint32_t)KEYDB_SA_AF_UNSPEC;
	if (flags)
		fprintf(f, " # flags=0x%x", flags);
	put_mark(f, "mark", &sa->id.mark);
	put_mark(f, "output-mark", &sa->output_mark);
	put_if_id(f, sa->if_id);
	if (sa->tfc_pad_bytes)
		fprintf(f, " # tfc-pad=%u", sa->tfc_pad_bytes);
	if (sa->offload_device[0])
		fprintf(f, " # offload=%.*s", KEYDB_DEVICE_MAX_BYTES, sa->offload_device);
}

static void put_sa_end(FILE *f, const union keydb_addr *a, uint16_t port)
{
	fputc(' ', f);
	put_addr(f, a);
	if (port)
		fprintf(f, "[%u]", port);
}

static void put_sa(FILE *f, const struct keydb_sa *sa)
{
	bool udp = sa->encap_src_port || sa->encap_dst_port;
	put_sa_end(f, &sa->id.src, sa->encap_src_port);
	put_sa_end(f, &sa->id.dst, sa->encap_dst_port);
	fprintf(f, " %s", proto_word(sa->id.proto, udp));
	if (udp && has_addr(&sa->encap_oa)) {
		fputc(' ', f);
		put_addr(f, &sa->encap_oa);
	}
	fprintf(f, " 0x%08x -m %s", sa->id.spi, mode_word(sa->mode));
	if (sa->replay_window_pkts)
		fprintf(f, " -r %u", sa->replay_window_pkts);
	if (sa->reqid)
		fprintf(f, " -u %u", sa->reqid);
	put_limit(f, "lh", sa->limits.hard_add_sec);
	put_limit(f, "ls", sa->limits.soft_add_sec);
	put_limit(f, "bh", sa->limits.hard_bytes);
	put_limit(f, "bs", sa->limits.soft_bytes);
	put_ctx(f, sa->ctx_doi, sa->ctx_alg, sa->ctx, sa->ctx_len);
	put_alg(f, 'E', &sa->encr);
	put_alg(f, 'E', &sa->aead);
	put_alg(f, 'A', &sa->auth);
	put_alg(f, 'C', &sa->comp);
	fputc(';', f);
	put_sa_extra(f, sa);
}

/* ---- policies ---- */

static bool has_types(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6 || proto == PROTO_MOBILITY;
}

static void put_range(FILE *f, const union keydb_addr *a, uint8_t bits, uint16_t port)
{
	fputc(' ', f);
	put_addr(f, a);
	fprintf(f, "/%u", bits);
	if (port)
		fprintf(f, "[%u]", port);
}

static void put_selector(FILE *f, const struct keydb_selector *s)
{
	bool gre = s->proto == IPPROTO_GRE, types = has_types(s->proto);
	bool ports = !gre && !types;
	put_range(f, &s->src, s->src_bits, ports && !s->src_port_any ? s->src_port : 0);
	put_range(f, &s->dst, s->dst_bits, ports && !s->dst_port_any ? s->dst_port : 0);
	if (s->proto)
		fprintf(f, " %u", s->proto);
	else
		fputs(" any", f);
	if (ports || s->src_port_any)
		return;
	if (gre)
		fprintf(f, " %u", (uint32_t)s->src_port << 16 | s->dst_port);
	else if (s->dst_port_any)
		fprintf(f, " %u", s->src_port);
	else
		fprintf(f, " %u,%u", s->src_port, s->dst_port);
}

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

static void put_request(FILE *f, const struct keydb_template *t)
{
	static const char *const levels[] = { "default", "use", "require", "unique" };
	fprintf(f, " %s/%s/", proto_word(t->proto, false), mode_word(t->mode));
	if (has_addr(&t->src) && has_addr(&t->dst)) {
		put_addr(f, &t->src);
		fputc('-', f);
		put_addr(f, &t->dst);
	}
	fprintf(f, "/%s", t->level < N_ELEMENTS(levels) ? levels[t->level] : "require");
	if (t->level == KEYDB_LEVEL_UNIQUE && t->reqid && t->reqid <= KEYDB_REQID_MANUAL_MAX)
		fprintf(f, ":%u", t->reqid);
}

static void put_policy(FILE *f, const struct keydb_policy *p)
{
	static const char *const dirs[] = { "in", "out", "fwd" };
	static const char *const actions[] = { "discard", "none", "ipsec" };
	put_selector(f, &p->sel);
	put_ctx(f, p->ctx_doi, p->ctx_alg, p->ctx, p->ctx_len);
	fprintf(f, " -P %s", p->dir < N_ELEMENTS(dirs) ? dirs[p->dir] : "in");
	put_priority(f, p->priority);
	fprintf(f, " %s", p->action < N_ELEMENTS(actions) ? actions[p->action] : "none");
	for (size_t i = 0; i < p->n_templates && i < KEYDB_TEMPLATES_MAX; i++)
		put_request(f, &p->templates[i]);
	fputc(';', f);
	put_mark(f, "mark", &p->mark);
	put_if_id(f, p->if_id);
	if (p->flags)
		fprintf(f, " # flags=0x%x", p->flags);
	if (p->sel.ifindex)
		fprintf(f, " # ifindex=%u", p->sel.ifindex);
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
