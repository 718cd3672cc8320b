/* SPDX-License-Identifier: BSD-2-Clause */
/* What the scenario tests share. */
#ifndef TANUKI_SIM_SCENARIO_H
#define TANUKI_SIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/unit.h"
#include "sim/sim.h"

enum { LONG_MS = 300000 };

/* A good wire of 10 ms, a quick keeper and kernel. */
struct sim_options plain(void);
/* With an empty log. */
struct sim *start(const struct sim_options *o);
/* Initiates and expects one IKE SA with one child on both sides. */
void come_up(struct sim *s, int node);
/* The same, and nothing unusual in the log. */
void come_up_and_end(const struct sim_options *o, int node);
/* The first child in a node's kernel. */
const struct kernel_child *child_of(const struct sim *s, int node);
/* A tweak: b knows no address of a, and nobody looks at identities. */
void anywhere(struct policy *p, struct peer_config *peer, struct child_config *child, int node);

/* What a test sees of the wire, and loses. */
struct tap {
	uint8_t messages[16][4096];
	size_t lens[16], n;
	int lose_nth[SIM_NODES]; /* 1: the first datagram of that end, 0: none */
	int n_of[SIM_NODES];
};
void tap_set(struct sim *s, struct tap *t);
/* Sends bytes as if the node had sent them. */
void inject(struct sim *s, int from, uint8_t *bytes, size_t len);

/* Runs the cases with the log captured and the crypto layer started. */
int scenario_run(const struct CMUnitTest *tests, size_t n);

#endif
