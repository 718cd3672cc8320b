/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inner addresses and what belongs to them: what a gateway gives a client for the network
 * behind it (RFC 7296 2.19, RFC 8598).  Values of a peer are checked here before anybody
 * uses them: they end in the kernel and in the files of a resolver.
 */
#ifndef TANUKI_POLICY_INNER_H
#define TANUKI_POLICY_INNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/wire.h"

/* One address of each family. */
enum { INNER_V4, INNER_V6, INNER_FAMILIES };
enum {
	INNER_DNS_MAX = 8,
	INNER_DOMAINS_MAX = 16,
	INNER_DOMAIN_MAX_BYTES = 254, /* RFC 1035: 253 and the terminating zero */
	INNER_ROUTES_MAX = 32,
};

struct inner_dns {
	uint8_t n_servers, n_domains;
	struct addr servers[INNER_DNS_MAX];
	/* Only names in these are asked for there; none: all names. */
	char domains[INNER_DOMAINS_MAX][INNER_DOMAIN_MAX_BYTES];
};

/* What the monitor is to make so, for one IKE SA in which we are the client. */
struct inner_set {
	uint64_t holder;  /* the engine's number for it: see lease.h */
	char remote[64];  /* the peer's entry: what has the same name shares an interface */
	struct addr peer; /* outside: never routed into its own tunnel */
	struct addr local;
	struct addr addr[INNER_FAMILIES]; /* unset: none */
	struct inner_dns dns;
	uint8_t n_routes;
	struct addr_prefix routes[INNER_ROUTES_MAX]; /* what goes through the tunnel */
};

/* The index of an address' family; INNER_FAMILIES for none. */
unsigned int inner_family(const struct addr *a);

/*
 * May it be the address of a host in a network?  Not 0.0.0.0 or ::, loopback, multicast or
 * broadcast, link-local, or an IPv4 address in the clothes of IPv6.
 */
bool inner_host_ok(const struct addr *a);

/*
 * Is it a domain name in presentation format, as RFC 8598 4.1 has it: labels of letters,
 * digits, hyphens and underscores, 1 to 63 each, joined by dots, 253 in all; the root's dot
 * may end it.  No escapes: what passes can be an argument of a program or a word in a file.
 */
bool inner_domain_ok(struct slice name);
/* Takes one over, in lower case and without the root's dot.  -EINVAL: it is none. */
MUST_USE int inner_domain_set(char ret[INNER_DOMAIN_MAX_BYTES], struct slice name);

/* All of a set is as these functions would have let it pass.  NULL, or what is not (static). */
const char *inner_dns_fault(const struct inner_dns *dns);
const char *inner_set_fault(const struct inner_set *set);

#endif
