/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random SAs and policies as ip shows them become commands that make the same.  (Each case has a
 * seed of its own: MODEL_SEED=SEED makes it the first one.)
 */
#include "base/unit.h"

#include "model_unit.h"
#include "setkey_from_ip.h"
#include "setkey_word.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CASES = 4000, OFTEN = 2, SELDOM = 24, LOG_BYTES = 1024 };

static uint64_t seed; /* of the case */
static char log_text[LOG_BYTES];
static bool with_s;

#define fail_case(format, ...) \
	fail_msg("MODEL_SEED=%llu: " format, (unsigned long long)seed, ##__VA_ARGS__)

/* ---- as ip prints, with -s or without ---- */

static void put_addr(FILE *f, const union keydb_addr *a, bool v6)
{
	struct addr addr;
	char text[ADDR_TEXT_MAX_BYTES];
	if (addr_from_sockaddr(&a->sa, sizeof(*a), &addr))
		assert_int_equal(addr_parse(v6 ? "::" : "0.0.0.0", &addr), 0);
	fputs(addr_text(&addr, text), f);
}

static void put_ports(FILE *f, const struct keydb_selector *s)
{
	bool types = s->proto == IPPROTO_ICMP || s->proto == IPPROTO_ICMPV6 || s->proto == 135;
	if (s->proto == IPPROTO_GRE) {
		if (!s->src_port_any)
			fprintf(f, "key %u ", (uint32_t)s->src_port << 16 | s->dst_port);
		return;
	}
	if (!s->src_port_any)
		fprintf(f, "%s %u ", types ? "type" : "sport", s->src_port);
	if (!s->dst_port_any)
		fprintf(f, "%s %u ",
			s->proto == 135 ? "(dport)"
			: types         ? "code"
					: "dport",
			s->dst_port);
}

static void put_selector(FILE *f, const struct keydb_selector *s)
{
	fputs("src ", f);
	put_addr(f, &s->src, false);
	fprintf(f, "/%u dst ", s->src_bits);
	put_addr(f, &s->dst, false);
	fprintf(f, "/%u ", s->dst_bits);
	if (s->proto)
		fprintf(f, "proto %u ", s->proto);
	put_ports(f, s);
	if (s->ifindex)
		fputs("dev lo ", f);
	fputs(with_s ? "uid 0\n" : "\n", f);
}

static void put_limit(FILE *f, const char *name, uint64_t limit, const char *unit, bool inf)
{
	fprintf(f, "%s ", name);
	if (limit == KEYDB_INFINITE)
		fputs(inf ? "(INF)" : "0", f);
	else
		fprintf(f, "%" PRIu64, limit);
	fprintf(f, "(%s)", unit);
}

static void put_pair(FILE *f, const char *head, uint64_t soft, uint64_t hard, const char *unit,
		     bool inf)
{
	fprintf(f, "\t  %s ", head);
	put_limit(f, "soft", soft, unit, inf);
	put_limit(f, ", hard", hard, unit, inf);
	fputc('\n', f);
}

static void put_limits(FILE *f, const struct keydb_limits *l)
{
	fputs("\tlifetime config:\n", f);
	put_pair(f, "limit:", l->soft_bytes, l->hard_bytes, "bytes", true);
	put_pair(f, "limit:", l->soft_packets, l->hard_packets, "packets", true);
	put_pair(f, "expire add:", l->soft_add_sec, l->hard_add_sec, "sec", false);
	put_pair(f, "expire use:", l->soft_use_sec, l->hard_use_sec, "sec", false);
	fputs("\tlifetime current:\n\t  0(bytes), 0(packets)\n\t  add 2026-11-25 19:10:57 use -\n",
	      f);
}

static const char *mode_word(uint8_t mode)
{
	static const char *const words[] = { "", "transport", "tunnel", "beet" };
	return mode == (KEYDB_MODE_OTHER | 2) ? "ro"
	       : mode & KEYDB_MODE_OTHER      ? "in_trigger"
					      : words[mode];
}

static const char *proto_word(uint8_t proto)
{
	return proto == KEYDB_PROTO_ESP  ? "esp"
	       : proto == KEYDB_PROTO_AH ? "ah"
	       : proto == 60             ? "hao"
					 : "comp";
}

static void put_id(FILE *f, const char *indent, uint8_t proto, uint32_t spi, uint32_t reqid)
{
	fprintf(f, "%sproto %s ", indent, proto_word(proto));
	if (with_s)
		fprintf(f, "spi 0x%08x(%u) reqid %u(0x%08x) ", spi, spi, reqid, reqid);
	else if (spi)
		fprintf(f, "spi 0x%08x reqid %u ", spi, reqid);
	else
		fprintf(f, "reqid %u ", reqid);
}

static void put_alg(FILE *f, const char *word, const struct keydb_alg *a, bool has_icv)
{
	if (!a->name[0])
		return;
	fprintf(f, "\t%s %s ", word, a->name);
	if (a->key_bits)
		fputs("0x", f);
	for (size_t i = 0; i < a->key_bits / 8u; i++)
		fprintf(f, "%02x", a->key[i]);
	if (with_s && a->key_bits)
		fprintf(f, " (%u bits)", a->key_bits);
	if (has_icv)
		fprintf(f, " %u", a->icv_bits);
	fputc('\n', f);
}

/* The words in the order of their bits; iproute2 forgets the blank in front of "extra_flag". */
static void put_flags(FILE *f, const struct keydb_sa *sa)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{ KEYDB_SA_NOECN, "noecn" },
		{ KEYDB_SA_DECAP_DSCP, "decap-dscp" },
		{ KEYDB_SA_NOPMTUDISC, "nopmtudisc" },
		{ KEYDB_SA_WILDRECV, "wildrecv" },
		{ KEYDB_SA_ICMP, "icmp" },
		{ KEYDB_SA_AF_UNSPEC, "af-unspec" },
		{ KEYDB_SA_ALIGN4, "align4" },
		{ KEYDB_SA_ESN, "esn" },
	};
	bool big = sa->replay_window_pkts > 32 || sa->flags & KEYDB_SA_ESN, first = true;
	fprintf(f, "\treplay-window %u seq 0x00000000 flag ", big ? 0 : sa->replay_window_pkts);
	for (size_t i = 0; i < N_ELEMENTS(words); i++) {
		if (!(sa->flags & words[i].flag))
			continue;
		fprintf(f, "%s%s", first ? "" : " ", words[i].word);
		first = false;
	}
	if (sa->flags & (KEYDB_SA_DONT_ENCAP_DSCP | KEYDB_SA_OSEQ_MAY_WRAP))
		fputs("extra_flag", f);
	if (sa->flags & KEYDB_SA_DONT_ENCAP_DSCP)
		fputs(" dont-encap-dscp", f);
	if (sa->flags & KEYDB_SA_OSEQ_MAY_WRAP)
		fputs(" oseq-may-wrap", f);
	fprintf(f, " (0x%08x)\n", sa->flags);
}

static void put_window(FILE *f, const struct keydb_sa *sa)
{
	if (sa->replay_window_pkts <= 32 && !(sa->flags & KEYDB_SA_ESN))
		fputs("\tanti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000\n", f);
	else
		fprintf(f,
			"\tanti-replay esn context:\n"
			"\t seq-hi 0x0, seq 0x0, oseq-hi 0x0, oseq 0x0\n"
			"\t replay_window %u, bitmap-length 4\n"
			"\t 00000000 00000000 00000000 00000000 \n",
			sa->replay_window_pkts);
}

static void put_marks(FILE *f, const struct keydb_sa *sa)
{
	const struct keydb_mark *m = &sa->id.mark, *o = &sa->output_mark;
	if (m->value || m->mask)
		fprintf(f, "\tmark 0x%x/0x%x\n", m->value, m->mask);
	if (o->value || o->mask)
		fprintf(f, "\toutput-mark 0x%x/0x%x\n", o->value, o->mask);
}

static void put_encap(FILE *f, const struct keydb_sa *sa)
{
	if (!sa->encap_src_port && !sa->encap_dst_port)
		return;
	fprintf(f, "\tencap type %s sport %u dport %u addr ",
		sa->encap_type == KEYDB_ENCAP_UDP   ? "espinudp"
		: sa->encap_type == KEYDB_ENCAP_TCP ? "espintcp"
						    : "espinudp-nonike",
		sa->encap_src_port, sa->encap_dst_port);
	put_addr(f, &sa->encap_oa, false);
	fputc('\n', f);
}

static void put_options(FILE *f, const struct keydb_sa *sa)
{
	if (sa->offload_device[0])
		fprintf(f, "\tcrypto offload parameters: dev %s dir %s%s\n", sa->offload_device,
			sa->offload_flags & KEYDB_OFFLOAD_INBOUND ? "in" : "out",
			sa->offload_flags & KEYDB_OFFLOAD_PACKET ? " mode packet" : "");
	if (sa->if_id)
		fprintf(f, "\tif_id 0x%x\n", sa->if_id);
	if (sa->tfc_pad_bytes)
		fprintf(f, "\ttfcpad %u\n", sa->tfc_pad_bytes);
	if (sa->sel.src.sa.sa_family) {
		fputs("\tsel ", f);
		put_selector(f, &sa->sel);
	}
}

static void put_sa(FILE *f, const struct keydb_sa *sa)
{
	fputs("src ", f);
	put_addr(f, &sa->id.src, false);
	fputs(" dst ", f);
	put_addr(f, &sa->id.dst, false);
	fputc('\n', f);
	put_id(f, "\t", sa->id.proto, sa->id.spi, sa->reqid);
	fprintf(f, "mode %s\n", mode_word(sa->mode));
	put_flags(f, sa);
	put_marks(f, sa);
	put_alg(f, "auth-trunc", &sa->auth, true);
	put_alg(f, "aead", &sa->aead, true);
	put_alg(f, "enc", &sa->encr, false);
	put_alg(f, "comp", &sa->comp, false);
	put_encap(f, sa);
	put_window(f, sa);
	put_options(f, sa);
	put_limits(f, &sa->limits);
	if (sa->ctx_len)
		fprintf(f, "\tsecurity context %.*s \n", sa->ctx_len, sa->ctx);
}

static void put_template(FILE *f, const struct keydb_template *t, bool v6)
{
	fputs("\ttmpl src ", f);
	put_addr(f, &t->src, v6);
	fputs(" dst ", f);
	put_addr(f, &t->dst, v6);
	fputc('\n', f);
	put_id(f, "\t\t", t->proto, t->spi, t->reqid);
	fprintf(f, "mode %s\n", mode_word(t->mode));
	if (with_s || t->level == KEYDB_LEVEL_USE)
		fprintf(f, "\t\tlevel %s \n", t->level == KEYDB_LEVEL_USE ? "use" : "required");
	if (with_s)
		fputs("\t\tenc-mask ffffffff auth-mask ffffffff comp-mask ffffffff\n", f);
}

static void put_policy(FILE *f, const struct keydb_policy *p)
{
	static const char *const dirs[] = { "in", "out", "fwd" };
	put_selector(f, &p->sel);
	if (p->ctx_len)
		fprintf(f, "\tsecurity context %.*s \n", p->ctx_len, p->ctx);
	fprintf(f, "\tdir %s ", dirs[p->dir]);
	if (with_s || p->action == KEYDB_ACTION_DISCARD)
		fprintf(f, "action %s ", p->action == KEYDB_ACTION_DISCARD ? "block" : "allow");
	if (with_s)
		fputs("index 41 ", f);
	fprintf(f, "priority %u ptype %s ", p->priority, p->sub ? "sub" : "main");
	if (with_s)
		fputs("share any ", f);
	fprintf(f, "flag %s%s(0x0)\n", p->flags & KEYDB_POLICY_LOCALOK ? "localok " : "",
		p->flags & KEYDB_POLICY_ICMP ? "icmp " : "");
	put_limits(f, &p->limits);
	if (p->mark.value || p->mark.mask)
		fprintf(f, "\tmark 0x%x/0x%x \n", p->mark.value, p->mark.mask);
	struct addr inner = { .family = p->sel.src.sa.sa_family };
	for (size_t i = 0; i < p->n_templates; i++) {
		inner.family = p->templates[i].family;
		put_template(f, &p->templates[i], addr_bits(&inner) == 128);
	}
	if (p->if_id)
		fprintf(f, "\tif_id 0x%x\n", p->if_id);
}

/* ---- what ip does not show ---- */

static void shown_selector(struct keydb_selector *s)
{
	s->src_port_mask = s->dst_port_mask = 0;
	s->ifindex = s->ifindex ? 1 : 0;
	if (s->proto == IPPROTO_GRE && (s->src_port_any || s->dst_port_any)) {
		s->src_port_any = s->dst_port_any = true;
		s->src_port = s->dst_port = 0;
	}
}

/* The listing's only doi and algorithm; blanks at the end of a context are ip's. */
static void shown_ctx(uint8_t *doi, uint8_t *alg, uint16_t *len, char *ctx)
{
	while (*len && ctx[*len - 1] == ' ')
		ctx[--*len] = '\0';
	*doi = *alg = *len ? 1 : 0;
}

static void shown_mode(uint8_t *mode)
{
	if (*mode == (KEYDB_MODE_OTHER | 5))
		*mode = KEYDB_MODE_OTHER | 3;
}

static void shown_sa(struct keydb_sa *sa)
{
	shown_selector(&sa->sel);
	shown_mode(&sa->mode);
	shown_ctx(&sa->ctx_doi, &sa->ctx_alg, &sa->ctx_len, sa->ctx);
	model_kernel_sa(sa);
}

static void shown_policy(struct keydb_policy *p)
{
	shown_selector(&p->sel);
	shown_ctx(&p->ctx_doi, &p->ctx_alg, &p->ctx_len, p->ctx);
	for (size_t i = 0; i < p->n_templates; i++)
		shown_mode(&p->templates[i].mode);
	model_kernel_policy(p);
}

/* ---- the way through ---- */

static void log_message(void *arg, const struct script_message *m)
{
	size_t used = strlen(log_text);
	(void)arg;
	if (!m->is_warning)
		snprintf(log_text + used, sizeof(log_text) - used, "%u: %s\n", m->at.line, m->text);
}

static struct script script_of(const char *text)
{
	log_text[0] = '\0';
	return (struct script){ .file = "test",
				.text = text,
				.len = strlen(text),
				.first = { 1, 1 },
				.numeric = true,
				.report = log_message };
}

static char *converted(const char *listing)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct script input = script_of(listing);
	int rc = setkey_from_ip(&input, f);
	fclose(f);
	if (rc)
		fail_case("%s%s", log_text, listing);
	return text;
}

static void comes_back(const struct command *c)
{
	struct command_list list = { 0 };
	struct command back;
	char *listing = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&listing, &len);
	if (c->kind == COMMAND_ADD)
		put_sa(f, &c->sa);
	else
		put_policy(f, &c->policy);
	fclose(f);
	char *text = converted(listing);
	struct script script = script_of(text);
	if (setkey_parse(&script, &list) || list.count != 1)
		fail_case("%s\n%s%s", listing, text, log_text);
	struct command_cursor cursor = command_list_start(&list);
	assert_true(command_list_next(&cursor, &back));
	back.at = (struct place){ 0, 0 };
	if (c->kind == COMMAND_ADD)
		model_kernel_sa(&back.sa);
	else
		model_kernel_policy(&back.policy);
	if (memcmp(&back, c, sizeof(back)) != 0)
		fail_case("%sis not\n%s", text, listing);
	command_list_done(&list);
	free(listing);
	free(text);
}

static void each_case(uint32_t rarity)
{
	for (uint64_t i = 0; i < CASES; i++) {
		struct command c;
		memset(&c, 0, sizeof(c));
		seed = model_case_seed(i);
		struct model_random r = model_random_of(seed, rarity);
		with_s = model_below(&r, 2);
		c.kind = COMMAND_ADD;
		model_any_sa(&r, &c.sa);
		shown_sa(&c.sa);
		comes_back(&c);
		memset(&c, 0, sizeof(c));
		c.kind = COMMAND_SPDADD;
		model_any_policy(&r, &c.policy);
		shown_policy(&c.policy);
		comes_back(&c);
	}
}

static void what_ip_shows_of_an_entry_makes_the_entry(void **state)
{
	(void)state;
	each_case(OFTEN);
	each_case(SELDOM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_ip_shows_of_an_entry_makes_the_entry),
	};
	return cmocka_run_group_tests_name("setkey_from_ip_model", tests, NULL, NULL);
}
