/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket, served inside the engine process: lines of JSON, see ctl/request.h.
 * Nothing here blocks: a command that takes time is answered when it is done, and a
 * client that does not read is dropped.
 */
#ifndef TANUKI_CTL_CTL_H
#define TANUKI_CTL_CTL_H

#include <sys/types.h>

#include "base/attr.h"
#include "base/log.h"
#include "base/loop.h"
#include "policy/policy.h"

struct ctl;
struct engine;

/* Everything but the descriptor is borrowed for its life. */
struct ctl_ports {
	struct loop *loop;
	struct engine *engine;
	const struct policy *policy;
	const char *version;
	int64_t started_ms; /* on the loop's clock */
	uid_t owner_uid;    /* who may connect: 0 */
};

enum { CTL_CLIENTS_MAX = 64, CTL_IDLE_LIMIT_MS = 10 * 1000, CTL_OUT_MAX_BYTES = 1024 * 1024 };

/* Takes over the listening socket.  NULL without memory: it stays the caller's. */
struct ctl *ctl_new(const struct ctl_ports *ports, int listen_fd);
void ctl_free(struct ctl *c);
/* A log record, for those who asked for events.  Safe to call from the log's sink. */
void ctl_log_line(struct ctl *c, enum log_level level, const char *line);
size_t ctl_n_clients(const struct ctl *c);

DEFINE_FREEP(struct ctl, ctl_free)

#endif
