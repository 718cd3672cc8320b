/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in configuration payloads (RFC 7296 3.15, RFC 8598), read and written: pure
 * functions.  A reply's values are checked here; what is not as it should be is left out.
 */
#ifndef TANUKI_IKE_CONFIG_READ_H
#define TANUKI_IKE_CONFIG_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/wire.h"
#include "msg/pl.h"
#include "policy/inner.h"
#include "policy/pool.h"

enum { CONFIG_REFUSED_MAX = 4, CONFIG_ATTRIBUTES_MAX_BYTES = 2048 };

/* What the peer asks for; a suggestion that is none of a host is as if it were empty. */
struct config_request {
	bool address[INNER_FAMILIES];
	struct addr suggested[INNER_FAMILIES]; /* unset: any */
	bool netmask, dns[INNER_FAMILIES], nbns, domains, version, supported;
};
void config_read_request(const struct pl_cp *cp, struct config_request *ret);
/* CFG_REPLY's attributes: the addresses, and of the rest what was asked for and the pool has. */
void config_write_reply(struct wr *w, const struct config_request *q,
			const struct pool_config *pool, const struct addr addr[INNER_FAMILIES]);
/* The same for a request that is about no address: version and supported attributes. */
void config_write_about(struct wr *w, const struct config_request *q);

/* CFG_REQUEST's attributes of a client that wants these families. */
void config_write_request(struct wr *w, const bool wants[INNER_FAMILIES],
			  const struct addr suggested[INNER_FAMILIES]);

/* What the peer gives us; only the first address of each family that we want counts. */
struct config_reply {
	struct addr addr[INNER_FAMILIES]; /* unset: none */
	struct inner_dns dns;
	/* attributes whose value cannot be used: all of them, and the first few */
	uint16_t n_refused;
	struct {
		uint16_t type;
		struct slice value; /* borrowed */
	} refused[CONFIG_REFUSED_MAX];
};
void config_read_reply(const struct pl_cp *cp, const bool wants[INNER_FAMILIES],
		       struct config_reply *ret);

#endif
