/* SPDX-License-Identifier: BSD-2-Clause */
/* When the file is written: not at each change, and never twice at once. */
#include "priv/lease_store.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "policy/lease_text.h"

struct lease_store {
	struct lease_table *table;
	struct loop_timer *timer;
	lease_store_write_fn write;
	void *arg;
	uint64_t stored, storing; /* versions of the table */
	bool busy, failed, ready;
};

static void on_written(void *arg, int result, const char *reason)
{
	struct lease_store *s = arg;

	s->busy = false;
	if (result == 0)
		s->stored = s->storing;
	/* Once, not each time that it still is so. */
	if (result < 0 && !s->failed)
		LOG(ERROR, "leases_not_written", F_STR("reason", reason));
	s->failed = result < 0;
	if (lease_version(s->table) != s->stored)
		loop_timer_arm(s->timer, s->failed ? LEASE_STORE_RETRY_MS : LEASE_STORE_DELAY_MS);
}

static void write_now(struct lease_store *s, call_result_fn done, void *done_arg)
{
	char *text = NULL;
	size_t len;
	uint64_t version = lease_version(s->table);
	int r = lease_text_write(s->table, &text, &len);

	if (r == 0)
		r = s->write(s->arg, text, len, done, done_arg);
	free(text);
	s->storing = version;
	s->busy = r == 0;
	if (r < 0)
		on_written(s, r, strerror(-r));
}

static void on_timer(void *arg)
{
	struct lease_store *s = arg;
	if (!s->busy && lease_version(s->table) != s->stored)
		write_now(s, on_written, s);
}

void lease_store_touch(struct lease_store *s)
{
	if (!s->busy && !loop_timer_armed(s->timer) && lease_version(s->table) != s->stored)
		loop_timer_arm(s->timer, LEASE_STORE_DELAY_MS);
}

struct lease_table *lease_store_table(struct lease_store *s)
{
	return s->table;
}

/* ---- the start ---- */

static int take_over(struct lease_store *s, const char *path, const char *text, size_t len,
		     struct err *err)
{
	struct lease_text_result result;
	int r = lease_text_read(s->table, text, len, &result);

	if (r < 0)
		return err_set(err, r, "%s: %s", path,
			       r == -EINVAL ? "this is no file of leases" : strerror(-r));
	if (result.n_malformed || result.cut)
		LOG(WARNING, "leases_damaged", F_STR("file", path),
		    F_INT("lines", result.n_malformed), F_STR("cut", result.cut ? "yes" : NULL));
	LOG(INFO, "leases_read", F_INT("number", result.n_restored),
	    F_INT("left_out", result.n_foreign + result.n_malformed));
	return 0;
}

/* All of a file; malloc()ed. */
static int read_file(FILE *f, char **ret, size_t *ret_len)
{
	size_t size = 0, len = 0, n;
	char *text = NULL;

	do {
		size = size ? 2 * size : 65536;
		char *grown = size <= 2 * (size_t)LEASE_TEXT_MAX_BYTES ? realloc(text, size) : NULL;
		if (!grown) {
			free(text);
			return -ENOMEM;
		}
		text = grown;
		n = fread(text + len, 1, size - len, f);
		len += n;
	} while (n > 0);
	if (ferror(f)) {
		free(text);
		return -EIO;
	}
	*ret = text;
	*ret_len = len;
	return 0;
}

static int load(struct lease_store *s, const char *path, struct err *err)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t len = 0;

	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	int r = read_file(f, &text, &len);
	fclose(f);
	if (r < 0)
		(void)err_set(err, r, "%s: %s", path, strerror(-r));
	if (r == 0)
		r = take_over(s, path, text, len, err);
	free(text);
	return r;
}

int lease_store_new(struct loop *l, const struct policy *p, const char *path,
		    lease_store_write_fn write, void *arg, struct lease_store **ret,
		    struct err *err)
{
	CLEANUP(lease_store_freep)
	struct lease_store *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	s->write = write;
	s->arg = arg;
	s->table = lease_table_new(p);
	s->timer = loop_timer_new(l, on_timer, s);
	if (!s->table || !s->timer)
		return err_set(err, -ENOMEM, "out of memory");
	int r = load(s, path, err);
	if (r < 0)
		return r;
	s->stored = lease_version(s->table);
	s->ready = true;
	*ret = TAKE(s);
	return 0;
}

void lease_store_free(struct lease_store *s)
{
	if (!s)
		return;
	loop_timer_free(s->timer);
	s->timer = NULL;
	/* One that is under way may be older; they are carried out in order. */
	if (s->ready && lease_version(s->table) != (s->busy ? s->storing : s->stored)) {
		char *text = NULL;
		size_t len;
		if (lease_text_write(s->table, &text, &len) == 0 &&
		    s->write(s->arg, text, len, NULL, NULL) < 0)
			LOG(ERROR, "leases_not_written", F_STR("reason", "stopping"));
		free(text);
	}
	lease_table_free(s->table);
	free(s);
}
