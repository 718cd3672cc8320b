/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transition table of IKEv2.
 *
 *	initiator                                   responder
 *	NEW -start-> INIT_SENT  --- SAi1, KEi, Ni -->       NEW
 *	INIT_SENT   <-- SAr1, KEr, Nr ---                   HALF_OPEN
 *	AUTH_SENT   --- SK {IDi, AUTH, SAi2, TSi, TSr} -->
 *	ESTABLISHED <-- SK {IDr, AUTH, SAr2, TSi, TSr} ---  ESTABLISHED
 *	             either side:
 *	DELETING    --- SK {SA, Ni, KEi} -->                REPLACED
 *	            <-- SK {SA, Nr, KEr} ---                and the heirs: NEW -> ESTABLISHED
 *	DELETING    --- SK {D} -->                          GONE
 *	GONE        <-- SK {} ---
 */
#include "ike/rules.h"

/* clang-format off */
static const struct rule table[] = {
	/* IKE_SA_INIT */
	{ "we ask for an IKE SA",
	  IKE_NEW, ON_START, FORM_NONE, 0, 0, on_init_start, IKE_INIT_SENT, IKE_GONE },
	{ "the peer asks for an IKE SA",
	  IKE_NEW, ON_REQUEST, FORM_INIT_REQUEST, 0, 0, on_init_request, IKE_HALF_OPEN, IKE_GONE },
	{ "the peer asks for an IKE SA with a malformed message",
	  IKE_NEW, ON_REQUEST, FORM_BAD, 0, 0, on_init_bad_request, IKE_GONE, IKE_GONE },
	{ "the peer wants our cookie first",
	  IKE_INIT_SENT, ON_RESPONSE, FORM_INIT_ERROR, 0, N_COOKIE, on_init_cookie, IKE_INIT_SENT, IKE_GONE },
	{ "the peer wants another key exchange group",
	  IKE_INIT_SENT, ON_RESPONSE, FORM_INIT_ERROR, 0, N_INVALID_KE_PAYLOAD, on_init_invalid_ke, IKE_INIT_SENT, IKE_GONE },
	{ "somebody refuses IKE_SA_INIT, which proves nothing",
	  IKE_INIT_SENT, ON_RESPONSE, FORM_INIT_ERROR, 0, 0, on_init_refused, IKE_INIT_SENT, IKE_GONE },
	{ "the peer answers IKE_SA_INIT",
	  IKE_INIT_SENT, ON_RESPONSE, FORM_INIT_RESPONSE, 0, 0, on_init_response, IKE_AUTH_SENT, IKE_GONE },
	{ "no answer to IKE_SA_INIT",
	  IKE_INIT_SENT, ON_SILENT, FORM_NONE, 0, 0, on_init_silent, IKE_GONE, IKE_GONE },
	{ "IKE_SA_INIT is given up",
	  IKE_INIT_SENT, ON_TERMINATE, FORM_NONE, 0, 0, on_forget, IKE_GONE, IKE_GONE },

	/* IKE_AUTH */
	{ "the peer proves who it is",
	  IKE_HALF_OPEN, ON_REQUEST, FORM_AUTH_REQUEST, PL_AUTH, 0, on_auth_request, IKE_ESTABLISHED, IKE_GONE },
	{ "the peer asks for EAP",
	  IKE_HALF_OPEN, ON_REQUEST, FORM_AUTH_REQUEST, 0, 0, on_auth_unsupported, IKE_GONE, IKE_GONE },
	{ "the peer asks for an IKE SA without a child",
	  IKE_HALF_OPEN, ON_REQUEST, FORM_AUTH_REQUEST_CHILDLESS, 0, 0, on_auth_unsupported, IKE_GONE, IKE_GONE },
	{ "the peer speaks EAP before it was asked",
	  IKE_HALF_OPEN, ON_REQUEST, FORM_AUTH_REQUEST_EAP, 0, 0, on_auth_unsupported, IKE_GONE, IKE_GONE },
	{ "the peer ends an EAP that never began",
	  IKE_HALF_OPEN, ON_REQUEST, FORM_AUTH_REQUEST_LAST, 0, 0, on_auth_unsupported, IKE_GONE, IKE_GONE },
	{ "the peer's IKE_AUTH is malformed",
	  IKE_HALF_OPEN, ON_REQUEST, FORM_BAD, 0, 0, on_bad_request, IKE_GONE, IKE_GONE },
	{ "the peer does not go on with IKE_AUTH",
	  IKE_HALF_OPEN, ON_EXPIRE, FORM_NONE, 0, 0, on_forget, IKE_GONE, IKE_GONE },
	{ "a half-open IKE SA is given up",
	  IKE_HALF_OPEN, ON_TERMINATE, FORM_NONE, 0, 0, on_forget, IKE_GONE, IKE_GONE },
	{ "the peer answers with its proof and a child",
	  IKE_AUTH_SENT, ON_RESPONSE, FORM_AUTH_RESPONSE, 0, 0, on_auth_response, IKE_ESTABLISHED, IKE_DELETING },
	{ "the peer answers with its proof, but without a child",
	  IKE_AUTH_SENT, ON_RESPONSE, FORM_AUTH_RESPONSE_CHILDLESS, 0, 0, on_auth_response, IKE_ESTABLISHED, IKE_DELETING },
	{ "the peer refuses IKE_AUTH",
	  IKE_AUTH_SENT, ON_RESPONSE, FORM_AUTH_ERROR, 0, 0, on_auth_refused, IKE_GONE, IKE_GONE },
	{ "the peer wants EAP",
	  IKE_AUTH_SENT, ON_RESPONSE, FORM_AUTH_RESPONSE_EAP_FIRST, 0, 0, on_auth_bad_response, IKE_DELETING, IKE_DELETING },
	{ "the peer speaks EAP unasked",
	  IKE_AUTH_SENT, ON_RESPONSE, FORM_AUTH_RESPONSE_EAP, 0, 0, on_auth_bad_response, IKE_DELETING, IKE_DELETING },
	{ "the peer's IKE_AUTH response is malformed",
	  IKE_AUTH_SENT, ON_RESPONSE, FORM_BAD, 0, 0, on_auth_bad_response, IKE_DELETING, IKE_DELETING },
	{ "somebody says in clear that IKE_AUTH fails, which proves nothing",
	  IKE_AUTH_SENT, ON_RESPONSE, FORM_UNPROTECTED_RESPONSE, 0, 0, on_hint, IKE_AUTH_SENT, IKE_AUTH_SENT },
	{ "no answer to IKE_AUTH",
	  IKE_AUTH_SENT, ON_SILENT, FORM_NONE, 0, 0, on_init_silent, IKE_GONE, IKE_GONE },
	{ "the IKE SA is to be deleted as soon as it is up",
	  IKE_AUTH_SENT, ON_TERMINATE, FORM_NONE, 0, 0, on_terminate_later, IKE_AUTH_SENT, IKE_AUTH_SENT },

	/* INFORMATIONAL and the rest of a life */
	{ "the peer deletes",
	  IKE_ESTABLISHED, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, PL_DELETE, 0, on_delete_request, IKE_ESTABLISHED, IKE_GONE },
	{ "the peer could not authenticate us",
	  IKE_ESTABLISHED, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, 0, N_AUTHENTICATION_FAILED, on_fatal_notify, IKE_GONE, IKE_GONE },
	{ "the peer did not understand us",
	  IKE_ESTABLISHED, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, 0, N_INVALID_SYNTAX, on_fatal_notify, IKE_GONE, IKE_GONE },
	{ "the peer wants us to authenticate again",
	  IKE_ESTABLISHED, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, 0, N_AUTH_LIFETIME, on_auth_lifetime, IKE_ESTABLISHED, IKE_ESTABLISHED },
	{ "the peer is elsewhere now",
	  IKE_ESTABLISHED, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, 0, N_UPDATE_SA_ADDRESSES, on_update_request, IKE_ESTABLISHED, IKE_ESTABLISHED },
	{ "the peer asks whether we are alive",
	  IKE_ESTABLISHED, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, 0, 0, on_liveness_request, IKE_ESTABLISHED, IKE_ESTABLISHED },
	{ "the peer rekeys a child",
	  IKE_ESTABLISHED, ON_REQUEST, FORM_CHILD_REQUEST, 0, N_REKEY_SA, on_child_rekey_request, IKE_ESTABLISHED, IKE_ESTABLISHED },
	{ "the peer wants another child",
	  IKE_ESTABLISHED, ON_REQUEST, FORM_CHILD_REQUEST, 0, 0, on_child_request, IKE_ESTABLISHED, IKE_ESTABLISHED },
	{ "the peer wants to rekey the IKE SA",
	  IKE_ESTABLISHED, ON_REQUEST, FORM_IKE_REKEY_REQUEST, 0, 0, on_ike_rekey_request, IKE_REPLACED, IKE_ESTABLISHED },
	{ "we ask for a child, or for new keys",
	  IKE_ESTABLISHED, ON_CREATE, FORM_NONE, 0, 0, on_create_start, IKE_ESTABLISHED, IKE_ESTABLISHED },
	{ "the peer agrees to a child",
	  IKE_ESTABLISHED, ON_RESPONSE, FORM_CHILD_RESPONSE, 0, 0, on_child_response, IKE_ESTABLISHED, IKE_DELETING },
	{ "the peer agrees to another IKE SA",
	  IKE_ESTABLISHED, ON_RESPONSE, FORM_IKE_REKEY_RESPONSE, 0, 0, on_ike_rekey_response, IKE_DELETING, IKE_REPLACED },
	{ "the peer wants another key exchange group for what we create",
	  IKE_ESTABLISHED, ON_RESPONSE, FORM_CHILD_ERROR, 0, N_INVALID_KE_PAYLOAD, on_create_other_group, IKE_ESTABLISHED, IKE_DELETING },
	{ "the peer cannot do it now",
	  IKE_ESTABLISHED, ON_RESPONSE, FORM_CHILD_ERROR, 0, N_TEMPORARY_FAILURE, on_create_later, IKE_ESTABLISHED, IKE_DELETING },
	{ "the peer does not have the child that we rekey",
	  IKE_ESTABLISHED, ON_RESPONSE, FORM_CHILD_ERROR, 0, N_CHILD_SA_NOT_FOUND, on_rekey_not_found, IKE_ESTABLISHED, IKE_DELETING },
	{ "the peer wants a child for each pair of addresses",
	  IKE_ESTABLISHED, ON_RESPONSE, FORM_CHILD_ERROR, 0, N_SINGLE_PAIR_REQUIRED, on_create_single_pair, IKE_ESTABLISHED, IKE_DELETING },
	{ "the peer refuses what we create",
	  IKE_ESTABLISHED, ON_RESPONSE, FORM_CHILD_ERROR, 0, 0, on_create_refused, IKE_ESTABLISHED, IKE_DELETING },
	{ "the peer's request is malformed",
	  IKE_ESTABLISHED, ON_REQUEST, FORM_BAD, 0, 0, on_bad_request, IKE_ESTABLISHED, IKE_GONE },
	{ "the peer answers",
	  IKE_ESTABLISHED, ON_RESPONSE, FORM_INFORMATIONAL_RESPONSE, 0, 0, on_informational_response, IKE_ESTABLISHED, IKE_DELETING },
	{ "the peer's answer is malformed",
	  IKE_ESTABLISHED, ON_RESPONSE, FORM_BAD, 0, 0, on_bad_response, IKE_DELETING, IKE_DELETING },
	{ "somebody says in clear that it does not know the IKE SA",
	  IKE_ESTABLISHED, ON_RESPONSE, FORM_UNPROTECTED_RESPONSE, 0, 0, on_hint, IKE_ESTABLISHED, IKE_ESTABLISHED },
	{ "the peer is dead",
	  IKE_ESTABLISHED, ON_SILENT, FORM_NONE, 0, 0, on_peer_silent, IKE_GONE, IKE_GONE },
	{ "the lifetime is over",
	  IKE_ESTABLISHED, ON_EXPIRE, FORM_NONE, 0, 0, on_expire, IKE_DELETING, IKE_GONE },
	{ "we delete the IKE SA",
	  IKE_ESTABLISHED, ON_TERMINATE, FORM_NONE, 0, 0, on_terminate, IKE_DELETING, IKE_GONE },

	{ "the peer has forgotten the IKE SA",
	  IKE_ESTABLISHED, ON_REPLACED, FORM_NONE, 0, 0, on_forget, IKE_GONE, IKE_GONE },

	/* it is rekeyed, and has an heir */
	{ "the peer deletes what it replaced",
	  IKE_REPLACED, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, PL_DELETE, 0, on_delete_request, IKE_REPLACED, IKE_GONE },
	{ "the peer is elsewhere now, says what it replaced",
	  IKE_REPLACED, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, 0, N_UPDATE_SA_ADDRESSES, on_update_request, IKE_REPLACED, IKE_REPLACED },
	{ "the peer speaks over what it replaced",
	  IKE_REPLACED, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, 0, 0, on_liveness_request, IKE_REPLACED, IKE_REPLACED },
	{ "the peer wants another child of what it replaced",
	  IKE_REPLACED, ON_REQUEST, FORM_CHILD_REQUEST, 0, 0, on_child_request_deleting, IKE_REPLACED, IKE_REPLACED },
	{ "the peer rekeys again what it replaced",
	  IKE_REPLACED, ON_REQUEST, FORM_IKE_REKEY_REQUEST, 0, 0, on_child_request_deleting, IKE_REPLACED, IKE_REPLACED },
	{ "the peer's request is malformed, over what it replaced",
	  IKE_REPLACED, ON_REQUEST, FORM_BAD, 0, 0, on_bad_request, IKE_REPLACED, IKE_GONE },
	{ "both sides rekey the IKE SA at once",
	  IKE_REPLACED, ON_RESPONSE, FORM_IKE_REKEY_RESPONSE, 0, 0, on_ike_rekey_response, IKE_DELETING, IKE_REPLACED },
	{ "the peer was first with a new IKE SA",
	  IKE_REPLACED, ON_RESPONSE, FORM_CHILD_ERROR, 0, 0, on_ike_rekey_overtaken, IKE_REPLACED, IKE_DELETING },
	{ "the peer answers over what it replaced",
	  IKE_REPLACED, ON_RESPONSE, FORM_INFORMATIONAL_RESPONSE, 0, 0, on_informational_response, IKE_REPLACED, IKE_DELETING },
	{ "the peer's answer is malformed, over what it replaced",
	  IKE_REPLACED, ON_RESPONSE, FORM_BAD, 0, 0, on_bad_response, IKE_DELETING, IKE_DELETING },
	{ "somebody says in clear that it does not know what was replaced",
	  IKE_REPLACED, ON_RESPONSE, FORM_UNPROTECTED_RESPONSE, 0, 0, on_hint, IKE_REPLACED, IKE_REPLACED },
	{ "no answer over what was replaced",
	  IKE_REPLACED, ON_SILENT, FORM_NONE, 0, 0, on_forget, IKE_GONE, IKE_GONE },
	{ "the peer does not delete what it replaced",
	  IKE_REPLACED, ON_EXPIRE, FORM_NONE, 0, 0, on_terminate, IKE_DELETING, IKE_GONE },
	{ "we delete what was replaced",
	  IKE_REPLACED, ON_TERMINATE, FORM_NONE, 0, 0, on_terminate, IKE_DELETING, IKE_GONE },
	{ "the peer has forgotten what was replaced",
	  IKE_REPLACED, ON_REPLACED, FORM_NONE, 0, 0, on_forget, IKE_GONE, IKE_GONE },

	/* the end */
	{ "both sides delete at once",
	  IKE_DELETING, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, PL_DELETE, 0, on_delete_crossing, IKE_DELETING, IKE_GONE },
	{ "the peer is elsewhere now, while we delete",
	  IKE_DELETING, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, 0, N_UPDATE_SA_ADDRESSES, on_update_request, IKE_DELETING, IKE_DELETING },
	{ "the peer asks whether we are alive while we delete",
	  IKE_DELETING, ON_REQUEST, FORM_INFORMATIONAL_REQUEST, 0, 0, on_liveness_request, IKE_DELETING, IKE_DELETING },
	{ "the peer wants another child while we delete",
	  IKE_DELETING, ON_REQUEST, FORM_CHILD_REQUEST, 0, 0, on_child_request_deleting, IKE_DELETING, IKE_DELETING },
	{ "the peer wants to rekey while we delete",
	  IKE_DELETING, ON_REQUEST, FORM_IKE_REKEY_REQUEST, 0, 0, on_child_request_deleting, IKE_DELETING, IKE_DELETING },
	{ "the peer's request is malformed while we delete",
	  IKE_DELETING, ON_REQUEST, FORM_BAD, 0, 0, on_bad_request, IKE_DELETING, IKE_GONE },
	{ "the peer has deleted it too",
	  IKE_DELETING, ON_RESPONSE, FORM_INFORMATIONAL_RESPONSE, 0, 0, on_delete_response, IKE_GONE, IKE_GONE },
	{ "the peer's answer to our delete is malformed",
	  IKE_DELETING, ON_RESPONSE, FORM_BAD, 0, 0, on_delete_response, IKE_GONE, IKE_GONE },
	{ "the peer has forgotten the IKE SA that we delete",
	  IKE_DELETING, ON_REPLACED, FORM_NONE, 0, 0, on_forget, IKE_GONE, IKE_GONE },
	{ "no answer to our delete",
	  IKE_DELETING, ON_SILENT, FORM_NONE, 0, 0, on_forget, IKE_GONE, IKE_GONE },
};
/* clang-format on */

const struct rule *rules_table(size_t *ret_n)
{
	*ret_n = N_ELEMENTS(table);
	return table;
}

static bool matches(const struct rule *r, const struct payload_set *pl)
{
	if (r->need && !(pl && payload_has(pl, r->need)))
		return false;
	return !r->notify || (pl && payload_notify(pl, r->notify));
}

const struct rule *rules_find(enum ike_state from, enum trigger on, int form,
			      const struct payload_set *pl)
{
	for (size_t i = 0; i < N_ELEMENTS(table); i++) {
		const struct rule *r = &table[i];
		if (r->from == from && r->on == on && r->form == form && matches(r, pl))
			return r;
	}
	return NULL;
}

const char *rules_trigger_name(enum trigger on)
{
	static const char *const names[] = {
		[ON_REQUEST] = "request", [ON_RESPONSE] = "response", [ON_START] = "start",
		[ON_SILENT] = "silent",   [ON_EXPIRE] = "expire",     [ON_TERMINATE] = "terminate",
		[ON_CREATE] = "create",   [ON_REPLACED] = "replaced",
	};
	return names[on];
}
