/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's tables against what we have installed, and repairs: whatever somebody did by
 * hand, was lost with an event, or was left behind by a daemon that was killed.
 *
 * Ours is what the table of installed.c has, and what carries a reqid of ours (those of the
 * configuration: scattered over 32 bits).  Everything else is somebody else's and is not touched.
 */
#ifndef TANUKI_PRIV_RECONCILE_H
#define TANUKI_PRIV_RECONCILE_H

#include <stddef.h>
#include <stdint.h>

#include <keydb.h>

#include "base/attr.h"
#include "priv/installed.h"
#include "priv/request.h"

enum reconcile_fault {
	RECONCILE_SA_MISSING,     /* a child's; its keys are not kept: the engine makes a new one */
	RECONCILE_SA_STRANGE,     /* has our reqid, but no child: removed */
	RECONCILE_POLICY_MISSING, /* put back */
	/* Still leads to a reqid of ours, or is not where it belongs (keydb_policy.stray). */
	RECONCILE_POLICY_CHANGED, /* put right */
	RECONCILE_POLICY_TAKEN,   /* somebody else's stands in its place: left alone */
	RECONCILE_POLICY_STRANGE, /* leads to our reqid, but nobody wants it: removed */
	__RECONCILE_FAULT_N
};

/* "sa_missing": stable, for logs and JSON. */
const char *reconcile_fault_name(enum reconcile_fault fault);

struct difference {
	enum reconcile_fault fault;
	int owner;                  /* SA_MISSING: the engine whose child it was */
	struct keydb_sa_id sa;      /* SA_* */
	struct keydb_policy policy; /* POLICY_*: as wanted, STRANGE: as it is there */
};

/* Owns the list; all zero is empty. */
struct differences {
	struct difference *list;
	size_t n, capacity;
	size_t n_more;            /* beyond RECONCILE_MAX: the next pass has them */
	size_t n_sas, n_policies; /* of ours that are as they should be */
};
enum { RECONCILE_MAX = 1024 };
void differences_done(struct differences *d);

/* "esp 192.0.2.1 > 192.0.2.2 spi 0x00001000", "out 10.1.0.0/24 > 10.2.0.0/24"; buf returned. */
const char *difference_text(const struct difference *d, char buf[REQUEST_ENTRY_MAX_BYTES]);

/* The kernel: keydb's functions or a test's. */
struct reconcile_ops {
	int (*sa_dump)(void *arg, keydb_sa_fn fn, void *fn_arg);
	int (*policy_dump)(void *arg, keydb_policy_fn fn, void *fn_arg);
	int (*batch)(void *arg, struct keydb_op *ops, size_t n);
};

struct reconcile;

/* All are borrowed for its life.  NULL without memory. */
struct reconcile *reconcile_new(struct installed *i, const struct reconcile_ops *ops, void *arg);
void reconcile_free(struct reconcile *r);
/* From now on this reqid (policy_reqid()) and its variants are ours; those of setkey's hands (KEYDB_REQID_MANUAL_MAX) never are. */
MUST_USE int reconcile_own(struct reconcile *r, uint32_t reqid);

/* Reads both tables.  *ret must be empty.  -ENOMEM, or the kernel's error. */
MUST_USE int reconcile_compare(struct reconcile *r, struct differences *ret);

typedef void (*reconcile_lost_fn)(void *arg, int owner, const struct keydb_sa_id *id);
/* Repairs what can be, tells lost of each SA that is missing, and logs every difference. */
void reconcile_repair(struct reconcile *r, const struct differences *d, reconcile_lost_fn lost,
		      void *lost_arg);

DEFINE_FREEP(struct reconcile, reconcile_free)

#endif
