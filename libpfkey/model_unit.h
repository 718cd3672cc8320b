/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For property tests: random SAs and policies, everything that the model can hold and a kernel can
 * be asked for, and when two of them mean the same.  Nothing here fails: no test is stopped.
 */
#ifndef LIBPFKEY_MODEL_UNIT_H
#define LIBPFKEY_MODEL_UNIT_H

#include <keydb.h>

/* The same seed makes the same values, on every machine. */
struct model_random {
	uint64_t state;
	/* One in so many of what need not be there is there; 1 is all of it. */
	uint32_t rarity;
};

/*
 * The seed of the n-th case of a test, from MODEL_SEED in the environment if it is set: a test
 * that fails names the case's seed, and with that in MODEL_SEED its first case is the same.
 */
uint64_t model_case_seed(uint64_t n);
struct model_random model_random_of(uint64_t seed, uint32_t rarity);

uint32_t model_u32(struct model_random *r);
/* 0..n-1 */
uint32_t model_below(struct model_random *r, uint32_t n);

/* IPv4 or IPv6, never the open address. */
union keydb_addr model_any_addr(struct model_random *r, bool v6);

/* All of *ret is set; what only dumps have, index and kernel_seq are 0. */
void model_any_sa(struct model_random *r, struct keydb_sa *ret);
void model_any_policy(struct model_random *r, struct keydb_policy *ret);

/*
 * Replaces each way to say a thing by one of them: no limit, no selector, any mode of an SA, the
 * defaults of an algorithm, the family of a template behind others, templates of what does not
 * protect.  After it values that mean the same are equal in every byte.  Usage, state and sequence
 * numbers are cleared.
 */
void model_plain_sa(struct keydb_sa *sa);
void model_plain_policy(struct keydb_policy *p);
/*
 * The same, and what the kernel does not keep apart: levels, ports and transport addresses of
 * templates, an open selector of an SA's own family.
 */
void model_kernel_sa(struct keydb_sa *sa);
void model_kernel_policy(struct keydb_policy *p);

#endif
