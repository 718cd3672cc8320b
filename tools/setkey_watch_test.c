/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of the monitor and of the short list. */
#include "base/unit.h"

#include "setkey_watch.h"
#include "setkey_word.h"

#include <stdlib.h>

enum { NOW_SEC = 1795363802, LINE_BYTES = 256 };

static struct keydb_sa sa;
static char line[LINE_BYTES];

static union keydb_addr address(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	return word_keydb_addr(&a);
}

static int fresh(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	memset(&sa, 0, sizeof(sa));
	sa.id.src = address("10.0.0.1");
	sa.id.dst = address("10.0.0.2");
	sa.id.proto = KEYDB_PROTO_ESP;
	sa.id.spi = 0x201;
	sa.state = KEYDB_SA_MATURE;
	return 0;
}

static const char *event_line(const struct keydb_event *e, bool epoch)
{
	struct timeval now = { .tv_sec = NOW_SEC, .tv_usec = 42 };
	FILE *f = fmemopen(line, sizeof(line), "w");
	watch_print_event(f, e, &now, epoch);
	fclose(f);
	return line;
}

static const char *short_line(void)
{
	FILE *f = fmemopen(line, sizeof(line), "w");
	watch_print_short(f, &sa, NOW_SEC);
	fclose(f);
	return line;
}

static void event_has_the_time_of_day_or_seconds(void **state)
{
	struct keydb_event e = { .kind = KEYDB_EVENT_FLUSH_SA };
	(void)state;
	assert_string_equal(event_line(&e, false), "16:10:02.000042 flush any\n");
	assert_string_equal(event_line(&e, true), "1795363802.000042 flush any\n");
}

static void events_name_their_sa_without_its_key(void **state)
{
	struct keydb_event e = { .kind = KEYDB_EVENT_SA_CHANGE, .sa = sa };
	(void)state;
	e.sa.encr.key_bits = 8;
	e.sa.encr.key[0] = 0xab;
	assert_string_equal(event_line(&e, false) + 16, "set 10.0.0.1 10.0.0.2 esp 0x00000201\n");
	e.deleted = true;
	assert_string_equal(event_line(&e, false) + 16,
			    "delete 10.0.0.1 10.0.0.2 esp 0x00000201\n");
	e.kind = KEYDB_EVENT_EXPIRE;
	assert_string_equal(event_line(&e, false) + 16,
			    "expire soft 10.0.0.1 10.0.0.2 esp 0x00000201\n");
	e.kind = KEYDB_EVENT_MAPPING;
	e.new_addr = address("192.0.2.9");
	e.new_addr.sin.sin_port = htons(4501);
	assert_string_equal(event_line(&e, false) + 16,
			    "mapping 10.0.0.1 10.0.0.2 esp 0x00000201 new 192.0.2.9[4501]\n");
}

static void short_line_has_age_and_limit(void **state)
{
	(void)state;
	sa.usage.add_time = NOW_SEC - 12;
	sa.limits.hard_add_sec = 900;
	assert_string_equal(short_line(), "1002 esp M 00000201  12/900 10.0.0.1 -> 10.0.0.2\n");
	sa.usage.add_time = NOW_SEC - 1000;
	sa.limits.hard_add_sec = KEYDB_INFINITE;
	sa.state = KEYDB_SA_DYING;
	assert_string_equal(short_line(), "1002 esp D 00000201 big/  0 10.0.0.1 -> 10.0.0.2\n");
}

static void messages_are_shown_sixteen_bytes_in_a_line(void **state)
{
	static const uint8_t bytes[17] = "\x02\x03 az~\x7f\xff";
	(void)state;
	FILE *f = fmemopen(line, sizeof(line), "w");
	watch_print_hex(f, bytes, sizeof(bytes));
	watch_print_hex(f, NULL, 0);
	fclose(f);
	assert_string_equal(
		line, "\t0000 02 03 20 61 7a 7e 7f ff 00 00 00 00 00 00 00 00  ...az~..........\n"
		      "\t0010 00                                               .\n");
}

#define TEST(fn) cmocka_unit_test_setup(fn, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(event_has_the_time_of_day_or_seconds),
		TEST(events_name_their_sa_without_its_key),
		TEST(short_line_has_age_and_limit),
		TEST(messages_are_shown_sixteen_bytes_in_a_line),
	};
	return cmocka_run_group_tests_name("setkey_watch", tests, NULL, NULL);
}
