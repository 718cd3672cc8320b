/* SPDX-License-Identifier: BSD-2-Clause */
/* Small conversions between the model and XFRM that go both ways: addresses, modes, flags. */
#include "xfrm_codec.h"

#include <string.h>

/* clang-format off */
const struct xfrm_flag xfrm_sa_flags[] = {
	{ KEYDB_SA_NOECN, XFRM_STATE_NOECN },
	{ KEYDB_SA_DECAP_DSCP, XFRM_STATE_DECAP_DSCP },
	{ KEYDB_SA_NOPMTUDISC, XFRM_STATE_NOPMTUDISC },
	{ KEYDB_SA_WILDRECV, XFRM_STATE_WILDRECV },
	{ KEYDB_SA_ICMP, XFRM_STATE_ICMP },
	{ KEYDB_SA_AF_UNSPEC, XFRM_STATE_AF_UNSPEC },
	{ KEYDB_SA_ALIGN4, XFRM_STATE_ALIGN4 },
	{ KEYDB_SA_ESN, XFRM_STATE_ESN },
	{ 0, 0 },
};

const struct xfrm_flag xfrm_sa_extra_flags[] = {
	{ KEYDB_SA_DONT_ENCAP_DSCP, XFRM_SA_XFLAG_DONT_ENCAP_DSCP },
	{ KEYDB_SA_OSEQ_MAY_WRAP, XFRM_SA_XFLAG_OSEQ_MAY_WRAP },
	{ 0, 0 },
};

const struct xfrm_flag xfrm_policy_flags[] = {
	{ KEYDB_POLICY_LOCALOK, XFRM_POLICY_LOCALOK },
	{ KEYDB_POLICY_ICMP, XFRM_POLICY_ICMP },
	{ 0, 0 },
};
/* clang-format on */

uint32_t xfrm_flags_to_kernel(const struct xfrm_flag *table, uint32_t model)
{
	uint32_t kernel = 0;
	for (; table->model; table++)
		if (model & table->model)
			kernel |= table->kernel;
	return kernel;
}

uint32_t xfrm_flags_from_kernel(const struct xfrm_flag *table, uint32_t kernel)
{
	uint32_t model = 0;
	for (; table->model; table++)
		if (kernel & table->kernel)
			model |= table->model;
	return model;
}

uint8_t xfrm_mode_to_kernel(uint8_t model)
{
	switch (model) {
	case KEYDB_MODE_TUNNEL:
		return XFRM_MODE_TUNNEL;
	case KEYDB_MODE_BEET:
		return XFRM_MODE_BEET;
	default:
		return model & KEYDB_MODE_OTHER ? model & (KEYDB_MODE_OTHER - 1)
						: XFRM_MODE_TRANSPORT;
	}
}

uint8_t xfrm_mode_from_kernel(uint8_t kernel)
{
	switch (kernel) {
	case XFRM_MODE_TRANSPORT:
		return KEYDB_MODE_TRANSPORT;
	case XFRM_MODE_TUNNEL:
		return KEYDB_MODE_TUNNEL;
	case XFRM_MODE_BEET:
		return KEYDB_MODE_BEET;
	default:
		return KEYDB_MODE_OTHER | kernel;
	}
}

uint16_t xfrm_addr_family(const union keydb_addr *a)
{
	return xfrm_family_bits(a->sa.sa_family) ? a->sa.sa_family : AF_UNSPEC;
}

uint8_t xfrm_family_bits(uint16_t family)
{
	return family == AF_INET ? 32 : family == AF_INET6 ? 128 : 0;
}

xfrm_address_t xfrm_addr_to_kernel(const union keydb_addr *a)
{
	xfrm_address_t x = { .a6 = { 0 } };
	if (a->sa.sa_family == AF_INET)
		x.a4 = a->sin.sin_addr.s_addr;
	else if (a->sa.sa_family == AF_INET6)
		x.in6 = a->sin6.sin6_addr;
	return x;
}

union keydb_addr xfrm_addr_from_kernel(const xfrm_address_t *x, uint16_t family, uint16_t port)
{
	union keydb_addr a;
	memset(&a, 0, sizeof(a));
	a.sa.sa_family = family;
	if (family == AF_INET) {
		a.sin.sin_addr.s_addr = x->a4;
		a.sin.sin_port = port;
	} else if (family == AF_INET6) {
		a.sin6.sin6_addr = x->in6;
		a.sin6.sin6_port = port;
	}
	return a;
}

bool xfrm_addr_is_zero(const xfrm_address_t *x, uint16_t family)
{
	static const xfrm_address_t zero;
	return !memcmp(x, &zero, xfrm_family_bits(family) / 8);
}
