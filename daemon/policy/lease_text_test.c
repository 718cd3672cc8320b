/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of leases: there and back, and whatever else may be in it. */
#include <errno.h>

#include "base/unit.h"
#include "policy/lease_text.h"
#include "policy/pool.h"

static struct policy *policy;

static struct addr addr_of(const char *text)
{
	struct addr a;
	if (addr_parse(text, &a) < 0)
		fail_msg("%s", text);
	return a;
}

static int make_policy(void **state)
{
	struct pool_fixed fixed = { .id = { .type = ID_FQDN, .len = 4, .body = "boss" } };
	(void)state;
	policy = policy_new();
	struct pool_config *pool = policy_add_pool(policy, "");
	struct pool_config *other = policy_add_pool(policy, "office");
	pool->first[INNER_V4] = addr_of("10.9.0.1");
	pool->size[INNER_V4] = 3;
	other->first[INNER_V6] = addr_of("fd09::1");
	other->size[INNER_V6] = 3;
	fixed.addr[INNER_V4] = addr_of("10.9.0.3");
	return pool_add_fixed(pool, &fixed);
}

static int drop_policy(void **state)
{
	(void)state;
	policy_unref(policy);
	return 0;
}

static struct lease_ask ask_of(uint64_t holder, uint16_t pool, struct id id)
{
	struct lease_ask ask = {
		.holder = holder, .pool = pool, .wants = { true, true }, .id = id
	};
	return ask;
}

static const struct id fqdn = { .type = ID_FQDN, .len = 9, .body = "a.example" };
static const struct id odd = { .type = ID_KEY_ID, .len = 5, .body = { 0, '\n', ' ', 0xff, '-' } };

static char *text_of(const struct lease_table *t)
{
	char *text = NULL;
	size_t len;
	assert_int_equal(lease_text_write(t, &text, &len), 0);
	assert_int_equal(len, strlen(text));
	return text;
}

static void what_is_written_is_read_again(void **state)
{
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(policy);
	CLEANUP(lease_table_freep)
	struct lease_table *again = lease_table_new(policy);
	struct lease_text_result result;
	struct addr got[INNER_FAMILIES], second[INNER_FAMILIES];
	struct lease_ask ask = ask_of(1, 0, fqdn);
	(void)state;
	assert_int_equal(lease_get(t, &ask, 100, got), 0);
	ask = ask_of(2, 0, odd);
	assert_int_equal(lease_get(t, &ask, 101, got), 0);
	ask = ask_of(3, 1, odd);
	assert_int_equal(lease_get(t, &ask, 102, second), 0);
	char *text = text_of(t);
	assert_string_equal(text, "tanuki-leases 1\n"
				  "lease - 2 612e6578616d706c65 10.9.0.1 100\n"
				  "lease - 11 000a20ff2d 10.9.0.2 101\n"
				  "lease office 11 000a20ff2d fd09::1 102\n"
				  "end 3\n");
	assert_int_equal(lease_text_read(again, text, strlen(text), &result), 0);
	assert_int_equal(result.n_restored, 3);
	assert_int_equal(result.n_foreign + result.n_malformed, 0);
	assert_false(result.cut);
	char *same = text_of(again);
	assert_string_equal(same, text);
	struct addr back[INNER_FAMILIES];
	ask = ask_of(1, 0, odd);
	assert_int_equal(lease_get(again, &ask, 103, back), 0);
	assert_true(addr_eq(&back[INNER_V4], &got[INNER_V4]));
	free(same);
	free(text);
}

static struct lease_text_result result_of(const char *text, size_t len)
{
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(policy);
	struct lease_text_result result = { 0 };
	assert_int_equal(lease_text_read(t, text, len, &result), 0);
	/* its own and the fixed one */
	assert_int_equal(lease_count(t), result.n_restored + 1);
	return result;
}

static void a_line_that_is_none_is_left_out(void **state)
{
	static const char *const lines[] = {
		"",
		"lease",
		"lease - 2 61 10.9.0.1",
		"lease - 2 61 10.9.0.1 5 6",
		"lease  - 2 61 10.9.0.1 5",
		"Lease - 2 61 10.9.0.1 5",
		"lease - 256 61 10.9.0.1 5",
		"lease - 0 61 10.9.0.1 5",
		"lease - -2 61 10.9.0.1 5",
		"lease - 2 6 10.9.0.1 5",
		"lease - 2 zz 10.9.0.1 5",
		"lease - 2  10.9.0.1 5",
		"lease - 1 61 10.9.0.1 5",
		"lease - 2 61 10.9.0 5",
		"lease - 2 61 name 5",
		"lease - 2 61 fe80::1%1 5",
		"lease - 2 61 10.9.0.1 x",
		"lease - 2 61 10.9.0.1 -5",
		"lease - 2 61 10.9.0.1 99999999999999999999",
		"lease xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx 2 61 10.9.0.1 5",
	};
	char text[512];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
		snprintf(text, sizeof(text),
			 "tanuki-leases 1\nlease - 2 62 10.9.0.2 7\n%s\nend 2\n", lines[i]);
		struct lease_text_result r = result_of(text, strlen(text));
		if (r.n_malformed != 1 || r.n_restored != 1 || r.cut)
			fail_msg("%s", lines[i]);
	}
}

static void leases_of_nobodys_pool_and_double_ones_are_counted(void **state)
{
	static const char text[] = "tanuki-leases 1\n"
				   "lease - 2 61 10.9.0.1 9\n"
				   "lease - 2 62 10.9.0.1 5\n"
				   "lease gone 2 61 10.9.0.2 5\n"
				   "lease - 2 61 10.9.0.4 5\n"
				   "lease office 2 61 10.9.0.1 5\n"
				   "lease - 2 61 10.9.0.3 5\n"
				   "end 6\n";
	(void)state;
	struct lease_text_result r = result_of(text, strlen(text));
	assert_int_equal(r.n_restored, 1); /* the older one: it was there first */
	assert_int_equal(r.n_foreign, 5);
	assert_int_equal(r.n_malformed, 0);
}

static void a_file_that_was_cut_is_noticed_and_used_as_far_as_it_goes(void **state)
{
	static const char text[] = "tanuki-leases 1\nlease - 2 61 10.9.0.1 9\n"
				   "lease - 2 62 10.9.0.2 5\nend 2\n";
	(void)state;
	assert_false(result_of(text, sizeof(text) - 1).cut);
	for (size_t len = 16; len < sizeof(text) - 2; len++) {
		struct lease_text_result r = result_of(text, len);
		assert_true(r.cut);
	}
}

static void other_files_are_refused(void **state)
{
	static const char *const texts[] = { "",
					     "\n",
					     "tanuki-leases 2\n",
					     "tanuki-leases 1x\n",
					     "lease - 2 61 10.9.0.1 9\n",
					     "\x7f"
					     "ELF" };
	CLEANUP(lease_table_freep)
	struct lease_table *t = lease_table_new(policy);
	struct lease_text_result r;
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(texts); i++)
		assert_int_equal(lease_text_read(t, texts[i], strlen(texts[i]), &r), -EINVAL);
	assert_int_equal(lease_text_read(t, "x", (size_t)LEASE_TEXT_MAX_BYTES + 1, &r), -EINVAL);
}

static void any_byte_can_be_changed_without_harm(void **state)
{
	static const char text[] = "tanuki-leases 1\nlease - 2 61 10.9.0.1 9\nend 1\n";
	char changed[sizeof(text)];
	(void)state;
	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		for (int byte = 0; byte < 256; byte++) {
			CLEANUP(lease_table_freep)
			struct lease_table *t = lease_table_new(policy);
			struct lease_text_result r;
			memcpy(changed, text, sizeof(text));
			changed[at] = (char)byte;
			(void)!lease_text_read(t, changed, sizeof(text) - 1, &r);
			assert_true(lease_count(t) <= 2);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("what is written is read again", what_is_written_is_read_again),
		UNIT("a line that is none is left out", a_line_that_is_none_is_left_out),
		UNIT("leases of nobody's pool and double ones are counted",
		     leases_of_nobodys_pool_and_double_ones_are_counted),
		UNIT("a file that was cut is noticed and used as far as it goes",
		     a_file_that_was_cut_is_noticed_and_used_as_far_as_it_goes),
		UNIT("other files are refused", other_files_are_refused),
		UNIT("any byte can be changed without harm", any_byte_can_be_changed_without_harm),
	};
	return cmocka_run_group_tests(tests, make_policy, drop_policy);
}
