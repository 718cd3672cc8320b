/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the administrator wants: peers, their proposals and the traffic to protect
 * (the PAD and the SPD's intent of RFC 4301 4.4.3 and 4.4.1).  An immutable snapshot
 * that config builds and the engine reads; SAs hold a reference to the one they were
 * made from, so that a reload is a swap.
 */
#ifndef TANUKI_POLICY_POLICY_H
#define TANUKI_POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/list.h"
#include "policy/id.h"
#include "policy/mode.h"
#include "policy/proposal.h"
#include "policy/ts.h"
#include "policy/tuning.h"

enum {
	POLICY_NAME_MAX_BYTES = 64,
	POLICY_ADDRS_MAX = 8,
	POLICY_IDS_MAX = 8,
	POLICY_ENGINES_MAX = 64,
};

/* IKE fragments, RFC 7383: never; where needed; as small as is always safe from the first try. */
enum fragments { FRAGMENTS_OFF, FRAGMENTS_ON, FRAGMENTS_FORCE };
enum initiate_when { INITIATE_NEVER, INITIATE_ON_DEMAND, INITIATE_AT_START };

struct lifetime { /* 0 = no limit */
	int64_t hard_ms;
	uint64_t bytes, packets;
};

/* What is done with traffic that no peer has a part in. */
enum plain_action { PLAIN_BYPASS, PLAIN_DISCARD };

/* A policy of racoon.conf without IPsec: an SPD entry of RFC 4301 4.4.1.2 to bypass or discard. */
struct plain_policy {
	struct list node; /* in policy.plain */
	char name[POLICY_NAME_MAX_BYTES];
	enum plain_action action;
	struct ts_list local_ts, peer_ts; /* never empty */
	uint32_t priority;                /* 0: by the selectors */
	int line;
};

/* Traffic to protect with one peer: a sainfo of racoon.conf. */
struct child_config {
	struct list node; /* in peer_config.children */
	char name[POLICY_NAME_MAX_BYTES];
	const struct peer_config *peer;
	/* Empty list: the addresses of the IKE SA itself (transport), or whatever is asked. */
	struct ts_list local_ts, peer_ts;
	bool local_inner, peer_inner; /* instead: what the peer leased to us, or we to it */
	enum child_mode mode;
	bool install_policy; /* traps and policies are ours; else only SAs (setkey has them) */
	bool single_pair;    /* each pair of addresses gets an SA of its own (RFC 7296 2.9) */
	bool esn;
	uint32_t replay_window_pkts;
	uint32_t reqid;           /* stable, scattered, variant 0; 0 if every child gets its own */
	uint32_t if_id;           /* of an xfrm interface; 0 = none */
	uint32_t mark, mark_mask; /* packets with this mark only; mask 0: all */
	enum copy_dscp copy_dscp;
	bool ipcomp;        /* compressed, if the peer can (RFC 7296 2.22) */
	bool hide_ecn;      /* tunnel: congestion is not carried over (RFC 6040) */
	uint16_t tfc_bytes; /* packets of the tunnel are filled up to this (RFC 4303 2.7); 0: not */
	uint32_t priority;
	uint8_t n_proposals;
	struct proposal proposals[POLICY_PROPOSALS_MAX];
	uint16_t pfs_group; /* KE transform id for rekeying, 0 = none (RFC 7296 1.3.1) */
	struct lifetime lifetime;
	int line; /* in the configuration, for messages */
};

struct peer_config {
	struct list node; /* in policy.peers */
	char name[POLICY_NAME_MAX_BYTES];
	const struct policy *policy;
	/* Where it may be; empty: anywhere (anonymous, a responder's entry). */
	uint8_t n_peer_addrs;
	struct addr peer_addrs[POLICY_ADDRS_MAX]; /* with port; 0 = 500 */
	char peer_name[POLICY_NAME_MAX_BYTES];    /* by_name: peer_addrs are its; "" = none */
	struct addr local_addr;                   /* unset: the system chooses */
	struct id local_id;                       /* ID_NONE: the address used */
	uint8_t n_peer_ids;                       /* 0: its address, if verify_id, else anything */
	struct id peer_ids[POLICY_IDS_MAX];
	bool verify_id, by_name;
	enum initiate_when initiate;
	bool nat_traversal, nat_force, mobike;
	enum fragments fragments;
	uint16_t fragment_bytes; /* longest IP datagram with a fragment; 0: chosen by us */
	bool initial_contact;
	int64_t reauth_ms; /* so long an authentication is good, 0 = as long as the IKE SA is rekeyed */
	bool mode_cfg;     /* we are a client: ask for an inner address */
	const struct pool_config *pool; /* for who asks us; NULL: none */
	int64_t dpd_delay_ms;           /* 0 = no liveness checks */
	int dpd_tries;                  /* unused with IKEv2's retransmission; kept for IKEv1 */
	uint16_t nonce_bytes;           /* 16..256 */
	uint8_t n_proposals;
	struct proposal proposals[POLICY_PROPOSALS_MAX];
	struct lifetime lifetime;
	struct list children; /* struct child_config */
	uint32_t spread;      /* which engine it belongs to: policy/owner.h */
	int line;
};

struct policy {
	unsigned int refs;
	struct list peers; /* struct peer_config, in order of the file */
	struct list plain; /* struct plain_policy, likewise */
	struct list pools; /* struct pool_config */
	struct policy_timers timers;
	struct policy_limits limits;
	char psk_path[4096];
	char control_path[108];   /* "": no control socket */
	char resolver_path[4096]; /* resolvconf(8) or resolvectl(1); "": what the system has */
	bool resolver_off;        /* name servers that a peer gives us are not used */
	char privsep_user[POLICY_NAME_MAX_BYTES],
		privsep_group[POLICY_NAME_MAX_BYTES]; /* "" = built-in */
	int engines;              /* processes that speak IKE: 1 to POLICY_ENGINES_MAX */
	uint16_t port, natt_port; /* 500 and 4500 */
	uint8_t n_listen;         /* 0: all addresses */
	struct addr listen[POLICY_ADDRS_MAX];
	struct addr listen_natt[POLICY_ADDRS_MAX];
	uint8_t n_listen_natt;
	int log_level; /* enum log_level */
};

/*
 * A new empty snapshot with defaults and one reference; NULL without memory.  Timers as above,
 * natt_keepalive 20 s, half_open 30 s, kernel check 60 s, ports 500 and 4500, all addresses; no control socket; one engine;
 * cookies from 100 half-open IKE SAs on, 200 of a source, 2000 of all, 100000 IKE SAs, 10 errors a
 * second after a burst of 20.
 */
struct policy *policy_new(void);
/* p may be NULL in both. */
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy *p);
/*
 * Add an entry at the end, with defaults; owned by the snapshot.  NULL without memory, or if the
 * name does not fit.  A peer: on demand, identity verified, NAT traversal, fragments
 * where needed, initial contact, nonce of 32 bytes, 8 hours, no liveness checks.  A child: tunnel, no policies of ours,
 * window 64, 8 hours, reqid of policy_reqid().
 */
struct peer_config *policy_add_peer(struct policy *p, const char *name);
struct child_config *peer_config_add_child(struct peer_config *peer, const char *name);

/* As above, a bypass of nothing yet.  NULL without memory, or if the name does not fit. */
struct plain_policy *policy_add_plain(struct policy *p, const char *name);

/*
 * The first peer that may be at an address (and use ours: local, which may be NULL or unset for
 * any); entries with an address win over anonymous ones, ports do not count.  An entry with a
 * host name that is not resolved is nowhere.  after: the last result to go on from, NULL first.
 */
const struct peer_config *policy_find_by_addr(const struct policy *p, const struct addr *local,
					      const struct addr *peer,
					      const struct peer_config *after);
const struct peer_config *policy_find_by_name(const struct policy *p, const char *name);
/* By "peer" or "peer/child"; *ret_child may become NULL (all of them). -ENOENT with err. */
MUST_USE int policy_find_target(const struct policy *p, const char *target,
				const struct peer_config **ret_peer,
				const struct child_config **ret_child, struct err *err);
/*
 * The first child that wants a packet (an ACQUIRE): one whose policies are ours by reqid (0 = not
 * known) and selectors, one whose policies others installed by selectors.  Its protocol is the one
 * that the kernel asks for (PROPOSAL_AH, PROPOSAL_ESP; 0 = any).  NULL: none.
 */
const struct child_config *policy_find_acquire(const struct policy *p, uint8_t protocol,
					       uint32_t reqid, const struct ts *src,
					       const struct ts *dst);
/* The same among the children of one peer. */
const struct child_config *peer_config_find_child(const struct peer_config *peer, uint8_t protocol,
						  uint32_t reqid, const struct ts *src,
						  const struct ts *dst);

/* True if no address and no host name is given: the peer may be anywhere. */
bool peer_config_is_anonymous(const struct peer_config *peer);
/*
 * Is this one of the peer's identities?  Without any in its entry, or for an entry "address",
 * the address that it uses.  RFC 4301 4.4.3.
 */
bool peer_config_names_id(const struct peer_config *peer, const struct id *id,
			  const struct addr *peer_addr);
/* Is it acceptable: named, or not to be verified?  ID_NONE never is. */
bool peer_config_accepts_id(const struct peer_config *peer, const struct id *id,
			    const struct addr *peer_addr);

/* PROPOSAL_AH or PROPOSAL_ESP: all proposals of a child are of one protocol. */
uint8_t child_config_protocol(const struct child_config *child);

DEFINE_FREEP(struct policy, policy_unref)

#endif
