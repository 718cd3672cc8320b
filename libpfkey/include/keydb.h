/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keydb: a typed API for the kernel's SAD and SPD (RFC 4301 4.4).
 *
 * The model is in keydb_model.h, the algorithms in keydb_alg.h, text in keydb_text.h.  Functions
 * return 0 or a negative errno, and keydb_error() then gives the reason in words.  A handle
 * belongs to one thread at a time; the library keeps no other state, never logs and never exits.
 */
#ifndef KEYDB_H
#define KEYDB_H

#include <keydb_alg.h>
#include <keydb_data_path.h>
#include <keydb_model.h>
#include <keydb_move.h>
#include <keydb_text.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the handle ---- */

struct keydb;

/*
 * Opens the SAD and SPD of the current network namespace, over netlink where the kernel has it,
 * else over PF_KEY; LIBPFKEY_TRANSPORT=netlink|pfkey|auto overrides.  -EPERM, -EPROTONOSUPPORT
 * (the kernel has no IPsec), -EINVAL (that variable has another value).  keydb_close() takes NULL.
 */
int keydb_open(struct keydb **ret);
void keydb_close(struct keydb *k);
/* "netlink" or "pfkey". */
const char *keydb_transport_name(const struct keydb *k);
/* Why the last failing call on this handle failed: "errno's text: kernel's words". Never NULL. */
const char *keydb_error(const struct keydb *k);

/* ---- SAD ---- */

/*
 * -EEXIST if the SA is there (add), -ESRCH if not (update, delete, get); -ETIMEDOUT if the
 * kernel is silent for five seconds; -EINVAL and -EOPNOTSUPP for what cannot be expressed.
 */
int keydb_sa_add(struct keydb *k, const struct keydb_sa *sa);
int keydb_sa_update(struct keydb *k, const struct keydb_sa *sa);
int keydb_sa_delete(struct keydb *k, const struct keydb_sa_id *id);
int keydb_sa_get(struct keydb *k, const struct keydb_sa_id *id, struct keydb_sa *ret);
/*
 * Calls fn for each SA of the protocol (KEYDB_PROTO_ANY: ESP, AH and IPCOMP); a non-zero return
 * ends the dump and is returned.  The table is read as a whole first (again, if it changed
 * meanwhile), so fn may use the handle.  Keys are included: the caller wipes its copies.
 */
typedef int (*keydb_sa_fn)(void *arg, const struct keydb_sa *sa);
int keydb_sa_dump(struct keydb *k, uint8_t proto, keydb_sa_fn fn, void *arg);
/* Deletes all SAs of the protocol; an empty table is no error. */
int keydb_sa_flush(struct keydb *k, uint8_t proto);

/*
 * An SPI that no SA to dst uses, in [min, max] (RFC 4303: never below 256).  Chosen by us at
 * random and checked against the kernel, because the kernel's own allocation walks every SA.
 * The SPI is not reserved: sa_add gives -EEXIST if somebody else was faster.  -EEXIST if no free
 * one was found, -EINVAL for a range that is empty or starts below 256.
 */
int keydb_spi_choose(struct keydb *k, const union keydb_addr *dst, uint8_t proto, uint32_t min,
		     uint32_t max, uint32_t *ret_spi);
/*
 * The kernel's own allocation (PF_KEY's GETSPI, XFRM's ALLOCSPI): a larval SA with an SPI in
 * [min, max] that is kept free for an update, until the kernel's time for that is up (30 s).  Of
 * larval count id.src, id.dst, id.proto, id.mark, mode, reqid, if_id, and kernel_seq, by which the
 * larval SA of an ACQUIRE gets the SPI.  *ret is the larval SA.  -ENOENT if no SPI is free.
 */
int keydb_spi_alloc(struct keydb *k, const struct keydb_sa *larval, uint32_t min, uint32_t max,
		    struct keydb_sa *ret);
/*
 * A reqid > KEYDB_REQID_MANUAL_MAX scattered by a hash of the arguments: XFRM's state hash
 * degenerates when reqids and addresses count up together.
 */
uint32_t keydb_reqid(uint64_t a, uint64_t b);

/*
 * Ends the larval SA of an ACQUIRE (event->sa) that is not going to be answered, so that the next
 * packet asks again at once instead of after the kernel's 30 s.  -ESRCH if it is gone.
 */
int keydb_acquire_drop(struct keydb *k, const struct keydb_sa *larval);

/* ---- SPD ---- */

int keydb_policy_add(struct keydb *k, const struct keydb_policy *p);    /* -EEXIST */
int keydb_policy_update(struct keydb *k, const struct keydb_policy *p); /* adds or replaces */
/*
 * By selector, direction, mark, if_id and context; or by index if it is not 0 (mark and if_id
 * then still count).  -ENOENT
 */
int keydb_policy_delete(struct keydb *k, const struct keydb_policy *p);
int keydb_policy_get(struct keydb *k, const struct keydb_policy *p, struct keydb_policy *ret);
/* As keydb_sa_dump(); per-socket policies and sub-policies are included. */
typedef int (*keydb_policy_fn)(void *arg, const struct keydb_policy *p);
int keydb_policy_dump(struct keydb *k, keydb_policy_fn fn, void *arg);
int keydb_policy_flush(struct keydb *k);

/*
 * Which data path new OUT policies take.  Once a handle has seen tanuki.ko, the module stays for
 * as long as the handle does.
 */
int keydb_data_path(struct keydb *k, struct keydb_data_path *ret);

/* ---- batches ---- */

enum keydb_op_kind {
	KEYDB_OP_SA_ADD,
	KEYDB_OP_SA_UPDATE,
	KEYDB_OP_SA_DELETE,
	KEYDB_OP_POLICY_ADD,
	KEYDB_OP_POLICY_UPDATE,
	KEYDB_OP_POLICY_DELETE,
};

struct keydb_op {
	enum keydb_op_kind kind;
	union {
		const struct keydb_sa *sa; /* borrowed until the call returns */
		const struct keydb_sa_id *sa_id;
		const struct keydb_policy *policy;
	};
	int result;      /* 0 or negative errno, set by the call */
	char reason[96]; /* "" or the reason, kernel's words included */
};

/*
 * Sends all operations in few system calls and waits for every answer.  Returns 0 if all
 * worked, else the first error (each op has its own result; the others were done), and
 * keydb_error() names the entry, counted from 1.
 */
int keydb_batch(struct keydb *k, struct keydb_op *ops, size_t n);

/* ---- events ---- */

enum keydb_event_kind {
	/* sa: the larval SA (id, mode, reqid, kernel_seq); policy: what wants it; sel: the packet */
	KEYDB_EVENT_ACQUIRE,
	KEYDB_EVENT_EXPIRE, /* sa with usage, without keys; hard tells which limit */
	KEYDB_EVENT_POLICY_EXPIRE,
	KEYDB_EVENT_MAPPING,  /* sa.id (src is the old address), new_addr with port; the old
				     * port is encap_src_port */
	KEYDB_EVENT_FLUSH_SA, /* sa.id.proto */
	KEYDB_EVENT_FLUSH_POLICY,
	KEYDB_EVENT_SA_CHANGE, /* added, updated or deleted by anybody; with keys */
	KEYDB_EVENT_POLICY_CHANGE,
	KEYDB_EVENT_OVERRUN, /* events were lost (ENOBUFS): read the tables again */
};

struct keydb_event {
	enum keydb_event_kind kind;
	bool hard;    /* EXPIRE: hard limit reached */
	bool deleted; /* *_CHANGE */
	uint32_t seq; /* ACQUIRE */
	struct keydb_sa sa;
	struct keydb_policy policy;
	struct keydb_selector sel;
	union keydb_addr new_addr;
};

enum keydb_event_mask {
	KEYDB_EVENTS_ACQUIRE = 1u << 0,
	KEYDB_EVENTS_EXPIRE = 1u << 1,
	KEYDB_EVENTS_SA = 1u << 2,
	KEYDB_EVENTS_POLICY = 1u << 3,
	KEYDB_EVENTS_MAPPING = 1u << 4,
};

struct keydb_events;

/*
 * Subscribes; the descriptor can be polled and belongs to the handle.  PF_KEY tells less: no keys,
 * no POLICY_EXPIRE, no OVERRUN, in an ACQUIRE the policy's selector instead of the packet's, in a
 * MAPPING no destination.
 */
int keydb_events_open(uint32_t mask, struct keydb_events **ret);
void keydb_events_close(struct keydb_events *e);
int keydb_events_fd(const struct keydb_events *e);
/*
 * Reads one event without waiting: 1 and *ret, 0 if there is none, negative errno.  Malformed or
 * uninteresting messages are skipped.  Call it until it returns 0: the descriptor need not be
 * readable for events that were read along.
 */
int keydb_events_next(struct keydb_events *e, struct keydb_event *ret);
/*
 * The kernel's message behind the latest event, a netlink or a PF_KEY one; valid until the next
 * call.  Keys may be in it.  NULL and 0 if there is none, as for OVERRUN.
 */
const void *keydb_events_message(const struct keydb_events *e, size_t *ret_len);

#ifdef __cplusplus
}
#endif

#endif
