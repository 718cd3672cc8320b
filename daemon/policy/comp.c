/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/comp.h"

#include <string.h>

#include "base/attr.h"

bool comp_cpi_is_good(uint16_t cpi)
{
	return cpi >= COMP_CPI_MIN && cpi <= COMP_CPI_MAX;
}

/* It has no lifetime of its own: it comes and goes with the child. */
static const struct keydb_limits no_limits = {
	KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE,
	KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE, KEYDB_INFINITE,
};

void comp_sa(const struct comp *c, const struct keydb_sa *sa, bool in, struct keydb_sa *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->id = sa->id;
	ret->id.proto = KEYDB_PROTO_IPCOMP;
	ret->id.spi = in ? c->cpi_in : c->cpi_out;
	ret->mode = c->mode;
	ret->flags = c->flags;
	ret->state = sa->state;
	ret->reqid = sa->reqid;
	ret->if_id = sa->if_id;
	ret->limits = no_limits;
	REQUIRE(keydb_alg_set(&ret->comp, keydb_alg_by_id(KEYDB_ALG_DEFLATE), NULL, 0, 0) == 0);
}
