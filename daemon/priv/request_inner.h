/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies of the requests about inner addresses; priv/request.h has the table. */
#ifndef TANUKI_PRIV_REQUEST_INNER_H
#define TANUKI_PRIV_REQUEST_INNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "policy/inner.h"
#include "policy/lease.h"
#include "policy/pool.h"

enum { REQUEST_LEASES_MAX = 64, REQUEST_LINK_MAX_BYTES = 16 };

/* The body of LEASE_GET is a struct lease_ask, that of INNER_SET a struct inner_set. */
struct request_lease {
	int32_t result; /* what lease_get() returned */
	struct addr addr[INNER_FAMILIES];
};

/* LEASE_PUT and INNER_DROP */
struct request_holder {
	uint64_t holder;
};

/* Goes on after the cursor, which is 0 at first. */
struct request_lease_list {
	uint64_t cursor;
};

struct request_leases {
	uint64_t cursor;
	bool end;
	uint32_t n, n_all;
	struct request_lease_entry {
		char pool[POOL_NAME_MAX_BYTES];
		struct id id;
		struct addr addr;
		uint32_t n_holders;
		bool fixed;
		int64_t used_sec;
	} list[REQUEST_LEASES_MAX];
};

struct request_names {
	char link[REQUEST_LINK_MAX_BYTES];
	struct inner_dns dns; /* without servers: the link has none any more */
};

#endif
