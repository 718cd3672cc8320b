/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/cookie.h"

#include "base/unit.h"
#include "ike/limits.h"

static const uint8_t nonce[16] = { 1, 2, 3 };

static struct addr peer(void)
{
	struct addr a;
	assert_int_equal(addr_parse("192.0.2.1", &a), 0);
	a.port = 500;
	return a;
}

static void only_its_own_request(void **state)
{
	struct cookie_jar j;
	uint8_t c[COOKIE_BYTES];
	struct addr a = peer(), other = peer();
	struct slice ni = slice_of(nonce, sizeof(nonce)), cookie = slice_of(c, sizeof(c));
	(void)state;
	assert_int_equal(cookie_init(&j, 1000), 0);
	assert_int_equal(cookie_make(&j, 1000, ni, &a, 7, c), 0);
	assert_true(cookie_valid(&j, 1001, cookie, ni, &a, 7));
	assert_false(cookie_valid(&j, 1001, cookie, ni, &a, 8));
	assert_false(cookie_valid(&j, 1001, cookie, slice_of(nonce, 15), &a, 7));
	other.ip[3]++;
	assert_false(cookie_valid(&j, 1001, cookie, ni, &other, 7));
	other = peer();
	other.port++;
	assert_false(cookie_valid(&j, 1001, cookie, ni, &other, 7));
	assert_false(cookie_valid(&j, 1001, slice_of(c, COOKIE_BYTES - 1), ni, &a, 7));
	c[5] ^= 1;
	assert_false(cookie_valid(&j, 1001, cookie, ni, &a, 7));
}

static void for_two_periods(void **state)
{
	struct cookie_jar j;
	uint8_t c[COOKIE_BYTES];
	struct addr a = peer();
	struct slice ni = slice_of(nonce, sizeof(nonce)), cookie = slice_of(c, sizeof(c));
	(void)state;
	assert_int_equal(cookie_init(&j, 0), 0);
	assert_int_equal(cookie_make(&j, 100, ni, &a, 7, c), 0);
	assert_true(cookie_valid(&j, LIMIT_COOKIE_SECRET_MS + 1, cookie, ni, &a, 7));
	assert_false(cookie_valid(&j, 2 * LIMIT_COOKIE_SECRET_MS + 2, cookie, ni, &a, 7));
	/* nobody asked for a long time: the one before is too old, too */
	assert_int_equal(cookie_init(&j, 0), 0);
	assert_int_equal(cookie_make(&j, 100, ni, &a, 7, c), 0);
	assert_false(cookie_valid(&j, 3 * LIMIT_COOKIE_SECRET_MS, cookie, ni, &a, 7));
}

static void under_load(void **state)
{
	struct cookie_jar j;
	(void)state;
	assert_int_equal(cookie_init(&j, 0), 0);
	assert_false(cookie_demanded(&j, 0, 99, 100));
	assert_true(cookie_demanded(&j, 1, 100, 100));
	assert_true(cookie_demanded(&j, LIMIT_COOKIE_HOLD_MS, 0, 100));
	assert_false(cookie_demanded(&j, LIMIT_COOKIE_HOLD_MS + 1, 0, 100));
	assert_true(cookie_demanded(&j, LIMIT_COOKIE_HOLD_MS + 1, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a cookie is good for one request from one address", only_its_own_request),
		UNIT("a cookie is good for two periods at most", for_two_periods),
		UNIT("cookies are demanded under load and a while after", under_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
