/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model as NETLINK_XFRM messages and back.  Pure: values in, bytes out, and the other way
 * round; no descriptor, no clock, no names of devices (offload devices travel as indices).
 */
#ifndef LIBPFKEY_XFRM_CODEC_H
#define LIBPFKEY_XFRM_CODEC_H

#include <keydb.h>

#include <linux/xfrm.h>
#include <netlink/msg.h>

#define MUST_USE __attribute__((warn_unused_result))

/* No message of the codec is longer: six templates, or four keys, a window and a context. */
enum { XFRM_MESSAGE_MAX_BYTES = 4096 };

/*
 * The encoders append a message's body behind the netlink header of m.  -EINVAL or -EOPNOTSUPP
 * with *ret_why a static text for what XFRM cannot express, -EMSGSIZE if m is too small; m's
 * content is then undefined.
 */

/* XFRM_MSG_NEWSA, UPDSA. */
MUST_USE int xfrm_encode_sa(struct nl_msg *m, const struct keydb_sa *sa, uint32_t offload_ifindex,
			    const char **ret_why);
/* XFRM_MSG_DELSA, GETSA. */
MUST_USE int xfrm_encode_sa_id(struct nl_msg *m, const struct keydb_sa_id *id,
			       const char **ret_why);
/* XFRM_MSG_ALLOCSPI for the larval SA of an ACQUIRE: any SPI in [min, max]. */
MUST_USE int xfrm_encode_allocspi(struct nl_msg *m, const struct keydb_sa *larval, uint32_t min,
				  uint32_t max, const char **ret_why);
/*
 * XFRM_MSG_GETSA that dumps; XFRM_MSG_FLUSHSA.  KEYDB_PROTO_ANY: ESP, AH and IPCOMP.  Of filter (may
 * be NULL) the addresses' prefixes count, if it has addresses.
 */
MUST_USE int xfrm_encode_sa_dump(struct nl_msg *m, uint8_t proto,
				 const struct keydb_selector *filter);
MUST_USE int xfrm_encode_sa_flush(struct nl_msg *m, uint8_t proto);
/* XFRM_MSG_NEWPOLICY, UPDPOLICY. */
MUST_USE int xfrm_encode_policy(struct nl_msg *m, const struct keydb_policy *p,
				const char **ret_why);
/* XFRM_MSG_DELPOLICY, GETPOLICY. */
MUST_USE int xfrm_encode_policy_id(struct nl_msg *m, const struct keydb_policy *p,
				   const char **ret_why);

/* XFRM_MSG_MIGRATE: a policy's SAs, and its requests, move from one pair of ends to another. */
struct xfrm_migration {
	struct keydb_policy policy; /* selector, direction; templates: the old ends */
	struct keydb_template moved[KEYDB_TEMPLATES_MAX]; /* the new ends of each template */
	union keydb_addr km_src, km_dst; /* where IKE is to talk then, AF_UNSPEC: not told */
};
MUST_USE int xfrm_encode_migration(struct nl_msg *m, const struct xfrm_migration *x,
				   const char **ret_why);

/* The body of a message of the kernel; 4-byte aligned, borrowed. */
struct xfrm_body {
	const void *body;
	size_t len; /* 0: none */
};
/*
 * XFRM_MSG_NEWSA that makes an SA anew at other ends: sa is the kernel's XFRM_MSG_NEWSA about it,
 * end the XFRM_MSG_DELSA that says how far it came.  Without end the counters of sa count: only to
 * see whether it can be said.  -EACCES: the kernel hides the keys; -EOPNOTSUPP: a device has the
 * counters; -EBADMSG; as above.
 */
MUST_USE int xfrm_encode_moved_sa(struct nl_msg *m, struct xfrm_body sa, struct xfrm_body end,
				  const struct keydb_sa_move *to, const char **ret_why);

/*
 * The decoders read a body of len bytes, 4-byte aligned.  Unknown attributes are skipped; what is
 * too short, too long or of an unknown family gives -EBADMSG and leaves *ret undefined.
 */

/* XFRM_MSG_NEWSA. ret->state is LARVAL or MATURE, see xfrm_sa_state(). */
MUST_USE int xfrm_decode_sa(const void *body, size_t len, struct keydb_sa *ret,
			    uint32_t *ret_offload_ifindex);
/* XFRM_MSG_NEWPOLICY. */
MUST_USE int xfrm_decode_policy(const void *body, size_t len, struct keydb_policy *ret);
/* XFRM_MSG_MIGRATE. */
MUST_USE int xfrm_decode_migration(const void *body, size_t len, struct xfrm_migration *ret);
/*
 * What XFRM_MSG_DELPOLICY begins with: the selector and the direction, or the index of a policy
 * that was deleted by it.  The rest of *ret is zero.
 */
MUST_USE int xfrm_decode_policy_id(const void *body, size_t len, struct keydb_policy *ret);
/* Any message of the multicast groups; -ENOMSG for a type that is no event of ours. */
MUST_USE int xfrm_decode_event(uint16_t type, const void *body, size_t len,
			       struct keydb_event *ret);

/* The state at the time now (seconds since 1970): netlink does not tell, its limits do. */
uint8_t xfrm_sa_state(const struct keydb_sa *sa, uint64_t now_sec);

/* ---- shared by encoder and decoder ---- */

/* One bit of the model and of the kernel. */
struct xfrm_flag {
	uint32_t model;
	uint32_t kernel;
};
extern const struct xfrm_flag xfrm_sa_flags[], xfrm_sa_extra_flags[], xfrm_policy_flags[];
uint32_t xfrm_flags_to_kernel(const struct xfrm_flag *table, uint32_t model);
uint32_t xfrm_flags_from_kernel(const struct xfrm_flag *table, uint32_t kernel);

uint8_t xfrm_mode_to_kernel(uint8_t model);
uint8_t xfrm_mode_from_kernel(uint8_t kernel);

/* AF_INET, AF_INET6, or 0 for no address. */
uint16_t xfrm_addr_family(const union keydb_addr *a);
/* Full prefix length of a family, 0 for any other. */
uint8_t xfrm_family_bits(uint16_t family);
/* "No address" becomes zeroes. */
xfrm_address_t xfrm_addr_to_kernel(const union keydb_addr *a);
/* family AF_INET or AF_INET6, port in network order. */
union keydb_addr xfrm_addr_from_kernel(const xfrm_address_t *x, uint16_t family, uint16_t port);
bool xfrm_addr_is_zero(const xfrm_address_t *x, uint16_t family);

#endif
