/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a system lays PF_KEY messages out, where they differ from Linux': the numbers of extensions
 * from 20 on, addresses with a length, the heads of requests.
 */
#ifndef LIBPFKEY_SADB_LAYOUT_H
#define LIBPFKEY_SADB_LAYOUT_H

#include <keydb_message.h>

#include <linux/pfkeyv2.h>

/*
 * Rows of sadb_ext_rows for what Linux has no number for, behind those that it has.  There are 32
 * bits for rows in struct sadb_message.
 */
enum sadb_ext_other {
	SADB_EXT_OTHER_REPLAY = SADB_EXT_MAX + 1, /* FreeBSD: a big replay window */
	SADB_EXT_OTHER_TAG,                       /* KAME: a policy for a tag of pf(4) */
	SADB_EXT_OTHER_OAR,                       /* original address of the other side */
	SADB_EXT_OTHER_FRAG,                      /* fragment size of ESP in UDP */
	SADB_EXT_OTHER_PACKET,                    /* KAME: what an ACQUIRE is about */
	SADB_EXT_ROWS,
};

enum { SADB_EXT_NUMBERS = 32 };

struct sadb_layout {
	const char *name;
	bool is_linux; /* sockaddrs without a length, directions by id, requests of 16 bytes */
	uint8_t request_len;           /* of a request's head */
	uint8_t aes_ctr;               /* a number that this cipher had once; 0: none */
	uint8_t window_unit;           /* packets that one of sadb_sa_replay stands for */
	uint8_t modes;                 /* of SAs and requests, from 0 */
	uint8_t v6[3];                 /* numbers of IPv6's family; 0: no more */
	uint8_t ext[SADB_EXT_NUMBERS]; /* the row of each number; 0: skipped */
};

/* By enum keydb_layout. */
extern const struct sadb_layout sadb_layouts[];

/* The family as it is here, 0 for an unknown number. */
uint16_t sadb_layout_family(const struct sadb_layout *l, uint16_t number);

#endif
