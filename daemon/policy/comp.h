/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPComp beside a child's SAs (RFC 3173, RFC 7296 2.22): a pair of states with the child's mode,
 * through which packets go before ESP or AH, which then is in transport mode:
 *
 *	| IP | ESP | IPComp | IP ... (compressed) |
 */
#ifndef TANUKI_POLICY_COMP_H
#define TANUKI_POLICY_COMP_H

#include <stdbool.h>
#include <stdint.h>

#include <keydb.h>

/* RFC 3173 3.3: CPIs to be negotiated; lower ones are well known or reserved, higher ones private. */
enum { COMP_CPI_MIN = 256, COMP_CPI_MAX = 61439 };
/* RFC 7296 3.10.1, of IPCOMP_SUPPORTED: the only one that Linux has. */
enum { COMP_DEFLATE = 2 };

struct comp {
	uint16_t cpi_in, cpi_out; /* of RFC 3173 3.3; both 0: no compression */
	uint8_t mode;             /* KEYDB_MODE_*: the child's */
	uint32_t flags; /* enum keydb_sa_flag: what the outer header shares with the inner */
};

bool comp_cpi_is_good(uint16_t cpi);
/* The compressing (or, in: decompressing) state that belongs to one SA of a child. */
void comp_sa(const struct comp *c, const struct keydb_sa *sa, bool in, struct keydb_sa *ret);

#endif
