/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each pair of exchanges, in every order of delivery, with one loss or one duplicate at every
 * step: at the end both sides must agree.
 *
 *	sim_pairs [SEEDS [PAIR [CHOICES]]]      SEEDS 0: one seed, and no faults
 *	                                        CHOICES "0,2,1": that one way, with its log
 *
 * Two engines are brought up.  Then node a begins the first exchange, node b the second one at
 * any point, and nothing arrives by itself: at each step one of the datagrams that are on
 * their way is chosen to arrive, or (once in each way) to be lost, or to arrive and stay.  When
 * nothing is on its way, the clock goes on to the next retransmission.  All choices are tried,
 * each from the start; the seed chooses SPIs and nonces, and so who yields.  Of pairs that go on
 * for long, on two IKE SAs side by side, some thousand ways are tried, with choices at random.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "ike/limits.h"
#include "sim/random.h"
#include "sim/sim.h"

enum {
	FLYING_MAX = 16,
	DEPTH_MAX = 64,
	DATAGRAM_MAX_BYTES = 2048,
	SETTLE_LIMIT_MS = 20 * 60 * 1000,
	FAILURES_MAX = 5,
	DEEP_WAYS = 10000, /* of each seed */
	DEEP_WAYS_FEW = 400,
	DEEP_FAULT_PERCENT = 8,
};

/* ---- deeds ---- */

static const char *peer_of(int node)
{
	return node == SIM_A ? "b" : "a";
}

static void rekey_child(struct sim *s, int node)
{
	sim_rekey(s, node, node == SIM_A ? "b/net" : "a/net");
}

static void rekey_ike(struct sim *s, int node)
{
	sim_rekey(s, node, peer_of(node));
}

static void create_child(struct sim *s, int node)
{
	(void)sim_initiate_more(s, node);
}

static void delete_child(struct sim *s, int node)
{
	(void)sim_terminate(s, node, node == SIM_A ? "b/net" : "a/net");
}

static void delete_ike(struct sim *s, int node)
{
	(void)sim_terminate(s, node, peer_of(node));
}

static void reauth(struct sim *s, int node)
{
	sim_reauth(s, node);
}

/* The host is elsewhere, and nowhere else; the routes come a little later. */
static void roam(struct sim *s, int node)
{
	sim_remove_address(s, node, node == SIM_A ? "192.0.2.1" : "192.0.2.2");
	sim_add_address(s, node, node == SIM_A ? "203.0.113.1" : "203.0.113.2");
	sim_run(s, LIMIT_LOOK_AROUND_MS);
}

/* It has one address more, that it prefers. */
static void roam_softly(struct sim *s, int node)
{
	sim_remove_address(s, node, node == SIM_A ? "192.0.2.1" : "192.0.2.2");
	sim_add_address(s, node, node == SIM_A ? "203.0.113.1" : "203.0.113.2");
	sim_add_address(s, node, node == SIM_A ? "192.0.2.1" : "192.0.2.2");
	sim_run(s, LIMIT_LOOK_AROUND_MS);
}

struct pair {
	const char *name;
	void (*deeds[SIM_NODES])(struct sim *s, int node);
	size_t n_ike, n_children; /* what is there at the end */
	bool traffic;             /* at no moment without a way for packets */
	bool silent;  /* a request may be about what the peer has forgotten, with good reason */
	bool deep;    /* too many ways for all of them */
	bool at_most; /* ... or less: who began last has the last word, if the other one hears it */
};

static const struct pair pairs[] = {
	{ "child rekey, child rekey",
	  { rekey_child, rekey_child },
	  1,
	  1,
	  true,
	  false,
	  false,
	  false },
	{ "child rekey, child delete",
	  { rekey_child, delete_child },
	  1,
	  0,
	  false,
	  false,
	  false,
	  false },
	{ "child rekey, IKE delete",
	  { rekey_child, delete_ike },
	  0,
	  0,
	  false,
	  false,
	  false,
	  false },
	{ "child rekey, child create",
	  { rekey_child, create_child },
	  1,
	  2,
	  true,
	  false,
	  false,
	  false },
	{ "child create, child create",
	  { create_child, create_child },
	  1,
	  2,
	  true,
	  false,
	  false,
	  false },
	{ "IKE rekey, IKE rekey", { rekey_ike, rekey_ike }, 1, 1, true, true, false, false },
	{ "IKE rekey, child rekey", { rekey_ike, rekey_child }, 1, 1, true, false, false, false },
	{ "IKE rekey, child create", { rekey_ike, create_child }, 1, 2, true, false, false, false },
	{ "IKE rekey, child delete",
	  { rekey_ike, delete_child },
	  1,
	  0,
	  false,
	  false,
	  false,
	  false },
	{ "IKE rekey, IKE delete", { rekey_ike, delete_ike }, 0, 0, false, true, false, false },
	{ "child delete, child delete",
	  { delete_child, delete_child },
	  1,
	  0,
	  false,
	  false,
	  false,
	  false },
	{ "child delete, IKE delete",
	  { delete_child, delete_ike },
	  0,
	  0,
	  false,
	  false,
	  false,
	  false },
	{ "MOBIKE, child rekey", { roam, rekey_child }, 1, 1, true, false, false, false },
	{ "MOBIKE, IKE rekey", { roam, rekey_ike }, 1, 1, true, true, false, false },
	{ "MOBIKE, child create", { roam, create_child }, 1, 2, true, false, false, false },
	{ "MOBIKE, child delete", { roam, delete_child }, 1, 0, false, false, false, false },
	{ "MOBIKE, IKE delete", { roam, delete_ike }, 0, 0, false, true, false, false },
	{ "MOBIKE, MOBIKE", { roam_softly, roam_softly }, 1, 1, true, false, false, false },
	{ "IKE delete, IKE delete", { delete_ike, delete_ike }, 0, 0, false, false, false, false },
	{ "reauth, child rekey", { reauth, rekey_child }, 1, 1, true, false, true, false },
	{ "reauth, child create", { reauth, create_child }, 1, 2, true, false, true, false },
	{ "reauth, IKE rekey", { reauth, rekey_ike }, 1, 1, true, false, true, false },
	{ "reauth, reauth", { reauth, reauth }, 1, 1, true, false, true, false },
	{ "reauth, child delete", { reauth, delete_child }, 1, 1, false, false, true, true },
	{ "reauth, IKE delete", { reauth, delete_ike }, 1, 1, false, true, true, true },
};

/* ---- one way through ---- */

/* So that the other pairs see the ways of those who cannot move. */
static bool with_mobike;

struct datagram {
	struct addr from, to;
	size_t len;
	uint8_t bytes[DATAGRAM_MAX_BYTES];
};

struct way {
	struct sim *s;
	const struct pair *pair;
	struct datagram flying[FLYING_MAX];
	size_t n_flying;
	bool second_begun, faulty, faultless;
	struct prng *random; /* NULL: the choices are set */
	/* the choices: what is tried, of how many */
	unsigned int choices[DEPTH_MAX], n_options[DEPTH_MAX], depth;
	const char *wrong;
};

/* Nothing flies by itself. */
static bool catch (void *arg, const struct wire_end *from, uint8_t *bytes, size_t *len)
{
	struct way *w = arg;
	struct datagram *d = &w->flying[w->n_flying];
	if (w->n_flying == FLYING_MAX || *len > sizeof(d->bytes)) {
		w->wrong = "more datagrams than expected";
		return false;
	}
	d->from = from->wire->tap_from;
	d->to = from->wire->tap_to;
	d->len = *len;
	memcpy(d->bytes, bytes, *len);
	w->n_flying++;
	return false;
}

static void forget(struct way *w, size_t i)
{
	w->n_flying--;
	memmove(&w->flying[i], &w->flying[i + 1], (w->n_flying - i) * sizeof(w->flying[0]));
}

/* It arrives, and all that follows at once is done. */
static void deliver(struct way *w, size_t i, bool stays)
{
	const struct datagram d = w->flying[i];
	if (!stays)
		forget(w, i);
	wire_inject(&w->s->wire, &d.from, &d.to, slice_of(d.bytes, d.len), 0);
	sim_run(w->s, 1);
}

/* Faults are the last options, and rare. */
static unsigned int choose_at_random(struct way *w, unsigned int n)
{
	unsigned int n_good = (unsigned int)w->n_flying + !w->second_begun;
	if (n > n_good && (n_good == 0 || prng_percent(w->random, DEEP_FAULT_PERCENT)))
		return n_good + prng_below(w->random, n - n_good);
	return prng_below(w->random, n_good);
}

static unsigned int choose(struct way *w, unsigned int n)
{
	if (w->depth == DEPTH_MAX) {
		w->wrong = "more steps than expected";
		return 0;
	}
	if (w->random)
		w->choices[w->depth] = choose_at_random(w, n);
	w->n_options[w->depth] = n;
	return w->choices[w->depth++];
}

static void begin_second(struct way *w)
{
	w->second_begun = true;
	w->pair->deeds[SIM_B](w->s, SIM_B);
	sim_run(w->s, 1);
}

/* First what is usual: arrivals in order; then the second exchange, then faults. */
static void step(struct way *w)
{
	unsigned int n = (unsigned int)w->n_flying;
	unsigned int n_options = n + !w->second_begun + (w->faulty ? 0 : 2 * n);
	unsigned int c = choose(w, n_options);
	if (c < n) {
		deliver(w, c, false);
		return;
	}
	c -= n;
	if (!w->second_begun && c-- == 0) {
		begin_second(w);
		return;
	}
	w->faulty = true;
	if (c < n)
		forget(w, c);
	else
		deliver(w, c - n, true);
}

/* Until the next datagram, or until nothing moves; false: neither. */
static bool pass_time(struct way *w)
{
	int64_t end_ms = loop_now_ms(w->s->loop) + SETTLE_LIMIT_MS;
	while (w->n_flying == 0 && !sim_is_quiet(w->s)) {
		if (loop_now_ms(w->s->loop) >= end_ms)
			return false;
		sim_run(w->s, 50);
	}
	return true;
}

static bool is_as_wanted(const struct way *w, size_t n, size_t wanted)
{
	return n == wanted || (w->pair->at_most && n < wanted);
}

static const char *verdict(const struct way *w)
{
	struct sim *s = w->s;
	if (!sim_agrees(s))
		return "the sides differ";
	for (int i = 0; i < SIM_NODES; i++) {
		if (!is_as_wanted(w, sim_n_up(s, i), w->pair->n_ike))
			return "not the IKE SAs that were wanted";
		if (!is_as_wanted(w, kernel_fake_count(s->nodes[i].kernel), w->pair->n_children))
			return "not the children that were wanted";
		if (!w->pair->silent && engine_counters(s->nodes[i].engine)->n_silent)
			return "a request was never answered";
	}
	for (size_t i = 0; with_mobike && i < kernel_fake_count(s->nodes[SIM_B].kernel); i++)
		if (kernel_fake_child(s->nodes[SIM_B].kernel, i)->out.id.dst.sin.sin_addr.s_addr !=
		    htonl(0xcb007101)) /* 203.0.113.1 */
			return "not everything moved";
	return NULL;
}

static bool is_done(const struct way *w)
{
	return w->second_begun && w->n_flying == 0 && sim_is_quiet(w->s);
}

static void walk(struct way *w)
{
	while (!w->wrong && !is_done(w)) {
		if (w->pair->traffic && !sim_can_talk(w->s))
			w->wrong = "a moment without a way for packets";
		else if (w->n_flying == 0 && w->second_begun && !pass_time(w))
			w->wrong = "never quiet";
		else if (w->n_flying || !w->second_begun)
			step(w);
	}
	if (!w->wrong)
		w->wrong = verdict(w);
}

static void two_nets(struct policy *p, struct peer_config *peer, struct child_config *child,
		     int node)
{
	sim_two_nets(p, peer, child, node);
	peer->mobike = with_mobike;
}

static struct sim *start(uint64_t seed)
{
	const struct sim_options o = { .seed = seed, .tweak = two_nets };
	random_seed(seed);
	struct sim *s = sim_new(&o);
	(void)sim_initiate(s, SIM_A);
	sim_run(s, 50);
	return s;
}

/* Takes the choices that are set, and the first option from there on. */
static void play(struct way *w, const struct pair *pair, uint64_t seed)
{
	w->pair = pair;
	w->n_flying = w->depth = 0;
	w->second_begun = false;
	w->faulty = w->faultless;
	w->wrong = NULL;
	with_mobike = strncmp(pair->name, "MOBIKE", 6) == 0;
	w->s = start(seed);
	if (!sim_is_up(w->s)) {
		w->wrong = "not up at the start";
	} else {
		w->s->wire.tap = catch;
		w->s->wire.tap_arg = w;
		pair->deeds[SIM_A](w->s, SIM_A);
		sim_run(w->s, 1);
		walk(w);
	}
}

/* ---- all ways ---- */

static void complain(const struct way *w, uint64_t seed)
{
	char text[4096];
	printf("# %s, seed %llu, choices ", w->pair->name, (unsigned long long)seed);
	for (unsigned int i = 0; i < w->depth; i++)
		printf("%s%u", i ? "," : "", w->choices[i]);
	printf(": %s; %s\n", w->wrong, sim_difference(w->s, text, sizeof(text)));
}

/* The next way: the last choice that has another option; false: all were tried. */
static bool next(struct way *w)
{
	while (w->depth > 0) {
		unsigned int at = w->depth - 1;
		if (++w->choices[at] < w->n_options[at]) {
			memset(&w->choices[w->depth], 0,
			       (DEPTH_MAX - w->depth) * sizeof(w->choices[0]));
			return true;
		}
		w->choices[at] = 0;
		w->depth--;
	}
	return false;
}

static void try_one(struct way *w, const struct pair *pair, uint64_t seed, unsigned long *n_failed)
{
	play(w, pair, seed);
	if (w->wrong && ++*n_failed <= FAILURES_MAX)
		complain(w, seed);
	sim_free(w->s);
}

/* Ways at random, some of them with a fault. */
static bool sample(int number, const struct pair *pair, uint64_t n_seeds)
{
	static struct way w;
	unsigned long n = n_seeds ? DEEP_WAYS : DEEP_WAYS_FEW, n_failed = 0, n_tried = 0;
	for (uint64_t seed = 1; seed <= (n_seeds ? n_seeds : 1); seed++) {
		struct prng prng = prng_of(seed);
		memset(&w, 0, sizeof(w));
		w.random = &prng;
		for (unsigned long i = 0; i < n && n_failed < FAILURES_MAX; i++, n_tried++)
			try_one(&w, pair, seed, &n_failed);
	}
	printf("%s %d - %s: %lu interleavings, at random\n", n_failed ? "not ok" : "ok", number,
	       pair->name, n_tried);
	fflush(stdout);
	return n_failed == 0;
}

static bool explore(int number, const struct pair *pair, uint64_t n_seeds)
{
	static struct way w;
	unsigned long n = 0, n_failed = 0;
	for (uint64_t seed = 1; seed <= (n_seeds ? n_seeds : 1); seed++) {
		memset(&w, 0, sizeof(w));
		w.faultless = n_seeds == 0;
		do {
			try_one(&w, pair, seed, &n_failed);
			n++;
		} while (n_failed < FAILURES_MAX && next(&w));
	}
	printf("%s %d - %s: %lu interleavings\n", n_failed ? "not ok" : "ok", number, pair->name,
	       n);
	fflush(stdout);
	return n_failed == 0;
}

static void play_one(const struct pair *pair, uint64_t seed, char *text)
{
	static struct way w;
	char *word;
	for (unsigned int i = 0; i < DEPTH_MAX && (word = strsep(&text, ",")); i++)
		w.choices[i] = (unsigned int)strtoul(word, NULL, 10);
	sim_log_capture();
	play(&w, pair, seed);
	if (w.wrong)
		complain(&w, seed);
	sim_free(w.s);
}

int main(int argc, char **argv)
{
	uint64_t n_seeds = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	size_t only = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	bool failed = false;

	log_set_level(LOG_ERROR);
	if (crypto_start() < 0)
		return 1;
	if (argc > 3 && only >= 1 && only <= N_ELEMENTS(pairs)) {
		play_one(&pairs[only - 1], n_seeds, argv[3]);
		return 0;
	}
	printf("1..%zu\n", only ? 1 : N_ELEMENTS(pairs));
	for (size_t i = 0; i < N_ELEMENTS(pairs); i++)
		if (!only || only == i + 1)
			failed |=
				!(pairs[i].deep ? sample : explore)((int)i + 1, &pairs[i], n_seeds);
	crypto_end();
	return failed;
}
