/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments wait for the rest of their message. */
#include "ike/assembly.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ike/limits.h"

static void on_timeout(void *arg)
{
	struct assembly *a = arg;
	LOG(DEBUG, "fragments_forgotten", F_INT("message_id", a->message_id), F_INT("here", a->n),
	    F_INT("total", a->total));
	assembly_reset(a);
}

void assembly_init(struct assembly *a, struct loop *l, size_t *stored_bytes)
{
	*a = (struct assembly){ .loop = l, .stored_bytes = stored_bytes };
}

void assembly_reset(struct assembly *a)
{
	for (uint16_t i = 0; i < a->total; i++)
		bytes_done(&a->pieces[i]);
	free(a->pieces);
	*a->stored_bytes -= a->bytes;
	if (a->timer)
		loop_timer_disarm(a->timer);
	*a = (struct assembly){ .loop = a->loop,
				.timer = a->timer,
				.stored_bytes = a->stored_bytes };
}

void assembly_done(struct assembly *a)
{
	if (!a->loop)
		return;
	assembly_reset(a);
	loop_timer_free(a->timer);
	*a = (struct assembly){ 0 };
}

static bool is_same_message(const struct assembly *a, const struct fragment *f)
{
	return a->total && a->message_id == f->message_id;
}

bool assembly_wants(const struct assembly *a, const struct fragment *f, const char **why)
{
	if (!is_same_message(a, f))
		return true;
	*why = "a fragment of another exchange";
	if (a->exchange != f->exchange)
		return false;
	*why = "a fragment of a set that was given up";
	if (f->total < a->total)
		return false;
	*why = "the fragment is here already";
	return f->total > a->total || !a->pieces[f->number - 1].p;
}

/* Nothing of what was there is of use any more. */
static int begin(struct assembly *a, const struct fragment *f)
{
	struct bytes *pieces = calloc(f->total, sizeof(*pieces));

	if (!a->timer)
		a->timer = loop_timer_new(a->loop, on_timeout, a);
	if (!pieces || !a->timer) {
		free(pieces);
		return -ENOMEM;
	}
	assembly_reset(a);
	a->message_id = f->message_id;
	a->exchange = f->exchange;
	a->total = f->total;
	a->pieces = pieces;
	loop_timer_arm(a->timer, LIMIT_FRAGMENTS_MS);
	return 0;
}

static int store(struct assembly *a, const struct fragment *f)
{
	if (*a->stored_bytes + f->content.len > LIMIT_FRAGMENTS_STORED_BYTES)
		return -ENOMEM;
	int r = bytes_copy(&a->pieces[f->number - 1], f->content);
	if (r < 0)
		return r;
	if (f->number == 1) {
		a->first_inner = f->first_inner;
		a->first_hash = f->hash;
	}
	if (f->datagram_bytes > a->longest_bytes)
		a->longest_bytes = f->datagram_bytes;
	a->bytes += f->content.len;
	*a->stored_bytes += f->content.len;
	return ++a->n == a->total;
}

int assembly_add(struct assembly *a, const struct fragment *f)
{
	bool goes_on = is_same_message(a, f) && f->total == a->total;
	size_t before = goes_on ? a->bytes : 0;

	if (f->total > LIMIT_FRAGMENTS || before + f->content.len > LIMIT_RECEIVE_BYTES) {
		assembly_reset(a);
		return -E2BIG;
	}
	int r = goes_on ? 0 : begin(a, f);
	return r < 0 ? r : store(a, f);
}

int assembly_join(const struct assembly *a, struct bytes *ret)
{
	uint8_t *p = malloc(a->bytes);
	size_t at = 0;

	if (!p)
		return -ENOMEM;
	for (uint16_t i = 0; i < a->total; i++) {
		memcpy(p + at, a->pieces[i].p, a->pieces[i].len);
		at += a->pieces[i].len;
	}
	*ret = (struct bytes){ .p = p, .len = at };
	return 0;
}
