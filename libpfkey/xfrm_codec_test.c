/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The codec: decode(encode(x)) == x for random models, every truncation is refused or harmless,
 * and the attributes carry what the kernel expects.
 */
#include "model_unit.h"
#include "xfrm_codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netlink/attr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 3000, SEED = 1, RARITY = 2 };

/* The same models in every run. */
static struct model_random rng;

static uint32_t pick(uint32_t below)
{
	return model_below(&rng, below);
}

static union keydb_addr any_addr(uint16_t family)
{
	return model_any_addr(&rng, family == AF_INET6);
}

/* As the kernel tells it: then every byte comes back.  (Devices are not the codec's.) */
static void any_sa(struct keydb_sa *sa)
{
	model_any_sa(&rng, sa);
	model_kernel_sa(sa);
	sa->state = KEYDB_SA_MATURE;
	sa->kernel_seq = pick(100);
	sa->offload_flags = 0;
	memset(sa->offload_device, 0, sizeof(sa->offload_device));
}

static void any_policy(struct keydb_policy *p)
{
	model_any_policy(&rng, p);
	model_kernel_policy(p);
	p->index = pick(2) ? model_u32(&rng) : 0;
}

static void any_selector(struct keydb_selector *s, uint16_t family)
{
	struct keydb_policy p;
	do
		model_any_policy(&rng, &p);
	while (p.sel.src.sa.sa_family != family);
	*s = p.sel;
}

/* ---- the message at hand ---- */

static struct nl_msg *msg;

static struct nl_msg *message(void)
{
	nlmsg_free(msg);
	msg = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	assert_non_null(msg);
	return msg;
}

static void *body(struct nl_msg *m)
{
	return nlmsg_data(nlmsg_hdr(m));
}

static size_t body_len(struct nl_msg *m)
{
	return (size_t)nlmsg_datalen(nlmsg_hdr(m));
}

static struct nlattr *attr(struct nl_msg *m, size_t head, int type)
{
	return nlmsg_find_attr(nlmsg_hdr(m), (int)head, type);
}

static struct nl_msg *encoded_sa(const struct keydb_sa *sa)
{
	const char *why;
	struct nl_msg *m = message();
	assert_int_equal(xfrm_encode_sa(m, sa, 0, &why), 0);
	return m;
}

static struct nl_msg *encoded_policy(const struct keydb_policy *p)
{
	const char *why;
	struct nl_msg *m = message();
	assert_int_equal(xfrm_encode_policy(m, p, &why), 0);
	return m;
}

/* ---- properties ---- */

static void random_sas_survive_the_round_trip(void **state)
{
	struct keydb_sa sa, back;
	uint32_t ifindex;
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		any_sa(&sa);
		struct nl_msg *m = encoded_sa(&sa);
		assert_true(nlmsg_hdr(m)->nlmsg_len <= XFRM_MESSAGE_MAX_BYTES);
		assert_int_equal(xfrm_decode_sa(body(m), body_len(m), &back, &ifindex), 0);
		assert_memory_equal(&sa, &back, sizeof(sa));
	}
}

static void random_policies_survive_the_round_trip(void **state)
{
	struct keydb_policy p, back;
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		any_policy(&p);
		struct nl_msg *m = encoded_policy(&p);
		assert_int_equal(xfrm_decode_policy(body(m), body_len(m), &back), 0);
		assert_memory_equal(&p, &back, sizeof(p));
	}
}

/* A copy of exactly len bytes, so that the sanitizer sees every over-read. */
static void *cut(const void *from, size_t len)
{
	void *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, from, len);
	return copy;
}

static void no_truncation_reads_over_the_end(void **state)
{
	struct keydb_sa sa, back;
	struct keydb_policy p, p_back;
	uint32_t ifindex;
	(void)state;
	for (int i = 0; i < 20; i++) {
		any_sa(&sa);
		struct nl_msg *m = encoded_sa(&sa);
		for (size_t len = 0; len < body_len(m); len++) {
			void *copy = cut(body(m), len);
			int rc = xfrm_decode_sa(copy, len, &back, &ifindex);
			assert_true(rc == -EBADMSG ||
				    (rc == 0 && len >= sizeof(struct xfrm_usersa_info)));
			free(copy);
		}
		any_policy(&p);
		m = encoded_policy(&p);
		for (size_t len = 0; len < body_len(m); len++) {
			void *copy = cut(body(m), len);
			int rc = xfrm_decode_policy(copy, len, &p_back);
			assert_true(rc == -EBADMSG ||
				    (rc == 0 && len >= sizeof(struct xfrm_userpolicy_info)));
			free(copy);
		}
	}
}

static void random_damage_is_survived(void **state)
{
	struct keydb_sa sa, back;
	uint32_t ifindex;
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		any_sa(&sa);
		struct nl_msg *m = encoded_sa(&sa);
		uint8_t *copy = cut(body(m), body_len(m));
		for (int j = 0; j < 4; j++)
			copy[pick((uint32_t)body_len(m))] = (uint8_t)pick(256);
		int rc = xfrm_decode_sa(copy, body_len(m), &back, &ifindex);
		assert_true(rc == 0 || rc == -EBADMSG);
		assert_true(back.encr.key_bits <= KEYDB_KEY_MAX_BYTES * 8 || rc);
		free(copy);
	}
}

/* ---- what the kernel sees ---- */

static struct keydb_sa plain_sa(void)
{
	static const uint8_t key[64] = { 1, 2, 3 };
	struct keydb_sa sa;
	memset(&sa, 0, sizeof(sa));
	sa.id.src.sa.sa_family = sa.id.dst.sa.sa_family = AF_INET;
	inet_pton(AF_INET, "192.0.2.1", &sa.id.src.sin.sin_addr);
	inet_pton(AF_INET, "192.0.2.2", &sa.id.dst.sin.sin_addr);
	sa.id.spi = 0x1000;
	sa.id.proto = KEYDB_PROTO_ESP;
	sa.mode = KEYDB_MODE_TUNNEL;
	assert_int_equal(keydb_alg_set(&sa.encr, keydb_alg_by_id(KEYDB_ALG_AES_CBC), key, 16, 0),
			 0);
	assert_int_equal(
		keydb_alg_set(&sa.auth, keydb_alg_by_id(KEYDB_ALG_HMAC_SHA256), key, 32, 0), 0);
	return sa;
}

static void sha256_is_sent_with_its_truncation(void **state)
{
	struct keydb_sa sa = plain_sa();
	struct xfrm_algo_auth x;
	(void)state;
	sa.auth.icv_bits = 0; /* left open: the table's default */
	struct nl_msg *m = encoded_sa(&sa);
	struct nlattr *a = attr(m, sizeof(struct xfrm_usersa_info), XFRMA_ALG_AUTH_TRUNC);
	assert_non_null(a);
	assert_int_equal(nla_len(a), sizeof(x) + 32);
	memcpy(&x, nla_data(a), sizeof(x));
	assert_string_equal(x.alg_name, "hmac(sha256)");
	assert_int_equal(x.alg_key_len, 256);
	assert_int_equal(x.alg_trunc_len, 128);
	assert_null(attr(m, sizeof(struct xfrm_usersa_info), XFRMA_ALG_AUTH));
}

static void windows_go_where_they_fit(void **state)
{
	struct keydb_sa sa = plain_sa();
	struct xfrm_usersa_info info;
	size_t head = sizeof(info);
	(void)state;
	sa.replay_window_pkts = 32;
	struct nl_msg *m = encoded_sa(&sa);
	memcpy(&info, body(m), sizeof(info));
	assert_int_equal(info.replay_window, 32);
	assert_null(attr(m, head, XFRMA_REPLAY_ESN_VAL));

	sa.replay_window_pkts = 33;
	m = encoded_sa(&sa);
	memcpy(&info, body(m), sizeof(info));
	assert_int_equal(info.replay_window, 0);
	assert_int_equal(nla_len(attr(m, head, XFRMA_REPLAY_ESN_VAL)),
			 sizeof(struct xfrm_replay_state_esn) + 2 * 4);

	sa.replay_window_pkts = 8;
	sa.flags = KEYDB_SA_ESN;
	assert_non_null(attr(encoded_sa(&sa), head, XFRMA_REPLAY_ESN_VAL));
}

static void limits_of_zero_mean_none(void **state)
{
	struct keydb_sa sa = plain_sa(), back;
	uint32_t ifindex;
	(void)state;
	struct nl_msg *m = encoded_sa(&sa);
	assert_int_equal(xfrm_decode_sa(body(m), body_len(m), &back, &ifindex), 0);
	assert_true(back.limits.hard_bytes == KEYDB_INFINITE);
	assert_true(back.limits.hard_add_sec == KEYDB_INFINITE);
}

/* The kernel finds policies by comparing selectors as bytes. */
static void selectors_have_no_stray_bytes(void **state)
{
	struct keydb_policy p;
	struct xfrm_userpolicy_id first, second;
	const char *why;
	(void)state;
	any_policy(&p);
	p.index = 0;
	for (int i = 0; i < 2; i++) {
		uint8_t garbage[2048];
		memset(garbage, i ? 0xaa : 0x55, sizeof(garbage));
		assert_int_not_equal(garbage[pick(2048)], 0);
		struct nl_msg *m = message();
		assert_int_equal(xfrm_encode_policy_id(m, &p, &why), 0);
		memcpy(i ? &second : &first, body(m), sizeof(first));
	}
	assert_memory_equal(&first, &second, sizeof(first));
}

static void deletion_by_index_takes_the_direction_from_it(void **state)
{
	struct keydb_policy p;
	struct xfrm_userpolicy_id x;
	const char *why;
	(void)state;
	memset(&p, 0, sizeof(p));
	p.index = 8 * 5 + KEYDB_DIR_FWD;
	struct nl_msg *m = message();
	assert_int_equal(xfrm_encode_policy_id(m, &p, &why), 0);
	memcpy(&x, body(m), sizeof(x));
	assert_int_equal(x.dir, XFRM_POLICY_FWD);
	assert_int_equal(x.index, 42);
}

static void transport_requests_carry_no_addresses(void **state)
{
	struct keydb_policy p;
	struct xfrm_user_tmpl t;
	(void)state;
	memset(&p, 0, sizeof(p));
	any_selector(&p.sel, AF_INET6);
	p.action = KEYDB_ACTION_IPSEC;
	p.n_templates = 1;
	p.templates[0] = (struct keydb_template){ .src = any_addr(AF_INET6),
						  .dst = any_addr(AF_INET6),
						  .proto = KEYDB_PROTO_ESP,
						  .mode = KEYDB_MODE_TRANSPORT };
	struct nl_msg *m = encoded_policy(&p);
	memcpy(&t, nla_data(attr(m, sizeof(struct xfrm_userpolicy_info), XFRMA_TMPL)), sizeof(t));
	assert_true(xfrm_addr_is_zero(&t.saddr, AF_INET6));
	assert_true(xfrm_addr_is_zero(&t.id.daddr, AF_INET6));
	assert_int_equal(t.family, AF_INET6);
	assert_int_equal(t.aalgos, UINT32_MAX);
}

static void a_request_behind_a_tunnel_has_the_tunnels_family(void **state)
{
	struct keydb_policy p, back;
	(void)state;
	memset(&p, 0, sizeof(p));
	any_selector(&p.sel, AF_INET6);
	p.action = KEYDB_ACTION_IPSEC;
	p.n_templates = 2;
	p.templates[0] = (struct keydb_template){ .src = any_addr(AF_INET),
						  .dst = any_addr(AF_INET),
						  .proto = KEYDB_PROTO_ESP,
						  .mode = KEYDB_MODE_TUNNEL };
	p.templates[1] =
		(struct keydb_template){ .proto = KEYDB_PROTO_AH, .mode = KEYDB_MODE_TRANSPORT };
	struct nl_msg *m = encoded_policy(&p);
	assert_int_equal(xfrm_decode_policy(body(m), body_len(m), &back), 0);
	assert_int_equal(back.templates[0].family, AF_INET);
	assert_int_equal(back.templates[1].family, AF_INET);
}

/* ---- refusals ---- */

static void refused_sa(const struct keydb_sa *sa, const char *reason)
{
	const char *why = NULL;
	assert_int_equal(xfrm_encode_sa(message(), sa, 0, &why), -EINVAL);
	assert_string_equal(why, reason);
}

static void what_xfrm_cannot_say_is_refused_with_a_reason(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	sa.flags = KEYDB_SA_ESN;
	refused_sa(&sa, "extended sequence numbers need a replay window");
	sa.replay_window_pkts = KEYDB_REPLAY_MAX_PKTS + 1;
	refused_sa(&sa, "replay window over 4096 packets");
	sa = plain_sa();
	sa.id.src = any_addr(AF_INET6);
	refused_sa(&sa, "source and destination are of two families");
	sa = plain_sa();
	any_selector(&sa.sel, AF_INET);
	sa.sel.src_bits = 33;
	refused_sa(&sa, "prefix longer than the address");
	sa = plain_sa();
	sa.auth.key_bits = KEYDB_KEY_MAX_BYTES * 8 + 1;
	refused_sa(&sa, "key too long");
	sa = plain_sa();
	memset(&sa.id.src, 0, sizeof(sa.id.src));
	memset(&sa.id.dst, 0, sizeof(sa.id.dst));
	refused_sa(&sa, "an SA needs addresses");
}

static void refused_policy(const struct keydb_policy *p, int error, const char *reason)
{
	const char *why = NULL;
	assert_int_equal(xfrm_encode_policy(message(), p, &why), error);
	assert_string_equal(why, reason);
}

static void policies_that_no_kernel_would_take_are_refused(void **state)
{
	struct keydb_policy p;
	(void)state;
	memset(&p, 0, sizeof(p));
	refused_policy(&p, -EINVAL, "a policy needs addresses");
	any_selector(&p.sel, AF_INET);
	p.action = KEYDB_ACTION_IPSEC;
	refused_policy(&p, -EINVAL, "an ipsec policy has 1 to 6 requests");
	p.n_templates = 1;
	refused_policy(&p, -EINVAL, "a request needs a mode");
	p.templates[0].mode = KEYDB_MODE_TUNNEL;
	refused_policy(&p, -EINVAL, "a tunnel request needs two addresses");
	p.action = KEYDB_ACTION_BYPASS;
	refused_policy(&p, -EOPNOTSUPP, "entrust and bypass are for sockets only");
	p.dir = KEYDB_DIR_SOCKET_OUT;
	refused_policy(&p, -EOPNOTSUPP, "per-socket policies are set by their sockets");
}

static void the_state_follows_from_the_limits(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	sa.state = KEYDB_SA_MATURE;
	sa.limits = (struct keydb_limits){
		KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE, 10,
		KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE
	};
	sa.usage.add_time = 1000;
	assert_int_equal(xfrm_sa_state(&sa, 1009), KEYDB_SA_MATURE);
	assert_int_equal(xfrm_sa_state(&sa, 1010), KEYDB_SA_DYING);
	assert_int_equal(xfrm_sa_state(&sa, 900), KEYDB_SA_MATURE); /* the clock was set back */
	sa.limits.soft_bytes = 5;
	sa.usage.bytes = 5;
	assert_int_equal(xfrm_sa_state(&sa, 1000), KEYDB_SA_DYING);
	sa.state = KEYDB_SA_LARVAL;
	assert_int_equal(xfrm_sa_state(&sa, 1000), KEYDB_SA_LARVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sas_survive_the_round_trip),
		cmocka_unit_test(random_policies_survive_the_round_trip),
		cmocka_unit_test(no_truncation_reads_over_the_end),
		cmocka_unit_test(random_damage_is_survived),
		cmocka_unit_test(sha256_is_sent_with_its_truncation),
		cmocka_unit_test(windows_go_where_they_fit),
		cmocka_unit_test(limits_of_zero_mean_none),
		cmocka_unit_test(selectors_have_no_stray_bytes),
		cmocka_unit_test(deletion_by_index_takes_the_direction_from_it),
		cmocka_unit_test(transport_requests_carry_no_addresses),
		cmocka_unit_test(a_request_behind_a_tunnel_has_the_tunnels_family),
		cmocka_unit_test(what_xfrm_cannot_say_is_refused_with_a_reason),
		cmocka_unit_test(policies_that_no_kernel_would_take_are_refused),
		cmocka_unit_test(the_state_follows_from_the_limits),
	};
	rng = model_random_of(SEED, RARITY);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	nlmsg_free(msg);
	return failed;
}
