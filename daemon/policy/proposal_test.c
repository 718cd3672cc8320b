/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/proposal.h"

#include "base/unit.h"

static void proposals_as_text(void **state)
{
	const struct proposal ike = {
		.protocol = PROPOSAL_IKE,
		.n_transforms = 3,
		.transforms = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 },
				{ TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
				{ TRANSFORM_KE, KE_CURVE25519, 0 } },
	};
	const struct proposal esp = { .protocol = PROPOSAL_ESP };
	char buf[PROPOSAL_TEXT_MAX_BYTES];
	(void)state;
	assert_string_equal(proposal_text(&ike, buf),
			    "IKE:AES_GCM_16_256/PRF_HMAC_SHA2_256/CURVE25519");
	assert_string_equal(proposal_text(&esp, buf), "ESP:");
}

static void long_proposals_are_cut(void **state)
{
	struct proposal p = { .protocol = 77, .n_transforms = POLICY_TRANSFORMS_MAX };
	char buf[PROPOSAL_TEXT_MAX_BYTES];
	(void)state;
	for (size_t i = 0; i < POLICY_TRANSFORMS_MAX; i++)
		p.transforms[i] = (struct transform){ TRANSFORM_INTEG, 65535, 65535 };
	assert_int_equal(strncmp(proposal_text(&p, buf), "PROTO?:INTEG(65535)_65535/", 26), 0);
	assert_true(strlen(buf) < PROPOSAL_TEXT_MAX_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("proposals are printed in order", proposals_as_text),
		UNIT("long proposals keep to the buffer", long_proposals_are_cut),
	};
	return cmocka_run_group_tests_name("proposal", tests, NULL, NULL);
}
