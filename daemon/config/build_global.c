/* SPDX-License-Identifier: BSD-2-Clause */
/* Words outside of remote and sainfo: paths, log, listen, timers, privileges. */
#include "config/schema.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"

int apply_bool(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)b;
	bool v;
	int rc = args_bool(a, &v);
	if (rc == 0)
		rc = args_end(a);
	if (rc == 0)
		*(bool *)((char *)target + w->offset) = v;
	return rc;
}

int apply_duration(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)b;
	int64_t ms;
	int rc = args_duration(a, 1000, &ms);
	if (rc == 0)
		rc = args_end(a);
	if (rc)
		return rc;
	if (ms < w->min || ms > w->max)
		return token_error(a->err, -EINVAL, &a->st->tokens[0],
				   "%s must be from %lld ms to %lld ms", w->name, (long long)w->min,
				   (long long)w->max);
	*(int64_t *)(void *)((char *)target + w->offset) = ms;
	return 0;
}

int apply_counter(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)b;
	int64_t n;
	int rc = args_number(a, w->min, w->max, &n);
	if (rc == 0)
		rc = args_end(a);
	if (rc == 0)
		*(int *)(void *)((char *)target + w->offset) = (int)n;
	return rc;
}

int apply_ignored(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)target;
	build_warn(b, &a->st->tokens[0], "\"%s\" is ignored: %s", w->name, w->help);
	return 0;
}

int apply_refused(struct build *b, const struct word *w, struct args *a, void *target)
{
	(void)b;
	(void)target;
	/* "off" asks for what we do anyway. */
	if (args_take_word(a, "off") && !args_left(a))
		return 0;
	return token_error(a->err, -EOPNOTSUPP, &a->st->tokens[0], "\"%s\": %s", w->name, w->help);
}

int apply_block(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct policy *policy = target;
	if (!a->st->block)
		return token_error(a->err, -EINVAL, &a->st->tokens[0],
				   "a { } block expected after \"%s\"", w->name);
	int rc = args_end(a);
	if (rc)
		return rc;
	void *inner = w->arg == IN_TIMER ? (void *)&policy->timers : target;
	return schema_apply(b, (enum section)w->arg, a->st->children, inner);
}

/* Forged requests must not fill what keeps others out: see struct policy_limits. */
static int check_limits(struct args *a, const struct policy_limits *l)
{
	bool of_source = l->half_open_per_source <= l->half_open;
	int max = of_source ? l->half_open_per_source : l->half_open;
	if (l->cookie_threshold < max)
		return 0;
	return token_error(a->err, -EINVAL, &a->st->tokens[0],
			   "cookie_threshold (%d) must be below %s (%d): else requests with forged "
			   "addresses would keep others out",
			   l->cookie_threshold, of_source ? "half_open_per_source" : "half_open",
			   max);
}

int apply_limits(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct policy *policy = target;
	if (!a->st->block)
		return token_error(a->err, -EINVAL, &a->st->tokens[0],
				   "a { } block expected after \"%s\"", w->name);
	int rc = args_end(a);
	if (rc == 0)
		rc = schema_apply(b, IN_LIMITS, a->st->children, &policy->limits);
	return rc ? rc : check_limits(a, &policy->limits);
}

int apply_path(struct build *b, const struct word *w, struct args *a, void *target)
{
	static const char *const kinds[] = { "include", "pre_shared_key", "certificate", "backupsa",
					     "script",  "pidfile",        "resolvconf" };
	struct policy *policy = target;
	size_t kind;
	const char *path;
	(void)w;
	int rc = args_choice(a, kinds, N_ELEMENTS(kinds), &kind);
	if (rc == 0)
		rc = args_string(a, "a path", &path);
	if (rc == 0)
		rc = args_end(a);
	if (rc)
		return rc;
	if (strcmp(kinds[kind], "pre_shared_key") == 0) {
		if (strlen(path) >= sizeof(policy->psk_path))
			return token_error(a->err, -EINVAL, &a->st->tokens[2],
					   "this path is too long");
		strcpy(policy->psk_path, path);
	} else if (strcmp(kinds[kind], "resolvconf") == 0) {
		if (path[0] && (path[0] != '/' || strlen(path) >= sizeof(policy->resolver_path)))
			return token_error(a->err, -EINVAL, &a->st->tokens[2],
					   "the full path of a program, or \"\", expected");
		strcpy(policy->resolver_path, path);
		policy->resolver_off = path[0] == '\0';
	} else if (strcmp(kinds[kind], "include") != 0) {
		build_warn(b, &a->st->tokens[1], "path %s is ignored: nothing here reads it",
			   kinds[kind]);
	}
	return 0;
}

int apply_log(struct build *b, const struct word *w, struct args *a, void *target)
{
	static const char *const levels[] = {
		[LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_NOTIFY] = "notify",
		[LOG_INFO] = "info",   [LOG_DEBUG] = "debug",     [LOG_DEBUG2] = "debug2",
	};
	struct policy *policy = target;
	size_t level;
	(void)b;
	(void)w;
	int rc = args_choice(a, levels, N_ELEMENTS(levels), &level);
	if (rc == 0)
		rc = args_end(a);
	if (rc == 0)
		policy->log_level = (int)level;
	return rc;
}

int apply_listen_addr(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct policy *policy = target;
	bool natt = w->arg == LISTEN_NATT;
	uint8_t *n = natt ? &policy->n_listen_natt : &policy->n_listen;
	struct addr addr;
	(void)b;
	int rc = args_addr(a, &addr);
	if (rc == 0)
		rc = args_end(a);
	if (rc)
		return rc;
	if (*n == POLICY_ADDRS_MAX)
		return token_error(a->err, -EINVAL, &a->st->tokens[0], "more than %d addresses",
				   POLICY_ADDRS_MAX);
	if (addr.port == 0)
		addr.port = natt ? policy->natt_port : policy->port;
	(natt ? policy->listen_natt : policy->listen)[(*n)++] = addr;
	return 0;
}

int apply_adminsock(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct policy *policy = target;
	const char *path;
	(void)w;
	if (args_take_word(a, "disabled")) {
		policy->control_path[0] = '\0';
		return args_end(a);
	}
	int rc = args_string(a, "a path or \"disabled\"", &path);
	if (rc)
		return rc;
	if (strlen(path) >= sizeof(policy->control_path))
		return token_error(a->err, -EINVAL, &a->st->tokens[1],
				   "a socket's path has at most %zu bytes",
				   sizeof(policy->control_path) - 1);
	if (args_left(a))
		build_warn(b, args_here(a),
			   "owner and mode are ignored: the socket is root's, 0600");
	strcpy(policy->control_path, path);
	return 0;
}

int apply_privsep_name(struct build *b, const struct word *w, struct args *a, void *target)
{
	const char *name;
	(void)b;
	int rc = args_word(a, "a name", &name);
	if (rc == 0)
		rc = args_end(a);
	if (rc)
		return rc;
	if (strlen(name) >= POLICY_NAME_MAX_BYTES)
		return token_error(a->err, -EINVAL, &a->st->tokens[1], "this name is too long");
	strcpy((char *)target + w->offset, name);
	return 0;
}
