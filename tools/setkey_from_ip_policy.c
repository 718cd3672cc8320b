/* SPDX-License-Identifier: BSD-2-Clause */
/* "ip xfrm policy". */
#include "setkey_from_ip_read.h"

#include <errno.h>
#include <string.h>

static struct keydb_policy *policy_of(struct ip_reader *r)
{
	return &r->c.policy;
}

static int policy_dir(struct ip_reader *r)
{
	static const struct choice dirs[] = {
		{ "in", KEYDB_DIR_IN, NULL },
		{ "out", KEYDB_DIR_OUT, NULL },
		{ "fwd", KEYDB_DIR_FWD, NULL },
	};
	int dir = 0, rc = ip_choose(r, "direction", dirs, N_ELEMENTS(dirs), &dir);
	policy_of(r)->dir = (uint8_t)dir;
	return rc;
}

static int policy_socket(struct ip_reader *r)
{
	r->skip = "a socket's policy";
	return policy_dir(r);
}

static int policy_action(struct ip_reader *r)
{
	static const struct choice actions[] = { { "allow", false, NULL },
						 { "block", true, NULL } };
	int blocks = 0, rc = ip_choose(r, "action", actions, N_ELEMENTS(actions), &blocks);
	r->is_blocking = blocks;
	return rc;
}

/* The kernel's name for the policy, which it gives anew. */
static int policy_index(struct ip_reader *r)
{
	uint32_t index;
	return ip_u32(r, "index", &index);
}

static int policy_priority(struct ip_reader *r)
{
	return ip_u32(r, "priority", &policy_of(r)->priority);
}

static int policy_type(struct ip_reader *r)
{
	static const struct choice types[] = { { "main", false, NULL }, { "sub", true, NULL } };
	int sub = 0, rc = ip_choose(r, "ptype", types, N_ELEMENTS(types), &sub);
	policy_of(r)->sub = sub;
	return rc;
}

/* All words up to the end of the line; "(0x01)" is their sum. */
static int policy_flags(struct ip_reader *r)
{
	static const struct choice flags[] = {
		{ "localok", KEYDB_POLICY_LOCALOK, NULL },
		{ "icmp", KEYDB_POLICY_ICMP, NULL },
	};
	struct token t;
	while ((t = ip_next(r)).kind == TOKEN_WORD) {
		int flag = 0;
		if (t.text[0] == '(')
			continue;
		int rc = word_choose(&t, "flag of policies", flags, N_ELEMENTS(flags), &flag,
				     &r->err);
		if (rc)
			return rc;
		policy_of(r)->flags |= (uint8_t)flag;
	}
	return 0;
}

static int policy_mark(struct ip_reader *r)
{
	return ip_mark(r, &policy_of(r)->mark);
}

static int policy_if_id(struct ip_reader *r)
{
	return ip_u32(r, "if_id", &policy_of(r)->if_id);
}

static int policy_security(struct ip_reader *r)
{
	struct keydb_policy *p = policy_of(r);
	return ip_context(r, &p->ctx_doi, &p->ctx_alg, &p->ctx_len, p->ctx);
}

static int policy_offload(struct ip_reader *r)
{
	return err_set(&r->err, -EOPNOTSUPP, "setkey cannot have a device do a policy");
}

/* ---- templates ---- */

static struct keydb_template *template_of(struct ip_reader *r)
{
	return &policy_of(r)->templates[policy_of(r)->n_templates - 1];
}

static int policy_template(struct ip_reader *r)
{
	struct keydb_policy *p = policy_of(r);
	if (p->n_templates == KEYDB_TEMPLATES_MAX)
		return err_set(&r->err, -EOPNOTSUPP, "more than %d templates", KEYDB_TEMPLATES_MAX);
	struct keydb_template *t = &p->templates[p->n_templates++];
	r->part = IP_TEMPLATE;
	t->level = KEYDB_LEVEL_REQUIRE;
	int rc = ip_take(r, "src") ? ip_address(r, &t->src) : -EINVAL;
	if (!rc)
		rc = ip_take(r, "dst") ? ip_address(r, &t->dst) : -EINVAL;
	if (rc || t->src.sa.sa_family != t->dst.sa.sa_family)
		return err_set(&r->err, -EINVAL, "a template has two addresses of one family");
	t->family = t->src.sa.sa_family;
	return 0;
}

static int template_proto(struct ip_reader *r)
{
	return ip_proto(r, &template_of(r)->proto);
}

static int template_spi(struct ip_reader *r)
{
	return ip_u32(r, "SPI", &template_of(r)->spi);
}

static int template_reqid(struct ip_reader *r)
{
	return ip_u32(r, "reqid", &template_of(r)->reqid);
}

static int template_mode(struct ip_reader *r)
{
	return ip_mode(r, &template_of(r)->mode);
}

static int template_level(struct ip_reader *r)
{
	static const struct choice levels[] = {
		{ "required", KEYDB_LEVEL_REQUIRE, NULL },
		{ "use", KEYDB_LEVEL_USE, NULL },
	};
	int level = 0, rc = ip_choose(r, "level", levels, N_ELEMENTS(levels), &level);
	template_of(r)->level = (uint8_t)level;
	return rc;
}

/* Which algorithms an SA may have: "ffffffff" is all of them. */
static int template_mask(struct ip_reader *r)
{
	return ip_take(r, "ffffffff") ? 0
				      : err_set(&r->err, -EOPNOTSUPP,
						"setkey cannot choose algorithms in a template");
}

const struct ip_keyword ip_policy_keywords[] = {
	/* clang-format off */
	{ "dir",       IP_POLICY,   policy_dir },
	{ "socket",    IP_POLICY,   policy_socket },
	{ "action",    IP_POLICY,   policy_action },
	{ "index",     IP_POLICY,   policy_index },
	{ "priority",  IP_POLICY,   policy_priority },
	{ "ptype",     IP_POLICY,   policy_type },
	{ "share",     IP_POLICY | IP_TEMPLATE, ip_share },
	{ "flag",      IP_POLICY,   policy_flags },
	{ "mark",      IP_POLICY,   policy_mark },
	{ "if_id",     IP_POLICY,   policy_if_id },
	{ "security",  IP_POLICY,   policy_security },
	{ "crypto",    IP_POLICY,   policy_offload },
	{ "packet",    IP_POLICY,   policy_offload },
	{ "lastused",  IP_POLICY,   ip_skip_line },
	{ "lifetime",  IP_POLICY,   ip_lifetime },
	{ "tmpl",      IP_POLICY,   policy_template },
	{ "proto",     IP_TEMPLATE, template_proto },
	{ "spi",       IP_TEMPLATE, template_spi },
	{ "reqid",     IP_TEMPLATE, template_reqid },
	{ "mode",      IP_TEMPLATE, template_mode },
	{ "level",     IP_TEMPLATE, template_level },
	{ "enc-mask",  IP_TEMPLATE, template_mask },
	{ "auth-mask", IP_TEMPLATE, template_mask },
	{ "comp-mask", IP_TEMPLATE, template_mask },
	{ "",          0,           NULL },
	/* clang-format on */
};

static int template_finish(struct ip_reader *r, struct keydb_template *t)
{
	if (!t->proto || !t->mode)
		return err_set(&r->err, -EINVAL, "a template has a protocol and a mode");
	if (t->mode == KEYDB_MODE_TRANSPORT) { /* the ends are the packet's own */
		memset(&t->src, 0, sizeof(t->src));
		memset(&t->dst, 0, sizeof(t->dst));
	}
	if (t->level == KEYDB_LEVEL_REQUIRE && t->reqid)
		t->level = KEYDB_LEVEL_UNIQUE;
	return 0;
}

int ip_policy_finish(struct ip_reader *r)
{
	struct keydb_policy *p = policy_of(r);
	int rc = 0;
	for (size_t i = 0; !rc && i < p->n_templates; i++)
		rc = template_finish(r, &p->templates[i]);
	if (rc)
		return rc;
	p->action = r->is_blocking   ? KEYDB_ACTION_DISCARD
		    : p->n_templates ? KEYDB_ACTION_IPSEC
				     : KEYDB_ACTION_NONE;
	if (r->is_blocking && p->n_templates)
		return err_set(&r->err, -EOPNOTSUPP, "setkey's discard has no templates");
	return 0;
}
