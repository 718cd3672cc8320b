/* SPDX-License-Identifier: BSD-2-Clause */
/* What the monitor opens for the engine: UDP sockets and the control socket. */
#ifndef TANUKI_PRIV_SOCKETS_H
#define TANUKI_PRIV_SOCKETS_H

#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"
#include "policy/policy.h"
#include "priv/request.h"

/* Which families to use: options -4 and -6. */
enum sockets_families { SOCKETS_ALL, SOCKETS_IPV4, SOCKETS_IPV6 };

struct sockets {
	struct request_sockets list;
	int fds[FRAME_FDS_MAX];
};

/*
 * Opens the UDP sockets of the policy.  One that cannot be had (a family that this machine does
 * not do) is logged; only if none is left that is an error.
 */
MUST_USE int sockets_open_udp(struct sockets *s, const struct policy *policy,
			      enum sockets_families families, struct err *err);
/*
 * Opens the control socket, which only root can connect to; a path of "" opens none.
 * -EADDRINUSE if a daemon answers there.  What a dead one left is replaced.
 */
MUST_USE int sockets_open_control(struct sockets *s, const char *path, struct err *err);
/* Closes our copies. */
void sockets_close(struct sockets *s);

/* Makes a folder (and the one above it, for all to read) for root; one that is there is fine. */
MUST_USE int sockets_make_folder(const char *path, mode_t mode, struct err *err);

#endif
