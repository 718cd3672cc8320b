/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a message type, three filler bytes, then the body.  What decodes must encode again,
 * or be refused with a reason, and then decode to the same.
 */
#include "model_unit.h"
#include "xfrm_codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again_sa(const struct keydb_sa *sa, uint32_t ifindex)
{
	struct keydb_sa first = *sa, back;
	uint32_t ifindex_back = 0;
	const char *why = "";
	struct nl_msg *m = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	const struct nlmsghdr *h = nlmsg_hdr(m);
	int rc = xfrm_encode_sa(m, sa, ifindex, &why);
	if (rc && !why[0])
		abort();
	if (!rc && xfrm_decode_sa(nlmsg_data(h), (size_t)nlmsg_datalen(h), &back, &ifindex_back))
		abort();
	if (!rc) {
		model_kernel_sa(&first);
		model_kernel_sa(&back);
		if (memcmp(&first, &back, sizeof(first)) != 0 || ifindex != ifindex_back)
			abort();
	}
	nlmsg_free(m);
}

static void again_policy(const struct keydb_policy *p)
{
	struct keydb_policy first = *p, back;
	const char *why = "";
	struct nl_msg *m = nlmsg_alloc_size(XFRM_MESSAGE_MAX_BYTES);
	const struct nlmsghdr *h = nlmsg_hdr(m);
	if (p->n_templates > KEYDB_TEMPLATES_MAX)
		abort();
	int rc = xfrm_encode_policy(m, p, &why);
	if (rc && !why[0])
		abort();
	if (!rc && xfrm_decode_policy(nlmsg_data(h), (size_t)nlmsg_datalen(h), &back))
		abort();
	if (!rc) {
		model_kernel_policy(&first);
		model_kernel_policy(&back);
		if (memcmp(&first, &back, sizeof(first)) != 0)
			abort();
	}
	nlmsg_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keydb_event event;
	struct keydb_sa sa;
	struct keydb_policy p;
	uint32_t ifindex = 0;
	if (size < 4)
		return 0;
	uint8_t *body = malloc(size - 3); /* exact and aligned */
	memcpy(body, data + 4, size - 4);
	int rc = xfrm_decode_event(data[0], body, size - 4, &event);
	if (rc && rc != -EBADMSG && rc != -ENOMSG)
		abort();
	if (!xfrm_decode_sa(body, size - 4, &sa, &ifindex))
		again_sa(&sa, ifindex);
	if (!xfrm_decode_policy(body, size - 4, &p))
		again_policy(&p);
	free(body);
	return 0;
}
