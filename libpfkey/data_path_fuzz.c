/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as tanuki.ko's file: what is taken is written and read again. */
#include "data_path.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keydb_data_path d, again;
	char text[256];
	if (data_path_parse((const char *)data, size, &d))
		return 0;
	int n = snprintf(text, sizeof(text), "Tag\t%u\nEsp\t%s\nAh\t%s\nPolicies\t%u\n", d.tag,
			 d.esp, d.ah, d.n_policies);
	if (data_path_parse(text, (size_t)n, &again) || memcmp(&d, &again, sizeof(d)) != 0)
		abort();
	return 0;
}
