/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which payloads an exchange's messages have, RFC 7296 1.2 to 1.4, 2.16 and appendix C,
 * as a table of forms.  A message must have one of the forms of its exchange and direction.
 */
#ifndef TANUKI_MSG_GRAMMAR_H
#define TANUKI_MSG_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "msg/payload.h"

enum { GRAMMAR_RULES_MAX = 12, GRAMMAR_MANY = 255 };

enum grammar_form_id {
	FORM_INIT_REQUEST,            /* SA, KE, Ni */
	FORM_INIT_RESPONSE,           /* SA, KE, Nr */
	FORM_INIT_ERROR,              /* only N: cookie, other group, redirect or refusal */
	FORM_AUTH_REQUEST,            /* IDi, SA, TSi, TSr; without AUTH it asks for EAP, 2.16 */
	FORM_AUTH_REQUEST_CHILDLESS,  /* IDi, no SA: RFC 6023 */
	FORM_AUTH_REQUEST_EAP,        /* EAP */
	FORM_AUTH_REQUEST_LAST,       /* AUTH after EAP */
	FORM_AUTH_RESPONSE,           /* IDr, AUTH, SA, TSi, TSr */
	FORM_AUTH_RESPONSE_CHILDLESS, /* IDr, AUTH: no Child SA, maybe with N(why) */
	FORM_AUTH_RESPONSE_EAP_FIRST, /* IDr, AUTH, EAP */
	FORM_AUTH_RESPONSE_EAP,       /* EAP */
	FORM_AUTH_RESPONSE_LAST,      /* AUTH, SA, TSi, TSr after EAP */
	FORM_AUTH_RESPONSE_LAST_CHILDLESS,
	FORM_AUTH_ERROR,    /* only N */
	FORM_CHILD_REQUEST, /* SA, Ni, TSi, TSr: new Child SA, or rekeyed with N(REKEY_SA) */
	FORM_CHILD_RESPONSE,
	FORM_IKE_REKEY_REQUEST, /* SA, Ni, KE, no TS */
	FORM_IKE_REKEY_RESPONSE,
	FORM_CHILD_ERROR, /* only N */
	FORM_INFORMATIONAL_REQUEST,
	FORM_INFORMATIONAL_RESPONSE,
	FORM_INTERMEDIATE_REQUEST,
	FORM_INTERMEDIATE_RESPONSE,
	FORM_UNPROTECTED_REQUEST,  /* INFORMATIONAL, only N, nothing authentic: 1.5 */
	FORM_UNPROTECTED_RESPONSE, /* any exchange, only N, nothing authentic: 1.5, 2.21.4 */
	FORM_N,
};

struct grammar_rule {
	uint8_t payload; /* 0 ends */
	uint8_t min, max;
};

/* A row of the table. */
struct grammar_form {
	const char *story; /* "IKE_AUTH request" */
	uint8_t exchange;  /* 0: any */
	bool response;
	bool encrypted; /* payloads are inside SK, and nothing but SK outside */
	struct grammar_rule rules[GRAMMAR_RULES_MAX]; /* other payloads must not be there */
};

/* FORM_N rows, indexed by enum grammar_form_id; for tests and documentation. */
const struct grammar_form *grammar_table(void);

/* What grammar_check() found. */
struct grammar_result {
	enum grammar_form_id form; /* its form, or the closest one, or FORM_N if none is near */
	uint8_t payload;           /* at fault, 0 if none */
	const char *why;           /* static text: "missing", "not expected here", ... */
};

/*
 * Looks for the form of a message, after sk_open() or skf_join() if it is encrypted.  Then checks
 * what depends on the exchange within SA (numbers, SPI sizes) and Notify payloads (sizes).
 * Unknown payloads that are not critical are ignored, 2.5.
 * 0; -EPROTONOSUPPORT: an unknown payload is critical, ret->payload is its type (answer
 * N(UNSUPPORTED_CRITICAL_PAYLOAD)); -EOPNOTSUPP: the exchange type is not known;
 * -EBADMSG: anything else (answer N(INVALID_SYNTAX) if the message is authentic).
 * *ret is filled in always.
 */
MUST_USE int grammar_check(const struct msg *m, struct grammar_result *ret);

#endif
