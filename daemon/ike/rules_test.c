/* SPDX-License-Identifier: BSD-2-Clause */
/* The transition table: each row can be reached, none hides another. */
#include "ike/rules.h"

#include "base/unit.h"

/* A message that has just what the row asks for. */
static struct payload_set fitting(const struct rule *r, struct pl_notify *n)
{
	struct payload_set pl = { 0 };
	pl.present = r->need ? payload_bit(r->need) : 0;
	*n = (struct pl_notify){ .type = r->notify };
	if (r->notify) {
		pl.notifies = n;
		pl.n_notifies = 1;
	}
	return pl;
}

static void each_row_is_found(void **state)
{
	size_t n;
	const struct rule *table = rules_table(&n);
	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct pl_notify notify;
		const struct rule *r = &table[i];
		struct payload_set pl = fitting(r, &notify);
		const struct rule *got =
			rules_find(r->from, r->on, r->form, r->form >= 0 ? &pl : NULL);
		if (got != r)
			fail_msg("row %zu (%s) is hidden by \"%s\"", i, r->story,
				 got ? got->story : "nothing");
	}
}

static void rows_are_sound(void **state)
{
	size_t n;
	const struct rule *table = rules_table(&n);
	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct rule *r = &table[i];
		bool message = r->on == ON_REQUEST || r->on == ON_RESPONSE;
		assert_non_null(r->story);
		assert_non_null(r->handler);
		assert_int_equal(message, r->form != FORM_NONE);
		assert_true(r->form < FORM_N);
		/* the last state has no way out, the first no way back */
		assert_int_not_equal(r->from, IKE_GONE);
		assert_int_not_equal(r->on_ok, IKE_NEW);
		assert_int_not_equal(r->on_fail, IKE_NEW);
		assert_true(r->form < 0 ||
			    grammar_table()[r->form].response == (r->on == ON_RESPONSE));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(r->story, table[j].story);
	}
}

/* Exchanges before authentication do nothing but authenticate (the lesson of many CVEs). */
static void nothing_before_authentication(void **state)
{
	size_t n;
	const struct rule *table = rules_table(&n);
	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct rule *r = &table[i];
		if (r->on_ok != IKE_ESTABLISHED || r->from == IKE_ESTABLISHED)
			continue;
		assert_true(r->form == FORM_AUTH_REQUEST || r->form == FORM_AUTH_RESPONSE ||
			    r->form == FORM_AUTH_RESPONSE_CHILDLESS);
		assert_true(r->form != FORM_AUTH_REQUEST || r->need == PL_AUTH);
	}
	const struct payload_set pl = { .present = payload_bit(PL_DELETE) };
	assert_null(rules_find(IKE_HALF_OPEN, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, &pl));
	assert_null(rules_find(IKE_HALF_OPEN, ON_REQUEST, FORM_CHILD_REQUEST, &pl));
	assert_null(rules_find(IKE_AUTH_SENT, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, &pl));
	assert_null(rules_find(IKE_GONE, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, &pl));
}

static void every_state_ends(void **state)
{
	(void)state;
	for (int s = IKE_INIT_SENT; s < IKE_GONE; s++) {
		bool waits = s != IKE_HALF_OPEN;
		const struct rule *silent =
			rules_find((enum ike_state)s, ON_SILENT, FORM_NONE, NULL);
		const struct rule *expire =
			rules_find((enum ike_state)s, ON_EXPIRE, FORM_NONE, NULL);
		assert_true(waits ? silent && silent->on_ok == IKE_GONE
				  : expire && expire->on_ok == IKE_GONE);
		assert_non_null(ike_state_name((enum ike_state)s));
	}
	for (int t = ON_REQUEST; t <= ON_REPLACED; t++)
		assert_non_null(rules_trigger_name((enum trigger)t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("each row is found by what it asks for", each_row_is_found),
		UNIT("rows are complete and tell different stories", rows_are_sound),
		UNIT("nothing happens before authentication", nothing_before_authentication),
		UNIT("no state lasts without an answer", every_state_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
