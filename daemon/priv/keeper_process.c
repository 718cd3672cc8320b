/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start: read psk.txt as root, become nobody, enter the sandbox.  Then a loop of three
 * calls: receive, compute, send.  There is no event loop because there is nothing else
 * to wait for, and the end of the engine's socket is the end of the work.
 */
#include "priv/keeper_process.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "crypto/prf.h"

static_assert((int)PRF_MAX_BYTES <= (int)KEEPER_AUTH_MAX_BYTES, "an AUTH value fits");

void keeper_answer(const struct psk_table *keys, const struct frame *f, struct request_auth *ret)
{
	const struct request_psk *psk = request_body(f);
	struct rd r = rd_of_slice(request_extra(f));
	struct slice octets = rd_slice(&r, psk->octets_bytes);
	struct slice auth = rd_slice(&r, psk->auth_bytes);
	size_t len = 0;

	memset(ret, 0, sizeof(*ret));
	const struct secret *key = psk_find(keys, psk->key.peer_id, &psk->key.peer_addr);
	if (!key) {
		ret->result = -ENOKEY;
		return;
	}
	if (f->kind == REQUEST_PSK_VERIFY) {
		ret->result = prf_psk_verify(psk->prf, secret_slice(key), octets, auth);
		return;
	}
	ret->result = prf_psk_auth(psk->prf, secret_slice(key), octets, ret->auth, &len);
	ret->auth_bytes = ret->result == 0 ? (uint32_t)len : 0;
}

static void on_warning(void *arg, const char *text)
{
	(void)arg;
	LOG(WARNING, "psk_warning", F_STR("text", text));
}

static int load(const char *path, struct psk_table **ret, struct err *err)
{
	const struct config_options options = { .warn = on_warning };
	int r = psk_load(path, &options, ret, err);

	/* Without the file there are no keys: a peer that needs one will hear about it. */
	if (r == -ENOENT) {
		LOG(WARNING, "psk_missing", F_STR("path", path));
		return psk_parse(path, "", 0, &options, ret, err);
	}
	return r;
}

/* Everything that needs privileges or files; *ret_keys is what stays. */
static int prepare(const struct keeper_start *start, struct psk_table **ret_keys, struct err *err)
{
	int r = load(start->psk_path, ret_keys, err);

	if (r < 0)
		return r;
	r = crypto_start();
	if (r < 0)
		return err_set(err, r, "starting OpenSSL: %s", strerror(-r));
	int contained = sandbox_become(&start->user, start->root, err);
	int filtered = contained < 0 ? contained : sandbox_filter(PROCESS_KEEPER, err);
	if (filtered < 0)
		return filtered;
	LOG(DEBUG, "keeper_ready", F_INT("keys", psk_count(*ret_keys)),
	    F_STR("chroot", contained ? "no" : "yes"), F_STR("filter", filtered ? "no" : "yes"));
	return 0;
}

/* 0 at the end of the stream; negative errno. */
static int answer_all(int sock, const struct psk_table *keys, uint8_t *buf)
{
	struct request_gate gate = { .from = PROCESS_ENGINE, .to = PROCESS_KEEPER };
	struct request_auth answer;
	struct frame f;
	int r;

	while ((r = frame_recv(sock, buf, &f)) > 0) {
		const char *why;
		if (request_admit(&gate, &f, &why) < 0) {
			/* Our own engine does not do this: do not help whoever does. */
			LOG(ERROR, "bad_request", F_INT("kind", f.kind), F_STR("why", why));
			frame_close_fds(&f);
			return -EBADMSG;
		}
		keeper_answer(keys, &f, &answer);
		r = frame_send(sock, REQUEST_AUTH, f.id, slice_of(&answer, sizeof(answer)), NULL,
			       0);
		secret_wipe(&answer, sizeof(answer));
		if (r < 0)
			return r == -EPIPE || r == -ECONNRESET ? 0 : r;
	}
	return r;
}

int keeper_process_run(const struct keeper_start *start)
{
	CLEANUP(psk_freep)
	struct psk_table *keys = NULL;
	struct err err = { 0 };
	uint8_t *buf = malloc(FRAME_BODY_MAX_BYTES);

	if (!buf || prepare(start, &keys, &err) < 0) {
		LOG(ERROR, "keeper_failed", F_STR("reason", buf ? err.text : "out of memory"));
		free(buf);
		return EXIT_FAILURE;
	}
	if (write(start->ready_fd, "", 1) != 1) {
		free(buf);
		return EXIT_FAILURE;
	}
	close(start->ready_fd);
	int r = answer_all(start->engine_sock, keys, buf);
	free(buf);
	if (r < 0)
		LOG(ERROR, "keeper_failed", F_STR("reason", strerror(-r)));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
