/* SPDX-License-Identifier: BSD-2-Clause */
/* Algorithm lists of racoon.conf -> proposals of RFC 7296 3.3. */
#include "config/schema.h"

#include <errno.h>
#include <string.h>

#include "base/fmt.h"

enum { NEAR_WORDS_MAX = 128 };

static const char *nearest_word(uint8_t type, const char *word)
{
	const char *words[NEAR_WORDS_MAX];
	size_t n = 0, rows;
	const struct alg *table = alg_table(&rows);
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < N_ELEMENTS(table[i].words); j++) {
			if (table[i].type == type && table[i].words[j] && n < NEAR_WORDS_MAX)
				words[n++] = table[i].words[j];
		}
	}
	return fmt_nearest(word, words, n);
}

static int find_alg(struct args *a, uint8_t type, const struct alg **ret)
{
	const char *word;
	const struct args at = *a;
	int rc = args_word(a, "an algorithm", &word);
	if (rc)
		return rc;
	*ret = alg_find_word(type, word);
	if (*ret)
		return 0;
	const char *near = nearest_word(type, word);
	return args_error(&at,
			  "this algorithm is not known or not safe enough to be supported%s%s%s",
			  near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool has_key_size(const struct alg *alg, int64_t bits)
{
	for (size_t i = 0; i < N_ELEMENTS(alg->key_bits) && alg->key_bits[i]; i++) {
		if (alg->key_bits[i] == bits)
			return true;
	}
	return false;
}

static int push(struct args *a, struct transform_list *list, const struct alg *alg, uint16_t bits)
{
	if (list->n == DRAFT_TRANSFORMS_MAX)
		return args_error(a, "more than %d algorithms", DRAFT_TRANSFORMS_MAX);
	list->t[list->n++] =
		(struct transform){ .type = alg->type, .id = alg->id, .key_bits = bits };
	return 0;
}

/* "name [bits]": without bits a cipher of several key sizes is offered with its default. */
static int take_algorithm(struct args *a, uint8_t type, struct transform_list *list)
{
	const struct alg *alg = NULL;
	int rc = find_alg(a, type, &alg);
	if (!alg)
		return rc;
	uint16_t bits = alg->fixed_key || type != TRANSFORM_ENCR ? 0 : alg->key_bits[0];
	if (type == TRANSFORM_ENCR && args_left(a) && !token_is(args_here(a), ',')) {
		const struct args at = *a;
		int64_t given;
		rc = args_number(a, 1, 65535, &given);
		if (rc)
			return rc;
		if (!has_key_size(alg, given))
			return args_error(&at, "%s has no key of this size", alg->name);
		bits = alg->fixed_key ? 0 : (uint16_t)given;
	}
	return push(a, list, alg, bits);
}

/* hash_algorithm names a prf and an integrity algorithm at once, as IKEv1 had it. */
static int take_hash(struct args *a, struct proposal_draft *d)
{
	struct args again = *a;
	int rc = take_algorithm(a, TRANSFORM_PRF, &d->prf);
	return rc ? rc : take_algorithm(&again, TRANSFORM_INTEG, &d->integ);
}

static struct transform_list *list_of(struct proposal_draft *d, int type)
{
	switch (type) {
	case TRANSFORM_ENCR:
		return &d->encr;
	case TRANSFORM_PRF:
		return &d->prf;
	case TRANSFORM_INTEG:
		return &d->integ;
	default:
		return &d->ke;
	}
}

int apply_algorithms(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct proposal_draft *d = w->section == IN_SAINFO ? &((struct sainfo_draft *)target)->algs
							   : (struct proposal_draft *)target;
	(void)b;
	do {
		int rc = w->arg == ALGORITHM_HASH
				 ? take_hash(a, d)
				 : take_algorithm(a, (uint8_t)w->arg, list_of(d, w->arg));
		if (rc)
			return rc;
	} while (args_take_punct(a, ','));
	return args_end(a);
}

int take_ike_lifetime(struct build *b, struct args *a, int64_t *ret_ms)
{
	if (args_take_word(a, "byte")) {
		build_warn(b, &a->st->tokens[0], "an IKE SA has no lifetime in bytes: ignored");
		return 0;
	}
	if (!args_take_word(a, "time"))
		return args_error(a, "\"time\" expected");
	int rc = args_duration(a, 1000, ret_ms);
	return rc ? rc : args_end(a);
}

int apply_proposal_lifetime(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)w;
	return take_ike_lifetime(b, a, &((struct proposal_draft *)target)->lifetime_ms);
}

static void add_list(struct proposal *p, const struct transform_list *l)
{
	for (size_t i = 0; i < l->n && p->n_transforms < POLICY_TRANSFORMS_MAX; i++)
		p->transforms[p->n_transforms++] = l->t[i];
}

/* Ciphers that bring their own integrity and those that do not are never in one proposal. */
static struct transform_list pick_encr(const struct transform_list *l, bool aead)
{
	struct transform_list out = { 0 };
	for (size_t i = 0; i < l->n; i++) {
		const struct alg *alg = alg_find(TRANSFORM_ENCR, l->t[i].id);
		if (alg && alg->aead == aead)
			out.t[out.n++] = l->t[i];
	}
	return out;
}

static const struct alg *unusable(const struct proposal_draft *d, bool ike)
{
	const struct transform_list *lists[] = { &d->encr, &d->prf, &d->integ, &d->ke };
	for (size_t i = 0; i < N_ELEMENTS(lists); i++) {
		for (size_t j = 0; j < lists[i]->n; j++) {
			const struct alg *alg = alg_find(lists[i]->t[j].type, lists[i]->t[j].id);
			if (alg && !(ike ? alg->ike : alg->esp))
				return alg;
		}
	}
	return NULL;
}

/* Appends the proposals that a draft means; -ENOSPC if there is no room. */
static int compose(const struct proposal_draft *d, uint8_t protocol, struct proposal *list,
		   uint8_t *n)
{
	static const bool kinds[] = { true, false };
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		struct transform_list encr = pick_encr(&d->encr, kinds[i]);
		if (encr.n == 0)
			continue;
		if (*n == POLICY_PROPOSALS_MAX)
			return -ENOSPC;
		struct proposal *p = &list[(*n)++];
		*p = (struct proposal){ .protocol = protocol };
		add_list(p, &encr);
		add_list(p, &d->prf);
		if (!kinds[i])
			add_list(p, &d->integ);
		add_list(p, &d->ke);
	}
	return 0;
}

static const char *what_is_missing(const struct proposal_draft *d, bool ike)
{
	if (d->encr.n == 0)
		return "encryption_algorithm";
	if (pick_encr(&d->encr, false).n && d->integ.n == 0)
		return ike ? "hash_algorithm (or integrity_algorithm and prf_algorithm)"
			   : "authentication_algorithm";
	if (ike && d->prf.n == 0)
		return "prf_algorithm (or hash_algorithm)";
	if (ike && d->ke.n == 0)
		return "dh_group";
	return NULL;
}

static int check_draft(const struct build *b, const struct proposal_draft *d, bool ike,
		       const struct token *at)
{
	const char *missing = what_is_missing(d, ike);
	if (missing)
		return token_error(b->err, -EINVAL, at, "%s is missing in this %s", missing,
				   at->text);
	const struct alg *bad = unusable(d, ike);
	if (bad)
		return token_error(b->err, -EOPNOTSUPP, at, "%s cannot be used in this %s",
				   bad->name, at->text);
	return 0;
}

int proposals_of_ike(struct build *b, const struct proposal_draft *d, const struct token *at,
		     struct peer_config *peer)
{
	int rc = check_draft(b, d, true, at);
	if (rc)
		return rc;
	rc = compose(d, 1, peer->proposals, &peer->n_proposals);
	return rc ? token_error(b->err, -EINVAL, at, "more than %d proposals", POLICY_PROPOSALS_MAX)
		  : 0;
}

/* ESN is negotiated as a transform of its own: "yes" first if it is wanted, RFC 7296 3.3.2. */
static void add_esn(struct child_config *child)
{
	for (size_t i = 0; i < child->n_proposals; i++) {
		struct proposal *p = &child->proposals[i];
		if (child->esn && p->n_transforms < POLICY_TRANSFORMS_MAX)
			p->transforms[p->n_transforms++] =
				(struct transform){ .type = TRANSFORM_ESN, .id = ESN_YES };
		if (p->n_transforms < POLICY_TRANSFORMS_MAX)
			p->transforms[p->n_transforms++] =
				(struct transform){ .type = TRANSFORM_ESN, .id = ESN_NO };
	}
}

int proposals_of_esp(struct build *b, const struct proposal_draft *d, const struct token *at,
		     struct child_config *child)
{
	if (d->encr.n == 0 && d->integ.n == 0) {
		proposals_default_esp(child);
		return 0;
	}
	int rc = check_draft(b, d, false, at);
	if (rc)
		return rc;
	rc = compose(d, 3, child->proposals, &child->n_proposals);
	if (rc)
		return token_error(b->err, -EINVAL, at, "more than %d proposals",
				   POLICY_PROPOSALS_MAX);
	add_esn(child);
	return 0;
}

int proposals_of_ah(struct build *b, const struct proposal_draft *d, const struct token *at,
		    struct child_config *child)
{
	struct proposal *p = &child->proposals[0];
	if (d->encr.n)
		return token_error(b->err, -EINVAL, at,
				   "AH encrypts nothing: encryption_algorithm is for protocol esp");
	for (size_t i = 0; i < d->integ.n; i++) {
		if (d->integ.t[i].id == INTEG_NONE)
			return token_error(b->err, -EINVAL, at, "AH is nothing without integrity");
	}
	*p = (struct proposal){ .protocol = PROPOSAL_AH };
	child->n_proposals = 1;
	add_list(p, &d->integ);
	if (d->integ.n == 0)
		p->transforms[p->n_transforms++] =
			(struct transform){ .type = TRANSFORM_INTEG,
					    .id = INTEG_HMAC_SHA2_256_128 };
	add_esn(child);
	return 0;
}

#define ENCR(i, bits)                                                 \
	{                                                             \
		.type = TRANSFORM_ENCR, .id = (i), .key_bits = (bits) \
	}
#define PRF(i)                                   \
	{                                        \
		.type = TRANSFORM_PRF, .id = (i) \
	}
#define INTEG(i)                                   \
	{                                          \
		.type = TRANSFORM_INTEG, .id = (i) \
	}
#define KE(i)                                   \
	{                                       \
		.type = TRANSFORM_KE, .id = (i) \
	}

void proposals_default_ike(struct peer_config *peer)
{
	static const struct proposal_draft aead = {
		.encr = { 2, { ENCR(ENCR_AES_GCM_16, 256), ENCR(ENCR_AES_GCM_16, 128) } },
		.prf = { 2, { PRF(PRF_HMAC_SHA2_256), PRF(PRF_HMAC_SHA2_384) } },
		.ke = { 3, { KE(KE_CURVE25519), KE(KE_ECP_256), KE(KE_MODP_2048) } },
	};
	static const struct proposal_draft cbc = {
		.encr = { 2, { ENCR(ENCR_AES_CBC, 256), ENCR(ENCR_AES_CBC, 128) } },
		.prf = { 2, { PRF(PRF_HMAC_SHA2_256), PRF(PRF_HMAC_SHA2_384) } },
		.integ = { 1, { INTEG(INTEG_HMAC_SHA2_256_128) } },
		.ke = { 3, { KE(KE_CURVE25519), KE(KE_ECP_256), KE(KE_MODP_2048) } },
	};
	peer->n_proposals = 0;
	REQUIRE(compose(&aead, 1, peer->proposals, &peer->n_proposals) == 0);
	REQUIRE(compose(&cbc, 1, peer->proposals, &peer->n_proposals) == 0);
}

void proposals_default_esp(struct child_config *child)
{
	static const struct proposal_draft both = {
		.encr = { 4,
			  { ENCR(ENCR_AES_GCM_16, 256), ENCR(ENCR_AES_GCM_16, 128),
			    ENCR(ENCR_AES_CBC, 256), ENCR(ENCR_AES_CBC, 128) } },
		.integ = { 1, { INTEG(INTEG_HMAC_SHA2_256_128) } },
	};
	child->n_proposals = 0;
	REQUIRE(compose(&both, 3, child->proposals, &child->n_proposals) == 0);
	add_esn(child);
}
