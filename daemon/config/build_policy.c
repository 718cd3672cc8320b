/* SPDX-License-Identifier: BSD-2-Clause */
/* policy none|discard: traffic that no peer has a part in. */
#include "config/schema.h"

#include <errno.h>
#include <string.h>

#include "config/selector.h"

int apply_policy_word(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct policy_draft *d = target;
	int64_t n;
	(void)b;
	int rc = w->arg == POLICY_NAME ? args_word(a, "a name", &d->name)
				       : args_number(a, 1, UINT32_MAX, &n);
	if (rc == 0 && w->arg != POLICY_NAME)
		d->plain.priority = (uint32_t)n;
	return rc ? rc : args_end(a);
}

static int take_head(struct args *a, struct plain_policy *ret)
{
	static const char *const actions[] = {
		[PLAIN_BYPASS] = "none", [PLAIN_DISCARD] = "discard"
	};
	size_t i;
	int rc = args_choice(a, actions, N_ELEMENTS(actions), &i);
	if (rc)
		return rc;
	ret->action = (enum plain_action)i;
	const struct args at = *a;
	rc = selector_take(a, &ret->local_ts);
	if (rc == 0)
		rc = selector_take(a, &ret->peer_ts);
	if (rc == 0 && (ret->local_ts.n == 0 || ret->peer_ts.n == 0))
		return args_error(&at, "a policy names both sides: address NET [PORT] PROTOCOL");
	return rc ? rc : args_end(a);
}

static bool is_taken(const struct policy *p, const char *name)
{
	const struct plain_policy *plain;
	LIST_EACH(plain, &p->plain, node)
		if (strcmp(plain->name, name) == 0)
			return true;
	return false;
}

static int add(struct build *b, const struct token *at, const struct policy_draft *d)
{
	char name[POLICY_NAME_MAX_BYTES];
	const struct plain_policy *other;
	unsigned int n = 1;
	LIST_EACH(other, &b->policy->plain, node)
		n++;
	snprintf(name, sizeof(name), "policy%u", n);
	if (d->name && (d->name[0] == '\0' || strlen(d->name) >= sizeof(name)))
		return token_error(b->err, -EINVAL, at, "a name has 1 to %zu bytes",
				   sizeof(name) - 1);
	if (d->name)
		strcpy(name, d->name);
	if (!ts_lists_make_packets(&d->plain.local_ts, &d->plain.peer_ts))
		return token_error(b->err, -EINVAL, at,
				   "no packet goes from one side to the other");
	if (is_taken(b->policy, name))
		return token_error(b->err, -EINVAL, at, "there is a policy of the name %s already",
				   name);
	struct plain_policy *plain = policy_add_plain(b->policy, name);
	if (!plain)
		return token_error(b->err, -ENOMEM, at, "out of memory");
	plain->action = d->plain.action;
	plain->local_ts = d->plain.local_ts;
	plain->peer_ts = d->plain.peer_ts;
	plain->priority = d->plain.priority;
	plain->line = at->line;
	return 0;
}

int apply_policy(struct build *b, const struct word *w, struct args *a, void *target)
{
	struct policy_draft d = { 0 };
	(void)w;
	(void)target;
	int rc = take_head(a, &d.plain);
	if (rc == 0)
		rc = schema_apply(b, IN_POLICY, a->st->children, &d);
	return rc ? rc : add(b, &a->st->tokens[0], &d);
}
