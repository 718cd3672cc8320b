/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic selectors: narrowing (RFC 7296 2.9), pure functions. */
#ifndef TANUKI_IKE_NARROW_H
#define TANUKI_IKE_NARROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "msg/pl.h"
#include "policy/policy.h"

/*
 * Selectors of a TS payload; those of unknown types and OPAQUE ports are left out (2.9: they
 * are narrowed away).  At most max; returns how many.
 */
size_t narrow_from_payload(const struct pl_ts *pl, struct ts *ret, size_t max);

/*
 * The part of what the peer asks for that we allow.  Selectors that lie in others are merged
 * into them.  The first one that was asked for is in the result, if it is allowed; of more pieces than
 * a ts_list holds the last ones are left out, *ret_more says so.  allowed empty: everything.
 * -ENOENT: nothing in common (TS_UNACCEPTABLE).
 */
MUST_USE int narrow(const struct ts *asked, size_t n_asked, const struct ts_list *allowed,
		    struct ts_list *ret, bool *ret_more);
/* What of a list is for this address, as selectors of that address alone; empty: everything. */
void narrow_to_address(const struct ts_list *l, const struct addr *a, struct ts_list *ret);

/* Does got lie in offered, selector by selector?  (2.9: the responder must not widen.) */
bool narrow_is_within(const struct ts_list *got, const struct ts_list *offered);

/* Appends ts unless it lies in one that is there; ones that lie in it go.  -E2BIG. */
MUST_USE int narrow_add(struct ts_list *l, const struct ts *ts);

/* Puts addr into every selector's addresses (transport mode behind NAT, 2.23.1). */
void narrow_substitute(struct ts_list *l, const struct addr *addr);
/* True if every selector is exactly this one address. */
bool narrow_is_host(const struct ts_list *l, const struct addr *addr);

#endif
