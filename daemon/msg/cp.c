/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of configuration attributes, and values of theirs. */
#include "msg/cp.h"

enum { ANY = 0, BITS_BYTES = 1, MASK_BYTES = 4 };

/* clang-format off */
static const struct cp_attribute rows[] = {
	/* type                    bytes unit supported name */
	{ CP_IP4_ADDRESS,          4,    1,   true,     "INTERNAL_IP4_ADDRESS" },
	{ CP_IP4_NETMASK,          4,    1,   true,     "INTERNAL_IP4_NETMASK" },
	{ CP_IP4_DNS,              4,    1,   true,     "INTERNAL_IP4_DNS" },
	{ CP_IP4_NBNS,             4,    1,   true,     "INTERNAL_IP4_NBNS" },
	{ CP_IP4_DHCP,             4,    1,   false,    "INTERNAL_IP4_DHCP" },
	{ CP_APPLICATION_VERSION,  ANY,  1,   true,     "APPLICATION_VERSION" },
	{ CP_IP6_ADDRESS,          17,   1,   true,     "INTERNAL_IP6_ADDRESS" },
	{ CP_IP6_DNS,              16,   1,   true,     "INTERNAL_IP6_DNS" },
	{ CP_IP6_DHCP,             16,   1,   false,    "INTERNAL_IP6_DHCP" },
	{ CP_IP4_SUBNET,           8,    1,   true,     "INTERNAL_IP4_SUBNET" },
	{ CP_SUPPORTED_ATTRIBUTES, ANY,  2,   true,     "SUPPORTED_ATTRIBUTES" },
	{ CP_IP6_SUBNET,           17,   1,   true,     "INTERNAL_IP6_SUBNET" },
	{ CP_DNS_DOMAIN,           ANY,  1,   true,     "INTERNAL_DNS_DOMAIN" },
	{ CP_DNSSEC_TA,            ANY,  1,   false,    "INTERNAL_DNSSEC_TA" },
};
/* clang-format on */

const struct cp_attribute *cp_table(size_t *ret_n)
{
	*ret_n = N_ELEMENTS(rows);
	return rows;
}

const struct cp_attribute *cp_find(uint16_t type)
{
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

const char *cp_name(uint16_t type)
{
	const struct cp_attribute *row = cp_find(type);
	return row ? row->name : "unknown attribute";
}

bool cp_well_formed(const struct pl_cp_attribute *a)
{
	const struct cp_attribute *row = cp_find(a->type);
	if (!row || a->value.len == 0)
		return true;
	return row->bytes ? a->value.len == row->bytes : a->value.len % row->unit_bytes == 0;
}

/* Ones from the left; false if others follow. */
static bool mask_bits(struct slice mask, uint8_t *ret)
{
	uint8_t bits = 0;
	while (bits < 8 * mask.len && mask.p[bits / 8] & 0x80 >> bits % 8)
		bits++;
	for (size_t i = bits; i < 8 * mask.len; i++)
		if (mask.p[i / 8] & 0x80 >> i % 8)
			return false;
	*ret = bits;
	return true;
}

bool cp_value_addr(const struct pl_cp_attribute *a, struct addr *ret, uint8_t *ret_bits)
{
	const struct cp_attribute *row = cp_find(a->type);
	struct addr addr;
	if (!row || !row->bytes || a->value.len != row->bytes)
		return false;
	size_t len = row->bytes < 16 ? 4 : 16;
	struct slice rest = slice_of(a->value.p + len, row->bytes - len);
	if (addr_from_bytes(slice_of(a->value.p, len), &addr) < 0)
		return false;
	uint8_t bits = addr_bits(&addr);
	if (rest.len == BITS_BYTES && rest.p[0] > bits)
		return false;
	if (rest.len == BITS_BYTES)
		bits = rest.p[0];
	if (rest.len == MASK_BYTES && !mask_bits(rest, &bits))
		return false;
	*ret = addr;
	*ret_bits = bits;
	return true;
}

void cp_emit(struct wr *w, uint16_t type, struct slice value)
{
	wr_u16(w, type);
	if (value.len > UINT16_MAX)
		w->bad = true;
	wr_u16(w, (uint16_t)value.len);
	wr_slice(w, value);
}

static uint32_t mask_of(uint8_t bits)
{
	return bits ? UINT32_MAX << (32 - bits) : 0;
}

void cp_emit_addr(struct wr *w, uint16_t type, const struct addr *a, uint8_t bits)
{
	const struct cp_attribute *row = cp_find(type);
	size_t rest = row && row->bytes >= addr_len(a) ? row->bytes - addr_len(a) : 0;
	wr_u16(w, type);
	wr_u16(w, (uint16_t)(addr_len(a) + rest));
	wr_slice(w, addr_slice(a));
	if (rest == BITS_BYTES)
		wr_u8(w, bits);
	else if (rest == MASK_BYTES)
		wr_u32(w, mask_of(bits));
	else if (rest)
		w->bad = true;
}

void cp_emit_supported(struct wr *w)
{
	uint8_t types[2 * N_ELEMENTS(rows)];
	struct wr list = wr_of(types, sizeof(types));
	for (size_t i = 0; i < N_ELEMENTS(rows); i++)
		if (rows[i].supported)
			wr_u16(&list, rows[i].type);
	cp_emit(w, CP_SUPPORTED_ATTRIBUTES, wr_slice_of(&list));
}
