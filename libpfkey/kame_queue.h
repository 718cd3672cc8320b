/* SPDX-License-Identifier: BSD-2-Clause */
/* PF_KEY messages that wait for pfkey_recv(), and requests that wait for the kernel's word. */
#ifndef LIBPFKEY_KAME_QUEUE_H
#define LIBPFKEY_KAME_QUEUE_H

#include "sadb_codec.h"

/*
 * More requests without an answer are not remembered: the oldest is given up, as AF_KEY drops what
 * does not fit into a socket.
 */
enum { KAME_REQUESTS_MAX = 8192 };

struct kame_node {
	struct kame_node *next;
	struct sadb_msg *msg; /* by malloc() */
	size_t len;
};

/* In the order in which they came. */
struct kame_list {
	struct kame_node *first, *last;
};

/* Appends a copy of a message.  -ENOMEM. */
int kame_list_add(struct kame_list *l, const void *msg, size_t len);
/* Takes the first message; false if there is none.  *ret is the caller's. */
bool kame_list_take(struct kame_list *l, struct sadb_msg **ret, size_t *ret_len);
/* Moves all of from behind what is in l. */
void kame_list_move(struct kame_list *l, struct kame_list *from);
/* Wipes and frees what is in it. */
void kame_list_clear(struct kame_list *l);

/* A request whose acknowledgement, or the end of whose dump, is still to come. */
struct kame_request {
	struct kame_request *next;
	uint32_t seq; /* netlink's, unique */
	uint8_t type; /* SADB_*; 0 for a question of our own that nobody hears of */
	bool dump, unsent;
	bool echo;                /* the request itself is heard as well: promiscuous mode */
	int error;                /* positive errno: refused before the kernel saw it */
	struct kame_list answers; /* what the kernel told before it acknowledged */
	struct sadb_msg *msg;     /* the request, whole; NULL if type is 0 */
	size_t len;
	struct nlmsghdr *nl; /* unsent: what to send */
};

struct kame_requests {
	struct kame_request *first, *last;
	size_t n;
};

/* Appends one; msg is copied.  Gives up the oldest one if there are too many.  NULL: no memory. */
struct kame_request *kame_requests_add(struct kame_requests *r, const void *msg, size_t len);
/* NULL if there is none. */
struct kame_request *kame_requests_find(struct kame_requests *r, uint32_t seq);
/* Takes it out and frees it; what it held is wiped. */
void kame_requests_drop(struct kame_requests *r, struct kame_request *q);
void kame_requests_clear(struct kame_requests *r);

#endif
