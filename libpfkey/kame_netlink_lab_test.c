/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libipsec's interface does over a kernel's netlink and AF_KEY does otherwise or not at all.
 * Nothing here needs AF_KEY.  Runs as root in network namespaces of its own.
 */
#include <libpfkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 8000, QUIET_MS = 50 };

static int so;
static struct sockaddr_in src = { .sin_family = AF_INET }, dst = { .sin_family = AF_INET };
static char keys[] = "0123456789abcdefABCDEFGHIJKLMNOPQRST";
static caddr_t mhp[SADB_EXT_MAX + 1];
static struct sadb_msg *msg;
#define SRC ((struct sockaddr *)&src)
#define DST ((struct sockaddr *)&dst)

static void run(const char *command)
{
	if (system(command))
		fail_msg("%s", command);
}

static int setup(void **state)
{
	(void)state;
	src.sin_addr.s_addr = inet_addr("192.0.2.1");
	dst.sin_addr.s_addr = inet_addr("192.0.2.2");
	if (unshare(CLONE_NEWNET))
		return -1;
	run("ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/24 dev v0 && "
	    "ip link set v1 up && ip link set v0 up");
	so = pfkey_open();
	return so < 0;
}

static int teardown(void **state)
{
	(void)state;
	free(msg);
	msg = NULL;
	pfkey_close(so);
	return 0;
}

static bool is_readable(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, wait_ms) == 1;
}

static int next_errno(uint8_t type)
{
	if (!is_readable(so, WAIT_MS))
		fail_msg("nothing was heard");
	free(msg);
	msg = pfkey_recv(so);
	if (!msg || pfkey_align(msg, mhp) || (msg->sadb_msg_len > 2 && pfkey_check(mhp)))
		fail_msg("%s", ipsec_strerror());
	assert_int_equal(msg->sadb_msg_type, type);
	return msg->sadb_msg_errno;
}

/* The answer to a call; its errno. */
static int answer(int sent, uint8_t type)
{
	if (sent < 0)
		fail_msg("%s", ipsec_strerror());
	return next_errno(type);
}

static struct pfkey_send_sa_args sa_args(void)
{
	return (struct pfkey_send_sa_args){ .so = so,
					    .satype = SADB_SATYPE_ESP,
					    .mode = IPSEC_MODE_TRANSPORT,
					    .src = SRC,
					    .dst = DST,
					    .spi = htonl(0x1234),
					    .reqid = 7,
					    .wsize = 4,
					    .keymat = keys,
					    .e_type = SADB_X_EALG_AESCBC,
					    .e_keylen = 16,
					    .a_type = SADB_X_AALG_SHA2_256HMAC,
					    .a_keylen = 20,
					    .seq = 9 };
}

static void add_policy(const char *words, u_int64_t seconds)
{
	ipsec_policy_t p = ipsec_set_policy(words, (int)strlen(words));
	assert_int_equal(answer(pfkey_send_spdadd2(so, SRC, 32, DST, 32, 17, seconds, 0, p,
						   ipsec_get_policylen(p), 5),
				SADB_X_SPDADD),
			 0);
	free(p);
}

static void send_udp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	to.sin_addr.s_addr = dst.sin_addr.s_addr;
	(void)!sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

/* ---- tests ---- */

static void the_descriptor_is_netlinks(void **state)
{
	struct sockaddr_nl self;
	socklen_t len = sizeof(self);
	(void)state;
	assert_int_equal(getsockname(so, (struct sockaddr *)&self, &len), 0);
	assert_int_equal(self.nl_family, AF_NETLINK);
}

/* Each algorithm was asked for in an SA; none of them was made, nobody heard of it. */
static void probing_leaves_no_trace(void **state)
{
	int other = pfkey_open();
	(void)state;
	assert_int_equal(answer(pfkey_send_register(so, SADB_SATYPE_ESP), SADB_REGISTER), 0);
	assert_non_null(mhp[SADB_EXT_SUPPORTED_AUTH]);
	assert_int_equal(pfkey_set_supported(msg, msg->sadb_msg_len * 8), 0);
	assert_int_equal(ipsec_check_keylen2(SADB_SATYPE_ESP, SADB_X_EALG_AES_GCM_ICV16, 128 + 32),
			 0);
	assert_false(is_readable(other, QUIET_MS));
	assert_false(is_readable(so, 0));
	assert_int_equal(answer(pfkey_send_dump(so, SADB_SATYPE_UNSPEC), SADB_DUMP), ENOENT);
	pfkey_close(other);
}

/* The next packet asks again at once: the larval SA is gone, which is heard. */
static void a_failed_negotiation_is_asked_for_again(void **state)
{
	struct sadb_msg failed = { .sadb_msg_version = PF_KEY_V2,
				   .sadb_msg_type = SADB_ACQUIRE,
				   .sadb_msg_satype = SADB_SATYPE_ESP,
				   .sadb_msg_errno = ETIMEDOUT,
				   .sadb_msg_len = 2 };
	(void)state;
	assert_int_equal(answer(pfkey_send_register(so, SADB_SATYPE_ESP), SADB_REGISTER), 0);
	add_policy("out ipsec esp/transport//unique:7", 0);
	for (int i = 0; i < 2; i++) {
		send_udp();
		assert_int_equal(next_errno(SADB_ACQUIRE), 0);
		assert_non_null(mhp[SADB_EXT_PROPOSAL]);
		failed.sadb_msg_seq = msg->sadb_msg_seq;
		assert_int_equal(pfkey_send(so, &failed, sizeof(failed)), sizeof(failed));
		assert_int_equal(next_errno(SADB_DELETE), 0);
		assert_false(is_readable(so, QUIET_MS));
	}
	/* of nobody, and a second time */
	assert_int_equal(pfkey_send(so, &failed, sizeof(failed)), sizeof(failed));
	assert_false(is_readable(so, QUIET_MS));
}

static void policies_expire(void **state)
{
	struct sadb_lifetime hard;
	(void)state;
	add_policy("out none", 1);
	assert_false(is_readable(so, 1500)); /* who did not register */
	assert_int_equal(answer(pfkey_send_register(so, SADB_SATYPE_ESP), SADB_REGISTER), 0);
	add_policy("out none", 1);
	assert_int_equal(next_errno(SADB_X_SPDEXPIRE), 0);
	memcpy(&hard, mhp[SADB_EXT_LIFETIME_HARD], sizeof(hard));
	assert_int_equal(hard.sadb_lifetime_addtime, 1);
	assert_non_null(mhp[SADB_X_EXT_POLICY]);
}

static void authentication_codes_are_those_of_rfc_4868(void **state)
{
	struct pfkey_send_sa_args a = sa_args();
	(void)state;
	assert_int_equal(answer(pfkey_send_add2(&a), SADB_ADD), 0);
	run("ip xfrm state | grep -q 'auth-trunc hmac(sha256) .* 128$'");
}

/* AES-GCM has a number in PF_KEY; Linux' AF_KEY does not add it. */
static void aeads_are_added_by_number(void **state)
{
	struct pfkey_send_sa_args a = sa_args();
	struct sadb_sa sa;
	(void)state;
	a.e_type = SADB_X_EALG_AES_GCM_ICV16;
	a.e_keylen = 20; /* and its salt */
	a.a_type = a.a_keylen = 0;
	assert_int_equal(answer(pfkey_send_add2(&a), SADB_ADD), 0);
	run("ip xfrm state | grep -q 'aead rfc4106(gcm(aes)) .* 128$'");
	assert_int_equal(answer(pfkey_send_get(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi), SADB_GET),
			 0);
	memcpy(&sa, mhp[SADB_EXT_SA], sizeof(sa));
	assert_int_equal(sa.sadb_sa_encrypt, SADB_X_EALG_AES_GCM_ICV16);
	assert_memory_equal(mhp[SADB_EXT_KEY_ENCRYPT] + sizeof(struct sadb_key), keys, 20);
}

/* CPIs have 16 bits: the default range is theirs. */
static void cpis_are_given(void **state)
{
	struct sadb_sa sa;
	(void)state;
	assert_int_equal(answer(pfkey_send_getspi(so, SADB_X_SATYPE_IPCOMP, IPSEC_MODE_TRANSPORT,
						  SRC, DST, 0, 0, 0, 1),
				SADB_GETSPI),
			 0);
	memcpy(&sa, mhp[SADB_EXT_SA], sizeof(sa));
	assert_in_range(ntohl(sa.sadb_sa_spi), 0x100, 0xffff);
}

/*
 * Many requests and a small buffer: the kernel drops acknowledgements and says so once; in the end
 * every request has an answer, be it that the answer was lost.
 */
static void lost_answers_are_answered(void **state)
{
	enum { MANY = 400 };
	bool told = false;
	int lost = 0, sent = 0;
	(void)state;
	assert_true(pfkey_set_buffer_size(so, 4) > 0);
	while (sent < MANY)
		sent += pfkey_send_flush(so, SADB_SATYPE_ESP) > 0;
	for (int n = 0; n < MANY;) {
		if (!is_readable(so, WAIT_MS))
			fail_msg("%d answers are missing", MANY - n);
		struct sadb_msg *m = pfkey_recv(so);
		if (!m) {
			assert_int_equal(errno, ENOBUFS);
			told = true;
			continue;
		}
		assert_true(!m->sadb_msg_errno || m->sadb_msg_errno == ENOBUFS);
		lost += m->sadb_msg_errno == ENOBUFS;
		free(m);
		n++;
	}
	assert_true(told && lost > 0 && lost < MANY);
	assert_false(is_readable(so, QUIET_MS));
	assert_int_equal(answer(pfkey_send_dump(so, SADB_SATYPE_ESP), SADB_DUMP), ENOENT);
}

/* What a child does on the descriptor that it inherited is heard here, too. */
static void a_child_may_use_the_descriptor(void **state)
{
	int status;
	(void)state;
	pid_t child = fork();
	if (!child) {
		int rc = pfkey_send_flush(so, SADB_SATYPE_ESP) > 0;
		struct sadb_msg *m = pfkey_recv(so);
		_exit(rc && m && m->sadb_msg_type == SADB_FLUSH ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(answer(pfkey_send_flush(so, SADB_SATYPE_ESP), SADB_FLUSH), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_descriptor_is_netlinks),
		CASE(probing_leaves_no_trace),
		CASE(a_failed_negotiation_is_asked_for_again),
		CASE(policies_expire),
		CASE(authentication_codes_are_those_of_rfc_4868),
		CASE(aeads_are_added_by_number),
		CASE(cpis_are_given),
		CASE(lost_answers_are_answered),
		CASE(a_child_may_use_the_descriptor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
