/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the attributes of a configuration payload: what is believed passes the checks of
 * whoever uses it, and a reply made of it reads the same.
 */
#include <stdlib.h>
#include <string.h>

#include "ike/config_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const bool both[INNER_FAMILIES] = { true, true };

static void check_host(const struct addr *a)
{
	REQUIRE(!addr_is_set(a) || inner_host_ok(a));
}

static void read_again(const struct config_reply *reply)
{
	const struct config_request all = { .address = { true, true },
					    .dns = { true, true },
					    .domains = true };
	uint8_t buf[16384];
	struct wr w = wr_of(buf, sizeof(buf));
	struct pool_config pool = { .dns = reply->dns };
	struct config_reply again;
	config_write_reply(&w, &all, &pool, reply->addr);
	REQUIRE(!w.bad);
	struct pl_cp cp = { .type = CFG_REPLY, .attributes = wr_slice_of(&w) };
	config_read_reply(&cp, both, &again);
	REQUIRE(again.n_refused == 0);
	REQUIRE(memcmp(&again.dns, &reply->dns, sizeof(again.dns)) == 0);
	for (int i = 0; i < INNER_FAMILIES; i++)
		REQUIRE(addr_eq(&again.addr[i], &reply->addr[i]) ||
			(!addr_is_set(&again.addr[i]) && !addr_is_set(&reply->addr[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_cp cp = { .type = CFG_REQUEST, .attributes = slice_of(data, size) };
	struct config_request q;
	struct config_reply reply;

	config_read_request(&cp, &q);
	check_host(&q.suggested[INNER_V4]);
	check_host(&q.suggested[INNER_V6]);
	cp.type = CFG_REPLY;
	config_read_reply(&cp, both, &reply);
	check_host(&reply.addr[INNER_V4]);
	check_host(&reply.addr[INNER_V6]);
	REQUIRE(!inner_dns_fault(&reply.dns));
	read_again(&reply);
	return 0;
}
