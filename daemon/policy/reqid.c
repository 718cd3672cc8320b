/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/reqid.h"

#include "base/fmt.h"
#include "base/hash.h"
#include "policy/policy.h"

enum { REQID_MIN = 0x4000 }; /* below are those of setkey's hands, IPSEC_MANUAL_REQID_MAX */

/*
 * The kernel's state hash XORs reqids with addresses, and both tend to count up together:
 * so the reqid is a hash.  Its key is fixed, for every process must come to the same one.
 */
uint32_t policy_reqid(const char *peer_name, const char *child_name)
{
	static const uint8_t key[16] = "tanuki's reqids";
	char names[2 * POLICY_NAME_MAX_BYTES];
	struct fmt f = fmt_of(names, sizeof(names));
	fmt_add(&f, "%s/%s", peer_name, child_name);
	uint64_t h = hash_sip(key, names, f.used);
	return policy_reqid_base(REQID_MIN + (uint32_t)(h % (UINT32_MAX - REQID_MIN)));
}

uint32_t policy_reqid_base(uint32_t reqid)
{
	return reqid < REQID_MIN ? reqid : reqid & ~(uint32_t)(POLICY_REQID_VARIANTS - 1);
}
