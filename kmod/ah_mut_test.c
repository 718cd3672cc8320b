// SPDX-License-Identifier: GPL-2.0-only
/* What AH sees of headers: RFC 4302, 3.3.3.1 and appendix A. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "ah_mut.h"

static void ttl_tos_fragment_and_checksum_are_zero(void **state)
{
	__u8 header[20] = { 0x45, 0xb8, 0x00, 0x54, 0x12, 0x34, 0x40, 0x00, 0x40, 0x33,
			    0xab, 0xcd, 192,  0,    2,	  1,	192,  0,    2,	  2 };
	const __u8 want[20] = { 0x45, 0, 0x00, 0x54, 0x12, 0x34, 0, 0, 0, 0x33,
				0,    0, 192,  0,    2,	   1,	 192, 0, 2, 2 };

	(void)state;
	assert_int_equal(ah_mutable4(header, sizeof(header)), 0);
	assert_memory_equal(header, want, sizeof(want));
}

static void options_are_zero_but_those_that_no_router_changes(void **state)
{
	/* NOP, router alert, record route, end, and then nothing is an option */
	__u8 header[36] = { 0x49, [20] = 1, 148, 4, 0, 1, 7, 6, 4, 1, 2, 3, 0, 0xee };

	(void)state;
	assert_int_equal(ah_mutable4(header, sizeof(header)), 0);
	assert_memory_equal(header + 20, "\x01\x94\x04\x00\x01\0\0\0\0\0\0\0\xee", 13);
}

static void a_source_route_ends_at_its_last_hop(void **state)
{
	__u8 header[32] = { 0x48, [16] = 10, 0, 0, 1, 131, 11, 4, 10, 0, 0, 2, 10, 0, 0, 3, 0 };

	(void)state;
	assert_int_equal(ah_mutable4(header, sizeof(header)), 0);
	assert_memory_equal(header + 16, "\x0a\x00\x00\x03", 4);
	assert_memory_equal(header + 20, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
}

static void options_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		__u8 option[4];
	} bad[] = { { { 7, 0 } }, { { 7, 1 } }, { { 7, 5 } }, { { 131, 4 } }, { { 1, 1, 1, 7 } } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		__u8 header[24] = { 0x46 };

		memcpy(header + 20, bad[i].option, 4);
		assert_int_equal(ah_mutable4(header, sizeof(header)), -EINVAL);
	}
	assert_int_equal(ah_mutable4((__u8[19]){ 0x45 }, 19), -EINVAL);
}

static void class_flow_and_hop_limit_are_zero(void **state)
{
	__u8 header[40] = { 0x6b, 0xab, 0xcd, 0xef, 0x00, 0x18, 51, 64, [8] = 0x20, [24] = 0x30 };
	const __u8 want[40] = { 0x60, 0, 0, 0, 0x00, 0x18, 51, 0, [8] = 0x20, [24] = 0x30 };

	(void)state;
	assert_int_equal(ah_mutable6(header, sizeof(header)), 0);
	assert_memory_equal(header, want, sizeof(want));
}

static void options_say_whether_they_change(void **state)
{
	/* router alert, one that changes, padding */
	__u8 header[56] = { 0x60, [40] = 51, 1, 5, 2, 0xaa, 0xbb, 0x3e, 3,
			    0x11, 0x22, 0x33, 0, 1, 2, 0, 0 };

	(void)state;
	assert_int_equal(ah_mutable6(header, sizeof(header)), 0);
	assert_memory_equal(header + 40, "\x33\x01\x05\x02\xaa\xbb\x3e\x03\0\0\0\0\x01\x02\0\0", 16);
}

static void a_routing_header_is_as_at_its_end(void **state)
{
	/* to 1, then 2, 3, 4; two segments are left: it is on its way to 2 */
	__u8 header[40 + 8 + 48] = { 0x60, [6] = 43, [24] = 2, [40] = 51, 6, 0, 2,
				     [48] = 1, [64] = 3, [80] = 4 };

	(void)state;
	assert_int_equal(ah_mutable6(header, sizeof(header)), 0);
	assert_int_equal(header[24], 4);
	assert_int_equal(header[43], 0);
	assert_int_equal(header[48], 1);
	assert_int_equal(header[64], 2);
	assert_int_equal(header[80], 3);
	/* And there it stays so. */
	assert_int_equal(ah_mutable6(header, sizeof(header)), 0);
	assert_int_equal(header[24], 4);
	assert_int_equal(header[80], 3);
}

static void headers_that_do_not_fit_are_refused(void **state)
{
	__u8 header[56];
	size_t i;
	static const struct {
		__u8 next, ext[8];
		unsigned int len;
	} bad[] = {
		{ 0, { 51, 2 }, 56 },			/* longer than there is */
		{ 0, { 51, 1, 5, 13 }, 56 },		/* an option longer than its header */
		{ 0, { 51, 0, 0, 0, 0, 0, 0, 5 }, 48 },	/* an option without a length */
		{ 43, { 51, 1, 0, 1 }, 56 },		/* a segment without an address */
		{ 43, { 51, 1, 4, 1 }, 56 },		/* a type that we do not know */
		{ 44, { 51, 0 }, 48 },			/* a fragment */
		{ 0, { 51, 0 }, 44 },			/* half a header */
	};

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(header, 0, sizeof(header));
		header[6] = bad[i].next;
		memcpy(header + 40, bad[i].ext, 8);
		assert_int_equal(ah_mutable6(header, bad[i].len), -EINVAL);
	}
	assert_int_equal(ah_mutable6(header, 39), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ttl_tos_fragment_and_checksum_are_zero),
		cmocka_unit_test(options_are_zero_but_those_that_no_router_changes),
		cmocka_unit_test(a_source_route_ends_at_its_last_hop),
		cmocka_unit_test(options_that_do_not_fit_are_refused),
		cmocka_unit_test(class_flow_and_hop_limit_are_zero),
		cmocka_unit_test(options_say_whether_they_change),
		cmocka_unit_test(a_routing_header_is_as_at_its_end),
		cmocka_unit_test(headers_that_do_not_fit_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
