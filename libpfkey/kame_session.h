/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The KAME interface over NETLINK_XFRM: the descriptor that the program holds is the netlink
 * socket, and a session says what PF_KEY on it means.
 *
 * Every request of PF_KEY becomes one netlink request, and its answer is told when netlink
 * acknowledges.  A datagram stays in the socket until the last PF_KEY message made of it has been
 * received, so the descriptor is readable exactly while there is something to receive.
 */
#ifndef LIBPFKEY_KAME_SESSION_H
#define LIBPFKEY_KAME_SESSION_H

#include "data_path.h"
#include "kame_queue.h"
#include "xfrm_codec.h"

#include <pthread.h>

enum {
	KAME_ALGS_MAX = 64,
	KAME_ACQUIRES_MAX = 256,        /* remembered larval SAs: the oldest is forgotten */
	KAME_REPLY_MAX_BYTES = 1 << 15, /* an ACQUIRE tells every pair of algorithms */
};

/* What the kernel can do, as REGISTER tells it. */
struct kame_algs {
	struct sadb_alg auth[KAME_ALGS_MAX], encr[KAME_ALGS_MAX];
	size_t n_auth, n_encr;
};

/* A larval SA, so that a negotiation that failed can end it. */
struct kame_acquire {
	uint32_t seq; /* 0: no entry */
	struct keydb_sa_id id;
	uint8_t mode;
	uint32_t reqid, if_id;
};

/* The dump that is being read. */
struct kame_dump {
	bool running;
	bool changed;          /* the kernel said that the table changed meanwhile */
	uint32_t seq;          /* its request's */
	uint32_t count;        /* entries so far */
	struct sadb_msg *held; /* the last of them, in case it is the last of all */
	size_t held_len;
};

struct kame_session {
	/* of the registry */
	struct kame_session *next;
	int known_fd;      /* the last descriptor by which it was called */
	uint64_t dev, ino; /* the socket's, whatever its descriptor */
	unsigned int refs;

	pthread_mutex_t lock; /* of everything below */
	int fd;               /* for the call that runs */
	uint32_t portid, seq;
	bool promisc;
	bool overrun;        /* messages were lost: requests may be without an answer */
	int error;           /* to be told by the next pfkey_recv() */
	uint32_t registered; /* bit n: SADB_SATYPE n */
	struct kame_algs algs;
	struct kame_acquire acquires[KAME_ACQUIRES_MAX];
	size_t next_acquire;
	struct kame_requests requests;
	struct kame_list out; /* what the datagram in hand has given so far */
	struct kame_dump dump;
	struct nl_msg *nl; /* the request being written */
	struct data_path path;
	struct keydb *side; /* for questions before a request; NULL until there is one */
	uint8_t *in;        /* the first datagram in the socket, or nothing */
	size_t in_len, in_at;
	bool in_hand;
	uint8_t reply[KAME_REPLY_MAX_BYTES];
};

/* ---- for the KAME interface: PF_KEY on a descriptor, whatever it is ---- */

/* The descriptor, or negative errno: -EPERM, -EPROTONOSUPPORT (no IPsec), -EINVAL (the variable). */
int kame_session_open(void);
/* Closes any descriptor. */
void kame_session_close(int so);
/* As pfkey_io_send() and pfkey_io_recv(). */
int kame_session_send(int so, const void *msg, size_t len);
int kame_session_recv(int so, int wait_ms, struct sadb_msg **ret, size_t *ret_len);

/*
 * Makes fd a session's, and the registry's: what is read from it is netlink, portid its own address
 * there.  fd stays the caller's if it fails.
 */
int kame_session_attach(int fd, uint32_t portid);

/* A socket of NETLINK_XFRM, bound; -EPROTONOSUPPORT, -EPERM.  *ret_portid may be NULL. */
int kame_session_socket(uint32_t *ret_portid);

/* ---- inside, with the lock held ---- */

/* kame_netlink_send.c: 0, or negative errno if nothing was sent. */
int kame_netlink_send(struct kame_session *s, const void *msg, size_t len);
/* An unsent request, or one of our own (type 0) that makes the kernel acknowledge. */
int kame_netlink_send_later(struct kame_session *s, struct kame_request *q);
int kame_netlink_send_barrier(struct kame_session *s);
/* Joins one group of XFRM's. */
int kame_netlink_join(int fd, int group);

/* kame_session.c: a handle beside the session's own socket; NULL if there is none to be had. */
struct keydb *kame_session_side(struct kame_session *s);

/* kame_netlink_recv.c: 1 and a message, 0 if there is none now, negative errno. */
int kame_netlink_recv(struct kame_session *s, struct sadb_msg **ret, size_t *ret_len);

/* kame_netlink_event.c: appends what a message of XFRM is in PF_KEY, if it is anything there. */
void kame_netlink_event(struct kame_session *s, const struct nlmsghdr *h, struct kame_list *to);
/* The same for what the kernel told about a request: its type, sequence number and process id. */
void kame_netlink_answer(struct kame_session *s, const struct nlmsghdr *h, struct kame_request *q);
/* One entry of a dump as a message in s->reply: its length, or 0 if PF_KEY does not have it. */
size_t kame_netlink_entry(struct kame_session *s, const struct nlmsghdr *h,
			  const struct kame_request *q);
/* The answer to a request that nobody said more about: what it said itself, without keys. */
void kame_netlink_repeat(struct kame_session *s, const struct kame_request *q,
			 struct kame_list *to);
/* Appends m as a reply, with this SADB_SATYPE_*, unless PF_KEY cannot say it. */
void kame_netlink_reply(struct kame_session *s, const struct sadb_message *m, uint8_t satype,
			struct kame_list *to);

/* kame_netlink_probe.c: asks the kernel which algorithms it has.  Negative errno. */
int kame_netlink_probe(struct kame_algs *ret);

#endif
