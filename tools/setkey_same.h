/* SPDX-License-Identifier: BSD-2-Clause */
/* When two entries are the same one, and when they also say the same. */
#ifndef TANUKI_TOOLS_SETKEY_SAME_H
#define TANUKI_TOOLS_SETKEY_SAME_H

#include "setkey.h"

/* What the kernel tells entries apart by; unused bytes are zero. */
struct entry_key {
	union keydb_addr src, dst; /* without ports */
	uint32_t spi, if_id, ifindex;
	struct keydb_mark mark;
	uint16_t src_port, dst_port, src_port_mask, dst_port_mask, ctx_len;
	uint8_t is_policy, dir, proto, src_bits, dst_bits, src_any, dst_any, sub;
	char ctx[KEYDB_CTX_MAX_BYTES];
};

/* Of a command that adds, changes or deletes one entry. */
void entry_key_of(const struct command *c, struct entry_key *ret);
/*
 * Does the entry of the kernel already say what the script wants?  Both have the same key.
 * Counters, indexes and what is derived do not matter; a policy that wants some reqid of its own
 * is content with any that the kernel's has.
 */
bool entry_same_sa(const struct keydb_sa *kernel, const struct keydb_sa *wanted);
bool entry_same_policy(const struct keydb_policy *kernel, const struct keydb_policy *wanted);
/* Apart from the limits. */
bool entry_same_sa_but_limits(const struct keydb_sa *kernel, const struct keydb_sa *wanted);

#endif
