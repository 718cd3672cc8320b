/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel that somebody else changes: what is found, what is repaired, what is left alone. */
#include "priv/reconcile.h"

#include <errno.h>

#include "priv/priv_unit.h"

enum { OURS = 77777, OTHERS = 99999, ENTRIES_MAX = 32 };

/* The kernel. */
static struct {
	struct keydb_sa sas[ENTRIES_MAX];
	struct keydb_policy policies[ENTRIES_MAX];
	size_t n_sas, n_policies;
	int fail_dump;
	int n_ops;
} kernel;

static int run_sa(const struct keydb_op *op)
{
	const struct keydb_sa_id *id = op->kind == KEYDB_OP_SA_ADD ? &op->sa->id : op->sa_id;

	for (size_t i = 0; i < kernel.n_sas; i++) {
		if (kernel.sas[i].id.spi != id->spi)
			continue;
		if (op->kind == KEYDB_OP_SA_ADD)
			return -EEXIST;
		kernel.sas[i] = kernel.sas[--kernel.n_sas];
		return 0;
	}
	if (op->kind != KEYDB_OP_SA_ADD)
		return -ESRCH;
	kernel.sas[kernel.n_sas] = *op->sa;
	kernel.sas[kernel.n_sas++].state = KEYDB_SA_MATURE;
	return 0;
}

static struct keydb_policy *find_policy(const struct keydb_policy *p)
{
	for (size_t i = 0; i < kernel.n_policies; i++) {
		if (kernel.policies[i].dir == p->dir &&
		    memcmp(&kernel.policies[i].sel, &p->sel, sizeof(p->sel)) == 0)
			return &kernel.policies[i];
	}
	return NULL;
}

static int run_policy(const struct keydb_op *op)
{
	struct keydb_policy *there = find_policy(op->policy);

	if (op->kind == KEYDB_OP_POLICY_DELETE) {
		if (!there)
			return -ENOENT;
		*there = kernel.policies[--kernel.n_policies];
		return 0;
	}
	if (there && op->kind == KEYDB_OP_POLICY_ADD)
		return -EEXIST;
	if (!there)
		there = &kernel.policies[kernel.n_policies++];
	*there = *op->policy;
	return 0;
}

static int batch(void *arg, struct keydb_op *ops, size_t n)
{
	int first = 0;

	(void)arg;
	for (size_t i = 0; i < n; i++) {
		kernel.n_ops++;
		ops[i].result = ops[i].kind <= KEYDB_OP_SA_DELETE ? run_sa(&ops[i])
								  : run_policy(&ops[i]);
		if (ops[i].result < 0 && first == 0)
			first = ops[i].result;
	}
	return first;
}

static int policy_get(void *arg, const struct keydb_policy *p, struct keydb_policy *ret)
{
	(void)arg;
	(void)p;
	(void)ret;
	return -ENOENT;
}

static int sa_dump(void *arg, keydb_sa_fn fn, void *fn_arg)
{
	(void)arg;
	for (size_t i = 0; i < kernel.n_sas; i++)
		(void)fn(fn_arg, &kernel.sas[i]);
	return kernel.fail_dump;
}

static int policy_dump(void *arg, keydb_policy_fn fn, void *fn_arg)
{
	(void)arg;
	for (size_t i = 0; i < kernel.n_policies; i++)
		(void)fn(fn_arg, &kernel.policies[i]);
	return 0;
}

static const struct installed_ops installed_ops = { .batch = batch, .policy_get = policy_get };
static const struct reconcile_ops ops = { sa_dump, policy_dump, batch };

struct world {
	struct installed *installed;
	struct reconcile *reconcile;
	struct request_child child;
	uint32_t lost[8];
	int n_lost, lost_owner;
};

/* A child of engine 3 is installed. */
static int begin(void **state)
{
	static struct world w;
	w = (struct world){ .child = unit_child(0x1000, 0x2000, OURS) };
	memset(&kernel, 0, sizeof(kernel));
	w.installed = installed_new(&installed_ops, NULL);
	assert_non_null(w.installed);
	w.reconcile = reconcile_new(w.installed, &ops, NULL);
	assert_non_null(w.reconcile);
	assert_int_equal(reconcile_own(w.reconcile, OURS), 0);
	assert_int_equal(reconcile_own(w.reconcile, OURS), 0);
	assert_int_equal(reconcile_own(w.reconcile, 5), 0);
	assert_int_equal(installed_add_child(w.installed, 3, &w.child, NULL), 0);
	*state = &w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	reconcile_free(w->reconcile);
	installed_free(w->installed);
	return 0;
}

static void on_lost(void *arg, int owner, const struct keydb_sa_id *id)
{
	struct world *w = arg;
	w->lost[w->n_lost++] = id->spi;
	w->lost_owner = owner;
}

/* One pass with repairs; how many differences there were. */
static size_t pass(struct world *w)
{
	struct differences d = { 0 };
	assert_int_equal(reconcile_compare(w->reconcile, &d), 0);
	reconcile_repair(w->reconcile, &d, on_lost, w);
	size_t n = d.n;
	differences_done(&d);
	return n;
}

static void expect_one(struct world *w, enum reconcile_fault fault, const char *text)
{
	char buf[REQUEST_ENTRY_MAX_BYTES];
	struct differences d = { 0 };
	assert_int_equal(reconcile_compare(w->reconcile, &d), 0);
	assert_int_equal(d.n, 1);
	assert_string_equal(reconcile_fault_name(d.list[0].fault), reconcile_fault_name(fault));
	assert_string_equal(difference_text(&d.list[0], buf), text);
	differences_done(&d);
}

/* Somebody adds an SA behind our back. */
static struct keydb_sa *sneak(uint32_t spi)
{
	struct keydb_sa *sa = &kernel.sas[kernel.n_sas++];
	*sa = unit_sa("192.0.2.1", "192.0.2.9", spi);
	sa->state = KEYDB_SA_MATURE;
	return sa;
}

static void nothing(void **state)
{
	struct world *w = *state;
	struct differences d = { 0 };
	int n_ops = kernel.n_ops;
	assert_int_equal(reconcile_compare(w->reconcile, &d), 0);
	assert_int_equal(d.n, 0);
	assert_int_equal(d.n_sas, 2);
	assert_int_equal(d.n_policies, 3);
	reconcile_repair(w->reconcile, &d, on_lost, w);
	assert_int_equal(kernel.n_ops, n_ops);
	differences_done(&d);
}

static void policy_gone(void **state)
{
	struct world *w = *state;
	struct keydb_policy out = w->child.policies[2];
	struct keydb_op op = { .kind = KEYDB_OP_POLICY_DELETE, .policy = &out };
	assert_int_equal(batch(NULL, &op, 1), 0);
	expect_one(w, RECONCILE_POLICY_MISSING, "out 10.0.1.0/24 > 10.0.2.0/24");
	assert_int_equal(pass(w), 1);
	assert_non_null(find_policy(&out));
	assert_int_equal(pass(w), 0);
}

static void policy_changed(void **state)
{
	struct world *w = *state;
	struct keydb_policy *there = find_policy(&w->child.policies[0]);
	there->priority = 1;
	expect_one(w, RECONCILE_POLICY_CHANGED, "in 10.0.2.0/24 > 10.0.1.0/24");
	assert_int_equal(pass(w), 1);
	assert_int_equal(find_policy(&w->child.policies[0])->priority, 0);
	there->templates[0].dst = unit_addr("192.0.2.66");
	assert_int_equal(pass(w), 1);
	assert_int_equal(pass(w), 0);
}

/* tanuki.ko is there, but the kernel has the policy itself. */
static void policy_stray(void **state)
{
	struct world *w = *state;
	find_policy(&w->child.policies[2])->stray = true;
	expect_one(w, RECONCILE_POLICY_CHANGED, "out 10.0.1.0/24 > 10.0.2.0/24");
	assert_int_equal(pass(w), 1);
	assert_false(find_policy(&w->child.policies[2])->stray);
	assert_int_equal(pass(w), 0);
}

static void policy_taken(void **state)
{
	struct world *w = *state;
	struct keydb_policy *there = find_policy(&w->child.policies[1]);
	there->action = KEYDB_ACTION_DISCARD;
	there->n_templates = 0;
	expect_one(w, RECONCILE_POLICY_TAKEN, "fwd 10.0.2.0/24 > 10.0.1.0/24");
	assert_int_equal(pass(w), 1);
	assert_int_equal(there->action, KEYDB_ACTION_DISCARD);
	assert_int_equal(w->n_lost, 0);
}

static void policy_strange(void **state)
{
	struct world *w = *state;
	kernel.policies[kernel.n_policies++] =
		unit_policy(KEYDB_DIR_OUT, "10.0.7.0", "10.0.8.0", OURS);
	expect_one(w, RECONCILE_POLICY_STRANGE, "out 10.0.7.0/24 > 10.0.8.0/24");
	assert_int_equal(pass(w), 1);
	assert_int_equal(kernel.n_policies, 3);
}

static void sa_gone(void **state)
{
	struct world *w = *state;
	struct keydb_op op = { .kind = KEYDB_OP_SA_DELETE, .sa_id = &w->child.in.id };
	assert_int_equal(batch(NULL, &op, 1), 0);
	expect_one(w, RECONCILE_SA_MISSING, "esp 192.0.2.2 > 192.0.2.1 spi 0x00001000");
	assert_int_equal(pass(w), 1);
	assert_int_equal(w->n_lost, 1);
	assert_int_equal(w->lost[0], 0x1000);
	assert_int_equal(w->lost_owner, 3);
	/* the engine then removes the child, and with it the other half */
	struct request_remove r;
	memset(&r, 0, sizeof(r));
	r.in = w->child.in.id;
	r.out = w->child.out.id;
	assert_int_equal(installed_remove_child(w->installed, 3, &r), 0);
	assert_int_equal(kernel.n_sas + kernel.n_policies, 0);
	assert_int_equal(pass(w), 0);
}

static void sa_not_there_yet(void **state)
{
	struct world *w = *state;
	struct request_child half = unit_child(0x5000, 0x6000, OURS);
	struct request_complete complete;
	half.in_only = true;
	half.n_policies = 0;
	assert_int_equal(installed_add_child(w->installed, 3, &half, NULL), 0);
	assert_int_equal(pass(w), 0);
	memset(&complete, 0, sizeof(complete));
	complete.in = half.in.id;
	complete.out = half.out;
	assert_int_equal(installed_complete_child(w->installed, 3, &complete, NULL), 0);
	assert_int_equal(pass(w), 0);
	struct keydb_op op = { .kind = KEYDB_OP_SA_DELETE, .sa_id = &half.out.id };
	assert_int_equal(batch(NULL, &op, 1), 0);
	expect_one(w, RECONCILE_SA_MISSING, "esp 192.0.2.1 > 192.0.2.2 spi 0x00006000");
}

static void sa_strange(void **state)
{
	struct world *w = *state;
	(void)sneak(0x3000);
	expect_one(w, RECONCILE_SA_STRANGE, "esp 192.0.2.1 > 192.0.2.9 spi 0x00003000");
	assert_int_equal(pass(w), 1);
	assert_int_equal(kernel.n_sas, 2);
	assert_int_equal(w->n_lost, 0);
}

static void foreign(void **state)
{
	struct world *w = *state;
	sneak(0x3000)->reqid = OTHERS;
	sneak(0x3001)->reqid = 5; /* setkey's hands, whatever we were told */
	/* the larval SA of an acquire has our reqid, but is the kernel's */
	sneak(0)->state = KEYDB_SA_LARVAL;
	kernel.policies[kernel.n_policies++] =
		unit_policy(KEYDB_DIR_OUT, "10.0.7.0", "10.0.8.0", OTHERS);
	kernel.policies[kernel.n_policies] =
		unit_policy(KEYDB_DIR_OUT, "10.0.9.0", "10.0.8.0", OURS);
	kernel.policies[kernel.n_policies++].dir = KEYDB_DIR_SOCKET_OUT;
	assert_int_equal(pass(w), 0);
	assert_int_equal(kernel.n_sas, 5);
	assert_int_equal(kernel.n_policies, 5);
}

static void all_flushed(void **state)
{
	struct world *w = *state;
	kernel.n_sas = kernel.n_policies = 0;
	assert_int_equal(pass(w), 5);
	assert_int_equal(w->n_lost, 2);
	assert_int_equal(kernel.n_policies, 3);
}

static void unreadable(void **state)
{
	struct world *w = *state;
	struct differences d = { 0 };
	(void)sneak(0x3000);
	kernel.fail_dump = -EIO;
	/* a table that was read in part says nothing about what is missing */
	assert_int_equal(reconcile_compare(w->reconcile, &d), -EIO);
	assert_null(d.list);
}

static void very_many(void **state)
{
	struct world *w = *state;
	struct differences d = { 0 };
	for (uint32_t i = 0; i < RECONCILE_MAX; i++) {
		struct request_child c = unit_child(0x10000 + i, 0x20000 + i, OURS);
		c.n_policies = 0;
		kernel.n_sas = 0;
		assert_int_equal(installed_add_child(w->installed, 0, &c, NULL), 0);
	}
	kernel.n_sas = 0;
	assert_int_equal(reconcile_compare(w->reconcile, &d), 0);
	assert_int_equal(d.n, RECONCILE_MAX);
	assert_int_equal(d.n_more, 2 * RECONCILE_MAX + 2 - RECONCILE_MAX);
	differences_done(&d);
}

#define CASE(sentence, fn)                         \
	{                                          \
		(sentence), (fn), begin, end, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("what is as it should be is not touched", nothing),
		CASE("a policy that is gone is put back", policy_gone),
		CASE("a policy of ours that was changed is put right", policy_changed),
		CASE("a policy that is not where it belongs is moved", policy_stray),
		CASE("a policy of somebody else in our place is reported, and stays", policy_taken),
		CASE("a policy that leads to our reqid and nobody wants is removed",
		     policy_strange),
		CASE("of an SA that is gone the engine is told", sa_gone),
		CASE("an outbound SA that comes later is not missing yet", sa_not_there_yet),
		CASE("an SA with our reqid and without a child is removed", sa_strange),
		CASE("what is not ours is not touched", foreign),
		CASE("after a flush policies come back, and each SA is reported", all_flushed),
		CASE("a table that cannot be read changes nothing", unreadable),
		CASE("one pass reports no more than its limit", very_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
