/* SPDX-License-Identifier: BSD-2-Clause */
/* The setkey commands about policies. */
#include "setkey_parser.h"

#include "base/fmt.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX_MAX_BITS = 128, NO_POLICY_DIR = -1 };

static int parse_range(struct parser *p, const struct address_flags *flags, struct endpoint *e)
{
	int rc = parser_address(p, flags, e);
	if (rc)
		return rc;
	if (parser_take_mark(p, '/')) {
		uint64_t bits = 0;
		e->bits_at = p->tok;
		rc = parser_number(p, "prefix length", PREFIX_MAX_BITS, &bits);
		if (rc)
			return rc;
		e->bits = (int)bits;
	}
	rc = parser_port_brackets(p, e);
	if (rc)
		return rc;
	if (e->n_addrs > 1)
		return parser_fail(p, &e->at,
				   "has several addresses, a policy takes one (-4, -6?)");
	if (e->bits > addr_bits(&e->addrs[0]))
		return parser_fail(p, &e->bits_at, "this address has only %u bits",
				   addr_bits(&e->addrs[0]));
	return 0;
}

static bool has_icmp_types(uint8_t ip_proto)
{
	return ip_proto == IPPROTO_ICMP || ip_proto == IPPROTO_ICMPV6 || ip_proto == IPPROTO_MH;
}

static int range_port(struct parser *p, const struct endpoint *e, uint8_t ip_proto,
		      uint16_t *ret_port, bool *ret_any)
{
	struct err err = { 0 };
	uint16_t port = 0;
	int rc = 0;
	if (e->has_port)
		rc = parser_check(p, &e->port_at, word_port(&e->port_at, ip_proto, &port, &err),
				  &err);
	if (!rc && port && ip_proto == IPPROTO_GRE)
		rc = parser_fail(p, &e->port_at, "gre has a key, not ports");
	*ret_port = port;
	*ret_any = port == 0;
	return rc;
}

static int parse_icmp_type(struct parser *p, struct keydb_selector *sel)
{
	uint64_t type = 0, code = 0;
	int rc = parser_number(p, "type", UINT8_MAX, &type);
	if (rc)
		return rc;
	sel->src_port = (uint16_t)type;
	sel->src_port_any = false;
	sel->dst_port = 0;
	sel->dst_port_any = true;
	if (!parser_take_mark(p, ','))
		return 0;
	rc = parser_number(p, "code", UINT8_MAX, &code);
	sel->dst_port = (uint16_t)code;
	sel->dst_port_any = false;
	return rc;
}

static int parse_gre_key(struct parser *p, struct keydb_selector *sel)
{
	struct err err = { 0 };
	struct token t = parser_advance(p);
	uint32_t key = 0;
	int rc = parser_check(p, &t, word_gre_key(&t, &key, &err), &err);
	sel->src_port = (uint16_t)(key >> 16);
	sel->dst_port = (uint16_t)key;
	sel->src_port_any = sel->dst_port_any = false;
	return rc;
}

/* The ICMP type and code or the GRE key behind the protocol, if any. */
static int parse_upper_arg(struct parser *p, const struct token *upper, struct keydb_selector *sel)
{
	struct token t = p->tok;
	if (t.kind != TOKEN_WORD || t.text[0] == '-')
		return 0;
	if (!has_icmp_types(sel->proto) && sel->proto != IPPROTO_GRE)
		return parser_fail(p, &t, "%.*s takes no type or key; expected -P", (int)upper->len,
				   upper->text);
	if (!sel->src_port_any || !sel->dst_port_any)
		return parser_fail(p, &t, "a type or key cannot stand beside ports");
	return sel->proto == IPPROTO_GRE ? parse_gre_key(p, sel) : parse_icmp_type(p, sel);
}

static int parse_selector(struct parser *p, struct keydb_selector *sel)
{
	struct address_flags flags = { 0 };
	struct endpoint src, dst;
	struct err err = { 0 };
	parser_address_flags(p, &flags);
	int rc = parse_range(p, &flags, &src);
	if (!rc)
		rc = parse_range(p, &flags, &dst);
	if (rc)
		return rc;
	if (!parser_same_family(&src.addrs[0], &dst.addrs[0]))
		return parser_fail(p, &dst.at, "is not of the source's address family");
	sel->src = word_keydb_addr(&src.addrs[0]);
	sel->dst = word_keydb_addr(&dst.addrs[0]);
	sel->src_bits = src.bits < 0 ? addr_bits(&src.addrs[0]) : (uint8_t)src.bits;
	sel->dst_bits = dst.bits < 0 ? addr_bits(&dst.addrs[0]) : (uint8_t)dst.bits;
	struct token upper = parser_advance(p);
	rc = parser_check(p, &upper, word_ip_proto(&upper, &sel->proto, &err), &err);
	if (!rc)
		rc = range_port(p, &src, sel->proto, &sel->src_port, &sel->src_port_any);
	if (!rc)
		rc = range_port(p, &dst, sel->proto, &sel->dst_port, &sel->dst_port_any);
	return rc ? rc : parse_upper_arg(p, &upper, sel);
}

static const struct choice dirs[] = {
	{ "in", KEYDB_DIR_IN, NULL },
	{ "out", KEYDB_DIR_OUT, NULL },
	{ "fwd", KEYDB_DIR_FWD, NULL },
};

static const char *const policy_words[] = {
	"in",     "out",       "fwd",     "priority", "prio", "low",     "def",
	"high",   "ipsec",     "discard", "none",     "esp",  "ah",      "ipcomp",
	"tunnel", "transport", "unique",  "require",  "use",  "default",
};

/* Reports what keydb_policy_parse() found at offset in the policy. */
static int fail_policy(struct parser *p, const struct token *policy, size_t offset, const char *why)
{
	char word[WORD_MAX_BYTES];
	struct token t = { .kind = TOKEN_WORD, .text = policy->text, .at = policy->at };
	if (offset > policy->len)
		offset = policy->len;
	t.text += offset;
	t.at = token_place(policy, offset);
	while (offset + t.len < policy->len && t.len + 1 < sizeof(word) &&
	       !strchr(" \t\r\n/#", t.text[t.len]))
		t.len++;
	if (t.len == 0)
		return parser_fail(p, policy, "%s", why);
	memcpy(word, t.text, t.len);
	word[t.len] = '\0';
	if (parser_is_verb(&t))
		return parser_fail(p, &t, "%s (is a ';' missing before it?)", why);
	const char *nearest = fmt_nearest(word, policy_words, N_ELEMENTS(policy_words));
	if (nearest && strcmp(nearest, word))
		return parser_fail(p, &t, "%s (did you mean %s?)", why, nearest);
	return parser_fail(p, &t, "%s", why);
}

/* The policy as a C string of the same length, comments and line ends as blanks. */
static char *policy_copy(const struct token *t)
{
	bool in_comment = false;
	char *text = malloc(t->len + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < t->len; i++) {
		char c = t->text[i];
		in_comment = c != '\n' && (in_comment || c == '#');
		text[i] = in_comment || strchr("\t\r\n\f\v", c) ? ' ' : c;
	}
	text[t->len] = '\0';
	return text;
}

static int check_template(struct parser *p, const struct token *policy,
			  const struct keydb_selector *sel, struct keydb_template *t)
{
	bool has_ends = t->src.sa.sa_family && t->dst.sa.sa_family;
	if (t->mode == KEYDB_MODE_TUNNEL && !has_ends)
		return parser_fail(p, policy, "a tunnel needs the addresses of both ends");
	if (t->mode != KEYDB_MODE_TRANSPORT)
		return 0;
	if (has_ends && t->src.sa.sa_family != sel->src.sa.sa_family)
		return parser_fail(p, policy, "transport mode cannot change the address family");
	t->family = sel->src.sa.sa_family;
	return 0;
}

static int check_policy(struct parser *p, const struct token *policy, struct keydb_policy *pol)
{
	if (pol->action == KEYDB_ACTION_ENTRUST || pol->action == KEYDB_ACTION_BYPASS)
		return parser_fail(p, policy, "entrust and bypass are for sockets only");
	for (size_t i = 0; i < pol->n_templates; i++) {
		int rc = check_template(p, policy, &pol->sel, &pol->templates[i]);
		if (rc)
			return rc;
	}
	return 0;
}

/* The text behind -P into pol, whose selector is set. */
static int parse_policy_text(struct parser *p, const struct token *t, struct keydb_policy *pol)
{
	struct keydb_policy parsed;
	const char *why = NULL;
	size_t at = 0;
	char *text = policy_copy(t);
	if (!text)
		return -ENOMEM;
	memset(&parsed, 0, sizeof(parsed));
	int rc = keydb_policy_parse(text, &parsed, &at, &why);
	free(text);
	if (rc)
		return fail_policy(p, t, at, why ? why : "not a policy");
	pol->dir = parsed.dir;
	pol->action = parsed.action;
	pol->priority = parsed.priority;
	pol->n_templates = parsed.n_templates;
	memcpy(pol->templates, parsed.templates, sizeof(pol->templates));
	return check_policy(p, t, pol);
}

/* "in", "out" or "fwd" alone, all that spddelete needs. */
static int lone_dir(const struct token *t)
{
	for (size_t i = 0; i < N_ELEMENTS(dirs); i++)
		if (token_is(t, dirs[i].word))
			return dirs[i].value;
	return NO_POLICY_DIR;
}

static int parse_policy(struct parser *p, struct command *c)
{
	struct token option = p->tok;
	if (!token_is(&option, "-P"))
		return parser_fail(p, &option, "expected -P and the policy");
	struct token policy = lex_policy(&p->lex);
	p->tok = lex_next(&p->lex);
	if (policy.kind == TOKEN_END)
		return parser_fail(p, &option, "the policy is not ended by ';'");
	if (policy.kind == TOKEN_BAD || policy.len == 0)
		return parser_fail(p, &policy, "expected in, out or fwd");
	int dir = lone_dir(&policy);
	if (dir != NO_POLICY_DIR && c->kind != COMMAND_SPDDELETE)
		return parser_fail(p, &policy, "expected an action behind it");
	if (dir != NO_POLICY_DIR) {
		c->policy.dir = (uint8_t)dir;
		return 0;
	}
	return parse_policy_text(p, &policy, &c->policy);
}

int parser_spd(struct parser *p, struct command *c)
{
	struct keydb_policy *pol = &c->policy;
	if (token_is(&p->tok, "tagged"))
		return parser_fail(p, &p->tok,
				   "Linux has no packet tags for policies, use addresses");
	int rc = parse_selector(p, &pol->sel);
	if (!rc && token_is(&p->tok, "-ctx")) {
		parser_advance(p);
		rc = parser_ctx(p, &pol->ctx_doi, &pol->ctx_alg, &pol->ctx_len, pol->ctx);
	}
	if (!rc)
		rc = parse_policy(p, c);
	if (!rc)
		rc = parser_expect_end(p);
	return rc ? rc : command_list_add(p->out, c);
}
