/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive, look up, send: one name after the other. */
#include "priv/resolver_process.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"

/* Whoever has taken the engine over shall not have a way to tell the world by our questions. */
static bool is_configured(const struct policy *policy, const char *name)
{
	const struct peer_config *peer;

	LIST_EACH(peer, &policy->peers, node)
		if (peer->by_name && strcmp(peer->peer_name, name) == 0)
			return true;
	return false;
}

static void look_up(const struct request_name *question, struct request_addresses *ret)
{
	struct err err = { 0 };

	memset(ret, 0, sizeof(*ret));
	ret->result = addr_resolve(question->name, ret->addrs, N_ELEMENTS(ret->addrs), &err);
	if (ret->result < 0)
		LOG(WARNING, "name_unresolved", F_STR("name", question->name),
		    F_STR("reason", err.text));
	ret->n = ret->result > 0 ? (uint32_t)ret->result : 0;
	ret->result = ret->result > 0 ? 0 : ret->result;
}

int resolver_answer(const struct policy *policy, const struct request_name *question,
		    struct request_addresses *ret)
{
	if (!is_configured(policy, question->name))
		return -EBADMSG;
	look_up(question, ret);
	return 0;
}

static int answer_all(int sock, const struct policy *policy, uint8_t *buf)
{
	struct request_gate gate = { .from = PROCESS_ENGINE, .to = PROCESS_RESOLVER };
	struct request_addresses answer;
	struct frame f;
	const char *why;
	int r;

	while ((r = frame_recv(sock, buf, &f)) > 0) {
		if (request_admit(&gate, &f, &why) < 0) {
			LOG(ERROR, "bad_request", F_INT("kind", f.kind), F_STR("why", why));
			frame_close_fds(&f);
			return -EBADMSG;
		}
		r = resolver_answer(policy, request_body(&f), &answer);
		if (r < 0) {
			LOG(ERROR, "bad_request", F_STR("why", "not a name of the configuration"));
			return r;
		}
		r = frame_send(sock, REQUEST_ADDRESSES, f.id, slice_of(&answer, sizeof(answer)),
			       NULL, 0);
		if (r < 0)
			return r == -EPIPE || r == -ECONNRESET ? 0 : r;
	}
	return r;
}

int resolver_process_run(int engine_sock, const struct sandbox_user *user,
			 const struct policy *policy)
{
	struct err err = { 0 };
	uint8_t *buf = malloc(FRAME_BODY_MAX_BYTES);
	/* In the system's own root: that is where its configuration is. */
	int r = buf ? sandbox_become(user, "/", &err) : err_set(&err, -ENOMEM, "out of memory");

	if (r < 0)
		LOG(ERROR, "resolver_failed", F_STR("reason", err.text));
	else
		r = answer_all(engine_sock, policy, buf);
	free(buf);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
