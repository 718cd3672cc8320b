/* SPDX-License-Identifier: BSD-2-Clause */
/* Kept messages: some were encrypted on the wire, so all are wiped. */
#include "ike/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

int bytes_copy(struct bytes *ret, struct slice from)
{
	uint8_t *p = malloc(from.len);
	if (!p)
		return -ENOMEM;
	memcpy(p, from.p, from.len);
	bytes_done(ret);
	*ret = (struct bytes){ .p = p, .len = from.len };
	return 0;
}

void bytes_done(struct bytes *b)
{
	if (b->p)
		secret_wipe(b->p, b->len);
	free(b->p);
	*b = (struct bytes){ 0 };
}
