/* SPDX-License-Identifier: BSD-2-Clause */
/* Migrations, as they go to the kernel and as it tells them. */
#include "xfrm_codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netlink/attr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct nl_msg *msg;
static const char *why;
static struct xfrm_migration back;

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

static union keydb_addr addr(const char *text)
{
	union keydb_addr a;
	memset(&a, 0, sizeof(a));
	a.sa.sa_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	void *bytes = a.sa.sa_family == AF_INET ? (void *)&a.sin.sin_addr
						: (void *)&a.sin6.sin6_addr;
	assert_int_equal(inet_pton(a.sa.sa_family, text, bytes), 1);
	return a;
}

static struct keydb_template ends(const char *src, const char *dst)
{
	struct keydb_template t;
	memset(&t, 0, sizeof(t));
	t.src = addr(src);
	t.dst = addr(dst);
	t.family = t.src.sa.sa_family;
	t.proto = KEYDB_PROTO_ESP;
	t.mode = KEYDB_MODE_TUNNEL;
	t.level = KEYDB_LEVEL_UNIQUE;
	t.reqid = 7;
	return t;
}

/* The second pair changes its family. */
static struct xfrm_migration two_pairs(void)
{
	struct xfrm_migration x;
	memset(&x, 0, sizeof(x));
	x.policy.sel.src = addr("198.51.100.0");
	x.policy.sel.dst = addr("203.0.113.0");
	x.policy.sel.src_bits = x.policy.sel.dst_bits = 24;
	x.policy.sel.src_port_any = x.policy.sel.dst_port_any = true;
	x.policy.dir = KEYDB_DIR_OUT;
	x.policy.action = KEYDB_ACTION_IPSEC;
	x.policy.n_templates = 2;
	x.policy.templates[0] = ends("192.0.2.1", "192.0.2.2");
	x.moved[0] = ends("192.0.2.3", "192.0.2.2");
	x.policy.templates[1] = ends("192.0.2.1", "192.0.2.2");
	x.moved[1] = ends("2001:db8::1", "2001:db8::2");
	x.km_src = addr("192.0.2.3");
	x.km_dst = addr("192.0.2.2");
	return x;
}

static int decoded(void)
{
	return xfrm_decode_migration(nlmsg_data(nlmsg_hdr(msg)),
				     (size_t)nlmsg_datalen(nlmsg_hdr(msg)), &back);
}

static void a_migration_survives(void **state)
{
	struct xfrm_migration x = two_pairs();
	(void)state;
	assert_int_equal(xfrm_encode_migration(msg, &x, &why), 0);
	assert_int_equal(decoded(), 0);
	assert_memory_equal(&back, &x, sizeof(x));
}

/* The kernel tells each pair in an attribute of its own. */
static void pairs_come_one_by_one(void **state)
{
	struct xfrm_userpolicy_id id;
	struct xfrm_user_migrate x;
	(void)state;
	memset(&id, 0, sizeof(id));
	memset(&x, 0, sizeof(x));
	id.sel.family = AF_INET;
	x.old_family = x.new_family = AF_INET;
	x.proto = KEYDB_PROTO_ESP;
	x.mode = XFRM_MODE_TUNNEL;
	assert_int_equal(nlmsg_append(msg, &id, sizeof(id), NLMSG_ALIGNTO), 0);
	assert_int_equal(decoded(), -EBADMSG); /* nothing moves */
	for (int i = 0; i < KEYDB_TEMPLATES_MAX; i++) {
		x.reqid = (uint32_t)i;
		assert_int_equal(nla_put(msg, XFRMA_MIGRATE, sizeof(x), &x), 0);
		assert_int_equal(decoded(), 0);
		assert_int_equal(back.policy.n_templates, i + 1);
		assert_int_equal(back.policy.templates[i].reqid, i);
		assert_int_equal(back.moved[i].level, i ? KEYDB_LEVEL_UNIQUE : KEYDB_LEVEL_REQUIRE);
	}
	assert_int_equal(nla_put(msg, XFRMA_MIGRATE, sizeof(x), &x), 0);
	assert_int_equal(decoded(), -EBADMSG); /* one too many */
}

static void every_cut_is_refused_or_whole(void **state)
{
	struct xfrm_migration x = two_pairs();
	(void)state;
	assert_int_equal(xfrm_encode_migration(msg, &x, &why), 0);
	size_t len = (size_t)nlmsg_datalen(nlmsg_hdr(msg));
	for (size_t n = 0; n < sizeof(struct xfrm_userpolicy_id) + 8; n++)
		assert_int_equal(xfrm_decode_migration(nlmsg_data(nlmsg_hdr(msg)), n, &back),
				 -EBADMSG);
	for (size_t n = 0; n < len; n++)
		if (!xfrm_decode_migration(nlmsg_data(nlmsg_hdr(msg)), n, &back))
			assert_int_equal(back.policy.n_templates, 2); /* only km is missing */
}

static void what_cannot_be_said_is_refused(void **state)
{
	struct xfrm_migration x = two_pairs();
	(void)state;
	x.policy.n_templates = 0;
	assert_int_equal(xfrm_encode_migration(msg, &x, &why), -EINVAL);
	x.policy.n_templates = KEYDB_TEMPLATES_MAX + 1;
	assert_int_equal(xfrm_encode_migration(msg, &x, &why), -EINVAL);
	x = two_pairs();
	memset(&x.moved[1].src, 0, sizeof(x.moved[1].src));
	assert_int_equal(xfrm_encode_migration(msg, &x, &why), -EINVAL);
	assert_string_equal(why, "a migration needs addresses");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_migration_survives),
		CASE(pairs_come_one_by_one),
		CASE(every_cut_is_refused_or_whole),
		CASE(what_cannot_be_said_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
