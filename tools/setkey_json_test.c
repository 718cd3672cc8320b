/* SPDX-License-Identifier: BSD-2-Clause */
/* What is printed as JSON, to the byte, and that others can read it. */
#include "base/unit.h"

#include "setkey_json.h"
#include "setkey_json_write.h"
#include "setkey_word.h"

#include <jansson.h>
#include <stdlib.h>

enum { TEXT_BYTES = 4096 };

static char text[TEXT_BYTES];

static union keydb_addr address(const char *words)
{
	struct addr a;
	assert_int_equal(addr_parse(words, &a), 0);
	return word_keydb_addr(&a);
}

static struct keydb_limits no_limits(void)
{
	return (struct keydb_limits){ KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE,
				      KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE,
				      KEYDB_INFINITE, KEYDB_INFINITE };
}

static void set_alg(struct keydb_alg *a, uint16_t id, size_t key_bytes)
{
	uint8_t key[KEYDB_KEY_MAX_BYTES];
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(0xa0 + i);
	assert_int_equal(keydb_alg_set(a, keydb_alg_by_id(id), key, key_bytes, 0), 0);
}

static struct keydb_sa plain_sa(void)
{
	struct keydb_sa sa;
	memset(&sa, 0, sizeof(sa));
	sa.id.src = address("192.0.2.1");
	sa.id.dst = address("192.0.2.2");
	sa.id.spi = 0x300;
	sa.id.proto = KEYDB_PROTO_ESP;
	sa.mode = KEYDB_MODE_TRANSPORT;
	sa.state = KEYDB_SA_MATURE;
	sa.sel.src_port_any = sa.sel.dst_port_any = true;
	sa.limits = no_limits();
	return sa;
}

/* All that an SA can have. */
static struct keydb_sa whole_sa(void)
{
	struct keydb_sa sa = plain_sa();
	sa.id.mark = (struct keydb_mark){ 1, UINT32_MAX };
	sa.mode = KEYDB_MODE_TUNNEL;
	sa.reqid = UINT32_MAX;
	sa.kernel_seq = 3;
	sa.flags = KEYDB_SA_ESN | KEYDB_SA_ALIGN4;
	sa.replay_window_pkts = 64;
	set_alg(&sa.encr, KEYDB_ALG_AES_CBC, 16);
	set_alg(&sa.auth, KEYDB_ALG_HMAC_SHA1, 20);
	sa.auth.icv_bits = 0;
	sa.encap_src_port = 4500;
	sa.encap_dst_port = 4501;
	sa.encap_type = KEYDB_ENCAP_UDP_NON_IKE;
	sa.encap_oa = address("192.0.2.3");
	sa.sel.src = address("2001:db8::");
	sa.sel.dst = address("2001:db8:1::");
	sa.sel.src_bits = 32;
	sa.sel.dst_bits = 48;
	sa.sel.proto = 6;
	sa.sel.dst_port_any = false;
	sa.sel.dst_port = 80;
	sa.sel.dst_port_mask = 0xfff0;
	sa.sel.ifindex = 7;
	sa.limits.hard_bytes = UINT64_MAX - 1;
	sa.limits.soft_use_sec = 9;
	sa.usage = (struct keydb_usage){ 1, 2, 1000, 1001, 1002 };
	sa.if_id = 5;
	sa.tfc_pad_bytes = 100;
	sa.output_mark = (struct keydb_mark){ 0, 2 };
	sa.seq_out = 1ull << 32;
	sa.seq_in = 8;
	sa.ctx_doi = sa.ctx_alg = 1;
	sa.ctx_len = 4;
	memcpy(sa.ctx, "a\"b", 4);
	strcpy(sa.offload_device, "eth0");
	sa.offload_flags = KEYDB_OFFLOAD_INBOUND;
	return sa;
}

static struct keydb_policy plain_policy(void)
{
	struct keydb_policy p;
	memset(&p, 0, sizeof(p));
	p.sel.src = address("10.1.0.0");
	p.sel.dst = address("10.2.0.0");
	p.sel.src_bits = p.sel.dst_bits = 16;
	p.sel.src_port_any = p.sel.dst_port_any = true;
	p.dir = KEYDB_DIR_OUT;
	p.action = KEYDB_ACTION_DISCARD;
	p.priority = KEYDB_PRIORITY_DEFAULT;
	p.index = 9;
	p.limits = no_limits();
	return p;
}

/* Exactly that line, and one that a parser reads. */
static void printed(const char *line)
{
	json_error_t error;
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
	assert_string_equal(text, line);
	if (!json_is_object(object))
		fail_msg("%s: %s", error.text, text);
	json_decref(object);
}

static void sa_prints(const struct keydb_sa *sa, const char *line)
{
	FILE *f = fmemopen(text, sizeof(text), "w");
	setkey_json_sa(f, sa);
	fclose(f);
	printed(line);
}

static void policy_prints(const struct keydb_policy *p, const char *line)
{
	FILE *f = fmemopen(text, sizeof(text), "w");
	setkey_json_policy(f, p);
	fclose(f);
	printed(line);
}

static void event_prints(const struct keydb_event *e, const char *line)
{
	const struct timeval now = { .tv_sec = 1795363802, .tv_usec = 42 };
	FILE *f = fmemopen(text, sizeof(text), "w");
	setkey_json_event(f, e, &now);
	fclose(f);
	printed(line);
}

static void a_plain_sa_has_only_what_every_sa_has(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	sa_prints(&sa, "{\"type\":\"sa\",\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\","
		       "\"proto\":\"esp\",\"spi\":768,\"mode\":\"transport\",\"reqid\":0,"
		       "\"state\":\"mature\",\"replay_window_pkts\":0,\"limits\":{},"
		       "\"usage\":{\"bytes\":0,\"packets\":0},\"seq_out\":0,\"seq_in\":0}\n");
}

static void every_field_of_an_sa_is_a_member(void **state)
{
	struct keydb_sa sa = whole_sa();
	(void)state;
	sa_prints(&sa,
		  "{\"type\":\"sa\",\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\",\"proto\":\"esp\","
		  "\"spi\":768,\"mark\":{\"value\":1,\"mask\":4294967295},\"mode\":\"tunnel\","
		  "\"reqid\":4294967295,\"kernel_seq\":3,\"state\":\"mature\","
		  "\"flags\":[\"esn\",\"align4\"],\"replay_window_pkts\":64,"
		  "\"encr\":{\"name\":\"aes-cbc\",\"kernel_name\":\"cbc(aes)\",\"key_bits\":128,"
		  "\"key\":\"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\"},"
		  "\"auth\":{\"name\":\"hmac-sha1\",\"kernel_name\":\"hmac(sha1)\","
		  "\"icv_bits\":96,\"key_bits\":160,"
		  "\"key\":\"a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3\"},"
		  "\"encap\":{\"type\":\"udp-non-ike\",\"src_port\":4500,\"dst_port\":4501,"
		  "\"original_addr\":\"192.0.2.3\"},"
		  "\"sel\":{\"src\":\"2001:db8::\",\"src_bits\":32,\"dst\":\"2001:db8:1::\","
		  "\"dst_bits\":48,\"proto\":6,\"dst_port\":80,\"dst_port_mask\":65520,"
		  "\"ifindex\":7},"
		  "\"limits\":{\"hard_bytes\":18446744073709551614,\"soft_use_sec\":9},"
		  "\"usage\":{\"bytes\":1,\"packets\":2,\"add_time_sec\":1000,"
		  "\"use_time_sec\":1001,\"last_time_sec\":1002},"
		  "\"if_id\":5,\"tfc_pad_bytes\":100,\"output_mark\":{\"value\":0,\"mask\":2},"
		  "\"seq_out\":4294967296,\"seq_in\":8,"
		  "\"ctx\":{\"doi\":1,\"alg\":1,\"text\":\"a\\\"b\"},"
		  "\"offload\":{\"device\":\"eth0\",\"dir\":\"in\",\"kind\":\"crypto\"}}\n");
}

static void what_has_no_name_keeps_its_number(void **state)
{
	struct keydb_sa sa = plain_sa();
	(void)state;
	sa.mode = KEYDB_MODE_OTHER | 2;
	sa.id.proto = 60;
	strcpy(sa.encr.name, "cbc(new)");
	sa_prints(&sa, "{\"type\":\"sa\",\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\","
		       "\"proto\":\"other-60\",\"spi\":768,\"mode\":\"other-130\",\"reqid\":0,"
		       "\"state\":\"mature\",\"replay_window_pkts\":0,"
		       "\"encr\":{\"kernel_name\":\"cbc(new)\",\"key_bits\":0,\"key\":\"\"},"
		       "\"limits\":{},\"usage\":{\"bytes\":0,\"packets\":0},"
		       "\"seq_out\":0,\"seq_in\":0}\n");
}

static void a_policy_has_its_templates(void **state)
{
	struct keydb_policy p = plain_policy();
	(void)state;
	policy_prints(&p, "{\"type\":\"policy\",\"dir\":\"out\",\"action\":\"discard\","
			  "\"priority\":2147483648,\"index\":9,\"sub\":false,"
			  "\"sel\":{\"src\":\"10.1.0.0\",\"src_bits\":16,\"dst\":\"10.2.0.0\","
			  "\"dst_bits\":16},\"templates\":[],\"limits\":{},"
			  "\"usage\":{\"bytes\":0,\"packets\":0}}\n");
	p.action = KEYDB_ACTION_IPSEC;
	p.flags = KEYDB_POLICY_LOCALOK | KEYDB_POLICY_ICMP;
	p.sub = true;
	p.if_id = 4;
	p.mark = (struct keydb_mark){ 5, 7 };
	p.n_templates = 2;
	p.templates[0] = (struct keydb_template){ .src = address("2001:db8::1"),
						  .dst = address("2001:db8::2"),
						  .proto = KEYDB_PROTO_IPCOMP,
						  .mode = KEYDB_MODE_TUNNEL,
						  .level = KEYDB_LEVEL_USE };
	p.templates[0].family = p.templates[0].src.sa.sa_family;
	p.templates[1] = (struct keydb_template){ .family = p.sel.src.sa.sa_family,
						  .proto = KEYDB_PROTO_ESP,
						  .mode = KEYDB_MODE_TRANSPORT,
						  .level = KEYDB_LEVEL_UNIQUE,
						  .reqid = 7,
						  .spi = 8 };
	policy_prints(&p, "{\"type\":\"policy\",\"dir\":\"out\",\"action\":\"ipsec\","
			  "\"priority\":2147483648,\"index\":9,\"flags\":[\"localok\",\"icmp\"],"
			  "\"sub\":true,\"sel\":{\"src\":\"10.1.0.0\",\"src_bits\":16,"
			  "\"dst\":\"10.2.0.0\",\"dst_bits\":16},"
			  "\"templates\":[{\"proto\":\"ipcomp\",\"mode\":\"tunnel\","
			  "\"src\":\"2001:db8::1\",\"dst\":\"2001:db8::2\",\"family\":\"ipv6\","
			  "\"level\":\"use\"},{\"proto\":\"esp\",\"mode\":\"transport\","
			  "\"family\":\"ipv4\",\"level\":\"unique\",\"reqid\":7,\"spi\":8}],"
			  "\"limits\":{},\"usage\":{\"bytes\":0,\"packets\":0},"
			  "\"mark\":{\"value\":5,\"mask\":7},\"if_id\":4}\n");
}

#define EVENT(word) "{\"type\":\"event\",\"event\":\"" word "\",\"time_sec\":1795363802.000042"

static void events_have_their_time_and_what_they_are_about(void **state)
{
	struct keydb_event e;
	(void)state;
	memset(&e, 0, sizeof(e));
	e.kind = KEYDB_EVENT_OVERRUN;
	event_prints(&e, EVENT("overrun") "}\n");
	e.kind = KEYDB_EVENT_FLUSH_POLICY;
	event_prints(&e, EVENT("spdflush") "}\n");
	e.kind = KEYDB_EVENT_FLUSH_SA;
	event_prints(&e, EVENT("flush") ",\"sa\":{\"proto\":\"any\"}}\n");

	e.kind = KEYDB_EVENT_MAPPING;
	e.sa.id = plain_sa().id;
	e.sa.reqid = 4;
	e.sa.encap_src_port = 4500;
	e.new_addr = address("192.0.2.9");
	e.new_addr.sin.sin_port = htons(4501);
	event_prints(&e, EVENT("mapping") ",\"old_port\":4500,\"new_addr\":\"192.0.2.9\","
					  "\"new_port\":4501,\"sa\":{\"src\":\"192.0.2.1\","
					  "\"dst\":\"192.0.2.2\",\"proto\":\"esp\",\"spi\":768,"
					  "\"reqid\":4}}\n");
}

#define POLICY                                                                                      \
	"\"policy\":{\"dir\":\"out\",\"action\":\"discard\",\"priority\":2147483648,"               \
	"\"index\":9,\"sub\":false,\"sel\":{\"src\":\"10.1.0.0\",\"src_bits\":16,"                  \
	"\"dst\":\"10.2.0.0\",\"dst_bits\":16},\"templates\":[],\"limits\":{},\"usage\":{\"bytes\"" \
	":0,\"packets\":0}}"

static void events_about_policies_hold_them(void **state)
{
	struct keydb_event e;
	(void)state;
	memset(&e, 0, sizeof(e));
	e.policy = plain_policy();
	e.kind = KEYDB_EVENT_POLICY_CHANGE;
	event_prints(&e, EVENT("spdset") "," POLICY "}\n");
	e.deleted = true;
	event_prints(&e, EVENT("spddelete") "," POLICY "}\n");
	e.deleted = false;
	e.hard = true;
	e.kind = KEYDB_EVENT_POLICY_EXPIRE;
	event_prints(&e, EVENT("spdexpire") ",\"hard\":true," POLICY "}\n");

	e.kind = KEYDB_EVENT_ACQUIRE;
	e.seq = 6;
	e.sa = plain_sa();
	e.sa.kernel_seq = 6;
	e.sel = e.policy.sel;
	e.sel.src_bits = e.sel.dst_bits = 32;
	e.sel.proto = 17;
	e.sel.src_port_any = false;
	event_prints(&e, EVENT("acquire") ",\"seq\":6,\"sa\":{\"src\":\"192.0.2.1\",\"dst\":"
					  "\"192.0.2.2\",\"proto\":\"esp\",\"spi\":768,\"mode\":"
					  "\"transport\",\"reqid\":0,\"kernel_seq\":6}," POLICY
					  ",\"packet\":{\"src\":\"10.1.0.0\",\"src_bits\":32,"
					  "\"dst\":\"10.2.0.0\",\"dst_bits\":32,\"proto\":17,"
					  "\"src_port\":0}}\n");
}

static void no_event_shows_a_key(void **state)
{
	struct keydb_event e;
	const struct timeval now = { 0, 0 };
	(void)state;
	memset(&e, 0, sizeof(e));
	e.sa = whole_sa();
	set_alg(&e.sa.aead, KEYDB_ALG_AES_GCM_16, 20);
	for (int kind = 0; kind <= KEYDB_EVENT_OVERRUN; kind++) {
		e.kind = (enum keydb_event_kind)kind;
		FILE *f = fmemopen(text, sizeof(text), "w");
		setkey_json_event(f, &e, &now);
		fclose(f);
		assert_null(strstr(text, "a0a1"));
		assert_null(strstr(text, "\"key\""));
	}
	e.kind = KEYDB_EVENT_SA_CHANGE;
	FILE *f = fmemopen(text, sizeof(text), "w");
	setkey_json_event(f, &e, &now);
	fclose(f);
	assert_non_null(strstr(text, "\"event\":\"set\""));
	assert_non_null(strstr(text, "\"key_bits\":160"));
}

/* A text of n bytes between quotes. */
static void text_prints(const char *bytes, size_t n, const char *want)
{
	FILE *f = fmemopen(text, sizeof(text), "w");
	struct json j = { .file = f };
	json_text(&j, NULL, bytes, n);
	fclose(f);
	assert_string_equal(text, want);
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	assert_true(json_is_string(value));
	json_decref(value);
}

static void strings_are_escaped(void **state)
{
	(void)state;
	text_prints("", 0, "\"\"");
	text_prints("a\\b\"c\n\0\x7f", 8, "\"a\\\\b\\\"c\\u000a\\u0000\\u007f\"");
	text_prints("\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x9d", 9,
		    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x9d\"");
}

static void bytes_that_are_not_utf8_are_still_told(void **state)
{
	static const struct {
		const char *bytes;
		const char *want;
	} rows[] = {
		{ "\xff", "\"\\u00ff\"" },
		{ "\xc3", "\"\\u00c3\"" },                                  /* cut off */
		{ "\xc0\xaf", "\"\\u00c0\\u00af\"" },                       /* overlong */
		{ "\xe0\x80\xaf", "\"\\u00e0\\u0080\\u00af\"" },            /* overlong */
		{ "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"" },            /* surrogate */
		{ "\xf4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"" }, /* over U+10FFFF */
		{ "\xc3\xa9\xe2\x82", "\"\\u00c3\\u00a9\\u00e2\\u0082\"" },
		{ "\xe2\x82x", "\"\\u00e2\\u0082x\"" },
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		text_prints(rows[i].bytes, strlen(rows[i].bytes), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_sa_has_only_what_every_sa_has),
		cmocka_unit_test(every_field_of_an_sa_is_a_member),
		cmocka_unit_test(what_has_no_name_keeps_its_number),
		cmocka_unit_test(a_policy_has_its_templates),
		cmocka_unit_test(events_have_their_time_and_what_they_are_about),
		cmocka_unit_test(events_about_policies_hold_them),
		cmocka_unit_test(no_event_shows_a_key),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(bytes_that_are_not_utf8_are_still_told),
	};
	return cmocka_run_group_tests_name("setkey_json", tests, NULL, NULL);
}
