/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opens the sockets of IKE: what needs a privilege.  One socket per family; all that
 * differs between the families is a row of a table.
 */
#include "net/udp.h"

#include <errno.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/steer.h"

struct family {
	int family, level;
	int pktinfo, xfrm_policy;
	int mtu_discover, mtu_dont;
};

/* clang-format off */
static const struct family families[] = {
	{ AF_INET, IPPROTO_IP, IP_PKTINFO, IP_XFRM_POLICY,
	  IP_MTU_DISCOVER, IP_PMTUDISC_DONT },
	{ AF_INET6, IPPROTO_IPV6, IPV6_RECVPKTINFO, IPV6_XFRM_POLICY,
	  IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT },
};
/* clang-format on */

static const struct family *family_of(const struct addr *a)
{
	for (size_t i = 0; i < N_ELEMENTS(families); i++)
		if (families[i].family == a->family)
			return &families[i];
	return NULL;
}

static int set_int(int fd, int level, int option, int value, const char *what, struct err *err)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) == 0)
		return 0;
	return err_set(err, -errno, "%s: %s", what, strerror(errno));
}

static int set_common(int fd, const struct family *f, unsigned int flags, struct err *err)
{
	int r = 0;

	/*
	 * Never SO_REUSEADDR: on Linux it lets two IKE daemons share port 500 without a word,
	 * and the second one then takes the packets of the first.
	 */
	if (flags & UDP_REUSE_PORT)
		r = set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT", err);
	if (r == 0 && f->family == AF_INET6)
		r = set_int(fd, f->level, IPV6_V6ONLY, 1, "IPV6_V6ONLY", err);
	if (r == 0)
		r = set_int(fd, f->level, f->pktinfo, 1, "packet information", err);
	/* IKE would rather be fragmented than lost where ICMP is filtered. */
	if (r == 0)
		r = set_int(fd, f->level, f->mtu_discover, f->mtu_dont, "MTU discovery", err);
	return r;
}

/* Policies of the socket itself come before the SPD: "allow", with no template. */
static int set_bypass(int fd, const struct family *f, struct err *err)
{
	static const uint8_t directions[] = { XFRM_POLICY_IN, XFRM_POLICY_OUT };

	for (size_t i = 0; i < N_ELEMENTS(directions); i++) {
		struct xfrm_userpolicy_info policy = {
			.action = XFRM_POLICY_ALLOW,
			.dir = directions[i],
			.sel.family = (uint16_t)f->family,
		};
		if (setsockopt(fd, f->level, f->xfrm_policy, &policy, sizeof(policy)) < 0)
			return err_set(err, -errno, "IPsec bypass for IKE itself: %s",
				       strerror(errno));
	}
	return 0;
}

static int bind_to(int fd, const struct addr *a, struct err *err)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(a, &ss);

	if (bind(fd, (const struct sockaddr *)&ss, len) == 0)
		return 0;
	/* The wildcard is always there, unless the family is switched off. */
	if (errno == EADDRNOTAVAIL && addr_is_any(a))
		return err_set(err, -EAFNOSUPPORT, "bind: address family is disabled");
	return err_set(err, -errno, "bind: %s", strerror(errno));
}

static int set_up(int fd, const struct family *f, const struct addr *bind_addr, unsigned int flags,
		  struct err *err)
{
	int r = set_common(fd, f, flags, err);

	if (r == 0 && (flags & UDP_BYPASS))
		r = set_bypass(fd, f, err);
	if (r == 0)
		r = bind_to(fd, bind_addr, err);
	/* The level is IPPROTO_UDP for both families. */
	if (r == 0 && (flags & UDP_NATT))
		r = set_int(fd, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP,
			    "UDP encapsulation of ESP", err);
	return r;
}

int udp_open(const struct addr *bind_addr, unsigned int flags, int *ret_fd, struct err *err)
{
	const struct family *f = family_of(bind_addr);
	char text[ADDR_TEXT_MAX_BYTES];
	int fd, r;

	if (!f)
		return err_set(err, -EAFNOSUPPORT, "no address to listen on");
	fd = socket(f->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	if (fd < 0) {
		r = err_set(err, -errno, "socket: %s", strerror(errno));
	} else {
		r = set_up(fd, f, bind_addr, flags, err);
		if (r < 0)
			close(fd);
	}
	if (r < 0)
		return err_prefix(err, "listening on %s", addr_text_port(bind_addr, text)), r;
	*ret_fd = fd;
	return 0;
}

/* Without SO_REUSEPORT: does anybody have the port, or is there no such address? */
static int probe(const struct addr *bind_addr, struct err *err)
{
	int fd;
	int r = udp_open(bind_addr, 0, &fd, err);

	if (r == 0)
		close(fd);
	return r;
}

/* The program stands before there is a second socket to choose. */
static int add_to_group(const struct addr *bind_addr, unsigned int flags, size_t n, int *ret_fds,
			size_t *ret_n, struct err *err)
{
	int r = 0;

	while (*ret_n < n && r == 0) {
		r = udp_open(bind_addr, flags | UDP_REUSE_PORT, &ret_fds[*ret_n], err);
		if (r < 0 || ++*ret_n > 1)
			continue;
		r = steer_attach(ret_fds[0], bind_addr->family, flags & UDP_NATT, n);
		if (r < 0)
			err_set(err, r, "steering between %zu engines: %s", n, strerror(-r));
	}
	return r;
}

int udp_open_group(const struct addr *bind_addr, unsigned int flags, size_t n, int *ret_fds,
		   struct err *err)
{
	size_t n_open = 0;
	int r;

	REQUIRE(n >= 1 && n <= UDP_GROUP_MAX);
	if (n == 1)
		return udp_open(bind_addr, flags, ret_fds, err);
	r = probe(bind_addr, err);
	if (r == 0)
		r = add_to_group(bind_addr, flags, n, ret_fds, &n_open, err);
	while (r < 0 && n_open > 0)
		close(ret_fds[--n_open]);
	return r;
}
