/* SPDX-License-Identifier: BSD-2-Clause */
/* One client of the control socket: lines in, lines out, deadlines. */
#ifndef TANUKI_CTL_CONNECTION_H
#define TANUKI_CTL_CONNECTION_H

#include <stdbool.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "ctl/ctl.h"

struct connection {
	struct list node; /* in the owner's list */
	const struct ctl_ports *ports;
	int fd;
	struct loop_fd *event;
	struct loop_timer *deadline;
	char *in, *out;
	size_t in_bytes, in_size, out_bytes, out_size;
	/* A command is being carried out: what follows waits in the buffer. */
	bool busy;
	bool wants_events; /* gets every log record from now on */
	bool closing;      /* when all is written */
	bool dead;         /* too slow: freed by the next turn of the loop */
	/* delete-sa: SAs that are still there, and the first error. */
	size_t n_pending, n_done;
	struct err first_error;
	bool *freed; /* tells the function that is running its lines */
};

/* Takes over fd and enters the list.  NULL without memory: fd stays the caller's. */
struct connection *connection_new(const struct ctl_ports *ports, int fd, struct list *clients);
/* Also makes the engine forget it. */
void connection_free(struct connection *c);

/*
 * Sends one line and ends the command that it answers; reply's reference is stolen, NULL (no
 * memory) closes the connection.  The connection may be freed.
 */
void connection_reply(struct connection *c, json_t *reply);
void connection_reply_error(struct connection *c, int code, const char *text);
/* Sends a line outside of any command; a client that is too slow is dropped soon after. */
void connection_push(struct connection *c, const char *text, size_t len);

/* Carries out one line; in command.c.  The connection may be freed. */
void command_run(struct connection *c, const char *line, size_t len);

#endif
