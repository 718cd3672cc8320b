/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/nonce.h"

#include "base/unit.h"

static struct nonce_min min_of(const char *a, const char *b)
{
	struct nonce_min m;
	nonce_min_set(&m, slice_of(a, strlen(a)), slice_of(b, strlen(b)));
	return m;
}

static void the_lower_of_two_counts(void **state)
{
	(void)state;
	struct nonce_min ab = min_of("abcdefgh", "bbcdefgh"), ba = min_of("bbcdefgh", "abcdefgh");
	assert_memory_equal(&ab, &ba, sizeof(ab));
	assert_memory_equal(ab.bytes, "abcdefgh\0", 9);
	/* octets are not signed */
	struct nonce_min high = min_of("\xff\xff", "\x7f\x01");
	assert_memory_equal(high.bytes, "\x7f\x01", 2);
}

static void a_nonce_that_ends_is_lower(void **state)
{
	(void)state;
	struct nonce_min m = min_of("abcdef", "abcd");
	assert_memory_equal(m.bytes, "abcd\0", 5);
}

static void exchanges_are_ordered(void **state)
{
	(void)state;
	struct nonce_min a = min_of("a9", "c1"), b = min_of("b0", "b1");
	assert_true(nonce_min_is_lower(&a, &b));
	assert_false(nonce_min_is_lower(&b, &a));
	assert_false(nonce_min_is_lower(&a, &a));
}

static void long_nonces_are_cut(void **state)
{
	uint8_t x[256] = { 0 }, y[256] = { 0 };
	struct nonce_min m;
	(void)state;
	y[31] = 1;
	nonce_min_set(&m, slice_of(y, sizeof(y)), slice_of(x, sizeof(x)));
	assert_int_equal(m.bytes[31], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("the lower of two nonces counts", the_lower_of_two_counts),
		UNIT("a nonce that ends first is lower", a_nonce_that_ends_is_lower),
		UNIT("of two exchanges one has the lowest nonce", exchanges_are_ordered),
		UNIT("nonces of any length fit", long_nonces_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
