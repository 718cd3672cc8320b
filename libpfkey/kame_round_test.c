/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever SA or policy a program of libipsec asks for: what goes to the kernel over netlink says the
 * same, and so does what the program hears when the kernel tells it.
 */
#include "kame_session.h"

#include <libpfkey.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PORTID = 4711, ROUNDS = 2000, INDEX = 129 };

static int so, kernel;
static _Alignas(8) uint8_t buf[1 << 14];
static char keys[128];
static uint64_t seed;

/* xorshift64 (Marsaglia 2003): the same numbers each time. */
static uint32_t pick(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

static int setup(void **state)
{
	int fds[2];
	(void)state;
	seed = 88172645463325252u;
	for (size_t i = 0; i < sizeof(keys); i++)
		keys[i] = (char)pick(256);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds))
		return -1;
	so = fds[0];
	kernel = fds[1];
	fcntl(so, F_SETFL, O_NONBLOCK);
	return kame_session_attach(so, PORTID);
}

static int teardown(void **state)
{
	(void)state;
	pfkey_close(so);
	return close(kernel);
}

/* ---- the kernel: takes a request, tells it to everybody, acknowledges ---- */

static struct nlmsghdr *request(uint16_t type)
{
	struct nlmsghdr *h = (void *)buf;
	assert_true(recv(kernel, buf, sizeof(buf), MSG_DONTWAIT) >= NLMSG_HDRLEN);
	assert_int_equal(h->nlmsg_type, type);
	return h;
}

static void tell(struct nl_msg *m, uint16_t type, uint32_t seq)
{
	struct nlmsghdr *h = nlmsg_hdr(m);
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} ack = { { sizeof(ack), NLMSG_ERROR, 0, seq, PORTID }, { .error = 0 } };
	h->nlmsg_type = type;
	h->nlmsg_seq = seq;
	h->nlmsg_pid = PORTID;
	assert_int_equal(send(kernel, h, h->nlmsg_len, 0), h->nlmsg_len);
	assert_int_equal(send(kernel, &ack, sizeof(ack), 0), sizeof(ack));
	nlmsg_free(m);
}

static struct sadb_message heard(uint8_t type)
{
	struct sadb_message m;
	const char *why;
	struct sadb_msg *msg = pfkey_recv(so);
	if (!msg)
		fail_msg("%s", ipsec_strerror());
	if (sadb_decode(PFKEY_REPLY, msg, (size_t)msg->sadb_msg_len * 8, &m, &why))
		fail_msg("%s", why);
	free(msg);
	assert_int_equal(m.type, type);
	assert_int_equal(m.error, 0);
	return m;
}

/* ---- SAs ---- */

static union keydb_addr random_addr(bool v6)
{
	union keydb_addr a;
	memset(&a, 0, sizeof(a));
	if (v6) {
		a.sin6.sin6_family = AF_INET6;
		for (size_t i = 0; i < 16; i++)
			a.sin6.sin6_addr.s6_addr[i] = (uint8_t)(1 + pick(255));
	} else {
		a.sin.sin_family = AF_INET;
		a.sin.sin_addr.s_addr = 1 + pick(UINT32_MAX - 1);
	}
	return a;
}

/* A row that Linux' PF_KEY takes. */
static const struct keydb_alg_info *random_alg(enum keydb_alg_kind kind)
{
	size_t n;
	const struct keydb_alg_info *rows = keydb_alg_table(&n), *row;
	do
		row = &rows[pick((uint32_t)n)];
	while (row->kind != kind || !row->pfkey_id);
	return row;
}

static u_int key_bytes(const struct keydb_alg_info *row)
{
	return (row->key_max_bits + row->salt_bits) / 8u;
}

static void random_algs(struct pfkey_send_sa_args *a)
{
	const struct keydb_alg_info *auth = random_alg(KEYDB_ALG_AUTH), *encr;
	if (a->satype == SADB_X_SATYPE_IPCOMP) {
		a->e_type = random_alg(KEYDB_ALG_COMP)->pfkey_id;
		return;
	}
	if (a->satype == SADB_SATYPE_ESP) {
		encr = random_alg(pick(4) ? KEYDB_ALG_ENCR : KEYDB_ALG_AEAD);
		a->e_type = encr->pfkey_id;
		a->e_keylen = key_bytes(encr);
		if (encr->kind == KEYDB_ALG_AEAD || !pick(4))
			return;
	}
	a->a_type = auth->pfkey_id;
	a->a_keylen = key_bytes(auth);
}

static uint32_t random_limit(void)
{
	return pick(3) ? pick(100000) : 0;
}

static struct pfkey_send_sa_args random_args(union keydb_addr *src, union keydb_addr *dst)
{
	static const u_int satypes[] = { SADB_SATYPE_ESP, SADB_SATYPE_AH, SADB_X_SATYPE_IPCOMP };
	bool v6 = pick(2);
	struct pfkey_send_sa_args a = {
		.so = so,
		.satype = satypes[pick(3)],
		.mode = pick(IPSEC_MODE_BEET + 1),
		.src = &src->sa,
		.dst = &dst->sa,
		.spi = 1 + pick(UINT32_MAX - 1),
		.reqid = pick(3) ? pick(UINT32_MAX) : 0,
		.wsize = pick(33),
		.keymat = keys,
		.flags = pick(2) ? SADB_SAFLAGS_NOECN | SADB_SAFLAGS_DECAP_DSCP : 0,
		.l_alloc = random_limit(),
		.l_bytes = random_limit(),
		.l_addtime = random_limit(),
		.l_usetime = random_limit(),
		.seq = pick(UINT32_MAX),
	};
	*src = random_addr(v6);
	*dst = random_addr(v6);
	random_algs(&a);
	if (a.satype == SADB_SATYPE_ESP && pick(2)) {
		a.l_natt_type = UDP_ENCAP_ESPINUDP;
		a.l_natt_sport = htons((uint16_t)(1 + pick(65535)));
		a.l_natt_dport = htons((uint16_t)(1 + pick(65535)));
	}
	return a;
}

/* Wanted is 0 for no limit, in PF_KEY's words. */
static void same_limit(uint64_t got, uint64_t wanted)
{
	assert_true(got == (wanted ? wanted : KEYDB_INFINITE));
}

static uint8_t cipher_of(const struct keydb_sa *sa)
{
	uint16_t id = sa->comp.id ? sa->comp.id : sa->aead.id ? sa->aead.id : sa->encr.id;
	return id ? keydb_alg_by_id(id)->pfkey_id : 0;
}

static void same_sa(const struct keydb_sa *sa, const struct pfkey_send_sa_args *a)
{
	assert_memory_equal(&sa->id.src, a->src, sizeof(struct sockaddr_in));
	assert_memory_equal(&sa->id.dst, a->dst, sizeof(struct sockaddr_in));
	assert_int_equal(htonl(sa->id.spi), a->spi);
	assert_int_equal(sadb_satype(sa->id.proto), a->satype);
	assert_int_equal(sa->mode, a->mode ? a->mode : IPSEC_MODE_TRANSPORT);
	assert_int_equal(sa->reqid, a->reqid);
	assert_int_equal(sa->replay_window_pkts, a->wsize);
	assert_int_equal(sa->flags, a->flags ? KEYDB_SA_NOECN | KEYDB_SA_DECAP_DSCP : 0);
	assert_int_equal(cipher_of(sa), a->e_type);
	assert_int_equal(sa->auth.id ? keydb_alg_by_id(sa->auth.id)->pfkey_id : 0, a->a_type);
	assert_int_equal(htons(sa->encap_src_port), a->l_natt_sport);
	assert_int_equal(htons(sa->encap_dst_port), a->l_natt_dport);
	same_limit(sa->limits.hard_packets, a->l_alloc);
	same_limit(sa->limits.hard_bytes, a->l_bytes);
	same_limit(sa->limits.hard_add_sec, a->l_addtime);
	same_limit(sa->limits.soft_use_sec, a->l_usetime * 80ull / 100);
}

static void same_keys(const struct keydb_sa *sa, const struct pfkey_send_sa_args *a)
{
	const struct keydb_alg *cipher = sa->aead.id ? &sa->aead : &sa->encr;
	assert_int_equal(cipher->key_bits, a->e_keylen * 8);
	assert_memory_equal(cipher->key, keys, a->e_keylen);
	assert_int_equal(sa->auth.key_bits, a->a_keylen * 8);
	assert_memory_equal(sa->auth.key, keys + a->e_keylen, a->a_keylen);
}

static void any_sa_survives(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		union keydb_addr src, dst;
		struct pfkey_send_sa_args a = random_args(&src, &dst);
		bool update = pick(2);
		uint16_t type = update ? XFRM_MSG_UPDSA : XFRM_MSG_NEWSA;
		struct nl_msg *m = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
		struct keydb_sa sa;
		uint32_t ifindex;
		const char *why;
		if ((update ? pfkey_send_update2(&a) : pfkey_send_add2(&a)) <= 0)
			fail_msg("%s", ipsec_strerror());
		struct nlmsghdr *h = request(type);
		assert_int_equal(
			xfrm_decode_sa(nlmsg_data(h), (size_t)nlmsg_datalen(h), &sa, &ifindex), 0);
		same_sa(&sa, &a);
		same_keys(&sa, &a);
		assert_int_equal(sa.kernel_seq, a.seq);
		assert_int_equal(xfrm_encode_sa(m, &sa, 0, &why), 0);
		tell(m, type, h->nlmsg_seq);
		struct sadb_message back = heard(update ? SADB_UPDATE : SADB_ADD);
		same_sa(&back.sa, &a);
		assert_int_equal(back.seq, a.seq);
		assert_int_equal(back.pid, (uint32_t)getpid());
	}
}

/* ---- policies ---- */

static void random_request(char *text, size_t size, bool out)
{
	static const char *const protos[] = { "esp", "ah", "ipcomp" };
	static const char *const levels[] = { "require", "default", "unique:7", "unique", "use" };
	bool tunnel = pick(2);
	snprintf(text, size, " %s/%s/%s/%s", protos[pick(3)], tunnel ? "tunnel" : "transport",
		 tunnel ? pick(2) ? "192.0.2.1-192.0.2.2" : "2001:db8::1-2001:db8::2" : "",
		 levels[pick(out && tunnel ? 4 : 5)]);
}

static void random_words(char *text, size_t size)
{
	static const char *const dirs[] = { "in", "out", "fwd" };
	static const char *const prios[] = { "", " prio high - 7", " prio 12" };
	uint32_t dir = pick(3), n = pick(KEYDB_TEMPLATES_MAX + 1);
	int used = snprintf(text, size, "%s%s %s", dirs[dir], prios[pick(3)],
			    n         ? "ipsec"
			    : pick(2) ? "none"
				      : "discard");
	for (uint32_t i = 0; i < n; i++) {
		random_request(text + used, size - (size_t)used, dir == 1);
		used += (int)strlen(text + used);
	}
}

/* Levels come back as the kernel knows them. */
static void same_request(const struct keydb_template *got, const struct keydb_template *want)
{
	assert_int_equal(got->proto, want->proto);
	assert_int_equal(got->mode, want->mode);
	if (want->level == KEYDB_LEVEL_DEFAULT)
		assert_int_equal(got->level, KEYDB_LEVEL_REQUIRE);
	else
		assert_int_equal(got->level, want->level);
	if (want->level == KEYDB_LEVEL_UNIQUE && !want->reqid)
		assert_true(got->reqid > KEYDB_REQID_MANUAL_MAX);
	else
		assert_int_equal(got->reqid, want->reqid);
	assert_memory_equal(&got->src, &want->src, sizeof(got->src));
	assert_memory_equal(&got->dst, &want->dst, sizeof(got->dst));
}

static void same_policy(const struct keydb_policy *got, const struct keydb_policy *want)
{
	assert_int_equal(got->dir, want->dir);
	assert_int_equal(got->action, want->action);
	assert_int_equal(got->priority, want->priority);
	assert_int_equal(got->n_templates, want->n_templates);
	for (size_t i = 0; i < want->n_templates; i++)
		same_request(&got->templates[i], &want->templates[i]);
}

struct ends {
	union keydb_addr src, dst;
	u_int src_bits, dst_bits, proto;
};

static struct ends random_ends(void)
{
	bool v6 = pick(2), ports = pick(2);
	struct ends e = { random_addr(v6), random_addr(v6), pick(v6 ? 129 : 33),
			  pick(v6 ? 129 : 33), ports ? IPPROTO_UDP : 255 };
	if (ports)
		e.dst.sin.sin_port = htons((uint16_t)(1 + pick(65535))); /* of both families */
	return e;
}

static void same_ends(const struct keydb_selector *sel, const struct ends *e)
{
	union keydb_addr dst = e->dst;
	dst.sin.sin_port = 0;
	assert_memory_equal(&sel->src, &e->src, sizeof(e->src));
	assert_memory_equal(&sel->dst, &dst, sizeof(dst));
	assert_int_equal(sel->src_bits, e->src_bits);
	assert_int_equal(sel->dst_bits, e->dst_bits);
	assert_int_equal(sel->proto ? sel->proto : 255, e->proto);
	assert_true(sel->src_port_any);
	assert_int_equal(sel->dst_port_any ? 0 : htons(sel->dst_port), e->dst.sin.sin_port);
}

static void any_policy_survives(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		char words[512];
		struct ends e = random_ends();
		struct keydb_policy want, p;
		struct nl_msg *m = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
		const char *why;
		random_words(words, sizeof(words));
		ipsec_policy_t text = ipsec_set_policy(words, (int)strlen(words));
		if (!text)
			fail_msg("%s: %s", words, ipsec_strerror());
		int len = ipsec_get_policylen(text);
		assert_int_equal(sadb_decode_policy(text, (size_t)len, &want, &why), 0);
		uint32_t seq = pick(UINT32_MAX);
		if (pfkey_send_spdadd2(so, &e.src.sa, e.src_bits, &e.dst.sa, e.dst_bits, e.proto, 9,
				       0, text, len, seq) <= 0)
			fail_msg("%s: %s", words, ipsec_strerror());
		free(text);
		struct nlmsghdr *h = request(XFRM_MSG_NEWPOLICY);
		assert_int_equal(xfrm_decode_policy(nlmsg_data(h), (size_t)nlmsg_datalen(h), &p),
				 0);
		same_ends(&p.sel, &e);
		p.index = INDEX;
		assert_int_equal(xfrm_encode_policy(m, &p, &why), 0);
		tell(m, XFRM_MSG_NEWPOLICY, h->nlmsg_seq);
		struct sadb_message back = heard(SADB_X_SPDADD);
		back.policy.dir = want.dir; /* the index does not fit to it */
		same_policy(&back.policy, &want);
		same_ends(&back.policy.sel, &e);
		same_limit(back.policy.limits.hard_add_sec, 9);
		assert_int_equal(back.policy.index, INDEX);
		assert_int_equal(back.seq, seq);
	}
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(any_sa_survives),
		CASE(any_policy_survives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
