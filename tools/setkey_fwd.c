/* SPDX-License-Identifier: BSD-2-Clause */
/* Which "in" policies get a copy for forwarded packets, and what is in it. */
#include "setkey_fwd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

static int key_compare(const void *x, const void *y)
{
	return memcmp(x, y, sizeof(struct entry_key));
}

/* What tells the policy apart, apart from the direction. */
static void key_of(const struct command *c, struct entry_key *ret)
{
	entry_key_of(c, ret);
	ret->dir = 0;
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
			void *grown = reallocarray(own->keys, more, sizeof(*own->keys));
			rc = grown ? 0 : -ENOMEM;
			if (rc)
				break;
			own->keys = grown;
			room = more;
		}
		key_of(&c, &own->keys[own->n++]);
	}
	explicit_bzero(&c, sizeof(c));
	if (own->n)
		qsort(own->keys, own->n, sizeof(*own->keys), key_compare);
	return rc;
}

bool own_fwd_needs_copy(const struct own_fwd *own, const struct command *c)
{
	if (!is_policy_command(c->kind) || c->policy.dir != KEYDB_DIR_IN)
		return false;
	if (!own->n)
		return true;
	struct entry_key key;
	key_of(c, &key);
	return !bsearch(&key, own->keys, own->n, sizeof(*own->keys), key_compare);
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
	free(own->keys);
	*own = (struct own_fwd){ 0 };
}
