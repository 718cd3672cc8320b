/* SPDX-License-Identifier: BSD-2-Clause */
/* The notify table. */
#include "msg/notify.h"

#include "base/unit.h"

static const uint8_t zeros[UINT16_MAX];

static void test_every_row_is_sound(void **state)
{
	size_t n;
	const struct notify *rows = notify_table(&n);

	(void)state;
	assert_true(n > 50);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(notify_find(rows[i].type), &rows[i]); /* no type twice */
		assert_string_equal(notify_name(rows[i].type), rows[i].name);
		assert_true(rows[i].min_bytes <= rows[i].max_bytes);
		assert_true(i == 0 || rows[i - 1].type < rows[i].type);
	}
}

static bool sized(uint16_t type, bool child_spi, size_t len)
{
	struct pl_notify n = { .type = type, .data = slice_of(zeros, len) };

	if (child_spi) {
		n.protocol = PROTOCOL_ESP;
		n.spi = slice_of(zeros, 4);
	}
	return notify_well_formed(&n);
}

static void test_sizes_of_every_row_are_enforced(void **state)
{
	size_t n;
	const struct notify *rows = notify_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct notify *row = &rows[i];
		assert_true(sized(row->type, row->child_spi, row->min_bytes));
		assert_true(sized(row->type, row->child_spi, row->max_bytes));
		if (row->min_bytes > 0)
			assert_false(sized(row->type, row->child_spi, row->min_bytes - 1u));
		if (row->max_bytes < UINT16_MAX)
			assert_false(sized(row->type, row->child_spi, row->max_bytes + 1u));
	}
}

static void test_rekey_names_a_child_sa(void **state)
{
	struct pl_notify n = { .type = N_REKEY_SA, .spi = slice_of(zeros, 4) };
	static const struct {
		uint8_t protocol, spi_bytes;
		bool good;
	} cases[] = {
		{ PROTOCOL_ESP, 4, true },  { PROTOCOL_AH, 4, true },   { PROTOCOL_NONE, 4, false },
		{ PROTOCOL_IKE, 4, false }, { PROTOCOL_IKE, 8, false }, { PROTOCOL_ESP, 0, false },
		{ PROTOCOL_ESP, 3, false }, { PROTOCOL_ESP, 8, false }, { 99, 4, false },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		n.protocol = cases[i].protocol;
		n.spi.len = cases[i].spi_bytes;
		assert_int_equal(notify_well_formed(&n), cases[i].good);
	}
}

static void test_types_that_are_not_known_are_well_formed(void **state)
{
	(void)state;
	assert_null(notify_find(8192));
	assert_true(sized(8192, false, 0));
	assert_true(sized(40960, true, 1000));
	assert_string_equal(notify_name(8192), "unknown error");
	assert_string_equal(notify_name(40960), "unknown status");
}

static void test_errors_are_below_16384(void **state)
{
	(void)state;
	assert_true(notify_is_error(N_NO_PROPOSAL_CHOSEN));
	assert_true(notify_is_error(16383));
	assert_false(notify_is_error(N_INITIAL_CONTACT));
	assert_false(notify_is_error(65535));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("every row is sound and found by its type", test_every_row_is_sound),
		UNIT("the sizes of every row are enforced", test_sizes_of_every_row_are_enforced),
		UNIT("REKEY_SA names a Child SA", test_rekey_names_a_child_sa),
		UNIT("types that are not known are well formed",
		     test_types_that_are_not_known_are_well_formed),
		UNIT("errors are below 16384", test_errors_are_below_16384),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
