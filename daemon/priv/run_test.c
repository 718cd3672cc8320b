/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that do well, complain, hang, are killed, or are not there. */
#include "priv/run.h"

#include <errno.h>
#include <signal.h>

#include "base/unit.h"

enum { LIMIT_MS = 10000 };

static int sh(const char *script, const char *input, int limit_ms, struct err *err)
{
	const char *const args[] = { "/bin/sh", "-c", script, NULL };
	err->text[0] = '\0';
	return run_program(args, input, limit_ms, err);
}

static void it_gets_its_arguments_and_its_input(void **state)
{
	const char *const args[] = { "/bin/sh", "-c", "test \"$1\" = 'a; b'", "sh", "a; b", NULL };
	struct err err;

	(void)state;
	assert_int_equal(run_program(args, NULL, LIMIT_MS, &err), 0);
	assert_int_equal(
		sh("read a; test \"$a\" = 'nameserver x'", "nameserver x\n", LIMIT_MS, &err), 0);
	assert_int_equal(sh("! read a", NULL, LIMIT_MS, &err), 0);
}

static void it_has_nothing_of_ours(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	assert_int_equal(sh("test -z \"$SECRET\" && test \"$PWD\" = / && "
			    "test \"$(ls /proc/self/fd | wc -w)\" -le 4",
			    NULL, LIMIT_MS, &err),
			 0);
	/* (Ours is ignored, as that of all processes without a terminal.) */
	signal(SIGTERM, SIG_IGN);
	assert_int_equal(sh("kill -TERM $$; sleep 10", NULL, LIMIT_MS, &err), -ECHILD);
	assert_non_null(strstr(err.text, "signal 15"));
}

static void what_it_says_when_it_fails_is_told(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(sh("echo 'no\033such link' >&2; exit 3", NULL, LIMIT_MS, &err), -ECHILD);
	assert_non_null(strstr(err.text, "/bin/sh: status 3: no"));
	assert_null(strchr(err.text, '\033'));
	assert_int_equal(sh("yes | head -c 1000000; exit 1", NULL, LIMIT_MS, &err), -ECHILD);
	assert_true(strlen(err.text) < ERR_TEXT_MAX_BYTES);
}

static void one_that_is_not_there_fails(void **state)
{
	const char *const args[] = { "/nonexistent", NULL };
	struct err err;

	(void)state;
	assert_int_equal(run_program(args, NULL, LIMIT_MS, &err), -ECHILD);
	assert_non_null(strstr(err.text, "status 127"));
}

static void one_that_hangs_is_killed_with_what_it_started(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(sh("trap '' TERM; sleep 1000 & wait", NULL, 100, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "killed after 100 ms"));
	/* What outlives a program that ends well does not hold us up. */
	assert_int_equal(sh("sleep 2 & exit 0", NULL, LIMIT_MS, &err), 0);
}

static void too_much_input_is_refused(void **state)
{
	static char input[RUN_INPUT_MAX_BYTES + 2];
	struct err err;

	(void)state;
	memset(input, 'x', sizeof(input) - 1);
	assert_int_equal(sh("true", input, LIMIT_MS, &err), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("it gets its arguments and its input", it_gets_its_arguments_and_its_input),
		UNIT("it has nothing of ours", it_has_nothing_of_ours),
		UNIT("what it says when it fails is told", what_it_says_when_it_fails_is_told),
		UNIT("one that is not there fails", one_that_is_not_there_fails),
		UNIT("one that hangs is killed with what it started",
		     one_that_hangs_is_killed_with_what_it_started),
		UNIT("too much input is refused", too_much_input_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
