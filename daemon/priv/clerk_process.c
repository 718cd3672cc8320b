/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loop of receive, do, answer.  Programs get CLERK_PROGRAM_LIMIT_MS each; meanwhile
 * requests wait in the socket, which holds up nobody.
 *
 * Which links the resolver knows of is noted in a file too: if the clerk itself is killed,
 * the next one takes them back.
 */
#include "priv/clerk_process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "priv/request.h"
#include "priv/dns_program.h"
#include "priv/run.h"
#include "priv/sandbox.h"
#include "priv/setup.h"

enum { CLERK_PROGRAM_LIMIT_MS = 5000, NAMES_MAX_BYTES = SETUP_TUNNELS_MAX * LINKS_NAME_MAX_BYTES };

struct clerk {
	const struct clerk_start *start;
	struct request_gate gate;
	int dir;
	size_t n_links;
	char links[SETUP_TUNNELS_MAX][LINKS_NAME_MAX_BYTES]; /* of which the resolver knows */
};

/* ---- files ---- */

static int copy(int from, int to)
{
	char buf[64 * 1024];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		for (ssize_t done = 0; done < n;) {
			ssize_t written = write(to, buf + done, (size_t)(n - done));
			if (written < 0 && errno != EINTR)
				return -errno;
			done += written > 0 ? written : 0;
		}
		at += n;
	}
	return n < 0 ? -errno : 0;
}

int clerk_replace(int dir, const char *name, int fd)
{
	char temporary[64];
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	snprintf(temporary, sizeof(temporary), "%s.new", name);
	/* What a crash has left. */
	(void)unlinkat(dir, temporary, 0);
	int to = openat(dir, temporary, flags, 0600);
	if (to < 0)
		return -errno;
	int r = copy(fd, to);
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	close(to);
	if (r == 0 && renameat(dir, temporary, dir, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, temporary, 0);
	/* Without it the rename may be forgotten in a crash; the old file is then whole. */
	else if (fsync(dir) < 0)
		r = -errno;
	return r;
}

/* ---- name servers ---- */

static int tell(struct clerk *c, const char *link, const struct inner_dns *dns, struct err *err)
{
	struct resolver resolver;
	struct resolver_plan *plan = malloc(sizeof(*plan));
	int r = plan ? 0 : err_set(err, -ENOMEM, "out of memory");

	if (r < 0)
		return r;
	resolver_find(c->start->policy, &resolver);
	resolver_plan(&resolver, link, dns, plan);
	if (resolver.kind == RESOLVER_NONE && !c->start->policy->resolver_off && dns)
		r = err_set(err, -ENOENT, "there is no resolvectl and no resolvconf");
	for (size_t i = 0; i < plan->n && r == 0; i++)
		r = run_program(plan->steps[i].args, plan->steps[i].input, CLERK_PROGRAM_LIMIT_MS,
				err);
	free(plan);
	return r;
}

/* A word of the file, or of a request: nothing else can be a link of ours. */
static bool is_link(const char *name)
{
	size_t len = strlen(SETUP_PREFIX);
	return strncmp(name, SETUP_PREFIX, len) == 0 && name[len] &&
	       strspn(name + len, "0123456789") == strlen(name + len) &&
	       strlen(name) < LINKS_NAME_MAX_BYTES;
}

static void note(struct clerk *c, const char *link, bool there)
{
	size_t i = 0;

	while (i < c->n_links && strcmp(c->links[i], link) != 0)
		i++;
	if (there && i == c->n_links && i < SETUP_TUNNELS_MAX)
		strcpy(c->links[c->n_links++], link);
	else if (!there && i < c->n_links)
		memmove(c->links[i], c->links[--c->n_links], sizeof(c->links[i]));
	else
		return;

	int fd = memfd_create(CLERK_NAMES, MFD_CLOEXEC);
	for (i = 0; fd >= 0 && i < c->n_links; i++)
		dprintf(fd, "%s\n", c->links[i]);
	int r = fd < 0 ? -errno : clerk_replace(c->dir, CLERK_NAMES, fd);
	if (r < 0)
		LOG(WARNING, "state_failed", F_STR("file", CLERK_NAMES),
		    F_STR("reason", strerror(-r)));
	if (fd >= 0)
		close(fd);
}

static int on_names(struct clerk *c, const struct request_names *names, struct err *err)
{
	const struct inner_dns *dns = names->dns.n_servers ? &names->dns : NULL;

	if (!is_link(names->link))
		return err_set(err, -EINVAL, "no link of ours");
	/* Noted before it is there, and until it is gone. */
	if (dns)
		note(c, names->link, true);
	int r = tell(c, names->link, dns, err);
	if (!dns)
		note(c, names->link, false);
	return r;
}

static void take_back(struct clerk *c)
{
	struct err err = { 0 };

	while (c->n_links > 0) {
		char link[LINKS_NAME_MAX_BYTES];
		strcpy(link, c->links[c->n_links - 1]);
		if (tell(c, link, NULL, &err) < 0)
			LOG(DEBUG, "name_servers_left", F_STR("link", link),
			    F_STR("reason", err.text));
		note(c, link, false);
	}
}

/* What one that was killed has left. */
static void take_back_leftovers(struct clerk *c)
{
	char text[NAMES_MAX_BYTES + 1], *state = NULL;
	int fd = openat(c->dir, CLERK_NAMES, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (char *word = strtok_r(text, "\n", &state); word; word = strtok_r(NULL, "\n", &state))
		if (is_link(word) && c->n_links < SETUP_TUNNELS_MAX)
			strcpy(c->links[c->n_links++], word);
	take_back(c);
}

/* ---- requests ---- */

static int on_store(struct clerk *c, const struct frame *f, struct err *err)
{
	if (f->n_fds != 1)
		return err_set(err, -EINVAL, "nothing to store");
	int r = clerk_replace(c->dir, CLERK_LEASES, f->fds[0]);
	return r < 0 ? err_set(err, r, "%s/%s: %s", c->start->state_path, CLERK_LEASES,
			       strerror(-r))
		     : 0;
}

static int carry_out(struct clerk *c, struct frame *f)
{
	struct request_result result;
	struct err err = { 0 };
	const char *why = "";
	int r = request_admit(&c->gate, f, &why);

	memset(&result, 0, sizeof(result));
	if (r < 0)
		LOG(ERROR, "bad_request", F_INT("kind", f->kind), F_STR("why", why));
	else if (f->kind == REQUEST_STORE)
		result.result = on_store(c, f, &err);
	else
		result.result = on_names(c, request_body(f), &err);
	frame_close_fds(f);
	if (r < 0)
		return r;
	request_set_reason(&result, err.text);
	return frame_send(c->start->sock, REQUEST_CLERK_RESULT, f->id,
			  slice_of(&result, sizeof(result)), NULL, 0);
}

static int serve(struct clerk *c, uint8_t *buf)
{
	struct frame f;
	int r, sent = 0;

	while ((r = frame_recv(c->start->sock, buf, &f)) > 0) {
		r = carry_out(c, &f);
		/* One that stops does not wait for answers, but for the work. */
		if (r == -EPIPE || r == -ECONNRESET)
			sent = r;
		else if (r < 0)
			return r;
	}
	return sent || r == -ECONNRESET ? 0 : r;
}

int clerk_process_run(const struct clerk_start *start)
{
	struct clerk c = { .start = start };
	struct err err = { 0 };
	uint8_t *buf = malloc(FRAME_BODY_MAX_BYTES);

	c.gate = (struct request_gate){ .from = PROCESS_MONITOR, .to = PROCESS_CLERK };
	c.dir = open(start->state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = !buf ? -ENOMEM : c.dir < 0 ? -errno : 0;
	if (r < 0)
		(void)err_set(&err, r, "%s: %s", start->state_path, strerror(-r));
	if (r == 0)
		r = sandbox_keep_root_only(&err);
	if (r == 0) {
		take_back_leftovers(&c);
		r = serve(&c, buf);
		take_back(&c);
		if (r < 0)
			(void)err_set(&err, r, "%s", strerror(-r));
	}
	if (r < 0)
		LOG(ERROR, "clerk_failed", F_STR("reason", err.text));
	free(buf);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
