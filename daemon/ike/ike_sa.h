/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An IKE SA: one owner (the engine's tables), no reference counts.  Its state is assigned
 * by dispatch.c only.
 */
#ifndef TANUKI_IKE_IKE_SA_H
#define TANUKI_IKE_IKE_SA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "crypto/cipher.h"
#include "crypto/ke.h"
#include "ike/assembly.h"
#include "ike/bytes.h"
#include "ike/engine.h"
#include "ike/fragment.h"
#include "ike/handover.h"
#include "ike/keymat.h"
#include "ike/limits.h"
#include "ike/mobike.h"
#include "ike/nonce.h"
#include "ike/proposal.h"
#include "ike/waiter.h"
#include "ike/window.h"
#include "ike/wish.h"
#include "msg/sk.h"
#include "policy/policy.h"

struct create;
struct exchange;

enum ike_state {
	IKE_NEW,       /* nothing sent yet */
	IKE_INIT_SENT, /* initiator: waits for the IKE_SA_INIT response */
	IKE_AUTH_SENT, /* initiator: waits for the IKE_AUTH response */
	IKE_HALF_OPEN, /* responder: waits for IKE_AUTH */
	IKE_ESTABLISHED,
	IKE_REPLACED, /* the peer rekeyed: answers until it is deleted, its heir does the rest */
	IKE_DELETING, /* we asked the peer to delete it; children are gone */
	IKE_GONE,     /* only repeats its last reply for a while, then it is freed */
	__IKE_STATE_N,
};

/* "established": stable, for views and logs. */
const char *ike_state_name(enum ike_state state);

/* Keys of the SA and the two directions of its SK payloads. */
struct ike_keys {
	struct keymat km;
	struct cipher *in_cipher, *out_cipher;
	struct sk_ops in, out;
};

/* initiator: are we?  -ENOTSUP, -ENOMEM, -EIO. */
MUST_USE int ike_keys_new(const struct keymat_input *input, bool initiator, struct ike_keys **ret);
void ike_keys_free(struct ike_keys *k);

/* The child that a request of ours asks for, in IKE_AUTH or CREATE_CHILD_SA. */
struct child_ask {
	struct wish wish;
	uint32_t spi;
	uint16_t cpi; /* for IPComp, 0: not offered */
	struct offers offers;
	struct ts_list tsi, tsr; /* as offered */
	enum child_mode mode;
};

/* Needed until the SA is established, then freed. */
struct handshake {
	struct ke *ke;
	uint8_t nonce_i[LIMIT_NONCE_MAX_BYTES], nonce_r[LIMIT_NONCE_MAX_BYTES];
	size_t nonce_i_len, nonce_r_len;
	struct bytes request, response; /* IKE_SA_INIT as sent, for AUTH (2.15) */
	/* initiator */
	struct offers offers;
	uint16_t group;
	uint8_t cookie[LIMIT_COOKIE_MAX_BYTES];
	size_t cookie_len;
	int n_retries;
	uint16_t hint;       /* notify of an unauthenticated refusal (2.21.1), */
	char hint_text[128]; /* and what else there was to see; 0 and "" = nothing */
	struct child_ask ask;
};

/* Inner addresses: ours, which the peer gave us, or the peer's, which we leased to it. */
struct inner_release;
struct inner_state {
	uint64_t holder; /* the monitor knows the IKE SA by this; 0: there are none */
	bool ours;
	struct addr addr[INNER_FAMILIES]; /* unset: none */
	struct inner_set *set;            /* ours: as it was set up last */
	struct inner_release *release;    /* for the end */
};

struct ike_sa {
	struct hash_node by_spi;  /* engine.by_spi, our SPI */
	struct hash_node by_init; /* engine.by_init (responder): address and message */
	struct list node;         /* engine.sas */
	struct list half_open;    /* engine.half_open */
	struct engine *engine;
	struct policy *policy;             /* a reference: owner of the configs below */
	const struct peer_config *config;  /* responder: NULL until IKE_AUTH chose it */
	const struct child_config *wanted; /* initiator: the child it was made for */
	enum ike_state state;
	bool initiator, in_by_init, in_by_ids;
	uint64_t spi_i, spi_r;
	struct addr local, peer; /* with ports */
	bool natt;               /* on the NAT-T ports */
	bool nat_supported, nat_local, nat_peer;
	struct mobike mobike;
	struct id local_id, peer_id;
	struct hash_node by_ids; /* engine.by_ids, if it is the first of same_ids */
	struct list same_ids;    /* ring of those with the same hash of both identities */
	struct inner_state inner;
	struct chosen algorithms; /* spi of it is empty */
	struct ike_keys *keys;
	struct handshake *handshake;
	struct window window;
	/* RFC 7383 */
	uint16_t fragment_bytes; /* our longest IP datagram; 0: fragments were not agreed on */
	struct fragment_source sent_request, sent_reply;
	struct assembly assembly[2]; /* of the peer's request, of its response */
	struct exchange *busy;       /* the exchange that waits for the keeper or the kernel */
	struct list children;        /* struct child_sa */
	struct list creates;         /* struct create: what we want to ask for, in order */
	struct create *create;       /* the one of them that waits for the peer's answer */
	bool no_more_children;       /* the peer wants none in this IKE SA: NO_ADDITIONAL_SAS */
	struct list coming, going;   /* struct waiter: for up, for gone */

	/* what is to be sent when the window is free */
	bool want_delete, want_liveness;
	struct loop_timer *life; /* half-open time, lifetime, lingering */
	struct loop_timer *idle; /* liveness */
	struct loop_timer *keepalive;
	struct loop_timer *soft;  /* most of its life is over: rekey */
	struct loop_timer *later; /* until the next of creates is due */
	int64_t created_ms, up_ms, heard_ms, life_ends_ms;
	uint64_t created_nth, up_nth; /* order of events in the engine, for INITIAL_CONTACT */
	struct nonce_min nonce_min;   /* of the exchange that made it: who yields */
	struct handover handover;
	const char *down_why;            /* static; for the log */
	uint64_t heir_spi, replaces_spi; /* own SPIs of what replaces it, and of what it replaces */
	bool redundant;  /* another replaced the same: the peer is to delete this one */
	bool by_command; /* taken down by command: not started again */
	int owed;        /* a trigger that failed for want of memory, -1 = none */
};

/* Adds an SA in IKE_NEW to the engine's tables.  -ENOMEM, -EIO, -EMFILE: policy_limits. */
MUST_USE int ike_sa_new(struct engine *e, bool initiator, struct ike_sa **ret);
/* The same with the snapshot of another SA, whose heir it is to be. */
MUST_USE int ike_sa_new_of(struct engine *e, struct policy *policy, bool initiator,
			   struct ike_sa **ret);
/* Nothing came of one in IKE_NEW: it is freed soon, not while somebody walks the list. */
void ike_sa_discard(struct ike_sa *sa);
/* Takes it out of all tables; children that the kernel still has are removed there. */
void ike_sa_free(struct ike_sa *sa);
void ike_sa_forget_handshake(struct ike_sa *sa);

static inline uint64_t ike_sa_own_spi(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_i : sa->spi_r;
}

static inline bool ike_sa_is_up(const struct ike_sa *sa)
{
	return sa->state == IKE_ESTABLISHED;
}

/* It has as many children as it may have (LIMIT_CHILDREN_PER_SA). */
bool ike_sa_is_full(const struct ike_sa *sa);
/* Both identities are proven: others find it by them (duplicate.h). */
void ike_sa_set_ids(struct ike_sa *sa, const struct id *local, const struct id *peer);
/* Sends a message (its datagrams, if it is in fragments) to the peer of the SA. */
void ike_sa_send(struct ike_sa *sa, struct slice message);
/* The ACQUIRE that it was made for is not served: the kernel may ask again.  Once. */
void ike_sa_acquire_failed(struct ike_sa *sa);
/* An authentic, fresh message came: liveness starts again. */
void ike_sa_heard(struct ike_sa *sa);
/* What entering a state means: timers, logs, waiters.  Called by dispatch.c. */
void ike_sa_entered(struct ike_sa *sa, enum ike_state from);
/* Keepalives, if we are behind a NAT (now). */
void ike_sa_keep_nat_open(struct ike_sa *sa);
/* Is the peer at this address, or is that one of several at which it may be found? */
bool ike_sa_is_at(const struct ike_sa *sa, const struct addr *peer);
/* Name of the peer's entry, NULL if it is not known. */
const char *ike_sa_remote(const struct ike_sa *sa);

#endif
