/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes links, addresses, routes and rules (rtnetlink): the one place that does.  The
 * caller needs CAP_NET_ADMIN; the socket is opened once, calls need no other descriptor and
 * wait for the kernel, which answers at once.
 *
 * A link that others may want one day (an xfrm interface) is one more kind for links_add().
 */
#ifndef TANUKI_NET_LINKS_H
#define TANUKI_NET_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/err.h"

struct links;

enum { LINKS_NAME_MAX_BYTES = 16 };

enum links_kind {
	LINKS_ADDR,  /* dst (a whole address) is one of the link's */
	LINKS_ROUTE, /* dst leads to the link, from source on, in the table */
	LINKS_PASS,  /* dst is not for this table: the next rule decides */
	LINKS_RULE,  /* packets from source (a whole address) are for the table; any (0.0.0.0,
			::): those that have no source yet, if they get it from there */
};

/* One thing that is there or not.  Members that its kind does not name are zero. */
struct links_item {
	enum links_kind kind;
	uint32_t link, table;
	uint32_t priority; /* of rules: lower is earlier */
	struct addr_prefix dst;
	struct addr source;
};

MUST_USE int links_new(struct links **ret, struct err *err);
void links_free(struct links *l);

/*
 * Makes a link of this kind ("dummy"), up.  -EEXIST: the name is taken; -EOPNOTSUPP: the kernel
 * has no such kind.
 */
MUST_USE int links_add(struct links *l, const char *name, const char *kind, uint32_t *ret_link);
/* With all that needs it: addresses, routes.  One that is gone is no error. */
MUST_USE int links_remove(struct links *l, uint32_t link);

/* What is there already is no error; a route is replaced. */
MUST_USE int links_put(struct links *l, const struct links_item *item);
/* What is gone already is no error. */
MUST_USE int links_take(struct links *l, const struct links_item *item);

/*
 * Removes what an earlier life has left: links of this kind whose name is prefix and a number,
 * rules of this priority into these tables, and the routes there.  How many, or negative errno.
 */
struct links_leftovers {
	const char *kind, *prefix;
	uint32_t priority, first_table, last_table;
};
MUST_USE int links_clean(struct links *l, const struct links_leftovers *what);

DEFINE_FREEP(struct links, links_free)

#endif
