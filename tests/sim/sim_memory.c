/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes on for years leaves nothing behind: memory after many rounds is what it was. */
#include "sim/scenario.h"

#include <malloc.h>

/* ROUNDS_WARM fill what is bounded, such as the memory of refusals (LIMIT_REFUSALS). */
enum { ROUNDS_WARM = 300, ROUNDS = 10000, GROWTH_MAX_BYTES = 4096, REST_MS = 60000 };

/* With sanitizers the C library's own count knows nothing. */
__attribute__((weak)) size_t __sanitizer_get_current_allocated_bytes(void);

static size_t allocated_bytes(void)
{
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

typedef void (*round_fn)(struct sim *s, int node);

static void repeat(struct sim *s, round_fn once, int n)
{
	for (int i = 0; i < n; i++) {
		once(s, i % SIM_NODES);
		sim_run(s, REST_MS);
		sim_log_clear();
	}
}

/* Fails when ROUNDS rounds leave more behind than a table that grew. */
static void expect_flat(struct sim *s, round_fn once)
{
	repeat(s, once, ROUNDS_WARM);
	size_t before = allocated_bytes();
	repeat(s, once, ROUNDS);
	size_t after = allocated_bytes();
	if (after > before + GROWTH_MAX_BYTES)
		fail_msg("%zu bytes before, %zu after %d rounds", before, after, ROUNDS);
}

static void initiate(struct sim *s, int node)
{
	(void)!sim_initiate(s, node);
}

static void rekeys_of_a_child(void **state)
{
	struct sim_options o = plain();
	(void)state;
	struct sim *s = start(&o);
	come_up(s, SIM_A);
	uint32_t spi = child_of(s, SIM_A)->in.id.spi;
	expect_flat(s, sim_grow_old);
	assert_int_not_equal(child_of(s, SIM_A)->in.id.spi, spi);
	assert_true(engine_counters(s->nodes[SIM_A].engine)->n_child_up > ROUNDS);
	assert_true(sim_is_up(s));
	assert_true(sim_agrees(s));
	sim_free(s);
}

static void expect_refused(const struct sim_options *o)
{
	struct sim *s = start(o);
	expect_flat(s, initiate);
	assert_int_equal(engine_n_sas(s->nodes[SIM_A].engine), 0);
	assert_int_equal(engine_n_sas(s->nodes[SIM_B].engine), 0);
	for (int i = 0; i < SIM_NODES; i++) {
		const struct engine_counters *c = engine_counters(s->nodes[i].engine);
		assert_true(c->n_ike_up == 0);
		assert_true(c->n_refused > ROUNDS);
	}
	sim_free(s);
}

static void handshakes_with_a_wrong_key(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.psk[SIM_A] = "one thing";
	o.psk[SIM_B] = "another thing";
	expect_refused(&o);
}

static void handshakes_with_no_proposal(void **state)
{
	struct sim_options o = plain();
	(void)state;
	o.ike[SIM_A] = "aes_gcm16/prf_sha256/curve25519";
	o.ike[SIM_B] = "aes_gcm16/prf_sha256/14";
	expect_refused(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("rekeys of a child leave nothing behind", rekeys_of_a_child),
		UNIT("handshakes with a wrong key leave nothing behind",
		     handshakes_with_a_wrong_key),
		UNIT("handshakes without a common proposal leave nothing behind",
		     handshakes_with_no_proposal),
	};
	return scenario_run(tests, N_ELEMENTS(tests));
}
