/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port: the kernel's SAD and SPD as the engine uses them.  Requests are answered later
 * through a callback (the monitor process executes them); each is all or nothing.
 */
#ifndef TANUKI_KERNEL_KERNEL_H
#define TANUKI_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include <keydb.h>

#include "base/addr.h"
#include "base/attr.h"
#include "policy/comp.h"

enum { KERNEL_CHILD_POLICIES_MAX = 96, KERNEL_REASON_MAX_BYTES = 128 };

/*
 * What a CHILD_SA is in the kernel: a pair of SAs, and the policies that lead traffic to
 * them (out, in, and fwd in tunnel mode, for each pair of selectors).  With IPComp each SA has
 * another one before it, which comes and goes with it: comp_sa().
 */
struct kernel_child {
	struct keydb_sa in, out;
	struct comp comp;
	bool in_only; /* out is not installed yet: child_complete() does it */
	uint8_t n_policies;
	struct keydb_policy policies[KERNEL_CHILD_POLICIES_MAX];
};

/* A child as it is installed, and where it goes; ports of 0: not in UDP. */
struct kernel_move {
	struct keydb_sa_id in, out;
	union keydb_addr local, peer;
	uint16_t local_port, peer_port;
};

/* result: 0 or negative errno (-EEXIST: the SPI is taken, choose another). reason: "" or words. */
typedef void (*kernel_done_fn)(void *arg, int result, const char *reason);

struct kernel;

struct kernel_ops {
	/*
	 * Installs both SAs (the inbound one, if in_only) and all policies, or nothing.  child is borrowed for the call.  done
	 * is never called before the function returned 0; a negative result means that it never will.
	 * Policies are shared: what another child or a trap of the configuration wants too stays when
	 * this child goes.  Requests are executed in the order of the calls.
	 */
	int (*child_install)(struct kernel *k, const struct kernel_child *child,
			     kernel_done_fn done, void *arg);
	/*
	 * Installs the outbound SA of a child that was installed with in_only.  Nothing else of it
	 * changes if that fails.  done as above.
	 */
	int (*child_complete)(struct kernel *k, const struct kernel_child *child,
			      kernel_done_fn done, void *arg);
	/*
	 * Gives a child other outer addresses and UDP ports: SPIs, keys, sequence numbers and what
	 * was counted stay.  If that fails the child is gone, but may still be removed.  done as
	 * above; the requests behind this one name the child by its new addresses.
	 */
	int (*child_move)(struct kernel *k, const struct kernel_move *move, kernel_done_fn done,
			  void *arg);
	/* Removes what child_install() put there; missing entries are no error.  done may be NULL.
	 * Only the ids of the SAs matter: the policies that came with them go too. */
	int (*child_remove)(struct kernel *k, const struct kernel_child *child, kernel_done_fn done,
			    void *arg);
	/* Tells the kernel that an ACQUIRE failed, so that the next packet asks again. */
	int (*acquire_failed)(struct kernel *k, const struct keydb_sa_id *larval, uint32_t seq);
	/* Forgets a callback whose owner goes away; its request still runs. */
	void (*cancel)(struct kernel *k, void *arg);
};

/* Implementations embed this as their first member. */
struct kernel {
	const struct kernel_ops *ops;
};

/* What the kernel reports; the engine is told by whoever owns the port. */
typedef void (*kernel_event_fn)(void *arg, const struct keydb_event *event);

/* The fake (tests, simulation): remembers everything, fails on demand. */
struct loop;
struct kernel_fake;
/* delay_ms: how long an answer takes on the loop's clock. NULL without memory. */
struct kernel_fake *kernel_fake_new(struct loop *l, int64_t delay_ms);
void kernel_fake_free(struct kernel_fake *f);
struct kernel *kernel_fake_port(struct kernel_fake *f);
/* What is asked from now on takes so long. */
void kernel_fake_set_delay(struct kernel_fake *f, int64_t delay_ms);
/* The next child_install or child_complete fails with result (negative errno); nothing is installed. */
void kernel_fake_fail_next(struct kernel_fake *f, int result);
/* Children now installed, by the age of their outbound SAs; index < count. */
size_t kernel_fake_count(const struct kernel_fake *f);
const struct kernel_child *kernel_fake_child(const struct kernel_fake *f, size_t index);
/* Can it send too? */
bool kernel_fake_is_complete(const struct kernel_fake *f, size_t index);
/* How often a child was moved. */
size_t kernel_fake_n_moves(const struct kernel_fake *f);
/* Requests that are still to be executed. */
size_t kernel_fake_n_open(const struct kernel_fake *f);
/* How often acquire_failed was called. */
size_t kernel_fake_acquires_failed(const struct kernel_fake *f);

#endif
