/* SPDX-License-Identifier: BSD-2-Clause */
/* The grammar: every form is reachable, and every departure from it is named. */
#include "msg/grammar.h"

#include <errno.h>

#include "base/unit.h"
#include "msg/notify.h"

/* A decoded message made by hand: only what the grammar looks at. */
struct made {
	struct msg m;
	struct pl_proposal proposals[2];
	struct pl_notify notifies[2];
	struct pl_unknown unknown;
};

static struct payload_set *set_of(struct made *x)
{
	return x->m.opened ? &x->m.inner : &x->m.outer;
}

static void put(struct payload_set *set, uint8_t type, uint8_t count)
{
	set->counts[type - PAYLOAD_FIRST_TYPE] = count;
	set->present &= ~payload_bit(type);
	if (count)
		set->present |= payload_bit(type);
}

static void make(struct made *x, uint8_t exchange, bool response, bool encrypted)
{
	bool child = exchange != EXCHANGE_IKE_SA_INIT;

	*x = (struct made){
		.m = { .header = { .exchange = exchange,
				   .flags = response ? IKE_FLAG_RESPONSE : 0 },
		       .opened = encrypted },
		.proposals = { { .num = 1,
				 .protocol = child ? PROTOCOL_ESP : PROTOCOL_IKE,
				 .spi = slice_of("\x01\x02\x03\x04", child ? 4 : 0) } },
	};
	set_of(x)->sa = (struct pl_sa){ .n_proposals = 1, .proposals = x->proposals };
	if (encrypted)
		put(&x->m.outer, PL_SK, 1);
}

/* The least or the most that a form allows (the latter not beyond 3 of each). */
static void make_form(struct made *x, const struct grammar_form *f, bool most)
{
	make(x, f->exchange ? f->exchange : EXCHANGE_INFORMATIONAL, f->response, f->encrypted);
	for (const struct grammar_rule *r = f->rules; r->payload; r++)
		put(set_of(x), r->payload, !most ? r->min : r->max > 3 ? 3 : r->max);
}

static const struct grammar_rule *rule_of(const struct grammar_form *f, uint8_t type)
{
	for (const struct grammar_rule *r = f->rules; r->payload; r++) {
		if (r->payload == type)
			return r;
	}
	return NULL;
}

static void test_every_row_is_sound(void **state)
{
	const struct grammar_form *forms = grammar_table();

	(void)state;
	for (size_t i = 0; i < FORM_N; i++) {
		const struct grammar_form *f = &forms[i];
		assert_non_null(f->story);
		assert_true(f->rules[GRAMMAR_RULES_MAX - 1].payload == 0);
		for (const struct grammar_rule *r = f->rules; r->payload; r++) {
			assert_non_null(payload_find(r->payload));
			assert_true(r->min <= r->max && r->max > 0);
			assert_ptr_equal(rule_of(f, r->payload), r); /* no payload twice */
		}
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(f->story, forms[k].story);
	}
}

static void test_every_form_is_found_by_its_least_message(void **state)
{
	struct grammar_result found;
	struct made x;

	(void)state;
	for (size_t i = 0; i < FORM_N; i++) {
		make_form(&x, &grammar_table()[i], false);
		assert_int_equal(grammar_check(&x.m, &found), 0);
		assert_int_equal(found.form, i);
		assert_null(found.why);
	}
}

static void test_every_form_allows_its_most(void **state)
{
	struct grammar_result found;
	struct made x;

	(void)state;
	for (size_t i = 0; i < FORM_N; i++) {
		make_form(&x, &grammar_table()[i], true);
		assert_int_equal(grammar_check(&x.m, &found), 0);
	}
}

static void test_notifies_and_vendor_ids_are_allowed_everywhere(void **state)
{
	struct grammar_result found;
	struct made x;

	(void)state;
	for (size_t i = 0; i < FORM_N; i++) {
		make_form(&x, &grammar_table()[i], false);
		put(set_of(&x), PL_NOTIFY, NOTIFIES_MAX);
		put(set_of(&x), PL_VENDOR, VENDORS_MAX);
		assert_int_equal(grammar_check(&x.m, &found), 0);
		assert_int_equal(found.form, i);
	}
}

/* True if the message is refused; if not, it must have another form than this. */
static bool is_refused(const struct made *x, enum grammar_form_id form,
		       struct grammar_result *found)
{
	int rc = grammar_check(&x->m, found);

	assert_true(rc == 0 || rc == -EBADMSG);
	assert_true((rc == 0) == (found->why == NULL));
	assert_true(rc != 0 || found->form != form);
	return rc != 0;
}

static void test_no_form_is_found_without_a_required_payload(void **state)
{
	struct grammar_result found;
	struct made x;

	(void)state;
	for (enum grammar_form_id id = 0; id < FORM_N; id++) {
		const struct grammar_form *f = &grammar_table()[id];
		for (const struct grammar_rule *r = f->rules; r->payload; r++) {
			if (r->min == 0)
				continue;
			make_form(&x, f, false);
			put(set_of(&x), r->payload, 0);
			if (is_refused(&x, id, &found) && found.form == id) {
				assert_int_equal(found.payload, r->payload);
				assert_string_equal(found.why, "missing");
			}
		}
	}
}

static void test_every_single_payload_twice_is_refused(void **state)
{
	struct grammar_result found;
	struct made x;

	(void)state;
	for (enum grammar_form_id id = 0; id < FORM_N; id++) {
		const struct grammar_form *f = &grammar_table()[id];
		for (const struct grammar_rule *r = f->rules; r->payload; r++) {
			if (r->max == GRAMMAR_MANY)
				continue;
			make_form(&x, f, false);
			put(set_of(&x), r->payload, (uint8_t)(r->max + 1));
			assert_true(is_refused(&x, id, &found));
			assert_int_equal(found.payload, r->payload);
			assert_string_equal(found.why, "too often");
		}
	}
}

static void test_payloads_without_a_rule_are_refused(void **state)
{
	struct grammar_result found;
	struct made x;
	size_t n;
	const struct payload *rows = payload_table(&n);

	(void)state;
	for (enum grammar_form_id id = 0; id < FORM_N; id++) {
		const struct grammar_form *f = &grammar_table()[id];
		for (size_t k = 0; k < n; k++) {
			uint8_t type = rows[k].type;
			if (rule_of(f, type) || type == PL_NOTIFY || type == PL_VENDOR ||
			    type == PL_SK)
				continue;
			make_form(&x, f, true);
			put(set_of(&x), type, 1);
			if (is_refused(&x, id, &found) && found.form == id) {
				assert_int_equal(found.payload, type);
				assert_string_equal(found.why, "not expected here");
			}
		}
	}
}

/* What is missing or wrong is said about the form that was meant. */
static void test_faults_are_told_about_the_form_that_was_meant(void **state)
{
	static const struct {
		enum grammar_form_id form;
		uint8_t drop, add;
		uint8_t payload;
		const char *why;
	} cases[] = {
		{ FORM_INIT_REQUEST, PL_SA, 0, PL_SA, "missing" },
		{ FORM_INIT_REQUEST, PL_KE, 0, PL_KE, "missing" },
		{ FORM_INIT_REQUEST, PL_NONCE, 0, PL_NONCE, "missing" },
		{ FORM_INIT_REQUEST, 0, PL_CERTREQ, PL_CERTREQ, "not expected here" },
		{ FORM_INIT_REQUEST, 0, PL_TSI, PL_TSI, "not expected here" },
		{ FORM_INIT_RESPONSE, PL_KE, 0, PL_KE, "missing" },
		{ FORM_INIT_RESPONSE, PL_NONCE, 0, PL_NONCE, "missing" },
		{ FORM_AUTH_REQUEST, PL_IDI, 0, PL_IDI, "missing" },
		{ FORM_AUTH_REQUEST, PL_SA, 0, PL_SA, "missing" },
		{ FORM_AUTH_REQUEST, PL_TSI, 0, PL_TSI, "missing" },
		{ FORM_AUTH_REQUEST, PL_TSR, 0, PL_TSR, "missing" },
		{ FORM_AUTH_REQUEST, 0, PL_KE, PL_KE, "not expected here" },
		{ FORM_AUTH_REQUEST, 0, PL_DELETE, PL_DELETE, "not expected here" },
		{ FORM_AUTH_RESPONSE, PL_AUTH, 0, PL_AUTH, "missing" },
		{ FORM_AUTH_RESPONSE, PL_TSR, 0, PL_TSR, "missing" },
		{ FORM_AUTH_RESPONSE, 0, PL_IDI, PL_IDI, "not expected here" },
		{ FORM_CHILD_REQUEST, PL_NONCE, 0, PL_NONCE, "missing" },
		{ FORM_CHILD_REQUEST, PL_TSI, 0, PL_TSI, "missing" },
		{ FORM_CHILD_REQUEST, 0, PL_AUTH, PL_AUTH, "not expected here" },
		{ FORM_IKE_REKEY_REQUEST, PL_KE, 0, PL_KE, "missing" },
		{ FORM_IKE_REKEY_RESPONSE, PL_SA, 0, PL_SA, "missing" },
		{ FORM_INFORMATIONAL_REQUEST, 0, PL_SA, PL_SA, "not expected here" },
		{ FORM_UNPROTECTED_REQUEST, PL_NOTIFY, 0, PL_NOTIFY, "missing" },
		{ FORM_UNPROTECTED_REQUEST, 0, PL_DELETE, PL_DELETE, "not expected here" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct grammar_result found;
		struct made x;
		make_form(&x, &grammar_table()[cases[i].form], false);
		if (cases[i].drop)
			put(set_of(&x), cases[i].drop, 0);
		if (cases[i].add)
			put(set_of(&x), cases[i].add, 1);
		assert_int_equal(grammar_check(&x.m, &found), -EBADMSG);
		assert_int_equal(found.form, cases[i].form);
		assert_int_equal(found.payload, cases[i].payload);
		assert_string_equal(found.why, cases[i].why);
	}
}

static void test_exchanges_that_are_not_known_are_told_apart(void **state)
{
	static const uint8_t exchanges[] = { 0, 1, 2, 33, 38, 42, 44, 255 };

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(exchanges); i++) {
		struct grammar_result found;
		struct made x;
		make(&x, exchanges[i], i & 1, i & 2);
		assert_int_equal(grammar_check(&x.m, &found), -EOPNOTSUPP);
		assert_string_equal(found.why, "exchange type is not known");
		assert_int_equal(found.form, FORM_N);
	}
}

static void test_protection_must_fit_the_exchange(void **state)
{
	struct grammar_result found;
	struct made x;

	(void)state;
	make(&x, EXCHANGE_IKE_SA_INIT, false, true);
	assert_int_equal(grammar_check(&x.m, &found), -EBADMSG);
	assert_string_equal(found.why, "this exchange is not encrypted");
	make(&x, EXCHANGE_IKE_AUTH, false, false);
	put(&x.m.outer, PL_NOTIFY, 1);
	assert_int_equal(grammar_check(&x.m, &found), -EBADMSG);
	assert_string_equal(found.why, "no SK payload");
	make(&x, EXCHANGE_IKE_AUTH, false, true);
	x.m.opened = false;
	assert_int_equal(grammar_check(&x.m, &found), -EBADMSG);
	assert_string_equal(found.why, "not opened");
	/* RFC 7296 2.21.4: INVALID_IKE_SPI answers any exchange unprotected. */
	make(&x, EXCHANGE_CREATE_CHILD_SA, true, false);
	put(&x.m.outer, PL_NOTIFY, 1);
	assert_int_equal(grammar_check(&x.m, &found), 0);
	assert_int_equal(found.form, FORM_UNPROTECTED_RESPONSE);
}

static void test_nothing_stands_beside_sk(void **state)
{
	static const uint8_t types[] = { PL_SA, PL_NOTIFY, PL_DELETE, PL_VENDOR, PL_AUTH };
	struct grammar_result found;
	struct made x;

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(types); i++) {
		make_form(&x, &grammar_table()[FORM_INFORMATIONAL_REQUEST], false);
		put(&x.m.outer, types[i], 1);
		assert_int_equal(grammar_check(&x.m, &found), -EBADMSG);
		assert_int_equal(found.payload, types[i]);
		assert_string_equal(found.why, "in clear text beside SK");
	}
}

static void test_unknown_payloads_are_refused_only_if_critical(void **state)
{
	struct grammar_result found;
	struct made x;

	(void)state;
	for (int where = 0; where < 3; where++) {
		struct payload_set *set;
		make_form(&x, &grammar_table()[where ? FORM_AUTH_REQUEST : FORM_INIT_REQUEST],
			  false);
		set = where == 2 ? &x.m.inner : &x.m.outer;
		set->n_unknowns = 1;
		set->unknowns = &x.unknown;
		x.unknown = (struct pl_unknown){ .type = 200 };
		assert_int_equal(grammar_check(&x.m, &found), 0);
		x.unknown.critical = true;
		assert_int_equal(grammar_check(&x.m, &found), -EPROTONOSUPPORT);
		assert_int_equal(found.payload, 200);
	}
}

static void assert_sa_refused(const struct made *x, const char *why)
{
	struct grammar_result found;

	assert_int_equal(grammar_check(&x->m, &found), -EBADMSG);
	assert_int_equal(found.payload, PL_SA);
	assert_string_equal(found.why, why);
}

static void test_an_offer_begins_with_number_1(void **state)
{
	struct made x;

	(void)state;
	make_form(&x, &grammar_table()[FORM_INIT_REQUEST], false);
	x.proposals[0].num = 2;
	assert_sa_refused(&x, "first proposal is not number 1");
}

static void test_an_answer_is_one_proposal_of_any_number(void **state)
{
	struct grammar_result found;
	struct made x;

	(void)state;
	make_form(&x, &grammar_table()[FORM_INIT_RESPONSE], false);
	x.proposals[0].num = 9;
	assert_int_equal(grammar_check(&x.m, &found), 0);
	x.m.outer.sa.n_proposals = 2;
	assert_sa_refused(&x, "more than one proposal in an answer");
}

static void test_spi_of_an_ike_proposal_depends_on_the_exchange(void **state)
{
	static const char why[] = "SPI size of an IKE proposal does not fit the exchange";
	struct grammar_result found;
	struct made x;

	(void)state;
	make_form(&x, &grammar_table()[FORM_INIT_REQUEST], false);
	x.proposals[0].spi = slice_of("01234567", 8);
	assert_sa_refused(&x, why);
	make_form(&x, &grammar_table()[FORM_IKE_REKEY_REQUEST], false);
	x.proposals[0].protocol = PROTOCOL_IKE;
	x.proposals[0].spi = slice_of("01234567", 8);
	assert_int_equal(grammar_check(&x.m, &found), 0);
	x.proposals[0].spi.len = 0;
	assert_sa_refused(&x, why);
}

static void test_notifies_must_be_well_formed(void **state)
{
	struct grammar_result found;
	struct made x;

	(void)state;
	make_form(&x, &grammar_table()[FORM_CHILD_REQUEST], false);
	put(&x.m.inner, PL_NOTIFY, 2);
	x.m.inner.n_notifies = 2;
	x.m.inner.notifies = x.notifies;
	x.notifies[0] = (struct pl_notify){ .type = N_USE_TRANSPORT_MODE };
	x.notifies[1] = (struct pl_notify){ .type = N_REKEY_SA,
					    .protocol = PROTOCOL_ESP,
					    .spi = slice_of("\xc0\xff\xee\x01", 4) };
	assert_int_equal(grammar_check(&x.m, &found), 0);
	x.notifies[1].protocol = PROTOCOL_IKE;
	assert_int_equal(grammar_check(&x.m, &found), -EBADMSG);
	assert_int_equal(found.payload, PL_NOTIFY);
	assert_string_equal(found.why, "data or SPI do not fit the notify type");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("every row is sound", test_every_row_is_sound),
		UNIT("every form is found by its least message",
		     test_every_form_is_found_by_its_least_message),
		UNIT("every form allows its most", test_every_form_allows_its_most),
		UNIT("notifies and vendor IDs are allowed everywhere",
		     test_notifies_and_vendor_ids_are_allowed_everywhere),
		UNIT("no form is found without a required payload",
		     test_no_form_is_found_without_a_required_payload),
		UNIT("every single payload twice is refused",
		     test_every_single_payload_twice_is_refused),
		UNIT("payloads without a rule are refused",
		     test_payloads_without_a_rule_are_refused),
		UNIT("faults are told about the form that was meant",
		     test_faults_are_told_about_the_form_that_was_meant),
		UNIT("exchanges that are not known are told apart",
		     test_exchanges_that_are_not_known_are_told_apart),
		UNIT("protection must fit the exchange", test_protection_must_fit_the_exchange),
		UNIT("nothing stands beside SK", test_nothing_stands_beside_sk),
		UNIT("unknown payloads are refused only if critical",
		     test_unknown_payloads_are_refused_only_if_critical),
		UNIT("an offer begins with number 1", test_an_offer_begins_with_number_1),
		UNIT("an answer is one proposal of any number",
		     test_an_answer_is_one_proposal_of_any_number),
		UNIT("the SPI of an IKE proposal depends on the exchange",
		     test_spi_of_an_ike_proposal_depends_on_the_exchange),
		UNIT("notifies must be well formed", test_notifies_must_be_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
