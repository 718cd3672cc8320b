/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that our processes may say to each other: one closed table.  A frame that is
 * not in it, comes from the wrong side, too often or with a wrong size is a sign of a
 * process that somebody took over; the receiver then gives up.  A body is a flat structure
 * (both ends are one program), checked field by field before anything looks at it.
 */
#ifndef TANUKI_PRIV_REQUEST_H
#define TANUKI_PRIV_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <keydb.h>

#include "base/addr.h"
#include "base/attr.h"
#include "policy/comp.h"
#include "policy/policy.h"
#include "priv/frame.h"
#include "priv/keeper.h"
#include "priv/request_inner.h"

enum process {
	PROCESS_MONITOR,
	PROCESS_KEEPER,
	PROCESS_ENGINE,
	PROCESS_RESOLVER,
	PROCESS_CLERK,
	__PROCESS_N
};

enum request_kind {
	REQUEST_READY = 1,      /* engine: the sockets are served */
	REQUEST_CHILD_INSTALL,  /* engine: SAs and their policies, or nothing */
	REQUEST_CHILD_COMPLETE, /* engine: the outbound SA that was left out */
	REQUEST_CHILD_MOVE,     /* engine: other outer addresses and ports */
	REQUEST_CHILD_REMOVE,
	REQUEST_ACQUIRE_FAILED, /* engine: no SA will come of this acquire */
	REQUEST_PSK_SIGN,       /* engine, to the keeper */
	REQUEST_PSK_VERIFY,
	REQUEST_SOCKETS,     /* monitor: descriptors at start */
	REQUEST_EVENT,       /* monitor: the kernel says */
	REQUEST_STOP,        /* monitor: delete your SAs, tell the peers, exit */
	REQUEST_RESULT,      /* monitor: answer to CHILD_*, INNER_SET */
	REQUEST_AUTH,        /* keeper: answer to PSK_* */
	REQUEST_KERNEL_DIFF, /* engine: compare the kernel with what is wanted */
	REQUEST_DIFFERENCES, /* monitor: answer to KERNEL_DIFF */
	REQUEST_NAME,        /* engine, to the resolver: look it up */
	REQUEST_ADDRESSES,   /* resolver: answer to NAME */
	REQUEST_LEASE_GET,   /* engine: an inner address for a client */
	REQUEST_LEASE,       /* monitor: answer to LEASE_GET */
	REQUEST_LEASE_PUT,   /* engine: the client is gone */
	REQUEST_LEASE_LIST,  /* engine: who has which */
	REQUEST_LEASES,      /* monitor: answer to LEASE_LIST */
	REQUEST_INNER_SET,   /* engine: set our inner addresses up */
	REQUEST_INNER_DROP,  /* engine: they are gone */
	REQUEST_STORE,       /* monitor, to the clerk: the leases' file (a descriptor) */
	REQUEST_NAMES,       /* monitor, to the clerk: name servers */
	REQUEST_CLERK_RESULT,
	__REQUEST_N
};

enum { REQUEST_POLICIES_MAX = 96, REQUEST_REASON_MAX_BYTES = 128 };
enum { REQUEST_DIFFERENCES_MAX = 64, REQUEST_ENTRY_MAX_BYTES = 200 };

/* Only as many policies as there are go into the frame. */
struct request_child {
	struct keydb_sa in, out;
	struct comp comp; /* the monitor makes IPComp's states of it */
	bool in_only;     /* out waits for REQUEST_CHILD_COMPLETE; its SPI is taken already */
	uint8_t n_policies;
	struct keydb_policy policies[REQUEST_POLICIES_MAX];
};

/* The ids must be those of the child as it was installed. */
struct request_complete {
	struct keydb_sa_id in;
	struct keydb_sa out;
};

/* The ids are the old ones; ports of 0: not in UDP. */
struct request_move {
	struct keydb_sa_id in, out;
	union keydb_addr local, peer;
	uint16_t local_port, peer_port;
};

/* The SAs are enough: the monitor knows which policies it installed with them. */
struct request_remove {
	struct keydb_sa_id in, out;
};

struct request_acquire {
	struct keydb_sa_id larval;
	uint32_t seq;
};

/* Behind it: the octets, then (verify) the AUTH data. */
struct request_psk {
	struct keeper_key key;
	uint16_t prf; /* IKEv2 transform id */
	uint32_t octets_bytes, auth_bytes;
};

enum socket_role { SOCKET_UDP_IKE, SOCKET_UDP_NATT, SOCKET_CONTROL, __SOCKET_ROLE_N };

/*
 * roles[i] is what descriptor i is for; bound (UDP) what it was bound to.  tanuki: policies go
 * to tanuki.ko, which stays as long as we do.
 */
struct request_sockets {
	bool tanuki;
	uint8_t n;
	uint8_t roles[FRAME_FDS_MAX];
	struct addr bound[FRAME_FDS_MAX];
};

struct request_event {
	struct keydb_event event;
};

struct request_result {
	int32_t result; /* 0 or negative errno */
	char reason[REQUEST_REASON_MAX_BYTES];
};

struct request_auth {
	int32_t result;
	uint32_t auth_bytes;
	uint8_t auth[KEEPER_AUTH_MAX_BYTES];
};

/* The first of n_all; what: reconcile_fault_name(), entry: difference_text(). */
struct request_differences {
	int32_t result;             /* 0 or negative errno: then the rest is 0 */
	uint32_t n_sas, n_policies; /* that are as they should be */
	uint32_t n, n_all;
	struct {
		char what[24], entry[REQUEST_ENTRY_MAX_BYTES];
	} list[REQUEST_DIFFERENCES_MAX];
};

struct request_name {
	char name[POLICY_NAME_MAX_BYTES];
};

struct request_addresses {
	int32_t result; /* 0 or negative errno: then there are none */
	uint32_t n;
	struct addr addrs[POLICY_ADDRS_MAX];
};

/* The text of what is wrong with a body, NULL if nothing is.  Static. */
typedef const char *(*request_check_fn)(const void *body, struct slice extra);

struct request_row {
	const char *name;
	enum process from, to;
	size_t body_bytes, extra_max_bytes, fds_max;
	unsigned int times_max; /* in the life of a process; 0 = any number */
	request_check_fn check; /* NULL: nothing to check */
};

/* The row of a kind; NULL if there is none. */
const struct request_row *request_row(unsigned int kind);

/* What one receiver admits from one sender. */
struct request_gate {
	enum process from, to;
	unsigned int seen[__REQUEST_N];
};

/*
 * Is the frame one that gate->from may send to gate->to now?  0; -EBADMSG if it breaks the table
 * (kind, sender, size, descriptors, times); -EINVAL if its content is wrong.  *ret_why (static) is
 * set on failure.  f->body must be aligned for any type.
 */
MUST_USE int request_admit(struct request_gate *gate, const struct frame *f, const char **ret_why);

/* The fixed part and what follows; only for an admitted frame. */
const void *request_body(const struct frame *f);
struct slice request_extra(const struct frame *f);

/* Copies the text, cut if it is too long. */
void request_set_reason(struct request_result *r, const char *text);

#endif
