/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Children, policies and claims.  A change is planned first (a list of kernel
 * operations and how to undo each), then carried out, then written down.
 */
#include "priv/installed.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/secret.h"
#include "policy/reqid.h"

/* The SAs of a child; those of IPComp only if it compresses. */
enum { SA_IN, SA_OUT, SA_COMP_IN, SA_COMP_OUT, SAS_MAX };
/* All of them, and every policy. */
enum { OPS_MAX = SAS_MAX + REQUEST_POLICIES_MAX };

struct entry { /* one policy in the kernel */
	struct hash_node node;
	uint32_t seen;      /* in which check */
	struct list claims; /* by rank; the last one is what the kernel has */
};

struct claim {
	struct list in_entry, in_child;
	struct entry *entry;
	struct keydb_policy policy;
};

struct sa_ref {
	struct hash_node node;
	struct child *child;
	uint32_t seen;
	struct keydb_sa_id id;
};

struct child { /* owner INSTALLED_OWNER_TRAPS: the one that all traps hang on, without SAs */
	struct list node;
	int owner;
	bool out_there; /* what sends is in the kernel; its ids are taken in any case */
	struct comp comp;
	size_t n_sas; /* the first of the SA_*: 0, 2 or 4 */
	struct sa_ref sas[SAS_MAX];
	struct list claims;
};

struct installed {
	const struct installed_ops *ops;
	void *arg;
	uint8_t seed[16];
	struct hash sas, entries;
	struct list children;
	size_t n_children;
	struct child traps;
	uint32_t check; /* number of the current one */
};

/* What a change needs: the operations, what undoes each, and the claims they stand for. */
struct plan {
	size_t n;
	struct keydb_op ops[OPS_MAX], undo[OPS_MAX];
};

/* ---- keys ---- */

static void put_addr(struct wr *w, const union keydb_addr *a)
{
	struct addr addr = { 0 };

	/* An address that cannot be read was refused before it came here. */
	(void)!addr_from_sockaddr(&a->sa, sizeof(*a), &addr);
	wr_u16(w, addr.family);
	wr_u32(w, addr.scope_id);
	wr_bytes(w, addr.ip, sizeof(addr.ip));
}

static uint64_t sa_key(const struct installed *i, const struct keydb_sa_id *id)
{
	uint8_t bytes[64];
	struct wr w = wr_of(bytes, sizeof(bytes));

	put_addr(&w, &id->dst);
	wr_u32(&w, id->spi);
	wr_u8(&w, id->proto);
	return hash_sip(i->seed, bytes, wr_used(&w));
}

/* As the kernel has it: all bits is the one port, and written as 0 too. */
static uint16_t port_mask(bool any, uint16_t mask)
{
	return any ? 0 : mask ? mask : UINT16_MAX;
}

/* Over all that tells policies apart in the kernel; the priority does not. */
static uint64_t policy_key(const struct installed *i, const struct keydb_policy *p)
{
	const struct keydb_selector *s = &p->sel;
	uint8_t bytes[128];
	struct wr w = wr_of(bytes, sizeof(bytes));

	put_addr(&w, &s->src);
	put_addr(&w, &s->dst);
	wr_u8(&w, s->src_bits);
	wr_u8(&w, s->dst_bits);
	wr_u8(&w, s->proto);
	wr_u8(&w, s->src_port_any);
	wr_u8(&w, s->dst_port_any);
	wr_u16(&w, s->src_port_any ? 0 : s->src_port);
	wr_u16(&w, s->dst_port_any ? 0 : s->dst_port);
	wr_u16(&w, port_mask(s->src_port_any, s->src_port_mask));
	wr_u16(&w, port_mask(s->dst_port_any, s->dst_port_mask));
	wr_u8(&w, p->dir);
	wr_u32(&w, p->if_id);
	wr_u32(&w, p->mark.value);
	wr_u32(&w, p->mark.mask);
	REQUIRE(!w.bad);
	return hash_sip(i->seed, bytes, wr_used(&w));
}

/* ---- the table in memory ---- */

static struct claim *last_claim(const struct entry *e)
{
	return LIST_ENTRY(e->claims.prev, struct claim, in_entry);
}

static struct entry *find_entry(const struct installed *i, const struct keydb_policy *p)
{
	struct hash_node *node = hash_find(&i->entries, policy_key(i, p));
	return node ? CONTAINER_OF(node, struct entry, node) : NULL;
}

static void drop_claim(struct installed *i, struct claim *c)
{
	struct entry *e = c->entry;

	list_remove(&c->in_entry);
	list_remove(&c->in_child);
	free(c);
	if (list_empty(&e->claims)) {
		hash_remove(&i->entries, &e->node);
		free(e);
	}
}

/* Before those that have a better priority: the kernel has one entry for them all. */
static void rank_claim(struct entry *e, struct claim *c)
{
	struct claim *better;
	LIST_EACH(better, &e->claims, in_entry) {
		if (better->policy.priority >= c->policy.priority)
			continue;
		list_add(&better->in_entry, &c->in_entry);
		return;
	}
	list_add(&e->claims, &c->in_entry);
}

static int add_claim(struct installed *i, struct child *child, const struct keydb_policy *p)
{
	struct entry *e = find_entry(i, p);
	struct claim *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e || hash_add(&i->entries, &e->node, policy_key(i, p)) < 0) {
			free(e);
			free(c);
			return -ENOMEM;
		}
		list_init(&e->claims);
	}
	c->entry = e;
	c->policy = *p;
	rank_claim(e, c);
	list_add(&child->claims, &c->in_child);
	return 0;
}

static void drop_sa_refs(struct installed *i, struct child *child)
{
	while (child->n_sas > 0)
		hash_remove(&i->sas, &child->sas[--child->n_sas].node);
}

static void drop_child(struct installed *i, struct child *child)
{
	struct claim *c;

	LIST_EACH(c, &child->claims, in_child)
		drop_claim(i, c);
	if (child == &i->traps)
		return;
	drop_sa_refs(i, child);
	list_remove(&child->node);
	i->n_children--;
	free(child);
}

static int add_sa_ref(struct installed *i, struct child *child, const struct keydb_sa_id *id)
{
	struct sa_ref *ref = &child->sas[child->n_sas];
	ref->child = child;
	ref->id = *id;
	int r = hash_add(&i->sas, &ref->node, sa_key(i, id));
	if (r == 0)
		child->n_sas++;
	return r;
}

/* The SAs in the order of SA_*; their number is returned. */
static size_t list_sas(const struct request_child *request, struct keydb_sa sas[SAS_MAX])
{
	sas[SA_IN] = request->in;
	sas[SA_OUT] = request->out;
	if (!request->comp.cpi_in)
		return SA_COMP_IN;
	comp_sa(&request->comp, &request->in, true, &sas[SA_COMP_IN]);
	comp_sa(&request->comp, &request->out, false, &sas[SA_COMP_OUT]);
	return SAS_MAX;
}

static struct child *child_new(struct installed *i, int owner, const struct keydb_sa *sas, size_t n,
			       int *ret_result)
{
	struct child *child = calloc(1, sizeof(*child));

	*ret_result = -ENOMEM;
	if (!child)
		return NULL;
	child->owner = owner;
	list_init(&child->claims);
	*ret_result = 0;
	for (size_t k = 0; k < n && *ret_result == 0; k++)
		*ret_result = add_sa_ref(i, child, &sas[k].id);
	if (*ret_result < 0) {
		drop_sa_refs(i, child);
		free(child);
		return NULL;
	}
	list_add(&i->children, &child->node);
	i->n_children++;
	return child;
}

/* ---- plans ---- */

static void plan_policy(struct plan *p, enum keydb_op_kind kind, const struct keydb_policy *policy,
			enum keydb_op_kind undo_kind, const struct keydb_policy *undo)
{
	p->ops[p->n] = (struct keydb_op){ .kind = kind, .policy = policy };
	p->undo[p->n++] = (struct keydb_op){ .kind = undo_kind, .policy = undo };
}

static void plan_sa_add(struct plan *p, const struct keydb_sa *sa)
{
	p->ops[p->n] = (struct keydb_op){ .kind = KEYDB_OP_SA_ADD, .sa = sa };
	p->undo[p->n++] = (struct keydb_op){ .kind = KEYDB_OP_SA_DELETE, .sa_id = &sa->id };
}

/* What a new claim changes in the kernel.  Nothing, if a better one hides it. */
static void plan_claim(struct plan *p, struct claim *c)
{
	struct claim *before = LIST_ENTRY(c->in_entry.prev, struct claim, in_entry);

	if (last_claim(c->entry) != c)
		return;
	if (c->in_entry.prev == &c->entry->claims)
		plan_policy(p, KEYDB_OP_POLICY_ADD, &c->policy, KEYDB_OP_POLICY_DELETE, &c->policy);
	else if (memcmp(&before->policy, &c->policy, sizeof(c->policy)) != 0)
		plan_policy(p, KEYDB_OP_POLICY_UPDATE, &c->policy, KEYDB_OP_POLICY_UPDATE,
			    &before->policy);
}

/* What the kernel loses with a claim.  Nothing, if a better one hides it. */
static void plan_unclaim(struct plan *p, struct claim *c)
{
	struct claim *before = LIST_ENTRY(c->in_entry.prev, struct claim, in_entry);

	if (last_claim(c->entry) != c)
		return;
	if (c->in_entry.prev == &c->entry->claims)
		plan_policy(p, KEYDB_OP_POLICY_DELETE, &c->policy, KEYDB_OP_POLICY_ADD, &c->policy);
	else if (memcmp(&before->policy, &c->policy, sizeof(c->policy)) != 0)
		plan_policy(p, KEYDB_OP_POLICY_UPDATE, &before->policy, KEYDB_OP_POLICY_UPDATE,
			    &c->policy);
}

static const char *op_name(const struct keydb_op *op)
{
	static const char *const dirs[] = { "in", "out", "fwd" };

	if (op->kind == KEYDB_OP_SA_ADD)
		return "the SA";
	return op->policy->dir < N_ELEMENTS(dirs) ? dirs[op->policy->dir] : "?";
}

static int name_failure(const struct keydb_op *op, struct err *err)
{
	const char *what = op->kind == KEYDB_OP_SA_ADD ? "" : "policy ";

	if (op->result == -EEXIST && op->kind == KEYDB_OP_SA_ADD)
		return err_set(err, op->result, "the SPI 0x%08x is taken", op->sa->id.spi);
	if (op->result == -EEXIST)
		return err_set(err, op->result,
			       "a policy of somebody else (direction %s) is in the way",
			       op_name(op));
	/* The kernel's own words say more than the number. */
	return err_set(err, op->result, "%s%s: %s", what, op_name(op),
		       op->reason[0] ? op->reason : strerror(-op->result));
}

/*
 * After a monitor that was killed, its policies are still there.  One that leads to the same entry
 * of the configuration by its reqid (we scatter them) is such an orphan, or one without protection
 * that says just what we want: it becomes ours.
 */
static bool is_orphan(const struct keydb_policy *there, const struct keydb_policy *wanted)
{
	if (wanted->n_templates == 0)
		return there->n_templates == 0 && there->action == wanted->action &&
		       there->priority == wanted->priority;
	uint32_t reqid = policy_reqid_base(wanted->templates[0].reqid);
	return reqid != 0 && there->n_templates > 0 &&
	       policy_reqid_base(there->templates[0].reqid) == reqid;
}

static void adopt(struct installed *i, struct keydb_op *op)
{
	struct keydb_policy there;

	if (i->ops->policy_get(i->arg, op->policy, &there) < 0 || !is_orphan(&there, op->policy))
		return;
	struct keydb_op update = { .kind = KEYDB_OP_POLICY_UPDATE, .policy = op->policy };
	if (i->ops->batch(i->arg, &update, 1) == 0)
		op->result = 0;
}

/* Carries the plan out, or undoes what was done of it. */
static int execute(struct installed *i, struct plan *p, struct err *err)
{
	struct keydb_op *failed = NULL;

	if (p->n == 0 || i->ops->batch(i->arg, p->ops, p->n) == 0)
		return 0;
	for (size_t k = 0; k < p->n; k++) {
		struct keydb_op *op = &p->ops[k];
		if (op->result == -EEXIST && op->kind == KEYDB_OP_POLICY_ADD)
			adopt(i, op);
		if (op->result < 0 && !failed)
			failed = op;
	}
	if (!failed)
		return 0;

	struct keydb_op undo[OPS_MAX];
	size_t n = 0;
	for (size_t k = p->n; k-- > 0;) {
		if (p->ops[k].result == 0)
			undo[n++] = p->undo[k];
	}
	/* There is nothing to be done about a failure here, and nothing to fail for. */
	if (n > 0)
		(void)!i->ops->batch(i->arg, undo, n);
	return name_failure(failed, err);
}

/* Removing never stops at an error: what is not there needs no removal. */
static void execute_all(struct installed *i, struct plan *p)
{
	if (p->n > 0)
		(void)!i->ops->batch(i->arg, p->ops, p->n);
}

/* ---- the interface ---- */

struct installed *installed_new(const struct installed_ops *ops, void *arg)
{
	struct installed *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->ops = ops;
	i->arg = arg;
	list_init(&i->children);
	list_init(&i->traps.claims);
	i->traps.owner = INSTALLED_OWNER_TRAPS;
	hash_random(i->seed, sizeof(i->seed));
	if (hash_init(&i->sas) < 0) {
		free(i);
		return NULL;
	}
	if (hash_init(&i->entries) < 0) {
		hash_done(&i->sas);
		free(i);
		return NULL;
	}
	return i;
}

void installed_free(struct installed *i)
{
	struct child *child;

	if (!i)
		return;
	LIST_EACH(child, &i->children, node)
		drop_child(i, child);
	drop_child(i, &i->traps);
	hash_done(&i->sas);
	hash_done(&i->entries);
	free(i);
}

static int add_claims(struct installed *i, struct child *child, const struct keydb_policy *policies,
		      size_t n, struct plan *plan)
{
	for (size_t k = 0; k < n; k++) {
		int r = add_claim(i, child, &policies[k]);
		if (r < 0)
			return r;
		plan_claim(plan, LIST_ENTRY(child->claims.prev, struct claim, in_child));
	}
	return 0;
}

static bool sends(size_t which)
{
	return which == SA_OUT || which == SA_COMP_OUT;
}

static int add_child(struct installed *i, int owner, const struct request_child *request,
		     const struct keydb_sa *sas, size_t n_sas, struct err *err)
{
	struct plan plan = { 0 };
	int r;
	struct child *child = child_new(i, owner, sas, n_sas, &r);

	if (!child)
		return err_set(err, r,
			       r == -EEXIST ? "the SPI is taken by a child of ours"
					    : "out of memory");
	/* Policies last: traffic is led to the SAs when they are there. */
	for (size_t k = 0; k < n_sas; k++)
		if (!sends(k) || !request->in_only)
			plan_sa_add(&plan, &sas[k]);
	child->comp = request->comp;
	r = add_claims(i, child, request->policies, request->n_policies, &plan);
	if (r < 0)
		(void)err_set(err, r, "out of memory");
	else
		r = execute(i, &plan, err);
	if (r < 0)
		drop_child(i, child);
	else
		child->out_there = !request->in_only;
	return r;
}

int installed_add_child(struct installed *i, int owner, const struct request_child *request,
			struct err *err)
{
	struct keydb_sa sas[SAS_MAX];
	size_t n = list_sas(request, sas);
	int r = add_child(i, owner, request, sas, n, err);
	secret_wipe(sas, sizeof(sas));
	return r;
}

int installed_add_trap(struct installed *i, const struct keydb_policy *p, struct err *err)
{
	struct plan plan = { 0 };
	int r = add_claims(i, &i->traps, p, 1, &plan);

	if (r < 0)
		return err_set(err, r, "out of memory");
	r = execute(i, &plan, err);
	if (r < 0)
		drop_claim(i, LIST_ENTRY(i->traps.claims.prev, struct claim, in_child));
	return r;
}

static void remove_child(struct installed *i, struct child *child)
{
	struct plan plan = { 0 };
	struct claim *c;

	/* Claims go one by one: two of them may be on the same policy. */
	LIST_EACH(c, &child->claims, in_child) {
		plan.n = 0;
		plan_unclaim(&plan, c);
		execute_all(i, &plan);
		drop_claim(i, c);
	}
	plan.n = 0;
	/* backwards, for the kernel keeps helpers of IPComp's for as long as that is there */
	for (size_t k = child->n_sas; k-- > 0;)
		if (!sends(k) || child->out_there)
			plan.ops[plan.n++] = (struct keydb_op){ .kind = KEYDB_OP_SA_DELETE,
								.sa_id = &child->sas[k].id };
	execute_all(i, &plan);
	drop_child(i, child);
}

static struct sa_ref *find_sa(const struct installed *i, const struct keydb_sa_id *id)
{
	struct hash_node *node = hash_find(&i->sas, sa_key(i, id));
	return node ? CONTAINER_OF(node, struct sa_ref, node) : NULL;
}

/* NULL unless both ids are those of one child of this owner. */
static struct child *find_child(const struct installed *i, int owner,
				const struct keydb_sa_id *in_id, const struct keydb_sa_id *out_id)
{
	struct sa_ref *in = find_sa(i, in_id), *out = find_sa(i, out_id);

	if (!in || !out || in->child != out->child || in->child->owner != owner ||
	    in != &in->child->sas[SA_IN] || out != &in->child->sas[SA_OUT])
		return NULL;
	return in->child;
}

int installed_complete_child(struct installed *i, int owner,
			     const struct request_complete *complete, struct err *err)
{
	struct child *child = find_child(i, owner, &complete->in, &complete->out.id);
	struct plan plan = { 0 };

	if (!child)
		return err_set(err, -ENOENT, "no such child");
	if (child->out_there)
		return err_set(err, -EALREADY, "the child is complete");
	struct keydb_sa comp;
	plan_sa_add(&plan, &complete->out);
	if (child->comp.cpi_out) {
		comp_sa(&child->comp, &complete->out, false, &comp);
		plan_sa_add(&plan, &comp);
	}
	int r = execute(i, &plan, err);
	child->out_there = r == 0;
	return r;
}

/* ---- a child that moves ---- */

static struct keydb_sa_move move_of(const struct keydb_sa_id *from, const struct request_move *to,
				    bool in)
{
	struct keydb_sa_move m;

	memset(&m, 0, sizeof(m));
	m.from = *from;
	m.src = in ? to->peer : to->local;
	m.dst = in ? to->local : to->peer;
	m.encap_src_port = in ? to->peer_port : to->local_port;
	m.encap_dst_port = in ? to->local_port : to->peer_port;
	return m;
}

/* Templates of tunnels have addresses, those of transport mode have none. */
static void move_templates(struct keydb_policy *p, const struct request_move *to)
{
	bool out = p->dir == KEYDB_DIR_OUT;

	for (uint8_t k = 0; k < p->n_templates; k++) {
		struct keydb_template *t = &p->templates[k];
		if (t->src.sa.sa_family == 0)
			continue;
		t->src = out ? to->local : to->peer;
		t->dst = out ? to->peer : to->local;
		t->family = to->local.sa.sa_family;
	}
}

static int move_policies(struct installed *i, struct child *child, const struct request_move *to,
			 struct err *err)
{
	struct plan plan = { 0 };
	struct claim *c;

	LIST_EACH(c, &child->claims, in_child) {
		move_templates(&c->policy, to);
		if (last_claim(c->entry) == c)
			plan_policy(&plan, KEYDB_OP_POLICY_UPDATE, &c->policy,
				    KEYDB_OP_POLICY_UPDATE, &c->policy);
	}
	return execute(i, &plan, err);
}

/* there: it is in the kernel; else only its place is kept. */
static int move_sa(struct installed *i, struct sa_ref *ref, bool there,
		   const struct keydb_sa_move *move, struct err *err)
{
	struct keydb_sa_id id = ref->id;
	const char *why = "";

	id.src = move->src;
	id.dst = move->dst;
	struct sa_ref *in_the_way = find_sa(i, &id);
	if (in_the_way && in_the_way != ref)
		return err_set(err, -EEXIST, "the SPI is taken by a child of ours");
	int r = there ? i->ops->sa_move(i->arg, move, &why) : 0;
	if (r < 0)
		return err_set(err, r, "the SA: %s", why);
	hash_remove(&i->sas, &ref->node);
	ref->id = id;
	return hash_add(&i->sas, &ref->node, sa_key(i, &id));
}

int installed_move_child(struct installed *i, int owner, const struct request_move *move,
			 struct err *err)
{
	struct child *child = find_child(i, owner, &move->in, &move->out);

	if (!child)
		return err_set(err, -ENOENT, "no such child");
	struct keydb_sa_move in = move_of(&child->sas[SA_IN].id, move, true);
	struct keydb_sa_move out = move_of(&child->sas[SA_OUT].id, move, false);
	int r = child->comp.cpi_in ? err_set(err, -EOPNOTSUPP, "IPComp does not move") : 0;
	if (r == 0)
		r = move_policies(i, child, move, err);
	if (r == 0)
		r = move_sa(i, &child->sas[SA_OUT], child->out_there, &out, err);
	if (r == 0)
		r = move_sa(i, &child->sas[SA_IN], true, &in, err);
	if (r < 0)
		remove_child(i, child);
	return r;
}

int installed_remove_child(struct installed *i, int owner, const struct request_remove *remove)
{
	struct child *child = find_child(i, owner, &remove->in, &remove->out);

	if (!child)
		return -ENOENT;
	remove_child(i, child);
	return 0;
}

int installed_owner(const struct installed *i, const struct keydb_sa_id *id)
{
	struct sa_ref *ref = find_sa(i, id);
	return ref ? ref->child->owner : -ENOENT;
}

size_t installed_remove_all(struct installed *i, int owner)
{
	struct child *child;
	size_t before = i->sas.n_nodes + i->entries.n_nodes;

	LIST_EACH(child, &i->children, node) {
		if (owner == INSTALLED_OWNER_ALL || child->owner == owner)
			remove_child(i, child);
	}
	if (owner == INSTALLED_OWNER_ALL || owner == INSTALLED_OWNER_TRAPS)
		remove_child(i, &i->traps);
	return before - i->sas.n_nodes - i->entries.n_nodes;
}

/* ---- comparing with the kernel ---- */

void installed_check_begin(struct installed *i)
{
	i->check++;
}

bool installed_check_sa(struct installed *i, const struct keydb_sa_id *id)
{
	struct sa_ref *ref = find_sa(i, id);
	if (ref)
		ref->seen = i->check;
	return ref;
}

const struct keydb_policy *installed_check_policy(struct installed *i,
						  const struct keydb_policy *there)
{
	struct entry *e = find_entry(i, there);
	if (!e)
		return NULL;
	e->seen = i->check;
	return &last_claim(e)->policy;
}

static void each_unseen_policy(const struct installed *i, const struct child *child,
			       const struct installed_unseen *fns, void *arg)
{
	struct claim *c;
	LIST_EACH(c, &child->claims, in_child)
		if (c->entry->seen != i->check && c == last_claim(c->entry))
			fns->policy(arg, &c->policy);
}

void installed_check_end(const struct installed *i, const struct installed_unseen *fns, void *arg)
{
	const struct child *child;
	LIST_EACH(child, &i->children, node) {
		for (size_t k = 0; k < child->n_sas; k++)
			if (child->sas[k].seen != i->check && (!sends(k) || child->out_there))
				fns->sa(arg, child->owner, &child->sas[k].id);
		each_unseen_policy(i, child, fns, arg);
	}
	each_unseen_policy(i, &i->traps, fns, arg);
}

size_t installed_n_children(const struct installed *i)
{
	return i->n_children;
}

size_t installed_n_policies(const struct installed *i)
{
	return i->entries.n_nodes;
}
