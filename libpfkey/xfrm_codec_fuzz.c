/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a message type, three filler bytes, then the body.  What decodes must encode again, or be
 * refused with a reason, and then decode to the same.
 */
#include "xfrm_codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(struct nl_msg *m, const struct keydb_sa *sa)
{
	struct keydb_sa back;
	uint32_t ifindex;
	const char *why;
	int rc = xfrm_encode_sa(m, sa, 0, &why);
	if (rc && !why[0])
		abort();
	const struct nlmsghdr *h = nlmsg_hdr(m);
	if (!rc && xfrm_decode_sa(nlmsg_data(h), (size_t)nlmsg_datalen(h), &back, &ifindex))
		abort();
	if (!rc && (back.id.spi != sa->id.spi || back.replay_window_pkts != sa->replay_window_pkts))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keydb_event event;
	struct keydb_sa sa;
	struct keydb_policy p;
	uint32_t ifindex;
	if (size < 4)
		return 0;
	uint8_t *body = malloc(size - 3); /* exact and aligned */
	memcpy(body, data + 4, size - 4);
	int rc = xfrm_decode_event(data[0], body, size - 4, &event);
	if (rc && rc != -EBADMSG && rc != -ENOMSG)
		abort();
	struct nl_msg *m = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	if (!xfrm_decode_sa(body, size - 4, &sa, &ifindex))
		again(m, &sa);
	if (!xfrm_decode_policy(body, size - 4, &p) && p.n_templates > KEYDB_TEMPLATES_MAX)
		abort();
	nlmsg_free(m);
	free(body);
	return 0;
}
