/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netlink's answers and events as PF_KEY messages, one per call.
 *
 * The first datagram in the socket is looked at, not taken, until the last message made of it is
 * handed out.  Then those behind it that say nothing in PF_KEY are taken as well, so that
 * poll(2) wakes nobody for nothing.  The kernel acknowledges in the order of the requests: when an
 * acknowledgement comes, older requests without one have lost theirs (the socket was full), and
 * are answered with ENOBUFS.
 */
#include "kame_session.h"
#include "nlio.h"
#include "pfkey_io.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* ---- datagrams ---- */

/* Looks at the first datagram: 1, 0 if there is none, negative errno. */
static int fill(struct kame_session *s)
{
	for (;;) {
		struct sockaddr_nl from = { .nl_family = AF_NETLINK };
		socklen_t len = sizeof(from);
		uint8_t byte;
		ssize_t n = recvfrom(s->fd, s->in, NLIO_DATAGRAM_MAX_BYTES,
				     MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT, (struct sockaddr *)&from,
				     &len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		bool stranger = len == sizeof(from) && from.nl_pid; /* not the kernel */
		if (stranger || n > NLIO_DATAGRAM_MAX_BYTES) {
			recv(s->fd, &byte, sizeof(byte), MSG_DONTWAIT);
			continue;
		}
		s->in_len = (size_t)n;
		s->in_at = 0;
		s->in_hand = true;
		return 1;
	}
}

/* Takes the datagram in hand out of the socket, which makes the kernel go on with a dump. */
static void consume(struct kame_session *s)
{
	uint8_t byte;
	explicit_bzero(s->in, s->in_len);
	s->in_hand = false;
	while (recv(s->fd, &byte, sizeof(byte), MSG_DONTWAIT) < 0) {
		if (errno == EAGAIN)
			return;
		if (errno == EINTR)
			continue;
		if (s->error) /* twice: not the sign of an overrun */
			return;
		s->error = -errno;
		s->overrun = s->overrun || errno == ENOBUFS;
	}
}

/* ---- answers ---- */

/* The header of the request with an errno, as AF_KEY answers. */
static void add_header(const struct kame_request *q, int error, struct kame_list *to)
{
	struct sadb_msg h = *q->msg;
	h.sadb_msg_len = sizeof(h) / 8;
	h.sadb_msg_errno = (uint8_t)(error > UINT8_MAX ? EINVAL : error);
	kame_list_add(to, &h, sizeof(h));
}

static void add_success(struct kame_session *s, struct kame_request *q, struct kame_list *to)
{
	switch (q->type) {
	case SADB_FLUSH: /* and once more, by the event, if there was something to flush */
	case SADB_X_SPDFLUSH:
		add_header(q, 0, to);
		break;
	case SADB_ACQUIRE:
	case SADB_X_MIGRATE: /* the event is all that is told */
		break;
	default:
		if (!q->answers.first)
			kame_netlink_repeat(s, q, to);
	}
	kame_list_move(to, &q->answers);
}

/* A promiscuous socket hears everything that it is told once more. */
static void tell(struct kame_session *s, struct kame_list *what)
{
	struct sadb_msg *msg;
	size_t len;
	while (kame_list_take(what, &msg, &len)) {
		kame_list_add(&s->out, msg, len);
		if (s->promisc)
			kame_list_add(&s->out, msg, len);
		pfkey_io_free(msg, len);
	}
}

/* The end of a request, error being negative errno. */
static void answer(struct kame_session *s, struct kame_request *q, int error)
{
	struct kame_list told = { NULL, NULL };
	if (q->type) {
		if (q->echo)
			kame_list_add(&s->out, q->msg, q->len);
		if (q->error)
			error = -q->error;
		if (error)
			add_header(q, -error, &told);
		else
			add_success(s, q, &told);
	}
	tell(s, &told);
	kame_requests_drop(&s->requests, q);
}

static void answer_lost(struct kame_session *s, const struct kame_request *until)
{
	struct kame_request *q = s->requests.first;
	while (q && q != until) {
		struct kame_request *next = q->next;
		if (!q->dump)
			answer(s, q, -ENOBUFS);
		q = next;
	}
}

/* ---- dumps ---- */

static void send_next_dump(struct kame_session *s)
{
	struct kame_request *q = s->requests.first;
	while (q && !q->unsent)
		q = q->next;
	while (q) {
		struct kame_request *next = q->next;
		int rc = kame_netlink_send_later(s, q);
		if (!rc)
			return;
		answer(s, q, rc);
		for (q = next; q && !q->unsent;)
			q = q->next;
	}
}

/* The last entry has the sequence number 0; a dump without entries is an error. */
static void end_dump(struct kame_session *s, struct kame_request *q, int error)
{
	struct kame_dump *d = &s->dump;
	struct kame_list told = { NULL, NULL };
	d->running = false;
	if (!error && d->changed)
		error = -EAGAIN; /* something may be missing */
	if (!d->held) {
		answer(s, q, error ? error : -ENOENT);
	} else {
		d->held->sadb_msg_seq = 0;
		d->held->sadb_msg_errno = (uint8_t)-error;
		kame_list_add(&told, d->held, d->held_len);
		pfkey_io_free(d->held, d->held_len);
		d->held = NULL;
		tell(s, &told);
		kame_requests_drop(&s->requests, q);
	}
	send_next_dump(s);
}

/* Each entry is held until the next one shows that it was not the last. */
static void on_entry(struct kame_session *s, const struct nlmsghdr *h, struct kame_request *q)
{
	struct kame_dump *d = &s->dump;
	struct kame_list one = { NULL, NULL };
	size_t len = kame_netlink_entry(s, h, q);
	if (!len)
		return;
	if (d->held) {
		kame_list_add(&one, d->held, d->held_len);
		pfkey_io_free(d->held, d->held_len);
		d->held = NULL;
		tell(s, &one);
	}
	if (kame_list_add(&one, s->reply, len))
		d->changed = true;
	else
		kame_list_take(&one, &d->held, &d->held_len);
	explicit_bzero(s->reply, len);
}

static int read_error(const struct nlmsghdr *h)
{
	int error = 0;
	if (nlmsg_datalen(h) >= (int)sizeof(error))
		memcpy(&error, nlmsg_data(h), sizeof(error));
	return error < 0 ? error : 0;
}

static void on_dump(struct kame_session *s, const struct nlmsghdr *h, struct kame_request *q)
{
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		s->dump.changed = true;
	if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
		end_dump(s, q, read_error(h));
	else if (h->nlmsg_type >= NLMSG_MIN_TYPE)
		on_entry(s, h, q);
}

/* ---- messages ---- */

/* The event of a migration does not say whose it is; ours comes before our acknowledgement. */
static struct kame_request *migration(const struct kame_session *s)
{
	struct kame_request *q = s->requests.first;
	while (q && (q->dump || q->unsent))
		q = q->next;
	return q && q->type == SADB_X_MIGRATE && !q->error && !q->answers.first ? q : NULL;
}

static void on_event(struct kame_session *s, const struct nlmsghdr *h)
{
	struct kame_list told = { NULL, NULL };
	struct kame_request *q = h->nlmsg_type == XFRM_MSG_MIGRATE ? migration(s) : NULL;
	kame_netlink_event(s, h, q ? &q->answers : &told);
	tell(s, &told);
}

static void on_message(struct kame_session *s, const struct nlmsghdr *h)
{
	struct kame_request *q =
		h->nlmsg_pid == s->portid ? kame_requests_find(&s->requests, h->nlmsg_seq) : NULL;
	if (!q) {
		if (h->nlmsg_type >= NLMSG_MIN_TYPE)
			on_event(s, h);
	} else if (q->dump) {
		on_dump(s, h, q);
	} else if (h->nlmsg_type == NLMSG_ERROR) {
		answer_lost(s, q);
		answer(s, q, read_error(h));
	} else if (h->nlmsg_type >= NLMSG_MIN_TYPE) {
		kame_netlink_answer(s, h, q);
	}
}

/* The next message of the datagram in hand: false if there is no more. */
static bool translate(struct kame_session *s)
{
	struct nlmsghdr *h = (void *)(s->in + s->in_at);
	int left = (int)(s->in_len - s->in_at);
	if (!s->in_hand || left <= 0 || !nlmsg_ok(h, left))
		return false;
	size_t step = NLMSG_ALIGN((size_t)h->nlmsg_len);
	s->in_at = step < (size_t)left ? s->in_at + step : s->in_len;
	on_message(s, h);
	return true;
}

/* ---- receiving ---- */

/* Makes messages until there is one to hand out: 1, 0 if there is none, negative errno. */
static int make(struct kame_session *s)
{
	for (;;) {
		if (s->out.first)
			return 1;
		if (translate(s))
			continue;
		if (s->in_hand)
			consume(s);
		int rc = fill(s);
		if (rc < 0)
			return rc;
		if (rc > 0)
			continue;
		bool owing = s->overrun && s->requests.first;
		s->overrun = false;
		if (!owing || kame_netlink_send_barrier(s)) /* tells what was lost */
			return 0;
	}
}

static bool has_error(const struct kame_session *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	return poll(&p, 1, 0) > 0 && p.revents & POLLERR;
}

/* After a message: what says nothing goes, unless an error of the socket is to be told first. */
static void settle(struct kame_session *s)
{
	while (translate(s))
		if (s->out.first)
			return;
	if (s->in_hand)
		consume(s);
	if (has_error(s))
		return;
	int rc = make(s);
	if (rc < 0)
		s->error = rc;
}

int kame_netlink_recv(struct kame_session *s, struct sadb_msg **ret, size_t *ret_len)
{
	int rc = s->error;
	s->error = 0;
	if (!rc)
		rc = make(s);
	if (rc == -ENOBUFS)
		s->overrun = true;
	if (rc <= 0)
		return rc;
	kame_list_take(&s->out, ret, ret_len);
	if (!s->out.first)
		settle(s);
	return 1;
}
