/* SPDX-License-Identifier: BSD-2-Clause */
/* Proposals as text. */
#include "policy/proposal.h"

#include "base/fmt.h"

const char *proposal_protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case PROPOSAL_IKE:
		return "IKE";
	case PROPOSAL_AH:
		return "AH";
	case PROPOSAL_ESP:
		return "ESP";
	default:
		return "PROTO?";
	}
}

const char *proposal_text(const struct proposal *p, char *buf)
{
	struct fmt f = fmt_of(buf, PROPOSAL_TEXT_MAX_BYTES);
	char text[TRANSFORM_TEXT_MAX_BYTES];
	fmt_add(&f, "%s:", proposal_protocol_name(p->protocol));
	for (uint8_t i = 0; i < p->n_transforms; i++)
		fmt_add(&f, "%s%s", i > 0 ? "/" : "", transform_text(&p->transforms[i], text));
	return buf;
}
