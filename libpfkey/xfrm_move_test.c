/* SPDX-License-Identifier: BSD-2-Clause */
/* An SA made anew at other ends: what stays, what moves, and what is refused. */
#include "model_unit.h"
#include "xfrm_codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netlink/attr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 2000, SEED = 1 };

static struct nl_msg *sa_msg, *end_msg, *out_msg;
static const char *why;

static int setup(void **state)
{
	(void)state;
	sa_msg = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	end_msg = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	out_msg = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	return sa_msg && end_msg && out_msg ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	nlmsg_free(sa_msg);
	nlmsg_free(end_msg);
	nlmsg_free(out_msg);
	return 0;
}

static void again(void)
{
	teardown(NULL);
	assert_int_equal(setup(NULL), 0);
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

static struct xfrm_body body_of(struct nl_msg *m)
{
	return (struct xfrm_body){ nlmsg_data(nlmsg_hdr(m)), (size_t)nlmsg_datalen(nlmsg_hdr(m)) };
}

static struct keydb_sa gcm_sa(void)
{
	static const uint8_t key[20] = { 1, 2, 3 };
	struct keydb_sa sa;
	memset(&sa, 0, sizeof(sa));
	sa.id.src = addr("192.0.2.1");
	sa.id.dst = addr("192.0.2.2");
	sa.id.spi = 0x1000;
	sa.id.proto = KEYDB_PROTO_ESP;
	sa.mode = KEYDB_MODE_TUNNEL;
	sa.flags = KEYDB_SA_AF_UNSPEC | KEYDB_SA_ESN;
	sa.reqid = 77;
	sa.replay_window_pkts = 64;
	assert_int_equal(keydb_alg_set(&sa.aead, keydb_alg_by_id(KEYDB_ALG_AES_GCM_16), key,
				       sizeof(key), 0),
			 0);
	return sa;
}

static void tell(const struct keydb_sa *sa)
{
	assert_int_equal(xfrm_encode_sa(sa_msg, sa, 0, &why), 0);
}

/* What follows the counters in the bitmap counts too. */
struct esn {
	struct xfrm_replay_state_esn head;
	uint32_t map[2];
};

static const struct esn last_words = {
	{ .bmp_len = 2, .oseq = 5, .oseq_hi = 1, .seq = 9, .seq_hi = 2, .replay_window = 64 },
	{ 0xf0f0, 0x1234 }
};

static void tell_end(uint32_t spi, uint64_t packets)
{
	struct xfrm_usersa_id id = { .spi = htonl(spi), .proto = IPPROTO_ESP };
	struct xfrm_usersa_info info = { .curlft = { .bytes = packets * 100,
						     .packets = packets,
						     .add_time = 1000,
						     .use_time = 1001 } };
	info.id.spi = htonl(spi);
	info.id.proto = IPPROTO_ESP;
	nlmsg_append(end_msg, &id, sizeof(id), NLMSG_ALIGNTO);
	nla_put(end_msg, XFRMA_SA, sizeof(info), &info);
	nla_put(end_msg, XFRMA_REPLAY_ESN_VAL, sizeof(last_words), &last_words);
}

static struct keydb_sa_move to(const char *src, const char *dst, uint16_t sport, uint16_t dport)
{
	struct keydb_sa_move m;
	memset(&m, 0, sizeof(m));
	m.src = addr(src);
	m.dst = addr(dst);
	m.encap_src_port = sport;
	m.encap_dst_port = dport;
	return m;
}

static int encode(const struct keydb_sa_move *m)
{
	return xfrm_encode_moved_sa(out_msg, body_of(sa_msg), body_of(end_msg), m, &why);
}

static void decode(struct keydb_sa *ret)
{
	uint32_t ifindex;
	struct xfrm_body b = body_of(out_msg);
	assert_int_equal(xfrm_decode_sa(b.body, b.len, ret, &ifindex), 0);
}

static void any_sa_stays_what_it_is(void **state)
{
	struct model_random rng = model_random_of(SEED, 2);
	struct keydb_sa sa, back;
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		model_any_sa(&rng, &sa);
		model_kernel_sa(&sa);
		if (sa.id.proto == KEYDB_PROTO_IPCOMP)
			continue;
		memset(sa.offload_device, 0, sizeof(sa.offload_device));
		sa.offload_flags = 0;
		again();
		tell(&sa);
		/* As the kernel does where our encoder has nothing to say. */
		struct xfrm_replay_state none = { 0, 0, 0 };
		if (sa.replay_window_pkts <= 32 && !(sa.flags & KEYDB_SA_ESN))
			nla_put(sa_msg, XFRMA_REPLAY_VAL, sizeof(none), &none);
		bool v6 = sa.id.dst.sa.sa_family == AF_INET6;
		struct keydb_sa_move m = v6 ? to("2001:db8::7", "2001:db8::8", 1, 2)
					    : to("10.0.0.1", "10.0.0.2", 1, 2);
		int rc = encode(&m);
		if (rc)
			fail_msg("%d: %s", rc, why);
		decode(&back);
		sa.id.src = m.src;
		sa.id.dst = m.dst;
		if (!sa.encap_src_port && !sa.encap_dst_port) {
			sa.encap_type = KEYDB_ENCAP_UDP;
			memset(&sa.encap_oa, 0, sizeof(sa.encap_oa));
		}
		sa.encap_src_port = 1;
		sa.encap_dst_port = 2;
		back.state = sa.state;
		sa.kernel_seq = 0;
		memset(&sa.usage, 0, sizeof(sa.usage));
		assert_memory_equal(&sa, &back, sizeof(sa));
	}
}

static void counters_go_on_where_they_ended(void **state)
{
	struct keydb_sa sa = gcm_sa(), back;
	(void)state;
	tell(&sa);
	tell_end(0x1000, 7);
	struct keydb_sa_move m = to("192.0.2.1", "198.51.100.2", 4500, 40000);
	assert_int_equal(encode(&m), 0);
	decode(&back);
	assert_true(back.seq_out == (1ull << 32 | 5) && back.seq_in == (2ull << 32 | 9));
	assert_int_equal(back.encap_dst_port, 40000);
	assert_memory_equal(back.aead.key, sa.aead.key, sizeof(sa.aead.key));
	struct nlmsghdr *h = nlmsg_hdr(out_msg);
	struct nlattr *esn =
		nlmsg_find_attr(h, sizeof(struct xfrm_usersa_info), XFRMA_REPLAY_ESN_VAL);
	assert_int_equal(nla_len(esn), sizeof(last_words));
	assert_memory_equal(nla_data(esn), &last_words, sizeof(last_words));
	struct nlattr *life = nlmsg_find_attr(h, sizeof(struct xfrm_usersa_info), XFRMA_LTIME_VAL);
	struct xfrm_lifetime_cur now;
	assert_int_equal(nla_len(life), sizeof(now));
	memcpy(&now, nla_data(life), sizeof(now));
	assert_true(now.packets == 7 && now.bytes == 700 && now.add_time == 1000);
}

static void the_family_may_change(void **state)
{
	struct keydb_sa sa = gcm_sa(), back;
	(void)state;
	sa.encap_src_port = sa.encap_dst_port = 4500;
	sa.encap_oa = addr("10.0.0.9");
	tell(&sa);
	tell_end(0x1000, 0);
	struct keydb_sa_move m = to("2001:db8::1", "2001:db8::2", 0, 0);
	assert_int_equal(encode(&m), 0);
	decode(&back);
	assert_int_equal(back.id.dst.sa.sa_family, AF_INET6);
	assert_int_equal(back.encap_dst_port, 0);
	again();
	tell(&sa);
	tell_end(0x1000, 0);
	m.encap_src_port = m.encap_dst_port = 4500;
	assert_int_equal(encode(&m), 0);
	decode(&back);
	assert_int_equal(back.encap_src_port, 4500);
	assert_int_equal(back.encap_oa.sa.sa_family, AF_UNSPEC);
}

static void hidden_keys_are_not_taken_for_keys(void **state)
{
	struct keydb_sa sa = gcm_sa();
	struct keydb_sa_move m = to("192.0.2.1", "192.0.2.3", 0, 0);
	(void)state;
	memset(sa.aead.key, 0, sizeof(sa.aead.key));
	tell(&sa);
	assert_int_equal(encode(&m), -EACCES);
	assert_string_equal(why, "the kernel does not show the keys");
}

static void what_cannot_move_is_refused(void **state)
{
	struct keydb_sa sa = gcm_sa();
	struct keydb_sa_move m = to("192.0.2.1", "192.0.2.3", 0, 0);
	(void)state;
	tell(&sa);
	m.src = addr("2001:db8::1"); /* two families */
	assert_int_equal(encode(&m), -EINVAL);
	m = to("192.0.2.1", "192.0.2.3", 0, 0);
	again();
	assert_int_equal(xfrm_encode_sa(sa_msg, &sa, 3, &why), 0);
	struct xfrm_user_offload offload = { .ifindex = 3 };
	nla_put(sa_msg, XFRMA_OFFLOAD_DEV, sizeof(offload), &offload);
	assert_int_equal(encode(&m), -EOPNOTSUPP);
	again();
	tell(&sa);
	tell_end(0x1001, 0); /* the end of another one */
	assert_int_equal(encode(&m), -EBADMSG);
}

static void nothing_is_read_beyond_a_cut_message(void **state)
{
	static _Alignas(4) uint8_t copy[XFRM_MESSAGE_MAX_BYTES];
	struct keydb_sa sa = gcm_sa();
	struct keydb_sa_move m = to("192.0.2.1", "192.0.2.3", 0, 0);
	(void)state;
	tell(&sa);
	tell_end(0x1000, 0);
	struct xfrm_body whole = body_of(end_msg);
	for (size_t len = 1; len < whole.len; len++) {
		memcpy(copy, whole.body, len);
		nlmsg_free(out_msg);
		out_msg = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
		assert_int_equal(xfrm_encode_moved_sa(out_msg, body_of(sa_msg),
						      (struct xfrm_body){ copy, len }, &m, &why),
				 -EBADMSG);
	}
	for (size_t len = 0; len < body_of(sa_msg).len; len++) {
		memcpy(copy, body_of(sa_msg).body, len);
		nlmsg_free(out_msg);
		out_msg = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
		(void)!xfrm_encode_moved_sa(out_msg, (struct xfrm_body){ copy, len }, whole, &m,
					    &why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_sa_stays_what_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_go_on_where_they_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(the_family_may_change, setup, teardown),
		cmocka_unit_test_setup_teardown(hidden_keys_are_not_taken_for_keys, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_cannot_move_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_read_beyond_a_cut_message, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
