/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port: the process that keeps the private and pre-shared keys.  It signs and checks on
 * behalf of the engine and never gives a key out.
 */
#ifndef TANUKI_PRIV_KEEPER_H
#define TANUKI_PRIV_KEEPER_H

#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/wire.h"

enum {
	KEEPER_AUTH_MAX_BYTES = 1024,
	KEEPER_OCTETS_MAX_BYTES = 65536,
	KEEPER_ID_TEXT_MAX_BYTES = 1040
};

/* Which key: the peer's identity as text (psk.txt's first column), then its address. */
struct keeper_key {
	char peer_id[KEEPER_ID_TEXT_MAX_BYTES];
	struct addr peer_addr;
};

/*
 * result: 0, -ENOKEY (nobody has a key for this peer), -EKEYREJECTED (verify: AUTH is wrong),
 * other errno.  auth: the AUTH payload's data (sign only), borrowed for the call.
 */
typedef void (*keeper_done_fn)(void *arg, int result, struct slice auth);

struct keeper;

/* octets: the <InitiatorSignedOctets> or <ResponderSignedOctets> of RFC 7296 2.15, borrowed. */
struct keeper_ops {
	/* prf(prf(key, "Key Pad for IKEv2"), octets); prf: IKEv2 transform id */
	int (*psk_sign)(struct keeper *k, const struct keeper_key *key, uint16_t prf,
			struct slice octets, keeper_done_fn done, void *arg);
	/* Compares in constant time inside the keeper. */
	int (*psk_verify)(struct keeper *k, const struct keeper_key *key, uint16_t prf,
			  struct slice octets, struct slice auth, keeper_done_fn done, void *arg);
	/* Forgets a callback whose owner goes away. */
	void (*cancel)(struct keeper *k, void *arg);
};

/* Implementations embed this as their first member; done never runs before the call returned. */
struct keeper {
	const struct keeper_ops *ops;
};

#endif
