/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of requests, and the gate that admits only what is in it. */
#include "priv/request.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

#include "base/fmt.h"
#include "priv/request_check.h"

enum { PSK_EXTRA_MAX_BYTES = KEEPER_OCTETS_MAX_BYTES + KEEPER_AUTH_MAX_BYTES };

static_assert(sizeof(struct request_psk) + PSK_EXTRA_MAX_BYTES <= FRAME_BODY_MAX_BYTES,
	      "the largest request fits into a frame");
static_assert(sizeof(struct request_child) <= FRAME_BODY_MAX_BYTES, "a child fits into a frame");
static_assert(sizeof(struct request_leases) <= FRAME_BODY_MAX_BYTES, "leases fit into a frame");

/* clang-format off */
static const struct request_row rows[__REQUEST_N] = {
	[REQUEST_READY] = { .name = "ready", .from = PROCESS_ENGINE, .to = PROCESS_MONITOR,
		.times_max = 1 },
	[REQUEST_CHILD_INSTALL] = { .name = "child_install", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR, .body_bytes = offsetof(struct request_child, policies),
		.extra_max_bytes = sizeof(((struct request_child *)NULL)->policies),
		.check = request_check_child },
	[REQUEST_CHILD_COMPLETE] = { .name = "child_complete", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR, .body_bytes = sizeof(struct request_complete),
		.check = request_check_complete },
	[REQUEST_CHILD_MOVE] = { .name = "child_move", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR, .body_bytes = sizeof(struct request_move),
		.check = request_check_move },
	[REQUEST_CHILD_REMOVE] = { .name = "child_remove", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR, .body_bytes = sizeof(struct request_remove),
		.check = request_check_remove },
	[REQUEST_ACQUIRE_FAILED] = { .name = "acquire_failed", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR, .body_bytes = sizeof(struct request_acquire),
		.check = request_check_acquire },
	[REQUEST_PSK_SIGN] = { .name = "psk_sign", .from = PROCESS_ENGINE,
		.to = PROCESS_KEEPER, .body_bytes = sizeof(struct request_psk),
		.extra_max_bytes = PSK_EXTRA_MAX_BYTES, .check = request_check_psk },
	[REQUEST_PSK_VERIFY] = { .name = "psk_verify", .from = PROCESS_ENGINE,
		.to = PROCESS_KEEPER, .body_bytes = sizeof(struct request_psk),
		.extra_max_bytes = PSK_EXTRA_MAX_BYTES, .check = request_check_psk },
	[REQUEST_SOCKETS] = { .name = "sockets", .from = PROCESS_MONITOR, .to = PROCESS_ENGINE,
		.body_bytes = sizeof(struct request_sockets), .fds_max = FRAME_FDS_MAX,
		.times_max = 1, .check = request_check_sockets },
	[REQUEST_EVENT] = { .name = "event", .from = PROCESS_MONITOR, .to = PROCESS_ENGINE,
		.body_bytes = sizeof(struct request_event) },
	[REQUEST_STOP] = { .name = "stop", .from = PROCESS_MONITOR, .to = PROCESS_ENGINE,
		.times_max = 1 },
	[REQUEST_RESULT] = { .name = "result", .from = PROCESS_MONITOR, .to = PROCESS_ENGINE,
		.body_bytes = sizeof(struct request_result), .check = request_check_result },
	[REQUEST_AUTH] = { .name = "auth", .from = PROCESS_KEEPER, .to = PROCESS_ENGINE,
		.body_bytes = sizeof(struct request_auth), .check = request_check_auth },
	[REQUEST_KERNEL_DIFF] = { .name = "kernel_diff", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR },
	[REQUEST_NAME] = { .name = "name", .from = PROCESS_ENGINE, .to = PROCESS_RESOLVER,
		.body_bytes = sizeof(struct request_name), .check = request_check_name },
	[REQUEST_ADDRESSES] = { .name = "addresses", .from = PROCESS_RESOLVER,
		.to = PROCESS_ENGINE, .body_bytes = sizeof(struct request_addresses),
		.check = request_check_addresses },
	[REQUEST_DIFFERENCES] = { .name = "differences", .from = PROCESS_MONITOR,
		.to = PROCESS_ENGINE, .body_bytes = sizeof(struct request_differences),
		.check = request_check_differences },
	[REQUEST_LEASE_GET] = { .name = "lease_get", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR, .body_bytes = sizeof(struct lease_ask),
		.check = request_check_lease_ask },
	[REQUEST_LEASE] = { .name = "lease", .from = PROCESS_MONITOR, .to = PROCESS_ENGINE,
		.body_bytes = sizeof(struct request_lease), .check = request_check_lease },
	[REQUEST_LEASE_PUT] = { .name = "lease_put", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR, .body_bytes = sizeof(struct request_holder) },
	[REQUEST_LEASE_LIST] = { .name = "lease_list", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR, .body_bytes = sizeof(struct request_lease_list) },
	[REQUEST_LEASES] = { .name = "leases", .from = PROCESS_MONITOR, .to = PROCESS_ENGINE,
		.body_bytes = sizeof(struct request_leases), .check = request_check_leases },
	[REQUEST_INNER_SET] = { .name = "inner_set", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR, .body_bytes = sizeof(struct inner_set),
		.check = request_check_inner },
	[REQUEST_INNER_DROP] = { .name = "inner_drop", .from = PROCESS_ENGINE,
		.to = PROCESS_MONITOR, .body_bytes = sizeof(struct request_holder) },
	[REQUEST_STORE] = { .name = "store", .from = PROCESS_MONITOR, .to = PROCESS_CLERK,
		.fds_max = 1 },
	[REQUEST_NAMES] = { .name = "names", .from = PROCESS_MONITOR, .to = PROCESS_CLERK,
		.body_bytes = sizeof(struct request_names), .check = request_check_names },
	[REQUEST_CLERK_RESULT] = { .name = "clerk_result", .from = PROCESS_CLERK,
		.to = PROCESS_MONITOR, .body_bytes = sizeof(struct request_result),
		.check = request_check_result },
};
/* clang-format on */

const struct request_row *request_row(unsigned int kind)
{
	return kind < N_ELEMENTS(rows) && rows[kind].name ? &rows[kind] : NULL;
}

int request_admit(struct request_gate *gate, const struct frame *f, const char **ret_why)
{
	const struct request_row *row = request_row(f->kind);
	const char *why = NULL;

	if (!row)
		why = "unknown kind";
	else if (row->from != gate->from || row->to != gate->to)
		why = "not for this sender";
	else if (f->body.len < row->body_bytes ||
		 f->body.len > row->body_bytes + row->extra_max_bytes)
		why = "wrong size";
	else if (f->n_fds > row->fds_max)
		why = "unexpected descriptors";
	else if (row->times_max != 0 && gate->seen[f->kind] >= row->times_max)
		why = "too often";
	if (why) {
		*ret_why = why;
		return -EBADMSG;
	}
	if (row->times_max != 0)
		gate->seen[f->kind]++;

	why = row->check ? row->check(request_body(f), request_extra(f)) : NULL;
	if (!why && f->kind == REQUEST_SOCKETS &&
	    ((const struct request_sockets *)request_body(f))->n != f->n_fds)
		why = "descriptors are missing";
	if (!why)
		return 0;
	*ret_why = why;
	return -EINVAL;
}

const void *request_body(const struct frame *f)
{
	return f->body.p;
}

struct slice request_extra(const struct frame *f)
{
	size_t fixed = request_row(f->kind)->body_bytes;
	return slice_of(f->body.p + fixed, f->body.len - fixed);
}

void request_set_reason(struct request_result *r, const char *text)
{
	struct fmt f = fmt_of(r->reason, sizeof(r->reason));
	fmt_add(&f, "%s", text);
}
