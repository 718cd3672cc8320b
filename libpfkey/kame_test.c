/* SPDX-License-Identifier: BSD-2-Clause */
/* The KAME interface without a kernel: the other end of a socket pair reads what it sends. */
#include "sadb_codec.h"

#include <libpfkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int so[2];
static uint8_t sent[SADB_MESSAGE_MAX_BYTES];
static struct sockaddr_in src = { .sin_family = AF_INET }, dst = { .sin_family = AF_INET };
#define SRC ((struct sockaddr *)&src)
#define DST ((struct sockaddr *)&dst)

static int setup(void **state)
{
	(void)state;
	src.sin_addr.s_addr = inet_addr("192.0.2.1");
	dst.sin_addr.s_addr = inet_addr("192.0.2.2");
	return socketpair(AF_UNIX, SOCK_DGRAM, 0, so);
}

static int teardown(void **state)
{
	(void)state;
	pfkey_close(so[0]);
	return close(so[1]);
}

/* What has been sent, as the kernel would read it. */
static struct sadb_message request(int bytes)
{
	struct sadb_message m;
	const char *why;
	if (bytes < 0)
		fail_msg("%s", ipsec_strerror());
	assert_int_equal(recv(so[1], sent, sizeof(sent), MSG_DONTWAIT), bytes);
	if (sadb_decode(PFKEY_REQUEST, sent, (size_t)bytes, &m, &why))
		fail_msg("%s", why);
	return m;
}

static void refused(int rc, const char *text)
{
	assert_int_equal(rc, -1);
	assert_memory_equal(ipsec_strerror(), text, strlen(text));
	assert_int_equal(recv(so[1], sent, sizeof(sent), MSG_DONTWAIT), -1);
}

/* ---- policies ---- */

static void policies_go_to_bytes_and_back(void **state)
{
	static const char *const texts[] = {
		"in prio def discard",
		"out prio high + 10 none",
		"fwd prio low - 7 none",
		"in prio def entrust",
		"out prio def bypass",
		"out prio def ipsec esp/transport//require",
		"out prio def ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:7 ah/transport//use",
		"in prio def ipsec ipcomp/tunnel/2001:db8::1-2001:db8::2/default",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ipsec_policy_t p = ipsec_set_policy(texts[i], (int)strlen(texts[i]));
		assert_non_null(p);
		assert_true(ipsec_get_policylen(p) >= 16);
		char *text = ipsec_dump_policy(p, NULL);
		assert_string_equal(text, texts[i]);
		free(text);
		free(p);
	}
}

/* Linux dumps them with the directions 4 and 5. */
static void policies_of_sockets_are_printed(void **state)
{
	struct sadb_x_policy x = { .sadb_x_policy_len = sizeof(x) / 8,
				   .sadb_x_policy_exttype = SADB_X_EXT_POLICY,
				   .sadb_x_policy_type = IPSEC_POLICY_NONE,
				   .sadb_x_policy_dir = 5,
				   .sadb_x_policy_id = 12,
				   .sadb_x_policy_priority = PRIORITY_DEFAULT };
	(void)state;
	char *text = ipsec_dump_policy((caddr_t)&x, NULL);
	assert_string_equal(text, "out(socket) prio def none");
	free(text);
	x.sadb_x_policy_id = 13; /* a direction that there is not */
	assert_null(ipsec_dump_policy((caddr_t)&x, NULL));
}

static void requests_stand_behind_the_delimiter(void **state)
{
	const char *words = "in ipsec esp/transport//require";
	ipsec_policy_t p = ipsec_set_policy(words, (int)strlen(words));
	(void)state;
	char *text = ipsec_dump_policy(p, "\n\t");
	assert_string_equal(text, "in prio def ipsec\n\tesp/transport//require");
	free(text);
	free(p);
}

static void bad_policies_are_refused_with_the_place(void **state)
{
	(void)state;
	assert_null(ipsec_set_policy("out ipsec esp/sideways//use", 27));
	assert_string_equal(ipsec_strerror(),
			    "Invalid policy: transport, tunnel or beet expected (at character 15)");
	assert_null(ipsec_set_policy(NULL, 3));
	assert_null(ipsec_set_policy("in none", -1));
	struct sadb_x_policy x = { .sadb_x_policy_len = 2, .sadb_x_policy_exttype = 1 };
	assert_int_equal(ipsec_get_policylen((caddr_t)&x), -1);
	x.sadb_x_policy_exttype = SADB_X_EXT_POLICY;
	x.sadb_x_policy_dir = 77;
	assert_null(ipsec_dump_policy((caddr_t)&x, NULL));
}

/* ---- algorithms ---- */

static void keys_are_checked_against_the_kernels_list(void **state)
{
	static const struct sadb_alg encr[] = { { 12, 8, 128, 256, 0 } },
				     auth[] = { { 3, 0, 160, 160, 0 } };
	struct sadb_message m;
	struct sadb_alg row;
	const char *why;
	size_t len;
	(void)state;
	assert_int_equal(ipsec_check_keylen(SADB_EXT_SUPPORTED_AUTH, 3, 160), -1);
	assert_string_equal(ipsec_strerror(), "The list of supported algorithms is needed first");
	sadb_message_init(&m, SADB_REGISTER);
	m.pid = (uint32_t)getpid();
	m.encr_algs = encr;
	m.auth_algs = auth;
	m.n_encr_algs = m.n_auth_algs = 1;
	assert_int_equal(sadb_encode(PFKEY_REPLY, &m, sent, sizeof(sent), &len, &why), 0);
	assert_int_equal(send(so[1], sent, len, 0), len);
	assert_int_equal(pfkey_recv_register(so[0]), 0);
	assert_int_equal(ipsec_check_keylen(SADB_EXT_SUPPORTED_AUTH, 3, 160), 0);
	assert_int_equal(ipsec_check_keylen2(SADB_SATYPE_ESP, 12, 256), 0);
	assert_int_equal(ipsec_check_keylen2(SADB_SATYPE_ESP, 12, 257), -1);
	assert_string_equal(ipsec_strerror(), "Invalid length of a key");
	assert_int_equal(ipsec_check_keylen2(SADB_SATYPE_AH, 4, 160), -1);
	assert_int_equal(ipsec_get_keylen(SADB_EXT_SUPPORTED_ENCRYPT, 12, &row), 0);
	assert_int_equal(row.sadb_alg_minbits, 128);
	assert_int_equal(ipsec_get_keylen(99, 12, &row), -1);
	assert_int_equal(pfkey_set_supported((struct sadb_msg *)sent, (int)len - 8), -1);
}

/* ---- SAs ---- */

static struct pfkey_send_sa_args sa_args(void)
{
	static char keys[] = "0123456789abcdefABCDEFGHIJKLMNOPQRST";
	return (struct pfkey_send_sa_args){ .so = so[0],
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
					    .l_bytes = 4000000000u,
					    .l_addtime = 3600,
					    .seq = 9 };
}

static void an_sa_is_sent_with_all_that_was_given(void **state)
{
	struct pfkey_send_sa_args a = sa_args();
	(void)state;
	a.l_natt_type = 2;
	a.l_natt_sport = htons(4500);
	a.l_natt_dport = htons(4501);
	struct sadb_message m = request(pfkey_send_add2(&a));
	assert_int_equal(m.type, SADB_ADD);
	assert_int_equal(m.seq, 9);
	assert_int_equal(m.pid, getpid());
	assert_int_equal(m.sa.id.spi, 0x1234);
	assert_int_equal(m.sa.id.proto, KEYDB_PROTO_ESP);
	assert_int_equal(m.sa.reqid, 7);
	assert_int_equal(m.sa.mode, KEYDB_MODE_TUNNEL);
	assert_memory_equal(m.sa.encr.key, "0123456789abcdef", 16);
	assert_memory_equal(m.sa.auth.key, "ABCDEFGHIJKLMNOPQRST", 20);
	assert_int_equal(m.sa.encap_src_port, 4500);
	assert_int_equal(m.sa.encap_dst_port, 4501);
	assert_int_equal(m.sa.limits.hard_add_sec, 3600);
	assert_int_equal(m.sa.limits.soft_add_sec, 2880);      /* 80 per cent */
	assert_int_equal(m.sa.limits.soft_bytes, 3200000000u); /* over 32 bits on the way */
	assert_int_equal(request(pfkey_send_update2(&a)).type, SADB_UPDATE);
}

static void null_ciphers_have_their_key_extension(void **state)
{
	struct pfkey_send_sa_args a = sa_args();
	(void)state;
	a.e_type = SADB_EALG_NULL;
	a.e_keylen = a.a_keylen = 0;
	a.a_type = SADB_AALG_NONE;
	a.keymat = NULL;
	struct sadb_message m = request(pfkey_send_add2(&a));
	assert_true(m.present & 1u << SADB_EXT_KEY_ENCRYPT);
	assert_int_equal(m.sa.encr.id, KEYDB_ALG_NULL);
}

static void wrong_sas_are_not_sent(void **state)
{
	struct pfkey_send_sa_args a = sa_args();
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_un {
		sa_family_t family;
	} unknown = { AF_UNIX };
	(void)state;
	a.e_type = SADB_EALG_NONE;
	refused(pfkey_send_add2(&a), "No algorithm given");
	a = sa_args();
	a.satype = SADB_SATYPE_AH;
	refused(pfkey_send_add2(&a), "Invalid algorithm");
	a = sa_args();
	a.satype = 77;
	refused(pfkey_send_add2(&a), "Invalid type of SA");
	a = sa_args();
	a.e_keylen = 1u << 31;
	refused(pfkey_send_add2(&a), "Invalid length of a key");
	a = sa_args();
	a.keymat = NULL;
	refused(pfkey_send_add2(&a), "Invalid length of a key");
	a = sa_args();
	a.dst = (struct sockaddr *)&v6;
	refused(pfkey_send_add2(&a), "Address families differ");
	a = sa_args();
	a.src = a.dst = (struct sockaddr *)&unknown;
	refused(pfkey_send_add2(&a), "Invalid address family");
	a = sa_args();
	a.src = NULL;
	refused(pfkey_send_add2(&a), "Invalid argument");
	refused(pfkey_send_add2(NULL), "Invalid argument");
}

static void soft_rates_are_kept_in_range(void **state)
{
	(void)state;
	assert_int_equal(pfkey_get_softrate(SADB_X_LIFETIME_USETIME), 80);
	pfkey_set_softrate(SADB_X_LIFETIME_USETIME, 50);
	assert_int_equal(pfkey_get_softrate(SADB_X_LIFETIME_USETIME), 50);
	pfkey_set_softrate(SADB_X_LIFETIME_USETIME, 0);
	assert_int_equal(pfkey_get_softrate(SADB_X_LIFETIME_USETIME), 100);
	assert_int_equal(pfkey_set_softrate(4, 50), (u_int)-1);
	assert_int_equal(pfkey_get_softrate(4), (u_int)-1);
}

static void sas_are_named_and_numbered(void **state)
{
	(void)state;
	struct sadb_message m = request(pfkey_send_getspi(so[0], SADB_SATYPE_AH, IPSEC_MODE_TUNNEL,
							  SRC, DST, 0x100, 0x200, 5, 6));
	assert_int_equal(m.spi_min, 0x100);
	assert_int_equal(m.spi_max, 0x200);
	assert_int_equal(m.sa.reqid, 5);
	m = request(pfkey_send_getspi(so[0], SADB_SATYPE_AH, 0, SRC, DST, 0, 0, 0, 0));
	assert_int_equal(m.spi_max, 0);
	refused(pfkey_send_getspi(so[0], SADB_SATYPE_AH, 0, SRC, DST, 9, 99, 0, 0),
		"Invalid range of SPIs");
	m = request(pfkey_send_delete(so[0], SADB_SATYPE_ESP, 0, SRC, DST, htonl(0x777)));
	assert_int_equal(m.type, SADB_DELETE);
	assert_int_equal(m.sa.id.spi, 0x777);
	m = request(pfkey_send_get(so[0], SADB_SATYPE_ESP, 0, SRC, DST, htonl(0x778)));
	assert_int_equal(m.type, SADB_GET);
	assert_true(pfkey_send_delete_all(so[0], SADB_SATYPE_ESP, 0, SRC, DST) > 0);
}

static void plain_messages_are_plain(void **state)
{
	(void)state;
	assert_int_equal(recv(so[1], sent, 1, MSG_DONTWAIT), -1);
	assert_int_equal(request(pfkey_send_register(so[0], SADB_SATYPE_ESP)).type, SADB_REGISTER);
	assert_int_equal(request(pfkey_send_flush(so[0], SADB_SATYPE_UNSPEC)).type, SADB_FLUSH);
	assert_int_equal(request(pfkey_send_dump(so[0], SADB_SATYPE_AH)).sa.id.proto,
			 KEYDB_PROTO_AH);
	assert_true(request(pfkey_send_promisc_toggle(so[0], 1)).promisc);
	assert_int_equal(request(pfkey_send_spdflush(so[0])).type, SADB_X_SPDFLUSH);
	assert_int_equal(request(pfkey_send_spddump(so[0])).type, SADB_X_SPDDUMP);
	assert_int_equal(request(pfkey_send_spdget(so[0], 129)).policy.index, 129);
	assert_int_equal(request(pfkey_send_spddelete2(so[0], 130)).type, SADB_X_SPDDELETE2);
}

/* ---- the SPD ---- */

static void policies_are_sent_with_selector_and_lifetime(void **state)
{
	const char *words = "out ipsec esp/tunnel/192.0.2.1-192.0.2.2/require";
	ipsec_policy_t p = ipsec_set_policy(words, (int)strlen(words));
	int len = ipsec_get_policylen(p);
	(void)state;
	struct sadb_message m = request(
		pfkey_send_spdadd2(so[0], SRC, 24, DST, 32, IPPROTO_TCP, 60, 30, p, len, 11));
	assert_int_equal(m.type, SADB_X_SPDADD);
	assert_int_equal(m.policy.sel.src_bits, 24);
	assert_int_equal(m.policy.sel.proto, IPPROTO_TCP);
	assert_int_equal(m.policy.limits.hard_add_sec, 60);
	assert_int_equal(m.policy.limits.hard_use_sec, 30);
	assert_int_equal(m.policy.n_templates, 1);
	m = request(pfkey_send_spdadd(so[0], SRC, 24, DST, 32, 255, p, len, 11));
	assert_int_equal(m.policy.sel.proto, 0);
	m = request(pfkey_send_spdupdate(so[0], SRC, 24, DST, 32, 255, p, len, 11));
	assert_int_equal(m.type, SADB_X_SPDUPDATE);
	m = request(pfkey_send_spdupdate2(so[0], SRC, 24, DST, 32, 255, 5, 6, p, len, 11));
	assert_int_equal(m.policy.limits.hard_add_sec, 5);
	m = request(pfkey_send_spddelete(so[0], SRC, 24, DST, 32, 255, p, len, 11));
	assert_int_equal(m.type, SADB_X_SPDDELETE);
	m = request(pfkey_send_spdsetidx(so[0], SRC, 24, DST, 32, 255, p, len, 11));
	assert_int_equal(m.type, SADB_X_SPDSETIDX);
	refused(pfkey_send_spdadd(so[0], SRC, 33, DST, 32, 255, p, len, 0),
		"Invalid length of a prefix");
	refused(pfkey_send_spdadd(so[0], SRC, 24, DST, 32, 255, p, len - 8, 0), "Invalid policy");
	refused(pfkey_send_spdadd(so[0], SRC, 24, DST, 32, 255, NULL, 0, 0), "Invalid policy");
	refused(pfkey_send_spdadd(so[0], SRC, 24, NULL, 32, 255, p, len, 0), "Invalid argument");
	free(p);
}

/* ---- messages taken apart ---- */

static struct sadb_msg *add_message(void)
{
	struct pfkey_send_sa_args a = sa_args();
	request(pfkey_send_add2(&a));
	return (struct sadb_msg *)sent;
}

static void append(struct sadb_msg *msg, uint16_t words, uint16_t type)
{
	struct sadb_ext ext = { words, type };
	memset(sent + msg->sadb_msg_len * 8, 0, 8);
	memcpy(sent + msg->sadb_msg_len * 8, &ext, sizeof(ext));
	msg->sadb_msg_len++;
}

static void messages_are_split_and_checked(void **state)
{
	caddr_t mhp[SADB_EXT_MAX + 1];
	struct sadb_msg *msg = add_message();
	(void)state;
	append(msg, 1, SADB_EXT_MAX + 1);
	append(msg, 1, 65535);
	assert_int_equal(pfkey_align(msg, mhp), 0);
	assert_ptr_equal(mhp[0], msg);
	assert_non_null(mhp[SADB_EXT_SA]);
	assert_null(mhp[SADB_EXT_PROPOSAL]);
	assert_int_equal(pfkey_check(mhp), 0);
	mhp[0] = NULL;
	assert_int_equal(pfkey_check(mhp), -1);
}

static void malformed_messages_are_refused(void **state)
{
	caddr_t mhp[SADB_EXT_MAX + 1];
	struct sadb_msg *msg = add_message();
	(void)state;
	append(msg, 0, 27);
	assert_int_equal(pfkey_align(msg, mhp), -1);
	msg = add_message();
	append(msg, 2, 27);
	assert_int_equal(pfkey_align(msg, mhp), -1);
	msg = add_message();
	append(msg, 1, SADB_EXT_SA);
	assert_int_equal(pfkey_align(msg, mhp), -1);
	assert_string_equal(ipsec_strerror(), "Invalid type of extension: extension twice");
	msg = add_message();
	msg->sadb_msg_len = 1;
	assert_int_equal(pfkey_align(msg, mhp), -1);
	msg = add_message();
	assert_int_equal(pfkey_align(msg, mhp), 0);
	msg->sadb_msg_version = 3;
	assert_int_equal(pfkey_check(mhp), -1);
	assert_string_equal(ipsec_strerror(), "Invalid PF_KEY version");
	msg->sadb_msg_version = PF_KEY_V2;
	msg->sadb_msg_type = 200;
	assert_int_equal(pfkey_check(mhp), -1);
	assert_string_equal(ipsec_strerror(), "Invalid type of message");
}

static void messages_are_received_whole(void **state)
{
	struct timeval soon = { 0, 10000 };
	struct sadb_msg *msg = add_message();
	size_t len = msg->sadb_msg_len * 8u;
	(void)state;
	assert_int_equal(send(so[1], msg, len, 0), len);
	struct sadb_msg *got = pfkey_recv(so[0]);
	assert_memory_equal(got, msg, len);
	free(got);
	assert_int_equal(send(so[1], msg, 9, 0), 9);
	assert_null(pfkey_recv(so[0]));
	assert_string_equal(ipsec_strerror(), "Invalid PF_KEY message");
	setsockopt(so[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	assert_null(pfkey_recv(so[0]));
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(pfkey_send(so[0], msg, (int)len), len);
	assert_int_equal(pfkey_send(so[0], msg, 3), -1);
	assert_true(pfkey_set_buffer_size(so[0], 64) > 0);
	assert_int_equal(pfkey_set_buffer_size(so[0], 0), -1);
	assert_int_equal(pfkey_set_buffer_size(so[0], INT32_MAX), -1);
}

static void *other_thread(void *arg)
{
	(void)arg;
	ipsec_get_policylen(NULL);
	return (void *)(uintptr_t)strcmp(ipsec_strerror(), "Invalid argument");
}

static void errors_belong_to_their_thread(void **state)
{
	pthread_t thread;
	void *differs;
	(void)state;
	assert_int_equal(pfkey_align(NULL, NULL), -1);
	free(ipsec_set_policy("in none", 7));
	assert_string_equal(ipsec_strerror(), "Success");
	assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
	pthread_join(thread, &differs);
	assert_null(differs);
	assert_string_equal(ipsec_strerror(), "Success");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(policies_go_to_bytes_and_back),
		CASE(policies_of_sockets_are_printed),
		CASE(requests_stand_behind_the_delimiter),
		CASE(bad_policies_are_refused_with_the_place),
		CASE(keys_are_checked_against_the_kernels_list),
		CASE(an_sa_is_sent_with_all_that_was_given),
		CASE(null_ciphers_have_their_key_extension),
		CASE(wrong_sas_are_not_sent),
		CASE(soft_rates_are_kept_in_range),
		CASE(sas_are_named_and_numbered),
		CASE(plain_messages_are_plain),
		CASE(policies_are_sent_with_selector_and_lifetime),
		CASE(messages_are_split_and_checked),
		CASE(malformed_messages_are_refused),
		CASE(messages_are_received_whole),
		CASE(errors_belong_to_their_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
