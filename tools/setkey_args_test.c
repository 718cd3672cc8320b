/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line is understood, and what does not fit together is refused. */
#include "base/unit.h"

#include "setkey_args.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { WORDS_MAX = 8, LINE_BYTES = 128 };

static struct arguments args;

/* Parses "setkey " and line; stderr is not shown. */
static int parse(const char *line)
{
	static char copy[LINE_BYTES];
	char *words[WORDS_MAX + 1] = { 0 };
	int n = 0, shown = dup(STDERR_FILENO), hidden = open("/dev/null", O_WRONLY);
	snprintf(copy, sizeof(copy), "setkey %s", line);
	for (char *w = strtok(copy, " "); w && n < WORDS_MAX; w = strtok(NULL, " "))
		words[n++] = w;
	fflush(stderr);
	dup2(hidden, STDERR_FILENO);
	int rc = arguments_parse(&args, n, words);
	fflush(stderr);
	dup2(shown, STDERR_FILENO);
	close(shown);
	close(hidden);
	return rc;
}

static void short_options_go_together(void **state)
{
	(void)state;
	assert_int_equal(parse("-DPpN"), 0);
	assert_int_equal(args.mode, MODE_DUMP);
	assert_true(args.policies && args.apply.ports && args.apply.hide_socket_policies);
	assert_true(args.apply.rfc_mode);
	assert_int_equal(parse("-kvaf -"), 0);
	assert_int_equal(args.mode, MODE_FILE);
	assert_string_equal(args.file, "-");
	assert_true(!args.apply.rfc_mode && args.apply.verbose && args.apply.show_dead);
}

static void check_is_the_long_name_of_n(void **state)
{
	(void)state;
	assert_int_equal(parse("-f x"), 0);
	assert_false(args.check_only || args.compat);
	assert_int_equal(parse("--check -f x"), 0);
	assert_true(args.check_only);
	assert_int_equal(parse("-n --compat -c"), 0);
	assert_true(args.check_only && args.compat);
}

static void json_goes_with_all_that_shows(void **state)
{
	(void)state;
	assert_int_equal(parse("-D"), 0);
	assert_false(args.apply.json);
	for (const char *const *words =
		     (const char *const[]){ "--json -D", "-DP --json", "--json -x", "-c --json",
					    "-f x --json", NULL };
	     *words; words++) {
		assert_int_equal(parse(*words), 0);
		assert_true(args.apply.json);
	}
}

static void status_may_be_json(void **state)
{
	(void)state;
	assert_int_equal(parse("--status --json"), 0);
	assert_int_equal(args.mode, MODE_STATUS);
	assert_true(args.apply.json);
}

static void ips_listings_are_any_number_of_files(void **state)
{
	(void)state;
	assert_int_equal(parse("--from-ip-xfrm"), 0);
	assert_int_equal(args.mode, MODE_FROM_IP);
	assert_null(args.files[0]);
	assert_int_equal(parse("--from-ip-xfrm one two"), 0);
	assert_string_equal(args.files[0], "one");
	assert_string_equal(args.files[1], "two");
	assert_null(args.files[2]);
}

static void arguments_alone_are_dump_files(void **state)
{
	(void)state;
	assert_int_equal(parse("-knrvp one two"), 0); /* as KAME's took them */
	assert_int_equal(args.mode, MODE_SHOW);
	assert_string_equal(args.files[1], "two");
	assert_null(args.layout);
	assert_int_equal(parse("--layout netbsd one"), 0);
	assert_string_equal(args.layout, "netbsd");
}

static void x_twice_shows_seconds(void **state)
{
	(void)state;
	assert_int_equal(parse("-x"), 0);
	assert_int_equal(args.mode, MODE_WATCH);
	assert_false(args.epoch);
	assert_int_equal(parse("-xx"), 0);
	assert_true(args.epoch && !args.hex);
	assert_int_equal(parse("-H -x"), 0); /* as KAME's took it */
	assert_true(args.hex);
	assert_int_equal(parse("-Dl"), 0);
	assert_true(args.loop && !args.epoch);
}

static void help_and_version_come_before_all_else(void **state)
{
	(void)state;
	assert_int_equal(parse("-h"), 0);
	assert_int_equal(args.mode, MODE_HELP);
	assert_int_equal(parse("-?"), 0);
	assert_int_equal(args.mode, MODE_HELP);
	assert_int_equal(parse("--compat --version x"), 0);
	assert_int_equal(args.mode, MODE_VERSION);
	assert_true(args.compat);
}

static void what_does_not_fit_together_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"-P",
		"-P -c",
		"-n -D",
		"--check -F",
		"-D -F",
		"-D x",
		"-y",
		"--nosuch",
		"--check=1",
		"-f",
		"-c -f file",
		"--atomic -c",
		"-x -P",
		"-l",
		"-DPl",
		"-n -x",
		"-H -D",
		"-H",
		"-H -x --json",
		"-D -x",
		"--diff -c",
		"--sync -D",
		"--diff --sync -f x",
		"--json -F",
		"--json -Dl",
		"--json --from-ip-xfrm",
		"--from-ip-xfrm -f x",
		"-n --from-ip-xfrm",
		"-P --from-ip-xfrm",
		"--layout openbsd one",
		"--layout kame",
		"--layout kame -D",
		"--json one",
		"--atomic one",
		"-D one",
		"--status -D",
		"--status -P",
		"-n --status",
		"--status one",
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(wrong); i++)
		if (parse(wrong[i]) != -EINVAL)
			fail_msg("setkey %s was not refused", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_options_go_together),
		cmocka_unit_test(check_is_the_long_name_of_n),
		cmocka_unit_test(json_goes_with_all_that_shows),
		cmocka_unit_test(status_may_be_json),
		cmocka_unit_test(ips_listings_are_any_number_of_files),
		cmocka_unit_test(arguments_alone_are_dump_files),
		cmocka_unit_test(x_twice_shows_seconds),
		cmocka_unit_test(help_and_version_come_before_all_else),
		cmocka_unit_test(what_does_not_fit_together_is_refused),
	};
	return cmocka_run_group_tests_name("setkey_args", tests, NULL, NULL);
}
