/* SPDX-License-Identifier: BSD-2-Clause */
/* What a child's packets look like outside: words of racoon.conf, without any logic. */
#ifndef TANUKI_POLICY_MODE_H
#define TANUKI_POLICY_MODE_H

/*
 * RFC 4301 4.1; BEET: a tunnel between two hosts whose addresses are in the SA, not in every packet.
 */
enum child_mode { CHILD_TUNNEL, CHILD_TRANSPORT, CHILD_BEET, CHILD_MODES_N };
/* The traffic class of a tunnel's inner header is copied to the outer one (RFC 4301 5.1.2), or back. */
enum copy_dscp { COPY_DSCP_OUT, COPY_DSCP_IN, COPY_DSCP_BOTH, COPY_DSCP_OFF, COPY_DSCP_N };

/* "tunnel", "transport", "beet": racoon.conf's words, the log's and JSON's. */
const char *child_mode_name(enum child_mode mode);
/* "out", "in", "both", "off": racoon.conf's words. */
const char *copy_dscp_name(enum copy_dscp copy);

#endif
