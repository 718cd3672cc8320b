/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of ip's listings and what is the same in those of SAs and policies. */
#include "setkey_from_ip_read.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

enum {
	UPPER_ANY = 255, /* setkey's and PF_KEY's number for "any" */
	CTX_DOI_LSM = 1, /* the only ones that there are, and ip does not show them */
	CTX_ALG_SELINUX = 1,
	XFRM_RO = 2, /* the kernel's numbers of modes */
	XFRM_IN_TRIGGER = 3,
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct token ip_next(struct ip_reader *r)
{
	while (r->p < r->end && is_blank(*r->p))
		r->p++;
	struct token t = { .kind = TOKEN_WORD, .text = r->p, .at = r->at };
	while (r->p < r->end && !is_blank(*r->p))
		r->p++;
	t.len = (size_t)(r->p - t.text);
	if (!t.len)
		t.kind = TOKEN_END;
	return t;
}

struct token ip_peek(const struct ip_reader *r)
{
	struct ip_reader ahead = { .p = r->p, .end = r->end, .at = r->at };
	return ip_next(&ahead);
}

bool ip_take(struct ip_reader *r, const char *word)
{
	struct token t = ip_peek(r);
	if (!token_is(&t, word))
		return false;
	ip_next(r);
	return true;
}

struct token ip_rest(struct ip_reader *r)
{
	while (r->p < r->end && is_blank(*r->p))
		r->p++;
	struct token t = { .kind = TOKEN_WORD, .text = r->p, .at = r->at };
	while (r->end > r->p && is_blank(r->end[-1]))
		r->end--;
	t.len = (size_t)(r->end - r->p);
	r->p = r->end;
	return t;
}

/* "0x10(16)," is 0x10. */
static struct token bare(struct token t)
{
	const char *paren = memchr(t.text, '(', t.len);
	if (paren && paren > t.text)
		t.len = (size_t)(paren - t.text);
	else if (t.len && t.text[t.len - 1] == ',')
		t.len--;
	return t;
}

int ip_number(struct ip_reader *r, const char *what, uint64_t max, uint64_t *ret)
{
	struct token t = bare(ip_next(r));
	return word_number(&t, what, 0, max, ret, &r->err);
}

int ip_u32(struct ip_reader *r, const char *what, uint32_t *ret)
{
	uint64_t n = 0;
	int rc = ip_number(r, what, UINT32_MAX, &n);
	if (!rc)
		*ret = (uint32_t)n;
	return rc;
}

/* The word as a C string; false if it is longer. */
static bool copy(const struct token *t, char *buf, size_t size)
{
	if (t->kind != TOKEN_WORD || t->len >= size)
		return false;
	memcpy(buf, t->text, t->len);
	buf[t->len] = '\0';
	return !memchr(buf, '\0', t->len);
}

int ip_address(struct ip_reader *r, union keydb_addr *ret)
{
	char text[ADDR_TEXT_MAX_BYTES];
	struct token t = ip_next(r);
	struct addr a;
	if (!copy(&t, text, sizeof(text)) || addr_parse(text, &a))
		return err_set(&r->err, -EINVAL, "expected an address");
	*ret = word_keydb_addr(&a);
	return 0;
}

int ip_choose(struct ip_reader *r, const char *what, const struct choice *choices, size_t n,
	      int *ret)
{
	struct token t = ip_next(r);
	return word_choose(&t, what, choices, n, ret, &r->err);
}

int ip_mark(struct ip_reader *r, struct keydb_mark *ret)
{
	struct token value = ip_next(r), mask = value;
	const char *slash = memchr(value.text, '/', value.len);
	uint64_t v = 0, m = UINT32_MAX;
	if (slash) {
		value.len = (size_t)(slash - value.text);
		mask.text = slash + 1;
		mask.len -= value.len + 1;
	}
	int rc = word_number(&value, "mark", 0, UINT32_MAX, &v, &r->err);
	if (!rc && slash)
		rc = word_number(&mask, "mask", 0, UINT32_MAX, &m, &r->err);
	if (!rc)
		*ret = (struct keydb_mark){ (uint32_t)v, (uint32_t)m };
	return rc;
}

/* ---- selectors ---- */

static int prefix(struct ip_reader *r, union keydb_addr *ret, uint8_t *ret_bits)
{
	char text[ADDR_TEXT_MAX_BYTES];
	struct token t = ip_next(r);
	struct addr_prefix p;
	if (!copy(&t, text, sizeof(text)) || addr_parse_prefix(text, &p))
		return err_set(&r->err, -EINVAL, "expected an address and its prefix length");
	*ret = word_keydb_addr(&p.addr);
	*ret_bits = p.bits;
	return 0;
}

static int sel_src(struct ip_reader *r, struct keydb_selector *s)
{
	return prefix(r, &s->src, &s->src_bits);
}

static int sel_dst(struct ip_reader *r, struct keydb_selector *s)
{
	return prefix(r, &s->dst, &s->dst_bits);
}

static int sel_proto(struct ip_reader *r, struct keydb_selector *s)
{
	struct token t = ip_next(r);
	uint64_t n = 0;
	struct err ignored;
	if (!word_number(&t, "protocol", 0, UINT8_MAX, &n, &ignored) && n == UPPER_ANY)
		return err_set(&r->err, -EOPNOTSUPP, "to setkey protocol 255 is any protocol");
	return word_ip_proto(&t, &s->proto, &r->err);
}

static int port(struct ip_reader *r, uint16_t *ret, bool *ret_any)
{
	uint64_t n = 0;
	int rc = ip_number(r, "port", UINT16_MAX, &n);
	if (!rc) {
		*ret = (uint16_t)n;
		*ret_any = false;
	}
	return rc;
}

static int sel_sport(struct ip_reader *r, struct keydb_selector *s)
{
	return port(r, &s->src_port, &s->src_port_any);
}

static int sel_dport(struct ip_reader *r, struct keydb_selector *s)
{
	return port(r, &s->dst_port, &s->dst_port_any);
}

/* A GRE key: its halves are in the places of the ports. */
static int sel_key(struct ip_reader *r, struct keydb_selector *s)
{
	uint32_t key = 0;
	int rc = ip_u32(r, "GRE key", &key);
	if (!rc) {
		s->src_port = (uint16_t)(key >> 16);
		s->dst_port = (uint16_t)key;
		s->src_port_any = s->dst_port_any = false;
	}
	return rc;
}

static int sel_dev(struct ip_reader *r, struct keydb_selector *s)
{
	char name[IF_NAMESIZE];
	struct token t = ip_next(r);
	if (!copy(&t, name, sizeof(name)))
		return err_set(&r->err, -EINVAL, "expected the name of an interface");
	s->ifindex = if_nametoindex(name);
	return s->ifindex ? 0 : err_set(&r->err, -ENODEV, "there is no interface %s here", name);
}

static int sel_uid(struct ip_reader *r, struct keydb_selector *s)
{
	uint32_t uid = 0;
	int rc = ip_u32(r, "uid", &uid);
	(void)s;
	if (!rc && uid)
		rc = err_set(&r->err, -EOPNOTSUPP,
			     "setkey cannot say that only a user's packets count");
	return rc;
}

static const struct {
	const char *word;
	int (*read)(struct ip_reader *r, struct keydb_selector *s);
} selector_words[] = {
	/* clang-format off */
	{ "src",     sel_src },
	{ "dst",     sel_dst },
	{ "proto",   sel_proto },
	{ "sport",   sel_sport },
	{ "dport",   sel_dport },
	{ "type",    sel_sport }, /* ICMP's and Mobile IPv6's */
	{ "code",    sel_dport },
	{ "(dport)", sel_dport },
	{ "key",     sel_key },
	{ "dev",     sel_dev },
	{ "uid",     sel_uid },
	/* clang-format on */
};

static int selector_word(struct ip_reader *r, const struct token *t, struct keydb_selector *ret)
{
	char word[TOKEN_TEXT_MAX_BYTES];
	for (size_t i = 0; i < N_ELEMENTS(selector_words); i++)
		if (token_is(t, selector_words[i].word))
			return selector_words[i].read(r, ret);
	return err_set(&r->err, -EOPNOTSUPP, "%s in a selector is not known", token_text(t, word));
}

int ip_selector(struct ip_reader *r, struct keydb_selector *ret)
{
	struct token t;
	int rc = 0;
	memset(ret, 0, sizeof(*ret));
	ret->src_port_any = ret->dst_port_any = true;
	while (!rc && (t = ip_next(r)).kind == TOKEN_WORD)
		rc = selector_word(r, &t, ret);
	if (!rc && (!ret->src.sa.sa_family || ret->src.sa.sa_family != ret->dst.sa.sa_family))
		rc = err_set(&r->err, -EINVAL, "a selector has two addresses of one family");
	return rc;
}

/* ---- lifetimes ---- */

/* "(INF)(bytes)," or "12(sec),": the number, and which unit. */
static int amount(struct ip_reader *r, uint64_t *ret, struct token *ret_unit)
{
	struct token t = ip_next(r), number = t;
	static const char infinite[] = "(INF)";
	bool inf = t.len > sizeof(infinite) - 1 && !memcmp(t.text, infinite, sizeof(infinite) - 1);
	size_t len = sizeof(infinite) - 1;
	if (!inf) {
		number = bare(t);
		len = number.len;
	}
	*ret_unit = (struct token){ .kind = TOKEN_WORD, .text = t.text + len, .len = t.len - len };
	if (ret_unit->len && ret_unit->text[ret_unit->len - 1] == ',')
		ret_unit->len--;
	*ret = KEYDB_INFINITE;
	return inf ? 0 : word_number(&number, "limit", 0, UINT64_MAX, ret, &r->err);
}

static int limit_pair(struct ip_reader *r, uint64_t *soft, uint64_t *hard, const char *unit)
{
	struct token soft_unit = { 0 }, hard_unit = { 0 };
	uint64_t s = 0, h = 0;
	int rc = ip_take(r, "soft") ? amount(r, &s, &soft_unit) : -EINVAL;
	if (!rc)
		rc = ip_take(r, "hard") ? amount(r, &h, &hard_unit) : -EINVAL;
	if (rc || !token_is(&soft_unit, unit) || !token_is(&hard_unit, unit))
		return err_set(&r->err, -EINVAL, "expected a soft and a hard limit");
	*soft = s ? s : KEYDB_INFINITE;
	*hard = h ? h : KEYDB_INFINITE;
	return 0;
}

int ip_limits(struct ip_reader *r, struct keydb_limits *ret)
{
	struct token kind = ip_next(r);
	r->has_limits = true;
	if (token_is(&kind, "expire")) {
		if (ip_take(r, "add:"))
			return limit_pair(r, &ret->soft_add_sec, &ret->hard_add_sec, "(sec)");
		if (ip_take(r, "use:"))
			return limit_pair(r, &ret->soft_use_sec, &ret->hard_use_sec, "(sec)");
	} else if (token_is(&kind, "limit:")) {
		const char *p = r->p;
		if (!limit_pair(r, &ret->soft_bytes, &ret->hard_bytes, "(bytes)"))
			return 0;
		r->p = p;
		return limit_pair(r, &ret->soft_packets, &ret->hard_packets, "(packets)");
	}
	return err_set(&r->err, -EINVAL, "expected a limit or an expiry");
}

/* ---- keywords of both ---- */

int ip_context(struct ip_reader *r, uint8_t *ret_doi, uint8_t *ret_alg, uint16_t *ret_len,
	       char ret_ctx[KEYDB_CTX_MAX_BYTES])
{
	if (!ip_take(r, "context"))
		return err_set(&r->err, -EINVAL, "expected a security context");
	struct token t = ip_rest(r);
	if (!t.len || t.len > KEYDB_CTX_MAX_BYTES)
		return err_set(&r->err, -EOPNOTSUPP, "a context has 1 to %d bytes",
			       KEYDB_CTX_MAX_BYTES);
	memcpy(ret_ctx, t.text, t.len);
	*ret_doi = CTX_DOI_LSM;
	*ret_alg = CTX_ALG_SELINUX;
	*ret_len = (uint16_t)t.len;
	return 0;
}

int ip_lifetime(struct ip_reader *r)
{
	if (ip_take(r, "config:"))
		r->block = IP_BLOCK_LIMITS;
	else if (ip_take(r, "current:"))
		r->block = IP_BLOCK_NUMBERS;
	else
		return err_set(&r->err, -EINVAL, "expected a lifetime");
	return 0;
}

int ip_proto(struct ip_reader *r, uint8_t *ret)
{
	static const struct choice protos[] = {
		{ "esp", KEYDB_PROTO_ESP, NULL },     { "ah", KEYDB_PROTO_AH, NULL },
		{ "comp", KEYDB_PROTO_IPCOMP, NULL }, { "hao", IPPROTO_DSTOPTS, NULL },
		{ "route2", IPPROTO_ROUTING, NULL },
	};
	int value = 0, rc = ip_choose(r, "protocol", protos, N_ELEMENTS(protos), &value);
	if (!rc)
		*ret = (uint8_t)value;
	return rc;
}

int ip_mode(struct ip_reader *r, uint8_t *ret)
{
	static const struct choice modes[] = {
		{ "transport", KEYDB_MODE_TRANSPORT, NULL },
		{ "tunnel", KEYDB_MODE_TUNNEL, NULL },
		{ "beet", KEYDB_MODE_BEET, NULL },
		{ "ro", KEYDB_MODE_OTHER | XFRM_RO, NULL },
		{ "in_trigger", KEYDB_MODE_OTHER | XFRM_IN_TRIGGER, NULL },
	};
	int value = 0, rc = ip_choose(r, "mode", modes, N_ELEMENTS(modes), &value);
	if (!rc)
		*ret = (uint8_t)value;
	return rc;
}

int ip_skip_line(struct ip_reader *r)
{
	r->p = r->end;
	return 0;
}

int ip_share(struct ip_reader *r)
{
	return ip_take(r, "any") ? 0 : err_set(&r->err, -EOPNOTSUPP, "setkey shares SAs with any");
}
