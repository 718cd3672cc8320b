/* SPDX-License-Identifier: BSD-2-Clause */
/* The walls, each tried from inside by a process that may break on it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unit.h"
#include "priv/children.h"
#include "priv/sandbox.h"

enum { NO_FILTER = 77, FAILED = 99 };

static int status_of(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void enter(enum process process)
{
	struct err err;
	int r = sandbox_filter(process, &err);

	if (r != 0)
		_exit(r == 1 ? NO_FILTER : FAILED);
}

/* clang-format off */
static void keeper_executes(void) { enter(PROCESS_KEEPER); execl("/bin/true", "true", (char *)NULL); }
static void engine_executes(void) { enter(PROCESS_ENGINE); execl("/bin/true", "true", (char *)NULL); }
static void monitor_executes(void) { enter(PROCESS_MONITOR); execl("/bin/true", "true", (char *)NULL); }
static void engine_forks(void) { enter(PROCESS_ENGINE); if (fork() == 0) _exit(0); }
static void keeper_listens(void) { enter(PROCESS_KEEPER); listen(0, 1); }
static void engine_binds(void) { enter(PROCESS_ENGINE); bind(0, NULL, 0); }
static void monitor_opens_inet(void) { enter(PROCESS_MONITOR); (void)!socket(PF_INET, SOCK_DGRAM, 0); }
static void engine_traces(void) { enter(PROCESS_ENGINE); kill(getppid(), 0); }
/* clang-format on */

static void what_is_not_listed_kills(void **state)
{
	static void (*const tries[])(void) = { keeper_executes, engine_executes,   monitor_executes,
					       engine_forks,    keeper_listens,    engine_binds,
					       engine_traces,   monitor_opens_inet };
	(void)state;
	if (!sandbox_has_filters())
		UNIT_SKIP("sanitizers are in the way of the filter");
	for (size_t i = 0; i < N_ELEMENTS(tries); i++) {
		int status = status_of(tries[i]);
		if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER)
			UNIT_SKIP("this kernel has no filters of system calls");
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("try %zu ended with %x", i, (unsigned int)status);
	}
}

static void use_what_is_listed(void)
{
	char byte;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		_exit(FAILED);
	enter(PROCESS_ENGINE);
	free(malloc(1 << 20));
	if (write(pair[0], "x", 1) != 1 || read(pair[1], &byte, 1) != 1)
		_exit(FAILED);
	/* Refused, but not fatal: libraries try this. */
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
		_exit(FAILED);
	if (socket(PF_INET, SOCK_DGRAM, 0) >= 0 || errno != EACCES)
		_exit(FAILED);
}

static void what_is_listed_works(void **state)
{
	(void)state;
	if (!sandbox_has_filters())
		UNIT_SKIP("sanitizers are in the way of the filter");
	int status = status_of(use_what_is_listed);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER)
		UNIT_SKIP("this kernel has no filters of system calls");
	assert_int_equal(status, 0);
}

static void become_nobody(void)
{
	struct sandbox_user user;
	struct rlimit limit;
	struct err err;

	if (sandbox_find_user("nobody", "", &user, &err) < 0 ||
	    sandbox_become(&user, "/proc/self/fd", &err) < 0)
		_exit(1);
	if (getuid() == 0 || geteuid() == 0 || setuid(0) == 0 || getgid() == 0)
		_exit(2);
	if (open("/etc/passwd", O_RDONLY) >= 0)
		_exit(3);
	if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_max != 0)
		_exit(4);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		_exit(5);
	if (fork() >= 0)
		_exit(6);
}

static void nobody_stays_nobody_in_an_empty_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		UNIT_SKIP("only root can");
	assert_int_equal(status_of(become_nobody), 0);
}

static void keep_net_admin(void)
{
	struct err err;

	if (sandbox_keep_net_admin(&err) < 0)
		_exit(1);
	/* Root's name is left, but nothing of what it could do. */
	if (chroot("/") == 0 || sethostname("x", 1) == 0)
		_exit(2);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), bytes = 1 << 20;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		_exit(3); /* this needs CAP_NET_ADMIN */
}

static void the_monitor_keeps_one_capability(void **state)
{
	(void)state;
	if (geteuid() != 0)
		UNIT_SKIP("only root can");
	assert_int_equal(status_of(keep_net_admin), 0);
}

static void users_are_found_by_name(void **state)
{
	struct sandbox_user user;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(sandbox_find_user("", "", &user, &err), 0);
	assert_int_not_equal(user.uid, 0);
	assert_int_equal(sandbox_find_user("no-such-user", "", &user, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no-such-user"));
	assert_int_equal(sandbox_find_user("", "no-such-group", &user, &err), -ENOENT);
	assert_int_equal(sandbox_find_user("root", "", &user, &err), -EINVAL);
}

/* ---- lifeline and children ---- */

/* Says that it is there, then does not go by itself. */
static _Noreturn int hang(void *arg)
{
	(void)!write(*(const int *)arg, "", 1);
	for (;;)
		pause();
}

static int leave(void *arg)
{
	return *(const int *)arg;
}

static void a_child_dies_with_the_lifeline(void **state)
{
	struct child_process c = { 0 };
	char text[CHILD_STATUS_TEXT_MAX_BYTES];
	int lifeline[2], there[2], status;

	(void)state;
	assert_int_equal(pipe2(lifeline, O_CLOEXEC), 0);
	assert_int_equal(pipe2(there, O_CLOEXEC), 0);
	assert_int_equal(child_process_start(&c, "engine", lifeline, hang, &there[1], NULL), 0);
	assert_int_equal(read(there[0], text, 1), 1);
	close(lifeline[0]);
	assert_int_equal(kill(c.pid, SIGTERM), 0); /* not its to hear */
	child_process_wait(&c, 50);
	assert_int_not_equal(c.pid, 0);
	close(lifeline[1]);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	assert_true(WIFSIGNALED(status));
	assert_string_equal(child_process_status_text(status, text), "signal 9 (Killed)");
	close(there[0]);
	close(there[1]);
}

static void a_childs_status_is_told(void **state)
{
	struct child_process c = { 0 };
	char text[CHILD_STATUS_TEXT_MAX_BYTES];
	int lifeline[2], status, code = 3;

	(void)state;
	assert_int_equal(pipe2(lifeline, O_CLOEXEC), 0);
	assert_int_equal(child_process_start(&c, "keeper", lifeline, leave, &code, NULL), 0);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)c.pid, &info, WEXITED | WNOWAIT), 0);
	assert_true(child_process_reap(&c, &status));
	assert_int_equal(c.pid, 0);
	assert_string_equal(child_process_status_text(status, text), "status 3");
	assert_false(child_process_reap(&c, &status));
	close(lifeline[0]);
	close(lifeline[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("what is not listed kills", what_is_not_listed_kills),
		UNIT("what is listed works", what_is_listed_works),
		UNIT("nobody stays nobody, in an empty root", nobody_stays_nobody_in_an_empty_root),
		UNIT("the monitor keeps one capability", the_monitor_keeps_one_capability),
		UNIT("users are found by name", users_are_found_by_name),
		UNIT("a child dies with the lifeline", a_child_dies_with_the_lifeline),
		UNIT("a child's status is told", a_childs_status_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
