/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An intrusive hash table keyed by 64-bit numbers (SPIs) and a keyed hash for
 * everything else that a peer can choose.
 */
#ifndef TANUKI_BASE_HASH_H
#define TANUKI_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct hash_node {
	struct hash_node *next;
	uint64_t key;
};

/* Grows by doubling; nodes belong to the caller. */
struct hash {
	struct hash_node **buckets;
	size_t n_buckets, n_nodes;
	uint8_t seed[16];
};

MUST_USE int hash_init(struct hash *h); /* -ENOMEM */
void hash_done(struct hash *h);         /* the nodes stay the caller's */
/* Adds node under key; -EEXIST if the key is there. */
MUST_USE int hash_add(struct hash *h, struct hash_node *node, uint64_t key);
struct hash_node *hash_find(const struct hash *h, uint64_t key);
/* Removes a node that is in the table. */
void hash_remove(struct hash *h, struct hash_node *node);
/*
 * Iteration in no order: pass NULL first.  The node returned may be removed before the
 * next call, which still reads it: free it after that.  Nothing may be added meanwhile.
 */
struct hash_node *hash_next(const struct hash *h, const struct hash_node *after);

/* SipHash-2-4 of the bytes (Aumasson, Bernstein 2012): flooding-safe with a random key. */
uint64_t hash_sip(const uint8_t key[16], const void *p, size_t len);
/* Fills p with len random bytes from the kernel; aborts if there are none. */
void hash_random(void *p, size_t len);

#endif
