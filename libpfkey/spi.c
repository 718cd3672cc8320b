/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that we choose because the kernel's way of choosing them does not scale. */
#include "keydb_int.h"

#include <errno.h>
#include <sys/random.h>

enum { SPI_MIN = 256, SPI_TRIES = 64 };

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit of x reaches every bit. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint32_t keydb_reqid(uint64_t a, uint64_t b)
{
	uint64_t h = mix(mix(a + 0x9e3779b97f4a7c15u) ^ b);
	return KEYDB_REQID_MANUAL_MAX + 1 + (uint32_t)(h % (UINT32_MAX - KEYDB_REQID_MANUAL_MAX));
}

static int random_u64(uint64_t *ret)
{
	return getrandom(ret, sizeof(*ret), 0) == sizeof(*ret) ? 0 : -EIO;
}

int keydb_policy_set_reqids(struct keydb_policy *p)
{
	for (size_t i = 0; i < KEYDB_TEMPLATES_MAX && i < p->n_templates; i++) {
		struct keydb_template *t = &p->templates[i];
		uint64_t random;
		if (t->level != KEYDB_LEVEL_UNIQUE || t->reqid)
			continue;
		if (random_u64(&random))
			return -EIO;
		t->reqid = keydb_reqid(random, i);
	}
	return 0;
}

int keydb_spi_choose(struct keydb *k, const union keydb_addr *dst, uint8_t proto, uint32_t min,
		     uint32_t max, uint32_t *ret_spi)
{
	struct keydb_sa_id id = { .dst = *dst, .proto = proto };
	struct keydb_sa sa;
	uint64_t random, range = (uint64_t)max - min + 1;

	if (min < SPI_MIN || min > max)
		return keydb_error_set(k, -EINVAL, "no such SPIs");
	if (random_u64(&random))
		return keydb_error_set(k, -EIO, "no random numbers");
	for (uint64_t i = 0; i < SPI_TRIES && i < range; i++) {
		/* A small range is walked through, so that a free SPI in it is found. */
		uint64_t at = range <= SPI_TRIES ? random + i : mix(random + i);
		id.spi = min + (uint32_t)(at % range);
		int rc = keydb_sa_get(k, &id, &sa);
		if (rc == -ESRCH) {
			*ret_spi = id.spi;
			return 0;
		}
		if (rc)
			return rc;
	}
	return keydb_error_set(k, -EEXIST, "no free SPI found");
}
