/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE datagrams: the port through which an engine sends and receives them (a test puts
 * a fake wire behind it), and the real sockets on UDP 500 and 4500.
 *
 * On a NAT-T port (4500) IKE shares the socket with ESP: four zero bytes, the non-ESP
 * marker, stand before each message (RFC 3948 2.2, RFC 7296 2.23).  This file alone
 * knows them: whoever sends or receives sees the message from its IKE header on.
 */
#ifndef TANUKI_NET_UDP_H
#define TANUKI_NET_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/wire.h"

struct loop;
struct udp;
struct udp_sockets;

/* One message received; borrowed for the call. */
struct udp_packet {
	struct addr local, peer; /* with ports; local is the address that the packet came to */
	struct slice bytes;      /* from the IKE header on, the marker is gone */
	bool natt;               /* came in on a NAT-T port */
};

typedef void (*udp_receive_fn)(void *arg, const struct udp_packet *packet);

/* What a wire can do; the wrappers below say how. */
struct udp_ops {
	int (*send)(struct udp *u, const struct addr *local, const struct addr *peer, bool natt,
		    struct slice bytes);
	int (*keepalive)(struct udp *u, const struct addr *local, const struct addr *peer);
	int (*source)(struct udp *u, const struct addr *peer, struct addr *ret_local);
};

/* Embedded in the real sockets and in each fake. */
struct udp {
	const struct udp_ops *ops;
};

/*
 * Sends bytes from local to peer, through a NAT-T port and with the marker if natt.
 * local may be unset or without a port: the kernel, or the socket, then chooses.  Never
 * blocks and never queues: -EAGAIN is a loss like any other on the way, and
 * retransmission repairs it.  -EAFNOSUPPORT: no socket of that family and kind.
 */
static inline int udp_send(struct udp *u, const struct addr *local, const struct addr *peer,
			   bool natt, struct slice bytes)
{
	return u->ops->send(u, local, peer, natt, bytes);
}

/* Sends a NAT keepalive, one byte 0xff, from the NAT-T port (RFC 3948 2.3). */
static inline int udp_keepalive(struct udp *u, const struct addr *local, const struct addr *peer)
{
	return u->ops->keepalive(u, local, peer);
}

/*
 * The local address from which the kernel would send to peer now, with the port of the
 * socket that is not for NAT-T.  Does not block.  -EAFNOSUPPORT: no socket of that
 * family; else the kernel's reason (-ENETUNREACH, ...).
 */
static inline MUST_USE int udp_source(struct udp *u, const struct addr *peer,
				      struct addr *ret_local)
{
	return u->ops->source(u, peer, ret_local);
}

/* How a socket is opened. */
enum udp_flags {
	UDP_NATT = 1u << 0,       /* the kernel takes ESP out (UDP_ENCAP_ESPINUDP) */
	UDP_REUSE_PORT = 1u << 1, /* one of several sockets of an SO_REUSEPORT group */
	UDP_BYPASS = 1u << 2,     /* its packets never meet the SPD, in or out: CAP_NET_ADMIN */
};

/*
 * Opens one socket, bound to the address and port, which may be the wildcard of its
 * family (IPv6 sockets take IPv6 only).  Non-blocking, close-on-exec, with the options
 * that udp_sockets_new() needs; made to be passed to another process.  The caller owns
 * *ret_fd.  Errors are negative errno with err filled; -EAFNOSUPPORT means that this
 * machine does not do that family: go on with the other one.
 */
MUST_USE int udp_open(const struct addr *bind_addr, unsigned int flags, int *ret_fd,
		      struct err *err);

/*
 * The same for n engines: sockets of one group, ret_fds in the order of their numbers, and each
 * datagram comes to the engine that it is for (net/steer.h).  All or none; -EADDRINUSE if anybody
 * else has the port, who could otherwise join the group.  n is 1 to UDP_GROUP_MAX; one socket is
 * opened as by udp_open().
 */
enum { UDP_GROUP_MAX = 64 };
MUST_USE int udp_open_group(const struct addr *bind_addr, unsigned int flags, size_t n,
			    int *ret_fds, struct err *err);

/* A socket from udp_open() and what it was opened as. */
struct udp_socket_fd {
	int fd;
	struct addr bound;
	bool natt;
};

/* What happened since the start; drops are datagrams that fn never saw. */
struct udp_counters {
	uint64_t n_received, n_sent;
	uint64_t n_keepalives;     /* dropped: one byte 0xff on a NAT-T port */
	uint64_t n_not_ike;        /* dropped: no marker on a NAT-T port (ESP, or too short) */
	uint64_t n_cut;            /* dropped: longer than any IP packet can be */
	uint64_t n_no_address;     /* dropped: not sent to an address of one host */
	uint64_t n_receive_errors; /* ICMP errors and the like; the socket stays in use */
	uint64_t n_send_errors;
};

/*
 * Takes the sockets (n of them, at most UDP_SOCKETS_MAX) into the loop and calls fn for
 * each message; fn may send, but not free the sockets.  The descriptors belong to the
 * result, which closes them; on failure they stay the caller's.  Opens a route netlink
 * socket: call it before entering a sandbox.  NULL when memory or descriptors are out.
 */
enum { UDP_SOCKETS_MAX = 16 };
struct udp_sockets *udp_sockets_new(struct loop *l, const struct udp_socket_fd *fds, size_t n,
				    udp_receive_fn fn, void *arg);
void udp_sockets_free(struct udp_sockets *s);
/* The port to hand to the engine; borrowed, lives as long as s. */
struct udp *udp_sockets_port(struct udp_sockets *s);
const struct udp_counters *udp_sockets_counters(const struct udp_sockets *s);

DEFINE_FREEP(struct udp_sockets, udp_sockets_free)

#endif
