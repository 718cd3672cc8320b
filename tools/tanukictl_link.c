/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket from the other side: lines of JSON with a deadline. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tanukictl.h"

enum { LINE_MAX_BYTES = 8 * 1024 * 1024, FIRST_BYTES = 64 * 1024 };

struct link {
	int fd;
	char *buf;
	size_t used, size;
};

static int explain(const char *path, int code, struct err *err)
{
	if (code == -ENOENT || code == -ECONNREFUSED)
		return err_set(err, code, "no tanukid answers at %s: is it running?", path);
	if (code == -EACCES || code == -EPERM)
		return err_set(err, code, "%s: only root may use the control socket", path);
	return err_set(err, code, "%s: %s", path, strerror(-code));
}

int link_open(const char *path, struct link **ret, struct err *err)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(where.sun_path))
		return err_set(err, -ENAMETOOLONG, "%s: the path is too long", path);
	memcpy(where.sun_path, path, strlen(path));
	struct link *l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, -ENOMEM, "out of memory");
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || connect(l->fd, (const struct sockaddr *)&where, sizeof(where)) < 0) {
		int code = -errno;
		link_close(l);
		return explain(path, code, err);
	}
	*ret = l;
	return 0;
}

void link_close(struct link *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l->buf);
	free(l);
}

int link_send(struct link *l, json_t *request, struct err *err)
{
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0, sent = 0;

	json_decref(request);
	if (!text)
		return err_set(err, -ENOMEM, "the request cannot be written");
	text[len++] = '\n'; /* in place of the zero */
	while (sent < len) {
		ssize_t n = send(l->fd, text + sent, len - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(text);
			return err_set(err, -errno, "sending: %s", strerror(errno));
		}
		sent += (size_t)n;
	}
	free(text);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1: readable. */
static int wait_readable(int fd, int64_t until_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r;

	do {
		int64_t left_ms = until_ms < 0 ? -1 : until_ms - now_ms();
		if (until_ms >= 0 && left_ms < 0)
			left_ms = 0;
		r = poll(&p, 1, (int)left_ms);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

static int grow(struct link *l)
{
	size_t size = l->size ? l->size * 2 : FIRST_BYTES;

	if (l->used < l->size)
		return 0;
	if (size > LINE_MAX_BYTES)
		return -EMSGSIZE;
	char *grown = realloc(l->buf, size);
	if (!grown)
		return -ENOMEM;
	l->buf = grown;
	l->size = size;
	return 0;
}

/* Takes the first line out of the buffer: 1, or 0 if it is not complete. */
static int take_line(struct link *l, json_t **ret, struct err *err)
{
	char *end = l->used ? memchr(l->buf, '\n', l->used) : NULL;
	json_error_t why;

	if (!end)
		return 0;
	size_t len = (size_t)(end - l->buf);
	json_t *json = json_loadb(l->buf, len, 0, &why);
	l->used -= len + 1;
	memmove(l->buf, end + 1, l->used);
	if (!json)
		return err_set(err, -EBADMSG, "the answer is not JSON: %s", why.text);
	*ret = json;
	return 1;
}

int link_receive(struct link *l, int64_t timeout_ms, json_t **ret, struct err *err)
{
	int64_t until_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	int r;

	while ((r = take_line(l, ret, err)) == 0) {
		r = wait_readable(l->fd, until_ms);
		if (r == 0)
			return err_set(err, -ETIMEDOUT, "the daemon does not answer");
		if (r > 0)
			r = grow(l);
		if (r < 0)
			return err_set(err, r, "receiving: %s", strerror(-r));
		ssize_t n = recv(l->fd, l->buf + l->used, l->size - l->used, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ECONNRESET)
			return err_set(err, -errno, "receiving: %s", strerror(errno));
		if (n <= 0)
			return 0;
		l->used += (size_t)n;
	}
	return r;
}
