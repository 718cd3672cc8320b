/* SPDX-License-Identifier: BSD-2-Clause */
/* When the file of the leases is read and written, on a virtual clock. */
#include "priv/lease_store.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/unit.h"
#include "policy/pool.h"

static struct {
	int n_writes, result;
	bool hold; /* answers come when the test says so */
	char text[4096];
	call_result_fn done;
	void *arg;
} disk;

static int write_text(void *arg, const char *text, size_t len, call_result_fn done, void *done_arg)
{
	(void)arg;
	assert_true(len < sizeof(disk.text));
	memcpy(disk.text, text, len);
	disk.text[len] = '\0';
	disk.n_writes++;
	disk.done = done;
	disk.arg = done_arg;
	return 0;
}

struct fixture {
	struct loop *loop;
	struct policy *policy;
	struct lease_store *store;
	char path[64];
};

static void open_store(struct fixture *f)
{
	struct err err;
	assert_int_equal(
		lease_store_new(f->loop, f->policy, f->path, write_text, NULL, &f->store, &err), 0);
}

static struct fixture begin(void)
{
	struct fixture f = { .loop = loop_new_virtual(), .policy = policy_new() };
	struct pool_config *pool = policy_add_pool(f.policy, "");

	memset(&disk, 0, sizeof(disk));
	assert_non_null(pool);
	assert_int_equal(addr_parse("10.9.0.1", &pool->first[INNER_V4]), 0);
	pool->size[INNER_V4] = 10;
	strcpy(f.path, "/tmp/leases-test.XXXXXX");
	int fd = mkstemp(f.path);
	assert_true(fd >= 0);
	close(fd);
	unlink(f.path);
	open_store(&f);
	return f;
}

static void end(struct fixture *f)
{
	lease_store_free(f->store);
	policy_unref(f->policy);
	loop_free(f->loop);
	unlink(f->path);
}

static void lease(struct fixture *f, uint64_t holder, const char *name)
{
	struct lease_ask ask;
	struct addr ret[INNER_FAMILIES];

	memset(&ask, 0, sizeof(ask));
	ask.holder = holder;
	ask.wants[INNER_V4] = true;
	assert_int_equal(id_set(&ask.id, ID_FQDN, slice_of(name, strlen(name))), 0);
	assert_int_equal(lease_get(lease_store_table(f->store), &ask, 1000, ret), 0);
	lease_store_touch(f->store);
}

static void run(struct fixture *f, int64_t ms)
{
	int64_t end_ms = loop_now_ms(f->loop) + ms;
	while (loop_virtual_step(f->loop, end_ms - loop_now_ms(f->loop))) {
		call_result_fn done = disk.done;
		if (disk.hold || !done)
			continue;
		disk.done = NULL;
		done(disk.arg, disk.result, disk.result < 0 ? "no room" : "");
	}
}

static void put_file(const struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void changes_are_written_together_soon_after(void **state)
{
	struct fixture f = begin();

	(void)state;
	lease_store_touch(f.store);
	run(&f, 60000);
	assert_int_equal(disk.n_writes, 0);
	lease(&f, 1, "a.example");
	lease(&f, 2, "b.example");
	assert_int_equal(disk.n_writes, 0);
	run(&f, LEASE_STORE_DELAY_MS);
	assert_int_equal(disk.n_writes, 1);
	assert_non_null(strstr(disk.text, "10.9.0.1"));
	assert_non_null(strstr(disk.text, "10.9.0.2"));
	run(&f, 60000);
	assert_int_equal(disk.n_writes, 1);
	end(&f);
	assert_int_equal(disk.n_writes, 1);
}

static void one_writing_at_a_time_and_what_changed_meanwhile_follows(void **state)
{
	struct fixture f = begin();

	(void)state;
	disk.hold = true;
	lease(&f, 1, "a.example");
	run(&f, 1000);
	lease(&f, 2, "b.example");
	run(&f, 60000);
	assert_int_equal(disk.n_writes, 1);
	disk.done(disk.arg, 0, "");
	run(&f, LEASE_STORE_DELAY_MS);
	assert_int_equal(disk.n_writes, 2);
	assert_non_null(strstr(disk.text, "10.9.0.2"));
	disk.done(disk.arg, 0, "");
	end(&f);
}

static void a_failure_is_tried_again(void **state)
{
	struct fixture f = begin();

	(void)state;
	disk.result = -ENOSPC;
	lease(&f, 1, "a.example");
	run(&f, 1000);
	assert_int_equal(disk.n_writes, 1);
	run(&f, LEASE_STORE_RETRY_MS);
	assert_int_equal(disk.n_writes, 2);
	disk.result = 0;
	run(&f, LEASE_STORE_RETRY_MS);
	assert_int_equal(disk.n_writes, 3);
	run(&f, 10 * LEASE_STORE_RETRY_MS);
	assert_int_equal(disk.n_writes, 3);
	end(&f);
}

static void what_is_not_written_is_at_the_end_and_comes_back(void **state)
{
	struct fixture f = begin();
	uint64_t cursor = 0;
	struct lease_view v;

	(void)state;
	lease(&f, 1, "a.example");
	lease_put(lease_store_table(f.store), 1, 2000);
	lease_store_free(f.store);
	assert_int_equal(disk.n_writes, 1);
	put_file(&f, disk.text);
	open_store(&f);
	assert_true(lease_next(lease_store_table(f.store), &cursor, &v));
	assert_int_equal(v.used_sec, 2000);
	assert_int_equal(v.n_holders, 0);
	assert_false(lease_next(lease_store_table(f.store), &cursor, &v));
	end(&f);
	assert_int_equal(disk.n_writes, 1);
}

static void a_file_of_something_else_is_an_error_and_stays(void **state)
{
	struct fixture f = begin();
	struct lease_store *other = NULL;
	struct err err;

	(void)state;
	put_file(&f, "root:x:0:0:\n");
	assert_int_equal(lease_store_new(f.loop, f.policy, f.path, write_text, NULL, &other, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, f.path));
	assert_null(other);
	assert_int_equal(disk.n_writes, 0);
	/* A cut one gives what it has. */
	lease(&f, 1, "a.example");
	run(&f, 1000);
	*strstr(disk.text, "end ") = '\0';
	put_file(&f, disk.text);
	assert_int_equal(lease_store_new(f.loop, f.policy, f.path, write_text, NULL, &other, &err),
			 0);
	assert_int_equal(lease_count(lease_store_table(other)), 1);
	lease_store_free(other);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("changes are written together, soon after",
		     changes_are_written_together_soon_after),
		UNIT("one writing at a time, and what changed meanwhile follows",
		     one_writing_at_a_time_and_what_changed_meanwhile_follows),
		UNIT("a failure is tried again", a_failure_is_tried_again),
		UNIT("what is not written is at the end, and comes back",
		     what_is_not_written_is_at_the_end_and_comes_back),
		UNIT("a file of something else is an error, and stays",
		     a_file_of_something_else_is_an_error_and_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
