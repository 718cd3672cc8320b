/* SPDX-License-Identifier: BSD-2-Clause */
/* A CHILD_SA: a pair of ESP or AH SAs in the kernel and the policies that lead to them. */
#ifndef TANUKI_IKE_CHILD_SA_H
#define TANUKI_IKE_CHILD_SA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/wire.h"
#include "ike/nonce.h"
#include "ike/proposal.h"
#include "kernel/kernel.h"
#include "policy/policy.h"

struct engine;
struct ike_sa;
struct removal;

enum child_state {
	CHILD_NEW, /* being negotiated */
	CHILD_UP,
	CHILD_DELETING, /* to be deleted, or the peer was asked to; in the kernel only if replaced */
};

const char *child_state_name(enum child_state state);

struct child_sa {
	struct list node;           /* ike_sa.children; unlinked while new */
	struct hash_node by_spi_in; /* engine.children_in */
	struct hash_node by_cpi_in; /* engine.cpis_in, if there is one */
	struct ike_sa *sa;
	const struct child_config *config;
	enum child_state state;
	bool in_table;  /* by_spi_in */
	bool in_kernel; /* installed, or asked to be */
	bool delete_sent;
	bool by_command;
	bool ours;          /* we asked for it */
	bool redundant;     /* another took its place, and the peer is to delete it (2.8.1) */
	bool more_possible; /* the responder narrowed, and would agree to more in another one (2.9) */
	/* Reauthentication: spi_in of the one in another IKE SA that carries the same, and is older; ... */
	uint32_t follows;
	uint32_t followed_by;       /* ... that is younger.  0 = none */
	bool follow_asked;          /* it was asked for in the IKE SA that this one's is to go to */
	uint32_t replaces;          /* spi_in of the child that it was made to replace, 0 = none */
	struct nonce_min nonce_min; /* of the exchange that made it */
	/*
	 * The peer rekeyed: it cannot receive before it has our answer, so our outbound SA waits
	 * for a sign of that (2.8).  NULL: nothing waits.
	 */
	struct keydb_sa *late;
	bool completing;       /* the kernel was asked to install it */
	unsigned int n_moving; /* moves that the kernel was asked for */
	int64_t moved_ms;      /* when the last one was */
	uint32_t spi_in, spi_out;
	uint16_t cpi_in, cpi_out; /* IPComp; both 0: none */
	enum child_mode mode;
	struct ts_list local_ts, peer_ts;
	struct proposal algorithms;
	struct addr local, peer;   /* as the kernel has them, ports for UDP encapsulation */
	struct addr original_peer; /* transport mode behind NAT: what the peer thinks it is */
	bool encap, esn;
	bool no_tfc; /* the peer cannot take padding (RFC 7296 1.3.1) */
	uint32_t reqid;
	struct loop_timer *life, *soft, *turn;
	int64_t up_ms, life_ends_ms;
	const char *down_why;    /* static */
	struct list going;       /* struct waiter */
	struct removal *removal; /* NULL once it was used */
	bool replaced;           /* traffic has another way: it leaves the kernel a little later */
};

/* In CHILD_NEW, known by its SPI but to nobody else; config is borrowed (sa->policy). -ENOMEM. */
MUST_USE int child_sa_new(struct ike_sa *sa, const struct child_config *config, uint32_t spi_in,
			  struct child_sa **ret);
/* Out of all tables and of the kernel; child_sa_end() tells those who wait for that. */
void child_sa_free(struct child_sa *c);
void child_sa_end(struct child_sa *c);
/* The kernel forgets it; c stays. */
void child_sa_uninstall(struct child_sa *c);
/* The SPI was taken: another one.  Not once it is in the kernel. */
MUST_USE int child_sa_change_spi(struct child_sa *c, uint32_t spi_in);

/* It compresses, with these CPIs in place of any that it had.  -ENOMEM, -EEXIST: ours is taken. */
MUST_USE int child_sa_set_cpis(struct child_sa *c, uint16_t cpi_in, uint16_t cpi_out);
/* The child that receives with our CPI. */
struct child_sa *child_sa_find_cpi_in(const struct engine *e, uint32_t cpi);

/* Bytes of KEYMAT for both directions, 0 if we cannot do these algorithms. */
size_t child_sa_keymat_bytes(const struct proposal *algorithms);
/*
 * What the kernel is to have; keymat is of RFC 7296 2.17, initiator: are we?  The result holds
 * keys: the caller wipes it.  -ENOTSUP: no such algorithm; and the errors of policy_spd_build().
 */
MUST_USE int child_sa_kernel(const struct child_sa *c, struct slice keymat, bool initiator,
			     struct kernel_child *ret, struct err *err);
/* Leaves the outbound SA out of what is installed now, and keeps it for later. -ENOMEM. */
MUST_USE int child_sa_defer_out(struct child_sa *c, struct kernel_child *kc);
/* The peer listens: what was kept is installed, and traffic goes there. */
void child_sa_complete(struct child_sa *c);
/*
 * Gives it other outer addresses, SPIs and keys stay (the kernel port's child_move); nothing, if it
 * is there already.  In transport mode the addresses are what it protects: then only ports may
 * differ.  0: asked for; if the kernel then fails, the IKE SA is made anew.  -ENOTSUP: this child
 * cannot be moved there; errno of the port.  The SA is unchanged then.
 */
MUST_USE int child_sa_move(struct child_sa *c, const struct addr *local, const struct addr *peer,
			   bool encap);
/* It is negotiated and installed: joins its SA's children, starts its lifetime, logs. */
void child_sa_up(struct child_sa *c);
/* Takes it out of the kernel, logs once why; it stays a child in CHILD_DELETING. */
void child_sa_down(struct child_sa *c, const char *why);
/* Most of its life is over (soft limit): a new one is asked for. */
void child_sa_grown_old(struct child_sa *c);
/*
 * It is replaced: nothing is sent over it any more, but it receives until the peer has answered
 * the delete that is sent for it.  CHILD_DELETING.
 */
void child_sa_retire(struct child_sa *c, const char *why);
/* A child that is up and was made to replace this one, or to carry the same in another IKE SA; NULL: none. */
struct child_sa *child_sa_successor(const struct child_sa *c);
/* The child with our SPI (in), or with the peer's (out): that one is only the protocol's own. */
struct child_sa *child_sa_find_in(const struct engine *e, uint32_t spi);
struct child_sa *child_sa_find_out(const struct ike_sa *sa, uint8_t protocol, uint32_t spi);

#endif
