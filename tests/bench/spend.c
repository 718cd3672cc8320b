/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spend FILE COMMAND...: runs the command, its output into /dev/null, and writes into FILE what it
 * cost: "CPU RSS", milliseconds of user and system time and the most memory that it held, in kB.
 * The status is the command's own; 125 if it could not be measured.
 *
 * In a guest the clock of processes goes on while the host runs something else.  With
 * BENCH_CLOCK=DIR the time is the guest's on its host, asked from tests/bench/guest-clock, which
 * answers in that folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNMEASURED = 125, NOT_FOUND = 127, PATH_BYTES = 512, NAP_USEC = 10000, NAPS_MAX = 3000 };

static void fail(const char *what)
{
	fprintf(stderr, "spend: %s: %s\n", what, strerror(errno));
	exit(UNMEASURED);
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		fail(path);
	close(fd);
}

/* What the guest has spent so far, in ms; which is a number that no other question has. */
static long ask_host(const char *dir, const char *which)
{
	char ask[PATH_BYTES], answer[PATH_BYTES];
	long ms;
	FILE *f = NULL;
	snprintf(ask, sizeof(ask), "%s/ask.%d%s", dir, (int)getpid(), which);
	snprintf(answer, sizeof(answer), "%s/answer.%d%s", dir, (int)getpid(), which);
	touch(ask);
	for (int i = 0; i < NAPS_MAX && !(f = fopen(answer, "re")); i++)
		usleep(NAP_USEC);
	if (!f || fscanf(f, "%ld", &ms) != 1)
		fail(answer);
	fclose(f);
	unlink(ask);
	unlink(answer);
	return ms;
}

static void become(char **argv)
{
	int fd = open("/dev/null", O_WRONLY);
	if (fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	fprintf(stderr, "spend: %s: %s\n", argv[0], strerror(errno));
	_exit(NOT_FOUND);
}

static long ms_of(const struct timeval *t)
{
	return (long)t->tv_sec * 1000 + (long)t->tv_usec / 1000;
}

int main(int argc, char **argv)
{
	const char *dir = getenv("BENCH_CLOCK");
	struct rusage used;
	int status;
	if (argc < 3)
		return UNMEASURED;
	FILE *f = fopen(argv[1], "we");
	if (!f)
		fail(argv[1]);
	long before_ms = dir ? ask_host(dir, "a") : 0;
	pid_t pid = fork();
	if (pid == 0)
		become(argv + 2);
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		fail("wait4");
	long ms = dir ? ask_host(dir, "b") - before_ms
		      : ms_of(&used.ru_utime) + ms_of(&used.ru_stime);
	fprintf(f, "%ld %ld\n", ms, used.ru_maxrss);
	if (fclose(f))
		fail(argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : UNMEASURED;
}
