/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet's parts, added up in either direction. */
#include "policy/overhead.h"

enum {
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	UDP_BYTES = 8,
	TCP_BYTES = 20,
	ESP_BYTES = 8,         /* SPI and sequence number */
	ESP_TRAILER_BYTES = 2, /* length of the padding, next header */
	ESP_ALIGN_BYTES = 4,   /* RFC 4303 2.4 */
	AH_BYTES = 12,         /* without the ICV */
};

/* What is added is before + after; what is protected in between fills blocks, with its trailer. */
struct parts {
	uint32_t before, after, trailer, block;
	uint32_t stripped; /* of the inner packet: a header that goes outside */
};

static uint32_t ip_bytes(bool v6)
{
	return v6 ? IPV6_BYTES : IPV4_BYTES;
}

static uint32_t round_up(uint32_t n, uint32_t to)
{
	return (n + to - 1) / to * to;
}

static const struct alg *find(const struct proposal *p, uint8_t type)
{
	for (uint8_t i = 0; i < p->n_transforms; i++)
		if (p->transforms[i].type == type && p->transforms[i].id != 0)
			return alg_find(type, p->transforms[i].id);
	return NULL;
}

static bool esp_parts(const struct overhead *o, struct parts *p)
{
	const struct alg *encr = find(o->algorithms, TRANSFORM_ENCR);
	const struct alg *integ = find(o->algorithms, TRANSFORM_INTEG);
	if (!encr || (!encr->aead && !integ))
		return false;
	p->before += (o->udp ? UDP_BYTES : 0) + ESP_BYTES + encr->iv_bytes;
	p->after = encr->aead ? encr->icv_bytes : integ->icv_bytes;
	p->trailer = ESP_TRAILER_BYTES;
	p->block = encr->block_bytes > ESP_ALIGN_BYTES ? encr->block_bytes : ESP_ALIGN_BYTES;
	return true;
}

/* RFC 4302 2.6: the header is a multiple of 32 bits for IPv4, of 64 for IPv6. */
static bool ah_parts(const struct overhead *o, struct parts *p)
{
	const struct alg *integ = find(o->algorithms, TRANSFORM_INTEG);
	bool v6 = o->mode == CHILD_TRANSPORT ? o->inner_v6 : o->outer_v6;
	if (!integ)
		return false;
	p->before += round_up(AH_BYTES + integ->icv_bytes, v6 ? 8 : 4);
	p->block = 1;
	return true;
}

static bool get_parts(const struct overhead *o, struct parts *ret)
{
	bool transport = o->mode == CHILD_TRANSPORT;
	*ret = (struct parts){ .before = ip_bytes(transport ? o->inner_v6 : o->outer_v6) };
	if (o->mode != CHILD_TUNNEL)
		ret->stripped = ip_bytes(o->inner_v6);
	return o->algorithms->protocol == PROPOSAL_AH ? ah_parts(o, ret) : esp_parts(o, ret);
}

uint32_t overhead_outer_bytes(const struct overhead *o, uint32_t inner_bytes)
{
	struct parts p;
	if (!get_parts(o, &p) || inner_bytes < ip_bytes(o->inner_v6) || inner_bytes > UINT16_MAX)
		return 0;
	return p.before + round_up(inner_bytes - p.stripped + p.trailer, p.block) + p.after;
}

uint32_t overhead_inner_mtu(const struct overhead *o, uint32_t mtu)
{
	struct parts p;
	if (!get_parts(o, &p) || mtu > UINT16_MAX || mtu < p.before + p.after)
		return 0;
	uint32_t room = (mtu - p.before - p.after) / p.block * p.block;
	if (room < p.trailer)
		return 0;
	uint32_t inner_bytes = room - p.trailer + p.stripped;
	return inner_bytes < ip_bytes(o->inner_v6) ? 0 : inner_bytes;
}

uint32_t overhead_mss(const struct overhead *o, uint32_t mtu)
{
	uint32_t inner_bytes = overhead_inner_mtu(o, mtu),
		 headers = ip_bytes(o->inner_v6) + TCP_BYTES;
	return inner_bytes > headers ? inner_bytes - headers : 0;
}
