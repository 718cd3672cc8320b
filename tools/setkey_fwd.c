/* SPDX-License-Identifier: BSD-2-Clause */
/* Which "in" policies get a copy for forwarded packets, and what is in it. */
#include "setkey_fwd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

static int selector_compare(const void *x, const void *y)
{
	const struct keydb_selector *a = x, *b = y;
	int d = memcmp(&a->src, &b->src, sizeof(a->src));
	if (!d)
		d = memcmp(&a->dst, &b->dst, sizeof(a->dst));
	if (!d)
		d = (a->src_bits << 8 | a->dst_bits) - (b->src_bits << 8 | b->dst_bits);
	if (!d)
		d = a->proto - b->proto;
	if (!d)
		d = (a->src_port_any << 1 | a->dst_port_any) -
		    (b->src_port_any << 1 | b->dst_port_any);
	if (!d)
		d = a->src_port - b->src_port;
	return d ? d : a->dst_port - b->dst_port;
}

static bool is_policy_command(enum command_kind kind)
{
	return kind == COMMAND_SPDADD || kind == COMMAND_SPDUPDATE || kind == COMMAND_SPDDELETE;
}

int own_fwd_collect(struct own_fwd *own, const struct command_list *list)
{
	struct command_cursor cursor = command_list_start(list);
	struct command c;
	size_t room = own->n;
	int rc = 0;
	while (!rc && command_list_next(&cursor, &c)) {
		if (!is_policy_command(c.kind) || c.policy.dir != KEYDB_DIR_FWD)
			continue;
		if (own->n == room) {
			size_t more = room ? 2 * room : FIRST_ROOM;
			void *grown = reallocarray(own->sels, more, sizeof(*own->sels));
			rc = grown ? 0 : -ENOMEM;
			if (rc)
				break;
			own->sels = grown;
			room = more;
		}
		own->sels[own->n++] = c.policy.sel;
	}
	explicit_bzero(&c, sizeof(c));
	if (own->n)
		qsort(own->sels, own->n, sizeof(*own->sels), selector_compare);
	return rc;
}

bool own_fwd_needs_copy(const struct own_fwd *own, const struct command *c)
{
	if (!is_policy_command(c->kind) || c->policy.dir != KEYDB_DIR_IN)
		return false;
	return !own->n ||
	       !bsearch(&c->policy.sel, own->sels, own->n, sizeof(*own->sels), selector_compare);
}

struct keydb_policy own_fwd_copy(const struct keydb_policy *in)
{
	struct keydb_policy p = *in;
	p.dir = KEYDB_DIR_FWD;
	for (size_t i = 0; i < p.n_templates; i++) {
		if (p.templates[i].level != KEYDB_LEVEL_UNIQUE)
			continue;
		p.templates[i].level = KEYDB_LEVEL_REQUIRE;
		p.templates[i].reqid = 0;
	}
	return p;
}

void own_fwd_done(struct own_fwd *own)
{
	free(own->sels);
	*own = (struct own_fwd){ 0 };
}
