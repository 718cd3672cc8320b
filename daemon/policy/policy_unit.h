/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests: selectors and addresses from text. */
#ifndef TANUKI_POLICY_POLICY_UNIT_H
#define TANUKI_POLICY_POLICY_UNIT_H

#include "base/unit.h"
#include "policy/ts.h"

static inline struct addr unit_addr(const char *text)
{
	struct addr a = { 0 };
	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* "first-last" or "addr/bits". */
static inline struct ts unit_ts(const char *text, uint8_t proto, uint16_t lo, uint16_t hi)
{
	struct ts ts = { .proto = proto };
	struct addr_prefix p;
	char first[64] = "";
	const char *dash = strchr(text, '-');
	if (dash) {
		memcpy(first, text, (size_t)(dash - text));
		ts.first = unit_addr(first);
		ts.last = unit_addr(dash + 1);
	} else {
		assert_int_equal(addr_parse_prefix(text, &p), 0);
		ts_of_prefix(&p, proto, 0, &ts);
	}
	ts.port_lo = lo;
	ts.port_hi = hi;
	return ts;
}

static inline struct ts unit_net(const char *text)
{
	return unit_ts(text, 0, 0, 65535);
}

#endif
