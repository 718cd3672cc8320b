/* SPDX-License-Identifier: BSD-2-Clause */
/* What tanuki.ko says is understood, and policies are its own or the kernel's. */
#include "data_path.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TEXT "Tag                     \t84\nEsp\town\nAh\tlost\nPolicies\t7\nCacheHit\t1\n"

static int parse(const char *text, struct keydb_data_path *ret)
{
	memset(ret, 0xff, sizeof(*ret));
	return data_path_parse(text, strlen(text), ret);
}

static void its_lines_are_read(void **state)
{
	struct keydb_data_path d;
	(void)state;
	assert_int_equal(parse(TEXT, &d), 0);
	assert_int_equal(d.tag, 84);
	assert_int_equal(d.n_policies, 7);
	assert_string_equal(d.esp, "own");
	assert_string_equal(d.ah, "lost");
	/* In any order, and without the last line's end. */
	assert_int_equal(parse("Ah own\nFuture\nPolicies 4294967295\nEsp core\n\nTag 1", &d), 0);
	assert_int_equal(d.n_policies, UINT32_MAX);
}

static void what_lacks_something_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"\n",
		"Tag 84\nEsp own\nAh own\n",
		"Tag 0\nEsp own\nAh own\nPolicies 0\n",
		"Tag\nEsp own\nAh own\nPolicies 0\n",
		"Tag -1\nEsp own\nAh own\nPolicies 0\n",
		"Tag 4294967296\nEsp own\nAh own\nPolicies 0\n",
		"Tag 84x\nEsp own\nAh own\nPolicies 0\n",
		"Tag 84\nEsp \nAh own\nPolicies 0\n",
		"Tag 84\nEsp somebody\nAh own\nPolicies 0\n",
	};
	struct keydb_data_path d;
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (parse(wrong[i], &d) != -EBADMSG)
			fail_msg("\"%s\" was taken", wrong[i]);
}

static struct keydb_policy out_policy(void)
{
	struct keydb_policy p;
	memset(&p, 0, sizeof(p));
	p.dir = KEYDB_DIR_OUT;
	p.action = KEYDB_ACTION_IPSEC;
	p.n_templates = 1;
	p.templates[0].mode = KEYDB_MODE_TUNNEL;
	return p;
}

static void only_plain_policies_are_its_own(void **state)
{
	struct keydb_policy p = out_policy();
	(void)state;
	assert_true(data_path_may_tag(&p) && data_path_wants(&p));
	p.templates[0].mode = KEYDB_MODE_OTHER | 3;
	assert_true(data_path_may_tag(&p) && !data_path_wants(&p));
	for (unsigned int i = 0; i < 5; i++) {
		p = out_policy();
		p.dir = i == 0 ? KEYDB_DIR_IN : i == 1 ? KEYDB_DIR_SOCKET_OUT : KEYDB_DIR_OUT;
		p.if_id = i == 2;
		p.sub = i == 3;
		p.ctx_len = i == 4;
		assert_false(data_path_may_tag(&p) || data_path_wants(&p));
	}
	/* An index says the direction, whatever else does. */
	p = out_policy();
	p.index = 8 + KEYDB_DIR_IN;
	assert_false(data_path_may_tag(&p));
	p.dir = KEYDB_DIR_FWD;
	p.index = 8 + KEYDB_DIR_OUT;
	assert_true(data_path_may_tag(&p));
}

static void the_tag_is_not_shown(void **state)
{
	struct keydb_policy p = out_policy();
	(void)state;
	p.if_id = 84;
	data_path_show(84, &p);
	assert_true(p.if_id == 0 && p.tag == 84 && !p.stray);
	p = out_policy();
	data_path_show(84, &p);
	assert_true(p.tag == 0 && p.stray);
	/* Somebody's own number, another direction, and no module at all. */
	p = out_policy();
	p.if_id = 85;
	data_path_show(84, &p);
	assert_true(p.if_id == 85 && p.tag == 0 && !p.stray);
	p.if_id = 84;
	p.dir = KEYDB_DIR_IN;
	data_path_show(84, &p);
	assert_true(p.if_id == 84 && p.tag == 0);
	p.dir = KEYDB_DIR_OUT;
	data_path_show(0, &p);
	assert_true(p.if_id == 84 && p.tag == 0 && !p.stray);
}

static void a_question_has_no_tag_either(void **state)
{
	struct data_path d = { .fd = -1, .tag = 84 };
	struct keydb_event e;
	(void)state;
	memset(&e, 0, sizeof(e));
	e.kind = KEYDB_EVENT_ACQUIRE;
	e.policy = out_policy();
	e.policy.if_id = e.sa.if_id = 84;
	data_path_show_event(&d, &e);
	assert_true(e.policy.tag == 84 && e.sa.if_id == 0);
	e.policy = out_policy();
	e.policy.if_id = e.sa.if_id = 9;
	data_path_show_event(&d, &e);
	assert_true(e.policy.tag == 0 && e.sa.if_id == 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_lines_are_read),
		cmocka_unit_test(what_lacks_something_is_refused),
		cmocka_unit_test(only_plain_policies_are_its_own),
		cmocka_unit_test(the_tag_is_not_shown),
		cmocka_unit_test(a_question_has_no_tag_either),
	};
	return cmocka_run_group_tests_name("data_path", tests, NULL, NULL);
}
