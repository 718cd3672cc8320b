/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts travel as a file in memory: they may be longer than a frame. */
#include "priv/clerk.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "priv/channel.h"
#include "priv/request.h"

struct clerk_client {
	struct channel *channel;
	int sock; /* the channel's */
	struct calls calls;
	struct request_gate gate;
	clerk_lost_fn on_lost;
	void *arg;
};

static void on_closed(void *arg, int result)
{
	struct clerk_client *c = arg;
	c->on_lost(c->arg, result == 0 ? "the clerk is gone" : strerror(-result));
}

static void on_frame(void *arg, struct frame *f)
{
	struct clerk_client *c = arg;
	const char *why;
	struct call call;

	if (request_admit(&c->gate, f, &why) < 0) {
		c->on_lost(c->arg, why);
		return;
	}
	const struct request_result *answer = request_body(f);
	if (calls_take(&c->calls, f->id, &call) && call.on_result)
		call.on_result(call.arg, answer->result, answer->reason);
}

struct clerk_client *clerk_client_new(struct loop *l, int sock, clerk_lost_fn on_lost, void *arg)
{
	struct clerk_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	calls_init(&c->calls);
	c->gate = (struct request_gate){ .from = PROCESS_CLERK, .to = PROCESS_MONITOR };
	c->on_lost = on_lost;
	c->arg = arg;
	c->sock = sock;
	c->channel = channel_new(l, sock, on_frame, on_closed, c);
	if (!c->channel) {
		free(c);
		return NULL;
	}
	return c;
}

void clerk_client_free(struct clerk_client *c)
{
	if (!c)
		return;
	channel_free(c->channel);
	calls_done(&c->calls);
	free(c);
}

/* A descriptor whose content is the text. */
static int hold(const char *text, size_t len)
{
	int fd = memfd_create("leases", MFD_CLOEXEC);
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);
		if (n <= 0) {
			close(fd);
			return n < 0 ? -errno : -ENOSPC;
		}
		done += (size_t)n;
	}
	return fd;
}

int clerk_client_store(struct clerk_client *c, const char *text, size_t len, call_result_fn done,
		       void *arg)
{
	struct call call = { .on_result = done, .arg = arg };
	int fd = hold(text, len);

	if (fd < 0)
		return fd;
	uint32_t id = calls_add(&c->calls, &call);
	int r = id ? frame_send(c->sock, REQUEST_STORE, id, slice_of(NULL, 0), &fd, 1) : -ENOMEM;
	if (r < 0 && id)
		(void)!calls_take(&c->calls, id, &call);
	close(fd);
	return r;
}

static void on_told(void *arg, int result, const char *reason)
{
	(void)arg;
	if (result < 0)
		LOG(WARNING, "name_servers_failed", F_STR("reason", reason));
}

void clerk_client_names(struct clerk_client *c, const char *link, const struct inner_dns *dns)
{
	struct request_names names;
	struct call call = { .on_result = on_told };
	uint32_t id = calls_add(&c->calls, &call);

	memset(&names, 0, sizeof(names));
	snprintf(names.link, sizeof(names.link), "%s", link);
	if (dns)
		names.dns = *dns;
	int r = id ? channel_send(c->channel, REQUEST_NAMES, id, slice_of(&names, sizeof(names)))
		   : -ENOMEM;
	if (r < 0) {
		if (id)
			(void)!calls_take(&c->calls, id, &call);
		on_told(NULL, r, strerror(-r));
	}
}
