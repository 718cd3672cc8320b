/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What our inner addresses need on this machine, where we are a client: a link of its own for
 * each remote, the addresses on it, a routing table with what the gateway protects, rules that
 * lead there, name servers.  The link swallows: what is routed there and finds no policy of
 * IPsec's never leaves in clear text.
 *
 *	link    tanuki0       the addresses
 *	table   72960 + 0     routes to the link, from the addresses on; never to the gateway itself
 *	rules   7296          packets from the addresses, or without a source yet, look there
 *
 * Several IKE SAs with one remote share a link: while one replaces another both have their
 * addresses (RFC 7296 2.8.3).  Each call says what is wanted; the differences are made so.
 */
#ifndef TANUKI_PRIV_SETUP_H
#define TANUKI_PRIV_SETUP_H

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "net/links.h"
#include "policy/inner.h"

enum { SETUP_TUNNELS_MAX = 64, SETUP_HOLDERS_MAX = 8 };
#define SETUP_KIND "dummy"
#define SETUP_PREFIX "tanuki"
enum { SETUP_TABLE = 72960, SETUP_PRIORITY = 7296 };

/* Who does it; 0 or negative errno. */
struct setup_ops {
	int (*add)(void *arg, const char *name, uint32_t *ret_link);
	int (*remove)(void *arg, uint32_t link);
	int (*put)(void *arg, const struct links_item *item);
	int (*take)(void *arg, const struct links_item *item);
	/* From now on these are the link's name servers; dns NULL: it has none any more. */
	void (*names)(void *arg, const char *name, const struct inner_dns *dns);
};

struct setup;

/* NULL without memory. */
struct setup *setup_new(const struct setup_ops *ops, void *arg);
/* Removes all. */
void setup_free(struct setup *s);

/*
 * From now on the holder has this; the set has passed inner_set_fault().  On failure everything is
 * as it was: -ENOSPC (too many), -ENOMEM, or what the kernel said.
 */
MUST_USE int setup_set(struct setup *s, const struct inner_set *set, struct err *err);
/* The holder has nothing any more; unknown ones are no error. */
void setup_drop(struct setup *s, uint64_t holder);
/* The same for all holders with this in bits 63..56: an engine ended. */
void setup_drop_all(struct setup *s, uint8_t engine);

DEFINE_FREEP(struct setup, setup_free)

#endif
