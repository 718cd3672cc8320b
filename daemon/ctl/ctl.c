/* SPDX-License-Identifier: BSD-2-Clause */
/* Accepts clients, as many as there may be, and only of one user. */
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/connection.h"
#include "ctl/request.h"

/* Without descriptors accepting pauses: a level-triggered loop would spin. */
enum { ACCEPT_PAUSE_MS = 1000 };

struct ctl {
	struct ctl_ports ports;
	int listen_fd;
	struct loop_fd *event;
	struct loop_timer *pause;
	struct list clients;
	bool telling; /* a record about telling is not told */
};

static void on_client(void *arg, int fd);

static void on_pause_over(void *arg)
{
	struct ctl *c = arg;

	if (!c->event)
		c->event = loop_fd_new(c->ports.loop, c->listen_fd, on_client, c);
	if (!c->event)
		loop_timer_arm(c->pause, ACCEPT_PAUSE_MS);
}

static void pause_accepting(struct ctl *c)
{
	LOG(WARNING, "ctl_accept_failed", F_STR("reason", strerror(errno)));
	loop_fd_free(c->event);
	c->event = NULL;
	loop_timer_arm(c->pause, ACCEPT_PAUSE_MS);
}

/* A last line for one that gets no connection; whether it can be read is its own affair. */
static void turn_away(int fd, const char *text)
{
	json_t *reply = ctl_reply_error(-EACCES, text);
	char *line = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	if (line) {
		(void)!send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)!send(fd, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	free(line);
	json_decref(reply);
	close(fd);
}

static bool is_owner(const struct ctl *c, int fd)
{
	struct ucred who = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       who.uid == c->ports.owner_uid;
}

static void on_client(void *arg, int listen_fd)
{
	struct ctl *c = arg;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			pause_accepting(c);
		return;
	}
	if (!is_owner(c, fd)) {
		LOG(WARNING, "ctl_refused",
		    F_STR("reason", "only root may use the control socket"));
		turn_away(fd, "only root may use the control socket");
	} else if (ctl_n_clients(c) >= CTL_CLIENTS_MAX) {
		turn_away(fd, "too many clients");
	} else if (!connection_new(&c->ports, fd, &c->clients)) {
		turn_away(fd, "out of memory");
	}
}

struct ctl *ctl_new(const struct ctl_ports *ports, int listen_fd)
{
	struct ctl *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ports = *ports;
	c->listen_fd = -1;
	list_init(&c->clients);
	c->pause = loop_timer_new(ports->loop, on_pause_over, c);
	c->event = loop_fd_new(ports->loop, listen_fd, on_client, c);
	if (!c->pause || !c->event || fcntl(listen_fd, F_SETFL, O_NONBLOCK) < 0) {
		ctl_free(c);
		return NULL;
	}
	c->listen_fd = listen_fd;
	return c;
}

void ctl_free(struct ctl *c)
{
	struct connection *client;

	if (!c)
		return;
	LIST_EACH(client, &c->clients, node)
		connection_free(client);
	loop_fd_free(c->event);
	loop_timer_free(c->pause);
	if (c->listen_fd >= 0)
		close(c->listen_fd);
	free(c);
}

static char *event_text(enum log_level level, const char *line)
{
	static const char *const names[] = {
		[LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_NOTIFY] = "notify",
		[LOG_INFO] = "info",   [LOG_DEBUG] = "debug",     [LOG_DEBUG2] = "debug2",
	};
	json_t *event = json_pack("{s:i, s:{s:s, s:s}}", "version", CTL_VERSION, "event", "level",
				  names[level], "line", line);
	char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;

	json_decref(event);
	return text;
}

void ctl_log_line(struct ctl *c, enum log_level level, const char *line)
{
	struct connection *client;
	char *text = NULL;

	if (c->telling)
		return;
	c->telling = true;
	LIST_EACH(client, &c->clients, node) {
		if (!client->wants_events)
			continue;
		if (!text)
			text = event_text(level, line);
		if (text)
			connection_push(client, text, strlen(text));
	}
	free(text);
	c->telling = false;
}

size_t ctl_n_clients(const struct ctl *c)
{
	const struct list *node;
	size_t n = 0;

	for (node = c->clients.next; node != &c->clients; node = node->next)
		n++;
	return n;
}
