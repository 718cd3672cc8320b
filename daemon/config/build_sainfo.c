/* SPDX-License-Identifier: BSD-2-Clause */
/* sainfo { }: which traffic is protected, with which peer and how. */
#include "config/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/selector.h"
#include "policy/reqid.h"

/* clientaddr: whatever the client was given */
static int take_side(struct args *a, struct ts_list *list, bool *inner)
{
	*inner = args_take_word(a, "clientaddr");
	return *inner ? 0 : selector_take(a, list);
}

static int take_head(struct args *a, struct sainfo_draft *d)
{
	if (args_take_word(a, "anonymous") && !args_left(a))
		return 0;
	a->next = 1;
	int rc = take_side(a, &d->child.local_ts, &d->child.local_inner);
	if (rc == 0)
		rc = take_side(a, &d->child.peer_ts, &d->child.peer_inner);
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
	const char *modes[CHILD_MODES_N];
	size_t i;
	for (i = 0; i < CHILD_MODES_N; i++)
		modes[i] = child_mode_name((enum child_mode)i);
	int rc = args_choice(a, modes, CHILD_MODES_N, &i);
	if (rc == 0)
		*ret = (enum child_mode)i;
	return rc;
}

static int take_protocol(struct args *a, bool *ret_ah)
{
	static const char *const protocols[] = { "esp", "ah" };
	size_t i;
	int rc = args_choice(a, protocols, N_ELEMENTS(protocols), &i);
	if (rc == 0)
		*ret_ah = i == 1;
	return rc;
}

static int take_copy_dscp(struct args *a, enum copy_dscp *ret)
{
	const char *words[COPY_DSCP_N];
	size_t i;
	for (i = 0; i < COPY_DSCP_N; i++)
		words[i] = copy_dscp_name((enum copy_dscp)i);
	int rc = args_choice(a, words, COPY_DSCP_N, &i);
	if (rc == 0)
		*ret = (enum copy_dscp)i;
	return rc;
}

/* Up to end; decimal, or hexadecimal with 0x. */
static bool read_u32(const char *text, char end, const char **ret_rest, uint32_t *ret)
{
	char *rest;
	bool starts = text[0] >= '0' && text[0] <= '9';
	errno = 0;
	unsigned long long n = strtoull(text, &rest, 0);
	if (!starts || errno || n > UINT32_MAX || (*rest && *rest != end))
		return false;
	*ret_rest = rest;
	*ret = (uint32_t)n;
	return true;
}

static int take_mark(struct args *a, struct child_config *child)
{
	const struct args at = *a;
	const char *word, *rest;
	uint32_t mark, mask = UINT32_MAX;
	int rc = args_word(a, "a mark", &word);
	if (rc)
		return rc;
	if (!read_u32(word, '/', &rest, &mark) ||
	    (*rest && !read_u32(rest + 1, '\0', &rest, &mask)) || mask == 0 || (mark & ~mask) != 0)
		return args_error(&at, "a mark is a number, or number/mask with bits of the mask");
	child->mark = mark;
	child->mark_mask = mask;
	return 0;
}

/* The words about what an SA is in the kernel. */
static int take_kernel_word(const struct word *w, struct args *a, struct child_config *child)
{
	bool copy_ecn = true;
	uint32_t n = 0;
	int rc;
	switch (w->arg) {
	case SAINFO_IF_ID:
		return take_number_word(w, a, UINT32_MAX, &child->if_id);
	case SAINFO_MARK:
		return take_mark(a, child);
	case SAINFO_COPY_DSCP:
		return take_copy_dscp(a, &child->copy_dscp);
	case SAINFO_COPY_ECN:
		rc = args_bool(a, &copy_ecn);
		child->hide_ecn = !copy_ecn;
		return rc;
	case SAINFO_TFC_PADDING:
		rc = take_number_word(w, a, w->max, &n);
		child->tfc_bytes = (uint16_t)n;
		return rc;
	case SAINFO_IPCOMP:
		return args_bool(a, &child->ipcomp);
	case SAINFO_REPLAY_WINDOW:
		return take_number_word(w, a, w->max, &child->replay_window_pkts);
	default:
		return take_number_word(w, a, UINT32_MAX, &child->priority);
	}
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
	case SAINFO_PROTOCOL:
		return take_protocol(a, &d->ah);
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
	case SAINFO_SINGLE_PAIR:
		return args_bool(a, &d->child.single_pair);
	default:
		return take_kernel_word(w, a, &d->child);
	}
}

int apply_sainfo_word(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)b;
	int rc = take_sainfo_word(w, a, target);
	return rc ? rc : args_end(a);
}

static bool is_one_host(const struct ts_list *l)
{
	return l->n == 1 && addr_cmp(&l->ts[0].first, &l->ts[0].last) == 0;
}

static int check_sainfo(struct build *b, const struct sainfo_draft *d)
{
	const struct token *at = &d->st->tokens[0];
	const struct child_config *c = &d->child;
	if (!ts_lists_make_packets(&c->local_ts, &c->peer_ts) && c->mode == CHILD_TRANSPORT)
		return token_error(b->err, -EINVAL, at,
				   "in transport mode both sides have one family");
	if ((c->local_inner || c->peer_inner) && c->mode != CHILD_TUNNEL)
		return token_error(b->err, -EINVAL, at, "clientaddr needs tunnel mode");
	if (c->local_inner && c->peer_inner)
		return token_error(b->err, -EINVAL, at, "only one side is the client");
	if (!ts_lists_make_packets(&c->local_ts, &c->peer_ts))
		build_warn(b, at, "no packet goes from one side of this sainfo to the other");
	if (c->mode == CHILD_BEET && !(is_one_host(&c->local_ts) && is_one_host(&c->peer_ts)))
		return token_error(b->err, -EINVAL, at,
				   "mode beet is between one host on either side");
	if (c->tfc_bytes && (c->mode != CHILD_TUNNEL || d->ah))
		return token_error(b->err, -EINVAL, at,
				   "tfc_padding is for ESP in a tunnel: elsewhere nothing tells it "
				   "from the packet");
	if (c->ipcomp && (c->mode == CHILD_BEET || c->tfc_bytes))
		return token_error(b->err, -EINVAL, at,
				   "ipcomp goes neither with mode beet nor with tfc_padding");
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

/* A client's address comes from its gateway, a gateway's clients have those of its pool. */
static int check_client(struct build *b, const struct sainfo_draft *d, const struct remote_draft *r)
{
	const struct token *at = &d->st->tokens[0];
	if (d->child.local_inner && !r->peer->mode_cfg)
		return token_error(b->err, -EINVAL, at,
				   "clientaddr on our side needs \"mode_cfg on;\" in remote %s",
				   r->peer->name);
	if (d->child.peer_inner && !r->peer->pool)
		return token_error(b->err, -EINVAL, at,
				   "clientaddr needs a pool: a mode_cfg section, or \"pool\" in "
				   "remote %s",
				   r->peer->name);
	return 0;
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
		rc = (d.ah ? proposals_of_ah : proposals_of_esp)(b, &d.algs, &a->st->tokens[0],
								 &d.child);
	if (rc)
		return rc;
	LIST_EACH(r, &b->remotes, node) {
		if (!belongs(&d, r))
			continue;
		found = true;
		rc = check_client(b, &d, r);
		if (rc == 0)
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
