/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares, then repairs: the first never changes anything. */
#include "priv/reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/fmt.h"
#include "base/log.h"
#include "policy/reqid.h"

struct reconcile {
	struct installed *installed;
	const struct reconcile_ops *ops;
	void *arg;
	uint32_t *reqids;
	size_t n_reqids;
};

/* One comparison. */
struct pass {
	struct reconcile *r;
	struct differences *found;
	int result;
};

const char *reconcile_fault_name(enum reconcile_fault fault)
{
	static const char *const names[] = {
		[RECONCILE_SA_MISSING] = "sa_missing",
		[RECONCILE_SA_STRANGE] = "sa_strange",
		[RECONCILE_POLICY_MISSING] = "policy_missing",
		[RECONCILE_POLICY_CHANGED] = "policy_changed",
		[RECONCILE_POLICY_TAKEN] = "policy_taken",
		[RECONCILE_POLICY_STRANGE] = "policy_strange",
	};
	return names[fault];
}

void differences_done(struct differences *d)
{
	free(d->list);
	*d = (struct differences){ 0 };
}

/* ---- whose is it ---- */

struct reconcile *reconcile_new(struct installed *i, const struct reconcile_ops *ops, void *arg)
{
	struct reconcile *r = calloc(1, sizeof(*r));
	if (r)
		*r = (struct reconcile){ .installed = i, .ops = ops, .arg = arg };
	return r;
}

void reconcile_free(struct reconcile *r)
{
	if (r)
		free(r->reqids);
	free(r);
}

static int compare_reqids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static bool owns(const struct reconcile *r, uint32_t reqid)
{
	reqid = policy_reqid_base(reqid);
	return r->n_reqids &&
	       bsearch(&reqid, r->reqids, r->n_reqids, sizeof(reqid), compare_reqids);
}

int reconcile_own(struct reconcile *r, uint32_t reqid)
{
	if (reqid <= KEYDB_REQID_MANUAL_MAX || owns(r, reqid))
		return 0;
	reqid = policy_reqid_base(reqid);
	uint32_t *more = reallocarray(r->reqids, r->n_reqids + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	more[r->n_reqids++] = reqid;
	qsort(more, r->n_reqids, sizeof(*more), compare_reqids);
	r->reqids = more;
	return 0;
}

static bool owns_policy(const struct reconcile *r, const struct keydb_policy *p)
{
	return p->n_templates > 0 && owns(r, p->templates[0].reqid);
}

/* ---- comparing ---- */

static struct difference *add(struct pass *p, enum reconcile_fault fault)
{
	struct differences *d = p->found;

	if (d->n == RECONCILE_MAX) {
		d->n_more++;
		return NULL;
	}
	if (d->n == d->capacity) {
		size_t capacity = d->capacity ? 2 * d->capacity : 16;
		struct difference *list = reallocarray(d->list, capacity, sizeof(*list));
		if (!list) {
			p->result = -ENOMEM;
			return NULL;
		}
		d->list = list;
		d->capacity = capacity;
	}
	struct difference *new = &d->list[d->n++];
	memset(new, 0, sizeof(*new));
	new->fault = fault;
	return new;
}

static void add_policy(struct pass *p, enum reconcile_fault fault,
		       const struct keydb_policy *policy)
{
	struct difference *d = add(p, fault);
	if (d)
		d->policy = *policy;
}

static void add_sa(struct pass *p, enum reconcile_fault fault, int owner,
		   const struct keydb_sa_id *id)
{
	struct difference *d = add(p, fault);
	if (!d)
		return;
	d->owner = owner;
	d->sa = *id;
}

static int on_sa(void *arg, const struct keydb_sa *sa)
{
	struct pass *p = arg;

	/* What an acquire waits for has no SPI yet and belongs to the kernel. */
	if (sa->state == KEYDB_SA_LARVAL || sa->id.spi == 0)
		return 0;
	if (installed_check_sa(p->r->installed, &sa->id))
		p->found->n_sas++;
	else if (owns(p->r, sa->reqid))
		add_sa(p, RECONCILE_SA_STRANGE, 0, &sa->id);
	return 0;
}

/* An end that is left to the routes is none, or the family's wildcard. */
static bool is_host(const union keydb_addr *a, struct addr *ret)
{
	return addr_from_sockaddr(&a->sa, sizeof(*a), ret) == 0 && !addr_is_any(ret);
}

static bool same_addr(const union keydb_addr *a, const union keydb_addr *b)
{
	struct addr x, y;
	bool has_x = is_host(a, &x), has_y = is_host(b, &y);
	return has_x == has_y && (!has_x || addr_eq(&x, &y));
}

/* In transport mode the ends are the packet's. */
static bool same_template(const struct keydb_template *a, const struct keydb_template *b)
{
	if (a->reqid != b->reqid || a->proto != b->proto || a->mode != b->mode)
		return false;
	return a->mode == KEYDB_MODE_TRANSPORT ||
	       (same_addr(&a->src, &b->src) && same_addr(&a->dst, &b->dst));
}

static bool same_policy(const struct keydb_policy *a, const struct keydb_policy *b)
{
	bool same = a->action == b->action && a->priority == b->priority &&
		    a->n_templates == b->n_templates;
	for (uint8_t i = 0; same && i < a->n_templates; i++)
		same = same_template(&a->templates[i], &b->templates[i]);
	return same;
}

static int on_policy(void *arg, const struct keydb_policy *there)
{
	struct pass *p = arg;

	if (there->dir > KEYDB_DIR_FWD || there->sub)
		return 0;
	const struct keydb_policy *wanted = installed_check_policy(p->r->installed, there);
	bool same = wanted && same_policy(wanted, there);
	if (same && !there->stray)
		p->found->n_policies++;
	else if (wanted)
		add_policy(p,
			   same || owns_policy(p->r, there) ? RECONCILE_POLICY_CHANGED
							    : RECONCILE_POLICY_TAKEN,
			   wanted);
	else if (owns_policy(p->r, there))
		add_policy(p, RECONCILE_POLICY_STRANGE, there);
	return 0;
}

static void on_unseen_sa(void *arg, int owner, const struct keydb_sa_id *id)
{
	add_sa(arg, RECONCILE_SA_MISSING, owner, id);
}

static void on_unseen_policy(void *arg, const struct keydb_policy *wanted)
{
	add_policy(arg, RECONCILE_POLICY_MISSING, wanted);
}

int reconcile_compare(struct reconcile *r, struct differences *ret)
{
	static const struct installed_unseen unseen = { on_unseen_sa, on_unseen_policy };
	struct differences found = { 0 };
	struct pass p = { .r = r, .found = &found };

	installed_check_begin(r->installed);
	p.result = r->ops->sa_dump(r->arg, on_sa, &p);
	if (p.result == 0)
		p.result = r->ops->policy_dump(r->arg, on_policy, &p);
	if (p.result == 0)
		installed_check_end(r->installed, &unseen, &p);
	if (p.result < 0) {
		differences_done(&found);
		return p.result;
	}
	*ret = found;
	return 0;
}

/* ---- in words ---- */

static void add_net(struct fmt *f, const union keydb_addr *a, uint8_t bits)
{
	char text[ADDR_TEXT_MAX_BYTES];
	struct addr addr = { 0 };

	if (addr_from_sockaddr(&a->sa, sizeof(*a), &addr) < 0) {
		fmt_add(f, "any");
		return;
	}
	addr.port = 0;
	fmt_add(f, "%s", addr_text(&addr, text));
	if (bits != addr_bits(&addr))
		fmt_add(f, "/%u", bits);
}

static void add_port(struct fmt *f, bool any, uint16_t port)
{
	if (!any)
		fmt_add(f, "[%u]", port);
}

static void describe_policy(struct fmt *f, const struct keydb_policy *p)
{
	static const char *const dirs[] = {
		[KEYDB_DIR_IN] = "in", [KEYDB_DIR_OUT] = "out", [KEYDB_DIR_FWD] = "fwd"
	};
	const struct keydb_selector *s = &p->sel;

	fmt_add(f, "%s ", dirs[p->dir]);
	add_net(f, &s->src, s->src_bits);
	add_port(f, s->src_port_any, s->src_port);
	fmt_add(f, " > ");
	add_net(f, &s->dst, s->dst_bits);
	add_port(f, s->dst_port_any, s->dst_port);
	if (s->proto)
		fmt_add(f, " protocol %u", s->proto);
}

static void describe_sa(struct fmt *f, const struct keydb_sa_id *id)
{
	const char *proto = id->proto == KEYDB_PROTO_ESP  ? "esp"
			    : id->proto == KEYDB_PROTO_AH ? "ah"
							  : "ipcomp";
	struct addr host = { 0 };
	uint8_t bits =
		addr_from_sockaddr(&id->dst.sa, sizeof(id->dst), &host) < 0 ? 0 : addr_bits(&host);

	fmt_add(f, "%s ", proto);
	add_net(f, &id->src, bits);
	fmt_add(f, " > ");
	add_net(f, &id->dst, bits);
	fmt_add(f, " spi 0x%08x", id->spi);
}

const char *difference_text(const struct difference *d, char buf[REQUEST_ENTRY_MAX_BYTES])
{
	struct fmt f = fmt_of(buf, REQUEST_ENTRY_MAX_BYTES);

	if (d->fault == RECONCILE_SA_MISSING || d->fault == RECONCILE_SA_STRANGE)
		describe_sa(&f, &d->sa);
	else
		describe_policy(&f, &d->policy);
	return buf;
}

/* ---- repairing ---- */

static int repair_one(struct reconcile *r, const struct difference *d)
{
	static const struct {
		bool acts;
		enum keydb_op_kind kind;
	} deeds[__RECONCILE_FAULT_N] = {
		[RECONCILE_SA_STRANGE] = { true, KEYDB_OP_SA_DELETE },
		[RECONCILE_POLICY_MISSING] = { true, KEYDB_OP_POLICY_ADD },
		[RECONCILE_POLICY_CHANGED] = { true, KEYDB_OP_POLICY_UPDATE },
		[RECONCILE_POLICY_STRANGE] = { true, KEYDB_OP_POLICY_DELETE },
	};
	struct keydb_op op = { .kind = deeds[d->fault].kind };

	if (!deeds[d->fault].acts)
		return 0;
	if (op.kind == KEYDB_OP_SA_DELETE)
		op.sa_id = &d->sa;
	else
		op.policy = &d->policy;
	return r->ops->batch(r->arg, &op, 1);
}

void reconcile_repair(struct reconcile *r, const struct differences *d, reconcile_lost_fn lost,
		      void *lost_arg)
{
	char text[REQUEST_ENTRY_MAX_BYTES];

	for (size_t i = 0; i < d->n; i++) {
		const struct difference *one = &d->list[i];
		int result = repair_one(r, one);
		LOG(WARNING, "kernel_differs", F_STR("what", reconcile_fault_name(one->fault)),
		    F_STR("entry", difference_text(one, text)),
		    F_STR("repair", result < 0                             ? strerror(-result)
				    : one->fault == RECONCILE_POLICY_TAKEN ? "left alone"
				    : one->fault == RECONCILE_SA_MISSING   ? "the child ends"
									   : "done"));
		if (one->fault == RECONCILE_SA_MISSING)
			lost(lost_arg, one->owner, &one->sa);
	}
}
