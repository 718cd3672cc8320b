/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface of KAME's libipsec: PF_KEY messages for programs that were written for it.
 *
 * Functions return -1 or NULL on failure and ipsec_strerror() then says why; that state belongs
 * to the calling thread.  pfkey_send_*() return the number of bytes sent.  SPIs are in network
 * order, key lengths in bytes, lifetimes in seconds.  Nothing is written to
 * stderr, and to stdout only by what is for printing.
 */
#ifndef LIBPFKEY_H
#define LIBPFKEY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <libpfkey_dump.h>
#include <libpfkey_kame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the library can do; constant. */
#define LIBIPSEC_OPT_NATT 0x01
#define LIBIPSEC_OPT_FRAG 0x02
#define LIBIPSEC_OPT_SEC_CTX 0x04
extern const int libipsec_opt;

typedef caddr_t ipsec_policy_t;

/* ---- errors ---- */

/* Why the last call of this thread failed; never NULL, overwritten by the next failure. */
const char *ipsec_strerror(void);

/* ---- policies ---- */

/*
 * "dir [priority] action [request...]" as a sadb_x_policy, to be freed by the caller.  msg ends
 * with a NUL or after len bytes.  The counterparts: its length in bytes; its text, each
 * request behind delim (NULL: a blank), to be freed.
 */
ipsec_policy_t ipsec_set_policy(const char *msg, int len);
int ipsec_get_policylen(ipsec_policy_t policy);
char *ipsec_dump_policy(ipsec_policy_t policy, const char *delim);
/* With "[port]" behind the ends of tunnels. */
char *ipsec_dump_policy_withports(void *policy, const char *delim);

/* ---- algorithms ---- */

/*
 * Is a key of so many bits right for an algorithm?  supported is SADB_EXT_SUPPORTED_AUTH or
 * _ENCRYPT; the list is that of the last answer to REGISTER which this process received.  0 or -1.
 */
int ipsec_check_keylen(u_int supported, u_int alg_id, u_int keylen_bits);
/* For a satype: ESP asks for a cipher, AH for authentication. */
int ipsec_check_keylen2(u_int satype, u_int alg_id, u_int keylen_bits);
/* Copies the row of the list. */
int ipsec_get_keylen(u_int supported, u_int alg_id, struct sadb_alg *alg0);
/* Takes the lists from an answer to REGISTER of len bytes. */
int pfkey_set_supported(struct sadb_msg *msg, int len);
/* The percentage of hard limits at which soft ones are set: 80 at first, 1 to 100. */
u_int pfkey_set_softrate(u_int type, u_int rate_percent);
u_int pfkey_get_softrate(u_int type);

/* ---- the socket ---- */

/*
 * A descriptor that can be polled: a socket of NETLINK_XFRM where the kernel has it, else of AF_KEY;
 * LIBPFKEY_TRANSPORT=netlink|pfkey|auto chooses.  Threads may use it at the same time, one sending,
 * one receiving.  -1 without CAP_NET_ADMIN or IPsec.
 */
int pfkey_open(void);
void pfkey_close(int so);
/* Returns the size of the receive buffer in KB. */
int pfkey_set_buffer_size(int so, int size_kb);
/* The next message, to be freed by the caller; waits unless the socket does not. */
struct sadb_msg *pfkey_recv(int so);
int pfkey_send(int so, struct sadb_msg *msg, int len);
/*
 * Splits a message into mhp, an array of SADB_EXT_MAX + 1: mhp[0] is the message, mhp[n] its
 * extension n or NULL.  It must be sadb_msg_len words long.  Unknown extensions are skipped.
 */
int pfkey_align(struct sadb_msg *msg, caddr_t *mhp);
/* Are the extensions those of the message, and do the addresses fit together? */
int pfkey_check(caddr_t *mhp);

/* ---- the SAD ---- */

struct pfkey_send_sa_args {
	int so;     /* socket */
	u_int type; /* SADB_ADD or SADB_UPDATE, set by the call */
	u_int satype;
	u_int mode;
	struct sockaddr *src;
	struct sockaddr *dst;
	u_int32_t spi;
	u_int32_t reqid;
	u_int wsize;
	caddr_t keymat; /* the cipher's key, then the authentication's */
	u_int e_type, e_keylen;
	u_int a_type, a_keylen;
	u_int flags;
	u_int32_t l_alloc;
	u_int32_t l_bytes;
	u_int32_t l_addtime;
	u_int32_t l_usetime;
	u_int32_t seq;
	u_int8_t l_natt_type;
	u_int16_t l_natt_sport, l_natt_dport;
	struct sockaddr *l_natt_oa;
	u_int16_t l_natt_frag;
	u_int8_t ctxdoi, ctxalg;
	caddr_t ctxstr;
	u_int16_t ctxstrlen;
};

int pfkey_send_getspi(int so, u_int satype, u_int mode, struct sockaddr *src, struct sockaddr *dst,
		      u_int32_t min, u_int32_t max, u_int32_t reqid, u_int32_t seq);
/* With ESP in UDP, of natt_type UDP_ENCAP_*; ports in network order. */
int pfkey_send_getspi_nat(int so, u_int satype, u_int mode, struct sockaddr *src,
			  struct sockaddr *dst, u_int8_t natt_type, u_int16_t sport,
			  u_int16_t dport, u_int32_t min, u_int32_t max, u_int32_t reqid,
			  u_int32_t seq);
int pfkey_send_add2(struct pfkey_send_sa_args *args);
int pfkey_send_update2(struct pfkey_send_sa_args *args);
/* The older forms, with limits of 64 bits, which arrive whole. */
int pfkey_send_add(int so, u_int satype, u_int mode, struct sockaddr *src, struct sockaddr *dst,
		   u_int32_t spi, u_int32_t reqid, u_int wsize, caddr_t keymat, u_int e_type,
		   u_int e_keylen, u_int a_type, u_int a_keylen, u_int flags, u_int32_t l_alloc,
		   u_int64_t l_bytes, u_int64_t l_addtime, u_int64_t l_usetime, u_int32_t seq);
int pfkey_send_update(int so, u_int satype, u_int mode, struct sockaddr *src, struct sockaddr *dst,
		      u_int32_t spi, u_int32_t reqid, u_int wsize, caddr_t keymat, u_int e_type,
		      u_int e_keylen, u_int a_type, u_int a_keylen, u_int flags, u_int32_t l_alloc,
		      u_int64_t l_bytes, u_int64_t l_addtime, u_int64_t l_usetime, u_int32_t seq);
/* oa and frag mean nothing to Linux. */
int pfkey_send_add_nat(int so, u_int satype, u_int mode, struct sockaddr *src, struct sockaddr *dst,
		       u_int32_t spi, u_int32_t reqid, u_int wsize, caddr_t keymat, u_int e_type,
		       u_int e_keylen, u_int a_type, u_int a_keylen, u_int flags, u_int32_t l_alloc,
		       u_int64_t l_bytes, u_int64_t l_addtime, u_int64_t l_usetime, u_int32_t seq,
		       u_int8_t natt_type, u_int16_t sport, u_int16_t dport, struct sockaddr *oa,
		       u_int16_t frag);
int pfkey_send_update_nat(int so, u_int satype, u_int mode, struct sockaddr *src,
			  struct sockaddr *dst, u_int32_t spi, u_int32_t reqid, u_int wsize,
			  caddr_t keymat, u_int e_type, u_int e_keylen, u_int a_type,
			  u_int a_keylen, u_int flags, u_int32_t l_alloc, u_int64_t l_bytes,
			  u_int64_t l_addtime, u_int64_t l_usetime, u_int32_t seq,
			  u_int8_t natt_type, u_int16_t sport, u_int16_t dport, struct sockaddr *oa,
			  u_int16_t frag);
int pfkey_send_delete(int so, u_int satype, u_int mode, struct sockaddr *src, struct sockaddr *dst,
		      u_int32_t spi);
/* Linux refuses it: the kernel wants an SPI. */
int pfkey_send_delete_all(int so, u_int satype, u_int mode, struct sockaddr *src,
			  struct sockaddr *dst);
int pfkey_send_get(int so, u_int satype, u_int mode, struct sockaddr *src, struct sockaddr *dst,
		   u_int32_t spi);
int pfkey_send_register(int so, u_int satype);
/* Waits for the answer to this process' REGISTER and keeps the lists. */
int pfkey_recv_register(int so);
int pfkey_send_flush(int so, u_int satype);
int pfkey_send_dump(int so, u_int satype);
int pfkey_send_promisc_toggle(int so, int flag);

/* ---- the SPD ---- */

int pfkey_send_spdadd(int so, struct sockaddr *src, u_int prefs, struct sockaddr *dst, u_int prefd,
		      u_int proto, caddr_t policy, int policylen, u_int32_t seq);
int pfkey_send_spdadd2(int so, struct sockaddr *src, u_int prefs, struct sockaddr *dst, u_int prefd,
		       u_int proto, u_int64_t ltime, u_int64_t vtime, caddr_t policy, int policylen,
		       u_int32_t seq);
int pfkey_send_spdupdate(int so, struct sockaddr *src, u_int prefs, struct sockaddr *dst,
			 u_int prefd, u_int proto, caddr_t policy, int policylen, u_int32_t seq);
int pfkey_send_spdupdate2(int so, struct sockaddr *src, u_int prefs, struct sockaddr *dst,
			  u_int prefd, u_int proto, u_int64_t ltime, u_int64_t vtime,
			  caddr_t policy, int policylen, u_int32_t seq);
int pfkey_send_spddelete(int so, struct sockaddr *src, u_int prefs, struct sockaddr *dst,
			 u_int prefd, u_int proto, caddr_t policy, int policylen, u_int32_t seq);
int pfkey_send_spdsetidx(int so, struct sockaddr *src, u_int prefs, struct sockaddr *dst,
			 u_int prefd, u_int proto, caddr_t policy, int policylen, u_int32_t seq);
/*
 * Moves what a policy's requests name to new ends: policy has the requests in pairs, the old one,
 * then the new one, which differ in their addresses only.  local and remote are where IKE is to
 * talk from now on; both may be NULL.
 */
int pfkey_send_migrate(int so, struct sockaddr *local, struct sockaddr *remote,
		       struct sockaddr *src, u_int prefs, struct sockaddr *dst, u_int prefd,
		       u_int proto, caddr_t policy, int policylen, u_int32_t seq);
int pfkey_send_spddelete2(int so, u_int32_t spid);
int pfkey_send_spdget(int so, u_int32_t spid);
int pfkey_send_spdflush(int so);
int pfkey_send_spddump(int so);

#ifdef __cplusplus
}
#endif

#endif
