/* SPDX-License-Identifier: BSD-2-Clause */
/* Log lines: what a field looks like, and what a peer's text cannot do. */
#include "base/log.h"

#include <unistd.h>

#include "base/unit.h"

static char last_line[8192];
static int n_lines;

static void keep(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	n_lines++;
	snprintf(last_line, sizeof(last_line), "%s", line);
}

static int setup(void **state)
{
	(void)state;
	log_set_sink(keep, NULL);
	log_set_level(LOG_INFO);
	log_set_process(NULL);
	last_line[0] = '\0';
	n_lines = 0;
	return 0;
}

/* The line without its time. */
static const char *rest(void)
{
	const char *at = strchr(last_line, ' ');
	return at ? at + 1 : "";
}

static void test_fields_have_their_forms(void **state)
{
	struct addr peer;
	static const uint8_t bytes[] = { 0xde, 0xad };

	(void)state;
	assert_int_equal(addr_parse("192.0.2.1", &peer), 0);
	log_set_process("engine0");
	LOG(INFO, "ike_sa_up", F_ADDR("peer", &peer), F_SPI64("spi_i", 0x1234), F_SPI32("spi", 7),
	    F_INT("n", -3), F_BYTES("vid", slice_of(bytes, 2)), F_STR("state", "up"));
	assert_string_equal(rest(), "level=info proc=engine0 event=ike_sa_up peer=192.0.2.1 "
				    "spi_i=0x0000000000001234 spi=0x00000007 n=-3 vid=dead "
				    "state=up");
	peer.port = 500;
	LOG(INFO, "x", F_ADDR("peer", &peer));
	assert_non_null(strstr(last_line, "peer=192.0.2.1[500]"));
}

static void test_lines_start_with_the_time(void **state)
{
	int y, mo, d, h, mi, s, ms, used = 0;

	(void)state;
	LOG(INFO, "x", F_INT("n", 1));
	assert_int_equal(sscanf(last_line, "time=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &y, &mo, &d, &h,
				&mi, &s, &ms, &used),
			 7);
	assert_int_equal(used, strlen("time=2026-11-22T16:10:02.123Z"));
	assert_true(y >= 2024);
}

static void test_values_are_quoted_only_where_needed(void **state)
{
	static const struct {
		const char *value, *printed;
	} rows[] = {
		{ "plain-1.2_3", "v=plain-1.2_3" },
		{ "two words", "v=\"two words\"" },
		{ "", "v=\"\"" },
		{ "a=b", "v=\"a=b\"" },
		{ "say \"x\"", "v=\"say \\\"x\\\"\"" },
		{ "a\\b", "v=\"a\\\\b\"" },
		{ "a\nlevel=error", "v=\"a\\nlevel=error\"" },
		{ "\x1b[31m", "v=\"\\x1b[31m\"" },
		{ "caf\xc3\xa9", "v=\"caf\\xc3\\xa9\"" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		LOG(INFO, "x", F_STR("v", rows[i].value));
		assert_string_equal(strstr(last_line, " v=") + 1, rows[i].printed);
	}
}

static void test_missing_values_are_left_out(void **state)
{
	(void)state;
	LOG(INFO, "x", F_STR("a", NULL), F_ADDR("b", NULL), F_INT("c", 0));
	assert_string_equal(rest(), "level=info event=x c=0");
}

static void test_long_values_are_cut(void **state)
{
	char text[10000];
	uint8_t bytes[40];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(bytes, 0xab, sizeof(bytes));
	LOG(INFO, "x", F_STR("v", text), F_BYTES("b", slice_of(bytes, sizeof(bytes))),
	    F_INT("after", 1));
	assert_true(strlen(last_line) < 800);
	assert_non_null(strstr(last_line, "xxx...\" b=abab"));
	assert_non_null(strstr(last_line, "abab... after=1"));
	memset(text, '\n', sizeof(text) - 1);
	LOG(INFO, "x", F_STR("a", text), F_STR("b", text), F_STR("c", text), F_STR("d", text),
	    F_STR("e", text));
	assert_null(strchr(last_line, '\n'));
}

static void test_levels_above_the_limit_are_dropped(void **state)
{
	(void)state;
	LOG(DEBUG, "x", F_INT("n", 1));
	assert_int_equal(n_lines, 0);
	log_set_level(LOG_DEBUG);
	assert_int_equal(log_level_now(), LOG_DEBUG);
	LOG(DEBUG, "x", F_INT("n", 1));
	LOG(ERROR, "x", F_INT("n", 1));
	LOG(DEBUG2, "x", F_INT("n", 1));
	assert_int_equal(n_lines, 2);
	assert_non_null(strstr(last_line, "level=error"));
}

static void test_stderr_gets_whole_lines(void **state)
{
	int fds[2], saved = dup(STDERR_FILENO);
	char text[256];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	log_set_sink(NULL, NULL);
	dup2(fds[1], STDERR_FILENO);
	LOG(WARNING, "x", F_INT("n", 1));
	dup2(saved, STDERR_FILENO);
	n = read(fds[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(strchr(text, ' '), " level=warning event=x n=1\n");
	close(fds[0]);
	close(fds[1]);
	close(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("fields have their forms", test_fields_have_their_forms),
		UNIT("lines start with the time", test_lines_start_with_the_time),
		UNIT("values are quoted only where needed",
		     test_values_are_quoted_only_where_needed),
		UNIT("missing values are left out", test_missing_values_are_left_out),
		UNIT("long values are cut", test_long_values_are_cut),
		UNIT("levels above the limit are dropped", test_levels_above_the_limit_are_dropped),
		UNIT("stderr gets whole lines", test_stderr_gets_whole_lines),
	};
	struct CMUnitTest with_setup[N_ELEMENTS(tests)];

	for (size_t i = 0; i < N_ELEMENTS(tests); i++) {
		with_setup[i] = tests[i];
		with_setup[i].setup_func = setup;
	}
	return cmocka_run_group_tests(with_setup, NULL, NULL);
}
