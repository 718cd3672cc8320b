/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transition table of IKEv2 (RFC 7296 1.2 to 1.5): the first row that matches decides.
 * Dispatch, logs, tests and the drawing in the documentation read the same rows.
 */
#ifndef TANUKI_IKE_RULES_H
#define TANUKI_IKE_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "ike/exchange.h"
#include "ike/ike_sa.h"
#include "msg/grammar.h"

/* For rule.form: beside enum grammar_form_id */
enum {
	FORM_NONE = -1, /* local triggers */
	FORM_BAD = -2,  /* authentic, but malformed or with an unknown critical payload */
};

struct rule {
	const char *story;
	enum ike_state from;
	enum trigger on;
	int form;        /* enum grammar_form_id or above */
	uint8_t need;    /* payload type that must be there, 0 = any */
	uint16_t notify; /* notify type that must be there, 0 = any */
	enum verdict (*handler)(struct exchange *x);
	enum ike_state on_ok, on_fail;
};

const struct rule *rules_table(size_t *ret_n);
/* The first row that matches, NULL if none does.  pl: NULL for local triggers. */
const struct rule *rules_find(enum ike_state from, enum trigger on, int form,
			      const struct payload_set *pl);
/* For documentation and logs: "request", "response", "start", ... */
const char *rules_trigger_name(enum trigger on);

/* ---- handlers, by file ---- */

/* init.c */
enum verdict on_init_start(struct exchange *x);
enum verdict on_init_request(struct exchange *x);
enum verdict on_init_response(struct exchange *x);
enum verdict on_init_cookie(struct exchange *x);
enum verdict on_init_invalid_ke(struct exchange *x);
enum verdict on_init_refused(struct exchange *x);
enum verdict on_init_bad_request(struct exchange *x);
enum verdict on_init_silent(struct exchange *x);

/* auth.c */
enum verdict on_auth_request(struct exchange *x);
enum verdict on_auth_unsupported(struct exchange *x);
enum verdict on_auth_response(struct exchange *x);
enum verdict on_auth_refused(struct exchange *x);
enum verdict on_auth_bad_response(struct exchange *x);

/* create_child.c */
enum verdict on_create_start(struct exchange *x);
enum verdict on_child_request(struct exchange *x);
enum verdict on_child_rekey_request(struct exchange *x);
enum verdict on_child_response(struct exchange *x);
enum verdict on_create_other_group(struct exchange *x);
enum verdict on_create_later(struct exchange *x);
enum verdict on_rekey_not_found(struct exchange *x);
enum verdict on_create_single_pair(struct exchange *x);
enum verdict on_create_refused(struct exchange *x);
enum verdict on_child_request_deleting(struct exchange *x);

/* rekey_ike.c */
enum verdict on_ike_rekey_request(struct exchange *x);
enum verdict on_ike_rekey_response(struct exchange *x);
enum verdict on_ike_rekey_overtaken(struct exchange *x);

/* mobike.c */
enum verdict on_update_request(struct exchange *x);

/* informational.c */
enum verdict on_delete_request(struct exchange *x);
enum verdict on_delete_crossing(struct exchange *x);
enum verdict on_fatal_notify(struct exchange *x);
enum verdict on_auth_lifetime(struct exchange *x);
enum verdict on_liveness_request(struct exchange *x);
enum verdict on_informational_response(struct exchange *x);
enum verdict on_delete_response(struct exchange *x);
enum verdict on_hint(struct exchange *x);
enum verdict on_bad_request(struct exchange *x);
enum verdict on_bad_response(struct exchange *x);
enum verdict on_peer_silent(struct exchange *x);
enum verdict on_forget(struct exchange *x);
enum verdict on_expire(struct exchange *x);
enum verdict on_terminate(struct exchange *x);
enum verdict on_terminate_later(struct exchange *x);

#endif
