/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program as it was written for KAME's libipsec: it includes and calls what was there, and
 * knows nothing of another library.
 */
#include <sys/types.h>
#include <sys/socket.h>

#include <libpfkey.h>

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

int main(void)
{
	int so[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, so))
		return 1;
	if (!policy_goes_out(so[0], so[1])) {
		printf("%s\n", ipsec_strerror());
		return 1;
	}
	if (ipsec_check_keylen(SADB_EXT_SUPPORTED_AUTH, SADB_AALG_SHA1HMAC, 160) == 0)
		return 1; /* nobody has registered */
	pfkey_close(so[0]);
	return 0;
}
