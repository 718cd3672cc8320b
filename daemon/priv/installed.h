/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What we put into the kernel and for whom, so that nothing is left behind.
 *
 * SAs belong to the child that brought them.  A policy (selector, direction, interface,
 * mark) can be wanted by several: a trap and a child, or two children while one replaces
 * the other.  Each has a claim on it; the kernel holds what the claim with the best priority says,
 * of equal ones the youngest, and the next one is put back when that goes.  The last claim takes
 * the policy away.
 */
#ifndef TANUKI_PRIV_INSTALLED_H
#define TANUKI_PRIV_INSTALLED_H

#include <stdbool.h>
#include <stddef.h>

#include <keydb.h>

#include "base/attr.h"
#include "base/err.h"
#include "priv/request.h"

/* The kernel, as far as it is needed here; keydb's functions or a test's. */
struct installed_ops {
	int (*batch)(void *arg, struct keydb_op *ops, size_t n);
	int (*sa_move)(void *arg, const struct keydb_sa_move *move, const char **ret_why);
	int (*policy_get)(void *arg, const struct keydb_policy *p, struct keydb_policy *ret);
};

enum { INSTALLED_OWNER_TRAPS = -1, INSTALLED_OWNER_ALL = -2 };

struct installed;

/* ops and arg are borrowed for its life.  NULL without memory. */
struct installed *installed_new(const struct installed_ops *ops, void *arg);
/* Forgets everything; the kernel keeps it (see installed_remove_all()). */
void installed_free(struct installed *i);

/*
 * Both SAs (or the inbound one, if so asked) and all policies, or nothing: what was done before
 * an error is undone.  owner: the engine's number.  -EEXIST: an SPI is taken, or a policy is there that is not ours; other errno
 * of the kernel, -ENOMEM.  err says which entry failed.
 */
MUST_USE int installed_add_child(struct installed *i, int owner, const struct request_child *child,
				 struct err *err);
/*
 * Adds the outbound SA that a child was installed without.  -ENOENT: this owner has no such child;
 * -EALREADY: it has that SA; errno of the kernel, err says what failed.
 */
MUST_USE int installed_complete_child(struct installed *i, int owner,
				      const struct request_complete *complete, struct err *err);
/*
 * The child's SAs and the templates of its policies get other outer addresses.  Traffic is led to
 * the new place before the SA is there, so that none passes without.  -ENOENT: this owner has no
 * such child; after any other error the child is gone, and err says why.
 */
MUST_USE int installed_move_child(struct installed *i, int owner, const struct request_move *move,
				  struct err *err);
/* Removes the child's SAs and claims.  -ENOENT: this owner has no such child; nothing is done. */
MUST_USE int installed_remove_child(struct installed *i, int owner,
				    const struct request_remove *remove);
/* A policy of the configuration: a trap, or a plain one.  -EEXIST: there is one that is not ours. */
MUST_USE int installed_add_trap(struct installed *i, const struct keydb_policy *p, struct err *err);
/* The engine whose child has this SA, or -ENOENT. */
int installed_owner(const struct installed *i, const struct keydb_sa_id *id);
/* Removes all that owner has (its children, the traps, or everything); the number of entries. */
size_t installed_remove_all(struct installed *i, int owner);
/*
 * Comparing with the kernel (reconcile.c): begin; show everything that the kernel has; end, which
 * calls the functions for what was not shown.  They may not change the table.
 */
void installed_check_begin(struct installed *i);
/* Is it an SA of a child? */
bool installed_check_sa(struct installed *i, const struct keydb_sa_id *id);
/* What we want at this place (selector, direction, interface, mark), or NULL; borrowed. */
const struct keydb_policy *installed_check_policy(struct installed *i,
						  const struct keydb_policy *there);
struct installed_unseen {
	void (*sa)(void *arg, int owner, const struct keydb_sa_id *id);
	void (*policy)(void *arg, const struct keydb_policy *wanted);
};
void installed_check_end(const struct installed *i, const struct installed_unseen *fns, void *arg);
size_t installed_n_children(const struct installed *i);
size_t installed_n_policies(const struct installed *i);

DEFINE_FREEP(struct installed, installed_free)

#endif
