/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong in the setkeys of KAME and ipsec-tools does not here.  Others of these tests are
 * where they belong: a length of 0 and long dump files in setkey_file_test.c; deleteall of more
 * than 512 SAs whose ports differ, copies for forwarded packets with a prefix of 3 bits, and their
 * deletion where there are none in setkey_apply_test.c; long answers in pfkey_io_test.c; exit codes
 * and half-loaded files in the lab.
 */
#include "base/unit.h"

#include "setkey_lex.h"

#include <errno.h>
#include <stdlib.h>

enum { LONG_BYTES = 100000, LOG_BYTES = 4096 };

static char log_text[LOG_BYTES];
static char text[4 * LONG_BYTES];

static void log_message(void *arg, const struct script_message *m)
{
	size_t used = strlen(log_text);
	(void)arg;
	if (!m->is_warning)
		snprintf(log_text + used, sizeof(log_text) - used, "%u:%u: %s\n", m->at.line,
			 m->at.column, m->text);
}

/* Parses text; if it is right, its first command. */
static int parse(struct command *ret)
{
	struct command_list list = { 0 };
	struct script script = { .file = "test",
				 .text = text,
				 .len = strlen(text),
				 .first = { 1, 1 },
				 .numeric = true,
				 .report = log_message };
	log_text[0] = '\0';
	int rc = setkey_parse(&script, &list);
	struct command_cursor cursor = command_list_start(&list);
	memset(ret, 0, sizeof(*ret));
	if (!rc)
		assert_true(command_list_next(&cursor, ret));
	command_list_done(&list);
	return rc;
}

static struct command parse_one(const char *line)
{
	struct command c;
	snprintf(text, sizeof(text), "%s", line);
	if (parse(&c))
		fail_msg("%s\n%s", line, log_text);
	return c;
}

static void assert_refused(const char *line, const char *message)
{
	struct command c;
	snprintf(text, sizeof(text), "%s", line);
	assert_int_equal(parse(&c), -EINVAL);
	if (strncmp(log_text, message, strlen(message)) != 0)
		fail_msg("%s\n got %s want %s", line, log_text, message);
}

/* begin, then n times c, then end */
static void build(const char *begin, char c, size_t n, const char *end)
{
	size_t len = strlen(begin);
	memcpy(text, begin, len);
	memset(text + len, c, n);
	strcpy(text + len + n, end);
}

/* They went into buffers of a fixed size without a look at their length. */
static void words_of_any_length_are_read_or_refused(void **state)
{
	static const struct {
		const char *begin, *end, *message;
	} rows[] = {
		{ "add ::1 ::2 esp 300 -E aes-cbc 0x", ";",
		  "1:32: \"...\": the key is longer than" },
		{ "add ::1 ::2 esp 300 -E aes-cbc \"", "\";", "1:32: \"...\": the key is longer" },
		{ "add ::1 ::2 esp 300 -E ", ";", "1:24: " },
		{ "add ::1 ::2 esp 300 -E \"", "\" 0x01;", "1:24: \"...\": the kernel's names" },
		{ "add ", " ::2 esp 300;", "1:5: " },
		{ "add ::1 ::2 esp ", ";", "1:17: " },
		{ "add ::1 ::2 esp 300 -ctx 1 1 \"", "\" -E null;",
		  "1:30: \"...\": a context has" },
		{ "add ::1 ::2 esp 300 -offload ", " in;", "1:30: " },
		{ "spdadd ::1 ::2 ", " -P in none;", "1:16: " },
		{ "spdadd ::1[", "] ::2 tcp -P in none;", "1:12: " },
		{ "spdadd ::1 ::2 any -dev ", " -P in none;", "1:25: " },
		{ "spdadd ::1 ::2 any -P in ", ";", "1:26: " },
		{ "spdadd ::1 ::2 any -P in ipsec esp/tunnel/", "-::1/use;", "1:43: " },
		{ "spdadd ::1 ::2 any -P in ipsec esp/transport//unique:", ";", "1:47: " },
		{ "spdadd tagged \"", "\" -P in none;", "1:8: tagged: Linux has no packet tags" },
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct command c;
		build(rows[i].begin, '1', LONG_BYTES, rows[i].end);
		assert_int_equal(parse(&c), -EINVAL);
		if (strncmp(log_text, rows[i].message, strlen(rows[i].message)) != 0)
			fail_msg("%zu: got %s want %s", i, log_text, rows[i].message);
	}
}

static void blanks_and_comments_of_any_length_are_read(void **state)
{
	struct command c;
	(void)state;
	build("spdadd ::1 ::2 any -P in ipsec", ' ', LONG_BYTES, "esp/transport//use;");
	assert_int_equal(parse(&c), 0);
	assert_int_equal(c.policy.n_templates, 1);
	build("spdadd ::1 ::2 any -P in ipsec #", 'x', LONG_BYTES, "\nesp/transport//use;");
	assert_int_equal(parse(&c), 0);
	build("flush #", ';', LONG_BYTES, "\n;");
	assert_int_equal(parse(&c), 0);
}

/* What stood behind tcp or any came from a buffer that nothing had been written to. */
static void type_behind_a_protocol_without_types_is_refused(void **state)
{
	(void)state;
	assert_refused("spdadd ::1 ::2 tcp 5 -P in none;", "1:20: 5: tcp takes no type or key\n");
	assert_refused("spdadd ::1 ::2 any 5,6 -P in none;", "1:20: 5: any takes no type or key\n");
}

/* The code was what happened to be in memory. */
static void type_without_a_code_is_any_code(void **state)
{
	struct command c = parse_one("spdadd ::1 ::2 icmp6 135 -P in none;");
	(void)state;
	assert_int_equal(c.policy.sel.src_port, 135);
	assert_true(c.policy.sel.dst_port_any);
	assert_int_equal(c.policy.sel.dst_port, 0);
}

/* The port was forgotten without a word. */
static void type_beside_ports_is_refused(void **state)
{
	(void)state;
	assert_refused("spdadd ::1[5] ::2 icmp6 1 -P in none;",
		       "1:25: 1: a type or key cannot stand beside ports\n");
}

/* 0 (echo reply) was any type. */
static void type_0_is_not_any_type(void **state)
{
	struct command c = parse_one("spdadd 10.0.0.1 10.0.0.2 icmp 0,0 -P in none;");
	(void)state;
	assert_false(c.policy.sel.src_port_any);
	assert_false(c.policy.sel.dst_port_any);
	c = parse_one("spdadd 10.0.0.1 10.0.0.2 icmp -P in none;");
	assert_true(c.policy.sel.src_port_any && c.policy.sel.dst_port_any);
}

/* The manual page had other numbers than the program. */
static void numbers_have_the_limits_that_the_manual_page_tells(void **state)
{
	struct command c = parse_one("add ::1 ::2 esp 300 -u 4294967295 -E null;");
	(void)state;
	assert_int_equal(c.sa.reqid, UINT32_MAX);
	c = parse_one("spdadd ::1 ::2 any -P in ipsec esp/transport//unique:16383;");
	assert_int_equal(c.policy.templates[0].reqid, 16383);
	assert_refused("spdadd ::1 ::2 any -P in ipsec esp/transport//unique:16384;",
		       "1:54: 16384: reqid over 16383\n");
	c = parse_one("spdadd ::1 ::2 any -P in prio 2147483647 none;");
	assert_int_equal(c.policy.priority, 1);
	c = parse_one("spdadd ::1 ::2 any -P in prio -2147483647 none;");
	assert_int_equal(c.policy.priority, UINT32_MAX);
}

/* The window of KAME was in bytes of its bitmap. */
static void replay_window_is_in_packets(void **state)
{
	(void)state;
	assert_int_equal(parse_one("add ::1 ::2 esp 300 -r 4 -E null;").sa.replay_window_pkts, 4);
}

/* Only the kernel said so, without a place. */
static void prefix_longer_than_the_address_is_refused(void **state)
{
	(void)state;
	assert_refused("spdadd 10.0.0.0/33 10.0.0.1 any -P in none;",
		       "1:17: 33: this address has only 32 bits\n");
}

/* Half of the file was in the kernel when the mistake was met. */
static void mistake_at_the_end_leaves_nothing_to_do(void **state)
{
	struct command c;
	(void)state;
	build("flush; add ::1 ::2 esp 300 -E null;", ' ', 10, "flsh;");
	assert_int_equal(parse(&c), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_any_length_are_read_or_refused),
		cmocka_unit_test(blanks_and_comments_of_any_length_are_read),
		cmocka_unit_test(type_behind_a_protocol_without_types_is_refused),
		cmocka_unit_test(type_without_a_code_is_any_code),
		cmocka_unit_test(type_beside_ports_is_refused),
		cmocka_unit_test(type_0_is_not_any_type),
		cmocka_unit_test(numbers_have_the_limits_that_the_manual_page_tells),
		cmocka_unit_test(replay_window_is_in_packets),
		cmocka_unit_test(prefix_longer_than_the_address_is_refused),
		cmocka_unit_test(mistake_at_the_end_leaves_nothing_to_do),
	};
	return cmocka_run_group_tests_name("setkey_trouble", tests, NULL, NULL);
}
