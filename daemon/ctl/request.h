/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request of the control protocol: a line of JSON,
 *   {"version":1,"command":"establish-sa","name":"gw-b","timeout_ms":20000}
 * and the line that answers it,
 *   {"version":1,"ok":true,"result":...}
 *   {"version":1,"ok":false,"error":{"code":"ENOENT","text":"..."}}
 */
#ifndef TANUKI_CTL_REQUEST_H
#define TANUKI_CTL_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/err.h"

enum { CTL_VERSION = 1, CTL_LINE_MAX_BYTES = 64 * 1024, CTL_NAME_MAX_BYTES = 256 };
enum { CTL_TIMEOUT_DEFAULT_MS = 60 * 1000, CTL_TIMEOUT_MAX_MS = 10 * 60 * 1000 };

enum ctl_command {
	CTL_DELETE_SA,
	CTL_ESTABLISH_SA,
	CTL_EVENTS,
	CTL_KERNEL,
	CTL_REAUTH_SA,
	CTL_REKEY_SA,
	CTL_SHOW_LEASES,
	CTL_SHOW_PEERS,
	CTL_SHOW_SA,
	CTL_STATUS,
	CTL_VERSION_COMMAND,
	__CTL_COMMAND_N
};

struct ctl_request {
	enum ctl_command command;
	char name[CTL_NAME_MAX_BYTES]; /* "" if it was not given */
	int64_t timeout_ms;
};

/* The word of a command, "show-sa". */
const char *ctl_command_name(enum ctl_command command);

/*
 * Parses one line (len bytes, hostile).  -EINVAL: not JSON, a member is missing, unknown or of a
 * wrong type; -EPROTONOSUPPORT: another version; -EOPNOTSUPP: unknown command.  err says which, with
 * the nearest known word.
 */
MUST_USE int ctl_request_parse(const char *line, size_t len, struct ctl_request *ret,
			       struct err *err);

/* The answers; result's reference is stolen.  NULL without memory. */
json_t *ctl_reply_ok(json_t *result);
json_t *ctl_reply_error(int code, const char *text);

#endif
