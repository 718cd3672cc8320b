/* SPDX-License-Identifier: BSD-2-Clause */
/* Nonces of exchanges that crossed. */
#include "ike/nonce.h"

#include <string.h>

static bool is_lower(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.p, b.p, n);
	return order < 0 || (order == 0 && a.len < b.len);
}

void nonce_min_set(struct nonce_min *ret, struct slice a, struct slice b)
{
	struct slice low = is_lower(a, b) ? a : b;
	*ret = (struct nonce_min){ 0 };
	memcpy(ret->bytes, low.p, low.len < sizeof(ret->bytes) ? low.len : sizeof(ret->bytes));
}

bool nonce_min_is_lower(const struct nonce_min *a, const struct nonce_min *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) < 0;
}
