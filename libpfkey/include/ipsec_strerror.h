/* SPDX-License-Identifier: BSD-2-Clause */
/* KAME's numbers of errors; ipsec_strerror() in libpfkey.h has the words. */
#ifndef IPSEC_STRERROR_H
#define IPSEC_STRERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* Of the calling thread's last call. */
extern __thread int __ipsec_errcode;

#define EIPSEC_NO_ERROR 0
#define EIPSEC_NOT_SUPPORTED 1
#define EIPSEC_INVAL_ARGUMENT 2
#define EIPSEC_INVAL_SADBMSG 3
#define EIPSEC_INVAL_VERSION 4
#define EIPSEC_INVAL_POLICY 5
#define EIPSEC_INVAL_ADDRESS 6
#define EIPSEC_INVAL_PROTO 7
#define EIPSEC_INVAL_MODE 8
#define EIPSEC_INVAL_LEVEL 9
#define EIPSEC_INVAL_SATYPE 10
#define EIPSEC_INVAL_MSGTYPE 11
#define EIPSEC_INVAL_EXTTYPE 12
#define EIPSEC_INVAL_ALGS 13
#define EIPSEC_INVAL_KEYLEN 14
#define EIPSEC_INVAL_FAMILY 15
#define EIPSEC_INVAL_PREFIXLEN 16
#define EIPSEC_INVAL_DIR 17
#define EIPSEC_INVAL_SPI 18
#define EIPSEC_NO_PROTO 19
#define EIPSEC_NO_ALGS 20
#define EIPSEC_NO_BUFS 21
#define EIPSEC_DO_GET_SUPP_LIST 22
#define EIPSEC_PROTO_MISMATCH 23
#define EIPSEC_FAMILY_MISMATCH 24
#define EIPSEC_FEW_ARGUMENTS 25
#define EIPSEC_SYSTEM_ERROR 26
#define EIPSEC_INVAL_PRIORITY_OFFSET 27
#define EIPSEC_INVAL_PRIORITY_BASE_OFFSET 28
#define EIPSEC_PRIORITY_NOT_COMPILED 29
#define EIPSEC_MAX 30

#ifdef __cplusplus
}
#endif

#endif
