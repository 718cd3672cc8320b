/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests and replies over a netlink descriptor. */
#include "nlio.h"

#include <errno.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

int nlio_init(struct nlio *io, int fd, int timeout_ms)
{
	*io = (struct nlio){ .fd = fd, .timeout_ms = timeout_ms, .seq = (uint32_t)time(NULL) };
	io->buf = malloc(NLIO_DATAGRAM_MAX_BYTES);
	return io->buf ? 0 : -ENOMEM;
}

void nlio_done(struct nlio *io)
{
	if (io->buf)
		explicit_bzero(io->buf, NLIO_DATAGRAM_MAX_BYTES);
	free(io->buf);
	io->buf = NULL;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int wait_readable(const struct nlio *io, int64_t deadline_ms)
{
	struct pollfd p = { .fd = io->fd, .events = POLLIN };
	for (;;) {
		int64_t left = deadline_ms - now_ms();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/*
 * Reads one datagram of the kernel into buf (size bytes); bytes, or negative errno.  In a dump the
 * next one is always there: it is only waited for, and the clock only asked, when it is not.
 */
static int receive(const struct nlio *io, void *buf, size_t size)
{
	int64_t deadline_ms = 0;
	for (;;) {
		struct sockaddr_nl from = { .nl_family = AF_NETLINK };
		struct iovec iov = { .iov_base = buf, .iov_len = size };
		struct msghdr m = { .msg_name = &from,
				    .msg_namelen = sizeof(from),
				    .msg_iov = &iov,
				    .msg_iovlen = 1 };
		ssize_t n = recvmsg(io->fd, &m, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN) {
			if (!deadline_ms)
				deadline_ms = now_ms() + io->timeout_ms;
			int rc = wait_readable(io, deadline_ms);
			if (rc)
				return rc;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (m.msg_namelen == sizeof(from) && from.nl_pid != 0)
			continue; /* another process, not the kernel */
		return m.msg_flags & MSG_TRUNC ? -EMSGSIZE : (int)n;
	}
}

static int send_all(const struct nlio *io, const void *data, size_t len)
{
	for (;;) {
		ssize_t n = send(io->fd, data, len, 0);
		if (n >= 0)
			return (size_t)n == len ? 0 : -EMSGSIZE;
		if (errno != EINTR)
			return -errno;
	}
}

static void set_ack(struct nlio_ack *ack, int error, const char *words, size_t len)
{
	size_t n = len < sizeof(ack->words) - 1 ? len : sizeof(ack->words) - 1;
	ack->error = error;
	memcpy(ack->words, words, n);
	ack->words[n] = 0;
}

/* The attributes of an extended acknowledgement, behind len bytes of the payload. */
static void read_words(const struct nlmsghdr *h, size_t skip, struct nlio_ack *ack)
{
	struct nlattr *attrs[NLMSGERR_ATTR_MAX + 1];
	size_t len = (size_t)nlmsg_datalen(h);
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || len <= skip)
		return;
	struct nlattr *first = (void *)((uintptr_t)nlmsg_data(h) + skip);
	if (nla_parse(attrs, NLMSGERR_ATTR_MAX, first, (int)(len - skip), NULL) < 0)
		return;
	struct nlattr *text = attrs[NLMSGERR_ATTR_MSG];
	if (text)
		set_ack(ack, ack->error, nla_data(text), strnlen(nla_data(text), nla_len(text)));
}

static void read_ack(const struct nlmsghdr *h, struct nlio_ack *ack)
{
	struct nlmsgerr x;
	if (nlmsg_datalen(h) < (int)sizeof(x)) {
		set_ack(ack, -EBADMSG, "", 0);
		return;
	}
	memcpy(&x, nlmsg_data(h), sizeof(x));
	set_ack(ack, x.error > 0 ? -x.error : x.error, "", 0);
	/* A capped acknowledgement repeats only the header of the request, else all of it. */
	size_t skip = sizeof(x);
	if (!(h->nlmsg_flags & NLM_F_CAPPED) && x.msg.nlmsg_len >= NLMSG_HDRLEN)
		skip += NLMSG_ALIGN(x.msg.nlmsg_len - NLMSG_HDRLEN);
	read_words(h, skip, ack);
}

/* The end of a dump carries an error too. */
static void read_done(const struct nlmsghdr *h, struct nlio_ack *ack)
{
	int error = 0;
	if (nlmsg_datalen(h) >= (int)sizeof(error))
		memcpy(&error, nlmsg_data(h), sizeof(error));
	set_ack(ack, error < 0 ? error : 0, "", 0);
	read_words(h, sizeof(error), ack);
}

int nlio_request(struct nlio *io, struct nlmsghdr *h, nlio_fn fn, void *arg, struct nlio_ack *ret)
{
	int result = 0;
	h->nlmsg_seq = ++io->seq;
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	set_ack(ret, 0, "", 0);
	int rc = send_all(io, h, h->nlmsg_len);
	while (rc == 0) {
		rc = receive(io, io->buf, NLIO_DATAGRAM_MAX_BYTES);
		if (rc < 0)
			break;
		struct nlmsghdr *m = (void *)io->buf;
		for (int left = rc; nlmsg_ok(m, left); m = nlmsg_next(m, &left)) {
			if (m->nlmsg_seq != io->seq)
				continue; /* late answer to a request that timed out */
			if (m->nlmsg_type == NLMSG_ERROR) {
				read_ack(m, ret);
				return ret->error ? ret->error : result;
			}
			if (fn && !result)
				result = fn(arg, m);
		}
		rc = 0;
	}
	set_ack(ret, rc, "", 0);
	return rc;
}

/* ---- batches ---- */

/* Numbers the messages; the last one asks for an acknowledgement. */
static void number(struct nlio *io, void *msgs, size_t len, size_t n)
{
	int left = (int)len;
	struct nlmsghdr *h = msgs;
	for (size_t i = 0; i < n && nlmsg_ok(h, left); i++, h = nlmsg_next(h, &left)) {
		h->nlmsg_seq = ++io->seq;
		h->nlmsg_flags |= NLM_F_REQUEST;
		if (i + 1 == n)
			h->nlmsg_flags |= NLM_F_ACK;
	}
}

/* Takes the acknowledgements out of a datagram; true when the last one was among them. */
static bool take_acks(const struct nlio *io, int len, uint32_t first, size_t n,
		      struct nlio_ack *ret_acks)
{
	bool last = false;
	struct nlmsghdr *m = (void *)io->buf;
	for (; nlmsg_ok(m, len); m = nlmsg_next(m, &len)) {
		uint32_t i = m->nlmsg_seq - first;
		if (m->nlmsg_type != NLMSG_ERROR || i >= n)
			continue;
		read_ack(m, &ret_acks[i]);
		last = last || i + 1 == n;
	}
	return last;
}

int nlio_batch(struct nlio *io, void *msgs, size_t len, size_t n, struct nlio_ack *ret_acks)
{
	uint32_t first = io->seq + 1;
	for (size_t i = 0; i < n; i++)
		set_ack(&ret_acks[i], 0, "", 0);
	if (!n)
		return 0;
	number(io, msgs, len, n);
	int rc = send_all(io, msgs, len);
	while (rc == 0) {
		rc = receive(io, io->buf, NLIO_DATAGRAM_MAX_BYTES);
		if (rc >= 0 && take_acks(io, rc, first, n, ret_acks))
			return 0;
		rc = rc < 0 ? rc : 0;
	}
	/* Silence meant success only if the last answer came. */
	for (size_t i = 0; i < n; i++)
		if (!ret_acks[i].error)
			ret_acks[i].error = rc;
	return rc;
}

/* ---- dumps ---- */

enum { BLOCK_BYTES = 1 << 20 };

/* Whole datagrams, one behind the other. */
struct block {
	struct block *next;
	size_t used;
	_Alignas(8) uint8_t data[BLOCK_BYTES];
};

struct pile {
	struct block *first, *last;
};

static void pile_clear(struct pile *p)
{
	while (p->first) {
		struct block *b = p->first;
		p->first = b->next;
		explicit_bzero(b->data, b->used);
		free(b);
	}
	p->last = NULL;
}

/* Room for one more datagram; NULL without memory. */
static struct block *pile_room(struct pile *p)
{
	if (p->last && BLOCK_BYTES - p->last->used >= NLIO_DATAGRAM_MAX_BYTES)
		return p->last;
	struct block *b = malloc(sizeof(*b));
	if (!b)
		return NULL;
	b->next = NULL;
	b->used = 0;
	*(p->last ? &p->last->next : &p->first) = b;
	p->last = b;
	return b;
}

struct scan {
	bool done, changed;
};

static int scan_datagram(const struct nlio *io, void *data, int len, struct scan *s,
			 struct nlio_ack *ack)
{
	struct nlmsghdr *m = data;
	for (; nlmsg_ok(m, len); m = nlmsg_next(m, &len)) {
		if (m->nlmsg_seq != io->seq)
			continue;
		s->changed = s->changed || m->nlmsg_flags & NLM_F_DUMP_INTR;
		if (m->nlmsg_type == NLMSG_DONE) {
			read_done(m, ack);
			s->done = true;
		} else if (m->nlmsg_type == NLMSG_ERROR) {
			read_ack(m, ack);
			s->done = true;
		}
	}
	return len > 0 ? -EBADMSG : 0;
}

/* One attempt: the whole answer into the pile. */
static int collect(struct nlio *io, struct nlmsghdr *h, struct pile *p, struct scan *s,
		   struct nlio_ack *ack)
{
	*s = (struct scan){ .done = false };
	h->nlmsg_seq = ++io->seq;
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	int rc = send_all(io, h, h->nlmsg_len);
	while (rc == 0 && !s->done) {
		struct block *b = pile_room(p);
		if (!b)
			return -ENOMEM;
		int n = receive(io, b->data + b->used, NLIO_DATAGRAM_MAX_BYTES);
		if (n < 0)
			return n;
		rc = scan_datagram(io, b->data + b->used, n, s, ack);
		b->used += NLMSG_ALIGN((size_t)n);
	}
	return rc ? rc : ack->error;
}

static int hand_out(struct pile *p, uint32_t seq, nlio_fn fn, void *arg)
{
	for (struct block *b = p->first; b; b = b->next) {
		struct nlmsghdr *m = (void *)b->data;
		for (int left = (int)b->used; nlmsg_ok(m, left); m = nlmsg_next(m, &left)) {
			if (m->nlmsg_seq != seq || m->nlmsg_type < NLMSG_MIN_TYPE)
				continue;
			int rc = fn(arg, m);
			if (rc)
				return rc;
		}
	}
	return 0;
}

int nlio_dump(struct nlio *io, struct nlmsghdr *h, nlio_fn fn, void *arg, struct nlio_ack *ret)
{
	struct pile p = { NULL, NULL };
	struct scan s = { .changed = true };
	int rc = 0;
	set_ack(ret, 0, "", 0);
	for (int i = 0; i < NLIO_DUMP_TRIES && s.changed && !rc; i++) {
		pile_clear(&p);
		rc = collect(io, h, &p, &s, ret);
	}
	uint32_t seq = io->seq;
	if (rc)
		ret->error = rc;
	else
		rc = hand_out(&p, seq, fn, arg);
	pile_clear(&p);
	return rc;
}
