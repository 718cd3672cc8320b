/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the KAME interface. */
#ifndef LIBPFKEY_KAME_INT_H
#define LIBPFKEY_KAME_INT_H

#include <libpfkey.h>

/* KAME's numbers of errors, which programs never see. */
enum kame_error {
	KAME_NO_ERROR = 0,
	KAME_NOT_SUPPORTED = 1,
	KAME_INVAL_ARGUMENT = 2,
	KAME_INVAL_SADBMSG = 3,
	KAME_INVAL_VERSION = 4,
	KAME_INVAL_POLICY = 5,
	KAME_INVAL_SATYPE = 10,
	KAME_INVAL_MSGTYPE = 11,
	KAME_INVAL_EXTTYPE = 12,
	KAME_INVAL_ALGS = 13,
	KAME_INVAL_KEYLEN = 14,
	KAME_INVAL_FAMILY = 15,
	KAME_INVAL_PREFIXLEN = 16,
	KAME_INVAL_SPI = 18,
	KAME_NO_ALGS = 20,
	KAME_NO_BUFS = 21,
	KAME_DO_GET_SUPP_LIST = 22,
	KAME_FAMILY_MISMATCH = 24,
	KAME_SYSTEM_ERROR = 26,
};

/* Both set what ipsec_strerror() says; always -1. detail may be NULL. */
int kame_fail(enum kame_error error, const char *detail);
int kame_fail_errno(int error);
void kame_ok(void);

#endif
