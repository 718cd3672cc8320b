/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IKE engine: one thread, one event loop, everything it needs from outside as a port.
 * The daemon's main, the control socket and the simulation use this header and no other
 * of this folder.
 */
#ifndef TANUKI_IKE_ENGINE_H
#define TANUKI_IKE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/loop.h"
#include "ike/reason.h"
#include "kernel/address.h"
#include "kernel/kernel.h"
#include "net/udp.h"
#include "policy/policy.h"
#include "priv/keeper.h"

struct engine;

/* All borrowed for the engine's life, but for the policy, of which it takes a reference. */
struct engine_ports {
	struct loop *loop;
	struct udp *udp;
	struct kernel *kernel;
	struct keeper *keeper;
	struct names *names;            /* NULL: names are not looked up again */
	struct address_port *addresses; /* NULL: there are no inner addresses */
	struct policy *policy;
	uint8_t number; /* goes into the top bits of our SPIs: ike/limits.h */
};

/* -ENOMEM, -EIO (no randomness). */
MUST_USE int engine_new(const struct engine_ports *ports, struct engine **ret);
/* Forgets everything at once: peers are not told, what is in the kernel stays. */
void engine_free(struct engine *e);

/* Starts what the policy wants to be up at start. */
void engine_start(struct engine *e);
/* From the udp port's receiver. */
void engine_receive(struct engine *e, const struct udp_packet *packet);
/* From whoever owns the kernel port. */
void engine_kernel_event(struct engine *e, const struct keydb_event *event);

/* This machine has an address, or has it no longer: paths are looked at again (MOBIKE). */
void engine_address(struct engine *e, const struct addr *local, bool added);

enum engine_why { ENGINE_WHY_TRAFFIC, ENGINE_WHY_CONFIG, ENGINE_WHY_COMMAND, ENGINE_WHY_REAUTH };

/* result 0: up (or gone, for engine_terminate()); else negative errno and text says why. */
typedef void (*engine_done_fn)(void *arg, int result, const char *text);

/*
 * Brings a child up (child NULL: all of the peer's).  0: done will be called, once, later;
 * 1: everything is up already, done will not be called; negative errno with err.  done may
 * be NULL.
 */
MUST_USE int engine_initiate(struct engine *e, const struct peer_config *peer,
			     const struct child_config *child, enum engine_why why,
			     engine_done_fn done, void *arg, struct err *err);

/*
 * Deletes and tells the peer.  target: "peer", "peer/child", or an SPI of ours as 0x and 8
 * (ESP) or 16 (IKE) hex digits.  0: done will be called; -ENOENT with err: nothing is up under
 * that name.
 */
MUST_USE int engine_terminate(struct engine *e, const char *target, engine_done_fn done, void *arg,
			      struct err *err);

/*
 * Replaces SAs by new ones while traffic flows: the IKE SA ("peer", or its SPI) or a child
 * ("peer/child", or its SPI).  How many; -ENOENT with err: nothing is up under that name; -ENOMEM.
 */
MUST_USE int engine_rekey(struct engine *e, const char *target, struct err *err);

/*
 * Makes IKE SAs anew, with authentication, and their children, while traffic flows: "peer", or the SPI
 * of an IKE SA.  How many; -ENOENT with err: nothing is up under that name; or why one cannot be made.
 */
MUST_USE int engine_reauth(struct engine *e, const char *target, struct err *err);

/* Whoever waits with this arg goes away; what was started goes on. */
void engine_forget(struct engine *e, const void *arg);

/*
 * Deletes all SAs, tells the peers and waits for their answers, LIMIT_STOP_MS at most.  done
 * is called once, maybe at once.  Nothing is accepted or started any more.
 */
void engine_stop(struct engine *e, engine_done_fn done, void *arg);

/*
 * From now on p counts for new SAs.  SAs keep the snapshot that they were made from; those
 * whose remote or sainfo is no longer there (by name) are deleted.
 */
void engine_set_policy(struct engine *e, struct policy *p);

/* ---- read-only views; everything is borrowed for the call ---- */

struct engine_child_view {
	const struct child_config *config;
	/* "up", "rekeying" (a successor is being made), "replacing" (it is one, its peer is not ready),
	 * "deleting" */
	const char *state;
	uint32_t spi_in, spi_out;
	enum child_mode mode;
	const struct ts_list *local_ts, *peer_ts;
	const struct proposal *algorithms;
	bool udp_encap;
	/* what fits over a wire of 1500 bytes: an inner packet, a TCP segment of its widest family */
	uint32_t mtu, mss;
	uint32_t reqid;
	int64_t age_ms, left_ms; /* left_ms: until it is deleted, -1 = no limit */
};

struct engine_sa_view {
	const struct peer_config *config; /* NULL: a half-open one whose peer is not known yet */
	/*
	 * "connecting", "half_open", "established", "handing_over" (its children are made anew in another
	 * one, by reauthentication), "replaced", "deleting"
	 */
	const char *state;
	bool initiator;
	uint64_t spi_i, spi_r;
	struct addr local, peer;
	const struct id *local_id, *peer_id; /* type ID_NONE: not known yet */
	const struct proposal *algorithms;   /* NULL: not agreed yet */
	bool nat_local, nat_peer;
	int64_t age_ms, left_ms, heard_ms; /* heard_ms: since the peer's last authentic message */
	uint64_t n_retransmits;
	size_t n_asked; /* children, keys and addresses that we want and do not have yet */
	/* Inner addresses, one of each family or unset: ours, or leased to the peer; NULL: none.
	 * Ours came with name servers. */
	const struct addr *inner;
	bool inner_ours;
	const struct inner_dns *inner_dns; /* NULL: none */
	size_t n_children;
	const struct engine_child_view *children;
};

/* Calls fn for each IKE SA until it returns non-zero, which is returned. */
typedef int (*engine_sa_fn)(void *arg, const struct engine_sa_view *view);
int engine_each_sa(const struct engine *e, engine_sa_fn fn, void *arg);

/* The last refusal of a peer (by entry, or by address where no entry fits). */
struct engine_refusal_view {
	const char *remote; /* name of the entry, "" if none fits */
	const struct addr *peer;
	const struct reason *reason;
	const char *story;
	int64_t age_ms;
	uint64_t n; /* how often since it last came up */
};
typedef int (*engine_refusal_fn)(void *arg, const struct engine_refusal_view *view);
int engine_each_refusal(const struct engine *e, engine_refusal_fn fn, void *arg);

struct engine_counters {
	uint64_t n_received, n_dropped, n_answered_again, n_retransmits;
	uint64_t n_silent; /* requests that were never answered */
	uint64_t n_cookies_demanded, n_error_replies, n_refused;
	uint64_t n_fragmented;               /* messages sent in fragments */
	uint64_t n_fragments, n_reassembled; /* authentic ones received, messages made of them */
	uint64_t n_ike_up, n_ike_down, n_child_up, n_child_down;
};
const struct engine_counters *engine_counters(const struct engine *e);
/* IKE SAs of all states that are not gone; those that wait for authentication. */
size_t engine_n_sas(const struct engine *e);
size_t engine_n_half_open(const struct engine *e);

DEFINE_FREEP(struct engine, engine_free)

#endif
