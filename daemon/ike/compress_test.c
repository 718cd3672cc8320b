/* SPDX-License-Identifier: BSD-2-Clause */
/* What a peer may say about IPComp, and what we make of it. */
#include "ike/compress.h"

#include <errno.h>

#include "base/unit.h"
#include "ike/engine_int.h"
#include "policy/comp.h"

enum { OURS = 0x1234 };

/* An exchange as far as compress.c looks at it. */
static struct {
	struct engine e;
	struct ike_sa sa;
	struct child_config config;
	struct child_sa child;
	struct child_ask ask;
	struct pl_notify notifies[4];
	struct payload_set pl;
	struct exchange x;
} t;

static struct exchange *exchange(void)
{
	memset(&t, 0, sizeof(t));
	assert_int_equal(hash_init(&t.e.cpis_in), 0);
	t.sa.engine = &t.e;
	t.config.ipcomp = true;
	t.child.sa = &t.sa;
	t.child.config = &t.config;
	t.pl.notifies = t.notifies;
	t.x.engine = &t.e;
	t.x.pl = &t.pl;
	t.x.work.child = &t.child;
	t.x.work.ask = &t.ask;
	return &t.x;
}

static void done(void)
{
	if (t.child.cpi_in)
		hash_remove(&t.e.cpis_in, &t.child.by_cpi_in);
	hash_done(&t.e.cpis_in);
}

static void say(const void *data, size_t len)
{
	t.notifies[t.pl.n_notifies++] =
		(struct pl_notify){ .type = N_IPCOMP_SUPPORTED, .data = slice_of(data, len) };
}

#define SAY(...) say((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void what_was_offered_is_taken(void **state)
{
	(void)state;
	struct exchange *x = exchange();
	t.ask.cpi = OURS;
	SAY(0x43, 0x21, 2);
	assert_int_equal(compress_accept(x), 0);
	assert_int_equal(t.child.cpi_in, OURS);
	assert_int_equal(t.child.cpi_out, 0x4321);
	assert_ptr_equal(child_sa_find_cpi_in(&t.e, OURS), &t.child);
	done();
	/* silence is a no */
	x = exchange();
	t.ask.cpi = OURS;
	assert_int_equal(compress_accept(x), 0);
	assert_int_equal(t.child.cpi_in, 0);
	done();
}

static void what_was_not_offered_is_refused(void **state)
{
	static const struct {
		uint16_t ours;
		uint8_t theirs[4];
		size_t len;
	} cases[] = {
		{ 0, { 0x43, 0x21, 2 }, 3 },    /* nothing was offered */
		{ OURS, { 0x43, 0x21, 3 }, 3 }, /* LZS */
		{ OURS, { 0x00, 0xff, 2 }, 3 }, /* reserved */
		{ OURS, { 0xf0, 0x00, 2 }, 3 }, /* private */
		{ OURS, { 0x00, 0x00, 2 }, 3 }, { OURS, { 0x43, 0x21 }, 2 }, { OURS, { 0 }, 0 },
	};
	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct exchange *x = exchange();
		t.ask.cpi = cases[i].ours;
		say(cases[i].theirs, cases[i].len);
		assert_int_equal(compress_accept(x), -EPROTO);
		assert_int_equal(x->reason.code, REASON_MALFORMED);
		assert_int_equal(t.child.cpi_in | t.child.cpi_out, 0);
		done();
	}
}

static void our_cpi_is_gone(void **state)
{
	struct child_sa other = { 0 };
	(void)state;
	struct exchange *x = exchange();
	other.sa = &t.sa;
	assert_int_equal(child_sa_set_cpis(&other, OURS, 0x4321), 0);
	t.ask.cpi = OURS;
	SAY(0x43, 0x21, 2);
	assert_int_equal(compress_accept(x), -EEXIST);
	assert_int_equal(t.child.cpi_in, 0);
	hash_remove(&t.e.cpis_in, &other.by_cpi_in);
	done();
}

static void the_algorithm_that_we_know_is_found(void **state)
{
	(void)state;
	struct exchange *x = exchange();
	SAY(0x43, 0x20, 3);
	SAY(0x00, 0x01, 2);
	SAY(0x43, 0x21, 2, 99, 99); /* attributes of later days */
	SAY(0x43, 0x22, 2);
	assert_int_equal(compress_answer(x), 0);
	assert_int_equal(t.child.cpi_out, 0x4321);
	assert_true(comp_cpi_is_good(t.child.cpi_in));
	/* once more, as when the kernel had it: another one, and the first is free again */
	uint16_t first = t.child.cpi_in;
	do
		assert_int_equal(compress_answer(x), 0);
	while (t.child.cpi_in == first);
	assert_null(child_sa_find_cpi_in(&t.e, first));
	assert_int_equal(t.e.cpis_in.n_nodes, 1);
	done();
}

static void an_offer_may_be_left(void **state)
{
	(void)state;
	struct exchange *x = exchange();
	t.config.ipcomp = false;
	SAY(0x43, 0x21, 2);
	assert_int_equal(compress_answer(x), 0);
	assert_int_equal(t.child.cpi_in, 0);
	done();
	/* nothing in it for us */
	x = exchange();
	SAY(0x43, 0x21, 1);
	assert_int_equal(compress_answer(x), 0);
	assert_int_equal(t.child.cpi_in, 0);
	done();
	/* of two families */
	x = exchange();
	SAY(0x43, 0x21, 2);
	assert_int_equal(addr_parse("2001:db8::1", &t.child.peer), 0);
	t.child.local_ts.n = t.child.peer_ts.n = 1;
	struct addr inner;
	assert_int_equal(addr_parse("10.0.0.1", &inner), 0);
	ts_of_addr(&inner, &t.child.local_ts.ts[0]);
	ts_of_addr(&inner, &t.child.peer_ts.ts[0]);
	assert_int_equal(compress_answer(x), 0);
	assert_int_equal(t.child.cpi_in, 0);
	t.child.peer = inner;
	assert_int_equal(compress_answer(x), 0);
	assert_int_not_equal(t.child.cpi_in, 0);
	done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("what was offered is taken, and silence is a no", what_was_offered_is_taken),
		UNIT("an answer to no offer, or to another one, is refused",
		     what_was_not_offered_is_refused),
		UNIT("a CPI is never given twice", our_cpi_is_gone),
		UNIT("of several offers the one that we know is taken",
		     the_algorithm_that_we_know_is_found),
		UNIT("an offer may be left, and the child is as without it", an_offer_may_be_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
