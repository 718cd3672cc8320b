/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random lives of two engines over a bad wire: at the end both sides must agree.
 *
 *	sim_seeds [COUNT [START]]      COUNT seeds from START on; names each that fails
 *	sim_seeds 1 SEED               with SIM_LOG=1: what happens in that one
 *
 * Each seed chooses families, modes, algorithms, delays and up to eight deeds at random
 * times: initiate from either or both sides, traffic, rekeying by either or both sides, delete
 * of the IKE SA or the child, hard expiry, a kernel that refuses, a daemon that dies.  In some
 * lives rekeying comes by itself, too; in a third of them a host roams, or its NAT forgets it, with
 * MOBIKE and without.  30 % of all datagrams are lost, 20 % come twice, all are delayed by 5 to
 * 400 ms and so overtake each other.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "sim/random.h"
#include "sim/sim.h"

enum {
	DEEDS_MAX = 8,
	PLAY_MS = 60000,
	SETTLE_LIMIT_MS = 30 * 60 * 1000,
	FAILURES_MAX = 20,
	SMALL_FRAGMENT_BYTES = 160,
};

struct tally {
	unsigned long n_up, n_down, n_repaired;
};

static void tweak(struct policy *p, struct peer_config *peer, struct child_config *child, int node)
{
	(void)p;
	/* Chosen by what is random already: the delay of liveness checks differs by seed. */
	if (node == SIM_A && peer->dpd_delay_ms % 10000 < 3000)
		peer->initiate = INITIATE_AT_START;
	peer->initial_contact = peer->dpd_delay_ms % 1000 < 800;
	child->pfs_group = peer->dpd_delay_ms % 100 < 30 ? KE_CURVE25519 : KE_NONE;
	peer->fragment_bytes = peer->dpd_delay_ms % 3 == 0 ? SMALL_FRAGMENT_BYTES : 0;
}

/* Some hosts move, with MOBIKE or without; who they are does not depend on where. */
static void tweak_mobile(struct policy *p, struct peer_config *peer, struct child_config *child,
			 int node)
{
	tweak(p, peer, child, node);
	peer->mobike = peer->dpd_delay_ms % 7 < 5;
	peer->verify_id = false;
	if (node != SIM_B)
		return;
	const char *text = addr_len(&peer->peer_addrs[0]) == 16 ? "2001:db8::101" : "203.0.113.1";
	REQUIRE(addr_parse(text, &peer->peer_addrs[peer->n_peer_addrs++]) == 0);
}

static void choose(struct prng *p, struct sim_options *o)
{
	static const char *const ike[] = {
		"aes_gcm16:128/prf_sha256/curve25519",
		"aes_gcm16:256/prf_sha384/curve25519,ecp256",
		"aes:128/prf_sha256/hmac_sha256/ecp256,curve25519",
		"aes:256/prf_sha256/hmac_sha256/curve25519;aes_gcm16:256/prf_sha256/curve25519",
	};
	static const char *const esp[] = { "aes_gcm16:128", "aes_gcm16:256", "aes:128/hmac_sha256",
					   "aes:256/hmac_sha256;aes_gcm16:128" };

	o->wire = (struct wire_options){
		.loss_percent = 30, .duplicate_percent = 20, .delay_min_ms = 5, .delay_max_ms = 400
	};
	o->v6 = prng_percent(p, 40);
	o->transport = prng_percent(p, 40);
	o->nat = !o->v6 && prng_percent(p, 30);
	o->ipcomp = prng_percent(p, 30);
	o->keeper_delay_ms = prng_below(p, 200);
	o->kernel_delay_ms = prng_below(p, 200);
	o->dpd_delay_ms = 20000 + prng_below(p, 20000);
	for (int i = 0; i < SIM_NODES; i++) {
		o->ike[i] = ike[prng_percent(p, 85) ? 0 : prng_below(p, N_ELEMENTS(ike))];
		o->esp[i] = esp[prng_percent(p, 85) ? 0 : prng_below(p, N_ELEMENTS(esp))];
	}
	if (prng_percent(p, 3))
		o->psk[prng_below(p, 2)] = "another key";
	o->tweak = tweak;
}

/* A is elsewhere, or its NAT has forgotten it. */
static void move(struct sim *s)
{
	static const char *const places[2][2] = { { "192.0.2.1", "203.0.113.1" },
						  { "2001:db8::1", "2001:db8::101" } };
	const char *const *p = places[s->options.v6];
	struct addr first;
	if (s->options.nat) {
		s->wire.options.nat_shift = s->wire.options.nat_shift == 10000 ? 20000 : 10000;
		return;
	}
	REQUIRE(addr_parse(p[0], &first) == 0);
	bool there = wire_end_has(&s->wire.ends[SIM_A], &first);
	sim_remove_address(s, SIM_A, p[!there]);
	sim_run(s, prng_below(&s->prng, 10000));
	sim_add_address(s, SIM_A, p[there]);
}

/* One random deed; true if a daemon died. */
static bool deed(struct sim *s)
{
	int node = (int)prng_below(&s->prng, 2);
	const char *child = node == SIM_A ? "b/net" : "a/net";
	const char *peer = node == SIM_A ? "b" : "a";

	switch (prng_below(&s->prng, 22)) {
	case 0:
	case 1:
	case 2:
		(void)sim_initiate(s, node);
		break;
	case 3:
		(void)sim_initiate(s, SIM_A);
		(void)sim_initiate(s, SIM_B);
		break;
	case 4:
	case 5:
		/* Behind a NAT only the inside can be first */
		sim_acquire(s, s->options.nat ? SIM_A : node);
		break;
	case 6:
		(void)sim_terminate(s, node, peer);
		break;
	case 7:
		(void)sim_terminate(s, SIM_A, "b");
		(void)sim_terminate(s, SIM_B, "a");
		break;
	case 8:
		(void)sim_terminate(s, node, child);
		break;
	case 9:
		sim_expire(s, node);
		break;
	case 10:
		kernel_fake_fail_next(s->nodes[node].kernel,
				      prng_percent(&s->prng, 50) ? -EEXIST : -ENOMEM);
		break;
	case 11:
		if (!prng_percent(&s->prng, 40))
			break;
		sim_crash(s, node);
		return true;
	case 12:
	case 13:
	case 14:
		sim_grow_old(s, node);
		break;
	case 15:
		sim_grow_old(s, SIM_A);
		sim_grow_old(s, SIM_B);
		break;
	case 16:
	case 17:
		sim_rekey(s, node, peer);
		break;
	case 18:
		sim_rekey(s, SIM_A, "b");
		sim_rekey(s, SIM_B, "a");
		break;
	case 19:
		sim_rekey(s, node, peer);
		sim_grow_old(s, !node);
		break;
	case 20:
		sim_reauth(s, node);
		break;
	case 21:
		sim_reauth(s, SIM_A);
		sim_reauth(s, SIM_B);
		break;
	}
	return false;
}

/* A side that was left alone, by death, by a move or by loss of all tries, learns it by a liveness check. */
static bool may_differ(const struct sim *s, bool crashed)
{
	return crashed || engine_counters(s->nodes[SIM_A].engine)->n_silent ||
	       engine_counters(s->nodes[SIM_B].engine)->n_silent;
}

static bool complain(struct sim *s, uint64_t seed, const char *when)
{
	char text[4096];
	printf("# seed %llu, %s: %s\n", (unsigned long long)seed, when,
	       sim_difference(s, text, sizeof(text)));
	return false;
}

/* Until nothing moves; then both must agree, or have a reason not to do so yet. */
static bool settle(struct sim *s, uint64_t seed, bool crashed, struct tally *t)
{
	if (!sim_run_until(s, sim_is_quiet, SETTLE_LIMIT_MS))
		return complain(s, seed, "never quiet");
	if (sim_agrees(s))
		return true;
	if (!may_differ(s, crashed))
		return complain(s, seed, "quiet, but different for no reason");
	t->n_repaired++;
	return sim_run_until(s, sim_is_settled, SETTLE_LIMIT_MS) ||
	       complain(s, seed, "never agreed");
}

static bool play(uint64_t seed, struct tally *t)
{
	struct prng p = prng_of(seed);
	struct sim_options o = { .seed = seed * 2 + 1 };
	random_seed(seed);
	choose(&p, &o);
	bool mobile = seed % 3 == 0, crashed = mobile;
	if (mobile)
		o.tweak = tweak_mobile;
	struct sim *s = sim_new(&o);
	uint32_t n = 1 + prng_below(&s->prng, DEEDS_MAX);

	(void)sim_initiate(s, (int)prng_below(&s->prng, 2));
	for (uint32_t i = 0; i < n; i++) {
		sim_run(s, prng_below(&s->prng, PLAY_MS / n));
		crashed |= deed(s);
		if (mobile && prng_percent(&s->prng, 50))
			move(s);
	}
	bool settled = settle(s, seed, crashed, t);
	t->n_up += settled && sim_n_up(s, SIM_A);
	t->n_down += settled && !sim_n_up(s, SIM_A);
	sim_free(s);
	return settled;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 10000;
	unsigned long start = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	unsigned long n_failed = 0;
	struct tally t = { 0 };

	if (getenv("SIM_LOG"))
		sim_log_capture();
	else
		log_set_level(LOG_ERROR);
	if (crypto_start() < 0)
		return 1;
	printf("1..1\n");
	for (unsigned long i = 0; i < count && n_failed < FAILURES_MAX; i++)
		n_failed += !play(start + i, &t);
	printf("# up %lu, down %lu, settled only by a liveness check %lu\n", t.n_up, t.n_down,
	       t.n_repaired);
	printf("%s 1 - both sides agree at the end of each of %lu seeds from %lu\n",
	       n_failed ? "not ok" : "ok", count, start);
	crypto_end();
	return n_failed != 0;
}
