/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which engine a peer belongs to: the one that begins with it, and that takes what it begins, so
 * that two negotiations that cross, or one that replaces another, meet in one process.  Every
 * process comes to the same answer by itself.
 *
 *	an entry with addresses   by the first one, whatever the peer speaks from;
 *	                          entries that have an address in common have one owner
 *	an entry with a name      the same, by what the name was at the start
 *	anonymous                 by the address that it speaks from
 *
 * By an address alone the kernel decides in the same way (net/steer.h).
 */
#ifndef TANUKI_POLICY_OWNER_H
#define TANUKI_POLICY_OWNER_H

#include <stdint.h>

#include "policy/policy.h"

/* Decides for all entries; once, when the addresses of names are known. */
void owner_settle(struct policy *p);
/* The engine of an entry; of an anonymous one without an address: any. */
unsigned int owner_of_peer(const struct peer_config *peer);
/* The engine of who is at this address. */
unsigned int owner_of_addr(const struct policy *p, const struct addr *peer);
/* The engine that an ACQUIRE is for: what the kernel asks for, and the other end of it. */
unsigned int owner_of_acquire(const struct policy *p, uint32_t reqid, const struct addr *peer);

#endif
