/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SAs and policies as KAME's setkey prints them, byte for byte: scripts read this.
 *
 * Blanks at the ends of lines, the missing newline behind "C: deflate " and the empty 20 columns
 * of a time that never was are part of the format.  What PF_KEY has no word for goes into a line
 * "\textra: ..." of name=value pairs, which is there only when there is something to say.
 */
#include "dump_int.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#ifndef IPPROTO_MH
#define IPPROTO_MH 135
#endif

enum {
	TIME_COLUMNS = 20,
	TIMES_KEPT = 8,         /* a power of two */
	DECIMAL_MAX_CHARS = 20, /* of 64 bits */
	HEX32_CHARS = 8,
	UPPER_ANY = 255,
	PROTO_BUFFER_BYTES = 1024,
	PROTO_NUMBERS = 256,
	PROTO_NAME_BYTES = 32, /* longer names are looked up each time */
	HEX_LINE_BYTES = 32,
	/* two digits for each byte, a blank for four and a newline */
	HEX_LINE_MAX_CHARS = HEX_LINE_BYTES * 2 + HEX_LINE_BYTES / 4 + 1,
};

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static const char *const dir_names[] = { "in", "out", "fwd", "in(socket)", "out(socket)" };
static const char *const action_names[] = { "discard", "none", "ipsec", "entrust", "bypass" };
static const char *const level_names[] = { "default", "use", "require", "unique" };
static const char *const mode_names[] = { "any", "transport", "tunnel", "beet" };
static const char *const state_names[] = { "larval", "mature", "dying", "dead" };

/* Tables are long, and fprintf() takes several times as long as these. */

/* Writes n without a zero behind it, and returns the number of characters. */
static size_t decimal(char text[DECIMAL_MAX_CHARS], uint64_t n)
{
	size_t len = 1, at;
	for (uint64_t rest = n; rest >= 10; rest /= 10)
		len++;
	for (at = len; at > 0; n /= 10)
		text[--at] = (char)('0' + n % 10);
	return len;
}

/* The words before it, then the number. */
static void put_number(FILE *f, const char *before, uint64_t n)
{
	char text[DECIMAL_MAX_CHARS];
	fputs(before, f);
	fwrite(text, 1, decimal(text, n), f);
}

/* The same as "0x%08x". */
static void put_hex32(FILE *f, const char *before, uint32_t n)
{
	static const char digits[] = "0123456789abcdef";
	char text[HEX32_CHARS];
	for (size_t at = sizeof(text); at > 0; n >>= 4)
		text[--at] = digits[n & 15];
	fputs(before, f);
	fputs("0x", f);
	fwrite(text, 1, sizeof(text), f);
}

/* The name, or the number for what has none. */
static void put_name(FILE *f, const char *const *names, size_t n, unsigned int value)
{
	if (value < n)
		fputs(names[value], f);
	else
		fprintf(f, "%u", value);
}

#define PUT_NAME(f, names, value) put_name((f), (names), N_ELEMENTS(names), (value))

/* One that only the kernel knows by its number there. */
static void put_mode(FILE *f, uint8_t mode)
{
	if (mode & KEYDB_MODE_OTHER)
		fprintf(f, "%u", mode & ~(unsigned int)KEYDB_MODE_OTHER);
	else
		PUT_NAME(f, mode_names, mode);
}

static void put_proto(FILE *f, uint8_t proto)
{
	switch (proto) {
	case KEYDB_PROTO_ESP:
		fputs("esp", f);
		break;
	case KEYDB_PROTO_AH:
		fputs("ah", f);
		break;
	case KEYDB_PROTO_IPCOMP:
		fputs("ipcomp", f);
		break;
	default:
		fprintf(f, "%u", proto);
	}
}

static void put_v4(FILE *f, const struct in_addr *a)
{
	char text[4 * DECIMAL_MAX_CHARS];
	uint8_t bytes[sizeof(*a)];
	size_t n = 0;
	memcpy(bytes, a, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		n += decimal(text + n, bytes[i]);
		text[n++] = '.';
	}
	fwrite(text, 1, n - 1, f);
}

static void put_addr(FILE *f, const union keydb_addr *a)
{
	char host[NI_MAXHOST];
	if (a->sa.sa_family == AF_INET) {
		put_v4(f, &a->sin.sin_addr);
		return;
	}
	socklen_t len = a->sa.sa_family == AF_INET6 ? sizeof(a->sin6) : sizeof(a->sin);
	if (getnameinfo(&a->sa, len, host, sizeof(host), NULL, 0, NI_NUMERICHOST))
		fputs("unknown-af", f);
	else
		fputs(host, f);
}

static unsigned int port_of(const union keydb_addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->sin6.sin6_port : a->sin.sin_port);
}

static uint64_t or_zero(uint64_t limit)
{
	return limit == KEYDB_INFINITE ? 0 : limit;
}

/*
 * "Nov 22 16:10:02 2026": ctime() without the day of the week.  Entries that came together have one
 * time, so a thread remembers the last ones.
 */
static void put_time(FILE *f, uint64_t sec)
{
	static _Thread_local struct {
		uint64_t sec;
		char text[TIME_COLUMNS + 1];
	} kept[TIMES_KEPT];
	char buf[64];
	time_t t = (time_t)sec;
	size_t i = sec % TIMES_KEPT;
	if (!sec) {
		fputs("                    ", f);
	} else if (kept[i].sec == sec) {
		fputs(kept[i].text, f);
	} else if (!ctime_r(&t, buf)) {
		fputs("????????????????????", f);
	} else {
		kept[i].sec = sec;
		memcpy(kept[i].text, buf + 4, TIME_COLUMNS);
		fputs(kept[i].text, f);
	}
}

static void put_ctx(FILE *f, uint8_t doi, uint8_t alg, const char *text, uint16_t len)
{
	if (!len)
		return;
	fprintf(f, "\tsecurity context doi: %u\n", doi);
	fprintf(f, "\tsecurity context algorithm: %u\n", alg);
	fprintf(f, "\tsecurity context length: %u\n", len);
	fprintf(f, "\tsecurity context: %.*s\n", len, text);
}

/* ---- the line of what PF_KEY cannot say ---- */

struct extra {
	FILE *f;
	bool begun;
};

static FILE *extra_word(struct extra *x)
{
	fputs(x->begun ? " " : "\textra: ", x->f);
	x->begun = true;
	return x->f;
}

static void extra_end(const struct extra *x)
{
	if (x->begun)
		fputc('\n', x->f);
}

static void extra_flag(struct extra *x, uint32_t flags, uint32_t bit, const char *name)
{
	if (flags & bit)
		fputs(name, extra_word(x));
}

static void extra_mark(struct extra *x, const char *name, const struct keydb_mark *m)
{
	if (m->value || m->mask)
		fprintf(extra_word(x), "%s=0x%x/0x%x", name, m->value, m->mask);
}

static void extra_u64(struct extra *x, const char *name, uint64_t value)
{
	if (value && value != KEYDB_INFINITE)
		fprintf(extra_word(x), "%s=%ju", name, (uintmax_t)value);
}

static void extra_if_id(struct extra *x, uint32_t if_id)
{
	if (if_id)
		fprintf(extra_word(x), "if_id=%u(0x%08x)", if_id, if_id);
}

/* ---- SAs ---- */

static bool has_alg(const struct keydb_alg *a)
{
	return a->id != KEYDB_ALG_ID_NONE || a->name[0];
}

static void put_alg_name(FILE *f, const struct keydb_alg *a)
{
	const struct keydb_alg_info *info = keydb_alg_by_id(a->id);
	fputs(info ? info->setkey_name : a->name, f);
	fputc(' ', f);
}

static void put_hex_line(FILE *f, const uint8_t *bytes, size_t len, bool is_first)
{
	static const char digits[] = "0123456789abcdef";
	char text[HEX_LINE_MAX_CHARS];
	size_t n = 0;
	if (!is_first)
		text[n++] = '\n';
	for (size_t i = 0; i < len; i++) {
		if (i % 4 == 0)
			text[n++] = ' ';
		text[n++] = digits[bytes[i] >> 4];
		text[n++] = digits[bytes[i] & 15];
	}
	fwrite(text, 1, n, f);
	explicit_bzero(text, n);
}

void dump_hex(FILE *f, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	for (size_t at = 0; at < len; at += HEX_LINE_BYTES)
		put_hex_line(f, p + at, len - at < HEX_LINE_BYTES ? len - at : HEX_LINE_BYTES,
			     at == 0);
}

static void put_key(FILE *f, const struct keydb_alg *a)
{
	size_t len = a->key_bits / 8u;
	dump_hex(f, a->key, len < sizeof(a->key) ? len : sizeof(a->key));
}

static void put_alg(FILE *f, char letter, const struct keydb_alg *a)
{
	if (!has_alg(a))
		return;
	fputc('\t', f);
	fputc(letter, f);
	fputs(": ", f);
	put_alg_name(f, a);
	put_key(f, a);
	fputc('\n', f);
}

static void put_algs(FILE *f, const struct keydb_sa *sa)
{
	if (sa->id.proto == KEYDB_PROTO_IPCOMP) {
		fputs("\tC: ", f);
		put_alg_name(f, &sa->comp);
		return;
	}
	put_alg(f, 'E', has_alg(&sa->aead) ? &sa->aead : &sa->encr);
	put_alg(f, 'A', &sa->auth);
}

static void put_sa_addr(const struct keydb_print *out, const union keydb_addr *a, uint16_t encap)
{
	FILE *f = out->file;
	put_addr(f, a);
	if (out->ports)
		fprintf(f, "[%u]", port_of(a));
	if (encap)
		fprintf(f, "[%u]", encap);
	fputc(' ', f);
}

static void put_ids(FILE *f, const struct keydb_sa *sa)
{
	put_number(f, " spi=", sa->id.spi);
	put_hex32(f, "(", sa->id.spi);
	put_number(f, ") reqid=", sa->reqid);
	put_hex32(f, "(", sa->reqid);
	fputs(")\n", f);
	if (sa->encap_oa.sa.sa_family) {
		fputs("\tNAT OA=", f);
		put_addr(f, &sa->encap_oa);
		fputc('\n', f);
	}
}

static void put_encap(FILE *f, const struct keydb_sa *sa)
{
	bool encap = sa->encap_src_port || sa->encap_dst_port;
	if (encap && sa->id.proto == KEYDB_PROTO_ESP)
		fputs(sa->encap_type == KEYDB_ENCAP_TCP ? "-tcp" : "-udp", f);
}

static void put_sa_head(const struct keydb_print *out, const struct keydb_sa *sa)
{
	FILE *f = out->file;
	put_sa_addr(out, &sa->id.src, sa->encap_src_port);
	put_sa_addr(out, &sa->id.dst, sa->encap_dst_port);
	fputs("\n\t", f);
	put_proto(f, sa->id.proto);
	put_encap(f, sa);
	fputs(" mode=", f);
	put_mode(f, sa->mode);
	put_ids(f, sa);
}

static uint32_t pfkey_flags(uint32_t flags)
{
	return (flags & KEYDB_SA_NOECN ? SADB_SAFLAGS_NOECN : 0u) |
	       (flags & KEYDB_SA_DECAP_DSCP ? SADB_SAFLAGS_DECAP_DSCP : 0u) |
	       (flags & KEYDB_SA_NOPMTUDISC ? SADB_SAFLAGS_NOPMTUDISC : 0u);
}

static void put_sa_lifetimes(FILE *f, const struct keydb_sa *sa, uint64_t now)
{
	const struct keydb_limits *l = &sa->limits;
	const struct keydb_usage *u = &sa->usage;
	fputs("\tcreated: ", f);
	put_time(f, u->add_time);
	fputs("\tcurrent: ", f);
	put_time(f, now);
	put_number(f, "\n\tdiff: ", u->add_time ? now - u->add_time : 0);
	put_number(f, "(s)\thard: ", or_zero(l->hard_add_sec));
	put_number(f, "(s)\tsoft: ", or_zero(l->soft_add_sec));
	fputs("(s)\n\tlast: ", f);
	put_time(f, u->last_time ? u->last_time : u->use_time);
	put_number(f, "\thard: ", or_zero(l->hard_use_sec));
	put_number(f, "(s)\tsoft: ", or_zero(l->soft_use_sec));
	put_number(f, "(s)\n\tcurrent: ", u->bytes);
	put_number(f, "(bytes)\thard: ", or_zero(l->hard_bytes));
	put_number(f, "(bytes)\tsoft: ", or_zero(l->soft_bytes));
	put_number(f, "(bytes)\n\tallocated: ", u->packets);
	put_number(f, "\thard: ", or_zero(l->hard_packets));
	put_number(f, "\tsoft: ", or_zero(l->soft_packets));
	fputc('\n', f);
}

static void put_port(FILE *f, bool any, uint16_t port)
{
	if (any || !port) {
		fputs("[any]", f);
	} else {
		put_number(f, "[", port);
		fputc(']', f);
	}
}

/* In the extra line a mask can be shown where it is. */
static void put_masked_port(FILE *f, bool any, uint16_t port, uint16_t mask)
{
	if (any)
		fputs("[any]", f);
	else if (mask || !port)
		fprintf(f, "[%u/0x%04x]", port, mask ? mask : UINT16_MAX);
	else
		fprintf(f, "[%u]", port);
}

static void put_prefix(FILE *f, const union keydb_addr *a, uint8_t bits)
{
	put_addr(f, a);
	if (bits != (a->sa.sa_family == AF_INET6 ? 128 : 32))
		put_number(f, "/", bits);
}

static bool has_family(const struct keydb_selector *s)
{
	return s->src.sa.sa_family || s->dst.sa.sa_family;
}

static void extra_sa_selector(struct extra *x, const struct keydb_selector *s)
{
	if (!has_family(s))
		return;
	FILE *f = extra_word(x);
	fputs("sel=", f);
	put_prefix(f, &s->src, s->src_bits);
	put_masked_port(f, s->src_port_any, s->src_port, s->src_port_mask);
	fputc('-', f);
	put_prefix(f, &s->dst, s->dst_bits);
	put_masked_port(f, s->dst_port_any, s->dst_port, s->dst_port_mask);
	fprintf(f, "/%u", s->proto);
	extra_u64(x, "ifindex", s->ifindex);
}

static void extra_icv(struct extra *x, const struct keydb_alg *a)
{
	const struct keydb_alg_info *info = keydb_alg_by_id(a->id);
	if (info && a->icv_bits && a->icv_bits != info->icv_bits)
		fprintf(extra_word(x), "icv=%u", a->icv_bits);
}

static void extra_encap(struct extra *x, uint8_t type)
{
	if (type == KEYDB_ENCAP_UDP_NON_IKE)
		fputs("encap=udp-non-ike", extra_word(x));
	else if (type == KEYDB_ENCAP_TCP)
		fputs("encap=tcp", extra_word(x));
}

static void extra_offload(struct extra *x, const struct keydb_sa *sa)
{
	if (sa->offload_device[0])
		fprintf(extra_word(x), "offload=%.*s/%s%s", KEYDB_DEVICE_MAX_BYTES,
			sa->offload_device,
			sa->offload_flags & KEYDB_OFFLOAD_INBOUND ? "in" : "out",
			sa->offload_flags & KEYDB_OFFLOAD_PACKET ? "/packet" : "");
}

static void put_sa_extra(FILE *f, const struct keydb_sa *sa)
{
	struct extra x = { .f = f };
	extra_flag(&x, sa->flags, KEYDB_SA_ESN, "esn");
	extra_flag(&x, sa->flags, KEYDB_SA_ICMP, "icmp");
	/* Tunnels usually carry both families: worth a word only elsewhere. */
	if (sa->mode != KEYDB_MODE_TUNNEL || has_family(&sa->sel))
		extra_flag(&x, sa->flags, KEYDB_SA_AF_UNSPEC, "af-unspec");
	extra_flag(&x, sa->flags, KEYDB_SA_WILDRECV, "wildrecv");
	extra_flag(&x, sa->flags, KEYDB_SA_ALIGN4, "align4");
	extra_flag(&x, sa->flags, KEYDB_SA_DONT_ENCAP_DSCP, "dont-encap-dscp");
	extra_flag(&x, sa->flags, KEYDB_SA_OSEQ_MAY_WRAP, "oseq-may-wrap");
	extra_icv(&x, &sa->auth);
	extra_icv(&x, &sa->aead);
	extra_if_id(&x, sa->if_id);
	extra_mark(&x, "mark", &sa->id.mark);
	extra_mark(&x, "output-mark", &sa->output_mark);
	extra_u64(&x, "tfc-pad", sa->tfc_pad_bytes);
	extra_encap(&x, sa->encap_type);
	extra_offload(&x, sa);
	extra_sa_selector(&x, &sa->sel);
	extra_end(&x);
}

static void put_window(FILE *f, const struct keydb_sa *sa, uint32_t window, uint32_t flags)
{
	put_hex32(f, "\tseq=", (uint32_t)sa->seq_out);
	put_number(f, " replay=", window);
	put_hex32(f, " flags=", flags);
	fputs(" state=", f);
	PUT_NAME(f, state_names, sa->state);
	fputs(" \n", f);
}

static uint64_t now_of(const struct keydb_print *out)
{
	return out->now ? out->now : (uint64_t)time(NULL);
}

void keydb_sa_print(const struct keydb_print *out, const struct keydb_sa *sa, uint32_t seq)
{
	FILE *f = out->file;
	put_sa_head(out, sa);
	put_algs(f, sa);
	put_window(f, sa, sa->replay_window_pkts, pfkey_flags(sa->flags));
	put_sa_lifetimes(f, sa, now_of(out));
	put_ctx(f, sa->ctx_doi, sa->ctx_alg, sa->ctx, sa->ctx_len);
	put_sa_extra(f, sa);
	put_number(f, "\tsadb_seq=", seq);
	put_number(f, " pid=", out->pid);
	fputs(" refcnt=0\n", f);
}

/* ---- SAs in messages ---- */

static bool has(const struct sadb_message *m, unsigned int type)
{
	return m->present & 1u << type;
}

/* KAME has names for types that Linux has no SAs of. */
static void put_satype(FILE *f, const struct sadb_message *m)
{
	static const char *const names[] = { "unspec",  "unknown", "ah",     "esp",
					     "unknown", "rsvp",    "ospfv2", "ripv2",
					     "mip",     "ipcomp",  "policy", "tcp" };
	PUT_NAME(f, names, m->satype);
}

static void put_message_alg(FILE *f, char letter, const struct keydb_alg *a)
{
	if (has_alg(a))
		put_alg(f, letter, a);
	else
		fprintf(f, "\t%c: none \n", letter);
}

static void put_message_algs(FILE *f, const struct sadb_message *m)
{
	const struct keydb_sa *sa = &m->sa;
	if (sa->id.proto == KEYDB_PROTO_IPCOMP) {
		fputs("\tC: ", f);
		put_alg_name(f, &sa->comp);
	} else if (sa->id.proto == KEYDB_PROTO_ESP && has(m, SADB_EXT_KEY_ENCRYPT)) {
		put_message_alg(f, 'E', has_alg(&sa->aead) ? &sa->aead : &sa->encr);
	}
	if (has(m, SADB_EXT_KEY_AUTH))
		put_message_alg(f, 'A', &sa->auth);
}

/* False, and said so, when one is missing without which there is nothing to show. */
static bool put_message_ends(const struct keydb_print *out, const struct sadb_message *m)
{
	const struct keydb_sa *sa = &m->sa;
	FILE *f = out->file;
	if (!has(m, SADB_EXT_ADDRESS_SRC)) {
		fputs("no ADDRESS_SRC extension.\n", f);
		return false;
	}
	put_sa_addr(out, &sa->id.src, sa->encap_src_port);
	if (!has(m, SADB_EXT_ADDRESS_DST)) {
		fputs(" no ADDRESS_DST extension.\n", f);
		return false;
	}
	put_sa_addr(out, &sa->id.dst, sa->encap_dst_port);
	if (has(m, SADB_EXT_SA) && has(m, SADB_X_EXT_SA2))
		return true;
	fprintf(f, "no %s extension.\n", has(m, SADB_EXT_SA) ? "SA2" : "SA");
	return false;
}

void dump_message_sa(const struct keydb_print *out, const struct sadb_message *m)
{
	const struct keydb_sa *sa = &m->sa;
	FILE *f = out->file;
	if (!put_message_ends(out, m))
		return;
	fputs("\n\t", f);
	put_satype(f, m);
	put_encap(f, sa);
	fputs(" mode=", f);
	put_mode(f, sa->mode);
	put_ids(f, sa);
	put_message_algs(f, m);
	put_window(f, sa, m->sa_replay, m->sa_flags);
	if (has(m, SADB_EXT_LIFETIME_CURRENT))
		put_sa_lifetimes(f, sa, now_of(out));
	put_ctx(f, sa->ctx_doi, sa->ctx_alg, sa->ctx, sa->ctx_len);
	fprintf(f, "\tsadb_seq=%u pid=%u refcnt=%u\n", m->seq, m->pid, m->refcnt);
}

/* ---- policies ---- */

static bool has_ports(uint8_t proto)
{
	return proto != IPPROTO_ICMP && proto != IPPROTO_ICMPV6 && proto != IPPROTO_MH &&
	       proto != IPPROTO_GRE;
}

/*
 * The name in /etc/protocols, the number if it has none.  Each look-up would read that file again,
 * which costs a hundred times as much as printing the policy, so a thread remembers the answers.
 */
static void put_proto_name(FILE *f, uint8_t number)
{
	static _Thread_local char names[PROTO_NUMBERS][PROTO_NAME_BYTES];
	struct protoent entry, *found = NULL;
	char buf[PROTO_BUFFER_BYTES];
	char *known = names[number];
	if (known[0]) {
		fputs(known, f);
		return;
	}
	if (getprotobynumber_r(number, &entry, buf, sizeof(buf), &found) || !found)
		snprintf(known, PROTO_NAME_BYTES, "%u", number);
	else if (strlen(found->p_name) < PROTO_NAME_BYTES)
		strcpy(known, found->p_name);
	fputs(found ? found->p_name : known, f);
}

/* PF_KEY's "any" is 255, whatever /etc/protocols calls that; ICMP's type and GRE's key follow. */
static void put_upper(FILE *f, const struct keydb_selector *s)
{
	unsigned int a = s->src_port_any ? 0 : s->src_port;
	unsigned int b = s->dst_port_any ? 0 : s->dst_port;
	put_proto_name(f, s->proto ? s->proto : UPPER_ANY);
	if (has_ports(s->proto) || (s->src_port_any && s->dst_port_any))
		return;
	if (s->proto == IPPROTO_GRE)
		fprintf(f, " %u", (a << 16) + b);
	else
		fprintf(f, " %u,%u", a, b);
}

static void put_policy_selector(FILE *f, const struct keydb_policy *p)
{
	const struct keydb_selector *s = &p->sel;
	if (p->dir >= KEYDB_DIR_SOCKET_IN) {
		fputs("(per-socket policy) ", f);
		return;
	}
	put_prefix(f, &s->src, s->src_bits);
	if (has_ports(s->proto))
		put_port(f, s->src_port_any, s->src_port);
	fputc(' ', f);
	put_prefix(f, &s->dst, s->dst_bits);
	if (has_ports(s->proto))
		put_port(f, s->dst_port_any, s->dst_port);
	fputc(' ', f);
	put_upper(f, s);
}

/* As an offset from the nearest of the three words. */
static void put_priority(FILE *f, uint32_t priority)
{
	static const struct {
		uint32_t below;
		uint32_t base;
		const char *name;
	} bases[] = {
		{ KEYDB_PRIORITY_DEFAULT / 4 * 3, KEYDB_PRIORITY_HIGH, "high" },
		{ KEYDB_PRIORITY_DEFAULT / 4 * 5, KEYDB_PRIORITY_DEFAULT, "def" },
		{ UINT32_MAX, KEYDB_PRIORITY_LOW, "low" },
	};
	size_t i = 0;
	if (!priority)
		return;
	while (i < N_ELEMENTS(bases) - 1 && priority >= bases[i].below)
		i++;
	fputs(" prio ", f);
	fputs(bases[i].name, f);
	if (priority < bases[i].base)
		put_number(f, " + ", bases[i].base - priority);
	else if (priority > bases[i].base)
		put_number(f, " - ", priority - bases[i].base);
}

static void put_end(const struct keydb_print *out, const union keydb_addr *a)
{
	put_addr(out->file, a);
	if (out->ports)
		fprintf(out->file, "[%u]", port_of(a));
}

static void put_request(const struct keydb_print *out, const struct keydb_template *t)
{
	FILE *f = out->file;
	put_proto(f, t->proto);
	fputc('/', f);
	put_mode(f, t->mode);
	fputc('/', f);
	if (t->src.sa.sa_family && t->dst.sa.sa_family) {
		put_end(out, &t->src);
		fputc('-', f);
		put_end(out, &t->dst);
	}
	fputc('/', f);
	PUT_NAME(f, level_names, t->level);
	if (t->reqid)
		put_number(f, t->reqid > KEYDB_REQID_MANUAL_MAX ? "#" : ":", t->reqid);
}

/* KAME's format has one word for port 0 and for any. */
static void extra_port(struct extra *x, const char *name, uint16_t port, uint16_t mask,
		       bool shows_any)
{
	if (mask || shows_any)
		fprintf(extra_word(x), "%s=%u/0x%04x", name, port, mask ? mask : UINT16_MAX);
}

/* But the two that have their own line. */
static void extra_limits(struct extra *x, const struct keydb_limits *l)
{
	extra_u64(x, "ls", l->soft_add_sec);
	extra_u64(x, "us", l->soft_use_sec);
	extra_u64(x, "bh", l->hard_bytes);
	extra_u64(x, "bs", l->soft_bytes);
	extra_u64(x, "ph", l->hard_packets);
	extra_u64(x, "ps", l->soft_packets);
}

/* "spi.2=0x00000300": the second request's. */
static void extra_requests(struct extra *x, const struct keydb_policy *p)
{
	for (unsigned int i = 0; i < p->n_templates && i < KEYDB_TEMPLATES_MAX; i++)
		if (p->templates[i].spi)
			fprintf(extra_word(x), "spi.%u=0x%08x", i + 1, p->templates[i].spi);
}

static void put_policy_extra(FILE *f, const struct keydb_policy *p)
{
	const struct keydb_selector *s = &p->sel;
	struct extra x = { .f = f };
	extra_flag(&x, p->flags, KEYDB_POLICY_LOCALOK, "localok");
	extra_flag(&x, p->flags, KEYDB_POLICY_ICMP, "icmp");
	extra_flag(&x, p->sub, true, "sub");
	extra_if_id(&x, p->if_id);
	extra_mark(&x, "mark", &p->mark);
	extra_port(&x, "src-port", s->src_port, s->src_port_mask,
		   has_ports(s->proto) && !s->src_port_any && !s->src_port);
	extra_port(&x, "dst-port", s->dst_port, s->dst_port_mask,
		   has_ports(s->proto) && !s->dst_port_any && !s->dst_port);
	extra_u64(&x, "ifindex", p->sel.ifindex);
	extra_limits(&x, &p->limits);
	extra_requests(&x, p);
	extra_end(&x);
}

void dump_policy_words(FILE *f, const struct keydb_policy *p, const char *delim, bool ports)
{
	struct keydb_print out = { .file = f, .ports = ports };
	PUT_NAME(f, dir_names, p->dir);
	put_priority(f, p->priority);
	fputc(' ', f);
	PUT_NAME(f, action_names, p->action);
	for (size_t i = 0; i < p->n_templates && i < KEYDB_TEMPLATES_MAX; i++) {
		fputs(delim, f);
		put_request(&out, &p->templates[i]);
	}
}

static void put_policy_words(const struct keydb_print *out, const struct keydb_policy *p)
{
	fputs("\n\t", out->file);
	dump_policy_words(out->file, p, "\n\t", out->ports);
	fputc('\n', out->file);
}

static void put_policy_times(FILE *f, const struct keydb_policy *p)
{
	fputs("\tcreated: ", f);
	put_time(f, p->usage.add_time);
	fputs("  lastused: ", f);
	put_time(f, p->usage.last_time ? p->usage.last_time : p->usage.use_time);
	fputc('\n', f);
}

static void put_policy_limits(FILE *f, const struct keydb_policy *p)
{
	put_number(f, "\tlifetime: ", or_zero(p->limits.hard_add_sec));
	put_number(f, "(s) validtime: ", or_zero(p->limits.hard_use_sec));
	fputs("(s)\n", f);
}

void keydb_policy_print(const struct keydb_print *out, const struct keydb_policy *p, uint32_t seq)
{
	FILE *f = out->file;
	put_policy_selector(f, p);
	put_policy_words(out, p);
	put_policy_times(f, p);
	put_policy_limits(f, p);
	put_ctx(f, p->ctx_doi, p->ctx_alg, p->ctx, p->ctx_len);
	put_policy_extra(f, p);
	put_number(f, "\tspid=", p->index);
	put_number(f, " seq=", seq);
	put_number(f, " pid=", out->pid);
	fputs("\n\trefcnt=1\n", f);
}

/* ---- policies in messages ---- */

/* Linux' policies of sockets are known by their direction, a BSD's by having no selector. */
static void put_message_selector(FILE *f, const struct sadb_message *m)
{
	bool has_ends = has(m, SADB_EXT_ADDRESS_SRC) && has(m, SADB_EXT_ADDRESS_DST);
	if (has_ends || m->policy.dir >= KEYDB_DIR_SOCKET_IN)
		put_policy_selector(f, &m->policy);
	else if (has(m, SADB_EXT_OTHER_TAG))
		fprintf(f, "tagged \"%s\" ", m->tag);
	else
		fputs("(no selector, probably per-socket policy) ", f);
}

void dump_message_policy(const struct keydb_print *out, const struct sadb_message *m)
{
	const struct keydb_policy *p = &m->policy;
	FILE *f = out->file;
	put_message_selector(f, m);
	if (!has(m, SADB_X_EXT_POLICY)) {
		fputs("no X_POLICY extension.\n", f);
		return;
	}
	put_policy_words(out, p);
	if (has(m, SADB_EXT_LIFETIME_CURRENT))
		put_policy_times(f, p);
	if (has(m, SADB_EXT_LIFETIME_HARD))
		put_policy_limits(f, p);
	put_ctx(f, p->ctx_doi, p->ctx_alg, p->ctx, p->ctx_len);
	fprintf(f, "\tspid=%u seq=%u pid=%u\n\trefcnt=%u\n", p->index, m->seq, m->pid, m->refcnt);
}
