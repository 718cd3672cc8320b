/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the PF_KEY codec: bytes known by heart, every message, every cut, every refusal. */
#include "sadb_codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
#define UNIT(sentence, fn) { (sentence), (fn), NULL, NULL, NULL }
/* clang-format on */

/* Hex text, blanks ignored, as bytes. */
static size_t from_hex(const char *hex, uint8_t *ret, size_t max)
{
	size_t n = 0;
	unsigned int byte;
	for (int used; sscanf(hex, " %2x%n", &byte, &used) == 1 && n < max; hex += used)
		ret[n++] = (uint8_t)byte;
	return n;
}

static uint8_t buf[SADB_MESSAGE_MAX_BYTES];
static size_t len;
static const char *why;

/* ---- models ---- */

static union keydb_addr addr(const char *text)
{
	union keydb_addr a = { .sa.sa_family = AF_UNSPEC };
	if (inet_pton(AF_INET, text, &a.sin.sin_addr) == 1) {
		a.sin.sin_family = AF_INET;
		return a;
	}
	memset(&a, 0, sizeof(a));
	assert_int_equal(inet_pton(AF_INET6, text, &a.sin6.sin6_addr), 1);
	a.sin6.sin6_family = AF_INET6;
	return a;
}

static void set_alg(struct keydb_alg *a, uint16_t id, size_t key_bytes)
{
	uint8_t key[KEYDB_KEY_MAX_BYTES];
	const struct keydb_alg_info *info = keydb_alg_by_id(id);
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i + id);
	assert_int_equal(keydb_alg_set(a, info, key, key_bytes,
				       info->kind == KEYDB_ALG_AUTH ? sadb_icv_bits(info) : 0),
			 0);
}

static struct sadb_message sa_message(uint8_t type)
{
	struct sadb_message m;
	sadb_message_init(&m, type);
	m.seq = 7;
	m.pid = 4711;
	m.sa.kernel_seq = 7;
	m.sa.id = (struct keydb_sa_id){
		addr("192.0.2.1"), addr("192.0.2.2"), 0x12345678, KEYDB_PROTO_ESP, { 0, 0 }
	};
	m.sa.mode = KEYDB_MODE_TUNNEL;
	m.sa.reqid = 300;
	m.sa.replay_window_pkts = 4;
	set_alg(&m.sa.encr, KEYDB_ALG_AES_CBC, 16);
	set_alg(&m.sa.auth, KEYDB_ALG_HMAC_SHA1, 20);
	return m;
}

static struct sadb_message policy_message(uint8_t type)
{
	struct sadb_message m;
	sadb_message_init(&m, type);
	m.seq = 8;
	m.policy.sel.src = addr("2001:db8:1::");
	m.policy.sel.dst = addr("2001:db8:2::");
	m.policy.sel.src_bits = m.policy.sel.dst_bits = 48;
	m.policy.sel.proto = IPPROTO_TCP;
	m.policy.sel.dst_port = 80;
	m.policy.sel.dst_port_any = false;
	m.policy.dir = KEYDB_DIR_OUT;
	m.policy.action = KEYDB_ACTION_IPSEC;
	m.policy.priority = KEYDB_PRIORITY_DEFAULT;
	m.policy.n_templates = 2;
	m.policy.templates[0] = (struct keydb_template){ .src = addr("192.0.2.1"),
							 .dst = addr("192.0.2.2"),
							 .family = AF_INET,
							 .proto = KEYDB_PROTO_ESP,
							 .mode = KEYDB_MODE_TUNNEL,
							 .level = KEYDB_LEVEL_UNIQUE,
							 .reqid = 9 };
	m.policy.templates[1] = (struct keydb_template){ .proto = KEYDB_PROTO_AH,
							 .mode = KEYDB_MODE_TRANSPORT,
							 .level = KEYDB_LEVEL_REQUIRE };
	return m;
}

static void encode(enum pfkey_way way, const struct sadb_message *m)
{
	int rc = sadb_encode(way, m, buf, sizeof(buf), &len, &why);
	if (rc)
		fail_msg("%s: %s", sadb_type_name(m->type), why);
	assert_int_equal(len % 8, 0);
}

static struct sadb_message decode(enum pfkey_way way)
{
	struct sadb_message m;
	if (sadb_decode(way, buf, len, &m, &why))
		fail_msg("%s: %s", sadb_type_name(buf[1]), why);
	return m;
}

static int decode_error(const char *reason)
{
	struct sadb_message m;
	int rc = sadb_decode(PFKEY_REQUEST, buf, len, &m, &why);
	assert_string_equal(why, reason);
	return rc;
}

/* ---- bytes ---- */

static const char add_hex[] =
	"02030003 1400 0000 07000000 67120000"    /* header: ADD, ESP, 20 words */
	"0200 0100 12345678 04 00 03 0c 00000000" /* SA: SHA-1, AES */
	"0300 0500 00 20 0000 0200 0000 c0000201 00000000 00000000"
	"0300 0600 00 20 0000 0200 0000 c0000202 00000000 00000000"
	"0400 0800 a000 0000 2122232425262728292a2b2c2d2e2f3031323334 00000000"
	"0300 0900 8000 0000 060708090a0b0c0d0e0f101112131415"
	"0200 1300 02 00 0000 00000000 2c010000";

static void test_add_bytes(void **state)
{
	uint8_t want[256];
	struct sadb_message m = sa_message(SADB_ADD);
	size_t want_len = from_hex(add_hex, want, sizeof(want));
	(void)state;
	encode(PFKEY_REQUEST, &m);
	want[4] = (uint8_t)(want_len / 8);
	assert_int_equal(len, want_len);
	assert_memory_equal(buf, want, len);
}

static const char policy_hex[] =
	"0b00 1200 0200 02 00 00000000 00000080"
	"3000 3200 02 03 0000 09000000 00000000"
	"0200 0000 c0000201 00000000 00000000 0200 0000 c0000202 00000000 00000000"
	"1000 3300 01 02 0000 00000000 00000000";

static void test_policy_bytes(void **state)
{
	uint8_t want[256];
	struct sadb_message m = policy_message(SADB_X_SPDADD);
	size_t want_len = from_hex(policy_hex, want, sizeof(want));
	struct keydb_policy p;
	(void)state;
	want[0] = (uint8_t)(want_len / 8);
	assert_int_equal(sadb_encode_policy(&m.policy, buf, sizeof(buf), &len, &why), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(buf, want, len);
	assert_int_equal(sadb_decode_policy(buf, len, &p, &why), 0);
	assert_memory_equal(p.templates, m.policy.templates, sizeof(p.templates));
	assert_int_equal(p.dir, KEYDB_DIR_OUT);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(sadb_decode_policy(buf, n, &p, &why), -EBADMSG);
}

/* IPv6 ends lie side by side in a request, without a gap up to a multiple of 8. */
static void test_policy_v6_ends(void **state)
{
	struct sadb_message m = policy_message(SADB_X_SPDADD);
	(void)state;
	m.policy.n_templates = 1;
	m.policy.templates[0].src = addr("2001:db8::1");
	m.policy.templates[0].dst = addr("2001:db8::2");
	m.policy.templates[0].family = AF_INET6;
	assert_int_equal(sadb_encode_policy(&m.policy, buf, sizeof(buf), &len, &why), 0);
	assert_int_equal(len, 16 + 16 + 28 + 28);
	assert_int_equal(buf[16], 72);
	assert_int_equal(buf[16 + 16 + 28], AF_INET6);
}

/* ---- every message ---- */

static const struct sadb_alg algs[] = { { 3, 0, 160, 160, 0 }, { 5, 0, 256, 256, 0 } };
static const struct sadb_comb combs[] = {
	{ .sadb_comb_auth = 3, .sadb_comb_encrypt = 12, .sadb_comb_hard_addtime = 86400 },
};

/* A message with all that its type may carry that way. */
static struct sadb_message full(enum pfkey_way way, uint8_t type)
{
	bool policy = type >= SADB_X_SPDUPDATE && type != SADB_X_NAT_T_NEW_MAPPING;
	struct sadb_message m = policy ? policy_message(type) : sa_message(type);
	struct keydb_limits limits = { 1, 2, 3, 4, 5, 6, 7, 8 };
	m.sa.limits = m.policy.limits = limits;
	m.sa.usage = m.policy.usage = (struct keydb_usage){ 100, 2, 1700000000, 1700000001, 0 };
	m.sa.sel.src = addr("198.51.100.0");
	m.sa.sel.dst.sa.sa_family = AF_INET;
	m.sa.sel.src_bits = 24;
	m.sa.encap_src_port = 4500;
	m.sa.encap_dst_port = 4501;
	m.sa.ctx_len = m.policy.ctx_len = 5;
	memcpy(policy ? m.policy.ctx : m.sa.ctx, "label", 5);
	m.policy.dir = KEYDB_DIR_OUT;
	m.policy.index = way == PFKEY_REPLY || type == SADB_X_SPDGET ? 129 : 0;
	m.spi_min = 0x100;
	m.spi_max = 0x200;
	m.hard = type == SADB_EXPIRE;
	m.promisc = type == SADB_X_PROMISC;
	m.new_addr = addr("203.0.113.1");
	m.new_addr.sin.sin_port = htons(1234);
	m.km_src = m.km_dst = addr("192.0.2.9");
	m.filter = m.sa.sel;
	m.auth_algs = m.encr_algs = algs;
	m.n_auth_algs = m.n_encr_algs = 2;
	m.combs = combs;
	m.n_combs = 1;
	if (type == SADB_X_MIGRATE) {
		m.policy.n_templates = 1;
		m.moved[0] = m.policy.templates[0];
		m.moved[0].dst = addr("192.0.2.3");
	}
	return m;
}

static bool exists(enum pfkey_way way, uint8_t type)
{
	struct sadb_message m = full(way, type);
	return sadb_encode(way, &m, buf, sizeof(buf), &len, &why) != -EOPNOTSUPP;
}

static void test_every_message(void **state)
{
	static uint8_t again[SADB_MESSAGE_MAX_BYTES];
	size_t again_len, n = 0;
	(void)state;
	for (int way = PFKEY_REQUEST; way <= PFKEY_REPLY; way++) {
		for (uint8_t type = 0; type <= SADB_MAX; type++) {
			if (!exists(way, type))
				continue;
			struct sadb_message m = full(way, type);
			encode(way, &m);
			struct sadb_message back = decode(way);
			assert_int_equal(
				sadb_encode(way, &back, again, sizeof(again), &again_len, &why), 0);
			assert_int_equal(again_len, len);
			assert_memory_equal(again, buf, len);
			n++;
		}
	}
	assert_int_equal(n, 19 + 22); /* EXPIRE, SPDEXPIRE, NEW_MAPPING: from the kernel only */
}

static void test_every_cut(void **state)
{
	(void)state;
	for (int way = PFKEY_REQUEST; way <= PFKEY_REPLY; way++) {
		for (uint8_t type = 0; type <= SADB_MAX; type++) {
			if (!exists(way, type))
				continue;
			struct sadb_message m = full(way, type), back;
			encode(way, &m);
			for (size_t n = 0; n < len; n++) {
				uint8_t *cut = malloc(n ? n : 1);
				memcpy(cut, buf, n);
				assert_int_equal(sadb_decode(way, cut, n, &back, &why), -EBADMSG);
				/* a length that agrees: refused, or only optional ones are gone */
				if (n >= 16 && n % 8 == 0) {
					cut[4] = (uint8_t)(n / 8);
					cut[5] = (uint8_t)(n / 8 >> 8);
					if (sadb_decode(way, cut, n, &back, &why) == 0)
						assert_true(n % 8 == 0);
					else
						assert_true(why[0]);
				}
				free(cut);
			}
		}
	}
}

static void test_small_buffer(void **state)
{
	struct sadb_message m = full(PFKEY_REQUEST, SADB_ADD);
	(void)state;
	m.sa.sel.src_bits = 0;
	encode(PFKEY_REQUEST, &m);
	for (size_t n = 0; n < len; n++) {
		uint8_t *small = malloc(n ? n : 1);
		size_t used;
		assert_int_equal(sadb_encode(PFKEY_REQUEST, &m, small, n, &used, &why), -EMSGSIZE);
		free(small);
	}
}

/* ---- meaning ---- */

static void test_mapping(void **state)
{
	struct sadb_message m = full(PFKEY_REPLY, SADB_X_NAT_T_NEW_MAPPING);
	(void)state;
	encode(PFKEY_REPLY, &m);
	struct sadb_message back = decode(PFKEY_REPLY);
	assert_int_equal(back.sa.encap_src_port, 4500);
	assert_int_equal(back.new_addr.sin.sin_port, htons(1234));
	assert_int_equal(back.new_addr.sin.sin_addr.s_addr, inet_addr("203.0.113.1"));
	assert_int_equal(back.sa.id.src.sin.sin_addr.s_addr, inet_addr("192.0.2.1"));
}

static void test_acquire(void **state)
{
	struct sadb_message m = full(PFKEY_REPLY, SADB_ACQUIRE);
	(void)state;
	m.policy.dir = KEYDB_DIR_OUT;
	encode(PFKEY_REPLY, &m);
	struct sadb_message back = decode(PFKEY_REPLY);
	assert_int_equal(back.policy.index, 129);
	assert_int_equal(back.policy.dir, KEYDB_DIR_OUT);
	assert_int_equal(back.sa.kernel_seq, 7);
	assert_int_equal(back.n_combs, 1);
	assert_int_equal(back.combs[0].sadb_comb_encrypt, 12);
	assert_int_equal(back.policy.n_templates, 0);
}

static void test_expire(void **state)
{
	struct sadb_message m = full(PFKEY_REPLY, SADB_EXPIRE);
	(void)state;
	encode(PFKEY_REPLY, &m);
	assert_true(decode(PFKEY_REPLY).hard);
	m.hard = false;
	encode(PFKEY_REPLY, &m);
	struct sadb_message back = decode(PFKEY_REPLY);
	assert_false(back.hard);
	assert_int_equal(back.sa.limits.soft_bytes, 1);
	assert_true(back.sa.limits.hard_bytes == KEYDB_INFINITE);
}

static void test_error_reply(void **state)
{
	struct sadb_message m = sa_message(SADB_ADD);
	(void)state;
	m.error = EEXIST;
	encode(PFKEY_REPLY, &m);
	assert_int_equal(len, 16);
	assert_int_equal(decode(PFKEY_REPLY).error, EEXIST);
	m = sa_message(SADB_ACQUIRE); /* "the negotiation failed" */
	m.error = ETIMEDOUT;
	encode(PFKEY_REQUEST, &m);
	assert_int_equal(len, 16);
	assert_int_equal(decode(PFKEY_REQUEST).seq, 7);
}

/* Per-socket policies end in 3 and 4, and the kernel shows them as in and out. */
static void test_socket_policy(void **state)
{
	struct sadb_message m = full(PFKEY_REPLY, SADB_X_SPDDUMP);
	(void)state;
	m.policy.index = 8 * 3 + KEYDB_DIR_SOCKET_OUT;
	m.policy.dir = KEYDB_DIR_SOCKET_OUT;
	encode(PFKEY_REPLY, &m);
	assert_int_equal(decode(PFKEY_REPLY).policy.dir, KEYDB_DIR_SOCKET_OUT);
	for (size_t i = 16; i < len; i += buf[i] * 8u)
		if (buf[i + 2] == SADB_X_EXT_POLICY)
			assert_int_equal(buf[i + 6], 5); /* libipsec's "out(socket)" */
}

static void test_sa_without_selector(void **state)
{
	struct sadb_message m = sa_message(SADB_DUMP);
	(void)state;
	m.sa.sel.src = addr("0.0.0.0");
	m.sa.sel.src_bits = 1; /* writes a PROXY, which is then opened by hand */
	encode(PFKEY_REPLY, &m);
	uint8_t *proxy = NULL;
	for (size_t i = 16; i < len; i += buf[i] * 8u)
		if (buf[i + 2] == SADB_EXT_ADDRESS_PROXY)
			proxy = buf + i;
	assert_non_null(proxy);
	proxy[5] = 0;
	assert_int_equal(decode(PFKEY_REPLY).sa.sel.src.sa.sa_family, AF_UNSPEC);
}

/* The addresses stand behind the head without a gap. */
static void test_filter_bytes(void **state)
{
	uint8_t want[64];
	struct sadb_message m;
	size_t want_len = from_hex("0500 1a00 c0000200 00000000 00000000 00000000"
				   "cb007100 00000000 00000000 00000000 0200 18 19",
				   want, sizeof(want));
	(void)state;
	sadb_message_init(&m, SADB_DUMP);
	m.filter.src = addr("192.0.2.0");
	m.filter.src_bits = 24;
	m.filter.dst = addr("203.0.113.0");
	m.filter.dst_bits = 25;
	encode(PFKEY_REQUEST, &m);
	assert_int_equal(len, 16 + want_len);
	assert_memory_equal(buf + 16, want, want_len);
	struct sadb_message back = decode(PFKEY_REQUEST);
	assert_memory_equal(&back.filter.dst, &m.filter.dst, sizeof(m.filter.dst));
}

/* Programs look into these extensions without asking if they are there. */
static void test_whole_reply(void **state)
{
	static const uint8_t wanted[] = { SADB_EXT_LIFETIME_CURRENT, SADB_EXT_LIFETIME_HARD,
					  SADB_EXT_LIFETIME_SOFT, SADB_EXT_ADDRESS_PROXY };
	struct sadb_message m;
	(void)state;
	sadb_message_init(&m, SADB_GET);
	m.sa.id = sa_message(SADB_GET).sa.id;
	m.sa.sel.src.sa.sa_family = AF_INET;
	encode(PFKEY_REPLY, &m);
	for (size_t i = 0; i < sizeof(wanted); i++)
		assert_false(decode(PFKEY_REPLY).present & 1u << wanted[i]);
	m.whole = true;
	encode(PFKEY_REPLY, &m);
	struct sadb_message back = decode(PFKEY_REPLY);
	for (size_t i = 0; i < sizeof(wanted); i++)
		assert_true(back.present & 1u << wanted[i]);
	assert_int_equal(back.sa.sel.src.sa.sa_family, AF_UNSPEC);
	assert_int_equal(back.sa.limits.hard_bytes, KEYDB_INFINITE);
	m.type = SADB_EXPIRE; /* has one limit, whole or not */
	m.hard = true;
	encode(PFKEY_REPLY, &m);
	assert_false(decode(PFKEY_REPLY).present & 1u << SADB_EXT_LIFETIME_SOFT);
}

/* pfkey_send_spdget() of 0 says no direction; the answer is that there is no such policy. */
static void test_policy_zero(void **state)
{
	struct sadb_message m;
	(void)state;
	sadb_message_init(&m, SADB_X_SPDGET);
	encode(PFKEY_REQUEST, &m);
	buf[16 + 6] = 0;
	assert_int_equal(decode(PFKEY_REQUEST).policy.index, 0);
}

static void test_unknown_algorithm(void **state)
{
	struct sadb_message m = sa_message(SADB_ADD);
	(void)state;
	encode(PFKEY_REQUEST, &m);
	buf[16 + 10] = 248;
	struct sadb_message back = decode(PFKEY_REQUEST);
	assert_int_equal(back.sa.auth.id, KEYDB_ALG_ID_NONE);
	assert_string_equal(back.sa.auth.name, "248");
	buf[16 + 10] = 0; /* none: its key goes, too */
	back = decode(PFKEY_REQUEST);
	assert_int_equal(back.sa.auth.key_bits, 0);
}

static void test_aead_number(void **state)
{
	struct sadb_message m = sa_message(SADB_ADD);
	(void)state;
	encode(PFKEY_REQUEST, &m);
	buf[16 + 11] = SADB_X_EALG_AES_GCM_ICV16;
	struct sadb_message back = decode(PFKEY_REQUEST);
	assert_int_equal(back.sa.aead.id, KEYDB_ALG_AES_GCM_16);
	assert_int_equal(back.sa.aead.key_bits, 128);
	assert_int_equal(back.sa.encr.key_bits, 0);
}

/* ---- malformed ---- */

static void append(const char *hex)
{
	len += from_hex(hex, buf + len, sizeof(buf) - len);
	buf[4] = (uint8_t)(len / 8);
}

static void start(void)
{
	struct sadb_message m = sa_message(SADB_ADD);
	encode(PFKEY_REQUEST, &m);
}

static void test_unknown_extension(void **state)
{
	(void)state;
	start();
	append("0200 1b00 00000000 0000000000000000"); /* 27 */
	append("0100 ffff 00000000");
	assert_int_equal(decode(PFKEY_REQUEST).sa.reqid, 300);
}

static void test_malformed(void **state)
{
	(void)state;
	start();
	append("0000 1b00 00000000");
	assert_int_equal(decode_error("extension of length 0"), -EBADMSG);
	start();
	append("0100 0000 00000000");
	assert_int_equal(decode_error("extension of type 0"), -EBADMSG);
	start();
	append("0200 1b00 00000000");
	assert_int_equal(decode_error("extension longer than the message"), -EBADMSG);
	start();
	append("0200 1300 02 00 0000 00000000 2c010000");
	assert_int_equal(decode_error("extension twice"), -EBADMSG);
	start();
	append("0100 0300 00000000");
	assert_int_equal(decode_error("extension too short"), -EBADMSG);
	start();
	append("0200 1400 0200000000000000 00000000");
	len -= 4;
	append("00000000");
	assert_int_equal(decode_error("extension too long"), -EBADMSG);
	start();
	buf[0] = 1;
	assert_int_equal(decode_error("not version 2"), -EBADMSG);
	start();
	buf[1] = SADB_X_PCHANGE;
	assert_int_equal(decode_error("unknown message type"), -EBADMSG);
	start();
	buf[1] = 255;
	assert_int_equal(decode_error("unknown message type"), -EBADMSG);
	start();
	buf[16 + 2] = SADB_X_EXT_KMPRIVATE;
	assert_int_equal(decode_error("a mandatory extension is missing"), -EBADMSG);
}

static void test_malformed_addresses(void **state)
{
	(void)state;
	start();
	buf[32 + 5] = 33;
	assert_int_equal(decode_error("prefix longer than the address"), -EBADMSG);
	start();
	buf[32 + 8] = AF_INET6;
	assert_int_equal(decode_error("address of an unknown family"), -EBADMSG);
	start();
	buf[32 + 8] = AF_UNIX;
	assert_int_equal(decode_error("address of an unknown family"), -EBADMSG);
	start();
	append("0400 0700 00 20 0000 0200 0000 c0000201 00000000 00000000 0000000000000000");
	assert_int_equal(decode_error("address of a wrong length"), -EBADMSG);
}

static void test_malformed_keys(void **state)
{
	(void)state;
	start();
	buf[80 + 4] = 200; /* 25 bytes of 24 */
	assert_int_equal(decode_error("key shorter than its bits"), -EBADMSG);
	start();
	buf[80 + 5] = 0xff;
	assert_int_equal(decode_error("key too long"), -EBADMSG);
}

/* ---- refusals ---- */

static void refused_sa(void (*change)(struct keydb_sa *sa), const char *reason)
{
	struct sadb_message m = sa_message(SADB_ADD);
	change(&m.sa);
	assert_int_equal(sadb_encode(PFKEY_REQUEST, &m, buf, sizeof(buf), &len, &why), -EOPNOTSUPP);
	assert_string_equal(why, reason);
}

#define SA_CHANGE(name, statement)            \
	static void name(struct keydb_sa *sa) \
	{                                     \
		statement;                    \
	}
SA_CHANGE(with_aead, set_alg(&sa->aead, KEYDB_ALG_AES_GCM_16, 20))
SA_CHANGE(with_esn, sa->flags |= KEYDB_SA_ESN)
SA_CHANGE(with_window, sa->replay_window_pkts = 33)
SA_CHANGE(with_mark, sa->id.mark.mask = 1)
SA_CHANGE(with_output_mark, sa->output_mark.value = 1)
SA_CHANGE(with_if_id, sa->if_id = 1)
SA_CHANGE(with_padding, sa->tfc_pad_bytes = 64)
SA_CHANGE(with_offload, sa->offload_device[0] = 'e')
SA_CHANGE(with_flags, sa->flags |= KEYDB_SA_WILDRECV)
SA_CHANGE(with_oa, sa->encap_oa = addr("192.0.2.1"))
SA_CHANGE(with_cmac, set_alg(&sa->auth, KEYDB_ALG_AES_CMAC, 16))
SA_CHANGE(with_long_icv, set_alg(&sa->auth, KEYDB_ALG_HMAC_SHA256, 32); sa->auth.icv_bits = 128)
SA_CHANGE(with_selector, sa->sel.dst = sa->sel.src = addr("10.0.0.1"); sa->sel.dst_bits = 8)
SA_CHANGE(with_packets, sa->limits.hard_packets = 1ull << 32)
SA_CHANGE(with_mode, sa->mode = KEYDB_MODE_OTHER | 2)

static void test_sa_refusals(void **state)
{
	(void)state;
	refused_sa(with_aead, "PF_KEY cannot carry AEAD algorithms");
	refused_sa(with_esn, "PF_KEY cannot carry extended sequence numbers");
	refused_sa(with_window, "PF_KEY cannot carry a replay window over 32 packets");
	refused_sa(with_mark, "PF_KEY cannot carry a mark");
	refused_sa(with_output_mark, "PF_KEY cannot carry an output mark");
	refused_sa(with_if_id, "PF_KEY cannot carry an if_id");
	refused_sa(with_padding, "PF_KEY cannot carry traffic flow padding");
	refused_sa(with_offload, "PF_KEY cannot carry an offload device");
	refused_sa(with_flags, "PF_KEY cannot carry these flags of the SA");
	refused_sa(with_oa, "PF_KEY cannot carry the original address of NAT traversal");
	refused_sa(with_cmac, "PF_KEY has no number for the algorithm");
	refused_sa(with_long_icv, "PF_KEY cannot carry the length of the authentication code");
	refused_sa(with_selector, "PF_KEY cannot carry more of an SA's selector than the source");
	refused_sa(with_packets, "PF_KEY cannot carry a packet limit over 32 bits");
	refused_sa(with_mode, "PF_KEY has no number for the mode");
}

static void refused_policy(void (*change)(struct keydb_policy *p), int error, const char *reason)
{
	struct sadb_message m = policy_message(SADB_X_SPDADD);
	change(&m.policy);
	assert_int_equal(sadb_encode(PFKEY_REQUEST, &m, buf, sizeof(buf), &len, &why), error);
	assert_string_equal(why, reason);
}

#define POLICY_CHANGE(name, statement)           \
	static void name(struct keydb_policy *p) \
	{                                        \
		statement;                       \
	}
POLICY_CHANGE(policy_mark, p->mark.mask = 1)
POLICY_CHANGE(policy_if_id, p->if_id = 1)
POLICY_CHANGE(policy_sub, p->sub = true)
POLICY_CHANGE(policy_flag, p->flags = KEYDB_POLICY_ICMP)
POLICY_CHANGE(policy_socket, p->dir = KEYDB_DIR_SOCKET_IN)
POLICY_CHANGE(policy_bypass, p->action = KEYDB_ACTION_BYPASS)
POLICY_CHANGE(policy_interface, p->sel.ifindex = 2)
POLICY_CHANGE(policy_port_mask, p->sel.dst_port_mask = 0xff00)
POLICY_CHANGE(policy_port_zero, p->sel.dst_port = 0)
POLICY_CHANGE(policy_packets, p->limits.hard_packets = 1ull << 32)
POLICY_CHANGE(policy_proto, p->sel.proto = 255)
POLICY_CHANGE(policy_spi, p->templates[0].spi = 1)
POLICY_CHANGE(policy_reqid, p->templates[0].reqid = 0x4000)
POLICY_CHANGE(policy_reqid_require, p->templates[0].level = KEYDB_LEVEL_REQUIRE)
POLICY_CHANGE(policy_use, p->templates[0].level = KEYDB_LEVEL_USE; p->templates[0].reqid = 0)
POLICY_CHANGE(policy_family, p->templates[1].family = AF_INET)
POLICY_CHANGE(policy_beet, p->templates[0].mode = KEYDB_MODE_BEET)
POLICY_CHANGE(policy_mode, p->templates[0].mode = KEYDB_MODE_OTHER | 2)
POLICY_CHANGE(policy_empty, p->n_templates = 0)
POLICY_CHANGE(policy_no_ends, p->templates[0].src.sa.sa_family = AF_UNSPEC)
POLICY_CHANGE(policy_no_mode, p->templates[1].mode = KEYDB_MODE_ANY)

static void test_policy_refusals(void **state)
{
	(void)state;
	refused_policy(policy_mark, -EOPNOTSUPP, "PF_KEY cannot carry a mark");
	refused_policy(policy_if_id, -EOPNOTSUPP, "PF_KEY cannot carry an if_id");
	refused_policy(policy_sub, -EOPNOTSUPP, "PF_KEY cannot carry sub-policies");
	refused_policy(policy_flag, -EOPNOTSUPP, "PF_KEY cannot carry flags of a policy");
	refused_policy(policy_socket, -EOPNOTSUPP, "per-socket policies are set by their sockets");
	refused_policy(policy_bypass, -EOPNOTSUPP, "per-socket policies are set by their sockets");
	refused_policy(policy_interface, -EOPNOTSUPP, "PF_KEY cannot carry an interface");
	refused_policy(policy_port_mask, -EOPNOTSUPP, "PF_KEY cannot carry a part of a port");
	refused_policy(policy_port_zero, -EOPNOTSUPP,
		       "PF_KEY cannot tell port 0 (or ICMP type 0) from any port");
	refused_policy(policy_packets, -EOPNOTSUPP,
		       "PF_KEY cannot carry a packet limit over 32 bits");
	refused_policy(policy_proto, -EOPNOTSUPP,
		       "PF_KEY cannot tell protocol 255 from any protocol");
	refused_policy(policy_spi, -EOPNOTSUPP, "PF_KEY cannot carry the SPI of a request");
	refused_policy(policy_reqid, -EOPNOTSUPP,
		       "PF_KEY carries reqids up to 16383, at the level unique");
	refused_policy(policy_reqid_require, -EOPNOTSUPP,
		       "PF_KEY carries reqids up to 16383, at the level unique");
	refused_policy(policy_use, -EOPNOTSUPP,
		       "PF_KEY refuses the level use for tunnels going out");
	refused_policy(policy_family, -EOPNOTSUPP,
		       "PF_KEY cannot carry the family of a request without addresses");
	refused_policy(policy_beet, -EOPNOTSUPP,
		       "PF_KEY carries the addresses of tunnel requests only");
	refused_policy(policy_mode, -EOPNOTSUPP, "PF_KEY has no number for the mode");
	refused_policy(policy_empty, -EINVAL, "an ipsec policy has 1 to 6 requests");
	refused_policy(policy_no_ends, -EINVAL, "a tunnel request needs two addresses");
	refused_policy(policy_no_mode, -EINVAL, "a request needs a mode");
}

/* As KAME's setkey sent them: the code 0 of an ICMP type is any code, but the type 0 is refused. */
static void test_icmp_code_zero(void **state)
{
	struct sadb_message m = policy_message(SADB_X_SPDADD), back;
	(void)state;
	m.policy.sel.proto = IPPROTO_ICMPV6;
	m.policy.sel.src_port_any = m.policy.sel.dst_port_any = false;
	m.policy.sel.src_port = 135;
	m.policy.sel.dst_port = 0;
	assert_int_equal(sadb_encode(PFKEY_REQUEST, &m, buf, sizeof(buf), &len, &why), 0);
	assert_int_equal(sadb_decode(PFKEY_REQUEST, buf, len, &back, &why), 0);
	assert_int_equal(back.policy.sel.src_port, 135);
	assert_true(back.policy.sel.dst_port_any);
	m.policy.sel.src_port = 0;
	assert_int_equal(sadb_encode(PFKEY_REQUEST, &m, buf, sizeof(buf), &len, &why), -EOPNOTSUPP);
	m.policy.sel.src_port = 1;
	m.policy.sel.proto = IPPROTO_GRE; /* half of a key */
	assert_int_equal(sadb_encode(PFKEY_REQUEST, &m, buf, sizeof(buf), &len, &why), -EOPNOTSUPP);
}

/* ---- round trips ---- */

static uint32_t seed = 1;

static uint32_t pick(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static union keydb_addr random_addr(bool v6)
{
	union keydb_addr a = addr(v6 ? "2001:db8::" : "10.0.0.0");
	uint8_t *last = v6 ? &a.sin6.sin6_addr.s6_addr[15] : (uint8_t *)&a.sin.sin_addr + 3;
	*last = (uint8_t)pick(256);
	return a;
}

static uint64_t random_limit(uint64_t max)
{
	return pick(2) ? KEYDB_INFINITE : 1 + pick(1000) * (max / 1000 - 1);
}

static void random_limits(struct keydb_limits *l)
{
	*l = (struct keydb_limits){
		random_limit(UINT64_MAX), random_limit(UINT64_MAX), random_limit(UINT32_MAX),
		random_limit(UINT32_MAX), random_limit(UINT64_MAX), random_limit(UINT64_MAX),
		random_limit(UINT64_MAX), random_limit(UINT64_MAX),
	};
}

/* Any algorithm of a kind that PF_KEY has, with any key length of it. */
static void random_alg(struct keydb_alg *a, uint8_t kind)
{
	size_t n;
	const struct keydb_alg_info *rows = keydb_alg_table(&n), *row;
	do
		row = &rows[pick((uint32_t)n)];
	while (row->kind != kind || !row->pfkey_id);
	uint32_t step = row->key_step_bits ? row->key_step_bits : 8;
	uint32_t steps = (row->key_max_bits - row->key_min_bits) / step + 1u;
	set_alg(a, row->id, (row->key_min_bits + step * pick(steps) + row->salt_bits) / 8);
}

static void random_sa(struct keydb_sa *sa)
{
	bool v6 = pick(2);
	sa->id.src = random_addr(v6);
	sa->id.dst = random_addr(v6);
	sa->id.spi = 256 + pick(UINT32_MAX - 256);
	sa->mode = (uint8_t)pick(4);
	sa->reqid = pick(3) ? pick(UINT32_MAX) : 0;
	sa->flags = pick(8);
	sa->replay_window_pkts = pick(33);
	memset(&sa->encr, 0, sizeof(sa->encr));
	memset(&sa->auth, 0, sizeof(sa->auth));
	sa->id.proto = (uint8_t[]){ KEYDB_PROTO_ESP, KEYDB_PROTO_AH, KEYDB_PROTO_IPCOMP }[pick(3)];
	if (sa->id.proto == KEYDB_PROTO_IPCOMP)
		random_alg(&sa->comp, KEYDB_ALG_COMP);
	if (sa->id.proto == KEYDB_PROTO_ESP)
		random_alg(&sa->encr, KEYDB_ALG_ENCR);
	if (sa->id.proto == KEYDB_PROTO_AH || (sa->id.proto == KEYDB_PROTO_ESP && pick(2)))
		random_alg(&sa->auth, KEYDB_ALG_AUTH);
	random_limits(&sa->limits);
	if (pick(2)) {
		sa->encap_src_port = (uint16_t)(1 + pick(65535));
		sa->encap_dst_port = (uint16_t)pick(65536);
		sa->encap_type = (uint8_t[]){ KEYDB_ENCAP_UDP, KEYDB_ENCAP_UDP_NON_IKE,
					      KEYDB_ENCAP_TCP }[pick(3)];
	}
	if (pick(2)) {
		sa->sel.src = random_addr(v6);
		sa->sel.src_bits = (uint8_t)(1 + pick(v6 ? 128 : 32));
		sa->sel.dst.sa.sa_family = v6 ? AF_INET6 : AF_INET;
	}
	if (pick(2)) {
		sa->ctx_doi = (uint8_t)pick(256);
		sa->ctx_alg = (uint8_t)pick(256);
		sa->ctx_len = (uint16_t)(1 + pick(KEYDB_CTX_MAX_BYTES));
		memset(sa->ctx, 'c', sa->ctx_len);
	}
}

static void test_random_sas(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct sadb_message m = sa_message(pick(2) ? SADB_ADD : SADB_UPDATE);
		random_sa(&m.sa);
		encode(PFKEY_REQUEST, &m);
		struct sadb_message back = decode(PFKEY_REQUEST);
		assert_memory_equal(&back.sa, &m.sa, sizeof(m.sa));
	}
}

static void random_template(struct keydb_template *t)
{
	bool v6 = pick(2);
	memset(t, 0, sizeof(*t));
	t->proto = (uint8_t[]){ KEYDB_PROTO_ESP, KEYDB_PROTO_AH, KEYDB_PROTO_IPCOMP }[pick(3)];
	t->mode = (uint8_t)(1 + pick(3));
	t->level = (uint8_t)pick(4);
	if (t->mode == KEYDB_MODE_TUNNEL) {
		t->src = random_addr(v6);
		t->dst = random_addr(v6);
		t->family = v6 ? AF_INET6 : AF_INET;
	}
	if (t->level == KEYDB_LEVEL_UNIQUE)
		t->reqid = pick(0x4000);
}

static void random_policy(struct keydb_policy *p)
{
	bool v6 = pick(2);
	uint8_t bits = v6 ? 128 : 32;
	memset(p->templates, 0, sizeof(p->templates));
	p->sel.src = random_addr(v6);
	p->sel.dst = random_addr(v6);
	p->sel.src_bits = (uint8_t)pick(bits + 1u);
	p->sel.dst_bits = (uint8_t)pick(bits + 1u);
	p->sel.proto = (uint8_t)pick(255);
	p->sel.src_port = pick(2) ? (uint16_t)pick(65536) : 0;
	p->sel.dst_port = pick(2) ? (uint16_t)pick(65536) : 0;
	p->sel.src_port_any = !p->sel.src_port;
	p->sel.dst_port_any = !p->sel.dst_port;
	p->dir = pick(2) ? KEYDB_DIR_IN : KEYDB_DIR_FWD;
	p->action = (uint8_t)pick(3);
	p->priority = pick(UINT32_MAX);
	p->n_templates = 0;
	if (p->action == KEYDB_ACTION_IPSEC)
		p->n_templates = (uint8_t)(1 + pick(KEYDB_TEMPLATES_MAX));
	for (size_t i = 0; i < p->n_templates; i++)
		random_template(&p->templates[i]);
	random_limits(&p->limits);
}

static void test_random_policies(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct sadb_message m = policy_message(pick(2) ? SADB_X_SPDADD : SADB_X_SPDUPDATE);
		random_policy(&m.policy);
		encode(PFKEY_REQUEST, &m);
		struct sadb_message back = decode(PFKEY_REQUEST);
		assert_memory_equal(&back.policy, &m.policy, sizeof(m.policy));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("an ADD has the bytes that Linux expects", test_add_bytes),
		UNIT("a policy has the bytes that Linux expects", test_policy_bytes),
		UNIT("the IPv6 ends of a request lie side by side", test_policy_v6_ends),
		UNIT("every message survives both ways", test_every_message),
		UNIT("every cut of every message is refused", test_every_cut),
		UNIT("a buffer that is too small is told", test_small_buffer),
		UNIT("a new mapping has old and new address and port", test_mapping),
		UNIT("an acquire names the policy and the sequence number", test_acquire),
		UNIT("an expire says which limit was reached", test_expire),
		UNIT("an error is a header alone", test_error_reply),
		UNIT("a socket's policy is told by its id", test_socket_policy),
		UNIT("the open proxy address of Linux is no selector", test_sa_without_selector),
		UNIT("a filter has the bytes that Linux expects", test_filter_bytes),
		UNIT("a whole reply has what says nothing, too", test_whole_reply),
		UNIT("the policy 0 may be asked for", test_policy_zero),
		UNIT("an unknown algorithm keeps its number as its name", test_unknown_algorithm),
		UNIT("an AEAD is known by its number among the ciphers", test_aead_number),
		UNIT("unknown extensions are skipped", test_unknown_extension),
		UNIT("malformed messages are refused with the reason", test_malformed),
		UNIT("malformed addresses are refused", test_malformed_addresses),
		UNIT("malformed keys are refused", test_malformed_keys),
		UNIT("an SA that PF_KEY cannot carry is refused", test_sa_refusals),
		UNIT("a policy that PF_KEY cannot carry is refused", test_policy_refusals),
		UNIT("the code 0 of an ICMP type is sent as KAME did", test_icmp_code_zero),
		UNIT("any SA survives ADD and UPDATE", test_random_sas),
		UNIT("any policy survives SPDADD and SPDUPDATE", test_random_policies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
