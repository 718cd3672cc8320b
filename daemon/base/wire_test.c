/* SPDX-License-Identifier: BSD-2-Clause */
/* Cursors: nothing is read or written outside, and the first fault stays. */
#include "base/wire.h"

#include "base/unit.h"

static const uint8_t counting[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static void test_reads_are_big_endian(void **state)
{
	struct rd r = rd_of(counting, sizeof(counting));

	(void)state;
	assert_int_equal(rd_u8(&r), 0x01);
	assert_int_equal(rd_u16(&r), 0x0203);
	assert_int_equal(rd_u32(&r), 0x04050607);
	assert_true(rd_u64(&r) == 0x08090a0b0c0d0e0f);
	assert_true(rd_done(&r));
	assert_int_equal(rd_left(&r), 0);
}

static void test_every_truncation_is_a_fault(void **state)
{
	(void)state;
	for (size_t len = 0; len < 15; len++) {
		struct rd r = rd_of(counting, len);
		rd_u8(&r);
		rd_u16(&r);
		rd_u32(&r);
		rd_u64(&r);
		assert_true(r.bad);
		assert_false(rd_done(&r));
	}
}

static void test_after_a_fault_all_reads_are_empty(void **state)
{
	struct rd r = rd_of(counting, 3);
	uint8_t copy[2] = { 0xaa, 0xaa };

	(void)state;
	assert_int_equal(rd_u32(&r), 0);
	assert_int_equal(rd_left(&r), 0);
	assert_int_equal(rd_u8(&r), 0);
	assert_null(rd_slice(&r, 1).p);
	assert_int_equal(rd_rest(&r).len, 0);
	rd_copy(&r, copy, sizeof(copy));
	assert_int_equal(copy[0] | copy[1], 0);
	assert_true(rd_sub(&r, 0).bad);
	assert_false(rd_done(&r));
}

static void test_huge_lengths_do_not_wrap(void **state)
{
	struct rd r = rd_of(counting, sizeof(counting));
	struct rd q = r;

	(void)state;
	rd_skip(&r, SIZE_MAX);
	assert_true(r.bad);
	assert_null(rd_slice(&q, SIZE_MAX - 7).p);
	assert_true(q.bad);
}

static void test_unread_bytes_are_not_done(void **state)
{
	struct rd r = rd_of(counting, 2);

	(void)state;
	rd_u8(&r);
	assert_false(rd_done(&r));
	assert_int_equal(rd_rest(&r).len, 1);
	assert_true(rd_done(&r));
}

static void test_empty_input_is_done_at_once(void **state)
{
	struct rd r = rd_of(NULL, 0);

	(void)state;
	assert_true(rd_done(&r));
	assert_int_equal(rd_rest(&r).len, 0);
	rd_copy(&r, NULL, 0);
	assert_true(rd_done(&r));
	rd_u8(&r);
	assert_true(r.bad);
}

static void test_sub_reader_stays_in_its_parent(void **state)
{
	struct rd r = rd_of(counting, 5), sub = rd_sub(&r, 2);

	(void)state;
	assert_int_equal(rd_u16(&sub), 0x0102);
	assert_true(rd_done(&sub));
	rd_u8(&sub);
	assert_true(sub.bad);
	assert_int_equal(rd_u8(&r), 3);
	sub = rd_sub(&r, 3);
	assert_true(sub.bad);
	assert_true(r.bad);
}

static void write_all(struct wr *w)
{
	wr_u8(w, 1);
	wr_u16(w, 0x0203);
	wr_u32(w, 0x04050607);
	wr_u64(w, 0x08090a0b0c0d0e0f);
	wr_bytes(w, "ab", 2);
	wr_slice(w, slice_of("c", 1));
	wr_slice(w, slice_of(NULL, 0));
	wr_zero(w, 2);
}

static void test_written_bytes_read_back(void **state)
{
	uint8_t buf[20];
	struct wr w = wr_of(buf, sizeof(buf));
	struct slice s;

	(void)state;
	write_all(&w);
	s = wr_slice_of(&w);
	assert_int_equal(s.len, sizeof(buf));
	assert_memory_equal(s.p, counting, 15);
	assert_memory_equal(s.p + 15, "abc\0\0", 5);
}

static void test_every_capacity_too_small_is_a_fault(void **state)
{
	(void)state;
	for (size_t capacity = 0; capacity < 20; capacity++) {
		uint8_t *buf = malloc(capacity + 1);
		struct wr w = wr_of(buf, capacity);
		buf[capacity] = 0x55;
		write_all(&w);
		assert_true(w.bad);
		assert_int_equal(wr_slice_of(&w).len, 0);
		assert_null(wr_reserve(&w, 0));
		assert_int_equal(buf[capacity], 0x55);
		free(buf);
	}
}

static void test_length_fields_count_from_where_they_should(void **state)
{
	uint8_t buf[16];
	struct wr w = wr_of(buf, sizeof(buf));
	struct wr_len outer, inner;

	(void)state;
	wr_u16(&w, 0xffff);
	outer = wr_open_len16(&w, 0);
	inner = wr_open_len16(&w, wr_used(&w) + 2);
	wr_bytes(&w, "xyz", 3);
	wr_close_len16(&w, inner);
	wr_close_len16(&w, outer);
	assert_false(w.bad);
	assert_memory_equal(buf, "\xff\xff\x00\x09\x00\x03xyz", 9);
}

static void test_length_over_65535_is_a_fault(void **state)
{
	size_t capacity = 70000;
	uint8_t *buf = malloc(capacity);
	struct wr w = wr_of(buf, capacity);
	struct wr_len l = wr_open_len16(&w, 0);

	(void)state;
	wr_zero(&w, UINT16_MAX - 2);
	wr_close_len16(&w, l);
	assert_false(w.bad);
	assert_memory_equal(buf, "\xff\xff", 2);
	wr_u8(&w, 0);
	wr_close_len16(&w, l);
	assert_true(w.bad);
	free(buf);
}

static void test_length_field_that_did_not_fit_stays_unwritten(void **state)
{
	uint8_t buf[2] = { 0x55, 0x55 };
	struct wr w = wr_of(buf, 1);
	struct wr_len l = wr_open_len16(&w, 0);

	(void)state;
	wr_close_len16(&w, l);
	assert_true(w.bad);
	assert_memory_equal(buf, "\x55\x55", 2);
}

static void test_slices_compare_by_content(void **state)
{
	(void)state;
	assert_true(slice_eq(slice_of("ab", 2), slice_of("abc", 2)));
	assert_false(slice_eq(slice_of("ab", 2), slice_of("abc", 3)));
	assert_false(slice_eq(slice_of("ab", 2), slice_of("ac", 2)));
	assert_true(slice_eq(slice_of(NULL, 0), slice_of("x", 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("reads are big endian", test_reads_are_big_endian),
		UNIT("every truncation is a fault", test_every_truncation_is_a_fault),
		UNIT("after a fault all reads are empty", test_after_a_fault_all_reads_are_empty),
		UNIT("huge lengths do not wrap", test_huge_lengths_do_not_wrap),
		UNIT("unread bytes are not done", test_unread_bytes_are_not_done),
		UNIT("empty input is done at once", test_empty_input_is_done_at_once),
		UNIT("a sub-reader stays in its parent", test_sub_reader_stays_in_its_parent),
		UNIT("written bytes read back", test_written_bytes_read_back),
		UNIT("every capacity too small is a fault",
		     test_every_capacity_too_small_is_a_fault),
		UNIT("length fields count from where they should",
		     test_length_fields_count_from_where_they_should),
		UNIT("a length over 65535 is a fault", test_length_over_65535_is_a_fault),
		UNIT("a length field that did not fit stays unwritten",
		     test_length_field_that_did_not_fit_stays_unwritten),
		UNIT("slices compare by content", test_slices_compare_by_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
