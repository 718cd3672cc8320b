/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of messages, whole and broken. */
#include "base/unit.h"

#include "setkey_file.h"

#include <stdlib.h>
#include <string.h>

enum { FLUSH_BYTES = 16 };

static char *text;
static size_t reported_at;
static const char *reported;

static void report(void *arg, size_t at, const char *why)
{
	assert_ptr_equal(arg, &reported);
	reported_at = at;
	reported = why;
}

/* Shows the file; the number of reports. */
static size_t show(const void *bytes, size_t len)
{
	size_t size;
	struct file_show s = { .report = report, .report_arg = &reported };
	free(text);
	s.layout = keydb_layout_detect(bytes, len);
	s.out = open_memstream(&text, &size);
	size_t n = file_show(&s, bytes, len);
	fclose(s.out);
	return n;
}

/* FLUSH messages, numbered from 1 on. */
static uint8_t *flushes(size_t n)
{
	uint8_t *file = calloc(n, FLUSH_BYTES);
	assert_non_null(file);
	for (size_t i = 0; i < n; i++) {
		uint32_t seq = (uint32_t)i + 1;
		const uint8_t head[] = { 2, 9, 0, 3, 2, 0 };
		memcpy(file + i * FLUSH_BYTES, head, sizeof(head));
		memcpy(file + i * FLUSH_BYTES + 8, &seq, sizeof(seq));
	}
	return file;
}

static void each_message_is_shown(void **state)
{
	uint8_t *file = flushes(2);
	(void)state;
	assert_int_equal(show(file, 2 * FLUSH_BYTES), 0);
	assert_string_equal(text, "sadb_msg{ version=2 type=9 errno=0 satype=3\n"
				  "  len=2 reserved=0 seq=1 pid=0\n"
				  "sadb_msg{ version=2 type=9 errno=0 satype=3\n"
				  "  len=2 reserved=0 seq=2 pid=0\n");
	assert_int_equal(show(file, 0), 0);
	assert_string_equal(text, "");
	free(file);
}

/* The old one read 32 KiB and no more. */
static void a_file_may_be_long(void **state)
{
	enum { MANY = 10000 };
	uint8_t *file = flushes(MANY);
	(void)state;
	assert_int_equal(show(file, MANY * FLUSH_BYTES), 0);
	assert_non_null(strstr(text, " seq=10000 pid=0\n"));
	free(file);
}

/* The old one never came to an end here. */
static void a_length_of_0_ends_the_file_with_its_place(void **state)
{
	uint8_t *file = flushes(3);
	(void)state;
	file[FLUSH_BYTES + 4] = 0;
	assert_int_equal(show(file, 3 * FLUSH_BYTES), 1);
	assert_int_equal(reported_at, FLUSH_BYTES);
	assert_string_equal(reported, "the message is said to be shorter than its header");
	assert_non_null(strstr(text, " seq=1 "));
	assert_null(strstr(text, " seq=3 "));
	free(file);
}

static void a_cut_file_is_told_with_the_place(void **state)
{
	uint8_t *file = flushes(2);
	(void)state;
	assert_int_equal(show(file, 2 * FLUSH_BYTES - 1), 1);
	assert_int_equal(reported_at, FLUSH_BYTES);
	assert_string_equal(reported, "too short for the header of a message");
	free(file);
}

static void a_message_that_is_wrong_inside_is_left_out(void **state)
{
	uint8_t *file = flushes(4);
	(void)state;
	file[FLUSH_BYTES + 4] = 4; /* with one extension, of length 0 */
	memset(file + 2 * FLUSH_BYTES, 0, FLUSH_BYTES);
	assert_int_equal(show(file, 4 * FLUSH_BYTES), 1);
	assert_int_equal(reported_at, FLUSH_BYTES);
	assert_string_equal(reported, "extension of length 0");
	assert_non_null(strstr(text, " seq=4 "));
	free(file);
}

static int done(void **state)
{
	(void)state;
	free(text);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_is_shown),
		cmocka_unit_test(a_file_may_be_long),
		cmocka_unit_test(a_length_of_0_ends_the_file_with_its_place),
		cmocka_unit_test(a_cut_file_is_told_with_the_place),
		cmocka_unit_test(a_message_that_is_wrong_inside_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, done);
}
