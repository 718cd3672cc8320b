/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an AF_KEY socket hears, as events.
 *
 * Less than netlink tells: no keys of SAs, no expiry of policies, no packet in an ACQUIRE (its
 * policy's selector stands for it), and the kernel says nothing when it drops a message.
 */
#include "keydb_int.h"
#include "pfkey_io.h"
#include "sadb_codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pfkey_events {
	struct keydb_events base; /* first */
	uint32_t mask;
	struct sadb_msg *latest; /* message */
	struct keydb db;         /* asks for the policy of an ACQUIRE */
};

static void pfkey_events_close(struct keydb_events *base)
{
	struct pfkey_events *e = (struct pfkey_events *)base;
	if (e->db.state)
		e->db.transport->close(&e->db);
	if (base->fd >= 0)
		close(base->fd);
	pfkey_io_free(e->latest, e->latest ? (size_t)e->latest->sadb_msg_len * 8 : 0);
	free(e);
}

/* ---- messages as events ---- */

/* The template that wants the larval SA: the first with its protocol and end. */
static const struct keydb_template *acquire_template(const struct keydb_event *x)
{
	for (size_t i = 0; i < x->policy.n_templates; i++) {
		const struct keydb_template *t = &x->policy.templates[i];
		if (t->proto == x->sa.id.proto &&
		    (!t->dst.sa.sa_family || !memcmp(&t->dst, &x->sa.id.dst, sizeof(t->dst))))
			return t;
	}
	return NULL;
}

static void on_acquire(struct pfkey_events *e, const struct sadb_message *m,
		       struct keydb_event *ret)
{
	ret->kind = KEYDB_EVENT_ACQUIRE;
	ret->seq = m->seq;
	ret->sa.mode = KEYDB_MODE_TRANSPORT;
	ret->sa.state = KEYDB_SA_LARVAL;
	if (!m->policy.index || e->db.transport->policy_get(&e->db, &m->policy, &ret->policy))
		return;
	ret->sel = ret->sa.sel = ret->policy.sel;
	const struct keydb_template *t = acquire_template(ret);
	ret->sa.mode = t ? t->mode : KEYDB_MODE_TRANSPORT;
	ret->sa.reqid = t ? t->reqid : 0;
}

static void on_expire(struct pfkey_events *e, const struct sadb_message *m, struct keydb_event *ret)
{
	(void)e;
	ret->kind = KEYDB_EVENT_EXPIRE;
	ret->hard = m->hard;
	ret->sa.state = m->hard ? KEYDB_SA_DEAD : KEYDB_SA_DYING;
}

static void on_sa(struct pfkey_events *e, const struct sadb_message *m, struct keydb_event *ret)
{
	(void)e;
	ret->kind = KEYDB_EVENT_SA_CHANGE;
	ret->deleted = m->type == SADB_DELETE;
	ret->sa.kernel_seq = 0;
}

static void on_policy(struct pfkey_events *e, const struct sadb_message *m, struct keydb_event *ret)
{
	(void)e;
	ret->kind = KEYDB_EVENT_POLICY_CHANGE;
	ret->deleted = m->type == SADB_X_SPDDELETE || m->type == SADB_X_SPDDELETE2;
}

static void on_flush(struct pfkey_events *e, const struct sadb_message *m, struct keydb_event *ret)
{
	(void)e;
	ret->kind = m->type == SADB_FLUSH ? KEYDB_EVENT_FLUSH_SA : KEYDB_EVENT_FLUSH_POLICY;
}

static void on_mapping(struct pfkey_events *e, const struct sadb_message *m,
		       struct keydb_event *ret)
{
	(void)e;
	ret->kind = KEYDB_EVENT_MAPPING;
	ret->new_addr = m->new_addr;
	ret->sa.id.dst.sa.sa_family = AF_UNSPEC; /* not told */
}

/* clang-format off */
static const struct {
	uint8_t type;
	uint32_t mask;
	void (*make)(struct pfkey_events *e, const struct sadb_message *m, struct keydb_event *ret);
} event_table[] = {
	{ SADB_ACQUIRE, KEYDB_EVENTS_ACQUIRE, on_acquire },
	{ SADB_EXPIRE, KEYDB_EVENTS_EXPIRE, on_expire },
	{ SADB_ADD, KEYDB_EVENTS_SA, on_sa },
	{ SADB_UPDATE, KEYDB_EVENTS_SA, on_sa },
	{ SADB_DELETE, KEYDB_EVENTS_SA, on_sa },
	{ SADB_FLUSH, KEYDB_EVENTS_SA, on_flush },
	{ SADB_X_SPDADD, KEYDB_EVENTS_POLICY, on_policy },
	{ SADB_X_SPDUPDATE, KEYDB_EVENTS_POLICY, on_policy },
	{ SADB_X_SPDDELETE, KEYDB_EVENTS_POLICY, on_policy },
	{ SADB_X_SPDDELETE2, KEYDB_EVENTS_POLICY, on_policy },
	{ SADB_X_SPDFLUSH, KEYDB_EVENTS_POLICY, on_flush },
	{ SADB_X_NAT_T_NEW_MAPPING, KEYDB_EVENTS_MAPPING, on_mapping },
};
/* clang-format on */

static bool make_event(struct pfkey_events *e, const struct sadb_message *m,
		       struct keydb_event *ret)
{
	for (size_t i = 0; i < sizeof(event_table) / sizeof(event_table[0]); i++) {
		if (event_table[i].type != m->type || !(event_table[i].mask & e->mask))
			continue;
		memset(ret, 0, sizeof(*ret));
		ret->sa = m->sa;
		ret->policy = m->policy;
		event_table[i].make(e, m, ret);
		return true;
	}
	return false;
}

/* Keeps the message behind the event, instead of the one before. */
static void keep(struct pfkey_events *e, struct sadb_msg *msg, size_t len)
{
	pfkey_io_free(e->latest, e->latest ? (size_t)e->latest->sadb_msg_len * 8 : 0);
	e->latest = msg;
	e->base.message = msg;
	e->base.message_len = len;
}

static int pfkey_events_next(struct keydb_events *base, struct keydb_event *ret)
{
	struct pfkey_events *e = (struct pfkey_events *)base;
	for (;;) {
		struct sadb_message m;
		struct sadb_msg *msg;
		const char *why;
		size_t len;
		int rc = pfkey_io_recv(base->fd, 0, &msg, &len);
		if (rc == -EBADMSG)
			continue;
		if (rc)
			return rc == -ETIMEDOUT ? 0 : rc;
		rc = sadb_decode(PFKEY_REPLY, msg, len, &m, &why);
		if (!rc && !m.error && make_event(e, &m, ret)) {
			keep(e, msg, len);
			return 1;
		}
		pfkey_io_free(msg, len);
	}
}

/* ---- opening ---- */

/* The kernel sends ACQUIRE, EXPIRE and NEW_MAPPING to who has registered. */
static int send_register(int fd, uint8_t proto)
{
	uint8_t buf[SADB_MESSAGE_MAX_BYTES];
	struct sadb_message m;
	const char *why;
	size_t len;
	sadb_message_init(&m, SADB_REGISTER);
	m.sa.id.proto = proto;
	m.pid = (uint32_t)getpid();
	int rc = sadb_encode(PFKEY_REQUEST, &m, buf, sizeof(buf), &len, &why);
	return rc ? rc : pfkey_io_send(fd, buf, len);
}

static int start(struct pfkey_events *e)
{
	static const uint8_t protos[] = { KEYDB_PROTO_ESP, KEYDB_PROTO_AH, KEYDB_PROTO_IPCOMP };
	e->base.fd = pfkey_io_open();
	int rc = e->base.fd < 0 ? e->base.fd : e->db.transport->open(&e->db);
	if (!(e->mask & (KEYDB_EVENTS_ACQUIRE | KEYDB_EVENTS_EXPIRE | KEYDB_EVENTS_MAPPING)))
		return rc;
	for (size_t i = 0; !rc && i < sizeof(protos); i++)
		rc = send_register(e->base.fd, protos[i]);
	return rc;
}

int keydb_events_pfkey_open(uint32_t mask, struct keydb_events **ret)
{
	struct pfkey_events *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->base = (struct keydb_events){ .fd = -1,
					 .next = pfkey_events_next,
					 .close = pfkey_events_close };
	e->mask = mask;
	e->db.transport = &keydb_transport_pfkey;
	int rc = start(e);
	if (rc) {
		pfkey_events_close(&e->base);
		return rc;
	}
	*ret = &e->base;
	return 0;
}
