/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traffic as racoon.conf names it, one side of it:
 *
 *	anonymous | address|subnet NET [PORT] UPPER [type T [code C]], ...
 *
 * NET is an address, a prefix or a range; PORT, T and C are numbers or ranges.
 */
#ifndef TANUKI_CONFIG_SELECTOR_H
#define TANUKI_CONFIG_SELECTOR_H

#include <stdio.h>

#include "base/attr.h"
#include "config/args.h"
#include "policy/ts.h"

/* *ret is empty for "anonymous".  -EINVAL with the error of a. */
MUST_USE int selector_take(struct args *a, struct ts_list *ret);
/* As selector_take() reads it. */
void selector_print(const struct ts_list *list, FILE *out);

#endif
