/* SPDX-License-Identifier: BSD-2-Clause */
/* Identities of peers, RFC 7296 3.5, as values. */
#ifndef TANUKI_POLICY_ID_H
#define TANUKI_POLICY_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/wire.h"

enum { POLICY_ID_MAX_BYTES = 256 };

/* RFC 7296 3.5 identification types. */
enum id_type {
	ID_NONE = 0,
	ID_IPV4_ADDR = 1,
	ID_FQDN = 2,
	ID_RFC822_ADDR = 3,
	ID_IPV6_ADDR = 5,
	ID_DER_ASN1_DN = 9,
	ID_KEY_ID = 11,
};

/* An identity as it stands in an ID payload: type and body bytes. */
struct id {
	uint8_t type;
	uint16_t len;
	uint8_t body[POLICY_ID_MAX_BYTES];
};

/* Text for logs and psk.txt: "192.0.2.1", "a.example", "u@example"; a DN and an address of a
 * wrong length as hex; bytes that do not print are escaped; "none" for ID_NONE.  buf returned. */
enum { ID_TEXT_MAX_BYTES = 4 * POLICY_ID_MAX_BYTES + 1 };
const char *id_text(const struct id *id, char *buf);
/* "FQDN"; "ID?" for types we do not know. */
const char *id_type_name(uint8_t type);

/* Takes a body from the wire.  -EMSGSIZE: too long; -EINVAL: empty, or no address of the type. */
MUST_USE int id_set(struct id *ret, uint8_t type, struct slice body);
void id_of_addr(const struct addr *a, struct id *ret);

/*
 * The same identity: bodies of one type, where letters of a domain name count alike (FQDN, and
 * what follows the last @ of RFC822_ADDR).  ID_NONE equals nothing.
 */
bool id_eq(const struct id *a, const struct id *b);
/* Is it this address? */
bool id_is_addr(const struct id *id, const struct addr *a);

#endif
