/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a PF_KEY message, both ways: refused, or what is read can be written and read.  An
 * entry that is added or updated is then the same, because what Linux' PF_KEY cannot carry is refused when it is written.
 */
#include "model_unit.h"
#include "sadb_codec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Other requests name an entry only, whatever else stands in them. */
static bool is_whole(const struct sadb_message *m)
{
	return !m->error && (m->type == SADB_ADD || m->type == SADB_UPDATE ||
			     m->type == SADB_X_SPDADD || m->type == SADB_X_SPDUPDATE);
}

static bool same(struct sadb_message *a, struct sadb_message *b)
{
	model_plain_sa(&a->sa);
	model_plain_sa(&b->sa);
	model_plain_policy(&a->policy);
	model_plain_policy(&b->policy);
	if (a->type == SADB_ADD || a->type == SADB_UPDATE)
		return !memcmp(&a->sa, &b->sa, sizeof(a->sa));
	return !memcmp(&a->policy, &b->policy, sizeof(a->policy));
}

static void try_way(enum pfkey_way way, const uint8_t *data, size_t size)
{
	static uint8_t buf[1 << 19];
	struct sadb_message m, again;
	const char *why = NULL;
	size_t len;
	if (sadb_decode(way, data, size, &m, &why)) {
		if (!why || !why[0])
			abort();
		return;
	}
	if (sadb_encode(way, &m, buf, sizeof(buf), &len, &why)) {
		if (!why || !why[0])
			abort();
		return; /* PF_KEY on Linux says less than its format */
	}
	if (sadb_decode(way, buf, len, &again, &why))
		abort();
	if (way == PFKEY_REQUEST && is_whole(&m) && !same(&m, &again))
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
