/* SPDX-License-Identifier: BSD-2-Clause */
/* What was wrong in KAME's library, and is not in this one: a test for each. */
#include "sadb_codec.h"

#include <ipsec_strerror.h>
#include <libpfkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static int so[2];

static int setup(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_DGRAM, 0, so);
}

static int teardown(void **state)
{
	(void)state;
	pfkey_close(so[0]);
	return close(so[1]);
}

/* ---- policies ---- */

/* The length of the text was not looked at: what is not a string was read over its end. */
static void a_policys_text_ends_where_its_length_says(void **state)
{
	const char *words = "in none";
	char *text = malloc(strlen(words)); /* and not a byte more */
	(void)state;
	assert_non_null(text);
	memcpy(text, words, strlen(words));
	ipsec_policy_t p = ipsec_set_policy(text, (int)strlen(words));
	assert_non_null(p);
	free(p);
	free(text);
	p = ipsec_set_policy("in none of this", 7);
	assert_non_null(p);
	free(p);
	assert_null(ipsec_set_policy("in none", 4));
}

enum { THREADS = 4, ROUNDS = 500 };

/* Policies of the thread's own, to text and back; NULL if all were the same. */
static void *policies_of_a_thread(void *arg)
{
	char words[64];
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(words, sizeof(words), "out prio def ipsec esp/transport//unique:%u",
			 (unsigned int)(uintptr_t)arg + (unsigned int)i);
		ipsec_policy_t p = ipsec_set_policy(words, (int)strlen(words));
		char *text = p ? ipsec_dump_policy(p, NULL) : NULL;
		bool same = text && strcmp(text, words) == 0;
		free(text);
		free(p);
		if (!same)
			return arg;
	}
	return NULL;
}

/* The parser and the printer kept their state in static variables. */
static void several_threads_parse_policies_at_once(void **state)
{
	pthread_t threads[THREADS];
	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, policies_of_a_thread,
						(void *)(i * 1000 + 1)),
				 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong;
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

/* One request in BEET mode made the text of all of them fail. */
static void a_policy_in_beet_mode_has_a_text(void **state)
{
	struct {
		struct sadb_x_policy head;
		struct sadb_x_ipsecrequest request;
	} p = { .head = { .sadb_x_policy_len = sizeof(p) / 8,
			  .sadb_x_policy_exttype = SADB_X_EXT_POLICY,
			  .sadb_x_policy_type = IPSEC_POLICY_IPSEC,
			  .sadb_x_policy_dir = IPSEC_DIR_INBOUND },
		.request = { .sadb_x_ipsecrequest_len = sizeof(p.request),
			     .sadb_x_ipsecrequest_proto = IPPROTO_ESP,
			     .sadb_x_ipsecrequest_mode = IPSEC_MODE_BEET,
			     .sadb_x_ipsecrequest_level = IPSEC_LEVEL_REQUIRE } };
	(void)state;
	char *text = ipsec_dump_policy((caddr_t)&p, NULL);
	assert_string_equal(text, "in ipsec esp/beet//require");
	free(text);
}

/* ---- algorithms ---- */

static void no_list_is_an_error_of_its_own(void **state)
{
	struct sadb_alg row;
	(void)state;
	assert_int_equal(ipsec_check_keylen(SADB_EXT_SUPPORTED_ENCRYPT, 12, 128), -1);
	assert_int_equal(__ipsec_errcode, EIPSEC_DO_GET_SUPP_LIST);
	assert_int_equal(ipsec_check_keylen2(SADB_SATYPE_ESP, 12, 128), -1);
	assert_int_equal(__ipsec_errcode, EIPSEC_DO_GET_SUPP_LIST);
	assert_int_equal(ipsec_get_keylen(SADB_EXT_SUPPORTED_AUTH, 3, &row), -1);
	assert_int_equal(__ipsec_errcode, EIPSEC_DO_GET_SUPP_LIST);
}

static void give_list(void)
{
	static const struct sadb_alg encr[] = { { 12, 8, 128, 256, 0 } };
	static uint8_t buf[SADB_MESSAGE_MAX_BYTES];
	struct sadb_message m;
	const char *why;
	size_t len;
	sadb_message_init(&m, SADB_REGISTER);
	m.encr_algs = encr;
	m.n_encr_algs = 1;
	assert_int_equal(sadb_encode(PFKEY_REPLY, &m, buf, sizeof(buf), &len, &why), 0);
	assert_int_equal(pfkey_set_supported((struct sadb_msg *)buf, (int)len), 0);
}

/* Everything that can fail, failing. */
static void fail_all(void)
{
	struct sadb_msg msg = { .sadb_msg_version = PF_KEY_V2, .sadb_msg_len = 1 };
	caddr_t mhp[SADB_EXT_MAX + 1];
	struct pfkey_send_sa_args args = { .so = -1 };
	assert_int_equal(ipsec_check_keylen2(SADB_SATYPE_ESP, 12, 64), -1);
	assert_int_equal(ipsec_check_keylen(SADB_EXT_SUPPORTED_ENCRYPT, 99, 64), -1);
	assert_null(ipsec_set_policy("sideways", 8));
	assert_int_equal(pfkey_align(&msg, mhp), -1);
	assert_int_equal(pfkey_send_add2(&args), -1);
	assert_int_equal(pfkey_send_flush(-1, SADB_SATYPE_ESP), -1);
	assert_null(pfkey_recv(-1));
}

/* A key of a wrong length was told on stderr, whatever the program wanted. */
static void a_failure_writes_nothing(void **state)
{
	FILE *caught = tmpfile();
	int kept[2];
	(void)state;
	assert_non_null(caught);
	give_list();
	fflush(stdout);
	for (int fd = 0; fd < 2; fd++) {
		kept[fd] = dup(fd + 1);
		dup2(fileno(caught), fd + 1);
	}
	fail_all();
	fflush(stdout);
	for (int fd = 0; fd < 2; fd++) {
		dup2(kept[fd], fd + 1);
		close(kept[fd]);
	}
	fseek(caught, 0, SEEK_END);
	assert_int_equal(ftell(caught), 0);
	fclose(caught);
}

/* ---- messages ---- */

static union {
	struct sadb_msg head;
	uint8_t bytes[4096];
} msg;

/* A DUMP with one extension of a type. */
static void make(uint16_t type, uint16_t words)
{
	struct sadb_ext ext = { words, type };
	memset(&msg, 0, sizeof(msg));
	msg.head = (struct sadb_msg){ .sadb_msg_version = PF_KEY_V2,
				      .sadb_msg_type = SADB_DUMP,
				      .sadb_msg_len = (uint16_t)(2 + words) };
	memcpy(msg.bytes + sizeof(msg.head), &ext, sizeof(ext));
}

/* The type was an index before anybody looked if it was in the array. */
static void an_unknown_type_is_no_index(void **state)
{
	static const uint16_t types[] = { SADB_EXT_MAX + 1, SADB_EXT_MAX + 2, 255, 256, 65535 };
	struct {
		caddr_t before[8], mhp[SADB_EXT_MAX + 1], behind[8];
	} m;
	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		memset(&m, 0x55, sizeof(m));
		make(types[i], 1);
		assert_int_equal(pfkey_align(&msg.head, m.mhp), 0);
		assert_ptr_equal(m.mhp[0], &msg);
		for (size_t n = 1; n <= SADB_EXT_MAX; n++)
			assert_null(m.mhp[n]);
		for (size_t n = 0; n < 8; n++)
			assert_true(m.before[n] == m.behind[0] && m.behind[n] == m.behind[0]);
	}
}

static void a_filter_is_known(void **state)
{
	caddr_t mhp[SADB_EXT_MAX + 1];
	struct sadb_x_filter filter = { .sadb_x_filter_len = sizeof(filter) / 8,
					.sadb_x_filter_exttype = SADB_X_EXT_FILTER,
					.sadb_x_filter_family = AF_INET };
	(void)state;
	make(SADB_X_EXT_FILTER, sizeof(filter) / 8);
	memcpy(msg.bytes + sizeof(msg.head), &filter, sizeof(filter));
	assert_int_equal(pfkey_align(&msg.head, mhp), 0);
	assert_non_null(mhp[SADB_X_EXT_FILTER]);
	assert_int_equal(pfkey_check(mhp), 0);
}

/* Newer kernels say things that a program has never heard of: that ended racoon. */
static void what_a_newer_kernel_says_is_skipped(void **state)
{
	caddr_t mhp[SADB_EXT_MAX + 1];
	(void)state;
	make(SADB_EXT_MAX + 1, 1);
	msg.head.sadb_msg_type = SADB_FLUSH;
	assert_int_equal(pfkey_align(&msg.head, mhp), 0);
	assert_int_equal(pfkey_check(mhp), 0);
}

/* Buffers had 32 KiB, and what was longer was "invalid". */
static void a_message_may_be_long(void **state)
{
	enum { WORDS = 10000 };
	struct sadb_msg *big = calloc(WORDS, 8);
	(void)state;
	assert_non_null(big);
	big->sadb_msg_version = PF_KEY_V2;
	big->sadb_msg_len = WORDS;
	assert_int_equal(send(so[1], big, WORDS * 8, 0), WORDS * 8);
	struct sadb_msg *got = pfkey_recv(so[0]);
	assert_non_null(got);
	assert_int_equal(got->sadb_msg_len, WORDS);
	free(got);
	free(big);
}

static void on_alarm(int signal)
{
	struct sadb_msg flush = { .sadb_msg_version = PF_KEY_V2,
				  .sadb_msg_type = SADB_FLUSH,
				  .sadb_msg_len = 2 };
	(void)signal;
	if (send(so[1], &flush, sizeof(flush), 0) < 0)
		abort();
}

/* The handler sends what is waited for: a receive that a signal ends goes on and finds it. */
static void a_signal_does_not_end_a_receive(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm }, old;
	struct itimerval soon = { .it_value = { 0, 20000 } };
	(void)state;
	assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	struct sadb_msg *got = pfkey_recv(so[0]);
	sigaction(SIGALRM, &old, NULL);
	assert_non_null(got);
	assert_int_equal(got->sadb_msg_type, SADB_FLUSH);
	free(got);
}

/* The test for it had a misspelt name, so the bit was never set. */
static void security_contexts_are_among_the_options(void **state)
{
	(void)state;
	assert_true(libipsec_opt & LIBIPSEC_OPT_SEC_CTX);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(no_list_is_an_error_of_its_own), /* first: the list is the process' */
		CASE(a_policys_text_ends_where_its_length_says),
		CASE(several_threads_parse_policies_at_once),
		CASE(a_policy_in_beet_mode_has_a_text),
		CASE(a_failure_writes_nothing),
		CASE(an_unknown_type_is_no_index),
		CASE(a_filter_is_known),
		CASE(what_a_newer_kernel_says_is_skipped),
		CASE(a_message_may_be_long),
		CASE(a_signal_does_not_end_a_receive),
		CASE(security_contexts_are_among_the_options),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
