/* SPDX-License-Identifier: BSD-2-Clause */
/* sainfo { }: which traffic is protected, with which peer and how. */
#include "config/schema.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

static int take_upper(struct args *a, uint8_t *ret)
{
	const char *word;
	const struct args at = *a;
	int64_t n;
	if (args_left(a) && args_here(a)->text[0] >= '0' && args_here(a)->text[0] <= '9') {
		int rc = args_number(a, 0, 255, &n);
		if (rc == 0)
			*ret = (uint8_t)n;
		return rc;
	}
	int rc = args_word(a, "a protocol: any, tcp, udp, icmp, ... or a number", &word);
	if (rc)
		return rc;
	if (strcmp(word, "any") == 0) {
		*ret = 0;
		return 0;
	}
	struct protoent *p = getprotobyname(strcmp(word, "icmp6") == 0 ? "ipv6-icmp" : word);
	if (!p)
		return args_error(&at,
				  "a protocol expected: any, tcp, udp, icmp, icmp6 or a number");
	*ret = (uint8_t)p->p_proto;
	return 0;
}

/* "10.0.0.0/24" or "10.0.0.1-10.0.0.9", also with a blank before the '-'. */
static int take_range(struct args *a, struct ts *ret)
{
	char text[ADDR_TEXT_MAX_BYTES * 2];
	const char *word;
	struct addr_prefix prefix;
	const struct args at = *a;
	int rc = args_word(a, "an address or net", &word);
	if (rc)
		return rc;
	snprintf(text, sizeof(text), "%s", word);
	char *dash = strchr(text, '-');
	const char *last = dash ? dash + 1 : NULL;
	if (!dash && args_left(a) && args_here(a)->text[0] == '-' && args_here(a)->text[1]) {
		last = args_here(a)->text + 1;
		a->next++;
	}
	if (dash)
		*dash = '\0';
	if (addr_parse_prefix(text, &prefix))
		return args_error(&at, "an address, a net or a range expected");
	ts_of_prefix(&prefix, 0, 0, ret);
	if (last && (addr_parse(last, &ret->last) || addr_cmp(&ret->first, &ret->last) > 0 ||
		     ret->first.family != ret->last.family))
		return args_error(&at, "a range ends with an address that is not below its first");
	return 0;
}

static int take_ts_port(struct args *a, struct ts *ts)
{
	bool bracket = args_take_punct(a, '[');
	uint16_t port;
	if (!bracket)
		return 0;
	if (!args_take_word(a, "any")) {
		int rc = args_port(a, &port);
		if (rc)
			return rc;
		ts->port_lo = ts->port_hi = port;
	}
	return args_take_punct(a, ']') ? 0 : args_error(a, "']' expected after the port");
}

/* anonymous | clientaddr | address|subnet ADDR [port] upper */
static int take_ts(struct args *a, struct ts_list *list)
{
	static const char *const kinds[] = { "anonymous", "address", "subnet", "clientaddr" };
	const struct args at = *a;
	struct ts ts;
	size_t kind;
	int rc = args_choice(a, kinds, N_ELEMENTS(kinds), &kind);
	if (rc)
		return rc;
	if (kind == 3)
		return args_error(&at, "addresses for clients are not supported by this version");
	if (kind == 0)
		return 0;
	rc = take_range(a, &ts);
	if (rc == 0)
		rc = take_ts_port(a, &ts);
	if (rc == 0)
		rc = take_upper(a, &ts.proto);
	if (rc == 0)
		list->ts[list->n++] = ts;
	return rc;
}

static int take_head(struct args *a, struct sainfo_draft *d)
{
	if (args_take_word(a, "anonymous") && !args_left(a))
		return 0;
	a->next = 1;
	int rc = take_ts(a, &d->child.local_ts);
	if (rc == 0)
		rc = take_ts(a, &d->child.peer_ts);
	if (rc == 0 && args_left(a) && strcmp(args_here(a)->text, "from") == 0)
		return args_error(a, "write remote \"name\"; in the block instead");
	return rc ? rc : args_end(a);
}

static int take_child_lifetime(struct args *a, struct lifetime *l)
{
	static const char *const kinds[] = { "time", "byte", "packet" };
	int64_t n = 0;
	size_t kind;
	int rc = args_choice(a, kinds, N_ELEMENTS(kinds), &kind);
	if (rc)
		return rc;
	if (kind == 0)
		return args_duration(a, 1000, &l->hard_ms);
	if (kind == 1)
		return args_bytes(a, &l->bytes);
	rc = args_number(a, 1, UINT32_MAX, &n);
	if (rc == 0)
		l->packets = (uint64_t)n;
	return rc;
}

static int take_pfs_group(struct args *a, uint16_t *ret)
{
	const char *word;
	const struct args at = *a;
	int rc = args_word(a, "a group", &word);
	if (rc)
		return rc;
	const struct alg *alg = alg_find_word(TRANSFORM_KE, word);
	if (!alg)
		return args_error(&at,
				  "this group is not known or not safe enough to be supported");
	*ret = alg->id;
	return 0;
}

static int take_number_word(const struct word *w, struct args *a, int64_t max, uint32_t *ret)
{
	int64_t n;
	int rc = args_number(a, w->min, max, &n);
	if (rc == 0)
		*ret = (uint32_t)n;
	return rc;
}

static int take_mode(struct args *a, enum child_mode *ret)
{
	static const char *const modes[] = {
		[CHILD_TUNNEL] = "tunnel", [CHILD_TRANSPORT] = "transport"
	};
	size_t i;
	int rc = args_choice(a, modes, N_ELEMENTS(modes), &i);
	if (rc == 0)
		*ret = (enum child_mode)i;
	return rc;
}

static int take_sainfo_word(const struct word *w, struct args *a, struct sainfo_draft *d)
{
	switch (w->arg) {
	case SAINFO_REMOTE:
		return args_word(a, "the name of a remote", &d->remote);
	case SAINFO_NAME:
		return args_word(a, "a name", &d->name);
	case SAINFO_MODE:
		return take_mode(a, &d->child.mode);
	case SAINFO_INSTALL_POLICY:
		d->install_given = true;
		return args_bool(a, &d->child.install_policy);
	case SAINFO_REMOTEID:
		return take_number_word(w, a, INT32_MAX, &d->remoteid);
	case SAINFO_PFS_GROUP:
		return take_pfs_group(a, &d->child.pfs_group);
	case SAINFO_LIFETIME:
		return take_child_lifetime(a, &d->child.lifetime);
	case SAINFO_ESN:
		return args_bool(a, &d->child.esn);
	case SAINFO_REPLAY_WINDOW:
		return take_number_word(w, a, w->max, &d->child.replay_window_pkts);
	default:
		return take_number_word(w, a, UINT32_MAX, &d->child.priority);
	}
}

int apply_sainfo_word(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)b;
	int rc = take_sainfo_word(w, a, target);
	return rc ? rc : args_end(a);
}

static int check_sainfo(struct build *b, const struct sainfo_draft *d)
{
	const struct token *at = &d->st->tokens[0];
	const struct child_config *c = &d->child;
	if (c->local_ts.n && c->peer_ts.n && c->mode == CHILD_TRANSPORT &&
	    c->local_ts.ts[0].first.family != c->peer_ts.ts[0].first.family)
		return token_error(b->err, -EINVAL, at,
				   "in transport mode both sides have one family");
	if (d->name && (d->name[0] == '\0' || strlen(d->name) >= POLICY_NAME_MAX_BYTES ||
			strchr(d->name, '/')))
		return token_error(b->err, -EINVAL, at, "a name has 1 to %d bytes and no '/'",
				   POLICY_NAME_MAX_BYTES - 1);
	return 0;
}

static bool belongs(const struct sainfo_draft *d, const struct remote_draft *r)
{
	if (d->remote)
		return strcmp(d->remote, r->peer->name) == 0;
	return d->remoteid == 0 || d->remoteid == r->ph1id;
}

static int add_child(struct build *b, const struct sainfo_draft *d, const struct remote_draft *r)
{
	char name[POLICY_NAME_MAX_BYTES];
	struct child_config *c;
	unsigned int n = 1;
	LIST_EACH(c, &r->peer->children, node)
		n++;
	snprintf(name, sizeof(name), "net%u", n);
	if (d->name)
		snprintf(name, sizeof(name), "%s", d->name);
	LIST_EACH(c, &r->peer->children, node) {
		if (strcmp(c->name, name) == 0)
			return token_error(b->err, -EINVAL, &d->st->tokens[0],
					   "remote %s has a sainfo of the name %s already",
					   r->peer->name, name);
	}
	struct child_config *child = peer_config_add_child(r->peer, name);
	if (!child)
		return token_error(b->err, -ENOMEM, &d->st->tokens[0], "out of memory");
	struct child_config fixed = *child;
	*child = d->child;
	child->node = fixed.node;
	child->peer = fixed.peer;
	memcpy(child->name, name, sizeof(name));
	child->reqid = 0;
	child->line = d->st->tokens[0].line;
	if (!d->install_given)
		child->install_policy = r->generate_policy;
	if (child->install_policy)
		child->reqid = policy_reqid(r->peer->name, name);
	return 0;
}

/* Defaults as those of peer_config_add_child(), which the words then change. */
static void draft_defaults(struct sainfo_draft *d)
{
	d->child.mode = CHILD_TUNNEL;
	d->child.replay_window_pkts = 64;
	d->child.lifetime.hard_ms = 8 * 3600 * 1000;
}

int apply_sainfo(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct sainfo_draft d = { .st = a->st };
	struct remote_draft *r;
	bool found = false;
	(void)w;
	(void)target;
	draft_defaults(&d);
	int rc = take_head(a, &d);
	if (rc == 0)
		rc = schema_apply(b, IN_SAINFO, a->st->children, &d);
	if (rc == 0)
		rc = check_sainfo(b, &d);
	if (rc == 0)
		rc = proposals_of_esp(b, &d.algs, &a->st->tokens[0], &d.child);
	if (rc)
		return rc;
	LIST_EACH(r, &b->remotes, node) {
		if (!belongs(&d, r))
			continue;
		found = true;
		rc = add_child(b, &d, r);
		if (rc)
			return rc;
	}
	if (!found)
		return token_error(b->err, -EINVAL, &a->st->tokens[0],
				   "this sainfo belongs to no remote%s%s",
				   d.remote ? ": there is none of the name " : "",
				   d.remote ? d.remote : "");
	return 0;
}
