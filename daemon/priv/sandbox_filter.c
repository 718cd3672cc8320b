/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System call filters (seccomp): one list for all processes and one for each.  What a
 * library may try and can live without is refused; anything else kills the process.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>

#include "priv/sandbox.h"

#ifdef __has_feature
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif

/* Sanitizers open files, start threads and read /proc when they report something. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
	HAS_FEATURE(address_sanitizer) || HAS_FEATURE(memory_sanitizer)
enum { FILTERS = 0 };
#else
enum { FILTERS = 1 };
#endif

/* Ends a list; no system call of any architecture has this number. */
enum { END = -100000 };

/* clang-format off */
/* Memory, time, descriptors it has, its own end. */
static const int common[] = {
	SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect),
	SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(lseek),
	SCMP_SYS(fstat), SCMP_SYS(fcntl), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(recvfrom),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(tgkill),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Refused: OpenSSL, the C library and syslog(3) try these and go on without. */
static const int refused[] = {
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
	SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(readlink),
	SCMP_SYS(ioctl), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(prlimit64),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(getcwd),
};

static const int event_loop[] = {
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl),
	END,
};

static const int engine_calls[] = {
	SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg), SCMP_SYS(accept), SCMP_SYS(accept4),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(shutdown), END,
};

static const int monitor_calls[] = {
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(wait4),
	SCMP_SYS(waitid), SCMP_SYS(memfd_create), END,
};

/* Of these families only may the process open sockets. */
static const int no_families[] = { END };
static const int monitor_families[] = { AF_UNIX, AF_NETLINK, END };

static const struct {
	const int *calls[2];
	const int *families;
} processes[] = {
	[PROCESS_MONITOR] = { { event_loop, monitor_calls }, monitor_families },
	[PROCESS_KEEPER] = { { NULL }, no_families },
	[PROCESS_ENGINE] = { { event_loop, engine_calls }, no_families },
};
/* clang-format on */

static int allow(scmp_filter_ctx filter, const int *calls)
{
	int r = 0;
	for (; calls && *calls != END && r == 0; calls++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, *calls, 0);
	return r;
}

static int add_sockets(scmp_filter_ctx filter, const int *families)
{
	int r = 0;

	/* syslog(3) may want to connect again: it then does without. */
	if (*families == END)
		return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 0);
	for (; *families != END && r == 0; families++) {
		const struct scmp_arg_cmp family = { .arg = 0,
						     .op = SCMP_CMP_EQ,
						     .datum_a = (scmp_datum_t)*families };
		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &family);
	}
	return r;
}

static int add_rules(scmp_filter_ctx filter, enum process process)
{
	int r = 0;

	for (size_t i = 0; i < N_ELEMENTS(common) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, common[i], 0);
	for (size_t i = 0; i < N_ELEMENTS(refused) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
	for (size_t i = 0; i < N_ELEMENTS(processes[process].calls) && r == 0; i++)
		r = allow(filter, processes[process].calls[i]);
	return r < 0 ? r : add_sockets(filter, processes[process].families);
}

bool sandbox_has_filters(void)
{
	return FILTERS;
}

int sandbox_filter(enum process process, struct err *err)
{
	if (!FILTERS)
		return 1;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return err_set(err, -ENOMEM, "system call filter: out of memory");
	int r = add_rules(filter, process);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	/* A kernel without filters says EINVAL, or ENOSYS; the other walls still stand. */
	if (r == -EINVAL || r == -ENOSYS || r == -EOPNOTSUPP)
		return 1;
	return r < 0 ? err_set(err, r, "system call filter: %s", strerror(-r)) : 0;
}
