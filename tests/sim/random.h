/* SPDX-License-Identifier: BSD-2-Clause */
/* SPIs and nonces decide who yields: with a seed they are the same in each run. */
#ifndef TANUKI_SIM_RANDOM_H
#define TANUKI_SIM_RANDOM_H

#include <stdint.h>

/* From here on rng_public() is a function of the seed; secrets stay random. */
void random_seed(uint64_t seed);

#endif
