/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network between two engines: loses, duplicates, delays (and so reorders), translates
 * addresses.  Everything it decides comes from one seeded generator.
 */
#ifndef TANUKI_SIM_WIRE_H
#define TANUKI_SIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/loop.h"
#include "net/udp.h"

/* xorshift64*; the state is never 0. */
struct prng {
	uint64_t state;
};
struct prng prng_of(uint64_t seed);
uint64_t prng_next(struct prng *p);
/* 0 .. n - 1 */
uint32_t prng_below(struct prng *p, uint32_t n);
bool prng_percent(struct prng *p, uint32_t percent);

struct wire_options {
	uint32_t loss_percent, duplicate_percent;
	int64_t delay_min_ms, delay_max_ms;
	/* A host behind a NAT: what comes from inside leaves as outside, its port plus shift. */
	struct addr nat_inside, nat_outside;
	uint16_t nat_shift;
};

struct wire;

enum { WIRE_ADDRS_MAX = 4 };

/* One end: an udp port for an engine. */
struct wire_end {
	struct udp udp;
	struct wire *wire;
	struct addr addr;                     /* without a port: the first */
	struct addr more[WIRE_ADDRS_MAX - 1]; /* unset: none */
	udp_receive_fn receive;
	void *arg;
	uint64_t n_sent;
};

/* Sees each datagram before the wire decides; may change it (but not its length): false loses it. */
typedef bool (*wire_tap_fn)(void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len);

/* Does a path lead from here to there? */
typedef bool (*wire_path_fn)(void *arg, const struct addr *from, const struct addr *to);

struct wire {
	struct loop *loop;
	struct prng *prng;
	struct wire_options options;
	struct wire_end ends[2];
	struct list flying;
	size_t n_flying;
	wire_tap_fn tap;
	void *tap_arg;
	struct addr tap_from, tap_to; /* of that datagram */
	wire_path_fn path;            /* NULL: every one does */
	void *path_arg;
};

void wire_init(struct wire *w, struct loop *l, struct prng *p, const struct wire_options *options);
void wire_done(struct wire *w);
bool wire_end_has(const struct wire_end *end, const struct addr *a);
/* What the NAT makes of a datagram's ends; false: it leads nowhere. */
bool wire_leads(const struct wire *w, struct addr *from, struct addr *to);
/* A datagram of the test's own, as if end from had sent it. */
void wire_inject(struct wire *w, const struct addr *from, const struct addr *to, struct slice bytes,
		 int64_t delay_ms);

#endif
