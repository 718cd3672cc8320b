/* SPDX-License-Identifier: BSD-2-Clause */
/* Which descriptors of the process are sessions, and PF_KEY on those that are none. */
#include "kame_session.h"
#include "keydb_int.h"
#include "nlio.h"
#include "pfkey_io.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECEIVE_BUFFER_BYTES = 4 << 20 };

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kame_session *registry;

/* ---- lives ---- */

static void free_session(struct kame_session *s)
{
	kame_requests_clear(&s->requests);
	kame_list_clear(&s->out);
	pfkey_io_free(s->dump.held, s->dump.held_len);
	if (s->nl) {
		explicit_bzero(nlmsg_hdr(s->nl), nlmsg_hdr(s->nl)->nlmsg_len);
		nlmsg_free(s->nl);
	}
	if (s->in)
		explicit_bzero(s->in, NLIO_DATAGRAM_MAX_BYTES);
	free(s->in);
	keydb_close(s->side);
	data_path_close(&s->path);
	pthread_mutex_destroy(&s->lock);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static struct kame_session *new_session(int fd, uint32_t portid)
{
	struct kame_session *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	s->known_fd = s->fd = fd;
	s->portid = portid;
	s->refs = 1; /* the registry's */
	s->path = DATA_PATH_NONE;
	s->nl = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	s->in = malloc(NLIO_DATAGRAM_MAX_BYTES);
	if (s->nl && s->in)
		return s;
	free_session(s);
	return NULL;
}

struct keydb *kame_session_side(struct kame_session *s)
{
	struct keydb *k = s->side ? NULL : calloc(1, sizeof(*k));
	if (!k)
		return s->side;
	k->transport = &keydb_transport_netlink;
	if (k->transport->open(k)) {
		free(k);
		return NULL;
	}
	s->side = k;
	return k;
}

/* With the registry's lock held. */
static void put_locked(struct kame_session *s)
{
	if (!--s->refs)
		free_session(s);
}

static void put_session(struct kame_session *s)
{
	pthread_mutex_lock(&registry_lock);
	put_locked(s);
	pthread_mutex_unlock(&registry_lock);
}

/* ---- the registry ---- */

static bool is_socket_of(const struct kame_session *s, const struct stat *st)
{
	return s->ino == st->st_ino && s->dev == st->st_dev;
}

/* Takes out those whose descriptors were closed behind our back. */
static void sweep_locked(void)
{
	struct kame_session **at = &registry;
	while (*at) {
		struct kame_session *s = *at;
		struct stat st;
		if (!fstat(s->known_fd, &st) && is_socket_of(s, &st)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		put_locked(s);
	}
}

int kame_session_attach(int fd, uint32_t portid)
{
	struct stat st;
	if (fstat(fd, &st))
		return -errno;
	struct kame_session *s = new_session(fd, portid);
	if (!s)
		return -ENOMEM;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	pthread_mutex_lock(&registry_lock);
	sweep_locked();
	s->next = registry;
	registry = s;
	pthread_mutex_unlock(&registry_lock);
	return 0;
}

/*
 * The session of a socket, found by its inode: a number that was closed and given to another file
 * is not mistaken, and a duplicate of the descriptor will do.  NULL if it is none.
 */
static struct kame_session *get_session(int so)
{
	struct kame_session *s;
	struct stat st;
	if (fstat(so, &st))
		return NULL;
	pthread_mutex_lock(&registry_lock);
	for (s = registry; s && !is_socket_of(s, &st); s = s->next)
		;
	if (s) {
		s->known_fd = so;
		s->refs++;
	}
	pthread_mutex_unlock(&registry_lock);
	return s;
}

void kame_session_close(int so)
{
	pthread_mutex_lock(&registry_lock);
	close(so);
	sweep_locked();
	pthread_mutex_unlock(&registry_lock);
}

/* ---- opening ---- */

static void set_options(int fd)
{
	int size = RECEIVE_BUFFER_BYTES, on = 1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
}

static int bind_socket(int fd, uint32_t *ret_portid)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(self);
	if (bind(fd, (struct sockaddr *)&self, len) ||
	    getsockname(fd, (struct sockaddr *)&self, &len))
		return -errno;
	if (ret_portid)
		*ret_portid = self.nl_pid;
	return 0;
}

int kame_session_socket(uint32_t *ret_portid)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	if (fd < 0)
		return errno == EAFNOSUPPORT ? -EPROTONOSUPPORT : -errno;
	set_options(fd);
	int rc = bind_socket(fd, ret_portid);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

/* PF_KEY's sockets hear of these without asking.  Who may not join may not use XFRM either. */
static int join_changes(int fd)
{
	static const int groups[] = { XFRMNLGRP_SA, XFRMNLGRP_POLICY };
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int rc = kame_netlink_join(fd, groups[i]);
		if (rc)
			return rc;
	}
	kame_netlink_join(fd, XFRMNLGRP_MIGRATE); /* not every kernel migrates */
	return 0;
}

static int open_netlink(void)
{
	uint32_t portid;
	int fd = kame_session_socket(&portid);
	if (fd < 0)
		return fd;
	int rc = join_changes(fd);
	if (!rc)
		rc = kame_session_attach(fd, portid);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

int kame_session_open(void)
{
	const struct keydb_transport *first, *other;
	int rc = keydb_transport_choose(&first, &other);
	if (rc)
		return rc;
	if (first == &keydb_transport_pfkey)
		return pfkey_io_open();
	rc = open_netlink();
	return rc == -EPROTONOSUPPORT && other ? pfkey_io_open() : rc;
}

/* ---- sending and receiving ---- */

int kame_session_send(int so, const void *msg, size_t len)
{
	struct kame_session *s = get_session(so);
	if (!s)
		return pfkey_io_send(so, msg, len);
	pthread_mutex_lock(&s->lock);
	s->fd = so;
	int rc = kame_netlink_send(s, msg, len);
	pthread_mutex_unlock(&s->lock);
	put_session(s);
	return rc;
}

/* 1 if there is something to read, 0 if the time is up. */
static int wait_readable(int so, int64_t deadline_ms)
{
	struct pollfd p = { .fd = so, .events = POLLIN };
	for (;;) {
		int64_t left = deadline_ms < 0 ? -1 : deadline_ms - pfkey_io_now_ms();
		int n = poll(&p, 1, deadline_ms < 0 ? -1 : left > 0 ? (int)left : 0);
		if (n >= 0)
			return n;
		if (errno != EINTR)
			return -errno;
	}
}

/* Another thread may send, or take the message, while this one waits. */
static int receive(struct kame_session *s, int so, int wait_ms, struct sadb_msg **ret,
		   size_t *ret_len)
{
	int64_t deadline_ms = wait_ms < 0 ? -1 : pfkey_io_now_ms() + wait_ms;
	for (;;) {
		pthread_mutex_lock(&s->lock);
		s->fd = so;
		int rc = kame_netlink_recv(s, ret, ret_len);
		pthread_mutex_unlock(&s->lock);
		if (rc)
			return rc < 0 ? rc : 0;
		rc = wait_readable(so, deadline_ms);
		if (rc <= 0)
			return rc ? rc : -ETIMEDOUT;
	}
}

int kame_session_recv(int so, int wait_ms, struct sadb_msg **ret, size_t *ret_len)
{
	struct kame_session *s = get_session(so);
	if (!s)
		return pfkey_io_recv(so, wait_ms, ret, ret_len);
	int rc = receive(s, so, wait_ms, ret, ret_len);
	put_session(s);
	return rc;
}
