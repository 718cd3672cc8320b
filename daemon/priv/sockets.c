/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens sockets, as root, before anything came from a network. */
#include "priv/sockets.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "net/udp.h"

enum { CONTROL_BACKLOG = 16 };

static int add(struct sockets *s, int fd, enum socket_role role, const struct addr *bound)
{
	if (s->list.n >= FRAME_FDS_MAX)
		return -E2BIG;
	s->fds[s->list.n] = fd;
	s->list.roles[s->list.n] = (uint8_t)role;
	if (bound)
		s->list.bound[s->list.n] = *bound;
	s->list.n++;
	return 0;
}

static bool wanted(const struct addr *a, enum sockets_families families)
{
	size_t bytes = addr_len(a);
	return families == SOCKETS_ALL || (families == SOCKETS_IPV4 ? bytes == 4 : bytes == 16);
}

/* Opens one; a failure is logged and is the result. */
static int open_one(struct sockets *s, const struct addr *listen, uint16_t port, bool natt)
{
	struct addr bound = *listen;
	struct err err = { 0 };
	int fd;

	if (bound.port == 0)
		bound.port = port;
	int r = udp_open(&bound, UDP_BYPASS | (natt ? UDP_NATT : 0), &fd, &err);
	if (r == 0) {
		r = add(s, fd, natt ? SOCKET_UDP_NATT : SOCKET_UDP_IKE, &bound);
		if (r < 0) {
			close(fd);
			(void)err_set(&err, r, "more than %d sockets", FRAME_FDS_MAX);
		}
	}
	if (r == 0)
		LOG(DEBUG, "socket_open", F_ADDR("local", &bound), F_INT("natt", natt));
	else
		LOG(WARNING, "socket_failed", F_ADDR("local", &bound), F_STR("reason", err.text));
	return r;
}

static void open_each(struct sockets *s, const struct addr *listen, size_t n, uint16_t port,
		      bool natt, enum sockets_families families)
{
	for (size_t i = 0; i < n; i++) {
		if (wanted(&listen[i], families))
			(void)!open_one(s, &listen[i], port, natt);
	}
}

/* The same addresses, each with the port of its kind. */
static size_t copy_without_ports(const struct addr *from, size_t n, struct addr *ret)
{
	for (size_t i = 0; i < n; i++) {
		ret[i] = from[i];
		ret[i].port = 0;
	}
	return n;
}

int sockets_open_udp(struct sockets *s, const struct policy *policy, enum sockets_families families,
		     struct err *err)
{
	struct addr any[2], natt[POLICY_ADDRS_MAX];
	const struct addr *listen = policy->listen;
	size_t n = policy->n_listen, n_natt = policy->n_listen_natt;

	if (n == 0) {
		if (addr_parse("0.0.0.0", &any[0]) < 0 || addr_parse("::", &any[1]) < 0)
			return err_set(err, -EINVAL, "no wildcard addresses");
		listen = any;
		n = N_ELEMENTS(any);
	}
	/* IKEv2 needs 4500 wherever it has 500 (RFC 7296 2.23). */
	if (n_natt == 0)
		n_natt = copy_without_ports(listen, n, natt);
	else
		memcpy(natt, policy->listen_natt, sizeof(natt));
	open_each(s, listen, n, policy->port, false, families);
	open_each(s, natt, n_natt, policy->natt_port, true, families);
	if (s->list.n == 0)
		return err_set(err, -EADDRNOTAVAIL, "no UDP socket could be opened");
	return 0;
}

int sockets_make_folder(const char *path, mode_t mode, struct err *err)
{
	char above[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (len > 0 && len < sizeof(above)) {
		memcpy(above, path, len);
		above[len] = 0;
		(void)mkdir(above, 0755);
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return err_set(err, -errno, "folder %s: %s", path, strerror(errno));
	return 0;
}

/* Somebody answers at a socket's address: it must stay his. */
static bool is_alive(const struct sockaddr_un *where)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)where, sizeof(*where)) == 0;
	if (fd >= 0)
		close(fd);
	return alive;
}

static int bind_control(int fd, const struct sockaddr_un *where)
{
	mode_t before = umask(0177);
	int r = bind(fd, (const struct sockaddr *)where, sizeof(*where)) < 0 ? -errno : 0;

	umask(before);
	if (r == 0 && listen(fd, CONTROL_BACKLOG) < 0)
		r = -errno;
	return r;
}

int sockets_open_control(struct sockets *s, const char *path, struct err *err)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };

	if (!path[0])
		return 0;
	if (strlen(path) >= sizeof(where.sun_path))
		return err_set(err, -ENAMETOOLONG, "control socket %s: the path is too long", path);
	memcpy(where.sun_path, path, strlen(path));
	if (is_alive(&where))
		return err_set(err, -EADDRINUSE, "another tanukid answers at %s", path);
	(void)unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = fd < 0 ? -errno : bind_control(fd, &where);
	if (r == 0)
		r = add(s, fd, SOCKET_CONTROL, NULL);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		return err_set(err, r, "control socket %s: %s", path, strerror(-r));
	}
	return 0;
}

void sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->list.n; i++)
		close(s->fds[i]);
	s->list.n = 0;
}
