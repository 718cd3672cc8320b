/* SPDX-License-Identifier: BSD-2-Clause */
/* The public functions of a handle: each finds its way to the transport. */
#include "keydb_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int keydb_transport_choose(const struct keydb_transport **ret,
			   const struct keydb_transport **ret_other)
{
	const char *word = secure_getenv("LIBPFKEY_TRANSPORT");
	*ret = &keydb_transport_netlink;
	*ret_other = NULL;
	if (!word || !*word || !strcmp(word, "auto"))
		*ret_other = &keydb_transport_pfkey;
	else if (!strcmp(word, "pfkey"))
		*ret = &keydb_transport_pfkey;
	else if (strcmp(word, "netlink") != 0)
		return -EINVAL;
	return 0;
}

int keydb_open(struct keydb **ret)
{
	const struct keydb_transport *first, *other;
	int rc = keydb_transport_choose(&first, &other);
	if (rc)
		return rc;
	struct keydb *k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->transport = first;
	rc = first->open(k);
	if (rc == -EPROTONOSUPPORT && other) {
		k->transport = other;
		rc = other->open(k);
	}
	if (rc) {
		free(k);
		return rc;
	}
	*ret = k;
	return 0;
}

void keydb_close(struct keydb *k)
{
	if (!k)
		return;
	k->transport->close(k);
	free(k);
}

const char *keydb_transport_name(const struct keydb *k)
{
	return k->transport->name;
}

/* ---- one operation is a batch of one ---- */

static int run_one(struct keydb *k, struct keydb_op op)
{
	int rc = k->transport->batch(k, &op, 1);
	if (rc)
		snprintf(k->error, sizeof(k->error), "%s", op.reason);
	return rc;
}

int keydb_sa_add(struct keydb *k, const struct keydb_sa *sa)
{
	return run_one(k, (struct keydb_op){ .kind = KEYDB_OP_SA_ADD, .sa = sa });
}

int keydb_sa_update(struct keydb *k, const struct keydb_sa *sa)
{
	return run_one(k, (struct keydb_op){ .kind = KEYDB_OP_SA_UPDATE, .sa = sa });
}

int keydb_sa_delete(struct keydb *k, const struct keydb_sa_id *id)
{
	return run_one(k, (struct keydb_op){ .kind = KEYDB_OP_SA_DELETE, .sa_id = id });
}

int keydb_policy_add(struct keydb *k, const struct keydb_policy *p)
{
	return run_one(k, (struct keydb_op){ .kind = KEYDB_OP_POLICY_ADD, .policy = p });
}

int keydb_policy_update(struct keydb *k, const struct keydb_policy *p)
{
	return run_one(k, (struct keydb_op){ .kind = KEYDB_OP_POLICY_UPDATE, .policy = p });
}

int keydb_policy_delete(struct keydb *k, const struct keydb_policy *p)
{
	return run_one(k, (struct keydb_op){ .kind = KEYDB_OP_POLICY_DELETE, .policy = p });
}

int keydb_batch(struct keydb *k, struct keydb_op *ops, size_t n)
{
	int rc = n ? k->transport->batch(k, ops, n) : 0;
	for (size_t i = 0; rc && i < n; i++) {
		if (ops[i].result) {
			snprintf(k->error, sizeof(k->error), "entry %zu: %s", i + 1, ops[i].reason);
			break;
		}
	}
	return rc;
}

/* ---- tables ---- */

int keydb_sa_get(struct keydb *k, const struct keydb_sa_id *id, struct keydb_sa *ret)
{
	return k->transport->sa_get(k, id, ret);
}

int keydb_sa_move(struct keydb *k, const struct keydb_sa_move *m)
{
	if (!k->transport->sa_move)
		return keydb_error_set(k, -EOPNOTSUPP, "PF_KEY cannot move an SA");
	return k->transport->sa_move(k, m);
}

int keydb_sa_dump(struct keydb *k, uint8_t proto, keydb_sa_fn fn, void *arg)
{
	return k->transport->sa_dump(k, proto, fn, arg);
}

int keydb_sa_flush(struct keydb *k, uint8_t proto)
{
	return k->transport->sa_flush(k, proto);
}

int keydb_policy_get(struct keydb *k, const struct keydb_policy *p, struct keydb_policy *ret)
{
	return k->transport->policy_get(k, p, ret);
}

int keydb_policy_dump(struct keydb *k, keydb_policy_fn fn, void *arg)
{
	return k->transport->policy_dump(k, fn, arg);
}

int keydb_policy_flush(struct keydb *k)
{
	return k->transport->policy_flush(k);
}

int keydb_data_path(struct keydb *k, struct keydb_data_path *ret)
{
	memset(ret, 0, sizeof(*ret));
	return k->transport->data_path ? k->transport->data_path(k, ret) : 0;
}

int keydb_spi_alloc(struct keydb *k, const struct keydb_sa *larval, uint32_t min, uint32_t max,
		    struct keydb_sa *ret)
{
	return k->transport->spi_alloc(k, larval, min, max, ret);
}

/*
 * A larval SA without an SPI cannot be named in a deletion (and PF_KEY's word for it, an ACQUIRE
 * with an errno, leaves it in the kernel's way until its time is up).  But it can be given an SPI
 * by its sequence number.
 */
int keydb_acquire_drop(struct keydb *k, const struct keydb_sa *larval)
{
	struct keydb_sa named;
	uint32_t max = larval->id.proto == KEYDB_PROTO_IPCOMP ? UINT16_MAX : UINT32_MAX;
	int rc = keydb_spi_alloc(k, larval, 0x100, max, &named);
	return rc ? rc : keydb_sa_delete(k, &named.id);
}

/* ---- events ---- */

int keydb_events_open(uint32_t mask, struct keydb_events **ret)
{
	const struct keydb_transport *first, *other;
	int rc = keydb_transport_choose(&first, &other);
	if (!rc)
		rc = first->events_open(mask, ret);
	return rc == -EPROTONOSUPPORT && other ? other->events_open(mask, ret) : rc;
}

void keydb_events_close(struct keydb_events *e)
{
	if (e)
		e->close(e);
}

int keydb_events_fd(const struct keydb_events *e)
{
	return e->fd;
}

int keydb_events_next(struct keydb_events *e, struct keydb_event *ret)
{
	e->message = NULL;
	e->message_len = 0;
	return e->next(e, ret);
}

const void *keydb_events_message(const struct keydb_events *e, size_t *ret_len)
{
	*ret_len = e->message_len;
	return e->message;
}
