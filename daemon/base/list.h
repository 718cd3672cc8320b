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

/*
 * Walks the elements; the current one may be removed (and freed) inside the loop, no
 * other.  After the loop it has no meaning.  No pointer to a "containing" object is ever
 * formed from the head, which has none.
 */
#define LIST_EACH(it, head, member)                                                  \
	for (struct list *it##_node_ = (head)->next, *it##_next_ = it##_node_->next; \
	     it##_node_ != (head) &&                                                 \
	     ((it) = LIST_ENTRY(it##_node_, __typeof__(*(it)), member), true);       \
	     it##_node_ = it##_next_, it##_next_ = it##_node_->next)

#endif
