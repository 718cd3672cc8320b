/* SPDX-License-Identifier: BSD-2-Clause */
/* The messages of the multicast groups, laid out as the kernel does. */
#include "xfrm_codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netlink/attr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct nl_msg *msg;

static int setup(void **state)
{
	(void)state;
	msg = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	return msg ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	nlmsg_free(msg);
	return 0;
}

static void head(const void *data, size_t len)
{
	assert_int_equal(nlmsg_append(msg, (void *)(uintptr_t)data, len, NLMSG_ALIGNTO), 0);
}

static struct keydb_event event; /* big, and read by all tests */

static int decoded(uint16_t type)
{
	return xfrm_decode_event(type, nlmsg_data(nlmsg_hdr(msg)),
				 (size_t)nlmsg_datalen(nlmsg_hdr(msg)), &event);
}

static xfrm_address_t address(const char *text)
{
	xfrm_address_t a = { .a6 = { 0 } };
	if (inet_pton(AF_INET, text, &a.a4) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, &a.in6), 1);
	return a;
}

static void assert_addr(const union keydb_addr *a, const char *want)
{
	char text[INET6_ADDRSTRLEN];
	const void *bytes = a->sa.sa_family == AF_INET ? (const void *)&a->sin.sin_addr
						       : (const void *)&a->sin6.sin6_addr;
	assert_string_equal(inet_ntop(a->sa.sa_family, bytes, text, sizeof(text)), want);
}

static struct xfrm_usersa_info sa_info(void)
{
	struct xfrm_usersa_info x;
	memset(&x, 0, sizeof(x));
	x.family = x.sel.family = AF_INET;
	x.saddr = address("192.0.2.1");
	x.id.daddr = address("192.0.2.2");
	x.id.spi = htonl(0x1234);
	x.id.proto = KEYDB_PROTO_ESP;
	x.mode = XFRM_MODE_TUNNEL;
	x.reqid = 7;
	x.curlft.bytes = 99;
	return x;
}

static struct xfrm_userpolicy_info policy_info(void)
{
	struct xfrm_userpolicy_info x;
	memset(&x, 0, sizeof(x));
	x.sel.family = AF_INET6;
	x.index = 9;
	x.dir = XFRM_POLICY_OUT;
	return x;
}

static void put_template(uint8_t mode, uint16_t family, const char *src, const char *dst)
{
	struct xfrm_user_tmpl t;
	memset(&t, 0, sizeof(t));
	t.family = family;
	t.mode = mode;
	t.reqid = 70000;
	t.id.proto = KEYDB_PROTO_ESP;
	if (src) {
		t.saddr = address(src);
		t.id.daddr = address(dst);
	}
	assert_int_equal(nla_put(msg, XFRMA_TMPL, sizeof(t), &t), 0);
}

static struct xfrm_user_acquire acquire(const char *src, const char *dst)
{
	struct xfrm_user_acquire x;
	memset(&x, 0, sizeof(x));
	x.id.daddr = address(dst);
	x.id.proto = KEYDB_PROTO_ESP;
	x.saddr = address(src);
	x.sel.family = AF_INET6;
	x.sel.saddr = address("fd01::1");
	x.sel.daddr = address("fd02::1");
	x.sel.prefixlen_s = x.sel.prefixlen_d = 128;
	x.sel.proto = 17;
	x.policy = policy_info();
	x.seq = 42;
	return x;
}

static void an_acquire_names_ends_of_the_tunnels_family(void **state)
{
	struct xfrm_user_acquire x = acquire("192.0.2.1", "192.0.2.2");
	(void)state;
	head(&x, sizeof(x));
	put_template(XFRM_MODE_TUNNEL, AF_INET, "192.0.2.1", "192.0.2.2");
	assert_int_equal(decoded(XFRM_MSG_ACQUIRE), 0);
	assert_int_equal(event.kind, KEYDB_EVENT_ACQUIRE);
	assert_addr(&event.sa.id.src, "192.0.2.1");
	assert_addr(&event.sa.id.dst, "192.0.2.2");
	assert_addr(&event.sel.dst, "fd02::1");
	assert_int_equal(event.sel.proto, 17);
	assert_int_equal(event.sa.reqid, 70000);
	assert_int_equal(event.sa.mode, KEYDB_MODE_TUNNEL);
	assert_int_equal(event.seq, 42);
	assert_int_equal(event.policy.index, 9);
	assert_int_equal(event.policy.n_templates, 1);
}

static void an_acquire_of_transport_mode_has_the_packets_ends(void **state)
{
	struct xfrm_user_acquire x = acquire("fd01::1", "fd02::1");
	(void)state;
	head(&x, sizeof(x));
	put_template(XFRM_MODE_TRANSPORT, AF_INET6, NULL, NULL);
	assert_int_equal(decoded(XFRM_MSG_ACQUIRE), 0);
	assert_addr(&event.sa.id.src, "fd01::1");
	assert_addr(&event.sa.id.dst, "fd02::1");
	assert_int_equal(event.sa.mode, KEYDB_MODE_TRANSPORT);
}

static void an_expiry_says_soft_or_hard(void **state)
{
	struct xfrm_user_expire x;
	(void)state;
	memset(&x, 0, sizeof(x));
	x.state = sa_info();
	x.hard = 1;
	head(&x, sizeof(x));
	assert_int_equal(decoded(XFRM_MSG_EXPIRE), 0);
	assert_int_equal(event.kind, KEYDB_EVENT_EXPIRE);
	assert_true(event.hard);
	assert_int_equal(event.sa.id.spi, 0x1234);
	assert_int_equal(event.sa.usage.bytes, 99);
	assert_int_equal(event.sa.state, KEYDB_SA_DEAD);
}

static void a_policy_expires_too(void **state)
{
	struct xfrm_user_polexpire x;
	(void)state;
	memset(&x, 0, sizeof(x));
	x.pol = policy_info();
	head(&x, sizeof(x));
	assert_int_equal(decoded(XFRM_MSG_POLEXPIRE), 0);
	assert_int_equal(event.kind, KEYDB_EVENT_POLICY_EXPIRE);
	assert_false(event.hard);
	assert_int_equal(event.policy.index, 9);
}

static void deletions_carry_the_entry_as_an_attribute(void **state)
{
	struct xfrm_usersa_id id;
	struct xfrm_usersa_info x = sa_info();
	uint32_t if_id = 5;
	(void)state;
	memset(&id, 0, sizeof(id));
	head(&id, sizeof(id));
	assert_int_equal(nla_put(msg, XFRMA_SA, sizeof(x), &x), 0);
	assert_int_equal(nla_put(msg, XFRMA_IF_ID, sizeof(if_id), &if_id), 0);
	assert_int_equal(decoded(XFRM_MSG_DELSA), 0);
	assert_int_equal(event.kind, KEYDB_EVENT_SA_CHANGE);
	assert_true(event.deleted);
	assert_int_equal(event.sa.id.spi, 0x1234);
	assert_int_equal(event.sa.if_id, 5);
}

static void a_policys_deletion_too(void **state)
{
	struct xfrm_userpolicy_id id;
	struct xfrm_userpolicy_info x = policy_info();
	(void)state;
	memset(&id, 0, sizeof(id));
	head(&id, sizeof(id));
	assert_int_equal(decoded(XFRM_MSG_DELPOLICY), -EBADMSG);
	assert_int_equal(nla_put(msg, XFRMA_POLICY, sizeof(x), &x), 0);
	assert_int_equal(decoded(XFRM_MSG_DELPOLICY), 0);
	assert_true(event.deleted);
	assert_int_equal(event.policy.index, 9);
}

static void additions_are_changes(void **state)
{
	struct xfrm_usersa_info x = sa_info();
	(void)state;
	head(&x, sizeof(x));
	assert_int_equal(decoded(XFRM_MSG_NEWSA), 0);
	assert_int_equal(event.kind, KEYDB_EVENT_SA_CHANGE);
	assert_false(event.deleted);
	assert_int_equal(event.sa.state, KEYDB_SA_LARVAL); /* no algorithm */
}

static void flushes_say_what_went(void **state)
{
	struct xfrm_usersa_flush x = { .proto = 255 };
	(void)state;
	head(&x, sizeof(x));
	assert_int_equal(decoded(XFRM_MSG_FLUSHSA), 0);
	assert_int_equal(event.kind, KEYDB_EVENT_FLUSH_SA);
	assert_int_equal(event.sa.id.proto, KEYDB_PROTO_ANY);
	assert_int_equal(decoded(XFRM_MSG_FLUSHPOLICY), 0);
	assert_int_equal(event.kind, KEYDB_EVENT_FLUSH_POLICY);
}

static void a_mapping_tells_old_and_new(void **state)
{
	struct xfrm_user_mapping x;
	(void)state;
	memset(&x, 0, sizeof(x));
	x.id.daddr = address("2001:db8::2");
	x.id.spi = htonl(5);
	x.id.family = AF_INET6;
	x.id.proto = KEYDB_PROTO_ESP;
	x.old_saddr = address("2001:db8::1");
	x.new_saddr = address("2001:db8::9");
	x.old_sport = htons(4500);
	x.new_sport = htons(4501);
	head(&x, sizeof(x));
	assert_int_equal(decoded(XFRM_MSG_MAPPING), 0);
	assert_int_equal(event.kind, KEYDB_EVENT_MAPPING);
	assert_addr(&event.sa.id.src, "2001:db8::1");
	assert_int_equal(event.sa.encap_src_port, 4500);
	assert_addr(&event.new_addr, "2001:db8::9");
	assert_int_equal(ntohs(event.new_addr.sin6.sin6_port), 4501);
	assert_int_equal(event.sa.id.spi, 5);
}

static void torn_and_foreign_messages_are_no_events(void **state)
{
	static const uint16_t types[] = { XFRM_MSG_ACQUIRE,   XFRM_MSG_EXPIRE,   XFRM_MSG_POLEXPIRE,
					  XFRM_MSG_MAPPING,   XFRM_MSG_NEWSA,    XFRM_MSG_UPDSA,
					  XFRM_MSG_DELSA,     XFRM_MSG_FLUSHSA,  XFRM_MSG_NEWPOLICY,
					  XFRM_MSG_UPDPOLICY, XFRM_MSG_DELPOLICY };
	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_int_equal(decoded(types[i]), -EBADMSG);
	assert_int_equal(decoded(XFRM_MSG_NEWAE), -ENOMSG);
	assert_int_equal(decoded(0), -ENOMSG);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_acquire_names_ends_of_the_tunnels_family),
		CASE(an_acquire_of_transport_mode_has_the_packets_ends),
		CASE(an_expiry_says_soft_or_hard),
		CASE(a_policy_expires_too),
		CASE(deletions_carry_the_entry_as_an_attribute),
		CASE(a_policys_deletion_too),
		CASE(additions_are_changes),
		CASE(flushes_say_what_went),
		CASE(a_mapping_tells_old_and_new),
		CASE(torn_and_foreign_messages_are_no_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
