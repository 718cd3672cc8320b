/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What KAME's own headers had beside the functions, and Linux' headers have not: macros about
 * messages, names of algorithms and flags.  Included by libpfkey.h.
 */
#ifndef LIBPFKEY_KAME_H
#define LIBPFKEY_KAME_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <linux/ipsec.h>
#include <linux/pfkeyv2.h>

/* For "#include PATH_IPSEC_H".  Not with <>: "linux" is a macro of older C. */
#ifndef PATH_IPSEC_H
#define PATH_IPSEC_H "linux/ipsec.h"
#endif

/* ---- messages: lengths in 64-bit words and in bytes, parts of extensions ---- */

#define PFKEY_UNUNIT64(a) ((a) << 3)
#define PFKEY_UNIT64(a) ((a) >> 3)
#define PFKEY_ALIGN8(a) (1 + (((a)-1) | (8 - 1)))
#define PFKEY_EXTLEN(ext) PFKEY_UNUNIT64(((struct sadb_ext *)(ext))->sadb_ext_len)
#define PFKEY_ADDR_PREFIX(ext) (((struct sadb_address *)(ext))->sadb_address_prefixlen)
#define PFKEY_ADDR_PROTO(ext) (((struct sadb_address *)(ext))->sadb_address_proto)
#define PFKEY_ADDR_SADDR(ext) ((struct sockaddr *)((caddr_t)(ext) + sizeof(struct sadb_address)))
/* In host order. */
#define PFKEY_ADDR_X_PORT(ext) (ntohs(((struct sadb_x_nat_t_port *)(ext))->sadb_x_nat_t_port_port))
/* Is there NAT traversal?  The extension may be NULL. */
#define PFKEY_ADDR_X_NATTYPE(ext) \
	((ext) != NULL && ((struct sadb_x_nat_t_type *)(ext))->sadb_x_nat_t_type_type)

/* ---- lifetimes ---- */

/* Which lifetime pfkey_set_softrate() is about. */
#define SADB_X_LIFETIME_ALLOCATIONS 0
#define SADB_X_LIFETIME_BYTES 1
#define SADB_X_LIFETIME_ADDTIME 2
#define SADB_X_LIFETIME_USETIME 3
#define PFKEY_SOFT_LIFETIME_RATE 80

/* ---- priorities of policies on Linux: the lower number wins ---- */

#define PRIORITY_LOW 0xC0000000
#define PRIORITY_DEFAULT 0x80000000
#define PRIORITY_HIGH 0x40000000
#define PRIORITY_OFFSET_POSITIVE_MAX 0x3fffffff
#define PRIORITY_OFFSET_NEGATIVE_MAX 0x40000000

/* ---- algorithms by KAME's names ---- */

#ifndef SADB_X_AALG_MD5
#define SADB_X_AALG_SHA2_256 SADB_X_AALG_SHA2_256HMAC
#define SADB_X_AALG_SHA2_384 SADB_X_AALG_SHA2_384HMAC
#define SADB_X_AALG_SHA2_512 SADB_X_AALG_SHA2_512HMAC
#define SADB_X_AALG_MD5 249 /* the next two and TCP_MD5: no Linux has them */
#define SADB_X_AALG_SHA 250
#define SADB_X_AALG_TCP_MD5 252
#define SADB_X_EALG_CAST128CBC SADB_X_EALG_CASTCBC
#define SADB_X_EALG_RIJNDAELCBC SADB_X_EALG_AESCBC
#define SADB_X_EALG_AES SADB_X_EALG_AESCBC
#endif

/* ---- flags of SAs, which Linux ignores ---- */

#ifndef SADB_X_EXT_NONE
#define SADB_X_EXT_NONE 0x0000
#define SADB_X_EXT_OLD 0x0001    /* RFC 1826, 1827 */
#define SADB_X_EXT_IV4B 0x0010   /* the IV has 4 bytes */
#define SADB_X_EXT_DERIV 0x0020  /* DES, derived */
#define SADB_X_EXT_CYCSEQ 0x0040 /* the sequence number may start again */
#define SADB_X_EXT_RAWCPI 0x0080 /* the CPI is the SPI */
#define SADB_X_EXT_PSEQ 0x0000   /* padding: 1, 2, 3... */
#define SADB_X_EXT_PRAND 0x0100  /* random */
#define SADB_X_EXT_PZERO 0x0200  /* zeroes */
#define SADB_X_EXT_PMASK 0x0300
#define SADB_KEY_FLAGS_MAX 0x0fff
#endif

/* ---- addresses ---- */

#ifndef IPPROTO_IPV4
#define IPPROTO_IPV4 IPPROTO_IPIP
#endif
#ifndef IPPROTO_IPCOMP
#define IPPROTO_IPCOMP IPPROTO_COMP
#endif
#ifndef IPPROTO_MH
#define IPPROTO_MH 135
#endif

#ifndef __SYSDEP_SA_LEN__
#define __SYSDEP_SA_LEN__
/* The length of an address by its family, as sa_len has it on other systems. */
static inline u_int8_t sysdep_sa_len(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}
#endif

#endif
