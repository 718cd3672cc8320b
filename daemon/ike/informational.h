/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IKE SA says by itself: deletes and liveness checks. */
#ifndef TANUKI_IKE_INFORMATIONAL_H
#define TANUKI_IKE_INFORMATIONAL_H

#include "ike/exchange.h"

/* If the window is free: sends what the SA wants to say next. */
void informational_next(struct ike_sa *sa);
/* Does a request delete the child with this SPI of the peer? */
bool informational_deletes(const struct payload_set *pl, uint32_t spi_out);
/* For handlers: a response that does not fit our request.  The IKE SA is deleted. */
enum verdict informational_unexpected(struct exchange *x);

#endif
