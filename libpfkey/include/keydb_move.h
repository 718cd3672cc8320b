/* SPDX-License-Identifier: BSD-2-Clause */
/* SAs that go to other outer addresses while they live: NATs (RFC 7296 2.23), MOBIKE (RFC 4555). */
#ifndef KEYDB_MOVE_H
#define KEYDB_MOVE_H

#include <stdint.h>

#include <keydb_model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct keydb;

/* Where an SA goes; ports of 0: it is not encapsulated in UDP there. */
struct keydb_sa_move {
	struct keydb_sa_id from;
	union keydb_addr src, dst;
	uint16_t encap_src_port, encap_dst_port;
};
/*
 * Gives an SA other outer addresses and UDP ports.  Everything else stays: SPI, keys, limits, what
 * was counted, and above all the sequence numbers, so that no nonce and no packet is taken twice.
 * It does not exist for a moment: packets of that moment are lost, not sent in clear.  -ESRCH: no
 * such SA; -EACCES: the kernel does not show its keys; -EOPNOTSUPP (PF_KEY, offloaded SAs): nothing
 * was changed.  After -EIO and -EEXIST (the SPI is taken there) the SA is gone.
 */
int keydb_sa_move(struct keydb *k, const struct keydb_sa_move *m);

#ifdef __cplusplus
}
#endif

#endif
