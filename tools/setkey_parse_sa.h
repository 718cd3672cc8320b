/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two files of the parser share about commands on SAs. */
#ifndef TANUKI_TOOLS_SETKEY_PARSE_SA_H
#define TANUKI_TOOLS_SETKEY_PARSE_SA_H

#include "setkey_parser.h"

/* An SA command on its way; the tokens are where to point when they do not fit together. */
struct draft {
	struct command *c;
	struct address_flags flags;
	struct endpoint src, dst;
	struct token proto_at, spi_at, encr_at, auth_at, comp_at;
	struct token esn_at, tfc_at, icv_at, sel_at, device_at, encap_at;
	uint16_t icv_bits;
	bool is_udp;
	bool af_is_said, af_any; /* "-f af-unspec" or "-f no-af-unspec" */
};

static inline bool draft_is_new(const struct draft *d)
{
	return d->c->kind == COMMAND_ADD || d->c->kind == COMMAND_UPDATE;
}

/* All options up to the ';' (setkey_parse_sa_option.c). */
MUST_USE int parser_sa_options(struct parser *p, struct draft *d);

#endif
