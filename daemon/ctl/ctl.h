/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket, served inside the engine process: lines of JSON, see ctl/request.h.
 * Nothing here blocks: a command that takes time is answered when it is done, and a
 * client that does not read is dropped.
 */
#ifndef TANUKI_CTL_CTL_H
#define TANUKI_CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/log.h"
#include "base/loop.h"
#include "policy/policy.h"

struct ctl;
struct engine;

/* One way in which the kernel is not as it should be; stable word, text for people. */
struct ctl_difference {
	const char *what, *entry;
};

/* The kernel compared with what is wanted; borrowed.  n: of n_all, those that are listed. */
struct ctl_kernel {
	int result;               /* 0 or negative errno */
	size_t n_sas, n_policies; /* that are as they should be */
	size_t n, n_all;
	const struct ctl_difference *list;
};
typedef void (*ctl_kernel_fn)(void *arg, const struct ctl_kernel *k);

/* An inner address, and whose it is or was. */
struct ctl_lease {
	const char *pool; /* "": that of mode_cfg { } */
	const struct id *id;
	const struct addr *addr;
	uint32_t n_holders; /* 0: nobody uses it now */
	bool fixed;
	int64_t used_sec; /* wall clock: since when, or until when; 0: never */
};

/* Some of n_all leases; borrowed. */
struct ctl_leases {
	size_t n, n_all;
	const struct ctl_lease *list;
	bool end;
	uint64_t cursor; /* unless this is the end: where it goes on */
};
typedef void (*ctl_leases_fn)(void *arg, const struct ctl_leases *l);

/* Everything but the descriptor is borrowed for its life. */
struct ctl_ports {
	struct loop *loop;
	struct engine *engine;
	const struct policy *policy;
	const char *version;
	const char *data_path; /* "tanuki" or "kernel" */
	int64_t started_ms;    /* on the loop's clock */
	uid_t owner_uid;       /* who may connect: 0 */
	/* Compares; done is called later, unless it is forgotten or the result is negative. */
	int (*kernel_diff)(void *arg, ctl_kernel_fn done, void *done_arg);
	/* Leases behind the cursor, 0 at first; likewise. */
	int (*leases)(void *arg, uint64_t cursor, ctl_leases_fn done, void *done_arg);
	void (*monitor_forget)(void *arg, void *done_arg);
	void *monitor_arg;
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
