/* SPDX-License-Identifier: BSD-2-Clause */
/* Text: errors with context, buffers that cut, near words. */
#include "base/fmt.h"

#include <errno.h>

#include "base/err.h"
#include "base/unit.h"

static void test_text_grows_and_is_cut(void **state)
{
	char buf[8];
	struct fmt f = fmt_of(buf, sizeof(buf));

	(void)state;
	assert_string_equal(buf, "");
	fmt_add(&f, "%d-%s", 12, "ab");
	assert_string_equal(buf, "12-ab");
	assert_int_equal(f.used, 5);
	fmt_add(&f, "cdefgh");
	assert_string_equal(buf, "12-abcd");
	assert_int_equal(f.used, 7);
	fmt_add(&f, "x");
	assert_string_equal(buf, "12-abcd");
}

static void test_bytes_are_escaped(void **state)
{
	char buf[64];
	struct fmt f = fmt_of(buf, sizeof(buf));

	(void)state;
	fmt_add_escaped(&f, slice_of("a b\x00\n\\\xff~", 8));
	assert_string_equal(buf, "a b\\x00\\x0a\\x5c\\xff~");
}

static void test_nearest_word(void **state)
{
	static const char *const words[] = { "remote", "sainfo", "listen", "path", "no", "timer" };
	static const struct {
		const char *word, *nearest;
	} rows[] = {
		{ "remot", "remote" },  { "reomte", "remote" }, { "sanifo", "sainfo" },
		{ "lsiten", "listen" }, { "pth", "path" },      { "patsy", "path" },
		{ "xy", NULL },         { "on", NULL },         { "zzzzzz", NULL },
		{ "", NULL },           { "time", "timer" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		const char *found = fmt_nearest(rows[i].word, words, N_ELEMENTS(words));
		if (rows[i].nearest) {
			assert_non_null(found);
			assert_string_equal(found, rows[i].nearest);
		} else {
			assert_null(found);
		}
	}
}

static void test_very_long_words_have_no_neighbour(void **state)
{
	char word[1000];
	const char *const words[] = { word };

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_null(fmt_nearest(word, words, 1));
	assert_null(fmt_nearest("aaaaaaaa", words, 1));
}

static void test_errors_grow_a_context_in_front(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(err_set(&err, -EINVAL, "key %d is empty", 3), -EINVAL);
	assert_int_equal(err_prefix(&err, "line %d", 7), -EINVAL);
	assert_int_equal(err_prefix(&err, "psk.txt"), -EINVAL);
	assert_string_equal(err.text, "psk.txt: line 7: key 3 is empty");
	assert_int_equal(err.code, -EINVAL);
}

static void test_long_errors_are_cut_at_the_end(void **state)
{
	struct err err;
	char longish[ERR_TEXT_MAX_BYTES * 2];

	(void)state;
	memset(longish, 'x', sizeof(longish) - 1);
	longish[sizeof(longish) - 1] = '\0';
	err_set(&err, -E2BIG, "%s", longish);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX_BYTES - 1);
	err_prefix(&err, "first");
	assert_int_equal(strncmp(err.text, "first: xxx", 10), 0);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX_BYTES - 1);
	err_prefix(&err, "%s", longish);
	assert_true(strlen(err.text) < ERR_TEXT_MAX_BYTES);
}

static void test_nobody_need_listen(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -EPERM, "unheard"), -EPERM);
	assert_int_equal(err_prefix(NULL, "unheard"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("text grows and is cut", test_text_grows_and_is_cut),
		UNIT("bytes are escaped", test_bytes_are_escaped),
		UNIT("the nearest word is found, but nothing far-fetched", test_nearest_word),
		UNIT("very long words have no neighbour", test_very_long_words_have_no_neighbour),
		UNIT("errors grow a context in front", test_errors_grow_a_context_in_front),
		UNIT("long errors are cut at the end", test_long_errors_are_cut_at_the_end),
		UNIT("an error may have no listener", test_nobody_need_listen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
