/* SPDX-License-Identifier: BSD-2-Clause */
/* Proposals of algorithms, RFC 7296 3.3, as values. */
#ifndef TANUKI_POLICY_PROPOSAL_H
#define TANUKI_POLICY_PROPOSAL_H

#include <stdint.h>

#include "crypto/alg.h"

enum { POLICY_PROPOSALS_MAX = 8, POLICY_TRANSFORMS_MAX = 24 };

/* RFC 7296 3.3.1 protocol ids. */
enum { PROPOSAL_IKE = 1, PROPOSAL_AH = 2, PROPOSAL_ESP = 3 };

/* One proposal in order of preference: transforms of all types mixed, RFC 7296 3.3. */
struct proposal {
	uint8_t protocol; /* 1 IKE, 2 AH, 3 ESP */
	uint8_t n_transforms;
	struct transform transforms[POLICY_TRANSFORMS_MAX];
};

/* "IKE:AES_GCM_16_256/PRF_HMAC_SHA2_256/CURVE25519" for logs; cut if too long; buf returned. */
enum { PROPOSAL_TEXT_MAX_BYTES = 512 };
const char *proposal_text(const struct proposal *p, char *buf);
/* "IKE", "AH", "ESP"; "PROTO?" for others. */
const char *proposal_protocol_name(uint8_t protocol);

#endif
