/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration part of IKE_AUTH: inner addresses, RFC 7296 2.19, 3.15, RFC 8598.
 *
 *	SK {IDi, AUTH, CP(CFG_REQUEST), SAi2, TSi = everything, TSr} -->
 *	                  <-- SK {IDr, AUTH, CP(CFG_REPLY), SAr2, TSi = the address, TSr}
 *	                  <-- SK {IDr, AUTH, N(INTERNAL_ADDRESS_FAILURE)}
 *	                  <-- SK {IDr, AUTH, N(FAILED_CP_REQUIRED)}
 *
 * The IKE SA comes up in any case.  An address belongs to the IKE SA, and to its heir when
 * that is rekeyed; the monitor, which leases addresses and sets ours up, knows the IKE SA by
 * the number of a holder.
 */
#ifndef TANUKI_IKE_CONFIG_PAYLOAD_H
#define TANUKI_IKE_CONFIG_PAYLOAD_H

#include "ike/exchange.h"

/* ---- client ---- */

/* The request, if we are a client. */
void config_add_request(struct exchange *x, struct msg_writer *mw);
/*
 * Selectors of a child of ours whose local side is an inner address: that, or all there is (which the
 * gateway narrows), and all that the gateway has, if the entry does not say what.
 */
void config_wish(const struct ike_sa *sa, const struct child_config *child, struct ts_list *ret_tsi,
		 struct ts_list *ret_tsr);
/*
 * The reply: what it gives is set up by the monitor, then child_accept() goes on.  Without a usable
 * address there is no child.
 */
enum verdict config_accept(struct exchange *x);
/* Leaves of the list what goes with our inner addresses; false if that is nothing. */
bool config_narrow_local(const struct exchange *x, struct ts_list *l);
/* A child came or went, or the outer addresses changed: the routes follow. */
void config_update(struct ike_sa *sa);

/* ---- gateway ---- */

/* Leases what the request asks for, then child_answer() goes on. */
enum verdict config_answer(struct exchange *x);
void config_add_response(const struct exchange *x, struct msg_writer *mw);
/* Did the request ask for an address? */
bool config_was_asked(const struct exchange *x);
/*
 * Makes of what a child's entry allows for the peer's side (empty: everything) its leased addresses,
 * if it has such and they are allowed.  False: the entry wants such an address, and there is none.
 */
bool config_peer_list(const struct exchange *x, const struct child_config *child,
		      struct ts_list *allowed);
/* The same for a child that we ask the client for; empty: there is none. */
void config_wish_peer(const struct ike_sa *sa, struct ts_list *ret);
/* To the answer of an INFORMATIONAL request with a CP: about us, never an address. */
void config_add_about(const struct exchange *x, struct msg_writer *mw);

/* ---- both ---- */

/* What the exchange got is the IKE SA's from here on. */
void config_commit(struct exchange *x);
/* The heir has them now. */
void config_move(struct ike_sa *from, struct ike_sa *to);
/* Gives all back, and tells the monitor, now or later. */
void config_release(struct engine *e, struct inner_state *inner);
/* The same without telling anybody. */
void config_forget(struct inner_state *inner);
/* A timer's function: arg is the engine. */
void config_retry(void *arg);
/* Forgets what is remembered of earlier IKE SAs, and what could not be told. */
void config_forget_all(struct engine *e);

#endif
