/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program as it was written for KAME's libipsec: it includes and calls what was there, and
 * knows nothing of another library.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <ipsec_strerror.h>
#include <libpfkey.h>
#include PATH_IPSEC_H

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char policy_text[] = "out ipsec esp/transport//require";

static int policy_goes_out(int so, int peer)
{
	struct sockaddr_in src, dst;
	char buf[512];
	ipsec_policy_t policy = ipsec_set_policy(policy_text, strlen(policy_text));
	int sent, len = ipsec_get_policylen(policy);
	memset(&src, 0, sizeof(src));
	src.sin_family = AF_INET;
	dst = src;
	sent = pfkey_send_spdadd(so, (struct sockaddr *)&src, 32, (struct sockaddr *)&dst, 32,
				 IPPROTO_TCP, policy, len, 1);
	free(policy);
	return sent > 0 && read(peer, buf, sizeof(buf)) == sent;
}

static int sa_goes_out(int so, int peer)
{
	static char keys[36];
	struct sockaddr_in src, dst;
	struct sadb_msg *msg;
	caddr_t mhp[SADB_EXT_MAX + 1];
	char buf[1024];
	int sent;
	memset(&src, 0, sizeof(src));
	src.sin_family = AF_INET;
	dst = src;
	sent = pfkey_send_add(so, SADB_SATYPE_ESP, IPSEC_MODE_TUNNEL, (struct sockaddr *)&src,
			      (struct sockaddr *)&dst, htonl(0x1000), 0, 4, keys,
			      SADB_X_EALG_RIJNDAELCBC, 16, SADB_AALG_SHA1HMAC, 20,
			      SADB_X_EXT_CYCSEQ, 0, 0, 3600, 0, 1);
	if (sent <= 0 || read(peer, buf, sizeof(buf)) != sent)
		return 0;
	msg = (struct sadb_msg *)buf;
	if (PFKEY_UNUNIT64(msg->sadb_msg_len) != sent || pfkey_align(msg, mhp) || pfkey_check(mhp))
		return 0;
	return sysdep_sa_len(PFKEY_ADDR_SADDR(mhp[SADB_EXT_ADDRESS_SRC])) == sizeof(src) &&
	       PFKEY_EXTLEN(mhp[SADB_EXT_SA]) == sizeof(struct sadb_sa);
}

int main(void)
{
	int so[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, so))
		return 1;
	if (!policy_goes_out(so[0], so[1]) || !sa_goes_out(so[0], so[1])) {
		printf("%s\n", ipsec_strerror());
		return 1;
	}
	if (ipsec_check_keylen(SADB_EXT_SUPPORTED_AUTH, SADB_AALG_SHA1HMAC, 160) == 0 ||
	    __ipsec_errcode != EIPSEC_DO_GET_SUPP_LIST)
		return 1; /* nobody has registered */
	pfkey_close(so[0]);
	return 0;
}
