/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What differs between the kernel and a script.  The kernel (linked in with --wrap) has what
 * another script says.
 */
#include "base/unit.h"

#include "setkey_diff.h"
#include "setkey_same.h"

#include <errno.h>
#include <stdlib.h>

enum { LOG_BYTES = 4096 };

static struct command_list kernel;
static uint8_t sa_state, policy_dir;
static uint32_t reqid; /* that the kernel's policies have, 0 = as they say */
static uint32_t tag;   /* of tanuki.ko, 0 = it is not there */
static bool stray;     /* the kernel's policies are not the module's */
static char log_text[LOG_BYTES];
static char *text;
static size_t text_len;

#define KEY "0x00112233445566778899aabbccddeeff"
#define ESP "add 192.0.2.1 192.0.2.2 esp 0x00000300 -m transport -u 7 -E aes-cbc " KEY ";\n"
#define ESP_HOURS \
	"add 192.0.2.1 192.0.2.2 esp 0x00000300 -m transport -u 7 -lh 3600 -E aes-cbc " KEY ";\n"
#define ESP_KEY                                                                \
	"add 192.0.2.1 192.0.2.2 esp 0x00000300 -m transport -u 7 -E aes-cbc " \
	"0xff112233445566778899aabbccddeeff;\n"
#define AH                                                    \
	"add ::1 ::2 ah 0x00000301 -m tunnel -A hmac-sha1 0x" \
	"000102030405060708090a0b0c0d0e0f10111213;\n"
#define OUT "spdadd 10.1.0.0/16 10.0.0.0/8 any -P out none;\n"
#define OUT_HIGH "spdadd 10.1.0.0/16 10.0.0.0/8 any -P out prio high discard;\n"
#define IN "spdadd 10.0.0.0/8 10.1.0.0/16 any -P in none;\n"
#define FWD "spdadd 10.0.0.0/8 10.1.0.0/16 any -P fwd none;\n"

/* ---- the kernel ---- */

int __wrap_keydb_sa_dump(struct keydb *k, uint8_t proto, keydb_sa_fn fn, void *arg);
int __wrap_keydb_sa_dump(struct keydb *k, uint8_t proto, keydb_sa_fn fn, void *arg)
{
	struct command_cursor cursor = command_list_start(&kernel);
	int rc = 0;
	(void)k;
	(void)proto;
	for (struct command c; !rc && command_list_next(&cursor, &c);) {
		if (c.kind != COMMAND_ADD)
			continue;
		c.sa.state = sa_state;
		c.sa.limits.hard_packets = KEYDB_INFINITE;
		rc = fn(arg, &c.sa);
	}
	return rc;
}

int __wrap_keydb_policy_dump(struct keydb *k, keydb_policy_fn fn, void *arg);
int __wrap_keydb_policy_dump(struct keydb *k, keydb_policy_fn fn, void *arg)
{
	struct command_cursor cursor = command_list_start(&kernel);
	int rc = 0;
	(void)k;
	for (struct command c; !rc && command_list_next(&cursor, &c);) {
		if (c.kind != COMMAND_SPDADD)
			continue;
		c.policy.dir = policy_dir ? policy_dir : c.policy.dir;
		c.policy.index = 9;
		if (reqid)
			c.policy.templates[0].reqid = reqid;
		c.policy.stray = stray;
		rc = fn(arg, &c.policy);
	}
	return rc;
}

int __wrap_keydb_data_path(struct keydb *k, struct keydb_data_path *ret);
int __wrap_keydb_data_path(struct keydb *k, struct keydb_data_path *ret)
{
	(void)k;
	*ret = (struct keydb_data_path){ .tag = tag };
	return 0;
}

const char *__wrap_keydb_error(const struct keydb *k);
const char *__wrap_keydb_error(const struct keydb *k)
{
	(void)k;
	return "the handle's words";
}

/* ---- helpers ---- */

static void log_message(void *arg, const struct script_message *m)
{
	size_t used = strlen(log_text);
	(void)arg;
	snprintf(log_text + used, sizeof(log_text) - used, "%u:%u: %s\n", m->at.line, m->at.column,
		 m->text);
}

static struct script script_of(const char *from)
{
	return (struct script){ .file = "want",
				.text = from,
				.len = strlen(from),
				.first = { 1, 1 },
				.numeric = true,
				.report = log_message };
}

/* The difference as text, and the commands that would be done, one word each, into log_text. */
static int differ(const char *has, const char *wants, bool rfc_mode)
{
	struct command_list list = { 0 }, todo = { 0 };
	struct script a = script_of(has), b = script_of(wants);
	struct diff *d = NULL;
	log_text[0] = '\0';
	free(text);
	text = NULL;
	FILE *f = open_memstream(&text, &text_len);
	assert_int_equal(setkey_parse(&a, &kernel), 0);
	assert_int_equal(setkey_parse(&b, &list), 0);
	int rc = diff_make(NULL, &b, &list, rfc_mode, &d);
	if (!rc) {
		diff_print(d, f, "want");
		assert_int_equal(diff_commands(d, &todo), 0);
		assert_int_equal(diff_is_empty(d), todo.count == 0);
	}
	struct command_cursor cursor = command_list_start(&todo);
	for (struct command c; command_list_next(&cursor, &c);)
		snprintf(log_text + strlen(log_text), sizeof(log_text) - strlen(log_text), "%s ",
			 command_word(c.kind));
	fclose(f);
	diff_free(d);
	command_list_done(&todo);
	command_list_done(&list);
	command_list_done(&kernel);
	return rc;
}

static int fresh(void **state)
{
	(void)state;
	sa_state = KEYDB_SA_MATURE;
	policy_dir = 0;
	reqid = 0;
	tag = 0;
	stray = false;
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

/* ---- tests ---- */

static void equal_tables_have_no_difference(void **state)
{
	(void)state;
	assert_int_equal(differ(ESP AH OUT IN FWD, FWD OUT AH IN ESP, false), 0);
	assert_string_equal(text, "");
	assert_string_equal(log_text, "");
	assert_int_equal(differ("", "", true), 0);
	assert_string_equal(text, "");
}

static void what_is_missing_and_too_much_is_shown(void **state)
{
	(void)state;
	assert_int_equal(differ(ESP OUT, AH OUT IN, false), 0);
	assert_string_equal(text, "--- kernel\n+++ want\n-" ESP "+" AH "+" IN);
	assert_string_equal(log_text, "add spdadd delete ");
}

static void changed_key_needs_a_new_sa_but_limits_only_an_update(void **state)
{
	(void)state;
	assert_int_equal(differ(ESP, ESP_KEY, false), 0);
	assert_string_equal(text, "--- kernel\n+++ want\n-" ESP "+" ESP_KEY);
	assert_string_equal(log_text, "delete add ");
	assert_int_equal(differ(ESP, ESP_HOURS, false), 0);
	assert_string_equal(text, "--- kernel\n+++ want\n-" ESP "+" ESP_HOURS);
	assert_string_equal(log_text, "update ");
}

static void changed_policy_is_replaced(void **state)
{
	(void)state;
	assert_int_equal(differ(OUT, OUT_HIGH, false), 0);
	assert_string_equal(text, "--- kernel\n+++ want\n-" OUT "+" OUT_HIGH);
	assert_string_equal(log_text, "spdupdate ");
}

static void copies_for_forwarded_packets_are_wanted(void **state)
{
	(void)state;
	assert_int_equal(differ(IN FWD, IN, true), 0);
	assert_string_equal(text, "");
	assert_int_equal(differ(IN, IN, true), 0);
	assert_string_equal(text, "--- kernel\n+++ want\n+" FWD);
	assert_int_equal(differ(IN FWD, IN, false), 0);
	assert_string_equal(text, "--- kernel\n+++ want\n-" FWD);
}

static void sas_come_before_policies_and_go_after_them(void **state)
{
	(void)state;
	assert_int_equal(differ(ESP OUT, IN AH, false), 0);
	assert_string_equal(log_text, "add spdadd spddelete delete ");
}

static void any_reqid_of_the_kernels_will_do_for_unique(void **state)
{
	static const char unique[] = "spdadd ::1 ::2 any -P out ipsec esp/transport//unique;";
	static const char five[] = "spdadd ::1 ::2 any -P out ipsec esp/transport//unique:5;";
	static const char six[] = "spdadd ::1 ::2 any -P out ipsec esp/transport//unique:6;";
	(void)state;
	reqid = 20000;
	assert_int_equal(differ(unique, unique, false), 0);
	assert_string_equal(text, "");
	reqid = 0;
	assert_int_equal(differ(five, six, false), 0);
	assert_string_equal(log_text, "spdupdate ");
}

static void require_with_a_reqid_is_what_the_kernel_calls_unique(void **state)
{
	(void)state;
	assert_int_equal(differ("spdadd ::1 ::2 any -P out ipsec esp/transport//unique:5;",
				"spdadd ::1 ::2 any -P out ipsec esp/transport//require:5;", false),
			 0);
	assert_string_equal(text, "");
}

#define TUNNEL "add ::1 ::2 esp 0x300 -m tunnel -f no-af-unspec "

static void selector_that_is_open_is_none(void **state)
{
	(void)state;
	assert_int_equal(differ(TUNNEL "-E null;", TUNNEL "-sel ::/0 ::/0 any -E null;", false), 0);
	assert_string_equal(text, "");
	differ(TUNNEL "-E null;", TUNNEL "-sel 0.0.0.0/0 0.0.0.0/0 any -E null;", false);
	assert_string_equal(log_text, "delete add ");
	differ(TUNNEL "-E null;", TUNNEL "-sel ::/0 ::/0 tcp -E null;", false);
	assert_string_equal(log_text, "delete add ");
}

/* What only differs there is another entry, or the same one with something else in it. */
static void what_pf_key_has_no_words_for_is_compared(void **state)
{
	static const char *const others[] = { "-mark 1", "-mark 1/3", "-if_id 5", "-dev lo",
					      "-sub" };
	static const char *const changes[] = { "-f icmp", "-f localok", "-lh 5", "-us 7", "-bh 9" };
	static const char *const sa_changes[] = { "-esn -r 32",      "-r 33",
						  "-if_id 3",        "-output_mark 1",
						  "-f wildrecv",     "-offload lo in",
						  "-offload lo out", "-ctx 1 1 \"a\"",
						  "-f align4",       "-f af-unspec" };
	char line[256];
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(others); i++) {
		snprintf(line, sizeof(line), "spdadd ::/0 ::/0 any %s -P in none;", others[i]);
		differ("spdadd ::/0 ::/0 any -P in none;", line, false);
		assert_string_equal(log_text, "spdadd spddelete ");
	}
	for (size_t i = 0; i < N_ELEMENTS(changes); i++) {
		snprintf(line, sizeof(line), "spdadd ::/0 ::/0 any %s -P in none;", changes[i]);
		differ("spdadd ::/0 ::/0 any -P in none;", line, false);
		assert_string_equal(log_text, "spdupdate ");
	}
	for (size_t i = 0; i < N_ELEMENTS(sa_changes); i++) {
		snprintf(line, sizeof(line), "add ::1 ::2 esp 300 %s -E null;", sa_changes[i]);
		differ("add ::1 ::2 esp 300 -offload lo in packet -E null;", line, false);
		assert_string_equal(log_text, "delete add ");
	}
}

static void larval_sas_and_policies_of_sockets_are_left_alone(void **state)
{
	(void)state;
	sa_state = KEYDB_SA_LARVAL;
	policy_dir = KEYDB_DIR_SOCKET_OUT;
	assert_int_equal(differ(ESP OUT, "", false), 0);
	assert_string_equal(text, "");
}

static void script_may_flush_and_change_what_it_said_before(void **state)
{
	(void)state;
	assert_int_equal(differ(ESP OUT_HIGH,
				"flush; spdflush;" AH "flush ah;" ESP OUT
				"spdupdate 10.1.0.0/16 10.0.0.0/8 any -P out prio high discard;",
				false),
			 0);
	assert_string_equal(text, "");
}

static void script_that_does_more_than_add_is_refused(void **state)
{
	(void)state;
	assert_int_equal(differ("", "delete ::1 ::2 esp 0x300;\n dump;", false), -EINVAL);
	assert_non_null(strstr(log_text, "1:1: delete ::1 ::2 esp 0x00000300: a script that is"));
	assert_non_null(strstr(log_text, "2:2: dump: a script that is"));
}

static void entry_that_is_there_twice_is_refused(void **state)
{
	(void)state;
	assert_int_equal(differ("", OUT OUT_HIGH, false), -EINVAL);
	assert_string_equal(log_text, "2:1: spdadd 10.1.0.0/16 10.0.0.0/8 any -P out: "
				      "is in the script twice\n");
	assert_int_equal(differ("", ESP ESP_KEY, false), -EINVAL);
}

/* Each line as setkey_write_entry() writes it. */
static const char *const lines[] = {
	ESP,
	ESP_HOURS,
	AH,
	OUT,
	OUT_HIGH,
	"add 192.0.2.1[4500] 192.0.2.2[4501] esp-udp 10.0.0.1 0x00000400 -m tunnel -r 64 -ls 1 "
	"-bh 3 -bs 2 -E null -A hmac-sha256 " KEY "00112233445566778899aabbccddeeff;\n",
	"add ::1 ::2 esp 0x00000401 -m transport -E aes-gcm-16 " KEY "01020304;\n",
	"add ::1 ::2 ipcomp 0x00000402 -m transport -C deflate;\n",
	"add ::1 ::2 esp 0x00000403 -m transport -ctx 1 1 \"a:b\" -E null;\n",
	"spdadd ::/0 ::/0 58 135,0 -P out prio high - 1 none;\n",
	"spdadd ::/0 ::/0 58 135 -P out none;\n",
	"spdadd 10.0.0.1/32[80] 10.0.0.2/32 6 -P in prio low + 5 none;\n",
	"spdadd 10.0.0.1/32 10.0.0.2/32 47 65538 -P fwd prio def + 10 none;\n",
	"spdadd 10.0.0.1/32 10.0.0.2/32 any -ctx 1 1 \"a:b\" -P in discard;\n",
	"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique:7 "
	"ah/transport//use ipcomp/tunnel/::1-::2/require;\n",
};

static void written_lines_are_read_back_as_they_were(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
		char want[1024];
		snprintf(want, sizeof(want), "--- kernel\n+++ want\n+%s", lines[i]);
		assert_int_equal(differ("", lines[i], false), 0);
		assert_string_equal(text, want);
		assert_int_equal(differ(lines[i], lines[i], false), 0);
		assert_string_equal(text, "");
	}
}

static void policy_that_tanuki_does_not_have_is_moved(void **state)
{
	(void)state;
	tag = 84;
	stray = true;
	assert_int_equal(differ(OUT, OUT, false), 0);
	assert_string_equal(text, "--- kernel\n+++ want\n# tanuki.ko is there, but this policy is "
				  "still the kernel's:\n-" OUT "+" OUT);
	assert_string_equal(log_text, "spdupdate ");
}

static void the_tag_of_tanuki_is_as_good_as_none(void **state)
{
	const char *tagged = "spdadd 10.1.0.0/16 10.0.0.0/8 any -if_id 84 -P out none;\n";
	(void)state;
	assert_int_equal(differ(OUT, tagged, false), 0);
	assert_string_equal(log_text, "spdadd spddelete ");
	tag = 84;
	assert_int_equal(differ(OUT, tagged, false), 0);
	assert_string_equal(text, "");
}

#define TEST(fn) cmocka_unit_test_setup(fn, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal_tables_have_no_difference),
		TEST(what_is_missing_and_too_much_is_shown),
		TEST(changed_key_needs_a_new_sa_but_limits_only_an_update),
		TEST(changed_policy_is_replaced),
		TEST(copies_for_forwarded_packets_are_wanted),
		TEST(sas_come_before_policies_and_go_after_them),
		TEST(any_reqid_of_the_kernels_will_do_for_unique),
		TEST(require_with_a_reqid_is_what_the_kernel_calls_unique),
		TEST(selector_that_is_open_is_none),
		TEST(what_pf_key_has_no_words_for_is_compared),
		TEST(larval_sas_and_policies_of_sockets_are_left_alone),
		TEST(script_may_flush_and_change_what_it_said_before),
		TEST(script_that_does_more_than_add_is_refused),
		TEST(entry_that_is_there_twice_is_refused),
		TEST(written_lines_are_read_back_as_they_were),
		TEST(policy_that_tanuki_does_not_have_is_moved),
		TEST(the_tag_of_tanuki_is_as_good_as_none),
	};
	return cmocka_run_group_tests_name("setkey_diff", tests, NULL, end);
}
