/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands reach the kernel in order, in batches, with their copies for forwarded packets.  The
 * kernel is a list of what it was asked for (linked in with --wrap) and answers as told.
 */
#include "base/unit.h"

#include "setkey_word.h"

#include "base/addr.h"

#include <errno.h>
#include <stdlib.h>

enum { ASKED_MAX = 4096, LOG_BYTES = 4096, NAME_BYTES = 64, DETAIL_BYTES = 32 };

struct fake_kernel {
	size_t n_asked, n_batches, largest_batch;
	char asked[ASKED_MAX][NAME_BYTES];
	struct keydb_policy last_policy;
	const char *refuse; /* what is refused, */
	int refusal;        /* so */
	const struct keydb_sa *sas;
	size_t n_sas;
	const struct keydb_policy *policies;
	size_t n_policies;
	uint8_t sa_state; /* of what sa_get finds */
	char log[LOG_BYTES];
};

static struct fake_kernel fake;

/* ---- the kernel ---- */

static int ask(const char *what, const char *detail)
{
	char *name = fake.asked[fake.n_asked++ % ASKED_MAX];
	snprintf(name, NAME_BYTES, "%.16s%s%.*s", what, detail[0] ? " " : "", DETAIL_BYTES, detail);
	return fake.refuse && !strcmp(fake.refuse, name) ? fake.refusal : 0;
}

static int ask_op(const struct keydb_op *op)
{
	static const char *const kinds[] = { "add",    "update",    "delete",
					     "spdadd", "spdupdate", "spddelete" };
	static const char *const dirs[] = { "in", "out", "fwd" };
	char spi[NAME_BYTES];
	if (op->kind >= KEYDB_OP_POLICY_ADD) {
		fake.last_policy = *op->policy;
		return ask(kinds[op->kind], dirs[op->policy->dir]);
	}
	snprintf(spi, sizeof(spi), "%u",
		 op->kind == KEYDB_OP_SA_DELETE ? op->sa_id->spi : op->sa->id.spi);
	return ask(kinds[op->kind], spi);
}

int __wrap_keydb_batch(struct keydb *k, struct keydb_op *ops, size_t n);
int __wrap_keydb_batch(struct keydb *k, struct keydb_op *ops, size_t n)
{
	int first = 0;
	(void)k;
	fake.n_batches++;
	if (n > fake.largest_batch)
		fake.largest_batch = n;
	for (size_t i = 0; i < n; i++) {
		ops[i].result = ask_op(&ops[i]);
		if (ops[i].result == -EINVAL)
			snprintf(ops[i].reason, sizeof(ops[i].reason), "the kernel's words");
		first = first ? first : ops[i].result;
	}
	return first;
}

int __wrap_keydb_policy_delete(struct keydb *k, const struct keydb_policy *p);
int __wrap_keydb_policy_delete(struct keydb *k, const struct keydb_policy *p)
{
	struct keydb_op op = { .kind = KEYDB_OP_POLICY_DELETE, .policy = p };
	(void)k;
	return ask_op(&op);
}

int __wrap_keydb_sa_dump(struct keydb *k, uint8_t proto, keydb_sa_fn fn, void *arg);
int __wrap_keydb_sa_dump(struct keydb *k, uint8_t proto, keydb_sa_fn fn, void *arg)
{
	int rc = ask("dump", "");
	(void)k;
	(void)proto;
	for (size_t i = 0; !rc && i < fake.n_sas; i++)
		rc = fn(arg, &fake.sas[i]);
	return rc;
}

int __wrap_keydb_sa_get(struct keydb *k, const struct keydb_sa_id *id, struct keydb_sa *ret);
int __wrap_keydb_sa_get(struct keydb *k, const struct keydb_sa_id *id, struct keydb_sa *ret)
{
	(void)k;
	memset(ret, 0, sizeof(*ret));
	ret->id = *id;
	ret->state = fake.sa_state;
	return ask("get", "");
}

/* The kernel's first choice is the lower end. */
int __wrap_keydb_spi_alloc(struct keydb *k, const struct keydb_sa *larval, uint32_t min,
			   uint32_t max, struct keydb_sa *ret);
int __wrap_keydb_spi_alloc(struct keydb *k, const struct keydb_sa *larval, uint32_t min,
			   uint32_t max, struct keydb_sa *ret)
{
	char range[64];
	(void)k;
	snprintf(range, sizeof(range), "%x-%x", min, max);
	*ret = *larval;
	ret->id.spi = min;
	ret->state = KEYDB_SA_LARVAL;
	return ask("getspi", range);
}

/* Policies are there as they are asked for, with the priority 7. */
int __wrap_keydb_policy_get(struct keydb *k, const struct keydb_policy *p,
			    struct keydb_policy *ret);
int __wrap_keydb_policy_get(struct keydb *k, const struct keydb_policy *p, struct keydb_policy *ret)
{
	(void)k;
	*ret = *p;
	ret->priority = 7;
	ret->index = 8;
	return ask("spdget", "");
}

int __wrap_keydb_policy_dump(struct keydb *k, keydb_policy_fn fn, void *arg);
int __wrap_keydb_policy_dump(struct keydb *k, keydb_policy_fn fn, void *arg)
{
	int rc = ask("spddump", "");
	(void)k;
	for (size_t i = 0; !rc && i < fake.n_policies; i++)
		rc = fn(arg, &fake.policies[i]);
	return rc;
}

int __wrap_keydb_sa_flush(struct keydb *k, uint8_t proto);
int __wrap_keydb_sa_flush(struct keydb *k, uint8_t proto)
{
	char text[NAME_BYTES];
	(void)k;
	snprintf(text, sizeof(text), "%u", proto);
	return ask("flush", text);
}

int __wrap_keydb_policy_flush(struct keydb *k);
int __wrap_keydb_policy_flush(struct keydb *k)
{
	(void)k;
	return ask("spdflush", "");
}

int __wrap_keydb_data_path(struct keydb *k, struct keydb_data_path *ret);
int __wrap_keydb_data_path(struct keydb *k, struct keydb_data_path *ret)
{
	(void)k;
	*ret = (struct keydb_data_path){ .tag = 0 };
	return 0;
}

const char *__wrap_keydb_error(const struct keydb *k);
const char *__wrap_keydb_error(const struct keydb *k)
{
	(void)k;
	return "the handle's words";
}

/* ---- helpers ---- */

static void log_message(void *arg, const struct script_message *m)
{
	size_t used = strlen(fake.log);
	(void)arg;
	snprintf(fake.log + used, sizeof(fake.log) - used, "%u:%u: %s\n", m->at.line, m->at.column,
		 m->text);
}

/* Parses and applies; returns the number of failures. */
static size_t apply_with(const char *text, struct apply_options options)
{
	struct command_list list = { 0 };
	struct script script = {
		.file = "test",
		.text = text,
		.len = strlen(text),
		.first = { 1, 1 },
		.numeric = true,
		.report = log_message,
	};
	assert_int_equal(setkey_parse(&script, &list), 0);
	size_t failures = setkey_apply((struct keydb *)&fake, &script, &list, &options);
	command_list_done(&list);
	return failures;
}

static size_t apply_as(const char *text, bool rfc_mode)
{
	return apply_with(text, (struct apply_options){ .rfc_mode = rfc_mode });
}

static size_t apply(const char *text)
{
	return apply_as(text, true);
}

static size_t apply_atomic(const char *text)
{
	return apply_with(text, (struct apply_options){ .rfc_mode = true, .atomic = true });
}

static void assert_asked(const char *const *want, size_t n)
{
	for (size_t i = 0; i < n && i < fake.n_asked; i++)
		assert_string_equal(fake.asked[i], want[i]);
	assert_int_equal(fake.n_asked, n);
}

#define ASSERT_ASKED(...)                                          \
	do {                                                       \
		static const char *const want[] = { __VA_ARGS__ }; \
		assert_asked(want, N_ELEMENTS(want));              \
	} while (0)

static int fresh(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return 0;
}

#define IN "spdadd 10.0.0.0/8 10.1.0.0/16 any -P in "
#define OUT "spdadd 10.1.0.0/16 10.0.0.0/8 any -P out "
#define FWD "spdadd 10.0.0.0/8 10.1.0.0/16 any -P fwd "

/* ---- copies ---- */

static void in_policy_gets_a_copy_for_fwd(void **state)
{
	(void)state;
	assert_int_equal(apply(IN "none;" OUT "none;"), 0);
	ASSERT_ASKED("spdadd in", "spdadd fwd", "spdadd out");
}

static void kernel_mode_makes_no_copy(void **state)
{
	(void)state;
	assert_int_equal(apply_as(IN "none;", false), 0);
	ASSERT_ASKED("spdadd in");
}

static void own_fwd_command_of_the_script_replaces_the_copy(void **state)
{
	(void)state;
	assert_int_equal(apply(IN "none;" OUT "none;" FWD "discard;"
				  "spdadd 10.0.0.0/8 10.1.0.0/16 tcp -P in none;"),
			 0);
	ASSERT_ASKED("spdadd in", "spdadd out", "spdadd fwd", "spdadd in", "spdadd fwd");
}

static void own_fwd_command_is_one_with_the_same_mark_interface_and_label(void **state)
{
	static const char *const options[] = { "-mark 1", "-if_id 1", "-dev lo", "-sub",
					       "-ctx 1 1 \"a\"" };
	char line[256];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(options); i++) {
		memset(&fake, 0, sizeof(fake));
		snprintf(line, sizeof(line),
			 "spdadd ::/0 ::/0 any -P in none; spdadd ::/0 ::/0 any %s -P fwd none;",
			 options[i]);
		assert_int_equal(apply(line), 0);
		ASSERT_ASKED("spdadd in", "spdadd fwd", "spdadd fwd");
	}
}

static void unique_becomes_require_in_every_request_of_the_copy(void **state)
{
	(void)state;
	apply(IN "ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:5 ah/transport//unique;");
	assert_int_equal(fake.last_policy.dir, KEYDB_DIR_FWD);
	assert_int_equal(fake.last_policy.n_templates, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fake.last_policy.templates[i].level, KEYDB_LEVEL_REQUIRE);
		assert_int_equal(fake.last_policy.templates[i].reqid, 0);
	}
}

static void copy_has_the_selector_of_the_policy(void **state)
{
	(void)state;
	apply("spdadd 32.0.0.0/3 10.1.0.0/16 any -P in discard;");
	assert_int_equal(fake.last_policy.dir, KEYDB_DIR_FWD);
	assert_int_equal(fake.last_policy.sel.src_bits, 3);
	assert_int_equal(fake.last_policy.sel.src.sin.sin_addr.s_addr, htonl(0x20000000));
}

static void missing_copy_is_no_error_when_deleting(void **state)
{
	(void)state;
	fake.refuse = "spddelete fwd";
	fake.refusal = -ENOENT;
	assert_int_equal(apply("spddelete ::/0 ::/0 any -P in;"), 0);
	ASSERT_ASKED("spddelete in", "spddelete fwd");
}

static void refused_policy_leaves_no_copy(void **state)
{
	(void)state;
	fake.refuse = "spdadd in";
	fake.refusal = -EEXIST;
	assert_int_equal(apply("\n " IN "none;"), 1);
	ASSERT_ASKED("spdadd in", "spdadd fwd", "spddelete fwd");
	assert_string_equal(fake.log,
			    "2:2: spdadd 10.0.0.0/8 10.1.0.0/16 any -P in: File exists\n");
}

static void refused_copy_is_an_error(void **state)
{
	(void)state;
	fake.refuse = "spdadd fwd";
	fake.refusal = -EINVAL;
	assert_int_equal(apply(IN "none;"), 1);
	assert_string_equal(fake.log, "1:1: spdadd 10.0.0.0/8 10.1.0.0/16 any -P in"
				      " (copy for fwd): the kernel's words\n");
}

/* ---- getspi ---- */

static void getspi_asks_for_one_spi_or_for_any(void **state)
{
	(void)state;
	assert_int_equal(apply("getspi ::1 ::2 esp 0; getspi ::1 ::2 esp 0x300;"
			       "getspi ::1 ::2 ipcomp 0;"),
			 0);
	ASSERT_ASKED("getspi 100-fffffff", "getspi 300-300", "getspi 100-ffff");
}

static void getspi_is_undone(void **state)
{
	(void)state;
	fake.refuse = "flush 0";
	fake.refusal = -EIO;
	assert_int_equal(apply_atomic("getspi ::1 ::2 esp 0; flush;"), 1);
	ASSERT_ASKED("getspi 100-fffffff", "dump", "flush 0", "delete 256");
}

static void getspi_that_fails_is_reported(void **state)
{
	(void)state;
	fake.refuse = "getspi 300-300";
	fake.refusal = -ENOENT;
	assert_int_equal(apply("getspi ::1 ::2 esp 0x300;"), 1);
	assert_string_equal(fake.log, "1:1: getspi ::1 ::2 esp 0x00000300: the handle's words\n");
}

/* ---- order and batches ---- */

static void commands_keep_their_order(void **state)
{
	(void)state;
	assert_int_equal(apply("flush; spdflush; add ::1 ::1 esp 300 -E null; flush ah;"
			       "update ::1 ::1 esp 301 -E null; delete ::1 ::1 esp 302;"
			       "deleteall ::1 ::1 ah;"),
			 0);
	ASSERT_ASKED("flush 0", "spdflush", "add 300", "flush 51", "update 301", "delete 302",
		     "dump");
	assert_int_equal(fake.n_batches, 2);
}

static void many_commands_go_in_few_batches(void **state)
{
	enum { N = 1500 };
	char *text = calloc(N, 64);
	size_t used = 0;
	(void)state;
	for (int i = 0; i < N; i++)
		used += (size_t)sprintf(text + used, "add ::1 ::1 esp %d -E null;\n", 300 + i);
	assert_int_equal(apply(text), 0);
	free(text);
	assert_int_equal(fake.n_asked, N);
	assert_string_equal(fake.asked[N - 1], "add 1799");
	assert_in_range(fake.n_batches, 1, 10);
}

static void each_refused_entry_is_reported_with_its_line(void **state)
{
	(void)state;
	fake.refuse = "add 300";
	fake.refusal = -EINVAL;
	assert_int_equal(apply("add ::1 ::2 esp 300 -E null;\nadd ::1 ::2 esp 301 -E null;\n"
			       "add ::1 ::2 esp 300 -E null;\n"),
			 2);
	assert_string_equal(fake.log, "1:1: add ::1 ::2 esp 0x0000012c: the kernel's words\n"
				      "3:1: add ::1 ::2 esp 0x0000012c: the kernel's words\n");
}

static void missing_entries_are_told_as_such(void **state)
{
	(void)state;
	fake.refuse = "delete 300";
	fake.refusal = -ESRCH;
	assert_int_equal(apply("delete ::1 ::2 esp 300;"), 1);
	fake.refuse = "get";
	assert_int_equal(apply("get ::1 ::2 ah 300;"), 1);
	assert_string_equal(fake.log, "1:1: delete ::1 ::2 esp 0x0000012c: No entry\n"
				      "1:1: get ::1 ::2 ah 0x0000012c: No entry\n");
}

static void failed_flush_is_reported_and_the_rest_done(void **state)
{
	(void)state;
	fake.refuse = "flush 0";
	fake.refusal = -EPERM;
	assert_int_equal(apply("flush; spdflush;"), 1);
	ASSERT_ASKED("flush 0", "spdflush");
	assert_string_equal(fake.log, "1:1: flush: the handle's words\n");
}

static void nothing_is_done_behind_exit(void **state)
{
	(void)state;
	assert_int_equal(apply("spdflush; quit; flush;"), 0);
	ASSERT_ASKED("spdflush");
}

/* ---- deleteall ---- */

enum { MANY = 1200 };

static union keydb_addr address(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	a.port = 4500;
	return word_keydb_addr(&a);
}

/* SAs 192.0.2.1 -> 192.0.2.2 with SPIs from 1000 on, the first three not quite. */
static void fill_sad(struct keydb_sa *sas)
{
	for (uint32_t i = 0; i < MANY; i++) {
		sas[i].id.src = address("192.0.2.1");
		sas[i].id.dst = address("192.0.2.2");
		sas[i].id.proto = KEYDB_PROTO_ESP;
		sas[i].id.spi = 1000 + i;
	}
	sas[0].id.proto = KEYDB_PROTO_AH;
	sas[1].id.src = address("192.0.2.3");
	sas[2].id.dst = address("192.0.2.1");
}

static void deleteall_deletes_all_between_two_addresses(void **state)
{
	struct keydb_sa *sas = calloc(MANY, sizeof(*sas));
	(void)state;
	fill_sad(sas);
	fake.sas = sas;
	fake.n_sas = MANY;
	fake.refuse = "delete 1003"; /* somebody else was faster */
	fake.refusal = -ESRCH;
	assert_int_equal(apply("deleteall 192.0.2.1 192.0.2.2 esp;"), 0);
	free(sas);
	assert_int_equal(fake.n_asked, 1 + MANY - 3);
	assert_string_equal(fake.asked[1], "delete 1003");
	assert_string_equal(fake.asked[MANY - 3], "delete 2199");
}

static void deleteall_reports_what_it_cannot_delete(void **state)
{
	struct keydb_sa *sas = calloc(MANY, sizeof(*sas));
	(void)state;
	fill_sad(sas);
	fake.sas = sas;
	fake.n_sas = MANY;
	fake.refuse = "delete 1700";
	fake.refusal = -EPERM;
	assert_int_equal(apply("deleteall 192.0.2.1 192.0.2.2 esp;"), 1);
	free(sas);
}

/* ---- all or nothing ---- */

#define UNDONE "0:0: nothing is changed: what was done is undone\n"

static void atomic_script_that_works_is_not_undone(void **state)
{
	(void)state;
	assert_int_equal(apply_atomic("add ::1 ::1 esp 300 -E null;" IN "none;"), 0);
	ASSERT_ASKED("add 300", "spdadd in", "spdadd fwd");
	assert_string_equal(fake.log, "");
}

static void adds_are_deleted_in_reverse(void **state)
{
	(void)state;
	fake.refuse = "add 301";
	fake.refusal = -EINVAL;
	assert_int_equal(apply_atomic("add ::1 ::1 esp 300 -E null;" IN "none;"
				      "add ::1 ::1 esp 301 -E null; add ::1 ::1 esp 302 -E null;"),
			 1);
	ASSERT_ASKED("add 300", "spdadd in", "spdadd fwd", "add 301", "add 302", "delete 302",
		     "spddelete fwd", "spddelete in", "delete 300");
	assert_non_null(strstr(fake.log, UNDONE));
}

static void entry_that_was_there_stays_when_adding_it_fails(void **state)
{
	(void)state;
	fake.refuse = "add 300";
	fake.refusal = -EEXIST;
	assert_int_equal(apply_atomic("add ::1 ::1 esp 300 -E null;"), 1);
	ASSERT_ASKED("add 300");
}

static void nothing_is_done_behind_the_first_failure(void **state)
{
	(void)state;
	fake.refuse = "add 300";
	fake.refusal = -EEXIST;
	assert_int_equal(apply_atomic("add ::1 ::1 esp 300 -E null; flush; dump;"
				      "delete ::1 ::1 esp 301;"),
			 1);
	ASSERT_ASKED("add 300");
}

static void changes_and_deletions_are_put_back_as_they_were(void **state)
{
	(void)state;
	fake.refuse = "flush 51";
	fake.refusal = -EPERM;
	fake.sa_state = KEYDB_SA_MATURE;
	assert_int_equal(apply_atomic("update ::1 ::1 esp 300 -E null;"
				      "delete ::1 ::1 esp 301;" OUT "none;"
				      "spdupdate ::1 ::2 any -P out none; flush ah;"),
			 1);
	ASSERT_ASKED("get", "update 300", "get", "delete 301", "spdadd out", "spdget",
		     "spdupdate out", "dump", "flush 51", "spdupdate out", "spddelete out",
		     "add 301", "update 300");
	assert_non_null(strstr(fake.log, UNDONE));
}

static void policy_that_spdupdate_made_is_deleted(void **state)
{
	(void)state;
	fake.refuse = "spdget";
	fake.refusal = -ENOENT;
	assert_int_equal(apply_atomic("spdupdate ::1 ::2 any -P out none;"), 0);
	ASSERT_ASKED("spdget", "spdupdate out");
}

static void larval_sa_is_not_touched_because_it_could_not_come_back(void **state)
{
	(void)state;
	fake.sa_state = KEYDB_SA_LARVAL;
	assert_int_equal(apply_atomic("update ::1 ::1 esp 300 -E null;"), 1);
	ASSERT_ASKED("get");
	assert_non_null(strstr(fake.log, "larval"));
}

static void flushed_tables_are_put_back_from_the_oldest_on(void **state)
{
	struct keydb_sa *sas = calloc(MANY, sizeof(*sas));
	struct keydb_policy policies[3];
	(void)state;
	memset(policies, 0, sizeof(policies));
	policies[1].dir = KEYDB_DIR_OUT;
	policies[2].dir = KEYDB_DIR_SOCKET_IN;
	fill_sad(sas);
	for (size_t i = 0; i < 3; i++)
		sas[i].state = KEYDB_SA_MATURE;
	sas[1].usage.packets = 1;
	fake.sas = sas;
	fake.n_sas = 3;
	fake.policies = policies;
	fake.n_policies = 3;
	fake.refuse = "add 300";
	fake.refusal = -EINVAL;
	assert_int_equal(apply_atomic("flush; spdflush; add ::1 ::1 esp 300 -E null;"), 1);
	free(sas);
	ASSERT_ASKED("dump", "flush 0", "spddump", "spdflush", "add 300", "spdadd out", "spdadd in",
		     "add 1002", "add 1001", "add 1000");
	assert_non_null(strstr(fake.log, "1 SAs that were put back count"));
}

static void what_resists_being_undone_is_told(void **state)
{
	(void)state;
	fake.refuse = "delete 300";
	fake.refusal = -EPERM;
	assert_int_equal(apply_atomic("add ::1 ::1 esp 300 -E null;\ndelete ::1 ::1 esp 300;"), 1);
	assert_non_null(strstr(fake.log, "1:1: not undone: delete ::1 ::1 esp 0x0000012c: "));
	assert_non_null(strstr(fake.log, "changes could not be undone"));
}

#define TEST(fn) cmocka_unit_test_setup(fn, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_policy_gets_a_copy_for_fwd),
		TEST(kernel_mode_makes_no_copy),
		TEST(own_fwd_command_of_the_script_replaces_the_copy),
		TEST(own_fwd_command_is_one_with_the_same_mark_interface_and_label),
		TEST(unique_becomes_require_in_every_request_of_the_copy),
		TEST(copy_has_the_selector_of_the_policy),
		TEST(missing_copy_is_no_error_when_deleting),
		TEST(refused_policy_leaves_no_copy),
		TEST(refused_copy_is_an_error),
		TEST(getspi_asks_for_one_spi_or_for_any),
		TEST(getspi_is_undone),
		TEST(getspi_that_fails_is_reported),
		TEST(commands_keep_their_order),
		TEST(many_commands_go_in_few_batches),
		TEST(each_refused_entry_is_reported_with_its_line),
		TEST(missing_entries_are_told_as_such),
		TEST(failed_flush_is_reported_and_the_rest_done),
		TEST(nothing_is_done_behind_exit),
		TEST(deleteall_deletes_all_between_two_addresses),
		TEST(deleteall_reports_what_it_cannot_delete),
		TEST(atomic_script_that_works_is_not_undone),
		TEST(adds_are_deleted_in_reverse),
		TEST(entry_that_was_there_stays_when_adding_it_fails),
		TEST(nothing_is_done_behind_the_first_failure),
		TEST(changes_and_deletions_are_put_back_as_they_were),
		TEST(policy_that_spdupdate_made_is_deleted),
		TEST(larval_sa_is_not_touched_because_it_could_not_come_back),
		TEST(flushed_tables_are_put_back_from_the_oldest_on),
		TEST(what_resists_being_undone_is_told),
	};
	return cmocka_run_group_tests_name("setkey_apply", tests, NULL, NULL);
}
