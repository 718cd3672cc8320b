/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said to resolvectl(1) and resolvconf(8). */
#include "priv/dns_program.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const resolvectl_paths[] = { "/usr/bin/resolvectl", "/bin/resolvectl" };
static const char *const resolvconf_paths[] = { "/usr/sbin/resolvconf", "/sbin/resolvconf",
						"/usr/bin/resolvconf", "/bin/resolvconf" };
/* It is there while systemd-resolved runs. */
static const char resolved_socket[] = "/run/systemd/resolve/io.systemd.Resolve";

static bool take_first(const char *const *paths, size_t n, enum resolver_kind kind,
		       struct resolver *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (access(paths[i], X_OK) < 0)
			continue;
		ret->kind = kind;
		snprintf(ret->path, sizeof(ret->path), "%s", paths[i]);
		return true;
	}
	return false;
}

void resolver_find(const struct policy *policy, struct resolver *ret)
{
	const char *path = policy->resolver_path;
	const char *name = strrchr(path, '/');

	*ret = (struct resolver){ .kind = RESOLVER_NONE };
	if (policy->resolver_off)
		return;
	if (name) {
		ret->kind = strcmp(name + 1, "resolvectl") == 0 ? RESOLVER_RESOLVECTL
								: RESOLVER_RESOLVCONF;
		snprintf(ret->path, sizeof(ret->path), "%s", path);
		return;
	}
	if (access(resolved_socket, F_OK) == 0 &&
	    take_first(resolvectl_paths, N_ELEMENTS(resolvectl_paths), RESOLVER_RESOLVECTL, ret))
		return;
	(void)take_first(resolvconf_paths, N_ELEMENTS(resolvconf_paths), RESOLVER_RESOLVCONF, ret);
}

/* Text that stays as long as the plan. */
static PRINTF(2, 3) const char *keep(struct resolver_plan *p, const char *fmt, ...)
{
	char *at = p->text + p->text_bytes;
	size_t left = sizeof(p->text) - p->text_bytes;
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(at, left, fmt, args);
	va_end(args);
	/* The limits of a set are what the room was made for. */
	REQUIRE(n >= 0 && (size_t)n < left);
	p->text_bytes += (size_t)n + 1;
	return at;
}

static size_t begin(struct resolver_plan *p, const struct resolver *r, const char *verb,
		    const char *link)
{
	size_t n = 0;

	REQUIRE(p->n < RESOLVER_STEPS_MAX);
	p->steps[p->n].args[n++] = r->path;
	p->steps[p->n].args[n++] = verb;
	p->steps[p->n].args[n++] = link;
	p->n++;
	return n;
}

static void add(struct resolver_plan *p, size_t *n, const char *arg)
{
	REQUIRE(*n < RESOLVER_ARGS_MAX);
	p->steps[p->n - 1].args[(*n)++] = arg;
}

static const char *text_of(struct resolver_plan *p, const struct addr *a)
{
	char buf[ADDR_TEXT_MAX_BYTES];
	return keep(p, "%s", addr_text(a, buf));
}

/* "~": only for routing, nothing is looked up with it appended (RFC 8598 3.1). */
static void plan_resolvectl(const struct resolver *r, const char *link, const struct inner_dns *dns,
			    struct resolver_plan *p)
{
	size_t n = begin(p, r, "dns", link);

	for (uint8_t i = 0; i < dns->n_servers; i++)
		add(p, &n, text_of(p, &dns->servers[i]));
	n = begin(p, r, "domain", link);
	if (dns->n_domains == 0)
		add(p, &n, "~.");
	for (uint8_t i = 0; i < dns->n_domains; i++)
		add(p, &n, keep(p, "~%s", dns->domains[i]));
	n = begin(p, r, "default-route", link);
	add(p, &n, dns->n_domains == 0 ? "yes" : "no");
}

static void plan_resolvconf(const struct resolver *r, const char *link, const struct inner_dns *dns,
			    struct resolver_plan *p)
{
	char text[RESOLVER_TEXT_MAX_BYTES / 2], buf[ADDR_TEXT_MAX_BYTES];
	int used = 0;

	for (uint8_t i = 0; i < dns->n_servers; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "nameserver %s\n",
				 addr_text(&dns->servers[i], buf));
	(void)begin(p, r, "-a", keep(p, "%s.tanukid", link));
	p->steps[p->n - 1].input = keep(p, "%s", text);
}

void resolver_plan(const struct resolver *r, const char *link, const struct inner_dns *dns,
		   struct resolver_plan *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (r->kind == RESOLVER_NONE)
		return;
	link = keep(ret, "%s", link);
	if (r->kind == RESOLVER_RESOLVECTL && dns)
		plan_resolvectl(r, link, dns, ret);
	else if (r->kind == RESOLVER_RESOLVECTL)
		(void)begin(ret, r, "revert", link);
	else if (dns)
		plan_resolvconf(r, link, dns, ret);
	else
		(void)begin(ret, r, "-d", keep(ret, "%s.tanukid", link));
}
