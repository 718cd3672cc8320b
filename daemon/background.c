/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The old process stays as long as the start takes and copies what the new one says.
 * When it is gone, the other end of stderr is too: later lines go to the system log.
 */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

/* False at the end. */
static bool copy_some(int from)
{
	char text[4096];
	ssize_t n = read(from, text, sizeof(text));

	if (n > 0)
		(void)!write(STDERR_FILENO, text, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR);
}

static _Noreturn void wait_for_start(int ready, int text)
{
	struct pollfd fds[] = { { .fd = text, .events = POLLIN },
				{ .fd = ready, .events = POLLIN } };
	char byte;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			_exit(EXIT_FAILURE);
		if (fds[0].revents && !copy_some(text))
			fds[0].fd = -1;
		if (fds[0].revents || !fds[1].revents)
			continue;
		_exit(read(ready, &byte, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
}

static int detach(int text)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || setsid() < 0 || chdir("/") < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(text, STDERR_FILENO) < 0)
		return -errno;
	close(null);
	close(text);
	return 0;
}

int background_enter(int *ret_ready_fd)
{
	int ready[2], text[2];

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(text, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(ready[1]);
		close(text[1]);
		wait_for_start(ready[0], text[0]);
	}
	close(ready[0]);
	close(text[0]);
	*ret_ready_fd = ready[1];
	return detach(text[1]);
}
