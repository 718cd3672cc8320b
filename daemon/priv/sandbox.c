/* SPDX-License-Identifier: BSD-2-Clause */
/* Users, capabilities, limits: the part of the sandbox that is not a filter. */
#include "priv/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILES_MAX = 256 };

static const char *const default_users[] = { "_tanuki", "nobody" };

static const struct passwd *find_user(const char *user)
{
	const struct passwd *pw = NULL;

	if (user[0])
		return getpwnam(user);
	for (size_t i = 0; i < N_ELEMENTS(default_users) && !pw; i++)
		pw = getpwnam(default_users[i]);
	return pw;
}

int sandbox_find_user(const char *user, const char *group, struct sandbox_user *ret,
		      struct err *err)
{
	const struct passwd *pw = find_user(user);

	if (!pw)
		return err_set(err, -ENOENT, "there is no user \"%s\"",
			       user[0] ? user : "_tanuki or nobody");
	struct sandbox_user found = { .uid = pw->pw_uid, .gid = pw->pw_gid };
	if (group[0]) {
		const struct group *gr = getgrnam(group);
		if (!gr)
			return err_set(err, -ENOENT, "there is no group \"%s\"", group);
		found.gid = gr->gr_gid;
	}
	if (found.uid == 0)
		return err_set(err, -EINVAL, "the user without privileges must not be root");
	*ret = found;
	return 0;
}

static int set_limit(int resource, rlim_t value, struct err *err)
{
	struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

	if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return err_set(err, -errno, "limit %d: %s", resource, strerror(errno));
	return 0;
}

/* What all processes do without: new privileges, debuggers and core dumps. */
static int give_up_common(struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(err, -errno, "no_new_privs: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(err, -errno, "dumpable: %s", strerror(errno));
	return set_limit(RLIMIT_CORE, 0, err);
}

int sandbox_become(const struct sandbox_user *user, const char *root, struct err *err)
{
	bool contained = chroot(root) == 0;

	if (chdir("/") < 0)
		return err_set(err, -errno, "chdir /: %s", strerror(errno));
	if (setgroups(0, NULL) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		return err_set(err, -errno, "becoming uid %u, gid %u: %s", user->uid, user->gid,
			       strerror(errno));
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		return err_set(err, -EPERM, "root can be had back");
	int r = set_limit(RLIMIT_NPROC, 0, err);
	if (r == 0)
		r = set_limit(RLIMIT_NOFILE, FILES_MAX, err);
	if (r == 0)
		r = give_up_common(err);
	return r < 0 ? r : !contained;
}

/* keep: a bit of the capabilities below 32. */
static int keep_capabilities(uint32_t keep, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	data[0].effective = data[0].permitted = keep;
	/* The bounding set too: nothing that is run could bring them back. */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (cap >= 32 || !(keep & 1u << cap))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, data) < 0)
		return err_set(err, -errno, "giving up capabilities: %s", strerror(errno));
	return give_up_common(err);
}

int sandbox_keep_net_admin(struct err *err)
{
	return keep_capabilities(1u << CAP_NET_ADMIN, err);
}

int sandbox_keep_root_only(struct err *err)
{
	return keep_capabilities(0, err);
}

int sandbox_hold_lifeline(int read_end, struct err *err)
{
	/* The kernel asks who set the owner, root, not who closes the pipe: this works from
	 * a monitor without CAP_KILL to a process of another user. */
	if (fcntl(read_end, F_SETSIG, SIGKILL) < 0 || fcntl(read_end, F_SETOWN, getpid()) < 0 ||
	    fcntl(read_end, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
		return err_set(err, -errno, "lifeline: %s", strerror(errno));
	return 0;
}
