/* SPDX-License-Identifier: BSD-2-Clause */
/* IPComp's states, made from the SAs that they belong to. */
#include "policy/comp.h"

#include "base/unit.h"

static void cpis(void **state)
{
	(void)state;
	assert_false(comp_cpi_is_good(0));
	assert_false(comp_cpi_is_good(255));
	assert_true(comp_cpi_is_good(256));
	assert_true(comp_cpi_is_good(61439));
	assert_false(comp_cpi_is_good(61440));
}

static void states(void **state)
{
	const struct comp c = {
		.cpi_in = 300, .cpi_out = 400, .mode = KEYDB_MODE_TUNNEL, .flags = KEYDB_SA_NOECN
	};
	struct keydb_sa sa = { .reqid = 77,
			       .if_id = 5,
			       .mode = KEYDB_MODE_TRANSPORT,
			       .flags = KEYDB_SA_ESN,
			       .replay_window_pkts = 64,
			       .limits = { .hard_bytes = 1 } };
	struct keydb_sa got;
	(void)state;
	sa.id = (struct keydb_sa_id){ .spi = 0x1234, .proto = KEYDB_PROTO_ESP };
	memset(sa.aead.key, 7, sizeof(sa.aead.key));
	for (int in = 0; in < 2; in++) {
		comp_sa(&c, &sa, in, &got);
		assert_int_equal(got.id.spi, in ? 300 : 400);
		assert_int_equal(got.id.proto, KEYDB_PROTO_IPCOMP);
		assert_int_equal(got.mode, KEYDB_MODE_TUNNEL);
		assert_int_equal(got.flags, KEYDB_SA_NOECN);
		assert_int_equal(got.reqid, 77);
		assert_int_equal(got.if_id, 5);
		assert_int_equal(got.comp.id, KEYDB_ALG_DEFLATE);
		/* nothing of the SA's keys, numbers and limits */
		assert_int_equal(got.aead.key[0] | got.replay_window_pkts, 0);
		assert_true(got.limits.hard_bytes == KEYDB_INFINITE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("a CPI is none that is reserved or private", cpis),
		UNIT("a state has the SA's ends and reqid, and a CPI", states),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
