/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lives with faults: no memory at random places, and peers that protect nonsense with the
 * right keys.  Nothing may crash, leak or hang: when the faults end, both sides come to agree,
 * go down by command, leave nothing in the kernels, and come up again.
 *
 *	sim_faults [COUNT [START]]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "sim/faults.h"
#include "sim/sim.h"

enum { DEEDS = 12, DEED_EVERY_MS = 4000, SETTLE_LIMIT_MS = 30 * 60 * 1000 };
enum { SMALL_FRAGMENT_BYTES = 160 };

static void deed(struct sim *s, struct prng *p)
{
	int node = (int)prng_below(p, 2);
	switch (prng_below(p, 14)) {
	case 0:
		(void)sim_terminate(s, node, node == SIM_A ? "b" : "a");
		break;
	case 1:
		(void)sim_terminate(s, node, node == SIM_A ? "b/net" : "a/net");
		break;
	case 2:
		sim_acquire(s, node);
		break;
	case 3:
		sim_expire(s, node);
		break;
	case 4:
	case 5:
		sim_grow_old(s, node);
		break;
	case 6:
		sim_grow_old(s, SIM_A);
		sim_grow_old(s, SIM_B);
		break;
	case 7:
	case 8:
		sim_rekey(s, node, node == SIM_A ? "b" : "a");
		break;
	case 9:
		sim_rekey(s, SIM_A, "b");
		sim_rekey(s, SIM_B, "a");
		break;
	default:
		(void)sim_initiate(s, node);
		break;
	}
}

static bool complain(struct sim *s, uint64_t seed, const char *when)
{
	char text[4096];
	printf("# seed %llu, %s: %s\n", (unsigned long long)seed, when,
	       sim_difference(s, text, sizeof(text)));
	return false;
}

/* Down by command, up again: nothing of the past stands in the way. */
static bool is_sound(struct sim *s, uint64_t seed, bool nonsense)
{
	/* Who was told nonsense with the right keys believes it: then they need not agree. */
	if (!sim_run_until(s, nonsense ? sim_is_quiet : sim_is_settled, SETTLE_LIMIT_MS))
		return complain(s, seed, "never settled");
	(void)sim_terminate(s, SIM_A, "b");
	(void)sim_terminate(s, SIM_B, "a");
	if (!sim_run_until(s, sim_is_down, SETTLE_LIMIT_MS))
		return complain(s, seed, "never down");
	if (sim_initiate(s, SIM_A) != 0 || !sim_run_until(s, sim_is_up, SETTLE_LIMIT_MS))
		return complain(s, seed, "not up again");
	return sim_agrees(s) || complain(s, seed, "different");
}

static void small_fragments(struct policy *p, struct peer_config *peer, struct child_config *child,
			    int node)
{
	(void)p;
	(void)child;
	(void)node;
	peer->fragment_bytes = SMALL_FRAGMENT_BYTES;
}

static bool play(uint64_t seed, struct faults *f)
{
	const struct sim_options o = {
		.seed = seed,
		.wire = { .loss_percent = 5, .delay_min_ms = 5, .delay_max_ms = 50 },
		.transport = seed % 4 == 1,
		.nat = seed % 8 == 2,
		.keeper_delay_ms = 5,
		.kernel_delay_ms = 5,
		.dpd_delay_ms = 10000,
		.tweak = seed % 3 == 0 ? small_fragments : NULL
	};
	struct sim *s = sim_new(&o);
	struct prng p = prng_of(seed);

	for (int i = 0; i < DEEDS; i++) {
		faults_set(f);
		deed(s, &p);
		sim_run(s, DEED_EVERY_MS);
		faults_set(NULL);
	}
	bool sound = is_sound(s, seed, f->nonsense_percent);
	sim_free(s);
	return sound;
}

static void forget_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static int series(int number, const char *what, struct faults f, unsigned long count,
		  unsigned long start)
{
	unsigned long n_failed = 0;
	for (unsigned long i = 0; i < count && n_failed < 10; i++) {
		f.prng = prng_of(start + i);
		n_failed += !play(start + i, &f);
	}
	printf("# %lu faults\n%s %d - %s\n", f.n, n_failed ? "not ok" : "ok", number, what);
	return n_failed != 0;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 300;
	unsigned long start = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	int failed = 0;

	if (getenv("SIM_LOG"))
		sim_log_capture();
	else
		log_set_sink(forget_line, NULL);
	if (crypto_start() < 0)
		return 1;
	printf("1..3\n");
	failed |= series(1, "memory that is short here and there does no lasting harm",
			 (struct faults){ .no_memory_permille = 20 }, count, start);
	failed |= series(2, "memory that is nearly always short does no lasting harm",
			 (struct faults){ .no_memory_permille = 300 }, count, start);
	failed |= series(3, "protected nonsense does no lasting harm",
			 (struct faults){ .nonsense_percent = 40 }, count, start);
	crypto_end();
	return failed;
}
