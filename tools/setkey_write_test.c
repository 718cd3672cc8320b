/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries as text, by example; setkey_model_test.c has whatever the model can hold. */
#include "base/unit.h"

#include "setkey_word.h"

#include <stdlib.h>

enum { LOG_BYTES = 1024 };

static char log_text[LOG_BYTES];

static void log_message(void *arg, const struct script_message *m)
{
	size_t used = strlen(log_text);
	(void)arg;
	if (!m->is_warning)
		snprintf(log_text + used, sizeof(log_text) - used, "%u:%u: %s\n", m->at.line,
			 m->at.column, m->text);
}

static char *written(const struct command *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	setkey_write_entry(f, c);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void assert_written(const char *text)
{
	struct command_list list = { 0 };
	struct command c;
	struct script script = { .file = "test",
				 .text = text,
				 .len = strlen(text),
				 .first = { 1, 1 },
				 .numeric = true,
				 .report = log_message };
	log_text[0] = '\0';
	assert_int_equal(setkey_parse(&script, &list), 0);
	struct command_cursor cursor = command_list_start(&list);
	assert_true(command_list_next(&cursor, &c));
	char *again = written(&c);
	assert_string_equal(again, text);
	free(again);
	command_list_done(&list);
}

static void entries_are_written_as_the_manual_has_them(void **state)
{
	static const char *const lines[] = {
		"add 192.0.2.1 192.0.2.2 esp 0x00000300 -m tunnel -r 64 -esn -u 7 -lh 3600 -us 60 "
		"-bs 1000 -ph 9 -if_id 5 -mark 0x1/0xff -output_mark 0x2/0xffffffff -tfc 1400 "
		"-f noecn -f decap-dscp -f no-af-unspec -E null -A hmac-sha1 "
		"0x000102030405060708090a0b0c0d0e0f10111213 -icv 160;\n",
		"add 192.0.2.1[4500] 192.0.2.2[0] esp-udp 10.0.0.1 0x00000300 -m beet -encap tcp "
		"-sel fd01::/16[80] fd02::/64 17 -E null;\n",
		"add 192.0.2.1 192.0.2.2 esp 0x00000300 -m transport -offload eth0 in packet "
		"-ctx 1 1 \"a:b\" -aead \"new(x,y)\" 0x0011 -icv 64;\n",
		"add ::1 ::2 ipcomp 0x00000300 -m 5 -sel ::/0[0/0xffff] ::/0[80/0xfff0] 6 -dev lo "
		"-C \"lzma\";\n",
		"spdadd 10.0.0.0/8 10.0.0.1/32 1 8/0xf8,3 -P in none;\n",
		"spdadd 10.0.0.0/8 10.0.0.1/32 1 any,3 -P in none;\n",
		"spdadd 10.0.0.0/8 10.0.0.1/32 47 65536/0xffff0000 -if_id 3 -mark 0x1/0x1 -dev lo -sub "
		"-f localok -f icmp -lh 60 -P out prio high + 10 ipsec "
		"esp/beet/192.0.2.1-192.0.2.2/require:7,spi=0x00000300 ah/transport//unique#20000;\n",
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(lines); i++)
		assert_written(lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_written_as_the_manual_has_them),
	};
	return cmocka_run_group_tests_name("setkey_write", tests, NULL, NULL);
}
