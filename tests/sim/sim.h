/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two engines in one process: virtual clock, fake kernels and keepers, one wire.
 *
 *	node 0 "a"  192.0.2.1 / 2001:db8::1  --- wire ---  node 1 "b"  192.0.2.2 / 2001:db8::2
 *	10.1.0.0/16                                         10.2.0.0/16
 */
#ifndef TANUKI_SIM_SIM_H
#define TANUKI_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ike/engine.h"
#include "kernel/address.h"
#include "kernel/kernel.h"
#include "policy/policy.h"
#include "sim/keeper_fake.h"
#include "sim/wire.h"

enum { SIM_A, SIM_B, SIM_NODES };

/* A scenario; all zero (but for the names) is a good one. */
struct sim_options {
	uint64_t seed;
	struct wire_options wire;
	bool v6, transport, nat, ipcomp;
	const char *ike[SIM_NODES]; /* proposals, see sim_proposal(); NULL: a default */
	const char *esp[SIM_NODES];
	const char *psk[SIM_NODES]; /* NULL: the same; "": no key */
	int64_t keeper_delay_ms, kernel_delay_ms, dpd_delay_ms;
	struct names *names; /* for both nodes; NULL: none */
	/* Last word on a node's policy. */
	void (*tweak)(struct policy *p, struct peer_config *peer, struct child_config *child,
		      int node);
};

struct sim_node {
	const char *name;
	struct engine *engine;
	struct kernel_fake *kernel;
	struct keeper_fake *keeper;
	struct address_fake *addresses;
	struct policy *policy;
	struct peer_config *peer;
	struct child_config *child;
	/* what callers of engine_initiate() were told */
	int n_done, last_result;
	char last_text[256];
};

struct sim {
	struct sim_options options;
	struct loop *loop;
	struct prng prng;
	struct wire wire;
	struct sim_node nodes[SIM_NODES];
};

/* Aborts on failure: a test cannot go on. */
struct sim *sim_new(const struct sim_options *options);
void sim_free(struct sim *s);
/* The daemon of a node dies and starts again; its kernel forgets everything, leases are kept. */
void sim_crash(struct sim *s, int node);

/* "aes_gcm16/prf_sha256/curve25519,14" ... types told apart by the words; bits behind a colon. */
void sim_proposal(const char *text, uint8_t protocol, struct proposal *ret);

/* The host of a node gets an address, or loses it; the first one there is where it sends from. */
void sim_add_address(struct sim *s, int node, const char *text);
void sim_remove_address(struct sim *s, int node, const char *text);

/* Runs until now + ms. */
void sim_run(struct sim *s, int64_t ms);
/* Runs until the condition holds; false if it does not within limit_ms. */
typedef bool (*sim_condition_fn)(struct sim *s);
bool sim_run_until(struct sim *s, sim_condition_fn condition, int64_t limit_ms);

int sim_initiate(struct sim *s, int node);
int sim_terminate(struct sim *s, int node, const char *target);
/* A tweak: both sides have a second sainfo, "more"; and the wish for it. */
void sim_two_nets(struct policy *p, struct peer_config *peer, struct child_config *child, int node);
int sim_initiate_more(struct sim *s, int node);
/* A packet of the node's host wants to go to the other side. */
void sim_acquire(struct sim *s, int node);
/* The kernel of the node says that an SA has lived long enough (hard), or nearly so. */
void sim_expire(struct sim *s, int node);
void sim_grow_old(struct sim *s, int node);

/* By command: the IKE SA, or the child, gets new keys. */
void sim_rekey(struct sim *s, int node, const char *target);
/* By command: a new IKE SA with the same children, authenticated again. */
void sim_reauth(struct sim *s, int node);

/* Established IKE SAs; SAs in any other state. */
size_t sim_n_up(const struct sim *s, int node);
size_t sim_n_moving(const struct sim *s, int node);
/* One each, established, with one child in the kernel. */
bool sim_is_up(struct sim *s);
/* For the first sainfo: each side has an SA to send with, and the other one can receive on it. */
bool sim_can_talk(struct sim *s);
/* Nothing there, nothing on its way. */
bool sim_is_down(struct sim *s);
/* Nothing moves: no datagram flies, no SA is being made, deleted or waits to leave the kernel. */
bool sim_is_quiet(struct sim *s);
/* Both sides have the same IKE SAs and the same children with the same keys. */
bool sim_agrees(struct sim *s);
bool sim_is_settled(struct sim *s); /* quiet and agreed */
/* What disagrees, for people; buf returned. */
const char *sim_difference(struct sim *s, char *buf, size_t size);

/* Records of both engines, captured since sim_log_clear(): is there a line with all these? */
void sim_log_capture(void);
void sim_log_clear(void);
bool sim_logged(const char *a, const char *b, const char *c);
size_t sim_log_count(const char *word);

#endif
