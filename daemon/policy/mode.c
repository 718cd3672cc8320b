/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/mode.h"

const char *child_mode_name(enum child_mode mode)
{
	static const char *const names[CHILD_MODES_N] = {
		[CHILD_TUNNEL] = "tunnel",
		[CHILD_TRANSPORT] = "transport",
		[CHILD_BEET] = "beet",
	};
	return names[mode];
}

const char *copy_dscp_name(enum copy_dscp copy)
{
	static const char *const names[COPY_DSCP_N] = {
		[COPY_DSCP_OUT] = "out",
		[COPY_DSCP_IN] = "in",
		[COPY_DSCP_BOTH] = "both",
		[COPY_DSCP_OFF] = "off",
	};
	return names[copy];
}
