/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults that a seeded generator puts where the linker lets a test step in (--wrap):
 * memory that is not there, and a peer that knows the keys and still sends nonsense.
 */
#ifndef TANUKI_SIM_FAULTS_H
#define TANUKI_SIM_FAULTS_H

#include <stdint.h>

#include "sim/wire.h"

struct faults {
	struct prng prng;
	uint32_t no_memory_permille; /* of allocations; 0: none */
	uint32_t nonsense_percent;   /* of sealed messages; 0: none */
	unsigned long n;             /* that happened */
};

/* In force until the next call; NULL ends it.  Borrowed. */
void faults_set(struct faults *f);

#endif
