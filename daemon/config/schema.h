/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of all words of racoon.conf: where each may stand, what it takes, its default
 * and meaning.  Parsing, error messages and the manual's table come from the same rows.
 */
#ifndef TANUKI_CONFIG_SCHEMA_H
#define TANUKI_CONFIG_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "config/args.h"
#include "config/config.h"

enum section {
	IN_GLOBAL,
	IN_LISTEN,
	IN_TIMER,
	IN_LIMITS,
	IN_PRIVSEP,
	IN_PADDING,
	IN_REMOTE,
	IN_PROPOSAL,
	IN_SAINFO,
	IN_POLICY,
	IN_POOL,
	SECTIONS_N
};

enum { DRAFT_TRANSFORMS_MAX = 12 };

/* Transforms of one type in order of preference. */
struct transform_list {
	size_t n;
	struct transform t[DRAFT_TRANSFORMS_MAX];
};

/* The words of one proposal { } block, or of a sainfo's algorithm lists. */
struct proposal_draft {
	struct transform_list encr, prf, integ, ke;
	int64_t lifetime_ms;
	bool psk;
};

enum exchange_mode {
	MODE_IKE2 = 1u << 0,
	MODE_MAIN = 1u << 1,
	MODE_AGGRESSIVE = 1u << 2,
	MODE_BASE = 1u << 3
};

/* A remote { } while it is read; what it becomes is peer. */
struct remote_draft {
	struct list node;
	const struct statement *st;
	struct peer_config *peer;
	unsigned int modes; /* enum exchange_mode */
	bool psk, verify_given, generate_policy, natt_given;
	unsigned int ph1id;
	const char *pool; /* its name, NULL: none is named */
};

/* A sainfo { } while it is read. */
struct sainfo_draft {
	const struct statement *st;
	struct child_config child; /* list fields unused */
	struct proposal_draft algs;
	const char *remote; /* NULL: every remote */
	bool install_given, ah;
	unsigned int remoteid;
	const char *name;
};

/* A policy { } while it is read. */
struct policy_draft {
	struct plain_policy plain; /* node and name unused */
	const char *name;
};

struct build {
	const struct config_options *options;
	struct err *err;
	struct policy *policy;
	struct arena *arena;
	struct list remotes; /* struct remote_draft, in the arena */
};

struct word;
/* target: what the section's words fill (see schema.c); 0 or negative errno with err filled. */
typedef int (*word_fn)(struct build *b, const struct word *w, struct args *a, void *target);

/* What .arg means to the functions that serve several words. */
enum { LISTEN_IKE, LISTEN_NATT };
enum { ID_OURS, ID_PEERS };
enum { INITIATE_PASSIVE, INITIATE_WHEN };
enum { AUTH_IN_REMOTE, AUTH_IN_PROPOSAL };
enum { ALGORITHM_HASH = 0 }; /* else enum transform_type */
enum {
	SAINFO_REMOTE,
	SAINFO_NAME,
	SAINFO_MODE,
	SAINFO_PROTOCOL,
	SAINFO_INSTALL_POLICY,
	SAINFO_REMOTEID,
	SAINFO_PFS_GROUP,
	SAINFO_LIFETIME,
	SAINFO_ESN,
	SAINFO_REPLAY_WINDOW,
	SAINFO_IF_ID,
	SAINFO_MARK,
	SAINFO_COPY_DSCP,
	SAINFO_COPY_ECN,
	SAINFO_TFC_PADDING,
	SAINFO_IPCOMP,
	SAINFO_PRIORITY,
	SAINFO_SINGLE_PAIR
};
enum { POLICY_NAME, POLICY_PRIORITY };

struct word {
	enum section section;
	const char *name;
	word_fn apply;
	size_t offset; /* generic values: where in the target */
	int64_t min, max;
	int arg;            /* which of the words that share apply: an enum below */
	bool block;         /* takes { ... } */
	const char *syntax; /* behind the word */
	const char *deflt;  /* as one would write it, "" = none */
	const char *help;   /* meaning; for refused words: the reason */
};

extern const struct word schema_words[];
extern const size_t schema_n_words;

/* Applies the statements of a section to target. */
MUST_USE int schema_apply(struct build *b, enum section section, const struct statement *list,
			  void *target);
const char *schema_section_name(enum section section);
/* Sends a located warning to the caller of config_load(). */
void build_warn(const struct build *b, const struct token *t, const char *fmt, ...) PRINTF(3, 4);

/* Rows of build_global.c, build_remote.c, build_proposal.c, build_sainfo.c. */
int apply_bool(struct build *b, const struct word *w, struct args *a, void *target);
int apply_duration(struct build *b, const struct word *w, struct args *a, void *target);
int apply_ignored(struct build *b, const struct word *w, struct args *a, void *target);
int apply_refused(struct build *b, const struct word *w, struct args *a, void *target);
int apply_block(struct build *b, const struct word *w, struct args *a, void *target);
int apply_limits(struct build *b, const struct word *w, struct args *a, void *target);
int apply_path(struct build *b, const struct word *w, struct args *a, void *target);
int apply_log(struct build *b, const struct word *w, struct args *a, void *target);
int apply_listen_addr(struct build *b, const struct word *w, struct args *a, void *target);
int apply_adminsock(struct build *b, const struct word *w, struct args *a, void *target);
int apply_counter(struct build *b, const struct word *w, struct args *a, void *target);
int apply_privsep_name(struct build *b, const struct word *w, struct args *a, void *target);

int apply_remote(struct build *b, const struct word *w, struct args *a, void *target);
int apply_exchange_mode(struct build *b, const struct word *w, struct args *a, void *target);
int apply_remote_address(struct build *b, const struct word *w, struct args *a, void *target);
int apply_local_address(struct build *b, const struct word *w, struct args *a, void *target);
int apply_identifier(struct build *b, const struct word *w, struct args *a, void *target);
int apply_verify_identifier(struct build *b, const struct word *w, struct args *a, void *target);
int apply_remote_flag(struct build *b, const struct word *w, struct args *a, void *target);
int apply_ike_frag(struct build *b, const struct word *w, struct args *a, void *target);
int apply_nat_traversal(struct build *b, const struct word *w, struct args *a, void *target);
int apply_initiate(struct build *b, const struct word *w, struct args *a, void *target);
int apply_lifetime(struct build *b, const struct word *w, struct args *a, void *target);
int apply_reauth(struct build *b, const struct word *w, struct args *a, void *target);
int apply_dpd_delay(struct build *b, const struct word *w, struct args *a, void *target);
int apply_ph1id(struct build *b, const struct word *w, struct args *a, void *target);
int apply_nonce_size(struct build *b, const struct word *w, struct args *a, void *target);
int apply_generate_policy(struct build *b, const struct word *w, struct args *a, void *target);
int apply_auth_method(struct build *b, const struct word *w, struct args *a, void *target);
int apply_proposal(struct build *b, const struct word *w, struct args *a, void *target);
int apply_algorithms(struct build *b, const struct word *w, struct args *a, void *target);
int apply_proposal_lifetime(struct build *b, const struct word *w, struct args *a, void *target);

int apply_sainfo(struct build *b, const struct word *w, struct args *a, void *target);
int apply_sainfo_word(struct build *b, const struct word *w, struct args *a, void *target);

int apply_policy(struct build *b, const struct word *w, struct args *a, void *target);
int apply_policy_word(struct build *b, const struct word *w, struct args *a, void *target);

/* address [ADDR] | fqdn "s" | user_fqdn "s" | keyid [tag] "s"; ID_NONE: "address" alone. */
MUST_USE int take_identity(struct args *a, struct id *ret);
/* "time number unit" of an IKE SA, in remote and in proposal. */
MUST_USE int take_ike_lifetime(struct build *b, struct args *a, int64_t *ret_ms);

/* build_proposal.c: what the drafts mean. at: for errors. */
MUST_USE int proposals_of_ike(struct build *b, const struct proposal_draft *d,
			      const struct token *at, struct peer_config *peer);
MUST_USE int proposals_of_esp(struct build *b, const struct proposal_draft *d,
			      const struct token *at, struct child_config *child);
MUST_USE int proposals_of_ah(struct build *b, const struct proposal_draft *d,
			     const struct token *at, struct child_config *child);
/* The proposals of somebody who named none. */
void proposals_default_ike(struct peer_config *peer);
void proposals_default_esp(struct child_config *child);

#endif
