/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to the keeper, answers back. */
#include "priv/keeper_client.h"

#include <errno.h>
#include <string.h>

#include "base/secret.h"
#include "priv/call.h"
#include "priv/channel.h"
#include "priv/request.h"

struct keeper_client {
	struct keeper port;
	struct channel *channel;
	struct calls calls;
	struct request_gate gate;
	keeper_client_lost_fn on_lost;
	void *arg;
};

static struct keeper_client *client_of(struct keeper *k)
{
	return CONTAINER_OF(k, struct keeper_client, port);
}

static void on_closed(void *arg, int result)
{
	struct keeper_client *k = arg;
	k->on_lost(k->arg, result == 0 ? "the keeper is gone" : strerror(-result));
}

static void on_frame(void *arg, struct frame *f)
{
	struct keeper_client *k = arg;
	struct call call;
	const char *why;

	/* REQUEST_AUTH is all that a keeper may send. */
	if (request_admit(&k->gate, f, &why) < 0) {
		k->on_lost(k->arg, why);
		return;
	}
	const struct request_auth *answer = request_body(f);
	if (calls_take(&k->calls, f->id, &call) && call.on_auth)
		call.on_auth(call.arg, answer->result, slice_of(answer->auth, answer->auth_bytes));
}

static struct slice write_question(uint8_t *buf, size_t size, const struct keeper_key *key,
				   uint16_t prf, struct slice octets, struct slice auth)
{
	struct request_psk head;
	struct wr w = wr_of(buf, size);

	memset(&head, 0, sizeof(head));
	head.key = *key;
	head.prf = prf;
	head.octets_bytes = (uint32_t)octets.len;
	head.auth_bytes = (uint32_t)auth.len;
	wr_bytes(&w, &head, sizeof(head));
	wr_slice(&w, octets);
	wr_slice(&w, auth);
	return wr_slice_of(&w);
}

static int ask(struct keeper *keeper, enum request_kind kind, const struct keeper_key *key,
	       uint16_t prf, struct slice octets, struct slice auth, keeper_done_fn done, void *arg)
{
	struct keeper_client *k = client_of(keeper);
	struct call call = { .on_auth = done, .arg = arg };
	size_t size = sizeof(struct request_psk) + octets.len + auth.len;

	if (octets.len > KEEPER_OCTETS_MAX_BYTES || auth.len > KEEPER_AUTH_MAX_BYTES)
		return -EMSGSIZE;
	uint8_t *buf = malloc(size);
	if (!buf)
		return -ENOMEM;
	struct slice question = write_question(buf, size, key, prf, octets, auth);
	uint32_t id = calls_add(&k->calls, &call);
	int r = id == 0 ? -ENOMEM : channel_send(k->channel, (uint16_t)kind, id, question);
	if (id != 0 && r < 0)
		(void)!calls_take(&k->calls, id, &call);
	secret_wipe(buf, size);
	free(buf);
	return r;
}

static int psk_sign(struct keeper *k, const struct keeper_key *key, uint16_t prf,
		    struct slice octets, keeper_done_fn done, void *arg)
{
	return ask(k, REQUEST_PSK_SIGN, key, prf, octets, slice_of(NULL, 0), done, arg);
}

static int psk_verify(struct keeper *k, const struct keeper_key *key, uint16_t prf,
		      struct slice octets, struct slice auth, keeper_done_fn done, void *arg)
{
	return ask(k, REQUEST_PSK_VERIFY, key, prf, octets, auth, done, arg);
}

static void cancel(struct keeper *k, void *arg)
{
	calls_cancel(&client_of(k)->calls, arg);
}

static const struct keeper_ops ops = {
	.psk_sign = psk_sign,
	.psk_verify = psk_verify,
	.cancel = cancel,
};

struct keeper_client *keeper_client_new(struct loop *l, int sock, keeper_client_lost_fn on_lost,
					void *arg)
{
	struct keeper_client *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->port.ops = &ops;
	calls_init(&k->calls);
	k->gate = (struct request_gate){ .from = PROCESS_KEEPER, .to = PROCESS_ENGINE };
	k->on_lost = on_lost;
	k->arg = arg;
	k->channel = channel_new(l, sock, on_frame, on_closed, k);
	if (!k->channel) {
		free(k);
		return NULL;
	}
	return k;
}

void keeper_client_free(struct keeper_client *k)
{
	if (!k)
		return;
	channel_free(k->channel);
	calls_done(&k->calls);
	free(k);
}

struct keeper *keeper_client_port(struct keeper_client *k)
{
	return &k->port;
}
