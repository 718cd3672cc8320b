/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of exchanges.  A message is compared with every form of its exchange,
 * direction and protection; the first form without a fault is what it is.  If there is
 * none, the form with the fewest faults tells what is wrong.
 */
#include "msg/grammar.h"

#include <errno.h>
#include <limits.h>

#include "msg/notify.h"

enum { IKE_SPI_BYTES = 8, ANY_EXCHANGE = 0 };

/* clang-format off */
static const struct grammar_form forms[FORM_N] = {
	[FORM_INIT_REQUEST] = { "IKE_SA_INIT request", EXCHANGE_IKE_SA_INIT, false, false, {
		{ PL_SA,      1, 1 },
		{ PL_KE,      1, 1 },
		{ PL_NONCE,   1, 1 },
	} },
	[FORM_INIT_RESPONSE] = { "IKE_SA_INIT response", EXCHANGE_IKE_SA_INIT, true, false, {
		{ PL_SA,      1, 1 },
		{ PL_KE,      1, 1 },
		{ PL_NONCE,   1, 1 },
		{ PL_CERTREQ, 0, GRAMMAR_MANY },
	} },
	[FORM_INIT_ERROR] = { "IKE_SA_INIT response with notifies only",
			      EXCHANGE_IKE_SA_INIT, true, false, {
		{ PL_NOTIFY,  1, GRAMMAR_MANY },
	} },
	[FORM_AUTH_REQUEST] = { "IKE_AUTH request", EXCHANGE_IKE_AUTH, false, true, {
		{ PL_IDI,     1, 1 },
		{ PL_IDR,     0, 1 },
		{ PL_CERT,    0, GRAMMAR_MANY },
		{ PL_CERTREQ, 0, GRAMMAR_MANY },
		{ PL_AUTH,    0, 1 },
		{ PL_CP,      0, 1 },
		{ PL_SA,      1, 1 },
		{ PL_TSI,     1, 1 },
		{ PL_TSR,     1, 1 },
	} },
	[FORM_AUTH_REQUEST_CHILDLESS] = { "IKE_AUTH request without Child SA",
					  EXCHANGE_IKE_AUTH, false, true, {
		{ PL_IDI,     1, 1 },
		{ PL_IDR,     0, 1 },
		{ PL_CERT,    0, GRAMMAR_MANY },
		{ PL_CERTREQ, 0, GRAMMAR_MANY },
		{ PL_AUTH,    0, 1 },
		{ PL_CP,      0, 1 },
	} },
	[FORM_AUTH_REQUEST_EAP] = { "IKE_AUTH request within EAP", EXCHANGE_IKE_AUTH, false, true, {
		{ PL_EAP,     1, 1 },
	} },
	[FORM_AUTH_REQUEST_LAST] = { "IKE_AUTH request after EAP", EXCHANGE_IKE_AUTH, false, true, {
		{ PL_AUTH,    1, 1 },
	} },
	[FORM_AUTH_RESPONSE] = { "IKE_AUTH response", EXCHANGE_IKE_AUTH, true, true, {
		{ PL_IDR,     1, 1 },
		{ PL_CERT,    0, GRAMMAR_MANY },
		{ PL_AUTH,    1, 1 },
		{ PL_CP,      0, 1 },
		{ PL_SA,      1, 1 },
		{ PL_TSI,     1, 1 },
		{ PL_TSR,     1, 1 },
	} },
	[FORM_AUTH_RESPONSE_CHILDLESS] = { "IKE_AUTH response without Child SA",
					   EXCHANGE_IKE_AUTH, true, true, {
		{ PL_IDR,     1, 1 },
		{ PL_CERT,    0, GRAMMAR_MANY },
		{ PL_AUTH,    1, 1 },
		{ PL_CP,      0, 1 },
	} },
	/* RFC 5998: without AUTH if the EAP method proves who the responder is. */
	[FORM_AUTH_RESPONSE_EAP_FIRST] = { "IKE_AUTH response that begins EAP",
					   EXCHANGE_IKE_AUTH, true, true, {
		{ PL_IDR,     1, 1 },
		{ PL_CERT,    0, GRAMMAR_MANY },
		{ PL_AUTH,    0, 1 },
		{ PL_EAP,     1, 1 },
	} },
	[FORM_AUTH_RESPONSE_EAP] = { "IKE_AUTH response within EAP", EXCHANGE_IKE_AUTH, true, true, {
		{ PL_EAP,     1, 1 },
	} },
	[FORM_AUTH_RESPONSE_LAST] = { "IKE_AUTH response after EAP", EXCHANGE_IKE_AUTH, true, true, {
		{ PL_AUTH,    1, 1 },
		{ PL_CP,      0, 1 },
		{ PL_SA,      1, 1 },
		{ PL_TSI,     1, 1 },
		{ PL_TSR,     1, 1 },
	} },
	[FORM_AUTH_RESPONSE_LAST_CHILDLESS] = { "IKE_AUTH response after EAP without Child SA",
						EXCHANGE_IKE_AUTH, true, true, {
		{ PL_AUTH,    1, 1 },
		{ PL_CP,      0, 1 },
	} },
	[FORM_AUTH_ERROR] = { "IKE_AUTH response with notifies only", EXCHANGE_IKE_AUTH, true, true, {
		{ PL_NOTIFY,  1, GRAMMAR_MANY },
	} },
	[FORM_CHILD_REQUEST] = { "CREATE_CHILD_SA request for a Child SA",
				 EXCHANGE_CREATE_CHILD_SA, false, true, {
		{ PL_CP,      0, 1 },
		{ PL_SA,      1, 1 },
		{ PL_NONCE,   1, 1 },
		{ PL_KE,      0, 1 },
		{ PL_TSI,     1, 1 },
		{ PL_TSR,     1, 1 },
	} },
	[FORM_CHILD_RESPONSE] = { "CREATE_CHILD_SA response for a Child SA",
				  EXCHANGE_CREATE_CHILD_SA, true, true, {
		{ PL_CP,      0, 1 },
		{ PL_SA,      1, 1 },
		{ PL_NONCE,   1, 1 },
		{ PL_KE,      0, 1 },
		{ PL_TSI,     1, 1 },
		{ PL_TSR,     1, 1 },
	} },
	[FORM_IKE_REKEY_REQUEST] = { "CREATE_CHILD_SA request for the IKE SA",
				     EXCHANGE_CREATE_CHILD_SA, false, true, {
		{ PL_SA,      1, 1 },
		{ PL_NONCE,   1, 1 },
		{ PL_KE,      1, 1 },
	} },
	[FORM_IKE_REKEY_RESPONSE] = { "CREATE_CHILD_SA response for the IKE SA",
				      EXCHANGE_CREATE_CHILD_SA, true, true, {
		{ PL_SA,      1, 1 },
		{ PL_NONCE,   1, 1 },
		{ PL_KE,      1, 1 },
	} },
	[FORM_CHILD_ERROR] = { "CREATE_CHILD_SA response with notifies only",
			       EXCHANGE_CREATE_CHILD_SA, true, true, {
		{ PL_NOTIFY,  1, GRAMMAR_MANY },
	} },
	[FORM_INFORMATIONAL_REQUEST] = { "INFORMATIONAL request",
					 EXCHANGE_INFORMATIONAL, false, true, {
		{ PL_DELETE,  0, GRAMMAR_MANY },
		{ PL_CP,      0, 1 },
	} },
	[FORM_INFORMATIONAL_RESPONSE] = { "INFORMATIONAL response",
					  EXCHANGE_INFORMATIONAL, true, true, {
		{ PL_DELETE,  0, GRAMMAR_MANY },
		{ PL_CP,      0, 1 },
	} },
	[FORM_INTERMEDIATE_REQUEST] = { "IKE_INTERMEDIATE request",
					EXCHANGE_IKE_INTERMEDIATE, false, true, {
		{ PL_KE,      0, 1 },
	} },
	[FORM_INTERMEDIATE_RESPONSE] = { "IKE_INTERMEDIATE response",
					 EXCHANGE_IKE_INTERMEDIATE, true, true, {
		{ PL_KE,      0, 1 },
	} },
	[FORM_UNPROTECTED_REQUEST] = { "unprotected INFORMATIONAL request",
				       EXCHANGE_INFORMATIONAL, false, false, {
		{ PL_NOTIFY,  1, GRAMMAR_MANY },
	} },
	[FORM_UNPROTECTED_RESPONSE] = { "unprotected response", ANY_EXCHANGE, true, false, {
		{ PL_NOTIFY,  1, GRAMMAR_MANY },
	} },
};

/* Allowed in every message, unless the form says otherwise: 3.10.1, appendix C. */
static const struct grammar_rule anywhere[] = {
	{ PL_NOTIFY, 0, GRAMMAR_MANY },
	{ PL_VENDOR, 0, GRAMMAR_MANY },
};
/* clang-format on */

const struct grammar_form *grammar_table(void)
{
	return forms;
}

static const struct grammar_rule *find_rule(const struct grammar_form *f, uint8_t type)
{
	for (size_t i = 0; i < GRAMMAR_RULES_MAX && f->rules[i].payload; i++) {
		if (f->rules[i].payload == type)
			return &f->rules[i];
	}
	for (size_t i = 0; i < N_ELEMENTS(anywhere); i++) {
		if (anywhere[i].payload == type)
			return &anywhere[i];
	}
	return NULL;
}

static const char *payload_fault(const struct grammar_form *f, const struct payload_set *set,
				 uint8_t type)
{
	const struct grammar_rule *rule = find_rule(f, type);
	unsigned int count = payload_count(set, type);

	if (!rule)
		return count ? "not expected here" : NULL;
	if (count < rule->min)
		return "missing";
	return count > rule->max ? "too often" : NULL;
}

/* How far the payloads are from a form; *ret is about the first fault. */
static int count_faults(enum grammar_form_id id, const struct payload_set *set,
			struct grammar_result *ret)
{
	size_t n_payloads;
	const struct payload *payloads = payload_table(&n_payloads);
	int faults = 0;

	*ret = (struct grammar_result){ .form = id };
	for (size_t i = 0; i < n_payloads; i++) {
		const char *why = payload_fault(&forms[id], set, payloads[i].type);
		if (why && faults++ == 0) {
			ret->payload = payloads[i].type;
			ret->why = why;
		}
	}
	return faults;
}

static bool is_candidate(const struct grammar_form *f, const struct msg *m)
{
	return (f->exchange == m->header.exchange || f->exchange == ANY_EXCHANGE) &&
	       f->response == header_is_response(&m->header) && f->encrypted == m->opened;
}

static int find_form(const struct msg *m, const struct payload_set *set, struct grammar_result *ret)
{
	int fewest = INT_MAX;

	*ret = (struct grammar_result){
		.form = FORM_N,
		.why = m->opened ? "this exchange is not encrypted" : "no SK payload",
	};
	for (enum grammar_form_id id = 0; id < FORM_N; id++) {
		struct grammar_result found;
		int faults;
		if (!is_candidate(&forms[id], m))
			continue;
		faults = count_faults(id, set, &found);
		if (faults < fewest) {
			fewest = faults;
			*ret = found;
		}
	}
	return fewest == 0 ? 0 : -EBADMSG;
}

static int fault(struct grammar_result *ret, uint8_t payload, const char *why, int error)
{
	ret->payload = payload;
	ret->why = why;
	return error;
}

static int check_critical(const struct payload_set *set, struct grammar_result *ret)
{
	for (size_t i = 0; i < set->n_unknowns; i++) {
		if (set->unknowns[i].critical)
			return fault(ret, set->unknowns[i].type, "unknown and critical",
				     -EPROTONOSUPPORT);
	}
	return 0;
}

/* What stands beside SK (or SKF) is authentic, but nothing has a reason to be there. */
static int check_outside(const struct msg *m, struct grammar_result *ret)
{
	size_t n_payloads;
	const struct payload *payloads = payload_table(&n_payloads);

	for (size_t i = 0; i < n_payloads; i++) {
		uint8_t type = payloads[i].type;
		if (type != PL_SK && type != PL_SKF && payload_has(&m->outer, type))
			return fault(ret, type, "in clear text beside SK", -EBADMSG);
	}
	return 0;
}

/*
 * RFC 7296 3.3.1: the SPI of an IKE SA stands in the header at first and in the proposal
 * later; an offer is numbered from 1, an answer is one proposal.
 */
static const char *sa_fault(const struct msg *m, const struct pl_sa *sa)
{
	size_t ike_spi = m->header.exchange == EXCHANGE_CREATE_CHILD_SA ? IKE_SPI_BYTES : 0;

	if (header_is_response(&m->header) && sa->n_proposals != 1)
		return "more than one proposal in an answer";
	if (!header_is_response(&m->header) && sa->proposals[0].num != 1)
		return "first proposal is not number 1";
	for (size_t i = 0; i < sa->n_proposals; i++) {
		if (sa->proposals[i].protocol == PROTOCOL_IKE &&
		    sa->proposals[i].spi.len != ike_spi)
			return "SPI size of an IKE proposal does not fit the exchange";
	}
	return NULL;
}

static int check_contents(const struct msg *m, const struct payload_set *set,
			  struct grammar_result *ret)
{
	if (payload_has(set, PL_SA)) {
		const char *why = sa_fault(m, &set->sa);
		if (why)
			return fault(ret, PL_SA, why, -EBADMSG);
	}
	for (size_t i = 0; i < set->n_notifies; i++) {
		if (!notify_well_formed(&set->notifies[i]))
			return fault(ret, PL_NOTIFY, "data or SPI do not fit the notify type",
				     -EBADMSG);
	}
	return 0;
}

static bool exchange_known(uint8_t exchange)
{
	for (size_t i = 0; i < FORM_N; i++) {
		if (forms[i].exchange == exchange)
			return exchange != ANY_EXCHANGE;
	}
	return false;
}

int grammar_check(const struct msg *m, struct grammar_result *ret)
{
	const struct payload_set *set = m->opened ? &m->inner : &m->outer;
	int rc;

	*ret = (struct grammar_result){ .form = FORM_N };
	if (!exchange_known(m->header.exchange))
		return fault(ret, 0, "exchange type is not known", -EOPNOTSUPP);
	if (payload_has(&m->outer, PL_SK) && !m->opened)
		return fault(ret, PL_SK, "not opened", -EBADMSG);
	if (payload_has(&m->outer, PL_SKF) && !m->opened)
		return fault(ret, PL_SKF, "one fragment is no message", -EBADMSG);
	rc = check_critical(&m->outer, ret);
	if (rc == 0)
		rc = check_critical(&m->inner, ret);
	if (rc)
		return rc;
	rc = find_form(m, set, ret);
	if (rc == 0 && m->opened)
		rc = check_outside(m, ret);
	if (rc == 0)
		rc = check_contents(m, set, ret);
	return rc;
}
