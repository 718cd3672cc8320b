/* SPDX-License-Identifier: BSD-2-Clause */
/* A keeper with one pre-shared key for everybody. */
#include "sim/keeper_fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "crypto/prf.h"

struct answer {
	struct list node;
	struct loop_timer *timer;
	keeper_done_fn done;
	void *arg;
	int result;
	uint8_t auth[PRF_MAX_BYTES];
	size_t auth_len;
};

struct keeper_fake {
	struct keeper port;
	struct loop *loop;
	int64_t delay_ms;
	const char *psk;
	int verify_result; /* negative: of each check */
	struct list answers;
};

static struct keeper_fake *fake_of(struct keeper *k)
{
	return CONTAINER_OF(k, struct keeper_fake, port);
}

static struct slice key_of(const struct keeper_fake *f)
{
	return slice_of(f->psk, f->psk ? strlen(f->psk) : 0);
}

static void answer_free(struct answer *a)
{
	list_remove(&a->node);
	loop_timer_free(a->timer);
	free(a);
}

static void on_time(void *arg)
{
	struct answer *a = arg;
	struct answer copy = *a;
	answer_free(a);
	copy.done(copy.arg, copy.result, slice_of(copy.auth, copy.auth_len));
}

static struct answer *answer_new(struct keeper_fake *f, keeper_done_fn done, void *arg)
{
	struct answer *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->done = done;
	a->arg = arg;
	a->timer = loop_timer_new(f->loop, on_time, a);
	if (!a->timer) {
		free(a);
		return NULL;
	}
	list_add(&f->answers, &a->node);
	loop_timer_arm(a->timer, f->delay_ms);
	return a;
}

static int psk_sign(struct keeper *k, const struct keeper_key *key, uint16_t prf,
		    struct slice octets, keeper_done_fn done, void *arg)
{
	struct keeper_fake *f = fake_of(k);
	struct answer *a = answer_new(f, done, arg);
	(void)key;
	if (!a)
		return -ENOMEM;
	a->result = f->psk ? prf_psk_auth(prf, key_of(f), octets, a->auth, &a->auth_len) : -ENOKEY;
	return 0;
}

static int psk_verify(struct keeper *k, const struct keeper_key *key, uint16_t prf,
		      struct slice octets, struct slice auth, keeper_done_fn done, void *arg)
{
	struct keeper_fake *f = fake_of(k);
	struct answer *a = answer_new(f, done, arg);
	(void)key;
	if (!a)
		return -ENOMEM;
	a->result = f->verify_result ? f->verify_result
		    : f->psk         ? prf_psk_verify(prf, key_of(f), octets, auth)
				     : -ENOKEY;
	return 0;
}

static void cancel(struct keeper *k, void *arg)
{
	struct answer *a;
	LIST_EACH(a, &fake_of(k)->answers, node)
		if (a->arg == arg)
			answer_free(a);
}

static const struct keeper_ops fake_ops = { .psk_sign = psk_sign,
					    .psk_verify = psk_verify,
					    .cancel = cancel };

struct keeper_fake *keeper_fake_new(struct loop *l, int64_t delay_ms, const char *psk)
{
	struct keeper_fake *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	*f = (struct keeper_fake){
		.port = { &fake_ops }, .loop = l, .delay_ms = delay_ms, .psk = psk
	};
	list_init(&f->answers);
	return f;
}

void keeper_fake_free(struct keeper_fake *f)
{
	struct answer *a;
	if (!f)
		return;
	LIST_EACH(a, &f->answers, node)
		answer_free(a);
	free(f);
}

struct keeper *keeper_fake_port(struct keeper_fake *f)
{
	return &f->port;
}

void keeper_fake_break_verify(struct keeper_fake *f, int result)
{
	f->verify_result = result;
}
