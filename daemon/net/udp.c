/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receives and sends IKE datagrams.  A packet's walk begins here: recvmmsg(), the
 * address it came to (pktinfo), the NAT-T marker, then the engine.
 *
 *   port 500:   [ IKE header ... ]
 *   port 4500:  [ 00 00 00 00 ][ IKE header ... ]    the non-ESP marker, RFC 3948 2.2
 *               [ SPI, not 0  ][ ESP ... ]           the kernel takes these out
 *               [ ff ]                               NAT keepalive, RFC 3948 2.3
 */
#include "net/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/loop.h"
#include "net/route.h"

enum {
	BATCH = 16,
	DATAGRAM_MAX_BYTES = 65536,
	MARKER_BYTES = 4,
};

/* Room for the packet information of either family, aligned for a cmsghdr. */
union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct udp_socket {
	struct udp_sockets *sockets;
	struct udp_socket_fd fd;
	struct loop_fd *watch;
};

struct udp_sockets {
	struct udp port;
	udp_receive_fn fn;
	void *arg;
	struct udp_counters counters;
	struct route *route;
	size_t n;
	struct udp_socket list[UDP_SOCKETS_MAX];
	/* One batch, shared by all sockets. */
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	struct sockaddr_storage peers[BATCH];
	union control controls[BATCH];
	uint8_t bytes[BATCH][DATAGRAM_MAX_BYTES];
};

static void prepare_batch(struct udp_sockets *s)
{
	for (size_t i = 0; i < BATCH; i++) {
		s->pieces[i] = (struct iovec){ s->bytes[i], DATAGRAM_MAX_BYTES };
		s->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &s->peers[i],
			.msg_namelen = sizeof(s->peers[i]),
			.msg_iov = &s->pieces[i],
			.msg_iovlen = 1,
			.msg_control = &s->controls[i],
			.msg_controllen = sizeof(s->controls[i]),
		};
	}
}

/* The packet information of one control message, as an address; false if it is another. */
static bool pktinfo_address(struct cmsghdr *c, struct addr *ret)
{
	struct addr a;

	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		/* They differ when it came to a broadcast address of the link. */
		if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr ||
		    addr_from_bytes(slice_of(&info.ipi_addr, sizeof(info.ipi_addr)), &a) < 0)
			return false;
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		if (addr_from_bytes(slice_of(&info.ipi6_addr, sizeof(info.ipi6_addr)), &a) < 0)
			return false;
		if (addr_is_linklocal(&a))
			a.scope_id = (uint32_t)info.ipi6_ifindex;
	} else {
		return false;
	}
	*ret = a;
	return true;
}

/* Where the datagram came to and from; false unless both are addresses of one host. */
static bool addresses_of(const struct udp_socket *socket, struct msghdr *m, struct addr *ret_local,
			 struct addr *ret_peer)
{
	bool found = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c && !found; c = CMSG_NXTHDR(m, c))
		found = pktinfo_address(c, ret_local);
	if (!found || addr_is_multicast(ret_local))
		return false;
	ret_local->port = socket->fd.bound.port;
	return addr_from_sockaddr(m->msg_name, m->msg_namelen, ret_peer) == 0;
}

/* Takes the marker off; false (and counted) when the datagram is not for IKE. */
static bool take_marker(struct udp_sockets *s, struct slice *bytes)
{
	struct rd r = rd_of_slice(*bytes);

	if (bytes->len == 1 && bytes->p[0] == 0xff) {
		s->counters.n_keepalives++;
		return false;
	}
	if (rd_u32(&r) != 0 || r.bad) {
		s->counters.n_not_ike++;
		return false;
	}
	*bytes = rd_rest(&r);
	return true;
}

static void receive_one(const struct udp_socket *socket, struct mmsghdr *m)
{
	struct udp_sockets *s = socket->sockets;
	struct udp_packet packet = {
		.bytes = slice_of(m->msg_hdr.msg_iov->iov_base, m->msg_len),
		.natt = socket->fd.natt,
	};

	s->counters.n_received++;
	if (m->msg_hdr.msg_flags & MSG_TRUNC)
		s->counters.n_cut++;
	else if (!addresses_of(socket, &m->msg_hdr, &packet.local, &packet.peer))
		s->counters.n_no_address++;
	else if (!packet.natt || take_marker(s, &packet.bytes))
		s->fn(s->arg, &packet);
}

/* One batch per call: the loop calls again while there is more, other sockets between. */
static void on_readable(void *arg, int fd)
{
	const struct udp_socket *socket = arg;
	struct udp_sockets *s = socket->sockets;
	int n;

	prepare_batch(s);
	n = recvmmsg(fd, s->messages, BATCH, MSG_DONTWAIT, NULL);
	/* An error is an old ICMP message about somebody's packet: reading it cleared it. */
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		s->counters.n_receive_errors++;
	for (int i = 0; i < n; i++)
		receive_one(socket, &s->messages[i]);
}

/*
 * How well a socket suits: -1 not at all, else more is better.  The address must match,
 * the port is a wish: a caller may not know which of the ports a peer floated to.
 */
static int fitness(const struct udp_socket *socket, const struct addr *local)
{
	const struct addr *bound = &socket->fd.bound;
	int score = 0;

	if (addr_is_any(bound))
		score = 1;
	else if (addr_is_set(local) && addr_eq(bound, local))
		score = 2;
	else if (addr_is_set(local) && !addr_is_any(local))
		return -1;
	return bound->port == local->port ? score + 4 : score;
}

static const struct udp_socket *choose(const struct udp_sockets *s, uint16_t family, bool natt,
				       const struct addr *local, int *ret_error)
{
	const struct udp_socket *chosen = NULL;
	int best = -1;

	*ret_error = -EAFNOSUPPORT;
	for (size_t i = 0; i < s->n; i++) {
		const struct udp_socket *socket = &s->list[i];
		int score;
		if (socket->fd.bound.family != family || socket->fd.natt != natt)
			continue;
		*ret_error = -EADDRNOTAVAIL;
		score = fitness(socket, local);
		if (score > best) {
			best = score;
			chosen = socket;
		}
	}
	return chosen;
}

static void *put_control(struct msghdr *m, union control *control, int level, int type, size_t len)
{
	memset(control, 0, sizeof(*control));
	control->align.cmsg_level = level;
	control->align.cmsg_type = type;
	control->align.cmsg_len = CMSG_LEN(len);
	m->msg_control = control;
	m->msg_controllen = CMSG_SPACE(len);
	return CMSG_DATA(&control->align);
}

/* Asks the kernel to send from local; without one it chooses. */
static void put_source(struct msghdr *m, union control *control, const struct addr *local)
{
	if (local->family == AF_INET) {
		struct in_pktinfo info = { 0 };
		memcpy(&info.ipi_spec_dst, local->ip, sizeof(info.ipi_spec_dst));
		memcpy(put_control(m, control, IPPROTO_IP, IP_PKTINFO, sizeof(info)), &info,
		       sizeof(info));
	} else if (local->family == AF_INET6) {
		struct in6_pktinfo info = { .ipi6_ifindex = local->scope_id };
		memcpy(&info.ipi6_addr, local->ip, sizeof(info.ipi6_addr));
		memcpy(put_control(m, control, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(info)), &info,
		       sizeof(info));
	}
}

static int send_pieces(struct udp_sockets *s, bool natt, const struct addr *local,
		       const struct addr *peer, struct iovec *pieces, size_t n)
{
	struct sockaddr_storage to;
	union control control;
	struct msghdr m = { .msg_name = &to, .msg_iov = pieces, .msg_iovlen = n };
	int error;
	const struct udp_socket *socket = choose(s, peer->family, natt, local, &error);
	ssize_t sent;

	if (!socket)
		return error;
	m.msg_namelen = addr_to_sockaddr(peer, &to);
	if (local->family == peer->family && !addr_is_any(local))
		put_source(&m, &control, local);
	do
		sent = sendmsg(socket->fd.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0) {
		s->counters.n_send_errors++;
		return -errno;
	}
	s->counters.n_sent++;
	return 0;
}

static struct udp_sockets *sockets_of(struct udp *u)
{
	return CONTAINER_OF(u, struct udp_sockets, port);
}

/* sendmsg() does not write to what an iovec points to. */
static struct iovec piece_of(const void *p, size_t len)
{
	return (struct iovec){ .iov_base = (void *)(uintptr_t)p, .iov_len = len };
}

static int send_message(struct udp *u, const struct addr *local, const struct addr *peer, bool natt,
			struct slice bytes)
{
	static const uint8_t marker[MARKER_BYTES];
	struct iovec pieces[] = { piece_of(marker, sizeof(marker)), piece_of(bytes.p, bytes.len) };

	if (natt)
		return send_pieces(sockets_of(u), true, local, peer, pieces, 2);
	return send_pieces(sockets_of(u), false, local, peer, pieces + 1, 1);
}

static int send_keepalive(struct udp *u, const struct addr *local, const struct addr *peer)
{
	static const uint8_t keepalive = 0xff;
	struct iovec piece = piece_of(&keepalive, 1);
	return send_pieces(sockets_of(u), true, local, peer, &piece, 1);
}

static int find_source(struct udp *u, const struct addr *peer, struct addr *ret_local)
{
	static const struct addr anywhere;
	struct udp_sockets *s = sockets_of(u);
	const struct udp_socket *socket;
	struct addr local;
	int error, r;

	if (!choose(s, peer->family, false, &anywhere, &error))
		return error;
	r = route_source(s->route, peer, &local);
	if (r < 0)
		return r;
	/* Bound elsewhere only: what is sent comes from there. */
	socket = choose(s, peer->family, false, &local, &error);
	if (!socket) {
		socket = choose(s, peer->family, false, &anywhere, &error);
		local = socket->fd.bound;
	}
	local.port = socket->fd.bound.port;
	*ret_local = local;
	return 0;
}

static const struct udp_ops socket_ops = {
	.send = send_message,
	.keepalive = send_keepalive,
	.source = find_source,
};

static int add_socket(struct udp_sockets *s, struct loop *l, const struct udp_socket_fd *fd)
{
	struct udp_socket *socket = &s->list[s->n];

	*socket = (struct udp_socket){ .sockets = s, .fd = *fd };
	socket->watch = loop_fd_new(l, fd->fd, on_readable, socket);
	if (!socket->watch)
		return -ENOMEM;
	s->n++;
	return 0;
}

/* All but the descriptors. */
static void release(struct udp_sockets *s)
{
	for (size_t i = 0; i < s->n; i++)
		loop_fd_free(s->list[i].watch);
	route_free(s->route);
	free(s);
}

struct udp_sockets *udp_sockets_new(struct loop *l, const struct udp_socket_fd *fds, size_t n,
				    udp_receive_fn fn, void *arg)
{
	struct udp_sockets *s;

	if (n > UDP_SOCKETS_MAX)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->port.ops = &socket_ops;
	s->fn = fn;
	s->arg = arg;
	s->route = route_new();
	for (size_t i = 0; s->route && i < n; i++)
		if (add_socket(s, l, &fds[i]) < 0)
			break;
	if (!s->route || s->n < n) {
		release(s);
		return NULL;
	}
	return s;
}

void udp_sockets_free(struct udp_sockets *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		loop_fd_free(s->list[i].watch);
		s->list[i].watch = NULL;
		close(s->list[i].fd.fd);
	}
	release(s);
}

struct udp *udp_sockets_port(struct udp_sockets *s)
{
	return &s->port;
}

const struct udp_counters *udp_sockets_counters(const struct udp_sockets *s)
{
	return &s->counters;
}
