/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages and requests that wait. */
#include "kame_queue.h"
#include "pfkey_io.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

/* ---- messages ---- */

static void append(struct kame_list *l, struct kame_node *first, struct kame_node *last)
{
	*(l->last ? &l->last->next : &l->first) = first;
	l->last = last;
}

int kame_list_add(struct kame_list *l, const void *msg, size_t len)
{
	struct kame_node *n = calloc(1, sizeof(*n));
	struct sadb_msg *copy = n ? malloc(len) : NULL;
	if (!copy) {
		free(n);
		return -ENOMEM;
	}
	memcpy(copy, msg, len);
	n->msg = copy;
	n->len = len;
	append(l, n, n);
	return 0;
}

bool kame_list_take(struct kame_list *l, struct sadb_msg **ret, size_t *ret_len)
{
	struct kame_node *n = l->first;
	if (!n)
		return false;
	*ret = n->msg;
	*ret_len = n->len;
	l->first = n->next;
	if (!l->first)
		l->last = NULL;
	free(n);
	return true;
}

void kame_list_move(struct kame_list *l, struct kame_list *from)
{
	if (from->first)
		append(l, from->first, from->last);
	from->first = from->last = NULL;
}

void kame_list_clear(struct kame_list *l)
{
	struct sadb_msg *msg;
	size_t len;
	while (kame_list_take(l, &msg, &len))
		pfkey_io_free(msg, len);
}

/* ---- requests ---- */

static void unlink_request(struct kame_requests *r, struct kame_request *q)
{
	struct kame_request *before = NULL;
	for (struct kame_request *x = r->first; x != q; x = x->next)
		before = x;
	*(before ? &before->next : &r->first) = q->next;
	if (r->last == q)
		r->last = before;
	r->n--;
}

void kame_requests_drop(struct kame_requests *r, struct kame_request *q)
{
	unlink_request(r, q);
	kame_list_clear(&q->answers);
	pfkey_io_free(q->msg, q->len);
	free(q->nl);
	free(q);
}

void kame_requests_clear(struct kame_requests *r)
{
	while (r->first)
		kame_requests_drop(r, r->first);
}

/* A dump ends by itself and must be seen to its end. */
static void give_up_oldest(struct kame_requests *r)
{
	struct kame_request *q = r->first;
	while (q && q->dump && !q->unsent)
		q = q->next;
	if (q)
		kame_requests_drop(r, q);
}

struct kame_request *kame_requests_add(struct kame_requests *r, const void *msg, size_t len)
{
	struct kame_request *q = calloc(1, sizeof(*q));
	struct sadb_msg *copy = NULL;
	if (q && len) {
		copy = malloc(len);
		if (!copy) {
			free(q);
			return NULL;
		}
		memcpy(copy, msg, len);
	}
	if (!q)
		return NULL;
	q->msg = copy;
	q->len = len;
	if (r->n >= KAME_REQUESTS_MAX)
		give_up_oldest(r);
	*(r->last ? &r->last->next : &r->first) = q;
	r->last = q;
	r->n++;
	return q;
}

struct kame_request *kame_requests_find(struct kame_requests *r, uint32_t seq)
{
	for (struct kame_request *q = r->first; q; q = q->next)
		if (q->seq == seq && !q->unsent)
			return q;
	return NULL;
}
