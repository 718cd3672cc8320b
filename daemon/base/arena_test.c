/* SPDX-License-Identifier: BSD-2-Clause */
/* Arenas: aligned, zeroed, limited. */
#include "base/arena.h"

#include "base/unit.h"

static void test_memory_is_zeroed_and_aligned(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t bytes = 0; bytes < 300; bytes++) {
		uint8_t *p = arena_alloc(&a, bytes);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, bytes);
	}
	arena_clear(&a);
}

static void test_the_limit_holds(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1000);
	assert_non_null(arena_alloc(&a, 500));
	assert_null(arena_alloc(&a, 501));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 3));
	assert_non_null(arena_alloc(&a, 400));
	assert_true(a.used_bytes <= a.limit_bytes);
	arena_clear(&a);
	assert_int_equal(a.used_bytes, 0);
	assert_non_null(arena_alloc(&a, 900));
	arena_clear(&a);
}

static void test_array_sizes_do_not_overflow(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, SIZE_MAX);
	assert_null(arena_array(&a, SIZE_MAX / 2, 3));
	assert_non_null(arena_array(&a, 3, 5));
	assert_non_null(arena_array(&a, 1000, 100));
	arena_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("memory is zeroed and aligned", test_memory_is_zeroed_and_aligned),
		UNIT("the limit holds, and again after clearing", test_the_limit_holds),
		UNIT("array sizes do not overflow", test_array_sizes_do_not_overflow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
