/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What we ask for by CREATE_CHILD_SA (RFC 7296 1.3): children and new keys, in a queue of
 * each IKE SA, one request at a time.  Who answers such requests is in create_child.c.
 */
#ifndef TANUKI_IKE_CREATE_H
#define TANUKI_IKE_CREATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/list.h"
#include "ike/child_sa.h"
#include "ike/ike_sa.h"

enum create_kind {
	CREATE_CHILD,       /* another child */
	CREATE_REKEY_CHILD, /* one in the place of another */
	CREATE_REKEY_IKE,   /* an IKE SA in the place of this one */
};

struct create {
	struct list node; /* ike_sa.creates */
	enum create_kind kind;
	struct child_ask ask; /* CREATE_REKEY_IKE: only the offers */
	uint32_t old_spi;     /* our SPI of the child that is rekeyed */
	struct list coming;   /* struct waiter */
	int64_t due_ms;       /* not before */
	unsigned int n_temporary, n_refused, n_groups;
	/* while the request is out */
	uint16_t group; /* of the key exchange, KE_NONE: there is none */
	struct ke *ke;
	uint8_t nonce[LIMIT_NONCE_MAX_BYTES];
	size_t nonce_len;
	struct ike_sa *next; /* CREATE_REKEY_IKE: in IKE_NEW, has our SPI */
	/* What the peer deleted before its answer came: the answer may be one of these. */
	bool unwanted; /* by command: what is agreed to is deleted again */
	uint32_t deleted_spis[LIMIT_EARLY_DELETES];
	size_t n_deleted;
};

/* A child of ours is to be rekeyed; nothing if that is on its way, or done by the peer.  -ENOMEM. */
MUST_USE int create_add_rekey(struct child_sa *c);
/* The IKE SA is to be rekeyed; nothing if that is on its way.  -ENOMEM. */
MUST_USE int create_add_rekey_ike(struct ike_sa *sa);
/*
 * Another child in an IKE SA that is up or coming up.  done may be NULL.  0; -EMFILE: too many wait
 * already; -ENOMEM.
 */
MUST_USE int create_add_child(struct ike_sa *sa, const struct wish *wish, engine_done_fn done,
			      void *arg);
/* How many of them there are. */
size_t create_count(const struct ike_sa *sa);
/*
 * Will something in the queue bring the child of this wish?  A rekey that is on its way does, even
 * if the old child is gone by now.  NULL: no.
 */
struct create *create_find(const struct ike_sa *sa, const struct wish *wish);
/* Takes it out of the queue and frees it; nobody is told.  NULL is fine. */
void create_free(struct create *c);
/* The pending one is answered: out of the queue, the caller's. */
struct create *create_take(struct ike_sa *sa);
/* Tells who waits, the kernel and the configuration, then frees it. */
void create_end(struct ike_sa *sa, struct create *c, int result, const char *text);
/* The IKE SA ends: nothing of this will come any more. */
void create_end_all(struct ike_sa *sa, const char *text);

/* The one whose turn is next (it may have to wait), NULL: none. */
struct create *create_first(const struct ike_sa *sa);
/* Starts what is due; true if a request went out. */
bool create_next(struct ike_sa *sa);
/*
 * What it was to rekey is gone, or rekeyed by the peer.  It goes too; but if somebody waits for the
 * child, it goes on as a wish for a new one.
 */
void create_give_up_rekey(struct ike_sa *sa, struct create *c);
/* Where in a life its soft end is: both sides would rekey at once each time, were it not for chance. */
unsigned int create_soft_percent(void);
/* It is asked for again after wait_ms, and some more at random. */
void create_postpone(struct ike_sa *sa, struct create *c, int64_t wait_ms);

/* By command: a child of this name is not to come up, or to have a successor. */
void create_cancel(struct ike_sa *sa, const char *child);
/* The peer deletes a child that we do not know (yet). */
void create_note_delete(struct ike_sa *sa, uint32_t spi_out);
/*
 * The peer has agreed to a child, which is not installed yet: is it not to be?  Because the peer
 * has deleted it meanwhile, or both sides asked for the same and the other one stays (2.8.1).
 */
bool create_is_redundant(const struct create *create, const struct child_sa *c);
/* A child is up: what it replaces, and what it makes needless, goes. */
void create_child_up(struct child_sa *c);
/* The request for a new child that replaces this one waits for its answer. */
bool create_is_rekeying(const struct child_sa *c);
/* It is deleted by command: then it needs no successor. */
void create_abandon_rekey(const struct child_sa *c);

#endif
