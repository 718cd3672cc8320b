/* SPDX-License-Identifier: BSD-2-Clause */
/* The error state of the KAME interface, one per thread. */
#include "kame_int.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

__thread int __ipsec_errcode;
static _Thread_local char text[160] = "Success";

/* clang-format off */
static const struct {
	enum kame_error error;
	const char *text;
} texts[] = {
	{ KAME_NO_ERROR, "Success" },
	{ KAME_NOT_SUPPORTED, "Not supported" },
	{ KAME_INVAL_ARGUMENT, "Invalid argument" },
	{ KAME_INVAL_SADBMSG, "Invalid PF_KEY message" },
	{ KAME_INVAL_VERSION, "Invalid PF_KEY version" },
	{ KAME_INVAL_POLICY, "Invalid policy" },
	{ KAME_INVAL_SATYPE, "Invalid type of SA" },
	{ KAME_INVAL_MSGTYPE, "Invalid type of message" },
	{ KAME_INVAL_EXTTYPE, "Invalid type of extension" },
	{ KAME_INVAL_ALGS, "Invalid algorithm" },
	{ KAME_INVAL_KEYLEN, "Invalid length of a key" },
	{ KAME_INVAL_FAMILY, "Invalid address family" },
	{ KAME_INVAL_PREFIXLEN, "Invalid length of a prefix" },
	{ KAME_INVAL_SPI, "Invalid range of SPIs" },
	{ KAME_NO_ALGS, "No algorithm given" },
	{ KAME_NO_BUFS, "Out of memory" },
	{ KAME_DO_GET_SUPP_LIST, "The list of supported algorithms is needed first" },
	{ KAME_FAMILY_MISMATCH, "Address families differ" },
	{ KAME_SYSTEM_ERROR, "System error" },
};
/* clang-format on */

static const char *text_of(enum kame_error error)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].error == error)
			return texts[i].text;
	return "Unknown error";
}

int kame_fail(enum kame_error error, const char *detail)
{
	__ipsec_errcode = (int)error;
	if (detail && *detail)
		snprintf(text, sizeof(text), "%s: %s", text_of(error), detail);
	else
		snprintf(text, sizeof(text), "%s", text_of(error));
	return -1;
}

int kame_fail_errno(int error)
{
	const char *words = strerrordesc_np(error);
	__ipsec_errcode = KAME_SYSTEM_ERROR;
	snprintf(text, sizeof(text), "%s", words ? words : text_of(KAME_SYSTEM_ERROR));
	return -1;
}

void kame_ok(void)
{
	__ipsec_errcode = KAME_NO_ERROR;
	snprintf(text, sizeof(text), "%s", text_of(KAME_NO_ERROR));
}

const char *ipsec_strerror(void)
{
	return text;
}
