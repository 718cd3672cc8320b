/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes of the configuration payload, RFC 7296 3.15.1 and RFC 8598: numbers, names, sizes. */
#ifndef TANUKI_MSG_CP_H
#define TANUKI_MSG_CP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "msg/pl.h"

enum cp_attribute_type {
	CP_IP4_ADDRESS = 1,
	CP_IP4_NETMASK = 2,
	CP_IP4_DNS = 3,
	CP_IP4_NBNS = 4,
	CP_IP4_DHCP = 6,
	CP_APPLICATION_VERSION = 7,
	CP_IP6_ADDRESS = 8,
	CP_IP6_DNS = 10,
	CP_IP6_DHCP = 12,
	CP_IP4_SUBNET = 13,
	CP_SUPPORTED_ATTRIBUTES = 14,
	CP_IP6_SUBNET = 15,
	CP_DNS_DOMAIN = 25, /* RFC 8598 */
	CP_DNSSEC_TA = 26,
};

/* A row of the attribute table. */
struct cp_attribute {
	uint16_t type;
	uint16_t bytes;      /* of its value, if that is not empty; 0: any number */
	uint16_t unit_bytes; /* the number is a multiple of this */
	bool supported;      /* we say or use it: SUPPORTED_ATTRIBUTES has it */
	const char *name;    /* "INTERNAL_IP4_ADDRESS" */
};

/* All rows, for tests. */
const struct cp_attribute *cp_table(size_t *ret_n);
/* NULL if we do not know the type. */
const struct cp_attribute *cp_find(uint16_t type);
/* The name; "unknown attribute" for others. */
const char *cp_name(uint16_t type);
/* True unless the type is known and the length of its value is not as its RFC says. */
MUST_USE bool cp_well_formed(const struct pl_cp_attribute *a);

/*
 * The value as an address (*ret_bits: its prefix, all of the address if the type has none).
 * False: the value is empty, of another length, or a mask that is none.
 */
MUST_USE bool cp_value_addr(const struct pl_cp_attribute *a, struct addr *ret, uint8_t *ret_bits);

/* Writes attributes, one behind the other, for pl_cp.attributes; w is sticky. */
void cp_emit(struct wr *w, uint16_t type, struct slice value);
/* An address with what belongs to its type: a prefix length or a mask made of bits. */
void cp_emit_addr(struct wr *w, uint16_t type, const struct addr *a, uint8_t bits);
/* SUPPORTED_ATTRIBUTES with all that we support. */
void cp_emit_supported(struct wr *w);

#endif
