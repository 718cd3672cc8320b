/* SPDX-License-Identifier: BSD-2-Clause */
/* SPIs and reqids, with a transport that knows which SPIs are taken. */
#include "keydb_int.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint32_t taken_below; /* SPIs under it are in use */
static int answer;           /* instead, if not 0 */
static unsigned int asked;

static int fake_get(struct keydb *k, const struct keydb_sa_id *id, struct keydb_sa *ret)
{
	(void)ret;
	asked++;
	assert_int_equal(id->proto, KEYDB_PROTO_ESP);
	if (answer)
		return keydb_error_set(k, answer, "because");
	return id->spi < taken_below ? 0 : keydb_error_set(k, -ESRCH, "");
}

static const struct keydb_transport fake = { .name = "fake", .sa_get = fake_get };

static struct keydb handle(uint32_t below)
{
	taken_below = below;
	answer = 0;
	asked = 0;
	return (struct keydb){ .transport = &fake };
}

static const union keydb_addr dst = { .sin = { .sin_family = AF_INET } };

static void a_free_spi_of_the_range_is_found(void **state)
{
	uint32_t spi = 0, other = 0;
	struct keydb k = handle(0);
	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(keydb_spi_choose(&k, &dst, 50, 0x1000, 0x1fff, &spi), 0);
		assert_in_range(spi, 0x1000, 0x1fff);
	}
	assert_int_equal(keydb_spi_choose(&k, &dst, 50, 256, UINT32_MAX, &spi), 0);
	assert_int_equal(keydb_spi_choose(&k, &dst, 50, 256, UINT32_MAX, &other), 0);
	assert_int_not_equal(spi, other);
}

static void the_last_free_one_of_a_small_range_is_found(void **state)
{
	uint32_t spi = 0;
	struct keydb k = handle(1063);
	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(keydb_spi_choose(&k, &dst, 50, 1000, 1063, &spi), 0);
		assert_int_equal(spi, 1063);
	}
}

static void a_full_range_is_an_error(void **state)
{
	uint32_t spi = 7;
	struct keydb k = handle(5000);
	(void)state;
	assert_int_equal(keydb_spi_choose(&k, &dst, 50, 1000, 1000, &spi), -EEXIST);
	assert_int_equal(asked, 1);
	assert_int_equal(keydb_spi_choose(&k, &dst, 50, 1000, 4999, &spi), -EEXIST);
	assert_string_equal(keydb_error(&k), "File exists: no free SPI found");
	assert_int_equal(spi, 7);
}

static void reserved_and_empty_ranges_are_refused(void **state)
{
	uint32_t spi;
	struct keydb k = handle(0);
	(void)state;
	assert_int_equal(keydb_spi_choose(&k, &dst, 50, 255, 1000, &spi), -EINVAL);
	assert_int_equal(keydb_spi_choose(&k, &dst, 50, 1001, 1000, &spi), -EINVAL);
	assert_int_equal(asked, 0);
}

static void a_kernel_that_fails_is_believed(void **state)
{
	uint32_t spi;
	struct keydb k = handle(0);
	(void)state;
	answer = -EPERM;
	assert_int_equal(keydb_spi_choose(&k, &dst, 50, 256, 1000, &spi), -EPERM);
	assert_string_equal(keydb_error(&k), "Operation not permitted: because");
}

/* XFRM hashes source ^ destination ^ reqid: what counts up together must not cancel out. */
static void reqids_of_neighbours_are_scattered(void **state)
{
	static uint8_t seen[1 << 16];
	unsigned int collisions = 0;
	(void)state;
	for (uint32_t i = 0; i < 10000; i++) {
		uint32_t reqid = keydb_reqid(i, 0);
		assert_true(reqid > KEYDB_REQID_MANUAL_MAX);
		uint32_t bucket = (reqid ^ (0x0a000000u + i)) & 0xffff;
		collisions += seen[bucket]++ != 0;
	}
	assert_true(collisions < 1000); /* random: 732 expected */
	assert_int_equal(keydb_reqid(1, 2), keydb_reqid(1, 2));
	assert_int_not_equal(keydb_reqid(1, 2), keydb_reqid(2, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_spi_of_the_range_is_found),
		cmocka_unit_test(the_last_free_one_of_a_small_range_is_found),
		cmocka_unit_test(a_full_range_is_an_error),
		cmocka_unit_test(reserved_and_empty_ranges_are_refused),
		cmocka_unit_test(a_kernel_that_fails_is_believed),
		cmocka_unit_test(reqids_of_neighbours_are_scattered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
