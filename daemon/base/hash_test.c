/* SPDX-License-Identifier: BSD-2-Clause */
/* The table keeps what it was given, and SipHash is SipHash. */
#include "base/hash.h"

#include <errno.h>

#include "base/unit.h"

enum { N_MANY = 1000 };

struct item {
	uint64_t payload;
	struct hash_node node;
};

/* The authors' published vectors: key 00..0f, messages of 0, 1, 7, 8, 15 bytes 00, 01, ... */
static void test_siphash_vectors(void **state)
{
	static const struct {
		size_t len;
		uint64_t want;
	} rows[] = {
		{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },  { 7, 0xab0200f58b01d137 },
		{ 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 },
	};
	uint8_t key[16], message[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = message[i] = i;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		assert_true(hash_sip(key, message, rows[i].len) == rows[i].want);
}

static void test_what_was_added_is_found(void **state)
{
	struct item *items = calloc(N_MANY, sizeof(*items));
	struct hash h;

	(void)state;
	assert_int_equal(hash_init(&h), 0);
	for (uint64_t i = 0; i < N_MANY; i++)
		assert_int_equal(hash_add(&h, &items[i].node, i * 7), 0);
	assert_int_equal(h.n_nodes, N_MANY);
	for (uint64_t i = 0; i < N_MANY; i++)
		assert_ptr_equal(hash_find(&h, i * 7), &items[i].node);
	assert_null(hash_find(&h, 1));
	hash_done(&h);
	free(items);
}

static void test_a_key_is_there_once(void **state)
{
	struct item a, b;
	struct hash h;

	(void)state;
	assert_int_equal(hash_init(&h), 0);
	assert_int_equal(hash_add(&h, &a.node, 42), 0);
	assert_int_equal(hash_add(&h, &b.node, 42), -EEXIST);
	assert_ptr_equal(hash_find(&h, 42), &a.node);
	hash_remove(&h, &a.node);
	assert_null(hash_find(&h, 42));
	assert_int_equal(hash_add(&h, &b.node, 42), 0);
	hash_done(&h);
}

static size_t count(const struct hash *h)
{
	size_t n = 0;
	for (struct hash_node *node = hash_next(h, NULL); node; node = hash_next(h, node))
		n++;
	return n;
}

static void test_iteration_may_remove_and_free(void **state)
{
	struct hash h;

	(void)state;
	assert_int_equal(hash_init(&h), 0);
	assert_int_equal(count(&h), 0);
	for (uint64_t i = 0; i < N_MANY; i++) {
		struct item *item = calloc(1, sizeof(*item));
		assert_int_equal(hash_add(&h, &item->node, i), 0);
	}
	assert_int_equal(count(&h), N_MANY);
	for (struct hash_node *node = hash_next(&h, NULL), *next; node; node = next) {
		if (node->key % 2 == 0)
			hash_remove(&h, node);
		next = hash_next(&h, node);
		if (node->key % 2 == 0)
			free(CONTAINER_OF(node, struct item, node));
	}
	assert_int_equal(count(&h), N_MANY / 2);
	for (struct hash_node *node = hash_next(&h, NULL), *next; node; node = next) {
		next = hash_next(&h, node);
		hash_remove(&h, node);
		free(CONTAINER_OF(node, struct item, node));
	}
	assert_int_equal(h.n_nodes, 0);
	hash_done(&h);
}

static void test_random_bytes_differ(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	(void)state;
	hash_random(a, sizeof(a));
	hash_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("SipHash gives the published vectors", test_siphash_vectors),
		UNIT("what was added is found, however many", test_what_was_added_is_found),
		UNIT("a key is there once", test_a_key_is_there_once),
		UNIT("an iteration may remove and free", test_iteration_may_remove_and_free),
		UNIT("random bytes differ", test_random_bytes_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
