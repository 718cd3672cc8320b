/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IKE SA says by itself: deletes and liveness checks. */
#ifndef TANUKI_IKE_INFORMATIONAL_H
#define TANUKI_IKE_INFORMATIONAL_H

#include "ike/exchange.h"

/* If the window is free: sends what the SA wants to say next. */
void informational_next(struct ike_sa *sa);
/* Does a request delete the IKE SA; the child with this SPI of the peer? */
bool informational_deletes_ike(const struct payload_set *pl);
bool informational_deletes(const struct payload_set *pl, uint32_t spi_out);
/* Writes the delete of the IKE SA into x->out; errors of exchange_end(). */
MUST_USE int informational_build_delete(struct exchange *x, uint32_t id);
/* For handlers: a response that does not fit our request.  The IKE SA is deleted. */
enum verdict informational_unexpected(struct exchange *x);

#endif
