/* SPDX-License-Identifier: GPL-2.0-only */
/* Our own ESP and AH in the core's tables. */
#ifndef TANUKI_PROTO_H
#define TANUKI_PROTO_H

#include <linux/module.h>
#include <linux/crypto.h>
#include <net/xfrm.h>
#include "compat.h"

extern const struct xfrm_type tk_esp_type, tk_ah_type;

/*
 * Registers our types as the parameter "types" says: "own" fails with -EEXIST where
 * somebody else has the slots, "auto" leaves them to him, "core" does nothing.
 */
int tk_proto_init(void);
void tk_proto_exit(void);
/* Whose ESP or AH new SAs get: "own", "core" (another's, or nobody's), or "lost". */
const char *tk_proto_whose(u8 proto);
/* Says so, once, when somebody has overwritten our types. */
void tk_proto_check(void);

#endif
