/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as psk.txt. */
#include "config/psk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct psk_table *t = NULL;
	struct err err;
	struct addr addr = { 0 };
	if (psk_parse("fuzz", (const char *)data, size, NULL, &t, &err))
		return 0;
	(void)psk_find(t, "192.0.2.1", &addr);
	psk_free(t);
	return 0;
}
