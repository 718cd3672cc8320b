/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which program tells this machine's resolver of a link's name servers, and what is said to it.
 * Everything that came from a peer has passed inner_dns_fault(): addresses and domain names
 * that need no quoting; a program gets them as arguments or on its standard input, no shell
 * is between.
 *
 *	resolvectl	dns LINK SERVER...; domain LINK ~DOMAIN... (or ~. for all names)
 *	resolvconf	-a LINK.tanukid, with "nameserver SERVER" lines; it knows no domains
 */
#ifndef TANUKI_PRIV_DNS_PROGRAM_H
#define TANUKI_PRIV_DNS_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

#include "base/attr.h"
#include "policy/inner.h"
#include "policy/policy.h"

enum resolver_kind { RESOLVER_NONE, RESOLVER_RESOLVECTL, RESOLVER_RESOLVCONF };

struct resolver {
	enum resolver_kind kind;
	char path[PATH_MAX];
};

/* The configured program, or the one that this machine uses now. */
void resolver_find(const struct policy *policy, struct resolver *ret);

enum {
	RESOLVER_STEPS_MAX = 3,
	RESOLVER_ARGS_MAX = 3 + INNER_DOMAINS_MAX + 1,
	RESOLVER_TEXT_MAX_BYTES = 8192,
};

/* Programs to run, one after the other; the pointers are into text, or to the resolver. */
struct resolver_plan {
	size_t n;
	struct {
		const char *args[RESOLVER_ARGS_MAX + 1]; /* NULL ends it */
		const char *input;                       /* NULL: none */
	} steps[RESOLVER_STEPS_MAX];
	char text[RESOLVER_TEXT_MAX_BYTES];
	size_t text_bytes;
};

/* link has these (dns NULL: no) name servers from now on.  RESOLVER_NONE: no step. */
void resolver_plan(const struct resolver *r, const char *link, const struct inner_dns *dns,
		   struct resolver_plan *ret);

#endif
