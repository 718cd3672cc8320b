/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and replies over a netlink descriptor: pipelined batches, dumps, deadlines, the kernel's
 * own words about errors.  Knows netlink's framing, nothing of XFRM.
 */
#ifndef LIBPFKEY_NLIO_H
#define LIBPFKEY_NLIO_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NLIO_DATAGRAM_MAX_BYTES = 1 << 16, /* the kernel's dumps come in 32 kB */
	NLIO_WORDS_MAX_BYTES = 96,
	NLIO_DUMP_TRIES = 8,
};

struct nlio {
	int fd;         /* borrowed */
	int timeout_ms; /* for each datagram */
	uint32_t seq;   /* the last one used */
	uint8_t *buf;   /* NLIO_DATAGRAM_MAX_BYTES */
};

/* -ENOMEM. */
int nlio_init(struct nlio *io, int fd, int timeout_ms);
void nlio_done(struct nlio *io);

/* What the kernel said to one message. */
struct nlio_ack {
	int error;                        /* 0 or negative errno */
	char words[NLIO_WORDS_MAX_BYTES]; /* NLMSGERR_ATTR_MSG, or "" */
};

/* Gets each message of an answer; a non-zero return ends the reading and is returned. */
typedef int (*nlio_fn)(void *arg, const struct nlmsghdr *h);

/*
 * Sends one message (its sequence number and NLM_F_ACK are set here) and reads until it is
 * acknowledged; fn (may be NULL) gets what comes before that.  Returns ret->error, or -ETIMEDOUT,
 * or another error of the socket; ret is always filled.
 */
int nlio_request(struct nlio *io, struct nlmsghdr *h, nlio_fn fn, void *arg, struct nlio_ack *ret);

/*
 * Sends n messages, one behind the other in the len bytes at msgs, in one system call, and fills
 * ret_acks[0..n-1].  Only the last one asks for an acknowledgement: the kernel works in order and
 * always reports errors.  Returns 0 if all answers came (the errors are in ret_acks), else negative
 * errno; entries without an answer have it too.
 */
int nlio_batch(struct nlio *io, void *msgs, size_t len, size_t n, struct nlio_ack *ret_acks);

/*
 * Sends a dump request, reads the whole answer, again if the table changed meanwhile (at most
 * NLIO_DUMP_TRIES times: then the last answer counts), and only then hands it out, so fn may use io.
 * The copies are wiped: dumps of SAs carry keys.
 */
int nlio_dump(struct nlio *io, struct nlmsghdr *h, nlio_fn fn, void *arg, struct nlio_ack *ret);

#endif
