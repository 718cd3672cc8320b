/* SPDX-License-Identifier: BSD-2-Clause */
/* A keeper with one pre-shared key for everybody, which answers late. */
#ifndef TANUKI_SIM_KEEPER_FAKE_H
#define TANUKI_SIM_KEEPER_FAKE_H

#include <stdint.h>

#include "base/loop.h"
#include "priv/keeper.h"

struct keeper_fake;

/* psk NULL: nobody has a key (-ENOKEY).  Borrowed.  NULL without memory. */
struct keeper_fake *keeper_fake_new(struct loop *l, int64_t delay_ms, const char *psk);
void keeper_fake_free(struct keeper_fake *f);
struct keeper *keeper_fake_port(struct keeper_fake *f);
/* From now on each check of an AUTH ends with this result. */
void keeper_fake_break_verify(struct keeper_fake *f, int result);

#endif
