/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP addresses of both families behind one type.  The only file of the daemon that
 * knows AF_INET from AF_INET6; text goes through getaddrinfo() and getnameinfo().
 */
#ifndef TANUKI_BASE_ADDR_H
#define TANUKI_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/wire.h"

/* "[2001:db8:...%scope]:65535" and the terminating zero */
enum { ADDR_TEXT_MAX_BYTES = 80, ADDR_MAX_BYTES = 16 };

/* Of addr_spread(): the words of an address, XORed, times this (2^32 by the golden ratio). */
#define ADDR_SPREAD_FACTOR 0x9e3779b1u
enum { ADDR_SPREAD_SHIFT = 16 };

/* family AF_UNSPEC (all zero) means "no address"; port in host order, 0 = none. */
struct addr {
	uint8_t ip[ADDR_MAX_BYTES]; /* network order, 4 or 16 bytes used */
	uint32_t scope_id;          /* link-local IPv6 only */
	uint16_t family;
	uint16_t port;
};

/* addr.port is unused in prefixes and ranges. */
struct addr_prefix {
	struct addr addr;
	uint8_t bits;
};

/* Parses a numeric address, "any"-free; -EINVAL.  No name is looked up. */
MUST_USE int addr_parse(const char *text, struct addr *ret);
/* As addr_parse() with "addr/bits"; without bits the whole address counts. */
MUST_USE int addr_parse_prefix(const char *text, struct addr_prefix *ret);
/*
 * Looks a name up (blocks: only at start or in a helper); up to max addresses of both
 * families in the resolver's order.  Returns their number, or negative with err filled.
 */
MUST_USE int addr_resolve(const char *name, struct addr *ret, size_t max, struct err *err);

/* Text into buf (ADDR_TEXT_MAX_BYTES), returned; "none" for no address. */
const char *addr_text(const struct addr *a, char *buf);
/* "1.2.3.4[500]", as KAME prints it. */
const char *addr_text_port(const struct addr *a, char *buf);
const char *addr_prefix_text(const struct addr_prefix *p, char *buf);

bool addr_is_set(const struct addr *a);
/* 0.0.0.0 or :: */
bool addr_is_any(const struct addr *a);
bool addr_is_linklocal(const struct addr *a);
/* Multicast, and the limited broadcast. */
bool addr_is_multicast(const struct addr *a);
/* Without and with the port. */
bool addr_eq(const struct addr *a, const struct addr *b);
bool addr_eq_port(const struct addr *a, const struct addr *b);
/* <0, 0, >0 by family, then address; the port does not count. */
int addr_cmp(const struct addr *a, const struct addr *b);
/* 4, 16, or 0 for none. */
size_t addr_len(const struct addr *a);
/* Full prefix length of the family: 32, 128, 0. */
uint8_t addr_bits(const struct addr *a);
struct slice addr_slice(const struct addr *a);
/* 4 or 16 network-order bytes; -EINVAL for any other length. */
MUST_USE int addr_from_bytes(struct slice bytes, struct addr *ret);
/*
 * 16 bits that spread addresses over parts of any number (net/steer.h: the kernel computes the
 * same); no secret is in it, the port does not count.
 */
uint32_t addr_spread(const struct addr *a);
bool addr_in_prefix(const struct addr *a, const struct addr_prefix *p);
/* First and last address of a prefix. */
void addr_prefix_range(const struct addr_prefix *p, struct addr *ret_first, struct addr *ret_last);
/* The prefix that is exactly first..last; -ERANGE if none is. */
MUST_USE int addr_range_prefix(const struct addr *first, const struct addr *last,
			       struct addr_prefix *ret);
/* The whole family as a prefix: 0.0.0.0/0 or ::/0 like the family of a. */
struct addr_prefix addr_whole(const struct addr *like);

/* Conversions at the system's border; len out is the size to pass to the system. */
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *ret);
MUST_USE int addr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct addr *ret);

#endif
