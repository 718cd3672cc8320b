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
#include "crypto/alg.h"

enum {
	POLICY_NAME_MAX_BYTES = 64,
	POLICY_ID_MAX_BYTES = 256,
	POLICY_PROPOSALS_MAX = 8,
	POLICY_TRANSFORMS_MAX = 24,
	POLICY_ADDRS_MAX = 8,
	POLICY_IDS_MAX = 8,
	POLICY_TS_MAX = 8,
};

/* RFC 7296 3.5 identification types. */
enum id_type { ID_NONE = 0, ID_IPV4_ADDR = 1, ID_FQDN = 2, ID_RFC822_ADDR = 3, ID_IPV6_ADDR = 5,
	       ID_DER_ASN1_DN = 9, ID_KEY_ID = 11 };

/* An identity as it stands in an ID payload: type and body bytes. */
struct id {
	uint8_t type;
	uint16_t len;
	uint8_t body[POLICY_ID_MAX_BYTES];
};

/* One proposal in order of preference: transforms of all types mixed, RFC 7296 3.3. */
struct proposal {
	uint8_t protocol; /* 1 IKE, 2 AH, 3 ESP */
	uint8_t n_transforms;
	struct transform transforms[POLICY_TRANSFORMS_MAX];
};

/* A traffic selector: addresses first..last, ports lo..hi, RFC 7296 3.13.1. */
struct ts {
	struct addr first, last;  /* same family; ports of the addrs unused */
	uint16_t port_lo, port_hi; /* 0..65535 = any */
	uint8_t proto;            /* 0 = any */
};

struct ts_list {
	uint8_t n;
	struct ts ts[POLICY_TS_MAX];
};

enum child_mode { CHILD_TUNNEL, CHILD_TRANSPORT };
enum initiate_when { INITIATE_NEVER, INITIATE_ON_DEMAND, INITIATE_AT_START };

struct lifetime {  /* 0 = no limit */
	int64_t hard_ms;
	uint64_t bytes, packets;
};

/* Traffic to protect with one peer: a sainfo of racoon.conf. */
struct child_config {
	struct list node;          /* in peer_config.children */
	char name[POLICY_NAME_MAX_BYTES];
	const struct peer_config *peer;
	/* Empty list: the addresses of the IKE SA itself (transport), or whatever is asked. */
	struct ts_list local_ts, peer_ts;
	enum child_mode mode;
	bool install_policy;       /* traps and policies are ours; else only SAs (setkey has them) */
	bool esn;
	uint32_t replay_window_pkts;
	uint32_t reqid;            /* stable, scattered; 0 if every child gets its own */
	uint32_t if_id;
	uint32_t priority;
	uint8_t n_proposals;
	struct proposal proposals[POLICY_PROPOSALS_MAX];
	uint16_t pfs_group;        /* KE transform id for rekeying, 0 = none (RFC 7296 1.3.1) */
	struct lifetime lifetime;
	int line;                  /* in the configuration, for messages */
};

struct peer_config {
	struct list node;          /* in policy.peers */
	char name[POLICY_NAME_MAX_BYTES];
	const struct policy *policy;
	/* Where it may be; empty: anywhere (anonymous, a responder's entry). */
	uint8_t n_peer_addrs;
	struct addr peer_addrs[POLICY_ADDRS_MAX]; /* with port; 0 = 500 */
	char peer_name[POLICY_NAME_MAX_BYTES];    /* to be resolved, "" = none */
	struct addr local_addr;    /* unset: the system chooses */
	struct id local_id;        /* ID_NONE: the address used */
	uint8_t n_peer_ids;        /* 0: its address, if verify_id, else anything */
	struct id peer_ids[POLICY_IDS_MAX];
	bool verify_id;
	enum initiate_when initiate;
	bool nat_traversal, nat_force;
	bool initial_contact;
	int64_t dpd_delay_ms;      /* 0 = no liveness checks */
	int dpd_tries;             /* unused with IKEv2's retransmission; kept for IKEv1 */
	uint16_t nonce_bytes;      /* 16..256 */
	uint8_t n_proposals;
	struct proposal proposals[POLICY_PROPOSALS_MAX];
	struct lifetime lifetime;
	struct list children;      /* struct child_config */
	int line;
};

struct policy_timers { /* retransmission: first wait, times factor each try */
	int64_t retransmit_first_ms;
	int retransmit_tries;
	int retransmit_factor_percent;   /* 180 = 1.8 */
	int64_t natt_keepalive_ms;       /* 0 = none */
	int64_t half_open_ms;            /* a responder forgets a peer that does not go on */
};

struct policy {
	unsigned int refs;
	struct list peers;         /* struct peer_config, in order of the file */
	struct policy_timers timers;
	char psk_path[4096];
	char control_path[108];    /* "": no control socket */
	char privsep_user[POLICY_NAME_MAX_BYTES], privsep_group[POLICY_NAME_MAX_BYTES]; /* "" = built-in */
	uint16_t port, natt_port;  /* 500 and 4500 */
	uint8_t n_listen;          /* 0: all addresses */
	struct addr listen[POLICY_ADDRS_MAX];
	struct addr listen_natt[POLICY_ADDRS_MAX];
	uint8_t n_listen_natt;
	int log_level;             /* enum log_level */
};

/* A new empty snapshot with racoon's defaults, one reference; NULL without memory. */
struct policy *policy_new(void);
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy *p);
/* Adds an entry with defaults; owned by the snapshot.  NULL without memory. */
struct peer_config *policy_add_peer(struct policy *p, const char *name);
struct child_config *peer_config_add_child(struct peer_config *peer, const char *name);

/* A reqid > 0x3fff scattered over its range by a hash of both names; the same in every run. */
uint32_t policy_reqid(const char *peer_name, const char *child_name);

/*
 * The first peer that may be at peer_addr (and local_addr if it is set); entries with an
 * address win over anonymous ones.  after: the last result to go on from, NULL first.
 */
const struct peer_config *policy_find_by_addr(const struct policy *p, const struct addr *local,
					      const struct addr *peer,
					      const struct peer_config *after);
const struct peer_config *policy_find_by_name(const struct policy *p, const char *name);
/* By "peer" or "peer/child"; *ret_child may become NULL (all of them). -ENOENT with err. */
MUST_USE int policy_find_target(const struct policy *p, const char *target,
				const struct peer_config **ret_peer,
				const struct child_config **ret_child, struct err *err);
/* The child whose reqid and selectors want this packet (an ACQUIRE). NULL: none. */
const struct child_config *policy_find_acquire(const struct policy *p, uint32_t reqid,
					       const struct ts *src, const struct ts *dst);

/* Is this identity acceptable for the peer (at peer_addr)?  RFC 7296 3.5, RFC 4301 4.4.3. */
bool peer_config_accepts_id(const struct peer_config *peer, const struct id *id,
			    const struct addr *peer_addr);

/* id text for logs and psk.txt: "192.0.2.1", "a.example", "u@example"; escaped; buf returned. */
enum { ID_TEXT_MAX_BYTES = 4 * POLICY_ID_MAX_BYTES + 1 };
const char *id_text(const struct id *id, char *buf);
const char *id_type_name(uint8_t type);
bool id_eq(const struct id *a, const struct id *b);
void id_of_addr(const struct addr *a, struct id *ret);

/* ---- traffic selectors ---- */

/* "10.0.0.0/24[any] any" style text for logs; buf returned. */
enum { TS_TEXT_MAX_BYTES = 2 * ADDR_TEXT_MAX_BYTES + 32, TS_LIST_TEXT_MAX_BYTES = 512 };
const char *ts_text(const struct ts *ts, char *buf);
const char *ts_list_text(const struct ts_list *l, char *buf);
bool ts_eq(const struct ts *a, const struct ts *b);
/* a is inside b. */
bool ts_subset(const struct ts *a, const struct ts *b);
/* Their intersection; false if it is empty. */
bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *ret);
void ts_of_prefix(const struct addr_prefix *p, uint8_t proto, uint16_t port, struct ts *ret);
void ts_of_addr(const struct addr *a, struct ts *ret);

/* "IKE:AES_GCM_16_256/PRF_HMAC_SHA2_256/CURVE25519" for logs. */
enum { PROPOSAL_TEXT_MAX_BYTES = 512 };
const char *proposal_text(const struct proposal *p, char *buf);

DEFINE_FREEP(struct policy, policy_unref)

#endif
