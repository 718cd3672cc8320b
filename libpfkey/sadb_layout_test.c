/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages as FreeBSD, NetBSD and KAME write them, put together by hand. */
#include "sadb_codec.h"

#include <keydb_message.h>

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FREEBSD_V6 = 28, NETBSD_V6 = 24, REQUEST_HEAD_BYTES = 8 };

/* ---- a file being written ---- */

static uint8_t file[4096];
static size_t file_len, message_at;

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	memset(file, 0, sizeof(file));
	file_len = message_at = 0;
	return 0;
}

static void put(const void *bytes, size_t len)
{
	assert_true(file_len + len <= sizeof(file));
	memcpy(file + file_len, bytes, len);
	file_len += len;
}

static void pad(void)
{
	while (file_len % 8)
		file[file_len++] = 0;
}

/* Writes what is behind the head of an extension, which is done with it. */
static void put_ext(uint16_t type, const void *body, size_t len)
{
	size_t bytes = (sizeof(struct sadb_ext) + len + 7) & ~(size_t)7;
	struct sadb_ext head = { (uint16_t)(bytes / 8), type };
	put(&head, sizeof(head));
	put(body, len);
	pad();
}

static void end_message(void)
{
	uint16_t words = (uint16_t)((file_len - message_at) / 8);
	memcpy(file + message_at + 4, &words, sizeof(words));
}

static void begin_message(uint8_t type, uint8_t satype)
{
	struct sadb_msg head = { .sadb_msg_version = PF_KEY_V2,
				 .sadb_msg_type = type,
				 .sadb_msg_satype = satype,
				 .sadb_msg_seq = 3,
				 .sadb_msg_pid = 99 };
	message_at = file_len;
	put(&head, sizeof(head));
}

/* A BSD's sockaddr into buf; its length. */
static size_t bsd_sockaddr(uint8_t *buf, uint8_t family, const char *text, uint16_t port)
{
	size_t len = family == AF_INET ? 16 : 28;
	memset(buf, 0, len);
	buf[0] = (uint8_t)len;
	buf[1] = family;
	buf[2] = (uint8_t)(port >> 8);
	buf[3] = (uint8_t)port;
	assert_int_equal(inet_pton(family == AF_INET ? AF_INET : AF_INET6, text,
				   buf + (family == AF_INET ? 4 : 8)),
			 1);
	return len;
}

static void put_addr(uint16_t type, uint8_t family, const char *text, uint8_t bits, uint8_t proto)
{
	uint8_t body[4 + 28] = { proto, bits };
	size_t len = bsd_sockaddr(body + 4, family, text, 0);
	put_ext(type, body, 4 + len);
}

static void put_ends(uint8_t family, const char *src, const char *dst, uint8_t bits, uint8_t proto)
{
	put_addr(SADB_EXT_ADDRESS_SRC, family, src, bits, proto);
	put_addr(SADB_EXT_ADDRESS_DST, family, dst, bits, proto);
}

static void put_sa(uint8_t replay, uint8_t auth, uint8_t encr, uint32_t flags)
{
	struct sadb_sa x = { .sadb_sa_spi = htonl(0x1234),
			     .sadb_sa_replay = replay,
			     .sadb_sa_state = SADB_SASTATE_MATURE,
			     .sadb_sa_auth = auth,
			     .sadb_sa_encrypt = encr,
			     .sadb_sa_flags = flags };
	put_ext(SADB_EXT_SA, (uint8_t *)&x + 4, sizeof(x) - 4);
}

static void put_sa2(uint8_t mode, uint32_t sequence, uint32_t reqid)
{
	struct sadb_x_sa2 x = { .sadb_x_sa2_mode = mode,
				.sadb_x_sa2_sequence = sequence,
				.sadb_x_sa2_reqid = reqid };
	put_ext(SADB_X_EXT_SA2, (uint8_t *)&x + 4, sizeof(x) - 4);
}

static void put_key(uint16_t type, uint16_t bits)
{
	uint8_t body[4 + 64] = { (uint8_t)bits, (uint8_t)(bits >> 8) };
	for (unsigned int i = 0; i < bits / 8u; i++)
		body[4 + i] = (uint8_t)i;
	put_ext(type, body, 4 + bits / 8u);
}

static void put_u32(uint16_t type, uint32_t value)
{
	put_ext(type, &value, sizeof(value));
}

/* An SA as FreeBSD dumps it, of one family. */
static void put_freebsd_sa(uint8_t family, const char *src, const char *dst)
{
	begin_message(SADB_DUMP, SADB_SATYPE_ESP);
	put_sa(4, SADB_AALG_SHA1HMAC, SADB_X_EALG_AESCBC, 0x40);
	put_sa2(IPSEC_MODE_TUNNEL, 77, 5);
	put_ends(family, src, dst, family == AF_INET ? 32 : 128, 255);
	put_key(SADB_EXT_KEY_AUTH, 160);
	put_key(SADB_EXT_KEY_ENCRYPT, 128);
	end_message();
}

/* A policy: head of 16 bytes, then requests of the short form. */
static void put_policy(uint8_t dir, uint8_t mode, uint16_t reqid, uint8_t family, const char *src,
		       const char *dst)
{
	struct sadb_x_policy x = { .sadb_x_policy_type = IPSEC_POLICY_IPSEC,
				   .sadb_x_policy_dir = dir,
				   .sadb_x_policy_id = 16389,
				   .sadb_x_policy_priority = 4711 };
	uint8_t body[128], *request = body + sizeof(x) - 4;
	memcpy(body, (uint8_t *)&x + 4, sizeof(x) - 4);
	size_t len = REQUEST_HEAD_BYTES;
	if (family) {
		len += bsd_sockaddr(request + len, family, src, 0);
		len += bsd_sockaddr(request + len, family, dst, 0);
	}
	uint8_t head[REQUEST_HEAD_BYTES] = { (uint8_t)len,   0,
					     IPPROTO_ESP,    0,
					     mode,           IPSEC_LEVEL_UNIQUE,
					     (uint8_t)reqid, (uint8_t)(reqid >> 8) };
	memcpy(request, head, sizeof(head));
	put_ext(SADB_X_EXT_POLICY, body, sizeof(x) - 4 + len);
}

/* ---- what is read ---- */

static struct sadb_message read_as(enum keydb_layout layout)
{
	struct sadb_message m;
	const char *why;
	if (sadb_read(layout, file + message_at, file_len - message_at, &m, &why))
		fail_msg("%s", why);
	return m;
}

static void unreadable(enum keydb_layout layout, const char *expected)
{
	struct sadb_message m;
	const char *why;
	assert_int_equal(sadb_read(layout, file + message_at, file_len - message_at, &m, &why),
			 -EBADMSG);
	assert_string_equal(why, expected);
}

static void freebsds_sas_have_big_windows(void **state)
{
	char text[INET6_ADDRSTRLEN];
	(void)state;
	put_freebsd_sa(FREEBSD_V6, "2001:db8::1", "2001:db8::2");
	put_u32(26, 8192);
	put_addr(23, FREEBSD_V6, "2001:db8::9", 128, 0);
	put_addr(24, FREEBSD_V6, "2001:db8::a", 128, 0);
	put_u32(25, 1400);
	end_message();
	struct sadb_message m = read_as(KEYDB_LAYOUT_FREEBSD);
	assert_int_equal(m.type, SADB_DUMP);
	assert_int_equal(m.sa.id.dst.sa.sa_family, AF_INET6);
	inet_ntop(AF_INET6, &m.sa.id.dst.sin6.sin6_addr, text, sizeof(text));
	assert_string_equal(text, "2001:db8::2");
	assert_int_equal(m.sa.replay_window_pkts, 8192);
	assert_int_equal(m.sa_replay, 1024);
	assert_int_equal(m.sa_flags, 0x40);
	assert_int_equal(m.sa.seq_out, 77);
	assert_int_equal(m.sa.reqid, 5);
	assert_int_equal(m.sa.encr.id, KEYDB_ALG_AES_CBC);
	assert_int_equal(m.sa.encap_oa.sa.sa_family, AF_INET6);
	unreadable(KEYDB_LAYOUT_NETBSD, "address of an unknown family");
	unreadable(KEYDB_LAYOUT_LINUX, "address of an unknown family");
}

static void a_window_counts_in_eights(void **state)
{
	(void)state;
	put_freebsd_sa(AF_INET, "192.0.2.1", "192.0.2.2");
	struct sadb_message m = read_as(KEYDB_LAYOUT_FREEBSD);
	assert_int_equal(m.sa_replay, 4);
	assert_int_equal(m.sa.replay_window_pkts, 32);
}

static void aes_ctr_had_another_number_on_freebsd(void **state)
{
	(void)state;
	begin_message(SADB_DUMP, SADB_SATYPE_ESP);
	put_sa(4, 0, 250, 0);
	put_key(SADB_EXT_KEY_ENCRYPT, 160);
	end_message();
	assert_int_equal(read_as(KEYDB_LAYOUT_FREEBSD).sa.encr.id, KEYDB_ALG_AES_CTR);
	assert_string_equal(read_as(KEYDB_LAYOUT_NETBSD).sa.encr.name, "250");
}

static void netbsd_has_its_own_number_for_ipv6(void **state)
{
	(void)state;
	put_freebsd_sa(NETBSD_V6, "2001:db8::1", "2001:db8::2");
	assert_int_equal(read_as(KEYDB_LAYOUT_NETBSD).sa.id.src.sa.sa_family, AF_INET6);
	unreadable(KEYDB_LAYOUT_FREEBSD, "address of an unknown family");
	assert_int_equal(read_as(KEYDB_LAYOUT_KAME).sa.id.src.sa.sa_family, AF_INET6);
}

static void kame_has_tags_and_packets(void **state)
{
	uint8_t tag[20] = "\0\0\0\0guests", packet[12] = { 8 };
	(void)state;
	begin_message(SADB_X_SPDDUMP, 0);
	put_policy(IPSEC_DIR_OUTBOUND, IPSEC_MODE_TRANSPORT, 0, 0, NULL, NULL);
	put_ext(25, tag, sizeof(tag));
	put_u32(24, 552);
	put_ext(26, packet, 4);
	put_ext(27, packet, sizeof(packet));
	end_message();
	struct sadb_message m = read_as(KEYDB_LAYOUT_KAME);
	assert_string_equal(m.tag, "guests");
	assert_int_equal(m.policy.n_templates, 1);
	assert_int_equal(m.policy.templates[0].mode, KEYDB_MODE_TRANSPORT);
	unreadable(KEYDB_LAYOUT_FREEBSD, "extension too long"); /* 25 is another there */
}

static void requests_have_short_heads(void **state)
{
	(void)state;
	begin_message(SADB_X_SPDDUMP, 0);
	put_policy(IPSEC_DIR_INBOUND, IPSEC_MODE_TUNNEL, 0x1234, FREEBSD_V6, "2001:db8::1",
		   "2001:db8::2");
	put_ends(AF_INET, "192.0.2.0", "192.0.3.0", 24, IPPROTO_TCP);
	end_message();
	struct sadb_message m = read_as(KEYDB_LAYOUT_FREEBSD);
	const struct keydb_template *t = &m.policy.templates[0];
	assert_int_equal(m.policy.dir, KEYDB_DIR_IN);
	assert_int_equal(m.policy.index, 16389); /* no direction in it */
	assert_int_equal(m.policy.priority, 0);
	assert_int_equal(m.policy.sel.src_bits, 24);
	assert_int_equal(m.policy.sel.proto, IPPROTO_TCP);
	assert_int_equal(t->proto, KEYDB_PROTO_ESP);
	assert_int_equal(t->reqid, 0x1234);
	assert_int_equal(t->level, KEYDB_LEVEL_UNIQUE);
	assert_int_equal(t->src.sa.sa_family, AF_INET6);
}

static void directions_and_modes_of_linux_are_not_theirs(void **state)
{
	(void)state;
	begin_message(SADB_X_SPDDUMP, 0);
	put_policy(3, IPSEC_MODE_TRANSPORT, 0, 0, NULL, NULL);
	end_message();
	unreadable(KEYDB_LAYOUT_KAME, "unknown direction");
	setup(NULL);
	begin_message(SADB_DUMP, 11);
	put_sa(0, 252, 0, 0);
	put_sa2(3, 0, 0);
	put_ends(AF_INET, "192.0.2.1", "192.0.2.2", 32, 6);
	put_key(SADB_EXT_KEY_AUTH, 16);
	end_message();
	struct sadb_message m = read_as(KEYDB_LAYOUT_FREEBSD);
	assert_int_equal(m.sa.mode, KEYDB_MODE_OTHER | 3); /* not BEET */
	assert_int_equal(m.satype, 11);
	assert_string_equal(m.sa.auth.name, "tcp-md5");
	setup(NULL);
	begin_message(SADB_DUMP, SADB_SATYPE_ESP);
	put_sa2(4, 0, 0);
	end_message();
	unreadable(KEYDB_LAYOUT_FREEBSD, "unknown mode");
}

static void wrong_lengths_of_addresses_are_refused(void **state)
{
	(void)state;
	put_freebsd_sa(AF_INET, "192.0.2.1", "192.0.2.2");
	size_t at = file_len;
	while (file[--at] != 16 || file[at + 1] != AF_INET)
		;
	file[at] = 15;
	unreadable(KEYDB_LAYOUT_FREEBSD, "address of an unknown family");
	file[at] = 28;
	file[at + 1] = FREEBSD_V6; /* longer than the extension */
	unreadable(KEYDB_LAYOUT_FREEBSD, "address of an unknown family");
}

/* Each in a piece of memory of its own size, so that reading over its end is seen. */
static void a_cut_message_is_refused_at_each_place(void **state)
{
	(void)state;
	put_freebsd_sa(FREEBSD_V6, "2001:db8::1", "2001:db8::2");
	for (size_t len = 0; len < file_len; len++) {
		uint8_t *copy = malloc(len + 1);
		struct sadb_message m;
		const char *why;
		size_t bytes;
		assert_non_null(copy);
		memcpy(copy, file, len);
		assert_int_equal(sadb_read(KEYDB_LAYOUT_FREEBSD, copy, len, &m, &why), -EBADMSG);
		assert_int_equal(keydb_message_length(copy, len, &bytes, &why), -EBADMSG);
		free(copy);
	}
}

/* ---- files ---- */

static enum keydb_layout detected(void)
{
	return keydb_layout_detect(file, file_len);
}

static void layouts_are_told_by_what_is_in_the_file(void **state)
{
	uint8_t tag[20] = "\0\0\0\0guests";
	(void)state;
	assert_int_equal(detected(), KEYDB_LAYOUT_LINUX); /* nothing */
	put_freebsd_sa(AF_INET, "192.0.2.1", "192.0.2.2");
	assert_int_equal(detected(), KEYDB_LAYOUT_FREEBSD);
	put_freebsd_sa(NETBSD_V6, "2001:db8::1", "2001:db8::2");
	assert_int_equal(detected(), KEYDB_LAYOUT_NETBSD);
	begin_message(SADB_X_SPDDUMP, 0);
	put_policy(IPSEC_DIR_OUTBOUND, IPSEC_MODE_TRANSPORT, 0, 0, NULL, NULL);
	put_ext(25, tag, sizeof(tag));
	end_message();
	assert_int_equal(detected(), KEYDB_LAYOUT_KAME);
	setup(NULL);
	put_freebsd_sa(FREEBSD_V6, "2001:db8::1", "2001:db8::2");
	assert_int_equal(detected(), KEYDB_LAYOUT_FREEBSD);
}

static void linux_files_are_told_too(void **state)
{
	struct sadb_message m;
	const char *why;
	(void)state;
	sadb_message_init(&m, SADB_GET);
	m.sa.id.proto = KEYDB_PROTO_ESP;
	m.sa.id.src.sa.sa_family = m.sa.id.dst.sa.sa_family = AF_INET6;
	assert_int_equal(sadb_encode(PFKEY_REPLY, &m, file, sizeof(file), &file_len, &why), 0);
	assert_int_equal(detected(), KEYDB_LAYOUT_LINUX);
}

static void layouts_have_names(void **state)
{
	static const char *const names[] = { "linux", "freebsd", "netbsd", "kame" };
	enum keydb_layout layout = KEYDB_LAYOUT_KAME;
	(void)state;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_string_equal(keydb_layout_name(i), names[i]);
		assert_int_equal(keydb_layout_by_name(names[i], &layout), 0);
		assert_int_equal(layout, i);
	}
	assert_null(keydb_layout_name(4));
	assert_int_equal(keydb_layout_by_name("openbsd", &layout), -ENOENT);
}

static void bad_length(size_t len, const char *expected)
{
	size_t bytes = 1;
	const char *why;
	assert_int_equal(keydb_message_length(file, len, &bytes, &why), -EBADMSG);
	assert_string_equal(why, expected);
	assert_int_equal(bytes, 1);
}

static void bad_lengths_are_told(void **state)
{
	size_t bytes;
	const char *why;
	(void)state;
	put_freebsd_sa(AF_INET, "192.0.2.1", "192.0.2.2");
	assert_int_equal(keydb_message_length(file, sizeof(file), &bytes, &why), 0);
	assert_int_equal(bytes, file_len);
	bad_length(15, "too short for the header of a message");
	bad_length(file_len - 8, "the message is longer than the rest of the file");
	file[4] = 0; /* KAME's setkey never came to an end here */
	bad_length(file_len, "the message is said to be shorter than its header");
	file[5] = 3;
	bad_length(file_len, "the message has the other byte order");
	file[0] = 3;
	bad_length(file_len, "not a PF_KEY message of version 2");
}

/* ---- printing ---- */

static char *text;

static const char *printed_as(enum keydb_layout layout)
{
	struct keydb_print out = { .now = 1795363860 };
	const char *why;
	size_t size;
	free(text);
	out.file = open_memstream(&text, &size);
	int rc = keydb_message_print(&out, layout, file + message_at, file_len - message_at, &why);
	fclose(out.file);
	if (rc)
		fail_msg("%s", why);
	return text;
}

static void an_sa_is_printed(void **state)
{
	(void)state;
	put_freebsd_sa(FREEBSD_V6, "2001:db8::1", "2001:db8::2");
	assert_string_equal(printed_as(KEYDB_LAYOUT_FREEBSD),
			    "2001:db8::1 2001:db8::2 \n"
			    "\tesp mode=tunnel spi=4660(0x00001234) reqid=5(0x00000005)\n"
			    "\tE: aes-cbc  00010203 04050607 08090a0b 0c0d0e0f\n"
			    "\tA: hmac-sha1  00010203 04050607 08090a0b 0c0d0e0f 10111213\n"
			    "\tseq=0x0000004d replay=4 flags=0x00000040 state=mature \n"
			    "\tsadb_seq=3 pid=99 refcnt=0\n");
	setup(NULL);
	begin_message(SADB_DUMP, 11);
	put_sa(0, 252, 0, 0);
	put_sa2(3, 0, 0);
	put_ends(AF_INET, "192.0.2.1", "192.0.2.2", 32, 6);
	put_key(SADB_EXT_KEY_AUTH, 16);
	end_message();
	assert_string_equal(printed_as(KEYDB_LAYOUT_FREEBSD),
			    "192.0.2.1 192.0.2.2 \n"
			    "\ttcp mode=3 spi=4660(0x00001234) reqid=0(0x00000000)\n"
			    "\tA: tcp-md5  0001\n"
			    "\tseq=0x00000000 replay=0 flags=0x00000000 state=mature \n"
			    "\tsadb_seq=3 pid=99 refcnt=0\n");
}

static void a_policy_is_printed(void **state)
{
	uint8_t tag[20] = "\0\0\0\0guests";
	(void)state;
	begin_message(SADB_X_SPDDUMP, 0);
	put_policy(IPSEC_DIR_INBOUND, IPSEC_MODE_TUNNEL, 7, AF_INET, "192.0.2.1", "192.0.2.2");
	put_ends(AF_INET, "10.0.0.0", "10.1.0.0", 16, IPPROTO_TCP);
	end_message();
	assert_string_equal(printed_as(KEYDB_LAYOUT_NETBSD),
			    "10.0.0.0/16[any] 10.1.0.0/16[any] tcp\n"
			    "\tin ipsec\n"
			    "\tesp/tunnel/192.0.2.1-192.0.2.2/unique:7\n"
			    "\tspid=16389 seq=3 pid=99\n"
			    "\trefcnt=0\n");
	setup(NULL);
	begin_message(SADB_X_SPDDUMP, 0);
	put_policy(IPSEC_DIR_OUTBOUND, IPSEC_MODE_TRANSPORT, 0, 0, NULL, NULL);
	put_ext(25, tag, sizeof(tag));
	end_message();
	assert_string_equal(printed_as(KEYDB_LAYOUT_KAME), "tagged \"guests\" \n"
							   "\tout ipsec\n"
							   "\tesp/transport//unique\n"
							   "\tspid=16389 seq=3 pid=99\n"
							   "\trefcnt=0\n");
}

static void other_messages_are_debugged_in_their_layout(void **state)
{
	(void)state;
	begin_message(SADB_X_SPDADD, 0);
	put_policy(IPSEC_DIR_INBOUND, IPSEC_MODE_TUNNEL, 7, AF_INET, "192.0.2.1", "192.0.2.2");
	put_addr(SADB_EXT_ADDRESS_SRC, FREEBSD_V6, "2001:db8::", 32, 6);
	put_u32(26, 8192);
	end_message();
	assert_string_equal(printed_as(KEYDB_LAYOUT_FREEBSD),
			    "sadb_msg{ version=2 type=14 errno=0 satype=0\n"
			    "  len=15 reserved=0 seq=3 pid=99\n"
			    "sadb_ext{ len=7 type=18 }\n"
			    "sadb_x_policy{ type=2 dir=1 id=4005 }\n"
			    " { len=40 proto=50 mode=2 level=3 reqid=7\n"
			    "sockaddr{ len=16 family=2 port=0\n"
			    " c0000201  }\n"
			    "sockaddr{ len=16 family=2 port=0\n"
			    " c0000202  }\n"
			    " }\n"
			    "sadb_ext{ len=5 type=5 }\n"
			    "sadb_address{ proto=6 prefixlen=32 reserved=0x0000 }\n"
			    "sockaddr{ len=28 family=10 port=0\n"
			    "  flowinfo=0x00000000, scope_id=0x00000000\n"
			    " 20010db8 00000000 00000000 00000000  }\n"
			    "sadb_ext{ len=1 type=26 }\n"
			    "sadb_x_sa_replay{ replay=8192 }\n");
}

static void what_cannot_be_read_is_not_printed(void **state)
{
	struct keydb_print out = { .file = stdout };
	const char *why;
	(void)state;
	put_freebsd_sa(AF_INET, "192.0.2.1", "192.0.2.2");
	assert_int_equal(keydb_message_print(&out, KEYDB_LAYOUT_LINUX, file, file_len, &why),
			 -EBADMSG);
	assert_string_equal(why, "address of an unknown family");
	assert_int_equal(keydb_message_print(&out, 4, file, file_len, &why), -EINVAL);
	assert_string_equal(why, "no such layout");
}

static int done(void **state)
{
	(void)state;
	free(text);
	return 0;
}

#define CASE(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(freebsds_sas_have_big_windows),
		CASE(a_window_counts_in_eights),
		CASE(aes_ctr_had_another_number_on_freebsd),
		CASE(netbsd_has_its_own_number_for_ipv6),
		CASE(kame_has_tags_and_packets),
		CASE(requests_have_short_heads),
		CASE(directions_and_modes_of_linux_are_not_theirs),
		CASE(wrong_lengths_of_addresses_are_refused),
		CASE(a_cut_message_is_refused_at_each_place),
		CASE(layouts_are_told_by_what_is_in_the_file),
		CASE(linux_files_are_told_too),
		CASE(layouts_have_names),
		CASE(bad_lengths_are_told),
		CASE(an_sa_is_printed),
		CASE(a_policy_is_printed),
		CASE(other_messages_are_debugged_in_their_layout),
		CASE(what_cannot_be_read_is_not_printed),
	};
	return cmocka_run_group_tests(tests, NULL, done);
}
