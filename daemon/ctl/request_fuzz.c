/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a line on the control socket. */
#include <string.h>

#include "ctl/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_request request = { .command = __CTL_COMMAND_N };
	struct err err = { 0 };
	int r = ctl_request_parse((const char *)data, size, &request, &err);

	if (r == 0) {
		REQUIRE(request.command < __CTL_COMMAND_N);
		REQUIRE(memchr(request.name, 0, sizeof(request.name)));
		REQUIRE(request.timeout_ms > 0 && request.timeout_ms <= CTL_TIMEOUT_MAX_MS);
		return 0;
	}
	REQUIRE(request.command == __CTL_COMMAND_N && err.text[0]);
	/* An error must be JSON again, whatever it quotes. */
	json_t *reply = ctl_reply_error(r, err.text);
	REQUIRE(reply);
	json_decref(reply);
	return 0;
}
