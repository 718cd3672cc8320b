/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SAD and SPD through NETLINK_XFRM.
 *
 * Changes go out as batches: messages are laid one behind the other and sent in chunks of at most
 * CHUNK_BYTES, each with one system call.  The limit on their number keeps the answers of a chunk
 * within the receive buffer even if every message fails.
 *
 * A policy can be in one of two forms: without an if_id it is the kernel's, with the tag of
 * tanuki.ko the module's (data_path.h).  To the caller both are the same policy.  As long as the
 * module has every OUT policy of the namespace there is one form to ask for, and a batch goes
 * out as it is; else the operations on OUT policies go one by one.
 */
#include "data_path.h"
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
	struct data_path path;
	bool two_forms; /* there may be policies that the module does not have */
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
	h->nlmsg_pid = 0;
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
	data_path_close(&n->path);
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
	n->path = DATA_PATH_NONE;
	data_path_tag(&n->path);
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
			 const struct keydb_policy *p, uint32_t if_id, const char **ret_why)
{
	struct keydb_policy copy = *p;
	int rc = keydb_policy_set_reqids(&copy);
	copy.if_id = if_id;
	if (rc) {
		*ret_why = "no random numbers";
		return rc;
	}
	return xfrm_encode_policy(begin(n, type, flags), &copy, ret_why);
}

static int encode_policy_id(struct netlink_state *n, uint16_t type, const struct keydb_policy *p,
			    uint32_t if_id, const char **ret_why)
{
	struct keydb_policy copy = *p;
	copy.if_id = if_id;
	return xfrm_encode_policy_id(begin(n, type, 0), &copy, ret_why);
}

/* if_id: of a policy. */
static int encode_op(struct netlink_state *n, const struct keydb_op *op, uint32_t if_id,
		     const char **ret_why)
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
				     if_id, ret_why);
	case KEYDB_OP_POLICY_UPDATE:
		return encode_policy(n, XFRM_MSG_UPDPOLICY, NLM_F_REPLACE, op->policy, if_id,
				     ret_why);
	case KEYDB_OP_POLICY_DELETE:
		return encode_policy_id(n, XFRM_MSG_DELPOLICY, op->policy, if_id, ret_why);
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

/* ---- the two forms of a policy ---- */

static int on_counts(void *arg, const struct nlmsghdr *h)
{
	struct nlattr *attrs[XFRMA_SPD_MAX + 1];
	struct xfrmu_spdinfo counts;
	if (h->nlmsg_type != XFRM_MSG_NEWSPDINFO ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(uint32_t), attrs, XFRMA_SPD_MAX,
			NULL) ||
	    !attrs[XFRMA_SPD_INFO] || nla_len(attrs[XFRMA_SPD_INFO]) < (int)sizeof(counts))
		return -EBADMSG;
	memcpy(&counts, nla_data(attrs[XFRMA_SPD_INFO]), sizeof(counts));
	*(uint32_t *)arg = counts.outcnt;
	return 0;
}

static int netlink_data_path(struct keydb *k, struct keydb_data_path *ret)
{
	struct netlink_state *n = k->state;
	uint32_t flags = 0;
	int rc = data_path_read(&n->path, ret);
	if (rc)
		return keydb_error_set(k, rc, "tanuki.ko's state cannot be read");
	begin(n, XFRM_MSG_GETSPDINFO, 0);
	if (nlmsg_append(n->msg, &flags, sizeof(flags), NLMSG_ALIGNTO) < 0)
		return keydb_error_set(k, -ENOMEM, "");
	return ask(k, on_counts, &ret->n_out);
}

/* Who cannot be told how many there are has to be careful. */
static void look_for_strays(struct keydb *k)
{
	struct netlink_state *n = k->state;
	struct keydb_data_path now;
	n->two_forms = data_path_tag(&n->path) &&
		       (netlink_data_path(k, &now) || now.n_out != now.n_policies);
}

static bool is_policy_op(const struct keydb_op *op)
{
	return op->kind == KEYDB_OP_POLICY_ADD || op->kind == KEYDB_OP_POLICY_UPDATE ||
	       op->kind == KEYDB_OP_POLICY_DELETE;
}

/* Can there be both? */
static bool has_two_forms(struct netlink_state *n, const struct keydb_op *op)
{
	if (!is_policy_op(op) || !n->path.tag || !data_path_may_tag(op->policy))
		return false;
	return n->two_forms || !data_path_wants(op->policy);
}

/* The if_id of the form that it should be in. */
static uint32_t form_of(const struct netlink_state *n, const struct keydb_policy *p)
{
	return n->path.tag && data_path_wants(p) ? n->path.tag : p->if_id;
}

static int do_op(struct netlink_state *n, const struct keydb_op *op, uint32_t if_id,
		 struct nlio_ack *ret)
{
	const char *why = "";
	int rc = encode_op(n, op, if_id, &why);
	if (!rc)
		return nlio_request(&n->io, nlmsg_hdr(n->msg), NULL, NULL, ret);
	*ret = (struct nlio_ack){ .error = rc };
	strncpy(ret->words, why, sizeof(ret->words) - 1);
	return rc;
}

static int ignore_answer(void *arg, const struct nlmsghdr *h)
{
	(void)arg;
	(void)h;
	return 0;
}

static bool is_there(struct netlink_state *n, const struct keydb_policy *p, uint32_t if_id)
{
	struct nlio_ack ack;
	const char *why;
	return !encode_policy_id(n, XFRM_MSG_GETPOLICY, p, if_id, &why) &&
	       !nlio_request(&n->io, nlmsg_hdr(n->msg), ignore_answer, NULL, &ack);
}

/* The new form comes before the old one goes: there is no moment without either. */
static int update_both(struct netlink_state *n, const struct keydb_op *op, uint32_t form,
		       uint32_t other, struct nlio_ack *ret)
{
	const struct keydb_op old = { .kind = KEYDB_OP_POLICY_DELETE, .policy = op->policy };
	struct nlio_ack gone;
	int rc = do_op(n, op, form, ret);
	if (rc)
		return rc;
	rc = do_op(n, &old, other, &gone);
	if (rc && rc != -ENOENT)
		*ret = gone;
	return rc == -ENOENT ? 0 : rc;
}

/* Does the operation on the form that is there; the answer is in *ret. */
static void do_careful(struct netlink_state *n, const struct keydb_op *op, struct nlio_ack *ret)
{
	bool wanted = data_path_wants(op->policy);
	uint32_t form = wanted ? n->path.tag : 0, other = wanted ? 0 : n->path.tag;
	switch (op->kind) {
	case KEYDB_OP_POLICY_ADD:
		if (is_there(n, op->policy, other))
			*ret = (struct nlio_ack){ .error = -EEXIST };
		else
			do_op(n, op, form, ret);
		break;
	case KEYDB_OP_POLICY_UPDATE:
		update_both(n, op, form, other, ret);
		break;
	default:
		if (do_op(n, op, form, ret) == -ENOENT)
			do_op(n, op, other, ret);
	}
	n->two_forms = n->two_forms || !wanted;
}

int keydb_netlink_give_back(struct keydb *k, const struct keydb_policy *p)
{
	struct netlink_state *n = k->state;
	struct keydb_policy there;
	const struct keydb_op op = { .kind = KEYDB_OP_POLICY_UPDATE, .policy = &there };
	struct nlio_ack ack;
	int rc = keydb_policy_get(k, p, &there);
	if (rc || !there.tag)
		return rc == -ENOENT ? 0 : rc;
	there.index = 0;
	rc = update_both(n, &op, 0, there.tag, &ack);
	return rc ? keydb_error_set(k, rc, ack.words) : 0;
}

static bool has_policies(const struct keydb_op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_policy_op(&ops[i]) && data_path_may_tag(ops[i].policy))
			return true;
	return false;
}

static void add_op(struct netlink_state *n, struct keydb_op *ops, size_t i)
{
	const char *why = "";
	struct nlio_ack ack;
	ops[i].reason[0] = 0;
	if (has_two_forms(n, &ops[i])) {
		flush_chunk(n, ops); /* the order stays */
		do_careful(n, &ops[i], &ack);
		set_result(&ops[i], ack.error, ack.words);
		return;
	}
	int rc = encode_op(n, &ops[i], is_policy_op(&ops[i]) ? form_of(n, ops[i].policy) : 0, &why);
	if (rc)
		set_result(&ops[i], rc, why);
	else
		add_to_chunk(n, ops, i);
}

static int netlink_batch(struct keydb *k, struct keydb_op *ops, size_t count)
{
	struct netlink_state *n = k->state;
	if (has_policies(ops, count))
		look_for_strays(k);
	for (size_t i = 0; i < count; i++)
		add_op(n, ops, i);
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

/* ---- an SA that moves ---- */

/* What the kernel tells of it: as it is, and as it was at its end. */
struct moving {
	const struct keydb_sa_move *to;
	uint32_t port; /* ours: the end that we asked for */
	_Alignas(4) uint8_t sa[XFRM_MESSAGE_MAX_BYTES], end[XFRM_MESSAGE_MAX_BYTES];
	size_t sa_len, end_len;
};

static int keep(const struct nlmsghdr *h, uint8_t *ret, size_t *ret_len)
{
	size_t len = (size_t)nlmsg_datalen(h);
	if (len > XFRM_MESSAGE_MAX_BYTES)
		return -EMSGSIZE;
	memcpy(ret, nlmsg_data(h), len);
	*ret_len = len;
	return 0;
}

static int on_whole_sa(void *arg, const struct nlmsghdr *h)
{
	struct moving *w = arg;
	return h->nlmsg_type == XFRM_MSG_NEWSA ? keep(h, w->sa, &w->sa_len) : -EBADMSG;
}

/* The announcement to all listeners, of whom we are one, comes before the answer. */
static int on_end(void *arg, const struct nlmsghdr *h)
{
	struct moving *w = arg;
	if (h->nlmsg_type != XFRM_MSG_DELSA || h->nlmsg_pid != w->port)
		return 0;
	return keep(h, w->end, &w->end_len);
}

/* What others did meanwhile, and was announced to us too. */
static void forget_announcements(const struct netlink_state *n)
{
	while (recv(n->io.fd, n->io.buf, NLIO_DATAGRAM_MAX_BYTES, MSG_DONTWAIT) >= 0)
		;
	explicit_bzero(n->io.buf, NLIO_DATAGRAM_MAX_BYTES);
}

static int encode_moved(struct keydb *k, const struct moving *w)
{
	struct netlink_state *n = k->state;
	const char *why;
	int rc = xfrm_encode_moved_sa(begin(n, XFRM_MSG_NEWSA, NLM_F_CREATE | NLM_F_EXCL),
				      (struct xfrm_body){ w->sa, w->sa_len },
				      (struct xfrm_body){ w->end, w->end_len }, w->to, &why);
	return rc ? keydb_error_set(k, rc, why) : 0;
}

/*
 * The sequence numbers are final only when the SA is gone, and the kernel says them in the
 * announcement of that.  (XFRM_MSG_MIGRATE copies them while the old SA still sends.)
 */
static int take_away(struct keydb *k, struct moving *w)
{
	struct netlink_state *n = k->state;
	const char *why;
	int rc = nl_socket_add_membership(n->sock, XFRMNLGRP_SA) ? -EOPNOTSUPP : 0;
	if (rc)
		return keydb_error_set(k, rc, "no announcements");
	rc = xfrm_encode_sa_id(begin(n, XFRM_MSG_DELSA, 0), &w->to->from, &why);
	nlmsg_hdr(n->msg)->nlmsg_pid = w->port; /* the announcement repeats it */
	rc = rc ? keydb_error_set(k, rc, why) : ask(k, on_end, w);
	(void)nl_socket_drop_membership(n->sock, XFRMNLGRP_SA);
	forget_announcements(n);
	if (rc == -ESRCH || (!rc && w->end_len))
		return rc;
	return keydb_error_set(k, -EIO, "the SA's end was not announced");
}

static int move(struct keydb *k, struct moving *w)
{
	const char *why;
	int rc = xfrm_encode_sa_id(begin(k->state, XFRM_MSG_GETSA, 0), &w->to->from, &why);
	rc = rc ? keydb_error_set(k, rc, why) : ask(k, on_whole_sa, w);
	if (!rc)
		rc = encode_moved(k, w); /* while there is a way back */
	if (!rc)
		rc = take_away(k, w);
	if (rc)
		return rc;
	rc = encode_moved(k, w);
	if (!rc)
		rc = ask(k, NULL, NULL);
	return rc == 0 || rc == -EEXIST ? rc : -EIO;
}

static int netlink_sa_move(struct keydb *k, const struct keydb_sa_move *m)
{
	struct netlink_state *n = k->state;
	struct moving *w = calloc(1, sizeof(*w));
	if (!w)
		return keydb_error_set(k, -ENOMEM, "");
	w->to = m;
	w->port = nl_socket_get_local_port(n->sock);
	int rc = move(k, w);
	begin(n, 0, 0);
	explicit_bzero(w, sizeof(*w));
	free(w);
	return rc;
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

static int get_form(struct keydb *k, const struct keydb_policy *p, uint32_t if_id,
		    struct keydb_policy *ret)
{
	const char *why;
	int rc = encode_policy_id(k->state, XFRM_MSG_GETPOLICY, p, if_id, &why);
	if (rc)
		return keydb_error_set(k, rc, why);
	return ask(k, on_policy, ret);
}

static int netlink_policy_get(struct keydb *k, const struct keydb_policy *p,
			      struct keydb_policy *ret)
{
	struct netlink_state *n = k->state;
	uint32_t tag = data_path_tag(&n->path);
	bool two = tag && data_path_may_tag(p);
	int rc = get_form(k, p, two ? tag : p->if_id, ret);
	if (two && rc == -ENOENT)
		rc = get_form(k, p, 0, ret);
	if (!rc)
		data_path_show(tag, ret);
	return rc;
}

struct policy_visitor {
	keydb_policy_fn fn;
	void *arg;
	uint32_t tag;
};

static int visit_policy(void *arg, const struct nlmsghdr *h)
{
	const struct policy_visitor *v = arg;
	struct keydb_policy p;
	if (h->nlmsg_type != XFRM_MSG_NEWPOLICY)
		return 0;
	int rc = on_policy(&p, h);
	if (rc)
		return rc;
	data_path_show(v->tag, &p);
	return v->fn(v->arg, &p);
}

static int netlink_policy_dump(struct keydb *k, keydb_policy_fn fn, void *arg)
{
	struct netlink_state *n = k->state;
	struct policy_visitor v = { fn, arg, data_path_tag(&n->path) };
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
	.sa_move = netlink_sa_move,
	.sa_dump = netlink_sa_dump,
	.sa_flush = netlink_sa_flush,
	.policy_get = netlink_policy_get,
	.policy_dump = netlink_policy_dump,
	.policy_flush = netlink_policy_flush,
	.data_path = netlink_data_path,
	.spi_alloc = netlink_spi_alloc,
	.events_open = keydb_events_netlink_open,
};
