/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing the effective configuration: its parts. */
#ifndef TANUKI_CONFIG_PRINT_INT_H
#define TANUKI_CONFIG_PRINT_INT_H

#include <stdio.h>

#include "policy/policy.h"

/* "my_identifier fqdn "a.example"", without an end. */
void print_identity(FILE *out, const char *word, const struct id *id);
void print_pools(const struct policy *policy, FILE *out);

#endif
