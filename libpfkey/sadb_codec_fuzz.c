/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a PF_KEY message, both ways: refused, or what is read can be written and read. */
#include "sadb_codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_way(enum pfkey_way way, const uint8_t *data, size_t size)
{
	static uint8_t buf[1 << 19];
	struct sadb_message m, again;
	const char *why;
	size_t len;
	if (sadb_decode(way, data, size, &m, &why))
		return;
	if (sadb_encode(way, &m, buf, sizeof(buf), &len, &why))
		return; /* PF_KEY on Linux says less than its format */
	if (sadb_decode(way, buf, len, &again, &why))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keydb_policy p;
	const char *why;
	try_way(PFKEY_REQUEST, data, size);
	try_way(PFKEY_REPLY, data, size);
	if (sadb_decode_policy(data, size, &p, &why) == 0 && p.n_templates > KEYDB_TEMPLATES_MAX)
		abort();
	return 0;
}
