/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of refusals, and their log record. */
#include "ike/reason.h"

#include "base/fmt.h"
#include "base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct words {
	const char *word, *advice;
};

/* clang-format off */
static const struct words table[] = {
	[REASON_NONE]               = { "none", "" },
	[REASON_UNKNOWN_PEER]       = { "unknown_peer", "no remote entry has this address or identity" },
	[REASON_NO_COMMON_PROPOSAL] = { "no_common_proposal", "give both sides one algorithm of each type in common" },
	[REASON_INVALID_KE]         = { "invalid_key_exchange", "the peer's key exchange data cannot be used" },
	[REASON_WRONG_KEY]          = { "wrong_key", "the pre-shared keys of the two sides differ" },
	[REASON_NO_KEY]             = { "no_key", "the key file has no line for this peer" },
	[REASON_ID_MISMATCH]        = { "id_mismatch", "compare my_identifier there with peers_identifier here" },
	[REASON_AUTH_METHOD]        = { "auth_method", "the peer authenticates in another way" },
	[REASON_SELECTOR_MISMATCH]  = { "selector_mismatch", "compare the sainfo sections of both sides" },
	[REASON_SELECTOR_TAKEN]     = { "selector_taken", "two peers cannot have the same traffic: let the other one go, or give them nets of their own" },
	[REASON_SINGLE_PAIR]        = { "single_pair", "the sainfo has single_pair: the packet's addresses must come first" },
	[REASON_MODE_MISMATCH]      = { "mode_mismatch", "one side wants tunnel mode, the other transport mode" },
	[REASON_NO_ADDRESS]         = { "no_address", "compare mode_cfg and the pool of the gateway with what the client wants" },
	[REASON_ADDRESS_REQUIRED]   = { "address_required", "a client of this sainfo has to ask for an address: mode_cfg on" },
	[REASON_PEER_REFUSED]       = { "peer_refused", "the peer's log has its reason" },
	[REASON_PEER_SILENT]        = { "peer_silent", "is the peer up, and UDP 500 and 4500 open on the way?" },
	[REASON_MALFORMED]          = { "malformed", "the message breaks the protocol" },
	[REASON_KERNEL]             = { "kernel", "the kernel did not take the SA or policy" },
	[REASON_OVERLOAD]           = { "overload", "a limit is reached" },
	[REASON_NAT]                = { "nat_not_allowed", "nat_traversal on allows translated addresses" },
	[REASON_INTERNAL]           = { "internal", "see the other records" },
	[REASON_CANCELLED]          = { "cancelled", "" },
};
/* clang-format on */
static_assert(N_ELEMENTS(table) == __REASON_N, "each reason has its words");

const char *reason_word(enum reason_code code)
{
	return (unsigned int)code < __REASON_N ? table[code].word : "none";
}

const char *reason_advice(enum reason_code code)
{
	return (unsigned int)code < __REASON_N ? table[code].advice : "";
}

void reason_set(struct reason *r, enum reason_code code, const char *what)
{
	*r = (struct reason){ .code = code };
	if (what)
		snprintf(r->what, sizeof(r->what), "%s", what);
}

void reason_ours(struct reason *r, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(r->ours, sizeof(r->ours), fmt, args);
	va_end(args);
}

void reason_theirs(struct reason *r, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(r->theirs, sizeof(r->theirs), fmt, args);
	va_end(args);
}

void reason_hint(struct reason *r, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(r->hint, sizeof(r->hint), fmt, args);
	va_end(args);
}

const char *reason_text(const struct reason *r, char buf[REASON_TEXT_MAX_BYTES])
{
	struct fmt f = fmt_of(buf, REASON_TEXT_MAX_BYTES);
	fmt_add(&f, "%s", reason_word(r->code));
	if (r->what[0])
		fmt_add(&f, " (%s)", r->what);
	if (r->ours[0])
		fmt_add(&f, ": ours %s", r->ours);
	if (r->theirs[0])
		fmt_add(&f, "%s theirs %s", r->ours[0] ? "," : ":", r->theirs);
	if (r->hint[0])
		fmt_add(&f, "; %s", r->hint);
	return buf;
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

void reason_log(const struct reason *r, const char *peer_name, const struct addr *peer,
		const char *story)
{
	LOG(NOTIFY, "negotiation_failed", F_STR("reason", reason_word(r->code)),
	    F_STR("what", or_null(r->what)), F_STR("ours", or_null(r->ours)),
	    F_STR("theirs", or_null(r->theirs)), F_STR("remote", peer_name), F_ADDR("peer", peer),
	    F_STR("story", story), F_STR("hint", or_null(r->hint)),
	    F_STR("advice", or_null(reason_advice(r->code))));
}
