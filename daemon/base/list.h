/* SPDX-License-Identifier: BSD-2-Clause */
/* Intrusive doubly linked lists; a list's head is a node of its own. */
#ifndef TANUKI_BASE_LIST_H
#define TANUKI_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Adds node at the end of the list. */
static inline void list_add(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Takes node out; it may be added again, and removing it twice is harmless. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define LIST_ENTRY(node, type, member) CONTAINER_OF(node, type, member)

/* The current element may be removed inside the loop. */
#define LIST_EACH(it, head, member)                                                        \
	for (__typeof__(it) it##_next_ = (it = LIST_ENTRY((head)->next, __typeof__(*it), member), \
					  LIST_ENTRY(it->member.next, __typeof__(*it), member)); \
	     &it->member != (head);                                                        \
	     it = it##_next_, it##_next_ = LIST_ENTRY(it->member.next, __typeof__(*it), member))

#endif
