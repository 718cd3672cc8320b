/* SPDX-License-Identifier: BSD-2-Clause */
/* fork(2), exec(2), and waiting without signals. */
#include "priv/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fmt.h"
#include "priv/children.h"

enum { WAIT_STEP_MS = 10, OUTPUT_MAX_BYTES = 200, EXIT_NO_PROGRAM = 127 };

struct program {
	pid_t pid;
	int output; /* what it writes comes from here */
	char text[OUTPUT_MAX_BYTES];
	size_t text_bytes;
};

/* Handlers are gone after exec(2), ignored signals and the mask are not. */
static void reset_signals(void)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		(void)signal(signo, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(const char *const args[], int input, int output)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", language[] = "LC_ALL=C";
	char *const environment[] = { path, language, NULL };
	char *const *argv;

	/* execve(2) promises to change nothing, its prototype does not. */
	memcpy(&argv, &args, sizeof(argv));
	(void)setpgid(0, 0);
	reset_signals();
	if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0 || chdir("/") < 0)
		_exit(EXIT_NO_PROGRAM);
	(void)close_range(STDERR_FILENO + 1, ~0u, 0);
	execve(args[0], argv, environment);
	_exit(EXIT_NO_PROGRAM);
}

/* A pipe with the whole input in it: it fits, so that nobody has to feed it. */
static int open_input(const char *input)
{
	int ends[2];
	size_t len = input ? strlen(input) : 0;

	if (len > RUN_INPUT_MAX_BYTES)
		return -E2BIG;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	ssize_t n = len ? write(ends[1], input, len) : 0;
	close(ends[1]);
	if (n == (ssize_t)len)
		return ends[0];
	close(ends[0]);
	return -EIO;
}

static int start(struct program *p, const char *const args[], const char *input)
{
	int output[2];
	int in = open_input(input);

	if (in < 0)
		return in;
	if (pipe2(output, O_CLOEXEC | O_NONBLOCK) < 0) {
		close(in);
		return -errno;
	}
	p->pid = fork();
	if (p->pid == 0)
		become(args, in, output[1]);
	int r = p->pid < 0 ? -errno : 0;
	close(in);
	close(output[1]);
	p->output = output[0];
	if (r < 0)
		close(p->output);
	return r;
}

/* Keeps the beginning of what it writes; the rest is read so that it can go on. */
static void read_output(struct program *p)
{
	char buf[512];
	ssize_t n;

	while ((n = read(p->output, buf, sizeof(buf))) > 0) {
		size_t room = sizeof(p->text) - p->text_bytes;
		size_t take = (size_t)n < room ? (size_t)n : room;
		memcpy(p->text + p->text_bytes, buf, take);
		p->text_bytes += take;
	}
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Its wait status, or -ETIMEDOUT. */
static int wait_for_end(struct program *p, int limit_ms, int *ret_status)
{
	int64_t end_ms = now_ms() + limit_ms;

	for (;;) {
		pid_t pid = waitpid(p->pid, ret_status, WNOHANG);
		read_output(p);
		if (pid == p->pid)
			return 0;
		if (now_ms() >= end_ms)
			break;
		poll(NULL, 0, WAIT_STEP_MS);
	}
	/* The group has its number in any case: the program is not reaped yet. */
	(void)kill(-p->pid, SIGKILL);
	(void)kill(p->pid, SIGKILL);
	(void)waitpid(p->pid, ret_status, 0);
	return -ETIMEDOUT;
}

static int complain(const struct program *p, const char *name, int status, struct err *err)
{
	char how[CHILD_STATUS_TEXT_MAX_BYTES], said[4 * OUTPUT_MAX_BYTES];
	struct fmt f = fmt_of(said, sizeof(said));
	size_t len = p->text_bytes;

	while (len > 0 && p->text[len - 1] == '\n')
		len--;
	said[0] = '\0';
	fmt_add_escaped(&f, slice_of(p->text, len));
	return err_set(err, -ECHILD, "%s: %s%s%s", name, child_process_status_text(status, how),
		       len ? ": " : "", said);
}

int run_program(const char *const args[], const char *input, int limit_ms, struct err *err)
{
	struct program p = { 0 };
	int status = 0;
	int r = start(&p, args, input);

	if (r < 0)
		return err_set(err, r, "%s: %s", args[0], strerror(-r));
	r = wait_for_end(&p, limit_ms, &status);
	close(p.output);
	if (r < 0)
		return err_set(err, r, "%s: killed after %d ms", args[0], limit_ms);
	return status == 0 ? 0 : complain(&p, args[0], status, err);
}
