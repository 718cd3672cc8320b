/* SPDX-License-Identifier: BSD-2-Clause */
/* fork(2) and wait(2). */
#include "priv/children.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "priv/sandbox.h"

enum { WAIT_STEP_MS = 10 };

/* systemd and a terminal signal the whole group; what to do about it is the monitor's to say. */
static void ignore_signals(void)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2 };

	for (size_t i = 0; i < N_ELEMENTS(ignored); i++)
		signal(ignored[i], SIG_IGN);
}

static _Noreturn void become_child(const char *name, const int *lifeline, child_main_fn main,
				   void *arg)
{
	struct err err = { 0 };
	char title[16];

	snprintf(title, sizeof(title), "tanukid-%s", name);
	(void)prctl(PR_SET_NAME, title, 0, 0, 0);
	log_set_process(name);
	ignore_signals();
	if (lifeline)
		close(lifeline[1]);
	if (lifeline && sandbox_hold_lifeline(lifeline[0], &err) < 0) {
		LOG(ERROR, "process_failed", F_STR("reason", err.text));
		_exit(EXIT_FAILURE);
	}
	/* Not exit(): what the monitor registered is not ours to run. */
	_exit(main(arg));
}

int child_process_start(struct child_process *c, const char *name, const int *lifeline,
			child_main_fn main, void *arg, struct err *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return err_set(err, -errno, "starting the %s: %s", name, strerror(errno));
	if (pid == 0)
		become_child(name, lifeline, main, arg);
	c->name = name;
	c->pid = pid;
	return 0;
}

bool child_process_reap(struct child_process *c, int *ret_status)
{
	int status;

	if (c->pid <= 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return false;
	c->pid = 0;
	*ret_status = status;
	return true;
}

void child_process_wait(struct child_process *c, int limit_ms)
{
	int status;

	for (int ms = 0; c->pid > 0 && ms < limit_ms; ms += WAIT_STEP_MS) {
		if (child_process_reap(c, &status))
			return;
		poll(NULL, 0, WAIT_STEP_MS);
	}
}

const char *child_process_status_text(int status, char *buf)
{
	if (WIFSIGNALED(status))
		snprintf(buf, CHILD_STATUS_TEXT_MAX_BYTES, "signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(buf, CHILD_STATUS_TEXT_MAX_BYTES, "status %d", WEXITSTATUS(status));
	return buf;
}
