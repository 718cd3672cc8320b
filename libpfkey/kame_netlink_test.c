/* SPDX-License-Identifier: BSD-2-Clause */
/* The KAME interface over netlink, with a socket pair in the kernel's place. */
#include "kame_session.h"

#include <libpfkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netlink/attr.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PORTID = 4711, SPI = 0x1234, SEQ = 99, DATAGRAM = 1 << 15 };

static int so, kernel;
static _Alignas(8) uint8_t request_buf[DATAGRAM], said[DATAGRAM];
static size_t said_len;
static struct sockaddr_in src = { .sin_family = AF_INET }, dst = { .sin_family = AF_INET };
static char keys[] = "0123456789abcdefABCDEFGHIJKLMNOPQRST";
#define SRC ((struct sockaddr *)&src)
#define DST ((struct sockaddr *)&dst)

static int setup(void **state)
{
	int fds[2], size = 1 << 20;
	(void)state;
	src.sin_addr.s_addr = inet_addr("192.0.2.1");
	dst.sin_addr.s_addr = inet_addr("192.0.2.2");
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds))
		return -1;
	so = fds[0];
	kernel = fds[1];
	setsockopt(so, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	fcntl(so, F_SETFL, O_NONBLOCK);
	said_len = 0;
	return kame_session_attach(so, PORTID);
}

static int teardown(void **state)
{
	(void)state;
	pfkey_close(so);
	return close(kernel);
}

/* ---- the kernel's side ---- */

/* The next request, as the kernel reads it. */
static struct nlmsghdr *request(uint16_t type)
{
	struct nlmsghdr *h = (void *)request_buf;
	ssize_t n = recv(kernel, request_buf, sizeof(request_buf), MSG_DONTWAIT);
	assert_true(n >= NLMSG_HDRLEN);
	assert_int_equal(h->nlmsg_len, n);
	assert_int_equal(h->nlmsg_pid, PORTID);
	assert_int_equal(h->nlmsg_type, type);
	return h;
}

static void nothing_was_sent(void)
{
	assert_int_equal(recv(kernel, request_buf, sizeof(request_buf), MSG_DONTWAIT), -1);
}

/* Lays a message into the datagram that is being written. */
static void say(uint16_t type, uint16_t flags, uint32_t seq, uint32_t pid, const void *body,
		size_t len)
{
	struct nlmsghdr h = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len),
			      .nlmsg_type = type,
			      .nlmsg_flags = flags,
			      .nlmsg_seq = seq,
			      .nlmsg_pid = pid };
	assert_true(said_len + NLMSG_ALIGN(h.nlmsg_len) <= sizeof(said));
	memset(said + said_len, 0, NLMSG_ALIGN(h.nlmsg_len));
	memcpy(said + said_len, &h, sizeof(h));
	memcpy(said + said_len + NLMSG_HDRLEN, body, len);
	said_len += NLMSG_ALIGN(h.nlmsg_len);
}

static void send_said(void)
{
	assert_int_equal(send(kernel, said, said_len, 0), said_len);
	said_len = 0;
}

static void acknowledge(uint32_t seq, int error)
{
	struct nlmsgerr e = { .error = -error };
	say(NLMSG_ERROR, 0, seq, PORTID, &e, sizeof(e));
	send_said();
}

static struct keydb_sa an_sa(uint32_t spi)
{
	struct keydb_sa sa;
	memset(&sa, 0, sizeof(sa));
	sa.id.src.sin = src;
	sa.id.dst.sin = dst;
	sa.id.spi = spi;
	sa.id.proto = KEYDB_PROTO_ESP;
	sa.mode = KEYDB_MODE_TUNNEL;
	sa.reqid = 7;
	sa.sel.src_port_any = sa.sel.dst_port_any = true;
	keydb_alg_set(&sa.encr, keydb_alg_by_id(KEYDB_ALG_AES_CBC), keys, 16, 0);
	keydb_alg_set(&sa.auth, keydb_alg_by_id(KEYDB_ALG_HMAC_SHA1), keys + 16, 20, 0);
	return sa;
}

static void say_sa(uint16_t type, uint16_t flags, uint32_t seq, uint32_t pid, uint32_t spi)
{
	struct nl_msg *m = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	struct keydb_sa sa = an_sa(spi);
	const char *why;
	assert_int_equal(xfrm_encode_sa(m, &sa, 0, &why), 0);
	say(type, flags, seq, pid, nlmsg_data(nlmsg_hdr(m)), (size_t)nlmsg_datalen(nlmsg_hdr(m)));
	nlmsg_free(m);
}

static void say_policy(uint16_t type, uint32_t seq, uint32_t pid, uint32_t index, bool sub)
{
	struct nl_msg *m = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	struct keydb_policy p;
	const char *why;
	memset(&p, 0, sizeof(p));
	p.sel.src.sin = src;
	p.sel.dst.sin = dst;
	p.sel.src_bits = p.sel.dst_bits = 24;
	p.sel.src_port_any = p.sel.dst_port_any = true;
	p.dir = KEYDB_DIR_OUT;
	p.action = KEYDB_ACTION_NONE;
	p.index = index;
	p.sub = sub;
	assert_int_equal(xfrm_encode_policy(m, &p, &why), 0);
	say(type, 0, seq, pid, nlmsg_data(nlmsg_hdr(m)), (size_t)nlmsg_datalen(nlmsg_hdr(m)));
	nlmsg_free(m);
}

/* ---- the program's side ---- */

static bool is_readable(void)
{
	struct pollfd p = { .fd = so, .events = POLLIN };
	return poll(&p, 1, 0) == 1;
}

/* The next message; nothing more is asked of it than that it can be read. */
static struct sadb_message heard(uint8_t type, int error)
{
	struct sadb_message m;
	const char *why;
	assert_true(is_readable());
	struct sadb_msg *msg = pfkey_recv(so);
	if (!msg)
		fail_msg("%s", ipsec_strerror());
	if (sadb_decode(PFKEY_REPLY, msg, (size_t)msg->sadb_msg_len * 8, &m, &why) &&
	    sadb_decode(PFKEY_REQUEST, msg, (size_t)msg->sadb_msg_len * 8, &m, &why))
		fail_msg("%s", why);
	free(msg);
	assert_int_equal(m.type, type);
	assert_int_equal(m.error, error);
	return m;
}

static void silence(void)
{
	assert_null(pfkey_recv(so));
	assert_int_equal(errno, EAGAIN);
	assert_false(is_readable());
}

static struct pfkey_send_sa_args sa_args(void)
{
	return (struct pfkey_send_sa_args){ .so = so,
					    .satype = SADB_SATYPE_ESP,
					    .mode = IPSEC_MODE_TUNNEL,
					    .src = SRC,
					    .dst = DST,
					    .spi = htonl(SPI),
					    .reqid = 7,
					    .wsize = 255,
					    .keymat = keys,
					    .e_type = SADB_X_EALG_AESCBC,
					    .e_keylen = 16,
					    .a_type = SADB_X_AALG_SHA2_256HMAC,
					    .a_keylen = 20,
					    .l_addtime = 3600,
					    .seq = SEQ };
}

static uint32_t add(void)
{
	struct pfkey_send_sa_args a = sa_args();
	assert_true(pfkey_send_add2(&a) > 0);
	return request(XFRM_MSG_NEWSA)->nlmsg_seq;
}

/* ---- requests ---- */

static void an_add_is_a_newsa(void **state)
{
	struct pfkey_send_sa_args a = sa_args();
	struct keydb_sa sa;
	uint32_t ifindex;
	(void)state;
	a.l_natt_type = 2;
	a.l_natt_sport = htons(4500);
	a.l_natt_dport = htons(4501);
	assert_true(pfkey_send_add2(&a) > 0);
	struct nlmsghdr *h = request(XFRM_MSG_NEWSA);
	assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	assert_int_equal(xfrm_decode_sa(nlmsg_data(h), (size_t)nlmsg_datalen(h), &sa, &ifindex), 0);
	assert_int_equal(sa.id.spi, SPI);
	assert_int_equal(sa.reqid, 7);
	assert_int_equal(sa.kernel_seq, SEQ);
	assert_int_equal(sa.replay_window_pkts, 32); /* AF_KEY's limit */
	assert_int_equal(sa.auth.icv_bits, 128);     /* RFC 4868 */
	assert_memory_equal(sa.encr.key, keys, 16);
	assert_memory_equal(sa.auth.key, keys + 16, 20);
	assert_int_equal(sa.limits.hard_add_sec, 3600);
	assert_int_equal(sa.limits.soft_add_sec, 3600 * 80 / 100);
	assert_int_equal(sa.encap_src_port, 4500);
	assert_int_equal(sa.encap_dst_port, 4501);
}

static void every_request_is_one_of_netlink(void **state)
{
	ipsec_policy_t p = ipsec_set_policy("out ipsec esp/transport//require", 32);
	int len = ipsec_get_policylen(p);
	struct pfkey_send_sa_args a = sa_args();
	(void)state;
	pfkey_send_update2(&a);
	assert_true(request(XFRM_MSG_UPDSA)->nlmsg_flags & NLM_F_REPLACE);
	pfkey_send_delete(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi);
	request(XFRM_MSG_DELSA);
	pfkey_send_get(so, SADB_SATYPE_AH, 0, SRC, DST, a.spi);
	request(XFRM_MSG_GETSA);
	pfkey_send_getspi(so, SADB_X_SATYPE_IPCOMP, IPSEC_MODE_ANY, SRC, DST, 0, 0, 0, 1);
	struct nlmsghdr *h = request(XFRM_MSG_ALLOCSPI);
	const struct xfrm_userspi_info *x = nlmsg_data(h);
	assert_int_equal(x->min, 0x100);
	assert_int_equal(x->max, 0xffff);
	pfkey_send_flush(so, SADB_SATYPE_UNSPEC);
	assert_int_equal(((struct xfrm_usersa_flush *)nlmsg_data(request(XFRM_MSG_FLUSHSA)))->proto,
			 255);
	pfkey_send_spdadd(so, SRC, 24, DST, 24, 255, p, len, 1);
	assert_true(request(XFRM_MSG_NEWPOLICY)->nlmsg_flags & NLM_F_EXCL);
	pfkey_send_spdsetidx(so, SRC, 24, DST, 24, 255, p, len, 1);
	request(XFRM_MSG_NEWPOLICY);
	pfkey_send_spdupdate(so, SRC, 24, DST, 24, 255, p, len, 1);
	request(XFRM_MSG_UPDPOLICY);
	pfkey_send_spddelete(so, SRC, 24, DST, 24, 255, p, len, 1);
	assert_int_equal(
		((struct xfrm_userpolicy_id *)nlmsg_data(request(XFRM_MSG_DELPOLICY)))->index, 0);
	pfkey_send_spddelete2(so, 9);
	assert_int_equal(
		((struct xfrm_userpolicy_id *)nlmsg_data(request(XFRM_MSG_DELPOLICY)))->index, 9);
	pfkey_send_spdget(so, 9);
	request(XFRM_MSG_GETPOLICY);
	pfkey_send_spdflush(so);
	request(XFRM_MSG_FLUSHPOLICY);
	pfkey_send_spddump(so);
	assert_true(request(XFRM_MSG_GETPOLICY)->nlmsg_flags & NLM_F_DUMP);
	free(p);
}

static void a_migration_is_one_of_netlink(void **state)
{
	static const char words[] = "out ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:7 "
				    "esp/tunnel/192.0.2.3-192.0.2.2/unique:7";
	ipsec_policy_t p = ipsec_set_policy(words, sizeof(words) - 1);
	struct xfrm_migration x;
	(void)state;
	assert_true(pfkey_send_migrate(so, SRC, DST, SRC, 24, DST, 24, 255, p,
				       ipsec_get_policylen(p), SEQ) > 0);
	struct nlmsghdr *h = request(XFRM_MSG_MIGRATE);
	uint32_t seq = h->nlmsg_seq;
	assert_int_equal(xfrm_decode_migration(nlmsg_data(h), (size_t)nlmsg_datalen(h), &x), 0);
	assert_int_equal(x.policy.n_templates, 1);
	assert_int_equal(x.moved[0].src.sin.sin_addr.s_addr, inet_addr("192.0.2.3"));
	assert_int_equal(x.km_dst.sin.sin_addr.s_addr, dst.sin_addr.s_addr);
	/* The event says of nobody that it is his; it is the only answer. */
	say(XFRM_MSG_MIGRATE, 0, 0, 0, nlmsg_data(h), (size_t)nlmsg_datalen(h));
	send_said();
	acknowledge(seq, 0);
	struct sadb_message m = heard(SADB_X_MIGRATE, 0);
	assert_int_equal(m.seq, 0);
	assert_int_equal(m.moved[0].src.sin.sin_addr.s_addr, inet_addr("192.0.2.3"));
	silence();
	free(p);
}

static void reqids_are_those_of_unique_requests(void **state)
{
	static const char words[] = "out ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique "
				    "ah/transport//unique:5 ipcomp/transport//use";
	ipsec_policy_t p = ipsec_set_policy(words, sizeof(words) - 1);
	struct keydb_policy x;
	(void)state;
	pfkey_send_spdadd(so, SRC, 24, DST, 24, 255, p, ipsec_get_policylen(p), 1);
	struct nlmsghdr *h = request(XFRM_MSG_NEWPOLICY);
	assert_int_equal(xfrm_decode_policy(nlmsg_data(h), (size_t)nlmsg_datalen(h), &x), 0);
	assert_int_equal(x.n_templates, 3);
	assert_true(x.templates[0].reqid > KEYDB_REQID_MANUAL_MAX);
	assert_int_equal(x.templates[1].reqid, 5);
	assert_int_equal(x.templates[2].level, KEYDB_LEVEL_USE);
	free(p);
}

/* The kernel only acknowledges, and that is when the answer may be heard. */
static void refusal(struct sadb_msg *m, int error)
{
	m->sadb_msg_version = PF_KEY_V2;
	m->sadb_msg_len = sizeof(*m) / 8;
	m->sadb_msg_seq = SEQ;
	assert_int_equal(pfkey_send(so, m, sizeof(*m)), sizeof(*m));
	uint32_t seq = request(XFRM_MSG_GETSADINFO)->nlmsg_seq;
	silence();
	acknowledge(seq, 0);
	struct sadb_msg *got = pfkey_recv(so);
	assert_non_null(got);
	m->sadb_msg_errno = (uint8_t)error; /* the rest is as it was */
	assert_memory_equal(got, m, sizeof(*m));
	free(got);
	silence();
}

static void what_af_key_refuses_is_refused(void **state)
{
	static const struct {
		uint8_t type, satype;
		int error;
	} rows[] = {
		{ SADB_ADD, SADB_SATYPE_ESP, EINVAL },
		{ SADB_GETSPI, SADB_SATYPE_ESP, EINVAL },
		{ SADB_FLUSH, 5, EINVAL },
		{ SADB_DUMP, 5, EINVAL },
		{ SADB_X_PROMISC, 2, EINVAL },
		{ SADB_REGISTER, 200, EINVAL },
		{ SADB_EXPIRE, 3, EOPNOTSUPP },
		{ SADB_X_SPDEXPIRE, 0, EOPNOTSUPP },
		{ SADB_X_PCHANGE, 0, EOPNOTSUPP },
		{ SADB_X_SPDACQUIRE, 0, EOPNOTSUPP },
		{ SADB_X_SPDADD, 0, EINVAL },
		{ SADB_X_MIGRATE, 0, EINVAL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sadb_msg m = { .sadb_msg_type = rows[i].type,
				      .sadb_msg_satype = rows[i].satype };
		refusal(&m, rows[i].error);
	}
	assert_true(pfkey_send_spdget(so, 0) > 0);
	acknowledge(request(XFRM_MSG_GETSADINFO)->nlmsg_seq, 0);
	heard(SADB_X_SPDGET, ENOENT);
}

static void broken_headers_are_not_answered(void **state)
{
	struct sadb_msg m = { .sadb_msg_version = 3, .sadb_msg_type = 9, .sadb_msg_len = 2 };
	(void)state;
	assert_int_equal(pfkey_send(so, &m, sizeof(m)), -1);
	m.sadb_msg_version = PF_KEY_V2;
	m.sadb_msg_len = 3;
	assert_int_equal(pfkey_send(so, &m, sizeof(m)), -1);
	m.sadb_msg_len = 2;
	m.sadb_msg_type = SADB_MAX + 1;
	assert_int_equal(pfkey_send(so, &m, sizeof(m)), -1);
	nothing_was_sent();
}

/* An ACQUIRE that fails is no request that would be answered. */
static void a_failed_negotiation_is_not_answered(void **state)
{
	struct sadb_msg m = { .sadb_msg_version = PF_KEY_V2,
			      .sadb_msg_type = SADB_ACQUIRE,
			      .sadb_msg_errno = ETIMEDOUT,
			      .sadb_msg_len = 2,
			      .sadb_msg_seq = 5 };
	(void)state;
	assert_int_equal(pfkey_send(so, &m, sizeof(m)), sizeof(m));
	nothing_was_sent();
}

/* ---- answers ---- */

static void our_change_is_told_when_it_is_acknowledged(void **state)
{
	(void)state;
	uint32_t seq = add();
	say_sa(XFRM_MSG_NEWSA, 0, seq, PORTID, SPI);
	send_said();
	assert_null(pfkey_recv(so)); /* the event waits for the acknowledgement */
	acknowledge(seq, 0);
	struct sadb_message m = heard(SADB_ADD, 0);
	assert_int_equal(m.seq, SEQ);
	assert_int_equal(m.pid, (uint32_t)getpid());
	assert_int_equal(m.sa.id.spi, SPI);
	assert_int_equal(m.sa.state, KEYDB_SA_MATURE);
	silence();
}

static void without_an_event_the_request_is_repeated(void **state)
{
	(void)state;
	acknowledge(add(), 0);
	struct sadb_message m = heard(SADB_ADD, 0);
	assert_int_equal(m.sa.id.spi, SPI);
	assert_int_equal(m.sa.encr.key_bits, 0); /* RFC 2367 3.1.3: no keys */
	silence();
}

static void errors_are_headers(void **state)
{
	(void)state;
	acknowledge(add(), EEXIST);
	assert_int_equal(heard(SADB_ADD, EEXIST).seq, SEQ);
	assert_true(pfkey_send_get(so, SADB_SATYPE_ESP, 0, SRC, DST, htonl(SPI)) > 0);
	acknowledge(request(XFRM_MSG_GETSA)->nlmsg_seq, ESRCH);
	heard(SADB_GET, ESRCH);
	silence();
}

static void what_is_asked_for_is_told_whole(void **state)
{
	(void)state;
	assert_true(pfkey_send_get(so, SADB_SATYPE_ESP, 0, SRC, DST, htonl(SPI)) > 0);
	uint32_t seq = request(XFRM_MSG_GETSA)->nlmsg_seq;
	say_sa(XFRM_MSG_NEWSA, 0, seq, PORTID, SPI);
	send_said();
	acknowledge(seq, 0);
	struct sadb_message m = heard(SADB_GET, 0);
	assert_memory_equal(m.sa.encr.key, keys, 16);
	assert_true(m.present & 1u << SADB_EXT_LIFETIME_SOFT);
	assert_true(m.present & 1u << SADB_EXT_LIFETIME_CURRENT);
	silence();
}

/* AF_KEY does it, too: the answer, and what everybody hears. */
static void a_flush_is_told_twice_if_something_went(void **state)
{
	struct xfrm_usersa_flush x = { .proto = 50 };
	(void)state;
	pfkey_send_flush(so, SADB_SATYPE_ESP);
	uint32_t seq = request(XFRM_MSG_FLUSHSA)->nlmsg_seq;
	say(XFRM_MSG_FLUSHSA, 0, seq, PORTID, &x, sizeof(x));
	send_said();
	acknowledge(seq, 0);
	heard(SADB_FLUSH, 0);
	heard(SADB_FLUSH, 0);
	silence();
	pfkey_send_flush(so, SADB_SATYPE_ESP);
	acknowledge(request(XFRM_MSG_FLUSHSA)->nlmsg_seq, 0);
	heard(SADB_FLUSH, 0);
	silence();
}

static void others_changes_are_heard(void **state)
{
	(void)state;
	say_sa(XFRM_MSG_UPDSA, 0, 5, 6, SPI);
	say_policy(XFRM_MSG_NEWPOLICY, 7, 8, 9, false);
	send_said();
	struct sadb_message m = heard(SADB_UPDATE, 0);
	assert_int_equal(m.seq, 5);
	assert_int_equal(m.pid, 6);
	m = heard(SADB_X_SPDADD, 0);
	assert_int_equal(m.policy.index, 9);
	assert_int_equal(m.pid, 8);
	silence();
}

static void say_deletion(uint32_t index)
{
	struct nl_msg *m = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	struct xfrm_userpolicy_id id;
	struct xfrm_userpolicy_info info;
	memset(&id, 0, sizeof(id));
	memset(&info, 0, sizeof(info));
	id.index = index;
	info.sel.family = AF_INET;
	info.index = 9;
	info.dir = XFRM_POLICY_OUT;
	assert_int_equal(nlmsg_append(m, &id, sizeof(id), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put(m, XFRMA_POLICY, sizeof(info), &info), 0);
	say(XFRM_MSG_DELPOLICY, 0, 1, 1, nlmsg_data(nlmsg_hdr(m)),
	    (size_t)nlmsg_datalen(nlmsg_hdr(m)));
	nlmsg_free(m);
	send_said();
}

static void deletions_by_index_are_told_apart(void **state)
{
	(void)state;
	say_deletion(9);
	assert_int_equal(heard(SADB_X_SPDDELETE2, 0).policy.index, 9);
	say_deletion(0);
	assert_int_equal(heard(SADB_X_SPDDELETE, 0).policy.index, 9);
}

static void an_acquire_proposes_what_was_registered(void **state)
{
	struct xfrm_user_acquire x;
	(void)state;
	memset(&x, 0, sizeof(x));
	x.id.daddr.a4 = dst.sin_addr.s_addr;
	x.saddr.a4 = src.sin_addr.s_addr;
	x.id.proto = KEYDB_PROTO_ESP;
	x.sel.family = x.policy.sel.family = AF_INET;
	x.policy.index = 9;
	x.policy.dir = XFRM_POLICY_OUT;
	x.seq = 77;
	say(XFRM_MSG_ACQUIRE, 0, 0, 0, &x, sizeof(x));
	send_said();
	struct sadb_message m = heard(SADB_ACQUIRE, 0);
	assert_int_equal(m.seq, 77);
	assert_int_equal(m.policy.index, 9);
	assert_int_equal(m.sa.id.dst.sin.sin_addr.s_addr, dst.sin_addr.s_addr);
	assert_int_equal(m.combs_replay, 32);
	silence();
}

static void what_says_nothing_wakes_nobody(void **state)
{
	(void)state;
	uint32_t seq = add();
	acknowledge(seq, 0);
	say(XFRM_MSG_NEWAE, 0, 1, 1, "", 0);
	send_said();
	say_policy(XFRM_MSG_NEWPOLICY, 1, 1, 9, true);
	send_said();
	acknowledge(seq, 0); /* a second time */
	heard(SADB_ADD, 0);
	silence();
}

static void torn_datagrams_are_skipped(void **state)
{
	(void)state;
	for (size_t n = 0; n < 200; n += 3) {
		say_sa(XFRM_MSG_NEWSA, 0, 1, 1, SPI);
		assert_int_equal(send(kernel, said, n, 0), n);
		said_len = 0;
		assert_null(pfkey_recv(so));
	}
	say_sa(XFRM_MSG_NEWSA, 0, 1, 1, SPI);
	send_said();
	heard(SADB_ADD, 0);
	silence();
}

/* Whatever bytes come: messages that can be read, or nothing; and then the next one. */
static void damaged_datagrams_do_no_harm(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 5000; i++) {
		static const uint16_t types[] = { XFRM_MSG_NEWSA,   XFRM_MSG_DELSA,
						  XFRM_MSG_ACQUIRE, XFRM_MSG_EXPIRE,
						  XFRM_MSG_MAPPING, XFRM_MSG_MIGRATE,
						  NLMSG_ERROR,      NLMSG_DONE };
		say_sa(types[rand() % 8], NLM_F_MULTI, 1, 1, SPI);
		say_policy(XFRM_MSG_NEWPOLICY, 1, 1, 9, false);
		for (int n = rand() % 8; n > 0; n--)
			said[rand() % (int)said_len] = (uint8_t)rand();
		send_said();
		for (struct sadb_msg *m; (m = pfkey_recv(so)) != NULL; free(m))
			assert_true(m->sadb_msg_len * 8u >= sizeof(*m));
		assert_int_equal(errno, EAGAIN);
	}
	say_sa(XFRM_MSG_NEWSA, 0, 1, 1, SPI);
	send_said();
	heard(SADB_ADD, 0);
	silence();
}

/* ---- dumps ---- */

static uint32_t dump(void)
{
	assert_true(pfkey_send_dump(so, SADB_SATYPE_ESP) > 0);
	struct nlmsghdr *h = request(XFRM_MSG_GETSA);
	assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	return h->nlmsg_seq;
}

static void say_done(uint32_t seq, int error)
{
	int x = -error;
	say(NLMSG_DONE, NLM_F_MULTI, seq, PORTID, &x, sizeof(x));
	send_said();
}

static void a_dump_is_numbered_and_its_last_entry_is_0(void **state)
{
	(void)state;
	uint32_t seq = dump();
	for (uint32_t i = 0; i < 6; i++) {
		say_sa(XFRM_MSG_NEWSA, NLM_F_MULTI, seq, PORTID, SPI + i);
		if (i % 3 == 2)
			send_said();
	}
	say_done(seq, 0);
	for (uint32_t i = 0; i < 6; i++) {
		struct sadb_message m = heard(SADB_DUMP, 0);
		assert_int_equal(m.seq, i == 5 ? 0 : i + 1);
		assert_int_equal(m.sa.id.spi, SPI + i);
		assert_memory_equal(m.sa.auth.key, keys + 16, 20);
	}
	silence();
}

static void events_come_between_the_entries(void **state)
{
	(void)state;
	uint32_t seq = dump();
	say_sa(XFRM_MSG_NEWSA, NLM_F_MULTI, seq, PORTID, SPI);
	send_said();
	say_sa(XFRM_MSG_NEWSA, 0, 1, 1, SPI + 9);
	send_said();
	say_done(seq, 0);
	assert_int_equal(heard(SADB_ADD, 0).sa.id.spi, SPI + 9);
	struct sadb_message m = heard(SADB_DUMP, 0);
	assert_int_equal(m.seq, 0);
	assert_int_equal(m.sa.id.spi, SPI);
	silence();
}

static void an_empty_dump_is_an_error(void **state)
{
	(void)state;
	say_done(dump(), 0);
	heard(SADB_DUMP, ENOENT);
	silence();
}

static void an_interrupted_dump_says_so_at_its_end(void **state)
{
	(void)state;
	uint32_t seq = dump();
	say_sa(XFRM_MSG_NEWSA, NLM_F_MULTI, seq, PORTID, SPI);
	say_sa(XFRM_MSG_NEWSA, NLM_F_MULTI | NLM_F_DUMP_INTR, seq, PORTID, SPI + 1);
	send_said();
	say_done(seq, 0);
	heard(SADB_DUMP, 0);
	assert_int_equal(heard(SADB_DUMP, EAGAIN).seq, 0);
	silence();
}

static void a_dump_waits_for_the_one_before(void **state)
{
	(void)state;
	uint32_t seq = dump();
	assert_true(pfkey_send_spddump(so) > 0);
	assert_true(pfkey_send_dump(so, SADB_SATYPE_AH) > 0);
	nothing_was_sent();
	acknowledge(seq, EPERM); /* also an end */
	heard(SADB_DUMP, EPERM);
	uint32_t second = request(XFRM_MSG_GETPOLICY)->nlmsg_seq;
	nothing_was_sent();
	say_policy(XFRM_MSG_NEWPOLICY, second, PORTID, 17, false);
	say_policy(XFRM_MSG_NEWPOLICY, second, PORTID, 25, true); /* not PF_KEY's */
	say_done(second, 0);
	struct sadb_message m = heard(SADB_X_SPDDUMP, 0);
	assert_int_equal(m.seq, 0);
	assert_int_equal(m.policy.index, 17);
	say_done(request(XFRM_MSG_GETSA)->nlmsg_seq, 0);
	heard(SADB_DUMP, ENOENT);
	silence();
}

/* ---- what goes wrong ---- */

static void a_lost_answer_is_an_error(void **state)
{
	(void)state;
	uint32_t first = add();
	acknowledge(add(), 0);
	heard(SADB_ADD, ENOBUFS);
	heard(SADB_ADD, 0);
	acknowledge(first, 0); /* too late, of no use */
	assert_null(pfkey_recv(so));
	silence();
}

static void requests_that_nobody_reads_are_forgotten(void **state)
{
	struct sadb_msg m = { .sadb_msg_version = PF_KEY_V2,
			      .sadb_msg_type = SADB_EXPIRE,
			      .sadb_msg_len = 2 };
	uint32_t seq = 0;
	int n = 0;
	(void)state;
	for (uint32_t i = 0; i < KAME_REQUESTS_MAX + 10; i++) {
		m.sadb_msg_seq = i;
		assert_int_equal(pfkey_send(so, &m, sizeof(m)), sizeof(m));
		seq = request(XFRM_MSG_GETSADINFO)->nlmsg_seq;
	}
	acknowledge(seq, 0);
	while (is_readable()) {
		struct sadb_msg *got = pfkey_recv(so);
		assert_int_equal(got->sadb_msg_seq, n + 10);
		free(got);
		n++;
	}
	assert_int_equal(n, KAME_REQUESTS_MAX);
}

/* ---- descriptors ---- */

static void a_reused_descriptor_is_not_mistaken(void **state)
{
	int fds[2], number = so;
	uint8_t buf[64];
	(void)state;
	close(so); /* behind our back */
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	assert_int_equal(fds[0], number);
	assert_int_equal(pfkey_send_flush(fds[0], SADB_SATYPE_ESP), sizeof(struct sadb_msg));
	/* PF_KEY itself, as on a socket of AF_KEY */
	assert_int_equal(recv(fds[1], buf, sizeof(buf), MSG_DONTWAIT), sizeof(struct sadb_msg));
	assert_int_equal(buf[1], SADB_FLUSH);
	assert_int_equal(kame_session_attach(fds[0], PORTID), 0); /* frees what was left */
	close(fds[1]);
}

static void a_duplicate_will_do(void **state)
{
	int other = dup(so), original = so;
	(void)state;
	so = other;
	uint32_t seq = add();
	acknowledge(seq, 0);
	heard(SADB_ADD, 0);
	close(original);
	acknowledge(add(), EEXIST);
	heard(SADB_ADD, EEXIST);
}

static void a_promiscuous_socket_hears_twice(void **state)
{
	(void)state;
	pfkey_send_promisc_toggle(so, 1);
	acknowledge(request(XFRM_MSG_GETSADINFO)->nlmsg_seq, 0);
	assert_true(heard(SADB_X_PROMISC, 0).promisc);
	heard(SADB_X_PROMISC, 0);
	pfkey_send_flush(so, SADB_SATYPE_ESP);
	acknowledge(request(XFRM_MSG_FLUSHSA)->nlmsg_seq, 0);
	for (int i = 0; i < 3; i++) /* the request itself, and the answer twice */
		heard(SADB_FLUSH, 0);
	say_sa(XFRM_MSG_NEWSA, 0, 1, 1, SPI);
	send_said();
	heard(SADB_ADD, 0);
	heard(SADB_ADD, 0);
	silence();
	pfkey_send_promisc_toggle(so, 0);
	acknowledge(request(XFRM_MSG_GETSADINFO)->nlmsg_seq, 0);
	heard(SADB_X_PROMISC, 0);
	assert_false(heard(SADB_X_PROMISC, 0).promisc);
	silence();
}

/* ---- threads ---- */

enum { ROUNDS = 300 };

static int failed;

static void *sender(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++)
		if (pfkey_send_flush(so, SADB_SATYPE_ESP) <= 0)
			return &failed;
	return NULL;
}

static void *kernel_thread(void *arg)
{
	struct nlmsghdr h;
	(void)arg;
	for (int i = 0; i < ROUNDS && recv(kernel, &h, sizeof(h), 0) > 0; i++) {
		struct {
			struct nlmsghdr h;
			struct nlmsgerr e;
		} x = { { sizeof(x), NLMSG_ERROR, 0, h.nlmsg_seq, PORTID }, { .error = 0 } };
		if (send(kernel, &x, sizeof(x), 0) != sizeof(x))
			return &failed;
	}
	return NULL;
}

static void one_thread_sends_and_another_receives(void **state)
{
	pthread_t threads[2];
	void *result;
	(void)state;
	fcntl(so, F_SETFL, 0);
	pthread_create(&threads[0], NULL, kernel_thread, NULL);
	pthread_create(&threads[1], NULL, sender, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		struct sadb_msg *m = pfkey_recv(so);
		assert_non_null(m);
		assert_int_equal(m->sadb_msg_errno, 0);
		free(m);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], &result);
		assert_null(result);
	}
}

static void time_is_up(void **state)
{
	struct timeval wait = { 0, 50000 };
	(void)state;
	fcntl(so, F_SETFL, 0);
	setsockopt(so, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	say(XFRM_MSG_NEWAE, 0, 1, 1, "", 0); /* is no reason to return */
	send_said();
	assert_null(pfkey_recv(so));
	assert_int_equal(errno, EAGAIN);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_add_is_a_newsa),
		CASE(every_request_is_one_of_netlink),
		CASE(a_migration_is_one_of_netlink),
		CASE(reqids_are_those_of_unique_requests),
		CASE(what_af_key_refuses_is_refused),
		CASE(broken_headers_are_not_answered),
		CASE(a_failed_negotiation_is_not_answered),
		CASE(our_change_is_told_when_it_is_acknowledged),
		CASE(without_an_event_the_request_is_repeated),
		CASE(errors_are_headers),
		CASE(what_is_asked_for_is_told_whole),
		CASE(a_flush_is_told_twice_if_something_went),
		CASE(others_changes_are_heard),
		CASE(deletions_by_index_are_told_apart),
		CASE(an_acquire_proposes_what_was_registered),
		CASE(what_says_nothing_wakes_nobody),
		CASE(torn_datagrams_are_skipped),
		CASE(damaged_datagrams_do_no_harm),
		CASE(a_dump_is_numbered_and_its_last_entry_is_0),
		CASE(events_come_between_the_entries),
		CASE(an_empty_dump_is_an_error),
		CASE(an_interrupted_dump_says_so_at_its_end),
		CASE(a_dump_waits_for_the_one_before),
		CASE(a_lost_answer_is_an_error),
		CASE(requests_that_nobody_reads_are_forgotten),
		CASE(a_reused_descriptor_is_not_mistaken),
		CASE(a_duplicate_will_do),
		CASE(a_promiscuous_socket_hears_twice),
		CASE(one_thread_sends_and_another_receives),
		CASE(time_is_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
