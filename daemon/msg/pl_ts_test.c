/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic selectors. */
#include "msg/pl_test.h"

#define V4_NET "07 00 0010 0000 ffff 0a010000 0a01ffff"
#define V4_UDP "07 11 0010 0035 0035 0a010001 0a010001"
#define V6_NET                 \
	"08 00 0028 0000 ffff" \
	"fd010000000000000000000000000000 fd01ffffffffffffffffffffffffffff"
#define ONE "01 000000 " V4_NET
#define THREE "03 000000 " V4_UDP V6_NET V4_NET

static void test_selectors_of_both_families_are_read(void **state)
{
	const struct pl_selector *s;
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_TSI, THREE), 0);
	assert_int_equal(p.set.tsi.n, 3);
	assert_int_equal(p.set.tsr.n, 0);
	s = p.set.tsi.selectors;
	assert_int_equal(s[0].type, TS_IPV4_ADDR_RANGE);
	assert_int_equal(s[0].proto, 17);
	assert_int_equal(s[0].port_lo, 53);
	assert_int_equal(s[0].port_hi, 53);
	assert_int_equal(s[0].first.len, 4);
	assert_int_equal(s[1].type, TS_IPV6_ADDR_RANGE);
	assert_int_equal(s[1].last.len, 16);
	assert_int_equal(s[1].last.p[15], 0xff);
	assert_int_equal(s[2].port_hi, 65535);
	parsed_done(&p);
}

static void test_emitting_gives_the_same_bytes(void **state)
{
	(void)state;
	assert_emits(PL_TSI, ONE, ONE);
	assert_emits(PL_TSR, THREE, THREE);
}

static void test_every_truncation_is_rejected(void **state)
{
	(void)state;
	assert_truncations_rejected(PL_TSI, ONE, hex_bytes(ONE));
	assert_truncations_rejected(PL_TSR, THREE, hex_bytes(THREE));
}

static void test_the_number_must_be_right(void **state)
{
	(void)state;
	assert_rejected(PL_TSI, "00 000000", "no selectors");
	assert_rejected(PL_TSI, "00 000000 " V4_NET, "no selectors");
	assert_rejected(PL_TSI, "80 000000 " V4_NET, "fewer selectors than the payload says");
	assert_rejected(PL_TSI, "ff 000000 " V4_NET, "too many selectors");
	assert_rejected(PL_TSI, "02 000000 " V4_NET, "a selector does not fit the payload");
	assert_rejected(PL_TSI, "01 000000 " V4_NET V4_UDP, "more selectors than the payload says");
}

static void test_lengths_must_fit_the_type(void **state)
{
	static const char why[] = "selector length does not fit its type";

	(void)state;
	assert_rejected(PL_TSI, "01 000000 07 00 000f 0000 ffff 0a010000 0a01ff", why);
	assert_rejected(PL_TSI, "01 000000 07 00 0011 0000 ffff 0a010000 0a01ffff 00", why);
	assert_rejected(PL_TSI, "01 000000 08 00 0010 0000 ffff 0a010000 0a01ffff", why);
	assert_rejected(PL_TSI, "01 000000 07 00 0004", why);
	assert_rejected(PL_TSI, "01 000000 07 00 0000", "a selector does not fit the payload");
	assert_rejected(PL_TSI, "01 000000 07 00 0003", "a selector does not fit the payload");
	assert_rejected(PL_TSI, "01 000000 07 00 ffff", "a selector does not fit the payload");
}

static void test_ranges_must_not_be_upside_down(void **state)
{
	(void)state;
	assert_rejected(PL_TSI, "01 000000 07 00 0010 0000 ffff 0a010001 0a010000",
			"address range is upside down");
	assert_rejected(PL_TSI,
			"01 000000 08 00 0028 0000 ffff"
			"fd020000000000000000000000000000 fd01ffffffffffffffffffffffffffff",
			"address range is upside down");
	assert_rejected(PL_TSI, "01 000000 07 11 0010 0036 0035 0a010001 0a010001",
			"port range is upside down");
	assert_rejected(PL_TSI, "01 000000 07 11 0010 ffff 0001 0a010001 0a010001",
			"port range is upside down");
}

static void test_opaque_ports_are_accepted(void **state)
{
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_TSI, "01 000000 07 11 0010 ffff 0000 0a010001 0a010001"),
			 0);
	assert_int_equal(p.set.tsi.selectors[0].port_lo, 65535);
	assert_int_equal(p.set.tsi.selectors[0].port_hi, 0);
	parsed_done(&p);
}

static void test_unknown_types_keep_their_body(void **state)
{
	static const char mixed[] = "02 000000 09 33 0008 01020304 " V4_NET;
	struct parsed p;

	(void)state;
	assert_int_equal(parse_hex(&p, PL_TSI, mixed), 0);
	assert_int_equal(p.set.tsi.selectors[0].type, 9);
	assert_int_equal(p.set.tsi.selectors[0].body.len, 4);
	assert_int_equal(p.set.tsi.selectors[0].first.len, 0);
	assert_int_equal(p.set.tsi.selectors[1].type, TS_IPV4_ADDR_RANGE);
	parsed_done(&p);
	assert_emits(PL_TSI, mixed, mixed);
	assert_emits(PL_TSI, "01 000000 0a 00 0004", "01 000000 0a 00 0004");
}

static void test_reserved_bytes_are_ignored_and_sent_as_zero(void **state)
{
	(void)state;
	assert_emits(PL_TSI, "01 ffffff " V4_NET, ONE);
}

static void test_limits_hold(void **state)
{
	static uint8_t bytes[4 + 4 * 256];
	struct parsed p;

	(void)state;
	for (size_t n = PL_TS_SELECTORS_MAX; n <= PL_TS_SELECTORS_MAX + 1; n++) {
		struct wr w = wr_of(bytes, sizeof(bytes));
		wr_u8(&w, (uint8_t)n);
		wr_zero(&w, 3);
		for (size_t i = 0; i < n; i++)
			wr_u32(&w, 0x0a000004);
		assert_int_equal(parse_bytes(&p, PL_TSI, bytes, wr_used(&w)),
				 n > PL_TS_SELECTORS_MAX ? -EBADMSG : 0);
		parsed_done(&p);
	}
}

static void test_a_full_arena_is_an_error(void **state)
{
	uint8_t bytes[256];
	size_t len = unit_hex(THREE, bytes, sizeof(bytes));
	struct pl_ts ts = { .n = 77 };
	struct arena a;
	const char *why = NULL;

	(void)state;
	arena_init(&a, 64);
	assert_int_equal(pl_ts_parse(rd_of(bytes, len), &a, &ts, &why), -ENOMEM);
	assert_int_equal(ts.n, 77);
	arena_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("selectors of both families are read",
		     test_selectors_of_both_families_are_read),
		UNIT("emitting gives the same bytes", test_emitting_gives_the_same_bytes),
		UNIT("every truncation is rejected", test_every_truncation_is_rejected),
		UNIT("the number of selectors must be right", test_the_number_must_be_right),
		UNIT("lengths must fit the type", test_lengths_must_fit_the_type),
		UNIT("ranges must not be upside down", test_ranges_must_not_be_upside_down),
		UNIT("OPAQUE ports are accepted", test_opaque_ports_are_accepted),
		UNIT("unknown types keep their body", test_unknown_types_keep_their_body),
		UNIT("reserved bytes are ignored and sent as zero",
		     test_reserved_bytes_are_ignored_and_sent_as_zero),
		UNIT("limits hold", test_limits_hold),
		UNIT("a full arena is an error, and nothing is returned",
		     test_a_full_arena_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
