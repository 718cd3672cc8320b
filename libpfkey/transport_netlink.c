/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SAD and SPD through NETLINK_XFRM.
 *
 * Changes go out as batches: messages are laid one behind the other and sent in chunks of at most
 * CHUNK_BYTES, each with one system call.  The limit on their number keeps the answers of a chunk
 * within the receive buffer even if every message fails.
 */
#include "keydb_int.h"
#include "nlio.h"
#include "xfrm_codec.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	/* libnl's send buffer is twice 32 KiB, and the kernel refuses a message that fills it. */
	CHUNK_BYTES = 48 << 10,
	CHUNK_MESSAGES = 256,
	RECEIVE_BUFFER_BYTES = 4 << 20,
};

struct netlink_state {
	struct nl_sock *sock;
	struct nlio io;
	struct nl_msg *msg; /* the message being encoded */
	uint8_t *chunk;     /* CHUNK_BYTES */
	size_t chunk_used;
	size_t chunk_ops[CHUNK_MESSAGES]; /* the index of the op of each message in chunk */
	size_t n_chunk_ops;
	struct nlio_ack acks[CHUNK_MESSAGES];
};

/* ---- messages ---- */

/* Starts a message over; the keys of the last one go. */
static struct nl_msg *begin(struct netlink_state *n, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = nlmsg_hdr(n->msg);
	explicit_bzero(h, h->nlmsg_len);
	h->nlmsg_len = NLMSG_HDRLEN;
	h->nlmsg_type = type;
	h->nlmsg_flags = flags;
	return n->msg;
}

static int ask(struct keydb *k, nlio_fn fn, void *arg)
{
	struct netlink_state *n = k->state;
	struct nlio_ack ack;
	int rc = nlio_request(&n->io, nlmsg_hdr(n->msg), fn, arg, &ack);
	return rc ? keydb_error_set(k, rc, ack.words) : 0;
}

/* ---- opening ---- */

static void set_buffer(int fd)
{
	int size = RECEIVE_BUFFER_BYTES, on = 1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* Old kernels have neither; errors then come without words. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
}

static int connect_xfrm(struct nl_sock *sock)
{
	switch (nl_connect(sock, NETLINK_XFRM)) {
	case 0:
		set_buffer(nl_socket_get_fd(sock));
		return 0;
	case -NLE_NOMEM:
		return -ENOMEM;
	case -NLE_PERM:
	case -NLE_NOACCESS:
		return -EPERM;
	default:
		return -EPROTONOSUPPORT;
	}
}

static void netlink_close(struct keydb *k)
{
	struct netlink_state *n = k->state;
	if (n->msg) {
		begin(n, 0, 0);
		nlmsg_free(n->msg);
	}
	if (n->chunk)
		explicit_bzero(n->chunk, CHUNK_BYTES);
	free(n->chunk);
	nlio_done(&n->io);
	nl_socket_free(n->sock);
	free(n);
	k->state = NULL;
}

/* A question that any kernel with XFRM answers to whoever may ask it. */
static int probe(struct keydb *k)
{
	struct netlink_state *n = k->state;
	uint32_t flags = 0;
	begin(n, XFRM_MSG_GETSADINFO, 0);
	if (nlmsg_append(n->msg, &flags, sizeof(flags), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	return ask(k, NULL, NULL);
}

static int netlink_open(struct keydb *k)
{
	struct netlink_state *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	k->state = n;
	n->sock = nl_socket_alloc();
	n->msg = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	n->chunk = malloc(CHUNK_BYTES);
	int rc = n->sock && n->msg && n->chunk ? connect_xfrm(n->sock) : -ENOMEM;
	if (!rc)
		rc = nlio_init(&n->io, nl_socket_get_fd(n->sock), KEYDB_REPLY_TIMEOUT_MS);
	if (!rc)
		rc = probe(k);
	if (rc)
		netlink_close(k);
	return rc;
}

/* ---- batches ---- */

static int encode_sa(struct netlink_state *n, uint16_t type, uint16_t flags,
		     const struct keydb_sa *sa, const char **ret_why)
{
	uint32_t ifindex = 0;
	if (sa->offload_device[0]) {
		char name[KEYDB_DEVICE_MAX_BYTES + 1] = "";
		memcpy(name, sa->offload_device, KEYDB_DEVICE_MAX_BYTES);
		ifindex = if_nametoindex(name);
		if (!ifindex) {
			*ret_why = "no such offload device";
			return -ENODEV;
		}
	}
	return xfrm_encode_sa(begin(n, type, flags), sa, ifindex, ret_why);
}

/* PF_KEY's kernel side makes the reqids of "unique" requests; XFRM leaves them to us. */
static int encode_policy(struct netlink_state *n, uint16_t type, uint16_t flags,
			 const struct keydb_policy *p, const char **ret_why)
{
	struct keydb_policy copy = *p;
	int rc = keydb_policy_set_reqids(&copy);
	if (rc) {
		*ret_why = "no random numbers";
		return rc;
	}
	return xfrm_encode_policy(begin(n, type, flags), &copy, ret_why);
}

static int encode_op(struct netlink_state *n, const struct keydb_op *op, const char **ret_why)
{
	switch (op->kind) {
	case KEYDB_OP_SA_ADD:
		return encode_sa(n, XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL, op->sa, ret_why);
	case KEYDB_OP_SA_UPDATE:
		return encode_sa(n, XFRM_MSG_UPDSA, NLM_F_REPLACE, op->sa, ret_why);
	case KEYDB_OP_SA_DELETE:
		return xfrm_encode_sa_id(begin(n, XFRM_MSG_DELSA, 0), op->sa_id, ret_why);
	case KEYDB_OP_POLICY_ADD:
		return encode_policy(n, XFRM_MSG_NEWPOLICY, NLM_F_CREATE | NLM_F_EXCL, op->policy,
				     ret_why);
	case KEYDB_OP_POLICY_UPDATE:
		return encode_policy(n, XFRM_MSG_UPDPOLICY, NLM_F_REPLACE, op->policy, ret_why);
	case KEYDB_OP_POLICY_DELETE:
		return xfrm_encode_policy_id(begin(n, XFRM_MSG_DELPOLICY, 0), op->policy, ret_why);
	}
	*ret_why = "unknown operation";
	return -EINVAL;
}

static void set_result(struct keydb_op *op, int error, const char *words)
{
	op->result = error;
	if (error)
		keydb_error_text(op->reason, sizeof(op->reason), error, words);
}

/* Sends what has been gathered; a socket's error is the result of every entry without one. */
static void flush_chunk(struct netlink_state *n, struct keydb_op *ops)
{
	nlio_batch(&n->io, n->chunk, n->chunk_used, n->n_chunk_ops, n->acks);
	for (size_t i = 0; i < n->n_chunk_ops; i++)
		set_result(&ops[n->chunk_ops[i]], n->acks[i].error, n->acks[i].words);
	explicit_bzero(n->chunk, n->chunk_used);
	n->chunk_used = 0;
	n->n_chunk_ops = 0;
}

static void add_to_chunk(struct netlink_state *n, struct keydb_op *ops, size_t index)
{
	const struct nlmsghdr *h = nlmsg_hdr(n->msg);
	size_t len = NLMSG_ALIGN(h->nlmsg_len);
	if (n->chunk_used + len > CHUNK_BYTES || n->n_chunk_ops == CHUNK_MESSAGES)
		flush_chunk(n, ops);
	memcpy(n->chunk + n->chunk_used, h, h->nlmsg_len);
	memset(n->chunk + n->chunk_used + h->nlmsg_len, 0, len - h->nlmsg_len);
	n->chunk_used += len;
	n->chunk_ops[n->n_chunk_ops++] = index;
}

static int netlink_batch(struct keydb *k, struct keydb_op *ops, size_t count)
{
	struct netlink_state *n = k->state;
	for (size_t i = 0; i < count; i++) {
		const char *why = "";
		ops[i].reason[0] = 0;
		int rc = encode_op(n, &ops[i], &why);
		if (rc)
			set_result(&ops[i], rc, why);
		else
			add_to_chunk(n, ops, i);
	}
	flush_chunk(n, ops);
	begin(n, 0, 0);
	for (size_t i = 0; i < count; i++)
		if (ops[i].result)
			return ops[i].result;
	return 0;
}

/* ---- SAs ---- */

static int decode_sa(const struct nlmsghdr *h, uint64_t now_sec, struct keydb_sa *ret)
{
	uint32_t ifindex;
	char name[IF_NAMESIZE] = "";
	int rc = xfrm_decode_sa(nlmsg_data(h), (size_t)nlmsg_datalen(h), ret, &ifindex);
	if (rc)
		return rc;
	ret->state = xfrm_sa_state(ret, now_sec);
	if (ifindex && if_indextoname(ifindex, name))
		memcpy(ret->offload_device, name, sizeof(ret->offload_device));
	return 0;
}

static int on_sa(void *arg, const struct nlmsghdr *h)
{
	return h->nlmsg_type == XFRM_MSG_NEWSA ? decode_sa(h, (uint64_t)time(NULL), arg) : -EBADMSG;
}

static int netlink_sa_get(struct keydb *k, const struct keydb_sa_id *id, struct keydb_sa *ret)
{
	const char *why;
	int rc = xfrm_encode_sa_id(begin(k->state, XFRM_MSG_GETSA, 0), id, &why);
	if (rc)
		return keydb_error_set(k, rc, why);
	return ask(k, on_sa, ret);
}

struct sa_visitor {
	keydb_sa_fn fn;
	void *arg;
	uint64_t now_sec; /* asked once: not every machine answers that without a system call */
};

static int visit_sa(void *arg, const struct nlmsghdr *h)
{
	const struct sa_visitor *v = arg;
	struct keydb_sa sa;
	if (h->nlmsg_type != XFRM_MSG_NEWSA)
		return 0;
	int rc = decode_sa(h, v->now_sec, &sa);
	if (!rc)
		rc = v->fn(v->arg, &sa);
	explicit_bzero(&sa, sizeof(sa));
	return rc;
}

static int dump(struct keydb *k, nlio_fn fn, void *arg)
{
	struct netlink_state *n = k->state;
	struct nlio_ack ack;
	int rc = nlio_dump(&n->io, nlmsg_hdr(n->msg), fn, arg, &ack);
	if (ack.error || rc == -EBADMSG)
		keydb_error_set(k, rc, ack.words);
	return rc;
}

static int netlink_sa_dump(struct keydb *k, uint8_t proto, keydb_sa_fn fn, void *arg)
{
	struct netlink_state *n = k->state;
	struct sa_visitor v = { fn, arg, (uint64_t)time(NULL) };
	int rc = xfrm_encode_sa_dump(begin(n, XFRM_MSG_GETSA, 0), proto, NULL);
	if (rc)
		return keydb_error_set(k, rc, "");
	return dump(k, visit_sa, &v);
}

static int netlink_sa_flush(struct keydb *k, uint8_t proto)
{
	struct netlink_state *n = k->state;
	int rc = xfrm_encode_sa_flush(begin(n, XFRM_MSG_FLUSHSA, 0), proto);
	if (rc)
		return keydb_error_set(k, rc, "");
	rc = ask(k, NULL, NULL);
	return rc == -ESRCH ? 0 : rc; /* nothing there */
}

/* ---- policies ---- */

static int on_policy(void *arg, const struct nlmsghdr *h)
{
	if (h->nlmsg_type != XFRM_MSG_NEWPOLICY)
		return -EBADMSG;
	return xfrm_decode_policy(nlmsg_data(h), (size_t)nlmsg_datalen(h), arg);
}

static int netlink_policy_get(struct keydb *k, const struct keydb_policy *p,
			      struct keydb_policy *ret)
{
	const char *why;
	int rc = xfrm_encode_policy_id(begin(k->state, XFRM_MSG_GETPOLICY, 0), p, &why);
	if (rc)
		return keydb_error_set(k, rc, why);
	return ask(k, on_policy, ret);
}

struct policy_visitor {
	keydb_policy_fn fn;
	void *arg;
};

static int visit_policy(void *arg, const struct nlmsghdr *h)
{
	const struct policy_visitor *v = arg;
	struct keydb_policy p;
	if (h->nlmsg_type != XFRM_MSG_NEWPOLICY)
		return 0;
	int rc = on_policy(&p, h);
	return rc ? rc : v->fn(v->arg, &p);
}

static int netlink_policy_dump(struct keydb *k, keydb_policy_fn fn, void *arg)
{
	struct policy_visitor v = { fn, arg };
	begin(k->state, XFRM_MSG_GETPOLICY, 0);
	return dump(k, visit_policy, &v);
}

static int netlink_policy_flush(struct keydb *k)
{
	begin(k->state, XFRM_MSG_FLUSHPOLICY, 0);
	int rc = ask(k, NULL, NULL);
	return rc == -ESRCH ? 0 : rc; /* nothing there */
}

/* ---- larval SAs ---- */

static int netlink_spi_alloc(struct keydb *k, const struct keydb_sa *larval, uint32_t min,
			     uint32_t max, struct keydb_sa *ret)
{
	const char *why;
	int rc =
		xfrm_encode_allocspi(begin(k->state, XFRM_MSG_ALLOCSPI, 0), larval, min, max, &why);
	return rc ? keydb_error_set(k, rc, why) : ask(k, on_sa, ret);
}

const struct keydb_transport keydb_transport_netlink = {
	.name = "netlink",
	.open = netlink_open,
	.close = netlink_close,
	.batch = netlink_batch,
	.sa_get = netlink_sa_get,
	.sa_dump = netlink_sa_dump,
	.sa_flush = netlink_sa_flush,
	.policy_get = netlink_policy_get,
	.policy_dump = netlink_policy_dump,
	.policy_flush = netlink_policy_flush,
	.spi_alloc = netlink_spi_alloc,
	.events_open = keydb_events_netlink_open,
};
