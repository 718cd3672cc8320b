/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading: read statements, remotes first, then what refers to them. */
#include "config/config.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "config/build_pool.h"
#include "config/schema.h"

enum { CONFIG_MEMORY_MAX_BYTES = 256 << 20 };

/* A sainfo may stand above its remote, as racoon allows: applied after everything else. */
static struct statement *split_sainfos(struct statement **list)
{
	struct statement *sainfos = NULL, **tail = &sainfos;
	while (*list) {
		struct statement *st = *list;
		if (strcmp(st->tokens[0].text, "sainfo") != 0) {
			list = &st->next;
			continue;
		}
		*list = st->next;
		st->next = NULL;
		*tail = st;
		tail = &st->next;
	}
	return sainfos;
}

static int build(struct statement *list, struct arena *arena, const struct config_options *options,
		 struct policy **ret, struct err *err)
{
	CLEANUP(policy_unrefp)
	struct policy *policy = policy_new();
	if (!policy)
		return err_set(err, -ENOMEM, "out of memory");
	strcpy(policy->psk_path, CONFIG_PSK_PATH);
	strcpy(policy->control_path, CONFIG_CONTROL_PATH);
	struct build b = { .options = options, .err = err, .policy = policy, .arena = arena };
	list_init(&b.remotes);
	struct statement *sainfos = split_sainfos(&list);
	int rc = schema_apply(&b, IN_GLOBAL, list, policy);
	if (rc == 0)
		rc = pools_link(&b);
	if (rc == 0)
		rc = schema_apply(&b, IN_GLOBAL, sainfos, policy);
	if (rc == 0)
		*ret = TAKE(policy);
	return rc;
}

int config_load(const char *path, const struct config_options *options, struct policy **ret,
		struct err *err)
{
	struct arena arena;
	struct statement *list;
	arena_init(&arena, CONFIG_MEMORY_MAX_BYTES);
	int rc = tree_load(path, &arena, &list, err);
	if (rc == 0)
		rc = build(list, &arena, options, ret, err);
	arena_clear(&arena);
	return rc;
}

int config_parse(const char *name, const char *text, size_t len,
		 const struct config_options *options, struct policy **ret, struct err *err)
{
	struct arena arena;
	struct statement *list;
	arena_init(&arena, CONFIG_MEMORY_MAX_BYTES);
	int rc = tree_parse(name, text, len, &arena, &list, err);
	if (rc == 0)
		rc = build(list, &arena, options, ret, err);
	arena_clear(&arena);
	return rc;
}
