/* SPDX-License-Identifier: BSD-2-Clause */
/* Public random numbers of a simulation, put in by the linker (--wrap=rng_public). */
#include "sim/random.h"

#include "crypto/rng.h"
#include "sim/wire.h"

static struct prng prng;
static bool seeded;

void random_seed(uint64_t seed)
{
	prng = prng_of(seed ^ UINT64_C(0x9e3779b97f4a7c15));
	seeded = true;
}

int __real_rng_public(void *p, size_t len);
int __wrap_rng_public(void *p, size_t len);
int __wrap_rng_public(void *p, size_t len)
{
	uint8_t *bytes = p;
	if (!seeded)
		return __real_rng_public(p, len);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(prng_next(&prng) >> 32);
	return 0;
}
