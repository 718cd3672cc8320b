/* SPDX-License-Identifier: BSD-2-Clause */
/* What the less common calls of the KAME interface write, read at the other end of a socket pair. */
#include "sadb_codec.h"

#include <ipsec_strerror.h>
#include <libpfkey.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int so[2];
static uint8_t sent[SADB_MESSAGE_MAX_BYTES];
static struct sockaddr_in src = { .sin_family = AF_INET }, dst = { .sin_family = AF_INET };
#define SRC ((struct sockaddr *)&src)
#define DST ((struct sockaddr *)&dst)
static char keys[] = "0123456789abcdefABCDEFGHIJKLMNOPQRST";

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

static void refused(int rc, int error)
{
	assert_int_equal(rc, -1);
	assert_int_equal(__ipsec_errcode, error);
	assert_int_equal(recv(so[1], sent, sizeof(sent), MSG_DONTWAIT), -1);
}

#define ENDS(so) (so), SADB_SATYPE_ESP, IPSEC_MODE_TUNNEL, SRC, DST
#define ALGS keys, SADB_X_EALG_AESCBC, 16, SADB_AALG_SHA1HMAC, 20

static void getspi_with_nat_says_type_and_ports(void **state)
{
	(void)state;
	struct sadb_message m = request(pfkey_send_getspi_nat(
		ENDS(so[0]), UDP_ENCAP_ESPINUDP, htons(4500), htons(4501), 0x100, 0x200, 5, 6));
	assert_int_equal(m.type, SADB_GETSPI);
	assert_int_equal(m.spi_min, 0x100);
	assert_int_equal(m.spi_max, 0x200);
	assert_int_equal(m.sa.reqid, 5);
	assert_int_equal(m.seq, 6);
	assert_int_equal(m.sa.encap_type, KEYDB_ENCAP_UDP);
	assert_int_equal(m.sa.encap_src_port, 4500);
	assert_int_equal(m.sa.encap_dst_port, 4501);
	m = request(pfkey_send_getspi(ENDS(so[0]), 0x100, 0x200, 5, 6));
	assert_false(m.present & 1u << SADB_X_EXT_NAT_T_TYPE);
	refused(pfkey_send_getspi_nat(ENDS(so[0]), 2, 0, 0, 0x200, 0x100, 5, 6), EIPSEC_INVAL_SPI);
}

/* KAME's wrappers cut them to 32 bits: 5 GB became 0.7. */
static void old_calls_carry_limits_of_64_bits(void **state)
{
	(void)state;
	struct sadb_message m = request(pfkey_send_add(ENDS(so[0]), htonl(0x1234), 7, 4, ALGS, 0, 9,
						       5000000000u, 6000000000u, 7000000000u, 11));
	assert_int_equal(m.type, SADB_ADD);
	assert_int_equal(m.seq, 11);
	assert_int_equal(m.sa.id.spi, 0x1234);
	assert_int_equal(m.sa.reqid, 7);
	assert_int_equal(m.sa.replay_window_pkts, 4);
	assert_memory_equal(m.sa.encr.key, keys, 16);
	assert_memory_equal(m.sa.auth.key, keys + 16, 20);
	assert_int_equal(m.sa.limits.hard_packets, 9);
	assert_int_equal(m.sa.limits.soft_packets, 7);
	assert_int_equal(m.sa.limits.hard_bytes, 5000000000u);
	assert_int_equal(m.sa.limits.soft_bytes, 4000000000u);
	assert_int_equal(m.sa.limits.hard_add_sec, 6000000000u);
	assert_int_equal(m.sa.limits.hard_use_sec, 7000000000u);
	m = request(pfkey_send_update(ENDS(so[0]), htonl(0x1234), 7, 4, ALGS, 0, 0, 0, 60, 0, 12));
	assert_int_equal(m.type, SADB_UPDATE);
	assert_int_equal(m.sa.limits.soft_add_sec, 48);
}

static void soft_limits_do_not_overflow(void **state)
{
	(void)state;
	struct sadb_message m =
		request(pfkey_send_add(ENDS(so[0]), htonl(0x1234), 7, 4, ALGS, 0, UINT32_MAX,
				       UINT64_MAX - 1, UINT32_MAX, 0, 0));
	assert_int_equal(m.sa.limits.soft_packets, 3435973836u);
	assert_true(m.sa.limits.soft_bytes == 14757395258967641291u);
	assert_int_equal(m.sa.limits.soft_add_sec, 3435973836u);
}

static void old_calls_with_nat_say_type_and_ports(void **state)
{
	(void)state;
	struct sadb_message m =
		request(pfkey_send_add_nat(ENDS(so[0]), htonl(0x1234), 7, 4, ALGS, 0, 0, 0, 0, 0, 0,
					   UDP_ENCAP_ESPINUDP, htons(4500), htons(4501), SRC, 552));
	assert_int_equal(m.type, SADB_ADD);
	assert_int_equal(m.sa.encap_src_port, 4500);
	assert_int_equal(m.sa.encap_dst_port, 4501);
	m = request(pfkey_send_update_nat(ENDS(so[0]), htonl(0x1234), 7, 4, ALGS, 0, 0, 0, 0, 0, 0,
					  UDP_ENCAP_ESPINUDP, htons(1), htons(2), NULL, 0));
	assert_int_equal(m.type, SADB_UPDATE);
	assert_int_equal(m.sa.encap_dst_port, 2);
	refused(pfkey_send_add_nat(so[0], 77, 0, SRC, DST, 0, 0, 0, ALGS, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				   NULL, 0),
		EIPSEC_INVAL_SATYPE);
}

/* ---- MIGRATE ---- */

/* A policy with the requests of two tunnels in pairs; n says how many requests it has. */
static int migration(uint8_t *buf, unsigned int n)
{
	struct sadb_x_policy head = { .sadb_x_policy_exttype = SADB_X_EXT_POLICY,
				      .sadb_x_policy_type = IPSEC_POLICY_IPSEC,
				      .sadb_x_policy_dir = IPSEC_DIR_OUTBOUND };
	struct sadb_x_ipsecrequest one = { .sadb_x_ipsecrequest_len = sizeof(one) + 2 * sizeof(src),
					   .sadb_x_ipsecrequest_proto = IPPROTO_ESP,
					   .sadb_x_ipsecrequest_mode = IPSEC_MODE_TUNNEL,
					   .sadb_x_ipsecrequest_level = IPSEC_LEVEL_REQUIRE };
	size_t used = sizeof(head);
	for (unsigned int i = 0; i < n; i++) {
		struct sockaddr_in end = dst;
		end.sin_addr.s_addr = htonl(0xc0000210 + i);
		memcpy(buf + used, &one, sizeof(one));
		memcpy(buf + used + sizeof(one), &src, sizeof(src));
		memcpy(buf + used + sizeof(one) + sizeof(src), &end, sizeof(end));
		used += one.sadb_x_ipsecrequest_len;
	}
	head.sadb_x_policy_len = (uint16_t)(used / 8);
	memcpy(buf, &head, sizeof(head));
	return (int)used;
}

static void a_migration_has_pairs_and_where_ike_talks(void **state)
{
	uint8_t policy[1024];
	int len = migration(policy, 4);
	(void)state;
	struct sadb_message m = request(pfkey_send_migrate(so[0], SRC, DST, SRC, 24, DST, 32, 255,
							   (caddr_t)policy, len, 13));
	assert_int_equal(m.type, SADB_X_MIGRATE);
	assert_int_equal(m.seq, 13);
	assert_int_equal(m.policy.sel.src_bits, 24);
	assert_int_equal(m.policy.n_templates, 2);
	assert_int_equal(m.policy.templates[1].dst.sin.sin_addr.s_addr, inet_addr("192.0.2.18"));
	assert_int_equal(m.moved[1].dst.sin.sin_addr.s_addr, inet_addr("192.0.2.19"));
	assert_memory_equal(&m.km_src.sin, &src, sizeof(src));
	assert_memory_equal(&m.km_dst.sin, &dst, sizeof(dst));
	m = request(pfkey_send_migrate(so[0], NULL, NULL, SRC, 24, DST, 32, 255, (caddr_t)policy,
				       len, 13));
	assert_false(m.present & 1u << SADB_X_EXT_KMADDRESS);
}

#define MIGRATE(local, policy, len) \
	pfkey_send_migrate(so[0], local, DST, SRC, 24, DST, 32, 255, (caddr_t)(policy), len, 0)

static void a_wrong_migration_is_not_sent(void **state)
{
	uint8_t policy[1024];
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	(void)state;
	int len = migration(policy, 3);
	refused(MIGRATE(SRC, policy, len), EIPSEC_INVAL_POLICY);
	len = migration(policy, 0);
	refused(MIGRATE(SRC, policy, len), EIPSEC_INVAL_POLICY);
	len = migration(policy, 14);
	refused(MIGRATE(SRC, policy, len), EIPSEC_INVAL_POLICY);
	len = migration(policy, 2);
	refused(MIGRATE(NULL, policy, len), EIPSEC_INVAL_ARGUMENT);
	refused(MIGRATE((struct sockaddr *)&v6, policy, len), EIPSEC_FAMILY_MISMATCH);
	refused(MIGRATE(SRC, policy, len - 8), EIPSEC_INVAL_POLICY);
	refused(MIGRATE(SRC, policy, 8), EIPSEC_INVAL_POLICY);
	refused(MIGRATE(SRC, NULL, 0), EIPSEC_INVAL_POLICY);
}

/* ---- policies ---- */

/* setkey has words for more than the structure has room for. */
static void what_a_policy_cannot_carry_is_refused(void **state)
{
	(void)state;
	assert_null(ipsec_set_policy("in ipsec esp/transport//require,spi=5", 37));
	assert_string_equal(ipsec_strerror(),
			    "Invalid policy: PF_KEY cannot carry the SPI of a request");
	assert_null(ipsec_set_policy("in ipsec esp/5//require", 23));
	assert_string_equal(ipsec_strerror(), "Invalid policy: PF_KEY has no number for the mode");
}

static void reqids_of_all_levels_come_back(void **state)
{
	const char *words = "in prio def ipsec esp/beet/192.0.2.1-192.0.2.2/require:7";
	ipsec_policy_t p = ipsec_set_policy(words, (int)strlen(words));
	(void)state;
	char *text = ipsec_dump_policy(p, NULL);
	assert_string_equal(text, words);
	free(text);
	free(p);
}

/* ---- what the headers say ---- */

static void macros_read_what_extensions_say(void **state)
{
	struct sadb_x_nat_t_type type = { .sadb_x_nat_t_type_type = UDP_ENCAP_ESPINUDP };
	struct sadb_x_nat_t_port port = { .sadb_x_nat_t_port_port = htons(4500) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct {
		struct sadb_address head;
		struct sockaddr_in end;
	} a = { { .sadb_address_len = 3, .sadb_address_proto = 6, .sadb_address_prefixlen = 24 },
		src };
	struct sadb_x_nat_t_type *none = NULL;
	(void)state;
	assert_int_equal(PFKEY_ADDR_X_PORT(&port), 4500);
	assert_true(PFKEY_ADDR_X_NATTYPE(&type));
	assert_false(PFKEY_ADDR_X_NATTYPE(none));
	assert_int_equal(PFKEY_EXTLEN(&a), sizeof(a));
	assert_int_equal(PFKEY_ADDR_PREFIX(&a), 24);
	assert_int_equal(PFKEY_ADDR_PROTO(&a), 6);
	assert_ptr_equal(PFKEY_ADDR_SADDR(&a), &a.end);
	assert_int_equal(sysdep_sa_len(SRC), sizeof(src));
	assert_int_equal(sysdep_sa_len((struct sockaddr *)&v6), sizeof(v6));
	assert_int_equal(PFKEY_ALIGN8(17), 24);
	assert_int_equal(libipsec_opt, LIBIPSEC_OPT_NATT | LIBIPSEC_OPT_SEC_CTX);
}

static void errors_have_kames_numbers(void **state)
{
	(void)state;
	assert_null(ipsec_set_policy("sideways", 8));
	assert_int_equal(__ipsec_errcode, EIPSEC_INVAL_POLICY);
	assert_int_equal(pfkey_set_buffer_size(-1, 64), -1);
	assert_int_equal(__ipsec_errcode, EIPSEC_SYSTEM_ERROR);
	free(ipsec_set_policy("in none", 7));
	assert_int_equal(__ipsec_errcode, EIPSEC_NO_ERROR);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(getspi_with_nat_says_type_and_ports),
		CASE(old_calls_carry_limits_of_64_bits),
		CASE(soft_limits_do_not_overflow),
		CASE(old_calls_with_nat_say_type_and_ports),
		CASE(a_migration_has_pairs_and_where_ike_talks),
		CASE(a_wrong_migration_is_not_sent),
		CASE(what_a_policy_cannot_carry_is_refused),
		CASE(reqids_of_all_levels_come_back),
		CASE(macros_read_what_extensions_say),
		CASE(errors_have_kames_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
