/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "setkey -c" at a terminal: somebody types, setkey (its path is the argument) answers.  With -n it
 * needs no kernel.
 */
#include "base/unit.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { SCREEN_BYTES = 16384, PATIENCE_MS = 20000, STEP_MS = 5 };

static const char *setkey;
static int terminal;
static pid_t child;
static char screen[SCREEN_BYTES]; /* all that was shown */
static size_t shown, looked_at;

static int start(void **state)
{
	(void)state;
	shown = looked_at = 0;
	screen[0] = '\0';
	child = forkpty(&terminal, NULL, NULL, NULL);
	if (child == 0) {
		setenv("TERM", "dumb", 1);
		setenv("COLUMNS", "80", 1);
		execl(setkey, "setkey", "-n", "-c", (char *)NULL);
		_exit(127);
	}
	return child < 0 ? -1 : 0;
}

/* Reads what there is; false at the end, or when nothing comes. */
static bool read_some(void)
{
	struct pollfd p = { .fd = terminal, .events = POLLIN };
	if (poll(&p, 1, PATIENCE_MS) <= 0 || shown >= sizeof(screen) - 1)
		return false;
	ssize_t n = read(terminal, screen + shown, sizeof(screen) - 1 - shown);
	if (n <= 0)
		return false;
	shown += (size_t)n;
	screen[shown] = '\0';
	return true;
}

/* Waits until the text is on the screen, behind what was waited for before. */
static void see(const char *text)
{
	const char *at;
	while (!(at = strstr(screen + looked_at, text)))
		if (!read_some())
			fail_msg("not seen: %s, but: %s", text, screen + looked_at);
	looked_at = (size_t)(at - screen) + strlen(text);
}

/* The prompt is there before the editor takes over from the terminal's own one. */
static void wait_for_the_editor(void)
{
	struct termios t;
	for (int i = 0; i < PATIENCE_MS / STEP_MS; i++) {
		assert_int_equal(tcgetattr(terminal, &t), 0);
		if (!(t.c_lflag & ICANON))
			return;
		poll(NULL, 0, STEP_MS);
	}
	fail_msg("no editor");
}

static void type(const char *text)
{
	wait_for_the_editor();
	assert_int_equal(write(terminal, text, strlen(text)), strlen(text));
}

/* Waits for the end; the exit status. */
static int ended(void)
{
	int status = -1;
	while (read_some())
		;
	kill(child, SIGHUP); /* if it still waits for something */
	assert_int_equal(waitpid(child, &status, 0), child);
	child = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int stop(void **state)
{
	(void)state;
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	close(terminal);
	return 0;
}

static void mistakes_are_shown_and_the_next_command_is_asked_for(void **state)
{
	(void)state;
	see("setkey> ");
	type("flsh;\r");
	see("stdin:1:1: flsh: no such command (did you mean flush?)");
	see("setkey> ");
	type("exit\r");
	assert_int_equal(ended(), 1);
}

static void command_may_go_over_several_lines(void **state)
{
	(void)state;
	see("setkey> ");
	type("add 192.0.2.1 192.0.2.2\r");
	see("      > ");
	type("esp 0x300 -E nul; flush;\r");
	see("stdin:2:14: nul: no such encryption algorithm (did you mean null?)");
	see("setkey> ");
	type("quit;\r");
	assert_int_equal(ended(), 1);
}

static void tabulator_completes_commands_and_their_words(void **state)
{
	(void)state;
	see("setkey> ");
	type("spdf\t x;\r");
	see("stdin:1:11: x: expected ';'");
	see("setkey> ");
	type("add ::1 ::2 e\t\t 0x300 -E nul\t; sp\tx\r");
	see("esp 0x300 -E null ; spdx");
	see("      > ");
	type(";bye\r");
	see("stdin:2:33: spdx: no such command");
	assert_int_equal(ended(), 1);
}

static void arrow_up_brings_back_the_line_before(void **state)
{
	(void)state;
	see("setkey> ");
	type("flsh;\r");
	see("stdin:1:1: flsh: no such command");
	see("setkey> ");
	type("\x10\r"); /* control-P, as the arrow */
	see("stdin:2:1: flsh: no such command");
	see("setkey> ");
	type("exit;\r");
	assert_int_equal(ended(), 1);
}

static void typed_letters_can_be_deleted(void **state)
{
	(void)state;
	see("setkey> ");
	type("flshh\x7f;\r");
	see("stdin:1:1: flsh: no such command");
	see("setkey> ");
	type("\x04"); /* the end of input */
	assert_int_equal(ended(), 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(mistakes_are_shown_and_the_next_command_is_asked_for),
		TEST(command_may_go_over_several_lines),
		TEST(tabulator_completes_commands_and_their_words),
		TEST(arrow_up_brings_back_the_line_before),
		TEST(typed_letters_can_be_deleted),
	};
	if (argc < 2)
		return 2;
	setkey = argv[1];
	return cmocka_run_group_tests_name("setkey_terminal", tests, NULL, NULL);
}
