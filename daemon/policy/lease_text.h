/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leases as text, for the file that outlives the daemon:
 *
 *	tanuki-leases 1
 *	lease POOL|- FAMILY-OF-IDENTITY HEX-OF-IDENTITY ADDRESS LAST-USED
 *	end NUMBER-OF-LEASES
 *
 * The file may be anything: what is not a lease of ours is left out and counted.
 */
#ifndef TANUKI_POLICY_LEASE_TEXT_H
#define TANUKI_POLICY_LEASE_TEXT_H

#include <stddef.h>

#include "base/attr.h"
#include "policy/lease.h"

enum { LEASE_TEXT_MAX_BYTES = 64 * 1024 * 1024 };

/* All leases; malloc()ed, the caller's.  -ENOMEM. */
MUST_USE int lease_text_write(const struct lease_table *t, char **ret, size_t *ret_len);

struct lease_text_result {
	size_t n_restored;
	size_t n_foreign;   /* well formed, but of no pool (any more), or taken */
	size_t n_malformed; /* lines that are none */
	bool cut;           /* the end is missing */
};
/*
 * Restores what the text has, longest unused first.  -EINVAL: it is none of ours, or longer than
 * LEASE_TEXT_MAX_BYTES: nothing is restored; -ENOMEM: perhaps some.
 */
MUST_USE int lease_text_read(struct lease_table *t, const char *text, size_t len,
			     struct lease_text_result *ret);

#endif
