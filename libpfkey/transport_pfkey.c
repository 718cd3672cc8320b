/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SAD and SPD through an AF_KEY socket.
 *
 * Every socket hears every change that anybody makes, so an answer is found by its type, sequence
 * number and process id among other messages; before a question the socket is emptied, because
 * the kernel drops what does not fit into it without a word.
 */
#include "keydb_int.h"
#include "pfkey_io.h"
#include "sadb_codec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

struct pfkey_state {
	int fd;
	uint32_t seq;
	uint8_t buf[SADB_MESSAGE_MAX_BYTES];
};

/* ---- opening ---- */

static int pfkey_transport_open(struct keydb *k)
{
	struct pfkey_state *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fd = pfkey_io_open();
	if (s->fd < 0) {
		int rc = s->fd;
		free(s);
		return rc;
	}
	/* Two handles of a process must not take each other's answers. */
	if (getrandom(&s->seq, sizeof(s->seq), 0) != sizeof(s->seq))
		s->seq = (uint32_t)s->fd << 24;
	k->state = s;
	return 0;
}

static void pfkey_transport_close(struct keydb *k)
{
	struct pfkey_state *s = k->state;
	close(s->fd);
	explicit_bzero(s, sizeof(*s));
	free(s);
	k->state = NULL;
}

/* ---- questions and answers ---- */

/* 0 is not a sequence number: dumps end with it. */
static uint32_t next_seq(struct pfkey_state *s)
{
	return ++s->seq ? s->seq : ++s->seq;
}

static int send_message(struct keydb *k, struct sadb_message *m)
{
	struct pfkey_state *s = k->state;
	const char *why;
	size_t len;
	if (!m->seq)
		m->seq = next_seq(s);
	m->pid = (uint32_t)getpid();
	int rc = sadb_encode(PFKEY_REQUEST, m, s->buf, sizeof(s->buf), &len, &why);
	if (rc)
		return keydb_error_set(k, rc, why);
	pfkey_io_drain(s->fd);
	rc = pfkey_io_send(s->fd, s->buf, len);
	explicit_bzero(s->buf, len);
	return rc ? keydb_error_set(k, rc, "") : 0;
}

/* Old kernels answer GET as if it were a dump. */
static bool is_answer(const struct sadb_message *question, const struct sadb_msg *h)
{
	bool dump_seq = question->type == SADB_DUMP || question->type == SADB_X_SPDDUMP;
	if (h->sadb_msg_pid != question->pid)
		return false;
	if (h->sadb_msg_type != question->type &&
	    !(question->type == SADB_GET && h->sadb_msg_type == SADB_DUMP))
		return false;
	return h->sadb_msg_seq == question->seq || (dump_seq && !h->sadb_msg_errno);
}

/* Waits for the next answer; the caller frees it. */
static int next_answer(struct keydb *k, const struct sadb_message *question, struct sadb_msg **ret,
		       size_t *ret_len)
{
	struct pfkey_state *s = k->state;
	int64_t deadline_ms = pfkey_io_now_ms() + KEYDB_REPLY_TIMEOUT_MS;
	for (;;) {
		int64_t left_ms = deadline_ms - pfkey_io_now_ms();
		int rc = pfkey_io_recv(s->fd, left_ms > 0 ? (int)left_ms : 0, ret, ret_len);
		if (rc == -EBADMSG && left_ms > 0)
			continue;
		if (rc)
			return keydb_error_set(k, rc, "no answer");
		if (is_answer(question, *ret))
			return 0;
		pfkey_io_free(*ret, *ret_len);
	}
}

static int decode_answer(struct keydb *k, const struct sadb_msg *h, size_t len,
			 struct sadb_message *ret)
{
	const char *why;
	int rc = sadb_decode(PFKEY_REPLY, h, len, ret, &why);
	if (rc)
		return keydb_error_set(k, rc, why);
	return ret->error ? keydb_error_set(k, -ret->error, "") : 0;
}

/* One question, one answer; *ret has no pointers that may be used. */
static int ask(struct keydb *k, struct sadb_message *m, struct sadb_message *ret)
{
	struct sadb_msg *h;
	size_t len;
	int rc = send_message(k, m);
	if (!rc)
		rc = next_answer(k, m, &h, &len);
	if (rc)
		return rc;
	rc = decode_answer(k, h, len, ret);
	pfkey_io_free(h, len);
	return rc;
}

/* ---- SAs ---- */

/*
 * PF_KEY says nothing of the families in a tunnel, which is its own one.  The model's usual tunnel
 * carries both: that is what it stands for, in both directions.
 */
static void set_families(struct keydb_sa *sa, bool both)
{
	if (sa->mode != KEYDB_MODE_TUNNEL)
		return;
	if (both)
		sa->flags |= KEYDB_SA_AF_UNSPEC;
	else
		sa->flags &= ~(uint32_t)KEYDB_SA_AF_UNSPEC;
}

static void wipe(struct sadb_message *m)
{
	explicit_bzero(m, sizeof(*m));
}

static int write_sa(struct keydb *k, uint8_t type, const struct keydb_sa *sa)
{
	struct sadb_message m, answer;
	sadb_message_init(&m, type);
	m.sa = *sa;
	set_families(&m.sa, false);
	m.seq = sa->kernel_seq; /* ends the larval SA of an ACQUIRE */
	int rc = ask(k, &m, &answer);
	wipe(&m);
	wipe(&answer);
	return rc;
}

/* PF_KEY wants two addresses, and looks at one. */
static int ask_sa(struct keydb *k, uint8_t type, const struct keydb_sa_id *id,
		  struct sadb_message *ret)
{
	struct sadb_message m;
	sadb_message_init(&m, type);
	m.sa.id = *id;
	if (m.sa.id.src.sa.sa_family != id->dst.sa.sa_family)
		m.sa.id.src = id->dst;
	return ask(k, &m, ret);
}

static int pfkey_sa_delete(struct keydb *k, const struct keydb_sa_id *id)
{
	struct sadb_message answer;
	return ask_sa(k, SADB_DELETE, id, &answer);
}

static int pfkey_sa_get(struct keydb *k, const struct keydb_sa_id *id, struct keydb_sa *ret)
{
	struct sadb_message answer;
	int rc = ask_sa(k, SADB_GET, id, &answer);
	if (!rc) {
		*ret = answer.sa;
		set_families(ret, true);
		ret->kernel_seq = 0; /* the question's */
	}
	wipe(&answer);
	return rc;
}

/* ---- dumps: read whole, then shown ---- */

struct dump {
	struct {
		struct sadb_msg *msg;
		size_t len;
	} * items;
	size_t n, size;
};

static void dump_done(struct dump *d)
{
	for (size_t i = 0; i < d->n; i++)
		pfkey_io_free(d->items[i].msg, d->items[i].len);
	free(d->items);
}

static int dump_add(struct dump *d, struct sadb_msg *msg, size_t len)
{
	if (d->n == d->size) {
		size_t size = d->size ? d->size * 2 : 64;
		void *items = reallocarray(d->items, size, sizeof(*d->items));
		if (!items)
			return -ENOMEM;
		d->items = items;
		d->size = size;
	}
	d->items[d->n].msg = msg;
	d->items[d->n++].len = len;
	return 0;
}

/* The last message of a dump has the sequence number 0; an empty table is -ENOENT. */
static int dump_read(struct keydb *k, struct sadb_message *question, struct dump *d)
{
	int rc = send_message(k, question);
	while (!rc) {
		struct sadb_msg *msg;
		size_t len;
		rc = next_answer(k, question, &msg, &len);
		if (rc)
			break;
		int error = msg->sadb_msg_errno;
		bool last = error || !msg->sadb_msg_seq;
		if (error || dump_add(d, msg, len)) {
			pfkey_io_free(msg, len);
			rc = error && error != ENOENT ? keydb_error_set(k, -error, "")
			     : error                  ? 0
						      : keydb_error_set(k, -ENOMEM, "");
		}
		if (last)
			break;
	}
	return rc;
}

static int pfkey_sa_dump(struct keydb *k, uint8_t proto, keydb_sa_fn fn, void *arg)
{
	struct dump d = { .n = 0 };
	struct sadb_message m;
	sadb_message_init(&m, SADB_DUMP);
	m.sa.id.proto = proto;
	int rc = dump_read(k, &m, &d);
	for (size_t i = 0; !rc && i < d.n; i++) {
		rc = decode_answer(k, d.items[i].msg, d.items[i].len, &m);
		if (rc)
			break;
		set_families(&m.sa, true);
		if (m.sa.id.proto != KEYDB_PROTO_ANY) /* Mobile IPv6 has no number */
			rc = fn(arg, &m.sa);
	}
	wipe(&m);
	dump_done(&d);
	return rc;
}

static int pfkey_sa_flush(struct keydb *k, uint8_t proto)
{
	struct sadb_message m, answer;
	sadb_message_init(&m, SADB_FLUSH);
	m.sa.id.proto = proto;
	return ask(k, &m, &answer);
}

/* ---- policies ---- */

static int write_policy(struct keydb *k, uint8_t type, const struct keydb_policy *p)
{
	struct sadb_message m, answer;
	sadb_message_init(&m, type);
	m.policy = *p;
	m.policy.index = 0;
	return ask(k, &m, &answer);
}

static int ask_policy(struct keydb *k, uint8_t type, const struct keydb_policy *p,
		      struct sadb_message *ret)
{
	struct sadb_message m;
	sadb_message_init(&m, type);
	m.policy.index = p->index;
	m.policy.dir = p->index % 8;
	m.policy.mark = p->mark;
	m.policy.if_id = p->if_id;
	return ask(k, &m, ret);
}

static int pfkey_policy_delete(struct keydb *k, const struct keydb_policy *p)
{
	struct sadb_message m, answer;
	if (p->index)
		return ask_policy(k, SADB_X_SPDDELETE2, p, &answer);
	sadb_message_init(&m, SADB_X_SPDDELETE);
	m.policy = *p;
	m.policy.n_templates = 0;
	m.policy.action = KEYDB_ACTION_DISCARD; /* it counts for nothing */
	return ask(k, &m, &answer);
}

static int pfkey_policy_dump(struct keydb *k, keydb_policy_fn fn, void *arg)
{
	struct dump d = { .n = 0 };
	struct sadb_message m;
	sadb_message_init(&m, SADB_X_SPDDUMP);
	int rc = dump_read(k, &m, &d);
	for (size_t i = 0; !rc && i < d.n; i++) {
		rc = decode_answer(k, d.items[i].msg, d.items[i].len, &m);
		if (!rc)
			rc = fn(arg, &m.policy);
	}
	dump_done(&d);
	return rc;
}

/* PF_KEY cannot ask by selector. */
struct search {
	const struct keydb_policy *want;
	struct keydb_policy *ret;
};

/* A port, type or code 0 comes back as any. */
static bool same_port(bool any_a, uint16_t a, bool any_b, uint16_t b)
{
	return (any_a ? 0 : a) == (any_b ? 0 : b);
}

static bool same_addr(const union keydb_addr *a, const union keydb_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->sin.sin_addr.s_addr == b->sin.sin_addr.s_addr;
	return !memcmp(&a->sin6.sin6_addr, &b->sin6.sin6_addr, sizeof(a->sin6.sin6_addr));
}

static bool same_selector(const struct keydb_selector *a, const struct keydb_selector *b)
{
	return same_addr(&a->src, &b->src) && same_addr(&a->dst, &b->dst) &&
	       a->src_bits == b->src_bits && a->dst_bits == b->dst_bits && a->proto == b->proto &&
	       same_port(a->src_port_any, a->src_port, b->src_port_any, b->src_port) &&
	       same_port(a->dst_port_any, a->dst_port, b->dst_port_any, b->dst_port);
}

static int match_policy(void *arg, const struct keydb_policy *p)
{
	const struct search *s = arg;
	if (p->dir != s->want->dir || !same_selector(&p->sel, &s->want->sel) ||
	    p->ctx_len != s->want->ctx_len || memcmp(p->ctx, s->want->ctx, p->ctx_len) != 0)
		return 0;
	*s->ret = *p;
	return 1;
}

static int pfkey_policy_get(struct keydb *k, const struct keydb_policy *p, struct keydb_policy *ret)
{
	struct search s = { p, ret };
	struct sadb_message answer;
	if (p->mark.value || p->mark.mask || p->if_id)
		return keydb_error_set(k, -EOPNOTSUPP, "PF_KEY cannot carry a mark or if_id");
	if (p->index) {
		int rc = ask_policy(k, SADB_X_SPDGET, p, &answer);
		if (!rc)
			*ret = answer.policy;
		return rc;
	}
	int rc = pfkey_policy_dump(k, match_policy, &s);
	return rc == 1 ? 0 : rc ? rc : keydb_error_set(k, -ENOENT, "");
}

static int pfkey_policy_flush(struct keydb *k)
{
	struct sadb_message m, answer;
	sadb_message_init(&m, SADB_X_SPDFLUSH);
	return ask(k, &m, &answer);
}

/* ---- batches: one by one ---- */

static int run_op(struct keydb *k, const struct keydb_op *op)
{
	switch (op->kind) {
	case KEYDB_OP_SA_ADD:
		return write_sa(k, SADB_ADD, op->sa);
	case KEYDB_OP_SA_UPDATE:
		return write_sa(k, SADB_UPDATE, op->sa);
	case KEYDB_OP_SA_DELETE:
		return pfkey_sa_delete(k, op->sa_id);
	case KEYDB_OP_POLICY_ADD:
		return write_policy(k, SADB_X_SPDADD, op->policy);
	case KEYDB_OP_POLICY_UPDATE:
		return write_policy(k, SADB_X_SPDUPDATE, op->policy);
	case KEYDB_OP_POLICY_DELETE:
		return pfkey_policy_delete(k, op->policy);
	}
	return keydb_error_set(k, -EINVAL, "unknown operation");
}

static int pfkey_batch(struct keydb *k, struct keydb_op *ops, size_t n)
{
	int first = 0;
	for (size_t i = 0; i < n; i++) {
		ops[i].reason[0] = 0;
		ops[i].result = run_op(k, &ops[i]);
		if (!ops[i].result)
			continue;
		snprintf(ops[i].reason, sizeof(ops[i].reason), "%.*s",
			 (int)sizeof(ops[i].reason) - 1, k->error);
		if (!first)
			first = ops[i].result;
	}
	return first;
}

/* ---- larval SAs ---- */

static int pfkey_spi_alloc(struct keydb *k, const struct keydb_sa *larval, uint32_t min,
			   uint32_t max, struct keydb_sa *ret)
{
	struct sadb_message m, answer;
	sadb_message_init(&m, SADB_GETSPI);
	m.sa.id = larval->id;
	m.sa.mode = larval->mode;
	m.sa.reqid = larval->reqid;
	m.sa.if_id = larval->if_id;
	m.seq = larval->kernel_seq;
	m.spi_min = min;
	m.spi_max = max;
	int rc = ask(k, &m, &answer);
	if (!rc) {
		*ret = answer.sa;
		ret->state = KEYDB_SA_LARVAL;
	}
	return rc;
}

const struct keydb_transport keydb_transport_pfkey = {
	.name = "pfkey",
	.open = pfkey_transport_open,
	.close = pfkey_transport_close,
	.batch = pfkey_batch,
	.sa_get = pfkey_sa_get,
	.sa_dump = pfkey_sa_dump,
	.sa_flush = pfkey_sa_flush,
	.policy_get = pfkey_policy_get,
	.policy_dump = pfkey_policy_dump,
	.policy_flush = pfkey_policy_flush,
	.spi_alloc = pfkey_spi_alloc,
	.events_open = keydb_events_pfkey_open,
};
