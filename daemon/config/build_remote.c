/* SPDX-License-Identifier: BSD-2-Clause */
/* remote { }: a peer, and proposal { } inside it. */
#include "config/schema.h"

#include <errno.h>
#include <string.h>

static int take_id_body(struct args *a, uint8_t type, struct id *ret)
{
	const char *text;
	const struct args at = *a;
	int rc = args_word(a, "the identity", &text);
	if (rc)
		return rc;
	size_t len = strlen(text);
	if (len == 0 || len > POLICY_ID_MAX_BYTES)
		return args_error(&at, "an identity has 1 to %d bytes", POLICY_ID_MAX_BYTES);
	*ret = (struct id){ .type = type, .len = (uint16_t)len };
	memcpy(ret->body, text, len);
	return 0;
}

static int take_id_address(struct args *a, struct id *ret)
{
	struct addr addr;
	*ret = (struct id){ .type = ID_NONE };
	if (!args_left(a))
		return 0; /* "address" alone: the one that is used */
	int rc = args_addr(a, &addr);
	if (rc == 0)
		id_of_addr(&addr, ret);
	return rc;
}

int take_identity(struct args *a, struct id *ret)
{
	static const char *const kinds[] = { "address", "fqdn", "user_fqdn", "keyid", "asn1dn" };
	static const uint8_t types[] = { ID_NONE, ID_FQDN, ID_RFC822_ADDR, ID_KEY_ID,
					 ID_DER_ASN1_DN };
	const struct args at = *a;
	size_t kind;
	int rc = args_choice(a, kinds, N_ELEMENTS(kinds), &kind);
	if (rc)
		return rc;
	switch (types[kind]) {
	case ID_NONE:
		return take_id_address(a, ret);
	case ID_DER_ASN1_DN:
		return args_error(&at, "needs certificates, which this version does not support");
	case ID_KEY_ID:
		if (args_take_word(a, "file"))
			return args_error(&at, "keyid from a file is not supported: use keyid tag");
		args_take_word(a, "tag");
		break;
	default:
		break;
	}
	return take_id_body(a, types[kind], ret);
}

int apply_identifier(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct peer_config *peer = ((struct remote_draft *)target)->peer;
	struct id id;
	(void)b;
	int rc = take_identity(a, &id);
	if (rc == 0)
		rc = args_end(a);
	if (rc)
		return rc;
	if (w->arg == ID_OURS) {
		peer->local_id = id;
		return 0;
	}
	if (id.type == ID_NONE) /* "peers_identifier address;": its address, the default */
		return 0;
	if (peer->n_peer_ids == POLICY_IDS_MAX)
		return token_error(a->err, -EINVAL, &a->st->tokens[0], "more than %d identities",
				   POLICY_IDS_MAX);
	peer->peer_ids[peer->n_peer_ids++] = id;
	return 0;
}

int apply_verify_identifier(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct remote_draft *d = target;
	(void)b;
	(void)w;
	int rc = args_bool(a, &d->peer->verify_id);
	d->verify_given = rc == 0;
	return rc ? rc : args_end(a);
}

int apply_remote_flag(struct build *b, const struct word *w, struct args *a, void *target)
{
	return apply_bool(b, w, a, ((struct remote_draft *)target)->peer);
}

int apply_exchange_mode(struct build *b, const struct word *w, struct args *a, void *target)
{
	static const char *const modes[] = { "ike2", "main", "aggressive", "base" };
	struct remote_draft *d = target;
	(void)b;
	(void)w;
	d->modes = 0;
	do {
		size_t i;
		int rc = args_choice(a, modes, N_ELEMENTS(modes), &i);
		if (rc)
			return rc;
		d->modes |= 1u << i;
		args_take_punct(a, ',');
	} while (args_left(a));
	return 0;
}

static int add_peer_addr(struct args *a, struct peer_config *peer, const struct addr *addr)
{
	if (peer->n_peer_addrs == POLICY_ADDRS_MAX)
		return args_error(a, "more than %d addresses", POLICY_ADDRS_MAX);
	peer->peer_addrs[peer->n_peer_addrs++] = *addr;
	return 0;
}

/* A string that is no address is a host name, looked up when it is needed. */
static int take_peer_addr(struct args *a, struct peer_config *peer)
{
	struct addr addr;
	const char *name;
	if (args_left(a) && args_here(a)->kind == TOKEN_STRING &&
	    addr_parse(args_here(a)->text, &addr)) {
		const struct args at = *a;
		int rc = args_string(a, "a host name", &name);
		if (rc)
			return rc;
		if (name[0] == '\0' || strlen(name) >= sizeof(peer->peer_name))
			return args_error(&at, "not a host name");
		strcpy(peer->peer_name, name);
		return 0;
	}
	int rc = args_addr(a, &addr);
	return rc ? rc : add_peer_addr(a, peer, &addr);
}

int apply_remote_address(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct peer_config *peer = ((struct remote_draft *)target)->peer;
	(void)b;
	(void)w;
	if (args_take_word(a, "any"))
		return args_end(a);
	do {
		int rc = take_peer_addr(a, peer);
		if (rc)
			return rc;
	} while (args_take_punct(a, ','));
	return args_end(a);
}

int apply_local_address(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)b;
	(void)w;
	int rc = args_addr(a, &((struct remote_draft *)target)->peer->local_addr);
	return rc ? rc : args_end(a);
}

int apply_nat_traversal(struct build *b, const struct word *w, struct args *a, void *target)
{
	static const char *const words[] = { "off", "on", "force" };
	struct peer_config *peer = ((struct remote_draft *)target)->peer;
	size_t i;
	(void)b;
	(void)w;
	int rc = args_choice(a, words, N_ELEMENTS(words), &i);
	if (rc)
		return rc;
	peer->nat_traversal = i >= 1;
	peer->nat_force = i == 2;
	return args_end(a);
}

/* off | on | force | the longest datagram in bytes */
int apply_ike_frag(struct build *b, const struct word *w, struct args *a, void *target)
{
	static const char *const words[] = { "off", "on", "force" };
	static const enum fragments uses[] = { FRAGMENTS_OFF, FRAGMENTS_ON, FRAGMENTS_FORCE };
	struct peer_config *peer = ((struct remote_draft *)target)->peer;
	int64_t bytes = 0;
	size_t i = 1;
	(void)b;
	bool number = args_left(a) && args_here(a)->text[0] >= '0' && args_here(a)->text[0] <= '9';
	int rc = number ? args_number(a, w->min, w->max, &bytes)
			: args_choice(a, words, N_ELEMENTS(words), &i);
	if (rc)
		return rc;
	peer->fragments = uses[i];
	peer->fragment_bytes = (uint16_t)bytes;
	return args_end(a);
}

int apply_initiate(struct build *b, const struct word *w, struct args *a, void *target)
{
	static const char *const words[] = { "off", "on", "ondemand" };
	struct peer_config *peer = ((struct remote_draft *)target)->peer;
	size_t i;
	(void)b;
	int rc = args_choice(a, words, w->arg == INITIATE_PASSIVE ? 2 : 3, &i);
	if (rc)
		return rc;
	if (w->arg == INITIATE_PASSIVE)
		peer->initiate = i == 1 ? INITIATE_NEVER : INITIATE_ON_DEMAND;
	else
		peer->initiate = i == 0   ? INITIATE_NEVER
				 : i == 1 ? INITIATE_AT_START
					  : INITIATE_ON_DEMAND;
	return args_end(a);
}

int apply_lifetime(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)w;
	return take_ike_lifetime(b, a, &((struct remote_draft *)target)->peer->lifetime.hard_ms);
}

/* off | time number unit */
int apply_reauth(struct build *b, const struct word *w, struct args *a, void *target)
{
	static const char *const words[] = { "off", "time" };
	struct peer_config *peer = ((struct remote_draft *)target)->peer;
	int64_t ms = 0;
	size_t i;
	(void)b;
	int rc = args_choice(a, words, N_ELEMENTS(words), &i);
	if (rc == 0 && i == 1)
		rc = args_duration(a, 1000, &ms);
	if (rc)
		return rc;
	if (i == 1 && (ms < w->min || ms > w->max))
		return token_error(a->err, -EINVAL, &a->st->tokens[0],
				   "reauth must be from %lld to %lld sec", (long long)w->min / 1000,
				   (long long)w->max / 1000);
	peer->reauth_ms = ms;
	return args_end(a);
}

int apply_dpd_delay(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)b;
	(void)w;
	int rc = args_duration(a, 1000, &((struct remote_draft *)target)->peer->dpd_delay_ms);
	return rc ? rc : args_end(a);
}

int apply_ph1id(struct build *b, const struct word *w, struct args *a, void *target)
{
	int64_t n;
	(void)b;
	(void)w;
	int rc = args_number(a, 0, INT32_MAX, &n);
	if (rc == 0)
		((struct remote_draft *)target)->ph1id = (unsigned int)n;
	return rc ? rc : args_end(a);
}

int apply_nonce_size(struct build *b, const struct word *w, struct args *a, void *target)
{
	int64_t n;
	(void)b;
	int rc = args_number(a, w->min, w->max, &n);
	if (rc == 0)
		((struct remote_draft *)target)->peer->nonce_bytes = (uint16_t)n;
	return rc ? rc : args_end(a);
}

int apply_generate_policy(struct build *b, const struct word *w, struct args *a, void *target)
{
	static const char *const words[] = { "off", "on", "require", "unique" };
	size_t i;
	(void)b;
	(void)w;
	int rc = args_choice(a, words, N_ELEMENTS(words), &i);
	if (rc == 0)
		((struct remote_draft *)target)->generate_policy = i > 0;
	return rc ? rc : args_end(a);
}

static int take_psk_word(struct args *a)
{
	static const char *const words[] = { "pre_shared_key", "psk" };
	static const char *const others[] = {
		"pubkey",
		"rsasig",
		"dsssig",
		"rsaenc",
		"rsarev",
		"ecdsa",
		"ed25519",
		"eap_tls",
		"null",
		"eap_mschapv2",
		"eap_md5",
		"gssapi_krb",
		"hybrid_rsa_server",
		"hybrid_rsa_client",
		"hybrid_dss_server",
		"hybrid_dss_client",
		"xauth_psk_server",
		"xauth_psk_client",
		"xauth_rsa_server",
		"xauth_rsa_client",
	};
	size_t i;
	for (i = 0; i < N_ELEMENTS(others); i++) {
		if (args_left(a) && strcmp(args_here(a)->text, others[i]) == 0)
			return args_error(a, "this version authenticates by pre_shared_key only");
	}
	return args_choice(a, words, N_ELEMENTS(words), &i);
}

/* "pre_shared_key;" or "{ local psk; remote psk; }" */
static int take_auth_block(struct args *a)
{
	for (const struct statement *st = a->st->children; st; st = st->next) {
		static const char *const sides[] = { "local", "remote" };
		struct args inner = args_of(st, 0, a->err);
		size_t i;
		int rc = args_choice(&inner, sides, N_ELEMENTS(sides), &i);
		if (rc == 0)
			rc = take_psk_word(&inner);
		if (rc == 0)
			rc = args_end(&inner);
		if (rc)
			return rc;
	}
	return 0;
}

int apply_auth_method(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)b;
	int rc = a->st->block ? take_auth_block(a) : take_psk_word(a);
	if (rc == 0)
		rc = args_end(a);
	if (rc)
		return rc;
	if (w->arg == AUTH_IN_PROPOSAL)
		((struct proposal_draft *)target)->psk = true;
	else
		((struct remote_draft *)target)->psk = true;
	return 0;
}

int apply_proposal(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct remote_draft *d = target;
	struct proposal_draft p = { 0 };
	(void)w;
	if (!a->st->block)
		return args_error(a, "a { } block expected");
	int rc = args_end(a);
	if (rc == 0)
		rc = schema_apply(b, IN_PROPOSAL, a->st->children, &p);
	if (rc == 0)
		rc = proposals_of_ike(b, &p, &a->st->tokens[0], d->peer);
	if (rc)
		return rc;
	d->psk |= p.psk;
	if (p.lifetime_ms)
		d->peer->lifetime.hard_ms = p.lifetime_ms;
	return 0;
}

/* ---- the section itself ---- */

static struct remote_draft *find_remote(const struct build *b, const char *name)
{
	struct remote_draft *d;
	LIST_EACH(d, &b->remotes, node) {
		if (strcmp(d->peer->name, name) == 0)
			return d;
	}
	return NULL;
}

/* Copies what the parent says; the new entry keeps its name and place. */
static int inherit(struct build *b, struct args *a, struct remote_draft *d)
{
	const char *name;
	const struct args at = *a;
	int rc = args_word(a, "the name of a remote", &name);
	if (rc)
		return rc;
	const struct remote_draft *parent = find_remote(b, name);
	if (!parent || parent == d)
		return args_error(&at, "no remote of this name stands above");
	struct peer_config *peer = d->peer;
	struct peer_config copy = *parent->peer;
	copy.node = peer->node;
	copy.children = peer->children;
	memcpy(copy.name, peer->name, sizeof(copy.name));
	copy.line = peer->line;
	if (peer->n_peer_addrs) {
		copy.n_peer_addrs = peer->n_peer_addrs;
		memcpy(copy.peer_addrs, peer->peer_addrs, sizeof(copy.peer_addrs));
	}
	*peer = copy;
	list_init(&peer->children);
	d->modes = parent->modes;
	d->psk = parent->psk;
	d->pool = parent->pool;
	d->verify_given = parent->verify_given;
	d->generate_policy = parent->generate_policy;
	return args_left(a) && token_is(args_here(a), '[')
		       ? args_error(a, "ports are not inherited")
		       : 0;
}

static int take_remote_head(struct build *b, struct args *a, struct remote_draft *d)
{
	struct addr addr = { 0 };
	const char *name;
	const struct args at = *a;
	bool named = args_left(a) && args_here(a)->kind == TOKEN_STRING;
	int rc = args_word(a, "anonymous, an address or a \"name\"", &name);
	if (rc)
		return rc;
	if (!named && strcmp(name, "anonymous") != 0) {
		a->next--;
		rc = args_addr(a, &addr);
		if (rc)
			return rc;
	}
	if (name[0] == '\0' || strlen(name) >= POLICY_NAME_MAX_BYTES || strchr(name, '/'))
		return args_error(&at, "a name has 1 to %d bytes and no '/'",
				  POLICY_NAME_MAX_BYTES - 1);
	if (find_remote(b, name))
		return args_error(&at, "there is a remote of this name already");
	d->peer = policy_add_peer(b->policy, name);
	if (!d->peer)
		return args_error(&at, "out of memory");
	d->peer->line = a->st->tokens[0].line;
	if (addr_is_set(&addr))
		rc = add_peer_addr(a, d->peer, &addr);
	if (rc == 0 && args_take_word(a, "inherit"))
		rc = inherit(b, a, d);
	return rc ? rc : args_end(a);
}

static int check_remote(struct build *b, const struct remote_draft *d)
{
	const struct token *at = &d->st->tokens[0];
	const char *name = d->peer->name;
	if (d->modes == 0)
		return token_error(b->err, -EINVAL, at, "remote %s: exchange_mode is missing",
				   name);
	if (!(d->modes & MODE_IKE2))
		return token_error(b->err, -EOPNOTSUPP, at,
				   "remote %s: its exchange_mode is IKEv1, which "
				   "this version does not speak; say \"exchange_mode ike2;\"",
				   name);
	if (d->modes & ~(unsigned int)MODE_IKE2)
		build_warn(b, at, "remote %s: IKEv1 is not tried, this version speaks IKEv2 only",
			   name);
	if (!d->psk)
		return token_error(b->err, -EINVAL, at,
				   "remote %s: authentication_method is missing", name);
	return 0;
}

int apply_remote(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct remote_draft *d = arena_alloc(b->arena, sizeof(*d));
	(void)w;
	(void)target;
	if (!d)
		return args_error(a, "the configuration is too large");
	d->st = a->st;
	list_init(&d->node);
	int rc = take_remote_head(b, a, d);
	if (rc == 0)
		rc = schema_apply(b, IN_REMOTE, a->st->children, d);
	if (rc == 0)
		rc = check_remote(b, d);
	if (rc)
		return rc;
	if (d->peer->n_proposals == 0)
		proposals_default_ike(d->peer);
	/* racoon only warned about identities; with IKEv1 in the list that stays the default. */
	if (!d->verify_given)
		d->peer->verify_id = d->modes == MODE_IKE2;
	list_add(&b->remotes, &d->node);
	return 0;
}
