/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash-2-4 and a table of SPIs that uses it: no peer can aim at one bucket. */
#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum { N_BUCKETS_MIN = 16 };

static uint64_t load_le64(const uint8_t *p, size_t len)
{
	uint64_t v = 0;
	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static uint64_t rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

uint64_t hash_sip(const uint8_t key[16], const void *p, size_t len)
{
	uint64_t k0 = load_le64(key, 8), k1 = load_le64(key + 8, 8);
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
			  k1 ^ 0x7465646279746573 };
	const uint8_t *bytes = p;
	size_t whole = len & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8)
		sip_word(v, load_le64(bytes + i, 8));
	/* The last word holds what is left and, on top, the length modulo 256. */
	sip_word(v,
		 (uint64_t)len << 56 | (len > whole ? load_le64(bytes + whole, len - whole) : 0));
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void hash_random(void *p, size_t len)
{
	uint8_t *to = p;

	while (len > 0) {
		ssize_t n = getrandom(to, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		REQUIRE(n > 0);
		to += n;
		len -= (size_t)n;
	}
}

int hash_init(struct hash *h)
{
	struct hash_node **buckets = calloc(N_BUCKETS_MIN, sizeof(struct hash_node *));
	if (!buckets)
		return -ENOMEM;
	*h = (struct hash){ .buckets = buckets, .n_buckets = N_BUCKETS_MIN };
	hash_random(h->seed, sizeof(h->seed));
	return 0;
}

void hash_done(struct hash *h)
{
	if (!h)
		return;
	free(h->buckets);
	*h = (struct hash){ 0 };
}

static size_t index_of(const struct hash *h, uint64_t key, size_t n_buckets)
{
	return (size_t)hash_sip(h->seed, &key, sizeof(key)) & (n_buckets - 1);
}

/* Without memory the chains just get longer. */
static void grow(struct hash *h)
{
	size_t n_buckets = h->n_buckets * 2;
	struct hash_node **buckets = calloc(n_buckets, sizeof(struct hash_node *));

	if (!buckets)
		return;
	for (size_t i = 0; i < h->n_buckets; i++) {
		for (struct hash_node *node = h->buckets[i], *next; node; node = next) {
			size_t to = index_of(h, node->key, n_buckets);
			next = node->next;
			node->next = buckets[to];
			buckets[to] = node;
		}
	}
	free(h->buckets);
	h->buckets = buckets;
	h->n_buckets = n_buckets;
}

int hash_add(struct hash *h, struct hash_node *node, uint64_t key)
{
	size_t at;

	if (hash_find(h, key))
		return -EEXIST;
	if (h->n_nodes >= h->n_buckets)
		grow(h);
	at = index_of(h, key, h->n_buckets);
	node->key = key;
	node->next = h->buckets[at];
	h->buckets[at] = node;
	h->n_nodes++;
	return 0;
}

struct hash_node *hash_find(const struct hash *h, uint64_t key)
{
	struct hash_node *node;

	if (h->n_nodes == 0)
		return NULL;
	node = h->buckets[index_of(h, key, h->n_buckets)];
	while (node && node->key != key)
		node = node->next;
	return node;
}

void hash_remove(struct hash *h, struct hash_node *node)
{
	struct hash_node **link = &h->buckets[index_of(h, node->key, h->n_buckets)];

	while (*link != node) {
		REQUIRE(*link != NULL);
		link = &(*link)->next;
	}
	/* node->next stays, so that an iteration can go on from here. */
	*link = node->next;
	h->n_nodes--;
}

struct hash_node *hash_next(const struct hash *h, const struct hash_node *after)
{
	size_t at = 0;

	if (after) {
		if (after->next)
			return after->next;
		at = index_of(h, after->key, h->n_buckets) + 1;
	}
	for (; at < h->n_buckets; at++)
		if (h->buckets[at])
			return h->buckets[at];
	return NULL;
}
