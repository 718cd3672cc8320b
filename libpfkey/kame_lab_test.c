/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of KAME's times against a kernel, in a network namespace of its own: the same over
 * AF_KEY and over netlink (LIBPFKEY_TRANSPORT).
 */
#include <libpfkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int so;
static struct sockaddr_in src = { .sin_family = AF_INET }, dst = { .sin_family = AF_INET };
static caddr_t mhp[SADB_EXT_MAX + 1];
static struct sadb_msg *msg;
#define SRC ((struct sockaddr *)&src)
#define DST ((struct sockaddr *)&dst)

static int setup(void **state)
{
	struct timeval wait = { 8, 0 };
	(void)state;
	src.sin_addr.s_addr = inet_addr("192.0.2.1");
	dst.sin_addr.s_addr = inet_addr("192.0.2.2");
	if (unshare(CLONE_NEWNET))
		return -1;
	so = pfkey_open();
	return so < 0 ? -1 : setsockopt(so, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
}

static int teardown(void **state)
{
	(void)state;
	free(msg);
	msg = NULL;
	pfkey_close(so);
	return 0;
}

/* The kernel's next message, checked and split; its errno. */
static int answer(int sent, uint8_t type)
{
	if (sent < 0)
		fail_msg("%s", ipsec_strerror());
	free(msg);
	msg = pfkey_recv(so);
	if (!msg || pfkey_align(msg, mhp) || pfkey_check(mhp))
		fail_msg("%s", ipsec_strerror());
	assert_int_equal(msg->sadb_msg_type, type);
	return msg->sadb_msg_errno;
}

static struct pfkey_send_sa_args sa_args(void)
{
	static char keys[] = "0123456789abcdefABCDEFGHIJKLMNOPQRST";
	return (struct pfkey_send_sa_args){ .so = so,
					    .satype = SADB_SATYPE_ESP,
					    .mode = IPSEC_MODE_TUNNEL,
					    .src = SRC,
					    .dst = DST,
					    .spi = htonl(0x1234),
					    .reqid = 7,
					    .wsize = 4,
					    .keymat = keys,
					    .e_type = SADB_X_EALG_AESCBC,
					    .e_keylen = 16,
					    .a_type = SADB_AALG_SHA1HMAC,
					    .a_keylen = 20,
					    .l_addtime = 3600,
					    .seq = 9 };
}

static void algorithms_are_registered(void **state)
{
	(void)state;
	assert_true(pfkey_send_register(so, SADB_SATYPE_ESP) > 0);
	assert_int_equal(pfkey_recv_register(so), 0);
	assert_int_equal(ipsec_check_keylen2(SADB_SATYPE_ESP, SADB_X_EALG_AESCBC, 128), 0);
	assert_int_equal(ipsec_check_keylen2(SADB_SATYPE_ESP, SADB_X_EALG_AESCBC, 64), -1);
	assert_int_equal(ipsec_check_keylen2(SADB_SATYPE_AH, SADB_AALG_SHA1HMAC, 160), 0);
}

static void sas_live_and_die(void **state)
{
	struct pfkey_send_sa_args a = sa_args();
	(void)state;
	assert_int_equal(answer(pfkey_send_add2(&a), SADB_ADD), 0);
	assert_int_equal(msg->sadb_msg_seq, 9);
	assert_int_equal(answer(pfkey_send_add2(&a), SADB_ADD), EEXIST);
	assert_int_equal(answer(pfkey_send_update2(&a), SADB_UPDATE), 0);
	assert_int_equal(answer(pfkey_send_get(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi), SADB_GET),
			 0);
	assert_non_null(mhp[SADB_EXT_KEY_ENCRYPT]);
	assert_memory_equal(mhp[SADB_EXT_KEY_ENCRYPT] + sizeof(struct sadb_key), a.keymat, 16);
	assert_memory_equal(mhp[SADB_EXT_KEY_AUTH] + sizeof(struct sadb_key), a.keymat + 16, 20);
	assert_int_equal(answer(pfkey_send_dump(so, SADB_SATYPE_ESP), SADB_DUMP), 0);
	assert_int_equal(msg->sadb_msg_seq, 0); /* the only one is the last */
	assert_int_equal(answer(pfkey_send_delete_all(so, SADB_SATYPE_ESP, 0, SRC, DST),
				SADB_DELETE),
			 EINVAL);
	assert_int_equal(
		answer(pfkey_send_delete(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi), SADB_DELETE), 0);
	assert_int_equal(answer(pfkey_send_delete(so, SADB_SATYPE_ESP, 0, SRC, DST, a.spi),
				SADB_DELETE),
			 ESRCH);
	assert_int_equal(answer(pfkey_send_flush(so, SADB_SATYPE_UNSPEC), SADB_FLUSH), 0);
}

static void spis_are_given(void **state)
{
	struct sadb_sa sa;
	(void)state;
	assert_int_equal(answer(pfkey_send_getspi(so, SADB_SATYPE_ESP, IPSEC_MODE_TUNNEL, SRC, DST,
						  0x5000, 0x5000, 3, 77),
				SADB_GETSPI),
			 0);
	assert_int_equal(msg->sadb_msg_seq, 77);
	memcpy(&sa, mhp[SADB_EXT_SA], sizeof(sa));
	assert_int_equal(ntohl(sa.sadb_sa_spi), 0x5000);
}

static void policies_live_and_die(void **state)
{
	const char *words = "out prio high + 3 ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:7";
	ipsec_policy_t p = ipsec_set_policy(words, (int)strlen(words));
	int len = ipsec_get_policylen(p);
	struct sadb_x_policy x;
	(void)state;
	assert_int_equal(answer(pfkey_send_spdadd2(so, SRC, 24, DST, 24, 255, 0, 600, p, len, 5),
				SADB_X_SPDADD),
			 0);
	assert_int_equal(answer(pfkey_send_spdadd(so, SRC, 24, DST, 24, 255, p, len, 5),
				SADB_X_SPDADD),
			 EEXIST);
	assert_int_equal(answer(pfkey_send_spddump(so), SADB_X_SPDDUMP), 0);
	char *text = ipsec_dump_policy(mhp[SADB_X_EXT_POLICY], NULL);
	assert_string_equal(text, words);
	free(text);
	memcpy(&x, mhp[SADB_X_EXT_POLICY], sizeof(x));
	assert_int_equal(answer(pfkey_send_spdget(so, x.sadb_x_policy_id), SADB_X_SPDGET), 0);
	assert_int_equal(answer(pfkey_send_spddelete2(so, x.sadb_x_policy_id), SADB_X_SPDDELETE2),
			 0);
	assert_int_equal(answer(pfkey_send_spddelete(so, SRC, 24, DST, 24, 255, p, len, 5),
				SADB_X_SPDDELETE),
			 ENOENT);
	assert_int_equal(answer(pfkey_send_spdflush(so), SADB_X_SPDFLUSH), 0);
	free(p);
}

static void sockets_take_policies(void **state)
{
	ipsec_policy_t p = ipsec_set_policy("out bypass", 10);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	(void)state;
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_IPSEC_POLICY, p,
				    (socklen_t)ipsec_get_policylen(p)),
			 0);
	close(fd);
	free(p);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

/* An argument leaves out tests by name. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(algorithms_are_registered), CASE(sas_live_and_die),      CASE(spis_are_given),
		CASE(policies_live_and_die),     CASE(sockets_take_policies),
	};
	if (argc > 1)
		cmocka_set_skip_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
