/* SPDX-License-Identifier: BSD-2-Clause */
/* Claims on policies, with a kernel that remembers and fails on demand. */
#include <errno.h>

#include "priv/installed.h"
#include "policy/reqid.h"
#include "priv/priv_unit.h"
#include "priv/request_check.h"

enum { ENTRIES_MAX = 64 };

/* The kernel: SAs by SPI, policies by direction and first selector byte (enough here). */
static struct {
	uint32_t spis[ENTRIES_MAX];
	size_t n_spis;
	struct keydb_policy policies[ENTRIES_MAX];
	size_t n_policies;
	struct keydb_sa_move moves[2];
	size_t n_moves;
	int n_ops, fail_at, fail_with; /* the op with this number, from 1 */
} kernel;

static struct keydb_policy *find_policy(const struct keydb_policy *p)
{
	for (size_t i = 0; i < kernel.n_policies; i++) {
		if (kernel.policies[i].dir == p->dir &&
		    memcmp(&kernel.policies[i].sel, &p->sel, sizeof(p->sel)) == 0)
			return &kernel.policies[i];
	}
	return NULL;
}

static int find_spi(uint32_t spi)
{
	for (size_t i = 0; i < kernel.n_spis; i++) {
		if (kernel.spis[i] == spi)
			return (int)i;
	}
	return -1;
}

static int run_sa(const struct keydb_op *op)
{
	int at = find_spi(op->kind == KEYDB_OP_SA_ADD ? op->sa->id.spi : op->sa_id->spi);

	if (op->kind == KEYDB_OP_SA_ADD) {
		if (at >= 0)
			return -EEXIST;
		kernel.spis[kernel.n_spis++] = op->sa->id.spi;
		return 0;
	}
	if (at < 0)
		return -ESRCH;
	kernel.spis[at] = kernel.spis[--kernel.n_spis];
	return 0;
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
		if (++kernel.n_ops == kernel.fail_at)
			ops[i].result = kernel.fail_with;
		else
			ops[i].result = ops[i].kind <= KEYDB_OP_SA_DELETE ? run_sa(&ops[i])
									  : run_policy(&ops[i]);
		if (ops[i].result < 0 && first == 0)
			first = ops[i].result;
	}
	return first;
}

/* Where the SAs were led last; counted with the operations. */
static int sa_move(void *arg, const struct keydb_sa_move *move, const char **ret_why)
{
	(void)arg;
	*ret_why = "";
	if (++kernel.n_ops == kernel.fail_at) {
		*ret_why = "no";
		return kernel.fail_with;
	}
	if (find_spi(move->from.spi) < 0)
		return -ESRCH;
	kernel.moves[kernel.n_moves++ % 2] = *move;
	return 0;
}

static int policy_get(void *arg, const struct keydb_policy *p, struct keydb_policy *ret)
{
	const struct keydb_policy *there = find_policy(p);

	(void)arg;
	if (!there)
		return -ENOENT;
	*ret = *there;
	return 0;
}

static const struct installed_ops ops = { .batch = batch,
					  .sa_move = sa_move,
					  .policy_get = policy_get };

static struct installed *start(void)
{
	memset(&kernel, 0, sizeof(kernel));
	struct installed *i = installed_new(&ops, NULL);
	assert_non_null(i);
	return i;
}

static uint32_t reqid_there(const struct keydb_policy *p)
{
	const struct keydb_policy *there = find_policy(p);
	return there ? there->templates[0].reqid : 0;
}

static struct request_remove ids_of(const struct request_child *c)
{
	struct request_remove r;
	memset(&r, 0, sizeof(r));
	r.in = c->in.id;
	r.out = c->out.id;
	return r;
}

static void a_child_comes_and_goes_whole(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1);
	struct request_remove r = ids_of(&c);

	(void)state;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(kernel.n_spis, 2);
	assert_int_equal(kernel.n_policies, 3);
	assert_int_equal(installed_owner(i, &c.in.id), 0);
	assert_int_equal(installed_owner(i, &c.out.id), 0);
	assert_int_equal(installed_remove_child(i, 0, &r), 0);
	assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
	assert_int_equal(installed_owner(i, &c.in.id), -ENOENT);
	assert_int_equal(installed_remove_child(i, 0, &r), -ENOENT);
	installed_free(i);
}

static struct request_complete completion_of(const struct request_child *c)
{
	struct request_complete r;
	memset(&r, 0, sizeof(r));
	r.in = c->in.id;
	r.out = c->out;
	return r;
}

static void the_outbound_sa_may_come_later(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1);
	struct request_child other = unit_child(0x3000, 0x2000, 1);
	struct request_complete out = completion_of(&c);
	struct request_remove r = ids_of(&c);

	(void)state;
	c.in_only = true;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(kernel.n_spis, 1);
	assert_int_equal(kernel.n_policies, 3);
	/* nobody else gets its SPI, and no other engine completes it */
	assert_int_equal(installed_add_child(i, 0, &other, NULL), -EEXIST);
	assert_int_equal(installed_complete_child(i, 1, &out, NULL), -ENOENT);
	kernel.fail_at = kernel.n_ops + 1;
	kernel.fail_with = -ENOMEM;
	assert_int_equal(installed_complete_child(i, 0, &out, NULL), -ENOMEM);
	assert_int_equal(installed_complete_child(i, 0, &out, NULL), 0);
	assert_int_equal(kernel.n_spis, 2);
	assert_int_equal(installed_complete_child(i, 0, &out, NULL), -EALREADY);
	assert_int_equal(installed_remove_child(i, 0, &r), 0);
	assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
	/* without it, it goes as well */
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(installed_remove_child(i, 0, &r), 0);
	assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
	assert_int_equal(installed_complete_child(i, 0, &out, NULL), -ENOENT);
	installed_free(i);
}

static void an_engine_cannot_remove_what_is_not_its_own(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1), d = unit_child(0x1001, 0x2001, 1);
	struct request_remove r = ids_of(&c), mixed = ids_of(&c);

	(void)state;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(installed_add_child(i, 0, &d, NULL), 0);
	assert_int_equal(installed_remove_child(i, 1, &r), -ENOENT);
	mixed.out = d.out.id;
	assert_int_equal(installed_remove_child(i, 0, &mixed), -ENOENT);
	/* in and out the wrong way round */
	mixed = (struct request_remove){ .in = c.out.id, .out = c.in.id };
	assert_int_equal(installed_remove_child(i, 0, &mixed), -ENOENT);
	assert_int_equal(kernel.n_spis, 4);
	installed_free(i);
}

static void each_failing_step_leaves_nothing(void **state)
{
	struct request_child c = unit_child(0x1000, 0x2000, 1);

	(void)state;
	for (int at = 1; at <= 5; at++) {
		struct installed *i = start();
		struct err err = { 0 };
		kernel.fail_at = at;
		kernel.fail_with = -ENOMEM;
		assert_int_equal(installed_add_child(i, 0, &c, &err), -ENOMEM);
		assert_true(err.text[0] != 0);
		assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
		assert_int_equal(installed_n_children(i) + installed_n_policies(i), 0);
		/* And it can be tried again. */
		assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
		installed_free(i);
	}
}

static struct request_child compressed(void)
{
	struct request_child c = unit_child(0x10000, 0x20000, 1);
	c.in.mode = c.out.mode = KEYDB_MODE_TRANSPORT;
	c.comp = (struct comp){ .cpi_in = 0x1111, .cpi_out = 0x2222, .mode = KEYDB_MODE_TUNNEL };
	assert_null(request_check_child(&c, slice_of((const uint8_t *)c.policies,
						     c.n_policies * sizeof(c.policies[0]))));
	return c;
}

static void check_both(struct installed *i, const struct request_child *c)
{
	struct request_remove r = ids_of(c);
	assert_int_equal(kernel.n_spis, 4);
	assert_true(find_spi(0x1111) >= 0 && find_spi(0x2222) >= 0);
	assert_int_equal(installed_n_children(i), 1);
	assert_int_equal(installed_remove_child(i, 0, &r), 0);
	assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
	assert_int_equal(installed_n_children(i), 0);
}

static void comp_goes_with_its_child(void **state)
{
	struct installed *i = start();
	struct request_child c = compressed(), d = compressed();
	struct request_complete out = completion_of(&c);
	struct keydb_sa comp;

	(void)state;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	comp_sa(&c.comp, &c.in, true, &comp);
	assert_int_equal(installed_owner(i, &comp.id), 0);
	/* no other child gets its CPI, nor is anything left of the attempt */
	d.in.id.spi++;
	d.out.id.spi++;
	d.comp.cpi_in++;
	assert_int_equal(installed_add_child(i, 0, &d, NULL), -EEXIST);
	check_both(i, &c);
	/* what sends comes later, both of it */
	c.in_only = true;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(kernel.n_spis, 2);
	assert_true(find_spi(0x1111) >= 0);
	for (int at = 1; at <= 2; at++) {
		kernel.fail_at = kernel.n_ops + at;
		kernel.fail_with = -ENOMEM;
		assert_int_equal(installed_complete_child(i, 0, &out, NULL), -ENOMEM);
		assert_int_equal(kernel.n_spis, 2);
	}
	assert_int_equal(installed_complete_child(i, 0, &out, NULL), 0);
	check_both(i, &c);
	installed_free(i);
}

static void each_failing_step_with_comp_leaves_nothing(void **state)
{
	struct request_child c = compressed();

	(void)state;
	for (int at = 1; at <= 7; at++) {
		struct installed *i = start();
		kernel.fail_at = at;
		kernel.fail_with = -ENOMEM;
		assert_int_equal(installed_add_child(i, 0, &c, NULL), -ENOMEM);
		assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
		assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
		check_both(i, &c);
		installed_free(i);
	}
}

static void a_failing_step_puts_the_trap_back(void **state)
{
	struct request_child c = unit_child(0x1000, 0x2000, 2);
	struct keydb_policy traps[3];

	(void)state;
	for (int at = 4; at <= 8; at++) {
		struct installed *i = start();
		for (int k = 0; k < 3; k++) {
			traps[k] = c.policies[k];
			traps[k].templates[0].reqid = 1;
			assert_int_equal(installed_add_trap(i, &traps[k], NULL), 0);
		}
		kernel.fail_at = at;
		kernel.fail_with = -EINVAL;
		assert_int_equal(installed_add_child(i, 0, &c, NULL), -EINVAL);
		assert_int_equal(kernel.n_spis, 0);
		assert_int_equal(kernel.n_policies, 3);
		for (int k = 0; k < 3; k++)
			assert_int_equal(reqid_there(&traps[k]), 1);
		installed_free(i);
	}
}

static void a_child_covers_its_trap_and_gives_it_back(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 2);
	struct request_remove r = ids_of(&c);
	struct keydb_policy trap = c.policies[2];

	(void)state;
	trap.templates[0].reqid = 1;
	assert_int_equal(installed_add_trap(i, &trap, NULL), 0);
	assert_int_equal(reqid_there(&trap), 1);
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(reqid_there(&trap), 2);
	assert_int_equal(installed_n_policies(i), 3);
	assert_int_equal(installed_remove_child(i, 0, &r), 0);
	assert_int_equal(reqid_there(&trap), 1);
	assert_int_equal(kernel.n_policies, 1);
	assert_int_equal(installed_remove_all(i, INSTALLED_OWNER_TRAPS), 1);
	assert_int_equal(kernel.n_policies, 0);
	installed_free(i);
}

static void the_younger_child_counts_and_the_older_may_go_first(void **state)
{
	struct installed *i = start();
	struct request_child older = unit_child(0x1000, 0x2000, 1);
	struct request_child younger = unit_child(0x1001, 0x2001, 2);
	struct request_remove r = ids_of(&older), s = ids_of(&younger);

	(void)state;
	assert_int_equal(installed_add_child(i, 0, &older, NULL), 0);
	assert_int_equal(installed_add_child(i, 0, &younger, NULL), 0);
	assert_int_equal(kernel.n_policies, 3);
	assert_int_equal(reqid_there(&older.policies[0]), 2);
	assert_int_equal(installed_remove_child(i, 0, &r), 0);
	assert_int_equal(reqid_there(&older.policies[0]), 2);
	assert_int_equal(kernel.n_spis, 2);
	assert_int_equal(installed_remove_child(i, 0, &s), 0);
	assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
	installed_free(i);
}

static void the_better_priority_counts_whoever_is_younger(void **state)
{
	struct installed *i = start();
	struct request_child good = unit_child(0x1000, 0x2000, 1);
	struct request_child bad = unit_child(0x1001, 0x2001, 2);
	struct request_remove r = ids_of(&good), s = ids_of(&bad);

	(void)state;
	for (int k = 0; k < 3; k++) {
		good.policies[k].priority = 100;
		bad.policies[k].priority = 200;
	}
	for (int round = 0; round < 2; round++) {
		assert_int_equal(installed_add_child(i, 0, round ? &bad : &good, NULL), 0);
		assert_int_equal(installed_add_child(i, 0, round ? &good : &bad, NULL), 0);
		assert_int_equal(kernel.n_policies, 3);
		assert_int_equal(reqid_there(&good.policies[2]), 1);
		/* the worse one appears when the better one goes */
		assert_int_equal(installed_remove_child(i, 0, &r), 0);
		assert_int_equal(reqid_there(&good.policies[2]), 2);
		assert_int_equal(installed_remove_child(i, 0, &s), 0);
		assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
	}
	installed_free(i);
}

static void a_plain_policy_is_not_covered_by_a_child(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1);
	struct request_remove r = ids_of(&c);
	struct keydb_policy plain = c.policies[2];

	(void)state;
	plain.n_templates = 0;
	plain.action = KEYDB_ACTION_DISCARD;
	plain.priority = 99;
	for (int k = 0; k < 3; k++)
		c.policies[k].priority = 100;
	assert_int_equal(installed_add_trap(i, &plain, NULL), 0);
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(find_policy(&plain)->action, KEYDB_ACTION_DISCARD);
	assert_int_equal(installed_remove_child(i, 0, &r), 0);
	assert_int_equal(find_policy(&plain)->action, KEYDB_ACTION_DISCARD);
	assert_int_equal(installed_remove_all(i, INSTALLED_OWNER_ALL), 1);
	assert_int_equal(kernel.n_policies, 0);
	/* one that a killed monitor left, with the same words: ours again */
	kernel.policies[kernel.n_policies++] = plain;
	assert_int_equal(installed_add_trap(i, &plain, NULL), 0);
	kernel.policies[0].action = KEYDB_ACTION_NONE;
	installed_free(i);
	i = installed_new(&ops, NULL);
	assert_int_equal(installed_add_trap(i, &plain, NULL), -EEXIST);
	installed_free(i);
}

/* The kernel tells policies apart by it, so their claims must not be mixed up. */
static void a_range_of_ports_is_another_policy(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1);

	(void)state;
	for (int k = 0; k < 3; k++) {
		c.policies[k] = c.policies[2];
		c.policies[k].sel.proto = 6;
		c.policies[k].sel.dst_port_any = false;
		c.policies[k].sel.dst_port = 80;
	}
	c.policies[1].sel.dst_port_mask = 0xfff0;
	c.policies[2].sel.dst_port_mask = 0xffff; /* the same as none */
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(installed_n_policies(i), 2);
	installed_free(i);
}

static void a_narrowed_childs_orphan_is_adopted(void **state)
{
	struct installed *i = start();
	uint32_t base = policy_reqid("gw", "net");
	struct request_child c = unit_child(0x1000, 0x2000, base);

	(void)state;
	kernel.policies[kernel.n_policies] = c.policies[1];
	kernel.policies[kernel.n_policies++].templates[0].reqid = base + 5;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(reqid_there(&c.policies[1]), base);
	installed_free(i);
}

static void one_child_may_name_a_policy_twice(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1);
	struct request_remove r = ids_of(&c);

	(void)state;
	c.policies[1] = c.policies[0];
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(kernel.n_policies, 2);
	assert_int_equal(installed_remove_child(i, 0, &r), 0);
	assert_int_equal(kernel.n_policies, 0);
	installed_free(i);
}

static void a_taken_spi_says_so(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1);
	struct err err = { 0 };

	(void)state;
	kernel.spis[kernel.n_spis++] = 0x1000;
	assert_int_equal(installed_add_child(i, 0, &c, &err), -EEXIST);
	assert_non_null(strstr(err.text, "0x00001000"));
	/* The one that was there stays. */
	assert_int_equal(kernel.n_spis, 1);
	assert_int_equal(kernel.n_policies, 0);
	/* Twice the same SPI in one request, or one that another child has */
	kernel.n_spis = 0;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(installed_add_child(i, 0, &c, NULL), -EEXIST);
	assert_int_equal(kernel.n_spis, 2);
	installed_free(i);
}

static void a_foreign_policy_stays_and_an_orphan_is_adopted(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 2);
	struct keydb_policy foreign = c.policies[1];
	struct err err = { 0 };

	(void)state;
	foreign.templates[0].reqid = 9;
	kernel.policies[kernel.n_policies++] = foreign;
	assert_int_equal(installed_add_child(i, 0, &c, &err), -EEXIST);
	assert_non_null(strstr(err.text, "somebody else"));
	assert_int_equal(kernel.n_spis, 0);
	assert_int_equal(kernel.n_policies, 1);
	assert_int_equal(reqid_there(&foreign), 9);
	/* The same reqid: it is what a killed monitor left. */
	kernel.policies[0].templates[0].reqid = 2;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(kernel.n_policies, 3);
	assert_int_equal(installed_remove_all(i, INSTALLED_OWNER_ALL), 5);
	assert_int_equal(kernel.n_policies, 0);
	installed_free(i);
}

static void everything_of_one_owner_can_be_removed(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1), d = unit_child(0x1001, 0x2001, 2);

	(void)state;
	d.policies[0].sel.src = unit_addr("10.9.0.0");
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(installed_add_child(i, 1, &d, NULL), 0);
	assert_int_equal(installed_remove_all(i, 0), 3); /* two SAs, one policy of its own */
	assert_int_equal(installed_n_children(i), 1);
	assert_int_equal(kernel.n_spis, 2);
	assert_int_equal(installed_remove_all(i, INSTALLED_OWNER_ALL), 5);
	assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
	installed_free(i);
}

static struct request_move move_of(const struct request_child *c, const char *local,
				   const char *peer, uint16_t port)
{
	struct request_move m;
	memset(&m, 0, sizeof(m));
	m.in = c->in.id;
	m.out = c->out.id;
	m.local = unit_addr(local);
	m.peer = unit_addr(peer);
	m.local_port = port ? 4500 : 0;
	m.peer_port = port;
	return m;
}

static bool same_addr(const union keydb_addr *a, const char *text)
{
	union keydb_addr b = unit_addr(text);
	return memcmp(a, &b, sizeof(b)) == 0;
}

static void a_child_moves_with_its_policies(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1);
	struct request_move m = move_of(&c, "2001:db8::1", "2001:db8::2", 40000);
	struct request_remove r = ids_of(&c);

	(void)state;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(installed_move_child(i, 1, &m, NULL), -ENOENT);
	assert_int_equal(installed_move_child(i, 0, &m, NULL), 0);
	assert_int_equal(kernel.n_moves, 2);
	const struct keydb_sa_move *out = &kernel.moves[0], *in = &kernel.moves[1];
	assert_true(out->from.spi == 0x2000 && in->from.spi == 0x1000);
	assert_true(same_addr(&out->dst, "2001:db8::2") && same_addr(&in->dst, "2001:db8::1"));
	assert_true(out->encap_dst_port == 40000 && in->encap_src_port == 40000);
	assert_int_equal(kernel.n_policies, 3);
	for (size_t k = 0; k < 3; k++) {
		const struct keydb_template *t = &kernel.policies[k].templates[0];
		bool is_out = kernel.policies[k].dir == KEYDB_DIR_OUT;
		assert_true(same_addr(&t->src, is_out ? "2001:db8::1" : "2001:db8::2"));
		assert_true(same_addr(&t->dst, is_out ? "2001:db8::2" : "2001:db8::1"));
		assert_int_equal(t->family, unit_addr("::1").sa.sa_family);
	}
	/* From now on it goes by its new name. */
	assert_int_equal(installed_remove_child(i, 0, &r), -ENOENT);
	r.in.src = r.out.dst = m.peer;
	r.in.dst = r.out.src = m.local;
	assert_int_equal(installed_owner(i, &r.in), 0);
	assert_int_equal(installed_remove_child(i, 0, &r), 0);
	assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
	installed_free(i);
}

static void a_child_that_cannot_send_yet_moves(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1);
	struct request_move m = move_of(&c, "192.0.2.1", "192.0.2.9", 0);
	struct request_complete late;

	(void)state;
	c.in_only = true;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(installed_move_child(i, 0, &m, NULL), 0);
	assert_int_equal(kernel.n_moves, 1);
	memset(&late, 0, sizeof(late));
	late.in = c.in.id;
	late.in.src = m.peer;
	late.out = c.out;
	late.out.id.dst = m.peer;
	assert_int_equal(installed_complete_child(i, 0, &late, NULL), 0);
	installed_free(i);
}

static void a_move_that_fails_leaves_nothing(void **state)
{
	struct request_child c = unit_child(0x1000, 0x2000, 1);
	struct request_move m = move_of(&c, "192.0.2.1", "192.0.2.9", 4500);
	struct err err = { 0 };

	(void)state;
	for (int step = 1; step <= 5; step++) {
		struct installed *i = start();
		assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
		kernel.n_ops = 0;
		kernel.fail_at = step;
		kernel.fail_with = -EACCES;
		assert_int_equal(installed_move_child(i, 0, &m, &err), -EACCES);
		assert_int_equal(kernel.n_spis + kernel.n_policies, 0);
		assert_int_equal(installed_n_children(i), 0);
		installed_free(i);
	}
}

static void a_move_to_a_taken_spi_leaves_the_other(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1), d = unit_child(0x1001, 0x2000, 2);
	struct request_move m = move_of(&c, "192.0.2.1", "192.0.2.9", 0);
	struct err err = { 0 };

	(void)state;
	/* Two peers may choose the same SPI, until they are at one address. */
	d.out.id.dst = d.in.id.src = unit_addr("192.0.2.9");
	d.in_only = true;
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(installed_add_child(i, 0, &d, NULL), 0);
	assert_int_equal(installed_move_child(i, 0, &m, &err), -EEXIST);
	assert_int_equal(installed_n_children(i), 1);
	assert_int_equal(installed_owner(i, &d.out.id), 0);
	assert_int_equal(installed_owner(i, &c.in.id), -ENOENT);
	installed_free(i);
}

static void a_trap_covered_by_a_child_that_moves_stays(void **state)
{
	struct installed *i = start();
	struct request_child c = unit_child(0x1000, 0x2000, 1);
	struct keydb_policy trap = c.policies[2];
	struct request_move m = move_of(&c, "192.0.2.1", "192.0.2.9", 0);
	struct request_remove r = ids_of(&c);

	(void)state;
	assert_int_equal(installed_add_trap(i, &trap, NULL), 0);
	assert_int_equal(installed_add_child(i, 0, &c, NULL), 0);
	assert_int_equal(installed_move_child(i, 0, &m, NULL), 0);
	assert_true(same_addr(&find_policy(&trap)->templates[0].dst, "192.0.2.9"));
	r.in.src = r.out.dst = m.peer;
	assert_int_equal(installed_remove_child(i, 0, &r), 0);
	assert_true(same_addr(&find_policy(&trap)->templates[0].dst, "192.0.2.2"));
	installed_free(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a child comes and goes whole", a_child_comes_and_goes_whole),
		UNIT("the outbound SA may come later", the_outbound_sa_may_come_later),
		UNIT("an engine cannot remove what is not its own",
		     an_engine_cannot_remove_what_is_not_its_own),
		UNIT("each failing step leaves nothing", each_failing_step_leaves_nothing),
		UNIT("IPComp's states come and go with their child", comp_goes_with_its_child),
		UNIT("each failing step with IPComp leaves nothing",
		     each_failing_step_with_comp_leaves_nothing),
		UNIT("a failing step puts the trap back", a_failing_step_puts_the_trap_back),
		UNIT("a child covers its trap and gives it back",
		     a_child_covers_its_trap_and_gives_it_back),
		UNIT("the younger child counts, and the older may go first",
		     the_younger_child_counts_and_the_older_may_go_first),
		UNIT("the better priority counts, whoever is younger",
		     the_better_priority_counts_whoever_is_younger),
		UNIT("a plain policy is not covered by a child",
		     a_plain_policy_is_not_covered_by_a_child),
		UNIT("a range of ports is another policy", a_range_of_ports_is_another_policy),
		UNIT("what a narrowed child of a killed monitor left is adopted",
		     a_narrowed_childs_orphan_is_adopted),
		UNIT("one child may name a policy twice", one_child_may_name_a_policy_twice),
		UNIT("a taken SPI says so", a_taken_spi_says_so),
		UNIT("a foreign policy stays, and an orphan is adopted",
		     a_foreign_policy_stays_and_an_orphan_is_adopted),
		UNIT("a child moves with its policies", a_child_moves_with_its_policies),
		UNIT("a child that cannot send yet moves", a_child_that_cannot_send_yet_moves),
		UNIT("a move that fails leaves nothing", a_move_that_fails_leaves_nothing),
		UNIT("a move to a taken SPI leaves the other",
		     a_move_to_a_taken_spi_leaves_the_other),
		UNIT("a trap covered by a child that moves stays",
		     a_trap_covered_by_a_child_that_moves_stays),
		UNIT("everything of one owner can be removed",
		     everything_of_one_owner_can_be_removed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
