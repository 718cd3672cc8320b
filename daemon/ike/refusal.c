/* SPDX-License-Identifier: BSD-2-Clause */
/* The last refusal of each peer, for the log, for show and for explain. */
#include "base/log.h"
#include "ike/engine_int.h"

#include <stdlib.h>
#include <string.h>

struct refusal {
	struct list node;
	char remote[POLICY_NAME_MAX_BYTES];
	struct addr peer;
	struct reason reason;
	const char *story;
	int64_t at_ms;
	int64_t quiet_until_ms; /* after tries of ours; a stranger's cannot move it */
	uint64_t n;
};

static bool is_of(const struct refusal *f, const char *remote, const struct addr *peer)
{
	if (remote)
		return strcmp(f->remote, remote) == 0;
	return !f->remote[0] && addr_eq(&f->peer, peer);
}

static struct refusal *find(struct engine *e, const char *remote, const struct addr *peer)
{
	struct refusal *f;
	LIST_EACH(f, &e->refusals, node)
		if (is_of(f, remote, peer))
			return f;
	return NULL;
}

static void forget(struct engine *e, struct refusal *f)
{
	list_remove(&f->node);
	free(f);
	e->n_refusals--;
}

/* A new one; the oldest goes if there are too many. */
static struct refusal *make(struct engine *e, const char *remote)
{
	struct refusal *f;
	if (e->n_refusals >= LIMIT_REFUSALS)
		forget(e, LIST_ENTRY(e->refusals.next, struct refusal, node));
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	snprintf(f->remote, sizeof(f->remote), "%s", remote ? remote : "");
	list_add(&e->refusals, &f->node);
	e->n_refusals++;
	return f;
}

/* Who is refused without state sends its request again: that is no news. */
static bool is_repeated(struct engine *e, const char *remote, const struct addr *peer,
			const struct reason *r)
{
	const struct refusal *f = find(e, remote, peer);
	return f && addr_eq(&f->peer, peer) && f->reason.code == r->code &&
	       strcmp(f->reason.what, r->what) == 0 &&
	       engine_now_ms(e) - f->at_ms < LIMIT_REFUSAL_REPEAT_MS;
}

static void remember(struct engine *e, const char *remote, const struct addr *peer,
		     const struct reason *r, const char *story, int64_t quiet_ms)
{
	struct refusal *f = find(e, remote, peer);
	if (!f)
		f = make(e, remote);
	if (!f)
		return;
	list_remove(&f->node);
	list_add(&e->refusals, &f->node);
	f->peer = *peer;
	f->reason = *r;
	f->story = story;
	f->at_ms = engine_now_ms(e);
	if (quiet_ms)
		f->quiet_until_ms = f->at_ms + quiet_ms;
	f->n++;
}

void refusal_add(struct engine *e, const char *remote, const struct addr *peer, bool anybody,
		 const struct reason *r, const char *story)
{
	bool repeated = anybody && is_repeated(e, remote, peer, r);
	int64_t quiet_ms = anybody ? 0 : LIMIT_REFUSED_QUIET_MS;
	e->counters.n_refused++;
	remember(e, remote, peer, r, story, quiet_ms);
	if (!anybody || (!repeated && bucket_take(&e->refusal_logs, engine_now_ms(e))))
		reason_log(r, remote, peer, story);
}

bool refusal_is_fresh(struct engine *e, const char *remote)
{
	const struct refusal *f = find(e, remote, NULL);
	return f && engine_now_ms(e) < f->quiet_until_ms;
}

void refusal_forget(struct engine *e, const char *remote)
{
	struct refusal *f = remote ? find(e, remote, NULL) : NULL;
	if (f)
		forget(e, f);
}

void refusal_forget_all(struct engine *e)
{
	struct refusal *f;
	LIST_EACH(f, &e->refusals, node)
		forget(e, f);
}

int engine_each_refusal(const struct engine *e, engine_refusal_fn fn, void *arg)
{
	const struct refusal *f;
	LIST_EACH(f, &e->refusals, node) {
		const struct engine_refusal_view view = { .remote = f->remote,
							  .peer = &f->peer,
							  .reason = &f->reason,
							  .story = f->story,
							  .age_ms = engine_now_ms(e) - f->at_ms,
							  .n = f->n };
		int r = fn(arg, &view);
		if (r)
			return r;
	}
	return 0;
}
