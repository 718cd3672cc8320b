/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of the KAME interface that print, to stdout; keys are shown.  Part of libpfkey.h. */
#ifndef LIBPFKEY_DUMP_H
#define LIBPFKEY_DUMP_H

#include <linux/pfkeyv2.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An SA as "setkey -D" shows it; what is missing in the message is told. */
void pfkey_sadump(struct sadb_msg *msg);
void pfkey_sadump_withports(struct sadb_msg *msg);
/* A policy as "setkey -DP" does. */
void pfkey_spdump(struct sadb_msg *msg);
void pfkey_spdump_withports(struct sadb_msg *msg);
/* From now on the two leave out the policies of sockets, and count them from 0. */
void pfkey_spdump_filter_socket_policy(int on);
unsigned long pfkey_spdump_filtered_count(void);
/* A message field by field. */
void kdebug_sadb(struct sadb_msg *msg);
/* " 00112233 44556677", 32 bytes in a line; the bytes themselves. */
void ipsec_hexdump(const void *buf, int len);
void ipsec_bindump(const void *buf, int len);

#ifdef __cplusplus
}
#endif

#endif
