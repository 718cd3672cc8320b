/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments that wait for the rest: RFC 7383 2.6 by its cases, and the limits. */
#include "ike/assembly.h"

#include <errno.h>

#include "base/unit.h"
#include "ike/limits.h"

struct world {
	struct loop *loop;
	struct assembly a;
	size_t stored_bytes;
};

static int begin(void **state)
{
	static struct world x;
	x = (struct world){ .loop = loop_new_virtual() };
	assert_non_null(x.loop);
	assembly_init(&x.a, x.loop, &x.stored_bytes);
	*state = &x;
	return 0;
}

static int end(void **state)
{
	struct world *x = *state;
	assembly_done(&x->a);
	assembly_done(&x->a);
	assert_int_equal(x->stored_bytes, 0);
	loop_free(x->loop);
	return 0;
}

static struct fragment piece(uint16_t number, uint16_t total, const char *content)
{
	return (struct fragment){ .message_id = 1,
				  .exchange = 35,
				  .first_inner = number == 1 ? 35 : 0,
				  .number = number,
				  .total = total,
				  .content = slice_of(content, strlen(content)),
				  .hash = 100u + number,
				  .datagram_bytes = 200u + number };
}

static const char *unwanted(const struct world *x, const struct fragment *f)
{
	const char *why = "";
	return assembly_wants(&x->a, f, &why) ? NULL : why;
}

static int add(struct world *x, uint16_t number, uint16_t total, const char *content)
{
	struct fragment f = piece(number, total, content);
	assert_null(unwanted(x, &f));
	return assembly_add(&x->a, &f);
}

static void expect_joined(struct world *x, const char *text)
{
	struct bytes joined = { 0 };
	assert_int_equal(assembly_join(&x->a, &joined), 0);
	assert_int_equal(joined.len, strlen(text));
	assert_memory_equal(joined.p, text, joined.len);
	bytes_done(&joined);
}

static void any_order(void **state)
{
	static const uint16_t orders[][3] = { { 1, 2, 3 }, { 1, 3, 2 }, { 2, 1, 3 },
					      { 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 } };
	static const char *const texts[] = { "ab", "c", "def" };
	struct world *x = *state;
	for (size_t i = 0; i < N_ELEMENTS(orders); i++) {
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(add(x, orders[i][k], 3, texts[orders[i][k] - 1]), k == 2);
		expect_joined(x, "abcdef");
		assert_int_equal(x->a.first_inner, 35);
		assert_int_equal(x->a.first_hash, 101);
		assert_int_equal(x->a.longest_bytes, 203);
		assert_int_equal(x->stored_bytes, 6);
		assembly_reset(&x->a);
		assert_int_equal(x->stored_bytes, 0);
	}
}

static void alone(void **state)
{
	assert_int_equal(add(*state, 1, 1, "abc"), 1);
	expect_joined(*state, "abc");
}

static void again(void **state)
{
	struct world *x = *state;
	struct fragment other = piece(2, 3, "other");
	assert_int_equal(add(x, 2, 3, "b"), 0);
	assert_string_equal(unwanted(x, &other), "the fragment is here already");
	assert_int_equal(add(x, 1, 3, "a"), 0);
	assert_int_equal(add(x, 3, 3, "c"), 1);
	expect_joined(x, "abc");
}

static void grown(void **state)
{
	struct world *x = *state;
	struct fragment old = piece(2, 2, "cd");
	assert_int_equal(add(x, 1, 2, "ab"), 0);
	assert_int_equal(add(x, 2, 4, "b"), 0);
	assert_int_equal(x->stored_bytes, 1);
	assert_string_equal(unwanted(x, &old), "a fragment of a set that was given up");
	assert_int_equal(add(x, 1, 4, "a"), 0);
	assert_int_equal(add(x, 3, 4, "c"), 0);
	assert_int_equal(add(x, 4, 4, "d"), 1);
	expect_joined(x, "abcd");
}

static void others(void **state)
{
	struct world *x = *state;
	struct fragment f = piece(2, 2, "zz");
	assert_int_equal(add(x, 1, 2, "ab"), 0);
	f.exchange = 37;
	assert_string_equal(unwanted(x, &f), "a fragment of another exchange");
	/* another message: what was there is of no use any more */
	f.message_id = 2;
	assert_null(unwanted(x, &f));
	assert_int_equal(assembly_add(&x->a, &f), 0);
	assert_int_equal(x->stored_bytes, 2);
	assert_int_equal(x->a.n, 1);
	assert_int_equal(add(x, 2, 2, "cd"), 0);
}

static void too_many(void **state)
{
	struct world *x = *state;
	assert_int_equal(add(x, 1, LIMIT_FRAGMENTS, "a"), 0);
	assert_int_equal(add(x, 1, LIMIT_FRAGMENTS + 1, "a"), -E2BIG);
	assert_int_equal(x->stored_bytes, 0);
	assert_int_equal(add(x, 1, UINT16_MAX, "a"), -E2BIG);
	assert_int_equal(add(x, 1, 1, "a"), 1);
}

static void too_long(void **state)
{
	static char kilobyte[1025];
	struct world *x = *state;
	memset(kilobyte, 'x', 1024);
	for (uint16_t i = 1; i <= LIMIT_RECEIVE_BYTES / 1024; i++)
		assert_int_equal(add(x, i, 20, kilobyte), 0);
	assert_int_equal(x->stored_bytes, LIMIT_RECEIVE_BYTES);
	assert_int_equal(add(x, 20, 20, "y"), -E2BIG);
	assert_int_equal(x->stored_bytes, 0);
}

static void all_together(void **state)
{
	struct world *x = *state;
	assert_int_equal(add(x, 1, 3, "a"), 0);
	x->stored_bytes += LIMIT_FRAGMENTS_STORED_BYTES - 1;
	/* what others store is in the way: it is not kept, but may come again */
	assert_int_equal(add(x, 2, 3, "b"), -ENOMEM);
	x->stored_bytes -= LIMIT_FRAGMENTS_STORED_BYTES - 1;
	assert_int_equal(add(x, 2, 3, "b"), 0);
	assert_int_equal(add(x, 3, 3, "c"), 1);
}

static void run(struct world *x, int64_t ms)
{
	int64_t end_ms = loop_now_ms(x->loop) + ms;
	while (loop_now_ms(x->loop) < end_ms)
		if (!loop_virtual_step(x->loop, end_ms - loop_now_ms(x->loop)))
			break;
}

static void slow(void **state)
{
	struct world *x = *state;
	assert_int_equal(add(x, 1, 3, "a"), 0);
	run(x, LIMIT_FRAGMENTS_MS / 2);
	/* another fragment does not prolong it */
	assert_int_equal(add(x, 2, 3, "b"), 0);
	run(x, LIMIT_FRAGMENTS_MS / 2 + 1);
	assert_int_equal(x->stored_bytes, 0);
	assert_int_equal(add(x, 3, 3, "c"), 0);
}

#define CASE(sentence, fn)                         \
	{                                          \
		(sentence), (fn), begin, end, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("fragments may come in any order", any_order),
		CASE("one fragment may be all", alone),
		CASE("a fragment that is here is not taken again, whatever is in it", again),
		CASE("a larger set throws a smaller one away, never the reverse", grown),
		CASE("fragments of different messages are not mixed", others),
		CASE("more fragments than the limit are refused", too_many),
		CASE("more bytes than the limit are refused", too_long),
		CASE("all SAs together store no more than the limit", all_together),
		CASE("what is not complete in time is forgotten", slow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
