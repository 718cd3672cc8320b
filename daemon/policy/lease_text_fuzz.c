/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a file of leases: what is restored is written, and reads the same again. */
#include <stdlib.h>
#include <string.h>

#include "policy/lease_text.h"
#include "policy/pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct policy *with_pools(void)
{
	struct policy *p = policy_new();
	REQUIRE(p);
	struct pool_config *a = policy_add_pool(p, ""), *b = policy_add_pool(p, "office");
	REQUIRE(a && b && addr_parse("10.9.0.1", &a->first[INNER_V4]) == 0 &&
		addr_parse("fd09::1", &b->first[INNER_V6]) == 0);
	a->size[INNER_V4] = b->size[INNER_V6] = 16;
	return p;
}

static char *written(const struct lease_table *t, size_t *ret_len)
{
	char *text = NULL;
	REQUIRE(lease_text_write(t, &text, ret_len) == 0);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *p = with_pools();
	struct lease_table *t = lease_table_new(p), *again = lease_table_new(p);
	struct lease_text_result r, r2;
	size_t len, len2;
	REQUIRE(t && again);
	if (lease_text_read(t, (const char *)data, size, &r) == 0) {
		char *text = written(t, &len);
		REQUIRE(lease_text_read(again, text, len, &r2) == 0);
		char *text2 = written(again, &len2);
		REQUIRE(r2.n_restored == r.n_restored && !r2.cut && len == len2 &&
			memcmp(text, text2, len) == 0);
		free(text);
		free(text2);
	}
	lease_table_free(t);
	lease_table_free(again);
	policy_unref(p);
	return 0;
}
